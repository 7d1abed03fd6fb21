/* The same dialect, but not quite the same provider: translation.md §0 (PATCH) and §4.2. */
#include "unit/test.h"

#include "codec/openai_chat_patch.h"
#include "wire/json_scan.h"

#define HI "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
#define SAME NULL /* not a byte changes */

static const struct {
    const char *label, *provider, *model, *body, *want, *warnings;
} rows[] = {
    /* RAW */
    {"nothing to do", "openai", "gpt-4o", "{ \"model\" : \"m\",\"temperature\":1.0," HI " }", SAME,
     ""},
    {"max_tokens is understood", "openai", "gpt-4o", "{\"max_tokens\":5," HI "}", SAME, ""},
    {"anybody else", "", "o3", "{\"top_k\":1,\"max_tokens\":5,\"temperature\":0," HI "}", SAME, ""},
    {"default of a reasoning model", "openai", "o3", "{\"temperature\":1,\"top_p\":1.0," HI "}",
     SAME, ""},
    {"a member as text", "openai", "gpt-4o",
     "{\"messages\":[{\"role\":\"user\",\"content\":\"\\\"reasoning_content\\\": "
     "\\\"top_k\\\"\"}]}",
     SAME, ""},
    {"four stops", "openai", "gpt-4o", "{\"stop\":[\"a\",\"b\",\"c\",\"d\"]," HI "}", SAME, ""},
    {"groq takes either name", "groq", "m", "{\"max_tokens\":5,\"max_completion_tokens\":6," HI "}",
     SAME, ""},
    {"reasoning in the history of one who has it", "deepseek", "m",
     "{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_content\":\"r\"}]}",
     SAME, ""},
    /* members */
    {"openai: top_k", "openai", "gpt-4o", "{\"model\":\"m\",\"top_k\":40," HI "}",
     "{\"model\":\"m\"," HI "}", "drop:top_k"},
    {"openai: the first ones", "openai", "gpt-4o",
     "{ \"top_k\":40 ,\"min_p\":0, \"model\":\"m\"," HI "}", "{ \"model\":\"m\"," HI "}",
     "drop:top_k, drop:min_p"},
    {"openai: the last ones", "openai", "gpt-4o", "{" HI ", \"top_k\":40, \"min_p\":0 }",
     "{" HI " }", "drop:top_k, drop:min_p"},
    {"openai: a key in escapes", "openai", "gpt-4o", "{\"top\\u005fk\":40," HI "}", "{" HI "}",
     "drop:top_k"},
    {"openai: twice", "openai", "gpt-4o", "{\"top_k\":1," HI ",\"top_k\":2}", "{" HI "}",
     "drop:top_k"},
    {"o3: sampling", "openai", "o3",
     "{\"temperature\":0.2,\"top_p\":0.5,\"presence_penalty\":1," HI "}", "{" HI "}",
     "drop:temperature, drop:top_p, drop:presence_penalty"},
    {"gpt-5.1 that does not think", "openai", "gpt-5.1",
     "{\"temperature\":0.2,\"reasoning_effort\":\"none\"," HI "}", SAME, ""},
    {"gpt-5.1 that thinks", "openai", "gpt-5.1",
     "{\"temperature\":0.2,\"reasoning_effort\":\"low\"," HI "}",
     "{\"reasoning_effort\":\"low\"," HI "}", "drop:temperature"},
    {"o3: the limit's name", "openai", "o3", "{\"max_tokens\" : 50," HI "}",
     "{\"max_completion_tokens\" : 50," HI "}", ""},
    {"o3: both names", "openai", "o3", "{\"max_tokens\":50,\"max_completion_tokens\":60," HI "}",
     "{\"max_completion_tokens\":60," HI "}", ""},
    {"o3: stop", "openai", "o3", "{" HI ",\"stop\":\"x\"}", "{" HI "}", "drop:stop"},
    {"o1: stop", "openai", "o1", "{" HI ",\"stop\":\"x\"}", SAME, ""},
    {"five stops", "openai", "gpt-4o", "{\"stop\":[\"a\", \"b\",\"c\",\"d\", \"e\",\"f\" ]," HI "}",
     "{\"stop\":[\"a\", \"b\",\"c\",\"d\" ]," HI "}", "clamp:stop"},
    {"effort that is not known", "openai", "gpt-5", "{\"reasoning_effort\":\"xhigh\"," HI "}",
     "{\"reasoning_effort\":\"high\"," HI "}", "clamp:reasoning_effort"},
    {"effort of a new kind", "openai", "gpt-5", "{\"reasoning_effort\":\"huge\"," HI "}", SAME, ""},
    {"effort of a model that is not known", "openai", "codex-mini-latest",
     "{\"reasoning_effort\":\"low\"," HI "}", SAME, ""},
    {"azure", "azure-openai", "o4-mini", "{\"max_tokens\":5,\"min_p\":1," HI "}",
     "{\"max_completion_tokens\":5," HI "}", "drop:min_p"},
    {"xai", "xai", "grok-4",
     "{\"stop\":\"x\",\"presence_penalty\":1,\"logit_bias\":{\"1\":2}," HI "}", "{" HI "}",
     "drop:stop, drop:presence_penalty, drop:logit_bias"},
    {"mistral", "mistral", "m",
     "{\"seed\":7,\"max_completion_tokens\":9,\"user\":\"u\",\"logprobs\":false,\"stream\":true,"
     "\"stream_options\":{\"include_usage\":true},\"service_tier\":\"flex\"," HI "}",
     "{\"random_seed\":7,\"max_tokens\":9,\"stream\":true," HI "}", "drop:service_tier"},
    {"mistral: its own seed", "mistral", "m", "{\"seed\":7,\"random_seed\":8," HI "}",
     "{\"random_seed\":8," HI "}", ""},
    {"mistral: required", "mistral", "m",
     "{\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\"}}],\"tool_choice\":"
     "\"required\"}",
     "{\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\"}}],\"tool_choice\":\"any\"}",
     ""},
    {"mistral: a named tool", "mistral", "m",
     "{\"tools\":[{\"function\":{\"name\":\"a\"}}, {\"function\":{\"name\":\"b\"}}],"
     "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"b\"}}}",
     "{\"tools\":[{\"function\":{\"name\":\"b\"}}],\"tool_choice\":\"any\"}", ""},
    {"groq", "groq", "m", "{\"logprobs\":true,\"top_logprobs\":2,\"logit_bias\":{},\"n\":1," HI "}",
     "{\"n\":1," HI "}", "drop:logprobs, drop:top_logprobs, drop:logit_bias"},
    {"together", "together", "m", "{\"max_completion_tokens\":5,\"top_k\":3," HI "}",
     "{\"max_tokens\":5,\"top_k\":3," HI "}", ""},
    {"fireworks", "fireworks", "m", "{\"reasoning_effort\":\"xhigh\"," HI "}",
     "{\"reasoning_effort\":\"high\"," HI "}", "clamp:reasoning_effort"},
    {"fireworks: minimal", "fireworks", "m", "{\"reasoning_effort\":\"minimal\"," HI "}",
     "{\"reasoning_effort\":\"low\"," HI "}", "clamp:reasoning_effort"},
    {"deepseek", "deepseek", "m",
     "{\"seed\":1,\"n\":1,\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":"
     "\"x\","
     "\"schema\":{\"a\":\"\\u00e9\"}}}," HI "}",
     "{\"response_format\":{\"type\":\"json_object\"},\"messages\":[{\"role\":\"system\","
     "\"content\":"
     "\"Return JSON that conforms to the following schema: {\\\"a\\\":\\\"\\\\u00e9\\\"}\"},"
     "{\"role\":\"user\",\"content\":\"Hi\"}]}",
     "drop:seed, emulate:response_format"},
    {"perplexity", "perplexity", "m", "{\"stop\":\"x\",\"n\":1,\"seed\":1," HI "}", "{" HI "}",
     "drop:stop, drop:seed"},
    {"cerebras", "cerebras", "m", "{\"parallel_tool_calls\":true,\"service_tier\":\"auto\"," HI "}",
     "{" HI "}", ""},
    {"ollama", "ollama", "m", "{\"tool_choice\":\"auto\",\"user\":\"u\"," HI "}", "{" HI "}",
     "drop:tool_choice"},
    {"gemini", "google-gemini", "m",
     "{\"logit_bias\":{\"1\":2},\"max_completion_tokens\":3," HI "}", "{\"max_tokens\":3," HI "}",
     "drop:logit_bias"},
    /* messages */
    {"developer", "groq", "m", "{\"messages\":[{\"content\":\"c\",\"role\":\"developer\"}]}",
     "{\"messages\":[{\"content\":\"c\",\"role\":\"system\"}]}", ""},
    {"developer at openai", "openai", "gpt-4o",
     "{\"messages\":[{\"content\":\"c\",\"role\":\"developer\"}]}", SAME, ""},
    {"names at groq", "groq", "m",
     "{\"messages\":[{\"role\":\"user\",\"name\":\"Jo\",\"content\":\"c\"},{\"role\":\"tool\","
     "\"name\":\"t\",\"tool_call_id\":\"c\",\"content\":\"c\"}]}",
     "{\"messages\":[{\"role\":\"user\",\"content\":\"c\"},{\"role\":\"tool\","
     "\"name\":\"t\",\"tool_call_id\":\"c\",\"content\":\"c\"}]}",
     "drop:name"},
    {"long ids at openai", "openai", "gpt-4o",
     "{\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":"
     "\"chatcmpl-tool-0123456789abcdef0123456789abcdef\",\"type\":\"function\"}]},{\"role\":"
     "\"tool\","
     "\"tool_call_id\" : \"chatcmpl-tool-0123456789abcdef0123456789abcdef\",\"content\":\"c\"}]}",
     "{\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":"
     "\"chatcmpl-tool-0123456789abcdef0_ID\",\"type\":\"function\"}]},{\"role\":\"tool\","
     "\"tool_call_id\" : \"chatcmpl-tool-0123456789abcdef0_ID\",\"content\":\"c\"}]}",
     ""},
    {"state at openai", "openai", "gpt-4o",
     "{\"messages\":[{\"role\":\"assistant\",\"reasoning_content\":\"r\",\"content\":\"c\","
     "\"reasoning\":\"r\"},{\"role\":\"user\",\"reasoning\":\"mine\",\"content\":\"c\"}]}",
     "{\"messages\":[{\"role\":\"assistant\",\"content\":\"c\"},{\"role\":\"user\","
     "\"reasoning\":\"mine\",\"content\":\"c\"}]}",
     ""},
    {"mistral: a conversation", "mistral", "m",
     "{\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_12\"}]"
     "},"
     "{\"role\":\"tool\",\"tool_call_id\":\"call_12\",\"content\":\"1\"},"
     "{\"role\":\"user\",\"content\":\"and?\"}]}",
     "{\"messages\":[{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"id\":\"NINE\"}]},"
     "{\"role\":\"tool\",\"tool_call_id\":\"NINE\",\"content\":\"1\"},"
     "{\"role\":\"assistant\",\"content\":\"OK.\"},{\"role\":\"user\",\"content\":\"and?\"}]}",
     ""},
    {"flat", "cerebras", "m",
     "{\"messages\":[{\"role\":\"user\",\"content\":[ {\"type\":\"text\",\"text\":\"a\\u00e9\"},"
     " {\"text\":\"b\",\"type\":\"text\"} ]}]}",
     "{\"messages\":[{\"role\":\"user\",\"content\":\"a\\u00e9\\n\\nb\"}]}", ""},
    {"no arrays", "deepseek", "m",
     "{\"messages\":{\"a\":\"b\"},\"tools\":{},\"response_format\":{\"type\":\"json_schema\"}}",
     "{\"messages\":{\"a\":\"b\"},\"tools\":{},\"response_format\":{\"type\":\"json_object\"}}",
     "emulate:response_format"},
    {"flat, but no content", "cerebras", "m",
     "{\"messages\":[{\"role\":\"user\"},{\"content\":{}}]}", SAME, ""},
    {"flat, but an image", "cerebras", "m",
     "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
     "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:,\"}}]}]}",
     SAME, ""},
};

