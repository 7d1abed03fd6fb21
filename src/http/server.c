#include "http/server.h"

#include "base/buf.h"
#include "base/log.h"
#include "io/socket.h"
#include "io/tls.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Over connections_max this many more may wait for their 503. */
#define OVERLOADED_CONNECTIONS_MAX 512u
#define ACCEPTS_PER_EVENT 64
#define LINGER_MS 5000u
#define OUT_BYTES_MAX ((size_t)64 << 20)

enum down_state {
    DOWN_HANDSHAKE, /* TLS not up yet; leaves in shake_hands() */
    DOWN_HEAD,      /* between requests or in a head; leaves in take_head() */
    DOWN_BODY,      /* request body arriving; leaves in take_body() */
    DOWN_WAIT,      /* request whole, answer not ended; leaves in gw_down_end() */
    DOWN_FLUSH,     /* answer ended, bytes wait; leaves in flush() */
    DOWN_LINGER,    /* our end is closed, reading until theirs is; leaves in linger() */
    DOWN_CLOSED
};

struct gw_down {
    struct gw_sock sock; /* must stay first */
    struct gw_server *server;
    struct gw_down *next, **link;
    void *user;
    struct gw_deadline deadline;
    struct gw_http_partial *partial;
    struct gw_buf in;  /* read, but not taken yet: pipelined requests, paused bodies */
    struct gw_buf out; /* not written yet */
    uint64_t body_left, body_seen;
    struct gw_chunked chunked;
    uint8_t state;
    bool body_chunked;
    bool http10, keep_alive, expect_continue;
    bool paused, busy; /* busy: in the read loop, do not enter it again */
    bool open;         /* a request is with the handler */
    bool keep_after_flush;
    bool overloaded, waiting_writable;
};

struct gw_server {
    struct gw_io io; /* the listener; must stay first */
    struct gw_http *http;
    const struct gw_server_handler *handler;
    void *arg;
    struct gw_tls_profile *tls;
    struct gw_server_limits limits;
    struct gw_down *downs;
    unsigned count;
    int spare_fd; /* given up for a moment when descriptors run out */
    bool draining, destroying;
    struct gw_timer drain_timer;
    void (*on_drained)(void *arg);
    void *drained_arg;
};

static void on_io(struct gw_io *io, unsigned events);
static void on_deadline(struct gw_timer *timer);
static void read_loop(struct gw_down *down);

/* ---- opening and closing ---- */

static void check_drained(struct gw_server *server)
{
    if (!server->draining || server->count != 0 || !server->on_drained)
        return;
    void (*on_drained)(void *) = server->on_drained;
    server->on_drained = NULL;
    gw_loop_timer_clear(server->http->loop, &server->drain_timer);
    on_drained(server->drained_arg);
}

static void down_close(struct gw_down *down, bool reset)
{
    struct gw_server *server = down->server;

    if (down->state == DOWN_CLOSED)
        return;
    down->state = DOWN_CLOSED;
    if (down->open) {
        down->open = false;
        server->handler->on_gone(down);
    }
    *down->link = down->next;
    if (down->next)
        down->next->link = down->link;
    gw_loop_timer_clear(server->http->loop, &down->deadline.timer);
    gw_http_partial_free(down->partial);
    gw_buf_finish(&down->in);
    gw_buf_finish(&down->out);
    gw_sock_close(server->http->loop, &down->sock, reset);
    gw_loop_free_later(server->http->loop, down);
    server->count--;
    check_drained(server);
}

