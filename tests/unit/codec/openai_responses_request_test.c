#include "openai_responses_kit.h"

#include "model/carrier.h"

/* ---- the conversation ---- */

static const struct {
    const char *label, *body, *messages;
} conversations[] = {
    {"a string is one message of the user", "{\"model\":\"m\",\"input\":\"a\\u00e9\\n\"}",
     "user (text text=a\\u00e9\\n)"},
    {"instructions come first",
     "{\"model\":\"m\",\"instructions\":\"be\",\"input\":[{\"role\":\"system\",\"content\":\"s\"},"
     "{\"type\":\"message\",\"role\":\"developer\",\"content\":[{\"type\":\"input_text\",\"text\":"
     "\"d\"}]},"
     "{\"role\":\"user\",\"content\":\"u\"}]}",
     "first (text text=be) (text text=s) (text text=d) | user (text text=u)"},
    {"a later developer stays where it is",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"developer\","
     "\"content\":"
     "\"d\"}]}",
     "user (text text=u) | system (text text=d)"},
    {"neighbouring messages of the user stay apart",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"user\","
     "\"content\":\"v\"}]}",
     "user (text text=u) | user (text text=v)"},
    {"parts of all kinds",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
     "\"text\":\"t\"},"
     "{\"type\":\"input_image\",\"image_url\":\"https://h/a.png\",\"detail\":\"low\"},"
     "{\"type\":\"input_image\",\"image_url\":\"data:image/JPG;base64,QUJD\"},"
     "{\"type\":\"input_image\",\"file_id\":\"file-1\"},"
     "{\"type\":\"input_file\",\"filename\":\"a.pdf\",\"file_data\":\"data:application/"
     "pdf;base64,QQ==\"},"
     "{\"type\":\"input_file\",\"file_url\":\"https://h/b.pdf\"},"
     "{\"type\":\"input_file\",\"file_id\":\"file-2\"},"
     "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"QQ==\",\"format\":\"wav\"}}]}]}",
     "user (text text=t) (image url=https://h/a.png detail=low at=input[0].content[1])"
     " (image base64=QUJD mime=image/jpeg at=input[0].content[2])"
     " (image file=file-1 at=input[0].content[3])"
     " (document base64=QQ== mime=application/pdf filename=a.pdf at=input[0].content[4])"
     " (document url=https://h/b.pdf at=input[0].content[5])"
     " (document file=file-2 at=input[0].content[6])"
     " (audio base64=QQ== mime=audio/wav at=input[0].content[7])"},
    {"a turn of the assistant is all of its items",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"u\"},"
     "{\"type\":\"message\",\"id\":\"msg_1\",\"role\":\"assistant\",\"status\":\"completed\","
     "\"content\":"
     "[{\"type\":\"output_text\",\"text\":\"a\",\"annotations\":[]},{\"type\":\"refusal\","
     "\"refusal\":\"no\"}],"
     "\"phase\":\"commentary\"},"
     "{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}"
     "\"},"
     "{\"type\":\"custom_tool_call\",\"call_id\":\"c2\",\"name\":\"g\",\"input\":\"x y\"},"
     "{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"r\"},"
     "{\"type\":\"custom_tool_call_output\",\"call_id\":\"c2\",\"output\":[{\"type\":\"input_"
     "text\",\"text\":\"s\"},"
     "{\"type\":\"input_image\",\"image_url\":\"https://h/a.png\"}]},"
     "{\"role\":\"user\",\"content\":\"v\"}]}",
     "user (text text=u) | assistant phase=commentary (text text=a) (refusal text=no)"
     " (call id=c1 name=f args={\\\"a\\\":1}) (call custom id=c2 name=g args=x y)"
     " | user (result id=c1 (text text=r))"
     " (result custom id=c2 (text text=s) (image url=https://h/a.png at=input[5].output[1]))"
     " | user (text text=v)"},
    {"annotations stay with their text",
     "{\"model\":\"m\",\"input\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\","
     "\"text\":\"a\","
     "\"annotations\":[{\"type\":\"url_citation\"}]}]}]}",
     "assistant (text fam=o text=a annotations=[{\"type\":\"url_citation\"}])"},
    {"reasoning with its proof",
     "{\"model\":\"m\",\"input\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":"
     "\"summary_text\","
     "\"text\":\"a\"},{\"type\":\"summary_text\",\"text\":\"b\"}],\"encrypted_content\":\"E\"},"
     "{\"role\":\"assistant\",\"content\":\"t\"}]}",
     "assistant (reasoning fam=o id=rs_1 text=a\\n\\nb) (redacted fam=o id=rs_1 data=E) (text "
     "text=t)"},
    {"reasoning without proof is plain text",
     "{\"model\":\"m\",\"input\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[],"
     "\"content\":"
     "[{\"type\":\"reasoning_text\",\"text\":\"a\"}]},{\"role\":\"assistant\",\"content\":\"t\"}]}",
     "assistant (reasoning fam=d id=rs_1 text=a) (text text=t)"},
    {"items of OpenAI's own tools are kept as they came",
     "{\"model\":\"m\",\"input\":[{\"type\":\"web_search_call\",\"id\":\"ws_1\",\"status\":"
     "\"completed\"},"
     "{\"role\":\"assistant\",\"content\":\"t\"}]}",
     "assistant (server_tool fam=o name=web_search_call "
     "raw={\"type\":\"web_search_call\",\"id\":\"ws_1\","
     "\"status\":\"completed\"}) (text text=t)"},
    {"a namespace stays beside the name",
     "{\"model\":\"m\",\"input\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"namespace\":"
     "\"ns\",\"name\":\"f\","
     "\"arguments\":\"\"}]}",
     "assistant (call id=c space=ns name=f args=)"},
    {"arguments that are no string are taken as they are",
     "{\"model\":\"m\",\"input\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\","
     "\"arguments\":"
     "{\"a\":1.0}}]}",
     "assistant (call id=c name=f json={\"a\":1.0})"},
};

