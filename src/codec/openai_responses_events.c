/* A stream from an upstream as events (translation.md §6.3).
 *
 * Items come one after the other as a rule, but nothing says that they must. The first one that is not closed
 * streams; what comes of others is passed over, and they are told whole, from their output_item.done, when it is
 * their turn. */
#include "codec/openai_responses_private.h"

#define KEPT_BYTES_MAX ((size_t)16 << 20)

static const struct gw_text no_text = {{NULL, 0}};
static const struct gw_str no_json = {NULL, 0};

static int64_t output_index(const struct gw_responses_step *in)
{
    int64_t index;

    return gw_json_int64(&in->json, gw_json_get(&in->json, 0, GW_STR("output_index")), &index)
               ? index
               : -1;
}

/* The entry that an event speaks of; a new one when none was announced. NULL when out of memory. */
static struct gw_responses_entry *entry_of(struct gw_responses_step *in)
{
    struct gw_str id = gw_json_raw(&in->json, gw_json_get(&in->json, 0, GW_STR("item_id")));
    int64_t index = output_index(in);
    struct gw_responses_entry *entry = gw_responses_find_entry(in->reader, index, id);

    if (entry && !(entry->closed && index < 0 && !id.len))
        return entry;
    return gw_responses_add_entry(in, index, id);
}

/* Whether what comes of it goes out now. */
static bool is_current(struct gw_responses_step *in, struct gw_responses_entry *entry)
{
    if (entry->closed)
        return false;
    if (entry != in->reader->current)
        entry->missed = true;
    return !entry->missed;
}

/* ---- events of items ---- */

static bool keep_text(struct gw_text *text_out, struct gw_text text, struct gw_arena *arena)
{
    if (!gw_text_present(text))
        return true;
    text_out->raw = gw_arena_str(arena, text.raw);
    return gw_text_present(*text_out);
}

static enum gw_status on_item_added(struct gw_responses_step *in)
{
    const struct gw_json *json = &in->json;
    uint32_t item = gw_json_get(json, 0, GW_STR("item"));
    struct gw_text type = text_at(json, item, GW_STR("type"));
    struct gw_text id = text_at(json, item, GW_STR("id"));
    struct gw_responses_entry *entry = NULL;

    if (output_index(in) >= 0 || id.raw.len)
        entry = gw_responses_find_entry(in->reader, output_index(in), id.raw);
    if (!entry)
        entry = gw_responses_add_entry(in, output_index(in), id.raw);
    if (!entry)
        return GW_NO_MEMORY;
    entry->custom = gw_text_equals(type, GW_STR("custom_tool_call"));
    entry->call = entry->custom || gw_text_equals(type, GW_STR("function_call"));
    if (!entry->call || entry->seen.open)
        return GW_OK;
    if (!keep_text(&entry->call_id, text_at(json, item, GW_STR("call_id")), in->keep) ||
        !keep_text(&entry->name, text_at(json, item, GW_STR("name")), in->keep))
        return GW_NO_MEMORY;
    return entry == in->reader->current ? gw_responses_begin_call(in, entry) : GW_OK;
}

static enum gw_status on_item_done(struct gw_responses_step *in)
{
    const struct gw_json *json = &in->json;
    uint32_t item = gw_json_get(json, 0, GW_STR("item"));
    struct gw_str id = gw_json_raw(json, gw_json_get(json, item, GW_STR("id")));
    struct gw_responses_entry *entry = gw_responses_find_entry(in->reader, output_index(in), id);
    struct gw_str whole = gw_json_slice(json, item);
    enum gw_status status;

    if (gw_json_type(json, item) != GW_JSON_IS_OBJECT)
        return GW_OK;
    if (!entry)
        entry = gw_responses_add_entry(in, output_index(in), id);
    if (!entry)
        return GW_NO_MEMORY;
    if (entry->closed || entry->done.base)
        return GW_OK;
    if (entry == in->reader->current) {
        status = gw_responses_end_entry(in, entry, json, item);
        return status == GW_OK ? gw_responses_move_on(in) : status;
    }
    in->reader->kept += whole.len;
    if (in->reader->kept > KEPT_BYTES_MAX)
        return gw_responses_tell_failure(&in->teller, "upstream_protocol",
                                         "upstream mixes more items than can be kept");
    entry->done = gw_arena_str(in->keep, whole);
    return entry->done.base ? GW_OK : GW_NO_MEMORY;
}

