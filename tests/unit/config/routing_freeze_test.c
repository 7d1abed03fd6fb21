/* What targets and routes become in a snapshot, the files of the reference product's manual, and a
 * large file. */
#include "unit/test.h"

#include "unit/config/load.h"

static const char all[] =
    "[server]\n[defaults.provider]\ntimeout_ms = 100\n"
    "[providers.one]\nbase_url = \"demo:\"\nmodels = [\"m\", \"say \\\"\\\\\\\"\"]\n"
    "connect_timeout_ms = 22\nidle_timeout_ms = 33\n"
    "[providers.two]\nbase_url = \"demo:\"\nmodels = [\"m\", \"bare\"]\n"
    "[models.m]\ntimeout_ms = 50\n"
    "[targets.zeta]\nmodel = \"m\"\nprovider = \"two\"\nweight = 1000000\ntimeout_ms = 5\n"
    "[targets.alpha]\nmodel = \"m\"\nprovider = \"one\"\nweight = 0\n"
    "[targets.odd]\nmodel = \"say \\\"\\\\\\\"\"\n"
    "[targets.lonely]\nmodel = \"bare\"\n"
    "[targets.hidden]\nmodel = \"m\"\nprovider = \"one\"\n"
    "[routes.r]\nmodels = [\"m\", \"other\"]\nstrategy = \"weighted\"\n"
    "targets = [\"zeta\", \"alpha\"]\n"
    "[routes.r.retry]\nmax_retries = 0\nbackoff_max_ms = 6\n"
    "[routes.e]\nendpoint = \"embeddings\"\nmodels = [\"m\"]\ntargets = [\"odd\"]\n"
    "[routes.s]\n[[routes.s.steps]]\ntargets = [\"odd\"]\n[[routes.s.steps]]\n"
    "strategy = \"fallback\"\ntargets = [\"alpha\", \"zeta\", \"odd\"]\n"
    "[[routes.s.steps]]\ntargets = [\"alpha\"]\n"
    "[routing.retry]\nmax_retries = 9\nbackoff_base_ms = 8\nbackoff_max_ms = 70\n"
    "[routing.breaker]\nenabled = false\nfailures = 10000\nwindow_ms = 11\nopen_ms = 12\n";

static void check_targets(const struct gw_config *config)
{
    const struct gw_target_config *targets = config->targets;

    assert_int_equal(config->targets_count, 5);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(targets[i].index, i);
    assert_true(gw_str_eq(targets[0].name, GW_STR("zeta"))); /* as declared */
    assert_true(gw_str_eq(targets[0].model->provider->name, GW_STR("two")));
    assert_int_equal(targets[0].weight, 1000000);
    assert_int_equal(targets[0].timeouts.total_ms, 5);
    assert_int_equal(targets[0].timeouts.connect_ms, 5000);
    assert_int_equal(targets[1].weight, 0);
    assert_int_equal(targets[1].timeouts.total_ms, 50); /* the model's */
    assert_int_equal(targets[1].timeouts.connect_ms, 22);
    assert_int_equal(targets[1].timeouts.idle_ms, 33);
    assert_ptr_equal(targets[1].model, gw_config_provider_model(
                                           gw_config_provider(config, GW_STR("one")), GW_STR("m")));
    assert_true(gw_str_eq(targets[1].model_json, GW_STR("m")));
    assert_int_equal(targets[2].weight, 1);
    assert_int_equal(targets[2].timeouts.total_ms, 100); /* the default */
    assert_true(gw_str_eq(targets[2].model->name, GW_STR("say \"\\\"")));
    assert_true(gw_str_eq(targets[2].model_json, GW_STR("say \\\"\\\\\\\"")));
    assert_int_equal(targets[2].variant.len, 0);
    assert_false(targets[2].has_params);
}

