#include "openai_responses_kit.h"

#include "wire/json_read.h"

/* ---- what a caller of another dialect would have said ---- */

typedef void tweak_fn(struct gw_request *request);

static void of_anthropic(struct gw_request *request)
{
    request->family = GW_FAMILY_ANTHROPIC;
}

static void say_stop(struct gw_request *request)
{
    static struct gw_name_list stop = {.name = {GW_STR_INIT("END")}};

    request->stop = &stop;
}

static void say_stop_of_anthropic(struct gw_request *request)
{
    say_stop(request);
    of_anthropic(request);
    request->service_tier = GW_TEXT("standard_only");
}

static void say_all(struct gw_request *request)
{
    for (unsigned i = 0; i < GW_SAMPLINGS; i++)
        request->sampling[i] = GW_STR("2");
    say_stop(request);
    request->prediction = GW_STR("{}");
    request->n = GW_STR("1");
}

static void say_nothing_new(struct gw_request *request)
{
    request->sampling[GW_FREQUENCY_PENALTY] = GW_STR("0");
    request->sampling[GW_PRESENCE_PENALTY] = GW_STR("0");
    request->modalities = GW_STR("[\"text\"]");
}

static void say_two(struct gw_request *request)
{
    request->n = GW_STR("2");
}

static void say_aloud(struct gw_request *request)
{
    request->modalities = GW_STR("[\"text\",\"audio\"]");
}

static void think_with_budget(struct gw_request *request)
{
    request->reasoning.mode = GW_REASONING_ON;
    request->reasoning.budget = GW_STR("4096");
}

static void think_adaptively(struct gw_request *request)
{
    request->reasoning.mode = GW_REASONING_ADAPTIVE;
}

static void think_elsewhere(struct gw_request *request)
{
    for (struct gw_message *message = request->messages; message; message = message->next)
        for (struct gw_part *part = message->parts; part; part = part->next)
            part->family = GW_FAMILY_ANTHROPIC;
}

static void fail_results(struct gw_request *request)
{
    for (struct gw_message *message = request->messages; message; message = message->next)
        for (struct gw_part *part = message->parts; part; part = part->next)
            part->is_error = true;
}

static void host_tools_of_others(struct gw_request *request)
{
    static struct gw_tool code = {.kind = GW_TOOL_HOSTED,
                                  .type = {GW_STR_INIT("code_execution_20250522")}};
    static struct gw_tool chat = {
        .kind = GW_TOOL_HOSTED,
        .next = &code,
        .type = {GW_STR_INIT("web_search_options")},
        .raw = GW_STR_INIT(
            "{\"search_context_size\":\"low\",\"user_location\":{\"type\":\"approximate\","
            "\"approximate\":{\"city\":\"Bern\"}}}")};
    static struct gw_tool search = {
        .kind = GW_TOOL_HOSTED,
        .next = &chat,
        .type = {GW_STR_INIT("web_search_20250305")},
        .raw = GW_STR_INIT(
            "{\"allowed_domains\":[\"a.org\"],\"user_location\":{\"type\":\"approximate\"}}")};

    request->tools = &search;
}

static void host_a_shell(struct gw_request *request)
{
    static struct gw_tool shell = {.kind = GW_TOOL_HOSTED, .type = {GW_STR_INIT("bash_20250124")}};

    request->tools = &shell;
}

static void name_user_long(struct gw_request *request)
{
    request->user_id =
        GW_TEXT("0123456789012345678901234567890123456789012345678901234567890123456789");
}

static void attach_text(struct gw_request *request)
{
    static struct gw_part text = {.kind = GW_PART_DOCUMENT,
                                  .source = {.kind = GW_SOURCE_TEXT,
                                             .mime = {GW_STR_INIT("text/plain")},
                                             .data = {GW_STR_INIT("plain")}}};

    text.next = NULL;
    request->messages->parts->next = &text;
}

