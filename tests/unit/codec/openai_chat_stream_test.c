#include "codec/chat_play.h"

#include <stdlib.h>

#define EVENTS_MAX 12u

/* ---- short forms of what upstreams send ---- */

#define CHUNK(choice)                                                                              \
    "{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":17,\"model\":\"m\","          \
    "\"choices\":[" choice "]}"
#define DELTA(delta) CHUNK("{\"index\":0,\"delta\":{" delta "},\"finish_reason\":null}")
#define TEXT(text) DELTA("\"content\":\"" text "\"")
#define CALLS(calls) DELTA("\"tool_calls\":[" calls "]")
#define FINISH(reason) CHUNK("{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}")
#define ROLE DELTA("\"role\":\"assistant\",\"content\":\"\"")
#define DONE "[DONE]"

#define START "start c1 m 17\n"
#define END(reason, raw) "finish " reason " raw=" raw "\nend\n"
#define TRUNCATED "error bad_gateway stream_truncated: upstream stream ended before completion\n"

/* Feeds the events, each with memory of its own that is gone afterwards, and the end of the stream. */
static void check_stream(const char *label, const char *const events[EVENTS_MAX],
                         const char *expected)
{
    const struct gw_codec *codec = &gw_codec_openai_chat;
    void *reader = calloc(1, codec->reader_bytes);
    struct gw_arena scratch, keep;
    struct gw_err err = {0};
    struct seen seen;
    enum gw_status status = GW_OK;

    assert_non_null(reader);
    seen_init(&seen);
    gw_arena_init(&scratch, NULL);
    gw_arena_init(&keep, NULL);
    for (size_t i = 0; i < EVENTS_MAX && events[i]; i++) {
        struct gw_str data = gw_str_of(events[i]);
        char *copy = malloc(data.len + 1);
        assert_non_null(copy);
        memcpy(copy, data.base, data.len);
        status = codec->read_event(reader, GW_STR(""), (struct gw_str){copy, data.len}, &scratch,
                                   &keep, see, &seen, &err);
        free(copy);
        gw_arena_finish(&scratch);
        if (status != GW_OK && status != GW_EOF)
            fail_msg("%s: %s", label, gw_status_name(status));
    }
    if (status == GW_OK)
        status = codec->read_end(reader, &scratch, &keep, see, &seen, &err);
    assert_true(status == GW_OK || status == GW_EOF);
    check_bytes(label, gw_buf_str(&seen.lines), expected);
    gw_buf_finish(&seen.lines);
    gw_arena_finish(&scratch);
    gw_arena_finish(&keep);
    free(reader);
}

struct row {
    const char *label;
    const char *events[EVENTS_MAX];
    const char *expected;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_stream(rows[i].label, rows[i].events, rows[i].expected);
}

/* ---- text and reasoning ---- */

