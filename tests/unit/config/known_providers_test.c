#include "unit/test.h"

#include "config/known_providers.h"

static const struct {
    const char *name, *host, *path;
    bool demo;
    int given; /* -1: the file says no dialect */
    enum gw_dialect dialect;
    enum gw_auth_kind auth;
    const char *auth_name;
    bool responses;
    const char *telemetry_name;
} cases[] = {
    /* by name, wherever it is */
    {"openai", "api.openai.com", "/v1", false, -1, GW_DIALECT_OPENAI, GW_AUTH_BEARER,
     "authorization", true, "openai"},
    {"openai", "127.0.0.1", "/v1", false, -1, GW_DIALECT_OPENAI, GW_AUTH_BEARER, "authorization",
     true, "openai"},
    {"anthropic", "127.0.0.1", "/v1", false, -1, GW_DIALECT_ANTHROPIC, GW_AUTH_HEADER, "x-api-key",
     false, "anthropic"},
    {"cohere", "api.cohere.com", "/v2", false, -1, GW_DIALECT_COHERE, GW_AUTH_BEARER,
     "authorization", false, "cohere"},
    {"google-gemini", "generativelanguage.googleapis.com", "/v1beta", false, -1, GW_DIALECT_GEMINI,
     GW_AUTH_HEADER, "x-goog-api-key", false, "gcp.gemini"},
    {"gcp-vertex-ai", "europe-west1-aiplatform.googleapis.com", "/v1", false, -1, GW_DIALECT_GEMINI,
     GW_AUTH_BEARER, "authorization", false, "gcp.vertex_ai"},
    {"aws-bedrock", "bedrock-runtime.eu-west-1.amazonaws.com", "", false, -1, GW_DIALECT_BEDROCK,
     GW_AUTH_BEARER, "authorization", false, "aws.bedrock"},
    {"azure-openai", "x.openai.azure.com", "/openai", false, -1, GW_DIALECT_OPENAI, GW_AUTH_HEADER,
     "api-key", false, "azure.ai.openai"},
    {"azure-openai", "x.openai.azure.com", "/openai/v1", false, -1, GW_DIALECT_OPENAI,
     GW_AUTH_HEADER, "api-key", true, "azure.ai.openai"},
    {"xai", "api.x.ai", "/v1", false, -1, GW_DIALECT_OPENAI, GW_AUTH_BEARER, "authorization", true,
     "x_ai"},
    {"mistral", "api.mistral.ai", "/v1", false, -1, GW_DIALECT_OPENAI, GW_AUTH_BEARER,
     "authorization", false, "mistral_ai"},
    {"ollama", "localhost", "/v1", false, -1, GW_DIALECT_OPENAI, GW_AUTH_BEARER, "authorization",
     false, "ollama"},
    /* by host, whatever its name */
    {"claude", "api.anthropic.com", "/v1", false, -1, GW_DIALECT_ANTHROPIC, GW_AUTH_HEADER,
     "x-api-key", false, "anthropic"},
    {"eu", "eu.API.OpenAI.com", "/v1", false, -1, GW_DIALECT_OPENAI, GW_AUTH_BEARER,
     "authorization", true, "openai"},
    {"mine", "res.openai.azure.com", "/openai/v1", false, -1, GW_DIALECT_OPENAI, GW_AUTH_HEADER,
     "api-key", true, "azure.ai.openai"},
    /* neither */
    {"mine", "127.0.0.1", "/v1", false, -1, GW_DIALECT_OPENAI, GW_AUTH_BEARER, "authorization",
     false, "mine"},
    {"mine", "evil-api.openai.com.example", "/v1", false, -1, GW_DIALECT_OPENAI, GW_AUTH_BEARER,
     "authorization", false, "mine"},
    {"mine", "notapi.anthropic.com", "/v1", false, -1, GW_DIALECT_OPENAI, GW_AUTH_BEARER,
     "authorization", false, "mine"},
    {"Anthropic", "h", "/v1", false, -1, GW_DIALECT_OPENAI, GW_AUTH_BEARER, "authorization", false,
     "Anthropic"},
    /* their OpenAI-compatible paths */
    {"google-gemini", "generativelanguage.googleapis.com", "/v1beta/openai", false, -1,
     GW_DIALECT_OPENAI, GW_AUTH_BEARER, "authorization", false, "gcp.gemini"},
    {"v", "aiplatform.googleapis.com", "/v1/projects/p/locations/l/endpoints/openapi", false, -1,
     GW_DIALECT_OPENAI, GW_AUTH_BEARER, "authorization", false, "gcp.vertex_ai"},
    {"cohere", "api.cohere.ai", "/compatibility/v1", false, -1, GW_DIALECT_OPENAI, GW_AUTH_BEARER,
     "authorization", false, "cohere"},
    {"b", "bedrock-runtime.us-east-1.amazonaws.com", "/openai/v1", false, -1, GW_DIALECT_OPENAI,
     GW_AUTH_BEARER, "authorization", false, "aws.bedrock"},
    /* the file's dialect wins */
    {"mine", "h", "", false, GW_DIALECT_ANTHROPIC, GW_DIALECT_ANTHROPIC, GW_AUTH_HEADER,
     "x-api-key", false, "mine"},
    {"mine", "h", "", false, GW_DIALECT_GEMINI, GW_DIALECT_GEMINI, GW_AUTH_HEADER, "x-goog-api-key",
     false, "mine"},
    {"deepseek", "api.deepseek.com", "/anthropic", false, GW_DIALECT_ANTHROPIC,
     GW_DIALECT_ANTHROPIC, GW_AUTH_HEADER, "x-api-key", false, "deepseek"},
    {"anthropic", "api.anthropic.com", "/v1", false, GW_DIALECT_OPENAI, GW_DIALECT_OPENAI,
     GW_AUTH_BEARER, "authorization", false, "anthropic"},
    {"azure-openai", "x.openai.azure.com", "/openai/v1", false, GW_DIALECT_OPENAI,
     GW_DIALECT_OPENAI, GW_AUTH_HEADER, "api-key", true, "azure.ai.openai"},
    /* the demo provider */
    {"demo", "", "", true, -1, GW_DIALECT_OPENAI, GW_AUTH_BEARER, "authorization", true, "demo"},
    {"mistral", "", "", true, -1, GW_DIALECT_OPENAI, GW_AUTH_BEARER, "authorization", true,
     "mistral_ai"},
    {"anthropic", "", "", true, -1, GW_DIALECT_ANTHROPIC, GW_AUTH_HEADER, "x-api-key", false,
     "anthropic"},
};

