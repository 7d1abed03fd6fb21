#include "io/dns.h"

#include "io/dns_cache.h"
#include "io/dns_query.h"

#include <stdlib.h>

#define LOOKUPS_MAX 4096u
#define MS 1000u
/* RFC 8767 §5: how long an expired answer may be used, how soon to try to refresh it again, and how
 * long somebody is kept waiting for the refresh. */
#define STALE_MS (60u * MS)
#define STALE_RETRY_MS (5u * MS)
#define STALE_PATIENCE_MS 1800u

struct gw_dns_lookup {
    struct gw_dns_lookup *next, **link; /* in name->waiting or dns->ready */
    struct gw_dns *dns;
    struct gw_dns_name *name; /* NULL: in dns->ready */
    struct gw_timer timer;
    gw_dns_fn *fn;
    void *arg;
    unsigned port, timeout_ms;
    size_t host_len;
    char host[];
};

struct gw_dns {
    struct gw_loop *loop;
    struct gw_dns_query *query;
    struct gw_dns_lookup *ready; /* their timer is due, and answers them */
    unsigned lookup_count;
    unsigned long questions;
    struct gw_dns_cache cache;
};

#define OWNER(type, member, pointer) ((type *)((char *)(pointer)-offsetof(type, member)))

/* ---- answers ---- */

static void set_ports(struct gw_dns_answer *answer, unsigned port)
{
    for (unsigned i = 0; i < answer->count; i++) {
        struct gw_addr *addr = &answer->addrs[i];
        if (addr->u.sa.sa_family == AF_INET6)
            addr->u.v6.sin6_port = htons((uint16_t)port);
        else
            addr->u.v4.sin_port = htons((uint16_t)port);
    }
}

static bool has_stale(const struct gw_dns_name *name)
{
    return name->answer.count > 0 && gw_loop_now_ms(name->dns->loop) < name->stale_until_ms;
}

static void keep(struct gw_dns_name *name, const struct gw_dns_found *found)
{
    uint64_t now_ms = gw_loop_now_ms(name->dns->loop);

    if (found->status != GW_OK && !found->final && has_stale(name)) {
        name->fresh_until_ms = now_ms + STALE_RETRY_MS;
        if (name->fresh_until_ms > name->stale_until_ms)
            name->fresh_until_ms = name->stale_until_ms;
        return;
    }
    name->failure = found->status;
    name->reason = found->reason;
    name->answer = found->answer; /* empty after a failure */
    name->fresh_until_ms = now_ms + found->hold_ms;
    name->stale_until_ms = name->fresh_until_ms + STALE_MS;
}

/* What is known of a name as a result for somebody. */
static enum gw_status tell(const struct gw_dns_name *name, unsigned port,
                           struct gw_dns_answer *answer_out, struct gw_err *err)
{
    if (name->failure != GW_OK)
        return gw_err_set(err, name->failure, "could not resolve %s: %s", name->host, name->reason);
    *answer_out = name->answer;
    set_ports(answer_out, port);
    return GW_OK;
}

/* ---- lookups ---- */

static void link_lookup(struct gw_dns_lookup **list, struct gw_dns_lookup *lookup)
{
    lookup->next = *list;
    lookup->link = list;
    if (lookup->next)
        lookup->next->link = &lookup->next;
    *list = lookup;
}

void gw_dns_cancel(struct gw_dns_lookup *lookup)
{
    if (!lookup)
        return;
    *lookup->link = lookup->next;
    if (lookup->next)
        lookup->next->link = lookup->link;
    gw_loop_timer_clear(lookup->dns->loop, &lookup->timer);
    lookup->dns->lookup_count--;
    free(lookup);
}

static void end_lookup(struct gw_dns_lookup *lookup, const struct gw_dns_answer *answer,
                       const struct gw_err *err)
{
    gw_dns_fn *fn = lookup->fn;
    void *arg = lookup->arg;

    gw_dns_cancel(lookup);
    fn(arg, answer, err);
}

