#include "http/client_private.h"

#include <assert.h>

/* An answer may be preceded by this many 1xx heads; more is a flood. */
#define INFORMATIONAL_MAX 16
/* What gw_up_send() may keep back: a piece as read, and what waited for the connection. */
#define OUT_BYTES_MAX ((size_t)1 << 30)

static struct gw_loop *loop_of(const struct gw_up *up)
{
    return up->origin->http->loop;
}

void gw_up_begin(struct gw_up *up, const struct gw_up_handler *handler, void *user)
{
    up->handler = handler;
    up->user = user;
    up->sent_before = up->sock.sent_bytes;
    up->informational = 0;
    up->on_data = NULL;
    up->keep = up->request_sent = up->no_body = up->raw = up->paused = false;
    up->write_broken = up->answered = up->reading = false;
    gw_buf_init(&up->out, OUT_BYTES_MAX);
}

void *gw_up_user(const struct gw_up *up)
{
    return up->user;
}

void gw_up_fail(struct gw_up *up, enum gw_up_fault fault, const struct gw_err *err)
{
    const struct gw_up_handler *handler = up->handler;
    void *user = up->user;
    struct gw_up_loss loss = {.fault = fault, .err = err, .reused = up->reused};

    if (up->state == UP_BODY && up->framing == GW_BODY_CHUNKED)
        loss.chunked = &up->chunked; /* stays until the turn ends */
    if (fault == GW_UP_RESET)
        loss.none_taken = gw_sock_none_taken(&up->sock, up->sent_before);
    up->handler = NULL;
    gw_pool_discard(up, true);
    handler->on_fail(user, &loss);
}

void gw_up_cancel(struct gw_up *up)
{
    up->handler = NULL;
    gw_pool_discard(up, true);
}

/* ---- an answer that nobody wants ---- */

#define ABANDONED_BYTES_MAX 65536u
#define ABANDONED_MS 2000u

static void ignore_head(struct gw_up *up, const struct gw_http1_head *head, struct gw_str bytes)
{
    (void)up, (void)head, (void)bytes;
}

static void ignore_body(struct gw_up *up, struct gw_str bytes, bool last)
{
    up->abandoned_bytes += bytes.len;
    if (up->abandoned_bytes > ABANDONED_BYTES_MAX && !last)
        gw_pool_discard(up, true);
}

static void ignore_end(void *user)
{
    (void)user;
}

static void ignore_loss(void *user, const struct gw_up_loss *loss)
{
    (void)user, (void)loss;
}

static void ignore_room(struct gw_up *up)
{
    (void)up;
}

static const struct gw_up_handler ignoring = {
    .on_head = ignore_head,
    .on_body = ignore_body,
    .on_end = ignore_end,
    .on_writable = ignore_room,
    .on_fail = ignore_loss,
};

void gw_up_abandon(struct gw_up *up)
{
    up->handler = &ignoring;
    up->user = NULL;
    up->abandoned_bytes = 0;
    if (!up->request_sent || gw_buf_len(&up->out) || up->framing == GW_BODY_TO_CLOSE ||
        up->body_left > ABANDONED_BYTES_MAX)
        gw_pool_discard(up, true);
    else
        gw_deadline_set(loop_of(up), &up->deadline, ABANDONED_MS);
}

/* ---- the answer ---- */

static void fail_message(struct gw_up *up, enum gw_up_fault fault, enum gw_status status,
                         const char *what)
{
    struct gw_err err = {.offset = 0};
    gw_err_set(&err, status, "%s", what);
    gw_up_fail(up, fault, &err);
}

/* The answer is whole: the connection is free before the handler hears of it, so that what comes
 * next can have it. */
static void answer_end(struct gw_up *up, bool leftover)
{
    const struct gw_up_handler *handler = up->handler;
    void *user = up->user;
    bool reusable = up->keep && up->request_sent && gw_buf_len(&up->out) == 0 && !leftover &&
                    !up->sock.hup && !up->sock.eof && !up->write_broken;

    up->handler = NULL;
    gw_pool_release(up, reusable);
    handler->on_end(user);
}

