/* Messages and tools as Claude is sent them: translation.md §2.5 to §2.9, §4.4. */
#include "unit/test.h"

#include <stdio.h>

#include "unit/codec/anthropic_messages_upstream.h"

#define OPUS "claude-opus-5"
#define OLD "claude-3-5-haiku"
#define MANUAL "claude-opus-4-5"

/* ---- messages ---- */

#define TEXT(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define USER(blocks) "{\"role\":\"user\",\"content\":[" blocks "]}"
#define ASSISTANT(blocks) "{\"role\":\"assistant\",\"content\":[" blocks "]}"
#define SYSTEM(blocks) "{\"role\":\"system\",\"content\":[" blocks "]}"
#define CALL(id, input)                                                                            \
    "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"f\",\"input\":" input "}"
#define RESULT(id, content)                                                                        \
    "{\"type\":\"tool_result\",\"tool_use_id\":\"" id "\",\"content\":[" content "]}"
#define GO USER(TEXT("go"))
#define TOOLS                                                                                      \
    ",\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\",\"properties\":{}}}]"

/* ---- tweaks ---- */

static struct gw_part *first(struct gw_request *request, enum gw_part_kind kind)
{
    for (struct gw_message *message = request->messages; message; message = message->next)
        for (struct gw_part *part = message->parts; part; part = part->next)
            if (part->kind == kind)
                return part;
    fail_msg("there is no such part");
    return NULL;
}

static void args_string(struct gw_request *request)
{
    first(request, GW_PART_TOOL_CALL)->arguments =
        (struct gw_arguments){.string = GW_TEXT("{\\\"a\\\": \\\"\\\\u00e9\\\"}")};
}

static void args_empty(struct gw_request *request)
{
    first(request, GW_PART_TOOL_CALL)->arguments = (struct gw_arguments){.string = GW_TEXT("")};
}

static void args_broken(struct gw_request *request)
{
    first(request, GW_PART_TOOL_CALL)->arguments =
        (struct gw_arguments){.string = GW_TEXT("{\\\"a")};
}

static void custom_call(struct gw_request *request)
{
    struct gw_part *part = first(request, GW_PART_TOOL_CALL);
    part->tool = GW_TOOL_CUSTOM;
    part->arguments = (struct gw_arguments){.string = GW_TEXT("*** \\\"x\\\"\\n")};
}

static void foreign_state(struct gw_request *request)
{
    first(request, GW_PART_REASONING)->family = GW_FAMILY_OPENAI;
    first(request, GW_PART_REDACTED)->family = GW_FAMILY_GEMINI;
}

static void foreign_server_tool(struct gw_request *request)
{
    struct gw_part *part = first(request, GW_PART_SERVER_TOOL);
    part->family = GW_FAMILY_OPENAI;
    part->name = (struct gw_text){{NULL, 0}};
}

static void refusal(struct gw_request *request)
{
    first(request, GW_PART_TEXT)->kind = GW_PART_REFUSAL;
}

static void low_detail(struct gw_request *request)
{
    first(request, GW_PART_IMAGE)->detail = GW_TEXT("low");
}

static void text_document(struct gw_request *request)
{
    struct gw_part *part = first(request, GW_PART_DOCUMENT);
    part->source.mime = GW_TEXT("text/csv");
    part->source.data = GW_TEXT("YSwiYiIKw6k=");
    part->filename = GW_TEXT("t.csv");
}

static void on(struct gw_request *request)
{
    request->reasoning.effort = GW_EFFORT_LOW;
}

