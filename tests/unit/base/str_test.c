#include "unit/test.h"

#include "base/str.h"

#include <stdlib.h>

#define BYTES(literal) GW_STR_INIT(literal)

static void test_equality(void **state)
{
    static const struct {
        const char *label;
        struct gw_str a, b;
        bool same, same_nocase;
    } cases[] = {
        {"empty", BYTES(""), BYTES(""), true, true},
        {"empty without memory", {NULL, 0}, BYTES(""), true, true},
        {"same", BYTES("abc"), BYTES("abc"), true, true},
        {"case", BYTES("aBc"), BYTES("AbC"), false, true},
        {"shorter", BYTES("ab"), BYTES("abc"), false, false},
        {"behind a NUL", BYTES("a\0b"), BYTES("a\0c"), false, false},
        {"NUL and case", BYTES("a\0b"), BYTES("A\0B"), false, true},
        {"@ and ` differ by the same bit", BYTES("@"), BYTES("`"), false, false},
        {"[ and { too", BYTES("["), BYTES("{"), false, false},
        {"bytes over 127 are no letters", BYTES("\xc4"), BYTES("\xe4"), false, false},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++)
        if (gw_str_eq(cases[i].a, cases[i].b) != cases[i].same ||
            gw_str_eq(cases[i].b, cases[i].a) != cases[i].same ||
            gw_str_eq_nocase(cases[i].a, cases[i].b) != cases[i].same_nocase)
            fail_msg("%s", cases[i].label);
}

static void test_lower_is_ascii_only(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        int want = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
        assert_int_equal((unsigned char)gw_lower((char)c), want);
    }
}

static void test_starts_and_from(void **state)
{
    static const struct {
        struct gw_str s, prefix;
        bool starts;
    } cases[] = {
        {BYTES("/v1/x"), BYTES("/v1"), true}, {BYTES("/v1"), BYTES("/v1"), true},
        {BYTES("/v"), BYTES("/v1"), false},   {BYTES("/V1"), BYTES("/v1"), false},
        {BYTES("a"), BYTES(""), true},        {BYTES(""), BYTES(""), true},
        {{NULL, 0}, BYTES("a"), false},
    };
    struct gw_str s = GW_STR("abc");

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++)
        if (gw_str_starts(cases[i].s, cases[i].prefix) != cases[i].starts)
            fail_msg("row %zu", i);
    assert_true(gw_str_eq(gw_str_from(s, 0), s));
    assert_true(gw_str_eq(gw_str_from(s, 2), GW_STR("c")));
    assert_int_equal(gw_str_from(s, 3).len, 0);
    assert_int_equal(gw_str_from(s, SIZE_MAX).len, 0);
    assert_ptr_equal(gw_str_from(s, SIZE_MAX).base, s.base + 3);
    assert_int_equal(gw_str_of(NULL).len, 0);
    assert_int_equal(gw_str_of("abc").len, 3);
}

static void test_find(void **state)
{
    static const struct {
        const char *label;
        struct gw_str s, needle;
        size_t at;
    } cases[] = {
        {"first of two", BYTES("a,b,c"), BYTES(","), 1},
        {"none", BYTES("abc"), BYTES(","), 3},
        {"last byte", BYTES("abc,"), BYTES(","), 3},
        {"in nothing", {NULL, 0}, BYTES(","), 0},
        {"NUL", BYTES("ab\0c"), BYTES("\0"), 2},
        {"behind a NUL", BYTES("ab\0c"), BYTES("c"), 3},
        {"longer", BYTES("xxab"), BYTES("ab"), 2},
        {"cut at the end", BYTES("xxa"), BYTES("ab"), 3},
        {"overlapping", BYTES("aaab"), BYTES("aab"), 1},
        {"whole", BYTES("ab"), BYTES("ab"), 0},
        {"longer than the text", BYTES("a"), BYTES("ab"), 1},
        {"empty needle", BYTES("ab"), BYTES(""), 0},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        if (gw_str_find_str(cases[i].s, cases[i].needle) != cases[i].at)
            fail_msg("%s", cases[i].label);
        if (cases[i].needle.len == 1 &&
            gw_str_find(cases[i].s, cases[i].needle.base[0]) != cases[i].at)
            fail_msg("%s, as one byte", cases[i].label);
    }
}

static void test_trim(void **state)
{
    static const struct {
        struct gw_str s, want;
    } cases[] = {
        {BYTES(""), BYTES("")},          {BYTES(" "), BYTES("")},
        {BYTES(" \t \t"), BYTES("")},    {BYTES("a"), BYTES("a")},
        {BYTES(" a"), BYTES("a")},       {BYTES("a\t"), BYTES("a")},
        {BYTES("\ta b "), BYTES("a b")}, {BYTES("\r\na\n"), BYTES("\r\na\n")},
        {BYTES("\0 "), BYTES("\0")},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++)
        if (!gw_str_eq(gw_str_trim(cases[i].s), cases[i].want))
            fail_msg("row %zu", i);
}

