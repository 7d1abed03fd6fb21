/* The tools of a request to an upstream (translation.md §4.3). */
#include "codec/openai_responses_private.h"

#include <stdio.h>

static const struct gw_str no_parameters = GW_STR_INIT("{\"type\":\"object\",\"properties\":{}}");

/* ---- hosted tools ---- */

/* Members of another vendor's web search that OpenAI's has too. */
static void put_search_options(struct gw_responses_writing *writing, const struct gw_json *raw)
{
    struct gw_json_writer *json = &writing->json;
    struct gw_str domains = gw_responses_slice_at(raw, 0, GW_STR("allowed_domains"));
    struct gw_str size = gw_responses_slice_at(raw, 0, GW_STR("search_context_size"));
    uint32_t place = gw_responses_member(raw, 0, GW_STR("user_location"));
    uint32_t inner = gw_responses_member(raw, place, GW_STR("approximate"));

    if (domains.base) {
        put_object(json, "filters");
        put_raw(json, "allowed_domains", domains);
        gw_json_write_end_object(json);
    }
    if (size.base)
        put_raw(json, "search_context_size", size);
    if (inner != GW_JSON_ABSENT) { /* chat has it one level deeper */
        struct gw_json_iter iter = gw_json_iter(raw, inner);
        uint32_t key, value;
        put_object(json, "user_location");
        put_c(json, "type", "approximate");
        while (gw_json_next_member(raw, &iter, &key, &value)) {
            gw_json_write_raw_key(json, gw_json_raw(raw, key));
            gw_json_write_raw(json, gw_json_slice(raw, value));
        }
        gw_json_write_end_object(json);
    } else if (place != GW_JSON_ABSENT) {
        put_raw(json, "user_location", gw_json_slice(raw, place));
    }
}

static void write_search(struct gw_responses_writing *writing, const struct gw_tool *tool)
{
    struct gw_json raw;

    put_c(&writing->json, "type", "web_search");
    if (tool->raw.len && gw_json_read(tool->raw, writing->request->arena, GW_RESPONSES_TOKENS_MAX,
                                      &raw, NULL) == GW_OK)
        put_search_options(writing, &raw);
}

static void write_interpreter(struct gw_responses_writing *writing, const struct gw_tool *tool)
{
    (void)tool;
    put_c(&writing->json, "type", "code_interpreter");
    put_object(&writing->json, "container");
    put_c(&writing->json, "type", "auto");
    gw_json_write_end_object(&writing->json);
}

/* By the start of what others call them. */
static const struct {
    struct gw_str prefix;
    void (*write)(struct gw_responses_writing *writing, const struct gw_tool *tool);
} hosted[] = {
    {GW_STR_INIT("web_search"), write_search},
    {GW_STR_INIT("googleSearch"), write_search},
    {GW_STR_INIT("code_execution"), write_interpreter},
    {GW_STR_INIT("codeExecution"), write_interpreter},
};

static void write_hosted(struct gw_responses_writing *writing, const struct gw_tool *tool,
                         unsigned index)
{
    char param[32];
    size_t i = 0;

    while (i < GW_COUNT(hosted) && !gw_str_starts(tool->type.raw, hosted[i].prefix))
        i++;
    if (i < GW_COUNT(hosted)) {
        hosted[i].write(writing, tool);
        return;
    }
    (void)snprintf(param, sizeof(param), "tools[%u]", index);
    gw_responses_refuse(writing, (struct gw_text){gw_str_of(param)}, "This tool is not supported");
}

/* ---- the caller's tools ---- */

/* What the input of a custom tool must look like; chat has the grammar one level deeper. */
static void put_custom_format(struct gw_responses_writing *writing, struct gw_str format)
{
    struct gw_json_writer *json = &writing->json;
    struct gw_json_iter iter;
    struct gw_json raw;
    uint32_t grammar, key, value;

    if (gw_json_read(format, writing->request->arena, GW_RESPONSES_TOKENS_MAX, &raw, NULL) != GW_OK)
        return;
    grammar = gw_json_get(&raw, 0, GW_STR("grammar"));
    if (gw_json_type(&raw, grammar) != GW_JSON_IS_OBJECT) {
        put_raw(json, "format", format);
        return;
    }
    put_object(json, "format");
    put_c(json, "type", "grammar");
    iter = gw_json_iter(&raw, grammar);
    while (gw_json_next_member(&raw, &iter, &key, &value)) {
        gw_json_write_raw_key(json, gw_json_raw(&raw, key));
        gw_json_write_raw(json, gw_json_slice(&raw, value));
    }
    gw_json_write_end_object(json);
}

