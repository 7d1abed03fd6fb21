/*
 * Tables of features that this release has not: read and checked like the others, so that a file
 * that only switches them off loads, and a misspelt key in one is found all the same. A file that
 * asks for one of them is refused.
 */
#include "config/keys.h"

#define DAY_MS 86400000
#define TABLE(keys) keys, GW_COUNT(keys)
/* Nothing here is written anywhere. */
#define ROW(name, kind, flags, fallback, min, max, choices, child, doc)                            \
    {                                                                                              \
        name, kind, (flags) | GW_KEY_NO_OFFSET, 0, 0, fallback, min, max, choices, child, doc      \
    }
#define BOOL(name, fallback, doc) ROW(name, GW_KEY_BOOL, 0, fallback, 0, 0, NULL, NULL, doc)
#define INTEGER(name, fallback, min, max, doc)                                                     \
    ROW(name, GW_KEY_INTEGER, 0, fallback, min, max, NULL, NULL, doc)
#define NUMBER(name, fallback, min, max, doc)                                                      \
    ROW(name, GW_KEY_NUMBER, 0, fallback, min, max, NULL, NULL, doc)
#define STRING(name, fallback, doc) ROW(name, GW_KEY_STRING, 0, fallback, 0, 0, NULL, NULL, doc)
#define CHOICE(name, fallback, choices, doc)                                                       \
    ROW(name, GW_KEY_CHOICE, 0, fallback, 0, 0, choices, NULL, doc)
#define STRINGS(name, fallback, choices, doc)                                                      \
    ROW(name, GW_KEY_STRINGS, 0, fallback, 0, 0, choices, NULL, doc)
#define SCANNING_IS_LATER                                                                          \
    "security scanning is not in this release, and a file that asks for it would not get it"
#define SUB(name, kind, child) ROW(name, kind, 0, NULL, 0, 0, NULL, &(child), NULL)

/* Security of one route or function. */

static const char *const profiles[] = {"monitor", "balanced", "strict", "to11", NULL};
static const char *const actions[] = {"off", "flag", "redact", "mask", "block", NULL};

static const struct gw_config_key policy_rule_keys[] = {
    CHOICE("request", NULL, actions, "What a finding in a request does."),
    CHOICE("response", NULL, actions, "What a finding in an answer does."),
};
static const struct gw_config_table policy_rule_table = {
    "*.policy.RULE",
    TABLE(policy_rule_keys),
    0,
    GW_TABLE_IN_FORCE,
    NULL,
    "`\"pii.email\".request = \"flag\"`: overrides the profile, the most specific rule wins."};

static const struct gw_config_key own_security_keys[] = {
    ROW("enabled", GW_KEY_BOOL, GW_KEY_LATER, "false", 0, 0, NULL, NULL,
        "Overrides `[security] enabled`."),
    CHOICE("profile", NULL, profiles, "Overrides the profile."),
    SUB("policy", GW_KEY_TABLES, policy_rule_table),
};
const struct gw_config_table gw_table_own_security = {
    "*.security",
    TABLE(own_security_keys),
    0,
    GW_TABLE_PARTLY,
    SCANNING_IS_LATER,
    "`[security]` for one route or function (`[routes.NAME.security]`, "
    "`[functions.NAME.security]`)."};

/* Security. */

static const char *const match_kinds[] = {"substring", "word", NULL};
static const char *const directions[] = {"request", "response", NULL};
static const char *const open_closed[] = {"closed", "open", NULL};
static const char *const oversize[] = {"block", "prefix", NULL};
static const char *const history_actions[] = {"redact", "same", NULL};
static const char *const expose[] = {"rule", "detector", "none", NULL};
static const char *const response_blocks[] = {"content_filter", "error", NULL};
static const char *const pii_entities[] = {"us_ssn", "us_itin", "credit_card", "iban",
                                           "email",  "phone",   "ip_address",  NULL};
static const char *const ip_scopes[] = {"public", "all", NULL};
static const char *const engines[] = {"none", "linear", "onnx", "http", NULL};
static const char *const overflows[] = {"redact", "release", NULL};

static const struct gw_config_key pii_keys[] = {
    STRINGS("entities", "us_ssn, us_itin, credit_card, iban, email, phone, ip_address",
            pii_entities, "What is looked for."),
    CHOICE("ip_scope", "public", ip_scopes, "Which addresses count."),
};
static const struct gw_config_table pii_table = {
    "security.pii", TABLE(pii_keys), 0, GW_TABLE_IN_FORCE, NULL, "Personal data."};