/* Time is up, or (in `ready`) never was needed. */
static void on_lookup_timer(struct gw_timer *timer)
{
    struct gw_dns_lookup *lookup = OWNER(struct gw_dns_lookup, timer, timer);
    struct gw_str host = {lookup->host, lookup->host_len};
    struct gw_dns_answer answer;
    struct gw_err err;
    enum gw_status status;

    if (lookup->name && has_stale(lookup->name))
        status = tell(lookup->name, lookup->port, &answer, &err);
    else if (lookup->name)
        status = GW_AGAIN;
    else
        status = gw_dns_cached(lookup->dns, host, lookup->port, &answer, &err);
    if (status == GW_AGAIN)
        status = gw_err_set(&err, GW_TIMEOUT, "could not resolve %.*s within %u ms",
                            GW_STR_ARG(host), lookup->timeout_ms);
    end_lookup(lookup, status == GW_OK ? &answer : NULL, &err);
}

/* Tells everybody who waits. The list is taken off first: callbacks may ask again, or cancel each
 * other. */
static void tell_waiting(struct gw_dns_name *name)
{
    struct gw_dns_lookup *waiting = name->waiting;
    struct gw_dns_answer answer = {0};
    struct gw_err err;
    enum gw_status status = tell(name, 0, &answer, &err);

    name->waiting = NULL;
    if (waiting)
        waiting->link = &waiting;
    while (waiting) {
        set_ports(&answer, waiting->port);
        end_lookup(waiting, status == GW_OK ? &answer : NULL, &err);
    }
}

static void on_found(void *asker, const struct gw_dns_found *found, bool over)
{
    struct gw_dns_name *name = asker;

    if (over)
        name->asked = false;
    keep(name, found);
    tell_waiting(name);
}

static bool ask(struct gw_dns *dns, struct gw_dns_name *name)
{
    if (!gw_dns_query_ask(dns->query, name->host, name))
        return false;
    name->asked = true;
    dns->questions++;
    return true;
}

/* ---- asking ---- */

/* Letters, digits, hyphens and (seen in practice) underscores in labels of 1 to 63. A last label of
 * digits only is an address written in a way that others might read differently. */
static bool is_host_name(struct gw_str host)
{
    size_t label = 0;
    bool digits = true;

    if (host.len > 0 && host.base[host.len - 1] == '.')
        host.len--;
    if (host.len == 0 || host.len >= GW_DNS_HOST_MAX)
        return false;
    for (size_t i = 0; i < host.len; i++) {
        char c = gw_lower(host.base[i]);
        if (c == '.') {
            if (label == 0)
                return false;
            label = 0;
            digits = true;
            continue;
        }
        bool digit = c >= '0' && c <= '9';
        if (!digit && !(c >= 'a' && c <= 'z') && c != '-' && c != '_')
            return false;
        digits = digits && digit;
        if (++label > 63)
            return false;
    }
    return label > 0 && !digits;
}

static bool is_localhost(struct gw_str host)
{
    const struct gw_str name = GW_STR("localhost");

    if (host.len > 0 && host.base[host.len - 1] == '.')
        host.len--;
    if (host.len > name.len && host.base[host.len - name.len - 1] == '.')
        host = gw_str_from(host, host.len - name.len);
    return gw_str_eq_nocase(host, name);
}

enum gw_status gw_dns_cached(struct gw_dns *dns, struct gw_str host, unsigned port,
                             struct gw_dns_answer *answer_out, struct gw_err *err)
{
    if (port > 65535)
        return gw_err_set(err, GW_INVALID, "could not resolve port %u: past 65535", port);
    if (gw_addr_parse(host, port, &answer_out->addrs[0])) {
        answer_out->count = 1;
        return GW_OK;
    }
    if (!is_host_name(host))
        return gw_err_set(err, GW_INVALID, "could not resolve \"%.*s\": not a host name",
                          (int)(host.len < 100 ? host.len : 100), host.base);
    if (is_localhost(host)) {
        (void)gw_addr_parse(GW_STR("::1"), port, &answer_out->addrs[0]);
        (void)gw_addr_parse(GW_STR("127.0.0.1"), port, &answer_out->addrs[1]);
        answer_out->count = 2;
        return GW_OK;
    }
    const struct gw_dns_name *name = gw_dns_cache_find(&dns->cache, host);
    if (!name || gw_loop_now_ms(dns->loop) >= name->fresh_until_ms)
        return GW_AGAIN;
    return tell(name, port, answer_out, err);
}

