#include "codec/chat_play.h"

#include <stdlib.h>

/* ---- read ---- */

static const struct {
    const char *label;
    unsigned status;
    const char *body, *expected;
} errors[] = {
    {"OpenAI's", 404,
     "{\"error\":{\"message\":\"no such model\",\"type\":\"invalid_request_error\",\"param\":"
     "\"model\",\"code\":\"model_not_found\"}}",
     "error not_found model_not_found param=model: no such model\n"},
    {"a numeric code is none", 400, "{\"error\":{\"message\":\"m\",\"code\":400}}",
     "error bad_request -: m\n"},
    {"nor is one in quotes", 400, "{\"error\":{\"message\":\"m\",\"code\":\"400\"}}",
     "error bad_request -: m\n"},
    {"xAI's", 400, "{\"code\":\"Client specified an invalid argument\",\"error\":\"bad\"}",
     "error bad_request Client specified an invalid argument: bad\n"},
    {"vLLM's", 400,
     "{\"object\":\"error\",\"message\":\"m\",\"type\":\"BadRequestError\",\"param\":null,\"code\":"
     "400}",
     "error bad_request -: m\n"},
    {"a detail", 422, "{\"detail\":\"not so\"}", "error unprocessable -: not so\n"},
    {"details", 422,
     "{\"detail\":[{\"loc\":[\"body\",\"messages\",0],\"msg\":\"missing\",\"type\":\"x\"},{\"loc\":"
     "[],\"msg\":\"odd\"}]}",
     "error unprocessable -: body.messages.0: missing; odd\n"},
    {"Mistral's details", 422,
     "{\"object\":\"error\",\"message\":{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"extra\"}]}}",
     "error unprocessable -: body: extra\n"},
    {"errors", 400, "{\"errors\":[{\"message\":\"first\"},{\"message\":\"second\"}]}",
     "error bad_request -: first\n"},
    {"AWS", 400, "{\"__type\":\"com.amazon#ThrottlingException\",\"message\":\"slow\"}",
     "error rate_limit -: slow\n"},
    {"Google's in a list", 400,
     "[{\"error\":{\"code\":429,\"message\":\"q\",\"status\":\"RESOURCE_EXHAUSTED\"}}]",
     "error rate_limit -: q\n"},
    {"Anthropic's type", 500,
     "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"o\"}}",
     "error overloaded -: o\n"},
    {"text", 502, "<html>\n<body><h1>Bad\tGateway</h1></body></html>\r\n",
     "error bad_gateway -: Bad Gateway\n"},
    {"nothing", 503, "", "error overloaded -: upstream returned HTTP 503\n"},
    {"an object of nothing", 500, "{}", "error internal -: upstream returned HTTP 500\n"},
    {"markup only", 504, "<br>", "error gateway_timeout -: upstream returned HTTP 504\n"},
    {"keys", 401,
     "{\"error\":{\"message\":\"Incorrect API key provided: sk-proj-abc***XYZ_12. "
     "task-list-is-long "
     "AIzaSyA1234567890 sk-short\"}}",
     "error auth -: Incorrect API key provided: ***. task-list-is-long *** sk-short\n"},
    {"the prompt is too long, by its code", 400,
     "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"code\":\"context_length_"
     "exceeded\"}}",
     "error context context_length_exceeded: m\n"},
    {"the prompt is too long, in words", 400,
     "{\"error\":{\"message\":\"This model's maximum context length is 8192\"}}",
     "error context -: This model's maximum context length is 8192\n"},
    {"the same, as too large", 413, "{\"message\":\"prompt is too long\"}",
     "error context -: prompt is too long\n"},
    {"words that do not count", 500, "{\"message\":\"prompt is too long\"}",
     "error internal -: prompt is too long\n"},
    {"no money", 429,
     "{\"error\":{\"message\":\"pay\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_"
     "quota\"}}",
     "error billing insufficient_quota: pay\n"},
    {"no money, another way", 402, "{\"error\":{\"message\":\"pay\"}}", "error billing -: pay\n"},
};

static void test_reads_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(errors); i++) {
        struct gw_error_answer answer = {errors[i].status, gw_str_of(errors[i].body)};
        struct gw_event event = {.kind = GW_EVENT_ERROR};
        struct gw_arena arena;
        struct seen seen;
        seen_init(&seen);
        gw_arena_init(&arena, NULL);
        assert_int_equal(gw_codec_openai_chat.read_error(&answer, &arena, &event.failure), GW_OK);
        assert_int_equal(see(&seen, &event), GW_OK);
        check_bytes(errors[i].label, gw_buf_str(&seen.lines), errors[i].expected);
        gw_buf_finish(&seen.lines);
        gw_arena_finish(&arena);
    }
}

