/*
 * Tools for an upstream, and which of them it may call (translation.md §4.1, §2.8).
 */
#include "codec/openai_chat_private.h"

static bool is_web_search(const struct gw_tool *tool)
{
    return gw_str_starts(tool->type.raw, GW_STR("web_search"));
}

/* Names were made plain before, so their bytes can be compared. */
static bool is_used(const struct gw_chat_plan *plan, struct gw_text name)
{
    return !plan->filters || gw_map_get(&plan->use, name.raw);
}

static enum gw_status use(struct gw_chat_plan *plan, struct gw_text name)
{
    plan->filters = true;
    if (gw_map_get(&plan->use, name.raw) || gw_map_add(&plan->use, name.raw, plan))
        return GW_OK;
    return GW_NO_MEMORY;
}

/* Where the provider cannot be told which tools may be called, the others are not told of. */
static enum gw_status plan_filter(struct gw_chat_plan *plan)
{
    const struct gw_request *request = plan->request;
    enum gw_status status = GW_OK;

    if (plan->profile->any_word && request->tool_choice == GW_CHOICE_TOOL)
        return use(plan, request->tool_choice_name);
    if (plan->profile->openai)
        return GW_OK;
    for (const struct gw_name_list *name = request->allowed; status == GW_OK && name;
         name = name->next)
        status = use(plan, name->name);
    return status;
}

static enum gw_status plan_tool(struct gw_chat_plan *plan, const struct gw_tool *tool)
{
    switch (tool->kind) {
    case GW_TOOL_FUNCTION:
        plan->tools = plan->tools || is_used(plan, tool->name);
        return GW_OK;
    case GW_TOOL_CUSTOM:
        plan->tools = plan->tools || is_used(plan, tool->name);
        if (plan->profile->openai && !gw_map_get(&plan->customs, tool->name.raw) &&
            !gw_map_add(&plan->customs, tool->name.raw, plan))
            return GW_NO_MEMORY;
        return GW_OK;
    case GW_TOOL_HOSTED:
        plan->tools = plan->tools || !is_web_search(tool);
        if (tool->family == GW_FAMILY_PLAIN || (is_web_search(tool) && plan->profile->openai))
            return GW_OK;
        return gw_complain(plan->complaint, GW_UNSUPPORTED, "unsupported_parameter", "tools",
                           "the provider of this model has no tool `%.*s`",
                           GW_STR_ARG(tool->type.raw));
    }
    return GW_OK;
}

enum gw_status gw_chat_plan_tools(struct gw_chat_plan *plan)
{
    enum gw_status status = plan_filter(plan);

    for (const struct gw_tool *tool = plan->request->tools; status == GW_OK && tool;
         tool = tool->next)
        status = plan_tool(plan, tool);
    return status;
}

static void write_function(const struct gw_chat_plan *plan, const struct gw_tool *tool,
                           struct gw_json_writer *out)
{
    bool strict = gw_str_eq(tool->strict, GW_STR("true"));

    gw_json_write_begin_object(out);
    gw_chat_put_string(out, GW_STR("type"), GW_STR("function"));
    gw_chat_put_object(out, GW_STR("function"));
    gw_chat_put_text(out, GW_STR("name"), tool->name);
    if (gw_text_present(tool->description))
        gw_chat_put_text(out, GW_STR("description"), tool->description);
    if (tool->schema.base)
        gw_chat_put_raw(out, GW_STR("parameters"), tool->schema);
    else if (!plan->profile->openai)
        gw_chat_put_raw(out, GW_STR("parameters"),
                        GW_STR("{\"type\":\"object\",\"properties\":{}}"));
    if (tool->strict.base && (strict || plan->profile->openai))
        gw_chat_put_raw(out, GW_STR("strict"), tool->strict);
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
}

/* Chat nests what Responses has flat: {"type":"grammar","grammar":{"syntax","definition"}}. */
static enum gw_status write_custom_format(const struct gw_chat_plan *plan, struct gw_str format,
                                          struct gw_json_writer *out)
{
    struct gw_json json;
    enum gw_status status =
        gw_json_read(format, plan->request->arena, GW_CHAT_TOKENS_MAX, &json, NULL);