/* The part of a message that an event speaks of is begun. */
static enum gw_status begin_part(struct gw_responses_step *in, struct gw_responses_entry *entry,
                                 enum gw_block_kind kind)
{
    struct gw_responses_seen *seen = &entry->seen;
    enum gw_status status;
    int64_t index;

    if (!gw_json_int64(&in->json, gw_json_get(&in->json, 0, GW_STR("content_index")), &index) ||
        index < 0 || index >= UINT32_MAX)
        index = seen->parts ? seen->parts - 1 : 0;
    if (holds(&in->teller, seen, kind) && (uint64_t)index + 1 == seen->parts)
        return GW_OK;
    status = gw_responses_tell_closed(&in->teller, seen);
    if (status != GW_OK)
        return status;
    *seen = (struct gw_responses_seen){.open = true, .parts = (unsigned)index + 1};
    return gw_responses_tell_block(&in->teller, kind, no_text, no_text, false);
}

static enum gw_status said(struct gw_responses_step *in, enum gw_block_kind kind,
                           enum gw_delta_kind delta)
{
    const struct gw_json *json = &in->json;
    struct gw_text text = text_at(json, 0, GW_STR("delta"));
    uint32_t logprobs = gw_json_get(json, 0, GW_STR("logprobs"));
    bool marked = kind == GW_BLOCK_TEXT && gw_json_type(json, logprobs) == GW_JSON_IS_ARRAY &&
                  gw_json_count(json, logprobs);
    struct gw_responses_entry *entry = entry_of(in);
    enum gw_status status;

    if (!entry)
        return GW_NO_MEMORY;
    if ((!text.raw.len && !marked) || !is_current(in, entry))
        return GW_OK;
    status = begin_part(in, entry, kind);
    if (status == GW_OK && text.raw.len) {
        entry->seen.units += gw_responses_units(text);
        status = gw_responses_tell_delta(&in->teller, delta, text, no_json);
    }
    if (status != GW_OK || !marked)
        return status;
    entry->seen.logprobs = true;
    return gw_responses_tell_delta(&in->teller, GW_DELTA_LOGPROBS, no_text,
                                   gw_json_slice(json, logprobs));
}

static enum gw_status on_text_delta(struct gw_responses_step *in)
{
    return said(in, GW_BLOCK_TEXT, GW_DELTA_TEXT);
}

static enum gw_status on_refusal_delta(struct gw_responses_step *in)
{
    return said(in, GW_BLOCK_REFUSAL, GW_DELTA_REFUSAL);
}

static enum gw_status said_all(struct gw_responses_step *in, enum gw_block_kind kind,
                               enum gw_delta_kind delta, struct gw_str member)
{
    struct gw_text final = text_at(&in->json, 0, member);
    struct gw_responses_entry *entry = entry_of(in);
    enum gw_status status;

    if (!entry)
        return GW_NO_MEMORY;
    if (!final.raw.len || !is_current(in, entry))
        return GW_OK;
    status = begin_part(in, entry, kind);
    return status == GW_OK ? gw_responses_tell_text_rest(&in->teller, &entry->seen, delta, final)
                           : status;
}

static enum gw_status on_text_done(struct gw_responses_step *in)
{
    return said_all(in, GW_BLOCK_TEXT, GW_DELTA_TEXT, GW_STR("text"));
}

static enum gw_status on_refusal_done(struct gw_responses_step *in)
{
    return said_all(in, GW_BLOCK_REFUSAL, GW_DELTA_REFUSAL, GW_STR("refusal"));
}

static enum gw_status on_annotation(struct gw_responses_step *in)
{
    struct gw_responses_entry *entry = entry_of(in);
    struct gw_str annotation = gw_responses_slice_at(&in->json, 0, GW_STR("annotation"));

    if (!entry)
        return GW_NO_MEMORY;
    if (!annotation.base || !is_current(in, entry) ||
        !holds(&in->teller, &entry->seen, GW_BLOCK_TEXT))
        return GW_OK;
    entry->seen.annotations++;
    return gw_responses_tell_delta(&in->teller, GW_DELTA_ANNOTATION, no_text, annotation);
}

/* ---- reasoning ---- */

