/*
 * A stream to a caller, event by event (translation.md §6.4).
 */
#include "codec/openai_chat_private.h"

#include "model/arguments.h"

#define SURROGATE_BYTES 6u

/* One event on its way out. */
struct step {
    struct gw_chat_writer *writer;
    const struct gw_event *event;
    const struct gw_answer_context *context;
    struct gw_arena *scratch, *keep;
    struct gw_buf *out;
    struct gw_json_writer json; /* of the delta */
};

/* ---- chunks ---- */

static void add(struct step *step, struct gw_str bytes)
{
    if (step->json.status == GW_OK)
        step->json.status = gw_buf_add(step->out, bytes);
}

/* Begins a chunk; the delta's members follow. */
static struct gw_json_writer *begin(struct step *step)
{
    gw_json_write_init(&step->json, step->out);
    add(step, step->writer->head);
    add(step, GW_STR("\"choices\":[{\"index\":0,\"delta\":"));
    gw_json_write_begin_object(&step->json);
    return &step->json;
}

static void add_tail(struct step *step, struct gw_str rest)
{
    add(step, rest);
    if (step->context->request->include_usage)
        add(step, GW_STR(",\"usage\":null"));
    add(step, GW_STR("}\n\n"));
}

static enum gw_status end(struct step *step)
{
    gw_json_write_end_object(&step->json);
    add_tail(step, GW_STR(",\"finish_reason\":null}]"));
    return step->json.status;
}

/* ---- text, whose surrogates may be cut ---- */

/* A delta's text as it can be written: `first` completes what was held back. */
struct pieces {
    char pair[2 * SURROGATE_BYTES];
    struct gw_text first, rest;
};

static bool begins_low(struct gw_str raw)
{
    return raw.len >= SURROGATE_BYTES && raw.base[0] == '\\' && raw.base[1] == 'u' &&
           gw_lower(raw.base[2]) == 'd' && memchr("cdefCDEF", raw.base[3], 8);
}

/* @return false: there is nothing to write yet */
static bool take_text(struct gw_chat_writer *writer, struct gw_text text, struct pieces *pieces)
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

static void put_pieces(struct gw_json_writer *out, struct gw_str key, const struct pieces *pieces)
{
    gw_chat_begin_text(out, key);
    gw_chat_add_text(out, pieces->first);
    gw_chat_add_text(out, pieces->rest);
    gw_chat_end_text(out);
}

static enum gw_status write_text(struct step *step, struct gw_str key, struct gw_text text)
{
    struct pieces pieces;

    if (!take_text(step->writer, text, &pieces))
        return GW_OK;
    put_pieces(begin(step), key, &pieces);
    return end(step);
}

/* ---- reasoning ---- */

static void put_detail_text(struct step *step, struct gw_json_writer *out,
                            const struct pieces *pieces)
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

static enum gw_status write_reasoning(struct step *step, struct gw_text text)
{
    struct pieces pieces;

    if (!take_text(step->writer, text, &pieces))
        return GW_OK;
    struct gw_json_writer *out = begin(step);
    put_pieces(out, GW_STR("reasoning_content"), &pieces);
    gw_chat_put_array(out, GW_STR("reasoning_details"));
    put_detail_text(step, out, &pieces);
    gw_json_write_end_array(out);
    return end(step);
}

static void put_state(struct gw_json_writer *out, const struct gw_chat_detail *state)
{
    gw_chat_put_array(out, GW_STR("reasoning_details"));
    gw_chat_write_state(out, state);
    gw_json_write_end_array(out);
}

static enum gw_status write_state(struct step *step, struct gw_text signature, struct gw_text data)
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
    put_state(begin(step), &state);
    return end(step);
}

/* ---- calls ---- */

static enum gw_status keep(struct step *step, struct gw_text text)
{
    struct gw_chat_writer *writer = step->writer;
    size_t need = writer->kept_len + text.raw.len;

    if (text.raw.len > GW_CHAT_KEPT_BYTES_MAX || need > GW_CHAT_KEPT_BYTES_MAX)
        return GW_TOO_LARGE;
    if (need > writer->kept_room) {
        size_t room = need < 256 ? 512 : need * 2;
        char *kept = gw_arena_bytes(step->keep, room);
        if (!kept)
            return GW_NO_MEMORY;
        if (writer->kept_len)
            memcpy(kept, writer->kept, writer->kept_len);
        writer->kept = kept;
        writer->kept_room = room;
    }
    if (text.raw.len)
        memcpy(writer->kept + writer->kept_len, text.raw.base, text.raw.len);
    writer->kept_len = need;
    return GW_OK;
}

static enum gw_status begin_call(struct step *step)
{
    struct gw_chat_writer *writer = step->writer;
    const struct gw_event *event = step->event;
    bool legacy = step->context->request->legacy_functions;
    unsigned number = writer->calls++;
    struct gw_text id = gw_chat_given_call_id(event->id, number, step->context, step->scratch);

