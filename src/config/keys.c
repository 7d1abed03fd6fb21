#include "config/keys.h"

#include "config/config_private.h"

#define DAY_MS 86400000
#define INTO(type, field) offsetof(type, field), sizeof(((type *)0)->field)
#define SERVER(field) INTO(struct gw_server_config, field)
#define ADMIN(field) INTO(struct gw_raw_admin, field)
#define PROVIDER(field) INTO(struct gw_raw_provider, field)
#define NOWHERE GW_KEY_NO_OFFSET, 0, 0
#define TABLE(keys) keys, GW_COUNT(keys)

static const struct gw_config_key server_keys[] = {
    {"host", GW_KEY_STRING, GW_KEY_FILLED, SERVER(host), "127.0.0.1", 0, 0, NULL, NULL,
     "Address to listen on: IPv4, IPv6 or `localhost`."},
    {"port", GW_KEY_INTEGER, 0, SERVER(port), "4000", 0, 65535, NULL, NULL,
     "Port to listen on; 0 lets the kernel pick one, which the log names."},
    {"workers", GW_KEY_INTEGER, 0, SERVER(workers), NULL, 1, GW_CONFIG_WORKERS_MAX, NULL, NULL,
     "Threads that serve requests; without it as many as CPUs are online."},
    {"max_header_bytes", GW_KEY_INTEGER, 0, SERVER(max_header_bytes), "65536", 1024, 1048576, NULL,
     NULL, "Longest request head; beyond it 431."},
    {"max_body_bytes", GW_KEY_INTEGER, 0, SERVER(max_body_bytes), "104857600", 1, INT64_C(1) << 40,
     NULL, NULL, "Longest request body; beyond it 413."},
    {"header_timeout_ms", GW_KEY_INTEGER, 0, SERVER(header_timeout_ms), "10000", 1, DAY_MS, NULL,
     NULL, "Time for a request's head; beyond it 408."},
    {"idle_timeout_ms", GW_KEY_INTEGER, 0, SERVER(idle_timeout_ms), "75000", 1, DAY_MS, NULL, NULL,
     "How long a kept connection may wait for its next request."},
    {"max_connections", GW_KEY_INTEGER, 0, SERVER(max_connections), "65536", 1, 1048576, NULL, NULL,
     "Connections of callers; beyond it 503."},
    {"drain_timeout_ms", GW_KEY_INTEGER, 0, SERVER(drain_timeout_ms), "30000", 0, DAY_MS, NULL,
     NULL, "How long SIGTERM waits for requests in flight."},
    {"retry_body_bytes", GW_KEY_INTEGER, 0, SERVER(retry_body_bytes), "8388608", 0,
     INT64_C(1) << 30, NULL, NULL, "Longest request body that is kept to be sent once more."},
    {"spin_us", GW_KEY_INTEGER, 0, SERVER(spin_us), "0", 0, 10000, NULL, NULL,
     "How long a worker polls before it sleeps: lower latency for CPU time."},
    {"tls_cert", GW_KEY_STRING, GW_KEY_FILLED, SERVER(tls_cert), NULL, 0, 0, NULL, NULL,
     "PEM file of the certificate chain; together with `tls_key` callers speak TLS."},
    {"tls_key", GW_KEY_STRING, GW_KEY_FILLED, SERVER(tls_key), NULL, 0, 0, NULL, NULL,
     "PEM file of the private key."},
};

static const struct gw_config_key admin_keys[] = {
    {"enabled", GW_KEY_BOOL, 0, ADMIN(enabled), "true", 0, 0, NULL, NULL,
     "Whether there is an admin listener: health, metrics, reload."},
    {"host", GW_KEY_STRING, GW_KEY_FILLED, ADMIN(host), "127.0.0.1", 0, 0, NULL, NULL,
     "Address to listen on. Off loopback a `token` is required."},
    {"port", GW_KEY_INTEGER, 0, ADMIN(port), "4001", 0, 65535, NULL, NULL,
     "Port to listen on; 0 lets the kernel pick one."},
    {"token", GW_KEY_CREDENTIAL, 0, ADMIN(token), NULL, 0, 0, NULL, NULL,
     "Where the bearer token is that callers must show. Read at start and reload."},
};

