#include "http/client_private.h"

#include <stdlib.h>

static void on_deadline(struct gw_timer *timer);
static void serve_waiters(struct gw_task *task);

static struct gw_loop *loop_of(const struct gw_up *up)
{
    return up->origin->http->loop;
}

/* ---- lists ---- */

static void link_up(struct gw_up **list, struct gw_up *up)
{
    up->next = *list;
    up->link = list;
    if (up->next)
        up->next->link = &up->next;
    *list = up;
}

static void unlink_up(struct gw_up *up)
{
    if (!up->link)
        return;
    if (up->state == UP_WAITING && !up->next)
        up->origin->waiting_last = up->link;
    *up->link = up->next;
    if (up->next)
        up->next->link = up->link;
    up->link = NULL;
}

static void link_waiting(struct gw_origin *origin, struct gw_up *up)
{
    up->next = NULL;
    up->link = origin->waiting_last;
    *origin->waiting_last = up;
    origin->waiting_last = &up->next;
}

static void post_serve(struct gw_origin *origin)
{
    if (!origin->waiting || origin->serve_posted)
        return;
    origin->serve_posted = true;
    gw_loop_post(origin->http->loop, &origin->serve);
}

/* ---- establishing ---- */

static void fail_errno(struct gw_up *up, enum gw_up_fault fault, const char *what)
{
    struct gw_err err = {.offset = 0};

    gw_err_set(&err, GW_IO, "could not %s %.*s:%u", what, GW_STR_ARG(up->origin->config.host),
               up->origin->config.port);
    gw_up_fail(up, fault, &err);
}

static void connect_timed_out(struct gw_up *up)
{
    const struct gw_origin_config *config = &up->origin->config;
    struct gw_err err = {.offset = 0};

    gw_err_set(&err, GW_TIMEOUT, "could not connect to %.*s:%u within %u ms (connect_timeout_ms)",
               GW_STR_ARG(config->host), config->port, config->connect_timeout_ms);
    gw_up_fail(up, GW_UP_CONNECT_TIMEOUT, &err);
}

static void ready(struct gw_up *up)
{
    up->state = UP_HEAD;
    gw_deadline_none(&up->deadline);
    up->handler->on_ready(up, up->user);
}

static void shake_hands(struct gw_up *up)
{
    struct gw_err err = {.offset = 0};
    enum gw_status status = gw_tls_handshake(up->sock.tls, &err);

    if (status == GW_OK)
        ready(up);
    else if (status != GW_AGAIN)
        gw_up_fail(up, GW_UP_TLS, &err);
}

static void begin_tls(struct gw_up *up)
{
    struct gw_origin *origin = up->origin;
    struct gw_tls *tls;
    struct gw_err err = {.offset = 0};

    if (gw_tls_client_create(origin->config.tls, origin->config.host, origin->session, &tls,
                             &err) != GW_OK) {
        gw_up_fail(up, GW_UP_TLS, &err);
        return;
    }
    gw_tls_attach(tls, &up->sock);
    up->state = UP_HANDSHAKE;
    shake_hands(up);
}

static void ask_proxy(struct gw_up *up)
{
    const struct gw_origin_config *config = &up->origin->config;
    bool v6 = gw_str_find(config->host, ':') < config->host.len;
    struct gw_buf request;

    gw_buf_init(&request, 4096);
    gw_buf_printf(&request,
                  v6 ? "CONNECT [%.*s]:%u HTTP/1.1\r\nhost: [%.*s]:%u\r\n"
                     : "CONNECT %.*s:%u HTTP/1.1\r\nhost: %.*s:%u\r\n",
                  GW_STR_ARG(config->host), config->port, GW_STR_ARG(config->host), config->port);
    if (config->proxy_authorization.len)
        gw_buf_printf(&request, "proxy-authorization: %.*s\r\n",
                      GW_STR_ARG(config->proxy_authorization));
    enum gw_status status = gw_buf_add(&request, GW_STR("\r\n"));
    struct gw_str bytes = gw_buf_str(&request);
    struct iovec iov = {(char *)(uintptr_t)bytes.base, bytes.len};
    size_t sent = 0;
    up->state = UP_PROXY;
    /* A fresh socket takes these few bytes whole. */
    if (status == GW_OK)
        status = gw_sock_write(&up->sock, &iov, 1, false, &sent);
    if (status != GW_OK || sent != bytes.len)
        fail_errno(up, GW_UP_CONNECT, "ask the proxy for");
    gw_buf_finish(&request);
}

