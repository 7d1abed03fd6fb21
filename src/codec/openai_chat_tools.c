/*
 * Tools of a caller's request, and which of them it chooses (translation.md §3.1).
 */
#include "codec/openai_chat_private.h"

#include <stdio.h>

static struct gw_tool *add_tool(struct gw_chat_reading *reading, struct gw_tool ***last)
{
    struct gw_tool *tool = gw_arena_zalloc(reading->request->arena, sizeof(*tool));

    if (!tool)
        return NULL;
    **last = tool;
    *last = &tool->next;
    return tool;
}

/* What a function says of itself, in `tools` and in `functions`. */
static void read_function(const struct gw_json *json, uint32_t function, struct gw_tool *tool)
{
    uint32_t parameters = gw_chat_member(json, function, GW_STR("parameters"));
    bool strict;

    tool->kind = GW_TOOL_FUNCTION;
    tool->name = gw_chat_filled(json, function, GW_STR("name"));
    tool->description = gw_chat_text(json, function, GW_STR("description"));
    if (gw_json_type(json, parameters) == GW_JSON_IS_OBJECT)
        tool->schema = gw_json_slice(json, parameters);
    if (gw_json_bool(json, gw_json_get(json, function, GW_STR("strict")), &strict))
        tool->strict = strict ? GW_STR("true") : GW_STR("false");
    if (tool->cache == GW_CACHE_NONE)
        tool->cache = gw_chat_read_cache(json, function);
}

static void read_custom(const struct gw_json *json, uint32_t custom, struct gw_tool *tool)
{
    tool->kind = GW_TOOL_CUSTOM;
    tool->name = gw_chat_filled(json, custom, GW_STR("name"));
    tool->description = gw_chat_text(json, custom, GW_STR("description"));
    tool->schema = gw_json_slice(json, gw_chat_member(json, custom, GW_STR("format")));
}

static enum gw_status read_tool(struct gw_chat_reading *reading, uint32_t element, unsigned number,
                                struct gw_tool ***last)
{
    const struct gw_json *json = reading->json;
    uint32_t function = gw_chat_member(json, element, GW_STR("function"));
    uint32_t custom = gw_chat_member(json, element, GW_STR("custom"));
    struct gw_text type = gw_chat_filled(json, element, GW_STR("type"));
    struct gw_tool *tool = add_tool(reading, last);
    char param[48];

    if (!tool)
        return GW_NO_MEMORY;
    tool->raw = gw_json_slice(json, element);
    tool->cache = gw_chat_read_cache(json, element);
    if (gw_text_equals(type, GW_STR("custom"))) {
        read_custom(json, custom, tool);
    } else if (gw_text_equals(type, GW_STR("function")) || !gw_text_present(type)) {
        read_function(json, function, tool);
    } else {
        tool->kind = GW_TOOL_HOSTED;
        tool->family = GW_FAMILY_PLAIN;
        tool->type = type;
        return GW_OK;
    }
    if (gw_text_present(tool->name))
        return GW_OK;
    snprintf(param, sizeof(param), "tools[%u]", number);
    return gw_chat_wrong(reading, param, "have a function or a custom with a name");
}

static enum gw_status read_functions(struct gw_chat_reading *reading, uint32_t functions,
                                     struct gw_tool ***last)
{
    const struct gw_json *json = reading->json;
    struct gw_json_iter iter = gw_json_iter(json, functions);
    uint32_t function;

    if (gw_json_type(json, functions) != GW_JSON_IS_ARRAY)
        return gw_chat_wrong(reading, "functions", "be an array");
    reading->request->legacy_functions = true;
    reading->request->parallel_tools = GW_FLAG_FALSE; /* this form has room for one call */
    while (gw_json_next(json, &iter, &function)) {
        struct gw_tool *tool = add_tool(reading, last);
        if (!tool)
            return GW_NO_MEMORY;
        read_function(json, function, tool);
        if (!gw_text_present(tool->name))
            return gw_chat_wrong(reading, "functions", "each have a name");
    }
    return GW_OK;
}