static const struct {
    const char *label, *model, *messages, *more;
    tweak_fn *tweak;
    const char *out, *after, *warnings;
} rows[] = {
    {"text keeps every byte", OPUS, USER(TEXT(" a\\u0000\\ud83d\\ude00\\r\\n\xe2\x80\x8b ")), "",
     NULL, USER(TEXT(" a\\u0000\\ud83d\\ude00\\r\\n\xe2\x80\x8b ")), "", ""},
    {"test_t11_26 a lone surrogate is mended", OPUS,
     USER(TEXT("a\\ud83d")) "," ASSISTANT(CALL("t", "{\"x\":\"\\udc00\"}")) "," USER(
         RESULT("t", TEXT("b"))),
     TOOLS, NULL,
     USER(TEXT("a\\ufffd")) "," ASSISTANT(CALL("t", "{\"x\":\"\\ufffd\"}")) "," USER(
         RESULT("t", TEXT("b"))),
     TOOLS, ""},
    {"test_t11_43 no blank text", OPUS,
     USER(TEXT(" \\n") "," TEXT("a")) "," ASSISTANT(TEXT("")) "," USER(TEXT("b")), "", NULL,
     USER(TEXT("a") "," TEXT("b")), "", ""},
    {"nothing left of the user", OPUS, USER(TEXT(" ")), "", NULL, USER(TEXT("(empty)")), "", ""},
    {"the user comes first", OPUS, ASSISTANT(TEXT("a")) "," USER(TEXT("b")), "", NULL,
     USER(TEXT("(empty)")) "," ASSISTANT(TEXT("a")) "," USER(TEXT("b")), "", ""},
    {"test_t11_41 results first, in the order of their calls", OPUS,
     GO "," ASSISTANT(CALL("a", "{}") "," CALL("b", "{}")) "," USER(TEXT("x")) "," USER(
         RESULT("b", TEXT("2")) "," RESULT("a", TEXT("1"))),
     TOOLS, NULL,
     GO "," ASSISTANT(CALL("a", "{}") "," CALL("b", "{}")) "," USER(
         RESULT("a", TEXT("1")) "," RESULT("b", TEXT("2")) "," TEXT("x")),
     TOOLS, ""},
    {"a call without a result", OPUS, GO "," ASSISTANT(CALL("a", "{}")) "," USER(TEXT("x")), TOOLS,
     NULL,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(
         "{\"type\":\"tool_result\",\"tool_use_id\":\"a\",\"content\":[" TEXT(
             "[no result provided]") "],\"is_error\":true}," TEXT("x")),
     TOOLS, "rewrite:tool_history"},
    {"an error is told as one", OPUS,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(
         "{\"type\":\"tool_result\",\"tool_use_id\":\"a\",\"content\":\"bad\",\"is_error\":true}"),
     TOOLS, NULL,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(
         "{\"type\":\"tool_result\",\"tool_use_id\":\"a\",\"content\":[" TEXT(
             "bad") "],\"is_error\":true}"),
     TOOLS, ""},
    {"empty results", OPUS,
     GO "," ASSISTANT(CALL("a", "{}") "," CALL("b", "{}")) "," USER(
         "{\"type\":\"tool_result\",\"tool_use_id\":\"a\"}," RESULT("b", TEXT(" "))),
     TOOLS, NULL,
     GO "," ASSISTANT(CALL("a", "{}") "," CALL("b", "{}")) "," USER(
         RESULT("a", "") "," RESULT("b", "")),
     TOOLS, ""},
    {"test_t11_29 an image in a result", OPUS,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(
         RESULT("a", "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/"
                     "png\",\"data\":"
                     "\"aa\"}}," TEXT("x"))),
     TOOLS, NULL,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(
         RESULT("a", "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/"
                     "png\",\"data\":"
                     "\"aa\"}}," TEXT("x"))),
     TOOLS, ""},
    {"test_t11_30 an image by its URL", OPUS,
     USER("{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://x/y?z\"}}"), "",
     low_detail,
     USER("{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://x/y?z\"}}"), "",
     "drop:detail"},
    {"documents", OPUS,
     USER("{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"media_type\":\"application/"
          "pdf\",\"data\":\"aa\"},"
          "\"title\":\"t\",\"context\":\"c\",\"citations\":{\"enabled\":true}},{\"type\":"
          "\"document\",\"source\":{"
          "\"type\":\"url\",\"url\":\"u\"}}"),
     "", NULL,
     USER("{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"media_type\":\"application/"
          "pdf\",\"data\":\"aa\"},"
          "\"title\":\"t\",\"context\":\"c\",\"citations\":{\"enabled\":true}},{\"type\":"
          "\"document\",\"source\":{"
          "\"type\":\"url\",\"url\":\"u\"}}"),
     "", ""},
    {"a document of text in base64", OPUS,
     USER("{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"media_type\":\"application/"
          "pdf\",\"data\":\"aa\"}}"),
     "", text_document,
     USER("{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/"
          "plain\",\"data\":"
          "\"a,\\\"b\\\"\\n\xc3\xa9\"},\"title\":\"t.csv\"}"),
     "", ""},
    {"test_t11_33 ids, in calls and results alike", OPUS,
     GO "," ASSISTANT(CALL("functions.f:0", "{}")) "," USER(RESULT("functions.f:0", TEXT("x"))),
     TOOLS, NULL,
     GO "," ASSISTANT(CALL("functions_f_0_d6bdd4de", "{}")) "," USER(
         RESULT("functions_f_0_d6bdd4de", TEXT("x"))),
     TOOLS, ""},
    {"test_t11_25 input keeps every byte", OPUS,
     GO "," ASSISTANT(CALL("a", "{ \"b\":1.0,\"a\":12345678901234567890,\"a\":-0 }")) "," USER(
         RESULT("a", TEXT("x"))),
     TOOLS, NULL,
     GO "," ASSISTANT(CALL("a", "{ \"b\":1.0,\"a\":12345678901234567890,\"a\":-0 }")) "," USER(
         RESULT("a", TEXT("x"))),
     TOOLS, ""},
    {"arguments in a string", OPUS,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(RESULT("a", TEXT("x"))), TOOLS, args_string,
     GO "," ASSISTANT(CALL("a", "{\"a\": \"\\u00e9\"}")) "," USER(RESULT("a", TEXT("x"))), TOOLS,
     ""},
    {"test_t11_22 no arguments", OPUS,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(RESULT("a", TEXT("x"))), TOOLS, args_empty,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(RESULT("a", TEXT("x"))), TOOLS, ""},
    {"broken arguments", OPUS, GO "," ASSISTANT(CALL("a", "{}")) "," USER(RESULT("a", TEXT("x"))),
     TOOLS, args_broken,
     GO
     "," ASSISTANT(CALL("a", "{\"__raw_arguments\":\"{\\\"a\"}")) "," USER(RESULT("a", TEXT("x"))),
     TOOLS, "rewrite:tool_arguments"},
    {"a call of a custom tool", OPUS,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(RESULT("a", TEXT("x"))), TOOLS, custom_call,
     GO
     "," ASSISTANT(CALL("a", "{\"input\":\"*** \\\"x\\\"\\n\"}")) "," USER(RESULT("a", TEXT("x"))),
     TOOLS, ""},
    {"calls without tools", OPUS,
     GO "," ASSISTANT(CALL("a", "{}") "," CALL("b", "{}")) "," USER(
         RESULT("a", TEXT("x")) "," RESULT("b", TEXT("y"))),
     ",\"tool_choice\":{\"type\":\"none\"}", NULL,
     GO "," ASSISTANT(CALL("a", "{}") "," CALL("b", "{}")) "," USER(
         RESULT("a", TEXT("x")) "," RESULT("b", TEXT("y"))),
     TOOLS ",\"tool_choice\":{\"type\":\"none\"}", ""},
    /* reasoning */
    {"test_t11_37 signed thinking goes back as it was", OPUS,
     GO "," ASSISTANT("{\"type\":\"thinking\",\"thinking\":\" \\u00e9 \",\"signature\":\"S+/=\"},"
                      "{\"type\":\"redacted_thinking\",\"data\":\"D==\"}," TEXT("a")) "," GO,
     "", NULL,
     GO "," ASSISTANT("{\"type\":\"thinking\",\"thinking\":\" \\u00e9 \",\"signature\":\"S+/=\"},"
                      "{\"type\":\"redacted_thinking\",\"data\":\"D==\"}," TEXT("a")) "," GO,
     "", ""},
    {"thinking without proof does not", OPUS,
     GO "," ASSISTANT(
         "{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"\"}," TEXT("b")) "," GO,
     "", NULL, GO "," ASSISTANT(TEXT("b")) "," GO, "", ""},
    {"nor does state of others; what is empty then goes", OPUS,
     GO "," ASSISTANT("{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"x\"},"
                      "{\"type\":\"redacted_thinking\",\"data\":\"D\"}") "," GO,
     "", foreign_state, USER(TEXT("go") "," TEXT("go")), "", ""},
    {"nor any for a model that does not think", OLD,
     GO "," ASSISTANT(
         "{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"S\"}," TEXT("b")) "," GO,
     "", NULL, GO "," ASSISTANT(TEXT("b")) "," GO, "", ""},
    {"test_t11_37 manual thinking goes off without its state", MANUAL,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(RESULT("a", TEXT("x"))), TOOLS, on,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(RESULT("a", TEXT("x"))), TOOLS, "drop:reasoning"},
    {"and stays on with it, for the whole turn", MANUAL,
     GO "," ASSISTANT("{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"S\"}," CALL(
         "a",
         "{}")) "," USER(RESULT("a",
                                TEXT("x"))) "," ASSISTANT(CALL("b",
                                                               "{}")) "," USER(RESULT("b",
                                                                                      TEXT("y"))),
     TOOLS, on,
     GO "," ASSISTANT("{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"S\"}," CALL(
         "a",
         "{}")) "," USER(RESULT("a",
                                TEXT("x"))) "," ASSISTANT(CALL("b",
                                                               "{}")) "," USER(RESULT("b",
                                                                                      TEXT("y"))),
     TOOLS ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}", ""},
    {"and for a new turn", MANUAL,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(RESULT("a", TEXT("x"))) "," ASSISTANT(
         TEXT("b")) "," GO,
     TOOLS, on,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(RESULT("a", TEXT("x"))) "," ASSISTANT(
         TEXT("b")) "," GO,
     TOOLS ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}", ""},
    {"adaptive thinking does not look at it", OPUS,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(RESULT("a", TEXT("x"))), TOOLS, on,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(RESULT("a", TEXT("x"))),
     TOOLS ",\"thinking\":{\"type\":\"adaptive\",\"display\":\"summarized\"},\"output_config\":{"
           "\"effort\":\"low\"}",
     ""},
    /* the rest */
    {"test_t11_42 nothing behind the calls", OPUS,
     GO "," ASSISTANT(CALL("a", "{}") "," TEXT(
         "b") ",{\"type\":\"server_tool_use\",\"id\":\"s\"}") "," USER(RESULT("a", TEXT("x"))),
     TOOLS, NULL,
     GO "," ASSISTANT(TEXT("b") ",{\"type\":\"server_tool_use\",\"id\":\"s\"}," CALL(
         "a", "{}")) "," USER(RESULT("a", TEXT("x"))),
     TOOLS, ""},
    {"blocks of another's server", OPUS,
     GO "," ASSISTANT("{\"type\":\"web_search_call\",\"id\":\"s\"}," TEXT("b")) "," GO, "",
     foreign_server_tool, GO "," ASSISTANT(TEXT("b")) "," GO, "", "drop:web_search_call"},
    {"a refusal is text", OPUS, USER("") "," ASSISTANT(TEXT("no")) "," GO, "", refusal,
     USER(TEXT("(empty)")) "," ASSISTANT(TEXT("no")) "," GO, "", ""},
    {"test_t11_51 prefill where it is refused", OPUS, GO "," ASSISTANT(TEXT("a ")), "", NULL,
     GO "," ASSISTANT(TEXT("a")) "," USER(TEXT("Continue.")), "", "rewrite:prefill"},
    {"prefill where it is not", OLD, GO "," ASSISTANT(TEXT("a ")), "", NULL,
     GO "," ASSISTANT(TEXT("a")), "", ""},
    {"prefill with thinking", MANUAL, GO "," ASSISTANT(TEXT("a")), "", on,
     GO "," ASSISTANT(TEXT("a")) "," USER(TEXT("Continue.")),
     ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}", "rewrite:prefill"},
    {"test_t11_53 system within, where it may be", OPUS,
     GO "," SYSTEM(TEXT("s")) "," ASSISTANT(TEXT("a")) "," GO "," SYSTEM(TEXT("t")), "", NULL,
     GO "," SYSTEM(TEXT("s")) "," ASSISTANT(TEXT("a")) "," GO "," SYSTEM(TEXT("t")), "", ""},
    /* markers */
    {"markers", OPUS,
     USER("{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":"
          "\"1h\"}},"
          "{\"type\":\"text\",\"text\":\"b\",\"cache_control\":{\"type\":\"ephemeral\"}}"),
     "", NULL,
     USER("{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":"
          "\"1h\"}},"
          "{\"type\":\"text\",\"text\":\"b\",\"cache_control\":{\"type\":\"ephemeral\"}}"),
     "", ""},
    {"test_t11_44 a marker moves off what cannot have it", OPUS,
     USER(TEXT(
         "a") ",{\"type\":\"text\",\"text\":\" \",\"cache_control\":{\"type\":\"ephemeral\"}}"),
     "", NULL,
     USER("{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":\"ephemeral\"}}"), "", ""},
    {"out of a result to the result", OPUS,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(
         "{\"type\":\"tool_result\",\"tool_use_id\":\"a\",\"content\":[{\"type\":\"text\",\"text\":"
         "\"x\","
         "\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"5m\"}}]}"),
     TOOLS, NULL,
     GO "," ASSISTANT(CALL("a", "{}")) "," USER(
         "{\"type\":\"tool_result\",\"tool_use_id\":\"a\",\"content\":[" TEXT(
             "x") "],\"cache_control\":{\"type\":"
                  "\"ephemeral\",\"ttl\":\"5m\"}}"),
     TOOLS, ""},
};

