/*
 * tests/wire/match: what came against what a script wants, and words for the difference.
 */
#ifndef GW_TESTS_WIRE_MATCH_H
#define GW_TESTS_WIRE_MATCH_H

#include "wire/text.h"

enum match {
    MATCH_NO,
    MATCH_MORE, /* fits so far */
    MATCH_YES
};

/* Does `bytes` begin with `want`?
 * @param final  no more bytes will come
 * @param used_out  on MATCH_YES: bytes it takes, as few as possible */
enum match match_start(const struct text *want, struct gw_str bytes, bool final, size_t *used_out);

/* Is `bytes` all that `want` says? */
bool match_whole(const struct text *want, struct gw_str bytes);

/* Compares heads field by field: each wanted one must be there once, in any order, and no other,
 * unless a line says "...". A line "!NAME" wants it absent. */
bool match_head(const struct text *want, struct gw_str head, struct complaint *complaint);

/* Says how bytes differ from what is wanted. */
void match_explain(const struct text *want, struct gw_str bytes, struct complaint *complaint);

/* The trimmed value of a field of `head`, {NULL, 0} when there is none. */
struct gw_str match_field(struct gw_str head, struct gw_str name);

#endif