/* @return false when the request is over, one way or the other */
static bool take_head(struct gw_up *up, struct gw_str *bytes)
{
    struct gw_http *http = up->origin->http;
    const struct gw_http1_head *head;
    struct gw_http_partial *partial;
    struct gw_str whole;
    struct gw_err err = {.offset = 0};

    enum gw_status status =
        gw_http_head_feed(http, &up->partial, false, up->no_body,
                          up->origin->config.header_bytes_max, *bytes, &head, &whole, &err);
    if (status == GW_AGAIN) {
        *bytes = gw_str_from(*bytes, bytes->len);
        return true;
    }
    if (status != GW_OK) {
        gw_up_fail(up, GW_UP_BROKEN, &err);
        return false;
    }
    size_t before = whole.len - bytes->len;
    *bytes = gw_str_from(*bytes, head->bytes - before);
    /* The head lives in `partial` when it came in pieces: keep that until the handler has seen it.
     */
    partial = up->partial;
    up->partial = NULL;
    if (head->code < 200) {
        bool switched = head->code == 101;
        gw_http_partial_free(partial);
        if (switched || ++up->informational > INFORMATIONAL_MAX) {
            fail_message(up, GW_UP_BROKEN, GW_INVALID,
                         switched ? "the provider switched protocols unasked"
                                  : "the provider sent 1xx answers without end");
            return false;
        }
        return true;
    }
    up->state = UP_BODY;
    up->answered = true;
    up->framing = (uint8_t)head->framing;
    up->body_left = head->framing == GW_BODY_LENGTH ? head->body_bytes : 0;
    up->keep = head->keep_alive && head->framing != GW_BODY_TO_CLOSE;
    if (head->framing == GW_BODY_CHUNKED)
        gw_chunked_init(&up->chunked);
    up->handler->on_head(up, head, whole);
    gw_http_partial_free(partial);
    return up->state == UP_BODY;
}

/* @return false when the request is over */
static bool take_body(struct gw_up *up, char *bytes, size_t len, size_t *used_out)
{
    size_t used = len, kept = len;
    bool last = false;
    struct gw_err err = {.offset = 0};

    switch ((enum gw_http1_framing)up->framing) {
    case GW_BODY_NONE:
        used = kept = 0;
        last = true;
        break;
    case GW_BODY_LENGTH:
        if (used > up->body_left)
            used = (size_t)up->body_left;
        kept = used;
        up->body_left -= used;
        last = up->body_left == 0;
        break;
    case GW_BODY_CHUNKED:
        if (gw_chunked_feed(&up->chunked, bytes, len, up->raw, &used, &kept, up->on_data, up->user,
                            &err) != GW_OK) {
            gw_up_fail(up, GW_UP_BROKEN, &err);
            return false;
        }
        last = up->chunked.done;
        break;
    case GW_BODY_TO_CLOSE:
        break;
    }
    *used_out = used;
    up->handler->on_body(up, (struct gw_str){bytes, kept}, last);
    if (up->state != UP_BODY)
        return false;
    if (last) {
        answer_end(up, used < len);
        return false;
    }
    return true;
}

static void on_end_of_stream(struct gw_up *up, bool clean)
{
    if (up->state == UP_HEAD) {
        if (gw_http_partial_len(up->partial) || up->informational)
            fail_message(up, GW_UP_BROKEN, GW_EOF,
                         "the provider closed the connection within the head of its answer");
        else
            fail_message(up, GW_UP_RESET, GW_EOF,
                         "the provider closed the connection without an answer");
        return;
    }
    if (up->framing == GW_BODY_TO_CLOSE && clean) {
        char *nothing = gw_http_read_at(up->origin->http);
        up->keep = false;
        up->handler->on_body(up, (struct gw_str){nothing, 0}, true);
        if (up->state == UP_BODY)
            answer_end(up, false);
        return;
    }
    fail_message(up, GW_UP_TRUNCATED, GW_EOF,
                 "the provider closed the connection within its answer");
}

