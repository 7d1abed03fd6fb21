/*
 * wire/http1_bytes: private to http1*.c: which byte may stand where, and where a run of such bytes
 * ends.
 *
 * The scans take 16 bytes a step with SSE2 (every x86-64 has it) and one a step elsewhere and in
 * the last 15.
 */
#ifndef GW_WIRE_HTTP1_BYTES_H
#define GW_WIRE_HTTP1_BYTES_H

#include "base/str.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    GW_BYTE_TOKEN = 1,  /* RFC 9110 §5.6.2 */
    GW_BYTE_TARGET = 2, /* visible ASCII but '#': a fragment is never sent (RFC 9110 §7.1) */
    GW_BYTE_VALUE = 4   /* RFC 9110 §5.5: HTAB, SP, visible, obs-text */
};

/* By row of 16: 7 a token byte, 6 another visible one, 5 '#', 4 a blank or obs-text, 0 a control
 * byte. */
static const uint8_t gw_byte_classes[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, /* HTAB */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
    4, 7, 6, 5, 7, 7, 7, 7, 6, 6, 7, 7, 6, 7, 7, 6, /* SP ! " # $ % & ' ( ) * + , - . / */
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 6, 6, 6, 6, 6, /* 0-9 : ; < = > ? */
    6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, /* @ A-O */
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 6, 6, 7, 7, /* P-Z [ \ ] ^ _ */
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, /* ` a-o */
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 7, 6, 7, 0, /* p-z { | } ~ DEL */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* obs-text from here on */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* */
    4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, /* */
};

static inline bool gw_byte_is(char byte, unsigned class)
{
    return (gw_byte_classes[(unsigned char)byte] & class) != 0;
}

#ifdef __SSE2__

/* Each of the three: bit i is set when byte i is none of its kind. */
static inline unsigned gw_bytes_no_value(__m128i x)
{
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
    __m128i tab = _mm_cmpeq_epi8(x, _mm_set1_epi8('\t'));
    __m128i del = _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, control), del));
}

static inline unsigned gw_bytes_no_target(__m128i x)
{
    /* Signed: bytes from 0x80 on are below the blank too. */
    __m128i visible = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8(0x20)),
                                    _mm_cmplt_epi8(x, _mm_set1_epi8(0x7f)));
    __m128i hash = _mm_cmpeq_epi8(x, _mm_set1_epi8('#'));
    return (unsigned)_mm_movemask_epi8(_mm_andnot_si128(hash, visible)) ^ 0xffffu;
}

/* Letters, digits and '-' only: what names are made of; the table judges the rest. */
static inline unsigned gw_bytes_no_plain_token(__m128i x)
{
    __m128i letter = _mm_sub_epi8(_mm_or_si128(x, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    __m128i digit = _mm_sub_epi8(x, _mm_set1_epi8('0'));
    __m128i plain = _mm_cmpeq_epi8(x, _mm_set1_epi8('-'));
    plain = _mm_or_si128(plain, _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter));
    plain = _mm_or_si128(plain, _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit));
    return (unsigned)_mm_movemask_epi8(plain) ^ 0xffffu;
}

#define GW_BYTES_SKIP_BLOCKS(no_such_byte)                                                         \
    while (len - at >= 16) {                                                                       \
        unsigned stop =                                                                            \
            no_such_byte(_mm_loadu_si128((const __m128i *)(const void *)(bytes + at)));            \
        if (stop) {                                                                                \
            at += (size_t)__builtin_ctz(stop);                                                     \
            break;                                                                                 \
        }                                                                                          \
        at += 16;                                                                                  \
    }
#else
#define GW_BYTES_SKIP_BLOCKS(no_such_byte)
#endif

/* Offset (from `at` on, `at` <= len) of the first byte that is none of its kind, or `len`. The loop
 * after the blocks is also what makes each answer exact: it looks at the byte where a block
 * stopped. */
static inline size_t gw_bytes_value_end(const char *bytes, size_t at, size_t len)
{
    GW_BYTES_SKIP_BLOCKS(gw_bytes_no_value)
    while (at < len && gw_byte_is(bytes[at], GW_BYTE_VALUE))
        at++;
    return at;
}

static inline size_t gw_bytes_target_end(const char *bytes, size_t at, size_t len)
{
    GW_BYTES_SKIP_BLOCKS(gw_bytes_no_target)
    while (at < len && gw_byte_is(bytes[at], GW_BYTE_TARGET))
        at++;
    return at;
}

static inline size_t gw_bytes_token_end(const char *bytes, size_t at, size_t len)
{
    GW_BYTES_SKIP_BLOCKS(gw_bytes_no_plain_token)
    while (at < len && gw_byte_is(bytes[at], GW_BYTE_TOKEN))
        at++;
    return at;
}

#endif
