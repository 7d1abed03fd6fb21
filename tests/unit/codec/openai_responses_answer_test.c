#include "openai_responses_kit.h"

/* ---- read ---- */

#define SAID(said) "{\"type\":\"output_text\",\"text\":\"" said "\",\"annotations\":[]}"
#define ANSWER(status, output, rest)                                                               \
    "{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1760000000,\"status\":\"" status    \
    "\",\"model\":\"gpt-5\",\"output\":[" output "]" rest "}"
#define MESSAGE(content) "{\"type\":\"message\",\"id\":\"msg_1\",\"content\":[" content "]}"
#define STARTED "start id=resp_1 model=gpt-5 created=1760000000\n"

static const struct {
    const char *label, *body, *events;
} answers[] = {
    {"text, and what it cost",
     ANSWER("completed", MESSAGE(SAID("a\\u00e9") "," SAID("b")),
            ",\"usage\":{\"input_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":4,"
            "\"cache_write_tokens\":3},\"output_tokens\":5,\"output_tokens_details\":"
            "{\"reasoning_tokens\":2},\"total_tokens\":15}"),
     STARTED "+0 text\n\"a\\u00e9\"\n-0\n+1 text\n\"b\"\n-1\n"
             "usage in=10 read=4 write=3 out=5 reasoning=2\nfinish stop\nend\n"},
    {"reasoning, calls",
     ANSWER("completed",
            "{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\","
            "\"text\":\"x\"},"
            "{\"type\":\"summary_text\",\"text\":\"\"},{\"type\":\"summary_text\",\"text\":\"y\"}],"
            "\"encrypted_content\":\"E=\"},{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":"
            "\"f\","
            "\"arguments\":\"\"},{\"type\":\"custom_tool_call\",\"call_id\":\"c2\",\"name\":\"g\","
            "\"input\":\"z\"}",
            ""),
     STARTED "+0 reasoning id=rs_1\n\"x\\n\\ny\"\n-0\n+1 redacted id=rs_1\ndata \"E=\"\n-1\n"
             "+2 tool id=c1 name=f\n\"{}\"\n-2\n+3 tool custom id=c2 name=g\n\"z\"\n-3\nfinish "
             "tool_use\nend\n"},
    {"an empty text is none", ANSWER("completed", MESSAGE(SAID("")), ""),
     STARTED "finish stop\nend\n"},
    {"unknown status, unknown items",
     ANSWER("new", "{\"type\":\"mcp_call\",\"id\":\"m\"},null,7", ""),
     STARTED
     "+0 server_tool id=m\ndata \"\"{\"type\":\"mcp_call\",\"id\":\"m\"}\n-0\nfinish stop\nend\n"},
    {"fewer tokens than were cached",
     ANSWER("completed", "",
            ",\"usage\":{\"input_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":40},"
            "\"output_tokens\":5}"),
     STARTED "usage in=50 read=40 out=5\nfinish stop\nend\n"},
    {"counts that are none",
     ANSWER("completed", "", ",\"usage\":{\"input_tokens\":\"10\",\"output_tokens\":-5}"),
     STARTED "usage\nfinish stop\nend\n"},
    {"cut",
     ANSWER("incomplete", MESSAGE(SAID("a")),
            ",\"incomplete_details\":{\"reason\":\"max_output_tokens\"}"),
     STARTED "+0 text\n\"a\"\n-0\nfinish length\nend\n"},
    {"filtered",
     ANSWER("incomplete", "", ",\"incomplete_details\":{\"reason\":\"content_filter\"}"),
     STARTED "finish content_filter\nend\n"},
    {"failed",
     ANSWER("failed", MESSAGE(SAID("a")),
            ",\"error\":{\"code\":\"server_error\",\"message\":\"oh\"}"),
     "error internal code=server_error message=oh\n"},
    {"cancelled", ANSWER("cancelled", "", ""),
     "error bad_gateway code=cancelled message=upstream cancelled its response\n"},
    {"an error and nothing else", "{\"error\":{\"message\":\"oh\",\"code\":429}}",
     "error rate_limit message=oh\n"},
};

