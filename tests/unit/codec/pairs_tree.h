/*
 * tests/unit/codec/pairs_tree: JSON that can be changed, and what differs between two of them.
 *
 * Strings and numbers are compared by their bytes, escapes and all. The order of members is free but where it
 * has a meaning: in arguments, schemas and metadata, which are compared as they stand, blanks and all.
 */
#ifndef GW_TESTS_PAIRS_TREE_H
#define GW_TESTS_PAIRS_TREE_H

#include "unit/test.h"

#include <stdio.h>

#include "base/buf.h"
#include "wire/json_read.h"

#define TREE_PATH_MAX 512u

struct tree {
    enum gw_json_type type;
    struct gw_str key; /* of a member: the inside of its string */
    struct gw_str
        raw; /* inside of a string, else the bytes as read; stale when the content was changed */
    struct tree *next, *first, *last;
};

static inline bool tree_is_container(const struct tree *tree)
{
    return tree->type == GW_JSON_IS_OBJECT || tree->type == GW_JSON_IS_ARRAY;
}

/* ---- made ---- */

static inline struct tree *tree_new(struct gw_arena *arena, enum gw_json_type type,
                                    struct gw_str raw)
{
    struct tree *tree = gw_arena_zalloc(arena, sizeof *tree);

    assert_non_null(tree);
    tree->type = type;
    tree->raw = raw;
    return tree;
}

static inline struct tree *tree_string(struct gw_arena *arena, struct gw_str inside)
{
    return tree_new(arena, GW_JSON_IS_STRING, inside);
}

