#include "openai_responses_kit.h"

#define LINES_MAX 24u

/* A stream's data, event by event; NULL: its end. */
static void read_events(const char *label, const char *const *lines, struct kit_events *events)
{
    const struct gw_codec *codec = &gw_codec_openai_responses;
    void *reader = calloc(1, codec->reader_bytes);
    struct gw_arena scratch, keep;
    enum gw_status status = GW_OK;
    struct gw_err err = {0};

    assert_non_null(reader);
    gw_arena_init(&keep, NULL);
    for (size_t i = 0; lines[i]; i++) {
        gw_arena_init(&scratch, NULL);
        /* A copy, so that what is kept of it is seen to be gone. */
        struct gw_str data = gw_arena_str(&scratch, gw_str_of(lines[i]));
        status = codec->read_event(reader, GW_STR(""), data, &scratch, &keep, kit_on_event, events,
                                   &err);
        gw_arena_finish(&scratch);
        if (status != GW_OK && status != GW_EOF)
            fail_msg("%s: event %zu: %s", label, i, err.message);
    }
    gw_arena_init(&scratch, NULL);
    if (codec->read_end(reader, &scratch, &keep, kit_on_event, events, &err) != GW_OK)
        fail_msg("%s: end: %s", label, err.message);
    gw_arena_finish(&scratch);
    gw_arena_finish(&keep);
    free(reader);
}

#define CREATED                                                                                    \
    "{\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\","        \
    "\"object\":"                                                                                  \
    "\"response\",\"created_at\":1760000000,\"model\":\"gpt-5\",\"service_tier\":\"auto\","        \
    "\"output\":[]}}"
#define COMPLETED(output)                                                                          \
    "{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"status\":\"completed\","   \
    "\"output\":"                                                                                  \
    "[" output "],\"usage\":{\"input_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":4},"  \
    "\"output_tokens\":5,\"output_tokens_details\":{\"reasoning_tokens\":2},\"total_tokens\":15}}" \
    "}"
#define STARTED "start id=resp_1 model=gpt-5 created=1760000000\n"
#define USED "usage in=10 read=4 out=5 reasoning=2\n"

#define ADDED(index, item)                                                                         \
    "{\"type\":\"response.output_item.added\",\"output_index\":" #index ",\"item\":" item "}"
#define DONE(index, item)                                                                          \
    "{\"type\":\"response.output_item.done\",\"output_index\":" #index ",\"item\":" item "}"
#define EVENT(type, id, index, rest)                                                               \
    "{\"type\":\"response." type "\",\"item_id\":\"" id "\",\"output_index\":" #index "," rest "}"
#define TEXT(index, part, said)                                                                    \
    EVENT("output_text.delta", "msg_1", index,                                                     \
          "\"content_index\":" #part ",\"delta\":\"" said "\",\"logprobs\":[]")
#define MESSAGE(content)                                                                           \
    "{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\",\"content\":[" content "]}"
#define SAID(said) "{\"type\":\"output_text\",\"text\":\"" said "\",\"annotations\":[]}"
#define CALL(id, called, with)                                                                     \
    "{\"type\":\"function_call\",\"id\":\"fc_" id "\",\"call_id\":\"" id "\",\"name\":\"" called   \
    "\",\"arguments\":\"" with "\"}"
#define ARGUMENTS(id, index, said)                                                                 \
    EVENT("function_call_arguments.delta", "fc_" id, index, "\"delta\":\"" said "\"")

struct stream {
    const char *label, *lines[LINES_MAX], *events;
};

static void check_streams(const struct stream *streams, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kit_events events;
        kit_events_begin(&events);
        read_events(streams[i].label, streams[i].lines, &events);
        kit_expect(streams[i].label, gw_buf_str(&events.out), streams[i].events);
        kit_events_end(&events);
    }
}

/* ---- as they should be ---- */

