/* The text of `sluice explain` for targets, routes and functions. */
#include "unit/test.h"

#include "unit/app/explain_check.h"

static const char routes[] =
    "[server]\n[defaults.provider]\ntimeout_ms = 100\n"
    "[providers.openai]\nbase_url = \"https://api.openai.com/v1\"\n"
    "models = [\"gpt-4o\", \"gpt-4o-mini\", \"o3\", \"o3-pro\"]\ncredential = "
    "\"env::EXPLAIN_HAS\"\n"
    "[providers.anthropic]\nbase_url = \"https://api.anthropic.com/v1\"\nmodels = [\"claude\"]\n"
    "[providers.google-gemini]\nbase_url = \"https://gemini.example/v1beta\"\n"
    "models = [\"gemini\"]\n"
    "[providers.plain]\nbase_url = \"http://[::1]:8000/x\"\nmodels = [\"llama\", \"new\"]\n"
    "auth_type = \"query_param\"\nauth_header_name = \"code\"\n"
    "[providers.demo]\nbase_url = \"demo:\"\nmodels = [\"demo-chat\"]\n"
    "[models.o3-pro]\napi = \"responses\"\n[models.new]\napi = \"responses\"\n"
    "[targets.a]\nmodel = \"gpt-4o\"\nweight = 70\ntimeout_ms = 7\n"
    "[targets.b]\nmodel = \"gpt-4o-mini\"\nweight = 30\ncredential = \"env::EXPLAIN_LACKS\"\n"
    "[targets.c]\nmodel = \"claude\"\ncredential = \"env::EXPLAIN_HAS\"\n"
    "[targets.g]\nmodel = \"gemini\"\ncredential = \"env::EXPLAIN_HAS\"\n"
    "[targets.l]\nmodel = \"llama\"\ncredential = \"env::EXPLAIN_HAS\"\nweight = 2\n"
    "[targets.n]\nmodel = \"new\"\n"
    "[targets.d]\nmodel = \"demo-chat\"\n"
    "[targets.p]\nmodel = \"o3-pro\"\n"
    "[targets.bare]\nmodel = \"o3\"\n"
    "[routes.fall]\nmodels = [\"gpt-4o\", \"fast\"]\nstrategy = \"fallback\"\n"
    "targets = [\"a\", \"b\", \"c\"]\n"
    "[routes.drawn]\nmodels = [\"drawn\"]\nstrategy = \"weighted\"\ntargets = [\"a\", \"b\"]\n"
    "[routes.third]\nmodels = [\"third\"]\nstrategy = \"weighted\"\n"
    "targets = [\"l\", \"c\"]\nretry = { max_retries = 1, backoff_base_ms = 9, backoff_max_ms = 5 "
    "}\n"
    "[routes.never]\nmodels = [\"never\"]\nstrategy = \"weighted\"\ntargets = [\"a\", \"b\"]\n"
    "retry = { max_retries = 0 }\n"
    "[routes.once]\nmodels = [\"once\"]\ntargets = [\"d\"]\n"
    "retry = { max_retries = 1, backoff_base_ms = 0 }\n"
    "[routes.left]\nmodels = [\"left\"]\nstrategy = \"fallback\"\n"
    "targets = [\"g\", \"n\", \"p\", \"l\"]\n"
    "[routes.emb]\nendpoint = \"embeddings\"\nmodels = [\"emb\"]\nstrategy = \"fallback\"\n"
    "targets = [\"l\", \"c\"]\n"
    "[routes.walk]\nmodels = [\"walk\"]\n"
    "[[routes.walk.steps]]\nstrategy = \"weighted\"\ntargets = [\"a\", \"b\"]\n"
    "[[routes.walk.steps]]\nstrategy = \"fallback\"\ntargets = [\"b\", \"a\"]\n"
    "[[routes.walk.steps]]\ntargets = [\"c\"]\n"
    "[functions.task]\nstrategy = \"experiment\"\n"
    "[functions.task.variants.fast]\nmodel = \"gpt-4o-mini\"\ntemperature = 0.2\nmax_tokens = 500\n"
    "[functions.task.variants.deep]\nmodel = \"gpt-4o\"\nreasoning_effort = \"high\"\nweight = 2\n"
    "[functions.one]\nmodels = [\"claude\"]\n";