/* Ids that are made are hashes: their shape is compared, and that all of them are the same. */
static struct gw_str with_id(const char *want, struct gw_str got, struct gw_arena *arena)
{
    static const char *const marks[] = {"0_ID", "NINE"};
    static const unsigned prefix[] = {2, 0}, bytes[] = {8, 9};
    struct gw_str text = gw_str_of(want);

    for (size_t m = 0; m < GW_COUNT(marks); m++) {
        size_t at = gw_str_find_str(text, gw_str_of(marks[m]));
        if (at == text.len)
            continue;
        struct gw_str id = {got.base + at + prefix[m], bytes[m]};
        assert_true(at + prefix[m] + bytes[m] <= got.len);
        for (size_t i = 0; i < id.len; i++)
            assert_non_null(memchr("0123456789abcdef", id.base[i], 16));
        while ((at = gw_str_find_str(text, gw_str_of(marks[m]))) < text.len) {
            struct gw_str behind = gw_str_from(text, at + 4);
            text = gw_arena_printf(arena, "%.*s%.*s%.*s", (int)(at + prefix[m]), text.base,
                                   GW_STR_ARG(id), GW_STR_ARG(behind));
        }
    }
    return text;
}

static enum gw_status run(const char *provider, const char *model, struct gw_str body,
                          struct gw_arena *arena, struct gw_ledger *ledger, struct gw_buf *out,
                          struct gw_complaint *complaint)
{
    const struct gw_target_traits target = {.profile = gw_profile_of(gw_str_of(provider)),
                                            .model = gw_str_of(model)};
    struct gw_chat_watch watch = gw_chat_watch_of(target.profile, true);
    struct gw_json_edits edits;
    struct gw_json_scan scan;
    struct gw_json json;

