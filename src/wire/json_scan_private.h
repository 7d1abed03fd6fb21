/*
 * wire/json_scan_private: the scanner's two halves (json_scan.c finds what matters in 64 bytes at a
 * time, json_scan_walk.c moves the state over it), and each instruction set by itself, so that
 * tests and benchmarks can compare them.
 */
#ifndef GW_WIRE_JSON_SCAN_PRIVATE_H
#define GW_WIRE_JSON_SCAN_PRIVATE_H

#include "wire/json_scan.h"

enum gw_json_scan_set {
    GW_JSON_SCAN_PLAIN,
    GW_JSON_SCAN_SSE2,
    GW_JSON_SCAN_AVX2,
    GW_JSON_SCAN_SETS /* must stay last */
};

/* Whether this build and CPU have it. */
bool gw_json_scan_has(enum gw_json_scan_set set);

/* gw_json_scan_feed() with a given set, which must be there. */
enum gw_status gw_json_scan_feed_with(enum gw_json_scan_set set, struct gw_json_scan *scan,
                                      struct gw_str bytes, struct gw_err *err);

/* Up to 64 bytes of the body. */
struct gw_json_block {
    const char *base;
    const char *slice; /* where the caller's bytes begin, in front of or at `base` */
    uint64_t offset;   /* of `base` in the body */
    unsigned len;
    uint64_t quotes; /* those that open or close a string */
    uint64_t marks;  /* outside of strings: brackets, and bytes that may not stand there */
};

/* Moves the state over a block. @return false when the scan has failed */
bool gw_json_scan_walk(struct gw_json_scan *scan, const struct gw_json_block *block);

/* The slice ends behind its last block: keeps what will be needed of it. */
void gw_json_scan_pause(struct gw_json_scan *scan, const struct gw_json_block *block);

/* What to tell the caller: the fault, also when it is only that the body ends here. */
enum gw_status gw_json_scan_verdict(const struct gw_json_scan *scan, bool at_end,
                                    struct gw_err *err);

#endif
