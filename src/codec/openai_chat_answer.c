/*
 * An upstream's whole answer as events (translation.md §5.2).
 */
#include "codec/openai_chat_private.h"

static const struct gw_text absent = {{NULL, 0}};
static const struct gw_str nothing = {NULL, 0};

/* An answer being read. */
struct answer {
    const struct gw_json *json;
    struct gw_arena *arena;
    struct gw_chat_emitter emitter;
    struct gw_chat_thought thought;
};

struct gw_event gw_chat_start(const struct gw_json *json)
{
    uint32_t created = gw_json_get(json, 0, GW_STR("created"));
    int64_t seconds;
    struct gw_event event = {
        .kind = GW_EVENT_START,
        .id = gw_chat_filled(json, 0, GW_STR("id")),
        .model = gw_chat_filled(json, 0, GW_STR("model")),
        .service_tier = gw_chat_filled(json, 0, GW_STR("service_tier")),
        .fingerprint = gw_chat_filled(json, 0, GW_STR("system_fingerprint")),
    };

    if (gw_json_int64(json, created, &seconds) && seconds > 0)
        event.created = gw_json_slice(json, created);
    gw_usage_init(&event.usage);
    return event;
}

/* ---- the message ---- */

static enum gw_status read_call(struct answer *answer, uint32_t call, bool legacy)
{
    const struct gw_json *json = answer->json;
    bool custom = gw_json_equals(json, gw_json_get(json, call, GW_STR("type")), GW_STR("custom"));
    uint32_t body =
        legacy ? call : gw_chat_member(json, call, custom ? GW_STR("custom") : GW_STR("function"));
    uint32_t arguments = gw_chat_member(json, body, custom ? GW_STR("input") : GW_STR("arguments"));
    struct gw_text text = {gw_json_raw(json, arguments)};
    struct gw_event start = {
        .block_kind = GW_BLOCK_TOOL,
        .tool = custom ? GW_TOOL_CUSTOM : GW_TOOL_FUNCTION,
        .id = legacy ? absent : gw_chat_filled(json, call, GW_STR("id")),
        .name = gw_chat_filled(json, body, GW_STR("name")),
        .gsig = gw_chat_call_signature(json, call),
    };

    if (!gw_text_present(start.gsig))
        start.gsig = gw_chat_take_signature(&answer->thought, start.id);
    enum gw_status status = gw_chat_open(&answer->emitter, &start);
    if (status != GW_OK)
        return status;
    if (gw_json_type(json, arguments) == GW_JSON_IS_OBJECT)
        status = gw_chat_delta(&answer->emitter, GW_DELTA_ARGUMENTS, absent,
                               gw_json_slice(json, arguments));
    else if (text.raw.len && (custom || !gw_text_is_blank(text)))
        status = gw_chat_delta(&answer->emitter, GW_DELTA_ARGUMENTS, text, nothing);
    return status == GW_OK ? gw_chat_close(&answer->emitter) : status;
}

static enum gw_status read_calls(struct answer *answer, uint32_t message)
{
    const struct gw_json *json = answer->json;
    struct gw_json_iter iter =
        gw_json_iter(json, gw_chat_member(json, message, GW_STR("tool_calls")));
    uint32_t legacy = gw_chat_member(json, message, GW_STR("function_call")), call;
    enum gw_status status = GW_OK;
    bool any = false;

    for (; status == GW_OK && gw_json_next(json, &iter, &call); any = true)
        status = read_call(answer, call, false);
    if (status == GW_OK && !any && gw_json_type(json, legacy) == GW_JSON_IS_OBJECT)
        status = read_call(answer, legacy, true);
    return status;
}

/* What belongs to the text stands beside it: into the block while it is open. */
static enum gw_status read_beside(struct answer *answer, uint32_t choice, uint32_t message)
{
    const struct gw_json *json = answer->json;
    struct gw_chat_emitter *emitter = &answer->emitter;
    uint32_t annotations = gw_chat_member(json, message, GW_STR("annotations"));
    uint32_t sources = gw_chat_member(json, 0, GW_STR("search_results"));
    uint32_t logprobs =
        gw_chat_member(json, gw_json_get(json, choice, GW_STR("logprobs")), GW_STR("content"));

    if (!gw_json_count(json, sources))
        sources = gw_chat_member(json, 0, GW_STR("citations"));
    enum gw_status status = GW_OK;
    if (emitter->open && emitter->kind == GW_BLOCK_TEXT && gw_json_count(json, logprobs))
        status = gw_chat_delta(emitter, GW_DELTA_LOGPROBS, absent, gw_json_slice(json, logprobs));
    if (status == GW_OK && gw_json_count(json, annotations))
        status = gw_chat_read_annotations(emitter, json, annotations);
    else if (status == GW_OK)
        status = gw_chat_read_sources(emitter, json, sources, answer->arena);
    return status;
}