static void test_answers_become_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(answers); i++) {
        struct kit_events events;
        struct gw_arena arena;
        struct gw_err err = {0};
        kit_events_begin(&events);
        gw_arena_init(&arena, NULL);
        if (gw_codec_openai_responses.read_answer(gw_str_of(answers[i].body), &arena, kit_on_event,
                                                  &events, &err) != GW_OK)
            fail_msg("%s: %s", answers[i].label, err.message);
        kit_expect(answers[i].label, gw_buf_str(&events.out), answers[i].events);
        gw_arena_finish(&arena);
        kit_events_end(&events);
    }
}

static void test_t11_50_refusals_are_no_normal_stop(void **state)
{
    static const char body[] =
        ANSWER("completed", MESSAGE("{\"type\":\"refusal\",\"refusal\":\"no\"}"), "");
    struct kit_events events;
    struct gw_arena arena;

    (void)state;
    kit_events_begin(&events);
    gw_arena_init(&arena, NULL);
    assert_int_equal(
        gw_codec_openai_responses.read_answer(gw_str_of(body), &arena, kit_on_event, &events, NULL),
        GW_OK);
    kit_expect("refusal", gw_buf_str(&events.out),
               STARTED "+0 refusal\n\"no\"\n-0\nfinish refusal\nend\n");
    gw_arena_finish(&arena);
    kit_events_end(&events);
}

static void test_what_is_no_answer_is_invalid(void **state)
{
    static const char *const bodies[] = {"",
                                         "<html>",
                                         "{}",
                                         "[]",
                                         "{\"output\":{}}",
                                         ANSWER("in_progress", "", ""),
                                         ANSWER("queued", "", "")};

    (void)state;
    for (size_t i = 0; i < GW_COUNT(bodies); i++) {
        struct kit_events events;
        struct gw_arena arena;
        struct gw_err err = {0};
        kit_events_begin(&events);
        gw_arena_init(&arena, NULL);
        if (gw_codec_openai_responses.read_answer(gw_str_of(bodies[i]), &arena, kit_on_event,
                                                  &events, &err) != GW_INVALID ||
            !err.message[0] || gw_buf_len(&events.out))
            fail_msg("taken: %s", bodies[i]);
        gw_arena_finish(&arena);
        kit_events_end(&events);
    }
}

/* ---- written ---- */

#define TAIL_PLAIN                                                                                 \
    ",\"parallel_tool_calls\":true,\"previous_response_id\":null,\"reasoning\":{\"effort\":null,"  \
    "\"summary\":null},\"store\":false,\"temperature\":null,\"text\":{\"format\":{\"type\":"       \
    "\"text\"}},"                                                                                  \
    "\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":null,\"truncation\":\"disabled\""

static void expect_answer(const char *label, const char *body, const struct gw_answer *answer,
                          struct kit *kit, const char *expected)
{
    struct gw_answer_context context = kit_context(kit, body);

    assert_int_equal(gw_codec_openai_responses.write_answer(answer, &context, &kit->out), GW_OK);
    kit_expect(label, gw_buf_str(&kit->out), expected);
}

