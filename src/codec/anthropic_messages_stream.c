/* Streams to a Messages caller: events become SSE events (translation.md §6.5). */
#include "codec/anthropic_messages_private.h"
#include "model/carrier.h"

enum gw_status gw_messages_keep(struct gw_messages_kept *kept, struct gw_str bytes,
                                struct gw_arena *keep)
{
    size_t room = kept->room ? kept->room : 256;

    if (bytes.len > GW_MESSAGES_KEPT_BYTES_MAX - kept->len)
        return GW_TOO_LARGE;
    while (room - kept->len < bytes.len)
        room *= 2; /* at most twice the maximum */
    if (room != kept->room) {
        char *base = gw_arena_bytes(keep, room);
        if (!base)
            return GW_NO_MEMORY;
        if (kept->len)
            memcpy(base, kept->base, kept->len);
        kept->base = base;
        kept->room = room;
    }
    if (bytes.len)
        memcpy(kept->base + kept->len, bytes.base, bytes.len);
    kept->len += bytes.len;
    return GW_OK;
}

struct stream {
    struct gw_messages_stream_writer *state;
    const struct gw_answer_context *context;
    struct gw_arena *scratch, *keep;
    struct gw_buf *out;
    struct gw_json_writer json; /* of the event that is being written */
};

/* ---- one event ---- */

/* Each has an `event` line like its type: the SDK takes none without it. */
static void begin(struct stream *stream, struct gw_str type)
{
    enum gw_status status = gw_buf_add(stream->out, GW_STR("event: "));

    if (status == GW_OK)
        status = gw_buf_add(stream->out, type);
    if (status == GW_OK)
        status = gw_buf_add(stream->out, GW_STR("\ndata: "));
    gw_json_write_init(&stream->json, stream->out);
    stream->json.status = status;
    gw_json_write_begin_object(&stream->json);
    gw_messages_put_string(&stream->json, GW_STR("type"), type);
}

static enum gw_status end(struct stream *stream)
{
    gw_json_write_end_object(&stream->json);
    enum gw_status status = gw_json_write_finish(&stream->json);
    return status == GW_OK ? gw_buf_add(stream->out, GW_STR("\n\n")) : status;
}

static enum gw_status write_ping(struct stream *stream)
{
    begin(stream, GW_STR("ping"));
    return end(stream);
}

static enum gw_status keep_text(struct stream *stream, struct gw_text text,
                                struct gw_text *kept_out)
{
    if (gw_text_present(text)) {
        kept_out->raw = gw_arena_str(stream->keep, text.raw);
        if (!kept_out->raw.base)
            return GW_NO_MEMORY;
    }
    return GW_OK;
}

/* ---- blocks ---- */

static void begin_block(struct stream *stream, struct gw_str type)
{
    begin(stream, GW_STR("content_block_start"));
    gw_json_write_key(&stream->json, GW_STR("index"));
    gw_json_write_uint64(&stream->json, stream->state->blocks);
    gw_json_write_key(&stream->json, GW_STR("content_block"));
    if (type.len) {
        gw_json_write_begin_object(&stream->json);
        gw_messages_put_string(&stream->json, GW_STR("type"), type);
    }
}

static enum gw_status end_block_start(struct stream *stream)
{
    gw_json_write_end_object(&stream->json);
    stream->state->shown = true;
    return end(stream);
}

static enum gw_status stop_block(struct stream *stream)
{
    begin(stream, GW_STR("content_block_stop"));
    gw_json_write_key(&stream->json, GW_STR("index"));
    gw_json_write_uint64(&stream->json, stream->state->blocks);
    stream->state->blocks++;
    stream->state->shown = false;
    return end(stream);
}

static enum gw_status write_redacted(struct stream *stream, struct gw_text data)
{
    begin_block(stream, GW_STR("redacted_thinking"));
    gw_messages_put_text(&stream->json, GW_STR("data"), data);
    return end_block_start(stream);
}

/* State that is not Claude's, as a block of its own. */
static enum gw_status write_carrier(struct stream *stream, const struct gw_part *part)
{
    struct gw_text data = gw_carrier_write(part, stream->state->blocks, stream->scratch);

    if (!gw_text_present(data))
        return GW_NO_MEMORY;
    enum gw_status status = write_redacted(stream, data);
    return status == GW_OK ? stop_block(stream) : status;
}