static void test_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct upstream up;
        char body[2000], want[2000];
        (void)snprintf(body, sizeof(body),
                       "{\"model\":\"m\",\"max_tokens\":4000,\"messages\":[%s]%s}",
                       rows[i].messages, rows[i].more);
        upstream_write(&up, body, rows[i].model, rows[i].tweak);
        (void)snprintf(want, sizeof(want),
                       "{\"model\":\"%s\",\"max_tokens\":4000,\"messages\":[%s]%s}", rows[i].model,
                       rows[i].out, rows[i].after);
        upstream_check(&up, rows[i].label, "", want, rows[i].warnings);
        upstream_finish(&up);
    }
}

/* ---- system ---- */

#define HEAD(model) "{\"model\":\"" model "\",\"max_tokens\":10,"
#define MESSAGES "\"messages\":[" GO "]"

static void json_object(struct gw_request *request)
{
    request->format.kind = GW_FORMAT_JSON_OBJECT;
}

static void test_system(void **state)
{
    static const struct {
        const char *label, *model, *body, *out, *warnings;
        tweak_fn *tweak;
    } cases[] = {
        {"one text is a string", OPUS, "\"system\":[" TEXT("a") "]", "\"system\":\"a\"," MESSAGES,
         "", NULL},
        {"blank ones go", OPUS, "\"system\":[" TEXT("") "," TEXT("a") "]",
         "\"system\":\"a\"," MESSAGES, "", NULL},
        {"only blank ones", OPUS, "\"system\":\" \"", MESSAGES, "", NULL},
        {"several are blocks", OPUS, "\"system\":[" TEXT("a") "," TEXT("b") "]",
         "\"system\":[" TEXT("a") "," TEXT("b") "]," MESSAGES, "", NULL},
        {"a marked one is a block", OPUS,
         "\"system\":[{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":\"ephemeral\"}}"
         "]",
         "\"system\":[{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":\"ephemeral\"}}"
         "]," MESSAGES,
         "", NULL},
        {"one JSON object is asked for", OPUS, "\"system\":\"a\"",
         "\"system\":[" TEXT("a") "," TEXT("Respond only with one JSON object.") "]," MESSAGES,
         "emulate:response_format", json_object},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct upstream up;
        char body[600], want[600];
        (void)snprintf(body, sizeof(body), "{\"model\":\"m\",\"max_tokens\":10,%s," MESSAGES "}",
                       cases[i].body);
        upstream_write(&up, body, cases[i].model, cases[i].tweak);
        (void)snprintf(want, sizeof(want), "%s}", cases[i].out);
        upstream_check(&up, cases[i].label, HEAD(OPUS), want, cases[i].warnings);
        upstream_finish(&up);
    }
}

