/* Text that grows piece by piece, and slices of JSON as a response takes them. */
#include "codec/openai_responses_private.h"

#define CHUNK_BYTES_MIN 256u
#define CHUNK_BYTES_MAX 65536u

static struct gw_responses_chunk *add_chunk(struct gw_responses_pieces *pieces,
                                            struct gw_arena *arena)
{
    struct gw_responses_chunk *chunk = gw_arena_zalloc(arena, sizeof(*chunk));

    if (!chunk)
        return NULL;
    if (pieces->last)
        pieces->last->next = chunk;
    else
        pieces->first = chunk;
    pieces->last = chunk;
    return chunk;
}

enum gw_status gw_responses_borrow(struct gw_responses_pieces *pieces, struct gw_str bytes,
                                   struct gw_arena *arena)
{
    struct gw_responses_chunk *chunk;

    if (bytes.len == 0)
        return GW_OK;
    chunk = add_chunk(pieces, arena);
    if (!chunk)
        return GW_NO_MEMORY;
    chunk->base = bytes.base;
    chunk->len = bytes.len;
    pieces->len += bytes.len;
    return GW_OK;
}

enum gw_status gw_responses_add(struct gw_responses_pieces *pieces, struct gw_str bytes,
                                struct gw_arena *arena)
{
    struct gw_responses_chunk *last = pieces->last;

    if (bytes.len == 0)
        return GW_OK;
    if (!last || last->room - last->len < bytes.len) {
        size_t room = pieces->len < CHUNK_BYTES_MIN   ? CHUNK_BYTES_MIN
                      : pieces->len < CHUNK_BYTES_MAX ? pieces->len
                                                      : CHUNK_BYTES_MAX;
        if (room < bytes.len)
            room = bytes.len;
        char *base = gw_arena_bytes(arena, room);
        last = base ? add_chunk(pieces, arena) : NULL;
        if (!last)
            return GW_NO_MEMORY;
        last->base = base;
        last->room = room;
    }
    memcpy((char *)last->base + last->len, bytes.base, bytes.len);
    last->len += bytes.len;
    pieces->len += bytes.len;
    return GW_OK;
}

struct gw_text gw_responses_join(const struct gw_responses_pieces *pieces, struct gw_arena *arena)
{
    size_t at = 0;

    if (!pieces->first)
        return GW_TEXT("");
    if (pieces->first == pieces->last)
        return (struct gw_text){{pieces->first->base, pieces->first->len}};
    char *base = gw_arena_bytes(arena, pieces->len);
    if (!base)
        return (struct gw_text){{NULL, 0}};
    for (const struct gw_responses_chunk *chunk = pieces->first; chunk; chunk = chunk->next) {
        memcpy(base + at, chunk->base, chunk->len);
        at += chunk->len;
    }
    return (struct gw_text){{base, at}};
}

struct gw_text gw_responses_texts(const struct gw_json *json, uint32_t array,
                                  struct gw_arena *arena)
{
    struct gw_json_iter iter = gw_json_iter(json, array);
    struct gw_responses_pieces pieces = {0};
    enum gw_status status = GW_OK;
    uint32_t each;

    while (status == GW_OK && gw_json_next(json, &iter, &each)) {
        struct gw_text text = text_at(json, each, GW_STR("text"));
        if (text.raw.len && pieces.len)
            status = gw_responses_borrow(&pieces, GW_STR("\\n\\n"), arena);
        if (status == GW_OK)
            status = gw_responses_borrow(&pieces, text.raw, arena);
    }
    if (status != GW_OK)
        return (struct gw_text){{NULL, 0}};
    return gw_responses_join(&pieces, arena);
}

/* ---- slices of JSON ---- */

struct gw_str gw_responses_line(struct gw_str json, struct gw_arena *arena)
{
    size_t len = 0;

    if (!memchr(json.base, '\n', json.len) && !memchr(json.base, '\r', json.len))
        return json;
    char *base = gw_arena_bytes(arena, json.len);
    if (!base)
        return (struct gw_str){NULL, 0};
    /* They stand between tokens only, where none is needed: a string has no raw line end. */
    for (size_t i = 0; i < json.len; i++)
        if (json.base[i] != '\n' && json.base[i] != '\r')
            base[len++] = json.base[i];
    return (struct gw_str){base, len};
}

struct gw_str gw_responses_slice_at(const struct gw_json *json, uint32_t object, struct gw_str key)
{
    uint32_t value = gw_json_get(json, object, key);

    if (gw_json_type(json, value) == GW_JSON_IS_NULL)
        return (struct gw_str){NULL, 0};
    return gw_json_slice(json, value);
}
