/* A caller's request, but for its conversation (translation.md §3.2). */
#include "codec/openai_responses_private.h"

#include <stdio.h>

/* ---- members ---- */

uint32_t gw_responses_member(const struct gw_json *json, uint32_t object, struct gw_str key)
{
    uint32_t value = gw_json_get(json, object, key);

    return gw_json_type(json, value) == GW_JSON_IS_NULL ? GW_JSON_ABSENT : value;
}

enum gw_status gw_responses_missing(struct gw_responses_reading *reading, const char *param)
{
    return gw_complain(reading->complaint, GW_INVALID, "missing_required_parameter", param,
                       "Missing required parameter: '%s'.", param);
}

enum gw_status gw_responses_wrong(struct gw_responses_reading *reading, const char *param,
                                  const char *must)
{
    return gw_complain(reading->complaint, GW_INVALID, "invalid_value", param,
                       "Invalid value for '%s': it must be %s.", param, must);
}

enum gw_status gw_responses_only_native(struct gw_request *request, struct gw_text name)
{
    struct gw_name_list *entry = gw_arena_zalloc(request->arena, sizeof(*entry)), **last;

    if (!entry)
        return GW_NO_MEMORY;
    entry->name = name;
    for (last = &request->native_only; *last; last = &(*last)->next)
        if (gw_str_eq((*last)->name.raw, name.raw))
            return GW_OK;
    *last = entry;
    return GW_OK;
}

struct gw_text gw_responses_flat_name(struct gw_text space, struct gw_text name,
                                      struct gw_arena *arena)
{
    if (!space.raw.len)
        return name;
    return (struct gw_text){
        gw_arena_printf(arena, "%.*s__%.*s", GW_STR_ARG(space.raw), GW_STR_ARG(name.raw))};
}

/* ---- plain members ---- */

enum shape { TEXT, FLAG, NUMBER, OBJECT, BOOL };

static const struct {
    struct gw_str key;
    enum shape shape;
    size_t at;
} members[] = {
#define AT(field) offsetof(struct gw_request, field)
    {GW_STR_INIT("metadata"), OBJECT, AT(metadata)},
    {GW_STR_INIT("parallel_tool_calls"), FLAG, AT(parallel_tools)},
    {GW_STR_INIT("prompt_cache_key"), TEXT, AT(cache_key)},
    {GW_STR_INIT("prompt_cache_retention"), TEXT, AT(cache_retention)},
    {GW_STR_INIT("service_tier"), TEXT, AT(service_tier)},
    {GW_STR_INIT("store"), FLAG, AT(store)},
    {GW_STR_INIT("stream"), BOOL, AT(stream)},
    {GW_STR_INIT("temperature"), NUMBER, AT(sampling[GW_TEMPERATURE])},
    {GW_STR_INIT("top_p"), NUMBER, AT(sampling[GW_TOP_P])},
    {GW_STR_INIT("user"), TEXT, AT(user_id)},
    {GW_STR_INIT("safety_identifier"), TEXT, AT(user_id)}, /* the later one wins */
#undef AT
};

static enum gw_status read_member(struct gw_responses_reading *reading, size_t row, uint32_t value)
{
    static const char *const must[] = {[TEXT] = "a string",
                                       [FLAG] = "true or false",
                                       [NUMBER] = "a number",
                                       [OBJECT] = "an object",
                                       [BOOL] = "true or false"};
    const struct gw_json *json = &reading->json;
    enum gw_json_type type = gw_json_type(json, value);
    void *at = (char *)reading->request + members[row].at;
    bool fits = true;

    switch (members[row].shape) {
    case TEXT:
        fits = type == GW_JSON_IS_STRING;
        if (fits)
            *(struct gw_text *)at = text_of(json, value);
        break;
    case FLAG:
        fits = type == GW_JSON_IS_TRUE || type == GW_JSON_IS_FALSE;
        *(enum gw_flag *)at = type == GW_JSON_IS_TRUE ? GW_FLAG_TRUE : GW_FLAG_FALSE;
        break;
    case BOOL:
        fits = gw_json_bool(json, value, at);
        break;
    case NUMBER:
    case OBJECT:
        fits = type == (members[row].shape == NUMBER ? GW_JSON_IS_NUMBER : GW_JSON_IS_OBJECT);
        *(struct gw_str *)at = gw_json_slice(json, value);
        break;
    }
    return fits ? GW_OK
                : gw_responses_wrong(reading, members[row].key.base, must[members[row].shape]);
}

