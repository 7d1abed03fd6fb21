#include "io/dns_cache.h"

#include "base/map.h"

#include <stdlib.h>

static struct gw_dns_name **bucket_of(struct gw_dns_cache *cache, struct gw_str lower)
{
    return &cache->buckets[gw_hash(lower) % GW_DNS_NAMES_MAX];
}

static struct gw_str lower_case(struct gw_str host, char out[GW_DNS_HOST_MAX])
{
    for (size_t i = 0; i < host.len; i++)
        out[i] = gw_lower(host.base[i]);
    return (struct gw_str){out, host.len};
}

static void unlink_age(struct gw_dns_cache *cache, struct gw_dns_name *name)
{
    if (name->newer)
        name->newer->older = name->older;
    else
        cache->newest = name->older;
    if (name->older)
        name->older->newer = name->newer;
    else
        cache->oldest = name->newer;
}

static void link_newest(struct gw_dns_cache *cache, struct gw_dns_name *name)
{
    name->newer = NULL;
    name->older = cache->newest;
    if (cache->newest)
        cache->newest->newer = name;
    else
        cache->oldest = name;
    cache->newest = name;
}

static struct gw_dns_name *find_lower(struct gw_dns_cache *cache, struct gw_str lower)
{
    struct gw_dns_name *name = *bucket_of(cache, lower);

    while (name && !gw_str_eq((struct gw_str){name->host, name->host_len}, lower))
        name = name->bucket_next;
    if (name && name != cache->newest) {
        unlink_age(cache, name);
        link_newest(cache, name);
    }
    return name;
}

struct gw_dns_name *gw_dns_cache_find(struct gw_dns_cache *cache, struct gw_str host)
{
    char lower[GW_DNS_HOST_MAX];

    return find_lower(cache, lower_case(host, lower));
}

static void drop(struct gw_dns_cache *cache, struct gw_dns_name *name)
{
    struct gw_dns_name **at = bucket_of(cache, (struct gw_str){name->host, name->host_len});

    while (*at != name)
        at = &(*at)->bucket_next;
    *at = name->bucket_next;
    unlink_age(cache, name);
    cache->count--;
    free(name);
}

static bool make_room(struct gw_dns_cache *cache)
{
    struct gw_dns_name *name = cache->oldest;

    if (cache->count < GW_DNS_NAMES_MAX)
        return true;
    while (name && (name->asked || name->waiting))
        name = name->newer;
    if (name)
        drop(cache, name);
    return name != NULL;
}

struct gw_dns_name *gw_dns_cache_get(struct gw_dns_cache *cache, struct gw_str host)
{
    char text[GW_DNS_HOST_MAX];
    struct gw_str lower = lower_case(host, text);
    struct gw_dns_name *name = find_lower(cache, lower);

    if (name || !make_room(cache))
        return name;
    name = calloc(1, sizeof *name + lower.len + 1);
    if (!name)
        return NULL;
    memcpy(name->host, lower.base, lower.len);
    name->host_len = lower.len;
    struct gw_dns_name **bucket = bucket_of(cache, lower);
    name->bucket_next = *bucket;
    *bucket = name;
    link_newest(cache, name);
    cache->count++;
    return name;
}

void gw_dns_cache_finish(struct gw_dns_cache *cache)
{
    while (cache->oldest)
        drop(cache, cache->oldest);
}
