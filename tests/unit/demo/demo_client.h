/*
 * tests/unit/demo/demo_client: a blocking HTTP client for one request a connection, and what its
 * answers hold.
 */
#ifndef GW_TESTS_UNIT_DEMO_CLIENT_H
#define GW_TESTS_UNIT_DEMO_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "demo/demo.h"
#include "wire/http1.h"
#include "wire/json_read.h"
#include "wire/sse.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define REPLY_BYTES_MAX ((size_t)256 << 20)
#define EVENTS_MAX 8192u

struct reply {
    struct gw_buf raw;  /* as it came */
    struct gw_buf body; /* without chunks */
    struct gw_http1_head head;
    bool is_http, is_whole, was_reset;
    unsigned chunks;
    struct gw_arena arena;
    struct gw_json json; /* of a JSON body */
    struct gw_json events[EVENTS_MAX];
    struct gw_str types[EVENTS_MAX]; /* of the "event" lines */
    unsigned events_count;
    bool done; /* "[DONE]" came last */
};

static inline int client_connect(unsigned port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_not_equal(fd, -1);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static inline void client_send(int fd, struct gw_str bytes)
{
    while (bytes.len) {
        ssize_t sent = send(fd, bytes.base, bytes.len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        bytes = gw_str_from(bytes, (size_t)sent);
    }
}

/* @param line  "POST /v1/x"  @param fields  each with its CRLF */
static inline void client_request(int fd, const char *line, const char *fields, struct gw_str body)
{
    struct gw_buf request;

    gw_buf_init(&request, REPLY_BYTES_MAX);
    assert_int_equal(gw_buf_printf(&request, "%s HTTP/1.1\r\nhost: demo\r\n%s", line, fields),
                     GW_OK);
    if (body.len)
        assert_int_equal(gw_buf_printf(&request, "content-length: %zu\r\n", body.len), GW_OK);
    assert_int_equal(gw_buf_add(&request, GW_STR("\r\n")), GW_OK);
    assert_int_equal(gw_buf_add(&request, body), GW_OK);
    client_send(fd, gw_buf_str(&request));
    gw_buf_finish(&request);
}

static inline void client_read_all(int fd, struct reply *reply)
{
    gw_buf_init(&reply->raw, REPLY_BYTES_MAX);
    for (;;) {
        assert_int_equal(gw_buf_reserve(&reply->raw, 65536), GW_OK);
        ssize_t got = recv(fd, reply->raw.base + reply->raw.tail, 65536, 0);
        if (got <= 0) {
            reply->was_reset = got < 0;
            return;
        }
        reply->raw.tail += (size_t)got;
    }
}

static inline void client_count_chunk(void *arg, struct gw_str data)
{
    (void)data;
    ++*(unsigned *)arg;
}

static inline void client_unchunk(struct reply *reply, struct gw_str body)
{
    struct gw_chunked chunked;
    size_t used, kept;

    assert_int_equal(gw_buf_add(&reply->body, body), GW_OK);
    gw_chunked_init(&chunked);
    (void)gw_chunked_feed(&chunked, reply->body.base, body.len, true, &used, &kept,
                          client_count_chunk, &reply->chunks, NULL);
    memcpy(reply->body.base, body.base, body.len);
    gw_chunked_init(&chunked);
    assert_int_equal(gw_chunked_feed(&chunked, reply->body.base, body.len, false, &used, &kept,
                                     NULL, NULL, NULL),
                     GW_OK);
    reply->is_whole = chunked.done && used == body.len;
    reply->body.tail = reply->body.head + kept;
}

static inline enum gw_status client_add_event(void *arg, const struct gw_sse_event *event)
{
    struct reply *reply = arg;

    assert_false(reply->done); /* nothing behind it */
    if (gw_str_eq(event->data, GW_STR("[DONE]"))) {
        reply->done = true;
        return GW_OK;
    }
    if (event->incomplete)
        return GW_OK;
    assert_true(reply->events_count < EVENTS_MAX);
    struct gw_str text = gw_arena_str(&reply->arena, event->data);
    reply->types[reply->events_count] = gw_arena_str(&reply->arena, event->type);
    assert_int_equal(gw_json_read(text, &reply->arena, GW_JSON_READ_TOKENS_MAX,
                                  &reply->events[reply->events_count++], NULL),
                     GW_OK);
    return GW_OK;
}

static inline struct gw_str client_field(const struct reply *reply, const char *name)
{
    struct gw_str bytes = gw_buf_str(&reply->raw);
    const struct gw_http1_field *field =
        gw_http1_field_by_name(&reply->head, bytes, gw_str_of(name));

    return field ? gw_http1_value(field, bytes) : GW_STR("");
}

static inline void client_parse(struct reply *reply)
{
    struct gw_str bytes = gw_buf_str(&reply->raw), type;

    gw_buf_init(&reply->body, REPLY_BYTES_MAX);
    gw_http1_head_init(&reply->head);
    reply->is_http = gw_http1_response_feed(&reply->head, bytes, 65536, false, NULL) == GW_OK;
    if (!reply->is_http)
        return;
    struct gw_str body = gw_str_from(bytes, reply->head.bytes);
    if (reply->head.framing == GW_BODY_CHUNKED) {
        client_unchunk(reply, body);
    } else {
        assert_int_equal(gw_buf_add(&reply->body, body), GW_OK);
        reply->is_whole = reply->head.framing == GW_BODY_NONE || body.len == reply->head.body_bytes;
    }
    type = client_field(reply, "content-type");
    if (gw_str_starts(type, GW_STR("text/event-stream"))) {
        struct gw_sse sse;
        gw_sse_init(&sse);
        assert_int_equal(gw_sse_feed(&sse, gw_buf_str(&reply->body), client_add_event, reply),
                         GW_OK);
        gw_sse_finish(&sse);
    } else if (gw_str_eq(type, GW_STR("application/json")) && reply->is_whole) {
        assert_int_equal(gw_json_read(gw_buf_str(&reply->body), &reply->arena,
                                      GW_JSON_READ_TOKENS_MAX, &reply->json, NULL),
                         GW_OK);
    }
}

/* Free with client_free(). */
static inline struct reply *client_ask_with(unsigned port, const char *line, const char *fields,
                                            struct gw_str body)
{
    struct reply *reply = calloc(1, sizeof *reply);
    char all[512];
    int fd = client_connect(port);

    assert_non_null(reply);
    gw_arena_init(&reply->arena, NULL);
    (void)snprintf(all, sizeof all, "%sconnection: close\r\n", fields);
    client_request(fd, line, all, body);
    client_read_all(fd, reply);
    close(fd);
    client_parse(reply);
    return reply;
}

static inline struct reply *client_ask(unsigned port, const char *line, const char *body)
{
    return client_ask_with(port, line, "content-type: application/json\r\n", gw_str_of(body));
}

static inline void client_free(struct reply *reply)
{
    gw_buf_finish(&reply->raw);
    gw_buf_finish(&reply->body);
    gw_arena_finish(&reply->arena);
    free(reply);
}

/* "choices.0.message.content" */
static inline uint32_t client_at(const struct gw_json *json, const char *path)
{
    struct gw_str rest = gw_str_of(path);
    uint32_t at = 0;
    uint64_t index;

    while (rest.len) {
        struct gw_str step = {rest.base, gw_str_find(rest, '.')};
        rest = gw_str_from(rest, step.len + 1);
        if (gw_json_type(json, at) == GW_JSON_IS_ARRAY && gw_str_to_u64(step, &index)) {
            struct gw_json_iter iter = gw_json_iter(json, at);
            at = GW_JSON_ABSENT;
            for (uint64_t i = 0; i <= index; i++)
                if (!gw_json_next(json, &iter, &at))
                    at = GW_JSON_ABSENT;
        } else {
            at = gw_json_get(json, at, step);
        }
    }
    return at;
}

/* Decoded, when it is a string; else as it stands; "" when absent. Lives as long as the reply. */
static inline struct gw_str client_text(struct reply *reply, const struct gw_json *json,
                                        const char *path)
{
    uint32_t at = client_at(json, path);
    struct gw_str text = GW_STR("");

    if (gw_json_string(json, at, &reply->arena, &text) != GW_OK)
        text = gw_json_slice(json, at);
    return text.base ? text : GW_STR("");
}

/* ---- the demo, and bodies ---- */

static struct {
    struct gw_demo *demo;
    unsigned port;
} shared; /* the one demo that all tests ask */

static inline int start_demo(void **state)
{
    struct gw_err err;
    (void)state;

    return gw_demo_start(&shared.demo, &shared.port, &err) == GW_OK ? 0 : -1;
}

static inline int stop_demo(void **state)
{
    (void)state;
    gw_demo_stop(shared.demo);
    return 0;
}

static inline void check_text(const char *label, const char *path, struct gw_str have,
                              const char *want)
{
    size_t len = strlen(want);
    bool begins = len && want[len - 1] == '*'; /* only its beginning is given */

    if (begins ? !gw_str_starts(have, (struct gw_str){want, len - 1})
               : !gw_str_eq(have, gw_str_of(want)))
        fail_msg("%s: %s is \"%.*s\", not \"%s\"", label, path, GW_STR_ARG(have), want);
}

#define USER(text) "\"messages\":[{\"role\":\"user\",\"content\":\"" text "\"}]"
#define CHAT "POST /v1/chat/completions"
#define MESSAGES "POST /v1/messages"
#define RESPONSES "POST /v1/responses"
#define CHAT_TOOLS                                                                                 \
    "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"parameters\":"     \
    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"},\"days\":{\"type\":"      \
    "\"integer\"},\"unit\":{\"enum\":[\"c\",\"f\"]}}}}},"                                          \
    "{\"type\":\"function\",\"function\":{\"name\":\"get_time\"}}]"
#define MESSAGES_TOOLS                                                                             \
    "\"tools\":[{\"name\":\"get_weather\",\"input_schema\":{\"type\":\"object\",\"properties\":"   \
    "{\"city\":{\"type\":\"string\"}}}},{\"type\":\"web_search_20250305\",\"name\":\"web_"         \
    "search\"}]"
#define RESPONSES_TOOLS                                                                            \
    "\"tools\":[{\"type\":\"function\",\"name\":\"get_weather\",\"parameters\":{\"type\":"         \
    "\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}},{\"type\":\"custom\",\"name\":"  \
    "\"run\"}]"
#define SCHEMA                                                                                     \
    "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"many\":{\"type\":"      \
    "\"array\",\"items\":{\"$ref\":\"#/$defs/one\"},\"minItems\":2}},\"$defs\":{\"one\":"          \
    "{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"boolean\"}]}}}"
#define FROM_SCHEMA "{\"name\":\"Paris\",\"many\":[true,true]}"
#define FAST "{\"model\":\"demo-fast\",\"stream\":true,"

#endif
