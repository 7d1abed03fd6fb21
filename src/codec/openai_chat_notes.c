/*
 * Annotations for a caller (translation.md §5.2), whoever made them: where they stand in the text of the message,
 * which is that of all its blocks, one behind the other.
 */
#include "codec/openai_chat_private.h"

/* A block's text within the message's, in code points. */
struct span {
    uint64_t start, end;
};

/* A place that the upstream told counts from the start of its block; one that tells none speaks of the block. */
static void place(struct gw_chat_note *note, const struct gw_json *json, uint32_t from,
                  struct span span)
{
    int64_t start, end;

    note->placed = true;
    note->start = span.start;
    note->end = span.end;
    if (gw_json_int64(json, gw_json_get(json, from, GW_STR("start_index")), &start) &&
        gw_json_int64(json, gw_json_get(json, from, GW_STR("end_index")), &end) && start >= 0 &&
        end >= start) {
        note->start = span.start + (uint64_t)start; /* both are less than 2^63 */
        note->end = span.start + (uint64_t)end;
    }
}

/* @return false: chat has no such thing */
static bool read_note(const struct gw_json *json, uint32_t annotation, enum gw_family family,
                      struct span span, struct gw_chat_note *note_out)
{
    uint32_t nested = gw_chat_member(json, annotation, GW_STR("url_citation"));
    uint32_t from = nested == GW_JSON_ABSENT ? annotation : nested;
    struct gw_chat_note note = {
        .url = gw_chat_filled(json, from, GW_STR("url")),
        .title = gw_chat_text(json, from, GW_STR("title")),
    };

    if (family == GW_FAMILY_PLAIN || nested != GW_JSON_ABSENT)
        note.raw = gw_json_slice(json, annotation);
    place(&note, json, from, span);
    *note_out = note;
    return note.raw.base || gw_text_present(note.url);
}

void gw_chat_write_note(struct gw_json_writer *out, const struct gw_chat_note *note)
{
    if (note->raw.base) {
        gw_chat_write_line(out, note->raw);
        return;
    }
    gw_json_write_begin_object(out);
    gw_chat_put_string(out, GW_STR("type"), GW_STR("url_citation"));
    gw_chat_put_object(out, GW_STR("url_citation"));
    if (note->placed) {
        gw_json_write_key(out, GW_STR("start_index"));
        gw_json_write_uint64(out, note->start);
        gw_json_write_key(out, GW_STR("end_index"));
        gw_json_write_uint64(out, note->end);
    }
    gw_chat_put_text(out, GW_STR("url"), note->url);
    gw_chat_put_text(out, GW_STR("title"),
                     gw_text_present(note->title) ? note->title : GW_TEXT(""));
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
}

/* ---- of a whole answer ---- */

/* Reads the inside of an array. */
static enum gw_status read_inside(struct gw_str inside, struct gw_arena *arena,
                                  struct gw_json *json_out)
{
    char *whole =
        inside.len < GW_ARENA_ALLOC_MAX / 2 ? gw_arena_bytes(arena, inside.len + 2) : NULL;

    if (!whole)
        return GW_NO_MEMORY;
    whole[0] = '[';
    memcpy(whole + 1, inside.base, inside.len);
    whole[inside.len + 1] = ']';
    return gw_json_read((struct gw_str){whole, inside.len + 2}, arena, GW_CHAT_TOKENS_MAX, json_out,
                        NULL);
}

static bool has_notes(const struct gw_answer *answer)
{
    for (const struct gw_block *block = answer->blocks; block; block = block->next)
        if (block->annotations.base)
            return true;
    return false;
}

/* @param any  whether the array has been begun */
static enum gw_status put_block(const struct gw_answer *answer, const struct gw_block *block,
                                struct span span, struct gw_json_writer *out, bool *any)
{
    struct gw_json json;
    struct gw_chat_note note;
    uint32_t element;
    enum gw_status status = read_inside(block->annotations, answer->arena, &json);

    if (status != GW_OK)
        return status == GW_NO_MEMORY ? status : GW_OK;
    struct gw_json_iter iter = gw_json_iter(&json, 0);
    while (gw_json_next(&json, &iter, &element)) {
        if (!read_note(&json, element, block->family, span, &note))
            continue;
        if (!*any)
            gw_chat_put_array(out, GW_STR("annotations"));
        *any = true;
        gw_chat_write_note(out, &note);
    }
    return GW_OK;
}

enum gw_status gw_chat_put_notes(const struct gw_answer *answer, struct gw_json_writer *out)
{
    struct span span = {0, 0};
    bool any = false;

    if (!has_notes(answer)) /* else the text has to be counted */
        return GW_OK;
    for (const struct gw_block *block = answer->blocks; block; block = block->next) {
        span.start = span.end;
        if (block->kind == GW_BLOCK_TEXT)
            span.end += gw_text_code_points(block->text);
        if (block->annotations.base && put_block(answer, block, span, out, &any) != GW_OK)
            return GW_NO_MEMORY;
    }
    if (any)
        gw_json_write_end_array(out);
    return GW_OK;
}

/* ---- of a stream ---- */

enum gw_status gw_chat_give_note(struct gw_chat_step *step)
{
    const struct gw_chat_writer *writer = step->writer;
    struct span span = {writer->said_before, writer->said};
    enum gw_family family =
        step->event->family == GW_FAMILY_NONE ? writer->family : step->event->family;
    struct gw_json json;
    struct gw_chat_note note;
    enum gw_status status =
        gw_json_read(step->event->json, step->scratch, GW_CHAT_TOKENS_MAX, &json, NULL);

    if (status != GW_OK)
        return status == GW_NO_MEMORY ? status : GW_OK;
    if (!read_note(&json, 0, family, span, &note))
        return GW_OK;
    struct gw_json_writer *out = gw_chat_begin_chunk(step);
    gw_chat_put_array(out, GW_STR("annotations"));
    gw_chat_write_note(out, &note);
    gw_json_write_end_array(out);
    return gw_chat_end_chunk(step);
}