/* An item has a summary or its text; where both come, the first that does is told. */
static enum gw_status thought(struct gw_responses_step *in, bool summary, struct gw_str part_key)
{
    const struct gw_json *json = &in->json;
    struct gw_text text = text_at(json, 0, GW_STR("delta"));
    struct gw_responses_entry *entry = entry_of(in);
    struct gw_responses_seen *seen;
    enum gw_status status = GW_OK;
    int64_t index;

    if (!entry)
        return GW_NO_MEMORY;
    seen = &entry->seen;
    if (!text.raw.len || !is_current(in, entry) || (summary ? seen->content : seen->summary))
        return GW_OK;
    if (!gw_json_int64(json, gw_json_get(json, 0, part_key), &index) || index < 0)
        index = (int64_t)seen->summary_index;
    if (!holds(&in->teller, seen, GW_BLOCK_REASONING)) {
        status = gw_responses_tell_closed(&in->teller, seen);
        if (status == GW_OK)
            status = gw_responses_tell_block(&in->teller, GW_BLOCK_REASONING,
                                             text_at(json, 0, GW_STR("item_id")), no_text, false);
    } else if ((uint64_t)index != seen->summary_index) {
        seen->units += 2;
        status =
            gw_responses_tell_delta(&in->teller, GW_DELTA_REASONING, GW_TEXT("\\n\\n"), no_json);
    }
    seen->open = true;
    seen->summary = summary;
    seen->content = !summary;
    seen->summary_index = (uint64_t)index;
    seen->units += gw_responses_units(text);
    return status == GW_OK ? gw_responses_tell_delta(&in->teller, GW_DELTA_REASONING, text, no_json)
                           : status;
}

static enum gw_status on_summary_delta(struct gw_responses_step *in)
{
    return thought(in, true, GW_STR("summary_index"));
}

static enum gw_status on_reasoning_delta(struct gw_responses_step *in)
{
    return thought(in, false, GW_STR("content_index"));
}

/* ---- calls ---- */

static enum gw_status on_arguments_delta(struct gw_responses_step *in)
{
    struct gw_text text = text_at(&in->json, 0, GW_STR("delta"));
    struct gw_responses_entry *entry = entry_of(in);

    if (!entry)
        return GW_NO_MEMORY;
    if (!text.raw.len || !is_current(in, entry))
        return GW_OK;
    if (!holds(&in->teller, &entry->seen, GW_BLOCK_TOOL)) { /* whose call it is has not been said */
        entry->missed = true;
        return GW_OK;
    }
    entry->seen.units += gw_responses_units(text);
    return gw_responses_tell_delta(&in->teller, GW_DELTA_ARGUMENTS, text, no_json);
}

static enum gw_status on_arguments_done(struct gw_responses_step *in)
{
    struct gw_responses_entry *entry = entry_of(in);
    struct gw_text final;

    if (!entry)
        return GW_NO_MEMORY;
    final = text_at(&in->json, 0, entry->custom ? GW_STR("input") : GW_STR("arguments"));
    if (!is_current(in, entry) || !holds(&in->teller, &entry->seen, GW_BLOCK_TOOL))
        return GW_OK;
    return gw_responses_tell_text_rest(&in->teller, &entry->seen, GW_DELTA_ARGUMENTS, final);
}

/* ---- the response ---- */

static enum gw_status on_response(struct gw_responses_step *in)
{
    return gw_responses_tell_start(&in->teller, &in->json,
                                   gw_json_get(&in->json, 0, GW_STR("response")));
}

static enum gw_status on_end(struct gw_responses_step *in)
{
    uint32_t response = gw_json_get(&in->json, 0, GW_STR("response"));
    struct gw_text state = text_at(&in->json, response, GW_STR("status"));
    enum gw_status status = GW_OK;

    /* A failed response has no more to tell. */
    if (!gw_text_equals(state, GW_STR("failed")) && !gw_text_equals(state, GW_STR("cancelled"))) {
        status = on_response(in);
        if (status == GW_OK)
            status =
                gw_responses_match_output(in, gw_json_get(&in->json, response, GW_STR("output")));
        if (status == GW_OK)
            status = gw_responses_tell_remaining(in);
    }
    return status == GW_OK ? gw_responses_tell_end(&in->teller, &in->json, response) : status;
}

static enum gw_status on_failed(struct gw_responses_step *in)
{
    return gw_responses_tell_error(&in->teller, &in->json,
                                   gw_json_get(&in->json, 0, GW_STR("response")));
}