static void down_open(struct gw_server *server, int fd)
{
    struct gw_loop *loop = server->http->loop;
    struct gw_down *down = calloc(1, sizeof *down);

    if (!down) {
        close(fd);
        return;
    }
    gw_sock_init(&down->sock, fd);
    down->sock.io.on_io = on_io;
    down->server = server;
    down->deadline.timer.on_timer = on_deadline;
    gw_buf_init(&down->in, server->limits.header_bytes_max + 2 * GW_HTTP_READ_BYTES);
    gw_buf_init(&down->out, OUT_BYTES_MAX);
    down->state = DOWN_HEAD;
    enum gw_status status = GW_OK;
    if (server->tls) {
        struct gw_tls *tls = NULL;
        down->state = DOWN_HANDSHAKE;
        status = gw_tls_server_create(server->tls, &tls, NULL);
        if (status == GW_OK)
            gw_tls_attach(tls, &down->sock);
    }
    if (status != GW_OK || gw_loop_add(loop, &down->sock.io, NULL) != GW_OK) {
        gw_tls_destroy(down->sock.tls);
        close(fd);
        free(down);
        return;
    }
    down->overloaded = server->count >= server->limits.connections_max;
    down->next = server->downs;
    down->link = &server->downs;
    if (down->next)
        down->next->link = &down->next;
    server->downs = down;
    server->count++;
    gw_deadline_set(loop, &down->deadline, server->limits.header_timeout_ms);
}

/* Descriptors have run out: the caller is told by a closed connection instead of a hanging one, and
 * the listener does not spin. */
static void refuse_one(struct gw_server *server)
{
    if (server->spare_fd != -1)
        close(server->spare_fd);
    int fd = accept4(server->io.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd != -1)
        close(fd);
    server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* @return false when the queue is empty */
static bool accept_one(struct gw_server *server)
{
    int fd = accept4(server->io.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd == -1) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            refuse_one(server);
        return errno == ECONNABORTED || errno == EINTR;
    }
    if (server->count >= server->limits.connections_max + OVERLOADED_CONNECTIONS_MAX)
        close(fd);
    else
        down_open(server, fd);
    return true;
}

static void on_accept(struct gw_io *io, unsigned events)
{
    struct gw_server *server = (struct gw_server *)io;
    (void)events;

    for (int i = 0; i < ACCEPTS_PER_EVENT && accept_one(server); i++)
        ;
}

/* ---- faults ---- */

static void bad_request(struct gw_down *down, unsigned status, const struct gw_err *err,
                        const struct gw_http1_head *head, struct gw_str bytes)
{
    struct gw_server *server = down->server;

    down->keep_alive = false; /* where the next request would begin is not known any more */
    gw_buf_finish(&down->in);
    if (!down->open) {
        down->open = true;
        down->user = NULL;
        down->http10 = head && head->http10;
    }
    server->handler->on_bad(server->arg, down, status, err, head, bytes);
}

static unsigned status_of_head_fault(enum gw_status status)
{
    switch (status) {
    case GW_TOO_LARGE:
        return 431;
    case GW_UNSUPPORTED:
        return 505;
    case GW_NO_MEMORY:
        return 503;
    case GW_OK:
    case GW_AGAIN:
    case GW_EOF:
    case GW_INVALID:
    case GW_NOT_FOUND:
    case GW_TIMEOUT:
    case GW_IO:
    case GW_STATUSES:
        break;
    }
    return 400;
}

static void on_deadline(struct gw_timer *timer)
{
    struct gw_down *down =
        (struct gw_down *)((char *)timer - offsetof(struct gw_down, deadline.timer));
    struct gw_err err;

    if (!gw_deadline_passed(down->server->http->loop, &down->deadline))
        return;
    switch ((enum down_state)down->state) {
    case DOWN_HEAD:
        if (gw_http_partial_len(down->partial) == 0) {
            down_close(down, false);
            return;
        }
        gw_err_set(&err, GW_TIMEOUT, "the request's head did not come in time");
        bad_request(down, 408, &err, NULL, (struct gw_str){NULL, 0});
        return;
    case DOWN_BODY:
        gw_err_set(&err, GW_TIMEOUT, "the request's body did not come in time");
        bad_request(down, 408, &err, NULL, (struct gw_str){NULL, 0});
        return;
    case DOWN_HANDSHAKE:
    case DOWN_LINGER:
    case DOWN_FLUSH:
        down_close(down, false);
        return;
    case DOWN_WAIT:
        if (gw_buf_len(&down->out)) /* the caller does not read */
            down_close(down, true);
        return;
    case DOWN_CLOSED:
        return;
    }
}

/* ---- requests ---- */

