/*
 * gateway/gateway: one worker's gateway: its listener, its connections to providers, its exchanges.
 *
 * Lives on one loop; nothing here locks. A site is what one snapshot needs at run time on this
 * worker: it is replaced on reload, and stays until the last exchange that began under it has
 * ended.
 */
#ifndef GW_GATEWAY_GATEWAY_H
#define GW_GATEWAY_GATEWAY_H

#include "base/arena.h"
#include "gateway/snapshot.h"
#include "http/client.h"
#include "http/server.h"
#include "record/sinks.h"
#include "record/trace.h"

struct gw_carry;
struct gw_dns;
struct gw_tls_profile;

struct gw_site {
    struct gw_gateway *gateway;
    struct gw_snapshot *snapshot;
    struct gw_origin **origins;           /* by provider index */
    struct gw_tls_profile **profiles;     /* by provider index; NULL: plain */
    struct gw_tls_profile *media_profile; /* of fetch.c; NULL: nothing is fetched */
    unsigned exchanges;
    bool retired;
    bool log_enabled, log_remote_addr;
};

/* Bytes of an answer's head composed before they leave: the largest head a provider may send, and
 * what is added. */
#define GW_PROVIDER_HEAD_BYTES_MAX 65536u
#define GW_ANSWER_HEAD_BYTES (GW_PROVIDER_HEAD_BYTES_MAX + 4096u)
/* A request's head, with its body when both fit. Blocks are kept for reuse: the hottest memory
 * there is. */
#define GW_REQUEST_BLOCK_BYTES 8192u

struct gw_request_block {
    struct gw_request_block *next;
    char bytes[GW_REQUEST_BLOCK_BYTES - sizeof(struct gw_request_block *)];
};

/* From HTTPS_PROXY. */
struct gw_proxy {
    struct gw_str host; /* empty: none */
    unsigned port;
    struct gw_str authorization; /* "Basic …" or empty */
};

struct gw_gateway_options {
    struct gw_sinks *sinks;
    struct gw_carry *carry; /* the process's; NULL: nothing is kept from one turn to the next */
    unsigned demo_port;     /* where "demo:" is; 0: nowhere */
    struct gw_proxy proxy;
    struct gw_str no_proxy; /* list of hosts */
    /* fetch.c: also from addresses that are not public. Nothing but tests sets it. */
    bool fetch_from_anywhere;
};

struct gw_gateway {
    struct gw_http http;
    struct gw_server *server;
    struct gw_dns *dns;
    struct gw_site *site;
    struct gw_tls_profile *server_profile;
    struct gw_gateway_options options;
    struct gw_arena_cache arenas;
    struct gw_request_block *blocks;
    unsigned blocks_kept;
    struct gw_rng rng;
    size_t head_len;                 /* of `head` */
    char head[GW_ANSWER_HEAD_BYTES]; /* of the answer in hand, valid for a callback */
};

/* @param listen_fd  a listening socket; the gateway's from here on, also on failure */
enum gw_status gw_gateway_create(struct gw_loop *loop, struct gw_snapshot *snapshot, int listen_fd,
                                 const struct gw_gateway_options *options,
                                 struct gw_gateway **gateway_out, struct gw_err *err);

/* From the loop's thread: new exchanges use this snapshot. On failure the old one stays. */
enum gw_status gw_gateway_reload(struct gw_gateway *gateway, struct gw_snapshot *snapshot,
                                 struct gw_err *err);

/* From the loop's thread: see gw_server_drain(). */
void gw_gateway_drain(struct gw_gateway *gateway, void (*on_drained)(void *arg), void *arg);

/* From the loop's thread, or after it has ended. Accepts NULL. */
void gw_gateway_destroy(struct gw_gateway *gateway);

/* ---- for exchanges ---- */

/* A site is held by each exchange that began under it. */
void gw_site_release(struct gw_site *site);

struct gw_request_block *
gw_request_block_take(struct gw_gateway *gateway); /* NULL: out of memory */
void gw_request_block_give(struct gw_gateway *gateway, struct gw_request_block *block);

#endif
