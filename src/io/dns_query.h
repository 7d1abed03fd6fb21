/*
 * io/dns_query: questions to the DNS servers and to the hosts file, by c-ares on the worker's loop.
 *
 * Knows neither the cache nor who waits: dns.c does.
 */
#ifndef GW_IO_DNS_QUERY_H
#define GW_IO_DNS_QUERY_H

#include "io/dns.h"

struct gw_dns_query; /* opaque: see dns_query.c */

/* What a question has brought. */
struct gw_dns_found {
    enum gw_status status;
    unsigned hold_ms;            /* how long to believe it */
    bool final;                  /* a failure of the name itself: an older answer is wrong too */
    const char *reason;          /* of a failure; static text */
    struct gw_dns_answer answer; /* without ports */
};

/* Runs from the loop, at most twice a question: the second time when IPv6 addresses came late.
 * @param over   the question is answered for good; `asker` is not used again */
typedef void gw_dns_found_fn(void *asker, const struct gw_dns_found *found, bool over);

enum gw_status gw_dns_query_create(struct gw_loop *loop, const struct gw_dns_options *options,
                                   gw_dns_found_fn *fn, struct gw_dns_query **query_out,
                                   struct gw_err *err);
/* Ends every question with a failure first. Accepts NULL. */
void gw_dns_query_destroy(struct gw_dns_query *query);

/* Asks for both families. @return false only when out of memory; `fn` runs never from inside */
bool gw_dns_query_ask(struct gw_dns_query *query, const char *host, void *asker);

/* Looks in the hosts file. @return false: not there, and `found_out` is untouched */
bool gw_dns_query_hosts(struct gw_dns_query *query, const char *host,
                        struct gw_dns_found *found_out);

#endif
