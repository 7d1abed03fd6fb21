#include "unit/test.h"

#include <stdlib.h>

#include "wire/json_scan_private.h"

#define WHOLE UINT64_MAX /* no fault */
#define TEXT_MAX 1024

/* Everything the contract tells a caller. */
struct outcome {
    enum gw_status status, end_status;
    uint64_t fault_at;
    struct gw_json_place model, stream;
    bool done, stream_twice;
};

static struct outcome outcome_of(struct gw_json_scan *scan, enum gw_status status,
                                 const struct gw_err *err)
{
    struct gw_err end_err = {0};
    struct outcome outcome = {
        .status = status,
        .fault_at = WHOLE,
        .model = scan->model,
        .stream = scan->stream,
        .done = scan->done,
        .stream_twice = scan->stream_twice,
    };

    outcome.end_status = gw_json_scan_end(scan, &end_err);
    if (status != GW_OK) {
        outcome.fault_at = err->offset;
        assert_int_equal(end_err.offset, err->offset);
    } else if (outcome.end_status != GW_OK) {
        outcome.fault_at = end_err.offset;
    }
    return outcome;
}

static bool same_place(struct gw_json_place a, struct gw_json_place b)
{
    return a.kind == b.kind && a.begin == b.begin && a.end == b.end;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    return a->status == b->status && a->end_status == b->end_status && a->fault_at == b->fault_at &&
           same_place(a->model, b->model) && same_place(a->stream, b->stream) &&
           a->done == b->done && a->stream_twice == b->stream_twice;
}

/* Feeds in memory of just this size, so that a byte read too many is seen. */
static enum gw_status feed(enum gw_json_scan_set set, struct gw_json_scan *scan, const char *bytes,
                           size_t len, struct gw_err *err)
{
    char *exact = malloc(len ? len : 1);

    assert_non_null(exact);
    memcpy(exact, bytes, len);
    enum gw_status status = gw_json_scan_feed_with(set, scan, (struct gw_str){exact, len}, err);
    free(exact);
    return status;
}

/* Two cuts make three pieces. */
static struct outcome scan_cut(enum gw_json_scan_set set, struct gw_str text, size_t first,
                               size_t second)
{
    const size_t cuts[] = {0, first, second, text.len};
    struct gw_json_scan scan;
    struct gw_err err = {0};
    enum gw_status status = GW_OK;

    gw_json_scan_init(&scan);
    for (size_t i = 0; i < 3; i++)
        status = feed(set, &scan, text.base + cuts[i], cuts[i + 1] - cuts[i], &err);
    return outcome_of(&scan, status, &err);
}

static struct outcome scan_bytewise(enum gw_json_scan_set set, struct gw_str text)
{
    struct gw_json_scan scan;
    struct gw_err err = {0};
    enum gw_status status = GW_OK;

    gw_json_scan_init(&scan);
    for (size_t i = 0; i < text.len; i++)
        status = feed(set, &scan, text.base + i, 1, &err);
    return outcome_of(&scan, status, &err);
}

static struct outcome scan_whole(enum gw_json_scan_set set, struct gw_str text)
{
    return scan_cut(set, text, text.len, text.len);
}

#define VALID(label, text, model_kind, model, stream_kind)                                         \
    {                                                                                              \
        label, GW_STR_INIT(text), WHOLE, model_kind, model, stream_kind, false                     \
    }
#define INVALID(label, text, at)                                                                   \
    {                                                                                              \
        label, GW_STR_INIT(text), at, GW_JSON_NONE, NULL, GW_JSON_NONE, false                      \
    }
#define SLASHES_8 "\\\\\\\\\\\\\\\\"
#define SLASHES_24 SLASHES_8 SLASHES_8 SLASHES_8
#define SLASHES_72 SLASHES_24 SLASHES_24 SLASHES_24
#define NONE GW_JSON_NONE
#define STRING GW_JSON_STRING
#define OTHER GW_JSON_OTHER

