/* What `sluice explain --json` says, read back. */
#include "unit/test.h"

#include "app/explain.h"
#include "unit/config/load.h"
#include "wire/json_read.h"

#define TOKENS_MAX 10000u

static const char file[] =
    "[server]\n[defaults.provider]\ntimeout_ms = 100\n"
    "[providers.openai]\nbase_url = \"https://api.openai.com/v1\"\n"
    "models = [\"gpt-4o\", \"o3\", \"say \\\"hi\\\"\"]\ncredential = \"env::EXPLAIN_HAS\"\n"
    "[providers.anthropic]\nbase_url = \"https://api.anthropic.com/v1\"\nmodels = [\"claude\"]\n"
    "[providers.old]\nbase_url = \"http://old:81\"\nmodels = [\"old\"]\n"
    "auth_type = \"query_param\"\nauth_header_name = \"code\"\n"
    "[providers.demo]\nbase_url = \"demo:\"\nmodels = [\"demo-chat\"]\n"
    "[models.o3]\napi = \"responses\"\n"
    "[targets.a]\nmodel = \"gpt-4o\"\nweight = 70\ntimeout_ms = 7\n"
    "[targets.b]\nmodel = \"claude\"\ncredential = \"env::EXPLAIN_LACKS\"\nweight = 30\n"
    "[targets.o]\nmodel = \"o3\"\n"
    "[targets.d]\nmodel = \"demo-chat\"\n"
    "[targets.odd]\nmodel = \"say \\\"hi\\\"\"\n"
    "[targets.old]\nmodel = \"old\"\n"
    "[routes.r]\nmodels = [\"gpt-4o\"]\nstrategy = \"fallback\"\ntargets = [\"a\", \"b\"]\n"
    "retry = { max_retries = 1, backoff_base_ms = 5, backoff_max_ms = 6 }\n"
    "[routes.w]\nmodels = [\"drawn\"]\nstrategy = \"weighted\"\ntargets = [\"a\", \"b\"]\n"
    "[routes.s]\nmodels = [\"walk\"]\n"
    "[[routes.s.steps]]\nstrategy = \"weighted\"\ntargets = [\"a\", \"b\"]\n"
    "[[routes.s.steps]]\ntargets = [\"o\"]\n"
    "[routes.e]\nendpoint = \"embeddings\"\nmodels = [\"emb\"]\ntargets = [\"b\"]\n"
    "[routes.d]\nmodels = [\"d\"]\ntargets = [\"d\"]\n"
    "[functions.task]\nstrategy = \"experiment\"\n"
    "[functions.task.variants.fast]\nmodel = \"gpt-4o\"\ntemperature = 0.20\nmax_tokens = 500\n"
    "[routing.breaker]\nfailures = 3\nwindow_ms = 4\nopen_ms = 5\n";

static const struct gw_explain_health told = {
    .reason = "nobody \"was\" asked",
    .page = GW_STR_INIT("gateway_target_healthy{target=\"a\"} 1\n"
                        "gateway_target_healthy{target=\"b\"} 0\n"),
};

