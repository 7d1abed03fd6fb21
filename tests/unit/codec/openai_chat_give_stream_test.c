#include "codec/chat_events.h"

#include <stdlib.h>

struct writing {
    struct play *play;
    void *writer;
};

/* Each event in memory of its own, so that nothing of it can be kept. */
static enum gw_status write_event(void *arg, const struct gw_event *event)
{
    struct writing *writing = arg;
    struct gw_event copy = *event;
    char *text = malloc(event->text.raw.len + 1);
    char *id = malloc(event->id.raw.len + 1);

    assert_true(text && id);
    if (event->text.raw.base) {
        memcpy(text, event->text.raw.base, event->text.raw.len);
        copy.text.raw.base = text;
    }
    if (event->id.raw.base) {
        memcpy(id, event->id.raw.base, event->id.raw.len);
        copy.id.raw.base = id;
    }
    enum gw_status status = gw_codec_openai_chat.write_event(
        writing->writer, &copy, &writing->play->context, &writing->play->scratch,
        &writing->play->arena, &writing->play->out);
    gw_arena_finish(&writing->play->scratch);
    free(text);
    free(id);
    return status;
}

static void check_stream(const char *label, const struct gw_event events[EVENTS_MAX],
                         struct play *play, const char *expected)
{
    struct writing writing = {play, calloc(1, gw_codec_openai_chat.writer_bytes)};

    assert_non_null(writing.writer);
    each_event(label, events, write_event, &writing);
    free(writing.writer);
    check_bytes(label, gw_buf_str(&play->out), expected);
}

#define CHUNK(rest)                                                                                \
    "data: {\"id\":\"chatcmpl-c1\",\"object\":\"chat.completion.chunk\",\"created\":17,\"model\":" \
    "\"m\"," rest "}\n\n"
#define DELTA(delta)                                                                               \
    CHUNK("\"choices\":[{\"index\":0,\"delta\":{" delta "},\"finish_reason\":null}]")
#define FINISH(reason)                                                                             \
    CHUNK("\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]")
#define ROLE DELTA("\"role\":\"assistant\",\"content\":\"\"")
#define DONE "data: [DONE]\n\n"
#define CALL(k, id, name)                                                                          \
    DELTA("\"tool_calls\":[{\"index\":" k ",\"id\":\"" id                                          \
          "\",\"type\":\"function\",\"function\":{"                                                \
          "\"name\":\"" name "\",\"arguments\":\"\"}}]")
#define ARGS(k, args)                                                                              \
    DELTA("\"tool_calls\":[{\"index\":" k ",\"function\":{\"arguments\":\"" args "\"}}]")

