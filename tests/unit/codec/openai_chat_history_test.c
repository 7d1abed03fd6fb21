#include "codec/chat_play.h"

#define M "{\"role\":\"user\",\"content\":\"x\"}"
#define CALL(id, args)                                                                             \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"" args  \
    "\"}}"
#define CALLED(calls) "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" calls "]}"
#define RESULT(id, text) "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"" text "\"}"

/* Conversations as callers have them, and as the provider gets them. */
static void check_history(const char *label, const char *provider, const char *model,
                          const char *messages, const char *more, const char *expected,
                          const char *warnings)
{
    struct gw_target_traits target = {
        .profile = gw_profile_of(gw_str_of(provider)),
        .model = gw_str_of(model),
    };
    char body[4096], whole[4096];
    struct play play;

    snprintf(body, sizeof(body), "{\"model\":\"asked\",\"messages\":[%s]%s}", messages, more);
    snprintf(whole, sizeof(whole), "{\"model\":\"%s\",\"messages\":[%s]%s}", model, expected, more);
    play_init(&play);
    if (gw_codec_openai_chat.read_request(gw_str_of(body), &play.request, &play.complaint) !=
            GW_OK ||
        gw_codec_openai_chat.write_request(&play.request, &target, &play.out, &play.complaint) !=
            GW_OK)
        fail_msg("%s: %s: %s", label, play.complaint.param, play.complaint.message);
    check_bytes(label, gw_buf_str(&play.out), whole);
    check_bytes(label, play_warnings(&play), warnings);
    play_finish(&play);
}

static void test_t11_25_arguments_stay_as_they_are(void **state)
{
    (void)state;
    check_history("arguments", "openai", "gpt-4o",
                  M "," CALLED(CALL("a", "{\\\"b\\\": 1.0,\\\"a\\\":\\n9007199254740993,\\\"a\\\":"
                                         "\\\"\\\\u00e9\\\"}")) "," RESULT("a", "r"),
                  "",
                  M "," CALLED(CALL("a", "{\\\"b\\\": 1.0,\\\"a\\\":\\n9007199254740993,\\\"a\\\":"
                                         "\\\"\\\\u00e9\\\"}")) "," RESULT("a", "r"),
                  "");
}

static void test_t11_26_lone_surrogates_are_replaced(void **state)
{
    (void)state;
    check_history("surrogates", "openai", "gpt-4o",
                  "{\"role\":\"user\",\"content\":\"a\\ud83d b \\ud83d\\ude00\"}", "",
                  "{\"role\":\"user\",\"content\":\"a\\ufffd b \\ud83d\\ude00\"}", "");
}

#define IMAGE "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://i\"}}"
#define SEEN(id)                                                                                   \
    "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"[image returned by tool "       \
    "call " id "]\"}," IMAGE "]}"

static void test_t11_29_images_of_results_follow_them(void **state)
{
    (void)state;
    check_history("images", "openai", "gpt-4o",
                  M "," CALLED(CALL("a", "{}") "," CALL(
                      "b", "{}")) ",{\"role\":\"tool\",\"tool_call_id\":"
                                  "\"a\",\"content\":[" IMAGE "]}," RESULT("b", "r") "," M,
                  "",
                  M "," CALLED(CALL("a", "{}") "," CALL("b", "{}")) "," RESULT(
                      "a", "[image]") "," RESULT("b", "r") "," SEEN("a") "," M,
                  "");
    check_history("at the end, beside text", "openai", "gpt-4o",
                  M "," CALLED(CALL(
                      "a", "{}")) ",{\"role\":\"tool\",\"tool_call_id\":\"a\","
                                  "\"content\":[{\"type\":\"text\",\"text\":\"see\"}," IMAGE "]}",
                  "", M "," CALLED(CALL("a", "{}")) "," RESULT("a", "see") "," SEEN("a"), "");
}

#define OK "{\"role\":\"assistant\",\"content\":\"OK.\"}"
#define NINE                                                                                       \
    "{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"id\":\"ca978112c\",\"type\":"     \
    "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}"