static const struct stream streams[] = {
    {"text",
     {CREATED, ADDED(0, MESSAGE("")),
      EVENT("content_part.added", "msg_1", 0,
            "\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\"}"),
      TEXT(0, 0, "Hel"), TEXT(0, 0, "lo"),
      EVENT("output_text.done", "msg_1", 0, "\"content_index\":0,\"text\":\"Hello\""),
      EVENT("content_part.done", "msg_1", 0, "\"content_index\":0,\"part\":" SAID("Hello")),
      DONE(0, MESSAGE(SAID("Hello"))), COMPLETED(MESSAGE(SAID("Hello")))},
     STARTED "+0 text\n\"Hel\"\n\"lo\"\n-0\n" USED "finish stop\nend\n"},
    {"the tier is what it was at the end, not what was asked for",
     {CREATED, "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"service_"
               "tier\":\"default\",\"output\":[]}}"},
     STARTED "finish stop tier=default\nend\n"},
    {"two parts, one of them a refusal",
     {CREATED, ADDED(0, MESSAGE("")), TEXT(0, 0, "a"),
      EVENT("refusal.delta", "msg_1", 0, "\"content_index\":1,\"delta\":\"no\""),
      DONE(0, MESSAGE(SAID("a") ",{\"type\":\"refusal\",\"refusal\":\"not\"}")), COMPLETED("")},
     STARTED "+0 text\n\"a\"\n-0\n+1 refusal\n\"no\"\n\"t\"\n-1\n" USED "finish refusal\nend\n"},
    {"reasoning, a call, and both of its states",
     {CREATED, ADDED(0, "{\"type\":\"reasoning\",\"id\":\"rs_a\",\"summary\":[]}"),
      EVENT("reasoning_summary_part.added", "rs_a", 0, "\"summary_index\":0"),
      EVENT("reasoning_summary_text.delta", "rs_a", 0, "\"summary_index\":0,\"delta\":\"one\""),
      EVENT("reasoning_summary_part.added", "rs_a", 0, "\"summary_index\":1"),
      EVENT("reasoning_summary_text.delta", "rs_a", 0, "\"summary_index\":1,\"delta\":\"tw\""),
      DONE(0, "{\"type\":\"reasoning\",\"id\":\"rs_d\",\"summary\":[{\"type\":\"summary_text\","
              "\"text\":\"one\"},"
              "{\"type\":\"summary_text\",\"text\":\"two\"}],\"encrypted_content\":\"E=\"}"),
      ADDED(1, CALL("c1", "f", "")), ARGUMENTS("c1", 1, "{\\\"a\\\":"), ARGUMENTS("c1", 1, "1}"),
      EVENT("function_call_arguments.done", "fc_c1", 1, "\"arguments\":\"{\\\"a\\\":1}\""),
      DONE(1, CALL("c1", "f", "{\\\"a\\\":1}")), COMPLETED("")},
     STARTED "+0 reasoning id=rs_a\n\"one\"\n\"\\n\\n\"\n\"tw\"\n\"o\"\n-0\n"
             "+1 redacted id=rs_d\ndata \"E=\"\n-1\n"
             "+2 tool id=c1 name=f\n\"{\\\"a\\\":\"\n\"1}\"\n-2\n" USED "finish tool_use\nend\n"},
    {"a custom tool",
     {CREATED,
      ADDED(0, "{\"type\":\"custom_tool_call\",\"id\":\"ctc\",\"call_id\":\"c\",\"name\":\"p\","
               "\"input\":\"\"}"),
      EVENT("custom_tool_call_input.delta", "ctc", 0, "\"delta\":\"x \""),
      EVENT("custom_tool_call_input.done", "ctc", 0, "\"input\":\"x y\""),
      DONE(0, "{\"type\":\"custom_tool_call\",\"id\":\"ctc\",\"call_id\":\"c\",\"name\":\"p\","
              "\"input\":\"x y\"}"),
      COMPLETED("")},
     STARTED "+0 tool custom id=c name=p\n\"x \"\n\"y\"\n-0\n" USED "finish tool_use\nend\n"},
    {"notes and chances",
     {CREATED, ADDED(0, MESSAGE("")),
      EVENT("output_text.delta", "msg_1", 0,
            "\"content_index\":0,\"delta\":\"a\",\"logprobs\":[{\"token\":\"a\"}]"),
      EVENT("output_text.annotation.added", "msg_1", 0,
            "\"content_index\":0,\"annotation_index\":0,\"annotation\":{\"type\":\"url_citation\","
            "\"n\":0}"),
      DONE(0, MESSAGE("{\"type\":\"output_text\",\"text\":\"a\",\"logprobs\":[{\"token\":\"a\"}],"
                      "\"annotations\":[{\"type\":\"url_citation\",\"n\":0},{\"type\":\"url_"
                      "citation\",\"n\":1}]}")),
      COMPLETED("")},
     STARTED "+0 text\n\"a\"\nlogprobs \"\"[{\"token\":\"a\"}]\nnote "
             "\"\"{\"type\":\"url_citation\",\"n\":0}\n"
             "note \"\"{\"type\":\"url_citation\",\"n\":1}\n-0\n" USED "finish stop\nend\n"},
    {"OpenAI's own tools",
     {CREATED, ADDED(0, "{\"type\":\"web_search_call\",\"id\":\"ws\"}"),
      EVENT("web_search_call.searching", "ws", 0, "\"x\":1"),
      DONE(0, "{\"type\":\"web_search_call\",\"id\":\"ws\",\"status\":\"completed\"}"),
      DONE(1, "{\"type\":\"image_generation_call\",\"id\":\"ig\",\"result\":\"QUJD\",\"output_"
              "format\":\"webp\"}"),
      COMPLETED("")},
     STARTED
     "+0 server_tool id=ws\ndata \"\"{\"type\":\"web_search_call\",\"id\":\"ws\",\"status\":"
     "\"completed\"}\n-0\n+1 image id=ig\ndata \"data:image/webp;base64,QUJD\"\n-1\n" USED
     "finish stop\nend\n"},
    {"what stands behind the end is not looked at",
     {CREATED, COMPLETED(""), TEXT(0, 0, "late"), "no JSON", COMPLETED("")},
     STARTED USED "finish stop\nend\n"},
    {"unknown events and [DONE]",
     {CREATED, "", "[DONE]", "{\"type\":\"response.new\"}", "{\"type\":\"keepalive\"}", "{}", "[]",
      COMPLETED("")},
     STARTED USED "finish stop\nend\n"},
};

