/*
 * model/text: text as it stands inside of a JSON string: escapes and all.
 *
 * What goes from one JSON document into another is copied, never decoded and written anew, so every escape
 * survives. Decoded only where somebody has to look into it. All three dialects are UTF-8 JSON, and a
 * reader has checked it.
 */
#ifndef GW_MODEL_TEXT_H
#define GW_MODEL_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* A type of its own, so that decoded bytes and these cannot be mixed up. raw.base NULL: absent. */
struct gw_text {
    struct gw_str raw;
};

#define GW_TEXT(literal) ((struct gw_text){GW_STR(literal)}) /* of a literal without escapes */

static inline bool gw_text_present(struct gw_text text)
{
    return text.raw.base != NULL;
}

/* From decoded bytes: escapes `"`, `\` and bytes < 0x20 only (translation.md §2.1.2). Bytes that are no UTF-8
 * become U+FFFD, one for each maximal subpart. With nothing of it to do it is a slice of `decoded`, not a
 * copy. Absent when out of memory. */
struct gw_text gw_text_escape(struct gw_str decoded, struct gw_arena *arena);

/* Decoded; without escapes a slice, not a copy. Lone surrogates become U+FFFD. {NULL, 0} when absent or out of
 * memory. */
struct gw_str gw_text_decode(struct gw_text text, struct gw_arena *arena);

/* Does it decode to exactly this? Absent text equals nothing. */
bool gw_text_equals(struct gw_text text, struct gw_str decoded);

/* Nothing but white space as Unicode has it, or nothing at all. */
bool gw_text_is_blank(struct gw_text text);

/* Without the white space at its end. */
struct gw_text gw_text_trim_end(struct gw_text text);

/* Of the decoded text, where a lone surrogate is one. */
uint64_t gw_text_code_points(struct gw_text text);

/* Adds the text to `out` with lone surrogates as \ufffd (§2.1.4), without quotes. */
enum gw_status gw_text_add(struct gw_buf *out, struct gw_text text);

/* Cuts a high surrogate's escape off the end of a fragment, for the low one may come with the next fragment.
 * @return what was cut off, absent when there is none */
struct gw_text gw_text_cut_surrogate(struct gw_text *text);

#endif
