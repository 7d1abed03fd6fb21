#include "unit/test.h"

#include <stdlib.h>

#include "codec/anthropic_messages_private.h"
#include "unit/codec/anthropic_messages_events.h"

static const struct gw_codec *const codec = &gw_codec_anthropic_messages;

#define HEAD "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\","
#define STOP "\"stop_reason\":\"end_turn\",\"stop_sequence\":null,"
#define USAGE "\"usage\":{\"input_tokens\":10,\"output_tokens\":5}}"
#define START "start id=msg_1 model=claude-x in=10 out=5; "
#define END "; usage in=10 out=5; finish stop raw=end_turn; end"
#define CONTENT(blocks) HEAD "\"content\":[" blocks "]," STOP USAGE

/* ---- whole answers ---- */

static const struct {
    const char *label, *body, *events;
} answers[] = {
    {"nothing at all", CONTENT(""), "start id=msg_1 model=claude-x in=10 out=5" END},
    {"text", CONTENT("{\"type\":\"text\",\"text\":\"a\\n\\u00e9 \"}"),
     START "0 text; text:'a\\n\\u00e9 '; stop" END},
    {"empty text", CONTENT("{\"type\":\"text\",\"text\":\"\"}"), START "0 text; stop" END},
    {"citations",
     CONTENT("{\"type\":\"text\",\"text\":\"a\",\"citations\":[{\"type\":\"char_location\"},{\"x\":"
             "1}]}"),
     START "0 text; text:'a'; cite:{\"type\":\"char_location\"}; cite:{\"x\":1}; stop" END},
    {"thinking",
     CONTENT("{\"type\":\"thinking\",\"thinking\":\" hm \",\"signature\":\"Sig+/=\"},"
             "{\"type\":\"redacted_thinking\",\"data\":\"D==\"}"),
     START "0 thinking; think:' hm '; sig:'Sig+/='; stop; 1 redacted; data:'D=='; stop" END},
    {"thinking without text keeps its signature",
     CONTENT("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"S\"}"),
     START "0 thinking; sig:'S'; stop" END},
    {"test_t11_25 arguments keep every byte",
     CONTENT(
         "{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{ \"b\":1.0, \"a\":"
         "12345678901234567890,\"a\":-0}}"),
     START
     "0 tool id=toolu_1 name=f; args:{ \"b\":1.0, \"a\":12345678901234567890,\"a\":-0}; stop" END},
    {"test_t11_22 no arguments",
     CONTENT("{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}},"
             "{\"type\":\"tool_use\",\"id\":\"u\",\"name\":\"g\",\"input\":null},"
             "{\"type\":\"tool_use\",\"id\":\"v\",\"name\":\"h\"}"),
     START
     "0 tool id=t name=f; args:{}; stop; 1 tool id=u name=g; args:{}; stop; 2 tool id=v name=h; "
     "args:{}; stop" END},
    {"blocks of the server",
     CONTENT("{\"type\":\"server_tool_use\",\"id\":\"s\",\"input\":{\"q\":1}},"
             "{\"type\":\"web_search_tool_result\",\"content\":[]},{\"type\":\"new_thing\"}"),
     START "0 server; data:{\"type\":\"server_tool_use\",\"id\":\"s\",\"input\":{\"q\":1}}; stop; "
           "1 server; "
           "data:{\"type\":\"web_search_tool_result\",\"content\":[]}; stop; 2 server; "
           "data:{\"type\":\"new_thing\"}; stop" END},
    {"all counts",
     HEAD "\"content\":[]," STOP "\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":200,"
          "\"cache_creation_input_tokens\":30,"
          "\"cache_creation\":{\"ephemeral_5m_input_tokens\":20,\"ephemeral_1h_input_tokens\":10},"
          "\"output_tokens\":5,\"output_tokens_details\":{\"thinking_tokens\":3},"
          "\"server_tool_use\":{\"web_search_requests\":2},\"service_tier\":\"standard\"}}",
     "start id=msg_1 model=claude-x tier=default in=240 read=200 write=30 5m=20 1h=10 out=5 "
     "think=3 web=2; "
     "usage in=240 read=200 write=30 5m=20 1h=10 out=5 think=3 web=2; finish stop raw=end_turn; "
     "end"},
    {"null counts are unknown",
     HEAD "\"content\":[]," STOP
          "\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":null}}",
     "start id=msg_1 model=claude-x in=10; usage in=10; finish stop raw=end_turn; end"},
    {"no counts", HEAD "\"content\":[],\"stop_reason\":null}",
     "start id=msg_1 model=claude-x; usage; finish stop; end"},
    {"what is no block", CONTENT("7,null,[{\"type\":\"text\"}]"),
     "start id=msg_1 model=claude-x in=10 out=5" END},
    {"error with 200",
     "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
     "error 13 message=Overloaded"},
};

