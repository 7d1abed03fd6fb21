/* What each Claude model is sent: translation.md §2.10, §2.11, and the settings of §4.4. */
#include "unit/test.h"

#include <stdio.h>

#include "unit/codec/anthropic_messages_upstream.h"

#define HI "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]"
#define BODY(members) "{\"model\":\"m\",\"max_tokens\":8192," HI members "}"
#define OUT "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}]"

/* ---- tweaks ---- */

static void no_max(struct gw_request *request)
{
    request->max_tokens = (struct gw_str){NULL, 0};
}

#define EFFORT(word, WORD)                                                                         \
    static void word(struct gw_request *request)                                                   \
    {                                                                                              \
        request->reasoning.effort = GW_EFFORT_##WORD;                                              \
    }
EFFORT(none, NONE)
EFFORT(minimal, MINIMAL)
EFFORT(low, LOW)
EFFORT(medium, MEDIUM)
EFFORT(high, HIGH)
EFFORT(xhigh, XHIGH)
EFFORT(max, MAX)

static void high_no_max(struct gw_request *request)
{
    high(request);
    no_max(request);
}

static void just_on(struct gw_request *request)
{
    request->reasoning.mode = GW_REASONING_ON;
}

static void zero_budget(struct gw_request *request)
{
    request->reasoning.budget = GW_STR("0");
}

static void forced(struct gw_request *request)
{
    static struct gw_tool tool = {.name = {GW_STR_INIT("f")}};
    request->tools = &tool;
    request->tool_choice = GW_CHOICE_ANY;
}

static void forced_high(struct gw_request *request)
{
    forced(request);
    high(request);
}

static void soft(struct gw_request *request)
{
    request->sampling[GW_SEED] = GW_STR("1");
    request->sampling[GW_LOGIT_BIAS] = GW_STR("{\"1\":2}");
    request->sampling[GW_FREQUENCY_PENALTY] = GW_STR("0.5");
    request->sampling[GW_PRESENCE_PENALTY] = GW_STR("-0.5");
    request->sampling[GW_REPETITION_PENALTY] = GW_STR("1.1");
    request->sampling[GW_MIN_P] = GW_STR("0.1");
    request->logprobs = GW_FLAG_TRUE;
    request->top_logprobs = GW_STR("3");
    request->metadata = GW_STR("{\"a\":\"b\"}");
    request->store = GW_FLAG_TRUE;
    request->prediction = GW_STR("{}");
    request->verbosity = GW_TEXT("low");
    request->cache_key = GW_TEXT("k");
    request->cache_retention = GW_TEXT("24h");
}

static void silent(struct gw_request *request)
{
    request->sampling[GW_LOGIT_BIAS] = GW_STR("{}");
    request->sampling[GW_FREQUENCY_PENALTY] = GW_STR("0");
    request->sampling[GW_PRESENCE_PENALTY] = GW_STR("0.0");
    request->sampling[GW_REPETITION_PENALTY] = GW_STR("1.0");
    request->logprobs = GW_FLAG_FALSE;
    request->store = GW_FLAG_FALSE;
    request->n = GW_STR("1");
    request->parallel_tools = GW_FLAG_TRUE;
    request->modalities = GW_STR("[\"text\"]");
}

static void tier_priority(struct gw_request *request)
{
    request->service_tier = GW_TEXT("priority");
}

static void tier_flex(struct gw_request *request)
{
    request->service_tier = GW_TEXT("flex");
}

static void long_user(struct gw_request *request)
{
    char *id = gw_arena_bytes(request->arena, 300);
    memset(id, 'u', 300);
    memcpy(id + 255, "\xc3\xa9", 2); /* across the limit */
    request->user_id.raw = (struct gw_str){id, 300};
}

/* ---- max_tokens ---- */

static void test_t11_52_max_tokens_is_the_models_own(void **state)
{
    static const struct {
        const char *model, *given;
        int sent;
        const char *warnings;
    } rows[] = {
        {"claude-opus-5", NULL, 128000, ""},
        {"claude-opus-4-6", NULL, 128000, ""},
        {"us.anthropic.claude-sonnet-4-5-20250929-v1:0", NULL, 64000, ""},
        {"claude-opus-4-1", NULL, 32000, ""},
        {"claude-opus-4-20250514", NULL, 32000, ""},
        {"claude-sonnet-4@20250514", NULL, 64000, ""},
        {"claude-3-5-sonnet-latest", NULL, 8192, ""},
        {"claude-3-haiku", NULL, 4096, ""},
        {"claude-future-9", NULL, 128000, ""},
        {"kimi-k2", NULL, 4096, ""},
        {"claude-3-haiku", "4096", 4096, ""},
        {"claude-3-haiku", "4097", 4096, "clamp:max_tokens"},
        {"kimi-k2", "32000", 32000, ""},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct upstream up;
        char body[200], want[200];
        (void)snprintf(body, sizeof(body), "{\"model\":\"m\",\"max_tokens\":%s," HI "}",
                       rows[i].given ? rows[i].given : "1");
        upstream_write(&up, body, rows[i].model, rows[i].given ? NULL : no_max);
        (void)snprintf(want, sizeof(want), "{\"model\":\"%s\",\"max_tokens\":%d," OUT "}",
                       rows[i].model, rows[i].sent);
        upstream_check(&up, rows[i].model, "", want, rows[i].warnings);
        upstream_finish(&up);
    }
}

