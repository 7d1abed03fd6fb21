#include "unit/test.h"

#include <stdio.h>

#include "codec/anthropic_messages.h"
#include "codec/codec.h"

static const struct gw_codec *const codec = &gw_codec_anthropic_messages;

/* ---- errors of upstreams ---- */

static const struct {
    const char *label;
    unsigned status;
    const char *body;
    enum gw_failure_class class;
    const char *message, *code, *param, *details;
} rows[] = {
    /* shapes */
    {"Anthropic", 400,
     "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"a "
     "\\\"b\\\"\"},\"request_id\":"
     "\"r\"}",
     GW_CLASS_BAD_REQUEST, "a \\\"b\\\"", NULL, NULL, NULL},
    {"Anthropic with details", 400,
     "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"m\","
     "\"details\":{\"error_code\":"
     "\"x\"}}}",
     GW_CLASS_BAD_REQUEST, "m", NULL, NULL, "{\"error_code\":\"x\"}"},
    {"OpenAI", 404,
     "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"param\":\"model\","
     "\"code\":"
     "\"model_not_found\"}}",
     GW_CLASS_NOT_FOUND, "m", "model_not_found", "model", NULL},
    {"nulls and numbers", 400,
     "{\"error\":{\"message\":\"m\",\"type\":null,\"param\":null,\"code\":400}}",
     GW_CLASS_BAD_REQUEST, "m", NULL, NULL, NULL},
    {"text in `error`", 400, "{\"code\":\"bad\",\"error\":\"m\"}", GW_CLASS_BAD_REQUEST, "m", "bad",
     NULL, NULL},
    {"message alone", 500, "{\"message\":\"m\"}", GW_CLASS_INTERNAL, "m", NULL, NULL, NULL},
    {"test_t11_56 vLLM", 400,
     "{\"object\":\"error\",\"message\":\"m\",\"type\":\"BadRequestError\",\"code\":400}",
     GW_CLASS_BAD_REQUEST, "m", NULL, NULL, NULL},
    {"AWS", 400, "{\"__type\":\"com.amazon.coral.service#ThrottlingException\",\"message\":\"m\"}",
     GW_CLASS_RATE_LIMIT, "m", NULL, NULL, NULL},
    {"AWS, with an address", 400,
     "{\"__type\":\"AccessDeniedException:http://x/\",\"message\":\"m\"}", GW_CLASS_PERMISSION, "m",
     NULL, NULL, NULL},
    {"detail", 422, "{\"detail\":\"m\"}", GW_CLASS_UNPROCESSABLE, "m", NULL, NULL, NULL},
    {"details of FastAPI", 422,
     "{\"detail\":[{\"loc\":[\"body\",\"messages\",0],\"msg\":\"field "
     "required\"},{\"loc\":[],\"msg\":\"x\"},{\"msg\":"
     "\"y\"}]}",
     GW_CLASS_UNPROCESSABLE, "body.messages.0: field required; x; y", NULL, NULL, NULL},
    {"errors", 400, "{\"errors\":[{\"message\":\"m\"},{\"message\":\"n\"}]}", GW_CLASS_BAD_REQUEST,
     "m", NULL, NULL, NULL},
    {"Google, in an array", 429,
     "[{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"RESOURCE_EXHAUSTED\"}}]",
     GW_CLASS_RATE_LIMIT, "m", NULL, NULL, NULL},
    {"a page", 502,
     "<html><head><title>502</title></head>\r\n<body>Bad  \"gateway\"\x01</body></html>",
     GW_CLASS_BAD_GATEWAY, "502 Bad \\\"gateway\\\"", NULL, NULL, NULL},
    {"text", 503, "  no healthy upstream\n", GW_CLASS_OVERLOADED, "no healthy upstream", NULL, NULL,
     NULL},
    {"cut JSON", 500, "{\"error\":{\"mess", GW_CLASS_INTERNAL, "{\\\"error\\\":{\\\"mess", NULL,
     NULL, NULL},
    {"nothing", 504, "", GW_CLASS_GATEWAY_TIMEOUT, "upstream returned HTTP 504", NULL, NULL, NULL},
    {"JSON that says nothing", 418, "{\"x\":1}", GW_CLASS_BAD_REQUEST, "upstream returned HTTP 418",
     NULL, NULL, NULL},
    {"empty message", 401, "{\"error\":{\"message\":\"\"}}", GW_CLASS_AUTH,
     "upstream returned HTTP 401", NULL, NULL, NULL},
    /* test_t11_54: classes by status */
    {"400", 400, "", GW_CLASS_BAD_REQUEST, "upstream returned HTTP 400", NULL, NULL, NULL},
    {"401", 401, "x", GW_CLASS_AUTH, "x", NULL, NULL, NULL},
    {"402", 402, "x", GW_CLASS_BILLING, "x", NULL, NULL, NULL},
    {"403", 403, "x", GW_CLASS_PERMISSION, "x", NULL, NULL, NULL},
    {"404", 404, "x", GW_CLASS_NOT_FOUND, "x", NULL, NULL, NULL},
    {"408", 408, "x", GW_CLASS_TIMEOUT, "x", NULL, NULL, NULL},
    {"409", 409, "x", GW_CLASS_CONFLICT, "x", NULL, NULL, NULL},
    {"413", 413, "x", GW_CLASS_TOO_LARGE, "x", NULL, NULL, NULL},
    {"422", 422, "x", GW_CLASS_UNPROCESSABLE, "x", NULL, NULL, NULL},
    {"424", 424, "x", GW_CLASS_BAD_GATEWAY, "x", NULL, NULL, NULL},
    {"429", 429, "x", GW_CLASS_RATE_LIMIT, "x", NULL, NULL, NULL},
    {"498", 498, "x", GW_CLASS_UNPROCESSABLE, "x", NULL, NULL, NULL},
    {"499", 499, "x", GW_CLASS_CANCELLED, "x", NULL, NULL, NULL},
    {"500", 500, "x", GW_CLASS_INTERNAL, "x", NULL, NULL, NULL},
    {"501", 501, "x", GW_CLASS_INTERNAL, "x", NULL, NULL, NULL},
    {"505", 505, "x", GW_CLASS_INTERNAL, "x", NULL, NULL, NULL},
    {"522", 522, "x", GW_CLASS_GATEWAY_TIMEOUT, "x", NULL, NULL, NULL},
    {"524", 524, "x", GW_CLASS_GATEWAY_TIMEOUT, "x", NULL, NULL, NULL},
    {"529", 529, "x", GW_CLASS_OVERLOADED, "x", NULL, NULL, NULL},
    {"302", 302, "x", GW_CLASS_BAD_GATEWAY, "x", NULL, NULL, NULL},
    /* by what is said */
    {"the type before the status", 500,
     "{\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}", GW_CLASS_OVERLOADED, "m",
     NULL, NULL, NULL},
    {"a vague type behind it", 429,
     "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"m\"}}", GW_CLASS_RATE_LIMIT, "m",
     NULL, NULL, NULL},
    {"Google's status", 500,
     "{\"error\":{\"code\":500,\"status\":\"UNAVAILABLE\",\"message\":\"m\"}}", GW_CLASS_OVERLOADED,
     "m", NULL, NULL, NULL},
    {"number within 200", 200, "{\"error\":{\"code\":429,\"message\":\"m\"}}", GW_CLASS_RATE_LIMIT,
     "m", NULL, NULL, NULL},
    {"nothing within 200", 200, "{\"error\":{\"message\":\"m\"}}", GW_CLASS_BAD_GATEWAY, "m", NULL,
     NULL, NULL},
    {"quota", 429, "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"m\"}}",
     GW_CLASS_BILLING, "m", "insufficient_quota", NULL, NULL},
    {"too long, by its code", 400,
     "{\"error\":{\"code\":\"context_length_exceeded\",\"message\":\"m\"}}", GW_CLASS_CONTEXT, "m",
     "context_length_exceeded", NULL, NULL},
    {"too long, Anthropic", 400,
     "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 200001 "
     "tokens > 200000\"}}",
     GW_CLASS_CONTEXT, "prompt is too long: 200001 tokens > 200000", NULL, NULL, NULL},
    {"too long, Bedrock", 400, "{\"message\":\"Input is too long for requested model.\"}",
     GW_CLASS_CONTEXT, "Input is too long for requested model.", NULL, NULL, NULL},
    {"not of another class", 500, "{\"message\":\"maximum context length\"}", GW_CLASS_INTERNAL,
     "maximum context length", NULL, NULL, NULL},
    /* keys */
    {"keys are hidden", 401,
     "{\"error\":{\"message\":\"Incorrect API key provided: sk-proj-AbC_123*****9. Or "
     "AIzaSyD-9tSrke72 (task-force)\"}}",
     GW_CLASS_AUTH, "Incorrect API key provided: *** Or *** (task-force)", NULL, NULL, NULL},
    {"what only begins like one stays", 400, "{\"error\":{\"message\":\"sk-1 and sk-\"}}",
     GW_CLASS_BAD_REQUEST, "sk-1 and sk-", NULL, NULL, NULL},
};

