/* [functions]: every problem they can have, and what they and their variants become. */
#include "unit/test.h"

#include "unit/config/load.h"

#include <locale.h>

/* Four lines; a case's own begin on the fifth. */
#define BASE "[server]\n[providers.p]\nbase_url = \"demo:\"\nmodels = [\"m\", \"n\", \"gpt-4o\"]\n"
/* A second provider; four more lines, and a warning. */
#define SECOND "[providers.other]\nbase_url = \"demo:\"\nmodels = [\"m\", \"o\"]\n"
/* Two lines each. */
#define TARGET(name, model) "[targets." name "]\nmodel = \"" model "\"\n"
#define TARGETS TARGET("a", "m") TARGET("b", "m")
#define VARIANT(name, model) "[functions.f.variants." name "]\nmodel = \"" model "\"\n"

static const struct said_case source_cases[] = {
    {"nothing in it", BASE "[functions.f]\n",
     "t:5:12: error: functions.f needs one of models, targets, steps and variants, and not empty",
     0},
    {"empty ones", BASE "[functions.f]\nmodels = []\ntargets = []\nsteps = []\nvariants = {}\n",
     "t:5:12: error: functions.f needs one of models, targets, steps and variants, and not empty",
     0},
    {"a strategy alone", BASE "[functions.f]\nstrategy = \"experiment\"\n",
     "t:5:12: error: functions.f needs one of models", 0},
    {"an empty one beside another", BASE "[functions.f]\nmodels = [\"m\"]\ntargets = []\n", "", 0},
    {"models and targets",
     BASE TARGET("a", "m") "[functions.f]\nmodels = [\"m\"]\ntargets = [\"a\"]\n",
     "t:9:11: error: functions.f has models and targets: only one of models, targets, steps and "
     "variants may be there\n",
     0},
    {"all of them",
     BASE TARGET("a", "m") "[functions.f]\nmodels = [\"m\"]\ntargets = [\"a\"]\n"
                           "[[functions.f.steps]]\ntargets = [\"a\"]\n" VARIANT("v", "m"),
     "t:9:11: error: functions.f has models and targets and steps and variants: only one of", 0},
    {"steps and variants",
     BASE TARGET("a", "m") "[[functions.f.steps]]\ntargets = [\"a\"]\n" VARIANT("v", "m"),
     "t:9:1: error: functions.f has steps and variants", 0},
    {"models are no list", BASE "[functions.f]\nmodels = \"m\"\n",
     "t:6:10: error: functions.f.models must be an array of strings, not a string\n", 0},
    {"name", BASE "[functions.\"a::b\"]\nmodels = [\"m\"]\n",
     "t:5:12: error: functions.a::b: the name of a function must be 1 to 64 letters, digits", 0},
    {"scanning", BASE "[functions.f]\nmodels = [\"m\"]\n[functions.f.security]\nenabled = true\n",
     "t:8:11: error: functions.f.security.enabled must be left at its default (false): security",
     0},
    {"called as a model", BASE "[functions.gpt-4o]\nmodels = [\"m\"]\n",
     "t:5:12: warning: functions.gpt-4o: a model of providers.p has the same name: without a "
     "prefix it leads to the function\n",
     0},
    {"called as a route's model",
     BASE TARGET("a", "m") "[routes.r]\nendpoint = \"rerank\"\nmodels = [\"z\"]\n"
                           "targets = [\"a\"]\n[functions.z]\nmodels = [\"m\"]\n",
     "t:11:12: warning: functions.z: a model of routes.r has the same name: without a prefix it",
     0},
    {"called as a route and a target",
     BASE TARGET("a", "m") "[routes.r]\ntargets = [\"a\"]\n[functions.r]\nmodels = [\"m\"]\n"
                           "[functions.a]\nmodels = [\"m\"]\n",
     "", 0},
};

