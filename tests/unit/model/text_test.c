#include "unit/test.h"

#include "model/text.h"
#include "wire/json_write.h"

static const struct {
    const char *label;
    struct gw_str decoded, raw;
    bool slice; /* given back as it is */
} escapes[] = {
    {"empty", GW_STR_INIT(""), GW_STR_INIT(""), true},
    {"plain", GW_STR_INIT("a/b c"), GW_STR_INIT("a/b c"), true},
    {"not ASCII", GW_STR_INIT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
     GW_STR_INIT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), true},
    {"DEL", GW_STR_INIT("\x7f"), GW_STR_INIT("\x7f"), true},
    {"quote and backslash", GW_STR_INIT("a\"b\\c"), GW_STR_INIT("a\\\"b\\\\c"), false},
    {"short forms", GW_STR_INIT("\b\f\n\r\t"), GW_STR_INIT("\\b\\f\\n\\r\\t"), false},
    {"other controls", GW_STR_INIT("\0\x1f"), GW_STR_INIT("\\u0000\\u001f"), false},
    {"behind a long run", GW_STR_INIT("0123456789abcdef0\n"), GW_STR_INIT("0123456789abcdef0\\n"),
     false},
    {"no UTF-8",
     GW_STR_INIT("a\xff\xc3"
                 "b"),
     GW_STR_INIT("a\xef\xbf\xbd\xef\xbf\xbd"
                 "b"),
     false},
    {"UTF-8 that is cut", GW_STR_INIT("\xe2\x82"), GW_STR_INIT("\xef\xbf\xbd"), false},
};

static void test_escape(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(escapes); i++) {
        struct gw_arena arena;
        gw_arena_init(&arena, NULL);
        struct gw_text text = gw_text_escape(escapes[i].decoded, &arena);
        if (!gw_text_present(text) || !gw_str_eq(text.raw, escapes[i].raw))
            fail_msg("%s: %.*s", escapes[i].label, GW_STR_ARG(text.raw));
        if ((text.raw.base == escapes[i].decoded.base) != escapes[i].slice)
            fail_msg("%s: copied or not", escapes[i].label);
        gw_arena_finish(&arena);
    }
    assert_false(gw_text_present(gw_text_escape((struct gw_str){NULL, 0}, NULL)));
}

static const struct {
    const char *label;
    struct gw_str raw, decoded;
} decodes[] = {
    {"empty", GW_STR_INIT(""), GW_STR_INIT("")},
    {"plain", GW_STR_INIT("a b"), GW_STR_INIT("a b")},
    {"escapes", GW_STR_INIT("\\u0000\\n\\\"\\/\\ud83d\\ude00"),
     GW_STR_INIT("\0\n\"/\xf0\x9f\x98\x80")},
    {"lone surrogate", GW_STR_INIT("\\ud83d!"), GW_STR_INIT("\xef\xbf\xbd!")},
};

static void test_decode_and_equals(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(decodes); i++) {
        struct gw_arena arena;
        struct gw_text text = {decodes[i].raw};
        gw_arena_init(&arena, NULL);
        struct gw_str decoded = gw_text_decode(text, &arena);
        if (!decoded.base || !gw_str_eq(decoded, decodes[i].decoded))
            fail_msg("%s", decodes[i].label);
        if (!gw_text_equals(text, decodes[i].decoded) || gw_text_equals(text, GW_STR("a")))
            fail_msg("%s: compared", decodes[i].label);
        gw_arena_finish(&arena);
    }
    assert_null(gw_text_decode((struct gw_text){{NULL, 0}}, NULL).base);

    struct gw_arena arena;
    gw_arena_init(&arena, NULL);
    assert_null(gw_text_decode(GW_TEXT("broken \\x"), &arena).base);
    gw_arena_finish(&arena);
    assert_false(gw_text_equals((struct gw_text){{NULL, 0}}, GW_STR("")));
}