static const struct {
    const char *endpoint, *model;
    /* Pairs: keys and numbers of elements with dots between, and the value's JSON. */
    const char *facts[20][2];
} cases[] = {
    {"",
     "gpt-4o",
     {{"model", "\"gpt-4o\""},
      {"endpoint", "\"chat\""},
      {"layer", "\"route\""},
      {"name", "\"r\""},
      {"strategy", "\"fallback\""},
      {"retry", "{\"max_retries\":1,\"backoff_base_ms\":5,\"backoff_max_ms\":6}"},
      {"breaker", "{\"enabled\":true,\"failures\":3,\"window_ms\":4,\"open_ms\":5}"},
      {"steps.0.strategy", "\"fallback\""},
      {"steps.0.retries", "0"},
      {"steps.0.first_once_more", "true"},
      {"steps.0.skips_open", "true"},
      {"steps.1", NULL},
      {"steps.0.targets.2", NULL}}},
    {"",
     "route::r",
     {{"steps.0.targets.0",
       "{\"name\":\"a\",\"provider\":\"openai\",\"model\":\"gpt-4o\",\"listed\":true,"
       "\"api\":\"chat\",\"dialect\":\"openai\","
       "\"url\":\"https://api.openai.com/v1/chat/completions\","
       "\"serves\":[\"/v1/chat/completions\",\"/v1/messages\",\"/v1/"
       "responses\"],\"translates\":[\"/v1/messages\"],"
       "\"credential\":{\"place\":\"env::EXPLAIN_HAS\",\"level\":\"provider\",\"found\":true},"
       "\"auth\":{\"kind\":\"bearer\",\"name\":\"authorization\"},"
       "\"timeouts\":{\"connect_ms\":5000,\"total_ms\":7,\"idle_ms\":60000},"
       "\"weight\":null,\"variant\":null,\"params\":{},"
       "\"health\":{\"state\":\"healthy\",\"reason\":null}}"},
      {"steps.0.targets.1.credential",
       "{\"place\":\"env::EXPLAIN_LACKS\",\"level\":\"target\",\"found\":false}"},
      {"steps.0.targets.1.auth", "{\"kind\":\"api_key_header\",\"name\":\"x-api-key\"}"},
      {"steps.0.targets.1.serves", "[\"/v1/chat/completions\",\"/v1/messages\",\"/v1/responses\"]"},
      {"steps.0.targets.1.health.state", "\"open\""}}},
    {"",
     "drawn",
     {{"strategy", "\"weighted\""},
      {"steps.0.retries", "2"},
      {"steps.0.first_once_more", "false"},
      {"steps.0.targets.0.weight", "70"},
      {"steps.0.targets.1.weight", "30"}}},
    {"",
     "walk",
     {{"strategy", "\"steps\""},
      {"steps.0.strategy", "\"weighted\""},
      {"steps.0.retries", "1"},
      {"steps.0.targets.1.name", "\"b\""},
      {"steps.1.strategy", "\"single\""},
      {"steps.1.retries", "2"},
      {"steps.1.skips_open", "true"},
      {"steps.1.targets.0.name", "\"o\""},
      {"steps.1.targets.0.api", "\"responses\""},
      {"steps.1.targets.0.url", "\"https://api.openai.com/v1/responses\""},
      {"steps.1.targets.0.serves", "[\"/v1/chat/completions\",\"/v1/messages\",\"/v1/responses\"]"},
      {"steps.2", NULL}}},
    {"",
     "function::task",
     {{"layer", "\"function\""},
      {"name", "\"task\""},
      {"strategy", "\"experiment\""},
      {"steps.0.skips_open", "false"},
      {"steps.0.targets.0.name", "\"openai::gpt-4o\""},
      {"steps.0.targets.0.weight", "1"},
      {"steps.0.targets.0.variant", "\"fast\""},
      {"steps.0.targets.0.params.temperature", "0.2"},
      {"steps.0.targets.0.params.max_tokens", "500"},
      {"steps.0.targets.0.params.seed", NULL},
      {"steps.0.targets.0.health.state", "\"not_known\""},
      {"steps.0.targets.0.health.reason", "\"nobody \\\"was\\\" asked\""}}},
    {"",
     "say \"hi\"",
     {{"model", "\"say \\\"hi\\\"\""},
      {"layer", "\"target\""},
      {"name", "\"odd\""},
      {"strategy", "\"single\""},
      {"steps.0.targets.0.model", "\"say \\\"hi\\\"\""}}},
    {"embeddings",
     "emb",
     {{"endpoint", "\"embeddings\""},
      {"steps.0.targets.0.url", "null"},
      {"steps.0.targets.0.serves", "[]"}}},
    {"", "d", {{"steps.0.targets.0.url", "\"demo:\""}}},
    {"",
     "old",
     {{"steps.0.targets.0.auth", "{\"kind\":\"query_param\",\"name\":\"code\"}"},
      {"steps.0.targets.0.credential",
       "{\"place\":\"env::OLD_API_KEY\",\"level\":\"convention\",\"found\":false}"}}},
    {"",
     "openai::gpt-9",
     {{"layer", "\"passthrough\""},
      {"name", "null"},
      {"strategy", "null"},
      {"retry", "null"},
      {"breaker", "null"},
      {"steps.0.strategy", "null"},
      {"steps.0.retries", "0"},
      {"steps.0.targets.0.name", "null"},
      {"steps.0.targets.0.model", "\"gpt-9\""},
      {"steps.0.targets.0.listed", "false"},
      {"steps.0.targets.0.url", "\"https://api.openai.com/v1/chat/completions\""},
      {"steps.0.targets.0.credential", "{\"place\":null,\"level\":\"caller\",\"found\":null}"},
      {"steps.0.targets.0.timeouts.total_ms", "100"},
      {"steps.0.targets.0.weight", "null"},
      {"steps.0.targets.0.health", "null"},
      {"steps.0.targets.1", NULL}}},
};

