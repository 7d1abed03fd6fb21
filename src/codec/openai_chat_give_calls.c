/*
 * Calls in a stream to a caller (translation.md §6.4): one after the other, in the form that it asked for.
 */
#include "codec/openai_chat_private.h"

#include "model/arguments.h"

static enum gw_status keep(struct gw_chat_step *step, struct gw_text text)
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

enum gw_status gw_chat_begin_call(struct gw_chat_step *step)
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
    struct gw_json_writer *out = gw_chat_begin_chunk(step);
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
        gw_chat_put_state(out, &state);
    }
    return gw_chat_end_chunk(step);
}

/* What was kept, and `pieces` behind it. */
enum gw_status gw_chat_write_arguments(struct gw_chat_step *step,
                                       const struct gw_chat_pieces *pieces)
{
    struct gw_chat_writer *writer = step->writer;
    bool legacy = step->context->request->legacy_functions;
    struct gw_json_writer *out = gw_chat_begin_chunk(step);

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
    return gw_chat_end_chunk(step);
}

enum gw_status gw_chat_take_arguments(struct gw_chat_step *step)
{
    struct gw_chat_writer *writer = step->writer;
    struct gw_text text = step->event->text;
    struct gw_chat_pieces pieces;

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
    if (!gw_chat_take_text(writer, text, &pieces))
        return GW_OK;
    return gw_chat_write_arguments(step, &pieces);
}

enum gw_status gw_chat_end_call(struct gw_chat_step *step)
{
    struct gw_chat_writer *writer = step->writer;
    struct gw_arguments arguments = {.string = {{writer->kept, writer->kept_len}}};
    struct gw_chat_pieces pieces = {.first = GW_TEXT(""), .rest = GW_TEXT("{}")};

    if (writer->silent)
        return GW_OK;
    if (writer->unwraps) {
        if (!writer->kept_len)
            arguments.string = GW_TEXT("");
        pieces.rest = gw_arguments_to_custom(&arguments, step->scratch);
        writer->kept_len = 0;
        if (!gw_text_present(pieces.rest))
            return GW_NO_MEMORY;
        return pieces.rest.raw.len ? gw_chat_write_arguments(step, &pieces) : GW_OK;
    }
    if (writer->any || writer->custom)
        return GW_OK;
    writer->kept_len = 0;
    return gw_chat_write_arguments(step, &pieces);
}
