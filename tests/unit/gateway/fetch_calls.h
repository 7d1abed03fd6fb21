/*
 * tests/unit/gateway/fetch_calls.h: what the server of images has, and calls with them.
 */
#ifndef GW_TESTS_UNIT_GATEWAY_FETCH_CALLS_H
#define GW_TESTS_UNIT_GATEWAY_FETCH_CALLS_H

#include "gateway/fetch.h"
#include "unit/gateway/fetch_play.h"

#define ON "fetch_media = true\n"
#define OK_HEAD "HTTP/1.1 200 OK\r\ncontent-length: 16\r\ncontent-type: "
#define MIB ((size_t)1 << 20)

_Static_assert(PNG_BYTES == 16, "as OK_HEAD says");

static const struct page pages[] = {
    {"/a.png", GW_STR_INIT(OK_HEAD "image/png\r\n\r\n"), GW_STR_INIT(PNG), 0, THEN_END},
    {"/b.png", GW_STR_INIT(OK_HEAD "image/png\r\n\r\n"), GW_STR_INIT(PNG), 0, THEN_END},
    {"/none", GW_STR_INIT("HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n"), GW_STR_INIT(PNG), 0,
     THEN_END},
    {"/lies", GW_STR_INIT(OK_HEAD "text/html\r\n\r\n"), GW_STR_INIT(PNG), 0, THEN_END},
    {"/chunked", GW_STR_INIT("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
     GW_STR_INIT("7\r\n\x89PNG\r\n\x1a\r\n9\r\n\n\0\0\0\rIHDR\r\n0\r\n\r\n"), 0, THEN_END},
    {"/to-close", GW_STR_INIT("HTTP/1.1 200 OK\r\n\r\n"), GW_STR_INIT(PNG), 0, THEN_END},
    {"/early", GW_STR_INIT("HTTP/1.1 103 Early\r\n\r\n" OK_HEAD "image/png\r\n\r\n"),
     GW_STR_INIT(PNG), 0, THEN_END},
    {"/identity", GW_STR_INIT(OK_HEAD "image/png\r\ncontent-encoding: identity\r\n\r\n"),
     GW_STR_INIT(PNG), 0, THEN_END},

    {"/moved", GW_STR_INIT("HTTP/1.1 302 Found\r\nlocation: /a.png\r\ncontent-length: 0\r\n\r\n"),
     GW_STR_INIT(""), 0, THEN_END},
    {"/unchanged", GW_STR_INIT("HTTP/1.1 304 No\r\n\r\n"), GW_STR_INIT(""), 0, THEN_END},
    {"/gone", GW_STR_INIT("HTTP/1.1 404 No\r\ncontent-length: 16\r\n\r\n"), GW_STR_INIT(PNG), 0,
     THEN_END},
    {"/part", GW_STR_INIT("HTTP/1.1 206 Part\r\ncontent-length: 16\r\n\r\n"), GW_STR_INIT(PNG), 0,
     THEN_END},
    {"/gzip", GW_STR_INIT(OK_HEAD "image/png\r\ncontent-encoding: gzip\r\n\r\n"), GW_STR_INIT(PNG),
     0, THEN_END},
    {"/page", GW_STR_INIT(OK_HEAD "image/png\r\n\r\n"), GW_STR_INIT("<!doctype html>\n"), 0,
     THEN_END},
    {"/endless-page", GW_STR_INIT("HTTP/1.1 200 OK\r\n\r\n"), GW_STR_INIT("<!doctype html>"), 0,
     THEN_WAIT},
    {"/svg", GW_STR_INIT("HTTP/1.1 200 OK\r\ncontent-type: image/svg+xml\r\n\r\n"),
     GW_STR_INIT("<svg/>"), 0, THEN_END},
    {"/empty", GW_STR_INIT("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), GW_STR_INIT(""), 0,
     THEN_END},
    {"/large", GW_STR_INIT("HTTP/1.1 200 OK\r\ncontent-length: 20971521\r\n\r\n"), GW_STR_INIT(PNG),
     0, THEN_WAIT},
    {"/large-in-pieces", GW_STR_INIT("HTTP/1.1 200 OK\r\n\r\n"), GW_STR_INIT(PNG), 20 * MIB - 15,
     THEN_END},
    {"/largest", GW_STR_INIT("HTTP/1.1 200 OK\r\n\r\n"), GW_STR_INIT(PNG), 20 * MIB - 16, THEN_END},
    {"/hangs-up", GW_STR_INIT(""), GW_STR_INIT(""), 0, THEN_END},
    {"/cut-head", GW_STR_INIT("HTTP/1.1 20"), GW_STR_INIT(""), 0, THEN_END},
    {"/cut-body", GW_STR_INIT("HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n"), GW_STR_INIT(PNG), 0,
     THEN_END},
    {"/cut-to-close", GW_STR_INIT("HTTP/1.1 200 OK\r\n\r\n"), GW_STR_INIT(PNG), 0, THEN_RESET},
    {"/no-http", GW_STR_INIT("220 mail.example\r\n"), GW_STR_INIT(""), 0, THEN_END},
    {"/silent", GW_STR_INIT(""), GW_STR_INIT(""), 0, THEN_WAIT},
    {"/slow", GW_STR_INIT("HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n"), GW_STR_INIT(PNG), 0,
     THEN_WAIT},
    {NULL, GW_STR_INIT(""), GW_STR_INIT(""), 0, THEN_END},
};

/* A call of Messages with these images, which are paths of the server of images, or whole URLs. */
static inline const char *request_with(const char *model, const char *const *images, size_t count)
{
    static char body[16384];
    int len = snprintf(body, sizeof body,
                       "{\"model\":\"%s\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
                       "\"content\":[{\"type\":\"text\",\"text\":\"?\"}",
                       model);

    for (size_t i = 0; i < count; i++) {
        char url[256];
        if (images[i][0] == '/')
            (void)snprintf(url, sizeof url, "https://127.0.0.1:%u%s", scene.images_port, images[i]);
        else
            (void)snprintf(url, sizeof url, "%s", images[i]);
        len += snprintf(body + len, sizeof body - (size_t)len,
                        ",{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"%s\"}}", url);
    }
    (void)snprintf(body + len, sizeof body - (size_t)len, "]}]}");
    return body;
}

static inline void expect(const char *label, struct gw_str got, const char *part)
{
    if (!has(got, part))
        fail_msg("%s:\n%.*s\nis without: %s", label, GW_STR_ARG(got), part);
}

/* 400 in the words of Messages, and no provider was asked. */
static inline void expect_refusal(const char *label, struct gw_str answer, const char *says)
{
    expect(label, answer, "HTTP/1.1 400 Bad Request\r\n");
    expect(label, answer, "\"type\":\"invalid_request_error\"");
    expect(label, answer, says);
    if (gw_buf_len(&scene.sent))
        fail_msg("%s: a provider got %.*s", label, GW_STR_ARG(gw_buf_str(&scene.sent)));
}

/* One call with one image, to its end. */
static inline void call(const char *label, const char *image, bool is_sent, const char *says)
{
    struct peer caller;

    forget();
    call_begin(&caller, "/v1/messages", request_with("llava", &image, 1));
    struct gw_str answer = call_end(&caller);
    if (is_sent) {
        expect(label, answer, "It is a cat.");
        expect(label, gw_buf_str(&scene.sent), says);
    } else {
        expect_refusal(label, answer, says);
    }
    peer_close(&caller);
}

static inline int set_up(void **state)
{
    (void)state;
    scene_open();
    scene.pages = pages;
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    scene_close();
    return 0;
}

#endif