static void test_items_become_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(conversations); i++) {
        struct kit kit;
        kit_begin(&kit);
        if (kit_read(&kit, conversations[i].body) != GW_OK)
            fail_msg("%s: %s", conversations[i].label, kit.complaint.message);
        kit_messages(&kit.out, &kit.request);
        kit_expect(conversations[i].label, gw_buf_str(&kit.out), conversations[i].messages);
        kit_end(&kit);
    }
}

static void test_t11_40_reasoning_never_becomes_a_message_of_its_own(void **state)
{
    static const char body[] =
        "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"u\"},{\"type\":\"reasoning\","
        "\"id\":\"rs\","
        "\"summary\":[{\"type\":\"summary_text\",\"text\":\"a\"}],\"encrypted_content\":\"E\"},"
        "{\"role\":\"user\",\"content\":\"v\"},{\"type\":\"reasoning\",\"id\":\"rs\",\"summary\":[]"
        "},"
        "{\"role\":\"assistant\",\"content\":\"t\"}]}";
    struct kit kit;

    (void)state;
    kit_begin(&kit);
    assert_int_equal(kit_read(&kit, body), GW_OK);
    kit_messages(&kit.out, &kit.request);
    kit_expect("lonely and empty reasoning", gw_buf_str(&kit.out),
               "user (text text=u) | user (text text=v) | assistant (text text=t)");
    kit_end(&kit);
}

/* ---- state of other families ---- */

static struct gw_str carrier(struct kit *kit, const struct gw_part *part)
{
    struct gw_text text = gw_carrier_write(part, 0, &kit->arena);

    assert_true(gw_text_present(text));
    return text.raw;
}