static void test_an_answer_has_all_its_members(void **state)
{
    struct gw_answer answer;
    struct kit kit;
    struct gw_block text = {.kind = GW_BLOCK_TEXT, .text = GW_TEXT("hi \\u00e9\\ud83d")};

    (void)state;
    kit_begin(&kit);
    gw_answer_init(&answer, &kit.arena);
    answer.id = GW_TEXT("msg_01X");
    answer.model = GW_TEXT("claude");
    answer.blocks = &text;
    answer.finish = GW_FINISH_STOP;
    answer.usage.tokens[GW_TOKENS_IN] = 10;
    answer.usage.tokens[GW_TOKENS_CACHE_READ] = 4;
    answer.usage.tokens[GW_TOKENS_CACHE_WRITE] = 0;
    answer.usage.tokens[GW_TOKENS_OUT] = 5;
    expect_answer(
        "defaults", "{\"model\":\"m\",\"input\":\"a\"}", &answer, &kit,
        "{\"id\":\"resp_msg_01X\",\"object\":\"response\",\"created_at\":1760000001,\"status\":"
        "\"completed\",\"background\":false,\"error\":null,\"incomplete_details\":null,"
        "\"instructions\":null,\"max_output_tokens\":null,\"model\":\"claude\",\"output\":"
        "[{\"type\":\"message\",\"id\":\"msg_gw0_msg_01X\",\"status\":\"completed\",\"role\":"
        "\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"hi \\u00e9\\ufffd\","
        "\"annotations\":[],\"logprobs\":[]}]}]" TAIL_PLAIN
        ",\"usage\":{\"input_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":4,"
        "\"cache_write_tokens\":0},\"output_tokens\":5,\"output_tokens_details\":"
        "{\"reasoning_tokens\":0},\"total_tokens\":15},\"user\":null,\"metadata\":{}}");
    kit_end(&kit);
}

static void test_an_answer_repeats_the_request(void **state)
{
    static const char body[] =
        "{\"model\":\"m\",\"input\":\"a\",\"instructions\":\"be\\u00e9\",\"max_output_tokens\":100,"
        "\"parallel_tool_calls\":false,\"reasoning\":{\"effort\":\"high\"},\"store\":true,"
        "\"temperature\":1.0,"
        "\"text\":{\"verbosity\":\"low\"},\"tool_choice\":\"required\",\"tools\":[\n "
        "{\"type\":\"function\",\r\n"
        "\"name\":\"a\\nb\"}],\"top_p\":0.90,\"truncation\":\"auto\",\"user\":\"u\",\"metadata\":{"
        "\"k\": \"v\"},"
        "\"prompt_cache_key\":\"p\",\"safety_identifier\":\"s\",\"top_logprobs\":2,\"max_tool_"
        "calls\":null}";
    struct gw_answer answer;
    struct kit kit;

    (void)state;
    kit_begin(&kit);
    gw_answer_init(&answer, &kit.arena);
    answer.id = GW_TEXT("resp_x");
    answer.created = GW_STR("1750000000");
    answer.service_tier = GW_TEXT("default");
    answer.finish = GW_FINISH_STOP_SEQUENCE;
    expect_answer(
        "echoes", body, &answer, &kit,
        "{\"id\":\"resp_x\",\"object\":\"response\",\"created_at\":1750000000,\"status\":"
        "\"completed\","
        "\"background\":false,\"error\":null,\"incomplete_details\":null,\"instructions\":"
        "\"be\\u00e9\","
        "\"max_output_tokens\":100,\"model\":\"sent\",\"output\":[],\"parallel_tool_calls\":false,"
        "\"previous_response_id\":null,\"reasoning\":{\"effort\":\"high\"},\"service_tier\":"
        "\"default\","
        "\"store\":false,\"temperature\":1.0,\"text\":{\"verbosity\":\"low\"},\"tool_choice\":"
        "\"required\",\"tools\":[ {\"type\":\"function\",\"name\":\"a\\nb\"}],\"top_p\":0.90,"
        "\"truncation\":\"auto\",\"usage\":{\"input_tokens\":0,\"input_tokens_details\":{\"cached_"
        "tokens\":0},\"output_tokens\":0,\"output_tokens_details\":{\"reasoning_tokens\":0},"
        "\"total_tokens\":0},\"user\":\"u\",\"metadata\":{\"k\": \"v\"},"
        "\"prompt_cache_key\":\"p\",\"safety_identifier\":\"s\",\"top_logprobs\":2}");
    kit_end(&kit);
}

