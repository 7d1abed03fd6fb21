#include "unit/test.h"

#include <stdlib.h>

#include "codec/anthropic_messages_private.h"
#include "model/carrier.h"

static const struct gw_codec *const codec = &gw_codec_anthropic_messages;

#define T(literal)                                                                                 \
    {                                                                                              \
        GW_STR_INIT(literal)                                                                       \
    }
#define START                                                                                      \
    {                                                                                              \
        .kind = GW_EVENT_START, .id = T("chatcmpl-1"), .model = T("gpt")                           \
    }
#define OPEN(what)                                                                                 \
    {                                                                                              \
        .kind = GW_EVENT_BLOCK_START, .block_kind = (what)                                         \
    }
#define OPEN_OF(what, whose)                                                                       \
    {                                                                                              \
        .kind = GW_EVENT_BLOCK_START, .block_kind = (what), .family = (whose)                      \
    }
#define CALL(call_id, tool_name)                                                                   \
    {                                                                                              \
        .kind = GW_EVENT_BLOCK_START, .block_kind = GW_BLOCK_TOOL, .id = T(call_id),               \
        .name = T(tool_name)                                                                       \
    }
#define PIECE(what, of)                                                                            \
    {                                                                                              \
        .kind = GW_EVENT_DELTA, .delta = (what), .text = T(of)                                     \
    }
#define JSON(what, of)                                                                             \
    {                                                                                              \
        .kind = GW_EVENT_DELTA, .delta = (what), .json = GW_STR_INIT(of)                           \
    }
#define CLOSE                                                                                      \
    {                                                                                              \
        .kind = GW_EVENT_BLOCK_STOP                                                                \
    }
/* 0 is unknown here. */
#define USAGE(...)                                                                                 \
    {                                                                                              \
        .kind = GW_EVENT_USAGE, .usage = {.tokens = {__VA_ARGS__} }                                \
    }
#define FINISH(reason)                                                                             \
    {                                                                                              \
        .kind = GW_EVENT_FINISH, .finish = (reason)                                                \
    }
#define END                                                                                        \
    {                                                                                              \
        .kind = GW_EVENT_END                                                                       \
    }
#define EVENTS_MAX 16
#define NO_USAGE                                                                                   \
    "{\"input_tokens\":0,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,"         \
    "\"output_tokens\":0"

/* `content` is what is within the brackets; `stop` from stop_reason to stop_details; `stream` one line for each
 * event between message_start and message_delta. */