static enum gw_status read_members(struct gw_responses_reading *reading)
{
    enum gw_status status = GW_OK;

    for (size_t i = 0; i < GW_COUNT(members) && status == GW_OK; i++) {
        uint32_t value = gw_responses_member(&reading->json, 0, members[i].key);
        if (value != GW_JSON_ABSENT)
            status = read_member(reading, i, value);
    }
    return status;
}

/* What means something here, but is not read by the table above; and what means nothing elsewhere. */
static const struct gw_str known[] = {
    GW_STR_INIT("background"),
    GW_STR_INIT("client_metadata"),
    GW_STR_INIT("conversation"),
    GW_STR_INIT("include"),
    GW_STR_INIT("input"),
    GW_STR_INIT("instructions"),
    GW_STR_INIT("max_output_tokens"),
    GW_STR_INIT("model"),
    GW_STR_INIT("previous_response_id"),
    GW_STR_INIT("prompt"),
    GW_STR_INIT("reasoning"),
    GW_STR_INIT("stream_options"),
    GW_STR_INIT("text"),
    GW_STR_INIT("tool_choice"),
    GW_STR_INIT("tools"),
    GW_STR_INIT("top_logprobs"),
};

static bool is_known(const struct gw_json *json, uint32_t key)
{
    for (size_t i = 0; i < GW_COUNT(members); i++)
        if (gw_json_equals(json, key, members[i].key))
            return true;
    for (size_t i = 0; i < GW_COUNT(known); i++)
        if (gw_json_equals(json, key, known[i]))
            return true;
    return false;
}

static enum gw_status read_extra(struct gw_responses_reading *reading)
{
    const struct gw_json *json = &reading->json;
    struct gw_json_iter iter = gw_json_iter(json, 0);
    struct gw_extra **last = &reading->request->extra;
    uint32_t key, value;

    while (gw_json_next_member(json, &iter, &key, &value)) {
        if (is_known(json, key) || gw_json_type(json, value) == GW_JSON_IS_NULL)
            continue;
        struct gw_extra *extra = gw_arena_zalloc(reading->request->arena, sizeof(*extra));
        if (!extra)
            return GW_NO_MEMORY;
        extra->name = text_of(json, key);
        extra->value = gw_json_slice(json, value);
        *last = extra;
        last = &extra->next;
    }
    return GW_OK;
}

/* What only OpenAI can do: it keeps the state (§3.2). */
static enum gw_status read_native(struct gw_responses_reading *reading)
{
    static const struct gw_str names[] = {
        GW_STR_INIT("previous_response_id"),
        GW_STR_INIT("conversation"),
        GW_STR_INIT("prompt"),
    };
    const struct gw_json *json = &reading->json;
    uint32_t background = gw_json_get(json, 0, GW_STR("background"));
    enum gw_status status = GW_OK;

    for (size_t i = 0; i < GW_COUNT(names) && status == GW_OK; i++)
        if (gw_responses_member(json, 0, names[i]) != GW_JSON_ABSENT)
            status = gw_responses_only_native(reading->request, (struct gw_text){names[i]});
    if (status == GW_OK && gw_json_type(json, background) == GW_JSON_IS_TRUE)
        status = gw_responses_only_native(reading->request, GW_TEXT("background"));
    return status;
}

/* ---- numbers ---- */

static enum gw_status read_max_tokens(struct gw_responses_reading *reading)
{
    const struct gw_json *json = &reading->json;
    uint32_t value = gw_responses_member(json, 0, GW_STR("max_output_tokens"));
    int64_t tokens;

    if (value == GW_JSON_ABSENT)
        return GW_OK;
    if (!gw_json_int64(json, value, &tokens) || tokens <= 0)
        return gw_responses_wrong(reading, "max_output_tokens", "an integer above 0");
    reading->request->max_tokens = gw_json_slice(json, value);
    reading->request->max_tokens_name = "max_output_tokens";
    return GW_OK;
}