static bool same(struct gw_str got, const char *want)
{
    return want ? gw_str_eq(got, gw_str_of(want)) : got.base == NULL;
}

static void test_t11_54_errors_of_upstreams(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_arena arena;
        struct gw_failure_told told;
        struct gw_error_answer answer = {rows[i].status, gw_str_of(rows[i].body)};
        gw_arena_init(&arena, NULL);
        assert_int_equal(codec->read_error(&answer, &arena, &told), GW_OK);
        if (told.class != rows[i].class || !same(told.message.raw, rows[i].message) ||
            !same(told.code.raw, rows[i].code) || !same(told.param.raw, rows[i].param) ||
            !same(told.details, rows[i].details))
            fail_msg("%s: class %d, \"%.*s\", code \"%.*s\", param \"%.*s\"", rows[i].label,
                     (int)told.class, GW_STR_ARG(told.message.raw), GW_STR_ARG(told.code.raw),
                     GW_STR_ARG(told.param.raw));
        gw_arena_finish(&arena);
    }
}

static void test_long_pages_are_cut(void **state)
{
    struct gw_arena arena;
    struct gw_failure_told told;
    char page[5000];

    (void)state;
    memset(page, 'x', sizeof(page));
    gw_arena_init(&arena, NULL);
    struct gw_error_answer answer = {500, {page, sizeof(page)}};
    assert_int_equal(codec->read_error(&answer, &arena, &told), GW_OK);
    assert_int_equal(told.message.raw.len, 2000);
    gw_arena_finish(&arena);
}

