#include "unit/test.h"

#include "app/explain.h"
#include "unit/config/load.h"

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

static const struct {
    const char *label, *endpoint, *model;
    enum gw_status status;
    /* Lines of the text, or the message. A blank stands for any number of them. */
    const char *lines[8];
} cases[] = {
    {"chat",
     "chat",
     "gpt-4o",
     GW_OK,
     {"gpt-4o", "layer passthrough (no retry, no failover)", "provider openai", "model gpt-4o",
      "listed yes", "dialect openai", "url https://api.openai.com/v1/chat/completions",
      "credential the caller's own, forwarded"}},
    {"no endpoint is chat",
     "",
     "gpt-4o",
     GW_OK,
     {"url https://api.openai.com/v1/chat/completions"}},
    {"chat of Anthropic",
     "chat",
     "claude",
     GW_OK,
     {"provider anthropic", "dialect anthropic", "url https://api.anthropic.com/v1/messages"}},
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
    {"responses only", "chat", "o3-pro", GW_OK, {"model o3-pro", "api responses only"}},
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

/* Runs of blanks become one, and those in front of a line go. */
static void squeeze(struct gw_str text, char *out, size_t room)
{
    size_t len = 0;

    assert_true(text.len < room);
    for (size_t i = 0; i < text.len; i++) {
        bool front = len == 0 || out[len - 1] == '\n' || out[len - 1] == ' ';
        if (text.base[i] != ' ' || !front)
            out[len++] = text.base[i];
    }
    out[len] = '\0';
}

static bool has_line(const char *text, const char *line)
{
    size_t len = strlen(line);

    for (const char *at = text; (at = strstr(at, line)); at++)
        if ((at == text || at[-1] == '\n') && (at[len] == '\n' || at[len] == '\0'))
            return true;
    return false;
}

static void check(size_t i, const struct gw_config *config)
{
    struct gw_err err = {.message = ""};
    struct gw_buf buf;
    char text[4096];

    gw_buf_init(&buf, sizeof text - 1);
    enum gw_status status =
        gw_explain(config, gw_str_of(cases[i].endpoint), gw_str_of(cases[i].model), &buf, &err);
    squeeze(status == GW_OK ? gw_buf_str(&buf) : gw_str_of(err.message), text, sizeof text);
    if (status != cases[i].status || (status != GW_OK && gw_buf_len(&buf)))
        fail_msg("%s: %s\n%s", cases[i].label, gw_status_name(status), text);
    for (size_t j = 0; j < GW_COUNT(cases[i].lines) && cases[i].lines[j]; j++)
        if (!has_line(text, cases[i].lines[j]))
            fail_msg("%s: no \"%s\" in:\n%s", cases[i].label, cases[i].lines[j], text);
    gw_buf_finish(&buf);
}

static void test_explain(void **state)
{
    static struct loaded loaded;

    (void)state;
    load_text(file, &loaded);
    if (loaded.status != GW_OK)
        fail_msg("%s", loaded.said);
    for (size_t i = 0; i < GW_COUNT(cases); i++)
        check(i, loaded.config);
    load_finish(&loaded);
}

/* A name of any length is told in part. */
static void test_long_endpoint(void **state)
{
    static struct loaded loaded;
    static char name[5000];
    struct gw_buf buf;
    struct gw_err err;

    (void)state;
    load_text(file, &loaded);
    memset(name, 'x', sizeof name);
    gw_buf_init(&buf, 4096);
    assert_int_equal(
        gw_explain(loaded.config, (struct gw_str){name, sizeof name}, GW_STR("gpt-4o"), &buf, &err),
        GW_INVALID);
    assert_non_null(strstr(err.message, "rerank"));
    gw_buf_finish(&buf);
    load_finish(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_long_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