static enum gw_status show_call(struct stream *stream, const struct gw_event *event)
{
    struct gw_messages_stream_writer *state = stream->state;
    struct gw_text id =
        gw_messages_call_id(event->id, state->blocks, stream->context, stream->scratch);
    struct gw_part signature = {
        .kind = GW_PART_TOOL_CALL, .family = GW_FAMILY_GEMINI, .id = id, .gsig = event->gsig};
    enum gw_status status = gw_text_present(id) ? GW_OK : GW_NO_MEMORY;

    if (status == GW_OK && gw_text_present(event->gsig))
        status = write_carrier(stream, &signature);
    if (status != GW_OK)
        return status;
    begin_block(stream, GW_STR("tool_use"));
    gw_messages_put_text(&stream->json, GW_STR("id"), id);
    gw_messages_put_text(&stream->json, GW_STR("name"), event->name);
    gw_messages_put_raw(&stream->json, GW_STR("input"), GW_STR("{}"));
    return end_block_start(stream);
}

static enum gw_status show(struct stream *stream)
{
    struct gw_messages_stream_writer *state = stream->state;

    if (state->shown)
        return GW_OK;
    if (state->kind == GW_BLOCK_REASONING) {
        begin_block(stream, GW_STR("thinking"));
        gw_messages_put_string(&stream->json, GW_STR("thinking"), GW_STR(""));
        gw_messages_put_string(&stream->json, GW_STR("signature"), GW_STR(""));
    } else {
        begin_block(stream, GW_STR("text"));
        gw_messages_put_string(&stream->json, GW_STR("text"), GW_STR(""));
    }
    return end_block_start(stream);
}

/* Text is shown with its first piece: an empty block would be refused when it comes back in the history. */
static enum gw_status open_block(struct stream *stream, const struct gw_event *event)
{
    struct gw_messages_stream_writer *state = stream->state;

    state->kind = event->block_kind;
    state->family = event->family;
    state->shown = state->arguments = false;
    state->held_len = state->signature.len = 0;
    state->id = (struct gw_text){{NULL, 0}};
    if (state->kind == GW_BLOCK_TOOL)
        return show_call(stream, event);
    if (state->kind == GW_BLOCK_REASONING && state->family == GW_FAMILY_ANTHROPIC)
        return show(stream);
    return keep_text(stream, event->id, &state->id);
}

/* ---- deltas ---- */

static void begin_delta(struct stream *stream, struct gw_str type)
{
    begin(stream, GW_STR("content_block_delta"));
    gw_json_write_key(&stream->json, GW_STR("index"));
    gw_json_write_uint64(&stream->json, stream->state->blocks);
    gw_json_write_key(&stream->json, GW_STR("delta"));
    gw_json_write_begin_object(&stream->json);
    gw_messages_put_string(&stream->json, GW_STR("type"), type);
}

static enum gw_status end_delta(struct stream *stream)
{
    gw_json_write_end_object(&stream->json);
    return end(stream);
}

static const struct {
    struct gw_str type, member;
} pieces[] = {
    [GW_BLOCK_TEXT] = {GW_STR_INIT("text_delta"), GW_STR_INIT("text")},
    [GW_BLOCK_REFUSAL] = {GW_STR_INIT("text_delta"), GW_STR_INIT("text")},
    [GW_BLOCK_REASONING] = {GW_STR_INIT("thinking_delta"), GW_STR_INIT("thinking")},
    [GW_BLOCK_TOOL] = {GW_STR_INIT("input_json_delta"), GW_STR_INIT("partial_json")},
};

static enum gw_status write_piece(struct stream *stream, struct gw_text text)
{
    enum gw_block_kind kind = stream->state->kind;
    enum gw_status status = show(stream);

    if (status != GW_OK)
        return status;
    begin_delta(stream, pieces[kind].type);
    gw_messages_put_text(&stream->json, pieces[kind].member, text);
    return end_delta(stream);
}

/* With what was held back before it, and without what may be half a character at its end. */
static enum gw_status take_piece(struct stream *stream, struct gw_text text)
{
    struct gw_messages_stream_writer *state = stream->state;
    struct gw_text cut;

    if (text.raw.len == 0)
        return GW_OK;
    if (state->held_len) {
        size_t len = state->held_len + text.raw.len; /* both are in memory */
        char *joined = gw_arena_bytes(stream->scratch, len);
        if (!joined)
            return GW_NO_MEMORY;
        memcpy(joined, state->held, state->held_len);
        memcpy(joined + state->held_len, text.raw.base, text.raw.len);
        text.raw = (struct gw_str){joined, len};
        state->held_len = 0;
    }
    cut = gw_text_cut_surrogate(&text);
    if (gw_text_present(cut) && cut.raw.len <= sizeof(state->held)) {
        memcpy(state->held, cut.raw.base, cut.raw.len);
        state->held_len = cut.raw.len;
    }
    return text.raw.len ? write_piece(stream, text) : GW_OK;
}