static const struct {
    const char *label;
    struct gw_str text;
    uint64_t fault_at; /* what else is expected is of valid texts only */
    enum gw_json_kind model_kind;
    const char *model; /* what is at its place */
    enum gw_json_kind stream_kind;
    bool stream_twice;
} cases[] = {
    VALID("empty object", "{}", NONE, NULL, NONE),
    VALID("blanks all over", " \t\r\n{ \"a\" : [ ] , \"b\" : 1 } \n", NONE, NULL, NONE),
    VALID("blanks in depth", "{\"a\":[\r\n\t {\t\r\n }]}", NONE, NULL, NONE),
    VALID("model", "{\"model\":\"gpt-4o\"}", STRING, "gpt-4o", NONE),
    VALID("model, empty", "{\"model\":\"\"}", STRING, "", NONE),
    VALID("model last", "{\"messages\":[{\"model\":\"no\"}],\"stream\":true,\"model\":\"m\"}",
          STRING, "m", GW_JSON_TRUE),
    VALID("model between blanks", "{\n \"model\" :\t\"m\"\r\n}", STRING, "m", NONE),
    VALID("model with escapes", "{\"model\":\"a\\\"\\\\\"}", STRING, "a\\\"\\\\", NONE),
    VALID("model with brackets", "{\"model\":\"}]{[\",\"x\":{}}", STRING, "}]{[", NONE),
    VALID("model, key escaped", "{\"mod\\u0065l\":\"m\"}", STRING, "m", NONE),
    VALID("model, key all escaped", "{\"\\u006d\\u006F\\u0064\\u0065\\u006C\":\"m\"}", STRING, "m",
          NONE),
    VALID("model true", "{\"model\":true}", GW_JSON_TRUE, "true", NONE),
    VALID("model false", "{\"model\":false }", GW_JSON_FALSE, "false", NONE),
    VALID("model null", "{\"model\":null,\"a\":1}", OTHER, "null", NONE),
    VALID("model number", "{\"model\":-1.5e+3}", OTHER, "-1.5e+3", NONE),
    VALID("model array", "{\"model\":[\"m\"]}", OTHER, "[\"m\"]", NONE),
    VALID("model object", "{\"model\":{\"model\":\"x\"},\"a\":\"\"}", OTHER, "{\"model\":\"x\"}",
          NONE),
    VALID("other letter case is another key", "{\"Model\":\"x\"}", NONE, NULL, NONE),
    VALID("longer and shorter keys", "{\"models\":\"x\",\"mode\":\"x\",\"\":\"x\"}", NONE, NULL,
          NONE),
    VALID("model as a value", "{\"a\":\"model\",\"b\":\"x\"}", NONE, NULL, NONE),
    VALID("key behind NUL", "{\"model\\u0000\":\"x\",\"model\":\"y\"}", STRING, "y", NONE),
    VALID("stream false", "{\"stream\":false}", NONE, NULL, GW_JSON_FALSE),
    VALID("stream text", "{\"stream\":\"true\"}", NONE, NULL, STRING),
    VALID("stream null", "{\"stream\":null}", NONE, NULL, OTHER),
    VALID("stream, all escaped", "{\"\\u0073\\u0074\\u0072\\u0065\\u0061\\u006d\":true}", NONE,
          NULL, GW_JSON_TRUE),
    VALID("stream below the top", "{\"a\":{\"stream\":true}}", NONE, NULL, NONE),
    {"stream twice", GW_STR_INIT("{\"stream\":true,\"stream\":false}"), WHOLE, NONE, NULL,
     GW_JSON_FALSE, true},
    {"stream twice, once escaped", GW_STR_INIT("{\"stream\":false,\"st\\u0072eam\":true}"), WHOLE,
     NONE, NULL, GW_JSON_TRUE, true},
    VALID("key of 48 bytes", "{\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv\":1}", NONE, NULL,
          NONE),
    VALID("key of 49 bytes", "{\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvw\":1}", NONE,
          NULL, NONE),
    VALID("key that begins as model",
          "{\"model-abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvw\":1}", NONE, NULL, NONE),
    VALID("long key with a broken escape",
          "{\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\\q\":1}", NONE, NULL, NONE),
    VALID("numbers", "{\"a\":0,\"b\":-0,\"c\":10,\"d\":0.5,\"e\":1e1,\"f\":1E-10,\"g\":-9.90e+0}",
          NONE, NULL, NONE),
    VALID("escaped quotes in depth", "{\"a\":[\"\\\"]\",\"\\\\\",\"\\\\\\\"}\"]}", NONE, NULL,
          NONE),
    VALID("control bytes in strings", "{\"a\":\"\x01\n\0\x1f\",\"b\":[\"\x01\n\0\x1f\"]}", NONE,
          NULL, NONE),
    VALID("any byte in strings", "{\"\xff\":\"\x80\xfe\",\"b\":[\"\xc0\"]}", NONE, NULL, NONE),
    VALID("grammar in depth is not ours", "{\"a\":[1 2,,:tru],\"b\":{:}}", NONE, NULL, NONE),
    VALID("broken escape in values", "{\"model\":\"\\q\",\"a\":[\"\\u12\"]}", STRING, "\\q", NONE),
    VALID("an even run of backslashes", "{\"a\":[\"" SLASHES_72 "\"],\"model\":\"m\"}", STRING, "m",
          NONE),
    VALID("an odd run of backslashes", "{\"a\":[\"" SLASHES_72 "\\\"]\"],\"model\":\"m\"}", STRING,
          "m", NONE),
    INVALID("nothing", "", 0),
    INVALID("blanks only", " \n", 2),
    INVALID("byte order mark", "\xef\xbb\xbf{}", 0),
    INVALID("array", "[{}]", 0),
    INVALID("string", "\"{}\"", 0),
    INVALID("number", "1", 0),
    INVALID("NUL in front", "\0{}", 0),
    INVALID("open object", "{", 1),
    INVALID("open key", "{\"model", 7),
    INVALID("open string", "{\"model\":\"m", 11),
    INVALID("string ends in an escape", "{\"model\":\"m\\\"}", 14),
    INVALID("open literal", "{\"a\":tru", 8),
    INVALID("whole literal, open object", "{\"a\":true", 9),
    INVALID("open array", "{\"a\":[1,", 8),
    INVALID("open object in depth", "{\"a\":{}", 7),
    INVALID("bytes behind", "{}x", 2),
    INVALID("second object", "{} {}", 3),
    INVALID("NUL behind", "{}\0", 2),
    INVALID("control byte behind", "{}\x0b", 2),
    INVALID("bracket behind", "{}}", 2),
    INVALID("array closed as object", "{\"a\":[}}", 6),
    INVALID("object closed as array", "{\"a\":{]}", 6),
    INVALID("mixed deeper", "{\"a\":[{\"b\":[{}}]}]}", 14),
    INVALID("top closed as array", "{]", 1),
    INVALID("top closed as array behind a value", "{\"a\":1]", 6),
    INVALID("model twice", "{\"model\":\"a\",\"model\":\"a\"}", 14),
    INVALID("model twice, once escaped", "{\"model\":\"a\",\"a\":[],\"\\u006dodel\":\"a\"}", 21),
    INVALID("model twice, first no string", "{\"model\":{},\"model\":\"a\"}", 13),
    INVALID("no comma", "{\"model\":\"a\" \"model\":\"b\"}", 13),
    INVALID("no comma, at once", "{\"a\":\"b\"\"c\":1}", 8),
    INVALID("no comma behind a container", "{\"a\":[]\"b\":1}", 7),
    INVALID("no colon", "{\"a\" 1}", 5),
    INVALID("no value", "{\"model\":}", 9),
    INVALID("no value, comma", "{\"model\":,\"a\":1}", 9),
    INVALID("two colons", "{\"a\"::1}", 5),
    INVALID("key alone", "{\"model\"}", 8),
    INVALID("key without quotes", "{model:\"a\"}", 1),
    INVALID("key in single quotes", "{'model':\"a\"}", 1),
    INVALID("number as a key", "{1:2}", 1),
    INVALID("container as a key", "{{}:2}", 1),
    INVALID("comma first", "{,\"a\":1}", 1),
    INVALID("comma last", "{\"a\":1,}", 7),
    INVALID("two commas", "{\"a\":1,,\"b\":2}", 7),
    INVALID("comment", "{/**/\"a\":1}", 1),
    INVALID("comment behind a value", "{\"a\":1/**/}", 6),
    INVALID("word", "{\"a\":tree}", 7),
    INVALID("word in upper case", "{\"a\":True}", 5),
    INVALID("word too long", "{\"a\":truee}", 9),
    INVALID("word with NUL", "{\"a\":true\0}", 9),
    INVALID("word then string", "{\"a\":null\"model\":\"b\"}", 9),
    INVALID("NaN", "{\"a\":NaN}", 5),
    INVALID("plus", "{\"a\":+1}", 5),
    INVALID("leading zero", "{\"a\":01}", 6),
    INVALID("minus only", "{\"a\":-}", 6),
    INVALID("point first", "{\"a\":.5}", 5),
    INVALID("point last", "{\"a\":1.}", 7),
    INVALID("two points", "{\"a\":1.2.3}", 8),
    INVALID("exponent without digits", "{\"a\":1e}", 7),
    INVALID("exponent with two signs", "{\"a\":1e+-1}", 8),
    INVALID("minus inside", "{\"a\":1-1}", 6),
    INVALID("hex number", "{\"a\":0x10}", 6),
    INVALID("control byte at the top", "{\"a\":1\x01}", 6),
    INVALID("form feed at the top", "{\x0c\"a\":1}", 1),
    INVALID("control byte in depth", "{\"a\":[1\x01]}", 7),
    INVALID("NUL in depth", "{\"a\":[\0]}", 6),
    INVALID("form feed in depth", "{\"a\":[\x0c]}", 6),
    INVALID("last control byte in depth", "{\"a\":[\x1f]}", 6),
    INVALID("leading zero behind minus", "{\"a\":-01}", 7),
    INVALID("backslash at the top", "{\\\"a\":1}", 1),
    INVALID("backslash in depth", "{\"a\":[\\\"]\"]}", 6),
    INVALID("backslash behind a string", "{\"a\":[\"\"\\]}", 8),
    INVALID("broken escape in a key", "{\"mod\\x65l\":1}", 2),
    INVALID("short escape in a key", "{\"\\u12\":1}", 2),
};

