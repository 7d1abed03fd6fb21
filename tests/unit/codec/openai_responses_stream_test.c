#include "openai_responses_kit.h"

#include "model/carrier.h"
#include "wire/json_read.h"
#include "wire/sse.h"

/* ---- events ---- */

#define UNKNOWN                                                                                    \
    {                                                                                              \
        {                                                                                          \
            -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1                                         \
        }                                                                                          \
    }
#define START                                                                                      \
    {                                                                                              \
        .kind = GW_EVENT_START, .id = {GW_STR_INIT("up.1")}, .model = {GW_STR_INIT("m-1")},        \
        .created = GW_STR_INIT("1760000000"), .usage = UNKNOWN                                     \
    }
#define OPEN(n, what, ...)                                                                         \
    {                                                                                              \
        .kind = GW_EVENT_BLOCK_START, .block = n, .block_kind = GW_BLOCK_##what, __VA_ARGS__       \
    }
#define SAY(n, what, which, said)                                                                  \
    {                                                                                              \
        .kind = GW_EVENT_DELTA, .block = n, .block_kind = GW_BLOCK_##what,                         \
        .delta = GW_DELTA_##which, .text = {                                                       \
            GW_STR_INIT(said)                                                                      \
        }                                                                                          \
    }
#define GIVE(n, what, which, given)                                                                \
    {                                                                                              \
        .kind = GW_EVENT_DELTA, .block = n, .block_kind = GW_BLOCK_##what,                         \
        .delta = GW_DELTA_##which, .json = GW_STR_INIT(given)                                      \
    }
#define STOP(n, what)                                                                              \
    {                                                                                              \
        .kind = GW_EVENT_BLOCK_STOP, .block = n, .block_kind = GW_BLOCK_##what                     \
    }
#define USAGE(in, out)                                                                             \
    {                                                                                              \
        .kind = GW_EVENT_USAGE, .usage = { {in, 2, -1, -1, -1, out, 3, -1, -1, -1, -1, -1} }       \
    }
#define FINISH(reason)                                                                             \
    {                                                                                              \
        .kind = GW_EVENT_FINISH, .finish = GW_FINISH_##reason                                      \
    }
#define END                                                                                        \
    {                                                                                              \
        .kind = GW_EVENT_END                                                                       \
    }
#define FAIL(what, says)                                                                           \
    {                                                                                              \
        .kind = GW_EVENT_ERROR, .failure = {                                                       \
            .class = GW_CLASS_##what,                                                              \
            .message = {GW_STR_INIT(says)}                                                         \
        }                                                                                          \
    }

#define PLAIN .tool = GW_TOOL_FUNCTION /* nothing to say of it */
#define CALL(of, called)                                                                           \
    .id = {GW_STR_INIT(of)}, .name = {GW_STR_INIT(called)}, .tool = GW_TOOL_FUNCTION

/* Each event with arenas of its own, so that what is not kept is gone. */
static void write_events(struct kit *kit, const struct gw_answer_context *context,
                         const struct gw_event *events, size_t count)
{
    void *writer = calloc(1, gw_codec_openai_responses.writer_bytes);
    struct gw_grammar grammar = {0};
    struct gw_err err;

    assert_non_null(writer);
    for (size_t i = 0; i < count; i++) {
        struct gw_arena scratch;
        gw_arena_init(&scratch, NULL);
        if (!gw_grammar_take(&grammar, &events[i], &err))
            fail_msg("the test's events: %s", err.message);
        assert_int_equal(gw_codec_openai_responses.write_event(writer, &events[i], context,
                                                               &scratch, &kit->arena, &kit->out),
                         GW_OK);
        gw_arena_finish(&scratch);
    }
    free(writer);
}

/* ---- what came, shortened ---- */

struct story {
    struct gw_buf out, last; /* a line each event; the last event's data */
    uint64_t sequence;
    bool brief; /* of responses only the type is told */
};

/* The data of an event must be one line that begins with its type and its number. */
static enum gw_status on_sse(void *arg, const struct gw_sse_event *event)
{
    struct story *story = arg;
    struct gw_arena arena;
    struct gw_json json;
    struct gw_buf head;

    gw_arena_init(&arena, NULL);
    gw_buf_init(&head, KIT_BYTES_MAX);
    gw_buf_printf(&head, "{\"type\":\"%.*s\",\"sequence_number\":%llu,", GW_STR_ARG(event->type),
                  (unsigned long long)story->sequence++);
    if (gw_json_read(event->data, &arena, 1 << 20, &json, NULL) != GW_OK ||
        !gw_str_starts(event->data, gw_buf_str(&head)) ||
        memchr(event->data.base, '\n', event->data.len))
        fail_msg("expected: %.*s\n     got: %.*s", GW_STR_ARG(gw_buf_str(&head)),
                 GW_STR_ARG(event->data));
    struct gw_str type = gw_str_from(event->type, 9),
                  rest = gw_str_from(event->data, gw_buf_len(&head));
    gw_buf_take(&story->last, gw_buf_len(&story->last));
    gw_buf_add(&story->last, event->data);
    bool response = gw_str_starts(rest, GW_STR("\"response\":"));
    gw_buf_printf(&story->out, "%.*s", GW_STR_ARG(type));
    if (!response)
        gw_buf_printf(&story->out, " %.*s", (int)(rest.len - 1), rest.base);
    gw_buf_add_c(&story->out, '\n');
    gw_buf_finish(&head);
    gw_arena_finish(&arena);
    return GW_OK;
}

