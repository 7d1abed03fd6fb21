/*
 * tests/wire/text: the block of a script as bytes: line ends, what stands in braces, and the places
 * that are marked in it.
 */
#ifndef GW_TESTS_WIRE_TEXT_H
#define GW_TESTS_WIRE_TEXT_H

#include "wire/complaint.h"

#define TEXT_WILDS_MAX 48u
#define TEXT_CUTS_MAX 16u

enum text_form {
    TEXT_MESSAGE, /* a head when it looks like one, and the body behind it; else as TEXT_BODY */
    TEXT_BODY,    /* lines with LF between them */
    TEXT_RAW      /* line ends of the script mean nothing */
};

/* Where anything may stand. */
struct wild {
    size_t at;
    bool any; /* also line ends */
};

struct text {
    struct gw_buf bytes;
    size_t head_len; /* with its blank line; 0: no message */
    struct wild wilds[TEXT_WILDS_MAX];
    unsigned wilds_count;
    size_t cuts[TEXT_CUTS_MAX]; /* {cut}: sent as pieces of their own */
    unsigned cuts_count;
    size_t from, to; /* {from} and {to}: the positions to try; else 0 and all */
    bool has_from, has_to;
};

/* $NAME: `value` stands for it. */
struct text_name {
    struct gw_str name;
    char value[32];
};

/* Free with text_finish(), also on failure. */
bool text_expand(struct text *text, struct gw_str block, enum text_form form,
                 const struct text_name *names, size_t names_count, struct complaint *complaint);
void text_finish(struct text *text);

/* Bytes from..to of it as a text of their own (they are borrowed). */
struct text text_slice(const struct text *text, size_t from, size_t to);

#endif
