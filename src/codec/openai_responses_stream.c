/* An answer streamed to a caller (translation.md §6.6).
 *
 * An item's output_item.done waits for the next block or the finish: neighbouring texts are parts of one message,
 * and only the finish tells whether the last item is whole. */
#include "codec/openai_responses_private.h"

/* One event as it is written. */
struct sender {
    struct gw_responses_stream *stream;
    const struct gw_answer_context *context;
    struct gw_arena *scratch, *keep;
    struct gw_buf *out;
    struct gw_json_writer json;
};

/* ---- events ---- */

static struct gw_json_writer *begin_event(struct sender *to, const char *type)
{
    enum gw_status status = gw_buf_add(to->out, GW_STR("event: "));

    if (status == GW_OK)
        status = gw_buf_add(to->out, gw_str_of(type));
    if (status == GW_OK)
        status = gw_buf_add(to->out, GW_STR("\ndata: "));
    gw_json_write_init(&to->json, to->out);
    to->json.status = status;
    gw_json_write_begin_object(&to->json);
    put_c(&to->json, "type", type);
    put_u(&to->json, "sequence_number", to->stream->sequence++);
    return &to->json;
}

static enum gw_status end_event(struct sender *to)
{
    enum gw_status status;

    gw_json_write_end_object(&to->json);
    status = gw_json_write_finish(&to->json);
    return status == GW_OK ? gw_buf_add(to->out, GW_STR("\n\n")) : status;
}

static enum gw_status send_response(struct sender *to, const char *type)
{
    put_key(begin_event(to, type), "response");
    gw_responses_write_response(&to->json, &to->stream->response);
    return end_event(to);
}

static enum gw_status send_item(struct sender *to, const struct gw_responses_item *item, bool begun)
{
    begin_event(to, begun ? "response.output_item.added" : "response.output_item.done");
    put_u(&to->json, "output_index", item->index);
    put_key(&to->json, "item");
    gw_responses_write_item(&to->json, item, begun);
    return end_event(to);
}

/* An event about what is inside of the last item, up to where its own members begin. */
static struct gw_json_writer *begin_inside(struct sender *to, const char *type)
{
    const struct gw_responses_item *item = to->stream->response.last;

    begin_event(to, type);
    put_str(&to->json, "item_id", item->id);
    put_u(&to->json, "output_index", item->index);
    if (item->kind == GW_RESPONSES_MESSAGE)
        put_u(&to->json, "content_index", item->parts_count - 1);
    if (item->kind == GW_RESPONSES_REASONING)
        put_u(&to->json, "summary_index", 0);
    return &to->json;
}

static enum gw_status send_part(struct sender *to, bool begun)
{
    begin_inside(to, begun ? "response.content_part.added" : "response.content_part.done");
    put_key(&to->json, "part");
    gw_responses_write_part(&to->json, to->stream->response.last->last_part, begun);
    return end_event(to);
}

static enum gw_status send_summary_part(struct sender *to, bool begun)
{
    static const struct gw_responses_pieces nothing;
    const struct gw_responses_item *item = to->stream->response.last;

    begin_inside(to, begun ? "response.reasoning_summary_part.added"
                           : "response.reasoning_summary_part.done");
    put_object(&to->json, "part");
    put_c(&to->json, "type", "summary_text");
    gw_responses_write_pieces(&to->json, "text", begun ? &nothing : &item->text);
    gw_json_write_end_object(&to->json);
    return end_event(to);
}

/* What the kinds of items call their text. */
struct words {
    const char *delta, *done, *member;
};
static const struct words text_words = {"response.output_text.delta", "response.output_text.done",
                                        "text"},
                          refusal_words = {"response.refusal.delta", "response.refusal.done",
                                           "refusal"},
                          summary_words = {"response.reasoning_summary_text.delta",
                                           "response.reasoning_summary_text.done", "text"},
                          arguments_words = {"response.function_call_arguments.delta",
                                             "response.function_call_arguments.done", "arguments"},
                          input_words = {"response.custom_tool_call_input.delta",
                                         "response.custom_tool_call_input.done", "input"};

static const struct words *words_of(const struct gw_responses_item *item)
{
    switch (item->kind) {
    case GW_RESPONSES_MESSAGE:
        return item->last_part->refusal ? &refusal_words : &text_words;
    case GW_RESPONSES_REASONING:
        return &summary_words;
    case GW_RESPONSES_CALL:
        return item->custom ? &input_words : &arguments_words;
    case GW_RESPONSES_RAW:
        break;
    }
    return NULL;
}