/* The message is about the proxy, not about the provider. */
static void proxy_failed(struct gw_up *up, const struct gw_err *cause)
{
    struct gw_err err = {.offset = 0};

    gw_err_set(&err, GW_IO, "through the proxy: %s", cause->message);
    gw_up_fail(up, GW_UP_CONNECT, &err);
}

static void on_proxy_answer(struct gw_up *up)
{
    struct gw_http *http = up->origin->http;
    const struct gw_http1_head *head;
    struct gw_str whole;
    struct gw_err err = {.offset = 0};
    char bytes[1024];
    size_t len;

    for (;;) {
        enum gw_status status = gw_sock_read(&up->sock, bytes, sizeof bytes, &len);
        if (status == GW_AGAIN)
            return;
        if (status != GW_OK) {
            fail_errno(up, GW_UP_CONNECT, "connect (the proxy hung up without an answer) to");
            return;
        }
        status = gw_http_head_feed(http, &up->partial, false, true, sizeof bytes * 8,
                                   (struct gw_str){bytes, len}, &head, &whole, &err);
        if (status == GW_AGAIN)
            continue;
        if (status != GW_OK) {
            proxy_failed(up, &err);
            return;
        }
        bool agreed = head->code >= 200 && head->code <= 299;
        if (!agreed || head->bytes != whole.len) {
            gw_err_set(&err, GW_IO, "the proxy answered %u to CONNECT %.*s:%u%s", head->code,
                       GW_STR_ARG(up->origin->config.host), up->origin->config.port,
                       agreed ? ", and sent more behind it" : "");
            gw_up_fail(up, GW_UP_CONNECT, &err);
            return;
        }
        gw_http_partial_free(up->partial);
        up->partial = NULL;
        begin_tls(up);
        return;
    }
}

static bool is_proxied(const struct gw_origin *origin)
{
    return origin->config.tls && origin->config.proxy_host.len;
}

static void on_connected(void *arg, int fd, enum gw_connect_failure failure,
                         const struct gw_err *err)
{
    static const enum gw_up_fault faults[] = {
        [GW_CONNECT_NONE] = GW_UP_CONNECT,
        [GW_CONNECT_DNS] = GW_UP_DNS,
        [GW_CONNECT_REFUSED] = GW_UP_CONNECT,
        [GW_CONNECT_TIMEOUT] = GW_UP_CONNECT_TIMEOUT,
    };
    struct gw_up *up = arg;
    struct gw_err add_err;

    up->connect = NULL;
    if (failure == GW_CONNECT_TIMEOUT && !is_proxied(up->origin)) {
        connect_timed_out(up);
        return;
    }
    if (fd == -1) {
        if (is_proxied(up->origin))
            gw_err_set(&add_err, err->status, "through the proxy: %s", err->message);
        gw_up_fail(up, faults[failure], is_proxied(up->origin) ? &add_err : err);
        return;
    }
    gw_sock_init(&up->sock, fd);
    up->sock.io.on_io = gw_up_on_io;
    if (gw_loop_add(loop_of(up), &up->sock.io, &add_err) != GW_OK) {
        gw_up_fail(up, GW_UP_CONNECT, &add_err);
        return;
    }
    if (!up->origin->config.tls)
        ready(up);
    else if (is_proxied(up->origin))
        ask_proxy(up);
    else
        begin_tls(up);
}

