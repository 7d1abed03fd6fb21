/*
 * An upstream's stream, chunk by chunk (translation.md §6.2).
 */
#include "codec/openai_chat_private.h"

static const struct gw_text absent = {{NULL, 0}};

/* One chunk being read, or the end. */
struct step {
    struct gw_chat_reader *reader;
    const struct gw_json *json;
    struct gw_arena *scratch, *keep;
    struct gw_chat_emitter *emitter;
};

static enum gw_status fail(struct step *step, struct gw_text code, const char *message)
{
    step->reader->over = true;
    enum gw_status status = gw_chat_tell_failure(code, (struct gw_text){gw_str_of(message)}, false,
                                                 step->emitter->on_event, step->emitter->arg);
    return status == GW_OK ? GW_EOF : status;
}

/* What the upstream did against the protocol. */
static enum gw_status fail_protocol(struct step *step, const char *message)
{
    return fail(step, GW_TEXT("upstream_protocol"), message);
}

/* ---- the start ---- */

static enum gw_status keep_text(struct step *step, struct gw_text text, struct gw_text *into)
{
    if (gw_text_present(*into) || !gw_text_present(text))
        return GW_OK;
    into->raw = gw_arena_str(step->keep, text.raw);
    return into->raw.base ? GW_OK : GW_NO_MEMORY;
}

/* The first chunk of some says neither id nor model, so the start waits for one that says something. */
static enum gw_status note_start(struct step *step)
{
    struct gw_event *start = &step->reader->start, told = gw_chat_start(step->json);
    struct gw_text created = {start->created};

    enum gw_status status = keep_text(step, told.id, &start->id);
    if (status == GW_OK)
        status = keep_text(step, told.model, &start->model);
    if (status == GW_OK)
        status = keep_text(step, (struct gw_text){told.created}, &created);
    if (status == GW_OK)
        status = keep_text(step, told.service_tier, &start->service_tier);
    if (status == GW_OK)
        status = keep_text(step, told.fingerprint, &start->fingerprint);
    start->created = created.raw;
    return status;
}

static enum gw_status tell_start(struct step *step)
{
    struct gw_event *start = &step->reader->start;

    if (step->reader->started)
        return GW_OK;
    step->reader->started = true;
    start->kind = GW_EVENT_START;
    gw_usage_init(&start->usage);
    return step->emitter->on_event(step->emitter->arg, start);
}

/* ---- a delta ---- */

/* Text or reasoning comes: the call that is open ends, whatever it lacks. */
static enum gw_status leave_calls(struct step *step, uint32_t delta)
{
    static const struct gw_str members[] = {
        GW_STR_INIT("reasoning_content"),
        GW_STR_INIT("reasoning"),
        GW_STR_INIT("refusal"),
        GW_STR_INIT("content"),
    };
    const struct gw_json *json = step->json;
    bool comes = gw_json_count(json, gw_json_get(json, delta, GW_STR("reasoning_details"))) ||
                 gw_json_count(json, gw_json_get(json, delta, GW_STR("images")));

    for (size_t i = 0; i < GW_COUNT(members); i++) {
        uint32_t value = gw_json_get(json, delta, members[i]);
        comes = comes || gw_json_raw(json, value).len ||
                (gw_json_type(json, value) == GW_JSON_IS_ARRAY && gw_json_count(json, value));
    }
    return comes ? gw_chat_leave_calls(&step->reader->calls, step->emitter) : GW_OK;
}

static enum gw_status read_said(struct step *step, uint32_t choice, uint32_t delta)
{
    const struct gw_json *json = step->json;
    struct gw_chat_emitter *emitter = step->emitter;
    uint32_t content = gw_json_get(json, delta, GW_STR("content"));
    uint32_t annotations = gw_json_get(json, delta, GW_STR("annotations"));
    uint32_t logprobs =
        gw_json_get(json, gw_json_get(json, choice, GW_STR("logprobs")), GW_STR("content"));
    struct gw_text refusal = gw_chat_filled(json, delta, GW_STR("refusal"));

    enum gw_status status = leave_calls(step, delta);
    if (status == GW_OK)
        status = gw_chat_read_reasoning(emitter, &step->reader->thought, json, delta, step->keep);
    step->reader->refused = step->reader->refused || gw_text_present(refusal);
    if (status == GW_OK)
        status = gw_chat_say(emitter, GW_BLOCK_REFUSAL, GW_FAMILY_NONE, refusal);
    if (status == GW_OK)
        status = gw_chat_read_text(emitter, json, content);
    bool text = emitter->open && emitter->kind == GW_BLOCK_TEXT;
    if (status == GW_OK && text && gw_json_count(json, logprobs))
        status = gw_chat_delta(emitter, GW_DELTA_LOGPROBS, absent, gw_json_slice(json, logprobs));
    if (status == GW_OK)
        status = gw_chat_read_annotations(emitter, json, annotations);
    return status == GW_OK ? gw_chat_read_images(emitter, json, delta) : status;
}