static enum gw_status read_logprobs(struct gw_responses_reading *reading)
{
    const struct gw_json *json = &reading->json;
    uint32_t top = gw_responses_member(json, 0, GW_STR("top_logprobs")), each;
    struct gw_json_iter iter = gw_json_iter(json, gw_json_get(json, 0, GW_STR("include")));
    int64_t count = 0;

    if (top != GW_JSON_ABSENT && (!gw_json_int64(json, top, &count) || count < 0))
        return gw_responses_wrong(reading, "top_logprobs", "an integer from 0 on");
    while (gw_json_next(json, &iter, &each))
        if (gw_json_equals(json, each, GW_STR("message.output_text.logprobs")))
            reading->request->logprobs = GW_FLAG_TRUE;
    if (count > 0) {
        reading->request->logprobs = GW_FLAG_TRUE;
        reading->request->top_logprobs = gw_json_slice(json, top);
    }
    return GW_OK;
}

/* ---- how to answer ---- */

static enum gw_status read_format(struct gw_responses_reading *reading)
{
    const struct gw_json *json = &reading->json;
    struct gw_response_format *format = &reading->request->format;
    uint32_t text = gw_responses_member(json, 0, GW_STR("text"));
    uint32_t object = gw_responses_member(json, text, GW_STR("format"));
    struct gw_text type = text_at(json, object, GW_STR("type"));

    reading->request->verbosity = text_at(json, text, GW_STR("verbosity"));
    if (object == GW_JSON_ABSENT)
        return GW_OK;
    if (gw_text_equals(type, GW_STR("text"))) {
        format->kind = GW_FORMAT_TEXT;
    } else if (gw_text_equals(type, GW_STR("json_object"))) {
        format->kind = GW_FORMAT_JSON_OBJECT;
    } else if (gw_text_equals(type, GW_STR("json_schema"))) {
        format->kind = GW_FORMAT_JSON_SCHEMA;
        format->name = text_at(json, object, GW_STR("name"));
        format->description = text_at(json, object, GW_STR("description"));
        format->schema = gw_responses_slice_at(json, object, GW_STR("schema"));
        format->strict = gw_responses_slice_at(json, object, GW_STR("strict"));
        if (!format->schema.base)
            return gw_responses_missing(reading, "text.format.schema");
    } else {
        return gw_responses_wrong(reading, "text.format.type",
                                  "'text', 'json_object' or 'json_schema'");
    }
    return GW_OK;
}

static enum gw_status read_reasoning(struct gw_responses_reading *reading)
{
    const struct gw_json *json = &reading->json;
    struct gw_request *request = reading->request;
    uint32_t object = gw_responses_member(json, 0, GW_STR("reasoning"));
    uint32_t effort = gw_responses_member(json, object, GW_STR("effort"));

    request->reasoning.summary = text_at(json, object, GW_STR("summary"));
    if (!gw_text_present(request->reasoning.summary))
        request->reasoning.summary = text_at(json, object, GW_STR("generate_summary"));
    if (effort == GW_JSON_ABSENT)
        return GW_OK;
    request->reasoning.effort = gw_effort_of(text_of(json, effort));
    if (request->reasoning.effort == GW_EFFORT_UNSET)
        return gw_responses_wrong(reading, "reasoning.effort",
                                  "one of none, minimal, low, medium, high, xhigh, max");
    request->reasoning.mode =
        request->reasoning.effort == GW_EFFORT_NONE ? GW_REASONING_OFF : GW_REASONING_ON;
    return GW_OK;
}

/* ---- tools ---- */

static enum gw_status add_tool(struct gw_responses_reading *reading, uint32_t value,
                               struct gw_text space, const char *where, struct gw_tool ***last)
{
    const struct gw_json *json = &reading->json;
    struct gw_tool *tool = gw_arena_zalloc(reading->request->arena, sizeof(*tool));
    struct gw_text type = text_at(json, value, GW_STR("type"));
    bool custom = gw_text_equals(type, GW_STR("custom"));
    char param[64];

