#include "unit/test.h"

#include "record/trace.h"

#include <stdio.h>

#define ID "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static const struct {
    const char *label, *bytes;
    bool repeated, goes_on;
    uint8_t flags;
} parents[] = {
    {"sampled", "00-" ID "-" SPAN "-01", false, true, 1},
    {"not sampled", "00-" ID "-" SPAN "-00", false, true, 0},
    {"random kept", "00-" ID "-" SPAN "-03", false, true, 3},
    {"unknown flags are not passed on", "00-" ID "-" SPAN "-ff", false, true, 3},
    {"higher version, exact length", "01-" ID "-" SPAN "-01", false, true, 1},
    {"higher version, more behind a dash", "cc-" ID "-" SPAN "-01-what-ever", false, true, 1},
    {"higher version, dash at the end", "cc-" ID "-" SPAN "-01-", false, true, 1},
    {"higher version, more without a dash", "cc-" ID "-" SPAN "-01.what", false, false, 3},
    {"version ff", "ff-" ID "-" SPAN "-01", false, false, 3},
    {"version not hex", "0g-" ID "-" SPAN "-01", false, false, 3},
    {"version upper case", "0A-" ID "-" SPAN "-01", false, false, 3},
    {"too long for 00", "00-" ID "-" SPAN "-01-", false, false, 3},
    {"too long for 00 by a digit", "00-" ID "-" SPAN "-011", false, false, 3},
    {"flags cut", "00-" ID "-" SPAN "-0", false, false, 3},
    {"zero trace id", "00-00000000000000000000000000000000-" SPAN "-01", false, false, 3},
    {"zero span id", "00-" ID "-0000000000000000-01", false, false, 3},
    {"upper case trace id", "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", false, false, 3},
    {"upper case span id", "00-" ID "-B7AD6B7169203331-01", false, false, 3},
    {"upper case flags", "00-" ID "-" SPAN "-0A", false, false, 3},
    {"trace id not hex", "00-0af7651916cd43dd8448eb211c80319.-" SPAN "-01", false, false, 3},
    {"high byte in an id", "00-0af7651916cd43dd8448eb211c80319\xe1-" SPAN "-01", false, false, 3},
    {"slash, one below 0", "00-/af7651916cd43dd8448eb211c80319c-" SPAN "-01", false, false, 3},
    {"dashes moved", "00-" ID SPAN "---01", false, false, 3},
    {"blank in front", " 00-" ID "-" SPAN "-01", false, false, 3},
    {"repeated field", "00-" ID "-" SPAN "-01", true, false, 3},
    {"joined twice", "00-" ID "-" SPAN "-01,00-" ID "-" SPAN "-01", false, false, 3},
    {"none", "", false, false, 3},
};

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i])
            return false;
    return true;
}

static void begin(struct gw_trace *trace, const char *bytes, size_t len, bool repeated)
{
    static struct gw_rng rng;
    /* A copy of exactly this size, so that reading past the end is seen. */
    char *copy = test_malloc(len + 1);

    gw_rng_seed(&rng);
    memset(trace, 0xee, sizeof *trace);
    memcpy(copy, bytes, len);
    gw_trace_begin(trace, (struct gw_str){copy, len}, repeated, &rng);
    test_free(copy);
}

static void test_traceparent_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(parents); i++) {
        struct gw_trace trace;
        char id[32], span[16];
        begin(&trace, parents[i].bytes, strlen(parents[i].bytes), parents[i].repeated);
        gw_trace_hex(trace.trace_id, sizeof trace.trace_id, id);
        gw_trace_hex(trace.parent_span, sizeof trace.parent_span, span);
        bool same = memcmp(id, ID, sizeof id) == 0;
        if (same != parents[i].goes_on || gw_trace_has_parent(&trace) != parents[i].goes_on)
            fail_msg("%s: %s", parents[i].label, same ? "went on" : "new trace");
        if (parents[i].goes_on && memcmp(span, SPAN, sizeof span) != 0)
            fail_msg("%s: parent %.16s", parents[i].label, span);
        if (trace.flags != parents[i].flags)
            fail_msg("%s: flags %02x", parents[i].label, trace.flags);
        if (is_zero(trace.trace_id, 16) || is_zero(trace.server_span, 8) ||
            !is_zero(trace.attempt_span, 8))
            fail_msg("%s: an id is zero or an attempt was made", parents[i].label);
    }
}

