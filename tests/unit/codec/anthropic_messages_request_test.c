#include "unit/test.h"

#include "codec/anthropic_messages_private.h"
#include "model/carrier.h"

static const struct gw_codec *const codec = &gw_codec_anthropic_messages;

/* ---- a request in one line ---- */

static void show(struct gw_buf *out, const char *name, struct gw_text text)
{
    if (gw_text_present(text))
        gw_buf_printf(out, " %s=%.*s", name, GW_STR_ARG(text.raw));
}

static void show_json(struct gw_buf *out, const char *name, struct gw_str json)
{
    if (json.base)
        gw_buf_printf(out, " %s=%.*s", name, GW_STR_ARG(json));
}

static void show_cache(struct gw_buf *out, enum gw_cache_ttl cache)
{
    static const char *const marks[] = {"", "*", "*5m", "*1h"};
    gw_buf_printf(out, "%s", marks[cache]);
}

static void show_source(struct gw_buf *out, const struct gw_part *part)
{
    static const char *const kinds[] = {"none", "url", "base64", "text", "file"};

    gw_buf_printf(out, "(%s", kinds[part->source.kind]);
    show(out, "mime", part->source.mime);
    show(out, "data", part->source.data);
    show(out, "title", part->title);
    show(out, "context", part->context);
    show(out, "at", part->path);
    gw_buf_printf(out, "%s)", part->citations ? " cited" : "");
}

static void show_leaf(struct gw_buf *out, const struct gw_part *part)
{
    char family = part->family ? gw_family_letter(part->family) : '-';

    switch (part->kind) {
    case GW_PART_TEXT:
        gw_buf_printf(out, "text '%.*s'", GW_STR_ARG(part->text.raw));
        show_json(out, "cites", part->annotations);
        break;
    case GW_PART_IMAGE:
        gw_buf_add(out, GW_STR("image"));
        show_source(out, part);
        break;
    case GW_PART_DOCUMENT:
        gw_buf_add(out, GW_STR("document"));
        show_source(out, part);
        break;
    case GW_PART_TOOL_CALL:
        gw_buf_printf(out, "call %.*s %.*s %.*s", GW_STR_ARG(part->id.raw),
                      GW_STR_ARG(part->name.raw), GW_STR_ARG(part->arguments.json));
        show(out, "gsig", part->gsig);
        break;
    case GW_PART_TOOL_RESULT:
        gw_buf_printf(out, "result %.*s%s", GW_STR_ARG(part->id.raw), part->is_error ? "!" : "");
        break;
    case GW_PART_REASONING:
        gw_buf_printf(out, "thinking %c '%.*s'", family, GW_STR_ARG(part->text.raw));
        show(out, "sig", part->signature);
        show(out, "id", part->id);
        break;
    case GW_PART_REDACTED:
        gw_buf_printf(out, "redacted %c '%.*s'", family, GW_STR_ARG(part->data.raw));
        show(out, "id", part->id);
        break;
    case GW_PART_SERVER_TOOL:
        gw_buf_printf(out, "server %c %.*s", family, GW_STR_ARG(part->raw));
        break;
    case GW_PART_AUDIO:
    case GW_PART_VIDEO:
    case GW_PART_REFUSAL:
        gw_buf_add(out, GW_STR("?"));
        break;
    }
    show_cache(out, part->cache);
}

static void show_parts(struct gw_buf *out, const struct gw_part *part)
{
    for (const char *comma = ""; part; part = part->next, comma = ", ") {
        gw_buf_printf(out, "%s", comma);
        show_leaf(out, part);
        if (!part->parts)
            continue;
        gw_buf_add(out, GW_STR(" ["));
        for (const struct gw_part *inner = part->parts; inner; inner = inner->next) {
            show_leaf(out, inner);
            gw_buf_printf(out, "%s", inner->next ? ", " : "]");
        }
    }
}

static void show_tools(struct gw_buf *out, const struct gw_request *request)
{
    for (const struct gw_tool *tool = request->tools; tool; tool = tool->next) {
        gw_buf_printf(out, "; tool %s", tool->kind == GW_TOOL_HOSTED ? "hosted" : "");
        show(out, "name", tool->name);
        show(out, "type", tool->type);
        show(out, "says", tool->description);
        show_json(out, "schema", tool->schema);
        show_json(out, "strict", tool->strict);
        show_cache(out, tool->cache);
    }
}