    gw_json_scan_init(&scan);
    assert_int_equal(gw_json_scan_feed(&scan, body, NULL), GW_OK);
    assert_int_equal(gw_json_read(body, arena, 10000, &json, NULL), GW_OK);
    gw_json_edits_init(&edits, &json, arena);
    struct gw_request request = {.arena = arena, .ledger = ledger};
    enum gw_status status = gw_chat_patch(&target, &request, &edits, complaint);
    if ((status != GW_OK || edits.count) &&
        !gw_chat_patch_suspected(&watch, target.model, scan.keys, body))
        fail_msg("%s %s: not suspected: %.*s", provider, model, GW_STR_ARG(body));
    if (status == GW_OK)
        status = gw_splices_apply(body, edits.splices, edits.count, out);
    return status;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_str body = gw_str_of(rows[i].body);
        struct gw_ledger ledger = {.count = 0};
        struct gw_complaint complaint;
        struct gw_buf out, warnings;
        struct gw_arena arena;
        struct gw_json json;
        gw_arena_init(&arena, NULL);
        gw_buf_init(&out, 65536);
        gw_buf_init(&warnings, 4096);
        if (run(rows[i].provider, rows[i].model, body, &arena, &ledger, &out, &complaint) != GW_OK)
            fail_msg("%s: refused", rows[i].label);
        struct gw_str got = gw_buf_str(&out);
        struct gw_str want = with_id(rows[i].want ? rows[i].want : rows[i].body, got, &arena);
        if (!gw_str_eq(got, want))
            fail_msg("%s:\n%.*s\n%.*s", rows[i].label, GW_STR_ARG(got), GW_STR_ARG(want));
        if (gw_json_read(got, &arena, 10000, &json, NULL) != GW_OK)
            fail_msg("%s: no JSON: %.*s", rows[i].label, GW_STR_ARG(got));
        assert_int_equal(gw_ledger_write(&ledger, &warnings), GW_OK);
        if (!gw_str_eq(gw_buf_str(&warnings), gw_str_of(rows[i].warnings)))
            fail_msg("%s: %.*s", rows[i].label, GW_STR_ARG(gw_buf_str(&warnings)));
        gw_buf_finish(&warnings);
        gw_buf_finish(&out);
        gw_arena_finish(&arena);
    }
}

