/* Reads a caller's request, all but the blocks of its messages (translation.md §3.3). */
#include <stdio.h>

#include "codec/anthropic_messages_private.h"

enum gw_status gw_messages_wrong(struct gw_messages_reader *reader, const char *param,
                                 const char *must)
{
    return gw_complain(reader->complaint, GW_INVALID, "invalid_value", param, "`%s` must be %s",
                       param, must);
}

static void *zalloc(struct gw_messages_reader *reader, size_t size)
{
    return gw_arena_zalloc(reader->request->arena, size);
}

static struct gw_str slice(struct gw_messages_reader *reader, uint32_t value)
{
    return gw_json_slice(reader->json, value);
}

static enum gw_json_type type_of(struct gw_messages_reader *reader, uint32_t value)
{
    return gw_json_type(reader->json, value);
}

static enum gw_status read_text(struct gw_messages_reader *reader, uint32_t value,
                                const char *param, struct gw_text *text_out)
{
    if (type_of(reader, value) != GW_JSON_IS_STRING)
        return gw_messages_wrong(reader, param, "a string");
    text_out->raw = gw_json_raw(reader->json, value);
    return GW_OK;
}

static enum gw_status read_number(struct gw_messages_reader *reader, uint32_t value,
                                  const char *param, struct gw_str *number_out)
{
    if (type_of(reader, value) != GW_JSON_IS_NUMBER)
        return gw_messages_wrong(reader, param, "a number");
    *number_out = slice(reader, value);
    return GW_OK;
}

enum gw_status gw_messages_read_cache(struct gw_messages_reader *reader, uint32_t object,
                                      const char *param, enum gw_cache_ttl *cache_out)
{
    uint32_t control = gw_messages_member(reader->json, object, GW_STR("cache_control"));
    uint32_t ttl = gw_messages_member(reader->json, control, GW_STR("ttl"));

    if (control == GW_JSON_ABSENT)
        return GW_OK;
    if (type_of(reader, control) != GW_JSON_IS_OBJECT)
        return gw_messages_wrong(reader, param, "an object");
    if (ttl == GW_JSON_ABSENT)
        *cache_out = GW_CACHE_UNSET;
    else if (gw_json_equals(reader->json, ttl, GW_STR("5m")))
        *cache_out = GW_CACHE_5M;
    else if (gw_json_equals(reader->json, ttl, GW_STR("1h")))
        *cache_out = GW_CACHE_1H;
    else
        return gw_messages_wrong(reader, param, "of \"ttl\" \"5m\" or \"1h\"");
    return GW_OK;
}

/* It must not be ignored, and nobody else has it. */
static enum gw_status add_native_only(struct gw_messages_reader *reader, struct gw_text name)
{
    struct gw_name_list *entry = zalloc(reader, sizeof(*entry));

    if (!entry)
        return GW_NO_MEMORY;
    *entry = (struct gw_name_list){name, reader->request->native_only};
    reader->request->native_only = entry;
    return GW_OK;
}

static enum gw_status add_extra(struct gw_messages_reader *reader, struct gw_str name,
                                uint32_t value)
{
    struct gw_extra *entry = zalloc(reader, sizeof(*entry)), **last = &reader->request->extra;

    if (!entry)
        return GW_NO_MEMORY;
    *entry = (struct gw_extra){.name = {name}, .value = slice(reader, value)};
    while (*last)
        last = &(*last)->next;
    *last = entry;
    return GW_OK;
}

/* ---- members ---- */

static enum gw_status read_model(struct gw_messages_reader *reader, uint32_t value)
{
    enum gw_status status = read_text(reader, value, "model", &reader->request->model);

    if (status == GW_OK && reader->request->model.raw.len == 0)
        return gw_messages_wrong(reader, "model", "a name");
    return status;
}

/* 0 warms the cache and answers nothing: no other API has that. */
static enum gw_status read_max_tokens(struct gw_messages_reader *reader, uint32_t value)
{
    int64_t tokens;

    if (!gw_json_int64(reader->json, value, &tokens) || tokens < 0)
        return gw_messages_wrong(reader, "max_tokens", "an integer, 0 or more");
    reader->request->max_tokens = slice(reader, value);
    return tokens == 0 ? add_native_only(reader, GW_TEXT("max_tokens")) : GW_OK;
}

