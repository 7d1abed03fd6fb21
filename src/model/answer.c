/* Folds events into a whole answer. */
#include "model/event.h"

#include <assert.h>

void gw_answer_init(struct gw_answer *answer, struct gw_arena *arena)
{
    *answer = (struct gw_answer){.arena = arena};
    answer->last = &answer->blocks;
    gw_usage_init(&answer->usage);
}

/* Joins `more` to `joined`. The first piece stays where it is; from the second on both are in the arena, in
 * `*room` bytes, with room for as much again: so a long row of pieces is not copied at every one of them. */
static enum gw_status join(struct gw_arena *arena, struct gw_str *joined, size_t *room,
                           struct gw_str more)
{
    size_t len;

    if (more.len == 0)
        return GW_OK;
    if (joined->len == 0) {
        *joined = more;
        *room = 0;
        return GW_OK;
    }
    if (__builtin_add_overflow(joined->len, more.len, &len) || len > GW_ARENA_ALLOC_MAX / 2)
        return GW_NO_MEMORY;
    char *into = (char *)(uintptr_t)joined->base; /* ours to write when there is room */
    if (len > *room) {
        into = gw_arena_bytes(arena, len * 2);
        if (!into)
            return GW_NO_MEMORY;
        memcpy(into, joined->base, joined->len);
        *room = len * 2;
    }
    memcpy(into + joined->len, more.base, more.len);
    *joined = (struct gw_str){into, len};
    return GW_OK;
}

/* Elements of an array, to those that are there. */
static enum gw_status join_elements(struct gw_arena *arena, struct gw_str *joined, size_t *room,
                                    struct gw_str elements)
{
    if (elements.len == 0)
        return GW_OK;
    enum gw_status status = joined->len ? join(arena, joined, room, GW_STR(",")) : GW_OK;
    return status == GW_OK ? join(arena, joined, room, elements) : status;
}

static bool is_json_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* What is within the brackets of an array, without blanks at both ends. */
static struct gw_str elements_of(struct gw_str array)
{
    while (array.len && is_json_blank(array.base[0]))
        array = gw_str_from(array, 1);
    while (array.len && is_json_blank(array.base[array.len - 1]))
        array.len--;
    if (array.len < 2 || array.base[0] != '[')
        return (struct gw_str){NULL, 0}; /* null, say */
    array = (struct gw_str){array.base + 1, array.len - 2};
    while (array.len && is_json_blank(array.base[0]))
        array = gw_str_from(array, 1);
    while (array.len && is_json_blank(array.base[array.len - 1]))
        array.len--;
    return array;
}

static enum gw_status open_block(struct gw_answer *answer, const struct gw_event *event)
{
    struct gw_block *block = gw_arena_zalloc(answer->arena, sizeof(*block));

    if (!block)
        return GW_NO_MEMORY;
    block->kind = event->block_kind;
    block->id = event->id;
    block->name = event->name;
    block->gsig = event->gsig;
    block->tool = event->tool;
    block->family = event->family;
    block->text = GW_TEXT("");
    *answer->last = answer->open = block;
    answer->last = &block->next;
    answer->room_text = answer->room_annotations = answer->room_logprobs = 0;
    return GW_OK;
}

static enum gw_status take_delta(struct gw_answer *answer, const struct gw_event *event)
{
    struct gw_arena *arena = answer->arena;
    struct gw_block *block = answer->open;

    assert(block);
    switch (event->delta) {
    case GW_DELTA_TEXT:
    case GW_DELTA_REASONING:
    case GW_DELTA_REFUSAL:
        return join(arena, &block->text.raw, &answer->room_text, event->text.raw);
    case GW_DELTA_ARGUMENTS:
        if (event->json.base)
            block->arguments.json = event->json;
        else
            return join(arena, &block->arguments.string.raw, &answer->room_text, event->text.raw);
        return GW_OK;
    case GW_DELTA_SIGNATURE:
        block->signature = event->text;
        return GW_OK;
    case GW_DELTA_DATA:
        block->text = event->text;
        block->raw = event->json;
        return GW_OK;
    case GW_DELTA_ANNOTATION:
        return join_elements(arena, &block->annotations, &answer->room_annotations, event->json);
    case GW_DELTA_LOGPROBS:
        return join_elements(arena, &block->logprobs, &answer->room_logprobs,
                             elements_of(event->json));
    }
    return GW_OK;
}

/* A call without arguments is one with no members (§11.22). */
static void close_block(struct gw_answer *answer)
{
    struct gw_block *block = answer->open;

    assert(block);
    if (block->kind == GW_BLOCK_TOOL && !block->arguments.json.base &&
        !gw_text_present(block->arguments.string)) {
        if (block->tool == GW_TOOL_CUSTOM)
            block->arguments.string = GW_TEXT("");
        else
            block->arguments.json = GW_STR("{}");
    }
    answer->open = NULL;
}

enum gw_status gw_answer_take(void *arg, const struct gw_event *event)
{
    struct gw_answer *answer = arg;

    switch (event->kind) {
    case GW_EVENT_START:
        answer->id = event->id;
        answer->model = event->model;
        answer->created = event->created;
        answer->service_tier = event->service_tier;
        answer->fingerprint = event->fingerprint;
        gw_usage_merge(&answer->usage, &event->usage);
        break;
    case GW_EVENT_BLOCK_START:
        return open_block(answer, event);
    case GW_EVENT_DELTA:
        return take_delta(answer, event);
    case GW_EVENT_BLOCK_STOP:
        close_block(answer);
        break;
    case GW_EVENT_USAGE:
        gw_usage_merge(&answer->usage, &event->usage);
        break;
    case GW_EVENT_FINISH:
        answer->finish = event->finish;
        answer->finish_raw = event->finish_raw;
        answer->stop_sequence = event->stop_sequence;
        answer->explanation = event->explanation;
        answer->stop_details = event->stop_details;
        if (gw_text_present(event->service_tier))
            answer->service_tier = event->service_tier;
        break;
    case GW_EVENT_ERROR:
        answer->failed = true;
        answer->failure = event->failure;
        break;
    case GW_EVENT_PING:
    case GW_EVENT_END:
        break;
    }
    return GW_OK;
}
