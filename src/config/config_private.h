/*
 * config/config_private: what reading, checking, fetching and freezing hand to each other.
 */
#ifndef GW_CONFIG_CONFIG_PRIVATE_H
#define GW_CONFIG_CONFIG_PRIVATE_H

#include "config/config.h"
#include "config/keys.h"

/* 0 or empty: not set. The fields are written by the rows of keys.c. */
struct gw_raw_timeouts {
    uint32_t timeout_ms, connect_timeout_ms, idle_timeout_ms;
};

/* "Not set" comes first, so that an absent key reads as 0. */
enum gw_raw_dialect { GW_RAW_DIALECT_DERIVED, GW_RAW_DIALECT_FIRST };
enum gw_raw_auth { GW_RAW_AUTH_DERIVED, GW_RAW_AUTH_FIRST };

struct gw_raw_provider {
    struct gw_str base_url, credential, auth_header_name, ca_file;
    struct gw_key_strings models;
    struct gw_raw_timeouts timeouts;
    struct gw_key_entries headers;
    uint32_t max_connections;
    enum gw_raw_dialect dialect;
    enum gw_raw_auth auth_type;
    bool responses;

    /* Found by check_providers.c. */
    struct gw_url url;
    bool url_is_good;

    /* Found by secrets.c: what targets show that have no credential of their own. `place` empty:
     * none was asked for yet. */
    struct gw_target_credential managed;
};

struct gw_raw_model {
    uint32_t timeout_ms;
    enum gw_model_api api;
};

struct gw_raw_admin {
    bool enabled;
    struct gw_str host, token;
    uint32_t port;
};

struct gw_raw_access_log {
    bool enabled;
    struct gw_str path;
    struct gw_key_strings fields;
};

struct gw_raw_defaults {
    struct gw_raw_timeouts provider;
};

struct gw_raw_target {
    struct gw_str model, provider, credential;
    uint32_t weight, timeout_ms;

    /* Found by check_routing.c. */
    const struct gw_key_entry *at; /* its provider; NULL: none was found, which was reported */
    bool is_named;                 /* by a route or a function; else a route is made for it */
    bool is_hidden;                /* a route has its model's name, so none is made */
    const void *seen_in; /* the last list that named it, to find what stands there twice */

    const struct gw_secret *secret; /* by secrets.c: of its own credential */
    uint32_t index;                 /* by freeze_routing.c */
};

/* "Not set" comes first, as above. */
enum gw_raw_strategy { GW_RAW_STRATEGY_NONE, GW_RAW_STRATEGY_FIRST };

struct gw_raw_step {
    enum gw_raw_strategy strategy;
    struct gw_key_strings targets;
};

struct gw_raw_variant {
    struct gw_str model, provider;
    uint32_t weight;

    const struct gw_key_entry *at; /* as of a target */
};

/* Of functions, too; routes have no variants. */
struct gw_raw_route {
    enum gw_endpoint_kind endpoint;
    struct gw_key_strings models, targets;
    enum gw_raw_strategy strategy;
    struct gw_key_entries steps;    /* struct gw_raw_step */
    struct gw_key_entries variants; /* struct gw_raw_variant */
    struct gw_retry_config retry;   /* 0 may be meant: gw_config_retry() asks the tree */
};

struct gw_raw_routing {
    struct gw_retry_config retry;
    struct gw_breaker_config breaker;
};

struct gw_raw_translation {
    enum { GW_RAW_UNSUPPORTED_DROP, GW_RAW_UNSUPPORTED_ERROR } on_unsupported;
    bool fetch_media;
    enum gw_meter_streams meter_streams;
    struct gw_key_entries models; /* struct gw_translation_model */
};

struct gw_raw_config {
    struct gw_server_config server;
    struct gw_raw_admin admin;
    struct gw_raw_defaults defaults;
    struct gw_raw_access_log access_log;
    struct gw_metrics_config metrics;
    struct gw_key_entries providers; /* struct gw_raw_provider */
    struct gw_key_entries models;    /* struct gw_raw_model */
    struct gw_key_entries targets;   /* struct gw_raw_target */
    struct gw_key_entries routes;    /* struct gw_raw_route */
    struct gw_key_entries functions; /* struct gw_raw_route */
    struct gw_raw_routing routing;
    struct gw_raw_translation translation;

    const struct gw_toml_node *root;
};

/* Who lists a model, in the order of the file; one bad name in a list does not hide the others. */
struct gw_listing {
    const struct gw_key_entry *provider;
    struct gw_listing *next;
    struct gw_listing *last; /* of the first one only, as the next */
    const void *seen_in;     /* as of a target */
};

/* One load under way. */
struct gw_loader {
    struct gw_arena *arena; /* of the snapshot to be: names and values stay where they are */
    struct gw_problems *problems;
    enum gw_config_use use;
    bool out_of_memory;
    unsigned suggestions; /* made so far: looking for each compares with every name there is */

    /* By name, from the checks on. */
    struct gw_map providers; /* struct gw_key_entry, as the next */
    struct gw_map targets;
    struct gw_map listings; /* by model: the first struct gw_listing */
    struct gw_map fetched;  /* of secrets.c: by place */
};

/* read.c: the tree against gw_config_root; fills `raw` and applies the defaults. */
void gw_config_read(struct gw_loader *loader, const struct gw_toml_node *root,
                    struct gw_raw_config *raw);

/* check.c: what no single key can tell. */
void gw_config_check(struct gw_loader *loader, struct gw_raw_config *raw);
/* check_providers.c: the same for [providers] and [models]. */
void gw_config_check_providers(struct gw_loader *loader, struct gw_raw_config *raw);

/* check_routing.c: for [targets], [routes], [functions] and [routing]; after the providers. */
void gw_config_check_routing(struct gw_loader *loader, struct gw_raw_config *raw);

/* secrets.c: fetches what the file names a place for and something needs; each place once. They are
 * the configuration's, whatever else happens. */
void gw_config_fetch_secrets(struct gw_loader *loader, struct gw_raw_config *raw,
                             struct gw_config *config);

/* What holds for the route or function whose table `node` is: its own keys, then [routing.retry].
 */
struct gw_retry_config gw_config_retry(const struct gw_raw_config *raw,
                                       const struct gw_toml_node *node,
                                       const struct gw_raw_route *route);

/* A file that something else will read later must be there, regular and readable now. `key` names
 * it in messages. */
void gw_config_check_file(struct gw_loader *loader, const struct gw_toml_at *at, const char *key,
                          struct gw_str path);

/* freeze.c: only after a check without errors. GW_NO_MEMORY is the one way to fail. */
enum gw_status gw_config_freeze(struct gw_loader *loader, const struct gw_raw_config *raw,
                                struct gw_config *config);
/* freeze_routing.c: the part of targets, routes and functions, once the providers are there. */
bool gw_config_freeze_routing(struct gw_loader *loader, const struct gw_raw_config *raw,
                              struct gw_config *config);

/* The place of a key in `table`, or of the table when it is not there. */
const struct gw_toml_at *gw_config_at(const struct gw_toml_node *table, const char *key);

#endif
