/*
 * A caller's request, all but its messages and tools (translation.md §3.1).
 */
#include "codec/openai_chat_private.h"

enum member {
    MODEL,
    MESSAGES,
    STREAM,
    STREAM_OPTIONS,
    TOOLS,
    FUNCTIONS,
    TOOL_CHOICE,
    FUNCTION_CALL,
    PARALLEL_TOOL_CALLS,
    WEB_SEARCH_OPTIONS,
    MAX_COMPLETION_TOKENS,
    MAX_TOKENS,
    TEMPERATURE,
    TOP_P,
    TOP_K,
    MIN_P,
    FREQUENCY_PENALTY,
    PRESENCE_PENALTY,
    REPETITION_PENALTY,
    SEED,
    LOGIT_BIAS,
    N,
    STOP,
    LOGPROBS,
    TOP_LOGPROBS,
    RESPONSE_FORMAT,
    REASONING_EFFORT,
    REASONING,
    THINKING,
    VERBOSITY,
    SERVICE_TIER,
    STORE,
    USER,
    SAFETY_IDENTIFIER,
    METADATA,
    PREDICTION,
    MODALITIES,
    AUDIO,
    PROMPT_CACHE_KEY,
    PROMPT_CACHE_RETENTION,
    MEMBERS
};

static const struct gw_str names[MEMBERS] = {
    [MODEL] = GW_STR_INIT("model"),
    [MESSAGES] = GW_STR_INIT("messages"),
    [STREAM] = GW_STR_INIT("stream"),
    [STREAM_OPTIONS] = GW_STR_INIT("stream_options"),
    [TOOLS] = GW_STR_INIT("tools"),
    [FUNCTIONS] = GW_STR_INIT("functions"),
    [TOOL_CHOICE] = GW_STR_INIT("tool_choice"),
    [FUNCTION_CALL] = GW_STR_INIT("function_call"),
    [PARALLEL_TOOL_CALLS] = GW_STR_INIT("parallel_tool_calls"),
    [WEB_SEARCH_OPTIONS] = GW_STR_INIT("web_search_options"),
    [MAX_COMPLETION_TOKENS] = GW_STR_INIT("max_completion_tokens"),
    [MAX_TOKENS] = GW_STR_INIT("max_tokens"),
    [TEMPERATURE] = GW_STR_INIT("temperature"),
    [TOP_P] = GW_STR_INIT("top_p"),
    [TOP_K] = GW_STR_INIT("top_k"),
    [MIN_P] = GW_STR_INIT("min_p"),
    [FREQUENCY_PENALTY] = GW_STR_INIT("frequency_penalty"),
    [PRESENCE_PENALTY] = GW_STR_INIT("presence_penalty"),
    [REPETITION_PENALTY] = GW_STR_INIT("repetition_penalty"),
    [SEED] = GW_STR_INIT("seed"),
    [LOGIT_BIAS] = GW_STR_INIT("logit_bias"),
    [N] = GW_STR_INIT("n"),
    [STOP] = GW_STR_INIT("stop"),
    [LOGPROBS] = GW_STR_INIT("logprobs"),
    [TOP_LOGPROBS] = GW_STR_INIT("top_logprobs"),
    [RESPONSE_FORMAT] = GW_STR_INIT("response_format"),
    [REASONING_EFFORT] = GW_STR_INIT("reasoning_effort"),
    [REASONING] = GW_STR_INIT("reasoning"),
    [THINKING] = GW_STR_INIT("thinking"),
    [VERBOSITY] = GW_STR_INIT("verbosity"),
    [SERVICE_TIER] = GW_STR_INIT("service_tier"),
    [STORE] = GW_STR_INIT("store"),
    [USER] = GW_STR_INIT("user"),
    [SAFETY_IDENTIFIER] = GW_STR_INIT("safety_identifier"),
    [METADATA] = GW_STR_INIT("metadata"),
    [PREDICTION] = GW_STR_INIT("prediction"),
    [MODALITIES] = GW_STR_INIT("modalities"),
    [AUDIO] = GW_STR_INIT("audio"),
    [PROMPT_CACHE_KEY] = GW_STR_INIT("prompt_cache_key"),
    [PROMPT_CACHE_RETENTION] = GW_STR_INIT("prompt_cache_retention"),
};

/* A body being read. */
struct body {
    struct gw_chat_reading reading;
    uint32_t values[MEMBERS]; /* GW_JSON_ABSENT also for null */
};

enum gw_status gw_chat_wrong(struct gw_chat_reading *reading, const char *param, const char *must)
{
    return gw_complain(reading->complaint, GW_INVALID, "invalid_value", param, "`%s` must %s",
                       param, must);
}