static const struct gw_config_key secrets_keys[] = {
    BOOL("enabled", "true", "Whether keys and tokens are looked for."),
    BOOL("generic", "true", "Also by keyword and entropy."),
};
static const struct gw_config_table secrets_table = {
    "security.secrets", TABLE(secrets_keys), 0, GW_TABLE_IN_FORCE, NULL, "Credentials in texts."};

static const struct gw_config_key injection_keys[] = {
    BOOL("enabled", "true", "Whether injected instructions are looked for."),
    NUMBER("block_score", "0.80", 0, 1, "From here on: block."),
    NUMBER("flag_score", "0.50", 0, 1, "From here on: flag."),
};
static const struct gw_config_table injection_table = {
    "security.injection", TABLE(injection_keys), 0, GW_TABLE_IN_FORCE, NULL, "Prompt injection."};

static const struct gw_config_key classifier_keys[] = {
    CHOICE("engine", "none", engines, "What runs the classifier."),
    STRING("model", "", "Its file."),
    ROW("url", GW_KEY_URL, 0, "", 0, 0, NULL, NULL, "Its address, for `http`."),
    NUMBER("threshold", "0.85", 0, 1, "From here on it is a finding."),
    INTEGER("timeout_ms", "50", 1, DAY_MS, "Longest wait for it."),
    CHOICE("on_error", "open", open_closed, "What a failure of it does."),
};
static const struct gw_config_table classifier_table = {
    "security.classifier", TABLE(classifier_keys), 0, GW_TABLE_IN_FORCE, NULL,
    "A learnt detector."};

static const struct gw_config_key exfil_keys[] = {
    BOOL("enabled", "true", "Whether links that carry data away are looked for."),
    STRINGS("allow_hosts", "", NULL, "Hosts that may be linked to; `*.example.com` too."),
};
static const struct gw_config_table exfil_table = {
    "security.exfil", TABLE(exfil_keys), 0, GW_TABLE_IN_FORCE, NULL, "Exfiltration by links."};

static const struct gw_config_key mask_keys[] = {
    ROW("key", GW_KEY_CREDENTIAL, 0, "env::GATEWAY_MASK_KEY", 0, 0, NULL, NULL,
        "Where the key is that masks are made with."),
};
static const struct gw_config_table mask_table = {
    "security.mask", TABLE(mask_keys), 0, GW_TABLE_IN_FORCE, NULL, "Masks for values."};

static const struct gw_config_key stream_keys[] = {
    INTEGER("max_holdback_bytes", "1024", 0, 1048576, "What of a stream may be held back."),
    CHOICE("on_overflow", "redact", overflows, "What happens beyond that."),
};
static const struct gw_config_table stream_table = {
    "security.stream", TABLE(stream_keys), 0, GW_TABLE_IN_FORCE, NULL, "Streamed answers."};

static const struct gw_config_key rule_keys[] = {
    ROW("id", GW_KEY_STRING, GW_KEY_REQUIRED | GW_KEY_FILLED, NULL, 0, 0, NULL, NULL,
        "Its name: `[a-z0-9_.]+`."),
    ROW("pattern", GW_KEY_STRING, GW_KEY_REQUIRED | GW_KEY_FILLED, NULL, 0, 0, NULL, NULL,
        "A PCRE2 pattern."),
    STRINGS("keywords", "", NULL, "One of these must be there too."),
    STRING("validator", "none",
           "`none`, `luhn`, `mod97`, `verhoeff`, `base62crc32` or `entropy:N`."),
    CHOICE("request", NULL, actions, "What a finding in a request does."),
    CHOICE("response", NULL, actions, "What a finding in an answer does."),
};
static const struct gw_config_table rule_table = {"security.rules",
                                                  TABLE(rule_keys),
                                                  0,
                                                  GW_TABLE_IN_FORCE,
                                                  NULL,
                                                  "`[[security.rules]]`: detectors of your own."};