    if (!gw_text_present(id))
        return GW_NO_MEMORY;
    writer->unwraps = event->tool == GW_TOOL_FUNCTION &&
                      gw_chat_is_custom(step->context->request, event->name, step->scratch);
    writer->custom = writer->unwraps || event->tool == GW_TOOL_CUSTOM;
    writer->silent = legacy && number > 0;
    if (writer->silent)
        return GW_OK;
    struct gw_json_writer *out = begin(step);
    if (legacy) {
        gw_chat_put_object(out, GW_STR("function_call"));
    } else {
        gw_chat_put_array(out, GW_STR("tool_calls"));
        gw_json_write_begin_object(out);
        gw_json_write_key(out, GW_STR("index"));
        gw_json_write_uint64(out, number);
        gw_chat_put_text(out, GW_STR("id"), id);
        gw_chat_put_string(out, GW_STR("type"),
                           writer->custom ? GW_STR("custom") : GW_STR("function"));
        gw_chat_put_object(out, writer->custom ? GW_STR("custom") : GW_STR("function"));
    }
    gw_chat_put_text(out, GW_STR("name"), event->name);
    gw_chat_put_text(out, writer->custom ? GW_STR("input") : GW_STR("arguments"), GW_TEXT(""));
    gw_json_write_end_object(out);
    if (!legacy) {
        gw_chat_write_signature(out, event->gsig);
        gw_json_write_end_object(out);
        gw_json_write_end_array(out);
    }
    if (event->gsig.raw.len) {
        struct gw_chat_detail state = {
            .family = GW_FAMILY_GEMINI, .data = event->gsig, .id = id, .index = event->block};
        put_state(out, &state);
    }
    return end(step);
}

/* What was kept, and `pieces` behind it. */
static enum gw_status write_arguments(struct step *step, const struct pieces *pieces)
{
    struct gw_chat_writer *writer = step->writer;
    bool legacy = step->context->request->legacy_functions;
    struct gw_json_writer *out = begin(step);

    if (legacy) {
        gw_chat_put_object(out, GW_STR("function_call"));
    } else {
        gw_chat_put_array(out, GW_STR("tool_calls"));
        gw_json_write_begin_object(out);
        gw_json_write_key(out, GW_STR("index"));
        gw_json_write_uint64(out, writer->calls - 1);
        gw_chat_put_object(out, writer->custom ? GW_STR("custom") : GW_STR("function"));
    }
    gw_chat_begin_text(out, writer->custom ? GW_STR("input") : GW_STR("arguments"));
    gw_chat_add_text(out, (struct gw_text){{writer->kept, writer->kept_len}});
    gw_chat_add_text(out, pieces->first);
    gw_chat_add_text(out, pieces->rest);
    gw_chat_end_text(out);
    gw_json_write_end_object(out);
    if (!legacy) {
        gw_json_write_end_object(out);
        gw_json_write_end_array(out);
    }
    writer->kept_len = 0;
    writer->any = true;
    return end(step);
}

static enum gw_status take_arguments(struct step *step)
{
    struct gw_chat_writer *writer = step->writer;
    struct gw_text text = step->event->text;
    struct pieces pieces;

    if (writer->silent)
        return GW_OK;
    if (step->event->json.base) {
        text = gw_text_escape(step->event->json, step->scratch);
        if (!gw_text_present(text))
            return GW_NO_MEMORY;
    }
    /* Blanks are nothing until more comes: the arguments of a call are an object. */
    if (writer->unwraps || (!writer->custom && !writer->any && gw_text_is_blank(text)))
        return keep(step, text);
    if (!take_text(writer, text, &pieces))
        return GW_OK;
    return write_arguments(step, &pieces);
}

static enum gw_status end_call(struct step *step)
{
    struct gw_chat_writer *writer = step->writer;
    struct gw_arguments arguments = {.string = {{writer->kept, writer->kept_len}}};
    struct pieces pieces = {.first = GW_TEXT(""), .rest = GW_TEXT("{}")};

    if (writer->silent)
        return GW_OK;
    if (writer->unwraps) {
        if (!writer->kept_len)
            arguments.string = GW_TEXT("");
        pieces.rest = gw_arguments_to_custom(&arguments, step->scratch);
        writer->kept_len = 0;
        if (!gw_text_present(pieces.rest))
            return GW_NO_MEMORY;
        return pieces.rest.raw.len ? write_arguments(step, &pieces) : GW_OK;
    }
    if (writer->any || writer->custom)
        return GW_OK;
    writer->kept_len = 0;
    return write_arguments(step, &pieces);
}

/* ---- other deltas ---- */

static enum gw_status write_annotation(struct step *step)
{
    struct gw_json json;
    struct gw_chat_note note;
    enum gw_family family =
        step->event->family == GW_FAMILY_NONE ? step->writer->family : step->event->family;
    enum gw_status status =
        gw_json_read(step->event->json, step->scratch, GW_CHAT_TOKENS_MAX, &json, NULL);