static size_t take_head(struct gw_down *down, struct gw_str bytes)
{
    struct gw_server *server = down->server;
    struct gw_http *http = server->http;
    const struct gw_http1_head *head;
    struct gw_str whole;
    struct gw_err err;
    bool first = !down->partial;

    enum gw_status status =
        gw_http_head_feed(http, &down->partial, true, false, server->limits.header_bytes_max, bytes,
                          &head, &whole, &err);
    if (status == GW_AGAIN) {
        if (first)
            gw_deadline_set(http->loop, &down->deadline, server->limits.header_timeout_ms);
        return bytes.len;
    }
    /* The head lives in `partial` when it came in pieces: keep that until the handler has seen it.
     */
    struct gw_http_partial *partial = down->partial;
    size_t before = whole.len - bytes.len; /* bytes of this head from earlier reads */
    size_t used = bytes.len;
    down->partial = NULL;
    if (status != GW_OK) {
        bad_request(down, status_of_head_fault(status), &err, NULL, whole);
        goto done;
    }
    used = head->bytes - before;
    down->http10 = head->http10;
    down->keep_alive = head->keep_alive;
    down->body_chunked = head->framing == GW_BODY_CHUNKED;
    down->body_left = head->framing == GW_BODY_LENGTH ? head->body_bytes : 0;
    down->body_seen = 0;
    if (down->body_left > server->limits.body_bytes_max) {
        gw_err_set(&err, GW_TOO_LARGE, "the request's body is larger than %llu bytes",
                   (unsigned long long)server->limits.body_bytes_max);
        down->state = DOWN_BODY;
        bad_request(down, 413, &err, head, whole);
        goto done;
    }
    if (down->body_chunked)
        gw_chunked_init(&down->chunked);
    gw_deadline_none(&down->deadline);
    down->state = down->body_chunked || down->body_left ? DOWN_BODY : DOWN_WAIT;
    down->expect_continue =
        head->expect_continue && down->state == DOWN_BODY && whole.len == head->bytes;
    down->open = true;
    down->user = NULL;
    down->paused = false;
    if (down->overloaded) {
        gw_err_set(&err, GW_NO_MEMORY, "too many connections");
        bad_request(down, 503, &err, head, whole);
        goto done;
    }
    server->handler->on_request(server->arg, down, head, whole);
    if (down->state == DOWN_WAIT && down->open)
        server->handler->on_body(down, (struct gw_str){whole.base + head->bytes, 0}, true);
done:
    gw_http_partial_free(partial);
    return used;
}

static void body_fault(struct gw_down *down, enum gw_status status, const struct gw_err *err)
{
    bad_request(down, status == GW_TOO_LARGE ? 413 : 400, err, NULL, (struct gw_str){NULL, 0});
}

static size_t take_body(struct gw_down *down, char *bytes, size_t len)
{
    struct gw_server *server = down->server;
    size_t used = len, kept = len;
    bool last;
    struct gw_err err;

    if (down->body_chunked) {
        enum gw_status status =
            gw_chunked_feed(&down->chunked, bytes, len, false, &used, &kept, NULL, NULL, &err);
        if (status == GW_OK && down->body_seen + kept > server->limits.body_bytes_max)
            status = gw_err_set(&err, GW_TOO_LARGE, "the request's body is larger than %llu bytes",
                                (unsigned long long)server->limits.body_bytes_max);
        if (status != GW_OK) {
            body_fault(down, status, &err);
            return len;
        }
        last = down->chunked.done;
    } else {
        if (used > down->body_left)
            used = (size_t)down->body_left;
        kept = used;
        down->body_left -= used;
        last = down->body_left == 0;
    }
    down->body_seen += kept;
    if (last) {
        down->state = DOWN_WAIT;
        gw_deadline_none(&down->deadline);
    } else {
        gw_deadline_set(server->http->loop, &down->deadline, server->limits.header_timeout_ms);
    }
    if (kept || last)
        server->handler->on_body(down, (struct gw_str){bytes, kept}, last);
    return used;
}

/* Takes what it can of `bytes`; stops where the next thing to happen is not the caller's to say. */
static size_t consume(struct gw_down *down, char *bytes, size_t len)
{
    size_t at = 0;

    while (at < len) {
        if (down->state == DOWN_HEAD)
            at += take_head(down, (struct gw_str){bytes + at, len - at});
        else if (down->state == DOWN_BODY && down->open && !down->paused)
            at += take_body(down, bytes + at, len - at);
        else
            break;
    }
    return at;
}

