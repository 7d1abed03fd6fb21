#include "http/server_private.h"

#include <assert.h>

#define LINGER_MS 5000u

static struct gw_loop *loop_of(const struct gw_down *down)
{
    return down->server->http->loop;
}

/* ---- closing ---- */

void gw_down_close(struct gw_down *down, bool reset)
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
    gw_server_check_drained(server);
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

void gw_down_on_deadline(struct gw_timer *timer)
{
    struct gw_down *down =
        (struct gw_down *)((char *)timer - offsetof(struct gw_down, deadline.timer));
    struct gw_err err = {.offset = 0};

    if (!gw_deadline_passed(loop_of(down), &down->deadline))
        return;
    switch ((enum down_state)down->state) {
    case DOWN_HEAD:
        if (gw_http_partial_len(down->partial) == 0) {
            gw_down_close(down, false);
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
        gw_down_close(down, false);
        return;
    case DOWN_WAIT:
        if (gw_buf_len(&down->out)) /* the caller does not read */
            gw_down_close(down, true);
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
    struct gw_err err = {.offset = 0};
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
    else if (used == bytes.len && down->state == DOWN_BODY && down->open && !down->paused)
        gw_deadline_set(http->loop, &down->deadline, server->limits.header_timeout_ms);
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
    struct gw_err err = {.offset = 0};

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
        gw_down_close(down, status == GW_IO);
        return false;
    }
    size_t used = consume(down, bytes, len);
    if (down->state == DOWN_CLOSED)
        return false;
    bool more = down->state != DOWN_LINGER && (down->state != DOWN_FLUSH || down->keep_after_flush);
    if (used < len && more &&
        gw_buf_add(&down->in, (struct gw_str){bytes + used, len - used}) != GW_OK) {
        gw_down_close(down, true);
        return false;
    }
    return true;
}

void gw_down_read(struct gw_down *down)
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
    struct gw_err err = {.offset = 0};
    enum gw_status status = gw_tls_handshake(down->sock.tls, &err);

    if (status == GW_OK) {
        down->state = DOWN_HEAD;
        gw_deadline_set(loop_of(down), &down->deadline, down->server->limits.header_timeout_ms);
    } else if (status != GW_AGAIN) {
        gw_down_close(down, false);
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
            gw_down_close(down, false);
            return;
        }
    }
}

static void begin_linger(struct gw_down *down)
{
    gw_sock_shutdown(&down->sock);
    gw_buf_finish(&down->in);
    down->state = DOWN_LINGER;
    gw_deadline_set(loop_of(down), &down->deadline, LINGER_MS);
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
        gw_down_close(down, false);
        return;
    }
    down->state = DOWN_HEAD;
    gw_deadline_set(server->http->loop, &down->deadline, server->limits.idle_timeout_ms);
    if (down->sock.hup)
        down->sock.readable = true;
    gw_down_read(down);
}

static void flush(struct gw_down *down)
{
    while (gw_buf_len(&down->out) && down->sock.writable) {
        struct gw_str bytes = gw_buf_str(&down->out);
        struct iovec iov = {(char *)(uintptr_t)bytes.base, bytes.len};
        size_t sent;
        if (gw_sock_write(&down->sock, &iov, 1, false, &sent) != GW_OK) {
            gw_down_close(down, true);
            return;
        }
        gw_buf_take(&down->out, sent);
        if (down->state != DOWN_BODY)
            gw_deadline_set(loop_of(down), &down->deadline, down->server->limits.idle_timeout_ms);
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

void gw_down_on_io(struct gw_io *io, unsigned events)
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
        gw_down_read(down);
    /* The caller's FIN while its answer is under way: it has left, so what it waits for is
     * cancelled. */
    if ((down->state == DOWN_WAIT || down->state == DOWN_BODY) && down->sock.hup && down->open)
        gw_down_close(down, false);
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
    if (gw_http_keep_rest(&down->out, iov, count, sent) != GW_OK)
        return GW_IO;
    if (gw_buf_len(&down->out) == 0)
        return GW_OK;
    down->waiting_writable = true;
    if (down->state == DOWN_WAIT)
        gw_deadline_set(loop_of(down), &down->deadline, down->server->limits.idle_timeout_ms);
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
        gw_deadline_set(loop_of(down), &down->deadline, down->server->limits.idle_timeout_ms);
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
    gw_down_close(down, reset);
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
        gw_deadline_set(loop_of(down), &down->deadline, down->server->limits.header_timeout_ms);
    gw_down_read(down);
}
