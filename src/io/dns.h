/*
 * io/dns: host names to addresses, by c-ares on the worker's loop, with a cache.
 *
 * One resolver per worker thread, cache included, so nothing here locks: a shared cache would save
 * at most workers - 1 questions per name and TTL, and would have to hand answers from one thread to
 * waiters on others.
 *
 * Answers live for their TTL, at least 1 s and at most 300 s; "no such name" for 5 s, other
 * failures for 1 s. When a refresh fails, the old answer is given for up to 60 s more (RFC 8767);
 * "no such name" is believed at once. The hosts file ($CARES_HOSTS or /etc/hosts) comes first, and
 * holds for 30 s. resolv.conf is read again when it changes.
 *
 * Bounds: 1,024 names (the least recently asked goes), 4,096 lookups waiting, 16 addresses an
 * answer.
 */
#ifndef GW_IO_DNS_H
#define GW_IO_DNS_H

#include "io/socket.h"

#define GW_DNS_ADDRS_MAX 16

struct gw_dns;        /* opaque: see dns.c */
struct gw_dns_lookup; /* a lookup not answered yet */

/* In the order to try them: IPv6 and IPv4 take turns, IPv6 first (RFC 8305 §4), each in the
 * server's order. */
struct gw_dns_answer {
    unsigned count; /* > 0 */
    struct gw_addr addrs[GW_DNS_ADDRS_MAX];
};

/* Runs once per lookup, from the loop, unless cancelled.
 * @param answer  for this call; NULL: `err` says why (GW_NOT_FOUND, GW_TIMEOUT, GW_INVALID, GW_IO
 * …) */
typedef void gw_dns_fn(void *arg, const struct gw_dns_answer *answer, const struct gw_err *err);

/* Zero-initialise; everything has a default. */
struct gw_dns_options {
    const char *resolv_conf; /* NULL: /etc/resolv.conf */
    unsigned short port;     /* of the servers; 0: 53 */
    unsigned query_ms;       /* first wait for a server, doubled for the second try; 0: 1000 */
};

/* Once per process, from main() before threads start, and back at its end. */
enum gw_status gw_dns_setup(struct gw_err *err);
void gw_dns_teardown(void);

/* @param options  may be NULL; its strings must outlive the resolver */
enum gw_status gw_dns_create(struct gw_loop *loop, const struct gw_dns_options *options,
                             struct gw_dns **dns_out, struct gw_err *err);
/* Drops what still waits, without a call. Not from inside a callback. Accepts NULL. */
void gw_dns_destroy(struct gw_dns *dns);

/* The answer, if it takes no network: an IP literal, localhost (RFC 6761 §6.3), or the cache.
 * @return GW_OK, GW_AGAIN (ask by gw_dns_lookup()), or the failure that is cached */
enum gw_status gw_dns_cached(struct gw_dns *dns, struct gw_str host, unsigned port,
                             struct gw_dns_answer *answer_out, struct gw_err *err);

/* Asks; lookups of one name that are under way are joined. `fn` never runs from inside this call,
 * so what needs no network takes up to GW_LOOP_TICK_MS: ask gw_dns_cached() first.
 * @return handle for gw_dns_cancel(), valid until `fn` runs; NULL only when out of memory or past
 * the bound */
struct gw_dns_lookup *gw_dns_lookup(struct gw_dns *dns, struct gw_str host, unsigned port,
                                    unsigned timeout_ms, gw_dns_fn *fn, void *arg);

/* `fn` will not run. The question itself goes on and fills the cache. */
void gw_dns_cancel(struct gw_dns_lookup *lookup);

/* Questions sent for a name so far, joined ones once: for tests and metrics. */
unsigned long gw_dns_questions(const struct gw_dns *dns);

#endif