static void check_row(size_t i, enum gw_json_scan_set set)
{
    struct gw_str text = cases[i].text;
    struct outcome got = scan_whole(set, text);
    bool valid = cases[i].fault_at == WHOLE;

    if (got.fault_at != cases[i].fault_at || (got.end_status == GW_OK) != valid || got.done < valid)
        fail_msg("%s: %s at %llu", cases[i].label, gw_status_name(got.end_status),
                 (unsigned long long)got.fault_at);
    if (!valid)
        return;
    struct gw_str model = {text.base + got.model.begin, (size_t)(got.model.end - got.model.begin)};
    if (got.model.kind != cases[i].model_kind ||
        (cases[i].model && !gw_str_eq(model, gw_str_of(cases[i].model))))
        fail_msg("%s: model of kind %d, %.*s", cases[i].label, got.model.kind, GW_STR_ARG(model));
    if (got.stream.kind != cases[i].stream_kind || got.stream_twice != cases[i].stream_twice)
        fail_msg("%s: stream of kind %d", cases[i].label, got.stream.kind);
}

static void test_scan_outcomes(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++)
        for (int set = 0; set < GW_JSON_SCAN_SETS; set++)
            if (gw_json_scan_has((enum gw_json_scan_set)set))
                check_row(i, (enum gw_json_scan_set)set);
}

