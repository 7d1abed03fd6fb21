#include "unit/test.h"

#include "model/carrier.h"

static const struct {
    const char *label;
    struct gw_part part;
    unsigned index;
    const char *want;
} rows[] = {
    /* [{"k":"text","x":"a","s":"sig","i":0}] */
    {"signed reasoning",
     {.kind = GW_PART_REASONING,
      .family = GW_FAMILY_ANTHROPIC,
      .text = {GW_STR_INIT("a")},
      .signature = {GW_STR_INIT("sig")}},
     0,
     "gw1:a:W3siayI6InRleHQiLCJ4IjoiYSIsInMiOiJzaWciLCJpIjowfV0"},
    /* [{"k":"enc","id":null,"d":"x+/=","i":12}] */
    {"encrypted",
     {.kind = GW_PART_REDACTED, .family = GW_FAMILY_OPENAI, .data = {GW_STR_INIT("x+/=")}},
     12,
     "gw1:o:W3siayI6ImVuYyIsImlkIjpudWxsLCJkIjoieCsvPSIsImkiOjEyfV0"},
    {"encrypted, of an item",
     {.kind = GW_PART_REDACTED,
      .family = GW_FAMILY_OPENAI,
      .id = {GW_STR_INIT("rs_1")},
      .data = {GW_STR_INIT("x")}},
     0,
     NULL},
    {"redacted",
     {.kind = GW_PART_REDACTED, .family = GW_FAMILY_ANTHROPIC, .data = {GW_STR_INIT("opaque")}},
     1,
     NULL},
    {"a call's signature",
     {.kind = GW_PART_TOOL_CALL,
      .family = GW_FAMILY_GEMINI,
      .id = {GW_STR_INIT("call_1")},
      .gsig = {GW_STR_INIT("AbC=")}},
     3,
     NULL},
    {"a signature of no call",
     {.kind = GW_PART_TOOL_CALL, .family = GW_FAMILY_GEMINI, .gsig = {GW_STR_INIT("g")}},
     3,
     NULL},
    {"signature without text",
     {.kind = GW_PART_REASONING,
      .family = GW_FAMILY_OPENAI,
      .id = {GW_STR_INIT("rs_1")},
      .text = {GW_STR_INIT("")},
      .signature = {GW_STR_INIT("s")}},
     UINT32_MAX,
     NULL},
    {"plain text",
     {.kind = GW_PART_REASONING, .family = GW_FAMILY_PLAIN, .text = {GW_STR_INIT("hm")}},
     0,
     NULL},
    {"every byte of the text stays",
     {.kind = GW_PART_REASONING,
      .family = GW_FAMILY_ANTHROPIC,
      .text = {GW_STR_INIT(" \\u00e9\\n\\\"\\ud83d\\ude00\xc3\xa9\\u0000 ")},
      .signature = {GW_STR_INIT("s")}},
     0,
     NULL},
};

static bool same(struct gw_text a, struct gw_text b)
{
    return gw_text_present(a) == gw_text_present(b) && gw_str_eq(a.raw, b.raw);
}

static void test_carriers_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        const struct gw_part *part = &rows[i].part;
        struct gw_part *read;
        struct gw_arena arena;
        gw_arena_init(&arena, NULL);
        struct gw_text carrier = gw_carrier_write(part, rows[i].index, &arena);
        assert_true(gw_carrier_is(carrier));
        if (rows[i].want && !gw_str_eq(carrier.raw, gw_str_of(rows[i].want)))
            fail_msg("%s: %.*s", rows[i].label, GW_STR_ARG(carrier.raw));
        assert_int_equal(gw_carrier_read(carrier, &arena, &read), GW_OK);
        if (!read || read->next || read->kind != part->kind || read->family != part->family)
            fail_msg("%s: another block", rows[i].label);
        if (!same(read->text, part->text) || !same(read->signature, part->signature) ||
            !same(read->id, part->id) || !same(read->data, part->data) ||
            !same(read->gsig, part->gsig))
            fail_msg("%s: another text", rows[i].label);
        gw_arena_finish(&arena);
    }
}

