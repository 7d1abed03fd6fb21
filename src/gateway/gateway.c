#include "gateway/gateway.h"

#include "config/access_log_fields.h"
#include "gateway/exchange.h"
#include "io/dns.h"
#include "io/tls.h"

#include <stdlib.h>
#include <unistd.h>

/* Kept for reuse by one worker; more than that is given back. */
#define ARENA_BLOCKS_KEPT 256u
#define REQUEST_BLOCKS_KEPT 64u
/* Providers close idle connections after a minute or more; we do it first. */
#define IDLE_EXPIRY_MS 55000u

/* ---- sites ---- */

static void site_free(struct gw_site *site)
{
    const struct gw_config *config = site->snapshot->config;

    for (uint32_t i = 0; site->origins && i < config->providers_count; i++)
        gw_origin_destroy(site->origins[i]);
    for (uint32_t i = 0; site->profiles && i < config->providers_count; i++)
        gw_tls_profile_destroy(site->profiles[i]);
    gw_tls_profile_destroy(site->media_profile);
    free(site->origins);
    free(site->profiles);
    gw_snapshot_release(site->snapshot);
    free(site);
}

void gw_site_release(struct gw_site *site)
{
    site->exchanges--;
    if (site->retired && site->exchanges == 0)
        site_free(site);
}

static void site_retire(struct gw_site *site)
{
    if (!site)
        return;
    site->retired = true;
    if (site->exchanges == 0)
        site_free(site);
}

/* Is `host` in NO_PROXY: equal to an item, or below one (".example.com" and "example.com" alike),
 * or is it "*"? */
static bool bypasses_proxy(struct gw_str list, struct gw_str host)
{
    struct gw_str item;

    while (gw_str_next_item(&list, &item)) {
        if (gw_str_eq(item, GW_STR("*")))
            return true;
        if (item.base[0] == '.')
            item = gw_str_from(item, 1);
        if (item.len == 0 || item.len > host.len)
            continue;
        struct gw_str end = gw_str_from(host, host.len - item.len);
        if (gw_str_eq_nocase(end, item) &&
            (end.len == host.len || host.base[host.len - item.len - 1] == '.'))
            return true;
    }
    return false;
}

static enum gw_status add_origin(struct gw_site *site, uint32_t i, struct gw_err *err)
{
    struct gw_gateway *gateway = site->gateway;
    const struct gw_provider_config *provider = &site->snapshot->config->providers[i];
    const struct gw_url *url = &provider->base_url;
    const struct gw_gateway_options *options = &gateway->options;
    struct gw_origin_config config = {
        .host = url->demo ? GW_STR("127.0.0.1") : url->host,
        .port = url->demo ? options->demo_port : url->port,
        .connections_max = provider->max_connections,
        .connect_timeout_ms = provider->timeouts.connect_ms,
        .idle_expiry_ms = IDLE_EXPIRY_MS,
        .header_bytes_max = GW_PROVIDER_HEAD_BYTES_MAX,
    };

    if (url->tls) {
        enum gw_status status =
            gw_tls_client_profile(site->snapshot->trusts[i], &site->profiles[i], err);
        if (status != GW_OK)
            return status;
        config.tls = site->profiles[i];
        if (options->proxy.host.len && !bypasses_proxy(options->no_proxy, url->host)) {
            config.proxy_host = options->proxy.host;
            config.proxy_port = options->proxy.port;
            config.proxy_authorization = options->proxy.authorization;
        }
    }
    return gw_origin_create(&gateway->http, gateway->dns, &config, &site->origins[i], err);
}

static enum gw_status site_create(struct gw_gateway *gateway, struct gw_snapshot *snapshot,
                                  struct gw_site **site_out, struct gw_err *err)
{
    const struct gw_config *config = snapshot->config;
    struct gw_site *site = calloc(1, sizeof *site);

    if (!site)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a site");
    site->gateway = gateway;
    site->snapshot = gw_snapshot_retain(snapshot);
    site->log_enabled = config->access_log.enabled;
    site->log_remote_addr = config->access_log.fields & GW_ACCESS_BIT(GW_ACCESS_REMOTE_ADDR);
    site->origins = calloc(config->providers_count + 1u, sizeof(struct gw_origin *));
    site->profiles = calloc(config->providers_count + 1u, sizeof(struct gw_tls_profile *));
    enum gw_status status = GW_OK;
    if (!site->origins || !site->profiles)
        status = gw_err_set(err, GW_NO_MEMORY, "could not allocate a site");
    for (uint32_t i = 0; status == GW_OK && i < config->providers_count; i++)
        status = add_origin(site, i, err);
    if (status == GW_OK && snapshot->media_trust)
        status = gw_tls_client_profile(snapshot->media_trust, &site->media_profile, err);
    if (status != GW_OK) {
        site_free(site);
        return status;
    }
    *site_out = site;
    return GW_OK;
}

/* ---- the gateway ---- */

