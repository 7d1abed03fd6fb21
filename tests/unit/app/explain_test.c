/* The text of `sluice explain`: endpoints, names, and passthrough. */
#include "unit/test.h"

#include "unit/app/explain_check.h"

static const char file[] = "[server]\n"
                           "[providers.openai]\nbase_url = \"https://api.openai.com/v1\"\n"
                           "models = [\"gpt-4o\", \"o3-pro\"]\ntimeout_ms = 100\n"
                           "[providers.anthropic]\nbase_url = \"https://api.anthropic.com/v1\"\n"
                           "models = [\"claude\"]\ntimeout_ms = 200\n"
                           "[providers.local]\nbase_url = \"http://[::1]:8000/x\"\n"
                           "dialect = \"openai\"\nmodels = [\"llama\"]\ntimeout_ms = 300\n"
                           "[providers.demo]\nbase_url = \"demo:\"\nmodels = [\"demo-chat\"]\n"
                           "timeout_ms = 400\n"
                           "[models.o3-pro]\napi = \"responses\"\n";

static const struct explain_case passthrough[] = {
    {"chat",
     "chat",
     "gpt-4o",
     GW_OK,
     {"gpt-4o", "layer passthrough (no retry, no failover)", "provider openai", "model gpt-4o",
      "listed yes", "dialect openai", "url https://api.openai.com/v1/chat/completions",
      "serves /v1/chat/completions, /v1/messages (translated), /v1/responses",
      "credential the caller's own, forwarded", "retry none: passthrough is never retried",
      "!health"}},
    {"no endpoint is chat",
     "",
     "gpt-4o",
     GW_OK,
     {"url https://api.openai.com/v1/chat/completions"}},
    {"chat of Anthropic",
     "chat",
     "claude",
     GW_OK,
     {"provider anthropic", "dialect anthropic", "url https://api.anthropic.com/v1/messages",
      "serves /v1/chat/completions (translated), /v1/messages, /v1/responses (translated)"}},
    {"by prefix",
     "chat",
     "anthropic::claude",
     GW_OK,
     {"anthropic::claude", "provider anthropic", "model claude", "listed yes"}},
    {"not listed",
     "chat",
     "openai::gpt-9",
     GW_OK,
     {"provider openai", "model gpt-9", "listed no: asked for by prefix"}},
    {"responses only",
     "chat",
     "o3-pro",
     GW_OK,
     {"model o3-pro", "url https://api.openai.com/v1/responses",
      "serves /v1/chat/completions (translated), /v1/messages (translated), /v1/responses",
      "api responses only", "!url https://api.openai.com/v1/chat/completions"}},
    {"what no provider of its dialect serves",
     "embeddings",
     "claude",
     GW_OK,
     {"url none: no embeddings call goes to a provider that speaks anthropic in this release",
      "serves nothing: calls are refused"}},
    {"embeddings",
     "embeddings",
     "llama",
     GW_OK,
     {"provider local", "url http://[::1]:8000/x/embeddings"}},
    {"speech", "audio_speech", "gpt-4o", GW_OK, {"url https://api.openai.com/v1/audio/speech"}},
    {"transcription",
     "audio_transcription",
     "gpt-4o",
     GW_OK,
     {"url https://api.openai.com/v1/audio/transcriptions"}},
    {"images",
     "image_generation",
     "gpt-4o",
     GW_OK,
     {"url https://api.openai.com/v1/images/generations"}},
    {"rerank", "rerank", "gpt-4o", GW_OK, {"url https://api.openai.com/v1/rerank"}},
    {"the demo provider",
     "chat",
     "demo-chat",
     GW_OK,
     {"provider demo", "url demo: (the built-in provider)"}},
    {"timeouts",
     "chat",
     "claude",
     GW_OK,
     {"timeouts connect 5000 ms, answer or first byte 200 ms, silence 60000 ms"}},
    {"unknown endpoint",
     "chats",
     "gpt-4o",
     GW_INVALID,
     {"unknown endpoint \"chats\": one of chat, embeddings, audio_speech, audio_transcription, "
      "image_generation, rerank"}},
    {"unknown model", "chat", "gpt-9", GW_NOT_FOUND, {"could not find the model \"gpt-9\""}},
    {"unknown provider",
     "chat",
     "nobody::gpt-9",
     GW_NOT_FOUND,
     {"could not find the provider \"nobody\""}},
    {"empty model", "chat", "", GW_INVALID, {"the model is empty"}},
};

static void test_passthrough(void **state)
{
    (void)state;
    check_all(passthrough, GW_COUNT(passthrough), file, NULL);
}