static enum gw_status read_system(struct gw_messages_reader *reader, uint32_t value)
{
    return gw_messages_read_content(reader, value, (struct gw_messages_place){-1, -1, -1},
                                    GW_ROLE_SYSTEM, &reader->request->system);
}

static enum gw_status read_role(struct gw_messages_reader *reader, uint32_t message, int64_t number,
                                enum gw_role *role_out)
{
    static const struct {
        struct gw_str word;
        enum gw_role role;
    } roles[] = {
        {GW_STR_INIT("user"), GW_ROLE_USER},
        {GW_STR_INIT("assistant"), GW_ROLE_ASSISTANT},
        {GW_STR_INIT("system"), GW_ROLE_SYSTEM}, /* Claude Code sends it (§11.53) */
    };
    uint32_t role = gw_json_get(reader->json, message, GW_STR("role"));
    char param[64];

    for (size_t i = 0; i < GW_COUNT(roles); i++)
        if (gw_json_equals(reader->json, role, roles[i].word)) {
            *role_out = roles[i].role;
            return GW_OK;
        }
    (void)snprintf(param, sizeof(param), "messages[%lld].role", (long long)number);
    return gw_messages_wrong(reader, param, "\"user\", \"assistant\" or \"system\"");
}

static enum gw_status read_messages(struct gw_messages_reader *reader, uint32_t value)
{
    struct gw_json_iter iter = gw_json_iter(reader->json, value);
    struct gw_message **last = &reader->request->messages;
    enum gw_status status = GW_OK;
    uint32_t item;

    if (type_of(reader, value) != GW_JSON_IS_ARRAY || gw_json_count(reader->json, value) == 0)
        return gw_messages_wrong(reader, "messages", "an array with messages");
    for (int64_t i = 0; status == GW_OK && gw_json_next(reader->json, &iter, &item); i++) {
        struct gw_messages_place place = {i, -1, -1};
        struct gw_message *message = zalloc(reader, sizeof(*message));
        if (!message)
            return GW_NO_MEMORY;
        *last = message;
        last = &message->next;
        status = read_role(reader, item, i, &message->role);
        if (status == GW_OK)
            status =
                gw_messages_read_content(reader, gw_json_get(reader->json, item, GW_STR("content")),
                                         place, message->role, &message->parts);
    }
    return status;
}

static enum gw_status read_tool(struct gw_messages_reader *reader, uint32_t value, int64_t number,
                                struct gw_tool *tool)
{
    const struct gw_json *json = reader->json;
    uint32_t type = gw_messages_member(json, value, GW_STR("type")), strict, schema;
    char param[64];

    (void)snprintf(param, sizeof(param), "tools[%lld].name", (long long)number);
    tool->name = gw_messages_text(json, value, GW_STR("name"));
    tool->description = gw_messages_text(json, value, GW_STR("description"));
    tool->raw = slice(reader, value);
    if (type != GW_JSON_ABSENT && !gw_json_equals(json, type, GW_STR("custom"))) {
        tool->kind = GW_TOOL_HOSTED;
        tool->family = GW_FAMILY_ANTHROPIC;
        tool->type.raw = gw_json_raw(json, type);
        if (!gw_text_present(tool->type))
            return gw_messages_wrong(reader, param, "that of a tool with a \"type\" of text");
    } else if (!gw_text_present(tool->name) || tool->name.raw.len == 0) {
        return gw_messages_wrong(reader, param, "a name");
    }
    schema = gw_messages_member(json, value, GW_STR("input_schema"));
    tool->schema = slice(reader, schema);
    strict = gw_json_get(json, value, GW_STR("strict"));
    if (type_of(reader, strict) == GW_JSON_IS_TRUE || type_of(reader, strict) == GW_JSON_IS_FALSE)
        tool->strict = slice(reader, strict);
    (void)snprintf(param, sizeof(param), "tools[%lld].cache_control", (long long)number);
    return gw_messages_read_cache(reader, value, param, &tool->cache);
}

