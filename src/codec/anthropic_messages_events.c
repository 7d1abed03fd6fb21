/* Reads Claude's streams (translation.md §6.3). */
#include "codec/anthropic_messages_private.h"

struct reading {
    struct gw_messages_stream_reader *state;
    const struct gw_json *json;
    struct gw_arena *scratch, *keep;
    gw_event_fn *on_event;
    void *arg;
    struct gw_err *err;
};

/* ---- events ---- */

static enum gw_status emit(struct reading *reading, struct gw_event *event)
{
    event->block = reading->state->blocks - (reading->state->blocks > 0);
    event->block_kind = reading->state->kind;
    event->family = GW_FAMILY_ANTHROPIC;
    return reading->on_event(reading->arg, event);
}

static enum gw_status emit_kind(struct reading *reading, enum gw_event_kind kind)
{
    struct gw_event event = {.kind = kind, .usage = reading->state->usage};
    return emit(reading, &event);
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

/* The last event there is. */
static enum gw_status fail(struct reading *reading, const struct gw_failure_told *told)
{
    struct gw_event event = {.kind = GW_EVENT_ERROR, .failure = *told};
    enum gw_status status = emit(reading, &event);

    reading->state->ended = true;
    return status == GW_OK ? GW_EOF : status;
}

static enum gw_status fail_with(struct reading *reading, const char *code, const char *message)
{
    struct gw_failure_told told = {
        .class = GW_CLASS_BAD_GATEWAY, .message = {gw_str_of(message)}, .code = {gw_str_of(code)}};
    return fail(reading, &told);
}

static enum gw_status start(struct reading *reading, uint32_t message)
{
    struct gw_messages_stream_reader *state = reading->state;

    if (state->started)
        return GW_OK;
    state->started = true;
    state->input = -1;
    gw_usage_init(&state->usage);
    gw_messages_read_usage(reading->json, gw_json_get(reading->json, message, GW_STR("usage")),
                           &state->input, &state->usage);
    struct gw_event event = gw_messages_start_event(reading->json, message, &state->usage);
    return emit(reading, &event);
}

/* ---- a server's own block ---- */

/* The block as it stood at its start, with the input that came in pieces. */
static enum gw_status join_server_block(struct reading *reading, struct gw_str *block_out)
{
    struct gw_messages_stream_reader *state = reading->state;
    struct gw_text pieces = {{state->pieces.base, state->pieces.len}};
    struct gw_str input, start = {state->start.base, state->start.len};
    struct gw_json json, ignored;
    struct gw_json_iter iter;
    struct gw_json_writer out;
    struct gw_buf buf;
    uint32_t key, value;

    *block_out = start;
    if (!pieces.raw.len)
        return GW_OK;
    input = gw_text_decode(pieces, reading->scratch);
    if (!input.base)
        return GW_NO_MEMORY;
    enum gw_status status =
        gw_json_read(start, reading->scratch, GW_MESSAGES_TOKENS_MAX, &json, NULL);
    if (status == GW_OK)
        status = gw_json_read(input, reading->scratch, GW_MESSAGES_TOKENS_MAX, &ignored, NULL);
    if (status != GW_OK)
        return status == GW_NO_MEMORY ? status : GW_OK; /* cut: without it, then */
    gw_buf_init(&buf, GW_MESSAGES_KEPT_BYTES_MAX * 2);
    gw_json_write_init(&out, &buf);
    gw_json_write_begin_object(&out);
    iter = gw_json_iter(&json, 0);
    while (gw_json_next_member(&json, &iter, &key, &value))
        if (!gw_json_equals(&json, key, GW_STR("input"))) {
            gw_json_write_raw_key(&out, gw_json_raw(&json, key));
            gw_json_write_raw(&out, gw_json_slice(&json, value));
        }
    gw_messages_put_raw(&out, GW_STR("input"), input);
    gw_json_write_end_object(&out);
    status = gw_json_write_finish(&out);
    if (status == GW_OK)
        *block_out = gw_arena_str(reading->scratch, gw_buf_str(&buf));
    gw_buf_finish(&buf);
    return status == GW_OK && !block_out->base ? GW_NO_MEMORY : status;
}

/* ---- blocks ---- */

/* A call that came without arguments has none: `{}` (§11.22). Those of its start block are a placeholder as soon
 * as others come (§11.23). */
static enum gw_status end_arguments(struct reading *reading)
{
    struct gw_messages_stream_reader *state = reading->state;