static void check_table_routes(const struct gw_config *config)
{
    const struct gw_route_config *r = gw_config_route(config, GW_STR("r"));
    const struct gw_route_config *s = gw_config_route(config, GW_STR("s"));

    assert_int_equal(r->layer, GW_ROUTE_BY_TABLE);
    assert_int_equal(r->endpoint, GW_ENDPOINT_CHAT);
    assert_int_equal(r->models_count, 2);
    assert_true(gw_str_eq(r->models[1], GW_STR("other")));
    assert_false(r->has_steps);
    assert_int_equal(r->steps_count, 1);
    assert_int_equal(r->targets_count, 2);
    assert_int_equal(r->steps[0].strategy, GW_STRATEGY_WEIGHTED);
    assert_int_equal(r->steps[0].targets_count, 2);
    assert_ptr_equal(r->steps[0].targets[0], &config->targets[0]);
    assert_ptr_equal(r->steps[0].targets[1], &config->targets[1]);
    assert_true(r->steps[0].weights_sum == 1000000);
    assert_int_equal(r->retry.max_retries, 0);
    assert_int_equal(r->retry.backoff_base_ms, 8); /* of [routing.retry] */
    assert_int_equal(r->retry.backoff_max_ms, 6);

    assert_int_equal(s->models_count, 0);
    assert_true(s->has_steps);
    assert_int_equal(s->steps_count, 3);
    assert_int_equal(s->targets_count, 5);
    assert_int_equal(s->steps[0].strategy, GW_STRATEGY_SINGLE);
    assert_int_equal(s->steps[1].strategy, GW_STRATEGY_FALLBACK);
    assert_int_equal(s->steps[0].first, 0);
    assert_int_equal(s->steps[1].first, 1);
    assert_int_equal(s->steps[2].first, 4);
    assert_ptr_equal(s->steps[1].targets[2], &config->targets[2]);
    assert_int_equal(s->retry.max_retries, 9);
    assert_int_equal(s->retry.backoff_max_ms, 70);
}

static void check_bare_route(const struct gw_config *config)
{
    const struct gw_route_config *bare =
        gw_config_route_for(config, GW_STR("bare"), GW_ENDPOINT_CHAT);

    assert_int_equal(config->routes_count, 4); /* none for the hidden one */
    assert_ptr_equal(bare, &config->routes[3]);
    assert_int_equal(bare->layer, GW_ROUTE_BY_TARGET);
    assert_true(gw_str_eq(bare->name, GW_STR("lonely")));
    assert_int_equal(bare->endpoint, GW_ENDPOINT_CHAT);
    assert_int_equal(bare->models_count, 1);
    assert_true(gw_str_eq(bare->models[0], GW_STR("bare")));
    assert_false(bare->has_steps);
    assert_int_equal(bare->steps_count, 1);
    assert_int_equal(bare->targets_count, 1);
    assert_int_equal(bare->steps[0].strategy, GW_STRATEGY_SINGLE);
    assert_ptr_equal(bare->steps[0].targets[0], &config->targets[3]);
    assert_int_equal(bare->retry.max_retries, 9);
    assert_null(gw_config_route(config, GW_STR("lonely")));
}

static void test_routing_arrives(void **state)
{
    static struct loaded loaded;

    (void)state;
    load_text(all, &loaded);
    if (!loaded.config)
        fail_msg("%s", loaded.said);
    const struct gw_config *config = loaded.config;
    check_targets(config);
    check_table_routes(config);
    check_bare_route(config);
    assert_ptr_equal(gw_config_route_for(config, GW_STR("m"), GW_ENDPOINT_CHAT),
                     gw_config_route(config, GW_STR("r")));
    assert_ptr_equal(gw_config_route_for(config, GW_STR("other"), GW_ENDPOINT_CHAT),
                     gw_config_route(config, GW_STR("r")));
    assert_ptr_equal(gw_config_route_for(config, GW_STR("m"), GW_ENDPOINT_EMBEDDINGS),
                     gw_config_route(config, GW_STR("e")));
    assert_null(gw_config_route_for(config, GW_STR("m"), GW_ENDPOINT_RERANK));
    assert_null(gw_config_route_for(config, GW_STR("m"), GW_ENDPOINT_OTHER));
    assert_null(gw_config_route_for(config, GW_STR("bare"), GW_ENDPOINT_EMBEDDINGS));
    assert_null(gw_config_route(config, GW_STR("R")));
    assert_false(config->breaker.enabled);
    assert_int_equal(config->breaker.failures, 10000);
    assert_int_equal(config->breaker.window_ms, 11);
    assert_int_equal(config->breaker.open_ms, 12);
    load_finish(&loaded);
}

static void test_routing_has_defaults(void **state)
{
    static struct loaded loaded;

    (void)state;
    load_text("[server]\n[providers.p]\nbase_url = \"demo:\"\nmodels = [\"m\"]\n"
              "[targets.t]\nmodel = \"m\"\n",
              &loaded);
    assert_non_null(loaded.config);
    const struct gw_retry_config *retry = &loaded.config->routes[0].retry;
    assert_int_equal(retry->max_retries, 2);
    assert_int_equal(retry->backoff_base_ms, 500);
    assert_int_equal(retry->backoff_max_ms, 10000);
    assert_true(loaded.config->breaker.enabled);
    assert_int_equal(loaded.config->breaker.failures, 5);
    assert_int_equal(loaded.config->breaker.window_ms, 10000);
    assert_int_equal(loaded.config->breaker.open_ms, 15000);
    assert_int_equal(loaded.config->targets[0].weight, 1);
    assert_int_equal(loaded.config->targets[0].timeouts.total_ms, 30000);
    load_finish(&loaded);
}