static const struct {
    const char *label;
    struct gw_event events[EVENTS_MAX];
    const char *content, *stop, *stream;
} rows[] = {
    {"nothing at all", {START, FINISH(GW_FINISH_STOP), END}, "", "\"end_turn\",null,null", ""},
    {"text",
     {START, OPEN(GW_BLOCK_TEXT), PIECE(GW_DELTA_TEXT, " Hel\\n"), PIECE(GW_DELTA_TEXT, "lo"),
      CLOSE, FINISH(GW_FINISH_STOP), END},
     "{\"type\":\"text\",\"text\":\" Hel\\nlo\"}",
     "\"end_turn\",null,null",
     "start 0 {\"type\":\"text\",\"text\":\"\"}\n"
     "delta 0 {\"type\":\"text_delta\",\"text\":\" Hel\\n\"}\n"
     "delta 0 {\"type\":\"text_delta\",\"text\":\"lo\"}\n"
     "stop 0\n"},
    {"an empty text is no block",
     {START, OPEN(GW_BLOCK_TEXT), CLOSE, OPEN(GW_BLOCK_TEXT), PIECE(GW_DELTA_TEXT, "a"), CLOSE,
      FINISH(GW_FINISH_STOP), END},
     "{\"type\":\"text\",\"text\":\"a\"}",
     "\"end_turn\",null,null",
     "start 0 {\"type\":\"text\",\"text\":\"\"}\ndelta 0 "
     "{\"type\":\"text_delta\",\"text\":\"a\"}\nstop 0\n"},
    {"test_t11_26 a surrogate pair split, and one half alone",
     {START, OPEN(GW_BLOCK_TEXT), PIECE(GW_DELTA_TEXT, "a\\ud83d"), PIECE(GW_DELTA_TEXT, "\\ude00"),
      PIECE(GW_DELTA_TEXT, "\\ud83d"), CLOSE, FINISH(GW_FINISH_STOP), END},
     "{\"type\":\"text\",\"text\":\"a\\ud83d\\ude00\\ufffd\"}",
     "\"end_turn\",null,null",
     "start 0 {\"type\":\"text\",\"text\":\"\"}\n"
     "delta 0 {\"type\":\"text_delta\",\"text\":\"a\"}\n"
     "delta 0 {\"type\":\"text_delta\",\"text\":\"\\ud83d\\ude00\"}\n"
     "delta 0 {\"type\":\"text_delta\",\"text\":\"\\ufffd\"}\n"
     "stop 0\n"},
    {"thinking of Claude",
     {START, OPEN_OF(GW_BLOCK_REASONING, GW_FAMILY_ANTHROPIC), PIECE(GW_DELTA_REASONING, "hm"),
      PIECE(GW_DELTA_SIGNATURE, "Sig="), CLOSE, OPEN_OF(GW_BLOCK_REDACTED, GW_FAMILY_ANTHROPIC),
      PIECE(GW_DELTA_DATA, "D="), CLOSE, FINISH(GW_FINISH_STOP), END},
     "{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"Sig=\"},"
     "{\"type\":\"redacted_thinking\",\"data\":\"D=\"}",
     "\"end_turn\",null,null",
     "start 0 {\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}\n"
     "delta 0 {\"type\":\"thinking_delta\",\"thinking\":\"hm\"}\n"
     "delta 0 {\"type\":\"signature_delta\",\"signature\":\"Sig=\"}\n"
     "stop 0\n"
     "start 1 {\"type\":\"redacted_thinking\",\"data\":\"D=\"}\n"
     "stop 1\n"},
    {"thinking without proof",
     {START, OPEN_OF(GW_BLOCK_REASONING, GW_FAMILY_PLAIN), PIECE(GW_DELTA_REASONING, "hm"), CLOSE,
      OPEN_OF(GW_BLOCK_REASONING, GW_FAMILY_PLAIN), CLOSE, FINISH(GW_FINISH_STOP), END},
     "{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"\"}",
     "\"end_turn\",null,null",
     "start 0 {\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}\n"
     "delta 0 {\"type\":\"thinking_delta\",\"thinking\":\"hm\"}\n"
     "stop 0\n"},
    {"test_t11_04 thinking and only then text",
     {START, OPEN_OF(GW_BLOCK_REASONING, GW_FAMILY_PLAIN), PIECE(GW_DELTA_REASONING, "a"), CLOSE,
      OPEN(GW_BLOCK_TEXT), PIECE(GW_DELTA_TEXT, "b"), CLOSE,
      OPEN_OF(GW_BLOCK_REASONING, GW_FAMILY_PLAIN), PIECE(GW_DELTA_REASONING, "c"), CLOSE,
      FINISH(GW_FINISH_STOP), END},
     "{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"\"},{\"type\":\"text\",\"text\":"
     "\"b\"},"
     "{\"type\":\"thinking\",\"thinking\":\"c\",\"signature\":\"\"}",
     "\"end_turn\",null,null",
     "start 0 {\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}\n"
     "delta 0 {\"type\":\"thinking_delta\",\"thinking\":\"a\"}\n"
     "stop 0\n"
     "start 1 {\"type\":\"text\",\"text\":\"\"}\n"
     "delta 1 {\"type\":\"text_delta\",\"text\":\"b\"}\n"
     "stop 1\n"
     "start 2 {\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}\n"
     "delta 2 {\"type\":\"thinking_delta\",\"thinking\":\"c\"}\n"
     "stop 2\n"},
    {"state of OpenAI rides behind its text",
     {START, OPEN_OF(GW_BLOCK_REASONING, GW_FAMILY_OPENAI), PIECE(GW_DELTA_REASONING, "hm"),
      PIECE(GW_DELTA_SIGNATURE, "ENC"), CLOSE, OPEN_OF(GW_BLOCK_REDACTED, GW_FAMILY_OPENAI),
      PIECE(GW_DELTA_DATA, "XYZ"), CLOSE, FINISH(GW_FINISH_STOP), END},
     "{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"\"},"
     "{\"type\":\"redacted_thinking\",\"data\":\"<o:ENC>\"},"
     "{\"type\":\"redacted_thinking\",\"data\":\"<o:XYZ>\"}",
     "\"end_turn\",null,null",
     "start 0 {\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}\n"
     "delta 0 {\"type\":\"thinking_delta\",\"thinking\":\"hm\"}\n"
     "stop 0\n"
     "start 1 {\"type\":\"redacted_thinking\",\"data\":\"<o:ENC>\"}\n"
     "stop 1\n"
     "start 2 {\"type\":\"redacted_thinking\",\"data\":\"<o:XYZ>\"}\n"
     "stop 2\n"},
    {"test_t11_02 one block a call, numbered without gaps",
     {START, OPEN(GW_BLOCK_TEXT), CLOSE, CALL("call_a", "f"),
      PIECE(GW_DELTA_ARGUMENTS, "{\\\"x\\\":"), PIECE(GW_DELTA_ARGUMENTS, " 1.0}"), CLOSE,
      CALL("call_b", "g"), JSON(GW_DELTA_ARGUMENTS, "{\"y\": \"\\n\"}"), CLOSE,
      FINISH(GW_FINISH_TOOL_USE), END},
     "{\"type\":\"tool_use\",\"id\":\"call_a\",\"name\":\"f\",\"input\":{\"x\": 1.0}},"
     "{\"type\":\"tool_use\",\"id\":\"call_b\",\"name\":\"g\",\"input\":{\"y\": \"\\n\"}}",
     "\"tool_use\",null,null",
     "start 0 {\"type\":\"tool_use\",\"id\":\"call_a\",\"name\":\"f\",\"input\":{}}\n"
     "delta 0 {\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"x\\\":\"}\n"
     "delta 0 {\"type\":\"input_json_delta\",\"partial_json\":\" 1.0}\"}\n"
     "stop 0\n"
     "start 1 {\"type\":\"tool_use\",\"id\":\"call_b\",\"name\":\"g\",\"input\":{}}\n"
     "delta 1 {\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"y\\\": \\\"\\\\n\\\"}\"}\n"
     "stop 1\n"},
    {"test_t11_22 no arguments are an empty object",
     {START, CALL("a", "f"), CLOSE, CALL("b", "g"), PIECE(GW_DELTA_ARGUMENTS, ""), CLOSE,
      FINISH(GW_FINISH_TOOL_USE), END},
     "{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{}},"
     "{\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"g\",\"input\":{}}",
     "\"tool_use\",null,null",
     "start 0 {\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{}}\n"
     "delta 0 {\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}\n"
     "stop 0\n"
     "start 1 {\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"g\",\"input\":{}}\n"
     "delta 1 {\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}\n"
     "stop 1\n"},
    {"test_t11_33 ids that a Messages caller may send back",
     {START, CALL("functions.f:0", "f"), PIECE(GW_DELTA_ARGUMENTS, "{}"), CLOSE,
      FINISH(GW_FINISH_TOOL_USE), END},
     "{\"type\":\"tool_use\",\"id\":\"functions_f_0_d6bdd4de\",\"name\":\"f\",\"input\":{}}",
     "\"tool_use\",null,null",
     "start 0 "
     "{\"type\":\"tool_use\",\"id\":\"functions_f_0_d6bdd4de\",\"name\":\"f\",\"input\":{}}\n"
     "delta 0 {\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}\n"
     "stop 0\n"},
    {"arguments cut off",
     {START, CALL("a", "f"), PIECE(GW_DELTA_ARGUMENTS, "{\\\"x"), CLOSE, FINISH(GW_FINISH_LENGTH),
      END},
     "{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{\"__raw_arguments\":\"{\\\"x\"}"
     "}",
     "\"max_tokens\",null,null",
     "start 0 {\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{}}\n"
     "delta 0 {\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"x\"}\n"
     "stop 0\n"},
    {"test_t11_50 a refusal is told as one",
     {START, OPEN(GW_BLOCK_REFUSAL), PIECE(GW_DELTA_REFUSAL, "I "),
      PIECE(GW_DELTA_REFUSAL, "won't"), CLOSE, FINISH(GW_FINISH_STOP), END},
     "{\"type\":\"text\",\"text\":\"I won't\"}",
     "\"refusal\",null,{\"type\":\"refusal\",\"category\":null,\"explanation\":\"I won't\"}",
     "start 0 {\"type\":\"text\",\"text\":\"\"}\n"
     "delta 0 {\"type\":\"text_delta\",\"text\":\"I \"}\n"
     "delta 0 {\"type\":\"text_delta\",\"text\":\"won't\"}\n"
     "stop 0\n"},
    {"citations of OpenAI, in both of its forms, and of Claude",
     {START, OPEN(GW_BLOCK_TEXT), PIECE(GW_DELTA_TEXT, "a"),
      JSON(GW_DELTA_ANNOTATION, "{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"u\","
                                "\"title\":\"t\",\"start_index\":0}}"),
      JSON(GW_DELTA_ANNOTATION, "{\"type\":\"url_citation\",\"url\":\"v\"}"),
      JSON(GW_DELTA_ANNOTATION, "{\"type\":\"page_location\",\n\"cited_text\":\"c\"}"),
      JSON(GW_DELTA_ANNOTATION, "{\"type\":\"file_path\",\"file_id\":\"f\"}"), CLOSE,
      FINISH(GW_FINISH_STOP), END},
     "{\"type\":\"text\",\"text\":\"a\",\"citations\":[{\"type\":\"web_search_result_location\","
     "\"url\":\"u\","
     "\"title\":\"t\",\"cited_text\":\"\",\"encrypted_index\":\"\"},{\"type\":\"web_search_result_"
     "location\","
     "\"url\":\"v\",\"title\":null,\"cited_text\":\"\",\"encrypted_index\":\"\"},"
     "{\"type\":\"page_location\", \"cited_text\":\"c\"}]}",
     "\"end_turn\",null,null",
     "start 0 {\"type\":\"text\",\"text\":\"\"}\n"
     "delta 0 {\"type\":\"text_delta\",\"text\":\"a\"}\n"
     "delta 0 "
     "{\"type\":\"citations_delta\",\"citation\":{\"type\":\"web_search_result_location\",\"url\":"
     "\"u\","
     "\"title\":\"t\",\"cited_text\":\"\",\"encrypted_index\":\"\"}}\n"
     "delta 0 "
     "{\"type\":\"citations_delta\",\"citation\":{\"type\":\"web_search_result_location\",\"url\":"
     "\"v\","
     "\"title\":null,\"cited_text\":\"\",\"encrypted_index\":\"\"}}\n"
     "delta 0 {\"type\":\"citations_delta\",\"citation\":{\"type\":\"page_location\", "
     "\"cited_text\":\"c\"}}\n"
     "stop 0\n"},
    {"what a Messages caller has no block for",
     {START, OPEN(GW_BLOCK_IMAGE), PIECE(GW_DELTA_DATA, "data:x"), CLOSE,
      OPEN_OF(GW_BLOCK_SERVER_TOOL, GW_FAMILY_OPENAI), JSON(GW_DELTA_DATA, "{\"type\":\"x\"}"),
      CLOSE, OPEN_OF(GW_BLOCK_SERVER_TOOL, GW_FAMILY_ANTHROPIC),
      JSON(GW_DELTA_DATA, "{\"type\":\n\"y\"}"), CLOSE, FINISH(GW_FINISH_PAUSE), END},
     "{\"type\": \"y\"}",
     "\"pause_turn\",null,null",
     "start 0 {\"type\": \"y\"}\n"
     "stop 0\n"},
    {"logprobs have no place",
     {START, OPEN(GW_BLOCK_TEXT), JSON(GW_DELTA_LOGPROBS, "[1]"), PIECE(GW_DELTA_TEXT, "a"), CLOSE,
      FINISH(GW_FINISH_STOP), END},
     "{\"type\":\"text\",\"text\":\"a\"}",
     "\"end_turn\",null,null",
     "start 0 {\"type\":\"text\",\"text\":\"\"}\ndelta 0 "
     "{\"type\":\"text_delta\",\"text\":\"a\"}\nstop 0\n"},
};

