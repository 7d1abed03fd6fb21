#include "unit/test.h"

#include "record/access_line.h"

#include <stdio.h>

#define MS 1000000u
#define ALL (GW_ACCESS_BIT(GW_ACCESS_FIELDS) - 1)

static struct gw_record full(void)
{
    struct gw_record record = {
        .at_ns = {[GW_AT_START] = 5 * MS,
                  [GW_AT_ATTEMPT] = 6 * MS,
                  [GW_AT_FIRST_CONTENT] = 15 * MS + 999,
                  [GW_AT_UPSTREAM_END] = 1006 * MS,
                  [GW_AT_END] = 1007 * MS + 34567},
        .started_wall_ns = 1764037874123456789u, /* 2025-11-25T02:31:14.123456Z */
        .own_ns = 41999,
        .bytes_in = 123,
        .bytes_out = UINT64_MAX,
        .trace = {.trace_id = {0x0a, 0xf7, 0x65}, .server_span = {0, 0, 0, 0, 0, 0, 0, 9}},
        .request_id = GW_STR("req-1"),
        .method = GW_STR("POST"),
        .path = GW_STR("/v1/chat/completions?key=secret"),
        .user_agent = GW_STR("curl/8"),
        .remote_addr = GW_STR("::1"),
        .client_format = GW_STR("openai"),
        .provider = GW_STR("anthropic"),
        .model_requested = GW_STR("gpt-4o"),
        .model_used = GW_STR("claude"),
        .route = GW_STR("chat-main"),
        .function = GW_STR("summarise"),
        .target = GW_STR("anthropic::claude"),
        .operation = GW_OP_CHAT,
        .error_type = GW_ERROR_UPSTREAM_BROKEN,
        .status = 200,
        .attempts = 2,
        .stream = true,
    };
    return record;
}

static struct gw_str line_of(const struct gw_record *record, uint64_t fields)
{
    static char room[GW_ACCESS_LINE_MAX];

    memset(room, 0x55, sizeof room);
    size_t len = gw_access_line_write(record, fields, room);
    assert_true(len >= 3 && len <= sizeof room);
    assert_memory_equal(room + len - 2, "}\n", 2);
    assert_null(memchr(room, '\n', len - 1));
    return (struct gw_str){room, len};
}

static void expect(const char *label, const struct gw_record *record, uint64_t fields,
                   const char *expected)
{
    struct gw_str line = line_of(record, fields);

    if (!gw_str_eq(line, gw_str_of(expected)))
        fail_msg("%s: %.*s not %s", label, GW_STR_ARG(line), expected);
}

static void test_all_fields_in_order(void **state)
{
    static const char expected[] =
        "{\"ts\":\"2025-11-25T02:31:15.125491Z\",\"level\":\"error\",\"msg\":\"request\","
        "\"request_id\":\"req-1\",\"trace_id\":\"0af76500000000000000000000000000\","
        "\"span_id\":\"0000000000000009\",\"method\":\"POST\",\"path\":\"/v1/chat/completions\","
        "\"route\":\"chat-main\",\"function\":\"summarise\","
        "\"operation\":\"chat\",\"status\":200,\"error_type\":\"upstream_broken\","
        "\"client_format\":\"openai\",\"provider\":\"anthropic\",\"target\":\"anthropic::claude\","
        "\"model_requested\":\"gpt-4o\","
        "\"model_used\":\"claude\",\"stream\":true,\"attempts\":2,\"user_agent\":\"curl/8\","
        "\"remote_addr\":\"::1\",\"bytes_in\":123,\"bytes_out\":18446744073709551615,"
        "\"duration_ms\":1002.034,\"overhead_ms\":0.041,\"upstream_ms\":1000.000,"
        "\"ttft_ms\":10.000}\n";
    struct gw_record record = full();

    (void)state;
    expect("all", &record, ALL, expected);
    assert_null(memmem(expected, sizeof expected, "secret", 6));
    struct gw_str line = line_of(&record, GW_ACCESS_DEFAULT);
    assert_null(memmem(line.base, line.len, "remote_addr", 11));
    assert_non_null(memmem(line.base, line.len, "\"ttft_ms\"", 9));
}