static inline void tree_append(struct tree *parent, struct tree *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

static inline struct tree *tree_take(struct gw_arena *arena, const struct gw_json *json,
                                     uint32_t index)
{
    enum gw_json_type type = gw_json_type(json, index);
    struct gw_json_iter iter = gw_json_iter(json, index);
    struct tree *tree =
        tree_new(arena, type,
                 type == GW_JSON_IS_STRING ? gw_json_raw(json, index) : gw_json_slice(json, index));
    struct gw_str slice = tree->raw;
    uint32_t key, value;

    if (type == GW_JSON_IS_OBJECT) {
        while (gw_json_next_member(json, &iter, &key, &value)) {
            struct tree *child = tree_take(arena, json, value);
            child->key = gw_json_raw(json, key);
            tree_append(tree, child);
        }
    } else if (type == GW_JSON_IS_ARRAY) {
        while (gw_json_next(json, &iter, &value))
            tree_append(tree, tree_take(arena, json, value));
    }
    tree->raw = slice;
    return tree;
}

/* NULL: no JSON. The text must stay. */
static inline struct tree *tree_read(struct gw_arena *arena, struct gw_str text)
{
    struct gw_json json;
    struct gw_err err;

    if (gw_json_read(text, arena, GW_JSON_READ_TOKENS_MAX, &json, &err) != GW_OK)
        return NULL;
    return tree_take(arena, &json, 0);
}

static inline struct tree *tree_find(const struct tree *object, struct gw_str key)
{
    if (!object || object->type != GW_JSON_IS_OBJECT)
        return NULL;
    for (struct tree *child = object->first; child; child = child->next)
        if (gw_str_eq(child->key, key))
            return child;
    return NULL;
}

static inline struct tree *tree_get(const struct tree *object, const char *key)
{
    return tree_find(object, gw_str_of(key));
}

static inline struct tree *tree_at(const struct tree *array, size_t index)
{
    struct tree *child = array ? array->first : NULL;

    while (child && index--)
        child = child->next;
    return child;
}

static inline size_t tree_count(const struct tree *container)
{
    size_t count = 0;

    for (const struct tree *child = container ? container->first : NULL; child; child = child->next)
        count++;
    return count;
}

static inline bool tree_is(const struct tree *tree, const char *text)
{
    return tree && tree->type == GW_JSON_IS_STRING && gw_str_eq(tree->raw, gw_str_of(text));
}

static inline bool tree_is_null(const struct tree *tree)
{
    return !tree || tree->type == GW_JSON_IS_NULL;
}

static inline struct tree *tree_copy(struct gw_arena *arena, const struct tree *tree)
{
    struct tree *copy = tree_new(arena, tree->type, tree->raw);

    for (const struct tree *child = tree->first; child; child = child->next)
        tree_append(copy, tree_copy(arena, child));
    copy->key = tree->key;
    copy->raw = tree->raw;
    return copy;
}

/* A copy of `value` as the member `key`, which must stay, instead of one that is there. */
static inline void tree_set(struct gw_arena *arena, struct tree *object, struct gw_str key,
                            const struct tree *value)
{
    struct tree *copy = tree_copy(arena, value), *there = tree_find(object, key);

    copy->key = key;
    if (there) {
        copy->next = there->next;
        *there = *copy;
    } else {
        copy->next = NULL;
        tree_append(object, copy);
    }
}

static inline void tree_remove(struct tree *object, struct gw_str key)
{
    struct tree *child = object->first;

    object->first = object->last = NULL;
    while (child) {
        struct tree *next = child->next;
        child->next = NULL;
        if (!gw_str_eq(child->key, key))
            tree_append(object, child);
        child = next;
    }
}

/* Adds to the end of a string; null becomes one. */
static inline void tree_join(struct gw_arena *arena, struct tree *string, struct gw_str more)
{
    struct gw_str before = string->type == GW_JSON_IS_STRING ? string->raw : GW_STR("");
    struct gw_str joined = gw_arena_printf(arena, "%.*s%.*s", GW_STR_ARG(before), GW_STR_ARG(more));

    assert_non_null(joined.base);
    string->type = GW_JSON_IS_STRING;
    string->raw = joined;
}

/* ---- written ---- */

/* `input` is a conversation, a text, or what a call is made with. */
static inline bool tree_order_matters(const struct tree *tree)
{
    static const char *const names[] = {"input_schema", "parameters", "schema", "metadata",
                                        "input"};

    if (tree->type != GW_JSON_IS_OBJECT || !tree->raw.base)
        return false;
    for (size_t i = 0; i < GW_COUNT(names); i++)
        if (gw_str_eq(tree->key, gw_str_of(names[i])))
            return true;
    return false;
}

static inline void tree_write(const struct tree *tree, struct gw_buf *out)
{
    if (tree->type == GW_JSON_IS_STRING) {
        gw_buf_printf(out, "\"%.*s\"", GW_STR_ARG(tree->raw));
    } else if (!tree_is_container(tree) || tree_order_matters(tree)) {
        gw_buf_add(out, tree->raw);
    } else {
        bool object = tree->type == GW_JSON_IS_OBJECT;
        gw_buf_add_c(out, object ? '{' : '[');
        for (const struct tree *child = tree->first; child; child = child->next) {
            if (child != tree->first)
                gw_buf_add_c(out, ',');
            if (object)
                gw_buf_printf(out, "\"%.*s\":", GW_STR_ARG(child->key));
            tree_write(child, out);
        }
        gw_buf_add_c(out, object ? '}' : ']');
    }
}

/* ---- compared ---- */

/* @return true: nothing of this place is to be looked at any more */
typedef bool tree_place_fn(void *arg, const char *path, const struct tree *expected,
                           const struct tree *got);
/* op '-': expected is not there; '+': got is not expected; '~': they differ */
typedef void tree_difference_fn(void *arg, char op, const char *path, const struct tree *expected,
                                const struct tree *got);

struct tree_compare {
    tree_place_fn *on_place; /* may be NULL */
    tree_difference_fn *on_difference;
    void *arg;
    char path[TREE_PATH_MAX];
    size_t len;
};

static inline void tree_differ(struct tree_compare *compare, const struct tree *expected,
                               const struct tree *got);

/* Goes on with a member or an element; one of both may be NULL. */
static inline void tree_step(struct tree_compare *compare, const char *step,
                             const struct tree *expected, const struct tree *got)
{
    size_t before = compare->len;
    int more = snprintf(compare->path + before, sizeof compare->path - before, "%s", step);

    assert_true(more > 0 && before + (size_t)more < sizeof compare->path);
    compare->len += (size_t)more;
    if (!compare->on_place || !compare->on_place(compare->arg, compare->path, expected, got)) {
        if (expected && got)
            tree_differ(compare, expected, got);
        else
            compare->on_difference(compare->arg, expected ? '-' : '+', compare->path, expected,
                                   got);
    }
    compare->len = before;
    compare->path[before] = '\0';
}

static inline void tree_differ_object(struct tree_compare *compare, const struct tree *expected,
                                      const struct tree *got)
{
    char step[TREE_PATH_MAX];

    for (const struct tree *child = expected->first; child; child = child->next) {
        (void)snprintf(step, sizeof step, ".%.*s", GW_STR_ARG(child->key));
        tree_step(compare, step, child, tree_find(got, child->key));
    }
    for (const struct tree *child = got->first; child; child = child->next) {
        if (tree_find(expected, child->key))
            continue;
        (void)snprintf(step, sizeof step, ".%.*s", GW_STR_ARG(child->key));
        tree_step(compare, step, NULL, child);
    }
}

static inline void tree_differ_array(struct tree_compare *compare, const struct tree *expected,
                                     const struct tree *got)
{
    const struct tree *a = expected->first, *b = got->first;
    char step[32];

    for (size_t i = 0; a || b; i++) {
        (void)snprintf(step, sizeof step, "[%zu]", i);
        tree_step(compare, step, a, b);
        a = a ? a->next : NULL;
        b = b ? b->next : NULL;
    }
}

static inline void tree_differ(struct tree_compare *compare, const struct tree *expected,
                               const struct tree *got)
{
    if (expected->type == got->type && tree_is_container(expected) &&
        !tree_order_matters(expected)) {
        if (expected->type == GW_JSON_IS_OBJECT)
            tree_differ_object(compare, expected, got);
        else
            tree_differ_array(compare, expected, got);
    } else if (expected->type != got->type || !gw_str_eq(expected->raw, got->raw)) {
        compare->on_difference(compare->arg, '~', compare->path, expected, got);
    }
}

static inline void tree_note(void *arg, char op, const char *path, const struct tree *expected,
                             const struct tree *got)
{
    (void)op, (void)path, (void)expected, (void)got;
    *(bool *)arg = true;
}

/* The same but for the order of members? */
static inline bool tree_same(const struct tree *a, const struct tree *b)
{
    bool different = false;
    struct tree_compare compare = {.on_difference = tree_note, .arg = &different};

    tree_differ(&compare, a, b);
    return !different;
}

#endif
