/*
 * http/http: what the HTTP server and client of one loop share: the memory that bytes are read
 * into.
 *
 * One large buffer for everybody instead of one a connection: a connection holds memory only while
 * something of it waits. The bytes given to a callback stand in this buffer and are gone when it
 * returns. In front of them there is always room (GW_HTTP_HEADROOM) for a new head, so that head
 * and body leave in one piece without copying the body.
 */
#ifndef GW_HTTP_HTTP_H
#define GW_HTTP_HTTP_H

#include "base/buf.h"
#include "io/loop.h"
#include "wire/http1.h"

#include <sys/uio.h>

#define GW_HTTP_HEADROOM 16384u
#define GW_HTTP_READ_BYTES 262144u

struct gw_http {
    struct gw_loop *loop;
    char *memory;              /* GW_HTTP_HEADROOM + GW_HTTP_READ_BYTES */
    struct gw_http1_head head; /* the head in hand */
};

enum gw_status gw_http_init(struct gw_http *http, struct gw_loop *loop, struct gw_err *err);
void gw_http_finish(struct gw_http *http);

static inline char *gw_http_read_at(const struct gw_http *http)
{
    return http->memory + GW_HTTP_HEADROOM;
}

/* Is `bytes` in the shared buffer, so that there is room to write in front of it? */
static inline bool gw_http_has_headroom(const struct gw_http *http, const char *bytes, size_t room)
{
    return bytes >= http->memory + room &&
           bytes < http->memory + GW_HTTP_HEADROOM + GW_HTTP_READ_BYTES;
}

/* Part of a head that came in pieces: kept until it is whole. */
struct gw_http_partial; /* opaque: see http.c */

/* Feeds `bytes` to a head parser that survives between reads.
 * @param partial  NULL at first, and again after anything but GW_AGAIN
 * @param head_out  on GW_OK: the head; in `http` or in memory that lives as long as *bytes_out
 * @param bytes_out  on GW_OK: the whole head and all that was read behind it; free with
 * gw_http_partial_free() */
enum gw_status gw_http_head_feed(struct gw_http *http, struct gw_http_partial **partial,
                                 bool request, bool no_body, size_t bytes_max, struct gw_str bytes,
                                 const struct gw_http1_head **head_out, struct gw_str *bytes_out,
                                 struct gw_err *err);
/* Bytes kept so far. */
size_t gw_http_partial_len(const struct gw_http_partial *partial);
/* Accepts NULL. */
void gw_http_partial_free(struct gw_http_partial *partial);

/* Keeps what of `iov` was not sent. @param sent  bytes that were. @return as gw_buf_add() */
enum gw_status gw_http_keep_rest(struct gw_buf *into, const struct iovec *iov, int count,
                                 size_t sent);

/* A deadline on a timer that is touched as rarely as possible: it is moved only when it would be
 * too late; a timer that fires early is put on again. Call gw_deadline_passed() in on_timer. */
struct gw_deadline {
    struct gw_timer timer;
    uint64_t at_ms; /* 0: none */
};
void gw_deadline_set(struct gw_loop *loop, struct gw_deadline *deadline, uint64_t delay_ms);
/* No deadline, but the timer may stay. */
static inline void gw_deadline_none(struct gw_deadline *deadline)
{
    deadline->at_ms = 0;
}
/* @return true when it is due now; otherwise the timer has been set again where needed */
bool gw_deadline_passed(struct gw_loop *loop, struct gw_deadline *deadline);

#endif
