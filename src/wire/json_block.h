/*
 * wire/json_block: which of 64 bytes are quotes, backslashes, brackets or controls, as bits; once
 * for each instruction set.
 *
 * Private to json_scan.c. Bit i speaks of byte i. Functions of AVX2 may run only where the CPU has
 * it.
 */
#ifndef GW_WIRE_JSON_BLOCK_H
#define GW_WIRE_JSON_BLOCK_H

#include <stdint.h>

#define GW_JSON_BLOCK_BYTES 64u

/* All that matters inside of a string. */
struct gw_json_string_bits {
    uint64_t quote, backslash;
};

/* What matters outside of one besides: { } [ ], and bytes < 0x20 that are no blanks. */
struct gw_json_outside_bits {
    uint64_t bracket, control;
};

/* Bit i of the result: whether an odd number of bits 0 to i is set. */
static inline uint64_t gw_json_prefix_xor(uint64_t bits)
{
    for (unsigned shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

static inline struct gw_json_string_bits gw_json_string_bits_plain(const char *bytes)
{
    struct gw_json_string_bits bits = {0};

    for (unsigned i = 0; i < GW_JSON_BLOCK_BYTES; i++) {
        bits.quote |= (uint64_t)(bytes[i] == '"') << i;
        bits.backslash |= (uint64_t)(bytes[i] == '\\') << i;
    }
    return bits;
}

static inline struct gw_json_outside_bits gw_json_outside_bits_plain(const char *bytes)
{
    struct gw_json_outside_bits bits = {0};

    for (unsigned i = 0; i < GW_JSON_BLOCK_BYTES; i++) {
        unsigned char c = (unsigned char)bytes[i], curly = c | 0x20;
        bits.bracket |= (uint64_t)(curly == '{' || curly == '}') << i;
        bits.control |= (uint64_t)(c < 0x20 && c != '\t' && c != '\n' && c != '\r') << i;
    }
    return bits;
}

#ifdef __x86_64__
#include <immintrin.h>

static inline uint64_t gw_json_mask128(__m128i v, unsigned shift)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(v) << shift;
}

static inline __m128i gw_json_is128(__m128i v, char c)
{
    return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

static inline struct gw_json_string_bits gw_json_string_bits_sse2(const char *bytes)
{
    struct gw_json_string_bits bits = {0};

    for (unsigned i = 0; i < GW_JSON_BLOCK_BYTES; i += 16) {
        __m128i v = _mm_loadu_si128((const void *)(bytes + i));
        bits.quote |= gw_json_mask128(gw_json_is128(v, '"'), i);
        bits.backslash |= gw_json_mask128(gw_json_is128(v, '\\'), i);
    }
    return bits;
}

static inline struct gw_json_outside_bits gw_json_outside_bits_sse2(const char *bytes)
{
    struct gw_json_outside_bits bits = {0};

    for (unsigned i = 0; i < GW_JSON_BLOCK_BYTES; i += 16) {
        __m128i v = _mm_loadu_si128((const void *)(bytes + i));
        __m128i curly = _mm_or_si128(v, _mm_set1_epi8(0x20)); /* makes [ and ] the curly ones */
        __m128i bracket = _mm_or_si128(gw_json_is128(curly, '{'), gw_json_is128(curly, '}'));
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
        __m128i blank = _mm_or_si128(_mm_or_si128(gw_json_is128(v, '\t'), gw_json_is128(v, '\n')),
                                     gw_json_is128(v, '\r'));
        bits.bracket |= gw_json_mask128(bracket, i);
        bits.control |= gw_json_mask128(_mm_andnot_si128(blank, low), i);
    }
    return bits;
}

#define GW_JSON_AVX2 __attribute__((target("avx2,pclmul")))

static inline GW_JSON_AVX2 uint64_t gw_json_mask256(__m256i v, unsigned shift)
{
    return (uint64_t)(unsigned)_mm256_movemask_epi8(v) << shift;
}

static inline GW_JSON_AVX2 __m256i gw_json_is256(__m256i v, char c)
{
    return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c));
}

static inline GW_JSON_AVX2 uint64_t gw_json_prefix_xor_avx2(uint64_t bits)
{
    /* A product without carries, by all ones, is the running xor. */
    __m128i v = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(v);
}

static inline GW_JSON_AVX2 struct gw_json_string_bits gw_json_string_bits_avx2(const char *bytes)
{
    struct gw_json_string_bits bits = {0};

    for (unsigned i = 0; i < GW_JSON_BLOCK_BYTES; i += 32) {
        __m256i v = _mm256_loadu_si256((const void *)(bytes + i));
        bits.quote |= gw_json_mask256(gw_json_is256(v, '"'), i);
        bits.backslash |= gw_json_mask256(gw_json_is256(v, '\\'), i);
    }
    return bits;
}

static inline GW_JSON_AVX2 struct gw_json_outside_bits gw_json_outside_bits_avx2(const char *bytes)
{
    struct gw_json_outside_bits bits = {0};

    for (unsigned i = 0; i < GW_JSON_BLOCK_BYTES; i += 32) {
        __m256i v = _mm256_loadu_si256((const void *)(bytes + i));
        __m256i curly = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
        __m256i bracket = _mm256_or_si256(gw_json_is256(curly, '{'), gw_json_is256(curly, '}'));
        __m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v);
        __m256i blank =
            _mm256_or_si256(_mm256_or_si256(gw_json_is256(v, '\t'), gw_json_is256(v, '\n')),
                            gw_json_is256(v, '\r'));
        bits.bracket |= gw_json_mask256(bracket, i);
        bits.control |= gw_json_mask256(_mm256_andnot_si256(blank, low), i);
    }
    return bits;
}
#endif /* __x86_64__ */

#endif