static const char *const endpoint_names[] = {
    "chat", "embeddings", "audio_speech", "audio_transcription", "image_generation", "rerank"};
static const char *const strategy_names[] = {"single", "weighted", "fallback", "experiment"};
static const char *const param_names[] = {"temperature", "top_p", "max_tokens", "seed",
                                          "reasoning_effort"};

static void test_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GW_ENDPOINTS; i++)
        assert_true(gw_str_eq(gw_endpoint_kind_name((enum gw_endpoint_kind)i),
                              gw_str_of(endpoint_names[i])));
    assert_true(gw_str_eq(gw_endpoint_kind_name(GW_ENDPOINT_OTHER), GW_STR("other")));
    for (unsigned i = 0; i < GW_STRATEGIES; i++)
        assert_true(gw_str_eq(gw_strategy_name((enum gw_strategy)i), gw_str_of(strategy_names[i])));
    for (unsigned i = 0; i < GW_PARAMS; i++)
        assert_true(gw_str_eq(gw_param_name((enum gw_param)i), gw_str_of(param_names[i])));
}

/* Each word of the file is the constant of that name. */
static void test_every_word_is_understood(void **state)
{
    static struct loaded loaded;
    char text[512];

    (void)state;
    for (unsigned i = 0; i < GW_ENDPOINTS; i++) {
        (void)snprintf(text, sizeof text,
                       "[server]\n[providers.p]\nbase_url = \"demo:\"\nmodels = [\"m\"]\n"
                       "[targets.t]\nmodel = \"m\"\n[routes.r]\nendpoint = \"%s\"\n"
                       "models = [\"z\"]\nstrategy = \"%s\"\ntargets = [\"t\"]\n",
                       endpoint_names[i], strategy_names[i % GW_STRATEGY_EXPERIMENT]);
        load_text(text, &loaded);
        assert_non_null(loaded.config);
        const struct gw_route_config *route = &loaded.config->routes[0];
        assert_int_equal(route->endpoint, i);
        assert_int_equal(route->steps[0].strategy, i % GW_STRATEGY_EXPERIMENT);
        assert_ptr_equal(gw_config_route_for(loaded.config, GW_STR("z"), (enum gw_endpoint_kind)i),
                         route);
        load_finish(&loaded);
    }
}

/* ---- files of the manual of to11 ---- */

#define OPENAI                                                                                     \
    "[providers.openai]\nbase_url = \"https://api.openai.com/v1\"\n"                               \
    "models = [\"gpt-4o\", \"gpt-4o-mini\"]\n"
#define ANTHROPIC                                                                                  \
    "[providers.anthropic]\nbase_url = \"https://api.anthropic.com/v1\"\n"                         \
    "models = [\"claude-haiku-4-5\"]\n"

static const struct said_case manual[] = {
    {"bare target",
     "[server]\nhost = \"0.0.0.0\"\nport = 4000\n" OPENAI
     "[targets.gpt-4o]\nmodel = \"gpt-4o\"\ncredential = \"env::GW_TEST_KEY\"\n",
     "", 0},
    {"weighted, two keys of one model",
     "[server]\n" OPENAI "[targets.gpt-4o-primary]\nmodel = \"gpt-4o\"\nprovider = \"openai\"\n"
     "credential = \"env::GW_TEST_KEY\"\nweight = 70\n"
     "[targets.gpt-4o-secondary]\nmodel = \"gpt-4o\"\nprovider = \"openai\"\n"
     "credential = \"env::GW_TEST_KEY_2\"\nweight = 30\n"
     "[routes.gpt-4o]\nmodels = [\"gpt-4o\"]\nstrategy = \"weighted\"\n"
     "targets = [\"gpt-4o-primary\", \"gpt-4o-secondary\"]\n",
     "", 0},
    {"fallback",
     "[server]\n" OPENAI ANTHROPIC
     "[targets.primary]\nmodel = \"gpt-4o\"\n[targets.backup]\nmodel = \"claude-haiku-4-5\"\n"
     "[routes.chat]\nmodels = [\"chat\"]\nstrategy = \"fallback\"\n"
     "targets = [\"primary\", \"backup\"]\nretry = { max_retries = 3, backoff_base_ms = 250 }\n",
     "", 0},
    {"steps",
     "[server]\n" OPENAI ANTHROPIC
     "[targets.a]\nmodel = \"gpt-4o\"\n[targets.b]\nmodel = \"gpt-4o-mini\"\n"
     "[targets.c]\nmodel = \"claude-haiku-4-5\"\n[routes.smart]\nmodels = [\"smart\"]\n"
     "[[routes.smart.steps]]\nstrategy = \"weighted\"\ntargets = [\"a\", \"b\"]\n"
     "[[routes.smart.steps]]\nstrategy = \"single\"\ntargets = [\"c\"]\n",
     "", 0},
    {"function with models",
     "[server]\n" OPENAI ANTHROPIC
     "[functions.summarize]\nmodels = [\"gpt-4o\", \"claude-haiku-4-5\"]\n"
     "strategy = \"fallback\"\n",
     "", 0},
    {"function with two targets of one model",
     "[server]\n" OPENAI "[targets.one]\nmodel = \"gpt-4o\"\ncredential = \"env::GW_TEST_KEY\"\n"
     "[targets.two]\nmodel = \"gpt-4o\"\ncredential = \"env::GW_TEST_KEY_2\"\n"
     "[functions.extract]\nstrategy = \"weighted\"\ntargets = [\"one\", \"two\"]\n",
     "", 0},
    {"experiment",
     "[server]\n" OPENAI "[functions.classify]\nstrategy = \"experiment\"\n"
     "[functions.classify.variants.control]\nmodel = \"gpt-4o\"\nweight = 90\n"
     "temperature = 0.2\n[functions.classify.variants.cheap]\nmodel = \"gpt-4o-mini\"\n"
     "weight = 10\nmax_tokens = 256\n[routing.retry]\nmax_retries = 2\nbackoff_base_ms = 500\n"
     "backoff_max_ms = 10000\n",
     "", 0},
};

