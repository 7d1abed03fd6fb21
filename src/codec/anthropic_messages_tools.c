/* Writes the tools of a request to Claude (translation.md §2.8, §2.9, §4.4). */
#include <stdio.h>

#include "codec/anthropic_messages_private.h"
#include "model/schema.h"

struct tools {
    struct gw_request *request;
    const struct gw_messages_plan *plan;
    struct gw_json_writer *out;
    struct gw_complaint *complaint;
    unsigned number; /* of the tool at hand, for complaints */
};

static void tell(const struct tools *tools, enum gw_ledger_action action, struct gw_str name)
{
    if (tools->request->ledger)
        gw_ledger_add(tools->request->ledger, action, name);
}

/* Two texts as one, with a blank line between them when both say something. Absent when out of memory. */
static struct gw_text join(struct gw_text first, struct gw_text second, struct gw_arena *arena)
{
    struct gw_str a = first.raw, b = second.raw;

    if (!a.len || !b.len)
        return a.len ? first : (struct gw_text){{b.base ? b.base : "", b.len}};
    if (a.len > GW_ARENA_ALLOC_MAX / 4 || b.len > GW_ARENA_ALLOC_MAX / 4)
        return (struct gw_text){{NULL, 0}};
    char *into = gw_arena_bytes(arena, a.len + 4 + b.len);
    if (!into)
        return (struct gw_text){{NULL, 0}};
    memcpy(into, a.base, a.len);
    memcpy(into + a.len, "\\n\\n", 4);
    memcpy(into + a.len + 4, b.base, b.len);
    return (struct gw_text){{into, a.len + 4 + b.len}};
}

static void write_head(struct tools *tools, const struct gw_tool *tool, struct gw_text description,
                       struct gw_str schema)
{
    gw_json_write_begin_object(tools->out);
    gw_messages_put_text(tools->out, GW_STR("name"), tool->name);
    if (description.raw.len)
        gw_messages_put_text(tools->out, GW_STR("description"), description);
    gw_messages_put_raw(tools->out, GW_STR("input_schema"), schema);
}

static enum gw_status write_function(struct tools *tools, const struct gw_tool *tool)
{
    struct gw_arena *arena = tools->request->arena;
    struct gw_text said = {{NULL, 0}};
    struct gw_str schema;
    bool strict = gw_str_eq(tool->strict, GW_STR("true"));
    enum gw_status status = gw_schema_of_tool(tool->schema, arena, &schema, &said);

    if (status == GW_OK && strict && tools->plan->limits->json_schema)
        status = gw_schema_strict(schema, arena, &schema);
    if (status != GW_OK)
        return status;
    struct gw_text description = join(tool->description, said, arena);
    if (!gw_text_present(description))
        return GW_NO_MEMORY;
    if (gw_text_present(said))
        tell(tools, GW_LEDGER_REWRITE, GW_STR("tool_schema"));
    write_head(tools, tool, description, schema);
    if (strict && tools->plan->limits->json_schema)
        gw_messages_put_raw(tools->out, GW_STR("strict"), GW_STR("true"));
    else if (strict)
        tell(tools, GW_LEDGER_DROP, GW_STR("strict"));
    gw_messages_write_cache(tools->out, tool->cache);
    gw_json_write_end_object(tools->out);
    return GW_OK;
}

/* The format of a custom tool's input, in words. Absent when there is none, or out of memory. */
static struct gw_text format_of(const struct gw_tool *tool, struct gw_arena *arena)
{
    struct gw_json json;
    struct gw_str definition, syntax;

    if (!tool->schema.len ||
        gw_json_read(tool->schema, arena, GW_MESSAGES_TOKENS_MAX, &json, NULL) != GW_OK)
        return (struct gw_text){{NULL, 0}};
    uint32_t inner = gw_json_get(&json, 0, GW_STR("grammar")); /* chat has it one level deeper */
    if (gw_json_type(&json, inner) != GW_JSON_IS_OBJECT)
        inner = 0;
    definition = gw_messages_text(&json, inner, GW_STR("definition")).raw;
    syntax = gw_messages_text(&json, inner, GW_STR("syntax")).raw;
    if (!definition.len || definition.len > GW_ARENA_ALLOC_MAX / 4)
        return (struct gw_text){{NULL, 0}};
    char head[96];
    int head_len = snprintf(head, sizeof(head), "The input must match this %.*s grammar:\\n",
                            syntax.len < 32 ? (int)syntax.len : 0, syntax.len ? syntax.base : "");
    char *into = gw_arena_bytes(arena, (size_t)head_len + definition.len);
    if (!into)
        return (struct gw_text){{NULL, 0}};
    memcpy(into, head, (size_t)head_len);
    memcpy(into + head_len, definition.base, definition.len);
    return (struct gw_text){{into, (size_t)head_len + definition.len}};
}

