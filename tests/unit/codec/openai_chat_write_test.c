#include "codec/chat_play.h"

#define M "{\"role\":\"user\",\"content\":\"x\"}"
#define WRITTEN "[{\"role\":\"user\",\"content\":\"x\"}]"

static enum gw_status write_for(struct play *play, const char *provider, const char *model)
{
    struct gw_target_traits target = {
        .profile = gw_profile_of(gw_str_of(provider)),
        .model = gw_str_of(model),
    };

    return gw_codec_openai_chat.write_request(&play->request, &target, &play->out,
                                              &play->complaint);
}

static void read_body(struct play *play, const char *label, const char *body)
{
    play_init(play);
    if (gw_codec_openai_chat.read_request(gw_str_of(body), &play->request, &play->complaint) !=
        GW_OK)
        fail_msg("%s: %s: %s", label, play->complaint.param, play->complaint.message);
}

/* Reads `body` as a chat caller's, calls it `family`'s, and writes it for the provider. */
static void check_write(const char *label, const char *provider, const char *model,
                        enum gw_family family, const char *body, const char *expected,
                        const char *warnings)
{
    struct play play;

    read_body(&play, label, body);
    play.request.family = family;
    if (write_for(&play, provider, model) != GW_OK)
        fail_msg("%s: %s: %s", label, play.complaint.param, play.complaint.message);
    check_bytes(label, gw_buf_str(&play.out), expected);
    check_bytes(label, play_warnings(&play), warnings);
    play_finish(&play);
}

/* ---- messages ---- */