static const struct gw_answer_context context = {
    .model = T("sent-upstream"),
    .seed = GW_STR_INIT("0123456789abcdef"),
    .request_id = GW_STR_INIT("req_1"),
};

/* ---- playing the events ---- */

/* Whoever makes events fills these in. */
static void number(struct gw_event *events)
{
    unsigned blocks = 0;
    enum gw_block_kind kind = GW_BLOCK_TEXT;
    enum gw_family family = GW_FAMILY_NONE;

    for (struct gw_event *event = events;; event++) {
        for (unsigned i = 0; i < GW_TOKENS_FIELDS; i++)
            if (event->usage.tokens[i] == 0)
                event->usage.tokens[i] = GW_TOKENS_UNKNOWN;
        if (event->kind == GW_EVENT_BLOCK_START) {
            blocks++;
            kind = event->block_kind;
            family = event->family;
        }
        event->block = blocks ? blocks - 1 : 0;
        event->block_kind = kind;
        event->family = family;
        if (event->kind == GW_EVENT_END || event->kind == GW_EVENT_ERROR)
            return;
    }
}

static void write_whole(const struct gw_event *events, struct gw_arena *arena, struct gw_buf *out)
{
    struct gw_answer answer;
    struct gw_grammar grammar = {0};
    struct gw_err err;

    gw_answer_init(&answer, arena);
    for (const struct gw_event *event = events;; event++) {
        if (!gw_grammar_take(&grammar, event, &err))
            fail_msg("%s", err.message);
        assert_int_equal(gw_answer_take(&answer, event), GW_OK);
        if (event->kind == GW_EVENT_END)
            break;
    }
    assert_int_equal(codec->write_answer(&answer, &context, out), GW_OK);
}