static void test_unknown_values_are_absent(void **state)
{
    struct gw_record record = {.started_wall_ns = 0};

    (void)state;
    expect("empty record", &record, ALL,
           "{\"ts\":\"1970-01-01T00:00:00.000000Z\",\"level\":\"info\",\"msg\":\"request\","
           "\"status\":499,\"stream\":false,\"attempts\":0,\"bytes_in\":0,\"bytes_out\":0,"
           "\"overhead_ms\":0.000}\n");
    expect("no field", &record, 0, "{}\n");
    expect("nothing known", &record, GW_ACCESS_BIT(GW_ACCESS_ROUTE) | GW_ACCESS_BIT(GW_ACCESS_PATH),
           "{}\n");
    expect("known after unknown", &record,
           GW_ACCESS_BIT(GW_ACCESS_REQUEST_ID) | GW_ACCESS_BIT(GW_ACCESS_STATUS),
           "{\"status\":499}\n");
}

static const struct {
    const char *label;
    unsigned status;
    enum gw_error_type type;
    const char *expected;
} levels[] = {
    {"ok", 200, GW_ERROR_NONE, "{\"level\":\"info\",\"status\":200}\n"},
    {"caller's fault", 404, GW_ERROR_STATUS,
     "{\"level\":\"info\",\"status\":404,\"error_type\":\"404\"}\n"},
    {"upstream's status", 503, GW_ERROR_STATUS,
     "{\"level\":\"error\",\"status\":503,\"error_type\":\"503\"}\n"},
    {"timeout", 504, GW_ERROR_TIMEOUT,
     "{\"level\":\"error\",\"status\":504,\"error_type\":\"timeout\"}\n"},
    {"broke off", 200, GW_ERROR_TIMEOUT,
     "{\"level\":\"error\",\"status\":200,\"error_type\":\"timeout\"}\n"},
    {"caller left", 0, GW_ERROR_CLIENT_DISCONNECT,
     "{\"level\":\"info\",\"status\":499,\"error_type\":\"client_disconnect\"}\n"},
    {"caller left later", 200, GW_ERROR_CLIENT_DISCONNECT,
     "{\"level\":\"info\",\"status\":200,\"error_type\":\"client_disconnect\"}\n"},
    {"something else", 500, GW_ERROR_OTHER,
     "{\"level\":\"error\",\"status\":500,\"error_type\":\"_OTHER\"}\n"},
};

static void test_levels_and_error_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(levels); i++) {
        struct gw_record record = {.status = levels[i].status, .error_type = levels[i].type};
        expect(levels[i].label, &record,
               GW_ACCESS_BIT(GW_ACCESS_LEVEL) | GW_ACCESS_BIT(GW_ACCESS_STATUS) |
                   GW_ACCESS_BIT(GW_ACCESS_ERROR_TYPE),
               levels[i].expected);
    }
}

/* Of managed routing: each by itself, and cut at the limit that names have. */
static void test_names_of_routing(void **state)
{
    static char room[300];
    const struct {
        const char *label;
        struct gw_record record;
        size_t name_len, value_len;
    } rows[] = {
        {"route", {.route = {room, 256}}, 5, 256},
        {"function", {.function = {room, 256}}, 8, 256},
        {"target", {.target = {room, 256}}, 6, 256},
        {"route too long", {.route = {room, 257}}, 5, 256},
        {"function too long", {.function = {room, 257}}, 8, 256},
        {"target too long", {.target = {room, 300}}, 6, 256},
        {"variant, which is no field", {.variant = {room, 256}}, 0, 0},
    };
    const uint64_t fields = GW_ACCESS_BIT(GW_ACCESS_ROUTE) | GW_ACCESS_BIT(GW_ACCESS_FUNCTION) |
                            GW_ACCESS_BIT(GW_ACCESS_TARGET);

    (void)state;
    memset(room, 'n', sizeof room);
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_str line = line_of(&rows[i].record, fields);
        /* {"name":"value"} and a newline */
        size_t expected = rows[i].name_len ? rows[i].name_len + rows[i].value_len + 8 : 3;
        if (line.len != expected || strncmp(line.base + 2, rows[i].label, rows[i].name_len) != 0)
            fail_msg("%s: %.*s", rows[i].label, GW_STR_ARG(line));
        bool cut = gw_str_find_str(line, GW_STR("\xe2\x80\xa6")) < line.len;
        if (cut !=
            (gw_str_find_str(gw_str_of(rows[i].label), GW_STR("too long")) < strlen(rows[i].label)))
            fail_msg("%s: %.*s", rows[i].label, GW_STR_ARG(line));
    }
}