static enum gw_status read_calls(struct step *step, uint32_t delta)
{
    const struct gw_json *json = step->json;
    struct gw_chat_reader *reader = step->reader;
    struct gw_json_iter iter = gw_json_iter(json, gw_json_get(json, delta, GW_STR("tool_calls")));
    uint32_t legacy = gw_chat_member(json, delta, GW_STR("function_call")), call;
    enum gw_status status = GW_OK;

    while (status == GW_OK && gw_json_next(json, &iter, &call))
        status = gw_chat_take_call(&reader->calls, step->emitter, &reader->thought, json, call,
                                   step->keep);
    if (status == GW_OK && legacy != GW_JSON_ABSENT)
        status = gw_chat_take_call(&reader->calls, step->emitter, &reader->thought, json, legacy,
                                   step->keep);
    return status;
}

/* ---- sources ---- */

/* Perplexity tells them with every chunk; they belong to the text, and are told when it ends. */
static enum gw_status note_sources(struct step *step)
{
    const struct gw_json *json = step->json;
    uint32_t sources = gw_json_get(json, 0, GW_STR("search_results"));

    if (!gw_json_count(json, sources))
        sources = gw_json_get(json, 0, GW_STR("citations"));
    if (!gw_json_count(json, sources) || step->reader->sources.base)
        return GW_OK;
    step->reader->sources = gw_arena_str(step->keep, gw_json_slice(json, sources));
    return step->reader->sources.base ? GW_OK : GW_NO_MEMORY;
}

static enum gw_status tell_sources(struct step *step)
{
    struct gw_json json;

    if (!step->reader->sources.base || !step->emitter->open || step->emitter->kind != GW_BLOCK_TEXT)
        return GW_OK;
    enum gw_status status =
        gw_json_read(step->reader->sources, step->scratch, GW_CHAT_TOKENS_MAX, &json, NULL);
    if (status != GW_OK)
        return status == GW_NO_MEMORY ? status : GW_OK;
    return gw_chat_read_sources(step->emitter, &json, 0, step->scratch);
}

/* ---- the ending ---- */

/* @return GW_EOF after an ERROR */
static enum gw_status close_blocks(struct step *step)
{
    struct gw_chat_calls *calls = &step->reader->calls;

    enum gw_status status = tell_sources(step);
    if (status == GW_OK)
        status = gw_chat_end_calls(calls, step->emitter);
    if (status == GW_INVALID && calls->trouble)
        return fail_protocol(step, calls->trouble);
    return status == GW_OK ? gw_chat_close(step->emitter) : status;
}

static enum gw_status note_ending(struct step *step, uint32_t choice)
{
    struct gw_chat_reader *reader = step->reader;
    struct gw_chat_ending ending;

    gw_chat_read_ending(step->json, choice, &ending);
    if (!gw_text_present(ending.raw))
        return GW_OK;
    if (ending.failed) {
        reader->over = true;
        enum gw_status status = gw_chat_tell_bad_ending(
            ending.raw, step->scratch, step->emitter->on_event, step->emitter->arg);
        return status == GW_OK ? GW_EOF : status;
    }
    reader->ending.finish = ending.finish;
    if (ending.finish == GW_FINISH_STOP && reader->refused)
        reader->ending.finish = GW_FINISH_REFUSAL;
    enum gw_status status = keep_text(step, ending.raw, &reader->ending.raw);
    if (status == GW_OK)
        status = keep_text(step, ending.stop_sequence, &reader->ending.stop_sequence);
    if (status == GW_OK)
        status = tell_start(step);
    return status == GW_OK ? close_blocks(step) : status;
}

/* All that the stream says is said. */
static enum gw_status tell_end(struct step *step)
{
    step->reader->over = true;
    enum gw_status status =
        gw_chat_tell_end(step->emitter, &step->reader->counts, &step->reader->ending);
    return status == GW_OK ? GW_EOF : status;
}

static enum gw_status truncated(struct step *step)
{
    return fail(step, GW_TEXT("stream_truncated"), "upstream stream ended before completion");
}

/* "[DONE]" */
static enum gw_status done(struct step *step)
{
    struct gw_chat_reader *reader = step->reader;

    if (reader->ending.finish != GW_FINISH_NONE)
        return tell_end(step);
    if (!step->emitter->blocks || !gw_chat_calls_whole(&reader->calls))
        return truncated(step);
    enum gw_status status = close_blocks(step);
    if (status != GW_OK)
        return status;
    reader->ending.finish = reader->calls.first ? GW_FINISH_TOOL_USE : GW_FINISH_STOP;
    return tell_end(step);
}

/* ---- chunks ---- */

static enum gw_status read_delta(struct step *step, uint32_t choice)
{
    const struct gw_json *json = step->json;
    struct gw_chat_reader *reader = step->reader;
    uint32_t delta = gw_chat_member(json, choice, GW_STR("delta"));

