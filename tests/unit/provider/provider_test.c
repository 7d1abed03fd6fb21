#include "unit/test.h"

#include "provider/provider.h"

enum { BEARER, ANTHROPIC, GEMINI, AZURE, CUSTOM, QUERY };

static const struct gw_provider_config providers[] = {
    [BEARER] = {.auth = {GW_AUTH_BEARER, GW_STR_INIT("authorization")}},
    [ANTHROPIC] = {.dialect = GW_DIALECT_ANTHROPIC,
                   .auth = {GW_AUTH_HEADER, GW_STR_INIT("x-api-key")}},
    [GEMINI] = {.dialect = GW_DIALECT_GEMINI,
                .auth = {GW_AUTH_HEADER, GW_STR_INIT("x-goog-api-key")}},
    [AZURE] = {.auth = {GW_AUTH_HEADER, GW_STR_INIT("api-key")}},
    [CUSTOM] = {.auth = {GW_AUTH_HEADER, GW_STR_INIT("x-key")}},
    [QUERY] = {.auth = {GW_AUTH_QUERY, GW_STR_INIT("k y")}},
};

static const struct {
    const char *label;
    int provider;
    const char *authorization, *x_api_key, *api_key, *x_goog_api_key; /* as the caller sent them */
    const char *name, *value;                                         /* what goes; NULL: nothing */
    const char *query;
} cases[] = {
    {"none", BEARER, "", "", "", "", NULL, NULL, NULL},
    {"none to a query", QUERY, "", "", "", "", NULL, NULL, NULL},
    {"as it came", BEARER, "Bearer K", "", "", "", "authorization", "Bearer K", NULL},
    {"as it came, in its case", BEARER, "bearer  K", "", "", "", "authorization", "bearer  K",
     NULL},
    {"another scheme", BEARER, "Basic eA==", "", "", "", "authorization", "Basic eA==", NULL},
    {"x-api-key as it came", ANTHROPIC, "", "K", "", "", "x-api-key", "K", NULL},
    {"bearer to x-api-key", ANTHROPIC, "Bearer K", "", "", "", "x-api-key", "K", NULL},
    {"bearer in another case", ANTHROPIC, "BEARER K", "", "", "", "x-api-key", "K", NULL},
    {"OAuth token stays", ANTHROPIC, "Bearer sk-ant-oat01-x", "", "", "", "authorization",
     "Bearer sk-ant-oat01-x", NULL},
    {"API key does not", ANTHROPIC, "Bearer sk-ant-api03-x", "", "", "", "x-api-key",
     "sk-ant-api03-x", NULL},
    {"x-api-key to bearer", BEARER, "", "K", "", "", "authorization", "Bearer K", NULL},
    {"api-key to bearer", BEARER, "", "", "K", "", "authorization", "Bearer K", NULL},
    {"x-goog-api-key to bearer", BEARER, "", "", "", "K", "authorization", "Bearer K", NULL},
    {"bearer to Gemini", GEMINI, "Bearer K", "", "", "", "x-goog-api-key", "K", NULL},
    {"x-api-key to Gemini", GEMINI, "", "K", "", "", "x-goog-api-key", "K", NULL},
    {"Google's OAuth stays", GEMINI, "Bearer ya29.x", "", "", "", "authorization", "Bearer ya29.x",
     NULL},
    {"bearer to Azure", AZURE, "Bearer K", "", "", "", "api-key", "K", NULL},
    {"Entra token stays", AZURE, "Bearer eyJh.b.c", "", "", "", "authorization", "Bearer eyJh.b.c",
     NULL},
    {"to a header of its own", CUSTOM, "Bearer K", "", "", "", "x-key", "K", NULL},
    {"to a query", QUERY, "Bearer K&=/", "", "", "", NULL, NULL, "k%20y=K%26%3D%2F"},
    {"only its own goes", ANTHROPIC, "Bearer OTHER", "K", "", "", "x-api-key", "K", NULL},
    {"only its own goes, bearer", BEARER, "Bearer K", "OTHER", "OTHER", "OTHER", "authorization",
     "Bearer K", NULL},
    {"the first of others goes", GEMINI, "", "K", "OTHER", "", "x-goog-api-key", "K", NULL},
    {"a scheme beside a key", ANTHROPIC, "Basic eA==", "", "K", "", "x-api-key", "K", NULL},
    {"a scheme that cannot be moved", ANTHROPIC, "Basic eA==", "", "", "", "authorization",
     "Basic eA==", NULL},
    {"bearer without a token", ANTHROPIC, "Bearer ", "", "", "", "authorization", "Bearer ", NULL},
};

static void test_keys_move(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        const struct gw_caller_keys keys = {
            .authorization = gw_str_of(cases[i].authorization),
            .x_api_key = gw_str_of(cases[i].x_api_key),
            .api_key = gw_str_of(cases[i].api_key),
            .x_goog_api_key = gw_str_of(cases[i].x_goog_api_key),
        };
        struct gw_key_fields shown;
        struct gw_arena arena;

        gw_arena_init(&arena, NULL);
        assert_int_equal(
            gw_provider_move_keys(&providers[cases[i].provider], &keys, &arena, &shown), GW_OK);
        struct gw_str name = shown.count ? shown.fields[0].name : GW_STR("");
        struct gw_str value = shown.count ? shown.fields[0].value : GW_STR("");
        if (shown.count != (cases[i].name != NULL) || !gw_str_eq(name, gw_str_of(cases[i].name)) ||
            !gw_str_eq(value, gw_str_of(cases[i].value)) ||
            !gw_str_eq(shown.query, gw_str_of(cases[i].query)))
            fail_msg("%s: %.*s: %.*s ?%.*s", cases[i].label, GW_STR_ARG(name), GW_STR_ARG(value),
                     GW_STR_ARG(shown.query));
        gw_arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
