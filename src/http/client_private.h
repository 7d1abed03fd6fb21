/*
 * http/client_private: what client.c (a request on a connection) and pool.c (where connections come
 * from) share.
 */
#ifndef GW_HTTP_CLIENT_PRIVATE_H
#define GW_HTTP_CLIENT_PRIVATE_H

#include "base/buf.h"
#include "http/client.h"
#include "io/connect.h"
#include "io/socket.h"
#include "io/tls.h"

enum up_state {
    UP_WAITING,    /* in line for a connection; has none; leaves in serve_waiters() */
    UP_CONNECTING, /* name and TCP; leaves in on_connected() */
    UP_PROXY,      /* CONNECT sent; leaves in on_proxy_answer() */
    UP_HANDSHAKE,  /* TLS; leaves in shake_hands() */
    UP_IDLE,       /* in the pool; leaves in gw_up_lease() */
    UP_HEAD,       /* request going out, no whole head of an answer yet */
    UP_BODY,       /* answer's body */
    UP_CLOSED
};

struct gw_up {
    struct gw_sock sock; /* must stay first */
    struct gw_origin *origin;
    struct gw_up *next, **link; /* in the origin's list of its state */
    const struct gw_up_handler *handler;
    void *user;
    struct gw_deadline deadline;
    struct gw_connect *connect;
    struct gw_http_partial *partial;
    struct gw_buf out; /* request bytes not written yet */
    void (*on_data)(void *user, struct gw_str data);
    uint64_t body_left;
    uint64_t abandoned_bytes; /* read of an answer that nobody wants */
    uint64_t sent_before;     /* sock.sent_bytes when the request in hand began */
    struct gw_chunked chunked;
    uint8_t state, framing;
    uint8_t informational; /* 1xx heads seen */
    bool reused, keep, request_sent, no_body, raw, paused, reading, write_broken, answered,
        has_session;
};

struct gw_origin {
    struct gw_http *http;
    struct gw_dns *dns;
    struct gw_origin_config config;
    struct gw_up *idle;   /* newest first */
    struct gw_up *active; /* everything with a connection, or getting one, that is not idle */
    struct gw_up *waiting, **waiting_last;
    unsigned connections;
    struct gw_tls_session *session;
    struct gw_task serve; /* hands connections to those in line, outside of any callback */
    bool serve_posted, destroyed;
};

/* client.c */
void gw_up_begin(struct gw_up *up, const struct gw_up_handler *handler, void *user);
void gw_up_on_io(struct gw_io *io, unsigned events);
/* Takes the request off `up`, closes it, and tells the handler. */
void gw_up_fail(struct gw_up *up, enum gw_up_fault fault, const struct gw_err *err);

/* pool.c */
/* After a whole answer: back into the pool, or closed. */
void gw_pool_release(struct gw_up *up, bool reusable);
/* Off every list, closed, counted down; freed at the end of the turn. */
void gw_pool_discard(struct gw_up *up, bool reset);
void gw_pool_establish(struct gw_up *up, unsigned events);

#endif
