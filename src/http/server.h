/*
 * http/server: listeners and downstream connections: keep-alive, pipelining, back-pressure, limits.
 *
 * One per worker (and one each for the admin listener and the demo provider), so nothing here
 * locks. Knows nothing of models or providers: a handler takes each request and answers it.
 * Requests of one connection are handed over one after the other: the next one only when the answer
 * before it has been ended.
 */
#ifndef GW_HTTP_SERVER_H
#define GW_HTTP_SERVER_H

#include "http/http.h"

#include <sys/uio.h>

struct gw_server; /* opaque: see server.c */
struct gw_down;   /* one downstream connection */
struct gw_addr;
struct gw_tls_profile;

struct gw_server_handler {
    /* A whole request head. `bytes` (to which `head` refers) is gone when this returns. The body
     * follows through on_body, in any number of pieces, the last one marked (an empty one when
     * there is no body). The handler may answer at any time from here on. */
    void (*on_request)(void *arg, struct gw_down *down, const struct gw_http1_head *head,
                       struct gw_str bytes);
    /* Not called any more once the answer has been ended. */
    void (*on_body)(struct gw_down *down, struct gw_str data, bool last);
    /* All that gw_down_send() kept back has left. */
    void (*on_writable)(struct gw_down *down);
    /* The caller has gone (or sent its FIN) before the answer was ended. `down` must not be used
     * any more. */
    void (*on_gone)(struct gw_down *down);
    /* What came is no request, or one over a limit: answer `status` with gw_down_send() and
     * gw_down_end(). `head` is NULL when there is none, else as in on_request. When the fault is in
     * the body, the exchange is under way: gw_down_user() says which, and an answer may have begun.
     */
    void (*on_bad)(void *arg, struct gw_down *down, unsigned status, const struct gw_err *err,
                   const struct gw_http1_head *head, struct gw_str bytes);
};

struct gw_server_limits {
    size_t header_bytes_max;
    uint64_t body_bytes_max;
    unsigned
        header_timeout_ms; /* from a head's first byte to its last; also between a body's pieces */
    unsigned idle_timeout_ms; /* between requests, and for a caller that does not read */
    unsigned connections_max; /* beyond: 503; well beyond: closed at once */
};

/* @param fd   a listening socket, the server's from here on (also on failure)
 * @param tls  NULL: plain
 * @param handler, arg  must outlive the server */
enum gw_status gw_server_create(struct gw_http *http, int fd, struct gw_tls_profile *tls,
                                const struct gw_server_limits *limits,
                                const struct gw_server_handler *handler, void *arg,
                                struct gw_server **server_out, struct gw_err *err);

/* Limits for connections and requests from now on. */
void gw_server_set_limits(struct gw_server *server, const struct gw_server_limits *limits);

/* Another certificate for new connections; only where there was one. */
void gw_server_set_tls(struct gw_server *server, struct gw_tls_profile *tls);

/* Takes what waits in the accept queue, then listens no more; idle connections are closed, the
 * others after their current answer. `on_drained` runs once when the last one is gone, maybe from
 * inside. After `timeout_ms` the rest is cut off. */
void gw_server_drain(struct gw_server *server, unsigned timeout_ms, void (*on_drained)(void *arg),
                     void *arg);
bool gw_server_is_draining(const struct gw_server *server);
unsigned gw_server_connections(const struct gw_server *server);

/* Cuts off what is left (on_gone runs for open exchanges). Accepts NULL. */
void gw_server_destroy(struct gw_server *server);

/* The handler's own pointer for the request in hand; NULL at its start. */
void *gw_down_user(const struct gw_down *down);
void gw_down_set_user(struct gw_down *down, void *user);

/* May the answer leave the connection open: asked for, the request's body read to its end, not
 * draining. Decide once, when the answer's head is written, and give it to gw_down_end(). */
bool gw_down_may_keep(const struct gw_down *down);
bool gw_down_is_http10(const struct gw_down *down);
bool gw_down_is_draining(const struct gw_down *down);
bool gw_down_peer(const struct gw_down *down, struct gw_addr *addr_out);

/* Sends bytes of the answer (head included). What the kernel does not take is copied and sent
 * later.
 * @return GW_OK: all has left; GW_AGAIN: something waits: send no more until on_writable (it would
 * only pile up); GW_IO: the caller is gone; on_gone is not called: end or abort now */
enum gw_status gw_down_send(struct gw_down *down, const struct iovec *iov, int count);

/* The answer is whole. With `keep` the connection goes on to its next request, which may call the
 * handler from inside; else it is closed once all has left, reading on for a while so that the
 * answer is not lost to a reset. */
void gw_down_end(struct gw_down *down, bool keep);

/* Breaks the connection off; `reset`: with an RST, where a plain end would look like a whole
 * answer. What gw_down_send() kept back is still tried once. */
void gw_down_abort(struct gw_down *down, bool reset);

/* No more on_body until resumed: the kernel's buffers fill and slow the caller down. */
void gw_down_pause(struct gw_down *down);
/* May call on_body from inside. */
void gw_down_resume(struct gw_down *down);

#endif
