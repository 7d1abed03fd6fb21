#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_BYTES 512u

void gw_buf_init(struct gw_buf *buf, size_t max)
{
    *buf = (struct gw_buf){.max = max};
}

void gw_buf_finish(struct gw_buf *buf)
{
    free(buf->base);
    buf->base = NULL;
    buf->head = buf->tail = buf->room = 0;
}

/* @param spare  bytes of room behind `more` that do not count against `max` */
static enum gw_status make_room(struct gw_buf *buf, size_t more, size_t spare)
{
    size_t len = gw_buf_len(buf), need;

    if (__builtin_add_overflow(len, more, &need) || need > buf->max)
        return GW_TOO_LARGE;
    if (buf->room - buf->tail >= more && buf->room - buf->tail - more >= spare)
        return GW_OK;
    if (__builtin_add_overflow(need, spare, &need))
        return GW_TOO_LARGE;
    if (need <= buf->room && buf->head >= buf->room / 2) {
        memmove(buf->base, buf->base + buf->head, len);
    } else {
        size_t room = buf->room ? buf->room : FIRST_BYTES;
        while (room < need)
            if (__builtin_mul_overflow(room, (size_t)2, &room))
                return GW_NO_MEMORY;
        char *base = malloc(room);
        if (!base)
            return GW_NO_MEMORY;
        if (len)
            memcpy(base, buf->base + buf->head, len);
        free(buf->base);
        buf->base = base;
        buf->room = room;
    }
    buf->head = 0;
    buf->tail = len;
    return GW_OK;
}

enum gw_status gw_buf_reserve(struct gw_buf *buf, size_t more)
{
    return make_room(buf, more, 0);
}

enum gw_status gw_buf_add_grow(struct gw_buf *buf, struct gw_str bytes)
{
    enum gw_status status = gw_buf_reserve(buf, bytes.len);
    if (status != GW_OK)
        return status;
    if (bytes.len)
        memcpy(buf->base + buf->tail, bytes.base, bytes.len);
    buf->tail += bytes.len;
    return GW_OK;
}

enum gw_status gw_buf_add_all(struct gw_buf *buf, const struct gw_str *parts, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++)
        if (__builtin_add_overflow(len, parts[i].len, &len))
            return GW_TOO_LARGE;
    enum gw_status status = gw_buf_reserve(buf, len);
    for (size_t i = 0; i < count && status == GW_OK; i++)
        status = gw_buf_add(buf, parts[i]);
    return status;
}

enum gw_status gw_buf_printf(struct gw_buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        return GW_INVALID;
    /* vsnprintf writes a NUL as well: there is room for it, but it is not kept. */
    enum gw_status status = make_room(buf, (size_t)len, 1);
    if (status != GW_OK)
        return status;
    va_start(args, format);
    (void)vsnprintf(buf->base + buf->tail, (size_t)len + 1, format, args);
    va_end(args);
    buf->tail += (size_t)len;
    return GW_OK;
}

void gw_buf_take(struct gw_buf *buf, size_t len)
{
    assert(len <= gw_buf_len(buf));
    buf->head += len;
    if (buf->head == buf->tail)
        buf->head = buf->tail = 0;
}