static void test_refusals(void **state)
{
    static const struct {
        const char *provider, *body, *param;
    } refused[] = {
        {"groq", "{\"n\":2," HI "}", "n"},
        {"deepseek", "{\"n\":2," HI "}", "n"},
        {"perplexity", "{\"tools\":[{}]," HI "}", "tools"},
        {"ollama",
         "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"user\",\"content\":["
         "{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"image_url\",\"image_url\":{\"url\":"
         "\"https://h/a.png\"}}]}]}",
         "messages[1].content[1]"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(refused); i++) {
        struct gw_ledger ledger = {.count = 0};
        struct gw_complaint complaint;
        struct gw_arena arena;
        struct gw_buf out;
        gw_arena_init(&arena, NULL);
        gw_buf_init(&out, 65536);
        if (run(refused[i].provider, "m", gw_str_of(refused[i].body), &arena, &ledger, &out,
                &complaint) != GW_UNSUPPORTED)
            fail_msg("%s: not refused", refused[i].provider);
        assert_string_equal(complaint.param, refused[i].param);
        gw_buf_finish(&out);
        gw_arena_finish(&arena);
    }
}

/* Usual bodies for the usual provider are not read. */
static void test_no_suspicion(void **state)
{
    static const char *const names[] = {"model",
                                        "messages",
                                        "stream",
                                        "temperature",
                                        "top_p",
                                        "max_tokens",
                                        "tools",
                                        "tool_choice",
                                        "stream_options",
                                        "response_format",
                                        "user",
                                        "n",
                                        "parallel_tool_calls",
                                        "store",
                                        "metadata",
                                        "max_completion_tokens",
                                        "service_tier",
                                        "seed",
                                        "frequency_penalty",
                                        "presence_penalty",
                                        "logprobs",
                                        "modalities",
                                        "safety_identifier",
                                        "verbosity",
                                        "prompt_cache_key"};
    struct gw_chat_watch watch = gw_chat_watch_of(gw_profile_of(GW_STR("openai")), true);
    uint64_t keys = 0;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(names); i++)
        keys |= gw_json_scan_key_bit(gw_str_of(names[i]));
    assert_false(
        gw_chat_patch_suspected(&watch, GW_STR("gpt-4o"), keys,
                                GW_STR("{\"tool_call_id\": \"call_abc\",\"snake_case\":1}")));
    watch = gw_chat_watch_of(gw_profile_of(GW_STR("")), true);
    assert_false(
        gw_chat_patch_suspected(&watch, GW_STR("o3"), UINT64_MAX, GW_STR("\"developer\"")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_no_suspicion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
