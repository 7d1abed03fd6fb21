/* Items of an upstream's stream, which may come mixed: whose turn it is, and what waits (translation.md §6.3). */
#include "codec/openai_responses_private.h"

static bool is_entry(const struct gw_responses_entry *entry, int64_t index, struct gw_str id)
{
    if (index >= 0 && entry->output_index >= 0)
        return entry->output_index == index;
    return id.len && gw_str_eq(entry->id, id);
}

struct gw_responses_entry *gw_responses_find_entry(struct gw_responses_reader *reader,
                                                   int64_t index, struct gw_str id)
{
    struct gw_responses_entry *entry = reader->current;

    if (entry && is_entry(entry, index, id))
        return entry;
    entry = reader->last; /* nearly always one of these two */
    if (entry && is_entry(entry, index, id))
        return entry;
    for (entry = reader->entries; entry; entry = entry->next)
        if (is_entry(entry, index, id))
            return entry;
    /* Nothing says which one is meant: the latest. */
    return index < 0 && !id.len ? reader->last : NULL;
}

/* NULL when out of memory. */
struct gw_responses_entry *gw_responses_add_entry(struct gw_responses_step *in, int64_t index,
                                                  struct gw_str id)
{
    struct gw_responses_reader *reader = in->reader;
    struct gw_responses_entry *entry = gw_arena_zalloc(in->keep, sizeof(*entry));

    if (!entry)
        return NULL;
    entry->output_index = index;
    if (id.len) {
        entry->id = gw_arena_str(in->keep, id);
        if (!entry->id.base)
            return NULL;
    }
    if (reader->last)
        reader->last->next = entry;
    else
        reader->entries = entry;
    reader->last = entry;
    if (!reader->current)
        reader->current = entry;
    return entry;
}

enum gw_status gw_responses_begin_call(struct gw_responses_step *in,
                                       struct gw_responses_entry *entry)
{
    if (!entry->call || entry->seen.open || entry->missed || !entry->name.raw.len)
        return GW_OK;
    entry->seen.open = true;
    return gw_responses_tell_block(&in->teller, GW_BLOCK_TOOL, entry->call_id, entry->name,
                                   entry->custom);
}

enum gw_status gw_responses_end_entry(struct gw_responses_step *in,
                                      struct gw_responses_entry *entry, const struct gw_json *json,
                                      uint32_t item)
{
    entry->closed = true;
    return gw_responses_tell_rest(&in->teller, &entry->seen, json, item);
}

static enum gw_status finish_kept(struct gw_responses_step *in, struct gw_responses_entry *entry)
{
    struct gw_json json;
    enum gw_status status =
        gw_json_read(entry->done, in->teller.arena, GW_RESPONSES_TOKENS_MAX, &json, NULL);

    return status == GW_OK ? gw_responses_end_entry(in, entry, &json, 0) : status;
}

/* The current item is closed: those behind it have their turn. */
enum gw_status gw_responses_move_on(struct gw_responses_step *in)
{
    struct gw_responses_reader *reader = in->reader;
    enum gw_status status = GW_OK;

    while (status == GW_OK && reader->current && reader->current->closed) {
        reader->current = reader->current->next;
        if (!reader->current)
            break;
        if (reader->current->done.base)
            status = finish_kept(in, reader->current);
        else
            status = gw_responses_begin_call(in, reader->current);
    }
    return status;
}

/* Which item of the final output is which of those that came up; new ones are added. */
enum gw_status gw_responses_match_output(struct gw_responses_step *in, uint32_t output)
{
    struct gw_json_iter iter = gw_json_iter(&in->json, output);
    struct gw_responses_entry *at = in->reader->entries;
    int64_t index = 0;
    uint32_t item;

    for (; gw_json_next(&in->json, &iter, &item); index++) {
        struct gw_str id = gw_json_raw(&in->json, gw_json_get(&in->json, item, GW_STR("id")));
        struct gw_responses_entry *entry = gw_responses_find_entry(in->reader, index, id);
        if (!entry && at && at->output_index < 0 && !at->id.len)
            entry = at; /* nothing but its place says which it is */
        if (!entry)
            entry = gw_responses_add_entry(in, index, id);
        if (!entry)
            return GW_NO_MEMORY;
        entry->final_item = item;
        at = at ? at->next : NULL;
    }
    return GW_OK;
}

enum gw_status gw_responses_tell_remaining(struct gw_responses_step *in)
{
    enum gw_status status = GW_OK;

    for (struct gw_responses_entry *entry = in->reader->current; entry && status == GW_OK;
         entry = entry->next) {
        if (entry->closed)
            continue;
        if (entry->done.base)
            status = finish_kept(in, entry);
        else if (entry->final_item)
            status = gw_responses_end_entry(in, entry, &in->json, entry->final_item);
        else if (entry->seen.open)
            status = gw_responses_tell_stop(&in->teller);
        entry->closed = true;
    }
    in->reader->current = NULL;
    return status;
}