#define BAD "\xef\xbf\xbd"
static const struct {
    const char *label, *agent, *written;
} escapes[] = {
    {"quote and backslash", "a\"b\\c", "a\\\"b\\\\c"},
    {"newline forging a line", "x\n{\"ts\":1}\r\n\t", "x\\n{\\\"ts\\\":1}\\r\\n\\t"},
    {"controls", "\x01\x1f\x1b[31m", "\\u0001\\u001f\\u001b[31m"},
    {"second control block", "\xc2\x80\xc2\x9b\xc2\xa0", "\\u0080\\u009b\xc2\xa0"},
    {"UTF-8 of 2, 3, 4 bytes", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
     "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"lone continuation", "a\x80z", "a" BAD "z"},
    {"cut at the end", "ab\xe2\x82", "ab" BAD},
    {"overlong slash", "\xc0\xaf", BAD BAD},
    {"surrogate", "\xed\xa0\x80", BAD BAD BAD},
    {"past the last", "\xf4\x90\x80\x80", BAD BAD BAD BAD},
    {"latin-1", "caf\xe9!", "caf" BAD "!"},
};

static void test_strings_are_escaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(escapes); i++) {
        char expected[200], padded[100];
        struct gw_record record = {.user_agent = gw_str_of(escapes[i].agent)};
        (void)snprintf(expected, sizeof expected, "{\"user_agent\":\"%s\"}\n", escapes[i].written);
        expect(escapes[i].label, &record, GW_ACCESS_BIT(GW_ACCESS_USER_AGENT), expected);
        /* The same behind a run of plain bytes that is copied in wide pieces. */
        (void)snprintf(padded, sizeof padded, "0123456789abcdef_%s", escapes[i].agent);
        record.user_agent = gw_str_of(padded);
        (void)snprintf(expected, sizeof expected, "{\"user_agent\":\"0123456789abcdef_%s\"}\n",
                       escapes[i].written);
        expect(escapes[i].label, &record, GW_ACCESS_BIT(GW_ACCESS_USER_AGENT), expected);
    }
    struct gw_record record = {.user_agent = GW_STR("a\0b")};
    expect("NUL", &record, GW_ACCESS_BIT(GW_ACCESS_USER_AGENT), "{\"user_agent\":\"a\\u0000b\"}\n");
}

#define USER_AGENT_MAX 2048u /* as access_line.c has it */

/* An agent of `head` plain bytes and then `unit` over and over, `len` bytes in all. */
static struct gw_str agent_of(char *room, size_t head, const char *unit, size_t len)
{
    size_t unit_len = strlen(unit);

    for (size_t i = 0; i < len; i++)
        room[i] = i < head ? 'a' : unit[(i - head) % unit_len];
    return (struct gw_str){room, len};
}