static bool wants_bytes(const struct gw_down *down)
{
    return down->state == DOWN_HEAD || (down->state == DOWN_BODY && down->open && !down->paused);
}

static void send_continue(struct gw_down *down)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct iovec iov = {(char *)(uintptr_t)text, sizeof text - 1};

    down->expect_continue = false;
    (void)gw_down_send(down, &iov, 1); /* a caller that is gone shows on the next read */
}

static void consume_kept(struct gw_down *down)
{
    /* Taken out of the connection first: a handler that ends the answer may make it keep other
     * bytes. */
    struct gw_buf kept = down->in;
    gw_buf_init(&down->in, kept.max);
    size_t used = consume(down, kept.base + kept.head, gw_buf_len(&kept));
    if (down->state == DOWN_CLOSED || used == gw_buf_len(&kept)) {
        gw_buf_finish(&kept);
        return;
    }
    gw_buf_take(&kept, used);
    down->in = kept;
}

/* @return false when there is nothing more to read now, or the connection is closed */
static bool read_once(struct gw_down *down)
{
    struct gw_http *http = down->server->http;
    char *bytes = gw_http_read_at(http);
    size_t len = 0;

    enum gw_status status = gw_sock_read(&down->sock, bytes, GW_HTTP_READ_BYTES, &len);
    if (status == GW_AGAIN)
        return false;
    if (status != GW_OK) {
        down_close(down, status == GW_IO);
        return false;
    }
    size_t used = consume(down, bytes, len);
    if (down->state == DOWN_CLOSED)
        return false;
    if (used < len && down->state != DOWN_LINGER && down->state != DOWN_FLUSH &&
        gw_buf_add(&down->in, (struct gw_str){bytes + used, len - used}) != GW_OK) {
        down_close(down, true);
        return false;
    }
    return true;
}

static void read_loop(struct gw_down *down)
{
    if (down->busy)
        return;
    down->busy = true;
    while (wants_bytes(down)) {
        if (gw_buf_len(&down->in)) {
            consume_kept(down);
        } else {
            if (down->expect_continue && down->state == DOWN_BODY)
                send_continue(down);
            if (!read_once(down))
                break;
        }
    }
    down->busy = false;
}

/* ---- events ---- */

static void shake_hands(struct gw_down *down)
{
    struct gw_err err;
    enum gw_status status = gw_tls_handshake(down->sock.tls, &err);

    if (status == GW_OK) {
        down->state = DOWN_HEAD;
        gw_deadline_set(down->server->http->loop, &down->deadline,
                        down->server->limits.header_timeout_ms);
    } else if (status != GW_AGAIN) {
        down_close(down, false);
    }
}

static void linger(struct gw_down *down)
{
    /* Not the shared buffer: an answer may be ended while that is in use. */
    char discard[16384];
    size_t len;

    for (;;) {
        enum gw_status status = gw_sock_read(&down->sock, discard, sizeof discard, &len);
        if (status == GW_AGAIN)
            return;
        if (status != GW_OK) {
            down_close(down, false);
            return;
        }
    }
}

static void begin_linger(struct gw_down *down)
{
    gw_sock_shutdown(&down->sock);
    gw_buf_finish(&down->in);
    down->state = DOWN_LINGER;
    gw_deadline_set(down->server->http->loop, &down->deadline, LINGER_MS);
    linger(down);
}

/* The answer has been ended and has left. */
static void next_request(struct gw_down *down)
{
    struct gw_server *server = down->server;

    if (!down->keep_after_flush) {
        begin_linger(down);
        return;
    }
    if (server->draining && gw_buf_len(&down->in) == 0) {
        down_close(down, false);
        return;
    }
    down->state = DOWN_HEAD;
    gw_deadline_set(server->http->loop, &down->deadline, server->limits.idle_timeout_ms);
    if (down->sock.hup)
        down->sock.readable = true;
    read_loop(down);
}

