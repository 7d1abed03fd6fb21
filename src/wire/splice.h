/*
 * wire/splice: bytes of a text that are left out, and what stands in their place.
 */
#ifndef GW_WIRE_SPLICE_H
#define GW_WIRE_SPLICE_H

#include "base/str.h"

struct gw_splice {
    uint64_t at, len;
    struct gw_str with;
};

#endif