static void test_numbers(void **state)
{
    static const struct {
        struct gw_str s;
        bool is_number;
        uint64_t value;
    } cases[] = {
        {BYTES("0"), true, 0},
        {BYTES("007"), true, 7},
        {BYTES("18446744073709551615"), true, UINT64_MAX},
        {BYTES("18446744073709551616"), false, 0},
        {BYTES("18446744073709551620"), false, 0},
        {BYTES("99999999999999999999999999"), false, 0},
        {BYTES("00000000000000000000000000000012"), true, 12},
        {BYTES(""), false, 0},
        {{NULL, 0}, false, 0},
        {BYTES("+1"), false, 0},
        {BYTES("-1"), false, 0},
        {BYTES(" 1"), false, 0},
        {BYTES("1 "), false, 0},
        {BYTES("1\0"), false, 0},
        {BYTES("0x1"), false, 0},
        {BYTES("1e3"), false, 0},
        {BYTES("1_0"), false, 0},
        {BYTES("\xb1"), false, 0},
        {BYTES("/"), false, 0},
        {BYTES(":"), false, 0},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        uint64_t value = 4711;
        bool is_number = gw_str_to_u64(cases[i].s, &value);
        if (is_number != cases[i].is_number || value != (is_number ? cases[i].value : 4711))
            fail_msg("\"%.*s\": %d, %llu", GW_STR_ARG(cases[i].s), is_number,
                     (unsigned long long)value);
    }
}

static void test_digits(void **state)
{
    static const struct {
        uint64_t value;
        const char *text;
    } cases[] = {
        {0, "0"}, {9, "9"}, {10, "10"}, {1000000, "1000000"}, {UINT64_MAX, "18446744073709551615"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct {
            char text[GW_U64_DIGITS_MAX];
            char guard;
        } out = {.guard = '#'};
        size_t len = gw_u64_to_text(cases[i].value, out.text);
        uint64_t back = 0;
        if (!gw_str_eq((struct gw_str){out.text, len}, gw_str_of(cases[i].text)) ||
            out.guard != '#' || !gw_str_to_u64((struct gw_str){out.text, len}, &back) ||
            back != cases[i].value)
            fail_msg("%s: %.*s", cases[i].text, (int)len, out.text);
    }
}

static void test_lists(void **state)
{
    static const struct {
        struct gw_str list;
        const char *items; /* each with a '|' behind it */
    } cases[] = {
        {{NULL, 0}, ""},
        {BYTES(""), ""},
        {BYTES(","), ""},
        {BYTES(" , ,\t,"), ""},
        {BYTES("a"), "a|"},
        {BYTES("a,b"), "a|b|"},
        {BYTES(" a ,\tb c , "), "a|b c|"},
        {BYTES(",a,,b,"), "a|b|"},
        {BYTES("\"a,b\""), "\"a|b\"|"}, /* quotes mean nothing here */
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_str list = cases[i].list, item;
        char items[64] = "";
        size_t len = 0;
        while (gw_str_next_item(&list, &item)) {
            memcpy(items + len, item.base, item.len);
            len += item.len;
            items[len++] = '|';
        }
        items[len] = '\0';
        if (strcmp(items, cases[i].items) != 0)
            fail_msg("row %zu: %s", i, items);
        struct gw_str untouched = GW_STR("x");
        assert_false(gw_str_next_item(&list, &untouched));
        assert_true(gw_str_eq(untouched, GW_STR("x")));
    }
}

static int compare(const void *a, const void *b)
{
    return gw_str_compare(*(const struct gw_str *)a, *(const struct gw_str *)b);
}

static void test_order(void **state)
{
    static const struct gw_str ordered[] = {{NULL, 0},     BYTES("\0"),  BYTES("\0a"), BYTES("A"),
                                            BYTES("a"),    BYTES("a\0"), BYTES("aa"),  BYTES("b"),
                                            BYTES("\x80"), BYTES("\xff")};
    struct gw_str shuffled[GW_COUNT(ordered)];

    (void)state;
    for (size_t i = 0; i < GW_COUNT(ordered); i++) {
        shuffled[i] = ordered[i * 7 % GW_COUNT(ordered)];
        for (size_t j = 0; j < GW_COUNT(ordered); j++) {
            int order = gw_str_compare(ordered[i], ordered[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
    qsort(shuffled, GW_COUNT(shuffled), sizeof shuffled[0], compare);
    for (size_t i = 0; i < GW_COUNT(ordered); i++)
        assert_true(gw_str_eq(shuffled[i], ordered[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equality),
        cmocka_unit_test(test_lower_is_ascii_only),
        cmocka_unit_test(test_starts_and_from),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_digits),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
