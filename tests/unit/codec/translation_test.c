/* What is set right between reader and writer, whatever the two dialects are. Readers and writers have tests of
 * their own. */
#include "codec/translation_kit.h"

/* ---- finish reasons ---- */

static const struct {
    const char *label, *blocks, *reason, *wanted;
} finishes[] = {
    {"a call and stop", CHAT_CALL, "stop", "\"stop_reason\":\"tool_use\""},
    {"no call and tool_calls", CHAT_DELTA("\"content\":\"x\""), "tool_calls",
     "\"stop_reason\":\"end_turn\""},
    {"nothing and tool_calls", "", "tool_calls", "\"stop_reason\":\"end_turn\""},
    {"a call and length", CHAT_CALL, "length", "\"stop_reason\":\"max_tokens\""},
    {"a call and content_filter", CHAT_CALL, "content_filter", "\"stop_reason\":\"refusal\""},
    {"a call and tool_calls", CHAT_CALL, "tool_calls", "\"stop_reason\":\"tool_use\""},
    {"text and stop", CHAT_DELTA("\"content\":\"x\""), "stop", "\"stop_reason\":\"end_turn\""},
    {"an unknown reason", CHAT_DELTA("\"content\":\"x\""), "what", "\"stop_reason\":\"end_turn\""},
};

static void test_t11_06_finish_fits_the_content(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(finishes); i++) {
        char stream[4096];
        int len = snprintf(stream, sizeof stream,
                           "%s" CHAT_CHUNK("\"choices\":[{\"index\":0,\"delta\":{},"
                                           "\"finish_reason\":\"%s\"}]") "data: [DONE]\n\n",
                           finishes[i].blocks, finishes[i].reason);
        struct gw_str bytes = {stream, (size_t)len};
        struct gw_err err = {.offset = 0};
        struct run run;
        begin(&run, GW_CODEC_MESSAGES, GW_CODEC_CHAT, MESSAGES_REQUEST);
        play_stream(&run, bytes, bytes.len);
        expect_part(finishes[i].label, gw_buf_str(&run.out), finishes[i].wanted);
        end(&run);

        /* The same, whole for a caller that wants no stream. */
        begin(&run, GW_CODEC_MESSAGES, GW_CODEC_CHAT,
              "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":"
              "\"Hi\"}]}");
        assert_int_equal(gw_translation_answer(run.translation, bytes, true, &run.out, &err),
                         GW_OK);
        expect_part(finishes[i].label, gw_buf_str(&run.out), finishes[i].wanted);
        end(&run);
    }
}

/* ---- what is lost ---- */

static const struct {
    const char *label, *request;
    enum gw_codec_id caller, upstream;
    const char *wanted;
} losses[] = {
    {"servers of Messages",
     "{\"model\":\"m\",\"max_tokens\":9,\"mcp_servers\":[],\"container\":\"c\",\"cache_control\":{}"
     ","
     "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
     GW_CODEC_MESSAGES, GW_CODEC_CHAT, "drop:mcp_servers, drop:container"},
    {"a member that nobody knows",
     "{\"model\":\"m\",\"so, new\":1,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
     GW_CODEC_CHAT, GW_CODEC_RESPONSES, "drop:so__new"},
    {"the name of who speaks",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"name\":\"ann\",\"content\":\"Hi\"}]}",
     GW_CODEC_CHAT, GW_CODEC_MESSAGES, "drop:name"},
    {"truncation", "{\"model\":\"m\",\"truncation\":\"auto\",\"input\":\"Hi\"}", GW_CODEC_RESPONSES,
     GW_CODEC_CHAT, "drop:truncation"},
    {"no truncation is what others do",
     "{\"model\":\"m\",\"truncation\":\"disabled\",\"input\":\"Hi\"}", GW_CODEC_RESPONSES,
     GW_CODEC_CHAT, ""},
    {"a limit under the caller's name",
     "{\"model\":\"m\",\"max_output_tokens\":999999999,\"input\":\"Hi\"}", GW_CODEC_RESPONSES,
     GW_CODEC_MESSAGES, "clamp:max_output_tokens"},
    {"a limit under its newer name",
     "{\"model\":\"m\",\"max_completion_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":"
     "\"Hi\"}]}",
     GW_CODEC_CHAT, GW_CODEC_RESPONSES, "clamp:max_completion_tokens"},
};

static void test_losses(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(losses); i++) {
        struct run run;
        struct gw_buf told;
        struct gw_translation_setup setup = {.caller = gw_codec(losses[i].caller),
                                             .upstream = gw_codec(losses[i].upstream),
                                             .target.model = GW_STR("claude-opus-4-5")};
        begin_with(&run, &setup, losses[i].request);
        assert_int_equal(run.status, GW_OK);
        gw_buf_init(&told, 4096);
        assert_int_equal(gw_ledger_write(gw_translation_ledger(run.translation), &told), GW_OK);
        expect(losses[i].label, gw_buf_str(&told), losses[i].wanted);
        gw_buf_finish(&told);
        end(&run);
    }
}

/* ---- ids of calls ---- */