static const struct {
    const char *label;
    struct gw_event events[EVENTS_MAX];
    const char *expected;
} streams[] = {
    {"text",
     {BEGUN, OPEN(TEXT), PIECE(TEXT, "a\\n"), PIECE(TEXT, ""), PIECE(TEXT, "\\\"b"), CLOSE,
      USED(1, 0, 0, 2, 0), ENDED(STOP), OVER, STOP},
     ROLE DELTA("\"content\":\"a\\n\"") DELTA("\"content\":\"\\\"b\"") FINISH("stop") DONE},
    {"refusal",
     {BEGUN, OPEN(REFUSAL), PIECE(REFUSAL, "no"), CLOSE, ENDED(REFUSAL), OVER, STOP},
     ROLE DELTA("\"refusal\":\"no\"") FINISH("stop") DONE},
    {"a refusal that is only explained",
     {BEGUN, ENDED(REFUSAL, .explanation = T("policy")), OVER, STOP},
     ROLE CHUNK("\"choices\":[{\"index\":0,\"delta\":{\"refusal\":\"policy\"},\"finish_reason\":"
                "\"content_filter\"}]") DONE},
    {"Claude's thinking",
     {BEGUN, OPEN(REASONING, .family = GW_FAMILY_ANTHROPIC), PIECE(REASONING, "t"),
      PIECE(REASONING, "u"), PIECE(SIGNATURE, "S"), CLOSE,
      OPEN(REDACTED, .family = GW_FAMILY_ANTHROPIC), PIECE(DATA, "D"), CLOSE, ENDED(STOP), OVER,
      STOP},
     ROLE DELTA(
         "\"reasoning_content\":\"t\",\"reasoning_details\":[{\"type\":\"reasoning.text\","
         "\"text\":\"t\",\"signature\":null,\"format\":\"anthropic-claude-v1\",\"index\":0}]")
         DELTA("\"reasoning_content\":\"u\",\"reasoning_details\":[{\"type\":\"reasoning.text\","
               "\"text\":\"u\",\"signature\":null,\"format\":\"anthropic-claude-v1\",\"index\":0}]")
             DELTA("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"\","
                   "\"signature\":\"S\",\"format\":\"anthropic-claude-v1\",\"index\":0}]")
                 DELTA("\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"D\","
                       "\"id\":null,\"format\":\"anthropic-claude-v1\",\"index\":1}]")
                     FINISH("stop") DONE},
    {"an item of Responses",
     {BEGUN, OPEN(REASONING, .family = GW_FAMILY_OPENAI, .id = T("rs_1")), PIECE(REASONING, "t"),
      PIECE(SIGNATURE, "E"), CLOSE, ENDED(STOP), OVER, STOP},
     ROLE DELTA(
         "\"reasoning_content\":\"t\",\"reasoning_details\":[{\"type\":\"reasoning.summary\""
         ",\"summary\":\"t\",\"id\":\"rs_1\",\"format\":\"openai-responses-v1\",\"index\":0}]")
         DELTA("\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"E\",\"id\":"
               "\"rs_1\",\"format\":\"openai-responses-v1\",\"index\":0}]") FINISH("stop") DONE},
    {"a signature of Gemini's",
     {BEGUN, OPEN(TOOL, .id = T("a"), .name = T("f"), .gsig = T("G")), CLOSE, ENDED(TOOL_USE), OVER,
      STOP},
     ROLE DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{"
                "\"name\":\"f\",\"arguments\":\"\"},\"extra_content\":{\"google\":{\"thought_"
                "signature\":\"G\"}}}],\"reasoning_details\":[{\"type\":\"reasoning.encrypted\","
                "\"data\":\"G\",\"id\":\"a\",\"format\":\"google-gemini-v1\",\"index\":0}]")
         ARGS("0", "{}") FINISH("tool_calls") DONE},
    {"arguments that come whole, on several lines",
     {BEGUN, OPEN(TOOL, .id = T("a"), .name = T("f")), WHOLE(ARGUMENTS, "{\n\"x\":1.0}"), CLOSE,
      ENDED(TOOL_USE), OVER, STOP},
     ROLE CALL("0", "a", "f") ARGS("0", "{\\n\\\"x\\\":1.0}") FINISH("tool_calls") DONE},
    {"blanks wait for what follows",
     {BEGUN, OPEN(TOOL, .id = T("a"), .name = T("f")), PIECE(ARGUMENTS, " "),
      PIECE(ARGUMENTS, "\\n"), PIECE(ARGUMENTS, "{"), PIECE(ARGUMENTS, " "), PIECE(ARGUMENTS, "}"),
      CLOSE, ENDED(TOOL_USE), OVER, STOP},
     ROLE CALL("0", "a", "f") ARGS("0", " \\n{") ARGS("0", " ") ARGS("0", "}") FINISH("tool_calls")
         DONE},
    {"an annotation and logprobs, on one line",
     {BEGUN, OPEN(TEXT), PIECE(TEXT, "a"), WHOLE(LOGPROBS, "[{\"token\":\n\"a\"}]"),
      WHOLE(ANNOTATION, "{\"type\":\"url_citation\",\n\"url_citation\":{\"url\":\"u\"}}",
            .family = GW_FAMILY_PLAIN),
      WHOLE(ANNOTATION, "{\"type\":\"char_location\"}", .family = GW_FAMILY_ANTHROPIC), CLOSE,
      ENDED(STOP), OVER, STOP},
     ROLE DELTA("\"content\":\"a\"") CHUNK(
         "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":{\"content\":[{\"token\": "
         "\"a\"}],\"refusal\":null},\"finish_reason\":null}]")
         DELTA("\"annotations\":[{\"type\":\"url_citation\", \"url_citation\":{\"url\":\"u\"}}]")
             FINISH("stop") DONE},
    {"where a citation stands in the text of the message",
     {BEGUN, OPEN(TEXT), PIECE(TEXT, "\xc3\xa9\\ud83d"), PIECE(TEXT, "\\ude00"), CLOSE, OPEN(TEXT),
      PIECE(TEXT, "a"), PIECE(TEXT, "b\\n"),
      WHOLE(ANNOTATION, "{\"type\":\"web_search_result_location\",\"url\":\"u\",\"title\":null}"),
      WHOLE(ANNOTATION,
            "{\"type\":\"url_citation\",\"url\":\"v\",\"start_index\":1,\"end_index\":2}"),
      CLOSE, ENDED(STOP), OVER, STOP},
     ROLE DELTA("\"content\":\"\xc3\xa9\"") DELTA("\"content\":\"\\ud83d\\ude00\"")
         DELTA("\"content\":\"a\"") DELTA("\"content\":\"b\\n\"") DELTA(
             "\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"start_index\":2,"
             "\"end_index\":5,\"url\":\"u\",\"title\":\"\"}}]")
             DELTA("\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":{\"start_index\":"
                   "3,\"end_index\":4,\"url\":\"v\",\"title\":\"\"}}]") FINISH("stop") DONE},
    {"the tier is told as soon as it is known",
     {BEGUN, ENDED(STOP, .service_tier = T("default")), OVER, STOP},
     ROLE CHUNK("\"service_tier\":\"default\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_"
                "reason\":\"stop\"}]") DONE},
    {"the tier that is told at the end counts",
     {BEGIN(.id = T("c1"), .model = T("m"), .created = S("17"), .service_tier = T("priority"),
            .fingerprint = T("fp")),
      ENDED(STOP, .service_tier = T("default")), OVER, STOP},
     CHUNK("\"system_fingerprint\":\"fp\",\"service_tier\":\"priority\",\"choices\":[{\"index\":0,"
           "\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]")
         CHUNK("\"system_fingerprint\":\"fp\",\"service_tier\":\"default\",\"choices\":[{\"index\":"
               "0,\"delta\":{},\"finish_reason\":\"stop\"}]") DONE},
    {"an image",
     {BEGUN, OPEN(IMAGE), PIECE(DATA, "data:image/png;base64,QQ=="), CLOSE, ENDED(STOP), OVER,
      STOP},
     ROLE DELTA("\"images\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/"
                "png;base64,QQ==\"}}]") FINISH("stop") DONE},
    {"a vendor's own block",
     {BEGUN, OPEN(SERVER_TOOL), WHOLE(DATA, "{}"), CLOSE, ENDED(STOP), OVER, STOP},
     ROLE FINISH("stop") DONE},
    {"a ping",
     {BEGUN, {.kind = GW_EVENT_PING}, ENDED(LENGTH), OVER, STOP},
     ROLE ": ping\n\n" FINISH("length") DONE},
};

static void test_writes_streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(streams); i++) {
        struct play play;
        play_init(&play);
        check_stream(streams[i].label, streams[i].events, &play, streams[i].expected);
        play_finish(&play);
    }
}