static void test_derived(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        enum gw_dialect given = (enum gw_dialect)cases[i].given;
        struct gw_provider_traits traits = gw_provider_derive(
            gw_str_of(cases[i].name), gw_str_of(cases[i].host), gw_str_of(cases[i].path),
            cases[i].demo, cases[i].given == -1 ? NULL : &given);
        if (traits.dialect != cases[i].dialect || traits.auth.kind != cases[i].auth ||
            !gw_str_eq(traits.auth.name, gw_str_of(cases[i].auth_name)) ||
            traits.responses != cases[i].responses ||
            !gw_str_eq(traits.telemetry_name, gw_str_of(cases[i].telemetry_name)))
            fail_msg("%s at %s%s: %.*s, auth %d %.*s, responses %d, telemetry %.*s", cases[i].name,
                     cases[i].host, cases[i].path, GW_STR_ARG(gw_dialect_name(traits.dialect)),
                     (int)traits.auth.kind, GW_STR_ARG(traits.auth.name), (int)traits.responses,
                     GW_STR_ARG(traits.telemetry_name));
    }
}

/* product.md names these. */
static const char *const promised[] = {
    "openai",      "anthropic",    "cohere",   "google-gemini", "gcp-vertex-ai",
    "aws-bedrock", "azure-openai", "xai",      "mistral",       "groq",
    "together",    "fireworks",    "deepseek", "perplexity",    "openrouter",
    "cerebras",    "sambanova",    "ai21",     "deepinfra",     "nvidia",
    "nebius",      "novita",       "moonshot", "ollama",        "vllm"};

