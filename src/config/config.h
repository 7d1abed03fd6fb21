/*
 * config/config: a configuration file as an immutable snapshot.
 *
 * gw_config_load() reads, checks and freezes; nothing changes afterwards. Snapshots are counted:
 * who holds one (an exchange, a worker) retains it, so a reload swaps the pointer and the old
 * snapshot goes when its last exchange ends. All problems of a file are reported, not only the
 * first.
 */
#ifndef GW_CONFIG_CONFIG_H
#define GW_CONFIG_CONFIG_H

#include "base/err.h"
#include "base/map.h"
#include "base/secret.h"
#include "base/str.h"
#include "config/access_log_fields.h"
#include "config/known_providers.h"
#include "config/problems.h"
#include "wire/url.h"

#include <stdatomic.h>

#define GW_CONFIG_NAME_BYTES_MAX 64u   /* of providers */
#define GW_CONFIG_MODEL_BYTES_MAX 256u /* of model names */
#define GW_CONFIG_WORKERS_MAX 256u

struct gw_server_config {
    struct gw_str host; /* an IP address or "localhost" */
    uint32_t port;      /* 0: the kernel picks one */
    uint32_t workers;   /* never 0 */
    uint32_t max_header_bytes;
    uint64_t max_body_bytes;
    uint32_t header_timeout_ms, idle_timeout_ms;
    uint32_t max_connections;
    uint32_t drain_timeout_ms;
    uint64_t retry_body_bytes;
    uint32_t spin_us;
    struct gw_str tls_cert, tls_key; /* paths; both or neither (empty) */
};

struct gw_admin_config {
    bool enabled;
    struct gw_str host;
    uint32_t port;                 /* 0: the kernel picks one */
    const struct gw_secret *token; /* NULL: none is asked for, which happens on loopback only */
};

struct gw_access_log_config {
    bool enabled;
    struct gw_str path; /* "-": stderr */
    uint64_t fields;    /* GW_ACCESS_BIT()s; never 0 */
};

struct gw_metrics_config {
    bool enabled;
    struct gw_str path; /* begins with '/' */
    uint32_t max_series_per_metric;
};

/* Resolved: nothing here is left to a default. */
struct gw_timeouts {
    uint32_t total_ms; /* a whole answer; of a stream the time to its first byte */
    uint32_t connect_ms;
    uint32_t idle_ms; /* one silence of a stream */
};

struct gw_header_config {
    struct gw_str name, value;
};

enum gw_model_api { GW_MODEL_API_CHAT, GW_MODEL_API_RESPONSES };

/* A model at a provider that lists it. */
struct gw_model_config {
    struct gw_str name;
    uint32_t index; /* in config->models, from 0 on: for metric cells */
    enum gw_model_api api;
    struct gw_timeouts timeouts; /* the model's, else the provider's */
    const struct gw_provider_config *provider;
};

struct gw_provider_config {
    struct gw_str name;
    uint32_t index; /* in config->providers, from 0 on */
    struct gw_str base_url_text;
    struct gw_url base_url; /* points into base_url_text */
    enum gw_dialect dialect;
    bool responses;
    struct gw_auth auth;
    struct gw_str credential; /* the place, never the secret; empty: none given. Passthrough does
                                 not use it */
    struct gw_str telemetry_name; /* gen_ai.provider.name */
    struct gw_timeouts timeouts;
    const struct gw_header_config *headers; /* sent with every request */
    uint32_t headers_count;
    struct gw_str ca_file;                /* empty: the system's store */
    uint32_t max_connections;             /* per worker */
    const struct gw_model_config *models; /* as listed */
    uint32_t models_count;

    struct gw_map by_model; /* private: name to struct gw_model_config */
};

/* [models.MODEL], for models asked of a provider that does not list them. 0: not set. */
struct gw_model_settings {
    struct gw_str name;
    uint32_t timeout_ms;
    enum gw_model_api api;
};

struct gw_config {
    struct gw_server_config server;
    struct gw_admin_config admin;
    struct gw_access_log_config access_log;
    struct gw_metrics_config metrics;
    const struct gw_provider_config *providers; /* as declared */
    uint32_t providers_count;
    const struct gw_model_config
        *models; /* by provider, then as listed; a name may stand here several times */
    uint32_t models_count;

    /* Private. */
    struct gw_map provider_by_name;
    struct gw_map model_by_name;    /* the first declared one */
    struct gw_map settings_by_name; /* struct gw_model_settings */
    struct gw_secret *admin_token;
    struct gw_arena arena;
    atomic_uint references;
};

/* Reads the file at `path` and the credentials that are needed at start.
 * @param problems    initialised by the caller; gets errors and warnings, sorted, and the path
 * @param config_out  one reference; set on GW_OK only
 * @return GW_OK (maybe with warnings); GW_INVALID: problems->errors is not 0; GW_NO_MEMORY likewise
 */
enum gw_status gw_config_load(const char *path, struct gw_problems *problems,
                              struct gw_config **config_out);

/* The same from memory; `name` stands for the path in messages and is borrowed by `problems`. */
enum gw_status gw_config_parse(struct gw_str text, struct gw_str name, struct gw_problems *problems,
                               struct gw_config **config_out);

/* From any thread. */
struct gw_config *gw_config_retain(struct gw_config *config);
/* Accepts NULL. */
void gw_config_release(struct gw_config *config);

/* NULL when there is none. */
const struct gw_provider_config *gw_config_provider(const struct gw_config *config,
                                                    struct gw_str name);
/* The model at the provider that was declared first among those that list it. */
const struct gw_model_config *gw_config_model(const struct gw_config *config, struct gw_str name);
/* The model at this provider, if it lists it. */
const struct gw_model_config *gw_config_provider_model(const struct gw_provider_config *provider,
                                                       struct gw_str name);
const struct gw_model_settings *gw_config_model_settings(const struct gw_config *config,
                                                         struct gw_str name);

#endif