static uint32_t element(const struct gw_json *json, uint32_t array, uint64_t number)
{
    struct gw_json_iter iter = gw_json_iter(json, array);
    uint32_t value;

    while (gw_json_next(json, &iter, &value))
        if (number-- == 0)
            return value;
    return GW_JSON_ABSENT;
}

/* The bytes of what is at "key.0.key"; base NULL: nothing is. */
static struct gw_str at_path(const struct gw_json *json, struct gw_str path)
{
    uint32_t at = 0;

    while (path.len) {
        struct gw_str name = {path.base, gw_str_find(path, '.')};
        uint64_t number;
        at = gw_str_to_u64(name, &number) ? element(json, at, number) : gw_json_get(json, at, name);
        path = gw_str_from(path, name.len + 1);
    }
    return gw_json_slice(json, at);
}

static void check(size_t i, const struct gw_config *config)
{
    struct gw_explanation explanation;
    struct gw_err err = {.message = ""};
    struct gw_arena arena;
    struct gw_json json;
    struct gw_buf buf;

    gw_buf_init(&buf, 65536);
    gw_arena_init(&arena, NULL);
    if (gw_explain(config, gw_str_of(cases[i].endpoint), gw_str_of(cases[i].model), &explanation,
                   &err) != GW_OK ||
        gw_explain_json(&explanation, &told, &buf) != GW_OK)
        fail_msg("%s: %s", cases[i].model, err.message);
    struct gw_str text = gw_buf_str(&buf);
    if (gw_json_read(text, &arena, TOKENS_MAX, &json, &err) != GW_OK)
        fail_msg("%s: %s, at %zu of %.*s", cases[i].model, err.message, err.offset,
                 GW_STR_ARG(text));
    for (size_t j = 0; j < GW_COUNT(cases[i].facts) && cases[i].facts[j][0]; j++) {
        struct gw_str found = at_path(&json, gw_str_of(cases[i].facts[j][0]));
        struct gw_str wanted = gw_str_of(cases[i].facts[j][1]);
        if (!gw_str_eq(found, wanted) || !found.base != !wanted.base)
            fail_msg("%s: %s is %.*s", cases[i].model, cases[i].facts[j][0], GW_STR_ARG(found));
    }
    assert_int_equal(text.base[text.len - 1], '\n');
    assert_int_equal(gw_str_find(text, '\n'), text.len - 1);
    assert_int_equal(gw_str_find_str(text, GW_STR("sk-")), text.len);
    gw_arena_finish(&arena);
    gw_buf_finish(&buf);
}