static const struct {
    const char *label, *provider, *model, *messages, *expected, *warnings;
} conversations[] = {
    {"a string stays one", "openai", "gpt-4o", "[" M "]", WRITTEN, ""},
    {"one text part becomes a string", "openai", "gpt-4o",
     "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}]",
     "[{\"role\":\"user\",\"content\":\"a\"}]", ""},
    {"several stay parts", "openai", "gpt-4o",
     "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\","
     "\"text\":\"b\"}]}]",
     "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\","
     "\"text\":\"b\"}]}]",
     ""},
    {"flat: one string", "deepseek", "deepseek-chat",
     "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\","
     "\"text\":\"b\"}]}]",
     "[{\"role\":\"user\",\"content\":\"a\\n\\nb\"}]", ""},
    {"system in parts", "openai", "gpt-4o",
     "[{\"role\":\"system\",\"content\":\"A\"},{\"role\":\"system\",\"content\":\"B\"}," M "]",
     "[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"A\"},{\"type\":\"text\","
     "\"text\":\"B\"}]}," M "]",
     ""},
    {"system joined", "", "m",
     "[{\"role\":\"system\",\"content\":\"A\"},{\"role\":\"system\",\"content\":\"B\"}," M "]",
     "[{\"role\":\"system\",\"content\":\"A\\n\\nB\"}," M "]", ""},
    {"developer for a model that reasons", "openai", "gpt-5",
     "[{\"role\":\"system\",\"content\":\"A\"}," M ",{\"role\":\"system\",\"content\":\"B\"}]",
     "[{\"role\":\"developer\",\"content\":\"A\"}," M
     ",{\"role\":\"developer\",\"content\":\"B\"}]",
     ""},
    {"system for one that does not", "openai", "gpt-5-chat-latest",
     "[{\"role\":\"developer\",\"content\":\"A\"}," M "]",
     "[{\"role\":\"system\",\"content\":\"A\"}," M "]", ""},
    {"system within is hoisted where it must be", "mistral", "mistral-large",
     "[{\"role\":\"system\",\"content\":\"A\"}," M ",{\"role\":\"system\",\"content\":\"B\"}]",
     "[{\"role\":\"system\",\"content\":\"A\\n\\nB\"}," M "]", ""},
    {"caching is kept where it is known", "openrouter", "anthropic/claude",
     "[{\"role\":\"system\",\"content\":\"A\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":"
     "\"1h\"}},{\"role\":\"user\",\"content\":\"x\",\"cache_control\":{\"type\":\"ephemeral\"}},"
     "{\"role\":\"assistant\",\"content\":\"y\",\"cache_control\":{\"type\":\"ephemeral\"}}]",
     "[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"A\",\"cache_control\":{"
     "\"type\":\"ephemeral\",\"ttl\":\"1h\"}}]},{\"role\":\"user\",\"content\":[{\"type\":\"text\","
     "\"text\":\"x\",\"cache_control\":{\"type\":\"ephemeral\"}}]},{\"role\":\"assistant\","
     "\"content\":[{\"type\":\"text\",\"text\":\"y\",\"cache_control\":{\"type\":\"ephemeral\"}}]}"
     "]",
     ""},
    {"and left out elsewhere", "", "m",
     "[{\"role\":\"user\",\"content\":\"x\",\"cache_control\":{\"type\":\"ephemeral\"}}]", WRITTEN,
     ""},
    {"media", "openai", "gpt-4o",
     "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://"
     "i\",\"detail\":\"low\"}},{\"type\":\"image_url\",\"image_url\":\"data:image/png;base64,QQ==\""
     "},{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"QQ==\",\"format\":\"mp3\"}},{\"type\""
     ":\"file\",\"file\":{\"file_data\":\"data:application/pdf;base64,QQ==\"}},{\"type\":\"file\","
     "\"file\":{\"file_id\":\"file-1\"}}]}]",
     "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://"
     "i\",\"detail\":\"low\"}},{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/"
     "png;base64,QQ==\"}},{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"QQ==\",\"format\":"
     "\"mp3\"}},{\"type\":\"file\",\"file\":{\"filename\":\"document.pdf\",\"file_data\":\"data:"
     "application/pdf;base64,QQ==\"}},{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}}]}]",
     ""},
    {"a document for Mistral", "mistral", "m",
     "[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_data\":\"https://d/"
     "a.pdf\"}}]}]",
     "[{\"role\":\"user\",\"content\":[{\"type\":\"document_url\",\"document_url\":\"https://d/"
     "a.pdf\"}]}]",
     ""},
    {"a call without text", "openai", "gpt-4o",
     "[" M ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":"
     "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\": 1.0}\"}}]},{\"role\":"
     "\"tool\",\"tool_call_id\":\"c\",\"content\":\"r\"}]",
     "[" M ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":"
     "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\": 1.0}\"}}]},{\"role\":"
     "\"tool\",\"tool_call_id\":\"c\",\"content\":\"r\"}]",
     ""},
    {"an empty string instead, and arguments that were none", "vllm", "m",
     "[" M ",{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"f\","
     "\"arguments\":\"\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"\"}]",
     "[" M ",{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"id\":\"c\",\"type\":"
     "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_"
     "call_id\":\"c\",\"content\":\"\"}]",
     ""},
    {"a refusal", "openai", "gpt-4o",
     "[" M ",{\"role\":\"assistant\",\"content\":\"a\",\"refusal\":\"no\"}," M "]",
     "[" M ",{\"role\":\"assistant\",\"content\":\"a\",\"refusal\":\"no\"}," M "]", ""},
    {"a refusal as text", "", "m",
     "[" M ",{\"role\":\"assistant\",\"content\":null,\"refusal\":\"no\"}," M "]",
     "[" M ",{\"role\":\"assistant\",\"content\":\"no\"}," M "]", ""},
    {"names", "openai", "gpt-4o", "[{\"role\":\"user\",\"name\":\"bob\",\"content\":\"x\"}]",
     "[{\"role\":\"user\",\"content\":\"x\",\"name\":\"bob\"}]", ""},
    {"names where there are none", "groq", "m",
     "[{\"role\":\"user\",\"name\":\"bob\",\"content\":\"x\"}]", WRITTEN, "drop:name"},
    {"an assistant of thoughts only is left out", "", "m",
     "[" M ",{\"role\":\"assistant\",\"reasoning_content\":\"hm\"}]", "[" M "]", ""},
};

