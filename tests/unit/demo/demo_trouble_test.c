#include "test.h"

#include "demo_client.h"

/* ---- errors ---- */

static const struct {
    const char *label, *line, *body;
    unsigned status;
    const char *path, *text, *field, *value;
} error_cases[] = {
    {"chat 429", CHAT, "{\"model\":\"demo-error-429\"," USER("x") "}", 429, "error.type",
     "rate_limit_error", "retry-after", "1"},
    {"chat 401", CHAT, "{\"model\":\"demo-error-401\",\"stream\":true," USER("x") "}", 401,
     "error.code", "invalid_api_key", NULL, NULL},
    {"chat 599", CHAT, "{\"model\":\"demo-error-599\"," USER("x") "}", 599, "error.type",
     "server_error", NULL, NULL},
    {"another one's 500", CHAT, "{\"model\":\"demo-error-500-b\"," USER("x") "}", 500, "error.type",
     "server_error", NULL, NULL},
    {"no status", CHAT, "{\"model\":\"demo-error-600\"," USER("x") "}", 200, "object",
     "chat.completion", NULL, NULL},
    {"longer name", CHAT, "{\"model\":\"demo-hanging\"," USER("x") "}", 200, "object",
     "chat.completion", NULL, NULL},
    {"messages 529", MESSAGES, "{\"model\":\"demo-error-529\",\"max_tokens\":9," USER("x") "}", 529,
     "error.type", "overloaded_error", NULL, NULL},
    {"messages 404", MESSAGES, "{\"model\":\"demo-error-404\",\"max_tokens\":9," USER("x") "}", 404,
     "error.type", "not_found_error", NULL, NULL},
    {"responses 503", RESPONSES, "{\"model\":\"demo-error-503\",\"input\":\"x\"}", 503,
     "error.type", "server_error", NULL, NULL},
    {"rerank 400", "POST /v1/rerank", "{\"model\":\"demo-error-400\"}", 400, "message",
     "The demo model asks for status 400.", NULL, NULL},
    {"fails, not streamed", CHAT, "{\"model\":\"demo-stream-error\"," USER("x") "}", 500,
     "error.type", "server_error", NULL, NULL},
    {"bad JSON", CHAT, "{\"model\":", 400, "error.type", "invalid_request_error", NULL, NULL},
    {"bad JSON for messages", MESSAGES, "{\"model\":}", 400, "type", "error", NULL, NULL},
    {"no object", CHAT, "[]", 400, "error.message", "The body must be a JSON object.", NULL, NULL},
    {"no model", CHAT, "{" USER("x") "}", 400, "error.param", "model", NULL, NULL},
    {"model is no string", CHAT, "{\"model\":1," USER("x") "}", 400, "error.param", "model", NULL,
     NULL},
    {"no messages", CHAT, "{\"model\":\"m\"}", 400, "error.param", "messages", NULL, NULL},
    {"too many choices", CHAT, "{\"model\":\"m\",\"n\":9," USER("x") "}", 400, "error.param", "n",
     NULL, NULL},
    {"no max_tokens", MESSAGES, "{\"model\":\"m\"," USER("x") "}", 400, "error.message",
     "max_tokens: Field required", NULL, NULL},
    {"no input", RESPONSES, "{\"model\":\"m\"}", 400, "error.param", "input", NULL, NULL},
    {"no dimensions", "POST /v1/embeddings", "{\"model\":\"m\",\"input\":\"x\",\"dimensions\":0}",
     400, "error.param", "dimensions", NULL, NULL},
    {"no format", "POST /v1/audio/speech",
     "{\"model\":\"m\",\"input\":\"x\",\"response_format\":\"opus\"}", 400, "error.param",
     "response_format", NULL, NULL},
    {"unknown path", "GET /v1/nothing", "", 404, "error.message", "Invalid URL (GET /v1/nothing)",
     NULL, NULL},
    {"path below a known one", "POST /v1/responses/a/b", "{}", 404, "error.type",
     "invalid_request_error", NULL, NULL},
    {"wrong method", "PUT /v1/files/a", "", 405, "error.type", "invalid_request_error", "allow",
     "GET, DELETE"},
    {"unknown file", "GET /v1/files/file-x", "", 404, "error.message",
     "No such File object: file-x", NULL, NULL},
    {"no form", "POST /v1/files", "{}", 400, "error.type", "invalid_request_error", NULL, NULL},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(error_cases); i++) {
        struct reply *reply = client_ask(shared.port, error_cases[i].line, error_cases[i].body);
        if (!reply->is_whole || reply->head.code != error_cases[i].status)
            fail_msg("%s: status %u", error_cases[i].label, reply->head.code);
        check_text(error_cases[i].label, error_cases[i].path,
                   client_text(reply, &reply->json, error_cases[i].path), error_cases[i].text);
        if (error_cases[i].field)
            check_text(error_cases[i].label, error_cases[i].field,
                       client_field(reply, error_cases[i].field), error_cases[i].value);
        client_free(reply);
    }
}

