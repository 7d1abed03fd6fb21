/* Bugs of other gateways (translation.md §11), from caller to upstream and back: the rows that no test of one
 * codec is about, or that need both sides. The number is the row's. */
#include "unit/test.h"

#include <stdio.h>

#include "codec/translation.h"

#define OUT_BYTES_MAX ((size_t)1 << 20)
#define THINGS_MAX 6

enum mode { REQUEST, ANSWER, STREAM };

struct bug {
    const char *name;
    const char *caller, *upstream, *provider, *model;
    enum mode mode;
    const char *request; /* the caller's; NULL: any */
    const char *input;   /* the upstream's */
    const char *warnings;
    const char *has[THINGS_MAX], *lacks[THINGS_MAX]; /* what is written; has: in this order */
};

/* ---- what is sent ---- */

#define CHAT_STREAM(delta)                                                                         \
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","     \
    "\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":null}]}\n\n"
#define CHAT_END(finish)                                                                           \
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","     \
    "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" finish "\"}]}\n\n"               \
    "data: [DONE]\n\n"
#define CHAT_ANSWER(message, finish)                                                               \
    "{\"id\":\"c1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{"   \
    "\"index\":0,\"message\":{\"role\":\"assistant\"," message "},\"finish_reason\":\"" finish     \
    "\"}]}"
#define CALL(id)                                                                                   \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"
#define TOOL                                                                                       \
    "{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\"}}}"
#define CHAT(messages) "{\"model\":\"m\",\"max_tokens\":4000,\"messages\":[" messages "]"
#define ANTH(messages) "{\"model\":\"m\",\"max_tokens\":4000,\"messages\":[" messages "]"
#define USER "{\"role\":\"user\",\"content\":\"Go.\"}"
#define RESULT(id) "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"1\"}"
#define CLAUDE "claude-sonnet-4-5"