static void test_writes_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(conversations); i++) {
        char body[4096], expected[4096];
        snprintf(body, sizeof(body), "{\"model\":\"asked\",\"messages\":%s}",
                 conversations[i].messages);
        snprintf(expected, sizeof(expected), "{\"model\":\"%s\",\"messages\":%s}",
                 conversations[i].model, conversations[i].expected);
        check_write(conversations[i].label, conversations[i].provider, conversations[i].model,
                    GW_FAMILY_PLAIN, body, expected, conversations[i].warnings);
    }
}

/* ---- members ---- */

#define CHAT GW_FAMILY_PLAIN
#define RESP GW_FAMILY_OPENAI
#define ANTH GW_FAMILY_ANTHROPIC

static const struct {
    const char *label, *provider, *model;
    enum gw_family family;
    const char *members, *expected, *warnings;
} members[] = {
    {"numbers stay as they are", "", "m", CHAT,
     "\"temperature\":1.0,\"seed\":9007199254740993,\"top_k\":4,\"logit_bias\":{\"1\": -1}",
     "\"temperature\":1.0,\"top_k\":4,\"seed\":9007199254740993,\"logit_bias\":{\"1\": -1}", ""},
    {"OpenAI has none of these", "openai", "gpt-4o", CHAT,
     "\"top_k\":4,\"min_p\":0.1,\"repetition_penalty\":1.1,\"temperature\":0.5",
     "\"temperature\":0.5", "drop:top_k, drop:min_p, drop:repetition_penalty"},
    {"a model that reasons takes no sampling", "openai", "gpt-5", CHAT,
     "\"temperature\":0.5,\"top_p\":0.9,\"frequency_penalty\":0.1,\"presence_penalty\":0.1,"
     "\"logit_bias\":{},\"logprobs\":true,\"top_logprobs\":2,\"stop\":[\"a\"],\"seed\":1",
     "\"seed\":1",
     "drop:temperature, drop:top_p, drop:frequency_penalty, drop:presence_penalty, "
     "drop:logit_bias, drop:logprobs, drop:top_logprobs, drop:stop"},
    {"what it does anyway is no loss", "openai", "o3", CHAT,
     "\"temperature\":1,\"top_p\":1.0,\"presence_penalty\":0,\"logprobs\":false", "", ""},
    {"while it does not think it takes some", "openai", "gpt-5.1", CHAT,
     "\"temperature\":0.5,\"presence_penalty\":0.1,\"reasoning_effort\":\"none\"",
     "\"temperature\":0.5,\"reasoning_effort\":\"none\"", "drop:presence_penalty"},
    {"o1 stops", "openai", "o1", CHAT, "\"stop\":\"a\"", "\"stop\":[\"a\"]", ""},
    {"search models have no temperature", "openai", "gpt-4o-search-preview", CHAT,
     "\"temperature\":0.5,\"top_p\":0.5", "\"top_p\":0.5", "drop:temperature"},
    {"four stops, and no empty ones", "openai", "gpt-4o", CHAT,
     "\"stop\":[\"1\",\"\",\"2\",\"3\",\"4\",\"5\"]", "\"stop\":[\"1\",\"2\",\"3\",\"4\"]",
     "drop:stop, clamp:stop"},
    {"max_completion_tokens", "openai", "gpt-4o", CHAT, "\"max_tokens\":9",
     "\"max_completion_tokens\":9", ""},
    {"max_tokens", "", "m", CHAT, "\"max_completion_tokens\":9", "\"max_tokens\":9", ""},
    {"Azure, by the model", "azure-openai", "o3", CHAT, "\"max_tokens\":9",
     "\"max_completion_tokens\":9", ""},
    {"Azure, a model that does not reason", "azure-openai", "gpt-4o", CHAT, "\"max_tokens\":9",
     "\"max_tokens\":9", ""},
    {"Mistral", "mistral", "m", CHAT,
     "\"seed\":1,\"user\":\"u\",\"store\":true,\"service_tier\":\"flex\",\"logit_bias\":{},"
     "\"stream\":true,\"safe_prompt\":true",
     "\"random_seed\":1,\"stream\":true,\"safe_prompt\":true",
     "drop:logit_bias, drop:service_tier, drop:store"},
    {"Perplexity", "perplexity", "m", CHAT,
     "\"stop\":[\"a\"],\"seed\":1,\"temperature\":0.1,\"search_mode\":\"web\"",
     "\"temperature\":0.1,\"search_mode\":\"web\"", "drop:seed, drop:stop"},
    {"Cerebras", "cerebras", "m", CHAT, "\"frequency_penalty\":0.5,\"presence_penalty\":0", "",
     "drop:frequency_penalty"},
    {"xAI's thinking ones", "xai", "grok-4", CHAT,
     "\"stop\":[\"a\"],\"presence_penalty\":0.5,\"temperature\":0.5,\"reasoning_effort\":\"low\"",
     "\"temperature\":0.5", "drop:presence_penalty, drop:stop"},
    {"xAI's others", "xai", "grok-2", CHAT, "\"stop\":[\"a\"],\"presence_penalty\":0.5",
     "\"presence_penalty\":0.5,\"stop\":[\"a\"]", ""},
    {"xAI's effort", "xai", "grok-3-mini", CHAT, "\"reasoning_effort\":\"low\"",
     "\"reasoning_effort\":\"low\"", ""},
    {"an extra member is its family's only", "", "m", RESP, "\"truncation\":\"auto\"", "", ""},
    {"stream", "", "m", CHAT, "\"stream\":true",
     "\"stream\":true,\"stream_options\":{\"include_usage\":true}", ""},
    {"user of OpenAI", "openai", "gpt-4o", CHAT, "\"user\":\"u\"", "\"safety_identifier\":\"u\"",
     ""},
    {"a long one is hashed", "openai", "gpt-4o", CHAT,
     "\"user\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
     "\"safety_identifier\":\"635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0\"",
     ""},
    {"64 characters are not too long", "openai", "gpt-4o", CHAT,
     "\"user\":\"\\u00e9aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
     "\"safety_identifier\":\"\\u00e9aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaa\"",
     ""},
    {"user of others", "", "m", ANTH, "\"user\":\"u\"", "\"user\":\"u\"", ""},
    {"user of those who have none is silent", "ollama", "m", CHAT, "\"user\":\"u\"", "", ""},
    {"the rest", "openai", "gpt-4o", RESP,
     "\"verbosity\":\"low\",\"service_tier\":\"flex\",\"store\":true,\"metadata\":{\"a\":\"b\"},"
     "\"prediction\":{},\"prompt_cache_key\":\"k\",\"prompt_cache_retention\":\"24h\"",
     "\"verbosity\":\"low\",\"service_tier\":\"flex\",\"store\":true,\"metadata\":{\"a\":\"b\"},"
     "\"prediction\":{},\"prompt_cache_key\":\"k\",\"prompt_cache_retention\":\"24h\"",
     ""},
    {"the rest where others have no such thing", "deepseek", "m", RESP,
     "\"verbosity\":\"low\",\"service_tier\":\"auto\",\"store\":false,\"prompt_cache_key\":\"k\"",
     "", "drop:verbosity, drop:prompt_cache_key"},
    {"Anthropic's tier", "openai", "gpt-4o", ANTH, "\"service_tier\":\"standard_only\"",
     "\"service_tier\":\"default\"", ""},
    {"a loss by the caller's name", "deepseek", "m", ANTH, "\"stop\":[\"\"]", "",
     "drop:stop_sequences"},
    {"schema", "openai", "gpt-4o", CHAT,
     "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{"
     "\"a\" : 1},\"strict\":true}}",
     "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{"
     "\"a\" : 1},\"strict\":true}}",
     ""},
    {"schema without a name", "", "m", ANTH,
     "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{}}}",
     "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"response\","
     "\"schema\":{}}}",
     ""},
    {"json_object", "", "m", CHAT, "\"response_format\":{\"type\":\"json_object\"}",
     "\"response_format\":{\"type\":\"json_object\"}", ""},
};