static const struct gw_explain_health told = {
    .reason = "nobody was asked",
    .page = GW_STR_INIT("gateway_target_healthy{target=\"a\"} 1\n"
                        "gateway_target_healthy{target=\"b\"} 0\n"
                        "gateway_target_healthy{target=\"bare\"} 0\n"
                        "gateway_target_healthy{target=\"openai::gpt-4o\"} 0\n"),
};

static const struct explain_case managed[] = {
    {"fallback",
     "",
     "gpt-4o",
     GW_OK,
     {"layer managed: route \"fall\" (keys are the gateway's)", "endpoint chat",
      "strategy fallback: in order; after the last, the first once more",
      "retry the first target once more; waits up to 500 ms",
      "breaker 5 failures in a row within 10000 ms: skipped for 15000 ms", "target 1 a",
      "model gpt-4o", "timeouts connect 5000 ms, answer or first byte 7 ms, silence 60000 ms",
      "health healthy", "target 2 b", "model gpt-4o-mini (asked for as \"gpt-4o\")",
      "credential env::EXPLAIN_LACKS (the target's): NOT FOUND, the gateway would not start",
      "shown as nothing", "health open: skipped while another target is left", "target 3 c",
      "health not known: nobody was asked", "!weight"}},
    {"under another name", "", "fast", GW_OK, {"model gpt-4o (asked for as \"fast\")"}},
    {"by the name of its table",
     "",
     "route::fall",
     GW_OK,
     {"route::fall", "layer managed: route \"fall\" (keys are the gateway's)",
      "model gpt-4o (asked for as \"route::fall\")"}},
    {"each dialect has its address and its credential",
     "",
     "route::fall",
     GW_OK,
     {"dialect openai", "url https://api.openai.com/v1/chat/completions",
      "serves /v1/chat/completions, /v1/messages (translated), /v1/responses",
      "credential env::EXPLAIN_HAS (the provider's): found", "shown as authorization: Bearer …",
      "dialect anthropic", "url https://api.anthropic.com/v1/messages",
      "serves /v1/chat/completions (translated), /v1/messages, /v1/responses (translated)",
      "credential env::EXPLAIN_HAS (the target's): found", "shown as x-api-key: …"}},
    {"weighted",
     "",
     "drawn",
     GW_OK,
     {"strategy weighted: drawn by weight; a retry draws another one",
      "retry at most 2 more attempts; waits up to 500 ms, doubling to 10000 ms, when no other is "
      "left",
      "target 1 a", "weight 70 of 100 (70 %)", "health healthy", "target 2 b",
      "weight 30 of 100 (30 %)", "!variant"}},
    {"weights that are no whole percents, one retry",
     "",
     "third",
     GW_OK,
     {"retry at most 1 more attempt; waits up to 5 ms, when no other is left", "target 1 l",
      "url http://[::1]:8000/x/chat/completions",
      "serves /v1/chat/completions, /v1/messages (translated), /v1/responses (translated)",
      "shown as ?code=…", "weight 2 of 3 (66.67 %)", "weight 1 of 3 (33.33 %)"}},
    {"no retry",
     "",
     "never",
     GW_OK,
     {"strategy weighted: drawn by weight", "retry none: max_retries is 0"}},
    {"single, without a wait, at the demo provider",
     "",
     "once",
     GW_OK,
     {"strategy single: one target", "retry at most 1 more attempt; without a wait",
      "breaker 5 failures in a row within 10000 ms: open for 15000 ms, but single skips no target",
      "url demo: (the built-in provider)",
      "serves /v1/chat/completions, /v1/messages (translated), /v1/responses",
      "credential env::DEMO_API_KEY (by convention): NOT FOUND, calls go without one"}},
    {"none is left out silently",
     "",
     "left",
     GW_OK,
     {"target 1 g", "url none: no chat call goes to a provider that speaks gemini in this release",
      "serves nothing: the target is left out", "shown as x-goog-api-key: …", "target 2 n",
      "url http://[::1]:8000/x/responses",
      "serves /v1/chat/completions (translated), /v1/messages (translated), /v1/responses",
      "api responses only", "target 3 p", "url https://api.openai.com/v1/responses",
      "serves /v1/chat/completions (translated), /v1/messages (translated), /v1/responses",
      "target 4 l",
      "serves /v1/chat/completions, /v1/messages (translated), /v1/responses (translated)"}},
    {"embeddings",
     "embeddings",
     "emb",
     GW_OK,
     {"endpoint embeddings", "target 1 l", "url http://[::1]:8000/x/embeddings",
      "serves /v1/embeddings", "target 2 c",
      "url none: no embeddings call goes to a provider that speaks anthropic in this release"}},
    {"steps",
     "",
     "walk",
     GW_OK,
     {"strategy steps: each one as a whole, then the next",
      "breaker 5 failures in a row within 10000 ms: skipped for 15000 ms",
      "step 1 weighted: drawn by weight; a retry draws another one; at last step 2",
      "retry at most 1 more attempt", "target 1 a", "weight 70 of 100 (70 %)", "target 2 b",
      "step 2 fallback: in order; at last step 3", "retry none: the next step comes at once",
      "target 3 b", "target 4 a", "step 3 single: one target",
      "retry at most 2 more attempts; waits up to 500 ms, doubling to 10000 ms", "target 5 c"}},
    {"a bare target",
     "",
     "o3",
     GW_OK,
     {"layer managed: target \"bare\" (named by no route)", "strategy single: one target",
      "retry at most 2 more attempts; waits up to 500 ms, doubling to 10000 ms", "target 1 bare",
      "model o3", "health open: tried all the same, single skips none"}},
    {"an experiment",
     "",
     "task",
     GW_OK,
     {"layer managed: function \"task\" (keys are the gateway's)",
      "strategy experiment: a variant drawn by weight; a retry draws another one",
      "target 1 openai::gpt-4o-mini", "model gpt-4o-mini (asked for as \"task\")",
      "weight 1 of 3 (33.33 %)", "variant fast: temperature 0.2, max_tokens 500",
      "target 2 openai::gpt-4o", "weight 2 of 3 (66.67 %)",
      "variant deep: reasoning_effort \"high\"",
      "health open: tried all the same, experiment skips none"}},
    {"a function of one model",
     "chat",
     "function::one",
     GW_OK,
     {"strategy single: one target", "target 1 anthropic::claude",
      "credential env::ANTHROPIC_API_KEY (by convention): NOT FOUND, calls go without one"}},
    {"past the routes", "", "openai::gpt-4o", GW_OK, {"layer passthrough (no retry, no failover)"}},
    {"a function for another kind of call",
     "rerank",
     "function::task",
     GW_UNSUPPORTED,
     {"the function \"task\" answers calls of the endpoint \"chat\", not \"rerank\""}},
    {"no such route", "", "route::x", GW_NOT_FOUND, {"could not find the route \"x\""}},
};

