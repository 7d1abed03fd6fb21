/* [targets], [routes] and [routing]: every problem they can have, and what is none. */
#include "unit/test.h"

#include "unit/config/load.h"

/* Four lines; a case's own begin on the fifth. */
#define BASE "[server]\n[providers.p]\nbase_url = \"demo:\"\nmodels = [\"m\", \"n\", \"gpt-4o\"]\n"
/* A second provider, whose list has "m" and "gpt-4o", too: three more lines. */
#define SECOND "[providers.other]\nbase_url = \"demo:\"\nmodels = [\"m\", \"gpt-4o\"]\n"
/* Two lines each. */
#define TARGET(name, model) "[targets." name "]\nmodel = \"" model "\"\n"
#define TARGETS TARGET("a", "m") TARGET("b", "n") TARGET("c", "gpt-4o")

#define LISTED_TWICE(model) "warning: \"" model "\" is listed by the providers p and other"

static const struct said_case target_cases[] = {
    {"no model", BASE "[targets.a]\n", "t:5:10: error: targets.a.model is required\n", 0},
    {"a blank in the name", BASE "[targets.\"a b\"]\nmodel = \"m\"\n",
     "t:5:10: error: targets.a b: the name of a target must be 1 to 64 letters, digits, ", 0},
    {"a name with a separator", BASE "[targets.\"p::m\"]\nmodel = \"m\"\n",
     "t:5:10: error: targets.p::m: the name of a target must be", 0},
    {"an empty name", BASE "[targets.\"\"]\nmodel = \"m\"\n",
     "t:5:10: error: targets: the name of a target must be", 0},
    {"a name of 65 bytes",
     BASE TARGET("a123456789b123456789c123456789d123456789e123456789f1234567890123X", "m"),
     "t:5:10: error: targets.a123456789", 0},
    {"a name of 64 bytes",
     BASE TARGET("a123456789b123456789c123456789d123456789e123456789f1234567890123", "m"), "", 0},
    {"misspelt model", BASE TARGET("a", "gtp-4o"),
     "t:6:9: error: targets.a.model: \"gtp-4o\" is not listed by any provider: did you mean "
     "\"gpt-4o\"?\n",
     0},
    {"another model", BASE TARGET("a", "claude"),
     "t:6:9: error: targets.a.model: \"claude\" is not listed by any provider: add it to", 0},
    {"misspelt provider",
     BASE TARGET("a", "m") "provider = \"othr\"\n[providers.other]\n"
                           "base_url = \"demo:\"\nmodels = []\n",
     "t:7:12: error: targets.a.provider: there is no [providers.othr]: did you mean \"other\"?\n",
     0},
    {"no such provider", BASE TARGET("a", "m") "provider = \"openai\"\n",
     "t:7:12: error: targets.a.provider: there is no [providers.openai]\n", 0},
    {"empty provider", BASE TARGET("a", "m") "provider = \"\"\n",
     "t:7:12: error: targets.a.provider must not be empty\n", 0},
    {"provider does not list it", BASE SECOND TARGET("a", "n") "provider = \"other\"\n",
     "t:9:9: error: targets.a.model: \"n\" is not listed by providers.other: add it to the models "
     "there\n",
     2},
    {"provider lists nothing like it",
     BASE TARGET("a", "gpt-4o") "provider = \"none\"\n"
                                "[providers.none]\nbase_url = \"demo:\"\nmodels = []\n",
     "t:6:9: error: targets.a.model: \"gpt-4o\" is not listed by providers.none: add it to the "
     "models there\n",
     0},
    {"two providers list it", BASE SECOND TARGET("a", "m"),
     "t:9:9: error: targets.a.model: \"m\" is listed by the providers p and other: say which one "
     "is meant with `provider`\n",
     2},
    {"six providers list it",
     BASE "[providers]\nq1 = { base_url = \"demo:\", models = [\"z\"] }\n"
          "q2 = { base_url = \"demo:\", models = [\"z\"] }\n"
          "q3 = { base_url = \"demo:\", models = [\"z\"] }\n"
          "q4 = { base_url = \"demo:\", models = [\"z\"] }\n"
          "q5 = { base_url = \"demo:\", models = [\"z\"] }\n" TARGET("a", "z"),
     "t:12:9: error: targets.a.model: \"z\" is listed by the providers q1, q2, q3, q4, …: say", 4},
    {"the provider is said", BASE SECOND TARGET("a", "m") "provider = \"other\"\n",
     "t:7:16: " LISTED_TWICE("gpt-4o"), 0},
    {"literal credential", BASE TARGET("a", "m") "credential = \"sk-planted\"\n",
     "t:7:14: error: targets.a.credential must say where the secret is", 0},
    {"two bare targets of a model", BASE TARGET("a", "m") TARGET("b", "m"),
     "t:7:10: error: targets.b: \"m\" goes to targets.a already, which no route and no function "
     "names either: make a [routes.NAME] with models = [\"m\"], targets = [\"a\", \"b\"] and a "
     "strategy\n",
     0},
    {"two bare targets of a model at two providers",
     BASE SECOND TARGET("a", "m") "provider = \"p\"\n" TARGET("b", "m") "provider = \"other\"\n",
     "t:11:10: error: targets.b: \"m\" goes to targets.a already", 1},
    {"a bare one and a named one",
     BASE TARGET("a", "m") TARGET("b", "m") "[routes.r]\nmodels = [\"z\"]\ntargets = [\"b\"]\n", "",
     0},
    {"a route has a bare target's model",
     BASE TARGET("a", "m") TARGET("b", "m") "[routes.r]\nmodels = [\"m\"]\ntargets = [\"b\"]\n",
     "t:5:10: warning: targets.a: nothing leads to it: no route and no function names it, and "
     "\"m\" goes to routes.r\n",
     0},
    {"a route of another kind has it",
     BASE TARGET("a", "m") TARGET("b", "m") "[routes.r]\nendpoint = \"rerank\"\nmodels = [\"m\"]\n"
                                            "targets = [\"b\"]\n",
     "", 0},
};

