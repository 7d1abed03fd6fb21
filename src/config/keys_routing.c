/*
 * Tables of managed routing: targets, routes, functions, and how they are retried.
 *
 * Numbers of variants are checked here and written as JSON by freeze_routing.c: "not set" is none
 * of their values.
 */
#include "config/config_private.h"

#define DAY_MS 86400000
#define WEIGHT_MAX 1000000
#define INTO(type, field) offsetof(type, field), sizeof(((type *)0)->field)
#define TARGET(field) INTO(struct gw_raw_target, field)
#define ROUTE(field) INTO(struct gw_raw_route, field)
#define STEP(field) INTO(struct gw_raw_step, field)
#define VARIANT(field) INTO(struct gw_raw_variant, field)
#define RETRY(field) INTO(struct gw_retry_config, field)
#define BREAKER(field) INTO(struct gw_breaker_config, field)
#define NOWHERE GW_KEY_NO_OFFSET, 0, 0
#define TABLE(keys) keys, GW_COUNT(keys)

/* In the order of the enums; that a strategy is not set has no name. */
static const char *const endpoints[] = {
    "chat",   "embeddings", "audio_speech", "audio_transcription", "image_generation",
    "rerank", NULL};
static const char *const strategies[] = {"", "single", "weighted", "fallback", NULL};
static const char *const function_strategies[] = {"",         "single",     "weighted",
                                                  "fallback", "experiment", NULL};
static const char *const params[GW_PARAMS] = {
    [GW_PARAM_TEMPERATURE] = "temperature",
    [GW_PARAM_TOP_P] = "top_p",
    [GW_PARAM_MAX_TOKENS] = "max_tokens",
    [GW_PARAM_SEED] = "seed",
    [GW_PARAM_REASONING_EFFORT] = "reasoning_effort",
};
static const char *const efforts[] = {"none", "minimal", "low", "medium",
                                      "high", "xhigh",   "max", NULL};

#define PROVIDER_DOC                                                                               \
    "Which provider. Needed where several list the model; without it the one that lists it."
#define FROM_RETRY " Without it that of `[routing.retry]`."
#define MAX_RETRIES_DOC                                                                            \
    "Further attempts after a failure, in each step; 0: none. Where `fallback` goes from one "     \
    "target to the next, that does not count."
#define BACKOFF_BASE_DOC                                                                           \
    "A wait is drawn between 0 and this, doubled with each wait; a provider's `Retry-After` goes " \
    "before it."
#define BACKOFF_MAX_DOC "What the doubling stops at."

static const struct gw_config_key target_keys[] = {
    {"model", GW_KEY_STRING, GW_KEY_REQUIRED | GW_KEY_FILLED, TARGET(model), NULL, 0, 0, NULL, NULL,
     "Which model, as a provider lists it. What callers ask for becomes this name."},
    {"provider", GW_KEY_STRING, GW_KEY_FILLED, TARGET(provider), NULL, 0, 0, NULL, NULL,
     PROVIDER_DOC},
    {"credential", GW_KEY_CREDENTIAL, 0, TARGET(credential), NULL, 0, 0, NULL, NULL,
     "Where its key is. Without it the provider's `credential` counts, else the environment "
     "variable that is called as the provider: in upper case, `_` for `-` and `.`, and `_API_KEY` "
     "behind it."},
    {"weight", GW_KEY_INTEGER, 0, TARGET(weight), "1", 0, WEIGHT_MAX, NULL, NULL,
     "Its share where the strategy is `weighted`, relative to the others'; 0: none."},
    {"timeout_ms", GW_KEY_INTEGER, 0, TARGET(timeout_ms), NULL, 1, DAY_MS, NULL, NULL,
     "Whole answer that is not streamed, or time to the first byte of a stream. Without it the "
     "model's, then the provider's."},
};
const struct gw_config_table gw_table_targets = {
    "targets.NAME",
    TABLE(target_keys),
    sizeof(struct gw_raw_target),
    GW_TABLE_IN_FORCE,
    NULL,
    "A model at a provider, with a credential of the gateway's. One that no route and no function "
    "names answers\nto its model's name by itself."};

static const struct gw_config_key retry_keys[] = {
    {"max_retries", GW_KEY_INTEGER, 0, RETRY(max_retries), "2", 0, 100, NULL, NULL,
     MAX_RETRIES_DOC},
    {"backoff_base_ms", GW_KEY_INTEGER, 0, RETRY(backoff_base_ms), "500", 0, DAY_MS, NULL, NULL,
     BACKOFF_BASE_DOC},
    {"backoff_max_ms", GW_KEY_INTEGER, 0, RETRY(backoff_max_ms), "10000", 0, DAY_MS, NULL, NULL,
     BACKOFF_MAX_DOC},
};
static const struct gw_config_table retry_table = {
    "routing.retry",
    TABLE(retry_keys),
    sizeof(struct gw_retry_config),
    GW_TABLE_IN_FORCE,
    NULL,
    "How calls to targets are retried. Passthrough never is."};