    if (!tool)
        return GW_NO_MEMORY;
    tool->raw = gw_json_slice(json, value);
    if (!custom && !gw_text_equals(type, GW_STR("function"))) {
        if (!gw_text_present(type))
            return gw_responses_wrong(reading, where, "an object with a type");
        tool->kind = GW_TOOL_HOSTED;
        tool->type = type;
        tool->family = GW_FAMILY_OPENAI;
    } else {
        (void)snprintf(param, sizeof(param), "%s.name", where);
        tool->kind = custom ? GW_TOOL_CUSTOM : GW_TOOL_FUNCTION;
        tool->name = text_at(json, value, GW_STR("name"));
        if (!tool->name.raw.len)
            return gw_responses_missing(reading, param);
        tool->space = space;
        tool->description = text_at(json, value, GW_STR("description"));
        tool->schema =
            gw_responses_slice_at(json, value, custom ? GW_STR("format") : GW_STR("parameters"));
        tool->strict = gw_responses_slice_at(json, value, GW_STR("strict"));
    }
    **last = tool;
    *last = &tool->next;
    return GW_OK;
}

/* A group of a client's tools: its members become tools of their own (codex sends each MCP server as one). */
static enum gw_status add_namespace(struct gw_responses_reading *reading, uint32_t value,
                                    const char *where, struct gw_tool ***last)
{
    const struct gw_json *json = &reading->json;
    struct gw_text space = text_at(json, value, GW_STR("name"));
    struct gw_json_iter iter = gw_json_iter(json, gw_json_get(json, value, GW_STR("tools")));
    enum gw_status status = GW_OK;
    unsigned index = 0;
    uint32_t each;
    char param[64];

    (void)snprintf(param, sizeof(param), "%s.name", where);
    if (!space.raw.len)
        return gw_responses_missing(reading, param);
    while (status == GW_OK && gw_json_next(json, &iter, &each)) {
        (void)snprintf(param, sizeof(param), "%s.tools[%u]", where, index++);
        status = add_tool(reading, each, space, param, last);
    }
    return status;
}

static enum gw_status read_tools(struct gw_responses_reading *reading)
{
    const struct gw_json *json = &reading->json;
    uint32_t tools = gw_responses_member(json, 0, GW_STR("tools")), each;
    struct gw_json_iter iter = gw_json_iter(json, tools);
    struct gw_tool **last = &reading->request->tools;
    enum gw_status status = GW_OK;
    unsigned index = 0;
    char where[32];

    if (tools != GW_JSON_ABSENT && gw_json_type(json, tools) != GW_JSON_IS_ARRAY)
        return gw_responses_wrong(reading, "tools", "an array");
    while (status == GW_OK && gw_json_next(json, &iter, &each)) {
        (void)snprintf(where, sizeof(where), "tools[%u]", index++);
        if (gw_text_equals(text_at(json, each, GW_STR("type")), GW_STR("namespace")))
            status = add_namespace(reading, each, where, &last);
        else
            status = add_tool(reading, each, (struct gw_text){{NULL, 0}}, where, &last);
    }
    return status;
}

/* The name of a tool, with its namespace in front, as model/names makes it. Absent: no name, or no memory. */
static struct gw_text named_tool(struct gw_responses_reading *reading, uint32_t object)
{
    const struct gw_json *json = &reading->json;
    struct gw_text name = text_at(json, object, GW_STR("name"));
    struct gw_text space = text_at(json, object, GW_STR("namespace"));

    if (!name.raw.len)
        return (struct gw_text){{NULL, 0}};
    if (!space.raw.len)
        return name;
    return (struct gw_text){gw_arena_printf(reading->request->arena, "%.*s__%.*s",
                                            GW_STR_ARG(space.raw), GW_STR_ARG(name.raw))};
}

static enum gw_status read_allowed(struct gw_responses_reading *reading, uint32_t choice)
{
    const struct gw_json *json = &reading->json;
    struct gw_request *request = reading->request;
    struct gw_json_iter iter = gw_json_iter(json, gw_json_get(json, choice, GW_STR("tools")));
    struct gw_name_list **last = &request->allowed, *entry;
    struct gw_text mode = text_at(json, choice, GW_STR("mode"));
    uint32_t each;

