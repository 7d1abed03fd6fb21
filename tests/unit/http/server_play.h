/*
 * tests/unit/http/server_play.h: a server whose handler does what the path says, and tells what it
 * sees:
 *
 *   /echo    answers with the body, once that is whole
 *   /early   answers before the body
 *   /later   is answered when the test calls answer_later()
 *   /pause   is paused at once, and answered as /echo when the test has resumed it
 *   /big     answers with BIG_BYTES, as fast as the caller takes them
 *   /abort, /reset  begins an answer and breaks off
 */
#ifndef GW_TESTS_UNIT_HTTP_SERVER_PLAY_H
#define GW_TESTS_UNIT_HTTP_SERVER_PLAY_H

#include "http/server.h"
#include "unit/http/play.h"

#define BIG_BYTES ((size_t)8 << 20)
#define HEADER_MS 10000u
#define IDLE_MS 60000u

struct call {
    struct gw_down *down; /* NULL: ended */
    char path[32], method[16];
    struct gw_buf body;
    size_t big_sent;
    struct call *next;
};

static struct {
    struct gw_server *server;
    unsigned port;
    struct call *calls; /* newest first; all that there were */
    unsigned drained;
    bool destroy_when_drained;
} scene;

static inline enum gw_status call_send(struct call *call, struct gw_str bytes)
{
    struct iovec iov = {(void *)(uintptr_t)bytes.base, bytes.len};
    return gw_down_send(call->down, &iov, 1);
}

static inline void call_end(struct call *call, bool keep)
{
    struct gw_down *down = call->down;
    call->down = NULL;
    gw_down_end(down, keep);
}

static inline void call_answer(struct call *call, unsigned status, struct gw_str body)
{
    char head[128];
    bool keep = gw_down_may_keep(call->down);
    int len = snprintf(head, sizeof head, "HTTP/1.1 %u %s\r\n%scontent-length: %zu\r\n\r\n", status,
                       status == 200 ? "OK" : "No", keep ? "" : "connection: close\r\n", body.len);
    struct iovec iov[2] = {{head, (size_t)len}, {(void *)(uintptr_t)body.base, body.len}};

    (void)gw_down_send(call->down, iov, 2);
    call_end(call, keep);
}

static inline char big_byte(size_t at)
{
    return (char)('a' + at % 23);
}

static inline void big_go_on(struct call *call)
{
    static char piece[65536 + 17];

    while (call->big_sent < BIG_BYTES) {
        size_t len = BIG_BYTES - call->big_sent;
        if (len > sizeof piece)
            len = sizeof piece;
        for (size_t i = 0; i < len; i++)
            piece[i] = big_byte(call->big_sent + i);
        call->big_sent += len;
        enum gw_status status = call_send(call, (struct gw_str){piece, len});
        if (status == GW_AGAIN)
            return;
        if (status != GW_OK) {
            tell("cannot send\n");
            struct gw_down *down = call->down;
            call->down = NULL;
            gw_down_abort(down, true);
            return;
        }
    }
    call_end(call, gw_down_may_keep(call->down));
}

static inline struct call *call_create(struct gw_down *down)
{
    struct call *call = calloc(1, sizeof *call);

    assert_non_null(call);
    assert_null(gw_down_user(down)); /* nothing of the request before it */
    call->down = down;
    gw_buf_init(&call->body, PLAY_BYTES_MAX);
    call->next = scene.calls;
    scene.calls = call;
    gw_down_set_user(down, call);
    return call;
}

static inline bool call_is(const struct call *call, const char *path)
{
    return strcmp(call->path, path) == 0;
}

static inline void on_request(void *arg, struct gw_down *down, const struct gw_http1_head *head,
                              struct gw_str bytes)
{
    struct call *call = call_create(down);
    struct gw_str body = GW_STR("early");

    assert_ptr_equal(arg, &scene);
    assert_true(head->method_at + head->method_len < bytes.len);
    (void)snprintf(call->method, sizeof call->method, "%.*s", (int)head->method_len,
                   bytes.base + head->method_at);
    (void)snprintf(call->path, sizeof call->path, "%.*s", (int)head->target_len,
                   bytes.base + head->target);
    tell("%s %s\n", call->method, call->path);
    if (call_is(call, "/pause")) {
        gw_down_pause(down);
    } else if (call_is(call, "/early")) {
        call_answer(call, 200, body);
    } else if (call_is(call, "/big")) {
        char text[96];
        int len = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\ncontent-length: %zu\r\n\r\n",
                           BIG_BYTES);
        (void)call_send(call, (struct gw_str){text, (size_t)len});
    } else if (call_is(call, "/abort") || call_is(call, "/reset")) {
        (void)call_send(call, GW_STR("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart"));
        call->down = NULL;
        gw_down_abort(down, call_is(call, "/reset"));
    }
}

