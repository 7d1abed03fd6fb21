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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passthrough),
        cmocka_unit_test(test_long_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