static void test_carriers_are_unpacked(void **state)
{
    const struct gw_part thinking = {.kind = GW_PART_REASONING,
                                     .family = GW_FAMILY_ANTHROPIC,
                                     .text = GW_TEXT("deep"),
                                     .signature = GW_TEXT("S=")};
    const struct gw_part call = {.kind = GW_PART_TOOL_CALL,
                                 .family = GW_FAMILY_GEMINI,
                                 .id = GW_TEXT("c1"),
                                 .gsig = GW_TEXT("G=")};
    struct kit kit;

    (void)state;
    kit_begin(&kit);
    struct gw_str body = gw_arena_printf(
        &kit.arena,
        "{\"model\":\"m\",\"input\":[{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_"
        "text\",\"text\":"
        "\"cut\"}],\"encrypted_content\":\"%.*s\"},{\"type\":\"reasoning\",\"summary\":[],"
        "\"encrypted_content\":"
        "\"%.*s\"},{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":\"{}"
        "\"},"
        "{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"seen\"}],"
        "\"encrypted_content\":\"gw1:broken\"}]}",
        GW_STR_ARG(carrier(&kit, &thinking)), GW_STR_ARG(carrier(&kit, &call)));
    assert_int_equal(kit_read(&kit, body.base), GW_OK);
    kit_messages(&kit.out, &kit.request);
    kit_expect("carriers", gw_buf_str(&kit.out),
               "assistant (reasoning fam=a text=deep sig=S=) (call id=c1 name=f args={} gsig=G=)"
               " (reasoning fam=d text=seen)");
    kit_end(&kit);
}

/* ---- what is refused ---- */

static const struct {
    const char *label, *body, *code, *param;
} refused[] = {
    {"no JSON", "{\"model\":", "invalid_json", ""},
    {"no object", "[]", "invalid_json", ""},
    {"no model", "{\"input\":\"a\"}", "missing_required_parameter", "model"},
    {"no input", "{\"model\":\"m\"}", "missing_required_parameter", "input"},
    {"input of another type", "{\"model\":\"m\",\"input\":1}", "invalid_value", "input"},
    {"item that is no object", "{\"model\":\"m\",\"input\":[1]}", "invalid_value", "input[0]"},
    {"item without a type", "{\"model\":\"m\",\"input\":[{}]}", "missing_required_parameter",
     "input[0].type"},
    {"unknown role", "{\"model\":\"m\",\"input\":[{\"role\":\"tool\",\"content\":\"a\"}]}",
     "invalid_value", "input[0].role"},
    {"unknown part",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
     "\"text\":\"a\"},"
     "{\"type\":\"smell\"}]}]}",
     "invalid_value", "input[0].content[1]"},
    {"part without its text",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\"}]}]}",
     "invalid_value", "input[0].content[0]"},
    {"image without a place",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\"}]}]}",
     "invalid_value", "input[0].content[0]"},
    {"data URL without data",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\","
     "\"image_url\":"
     "\"data:image/png\"}]}]}",
     "invalid_value", "input[0].content[0]"},
    {"image of the system",
     "{\"model\":\"m\",\"input\":[{\"role\":\"system\",\"content\":[{\"type\":\"input_image\","
     "\"file_id\":\"f\"}]}]}",
     "invalid_value", "input[0].content"},
    {"call without its id",
     "{\"model\":\"m\",\"input\":[{\"type\":\"function_call\",\"id\":\"fc_1\",\"name\":\"f\","
     "\"arguments\":\"\"}]}",
     "missing_required_parameter", "input[0].call_id"},
    {"call without a name",
     "{\"model\":\"m\",\"input\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"arguments\":\"\"}"
     "]}",
     "missing_required_parameter", "input[0].name"},
    {"result without a call",
     "{\"model\":\"m\",\"input\":[{\"type\":\"function_call_output\",\"output\":\"\"}]}",
     "missing_required_parameter", "input[0].call_id"},
    {"no tokens", "{\"model\":\"m\",\"input\":\"a\",\"max_output_tokens\":0}", "invalid_value",
     "max_output_tokens"},
    {"half a token", "{\"model\":\"m\",\"input\":\"a\",\"max_output_tokens\":1.5}", "invalid_value",
     "max_output_tokens"},
    {"stream of another type", "{\"model\":\"m\",\"input\":\"a\",\"stream\":\"yes\"}",
     "invalid_value", "stream"},
    {"temperature of another type", "{\"model\":\"m\",\"input\":\"a\",\"temperature\":\"1\"}",
     "invalid_value", "temperature"},
    {"unknown effort", "{\"model\":\"m\",\"input\":\"a\",\"reasoning\":{\"effort\":\"huge\"}}",
     "invalid_value", "reasoning.effort"},
    {"unknown format", "{\"model\":\"m\",\"input\":\"a\",\"text\":{\"format\":{\"type\":\"xml\"}}}",
     "invalid_value", "text.format.type"},
    {"format without its schema",
     "{\"model\":\"m\",\"input\":\"a\",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":"
     "\"n\"}}}",
     "missing_required_parameter", "text.format.schema"},
    {"tool without a name", "{\"model\":\"m\",\"input\":\"a\",\"tools\":[{\"type\":\"function\"}]}",
     "missing_required_parameter", "tools[0].name"},
    {"tool without a type", "{\"model\":\"m\",\"input\":\"a\",\"tools\":[{\"name\":\"f\"}]}",
     "invalid_value", "tools[0]"},
    {"tool of a namespace without a name",
     "{\"model\":\"m\",\"input\":\"a\",\"tools\":[{\"type\":\"namespace\",\"name\":\"n\",\"tools\":"
     "[{\"type\":\"function\"}]}]}",
     "missing_required_parameter", "tools[0].tools[0].name"},
    {"choice of nothing", "{\"model\":\"m\",\"input\":\"a\",\"tool_choice\":\"maybe\"}",
     "invalid_value", "tool_choice"},
    {"choice without a name",
     "{\"model\":\"m\",\"input\":\"a\",\"tool_choice\":{\"type\":\"function\"}}",
     "missing_required_parameter", "tool_choice.name"},
};

