#include "codec/chat_events.h"

static void check_answer(const char *label, const struct gw_event events[EVENTS_MAX],
                         struct play *play, const char *expected)
{
    struct gw_answer answer;

    gw_answer_init(&answer, &play->arena);
    each_event(label, events, gw_answer_take, &answer);
    if (gw_codec_openai_chat.write_answer(&answer, &play->context, &play->out) != GW_OK)
        fail_msg("%s", label);
    check_bytes(label, gw_buf_str(&play->out), expected);
}

#define HEAD                                                                                       \
    "{\"id\":\"chatcmpl-c1\",\"object\":\"chat.completion\",\"created\":17,\"model\":\"m\","       \
    "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
#define TAIL(reason)                                                                               \
    "},\"logprobs\":null,\"finish_reason\":\"" reason "\"}],\"usage\":{\"prompt_tokens\":0,"       \
    "\"completion_tokens\":0,\"total_tokens\":0}}"

static const struct {
    const char *label;
    struct gw_event events[EVENTS_MAX];
    const char *expected;
} answers[] = {
    {"text, from two blocks, without anything between",
     {BEGUN, OPEN(TEXT), PIECE(TEXT, "a\\n"), CLOSE, OPEN(TEXT), PIECE(TEXT, "\\\"b"), CLOSE,
      ENDED(STOP), OVER, STOP},
     HEAD "\"content\":\"a\\n\\\"b\",\"refusal\":null" TAIL("stop")},
    {"nothing at all",
     {BEGUN, ENDED(LENGTH), OVER, STOP},
     HEAD "\"content\":null,\"refusal\":null" TAIL("length")},
    {"calls",
     {BEGUN, OPEN(TOOL, .id = T("a"), .name = T("f")), PIECE(ARGUMENTS, "{\\\"x\\\": 1.0}"), CLOSE,
      OPEN(TOOL, .id = T("b"), .name = T("g")), WHOLE(ARGUMENTS, "{\"y\":\"\\n\",\n \"z\":1e5}"),
      CLOSE, ENDED(TOOL_USE), OVER, STOP},
     HEAD "\"content\":null,\"refusal\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\","
          "\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\": 1.0}\"}},{\"id\":\"b\","
          "\"type\":\"function\",\"function\":{\"name\":\"g\",\"arguments\":\"{\\\"y\\\":"
          "\\\"\\\\n\\\",\\n \\\"z\\\":1e5}\"}}]" TAIL("tool_calls")},
    {"a signature of Gemini's",
     {BEGUN, OPEN(TOOL, .id = T("a"), .name = T("f"), .gsig = T("G")), CLOSE, ENDED(TOOL_USE), OVER,
      STOP},
     HEAD "\"content\":null,\"refusal\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\","
          "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"},\"extra_content\":{\"google\":{"
          "\"thought_signature\":\"G\"}}}],\"reasoning_details\":[{\"type\":\"reasoning.encrypted\""
          ",\"data\":\"G\",\"id\":\"a\",\"format\":\"google-gemini-v1\",\"index\":0}]" TAIL(
              "tool_calls")},
    {"Claude's thinking",
     {BEGUN, OPEN(REASONING, .family = GW_FAMILY_ANTHROPIC), PIECE(REASONING, "t"),
      PIECE(SIGNATURE, "S"), CLOSE, OPEN(REDACTED, .family = GW_FAMILY_ANTHROPIC), PIECE(DATA, "D"),
      CLOSE, OPEN(TEXT), PIECE(TEXT, "a"), CLOSE, ENDED(STOP), OVER, STOP},
     HEAD "\"content\":\"a\",\"refusal\":null,\"reasoning_content\":\"t\",\"reasoning_details\":[{"
          "\"type\":\"reasoning.text\",\"text\":\"t\",\"signature\":\"S\",\"format\":\"anthropic-"
          "claude-v1\",\"index\":0},{\"type\":\"reasoning.encrypted\",\"data\":\"D\",\"id\":null,"
          "\"format\":\"anthropic-claude-v1\",\"index\":1}]" TAIL("stop")},
    {"plain reasoning",
     {BEGUN, OPEN(REASONING, .family = GW_FAMILY_PLAIN), PIECE(REASONING, "t"), CLOSE, ENDED(STOP),
      OVER, STOP},
     HEAD "\"content\":null,\"refusal\":null,\"reasoning_content\":\"t\",\"reasoning_details\":[{"
          "\"type\":\"reasoning.text\",\"text\":\"t\",\"signature\":null,\"format\":\"unknown\","
          "\"index\":0}]" TAIL("stop")},
    {"an item of Responses",
     {BEGUN, OPEN(REASONING, .family = GW_FAMILY_OPENAI, .id = T("rs_1")), PIECE(REASONING, "t"),
      CLOSE, OPEN(REDACTED, .family = GW_FAMILY_OPENAI, .id = T("rs_1")), PIECE(DATA, "E"), CLOSE,
      ENDED(STOP), OVER, STOP},
     HEAD "\"content\":null,\"refusal\":null,\"reasoning_content\":\"t\",\"reasoning_details\":[{"
          "\"type\":\"reasoning.summary\",\"summary\":\"t\",\"id\":\"rs_1\",\"format\":\"openai-"
          "responses-v1\",\"index\":0},{\"type\":\"reasoning.encrypted\",\"data\":\"E\",\"id\":"
          "\"rs_1\",\"format\":\"openai-responses-v1\",\"index\":1}]" TAIL("stop")},
    {"an image",
     {BEGUN, OPEN(IMAGE), PIECE(DATA, "data:image/png;base64,QQ=="), CLOSE, ENDED(STOP), OVER,
      STOP},
     HEAD "\"content\":null,\"refusal\":null,\"images\":[{\"type\":\"image_url\",\"image_url\":{"
          "\"url\":\"data:image/png;base64,QQ==\"}}]" TAIL("stop")},
    {"a vendor's own block is left out",
     {BEGUN, OPEN(SERVER_TOOL, .family = GW_FAMILY_ANTHROPIC), WHOLE(DATA, "{}"), CLOSE,
      ENDED(PAUSE), OVER, STOP},
     HEAD "\"content\":null,\"refusal\":null" TAIL("stop")},
};

