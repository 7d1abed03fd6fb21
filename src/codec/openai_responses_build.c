/* How a response grows, block by block: items, their parts and their ids. Nothing is written here. */
#include "codec/openai_responses_private.h"

#include "model/arguments.h"
#include "model/carrier.h"
#include "model/names.h"
#include "wire/json_string.h"

/* Of the response's id, in the ids of its items. */
#define ID_TAIL_BYTES 40u

/* ---- items ---- */

bool gw_responses_joins(const struct gw_responses_item *item,
                        const struct gw_responses_block *block)
{
    if (!item || item->done)
        return false;
    if (item->kind == GW_RESPONSES_MESSAGE)
        return block->kind == GW_BLOCK_TEXT || block->kind == GW_BLOCK_REFUSAL;
    /* One item of OpenAI's comes as two blocks: what can be read of it, and what cannot. */
    return item->kind == GW_RESPONSES_REASONING && block->kind == GW_BLOCK_REDACTED &&
           item->family == GW_FAMILY_OPENAI && block->family == GW_FAMILY_OPENAI &&
           !gw_text_present(item->data) && !gw_text_present(item->signature);
}

/* "msg_gw0_" and what tells this response from others: request readers know it by "gw" (§3.2). */
static struct gw_str item_id(const struct gw_responses_response *response, const char *prefix,
                             struct gw_arena *arena)
{
    struct gw_str tail = response->id.raw;

    if (gw_str_starts(tail, GW_STR("resp_")))
        tail = gw_str_from(tail, 5);
    if (tail.len > ID_TAIL_BYTES)
        tail = gw_str_from(tail, tail.len - ID_TAIL_BYTES);
    return gw_arena_printf(arena, "%s_gw%u_%.*s", prefix, response->count, GW_STR_ARG(tail));
}

static struct gw_responses_item *add_item(struct gw_responses_response *response,
                                          enum gw_responses_item_kind kind, const char *prefix,
                                          struct gw_arena *arena)
{
    struct gw_responses_item *item = gw_arena_zalloc(arena, sizeof(*item));

    if (!item)
        return NULL;
    item->kind = kind;
    item->index = response->count;
    item->id = item_id(response, prefix, arena);
    if (!item->id.base)
        return NULL;
    response->count++;
    if (response->last)
        response->last->next = item;
    else
        response->items = item;
    response->last = item;
    return item;
}

static enum gw_status add_part(struct gw_responses_response *response,
                               struct gw_responses_item *item, bool refusal, struct gw_arena *arena)
{
    struct gw_responses_part *part = gw_arena_zalloc(arena, sizeof(*part));

    if (!part)
        return GW_NO_MEMORY;
    part->refusal = refusal;
    if (item->last_part)
        item->last_part->next = part;
    else
        item->parts = part;
    item->last_part = part;
    item->parts_count++;
    response->parts_refused += refusal;
    return GW_OK;
}

/* A copy; an absent one stays absent. @return false when out of memory */
static bool keep_text(struct gw_text *text, struct gw_arena *arena)
{
    if (!gw_text_present(*text))
        return true;
    text->raw = gw_arena_str(arena, text->raw);
    return gw_text_present(*text);
}

/* What is left of a name behind its namespace; absent: it is in another one, or in none. */
static struct gw_str behind_space(struct gw_str name, struct gw_text space)
{
    static const struct gw_str between = GW_STR_INIT("__");
    struct gw_str rest;

    if (!space.raw.len || !gw_str_starts(name, space.raw))
        return (struct gw_str){NULL, 0};
    rest = gw_str_from(name, space.raw.len);
    if (!gw_str_starts(rest, between))
        return (struct gw_str){NULL, 0};
    return gw_str_from(rest, between.len);
}

/* The caller's tool of that name. Whoever wrote the request may have given it another one, with its namespace in
 * front. */