/* What an event points to is gone after it, and so is the scratch memory. */
static void write_stream(const struct gw_event *events, struct gw_buf *out)
{
    void *writer = calloc(1, codec->writer_bytes);
    struct gw_arena scratch, keep, event_memory;

    gw_arena_init(&keep, NULL);
    gw_arena_init(&scratch, NULL);
    gw_arena_init(&event_memory, NULL);
    for (const struct gw_event *event = events;; event++) {
        struct gw_event copy = *event;
        copy.text.raw = gw_arena_str(&event_memory, event->text.raw);
        copy.stop_sequence.raw = event->stop_sequence.raw.base
                                     ? gw_arena_str(&event_memory, event->stop_sequence.raw)
                                     : event->stop_sequence.raw;
        assert_int_equal(codec->write_event(writer, &copy, &context, &scratch, &keep, out), GW_OK);
        gw_arena_finish(&event_memory);
        gw_arena_finish(&scratch);
        if (event->kind == GW_EVENT_END || event->kind == GW_EVENT_ERROR)
            break;
    }
    gw_arena_finish(&keep);
    free(writer);
}

/* Writes carriers as "<o:ENC>", so that a row can say what is in one. */
static void open_carriers(struct gw_buf *out, struct gw_arena *arena)
{
    struct gw_str text = gw_arena_str(arena, gw_buf_str(out));

    gw_buf_take(out, gw_buf_len(out));
    for (;;) {
        size_t at = gw_str_find_str(text, GW_STR("gw1:"));
        gw_buf_add(out, (struct gw_str){text.base, at});
        text = gw_str_from(text, at);
        if (!text.len)
            return;
        struct gw_str data = {text.base, gw_str_find(text, '"')};
        struct gw_part *part = NULL;
        assert_int_equal(gw_carrier_read((struct gw_text){data}, arena, &part), GW_OK);
        assert_non_null(part);
        struct gw_text state = part->kind == GW_PART_REASONING  ? part->signature
                               : part->kind == GW_PART_REDACTED ? part->data
                                                                : part->gsig;
        gw_buf_printf(out, "<%c:%.*s>", gw_family_letter(part->family), GW_STR_ARG(state.raw));
        text = gw_str_from(text, data.len);
    }
}