static const struct row texts[] = {
    {"text",
     {ROLE, TEXT("a\\u00e9\\\""), TEXT("b"), FINISH("stop"), DONE},
     START "text\n  a\\u00e9\\\"\n  b\n.\n" END("stop", "stop")},
    {"a start that says more",
     {"{\"id\":\"c1\",\"model\":\"m\",\"created\":17,\"service_tier\":\"flex\",\"system_"
      "fingerprint\":\"fp\",\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}"
      "]}",
      DONE},
     "start c1 m 17 tier=flex print=fp\ntext\n  a\n.\n" END("stop", "stop")},
    {"other choices are not told of",
     {CHUNK("{\"index\":1,\"delta\":{\"content\":\"b\"}},{\"index\":0,\"delta\":{\"content\":\"a\"}"
            "}"),
      CHUNK("{\"index\":1,\"delta\":{},\"finish_reason\":\"stop\"}"), FINISH("stop"), DONE},
     START "text\n  a\n.\n" END("stop", "stop")},
    {"nothing at all", {ROLE, FINISH("stop"), DONE}, START END("stop", "stop")},
    {"a refusal",
     {ROLE, DELTA("\"refusal\":\"no\""), FINISH("stop"), DONE},
     START "refusal\n  no\n.\n" END("refusal", "stop")},
    {"reasoning, then text",
     {ROLE, DELTA("\"reasoning_content\":\"r\",\"content\":null"),
      DELTA("\"reasoning_content\":\"s\""), TEXT("a"), FINISH("stop"), DONE},
     START "reasoning d\n  r\n  s\n.\ntext\n  a\n.\n" END("stop", "stop")},
    {"both names of reasoning",
     {DELTA("\"reasoning\":\"r\",\"reasoning_content\":\"r\""), FINISH("stop"), DONE},
     START "reasoning d\n  r\n.\n" END("stop", "stop")},
    {"the other name",
     {DELTA("\"reasoning\":\"r\""), FINISH("stop"), DONE},
     START "reasoning d\n  r\n.\n" END("stop", "stop")},
    {"details with text go before",
     {DELTA("\"reasoning\":\"r\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"t\""
            ",\"signature\":null,\"format\":\"anthropic-claude-v1\",\"index\":0}]"),
      DELTA("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"\",\"signature\":\"S\","
            "\"format\":\"anthropic-claude-v1\",\"index\":0}]"),
      TEXT("a"), FINISH("stop"), DONE},
     START "reasoning a\n  t\n  signature S\n.\ntext\n  a\n.\n" END("stop", "stop")},
    {"details without text add to it",
     {DELTA("\"reasoning\":\"r\",\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":"
            "\"D\",\"id\":\"rs_1\",\"format\":\"openai-responses-v1\",\"index\":0}]"),
      FINISH("stop"), DONE},
     START "reasoning d\n  r\n.\nredacted o id=rs_1\n  data D\n.\n" END("stop", "stop")},
    {"a summary and what proves it",
     {DELTA("\"reasoning_details\":[{\"type\":\"reasoning.summary\",\"summary\":\"s\",\"id\":\"rs_"
            "1\",\"format\":\"openai-responses-v1\",\"index\":0}]"),
      DELTA("\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"D\",\"id\":\"rs_1"
            "\",\"format\":\"openai-responses-v1\",\"index\":0}]"),
      FINISH("stop"), DONE},
     START "reasoning o id=rs_1\n  s\n  signature D\n.\n" END("stop", "stop")},
    {"each index its block",
     {DELTA("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"a\",\"index\":0},{"
            "\"type\":\"reasoning.text\",\"text\":\"b\",\"index\":1}]"),
      FINISH("stop"), DONE},
     START "reasoning d\n  a\n.\nreasoning d\n  b\n.\n" END("stop", "stop")},
    {"Mistral's parts",
     {DELTA("\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"t\"}]}"
            "]"),
      DELTA("\"content\":[{\"type\":\"text\",\"text\":\"a\"}]"), FINISH("model_length"), DONE},
     START "reasoning d\n  t\n.\ntext\n  a\n.\n" END("length", "model_length")},
    {"think tags are left in the text",
     {TEXT("<think>t</think>a"), FINISH("stop"), DONE},
     START "text\n  <think>t</think>a\n.\n" END("stop", "stop")},
    {"logprobs",
     {CHUNK("{\"index\":0,\"delta\":{\"content\":\"a\"},\"logprobs\":{\"content\":[{\"token\":\"a\""
            "}]}}"),
      FINISH("stop"), DONE},
     START "text\n  a\n  logprobs [{\"token\":\"a\"}]\n.\n" END("stop", "stop")},
    {"annotations",
     {TEXT("a"),
      DELTA("\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"u\""
            "}}]"),
      FINISH("stop"), DONE},
     START
     "text\n  a\n  note {\"type\":\"url_citation\",\"url_citation\":{\"url\":\"u\"}}\n.\n" END(
         "stop", "stop")},
    {"Perplexity's sources come once, with the text",
     {"{\"id\":\"c1\",\"model\":\"m\",\"created\":17,\"search_results\":[{\"title\":\"T\",\"url\":"
      "\"u\"}],\"citations\":[\"u\"],\"choices\":[{\"delta\":{\"content\":\"a\"}}]}",
      "{\"id\":\"c1\",\"citations\":[\"u\"],\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]"
      "}",
      DONE},
     START "text\n  a\n  note {\"type\":\"url_citation\",\"url_citation\":{\"url\":\"u\",\"title\":"
           "\"T\"}}\n.\n" END("stop", "stop")},
    {"images",
     {TEXT("a"),
      DELTA("\"images\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/"
            "png;base64,QQ==\"}}]"),
      FINISH("stop"), DONE},
     START "text\n  a\n.\nimage\n  data data:image/png;base64,QQ==\n.\n" END("stop", "stop")},
};

static void test_text_and_reasoning(void **state)
{
    (void)state;
    check_rows(texts, GW_COUNT(texts));
}

/* ---- finish reasons (§5.1) ---- */

