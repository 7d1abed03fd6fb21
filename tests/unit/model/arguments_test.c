#include "unit/test.h"

#include "model/arguments.h"

#define STRING(text)                                                                               \
    {                                                                                              \
        .string = { GW_STR_INIT(text) }                                                            \
    }
#define VALUE(text)                                                                                \
    {                                                                                              \
        .json = GW_STR_INIT(text)                                                                  \
    }

static const struct {
    const char *label;
    struct gw_arguments arguments;
    const char *object, *string;
    bool rewritten;
} rows[] = {
    {"string: object", STRING("{\\\"a\\\":1.0}"), "{\"a\":1.0}", "{\\\"a\\\":1.0}", false},
    {"string: test_t11_25 numbers, order, blanks, duplicates stay",
     STRING(" {\\\"b\\\": 9007199254740993,\\n\\\"a\\\":-0,\\\"a\\\":1e5} "),
     " {\"b\": 9007199254740993,\n\"a\":-0,\"a\":1e5} ",
     " {\\\"b\\\": 9007199254740993,\\n\\\"a\\\":-0,\\\"a\\\":1e5} ", false},
    {"string: inner escapes stay", STRING("{\\\"a\\\":\\\"\\\\u00e9\\\\n\\\"}"),
     "{\"a\":\"\\u00e9\\n\"}", "{\\\"a\\\":\\\"\\\\u00e9\\\\n\\\"}", false},
    {"string: empty is an empty object (test_t11_22)", STRING(""), "{}", "{}", false},
    {"string: blank", STRING(" \\n\\t"), "{}", " \\n\\t", false},
    {"string: null", STRING(" null "), "{}", " null ", false},
    {"string: an array", STRING("[1]"), "{\"__raw_arguments\":\"[1]\"}", "[1]", true},
    {"string: cut", STRING("{\\\"a\\\":"), "{\"__raw_arguments\":\"{\\\"a\\\":\"}",
     "{\\\"a\\\":", true},
    {"string: two objects", STRING("{}{}"), "{\"__raw_arguments\":\"{}{}\"}", "{}{}", true},
    {"string: a control byte inside", STRING("{\\\"a\\\":\\\"\\u0000\\\"}"),
     "{\"__raw_arguments\":\"{\\\"a\\\":\\\"\\u0000\\\"}\"}", "{\\\"a\\\":\\\"\\u0000\\\"}", true},
    {"string: free text", STRING("ls -l"), "{\"__raw_arguments\":\"ls -l\"}", "ls -l", true},
    {"value: object", VALUE("{ \"a\" : \"\\\"\\u00e9\" }"), "{ \"a\" : \"\\\"\\u00e9\" }",
     "{ \\\"a\\\" : \\\"\\\\\\\"\\\\u00e9\\\" }", false},
    {"value: line ends", VALUE("{\n\"a\":1}"), "{\n\"a\":1}", "{\\n\\\"a\\\":1}", false},
    {"value: null", VALUE("null"), "{}", "null", false},
    {"value: a string", VALUE("\"x\""), "{\"__raw_arguments\":\"\\\"x\\\"\"}", "\\\"x\\\"", true},
    {"nothing", {{{NULL, 0}}, {NULL, 0}}, "{}", "{}", false},
};

static void test_arguments_in_both_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_arena arena;
        struct gw_ledger ledger = {0};
        gw_arena_init(&arena, NULL);
        struct gw_str object = gw_arguments_object(&rows[i].arguments, &arena, &ledger);
        if (!object.base || !gw_str_eq(object, gw_str_of(rows[i].object)))
            fail_msg("%s: %.*s", rows[i].label, GW_STR_ARG(object));
        if (ledger.count != rows[i].rewritten)
            fail_msg("%s: told", rows[i].label);
        struct gw_text string = gw_arguments_string(&rows[i].arguments, &arena);
        if (!gw_str_eq(string.raw, gw_str_of(rows[i].string)))
            fail_msg("%s: %.*s", rows[i].label, GW_STR_ARG(string.raw));
        assert_non_null(gw_arguments_object(&rows[i].arguments, &arena, NULL).base);
        gw_arena_finish(&arena);
    }
}

static const struct {
    const char *label;
    struct gw_arguments arguments;
    const char *input;
} customs[] = {
    {"value", VALUE("{\"input\":\"a\\n\\\"b\"}"), "a\\n\\\"b"},
    {"string", STRING("{\\\"input\\\":\\\"a\\\\nb\\\"}"), "a\\nb"},
    {"the last one counts", VALUE("{\"input\":\"a\",\"x\":{\"input\":\"c\"},\"input\":\"b\"}"),
     "b"},
    {"empty", VALUE("{\"input\":\"\"}"), ""},
    {"no string", VALUE("{\"input\":1}"), "{\\\"input\\\":1}"},
    {"no input", STRING("{\\\"a\\\":1}"), "{\\\"a\\\":1}"},
    {"cut", STRING("{\\\"input\\\":\\\"a"), "{\\\"input\\\":\\\"a"},
    {"no object", VALUE("[\"input\"]"), "[\\\"input\\\"]"},
    {"nothing", {{{NULL, 0}}, {NULL, 0}}, ""},
};

static void test_arguments_of_custom_tools(void **state)
{
    struct gw_arena arena;

    (void)state;
    gw_arena_init(&arena, NULL);
    for (size_t i = 0; i < GW_COUNT(customs); i++) {
        struct gw_text input = gw_arguments_to_custom(&customs[i].arguments, &arena);
        if (!gw_text_present(input) || !gw_str_eq(input.raw, gw_str_of(customs[i].input)))
            fail_msg("%s: %.*s", customs[i].label, GW_STR_ARG(input.raw));
        struct gw_arguments again = {.json = gw_arguments_of_custom(input, &arena)};
        struct gw_text back = gw_arguments_to_custom(&again, &arena);
        if (!gw_str_eq(back.raw, input.raw))
            fail_msg("%s: there and back", customs[i].label);
    }
    assert_true(gw_str_eq(gw_arguments_of_custom(GW_TEXT("a\\\"b"), &arena),
                          GW_STR("{\"input\":\"a\\\"b\"}")));
    assert_true(gw_str_eq(gw_arguments_of_custom((struct gw_text){{NULL, 0}}, &arena),
                          GW_STR("{\"input\":\"\"}")));
    gw_arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments_in_both_forms),
        cmocka_unit_test(test_arguments_of_custom_tools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