static void test_t11_53_misplaced_system_goes_to_the_front(void **state)
{
    static const struct {
        const char *model, *out;
    } cases[] = {
        {OPUS, "\"system\":[" TEXT("a") "," TEXT("s") "],\"messages\":[" GO "," ASSISTANT(
                   TEXT("b")) "," GO "," SYSTEM(TEXT("t")) "]}"},
        {OLD, "\"system\":[" TEXT("a") "," TEXT("s") "," TEXT(
                  "t") "],\"messages\":[" GO "," ASSISTANT(TEXT("b")) "," GO "]}"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct upstream up;
        char head[100];
        upstream_write(&up,
                       "{\"model\":\"m\",\"max_tokens\":10,\"system\":\"a\",\"messages\":[" GO
                       "," ASSISTANT(TEXT("b")) "," SYSTEM(TEXT("s")) "," GO
                                                                      "," SYSTEM(TEXT("t")) "]}",
                       cases[i].model, NULL);
        (void)snprintf(head, sizeof(head), "{\"model\":\"%s\",\"max_tokens\":10,", cases[i].model);
        upstream_check(&up, cases[i].model, head, cases[i].out, "");
        upstream_finish(&up);
    }
}

static void test_the_last_four_markers_stay(void **state)
{
#define MARKED(text)                                                                               \
    "{\"type\":\"text\",\"text\":\"" text "\",\"cache_control\":{\"type\":\"ephemeral\"}}"
    struct upstream up;

    (void)state;
    upstream_write(
        &up,
        "{\"model\":\"m\",\"max_tokens\":10,\"system\":[" MARKED("s") "," MARKED(
            "t") "],\"messages\":[" USER(MARKED("a") "," MARKED("b")) "," ASSISTANT(MARKED("c")) "," GO
                                                                                                 "]"
                                                                                                 ","
                                                                                                 "\"tools\":[{\"name\":\"f\","
                                                                                                 "\"input_schema\":{\"type\":\"object\"},\"cache_control\":{\"type\":\"ephemeral\"}}]}",
        OPUS, NULL);
    upstream_check(
        &up, "markers", HEAD(OPUS),
        "\"system\":[" TEXT("s") "," MARKED("t") "],\"messages\":[" USER(MARKED("a") "," MARKED(
            "b")) "," ASSISTANT(MARKED("c")) "," GO "],\"tools\":[{\"name\":\"f\",\"input_schema\":"
                                             "{\"type\":\"object\"}}]}",
        "");
    upstream_finish(&up);
}

/* ---- media that cannot go ---- */

static void to_audio(struct gw_request *request)
{
    first(request, GW_PART_IMAGE)->kind = GW_PART_AUDIO;
}

static void test_media_that_cannot_go_are_refused(void **state)
{
#define IMAGE(source) "{\"type\":\"image\",\"source\":{" source "}}"
    static const struct {
        const char *block, *message;
        tweak_fn *tweak;
    } cases[] = {
        {IMAGE("\"type\":\"base64\",\"media_type\":\"image/tiff\",\"data\":\"aa\""),
         "images other than jpeg, png, gif and webp are not supported by this model's provider",
         NULL},
        {IMAGE("\"type\":\"file\",\"file_id\":\"f\""),
         "files of another provider are not supported by this model's provider", NULL},
        {IMAGE("\"type\":\"url\",\"url\":\"f\""),
         "audio and video are not supported by this model's provider", to_audio},
        {"{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"media_type\":\"application/"
         "zip\",\"data\":\"aa\"}}",
         "documents other than PDF and text are not supported by this model's provider", NULL},
        {"{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"media_type\":\"text/"
         "plain\",\"data\":\"!\"}}",
         "documents that are no base64 are not supported by this model's provider", NULL},
        {"{\"type\":\"document\",\"source\":{\"type\":\"file\",\"file_id\":\"f\"}}",
         "files of another provider are not supported by this model's provider", NULL},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct upstream up;
        char body[600];
        (void)snprintf(
            body, sizeof(body),
            "{\"model\":\"m\",\"max_tokens\":10,\"messages\":[" USER(TEXT("a") ",%s") "]}",
            cases[i].block);
        upstream_write(&up, body, OPUS, cases[i].tweak);
        if (up.status != GW_UNSUPPORTED || strcmp(up.complaint.message, cases[i].message) != 0 ||
            strcmp(up.complaint.param, "messages[0].content[1]") != 0)
            fail_msg("%s: %s: %s", cases[i].block, up.complaint.param, up.complaint.message);
        upstream_finish(&up);
    }
}

/* ---- tools ---- */

static struct gw_request *wanted(struct gw_request *request, struct gw_tool tool)
{
    struct gw_tool *copy = gw_arena_zalloc(request->arena, sizeof(*copy));
    *copy = tool;
    request->tools = copy;
    return request;
}

static void custom(struct gw_request *request)
{
    wanted(request, (struct gw_tool){
                        .kind = GW_TOOL_CUSTOM,
                        .name = GW_TEXT("patch"),
                        .description = GW_TEXT("Applies."),
                        .schema = GW_STR("{\"type\":\"grammar\",\"syntax\":\"lark\",\"definition\":"
                                         "\"start: \\\"x\\\"\"}")});
}

static void custom_of_chat(struct gw_request *request)
{
    wanted(request, (struct gw_tool){
                        .kind = GW_TOOL_CUSTOM,
                        .name = GW_TEXT("patch"),
                        .schema = GW_STR("{\"type\":\"grammar\",\"grammar\":{\"syntax\":\"regex\","
                                         "\"definition\":\"a+\"}}")});
}

static void custom_of_text(struct gw_request *request)
{
    wanted(request, (struct gw_tool){.kind = GW_TOOL_CUSTOM,
                                     .name = GW_TEXT("say"),
                                     .schema = GW_STR("{\"type\":\"text\"}")});
}

static void search(struct gw_request *request)
{
    wanted(request,
           (struct gw_tool){
               .kind = GW_TOOL_HOSTED,
               .family = GW_FAMILY_OPENAI,
               .type = GW_TEXT("web_search"),
               .raw = GW_STR("{\"type\":\"web_search\",\"filters\":{\"allowed_domains\":[\"x\"]},"
                             "\"user_location\":{\"type\":\"approximate\",\"city\":\"A\"}}")});
}

static void search_of_chat(struct gw_request *request)
{
    wanted(request,
           (struct gw_tool){
               .kind = GW_TOOL_HOSTED,
               .family = GW_FAMILY_OPENAI,
               .type = GW_TEXT("web_search_options"),
               .raw = GW_STR("{\"search_context_size\":\"low\",\"user_location\":{\"type\":"
                             "\"approximate\",\"approximate\":{\"city\":\"A\"}}}")});
}

static void code(struct gw_request *request)
{
    wanted(request, (struct gw_tool){.kind = GW_TOOL_HOSTED,
                                     .family = GW_FAMILY_OPENAI,
                                     .type = GW_TEXT("code_interpreter"),
                                     .raw = GW_STR("{}")});
}

static void one_at_a_time(struct gw_request *request)
{
    request->parallel_tools = GW_FLAG_FALSE;
}

static void only_g(struct gw_request *request)
{
    static struct gw_name_list name = {{GW_STR_INIT("g")}, NULL};
    request->allowed = &name;
}

static void json_schema(struct gw_request *request)
{
    request->format =
        (struct gw_response_format){.kind = GW_FORMAT_JSON_SCHEMA,
                                    .name = GW_TEXT("n"),
                                    .description = GW_TEXT("d"),
                                    .schema = GW_STR("{\"type\":\"object\",\"properties\":{\"a\":{"
                                                     "\"type\":\"integer\",\"minimum\":1}}}")};
}

static void json_schema_thinking(struct gw_request *request)
{
    json_schema(request);
    request->reasoning.effort = GW_EFFORT_LOW;
}

static void json_schema_of_array(struct gw_request *request)
{
    json_schema(request);
    request->format.schema = GW_STR("{\"type\":\"array\"}");
}

#define F(schema) "{\"name\":\"f\",\"input_schema\":" schema "}"
#define F_AND(schema, more) "{\"name\":\"f\",\"input_schema\":" schema more "}"
#define FREE_TEXT                                                                                  \
    "{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":["         \
    "\"input\"],"                                                                                  \
    "\"additionalProperties\":false}"
#define PLAIN F("{\"type\":\"object\"}")
#define G "{\"name\":\"g\",\"input_schema\":{\"type\":\"object\"}}"
#define ASKED                                                                                      \
    "\"system\":\"Respond only with a JSON object that matches this schema: "                      \
    "{\\\"type\\\":\\\"object\\\","                                                                \
    "\\\"properties\\\":{\\\"a\\\":{\\\"type\\\":\\\"integer\\\",\\\"minimum\\\":1}}}\","

static const struct {
    const char *label, *model, *members;
    tweak_fn *tweak;
    const char *front, *out, *warnings;
} tools[] = {
    {"a tool", OPUS,
     "\"tools\":[{\"name\":\"f\",\"description\":\"d\\n\",\"input_schema\":{\"type\": \"object\","
     "\"x\":1.0}}]",
     NULL, "",
     ",\"tools\":[{\"name\":\"f\",\"description\":\"d\\n\",\"input_schema\":{\"type\": "
     "\"object\",\"x\":1.0}}]",
     ""},
    {"no schema", OPUS, "\"tools\":[{\"name\":\"f\"}]", NULL, "",
     ",\"tools\":[" F("{\"type\":\"object\",\"properties\":{}}") "]", ""},
    {"names that Claude does not take", OPUS,
     "\"tools\":[{\"name\":\"a.b\",\"input_schema\":{\"type\":\"object\"}}],"
     "\"tool_choice\":{\"type\":\"tool\",\"name\":\"a.b\"},\"thinking\":{\"type\":\"disabled\"}",
     NULL, "",
     ",\"tools\":[{\"name\":\"a_b\",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{"
     "\"type\":\"tool\","
     "\"name\":\"a_b\"},\"thinking\":{\"type\":\"disabled\"}",
     ""},
    {"strict", OPUS,
     "\"tools\":[" F_AND("{\"type\":\"object\",\"properties\":{}}", ",\"strict\":true") "]", NULL,
     "",
     ",\"tools\":[" F_AND("{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}",
                          ",\"strict\":true") "]",
     ""},
    {"strict, not known", OLD, "\"tools\":[" F_AND("{\"type\":\"object\"}", ",\"strict\":true") "]",
     NULL, "", ",\"tools\":[" PLAIN "]", "drop:strict"},
    {"not strict", OPUS, "\"tools\":[" F_AND("{\"type\":\"object\"}", ",\"strict\":false") "]",
     NULL, "", ",\"tools\":[" PLAIN "]", ""},
    {"a schema of alternatives", OPUS,
     "\"tools\":[{\"name\":\"f\",\"description\":\"d\",\"input_schema\":{\"anyOf\":["
     "{\"a\":\"\\n\"}],\"x\":1}}]",
     NULL, "",
     ",\"tools\":[{\"name\":\"f\",\"description\":\"d\\n\\nanyOf: "
     "[{\\\"a\\\":\\\"\\\\n\\\"}]\",\"input_schema\":{"
     "\"type\":\"object\",\"x\":1}}]",
     "rewrite:tool_schema"},
    {"custom", OPUS, "\"top_k\":null", custom, "",
     ",\"tools\":[{\"name\":\"patch\",\"description\":\"Applies.\\n\\nThe input must match this "
     "lark grammar:\\nstart: "
     "\\\"x\\\"\",\"input_schema\":" FREE_TEXT "}]",
     "emulate:custom_tool"},
    {"custom of chat", OPUS, "\"top_k\":null", custom_of_chat, "",
     ",\"tools\":[{\"name\":\"patch\",\"description\":\"The input must match this regex "
     "grammar:\\na+\","
     "\"input_schema\":" FREE_TEXT "}]",
     "emulate:custom_tool"},
    {"custom of text", OPUS, "\"top_k\":null", custom_of_text, "",
     ",\"tools\":[{\"name\":\"say\",\"input_schema\":" FREE_TEXT "}]", "emulate:custom_tool"},
    {"web search", OPUS, "\"top_k\":null", search, "",
     ",\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\",\"allowed_domains\":["
     "\"x\"],"
     "\"user_location\":{\"type\":\"approximate\",\"city\":\"A\"}}]",
     ""},
    {"web search of chat", OPUS, "\"top_k\":null", search_of_chat, "",
     ",\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\",\"user_location\":{"
     "\"type\":"
     "\"approximate\",\"city\":\"A\"}}]",
     ""},
    {"code", OPUS, "\"top_k\":null", code, "",
     ",\"tools\":[{\"type\":\"code_execution_20250825\",\"name\":\"code_execution\"}]", ""},
    {"its own", OPUS, "\"tools\":[{\"type\":\"bash_20250124\", \"name\":\"bash\"}]", NULL, "",
     ",\"tools\":[{\"type\":\"bash_20250124\", \"name\":\"bash\"}]", ""},
    {"choice auto", OPUS, "\"tools\":[" PLAIN "],\"tool_choice\":{\"type\":\"auto\"}", NULL, "",
     ",\"tools\":[" PLAIN "],\"tool_choice\":{\"type\":\"auto\"}", ""},
    {"choice none stays with its tools", OPUS,
     "\"tools\":[" PLAIN "],\"tool_choice\":{\"type\":\"none\"}", one_at_a_time, "",
     ",\"tools\":[" PLAIN "],\"tool_choice\":{\"type\":\"none\"}", ""},
    {"one at a time", OPUS, "\"tools\":[" PLAIN "]", one_at_a_time, "",
     ",\"tools\":[" PLAIN
     "],\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}",
     ""},
    {"one at a time, without tools", OPUS, "\"tool_choice\":{\"type\":\"auto\"}", one_at_a_time, "",
     "", ""},
    {"some are allowed", OPUS, "\"tools\":[" PLAIN "," G "]", only_g, "", ",\"tools\":[" G "]", ""},
    /* structured output */
    {"native", OPUS, "\"tools\":[" PLAIN "]", json_schema, "",
     ",\"tools\":[" PLAIN
     "],\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\","
     "\"properties\":{\"a\":{\"type\":\"integer\",\"description\":\"minimum: "
     "1\"}},\"additionalProperties\":false}}}",
     ""},
    {"native, with effort", OPUS, "\"top_k\":null", json_schema_thinking, "",
     ",\"thinking\":{\"type\":\"adaptive\",\"display\":\"summarized\"},\"output_config\":{"
     "\"effort\":\"low\","
     "\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\",\"properties\":{\"a\":{"
     "\"type\":\"integer\","
     "\"description\":\"minimum: 1\"}},\"additionalProperties\":false}}}",
     ""},
    {"as a forced call, without thinking", "claude-sonnet-4", "\"top_k\":null",
     json_schema_thinking, "",
     ",\"tools\":[{\"name\":\"json_output\",\"description\":\"d\",\"input_schema\":{\"type\":"
     "\"object\",\"properties\":"
     "{\"a\":{\"type\":\"integer\",\"minimum\":1}}}}],\"tool_choice\":{\"type\":\"tool\",\"name\":"
     "\"json_output\"}",
     "emulate:response_format, drop:reasoning"},
    {"asked for, beside tools", "claude-sonnet-4", "\"tools\":[" PLAIN "]", json_schema, ASKED,
     ",\"tools\":[" PLAIN "]", "emulate:response_format"},
    {"asked for, when it is no object", "claude-sonnet-4", "\"top_k\":null", json_schema_of_array,
     "\"system\":\"Respond only with a JSON object that matches this schema: "
     "{\\\"type\\\":\\\"array\\\"}\",",
     "", "emulate:response_format"},
};

static void test_tools(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(tools); i++) {
        struct upstream up;
        char body[1000], want[1000];
        (void)snprintf(body, sizeof(body), "{\"model\":\"m\",\"max_tokens\":4000,%s," MESSAGES "}",
                       tools[i].members);
        upstream_write(&up, body, tools[i].model, tools[i].tweak);
        (void)snprintf(want, sizeof(want),
                       "{\"model\":\"%s\",\"max_tokens\":4000,%s" MESSAGES "%s}", tools[i].model,
                       tools[i].front, tools[i].out);
        upstream_check(&up, tools[i].label, "", want, tools[i].warnings);
        assert_int_equal(up.request.json_tool, strstr(tools[i].out, "json_output") != NULL);
        upstream_finish(&up);
    }
}

static void computer(struct gw_request *request)
{
    wanted(request, (struct gw_tool){.kind = GW_TOOL_HOSTED,
                                     .family = GW_FAMILY_OPENAI,
                                     .type = GW_TEXT("computer_use_preview"),
                                     .raw = GW_STR("{}")});
}

static void test_hosted_tools_without_equivalent_are_refused(void **state)
{
    struct upstream up;

    (void)state;
    upstream_write(&up, "{\"model\":\"m\",\"max_tokens\":4000," MESSAGES "}", OPUS, computer);
    assert_int_equal(up.status, GW_UNSUPPORTED);
    assert_string_equal(up.complaint.param, "tools[0]");
    assert_string_equal(
        up.complaint.message,
        "a tool of type \"computer_use_preview\" is not supported by this model's provider");
    upstream_finish(&up);
}

/* Prompt caches hash what comes in: the same request must give the same bytes. */
static void test_the_same_request_gives_the_same_bytes(void **state)
{
    const char *body =
        "{\"model\":\"m\",\"max_tokens\":4000,\"messages\":[" GO
        "," ASSISTANT(CALL("x:1", "{}")) "," USER(RESULT(
            "x:1", TEXT("x"))) "],\"tools\":[{\"name\":\"a.b\"},{\"name\":\"a:b\"},{\"name\":"
                               "\"a_b\"}]}";
    struct upstream one, two;

    (void)state;
    upstream_write(&one, body, OPUS, NULL);
    upstream_write(&two, body, OPUS, NULL);
    assert_true(gw_buf_len(&one.out) && gw_str_eq(gw_buf_str(&one.out), gw_buf_str(&two.out)));
    upstream_finish(&one);
    upstream_finish(&two);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_system),
        cmocka_unit_test(test_t11_53_misplaced_system_goes_to_the_front),
        cmocka_unit_test(test_the_last_four_markers_stay),
        cmocka_unit_test(test_media_that_cannot_go_are_refused),
        cmocka_unit_test(test_tools),
        cmocka_unit_test(test_hosted_tools_without_equivalent_are_refused),
        cmocka_unit_test(test_the_same_request_gives_the_same_bytes),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