static void test_managed(void **state)
{
    (void)state;
    check_all(managed, GW_COUNT(managed), routes, &told);
}

static const struct explain_case without_breaker[] = {
    {"the breaker is off",
     "",
     "m",
     GW_OK,
     {"strategy fallback: one target",
      "retry at most 2 more attempts; waits up to 500 ms, doubling to 10000 ms", "breaker off"}},
};

static void test_without_breaker(void **state)
{
    (void)state;
    check_all(without_breaker, GW_COUNT(without_breaker),
              "[server]\n[providers.p]\nbase_url = \"demo:\"\nmodels = [\"m\"]\n"
              "[targets.t]\nmodel = \"m\"\n"
              "[routes.r]\nmodels = [\"m\"]\nstrategy = \"fallback\"\ntargets = [\"t\"]\n"
              "[routing.breaker]\nenabled = false\n",
              &told);
}

/* Every byte of one, for people like columns. */
static void test_columns(void **state)
{
    static struct loaded loaded;
    struct gw_explanation explanation;
    struct gw_err err;
    struct gw_buf buf;

    (void)state;
    load_for(GW_CONFIG_TO_EXPLAIN, routes, &loaded);
    gw_buf_init(&buf, 4096);
    assert_int_equal(gw_explain(loaded.config, GW_STR(""), GW_STR("task"), &explanation, &err),
                     GW_OK);
    assert_int_equal(gw_explain_text(&explanation, &told, &buf), GW_OK);
    assert_int_equal(gw_buf_add_c(&buf, '\0'), GW_OK);
    assert_string_equal(
        gw_buf_str(&buf).base,
        "task\n"
        "  layer        managed: function \"task\" (keys are the gateway's)\n"
        "  endpoint     chat\n"
        "  strategy     experiment: a variant drawn by weight; a retry draws another one\n"
        "  retry        at most 2 more attempts; waits up to 500 ms, doubling to 10000 ms, when no "
        "other is left\n"
        "  breaker      5 failures in a row within 10000 ms: open for 15000 ms, but experiment "
        "skips no target\n"
        "  target 1     openai::gpt-4o-mini\n"
        "    provider   openai\n"
        "    model      gpt-4o-mini (asked for as \"task\")\n"
        "    dialect    openai\n"
        "    url        https://api.openai.com/v1/chat/completions\n"
        "    serves     /v1/chat/completions, /v1/messages (translated), /v1/responses\n"
        "    credential env::EXPLAIN_HAS (the provider's): found\n"
        "    shown as   authorization: Bearer …\n"
        "    timeouts   connect 5000 ms, answer or first byte 100 ms, silence 60000 ms\n"
        "    weight     1 of 3 (33.33 %)\n"
        "    variant    fast: temperature 0.2, max_tokens 500\n"
        "    health     not known: nobody was asked\n"
        "  target 2     openai::gpt-4o\n"
        "    provider   openai\n"
        "    model      gpt-4o (asked for as \"task\")\n"
        "    dialect    openai\n"
        "    url        https://api.openai.com/v1/chat/completions\n"
        "    serves     /v1/chat/completions, /v1/messages (translated), /v1/responses\n"
        "    credential env::EXPLAIN_HAS (the provider's): found\n"
        "    shown as   authorization: Bearer …\n"
        "    timeouts   connect 5000 ms, answer or first byte 100 ms, silence 60000 ms\n"
        "    weight     2 of 3 (66.67 %)\n"
        "    variant    deep: reasoning_effort \"high\"\n"
        "    health     open: tried all the same, experiment skips none\n");
    gw_buf_finish(&buf);
    load_finish(&loaded);
}