static const struct {
    const char *label;
    struct gw_str raw, trimmed;
} blanks[] = {
    {"nothing", GW_STR_INIT(""), GW_STR_INIT("")},
    {"spaces", GW_STR_INIT("   "), GW_STR_INIT("")},
    {"escapes", GW_STR_INIT("\\n\\r\\t\\f\\u000b\\u0020"), GW_STR_INIT("")},
    {"no-break space", GW_STR_INIT("\xc2\xa0\\u00a0\\u00A0"), GW_STR_INIT("")},
    {"other white space",
     GW_STR_INIT("\xc2\x85\xe1\x9a\x80\xe2\x80\x80\xe2\x80\x8a\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaf"
                 "\xe2\x81\x9f\xe3\x80\x80"),
     GW_STR_INIT("")},
    {"blanks behind an escape", GW_STR_INIT("a\\n    "), GW_STR_INIT("a")},
    {"blanks behind another escape", GW_STR_INIT("\\\"    "), GW_STR_INIT("\\\"")},
    {"zero width is something", GW_STR_INIT("\xe2\x80\x8b "), GW_STR_INIT("\xe2\x80\x8b")},
    {"NUL is something", GW_STR_INIT("\\u0000"), GW_STR_INIT("\\u0000")},
    {"backspace is something", GW_STR_INIT(" \\b "), GW_STR_INIT(" \\b")},
    {"letter", GW_STR_INIT(" a \\n"), GW_STR_INIT(" a")},
    {"letter as an escape", GW_STR_INIT(" \\u0061 "), GW_STR_INIT(" \\u0061")},
    {"backslash and n", GW_STR_INIT("\\\\n"), GW_STR_INIT("\\\\n")},
    {"backslash, then a line end", GW_STR_INIT("\\\\\\n"), GW_STR_INIT("\\\\")},
    {"backslash and what looks like a blank", GW_STR_INIT("\\\\u0020"), GW_STR_INIT("\\\\u0020")},
    {"emoji", GW_STR_INIT("\xf0\x9f\x98\x80 "), GW_STR_INIT("\xf0\x9f\x98\x80")},
    {"pair", GW_STR_INIT("\\ud83d\\ude00\\n"), GW_STR_INIT("\\ud83d\\ude00")},
    {"lone surrogate", GW_STR_INIT("\\ud83d"), GW_STR_INIT("\\ud83d")},
    {"last byte like that of a blank", GW_STR_INIT("\xc3\xa0"), GW_STR_INIT("\xc3\xa0")},
};

static void test_blank_and_trim(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(blanks); i++) {
        struct gw_text text = {blanks[i].raw};
        if (!gw_str_eq(gw_text_trim_end(text).raw, blanks[i].trimmed))
            fail_msg("%s: trimmed", blanks[i].label);
        if (gw_text_is_blank(text) != (blanks[i].trimmed.len == 0))
            fail_msg("%s: blank", blanks[i].label);
    }
    assert_true(gw_text_is_blank((struct gw_text){{NULL, 0}}));
}

static const struct {
    const char *label;
    struct gw_str raw, mended;
} surrogates[] = {
    {"empty", GW_STR_INIT(""), GW_STR_INIT("")},
    {"pair", GW_STR_INIT("a\\ud83d\\uDE00b"), GW_STR_INIT("a\\ud83d\\uDE00b")},
    {"test_t11_26: high alone", GW_STR_INIT("a\\uD83Db"), GW_STR_INIT("a\\ufffdb")},
    {"low alone", GW_STR_INIT("\\ude00\\n"), GW_STR_INIT("\\ufffd\\n")},
    {"two high, one low", GW_STR_INIT("\\ud83d\\ud83d\\ude00"),
     GW_STR_INIT("\\ufffd\\ud83d\\ude00")},
    {"low, high", GW_STR_INIT("\\ude00\\ud83d"), GW_STR_INIT("\\ufffd\\ufffd")},
    {"high before another escape", GW_STR_INIT("\\ud83d\\u0041"), GW_STR_INIT("\\ufffd\\u0041")},
    {"backslash in front", GW_STR_INIT("\\\\ud83d"), GW_STR_INIT("\\\\ud83d")},
    {"escaped backslash in front", GW_STR_INIT("\\\\\\ud83d"), GW_STR_INIT("\\\\\\ufffd")},
    {"others stay", GW_STR_INIT("\\ud7ff\\ue000\\\"\\u00e9"),
     GW_STR_INIT("\\ud7ff\\ue000\\\"\\u00e9")},
    {"broken at the end", GW_STR_INIT("\\ud83"), GW_STR_INIT("\\ud83")},
    {"backslash at the end", GW_STR_INIT("a\\"), GW_STR_INIT("a\\")},
};