static void test_writes_members(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(members); i++) {
        char body[4096], expected[4096];
        const char *comma = *members[i].expected ? "," : "";
        snprintf(body, sizeof(body), "{\"model\":\"asked\",\"messages\":[" M "],%s}",
                 members[i].members);
        snprintf(expected, sizeof(expected), "{\"model\":\"%s\",\"messages\":" WRITTEN "%s%s}",
                 members[i].model, comma, members[i].expected);
        check_write(members[i].label, members[i].provider, members[i].model, members[i].family,
                    body, expected, members[i].warnings);
    }
}

static void test_schema_in_words(void **state)
{
    (void)state;
    check_write("DeepSeek", "deepseek", "m", CHAT,
                "{\"model\":\"x\",\"messages\":[{\"role\":\"system\",\"content\":\"S\"}," M
                "],\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{"
                "\"type\":\"object\"}}}}",
                "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"S\\n\\nReturn "
                "JSON that conforms to the following schema: {\\\"type\\\":\\\"object\\\"}\"}," M
                "],\"response_format\":{\"type\":\"json_object\"}}",
                "emulate:response_format");
}

/* ---- reasoning ---- */

static const struct {
    const char *label, *provider, *model;
    const char *members, *expected, *warnings;
} efforts[] = {
    {"OpenAI", "openai", "gpt-5.2", "\"reasoning_effort\":\"xhigh\"",
     "\"reasoning_effort\":\"xhigh\"", ""},
    {"the nearest word", "openai", "gpt-5", "\"reasoning_effort\":\"xhigh\"",
     "\"reasoning_effort\":\"high\"", ""},
    {"none is the least there is", "openai", "o3", "\"reasoning_effort\":\"none\"",
     "\"reasoning_effort\":\"low\"", ""},
    {"off is the least there is", "openai", "gpt-5", "\"thinking\":{\"type\":\"disabled\"}",
     "\"reasoning_effort\":\"minimal\"", ""},
    {"a model that does not", "openai", "gpt-4o", "\"reasoning_effort\":\"high\"", "", ""},
    {"a budget", "openai", "gpt-5", "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2047}",
     "\"reasoning_effort\":\"low\"", ""},
    {"a larger one", "", "m", "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":12287}",
     "\"reasoning_effort\":\"medium\"", ""},
    {"the largest", "", "m", "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":12288}",
     "\"reasoning_effort\":\"high\"", ""},
    {"as it sees fit", "", "m", "\"thinking\":{\"type\":\"adaptive\"}", "", ""},
    {"off is left unsaid", "", "m", "\"thinking\":{\"type\":\"disabled\"}", "", ""},
    {"none is said", "", "m", "\"reasoning_effort\":\"none\"", "\"reasoning_effort\":\"none\"", ""},
    {"Fireworks", "fireworks", "m", "\"reasoning_effort\":\"minimal\"",
     "\"reasoning_effort\":\"low\"", ""},
    {"Groq", "groq", "m", "\"reasoning_effort\":\"low\"",
     "\"reasoning_effort\":\"low\",\"reasoning_format\":\"parsed\"", ""},
    {"DeepSeek on", "deepseek", "m", "\"reasoning_effort\":\"xhigh\"",
     "\"thinking\":{\"type\":\"enabled\"},\"reasoning_effort\":\"high\"", ""},
    {"DeepSeek off", "deepseek", "m", "\"reasoning_effort\":\"none\"",
     "\"thinking\":{\"type\":\"disabled\"}", ""},
    {"OpenRouter's effort", "openrouter", "m", "\"reasoning_effort\":\"xhigh\"",
     "\"reasoning\":{\"effort\":\"xhigh\"}", ""},
    {"OpenRouter's budget", "openrouter", "m",
     "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}",
     "\"reasoning\":{\"max_tokens\":2000}", ""},
    {"OpenRouter off, unseen", "openrouter", "m",
     "\"reasoning\":{\"enabled\":false,\"exclude\":true}",
     "\"reasoning\":{\"enabled\":false,\"exclude\":true}", ""},
    {"Mistral has none", "mistral", "m", "\"reasoning_effort\":\"low\"", "",
     "drop:reasoning_effort"},
};