static const struct said_case model_cases[] = {
    {"one", BASE "[functions.f]\nmodels = [\"m\"]\n", "", 0},
    {"fallback", BASE "[functions.f]\nmodels = [\"m\", \"n\"]\nstrategy = \"fallback\"\n", "", 0},
    {"weighted", BASE "[functions.f]\nmodels = [\"m\", \"n\"]\nstrategy = \"weighted\"\n", "", 0},
    {"two and no strategy", BASE "[functions.f]\nmodels = [\"m\", \"n\"]\n",
     "t:6:10: error: functions.f has 2 models and needs a strategy: \"weighted\" (drawn by weight) "
     "or \"fallback\" (in their order)\n",
     0},
    {"single with two", BASE "[functions.f]\nmodels = [\"m\", \"n\"]\nstrategy = \"single\"\n",
     "t:7:12: error: functions.f.strategy: \"single\" has one of models, not 2", 0},
    {"no such strategy", BASE "[functions.f]\nmodels = [\"m\", \"n\"]\nstrategy = \"random\"\n",
     "t:7:12: error: functions.f.strategy must be \"single\", \"weighted\", \"fallback\" or "
     "\"experiment\", not \"random\"\n",
     0},
    {"twice", BASE "[functions.f]\nmodels = [\"m\", \"m\"]\nstrategy = \"weighted\"\n",
     "t:6:16: error: functions.f.models names \"m\" twice\n", 0},
    {"in two functions", BASE "[functions.f]\nmodels = [\"m\"]\n[functions.g]\nmodels = [\"m\"]\n",
     "", 0},
    {"not listed", BASE "[functions.f]\nmodels = [\"gpt4o\"]\n",
     "t:6:11: error: functions.f.models: \"gpt4o\" is not listed by any provider: did you mean "
     "\"gpt-4o\"?\n",
     0},
    {"listed by two", BASE SECOND "[functions.f]\nmodels = [\"m\"]\n",
     "t:9:11: error: functions.f.models: \"m\" is listed by the providers p and other: make a "
     "[targets.NAME] with that model and the `provider` that is meant, and name it in `targets`\n",
     1},
    {"experiment", BASE "[functions.f]\nmodels = [\"m\", \"n\"]\nstrategy = \"experiment\"\n",
     "t:7:12: error: functions.f.strategy: \"experiment\" needs variants "
     "([functions.NAME.variants.V]), not models\n",
     0},
};

static const struct said_case target_cases[] = {
    {"two of a model that no route names",
     BASE TARGETS "[functions.f]\ntargets = [\"a\", \"b\"]\nstrategy = \"fallback\"\n", "", 0},
    {"misspelt", BASE TARGET("first", "m") "[functions.f]\ntargets = [\"frist\"]\n",
     "t:8:12: error: functions.f.targets: there is no [targets.frist]: did you mean \"first\"?\n",
     0},
    {"twice",
     BASE TARGETS "[functions.f]\ntargets = [\"a\", \"b\", \"b\"]\n"
                  "strategy = \"fallback\"\n",
     "t:10:22: error: functions.f.targets names \"b\" twice\n", 0},
    {"two and no strategy", BASE TARGETS "[functions.f]\ntargets = [\"a\", \"b\"]\n",
     "t:10:11: error: functions.f has 2 targets and needs a strategy", 0},
    {"weighted by nothing",
     BASE TARGET("a",
                 "m") "weight = 0\n[functions.f]\ntargets = [\"a\"]\nstrategy = \"weighted\"\n",
     "t:9:11: error: functions.f.targets: all of them have the weight 0", 0},
    {"experiment",
     BASE TARGETS "[functions.f]\ntargets = [\"a\", \"b\"]\nstrategy = \"experiment\"\n",
     "t:11:12: error: functions.f.strategy: \"experiment\" needs variants "
     "([functions.NAME.variants.V]), not targets\n",
     0},
    {"steps",
     BASE TARGETS "[[functions.f.steps]]\ntargets = [\"a\"]\n[[functions.f.steps]]\n"
                  "targets = [\"b\"]\n",
     "", 0},
    {"a strategy beside steps",
     BASE TARGETS "[functions.f]\nstrategy = \"fallback\"\n[[functions.f.steps]]\n"
                  "strategy = \"fallback\"\ntargets = [\"a\", \"b\"]\n",
     "t:10:12: warning: functions.f.strategy has no effect beside steps: each of them has", 0},
    {"experiment beside steps",
     BASE TARGETS "[functions.f]\nstrategy = \"experiment\"\n[[functions.f.steps]]\n"
                  "strategy = \"fallback\"\ntargets = [\"a\", \"b\"]\n",
     "t:10:12: error: functions.f.strategy: \"experiment\" needs variants "
     "([functions.NAME.variants.V]), not steps\n",
     0},
    {"two in a step and no strategy",
     BASE TARGETS "[[functions.f.steps]]\ntargets = [\"a\", \"b\"]\n",
     "t:10:11: error: functions.f.steps has 2 targets and needs a strategy", 0},
    {"retry", BASE "[functions.f]\nmodels = [\"m\"]\nretry.backoff_base_ms = 10001\n",
     "t:7:25: warning: functions.f.retry.backoff_base_ms: the first wait of 10001 ms is cut", 0},
};