static void attach_video(struct gw_request *request)
{
    static struct gw_part video = {.kind = GW_PART_VIDEO,
                                   .path = {GW_STR_INIT("messages[0].content[1]")}};

    video.next = NULL;
    request->messages->parts->next = &video;
}

/* ---- bodies ---- */

#define INPUT_A                                                                                    \
    "\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"a\"}]}]"
#define ASK_A "\"input\":\"a\""

static const struct {
    const char *label, *model, *body;
    tweak_fn *tweak;
    const char *expected, *ledger;
} bodies[] = {
    {"the least there is", "gpt-4.1", "{\"model\":\"m\"," ASK_A "}", NULL,
     "{\"model\":\"gpt-4.1\"," INPUT_A ",\"store\":false}", ""},
    {"all of what goes", "gpt-4.1",
     "{\"model\":\"m\",\"instructions\":\"x\",\"input\":[{\"role\":\"system\",\"content\":\"\"},{"
     "\"role\":\"system\","
     "\"content\":\"y\\n\"},{\"role\":\"user\",\"content\":\"a\"}],\"max_output_tokens\":1e3,"
     "\"max_output_tokens\":100,\"temperature\":0.70,\"top_p\":1.0,\"store\":true,\"stream\":true,"
     "\"metadata\":{\"k\":\"v\"},\"service_tier\":\"flex\",\"prompt_cache_key\":\"p\",\"prompt_"
     "cache_retention\":"
     "\"24h\",\"safety_identifier\":\"s\",\"top_logprobs\":2,\"text\":{\"format\":{\"type\":\"json_"
     "schema\",\"name\":"
     "\"n\",\"schema\":{ \"a\":1.0},\"strict\":true},\"verbosity\":\"low\"}}",
     NULL,
     "{\"model\":\"gpt-4.1\",\"instructions\":\"x\\n\\ny\\n\"," INPUT_A
     ",\"max_output_tokens\":100,\"temperature\":0.70,\"top_p\":1.0,\"text\":{\"format\":{\"type\":"
     "\"json_schema\","
     "\"name\":\"n\",\"schema\":{ \"a\":1.0},\"strict\":true},\"verbosity\":\"low\"},\"include\":"
     "[\"message.output_text.logprobs\"],\"top_logprobs\":2,\"store\":true,\"stream\":true,"
     "\"metadata\":"
     "{\"k\":\"v\"},\"service_tier\":\"flex\",\"prompt_cache_key\":\"p\",\"prompt_cache_"
     "retention\":\"24h\","
     "\"safety_identifier\":\"s\"}",
     ""},
    {"any JSON", "gpt-4.1",
     "{\"model\":\"m\"," ASK_A ",\"text\":{\"format\":{\"type\":\"json_object\"}}}", NULL,
     "{\"model\":\"gpt-4.1\"," INPUT_A
     ",\"text\":{\"format\":{\"type\":\"json_object\"}},\"store\":false}",
     ""},
    {"what this API does not have", "gpt-4.1", "{\"model\":\"m\"," ASK_A "}", say_all,
     "{\"model\":\"gpt-4.1\"," INPUT_A ",\"temperature\":2,\"top_p\":2,\"store\":false}",
     "drop:top_k, drop:min_p, drop:frequency_penalty, drop:presence_penalty, "
     "drop:repetition_penalty, "
     "drop:seed, drop:logit_bias, drop:stop, drop:prediction"},
    {"by the name that the caller has for it", "gpt-4.1", "{\"model\":\"m\"," ASK_A "}",
     say_stop_of_anthropic,
     "{\"model\":\"gpt-4.1\"," INPUT_A ",\"store\":false,\"service_tier\":\"default\"}",
     "drop:stop_sequences"},
    {"what means nothing", "gpt-4.1", "{\"model\":\"m\"," ASK_A "}", say_nothing_new,
     "{\"model\":\"gpt-4.1\"," INPUT_A ",\"store\":false}", ""},
    {"a reasoning model", "gpt-5",
     "{\"model\":\"m\"," ASK_A
     ",\"temperature\":0.5,\"top_p\":1,\"top_logprobs\":2,\"reasoning\":{\"effort\":"
     "\"xhigh\"}}",
     NULL,
     "{\"model\":\"gpt-5\"," INPUT_A ",\"reasoning\":{\"effort\":\"high\",\"summary\":\"auto\"},"
     "\"include\":[\"reasoning.encrypted_content\"],"
     "\"store\":false}",
     "drop:temperature, drop:logprobs, drop:top_logprobs"},
    {"a reasoning model that is not asked to", "gpt-5", "{\"model\":\"m\"," ASK_A "}", NULL,
     "{\"model\":\"gpt-5\"," INPUT_A
     ",\"include\":[\"reasoning.encrypted_content\"],\"store\":false}",
     ""},
    {"a budget becomes an effort", "gpt-5", "{\"model\":\"m\"," ASK_A "}", think_with_budget,
     "{\"model\":\"gpt-5\"," INPUT_A ",\"reasoning\":{\"effort\":\"medium\",\"summary\":\"auto\"},"
     "\"include\":[\"reasoning.encrypted_content\"],"
     "\"store\":false}",
     ""},
    {"as much as it likes", "gpt-5", "{\"model\":\"m\"," ASK_A "}", think_adaptively,
     "{\"model\":\"gpt-5\"," INPUT_A ",\"reasoning\":{\"summary\":\"auto\"},\"include\":["
     "\"reasoning.encrypted_content\"],\"store\":false}",
     ""},
    {"not at all", "gpt-5.1",
     "{\"model\":\"m\"," ASK_A ",\"reasoning\":{\"effort\":\"none\",\"summary\":\"detailed\"}}",
     NULL,
     "{\"model\":\"gpt-5.1\"," INPUT_A ",\"reasoning\":{\"effort\":\"none\"},\"include\":["
     "\"reasoning.encrypted_content\"],\"store\":false}",
     ""},
    {"a model that does not reason is not asked to", "gpt-4.1",
     "{\"model\":\"m\"," ASK_A ",\"reasoning\":{\"effort\":\"high\"}}", NULL,
     "{\"model\":\"gpt-4.1\"," INPUT_A ",\"store\":false}", ""},
    {"a long name of a user", "gpt-4.1", "{\"model\":\"m\"," ASK_A "}", name_user_long,
     "{\"model\":\"gpt-4.1\"," INPUT_A ",\"store\":false,\"safety_identifier\":"
     "\"57445fa40b08c60cdcba7ca39c756de614d11482e3f15a925f548688c19e58f4\"}",
     ""},
    {"media", "gpt-4.1",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\","
     "\"image_url\":"
     "\"https:\\/\\/h/"
     "a.png\",\"detail\":\"low\"},{\"type\":\"input_image\",\"image_url\":\"data:image/jpg;base64,"
     "QUJD\"},{\"type\":\"input_image\",\"file_id\":\"f1\"},{\"type\":\"input_file\",\"file_data\":"
     "\"data:application/"
     "pdf;base64,QQ==\"},{\"type\":\"input_file\",\"filename\":\"a.csv\",\"file_data\":"
     "\"QQ==\"},{\"type\":\"input_file\",\"file_url\":\"https://h/"
     "b.pdf\"},{\"type\":\"input_file\",\"file_id\":"
     "\"f2\"},{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"QQ==\",\"format\":\"wav\"}}]}]"
     "}",
     NULL,
     "{\"model\":\"gpt-4.1\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\","
     "\"image_url\":"
     "\"https:\\/\\/h/"
     "a.png\",\"detail\":\"low\"},{\"type\":\"input_image\",\"image_url\":\"data:image/jpeg;base64,"
     "QUJD\",\"detail\":\"auto\"},{\"type\":\"input_image\",\"file_id\":\"f1\",\"detail\":\"auto\"}"
     ",{\"type\":"
     "\"input_file\",\"filename\":\"document.pdf\",\"file_data\":\"data:application/"
     "pdf;base64,QQ==\"},{\"type\":"
     "\"input_file\",\"filename\":\"a.csv\",\"file_data\":\"data:text/"
     "csv;base64,QQ==\"},{\"type\":\"input_file\","
     "\"file_url\":\"https://h/"
     "b.pdf\"},{\"type\":\"input_file\",\"file_id\":\"f2\"},{\"type\":\"input_audio\","
     "\"input_audio\":{\"data\":\"QQ==\",\"format\":\"wav\"}}]}],\"store\":false}",
     ""},
    {"a document that is text", "gpt-4.1", "{\"model\":\"m\"," ASK_A "}", attach_text,
     "{\"model\":\"gpt-4.1\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
     "\"text\":\"a\"},"
     "{\"type\":\"input_text\",\"text\":\"plain\"}]}],\"store\":false}",
     ""},
    {"a conversation", "gpt-5",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"u\"},{\"type\":\"reasoning\","
     "\"id\":\"rs_1\","
     "\"summary\":[{\"type\":\"summary_text\",\"text\":\"hm\"}],\"encrypted_content\":\"E=\"},{"
     "\"type\":\"message\","
     "\"id\":\"msg_1\",\"role\":\"assistant\",\"phase\":\"commentary\",\"content\":[{\"type\":"
     "\"output_text\","
     "\"text\":\"t\"},{\"type\":\"refusal\",\"refusal\":\"no\"}]},{\"type\":\"function_call\","
     "\"id\":\"fc_1\","
     "\"call_id\":\"c1\",\"name\":\"f\",\"arguments\":\"{\\\"a\\\": "
     "1.0}\"},{\"type\":\"custom_tool_call\","
     "\"call_id\":\"c2\",\"name\":\"g\",\"input\":\"x\\ny\"},{\"type\":\"function_call_output\","
     "\"call_id\":\"c1\","
     "\"output\":\"r\"},{\"type\":\"custom_tool_call_output\",\"call_id\":\"c2\",\"output\":[{"
     "\"type\":"
     "\"input_text\",\"text\":\"s\"},{\"type\":\"input_image\",\"image_url\":\"https://h/"
     "a.png\"}]},{\"role\":"
     "\"developer\",\"content\":\"d\"},{\"role\":\"user\",\"content\":\"v\"}]}",
     NULL,
     "{\"model\":\"gpt-5\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
     "\"text\":\"u\"}]},"
     "{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"hm\"}],"
     "\"encrypted_content\":"
     "\"E=\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"t\"},{"
     "\"type\":\"refusal\","
     "\"refusal\":\"no\"}],\"phase\":\"commentary\"},{\"type\":\"function_call\",\"call_id\":"
     "\"c1\",\"name\":\"f\","
     "\"arguments\":\"{\\\"a\\\": "
     "1.0}\"},{\"type\":\"custom_tool_call\",\"call_id\":\"c2\",\"name\":\"g\",\"input\":"
     "\"x\\ny\"},{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"r\"},{\"type\":"
     "\"custom_tool_call_output\",\"call_id\":\"c2\",\"output\":[{\"type\":\"input_text\",\"text\":"
     "\"s\"},{\"type\":"
     "\"input_image\",\"image_url\":\"https://h/"
     "a.png\",\"detail\":\"auto\"}]},{\"role\":\"developer\",\"content\":"
     "[{\"type\":\"input_text\",\"text\":\"d\"}]},{\"role\":\"user\",\"content\":[{\"type\":"
     "\"input_text\",\"text\":"
     "\"v\"}]}],\"include\":[\"reasoning.encrypted_content\"],\"store\":false}",
     ""},
    {"results that are errors", "gpt-4.1",
     "{\"model\":\"m\",\"input\":[{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"f\","
     "\"arguments\":\"\"},"
     "{\"type\":\"function_call\",\"call_id\":\"c2\",\"name\":\"f\",\"arguments\":\"{}\"},{"
     "\"type\":\"function_call\","
     "\"call_id\":\"c3\",\"name\":\"f\",\"arguments\":\"{}\"},{\"type\":\"function_call_output\","
     "\"call_id\":\"c1\","
     "\"output\":\"no "
     "file\"},{\"type\":\"function_call_output\",\"call_id\":\"c2\",\"output\":\"ERROR "
     "2\"},{\"type\":"
     "\"function_call_output\",\"call_id\":\"c3\",\"output\":[{\"type\":\"input_image\",\"file_"
     "id\":\"f\"},{\"type\":"
     "\"input_text\",\"text\":\"t\"}]}]}",
     fail_results,
     "{\"model\":\"gpt-4.1\",\"input\":[{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":"
     "\"f\",\"arguments\":"
     "\"{}\"},{\"type\":\"function_call\",\"call_id\":\"c2\",\"name\":\"f\",\"arguments\":\"{}\"},{"
     "\"type\":"
     "\"function_call\",\"call_id\":\"c3\",\"name\":\"f\",\"arguments\":\"{}\"},{\"type\":"
     "\"function_call_output\","
     "\"call_id\":\"c1\",\"output\":\"Error: no "
     "file\"},{\"type\":\"function_call_output\",\"call_id\":\"c2\","
     "\"output\":\"ERROR "
     "2\"},{\"type\":\"function_call_output\",\"call_id\":\"c3\",\"output\":[{\"type\":"
     "\"input_image\",\"file_id\":\"f\",\"detail\":\"auto\"},{\"type\":\"input_text\",\"text\":"
     "\"Error: t\"}]}],"
     "\"store\":false}",
     ""},
    {"reasoning of others, and searches", "gpt-5",
     "{\"model\":\"m\",\"input\":[{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\","
     "\"text\":\"hm\"}],"
     "\"encrypted_content\":\"E=\"},{\"type\":\"web_search_call\",\"id\":\"ws\"},{\"role\":"
     "\"assistant\",\"content\":"
     "\"t\"}]}",
     think_elsewhere,
     "{\"model\":\"gpt-5\",\"input\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"output_"
     "text\",\"text\":\"t\"}]}],"
     "\"include\":[\"reasoning.encrypted_content\"],\"store\":false}",
     "drop:web_search_call"},
    {"reasoning that leads to nothing", "gpt-5",
     "{\"model\":\"m\",\"input\":[{\"role\":\"assistant\",\"content\":\"t\"},{\"type\":"
     "\"reasoning\",\"summary\":[],"
     "\"encrypted_content\":\"E=\"},{\"role\":\"user\",\"content\":\"a\"}]}",
     NULL,
     "{\"model\":\"gpt-5\",\"input\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"output_"
     "text\",\"text\":\"t\"}]},"
     "{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"a\"}]}],\"include\":"
     "[\"reasoning.encrypted_content\"],\"store\":false}",
     ""},
    {"tools", "gpt-4.1",
     "{\"model\":\"m\"," ASK_A
     ",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"description\":\"d\","
     "\"parameters\":{ "
     "\"type\":\"object\"},\"strict\":true},{\"type\":\"function\",\"name\":\"g\"},{\"type\":"
     "\"custom\",\"name\":\"h\",\"format\":{\"type\":\"grammar\",\"grammar\":{\"syntax\":\"lark\","
     "\"definition\":"
     "\"x\"}}},{\"type\":\"custom\",\"name\":\"i\",\"format\":{\"type\":\"text\"}},{\"type\":"
     "\"namespace\",\"name\":"
     "\"ns\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}],\"tool_choice\":{\"type\":"
     "\"custom\",\"name\":\"h\"},"
     "\"parallel_tool_calls\":false}",
     NULL,
     "{\"model\":\"gpt-4.1\"," INPUT_A
     ",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"description\":\"d\","
     "\"parameters\":{ "
     "\"type\":\"object\"},\"strict\":true},{\"type\":\"function\",\"name\":\"g\",\"parameters\":"
     "{\"type\":\"object\",\"properties\":{}},\"strict\":false},{\"type\":\"custom\",\"name\":"
     "\"h\",\"format\":"
     "{\"type\":\"grammar\",\"syntax\":\"lark\",\"definition\":\"x\"}},{\"type\":\"custom\","
     "\"name\":\"i\","
     "\"format\":{\"type\":\"text\"}},{\"type\":\"function\",\"name\":\"ns__f\",\"parameters\":{"
     "\"type\":\"object\","
     "\"properties\":{}},\"strict\":false}],\"tool_choice\":{\"type\":\"custom\",\"name\":\"h\"},"
     "\"parallel_tool_calls\":false,\"store\":false}",
     ""},
    {"some of the tools", "gpt-4.1",
     "{\"model\":\"m\"," ASK_A
     ",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{}}],\"tool_choice\":"
     "{\"type\":\"allowed_tools\",\"mode\":\"required\",\"tools\":[{\"type\":\"function\",\"name\":"
     "\"f\"}]}}",
     NULL,
     "{\"model\":\"gpt-4.1\"," INPUT_A
     ",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{},"
     "\"strict\":false}],\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"required\","
     "\"tools\":[{\"type\":"
     "\"function\",\"name\":\"f\"}]},\"store\":false}",
     ""},
    {"no tools, no choice", "gpt-4.1",
     "{\"model\":\"m\"," ASK_A ",\"tool_choice\":\"auto\",\"parallel_tool_calls\":true}", NULL,
     "{\"model\":\"gpt-4.1\"," INPUT_A ",\"store\":false}", ""},
    {"tools that others run", "gpt-4.1", "{\"model\":\"m\"," ASK_A "}", host_tools_of_others,
     "{\"model\":\"gpt-4.1\"," INPUT_A
     ",\"tools\":[{\"type\":\"web_search\",\"filters\":{\"allowed_domains\":"
     "[\"a.org\"]},\"user_location\":{\"type\":\"approximate\"}},{\"type\":\"web_search\",\"search_"
     "context_size\":"
     "\"low\",\"user_location\":{\"type\":\"approximate\",\"city\":\"Bern\"}},{\"type\":\"code_"
     "interpreter\","
     "\"container\":{\"type\":\"auto\"}}],\"store\":false}",
     ""},
};

