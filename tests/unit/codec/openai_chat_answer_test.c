#include "codec/chat_play.h"

#define START "start c1 m 17\n"
#define HEAD "{\"id\":\"c1\",\"object\":\"chat.completion\",\"created\":17,\"model\":\"m\","
#define ANSWER(message, reason)                                                                    \
    HEAD "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\"," message                  \
         "},\"finish_reason\":\"" reason "\"}]}"
#define END(reason, raw) "finish " reason " raw=" raw "\nend\n"

static const struct {
    const char *label, *body, *expected;
} answers[] = {
    {"text", ANSWER("\"content\":\"a\\u00e9\",\"refusal\":null", "stop"),
     START "text\n  a\\u00e9\n.\n" END("stop", "stop")},
    {"nothing", ANSWER("\"content\":null", "length"), START END("length", "length")},
    {"no finish", HEAD "\"choices\":[{\"message\":{\"content\":\"a\"}}]}",
     START "text\n  a\n.\nfinish stop\nend\n"},
    {"all that is told",
     HEAD "\"service_tier\":\"flex\",\"system_fingerprint\":\"fp\",\"choices\":[{\"message\":{"
          "\"content\":\"a\"},\"logprobs\":{\"content\":[{\"token\":\"a\"}]},\"finish_reason\":"
          "\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3}}",
     "start c1 m 17 tier=flex print=fp\ntext\n  a\n  logprobs [{\"token\":\"a\"}]\n.\nusage in=1 "
     "out=2\n" END("stop", "stop")},
    {"reasoning", ANSWER("\"content\":\"a\",\"reasoning_content\":\"r\"", "stop"),
     START "reasoning d\n  r\n.\ntext\n  a\n.\n" END("stop", "stop")},
    {"reasoning by its other name",
     ANSWER("\"content\":\"a\",\"reasoning\":\"r\",\"reasoning_content\":null", "stop"),
     START "reasoning d\n  r\n.\ntext\n  a\n.\n" END("stop", "stop")},
    {"details go before",
     ANSWER("\"content\":\"a\",\"reasoning\":\"r\",\"reasoning_details\":[{\"type\":\"reasoning."
            "text\",\"text\":\"t\",\"signature\":\"S\",\"format\":\"anthropic-claude-v1\",\"index\""
            ":0},{\"type\":\"reasoning.encrypted\",\"data\":\"D\",\"format\":\"anthropic-claude-"
            "v1\",\"index\":1}]",
            "stop"),
     START "reasoning a\n  t\n  signature S\n.\nredacted a\n  data D\n.\ntext\n  a\n.\n" END(
         "stop", "stop")},
    {"Mistral's parts",
     ANSWER("\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"t\"}]}"
            ",{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"reference\"},{\"type\":\"text\","
            "\"text\":\"b\"}]",
            "model_length"),
     START "reasoning d\n  t\n.\ntext\n  a\n  b\n.\n" END("length", "model_length")},
    {"calls",
     ANSWER("\"content\":\"a\",\"tool_calls\":[{\"id\":\"1\",\"type\":\"function\",\"function\":{"
            "\"name\":\"f\",\"arguments\":\"{\\\"x\\\": 1.0}\"}},{\"id\":\"2\",\"function\":{"
            "\"name\":\"g\",\"arguments\":{\"y\":2}}},{\"id\":\"3\",\"function\":{\"name\":\"h\","
            "\"arguments\":\"\"}},{\"id\":\"4\",\"type\":\"custom\",\"custom\":{\"name\":\"c\","
            "\"input\":\" \"}},{\"function\":{\"name\":\"i\",\"arguments\":null}}]",
            "tool_calls"),
     START "text\n  a\n.\ntool id=1 name=f\n  args {\\\"x\\\": 1.0}\n.\ntool id=2 name=g\n  args "
           "{\"y\":2}\n.\ntool id=3 name=h\n.\ntool custom id=4 name=c\n  args  \n.\ntool "
           "name=i\n.\n" END("tool_use", "tool_calls")},
    {"the form before tools",
     ANSWER("\"content\":null,\"function_call\":{\"name\":\"f\",\"arguments\":\"{}\"}",
            "function_call"),
     START "tool name=f\n  args {}\n.\n" END("tool_use", "function_call")},
    {"Gemini's signatures",
     ANSWER("\"content\":null,\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":"
            "\"G2\",\"id\":\"2\",\"format\":\"google-gemini-v1\",\"index\":1}],\"tool_calls\":[{"
            "\"id\":\"1\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"},\"extra_content\":{"
            "\"google\":{\"thought_signature\":\"G1\"}}},{\"id\":\"2\",\"function\":{\"name\":\"f\""
            ",\"arguments\":\"{}\"}}]",
            "stop"),
     START "tool id=1 name=f gsig=G1\n  args {}\n.\ntool id=2 name=f gsig=G2\n  args {}\n.\n" END(
         "stop", "stop")},
    {"annotations",
     ANSWER("\"content\":\"a\",\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{"
            "\"url\":\"u\"}}]",
            "stop"),
     START
     "text\n  a\n  note {\"type\":\"url_citation\",\"url_citation\":{\"url\":\"u\"}}\n.\n" END(
         "stop", "stop")},
    {"Perplexity's results",
     HEAD
     "\"citations\":[\"v\"],\"search_results\":[{\"title\":\"T\",\"url\":\"u\"},{\"title\":"
     "\"no address\"}],\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\""
     "}]}",
     START "text\n  a\n  note {\"type\":\"url_citation\",\"url_citation\":{\"url\":\"u\",\"title\":"
           "\"T\"}}\n.\n" END("stop", "stop")},
    {"Perplexity's citations",
     HEAD "\"citations\":[\"v\"],\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":"
          "\"stop\"}]}",
     START "text\n  a\n  note {\"type\":\"url_citation\",\"url_citation\":{\"url\":\"v\",\"title\":"
           "\"\"}}\n.\n" END("stop", "stop")},
    {"images",
     ANSWER("\"content\":\"\",\"images\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:"
            "image/png;base64,QQ==\"}}]",
            "stop"),
     START "image\n  data data:image/png;base64,QQ==\n.\n" END("stop", "stop")},
    {"vLLM's sequence",
     HEAD
     "\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\",\"stop_reason\":"
     "\"###\"}]}",
     START "text\n  a\n.\nfinish stop_sequence raw=stop sequence=###\nend\n"},
    {"an error in a 200", "{\"error\":{\"message\":\"busy\",\"code\":503},\"user_id\":\"u\"}",
     "error overloaded -: busy\n"},
    {"an error in the choice",
     HEAD "\"choices\":[{\"message\":{\"content\":\"\"},\"error\":{\"code\":429,\"message\":\"q\"},"
          "\"finish_reason\":\"error\"}]}",
     "error rate_limit -: q\n"},
    {"an ending that is an error", ANSWER("\"content\":\"a\"", "error"),
     "error bad_gateway error: the upstream ended its answer with an error\n"},
};