static void write_tool(struct gw_responses_writing *writing, const struct gw_tool *tool,
                       unsigned index)
{
    struct gw_json_writer *json = &writing->json;

    gw_json_write_begin_object(json);
    switch (tool->kind) {
    case GW_TOOL_HOSTED:
        write_hosted(writing, tool, index);
        break;
    case GW_TOOL_CUSTOM:
        put_c(json, "type", "custom");
        put_text(json, "name", tool->name);
        if (gw_text_present(tool->description))
            put_text(json, "description", tool->description);
        if (tool->schema.base)
            put_custom_format(writing, tool->schema);
        break;
    case GW_TOOL_FUNCTION:
        put_c(json, "type", "function");
        put_text(json, "name", tool->name);
        if (gw_text_present(tool->description))
            put_text(json, "description", tool->description);
        put_raw(json, "parameters", tool->schema.base ? tool->schema : no_parameters);
        /* Where it is left out, it means true here. */
        put_raw(json, "strict", tool->strict.base ? tool->strict : GW_STR("false"));
        break;
    }
    gw_json_write_end_object(json);
}

/* ---- which of them ---- */

static bool is_custom(const struct gw_request *request, struct gw_text name)
{
    for (const struct gw_tool *tool = request->tools; tool; tool = tool->next)
        if (tool->kind == GW_TOOL_CUSTOM && gw_str_eq(tool->name.raw, name.raw))
            return true;
    return false;
}

static void write_named(struct gw_responses_writing *writing, struct gw_text name)
{
    gw_json_write_begin_object(&writing->json);
    put_c(&writing->json, "type", is_custom(writing->request, name) ? "custom" : "function");
    put_text(&writing->json, "name", name);
    gw_json_write_end_object(&writing->json);
}

static void put_allowed(struct gw_responses_writing *writing, const char *mode)
{
    put_object(&writing->json, "tool_choice");
    put_c(&writing->json, "type", "allowed_tools");
    put_c(&writing->json, "mode", mode);
    put_array(&writing->json, "tools");
    for (const struct gw_name_list *at = writing->request->allowed; at; at = at->next)
        write_named(writing, at->name);
    gw_json_write_end_array(&writing->json);
    gw_json_write_end_object(&writing->json);
}

static void put_choice(struct gw_responses_writing *writing)
{
    const struct gw_request *request = writing->request;
    struct gw_json_writer *json = &writing->json;
    const char *word = "auto";

    switch (request->tool_choice) {
    case GW_CHOICE_UNSET:
        if (!request->allowed)
            return;
        break;
    case GW_CHOICE_AUTO:
        break;
    case GW_CHOICE_NONE:
        word = "none";
        break;
    case GW_CHOICE_ANY:
        word = "required";
        break;
    case GW_CHOICE_TOOL:
        put_key(json, "tool_choice");
        write_named(writing, request->tool_choice_name);
        return;
    }
    if (request->allowed && request->tool_choice != GW_CHOICE_NONE)
        put_allowed(writing, word);
    else
        put_c(json, "tool_choice", word);
}

void gw_responses_write_tools(struct gw_responses_writing *writing)
{
    const struct gw_request *request = writing->request;
    unsigned index = 0;

    if (!request->tools)
        return;
    put_array(&writing->json, "tools");
    for (const struct gw_tool *tool = request->tools; tool; tool = tool->next)
        write_tool(writing, tool, index++);
    gw_json_write_end_array(&writing->json);
    put_choice(writing);
    if (request->parallel_tools != GW_FLAG_UNSET)
        put_bool(&writing->json, "parallel_tool_calls", request->parallel_tools == GW_FLAG_TRUE);
}