static void test_writes_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(answers); i++) {
        struct play play;
        play_init(&play);
        check_answer(answers[i].label, answers[i].events, &play, answers[i].expected);
        play_finish(&play);
    }
}

#define SEARCHED(url)                                                                              \
    WHOLE(ANNOTATION, "{\"type\":\"web_search_result_location\",\"url\":\"" url                    \
                      "\",\"title\":\"T\",\"cited_text\":\"c\",\"encrypted_index\":\"e\"}")
#define NOTE(place, url, title)                                                                    \
    "{\"type\":\"url_citation\",\"url_citation\":{" place ",\"url\":\"" url                        \
    "\",\"title\":\"" title "\"}}"
#define PLACE(start, end) "\"start_index\":" start ",\"end_index\":" end

/* Indexes count the code points of the whole message's text (translation.md §1.2). */
static const struct {
    const char *label;
    struct gw_event events[EVENTS_MAX];
    const char *expected;
} annotations[] = {
    {"without a place: it is about its block",
     {BEGUN, OPEN(TEXT), PIECE(TEXT, "ab"), SEARCHED("u"), CLOSE, ENDED(STOP), OVER, STOP},
     HEAD "\"content\":\"ab\",\"refusal\":null,\"annotations\":[" NOTE(PLACE("0", "2"), "u",
                                                                       "T") "]" TAIL("stop")},
    {"blocks stand one behind the other, and code points are counted",
     {BEGUN, OPEN(TEXT), PIECE(TEXT, "\xc3\xa9\\ud83d\\ude00\\n"), CLOSE, OPEN(REFUSAL),
      PIECE(REFUSAL, "no"), CLOSE, OPEN(TEXT), PIECE(TEXT, "b"), PIECE(TEXT, "\xf0\x9f\x98\x80"),
      SEARCHED("u"), SEARCHED("v"), CLOSE, ENDED(STOP), OVER, STOP},
     HEAD "\"content\":\"\xc3\xa9\\ud83d\\ude00\\nb\xf0\x9f\x98\x80\",\"refusal\":\"no\","
          "\"annotations\":[" NOTE(PLACE("3", "5"), "u", "T") "," NOTE(PLACE("3", "5"), "v",
                                                                       "T") "]" TAIL("stop")},
    {"a place within its block",
     {BEGUN, OPEN(TEXT), PIECE(TEXT, "ab"), CLOSE, OPEN(TEXT), PIECE(TEXT, "cde"),
      WHOLE(ANNOTATION, "{\"type\":\"url_citation\",\"start_index\":1,\"end_index\":2,\"url\":"
                        "\"v\",\"title\":\"W\"}"),
      CLOSE, ENDED(STOP), OVER, STOP},
     HEAD "\"content\":\"abcde\",\"refusal\":null,\"annotations\":[" NOTE(PLACE("3", "4"), "v",
                                                                          "W") "]" TAIL("stop")},
    {"a place that is none",
     {BEGUN, OPEN(TEXT), PIECE(TEXT, "ab"),
      WHOLE(ANNOTATION, "{\"type\":\"url_citation\",\"start_index\":-1,\"end_index\":2,\"url\":"
                        "\"v\"}"),
      WHOLE(ANNOTATION, "{\"type\":\"url_citation\",\"start_index\":0,\"end_index\":1e9,\"url\":"
                        "\"w\"}"),
      CLOSE, ENDED(STOP), OVER, STOP},
     HEAD "\"content\":\"ab\",\"refusal\":null,\"annotations\":[" NOTE(
         PLACE("0", "2"), "v", "") "," NOTE(PLACE("0", "2"), "w", "") "]" TAIL("stop")},
    {"chat's own, and what it has no form for",
     {BEGUN, OPEN(TEXT), PIECE(TEXT, "ab"), CLOSE, OPEN(TEXT), PIECE(TEXT, "c"),
      WHOLE(ANNOTATION, "{\"type\":\"char_location\",\"document_index\":0}"),
      WHOLE(ANNOTATION, "{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"x\"}}"), CLOSE,
      ENDED(STOP), OVER, STOP},
     HEAD "\"content\":\"abc\",\"refusal\":null,\"annotations\":[{\"type\":\"url_citation\","
          "\"url_citation\":{\"url\":\"x\"}}]" TAIL("stop")},
};