static void show_settings(struct gw_buf *out, const struct gw_request *request)
{
    static const char *const choices[] = {"", "auto", "none", "any", "tool"};
    static const char *const modes[] = {"", "off", "on", "adaptive"};

    if (request->tool_choice)
        gw_buf_printf(out, "; choice=%s", choices[request->tool_choice]);
    show(out, "only", request->tool_choice_name);
    if (request->parallel_tools == GW_FLAG_FALSE)
        gw_buf_add(out, GW_STR("; one call at a time"));
    if (request->reasoning.mode || request->reasoning.effort)
        gw_buf_printf(out, "; thinking=%s %.*s", modes[request->reasoning.mode],
                      GW_STR_ARG(gw_effort_name(request->reasoning.effort)));
    show_json(out, "budget", request->reasoning.budget);
    show(out, "display", request->reasoning.display);
    if (request->format.kind == GW_FORMAT_JSON_SCHEMA) {
        gw_buf_printf(out, "; format");
        show(out, "name", request->format.name);
        show_json(out, "schema", request->format.schema);
        show_json(out, "strict", request->format.strict);
    }
    for (const struct gw_name_list *stop = request->stop; stop; stop = stop->next)
        gw_buf_printf(out, "; stop '%.*s'", GW_STR_ARG(stop->name.raw));
    for (unsigned i = 0; i < GW_SAMPLINGS; i++)
        if (request->sampling[i].base)
            gw_buf_printf(out, "; %u=%.*s", i, GW_STR_ARG(request->sampling[i]));
    show(out, "user", request->user_id);
    show(out, "tier", request->service_tier);
    for (const struct gw_extra *extra = request->extra; extra; extra = extra->next)
        gw_buf_printf(out, "; extra %.*s=%.*s", GW_STR_ARG(extra->name.raw),
                      GW_STR_ARG(extra->value));
    for (const struct gw_name_list *name = request->native_only; name; name = name->next)
        gw_buf_printf(out, "; native %.*s", GW_STR_ARG(name->name.raw));
}

/* What every request has is left out. */
static void show_request(struct gw_buf *out, const struct gw_request *request)
{
    static const char *const roles[] = {"user", "assistant", "system"};

    if (request->system) {
        gw_buf_add(out, GW_STR("in front: "));
        show_parts(out, request->system);
        gw_buf_add(out, GW_STR("; "));
    }
    for (const struct gw_message *message = request->messages; message; message = message->next) {
        gw_buf_printf(out, "%s: ", roles[message->role]);
        show_parts(out, message->parts);
        if (message->next)
            gw_buf_add(out, GW_STR("; "));
    }
    show_tools(out, request);
    show_settings(out, request);
}

/* ---- reading ---- */

#define HI "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
#define BASE "{\"model\":\"m\",\"max_tokens\":100,"
#define USER(blocks) BASE "\"messages\":[{\"role\":\"user\",\"content\":[" blocks "]}]}"
#define ASSISTANT(blocks) BASE "\"messages\":[{\"role\":\"assistant\",\"content\":[" blocks "]}]}"
#define WITH(members) BASE HI "," members "}"
#define SAID "user: text 'hi'"