    if (status == GW_NO_MEMORY)
        return status;
    struct gw_str syntax = gw_json_slice(&json, gw_json_get(&json, 0, GW_STR("syntax")));
    struct gw_str definition = gw_json_slice(&json, gw_json_get(&json, 0, GW_STR("definition")));
    gw_json_write_key(out, GW_STR("format"));
    if (status != GW_OK || !syntax.base || !definition.base) {
        gw_json_write_raw(out, format);
        return GW_OK;
    }
    gw_json_write_begin_object(out);
    gw_chat_put_string(out, GW_STR("type"), GW_STR("grammar"));
    gw_chat_put_object(out, GW_STR("grammar"));
    gw_chat_put_raw(out, GW_STR("syntax"), syntax);
    gw_chat_put_raw(out, GW_STR("definition"), definition);
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
    return GW_OK;
}

static enum gw_status write_custom(const struct gw_chat_plan *plan, const struct gw_tool *tool,
                                   struct gw_json_writer *out)
{
    enum gw_status status = GW_OK;

    gw_json_write_begin_object(out);
    gw_chat_put_string(out, GW_STR("type"), GW_STR("custom"));
    gw_chat_put_object(out, GW_STR("custom"));
    gw_chat_put_text(out, GW_STR("name"), tool->name);
    if (gw_text_present(tool->description))
        gw_chat_put_text(out, GW_STR("description"), tool->description);
    if (tool->schema.base)
        status = write_custom_format(plan, tool->schema, out);
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
    return status;
}

/* As a function of one string (§2.8); the format is told in words. */
static enum gw_status write_emulated(const struct gw_chat_plan *plan, const struct gw_tool *tool,
                                     struct gw_json_writer *out)
{
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},"
        "\"required\":[\"input\"],\"additionalProperties\":false}";
    struct gw_text definition = {{NULL, 0}};
    struct gw_json json;

    if (tool->schema.base) {
        enum gw_status status =
            gw_json_read(tool->schema, plan->request->arena, GW_CHAT_TOKENS_MAX, &json, NULL);
        if (status == GW_NO_MEMORY)
            return status;
        if (status == GW_OK) {
            uint32_t grammar = gw_chat_member(&json, 0, GW_STR("grammar"));
            definition =
                gw_chat_text(&json, grammar == GW_JSON_ABSENT ? 0 : grammar, GW_STR("definition"));
        }
    }
    gw_ledger_add(plan->request->ledger, GW_LEDGER_EMULATE, GW_STR("custom_tool"));
    gw_json_write_begin_object(out);
    gw_chat_put_string(out, GW_STR("type"), GW_STR("function"));
    gw_chat_put_object(out, GW_STR("function"));
    gw_chat_put_text(out, GW_STR("name"), tool->name);
    gw_chat_begin_text(out, GW_STR("description"));
    if (gw_text_present(tool->description))
        gw_chat_add_text(out, tool->description);
    if (gw_text_present(definition)) {
        gw_chat_add_text(out, tool->description.raw.len ? GW_TEXT("\\n\\n") : GW_TEXT(""));
        gw_chat_add_text(out, GW_TEXT("The input has this format:\\n"));
        gw_chat_add_text(out, definition);
    }
    gw_chat_end_text(out);
    gw_chat_put_raw(out, GW_STR("parameters"), gw_str_of(schema));
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
    return GW_OK;
}

static enum gw_status write_tool(const struct gw_chat_plan *plan, const struct gw_tool *tool,
                                 struct gw_json_writer *out)
{
    switch (tool->kind) {
    case GW_TOOL_FUNCTION:
        if (is_used(plan, tool->name))
            write_function(plan, tool, out);
        return GW_OK;
    case GW_TOOL_CUSTOM:
        if (!is_used(plan, tool->name))
            return GW_OK;
        return plan->profile->openai ? write_custom(plan, tool, out)
                                     : write_emulated(plan, tool, out);
    case GW_TOOL_HOSTED:
        if (!is_web_search(tool))
            gw_json_write_raw(out, tool->raw);
        return GW_OK;
    }
    return GW_OK;
}