static void test_bad_requests_are_refused_where_they_are_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(refused); i++) {
        struct kit kit;
        kit_begin(&kit);
        if (kit_read(&kit, refused[i].body) != GW_INVALID ||
            strcmp(kit.complaint.code, refused[i].code) != 0 ||
            strcmp(kit.complaint.param, refused[i].param) != 0 || !kit.complaint.message[0])
            fail_msg("%s: %s at '%s': %s", refused[i].label,
                     kit.complaint.code ? kit.complaint.code : "taken", kit.complaint.param,
                     kit.complaint.message);
        kit_end(&kit);
    }
}

static const struct {
    const char *label, *body, *names, *ledger;
} natives[] = {
    {"nothing",
     "{\"model\":\"m\",\"input\":\"a\",\"background\":false,\"previous_response_id\":null}", "",
     ""},
    {"state at OpenAI's",
     "{\"model\":\"m\",\"input\":\"a\",\"previous_response_id\":\"resp_1\",\"conversation\":{"
     "\"id\":\"c\"},"
     "\"prompt\":{\"id\":\"p\"},\"background\":true}",
     "previous_response_id conversation prompt background ", ""},
    {"an item that OpenAI keeps",
     "{\"model\":\"m\",\"input\":[{\"type\":\"item_reference\",\"id\":\"msg_68af\"},{\"id\":\"rs_"
     "1\"}]}",
     "item_reference ", ""},
    {"an item of ours",
     "{\"model\":\"m\",\"input\":[{\"type\":\"item_reference\",\"id\":\"msg_gw0_abc\"},{\"id\":"
     "\"fc_gw12_a\"},"
     "{\"role\":\"user\",\"content\":\"u\"}]}",
     "", "drop:item_reference"},
    {"an item nearly of ours",
     "{\"model\":\"m\",\"input\":[{\"type\":\"item_reference\",\"id\":\"msg_gwx_abc\"}]}",
     "item_reference ", ""},
    {"choice of a hosted tool",
     "{\"model\":\"m\",\"input\":\"a\",\"tool_choice\":{\"type\":\"web_search\"}}", "",
     "drop:tool_choice"},
};