static void story_begin(struct story *story, struct gw_str stream)
{
    struct gw_sse sse;

    *story = (struct story){0};
    gw_buf_init(&story->out, KIT_BYTES_MAX);
    gw_buf_init(&story->last, KIT_BYTES_MAX);
    gw_sse_init(&sse);
    assert_int_equal(gw_sse_feed(&sse, stream, on_sse, story), GW_OK);
    assert_int_equal(gw_sse_end(&sse, on_sse, story), GW_OK);
    gw_sse_finish(&sse);
}

static void story_end(struct story *story)
{
    gw_buf_finish(&story->out);
    gw_buf_finish(&story->last);
}

/* A member of the last event's response, as it stands. */
static void expect_member(const struct story *story, const char *label, const char *key,
                          const char *expected)
{
    struct gw_arena arena;
    struct gw_json json;

    gw_arena_init(&arena, NULL);
    assert_int_equal(gw_json_read(gw_buf_str(&story->last), &arena, 1 << 20, &json, NULL), GW_OK);
    kit_expect(label,
               gw_json_slice(&json, gw_json_get(&json, gw_json_get(&json, 0, GW_STR("response")),
                                                gw_str_of(key))),
               expected);
    gw_arena_finish(&arena);
}

/* ---- streams ---- */

#define BODY "{\"model\":\"m\",\"input\":\"a\"}"
#define EVENTS_MAX 24u

#define CREATED "created\nin_progress\n"
#define MESSAGE_0                                                                                  \
    "output_item.added "                                                                           \
    "\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"msg_gw0_up1\",\"status\":"         \
    "\"in_progress\",\"role\":\"assistant\",\"content\":[]}\n"
#define PART_0 "\"item_id\":\"msg_gw0_up1\",\"output_index\":0,\"content_index\":0"
#define TEXT_0_BEGUN                                                                               \
    "content_part.added " PART_0                                                                   \
    ",\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[],\"logprobs\":[]}\n"
#define TEXT_0_DONE(said)                                                                          \
    "output_text.done " PART_0 ",\"text\":\"" said "\",\"logprobs\":[]\n"                          \
    "content_part.done " PART_0 ",\"part\":{\"type\":\"output_text\",\"text\":\"" said             \
    "\",\"annotations\":[],\"logprobs\":[]}\n"
#define SAID(said)                                                                                 \
    "{\"type\":\"output_text\",\"text\":\"" said "\",\"annotations\":[],\"logprobs\":[]}"
#define MESSAGE_DONE(status, content)                                                              \
    "{\"type\":\"message\",\"id\":\"msg_gw0_up1\",\"status\":\"" status                            \
    "\",\"role\":\"assistant\",\"content\":[" content "]}"