static void test_long_text_is_cut(void **state)
{
    char body[6001];
    struct gw_error_answer answer = {500, {body, sizeof(body)}};
    struct gw_failure_told told;
    struct gw_arena arena;

    (void)state;
    memset(body, 'x', sizeof(body));
    memcpy(body, "a", 1); /* so that the cut falls within a character */
    for (size_t i = 1; i + 1 < sizeof(body); i += 2)
        memcpy(body + i, "\xc3\xa9", 2);
    gw_arena_init(&arena, NULL);
    assert_int_equal(gw_codec_openai_chat.read_error(&answer, &arena, &told), GW_OK);
    assert_in_range(told.message.raw.len, 1990, 2002);
    gw_arena_finish(&arena);
}

/* ---- classes (§7) ---- */

static const struct {
    unsigned upstream;
    const char *code;
    unsigned status;
    const char *type, *shown;
} classes[] = {
    {400, NULL, 400, "invalid_request_error", "null"},
    {400, "bad_thing", 400, "invalid_request_error", "\"bad_thing\""},
    {400, "context_length_exceeded", 400, "invalid_request_error", "\"context_length_exceeded\""},
    {401, NULL, 401, "invalid_request_error", "\"invalid_api_key\""},
    {402, NULL, 402, "insufficient_quota", "\"insufficient_quota\""},
    {402, "insufficient_quota", 402, "insufficient_quota", "\"insufficient_quota\""},
    {429, "insufficient_quota", 429, "insufficient_quota", "\"insufficient_quota\""},
    {403, NULL, 403, "permission_error", "\"permission_denied\""},
    {404, NULL, 404, "invalid_request_error", "\"model_not_found\""},
    {405, NULL, 400, "invalid_request_error", "null"},
    {408, NULL, 408, "timeout_error", "\"request_timeout\""},
    {409, NULL, 409, "invalid_request_error", "\"conflict\""},
    {413, NULL, 413, "invalid_request_error", "\"request_too_large\""},
    {422, NULL, 422, "invalid_request_error", "null"},
    {498, NULL, 400, "invalid_request_error", "null"},
    {429, NULL, 429, "rate_limit_error", "\"rate_limit_exceeded\""},
    {500, NULL, 500, "server_error", "\"internal_error\""},
    {501, NULL, 500, "server_error", "\"internal_error\""},
    {505, NULL, 500, "server_error", "\"internal_error\""},
    {502, NULL, 502, "server_error", "\"upstream_error\""},
    {424, NULL, 502, "server_error", "\"upstream_error\""},
    {302, NULL, 502, "server_error", "\"upstream_error\""},
    {503, NULL, 503, "server_error", "\"overloaded\""},
    {529, NULL, 503, "server_error", "\"overloaded\""},
    {504, NULL, 504, "server_error", "\"timeout\""},
    {522, NULL, 504, "server_error", "\"timeout\""},
    {524, NULL, 504, "server_error", "\"timeout\""},
    {499, NULL, 499, "invalid_request_error", "\"request_cancelled\""},
};

static void test_t11_54_each_status_has_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(classes); i++) {
        char body[256], expected[256];
        struct gw_error_answer answer = {classes[i].upstream, {body, 0}};
        struct gw_failure_told told;
        struct play play;
        unsigned status = 0;
        int len = snprintf(body, sizeof(body), "{\"error\":{\"message\":\"m\",\"code\":%s%s%s}}",
                           classes[i].code ? "\"" : "", classes[i].code ? classes[i].code : "null",
                           classes[i].code ? "\"" : "");
        answer.body.len = (size_t)len;
        play_init(&play);
        assert_int_equal(gw_codec_openai_chat.read_error(&answer, &play.arena, &told), GW_OK);
        assert_int_equal(gw_codec_openai_chat.write_error(&told, &play.context, &play.out, &status),
                         GW_OK);
        snprintf(expected, sizeof(expected),
                 "{\"error\":{\"message\":\"m\",\"type\":\"%s\",\"param\":null,\"code\":%s}}",
                 classes[i].type, classes[i].shown);
        check_bytes(expected, gw_buf_str(&play.out), expected);
        if (status != classes[i].status)
            fail_msg("%u: %u", classes[i].upstream, status);
        play_finish(&play);
    }
}

static void test_writes_what_is_told(void **state)
{
    struct gw_failure_told told = {.class = GW_CLASS_UNPROCESSABLE,
                                   .message = GW_TEXT("a\\\"b\\ud83d"),
                                   .code = GW_TEXT("c"),
                                   .param = GW_TEXT("messages[0]")};
    struct play play;
    unsigned status;

    (void)state;
    play_init(&play);
    assert_int_equal(gw_codec_openai_chat.write_error(&told, &play.context, &play.out, &status),
                     GW_OK);
    check_bytes("told", gw_buf_str(&play.out),
                "{\"error\":{\"message\":\"a\\\"b\\ufffd\",\"type\":\"invalid_request_error\","
                "\"param\":\"messages[0]\",\"code\":\"c\"}}");
    play_finish(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_errors),
        cmocka_unit_test(test_long_text_is_cut),
        cmocka_unit_test(test_t11_54_each_status_has_its_class),
        cmocka_unit_test(test_writes_what_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
