/* TOML of any kind: the tree is in order and inside the text, and comes out the same again. */
#include "wire/toml.h"

#include <stdlib.h>

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool before(struct gw_toml_at a, struct gw_toml_at b)
{
    return a.line < b.line || (a.line == b.line && a.column < b.column);
}

/* Follows the trees in step; nodes of one tree need not be found again from the other. The nesting
 * limits bound it. */
static void compare(const struct gw_toml_node *a, const struct gw_toml_node *b, uint32_t lines)
{
    const struct gw_toml_node *x = a->first, *y = b->first;
    size_t count = 0;

    check(a->type == b->type && a->count == b->count && gw_str_eq(a->key, b->key));
    check(a->at.line >= 1 && a->at.line <= lines && a->at.column >= 1);
    if (a->type == GW_TOML_STRING)
        check(gw_str_eq(a->u.string, b->u.string));
    if (a->type == GW_TOML_INTEGER)
        check(a->u.integer == b->u.integer);
    for (; x && y; x = x->next, y = y->next, count++) {
        if (a->type == GW_TOML_TABLE) {
            check(!x->next || before(x->key_at, x->next->key_at));
            check(gw_toml_get(a, x->key) == x); /* no key twice */
        }
        compare(x, y, lines);
    }
    check(!x && !y && count == a->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct gw_str text = {(const char *)data, size};
    struct gw_toml_node *first = NULL, *second = NULL;
    struct gw_toml_at at = {0, 0}, again_at = {0, 0};
    struct gw_arena arena;
    struct gw_err err = {0};
    uint32_t lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    gw_arena_init(&arena, NULL);
    enum gw_status status = gw_toml_parse(&arena, text, &first, &at, &err);
    check(status == GW_OK || status == GW_INVALID);

    /* A copy with a line break behind it is the same document. */
    char *copy = gw_arena_bytes(&arena, size + 1);
    check(copy != NULL);
    if (size)
        memcpy(copy, data, size);
    copy[size] = '\n';
    enum gw_status again =
        gw_toml_parse(&arena, (struct gw_str){copy, size + 1}, &second, &again_at, NULL);
    if (status == GW_OK) {
        check(again == GW_OK);
        check(size < 100000);
        compare(first, second, lines);
    } else {
        check(err.message[0] != '\0' && at.line >= 1 && at.line <= lines);
    }
    gw_arena_finish(&arena);
    return 0;
}