static void test_requests_are_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(bodies); i++) {
        struct kit kit;
        struct gw_buf ledger;
        kit_begin(&kit);
        gw_buf_init(&ledger, KIT_BYTES_MAX);
        kit.target.model = gw_str_of(bodies[i].model);
        if (kit_read(&kit, bodies[i].body) != GW_OK)
            fail_msg("%s: %s", bodies[i].label, kit.complaint.message);
        if (bodies[i].tweak)
            bodies[i].tweak(&kit.request);
        if (gw_codec_openai_responses.write_request(&kit.request, &kit.target, &kit.out,
                                                    &kit.complaint) != GW_OK)
            fail_msg("%s: %s", bodies[i].label, kit.complaint.message);
        kit_expect(bodies[i].label, gw_buf_str(&kit.out), bodies[i].expected);
        assert_int_equal(gw_ledger_write(&kit.ledger, &ledger), GW_OK);
        kit_expect(bodies[i].label, gw_buf_str(&ledger), bodies[i].ledger);
        gw_buf_finish(&ledger);
        kit_end(&kit);
    }
}

/* ---- refused ---- */

static const struct {
    const char *label, *body;
    tweak_fn *tweak;
    const char *param;
} refused[] = {
    {"two answers", "{\"model\":\"m\"," ASK_A "}", say_two, "n"},
    {"sound", "{\"model\":\"m\"," ASK_A "}", say_aloud, "modalities"},
    {"what only another can do", "{\"model\":\"m\"," ASK_A ",\"background\":true}", NULL,
     "background"},
    {"another's tool", "{\"model\":\"m\"," ASK_A "}", host_a_shell, "tools[0]"},
    {"another's file",
     "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_file\",\"file_"
     "id\":\"f\"}]}]}",
     of_anthropic, "input[0].content[0]"},
    {"video", "{\"model\":\"m\"," ASK_A "}", attach_video, "messages[0].content[1]"},
};