static void test_scan_resumes_at_any_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_str text = cases[i].text;
        struct outcome whole = scan_whole(GW_JSON_SCAN_PLAIN, text), got;
        for (int set = 0; set < GW_JSON_SCAN_SETS; set++) {
            if (!gw_json_scan_has((enum gw_json_scan_set)set))
                continue;
            for (size_t first = 0; first <= text.len; first++)
                for (size_t second = first; second <= text.len; second++) {
                    got = scan_cut((enum gw_json_scan_set)set, text, first, second);
                    if (!same(&whole, &got))
                        fail_msg("%s, set %d, cut at %zu and %zu", cases[i].label, set, first,
                                 second);
                }
            got = scan_bytewise((enum gw_json_scan_set)set, text);
            if (!same(&whole, &got))
                fail_msg("%s, set %d, byte by byte", cases[i].label, set);
        }
    }
}

/* The outcome of `text` behind `pad` bytes more. */
static void move(struct outcome *outcome, size_t pad)
{
    if (outcome->fault_at != WHOLE)
        outcome->fault_at += pad;
    if (outcome->model.kind != GW_JSON_NONE) {
        outcome->model.begin += pad;
        outcome->model.end += pad;
    }
    if (outcome->stream.kind != GW_JSON_NONE) {
        outcome->stream.begin += pad;
        outcome->stream.end += pad;
    }
}