static const struct row finishes[] = {
    {"eos", {TEXT("a"), FINISH("eos"), DONE}, START "text\n  a\n.\n" END("stop", "eos")},
    {"end_turn",
     {TEXT("a"), FINISH("end_turn"), DONE},
     START "text\n  a\n.\n" END("stop", "end_turn")},
    {"length", {TEXT("a"), FINISH("length"), DONE}, START "text\n  a\n.\n" END("length", "length")},
    {"content_filter",
     {TEXT("a"), FINISH("content_filter"), DONE},
     START "text\n  a\n.\n" END("content_filter", "content_filter")},
    {"unknown", {TEXT("a"), FINISH("weird"), DONE}, START "text\n  a\n.\n" END("stop", "weird")},
    {"vLLM's sequence",
     {TEXT("a"),
      CHUNK("{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\",\"stop_reason\":"
            "\"###\"}"),
      DONE},
     START "text\n  a\n.\nfinish stop_sequence raw=stop sequence=###\nend\n"},
    {"vLLM's token",
     {TEXT("a"),
      CHUNK("{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\",\"stop_reason\":128009}"), DONE},
     START "text\n  a\n.\n" END("stop", "stop")},
    {"an error", {TEXT("a"), FINISH("ERROR"), DONE}, START "text\n  a\n.\n" END("stop", "ERROR")},
    {"an error, as it is written",
     {TEXT("a"), FINISH("error"), TEXT("b"), DONE},
     START "text\n  a\nerror bad_gateway error: the upstream ended its answer with an error\n"},
    {"DeepSeek's",
     {TEXT("a"), FINISH("insufficient_system_resource"), DONE},
     START "text\n  a\nerror bad_gateway insufficient_system_resource: the upstream ended its "
           "answer with an error\n"},
};

static void test_finish_reasons(void **state)
{
    (void)state;
    check_rows(finishes, GW_COUNT(finishes));
}

/* ---- calls ---- */

#define CALL(index, id, name, args)                                                                \
    "{\"index\":" index ",\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name  \
    "\",\"arguments\":\"" args "\"}}"
#define ARGS(index, args) "{\"index\":" index ",\"function\":{\"arguments\":\"" args "\"}}"
#define CALLED END("tool_use", "tool_calls")