/* A name of any length is told in part. */
static void test_long_endpoint(void **state)
{
    static struct loaded loaded;
    static char name[5000];
    struct gw_explanation explanation;
    struct gw_err err;

    (void)state;
    load_text(file, &loaded);
    memset(name, 'x', sizeof name);
    assert_int_equal(gw_explain(loaded.config, (struct gw_str){name, sizeof name}, GW_STR("gpt-4o"),
                                &explanation, &err),
                     GW_INVALID);
    assert_non_null(strstr(err.message, "rerank"));
    load_finish(&loaded);
}

/* ---- what of the file's problems is told ---- */

static const char troubled[] =
    "[server]\n"
    "[providers.one]\nbase_url = \"http://one.example:1/v1\"\nmodels = [\"m-1\", \"m-9\"]\n"
    "dialect = \"openai\"\ncredential = \"env::EXPLAIN_TEST_ONE\"\n"
    "[providers.two]\nbase_url = \"http://two.example:1/v1\"\nmodels = [\"m-2\"]\n"
    "dialect = \"openai\"\n"
    "[targets.a]\nmodel = \"m-1\"\n"
    "[targets.b]\nmodel = \"m-1\"\ncredential = \"env::EXPLAIN_TEST_B\"\n"
    "[targets.c]\nmodel = \"m-2\"\n"
    "[targets.\"c.d\"]\nmodel = \"m-2\"\ncredential = \"env::EXPLAIN_TEST_CD\"\n"
    "[routes.r]\ntargets = [\"a\", \"b\"]\nstrategy = \"fallback\"\n"
    "[routes.s]\ntargets = [\"b\", \"c\"]\nstrategy = \"fallback\"\n"
    "[routes.t]\ntargets = [\"c.d\"]\nmodels = [\"x::y\"]\n"
    "[functions.f]\nendpoint = \"chat\"\nmodels = [\"m-2\"]\n";

static const struct {
    const char *label, *model;
    const char *told[4], *untold[6];
} problems_told[] = {
    {"the targets of a route, and what their providers have for them",
     "route::r",
     {"warning: providers.one.credential: ", "warning: targets.b.credential: "},
     {"warning: targets.c", "warning: routes.", "warning: functions.", "TEST_CD"}},
    {"of a provider whose credential is another target's, not that",
     "route::s",
     {"warning: targets.b.credential: ", "warning: targets.c"},
     {"warning: providers.one", "warning: routes.", "warning: functions.", "TEST_CD"}},
    {"a name with a dot, and the route itself",
     "route::t",
     {"warning: targets.c.d.credential: ", "warning: routes.t.models"},
     {"warning: providers.", "warning: targets.c:", "warning: targets.c.model",
      "warning: targets.b", "warning: functions."}},
    {"a function",
     "function::f",
     {"warning: functions.f"},
     {"warning: targets.", "warning: providers.", "warning: routes."}},
    {"passthrough shows no credential",
     "one::m-9",
     {NULL},
     {"warning: targets.", "warning: providers.", "warning: routes."}},
};

static void test_problems_of_others_are_not_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(problems_told); i++) {
        const char *label = problems_told[i].label;
        struct gw_explanation explanation;
        struct gw_config *config = NULL;
        struct gw_problems problems;
        char said[8192] = "";
        struct gw_buf text;
        struct gw_err err = {.message = ""};
        gw_problems_init(&problems);
        gw_buf_init(&text, sizeof said - 1);
        if (gw_config_parse(gw_str_of(troubled), GW_STR("t"), GW_CONFIG_TO_EXPLAIN, &problems,
                            &config) != GW_OK)
            fail_msg("the file is refused: %.*s",
                     problems.count ? (int)problems.list[0].text.len : 0,
                     problems.count ? problems.list[0].text.base : "");
        if (gw_explain(config, GW_STR(""), gw_str_of(problems_told[i].model), &explanation, &err) !=
            GW_OK)
            fail_msg("%s: %s", label, err.message);
        gw_explain_problems(&explanation, &problems);
        assert_int_equal(problems.count, problems.errors + problems.warnings);
        assert_int_equal(gw_problems_print(&problems, &text), GW_OK);
        if (gw_buf_len(&text))
            memcpy(said, gw_buf_str(&text).base, gw_buf_len(&text));
        for (size_t k = 0; k < 4 && problems_told[i].told[k]; k++)
            if (!strstr(said, problems_told[i].told[k]))
                fail_msg("%s: no %s in\n%s", label, problems_told[i].told[k], said);
        for (size_t k = 0; k < 6 && problems_told[i].untold[k]; k++)
            if (strstr(said, problems_told[i].untold[k]))
                fail_msg("%s: %s in\n%s", label, problems_told[i].untold[k], said);
        gw_buf_finish(&text);
        gw_problems_finish(&problems);
        gw_config_release(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passthrough),
        cmocka_unit_test(test_long_endpoint),
        cmocka_unit_test(test_problems_of_others_are_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
