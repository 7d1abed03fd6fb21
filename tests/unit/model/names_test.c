#include "unit/test.h"

#include <stdio.h>

#include "model/names.h"

#define X31 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X40 X31 "xxxxxxxxx"
#define X55 X40 "xxxxxxxxxxxxxxx"
#define X64 X55 "xxxxxxxxx"
#define E31                                                                                        \
    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"             \
    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"             \
    "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
#define E40 E31 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"

static const struct {
    const char *label;
    struct gw_str raw;
    enum gw_id_rule rule;
    const char *want; /* NULL: as it is */
} ids[] = {
    {"any", GW_STR_INIT("a.b:c \\u0000"), GW_ID_ANY, NULL},
    {"messages: usual", GW_STR_INIT("toolu_01-Ab"), GW_ID_MESSAGES, NULL},
    {"messages: 64", GW_STR_INIT(X64), GW_ID_MESSAGES, NULL},
    {"messages: 65", GW_STR_INIT(X64 "x"), GW_ID_MESSAGES, X55 "_9537c5fd"},
    {"messages: test_t11_33 dots and colons", GW_STR_INIT("toolu.a:b"), GW_ID_MESSAGES,
     "toolu_a_b_b28baa9f"},
    {"messages: as an escape", GW_STR_INIT("toolu\\u002ea:b"), GW_ID_MESSAGES,
     "toolu_a_b_b28baa9f"},
    {"messages: one for each character", GW_STR_INIT(E40 "\xc3\xa9"), GW_ID_MESSAGES,
     "_________________________________________"
     "_91671059"},
    {"messages: empty", GW_STR_INIT(""), GW_ID_MESSAGES, "_e3b0c442"},
    {"chat: 40", GW_STR_INIT(X40), GW_ID_CHAT, NULL},
    {"chat: test_t11_34 41", GW_STR_INIT(X40 "x"), GW_ID_CHAT, X31 "_3164596d"},
    {"chat: 40 of two bytes", GW_STR_INIT(E40), GW_ID_CHAT, NULL},
    {"chat: 41 of two bytes", GW_STR_INIT(E40 "\xc3\xa9"), GW_ID_CHAT, E31 "_91671059"},
    {"chat: anything else", GW_STR_INIT("functions.f:0"), GW_ID_CHAT, NULL},
    {"responses: 64", GW_STR_INIT(X64), GW_ID_RESPONSES, NULL},
    {"responses: 65", GW_STR_INIT(X64 "x"), GW_ID_RESPONSES, X55 "_9537c5fd"},
    {"nine: nine", GW_STR_INIT("aB3456789"), GW_ID_NINE, NULL},
    {"nine: ten", GW_STR_INIT("aB34567890"), GW_ID_NINE, "e6f6ecba2"},
    {"nine: test_t11_31 usual", GW_STR_INIT("call_abcdefgh"), GW_ID_NINE, "36f471eda"},
    {"nine: test_t11_32 hashed, not filtered", GW_STR_INIT("tooluse_abcdef"), GW_ID_NINE,
     "f344c7cc0"},
};

static void test_ids(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(ids); i++) {
        struct gw_arena arena;
        gw_arena_init(&arena, NULL);
        struct gw_text id = {ids[i].raw};
        struct gw_text made = gw_call_id(id, ids[i].rule, &arena);
        struct gw_str want = ids[i].want ? gw_str_of(ids[i].want) : ids[i].raw;
        if (!gw_text_present(made) || !gw_str_eq(made.raw, want))
            fail_msg("%s: %.*s", ids[i].label, GW_STR_ARG(made.raw));
        if (!ids[i].want && made.raw.base != ids[i].raw.base)
            fail_msg("%s: copied", ids[i].label);
        /* What was made fits, so that a second gateway on the way changes nothing. */
        if (!gw_str_eq(gw_call_id(made, ids[i].rule, &arena).raw, made.raw))
            fail_msg("%s: does not fit", ids[i].label);
        gw_arena_finish(&arena);
    }
}