static const struct {
    const char *label, *body, *request;
} rows[] = {
    {"the least", BASE HI "}", SAID},
    {"null is not there",
     WITH("\"system\":null,\"tools\":null,\"tool_choice\":null,\"thinking\":null,\"stop_"
          "sequences\":null,"
          "\"metadata\":null,\"cache_control\":null,\"temperature\":null,\"container\":null,"
          "\"stream\":null"),
     SAID},
    {"text stands as it came",
     USER("{\"type\":\"text\",\"text\":\" \\u0000\\ud83d\\ude00\\r\\n\"}"),
     "user: text ' \\u0000\\ud83d\\ude00\\r\\n'"},
    {"system of text", WITH("\"system\":\"be\""), "in front: text 'be'; " SAID},
    {"system of blocks",
     WITH("\"system\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\","
          "\"cache_control\":"
          "{\"type\":\"ephemeral\",\"ttl\":\"1h\"}}]"),
     "in front: text 'a', text 'b'*1h; " SAID},
    {"test_t11_53 system among the messages",
     BASE
     "\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"system\",\"content\":\"b\"},"
     "{\"role\":\"assistant\",\"content\":\"c\"}]}",
     "user: text 'a'; system: text 'b'; assistant: text 'c'"},
    {"test_t11_29 images",
     USER("{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"Image/"
          "JPG\",\"data\":\"aa\\nb b\\/"
          "\"}},{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://x/"
          "y\"}},{\"type\":\"image\","
          "\"source\":{\"type\":\"file\",\"file_id\":\"f\"},\"cache_control\":{\"type\":"
          "\"ephemeral\"}}"),
     "user: image(base64 mime=image/jpeg data=aabb/ at=messages[0].content[0]), image(url "
     "data=https://x/y "
     "at=messages[0].content[1]), image(file data=f at=messages[0].content[2])*"},
    {"documents",
     USER("{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"media_type\":\"application/"
          "pdf\",\"data\":\"aa\"},"
          "\"title\":\"t\",\"context\":\"c\",\"citations\":{\"enabled\":true}},"
          "{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/"
          "plain\",\"data\":\"x\"},"
          "\"citations\":{\"enabled\":false}},"
          "{\"type\":\"document\",\"source\":{\"type\":\"content\",\"content\":\"y\"}},"
          "{\"type\":\"document\",\"source\":{\"type\":\"content\",\"content\":[{\"type\":\"text\","
          "\"text\":\"p\"},"
          "{\"type\":\"text\",\"text\":\"q\"}]}}"),
     "user: document(base64 mime=application/pdf data=aa title=t context=c "
     "at=messages[0].content[0] cited), "
     "document(text mime=text/plain data=x at=messages[0].content[1]), document(text "
     "mime=text/plain data=y "
     "at=messages[0].content[2]), document(text mime=text/plain data=p\\n\\nq "
     "at=messages[0].content[3])"},
    {"images within a document are Claude's alone",
     USER("{\"type\":\"document\",\"source\":{\"type\":\"content\",\"content\":[{\"type\":\"text\","
          "\"text\":\"p\"},"
          "{\"type\":\"image\"}]}}"),
     "user: document(text mime=text/plain data=p at=messages[0].content[0]); native "
     "messages[0].content[0]"},
    {"search results",
     USER("{\"type\":\"search_result\",\"source\":\"https://"
          "s\",\"title\":\"t\",\"content\":[{\"type\":\"text\","
          "\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}],\"citations\":{\"enabled\":true}}"),
     "user: document(text mime=text/plain data=a\\n\\nb title=t context=https://s "
     "at=messages[0].content[0] cited)"},
    {"thinking",
     ASSISTANT(
         "{\"type\":\"thinking\",\"thinking\":\" a "
         "\",\"signature\":\"S=\"},{\"type\":\"redacted_thinking\","
         "\"data\":\"D\"},{\"type\":\"thinking\",\"thinking\":\"b\",\"signature\":\"\"},{\"type\":"
         "\"thinking\","
         "\"thinking\":\"c\"},{\"type\":\"thinking\",\"thinking\":\"d\",\"signature\":\"gw1:x\"}"),
     "assistant: thinking a ' a ' sig=S=, redacted a 'D', thinking d 'b', thinking d 'c', thinking "
     "d 'd'"},
    {"state that is nobody's",
     ASSISTANT("{\"type\":\"redacted_thinking\",\"data\":\"gw1:o:!!\"},"
               "{\"type\":\"text\",\"text\":\"a\"}"),
     "assistant: text 'a'"},
    {"test_t11_25 calls keep every byte",
     ASSISTANT(
         "{\"type\":\"text\",\"text\":\"a\",\"citations\":[{\"x\": "
         "1}]},{\"type\":\"tool_use\",\"id\":\"t.1\","
         "\"name\":\"f\",\"input\":{ "
         "\"a\":1e5,\"a\":12345678901234567890},\"cache_control\":{\"type\":"
         "\"ephemeral\",\"ttl\":\"5m\"}},{\"type\":\"tool_use\",\"id\":\"u\",\"name\":\"g\"}"),
     "assistant: text 'a' cites=[{\"x\": 1}], call t.1 f { "
     "\"a\":1e5,\"a\":12345678901234567890}*5m, call u g {}"},
    {"results",
     USER("{\"type\":\"tool_result\",\"tool_use_id\":\"a\",\"content\":\"x\",\"is_error\":true},"
          "{\"type\":\"tool_result\",\"tool_use_id\":\"b\"},"
          "{\"type\":\"tool_result\",\"tool_use_id\":\"c\",\"content\":[{\"type\":\"text\","
          "\"text\":\"y\"},"
          "{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"u\"}},{\"type\":\"tool_"
          "reference\","
          "\"tool_name\":\"n\"}]}"),
     "user: result a! [text 'x'], result b, result c [text 'y', image(url data=u "
     "at=messages[0].content[2].content[1])"
     ", text 'n']"},
    {"what only its vendor understands",
     ASSISTANT("{\"type\":\"server_tool_use\",\"id\":\"s\"},{\"type\":\"mcp_tool_use\"},{\"type\":"
               "\"later\"}"),
     "assistant: server a {\"type\":\"server_tool_use\",\"id\":\"s\"}, server a "
     "{\"type\":\"mcp_tool_use\"}, server a "
     "{\"type\":\"later\"}"},
    {"and of the user",
     USER("{\"type\":\"web_search_tool_result\"},{\"type\":\"container_upload\"},{\"type\":\"mcp_"
          "tool_result\"}"),
     "user: server a {\"type\":\"web_search_tool_result\"}, server a "
     "{\"type\":\"container_upload\"}, server a "
     "{\"type\":\"mcp_tool_result\"}"},
    {"tools",
     WITH("\"tools\":[{\"name\":\"f\",\"description\":\"d\",\"input_schema\":{\"type\":\"object\"},"
          "\"strict\":true,"
          "\"cache_control\":{\"type\":\"ephemeral\"}},{\"type\":\"custom\",\"name\":\"g\"},"
          "{\"type\":\"bash_20250124\",\"name\":\"bash\"}]"),
     SAID "; tool  name=f says=d schema={\"type\":\"object\"} strict=true*; tool  name=g; tool "
          "hosted name=bash "
          "type=bash_20250124"},
    {"choice auto", WITH("\"tool_choice\":{\"type\":\"auto\"}"), SAID "; choice=auto"},
    {"choice any, alone",
     WITH("\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_use\":true}"),
     SAID "; choice=any; one call at a time"},
    {"choice of a tool",
     WITH("\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\",\"disable_parallel_tool_use\":false}"),
     SAID "; choice=tool only=f"},
    {"choice none", WITH("\"tool_choice\":{\"type\":\"none\"}"), SAID "; choice=none"},
    {"thinking enabled", WITH("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}"),
     SAID "; thinking=on  budget=2048"},
    {"thinking adaptive",
     WITH("\"thinking\":{\"type\":\"adaptive\",\"display\":\"omitted\"},\"output_config\":{"
          "\"effort\":\"xhigh\"}"),
     SAID "; thinking=adaptive xhigh display=omitted"},
    {"thinking disabled", WITH("\"thinking\":{\"type\":\"disabled\"}"), SAID "; thinking=off "},
    {"structured output",
     WITH("\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"a\": 1}}}"),
     SAID "; format name=response schema={\"a\": 1} strict=true"},
    {"structured output, as it was",
     WITH("\"output_format\":{\"type\":\"json_schema\",\"schema\":{}}"),
     SAID "; format name=response schema={} strict=true"},
    {"numbers are not touched", WITH("\"temperature\":1.0,\"top_p\":9.5e-1,\"top_k\":40"),
     SAID "; 0=1.0; 1=9.5e-1; 2=40"},
    {"stop, user, tier",
     WITH("\"stop_sequences\":[\"\\n\",\"\\\\X\"],\"metadata\":{\"user_id\":\"u\"},\"service_"
          "tier\":\"standard_only\""),
     SAID "; stop '\\n'; stop '\\\\X' user=u tier=default"},
    {"tier auto", WITH("\"service_tier\":\"auto\""), SAID " tier=auto"},
    {"a marker for all goes to the last block that can have it",
     BASE "\"cache_control\":{\"type\":\"ephemeral\"},\"messages\":[{\"role\":\"user\",\"content\":"
          "\"a\"},{\"role\":"
          "\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"b\"},{\"type\":\"redacted_"
          "thinking\",\"data\":"
          "\"D\"},{\"type\":\"text\",\"text\":\"\"}]}]}",
     "user: text 'a'; assistant: text 'b'*, redacted a 'D', text ''"},
    {"what is not known is kept",
     WITH("\"container\":\"c\",\"mcp_servers\":[1],\"context_management\":{},\"later\":{\"x\": 1}"),
     SAID "; extra container=\"c\"; extra mcp_servers=[1]; extra context_management={}; extra "
          "later={\"x\": 1}"},
    {"a thread is never ignored", WITH("\"thread\":{\"type\":\"create\"}"),
     SAID "; extra thread={\"type\":\"create\"}; native thread"},
    {"warming the cache is Claude's alone", "{\"model\":\"m\",\"max_tokens\":0," HI "}",
     SAID "; native max_tokens"},
};

