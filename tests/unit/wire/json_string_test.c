#include "unit/test.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "wire/json_scan.h"
#include "wire/json_string.h"

#define BROKEN "\x01" /* instead of a decoded text */

static const struct {
    const char *label;
    struct gw_str raw, decoded;
} unescapes[] = {
    {"empty", GW_STR_INIT(""), GW_STR_INIT("")},
    {"no escape", GW_STR_INIT("gpt-4o"), GW_STR_INIT("gpt-4o")},
    {"short forms", GW_STR_INIT("\\\"\\\\\\/\\b\\f\\n\\r\\t"), GW_STR_INIT("\"\\/\b\f\n\r\t")},
    {"one byte", GW_STR_INIT("a\\u0065b"), GW_STR_INIT("aeb")},
    {"NUL", GW_STR_INIT("\\u0000"), GW_STR_INIT("\0")},
    {"two bytes, upper case", GW_STR_INIT("\\u00E9"), GW_STR_INIT("\xc3\xa9")},
    {"three bytes, lower case", GW_STR_INIT("\\u20ac"), GW_STR_INIT("\xe2\x82\xac")},
    {"edges", GW_STR_INIT("\\u007f\\u0080\\u07ff\\u0800\\ud7ff\\ue000\\uffff"),
     GW_STR_INIT("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf")},
    {"pair", GW_STR_INIT("x\\ud83d\\uDE00y"), GW_STR_INIT("x\xf0\x9f\x98\x80y")},
    {"first and last pair", GW_STR_INIT("\\ud800\\udc00\\udbff\\udfff"),
     GW_STR_INIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
    {"high alone", GW_STR_INIT("\\ud83d"), GW_STR_INIT("\xef\xbf\xbd")},
    {"low alone", GW_STR_INIT("\\ude00!"), GW_STR_INIT("\xef\xbf\xbd!")},
    {"high before another letter", GW_STR_INIT("\\ud83d\\u0041"),
     GW_STR_INIT("\xef\xbf\xbd"
                 "A")},
    {"high before a short form", GW_STR_INIT("\\ud83d\\n"), GW_STR_INIT("\xef\xbf\xbd\n")},
    {"two high, one low", GW_STR_INIT("\\ud83d\\ud83d\\ude00"),
     GW_STR_INIT("\xef\xbf\xbd\xf0\x9f\x98\x80")},
    {"low before high", GW_STR_INIT("\\ude00\\ud83d"), GW_STR_INIT("\xef\xbf\xbd\xef\xbf\xbd")},
    {"raw bytes stay", GW_STR_INIT("\xff\x01\xc3\xa9\\t"), GW_STR_INIT("\xff\x01\xc3\xa9\t")},
    {"backslash at the end", GW_STR_INIT("a\\"), GW_STR_INIT(BROKEN)},
    {"unknown letter", GW_STR_INIT("\\x41"), GW_STR_INIT(BROKEN)},
    {"NUL is no letter", GW_STR_INIT("\\\0"), GW_STR_INIT(BROKEN)},
    {"upper U", GW_STR_INIT("\\U0041"), GW_STR_INIT(BROKEN)},
    {"u without digits", GW_STR_INIT("\\u"), GW_STR_INIT(BROKEN)},
    {"u with three digits", GW_STR_INIT("\\u004"), GW_STR_INIT(BROKEN)},
    {"u with a blank", GW_STR_INIT("\\u 041"), GW_STR_INIT(BROKEN)},
    {"u with a g", GW_STR_INIT("\\u004g"), GW_STR_INIT(BROKEN)},
    {"u with a sign", GW_STR_INIT("\\u+041"), GW_STR_INIT(BROKEN)},
    {"high before a broken one", GW_STR_INIT("\\ud83d\\u12"), GW_STR_INIT(BROKEN)},
};

/* In memory of just this size, so that a byte read too many is seen. */
static struct gw_str exact(struct gw_str s)
{
    char *copy = malloc(s.len ? s.len : 1);
    assert_non_null(copy);
    memcpy(copy, s.base, s.len);
    return (struct gw_str){copy, s.len};
}

static void test_unescape_decodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(unescapes); i++) {
        struct gw_str raw = exact(unescapes[i].raw), decoded = unescapes[i].decoded;
        bool broken = gw_str_eq(decoded, GW_STR(BROKEN));
        char into[64];
        size_t len = gw_json_unescape(raw, into, sizeof(into));
        if (broken ? len != SIZE_MAX : !gw_str_eq((struct gw_str){into, len}, decoded))
            fail_msg("%s", unescapes[i].label);
        if (broken == gw_json_raw_equals(raw, decoded))
            fail_msg("%s: compared", unescapes[i].label);
        for (size_t room = 0; room < decoded.len && !broken; room++)
            if (gw_json_unescape(raw, into, room) != SIZE_MAX)
                fail_msg("%s: fits in %zu", unescapes[i].label, room);
        if (!broken && gw_json_unescape(raw, into, decoded.len) != decoded.len)
            fail_msg("%s: does not fit exactly", unescapes[i].label);
        free((void *)raw.base);
    }
}