static const struct gw_tool *tool_of(const struct gw_request *request, struct gw_text name)
{
    const struct gw_tool *tool = request ? request->tools : NULL;

    for (; tool; tool = tool->next) {
        if (tool->kind == GW_TOOL_HOSTED)
            continue;
        struct gw_str own = gw_names_restore(request->names, tool->name).raw;
        struct gw_str rest = behind_space(name.raw, tool->space);
        if (gw_str_eq(own, name.raw) || (rest.base && gw_str_eq(own, rest)))
            break;
    }
    return tool;
}

static void split_name(struct gw_responses_item *item, const struct gw_tool *tool)
{
    struct gw_str rest = {NULL, 0};

    if (tool)
        rest = behind_space(item->name.raw, tool->space);
    if (!rest.base)
        return;
    item->space = tool->space;
    item->name.raw = rest;
}

/* A call's state of another family goes in front of it, in an item that callers give back (§2.7). */
static enum gw_status add_state(struct gw_responses_response *response,
                                const struct gw_responses_block *block, struct gw_text call_id,
                                struct gw_arena *arena)
{
    struct gw_part part = {
        .kind = GW_PART_TOOL_CALL, .family = GW_FAMILY_GEMINI, .id = call_id, .gsig = block->gsig};
    struct gw_responses_item *item = add_item(response, GW_RESPONSES_REASONING, "rs", arena);

    if (!item)
        return GW_NO_MEMORY;
    item->family = GW_FAMILY_GEMINI;
    item->encrypted = gw_carrier_write(&part, block->number, arena);
    item->done = true;
    response->state = item;
    return gw_text_present(item->encrypted) ? GW_OK : GW_NO_MEMORY;
}

static enum gw_status open_call(struct gw_responses_response *response,
                                const struct gw_responses_block *block,
                                const struct gw_answer_context *context, struct gw_arena *arena)
{
    const struct gw_tool *tool = tool_of(context->request, block->name);
    bool unwraps = block->tool == GW_TOOL_FUNCTION && tool && tool->kind == GW_TOOL_CUSTOM;
    bool custom = block->tool == GW_TOOL_CUSTOM || unwraps;
    struct gw_text id = block->id.raw.len
                            ? gw_call_id(block->id, GW_ID_RESPONSES, arena)
                            : gw_call_id_mint(GW_STR("call_"), context->seed, block->number, arena);
    struct gw_responses_item *item;

    if (!gw_text_present(id) || !keep_text(&id, arena))
        return GW_NO_MEMORY;
    if (block->gsig.raw.len && add_state(response, block, id, arena) != GW_OK)
        return GW_NO_MEMORY;
    item = add_item(response, GW_RESPONSES_CALL, custom ? "ctc" : "fc", arena);
    if (!item)
        return GW_NO_MEMORY;
    item->custom = custom;
    item->unwraps = unwraps;
    item->call_id = id;
    item->name = gw_text_present(block->name) ? block->name : GW_TEXT("");
    if (!keep_text(&item->name, arena))
        return GW_NO_MEMORY;
    split_name(item, tool);
    return GW_OK;
}

static bool has_id(const struct gw_responses_response *response, struct gw_str id)
{
    for (const struct gw_responses_item *item = response->items; item; item = item->next)
        if (gw_str_eq(item->id, id))
            return true;
    return false;
}

static enum gw_status open_reasoning(struct gw_responses_response *response,
                                     const struct gw_responses_block *block, struct gw_arena *arena)
{
    struct gw_responses_item *item = response->last;
    unsigned count = response->count;

    if (!gw_responses_joins(item, block))
        item = add_item(response, GW_RESPONSES_REASONING, "rs", arena);
    if (!item)
        return GW_NO_MEMORY;
    item->family = block->family == GW_FAMILY_NONE ? GW_FAMILY_PLAIN : block->family;
    item->item_id = block->id;
    item->block = block->number;
    if (!keep_text(&item->item_id, arena))
        return GW_NO_MEMORY;
    /* OpenAI's state is bound to its item's id. */
    if (item->index == count && item->family == GW_FAMILY_OPENAI && item->item_id.raw.len &&
        !has_id(response, item->item_id.raw))
        item->id = item->item_id.raw;
    return GW_OK;
}