/* ---- thinking and sampling ---- */

#define ADAPTIVE ",\"thinking\":{\"type\":\"adaptive\",\"display\":\"summarized\"}"
#define EFFORT_IS(word) ",\"output_config\":{\"effort\":\"" word "\"}"
#define BUDGET(tokens) ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":" #tokens "}"
#define OFF ",\"thinking\":{\"type\":\"disabled\"}"
#define TOOL                                                                                       \
    ",\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\",\"properties\":{}}}]"
#define ANY ",\"tool_choice\":{\"type\":\"any\"}"

static const struct {
    const char *label, *model, *members;
    tweak_fn *tweak;
    const char *out, *warnings;
} rows[] = {
    /* effort, manual */
    {"none", "claude-opus-4-5", "", none, "", ""},
    {"minimal", "claude-opus-4-5", "", minimal, BUDGET(1024), ""},
    {"low", "claude-opus-4-5", "", low, BUDGET(2048), ""},
    {"medium, at most 0.8 of the answer", "claude-opus-4-5", "", medium, BUDGET(6553), ""},
    {"high", "claude-opus-4-5", "", high_no_max, BUDGET(16384), ""},
    {"on", "claude-opus-4-5", "", just_on, BUDGET(6553), ""},
    {"budget is kept", "claude-opus-4-5",
     ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":8000}", NULL, BUDGET(8000), ""},
    {"budget stays below the answer", "claude-opus-4-5",
     ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":8192}", NULL, BUDGET(8191),
     "clamp:reasoning"},
    {"no budget", "claude-opus-4-5", "", zero_budget, "", ""},
    {"disabled", "claude-opus-4-5", ",\"thinking\":{\"type\":\"disabled\"}", NULL, "", ""},
    {"adaptive on a manual model", "claude-opus-4-5", ",\"thinking\":{\"type\":\"adaptive\"}", NULL,
     BUDGET(6553), ""},
    /* effort, adaptive */
    {"test_t11_51 minimal", "claude-opus-4-6", "", minimal, ADAPTIVE EFFORT_IS("low"), ""},
    {"test_t11_51 low", "claude-opus-4-7", "", low, ADAPTIVE EFFORT_IS("low"), ""},
    {"test_t11_51 medium", "claude-opus-4-8", "", medium, ADAPTIVE EFFORT_IS("medium"), ""},
    {"test_t11_51 high", "claude-opus-5", "", high, ADAPTIVE EFFORT_IS("high"), ""},
    {"xhigh", "claude-opus-5", "", xhigh, ADAPTIVE EFFORT_IS("xhigh"), ""},
    {"xhigh where it is unknown", "claude-opus-4-6", "", xhigh, ADAPTIVE EFFORT_IS("max"), ""},
    {"max", "claude-sonnet-5", "", max, ADAPTIVE EFFORT_IS("max"), ""},
    {"on", "claude-opus-5", "", just_on, ADAPTIVE, ""},
    {"test_t11_51 enabled on an adaptive model", "claude-opus-4-7",
     ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2047}", NULL, ADAPTIVE EFFORT_IS("low"),
     ""},
    {"budget of the middle", "claude-opus-4-7",
     ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":12287}", NULL,
     ADAPTIVE EFFORT_IS("medium"), ""},
    {"large budget", "claude-opus-4-7",
     ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":12288}", NULL,
     ADAPTIVE EFFORT_IS("high"), ""},
    {"the caller's display", "claude-opus-5",
     ",\"thinking\":{\"type\":\"adaptive\",\"display\":\"omitted\"}", NULL,
     ",\"thinking\":{\"type\":\"adaptive\",\"display\":\"omitted\"}", ""},
    {"none, on by default", "claude-opus-5", "", none, OFF, ""},
    {"none, off by default", "claude-opus-4-8", "", none, "", ""},
    {"none, cannot be off", "claude-opus-4-7", "", none, EFFORT_IS("low"), ""},
    {"nothing said", "claude-opus-5", "", NULL, "", ""},
    /* forced calls */
    {"forced call wins, manual", "claude-opus-4-5", "", forced_high, TOOL ANY, "drop:reasoning"},
    {"forced call wins, on by default", "claude-opus-5", "", forced_high, TOOL ANY OFF,
     "drop:reasoning"},
    {"forced call wins, cannot be off", "claude-opus-4-7", "", forced_high, TOOL ANY,
     "drop:reasoning"},
    {"forced call where it thinks by itself", "claude-sonnet-5", "", forced, TOOL ANY OFF, ""},
    /* others */
    {"no thinking at all", "claude-3-5-haiku", "", high, "", "drop:reasoning"},
    {"none, no thinking at all", "claude-3-5-haiku", "", none, "", ""},
    {"not Claude, budget", "kimi-k2", ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":500}",
     NULL, BUDGET(500), ""},
    {"not Claude, adaptive", "kimi-k2", ",\"thinking\":{\"type\":\"adaptive\"}", NULL, ADAPTIVE,
     ""},
    {"not Claude, off", "kimi-k2", ",\"thinking\":{\"type\":\"disabled\"}", NULL, OFF, ""},
    {"not Claude, effort", "kimi-k2", "", low, BUDGET(2048), ""},
    /* sampling */
    {"temperature as it came", "claude-sonnet-4-5", ",\"temperature\":0.70", NULL,
     ",\"temperature\":0.70", ""},
    {"temperature over 1", "claude-sonnet-4-5", ",\"temperature\":1.5", NULL, ",\"temperature\":1",
     "clamp:temperature"},
    {"not both", "claude-sonnet-4-5", ",\"temperature\":0.5,\"top_p\":0.9,\"top_k\":40", NULL,
     ",\"temperature\":0.5,\"top_k\":40", "drop:top_p"},
    {"both on an old one", "claude-3-haiku", ",\"temperature\":0.5,\"top_p\":0.9", NULL,
     ",\"temperature\":0.5,\"top_p\":0.9", ""},
    {"rejected", "claude-opus-5", ",\"temperature\":0.5,\"top_p\":0.9,\"top_k\":40", NULL, "",
     "drop:temperature, drop:top_p, drop:top_k"},
    {"rejected but for what changes nothing", "claude-opus-4-7", ",\"temperature\":1.0", NULL,
     ",\"temperature\":1.0", ""},
    {"top_p of nearly all", "claude-opus-4-7", ",\"top_p\":0.99", NULL, ",\"top_p\":0.99", ""},
    {"with thinking", "claude-opus-4-5",
     ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000},\"temperature\":0.5,\"top_p\":0."
     "94,\"top_k\":1",
     NULL, BUDGET(2000), "drop:temperature, drop:top_p, drop:top_k"},
    {"with thinking, what may be", "claude-opus-4-5",
     ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000},\"top_p\":0.95", NULL,
     BUDGET(2000) ",\"top_p\":0.95", ""},
    {"with thinking, temperature 1", "claude-opus-4-5",
     ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000},\"temperature\":1", NULL,
     BUDGET(2000) ",\"temperature\":1", ""},
    /* what has no field */
    {"soft", "claude-opus-5", "", soft, "",
     "drop:min_p, drop:frequency_penalty, drop:presence_penalty, drop:repetition_penalty, "
     "drop:seed, drop:logit_bias, "
     "drop:top_logprobs, drop:metadata, drop:store, drop:prediction, "
     "drop:verbosity, "
     "drop:prompt_cache_key, drop:prompt_cache_retention"},
    {"silent", "claude-opus-5", "", silent, "", ""},
    /* the rest */
    {"test_t11_49 stop", "claude-opus-5", ",\"stop_sequences\":[\"\\n\",\" \",\"\\\\nX \",\"\"]",
     NULL, ",\"stop_sequences\":[\"\\\\nX \"]", "drop:stop"},
    {"only blank stops", "claude-opus-5", ",\"stop_sequences\":[\"\\n\"]", NULL, "", "drop:stop"},
    {"user", "claude-opus-5", ",\"metadata\":{\"user_id\":\"u\\u00e9\"}", NULL,
     ",\"metadata\":{\"user_id\":\"u\\u00e9\"}", ""},
    {"tier auto", "claude-opus-5", ",\"service_tier\":\"auto\"", NULL, ",\"service_tier\":\"auto\"",
     ""},
    {"tier priority", "claude-opus-5", "", tier_priority, ",\"service_tier\":\"auto\"", ""},
    {"tier default", "claude-opus-5", ",\"service_tier\":\"standard_only\"", NULL,
     ",\"service_tier\":\"standard_only\"", ""},
    {"tier flex", "claude-opus-5", "", tier_flex, "", "drop:service_tier"},
    {"stream", "claude-opus-5", ",\"stream\":true", NULL, ",\"stream\":true", ""},
    {"no stream", "claude-opus-5", ",\"stream\":false", NULL, "", ""},
};