    if (state->arguments)
        return GW_OK;
    return emit_json(reading, GW_DELTA_ARGUMENTS,
                     state->start.len ? (struct gw_str){state->start.base, state->start.len}
                                      : GW_STR("{}"));
}

/* Citations may come before the text that they are about; whoever writes them wants to know where it ends. */
static enum gw_status keep_citation(struct reading *reading, struct gw_str citation)
{
    struct gw_messages_kept *pieces = &reading->state->pieces;
    enum gw_status status =
        gw_messages_keep(pieces, pieces->len ? GW_STR(",") : GW_STR("["), reading->keep);

    return status == GW_OK ? gw_messages_keep(pieces, citation, reading->keep) : status;
}

static enum gw_status end_citations(struct reading *reading)
{
    struct gw_messages_kept *pieces = &reading->state->pieces;
    struct gw_json json;
    struct gw_json_iter iter;
    uint32_t citation;

    if (pieces->len == 0)
        return GW_OK;
    enum gw_status status = gw_messages_keep(pieces, GW_STR("]"), reading->keep);
    if (status == GW_OK)
        status = gw_json_read((struct gw_str){pieces->base, pieces->len}, reading->scratch,
                              GW_MESSAGES_TOKENS_MAX, &json, NULL);
    if (status != GW_OK)
        return status;
    iter = gw_json_iter(&json, 0);
    while (status == GW_OK && gw_json_next(&json, &iter, &citation))
        status = emit_json(reading, GW_DELTA_ANNOTATION, gw_json_slice(&json, citation));
    return status;
}

static enum gw_status stop_block(struct reading *reading)
{
    struct gw_messages_stream_reader *state = reading->state;
    struct gw_text pieces = {{state->pieces.base, state->pieces.len}};
    struct gw_str block;
    enum gw_status status = GW_OK;

    if (!state->open)
        return GW_OK;
    if (state->kind == GW_BLOCK_TEXT) {
        status = end_citations(reading);
    } else if (state->kind == GW_BLOCK_REASONING) {
        status = emit_text(reading, GW_DELTA_SIGNATURE, pieces);
    } else if (state->kind == GW_BLOCK_TOOL) {
        status = end_arguments(reading);
    } else if (state->kind == GW_BLOCK_SERVER_TOOL) {
        status = join_server_block(reading, &block);
        if (status == GW_OK)
            status = emit_json(reading, GW_DELTA_DATA, block);
    }
    state->open = false;
    return status == GW_OK ? emit_kind(reading, GW_EVENT_BLOCK_STOP) : status;
}

static enum gw_status keep_start(struct reading *reading, uint32_t value)
{
    struct gw_str slice = gw_json_slice(reading->json, value);
    return gw_messages_keep(&reading->state->start, slice, reading->keep);
}

/* What stands in the block already, before any delta. */
static enum gw_status read_start(struct reading *reading, uint32_t block)
{
    const struct gw_json *json = reading->json;
    struct gw_messages_stream_reader *state = reading->state;
    uint32_t input = gw_json_get(json, block, GW_STR("input"));
    enum gw_status status;

    switch (state->kind) {
    case GW_BLOCK_TEXT:
        return emit_text(reading, GW_DELTA_TEXT, gw_messages_text(json, block, GW_STR("text")));
    case GW_BLOCK_REASONING:
        status = emit_text(reading, GW_DELTA_REASONING,
                           gw_messages_text(json, block, GW_STR("thinking")));
        if (status != GW_OK)
            return status;
        return gw_messages_keep(
            &state->pieces, gw_messages_text(json, block, GW_STR("signature")).raw, reading->keep);
    case GW_BLOCK_REDACTED:
        return emit_text(reading, GW_DELTA_DATA, gw_messages_text(json, block, GW_STR("data")));
    case GW_BLOCK_TOOL:
        return gw_json_count(json, input) ? keep_start(reading, input) : GW_OK;
    case GW_BLOCK_SERVER_TOOL:
        return keep_start(reading, block);
    case GW_BLOCK_REFUSAL:
    case GW_BLOCK_IMAGE:
        break;
    }
    return GW_OK;
}

static enum gw_status on_block_start(struct reading *reading)
{
    const struct gw_json *json = reading->json;
    struct gw_messages_stream_reader *state = reading->state;
    uint32_t block = gw_json_get(json, 0, GW_STR("content_block"));
    struct gw_event event = {.kind = GW_EVENT_BLOCK_START};
    enum gw_status status = start(reading, GW_JSON_ABSENT);

