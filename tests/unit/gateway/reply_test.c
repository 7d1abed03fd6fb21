#include "unit/test.h"

#include "gateway/reply.h"
#include "wire/json_read.h"

#define TOKENS_MAX 64u
#define BYTES_MAX 4096u

static const struct {
    const char *label;
    enum gw_caller caller;
    enum gw_fault fault;
    const char *message;
    const char *body;  /* what is answered */
    const char *event; /* what ends a stream; NULL: the body behind "data: " */
} cases[] = {
    {"chat", GW_CALLER_CHAT, GW_FAULT_TIMEOUT, "too slow",
     "{\"error\":{\"message\":\"too slow\",\"type\":\"server_error\",\"param\":null,"
     "\"code\":\"upstream_timeout\"}}",
     NULL},
    {"with a param", GW_CALLER_CHAT, GW_FAULT_UNKNOWN_MODEL, "no",
     "{\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\",\"param\":\"model\","
     "\"code\":\"UnknownModel\"}}",
     NULL},
    {"other endpoints", GW_CALLER_OPENAI, GW_FAULT_OVERLOADED, "full",
     "{\"error\":{\"message\":\"full\",\"type\":\"server_error\",\"param\":null,"
     "\"code\":\"gateway_overloaded\"}}",
     NULL},
    {"responses", GW_CALLER_RESPONSES, GW_FAULT_TRUNCATED, "cut",
     "{\"error\":{\"message\":\"cut\",\"type\":\"server_error\",\"param\":null,"
     "\"code\":\"stream_truncated\"}}",
     "event: error\ndata: {\"type\":\"error\",\"code\":\"stream_truncated\",\"message\":\"cut\","
     "\"param\":null,\"error\":{\"message\":\"cut\",\"type\":\"server_error\",\"param\":null,"
     "\"code\":\"stream_truncated\"}}\n\n"},
    {"messages", GW_CALLER_MESSAGES, GW_FAULT_OVERLOADED, "full",
     "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"full\"},"
     "\"request_id\":\"req-1\"}",
     "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
     "\"message\":\"full\"},\"request_id\":\"req-1\"}\n\n"},
    {"a message that needs escapes", GW_CALLER_CHAT, GW_FAULT_UNKNOWN_MODEL, "no \"a\\b\"\r\n\001",
     "{\"error\":{\"message\":\"no \\\"a\\\\b\\\"\\r\\n\\u0001\",\"type\":\"invalid_request_error\""
     ",\"param\":\"model\",\"code\":\"UnknownModel\"}}",
     NULL},
    {"an empty message", GW_CALLER_MESSAGES, GW_FAULT_METHOD, "",
     "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"\"},"
     "\"request_id\":\"req-1\"}",
     "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
     "\"message\":\"\"},\"request_id\":\"req-1\"}\n\n"},
};

typedef enum gw_status write_fn(struct gw_buf *into, enum gw_caller caller, enum gw_fault fault,
                                struct gw_str message, struct gw_str request_id);

static void check(size_t i, write_fn *write, struct gw_str want)
{
    struct gw_buf buf;

    gw_buf_init(&buf, BYTES_MAX);
    assert_int_equal(
        write(&buf, cases[i].caller, cases[i].fault, gw_str_of(cases[i].message), GW_STR("req-1")),
        GW_OK);
    if (!gw_str_eq(gw_buf_str(&buf), want))
        fail_msg("%s:\n%.*s", cases[i].label, GW_STR_ARG(gw_buf_str(&buf)));
    gw_buf_finish(&buf);
}

static void test_envelopes(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_buf event;
        gw_buf_init(&event, BYTES_MAX);
        if (cases[i].event)
            (void)gw_buf_add(&event, gw_str_of(cases[i].event));
        else
            (void)gw_buf_printf(&event, "data: %s\n\n", cases[i].body);
        check(i, gw_reply_error_body, gw_str_of(cases[i].body));
        check(i, gw_reply_error_event, gw_buf_str(&event));
        gw_buf_finish(&event);
    }
}