static void test_long_strings_are_cut_between_characters(void **state)
{
    static const char *const units[] = {
        "a",    "\n",      "\x01", "\"", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
        "\xff", "\xc2\x85"};
    static char room[4 * USER_AGENT_MAX];

    (void)state;
    for (size_t u = 0; u < GW_COUNT(units); u++)
        for (size_t head = 0; head < 8; head++)
            for (size_t len = USER_AGENT_MAX / 6 - 20; len < sizeof room; len += len / 40 + 1) {
                struct gw_record record = {.user_agent = agent_of(room, head, units[u], len)};
                struct gw_str line = line_of(&record, GW_ACCESS_BIT(GW_ACCESS_USER_AGENT));
                struct gw_str text = {line.base + 15, line.len - 15 - 3};
                bool cut =
                    text.len >= 3 && memcmp(text.base + text.len - 3, "\xe2\x80\xa6", 3) == 0;
                assert_true(text.len <= USER_AGENT_MAX);
                /* Cut as late as possible: the widest unit is 6 bytes, the ellipsis 3. */
                if (cut && text.len < USER_AGENT_MAX - 8)
                    fail_msg("unit %zu, %zu bytes: cut at %zu", u, len, text.len);
                if (!cut && len > USER_AGENT_MAX)
                    fail_msg("unit %zu, %zu bytes: not cut", u, len);
                /* What is left is whole: an odd number of backslashes or half a character would
                 * show here. */
                if (cut && text.base[text.len - 4] == '\\' && units[u][0] != '"')
                    fail_msg("unit %zu, %zu bytes: cut within an escape", u, len);
            }
    /* Exactly the limit is not cut, one more is. */
    struct gw_record record = {.user_agent = agent_of(room, 0, "a", USER_AGENT_MAX)};
    assert_int_equal(line_of(&record, GW_ACCESS_BIT(GW_ACCESS_USER_AGENT)).len,
                     USER_AGENT_MAX + 18);
    assert_null(memmem(line_of(&record, ALL).base, GW_ACCESS_LINE_MAX, "\xe2\x80\xa6", 3));
    record.user_agent.len++;
    struct gw_str line = line_of(&record, GW_ACCESS_BIT(GW_ACCESS_USER_AGENT));
    assert_int_equal(line.len, USER_AGENT_MAX + 18);
    assert_memory_equal(line.base + line.len - 6, "\xe2\x80\xa6\"}\n", 6);
}

static void test_the_longest_line_fits(void **state)
{
    static char room[100000];
    struct gw_record record = full();
    struct gw_str *strings[] = {&record.request_id, &record.method,          &record.path,
                                &record.user_agent, &record.remote_addr,     &record.client_format,
                                &record.provider,   &record.model_requested, &record.model_used,
                                &record.route,      &record.function,        &record.target};

    (void)state;
    memset(room, 1, sizeof room);
    for (size_t i = 0; i < GW_COUNT(strings); i++)
        *strings[i] = (struct gw_str){room, sizeof room};
    record.bytes_in = record.own_ns = UINT64_MAX;
    record.attempts = UINT32_MAX;
    struct gw_str line = line_of(&record, UINT64_MAX & ALL);
    assert_true(line.len > 9900 && line.len <= GW_ACCESS_LINE_MAX);
}

static void test_field_names(void **state)
{
    uint64_t bit = 77, seen = 0;

    (void)state;
    assert_false(gw_access_log_field(GW_STR("statu"), &bit));
    assert_false(gw_access_log_field(GW_STR(""), &bit));
    assert_int_equal(bit, 77);
    for (unsigned i = 0; i < GW_ACCESS_FIELDS; i++) {
        assert_true(gw_access_log_field(gw_access_log_field_name((enum gw_access_field)i), &bit));
        assert_false(seen & bit);
        seen |= bit;
    }
    assert_int_equal(seen, ALL);
    assert_int_equal(GW_ACCESS_DEFAULT, ALL & ~GW_ACCESS_BIT(GW_ACCESS_REMOTE_ADDR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_fields_in_order),
        cmocka_unit_test(test_unknown_values_are_absent),
        cmocka_unit_test(test_levels_and_error_types),
        cmocka_unit_test(test_names_of_routing),
        cmocka_unit_test(test_strings_are_escaped),
        cmocka_unit_test(test_long_strings_are_cut_between_characters),
        cmocka_unit_test(test_the_longest_line_fits),
        cmocka_unit_test(test_field_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