static const struct {
    const char *label;
    struct gw_event events[EVENTS_MAX];
    const char *story, *output, *status, *details;
} streams[] = {
    {"text",
     {START, OPEN(0, TEXT, PLAIN), SAY(0, TEXT, TEXT, "Hel"), SAY(0, TEXT, TEXT, "lo\\n"),
      STOP(0, TEXT), USAGE(10, 5), FINISH(STOP), END},
     CREATED MESSAGE_0 TEXT_0_BEGUN
     "output_text.delta " PART_0 ",\"delta\":\"Hel\",\"logprobs\":[]\n"
     "output_text.delta " PART_0 ",\"delta\":\"lo\\n\",\"logprobs\":[]\n" TEXT_0_DONE(
         "Hello\\n") "output_item.done "
                     "\"output_index\":0,"
                     "\"item\":" MESSAGE_DONE("completed", SAID("Hello\\n")) "\n"
                                                                             "comple"
                                                                             "ted\n",
     "[" MESSAGE_DONE("completed", SAID("Hello\\n")) "]",
     "\"completed\"",
     "null"},
    {"text that was cut",
     {START, OPEN(0, TEXT, PLAIN), SAY(0, TEXT, TEXT, "a"), STOP(0, TEXT), FINISH(LENGTH), END},
     CREATED MESSAGE_0 TEXT_0_BEGUN
     "output_text.delta " PART_0 ",\"delta\":\"a\",\"logprobs\":[]\n" TEXT_0_DONE(
         "a") "output_item.done \"output_index\":0,\"item\":" MESSAGE_DONE("incomplete",
                                                                           SAID(
                                                                               "a")) "\n"
                                                                                     "incomplete\n",
     "[" MESSAGE_DONE("incomplete", SAID("a")) "]",
     "\"incomplete\"",
     "{\"reason\":\"max_output_tokens\"}"},
    {"neighbouring texts are parts of one message",
     {START, OPEN(0, TEXT, PLAIN), SAY(0, TEXT, TEXT, "a"), STOP(0, TEXT), OPEN(1, REFUSAL, PLAIN),
      SAY(1, REFUSAL, REFUSAL, "no"), STOP(1, REFUSAL), FINISH(REFUSAL), END},
     CREATED MESSAGE_0 TEXT_0_BEGUN
     "output_text.delta " PART_0 ",\"delta\":\"a\",\"logprobs\":[]\n" TEXT_0_DONE(
         "a") "content_part.added "
              "\"item_id\":\"msg_gw0_up1\",\"output_index\":0,\"content_index\":1,\"part\":"
              "{\"type\":\"refusal\",\"refusal\":\"\"}\n"
              "refusal.delta "
              "\"item_id\":\"msg_gw0_up1\",\"output_index\":0,\"content_index\":1,\"delta\":"
              "\"no\"\n"
              "refusal.done "
              "\"item_id\":\"msg_gw0_up1\",\"output_index\":0,\"content_index\":1,\"refusal\":"
              "\"no\"\n"
              "content_part.done "
              "\"item_id\":\"msg_gw0_up1\",\"output_index\":0,\"content_index\":1,\"part\":"
              "{\"type\":\"refusal\",\"refusal\":\"no\"}\n"
              "output_item.done \"output_index\":0,\"item\":" MESSAGE_DONE(
                  "completed",
                  SAID("a") ",{\"type\":\"refusal\",\"refusal\":\"no\"}") "\n"
                                                                          "completed\n",
     "[" MESSAGE_DONE("completed", SAID("a") ",{\"type\":\"refusal\",\"refusal\":\"no\"}") "]",
     "\"completed\"",
     "null"},
    {"two calls, one without arguments",
     {START, OPEN(0, TOOL, CALL("call_1", "f")), SAY(0, TOOL, ARGUMENTS, "{\\\"a\\\":"),
      SAY(0, TOOL, ARGUMENTS, "1}"), STOP(0, TOOL), OPEN(1, TOOL, CALL("call_2", "g")),
      STOP(1, TOOL), FINISH(TOOL_USE), END},
     CREATED
     "output_item.added "
     "\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":\"fc_gw0_up1\","
     "\"call_id\":\"call_1\",\"name\":\"f\",\"arguments\":\"\",\"status\":\"in_progress\"}\n"
     "function_call_arguments.delta "
     "\"item_id\":\"fc_gw0_up1\",\"output_index\":0,\"delta\":\"{\\\"a\\\":\"\n"
     "function_call_arguments.delta "
     "\"item_id\":\"fc_gw0_up1\",\"output_index\":0,\"delta\":\"1}\"\n"
     "function_call_arguments.done "
     "\"item_id\":\"fc_gw0_up1\",\"output_index\":0,\"name\":\"f\",\"arguments\":"
     "\"{\\\"a\\\":1}\"\n"
     "output_item.done "
     "\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":\"fc_gw0_up1\","
     "\"call_id\":\"call_1\",\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\",\"status\":"
     "\"completed\"}\n"
     "output_item.added "
     "\"output_index\":1,\"item\":{\"type\":\"function_call\",\"id\":\"fc_gw1_up1\","
     "\"call_id\":\"call_2\",\"name\":\"g\",\"arguments\":\"\",\"status\":\"in_progress\"}\n"
     "function_call_arguments.delta "
     "\"item_id\":\"fc_gw1_up1\",\"output_index\":1,\"delta\":\"{}\"\n"
     "function_call_arguments.done "
     "\"item_id\":\"fc_gw1_up1\",\"output_index\":1,\"name\":\"g\",\"arguments\":"
     "\"{}\"\n"
     "output_item.done "
     "\"output_index\":1,\"item\":{\"type\":\"function_call\",\"id\":\"fc_gw1_up1\","
     "\"call_id\":\"call_2\",\"name\":\"g\",\"arguments\":\"{}\",\"status\":\"completed\"}\n"
     "completed\n",
     "[{\"type\":\"function_call\",\"id\":\"fc_gw0_up1\",\"call_id\":\"call_1\",\"name\":\"f\","
     "\"arguments\":"
     "\"{\\\"a\\\":1}\",\"status\":\"completed\"},{\"type\":\"function_call\",\"id\":\"fc_gw1_"
     "up1\",\"call_id\":"
     "\"call_2\",\"name\":\"g\",\"arguments\":\"{}\",\"status\":\"completed\"}]",
     "\"completed\"",
     "null"},
    {"arguments as a value, of an object",
     {START, OPEN(0, TOOL, CALL("a.b", "f")), GIVE(0, TOOL, ARGUMENTS, "{\"a\" :\n\"\\u00e9\"}"),
      STOP(0, TOOL), FINISH(TOOL_USE), END},
     CREATED
     "output_item.added "
     "\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":\"fc_gw0_up1\","
     "\"call_id\":\"a.b\",\"name\":\"f\",\"arguments\":\"\",\"status\":\"in_progress\"}\n"
     "function_call_arguments.delta \"item_id\":\"fc_gw0_up1\",\"output_index\":0,\"delta\":"
     "\"{\\\"a\\\" :\\n\\\"\\\\u00e9\\\"}\"\n"
     "function_call_arguments.done "
     "\"item_id\":\"fc_gw0_up1\",\"output_index\":0,\"name\":\"f\",\"arguments\":"
     "\"{\\\"a\\\" :\\n\\\"\\\\u00e9\\\"}\"\n"
     "output_item.done "
     "\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":\"fc_gw0_up1\","
     "\"call_id\":\"a.b\",\"name\":\"f\",\"arguments\":\"{\\\"a\\\" "
     ":\\n\\\"\\\\u00e9\\\"}\",\"status\":"
     "\"completed\"}\n"
     "completed\n",
     NULL,
     "\"completed\"",
     "null"},
    {"OpenAI's reasoning is one item again",
     {START, OPEN(0, REASONING, .id = {GW_STR_INIT("rs_x")}, .family = GW_FAMILY_OPENAI),
      SAY(0, REASONING, REASONING, "hm"), STOP(0, REASONING),
      OPEN(1, REDACTED, .id = {GW_STR_INIT("rs_x")}, .family = GW_FAMILY_OPENAI),
      SAY(1, REDACTED, DATA, "E="), STOP(1, REDACTED), FINISH(STOP), END},
     CREATED "output_item.added "
             "\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"id\":\"rs_x\",\"summary\":[]}\n"
             "reasoning_summary_part.added "
             "\"item_id\":\"rs_x\",\"output_index\":0,\"summary_index\":0,\"part\":"
             "{\"type\":\"summary_text\",\"text\":\"\"}\n"
             "reasoning_summary_text.delta "
             "\"item_id\":\"rs_x\",\"output_index\":0,\"summary_index\":0,\"delta\":\"hm\"\n"
             "reasoning_summary_text.done "
             "\"item_id\":\"rs_x\",\"output_index\":0,\"summary_index\":0,\"text\":\"hm\"\n"
             "reasoning_summary_part.done "
             "\"item_id\":\"rs_x\",\"output_index\":0,\"summary_index\":0,\"part\":"
             "{\"type\":\"summary_text\",\"text\":\"hm\"}\n"
             "output_item.done "
             "\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"id\":\"rs_x\",\"summary\":"
             "[{\"type\":\"summary_text\",\"text\":\"hm\"}],\"encrypted_content\":\"E=\"}\n"
             "completed\n",
     "[{\"type\":\"reasoning\",\"id\":\"rs_x\",\"summary\":[{\"type\":\"summary_text\",\"text\":"
     "\"hm\"}],"
     "\"encrypted_content\":\"E=\"}]",
     "\"completed\"",
     "null"},
    {"nothing at all",
     {START, FINISH(STOP), END},
     CREATED "completed\n",
     "[]",
     "\"completed\"",
     "null"},
    {"what an upstream of another kind searched is not shown",
     {START, OPEN(0, SERVER_TOOL, .family = GW_FAMILY_ANTHROPIC),
      GIVE(0, SERVER_TOOL, DATA, "{\"type\":\"server_tool_use\"}"), STOP(0, SERVER_TOOL),
      OPEN(1, SERVER_TOOL, .family = GW_FAMILY_OPENAI),
      GIVE(1, SERVER_TOOL, DATA, "{\"type\":\"web_search_call\",\n\"id\":\"ws\"}"),
      STOP(1, SERVER_TOOL), FINISH(STOP), END},
     CREATED
     "output_item.added \"output_index\":0,\"item\":{\"type\":\"web_search_call\",\"id\":\"ws\"}\n"
     "output_item.done \"output_index\":0,\"item\":{\"type\":\"web_search_call\",\"id\":\"ws\"}\n"
     "completed\n",
     "[{\"type\":\"web_search_call\",\"id\":\"ws\"}]",
     "\"completed\"",
     "null"},
    {"a stop of Anthropic's that refuses",
     {START, FINISH(REFUSAL), END},
     CREATED "incomplete\n",
     "[]",
     "\"incomplete\"",
     "{\"reason\":\"content_filter\"}"},
    {"a window that is full",
     {START, FINISH(CONTEXT_LENGTH), END},
     CREATED "incomplete\n",
     "[]",
     "\"incomplete\"",
     "{\"reason\":\"max_output_tokens\"}"},
    {"notes and chances",
     {START, OPEN(0, TEXT, PLAIN), SAY(0, TEXT, TEXT, "a\\u00e9b"),
      GIVE(0, TEXT, LOGPROBS, "[{\"token\":\"a\",\n\"logprob\":-0.5}]"),
      GIVE(0, TEXT, ANNOTATION,
           "{\"type\":\"web_search_result_location\",\"url\":\"u\",\"title\":\"t\"}"),
      GIVE(0, TEXT, ANNOTATION,
           "{\"type\":\"url_citation\",\"url_citation\":{\"start_index\":1,\"end_index\":2,\"url\":"
           "\"u\"}}"),
      GIVE(0, TEXT, ANNOTATION, "{\"type\":\"char_location\",\"document_index\":0}"), STOP(0, TEXT),
      FINISH(STOP), END},
     CREATED MESSAGE_0 TEXT_0_BEGUN
     "output_text.delta " PART_0 ",\"delta\":\"a\\u00e9b\",\"logprobs\":[]\n"
     "output_text.delta " PART_0
     ",\"delta\":\"\",\"logprobs\":[{\"token\":\"a\",\"logprob\":-0.5}]\n"
     "output_text.annotation.added " PART_0
     ",\"annotation_index\":0,\"annotation\":{\"type\":\"url_citation\","
     "\"start_index\":0,\"end_index\":3,\"url\":\"u\",\"title\":\"t\"}\n"
     "output_text.annotation.added " PART_0
     ",\"annotation_index\":1,\"annotation\":{\"type\":\"url_citation\","
     "\"start_index\":1,\"end_index\":2,\"url\":\"u\",\"title\":\"\"}\n"
     "output_text.done " PART_0
     ",\"text\":\"a\\u00e9b\",\"logprobs\":[{\"token\":\"a\",\"logprob\":-0.5}]\n"
     "content_part.done " PART_0
     ",\"part\":{\"type\":\"output_text\",\"text\":\"a\\u00e9b\",\"annotations\":"
     "[{\"type\":\"url_citation\",\"start_index\":0,\"end_index\":3,\"url\":\"u\",\"title\":\"t\"},"
     "{\"type\":"
     "\"url_citation\",\"start_index\":1,\"end_index\":2,\"url\":\"u\",\"title\":\"\"}],"
     "\"logprobs\":[{\"token\":"
     "\"a\",\"logprob\":-0.5}]}\n"
     "output_item.done "
     "\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"msg_gw0_up1\",\"status\":"
     "\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":"
     "\"a\\u00e9b\","
     "\"annotations\":[{\"type\":\"url_citation\",\"start_index\":0,\"end_index\":3,\"url\":\"u\","
     "\"title\":"
     "\"t\"},{\"type\":\"url_citation\",\"start_index\":1,\"end_index\":2,\"url\":\"u\",\"title\":"
     "\"\"}],"
     "\"logprobs\":[{\"token\":\"a\",\"logprob\":-0.5}]}]}\n"
     "completed\n",
     NULL,
     "\"completed\"",
     "null"},
};