static struct gw_server_limits limits_of(const struct gw_config *config)
{
    return (struct gw_server_limits){
        .header_bytes_max = config->server.max_header_bytes,
        .body_bytes_max = config->server.max_body_bytes,
        .header_timeout_ms = config->server.header_timeout_ms,
        .idle_timeout_ms = config->server.idle_timeout_ms,
        /* Each worker gets its share of the connections, so each has its share of the limit. */
        .connections_max =
            (config->server.max_connections + config->server.workers - 1) / config->server.workers,
    };
}

static void apply_log(struct gw_gateway *gateway, const struct gw_config *config)
{
    uint64_t fields = config->access_log.enabled ? config->access_log.fields : 0;

    gw_sinks_set_access_log(gateway->options.sinks, fields);
}

enum gw_status gw_gateway_create(struct gw_loop *loop, struct gw_snapshot *snapshot, int listen_fd,
                                 const struct gw_gateway_options *options,
                                 struct gw_gateway **gateway_out, struct gw_err *err)
{
    struct gw_gateway *gateway = calloc(1, sizeof *gateway);
    enum gw_status status = GW_NO_MEMORY;

    if (!gateway) {
        gw_err_set(err, GW_NO_MEMORY, "could not allocate a gateway");
        goto fail;
    }
    gateway->options = *options;
    gateway->arenas.keep_max = ARENA_BLOCKS_KEPT;
    gw_rng_seed(&gateway->rng);
    status = gw_http_init(&gateway->http, loop, err);
    if (status == GW_OK)
        status = gw_dns_create(loop, NULL, &gateway->dns, err);
    if (status == GW_OK)
        status = site_create(gateway, snapshot, &gateway->site, err);
    if (status == GW_OK && snapshot->identity)
        status = gw_tls_server_profile(snapshot->identity, &gateway->server_profile, err);
    if (status != GW_OK)
        goto fail;
    struct gw_server_limits limits = limits_of(snapshot->config);
    status = gw_server_create(&gateway->http, listen_fd, gateway->server_profile, &limits,
                              &gw_gateway_handler, gateway, &gateway->server, err);
    listen_fd = -1;
    if (status != GW_OK)
        goto fail;
    apply_log(gateway, snapshot->config);
    *gateway_out = gateway;
    return GW_OK;

fail:
    if (listen_fd != -1)
        (void)close(listen_fd);
    gw_gateway_destroy(gateway);
    return status;
}

enum gw_status gw_gateway_reload(struct gw_gateway *gateway, struct gw_snapshot *snapshot,
                                 struct gw_err *err)
{
    struct gw_tls_profile *profile = NULL;
    struct gw_site *site;

    enum gw_status status = site_create(gateway, snapshot, &site, err);
    if (status != GW_OK)
        return status;
    if (snapshot->identity)
        status = gw_tls_server_profile(snapshot->identity, &profile, err);
    if (status != GW_OK) {
        site_free(site);
        return status;
    }
    struct gw_server_limits limits = limits_of(snapshot->config);
    gw_server_set_limits(gateway->server, &limits);
    if (profile && gateway->server_profile) {
        gw_server_set_tls(gateway->server, profile);
        gw_tls_profile_destroy(gateway->server_profile);
        gateway->server_profile = profile;
    } else {
        gw_tls_profile_destroy(profile); /* from plain to TLS or back takes a restart: see app.c */
    }
    apply_log(gateway, snapshot->config);
    site_retire(gateway->site);
    gateway->site = site;
    return GW_OK;
}

void gw_gateway_drain(struct gw_gateway *gateway, void (*on_drained)(void *arg), void *arg)
{
    gw_server_drain(gateway->server, gateway->site->snapshot->config->server.drain_timeout_ms,
                    on_drained, arg);
}

void gw_gateway_destroy(struct gw_gateway *gateway)
{
    if (!gateway)
        return;
    gw_server_destroy(gateway->server);
    site_retire(gateway->site);
    gw_dns_destroy(gateway->dns);
    gw_tls_profile_destroy(gateway->server_profile);
    while (gateway->blocks) {
        struct gw_request_block *block = gateway->blocks;
        gateway->blocks = block->next;
        free(block);
    }
    gw_arena_cache_finish(&gateway->arenas);
    gw_http_finish(&gateway->http);
    free(gateway);
}

struct gw_request_block *gw_request_block_take(struct gw_gateway *gateway)
{
    struct gw_request_block *block = gateway->blocks;

    if (!block)
        return malloc(sizeof *block);
    gateway->blocks = block->next;
    gateway->blocks_kept--;
    return block;
}

void gw_request_block_give(struct gw_gateway *gateway, struct gw_request_block *block)
{
    if (gateway->blocks_kept >= REQUEST_BLOCKS_KEPT) {
        free(block);
        return;
    }
    block->next = gateway->blocks;
    gateway->blocks = block;
    gateway->blocks_kept++;
}