static inline void on_body(struct gw_down *down, struct gw_str data, bool last)
{
    struct call *call = gw_down_user(down);

    assert_non_null(call);
    assert_ptr_equal(call->down, down);
    assert_true(data.len || last);
    assert_int_equal(gw_buf_add(&call->body, data), GW_OK);
    if (!last)
        return;
    if (gw_buf_len(&call->body) < 100)
        tell("  body \"%.*s\"\n", GW_STR_ARG(gw_buf_str(&call->body)));
    else
        tell("  body of %zu\n", gw_buf_len(&call->body));
    if (call_is(call, "/big"))
        big_go_on(call);
    else if (!call_is(call, "/later"))
        call_answer(call, 200, gw_buf_str(&call->body));
}

static inline void on_writable(struct gw_down *down)
{
    struct call *call = gw_down_user(down);

    if (call_is(call, "/big"))
        big_go_on(call);
    else
        tell("  writable\n");
}

static inline void on_gone(struct gw_down *down)
{
    struct call *call = gw_down_user(down);

    tell("  gone\n");
    if (call)
        call->down = NULL;
}

static inline void on_bad(void *arg, struct gw_down *down, unsigned status,
                          const struct gw_err *err, const struct gw_http1_head *head,
                          struct gw_str bytes)
{
    struct call *call = gw_down_user(down);
    bool under_way = call != NULL;

    assert_ptr_equal(arg, &scene);
    assert_true(err->message[0] != '\0');
    if (head)
        tell("bad %u %.*s\n", status, (int)head->target_len, bytes.base + head->target);
    else
        tell("%sbad %u\n", under_way ? "  " : "", status);
    if (!call)
        call = call_create(down);
    call_answer(call, status, GW_STR(""));
}

static inline void server_open(unsigned connections_max)
{
    static const struct gw_server_handler handler = {on_request, on_body, on_writable, on_gone,
                                                     on_bad};
    const struct gw_server_limits limits = {.header_bytes_max = 1024,
                                            .body_bytes_max = 32 << 20,
                                            .header_timeout_ms = HEADER_MS,
                                            .idle_timeout_ms = IDLE_MS,
                                            .connections_max = connections_max};
    int fd;

    play_open();
    memset(&scene, 0, sizeof scene);
    assert_int_equal(gw_listen(GW_STR("127.0.0.1"), 0, &fd, NULL), GW_OK);
    scene.port = gw_sock_local_port(fd);
    assert_int_equal(
        gw_server_create(&play.http, fd, NULL, &limits, &handler, &scene, &scene.server, NULL),
        GW_OK);
}

static inline void server_close(void)
{
    gw_server_destroy(scene.server);
    while (scene.calls) {
        struct call *call = scene.calls;
        scene.calls = call->next;
        assert_null(call->down); /* ended or gone */
        gw_buf_finish(&call->body);
        free(call);
    }
    play_close();
}

static inline int server_setup(void **state)
{
    (void)state;
    server_open(1000);
    return 0;
}

static inline int server_teardown(void **state)
{
    (void)state;
    server_close();
    return 0;
}

/* The one that is under way. */
static inline struct call *call_now(void)
{
    for (struct call *call = scene.calls; call; call = call->next)
        if (call->down)
            return call;
    fail_msg("no call is under way");
    return NULL;
}

#define OK(body_bytes, body) "HTTP/1.1 200 OK\r\ncontent-length: " #body_bytes "\r\n\r\n" body
#define OK_CLOSE(body_bytes, body)                                                                 \
    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: " #body_bytes "\r\n\r\n" body
#define NO(status) "HTTP/1.1 " #status " No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\nhost: h\r\n\r\n"
#define POST(path, body_bytes, body)                                                               \
    "POST " path " HTTP/1.1\r\nhost: h\r\ncontent-length: " #body_bytes "\r\n\r\n" body
#define CHUNKED(path) "POST " path " HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"

#endif
