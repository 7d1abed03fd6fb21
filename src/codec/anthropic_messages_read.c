/* Reads Claude's answers: counts, and whole ones (translation.md §5.1, §5.3). */
#include "codec/anthropic_messages_private.h"

/* ---- counts ---- */

static void read_count(const struct gw_json *json, uint32_t object, struct gw_str key,
                       int64_t *count)
{
    int64_t value;

    if (gw_json_int64(json, gw_json_get(json, object, key), &value) && value >= 0)
        *count = value;
}

static int64_t sum_known(int64_t a, int64_t b)
{
    int64_t sum;

    if (b < 0)
        return a;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* `input_tokens` is what was neither read from a cache nor written to one. */
void gw_messages_read_usage(const struct gw_json *json, uint32_t object, int64_t *input,
                            struct gw_usage *usage)
{
    uint32_t written = gw_json_get(json, object, GW_STR("cache_creation"));
    uint32_t details = gw_json_get(json, object, GW_STR("output_tokens_details"));
    uint32_t server = gw_json_get(json, object, GW_STR("server_tool_use"));
    int64_t *tokens = usage->tokens;

    read_count(json, object, GW_STR("input_tokens"), input);
    read_count(json, object, GW_STR("cache_read_input_tokens"), &tokens[GW_TOKENS_CACHE_READ]);
    read_count(json, object, GW_STR("cache_creation_input_tokens"), &tokens[GW_TOKENS_CACHE_WRITE]);
    read_count(json, written, GW_STR("ephemeral_5m_input_tokens"),
               &tokens[GW_TOKENS_CACHE_WRITE_5M]);
    read_count(json, written, GW_STR("ephemeral_1h_input_tokens"),
               &tokens[GW_TOKENS_CACHE_WRITE_1H]);
    read_count(json, object, GW_STR("output_tokens"), &tokens[GW_TOKENS_OUT]);
    read_count(json, details, GW_STR("thinking_tokens"), &tokens[GW_TOKENS_REASONING]);
    read_count(json, server, GW_STR("web_search_requests"), &tokens[GW_TOKENS_WEB_SEARCHES]);
    if (*input >= 0)
        tokens[GW_TOKENS_IN] = sum_known(sum_known(*input, tokens[GW_TOKENS_CACHE_READ]),
                                         tokens[GW_TOKENS_CACHE_WRITE]);
}

/* ---- blocks ---- */

enum gw_block_kind gw_messages_block_kind(const struct gw_json *json, uint32_t block)
{
    static const struct {
        struct gw_str type;
        enum gw_block_kind kind;
    } kinds[] = {
        {GW_STR_INIT("text"), GW_BLOCK_TEXT},
        {GW_STR_INIT("thinking"), GW_BLOCK_REASONING},
        {GW_STR_INIT("redacted_thinking"), GW_BLOCK_REDACTED},
        {GW_STR_INIT("tool_use"), GW_BLOCK_TOOL},
    };
    uint32_t type = gw_json_get(json, block, GW_STR("type"));

    for (size_t i = 0; i < GW_COUNT(kinds); i++)
        if (gw_json_equals(json, type, kinds[i].type))
            return kinds[i].kind;
    return GW_BLOCK_SERVER_TOOL;
}

struct reading {
    const struct gw_json *json;
    gw_event_fn *on_event;
    void *arg;
    unsigned block;
    enum gw_block_kind kind;
};

static enum gw_status emit(struct reading *reading, struct gw_event *event)
{
    event->block = reading->block;
    event->block_kind = reading->kind;
    event->family = GW_FAMILY_ANTHROPIC;
    return reading->on_event(reading->arg, event);
}

static enum gw_status emit_text(struct reading *reading, enum gw_delta_kind delta,
                                struct gw_text text)
{
    struct gw_event event = {.kind = GW_EVENT_DELTA, .delta = delta, .text = text};
    return text.raw.len ? emit(reading, &event) : GW_OK;
}

static enum gw_status emit_json(struct reading *reading, enum gw_delta_kind delta,
                                struct gw_str json)
{
    struct gw_event event = {.kind = GW_EVENT_DELTA, .delta = delta, .json = json};
    return emit(reading, &event);
}

static enum gw_status read_text_block(struct reading *reading, uint32_t block)
{
    struct gw_json_iter iter =
        gw_json_iter(reading->json, gw_json_get(reading->json, block, GW_STR("citations")));
    uint32_t citation;
    enum gw_status status =
        emit_text(reading, GW_DELTA_TEXT, gw_messages_text(reading->json, block, GW_STR("text")));

    while (status == GW_OK && gw_json_next(reading->json, &iter, &citation))
        status = emit_json(reading, GW_DELTA_ANNOTATION, gw_json_slice(reading->json, citation));
    return status;
}

static enum gw_status read_thinking_block(struct reading *reading, uint32_t block)
{
    enum gw_status status = emit_text(reading, GW_DELTA_REASONING,
                                      gw_messages_text(reading->json, block, GW_STR("thinking")));

    if (status != GW_OK)
        return status;
    return emit_text(reading, GW_DELTA_SIGNATURE,
                     gw_messages_text(reading->json, block, GW_STR("signature")));
}

static enum gw_status read_block_content(struct reading *reading, uint32_t block)
{
    uint32_t input = gw_messages_member(reading->json, block, GW_STR("input"));

    switch (reading->kind) {
    case GW_BLOCK_TEXT:
        return read_text_block(reading, block);
    case GW_BLOCK_REASONING:
        return read_thinking_block(reading, block);
    case GW_BLOCK_REDACTED:
        return emit_text(reading, GW_DELTA_DATA,
                         gw_messages_text(reading->json, block, GW_STR("data")));
    case GW_BLOCK_TOOL:
        return emit_json(reading, GW_DELTA_ARGUMENTS,
                         input == GW_JSON_ABSENT ? GW_STR("{}")
                                                 : gw_json_slice(reading->json, input));
    case GW_BLOCK_SERVER_TOOL:
        return emit_json(reading, GW_DELTA_DATA, gw_json_slice(reading->json, block));
    case GW_BLOCK_REFUSAL:
    case GW_BLOCK_IMAGE:
        break;
    }
    return GW_OK;
}

static enum gw_status read_block(struct reading *reading, uint32_t block)
{
    struct gw_event start = {.kind = GW_EVENT_BLOCK_START}, stop = {.kind = GW_EVENT_BLOCK_STOP};

    reading->kind = gw_messages_block_kind(reading->json, block);
    if (reading->kind == GW_BLOCK_TOOL) {
        start.id = gw_messages_text(reading->json, block, GW_STR("id"));
        start.name = gw_messages_text(reading->json, block, GW_STR("name"));
    }
    enum gw_status status = emit(reading, &start);
    if (status == GW_OK)
        status = read_block_content(reading, block);
    if (status == GW_OK)
        status = emit(reading, &stop);
    reading->block++;
    return status;
}

/* ---- whole answers ---- */

struct gw_event gw_messages_start_event(const struct gw_json *json, uint32_t message,
                                        const struct gw_usage *usage)
{
    uint32_t counts = gw_json_get(json, message, GW_STR("usage"));
    struct gw_text tier = gw_messages_text(json, counts, GW_STR("service_tier"));

    return (struct gw_event){
        .kind = GW_EVENT_START,
        .id = gw_messages_text(json, message, GW_STR("id")),
        .model = gw_messages_text(json, message, GW_STR("model")),
        .service_tier = gw_text_equals(tier, GW_STR("standard")) ? GW_TEXT("default") : tier,
        .usage = *usage,
    };
}

struct gw_event gw_messages_finish_event(const struct gw_json *json, uint32_t object)
{
    struct gw_text reason = gw_messages_text(json, object, GW_STR("stop_reason"));
    uint32_t details = gw_json_get(json, object, GW_STR("stop_details"));
    bool told = gw_json_type(json, details) == GW_JSON_IS_OBJECT;

    return (struct gw_event){
        .kind = GW_EVENT_FINISH,
        .finish = gw_messages_finish_of(reason),
        .finish_raw = reason,
        .stop_sequence = gw_messages_text(json, object, GW_STR("stop_sequence")),
        .explanation = gw_messages_text(json, details, GW_STR("explanation")),
        .stop_details = told ? gw_json_slice(json, details) : (struct gw_str){NULL, 0},
    };
}

static enum gw_status read_message(struct reading *reading)
{
    const struct gw_json *json = reading->json;
    int64_t input = -1;
    struct gw_usage usage;
    struct gw_event event, end = {.kind = GW_EVENT_END};
    struct gw_json_iter iter = gw_json_iter(json, gw_json_get(json, 0, GW_STR("content")));
    uint32_t block;

    gw_usage_init(&usage);
    gw_messages_read_usage(json, gw_json_get(json, 0, GW_STR("usage")), &input, &usage);
    event = gw_messages_start_event(json, 0, &usage);
    enum gw_status status = reading->on_event(reading->arg, &event);
    while (status == GW_OK && gw_json_next(json, &iter, &block))
        if (gw_json_type(json, block) == GW_JSON_IS_OBJECT)
            status = read_block(reading, block);
    event = (struct gw_event){.kind = GW_EVENT_USAGE, .usage = usage};
    if (status == GW_OK)
        status = reading->on_event(reading->arg, &event);
    event = gw_messages_finish_event(json, 0);
    if (status == GW_OK)
        status = reading->on_event(reading->arg, &event);
    return status == GW_OK ? reading->on_event(reading->arg, &end) : status;
}

enum gw_status gw_messages_read_answer(struct gw_str body, struct gw_arena *arena,
                                       gw_event_fn *on_event, void *arg, struct gw_err *err)
{
    struct gw_json json;
    struct reading reading = {.json = &json, .on_event = on_event, .arg = arg};
    struct gw_event error = {.kind = GW_EVENT_ERROR};
    enum gw_status status = gw_json_read(body, arena, GW_MESSAGES_TOKENS_MAX, &json, err);

    if (status != GW_OK)
        return status;
    if (gw_json_type(&json, gw_json_get(&json, 0, GW_STR("content"))) == GW_JSON_IS_ARRAY)
        return read_message(&reading);
    if (gw_messages_member(&json, 0, GW_STR("error")) == GW_JSON_ABSENT)
        return gw_err_set(err, GW_INVALID, "could not read answer: it has no content");
    status = gw_messages_read_failure(body, 0, arena, &error.failure);
    return status == GW_OK ? on_event(arg, &error) : status;
}