static enum gw_status take_arguments(struct stream *stream, const struct gw_event *event)
{
    struct gw_text text = event->text;

    if (event->json.base) {
        text = gw_text_escape(event->json, stream->scratch);
        if (!gw_text_present(text))
            return GW_NO_MEMORY;
    }
    stream->state->arguments = stream->state->arguments || !gw_text_is_blank(text);
    return take_piece(stream, text);
}

static enum gw_status take_citation(struct stream *stream, struct gw_str annotation)
{
    struct gw_json json;
    enum gw_status status =
        gw_json_read(annotation, stream->scratch, GW_MESSAGES_TOKENS_MAX, &json, NULL);

    if (status != GW_OK || !gw_messages_is_citation(&json, 0))
        return status == GW_NO_MEMORY ? status : GW_OK;
    status = show(stream);
    if (status != GW_OK)
        return status;
    begin_delta(stream, GW_STR("citations_delta"));
    gw_json_write_key(&stream->json, GW_STR("citation"));
    gw_messages_write_citation(&stream->json, &json, 0);
    return end_delta(stream);
}

static enum gw_status take_data(struct stream *stream, const struct gw_event *event)
{
    struct gw_messages_stream_writer *state = stream->state;
    struct gw_part opaque = {
        .kind = GW_PART_REDACTED, .family = state->family, .id = state->id, .data = event->text};

    if (state->kind == GW_BLOCK_REDACTED)
        return state->family == GW_FAMILY_ANTHROPIC ? write_redacted(stream, event->text)
                                                    : write_carrier(stream, &opaque);
    if (state->kind != GW_BLOCK_SERVER_TOOL || state->family != GW_FAMILY_ANTHROPIC)
        return GW_OK; /* images, and what only another vendor understands */
    begin_block(stream, GW_STR(""));
    gw_messages_write_line(&stream->json, event->json);
    state->shown = true;
    return end(stream);
}

static enum gw_status take_delta(struct stream *stream, const struct gw_event *event)
{
    struct gw_messages_stream_writer *state = stream->state;
    enum gw_status status;

    switch (event->delta) {
    case GW_DELTA_TEXT:
    case GW_DELTA_REASONING:
        return take_piece(stream, event->text);
    case GW_DELTA_REFUSAL:
        state->refused = true;
        status = gw_messages_keep(&state->refusal, event->text.raw, stream->keep);
        return status == GW_OK ? take_piece(stream, event->text) : status;
    case GW_DELTA_ARGUMENTS:
        return take_arguments(stream, event);
    case GW_DELTA_SIGNATURE:
        state->signature.len = 0;
        return gw_messages_keep(&state->signature, event->text.raw, stream->keep);
    case GW_DELTA_DATA:
        return take_data(stream, event);
    case GW_DELTA_ANNOTATION:
        return take_citation(stream, event->json);
    case GW_DELTA_LOGPROBS:
        return GW_OK;
    }
    return GW_OK;
}

/* ---- ends of blocks ---- */

static enum gw_status write_signature(struct stream *stream, struct gw_text signature)
{
    begin_delta(stream, GW_STR("signature_delta"));
    gw_messages_put_text(&stream->json, GW_STR("signature"), signature);
    return end_delta(stream);
}

static enum gw_status close_block(struct stream *stream)
{
    struct gw_messages_stream_writer *state = stream->state;
    struct gw_text signature = {{state->signature.base, state->signature.len}};
    struct gw_part reasoning = {.kind = GW_PART_REASONING,
                                .family = state->family,
                                .id = state->id,
                                .text = GW_TEXT(""),
                                .signature = signature};
    bool has_signature = state->kind == GW_BLOCK_REASONING && signature.raw.len;
    enum gw_status status = GW_OK;

    if (state->held_len)
        status = write_piece(stream, (struct gw_text){{state->held, state->held_len}});
    if (status == GW_OK && state->kind == GW_BLOCK_TOOL && !state->arguments)
        status = write_piece(stream, GW_TEXT("{}"));
    if (status == GW_OK && has_signature && state->family == GW_FAMILY_ANTHROPIC)
        status = write_signature(stream, signature);
    if (status == GW_OK && state->shown)
        status = stop_block(stream);
    if (status == GW_OK && has_signature && state->family != GW_FAMILY_ANTHROPIC)
        status = write_carrier(stream, &reasoning);
    return status;
}