static size_t count_events(const struct gw_event *events)
{
    size_t count = 1;

    while (events[count - 1].kind != GW_EVENT_END && events[count - 1].kind != GW_EVENT_ERROR)
        count++;
    return count;
}

/* Their numbers go up by one, from 0: on_sse() looks at that too. */
static void test_t11_21_streams_have_all_that_clients_look_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(streams); i++) {
        struct kit kit;
        struct story story;
        kit_begin(&kit);
        struct gw_answer_context context = kit_context(&kit, BODY);
        write_events(&kit, &context, streams[i].events, count_events(streams[i].events));
        story_begin(&story, gw_buf_str(&kit.out));
        kit_expect(streams[i].label, gw_buf_str(&story.out), streams[i].story);
        if (streams[i].output)
            expect_member(&story, streams[i].label, "output", streams[i].output);
        expect_member(&story, streams[i].label, "status", streams[i].status);
        expect_member(&story, streams[i].label, "incomplete_details", streams[i].details);
        expect_member(&story, streams[i].label, "id", "\"resp_up1\"");
        story_end(&story);
        kit_end(&kit);
    }
}

/* What is told at the end is what a whole answer says. */
static void test_the_end_repeats_the_whole_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(streams); i++) {
        struct kit kit;
        struct story story;
        struct gw_answer answer;
        struct gw_buf whole;
        kit_begin(&kit);
        gw_buf_init(&whole, KIT_BYTES_MAX);
        struct gw_answer_context context = kit_context(&kit, BODY);
        size_t count = count_events(streams[i].events);
        write_events(&kit, &context, streams[i].events, count);
        story_begin(&story, gw_buf_str(&kit.out));
        gw_answer_init(&answer, &kit.arena);
        for (size_t k = 0; k < count; k++)
            assert_int_equal(gw_answer_take(&answer, &streams[i].events[k]), GW_OK);
        assert_int_equal(gw_codec_openai_responses.write_answer(&answer, &context, &whole), GW_OK);
        struct gw_str last = gw_buf_str(&story.last);
        size_t at = gw_str_find_str(last, GW_STR("\"response\":")) + 11;
        if (!gw_str_eq(gw_buf_str(&whole), (struct gw_str){last.base + at, last.len - at - 1}))
            fail_msg("%s\nwhole: %.*s\n  end: %.*s", streams[i].label,
                     GW_STR_ARG(gw_buf_str(&whole)), GW_STR_ARG(last));
        gw_buf_finish(&whole);
        story_end(&story);
        kit_end(&kit);
    }
}