#define TIMEOUT_DOC                                                                                \
    "Whole answer that is not streamed, or time to the first byte of a stream. The first found "   \
    "counts: target, model, provider, `[defaults.provider]`."
#define CONNECT_DOC "Name lookup, connect and TLS handshake together."
#define IDLE_DOC "Longest silence within a stream once it has begun."

static const struct gw_config_key default_provider_keys[] = {
    {"timeout_ms", GW_KEY_INTEGER, 0, INTO(struct gw_raw_timeouts, timeout_ms), "30000", 1, DAY_MS,
     NULL, NULL, TIMEOUT_DOC},
    {"connect_timeout_ms", GW_KEY_INTEGER, 0, INTO(struct gw_raw_timeouts, connect_timeout_ms),
     "5000", 1, DAY_MS, NULL, NULL, CONNECT_DOC},
    {"idle_timeout_ms", GW_KEY_INTEGER, 0, INTO(struct gw_raw_timeouts, idle_timeout_ms), "60000",
     1, DAY_MS, NULL, NULL, IDLE_DOC},
};

static const struct gw_config_table default_provider_table = {
    "defaults.provider",
    TABLE(default_provider_keys),
    sizeof(struct gw_raw_timeouts),
    GW_TABLE_IN_FORCE,
    NULL,
    "What providers get that say nothing else."};

static const struct gw_config_key defaults_keys[] = {
    {"provider", GW_KEY_TABLE, 0, INTO(struct gw_raw_defaults, provider), NULL, 0, 0, NULL,
     &default_provider_table, NULL},
};

/* In the order of enum gw_raw_dialect and gw_raw_auth: the derived one has no name. */
static const char *const dialects[] = {"",       "openai",  "anthropic", "gemini",
                                       "cohere", "bedrock", NULL};
static const char *const auth_types[] = {"", "bearer", "api_key_header", "query_param", NULL};
static const char *const model_apis[] = {"chat", "responses", NULL};

static const struct gw_config_key provider_keys[] = {
    {"base_url", GW_KEY_STRING, GW_KEY_REQUIRED | GW_KEY_FILLED, PROVIDER(base_url), NULL, 0, 0,
     NULL, NULL,
     "API root with its version, as `https://api.openai.com/v1`; a caller's path below `/v1` is "
     "appended. `demo:` is the built-in demo provider."},
    {"models", GW_KEY_STRINGS, GW_KEY_REQUIRED, PROVIDER(models), NULL, 0, 0, NULL, NULL,
     "Model names that resolve to this provider. Where several providers list one, the first "
     "declared wins. May be empty: then only `NAME::MODEL` and `/providers/NAME/` lead here."},
    {"credential", GW_KEY_CREDENTIAL, 0, PROVIDER(credential), NULL, 0, 0, NULL, NULL,
     "Where the key for managed targets is. Passthrough never uses it: there the caller's key goes "
     "on."},
    {"timeout_ms", GW_KEY_INTEGER, 0, PROVIDER(timeouts.timeout_ms), NULL, 1, DAY_MS, NULL, NULL,
     TIMEOUT_DOC},
    {"connect_timeout_ms", GW_KEY_INTEGER, 0, PROVIDER(timeouts.connect_timeout_ms), NULL, 1,
     DAY_MS, NULL, NULL, CONNECT_DOC},
    {"idle_timeout_ms", GW_KEY_INTEGER, 0, PROVIDER(timeouts.idle_timeout_ms), NULL, 1, DAY_MS,
     NULL, NULL, IDLE_DOC},
    {"auth_type", GW_KEY_CHOICE, 0, PROVIDER(auth_type), NULL, 0, 0, auth_types, NULL,
     "How the key is shown: `Authorization: Bearer`, a header of its own, or a parameter of the "
     "URL. Derived for known providers, else `bearer`."},
    {"auth_header_name", GW_KEY_STRING, GW_KEY_FILLED, PROVIDER(auth_header_name), NULL, 0, 0, NULL,
     NULL,
     "Name of that header or parameter. Without it the provider's usual one, `api-key` or `key`."},
    {"dialect", GW_KEY_CHOICE, 0, PROVIDER(dialect), NULL, 0, 0, dialects, NULL,
     "Wire format. Derived from the provider's name, then its host, else `openai`."},
    {"responses", GW_KEY_BOOL, 0, PROVIDER(responses), NULL, 0, 0, NULL, NULL,
     "Whether an OpenAI-shaped provider speaks `/v1/responses` too. Derived for known providers, "
     "else false."},
    {"headers", GW_KEY_STRING_MAP, 0, PROVIDER(headers), NULL, 0, 0, NULL, NULL,
     "Headers to add to every request, as written: no `env::` here, so no place for secrets."},
    {"ca_file", GW_KEY_STRING, GW_KEY_FILLED, PROVIDER(ca_file), NULL, 0, 0, NULL, NULL,
     "PEM file of the authorities to trust instead of the system's."},
    {"max_connections", GW_KEY_INTEGER, 0, PROVIDER(max_connections), "256", 1, 1000000, NULL, NULL,
     "Connections to this provider that each worker may have open."},
};