static void test_read_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_arena arena;
        struct gw_complaint complaint = {GW_OK, NULL, "", ""};
        struct gw_buf out;
        gw_arena_init(&arena, NULL);
        struct gw_request request = {.arena = &arena};
        gw_buf_init(&out, 1 << 20);
        if (codec->read_request(gw_str_of(rows[i].body), &request, &complaint) != GW_OK)
            fail_msg("%s: %s: %s", rows[i].label, complaint.param, complaint.message);
        assert_true(gw_text_equals(request.model, GW_STR("m")) && request.include_usage);
        assert_int_equal(request.family, GW_FAMILY_ANTHROPIC);
        show_request(&out, &request);
        if (!gw_str_eq(gw_buf_str(&out), gw_str_of(rows[i].request)))
            fail_msg("%s:\n  got  %.*s\n  want %s", rows[i].label, GW_STR_ARG(gw_buf_str(&out)),
                     rows[i].request);
        gw_buf_finish(&out);
        gw_arena_finish(&arena);
    }
}

/* What the gateway has put into the caller's history, and how it was read. */
static void test_carried_state_is_taken_out(void **state)
{
    struct gw_part parts[] = {
        {.kind = GW_PART_REASONING,
         .family = GW_FAMILY_OPENAI,
         .id = GW_TEXT("rs_1"),
         .text = GW_TEXT(""),
         .signature = GW_TEXT("ENC")},
        {.kind = GW_PART_REDACTED,
         .family = GW_FAMILY_OPENAI,
         .id = GW_TEXT("rs_2"),
         .data = GW_TEXT("XYZ")},
        {.kind = GW_PART_TOOL_CALL,
         .family = GW_FAMILY_GEMINI,
         .id = GW_TEXT("b"),
         .gsig = GW_TEXT("G")},
    };
    struct gw_arena arena;
    struct gw_text carriers[3];
    struct gw_buf out;
    struct gw_complaint complaint;

    (void)state;
    gw_arena_init(&arena, NULL);
    for (unsigned i = 0; i < 3; i++)
        carriers[i] = gw_carrier_write(&parts[i], i, &arena);
    struct gw_str body =
        gw_arena_printf(&arena,
                        ASSISTANT("{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"\"},{"
                                  "\"type\":\"redacted_thinking\","
                                  "\"data\":\"%.*s\"},{\"type\":\"redacted_thinking\",\"data\":\"%."
                                  "*s\"},{\"type\":\"text\",\"text\":"
                                  "\"a\"},{\"type\":\"redacted_thinking\",\"data\":\"%.*s\"},{"
                                  "\"type\":\"redacted_thinking\",\"data\":"
                                  "\"%.*s\"},{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\"},{"
                                  "\"type\":\"tool_use\",\"id\":\"b\","
                                  "\"name\":\"f\"}"),
                        GW_STR_ARG(carriers[0].raw), GW_STR_ARG(carriers[1].raw),
                        GW_STR_ARG(carriers[0].raw), GW_STR_ARG(carriers[2].raw));
    struct gw_request request = {.arena = &arena};
    assert_int_equal(codec->read_request(body, &request, &complaint), GW_OK);
    gw_buf_init(&out, 1 << 16);
    show_request(&out, &request);
    gw_buf_add_c(&out, '\0');
    assert_string_equal(out.base, "assistant: thinking o 'hm' sig=ENC id=rs_1, redacted o 'XYZ' "
                                  "id=rs_2, text 'a', thinking o '' "
                                  "sig=ENC id=rs_1, call a f {}, call b f {} gsig=G");
    gw_buf_finish(&out);
    gw_arena_finish(&arena);
}