static const struct said_case route_cases[] = {
    {"nothing in it", BASE "[routes.r]\n",
     "t:5:9: error: routes.r needs targets = [\"NAME\", …] or [[routes.NAME.steps]]: without", 0},
    {"no targets", BASE "[routes.r]\ntargets = []\n",
     "t:6:11: error: routes.r.targets must not be empty: without targets nothing answers\n", 0},
    {"no targets and no steps", BASE "[routes.r]\nsteps = []\ntargets = []\n",
     "t:7:11: error: routes.r.targets must not be empty", 0},
    {"no steps", BASE "[routes.r]\nsteps = []\n", "t:5:9: error: routes.r needs targets", 0},
    {"name", BASE TARGETS "[routes.\"a/b\"]\ntargets = [\"a\"]\n",
     "t:11:9: error: routes.a/b: the name of a route must be 1 to 64 letters", 0},
    {"name with a dot", BASE TARGETS "[routes.a.b]\ntargets = [\"a\"]\n",
     "t:11:11: error: routes.a.b is not a known key: a name with dots is written in quotes", 1},
    {"misspelt target", BASE TARGET("primary", "m") "[routes.r]\ntargets = [\"primry\"]\n",
     "t:8:12: error: routes.r.targets: there is no [targets.primry]: did you mean \"primary\"?\n",
     0},
    {"no such target",
     BASE TARGETS "[routes.r]\ntargets = [\"a\", \"zzzz\"]\n"
                  "strategy = \"weighted\"\n",
     "t:12:17: error: routes.r.targets: there is no [targets.zzzz]\n", 0},
    {"a target twice",
     BASE TARGETS "[routes.r]\nstrategy = \"fallback\"\n"
                  "targets = [\"a\", \"b\", \"a\"]\n",
     "t:13:22: error: routes.r.targets names \"a\" twice\n", 0},
    {"a target in two routes",
     BASE TARGETS "[routes.r]\ntargets = [\"a\"]\n[routes.s]\ntargets = [\"a\"]\n", "", 0},
    {"targets are no list", BASE "[routes.r]\ntargets = \"a\"\n",
     "t:6:11: error: routes.r.targets must be an array of strings, not a string\n", 0},
    {"a number among them", BASE TARGETS "[routes.r]\ntargets = [\"a\", 1]\n",
     "t:12:17: error: routes.r.targets must be an array of strings (found an integer in it)", 1},
    {"two targets and no strategy", BASE TARGETS "[routes.r]\ntargets = [\"a\", \"b\"]\n",
     "t:12:11: error: routes.r has 2 targets and needs a strategy: \"weighted\" (drawn by weight) "
     "or \"fallback\" (in their order)\n",
     0},
    {"single with two",
     BASE TARGETS "[routes.r]\nstrategy = \"single\"\ntargets = [\"a\", \"b\"]\n",
     "t:12:12: error: routes.r.strategy: \"single\" has one of targets, not 2: leave the", 0},
    {"experiment", BASE TARGETS "[routes.r]\nstrategy = \"experiment\"\ntargets = [\"a\", \"b\"]\n",
     "t:12:12: error: routes.r.strategy must be \"single\", \"weighted\" or \"fallback\", not", 0},
    {"weighted by nothing",
     BASE TARGET("a", "m") "weight = 0\n" TARGET(
         "b", "n") "weight = 0\n[routes.r]\n"
                   "strategy = \"weighted\"\ntargets = [\"a\", \"b\"]\n",
     "t:13:11: error: routes.r.targets: all of them have the weight 0, so none could", 0},
    {"fallback in spite of it",
     BASE TARGET("a", "m") "weight = 0\n" TARGET(
         "b", "n") "weight = 0\n[routes.r]\n"
                   "strategy = \"fallback\"\ntargets = [\"a\", \"b\"]\n",
     "", 0},
    {"one has a weight",
     BASE TARGET("a", "m") "weight = 0\n" TARGET(
         "b", "n") "[routes.r]\n"
                   "strategy = \"weighted\"\ntargets = [\"a\", \"b\"]\n",
     "", 0},
    {"single with one", BASE TARGETS "[routes.r]\nstrategy = \"single\"\ntargets = [\"a\"]\n", "",
     0},
    {"fallback with one", BASE TARGETS "[routes.r]\nstrategy = \"fallback\"\ntargets = [\"a\"]\n",
     "", 0},
    {"weighted with one", BASE TARGETS "[routes.r]\nstrategy = \"weighted\"\ntargets = [\"a\"]\n",
     "", 0},
    {"variants", BASE TARGETS "[routes.r]\ntargets = [\"a\"]\n[routes.r.variants.v]\n",
     "t:13:11: error: routes.r.variants is not a known key", 0},
    {"scanning", BASE TARGETS "[routes.r]\ntargets = [\"a\"]\nsecurity.enabled = true\n",
     "t:13:20: error: routes.r.security.enabled must be left at its default (false): security "
     "scanning is not in this release",
     0},
    {"no scanning",
     BASE TARGETS "[routes.r]\ntargets = [\"a\"]\nsecurity = { enabled = false, "
                  "profile = \"strict\", policy = { \"pii.email\" = { request = \"flag\" } } }\n",
     "", 0},
};

