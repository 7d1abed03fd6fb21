/*
 * http/server_private: what server.c (listeners, limits, draining) and down.c (one connection)
 * share.
 */
#ifndef GW_HTTP_SERVER_PRIVATE_H
#define GW_HTTP_SERVER_PRIVATE_H

#include "base/buf.h"
#include "http/server.h"
#include "io/socket.h"
#include "io/tls.h"

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
    bool draining;
    struct gw_timer drain_timer;
    void (*on_drained)(void *arg);
    void *drained_arg;
};

/* down.c: the events of a connection. */
void gw_down_on_io(struct gw_io *io, unsigned events);
void gw_down_on_deadline(struct gw_timer *timer);
/* Closes and counts down; a handler that has a request is told that the caller is gone. */
void gw_down_close(struct gw_down *down, bool reset);
/* Reads on until it would block, or the next thing to happen is not the caller's to say. */
void gw_down_read(struct gw_down *down);

/* server.c: the last connection may have been the one that was waited for. */
void gw_server_check_drained(struct gw_server *server);

#endif
