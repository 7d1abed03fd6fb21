/*
 * A stream to a caller, event by event (translation.md §6.4).
 */
#include "codec/openai_chat_private.h"

#define SURROGATE_BYTES GW_CHAT_SURROGATE_BYTES

/* ---- chunks ---- */

static void add(struct gw_chat_step *step, struct gw_str bytes)
{
    if (step->json.status == GW_OK)
        step->json.status = gw_buf_add(step->out, bytes);
}

/* What stands in front of the choices: the tier may be known late. */
static void add_head(struct gw_chat_step *step)
{
    struct gw_text tier = step->writer->tier;

    add(step, step->writer->head);
    if (!tier.raw.len)
        return;
    add(step, GW_STR("\"service_tier\":\""));
    if (step->json.status == GW_OK)
        step->json.status = gw_text_add(step->out, tier);
    add(step, GW_STR("\","));
}

struct gw_json_writer *gw_chat_begin_chunk(struct gw_chat_step *step)
{
    gw_json_write_init(&step->json, step->out);
    add_head(step);
    add(step, GW_STR("\"choices\":[{\"index\":0,\"delta\":"));
    gw_json_write_begin_object(&step->json);
    return &step->json;
}

static void add_tail(struct gw_chat_step *step, struct gw_str rest)
{
    add(step, rest);
    if (step->context->request->include_usage)
        add(step, GW_STR(",\"usage\":null"));
    add(step, GW_STR("}\n\n"));
}

enum gw_status gw_chat_end_chunk(struct gw_chat_step *step)
{
    gw_json_write_end_object(&step->json);
    add_tail(step, GW_STR(",\"finish_reason\":null}]"));
    return step->json.status;
}

/* ---- text, whose surrogates may be cut ---- */

static bool begins_low(struct gw_str raw)
{
    return raw.len >= SURROGATE_BYTES && raw.base[0] == '\\' && raw.base[1] == 'u' &&
           gw_lower(raw.base[2]) == 'd' && memchr("cdefCDEF", raw.base[3], 8);
}

/* @return false: there is nothing to write yet */
bool gw_chat_take_text(struct gw_chat_writer *writer, struct gw_text text,
                       struct gw_chat_pieces *pieces)
{
    pieces->first = GW_TEXT("");
    pieces->rest = text;
    if (text.raw.len == 0)
        return false;
    if (writer->held) {
        writer->held = false;
        memcpy(pieces->pair, writer->surrogate, SURROGATE_BYTES);
        pieces->first.raw = (struct gw_str){pieces->pair, SURROGATE_BYTES};
        if (begins_low(text.raw)) {
            memcpy(pieces->pair + SURROGATE_BYTES, text.raw.base, SURROGATE_BYTES);
            pieces->first.raw.len += SURROGATE_BYTES;
            pieces->rest.raw = gw_str_from(text.raw, SURROGATE_BYTES);
        }
    }
    struct gw_text cut = gw_text_cut_surrogate(&pieces->rest);
    if (gw_text_present(cut)) {
        writer->held = true;
        memcpy(writer->surrogate, cut.raw.base, SURROGATE_BYTES);
    }
    return pieces->first.raw.len || pieces->rest.raw.len;
}

static void put_pieces(struct gw_json_writer *out, struct gw_str key,
                       const struct gw_chat_pieces *pieces)
{
    gw_chat_begin_text(out, key);
    gw_chat_add_text(out, pieces->first);
    gw_chat_add_text(out, pieces->rest);
    gw_chat_end_text(out);
}

static enum gw_status write_text(struct gw_chat_step *step, struct gw_str key, struct gw_text text)
{
    struct gw_chat_pieces pieces;

    if (!gw_chat_take_text(step->writer, text, &pieces))
        return GW_OK;
    if (step->writer->kind == GW_BLOCK_TEXT)
        step->writer->said += gw_text_code_points(pieces.first) + gw_text_code_points(pieces.rest);
    put_pieces(gw_chat_begin_chunk(step), key, &pieces);
    return gw_chat_end_chunk(step);
}

/* ---- reasoning ---- */

static void put_detail_text(struct gw_chat_step *step, struct gw_json_writer *out,
                            const struct gw_chat_pieces *pieces)
{
    const struct gw_chat_writer *writer = step->writer;
    bool summary = writer->family == GW_FAMILY_OPENAI;

    gw_json_write_begin_object(out);
    gw_chat_put_string(out, GW_STR("type"),
                       summary ? GW_STR("reasoning.summary") : GW_STR("reasoning.text"));
    put_pieces(out, summary ? GW_STR("summary") : GW_STR("text"), pieces);
    gw_chat_put_optional(out, summary ? GW_STR("id") : GW_STR("signature"),
                         summary ? writer->id : (struct gw_text){{NULL, 0}});
    gw_chat_put_string(out, GW_STR("format"), gw_chat_format(writer->family));
    gw_json_write_key(out, GW_STR("index"));
    gw_json_write_uint64(out, writer->block);
    gw_json_write_end_object(out);
}

static enum gw_status write_reasoning(struct gw_chat_step *step, struct gw_text text)
{
    struct gw_chat_pieces pieces;