static void test_read_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(answers); i++) {
        struct gw_arena arena;
        struct gw_err err = {GW_OK, 0, ""};
        struct seen seen;
        gw_arena_init(&arena, NULL);
        seen_init(&seen, answers[i].label);
        if (codec->read_answer(gw_str_of(answers[i].body), &arena, see, &seen, &err) != GW_OK)
            fail_msg("%s: %s", answers[i].label, err.message);
        seen_check(&seen, answers[i].events);
        gw_arena_finish(&arena);
    }
}

static void test_t11_50_every_stop_reason_is_told_apart(void **state)
{
    static const struct {
        const char *reason, *events;
    } rows[] = {
        {"\"stop_reason\":\"end_turn\"", "finish stop raw=end_turn"},
        {"\"stop_reason\":\"compaction\"", "finish stop raw=compaction"},
        {"\"stop_reason\":\"stop_sequence\",\"stop_sequence\":\"\\nX\"",
         "finish stop_sequence raw=stop_sequence at=\\nX"},
        {"\"stop_reason\":\"max_tokens\"", "finish length raw=max_tokens"},
        {"\"stop_reason\":\"model_context_window_exceeded\"",
         "finish context raw=model_context_window_exceeded"},
        {"\"stop_reason\":\"tool_use\"", "finish tool_use raw=tool_use"},
        {"\"stop_reason\":\"refusal\",\"stop_details\":{\"type\":\"refusal\",\"explanation\":"
         "\"no\"}",
         "finish refusal raw=refusal why=no "
         "details={\"type\":\"refusal\",\"explanation\":\"no\"}"},
        {"\"stop_reason\":\"refusal\",\"stop_details\":null", "finish refusal raw=refusal"},
        {"\"stop_reason\":\"pause_turn\"", "finish pause raw=pause_turn"},
        {"\"stop_reason\":\"something_new\"", "finish stop raw=something_new"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_arena arena;
        struct seen seen;
        gw_arena_init(&arena, NULL);
        seen_init(&seen, rows[i].reason);
        struct gw_str body = gw_arena_printf(&arena, HEAD "\"content\":[],%s}", rows[i].reason);
        struct gw_str want = gw_arena_printf(
            &arena, "start id=msg_1 model=claude-x; usage; %s; end", rows[i].events);
        assert_int_equal(codec->read_answer(body, &arena, see, &seen, NULL), GW_OK);
        seen_check(&seen, want.base);
        gw_arena_finish(&arena);
    }
}

static void test_what_is_no_answer_is_refused(void **state)
{
    static const char *const bodies[] = {
        "", "x", "[]", "null", "{}", "{\"content\":\"x\"}", "{\"content\":[}"};

    (void)state;
    for (size_t i = 0; i < GW_COUNT(bodies); i++) {
        struct gw_arena arena;
        struct gw_err err = {GW_OK, 0, ""};
        struct seen seen;
        gw_arena_init(&arena, NULL);
        seen_init(&seen, bodies[i]);
        if (codec->read_answer(gw_str_of(bodies[i]), &arena, see, &seen, &err) != GW_INVALID)
            fail_msg("%s", bodies[i]);
        assert_true(err.message[0]);
        seen_check(&seen, "");
        gw_arena_finish(&arena);
    }
}

/* ---- streams ---- */

#define MESSAGE                                                                                    \
    "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"     \
    "\"assistant\",\"model\":\"claude-x\",\"content\":[],\"stop_reason\":null,\"usage\":{"         \
    "\"input_tokens\":10,\"output_tokens\":1}}}"
#define OPEN(index, block)                                                                         \
    "{\"type\":\"content_block_start\",\"index\":" #index ",\"content_block\":" block "}"
#define DELTA(index, delta)                                                                        \
    "{\"type\":\"content_block_delta\",\"index\":" #index ",\"delta\":{" delta "}}"
#define TEXT(index, text) DELTA(index, "\"type\":\"text_delta\",\"text\":\"" text "\"")
#define ARGS(index, text)                                                                          \
    DELTA(index, "\"type\":\"input_json_delta\",\"partial_json\":\"" text "\"")
#define CLOSE(index) "{\"type\":\"content_block_stop\",\"index\":" #index "}"
#define STOPPED(reason)                                                                            \
    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" reason                             \
    "\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":7}}"
#define DONE "{\"type\":\"message_stop\"}"
#define OPEN_TEXT(index) OPEN(index, "{\"type\":\"text\",\"text\":\"\"}")
#define OPEN_CALL(index, id)                                                                       \
    OPEN(index, "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"f\",\"input\":{}}")
#define STARTED "start id=msg_1 model=claude-x in=10 out=1; "
#define ENDED "; usage in=10 out=7; finish stop raw=end_turn; end"
#define CALLED "; usage in=10 out=7; finish tool_use raw=tool_use; end"
#define CUT "; error 12 code=stream_truncated message=upstream stream ended before completion"

static const struct {
    const char *label;
    const char *data[14]; /* then the end of the bytes */
    const char *events;
} streams[] = {
    {"text",
     {MESSAGE, OPEN_TEXT(0), TEXT(0, "Hel"), TEXT(0, "lo \\ud83d"), TEXT(0, "\\ude00"), CLOSE(0),
      STOPPED("end_turn"), DONE},
     STARTED "0 text; text:'Hel'; text:'lo \\ud83d'; text:'\\ude00'; stop" ENDED},
    {"ping",
     {"{\"type\":\"ping\"}", MESSAGE, "{\"type\":\"ping\"}", STOPPED("end_turn"), DONE},
     "start id=msg_1 model=claude-x in=10 out=1; ping" ENDED},
    {"text in the start block",
     {MESSAGE, OPEN(0, "{\"type\":\"text\",\"text\":\"a\"}"), TEXT(0, "b"), CLOSE(0),
      STOPPED("end_turn"), DONE},
     STARTED "0 text; text:'a'; text:'b'; stop" ENDED},
    {"thinking, the signature whole and last",
     {MESSAGE, OPEN(0, "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}"),
      DELTA(0, "\"type\":\"thinking_delta\",\"thinking\":\" h\""),
      DELTA(0, "\"type\":\"signature_delta\",\"signature\":\"AB\""),
      DELTA(0, "\"type\":\"signature_delta\",\"signature\":\"CD=\""),
      DELTA(0, "\"type\":\"thinking_delta\",\"thinking\":\"m\""), CLOSE(0),
      OPEN(1, "{\"type\":\"redacted_thinking\",\"data\":\"R\"}"), CLOSE(1),
      OPEN(2, "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"E\"}"), CLOSE(2),
      STOPPED("end_turn"), DONE},
     STARTED "0 thinking; think:' h'; think:'m'; sig:'ABCD='; stop; 1 redacted; data:'R'; stop; 2 "
             "thinking; "
             "sig:'E'; stop" ENDED},
    {"test_t11_02 parallel calls are blocks of their own",
     {MESSAGE, OPEN_CALL(0, "a"), ARGS(0, ""), ARGS(0, "{\\\"x\\\""), ARGS(0, ":1}"), CLOSE(0),
      OPEN_CALL(1, "b"), ARGS(1, "{}"), CLOSE(1), STOPPED("tool_use"), DONE},
     STARTED
     "0 tool id=a name=f; args:'{\\\"x\\\"'; args:':1}'; stop; 1 tool id=b name=f; args:'{}'; "
     "stop" CALLED},
    {"test_t11_22 no arguments",
     {MESSAGE, OPEN_CALL(0, "a"), ARGS(0, ""), CLOSE(0), STOPPED("tool_use"), DONE},
     STARTED "0 tool id=a name=f; args:{}; stop" CALLED},
    {"test_t11_23 input of the start is no delta",
     {MESSAGE, OPEN(0, "{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{\"y\":2}}"),
      ARGS(0, "{\\\"x\\\":1}"), CLOSE(0), STOPPED("tool_use"), DONE},
     STARTED "0 tool id=a name=f; args:'{\\\"x\\\":1}'; stop" CALLED},
    {"input of the start is all there is",
     {MESSAGE, OPEN(0, "{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{\"y\": 2}}"),
      CLOSE(0), STOPPED("tool_use"), DONE},
     STARTED "0 tool id=a name=f; args:{\"y\": 2}; stop" CALLED},
    {"block of the server, with its input",
     {MESSAGE,
      OPEN(0, "{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\",\"input\":{}}"),
      ARGS(0, "{\\\"query\\\":"), ARGS(0, "\\\"a b\\\"}"), CLOSE(0),
      OPEN(1, "{\"type\":\"web_search_tool_result\",\"content\":[1]}"), CLOSE(1),
      STOPPED("end_turn"), DONE},
     STARTED
     "0 server; data:{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\",\"input\":{"
     "\"query\":\"a b\"}}; stop; 1 server; "
     "data:{\"type\":\"web_search_tool_result\",\"content\":[1]}; "
     "stop" ENDED},
    {"block of the server, its input cut",
     {MESSAGE, OPEN(0, "{\"type\":\"server_tool_use\",\"input\":{}}"), ARGS(0, "{\\\"q"), CLOSE(0),
      STOPPED("end_turn"), DONE},
     STARTED "0 server; data:{\"type\":\"server_tool_use\",\"input\":{}}; stop" ENDED},
    {"citation that comes before what it is about",
     {MESSAGE, OPEN_TEXT(0),
      DELTA(0, "\"type\":\"citations_delta\",\"citation\":{\"type\":\"page_location\"}"),
      TEXT(0, "x"), CLOSE(0), STOPPED("end_turn"), DONE},
     STARTED "0 text; text:'x'; cite:{\"type\":\"page_location\"}; stop" ENDED},
    {"citations of a block that is never stopped",
     {MESSAGE, OPEN_TEXT(0), DELTA(0, "\"type\":\"citations_delta\",\"citation\":{\"type\":\"a\"}"),
      TEXT(0, "x"), DELTA(0, "\"type\":\"citations_delta\",\"citation\":{\"type\":\"b\"}"),
      OPEN_TEXT(1), TEXT(1, "y"), CLOSE(1), STOPPED("end_turn"), DONE},
     STARTED "0 text; text:'x'; cite:{\"type\":\"a\"}; cite:{\"type\":\"b\"}; stop; 1 text; "
             "text:'y'; stop" ENDED},
    {"what is not known is left out",
     {MESSAGE, OPEN_TEXT(0), DELTA(0, "\"type\":\"sparkle_delta\",\"text\":\"x\""),
      "{\"type\":\"content_block_sparkle\"}", "{\"type\":7}", "[1]", "{}", "", "[DONE]", CLOSE(0),
      STOPPED("end_turn"), DONE},
     STARTED "0 text; stop" ENDED},
    {"test_t11_07 all counts of the last message",
     {MESSAGE,
      "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_"
      "tokens\":2,"
      "\"cache_read_input_tokens\":30,\"cache_creation_input_tokens\":4,\"output_tokens\":9}}",
      DONE},
     "start id=msg_1 model=claude-x in=10 out=1; usage in=36 read=30 write=4 out=9; finish stop "
     "raw=end_turn; "
     "end"},
    {"test_t11_11 counts are cumulative, those of the start stay",
     {"{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"usage\":{"
      "\"input_tokens\":10,"
      "\"cache_read_input_tokens\":5,\"output_tokens\":1}}}",
      "{\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":3}}",
      "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_"
      "tokens\":20,"
      "\"output_tokens\":7}}",
      DONE},
     "start id=msg_1 model=m in=15 read=5 out=1; usage in=15 read=5 out=3; usage in=25 read=5 "
     "out=7; finish stop "
     "raw=end_turn; end"},
    {"test_t11_18 the first finish counts",
     {MESSAGE, STOPPED("end_turn"), STOPPED("tool_use"), DONE},
     "start id=msg_1 model=claude-x in=10 out=1; usage in=10 out=7; finish stop raw=end_turn; "
     "usage in=10 out=7; "
     "end"},
    {"no block behind the finish",
     {MESSAGE, STOPPED("end_turn"), OPEN_TEXT(0), TEXT(0, "x"), CLOSE(0), DONE},
     "start id=msg_1 model=claude-x in=10 out=1; usage in=10 out=7; finish stop raw=end_turn; end"},
    {"test_t11_13 no message_stop",
     {MESSAGE, STOPPED("end_turn")},
     "start id=msg_1 model=claude-x in=10 out=1" ENDED},
    {"message_stop alone is an end too",
     {MESSAGE, OPEN_TEXT(0), TEXT(0, "x"), CLOSE(0), DONE},
     STARTED "0 text; text:'x'; stop; finish stop; end"},
    {"a block never stopped",
     {MESSAGE, OPEN_TEXT(0), TEXT(0, "x"), OPEN_TEXT(1), STOPPED("end_turn"), DONE},
     STARTED
     "0 text; text:'x'; stop; 1 text; usage in=10 out=7; stop; finish stop raw=end_turn; end"},
    {"delta of a block that is not open",
     {MESSAGE, TEXT(0, "x"), OPEN_TEXT(0), TEXT(1, "y"), CLOSE(1), TEXT(0, "z"), CLOSE(0),
      STOPPED("end_turn"), DONE},
     STARTED "0 text; text:'z'; stop" ENDED},
    {"a start of no block",
     {MESSAGE, "{\"type\":\"content_block_start\",\"index\":0}", TEXT(0, "x"), CLOSE(0),
      STOPPED("end_turn"), DONE},
     "start id=msg_1 model=claude-x in=10 out=1" ENDED},
    {"no start",
     {OPEN_TEXT(0), TEXT(0, "x"), CLOSE(0), DONE},
     "start; 0 text; text:'x'; stop; finish stop; end"},
    {"test_t11_12 cut in a block",
     {MESSAGE, OPEN_TEXT(0), TEXT(0, "x")},
     STARTED "0 text; text:'x'" CUT},
    {"test_t11_12 cut in a call, which stays open",
     {MESSAGE, OPEN_CALL(0, "a"), ARGS(0, "{")},
     STARTED "0 tool id=a name=f; args:'{'" CUT},
    {"test_t11_12 cut behind a block",
     {MESSAGE, OPEN_TEXT(0), TEXT(0, "x"), CLOSE(0)},
     STARTED "0 text; text:'x'; stop" CUT},
    {"test_t11_12 nothing came",
     {NULL},
     "error 12 code=stream_truncated message=upstream stream ended before completion"},
    {"test_t11_12 a stop of nothing",
     {DONE},
     "error 12 code=stream_truncated message=upstream stream ended before completion"},
    {"test_t11_14 error in the midst",
     {MESSAGE, OPEN_TEXT(0), TEXT(0, "x"),
      "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
      CLOSE(0), DONE},
     STARTED "0 text; text:'x'; error 13 message=Overloaded"},
    {"test_t11_15 error first",
     {"{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}"},
     "error 10 message=slow"},
    {"error without a type", {"{\"error\":{\"message\":\"bad\"}}"}, "error 12 message=bad"},
    {"no JSON",
     {MESSAGE, "{\"type\":", DONE},
     "start id=msg_1 model=claude-x in=10 out=1; error 12 code=upstream_protocol message=the "
     "upstream sent an event "
     "that is not JSON"},
};

