#include "codec/profile.h"

#define REMOVED(member)                                                                            \
    {                                                                                              \
        member, NULL                                                                               \
    }

/* OpenAI's own, on its API and on Azure; what depends on the model is with the models. */
#define OPENAI_MEMBERS REMOVED("top_k"), REMOVED("min_p"), REMOVED("repetition_penalty")

#define EFFORT(word) (1u << GW_EFFORT_##word)

/* As their documentation had it in November 2026. The first row is for everybody else. */
static const struct gw_profile rows[] = {
    {.name = "", .reasoning = GW_STYLE_EFFORT},
    {.name = "openai",
     .strict = true,
     .openai = true,
     .completion_tokens = true,
     .system_parts = true,
     .reasoning = GW_STYLE_EFFORT,
     .members = {OPENAI_MEMBERS}},
    {.name = "azure-openai",
     .strict = true,
     .openai = true,
     .completion_tokens_when_reasoning = true,
     .system_parts = true,
     .reasoning = GW_STYLE_EFFORT,
     .members = {OPENAI_MEMBERS}},
    {.name = "google-gemini", .reasoning = GW_STYLE_EFFORT, .members = {REMOVED("logit_bias")}},
    {.name = "gcp-vertex-ai", .reasoning = GW_STYLE_EFFORT, .members = {REMOVED("logit_bias")}},
    {.name = "xai",
     .completion_tokens = true,
     .reasoning = GW_STYLE_EFFORT,
     .reasoning_in = "reasoning_content",
     .members = {REMOVED("logit_bias")}},
    /* Members that it does not know are 422, so more are named than others need. */
    {.name = "mistral",
     .strict = true,
     .no_stream_options = true,
     .empty_content = true,
     .merge_roles = true,
     .hoist_system = true,
     .canonical_answer = true,
     .tool_names = true,
     .no_names = true,
     .assistant_after_tool = true,
     .any_word = true,
     .nine_char_ids = true,
     .reasoning = GW_STYLE_MISTRAL,
     .members = {{"seed", "random_seed"},
                 REMOVED("logit_bias"),
                 REMOVED("logprobs"),
                 REMOVED("top_logprobs"),
                 REMOVED("user"),
                 REMOVED("store"),
                 REMOVED("service_tier"),
                 REMOVED("top_k"),
                 REMOVED("min_p"),
                 REMOVED("repetition_penalty"),
                 REMOVED("verbosity"),
                 REMOVED("prompt_cache_key"),
                 REMOVED("prompt_cache_retention")}},
    {.name = "groq",
     .strict = true,
     .completion_tokens = true,
     .no_names = true,
     .n_unsupported = true,
     .reasoning = GW_STYLE_EFFORT_GROQ,
     .reasoning_in = "reasoning",
     .members = {REMOVED("logprobs"), REMOVED("top_logprobs"), REMOVED("logit_bias")}},
    {.name = "together", .reasoning = GW_STYLE_EFFORT},
    {.name = "fireworks",
     .reasoning = GW_STYLE_EFFORT,
     .efforts = EFFORT(NONE) | EFFORT(LOW) | EFFORT(MEDIUM) | EFFORT(HIGH)},
    {.name = "nvidia", .reasoning = GW_STYLE_EFFORT},
    {.name = "deepseek",
     .flat = true,
     .empty_content = true,
     .schema_as_object = true,
     .n_unsupported = true,
     .reasoning = GW_STYLE_DEEPSEEK,
     .efforts = EFFORT(NONE) | EFFORT(LOW) | EFFORT(MEDIUM) | EFFORT(HIGH) | EFFORT(MAX),
     .reasoning_in = "reasoning_content",
     .members = {REMOVED("seed"), REMOVED("logit_bias"), REMOVED("n")}},
    {.name = "perplexity",
     .flat = true,
     .merge_roles = true,
     .hoist_system = true,
     .n_unsupported = true,
     .no_tools = true,
     .reasoning = GW_STYLE_NONE,
     .members = {REMOVED("stop"), REMOVED("seed"), REMOVED("logprobs"), REMOVED("top_logprobs"),
                 REMOVED("logit_bias"), REMOVED("n"), REMOVED("parallel_tool_calls")}},
    {.name = "openrouter",
     .system_parts = true,
     .cache_control = true,
     .reasoning = GW_STYLE_OPENROUTER,
     .reasoning_in = "reasoning"},
    {.name = "cerebras",
     .strict = true,
     .completion_tokens = true,
     .flat = true,
     .reasoning = GW_STYLE_EFFORT,
     .reasoning_in = "reasoning",
     .members = {REMOVED("frequency_penalty"), REMOVED("presence_penalty"), REMOVED("logit_bias"),
                 REMOVED("service_tier"), REMOVED("parallel_tool_calls")}},
    {.name = "ollama",
     .flat = true,
     .base64_images = true,
     .empty_content = true,
     .canonical_answer = true,
     .n_unsupported = true,
     .reasoning = GW_STYLE_EFFORT,
     .reasoning_in = "reasoning",
     .members = {REMOVED("n"), REMOVED("logit_bias"), REMOVED("logprobs"), REMOVED("top_logprobs"),
                 REMOVED("user"), REMOVED("tool_choice")}},
    {.name = "vllm", .empty_content = true, .reasoning = GW_STYLE_NONE},
};

const struct gw_profile *gw_profile_of(struct gw_str known_name)
{
    for (size_t i = 1; i < GW_COUNT(rows); i++)
        if (gw_str_eq(known_name, gw_str_of(rows[i].name)))
            return &rows[i];
    return &rows[0];
}

const struct gw_profile *gw_profiles(size_t *count_out)
{
    *count_out = GW_COUNT(rows);
    return rows;
}