static const struct bug bugs[] = {
    {.name = "t11_02_each_parallel_call_has_its_block",
     .caller = "anth",
     .upstream = "chat",
     .mode = STREAM,
     .input = CHAT_STREAM("{\"tool_calls\":[{\"index\":0,\"id\":\"a1\",\"type\":\"function\","
                          "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":\"}}]}")
         CHAT_STREAM("{\"tool_calls\":[{\"index\":1,\"id\":\"b2\",\"type\":\"function\","
                     "\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}")
             CHAT_STREAM("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"1}\"}}]}")
                 CHAT_END("tool_calls"),
     .has = {"\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a1\"",
             "\"partial_json\":\"{\\\"x\\\":\"", "\"partial_json\":\"1}\"",
             "\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"b2\"",
             "\"partial_json\":\"{}\"", "\"stop_reason\":\"tool_use\""}},
    {.name = "t11_06_a_call_of_chat_is_no_end_turn",
     .caller = "anth",
     .upstream = "chat",
     .mode = ANSWER,
     .input = CHAT_ANSWER("\"content\":null,\"tool_calls\":[" CALL("a1") "]", "stop"),
     .has = {"\"stop_reason\":\"tool_use\""}},
    {.name = "t11_06_a_call_of_chat_is_no_end_turn_in_a_stream",
     .caller = "anth",
     .upstream = "chat",
     .mode = STREAM,
     .input = CHAT_STREAM("{\"tool_calls\":[{\"index\":0,\"id\":\"a1\",\"type\":\"function\","
                          "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}") CHAT_END("stop"),
     .has = {"\"stop_reason\":\"tool_use\""}},
    {.name = "t11_06_a_call_of_claude_is_no_stop",
     .caller = "chat",
     .upstream = "anth",
     .mode = ANSWER,
     .input = "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\","
              "\"content\":[{\"type\":\"tool_use\",\"id\":\"a1\",\"name\":\"f\",\"input\":{}}],"
              "\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}",
     .has = {"\"finish_reason\":\"tool_calls\""}},
    {.name = "t11_06_tool_calls_without_a_call_is_a_stop",
     .caller = "anth",
     .upstream = "chat",
     .mode = ANSWER,
     .input = CHAT_ANSWER("\"content\":\"No.\"", "tool_calls"),
     .has = {"\"stop_reason\":\"end_turn\""}},
    {.name = "t11_06_a_cut_call_stays_cut",
     .caller = "anth",
     .upstream = "chat",
     .mode = ANSWER,
     .input = CHAT_ANSWER("\"content\":null,\"tool_calls\":[" CALL("a1") "]", "length"),
     .has = {"\"stop_reason\":\"max_tokens\""}},
    {.name = "t11_27_characters_split_over_reads_stay_whole",
     .caller = "anth",
     .upstream = "chat",
     .mode = STREAM,
     .input = CHAT_STREAM("{\"content\":\"n\u00e4h \u6771 \U0001f98a\"}") CHAT_END("stop"),
     .has = {"\"text\":\"n\u00e4h \u6771 \U0001f98a\""},
     .lacks = {"\ufffd", "\\ufffd"}},
    {.name = "t11_28_crlf",
     .caller = "anth",
     .upstream = "chat",
     .mode = STREAM,
     .input =
         "\xef\xbb\xbf: hello\r\n\r\ndata: "
         "{\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,"
         "\"delta\":{\"content\":\"Hi\"}}]}\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{},"
         "\"finish_reason\":\"stop\"}]}\r\n\r\ndata: [DONE]\r\n\r\n",
     .has = {"\"text\":\"Hi\"", "\"stop_reason\":\"end_turn\"", "message_stop"}},
    {.name = "t11_28_data_without_a_blank_and_cr_alone",
     .caller = "chat",
     .upstream = "anth",
     .mode = STREAM,
     .input =
         "event:message_start\rdata:{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
         "\"model\":\"m\",\"usage\":{\"input_tokens\":1}}}\r\r"
         "data:{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
         "\"text\":\"Hi\"}}\r\rdata:{\"type\":\"content_block_stop\",\"index\":0}\r\r"
         "data:{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{"
         "\"output_tokens\":1}}\r\rdata:{\"type\":\"message_stop\"}\r\r",
     .has = {"\"content\":\"Hi\"", "\"finish_reason\":\"stop\"", "[DONE]"}},
    {.name = "t11_28_data_over_several_lines",
     .caller = "anth",
     .upstream = "chat",
     .mode = STREAM,
     .input =
         "data: {\"id\":\"c1\",\"model\":\"m\",\ndata: \"choices\":[{\"index\":0,\ndata:\"delta\":"
         "{\"content\":\"Hi\"}}]}\n\n" CHAT_END("stop"),
     .has = {"\"text\":\"Hi\"", "message_stop"}},
    {.name = "t11_33_ids_that_claude_refuses",
     .caller = "chat",
     .upstream = "anth",
     .model = CLAUDE,
     .request = CHAT(USER ",{\"role\":\"assistant\",\"tool_calls\":[" CALL(
         "functions.f:0") "]}," RESULT("functions.f:0")) ",\"tools\":[" TOOL "]}",
     .has = {"\"id\":\"functions_f_0_d6bdd4de\"", "\"tool_use_id\":\"functions_f_0_d6bdd4de\""},
     .lacks = {"functions.f:0"}},
    {.name = "t11_33_ids_that_its_callers_refuse",
     .caller = "anth",
     .upstream = "chat",
     .mode = ANSWER,
     .input =
         CHAT_ANSWER("\"content\":null,\"tool_calls\":[" CALL("functions.f:0") "]", "tool_calls"),
     .has = {"\"id\":\"functions_f_0_d6bdd4de\""},
     .lacks = {"functions.f:0"}},
    {.name = "t11_35_a_signature_is_never_part_of_an_id",
     .caller = "resp",
     .upstream = "chat",
     .provider = "google-gemini",
     .mode = ANSWER,
     .input = CHAT_ANSWER("\"content\":null,\"tool_calls\":[{\"id\":\"a1\",\"type\":\"function\","
                          "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"},\"extra_content\":{"
                          "\"google\":{\"thought_signature\":\"CiQBcsjaSIGSIG\"}}}]",
                          "tool_calls"),
     .has = {"\"call_id\":\"a1\""},
     .lacks = {"CiQBcsjaSIGSIG\",\"name", "\"call_id\":\"a1_", "a1CiQ"}},
    {.name = "t11_37_signed_thoughts_come_back_to_claude",
     .caller = "chat",
     .upstream = "anth",
     .model = CLAUDE,
     .request =
         CHAT(USER ",{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\" a\\n\","
                   "\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\" a\\n\","
                   "\"signature\":\"Eq+/=\",\"format\":\"anthropic-claude-v1\",\"index\":0}],"
                   "\"tool_calls\":[" CALL("a1") "]}," RESULT(
                       "a1")) ",\"reasoning_effort\":\"low\",\"tools\":[" TOOL "]}",
     .has = {"[{\"type\":\"thinking\",\"thinking\":\" a\\n\",\"signature\":\"Eq+/=\"},{\"type\":"
             "\"tool_use\"",
             "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}"}},
    {.name = "t11_37_without_them_thinking_is_off",
     .caller = "chat",
     .upstream = "anth",
     .model = CLAUDE,
     .request = CHAT(USER ",{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"a\","
                          "\"tool_calls\":[" CALL("a1") "]}," RESULT(
                              "a1")) ",\"reasoning_effort\":\"low\",\"tools\":[" TOOL "]}",
     .warnings = "drop:reasoning",
     .has = {"\"tool_use\""},
     .lacks = {"thinking"}},
    {.name = "t11_42_nothing_stands_behind_a_call",
     .caller = "resp",
     .upstream = "anth",
     .model = CLAUDE,
     .request =
         "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"Go.\"},{\"type\":"
         "\"function_call\",\"call_id\":\"a1\",\"name\":\"f\",\"arguments\":\"{}\"},{\"role\":"
         "\"assistant\",\"content\":\"I did.\"},{\"type\":\"function_call_output\",\"call_id\":"
         "\"a1\",\"output\":\"1\"}],\"tools\":[{\"type\":\"function\",\"name\":\"f\","
         "\"parameters\":{\"type\":\"object\"}}]}",
     .has = {"I did.", "\"type\":\"tool_use\"", "\"type\":\"tool_result\""}},
    {.name = "t11_43_blank_texts_are_not_sent",
     .caller = "chat",
     .upstream = "anth",
     .model = CLAUDE,
     .request =
         CHAT("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\" \\n\\u00a0\"},{"
              "\"type\":\"text\",\"text\":\"Go.\"}]},{\"role\":\"assistant\",\"content\":\"\"},"
              "{\"role\":\"user\",\"content\":\"\\t\"}") "}",
     .has = {"\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Go.\"}"},
     .lacks = {"\\n", "\\t", "assistant", "\"text\":\"\""}},
    {.name = "t11_44_markers_keep_their_ttl",
     .caller = "chat",
     .upstream = "anth",
     .model = CLAUDE,
     .request =
         CHAT("{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"S\","
              "\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}}]},{\"role\":\"user\","
              "\"content\":[{\"type\":\"text\",\"text\":\"Go.\",\"cache_control\":{\"type\":"
              "\"ephemeral\"}}]}") "}",
     .has = {"\"text\":\"S\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}",
             "\"text\":\"Go.\",\"cache_control\":{\"type\":\"ephemeral\"}"}},
    {.name = "t11_46_properties_may_be_called_like_keywords",
     .caller = "chat",
     .upstream = "anth",
     .model = CLAUDE,
     .request = CHAT(
         USER) ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"r\","
               "\"schema\":{\"type\":\"object\",\"properties\":{\"pattern\":{\"type\":\"string\","
               "\"pattern\":\"^a$\"},\"title\":{\"type\":\"string\"},\"properties\":{\"type\":"
               "\"object\",\"properties\":{\"minimum\":{\"type\":\"integer\",\"minimum\":3}}},"
               "\"$ref\":{\"type\":\"null\"}},\"required\":[\"pattern\"]}}}}",
     .has = {"\"pattern\":{\"type\":\"string\"", "\"title\":{\"type\":\"string\"}",
             "\"properties\":{\"type\":\"object\"", "\"minimum\":{\"type\":\"integer\"",
             "\"$ref\":{"},
     .lacks = {"\"pattern\":\"^a$\"", "\"minimum\":3"}},
    {.name = "t11_49_blank_stops_are_dropped",
     .caller = "chat",
     .upstream = "anth",
     .model = CLAUDE,
     .request = CHAT(USER) ",\"stop\":[\"\",\" \\n\",\"END\"]}",
     .warnings = "drop:stop",
     .has = {"\"stop_sequences\":[\"END\"]"}},
    {.name = "t11_51_adaptive_models_get_no_budget",
     .caller = "chat",
     .upstream = "anth",
     .model = "claude-opus-4-7",
     .request = CHAT(USER) ",\"reasoning_effort\":\"high\"}",
     .has = {"\"thinking\":{\"type\":\"adaptive\",\"display\":\"summarized\"}",
             "\"output_config\":{\"effort\":\"high\"}"},
     .lacks = {"budget_tokens", "enabled"}},
    {.name = "t11_51_a_budget_of_old_is_a_word_there",
     .caller = "anth",
     .upstream = "anth",
     .model = "claude-opus-4-7",
     .request = ANTH(USER) ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2047}}",
     .has = {"\"thinking\":{\"type\":\"adaptive\"", "\"effort\":\"low\""},
     .lacks = {"budget_tokens", "enabled"}},
    {.name = "t11_51_no_prefill_where_it_is_refused",
     .caller = "chat",
     .upstream = "anth",
     .model = "claude-opus-4-6",
     .request = CHAT(USER ",{\"role\":\"assistant\",\"content\":\"Once \"}") "}",
     .warnings = "rewrite:prefill",
     .has = {"\"text\":\"Once", "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
                                "\"Continue.\"}]}"}},
};