/* What does not fit is no success, wherever the end comes. */
static void test_room(void **state)
{
    static struct loaded loaded;
    struct gw_explanation explanation;
    struct gw_err err;

    (void)state;
    load_for(GW_CONFIG_TO_EXPLAIN, routes, &loaded);
    assert_int_equal(gw_explain(loaded.config, GW_STR(""), GW_STR("o3"), &explanation, &err),
                     GW_OK);
    for (size_t room = 0, whole = 0; !whole; room++) {
        struct gw_buf buf;
        gw_buf_init(&buf, room);
        enum gw_status status = gw_explain_text(&explanation, &told, &buf);
        whole = status == GW_OK;
        if (whole)
            assert_int_equal(gw_buf_str(&buf).base[gw_buf_len(&buf) - 1], '\n');
        else
            assert_int_equal(status, GW_TOO_LARGE);
        assert_true(whole || room < 4096);
        gw_buf_finish(&buf);
    }
    load_finish(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {

        cmocka_unit_test(test_managed),
        cmocka_unit_test(test_without_breaker),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_room),
    };

    (void)setenv("EXPLAIN_HAS", "sk-secret", 1);
    (void)unsetenv("EXPLAIN_LACKS");
    (void)unsetenv("ANTHROPIC_API_KEY");
    (void)unsetenv("DEMO_API_KEY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