static void test_writes_annotations(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(annotations); i++) {
        struct play play;
        play_init(&play);
        check_answer(annotations[i].label, annotations[i].events, &play, annotations[i].expected);
        play_finish(&play);
    }
}

static void test_writes_logprobs(void **state)
{
    static const struct gw_event events[EVENTS_MAX] = {BEGUN,
                                                       OPEN(TEXT),
                                                       PIECE(TEXT, "ab"),
                                                       WHOLE(LOGPROBS, "[{\"token\":\"a\"}]"),
                                                       WHOLE(LOGPROBS, "[{\"token\":\"b\"}]"),
                                                       CLOSE,
                                                       ENDED(STOP),
                                                       OVER,
                                                       STOP};
    struct play play;

    (void)state;
    play_init(&play);
    check_answer("logprobs", events, &play,
                 HEAD
                 "\"content\":\"ab\",\"refusal\":null},\"logprobs\":{\"content\":[{\"token\":"
                 "\"a\"},{\"token\":\"b\"}],\"refusal\":null},\"finish_reason\":\"stop\"}],"
                 "\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}}");
    play_finish(&play);
}

/* ---- what is not told ---- */

static void test_id_model_and_moment(void **state)
{
    static const struct gw_event bare[EVENTS_MAX] = {BEGIN(.id = T("")), ENDED(STOP), OVER, STOP};
    static const struct gw_event odd[EVENTS_MAX] = {
        BEGIN(.id = T("msg:01X\\u002f"), .model = T("m\\u00e9"), .service_tier = T("flex"),
              .fingerprint = T("fp")),
        ENDED(STOP), OVER, STOP};
    static const struct gw_event own[EVENTS_MAX] = {BEGIN(.id = T("chatcmpl-9")), ENDED(STOP), OVER,
                                                    STOP};
    struct play play;

    (void)state;
    play_init(&play);
    struct gw_answer answer;
    gw_answer_init(&answer, &play.arena);
    each_event("bare", bare, gw_answer_take, &answer);
    assert_int_equal(gw_codec_openai_chat.write_answer(&answer, &play.context, &play.out), GW_OK);
    struct gw_str got = gw_buf_str(&play.out);
    assert_true(gw_str_starts(got, GW_STR("{\"id\":\"chatcmpl-")));
    size_t id = sizeof("{\"id\":\"chatcmpl-") - 1;
    assert_true(gw_str_starts(gw_str_from(got, id + 24),
                              GW_STR("\",\"object\":\"chat.completion\",\"created\":1760000000,"
                                     "\"model\":\"sent-model\",")));
    play_finish(&play);

    play_init(&play);
    check_answer(
        "odd", odd, &play,
        "{\"id\":\"chatcmpl-msg01X\",\"object\":\"chat.completion\",\"created\":1760000000,"
        "\"model\":\"m\\u00e9\",\"service_tier\":\"flex\",\"system_fingerprint\":\"fp\","
        "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null,"
        "\"refusal\":null" TAIL("stop"));
    play_finish(&play);

    play_init(&play);
    check_answer("own", own, &play,
                 "{\"id\":\"chatcmpl-9\",\"object\":\"chat.completion\",\"created\":1760000000,"
                 "\"model\":\"sent-model\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
                 "\"assistant\",\"content\":null,\"refusal\":null" TAIL("stop"));
    play_finish(&play);
}