/* ---- the run ---- */

static struct gw_str any_request(const struct bug *bug, struct gw_arena *arena)
{
    const char *stream = bug->mode == STREAM ? ",\"stream\":true" : "";

    if (bug->request)
        return gw_str_of(bug->request);
    if (strcmp(bug->caller, "resp") == 0)
        return gw_arena_printf(arena, "{\"model\":\"m\",\"input\":\"Go.\"%s}", stream);
    return gw_arena_printf(arena, "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[%s]%s}", USER,
                           stream);
}

/* In pieces of `piece` bytes. */
static void feed(struct gw_translation *translation, struct gw_str bytes, size_t piece,
                 struct gw_buf *out)
{
    enum gw_status status = GW_OK;

    for (size_t at = 0; status == GW_OK && at < bytes.len; at += piece) {
        struct gw_str rest = gw_str_from(bytes, at);
        status = gw_translation_feed(
            translation, (struct gw_str){rest.base, rest.len < piece ? rest.len : piece}, out);
    }
    if (status == GW_OK)
        status = gw_translation_end(translation, out);
    assert_int_equal(status, GW_EOF);
    assert_false(gw_translation_has_failed(translation));
}

static void expect_warnings(const struct bug *bug, const struct gw_translation *translation)
{
    struct gw_buf warnings;

    gw_buf_init(&warnings, OUT_BYTES_MAX);
    assert_int_equal(gw_ledger_write(gw_translation_ledger(translation), &warnings), GW_OK);
    if (!gw_str_eq(gw_buf_str(&warnings), gw_str_of(bug->warnings ? bug->warnings : "")))
        fail_msg("warnings: %.*s", GW_STR_ARG(gw_buf_str(&warnings)));
    gw_buf_finish(&warnings);
}