static const struct gw_config_key security_keys[] = {
    ROW("enabled", GW_KEY_BOOL, GW_KEY_LATER, "false", 0, 0, NULL, NULL,
        "Whether requests and answers are scanned."),
    STRINGS("blocklist", "", NULL, "Substrings, whatever their case."),
    CHOICE("blocklist_match", "substring", match_kinds, "How they match."),
    STRINGS("blocklist_directions", "request", directions, "Where they are looked for."),
    CHOICE("profile", "balanced", profiles, "What findings do."),
    BOOL("lock", "false", "Routes and functions can only tighten the profile."),
    CHOICE("on_error", "closed", open_closed, "What a failing detector does."),
    INTEGER("max_scan_bytes", "16777216", 1, INT64_C(1) << 40, "Longest text of a request."),
    CHOICE("oversize", "block", oversize, "What happens beyond that."),
    INTEGER("offload_bytes", "65536", 0, INT64_C(1) << 40, "Longer scans leave the event loop."),
    CHOICE("history_action", "redact", history_actions, "Findings before the last answer."),
    CHOICE("expose", "rule", expose, "What an error tells of the reason."),
    CHOICE("response_block", "content_filter", response_blocks, "How a blocked answer ends."),
    STRINGS("allowlist", "", NULL, "Values that are never findings."),
    INTEGER("clean_cache_entries", "8192", 0, 1000000, "Texts remembered as clean."),
    SUB("pii", GW_KEY_TABLE, pii_table),
    SUB("secrets", GW_KEY_TABLE, secrets_table),
    SUB("injection", GW_KEY_TABLE, injection_table),
    SUB("classifier", GW_KEY_TABLE, classifier_table),
    SUB("exfil", GW_KEY_TABLE, exfil_table),
    SUB("mask", GW_KEY_TABLE, mask_table),
    SUB("stream", GW_KEY_TABLE, stream_table),
    SUB("policy", GW_KEY_TABLES, policy_rule_table),
    SUB("rules", GW_KEY_TABLE_LIST, rule_table),
};
const struct gw_config_table gw_table_security = {
    "security",      TABLE(security_keys), 0,
    GW_TABLE_PARTLY, SCANNING_IS_LATER,    "Inline scanning of requests and answers."};

/* Telemetry. */

static const char *const protocols[] = {"http/protobuf", "http/json", "grpc", NULL};
static const char *const compressions[] = {"gzip", "none", NULL};
static const char *const trust_choices[] = {"authenticated", NULL};
static const char *const temporalities[] = {"cumulative", "delta", NULL};

static const struct gw_config_key batch_keys[] = {
    INTEGER("max_queue", "2048", 1, 1000000, "Spans that may wait."),
    INTEGER("max_batch", "512", 1, 1000000, "Spans sent together."),
    INTEGER("delay_ms", "5000", 1, DAY_MS, "Longest wait for a batch."),
    INTEGER("max_body_bytes", "4194304", 1024, 1 << 30, "Larger ones are split."),
};
static const struct gw_config_table batch_table = {
    "*.batch", TABLE(batch_keys),
    0,         GW_TABLE_IN_FORCE,
    NULL,      "`[telemetry.batch]`, `[genai_telemetry.batch]`: how spans are gathered."};

/* Both pipelines have these. */
#define PIPELINE_KEYS                                                                              \
    ROW("enabled", GW_KEY_BOOL, GW_KEY_LATER, "false", 0, 0, NULL, NULL, "Whether it is sent."),   \
        ROW("otlp_endpoint", GW_KEY_URL, GW_KEY_FILLED, "http://localhost:4318", 0, 0, NULL, NULL, \
            "Where to; `/v1/traces` is appended."),                                                \
        CHOICE("protocol", "http/protobuf", protocols, "How."),                                    \
        STRING("service_name", "gateway", "As which service."),                                    \
        ROW("headers", GW_KEY_STRING_MAP, 0, NULL, 0, 0, NULL, NULL,                               \
            "Headers to add; values may be `env::NAME`."),                                         \
        CHOICE("compression", "gzip", compressions, "Of the bodies."),                             \
        INTEGER("timeout_ms", "10000", 1, DAY_MS, "Of one export."),                               \
        NUMBER("sample_ratio", "1.0", 0, 1, "Share of traces that begin here."),                   \
        ROW("trust_incoming", GW_KEY_BOOL, 0, "true", 0, 0, trust_choices, NULL,                   \
            "Whether a caller's `traceparent` is taken up."),                                      \
        BOOL("return_traceparent", "true", "Whether the answer names the trace."),                 \
        BOOL("propagate_upstream", "true", "Whether the provider is told the trace."),             \
        ROW("resource", GW_KEY_STRING_MAP, 0, NULL, 0, 0, NULL, NULL, "Further attributes."),      \
        SUB("batch", GW_KEY_TABLE, batch_table)