/* ---- start and end ---- */

static enum gw_status start(struct stream *stream, const struct gw_event *event)
{
    struct gw_messages_stop none = {.reason = {NULL, 0}};
    struct gw_text id = gw_messages_answer_id(event->id, stream->context, stream->scratch);

    if (!gw_text_present(id))
        return GW_NO_MEMORY;
    stream->state->started = true;
    gw_usage_init(&stream->state->usage);
    gw_usage_merge(&stream->state->usage, &event->usage);
    begin(stream, GW_STR("message_start"));
    gw_json_write_key(&stream->json, GW_STR("message"));
    gw_json_write_begin_object(&stream->json);
    gw_messages_write_head(&stream->json, id,
                           gw_text_present(event->model) ? event->model : stream->context->model);
    gw_messages_write_tail(&stream->json, &none, &stream->state->usage);
    gw_json_write_end_object(&stream->json);
    enum gw_status status = end(stream);
    return status == GW_OK ? write_ping(stream) : status;
}

static enum gw_status finish(struct stream *stream, const struct gw_event *event)
{
    struct gw_messages_stream_writer *state = stream->state;
    enum gw_status status = keep_text(stream, event->stop_sequence, &state->sequence);

    state->finish = event->finish;
    if (event->stop_details.base) {
        state->stop_details = gw_arena_str(stream->keep, event->stop_details);
        if (!state->stop_details.base)
            return GW_NO_MEMORY;
    }
    return status == GW_OK ? keep_text(stream, event->explanation, &state->explanation) : status;
}

/* All that waited for the counts: others tell them behind the finish. */
static enum gw_status end_message(struct stream *stream)
{
    struct gw_messages_stream_writer *state = stream->state;
    struct gw_text refusal = {{state->refusal.base, state->refusal.len}};
    struct gw_messages_stop stop =
        gw_messages_stop_of(state->finish, state->sequence,
                            gw_text_present(state->explanation) ? state->explanation : refusal,
                            state->stop_details, state->refused);

    begin(stream, GW_STR("message_delta"));
    gw_json_write_key(&stream->json, GW_STR("delta"));
    gw_json_write_begin_object(&stream->json);
    gw_messages_write_stop(&stream->json, &stop);
    gw_json_write_end_object(&stream->json);
    gw_json_write_key(&stream->json, GW_STR("usage"));
    gw_messages_write_usage(&stream->json, &state->usage, false);
    enum gw_status status = end(stream);
    if (status != GW_OK)
        return status;
    begin(stream, GW_STR("message_stop"));
    return end(stream);
}

static enum gw_status fail(struct stream *stream, const struct gw_failure_told *told)
{
    unsigned ignored;
    enum gw_status status = gw_buf_add(stream->out, GW_STR("event: error\ndata: "));

    stream->state->failed = true;
    if (status == GW_OK)
        status = gw_messages_write_error(told, stream->context, stream->out, &ignored);
    return status == GW_OK ? gw_buf_add(stream->out, GW_STR("\n\n")) : status;
}

enum gw_status gw_messages_write_event(void *state, const struct gw_event *event,
                                       const struct gw_answer_context *context,
                                       struct gw_arena *scratch, struct gw_arena *keep,
                                       struct gw_buf *out)
{
    struct stream stream = {
        .state = state, .context = context, .scratch = scratch, .keep = keep, .out = out};

    switch (event->kind) {
    case GW_EVENT_START:
        return start(&stream, event);
    case GW_EVENT_BLOCK_START:
        return open_block(&stream, event);
    case GW_EVENT_DELTA:
        return take_delta(&stream, event);
    case GW_EVENT_BLOCK_STOP:
        return close_block(&stream);
    case GW_EVENT_USAGE:
        gw_usage_merge(&stream.state->usage, &event->usage);
        return GW_OK;
    case GW_EVENT_FINISH:
        return finish(&stream, event);
    case GW_EVENT_ERROR:
        return fail(&stream, &event->failure);
    case GW_EVENT_PING:
        return write_ping(&stream);
    case GW_EVENT_END:
        return stream.state->failed ? GW_OK : end_message(&stream);
    }
    return GW_OK;
}