static void test_what_only_openai_can_do_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(natives); i++) {
        struct kit kit;
        struct gw_buf ledger;
        kit_begin(&kit);
        gw_buf_init(&ledger, KIT_BYTES_MAX);
        assert_int_equal(kit_read(&kit, natives[i].body), GW_OK);
        for (const struct gw_name_list *at = kit.request.native_only; at; at = at->next)
            gw_buf_printf(&kit.out, "%.*s ", GW_STR_ARG(at->name.raw));
        kit_expect(natives[i].label, gw_buf_str(&kit.out), natives[i].names);
        assert_int_equal(gw_ledger_write(&kit.ledger, &ledger), GW_OK);
        kit_expect(natives[i].label, gw_buf_str(&ledger), natives[i].ledger);
        gw_buf_finish(&ledger);
        kit_end(&kit);
    }
}

/* ---- the rest ---- */

static void test_members_keep_their_bytes(void **state)
{
    static const char body[] =
        "{\"model\":\"m\\u00e9\",\"input\":\"a\",\"stream\":true,\"max_output_tokens\":100,"
        "\"temperature\":1e0,"
        "\"top_p\":0.90,\"store\":true,\"parallel_tool_calls\":false,\"metadata\":{\"a\": \"b\"},"
        "\"user\":\"u\",\"safety_identifier\":\"s\",\"service_tier\":\"flex\",\"prompt_cache_key\":"
        "\"k\","
        "\"prompt_cache_retention\":\"24h\",\"top_logprobs\":3,\"include\":[\"reasoning.encrypted_"
        "content\"],"
        "\"text\":{\"verbosity\":\"low\",\"format\":{\"type\":\"json_schema\",\"name\":\"n\","
        "\"schema\":{ },"
        "\"strict\":true}},\"reasoning\":{\"effort\":\"xhigh\",\"summary\":\"detailed\"},"
        "\"client_metadata\":{},\"max_tool_calls\":3,\"new_thing\":[1]}";
    struct gw_request *request;
    struct kit kit;

    (void)state;
    kit_begin(&kit);
    assert_int_equal(kit_read(&kit, body), GW_OK);
    request = &kit.request;
    assert_true(request->stream && request->include_usage);
    kit_text(&kit.out, "model", request->model);
    kit_json(&kit.out, "max", request->max_tokens);
    kit_json(&kit.out, "temperature", request->sampling[GW_TEMPERATURE]);
    kit_json(&kit.out, "top_p", request->sampling[GW_TOP_P]);
    kit_json(&kit.out, "metadata", request->metadata);
    kit_text(&kit.out, "user", request->user_id);
    kit_text(&kit.out, "tier", request->service_tier);
    kit_text(&kit.out, "key", request->cache_key);
    kit_text(&kit.out, "retention", request->cache_retention);
    kit_json(&kit.out, "top", request->top_logprobs);
    kit_text(&kit.out, "verbosity", request->verbosity);
    kit_text(&kit.out, "format", request->format.name);
    kit_json(&kit.out, "schema", request->format.schema);
    kit_json(&kit.out, "strict", request->format.strict);
    kit_text(&kit.out, "summary", request->reasoning.summary);
    for (const struct gw_extra *extra = request->extra; extra; extra = extra->next)
        gw_buf_printf(&kit.out, " %.*s:%.*s", GW_STR_ARG(extra->name.raw),
                      GW_STR_ARG(extra->value));
    kit_expect(
        "members", gw_buf_str(&kit.out),
        " model=m\\u00e9 max=100 temperature=1e0 top_p=0.90 metadata={\"a\": \"b\"} user=s "
        "tier=flex"
        " key=k retention=24h top=3 verbosity=low format=n schema={ } strict=true summary=detailed"
        " max_tool_calls:3 new_thing:[1]");
    assert_int_equal(request->store, GW_FLAG_TRUE);
    assert_int_equal(request->parallel_tools, GW_FLAG_FALSE);
    assert_int_equal(request->logprobs, GW_FLAG_TRUE);
    assert_int_equal(request->reasoning.effort, GW_EFFORT_XHIGH);
    assert_int_equal(request->reasoning.mode, GW_REASONING_ON);
    assert_int_equal(request->format.kind, GW_FORMAT_JSON_SCHEMA);
    kit_end(&kit);
}