/* The scratch memory is taken away after each event, so that what was kept in it is found out. */
static void test_read_stream(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(streams); i++) {
        struct gw_arena scratch, keep;
        struct gw_err err = {GW_OK, 0, ""};
        struct seen seen;
        void *reader = calloc(1, codec->reader_bytes);
        enum gw_status status = GW_OK;
        seen_init(&seen, streams[i].label);
        gw_arena_init(&keep, NULL);
        gw_arena_init(&scratch, NULL);
        for (size_t j = 0; j < GW_COUNT(streams[i].data) && streams[i].data[j]; j++) {
            char *copy = strdup(streams[i].data[j]);
            status = codec->read_event(reader, GW_STR(""), gw_str_of(copy), &scratch, &keep, see,
                                       &seen, &err);
            free(copy);
            gw_arena_finish(&scratch);
            if (status == GW_EOF)
                break;
            if (status != GW_OK)
                fail_msg("%s: event %zu: %s", streams[i].label, j, err.message);
        }
        assert_int_equal(codec->read_end(reader, &scratch, &keep, see, &seen, &err), GW_OK);
        assert_true(seen.grammar.ended || seen.grammar.failed);
        seen_check(&seen, streams[i].events);
        gw_arena_finish(&scratch);
        gw_arena_finish(&keep);
        free(reader);
    }
}

