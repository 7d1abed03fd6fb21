/*
 * wire/json_string: what the JSON modules share about the inside of a string: escapes and UTF-8.
 *
 * Everything here works on bytes in memory; nothing keeps state or allocates. The public part
 * (gw_json_unescape, gw_json_raw_prefix) is declared in json_scan.h.
 */
#ifndef GW_WIRE_JSON_STRING_H
#define GW_WIRE_JSON_STRING_H

#include "base/str.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Bytes at the start of `raw` that decode together: one byte as it is, one escape, or a surrogate
 * pair of two. */
struct gw_json_unit {
    uint8_t raw_len; /* 0: a broken escape */
    uint8_t len;     /* of `text`, 1 to 4 */
    char text[4];
};

/* @param raw  inside of a JSON string, not empty */
struct gw_json_unit gw_json_unit(struct gw_str raw);

/* Whether the raw string decodes to exactly `text`; false when an escape is broken. */
bool gw_json_raw_equals(struct gw_str raw, struct gw_str text);

/* Writes \ufffd over each surrogate escape in a raw string that stands alone: the length stays. Broken escapes
 * stay as they are. */
void gw_json_mend_surrogates(char *raw, size_t len);

static inline bool gw_json_is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

/* How many bytes of `s` from `at` on stand for themselves in a JSON string: ASCII, no quote,
 * backslash or control. Inline, for it runs for every string that is read or written. */
static inline size_t gw_json_plain_run(struct gw_str s, size_t at)
{
    size_t i = at;
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    const __m128i blank = _mm_set1_epi8(0x20);
    for (; s.len - i >= 16; i += 16) {
        __m128i bytes = _mm_loadu_si128((const void *)(s.base + i));
        /* Compared as signed, bytes from 0x80 on are below 0x20 too. */
        __m128i stop = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
            _mm_cmplt_epi8(bytes, blank));
        unsigned mask = (unsigned)_mm_movemask_epi8(stop);
        if (mask)
            return i - at + (unsigned)__builtin_ctz(mask);
    }
#endif
    while (i < s.len && gw_json_is_plain(s.base[i]))
        i++;
    return i - at;
}

#endif