    if (status != GW_OK)
        return status == GW_NO_MEMORY ? status : GW_OK;
    if (!gw_chat_read_note(&json, 0, family, &note))
        return GW_OK;
    struct gw_json_writer *out = begin(step);
    gw_chat_put_array(out, GW_STR("annotations"));
    gw_chat_write_note(out, &note);
    gw_json_write_end_array(out);
    return end(step);
}

static enum gw_status write_logprobs(struct step *step)
{
    gw_json_write_end_object(begin(step));
    add(step, GW_STR(",\"logprobs\":{\"content\":"));
    enum gw_status status = step->json.status;
    gw_json_write_init(&step->json, step->out);
    step->json.status = status;
    gw_chat_write_line(&step->json, step->event->json);
    add_tail(step, GW_STR(",\"refusal\":null},\"finish_reason\":null}]"));
    return step->json.status;
}

static enum gw_status write_image(struct step *step)
{
    struct gw_json_writer *out = begin(step);

    gw_chat_put_array(out, GW_STR("images"));
    gw_chat_write_images(out, step->event->text);
    gw_json_write_end_array(out);
    return end(step);
}

static enum gw_status write_delta(struct step *step)
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
        return take_arguments(step);
    case GW_DELTA_SIGNATURE:
        return write_state(step, event->text, (struct gw_text){{NULL, 0}});
    case GW_DELTA_DATA:
        if (step->writer->kind == GW_BLOCK_IMAGE)
            return write_image(step);
        if (step->writer->kind == GW_BLOCK_SERVER_TOOL)
            return GW_OK; /* a vendor's own */
        return write_state(step, (struct gw_text){{NULL, 0}}, event->text);
    case GW_DELTA_ANNOTATION:
        return write_annotation(step);
    case GW_DELTA_LOGPROBS:
        return write_logprobs(step);
    }
    return GW_OK;
}

/* ---- events ---- */

static enum gw_status copy(struct step *step, struct gw_text text, struct gw_text *into)
{
    if (!gw_text_present(text))
        return GW_OK;
    into->raw = gw_arena_str(step->keep, text.raw);
    return into->raw.base ? GW_OK : GW_NO_MEMORY;
}

static enum gw_status begin_block(struct step *step)
{
    struct gw_chat_writer *writer = step->writer;
    const struct gw_event *event = step->event;

    writer->kind = event->block_kind;
    writer->family = event->family;
    writer->block = event->block;
    writer->id = (struct gw_text){{NULL, 0}};
    writer->any = writer->custom = writer->unwraps = writer->silent = writer->held = false;
    writer->kept_len = 0;
    switch (event->block_kind) {
    case GW_BLOCK_TOOL:
        return begin_call(step);
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
static enum gw_status release(struct step *step)
{
    struct pieces pieces = {.first = GW_TEXT("\\ufffd"), .rest = GW_TEXT("")};

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
        return write_arguments(step, &pieces);
    case GW_BLOCK_REDACTED:
    case GW_BLOCK_SERVER_TOOL:
    case GW_BLOCK_IMAGE:
        break;
    }
    return GW_OK;
}

static enum gw_status write_start(struct step *step)
{
    const struct gw_event *event = step->event;
    struct gw_json_writer head;
    struct gw_buf buf;
    struct gw_chat_head shown = {
        .object = GW_STR("chat.completion.chunk"),
        .id = gw_chat_answer_id(event->id, step->context, step->scratch),
        .model = event->model,
        .created = event->created,
        .service_tier = event->service_tier,
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
    if (status != GW_OK)
        return status;
    struct gw_json_writer *out = begin(step);
    gw_chat_put_string(out, GW_STR("role"), GW_STR("assistant"));
    gw_chat_put_string(out, GW_STR("content"), GW_STR(""));
    return end(step);
}

static enum gw_status write_finish(struct step *step)
{
    const struct gw_event *event = step->event;
    struct gw_json_writer *out = begin(step);

    if (event->finish == GW_FINISH_REFUSAL && !step->writer->refused && event->explanation.raw.len)
        gw_chat_put_text(out, GW_STR("refusal"), event->explanation);
    gw_json_write_end_object(out);
    add(step, GW_STR(",\"finish_reason\":\""));
    add(step, gw_chat_finish_name(event->finish, step->writer->refused,
                                  step->context->request->legacy_functions));
    add_tail(step, GW_STR("\"}]"));
    return step->json.status;
}

static enum gw_status write_end(struct step *step)
{
    gw_json_write_init(&step->json, step->out);
    if (step->writer->failed)
        return GW_OK;
    if (step->context->request->include_usage) {
        add(step, step->writer->head);
        add(step, GW_STR("\"choices\":[],\"usage\":"));
        gw_chat_write_usage(&step->json, &step->writer->usage);
        add(step, GW_STR("}\n\n"));
    }
    add(step, GW_STR("data: [DONE]\n\n"));
    return step->json.status;
}

static enum gw_status write_failure(struct step *step)
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
    struct step step = {writer, event, context, scratch, keep, out, {0}};
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
        return status == GW_OK && writer->kind == GW_BLOCK_TOOL ? end_call(&step) : status;
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