static enum gw_status wrong(struct body *body, enum member member, const char *must)
{
    return gw_chat_wrong(&body->reading, names[member].base, must);
}

/* ---- one member ---- */

static enum gw_status take_slice(struct body *body, enum member member, enum gw_json_type type,
                                 const char *must, struct gw_str *into)
{
    const struct gw_json *json = body->reading.json;

    if (body->values[member] == GW_JSON_ABSENT)
        return GW_OK;
    if (gw_json_type(json, body->values[member]) != type)
        return wrong(body, member, must);
    *into = gw_json_slice(json, body->values[member]);
    return GW_OK;
}

static enum gw_status take_number(struct body *body, enum member member, struct gw_str *into)
{
    return take_slice(body, member, GW_JSON_IS_NUMBER, "be a number", into);
}

static enum gw_status take_text(struct body *body, enum member member, struct gw_text *into)
{
    const struct gw_json *json = body->reading.json;

    if (body->values[member] == GW_JSON_ABSENT)
        return GW_OK;
    into->raw = gw_json_raw(json, body->values[member]);
    return into->raw.base ? GW_OK : wrong(body, member, "be a string");
}

static enum gw_status take_flag(struct body *body, enum member member, enum gw_flag *into)
{
    bool set;

    if (body->values[member] == GW_JSON_ABSENT)
        return GW_OK;
    if (!gw_json_bool(body->reading.json, body->values[member], &set))
        return wrong(body, member, "be true or false");
    *into = set ? GW_FLAG_TRUE : GW_FLAG_FALSE;
    return GW_OK;
}

/* A whole number of at least 1. */
static enum gw_status take_count(struct body *body, enum member member, struct gw_str *into)
{
    const struct gw_json *json = body->reading.json;
    int64_t value;

    if (body->values[member] == GW_JSON_ABSENT)
        return GW_OK;
    if (!gw_json_int64(json, body->values[member], &value) || value < 1)
        return wrong(body, member, "be a whole number of at least 1");
    *into = gw_json_slice(json, body->values[member]);
    return GW_OK;
}

/* ---- groups of members ---- */

static enum gw_status read_sampling(struct body *body)
{
    static const enum member from[GW_SAMPLINGS] = {
        [GW_TEMPERATURE] = TEMPERATURE,
        [GW_TOP_P] = TOP_P,
        [GW_TOP_K] = TOP_K,
        [GW_MIN_P] = MIN_P,
        [GW_FREQUENCY_PENALTY] = FREQUENCY_PENALTY,
        [GW_PRESENCE_PENALTY] = PRESENCE_PENALTY,
        [GW_REPETITION_PENALTY] = REPETITION_PENALTY,
        [GW_SEED] = SEED,
        [GW_LOGIT_BIAS] = LOGIT_BIAS,
    };
    struct gw_request *request = body->reading.request;
    enum gw_status status = GW_OK;

    for (unsigned i = 0; status == GW_OK && i < GW_SAMPLINGS; i++)
        status = from[i] == LOGIT_BIAS ? take_slice(body, LOGIT_BIAS, GW_JSON_IS_OBJECT,
                                                    "be an object", &request->sampling[i])
                                       : take_number(body, from[i], &request->sampling[i]);
    return status;
}

static enum gw_status read_stop(struct body *body)
{
    const struct gw_json *json = body->reading.json;
    struct gw_request *request = body->reading.request;
    struct gw_name_list **last = &request->stop;
    uint32_t stop = body->values[STOP], element = stop;
    struct gw_json_iter iter = gw_json_iter(json, stop);
    bool many = gw_json_type(json, stop) == GW_JSON_IS_ARRAY;

    if (stop == GW_JSON_ABSENT)
        return GW_OK;
    while (!many || gw_json_next(json, &iter, &element)) {
        struct gw_name_list *added = gw_arena_zalloc(request->arena, sizeof(*added));
        if (!added)
            return GW_NO_MEMORY;
        added->name.raw = gw_json_raw(json, element);
        if (!gw_text_present(added->name))
            return wrong(body, STOP, "be a string or an array of strings");
        *last = added;
        last = &added->next;
        if (!many)
            break;
    }
    return GW_OK;
}

static enum gw_status read_format(struct body *body)
{
    const struct gw_json *json = body->reading.json;
    struct gw_response_format *format = &body->reading.request->format;
    uint32_t value = body->values[RESPONSE_FORMAT];
    uint32_t type = gw_json_get(json, value, GW_STR("type"));
    bool strict;

