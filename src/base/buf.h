/*
 * base/buf: bytes that grow at the end and are taken off the front, up to a maximum given at the
 * start.
 *
 * Holds nothing until the first byte comes; gw_buf_finish() gives everything back, so an idle
 * connection costs none.
 */
#ifndef GW_BASE_BUF_H
#define GW_BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

struct gw_buf {
    char *base;  /* start of the allocation */
    size_t head; /* first byte not taken yet */
    size_t tail; /* one past the last byte */
    size_t room; /* size of the allocation */
    size_t max;  /* largest tail - head allowed */
};

void gw_buf_init(struct gw_buf *buf, size_t max);
void gw_buf_finish(struct gw_buf *buf);

static inline size_t gw_buf_len(const struct gw_buf *buf)
{
    return buf->tail - buf->head;
}

static inline struct gw_str gw_buf_str(const struct gw_buf *buf)
{
    /* An empty one has no memory to point into. */
    return (struct gw_str){buf->base ? buf->base + buf->head : "", buf->tail - buf->head};
}

/* Room for `more` bytes at base + tail; the caller writes there and adds to `tail`.
 * @return GW_OK, GW_TOO_LARGE (past max) or GW_NO_MEMORY; unchanged on failure */
enum gw_status gw_buf_reserve(struct gw_buf *buf, size_t more);

/* For what does not fit. */
enum gw_status gw_buf_add_grow(struct gw_buf *buf, struct gw_str bytes);

/* Inline, for it runs for every few bytes of a document that is written. */
static inline enum gw_status gw_buf_add(struct gw_buf *buf, struct gw_str bytes)
{
    if (bytes.len > buf->room - buf->tail || bytes.len > buf->max - gw_buf_len(buf))
        return gw_buf_add_grow(buf, bytes);
    if (bytes.len)
        memcpy(buf->base + buf->tail, bytes.base, bytes.len);
    buf->tail += bytes.len;
    return GW_OK;
}

static inline enum gw_status gw_buf_add_c(struct gw_buf *buf, char c)
{
    return gw_buf_add(buf, (struct gw_str){&c, 1});
}

/* All of them or, where they do not fit, none. */
enum gw_status gw_buf_add_all(struct gw_buf *buf, const struct gw_str *parts, size_t count);

enum gw_status gw_buf_printf(struct gw_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes `len` bytes (at most all) off the front. An emptied buffer keeps its allocation. */
void gw_buf_take(struct gw_buf *buf, size_t len);

#endif