static void flush(struct gw_down *down)
{
    while (gw_buf_len(&down->out) && down->sock.writable) {
        struct gw_str bytes = gw_buf_str(&down->out);
        struct iovec iov = {(char *)(uintptr_t)bytes.base, bytes.len};
        size_t sent;
        if (gw_sock_write(&down->sock, &iov, 1, false, &sent) != GW_OK) {
            down_close(down, true);
            return;
        }
        gw_buf_take(&down->out, sent);
        if (down->state != DOWN_BODY)
            gw_deadline_set(down->server->http->loop, &down->deadline,
                            down->server->limits.idle_timeout_ms);
    }
    if (gw_buf_len(&down->out))
        return;
    gw_buf_finish(&down->out);
    if (down->state == DOWN_FLUSH) {
        next_request(down);
        return;
    }
    if (down->state == DOWN_WAIT)
        gw_deadline_none(&down->deadline);
    if (down->waiting_writable && down->open) {
        down->waiting_writable = false;
        down->server->handler->on_writable(down);
    }
}

static void on_io(struct gw_io *io, unsigned events)
{
    struct gw_down *down = (struct gw_down *)io;

    gw_sock_note(&down->sock, events);
    if (down->state == DOWN_HANDSHAKE) {
        shake_hands(down);
        if (down->state != DOWN_HEAD)
            return;
        events |= GW_IO_READ;
    }
    if (gw_buf_len(&down->out) && (events & GW_IO_WRITE))
        flush(down);
    if (down->state == DOWN_CLOSED)
        return;
    if (down->state == DOWN_LINGER)
        linger(down);
    else if (wants_bytes(down))
        read_loop(down);
    /* The caller's FIN while its answer is under way: it has left, so what it waits for is
     * cancelled. */
    if ((down->state == DOWN_WAIT || down->state == DOWN_BODY) && down->sock.hup && down->open)
        down_close(down, false);
}

/* ---- the server ---- */

enum gw_status gw_server_create(struct gw_http *http, int fd, struct gw_tls_profile *tls,
                                const struct gw_server_limits *limits,
                                const struct gw_server_handler *handler, void *arg,
                                struct gw_server **server_out, struct gw_err *err)
{
    struct gw_server *server = calloc(1, sizeof *server);

    if (!server) {
        close(fd);
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a server");
    }
    server->io = (struct gw_io){.fd = fd, .on_io = on_accept};
    server->http = http;
    server->tls = tls;
    server->limits = *limits;
    server->handler = handler;
    server->arg = arg;
    server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    enum gw_status status = gw_loop_add_level(http->loop, &server->io, err);
    if (status != GW_OK) {
        gw_server_destroy(server);
        return status;
    }
    *server_out = server;
    return GW_OK;
}

void gw_server_set_limits(struct gw_server *server, const struct gw_server_limits *limits)
{
    server->limits = *limits;
}

static void on_drain_timeout(struct gw_timer *timer)
{
    struct gw_server *server =
        (struct gw_server *)((char *)timer - offsetof(struct gw_server, drain_timer));

    if (server->count)
        gw_log(GW_LOG_WARN, "drain timeout: %u connections are cut off", server->count);
    /* The last close ends the draining, which may destroy the server: count it down here. */
    for (unsigned left = server->count; left > 0; left--)
        down_close(server->downs, true);
}

void gw_server_set_tls(struct gw_server *server, struct gw_tls_profile *tls)
{
    assert(server->tls);
    server->tls = tls;
}

void gw_server_drain(struct gw_server *server, unsigned timeout_ms, void (*on_drained)(void *arg),
                     void *arg)
{
    if (server->draining)
        return;
    while (accept_one(server))
        ;
    gw_loop_close(server->http->loop, &server->io);
    server->draining = true;
    server->on_drained = on_drained;
    server->drained_arg = arg;
    server->drain_timer.on_timer = on_drain_timeout;
    gw_loop_timer_set(server->http->loop, &server->drain_timer, timeout_ms);
    for (struct gw_down *down = server->downs, *next; down; down = next) {
        next = down->next;
        /* A new connection may have its request in the kernel already: read before calling it idle.
         */
        if (down->state == DOWN_HEAD && !down->partial) {
            down->sock.readable = true;
            read_loop(down);
        }
    }
    for (struct gw_down *down = server->downs, *next; down; down = next) {
        next = down->next;
        if (down->state == DOWN_HEAD && !down->partial && gw_buf_len(&down->in) == 0 &&
            server->count > 0)
            down_close(down, false);
    }
    check_drained(server);
}