static void test_add_mends_lone_surrogates(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(surrogates); i++) {
        struct gw_buf buf;
        struct gw_json_writer out;
        gw_buf_init(&buf, 1000);
        /* What stands before is not touched. */
        assert_int_equal(gw_buf_add(&buf, GW_STR("\\ud83d")), GW_OK);
        assert_int_equal(gw_text_add(&buf, (struct gw_text){surrogates[i].raw}), GW_OK);
        if (!gw_str_eq(gw_str_from(gw_buf_str(&buf), 6), surrogates[i].mended) ||
            !gw_str_starts(gw_buf_str(&buf), GW_STR("\\ud83d")))
            fail_msg("%s: %.*s", surrogates[i].label, GW_STR_ARG(gw_buf_str(&buf)));
        gw_buf_take(&buf, gw_buf_len(&buf));
        gw_json_write_init(&out, &buf);
        gw_json_write_begin_object(&out);
        for (int twice = 0; twice < 2; twice++) {
            gw_json_write_raw_key(&out, surrogates[i].raw);
            gw_json_write_raw_string(&out, surrogates[i].raw);
        }
        gw_json_write_end_object(&out);
        assert_int_equal(gw_json_write_finish(&out), GW_OK);
        struct gw_arena arena;
        gw_arena_init(&arena, NULL);
        struct gw_str m = surrogates[i].mended;
        struct gw_str want =
            gw_arena_printf(&arena, "{\"%.*s\":\"%.*s\",\"%.*s\":\"%.*s\"}", GW_STR_ARG(m),
                            GW_STR_ARG(m), GW_STR_ARG(m), GW_STR_ARG(m));
        if (!gw_str_eq(gw_buf_str(&buf), want))
            fail_msg("%s: written %.*s", surrogates[i].label, GW_STR_ARG(gw_buf_str(&buf)));
        gw_arena_finish(&arena);
        gw_buf_finish(&buf);
    }
    struct gw_buf small;
    gw_buf_init(&small, 3);
    assert_int_equal(gw_text_add(&small, GW_TEXT("four")), GW_TOO_LARGE);
    gw_buf_finish(&small);
}

static const struct {
    const char *label;
    struct gw_str raw, kept, cut;
} cuts[] = {
    {"nothing", GW_STR_INIT(""), GW_STR_INIT(""), {NULL, 0}},
    {"too short", GW_STR_INIT("ud83d"), GW_STR_INIT("ud83d"), {NULL, 0}},
    {"high at the end", GW_STR_INIT("a\\ud83d"), GW_STR_INIT("a"), GW_STR_INIT("\\ud83d")},
    {"only it, upper case", GW_STR_INIT("\\uDBFF"), GW_STR_INIT(""), GW_STR_INIT("\\uDBFF")},
    {"low at the end", GW_STR_INIT("\\ude00"), GW_STR_INIT("\\ude00"), {NULL, 0}},
    {"pair", GW_STR_INIT("\\ud83d\\ude00"), GW_STR_INIT("\\ud83d\\ude00"), {NULL, 0}},
    {"below", GW_STR_INIT("\\ud7ff"), GW_STR_INIT("\\ud7ff"), {NULL, 0}},
    {"escaped", GW_STR_INIT("\\\\ud83d"), GW_STR_INIT("\\\\ud83d"), {NULL, 0}},
    {"behind a backslash", GW_STR_INIT("\\\\\\ud83d"), GW_STR_INIT("\\\\"), GW_STR_INIT("\\ud83d")},
};

static void test_cut_surrogate(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cuts); i++) {
        struct gw_text text = {cuts[i].raw};
        struct gw_text cut = gw_text_cut_surrogate(&text);
        if (!gw_str_eq(text.raw, cuts[i].kept) || !gw_str_eq(cut.raw, cuts[i].cut) ||
            gw_text_present(cut) != (cuts[i].cut.len != 0))
            fail_msg("%s", cuts[i].label);
    }
}

static const struct {
    const char *label;
    struct gw_str raw;
    uint64_t count;
} counts[] = {
    {"nothing", GW_STR_INIT(""), 0},
    {"ASCII", GW_STR_INIT("ab c"), 4},
    {"two, three and four bytes", GW_STR_INIT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), 3},
    {"escapes", GW_STR_INIT("\\n\\\\\\u00e9x"), 4},
    {"a pair", GW_STR_INIT("a\\ud83d\\ude00b"), 3},
    {"halves that stand alone", GW_STR_INIT("\\ud83dx\\ude00"), 3},
    {"combining characters count for themselves", GW_STR_INIT("e\xcc\x81"), 2},
};

static void test_code_points(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(counts); i++)
        if (gw_text_code_points((struct gw_text){counts[i].raw}) != counts[i].count)
            fail_msg("%s", counts[i].label);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),         cmocka_unit_test(test_decode_and_equals),
        cmocka_unit_test(test_blank_and_trim), cmocka_unit_test(test_add_mends_lone_surrogates),
        cmocka_unit_test(test_cut_surrogate),  cmocka_unit_test(test_code_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