/* Of all lengths, so that each kind of end of base64 is met. */
static void test_carriers_of_all_lengths(void **state)
{
    static char text[100];

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t len = 0; len < sizeof(text); len++) {
        struct gw_part part = {.kind = GW_PART_REDACTED,
                               .family = GW_FAMILY_ANTHROPIC,
                               .data = {{text, len}}},
                       *read;
        struct gw_arena arena;
        gw_arena_init(&arena, NULL);
        struct gw_text carrier = gw_carrier_write(&part, 0, &arena);
        assert_int_equal(gw_carrier_read(carrier, &arena, &read), GW_OK);
        assert_non_null(read);
        assert_true(same(read->data, part.data));
        gw_arena_finish(&arena);
    }
}

static const struct {
    const char *label;
    struct gw_str raw;
    bool is;
    const char *kinds; /* of the blocks that are read: t(ext) r(edacted) c(all) */
} hostile[] = {
    {"empty", GW_STR_INIT(""), false, ""},
    {"cut", GW_STR_INIT("gw1"), false, ""},
    {"another version", GW_STR_INIT("gw2:a:W10"), false, ""},
    {"another's", GW_STR_INIT("EqQBCgIYAhIM"), false, ""},
    {"only the mark", GW_STR_INIT("gw1:"), true, ""},
    {"no family", GW_STR_INIT("gw1::W10"), true, ""},
    {"unknown family", GW_STR_INIT("gw1:x:W10"), true, ""},
    {"no colon", GW_STR_INIT("gw1:aW10"), true, ""},
    {"nothing in it", GW_STR_INIT("gw1:a:"), true, ""},
    {"empty array", GW_STR_INIT("gw1:a:W10"), true, ""},
    {"one digit too many", GW_STR_INIT("gw1:a:W10AA"), true, ""},
    {"one digit behind whole groups", GW_STR_INIT("gw1:a:W3siayI6InJlZCIsImQiOiJ4In1dA"), true, ""},
    {"padding", GW_STR_INIT("gw1:a:W10="), true, ""},
    {"no base64", GW_STR_INIT("gw1:a:W1*0"), true, ""},
    {"other base64", GW_STR_INIT("gw1:a:W1+/"), true, ""},
    {"no JSON", GW_STR_INIT("gw1:a:W1s"), true, ""},
    {"an object", GW_STR_INIT("gw1:a:e30"), true, ""},
    {"written with escapes", GW_STR_INIT("g\\u0077\\u0031:a:W3siayI6InJlZCIsImQiOiJ4In1d"), true,
     "r"},
    /* [{"k":"red","d":"x"},null,{"k":"nix"},{"k":1},{"k":"red"},{"k":"text","x":1},{"k":"gsig","c":"x"},
       {"k":"text","x":"","s":null},{"k":"gsig","d":"y"}] */
    {"blocks that are none are skipped",
     GW_STR_INIT(
         "gw1:g:W3siayI6InJlZCIsImQiOiJ4In0sbnVsbCx7ImsiOiJuaXgifSx7ImsiOjF9LHsiayI6InJlZCJ9LHsi"
         "ayI6InRleHQiLCJ4IjoxfSx7ImsiOiJnc2lnIiwiYyI6IngifSx7ImsiOiJ0ZXh0IiwieCI6IiIsInMiOm51bGx9"
         "LHsiayI6ImdzaWciLCJkIjoieSJ9XQ"),
     true, "rtc"},
};

static void test_hostile_carriers(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(hostile); i++) {
        struct gw_text data = {hostile[i].raw};
        struct gw_part *part = &(struct gw_part){0};
        struct gw_arena arena;
        char kinds[8] = "";
        size_t len = 0;
        gw_arena_init(&arena, NULL);
        if (gw_carrier_is(data) != hostile[i].is)
            fail_msg("%s: is", hostile[i].label);
        assert_int_equal(gw_carrier_read(data, &arena, &part), GW_OK);
        for (; part && len < sizeof(kinds) - 1; part = part->next)
            kinds[len++] = part->kind == GW_PART_REASONING   ? 't'
                           : part->kind == GW_PART_TOOL_CALL ? 'c'
                                                             : 'r';
        if (strcmp(kinds, hostile[i].kinds) != 0)
            fail_msg("%s: %s", hostile[i].label, kinds);
        gw_arena_finish(&arena);
    }
    assert_false(gw_carrier_is((struct gw_text){{NULL, 0}}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_carriers_come_back),
        cmocka_unit_test(test_carriers_of_all_lengths),
        cmocka_unit_test(test_hostile_carriers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