static void test_t11_31_mistral(void **state)
{
    (void)state;
    check_history("an assistant between, ids of nine, names", "mistral", "m",
                  M "," CALLED(CALL("a", "{}")) "," RESULT("a", "r") "," M, "",
                  M "," NINE ",{\"role\":\"tool\",\"tool_call_id\":\"ca978112c\",\"name\":\"f\","
                    "\"content\":\"r\"}," OK "," M,
                  "");
    check_history("no images of results", "mistral", "m",
                  M "," CALLED(CALL("a", "{}")) ",{\"role\":\"tool\",\"tool_call_id\":\"a\","
                                                "\"content\":[" IMAGE "]}",
                  "",
                  M "," NINE ",{\"role\":\"tool\",\"tool_call_id\":\"ca978112c\",\"name\":\"f\","
                    "\"content\":\"[image omitted]\"}",
                  "drop:image");
    check_history("a prefix", "mistral", "m", M ",{\"role\":\"assistant\",\"content\":\"So\"}", "",
                  M ",{\"role\":\"assistant\",\"content\":\"So\",\"prefix\":true}", "");
}

static void test_t11_32_ids_of_nine_are_hashes(void **state)
{
    static const char *const ids[] = {"tooluse_AAAAAAAAA1", "tooluse_AAAAAAAAA2"};
    struct gw_target_traits target = {.profile = gw_profile_of(GW_STR("mistral")),
                                      .model = GW_STR("m")};
    struct gw_str written[2];
    struct play play[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char body[512];
        snprintf(body, sizeof(body),
                 "{\"model\":\"m\",\"messages\":[" M ",{\"role\":\"assistant\",\"tool_calls\":[{"
                 "\"id\":\"%s\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}]}",
                 ids[i]);
        play_init(&play[i]);
        assert_int_equal(gw_codec_openai_chat.read_request(gw_str_of(body), &play[i].request,
                                                           &play[i].complaint),
                         GW_OK);
        assert_int_equal(gw_codec_openai_chat.write_request(&play[i].request, &target, &play[i].out,
                                                            &play[i].complaint),
                         GW_OK);
        written[i] = gw_buf_str(&play[i].out);
    }
    assert_false(gw_str_eq(written[0], written[1]));
    play_finish(&play[0]);
    play_finish(&play[1]);
}

#define LONG "call_0123456789012345678901234567890123456789"
#define CUT "call_01234567890123456789012345_fa264738"

static void test_t11_34_ids_fit_into_forty_characters(void **state)
{
    (void)state;
    check_history("long", "azure-openai", "gpt-4o",
                  M "," CALLED(CALL(LONG, "{}")) "," RESULT(LONG, "r"), "",
                  M "," CALLED(CALL(CUT, "{}")) "," RESULT(CUT, "r"), "");
    check_history("long, elsewhere", "", "m", M "," CALLED(CALL(LONG, "{}")) "," RESULT(LONG, "r"),
                  "", M "," CALLED(CALL(LONG, "{}")) "," RESULT(LONG, "r"), "");
}

static void test_t11_36_gemini_gets_its_signatures_back(void **state)
{
    static const char called[] =
        M ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":"
          "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"},\"extra_content\":{"
          "\"google\":{\"thought_signature\":\"G\"}}}]}," RESULT("a", "r");

    (void)state;
    check_history("its own endpoint", "google-gemini", "gemini-3", called, "", called, "");
    check_history("another one", "openai", "gpt-4o", called, "",
                  M "," CALLED(CALL("a", "{}")) "," RESULT("a", "r"), "");
}

#define THOUGHT(text)                                                                              \
    "{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_content\":\"" text "\"}"
#define THOUGHT_CALL "{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[" CALL("a", "{}") "]"

