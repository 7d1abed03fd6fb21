/*
 * wire/toml: configuration text to a tree that remembers where everything stood.
 *
 * A C interface over toml++ (TOML 1.0); toml.cc is the only C++ of the project. Everything the tree
 * points to lives in the caller's arena: neither the text nor anything of C++ is needed afterwards.
 * Members are in source order. For files of the operator, at start and reload: running out of
 * memory inside toml++ ends the process.
 */
#ifndef GW_WIRE_TOML_H
#define GW_WIRE_TOML_H

#ifdef __cplusplus
extern "C" {
#endif

#include "base/arena.h"
#include "base/err.h"

#define GW_TOML_BYTES_MAX ((size_t)4 << 20)
#define GW_TOML_NESTING_MAX 32u   /* of arrays and inline tables within each other */
#define GW_TOML_KEY_PARTS_MAX 32u /* of a dotted key or a header: a.b.c has 3 */

enum gw_toml_type {
    GW_TOML_TABLE,
    GW_TOML_ARRAY,
    GW_TOML_STRING,
    GW_TOML_INTEGER,
    GW_TOML_FLOAT,
    GW_TOML_BOOLEAN,
    GW_TOML_DATETIME /* date, time or both; no value is kept: no key here is one */
};

/* From 1; columns count code points. Line 0: the whole file. */
struct gw_toml_at {
    uint32_t line, column;
};

struct gw_toml_node {
    enum gw_toml_type type;
    struct gw_toml_at at;       /* of the value; of a [table], its header */
    struct gw_toml_at key_at;   /* of the key; for items of arrays the same as `at` */
    struct gw_str key;          /* decoded; empty for items of arrays and for the root */
    struct gw_toml_node *next;  /* the next one in the same table or array, in source order */
    struct gw_toml_node *first; /* tables and arrays: NULL when empty */
    size_t count;               /* tables and arrays: how many are in there */
    union {
        struct gw_str string; /* valid UTF-8 */
        int64_t integer;
        double number;
        bool boolean;
    } u;
};

/* @param text      at most GW_TOML_BYTES_MAX bytes
 * @param at_out    where the fault is; set on GW_INVALID only
 * @return GW_OK; GW_INVALID (syntax, nesting; `err` never quotes what may be a secret);
 * GW_TOO_LARGE; GW_NO_MEMORY */
enum gw_status gw_toml_parse(struct gw_arena *arena, struct gw_str text,
                             struct gw_toml_node **root_out, struct gw_toml_at *at_out,
                             struct gw_err *err);

/* The member of `table` with this key, or NULL. Looks at each in turn. */
const struct gw_toml_node *gw_toml_get(const struct gw_toml_node *table, struct gw_str key);

/* "a table", "an array", "a string", …: for "… found a string". */
const char *gw_toml_type_name(enum gw_toml_type type);

#ifdef __cplusplus
}
#endif

#endif
