#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "unit/wire/json_rewrite.h"

#define TOKENS_MAX 4096u
#define VALID SIZE_MAX /* no fault */

/* Where cJSON knows better or worse than RFC 8259; its verdict is then the opposite of ours. */
enum oracle { AGREES, DIFFERS };

static const struct {
    const char *label;
    struct gw_str text;
    size_t fault_at;
    enum oracle cjson;
} documents[] = {
    {"object", GW_STR_INIT("{}"), VALID, AGREES},
    {"array", GW_STR_INIT("[]"), VALID, AGREES},
    {"string", GW_STR_INIT("\"\""), VALID, AGREES},
    {"number", GW_STR_INIT("0"), VALID, AGREES},
    {"null", GW_STR_INIT("null"), VALID, AGREES},
    {"true", GW_STR_INIT(" true "), VALID, AGREES},
    {"false", GW_STR_INIT("\t\r\nfalse\n"), VALID, AGREES},
    {"blanks all over", GW_STR_INIT(" { \"a\" : [ 1 , 2 ] , \"b\" : { } } "), VALID, AGREES},
    {"empty key", GW_STR_INIT("{\"\":0}"), VALID, AGREES},
    {"duplicate keys", GW_STR_INIT("{\"a\":1,\"a\":2}"), VALID, AGREES},
    {"all escapes", GW_STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\""), VALID,
     AGREES},
    {"escaped NUL", GW_STR_INIT("\"a\\u0000b\""), VALID, AGREES},
    {"lone surrogates (cJSON: refused)", GW_STR_INIT("[\"\\ud83d\",\"\\ude00\"]"), VALID, DIFFERS},
    {"UTF-8", GW_STR_INIT("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\""), VALID,
     AGREES},
    {"DEL and U+2028", GW_STR_INIT("\"\x7f\xe2\x80\xa8\""), VALID, AGREES},
    {"numbers", GW_STR_INIT("[0,-0,1,-12,0.5,10.25,1e1,1E+2,-1.5e-3,0e0]"), VALID, AGREES},
    {"number too large for a double", GW_STR_INIT("[1e999,123456789012345678901234567890]"), VALID,
     AGREES},
    {"nothing", GW_STR_INIT(""), 0, AGREES},
    {"blanks", GW_STR_INIT("  "), 2, AGREES},
    {"byte order mark (cJSON: skipped)", GW_STR_INIT("\xef\xbb\xbf{}"), 0, DIFFERS},
    {"two values", GW_STR_INIT("1 2"), 2, AGREES},
    {"bytes behind", GW_STR_INIT("{}x"), 2, AGREES},
    {"NUL behind", GW_STR_INIT("{}\0x"), 2, AGREES},
    {"NUL in front (cJSON: blank)", GW_STR_INIT("\0{}"), 0, DIFFERS},
    {"form feed as a blank (cJSON: blank)", GW_STR_INIT("[\x0c]"), 1, DIFFERS},
    {"vertical tab behind (cJSON: blank)", GW_STR_INIT("[]\x0b"), 2, DIFFERS},
    {"no-break space", GW_STR_INIT("\xc2\xa0[]"), 0, AGREES},
    {"open object", GW_STR_INIT("{"), 1, AGREES},
    {"open array", GW_STR_INIT("[1,2"), 4, AGREES},
    {"open string", GW_STR_INIT("\"abc"), 4, AGREES},
    {"open escape", GW_STR_INIT("\"abc\\"), 4, AGREES},
    {"string ends in an escape", GW_STR_INIT("\"abc\\\""), 6, AGREES},
    {"closed only", GW_STR_INIT("]"), 0, AGREES},
    {"closed twice", GW_STR_INIT("[]]"), 2, AGREES},
    {"closed by the other kind", GW_STR_INIT("[}"), 1, AGREES},
    {"closed by the other kind, object", GW_STR_INIT("{\"a\":1]"), 6, AGREES},
    {"comma first", GW_STR_INIT("[,1]"), 1, AGREES},
    {"comma last", GW_STR_INIT("[1,]"), 3, AGREES},
    {"comma last, object", GW_STR_INIT("{\"a\":1,}"), 7, AGREES},
    {"comma alone", GW_STR_INIT("{,}"), 1, AGREES},
    {"two commas", GW_STR_INIT("[1,,2]"), 3, AGREES},
    {"no comma", GW_STR_INIT("[1 2]"), 3, AGREES},
    {"no comma, object", GW_STR_INIT("{\"a\":1 \"b\":2}"), 7, AGREES},
    {"no colon", GW_STR_INIT("{\"a\" 1}"), 5, AGREES},
    {"no value", GW_STR_INIT("{\"a\":}"), 5, AGREES},
    {"key only", GW_STR_INIT("{\"a\"}"), 4, AGREES},
    {"colon in an array", GW_STR_INIT("[\"a\":1]"), 4, AGREES},
    {"key is no string", GW_STR_INIT("{1:2}"), 1, AGREES},
    {"key is an array", GW_STR_INIT("{[]:2}"), 1, AGREES},
    {"single quotes", GW_STR_INIT("['a']"), 1, AGREES},
    {"comment", GW_STR_INIT("[1/**/]"), 2, AGREES},
    {"control byte in a string (cJSON: kept)", GW_STR_INIT("\"a\nb\""), 2, DIFFERS},
    {"NUL in a string (cJSON: kept)", GW_STR_INIT("\"a\0b\""), 2, DIFFERS},
    {"control byte in a key (cJSON: kept)", GW_STR_INIT("{\"\x1f\":1}"), 2, DIFFERS},
    {"unknown escape", GW_STR_INIT("\"\\x41\""), 1, AGREES},
    {"escaped single quote", GW_STR_INIT("\"\\'\""), 1, AGREES},
    {"escaped line end", GW_STR_INIT("\"\\\n\""), 1, AGREES},
    {"short escape", GW_STR_INIT("\"\\u12\""), 1, AGREES},
    {"bad hex (cJSON: NUL)", GW_STR_INIT("\"\\u00g0\""), 1, DIFFERS},
    {"backslash outside", GW_STR_INIT("[\\\"a\"]"), 1, AGREES},
    {"UTF-8: continuation (cJSON: kept)", GW_STR_INIT("\"\x80\""), 1, DIFFERS},
    {"UTF-8: overlong (cJSON: kept)", GW_STR_INIT("\"\xc0\xaf\""), 1, DIFFERS},
    {"UTF-8: overlong, three (cJSON: kept)", GW_STR_INIT("\"\xe0\x80\xaf\""), 1, DIFFERS},
    {"UTF-8: surrogate (cJSON: kept)", GW_STR_INIT("\"\xed\xa0\x80\""), 1, DIFFERS},
    {"UTF-8: past the end (cJSON: kept)", GW_STR_INIT("\"\xf4\x90\x80\x80\""), 1, DIFFERS},
    {"UTF-8: cut by the quote (cJSON: kept)", GW_STR_INIT("\"a\xe2\x82\""), 2, DIFFERS},
    {"UTF-8: in a key (cJSON: kept)", GW_STR_INIT("{\"\xff\":1}"), 2, DIFFERS},
    {"UTF-8: outside of a string", GW_STR_INIT("[\xc3\xa9]"), 1, AGREES},
    {"leading zero (cJSON: read)", GW_STR_INIT("[01]"), 2, DIFFERS},
    {"leading zero, negative (cJSON: read)", GW_STR_INIT("-01"), 2, DIFFERS},
    {"plus", GW_STR_INIT("+1"), 0, AGREES},
    {"minus", GW_STR_INIT("[-]"), 2, AGREES},
    {"minus at the end", GW_STR_INIT("-"), 1, AGREES},
    {"two minus", GW_STR_INIT("--1"), 1, AGREES},
    {"point first", GW_STR_INIT(".5"), 0, AGREES},
    {"point behind minus (cJSON: read)", GW_STR_INIT("-.5"), 1, DIFFERS},
    {"point last (cJSON: read)", GW_STR_INIT("[1.]"), 3, DIFFERS},
    {"point then exponent (cJSON: read)", GW_STR_INIT("[1.e1]"), 3, DIFFERS},
    {"two points", GW_STR_INIT("1.2.3"), 3, AGREES},
    {"exponent last", GW_STR_INIT("[1e]"), 3, AGREES},
    {"exponent and sign", GW_STR_INIT("[1e+]"), 4, AGREES},
    {"hex number", GW_STR_INIT("0x10"), 1, AGREES},
    {"infinity", GW_STR_INIT("Infinity"), 0, AGREES},
    {"negative infinity", GW_STR_INIT("-Infinity"), 1, AGREES},
    {"NaN", GW_STR_INIT("NaN"), 0, AGREES},
    {"word in upper case", GW_STR_INIT("True"), 0, AGREES},
    {"word cut", GW_STR_INIT("tru"), 0, AGREES},
    {"word too long", GW_STR_INIT("nullx"), 4, AGREES},
    {"words joined", GW_STR_INIT("[truefalse]"), 5, AGREES},
};

