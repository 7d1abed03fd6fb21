#include "demo/demo_answer.h"

#define TOOLS_MAX 128u
#define TOOL_OUTPUTS_MAX 8u
#define TOKENS_PER_MESSAGE 3u
#define TOKENS_PER_ATTACHMENT 85u
#define BYTES_PER_TOKEN 4u

void gw_demo_ask_init(struct gw_demo_ask *ask)
{
    *ask = (struct gw_demo_ask){
        .format_schema = GW_JSON_ABSENT,
        .output_max = UINT64_MAX,
        .input_tokens = 1,
    };
}

/* ---- messages ---- */

/* The text of a content; several text parts are joined by a line end.
 * @param others_out  how many parts were not text */
static struct gw_str content_text(struct gw_demo_exchange *ex, uint32_t content,
                                  unsigned *others_out)
{
    struct gw_json_iter iter = gw_json_iter(&ex->json, content);
    struct gw_str joined = {NULL, 0}, text;
    struct gw_buf buf;
    uint32_t part;
    bool first = true;

    *others_out = 0;
    if (gw_json_type(&ex->json, content) != GW_JSON_IS_ARRAY)
        return gw_demo_text(ex, content);
    gw_buf_init(&buf, GW_DEMO_BODY_BYTES_MAX);
    while (gw_json_next(&ex->json, &iter, &part)) {
        uint32_t member = gw_demo_member(ex, part, "text");
        if (gw_json_type(&ex->json, member) != GW_JSON_IS_STRING) {
            *others_out += 1;
            continue;
        }
        text = gw_demo_text(ex, member);
        if ((!first && gw_buf_add_c(&buf, '\n') != GW_OK) || gw_buf_add(&buf, text) != GW_OK)
            break; /* out of memory: the answer is about what there is */
        first = false;
    }
    if (gw_buf_len(&buf))
        joined = gw_arena_str(&ex->arena, gw_buf_str(&buf));
    gw_buf_finish(&buf);
    return joined;
}

static struct gw_str count_content(struct gw_demo_exchange *ex, struct gw_demo_ask *ask,
                                   uint32_t content, unsigned *others_out)
{
    struct gw_str text = content_text(ex, content, others_out);

    ask->input_tokens +=
        TOKENS_PER_MESSAGE + text.len / BYTES_PER_TOKEN + *others_out * TOKENS_PER_ATTACHMENT;
    return text;
}

void gw_demo_ask_user(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t content)
{
    ask->user_text = count_content(ex, ask, content, &ask->attachments);
    ask->ends_with_user = true;
    ask->ends_with_tool = false;
}

void gw_demo_ask_tool(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t content)
{
    unsigned others;
    struct gw_str text = count_content(ex, ask, content, &others);

    if (!ask->ends_with_tool) {
        ask->tool_output = text;
        ask->tool_outputs = 1;
    } else if (ask->tool_outputs++ < TOOL_OUTPUTS_MAX) {
        ask->tool_output = gw_arena_printf(&ex->arena, "%.*s, %.*s", GW_STR_ARG(ask->tool_output),
                                           GW_STR_ARG(text));
    }
    ask->ends_with_tool = true;
    ask->ends_with_user = false;
}

void gw_demo_ask_other(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t content)
{
    unsigned others;

    (void)count_content(ex, ask, content, &others);
    ask->ends_with_user = ask->ends_with_tool = false;
}

/* ---- tools ---- */

bool gw_demo_ask_tools(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t tools)
{
    size_t count = gw_json_count(&ex->json, tools);

    if (gw_json_type(&ex->json, tools) != GW_JSON_IS_ARRAY || count == 0)
        return false;
    ask->input_tokens += gw_json_slice(&ex->json, tools).len / BYTES_PER_TOKEN;
    ask->tools = gw_arena_alloc(&ex->arena, TOOLS_MAX * sizeof *ask->tools);
    return ask->tools != NULL;
}

void gw_demo_ask_add_tool(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t name,
                          uint32_t schema, bool custom)
{
    struct gw_str text = gw_demo_text(ex, name);

    if (text.len && ask->tools_count < TOOLS_MAX)
        ask->tools[ask->tools_count++] = (struct gw_demo_tool){text, schema, custom};
}

void gw_demo_ask_choice(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t choice)
{
    if (gw_json_equals(&ex->json, choice, GW_STR("none")))
        ask->choice = GW_DEMO_CHOICE_NONE;
    else if (gw_json_equals(&ex->json, choice, GW_STR("required")))
        ask->choice = GW_DEMO_CHOICE_REQUIRED;
    if (gw_json_type(&ex->json, choice) != GW_JSON_IS_OBJECT)
        return;
    if (gw_demo_is(ex, choice, "type", "allowed_tools")) {
        uint32_t allowed = gw_demo_member(ex, choice, "allowed_tools");
        bool required = gw_demo_is(ex, choice, "mode", "required") ||
                        gw_demo_is(ex, allowed, "mode", "required");
        ask->choice = required ? GW_DEMO_CHOICE_REQUIRED : GW_DEMO_CHOICE_AUTO;
        return;
    }
    /* Chat nests the name in an object that is called as the type is; Responses does not. */
    uint32_t nested = gw_json_get(&ex->json, choice, gw_demo_member_text(ex, choice, "type"));
    uint32_t holder = gw_json_type(&ex->json, nested) == GW_JSON_IS_OBJECT ? nested : choice;
    ask->choice = GW_DEMO_CHOICE_REQUIRED;
    ask->choice_name = gw_demo_member_text(ex, holder, "name");
}

/* ---- other wishes ---- */

static void add_stop(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t stop)
{
    struct gw_str text = gw_demo_text(ex, stop);

    if (text.len && ask->stops_count < GW_DEMO_STOPS_MAX)
        ask->stops[ask->stops_count++] = text;
}

void gw_demo_ask_stops(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t stops)
{
    struct gw_json_iter iter = gw_json_iter(&ex->json, stops);
    uint32_t stop;

    if (gw_json_type(&ex->json, stops) == GW_JSON_IS_STRING)
        add_stop(ex, ask, stops);
    else if (gw_json_type(&ex->json, stops) == GW_JSON_IS_ARRAY)
        while (gw_json_next(&ex->json, &iter, &stop))
            add_stop(ex, ask, stop);
}

void gw_demo_ask_format(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t format)
{
    bool is_schema = gw_demo_is(ex, format, "type", "json_schema");

    if (!is_schema && !gw_demo_is(ex, format, "type", "json_object"))
        return;
    ask->format = GW_DEMO_FORMAT_JSON;
    if (!is_schema)
        return;
    uint32_t nested = gw_demo_member(ex, format, "json_schema");
    ask->format_schema = gw_demo_member(ex, nested != GW_JSON_ABSENT ? nested : format, "schema");
}