static const struct gw_config_key own_retry_keys[] = {
    {"max_retries", GW_KEY_INTEGER, 0, RETRY(max_retries), NULL, 0, 100, NULL, NULL,
     MAX_RETRIES_DOC FROM_RETRY},
    {"backoff_base_ms", GW_KEY_INTEGER, 0, RETRY(backoff_base_ms), NULL, 0, DAY_MS, NULL, NULL,
     BACKOFF_BASE_DOC FROM_RETRY},
    {"backoff_max_ms", GW_KEY_INTEGER, 0, RETRY(backoff_max_ms), NULL, 0, DAY_MS, NULL, NULL,
     BACKOFF_MAX_DOC FROM_RETRY},
};
static const struct gw_config_table own_retry_table = {
    "*.retry",
    TABLE(own_retry_keys),
    sizeof(struct gw_retry_config),
    GW_TABLE_IN_FORCE,
    NULL,
    "How calls to targets are retried, for one route or function (`[routes.NAME.retry]`, "
    "`[functions.NAME.retry]`)."};

static const struct gw_config_key breaker_keys[] = {
    {"enabled", GW_KEY_BOOL, 0, BREAKER(enabled), "true", 0, 0, NULL, NULL,
     "Whether a target that keeps failing is skipped while there is another."},
    {"failures", GW_KEY_INTEGER, 0, BREAKER(failures), "5", 1, 10000, NULL, NULL,
     "So many failures in a row, within `window_ms` of the first, make it so."},
    {"window_ms", GW_KEY_INTEGER, 0, BREAKER(window_ms), "10000", 1, DAY_MS, NULL, NULL,
     "How long a failure counts."},
    {"open_ms", GW_KEY_INTEGER, 0, BREAKER(open_ms), "15000", 1, DAY_MS, NULL, NULL,
     "How long it is skipped; then one request at a time tries it again."},
};
static const struct gw_config_table breaker_table = {
    "routing.breaker",
    TABLE(breaker_keys),
    sizeof(struct gw_breaker_config),
    GW_TABLE_IN_FORCE,
    NULL,
    "What is remembered of targets that fail, by all workers together and over a reload."};

static const struct gw_config_key routing_keys[] = {
    {"retry", GW_KEY_TABLE, 0, INTO(struct gw_raw_routing, retry), NULL, 0, 0, NULL, &retry_table,
     NULL},
    {"breaker", GW_KEY_TABLE, 0, INTO(struct gw_raw_routing, breaker), NULL, 0, 0, NULL,
     &breaker_table, NULL},
};
const struct gw_config_table gw_table_routing = {
    "routing", TABLE(routing_keys), sizeof(struct gw_raw_routing), GW_TABLE_IN_FORCE, NULL, NULL};

static const struct gw_config_key step_keys[] = {
    {"strategy", GW_KEY_CHOICE, 0, STEP(strategy), NULL, 0, 0, strategies, NULL,
     "How one of its targets is chosen, as for a route; a single target needs none."},
    {"targets", GW_KEY_STRINGS, GW_KEY_REQUIRED | GW_KEY_FILLED, STEP(targets), NULL, 0, 0, NULL,
     NULL, "Names of targets, each once."},
};
static const struct gw_config_table step_table = {
    "*.steps",
    TABLE(step_keys),
    sizeof(struct gw_raw_step),
    GW_TABLE_IN_FORCE,
    NULL,
    "`[[routes.NAME.steps]]`, `[[functions.NAME.steps]]`: tried in turn, each failing as a whole "
    "to the next."};

static const struct gw_config_key route_keys[] = {
    {"endpoint", GW_KEY_CHOICE, 0, ROUTE(endpoint), "chat", 0, 0, endpoints, NULL,
     "Which kind of call it takes; `chat` is chat completions, Responses and Messages."},
    {"models", GW_KEY_STRINGS, 0, ROUTE(models), NULL, 0, 0, NULL, NULL,
     "Model names it answers to; no other route of the same endpoint may have them. They need not "
     "be names that a provider knows. Without any the route is reached as `route::NAME` only."},
    {"strategy", GW_KEY_CHOICE, 0, ROUTE(strategy), NULL, 0, 0, strategies, NULL,
     "How one of `targets` is chosen. `single`: the one that there is, also by default; "
     "`weighted`: drawn by weight; `fallback`: in their order, each when the one before it fails."},
    {"targets", GW_KEY_STRINGS, 0, ROUTE(targets), NULL, 0, 0, NULL, NULL,
     "Names of targets, each once. Required where there are no `[[routes.NAME.steps]]`."},
    {"steps", GW_KEY_TABLE_LIST, 0, ROUTE(steps), NULL, 0, 0, NULL, &step_table, NULL},
    {"retry", GW_KEY_TABLE, 0, ROUTE(retry), NULL, 0, 0, NULL, &own_retry_table, NULL},
    {"security", GW_KEY_TABLE, NOWHERE, NULL, 0, 0, NULL, &gw_table_own_security, NULL},
};
const struct gw_config_table gw_table_routes = {"routes.NAME",
                                                TABLE(route_keys),
                                                sizeof(struct gw_raw_route),
                                                GW_TABLE_IN_FORCE,
                                                NULL,
                                                "Models and the targets that answer for them."};