/* One read's bytes. @return false when the request is over */
static bool process(struct gw_up *up, char *base, size_t len)
{
    struct gw_str bytes = {base, len};

    while (up->state == UP_HEAD && bytes.len)
        if (!take_head(up, &bytes))
            return false;
    if (up->state != UP_BODY)
        return true;
    size_t used;
    /* The first time even without bytes, so that the head leaves. */
    return take_body(up, (char *)(uintptr_t)bytes.base, bytes.len, &used);
}

static void read_answer(struct gw_up *up)
{
    struct gw_http *http = up->origin->http;
    char *base = gw_http_read_at(http);

    if (up->reading)
        return;
    up->reading = true;
    while ((up->state == UP_HEAD || up->state == UP_BODY) && !up->paused) {
        size_t len;
        enum gw_status status =
            gw_sock_read(&up->sock, base, GW_HTTP_READ_BYTES - GW_UP_TAILROOM, &len);
        if (status == GW_AGAIN)
            break;
        if (status == GW_OK) {
            if (!process(up, base, len))
                return; /* the next request resets `reading` */
        } else {
            on_end_of_stream(up, status == GW_EOF);
            return;
        }
    }
    up->reading = false;
}

/* ---- the request ---- */

enum gw_status gw_up_send(struct gw_up *up, const struct iovec *iov, int count, bool last)
{
    size_t sent = 0;

    assert(up->state == UP_HEAD || up->state == UP_BODY);
    up->request_sent = last;
    if (up->write_broken)
        return GW_IO;
    if (gw_buf_len(&up->out) == 0 && up->sock.writable &&
        gw_sock_write(&up->sock, iov, count, false, &sent) != GW_OK) {
        /* The peer may have answered before it closed: that is read first, and the end behind it
         * fails the request. */
        up->write_broken = true;
        up->sock.readable = true;
        gw_deadline_set(loop_of(up), &up->deadline, 0);
        return GW_IO;
    }
    if (gw_http_keep_rest(&up->out, iov, count, sent) != GW_OK) {
        up->write_broken = true;
        gw_deadline_set(loop_of(up), &up->deadline, 0);
        return GW_IO;
    }
    return gw_buf_len(&up->out) ? GW_AGAIN : GW_OK;
}

static void flush(struct gw_up *up)
{
    while (gw_buf_len(&up->out) && up->sock.writable) {
        struct gw_str bytes = gw_buf_str(&up->out);
        struct iovec iov = {(char *)(uintptr_t)bytes.base, bytes.len};
        size_t sent;
        if (gw_sock_write(&up->sock, &iov, 1, false, &sent) != GW_OK) {
            up->write_broken = true;
            gw_buf_finish(&up->out);
            return;
        }
        gw_buf_take(&up->out, sent);
    }
    if (gw_buf_len(&up->out) == 0) {
        gw_buf_finish(&up->out);
        up->handler->on_writable(up);
    }
}

void gw_up_expect_no_body(struct gw_up *up)
{
    up->no_body = true;
}

void gw_up_raw(struct gw_up *up, void (*on_data)(void *user, struct gw_str data))
{
    assert(up->framing == GW_BODY_CHUNKED);
    up->raw = true;
    up->on_data = on_data;
}

void gw_up_deadline(struct gw_up *up, uint64_t delay_ms)
{
    if (delay_ms)
        gw_deadline_set(loop_of(up), &up->deadline, delay_ms);
    else
        gw_deadline_none(&up->deadline);
}

void gw_up_pause(struct gw_up *up)
{
    up->paused = true;
}

void gw_up_resume(struct gw_up *up)
{
    if (!up->paused)
        return;
    up->paused = false;
    read_answer(up);
}

void gw_up_on_io(struct gw_io *io, unsigned events)
{
    struct gw_up *up = (struct gw_up *)io;

    gw_sock_note(&up->sock, events);
    if (up->state != UP_HEAD && up->state != UP_BODY) {
        gw_pool_establish(up, events);
        return;
    }
    if ((events & GW_IO_WRITE) && gw_buf_len(&up->out))
        flush(up);
    if (up->state == UP_HEAD || up->state == UP_BODY)
        read_answer(up);
}