static enum gw_status open_message(struct gw_responses_response *response,
                                   const struct gw_responses_block *block, struct gw_arena *arena)
{
    struct gw_responses_item *item = response->last;

    if (!gw_responses_joins(item, block))
        item = add_item(response, GW_RESPONSES_MESSAGE, "msg", arena);
    if (!item)
        return GW_NO_MEMORY;
    return add_part(response, item, block->kind == GW_BLOCK_REFUSAL, arena);
}

static void tell_drop(const struct gw_answer_context *context, struct gw_str what)
{
    if (context->request && context->request->ledger)
        gw_ledger_add(context->request->ledger, GW_LEDGER_DROP, what);
}

enum gw_status gw_responses_open(struct gw_responses_response *response,
                                 const struct gw_responses_block *block,
                                 const struct gw_answer_context *context, struct gw_arena *arena,
                                 struct gw_responses_item **item_out)
{
    enum gw_status status = GW_OK;

    *item_out = NULL;
    response->state = NULL;
    switch (block->kind) {
    case GW_BLOCK_TEXT:
    case GW_BLOCK_REFUSAL:
        status = open_message(response, block, arena);
        break;
    case GW_BLOCK_REASONING:
    case GW_BLOCK_REDACTED:
        status = open_reasoning(response, block, arena);
        break;
    case GW_BLOCK_TOOL:
        status = open_call(response, block, context, arena);
        break;
    case GW_BLOCK_SERVER_TOOL:
        if (block->family != GW_FAMILY_OPENAI)
            return GW_OK; /* blocks of others have no place here */
        if (!add_item(response, GW_RESPONSES_RAW, "st", arena))
            return GW_NO_MEMORY;
        response->last->raw = GW_STR("{}"); /* until it comes */
        break;
    case GW_BLOCK_IMAGE:
        tell_drop(context, GW_STR("image"));
        return GW_OK;
    }
    if (status == GW_OK)
        *item_out = response->last;
    return status;
}

/* ---- the end of an item ---- */

enum gw_status gw_responses_unwrap(struct gw_responses_item *item, struct gw_arena *arena)
{
    struct gw_arguments arguments = {.string = gw_responses_join(&item->text, arena)};
    struct gw_text input;

    if (!gw_text_present(arguments.string))
        return GW_NO_MEMORY;
    if (!arguments.string.raw.len)
        arguments.string = GW_TEXT("{}"); /* as no arguments are told elsewhere */
    input = gw_arguments_to_custom(&arguments, arena);
    if (!gw_text_present(input))
        return GW_NO_MEMORY;
    item->text = (struct gw_responses_pieces){0};
    return gw_responses_add(&item->text, input.raw, arena);
}

static enum gw_status seal_reasoning(struct gw_responses_item *item, struct gw_arena *arena)
{
    struct gw_part part = {.family = item->family, .id = item->item_id};

    if (item->family == GW_FAMILY_OPENAI) {
        item->encrypted = gw_text_present(item->data) ? item->data : item->signature;
        return GW_OK;
    }
    part.text = gw_responses_join(&item->text, arena);
    if (!gw_text_present(part.text))
        return GW_NO_MEMORY;
    part.kind = gw_text_present(item->data) ? GW_PART_REDACTED : GW_PART_REASONING;
    part.data = item->data;
    part.signature = item->signature;
    item->encrypted = gw_carrier_write(&part, item->block, arena);
    return gw_text_present(item->encrypted) ? GW_OK : GW_NO_MEMORY;
}

enum gw_status gw_responses_close(struct gw_responses_item *item, bool incomplete,
                                  struct gw_arena *arena)
{
    if (item->done)
        return GW_OK;
    item->done = true;
    item->incomplete = incomplete;
    return item->kind == GW_RESPONSES_REASONING ? seal_reasoning(item, arena) : GW_OK;
}