static void connect_up(struct gw_up *up)
{
    struct gw_origin *origin = up->origin;
    const struct gw_origin_config *config = &origin->config;
    bool proxied = is_proxied(origin);

    up->state = UP_CONNECTING;
    link_up(&origin->active, up);
    origin->connections++;
    /* TCP has its own clock in io/connect; this one goes on to the end of the handshake. */
    gw_deadline_set(loop_of(up), &up->deadline, config->connect_timeout_ms);
    up->connect =
        gw_connect(origin->http->loop, origin->dns, proxied ? config->proxy_host : config->host,
                   proxied ? config->proxy_port : config->port, config->connect_timeout_ms,
                   config->permits, on_connected, up);
    if (!up->connect)
        gw_deadline_set(loop_of(up), &up->deadline, 0);
}

void gw_pool_establish(struct gw_up *up, unsigned events)
{
    char unasked[64];
    size_t len;
    (void)events;

    switch ((enum up_state)up->state) {
    case UP_PROXY:
        on_proxy_answer(up);
        return;
    case UP_HANDSHAKE:
        shake_hands(up);
        return;
    case UP_IDLE:
        /* An end, a reset, or bytes nobody asked for; under TLS maybe just a session ticket. */
        if (gw_sock_read(&up->sock, unasked, sizeof unasked, &len) != GW_AGAIN)
            gw_pool_discard(up, false);
        return;
    case UP_WAITING:
    case UP_CONNECTING:
    case UP_HEAD:
    case UP_BODY:
    case UP_CLOSED:
        return;
    }
}

/* ---- the pool ---- */

static void on_deadline(struct gw_timer *timer)
{
    struct gw_up *up = (struct gw_up *)((char *)timer - offsetof(struct gw_up, deadline.timer));
    struct gw_err err = {.offset = 0};

    if (!gw_deadline_passed(loop_of(up), &up->deadline))
        return;
    switch ((enum up_state)up->state) {
    case UP_WAITING:
        gw_err_set(&err, GW_NO_MEMORY, "all %u connections to the provider are in use",
                   up->origin->config.connections_max);
        gw_up_fail(up, GW_UP_OVERLOADED, &err);
        return;
    case UP_CONNECTING:
        if (!up->connect) { /* it could not even begin */
            gw_err_set(&err, GW_NO_MEMORY, "too many connections are being made");
            gw_up_fail(up, GW_UP_OVERLOADED, &err);
            return;
        }
        connect_timed_out(up);
        return;
    case UP_PROXY:
    case UP_HANDSHAKE:
        connect_timed_out(up);
        return;
    case UP_IDLE:
        gw_pool_discard(up, false);
        return;
    case UP_HEAD:
    case UP_BODY:
        if (up->write_broken) {
            gw_err_set(&err, GW_IO, "the provider closed the connection within the request");
            gw_up_fail(up, up->answered ? GW_UP_TRUNCATED : GW_UP_RESET, &err);
        } else {
            gw_err_set(&err, GW_TIMEOUT, "the provider did not %s in time",
                       up->answered ? "go on with its answer" : "answer");
            gw_up_fail(up, GW_UP_TIMEOUT, &err);
        }
        return;
    case UP_CLOSED:
        return;
    }
}

static void keep_session(struct gw_up *up)
{
    struct gw_origin *origin = up->origin;

    if (!up->sock.tls || up->has_session)
        return;
    struct gw_tls_session *session = gw_tls_session_take(up->sock.tls);
    if (!session)
        return;
    up->has_session = true;
    gw_tls_session_destroy(origin->session);
    origin->session = session;
}

void gw_pool_release(struct gw_up *up, bool reusable)
{
    struct gw_origin *origin = up->origin;

    keep_session(up);
    if (!reusable || origin->destroyed) {
        gw_pool_discard(up, false);
        return;
    }
    gw_http_partial_free(up->partial);
    up->partial = NULL;
    gw_buf_finish(&up->out);
    unlink_up(up);
    up->state = UP_IDLE;
    up->reused = true;
    link_up(&origin->idle, up);
    gw_deadline_set(loop_of(up), &up->deadline, origin->config.idle_expiry_ms);
    post_serve(origin);
}