/* In memory of just this size, so that a byte read too many is seen. */
static struct gw_str exact(struct gw_str s)
{
    char *copy = malloc(s.len ? s.len : 1);
    assert_non_null(copy);
    memcpy(copy, s.base, s.len);
    return (struct gw_str){copy, s.len};
}

static void test_read_accepts_the_grammar_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(documents); i++) {
        struct gw_str text = exact(documents[i].text);
        struct gw_arena arena;
        struct gw_json json;
        struct gw_err err = {0};
        gw_arena_init(&arena, NULL);
        enum gw_status status = gw_json_read(text, &arena, TOKENS_MAX, &json, &err);
        bool valid = documents[i].fault_at == VALID;
        if (status != (valid ? GW_OK : GW_INVALID) ||
            (!valid && (err.status != status || err.offset != documents[i].fault_at)))
            fail_msg("%s: %s at %zu: %s", documents[i].label, gw_status_name(status), err.offset,
                     err.message);
        if (valid && json.tokens[0].next != json.count)
            fail_msg("%s: the root is not all", documents[i].label);
        gw_arena_finish(&arena);
        free((void *)text.base);
    }
}

static void test_read_agrees_with_cjson(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(documents); i++) {
        char text[128] = ""; /* cJSON wants the NUL */
        memcpy(text, documents[i].text.base, documents[i].text.len);
        cJSON *tree = cJSON_ParseWithLengthOpts(text, documents[i].text.len + 1, NULL, 1);
        bool expected = (documents[i].fault_at == VALID) == (documents[i].cjson == AGREES);
        bool accepted = tree != NULL;
        cJSON_Delete(tree);
        if (accepted != expected)
            fail_msg("%s: cJSON says %s", documents[i].label, accepted ? "valid" : "invalid");
    }
}