static void test_files_of_the_manual_load(void **state)
{
    (void)state;
    (void)setenv("GW_TEST_KEY", "k1", 1);
    (void)setenv("GW_TEST_KEY_2", "k2", 1);
    (void)setenv("OPENAI_API_KEY", "k3", 1);
    (void)setenv("ANTHROPIC_API_KEY", "k4", 1);
    expect_said(&manual[1], GW_COUNT(manual) - 1);
    /* All addresses: only the admin listener needs a token there, and it is on loopback. */
    expect_said(&manual[0], 1);
}

/* ---- large files ---- */

#define MANY 1000u

static void compose_many(struct gw_buf *text)
{
    assert_int_equal(gw_buf_add(text, GW_STR("[server]\n")), GW_OK);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(gw_buf_printf(text,
                                       "[providers.p%u]\nbase_url = \"demo:\"\n"
                                       "models = [\"m%u\"]\n",
                                       i, i),
                         GW_OK);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(
            gw_buf_printf(text, "[targets.t%u]\nmodel = \"m%u\"\nweight = %u\n", i, i % 10, i),
            GW_OK);
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(gw_buf_printf(text,
                                       "[routes.r%u]\nmodels = [\"n%u\"]\n"
                                       "strategy = \"fallback\"\n"
                                       "targets = [\"t%u\", \"t%u\"]\n",
                                       i, i, i, (i + 1) % MANY),
                         GW_OK);
}

static void test_a_thousand_of_each(void **state)
{
    struct gw_problems problems;
    struct gw_config *config = NULL;
    struct gw_buf text;
    char name[16];

    (void)state;
    gw_buf_init(&text, (size_t)4 << 20);
    compose_many(&text);
    gw_problems_init(&problems);
    assert_int_equal(
        gw_config_parse(gw_buf_str(&text), GW_STR("t"), GW_CONFIG_TO_SERVE, &problems, &config),
        GW_OK);
    assert_int_equal(problems.warnings, 0);
    assert_int_equal(config->targets_count, MANY);
    assert_int_equal(config->routes_count, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "r%u", i);
        const struct gw_route_config *route = gw_config_route(config, gw_str_of(name));
        assert_ptr_equal(route, &config->routes[i]);
        (void)snprintf(name, sizeof name, "n%u", i);
        assert_ptr_equal(gw_config_route_for(config, gw_str_of(name), GW_ENDPOINT_CHAT), route);
        assert_ptr_equal(route->steps[0].targets[0], &config->targets[i]);
        assert_ptr_equal(route->steps[0].targets[1], &config->targets[(i + 1) % MANY]);
        assert_int_equal(config->targets[i].weight, i);
    }
    gw_config_release(config);
    gw_problems_finish(&problems);
    gw_buf_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routing_arrives),
        cmocka_unit_test(test_routing_has_defaults),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_every_word_is_understood),
        cmocka_unit_test(test_files_of_the_manual_load),
        cmocka_unit_test(test_a_thousand_of_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