/* A prefix of escapes is cut between characters. */
static void test_ids_keep_escapes(void **state)
{
    struct gw_arena arena;

    (void)state;
    gw_arena_init(&arena, NULL);
    struct gw_text made = gw_call_id(GW_TEXT("\\\"\\n" X40), GW_ID_CHAT, &arena);
    assert_true(gw_str_starts(made.raw, GW_STR("\\\"\\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_")));
    assert_int_equal(made.raw.len, 42);
    gw_arena_finish(&arena);
}

static void test_minted_ids(void **state)
{
    struct gw_str seed = GW_STR("0123456789abcdef"), other = GW_STR("0123456789abcdeF");
    struct gw_arena arena;

    (void)state;
    gw_arena_init(&arena, NULL);
    struct gw_text first = gw_call_id_mint(GW_STR("toolu_"), seed, 0, &arena);
    assert_int_equal(first.raw.len, 30);
    assert_true(gw_str_starts(first.raw, GW_STR("toolu_")));
    assert_true(gw_str_eq(gw_call_id(first, GW_ID_MESSAGES, &arena).raw, first.raw));
    assert_int_equal(gw_str_find(gw_str_from(first.raw, 6), '_'), 24);
    assert_int_equal(gw_str_find(first.raw, '-'), 30);
    assert_true(gw_str_eq(gw_call_id_mint(GW_STR("toolu_"), seed, 0, &arena).raw, first.raw));
    assert_false(gw_str_eq(gw_call_id_mint(GW_STR("toolu_"), seed, 1, &arena).raw, first.raw));
    assert_false(gw_str_eq(gw_call_id_mint(GW_STR("toolu_"), other, 0, &arena).raw, first.raw));
    assert_int_equal(gw_call_id_mint(GW_STR(""), GW_STR(""), 0, &arena).raw.len, 24);
    gw_arena_finish(&arena);
}

/* ---- names ---- */

#define NAMES_MAX 6

static const struct {
    const char *label;
    size_t bytes_max;
    struct gw_text tools[NAMES_MAX]; /* absent: end */
    struct gw_text calls[NAMES_MAX];
    const char *want_tools[NAMES_MAX], *want_calls[NAMES_MAX];
    bool mapped;
} rows[] = {
    {"all fit",
     64,
     {{GW_STR_INIT("a")}, {GW_STR_INIT(X64)}},
     {{GW_STR_INIT("a")}, {GW_STR_INIT("B-_9")}},
     {"a", X64},
     {"a", "B-_9"},
     false},
    {"bad characters",
     64,
     {{GW_STR_INIT("read file")}, {GW_STR_INIT("a.b:c")}, {GW_STR_INIT("\xc3\xa9!")}},
     {{GW_STR_INIT("a.b:c")}, {GW_STR_INIT("read\\u0020file")}},
     {"read_file", "a_b_c", "__"},
     {"a_b_c", "read_file"},
     true},
    {"too long",
     64,
     {{GW_STR_INIT(X64 "x")}},
     {{GW_STR_INIT(X64 "x")}},
     {X55 "_9537c5fd"},
     {X55 "_9537c5fd"},
     true},
    {"128 are enough for Anthropic",
     128,
     {{GW_STR_INIT(X64 X64)}},
     {{{NULL, 0}}},
     {X64 X64},
     {0},
     false},
    {"129 are not",
     128,
     {{GW_STR_INIT(X64 X64 "x")}},
     {{{NULL, 0}}},
     {X64 X55 "_0ec9eb33"},
     {0},
     true},
    {"collision with one that fits, which comes later",
     64,
     {{GW_STR_INIT("read file")}, {GW_STR_INIT("read_file")}},
     {{GW_STR_INIT("read_file")}, {GW_STR_INIT("read file")}},
     {"read_file_1214148e", "read_file"},
     {"read_file", "read_file_1214148e"},
     true},
    {"collision of two that do not fit",
     64,
     {{GW_STR_INIT("a.b")}, {GW_STR_INIT("a:b")}, {GW_STR_INIT("a b")}},
     {{{NULL, 0}}},
     {"a_b", "a_b_6783a31e", "a_b_c8687a08"},
     {0},
     true},
    {"only in the history",
     64,
     {{GW_STR_INIT("a")}},
     {{GW_STR_INIT("a:")}, {GW_STR_INIT("a_")}},
     {"a"},
     {"a__bfc622d4", "a_"},
     true},
    {"empty", 64, {{GW_STR_INIT("")}}, {{{NULL, 0}}}, {"_e3b0c442"}, {0}, true},
    {"the name with the hash is taken as well",
     64,
     {{GW_STR_INIT("read file")}, {GW_STR_INIT("read_file")}, {GW_STR_INIT("read_file_1214148e")}},
     {{{NULL, 0}}},
     {"read_file_31fcfc73", "read_file", "read_file_1214148e"},
     {0},
     true},
};