void gw_responses_finish(struct gw_responses_response *response, enum gw_finish finish)
{
    const char *reason = NULL;

    switch (finish) {
    case GW_FINISH_LENGTH:
    case GW_FINISH_CONTEXT_LENGTH:
        reason = "max_output_tokens";
        break;
    case GW_FINISH_REFUSAL:
        /* Of OpenAI's kind: there is a part that says so. */
        reason = response->parts_refused ? NULL : "content_filter";
        break;
    case GW_FINISH_CONTENT_FILTER:
        reason = "content_filter";
        break;
    case GW_FINISH_NONE:
    case GW_FINISH_STOP:
    case GW_FINISH_STOP_SEQUENCE:
    case GW_FINISH_TOOL_USE:
    case GW_FINISH_PAUSE:
    case GW_FINISHES:
        break;
    }
    response->status = reason ? GW_RESPONSES_INCOMPLETE : GW_RESPONSES_COMPLETED;
    response->incomplete_reason = reason;
}

/* ---- annotations ---- */

static uint64_t code_points(const struct gw_responses_pieces *text)
{
    uint64_t count = 0;

    for (const struct gw_responses_chunk *chunk = text->first; chunk; chunk = chunk->next)
        count += gw_text_code_points((struct gw_text){{chunk->base, chunk->len}});
    return count;
}

static struct gw_str cited(const struct gw_json *json, uint32_t from, uint64_t begin, uint64_t end,
                           struct gw_arena *arena)
{
    struct gw_str url = gw_responses_slice_at(json, from, GW_STR("url"));
    struct gw_str title = gw_responses_slice_at(json, from, GW_STR("title"));
    struct gw_str start_at = gw_responses_slice_at(json, from, GW_STR("start_index"));
    struct gw_str end_at = gw_responses_slice_at(json, from, GW_STR("end_index"));

    if (!url.base)
        return (struct gw_str){NULL, 0};
    if (!title.base)
        title = GW_STR("\"\"");
    if (!start_at.base || !end_at.base) {
        start_at = gw_arena_printf(arena, "%llu", (unsigned long long)begin);
        end_at = gw_arena_printf(arena, "%llu", (unsigned long long)end);
    }
    return gw_arena_printf(arena,
                           "{\"type\":\"url_citation\",\"start_index\":%.*s,\"end_index\":%.*s,"
                           "\"url\":%.*s,\"title\":%.*s}",
                           GW_STR_ARG(start_at), GW_STR_ARG(end_at), GW_STR_ARG(url),
                           GW_STR_ARG(title));
}

struct gw_str gw_responses_annotation(struct gw_str json, const struct gw_responses_part *part,
                                      struct gw_arena *arena)
{
    static const struct gw_str own[] = {
        GW_STR_INIT("url_citation"),
        GW_STR_INIT("file_citation"),
        GW_STR_INIT("container_file_citation"),
        GW_STR_INIT("file_path"),
    };
    struct gw_text type;
    struct gw_json read;
    uint32_t inner;

    json = gw_responses_line(json, arena);
    if (!json.base || gw_json_read(json, arena, GW_RESPONSES_TOKENS_MAX, &read, NULL) != GW_OK)
        return (struct gw_str){NULL, 0};
    inner = gw_json_get(&read, 0, GW_STR("url_citation")); /* chat has it one level deeper */
    if (gw_json_type(&read, inner) == GW_JSON_IS_OBJECT)
        return cited(&read, inner, 0, 0, arena);
    type = text_at(&read, 0, GW_STR("type"));
    for (size_t i = 0; i < GW_COUNT(own); i++)
        if (gw_text_equals(type, own[i]))
            return json;
    /* Of others, it speaks of the block so far. */
    return cited(&read, 0, 0, code_points(&part->text), arena);
}