static void test_what_cannot_be_carried_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(refused); i++) {
        struct kit kit;
        kit_begin(&kit);
        assert_int_equal(kit_read(&kit, refused[i].body), GW_OK);
        if (refused[i].tweak)
            refused[i].tweak(&kit.request);
        if (gw_codec_openai_responses.write_request(&kit.request, &kit.target, &kit.out,
                                                    &kit.complaint) != GW_UNSUPPORTED ||
            strcmp(kit.complaint.code, "unsupported_parameter") != 0 ||
            strcmp(kit.complaint.param, refused[i].param) != 0)
            fail_msg("%s: '%s': %s", refused[i].label, kit.complaint.param, kit.complaint.message);
        kit_end(&kit);
    }
}

/* ---- known bugs of others ---- */

/* What is written of a body, an item of it. */
static void expect_written(const char *label, const char *model, const char *body,
                           const char *expected)
{
    struct kit kit;

    kit_begin(&kit);
    kit.target.model = gw_str_of(model);
    assert_int_equal(kit_read(&kit, body), GW_OK);
    assert_int_equal(gw_codec_openai_responses.write_request(&kit.request, &kit.target, &kit.out,
                                                             &kit.complaint),
                     GW_OK);
    struct gw_str out = gw_buf_str(&kit.out);
    if (gw_str_find_str(out, gw_str_of(expected)) == out.len)
        fail_msg("%s\n     got: %.*s\nexpected: %s", label, GW_STR_ARG(out), expected);
    kit_end(&kit);
}