/* ---- finish (§5.1) ---- */

static const struct {
    enum gw_finish finish;
    const char *name, *legacy;
} finishes[] = {
    {GW_FINISH_STOP, "stop", "stop"},
    {GW_FINISH_STOP_SEQUENCE, "stop", "stop"},
    {GW_FINISH_LENGTH, "length", "length"},
    {GW_FINISH_CONTEXT_LENGTH, "length", "length"},
    {GW_FINISH_TOOL_USE, "tool_calls", "function_call"},
    {GW_FINISH_CONTENT_FILTER, "content_filter", "content_filter"},
    {GW_FINISH_REFUSAL, "content_filter", "content_filter"},
    {GW_FINISH_PAUSE, "stop", "stop"},
};

static void test_finish_reasons(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(finishes) * 2; i++) {
        struct play play;
        struct gw_answer answer;
        char expected[64];
        bool legacy = i % 2;
        play_init(&play);
        play.request.legacy_functions = legacy;
        gw_answer_init(&answer, &play.arena);
        answer.finish = finishes[i / 2].finish;
        assert_int_equal(gw_codec_openai_chat.write_answer(&answer, &play.context, &play.out),
                         GW_OK);
        snprintf(expected, sizeof(expected), "\"finish_reason\":\"%s\"",
                 legacy ? finishes[i / 2].legacy : finishes[i / 2].name);
        struct gw_str got = gw_buf_str(&play.out);
        if (gw_str_find_str(got, gw_str_of(expected)) == got.len)
            fail_msg("%s: %.*s", expected, GW_STR_ARG(got));
        play_finish(&play);
    }
}

static void test_t11_50_refusals_are_told_apart(void **state)
{
    static const struct gw_event said[EVENTS_MAX] = {
        BEGUN, OPEN(REFUSAL), PIECE(REFUSAL, "no"), CLOSE, ENDED(REFUSAL), OVER, STOP};
    static const struct gw_event stopped[EVENTS_MAX] = {
        BEGUN, ENDED(REFUSAL, .explanation = T("policy")), OVER, STOP};
    static const struct gw_event filtered[EVENTS_MAX] = {BEGUN, ENDED(CONTENT_FILTER), OVER, STOP};
    struct play play;

    (void)state;
    play_init(&play);
    check_answer("said", said, &play, HEAD "\"content\":null,\"refusal\":\"no\"" TAIL("stop"));
    play_finish(&play);
    play_init(&play);
    check_answer("stopped", stopped, &play,
                 HEAD "\"content\":null,\"refusal\":\"policy\"" TAIL("content_filter"));
    play_finish(&play);
    play_init(&play);
    check_answer("filtered", filtered, &play,
                 HEAD "\"content\":null,\"refusal\":null" TAIL("content_filter"));
    play_finish(&play);
}

/* ---- usage ---- */