static void test_head_fields(void **state)
{
    static const char *const openai[] = {"date", "x-request-id", "openai-processing-ms",
                                         "x-ratelimit-remaining-tokens"};
    static const char *const anthropic[] = {"date", "request-id",
                                            "anthropic-ratelimit-requests-remaining"};
    (void)state;

    struct reply *reply = client_ask(shared.port, CHAT, FAST USER("x") "}");
    for (size_t i = 0; i < GW_COUNT(openai); i++)
        assert_true(client_field(reply, openai[i]).len > 0);
    client_free(reply);
    reply = client_ask(shared.port, MESSAGES, "{\"model\":\"demo-error-500\"}");
    for (size_t i = 0; i < GW_COUNT(anthropic); i++)
        assert_true(client_field(reply, anthropic[i]).len > 0);
    assert_true(gw_str_eq(client_field(reply, "request-id"),
                          client_text(reply, &reply->json, "request_id")));
    client_free(reply);
}

/* ---- answers that break ---- */

static void test_cut_stream_is_not_whole(void **state)
{
    static const struct {
        const char *line, *body;
    } cases[] = {
        {CHAT, "{\"model\":\"demo-cut\",\"stream\":true," USER("x") "}"},
        {MESSAGES, "{\"model\":\"demo-cut\",\"max_tokens\":99,\"stream\":true," USER("x") "}"},
        {RESPONSES, "{\"model\":\"demo-cut\",\"stream\":true,\"input\":\"x\"}"},
        {"POST /v1/audio/speech", "{\"model\":\"demo-cut\",\"input\":\"a b c d e f g h i j k l\"}"},
        {CHAT, "{\"model\":\"demo-cut\"," USER("x") "}"},
    };
    (void)state;

    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct reply *reply = client_ask(shared.port, cases[i].line, cases[i].body);
        assert_int_equal(reply->head.code, 200);
        assert_true(gw_buf_len(&reply->body) > 0);
        assert_false(reply->is_whole);
        assert_false(reply->done);
        client_free(reply);
    }
}

static void test_other_troubles(void **state)
{
    (void)state;
    struct reply *reply = client_ask(shared.port, CHAT, "{\"model\":\"demo-reset\"," USER("x") "}");
    assert_true(reply->was_reset && gw_buf_len(&reply->raw) == 0);
    client_free(reply);
    reply = client_ask(shared.port, CHAT, "{\"model\":\"demo-garbage\"," USER("x") "}");
    assert_true(!reply->is_http && gw_buf_len(&reply->raw) > 0);
    client_free(reply);
    /* Sound has no error events: it breaks off. */
    reply = client_ask(shared.port, "POST /v1/audio/speech",
                       "{\"model\":\"demo-stream-error\",\"input\":\"a b c d e f g h i j k l\","
                       "\"response_format\":\"wav\"}");
    assert_true(gw_buf_len(&reply->body) > 0 && !reply->is_whole);
    client_free(reply);
}

static void test_hangs_until_the_caller_goes(void **state)
{
    static const char body[] = "{\"model\":\"demo-hang\"," USER("x") "}";
    struct timeval moment = {.tv_usec = 50000};
    char byte;
    (void)state;

    int fd = client_connect(shared.port);
    client_request(fd, CHAT, "", gw_str_of(body));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
    assert_int_equal(recv(fd, &byte, 1, 0), -1); /* nothing, and not closed either */
    moment = (struct timeval){.tv_sec = 20};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

/* The demo is stopped with a hanging and a paced answer under way, and after a caller has left in
 * the middle. */
static void test_stops_in_the_middle(void **state)
{
    static const char hang[] = "{\"model\":\"demo-hang\"," USER("x") "}";
    static const char slow[] = "{\"model\":\"demo-slow\",\"stream\":true," USER("x") "}";
    static const char paced[] = "{\"model\":\"m\",\"stream\":true," USER("x") "}";
    const char *bodies[] = {hang, slow, paced};
    struct gw_demo *demo;
    unsigned port;
    int fds[3];
    char byte;
    (void)state;

    assert_int_equal(gw_demo_start(&demo, &port, NULL), GW_OK);
    for (size_t i = 0; i < 3; i++) {
        fds[i] = client_connect(port);
        client_request(fds[i], CHAT, "", gw_str_of(bodies[i]));
    }
    int gone = client_connect(port);
    client_request(gone, CHAT, "", gw_str_of(paced));
    assert_int_equal(recv(gone, &byte, 1, 0), 1);
    close(gone);
    assert_int_equal(recv(fds[2], &byte, 1, 0), 1);
    gw_demo_stop(demo);
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);
}