static void test_t11_01_calls_are_numbered_among_calls(void **state)
{
    static const struct gw_event events[EVENTS_MAX] = {BEGUN,
                                                       OPEN(TEXT),
                                                       PIECE(TEXT, "t"),
                                                       CLOSE,
                                                       OPEN(TOOL, .id = T("a"), .name = T("f")),
                                                       PIECE(ARGUMENTS, "{}"),
                                                       CLOSE,
                                                       OPEN(TOOL, .id = T("b"), .name = T("g")),
                                                       PIECE(ARGUMENTS, "{\\\"x\\\":1}"),
                                                       CLOSE,
                                                       ENDED(TOOL_USE),
                                                       OVER,
                                                       STOP};
    struct play play;

    (void)state;
    play_init(&play);
    check_stream("calls", events, &play,
                 ROLE DELTA("\"content\":\"t\"") CALL("0", "a", "f") ARGS("0", "{}")
                     CALL("1", "b", "g") ARGS("1", "{\\\"x\\\":1}") FINISH("tool_calls") DONE);
    play_finish(&play);
}

#define NULLED(rest) CHUNK(rest ",\"usage\":null")

static void test_t11_10_usage_is_sent_when_asked_for(void **state)
{
    static const struct gw_event events[EVENTS_MAX] = {BEGUN,
                                                       OPEN(TEXT),
                                                       PIECE(TEXT, "a"),
                                                       WHOLE(LOGPROBS, "[1]"),
                                                       CLOSE,
                                                       USED(1, -1, -1, -1, -1),
                                                       USED(110, 60, -1, 30, -1),
                                                       ENDED(STOP),
                                                       OVER,
                                                       STOP};
    struct play play;

    (void)state;
    play_init(&play);
    play.request.include_usage = true;
    check_stream(
        "usage", events, &play,
        NULLED("\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
               "\"finish_reason\":null}]")
            NULLED(
                "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}"
                "]") NULLED("\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":{\"content\":[1],"
                            "\"refusal\":null},\"finish_reason\":null}]")
                NULLED("\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]")
                    CHUNK("\"choices\":[],\"usage\":{\"prompt_tokens\":110,\"completion_tokens\""
                          ":30,\"total_tokens\":140,\"prompt_tokens_details\":{\"cached_tokens\""
                          ":60}}") DONE);
    play_finish(&play);
}

static void test_t11_14_an_error_ends_without_done(void **state)
{
    static const struct gw_event events[EVENTS_MAX] = {
        BEGUN,
        OPEN(TEXT),
        PIECE(TEXT, "a"),
        {.kind = GW_EVENT_ERROR,
         .failure = {.class = GW_CLASS_BAD_GATEWAY,
                     .code = T("stream_truncated"),
                     .message = T("upstream stream ended before completion")}},
        OVER,
        STOP};
    static const struct gw_event first[EVENTS_MAX] = {
        {.kind = GW_EVENT_ERROR, .failure = {.class = GW_CLASS_OVERLOADED, .message = T("busy")}},
        STOP};
    struct play play;

    (void)state;
    play_init(&play);
    check_stream("in the midst", events, &play,
                 ROLE DELTA("\"content\":\"a\"") "data: {\"error\":{\"message\":\"upstream stream "
                                                 "ended before completion\","
                                                 "\"type\":\"server_error\",\"param\":null,"
                                                 "\"code\":\"stream_truncated\"}}\n\n");
    play_finish(&play);
    play_init(&play);
    check_stream("at first", first, &play,
                 "data: {\"error\":{\"message\":\"busy\",\"type\":\"server_error\",\"param\":null,"
                 "\"code\":\"overloaded\"}}\n\n");
    play_finish(&play);
}

static void test_t11_22_no_arguments_is_an_empty_object(void **state)
{
    static const struct gw_event none[EVENTS_MAX] = {
        BEGUN, OPEN(TOOL, .id = T("a"), .name = T("f")), CLOSE, ENDED(TOOL_USE), OVER, STOP};
    static const struct gw_event blank[EVENTS_MAX] = {BEGUN,
                                                      OPEN(TOOL, .id = T("a"), .name = T("f")),
                                                      PIECE(ARGUMENTS, ""),
                                                      PIECE(ARGUMENTS, " "),
                                                      CLOSE,
                                                      ENDED(TOOL_USE),
                                                      OVER,
                                                      STOP};
    static const char expected[] =
        ROLE CALL("0", "a", "f") ARGS("0", "{}") FINISH("tool_calls") DONE;
    struct play play;

    (void)state;
    play_init(&play);
    check_stream("none", none, &play, expected);
    play_finish(&play);
    play_init(&play);
    check_stream("blank", blank, &play, expected);
    play_finish(&play);
}

static void test_t11_26_surrogates_split_over_deltas(void **state)
{
    static const struct gw_event whole[EVENTS_MAX] = {
        BEGUN, OPEN(TEXT), PIECE(TEXT, "a\\ud83d"), PIECE(TEXT, "\\ude00b"), CLOSE, ENDED(STOP),
        OVER,  STOP};
    static const struct gw_event lone[EVENTS_MAX] = {BEGUN,
                                                     OPEN(TEXT),
                                                     PIECE(TEXT, "\\ud83d"),
                                                     PIECE(TEXT, "b\\ud83d"),
                                                     CLOSE,
                                                     OPEN(REASONING, .family = GW_FAMILY_PLAIN),
                                                     PIECE(REASONING, "\\\\ud83d"),
                                                     CLOSE,
                                                     OPEN(TOOL, .id = T("a"), .name = T("f")),
                                                     PIECE(ARGUMENTS, "{\\\"\\uD83D"),
                                                     PIECE(ARGUMENTS, "\\uDE00\\\":1}\\ud83d"),
                                                     CLOSE,
                                                     ENDED(STOP),
                                                     OVER,
                                                     STOP};
    struct play play;

    (void)state;
    play_init(&play);
    check_stream("whole", whole, &play,
                 ROLE DELTA("\"content\":\"a\"") DELTA("\"content\":\"\\ud83d\\ude00b\"")
                     FINISH("stop") DONE);
    play_finish(&play);
    play_init(&play);
    check_stream("lone", lone, &play,
                 ROLE DELTA("\"content\":\"\\ufffdb\"") DELTA("\"content\":\"\\ufffd\"") DELTA(
                     "\"reasoning_content\":\"\\\\ud83d\",\"reasoning_details\":[{\"type\":"
                     "\"reasoning.text\",\"text\":\"\\\\ud83d\",\"signature\":null,\"format\":"
                     "\"unknown\",\"index\":1}]") CALL("0", "a", "f") ARGS("0", "{\\\"")
                     ARGS("0", "\\uD83D\\uDE00\\\":1}") ARGS("0", "\\ufffd") FINISH("stop") DONE);
    play_finish(&play);
}

static void test_custom_tools_are_given_back_as_such(void **state)
{
    static const struct gw_event events[EVENTS_MAX] = {
        BEGUN,
        OPEN(TOOL, .id = T("a"), .name = T("c")),
        PIECE(ARGUMENTS, "{\\\"input\\\":"),
        PIECE(ARGUMENTS, "\\\"x\\\\n\\\"}"),
        CLOSE,
        OPEN(TOOL, .id = T("b"), .name = T("c"), .tool = GW_TOOL_CUSTOM),
        PIECE(ARGUMENTS, "fr"),
        PIECE(ARGUMENTS, "ee"),
        CLOSE,
        OPEN(TOOL, .id = T("d"), .name = T("c"), .tool = GW_TOOL_CUSTOM),
        CLOSE,
        ENDED(TOOL_USE),
        OVER,
        STOP};
    struct gw_tool tool = {.kind = GW_TOOL_CUSTOM, .name = GW_TEXT("\\u0063")};
    struct play play;

#define CUSTOM(k, id)                                                                              \
    DELTA("\"tool_calls\":[{\"index\":" k ",\"id\":\"" id "\",\"type\":\"custom\",\"custom\":{"    \
          "\"name\":\"c\",\"input\":\"\"}}]")
#define INPUT(k, input)                                                                            \
    DELTA("\"tool_calls\":[{\"index\":" k ",\"custom\":{\"input\":\"" input "\"}}]")
    (void)state;
    play_init(&play);
    play.request.tools = &tool;
    check_stream("custom", events, &play,
                 ROLE CUSTOM("0", "a") INPUT("0", "x\\n") CUSTOM("1", "b") INPUT("1", "fr")
                     INPUT("1", "ee") CUSTOM("2", "d") FINISH("tool_calls") DONE);
    play_finish(&play);
}

static void test_the_form_before_tools(void **state)
{
    static const struct gw_event events[EVENTS_MAX] = {BEGUN,
                                                       OPEN(TOOL, .id = T("a"), .name = T("f")),
                                                       PIECE(ARGUMENTS, "{\\\"x\\\""),
                                                       PIECE(ARGUMENTS, ":1}"),
                                                       CLOSE,
                                                       OPEN(TOOL, .id = T("b"), .name = T("g")),
                                                       PIECE(ARGUMENTS, "{}"),
                                                       CLOSE,
                                                       ENDED(TOOL_USE),
                                                       OVER,
                                                       STOP};
    struct play play;

    (void)state;
    play_init(&play);
    play.request.legacy_functions = true;
    check_stream("legacy", events, &play,
                 ROLE DELTA("\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}")
                     DELTA("\"function_call\":{\"arguments\":\"{\\\"x\\\"\"}")
                         DELTA("\"function_call\":{\"arguments\":\":1}\"}") FINISH("function_call")
                             DONE);
    play_finish(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_streams),
        cmocka_unit_test(test_t11_01_calls_are_numbered_among_calls),
        cmocka_unit_test(test_t11_10_usage_is_sent_when_asked_for),
        cmocka_unit_test(test_t11_14_an_error_ends_without_done),
        cmocka_unit_test(test_t11_22_no_arguments_is_an_empty_object),
        cmocka_unit_test(test_t11_26_surrogates_split_over_deltas),
        cmocka_unit_test(test_custom_tools_are_given_back_as_such),
        cmocka_unit_test(test_the_form_before_tools),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