static struct gw_responses_pieces *text_of_item(struct gw_responses_item *item)
{
    return item->kind == GW_RESPONSES_MESSAGE ? &item->last_part->text : &item->text;
}

/* @param logprobs  of it, an array's inside */
static enum gw_status send_delta(struct sender *to, struct gw_text text, struct gw_str logprobs)
{
    const struct words *words = words_of(to->stream->response.last);

    put_text(begin_inside(to, words->delta), "delta", text);
    if (words == &text_words) {
        put_array(&to->json, "logprobs");
        if (logprobs.len && to->json.status == GW_OK)
            to->json.status = gw_buf_add(to->out, logprobs);
        gw_json_write_end_array(&to->json);
    }
    to->stream->streamed = true;
    return end_event(to);
}

static enum gw_status send_text_done(struct sender *to)
{
    struct gw_responses_item *item = to->stream->response.last;
    const struct words *words = words_of(item);

    begin_inside(to, words->done);
    if (words == &arguments_words)
        put_text(&to->json, "name", item->name);
    gw_responses_write_pieces(&to->json, words->member, text_of_item(item));
    if (words == &text_words) {
        put_array(&to->json, "logprobs");
        for (const struct gw_responses_chunk *chunk = item->last_part->logprobs.first;
             chunk && to->json.status == GW_OK; chunk = chunk->next)
            to->json.status = gw_buf_add(to->out, (struct gw_str){chunk->base, chunk->len});
        gw_json_write_end_array(&to->json);
    }
    return end_event(to);
}

/* What came, behind the half of a pair that waited for it, without a half at its end. Absent when out of
 * memory. */
static struct gw_text mend(struct sender *to, struct gw_text text)
{
    struct gw_responses_stream *stream = to->stream;
    struct gw_text half;

    if (text.raw.len && stream->half_len) {
        char *base = gw_arena_bytes(to->scratch, stream->half_len + text.raw.len);
        if (!base)
            return (struct gw_text){{NULL, 0}};
        memcpy(base, stream->half, stream->half_len);
        memcpy(base + stream->half_len, text.raw.base, text.raw.len);
        text.raw = (struct gw_str){base, stream->half_len + text.raw.len};
        stream->half_len = 0;
    }
    half = gw_text_cut_surrogate(&text);
    if (gw_text_present(half)) {
        memcpy(stream->half, half.raw.base, half.raw.len);
        stream->half_len = half.raw.len;
    }
    return text;
}

/* ---- blocks ---- */

static enum gw_status close_item(struct sender *to, bool incomplete)
{
    struct gw_responses_item *item = to->stream->response.last;
    enum gw_status status;

    if (!item || item->done)
        return GW_OK;
    status = gw_responses_close(item, incomplete, to->keep);
    return status == GW_OK ? send_item(to, item, false) : status;
}

static enum gw_status on_block_start(struct sender *to, const struct gw_event *event)
{
    struct gw_responses_stream *stream = to->stream;
    struct gw_responses_block block = {
        event->block_kind, event->block, event->id,     event->name,
        event->gsig,       event->tool,  event->family,
    };
    unsigned count = stream->response.count;
    struct gw_responses_item *item = NULL;
    enum gw_status status = GW_OK;

    if (!gw_responses_joins(stream->response.last, &block))
        status = close_item(to, false);
    if (status == GW_OK)
        status = gw_responses_open(&stream->response, &block, to->context, to->keep, &item);
    stream->shown = item != NULL;
    stream->summary = stream->streamed = false;
    stream->half_len = 0;
    if (status != GW_OK || !item || item->kind == GW_RESPONSES_RAW)
        return status; /* of a vendor's item nothing is known yet */
    if (stream->response.state) {
        status = send_item(to, stream->response.state, true);
        if (status == GW_OK)
            status = send_item(to, stream->response.state, false);
    }
    if (status == GW_OK && stream->response.count != count)
        status = send_item(to, item, true);
    if (status == GW_OK && item->kind == GW_RESPONSES_MESSAGE)
        status = send_part(to, true);
    return status;
}

static enum gw_status add_text(struct sender *to, struct gw_text text)
{
    struct gw_responses_item *item = to->stream->response.last;
    enum gw_status status = GW_OK;