static enum gw_status read_message(struct answer *answer, uint32_t choice, bool *refused_out)
{
    const struct gw_json *json = answer->json;
    struct gw_chat_emitter *emitter = &answer->emitter;
    uint32_t message = gw_chat_member(json, choice, GW_STR("message"));
    struct gw_text refusal = gw_chat_filled(json, message, GW_STR("refusal"));

    *refused_out = gw_text_present(refusal);
    enum gw_status status =
        gw_chat_read_reasoning(emitter, &answer->thought, json, message, answer->arena);
    if (status == GW_OK)
        status = gw_chat_read_text(emitter, json, gw_json_get(json, message, GW_STR("content")));
    if (status == GW_OK)
        status = read_beside(answer, choice, message);
    if (status == GW_OK)
        status = gw_chat_say(emitter, GW_BLOCK_REFUSAL, GW_FAMILY_NONE, refusal);
    if (status == GW_OK)
        status = gw_chat_read_images(emitter, json, message);
    if (status == GW_OK)
        status = read_calls(answer, message);
    return status == GW_OK ? gw_chat_close(emitter) : status;
}

/* ---- the end ---- */

enum gw_status gw_chat_tell_end(struct gw_chat_emitter *emitter,
                                const struct gw_chat_counts *counts,
                                const struct gw_chat_ending *ending)
{
    struct gw_event event = {.kind = GW_EVENT_USAGE};
    enum gw_status status = GW_OK;

    if (gw_chat_usage(counts, &event.usage))
        status = emitter->on_event(emitter->arg, &event);
    if (status != GW_OK)
        return status;
    event = (struct gw_event){
        .kind = GW_EVENT_FINISH,
        .finish = ending->finish,
        .finish_raw = ending->raw,
        .stop_sequence = ending->stop_sequence,
    };
    status = emitter->on_event(emitter->arg, &event);
    if (status != GW_OK)
        return status;
    event = (struct gw_event){.kind = GW_EVENT_END};
    return emitter->on_event(emitter->arg, &event);
}

enum gw_status gw_chat_tell_bad_ending(struct gw_text raw, struct gw_arena *arena,
                                       gw_event_fn *on_event, void *arg)
{
    char *lower = gw_arena_bytes(arena, raw.raw.len);

    if (!lower)
        return GW_NO_MEMORY;
    for (size_t i = 0; i < raw.raw.len; i++)
        lower[i] = gw_lower(raw.raw.base[i]);
    struct gw_text code = {{lower, raw.raw.len}};
    return gw_chat_tell_failure(code, GW_TEXT("the upstream ended its answer with an error"), true,
                                on_event, arg);
}

static enum gw_status read_choice(struct answer *answer, uint32_t choice)
{
    const struct gw_json *json = answer->json;
    struct gw_chat_emitter *emitter = &answer->emitter;
    struct gw_event start = gw_chat_start(json);
    struct gw_chat_counts counts = {0};
    struct gw_chat_ending ending;
    bool refused;

    gw_chat_read_ending(json, choice, &ending);
    if (ending.failed)
        return gw_chat_tell_bad_ending(ending.raw, answer->arena, emitter->on_event, emitter->arg);
    enum gw_status status = emitter->on_event(emitter->arg, &start);
    if (status == GW_OK)
        status = read_message(answer, choice, &refused);
    if (status != GW_OK)
        return status;
    if (ending.finish == GW_FINISH_NONE)
        ending.finish = GW_FINISH_STOP;
    if (ending.finish == GW_FINISH_STOP && refused)
        ending.finish = GW_FINISH_REFUSAL;
    gw_chat_read_counts(json, gw_json_get(json, 0, GW_STR("usage")), &counts);
    return gw_chat_tell_end(emitter, &counts, &ending);
}

enum gw_status gw_chat_read_answer(struct gw_str body, struct gw_arena *arena,
                                   gw_event_fn *on_event, void *arg, struct gw_err *err)
{
    struct gw_json json;
    struct answer answer = {
        .json = &json, .arena = arena, .emitter = {.on_event = on_event, .arg = arg}};

    enum gw_status status = gw_json_read(body, arena, GW_CHAT_TOKENS_MAX, &json, err);
    if (status != GW_OK)
        return status == GW_TOO_LARGE ? GW_INVALID : status;
    uint32_t choice, choices = gw_json_get(&json, 0, GW_STR("choices"));
    struct gw_json_iter iter = gw_json_iter(&json, choices);
    bool any =
        gw_json_type(&json, choices) == GW_JSON_IS_ARRAY && gw_json_next(&json, &iter, &choice);
    if (gw_chat_member(&json, 0, GW_STR("error")) != GW_JSON_ABSENT ||
        gw_json_equals(&json, gw_json_get(&json, 0, GW_STR("object")), GW_STR("error")))
        return gw_chat_tell_error(&json, 0, arena, on_event, arg);
    if (!any)
        return gw_err_set(err, GW_INVALID, "could not find an answer: there are no choices");
    if (gw_chat_member(&json, choice, GW_STR("error")) != GW_JSON_ABSENT)
        return gw_chat_tell_error(&json, choice, arena, on_event, arg);
    return read_choice(&answer, choice);
}
