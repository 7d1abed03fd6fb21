/*
 * base/utf8: one character at a time, strictly (Unicode 15, table 3-7): no shorter forms, no
 * surrogates, nothing past U+10FFFF.
 */
#ifndef GW_BASE_UTF8_H
#define GW_BASE_UTF8_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* One step of a text. */
struct gw_utf8_step {
    uint8_t len; /* bytes of the character, or of the maximal subpart that should become one U+FFFD;
                    at least 1 */
    bool valid;
};

/* @param text  not empty */
struct gw_utf8_step gw_utf8_step(struct gw_str text);

#endif