static void test_t11_38_deepseek_gets_its_thoughts_back(void **state)
{
    (void)state;
    check_history("within the turn only", "deepseek", "deepseek-reasoner",
                  M "," THOUGHT("r1") "," M "," THOUGHT_CALL
                                      ",\"reasoning_content\":\"r2\"}," RESULT("a", "r"),
                  "",
                  M ",{\"role\":\"assistant\",\"content\":\"a\"}," M "," THOUGHT_CALL
                    ",\"reasoning_content\":\"r2\"}," RESULT("a", "r"),
                  "");
    check_history("lost ones are empty", "deepseek", "deepseek-reasoner",
                  M "," THOUGHT_CALL "}," RESULT("a", "r"), "",
                  M "," THOUGHT_CALL ",\"reasoning_content\":\"\"}," RESULT("a", "r"), "");
    check_history("the fourth generation, everywhere", "deepseek", "deepseek-v4-pro",
                  M "," THOUGHT("r1") "," M, "", M "," THOUGHT("r1") "," M, "");
    check_history("one that does not think", "deepseek", "deepseek-chat",
                  M "," THOUGHT_CALL "}," RESULT("a", "r"), "",
                  M "," THOUGHT_CALL "}," RESULT("a", "r"), "");
    check_history("others do not get them", "openai", "gpt-5", M "," THOUGHT("r") "," M, "",
                  M ",{\"role\":\"assistant\",\"content\":\"a\"}," M, "");
}

