/*
 * http/client: one request at a time on an upstream connection, and the pool such connections come
 * from.
 *
 * An origin is where connections go to: host, port, TLS profile, proxy. It keeps idle connections,
 * newest first, counts all of them against its maximum, and lets requests wait in line beyond it.
 * One per provider and worker, so nothing here locks. Knows nothing of credentials or models.
 */
#ifndef GW_HTTP_CLIENT_H
#define GW_HTTP_CLIENT_H

#include "http/http.h"

#include <sys/uio.h>

struct gw_addr;
struct gw_origin; /* opaque: see pool.c */
struct gw_up;     /* one upstream request, from lease to end */
struct gw_dns;
struct gw_tls_profile;

/* What went wrong, by phase: classes of errors and metrics hang on it. */
enum gw_up_fault {
    GW_UP_OVERLOADED, /* max_connections reached, and none came free in time */
    GW_UP_DNS,
    GW_UP_CONNECT,
    GW_UP_CONNECT_TIMEOUT,
    GW_UP_TLS,
    GW_UP_RESET,     /* connection lost before any byte of an answer */
    GW_UP_BROKEN,    /* what came is no HTTP answer, or one over a limit */
    GW_UP_TRUNCATED, /* connection lost within the answer */
    GW_UP_TIMEOUT    /* the deadline set by gw_up_deadline() passed */
};

/* How a request was lost. */
struct gw_up_loss {
    enum gw_up_fault fault;
    const struct gw_err *err;
    bool reused; /* the connection had served a request before: it may just have been stale */
    const struct gw_chunked
        *chunked;    /* of a chunked answer: where it was lost; else NULL. For the call */
    bool none_taken; /* it is certain that the peer has taken no byte of this request: sending it
                        again does nothing twice */
};

struct gw_up_handler {
    /* The connection stands: send the request now. Not called when gw_up_lease() said it stands
     * already. `up` is the one to use from here on: it may be another than gw_up_lease() returned.
     */
    void (*on_ready)(struct gw_up *up, void *user);
    /* The head of the final answer; 1xx ones are skipped. `bytes` is gone when this returns. Choose
     * raw framing here. At least one on_body follows, in the same turn, or on_fail. */
    void (*on_head)(struct gw_up *up, const struct gw_http1_head *head, struct gw_str bytes);
    /* Body bytes as read, maybe none. They stand in the shared buffer with headroom in front and
     * GW_UP_TAILROOM behind. In raw mode they are framed in chunks as they came, without the last
     * chunk; otherwise bare. `last`: the body ends with them; on_end follows. */
    void (*on_body)(struct gw_up *up, struct gw_str bytes, bool last);
    /* The answer is whole; `up` is not the caller's any more. */
    void (*on_end)(void *user);
    /* All that gw_up_send() kept back has left. */
    void (*on_writable)(struct gw_up *up);
    /* The request is lost; `up` is not the caller's any more. */
    void (*on_fail)(void *user, const struct gw_up_loss *loss);
};
#define GW_UP_TAILROOM 16u

struct gw_origin_config {
    struct gw_str host; /* without brackets; borrowed: must outlive the origin */
    unsigned port;
    struct gw_tls_profile *tls; /* NULL: plain */
    struct gw_str proxy_host;   /* empty: none. CONNECT is used, for TLS origins only */
    unsigned proxy_port;
    struct gw_str proxy_authorization; /* "Basic …" or empty */
    unsigned connections_max;
    unsigned
        connect_timeout_ms; /* name, TCP and TLS together; also how long a request waits in line */
    unsigned idle_expiry_ms;
    size_t header_bytes_max;                     /* of an answer */
    bool (*permits)(const struct gw_addr *addr); /* as of gw_connect(); NULL: all */
};

enum gw_status gw_origin_create(struct gw_http *http, struct gw_dns *dns,
                                const struct gw_origin_config *config,
                                struct gw_origin **origin_out, struct gw_err *err);
/* Idle connections are closed, requests under way fail. Accepts NULL. */
void gw_origin_destroy(struct gw_origin *origin);

/* Begins a request: on an idle connection, a new one, or in line for one.
 * @param fresh  true: not on a connection that has been used before
 * @param ready_out  the connection stands: send at once; else on_ready comes
 * @return NULL when out of memory */
struct gw_up *gw_up_lease(struct gw_origin *origin, bool fresh, const struct gw_up_handler *handler,
                          void *user, bool *ready_out);
void *gw_up_user(const struct gw_up *up);

/* Sends bytes of the request. @param last  the request is whole with these
 * @return GW_OK: all has left; GW_AGAIN: the rest was copied and is sent later: send no more until
 * on_writable; GW_IO: the connection broke: on_fail comes in this or the next turn of the loop (an
 * answer that was sent before may still be read first) */
enum gw_status gw_up_send(struct gw_up *up, const struct iovec *iov, int count, bool last);

/* The method was HEAD: the answer has no body. Before the answer comes. */
void gw_up_expect_no_body(struct gw_up *up);

/* Until now + delay_ms the next thing must have happened, else on_fail(GW_UP_TIMEOUT). 0: no
 * deadline. */
void gw_up_deadline(struct gw_up *up, uint64_t delay_ms);

/* In on_head: keep the chunk framing; `on_data` (may be NULL) sees the bare data. Only for
 * GW_BODY_CHUNKED. */
void gw_up_raw(struct gw_up *up, void (*on_data)(void *user, struct gw_str data));

/* No more on_body until resumed. */
void gw_up_pause(struct gw_up *up);
/* May call on_body, on_end and on_fail from inside. */
void gw_up_resume(struct gw_up *up);

/* Gives the request up: the connection is closed at once and nothing is called any more. */
void gw_up_cancel(struct gw_up *up);

/* From on_head on: nobody wants (the rest of) this answer. Nothing is called any more; what is left of it is read, if it is
 * little and comes soon, so that the connection can be used again. */
void gw_up_abandon(struct gw_up *up);

#endif