static void test_streams_become_events(void **state)
{
    (void)state;
    check_streams(streams, GW_COUNT(streams));
}

static void test_the_type_of_the_event_line_is_enough(void **state)
{
    const struct gw_codec *codec = &gw_codec_openai_responses;
    void *reader = calloc(1, codec->reader_bytes);
    struct kit_events events;
    struct gw_arena arena;

    (void)state;
    kit_events_begin(&events);
    gw_arena_init(&arena, NULL);
    assert_int_equal(codec->read_event(reader, GW_STR("response.created"),
                                       GW_STR("{\"response\":{\"id\":\"r\"}}"), &arena, &arena,
                                       kit_on_event, &events, NULL),
                     GW_OK);
    assert_int_equal(codec->read_event(reader, GW_STR("response.completed"),
                                       GW_STR("{\"response\":{}}"), &arena, &arena, kit_on_event,
                                       &events, NULL),
                     GW_EOF);
    kit_expect("by the event line", gw_buf_str(&events.out), "start id=r\nfinish stop\nend\n");
    gw_arena_finish(&arena);
    kit_events_end(&events);
    free(reader);
}

/* ---- as they are, too ---- */

static const struct stream items[] = {
    {"no part and no item was announced",
     {CREATED, TEXT(0, 0, "a"), COMPLETED("")},
     STARTED "+0 text\n\"a\"\n-0\n" USED "finish stop\nend\n"},
    {"nothing was streamed at all",
     {CREATED, COMPLETED(MESSAGE(SAID("a")) "," CALL("c1", "f", "{}"))},
     STARTED "+0 text\n\"a\"\n-0\n+1 tool id=c1 name=f\n\"{}\"\n-1\n" USED
             "finish tool_use\nend\n"},
    {"the rest of an item comes with the end",
     {CREATED, ADDED(0, MESSAGE("")), TEXT(0, 0, "a"), COMPLETED(MESSAGE(SAID("ab")))},
     STARTED "+0 text\n\"a\"\n\"b\"\n-0\n" USED "finish stop\nend\n"},
    {"no indexes and no ids",
     {CREATED, "{\"type\":\"response.output_item.added\",\"item\":{\"type\":\"message\"}}",
      "{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}",
      "{\"type\":\"response.output_text.delta\",\"delta\":\"b\"}", COMPLETED(MESSAGE(SAID("ab")))},
     STARTED "+0 text\n\"a\"\n\"b\"\n-0\n" USED "finish stop\nend\n"},
    {"ids that do not agree",
     {CREATED, ADDED(0, "{\"type\":\"message\",\"id\":\"x\"}"), TEXT(0, 0, "a"),
      DONE(0, MESSAGE(SAID("ab"))), COMPLETED(MESSAGE(SAID("ab")))},
     STARTED "+0 text\n\"a\"\n\"b\"\n-0\n" USED "finish stop\nend\n"},
    {"an item that is done twice",
     {CREATED, DONE(0, MESSAGE(SAID("a"))), DONE(0, MESSAGE(SAID("a"))), COMPLETED("")},
     STARTED "+0 text\n\"a\"\n-0\n" USED "finish stop\nend\n"},
    {"two calls at once",
     {CREATED, ADDED(0, CALL("c1", "f", "")), ADDED(1, CALL("c2", "g", "")),
      ARGUMENTS("c1", 0, "{\\\"a\\\""), ARGUMENTS("c2", 1, "{\\\"b\\\""), ARGUMENTS("c1", 0, ":1}"),
      ARGUMENTS("c2", 1, ":2}"), DONE(1, CALL("c2", "g", "{\\\"b\\\":2}")),
      DONE(0, CALL("c1", "f", "{\\\"a\\\":1}")), COMPLETED("")},
     STARTED "+0 tool id=c1 name=f\n\"{\\\"a\\\"\"\n\":1}\"\n-0\n"
             "+1 tool id=c2 name=g\n\"{\\\"b\\\":2}\"\n-1\n" USED "finish tool_use\nend\n"},
    {"a call that is announced while another is under way streams when it has its turn",
     {CREATED, ADDED(0, CALL("c1", "f", "")), ADDED(1, CALL("c2", "g", "")),
      DONE(0, CALL("c1", "f", "{}")), ARGUMENTS("c2", 1, "{"), DONE(1, CALL("c2", "g", "{}")),
      COMPLETED("")},
     STARTED "+0 tool id=c1 name=f\n\"{}\"\n-0\n+1 tool id=c2 name=g\n\"{\"\n\"}\"\n-1\n" USED
             "finish tool_use\nend\n"},
    {"an item without an end holds up those behind it until the response ends",
     {CREATED, ADDED(0, MESSAGE("")), TEXT(0, 0, "a"), ADDED(1, CALL("c1", "f", "")),
      ARGUMENTS("c1", 1, "{}"), DONE(1, CALL("c1", "f", "{}")), COMPLETED("")},
     STARTED "+0 text\n\"a\"\n-0\n+1 tool id=c1 name=f\n\"{}\"\n-1\n" USED
             "finish tool_use\nend\n"},
    {"a call that gets its name late",
     {CREATED, ADDED(0, "{\"type\":\"function_call\",\"id\":\"fc_c1\"}"), ARGUMENTS("c1", 0, "{"),
      DONE(0, CALL("c1", "f", "{}")), COMPLETED("")},
     STARTED "+0 tool id=c1 name=f\n\"{}\"\n-0\n" USED "finish tool_use\nend\n"},
    {"an item that turns out to be another",
     {CREATED, ADDED(0, CALL("c1", "f", "")), ARGUMENTS("c1", 0, "{}"), TEXT(0, 0, "a"),
      ARGUMENTS("c1", 0, "{}"), DONE(0, MESSAGE(SAID("ab"))), COMPLETED("")},
     STARTED "+0 tool id=c1 name=f\n\"{}\"\n-0\n+1 text\n\"a\"\n\"b\"\n-1\n" USED
             "finish tool_use\nend\n"},
    {"reasoning in its own words",
     {CREATED, ADDED(0, "{\"type\":\"reasoning\",\"id\":\"rs\",\"summary\":[]}"),
      EVENT("reasoning_text.delta", "rs", 0, "\"content_index\":0,\"delta\":\"hm\""),
      DONE(0, "{\"type\":\"reasoning\",\"id\":\"rs\",\"summary\":[],\"content\":[{\"type\":"
              "\"reasoning_text\","
              "\"text\":\"hmm\"}]}"),
      COMPLETED("")},
     STARTED "+0 reasoning id=rs\n\"hm\"\n\"m\"\n-0\n" USED "finish stop\nend\n"},
    {"reasoning of which only the proof is seen",
     {CREATED,
      ADDED(0,
            "{\"type\":\"reasoning\",\"id\":\"rs\",\"summary\":[],\"encrypted_content\":\"old\"}"),
      DONE(0,
           "{\"type\":\"reasoning\",\"id\":\"rs\",\"summary\":[],\"encrypted_content\":\"new\"}"),
      COMPLETED("")},
     STARTED "+0 redacted id=rs\ndata \"new\"\n-0\n" USED "finish stop\nend\n"},
    {"one character in two escapes, and whole in the end",
     {CREATED, ADDED(0, MESSAGE("")), TEXT(0, 0, "a\\ud83d"), TEXT(0, 0, "\\ude00"),
      DONE(0, MESSAGE(SAID("a\xf0\x9f\x98\x80"
                           "b"))),
      COMPLETED("")},
     STARTED "+0 text\n\"a\\ud83d\"\n\"\\ude00\"\n\"b\"\n-0\n" USED "finish stop\nend\n"},
    {"the end says no more than was streamed",
     {CREATED, ADDED(0, MESSAGE("")), TEXT(0, 0, "abc"), DONE(0, MESSAGE(SAID("ab"))),
      COMPLETED("")},
     STARTED "+0 text\n\"abc\"\n-0\n" USED "finish stop\nend\n"},
};

