#include "unit/test.h"

#include "route/resolve.h"
#include "unit/config/load.h"

static const char file[] =
    "[server]\n"
    "[defaults.provider]\ntimeout_ms = 100\n"
    "[providers.openai]\nbase_url = \"https://api.openai.com/v1\"\n"
    "models = [\"gpt-4o\", \"gpt-4.1\", \"a::b\", \"summarize\", \"o3-pro\"]\n"
    "[providers.anthropic]\nbase_url = \"https://api.anthropic.com/v1\"\n"
    "models = [\"claude\", \"gpt-4o\"]\ntimeout_ms = 7\n"
    "[models.o3-pro]\napi = \"responses\"\ntimeout_ms = 900\n"
    "[models.\"gpt-4.1\"]\ntimeout_ms = 5\n";

static const struct {
    const char *label, *asked;
    const char *provider, *upstream; /* what is found, or NULL */
    size_t prefix_bytes;
    bool listed;
    enum gw_model_api api;
    uint32_t timeout_ms;
    enum gw_status status; /* when not found */
    const char *message;
} cases[] = {
    {"bare", "gpt-4.1", "openai", "gpt-4.1", 0, true, GW_MODEL_API_CHAT, 5, GW_OK, NULL},
    {"bare, of two", "gpt-4o", "openai", "gpt-4o", 0, true, GW_MODEL_API_CHAT, 100, GW_OK, NULL},
    {"by prefix, the other one", "anthropic::gpt-4o", "anthropic", "gpt-4o", 11, true,
     GW_MODEL_API_CHAT, 7, GW_OK, NULL},
    {"by prefix, listed", "openai::o3-pro", "openai", "o3-pro", 8, true, GW_MODEL_API_RESPONSES,
     900, GW_OK, NULL},
    {"by prefix, not listed", "anthropic::new", "anthropic", "new", 11, false, GW_MODEL_API_CHAT, 7,
     GW_OK, NULL},
    {"not listed there, but with settings", "anthropic::o3-pro", "anthropic", "o3-pro", 11, false,
     GW_MODEL_API_RESPONSES, 900, GW_OK, NULL},
    {"the first separator counts", "openai::x::y", "openai", "x::y", 8, false, GW_MODEL_API_CHAT,
     100, GW_OK, NULL},
    {"three colons", "openai:::x", "openai", ":x", 8, false, GW_MODEL_API_CHAT, 100, GW_OK, NULL},
    {"a listed name with a separator", "openai::a::b", "openai", "a::b", 8, true, GW_MODEL_API_CHAT,
     100, GW_OK, NULL},
    {"... is a prefix when bare", "a::b", NULL, NULL, 0, false, 0, 0, GW_NOT_FOUND,
     "could not find the provider \"a\""},
    {"one colon is no separator", "openai:gpt-4o", NULL, NULL, 0, false, 0, 0, GW_NOT_FOUND,
     "could not find the model \"openai:gpt-4o\""},
    {"unknown model", "gpt-5", NULL, NULL, 0, false, 0, 0, GW_NOT_FOUND,
     "could not find the model \"gpt-5\""},
    {"case counts", "GPT-4o", NULL, NULL, 0, false, 0, 0, GW_NOT_FOUND,
     "could not find the model \"GPT-4o\""},
    {"case of providers counts", "OpenAI::gpt-4o", NULL, NULL, 0, false, 0, 0, GW_NOT_FOUND,
     "could not find the provider \"OpenAI\""},
    {"blanks count", "gpt-4o ", NULL, NULL, 0, false, 0, 0, GW_NOT_FOUND,
     "could not find the model \"gpt-4o \""},
    {"function", "function::summarize", NULL, NULL, 0, false, 0, 0, GW_NOT_FOUND,
     "could not find the function \"summarize\""},
    {"route", "route::gpt-4o", NULL, NULL, 0, false, 0, 0, GW_NOT_FOUND,
     "could not find the route \"gpt-4o\""},
    {"no provider before the separator", "::gpt-4o", NULL, NULL, 0, false, 0, 0, GW_NOT_FOUND,
     "could not find the provider \"\""},
    {"empty", "", NULL, NULL, 0, false, 0, 0, GW_INVALID, "the model is empty"},
    {"nothing behind the prefix", "openai::", NULL, NULL, 0, false, 0, 0, GW_INVALID,
     "the model has nothing behind its prefix"},
    {"nothing behind function", "function::", NULL, NULL, 0, false, 0, 0, GW_INVALID,
     "the model has nothing behind its prefix"},
    {"bytes that no terminal should see", "a\x1b[2J\xff", NULL, NULL, 0, false, 0, 0, GW_NOT_FOUND,
     "could not find the model \"a?[2J?\""},
};

static void check(size_t i, const struct gw_resolution *found)
{
    if (!gw_str_eq(found->provider->name, gw_str_of(cases[i].provider)) ||
        !gw_str_eq(found->upstream_model, gw_str_of(cases[i].upstream)) ||
        found->prefix_bytes != cases[i].prefix_bytes || (found->model != NULL) != cases[i].listed ||
        found->api != cases[i].api || found->timeouts.total_ms != cases[i].timeout_ms ||
        found->layer != GW_LAYER_PASSTHROUGH)
        fail_msg("%s: %.*s, %.*s, cut %zu, listed %d, api %d, %u ms", cases[i].label,
                 GW_STR_ARG(found->provider->name), GW_STR_ARG(found->upstream_model),
                 found->prefix_bytes, found->model != NULL, (int)found->api,
                 found->timeouts.total_ms);
    /* The model goes upstream as the end of what was asked for. */
    assert_int_equal(found->prefix_bytes + found->upstream_model.len, strlen(cases[i].asked));
    if (found->model) {
        assert_ptr_equal(found->model->provider, found->provider);
        assert_true(gw_str_eq(found->model->name, found->upstream_model));
    }
    assert_int_equal(found->timeouts.connect_ms, 5000);
}

static void test_resolution(void **state)
{
    static struct loaded loaded;

    (void)state;
    load_text(file, &loaded);
    if (loaded.status != GW_OK)
        fail_msg("%s", loaded.said);
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_resolution found = {.layer = GW_LAYER_FUNCTION};
        struct gw_err err = {0};
        enum gw_status status =
            gw_resolve(loaded.config, gw_str_of(cases[i].asked), GW_ENDPOINT_CHAT, &found, &err);
        if (status != cases[i].status)
            fail_msg("%s: %s", cases[i].label, gw_status_name(status));
        if (status == GW_OK) {
            check(i, &found);
        } else if (strcmp(err.message, cases[i].message) != 0 || found.provider) {
            fail_msg("%s: %s", cases[i].label, err.message);
        }
    }
    load_finish(&loaded);
}

/* A name of any length is told, in part, and nothing of the message is lost. */
static void test_long_names(void **state)
{
    static struct loaded loaded;
    static char name[5000];
    struct gw_resolution found;
    struct gw_err err;

    (void)state;
    load_text(file, &loaded);
    memset(name, 'x', sizeof name);
    assert_int_equal(gw_resolve(loaded.config, (struct gw_str){name, sizeof name}, GW_ENDPOINT_CHAT,
                                &found, &err),
                     GW_NOT_FOUND);
    assert_non_null(strstr(err.message, "xxx...\""));
    load_finish(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolution),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
