#include "wire/json_edit.h"

#define SPLICES_FIRST 16u

void gw_json_edits_init(struct gw_json_edits *edits, const struct gw_json *json,
                        struct gw_arena *arena)
{
    *edits = (struct gw_json_edits){.json = json, .arena = arena, .status = GW_OK};
}

static bool has_room(struct gw_json_edits *edits)
{
    if (edits->count < edits->room)
        return true;
    unsigned room = edits->room ? edits->room * 2 : SPLICES_FIRST;
    struct gw_splice *more = gw_arena_alloc(edits->arena, room * sizeof *more);
    if (!more)
        return false;
    if (edits->count)
        memcpy(more, edits->splices, edits->count * sizeof *more);
    edits->splices = more;
    edits->room = room;
    return true;
}

void gw_json_edit(struct gw_json_edits *edits, uint64_t at, uint64_t len, struct gw_str with)
{
    if (edits->status != GW_OK)
        return;
    if (!with.base || !has_room(edits)) {
        edits->status = GW_NO_MEMORY;
        return;
    }
    unsigned i = edits->count++;
    for (; i > 0 && edits->splices[i - 1].at > at; i--)
        edits->splices[i] = edits->splices[i - 1];
    edits->splices[i] = (struct gw_splice){at, len, with};
}

void gw_json_edit_replace(struct gw_json_edits *edits, uint32_t token, struct gw_str with)
{
    const struct gw_json_token *old = &edits->json->tokens[token];

    gw_json_edit(edits, old->begin, old->end - old->begin, with);
}

bool gw_json_edit_members(struct gw_json_edits *edits, uint32_t object, struct gw_str key,
                          struct gw_str with)
{
    struct gw_json_iter iter = gw_json_iter(edits->json, object);
    uint32_t name, value;
    bool found = false;

    while (gw_json_next_member(edits->json, &iter, &name, &value))
        if (gw_json_equals(edits->json, name, key)) {
            gw_json_edit_replace(edits, value, with);
            found = true;
        }
    return found;
}

void gw_json_edit_append(struct gw_json_edits *edits, uint32_t object, struct gw_str key,
                         struct gw_str value)
{
    const char *comma = gw_json_count(edits->json, object) ? "," : "";

    gw_json_edit(edits, edits->json->tokens[object].end - 1u, 0,
                 gw_arena_printf(edits->arena, "%s\"%.*s\":%.*s", comma, GW_STR_ARG(key),
                                 GW_STR_ARG(value)));
}

void gw_json_cut_element(struct gw_json_cut *cut, uint32_t begin, uint32_t end, bool goes)
{
    if (cut->open) /* nothing before it stays: the comma behind it goes */
        gw_json_edit(cut->edits, cut->from, begin - cut->from, GW_STR(""));
    cut->open = false;
    if (goes && cut->kept)
        gw_json_edit(cut->edits, cut->end, end - cut->end, GW_STR(""));
    else if (goes) {
        cut->open = true;
        cut->from = begin;
    }
    cut->kept = cut->kept || !goes;
    cut->any = true;
    cut->end = end;
}

void gw_json_cut_end(struct gw_json_cut *cut)
{
    if (cut->open)
        gw_json_edit(cut->edits, cut->from, cut->end - cut->from, GW_STR(""));
    cut->open = false;
}

enum gw_status gw_splices_apply(struct gw_str text, const struct gw_splice *splices, unsigned count,
                                struct gw_buf *out)
{
    enum gw_status status = GW_OK;
    size_t at = 0;

    for (unsigned i = 0; i < count && status == GW_OK; i++) {
        status = gw_buf_add(out, (struct gw_str){text.base + at, (size_t)splices[i].at - at});
        if (status == GW_OK)
            status = gw_buf_add(out, splices[i].with);
        at = (size_t)(splices[i].at + splices[i].len);
    }
    return status == GW_OK ? gw_buf_add(out, gw_str_from(text, at)) : status;
}
