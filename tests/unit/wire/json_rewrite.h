/*
 * tests/unit/wire/json_rewrite: a tape written anew and two tapes compared, for round trips in
 * tests and fuzzing.
 */
#ifndef GW_TESTS_UNIT_WIRE_JSON_REWRITE_H
#define GW_TESTS_UNIT_WIRE_JSON_REWRITE_H

#include "wire/json_read.h"
#include "wire/json_write.h"

/* Writes a tape anew; the stack of iterators stands in for recursion. */
static inline void json_rewrite(const struct gw_json *json, struct gw_arena *arena,
                                struct gw_json_writer *out)
{
    uint32_t ends[GW_JSON_READ_DEPTH_MAX];
    bool objects[GW_JSON_READ_DEPTH_MAX];
    size_t depth = 0;

    for (uint32_t i = 0; i < json->count || depth; i++) {
        for (; depth && ends[depth - 1] == i; depth--)
            objects[depth - 1] ? gw_json_write_end_object(out) : gw_json_write_end_array(out);
        if (i == json->count)
            break;
        enum gw_json_type type = gw_json_type(json, i);
        struct gw_str text;
        if (type == GW_JSON_IS_OBJECT || type == GW_JSON_IS_ARRAY) {
            objects[depth] = type == GW_JSON_IS_OBJECT;
            ends[depth] = json->tokens[i].next;
            objects[depth++] ? gw_json_write_begin_object(out) : gw_json_write_begin_array(out);
        } else if (gw_json_string(json, i, arena, &text) == GW_OK) {
            type == GW_JSON_IS_KEY ? gw_json_write_key(out, text) : gw_json_write_string(out, text);
        } else {
            gw_json_write_raw(out, gw_json_slice(json, i));
        }
    }
}

/* Whether both hold the same values, strings compared as decoded. */
static inline bool json_same_tapes(const struct gw_json *a, const struct gw_json *b,
                                   struct gw_arena *arena)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        struct gw_str text;
        if (a->tokens[i].type != b->tokens[i].type || a->tokens[i].next != b->tokens[i].next ||
            a->tokens[i].count != b->tokens[i].count)
            return false;
        if (gw_json_string(a, i, arena, &text) == GW_OK) {
            if (!gw_json_equals(b, i, text))
                return false;
        } else if (a->tokens[i].next == i + 1 && a->tokens[i].type < GW_JSON_IS_KEY &&
                   !gw_str_eq(gw_json_slice(a, i), gw_json_slice(b, i))) {
            return false;
        }
    }
    return true;
}

#endif