static enum gw_status read_tools(struct gw_messages_reader *reader, uint32_t value)
{
    struct gw_json_iter iter = gw_json_iter(reader->json, value);
    struct gw_tool **last = &reader->request->tools;
    enum gw_status status = GW_OK;
    uint32_t item;

    if (type_of(reader, value) != GW_JSON_IS_ARRAY)
        return gw_messages_wrong(reader, "tools", "an array");
    for (int64_t i = 0; status == GW_OK && gw_json_next(reader->json, &iter, &item); i++) {
        struct gw_tool *tool = zalloc(reader, sizeof(*tool));
        if (!tool)
            return GW_NO_MEMORY;
        *last = tool;
        last = &tool->next;
        status = read_tool(reader, item, i, tool);
    }
    return status;
}

static enum gw_status read_tool_choice(struct gw_messages_reader *reader, uint32_t value)
{
    static const struct {
        struct gw_str word;
        enum gw_tool_choice choice;
    } choices[] = {
        {GW_STR_INIT("auto"), GW_CHOICE_AUTO},
        {GW_STR_INIT("any"), GW_CHOICE_ANY},
        {GW_STR_INIT("tool"), GW_CHOICE_TOOL},
        {GW_STR_INIT("none"), GW_CHOICE_NONE},
    };
    const struct gw_json *json = reader->json;
    struct gw_request *request = reader->request;
    uint32_t type = gw_json_get(json, value, GW_STR("type"));
    bool alone;

    for (size_t i = 0; i < GW_COUNT(choices); i++)
        if (gw_json_equals(json, type, choices[i].word))
            request->tool_choice = choices[i].choice;
    if (request->tool_choice == GW_CHOICE_UNSET)
        return gw_messages_wrong(reader, "tool_choice.type",
                                 "\"auto\", \"any\", \"tool\" or \"none\"");
    if (gw_json_bool(json, gw_json_get(json, value, GW_STR("disable_parallel_tool_use")), &alone) &&
        alone)
        request->parallel_tools = GW_FLAG_FALSE;
    if (request->tool_choice != GW_CHOICE_TOOL)
        return GW_OK;
    return read_text(reader, gw_json_get(json, value, GW_STR("name")), "tool_choice.name",
                     &request->tool_choice_name);
}

static enum gw_status read_thinking(struct gw_messages_reader *reader, uint32_t value)
{
    const struct gw_json *json = reader->json;
    struct gw_request *request = reader->request;
    uint32_t type = gw_json_get(json, value, GW_STR("type")), budget;
    int64_t tokens;

    request->reasoning.display = gw_messages_text(json, value, GW_STR("display"));
    if (gw_json_equals(json, type, GW_STR("disabled"))) {
        request->reasoning.mode = GW_REASONING_OFF;
    } else if (gw_json_equals(json, type, GW_STR("adaptive"))) {
        request->reasoning.mode = GW_REASONING_ADAPTIVE;
    } else if (gw_json_equals(json, type, GW_STR("enabled"))) {
        request->reasoning.mode = GW_REASONING_ON;
        budget = gw_json_get(json, value, GW_STR("budget_tokens"));
        if (!gw_json_int64(json, budget, &tokens) || tokens < 0)
            return gw_messages_wrong(reader, "thinking.budget_tokens", "an integer, 0 or more");
        request->reasoning.budget = slice(reader, budget);
    } else {
        return gw_messages_wrong(reader, "thinking.type",
                                 "\"enabled\", \"adaptive\" or \"disabled\"");
    }
    return GW_OK;
}

/* Structured outputs, as `output_config.format` and, before that, as `output_format`. */
static enum gw_status read_output_format(struct gw_messages_reader *reader, uint32_t value)
{
    uint32_t schema = gw_json_get(reader->json, value, GW_STR("schema"));
    struct gw_response_format *format = &reader->request->format;

    if (!gw_json_equals(reader->json, gw_json_get(reader->json, value, GW_STR("type")),
                        GW_STR("json_schema")))
        return gw_messages_wrong(reader, "output_config.format.type", "\"json_schema\"");
    if (type_of(reader, schema) != GW_JSON_IS_OBJECT)
        return gw_messages_wrong(reader, "output_config.format.schema", "an object");
    *format = (struct gw_response_format){
        .kind = GW_FORMAT_JSON_SCHEMA,
        .name = GW_TEXT("response"),
        .schema = slice(reader, schema),
        .strict = GW_STR("true"),
    };
    return GW_OK;
}