static void test_openrouter_gets_its_details_back(void **state)
{
    static const char turn[] = M
        ",{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":[{\"type\":\"reasoning."
        "text\",\"text\":\"t\",\"signature\":\"S\",\"format\":\"anthropic-claude-v1\",\"index\":0}"
        ",{\"type\":\"reasoning.encrypted\",\"data\":\"D\",\"id\":null,\"format\":\"anthropic-"
        "claude-v1\",\"index\":1}]}," M;

    (void)state;
    check_history("details", "openrouter", "m", turn, "", turn, "");
}

static void test_t11_41_results_stand_behind_their_calls(void **state)
{
    (void)state;
    check_history("text between", "openai", "gpt-4o",
                  M "," CALLED(CALL("a", "{}") "," CALL("b", "{}")) "," RESULT(
                      "b", "2") "," M "," RESULT("a", "1"),
                  "",
                  M "," CALLED(CALL("a", "{}") "," CALL("b", "{}")) "," RESULT("a", "1") "," RESULT(
                      "b", "2") "," M,
                  "");
    check_history(
        "a call without a result", "openai", "gpt-4o", M "," CALLED(CALL("a", "{}")) "," M, "",
        M "," CALLED(CALL("a", "{}")) "," RESULT("a", "Error: [no result provided]") "," M,
        "rewrite:tool_history");
}

static void test_custom_calls_of_the_history(void **state)
{
    static const char custom[] =
        M ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"a\",\"type\":"
          "\"custom\",\"custom\":{\"name\":\"f\",\"input\":\"x\\n\\\"\"}}]}," RESULT("a", "r");

    (void)state;
    check_history("as they are", "openai", "gpt-4o", custom, "", custom, "");
    check_history(
        "as functions", "", "m", custom, "",
        M "," CALLED(CALL("a", "{\\\"input\\\":\\\"x\\\\n\\\\\\\"\\\"}")) "," RESULT("a", "r"), "");
}

static void test_neighbours_are_merged_for_perplexity(void **state)
{
    (void)state;
    check_history("merged", "perplexity", "sonar", M "," M, "",
                  "{\"role\":\"user\",\"content\":\"x\\n\\nx\"}", "");
}

/* ---- what other dialects bring ---- */

/* A conversation of Anthropic's: results and text in one message, arguments as JSON. */
static void test_a_conversation_of_another_dialect(void **state)
{
    struct gw_part said = {.kind = GW_PART_TEXT, .text = GW_TEXT("x")};
    struct gw_part call_b = {.kind = GW_PART_TOOL_CALL,
                             .id = GW_TEXT("b"),
                             .name = GW_TEXT("g"),
                             .arguments.json = GW_STR("{\"n\": 1.0,\n\"s\":\"\\u00e9\"}")};
    struct gw_part call_a = {.kind = GW_PART_TOOL_CALL,
                             .id = GW_TEXT("a"),
                             .name = GW_TEXT("f"),
                             .arguments.json = GW_STR("{}"),
                             .next = &call_b};
    struct gw_part server = {.kind = GW_PART_SERVER_TOOL,
                             .family = GW_FAMILY_ANTHROPIC,
                             .name = GW_TEXT("server_tool_use"),
                             .next = &call_a};
    struct gw_part second = {.kind = GW_PART_TEXT, .text = GW_TEXT("two"), .next = &server};
    struct gw_part first = {.kind = GW_PART_TEXT, .text = GW_TEXT("one "), .next = &second};
    struct gw_part thought = {.kind = GW_PART_REASONING,
                              .family = GW_FAMILY_ANTHROPIC,
                              .text = GW_TEXT("t"),
                              .signature = GW_TEXT("S"),
                              .next = &first};
    struct gw_part more = {.kind = GW_PART_TEXT, .text = GW_TEXT("more")};
    struct gw_part failed = {.kind = GW_PART_TEXT, .text = GW_TEXT("no disk"), .next = &more};
    struct gw_part fault = {.kind = GW_PART_TEXT, .text = GW_TEXT("ERROR: no net")};
    struct gw_part notes = {.kind = GW_PART_DOCUMENT,
                            .title = GW_TEXT("Notes"),
                            .source = {.kind = GW_SOURCE_TEXT,
                                       .mime = GW_TEXT("text/plain"),
                                       .data = GW_TEXT("written")}};
    struct gw_part result_b = {.kind = GW_PART_TOOL_RESULT,
                               .id = GW_TEXT("b"),
                               .is_error = true,
                               .parts = &fault,
                               .next = &notes};
    struct gw_part result_a = {.kind = GW_PART_TOOL_RESULT,
                               .id = GW_TEXT("a"),
                               .is_error = true,
                               .parts = &failed,
                               .next = &result_b};
    struct gw_message last = {.role = GW_ROLE_USER, .parts = &result_a};
    struct gw_message turn = {.role = GW_ROLE_ASSISTANT, .parts = &thought, .next = &last};
    struct gw_message start = {.role = GW_ROLE_USER, .parts = &said, .next = &turn};
    struct gw_target_traits target = {.profile = gw_profile_of(GW_STR("openai")),
                                      .model = GW_STR("gpt-4o")};
    struct play play;

    (void)state;
    play_init(&play);
    play.request.family = GW_FAMILY_ANTHROPIC;
    play.request.messages = &start;
    assert_int_equal(
        gw_codec_openai_chat.write_request(&play.request, &target, &play.out, &play.complaint),
        GW_OK);
    check_bytes(
        "conversation", gw_buf_str(&play.out),
        "{\"model\":\"gpt-4o\",\"messages\":[" M
        ",{\"role\":\"assistant\",\"content\":\"one two\",\"tool_calls\":[{\"id\":\"a\",\"type\":"
        "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},{\"id\":\"b\",\"type\":"
        "\"function\",\"function\":{\"name\":\"g\",\"arguments\":\"{\\\"n\\\": 1.0,\\n\\\"s\\\":"
        "\\\"\\\\u00e9\\\"}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":[{\"type\":"
        "\"text\",\"text\":\"Error: no disk\"},{\"type\":\"text\",\"text\":\"more\"}]}," RESULT(
            "b", "ERROR: no net") ",{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
                                  "\"Notes\\n\\nwritten\"}]}]}");
    check_bytes("conversation", play_warnings(&play), "drop:server_tool_use");
    play_finish(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_t11_25_arguments_stay_as_they_are),
        cmocka_unit_test(test_t11_26_lone_surrogates_are_replaced),
        cmocka_unit_test(test_t11_29_images_of_results_follow_them),
        cmocka_unit_test(test_t11_31_mistral),
        cmocka_unit_test(test_t11_32_ids_of_nine_are_hashes),
        cmocka_unit_test(test_t11_34_ids_fit_into_forty_characters),
        cmocka_unit_test(test_t11_36_gemini_gets_its_signatures_back),
        cmocka_unit_test(test_t11_38_deepseek_gets_its_thoughts_back),
        cmocka_unit_test(test_openrouter_gets_its_details_back),
        cmocka_unit_test(test_t11_41_results_stand_behind_their_calls),
        cmocka_unit_test(test_custom_calls_of_the_history),
        cmocka_unit_test(test_a_conversation_of_another_dialect),
        cmocka_unit_test(test_neighbours_are_merged_for_perplexity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