static void test_settings(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct upstream up;
        char body[600], head[300], want[600];
        bool capped = strstr(rows[i].model, "claude-3-haiku") != NULL;
        int sent = rows[i].tweak == high_no_max ? 64000 : capped ? 4096 : 8192;
        (void)snprintf(body, sizeof(body), "{\"model\":\"m\",\"max_tokens\":%d," HI "%s}", sent,
                       rows[i].members);
        upstream_write(&up, body, rows[i].model, rows[i].tweak);
        (void)snprintf(head, sizeof(head), "{\"model\":\"%s\",\"max_tokens\":%d," OUT,
                       rows[i].model, sent);
        (void)snprintf(want, sizeof(want), "%s}", rows[i].out);
        upstream_check(&up, rows[i].label, head, want, rows[i].warnings);
        upstream_finish(&up);
    }
}

static void test_no_room_to_think(void **state)
{
    struct upstream up;

    (void)state;
    upstream_write(&up, "{\"model\":\"m\",\"max_tokens\":1024," HI "}", "claude-opus-4-5", high);
    upstream_check(&up, "1024", "{\"model\":\"claude-opus-4-5\",\"max_tokens\":1024," OUT, "}",
                   "drop:reasoning");
    upstream_finish(&up);
    upstream_write(&up, "{\"model\":\"m\",\"max_tokens\":1025," HI "}", "claude-opus-4-5", high);
    upstream_check(&up, "1025", "{\"model\":\"claude-opus-4-5\",\"max_tokens\":1025," OUT,
                   BUDGET(1024) "}", "");
    upstream_finish(&up);
}