/* ---- failures ---- */

static const struct {
    const char *label;
    struct gw_event events[EVENTS_MAX];
    const char *story, *output, *error;
} failures[] = {
    {"before the start",
     {FAIL(OVERLOADED, "full")},
     CREATED "failed\n",
     "[]",
     "{\"code\":\"overloaded\",\"message\":\"full\"}"},
    {"within text",
     {START, OPEN(0, TEXT, PLAIN), SAY(0, TEXT, TEXT, "a"), FAIL(BAD_GATEWAY, "cut")},
     CREATED MESSAGE_0 TEXT_0_BEGUN "output_text.delta " PART_0
                                    ",\"delta\":\"a\",\"logprobs\":[]\nfailed\n",
     "[" MESSAGE_DONE("in_progress", SAID("a")) "]",
     "{\"code\":\"upstream_error\",\"message\":\"cut\"}"},
    {"behind text",
     {START, OPEN(0, TEXT, PLAIN), SAY(0, TEXT, TEXT, "a"), STOP(0, TEXT),
      FAIL(BAD_REQUEST, "bad")},
     CREATED MESSAGE_0 TEXT_0_BEGUN
     "output_text.delta " PART_0 ",\"delta\":\"a\",\"logprobs\":[]\n" TEXT_0_DONE(
         "a") "output_item.done \"output_index\":0,\"item\":" MESSAGE_DONE("completed",
                                                                           SAID("a")) "\nfailed\n",
     "[" MESSAGE_DONE("completed", SAID("a")) "]",
     "{\"code\":\"invalid_request_error\",\"message\":\"bad\"}"},
    {"within a call, which stays open",
     {START, OPEN(0, TOOL, CALL("call_1", "f")), SAY(0, TOOL, ARGUMENTS, "{"),
      FAIL(INTERNAL, "oh")},
     CREATED
     "output_item.added "
     "\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":\"fc_gw0_up1\","
     "\"call_id\":\"call_1\",\"name\":\"f\",\"arguments\":\"\",\"status\":\"in_progress\"}\n"
     "function_call_arguments.delta \"item_id\":\"fc_gw0_up1\",\"output_index\":0,\"delta\":\"{\"\n"
     "failed\n",
     "[{\"type\":\"function_call\",\"id\":\"fc_gw0_up1\",\"call_id\":\"call_1\",\"name\":\"f\","
     "\"arguments\":"
     "\"{\",\"status\":\"in_progress\"}]",
     "{\"code\":\"internal_error\",\"message\":\"oh\"}"},
};