/* What a vendor signed goes next to a call, never into its id: some clients refuse long ones. */
static void test_t11_35_no_state_in_the_ids_of_calls(void **state)
{
    static const char answer[] =
        "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":"
        "["
        "{\"type\":\"thinking\",\"thinking\":\"Hm\",\"signature\":\"SIGNED\"},"
        "{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{}}],"
        "\"stop_reason\":\"tool_use\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}";
    static const struct {
        enum gw_codec_id caller;
        const char *request, *call;
    } callers[] = {
        {GW_CODEC_CHAT, CHAT_WHOLE_REQUEST, "\"id\":\"toolu_1\",\"type\":\"function\""},
        {GW_CODEC_RESPONSES, "{\"model\":\"m\",\"input\":\"Hi\"}", "\"call_id\":\"toolu_1\""},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(callers); i++) {
        struct gw_err err = {.offset = 0};
        struct run run;
        begin(&run, callers[i].caller, GW_CODEC_MESSAGES, callers[i].request);
        assert_int_equal(
            gw_translation_answer(run.translation, gw_str_of(answer), false, &run.out, &err),
            GW_OK);
        expect_part("the id", gw_buf_str(&run.out), callers[i].call);
        end(&run);
    }
}

/* ---- structured output that is asked for as a call ---- */

#define JSON_FORMAT                                                                                \
    "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":"    \
    "{\"type\":\"object\"}}},"

static void test_json_output_is_text(void **state)
{
    static const char answer[] =
        "{\"id\":\"msg_1\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[{\"type\":\"tool_"
        "use\","
        "\"id\":\"toolu_1\",\"name\":\"json_output\",\"input\":{\"a\": \"\\u00e9\\\"\", "
        "\"b\":1.0}}],"
        "\"stop_reason\":\"tool_use\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}";
    static const char stream[] = MESSAGES_START
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
        "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"json_output\",\"input\":{}}}"
        "\n\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
        "\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":\"}}\n\n"
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
        "\"input_json_delta\",\"partial_json\":\" 1.0}\"}}\n\n"
        "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n" MESSAGES_STOP("tool_use");
    struct gw_err err = {.offset = 0};
    struct run run;

    (void)state;
    begin(&run, GW_CODEC_CHAT, GW_CODEC_MESSAGES,
          "{\"model\":\"m\"," JSON_FORMAT "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    expect_part("the call is forced", gw_buf_str(&run.sent),
                "\"tool_choice\":{\"type\":\"tool\",\"name\":\"json_output\"}");
    assert_int_equal(
        gw_translation_answer(run.translation, gw_str_of(answer), false, &run.out, &err), GW_OK);
    expect_part("whole", gw_buf_str(&run.out),
                "\"content\":\"{\\\"a\\\": \\\"\\\\u00e9\\\\\\\"\\\", \\\"b\\\":1.0}\"");
    expect_part("whole", gw_buf_str(&run.out), "\"finish_reason\":\"stop\"");
    assert_false(holds(gw_buf_str(&run.out), "tool_calls"));
    end(&run);

    begin(&run, GW_CODEC_CHAT, GW_CODEC_MESSAGES,
          "{\"model\":\"m\",\"stream\":true," JSON_FORMAT
          "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    play_stream(&run, gw_str_of(stream), 10);
    expect_part("streamed", gw_buf_str(&run.out), "\"delta\":{\"content\":\"{\\\"a\\\":\"}");
    expect_part("streamed", gw_buf_str(&run.out), "\"delta\":{\"content\":\" 1.0}\"}");
    expect_part("streamed", gw_buf_str(&run.out), "\"finish_reason\":\"stop\"");
    assert_false(holds(gw_buf_str(&run.out), "tool_calls"));
    end(&run);
}

/* ---- names ---- */

static void test_names_of_tools_are_given_back(void **state)
{
    static const char request[] =
        "{\"model\":\"m\",\"stream\":%s,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a.b\",\"parameters\":{}}}]}";
    static const char stream[] = MESSAGES_START
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
        "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"a_b\",\"input\":{}}}\n\n"
        "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n" MESSAGES_STOP("tool_use");
    char text[1024];
    struct gw_err err = {.offset = 0};
    struct run run;

    (void)state;
    (void)snprintf(text, sizeof text, request, "true");
    begin(&run, GW_CODEC_CHAT, GW_CODEC_MESSAGES, text);
    expect_part("sent", gw_buf_str(&run.sent), "\"name\":\"a_b\"");
    play_stream(&run, gw_str_of(stream), 0);
    expect_part("streamed", gw_buf_str(&run.out), "\"name\":\"a.b\"");
    end(&run);

    (void)snprintf(text, sizeof text, request, "false");
    begin(&run, GW_CODEC_CHAT, GW_CODEC_MESSAGES, text);
    assert_int_equal(
        gw_translation_answer(run.translation, gw_str_of(stream), true, &run.out, &err), GW_OK);
    expect_part("whole", gw_buf_str(&run.out), "\"name\":\"a.b\"");
    end(&run);
}

/* ---- what is set whatever the caller said ---- */

static const struct {
    const char *label;
    struct gw_translation_overrides overrides;
    const char *request, *sent;
} overrides[] = {
    {"nothing",
     {.seed = {NULL, 0}},
     "\"temperature\":0.5,\"top_p\":0.25,\"max_tokens\":9,\"seed\":1,",
     "\"temperature\":0.5,\"top_p\":0.25,\"max_tokens\":9,\"seed\":1"},
    {"all of them",
     {.temperature = GW_STR_INIT("0.70"),
      .top_p = GW_STR_INIT("1e-1"),
      .max_tokens = GW_STR_INIT("5"),
      .seed = GW_STR_INIT("42")},
     "\"temperature\":0.5,\"top_p\":0.25,\"max_tokens\":9,\"seed\":1,",
     "\"temperature\":0.70,\"top_p\":1e-1,\"max_tokens\":5,\"seed\":42"},
    {"where the caller said nothing",
     {.temperature = GW_STR_INIT("0.70"), .max_tokens = GW_STR_INIT("5")},
     "",
     "\"temperature\":0.70,\"max_tokens\":5"},
};

static void test_overrides(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(overrides); i++) {
        struct gw_translation_setup setup = {.caller = gw_codec(GW_CODEC_CHAT),
                                             .upstream = gw_codec(GW_CODEC_CHAT),
                                             .target = {.model = GW_STR("m2")},
                                             .overrides = overrides[i].overrides};
        char request[1024];
        struct run run;
        (void)snprintf(request, sizeof request,
                       "{\"model\":\"m\",%s\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
                       overrides[i].request);
        begin_with(&run, &setup, request);
        assert_int_equal(run.status, GW_OK);
        struct gw_str sent = gw_buf_str(&run.sent);
        expect_part(overrides[i].label, sent, "\"model\":\"m2\"");
        for (const char *at = overrides[i].sent; *at;) { /* in whatever order they are written */
            size_t len = strcspn(at, ",");
            char member[64];
            (void)snprintf(member, sizeof member, "%.*s", (int)len, at);
            expect_part(overrides[i].label, sent, member);
            at += len + (at[len] == ',');
        }
        end(&run);
    }
}

static const struct {
    const char *label, *effort, *request, *sent; /* sent NULL: nothing about thinking */
} efforts[] = {
    {"asked for", "\"low\"", "", "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}"},
    {"instead of the caller's budget", "\"low\"",
     "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":9999},",
     "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}"},
    {"none", "\"none\"", "\"reasoning_effort\":\"high\",", NULL},
};