static void check_answer(const char *label, const char *body, const char *expected)
{
    struct gw_arena arena;
    struct gw_err err = {0};
    struct seen seen;

    seen_init(&seen);
    gw_arena_init(&arena, NULL);
    if (gw_codec_openai_chat.read_answer(gw_str_of(body), &arena, see, &seen, &err) != GW_OK)
        fail_msg("%s: %s", label, err.message);
    check_bytes(label, gw_buf_str(&seen.lines), expected);
    gw_buf_finish(&seen.lines);
    gw_arena_finish(&arena);
}

static void test_reads_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(answers); i++)
        check_answer(answers[i].label, answers[i].body, answers[i].expected);
}

static void test_t11_50_refusals_and_filters(void **state)
{
    (void)state;
    check_answer("refusal", ANSWER("\"content\":null,\"refusal\":\"no\"", "stop"),
                 START "refusal\n  no\n.\n" END("refusal", "stop"));
    check_answer("filter", ANSWER("\"content\":\"a\"", "content_filter"),
                 START "text\n  a\n.\n" END("content_filter", "content_filter"));
    check_answer("cut", ANSWER("\"content\":null,\"refusal\":\"no\"", "length"),
                 START "refusal\n  no\n.\n" END("length", "length"));
}

static void test_t11_25_numbers_stay_as_they_are(void **state)
{
    (void)state;
    check_answer(
        "numbers",
        ANSWER("\"content\":null,\"tool_calls\":[{\"id\":\"1\",\"function\":{\"name\":\"f\""
               ",\"arguments\":\"{\\\"a\\\":9007199254740993,\\\"b\\\":1.0,\\\"c\\\":1e5,"
               "\\\"d\\\":-0}\"}}]",
               "tool_calls"),
        START "tool id=1 name=f\n  args {\\\"a\\\":9007199254740993,\\\"b\\\":1.0,\\\"c\\\""
              ":1e5,\\\"d\\\":-0}\n.\n" END("tool_use", "tool_calls"));
}

static const struct {
    const char *label, *body;
} broken[] = {
    {"no JSON", "{\"choices\":"},
    {"no object", "[]"},
    {"no choices", "{\"id\":\"c1\"}"},
    {"empty choices", "{\"choices\":[]}"},
    {"choices that are none", "{\"choices\":{}}"},
};

static void test_what_is_no_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(broken); i++) {
        struct gw_arena arena;
        struct gw_err err = {0};
        struct seen seen;
        seen_init(&seen);
        gw_arena_init(&arena, NULL);
        if (gw_codec_openai_chat.read_answer(gw_str_of(broken[i].body), &arena, see, &seen, &err) !=
                GW_INVALID ||
            !err.message[0] || gw_buf_len(&seen.lines))
            fail_msg("%s", broken[i].label);
        gw_buf_finish(&seen.lines);
        gw_arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_answers),
        cmocka_unit_test(test_t11_25_numbers_stay_as_they_are),
        cmocka_unit_test(test_t11_50_refusals_and_filters),
        cmocka_unit_test(test_what_is_no_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
