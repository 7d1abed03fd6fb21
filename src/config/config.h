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

#define GW_CONFIG_NAME_BYTES_MAX 64u   /* of providers, targets, routes, functions, variants */
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

/* Kinds of call, as `endpoint` of a route has them: a bare name goes to a route of the same kind
 * only. */
enum gw_endpoint_kind {
    GW_ENDPOINT_CHAT,
    GW_ENDPOINT_EMBEDDINGS,
    GW_ENDPOINT_AUDIO_SPEECH,
    GW_ENDPOINT_AUDIO_TRANSCRIPTION,
    GW_ENDPOINT_IMAGE_GENERATION,
    GW_ENDPOINT_RERANK,
    GW_ENDPOINT_OTHER, /* passthrough only: no route has it */
    GW_ENDPOINTS = GW_ENDPOINT_OTHER
};
/* "chat", "embeddings", …; "other" for OTHER */
struct gw_str gw_endpoint_kind_name(enum gw_endpoint_kind kind);

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
    bool
        completion_tokens; /* Chat Completions: knows max_completion_tokens, not max_tokens alone */
    struct gw_auth auth;
    struct gw_str credential; /* the place, never the secret; empty: none given. Passthrough does
                                 not use it */
    struct gw_str telemetry_name; /* gen_ai.provider.name */
    struct gw_str known_name;     /* of its row in known_providers; empty: there is none */
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

/* [translation] */
enum gw_translation_thinking {
    GW_TRANSLATION_THINKING_DERIVED, /* not set */
    GW_TRANSLATION_THINKING_NONE,
    GW_TRANSLATION_THINKING_BUDGET,
    GW_TRANSLATION_THINKING_ADAPTIVE
};

/* [translation.models.NAME]: of models whose name has NAME in it. 0: not set. */
struct gw_translation_model {
    struct gw_str name;
    uint32_t max_output_tokens;
    enum gw_translation_thinking thinking;
    bool sampling, sampling_set;
    bool json_schema, json_schema_set;
};

/* Whose chat streams are asked for their usage. */
enum gw_meter_streams { GW_METER_MANAGED, GW_METER_ALL, GW_METER_OFF };

struct gw_translation_config {
    bool strict; /* on_unsupported = "error" */
    bool fetch_media;
    enum gw_meter_streams meter_streams;
    const struct gw_translation_model *models;
    uint32_t models_count;
};

/* ---- managed routing: targets, routes, functions (product.md §2, §3, §6) ---- */

/* Where a target's credential comes from; the first that there is. */
enum gw_credential_level {
    GW_CREDENTIAL_OF_TARGET,
    GW_CREDENTIAL_OF_PROVIDER,
    GW_CREDENTIAL_BY_CONVENTION, /* env::<PROVIDER>_API_KEY */
};

struct gw_target_credential {
    struct gw_str place; /* "env::NAME" or "file::PATH"; by convention it was made here */
    enum gw_credential_level level;
    const struct gw_secret *secret; /* NULL: not to be had; the target then shows none. Only by
                                       convention, or where the loader was told to go on */
};

/* What a variant of an experiment sets in the request: JSON, as it is to be written; base NULL: not
 * set. */
enum gw_param {
    GW_PARAM_TEMPERATURE,
    GW_PARAM_TOP_P,
    GW_PARAM_MAX_TOKENS,
    GW_PARAM_SEED,
    GW_PARAM_REASONING_EFFORT,
    GW_PARAMS /* must stay last */
};
struct gw_str gw_param_name(enum gw_param param); /* as the key in the file: "temperature", … */

/* A model at a provider with a credential of the gateway's. */
struct gw_target_config {
    /* Of [targets.NAME]; of a model named in a function "PROVIDER::MODEL": no other can have that
     * name, so what is remembered by it (health, metrics) is remembered by all who mean the same. */
    struct gw_str name;
    uint32_t index; /* in config->targets, from 0 on */
    const struct gw_model_config *model;
    struct gw_str model_json;    /* its name as the inside of a JSON string */
    struct gw_timeouts timeouts; /* the target's, else the model's */
    uint32_t weight;
    struct gw_target_credential credential;
    struct gw_str variant;           /* its name in an experiment; empty: none */
    struct gw_str params[GW_PARAMS]; /* of a variant */
    bool has_params;
};

enum gw_strategy {
    GW_STRATEGY_SINGLE,
    GW_STRATEGY_WEIGHTED,
    GW_STRATEGY_FALLBACK,
    GW_STRATEGY_EXPERIMENT,
    GW_STRATEGIES /* must stay last */
};
struct gw_str gw_strategy_name(enum gw_strategy strategy); /* "single", … */