static void test_t11_25_numbers_keep_their_bytes(void **state)
{
    (void)state;
    expect_written(
        "a call's", "gpt-4.1",
        "{\"model\":\"m\",\"input\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\","
        "\"arguments\":\"{\\\"a\\\":12345678901234567890,\\\"b\\\":1e5}\"}]}",
        "\"arguments\":\"{\\\"a\\\":12345678901234567890,\\\"b\\\":1e5}\"");
    expect_written("a schema's", "gpt-4.1",
                   "{\"model\":\"m\"," ASK_A
                   ",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":"
                   "{\"maximum\":1.50,\"const\":-0}}]}",
                   "\"parameters\":{\"maximum\":1.50,\"const\":-0}");
}

static void test_t11_26_lone_surrogates_are_replaced(void **state)
{
    (void)state;
    expect_written(
        "in text", "gpt-4.1",
        "{\"model\":\"m\",\"instructions\":\"i\\ud83d\",\"input\":"
        "\"a\\ud83d\\ude00\\ude00b\\\\ud83d\"}",
        "\"instructions\":\"i\\ufffd\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":"
        "\"input_text\",\"text\":\"a\\ud83d\\ude00\\ufffdb\\\\ud83d\"}]}]");
}

static void test_t11_29_images_in_results_stay(void **state)
{
    (void)state;
    expect_written(
        "a result", "gpt-4.1",
        "{\"model\":\"m\",\"input\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\","
        "\"arguments\":\"{}\"},{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":[{"
        "\"type\":"
        "\"input_image\",\"image_url\":\"data:image/png;base64,QQ==\"}]}]}",
        "\"output\":[{\"type\":\"input_image\",\"image_url\":\"data:image/"
        "png;base64,QQ==\",\"detail\":"
        "\"auto\"}]");
}

static void test_t11_30_image_urls_go_as_they_are(void **state)
{
    (void)state;
    expect_written(
        "a URL", "gpt-4.1",
        "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\","
        "\"image_url\":\"https://h/a.png?x=1&y=%20\"}]}]}",
        "\"image_url\":\"https://h/a.png?x=1&y=%20\"");
}

static void test_t11_34_long_ids_fit_on_both_sides(void **state)
{
    static const char body[] =
        "{\"model\":\"m\",\"input\":[{\"type\":\"function_call\",\"call_id\":"
        "\"call_5678901234567890123456789012345678901234567890123456789012345678901\",\"name\":"
        "\"f\","
        "\"arguments\":\"{}\"},{\"type\":\"function_call_output\",\"call_id\":"
        "\"call_5678901234567890123456789012345678901234567890123456789012345678901\",\"output\":"
        "\"r\"}]}";
    struct kit kit;
    struct gw_json json;

    (void)state;
    kit_begin(&kit);
    assert_int_equal(kit_read(&kit, body), GW_OK);
    assert_int_equal(gw_codec_openai_responses.write_request(&kit.request, &kit.target, &kit.out,
                                                             &kit.complaint),
                     GW_OK);
    assert_int_equal(gw_json_read(gw_buf_str(&kit.out), &kit.arena, 1000, &json, NULL), GW_OK);
    struct gw_json_iter iter = gw_json_iter(&json, gw_json_get(&json, 0, GW_STR("input")));
    uint32_t call, result;
    assert_true(gw_json_next(&json, &iter, &call) && gw_json_next(&json, &iter, &result));
    struct gw_str called = gw_json_raw(&json, gw_json_get(&json, call, GW_STR("call_id")));
    struct gw_str answered = gw_json_raw(&json, gw_json_get(&json, result, GW_STR("call_id")));
    assert_int_equal(called.len, 64);
    assert_true(gw_str_eq(called, answered));
    kit_end(&kit);
}

static void test_t11_39_reasoning_goes_without_its_id(void **state)
{
    (void)state;
    expect_written(
        "a turn", "gpt-5",
        "{\"model\":\"m\",\"input\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[],"
        "\"encrypted_content\":\"E=\"},{\"type\":\"message\",\"id\":\"msg_1\",\"role\":"
        "\"assistant\","
        "\"content\":\"t\"}]}",
        "\"input\":[{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"E=\"},{\"role\":"
        "\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"t\"}]}]");
}

static void test_t11_41_results_stand_right_behind_their_calls(void **state)
{
    (void)state;
    expect_written(
        "a turn", "gpt-4.1",
        "{\"model\":\"m\",\"input\":[{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"f\","
        "\"arguments\":\"{}\"},{\"role\":\"user\",\"content\":\"u\"},{\"type\":\"function_call_"
        "output\","
        "\"call_id\":\"c1\",\"output\":\"r\"}]}",
        "{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"r\"},{\"role\":"
        "\"user\"");
}

/* The same request, the same bytes. */
static void test_writing_twice_gives_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(bodies); i++) {
        struct kit once, twice;
        kit_begin(&once);
        kit_begin(&twice);
        assert_int_equal(kit_read(&once, bodies[i].body), GW_OK);
        assert_int_equal(kit_read(&twice, bodies[i].body), GW_OK);
        gw_codec_openai_responses.write_request(&once.request, &once.target, &once.out,
                                                &once.complaint);
        gw_codec_openai_responses.write_request(&twice.request, &twice.target, &twice.out,
                                                &twice.complaint);
        assert_true(gw_str_eq(gw_buf_str(&once.out), gw_buf_str(&twice.out)));
        kit_end(&twice);
        kit_end(&once);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_are_written),
        cmocka_unit_test(test_what_cannot_be_carried_is_refused),
        cmocka_unit_test(test_t11_25_numbers_keep_their_bytes),
        cmocka_unit_test(test_t11_26_lone_surrogates_are_replaced),
        cmocka_unit_test(test_t11_29_images_in_results_stay),
        cmocka_unit_test(test_t11_30_image_urls_go_as_they_are),
        cmocka_unit_test(test_t11_34_long_ids_fit_on_both_sides),
        cmocka_unit_test(test_t11_39_reasoning_goes_without_its_id),
        cmocka_unit_test(test_t11_41_results_stand_right_behind_their_calls),
        cmocka_unit_test(test_writing_twice_gives_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