/* Every proper prefix of a document that ends in a bracket is invalid, and its fault is not past
 * its end. */
static void test_read_refuses_every_prefix(void **state)
{
    const struct gw_str whole = GW_STR(
        "{\"a\":[1,-2.5e3,true,null],\"\\u0062\":{\"c\":\"\xc3\xa9\\ud83d\\ude00\"},\"d\":\"\"}");

    (void)state;
    for (size_t len = 0; len <= whole.len; len++) {
        struct gw_str text = exact((struct gw_str){whole.base, len});
        struct gw_arena arena;
        struct gw_json json;
        struct gw_err err = {0};
        gw_arena_init(&arena, NULL);
        enum gw_status status = gw_json_read(text, &arena, TOKENS_MAX, &json, &err);
        if (status != (len == whole.len ? GW_OK : GW_INVALID) || err.offset > len)
            fail_msg("%zu bytes: %s at %zu", len, gw_status_name(status), err.offset);
        gw_arena_finish(&arena);
        free((void *)text.base);
    }
}

/* One arena and one tape for a test. */
struct fixture {
    struct gw_arena arena;
    struct gw_json json;
};

static void read_ok(struct fixture *fixture, struct gw_str text)
{
    struct gw_err err = {0};

    gw_arena_init(&fixture->arena, NULL);
    if (gw_json_read(text, &fixture->arena, TOKENS_MAX, &fixture->json, &err) != GW_OK)
        fail_msg("%s at %zu in %.*s", err.message, err.offset, GW_STR_ARG(text));
}

static void assert_slice(const struct gw_json *json, uint32_t index, const char *expected)
{
    struct gw_str slice = gw_json_slice(json, index);
    if (!gw_str_eq(slice, gw_str_of(expected)))
        fail_msg("%.*s is not %s", GW_STR_ARG(slice), expected);
}