static void test_t11_08_usage_is_whole_for_chat(void **state)
{
    static const struct gw_event events[EVENTS_MAX] = {BEGUN, USED(110, 60, 40, 30, 7), ENDED(STOP),
                                                       OVER, STOP};
    struct play play;

    (void)state;
    play_init(&play);
    check_answer("usage", events, &play,
                 HEAD "\"content\":null,\"refusal\":null},\"logprobs\":null,\"finish_reason\":"
                      "\"stop\"}],\"usage\":{\"prompt_tokens\":110,\"completion_tokens\":30,"
                      "\"total_tokens\":140,\"prompt_tokens_details\":{\"cached_tokens\":60,"
                      "\"cache_write_tokens\":40},\"completion_tokens_details\":{\"reasoning_"
                      "tokens\":7}}}");
    play_finish(&play);
}

/* ---- calls ---- */

static void test_t11_22_no_arguments_is_an_empty_object(void **state)
{
    static const struct gw_event none[EVENTS_MAX] = {
        BEGUN, OPEN(TOOL, .id = T("a"), .name = T("f")), CLOSE, ENDED(TOOL_USE), OVER, STOP};
    static const struct gw_event blank[EVENTS_MAX] = {BEGUN,
                                                      OPEN(TOOL, .id = T("a"), .name = T("f")),
                                                      PIECE(ARGUMENTS, " \\n"),
                                                      CLOSE,
                                                      ENDED(TOOL_USE),
                                                      OVER,
                                                      STOP};
    static const char expected[] = HEAD
        "\"content\":null,\"refusal\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\","
        "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]" TAIL("tool_calls");
    struct play play;

    (void)state;
    play_init(&play);
    check_answer("none", none, &play, expected);
    play_finish(&play);
    play_init(&play);
    check_answer("blank", blank, &play, expected);
    play_finish(&play);
}

static void test_t11_34_ids_fit_into_forty_characters(void **state)
{
    static const struct gw_event events[EVENTS_MAX] = {
        BEGUN,
        OPEN(TOOL, .id = T("toolu_0123456789012345678901234567890123456789"), .name = T("f")),
        CLOSE,
        OPEN(TOOL, .name = T("f")),
        CLOSE,
        ENDED(TOOL_USE),
        OVER,
        STOP};
    struct play play;
    struct gw_answer answer;

    (void)state;
    play_init(&play);
    gw_answer_init(&answer, &play.arena);
    each_event("ids", events, gw_answer_take, &answer);
    assert_int_equal(gw_codec_openai_chat.write_answer(&answer, &play.context, &play.out), GW_OK);
    struct gw_str got = gw_buf_str(&play.out);
    struct gw_str cut = GW_STR("\"tool_calls\":[{\"id\":\"toolu_0123456789012345678901234_");
    size_t at = gw_str_find_str(got, cut);
    assert_true(at < got.len);
    assert_int_equal(got.base[at + cut.len + 8], '"');
    struct gw_str minted = GW_STR(",{\"id\":\"call_");
    at = gw_str_find_str(got, minted);
    assert_true(at < got.len);
    assert_int_equal(got.base[at + minted.len + 24], '"');
    play_finish(&play);
}

static void test_custom_tools_are_given_back_as_such(void **state)
{
    static const struct gw_event events[EVENTS_MAX] = {
        BEGUN,
        OPEN(TOOL, .id = T("a"), .name = T("c")),
        PIECE(ARGUMENTS, "{\\\"input\\\":\\\"x\\\\n\\\\\\\"\\\"}"),
        CLOSE,
        OPEN(TOOL, .id = T("b"), .name = T("c"), .tool = GW_TOOL_CUSTOM),
        PIECE(ARGUMENTS, "free"),
        CLOSE,
        ENDED(TOOL_USE),
        OVER,
        STOP};
    struct gw_tool tool = {.kind = GW_TOOL_CUSTOM, .name = GW_TEXT("c")};
    struct play play;

    (void)state;
    play_init(&play);
    play.request.tools = &tool;
    check_answer("custom", events, &play,
                 HEAD "\"content\":null,\"refusal\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":"
                      "\"custom\",\"custom\":{\"name\":\"c\",\"input\":\"x\\n\\\"\"}},{\"id\":\"b\""
                      ",\"type\":\"custom\",\"custom\":{\"name\":\"c\",\"input\":\"free\"}}]" TAIL(
                          "tool_calls"));
    play_finish(&play);
}