static void test_t11_14_failures_end_with_response_failed(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(failures); i++) {
        struct kit kit;
        struct story story;
        kit_begin(&kit);
        struct gw_answer_context context = kit_context(&kit, BODY);
        write_events(&kit, &context, failures[i].events, count_events(failures[i].events));
        story_begin(&story, gw_buf_str(&kit.out));
        kit_expect(failures[i].label, gw_buf_str(&story.out), failures[i].story);
        expect_member(&story, failures[i].label, "output", failures[i].output);
        expect_member(&story, failures[i].label, "error", failures[i].error);
        expect_member(&story, failures[i].label, "status", "\"failed\"");
        story_end(&story);
        kit_end(&kit);
    }
}

static void test_pings_are_comments(void **state)
{
    static const struct gw_event ping = {.kind = GW_EVENT_PING};
    static const struct gw_event events[] = {START, {.kind = GW_EVENT_PING}};
    struct kit kit;

    (void)state;
    kit_begin(&kit);
    struct gw_answer_context context = kit_context(&kit, BODY);
    void *writer = calloc(1, gw_codec_openai_responses.writer_bytes);
    assert_int_equal(gw_codec_openai_responses.write_event(writer, &ping, &context, &kit.arena,
                                                           &kit.arena, &kit.out),
                     GW_OK);
    kit_expect("ping", gw_buf_str(&kit.out), ": ping\n\n");
    free(writer);
    write_events(&kit, &context, events, GW_COUNT(events));
    kit_end(&kit);
}

/* ---- texts ---- */

static const struct {
    const char *label;
    struct gw_event first, second;
    const char *deltas, *text;
} halves[] = {
    {"both halves come", SAY(0, TEXT, TEXT, "a\\ud83d"), SAY(0, TEXT, TEXT, "\\ude00b"),
     "a|\\ud83d\\ude00b|", "a\\ud83d\\ude00b"},
    {"the second never comes", SAY(0, TEXT, TEXT, "a\\ud83d"), SAY(0, TEXT, TEXT, "b"),
     "a|\\ufffdb|", "a\\ufffdb"},
    {"it is the end", SAY(0, TEXT, TEXT, "a"), SAY(0, TEXT, TEXT, "\\uD83D"), "a|\\ufffd|",
     "a\\ufffd"},
    {"it only looks so", SAY(0, TEXT, TEXT, "a\\\\ud83d"), SAY(0, TEXT, TEXT, "b"), "a\\\\ud83d|b|",
     "a\\\\ud83db"},
    {"the first is missing", SAY(0, TEXT, TEXT, "a"), SAY(0, TEXT, TEXT, "\\ude00"), "a|\\ufffd|",
     "a\\ufffd"},
    {"an empty piece between", SAY(0, TEXT, TEXT, "\\ud83d"), SAY(0, TEXT, TEXT, ""), "\\ufffd|",
     "\\ufffd"},
};

static void test_t11_26_characters_cut_between_pieces_stay_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(halves); i++) {
        const struct gw_event events[] = {START,
                                          OPEN(0, TEXT, PLAIN),
                                          halves[i].first,
                                          halves[i].second,
                                          STOP(0, TEXT),
                                          FINISH(STOP),
                                          END};
        struct kit kit;
        struct story story;
        struct gw_buf deltas;
        kit_begin(&kit);
        gw_buf_init(&deltas, KIT_BYTES_MAX);
        struct gw_answer_context context = kit_context(&kit, BODY);
        write_events(&kit, &context, events, GW_COUNT(events));
        story_begin(&story, gw_buf_str(&kit.out));
        struct gw_str rest = gw_buf_str(&story.out);
        for (;;) {
            size_t at = gw_str_find_str(rest, GW_STR("\"delta\":\""));
            if (at == rest.len)
                break;
            rest = gw_str_from(rest, at + 9);
            at = gw_str_find(rest, '"');
            gw_buf_printf(&deltas, "%.*s|", (int)at, rest.base);
        }
        kit_expect(halves[i].label, gw_buf_str(&deltas), halves[i].deltas);
        struct gw_str done = gw_arena_printf(
            &kit.arena, "[" MESSAGE_DONE("completed", SAID("%s")) "]", halves[i].text);
        expect_member(&story, halves[i].label, "output", done.base);
        gw_buf_finish(&deltas);
        story_end(&story);
        kit_end(&kit);
    }
}