static void test_asks_for_reasoning(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(efforts); i++) {
        char body[1024], expected[1024];
        const char *comma = *efforts[i].expected ? "," : "";
        snprintf(body, sizeof(body), "{\"model\":\"asked\",\"messages\":[" M "],%s}",
                 efforts[i].members);
        snprintf(expected, sizeof(expected), "{\"model\":\"%s\",\"messages\":" WRITTEN "%s%s}",
                 efforts[i].model, comma, efforts[i].expected);
        check_write(efforts[i].label, efforts[i].provider, efforts[i].model, CHAT, body, expected,
                    efforts[i].warnings);
    }
}

/* ---- tools ---- */

#define TOOL_F "{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"a\" : 1}}}"
#define TOOL_G "{\"type\":\"function\",\"function\":{\"name\":\"g\",\"parameters\":{}}}"
#define TOOL_C                                                                                     \
    "{\"type\":\"custom\",\"custom\":{\"name\":\"c\",\"description\":\"d\",\"format\":{\"type\":"  \
    "\"grammar\",\"syntax\":\"lark\",\"definition\":\"a\\nb\"}}}"

static const struct {
    const char *label, *provider, *members, *expected, *warnings;
} tools[] = {
    {"functions", "openai", "\"tools\":[" TOOL_F "," TOOL_G "]",
     "\"tools\":[" TOOL_F "," TOOL_G "]", ""},
    {"without parameters, for OpenAI", "openai",
     "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"strict\":false}}]",
     "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"strict\":false}}]", ""},
    {"without parameters, for others", "",
     "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"strict\":false}}]",
     "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":"
     "\"object\",\"properties\":{}}}}]",
     ""},
    {"custom, in chat's form", "openai", "\"tools\":[" TOOL_C "]",
     "\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"c\",\"description\":\"d\",\"format\":{"
     "\"type\":\"grammar\",\"grammar\":{\"syntax\":\"lark\",\"definition\":\"a\\nb\"}}}}]",
     ""},
    {"custom, as a function", "", "\"tools\":[" TOOL_C "]",
     "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"c\",\"description\":\"d\\n\\nThe "
     "input has this format:\\na\\nb\",\"parameters\":{\"type\":\"object\",\"properties\":{"
     "\"input\":{\"type\":\"string\"}},\"required\":[\"input\"],\"additionalProperties\":false}}}]",
     "emulate:custom_tool"},
    {"no tools, no choice", "openai", "\"tool_choice\":\"auto\",\"parallel_tool_calls\":false", "",
     ""},
    {"required", "openai", "\"tools\":[" TOOL_F "],\"tool_choice\":\"required\"",
     "\"tools\":[" TOOL_F "],\"tool_choice\":\"required\"", ""},
    {"one", "openai",
     "\"tools\":[" TOOL_F
     "],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}},\"parallel_tool_"
     "calls\":false",
     "\"tools\":[" TOOL_F
     "],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}},\"parallel_tool_"
     "calls\":false",
     ""},
    {"any, in Mistral's word", "mistral", "\"tools\":[" TOOL_F "],\"tool_choice\":\"required\"",
     "\"tools\":[" TOOL_F "],\"tool_choice\":\"any\"", ""},
    {"one, for Mistral", "mistral",
     "\"tools\":[" TOOL_F "," TOOL_G
     "],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"g\"}}",
     "\"tools\":[" TOOL_G "],\"tool_choice\":\"any\"", ""},
    {"some", "openai",
     "\"tools\":[" TOOL_F "," TOOL_C
     "],\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"auto\",\"tools\":"
     "[{\"type\":\"custom\",\"custom\":{\"name\":\"c\"}}]}}",
     "\"tools\":[" TOOL_F
     ",{\"type\":\"custom\",\"custom\":{\"name\":\"c\",\"description\":\"d\",\"format\":{\"type\":"
     "\"grammar\",\"grammar\":{\"syntax\":\"lark\",\"definition\":\"a\\nb\"}}}}],\"tool_choice\":{"
     "\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"auto\",\"tools\":[{\"type\":"
     "\"custom\",\"custom\":{\"name\":\"c\"}}]}}",
     ""},
    {"some, by leaving others out", "",
     "\"tools\":[" TOOL_F "," TOOL_G
     "],\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\","
     "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"g\"}}]}}",
     "\"tools\":[" TOOL_G "],\"tool_choice\":\"required\"", ""},
    {"where there is no choice", "ollama", "\"tools\":[" TOOL_F "],\"tool_choice\":\"required\"",
     "\"tools\":[" TOOL_F "]", "drop:tool_choice"},
    {"one at a time where that cannot be said", "cerebras",
     "\"tools\":[" TOOL_F "],\"parallel_tool_calls\":false", "\"tools\":[" TOOL_F "]",
     "drop:parallel_tool_calls"},
    {"several at a time is what they do", "cerebras",
     "\"tools\":[" TOOL_F "],\"parallel_tool_calls\":true", "\"tools\":[" TOOL_F "]", ""},
    {"a web search", "openai", "\"web_search_options\":{\"a\":1}",
     "\"web_search_options\":{\"a\":1}", ""},
    {"functions of old become tools", "",
     "\"functions\":[{\"name\":\"f\",\"parameters\":{\"a\" : 1}}],\"function_call\":{\"name\":\"f\""
     "}",
     "\"tools\":[" TOOL_F
     "],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}},\"parallel_tool_"
     "calls\":false",
     ""},
};