/* {"type":"function","function":{"name":…}} */
static void write_named(const struct gw_chat_plan *plan, struct gw_text name,
                        struct gw_json_writer *out)
{
    bool custom = gw_map_get(&plan->customs, name.raw);
    struct gw_str type = custom ? GW_STR("custom") : GW_STR("function");

    gw_json_write_begin_object(out);
    gw_chat_put_string(out, GW_STR("type"), type);
    gw_chat_put_object(out, type);
    gw_chat_put_text(out, GW_STR("name"), name);
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
}

static void write_allowed(const struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    gw_chat_put_object(out, GW_STR("tool_choice"));
    gw_chat_put_string(out, GW_STR("type"), GW_STR("allowed_tools"));
    gw_chat_put_object(out, GW_STR("allowed_tools"));
    gw_chat_put_string(out, GW_STR("mode"),
                       plan->request->tool_choice == GW_CHOICE_ANY ? GW_STR("required")
                                                                   : GW_STR("auto"));
    gw_chat_put_array(out, GW_STR("tools"));
    for (const struct gw_name_list *name = plan->request->allowed; name; name = name->next)
        write_named(plan, name->name, out);
    gw_json_write_end_array(out);
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
}

static void write_choice(const struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    const struct gw_request *request = plan->request;
    struct gw_str any = plan->profile->any_word ? GW_STR("any") : GW_STR("required");

    if (request->tool_choice == GW_CHOICE_UNSET)
        return;
    if (!gw_chat_member_name(plan->profile, "tool_choice")) {
        if (request->tool_choice != GW_CHOICE_AUTO)
            gw_chat_drop(plan, "tool_choice");
        return;
    }
    if (request->allowed && plan->profile->openai) {
        write_allowed(plan, out);
        return;
    }
    gw_json_write_key(out, GW_STR("tool_choice"));
    switch (request->tool_choice) {
    case GW_CHOICE_UNSET:
    case GW_CHOICE_AUTO:
        gw_json_write_string(out, GW_STR("auto"));
        return;
    case GW_CHOICE_NONE:
        gw_json_write_string(out, GW_STR("none"));
        return;
    case GW_CHOICE_ANY:
        gw_json_write_string(out, any);
        return;
    case GW_CHOICE_TOOL:
        if (plan->profile->any_word)
            gw_json_write_string(out, any);
        else
            write_named(plan, request->tool_choice_name, out);
        return;
    }
}

static void write_web_search(const struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    for (const struct gw_tool *tool = plan->request->tools; tool; tool = tool->next)
        if (tool->kind == GW_TOOL_HOSTED && is_web_search(tool)) {
            bool own = tool->family == GW_FAMILY_PLAIN &&
                       gw_text_equals(tool->type, GW_STR("web_search_options"));
            gw_chat_put_raw(out, GW_STR("web_search_options"), own ? tool->raw : GW_STR("{}"));
            return;
        }
}

enum gw_status gw_chat_write_tools(struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    const struct gw_request *request = plan->request;
    enum gw_status status = GW_OK;

    write_web_search(plan, out);
    if (!plan->tools)
        return GW_OK;
    gw_chat_put_array(out, GW_STR("tools"));
    for (const struct gw_tool *tool = request->tools; status == GW_OK && tool; tool = tool->next)
        status = write_tool(plan, tool, out);
    if (status != GW_OK)
        return status;
    gw_json_write_end_array(out);
    write_choice(plan, out);
    if (request->parallel_tools != GW_FLAG_UNSET)
        gw_chat_put_member(plan, out, "parallel_tool_calls",
                           request->parallel_tools == GW_FLAG_TRUE ? GW_STR("true")
                                                                   : GW_STR("false"));
    return GW_OK;
}