static const struct said_case step_cases[] = {
    {"steps",
     BASE TARGETS "[[routes.r.steps]]\ntargets = [\"a\"]\n[[routes.r.steps]]\n"
                  "strategy = \"fallback\"\ntargets = [\"b\", \"a\"]\n",
     "", 0},
    {"a step without targets", BASE "[[routes.r.steps]]\nstrategy = \"single\"\n",
     "t:5:1: error: routes.r.steps.targets is required\n", 0},
    {"a step of nothing", BASE "[[routes.r.steps]]\ntargets = []\n",
     "t:6:11: error: routes.r.steps.targets must not be empty\n", 0},
    {"no such target",
     BASE TARGETS "[[routes.r.steps]]\ntargets = [\"a\"]\n[[routes.r.steps]]\n"
                  "targets = [\"bb\"]\n",
     "t:14:12: error: routes.r.steps.targets: there is no [targets.bb]", 0},
    {"a target twice in one",
     BASE TARGETS "[[routes.r.steps]]\nstrategy = \"weighted\"\ntargets = [\"a\", \"a\"]\n",
     "t:13:17: error: routes.r.steps.targets names \"a\" twice\n", 0},
    {"two targets and no strategy",
     BASE TARGETS "[[routes.r.steps]]\ntargets = [\"a\"]\n[[routes.r.steps]]\n"
                  "targets = [\"a\", \"b\"]\n",
     "t:14:11: error: routes.r.steps has 2 targets and needs a strategy", 0},
    {"single with two",
     BASE TARGETS "[[routes.r.steps]]\nstrategy = \"single\"\ntargets = [\"a\", \"b\"]\n",
     "t:12:12: error: routes.r.steps.strategy: \"single\" has one of targets, not 2", 0},
    {"experiment",
     BASE TARGETS "[[routes.r.steps]]\nstrategy = \"experiment\"\ntargets = [\"a\", \"b\"]\n",
     "t:12:12: error: routes.r.steps.strategy must be \"single\", \"weighted\" or", 0},
    {"weighted by nothing",
     BASE TARGET("a", "m") "weight = 0\n[[routes.r.steps]]\nstrategy = \"weighted\"\n"
                           "targets = [\"a\"]\n",
     "t:10:11: error: routes.r.steps.targets: all of them have the weight 0", 0},
    {"targets beside them",
     BASE TARGETS "[routes.r]\ntargets = [\"a\", \"b\"]\n[[routes.r.steps]]\ntargets = [\"c\"]\n",
     "t:12:11: warning: routes.r.targets has no effect beside steps: these win\n", 0},
    {"a strategy beside them",
     BASE TARGETS "[routes.r]\nstrategy = \"single\"\n[[routes.r.steps]]\ntargets = [\"c\"]\n",
     "t:12:12: warning: routes.r.strategy has no effect beside steps: each of them has its own\n",
     0},
    {"steps are no list", BASE "[routes.r]\nsteps = 1\n",
     "t:6:9: error: routes.r.steps must be an array of tables, not an integer\n", 0},
    {"a step is no table", BASE "[routes.r]\nsteps = [1]\n",
     "t:6:10: error: routes.r.steps must hold tables only, not an integer\n", 0},
    {"misspelt", BASE TARGETS "[routes.r]\nsteps = [{ target = [\"a\"] }]\n",
     "t:12:12: error: routes.r.steps.target is not a known key: did you mean \"targets\"?\n", 1},
};