static const struct gw_config_key variant_keys[] = {
    {"model", GW_KEY_STRING, GW_KEY_REQUIRED | GW_KEY_FILLED, VARIANT(model), NULL, 0, 0, NULL,
     NULL, "Which model, as a provider lists it."},
    {"provider", GW_KEY_STRING, GW_KEY_FILLED, VARIANT(provider), NULL, 0, 0, NULL, NULL,
     PROVIDER_DOC},
    {"weight", GW_KEY_INTEGER, 0, VARIANT(weight), "1", 0, WEIGHT_MAX, NULL, NULL,
     "Its share, relative to the others'; 0: none."},
    {"temperature", GW_KEY_NUMBER, NOWHERE, NULL, 0, 2, NULL, NULL,
     "Goes before what the caller sent, as do the following; for the endpoint `chat` only."},
    {"max_tokens", GW_KEY_INTEGER, NOWHERE, NULL, 1, INT32_MAX, NULL, NULL,
     "Longest answer, under the name that the caller's API has for it."},
    {"top_p", GW_KEY_NUMBER, NOWHERE, NULL, 0, 1, NULL, NULL, "Nucleus sampling."},
    {"seed", GW_KEY_INTEGER, NOWHERE, NULL, INT64_MIN, INT64_MAX, NULL, NULL,
     "Sampling seed. Responses and Messages have none: it is left out there."},
    {"reasoning_effort", GW_KEY_CHOICE, NOWHERE, NULL, 0, 0, efforts, NULL,
     "How much the model reasons; which of these it takes is the model's business."},
};
static const struct gw_config_table variant_table = {
    "functions.NAME.variants.V",
    TABLE(variant_keys),
    sizeof(struct gw_raw_variant),
    GW_TABLE_IN_FORCE,
    NULL,
    "One arm of an experiment. The answer names it as `x-gateway-variant`."};

static const struct gw_config_key function_keys[] = {
    {"endpoint", GW_KEY_CHOICE, 0, ROUTE(endpoint), "chat", 0, 0, endpoints, NULL,
     "Which kind of call it takes, as for a route."},
    {"models", GW_KEY_STRINGS, 0, ROUTE(models), NULL, 0, 0, NULL, NULL,
     "Models to use, each listed by exactly one provider. They need no targets: a credential is "
     "the provider's or by convention."},
    {"strategy", GW_KEY_CHOICE, 0, ROUTE(strategy), NULL, 0, 0, function_strategies, NULL,
     "How one of `models` or `targets` is chosen, as for a route. `experiment`: one of the "
     "variants by weight; the default with variants, and for nothing else."},
    {"targets", GW_KEY_STRINGS, 0, ROUTE(targets), NULL, 0, 0, NULL, NULL,
     "Names of targets, each once."},
    {"steps", GW_KEY_TABLE_LIST, 0, ROUTE(steps), NULL, 0, 0, NULL, &step_table, NULL},
    {"variants", GW_KEY_TABLES, 0, ROUTE(variants), NULL, 0, 0, NULL, &variant_table, NULL},
    {"retry", GW_KEY_TABLE, 0, ROUTE(retry), NULL, 0, 0, NULL, &own_retry_table, NULL},
    {"security", GW_KEY_TABLE, NOWHERE, NULL, 0, 0, NULL, &gw_table_own_security, NULL},
};
const struct gw_config_table gw_table_functions = {
    "functions.NAME",
    TABLE(function_keys),
    sizeof(struct gw_raw_route),
    GW_TABLE_IN_FORCE,
    NULL,
    "A named task, called as `function::NAME` or by its bare name, which goes before models of "
    "that name. Exactly one\nof `models`, `targets`, `[[functions.NAME.steps]]` and "
    "`[functions.NAME.variants.V]` says what answers."};

struct gw_str gw_endpoint_kind_name(enum gw_endpoint_kind kind)
{
    return (unsigned)kind < GW_ENDPOINTS ? gw_str_of(endpoints[kind]) : GW_STR("other");
}

struct gw_str gw_strategy_name(enum gw_strategy strategy)
{
    return (unsigned)strategy < GW_STRATEGIES
               ? gw_str_of(function_strategies[GW_RAW_STRATEGY_FIRST + (unsigned)strategy])
               : GW_STR("");
}

struct gw_str gw_param_name(enum gw_param param)
{
    return (unsigned)param < GW_PARAMS ? gw_str_of(params[param]) : GW_STR("");
}