/* Many small pieces: more than the first chunks hold. */
static void test_long_texts_are_repeated_whole(void **state)
{
    struct gw_event *events = calloc(50005, sizeof(*events));
    struct kit kit;
    struct story story;
    size_t count = 0;

    (void)state;
    assert_non_null(events);
    events[count++] = (struct gw_event)START;
    events[count++] = (struct gw_event)OPEN(0, TEXT, PLAIN);
    for (unsigned i = 0; i < 50000; i++)
        events[count++] = (struct gw_event)SAY(0, TEXT, TEXT, "\\\"x");
    events[count++] = (struct gw_event)STOP(0, TEXT);
    events[count++] = (struct gw_event)FINISH(STOP);
    events[count++] = (struct gw_event)END;
    kit_begin(&kit);
    gw_buf_finish(&kit.out);
    gw_buf_init(&kit.out, KIT_BYTES_MAX * 4);
    struct gw_answer_context context = kit_context(&kit, BODY);
    write_events(&kit, &context, events, count);
    story_begin(&story, gw_buf_str(&kit.out));
    struct gw_str last = gw_buf_str(&story.last);
    size_t at = gw_str_find_str(last, GW_STR("\"text\":\"")) + 8, pieces = 0;
    while (gw_str_starts(gw_str_from(last, at), GW_STR("\\\"x"))) {
        at += 3;
        pieces++;
    }
    assert_int_equal(pieces, 50000);
    assert_int_equal(last.base[at], '"');
    story_end(&story);
    kit_end(&kit);
    free(events);
}

/* ---- calls ---- */

#define TOOLS                                                                                      \
    "{\"model\":\"m\",\"input\":\"a\",\"tools\":[{\"type\":\"custom\",\"name\":\"patch\"},"        \
    "{\"type\":\"namespace\",\"name\":\"ns\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}]" \
    "}"

static const struct {
    const char *label;
    struct gw_event events[EVENTS_MAX];
    const char *story;
} calls[] = {
    {"a custom tool that went as a function",
     {START, OPEN(0, TOOL, CALL("c1", "patch")), SAY(0, TOOL, ARGUMENTS, "{\\\"input\\\":"),
      SAY(0, TOOL, ARGUMENTS, "\\\"a\\\\n\\\\\\\"b\\\"}"), STOP(0, TOOL), FINISH(TOOL_USE), END},
     CREATED
     "output_item.added "
     "\"output_index\":0,\"item\":{\"type\":\"custom_tool_call\",\"id\":\"ctc_gw0_up1\","
     "\"call_id\":\"c1\",\"name\":\"patch\",\"input\":\"\",\"status\":\"in_progress\"}\n"
     "custom_tool_call_input.delta "
     "\"item_id\":\"ctc_gw0_up1\",\"output_index\":0,\"delta\":\"a\\n\\\"b\"\n"
     "custom_tool_call_input.done "
     "\"item_id\":\"ctc_gw0_up1\",\"output_index\":0,\"input\":\"a\\n\\\"b\"\n"
     "output_item.done "
     "\"output_index\":0,\"item\":{\"type\":\"custom_tool_call\",\"id\":\"ctc_gw0_up1\","
     "\"call_id\":\"c1\",\"name\":\"patch\",\"input\":\"a\\n\\\"b\",\"status\":\"completed\"}\n"
     "completed\n"},
    {"and whose arguments are something else",
     {START, OPEN(0, TOOL, CALL("c1", "patch")), SAY(0, TOOL, ARGUMENTS, "free"), STOP(0, TOOL),
      FINISH(TOOL_USE), END},
     CREATED "output_item.added "
             "\"output_index\":0,\"item\":{\"type\":\"custom_tool_call\",\"id\":\"ctc_gw0_up1\","
             "\"call_id\":\"c1\",\"name\":\"patch\",\"input\":\"\",\"status\":\"in_progress\"}\n"
             "custom_tool_call_input.delta "
             "\"item_id\":\"ctc_gw0_up1\",\"output_index\":0,\"delta\":\"free\"\n"
             "custom_tool_call_input.done "
             "\"item_id\":\"ctc_gw0_up1\",\"output_index\":0,\"input\":\"free\"\n"
             "output_item.done "
             "\"output_index\":0,\"item\":{\"type\":\"custom_tool_call\",\"id\":\"ctc_gw0_up1\","
             "\"call_id\":\"c1\",\"name\":\"patch\",\"input\":\"free\",\"status\":\"completed\"}\n"
             "completed\n"},
    {"cut, it is no input at all",
     {START, OPEN(0, TOOL, CALL("c1", "patch")), SAY(0, TOOL, ARGUMENTS, "{\\\"inp"),
      FAIL(BAD_GATEWAY, "cut")},
     CREATED "output_item.added "
             "\"output_index\":0,\"item\":{\"type\":\"custom_tool_call\",\"id\":\"ctc_gw0_up1\","
             "\"call_id\":\"c1\",\"name\":\"patch\",\"input\":\"\",\"status\":\"in_progress\"}\n"
             "failed\n"},
    {"a tool of a namespace, and an id that is missing",
     {START, OPEN(0, TOOL, CALL("", "ns__f")), SAY(0, TOOL, ARGUMENTS, "{}"), STOP(0, TOOL),
      FINISH(TOOL_USE), END},
     CREATED
     "output_item.added "
     "\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":\"fc_gw0_up1\","
     "\"call_id\":\"MINTED\",\"name\":\"f\",\"namespace\":\"ns\",\"arguments\":\"\",\"status\":"
     "\"in_progress\"}\n"
     "function_call_arguments.delta "
     "\"item_id\":\"fc_gw0_up1\",\"output_index\":0,\"delta\":\"{}\"\n"
     "function_call_arguments.done "
     "\"item_id\":\"fc_gw0_up1\",\"output_index\":0,\"name\":\"f\",\"arguments\":"
     "\"{}\"\n"
     "output_item.done "
     "\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":\"fc_gw0_up1\","
     "\"call_id\":\"MINTED\",\"name\":\"f\",\"namespace\":\"ns\",\"arguments\":\"{}\",\"status\":"
     "\"completed\"}\n"
     "completed\n"},
};