static const struct said_case variant_cases[] = {
    {"two", BASE VARIANT("v", "m") VARIANT("w", "n"), "", 0},
    {"experiment",
     BASE "[functions.f]\nstrategy = \"experiment\"\n" VARIANT("v", "m") VARIANT("w", "m"), "", 0},
    {"another strategy", BASE "[functions.f]\nstrategy = \"weighted\"\n" VARIANT("v", "m"),
     "t:6:12: error: functions.f.strategy must be \"experiment\" (or left out) where there are "
     "variants\n",
     0},
    {"single", BASE "[functions.f]\nstrategy = \"single\"\n" VARIANT("v", "m"),
     "t:6:12: error: functions.f.strategy must be \"experiment\"", 0},
    {"no model", BASE "[functions.f.variants.v]\nweight = 1\n",
     "t:5:23: error: functions.f.variants.v.model is required\n", 0},
    {"not listed", BASE VARIANT("v", "gpt-4"),
     "t:6:9: error: functions.f.variants.v.model: \"gpt-4\" is not listed by any provider: did you "
     "mean \"gpt-4o\"?\n",
     0},
    {"listed by two", BASE SECOND VARIANT("v", "m"),
     "t:9:9: error: functions.f.variants.v.model: \"m\" is listed by the providers p and other: "
     "say which one is meant with `provider`\n",
     1},
    {"the provider is said", BASE SECOND VARIANT("v", "m") "provider = \"other\"\n",
     "t:7:11: warning: \"m\" is listed by the providers p and other", 0},
    {"no such provider", BASE SECOND VARIANT("v", "o") "provider = \"oher\"\n",
     "t:10:12: error: functions.f.variants.v.provider: there is no [providers.oher]: did you mean "
     "\"other\"?\n",
     1},
    {"not of that provider", BASE SECOND VARIANT("v", "n") "provider = \"other\"\n",
     "t:9:9: error: functions.f.variants.v.model: \"n\" is not listed by providers.other", 1},
    {"name", BASE VARIANT("\"a b\"", "m"),
     "t:5:23: error: functions.f.variants.a b: the name of a variant must be 1 to 64 letters", 0},
    {"weights of nothing", BASE VARIANT("v", "m") "weight = 0\n" VARIANT("w", "n") "weight = 0\n",
     "t:5:1: error: functions.f.variants: all of them have the weight 0, so none could ever be "
     "drawn\n",
     0},
    {"one weight", BASE VARIANT("v", "m") "weight = 0\n" VARIANT("w", "n"), "", 0},
    {"a credential", BASE VARIANT("v", "m") "credential = \"env::X\"\n",
     "t:7:1: error: functions.f.variants.v.credential is not a known key", 0},
    {"another endpoint", BASE "[functions.f]\nendpoint = \"embeddings\"\n" VARIANT("v", "m"), "",
     0},
    {"temperature for another endpoint",
     BASE "[functions.f]\nendpoint = \"embeddings\"\n" VARIANT("v", "m") "temperature = 1\n",
     "t:9:15: error: functions.f.variants.v.temperature can be set for the endpoint \"chat\" only, "
     "not for \"embeddings\": leave it out\n",
     0},
    {"all of them for another endpoint",
     BASE "[functions.f]\nendpoint = \"rerank\"\n" VARIANT(
         "v", "m") "temperature = 1\n"
                   "top_p = 1\nmax_tokens = 1\nseed = 1\nreasoning_effort = \"low\"\n",
     "t:13:20: error: functions.f.variants.v.reasoning_effort can be set for the endpoint", 4},
    {"temperature", BASE VARIANT("v", "m") "temperature = 2.1\n",
     "t:7:15: error: functions.f.variants.v.temperature must be a number from 0 to 2\n", 0},
    {"infinite", BASE VARIANT("v", "m") "temperature = inf\n",
     "t:7:15: error: functions.f.variants.v.temperature must be a number from 0 to 2\n", 0},
    {"no number", BASE VARIANT("v", "m") "top_p = nan\n",
     "t:7:9: error: functions.f.variants.v.top_p must be a number from 0 to 1\n", 0},
    {"max_tokens", BASE VARIANT("v", "m") "max_tokens = 0\n",
     "t:7:14: error: functions.f.variants.v.max_tokens must be an integer from 1", 0},
    {"effort", BASE VARIANT("v", "m") "reasoning_effort = \"hi\"\n",
     "t:7:20: error: functions.f.variants.v.reasoning_effort must be \"none\", \"minimal\", "
     "\"low\", \"medium\", \"high\", \"xhigh\" or \"max\", not \"hi\"\n",
     0},
};

