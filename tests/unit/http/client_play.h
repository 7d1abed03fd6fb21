/*
 * tests/unit/http/client_play.h: requests to an upstream that the test plays by hand, and what their
 * handler sees.
 */
#ifndef GW_TESTS_UNIT_HTTP_CLIENT_PLAY_H
#define GW_TESTS_UNIT_HTTP_CLIENT_PLAY_H

#include "http/client.h"
#include "unit/http/play.h"

#define CONNECT_MS 5000u
#define EXPIRY_MS 60000u
#define REQUEST "GET / HTTP/1.1\r\nhost: h\r\n\r\n"

enum ask_trick { NO_TRICK, CANCEL_IN_HEAD, CANCEL_IN_BODY, PAUSE_IN_HEAD, ASK_AGAIN };

/* One request. Zero-initialise it, but for what is asked for. */
struct ask {
    /* Asked for. */
    const char *name;    /* of the story's lines */
    const char *request; /* sent whole when the connection stands; NULL: REQUEST; "": nothing */
    bool fresh, raw, no_body;
    enum ask_trick trick;
    struct ask *next; /* asked when this one is over, in ASK_AGAIN */
    /* What comes of it. */
    struct gw_up *up; /* NULL: over */
    bool was_ready;   /* the connection stood at once */
    unsigned code;
    struct gw_buf body;
    struct gw_buf seen; /* by on_data, in raw mode */
    struct gw_up_loss loss;
    char message[240];
};

static struct {
    struct gw_origin *origin;
    int listener;
    unsigned port;
    bool closing;
} upstream;

static const char *const fault_names[] = {
    [GW_UP_OVERLOADED] = "overloaded",
    [GW_UP_DNS] = "dns",
    [GW_UP_CONNECT] = "connect",
    [GW_UP_CONNECT_TIMEOUT] = "connect timeout",
    [GW_UP_TLS] = "tls",
    [GW_UP_RESET] = "reset",
    [GW_UP_BROKEN] = "broken",
    [GW_UP_TRUNCATED] = "truncated",
    [GW_UP_TIMEOUT] = "timeout",
};

static const struct gw_up_handler ask_handler;

static inline const char *ask_name(const struct ask *ask)
{
    return ask->name ? ask->name : "-";
}

static inline enum gw_status ask_send(struct ask *ask, const char *text, bool last)
{
    struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};
    return gw_up_send(ask->up, &iov, 1, last);
}

static inline void ask_ready(struct ask *ask)
{
    const char *request = ask->request ? ask->request : REQUEST;

    if (ask->no_body)
        gw_up_expect_no_body(ask->up);
    if (request[0])
        (void)ask_send(ask, request, true);
}

static inline void ask_begin(struct ask *ask)
{
    bool is_ready;

    gw_buf_init(&ask->body, PLAY_BYTES_MAX);
    gw_buf_init(&ask->seen, PLAY_BYTES_MAX);
    ask->up = gw_up_lease(upstream.origin, ask->fresh, &ask_handler, ask, &is_ready);
    assert_non_null(ask->up);
    ask->was_ready = is_ready;
    if (is_ready)
        ask_ready(ask);
}

static inline void ask_finish(struct ask *ask)
{
    if (ask->up)
        gw_up_cancel(ask->up);
    ask->up = NULL;
    gw_buf_finish(&ask->body);
    gw_buf_finish(&ask->seen);
}

static inline void ask_cancel(struct ask *ask)
{
    gw_up_cancel(ask->up);
    ask->up = NULL;
}

static inline void ask_over(struct ask *ask)
{
    ask->up = NULL;
    if (ask->trick == ASK_AGAIN)
        ask_begin(ask->next);
}

static inline void ask_on_ready(struct gw_up *up, void *user)
{
    struct ask *ask = user;

    assert_false(ask->was_ready);
    assert_ptr_equal(gw_up_user(up), ask);
    ask->up = up;
    tell("%s ready\n", ask_name(ask));
    ask_ready(ask);
}

static inline void ask_on_data(void *user, struct gw_str data)
{
    assert_int_equal(gw_buf_add(&((struct ask *)user)->seen, data), GW_OK);
}