static void compare(const char *label, struct gw_str got, struct gw_str want)
{
    if (!gw_str_eq(got, want))
        fail_msg("%s:\n  got  %.*s\n  want %.*s", label, GW_STR_ARG(got), GW_STR_ARG(want));
}

static void test_write_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_event events[EVENTS_MAX];
        struct gw_arena arena;
        struct gw_buf out, want;
        memcpy(events, rows[i].events, sizeof(events));
        number(events);
        gw_arena_init(&arena, NULL);
        gw_buf_init(&out, 1 << 20);
        gw_buf_init(&want, 1 << 20);
        write_whole(events, &arena, &out);
        open_carriers(&out, &arena);
        struct gw_str stop = gw_str_of(rows[i].stop);
        size_t reason = gw_str_find(stop, ','), sequence = 0;
        sequence = reason + 1 + gw_str_find(gw_str_from(stop, reason + 1), ',');
        gw_buf_printf(&want,
                      "{\"id\":\"msg_chatcmpl-1\",\"type\":\"message\",\"role\":\"assistant\","
                      "\"model\":\"gpt\",\"content\":[%s],\"stop_reason\":%.*s,\"stop_sequence\":"
                      "%.*s,\"stop_details\":%s,\"container\":null,\"usage\":" NO_USAGE
                      ",\"output_tokens_details\":null}}",
                      rows[i].content, (int)reason, stop.base, (int)(sequence - reason - 1),
                      stop.base + reason + 1, stop.base + sequence + 1);
        compare(rows[i].label, gw_buf_str(&out), gw_buf_str(&want));
        gw_buf_finish(&out);
        gw_buf_finish(&want);
        gw_arena_finish(&arena);
    }
}

/* "start 0 {…}" for `event: content_block_start` and its data, and so on. */
static void add_event(struct gw_buf *want, struct gw_str line)
{
    struct gw_str word = {line.base, gw_str_find(line, ' ')};
    struct gw_str rest = gw_str_from(line, word.len + 1);
    struct gw_str index = {rest.base, gw_str_find(rest, ' ')};
    const char *member = gw_str_eq(word, GW_STR("start")) ? "content_block" : "delta";

    rest = gw_str_from(rest, index.len + 1);
    gw_buf_printf(
        want, "event: content_block_%.*s\ndata: {\"type\":\"content_block_%.*s\",\"index\":%.*s",
        GW_STR_ARG(word), GW_STR_ARG(word), GW_STR_ARG(index));
    if (rest.len)
        gw_buf_printf(want, ",\"%s\":%.*s", member, GW_STR_ARG(rest));
    gw_buf_add(want, GW_STR("}\n\n"));
}

static void test_write_stream(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_event events[EVENTS_MAX];
        struct gw_arena arena;
        struct gw_buf out, want;
        struct gw_str lines = gw_str_of(rows[i].stream), stop = gw_str_of(rows[i].stop);
        memcpy(events, rows[i].events, sizeof(events));
        number(events);
        gw_arena_init(&arena, NULL);
        gw_buf_init(&out, 1 << 20);
        gw_buf_init(&want, 1 << 20);
        write_stream(events, &out);
        open_carriers(&out, &arena);
        gw_buf_printf(&want,
                      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{"
                      "\"id\":\"msg_chatcmpl-1\",\"type\":\"message\",\"role\":\"assistant\","
                      "\"model\":\"gpt\",\"content\":[],\"stop_reason\":null,"
                      "\"stop_sequence\":null,\"stop_details\":null,\"container\":null,"
                      "\"usage\":" NO_USAGE ",\"output_tokens_details\":null}}}\n\n"
                      "event: ping\ndata: {\"type\":\"ping\"}\n\n");
        while (lines.len) {
            struct gw_str line = {lines.base, gw_str_find(lines, '\n')};
            add_event(&want, line);
            lines = gw_str_from(lines, line.len + 1);
        }
        size_t reason = gw_str_find(stop, ',');
        size_t sequence = reason + 1 + gw_str_find(gw_str_from(stop, reason + 1), ',');
        gw_buf_printf(&want,
                      "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{"
                      "\"stop_reason\":%.*s,\"stop_sequence\":%.*s,\"stop_details\":%s},"
                      "\"usage\":" NO_USAGE "}}\n\n"
                      "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
                      (int)reason, stop.base, (int)(sequence - reason - 1), stop.base + reason + 1,
                      stop.base + sequence + 1);
        compare(rows[i].label, gw_buf_str(&out), gw_buf_str(&want));
        gw_buf_finish(&out);
        gw_buf_finish(&want);
        gw_arena_finish(&arena);
    }
}