static const struct {
    const char *label, *body, *param, *message;
} refused[] = {
    {"no JSON", "{\"model\":", "", "could not read JSON: it ends too early (byte 9)"},
    {"nothing", "", "", "could not read JSON: it ends too early (byte 0)"},
    {"no UTF-8", "{\"model\":\"\xff\"}", "",
     "could not read JSON: a string is not UTF-8 (byte 10)"},
    {"no object", "[]", "", "the body must be a JSON object"},
    {"no model", "{\"max_tokens\":1," HI "}", "model", "`model` is required"},
    {"model of another type", "{\"model\":1,\"max_tokens\":1," HI "}", "model",
     "`model` must be a string"},
    {"empty model", "{\"model\":\"\",\"max_tokens\":1," HI "}", "model", "`model` must be a name"},
    {"no max_tokens", "{\"model\":\"m\"," HI "}", "max_tokens", "`max_tokens` is required"},
    {"negative max_tokens", "{\"model\":\"m\",\"max_tokens\":-1," HI "}", "max_tokens",
     "`max_tokens` must be an integer, 0 or more"},
    {"broken max_tokens", "{\"model\":\"m\",\"max_tokens\":1.5," HI "}", "max_tokens",
     "`max_tokens` must be an integer, 0 or more"},
    {"no messages", "{\"model\":\"m\",\"max_tokens\":1}", "messages", "`messages` is required"},
    {"empty messages", BASE "\"messages\":[]}", "messages",
     "`messages` must be an array with messages"},
    {"messages of another type", BASE "\"messages\":\"hi\"}", "messages",
     "`messages` must be an array with messages"},
    {"role",
     BASE
     "\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"tool\",\"content\":\"a\"}]}",
     "messages[1].role", "`messages[1].role` must be \"user\", \"assistant\" or \"system\""},
    {"message of another type", BASE "\"messages\":[7]}", "messages[0].role",
     "`messages[0].role` must be \"user\", \"assistant\" or \"system\""},
    {"no content", BASE "\"messages\":[{\"role\":\"user\"}]}", "messages[0].content",
     "`messages[0].content` must be a string or an array of blocks"},
    {"block of another type", USER("7"), "messages[0].content[0].type",
     "`messages[0].content[0].type` must be a string"},
    {"block that is not known", USER("{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"later\"}"),
     "messages[0].content[1].type",
     "`messages[0].content[1].type` must be that of a block which may stand here"},
    {"call of the user", USER("{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{}}"),
     "messages[0].content[0].type",
     "`messages[0].content[0].type` must be that of a block which may stand here"},
    {"result within a result",
     USER("{\"type\":\"tool_result\",\"tool_use_id\":\"a\",\"content\":[{\"type\":\"tool_result\"}]"
          "}"),
     "messages[0].content[0].content[0].type",
     "`messages[0].content[0].content[0].type` must be that of a block which may stand here"},
    {"image in front", WITH("\"system\":[{\"type\":\"image\"}]"), "system[0].type",
     "`system[0].type` must be that of a block which may stand here"},
    {"system of another type", WITH("\"system\":7"), "system",
     "`system` must be a string or an array of blocks"},
    {"text without text", USER("{\"type\":\"text\"}"), "messages[0].content[0].text",
     "`messages[0].content[0].text` must be a string"},
    {"image without a source", USER("{\"type\":\"image\"}"), "messages[0].content[0].source.type",
     "`messages[0].content[0].source.type` must be \"base64\", \"text\", \"url\" or \"file\""},
    {"image without data", USER("{\"type\":\"image\",\"source\":{\"type\":\"url\"}}"),
     "messages[0].content[0].source", "`messages[0].content[0].source` must be complete"},
    {"document without content", USER("{\"type\":\"document\",\"source\":{\"type\":\"content\"}}"),
     "messages[0].content[0].source.content",
     "`messages[0].content[0].source.content` must be a string or an array of blocks"},
    {"call without an id", ASSISTANT("{\"type\":\"tool_use\",\"name\":\"f\"}"),
     "messages[0].content[0].id", "`messages[0].content[0].id` must be a string"},
    {"result of nothing", USER("{\"type\":\"tool_result\"}"), "messages[0].content[0].tool_use_id",
     "`messages[0].content[0].tool_use_id` must be a string"},
    {"marker", USER("{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"ttl\":\"2h\"}}"),
     "messages[0].content[0].cache_control",
     "`messages[0].content[0].cache_control` must be of \"ttl\" \"5m\" or \"1h\""},
    {"marker of another type", WITH("\"cache_control\":true"), "cache_control",
     "`cache_control` must be an object"},
    {"tools of another type", WITH("\"tools\":{}"), "tools", "`tools` must be an array"},
    {"tool without a name", WITH("\"tools\":[{\"input_schema\":{}}]"), "tools[0].name",
     "`tools[0].name` must be a name"},
    {"choice", WITH("\"tool_choice\":\"auto\""), "tool_choice.type",
     "`tool_choice.type` must be \"auto\", \"any\", \"tool\" or \"none\""},
    {"choice of no tool", WITH("\"tool_choice\":{\"type\":\"tool\"}"), "tool_choice.name",
     "`tool_choice.name` must be a string"},
    {"thinking", WITH("\"thinking\":{\"type\":\"hard\"}"), "thinking.type",
     "`thinking.type` must be \"enabled\", \"adaptive\" or \"disabled\""},
    {"budget", WITH("\"thinking\":{\"type\":\"enabled\"}"), "thinking.budget_tokens",
     "`thinking.budget_tokens` must be an integer, 0 or more"},
    {"effort", WITH("\"output_config\":{\"effort\":\"huge\"}"), "output_config.effort",
     "`output_config.effort` must be \"low\", \"medium\", \"high\", \"xhigh\" or \"max\""},
    {"format", WITH("\"output_config\":{\"format\":{\"type\":\"xml\"}}"),
     "output_config.format.type", "`output_config.format.type` must be \"json_schema\""},
    {"format without a schema", WITH("\"output_config\":{\"format\":{\"type\":\"json_schema\"}}"),
     "output_config.format.schema", "`output_config.format.schema` must be an object"},
    {"stop", WITH("\"stop_sequences\":\"x\""), "stop_sequences",
     "`stop_sequences` must be an array of strings"},
    {"stop of numbers", WITH("\"stop_sequences\":[1]"), "stop_sequences",
     "`stop_sequences` must be a string"},
    {"stream", WITH("\"stream\":1"), "stream", "`stream` must be true or false"},
    {"temperature", WITH("\"temperature\":\"hot\""), "temperature",
     "`temperature` must be a number"},
    {"user", WITH("\"metadata\":{\"user_id\":7}"), "metadata.user_id",
     "`metadata.user_id` must be a string"},
};

static void test_complaints_say_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(refused); i++) {
        struct gw_arena arena;
        struct gw_complaint complaint = {GW_OK, NULL, "", ""};
        gw_arena_init(&arena, NULL);
        struct gw_request request = {.arena = &arena};
        enum gw_status status =
            codec->read_request(gw_str_of(refused[i].body), &request, &complaint);
        if (status != GW_INVALID || complaint.status != GW_INVALID || !complaint.code ||
            strcmp(complaint.param, refused[i].param) != 0 ||
            strcmp(complaint.message, refused[i].message) != 0)
            fail_msg("%s: %s: %s: %s", refused[i].label, gw_status_name(status), complaint.param,
                     complaint.message);
        gw_arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_request),
        cmocka_unit_test(test_carried_state_is_taken_out),
        cmocka_unit_test(test_complaints_say_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
