#include "unit/test.h"

#include "model/schema.h"

static const struct {
    const char *label, *in, *out, *said; /* NULL: as it was; said NULL: nothing */
} tools[] = {
    {"an object", "{\"type\":\"object\", \"properties\":{\"a\":{}}}", NULL, NULL},
    {"only the root", "{\"type\":\"object\",\"properties\":{\"a\":{\"oneOf\":[]}}}", NULL, NULL},
    {"properties of such names (test_t11_46)",
     "{\"type\":\"object\",\"properties\":{\"oneOf\":{},\"type\":{}}}", NULL, NULL},
    {"without a type", "{\"properties\":{ \"a\" : {} }}",
     "{\"type\":\"object\",\"properties\":{ \"a\" : {} }}", NULL},
    {"empty", "{}", "{\"type\":\"object\"}", NULL},
    {"no object", "true", "{\"type\":\"object\",\"properties\":{}}", NULL},
    {"null", "null", "{\"type\":\"object\",\"properties\":{}}", NULL},
    {"combined", "{\"type\":\"object\",\"oneOf\":[{\"required\":[\"a\"]}],\"title\":\"t\"}",
     "{\"type\":\"object\",\"title\":\"t\"}", "oneOf: [{\\\"required\\\":[\\\"a\\\"]}]"},
    {"combined, without a type", "{\"anyOf\":[],\"allOf\":[1]}", "{\"type\":\"object\"}",
     "anyOf: []\\nallOf: [1]"},
    {"combined as an escape", "{\"any\\u004ff\":[]}", "{\"type\":\"object\"}", "any\\u004ff: []"},
    {"numbers stay", "{\"maximum\":1e400,\"default\":-0}",
     "{\"type\":\"object\",\"maximum\":1e400,\"default\":-0}", NULL},
};

static void test_schemas_of_tools(void **state)
{
    struct gw_arena arena;
    struct gw_str schema;
    struct gw_text said;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(tools); i++) {
        struct gw_str in = gw_str_of(tools[i].in);
        gw_arena_init(&arena, NULL);
        assert_int_equal(gw_schema_of_tool(in, &arena, &schema, &said), GW_OK);
        if (tools[i].out ? !gw_str_eq(schema, gw_str_of(tools[i].out)) : schema.base != in.base)
            fail_msg("%s: %.*s", tools[i].label, GW_STR_ARG(schema));
        if (gw_text_present(said) != (tools[i].said != NULL) ||
            (tools[i].said && !gw_str_eq(said.raw, gw_str_of(tools[i].said))))
            fail_msg("%s: said %.*s", tools[i].label, GW_STR_ARG(said.raw));
        gw_arena_finish(&arena);
    }
    gw_arena_init(&arena, NULL);
    assert_int_equal(gw_schema_of_tool((struct gw_str){NULL, 0}, &arena, &schema, &said), GW_OK);
    assert_true(gw_str_eq(schema, GW_STR("{\"type\":\"object\",\"properties\":{}}")));
    assert_int_equal(gw_schema_of_tool(GW_STR("{"), &arena, &schema, &said), GW_INVALID);
    gw_arena_finish(&arena);
}

#define CLOSED ",\"additionalProperties\":false}"