    if (status == GW_OK)
        status = stop_block(reading); /* of one that was never stopped */
    if (status != GW_OK || state->finished || gw_json_type(json, block) != GW_JSON_IS_OBJECT)
        return status;
    if (!gw_json_int64(json, gw_json_get(json, 0, GW_STR("index")), &state->index))
        state->index = -1;
    state->kind = gw_messages_block_kind(json, block);
    state->open = true;
    state->blocks++;
    state->arguments = false;
    state->start.len = state->pieces.len = 0;
    if (state->kind == GW_BLOCK_TOOL) {
        event.id = gw_messages_text(json, block, GW_STR("id"));
        event.name = gw_messages_text(json, block, GW_STR("name"));
    }
    status = emit(reading, &event);
    return status == GW_OK ? read_start(reading, block) : status;
}

/* Is it the block that is open? Without an index it is. */
static bool is_open(struct reading *reading)
{
    int64_t index;

    if (!reading->state->open)
        return false;
    return !gw_json_int64(reading->json, gw_json_get(reading->json, 0, GW_STR("index")), &index) ||
           reading->state->index < 0 || index == reading->state->index;
}

static enum gw_status take_arguments(struct reading *reading, struct gw_text piece)
{
    if (piece.raw.len)
        reading->state->arguments = true;
    return emit_text(reading, GW_DELTA_ARGUMENTS, piece);
}

static enum gw_status keep_piece(struct reading *reading, struct gw_text piece)
{
    return gw_messages_keep(&reading->state->pieces, piece.raw, reading->keep);
}

static enum gw_status take_text(struct reading *reading, struct gw_text piece)
{
    return emit_text(reading, GW_DELTA_TEXT, piece);
}

static enum gw_status take_thinking(struct reading *reading, struct gw_text piece)
{
    return emit_text(reading, GW_DELTA_REASONING, piece);
}

static enum gw_status on_delta(struct reading *reading)
{
    static const struct {
        struct gw_str type, member;
        enum gw_block_kind kind;
        enum gw_status (*take)(struct reading *reading, struct gw_text piece);
    } rows[] = {
        {GW_STR_INIT("text_delta"), GW_STR_INIT("text"), GW_BLOCK_TEXT, take_text},
        {GW_STR_INIT("thinking_delta"), GW_STR_INIT("thinking"), GW_BLOCK_REASONING, take_thinking},
        {GW_STR_INIT("signature_delta"), GW_STR_INIT("signature"), GW_BLOCK_REASONING, keep_piece},
        {GW_STR_INIT("input_json_delta"), GW_STR_INIT("partial_json"), GW_BLOCK_TOOL,
         take_arguments},
        {GW_STR_INIT("input_json_delta"), GW_STR_INIT("partial_json"), GW_BLOCK_SERVER_TOOL,
         keep_piece},
    };
    const struct gw_json *json = reading->json;
    uint32_t delta = gw_json_get(json, 0, GW_STR("delta"));
    uint32_t type = gw_json_get(json, delta, GW_STR("type"));
    uint32_t citation = gw_json_get(json, delta, GW_STR("citation"));

    if (!is_open(reading))
        return GW_OK;
    for (size_t i = 0; i < GW_COUNT(rows); i++)
        if (rows[i].kind == reading->state->kind && gw_json_equals(json, type, rows[i].type))
            return rows[i].take(reading, gw_messages_text(json, delta, rows[i].member));
    if (reading->state->kind == GW_BLOCK_TEXT &&
        gw_json_type(json, citation) == GW_JSON_IS_OBJECT &&
        gw_json_equals(json, type, GW_STR("citations_delta")))
        return keep_citation(reading, gw_json_slice(json, citation));
    return GW_OK;
}

/* ---- the message ---- */

static enum gw_status on_message_start(struct reading *reading)
{
    return start(reading, gw_json_get(reading->json, 0, GW_STR("message")));
}

static enum gw_status on_block_stop(struct reading *reading)
{
    return is_open(reading) ? stop_block(reading) : GW_OK;
}

static enum gw_status finish(struct reading *reading, uint32_t delta)
{
    struct gw_event event = gw_messages_finish_event(reading->json, delta);
    enum gw_status status = stop_block(reading);

    reading->state->finished = true;
    return status == GW_OK ? emit(reading, &event) : status;
}

/* Counts are those of the whole message so far; it may come more than once, the reason counts once. */
static enum gw_status on_message_delta(struct reading *reading)
{
    const struct gw_json *json = reading->json;
    struct gw_messages_stream_reader *state = reading->state;
    uint32_t delta = gw_json_get(json, 0, GW_STR("delta"));
    uint32_t usage = gw_messages_member(json, 0, GW_STR("usage"));
    enum gw_status status = start(reading, GW_JSON_ABSENT);