    if (!gw_chat_take_text(step->writer, text, &pieces))
        return GW_OK;
    struct gw_json_writer *out = gw_chat_begin_chunk(step);
    put_pieces(out, GW_STR("reasoning_content"), &pieces);
    gw_chat_put_array(out, GW_STR("reasoning_details"));
    put_detail_text(step, out, &pieces);
    gw_json_write_end_array(out);
    return gw_chat_end_chunk(step);
}

void gw_chat_put_state(struct gw_json_writer *out, const struct gw_chat_detail *state)
{
    gw_chat_put_array(out, GW_STR("reasoning_details"));
    gw_chat_write_state(out, state);
    gw_json_write_end_array(out);
}

static enum gw_status write_state(struct gw_chat_step *step, struct gw_text signature,
                                  struct gw_text data)
{
    const struct gw_chat_writer *writer = step->writer;
    struct gw_chat_detail state = {
        .family = writer->family,
        .text = GW_TEXT(""),
        .signature = signature,
        .data = data,
        .id = writer->id,
        .index = writer->block,
    };

    if (!signature.raw.len && !data.raw.len)
        return GW_OK;
    gw_chat_put_state(gw_chat_begin_chunk(step), &state);
    return gw_chat_end_chunk(step);
}

/* ---- other deltas ---- */

static enum gw_status write_logprobs(struct gw_chat_step *step)
{
    gw_json_write_end_object(gw_chat_begin_chunk(step));
    add(step, GW_STR(",\"logprobs\":{\"content\":"));
    enum gw_status status = step->json.status;
    gw_json_write_init(&step->json, step->out);
    step->json.status = status;
    gw_chat_write_line(&step->json, step->event->json);
    add_tail(step, GW_STR(",\"refusal\":null},\"finish_reason\":null}]"));
    return step->json.status;
}

static enum gw_status write_image(struct gw_chat_step *step)
{
    struct gw_json_writer *out = gw_chat_begin_chunk(step);

    gw_chat_put_array(out, GW_STR("images"));
    gw_chat_write_images(out, step->event->text);
    gw_json_write_end_array(out);
    return gw_chat_end_chunk(step);
}

static enum gw_status write_delta(struct gw_chat_step *step)
{
    const struct gw_event *event = step->event;

    switch (event->delta) {
    case GW_DELTA_TEXT:
        return write_text(step, GW_STR("content"), event->text);
    case GW_DELTA_REFUSAL:
        return write_text(step, GW_STR("refusal"), event->text);
    case GW_DELTA_REASONING:
        return write_reasoning(step, event->text);
    case GW_DELTA_ARGUMENTS:
        return gw_chat_take_arguments(step);
    case GW_DELTA_SIGNATURE:
        return write_state(step, event->text, (struct gw_text){{NULL, 0}});
    case GW_DELTA_DATA:
        if (step->writer->kind == GW_BLOCK_IMAGE)
            return write_image(step);
        if (step->writer->kind == GW_BLOCK_SERVER_TOOL)
            return GW_OK; /* a vendor's own */
        return write_state(step, (struct gw_text){{NULL, 0}}, event->text);
    case GW_DELTA_ANNOTATION:
        return gw_chat_give_note(step);
    case GW_DELTA_LOGPROBS:
        return write_logprobs(step);
    }
    return GW_OK;
}

/* ---- events ---- */

static enum gw_status copy(struct gw_chat_step *step, struct gw_text text, struct gw_text *into)
{
    if (!gw_text_present(text))
        return GW_OK;
    into->raw = gw_arena_str(step->keep, text.raw);
    return into->raw.base ? GW_OK : GW_NO_MEMORY;
}

static enum gw_status begin_block(struct gw_chat_step *step)
{
    struct gw_chat_writer *writer = step->writer;
    const struct gw_event *event = step->event;

    writer->kind = event->block_kind;
    writer->family = event->family;
    writer->block = event->block;
    writer->said_before = writer->said;
    writer->id = (struct gw_text){{NULL, 0}};
    writer->any = writer->custom = writer->unwraps = writer->silent = writer->held = false;
    writer->kept_len = 0;
    switch (event->block_kind) {
    case GW_BLOCK_TOOL:
        return gw_chat_begin_call(step);
    case GW_BLOCK_REASONING:
    case GW_BLOCK_REDACTED:
        return copy(step, event->id, &writer->id);
    case GW_BLOCK_REFUSAL:
        writer->refused = true;
        return GW_OK;
    case GW_BLOCK_TEXT:
    case GW_BLOCK_SERVER_TOOL:
    case GW_BLOCK_IMAGE:
        return GW_OK;
    }
    return GW_OK;
}

/* A surrogate whose other half never came is written as what it is: nothing. */
static enum gw_status release(struct gw_chat_step *step)
{
    struct gw_chat_pieces pieces = {.first = GW_TEXT("\\ufffd"), .rest = GW_TEXT("")};