/* ---- the stream ---- */

/* Types of events, without "response."; all others tell nothing that these do not. */
static const struct {
    struct gw_str type;
    bool starts; /* it belongs to an answer that has begun */
    enum gw_status (*on)(struct gw_responses_step *in);
} event_types[] = {
    {GW_STR_INIT("output_text.delta"), true, on_text_delta},
    {GW_STR_INIT("function_call_arguments.delta"), true, on_arguments_delta},
    {GW_STR_INIT("reasoning_summary_text.delta"), true, on_summary_delta},
    {GW_STR_INIT("reasoning_text.delta"), true, on_reasoning_delta},
    {GW_STR_INIT("refusal.delta"), true, on_refusal_delta},
    {GW_STR_INIT("custom_tool_call_input.delta"), true, on_arguments_delta},
    {GW_STR_INIT("output_item.added"), true, on_item_added},
    {GW_STR_INIT("output_item.done"), true, on_item_done},
    {GW_STR_INIT("output_text.done"), true, on_text_done},
    {GW_STR_INIT("refusal.done"), true, on_refusal_done},
    {GW_STR_INIT("output_text.annotation.added"), true, on_annotation},
    {GW_STR_INIT("function_call_arguments.done"), true, on_arguments_done},
    {GW_STR_INIT("custom_tool_call_input.done"), true, on_arguments_done},
    {GW_STR_INIT("created"), false, on_response},
    {GW_STR_INIT("queued"), false, on_response},
    {GW_STR_INIT("in_progress"), false, on_response},
    {GW_STR_INIT("completed"), false, on_end},
    {GW_STR_INIT("incomplete"), false, on_end},
    {GW_STR_INIT("failed"), false, on_failed},
    {GW_STR_INIT("cancelled"), false, on_end},
};

static enum gw_status dispatch(struct gw_responses_step *in, struct gw_str type)
{
    static const struct gw_str prefix = GW_STR_INIT("response.");
    struct gw_text own = text_at(&in->json, 0, GW_STR("type"));
    enum gw_status status = GW_OK;

    if (gw_text_present(own))
        type = own.raw;
    if (gw_str_eq(type, GW_STR("error")) ||
        (!gw_str_starts(type, prefix) &&
         gw_responses_member(&in->json, 0, GW_STR("error")) != GW_JSON_ABSENT))
        return gw_responses_tell_error(&in->teller, &in->json, 0);
    if (!gw_str_starts(type, prefix))
        return GW_OK;
    type = gw_str_from(type, prefix.len);
    for (size_t i = 0; i < GW_COUNT(event_types); i++)
        if (gw_str_eq(type, event_types[i].type)) {
            if (event_types[i].starts)
                status = gw_responses_tell_start(&in->teller, &in->json, GW_JSON_ABSENT);
            return status == GW_OK ? event_types[i].on(in) : status;
        }
    return GW_OK;
}

enum gw_status gw_responses_read_event(void *state, struct gw_str type, struct gw_str data,
                                       struct gw_arena *scratch, struct gw_arena *keep,
                                       gw_event_fn *on_event, void *arg, struct gw_err *err)
{
    struct gw_responses_reader *reader = state;
    struct gw_responses_step in = {
        .reader = reader, .teller = {&reader->told, scratch, on_event, arg}, .keep = keep};
    enum gw_status status;

    if (reader->told.ended)
        return GW_EOF;
    data = gw_str_trim(data);
    if (!data.len || gw_str_eq(data, GW_STR("[DONE]")))
        return GW_OK;
    status = gw_json_read(data, scratch, GW_RESPONSES_TOKENS_MAX, &in.json, err);
    if (status != GW_OK)
        return status == GW_NO_MEMORY ? status : GW_INVALID;
    status = dispatch(&in, type);
    return status == GW_OK && reader->told.ended ? GW_EOF : status;
}

enum gw_status gw_responses_read_end(void *state, struct gw_arena *scratch, struct gw_arena *keep,
                                     gw_event_fn *on_event, void *arg, struct gw_err *err)
{
    struct gw_responses_reader *reader = state;
    struct gw_responses_teller teller = {&reader->told, scratch, on_event, arg};

    (void)keep;
    (void)err;
    if (reader->told.ended)
        return GW_OK;
    return gw_responses_tell_failure(&teller, "stream_truncated",
                                     "upstream stream ended before completion");
}
