#include "config/known_providers.h"

/* As their documentation had it in November 2026. `responses` is set only where the vendor
 * documents the endpoint for every account and version: not for vLLM and Ollama, where it depends
 * on how old the server is. */
static const struct gw_known_provider rows[] = {
    {.name = "openai",
     .completion_tokens = true,
     .hosts = {"api.openai.com", "*.api.openai.com"},
     .dialect = GW_DIALECT_OPENAI,
     .responses = true,
     .usual_path = "/v1",
     .telemetry_name = "openai"},
    {.name = "anthropic",
     .hosts = {"api.anthropic.com"},
     .dialect = GW_DIALECT_ANTHROPIC,
     .auth = GW_AUTH_HEADER,
     .auth_name = "x-api-key",
     .usual_path = "/v1",
     .telemetry_name = "anthropic"},
    {.name = "cohere",
     .hosts = {"api.cohere.com", "api.cohere.ai"},
     .dialect = GW_DIALECT_COHERE,
     .compatible_path = "/compatibility/",
     .usual_path = "/v2",
     .telemetry_name = "cohere"},
    {.name = "google-gemini",
     .hosts = {"generativelanguage.googleapis.com"},
     .dialect = GW_DIALECT_GEMINI,
     .auth = GW_AUTH_HEADER,
     .auth_name = "x-goog-api-key",
     .compatible_path = "/openai",
     .usual_path = "/v1beta",
     .telemetry_name = "gcp.gemini"},
    {.name = "gcp-vertex-ai",
     .hosts = {"aiplatform.googleapis.com", "*-aiplatform.googleapis.com"},
     .dialect = GW_DIALECT_GEMINI,
     .compatible_path = "/openapi",
     .usual_path = "/v1",
     .telemetry_name = "gcp.vertex_ai"},
    {.name = "aws-bedrock",
     .hosts = {"bedrock-runtime.*.amazonaws.com", "bedrock-runtime-fips.*.amazonaws.com"},
     .dialect = GW_DIALECT_BEDROCK,
     .compatible_path = "/openai/",
     .telemetry_name = "aws.bedrock"},
    {.name = "azure-openai",
     .completion_tokens = true,
     .hosts = {"*.openai.azure.com", "*.cognitiveservices.azure.com", "*.services.ai.azure.com"},
     .dialect = GW_DIALECT_OPENAI,
     .auth = GW_AUTH_HEADER,
     .auth_name = "api-key",
     .responses = true,
     .responses_under_v1_only = true,
     .usual_path = "/openai/v1",
     .telemetry_name = "azure.ai.openai"},
    {.name = "xai",
     .completion_tokens = true,
     .hosts = {"api.x.ai", "*.api.x.ai"},
     .responses = true,
     .usual_path = "/v1",
     .telemetry_name = "x_ai"},
    {.name = "mistral",
     .hosts = {"api.mistral.ai", "codestral.mistral.ai"},
     .usual_path = "/v1",
     .telemetry_name = "mistral_ai"},
    {.name = "groq",
     .completion_tokens = true,
     .hosts = {"api.groq.com"},
     .responses = true,
     .usual_path = "/openai/v1",
     .telemetry_name = "groq"},
    {.name = "together", .hosts = {"api.together.xyz", "api.together.ai"}, .usual_path = "/v1"},
    {.name = "fireworks", .hosts = {"api.fireworks.ai"}, .usual_path = "/inference/v1"},
    {.name = "deepseek", .hosts = {"api.deepseek.com"}, .telemetry_name = "deepseek"},
    {.name = "perplexity", .hosts = {"api.perplexity.ai"}, .telemetry_name = "perplexity"},
    {.name = "openrouter", .hosts = {"openrouter.ai"}, .responses = true, .usual_path = "/api/v1"},
    {.name = "cerebras",
     .completion_tokens = true,
     .hosts = {"api.cerebras.ai"},
     .usual_path = "/v1"},
    {.name = "sambanova", .hosts = {"api.sambanova.ai"}, .usual_path = "/v1"},
    {.name = "ai21", .hosts = {"api.ai21.com"}, .usual_path = "/studio/v1"},
    {.name = "deepinfra", .hosts = {"api.deepinfra.com"}, .usual_path = "/v1/openai"},
    {.name = "nvidia", .hosts = {"integrate.api.nvidia.com"}, .usual_path = "/v1"},
    {.name = "nebius",
     .hosts = {"api.studio.nebius.ai", "api.studio.nebius.com", "api.tokenfactory.nebius.com"},
     .usual_path = "/v1"},
    {.name = "novita", .hosts = {"api.novita.ai"}, .usual_path = "/v3/openai"},
    {.name = "moonshot",
     .hosts = {"api.moonshot.cn", "api.moonshot.ai"},
     .usual_path = "/v1",
     .telemetry_name = "moonshot_ai"},
    {.name = "ollama", .hosts = {"ollama.com"}, .usual_path = "/v1"},
    {.name = "vllm", .usual_path = "/v1"},
};