static void test_event_line_names_what_the_data_does_not(void **state)
{
    struct gw_arena scratch, keep;
    struct gw_messages_stream_reader reader = {0};
    struct seen seen;

    (void)state;
    gw_arena_init(&scratch, NULL);
    gw_arena_init(&keep, NULL);
    seen_init(&seen, "event line");
    assert_int_equal(codec->read_event(&reader, GW_STR("message_start"),
                                       GW_STR("{\"message\":{\"id\":\"m\"}}"), &scratch, &keep, see,
                                       &seen, NULL),
                     GW_OK);
    assert_int_equal(codec->read_event(&reader, GW_STR("ping"),
                                       GW_STR("{\"type\":\"message_stop\"}"), &scratch, &keep, see,
                                       &seen, NULL),
                     GW_EOF);
    assert_int_equal(
        codec->read_event(&reader, GW_STR("ping"), GW_STR("{}"), &scratch, &keep, see, &seen, NULL),
        GW_EOF);
    seen_check(&seen, "start id=m; finish stop; end");
    gw_arena_finish(&scratch);
    gw_arena_finish(&keep);
}

static enum gw_status refuse(void *arg, const struct gw_event *event)
{
    unsigned *left = arg;

    (void)event;
    return (*left)-- ? GW_OK : GW_TIMEOUT;
}