static void test_writes_tools(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(tools); i++) {
        char body[4096], expected[4096];
        const char *comma = *tools[i].expected ? "," : "";
        snprintf(body, sizeof(body), "{\"model\":\"asked\",\"messages\":[" M "],%s}",
                 tools[i].members);
        snprintf(expected, sizeof(expected), "{\"model\":\"m\",\"messages\":" WRITTEN "%s%s}",
                 comma, tools[i].expected);
        check_write(tools[i].label, tools[i].provider, "m", CHAT, body, expected,
                    tools[i].warnings);
    }
}

/* ---- what cannot be carried ---- */

static const struct {
    const char *label, *provider;
    enum gw_family family;
    const char *members, *param;
} refused[] = {
    {"several answers", "mistral", CHAT, "\"n\":2", "n"},
    {"audio out", "mistral", CHAT, "\"modalities\":[\"audio\"]", "modalities"},
    {"tools", "perplexity", CHAT, "\"tools\":[" TOOL_F "]", "tools"},
};

static void test_refuses_what_cannot_be_carried(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(refused); i++) {
        struct play play;
        char body[1024];
        snprintf(body, sizeof(body), "{\"model\":\"x\",\"messages\":[" M "],%s}",
                 refused[i].members);
        read_body(&play, refused[i].label, body);
        play.request.family = refused[i].family;
        if (write_for(&play, refused[i].provider, "m") != GW_UNSUPPORTED ||
            strcmp(play.complaint.code, "unsupported_parameter") != 0 ||
            strcmp(play.complaint.param, refused[i].param) != 0)
            fail_msg("%s: %s", refused[i].label, play.complaint.param);
        play_finish(&play);
    }
}