static struct gw_dns_lookup *create_lookup(struct gw_dns *dns, struct gw_str host)
{
    struct gw_dns_lookup *lookup = NULL;

    /* Longer ones are refused before they are looked at. */
    if (host.len > GW_DNS_HOST_MAX + 1)
        host.len = GW_DNS_HOST_MAX + 1;
    if (dns->lookup_count < LOOKUPS_MAX)
        lookup = calloc(1, sizeof *lookup + host.len + 1);
    if (!lookup)
        return NULL;
    if (host.len)
        memcpy(lookup->host, host.base, host.len);
    lookup->host_len = host.len;
    lookup->dns = dns;
    lookup->timer.on_timer = on_lookup_timer;
    dns->lookup_count++;
    return lookup;
}

struct gw_dns_lookup *gw_dns_lookup(struct gw_dns *dns, struct gw_str host, unsigned port,
                                    unsigned timeout_ms, gw_dns_fn *fn, void *arg)
{
    struct gw_dns_answer answer;
    struct gw_dns_found found;
    struct gw_dns_lookup *lookup = create_lookup(dns, host);

    if (!lookup)
        return NULL;
    lookup->fn = fn;
    lookup->arg = arg;
    lookup->port = port;
    lookup->timeout_ms = timeout_ms;
    link_lookup(&dns->ready, lookup);
    if (gw_dns_cached(dns, host, port, &answer, NULL) != GW_AGAIN) {
        gw_loop_timer_set(dns->loop, &lookup->timer, 0);
        return lookup;
    }
    struct gw_dns_name *name = gw_dns_cache_get(&dns->cache, host);
    if (name && !name->asked) {
        name->dns = dns;
        if (gw_dns_query_hosts(dns->query, name->host, &found)) {
            keep(name, &found);
            gw_loop_timer_set(dns->loop, &lookup->timer, 0);
            return lookup;
        }
    }
    if (!name || (!name->asked && !ask(dns, name))) {
        gw_dns_cancel(lookup);
        return NULL;
    }
    *lookup->link = lookup->next; /* from `ready` to the name's */
    if (lookup->next)
        lookup->next->link = lookup->link;
    lookup->name = name;
    link_lookup(&name->waiting, lookup);
    if (has_stale(name) && timeout_ms > STALE_PATIENCE_MS)
        timeout_ms = STALE_PATIENCE_MS;
    gw_loop_timer_set(dns->loop, &lookup->timer, timeout_ms);
    return lookup;
}

unsigned long gw_dns_questions(const struct gw_dns *dns)
{
    return dns->questions;
}

/* ---- create, destroy ---- */

enum gw_status gw_dns_create(struct gw_loop *loop, const struct gw_dns_options *options,
                             struct gw_dns **dns_out, struct gw_err *err)
{
    struct gw_dns *dns = calloc(1, sizeof *dns);

    if (!dns)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a resolver");
    dns->loop = loop;
    enum gw_status status = gw_dns_query_create(loop, options, on_found, &dns->query, err);
    if (status == GW_OK)
        *dns_out = dns;
    else
        gw_dns_destroy(dns);
    return status;
}

void gw_dns_destroy(struct gw_dns *dns)
{
    if (!dns)
        return;
    while (dns->ready)
        gw_dns_cancel(dns->ready);
    for (struct gw_dns_name *name = dns->cache.newest; name; name = name->older)
        while (name->waiting)
            gw_dns_cancel(name->waiting);
    gw_dns_query_destroy(dns->query); /* ends what is asked: names must still be there */
    gw_dns_cache_finish(&dns->cache);
    free(dns);
}