static void test_streams_that_leave_things_out(void **state)
{
    (void)state;
    check_streams(items, GW_COUNT(items));
}

static void test_t11_20_arguments_only_in_done_are_not_lost(void **state)
{
    static const struct stream late[] = {
        {"in arguments.done",
         {CREATED, ADDED(0, CALL("c1", "f", "")),
          EVENT("function_call_arguments.done", "fc_c1", 0, "\"arguments\":\"{\\\"a\\\":1}\""),
          DONE(0, CALL("c1", "f", "{\\\"a\\\":1}")), COMPLETED("")},
         STARTED "+0 tool id=c1 name=f\n\"{\\\"a\\\":1}\"\n-0\n" USED "finish tool_use\nend\n"},
        {"in item.done",
         {CREATED, ADDED(0, CALL("c1", "f", "")), ARGUMENTS("c1", 0, "{\\\"a"),
          DONE(0, CALL("c1", "f", "{\\\"a\\\":1}")), COMPLETED("")},
         STARTED "+0 tool id=c1 name=f\n\"{\\\"a\"\n\"\\\":1}\"\n-0\n" USED
                 "finish tool_use\nend\n"},
        {"in item.done, which is all there is",
         {CREATED, DONE(0, CALL("c1", "f", "{\\\"a\\\":1}")), COMPLETED("")},
         STARTED "+0 tool id=c1 name=f\n\"{\\\"a\\\":1}\"\n-0\n" USED "finish tool_use\nend\n"},
    };

    (void)state;
    check_streams(late, GW_COUNT(late));
}

