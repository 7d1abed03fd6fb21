/*
 * tests/unit/codec/pairs_fold_kit: a stream that is folded into an answer, and what all dialects need for it.
 */
#ifndef GW_TESTS_PAIRS_FOLD_KIT_H
#define GW_TESTS_PAIRS_FOLD_KIT_H

#include <stdlib.h>

#include "codec/codec.h"
#include "pairs_tree.h"
#include "wire/sse.h"

#define FOLD_BLOCKS_MAX 64u

struct fold {
    struct gw_arena *arena;
    enum gw_codec_id dialect;
    struct tree *answer; /* as it would have come whole; NULL: nothing has come */
    struct tree *error;  /* what a failed stream says */
    bool over;           /* the stream has told its end, well or badly */
    const char *wrong;   /* the first thing that a client would not take; NULL: nothing */

    /* Private. */
    struct tree *arguments[FOLD_BLOCKS_MAX]; /* anth: of the blocks; NULL: of no call */
    bool open, finished;                     /* anth: a block is; message_delta has come */
    unsigned long sequence;                  /* resp */
    struct tree *built;                      /* resp: the output, made of its pieces */
};

static inline void fold_wrong(struct fold *fold, const char *what)
{
    if (!fold->wrong)
        fold->wrong = what;
}

static inline void fold_expect(struct fold *fold, bool good, const char *what)
{
    if (!good)
        fold_wrong(fold, what);
}

static inline size_t fold_index(struct fold *fold, const struct tree *event, const char *name)
{
    const struct tree *index = tree_get(event, name);

    if (!index || index->type != GW_JSON_IS_NUMBER) {
        fold_wrong(fold, "an index is missing");
        return SIZE_MAX;
    }
    return strtoul(index->raw.base, NULL, 10);
}

static inline struct tree *fold_literal(struct fold *fold, const char *json)
{
    return tree_read(fold->arena, gw_str_of(json));
}

/* Adds a piece to the string member `key`, which is made when it is not there or null. */
static inline void fold_join(struct fold *fold, struct tree *object, const char *key,
                             const struct tree *piece)
{
    struct tree *there;

    if (!object || !piece || piece->type != GW_JSON_IS_STRING) {
        fold_wrong(fold, "a piece of text is none, or belongs nowhere");
        return;
    }
    if (!tree_get(object, key))
        tree_set(fold->arena, object, gw_str_of(key), tree_string(fold->arena, GW_STR("")));
    there = tree_get(object, key);
    tree_join(fold->arena, there, piece->raw);
}

/* Adds to the array member `key`, which is made when it is not there or null. */
static inline void fold_push(struct fold *fold, struct tree *object, const char *key,
                             const struct tree *entry)
{
    struct tree *copy = tree_copy(fold->arena, entry);

    if (tree_is_null(tree_get(object, key)))
        tree_set(fold->arena, object, gw_str_of(key), fold_literal(fold, "[]"));
    copy->next = NULL;
    copy->key = (struct gw_str){NULL, 0};
    tree_append(tree_get(object, key), copy);
}

#endif