/* Targets and how one of them is chosen. */
struct gw_step_config {
    enum gw_strategy strategy;
    const struct gw_target_config *const *targets; /* as declared; at least one */
    uint32_t targets_count;
    uint32_t first;       /* number of its first target among all of the route: each step's follow
                             the last one's */
    uint64_t weights_sum; /* not 0 where the strategy draws by weight */
};

struct gw_retry_config {
    uint32_t max_retries, backoff_base_ms, backoff_max_ms;
};

enum gw_route_layer {
    GW_ROUTE_BY_TARGET, /* made for a target that nothing names: called as the target */
    GW_ROUTE_BY_TABLE,  /* [routes.NAME] */
    GW_ROUTE_FUNCTION   /* [functions.NAME] */
};

/* A route or a function: what names lead to, and the targets that answer. */
struct gw_route_config {
    struct gw_str name;
    enum gw_route_layer layer;
    enum gw_endpoint_kind endpoint;
    const struct gw_str *models; /* names it answers to, beside its own; functions have none */
    uint32_t models_count;
    bool has_steps;                     /* written as [[…steps]] */
    const struct gw_step_config *steps; /* in their order; one where there are none in the file */
    uint32_t steps_count;
    uint32_t targets_count; /* of all steps together */
    struct gw_retry_config retry;
};

struct gw_breaker_config {
    bool enabled;
    uint32_t failures, window_ms, open_ms;
};

#define GW_ROUTE_TARGETS_MAX 1024u /* of one route, all steps together */

struct gw_config {
    struct gw_server_config server;
    struct gw_admin_config admin;
    struct gw_access_log_config access_log;
    struct gw_metrics_config metrics;
    struct gw_translation_config translation;
    const struct gw_provider_config *providers; /* as declared */
    uint32_t providers_count;
    const struct gw_model_config
        *models; /* by provider, then as listed; a name may stand here several times */
    uint32_t models_count;

    /* All targets: [targets.NAME] as declared, then those made for functions, by function. */
    const struct gw_target_config *targets;
    uint32_t targets_count;
    const struct gw_route_config
        *routes; /* [routes.NAME] as declared, then those of bare targets */
    uint32_t routes_count;
    const struct gw_route_config *functions; /* as declared */
    uint32_t functions_count;
    struct gw_breaker_config breaker;

    /* Private. */
    struct gw_map route_by_name; /* of GW_ROUTE_BY_TABLE */
    struct gw_map function_by_name;
    struct gw_map route_by_model[GW_ENDPOINTS]; /* by kind: routes and bare targets */
    struct gw_secret **secrets;                 /* of the admin's token and of targets: each
                                                   place's once */
    uint32_t secrets_count;
    struct gw_map provider_by_name;
    struct gw_map model_by_name;    /* the first declared one */
    struct gw_map settings_by_name; /* struct gw_model_settings */
    struct gw_arena arena;
    atomic_uint references;
};

/* How strict loading is. */
enum gw_config_use {
    GW_CONFIG_TO_SERVE,  /* credentials that must be there and are not are errors */
    GW_CONFIG_TO_EXPLAIN /* they are warnings, and the secret is NULL */
};

/* Reads the file at `path` and the credentials that are needed at start.
 * @param problems    initialised by the caller; gets errors and warnings, sorted, and the path
 * @param config_out  one reference; set on GW_OK only
 * @return GW_OK (maybe with warnings); GW_INVALID: problems->errors is not 0; GW_NO_MEMORY likewise
 */
enum gw_status gw_config_load(const char *path, enum gw_config_use use,
                              struct gw_problems *problems, struct gw_config **config_out);

/* The same from memory; `name` stands for the path in messages and is borrowed by `problems`. */
enum gw_status gw_config_parse(struct gw_str text, struct gw_str name, enum gw_config_use use,
                               struct gw_problems *problems, struct gw_config **config_out);

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

/* [routes.NAME]; NULL when there is none. */
const struct gw_route_config *gw_config_route(const struct gw_config *config, struct gw_str name);
/* The route of this kind that answers to a model's name; a bare target's too. */
const struct gw_route_config *gw_config_route_for(const struct gw_config *config,
                                                  struct gw_str model, enum gw_endpoint_kind kind);
const struct gw_route_config *gw_config_function(const struct gw_config *config,
                                                 struct gw_str name);

#endif