static void test_t11_22_no_arguments_is_empty_object(void **state)
{
    static const struct stream empty[] = {
        {"a function",
         {CREATED, ADDED(0, CALL("c1", "f", "")), DONE(0, CALL("c1", "f", "")), COMPLETED("")},
         STARTED "+0 tool id=c1 name=f\n\"{}\"\n-0\n" USED "finish tool_use\nend\n"},
        {"a custom tool has no input then",
         {CREATED,
          DONE(0,
               "{\"type\":\"custom_tool_call\",\"call_id\":\"c1\",\"name\":\"f\",\"input\":\"\"}"),
          COMPLETED("")},
         STARTED "+0 tool custom id=c1 name=f\n-0\n" USED "finish tool_use\nend\n"},
    };

    (void)state;
    check_streams(empty, GW_COUNT(empty));
}

/* ---- ends ---- */

static void test_t11_19_incomplete_is_an_end(void **state)
{
    static const struct stream ends[] = {
        {"length",
         {CREATED, TEXT(0, 0, "a"),
          "{\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\",\"incomplete_"
          "details\":"
          "{\"reason\":\"max_output_tokens\"},\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}"
          "}"},
         STARTED "+0 text\n\"a\"\n-0\nusage in=1 out=2\nfinish length\nend\n"},
        {"filter",
         {CREATED, "{\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\","
                   "\"incomplete_details\":{\"reason\":\"content_filter\"}}}"},
         STARTED "finish content_filter\nend\n"},
        {"something new",
         {CREATED, "{\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\","
                   "\"incomplete_details\":{\"reason\":\"max_tool_calls\"}}}"},
         STARTED "finish stop\nend\n"},
        {"a call that was cut is still length",
         {CREATED, ADDED(0, CALL("c1", "f", "")), ARGUMENTS("c1", 0, "{"),
          "{\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\",\"incomplete_"
          "details\":"
          "{\"reason\":\"max_output_tokens\"}}}"},
         STARTED "+0 tool id=c1 name=f\n\"{\"\n-0\nfinish length\nend\n"},
    };

    (void)state;
    check_streams(ends, GW_COUNT(ends));
}