    request->tool_choice =
        gw_text_equals(mode, GW_STR("required")) ? GW_CHOICE_ANY : GW_CHOICE_AUTO;
    while (gw_json_next(json, &iter, &each)) {
        struct gw_text name = named_tool(reading, each);
        if (!gw_text_present(name))
            continue; /* a hosted one */
        entry = gw_arena_zalloc(request->arena, sizeof(*entry));
        if (!entry)
            return GW_NO_MEMORY;
        entry->name = name;
        *last = entry;
        last = &entry->next;
    }
    return GW_OK;
}

static enum gw_status read_choice(struct gw_responses_reading *reading)
{
    static const struct {
        struct gw_str word;
        enum gw_tool_choice choice;
    } words[] = {
        {GW_STR_INIT("auto"), GW_CHOICE_AUTO},
        {GW_STR_INIT("none"), GW_CHOICE_NONE},
        {GW_STR_INIT("required"), GW_CHOICE_ANY},
    };
    const struct gw_json *json = &reading->json;
    struct gw_request *request = reading->request;
    uint32_t choice = gw_responses_member(json, 0, GW_STR("tool_choice"));
    struct gw_text type = text_at(json, choice, GW_STR("type"));

    for (size_t i = 0; i < GW_COUNT(words); i++)
        if (gw_json_type(json, choice) == GW_JSON_IS_STRING &&
            gw_json_equals(json, choice, words[i].word)) {
            request->tool_choice = words[i].choice;
            return GW_OK;
        }
    if (choice == GW_JSON_ABSENT)
        return GW_OK;
    if (gw_text_equals(type, GW_STR("allowed_tools")))
        return read_allowed(reading, choice);
    if (gw_text_equals(type, GW_STR("function")) || gw_text_equals(type, GW_STR("custom"))) {
        request->tool_choice = GW_CHOICE_TOOL;
        request->tool_choice_name = named_tool(reading, choice);
        return gw_text_present(request->tool_choice_name)
                   ? GW_OK
                   : gw_responses_missing(reading, "tool_choice.name");
    }
    if (!gw_text_present(type))
        return gw_responses_wrong(reading, "tool_choice", "'none', 'auto', 'required' or a tool");
    /* One of OpenAI's own tools: elsewhere nobody can be made to call it. */
    gw_ledger_add(request->ledger, GW_LEDGER_DROP, GW_STR("tool_choice"));
    return GW_OK;
}

/* ---- the whole ---- */

enum gw_status gw_responses_read_request(struct gw_str body, struct gw_request *request,
                                         struct gw_complaint *complaint)
{
    static enum gw_status (*const steps[])(struct gw_responses_reading *) = {
        read_native,    read_members, read_max_tokens, read_logprobs,           read_format,
        read_reasoning, read_tools,   read_choice,     gw_responses_read_input, read_extra,
    };
    struct gw_responses_reading reading = {.request = request, .complaint = complaint};
    struct gw_err err = {0};
    enum gw_status status;

    status = gw_json_read(body, request->arena, GW_RESPONSES_TOKENS_MAX, &reading.json, &err);
    if (status == GW_NO_MEMORY)
        return status;
    if (status != GW_OK)
        return gw_complain(complaint, GW_INVALID, "invalid_json", NULL,
                           "We could not parse the JSON body of your request: %s (byte %zu).",
                           err.message, err.offset);
    if (gw_json_type(&reading.json, 0) != GW_JSON_IS_OBJECT)
        return gw_complain(complaint, GW_INVALID, "invalid_json", NULL,
                           "The body of the request must be a JSON object.");
    request->include_usage = true;
    request->family = GW_FAMILY_OPENAI;
    request->model = text_at(&reading.json, 0, GW_STR("model"));
    if (!request->model.raw.len)
        return gw_responses_missing(&reading, "model");
    for (size_t i = 0; i < GW_COUNT(steps) && status == GW_OK; i++)
        status = steps[i](&reading);
    return status;
}