/* ---- errors to callers ---- */

static const struct {
    enum gw_failure_class class;
    unsigned status;
    const char *type;
} classes[] = {
    {GW_CLASS_BAD_REQUEST, 400, "invalid_request_error"},
    {GW_CLASS_AUTH, 401, "authentication_error"},
    {GW_CLASS_BILLING, 402, "billing_error"},
    {GW_CLASS_PERMISSION, 403, "permission_error"},
    {GW_CLASS_NOT_FOUND, 404, "not_found_error"},
    {GW_CLASS_TIMEOUT, 408, "timeout_error"},
    {GW_CLASS_CONFLICT, 409, "invalid_request_error"},
    {GW_CLASS_TOO_LARGE, 413, "request_too_large"},
    {GW_CLASS_UNPROCESSABLE, 400, "invalid_request_error"},
    {GW_CLASS_RATE_LIMIT, 429, "rate_limit_error"},
    {GW_CLASS_INTERNAL, 500, "api_error"},
    {GW_CLASS_BAD_GATEWAY, 502, "api_error"},
    {GW_CLASS_OVERLOADED, 529, "overloaded_error"},
    {GW_CLASS_GATEWAY_TIMEOUT, 504, "timeout_error"},
    {GW_CLASS_CANCELLED, 499, "api_error"},
};

static void check_envelope(const struct gw_failure_told *told, unsigned status, const char *error)
{
    const struct gw_answer_context context = {.request_id = GW_STR("req_1")};
    struct gw_buf out;
    unsigned got;
    char want[400];

    gw_buf_init(&out, 1 << 16);
    assert_int_equal(codec->write_error(told, &context, &out, &got), GW_OK);
    (void)snprintf(want, sizeof(want), "{\"type\":\"error\",\"error\":%s,\"request_id\":\"req_1\"}",
                   error);
    if (got != status || !gw_str_eq(gw_buf_str(&out), gw_str_of(want)))
        fail_msg("%u %.*s\n  want %u %s", got, GW_STR_ARG(gw_buf_str(&out)), status, want);
    gw_buf_finish(&out);
}