static void test_a_cut_traceparent_is_none(void **state)
{
    static const char whole[] = "cc-" ID "-" SPAN "-01-more";

    (void)state;
    for (size_t len = 0; len < sizeof whole; len++) {
        struct gw_trace trace;
        begin(&trace, whole, len, false);
        if (gw_trace_has_parent(&trace) != (len >= GW_TRACEPARENT_BYTES))
            fail_msg("cut at %zu", len);
    }
}

static void test_formatting_gives_what_was_read(void **state)
{
    static const char text[] = "00-" ID "-" SPAN "-03";
    char out[GW_TRACEPARENT_BYTES], caller[GW_TRACEPARENT_BYTES], provider[GW_TRACEPARENT_BYTES];
    struct gw_rng rng;
    struct gw_trace trace, again;

    (void)state;
    gw_rng_seed(&rng);
    gw_trace_begin(&trace, gw_str_of(text), false, &rng);
    gw_trace_format(&trace, trace.parent_span, out);
    assert_memory_equal(out, text, sizeof out);
    gw_trace_attempt(&trace, &rng);
    gw_trace_format(&trace, trace.server_span, caller);
    gw_trace_format(&trace, trace.attempt_span, provider);
    assert_memory_not_equal(caller + 36, provider + 36, 16);
    assert_memory_equal(caller, provider, 36);
    gw_trace_begin(&again, (struct gw_str){provider, sizeof provider}, false, &rng);
    assert_memory_equal(again.parent_span, trace.attempt_span, 8);
}

static void test_hex_of_every_byte(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        uint8_t bytes[4] = {(uint8_t)value, (uint8_t)~value, 0, (uint8_t)(value * 7)};
        char out[8], expected[9];
        gw_trace_hex(bytes, sizeof bytes, out);
        (void)snprintf(expected, sizeof expected, "%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2],
                       bytes[3]);
        assert_memory_equal(out, expected, sizeof out);
    }
}

static void test_uuid_version_variant_and_time(void **state)
{
    struct gw_rng rng;
    char one[GW_UUID_BYTES + 1] = "", two[GW_UUID_BYTES + 1] = "";

    (void)state;
    gw_rng_seed(&rng);
    gw_request_id_make(&rng, 0x0123456789abu * 1000000u + 999999u, one);
    gw_request_id_make(&rng, 0x0123456789acu * 1000000u, two);
    assert_memory_equal(one, "01234567-89ab-7", 15);
    assert_memory_equal(two, "01234567-89ac-7", 15);
    assert_non_null(strchr("89ab", one[19]));
    assert_true(one[8] == '-' && one[13] == '-' && one[18] == '-' && one[23] == '-');
    assert_true(strcmp(one, two) < 0);
    assert_memory_not_equal(one + 20, two + 20, 16);
    assert_true(gw_request_id_valid(gw_str_of(one)));
}

static void test_request_ids(void **state)
{
    char longest[GW_REQUEST_ID_MAX + 1];

    (void)state;
    memset(longest, 'x', sizeof longest);
    assert_true(gw_request_id_valid(GW_STR("aZ09._-")));
    assert_true(gw_request_id_valid((struct gw_str){longest, GW_REQUEST_ID_MAX}));
    assert_false(gw_request_id_valid((struct gw_str){longest, GW_REQUEST_ID_MAX + 1}));
    assert_false(gw_request_id_valid(GW_STR("")));
    for (unsigned c = 0; c < 256; c++) {
        char text[] = {'a', (char)c, 'b'};
        bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '-';
        assert_int_equal(gw_request_id_valid((struct gw_str){text, sizeof text}), allowed);
    }
}

/* "mN=v," for `count` members, each with a value of `value_bytes`. */
static struct gw_str members(char *room, size_t size, unsigned count, unsigned value_bytes)
{
    size_t len = 0;

    for (unsigned i = 0; i < count; i++) {
        int key = snprintf(room + len, size - len, "%sm%u=", i ? "," : "", i);
        len += (size_t)key;
        assert_true(len + value_bytes < size);
        memset(room + len, 'v', value_bytes);
        len += value_bytes;
    }
    return (struct gw_str){room, len};
}