static enum gw_status read_output_config(struct gw_messages_reader *reader, uint32_t value)
{
    uint32_t effort = gw_messages_member(reader->json, value, GW_STR("effort"));
    uint32_t format = gw_messages_member(reader->json, value, GW_STR("format"));
    struct gw_text word = {gw_json_raw(reader->json, effort)};

    if (type_of(reader, value) != GW_JSON_IS_OBJECT)
        return gw_messages_wrong(reader, "output_config", "an object");
    reader->request->reasoning.effort = gw_effort_of(word);
    if (effort != GW_JSON_ABSENT && reader->request->reasoning.effort == GW_EFFORT_UNSET)
        return gw_messages_wrong(reader, "output_config.effort",
                                 "\"low\", \"medium\", \"high\", \"xhigh\" or \"max\"");
    return format == GW_JSON_ABSENT ? GW_OK : read_output_format(reader, format);
}

static enum gw_status read_stop(struct gw_messages_reader *reader, uint32_t value)
{
    struct gw_json_iter iter = gw_json_iter(reader->json, value);
    struct gw_name_list **last = &reader->request->stop;
    enum gw_status status = GW_OK;
    uint32_t item;

    if (type_of(reader, value) != GW_JSON_IS_ARRAY)
        return gw_messages_wrong(reader, "stop_sequences", "an array of strings");
    while (status == GW_OK && gw_json_next(reader->json, &iter, &item)) {
        struct gw_name_list *entry = zalloc(reader, sizeof(*entry));
        if (!entry)
            return GW_NO_MEMORY;
        *last = entry;
        last = &entry->next;
        status = read_text(reader, item, "stop_sequences", &entry->name);
    }
    return status;
}

static enum gw_status read_stream(struct gw_messages_reader *reader, uint32_t value)
{
    if (!gw_json_bool(reader->json, value, &reader->request->stream))
        return gw_messages_wrong(reader, "stream", "true or false");
    return GW_OK;
}

static enum gw_status read_temperature(struct gw_messages_reader *reader, uint32_t value)
{
    return read_number(reader, value, "temperature", &reader->request->sampling[GW_TEMPERATURE]);
}

static enum gw_status read_top_p(struct gw_messages_reader *reader, uint32_t value)
{
    return read_number(reader, value, "top_p", &reader->request->sampling[GW_TOP_P]);
}

static enum gw_status read_top_k(struct gw_messages_reader *reader, uint32_t value)
{
    return read_number(reader, value, "top_k", &reader->request->sampling[GW_TOP_K]);
}

/* Its one member. */
static enum gw_status read_metadata(struct gw_messages_reader *reader, uint32_t value)
{
    uint32_t id = gw_messages_member(reader->json, value, GW_STR("user_id"));

    return id == GW_JSON_ABSENT
               ? GW_OK
               : read_text(reader, id, "metadata.user_id", &reader->request->user_id);
}

/* In OpenAI's words: those of the model. */
static enum gw_status read_service_tier(struct gw_messages_reader *reader, uint32_t value)
{
    struct gw_text *tier = &reader->request->service_tier;
    enum gw_status status = read_text(reader, value, "service_tier", tier);

    if (status == GW_OK && gw_text_equals(*tier, GW_STR("standard_only")))
        *tier = GW_TEXT("default");
    return status;
}

/* Never ignored: its callers believe that the upstream knows the conversation. */
static enum gw_status read_thread(struct gw_messages_reader *reader, uint32_t value)
{
    enum gw_status status = add_extra(reader, GW_STR("thread"), value);
    return status == GW_OK ? add_native_only(reader, GW_TEXT("thread")) : status;
}

/* On the last block that can have a marker. */
static enum gw_status read_cache_control(struct gw_messages_reader *reader, uint32_t value)
{
    enum gw_cache_ttl cache = GW_CACHE_NONE;
    struct gw_part *last = NULL;
    enum gw_status status = gw_messages_read_cache(reader, 0, "cache_control", &cache);