static void test_every_class_has_its_envelope(void **state)
{
    (void)state;
    assert_int_equal(GW_COUNT(classes), GW_CLASSES - 1); /* all but CONTEXT */
    for (size_t i = 0; i < GW_COUNT(classes); i++) {
        struct gw_failure_told told = {.class = classes[i].class,
                                       .message = GW_TEXT("a\\n\\ud83d")};
        char error[200];
        (void)snprintf(error, sizeof(error), "{\"type\":\"%s\",\"message\":\"a\\n\\ufffd\"}",
                       classes[i].type);
        check_envelope(&told, classes[i].status, error);
    }
}

static void test_a_prompt_that_is_too_long_is_said_in_these_words(void **state)
{
    struct gw_failure_told told = {.class = GW_CLASS_CONTEXT,
                                   .message = GW_TEXT("maximum context length \\\"x\\\"")};

    (void)state;
    check_envelope(&told, 400,
                   "{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: maximum "
                   "context length "
                   "\\\"x\\\"\"}");
    told.message = GW_TEXT("prompt is too long: 3 > 2");
    check_envelope(
        &told, 400,
        "{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 3 > 2\"}");
}

static void test_details_are_kept_and_threads_have_theirs(void **state)
{
    struct gw_failure_told told = {
        .class = GW_CLASS_BAD_REQUEST, .message = GW_TEXT("m"), .param = GW_TEXT("thread")};

    (void)state;
    check_envelope(
        &told, 400,
        "{\"type\":\"invalid_request_error\",\"message\":\"m\",\"details\":{\"error_code\":"
        "\"thread_unsupported_request\"}}");
    told.details = GW_STR("{\"a\":\n1}");
    check_envelope(&told, 400,
                   "{\"type\":\"invalid_request_error\",\"message\":\"m\",\"details\":{\"a\": 1}}");
}

/* ---- estimates ---- */

static void test_tokens_are_estimated(void **state)
{
    static const struct {
        const char *label, *body;
        uint64_t tokens;
    } cases[] = {
        {"nothing", "{}", 0},
        {"four bytes a token, rounded up",
         "{\"system\":\"abcd\",\"messages\":[{\"role\":\"user\",\"content\":\"e\"}]}", 2},
        {"only what the model reads",
         "{\"model\":\"long name of a model\",\"max_tokens\":1,\"metadata\":{\"user_id\":\"long "
         "name of a user\"},"
         "\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":"
         "\"abcd\",\"signature\":"
         "\"long signature\"},{\"type\":\"tool_use\",\"id\":\"long "
         "id\",\"name\":\"efgh\",\"input\":{\"a\":1}}]}]}",
         4},
        {"tools",
         "{\"tools\":[{\"name\":\"ab\",\"description\":\"cd\",\"input_schema\":{\"type\":"
         "\"object\"}}]}",
         6},
        {"images and documents",
         "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":"
         "\"base64\","
         "\"media_type\":\"image/"
         "png\",\"data\":\"aaaaaaaaaaaaaaaaaaaaaaaa\"}},{\"type\":\"document\",\"source\":{"
         "\"type\":\"base64\",\"media_type\":\"application/"
         "pdf\",\"data\":\"aaaaaaaaaaaaaaaaaaaa\"}},{\"type\":"
         "\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"x\",\"data\":\"abc\"}}]}]}",
         1603},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_arena arena;
        uint64_t tokens = 0;
        gw_arena_init(&arena, NULL);
        assert_int_equal(
            gw_messages_count_estimate(gw_str_of(cases[i].body), &arena, &tokens, NULL), GW_OK);
        if (tokens != cases[i].tokens)
            fail_msg("%s: %llu", cases[i].label, (unsigned long long)tokens);
        gw_arena_finish(&arena);
    }
    struct gw_arena arena;
    uint64_t tokens;
    gw_arena_init(&arena, NULL);
    assert_int_equal(gw_messages_count_estimate(GW_STR("[]"), &arena, &tokens, NULL), GW_INVALID);
    assert_int_equal(gw_messages_count_estimate(GW_STR("{"), &arena, &tokens, NULL), GW_INVALID);
    gw_arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_t11_54_errors_of_upstreams),
        cmocka_unit_test(test_long_pages_are_cut),
        cmocka_unit_test(test_every_class_has_its_envelope),
        cmocka_unit_test(test_a_prompt_that_is_too_long_is_said_in_these_words),
        cmocka_unit_test(test_details_are_kept_and_threads_have_theirs),
        cmocka_unit_test(test_tokens_are_estimated),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
