/*
 * fuzz/traceparent: a traceparent, and behind the first newline tracestate fields, one a line.
 *
 * Properties: a trace that goes on is the one sent, formats to a traceparent that is read back as
 * itself; ids are never zero; a cleaned tracestate keeps the limits, cleans to itself, and holds no
 * byte that the fields did not.
 */
#include "record/trace.h"

#include <stdlib.h>

#define FIELDS_MAX 8

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i])
            return false;
    return true;
}

static void check_parent(struct gw_str parent, struct gw_rng *rng)
{
    struct gw_trace trace, again;
    char text[GW_TRACEPARENT_BYTES];

    gw_trace_begin(&trace, parent, false, rng);
    gw_trace_attempt(&trace, rng);
    require(!is_zero(trace.trace_id, sizeof trace.trace_id));
    require(!is_zero(trace.server_span, sizeof trace.server_span));
    require(!is_zero(trace.attempt_span, sizeof trace.attempt_span));
    if (gw_trace_has_parent(&trace)) {
        gw_trace_format(&trace, trace.parent_span, text);
        require(memcmp(text + 2, parent.base + 2, 51) == 0); /* all but version and flags */
    }
    gw_trace_format(&trace, trace.attempt_span, text);
    gw_trace_begin(&again, (struct gw_str){text, sizeof text}, false, rng);
    require(memcmp(again.trace_id, trace.trace_id, sizeof trace.trace_id) == 0);
    require(memcmp(again.parent_span, trace.attempt_span, sizeof trace.attempt_span) == 0);
    require(again.flags == trace.flags);
    gw_trace_begin(&again, parent, true, rng);
    require(!gw_trace_has_parent(&again));
}

static void check_state(const struct gw_str *fields, size_t count)
{
    char out[GW_TRACESTATE_BYTES_MAX], again[GW_TRACESTATE_BYTES_MAX];
    size_t len = gw_tracestate_clean(fields, count, out), members = 0;
    struct gw_str clean = {out, len}, rest = clean, member;

    require(len <= sizeof out);
    while (gw_str_next_item(&rest, &member)) {
        bool found = false;
        for (size_t i = 0; i < count && !found; i++)
            found = gw_str_find_str(fields[i], member) < fields[i].len;
        require(found);
        members++;
    }
    require(members <= GW_TRACESTATE_MEMBERS_MAX);
    require(gw_tracestate_clean(&clean, 1, again) == len && memcmp(again, out, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct gw_str rest = {(const char *)bytes, size}, fields[FIELDS_MAX];
    struct gw_rng rng = {{1, 2, 3, 4}};
    size_t count = 0, end = gw_str_find(rest, '\n');

    check_parent((struct gw_str){rest.base, end}, &rng);
    (void)gw_request_id_valid(rest);
    for (rest = gw_str_from(rest, end + 1); rest.len && count < FIELDS_MAX; count++) {
        end = gw_str_find(rest, '\n');
        fields[count] = (struct gw_str){rest.base, end};
        rest = gw_str_from(rest, end + 1);
    }
    check_state(fields, count);
    return 0;
}