#define ROUTE(name, rest) "[routes." name "]\ntargets = [\"a\"]\n" rest

static const struct said_case name_cases[] = {
    {"a name that no provider knows", BASE TARGETS ROUTE("r", "models = [\"alias\"]\n"), "", 0},
    {"an empty list", BASE TARGETS ROUTE("r", "models = []\n"), "", 0},
    {"an empty name", BASE TARGETS ROUTE("r", "models = [\"\"]\n"),
     "t:13:11: error: routes.r.models must not hold an empty string\n", 0},
    {"a control character", BASE TARGETS ROUTE("r", "models = [\"a\\u0007b\"]\n"),
     "t:13:11: error: routes.r.models: a name must not hold control characters\n", 0},
    {"a separator", BASE TARGETS ROUTE("r", "models = [\"q\", \"p::m\"]\n"),
     "t:13:16: warning: routes.r.models: \"p::m\" has \"::\" in it, so it leads to a provider and "
     "never here\n",
     0},
    {"twice in one route", BASE TARGETS ROUTE("r", "models = [\"q\", \"z\", \"q\"]\n"),
     "t:13:21: error: routes.r.models names \"q\" twice\n", 0},
    {"in two routes",
     BASE TARGETS ROUTE("r", "models = [\"q\"]\n") ROUTE("s", "models = [\"z\", \"q\"]\n"),
     "t:16:16: error: routes.s.models: \"q\" is a name of routes.r already, of the same endpoint "
     "(chat): leave it out of one of them (route::r and route::s stay), or make one route of "
     "both\n",
     0},
    {"in two routes of two endpoints",
     BASE TARGETS ROUTE("r", "models = [\"q\"]\n")
         ROUTE("s", "endpoint = \"embeddings\"\nmodels = [\"q\"]\n"),
     "", 0},
    {"in two routes of the same other endpoint",
     BASE TARGETS ROUTE("r", "endpoint = \"rerank\"\nmodels = [\"q\"]\n")
         ROUTE("s", "endpoint = \"rerank\"\nmodels = [\"q\"]\n"),
     "t:18:11: error: routes.s.models: \"q\" is a name of routes.r already, of the same endpoint "
     "(rerank)",
     0},
    {"in two routes, one of no known endpoint",
     BASE TARGETS ROUTE("r", "models = [\"q\"]\n")
         ROUTE("s", "endpoint = \"chta\"\nmodels = [\"q\"]\n"),
     "t:16:12: error: routes.s.endpoint must be \"chat\", \"embeddings\"", 0},
    {"a model of two providers that a route has",
     BASE SECOND TARGET("a", "m") "provider = \"p\"\n" ROUTE("r", "models = [\"m\"]\n"),
     "t:7:16: " LISTED_TWICE("gpt-4o"), 0},
};

