/*
 * io/connect: a TCP connection to a host, over whichever of its addresses answers first (RFC 8305).
 *
 * Addresses are tried in order, the next one when the last attempt failed or 250 ms have passed;
 * the first that is connected wins, the others are closed. Belongs to the loop's thread. Knows
 * nothing of proxies, TLS or pools.
 */
#ifndef GW_IO_CONNECT_H
#define GW_IO_CONNECT_H

#include "io/dns.h"

#define GW_CONNECT_STAGGER_MS 250u

struct gw_connect; /* a connect not ended yet */

/* May this address be connected to? */
typedef bool gw_connect_permits_fn(const struct gw_addr *addr);

/* Where it failed, for metrics and records; err->message has the words. */
enum gw_connect_failure {
    GW_CONNECT_NONE,    /* connected */
    GW_CONNECT_DNS,     /* no address, also for lack of time */
    GW_CONNECT_REFUSED, /* every address said no; err is of the first that did; or `permits` did */
    GW_CONNECT_TIMEOUT, /* addresses, but no connection in time */
};

/* Runs once, from the loop, unless cancelled.
 * @param fd  connected, non-blocking, TCP_NODELAY, not registered, the callee's; -1: failed, and
 * `err` says why */
typedef void gw_connect_fn(void *arg, int fd, enum gw_connect_failure failure,
                           const struct gw_err *err);

/* @param dns         may be NULL when `host` is an IP literal: then no resolver is touched
 * @param host        borrowed for the call; an IPv6 literal without brackets
 * @param timeout_ms  resolving and connecting together
 * @param permits     NULL: all. Where it says no to one of the host's addresses, none is connected to: asked of
 *                    those very ones that would be, so no second answer of a resolver can slip in
 * @return handle for gw_connect_cancel(), valid until `fn` runs; NULL only when out of memory or
 * past a bound of `dns` */
struct gw_connect *gw_connect(struct gw_loop *loop, struct gw_dns *dns, struct gw_str host,
                              unsigned port, unsigned timeout_ms, gw_connect_permits_fn *permits,
                              gw_connect_fn *fn, void *arg);

/* The same over addresses that are known. @param answer  borrowed for the call */
struct gw_connect *gw_connect_to(struct gw_loop *loop, const struct gw_dns_answer *answer,
                                 unsigned timeout_ms, gw_connect_fn *fn, void *arg);

/* `fn` will not run; attempts are closed. */
void gw_connect_cancel(struct gw_connect *connect);

#endif