    if (status == GW_OK && usage != GW_JSON_ABSENT) {
        gw_messages_read_usage(json, usage, &state->input, &state->usage);
        status = emit_kind(reading, GW_EVENT_USAGE);
    }
    if (status != GW_OK || state->finished ||
        gw_messages_member(json, delta, GW_STR("stop_reason")) == GW_JSON_ABSENT)
        return status;
    return finish(reading, delta);
}

static enum gw_status end(struct reading *reading)
{
    enum gw_status status = emit_kind(reading, GW_EVENT_END);

    reading->state->ended = true;
    return status == GW_OK ? GW_EOF : status;
}

static enum gw_status truncated(struct reading *reading)
{
    return fail_with(reading, "stream_truncated", "upstream stream ended before completion");
}

static enum gw_status on_message_stop(struct reading *reading)
{
    if (!reading->state->started)
        return truncated(reading);
    enum gw_status status = reading->state->finished ? GW_OK : finish(reading, GW_JSON_ABSENT);
    return status == GW_OK ? end(reading) : status;
}

static enum gw_status on_ping(struct reading *reading)
{
    return reading->state->started ? emit_kind(reading, GW_EVENT_PING) : GW_OK;
}

static enum gw_status on_error(struct reading *reading)
{
    struct gw_failure_told told;
    enum gw_status status =
        gw_messages_read_failure(reading->json->text, 0, reading->scratch, &told);
    told.by_upstream = true;
    return status == GW_OK ? fail(reading, &told) : status;
}

static const struct {
    struct gw_str type;
    enum gw_status (*take)(struct reading *reading);
} rows[] = {
    {GW_STR_INIT("message_start"), on_message_start},
    {GW_STR_INIT("content_block_start"), on_block_start},
    {GW_STR_INIT("content_block_delta"), on_delta},
    {GW_STR_INIT("content_block_stop"), on_block_stop},
    {GW_STR_INIT("message_delta"), on_message_delta},
    {GW_STR_INIT("message_stop"), on_message_stop},
    {GW_STR_INIT("ping"), on_ping},
    {GW_STR_INIT("error"), on_error},
};

/* What is not known is left out: there will be more of it. */
static enum gw_status take(struct reading *reading, struct gw_str type)
{
    uint32_t told = gw_json_get(reading->json, 0, GW_STR("type"));
    bool named = gw_json_type(reading->json, told) == GW_JSON_IS_STRING;

    for (size_t i = 0; i < GW_COUNT(rows); i++)
        if (named ? gw_json_equals(reading->json, told, rows[i].type)
                  : gw_str_eq(type, rows[i].type))
            return rows[i].take(reading);
    if (!named && gw_messages_member(reading->json, 0, GW_STR("error")) != GW_JSON_ABSENT)
        return on_error(reading);
    return GW_OK;
}

enum gw_status gw_messages_read_event(void *state, struct gw_str type, struct gw_str data,
                                      struct gw_arena *scratch, struct gw_arena *keep,
                                      gw_event_fn *on_event, void *arg, struct gw_err *err)
{
    struct gw_json json;
    struct reading reading = {state, &json, scratch, keep, on_event, arg, err};

    if (reading.state->ended)
        return GW_EOF;
    if (data.len == 0 || gw_str_eq(data, GW_STR("[DONE]")))
        return GW_OK;
    enum gw_status status = gw_json_read(data, scratch, GW_MESSAGES_TOKENS_MAX, &json, err);
    if (status == GW_INVALID)
        return fail_with(&reading, "upstream_protocol",
                         "the upstream sent an event that is not JSON");
    if (status == GW_OK)
        status = take(&reading, type);
    if (status == GW_TOO_LARGE && !reading.state->ended)
        return fail_with(&reading, "upstream_protocol", "the upstream sent too much in one block");
    return status;
}

enum gw_status gw_messages_read_end(void *state, struct gw_arena *scratch, struct gw_arena *keep,
                                    gw_event_fn *on_event, void *arg, struct gw_err *err)
{
    struct reading reading = {state, NULL, scratch, keep, on_event, arg, err};

    if (reading.state->ended)
        return GW_OK;
    enum gw_status status = reading.state->finished ? end(&reading) : truncated(&reading);
    return status == GW_EOF ? GW_OK : status;
}