static const struct gw_config_key telemetry_keys[] = {PIPELINE_KEYS};
const struct gw_config_table gw_table_telemetry = {"telemetry",
                                                   TABLE(telemetry_keys),
                                                   0,
                                                   GW_TABLE_PARTLY,
                                                   "sending traces is not in this release",
                                                   "Traces of the gateway itself, by OTLP."};

static const struct gw_config_key genai_telemetry_keys[] = {
    PIPELINE_KEYS,
    BOOL("capture_content", "false", "Whether prompts and answers are part of it."),
    INTEGER("content_max_bytes", "32768", 0, 1 << 30, "Longest text in one attribute."),
    INTEGER("metrics_interval_ms", "60000", 100, DAY_MS, "Time between metrics."),
    CHOICE("temporality", "cumulative", temporalities, "Of the metrics."),
    BOOL("experimental_security_events", "false", "Whether findings are sent as events."),
};
const struct gw_config_table gw_table_genai_telemetry = {
    "genai_telemetry",
    TABLE(genai_telemetry_keys),
    0,
    GW_TABLE_PARTLY,
    "sending GenAI telemetry is not in this release",
    "Spans and metrics of model calls, by OTLP."};

static const struct gw_config_key clickhouse_keys[] = {
    ROW("url", GW_KEY_URL, GW_KEY_LATER, "", 0, 0, NULL, NULL, "Where rows are sent."),
};
static const struct gw_config_table clickhouse_table = {
    "analytics.clickhouse",
    TABLE(clickhouse_keys),
    0,
    GW_TABLE_PARTLY,
    "sending rows to ClickHouse is not in this release",
    "Analytics beyond one node."};

static const struct gw_config_key analytics_keys[] = {
    ROW("enabled", GW_KEY_BOOL, GW_KEY_LATER, "false", 0, 0, NULL, NULL,
        "Whether requests are kept for the dashboard."),
    STRING("path", "data/analytics.db", "The database."),
    INTEGER("raw_days", "30", 1, 36500, "How long single requests are kept."),
    INTEGER("rollup_days", "400", 1, 36500, "How long sums are kept."),
    SUB("clickhouse", GW_KEY_TABLE, clickhouse_table),
};
const struct gw_config_table gw_table_analytics = {
    "analytics",
    TABLE(analytics_keys),
    0,
    GW_TABLE_PARTLY,
    "the request database is not in this release: nothing is stored",
    "What the dashboard reads."};

static const struct gw_config_key prices_keys[] = {
    ROW("file", GW_KEY_STRING, GW_KEY_LATER, "", 0, 0, NULL, NULL, "A table that overrides ours."),
};
const struct gw_config_table gw_table_prices = {"prices",
                                                TABLE(prices_keys),
                                                0,
                                                GW_TABLE_PARTLY,
                                                "reckoning costs is not in this release",
                                                "What tokens cost."};

/* The reference product's hosted control plane: its keys load, so that its files do. */

static const struct gw_config_key tenant_keys[] = {
    ROW("enabled", GW_KEY_BOOL, GW_KEY_LATER, "false", 0, 0, NULL, NULL, "Must stay false."),
    STRING("redis_url", NULL, "Not used."),
    INTEGER("lru_capacity", NULL, 0, INT64_MAX, "Not used."),
    INTEGER("lru_idle_timeout_secs", NULL, 0, INT64_MAX, "Not used."),
    INTEGER("anti_entropy_interval_secs", NULL, 0, INT64_MAX, "Not used."),
    STRING("api_fallback_url", NULL, "Not used."),
    INTEGER("api_fallback_timeout_ms", NULL, 0, INT64_MAX, "Not used."),
    STRING("api_fallback_auth_token", NULL, "Not used."),
    STRING("private_key_path", NULL, "Not used."),
};
const struct gw_config_table gw_table_tenant_routing = {
    "tenant_routing",
    TABLE(tenant_keys),
    0,
    GW_TABLE_PARTLY,
    "tenant configurations come from a hosted control plane that has no public contract; this "
    "gateway cannot read them",
    "Keys of to11's hosted control plane."};