struct built {
    struct gw_request request;
    struct gw_arena arena;
    struct gw_tool tools[NAMES_MAX];
    struct gw_part parts[NAMES_MAX];
    struct gw_message message;
};

static void build(struct built *built, const struct gw_text *tools, const struct gw_text *calls)
{
    *built = (struct built){0};
    gw_arena_init(&built->arena, NULL);
    built->request.arena = &built->arena;
    for (size_t i = 0; i < NAMES_MAX && gw_text_present(tools[i]); i++) {
        built->tools[i].name = tools[i];
        built->request.tools = &built->tools[0];
        if (i)
            built->tools[i - 1].next = &built->tools[i];
    }
    for (size_t i = 0; i < NAMES_MAX && gw_text_present(calls[i]); i++) {
        built->parts[i] = (struct gw_part){.kind = i % 2 ? GW_PART_TOOL_RESULT : GW_PART_TOOL_CALL,
                                           .name = calls[i]};
        built->message.parts = &built->parts[0];
        if (i)
            built->parts[i - 1].next = &built->parts[i];
    }
    built->request.messages = &built->message;
}

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct built built;
        struct gw_name_map *map;
        build(&built, rows[i].tools, rows[i].calls);
        assert_int_equal(gw_names_apply(&built.request, rows[i].bytes_max, &map), GW_OK);
        if ((map != NULL) != rows[i].mapped)
            fail_msg("%s: map", rows[i].label);
        for (size_t j = 0; j < NAMES_MAX && rows[i].want_tools[j]; j++) {
            struct gw_text name = built.tools[j].name;
            if (!gw_text_equals(name, gw_str_of(rows[i].want_tools[j])))
                fail_msg("%s: tool %zu: %.*s", rows[i].label, j, GW_STR_ARG(name.raw));
            if (!gw_str_eq(gw_names_restore(map, name).raw, rows[i].tools[j].raw))
                fail_msg("%s: tool %zu is not restored", rows[i].label, j);
        }
        for (size_t j = 0; j < NAMES_MAX && rows[i].want_calls[j]; j++) {
            struct gw_text name = built.parts[j].name;
            if (!gw_text_equals(name, gw_str_of(rows[i].want_calls[j])))
                fail_msg("%s: call %zu: %.*s", rows[i].label, j, GW_STR_ARG(name.raw));
        }
        assert_true(gw_str_eq(gw_names_restore(map, GW_TEXT("unknown")).raw, GW_STR("unknown")));
        gw_arena_finish(&built.arena);
    }
}