static const struct {
    const char *label;
    struct gw_text id;
    const char *expected; /* NULL: 24 characters of base62 */
} ids[] = {
    {"of another dialect", {GW_STR_INIT("chatcmpl-9")}, "resp_chatcmpl-9"},
    {"its own", {GW_STR_INIT("resp_9")}, "resp_9"},
    {"odd characters go", {GW_STR_INIT("a.b:c\\/d")}, "resp_abcd"},
    {"none", {{NULL, 0}}, NULL},
    {"nothing is left", {GW_STR_INIT("...")}, NULL},
};

static void test_ids_of_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(ids); i++) {
        struct gw_answer answer;
        struct kit kit;
        kit_begin(&kit);
        gw_answer_init(&answer, &kit.arena);
        answer.id = ids[i].id;
        struct gw_answer_context context = kit_context(&kit, "{}");
        assert_int_equal(gw_codec_openai_responses.write_answer(&answer, &context, &kit.out),
                         GW_OK);
        struct gw_str id = gw_str_from(gw_buf_str(&kit.out), 7);
        id.len = gw_str_find(id, '"');
        if (ids[i].expected)
            kit_expect(ids[i].label, id, ids[i].expected);
        else if (id.len != 5 + 24 || !gw_str_starts(id, GW_STR("resp_")))
            fail_msg("%s: %.*s", ids[i].label, GW_STR_ARG(id));
        kit_end(&kit);
    }
}

static void test_t11_25_numbers_of_arguments_keep_their_bytes(void **state)
{
    struct gw_block call = {
        .kind = GW_BLOCK_TOOL,
        .id = GW_TEXT("c1"),
        .name = GW_TEXT("f"),
        .arguments = {.json = GW_STR("{\"a\":12345678901234567890, \"b\":1.0e5}")}};
    struct gw_answer answer;
    struct kit kit;

    (void)state;
    kit_begin(&kit);
    gw_answer_init(&answer, &kit.arena);
    answer.blocks = &call;
    answer.finish = GW_FINISH_TOOL_USE;
    struct gw_answer_context context = kit_context(&kit, "{}");
    assert_int_equal(gw_codec_openai_responses.write_answer(&answer, &context, &kit.out), GW_OK);
    struct gw_str out = gw_buf_str(&kit.out);
    assert_true(gw_str_find_str(out, GW_STR("\"arguments\":\"{\\\"a\\\":12345678901234567890, "
                                            "\\\"b\\\":1.0e5}\",\"status\":\"completed\"")) <
                out.len);
    kit_end(&kit);
}

static void test_images_are_dropped_and_told(void **state)
{
    struct gw_block image = {.kind = GW_BLOCK_IMAGE, .text = GW_TEXT("data:image/png;base64,QQ==")};
    struct gw_answer answer;
    struct kit kit;
    struct gw_buf ledger;

    (void)state;
    kit_begin(&kit);
    gw_buf_init(&ledger, KIT_BYTES_MAX);
    gw_answer_init(&answer, &kit.arena);
    answer.blocks = &image;
    struct gw_answer_context context = kit_context(&kit, "{}");
    assert_int_equal(gw_codec_openai_responses.write_answer(&answer, &context, &kit.out), GW_OK);
    assert_int_equal(gw_ledger_write(&kit.ledger, &ledger), GW_OK);
    kit_expect("ledger", gw_buf_str(&ledger), "drop:image");
    gw_buf_finish(&ledger);
    kit_end(&kit);
}