    if (gw_chat_member(json, choice, GW_STR("error")) != GW_JSON_ABSENT) {
        reader->over = true;
        enum gw_status told = gw_chat_tell_error(json, choice, step->scratch,
                                                 step->emitter->on_event, step->emitter->arg);
        return told == GW_OK ? GW_EOF : told;
    }
    /* The first finish counts; what comes behind it is said again. */
    if (reader->ending.finish != GW_FINISH_NONE)
        return GW_OK;
    enum gw_status status = GW_OK;
    if (delta != GW_JSON_ABSENT) {
        status = tell_start(step);
        if (status == GW_OK)
            status = read_said(step, choice, delta);
        if (status == GW_OK)
            status = read_calls(step, delta);
    }
    if (status == GW_INVALID && reader->calls.trouble)
        return fail_protocol(step, reader->calls.trouble);
    return status == GW_OK ? note_ending(step, choice) : status;
}

static void note_counts(struct step *step, uint32_t choice)
{
    const struct gw_json *json = step->json;
    struct gw_chat_counts *counts = &step->reader->counts;
    uint32_t groq = gw_json_get(json, 0, GW_STR("x_groq"));

    gw_chat_read_counts(json, gw_json_get(json, 0, GW_STR("usage")), counts);
    gw_chat_read_counts(json, gw_json_get(json, groq, GW_STR("usage")), counts);
    gw_chat_read_counts(json, gw_json_get(json, choice, GW_STR("usage")), counts);
}

/* The choice that is told of: the first. */
static uint32_t first_choice(const struct gw_json *json)
{
    uint32_t choices = gw_json_get(json, 0, GW_STR("choices")), choice;
    struct gw_json_iter iter = gw_json_iter(json, choices);

    if (gw_json_type(json, choices) != GW_JSON_IS_ARRAY)
        return GW_JSON_ABSENT;
    while (gw_json_next(json, &iter, &choice)) {
        int64_t index = 0;
        if (!gw_json_int64(json, gw_json_get(json, choice, GW_STR("index")), &index) || index == 0)
            return choice;
    }
    return GW_JSON_ABSENT;
}

static enum gw_status read_chunk(struct step *step)
{
    const struct gw_json *json = step->json;
    uint32_t choice = first_choice(json);

    if (gw_json_type(json, 0) != GW_JSON_IS_OBJECT)
        return fail_protocol(step, "the upstream sent an event that is no object");
    if (gw_chat_member(json, 0, GW_STR("error")) != GW_JSON_ABSENT ||
        gw_json_equals(json, gw_json_get(json, 0, GW_STR("object")), GW_STR("error"))) {
        step->reader->over = true;
        enum gw_status told =
            gw_chat_tell_error(json, 0, step->scratch, step->emitter->on_event, step->emitter->arg);
        return told == GW_OK ? GW_EOF : told;
    }
    enum gw_status status = step->reader->started ? GW_OK : note_start(step);
    if (status == GW_OK)
        status = note_sources(step);
    if (status != GW_OK)
        return status;
    note_counts(step, choice);
    return choice == GW_JSON_ABSENT ? GW_OK : read_delta(step, choice);
}

enum gw_status gw_chat_read_event(void *state, struct gw_str type, struct gw_str data,
                                  struct gw_arena *scratch, struct gw_arena *keep,
                                  gw_event_fn *on_event, void *arg, struct gw_err *err)
{
    struct gw_chat_reader *reader = state;
    struct step step = {reader, NULL, scratch, keep, &reader->emitter};
    struct gw_json json;

    (void)type;
    if (reader->over)
        return GW_EOF;
    reader->emitter.on_event = on_event;
    reader->emitter.arg = arg;
    data = gw_str_trim(data);
    if (data.len == 0)
        return GW_OK;
    if (gw_str_eq(data, GW_STR("[DONE]")))
        return done(&step);
    enum gw_status status = gw_json_read(data, scratch, GW_CHAT_TOKENS_MAX, &json, err);
    if (status == GW_INVALID || status == GW_TOO_LARGE)
        return fail_protocol(&step, "the upstream sent an event that is no JSON");
    if (status != GW_OK)
        return status;
    step.json = &json;
    return read_chunk(&step);
}

enum gw_status gw_chat_read_end(void *state, struct gw_arena *scratch, struct gw_arena *keep,
                                gw_event_fn *on_event, void *arg, struct gw_err *err)
{
    struct gw_chat_reader *reader = state;
    struct step step = {reader, NULL, scratch, keep, &reader->emitter};

    (void)err;
    if (reader->over)
        return GW_OK;
    reader->emitter.on_event = on_event;
    reader->emitter.arg = arg;
    enum gw_status status =
        reader->ending.finish == GW_FINISH_NONE ? truncated(&step) : tell_end(&step);
    return status == GW_EOF ? GW_OK : status;
}