static void test_long_user_ids_are_cut_between_characters(void **state)
{
    struct upstream up;
    char want[400];

    (void)state;
    upstream_write(&up, BODY(""), "claude-opus-5", long_user);
    int len = snprintf(want, sizeof(want), ",\"metadata\":{\"user_id\":\"");
    memset(want + len, 'u', 255);
    (void)snprintf(want + len + 255, sizeof(want) - (size_t)len - 255, "\"}}");
    upstream_check(&up, "user", "{\"model\":\"claude-opus-5\",\"max_tokens\":8192," OUT, want,
                   "clamp:user");
    upstream_finish(&up);
}

/* ---- what cannot be carried ---- */

static void two_answers(struct gw_request *request)
{
    request->n = GW_STR("2");
}

static void speech(struct gw_request *request)
{
    request->modalities = GW_STR("[\"text\",\"audio\"]");
}

static void native(struct gw_request *request)
{
    static struct gw_name_list name = {{GW_STR_INIT("previous_response_id")}, NULL};
    request->native_only = &name;
}

static void native_here(struct gw_request *request)
{
    native(request);
    request->family = GW_FAMILY_ANTHROPIC;
    request->extra = NULL;
}

static void test_what_cannot_be_carried_is_refused(void **state)
{
    static const struct {
        tweak_fn *tweak;
        const char *param, *message;
    } cases[] = {
        {two_answers, "n", "`n` is not supported by this model's provider beyond 1"},
        {speech, "modalities",
         "`modalities` is not supported by this model's provider beyond text"},
        {native, "previous_response_id",
         "`previous_response_id` is not supported by this model's provider"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct upstream up;
        upstream_write(&up, BODY(""), "claude-opus-5", cases[i].tweak);
        assert_int_equal(up.status, GW_UNSUPPORTED);
        assert_int_equal(up.complaint.status, GW_UNSUPPORTED);
        assert_string_equal(up.complaint.code, "unsupported_parameter");
        assert_string_equal(up.complaint.param, cases[i].param);
        assert_string_equal(up.complaint.message, cases[i].message);
        upstream_finish(&up);
    }
    struct upstream up;
    upstream_write(&up, BODY(""), "claude-opus-5", native_here);
    assert_int_equal(up.status, GW_OK);
    upstream_finish(&up);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_t11_52_max_tokens_is_the_models_own),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_no_room_to_think),
        cmocka_unit_test(test_long_user_ids_are_cut_between_characters),
        cmocka_unit_test(test_what_cannot_be_carried_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