    text = mend(to, text);
    if (!gw_text_present(text))
        return GW_NO_MEMORY;
    if (!text.raw.len)
        return GW_OK;
    if (item->kind == GW_RESPONSES_REASONING && !to->stream->summary) {
        status = send_summary_part(to, true);
        to->stream->summary = true;
    }
    if (status == GW_OK && !item->unwraps)
        status = send_delta(to, text, GW_STR(""));
    if (status == GW_OK)
        status = gw_responses_add(text_of_item(item), text.raw, to->keep);
    return status;
}

static enum gw_status add_arguments(struct sender *to, const struct gw_event *event)
{
    struct gw_text text = event->text;

    if (event->json.base)
        text = gw_text_escape(event->json, to->scratch);
    return gw_text_present(text) ? add_text(to, text) : event->json.base ? GW_NO_MEMORY : GW_OK;
}

static enum gw_status add_annotation(struct sender *to, const struct gw_event *event)
{
    struct gw_responses_part *part = to->stream->response.last->last_part;
    struct gw_str entry = gw_responses_annotation(event->json, part, to->scratch);
    enum gw_status status = GW_OK;

    if (!entry.base)
        return GW_OK;
    begin_inside(to, "response.output_text.annotation.added");
    put_u(&to->json, "annotation_index", part->annotations_count);
    put_raw(&to->json, "annotation", entry);
    status = end_event(to);
    if (status == GW_OK && part->annotations_count++)
        status = gw_responses_add(&part->annotations, GW_STR(","), to->keep);
    return status == GW_OK ? gw_responses_add(&part->annotations, entry, to->keep) : status;
}

/* @param json  an array */
static enum gw_status add_logprobs(struct sender *to, struct gw_str json)
{
    struct gw_responses_part *part = to->stream->response.last->last_part;
    enum gw_status status = GW_OK;

    json = gw_responses_line(json, to->scratch);
    if (!json.base)
        return GW_NO_MEMORY;
    if (json.len < 2 || json.base[0] != '[')
        return GW_OK;
    json = gw_str_trim((struct gw_str){json.base + 1, json.len - 2});
    if (!json.len)
        return GW_OK;
    status = send_delta(to, GW_TEXT(""), json);
    if (status == GW_OK && part->logprobs.len)
        status = gw_responses_add(&part->logprobs, GW_STR(","), to->keep);
    return status == GW_OK ? gw_responses_add(&part->logprobs, json, to->keep) : status;
}

static enum gw_status keep_text(struct gw_text *text_out, struct gw_text text,
                                struct gw_arena *arena)
{
    if (!gw_text_present(text))
        return GW_OK;
    text_out->raw = gw_arena_str(arena, text.raw);
    return gw_text_present(*text_out) ? GW_OK : GW_NO_MEMORY;
}

static enum gw_status keep_data(struct sender *to, struct gw_responses_item *item,
                                const struct gw_event *event)
{
    struct gw_str json;

    if (item->kind == GW_RESPONSES_REASONING)
        return keep_text(&item->data, event->text, to->keep);
    if (item->kind != GW_RESPONSES_RAW || !event->json.len)
        return GW_OK;
    json = gw_responses_line(event->json, to->scratch);
    if (json.base)
        json = gw_arena_str(to->keep, json);
    if (!json.base)
        return GW_NO_MEMORY;
    item->raw = json;
    return GW_OK;
}

static enum gw_status on_delta(struct sender *to, const struct gw_event *event)
{
    struct gw_responses_item *item = to->stream->response.last;

    if (!to->stream->shown)
        return GW_OK;
    switch (event->delta) {
    case GW_DELTA_TEXT:
    case GW_DELTA_REFUSAL:
    case GW_DELTA_REASONING:
        return gw_text_present(event->text) ? add_text(to, event->text) : GW_OK;
    case GW_DELTA_ARGUMENTS:
        return add_arguments(to, event);
    case GW_DELTA_SIGNATURE:
        return keep_text(&item->signature, event->text, to->keep);
    case GW_DELTA_DATA:
        return keep_data(to, item, event);
    case GW_DELTA_ANNOTATION:
        return words_of(item) == &text_words ? add_annotation(to, event) : GW_OK;
    case GW_DELTA_LOGPROBS:
        return words_of(item) == &text_words ? add_logprobs(to, event->json) : GW_OK;
    }
    return GW_OK;
}

static enum gw_status end_call(struct sender *to, struct gw_responses_item *item)
{
    enum gw_status status = GW_OK;

