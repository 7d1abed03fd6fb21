/*
 * io/dns_cache: what is known about host names: a hash table with a least-recently-used list.
 *
 * Keeps no time and asks nobody: dns.c decides what is fresh. Part of one resolver, so nothing here
 * locks.
 */
#ifndef GW_IO_DNS_CACHE_H
#define GW_IO_DNS_CACHE_H

#include "io/dns.h"

#define GW_DNS_NAMES_MAX 1024
/* A DNS name in text (RFC 1035 §3.1), and the root's dot. */
#define GW_DNS_HOST_MAX 254

struct gw_dns_name {
    struct gw_dns_name *bucket_next, *newer, *older;
    struct gw_dns *dns;
    bool asked;                    /* a question is under way */
    struct gw_dns_lookup *waiting; /* for it */
    uint64_t fresh_until_ms;       /* until then what is below holds; 0: nothing is known */
    uint64_t stale_until_ms;       /* until then addresses may be used that cannot be refreshed */
    enum gw_status failure;        /* GW_OK: there are addresses */
    const char *reason;            /* of a failure; static text */
    struct gw_dns_answer answer;   /* without ports; empty after a failure */
    size_t host_len;
    char host[]; /* lower case, NUL-terminated */
};

/* Zero-initialise it. */
struct gw_dns_cache {
    struct gw_dns_name *buckets[GW_DNS_NAMES_MAX];
    struct gw_dns_name *newest, *oldest;
    unsigned count;
};

/* @param host  at most GW_DNS_HOST_MAX bytes, any case. @return NULL: not there */
struct gw_dns_name *gw_dns_cache_find(struct gw_dns_cache *cache, struct gw_str host);

/* The same, or a new one in the place of the least recently asked that nobody waits for.
 * @return NULL when out of memory, or when all are waited for */
struct gw_dns_name *gw_dns_cache_get(struct gw_dns_cache *cache, struct gw_str host);

/* Nobody may wait for a name any more. */
void gw_dns_cache_finish(struct gw_dns_cache *cache);

#endif