static void test_names_of_choice_and_allowed(void **state)
{
    static const struct gw_text tools[NAMES_MAX] = {{GW_STR_INIT("a.b")}, {GW_STR_INIT("c")}},
                                calls[NAMES_MAX] = {{{NULL, 0}}};
    struct gw_name_list second = {GW_TEXT("c"), NULL}, first = {GW_TEXT("a.b"), &second};
    struct gw_tool hosted = {.kind = GW_TOOL_HOSTED, .name = GW_TEXT("web.search")};
    struct gw_name_map *map;
    struct built built;

    (void)state;
    build(&built, tools, calls);
    built.tools[1].next = &hosted;
    built.request.allowed = &first;
    built.request.tool_choice = GW_CHOICE_TOOL;
    built.request.tool_choice_name = GW_TEXT("a.b");
    assert_int_equal(gw_names_apply(&built.request, 64, &map), GW_OK);
    assert_true(gw_text_equals(first.name, GW_STR("a_b")));
    assert_true(gw_text_equals(second.name, GW_STR("c")));
    assert_true(gw_text_equals(built.request.tool_choice_name, GW_STR("a_b")));
    assert_true(gw_text_equals(hosted.name, GW_STR("web.search")));
    gw_arena_finish(&built.arena);
}

static void test_names_with_a_namespace(void **state)
{
    static const struct gw_text tools[NAMES_MAX] = {{GW_STR_INIT("f")}, {GW_STR_INIT("a.b")}},
                                calls[NAMES_MAX] = {{GW_STR_INIT("f")}};
    struct gw_name_map *map;
    struct built built;

    (void)state;
    build(&built, tools, calls);
    built.tools[0].space = built.tools[1].space = built.parts[0].space = GW_TEXT("ns");
    assert_int_equal(gw_names_apply(&built.request, 64, &map), GW_OK);
    assert_true(gw_text_equals(built.tools[0].name, GW_STR("ns__f")));
    assert_true(gw_text_equals(built.tools[0].space, GW_STR("ns")));
    assert_true(gw_text_equals(built.parts[0].name, GW_STR("ns__f")));
    assert_true(gw_text_equals(built.tools[1].name, GW_STR("ns__a_b")));
    assert_true(gw_text_equals(gw_names_restore(map, GW_TEXT("ns__a_b")), GW_STR("ns__a.b")));
    assert_true(gw_text_equals(gw_names_restore(map, GW_TEXT("ns__f")), GW_STR("ns__f")));
    gw_arena_finish(&built.arena);
}

/* Whatever they are called: each fits, none is like another, each comes back. */
static void test_many_names(void **state)
{
    enum { COUNT = 500 };
    static struct gw_tool tools[COUNT];
    static char names[COUNT][80];
    static struct gw_text before[COUNT];
    struct gw_request request = {0};
    struct gw_arena arena;
    struct gw_name_map *map;

    (void)state;
    gw_arena_init(&arena, NULL);
    request.arena = &arena;
    request.tools = tools;
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "%s%c%d", i % 3 ? X64 : "n", " .:_"[i % 4],
                       i / 4);
        before[i] = (struct gw_text){gw_str_of(names[i])};
        tools[i] =
            (struct gw_tool){.name = before[i], .next = i + 1 < COUNT ? &tools[i + 1] : NULL};
    }
    assert_int_equal(gw_names_apply(&request, 64, &map), GW_OK);
    for (int i = 0; i < COUNT; i++) {
        assert_true(
            gw_str_eq(gw_call_id(tools[i].name, GW_ID_MESSAGES, &arena).raw, tools[i].name.raw));
        assert_true(gw_str_eq(gw_names_restore(map, tools[i].name).raw, before[i].raw));
        for (int j = 0; j < i; j++)
            if (gw_str_eq(tools[i].name.raw, tools[j].name.raw))
                fail_msg("%s and %s are one", names[i], names[j]);
    }
    gw_arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_ids_keep_escapes),
        cmocka_unit_test(test_minted_ids),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_of_choice_and_allowed),
        cmocka_unit_test(test_names_with_a_namespace),
        cmocka_unit_test(test_many_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