static const struct {
    const char *label, *first, *second; /* second NULL: one field */
    const char *expected;
} states[] = {
    {"unchanged, blanks and all", "a=1 , b@c=2,,\td/e=x y", NULL, "a=1 , b@c=2,,\td/e=x y"},
    {"two fields in order", "a=1,b=2", "c=3", "a=1,b=2,c=3"},
    {"digit first in a key", "0a*_-=!", NULL, "0a*_-=!"},
    {"empty", "", NULL, ""},
    {"only commas", " , ,", NULL, ""},
    {"no equals sign", "a=1,b", NULL, ""},
    {"two equals signs", "a=1=2", NULL, ""},
    {"no key", "=1", NULL, ""},
    {"no value", "a=", NULL, ""},
    {"upper case key", "A=1", NULL, ""},
    {"key starts with @", "@a=1", NULL, ""},
    {"blank in a key", "a =1", NULL, ""},
    {"control in a value", "a=1\x01", NULL, ""},
    {"high byte in a value", "a=\xc3\xa4", NULL, ""},
    {"second field invalid", "a=1", "b", ""},
};

static void test_tracestate_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(states); i++) {
        struct gw_str values[] = {gw_str_of(states[i].first), gw_str_of(states[i].second)};
        char out[GW_TRACESTATE_BYTES_MAX];
        size_t len = gw_tracestate_clean(values, states[i].second ? 2 : 1, out);
        if (!gw_str_eq((struct gw_str){out, len}, gw_str_of(states[i].expected)))
            fail_msg("%s: %.*s", states[i].label, (int)len, out);
    }
}

static void test_tracestate_limits(void **state)
{
    char room[20000], out[GW_TRACESTATE_BYTES_MAX], long_one[200], expected[600];
    struct gw_str value = members(room, sizeof room, 32, 1);

    (void)state;
    assert_int_equal(gw_tracestate_clean(&value, 1, out), value.len);
    size_t of_32 = value.len;
    value = members(room, sizeof room, 33, 1);
    assert_int_equal(gw_tracestate_clean(&value, 1, out), of_32);
    assert_memory_equal(out, room, of_32);

    /* A long member stays while all fit 512 bytes, though there are too many. */
    memset(long_one, 'v', sizeof long_one);
    memcpy(long_one, "long=", 5);
    struct gw_str with_long[] = {{long_one, 150}, members(room, sizeof room, 33, 1)};
    assert_int_equal(gw_tracestate_clean(with_long, 2, out), 151 + of_32 - 6);

    /* Long members go first, though the short ones stand at the right. */
    struct gw_str values[] = {
        {long_one, 129}, {long_one, 128}, {long_one, 129}, {long_one, 129}, GW_STR("a=1")};
    size_t len = gw_tracestate_clean(values, 5, out);
    (void)snprintf(expected, sizeof expected, "%.128s,a=1", long_one);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(out, expected, len);

    /* Exactly 512 bytes stay; past it the right one goes, whole. */
    struct gw_str exact[] = {{long_one, 128}, {long_one, 128}, {long_one, 128}, {long_one, 125}};
    assert_int_equal(gw_tracestate_clean(exact, 4, out), 512);
    exact[3].len = 126;
    assert_int_equal(gw_tracestate_clean(exact, 4, out), 386);

    /* Values of 256 bytes are valid, of 257 not. */
    memset(room, 'v', 300);
    memcpy(room, "k=", 2);
    value = (struct gw_str){room, 258};
    assert_int_equal(gw_tracestate_clean(&value, 1, out), 258);
    value.len = 259;
    assert_int_equal(gw_tracestate_clean(&value, 1, out), 0);
    value = members(room, sizeof room, 1500, 6);
    assert_true(gw_tracestate_clean(&value, 1, out) <= GW_TRACESTATE_BYTES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traceparent_forms),
        cmocka_unit_test(test_a_cut_traceparent_is_none),
        cmocka_unit_test(test_formatting_gives_what_was_read),
        cmocka_unit_test(test_hex_of_every_byte),
        cmocka_unit_test(test_uuid_version_variant_and_time),
        cmocka_unit_test(test_request_ids),
        cmocka_unit_test(test_tracestate_forms),
        cmocka_unit_test(test_tracestate_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