static void test_who_takes_the_events_can_stop_them(void **state)
{
    const char *body = CONTENT("{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"b\"},"
                               "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}");

    (void)state;
    for (unsigned taken = 0; taken < 10; taken++) {
        struct gw_arena arena;
        unsigned left = taken;
        gw_arena_init(&arena, NULL);
        assert_int_equal(codec->read_answer(gw_str_of(body), &arena, refuse, &left, NULL),
                         GW_TIMEOUT);
        gw_arena_finish(&arena);
    }
}

static void test_what_is_kept_of_a_stream_has_a_limit(void **state)
{
    struct gw_arena scratch, keep;
    struct gw_messages_stream_reader reader = {0};
    struct seen seen;
    char *piece = malloc((1 << 20) + 200);
    enum gw_status status = GW_OK;
    int len, pieces = 0;

    (void)state;
    assert_non_null(piece);
    gw_arena_init(&scratch, NULL);
    gw_arena_init(&keep, NULL);
    seen_init(&seen, "limit");
    (void)codec->read_event(
        &reader, GW_STR(""),
        GW_STR(OPEN(0, "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")), &scratch,
        &keep, see, &seen, NULL);
    len = sprintf(piece, "%s",
                  "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
                  "\"signature_delta\",\"signature\":\"");
    memset(piece + len, 'x', 1 << 20);
    strcpy(piece + len + (1 << 20), "\"}}");
    for (; status == GW_OK && pieces < 32; pieces++) {
        status = codec->read_event(&reader, GW_STR(""), gw_str_of(piece), &scratch, &keep, see,
                                   &seen, NULL);
        gw_arena_finish(&scratch);
    }
    assert_int_equal(status, GW_EOF);
    assert_int_equal(pieces, 17);
    seen_check(&seen,
               "start; 0 thinking; error 12 code=upstream_protocol message=the upstream sent "
               "too much in one block");
    free(piece);
    gw_arena_finish(&keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_answer),
        cmocka_unit_test(test_t11_50_every_stop_reason_is_told_apart),
        cmocka_unit_test(test_what_is_no_answer_is_refused),
        cmocka_unit_test(test_read_stream),
        cmocka_unit_test(test_event_line_names_what_the_data_does_not),
        cmocka_unit_test(test_who_takes_the_events_can_stop_them),
        cmocka_unit_test(test_what_is_kept_of_a_stream_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
