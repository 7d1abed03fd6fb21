/*
 * tests/unit/codec/pairs_fold_resp: streams of Responses; see pairs_fold.
 */
#ifndef GW_TESTS_PAIRS_FOLD_RESP_H
#define GW_TESTS_PAIRS_FOLD_RESP_H

#include "pairs_fold_kit.h"

static inline struct tree *fold_item(struct fold *fold, const struct tree *event)
{
    struct tree *item = tree_at(fold->built, fold_index(fold, event, "output_index"));
    const struct tree *id = tree_get(event, "item_id");

    if (!item) {
        fold_wrong(fold, "something of an item that has not begun");
        return NULL;
    }
    if (id)
        fold_expect(fold, gw_str_eq(id->raw, tree_get(item, "id")->raw),
                    "item_id is not the id of the item");
    return item;
}

static inline struct tree *fold_part(struct fold *fold, const struct tree *event, const char *list,
                                     const char *index)
{
    struct tree *parts = tree_get(fold_item(fold, event), list);
    struct tree *part = tree_at(parts, fold_index(fold, event, index));

    if (!part)
        fold_wrong(fold, "something of a part that has not begun");
    return part;
}

static inline void fold_text_done(struct fold *fold, const struct tree *object, const char *key,
                                  const struct tree *text)
{
    const struct tree *there = tree_get(object, key);

    fold_expect(fold, there && text && gw_str_eq(there->raw, text->raw),
                "a text at its end is not the sum of its pieces");
}

static const struct fold_piece {
    const char *type, *list, *index, *key, *event_key;
    bool done;
} fold_pieces[] = {
    {"response.output_text.delta", "content", "content_index", "text", "delta", false},
    {"response.output_text.done", "content", "content_index", "text", "text", true},
    {"response.refusal.delta", "content", "content_index", "refusal", "delta", false},
    {"response.refusal.done", "content", "content_index", "refusal", "refusal", true},
    {"response.reasoning_summary_text.delta", "summary", "summary_index", "text", "delta", false},
    {"response.reasoning_summary_text.done", "summary", "summary_index", "text", "text", true},
    {"response.function_call_arguments.delta", NULL, NULL, "arguments", "delta", false},
    {"response.function_call_arguments.done", NULL, NULL, "arguments", "arguments", true},
    {"response.custom_tool_call_input.delta", NULL, NULL, "input", "delta", false},
    {"response.custom_tool_call_input.done", NULL, NULL, "input", "input", true},
};

/* @return is it one? */
static inline bool fold_resp_piece(struct fold *fold, const struct tree *event,
                                   const struct tree *type)
{
    for (size_t i = 0; i < GW_COUNT(fold_pieces); i++) {
        const struct fold_piece *piece = &fold_pieces[i];
        if (!tree_is(type, piece->type))
            continue;
        struct tree *object = piece->list ? fold_part(fold, event, piece->list, piece->index)
                                          : fold_item(fold, event);
        fold_expect(fold, tree_get(event, "item_id"), "a piece without item_id");
        if (piece->done)
            fold_text_done(fold, object, piece->key, tree_get(event, piece->event_key));
        else
            fold_join(fold, object, piece->key, tree_get(event, piece->event_key));
        const struct tree *logprobs = piece->done ? NULL : tree_get(event, "logprobs");
        for (const struct tree *entry = logprobs ? logprobs->first : NULL; object && entry;
             entry = entry->next)
            fold_push(fold, object, "logprobs", entry);
        return true;
    }
    return false;
}

static inline void fold_begin_part(struct fold *fold, const struct tree *event, const char *list,
                                   const char *index)
{
    struct tree *item = fold_item(fold, event);

    if (!item)
        return;
    fold_expect(fold, fold_index(fold, event, index) == tree_count(tree_get(item, list)),
                "a part leaves a gap");
    fold_push(fold, item, list, tree_get(event, "part"));
}

/* What only the end of an item tells is taken over; all else must have come before. */
static inline void fold_item_done(struct fold *fold, const struct tree *event)
{
    static const char *const late[] = {"status", "encrypted_content", "action", "results"};
    struct tree *item = fold_item(fold, event);
    const struct tree *final = tree_get(event, "item");

    if (!item || !final) {
        fold_wrong(fold, "an item ends that has not begun");
        return;
    }
    for (size_t i = 0; i < GW_COUNT(late); i++)
        if (tree_get(final, late[i]))
            tree_set(fold->arena, item, gw_str_of(late[i]), tree_get(final, late[i]));
    fold_expect(fold, tree_same(item, final), "an item at its end is not the sum of its pieces");
}

static inline void fold_resp_end(struct fold *fold, const struct tree *event,
                                 const struct tree *type)
{
    const struct tree *response = tree_get(event, "response");

    fold->over = true;
    fold->answer = tree_copy(fold->arena, response);
    fold->answer->key = (struct gw_str){NULL, 0};
    if (tree_is(type, "response.failed"))
        fold->error = tree_get(response, "error");
    else
        fold_expect(fold, tree_same(fold->built, tree_get(response, "output")),
                    "the output at the end is not the sum of its items");
}

static inline void fold_resp(struct fold *fold, const struct tree *event, struct gw_str line)
{
    const struct tree *type = tree_get(event, "type");

    fold_expect(fold, type && gw_str_eq(type->raw, line), "the event's line is not its type");
    fold_expect(fold, fold_index(fold, event, "sequence_number") == fold->sequence++,
                "sequence_number leaves a gap");
    if (tree_is(type, "error")) {
        fold->error = tree_copy(fold->arena, event);
        fold->over = true;
    } else if (tree_is(type, "response.created")) {
        fold_expect(fold, !fold->answer, "a second beginning");
        fold->answer = tree_copy(fold->arena, tree_get(event, "response"));
        fold->answer->key = (struct gw_str){NULL, 0};
        fold->built = tree_get(fold_literal(fold, "{\"o\":[]}"), "o");
    } else if (!fold->answer) {
        fold_wrong(fold, "something before the beginning");
    } else if (tree_is(type, "response.output_item.added")) {
        struct tree *item = tree_copy(fold->arena, tree_get(event, "item"));
        fold_expect(fold, fold_index(fold, event, "output_index") == tree_count(fold->built),
                    "an item leaves a gap");
        item->key = (struct gw_str){NULL, 0};
        item->next = NULL;
        tree_append(fold->built, item);
    } else if (tree_is(type, "response.content_part.added")) {
        fold_begin_part(fold, event, "content", "content_index");
    } else if (tree_is(type, "response.reasoning_summary_part.added")) {
        fold_begin_part(fold, event, "summary", "summary_index");
    } else if (tree_is(type, "response.output_text.annotation.added")) {
        struct tree *part = fold_part(fold, event, "content", "content_index");
        if (part)
            fold_push(fold, part, "annotations", tree_get(event, "annotation"));
    } else if (tree_is(type, "response.output_item.done")) {
        fold_item_done(fold, event);
    } else if (tree_is(type, "response.completed") || tree_is(type, "response.incomplete") ||
               tree_is(type, "response.failed")) {
        fold_resp_end(fold, event, type);
    } else {
        (void)fold_resp_piece(fold, event, type);
    }
}

#endif