static void test_read_lays_out_the_tape(void **state)
{
    static const struct {
        enum gw_json_type type;
        uint32_t next, count;
        const char *slice;
    } tokens[] = {
        {GW_JSON_IS_OBJECT, 12, 3,
         "{\"a\": [1, [ ], {\"b\":null}], \"\\u0061\":-1.50e+3, \"c\" :\"x\" }"},
        {GW_JSON_IS_KEY, 2, 0, "\"a\""},
        {GW_JSON_IS_ARRAY, 8, 3, "[1, [ ], {\"b\":null}]"},
        {GW_JSON_IS_NUMBER, 4, 0, "1"},
        {GW_JSON_IS_ARRAY, 5, 0, "[ ]"},
        {GW_JSON_IS_OBJECT, 8, 1, "{\"b\":null}"},
        {GW_JSON_IS_KEY, 7, 0, "\"b\""},
        {GW_JSON_IS_NULL, 8, 0, "null"},
        {GW_JSON_IS_KEY, 9, 0, "\"\\u0061\""},
        {GW_JSON_IS_NUMBER, 10, 0, "-1.50e+3"},
        {GW_JSON_IS_KEY, 11, 0, "\"c\""},
        {GW_JSON_IS_STRING, 12, 0, "\"x\""},
    };
    struct fixture f;

    (void)state;
    read_ok(&f, gw_str_of(tokens[0].slice));
    assert_int_equal(f.json.count, GW_COUNT(tokens));
    for (uint32_t i = 0; i < f.json.count; i++) {
        assert_int_equal(gw_json_type(&f.json, i), tokens[i].type);
        assert_int_equal(f.json.tokens[i].next, tokens[i].next);
        assert_int_equal(gw_json_count(&f.json, i), tokens[i].count);
        assert_int_equal(f.json.tokens[i].escaped, i == 8);
        assert_slice(&f.json, i, tokens[i].slice);
    }
    gw_arena_finish(&f.arena);
}

static void test_get_finds_the_last_member(void **state)
{
    struct fixture f;

    (void)state;
    read_ok(
        &f,
        GW_STR("{\"a\":1,\"b\":{\"a\":2,\"z\":[]},\"\\u0061\":3,\"aa\":4,\"\":5,\"a\\u0000\":6}"));
    assert_slice(&f.json, gw_json_get(&f.json, 0, GW_STR("a")), "3");
    assert_slice(&f.json, gw_json_get(&f.json, 0, GW_STR("")), "5");
    assert_slice(&f.json, gw_json_get(&f.json, 0, GW_STR("a\0")), "6");
    uint32_t b = gw_json_get(&f.json, 0, GW_STR("b"));
    assert_slice(&f.json, gw_json_get(&f.json, b, GW_STR("a")), "2");
    assert_int_equal(gw_json_get(&f.json, 0, GW_STR("z")), GW_JSON_ABSENT);
    assert_int_equal(gw_json_get(&f.json, 0, GW_STR("A")), GW_JSON_ABSENT);
    gw_arena_finish(&f.arena);
}

static void test_iter_visits_elements_and_members(void **state)
{
    struct fixture f;
    uint32_t key, value;

    (void)state;
    read_ok(&f, GW_STR("{\"x\":[[1,2],3,{\"y\":4}],\"x\":5,\"e\":[]}"));
    struct gw_json_iter iter = gw_json_iter(&f.json, 0);
    assert_true(gw_json_next_member(&f.json, &iter, &key, &value));
    assert_slice(&f.json, key, "\"x\"");
    assert_slice(&f.json, value, "[[1,2],3,{\"y\":4}]");
    struct gw_json_iter elements = gw_json_iter(&f.json, value);
    assert_false(gw_json_next_member(&f.json, &elements, &key, &value));
    const char *const expected[] = {"[1,2]", "3", "{\"y\":4}"};
    for (size_t i = 0; i < GW_COUNT(expected); i++) {
        assert_true(gw_json_next(&f.json, &elements, &value));
        assert_slice(&f.json, value, expected[i]);
    }
    assert_false(gw_json_next(&f.json, &elements, &value));
    assert_true(gw_json_next(&f.json, &iter, &value));
    assert_slice(&f.json, value, "5");
    assert_true(gw_json_next_member(&f.json, &iter, &key, &value));
    assert_slice(&f.json, key, "\"e\"");
    iter = gw_json_iter(&f.json, value);
    assert_false(gw_json_next(&f.json, &iter, &value));
    gw_arena_finish(&f.arena);
}