static const struct row calls[] = {
    {"one",
     {ROLE, CALLS(CALL("0", "a", "f", "")), CALLS(ARGS("0", "{\\\"x\\\"")),
      CALLS(ARGS("0", ": 1.0}")), FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {\\\"x\\\"\n  args : 1.0}\n.\n" CALLED},
    {"behind text",
     {TEXT("t"), CALLS(CALL("0", "a", "f", "{\\\"x\\\":1}")), FINISH("tool_calls"), DONE},
     START "text\n  t\n.\ntool id=a name=f\n  args {\\\"x\\\":1}\n.\n" CALLED},
    {"one after the other",
     {CALLS(CALL("0", "a", "f", "")), CALLS(ARGS("0", "{\\\"x\\\":1}")),
      CALLS(CALL("1", "b", "g", "")), CALLS(ARGS("1", "{\\\"y\\\":2}")), FINISH("tool_calls"),
      DONE},
     START "tool id=a name=f\n  args {\\\"x\\\":1}\n.\ntool id=b name=g\n  args "
           "{\\\"y\\\":2}\n.\n" CALLED},
    {"all begun first",
     {CALLS(CALL("0", "a", "f", "") "," CALL("1", "b", "g", "")), CALLS(ARGS("0", "{\\\"x\\\":1}")),
      CALLS(ARGS("1", "{\\\"y\\\":2}")), FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {\\\"x\\\":1}\n.\ntool id=b name=g\n  args "
           "{\\\"y\\\":2}\n.\n" CALLED},
    {"interleaved",
     {CALLS(CALL("0", "a", "f", "{")), CALLS(CALL("1", "b", "g", "{")),
      CALLS(ARGS("0", "\\\"x\\\":1")), CALLS(ARGS("1", "\\\"y\\\":2")), CALLS(ARGS("0", "}")),
      CALLS(ARGS("1", "}")), FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {\n  args \\\"x\\\":1\n  args }\n.\ntool id=b name=g\n  args "
           "{\n  args \\\"y\\\":2\n  args }\n.\n" CALLED},
    {"interleaved, and never whole",
     {CALLS(CALL("0", "a", "f", "{")), CALLS(CALL("1", "b", "g", "{")), CALLS(ARGS("0", "x")),
      FINISH("length"), DONE},
     START "tool id=a name=f\n  args {\n  args x\n.\ntool id=b name=g\n  args {\n.\n" END(
         "length", "length")},
    {"a brace in a string ends nothing",
     {CALLS(CALL("0", "a", "f", "{\\\"x\\\":\\\"}\\\\\\\"")), CALLS(CALL("1", "b", "g", "{}")),
      CALLS(ARGS("0", "}\\\"}")), FINISH("tool_calls"), DONE},
     START
     "tool id=a name=f\n  args {\\\"x\\\":\\\"}\\\\\\\"\n  args }\\\"}\n.\ntool id=b name=g\n "
     " args {}\n.\n" CALLED},
    {"the name comes later",
     {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"arguments\":\"{\"}}"),
      CALLS("{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"}\"}}"),
      CALLS("{\"index\":0,\"function\":{\"name\":\"other\",\"arguments\":\" \"}}"),
      FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {\n  args }\n.\n" CALLED},
    {"the name is said again",
     {CALLS(CALL("0", "a", "f", "{")), CALLS(CALL("0", "a", "f", "}")), FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {\n  args }\n.\n" CALLED},
    {"the id comes later",
     {CALLS("{\"index\":0,\"function\":{\"name\":\"\",\"arguments\":\"\"}}"),
      CALLS(CALL("0", "a", "f", "{}")), FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {}\n.\n" CALLED},
    {"arguments that are an object",
     {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":{\"x\":\"1\"}}}"),
      FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {\\\"x\\\":\\\"1\\\"}\n.\n" CALLED},
    {"blanks behind the end are dropped",
     {CALLS(CALL("0", "a", "f", "{\\\"x\\\":1}")), CALLS(ARGS("0", " \\n")), FINISH("tool_calls"),
      DONE},
     START "tool id=a name=f\n  args {\\\"x\\\":1}\n.\n" CALLED},
    {"a custom tool",
     {CALLS("{\"index\":0,\"id\":\"a\",\"type\":\"custom\",\"custom\":{\"name\":\"c\",\"input\":"
            "\"fr\"}}"),
      CALLS("{\"index\":0,\"custom\":{\"input\":\"ee}}\"}}"), FINISH("tool_calls"), DONE},
     START "tool custom id=a name=c\n  args fr\n  args ee}}\n.\n" CALLED},
    {"the form before tools",
     {DELTA("\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}"),
      DELTA("\"function_call\":{\"arguments\":\"{\\\"x\\\":1}\"}"), FINISH("function_call"), DONE},
     START "tool name=f\n  args {\\\"x\\\":1}\n.\n" END("tool_use", "function_call")},
    {"text behind a call",
     {CALLS(CALL("0", "a", "f", "{\\\"x\\\":1}")), TEXT("t"), FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {\\\"x\\\":1}\n.\ntext\n  t\n.\n" CALLED},
    {"a call that goes on behind its end",
     {CALLS(CALL("0", "a", "f", "{\\\"x\\\":1}")), CALLS(CALL("1", "b", "g", "{")),
      CALLS(ARGS("0", "2")), FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {\\\"x\\\":1}\n.\ntool id=b name=g\n  args {\nerror "
           "bad_gateway upstream_protocol: the upstream goes on with a call that it had ended\n"},
    {"two values as arguments",
     {CALLS(CALL("0", "a", "f", "{\\\"x\\\":1}")), CALLS(ARGS("0", "{}"))},
     START "tool id=a name=f\n  args {\\\"x\\\":1}\nerror bad_gateway upstream_protocol: the "
           "upstream writes more than one value as arguments\n"},
    {"a call without a name",
     {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"arguments\":\"{}\"}}"), FINISH("tool_calls"),
      DONE},
     START "error bad_gateway upstream_protocol: the upstream makes a call without a name\n"},
};

static void test_calls(void **state)
{
    (void)state;
    check_rows(calls, GW_COUNT(calls));
}

static const struct row t11_3[] = {
    {"each with the index 0",
     {CALLS(CALL("0", "a", "f", "{\\\"x\\\":1}")), CALLS(CALL("0", "b", "g", "{\\\"y\\\":2}")),
      FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {\\\"x\\\":1}\n.\ntool id=b name=g\n  args "
           "{\\\"y\\\":2}\n.\n" CALLED},
    {"without an index",
     {CALLS("{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}},{\"id\":"
            "\"b\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"y\\\":2}\"}}"),
      FINISH("stop"), DONE},
     START "tool id=a name=f\n  args {\\\"x\\\":1}\n.\ntool id=b name=f\n  args "
           "{\\\"y\\\":2}\n.\n" END("stop", "stop")},
    {"without index and id: fragments go to the latest",
     {CALLS("{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}"),
      CALLS("{\"function\":{\"arguments\":\"}\"}}"), FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {\n  args }\n.\n" CALLED},
    {"without index and id: whole ones are as many",
     {CALLS("{\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}},{\"function\":{"
            "\"name\":\"f\",\"arguments\":\"{\\\"y\\\":2}\"}}"),
      FINISH("tool_calls"), DONE},
     START "tool name=f\n  args {\\\"x\\\":1}\n.\ntool name=f\n  args {\\\"y\\\":2}\n.\n" CALLED},
    {"the id goes before the index",
     {CALLS(CALL("0", "a", "f", "{")), CALLS(CALL("1", "b", "g", "{")),
      CALLS("{\"index\":1,\"id\":\"a\",\"function\":{\"arguments\":\"}\"}}"), CALLS(ARGS("1", "}")),
      FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {\n  args }\n.\ntool id=b name=g\n  args {\n  args "
           "}\n.\n" CALLED},
};

static void test_t11_03_calls_are_known_by_id_then_by_index(void **state)
{
    (void)state;
    check_rows(t11_3, GW_COUNT(t11_3));
}

static const struct row t11_4[] = {
    {"reasoning only",
     {DELTA("\"role\":\"assistant\",\"reasoning_content\":\"r\""), FINISH("stop"), DONE},
     START "reasoning d\n  r\n.\n" END("stop", "stop")},
};

static void test_t11_04_reasoning_alone_opens_a_block(void **state)
{
    (void)state;
    check_rows(t11_4, GW_COUNT(t11_4));
}

static const struct row t11_5[] = {
    {"behind text",
     {DELTA("\"reasoning_content\":\"r\""), TEXT("a"), DELTA("\"reasoning_content\":\"s\""),
      TEXT("b"), FINISH("stop"), DONE},
     START
     "reasoning d\n  r\n.\ntext\n  a\n.\nreasoning d\n  s\n.\ntext\n  b\n.\n" END("stop", "stop")},
    {"behind a call",
     {CALLS(CALL("0", "a", "f", "{\\\"x\\\":1}")), DELTA("\"reasoning\":\"s\""),
      FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {\\\"x\\\":1}\n.\nreasoning d\n  s\n.\n" CALLED},
};

static void test_t11_05_more_reasoning_is_a_new_block(void **state)
{
    (void)state;
    check_rows(t11_5, GW_COUNT(t11_5));
}

/* ---- usage ---- */

#define USAGE(usage)                                                                               \
    "{\"id\":\"c1\",\"created\":17,\"model\":\"m\",\"choices\":[],\"usage\":{" usage "}}"
#define SAID TEXT("a"), FINISH("stop")
#define TOLD START "text\n  a\n.\n"

static const struct row t11_9[] = {
    {"in a chunk of its own",
     {SAID, USAGE("\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3"), DONE},
     TOLD "usage in=1 out=2\n" END("stop", "stop")},
    {"in the chunk of the finish",
     {TEXT("a"),
      "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,"
      "\"completion_tokens\":2}}",
      DONE},
     TOLD "usage in=1 out=2\n" END("stop", "stop")},
    {"Groq's place",
     {TEXT("a"),
      "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"x_groq\":{\"id\":\"r\",\"usage\":"
      "{\"prompt_tokens\":1,\"completion_tokens\":2}}}",
      DONE},
     TOLD "usage in=1 out=2\n" END("stop", "stop")},
    {"behind the finish, with an empty delta",
     {SAID,
      "{\"choices\":[{\"delta\":{}}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}",
      DONE},
     TOLD "usage in=1 out=2\n" END("stop", "stop")},
    {"in the choice",
     {SAID, "{\"choices\":[{\"delta\":{},\"usage\":{\"prompt_tokens\":1}}]}", DONE},
     TOLD "usage in=1\n" END("stop", "stop")},
};

static void test_t11_09_usage_is_taken_from_any_chunk(void **state)
{
    (void)state;
    check_rows(t11_9, GW_COUNT(t11_9));
}

static const struct row t11_11[] = {
    {"the last value of each count",
     {"{\"id\":\"c1\",\"created\":17,\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"a\"}}],"
      "\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1,\"prompt_tokens_details\":{\"cached_"
      "tokens\":4}}}",
      "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":5,"
      "\"completion_tokens\":2,\"prompt_tokens_details\":null}}",
      DONE},
     TOLD "usage in=5 read=4 out=2\n" END("stop", "stop")},
};

static void test_t11_11_cumulative_usage_is_not_summed(void **state)
{
    (void)state;
    check_rows(t11_11, GW_COUNT(t11_11));
}

static const struct row counts[] = {
    {"all of them",
     {SAID,
      USAGE("\"prompt_tokens\":10,\"completion_tokens\":20,\"total_tokens\":30,\"prompt_tokens_"
            "details\":{\"cached_tokens\":3,\"cache_write_tokens\":4,\"audio_tokens\":5},"
            "\"completion_tokens_details\":{\"reasoning_tokens\":6,\"audio_tokens\":7,\"accepted_"
            "prediction_tokens\":8,\"rejected_prediction_tokens\":9}"),
      DONE},
     TOLD "usage in=10 read=3 write=4 out=20 thinking=6 in_audio=5 out_audio=7 accepted=8 "
          "rejected=9\n" END("stop", "stop")},
    {"DeepSeek's cache",
     {SAID, USAGE("\"prompt_tokens\":10,\"prompt_cache_hit_tokens\":3"), DONE},
     TOLD "usage in=10 read=3\n" END("stop", "stop")},
    {"another cache",
     {SAID, USAGE("\"prompt_tokens\":10,\"num_cached_tokens\":3"), DONE},
     TOLD "usage in=10 read=3\n" END("stop", "stop")},
    {"and another",
     {SAID, USAGE("\"prompt_tokens\":10,\"cached_tokens\":3"), DONE},
     TOLD "usage in=10 read=3\n" END("stop", "stop")},
    {"xAI: thinking beside",
     {SAID,
      USAGE("\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":22,\"completion_tokens_"
            "details\":{\"reasoning_tokens\":7}"),
      DONE},
     TOLD "usage in=10 out=12 thinking=7\n" END("stop", "stop")},
    {"thinking within",
     {SAID,
      USAGE("\"prompt_tokens\":10,\"completion_tokens\":12,\"total_tokens\":22,\"reasoning_tokens\""
            ":7"),
      DONE},
     TOLD "usage in=10 out=12 thinking=7\n" END("stop", "stop")},
    {"numbers too large for a sum",
     {SAID,
      USAGE("\"prompt_tokens\":9223372036854775807,\"completion_tokens\":1,\"total_tokens\":"
            "9223372036854775807,\"reasoning_tokens\":1"),
      DONE},
     TOLD "usage in=9223372036854775807 out=2 thinking=1\n" END("stop", "stop")},
    {"numbers that are none",
     {SAID, USAGE("\"prompt_tokens\":-1,\"completion_tokens\":1.5"), DONE},
     TOLD END("stop", "stop")},
};

static void test_counts(void **state)
{
    (void)state;
    check_rows(counts, GW_COUNT(counts));
}

static const struct row t11_8[] = {
    {"a prompt smaller than what was cached of it",
     {SAID, USAGE("\"prompt_tokens\":10,\"prompt_tokens_details\":{\"cached_tokens\":30}"), DONE},
     TOLD "usage in=40 read=30\n" END("stop", "stop")},
};

static void test_t11_08_cached_tokens_are_part_of_the_prompt(void **state)
{
    (void)state;
    check_rows(t11_8, GW_COUNT(t11_8));
}

/* ---- ends ---- */

static const struct row t11_12[] = {
    {"cut in text", {TEXT("a")}, START "text\n  a\n" TRUNCATED},
    {"cut in a call",
     {CALLS(CALL("0", "a", "f", "{"))},
     START "tool id=a name=f\n  args {\n" TRUNCATED},
    {"cut before anything", {NULL}, TRUNCATED},
    {"done, but a call is not whole",
     {CALLS(CALL("0", "a", "f", "{")), DONE},
     START "tool id=a name=f\n  args {\n" TRUNCATED},
    {"done, but nothing came", {ROLE, DONE}, START TRUNCATED},
};

static void test_t11_12_a_cut_stream_is_an_error(void **state)
{
    (void)state;
    check_rows(t11_12, GW_COUNT(t11_12));
}

static const struct row t11_13[] = {
    {"without [DONE]", {SAID}, TOLD END("stop", "stop")},
    {"without a finish", {TEXT("a"), DONE}, TOLD "finish stop\nend\n"},
    {"calls without a finish",
     {CALLS(CALL("0", "a", "f", "{\\\"x\\\":1}")), DONE},
     START "tool id=a name=f\n  args {\\\"x\\\":1}\n.\nfinish tool_use\nend\n"},
    {"nothing is read behind [DONE]", {SAID, DONE, TEXT("b"), "{", DONE}, TOLD END("stop", "stop")},
};

static void test_t11_13_a_finish_without_done_is_an_end(void **state)
{
    (void)state;
    check_rows(t11_13, GW_COUNT(t11_13));
}

static const struct row t11_15[] = {
    {"at first",
     {"{\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\",\"code\":429}}", DONE},
     "error rate_limit -: slow down\n"},
    {"with a status in it",
     {"{\"error\":{\"code\":503,\"message\":\"busy\"}}"},
     "error overloaded -: busy\n"},
    {"of Google, with a word",
     {"{\"error\":{\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"q\"}}"},
     "error rate_limit -: q\n"},
    {"with nothing in it", {"{\"error\":{}}"}, "error bad_gateway -: the upstream failed\n"},
    {"a text", {"{\"error\":\"boom\"}"}, "error bad_gateway -: boom\n"},
    {"a type only",
     {"{\"error\":{\"message\":\"m\",\"type\":\"server_error\"}}"},
     "error internal -: m\n"},
};

static void test_t11_15_an_error_as_first_event_is_one(void **state)
{
    (void)state;
    check_rows(t11_15, GW_COUNT(t11_15));
}

static const struct row t11_56[] = {
    {"vLLM's form",
     {TEXT("a"),
      "{\"object\":\"error\",\"message\":\"bad\",\"type\":\"BadRequestError\",\"param\":null,"
      "\"code\":400}",
      DONE},
     START "text\n  a\nerror bad_request -: bad\n"},
    {"OpenRouter's form, in the midst",
     {TEXT("a"),
      "{\"id\":\"c1\",\"error\":{\"code\":\"server_error\",\"message\":\"gone\"},\"choices\":[{"
      "\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}"},
     START "text\n  a\nerror internal server_error: gone\n"},
    {"in the choice",
     {TEXT("a"), CHUNK("{\"index\":0,\"delta\":{},\"error\":{\"code\":502,\"message\":\"gone\"},"
                       "\"finish_reason\":\"error\"}")},
     START "text\n  a\nerror bad_gateway -: gone\n"},
};

static void test_t11_56_an_error_object_is_known(void **state)
{
    (void)state;
    check_rows(t11_56, GW_COUNT(t11_56));
}

static const struct row t11_16[] = {
    {"Azure's first chunk, without id and model",
     {"{\"id\":\"\",\"model\":\"\",\"created\":0,\"choices\":[],\"prompt_filter_results\":[]}",
      ROLE, TEXT("a"),
      "{\"id\":\"\",\"model\":\"\",\"choices\":[{\"index\":0,\"content_filter_offsets\":"
      "{},\"finish_reason\":null}]}",
      FINISH("stop"), USAGE("\"prompt_tokens\":1"), DONE},
     TOLD "usage in=1\n" END("stop", "stop")},
    {"null",
     {TEXT("a"), "{\"choices\":null}", "{}", FINISH("stop"), DONE},
     TOLD END("stop", "stop")},
};

static void test_t11_16_empty_choices_end_nothing(void **state)
{
    (void)state;
    check_rows(t11_16, GW_COUNT(t11_16));
}

static const struct row t11_18[] = {
    {"the calls again",
     {CALLS(CALL("0", "a", "f", "{\\\"x\\\":1}")), FINISH("tool_calls"),
      CHUNK("{\"index\":0,\"delta\":{\"tool_calls\":[" CALL(
          "0", "a", "f", "{\\\"x\\\":1}") "]},\"finish_reason\":\"stop\"}"),
      DONE},
     START "tool id=a name=f\n  args {\\\"x\\\":1}\n.\n" CALLED},
};

static void test_t11_18_the_first_finish_counts(void **state)
{
    (void)state;
    check_rows(t11_18, GW_COUNT(t11_18));
}

static const struct row t11_23[] = {
    {"a placeholder",
     {CALLS(CALL("0", "a", "f", "{}")), CALLS(ARGS("0", "{\\\"x\\\":1}")), FINISH("tool_calls"),
      DONE},
     START "tool id=a name=f\n  args {\\\"x\\\":1}\n.\n" CALLED},
    {"no placeholder",
     {CALLS(CALL("0", "a", "f", "{}")), FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args {}\n.\n" CALLED},
    {"nor here",
     {CALLS(CALL("0", "a", "f", "{}")), CALLS(CALL("1", "b", "g", "{}")), FINISH("tool_calls"),
      DONE},
     START "tool id=a name=f\n  args {}\n.\ntool id=b name=g\n  args {}\n.\n" CALLED},
};

static void test_t11_23_an_empty_object_at_first_is_held_back(void **state)
{
    (void)state;
    check_rows(t11_23, GW_COUNT(t11_23));
}

static const struct row t11_24[] = {
    {"numbers go on",
     {CALLS(CALL("0", "a", "f", "1")), CALLS(ARGS("0", "2")), FINISH("tool_calls"), DONE},
     START "tool id=a name=f\n  args 1\n  args 2\n.\n" CALLED},
};

static void test_t11_24_a_call_is_final_at_its_end(void **state)
{
    (void)state;
    check_rows(t11_24, GW_COUNT(t11_24));
}

static const struct row t11_36[] = {
    {"beside the call",
     {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"},\"extra_"
            "content\":{\"google\":{\"thought_signature\":\"G\"}}}"),
      FINISH("stop"), DONE},
     START "tool id=a name=f gsig=G\n  args {}\n.\n" END("stop", "stop")},
    {"before the call",
     {DELTA("\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"G\",\"id\":\"a\","
            "\"format\":\"google-gemini-v1\",\"index\":0}]"),
      CALLS(CALL("0", "a", "f", "{}")), FINISH("tool_calls"), DONE},
     START "tool id=a name=f gsig=G\n  args {}\n.\n" CALLED},
};

static void test_t11_36_signatures_of_calls_are_kept(void **state)
{
    (void)state;
    check_rows(t11_36, GW_COUNT(t11_36));
}

static const struct row broken[] = {
    {"no JSON",
     {TEXT("a"), "{\"choices\":", DONE},
     START "text\n  a\nerror bad_gateway upstream_protocol: the upstream sent an event that is no "
           "JSON\n"},
    {"no object",
     {"[1]"},
     "error bad_gateway upstream_protocol: the upstream sent an event that is no object\n"},
    {"nothing is skipped", {"", " ", SAID, "", " [DONE] "}, TOLD END("stop", "stop")},
};

static void test_events_that_are_none(void **state)
{
    (void)state;
    check_rows(broken, GW_COUNT(broken));
}

/* A callback that fails stops the reader. */
static void test_the_callbacks_failure_is_given_back(void **state)
{
    const struct gw_codec *codec = &gw_codec_openai_chat;
    void *reader = calloc(1, codec->reader_bytes);
    struct gw_arena arena;
    struct gw_err err = {0};
    struct seen seen;

    (void)state;
    assert_non_null(reader);
    seen_init(&seen);
    seen.answer = GW_NO_MEMORY;
    gw_arena_init(&arena, NULL);
    assert_int_equal(codec->read_event(reader, GW_STR(""), gw_str_of(TEXT("a")), &arena, &arena,
                                       see, &seen, &err),
                     GW_NO_MEMORY);
    check_bytes("first event only", gw_buf_str(&seen.lines), START);
    gw_buf_finish(&seen.lines);
    gw_arena_finish(&arena);
    free(reader);
}

/* What has to wait is bounded. */
static void test_interleaved_calls_have_a_limit(void **state)
{
    enum { PIECE = 1 << 20 };
    const struct gw_codec *codec = &gw_codec_openai_chat;
    void *reader = calloc(1, codec->reader_bytes);
    struct gw_arena scratch, keep;
    struct gw_err err = {0};
    struct gw_buf event;
    struct seen seen;
    enum gw_status status = GW_OK;
    unsigned count = 0;

    (void)state;
    assert_non_null(reader);
    seen_init(&seen);
    gw_arena_init(&scratch, NULL);
    gw_arena_init(&keep, NULL);
    gw_buf_init(&event, PIECE + 1024);
    assert_int_equal(codec->read_event(reader, GW_STR(""),
                                       gw_str_of(CALLS(CALL("0", "a", "f", "{"))), &scratch, &keep,
                                       see, &seen, &err),
                     GW_OK);
    for (; status == GW_OK && count < 40; count++) {
        gw_buf_take(&event, gw_buf_len(&event));
        assert_int_equal(gw_buf_printf(&event,
                                       "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":1,"
                                       "\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\""
                                       "%0*d\"}}]}}]}",
                                       PIECE, 0),
                         GW_OK);
        status = codec->read_event(reader, GW_STR(""), gw_buf_str(&event), &scratch, &keep, see,
                                   &seen, &err);
        gw_arena_finish(&scratch);
    }
    assert_int_equal(status, GW_EOF);
    assert_int_equal(count, 16);
    check_bytes("limit", gw_buf_str(&seen.lines),
                START "tool id=a name=f\n  args {\nerror bad_gateway upstream_protocol: the "
                      "upstream's calls are too long to be put into order\n");
    gw_buf_finish(&event);
    gw_buf_finish(&seen.lines);
    gw_arena_finish(&keep);
    free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_and_reasoning),
        cmocka_unit_test(test_finish_reasons),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_t11_03_calls_are_known_by_id_then_by_index),
        cmocka_unit_test(test_t11_04_reasoning_alone_opens_a_block),
        cmocka_unit_test(test_t11_05_more_reasoning_is_a_new_block),
        cmocka_unit_test(test_t11_08_cached_tokens_are_part_of_the_prompt),
        cmocka_unit_test(test_t11_09_usage_is_taken_from_any_chunk),
        cmocka_unit_test(test_t11_11_cumulative_usage_is_not_summed),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_t11_12_a_cut_stream_is_an_error),
        cmocka_unit_test(test_t11_13_a_finish_without_done_is_an_end),
        cmocka_unit_test(test_t11_15_an_error_as_first_event_is_one),
        cmocka_unit_test(test_t11_16_empty_choices_end_nothing),
        cmocka_unit_test(test_t11_18_the_first_finish_counts),
        cmocka_unit_test(test_t11_23_an_empty_object_at_first_is_held_back),
        cmocka_unit_test(test_t11_24_a_call_is_final_at_its_end),
        cmocka_unit_test(test_t11_36_signatures_of_calls_are_kept),
        cmocka_unit_test(test_t11_56_an_error_object_is_known),
        cmocka_unit_test(test_events_that_are_none),
        cmocka_unit_test(test_the_callbacks_failure_is_given_back),
        cmocka_unit_test(test_interleaved_calls_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