    (void)value;
    if (status != GW_OK)
        return status;
    for (struct gw_message *message = reader->request->messages; message; message = message->next)
        for (struct gw_part *part = message->parts; part; part = part->next)
            if (part->kind != GW_PART_REASONING && part->kind != GW_PART_REDACTED &&
                (part->kind != GW_PART_TEXT || part->text.raw.len))
                last = part;
    if (last && last->cache == GW_CACHE_NONE)
        last->cache = cache;
    return GW_OK;
}

/* In the order in which they are read: `cache_control` wants the messages. */
static const struct {
    struct gw_str name;
    enum gw_status (*read)(struct gw_messages_reader *reader, uint32_t value);
    bool required;
} members[] = {
    {GW_STR_INIT("model"), read_model, true},
    {GW_STR_INIT("max_tokens"), read_max_tokens, true},
    {GW_STR_INIT("system"), read_system, false},
    {GW_STR_INIT("messages"), read_messages, true},
    {GW_STR_INIT("tools"), read_tools, false},
    {GW_STR_INIT("tool_choice"), read_tool_choice, false},
    {GW_STR_INIT("thinking"), read_thinking, false},
    {GW_STR_INIT("output_format"), read_output_format, false},
    {GW_STR_INIT("output_config"), read_output_config, false},
    {GW_STR_INIT("stop_sequences"), read_stop, false},
    {GW_STR_INIT("stream"), read_stream, false},
    {GW_STR_INIT("temperature"), read_temperature, false},
    {GW_STR_INIT("top_p"), read_top_p, false},
    {GW_STR_INIT("top_k"), read_top_k, false},
    {GW_STR_INIT("metadata"), read_metadata, false},
    {GW_STR_INIT("service_tier"), read_service_tier, false},
    {GW_STR_INIT("thread"), read_thread, false},
    {GW_STR_INIT("cache_control"), read_cache_control, false},
};

static enum gw_status read_members(struct gw_messages_reader *reader)
{
    enum gw_status status = GW_OK;

    for (size_t i = 0; status == GW_OK && i < GW_COUNT(members); i++) {
        uint32_t value = gw_messages_member(reader->json, 0, members[i].name);
        if (value != GW_JSON_ABSENT)
            status = members[i].read(reader, value);
        else if (members[i].required)
            status = gw_complain(reader->complaint, GW_INVALID, "missing_required_parameter",
                                 members[i].name.base, "`%s` is required", members[i].name.base);
    }
    return status;
}

static enum gw_status read_extra(struct gw_messages_reader *reader)
{
    struct gw_json_iter iter = gw_json_iter(reader->json, 0);
    enum gw_status status = GW_OK;
    uint32_t key, value;

    while (status == GW_OK && gw_json_next_member(reader->json, &iter, &key, &value)) {
        bool known = type_of(reader, value) == GW_JSON_IS_NULL;
        for (size_t i = 0; !known && i < GW_COUNT(members); i++)
            known = gw_json_equals(reader->json, key, members[i].name);
        if (!known)
            status = add_extra(reader, gw_json_raw(reader->json, key), value);
    }
    return status;
}

enum gw_status gw_messages_read_request(struct gw_str body, struct gw_request *request,
                                        struct gw_complaint *complaint)
{
    struct gw_json json;
    struct gw_err err = {GW_OK, 0, ""};
    struct gw_messages_reader reader = {&json, request, complaint};
    enum gw_status status = gw_json_read(body, request->arena, GW_MESSAGES_TOKENS_MAX, &json, &err);

    if (status == GW_NO_MEMORY)
        return status;
    if (status != GW_OK)
        return gw_complain(complaint, GW_INVALID, "invalid_json", NULL, "%s (byte %zu)",
                           err.message, err.offset);
    if (gw_json_type(&json, 0) != GW_JSON_IS_OBJECT)
        return gw_complain(complaint, GW_INVALID, "invalid_json", NULL,
                           "the body must be a JSON object");
    request->family = GW_FAMILY_ANTHROPIC;
    request->include_usage = true;
    status = read_members(&reader);
    return status == GW_OK ? read_extra(&reader) : status;
}