static inline void ask_on_head(struct gw_up *up, const struct gw_http1_head *head,
                               struct gw_str bytes)
{
    struct ask *ask = gw_up_user(up);

    assert_ptr_equal(ask->up, up);
    assert_int_equal(ask->code, 0);
    assert_true(bytes.len >= head->bytes && gw_str_starts(bytes, GW_STR("HTTP/1.")));
    ask->code = head->code;
    tell("%s %u\n", ask_name(ask), head->code);
    if (ask->raw && head->framing == GW_BODY_CHUNKED)
        gw_up_raw(up, ask_on_data);
    if (ask->trick == CANCEL_IN_HEAD)
        ask_cancel(ask);
    else if (ask->trick == PAUSE_IN_HEAD)
        gw_up_pause(up);
}

static inline void ask_on_body(struct gw_up *up, struct gw_str bytes, bool last)
{
    struct ask *ask = gw_up_user(up);

    assert_int_not_equal(ask->code, 0);
    assert_int_equal(gw_buf_add(&ask->body, bytes), GW_OK);
    if (bytes.len && gw_http_has_headroom(&play.http, bytes.base, GW_HTTP_HEADROOM)) {
        /* What is in front and behind is the handler's to write. */
        char *at = (char *)(uintptr_t)bytes.base;
        memset(at - GW_HTTP_HEADROOM, 'h', GW_HTTP_HEADROOM);
        memset(at + bytes.len, 't', GW_UP_TAILROOM);
    }
    if (last)
        tell("%s last\n", ask_name(ask));
    if (ask->trick == CANCEL_IN_BODY)
        ask_cancel(ask);
}

static inline void ask_on_end(void *user)
{
    tell("%s end\n", ask_name(user));
    ask_over(user);
}

static inline void ask_on_writable(struct gw_up *up)
{
    tell("%s writable\n", ask_name(gw_up_user(up)));
}

static inline void ask_on_fail(void *user, const struct gw_up_loss *loss)
{
    struct ask *ask = user;

    if (upstream.closing) /* behind a failed test, whose asks are gone */
        return;
    assert_true(loss->err->message[0] != '\0');
    ask->loss = *loss;
    (void)snprintf(ask->message, sizeof ask->message, "%s", loss->err->message);
    tell("%s fail: %s%s%s%s\n", ask_name(ask), fault_names[loss->fault],
         loss->reused ? ", reused" : "", loss->none_taken ? ", none taken" : "",
         loss->chunked ? ", chunked" : "");
    ask_over(ask);
}

static const struct gw_up_handler ask_handler = {ask_on_ready, ask_on_head,     ask_on_body,
                                                 ask_on_end,   ask_on_writable, ask_on_fail};

static inline struct gw_origin_config origin_config(void)
{
    return (struct gw_origin_config){
        .host = GW_STR("127.0.0.1"),
        .port = upstream.port,
        .connections_max = 100,
        .connect_timeout_ms = CONNECT_MS,
        .idle_expiry_ms = EXPIRY_MS,
        .header_bytes_max = 1024,
    };
}

static inline void origin_open(const struct gw_origin_config *config)
{
    gw_origin_destroy(upstream.origin);
    assert_int_equal(gw_origin_create(&play.http, NULL, config, &upstream.origin, NULL), GW_OK);
}

static inline int upstream_setup(void **state)
{
    (void)state;
    play_open();
    memset(&upstream, 0, sizeof upstream);
    assert_int_equal(gw_listen(GW_STR("127.0.0.1"), 0, &upstream.listener, NULL), GW_OK);
    upstream.port = gw_sock_local_port(upstream.listener);
    const struct gw_origin_config config = origin_config();
    origin_open(&config);
    return 0;
}

static inline int upstream_teardown(void **state)
{
    (void)state;
    upstream.closing = true;
    gw_origin_destroy(upstream.origin);
    close(upstream.listener);
    play_close();
    return 0;
}

/* Nobody else has come. */
static inline void expect_no_caller(const char *label)
{
    play_settle();
    int fd = accept4(upstream.listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd != -1)
        fail_msg("%s: another connection", label);
}

static inline void forget_story(void)
{
    gw_buf_take(&play.story, gw_buf_len(&play.story));
}

#endif
