/*
 * wire/json_scan: the structure of a JSON body as it streams past, at memory speed (product.md §8).
 *
 * Looks at strings, balance and depth only; finds the top-level "model" and "stream". Builds
 * nothing, keeps no text, and gives the same outcome however the bytes are cut. What the grammar
 * says inside is the provider's business. 64 bytes a step: AVX2 where the CPU has it, SSE2
 * otherwise, plain C elsewhere.
 */
#ifndef GW_WIRE_JSON_SCAN_H
#define GW_WIRE_JSON_SCAN_H

#include "base/err.h"
#include "base/str.h"

#define GW_JSON_SCAN_DEPTH_MAX 128u
/* Raw bytes of a key that is looked at: "stream" in \u escapes is 36. */
#define GW_JSON_SCAN_KEY_MAX 48u

enum gw_json_kind { GW_JSON_NONE, GW_JSON_STRING, GW_JSON_TRUE, GW_JSON_FALSE, GW_JSON_OTHER };

/* Where a member's value stands in the body, in bytes from its start; a string's quotes are not
 * counted in. */
struct gw_json_place {
    uint64_t begin, end;
    enum gw_json_kind kind; /* NONE: not met (or not complete) yet */
};

struct gw_json_scan {
    /* Outcome so far. */
    uint64_t offset;            /* bytes scanned; after a failure, where the fault is */
    struct gw_json_place model; /* complete as soon as kind != NONE */
    struct gw_json_place stream;
    bool done;         /* the top-level object is closed */
    bool stream_twice; /* more than one top-level "stream": the last one is what `stream` says */
    uint64_t
        keys; /* gw_json_scan_key_bit() of every top-level key of up to GW_JSON_SCAN_KEY_MAX bytes */

    /* Private. */
    bool failed;
    bool in_string, escaped; /* of the byte at `offset` */
    uint8_t state, which, literal, key_len, fault;
    uint32_t depth;
    uint64_t stack[2];              /* a bit a level, the innermost lowest: is it an object */
    uint64_t token_begin;           /* of the top-level key or value at hand */
    char key[GW_JSON_SCAN_KEY_MAX]; /* what earlier calls saw of the key at hand */
};

/* A hash of one bit: keys that are not there can be told apart from those that may be. */
static inline uint64_t gw_json_scan_key_bit(struct gw_str key)
{
    if (key.len == 0)
        return 0;
    unsigned first = (unsigned char)key.base[0], last = (unsigned char)key.base[key.len - 1];
    return (uint64_t)1 << ((first * 2 + last * 3 + (unsigned)key.len * 2) % 64);
}

void gw_json_scan_init(struct gw_json_scan *scan);

/* Scans on. GW_INVALID with err->offset (from the body's start), now and ever after:
 * - not an object, or bytes other than blanks behind its end;
 * - a bracket that does not match, or deeper than GW_JSON_SCAN_DEPTH_MAX;
 * - outside of a string, a backslash or a byte < 0x20 that is no blank;
 * - a second top-level "model" (escapes in keys are decoded for the comparison);
 * - at the top level, so that no two readers can disagree on which value is the model: anything
 *   but string, colon, value, comma in this order; a literal that is no JSON; a broken escape in a
 *   key of up to GW_JSON_SCAN_KEY_MAX bytes.
 *
 * Below the top level commas, colons and literals are not looked at; nor, anywhere, bytes in
 * strings. */
enum gw_status gw_json_scan_feed(struct gw_json_scan *scan, struct gw_str bytes,
                                 struct gw_err *err);

/* After the last byte: GW_INVALID when something is still open. */
enum gw_status gw_json_scan_end(struct gw_json_scan *scan, struct gw_err *err);

/* Decodes a raw JSON string (without quotes) into UTF-8.
 * @return bytes written; SIZE_MAX when it does not fit or an escape is broken. A lone surrogate
 * becomes U+FFFD. */
size_t gw_json_unescape(struct gw_str raw, char *into, size_t room);

/* How many raw bytes of the JSON string `raw` make up its first `decoded` bytes once decoded (for
 * cutting a prefix off without touching the rest); SIZE_MAX when the cut would fall inside an
 * escape. */
size_t gw_json_raw_prefix(struct gw_str raw, size_t decoded);

#endif