static void expect_things(const struct bug *bug, struct gw_str out)
{
    struct gw_str rest = out;

    for (size_t i = 0; i < THINGS_MAX && bug->has[i]; i++) {
        size_t at = gw_str_find_str(rest, gw_str_of(bug->has[i]));
        if (at == rest.len)
            fail_msg("lacks %s, or not in this place:\n%.*s", bug->has[i], GW_STR_ARG(out));
        rest = gw_str_from(rest, at + strlen(bug->has[i]));
    }
    for (size_t i = 0; i < THINGS_MAX && bug->lacks[i]; i++)
        if (gw_str_find_str(out, gw_str_of(bug->lacks[i])) < out.len)
            fail_msg("has %s:\n%.*s", bug->lacks[i], GW_STR_ARG(out));
}

static void play(const struct bug *bug, size_t piece)
{
    const struct gw_codec *upstream = gw_codec_by_name(gw_str_of(bug->upstream));
    struct gw_str model = gw_str_of(bug->model ? bug->model : "m");
    struct gw_complaint complaint = {.status = GW_OK};
    struct gw_err err = {.offset = 0};
    struct gw_arena arena;
    struct gw_buf out;
    const struct gw_translation_setup setup = {
        .caller = gw_codec_by_name(gw_str_of(bug->caller)),
        .upstream = upstream,
        .target = {.profile = gw_profile_of(gw_str_of(bug->provider ? bug->provider : "")),
                   .claude = upstream->id == GW_CODEC_MESSAGES ? gw_claude_limits_of(model, NULL, 0)
                                                               : NULL,
                   .model = model},
        .seed = GW_STR("0123456789abcdef"),
        .request_id = GW_STR("req_1"),
    };

    gw_arena_init(&arena, NULL);
    gw_buf_init(&out, OUT_BYTES_MAX);
    struct gw_translation *translation = gw_translation_create(&arena, &setup);
    assert_non_null(translation);
    if (gw_translation_request(translation, any_request(bug, &arena), &out, &complaint) != GW_OK)
        fail_msg("refused: %s: %s", complaint.param, complaint.message);
    if (bug->mode != REQUEST)
        gw_buf_take(&out, gw_buf_len(&out));
    if (bug->mode == ANSWER &&
        gw_translation_answer(translation, gw_str_of(bug->input), false, &out, &err) != GW_OK)
        fail_msg("the answer was not taken: %s", err.message);
    if (bug->mode == STREAM)
        feed(translation, gw_str_of(bug->input), piece, &out);
    expect_warnings(bug, translation);
    expect_things(bug, gw_buf_str(&out));
    gw_translation_finish(translation);
    gw_buf_finish(&out);
    gw_arena_finish(&arena);
}

static void test_bug(void **state)
{
    const struct bug *bug = *state;

    play(bug, SIZE_MAX / 2);
    if (bug->mode == STREAM)
        play(bug, 1);
}

int main(void)
{
    struct CMUnitTest tests[GW_COUNT(bugs)];

    for (size_t i = 0; i < GW_COUNT(bugs); i++)
        tests[i] =
            (struct CMUnitTest){bugs[i].name, test_bug, NULL, NULL, (void *)(uintptr_t)&bugs[i]};
    return _cmocka_run_group_tests("known_bugs", tests, GW_COUNT(tests), NULL, NULL);
}