static void test_null_is_absent(void **state)
{
    static const char body[] = "{\"model\":\"m\",\"input\":\"a\",\"instructions\":null,\"stream\":"
                               "null,\"max_output_tokens\":null,"
                               "\"temperature\":null,\"top_p\":null,\"store\":null,\"parallel_tool_"
                               "calls\":null,\"metadata\":null,"
                               "\"user\":null,\"top_logprobs\":null,\"include\":null,\"text\":null,"
                               "\"reasoning\":null,\"tools\":null,"
                               "\"tool_choice\":null,\"background\":null,\"prompt\":null,"
                               "\"conversation\":null,\"other\":null}";
    struct kit kit, plain;

    (void)state;
    kit_begin(&kit);
    kit_begin(&plain);
    assert_int_equal(kit_read(&kit, body), GW_OK);
    assert_int_equal(kit_read(&plain, "{\"model\":\"m\",\"input\":\"a\"}"), GW_OK);
    assert_null(kit.request.system);
    assert_null(kit.request.extra);
    assert_null(kit.request.native_only);
    assert_null(kit.request.tools);
    assert_null(kit.request.metadata.base);
    assert_null(kit.request.sampling[GW_TEMPERATURE].base);
    assert_int_equal(kit.request.store, plain.request.store);
    assert_int_equal(kit.request.tool_choice, GW_CHOICE_UNSET);
    assert_int_equal(kit.request.reasoning.mode, GW_REASONING_UNSET);
    kit_end(&plain);
    kit_end(&kit);
}

static void test_tools_are_read_with_their_namespaces(void **state)
{
    static const char body[] = "{\"model\":\"m\",\"input\":\"a\",\"tools\":[{\"type\":\"function\","
                               "\"name\":\"f\",\"description\":\"d\","
                               "\"parameters\":{\"type\":\"object\"},\"strict\":true},{\"type\":"
                               "\"custom\",\"name\":\"g\",\"format\":"
                               "{\"type\":\"text\"}},{\"type\":\"namespace\",\"name\":\"ns\","
                               "\"tools\":[{\"type\":\"function\",\"name\":"
                               "\"f\",\"parameters\":null}]},{\"type\":\"web_search\"}],\"tool_"
                               "choice\":{\"type\":\"allowed_tools\","
                               "\"mode\":\"required\",\"tools\":[{\"type\":\"function\",\"name\":"
                               "\"f\"},{\"type\":\"function\","
                               "\"namespace\":\"ns\",\"name\":\"f\"},{\"type\":\"web_search\"}]}}";
    struct kit kit;

    (void)state;
    kit_begin(&kit);
    assert_int_equal(kit_read(&kit, body), GW_OK);
    for (const struct gw_tool *tool = kit.request.tools; tool; tool = tool->next) {
        gw_buf_printf(&kit.out, "[%u", tool->kind);
        kit_text(&kit.out, "space", tool->space);
        kit_text(&kit.out, "name", tool->name);
        kit_text(&kit.out, "type", tool->type);
        kit_text(&kit.out, "description", tool->description);
        kit_json(&kit.out, "schema", tool->schema);
        kit_json(&kit.out, "strict", tool->strict);
        gw_buf_printf(&kit.out, "]");
    }
    for (const struct gw_name_list *at = kit.request.allowed; at; at = at->next)
        kit_text(&kit.out, "allowed", at->name);
    kit_expect("tools", gw_buf_str(&kit.out),
               "[0 name=f description=d schema={\"type\":\"object\"} strict=true]"
               "[1 name=g schema={\"type\":\"text\"}][0 space=ns name=f][2 type=web_search]"
               " allowed=f allowed=ns__f");
    assert_int_equal(kit.request.tool_choice, GW_CHOICE_ANY);
    kit_end(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_become_messages),
        cmocka_unit_test(test_t11_40_reasoning_never_becomes_a_message_of_its_own),
        cmocka_unit_test(test_carriers_are_unpacked),
        cmocka_unit_test(test_bad_requests_are_refused_where_they_are_bad),
        cmocka_unit_test(test_what_only_openai_can_do_is_named),
        cmocka_unit_test(test_members_keep_their_bytes),
        cmocka_unit_test(test_null_is_absent),
        cmocka_unit_test(test_tools_are_read_with_their_namespaces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