static const struct gw_config_key model_keys[] = {
    {"timeout_ms", GW_KEY_INTEGER, 0, INTO(struct gw_raw_model, timeout_ms), NULL, 1, DAY_MS, NULL,
     NULL, TIMEOUT_DOC},
    {"api", GW_KEY_CHOICE, 0, INTO(struct gw_raw_model, api), "chat", 0, 0, model_apis, NULL,
     "`responses`: OpenAI-shaped calls for this model go to `/v1/responses`, for models that speak "
     "nothing else."},
};

static const char *const access_log_fields[] = {
#define NAME(constant, name) name,
    GW_ACCESS_LOG_FIELDS(NAME) NULL
#undef NAME
};

static const struct gw_config_key access_log_keys[] = {
    {"enabled", GW_KEY_BOOL, 0, INTO(struct gw_raw_access_log, enabled), "true", 0, 0, NULL, NULL,
     "One JSON line for each request; never prompt text, never a key."},
    {"path", GW_KEY_STRING, GW_KEY_FILLED, INTO(struct gw_raw_access_log, path), "-", 0, 0, NULL,
     NULL, "`-` is stderr; a file is reopened on SIGUSR1."},
    {"fields", GW_KEY_STRINGS, 0, INTO(struct gw_raw_access_log, fields), "", 0, 0,
     access_log_fields, NULL, "Which fields to write; empty means all but `remote_addr`."},
};

static const char *const metric_labels[] = {"provider", "model",    "route", "operation", "key",
                                            "team",     "function", "env",   NULL};
static const char *const model_labels[] = {"configured", "raw", NULL};

static const struct gw_config_key metrics_keys[] = {
    {"enabled", GW_KEY_BOOL, 0, INTO(struct gw_metrics_config, enabled), "true", 0, 0, NULL, NULL,
     "Whether the admin listener serves Prometheus metrics."},
    {"path", GW_KEY_STRING, GW_KEY_FILLED, INTO(struct gw_metrics_config, path), "/metrics", 0, 0,
     NULL, NULL, "Where it serves them."},
    {"max_series_per_metric", GW_KEY_INTEGER, 0,
     INTO(struct gw_metrics_config, max_series_per_metric), "2000", 1, 100000, NULL, NULL,
     "Label sets of one metric; further ones share one. Read at start, not at reload."},
    {"labels", GW_KEY_STRINGS, GW_KEY_LATER | NOWHERE, "provider, model, route, operation", 0, 0,
     metric_labels, NULL, "Labels of the `gateway_*` metrics."},
    {"model_label", GW_KEY_CHOICE, GW_KEY_LATER | NOWHERE, "configured", 0, 0, model_labels, NULL,
     "`configured`: models that are not in the file count as `other`."},
    {"exemplars", GW_KEY_BOOL, GW_KEY_LATER | NOWHERE, "true", 0, 0, NULL, NULL,
     "Trace ids beside the buckets, for OpenMetrics readers."},
};

static const struct gw_config_table server_table = {
    "server",
    TABLE(server_keys),
    sizeof(struct gw_server_config),
    GW_TABLE_IN_FORCE,
    NULL,
    "The listener for callers. The one table that every file must have."};
static const struct gw_config_table admin_table = {"admin",
                                                   TABLE(admin_keys),
                                                   sizeof(struct gw_raw_admin),
                                                   GW_TABLE_IN_FORCE,
                                                   NULL,
                                                   "The listener for operators."};