/* Ids that are made anew, by what they are. */
static void hide_minted(struct gw_buf *text)
{
    static const struct gw_str prefix = GW_STR_INIT("\"call_id\":\"call_");
    struct gw_buf hidden;
    struct gw_str rest = gw_buf_str(text);

    gw_buf_init(&hidden, KIT_BYTES_MAX);
    for (;;) {
        size_t at = gw_str_find_str(rest, prefix);
        gw_buf_add(&hidden, (struct gw_str){rest.base, at});
        if (at == rest.len)
            break;
        rest = gw_str_from(rest, at + prefix.len);
        at = gw_str_find(rest, '"');
        assert_int_equal(at, 24);
        gw_buf_printf(&hidden, "\"call_id\":\"MINTED");
        rest = gw_str_from(rest, at);
    }
    gw_buf_take(text, gw_buf_len(text));
    gw_buf_add(text, gw_buf_str(&hidden));
    gw_buf_finish(&hidden);
}

static void test_calls_are_the_callers_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(calls); i++) {
        struct kit kit;
        struct story story;
        kit_begin(&kit);
        assert_int_equal(kit_read(&kit, TOOLS), GW_OK);
        struct gw_answer_context context = kit_context(&kit, TOOLS);
        write_events(&kit, &context, calls[i].events, count_events(calls[i].events));
        story_begin(&story, gw_buf_str(&kit.out));
        hide_minted(&story.out);
        kit_expect(calls[i].label, gw_buf_str(&story.out), calls[i].story);
        story_end(&story);
        kit_end(&kit);
    }
}

static void test_t11_34_ids_of_calls_fit(void **state)
{
    static const char seventy[] =
        "call_5678901234567890123456789012345678901234567890123456789012345678901";
    const struct gw_event events[] = {START,
                                      {.kind = GW_EVENT_BLOCK_START,
                                       .block_kind = GW_BLOCK_TOOL,
                                       .id = {{seventy, sizeof(seventy) - 1}},
                                       .name = GW_TEXT("f")},
                                      STOP(0, TOOL)};
    struct kit kit;

    (void)state;
    kit_begin(&kit);
    struct gw_answer_context context = kit_context(&kit, BODY);
    write_events(&kit, &context, events, GW_COUNT(events));
    struct gw_str out = gw_buf_str(&kit.out);
    size_t at = gw_str_find_str(out, GW_STR("\"call_id\":\"")) + 11;
    assert_int_equal(gw_str_find(gw_str_from(out, at), '"'), 64);
    kit_end(&kit);
}

/* ---- state of other families ---- */

static void test_foreign_reasoning_goes_into_a_carrier(void **state)
{
    static const struct gw_event events[] = {
        START,
        OPEN(0, REASONING, .family = GW_FAMILY_ANTHROPIC),
        SAY(0, REASONING, REASONING, "de"),
        SAY(0, REASONING, REASONING, "ep"),
        SAY(0, REASONING, SIGNATURE, "S="),
        STOP(0, REASONING),
        OPEN(1, REDACTED, .family = GW_FAMILY_ANTHROPIC),
        SAY(1, REDACTED, DATA, "R="),
        STOP(1, REDACTED),
        OPEN(2, TOOL, CALL("c1", "f"), .gsig = {GW_STR_INIT("G=")}),
        STOP(2, TOOL),
        FINISH(TOOL_USE),
        END,
    };
    struct kit kit, again;
    struct story story;
    struct gw_arena arena;
    struct gw_json json;

    (void)state;
    kit_begin(&kit);
    kit_begin(&again);
    gw_arena_init(&arena, NULL);
    struct gw_answer_context context = kit_context(&kit, BODY);
    write_events(&kit, &context, events, GW_COUNT(events));
    story_begin(&story, gw_buf_str(&kit.out));
    assert_int_equal(gw_json_read(gw_buf_str(&story.last), &arena, 1 << 20, &json, NULL), GW_OK);
    struct gw_str output = gw_json_slice(
        &json, gw_json_get(&json, gw_json_get(&json, 0, GW_STR("response")), GW_STR("output")));
    /* Given back as it came, it is what it was. */
    struct gw_str body =
        gw_arena_printf(&arena, "{\"model\":\"m\",\"input\":%.*s}", GW_STR_ARG(output));
    assert_int_equal(kit_read(&again, body.base), GW_OK);
    kit_messages(&again.out, &again.request);
    kit_expect("given back", gw_buf_str(&again.out),
               "assistant (reasoning fam=a text=deep sig=S=) (redacted fam=a data=R=)"
               " (call id=c1 name=f args={} gsig=G=)");
    story_end(&story);
    gw_arena_finish(&arena);
    kit_end(&again);
    kit_end(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_t11_21_streams_have_all_that_clients_look_for),
        cmocka_unit_test(test_the_end_repeats_the_whole_answer),
        cmocka_unit_test(test_t11_14_failures_end_with_response_failed),
        cmocka_unit_test(test_pings_are_comments),
        cmocka_unit_test(test_t11_26_characters_cut_between_pieces_stay_whole),
        cmocka_unit_test(test_long_texts_are_repeated_whole),
        cmocka_unit_test(test_calls_are_the_callers_own),
        cmocka_unit_test(test_t11_34_ids_of_calls_fit),
        cmocka_unit_test(test_foreign_reasoning_goes_into_a_carrier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