bool gw_server_is_draining(const struct gw_server *server)
{
    return server->draining;
}

unsigned gw_server_connections(const struct gw_server *server)
{
    return server->count;
}

void gw_server_destroy(struct gw_server *server)
{
    if (!server)
        return;
    server->on_drained = NULL;
    while (server->downs)
        down_close(server->downs, true);
    gw_loop_timer_clear(server->http->loop, &server->drain_timer);
    if (server->io.fd != -1)
        gw_loop_close(server->http->loop, &server->io);
    if (server->spare_fd != -1)
        close(server->spare_fd);
    gw_loop_free_later(server->http->loop, server);
}

/* ---- the handler's side ---- */

void *gw_down_user(const struct gw_down *down)
{
    return down->user;
}

void gw_down_set_user(struct gw_down *down, void *user)
{
    down->user = user;
}

bool gw_down_may_keep(const struct gw_down *down)
{
    return down->keep_alive && down->state == DOWN_WAIT && !down->server->draining;
}

bool gw_down_is_http10(const struct gw_down *down)
{
    return down->http10;
}

bool gw_down_is_draining(const struct gw_down *down)
{
    return down->server->draining;
}

bool gw_down_peer(const struct gw_down *down, struct gw_addr *addr_out)
{
    return gw_sock_peer(down->sock.io.fd, addr_out);
}

enum gw_status gw_down_send(struct gw_down *down, const struct iovec *iov, int count)
{
    size_t sent = 0;

    if (gw_buf_len(&down->out) == 0 && down->sock.writable &&
        gw_sock_write(&down->sock, iov, count, false, &sent) != GW_OK) {
        down->sock.hup = true;
        return GW_IO;
    }
    for (int i = 0; i < count; i++) {
        size_t part = iov[i].iov_len;
        if (sent >= part) {
            sent -= part;
            continue;
        }
        struct gw_str rest = {(const char *)iov[i].iov_base + sent, part - sent};
        sent = 0;
        if (gw_buf_add(&down->out, rest) != GW_OK)
            return GW_IO;
    }
    if (gw_buf_len(&down->out) == 0)
        return GW_OK;
    down->waiting_writable = true;
    if (down->state == DOWN_WAIT)
        gw_deadline_set(down->server->http->loop, &down->deadline,
                        down->server->limits.idle_timeout_ms);
    return GW_AGAIN;
}

void gw_down_end(struct gw_down *down, bool keep)
{
    assert(down->open);
    down->open = false;
    down->user = NULL;
    down->keep_after_flush = keep && down->state == DOWN_WAIT && !down->sock.hup;
    down->waiting_writable = false;
    down->state = DOWN_FLUSH;
    if (gw_buf_len(&down->out)) {
        gw_deadline_set(down->server->http->loop, &down->deadline,
                        down->server->limits.idle_timeout_ms);
        return;
    }
    next_request(down);
}

void gw_down_abort(struct gw_down *down, bool reset)
{
    down->open = false;
    down->user = NULL;
    if (gw_buf_len(&down->out) && down->sock.writable) {
        struct gw_str bytes = gw_buf_str(&down->out);
        struct iovec iov = {(char *)(uintptr_t)bytes.base, bytes.len};
        size_t sent;
        (void)gw_sock_write(&down->sock, &iov, 1, false, &sent); /* closing anyway */
    }
    down_close(down, reset);
}

void gw_down_pause(struct gw_down *down)
{
    down->paused = true;
    /* It is not the caller who keeps us waiting. */
    if (down->state == DOWN_BODY)
        gw_deadline_none(&down->deadline);
}

void gw_down_resume(struct gw_down *down)
{
    if (!down->paused)
        return;
    down->paused = false;
    if (down->state == DOWN_BODY)
        gw_deadline_set(down->server->http->loop, &down->deadline,
                        down->server->limits.header_timeout_ms);
    read_loop(down);
}