static void load(struct loaded *loaded)
{
    load_for(GW_CONFIG_TO_EXPLAIN, file, loaded);
    if (loaded->status != GW_OK)
        fail_msg("%s", loaded->said);
}

static void test_facts(void **state)
{
    static struct loaded loaded;

    (void)state;
    load(&loaded);
    for (size_t i = 0; i < GW_COUNT(cases); i++)
        check(i, loaded.config);
    load_finish(&loaded);
}

/* Scripts look for keys: all of them are always there, in passthrough too. */
static void test_keys_are_the_same(void **state)
{
    static const char *const models[] = {"gpt-4o", "drawn", "walk", "task", "openai::gpt-9"};
    static const char *const keys[] = {
        "model",
        "endpoint",
        "layer",
        "name",
        "strategy",
        "retry",
        "breaker",
        "steps.0.strategy",
        "steps.0.retries",
        "steps.0.first_once_more",
        "steps.0.skips_open",
        "steps.0.targets.0.name",
        "steps.0.targets.0.provider",
        "steps.0.targets.0.model",
        "steps.0.targets.0.listed",
        "steps.0.targets.0.api",
        "steps.0.targets.0.dialect",
        "steps.0.targets.0.url",
        "steps.0.targets.0.serves",
        "steps.0.targets.0.translates",
        "steps.0.targets.0.credential.place",
        "steps.0.targets.0.credential.level",
        "steps.0.targets.0.credential.found",
        "steps.0.targets.0.auth.kind",
        "steps.0.targets.0.auth.name",
        "steps.0.targets.0.timeouts.connect_ms",
        "steps.0.targets.0.timeouts.total_ms",
        "steps.0.targets.0.timeouts.idle_ms",
        "steps.0.targets.0.weight",
        "steps.0.targets.0.variant",
        "steps.0.targets.0.params",
        "steps.0.targets.0.health",
    };
    static struct loaded loaded;

    (void)state;
    load(&loaded);
    for (size_t i = 0; i < GW_COUNT(models); i++) {
        struct gw_explanation explanation;
        struct gw_err err;
        struct gw_arena arena;
        struct gw_json json;
        struct gw_buf buf;
        gw_buf_init(&buf, 65536);
        gw_arena_init(&arena, NULL);
        assert_int_equal(
            gw_explain(loaded.config, GW_STR(""), gw_str_of(models[i]), &explanation, &err), GW_OK);
        assert_int_equal(gw_explain_json(&explanation, &told, &buf), GW_OK);
        assert_int_equal(gw_json_read(gw_buf_str(&buf), &arena, TOKENS_MAX, &json, &err), GW_OK);
        for (size_t j = 0; j < GW_COUNT(keys); j++)
            if (!at_path(&json, gw_str_of(keys[j])).base)
                fail_msg("%s has no %s", models[i], keys[j]);
        gw_arena_finish(&arena);
        gw_buf_finish(&buf);
    }
    load_finish(&loaded);
}

/* What does not fit is no success, wherever the end comes. */
static void test_room(void **state)
{
    static struct loaded loaded;
    struct gw_explanation explanation;
    struct gw_err err;
    bool whole = false;

    (void)state;
    load(&loaded);
    assert_int_equal(gw_explain(loaded.config, GW_STR(""), GW_STR("task"), &explanation, &err),
                     GW_OK);
    for (size_t room = 0; !whole; room++) {
        struct gw_buf buf;
        gw_buf_init(&buf, room);
        enum gw_status status = gw_explain_json(&explanation, &told, &buf);
        whole = status == GW_OK;
        assert_true(whole || (status == GW_TOO_LARGE && room < 4096));
        gw_buf_finish(&buf);
    }
    load_finish(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_keys_are_the_same),
        cmocka_unit_test(test_room),
    };

    (void)setenv("EXPLAIN_HAS", "sk-secret", 1);
    (void)unsetenv("EXPLAIN_LACKS");
    (void)unsetenv("OLD_API_KEY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