static void test_lookups_take_any_index(void **state)
{
    struct fixture f;
    struct gw_str string;
    int64_t number;
    bool boolean;
    uint32_t key, value;

    (void)state;
    read_ok(&f, GW_STR("{\"a\":[],\"b\":true,\"c\":\"s\",\"d\":1}"));
    const uint32_t indices[] = {0, 1, 2, 4, 6, 8, f.json.count, GW_JSON_ABSENT - 1, GW_JSON_ABSENT};
    for (size_t i = 0; i < GW_COUNT(indices); i++) {
        uint32_t index = indices[i];
        enum gw_json_type type = gw_json_type(&f.json, index);
        struct gw_json_iter iter = gw_json_iter(&f.json, index);
        bool text = type == GW_JSON_IS_STRING || type == GW_JSON_IS_KEY;
        assert_int_equal(type == GW_JSON_IS_ABSENT, index >= f.json.count);
        assert_int_equal(gw_json_slice(&f.json, index).base != NULL, index < f.json.count);
        assert_int_equal(gw_json_raw(&f.json, index).base != NULL, text);
        assert_int_equal(gw_json_count(&f.json, index) != 0, index == 0);
        assert_int_equal(gw_json_get(&f.json, index, GW_STR("a")), index ? GW_JSON_ABSENT : 2);
        assert_int_equal(gw_json_next_member(&f.json, &iter, &key, &value), index == 0);
        assert_int_equal(gw_json_string(&f.json, index, &f.arena, &string),
                         text ? GW_OK : GW_INVALID);
        assert_int_equal(gw_json_int64(&f.json, index, &number), type == GW_JSON_IS_NUMBER);
        assert_int_equal(gw_json_bool(&f.json, index, &boolean), type == GW_JSON_IS_TRUE);
        assert_int_equal(gw_json_equals(&f.json, index, GW_STR("s")), type == GW_JSON_IS_STRING);
    }
    gw_arena_finish(&f.arena);
}

static void test_string_decodes(void **state)
{
    static const char text[] = "[\"plain \xc3\xa9\",\"\\u00e9\\n\\ud83d\\ude00\",\"\\ud83d\",\"\"]";
    static const struct gw_str decoded[] = {
        GW_STR_INIT("plain \xc3\xa9"),
        GW_STR_INIT("\xc3\xa9\n\xf0\x9f\x98\x80"),
        GW_STR_INIT("\xef\xbf\xbd"),
        GW_STR_INIT(""),
    };
    struct fixture f;

    (void)state;
    read_ok(&f, gw_str_of(text));
    for (uint32_t i = 0; i < GW_COUNT(decoded); i++) {
        struct gw_str got;
        assert_int_equal(gw_json_string(&f.json, i + 1, &f.arena, &got), GW_OK);
        assert_true(gw_str_eq(got, decoded[i]));
        assert_true(gw_json_equals(&f.json, i + 1, decoded[i]));
        bool borrowed = got.base >= text && got.base < text + sizeof(text);
        assert_int_equal(borrowed, i == 0 || i == 3);
    }
    gw_arena_finish(&f.arena);
}

static void test_int64_takes_integers_only(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } numbers[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"42", true, 42},
        {"-7", true, -7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"18446744073709551616", false, 0},
        {"1.0", false, 0},
        {"1e2", false, 0},
        {"\"1\"", false, 0},
        {"true", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(numbers); i++) {
        struct fixture f;
        int64_t value = 99;
        read_ok(&f, gw_str_of(numbers[i].text));
        if (gw_json_int64(&f.json, 0, &value) != numbers[i].ok ||
            value != (numbers[i].ok ? numbers[i].value : 99))
            fail_msg("%s: %lld", numbers[i].text, (long long)value);
        gw_arena_finish(&f.arena);
    }
}