static const struct {
    const char *label, *provider;
    enum gw_family family;
    const char *part;
} media[] = {
    {"an image's address", "ollama", CHAT,
     "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://i\"}}"},
    {"a document's address", "openai", CHAT,
     "{\"type\":\"file\",\"file\":{\"file_data\":\"https://d\"}}"},
    {"a file of another vendor", "openai", ANTH,
     "{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}"},
    {"a file at another vendor", "mistral", CHAT,
     "{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}"},
};

static void test_refuses_media_by_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(media); i++) {
        struct play play;
        char body[1024];
        snprintf(body, sizeof(body),
                 "{\"model\":\"x\",\"messages\":[" M
                 ",{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},%s]}]}",
                 media[i].part);
        read_body(&play, media[i].label, body);
        play.request.family = media[i].family;
        if (write_for(&play, media[i].provider, "m") != GW_UNSUPPORTED ||
            strcmp(play.complaint.param, "messages[1].content[1]") != 0)
            fail_msg("%s: %s", media[i].label, play.complaint.param);
        play_finish(&play);
    }
}

/* A hosted tool that came from elsewhere. */
static void test_hosted_tools_of_others(void **state)
{
    struct gw_tool tool = {.kind = GW_TOOL_HOSTED, .family = GW_FAMILY_ANTHROPIC};
    struct play play;

    (void)state;
    read_body(&play, "search", "{\"model\":\"x\",\"messages\":[" M "]}");
    tool.type = GW_TEXT("web_search_20250305");
    play.request.tools = &tool;
    play.request.family = ANTH;
    assert_int_equal(write_for(&play, "openai", "m"), GW_OK);
    check_bytes("search", gw_buf_str(&play.out),
                "{\"model\":\"m\",\"messages\":" WRITTEN ",\"web_search_options\":{}}");
    play_finish(&play);

    read_body(&play, "shell", "{\"model\":\"x\",\"messages\":[" M "]}");
    tool.type = GW_TEXT("bash_20250124");
    play.request.tools = &tool;
    play.request.family = ANTH;
    assert_int_equal(write_for(&play, "openai", "m"), GW_UNSUPPORTED);
    assert_string_equal(play.complaint.param, "tools");
    play_finish(&play);
}