static void test_t11_12_cut_stream_is_an_error(void **state)
{
    static const struct stream cuts[] = {
        {"at once",
         {NULL},
         "error bad_gateway code=stream_truncated message=upstream stream ended before "
         "completion\n"},
        {"within text",
         {CREATED, TEXT(0, 0, "a")},
         STARTED
         "+0 text\n\"a\"\nerror bad_gateway code=stream_truncated message=upstream stream ended "
         "before completion\n"},
        {"behind an item",
         {CREATED, DONE(0, CALL("c1", "f", "{}")), "[DONE]"},
         STARTED "+0 tool id=c1 name=f\n\"{}\"\n-0\nerror bad_gateway code=stream_truncated "
                 "message=upstream "
                 "stream ended before completion\n"},
    };

    (void)state;
    check_streams(cuts, GW_COUNT(cuts));
}

static void test_t11_14_errors_in_a_stream_are_told(void **state)
{
    static const struct stream errors[] = {
        {"failed",
         {CREATED, TEXT(0, 0, "a"),
          "{\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":"
          "\"rate_limit_exceeded\",\"message\":\"slow down\"}}}",
          COMPLETED("")},
         STARTED "+0 text\n\"a\"\nerror rate_limit code=rate_limit_exceeded message=slow down\n"},
        {"an error event, first of all",
         {"{\"type\":\"error\",\"code\":\"server_error\",\"message\":\"oh\",\"param\":null}"},
         "error internal code=server_error message=oh\n"},
        {"an error within an error event",
         {CREATED, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"code\":"
                   "\"context_length_exceeded\",\"message\":\"too long\"}}"},
         STARTED "error context code=context_length_exceeded message=too long\n"},
        {"an error as chat has it",
         {"{\"error\":{\"message\":\"oh\",\"code\":503}}"},
         "error overloaded message=oh\n"},
        {"cancelled",
         {CREATED, "{\"type\":\"response.cancelled\",\"response\":{\"status\":\"cancelled\"}}"},
         STARTED "error bad_gateway code=cancelled message=upstream cancelled its response\n"},
    };

    (void)state;
    check_streams(errors, GW_COUNT(errors));
}

