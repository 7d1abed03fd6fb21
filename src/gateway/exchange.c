#include "gateway/exchange.h"

#include "base/clock.h"
#include "gateway/attempt.h"
#include "gateway/fetch.h"
#include "gateway/meter.h"
#include "gateway/patch.h"
#include "gateway/translate.h"
#include "wire/inflate.h"
#include "wire/multipart.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define TO(state) (1u << (state))

/* The table of moves. An answer can only begin in RELAYING, so what is sent twice is sent before
 * it. */
static const unsigned allowed[GW_EX_STATES] = {
    [GW_EX_READING] = TO(GW_EX_RESOLVING) | TO(GW_EX_DONE),
    [GW_EX_RESOLVING] = TO(GW_EX_FETCHING) | TO(GW_EX_LEASING) | TO(GW_EX_DONE),
    [GW_EX_FETCHING] = TO(GW_EX_RESOLVING) | TO(GW_EX_DONE),
    [GW_EX_LEASING] = TO(GW_EX_WAITING) | TO(GW_EX_RESOLVING) | TO(GW_EX_DONE),
    [GW_EX_WAITING] = TO(GW_EX_RELAYING) | TO(GW_EX_RESOLVING) | TO(GW_EX_DONE),
    [GW_EX_RELAYING] = TO(GW_EX_DONE),
    [GW_EX_DONE] = 0,
};

/* The moment of the record that entering a state is; its clock is the turn's, which costs nothing.
 */
static const enum gw_moment moments[GW_EX_STATES] = {
    [GW_EX_READING] = GW_AT_START,    [GW_EX_RESOLVING] = GW_AT_ATTEMPT,
    [GW_EX_FETCHING] = GW_AT_ATTEMPT, [GW_EX_LEASING] = GW_AT_ATTEMPT,
    [GW_EX_WAITING] = GW_AT_SENT,     [GW_EX_RELAYING] = GW_AT_UPSTREAM_HEAD,
    [GW_EX_DONE] = GW_AT_END,
};

void gw_exchange_move(struct gw_exchange *ex, enum gw_exchange_state to)
{
    assert(allowed[ex->state] & TO(to));
    ex->state = to;
    ex->record.at_ns[moments[to]] = gw_loop_now_ns(gw_exchange_gateway(ex)->http.loop);
}

struct gw_exchange *gw_exchange_create(struct gw_gateway *gateway, struct gw_down *down)
{
    struct gw_arena arena;

    gw_arena_init(&arena, &gateway->arenas);
    struct gw_exchange *ex = gw_arena_zalloc(&arena, sizeof *ex);
    if (!ex)
        return NULL;
    ex->arena = arena;
    ex->site = gateway->site;
    ex->site->exchanges++;
    ex->down = down;
    ex->state = GW_EX_READING;
    ex->caller = GW_CALLER_OPENAI;
    ex->record.at_ns[GW_AT_START] = gw_loop_now_ns(gateway->http.loop);
    ex->record.started_wall_ns = gw_clock_wall_ns();
    gw_record_open(&ex->record, gateway->options.sinks);
    return ex;
}

void gw_exchange_stream_began(struct gw_exchange *ex)
{
    ex->record.stream = true;
    if (!ex->record.stream_open)
        gw_record_stream_opened(&ex->record, gw_exchange_gateway(ex)->options.sinks);
}

void gw_exchange_charge(struct gw_exchange *ex)
{
    uint64_t turn = gw_loop_now_ns(gw_exchange_gateway(ex)->http.loop), now = gw_clock_ns();

    /* A turn may call back several times: what was charged before is not charged again. */
    ex->record.own_ns += now - (ex->charged_ns > turn ? ex->charged_ns : turn);
    ex->charged_ns = now;
}

void gw_exchange_finish(struct gw_exchange *ex)
{
    struct gw_gateway *gateway = gw_exchange_gateway(ex);
    struct gw_site *site = ex->site;

    if (ex->up)
        gw_up_cancel(ex->up);
    gw_fetch_drop(ex);
    if (ex->managed)
        gw_attempt_finish(ex);
    if (ex->translate)
        gw_sinks_warnings(gateway->options.sinks,
                          gw_translation_ledger(ex->translate->translation));
    else if (ex->edited)
        gw_sinks_warnings(gateway->options.sinks, &ex->edited->ledger);
    gw_translate_drop(ex);
    gw_meter_drop(ex);
    gw_exchange_move(ex, GW_EX_DONE);
    gw_exchange_charge(ex);
    ex->record.at_ns[GW_AT_END] = ex->charged_ns;
    gw_record_close(&ex->record, gateway->options.sinks);
    gw_request_drop(ex);
    gw_request_unmake(ex);
    gw_buf_finish(&ex->forward.held);
    gw_buf_finish(&ex->held_body);
    if (ex->form)
        gw_multipart_finish(ex->form);
    gw_inflate_destroy(ex->inflate);
    struct gw_arena arena = ex->arena; /* `ex` lives in it */
    gw_arena_finish(&arena);
    gw_site_release(site);
}