static const struct gw_str dialect_names[GW_DIALECTS] = {
    [GW_DIALECT_OPENAI] = GW_STR_INIT("openai"),
    [GW_DIALECT_ANTHROPIC] = GW_STR_INIT("anthropic"),
    [GW_DIALECT_GEMINI] = GW_STR_INIT("gemini"),
    [GW_DIALECT_COHERE] = GW_STR_INIT("cohere"),
    [GW_DIALECT_BEDROCK] = GW_STR_INIT("bedrock"),
};

/* What each dialect's own vendor wants, for providers that only the dialect is known of. */
static const struct gw_auth dialect_auth[GW_DIALECTS] = {
    [GW_DIALECT_OPENAI] = {GW_AUTH_BEARER, GW_STR_INIT("authorization")},
    [GW_DIALECT_ANTHROPIC] = {GW_AUTH_HEADER, GW_STR_INIT("x-api-key")},
    [GW_DIALECT_GEMINI] = {GW_AUTH_HEADER, GW_STR_INIT("x-goog-api-key")},
    [GW_DIALECT_COHERE] = {GW_AUTH_BEARER, GW_STR_INIT("authorization")},
    [GW_DIALECT_BEDROCK] = {GW_AUTH_BEARER, GW_STR_INIT("authorization")},
};

const struct gw_known_provider *gw_known_providers(size_t *count_out)
{
    *count_out = GW_COUNT(rows);
    return rows;
}

const struct gw_known_provider *gw_known_provider_by_name(struct gw_str name)
{
    for (size_t i = 0; i < GW_COUNT(rows); i++)
        if (gw_str_eq(name, gw_str_of(rows[i].name)))
            return &rows[i];
    return NULL;
}

/* One '*' at most; host names do not care about case. */
static bool host_matches(struct gw_str host, struct gw_str pattern)
{
    size_t star = gw_str_find(pattern, '*');
    struct gw_str head = {pattern.base, star};
    struct gw_str tail = gw_str_from(pattern, star + 1);

    if (star == pattern.len)
        return gw_str_eq_nocase(host, pattern);
    /* What '*' stands for is never empty: ".openai.azure.com" is no host. */
    if (host.len <= head.len + tail.len)
        return false;
    return gw_str_eq_nocase((struct gw_str){host.base, head.len}, head) &&
           gw_str_eq_nocase(gw_str_from(host, host.len - tail.len), tail);
}

const struct gw_known_provider *gw_known_provider_by_host(struct gw_str host)
{
    for (size_t i = 0; i < GW_COUNT(rows); i++)
        for (size_t j = 0; j < GW_KNOWN_HOSTS && rows[i].hosts[j]; j++)
            if (host_matches(host, gw_str_of(rows[i].hosts[j])))
                return &rows[i];
    return NULL;
}

static bool path_ends_in_v1(struct gw_str path)
{
    if (path.len && path.base[path.len - 1] == '/')
        path.len--;
    return path.len >= 3 && memcmp(path.base + path.len - 3, "/v1", 3) == 0;
}

static bool path_is_compatible(const struct gw_known_provider *row, struct gw_str path)
{
    return row->compatible_path &&
           gw_str_find_str(path, gw_str_of(row->compatible_path)) != path.len;
}

struct gw_provider_traits gw_provider_derive(struct gw_str name, struct gw_str host,
                                             struct gw_str path, bool demo,
                                             const enum gw_dialect *dialect_given)
{
    const struct gw_known_provider *row = gw_known_provider_by_name(name);
    enum gw_dialect dialect = GW_DIALECT_OPENAI;

    if (!row && !demo)
        row = gw_known_provider_by_host(host);
    if (row && !path_is_compatible(row, path))
        dialect = row->dialect;
    if (dialect_given)
        dialect = *dialect_given;

    struct gw_provider_traits traits = {
        .known_name = row ? gw_str_of(row->name) : GW_STR(""),
        .dialect = dialect,
        .auth = dialect_auth[dialect],
        .telemetry_name = row && row->telemetry_name ? gw_str_of(row->telemetry_name) : name,
    };
    if (row && row->dialect == dialect) {
        traits.completion_tokens = row->completion_tokens;
        traits.responses =
            row->responses && (!row->responses_under_v1_only || path_ends_in_v1(path));
        if (row->auth_name)
            traits.auth = (struct gw_auth){row->auth, gw_str_of(row->auth_name)};
        else
            traits.auth = dialect_auth[GW_DIALECT_OPENAI]; /* bearer, as Vertex wants it */
    }
    if (demo)
        traits.responses = dialect == GW_DIALECT_OPENAI;
    return traits;
}

struct gw_str gw_auth_usual_name(enum gw_auth_kind kind, enum gw_dialect dialect,
                                 const struct gw_auth *derived)
{
    switch (kind) {
    case GW_AUTH_BEARER:
        return GW_STR("authorization");
    case GW_AUTH_QUERY:
        return GW_STR("key"); /* Google's */
    case GW_AUTH_HEADER:
        if (derived->kind == GW_AUTH_HEADER)
            return derived->name;
        return dialect == GW_DIALECT_GEMINI ? GW_STR("x-goog-api-key") : GW_STR("api-key");
    }
    return GW_STR("authorization");
}

struct gw_str gw_dialect_name(enum gw_dialect dialect)
{
    return (unsigned)dialect < GW_DIALECTS ? dialect_names[dialect] : GW_STR("");
}