static void test_the_same_request_gives_the_same_bytes(void **state)
{
    static const char body[] =
        "{\"model\":\"x\",\"messages\":[" M ",{\"role\":\"assistant\",\"tool_calls\":[{\"id\":"
        "\"an id that is far too long for the limit of forty characters\",\"function\":{\"name\":"
        "\"a.b\",\"arguments\":\"{}\"}}]}],\"tools\":[{\"type\":\"function\",\"function\":{"
        "\"name\":"
        "\"a.b\"}}]}";
    struct play first, second;

    (void)state;
    read_body(&first, "first", body);
    read_body(&second, "second", body);
    assert_int_equal(write_for(&first, "openai", "m"), GW_OK);
    assert_int_equal(write_for(&second, "openai", "m"), GW_OK);
    assert_true(gw_str_eq(gw_buf_str(&first.out), gw_buf_str(&second.out)));
    play_finish(&first);
    play_finish(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_messages),
        cmocka_unit_test(test_writes_members),
        cmocka_unit_test(test_schema_in_words),
        cmocka_unit_test(test_asks_for_reasoning),
        cmocka_unit_test(test_writes_tools),
        cmocka_unit_test(test_refuses_what_cannot_be_carried),
        cmocka_unit_test(test_refuses_media_by_their_place),
        cmocka_unit_test(test_hosted_tools_of_others),
        cmocka_unit_test(test_the_same_request_gives_the_same_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