/* Free text as the one string of a function's arguments (§2.8). */
static enum gw_status write_custom(struct tools *tools, const struct gw_tool *tool)
{
    struct gw_arena *arena = tools->request->arena;
    struct gw_text description = join(tool->description, format_of(tool, arena), arena);

    if (!gw_text_present(description))
        return GW_NO_MEMORY;
    tell(tools, GW_LEDGER_EMULATE, GW_STR("custom_tool"));
    write_head(tools, tool, description,
               GW_STR("{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},"
                      "\"required\":[\"input\"],\"additionalProperties\":false}"));
    gw_messages_write_cache(tools->out, tool->cache);
    gw_json_write_end_object(tools->out);
    return GW_OK;
}

/* ---- tools that run at the provider ---- */

static void copy_if_present(struct tools *tools, const struct gw_json *json, uint32_t value,
                            struct gw_str key)
{
    enum gw_json_type type = gw_json_type(json, value);

    if (type != GW_JSON_IS_ABSENT && type != GW_JSON_IS_NULL)
        gw_messages_put_raw(tools->out, key, gw_json_slice(json, value));
}

/* Where the user is stands one level deeper in chat. */
static enum gw_status write_web_search(struct tools *tools, const struct gw_tool *tool)
{
    struct gw_json json;
    enum gw_status status =
        gw_json_read(tool->raw.len ? tool->raw : GW_STR("{}"), tools->request->arena,
                     GW_MESSAGES_TOKENS_MAX, &json, NULL);
    uint32_t location, inner, filters;

    if (status != GW_OK)
        return status;
    location = gw_json_get(&json, 0, GW_STR("user_location"));
    inner = gw_json_get(&json, location, GW_STR("approximate"));
    filters = gw_json_get(&json, 0, GW_STR("filters"));
    gw_json_write_begin_object(tools->out);
    gw_messages_put_string(tools->out, GW_STR("type"), GW_STR("web_search_20250305"));
    gw_messages_put_string(tools->out, GW_STR("name"), GW_STR("web_search"));
    copy_if_present(tools, &json, gw_json_get(&json, filters, GW_STR("allowed_domains")),
                    GW_STR("allowed_domains"));
    if (gw_json_type(&json, inner) == GW_JSON_IS_OBJECT) {
        struct gw_json_iter iter = gw_json_iter(&json, inner);
        uint32_t key, value;
        gw_json_write_key(tools->out, GW_STR("user_location"));
        gw_json_write_begin_object(tools->out);
        gw_messages_put_string(tools->out, GW_STR("type"), GW_STR("approximate"));
        while (gw_json_next_member(&json, &iter, &key, &value)) {
            gw_json_write_raw_key(tools->out, gw_json_raw(&json, key));
            gw_json_write_raw(tools->out, gw_json_slice(&json, value));
        }
        gw_json_write_end_object(tools->out);
    } else {
        copy_if_present(tools, &json, location, GW_STR("user_location"));
    }
    gw_messages_write_cache(tools->out, tool->cache);
    gw_json_write_end_object(tools->out);
    return GW_OK;
}

static enum gw_status write_hosted(struct tools *tools, const struct gw_tool *tool)
{
    char param[sizeof(tools->complaint->param)];

    if (tool->family == GW_FAMILY_ANTHROPIC) {
        gw_json_write_raw(tools->out, tool->raw);
        return GW_OK;
    }
    if (gw_str_starts(tool->type.raw, GW_STR("web_search")))
        return write_web_search(tools, tool);
    if (gw_str_starts(tool->type.raw, GW_STR("code_interpreter"))) {
        gw_json_write_raw(tools->out, GW_STR("{\"type\":\"code_execution_20250825\","
                                             "\"name\":\"code_execution\"}"));
        return GW_OK;
    }
    (void)snprintf(param, sizeof(param), "tools[%u]", tools->number);
    return gw_complain(tools->complaint, GW_UNSUPPORTED, "unsupported_parameter", param,
                       "a tool of type \"%.*s\" is not supported by this model's provider",
                       GW_STR_ARG(tool->type.raw));
}

static enum gw_status write_tool(struct tools *tools, const struct gw_tool *tool)
{
    switch (tool->kind) {
    case GW_TOOL_FUNCTION:
        return write_function(tools, tool);
    case GW_TOOL_CUSTOM:
        return write_custom(tools, tool);
    case GW_TOOL_HOSTED:
        return write_hosted(tools, tool);
    }
    return GW_OK;
}

enum gw_status gw_messages_write_tools(struct gw_request *request,
                                       const struct gw_messages_plan *plan,
                                       struct gw_json_writer *out, struct gw_complaint *complaint)
{
    struct tools tools = {request, plan, out, complaint, 0};
    enum gw_status status = GW_OK;

    gw_json_write_begin_array(out);
    for (const struct gw_tool *tool = request->tools; status == GW_OK && tool;
         tool = tool->next, tools.number++)
        status = write_tool(&tools, tool);
    if (status != GW_OK)
        return status;
    gw_json_write_end_array(out);
    return GW_OK;
}