    if (value == GW_JSON_ABSENT)
        return GW_OK;
    if (gw_json_equals(json, type, GW_STR("text"))) {
        format->kind = GW_FORMAT_TEXT;
        return GW_OK;
    }
    if (gw_json_equals(json, type, GW_STR("json_object"))) {
        format->kind = GW_FORMAT_JSON_OBJECT;
        return GW_OK;
    }
    if (!gw_json_equals(json, type, GW_STR("json_schema")))
        return wrong(body, RESPONSE_FORMAT, "have the type text, json_object or json_schema");
    uint32_t inner = gw_chat_member(json, value, GW_STR("json_schema"));
    uint32_t schema = gw_chat_member(json, inner, GW_STR("schema"));
    if (gw_json_type(json, inner) != GW_JSON_IS_OBJECT)
        return wrong(body, RESPONSE_FORMAT, "have an object json_schema");
    format->kind = GW_FORMAT_JSON_SCHEMA;
    format->name = gw_chat_filled(json, inner, GW_STR("name"));
    format->description = gw_chat_text(json, inner, GW_STR("description"));
    format->schema = gw_json_slice(json, schema);
    if (gw_json_bool(json, gw_json_get(json, inner, GW_STR("strict")), &strict))
        format->strict = strict ? GW_STR("true") : GW_STR("false");
    return GW_OK;
}

static enum gw_status read_reasoning(struct body *body)
{
    return gw_chat_read_thinking(&body->reading, body->values[THINKING], body->values[REASONING],
                                 body->values[REASONING_EFFORT]);
}

/* Answers that are more than text have no form elsewhere. */
static enum gw_status read_modalities(struct body *body)
{
    const struct gw_json *json = body->reading.json;
    struct gw_request *request = body->reading.request;
    struct gw_json_iter iter = gw_json_iter(json, body->values[MODALITIES]);
    uint32_t modality;
    bool other = false;

    enum gw_status status = take_slice(body, MODALITIES, GW_JSON_IS_ARRAY, "be an array of strings",
                                       &request->modalities);
    if (status != GW_OK)
        return status;
    while (gw_json_next(json, &iter, &modality))
        other = other || !gw_json_equals(json, modality, GW_STR("text"));
    if (!other)
        return GW_OK;
    struct gw_name_list *added = gw_arena_zalloc(request->arena, sizeof(*added));
    if (!added)
        return GW_NO_MEMORY;
    *added = (struct gw_name_list){{names[MODALITIES]}, request->native_only};
    request->native_only = added;
    return GW_OK;
}

static enum gw_status read_stream(struct body *body)
{
    const struct gw_json *json = body->reading.json;
    struct gw_request *request = body->reading.request;
    uint32_t options = body->values[STREAM_OPTIONS];
    enum gw_flag stream = GW_FLAG_UNSET;
    bool usage;

    enum gw_status status = take_flag(body, STREAM, &stream);
    if (status != GW_OK)
        return status;
    request->stream = stream == GW_FLAG_TRUE;
    if (gw_json_bool(json, gw_json_get(json, options, GW_STR("include_usage")), &usage))
        request->include_usage = usage;
    return GW_OK;
}

static enum gw_status read_texts(struct body *body)
{
    struct gw_request *request = body->reading.request;
    const struct {
        enum member member;
        struct gw_text *into;
    } texts[] = {
        {MODEL, &request->model},
        {VERBOSITY, &request->verbosity},
        {SERVICE_TIER, &request->service_tier},
        {USER, &request->user_id},
        {SAFETY_IDENTIFIER, &request->user_id}, /* goes before `user` */
        {PROMPT_CACHE_KEY, &request->cache_key},
        {PROMPT_CACHE_RETENTION, &request->cache_retention},
    };
    enum gw_status status = GW_OK;

    for (size_t i = 0; status == GW_OK && i < GW_COUNT(texts); i++)
        status = take_text(body, texts[i].member, texts[i].into);
    return status;
}

static enum gw_status read_limits(struct body *body)
{
    struct gw_request *request = body->reading.request;
    enum gw_status status = take_count(body, MAX_TOKENS, &request->max_tokens);

    if (status == GW_OK)
        status = take_count(body, MAX_COMPLETION_TOKENS, &request->max_tokens);
    if (body->values[MAX_COMPLETION_TOKENS] != GW_JSON_ABSENT)
        request->max_tokens_name = "max_completion_tokens";
    if (status == GW_OK)
        status = take_count(body, N, &request->n);
    if (status == GW_OK)
        status = take_flag(body, LOGPROBS, &request->logprobs);
    if (status == GW_OK)
        status = take_number(body, TOP_LOGPROBS, &request->top_logprobs);
    if (status == GW_OK)
        status = take_flag(body, STORE, &request->store);
    if (status == GW_OK)
        status = take_flag(body, PARALLEL_TOOL_CALLS, &request->parallel_tools);
    return status;
}