    if (!step->writer->held)
        return GW_OK;
    step->writer->held = false;
    switch (step->writer->kind) {
    case GW_BLOCK_TEXT:
        return write_text(step, GW_STR("content"), pieces.first);
    case GW_BLOCK_REFUSAL:
        return write_text(step, GW_STR("refusal"), pieces.first);
    case GW_BLOCK_REASONING:
        return write_reasoning(step, pieces.first);
    case GW_BLOCK_TOOL:
        return gw_chat_write_arguments(step, &pieces);
    case GW_BLOCK_REDACTED:
    case GW_BLOCK_SERVER_TOOL:
    case GW_BLOCK_IMAGE:
        break;
    }
    return GW_OK;
}

static enum gw_status write_start(struct gw_chat_step *step)
{
    const struct gw_event *event = step->event;
    struct gw_json_writer head;
    struct gw_buf buf;
    struct gw_chat_head shown = {
        .object = GW_STR("chat.completion.chunk"),
        .id = gw_chat_answer_id(event->id, step->context, step->scratch),
        .model = event->model,
        .created = event->created,
        .fingerprint = event->fingerprint,
    };

    if (!gw_text_present(shown.id))
        return GW_NO_MEMORY;
    gw_buf_init(&buf, GW_CHAT_KEPT_BYTES_MAX);
    enum gw_status status = gw_buf_add(&buf, GW_STR("data: "));
    gw_json_write_init(&head, &buf);
    gw_json_write_begin_object(&head);
    gw_chat_write_head(&head, &shown, step->context);
    if (status == GW_OK)
        status = head.status;
    if (status == GW_OK)
        status = gw_buf_add_c(&buf, ',');
    if (status == GW_OK) {
        step->writer->head = gw_arena_str(step->keep, gw_buf_str(&buf));
        status = step->writer->head.base ? GW_OK : GW_NO_MEMORY;
    }
    gw_buf_finish(&buf);
    if (status == GW_OK)
        status = copy(step, event->service_tier, &step->writer->tier);
    if (status != GW_OK)
        return status;
    struct gw_json_writer *out = gw_chat_begin_chunk(step);
    gw_chat_put_string(out, GW_STR("role"), GW_STR("assistant"));
    gw_chat_put_string(out, GW_STR("content"), GW_STR(""));
    return gw_chat_end_chunk(step);
}

static enum gw_status write_finish(struct gw_chat_step *step)
{
    const struct gw_event *event = step->event;
    enum gw_status status = copy(step, event->service_tier, &step->writer->tier);

    if (status != GW_OK)
        return status;
    struct gw_json_writer *out = gw_chat_begin_chunk(step);
    if (event->finish == GW_FINISH_REFUSAL && !step->writer->refused && event->explanation.raw.len)
        gw_chat_put_text(out, GW_STR("refusal"), event->explanation);
    gw_json_write_end_object(out);
    add(step, GW_STR(",\"finish_reason\":\""));
    add(step, gw_chat_finish_name(event->finish, step->writer->refused,
                                  step->context->request->legacy_functions));
    add_tail(step, GW_STR("\"}]"));
    return step->json.status;
}

static enum gw_status write_end(struct gw_chat_step *step)
{
    gw_json_write_init(&step->json, step->out);
    if (step->writer->failed)
        return GW_OK;
    if (step->context->request->include_usage) {
        add_head(step);
        add(step, GW_STR("\"choices\":[],\"usage\":"));
        gw_chat_write_usage(&step->json, &step->writer->usage);
        add(step, GW_STR("}\n\n"));
    }
    add(step, GW_STR("data: [DONE]\n\n"));
    return step->json.status;
}

static enum gw_status write_failure(struct gw_chat_step *step)
{
    unsigned status_code;
    enum gw_status status = gw_buf_add(step->out, GW_STR("data: "));

    step->writer->failed = true;
    if (status == GW_OK)
        status = gw_chat_write_error(&step->event->failure, step->context, step->out, &status_code);
    return status == GW_OK ? gw_buf_add(step->out, GW_STR("\n\n")) : status;
}

enum gw_status gw_chat_write_event(void *state, const struct gw_event *event,
                                   const struct gw_answer_context *context,
                                   struct gw_arena *scratch, struct gw_arena *keep,
                                   struct gw_buf *out)
{
    struct gw_chat_writer *writer = state;
    struct gw_chat_step step = {writer, event, context, scratch, keep, out, {0}};
    enum gw_status status;

    switch (event->kind) {
    case GW_EVENT_START:
        writer->usage = event->usage;
        return write_start(&step);
    case GW_EVENT_BLOCK_START:
        return begin_block(&step);
    case GW_EVENT_DELTA:
        return write_delta(&step);
    case GW_EVENT_BLOCK_STOP:
        status = release(&step);
        return status == GW_OK && writer->kind == GW_BLOCK_TOOL ? gw_chat_end_call(&step) : status;
    case GW_EVENT_USAGE:
        gw_usage_merge(&writer->usage, &event->usage);
        return GW_OK;
    case GW_EVENT_FINISH:
        return write_finish(&step);
    case GW_EVENT_ERROR:
        return write_failure(&step);
    case GW_EVENT_PING:
        return gw_buf_add(out, GW_STR(": ping\n\n"));
    case GW_EVENT_END:
        return write_end(&step);
    }
    return GW_OK;
}