static const struct {
    const char *label, *in, *out; /* NULL: as it was */
} strict[] = {
    {"nothing to do", "{ \"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}" CLOSED,
     NULL},
    {"no object", "{\"type\":\"string\",\"enum\":[\"b\",\"a\"],\"format\":\"date\"}", NULL},
    {"true", "true", NULL},
    {"objects are closed",
     "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":[\"null\",\"object\"]}}}",
     "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":[\"null\",\"object\"]" CLOSED
     "}" CLOSED},
    {"by their properties", "{\"properties\":{}}", "{\"properties\":{}" CLOSED},
    {"in its place",
     "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"},\"title\":\"t\"}",
     "{\"type\":\"object\",\"additionalProperties\":false,\"title\":\"t\"}"},
    {"once", "{\"type\":\"object\",\"additionalProperties\":true,\"additionalProperties\":false}",
     "{\"type\":\"object\"" CLOSED},
    {"limits are said", "{\"type\":\"integer\",\"minimum\":1.0,\"maximum\":1e2}",
     "{\"type\":\"integer\",\"description\":\"minimum: 1.0, maximum: 1e2\"}"},
    {"limits are said behind what is there",
     "{\"description\":\"An \\\"a\\\".\",\"pattern\":\"^\\\\d\\\"$\",\"type\":\"string\"}",
     "{\"description\":\"An \\\"a\\\".\\npattern: ^\\\\d\\\"$\",\"type\":\"string\"}"},
    {"the last description counts", "{\"description\":\"a\",\"minLength\":1,\"description\":\"b\"}",
     "{\"description\":\"b\\nminLength: 1\"}"},
    {"a description that is none", "{\"description\":1,\"minLength\":1}",
     "{\"description\":\"minLength: 1\"}"},
    {"an empty one", "{\"description\":\"\",\"minLength\":1}",
     "{\"description\":\"minLength: 1\"}"},
    {"all that is refused",
     "{\"exclusiveMinimum\":1,\"exclusiveMaximum\":2,\"multipleOf\":3,\"minLength\":4,"
     "\"maxLength\":5,"
     "\"minItems\":6,\"maxItems\":7,\"uniqueItems\":true,\"minProperties\":8,\"maxProperties\":9,"
     "\"not\":{\"type\":\"null\"}}",
     "{\"description\":\"exclusiveMinimum: 1, exclusiveMaximum: 2, multipleOf: 3, minLength: 4, "
     "maxLength: 5, minItems: 6, maxItems: 7, uniqueItems: true, minProperties: 8, maxProperties: "
     "9, "
     "not: {\\\"type\\\":\\\"null\\\"}\"}"},
    {"formats that are known",
     "{\"anyOf\":[{\"format\":\"date-time\"},{\"format\":\"time\"},{\"format\":\"duration\"},{"
     "\"format\":"
     "\"email\"},{\"format\":\"hostname\"},{\"format\":\"uri\"},{\"format\":\"ipv4\"},{\"format\":"
     "\"ipv6\"},"
     "{\"format\":\"uuid\"}]}",
     NULL},
    {"formats that are not", "{\"format\":\"int32\"}", "{\"description\":\"format: int32\"}"},
    {"format that is no text", "{\"format\":1}", "{\"description\":\"format: 1\"}"},
    {"oneOf", "{\"oneOf\":[{\"type\":\"object\"},{\"minimum\":1}]}",
     "{\"anyOf\":[{\"type\":\"object\"" CLOSED ",{\"description\":\"minimum: 1\"}]}"},
    {"oneOf beside anyOf", "{\"oneOf\":[{\"minimum\":1}],\"anyOf\":[]}",
     "{\"anyOf\":[],\"description\":\"oneOf: [{\\\"minimum\\\":1}]\"}"},
    {"test_t11_46 names are no keywords",
     "{\"properties\":{\"pattern\":{},\"title\":{},\"minimum\":{\"maximum\":2},\"oneOf\":{},"
     "\"format\":{},"
     "\"properties\":{\"properties\":{\"not\":{}}" CLOSED "}" CLOSED,
     "{\"properties\":{\"pattern\":{},\"title\":{},\"minimum\":{\"description\":\"maximum: "
     "2\"},\"oneOf\":{},"
     "\"format\":{},\"properties\":{\"properties\":{\"not\":{}}" CLOSED "}" CLOSED},
    {"in definitions",
     "{\"$defs\":{\"not\":{\"minimum\":1}},\"definitions\":{\"$ref\":{\"minimum\":1}},"
     "\"patternProperties\":{\"^a\":{\"minimum\":1}}}",
     "{\"$defs\":{\"not\":{\"description\":\"minimum: "
     "1\"}},\"definitions\":{\"$ref\":{\"description\":"
     "\"minimum: 1\"}},\"patternProperties\":{\"^a\":{\"description\":\"minimum: 1\"}}}"},
    {"in items, alone and listed",
     "{\"items\":{\"minimum\":1},\"prefixItems\":[{\"minimum\":1},true],\"allOf\":[{\"items\":[{"
     "\"minimum\":1}]}]}",
     "{\"items\":{\"description\":\"minimum: 1\"},\"prefixItems\":[{\"description\":\"minimum: "
     "1\"},true],"
     "\"allOf\":[{\"items\":[{\"description\":\"minimum: 1\"}]}]}"},
    {"values are values",
     "{\"const\":{\"minimum\":1},\"enum\":[{\"type\":\"object\"}],\"default\":{\"pattern\":\"a\"},"
     "\"examples\":[{\"not\":1}],\"required\":[\"pattern\"],\"x-any\":{\"minimum\":1}}",
     NULL},
    {"what is not as it should be is copied", "{\"properties\":[],\"anyOf\":{},\"items\":1}",
     "{\"properties\":[],\"anyOf\":{},\"items\":1" CLOSED},
    {"order stays", "{\"z\":1,\"minimum\":2,\"type\":\"object\",\"a\":3}",
     "{\"z\":1,\"type\":\"object\",\"a\":3,\"description\":\"minimum: 2\"" CLOSED},
};

static void test_strict_schemas(void **state)
{
    struct gw_arena arena;
    struct gw_str schema;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(strict); i++) {
        struct gw_str in = gw_str_of(strict[i].in), again;
        gw_arena_init(&arena, NULL);
        assert_int_equal(gw_schema_strict(in, &arena, &schema), GW_OK);
        if (strict[i].out ? !gw_str_eq(schema, gw_str_of(strict[i].out)) : schema.base != in.base)
            fail_msg("%s: %.*s", strict[i].label, GW_STR_ARG(schema));
        assert_int_equal(gw_schema_strict(schema, &arena, &again), GW_OK);
        if (again.base != schema.base)
            fail_msg("%s: again %.*s", strict[i].label, GW_STR_ARG(again));
        gw_arena_finish(&arena);
    }
    gw_arena_init(&arena, NULL);
    assert_int_equal(gw_schema_strict(GW_STR("{\"a\":}"), &arena, &schema), GW_INVALID);
    assert_int_equal(gw_schema_strict((struct gw_str){NULL, 0}, &arena, &schema), GW_INVALID);
    gw_arena_finish(&arena);
}