enum gw_status gw_chat_read_tools(struct gw_chat_reading *reading, uint32_t tools,
                                  uint32_t functions, uint32_t web_search)
{
    const struct gw_json *json = reading->json;
    struct gw_tool **last = &reading->request->tools;
    struct gw_json_iter iter = gw_json_iter(json, tools);
    enum gw_status status = GW_OK;
    unsigned number = 0;
    uint32_t element;

    if (tools != GW_JSON_ABSENT && gw_json_type(json, tools) != GW_JSON_IS_ARRAY)
        return gw_chat_wrong(reading, "tools", "be an array");
    while (status == GW_OK && gw_json_next(json, &iter, &element))
        status = read_tool(reading, element, number++, &last);
    if (status == GW_OK && number == 0 && functions != GW_JSON_ABSENT)
        status = read_functions(reading, functions, &last);
    if (status != GW_OK || web_search == GW_JSON_ABSENT)
        return status;
    struct gw_tool *tool = add_tool(reading, &last);
    if (!tool)
        return GW_NO_MEMORY;
    tool->kind = GW_TOOL_HOSTED;
    tool->family = GW_FAMILY_PLAIN;
    tool->type = GW_TEXT("web_search_options");
    tool->raw = gw_json_slice(json, web_search);
    return GW_OK;
}

/* ---- the choice ---- */

/* The name in {"type":"function","function":{"name"}} or its custom sister. */
static struct gw_text chosen_name(const struct gw_json *json, uint32_t choice)
{
    uint32_t body = gw_chat_member(json, choice, GW_STR("function"));

    if (body == GW_JSON_ABSENT)
        body = gw_chat_member(json, choice, GW_STR("custom"));
    return gw_chat_filled(json, body, GW_STR("name"));
}

static enum gw_status read_allowed(struct gw_chat_reading *reading, uint32_t allowed)
{
    const struct gw_json *json = reading->json;
    struct gw_request *request = reading->request;
    struct gw_name_list **last = &request->allowed;
    struct gw_json_iter iter = gw_json_iter(json, gw_json_get(json, allowed, GW_STR("tools")));
    uint32_t tool;

    request->tool_choice =
        gw_json_equals(json, gw_json_get(json, allowed, GW_STR("mode")), GW_STR("required"))
            ? GW_CHOICE_ANY
            : GW_CHOICE_AUTO;
    while (gw_json_next(json, &iter, &tool)) {
        struct gw_name_list *added = gw_arena_zalloc(request->arena, sizeof(*added));
        if (!added)
            return GW_NO_MEMORY;
        added->name = chosen_name(json, tool);
        if (!gw_text_present(added->name))
            return gw_chat_wrong(reading, "tool_choice", "name each allowed tool");
        *last = added;
        last = &added->next;
    }
    if (!request->allowed)
        return gw_chat_wrong(reading, "tool_choice", "allow at least one tool");
    return GW_OK;
}

static const struct {
    struct gw_str word;
    enum gw_tool_choice choice;
} words[] = {
    {GW_STR_INIT("none"), GW_CHOICE_NONE},
    {GW_STR_INIT("auto"), GW_CHOICE_AUTO},
    {GW_STR_INIT("required"), GW_CHOICE_ANY},
    {GW_STR_INIT("any"), GW_CHOICE_ANY}, /* Mistral's word */
};

static enum gw_status choose(struct gw_chat_reading *reading, struct gw_text name,
                             const char *param)
{
    if (!gw_text_present(name))
        return gw_chat_wrong(reading, param, "be a known word or name a tool");
    reading->request->tool_choice = GW_CHOICE_TOOL;
    reading->request->tool_choice_name = name;
    return GW_OK;
}

enum gw_status gw_chat_read_choice(struct gw_chat_reading *reading, uint32_t tool_choice,
                                   uint32_t function_call)
{
    const struct gw_json *json = reading->json;
    bool legacy = tool_choice == GW_JSON_ABSENT;
    uint32_t choice = legacy ? function_call : tool_choice;
    const char *param = legacy ? "function_call" : "tool_choice";

    if (choice == GW_JSON_ABSENT)
        return GW_OK;
    for (size_t i = 0; i < GW_COUNT(words); i++)
        if (gw_json_equals(json, choice, words[i].word)) {
            reading->request->tool_choice = words[i].choice;
            return GW_OK;
        }
    if (legacy)
        return choose(reading, gw_chat_filled(json, choice, GW_STR("name")), param);
    uint32_t allowed = gw_chat_member(json, choice, GW_STR("allowed_tools"));
    if (allowed != GW_JSON_ABSENT)
        return read_allowed(reading, allowed);
    return choose(reading, chosen_name(json, choice), param);
}