static void test_effort_override(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(efforts); i++) {
        struct gw_translation_setup setup = {.caller = gw_codec(GW_CODEC_CHAT),
                                             .upstream = gw_codec(GW_CODEC_MESSAGES),
                                             .target = {.model = GW_STR("claude-sonnet-4-5")},
                                             .overrides = {.effort = gw_str_of(efforts[i].effort)}};
        char request[1024];
        struct run run;
        (void)snprintf(request, sizeof request,
                       "{\"model\":\"m\",%s\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}",
                       efforts[i].request);
        begin_with(&run, &setup, request);
        assert_int_equal(run.status, GW_OK);
        if (efforts[i].sent)
            expect_part(efforts[i].label, gw_buf_str(&run.sent), efforts[i].sent);
        else
            assert_false(holds(gw_buf_str(&run.sent), "thinking"));
        end(&run);
    }
}

/* ---- errors ---- */

static const struct {
    const char *label;
    unsigned status;
    const char *body, *message;
} told[] = {
    {"the provider's own", 500, "{\"error\":{\"message\":\"m\"}}", "\"message\":\"m\""},
    {"a page", 502, "<html>10.0.0.1</html>", "\"message\":\"provider returned status 502\""},
    {"cut JSON", 500, "{\"error\":{\"message\":\"m",
     "\"message\":\"provider returned status 500\""},
    {"nothing", 503, "", "\"message\":\"provider returned status 503\""},
    {"words of a refusal", 400, "no such thing", "\"message\":\"no such thing\""},
    {"the credential", 401, "{\"error\":{\"message\":\"hush is no key: hush\"}}",
     "\"message\":\"*** is no key: ***\""},
    {"nothing but the credential", 401, "hush", "\"message\":\"***\""},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(told); i++) {
        struct gw_translation_setup setup = {.caller = gw_codec(GW_CODEC_MESSAGES),
                                             .upstream = gw_codec(GW_CODEC_CHAT),
                                             .secret = GW_STR("hush")};
        unsigned status;
        struct run run;
        begin_with(&run, &setup, MESSAGES_REQUEST);
        assert_int_equal(gw_translation_error(run.translation, told[i].status,
                                              gw_str_of(told[i].body), &run.out, &status),
                         GW_OK);
        expect_part(told[i].label, gw_buf_str(&run.out), told[i].message);
        end(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_t11_06_finish_fits_the_content),
        cmocka_unit_test(test_losses),
        cmocka_unit_test(test_t11_35_no_state_in_the_ids_of_calls),
        cmocka_unit_test(test_json_output_is_text),
        cmocka_unit_test(test_names_of_tools_are_given_back),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_effort_override),
        cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