static void test_raw_equals_tells_apart(void **state)
{
    (void)state;
    assert_true(gw_json_raw_equals(GW_STR("mod\\u0065l"), GW_STR("model")));
    assert_false(gw_json_raw_equals(GW_STR("mod\\u0065l"), GW_STR("mode")));
    assert_false(gw_json_raw_equals(GW_STR("mod\\u0065"), GW_STR("model")));
    assert_false(gw_json_raw_equals(GW_STR("mod\\u0045l"), GW_STR("model")));
    assert_false(gw_json_raw_equals(GW_STR("model\\u0000"), GW_STR("model")));
    assert_false(gw_json_raw_equals(GW_STR("\\u00e9"), GW_STR("\xc3")));
}

/* The parts before and behind each cut must decode to the parts of the whole; a cut inside an
 * escape is refused. */
static void test_raw_prefix_cuts_between_escapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(unescapes); i++) {
        struct gw_str raw = unescapes[i].raw, decoded = unescapes[i].decoded;
        if (gw_str_eq(decoded, GW_STR(BROKEN)))
            continue;
        for (size_t cut = 0; cut <= decoded.len; cut++) {
            size_t at = gw_json_raw_prefix(raw, cut);
            char into[64];
            if (at == SIZE_MAX)
                continue;
            size_t len = gw_json_unescape((struct gw_str){raw.base, at}, into, sizeof(into));
            if (len != cut || memcmp(into, decoded.base, cut) != 0 ||
                !gw_json_raw_equals(gw_str_from(raw, at), gw_str_from(decoded, cut)))
                fail_msg("%s, cut at %zu", unescapes[i].label, cut);
        }
        if (gw_json_raw_prefix(raw, decoded.len) != raw.len)
            fail_msg("%s: the whole", unescapes[i].label);
        if (gw_json_raw_prefix(raw, decoded.len + 1) != SIZE_MAX)
            fail_msg("%s: past the end", unescapes[i].label);
    }
    assert_int_equal(gw_json_raw_prefix(GW_STR("\\u0064emo::x"), 6), 11);
    assert_true(gw_json_raw_prefix(GW_STR("\\u00e9"), 1) == SIZE_MAX);
    assert_true(gw_json_raw_prefix(GW_STR("\\ud83d\\ude00"), 3) == SIZE_MAX);
    assert_true(gw_json_raw_prefix(GW_STR("ab\\x"), 3) == SIZE_MAX);
    assert_int_equal(gw_json_raw_prefix(GW_STR("ab\\x"), 2),
                     2); /* behind the cut nothing is looked at */
}

static const struct {
    const char *label, *bytes;
    int len;
    bool valid;
} steps[] = {
    {"ASCII", "a", 1, true},
    {"DEL", "\x7f", 1, true},
    {"two", "\xc2\x80", 2, true},
    {"three", "\xe0\xa0\x80", 3, true},
    {"last before the surrogates", "\xed\x9f\xbf", 3, true},
    {"first behind them", "\xee\x80\x80", 3, true},
    {"four", "\xf0\x90\x80\x80", 4, true},
    {"U+10FFFF", "\xf4\x8f\xbf\xbf", 4, true},
    {"continuation alone",
     "\x80"
     "a",
     1, false},
    {"overlong of two", "\xc0\x80", 1, false},
    {"overlong of two, second", "\xc1\xbf", 1, false},
    {"overlong of three", "\xe0\x9f\xbf", 1, false},
    {"overlong of four", "\xf0\x8f\xbf\xbf", 1, false},
    {"surrogate", "\xed\xa0\x80", 1, false},
    {"past U+10FFFF", "\xf4\x90\x80\x80", 1, false},
    {"never a lead", "\xf5\x80\x80\x80", 1, false},
    {"two cut", "\xc3", 1, false},
    {"two then ASCII",
     "\xc3"
     "a",
     1, false},
    {"three cut", "\xe2\x82", 2, false},
    {"three then ASCII",
     "\xe2\x82"
     "a",
     2, false},
    {"four cut", "\xf0\x9f\x98", 3, false},
    {"four then lead", "\xf0\x9f\x98\xf0", 3, false},
};

static void test_utf8_steps_by_maximal_subparts(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(steps); i++) {
        struct gw_str text = exact(gw_str_of(steps[i].bytes));
        struct gw_utf8_step step = gw_utf8_step(text);
        if (step.len != steps[i].len || step.valid != steps[i].valid)
            fail_msg("%s: %d, %d", steps[i].label, step.len, step.valid);
        free((void *)text.base);
    }
}

static void test_plain_run_stops_at_every_place(void **state)
{
    static const char stops[] = {'"', '\\', '\0', '\x1f', '\x80', '\xff'};
    static const char plain[] = {' ', '!', '[', ']', '#', '\x7f'};

    (void)state;
    for (size_t len = 0; len < 70; len++) {
        char *bytes = malloc(len ? len : 1);
        assert_non_null(bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = plain[i % sizeof(plain)];
        for (size_t from = 0; from <= len; from++)
            assert_int_equal(gw_json_plain_run((struct gw_str){bytes, len}, from), len - from);
        for (size_t stop = 0; stop < len; stop++) {
            char kept = bytes[stop];
            for (size_t i = 0; i < sizeof(stops); i++) {
                bytes[stop] = stops[i];
                assert_int_equal(gw_json_plain_run((struct gw_str){bytes, len}, 0), stop);
            }
            bytes[stop] = kept;
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unescape_decodes),
        cmocka_unit_test(test_raw_equals_tells_apart),
        cmocka_unit_test(test_raw_prefix_cuts_between_escapes),
        cmocka_unit_test(test_utf8_steps_by_maximal_subparts),
        cmocka_unit_test(test_plain_run_stops_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