#define TEST_SAID(name)                                                                            \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        expect_said(name##_cases, GW_COUNT(name##_cases));                                         \
    }
TEST_SAID(source)
TEST_SAID(model)
TEST_SAID(target)
TEST_SAID(variant)

static void test_variants_have_a_limit(void **state)
{
    static char text[65536];

    (void)state;
    for (unsigned count = GW_ROUTE_TARGETS_MAX; count <= GW_ROUTE_TARGETS_MAX + 1; count++) {
        size_t len = (size_t)snprintf(text, sizeof text, BASE "[functions.f.variants]\n");
        for (unsigned i = 0; i < count; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, "v%u = { model = \"m\" }\n", i);
        const struct said_case row = {
            "variants", text,
            count > GW_ROUTE_TARGETS_MAX
                ? "t:5:1: error: functions.f.variants: there may be at most 1024 targets, not 1025"
                : "",
            0};
        expect_said(&row, 1);
    }
}

/* ---- what variants set, as JSON ---- */

static const struct {
    const char *line, *text;
    enum gw_param param;
} params[] = {
    {"temperature = 0.7", "0.7", GW_PARAM_TEMPERATURE},
    {"temperature = 1", "1", GW_PARAM_TEMPERATURE},
    {"temperature = 1.0", "1", GW_PARAM_TEMPERATURE},
    {"temperature = 0.1", "0.1", GW_PARAM_TEMPERATURE},
    {"temperature = 0.30000000000000004", "0.30000000000000004", GW_PARAM_TEMPERATURE},
    {"temperature = 1.2345678901234567", "1.2345678901234567", GW_PARAM_TEMPERATURE},
    {"temperature = 0.0", "0", GW_PARAM_TEMPERATURE},
    {"top_p = 1e-7", "1e-07", GW_PARAM_TOP_P},
    {"top_p = 0.95", "0.95", GW_PARAM_TOP_P},
    {"max_tokens = 2147483647", "2147483647", GW_PARAM_MAX_TOKENS},
    {"seed = -9223372036854775808", "-9223372036854775808", GW_PARAM_SEED},
    {"seed = 9223372036854775807", "9223372036854775807", GW_PARAM_SEED},
    {"seed = 0", "0", GW_PARAM_SEED},
    {"reasoning_effort = \"none\"", "\"none\"", GW_PARAM_REASONING_EFFORT},
    {"reasoning_effort = \"xhigh\"", "\"xhigh\"", GW_PARAM_REASONING_EFFORT},
};

static void check_params(void)
{
    static struct loaded loaded;
    char text[512];

    for (size_t i = 0; i < GW_COUNT(params); i++) {
        (void)snprintf(text, sizeof text, BASE VARIANT("v", "m") "%s\n", params[i].line);
        load_text(text, &loaded);
        assert_non_null(loaded.config);
        const struct gw_target_config *target = loaded.config->functions[0].steps[0].targets[0];
        assert_true(target->has_params);
        for (unsigned j = 0; j < GW_PARAMS; j++) {
            bool good = j == params[i].param
                            ? gw_str_eq(target->params[j], gw_str_of(params[i].text))
                            : target->params[j].base == NULL;
            if (!good)
                fail_msg("%s: %.*s", params[i].line, GW_STR_ARG(target->params[j]));
        }
        load_finish(&loaded);
    }
}

static void test_params_are_json(void **state)
{
    (void)state;
    check_params();
}

/* Where a number's point is a comma, as in many a locale. */
static void test_params_do_not_know_the_locale(void **state)
{
    static const char *const commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ru_RU.UTF-8"};
    bool set = false;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(commas) && !set; i++)
        set = setlocale(LC_NUMERIC, commas[i]) != NULL;
    if (!set)
        skip(); /* none is installed here */
    check_params();
    (void)setlocale(LC_NUMERIC, "C");
}

/* ---- what they become ---- */

static const char all[] =
    "[server]\n"
    "[providers.one]\nbase_url = \"demo:\"\nmodels = [\"m\", \"n\"]\ntimeout_ms = 7\n"
    "[providers.two]\nbase_url = \"demo:\"\nmodels = [\"m\", \"o\"]\n"
    "[targets.t]\nmodel = \"n\"\nweight = 4\n"
    "[functions.inline]\nmodels = [\"o\", \"n\"]\nstrategy = \"fallback\"\n"
    "retry = { max_retries = 0 }\n"
    "[functions.named]\nendpoint = \"embeddings\"\ntargets = [\"t\"]\n"
    "[[functions.stepped.steps]]\ntargets = [\"t\"]\n"
    "[[functions.stepped.steps]]\ntargets = [\"t\"]\n"
    "[functions.tried.variants.zeta]\nmodel = \"m\"\nprovider = \"two\"\nweight = 90\n"
    "temperature = 0.5\n"
    "[functions.tried.variants.alpha]\nmodel = \"n\"\n";