static size_t add(char *into, size_t at, struct gw_str bytes)
{
    memcpy(into + at, bytes.base, bytes.len);
    return at + bytes.len;
}

static size_t add_target(const struct gw_exchange *ex, char *into, size_t at)
{
    const struct gw_target_config *target = ex->managed->walk.target;

    at = add(into, at, GW_STR("x-gateway-target: "));
    at = add(into, at, target->name);
    if (target->variant.len) {
        at = add(into, at, GW_STR("\r\nx-gateway-variant: "));
        at = add(into, at, target->variant);
    }
    return add(into, at, GW_STR("\r\n"));
}

size_t gw_exchange_own_fields(const struct gw_exchange *ex, char into[GW_OWN_FIELDS_BYTES_MAX])
{
    struct gw_str id = ex->record.request_id;
    size_t at = 0;

    at = add(into, at, GW_STR("x-gateway-request-id: "));
    at = add(into, at, id);
    at = add(into, at, GW_STR("\r\nx-to11-request-id: "));
    at = add(into, at, id);
    at = add(into, at, GW_STR("\r\ntraceparent: "));
    gw_trace_format(&ex->record.trace, ex->record.trace.server_span, into + at);
    at += GW_TRACEPARENT_BYTES;
    at = add(into, at, GW_STR("\r\n"));
    return ex->managed && ex->managed->walk.target ? add_target(ex, into, at) : at;
}

static struct gw_str connection_field(const struct gw_down *down, bool keep)
{
    if (!keep)
        return GW_STR("connection: close\r\n");
    return gw_down_is_http10(down) ? GW_STR("connection: keep-alive\r\n") : GW_STR("");
}

void gw_exchange_answer(struct gw_exchange *ex, unsigned status, struct gw_str content_type,
                        struct gw_str fields, struct gw_str body)
{
    struct gw_down *down = ex->down;
    bool keep = gw_down_may_keep(down);
    bool no_body = gw_str_eq(ex->record.method, GW_STR("HEAD"));
    char own[GW_OWN_FIELDS_BYTES_MAX], head[256];
    size_t own_len = gw_exchange_own_fields(ex, own);
    struct gw_str reason = gw_http1_reason(status), connection = connection_field(down, keep);
    struct gw_str told = ex->translate ? ex->translate->own
                         : ex->edited  ? ex->edited->line
                                       : GW_STR("");

    int head_len = snprintf(
        head, sizeof head, "HTTP/1.1 %u %.*s\r\ncontent-type: %.*s\r\ncontent-length: %zu\r\n%.*s",
        status, GW_STR_ARG(reason), GW_STR_ARG(content_type), body.len, GW_STR_ARG(connection));
    struct iovec iov[] = {
        {head, (size_t)head_len},
        {own, own_len},
        {(char *)(uintptr_t)told.base, told.len},
        {(char *)(uintptr_t)fields.base, fields.len},
        {"\r\n", 2},
        {(char *)(uintptr_t)body.base, no_body ? 0 : body.len},
    };
    enum gw_status sent = gw_down_send(down, iov, (int)GW_COUNT(iov));
    ex->record.status = status;
    ex->record.bytes_out = no_body ? 0 : body.len;
    ex->down = NULL;
    gw_exchange_finish(ex);
    if (sent == GW_IO)
        gw_down_abort(down, true);
    else
        gw_down_end(down, keep);
}

void gw_exchange_fail(struct gw_exchange *ex, enum gw_fault fault, const char *format, ...)
{
    const struct gw_fault_row *row = gw_fault_row(fault);
    char message[512], fields[512];
    struct gw_buf body;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    int len = snprintf(fields, sizeof fields, "x-to11-error-code: %s\r\n", row->error_code);
    if (ex->provider)
        len += snprintf(fields + len, sizeof fields - (size_t)len,
                        "x-to11-upstream-provider: %.*s\r\n", GW_STR_ARG(ex->provider->name));
    if (fault == GW_FAULT_OVERLOADED)
        len += snprintf(fields + len, sizeof fields - (size_t)len, "retry-after: 1\r\n");
    if (fault == GW_FAULT_METHOD)
        len += snprintf(fields + len, sizeof fields - (size_t)len, "allow: %s\r\n",
                        ex->endpoint->methods);
    if (ex->record.error_type == GW_ERROR_NONE)
        ex->record.error_type = row->error_type;
    gw_buf_init(&body, 16384);
    if (gw_reply_error_body(&body, ex->caller, fault, gw_str_of(message), ex->record.request_id) !=
        GW_OK)
        gw_buf_take(&body, gw_buf_len(&body));
    gw_exchange_answer(ex, row->status, GW_STR("application/json"),
                       (struct gw_str){fields, (size_t)len}, gw_buf_str(&body));
    gw_buf_finish(&body);
}