static void test_errors_have_the_envelope_of_openai(void **state)
{
    static const struct {
        struct gw_failure_told told;
        unsigned status;
        const char *envelope;
    } rows[] = {
        {{.class = GW_CLASS_RATE_LIMIT, .message = {GW_STR_INIT("a\\\"b")}},
         429,
         "{\"error\":{\"message\":\"a\\\"b\",\"type\":\"rate_limit_error\",\"param\":null,\"code\":"
         "\"rate_limit_exceeded\"}}"},
        {{.class = GW_CLASS_BAD_REQUEST,
          .message = {GW_STR_INIT("m")},
          .param = {GW_STR_INIT("input[0]")}},
         400,
         "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"param\":\"input[0]\","
         "\"code\":"
         "null}}"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct kit kit;
        unsigned status;
        kit_begin(&kit);
        struct gw_answer_context context = kit_context(&kit, "{}");
        assert_int_equal(
            gw_codec_openai_responses.write_error(&rows[i].told, &context, &kit.out, &status),
            GW_OK);
        assert_int_equal(status, rows[i].status);
        kit_expect("envelope", gw_buf_str(&kit.out), rows[i].envelope);
        kit_end(&kit);
    }
}

/* ---- both ---- */

static void test_an_answer_of_its_own_kind_comes_back(void **state)
{
    static const char output[] =
        "[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\",\"text\":"
        "\"x\"}],"
        "\"encrypted_content\":\"E=\"},{\"type\":\"message\",\"id\":\"msg_gw1_1\",\"status\":"
        "\"completed\","
        "\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"a\","
        "\"annotations\":"
        "[{\"type\":\"url_citation\",\"start_index\":0,\"end_index\":1,\"url\":\"u\",\"title\":"
        "\"t\"}],\"logprobs\":"
        "[{\"token\":\"a\"}]},{\"type\":\"refusal\",\"refusal\":\"no\"}]},{\"type\":\"web_search_"
        "call\",\"id\":"
        "\"ws\"},{\"type\":\"function_call\",\"id\":\"fc_gw3_1\",\"call_id\":\"c1\",\"name\":\"f\","
        "\"arguments\":"
        "\"{\\\"a\\\": "
        "1}\",\"status\":\"completed\"},{\"type\":\"custom_tool_call\",\"id\":\"ctc_gw4_1\","
        "\"call_id\":\"c2\",\"name\":\"g\",\"input\":\"z\",\"status\":\"completed\"}]";
    struct kit_events events;
    struct gw_answer answer;
    struct kit kit;

    (void)state;
    kit_begin(&kit);
    kit_events_begin(&events);
    gw_answer_init(&answer, &kit.arena);
    events.answer = &answer;
    struct gw_str body = gw_arena_printf(
        &kit.arena, "{\"id\":\"resp_1\",\"status\":\"completed\",\"output\":%s}", output);
    assert_int_equal(
        gw_codec_openai_responses.read_answer(body, &kit.arena, kit_on_event, &events, NULL),
        GW_OK);
    struct gw_answer_context context = kit_context(&kit, "{}");
    assert_int_equal(gw_codec_openai_responses.write_answer(&answer, &context, &kit.out), GW_OK);
    struct gw_str out = gw_buf_str(&kit.out);
    size_t at = gw_str_find_str(out, GW_STR("\"output\":")) + 9;
    size_t end = gw_str_find_str(out, GW_STR(",\"parallel_tool_calls\""));
    kit_expect("output", (struct gw_str){out.base + at, end - at}, output);
    kit_events_end(&events);
    kit_end(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_become_events),
        cmocka_unit_test(test_t11_50_refusals_are_no_normal_stop),
        cmocka_unit_test(test_what_is_no_answer_is_invalid),
        cmocka_unit_test(test_an_answer_has_all_its_members),
        cmocka_unit_test(test_an_answer_repeats_the_request),
        cmocka_unit_test(test_ids_of_answers),
        cmocka_unit_test(test_t11_25_numbers_of_arguments_keep_their_bytes),
        cmocka_unit_test(test_images_are_dropped_and_told),
        cmocka_unit_test(test_errors_have_the_envelope_of_openai),
        cmocka_unit_test(test_an_answer_of_its_own_kind_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