static void test_what_is_no_json_is_invalid(void **state)
{
    const struct gw_codec *codec = &gw_codec_openai_responses;
    void *reader = calloc(1, codec->reader_bytes);
    struct kit_events events;
    struct gw_arena arena;
    struct gw_err err = {0};

    (void)state;
    kit_events_begin(&events);
    gw_arena_init(&arena, NULL);
    assert_int_equal(codec->read_event(reader, GW_STR(""), GW_STR("{\"type\":"), &arena, &arena,
                                       kit_on_event, &events, &err),
                     GW_INVALID);
    assert_true(err.message[0]);
    assert_int_equal(gw_buf_len(&events.out), 0);
    gw_arena_finish(&arena);
    kit_events_end(&events);
    free(reader);
}

/* Items that wait for their turn are kept, but not without end. */
static void test_items_that_wait_are_bounded(void **state)
{
    const struct gw_codec *codec = &gw_codec_openai_responses;
    void *reader = calloc(1, codec->reader_bytes);
    char *text = malloc((1 << 20) + 1);
    struct kit_events events;
    struct gw_arena keep;
    enum gw_status status = GW_OK;

    (void)state;
    memset(text, 'x', 1 << 20);
    text[1 << 20] = 0;
    kit_events_begin(&events);
    gw_arena_init(&keep, NULL);
    status = codec->read_event(reader, GW_STR(""), GW_STR(ADDED(0, MESSAGE(""))), &keep, &keep,
                               kit_on_event, &events, NULL);
    for (unsigned i = 1; i <= 17 && status == GW_OK; i++) {
        struct gw_arena scratch;
        gw_arena_init(&scratch, NULL);
        struct gw_str data =
            gw_arena_printf(&scratch,
                            "{\"type\":\"response.output_item.done\",\"output_index\":%u,\"item\":{"
                            "\"type\":\"message\","
                            "\"content\":[{\"type\":\"output_text\",\"text\":\"%s\"}]}}",
                            i, text);
        status = codec->read_event(reader, GW_STR(""), data, &scratch, &keep, kit_on_event, &events,
                                   NULL);
        gw_arena_finish(&scratch);
    }
    assert_int_equal(status, GW_EOF);
    kit_expect("too much", gw_buf_str(&events.out),
               "start\nerror bad_gateway code=upstream_protocol message=upstream mixes more items "
               "than can "
               "be kept\n");
    gw_arena_finish(&keep);
    kit_events_end(&events);
    free(text);
    free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_become_events),
        cmocka_unit_test(test_the_type_of_the_event_line_is_enough),
        cmocka_unit_test(test_streams_that_leave_things_out),
        cmocka_unit_test(test_t11_20_arguments_only_in_done_are_not_lost),
        cmocka_unit_test(test_t11_22_no_arguments_is_empty_object),
        cmocka_unit_test(test_t11_19_incomplete_is_an_end),
        cmocka_unit_test(test_t11_12_cut_stream_is_an_error),
        cmocka_unit_test(test_t11_14_errors_in_a_stream_are_told),
        cmocka_unit_test(test_what_is_no_json_is_invalid),
        cmocka_unit_test(test_items_that_wait_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