static enum gw_status read_objects(struct body *body)
{
    struct gw_request *request = body->reading.request;
    enum gw_status status =
        take_slice(body, METADATA, GW_JSON_IS_OBJECT, "be an object", &request->metadata);

    if (status == GW_OK)
        status =
            take_slice(body, PREDICTION, GW_JSON_IS_OBJECT, "be an object", &request->prediction);
    if (status == GW_OK)
        status = take_slice(body, AUDIO, GW_JSON_IS_OBJECT, "be an object", &request->audio);
    return status;
}

/* ---- the whole ---- */

static enum gw_status add_extra(struct gw_request *request, const struct gw_json *json,
                                uint32_t key, uint32_t value, struct gw_extra ***last)
{
    struct gw_extra *extra = gw_arena_alloc(request->arena, sizeof(*extra));

    if (!extra)
        return GW_NO_MEMORY;
    *extra = (struct gw_extra){{gw_json_raw(json, key)}, gw_json_slice(json, value), NULL};
    **last = extra;
    *last = &extra->next;
    return GW_OK;
}

/* Of two members with one name the last one counts. */
static enum gw_status sort_members(struct body *body)
{
    const struct gw_json *json = body->reading.json;
    struct gw_json_iter iter = gw_json_iter(json, 0);
    struct gw_extra **last = &body->reading.request->extra;
    enum gw_status status = GW_OK;
    uint32_t key, value;

    for (unsigned i = 0; i < MEMBERS; i++)
        body->values[i] = GW_JSON_ABSENT;
    while (status == GW_OK && gw_json_next_member(json, &iter, &key, &value)) {
        bool null = gw_json_type(json, value) == GW_JSON_IS_NULL;
        unsigned member = 0;
        while (member < MEMBERS && !gw_json_equals(json, key, names[member]))
            member++;
        if (member < MEMBERS)
            body->values[member] = null ? GW_JSON_ABSENT : value;
        else if (!null)
            status = add_extra(body->reading.request, json, key, value, &last);
    }
    return status;
}

static enum gw_status read_members(struct body *body)
{
    static enum gw_status (*const groups[])(struct body *) = {
        read_texts,  read_stream,    read_limits,     read_sampling, read_stop,
        read_format, read_reasoning, read_modalities, read_objects,
    };
    struct gw_request *request = body->reading.request;
    enum gw_status status = sort_members(body);

    for (size_t i = 0; status == GW_OK && i < GW_COUNT(groups); i++)
        status = groups[i](body);
    if (status == GW_OK && request->model.raw.len == 0)
        status = gw_complain(body->reading.complaint, GW_INVALID, "missing_required_parameter",
                             "model", "`model` is missing");
    if (status == GW_OK && body->values[MESSAGES] == GW_JSON_ABSENT)
        status = gw_complain(body->reading.complaint, GW_INVALID, "missing_required_parameter",
                             "messages", "`messages` is missing");
    if (status == GW_OK)
        status = gw_chat_read_tools(&body->reading, body->values[TOOLS], body->values[FUNCTIONS],
                                    body->values[WEB_SEARCH_OPTIONS]);
    if (status == GW_OK)
        status = gw_chat_read_choice(&body->reading, body->values[TOOL_CHOICE],
                                     body->values[FUNCTION_CALL]);
    if (status == GW_OK)
        status = gw_chat_read_messages(&body->reading, body->values[MESSAGES]);
    return status;
}

enum gw_status gw_chat_read_request(struct gw_str body, struct gw_request *request,
                                    struct gw_complaint *complaint)
{
    struct gw_json json;
    struct gw_err err = {0};
    struct body reading = {.reading = {.json = &json, .request = request, .complaint = complaint}};

    enum gw_status status = gw_json_read(body, request->arena, GW_CHAT_TOKENS_MAX, &json, &err);
    if (status == GW_INVALID || status == GW_TOO_LARGE)
        return gw_complain(complaint, GW_INVALID, "invalid_json", NULL, "%s, at byte %zu",
                           err.message, err.offset);
    if (status != GW_OK)
        return status;
    if (gw_json_type(&json, 0) != GW_JSON_IS_OBJECT)
        return gw_complain(complaint, GW_INVALID, "invalid_json", NULL,
                           "the body is no JSON object");
    request->family = GW_FAMILY_PLAIN;
    return read_members(&reading);
}
