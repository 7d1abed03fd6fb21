/*
 * config/known_providers: what is known of a provider by its name or its host, one row each.
 *
 * The rows stand here and not in provider/, because checking and freezing a configuration needs
 * them and config/ may not look up to provider/; what acts on them (moving a caller's key, signing)
 * is in provider/. Any other provider is OpenAI-compatible with bearer authentication and speaks no
 * Responses.
 */
#ifndef GW_CONFIG_KNOWN_PROVIDERS_H
#define GW_CONFIG_KNOWN_PROVIDERS_H

#include "base/str.h"

/* The wire format an upstream speaks. */
enum gw_dialect {
    GW_DIALECT_OPENAI, /* chat completions and what stands beside them */
    GW_DIALECT_ANTHROPIC,
    GW_DIALECT_GEMINI,
    GW_DIALECT_COHERE,  /* v2 */
    GW_DIALECT_BEDROCK, /* Converse */
    GW_DIALECTS         /* must stay last */
};

/* How a credential is shown to the upstream. */
enum gw_auth_kind {
    GW_AUTH_BEARER, /* Authorization: Bearer K */
    GW_AUTH_HEADER, /* NAME: K */
    GW_AUTH_QUERY   /* ?NAME=K: ends up in logs on the way; only where the operator asks for it */
};

struct gw_auth {
    enum gw_auth_kind kind;
    struct gw_str name; /* of the header, in lower case, or of the query parameter */
};

#define GW_KNOWN_HOSTS 3

struct gw_known_provider {
    const char *name;
    /* Lower case; one '*' stands for anything. NULL: none (further). */
    const char *hosts[GW_KNOWN_HOSTS];
    enum gw_dialect dialect;
    enum gw_auth_kind auth;
    const char *auth_name;
    bool responses;               /* speaks /v1/responses */
    bool responses_under_v1_only; /* and only where the base URL ends in /v1 */
    bool completion_tokens;       /* knows max_completion_tokens in Chat Completions */
    /* Its path of an OpenAI-compatible API beside its own; NULL: none. A base URL whose path holds
     * it speaks OpenAI. */
    const char *compatible_path;
    const char *usual_path;     /* of a base URL; NULL: an empty one is fine */
    const char *telemetry_name; /* gen_ai.provider.name; NULL: the name given in the file */
};

/* NULL when it is not known. Byte-exact. */
const struct gw_known_provider *gw_known_provider_by_name(struct gw_str name);
const struct gw_known_provider *gw_known_provider_by_host(struct gw_str host);

/* All rows, for documentation and tests. */
const struct gw_known_provider *gw_known_providers(size_t *count_out);

/* What is derived for a provider that the file says nothing else about. */
struct gw_provider_traits {
    enum gw_dialect dialect;
    struct gw_auth auth;
    bool responses;
    bool completion_tokens;
    struct gw_str known_name; /* of the row; empty: none */
    struct gw_str telemetry_name;
};

/* The row is found by name, then by host.
 * @param host, path     of the base URL; empty for the demo provider
 * @param demo           base_url is "demo:": the dialect goes by name, Responses are spoken too
 * @param dialect_given  NULL, or the dialect the file says, which wins: a row of another one then
 * tells nothing but its telemetry name */
struct gw_provider_traits gw_provider_derive(struct gw_str name, struct gw_str host,
                                             struct gw_str path, bool demo,
                                             const enum gw_dialect *dialect_given);

/* The header or parameter that is usual for this kind of authentication, where the file names none.
 */
struct gw_str gw_auth_usual_name(enum gw_auth_kind kind, enum gw_dialect dialect,
                                 const struct gw_auth *derived);

/* "openai", "anthropic", "gemini", "cohere", "bedrock" */
struct gw_str gw_dialect_name(enum gw_dialect dialect);

#endif