static void check_inline(const struct gw_config *config)
{
    const struct gw_route_config *function = gw_config_function(config, GW_STR("inline"));
    const struct gw_step_config *step = &function->steps[0];

    assert_ptr_equal(function, &config->functions[0]);
    assert_int_equal(function->layer, GW_ROUTE_FUNCTION);
    assert_int_equal(function->endpoint, GW_ENDPOINT_CHAT);
    assert_int_equal(function->models_count, 0);
    assert_false(function->has_steps);
    assert_int_equal(function->targets_count, 2);
    assert_int_equal(function->retry.max_retries, 0);
    assert_int_equal(function->retry.backoff_base_ms, 500);
    assert_int_equal(step->strategy, GW_STRATEGY_FALLBACK);
    assert_int_equal(step->targets_count, 2);
    assert_int_equal(step->weights_sum, 2);
    assert_true(gw_str_eq(step->targets[0]->name, GW_STR("two::o")));
    assert_true(gw_str_eq(step->targets[1]->name, GW_STR("one::n")));
    assert_int_equal(step->targets[0]->index, 1); /* behind [targets.t] */
    assert_int_equal(step->targets[1]->weight, 1);
    assert_int_equal(step->targets[1]->timeouts.total_ms, 7);
    assert_int_equal(step->targets[1]->variant.len, 0);
    assert_false(step->targets[1]->has_params);
    assert_int_equal(step->targets[0]->credential.level, GW_CREDENTIAL_BY_CONVENTION);
    assert_true(gw_str_eq(step->targets[0]->credential.place, GW_STR("env::TWO_API_KEY")));
}

static void check_tried(const struct gw_config *config)
{
    const struct gw_route_config *function = gw_config_function(config, GW_STR("tried"));
    const struct gw_step_config *step = &function->steps[0];
    const struct gw_target_config *zeta = step->targets[0], *alpha = step->targets[1];

    assert_int_equal(step->strategy, GW_STRATEGY_EXPERIMENT);
    assert_int_equal(step->targets_count, 2);
    assert_int_equal(step->weights_sum, 91);
    assert_true(gw_str_eq(zeta->variant, GW_STR("zeta"))); /* as declared, not by name */
    assert_true(gw_str_eq(zeta->name, GW_STR("two::m")));
    assert_true(gw_str_eq(zeta->model->provider->name, GW_STR("two")));
    assert_int_equal(zeta->weight, 90);
    assert_true(zeta->has_params);
    assert_true(gw_str_eq(zeta->params[GW_PARAM_TEMPERATURE], GW_STR("0.5")));
    assert_null(zeta->params[GW_PARAM_SEED].base);
    assert_true(gw_str_eq(alpha->variant, GW_STR("alpha")));
    assert_int_equal(alpha->weight, 1);
    assert_false(alpha->has_params);
}

static void test_functions_arrive(void **state)
{
    static struct loaded loaded;

    (void)state;
    load_text(all, &loaded);
    assert_non_null(loaded.config);
    const struct gw_config *config = loaded.config;
    assert_int_equal(config->functions_count, 4);
    assert_int_equal(config->routes_count, 0); /* the target is named by functions */
    assert_int_equal(config->targets_count, 5);
    for (uint32_t i = 0; i < config->targets_count; i++)
        assert_int_equal(config->targets[i].index, i);
    check_inline(config);
    check_tried(config);
    const struct gw_route_config *named = gw_config_function(config, GW_STR("named"));
    assert_int_equal(named->endpoint, GW_ENDPOINT_EMBEDDINGS);
    assert_int_equal(named->steps[0].strategy, GW_STRATEGY_SINGLE);
    assert_ptr_equal(named->steps[0].targets[0], &config->targets[0]);
    const struct gw_route_config *stepped = gw_config_function(config, GW_STR("stepped"));
    assert_true(stepped->has_steps);
    assert_int_equal(stepped->steps_count, 2);
    assert_int_equal(stepped->steps[1].first, 1);
    assert_null(gw_config_function(config, GW_STR("Named")));
    load_finish(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_target),
        cmocka_unit_test(test_variant),
        cmocka_unit_test(test_variants_have_a_limit),
        cmocka_unit_test(test_params_are_json),
        cmocka_unit_test(test_params_do_not_know_the_locale),
        cmocka_unit_test(test_functions_arrive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