    if (item->unwraps) {
        status = gw_responses_unwrap(item, to->keep);
        if (status == GW_OK && item->text.len) {
            struct gw_text input = gw_responses_join(&item->text, to->scratch);
            status = gw_text_present(input) ? send_delta(to, input, GW_STR("")) : GW_NO_MEMORY;
        }
    } else if (!item->custom && !to->stream->streamed) {
        status = add_text(to, GW_TEXT("{}"));
    }
    return status == GW_OK ? send_text_done(to) : status;
}

static enum gw_status on_block_stop(struct sender *to)
{
    struct gw_responses_stream *stream = to->stream;
    struct gw_responses_item *item = stream->response.last;
    enum gw_status status = GW_OK;

    if (!stream->shown)
        return GW_OK;
    if (stream->half_len) { /* its other half never came */
        stream->half_len = 0;
        status = add_text(to, GW_TEXT("\\ufffd"));
    }
    if (status != GW_OK)
        return status;
    switch (item->kind) {
    case GW_RESPONSES_MESSAGE:
        status = send_text_done(to);
        return status == GW_OK ? send_part(to, false) : status;
    case GW_RESPONSES_REASONING:
        if (!stream->summary)
            return GW_OK;
        status = send_text_done(to);
        return status == GW_OK ? send_summary_part(to, false) : status;
    case GW_RESPONSES_CALL:
        return end_call(to, item);
    case GW_RESPONSES_RAW:
        return send_item(to, item, true);
    }
    return GW_OK;
}

/* ---- the response ---- */

static enum gw_status start(struct sender *to, const struct gw_event *event)
{
    static const struct gw_event unknown;
    enum gw_status status;

    if (!event)
        event = &unknown;
    status = gw_responses_begin(&to->stream->response, event->id, event->model, event->created,
                                event->service_tier, to->context, to->scratch, to->keep);
    if (status == GW_OK)
        status = send_response(to, "response.created");
    if (status == GW_OK)
        status = send_response(to, "response.in_progress");
    to->stream->begun = status == GW_OK;
    return status;
}

static enum gw_status on_finish(struct sender *to, const struct gw_event *event)
{
    struct gw_responses_response *response = &to->stream->response;

    if (keep_text(&response->service_tier, event->service_tier, to->keep) != GW_OK)
        return GW_NO_MEMORY;
    gw_responses_finish(response, event->finish);
    return close_item(to, response->status == GW_RESPONSES_INCOMPLETE);
}

static enum gw_status on_error(struct sender *to, const struct gw_event *event)
{
    struct gw_responses_stream *stream = to->stream;
    struct gw_responses_response *response = &stream->response;
    enum gw_status status = GW_OK;

    if (!stream->begun)
        status = start(to, NULL);
    if (status == GW_OK && stream->open) {
        if (response->last && response->last->unwraps)
            response->last->text = (struct gw_responses_pieces){0}; /* cut, it is no input */
    } else if (status == GW_OK) {
        status = close_item(to, false);
    }
    if (status != GW_OK)
        return status;
    response->status = GW_RESPONSES_FAILED;
    response->incomplete_reason = NULL;
    response->failure = &event->failure;
    status = send_response(to, "response.failed");
    response->failure = NULL;
    return status;
}

enum gw_status gw_responses_write_event(void *writer, const struct gw_event *event,
                                        const struct gw_answer_context *context,
                                        struct gw_arena *scratch, struct gw_arena *keep,
                                        struct gw_buf *out)
{
    struct gw_responses_stream *stream = writer;
    struct sender to = {stream, context, scratch, keep, out, {0}};
    enum gw_status status = GW_OK;

    switch (event->kind) {
    case GW_EVENT_START:
        status = start(&to, event);
        gw_usage_merge(&stream->response.usage, &event->usage);
        return status;
    case GW_EVENT_BLOCK_START:
        stream->open = true;
        return on_block_start(&to, event);
    case GW_EVENT_DELTA:
        return on_delta(&to, event);
    case GW_EVENT_BLOCK_STOP:
        stream->open = false;
        return on_block_stop(&to);
    case GW_EVENT_USAGE:
        gw_usage_merge(&stream->response.usage, &event->usage);
        return GW_OK;
    case GW_EVENT_FINISH:
        return on_finish(&to, event);
    case GW_EVENT_ERROR:
        return on_error(&to, event);
    case GW_EVENT_PING:
        return gw_buf_add(out, GW_STR(": ping\n\n"));
    case GW_EVENT_END:
        return send_response(&to, stream->response.status == GW_RESPONSES_INCOMPLETE
                                      ? "response.incomplete"
                                      : "response.completed");
    }
    return GW_OK;
}