/* ---- ends ---- */

static bool contains(const struct gw_buf *out, const char *text)
{
    struct gw_str all = gw_buf_str(out);
    return gw_str_find_str(all, gw_str_of(text)) < all.len;
}

static void test_t11_50_every_finish_has_its_stop_reason(void **state)
{
    static const struct {
        const char *label;
        struct gw_event finish;
        const char *stop;
    } finishes[] = {
        {"none", FINISH(GW_FINISH_NONE),
         "\"end_turn\",\"stop_sequence\":null,\"stop_details\":null"},
        {"stop", FINISH(GW_FINISH_STOP),
         "\"end_turn\",\"stop_sequence\":null,\"stop_details\":null"},
        {"sequence",
         {.kind = GW_EVENT_FINISH, .finish = GW_FINISH_STOP_SEQUENCE, .stop_sequence = T("\\\\X")},
         "\"stop_sequence\",\"stop_sequence\":\"\\\\X\",\"stop_details\":null"},
        {"unknown sequence", FINISH(GW_FINISH_STOP_SEQUENCE),
         "\"end_turn\",\"stop_sequence\":null,\"stop_details\":null"},
        {"length", FINISH(GW_FINISH_LENGTH),
         "\"max_tokens\",\"stop_sequence\":null,\"stop_details\":null"},
        {"context", FINISH(GW_FINISH_CONTEXT_LENGTH),
         "\"model_context_window_exceeded\",\"stop_sequence\":null,\"stop_details\":null"},
        {"tool", FINISH(GW_FINISH_TOOL_USE),
         "\"tool_use\",\"stop_sequence\":null,\"stop_details\":null"},
        {"filter", FINISH(GW_FINISH_CONTENT_FILTER),
         "\"refusal\",\"stop_sequence\":null,\"stop_details\":null"},
        {"refusal",
         {.kind = GW_EVENT_FINISH, .finish = GW_FINISH_REFUSAL, .explanation = T("no")},
         "\"refusal\",\"stop_sequence\":null,\"stop_details\":{\"type\":\"refusal\",\"category\":"
         "null,"
         "\"explanation\":\"no\"}"},
        {"refusal of Claude, with all that it says, on one line",
         {.kind = GW_EVENT_FINISH,
          .finish = GW_FINISH_REFUSAL,
          .explanation = T("no"),
          .stop_details =
              GW_STR_INIT("{\"type\":\"refusal\",\n\"category\":\"cyber\",\"new\":[1]}")},
         "\"refusal\",\"stop_sequence\":null,\"stop_details\":{\"type\":\"refusal\", "
         "\"category\":\"cyber\",\"new\":[1]}"},
        {"details of what is no refusal",
         {.kind = GW_EVENT_FINISH,
          .finish = GW_FINISH_STOP,
          .stop_details = GW_STR_INIT("{\"type\":\"refusal\"}")},
         "\"end_turn\",\"stop_sequence\":null,\"stop_details\":null"},
        {"pause", FINISH(GW_FINISH_PAUSE),
         "\"pause_turn\",\"stop_sequence\":null,\"stop_details\":null"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(finishes); i++) {
        struct gw_event events[] = {START, finishes[i].finish, END};
        struct gw_arena arena;
        struct gw_buf whole, stream;
        number(events);
        gw_arena_init(&arena, NULL);
        gw_buf_init(&whole, 1 << 16);
        gw_buf_init(&stream, 1 << 16);
        write_whole(events, &arena, &whole);
        write_stream(events, &stream);
        struct gw_str want = gw_arena_printf(&arena, "\"stop_reason\":%s", finishes[i].stop);
        if (!contains(&whole, want.base) || !contains(&stream, want.base))
            fail_msg("%s:\n%.*s\n%.*s", finishes[i].label, GW_STR_ARG(gw_buf_str(&whole)),
                     GW_STR_ARG(gw_buf_str(&stream)));
        gw_buf_finish(&whole);
        gw_buf_finish(&stream);
        gw_arena_finish(&arena);
    }
}

static void test_t11_07_the_last_event_has_all_counts(void **state)
{
    struct gw_event events[] = {
        START, FINISH(GW_FINISH_STOP),
        USAGE([GW_TOKENS_IN] = 240, [GW_TOKENS_CACHE_READ] = 200, [GW_TOKENS_CACHE_WRITE] = 30,
              [GW_TOKENS_OUT] = 5, [GW_TOKENS_REASONING] = 3),
        END};
    const char *counts = "\"usage\":{\"input_tokens\":10,\"cache_creation_input_tokens\":30,"
                         "\"cache_read_input_tokens\":200,\"output_tokens\":5,"
                         "\"output_tokens_details\":{\"thinking_tokens\":3}}";
    struct gw_arena arena;
    struct gw_buf whole, stream;

    (void)state;
    number(events);
    gw_arena_init(&arena, NULL);
    gw_buf_init(&whole, 1 << 16);
    gw_buf_init(&stream, 1 << 16);
    write_whole(events, &arena, &whole);
    write_stream(events, &stream);
    assert_true(contains(&whole, counts));
    assert_true(contains(&stream, counts));
    gw_buf_finish(&whole);
    gw_buf_finish(&stream);
    gw_arena_finish(&arena);
}

static void test_cached_tokens_are_never_more_than_all(void **state)
{
    struct gw_event events[] = {
        START, FINISH(GW_FINISH_STOP),
        USAGE([GW_TOKENS_IN] = 5, [GW_TOKENS_CACHE_READ] = 200, [GW_TOKENS_CACHE_WRITE] = 1), END};
    struct gw_buf out;

    (void)state;
    number(events);
    gw_buf_init(&out, 1 << 16);
    write_stream(events, &out);
    assert_true(contains(&out, "{\"input_tokens\":0,\"cache_creation_input_tokens\":1,"
                               "\"cache_read_input_tokens\":200,\"output_tokens\":0}"));
    gw_buf_finish(&out);
}

static void test_t11_14_an_error_ends_the_stream_without_success(void **state)
{
    struct gw_event events[] = {
        START,
        OPEN(GW_BLOCK_TEXT),
        PIECE(GW_DELTA_TEXT, "a"),
        {.kind = GW_EVENT_ERROR,
         .failure = {.class = GW_CLASS_OVERLOADED, .message = T("busy \\\"")}}};
    struct gw_str want = GW_STR("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"
                                "\"overloaded_error\",\"message\":\"busy \\\"\"},\"request_id\":"
                                "\"req_1\"}\n\n");
    struct gw_buf out;

    (void)state;
    number(events);
    gw_buf_init(&out, 1 << 16);
    write_stream(events, &out);
    struct gw_str all = gw_buf_str(&out);
    assert_true(all.len > want.len && gw_str_eq(gw_str_from(all, all.len - want.len), want));
    assert_false(contains(&out, "content_block_stop") || contains(&out, "message_delta") ||
                 contains(&out, "message_stop"));
    gw_buf_finish(&out);
}

static void test_nothing_follows_an_error(void **state)
{
    struct gw_messages_stream_writer writer = {0};
    struct gw_event error = {.kind = GW_EVENT_ERROR,
                             .failure = {.class = GW_CLASS_INTERNAL, .message = T("x")}};
    struct gw_event end = END;
    struct gw_arena arena;
    struct gw_buf out;

    (void)state;
    gw_arena_init(&arena, NULL);
    gw_buf_init(&out, 1 << 16);
    assert_int_equal(codec->write_event(&writer, &error, &context, &arena, &arena, &out), GW_OK);
    size_t len = gw_buf_len(&out);
    assert_int_equal(codec->write_event(&writer, &end, &context, &arena, &arena, &out), GW_OK);
    assert_int_equal(gw_buf_len(&out), len);
    gw_buf_finish(&out);
    gw_arena_finish(&arena);
}

/* ---- ids ---- */

static void test_ids_and_model_are_made_up_when_there_are_none(void **state)
{
    struct gw_event events[] = {
        {.kind = GW_EVENT_START},
        {.kind = GW_EVENT_BLOCK_START, .block_kind = GW_BLOCK_TOOL, .name = T("f")},
        CLOSE,
        {.kind = GW_EVENT_BLOCK_START, .block_kind = GW_BLOCK_TOOL, .name = T("f")},
        CLOSE,
        FINISH(GW_FINISH_TOOL_USE),
        END};
    struct gw_arena arena;
    struct gw_buf whole, stream;
    struct gw_json json;
    struct gw_text ids[2], id;

    (void)state;
    number(events);
    gw_arena_init(&arena, NULL);
    gw_buf_init(&whole, 1 << 16);
    gw_buf_init(&stream, 1 << 16);
    write_whole(events, &arena, &whole);
    write_stream(events, &stream);
    assert_int_equal(gw_json_read(gw_buf_str(&whole), &arena, 1000, &json, NULL), GW_OK);
    id = gw_messages_text(&json, 0, GW_STR("id"));
    assert_int_equal(id.raw.len, 28);
    assert_true(gw_str_starts(id.raw, GW_STR("msg_")));
    assert_true(
        gw_text_equals(gw_messages_text(&json, 0, GW_STR("model")), GW_STR("sent-upstream")));
    struct gw_json_iter iter = gw_json_iter(&json, gw_json_get(&json, 0, GW_STR("content")));
    for (unsigned i = 0; i < 2; i++) {
        uint32_t block;
        assert_true(gw_json_next(&json, &iter, &block));
        ids[i] = gw_messages_text(&json, block, GW_STR("id"));
        assert_int_equal(ids[i].raw.len, 30);
        assert_true(gw_str_starts(ids[i].raw, GW_STR("toolu_")));
        struct gw_str quoted = gw_arena_printf(&arena, "\"%.*s\"", GW_STR_ARG(ids[i].raw));
        assert_true(contains(&stream, quoted.base));
    }
    assert_false(gw_str_eq(ids[0].raw, ids[1].raw));
    gw_buf_finish(&whole);
    gw_buf_finish(&stream);
    gw_arena_finish(&arena);
}

static void test_answer_ids_are_those_of_messages(void **state)
{
    static const struct {
        struct gw_text id;
        const char *shown;
    } ids[] = {
        {T("msg_01X"), "msg_01X"},
        {T("chatcmpl-a_1"), "msg_chatcmpl-a_1"},
        {T("gen:1/\\u00e9"), "msg_gen1"},
    };
    struct gw_arena arena;

    (void)state;
    gw_arena_init(&arena, NULL);
    for (size_t i = 0; i < GW_COUNT(ids); i++) {
        struct gw_text shown = gw_messages_answer_id(ids[i].id, &context, &arena);
        compare(ids[i].shown, shown.raw, gw_str_of(ids[i].shown));
    }
    gw_arena_finish(&arena);
}

/* The state that a caller carries for another model comes back whole. */
static void test_state_of_others_comes_back(void **state)
{
    struct gw_event events[] = {START,
                                {.kind = GW_EVENT_BLOCK_START,
                                 .block_kind = GW_BLOCK_REASONING,
                                 .family = GW_FAMILY_OPENAI,
                                 .id = T("rs_1")},
                                PIECE(GW_DELTA_REASONING, "hm"),
                                PIECE(GW_DELTA_SIGNATURE, "ENC+/="),
                                CLOSE,
                                {.kind = GW_EVENT_BLOCK_START,
                                 .block_kind = GW_BLOCK_TOOL,
                                 .id = T("call_1"),
                                 .name = T("f"),
                                 .gsig = T("GSIG")},
                                CLOSE,
                                FINISH(GW_FINISH_TOOL_USE),
                                END};
    struct gw_arena arena;
    struct gw_buf out, body;
    struct gw_request request;
    struct gw_complaint complaint;
    struct gw_json json;

    (void)state;
    number(events);
    gw_arena_init(&arena, NULL);
    gw_buf_init(&out, 1 << 16);
    gw_buf_init(&body, 1 << 16);
    write_whole(events, &arena, &out);
    assert_int_equal(gw_json_read(gw_buf_str(&out), &arena, 1000, &json, NULL), GW_OK);
    struct gw_str content = gw_json_slice(&json, gw_json_get(&json, 0, GW_STR("content")));
    gw_buf_printf(&body,
                  "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":\"assistant\","
                  "\"content\":%.*s}]}",
                  GW_STR_ARG(content));
    request = (struct gw_request){.arena = &arena};
    assert_int_equal(codec->read_request(gw_buf_str(&body), &request, &complaint), GW_OK);
    const struct gw_part *part = request.messages->parts;
    assert_int_equal(part->kind, GW_PART_REASONING);
    assert_int_equal(part->family, GW_FAMILY_OPENAI);
    assert_true(gw_text_equals(part->text, GW_STR("hm")));
    assert_true(gw_text_equals(part->signature, GW_STR("ENC+/=")));
    assert_true(gw_text_equals(part->id, GW_STR("rs_1")));
    part = part->next;
    assert_int_equal(part->kind, GW_PART_TOOL_CALL);
    assert_true(gw_text_equals(part->gsig, GW_STR("GSIG")));
    assert_null(part->next);
    gw_buf_finish(&out);
    gw_buf_finish(&body);
    gw_arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_answer),
        cmocka_unit_test(test_write_stream),
        cmocka_unit_test(test_t11_50_every_finish_has_its_stop_reason),
        cmocka_unit_test(test_t11_07_the_last_event_has_all_counts),
        cmocka_unit_test(test_cached_tokens_are_never_more_than_all),
        cmocka_unit_test(test_t11_14_an_error_ends_the_stream_without_success),
        cmocka_unit_test(test_nothing_follows_an_error),
        cmocka_unit_test(test_ids_and_model_are_made_up_when_there_are_none),
        cmocka_unit_test(test_answer_ids_are_those_of_messages),
        cmocka_unit_test(test_state_of_others_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