static const struct gw_config_table defaults_table = {
    "defaults", TABLE(defaults_keys), sizeof(struct gw_raw_defaults), GW_TABLE_IN_FORCE, NULL,
    NULL};
static const struct gw_config_table provider_table = {
    "providers.NAME",
    TABLE(provider_keys),
    sizeof(struct gw_raw_provider),
    GW_TABLE_IN_FORCE,
    NULL,
    "An upstream API. NAME is letters, digits, `.`, `_` and `-`; a known one brings its dialect "
    "and authentication with it. `function` and `route` are taken."};
static const struct gw_config_table model_table = {
    "models.MODEL",
    TABLE(model_keys),
    sizeof(struct gw_raw_model),
    GW_TABLE_IN_FORCE,
    NULL,
    "Settings of one model, which a provider must list. A name with dots is quoted: "
    "`[models.\"gpt-4.1\"]`."};
static const struct gw_config_table access_log_table = {
    "access_log", TABLE(access_log_keys), sizeof(struct gw_raw_access_log), GW_TABLE_IN_FORCE,
    NULL,         "The log of requests."};
static const struct gw_config_table metrics_table = {
    "metrics",
    TABLE(metrics_keys),
    sizeof(struct gw_metrics_config),
    GW_TABLE_PARTLY,
    "choosing the labels of metrics is not in this release",
    "Prometheus metrics."};

#define ROOT(field) INTO(struct gw_raw_config, field)

static const struct gw_config_key root_keys[] = {
    {"server", GW_KEY_TABLE, GW_KEY_REQUIRED, ROOT(server), NULL, 0, 0, NULL, &server_table, NULL},
    {"admin", GW_KEY_TABLE, 0, ROOT(admin), NULL, 0, 0, NULL, &admin_table, NULL},
    {"defaults", GW_KEY_TABLE, 0, ROOT(defaults), NULL, 0, 0, NULL, &defaults_table, NULL},
    {"providers", GW_KEY_TABLES, 0, ROOT(providers), NULL, 0, 0, NULL, &provider_table, NULL},
    {"models", GW_KEY_TABLES, 0, ROOT(models), NULL, 0, 0, NULL, &model_table, NULL},
    {"access_log", GW_KEY_TABLE, 0, ROOT(access_log), NULL, 0, 0, NULL, &access_log_table, NULL},
    {"metrics", GW_KEY_TABLE, 0, ROOT(metrics), NULL, 0, 0, NULL, &metrics_table, NULL},
    {"targets", GW_KEY_TABLES, 0, ROOT(targets), NULL, 0, 0, NULL, &gw_table_targets, NULL},
    {"routes", GW_KEY_TABLES, 0, ROOT(routes), NULL, 0, 0, NULL, &gw_table_routes, NULL},
    {"functions", GW_KEY_TABLES, 0, ROOT(functions), NULL, 0, 0, NULL, &gw_table_functions, NULL},
    {"routing", GW_KEY_TABLE, 0, ROOT(routing), NULL, 0, 0, NULL, &gw_table_routing, NULL},
    {"translation", GW_KEY_TABLE, 0, ROOT(translation), NULL, 0, 0, NULL, &gw_table_translation,
     NULL},
    {"security", GW_KEY_TABLE, NOWHERE, NULL, 0, 0, NULL, &gw_table_security, NULL},
    {"telemetry", GW_KEY_TABLE, NOWHERE, NULL, 0, 0, NULL, &gw_table_telemetry, NULL},
    {"genai_telemetry", GW_KEY_TABLE, NOWHERE, NULL, 0, 0, NULL, &gw_table_genai_telemetry, NULL},
    {"analytics", GW_KEY_TABLE, NOWHERE, NULL, 0, 0, NULL, &gw_table_analytics, NULL},
    {"prices", GW_KEY_TABLE, NOWHERE, NULL, 0, 0, NULL, &gw_table_prices, NULL},
    {"tenant_routing", GW_KEY_TABLE, NOWHERE, NULL, 0, 0, NULL, &gw_table_tenant_routing, NULL},
};

const struct gw_config_table gw_config_root = {
    "", TABLE(root_keys), sizeof(struct gw_raw_config), GW_TABLE_IN_FORCE, NULL, NULL};