/* As deep as the reader goes, and a level more. */
static void test_deep_schemas(void **state)
{
    struct gw_arena arena;
    struct gw_buf in;
    struct gw_str schema;

    (void)state;
    for (int depth = 127; depth <= 128; depth++) {
        gw_arena_init(&arena, NULL);
        gw_buf_init(&in, 1 << 20);
        for (int i = 0; i < depth; i++)
            assert_int_equal(gw_buf_add(&in, GW_STR("{\"items\":")), GW_OK);
        assert_int_equal(gw_buf_add(&in, GW_STR("{\"minimum\":1}")), GW_OK);
        for (int i = 0; i < depth; i++)
            assert_int_equal(gw_buf_add_c(&in, '}'), GW_OK);
        enum gw_status status = gw_schema_strict(gw_buf_str(&in), &arena, &schema);
        assert_int_equal(status, depth == 127 ? GW_OK : GW_INVALID);
        if (status == GW_OK)
            assert_int_equal(schema.len, gw_buf_len(&in) +
                                             strlen("\"description\":\"minimum: 1\"") -
                                             strlen("\"minimum\":1"));
        gw_buf_finish(&in);
        gw_arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schemas_of_tools),
        cmocka_unit_test(test_strict_schemas),
        cmocka_unit_test(test_deep_schemas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
