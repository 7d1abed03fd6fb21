/* A whole answer to a caller (translation.md §5.2). */
#include "codec/openai_responses_private.h"

#include "model/arguments.h"

/* The entries of a block, each as Responses has it. `inside` is an array without its brackets. */
static enum gw_status add_annotations(struct gw_responses_part *part, struct gw_str inside,
                                      struct gw_arena *arena)
{
    struct gw_str array = gw_arena_printf(arena, "[%.*s]", GW_STR_ARG(inside)), entry;
    struct gw_json_iter iter;
    struct gw_json json;
    enum gw_status status;
    uint32_t each;

    if (!array.base)
        return GW_NO_MEMORY;
    status = gw_json_read(array, arena, GW_RESPONSES_TOKENS_MAX, &json, NULL);
    if (status != GW_OK)
        return status == GW_NO_MEMORY ? status : GW_OK;
    iter = gw_json_iter(&json, 0);
    while (gw_json_next(&json, &iter, &each)) {
        entry = gw_responses_annotation(gw_json_slice(&json, each), part, arena);
        if (!entry.base)
            continue;
        if (part->annotations_count++)
            status = gw_responses_borrow(&part->annotations, GW_STR(","), arena);
        if (status == GW_OK)
            status = gw_responses_borrow(&part->annotations, entry, arena);
        if (status != GW_OK)
            return status;
    }
    return GW_OK;
}

static enum gw_status fill_part(struct gw_responses_part *part, const struct gw_block *block,
                                struct gw_arena *arena)
{
    enum gw_status status = gw_responses_borrow(&part->text, block->text.raw, arena);

    if (status == GW_OK && block->annotations.len)
        status = add_annotations(part, block->annotations, arena);
    if (status != GW_OK || !block->logprobs.len)
        return status;
    struct gw_str logprobs = gw_responses_line(block->logprobs, arena);
    return logprobs.base ? gw_responses_borrow(&part->logprobs, logprobs, arena) : GW_NO_MEMORY;
}

static enum gw_status fill_call(struct gw_responses_item *item, const struct gw_block *block,
                                struct gw_arena *arena)
{
    struct gw_text text = block->arguments.string;
    enum gw_status status;

    if (!item->custom || block->arguments.json.base)
        text = gw_arguments_string(&block->arguments, arena);
    if (!item->custom && !gw_text_present(text))
        return GW_NO_MEMORY;
    status = gw_responses_borrow(&item->text, text.raw, arena);
    if (status == GW_OK && item->unwraps)
        status = gw_responses_unwrap(item, arena);
    return status;
}

static enum gw_status fill(struct gw_responses_item *item, const struct gw_block *block,
                           struct gw_arena *arena)
{
    switch (item->kind) {
    case GW_RESPONSES_MESSAGE:
        return fill_part(item->last_part, block, arena);
    case GW_RESPONSES_CALL:
        return fill_call(item, block, arena);
    case GW_RESPONSES_REASONING:
        if (block->kind == GW_BLOCK_REDACTED) {
            item->data = block->text;
            return GW_OK;
        }
        item->signature = block->signature;
        return gw_responses_borrow(&item->text, block->text.raw, arena);
    case GW_RESPONSES_RAW:
        if (block->raw.len)
            item->raw = gw_responses_line(block->raw, arena);
        return item->raw.base ? GW_OK : GW_NO_MEMORY;
    }
    return GW_OK;
}

static enum gw_status build(struct gw_responses_response *response, const struct gw_answer *answer,
                            const struct gw_answer_context *context)
{
    struct gw_arena *arena = answer->arena;
    struct gw_responses_item *item;
    enum gw_status status = GW_OK;
    unsigned number = 0;

    for (const struct gw_block *block = answer->blocks; block; block = block->next) {
        struct gw_responses_block begun = {block->kind, number++,    block->id,    block->name,
                                           block->gsig, block->tool, block->family};
        if (response->last && !gw_responses_joins(response->last, &begun))
            status = gw_responses_close(response->last, false, arena);
        if (status == GW_OK)
            status = gw_responses_open(response, &begun, context, arena, &item);
        if (status == GW_OK && item)
            status = fill(item, block, arena);
        if (status != GW_OK)
            return status;
    }
    return GW_OK;
}

enum gw_status gw_responses_write_answer(const struct gw_answer *answer,
                                         const struct gw_answer_context *context,
                                         struct gw_buf *out)
{
    struct gw_responses_response response;
    struct gw_json_writer writer;
    enum gw_status status;

    status = gw_responses_begin(&response, answer->id, answer->model, answer->created,
                                answer->service_tier, context, answer->arena, answer->arena);
    if (status == GW_OK)
        status = build(&response, answer, context);
    if (status != GW_OK)
        return status;
    response.usage = answer->usage;
    gw_responses_finish(&response, answer->finish);
    if (answer->failed) {
        response.status = GW_RESPONSES_FAILED;
        response.failure = &answer->failure;
    }
    if (response.last && !response.last->done)
        status = gw_responses_close(response.last, response.status == GW_RESPONSES_INCOMPLETE,
                                    answer->arena);
    if (status != GW_OK)
        return status;
    gw_json_write_init(&writer, out);
    gw_responses_write_response(&writer, &response);
    return gw_json_write_finish(&writer);
}
