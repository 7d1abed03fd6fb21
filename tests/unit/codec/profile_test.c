#include "unit/test.h"

#include "codec/profile.h"
#include "config/known_providers.h"

/* Words for the marks of a row, so that a row of translation.md §4.2 is a line here. */
static void add(struct gw_buf *buf, bool is, const char *word)
{
    if (is)
        assert_int_equal(gw_buf_printf(buf, " %s", word), GW_OK);
}

static void describe(const struct gw_profile *row, struct gw_buf *buf)
{
    static const char *const styles[] = {"none",     "effort",     "effort+format",
                                         "deepseek", "openrouter", "mistral"};

    add(buf, row->openai, "openai");
    add(buf, row->completion_tokens, "completion-tokens");
    add(buf, row->completion_tokens_when_reasoning, "completion-tokens-when-reasoning");
    add(buf, row->no_stream_options, "no-so");
    add(buf, row->flat, "flat");
    add(buf, row->base64_images, "img=b64");
    add(buf, row->empty_content, "\"\"");
    add(buf, row->system_parts, "parts");
    add(buf, row->merge_roles, "merge");
    add(buf, row->hoist_system, "hoist");
    add(buf, row->cache_control, "cache");
    add(buf, row->canonical_answer, "resp=canonical");
    add(buf, row->tool_names, "tool-names");
    add(buf, row->assistant_after_tool, "bridge");
    add(buf, row->any_word, "any");
    add(buf, row->nine_char_ids, "nine");
    add(buf, row->schema_as_object, "schema=object");
    add(buf, row->n_unsupported, "n=1");
    add(buf, row->no_tools, "no-tools");
    add(buf, true, styles[row->reasoning]);
    if (row->reasoning_in)
        assert_int_equal(gw_buf_printf(buf, " <%s", row->reasoning_in), GW_OK);
    for (size_t i = 0; row->members[i].name; i++)
        assert_int_equal(gw_buf_printf(buf, " -%s%s%s", row->members[i].name,
                                       row->members[i].renamed ? "=" : "",
                                       row->members[i].renamed ? row->members[i].renamed : ""),
                         GW_OK);
}

static const struct {
    const char *name, *want;
} rows[] = {
    {"", " effort"},
    {"somebody", " effort"},
    {"openai", " openai completion-tokens parts effort -top_k -min_p -repetition_penalty"},
    {"azure-openai",
     " openai completion-tokens-when-reasoning parts effort -top_k -min_p -repetition_penalty"},
    {"google-gemini", " effort -logit_bias"},
    {"gcp-vertex-ai", " effort -logit_bias"},
    {"xai", " completion-tokens effort <reasoning_content -logit_bias"},
    {"mistral",
     " no-so \"\" merge hoist resp=canonical tool-names bridge any nine mistral -seed=random_seed"
     " -logit_bias -logprobs -top_logprobs -user -store -service_tier -top_k -min_p"
     " -repetition_penalty -verbosity -prompt_cache_key -prompt_cache_retention"},
    {"groq", " completion-tokens n=1 effort+format <reasoning -logprobs -top_logprobs -logit_bias"},
    {"together", " effort"},
    {"fireworks", " effort"},
    {"nvidia", " effort"},
    {"deepseek", " flat \"\" schema=object n=1 deepseek <reasoning_content -seed -logit_bias -n"},
    {"perplexity",
     " flat merge hoist n=1 no-tools none -stop -seed -logprobs -top_logprobs -logit_bias -n"
     " -parallel_tool_calls"},
    {"openrouter", " parts cache openrouter <reasoning"},
    {"cerebras",
     " completion-tokens flat effort <reasoning -frequency_penalty -presence_penalty -logit_bias"
     " -service_tier -parallel_tool_calls"},
    {"ollama", " flat img=b64 \"\" resp=canonical n=1 effort <reasoning -n -logit_bias -logprobs"
               " -top_logprobs -user -tool_choice"},
    {"vllm", " \"\" none"},
};

static void test_profiles(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_buf buf;
        gw_buf_init(&buf, 10000);
        describe(gw_profile_of(gw_str_of(rows[i].name)), &buf);
        if (!gw_str_eq(gw_buf_str(&buf), gw_str_of(rows[i].want)))
            fail_msg("%s:%.*s", rows[i].name, GW_STR_ARG(gw_buf_str(&buf)));
        gw_buf_finish(&buf);
    }
}

/* Rows that nothing can find, or that say another thing than the configuration. */
static void test_profiles_are_of_known_providers(void **state)
{
    size_t count;
    const struct gw_profile *all = gw_profiles(&count);

    (void)state;
    assert_int_equal(count + 1, GW_COUNT(rows));
    assert_string_equal(all[0].name, "");
    for (size_t i = 1; i < count; i++) {
        const struct gw_known_provider *known = gw_known_provider_by_name(gw_str_of(all[i].name));
        if (!known)
            fail_msg("%s", all[i].name);
        if (known->completion_tokens !=
            (all[i].completion_tokens || all[i].completion_tokens_when_reasoning))
            fail_msg("%s: completion tokens", all[i].name);
        assert_null(all[i].members[GW_PROFILE_MEMBERS_MAX - 1].name);
        assert_ptr_equal(gw_profile_of(gw_str_of(all[i].name)), &all[i]);
    }
}

static void test_efforts_of_profiles(void **state)
{
    static const struct {
        const char *name;
        enum gw_effort asked, sent;
    } efforts[] = {
        {"fireworks", GW_EFFORT_MINIMAL, GW_EFFORT_LOW},
        {"fireworks", GW_EFFORT_XHIGH, GW_EFFORT_HIGH},
        {"fireworks", GW_EFFORT_NONE, GW_EFFORT_NONE},
        {"deepseek", GW_EFFORT_XHIGH, GW_EFFORT_HIGH},
        {"deepseek", GW_EFFORT_MAX, GW_EFFORT_MAX},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(efforts); i++)
        if (gw_effort_nearest(efforts[i].asked,
                              gw_profile_of(gw_str_of(efforts[i].name))->efforts) !=
            efforts[i].sent)
            fail_msg("%s, row %zu", efforts[i].name, i);
    assert_int_equal(gw_profile_of(GW_STR("openai"))->efforts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_profiles_are_of_known_providers),
        cmocka_unit_test(test_efforts_of_profiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