/* Blanks in front put every token at every place of a block. */
static void test_scan_is_the_same_at_every_place_of_a_block(void **state)
{
    char padded[TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_str text = cases[i].text;
        if (text.len == 0)
            continue;
        for (size_t pad = 1; pad < 130; pad++) {
            struct outcome expected = scan_whole(GW_JSON_SCAN_PLAIN, text);
            move(&expected, pad);
            memset(padded, ' ', pad);
            memcpy(padded + pad, text.base, text.len);
            for (int set = 0; set < GW_JSON_SCAN_SETS; set++) {
                if (!gw_json_scan_has((enum gw_json_scan_set)set))
                    continue;
                struct outcome got =
                    scan_whole((enum gw_json_scan_set)set, (struct gw_str){padded, pad + text.len});
                if (!same(&expected, &got))
                    fail_msg("%s, set %d, behind %zu blanks", cases[i].label, set, pad);
            }
        }
    }
}

static struct outcome scan_nested(enum gw_json_scan_set set, size_t levels, bool objects)
{
    char text[TEXT_MAX];
    size_t len = 0;

    memcpy(text, "{\"a\":", 5);
    len = 5;
    for (size_t i = 1; i < levels; i++)
        text[len++] = objects && i % 3 == 0 ? '{' : '[';
    for (size_t i = levels - 1; i > 0; i--)
        text[len++] = objects && i % 3 == 0 ? '}' : ']';
    text[len++] = '}';
    return scan_whole(set, (struct gw_str){text, len});
}

static void test_scan_keeps_the_depth(void **state)
{
    (void)state;
    for (int i = 0; i < GW_JSON_SCAN_SETS; i++) {
        enum gw_json_scan_set set = (enum gw_json_scan_set)i;
        if (!gw_json_scan_has(set))
            continue;
        for (size_t levels = 2; levels <= GW_JSON_SCAN_DEPTH_MAX; levels++)
            assert_int_equal(scan_nested(set, levels, levels % 2).end_status, GW_OK);
        struct outcome deep = scan_nested(set, GW_JSON_SCAN_DEPTH_MAX + 1, true);
        assert_int_equal(deep.status, GW_INVALID);
        assert_int_equal(deep.fault_at, 5 + GW_JSON_SCAN_DEPTH_MAX - 1);
    }
}

/* Each of 127 levels remembers its kind, on both words of the stack. */
static void test_scan_matches_brackets_at_any_depth(void **state)
{
    (void)state;
    for (size_t wrong = 2; wrong <= GW_JSON_SCAN_DEPTH_MAX; wrong++) {
        char text[TEXT_MAX] = "{\"a\":";
        size_t len = 5;
        for (size_t level = 2; level <= GW_JSON_SCAN_DEPTH_MAX; level++)
            text[len++] = level * level % 7 < 3 ? '{' : '[';
        for (size_t level = GW_JSON_SCAN_DEPTH_MAX; level >= 2; level--)
            text[len++] = (level * level % 7 < 3) != (level == wrong) ? '}' : ']';
        text[len++] = '}';
        struct outcome got = scan_whole(GW_JSON_SCAN_PLAIN, (struct gw_str){text, len});
        assert_int_equal(got.status, GW_INVALID);
        assert_int_equal(got.fault_at,
                         5 + (GW_JSON_SCAN_DEPTH_MAX - 1) + (GW_JSON_SCAN_DEPTH_MAX - wrong));
    }
}

static void test_scan_stays_failed(void **state)
{
    struct gw_json_scan scan;
    struct gw_err err = {0};

    (void)state;
    gw_json_scan_init(&scan);
    assert_int_equal(gw_json_scan_feed(&scan, GW_STR("{]"), &err), GW_INVALID);
    assert_int_equal(gw_json_scan_feed(&scan, GW_STR("{}"), &err), GW_INVALID);
    assert_int_equal(err.offset, 1);
    assert_int_equal(gw_json_scan_end(&scan, &err), GW_INVALID);
    assert_int_equal(err.offset, 1);
    assert_int_equal(gw_json_scan_end(&scan, NULL), GW_INVALID);
}