static void test_read_keeps_its_limits(void **state)
{
    char text[2 * (GW_JSON_READ_DEPTH_MAX + 1)];
    struct gw_arena arena;
    struct gw_json json;
    struct gw_err err = {0};

    (void)state;
    for (size_t levels = 1; levels <= GW_JSON_READ_DEPTH_MAX + 1; levels++) {
        memset(text, '[', levels);
        memset(text + levels, ']', levels);
        gw_arena_init(&arena, NULL);
        enum gw_status status =
            gw_json_read((struct gw_str){text, 2 * levels}, &arena, TOKENS_MAX, &json, &err);
        bool deep = levels > GW_JSON_READ_DEPTH_MAX;
        assert_int_equal(status, deep ? GW_INVALID : GW_OK);
        if (deep)
            assert_int_equal(err.offset, GW_JSON_READ_DEPTH_MAX);
        gw_arena_finish(&arena);
    }
    gw_arena_init(&arena, NULL);
    assert_int_equal(gw_json_read(GW_STR("{\"a\":[1,2]}"), &arena, 5, &json, &err), GW_OK);
    assert_int_equal(gw_json_read(GW_STR("{\"a\":[1,2]}"), &arena, 4, &json, &err), GW_TOO_LARGE);
    assert_int_equal(gw_json_read(GW_STR("1"), &arena, 0, &json, &err), GW_TOO_LARGE);
    assert_int_equal(gw_json_read(GW_STR("[1 2]"), &arena, 9, &json, NULL), GW_INVALID);
    gw_arena_finish(&arena);
}

/* More tokens than the first guess: the tape grows, and open containers stay linked. */
static void test_read_grows_the_tape(void **state)
{
    static char text[20000];
    struct fixture f;
    size_t len = 0;

    (void)state;
    text[len++] = '[';
    while (len + 12 < sizeof(text)) {
        memcpy(text + len, "[1,{\"a\":2}],", 12);
        len += 12;
    }
    text[len - 1] = ']';
    gw_arena_init(&f.arena, NULL);
    assert_int_equal(gw_json_read((struct gw_str){text, len}, &f.arena, 20000, &f.json, NULL),
                     GW_OK);
    assert_int_equal(f.json.count, 1 + gw_json_count(&f.json, 0) * 5);
    struct gw_json_iter iter = gw_json_iter(&f.json, 0);
    uint32_t element, count = 0;
    while (gw_json_next(&f.json, &iter, &element)) {
        assert_slice(&f.json, element, "[1,{\"a\":2}]");
        assert_int_equal(element, 1 + 5 * count);
        count++;
    }
    assert_int_equal(count, gw_json_count(&f.json, 0));
    gw_arena_finish(&f.arena);
}

static void test_read_write_read_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(documents); i++) {
        if (documents[i].fault_at != VALID)
            continue;
        struct fixture f, again;
        struct gw_buf buf;
        struct gw_json_writer out;
        read_ok(&f, documents[i].text);
        gw_buf_init(&buf, 4096);
        gw_json_write_init(&out, &buf);
        json_rewrite(&f.json, &f.arena, &out);
        assert_int_equal(gw_json_write_finish(&out), GW_OK);
        read_ok(&again, gw_buf_str(&buf));
        if (!json_same_tapes(&f.json, &again.json, &f.arena))
            fail_msg("%s: %.*s", documents[i].label, GW_STR_ARG(gw_buf_str(&buf)));
        gw_buf_finish(&buf);
        gw_arena_finish(&f.arena);
        gw_arena_finish(&again.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_accepts_the_grammar_only),
        cmocka_unit_test(test_read_agrees_with_cjson),
        cmocka_unit_test(test_read_refuses_every_prefix),
        cmocka_unit_test(test_read_lays_out_the_tape),
        cmocka_unit_test(test_get_finds_the_last_member),
        cmocka_unit_test(test_iter_visits_elements_and_members),
        cmocka_unit_test(test_lookups_take_any_index),
        cmocka_unit_test(test_string_decodes),
        cmocka_unit_test(test_int64_takes_integers_only),
        cmocka_unit_test(test_read_keeps_its_limits),
        cmocka_unit_test(test_read_grows_the_tape),
        cmocka_unit_test(test_read_write_read_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
