/*
 * config/config_private: what read.c, check.c and freeze.c hand to each other.
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

    /* Found by check.c. */
    struct gw_url url;
    bool url_is_good;
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

struct gw_raw_config {
    struct gw_server_config server;
    struct gw_raw_admin admin;
    struct gw_raw_defaults defaults;
    struct gw_raw_access_log access_log;
    struct gw_metrics_config metrics;
    struct gw_key_entries providers; /* struct gw_raw_provider */
    struct gw_key_entries models;    /* struct gw_raw_model */

    const struct gw_toml_node *root;
};

/* One load under way. */
struct gw_loader {
    struct gw_arena *arena; /* of the snapshot to be: names and values stay where they are */
    struct gw_problems *problems;
    enum gw_config_use use;
    bool out_of_memory;
};

/* read.c: the tree against gw_config_root; fills `raw` and applies the defaults. */
void gw_config_read(struct gw_loader *loader, const struct gw_toml_node *root,
                    struct gw_raw_config *raw);

/* check.c: what no single key can tell. */
void gw_config_check(struct gw_loader *loader, struct gw_raw_config *raw);
/* check_providers.c: the same for [providers] and [models]. */
void gw_config_check_providers(struct gw_loader *loader, struct gw_raw_config *raw);

/* A file that something else will read later must be there, regular and readable now. `key` names
 * it in messages. */
void gw_config_check_file(struct gw_loader *loader, const struct gw_toml_at *at, const char *key,
                          struct gw_str path);

/* freeze.c: only after a check without errors. GW_NO_MEMORY is the one way to fail. */
enum gw_status gw_config_freeze(struct gw_loader *loader, const struct gw_raw_config *raw,
                                struct gw_config *config);

/* The place of a key in `table`, or of the table when it is not there. */
const struct gw_toml_at *gw_config_at(const struct gw_toml_node *table, const char *key);

#endif