/* ---- connections ---- */

static void test_pipelined_requests(void **state)
{
    static const char body[] = "{\"model\":\"demo-fast\",\"stream\":true," USER("x") "}";
    struct reply *reply = calloc(1, sizeof *reply);
    (void)state;

    assert_non_null(reply);
    int fd = client_connect(shared.port);
    client_request(fd, CHAT, "", gw_str_of(body));
    client_request(fd, "GET /v1/models/one", "", GW_STR(""));
    client_request(fd, "HEAD /v1/models", "", GW_STR(""));
    client_request(fd, "GET /v1/models/two", "connection: close\r\n", GW_STR(""));
    client_read_all(fd, reply);
    close(fd);
    struct gw_str all = gw_buf_str(&reply->raw);
    size_t done = gw_str_find_str(all, GW_STR("[DONE]\n\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    size_t one = gw_str_find_str(all, GW_STR("{\"id\":\"one\""));
    size_t two = gw_str_find_str(all, GW_STR("{\"id\":\"two\""));
    assert_true(done < one && one < two && two < all.len);
    assert_int_equal(gw_str_find_str(all, GW_STR("\"object\":\"list\"")),
                     all.len); /* HEAD: no body */
    client_free(reply);
}

static void test_http10_ends_by_closing(void **state)
{
    static const char body[] = "{\"model\":\"demo-fast\",\"stream\":true," USER("x") "}";
    char request[512];
    struct reply *reply = calloc(1, sizeof *reply);
    (void)state;

    assert_non_null(reply);
    int fd = client_connect(shared.port);
    int len = snprintf(request, sizeof request, CHAT " HTTP/1.0\r\ncontent-length: %zu\r\n\r\n%s",
                       sizeof body - 1, body);
    client_send(fd, (struct gw_str){request, (size_t)len});
    client_read_all(fd, reply);
    close(fd);
    struct gw_str all = gw_buf_str(&reply->raw);
    assert_int_equal(gw_str_find_str(all, GW_STR("transfer-encoding")), all.len);
    assert_true(gw_str_eq(gw_str_from(all, all.len - 14), GW_STR("data: [DONE]\n\n")));
    client_free(reply);
}

static void test_bad_http(void **state)
{
    static const char request[] = "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n"
                                  "content-length: 2\r\n\r\n";
    struct reply *reply = calloc(1, sizeof *reply);
    (void)state;

    assert_non_null(reply);
    int fd = client_connect(shared.port);
    client_send(fd, gw_str_of(request));
    client_read_all(fd, reply);
    close(fd);
    client_parse(reply);
    assert_int_equal(reply->head.code, 400);
    client_free(reply);
}

/* More than the kernel takes at once, to a caller that begins to read late. */
static void test_large_echo(void **state)
{
    size_t len = (size_t)6 << 20;
    struct gw_buf body;
    struct reply *reply = calloc(1, sizeof *reply);
    (void)state;

    assert_non_null(reply);
    gw_buf_init(&body, REPLY_BYTES_MAX);
    assert_int_equal(
        gw_buf_printf(&body, "{\"model\":\"demo-echo-fast\",\"stream\":true,\"input\":\""), GW_OK);
    size_t head = gw_buf_len(&body);
    assert_int_equal(gw_buf_reserve(&body, len), GW_OK);
    for (size_t i = 0; i < len; i++)
        body.base[body.tail++] = "abcdefgh "[i % 9];
    assert_int_equal(gw_buf_printf(&body, "\"}"), GW_OK);
    int fd = client_connect(shared.port);
    client_request(fd, RESPONSES, "connection: close\r\n", gw_buf_str(&body));
    client_read_all(fd, reply);
    close(fd);
    client_parse(reply);
    assert_true(reply->is_whole && reply->events_count > 500);
    struct gw_str text = client_text(reply, &reply->events[reply->events_count - 1],
                                     "response.output.0.content.0.text");
    assert_true(gw_str_eq(text, (struct gw_str){body.base + head, len}));
    gw_buf_finish(&body);
    client_free(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_head_fields),
        cmocka_unit_test(test_cut_stream_is_not_whole),
        cmocka_unit_test(test_other_troubles),
        cmocka_unit_test(test_hangs_until_the_caller_goes),
        cmocka_unit_test(test_stops_in_the_middle),
        cmocka_unit_test(test_pipelined_requests),
        cmocka_unit_test(test_http10_ends_by_closing),
        cmocka_unit_test(test_bad_http),
        cmocka_unit_test(test_large_echo),
    };
    return cmocka_run_group_tests(tests, start_demo, stop_demo);
}