static void test_scan_tells_the_model_as_soon_as_it_is_there(void **state)
{
    struct gw_json_scan scan;

    (void)state;
    gw_json_scan_init(&scan);
    assert_int_equal(gw_json_scan_feed(&scan, GW_STR("{\"model\":\"gp"), NULL), GW_OK);
    assert_int_equal(scan.model.kind, GW_JSON_NONE);
    assert_int_equal(gw_json_scan_feed(&scan, GW_STR("t\""), NULL), GW_OK);
    assert_int_equal(scan.model.kind, GW_JSON_STRING);
    assert_int_equal(scan.model.begin, 10);
    assert_int_equal(scan.model.end, 13);
    assert_int_equal(scan.offset, 14);
    assert_false(scan.done);
    assert_int_equal(gw_json_scan_feed(&scan, (struct gw_str){NULL, 0}, NULL), GW_OK);
    assert_int_equal(gw_json_scan_feed(&scan, GW_STR("}"), NULL), GW_OK);
    assert_true(scan.done);
    assert_int_equal(gw_json_scan_end(&scan, NULL), GW_OK);
}

/* A plain reading of the rules below the top level, byte by byte, to hold the bit tricks against.
 */
static uint64_t depth_fault(struct gw_str text, size_t from)
{
    char stack[GW_JSON_SCAN_DEPTH_MAX];
    size_t depth = 0;
    bool in_string = false;

    stack[depth++] = '}';
    for (size_t i = from; i < text.len; i++) {
        unsigned char c = (unsigned char)text.base[i];
        if (in_string && c == '\\') {
            i++;
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string && (c == '{' || c == '[')) {
            if (depth == GW_JSON_SCAN_DEPTH_MAX)
                return i;
            stack[depth++] = c == '{' ? '}' : ']';
        } else if (!in_string && (c == '}' || c == ']')) {
            if (stack[--depth] != (char)c)
                return i;
            if (depth == 1)
                return WHOLE; /* what follows is of the top level */
        } else if (!in_string && (c == '\\' || (c < 0x20 && !strchr("\t\n\r", c)))) {
            return i;
        }
    }
    return text.len;
}

/* Random texts of the bytes that matter: all sets agree with the plain reading and with themselves
 * when cut. */
static void test_scan_agrees_with_a_plain_reading(void **state)
{
    static const char bytes[] = "\"\"\"\\\\\\[[]]{}a,:\n ";
    uint64_t random = 0x9e3779b97f4a7c15;
    int closed = 0;

    (void)state;
    for (int run = 0; run < 20000; run++) {
        char buffer[256] = "{\"a\":[";
        size_t len = 6 + (size_t)run % 200, salt = 0;
        for (size_t i = 6; i < len; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            buffer[i] = bytes[random % (sizeof(bytes) - 1)];
            if ((random >> 32) % 500 == 0)
                buffer[i] = '\x01';
            salt = (size_t)(random >> 32);
        }
        struct gw_str text = {buffer, len};
        uint64_t fault_at = depth_fault(text, 5);
        struct outcome first = {0};
        for (int set = 0; set < GW_JSON_SCAN_SETS; set++) {
            if (!gw_json_scan_has((enum gw_json_scan_set)set))
                continue;
            struct outcome whole = scan_whole((enum gw_json_scan_set)set, text);
            if (set == 0)
                first = whole;
            struct outcome cut = scan_cut((enum gw_json_scan_set)set, text, salt % (len + 1), len);
            if ((fault_at != WHOLE && whole.fault_at != fault_at) || !same(&whole, &cut) ||
                !same(&whole, &first))
                fail_msg("set %d: %.*s", set, GW_STR_ARG(text));
        }
        closed += fault_at == WHOLE;
    }
    assert_true(closed > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan_outcomes),
        cmocka_unit_test(test_scan_resumes_at_any_bytes),
        cmocka_unit_test(test_scan_is_the_same_at_every_place_of_a_block),
        cmocka_unit_test(test_scan_keeps_the_depth),
        cmocka_unit_test(test_scan_matches_brackets_at_any_depth),
        cmocka_unit_test(test_scan_stays_failed),
        cmocka_unit_test(test_scan_tells_the_model_as_soon_as_it_is_there),
        cmocka_unit_test(test_scan_agrees_with_a_plain_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