static const struct said_case retry_cases[] = {
    {"all of it",
     BASE "[routing.retry]\nmax_retries = 0\nbackoff_base_ms = 0\n"
          "backoff_max_ms = 0\n[routing.breaker]\nenabled = false\nfailures = 10000\n"
          "window_ms = 1\nopen_ms = 1\n",
     "", 0},
    {"base and maximum", BASE "[routing.retry]\nbackoff_base_ms = 20\nbackoff_max_ms = 10\n",
     "t:6:19: warning: routing.retry.backoff_base_ms: the first wait of 20 ms is cut to "
     "backoff_max_ms, which is 10\n",
     0},
    {"base alone", BASE "[routing.retry]\nbackoff_base_ms = 10001\n",
     "t:6:19: warning: routing.retry.backoff_base_ms: the first wait of 10001 ms is cut", 0},
    {"maximum alone", BASE "[routing.retry]\nbackoff_max_ms = 499\n",
     "t:6:18: warning: routing.retry.backoff_max_ms: the first wait of 500 ms is cut", 0},
    {"a route's own", BASE TARGETS ROUTE("r", "retry = { backoff_max_ms = 1 }\n"),
     "t:13:28: warning: routes.r.retry.backoff_max_ms: the first wait of 500 ms is cut", 0},
    {"a route's own and the common one",
     BASE TARGETS ROUTE("r", "retry = { max_retries = 1 }\n") "[routing.retry]\n"
                                                              "backoff_base_ms = 20000\n",
     "t:15:19: warning: routing.retry.backoff_base_ms: the first wait of 20000 ms is cut", 0},
    {"a route's own that is wrong", BASE TARGETS ROUTE("r", "retry = { backoff_max_ms = \"x\" }\n"),
     "t:13:28: error: routes.r.retry.backoff_max_ms must be an integer, not a string\n", 0},
    {"too many failures", BASE "[routing.breaker]\nfailures = 10001\n",
     "t:6:12: error: routing.breaker.failures must be an integer from 1 to 10000, not 10001\n", 0},
    {"misspelt", BASE "[routing.braker]\n",
     "t:5:10: error: routing.braker is not a known key: did you mean \"breaker\"?\n", 0},
    {"no table", "routing = 1\n" BASE, "t:1:11: error: routing must be a table, not an integer\n",
     0},
};

/* ---- suggestions ---- */

/* Each looks at all names there are: a file full of wrong ones gets its first ones only. */
static void test_suggestions_have_a_limit(void **state)
{
    static char text[16384];
    static struct loaded loaded;
    size_t len;
    unsigned suggested = 0;

    (void)state;
    len = (size_t)snprintf(
        text, sizeof text,
        BASE TARGET("target", "m") "[routes.r]\n"
                                   "strategy = \"weighted\"\ntargets = [\"target\"");
    for (unsigned i = 0; i < 100; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, ", \"targe%u\"", i % 10);
    (void)snprintf(text + len, sizeof text - len, "]\n");
    load_text(text, &loaded);
    assert_int_equal(loaded.errors, 100);
    for (const char *at = loaded.said; (at = strstr(at, "did you mean")); at++)
        suggested++;
    assert_int_equal(suggested, 50);
    load_finish(&loaded);
}

static void too_many(const char *front, const char *item, unsigned count, const char *behind,
                     const char *said)
{
    static char text[65536];
    size_t len = (size_t)snprintf(text, sizeof text, "%s", front);

    for (unsigned i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", item);
    (void)snprintf(text + len, sizeof text - len, "%s", behind);
    const struct said_case row = {said[0] ? "too many" : "as many as may be", text, said, 0};
    expect_said(&row, 1);
}

/* The same target may stand in several steps. */
static void test_targets_of_one_route_have_a_limit(void **state)
{
    const char *front = BASE TARGET("a", "m") "[routes.r]\nsteps = [";

    (void)state;
    too_many(front, "{ targets = [\"a\"] },", GW_ROUTE_TARGETS_MAX, "]\n", "");
    too_many(front, "{ targets = [\"a\"] },", GW_ROUTE_TARGETS_MAX + 1, "]\n",
             "t:8:9: error: routes.r.steps: there may be at most 1024 targets, not 1025\n");
}

#define TEST_SAID(name)                                                                            \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        expect_said(name##_cases, GW_COUNT(name##_cases));                                         \
    }
TEST_SAID(target)
TEST_SAID(route)
TEST_SAID(step)
TEST_SAID(name)
TEST_SAID(retry)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target),
        cmocka_unit_test(test_route),
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_name),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_suggestions_have_a_limit),
        cmocka_unit_test(test_targets_of_one_route_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