/* Its name was changed for the upstream; the caller's is known still. */
static void test_a_renamed_custom_tool_is_given_back_as_such(void **state)
{
    static const char body[] =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{"
        "\"type\":\"custom\",\"custom\":{\"name\":\"my.tool\"}}]}";
    static const struct gw_event events[EVENTS_MAX] = {
        BEGUN,
        OPEN(TOOL, .id = T("a"), .name = T("my.tool")),
        WHOLE(ARGUMENTS, "{\"input\":\"x\"}"),
        CLOSE,
        ENDED(TOOL_USE),
        OVER,
        STOP};
    struct gw_target_traits target = {.profile = gw_profile_of(GW_STR("")), .model = GW_STR("m")};
    struct play play;

    (void)state;
    play_init(&play);
    assert_int_equal(
        gw_codec_openai_chat.read_request(gw_str_of(body), &play.request, &play.complaint), GW_OK);
    assert_int_equal(
        gw_codec_openai_chat.write_request(&play.request, &target, &play.out, &play.complaint),
        GW_OK);
    assert_int_equal(gw_str_find_str(gw_buf_str(&play.out), GW_STR("my.tool")),
                     gw_buf_len(&play.out));
    gw_buf_take(&play.out, gw_buf_len(&play.out));
    check_answer(
        "renamed", events, &play,
        HEAD "\"content\":null,\"refusal\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":"
             "\"custom\",\"custom\":{\"name\":\"my.tool\",\"input\":\"x\"}}]" TAIL("tool_calls"));
    play_finish(&play);
}

static void test_the_form_before_tools(void **state)
{
    static const struct gw_event events[EVENTS_MAX] = {BEGUN,
                                                       OPEN(TOOL, .id = T("a"), .name = T("f")),
                                                       PIECE(ARGUMENTS, "{}"),
                                                       CLOSE,
                                                       OPEN(TOOL, .id = T("b"), .name = T("g")),
                                                       CLOSE,
                                                       ENDED(TOOL_USE),
                                                       OVER,
                                                       STOP};
    struct play play;

    (void)state;
    play_init(&play);
    play.request.legacy_functions = true;
    check_answer("legacy", events, &play,
                 HEAD "\"content\":null,\"refusal\":null,\"function_call\":{\"name\":\"f\","
                      "\"arguments\":\"{}\"}" TAIL("function_call"));
    play_finish(&play);
}

static void test_t11_26_lone_surrogates_are_replaced(void **state)
{
    static const struct gw_event events[EVENTS_MAX] = {BEGUN,
                                                       OPEN(TEXT),
                                                       PIECE(TEXT, "a\\ud83d"),
                                                       PIECE(TEXT, "\\ude00\\ud83d"),
                                                       CLOSE,
                                                       ENDED(STOP),
                                                       OVER,
                                                       STOP};
    struct play play;

    (void)state;
    play_init(&play);
    check_answer("surrogates", events, &play,
                 HEAD "\"content\":\"a\\ud83d\\ude00\\ufffd\",\"refusal\":null" TAIL("stop"));
    play_finish(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_answers),
        cmocka_unit_test(test_writes_annotations),
        cmocka_unit_test(test_writes_logprobs),
        cmocka_unit_test(test_id_model_and_moment),
        cmocka_unit_test(test_finish_reasons),
        cmocka_unit_test(test_t11_08_usage_is_whole_for_chat),
        cmocka_unit_test(test_t11_22_no_arguments_is_an_empty_object),
        cmocka_unit_test(test_t11_26_lone_surrogates_are_replaced),
        cmocka_unit_test(test_t11_34_ids_fit_into_forty_characters),
        cmocka_unit_test(test_t11_50_refusals_are_told_apart),
        cmocka_unit_test(test_custom_tools_are_given_back_as_such),
        cmocka_unit_test(test_a_renamed_custom_tool_is_given_back_as_such),
        cmocka_unit_test(test_the_form_before_tools),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