static void test_all_are_there(void **state)
{
    size_t count = 0;
    const struct gw_known_provider *rows = gw_known_providers(&count);

    (void)state;
    assert_int_equal(count, GW_COUNT(promised));
    for (size_t i = 0; i < count; i++) {
        const struct gw_known_provider *row = gw_known_provider_by_name(gw_str_of(promised[i]));
        if (!row)
            fail_msg("%s is not known", promised[i]);
        /* A header of its own, or bearer without one. */
        assert_true((rows[i].auth == GW_AUTH_HEADER) == (rows[i].auth_name != NULL));
        for (size_t j = 0; j < GW_KNOWN_HOSTS && rows[i].hosts[j]; j++) {
            struct gw_str host = gw_str_of(rows[i].hosts[j]);
            size_t star = gw_str_find(host, '*');
            if (star != host.len)
                assert_int_equal(gw_str_find(gw_str_from(host, star + 1), '*') + star + 1,
                                 host.len);
            else /* no pattern of an earlier row takes it */
                assert_ptr_equal(gw_known_provider_by_host(host), &rows[i]);
        }
    }
}

static const struct {
    const char *host, *name;
} hosts[] = {
    {"API.OPENAI.COM", "openai"},
    {"api.openai.com.evil.example", NULL},
    {"xapi.openai.com", NULL},
    {".openai.azure.com", NULL}, /* '*' is never empty */
    {"openai.azure.com", NULL},
    {"r.services.ai.azure.com", "azure-openai"},
    {"bedrock-runtime.us-gov-east-1.amazonaws.com", "aws-bedrock"},
    {"bedrock-runtime..amazonaws.com", NULL},
    {"us-central1-aiplatform.googleapis.com", "gcp-vertex-ai"},
    {"", NULL},
};

static void test_hosts(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(hosts); i++) {
        const struct gw_known_provider *row = gw_known_provider_by_host(gw_str_of(hosts[i].host));
        if ((row == NULL) != (hosts[i].name == NULL) ||
            (row && strcmp(row->name, hosts[i].name) != 0))
            fail_msg("%s: %s", hosts[i].host, row ? row->name : "nobody");
    }
}

static void test_usual_auth_names(void **state)
{
    struct gw_auth azure = {GW_AUTH_HEADER, GW_STR("api-key")};
    struct gw_auth anthropic = {GW_AUTH_HEADER, GW_STR("x-api-key")};
    struct gw_auth plain = {GW_AUTH_BEARER, GW_STR("authorization")};

    (void)state;
    assert_true(gw_str_eq(gw_auth_usual_name(GW_AUTH_HEADER, GW_DIALECT_OPENAI, &azure),
                          GW_STR("api-key")));
    assert_true(gw_str_eq(gw_auth_usual_name(GW_AUTH_HEADER, GW_DIALECT_ANTHROPIC, &anthropic),
                          GW_STR("x-api-key")));
    assert_true(gw_str_eq(gw_auth_usual_name(GW_AUTH_HEADER, GW_DIALECT_OPENAI, &plain),
                          GW_STR("api-key")));
    assert_true(gw_str_eq(gw_auth_usual_name(GW_AUTH_HEADER, GW_DIALECT_GEMINI, &plain),
                          GW_STR("x-goog-api-key")));
    assert_true(
        gw_str_eq(gw_auth_usual_name(GW_AUTH_QUERY, GW_DIALECT_GEMINI, &plain), GW_STR("key")));
    assert_true(gw_str_eq(gw_auth_usual_name(GW_AUTH_BEARER, GW_DIALECT_ANTHROPIC, &anthropic),
                          GW_STR("authorization")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_derived),
        cmocka_unit_test(test_all_are_there),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_usual_auth_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