/* Every fault in every envelope: one line of JSON, whatever bytes the message holds. */
static void check_body(enum gw_caller caller, enum gw_fault fault)
{
    struct gw_buf buf;
    struct gw_arena arena;
    struct gw_json json;

    gw_buf_init(&buf, BYTES_MAX);
    gw_arena_init(&arena, NULL);
    assert_int_equal(
        gw_reply_error_body(&buf, caller, fault, GW_STR("\xff\n\x80\0\xc3(\"\x7f"), GW_STR("r")),
        GW_OK);
    struct gw_str body = gw_buf_str(&buf);
    assert_true(gw_str_find(body, '\n') == body.len);
    if (gw_json_read(body, &arena, TOKENS_MAX, &json, NULL) != GW_OK)
        fail_msg("fault %d for caller %d: %.*s", (int)fault, (int)caller, GW_STR_ARG(body));
    gw_arena_finish(&arena);
    gw_buf_finish(&buf);
}

static void test_rows(void **state)
{
    static const char *const codes[] = {"bad_request", "model_not_found", "upstream", "overloaded"};

    (void)state;
    for (int fault = 0; fault < GW_FAULTS; fault++) {
        const struct gw_fault_row *row = gw_fault_row((enum gw_fault)fault);
        size_t code = 0;
        if (!row->error_code || !row->openai_type || !row->openai_code || !row->anthropic_type ||
            !row->doc || row->status < 400 || row->status > 599)
            fail_msg("fault %d has no whole row", fault);
        while (code < GW_COUNT(codes) && strcmp(codes[code], row->error_code) != 0)
            code++;
        if (code == GW_COUNT(codes))
            fail_msg("fault %d: %s", fault, row->error_code);
        for (int caller = GW_CALLER_CHAT; caller <= GW_CALLER_OPENAI; caller++)
            check_body((enum gw_caller)caller, (enum gw_fault)fault);
    }
}

/* The status and codes callers rely on. */
static void test_codes(void **state)
{
    static const struct {
        enum gw_fault fault;
        unsigned status;
        const char *error_code, *openai_code;
    } rows[] = {
        {GW_FAULT_UNKNOWN_MODEL, 404, "model_not_found", "UnknownModel"},
        {GW_FAULT_INVALID_JSON, 400, "bad_request", "invalid_json"},
        {GW_FAULT_INVALID_MODEL, 400, "bad_request", "invalid_model"},
        {GW_FAULT_UNSUPPORTED, 400, "bad_request", "unsupported_capability"},
        {GW_FAULT_BODY_TOO_LARGE, 413, "bad_request", "body_too_large"},
        {GW_FAULT_HEADERS_TOO_LARGE, 431, "bad_request", "headers_too_large"},
        {GW_FAULT_METHOD, 405, "bad_request", "method_not_allowed"},
        {GW_FAULT_UNREACHABLE, 502, "upstream", "upstream_unreachable"},
        {GW_FAULT_BROKEN, 502, "upstream", "upstream_broken"},
        {GW_FAULT_TIMEOUT, 504, "upstream", "upstream_timeout"},
        {GW_FAULT_OVERLOADED, 503, "overloaded", "gateway_overloaded"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        const struct gw_fault_row *row = gw_fault_row(rows[i].fault);
        if (row->status != rows[i].status || strcmp(row->error_code, rows[i].error_code) != 0 ||
            strcmp(row->openai_code, rows[i].openai_code) != 0)
            fail_msg("%s: %u %s %s", rows[i].openai_code, row->status, row->error_code,
                     row->openai_code);
    }
}

/* A buffer that is full at any byte is told: half an event never looks whole. */
static void test_full_buffer(void **state)
{
    (void)state;
    for (int caller = GW_CALLER_CHAT; caller <= GW_CALLER_OPENAI; caller++) {
        size_t whole = 1;
        for (size_t max = 0; max <= whole; max++) {
            struct gw_buf buf;
            gw_buf_init(&buf, max == 0 ? BYTES_MAX : max);
            enum gw_status status =
                gw_reply_error_event(&buf, (enum gw_caller)caller, GW_FAULT_BROKEN,
                                     GW_STR("a longer message"), GW_STR("r"));
            if (max == 0) /* the first time, to know how long it is */
                whole = gw_buf_len(&buf);
            bool fits = max == 0 || max == whole;
            if (status != (fits ? GW_OK : GW_TOO_LARGE) || (fits && gw_buf_len(&buf) != whole))
                fail_msg("caller %d, room for %zu of %zu: %s", caller, max, whole,
                         gw_status_name(status));
            gw_buf_finish(&buf);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelopes),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_full_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