void gw_pool_discard(struct gw_up *up, bool reset)
{
    struct gw_origin *origin = up->origin;
    struct gw_loop *loop = origin->http->loop;

    if (up->state == UP_CLOSED)
        return;
    unlink_up(up);
    if (up->state != UP_WAITING)
        origin->connections--;
    up->state = UP_CLOSED;
    gw_loop_timer_clear(loop, &up->deadline.timer);
    if (up->connect)
        gw_connect_cancel(up->connect);
    up->connect = NULL;
    gw_http_partial_free(up->partial);
    gw_buf_finish(&up->out);
    gw_sock_close(loop, &up->sock, reset);
    gw_loop_free_later(loop, up);
    post_serve(origin);
}

struct gw_up *gw_up_lease(struct gw_origin *origin, bool fresh, const struct gw_up_handler *handler,
                          void *user, bool *ready_out)
{
    struct gw_up *up = origin->idle;

    *ready_out = false;
    if (up && !fresh) {
        unlink_up(up);
        link_up(&origin->active, up);
        gw_up_begin(up, handler, user);
        up->state = UP_HEAD;
        gw_deadline_none(&up->deadline);
        *ready_out = true;
        return up;
    }
    up = calloc(1, sizeof *up);
    if (!up)
        return NULL;
    gw_sock_init(&up->sock, -1);
    up->origin = origin;
    up->deadline.timer.on_timer = on_deadline;
    gw_up_begin(up, handler, user);
    /* A fresh one is wanted although idle ones fill the pool: one of those makes room. */
    if (origin->connections >= origin->config.connections_max && origin->idle)
        gw_pool_discard(origin->idle, false);
    if (origin->connections < origin->config.connections_max) {
        connect_up(up);
    } else {
        up->state = UP_WAITING;
        link_waiting(origin, up);
        gw_deadline_set(origin->http->loop, &up->deadline, origin->config.connect_timeout_ms);
    }
    return up;
}

static void serve_waiters(struct gw_task *task)
{
    struct gw_origin *origin =
        (struct gw_origin *)((char *)task - offsetof(struct gw_origin, serve));

    origin->serve_posted = false;
    if (origin->destroyed) {
        free(origin);
        return;
    }
    while (origin->waiting) {
        struct gw_up *waiting = origin->waiting;
        if (origin->idle) {
            bool is_ready;
            const struct gw_up_handler *handler = waiting->handler;
            void *user = waiting->user;
            waiting->handler = NULL;
            gw_pool_discard(waiting, false);
            struct gw_up *up = gw_up_lease(origin, false, handler, user, &is_ready);
            handler->on_ready(up, user);
        } else if (origin->connections < origin->config.connections_max) {
            unlink_up(waiting);
            connect_up(waiting);
        } else {
            return;
        }
    }
}

enum gw_status gw_origin_create(struct gw_http *http, struct gw_dns *dns,
                                const struct gw_origin_config *config,
                                struct gw_origin **origin_out, struct gw_err *err)
{
    struct gw_origin *origin = calloc(1, sizeof *origin);

    if (!origin)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate an origin");
    origin->http = http;
    origin->dns = dns;
    origin->config = *config;
    origin->waiting_last = &origin->waiting;
    origin->serve.run = serve_waiters;
    *origin_out = origin;
    return GW_OK;
}

void gw_origin_destroy(struct gw_origin *origin)
{
    struct gw_err err = {.offset = 0};

    if (!origin)
        return;
    gw_err_set(&err, GW_EOF, "the gateway is shutting down");
    origin->destroyed = true;
    while (origin->idle)
        gw_pool_discard(origin->idle, false);
    while (origin->waiting)
        gw_up_fail(origin->waiting, GW_UP_OVERLOADED, &err);
    while (origin->active)
        gw_up_fail(origin->active, GW_UP_RESET, &err);
    gw_tls_session_destroy(origin->session);
    origin->session = NULL;
    if (!origin->serve_posted)
        free(origin);
}
