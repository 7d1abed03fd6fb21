/*
 * wire/sse_line: where a line of an event stream ends, shared by wire/sse and wire/sse_tap and by
 * nothing else.
 */
#ifndef GW_WIRE_SSE_LINE_H
#define GW_WIRE_SSE_LINE_H

#include "base/str.h"

#ifdef __SSE2__
#include <emmintrin.h>

static inline __m128i gw_sse_load(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static inline uint64_t gw_sse_eol_mask16(const char *at)
{
    __m128i lf = _mm_cmpeq_epi8(gw_sse_load(at), _mm_set1_epi8('\n'));
    __m128i cr = _mm_cmpeq_epi8(gw_sse_load(at), _mm_set1_epi8('\r'));
    return (uint64_t)(unsigned)_mm_movemask_epi8(_mm_or_si128(lf, cr));
}

/* A bit for each line end in the 64 bytes from `at`. */
static inline uint64_t gw_sse_eol_mask64(const char *at)
{
    return gw_sse_eol_mask16(at) | gw_sse_eol_mask16(at + 16) << 16 |
           gw_sse_eol_mask16(at + 32) << 32 | gw_sse_eol_mask16(at + 48) << 48;
}

/* May these 64 bytes hold a line end? Asks for bytes <= CR: one comparison for all, and JSON has
 * few others. */
static inline bool gw_sse_eol_near(const char *at)
{
    __m128i ab = _mm_min_epu8(gw_sse_load(at), gw_sse_load(at + 16));
    __m128i cd = _mm_min_epu8(gw_sse_load(at + 32), gw_sse_load(at + 48));
    __m128i low = _mm_min_epu8(ab, cd);
    return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(low, _mm_set1_epi8('\r')), low)) != 0;
}
#endif

/* The first LF or CR in [at, end), or `end`. [base, end) is what may be read: the last step reads
 * again what the ones before it read, and drops the bits. */
static inline const char *gw_sse_eol(const char *base, const char *at, const char *end)
{
    if (at < end && (*at == '\n' || *at == '\r'))
        return at; /* every other line is blank */
#ifdef __SSE2__
    for (; end - at >= 64; at += 64) {
        uint64_t mask = gw_sse_eol_near(at) ? gw_sse_eol_mask64(at) : 0;
        if (mask)
            return at + __builtin_ctzll(mask);
    }
    if (at < end && end - base >= 64) {
        uint64_t mask = gw_sse_eol_mask64(end - 64) >> (64 - (end - at));
        return mask ? at + __builtin_ctzll(mask) : end;
    }
#else
    (void)base;
#endif
    while (at < end && *at != '\n' && *at != '\r')
        at++;
    return at;
}

/* Is this line the field `name`? Then leaves its value in `line`: what follows the colon, less one
 * leading blank; nothing when there is no colon. */
static inline bool gw_sse_take_name(struct gw_str *line, struct gw_str name)
{
    if (!gw_str_starts(*line, name))
        return false;
    struct gw_str value = gw_str_from(*line, name.len);
    if (value.len) {
        if (value.base[0] != ':')
            return false;
        value = gw_str_from(value, value.len > 1 && value.base[1] == ' ' ? 2 : 1);
    }
    *line = value;
    return true;
}

static const char gw_sse_bom[3] = {'\xEF', '\xBB', '\xBF'};

#endif
