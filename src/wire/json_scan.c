#include "wire/json_scan.h"

#include <assert.h>

#include "wire/json_block.h"
#include "wire/json_scan_private.h"

/* Which bytes an escape takes the meaning from. A run of backslashes that begins in an even place
 * and one that begins in an odd place end differently; adding the run's start to the run carries a
 * bit to the place behind its end.
 * @param carry  whether the block's first byte is escaped; takes whether the byte behind the block
 * is */
static inline uint64_t escaped_bytes(uint64_t backslash, unsigned len, uint64_t *carry)
{
    const uint64_t even = 0x5555555555555555;
    uint64_t behind_odd;

    if (!backslash) {
        uint64_t escaped = *carry;
        *carry = 0;
        return escaped;
    }
    backslash &= ~*carry;
    uint64_t behind = backslash << 1 | *carry;
    uint64_t odd_starts = backslash & ~even & ~behind;
    bool over = __builtin_add_overflow(odd_starts, backslash, &behind_odd);
    uint64_t escaped = (even ^ behind_odd << 1) & behind;
    *carry = len == GW_JSON_BLOCK_BYTES ? over : escaped >> len & 1;
    return escaped;
}

typedef struct gw_json_string_bits string_bits_fn(const char *bytes);
typedef struct gw_json_outside_bits outside_bits_fn(const char *bytes);
typedef uint64_t prefix_xor_fn(uint64_t bits);

/* How the 64 bytes are looked at: three functions that are inlined, for these constants are. */
struct lens {
    string_bits_fn *string_bits;
    outside_bits_fn *outside_bits;
    prefix_xor_fn *prefix_xor;
};

/* What holds at the beginning of the next block. */
struct carry {
    uint64_t in_string; /* all bits or none */
    uint64_t escaped;   /* 1 or 0 */
};

/* @param bytes  64 that may be read, of which the first `shift` are before the block */
static inline __attribute__((always_inline)) bool
scan_block(struct gw_json_scan *scan, struct gw_json_block *block, const char *bytes,
           unsigned shift, struct carry *carry, const struct lens lens)
{
    struct gw_json_string_bits string = lens.string_bits(bytes);
    uint64_t backslash = string.backslash >> shift;

    block->quotes = string.quote >> shift & ~escaped_bytes(backslash, block->len, &carry->escaped);
    if (carry->in_string && !block->quotes)
        return true;
    struct gw_json_outside_bits outside = lens.outside_bits(bytes);
    uint64_t inside = lens.prefix_xor(block->quotes) ^ carry->in_string;
    carry->in_string = (uint64_t)((int64_t)inside >> 63);
    block->marks = ((outside.bracket | outside.control) >> shift | backslash) & ~inside;
    return gw_json_scan_walk(scan, block);
}

/* The last bytes of a slice, fewer than 64. */
static inline __attribute__((always_inline)) bool scan_rest(struct gw_json_scan *scan,
                                                            struct gw_json_block *block,
                                                            size_t slice_len, struct carry *carry,
                                                            const struct lens lens)
{
    char padded[GW_JSON_BLOCK_BYTES];

    if (slice_len >= GW_JSON_BLOCK_BYTES) { /* looks back over bytes already seen */
        unsigned shift = GW_JSON_BLOCK_BYTES - block->len;
        return scan_block(scan, block, block->base - shift, shift, carry, lens);
    }
    memset(padded, ' ', sizeof(padded));
    memcpy(padded, block->base, block->len);
    return scan_block(scan, block, padded, 0, carry, lens);
}

/* The loop over blocks, inlined once for each instruction set. */
static inline __attribute__((always_inline)) bool
scan_slice(struct gw_json_scan *scan, struct gw_str slice, const struct lens lens)
{
    struct carry carry = {scan->in_string ? UINT64_MAX : 0, scan->escaped};
    struct gw_json_block block = {.base = slice.base,
                                  .slice = slice.base,
                                  .offset = scan->offset,
                                  .len = GW_JSON_BLOCK_BYTES};
    size_t left = slice.len;

    for (; left >= GW_JSON_BLOCK_BYTES; left -= GW_JSON_BLOCK_BYTES) {
        if (!scan_block(scan, &block, block.base, 0, &carry, lens))
            return false;
        block.base += GW_JSON_BLOCK_BYTES;
        block.offset += GW_JSON_BLOCK_BYTES;
    }
    block.len = (unsigned)left;
    if (left && !scan_rest(scan, &block, slice.len, &carry, lens))
        return false;
    if (slice.len)
        gw_json_scan_pause(scan, &block);
    scan->in_string = carry.in_string;
    scan->escaped = carry.escaped;
    scan->offset = block.offset + left;
    return true;
}

typedef bool scan_slice_fn(struct gw_json_scan *scan, struct gw_str slice);

static bool scan_plain(struct gw_json_scan *scan, struct gw_str slice)
{
    return scan_slice(
        scan, slice,
        (struct lens){gw_json_string_bits_plain, gw_json_outside_bits_plain, gw_json_prefix_xor});
}

#ifdef __x86_64__
static bool scan_sse2(struct gw_json_scan *scan, struct gw_str slice)
{
    return scan_slice(
        scan, slice,
        (struct lens){gw_json_string_bits_sse2, gw_json_outside_bits_sse2, gw_json_prefix_xor});
}

static GW_JSON_AVX2 bool scan_avx2(struct gw_json_scan *scan, struct gw_str slice)
{
    return scan_slice(scan, slice,
                      (struct lens){gw_json_string_bits_avx2, gw_json_outside_bits_avx2,
                                    gw_json_prefix_xor_avx2});
}
#else
#define scan_sse2 NULL
#define scan_avx2 NULL
#endif

static scan_slice_fn *const scan_sets[] = {
    [GW_JSON_SCAN_PLAIN] = scan_plain,
    [GW_JSON_SCAN_SSE2] = scan_sse2,
    [GW_JSON_SCAN_AVX2] = scan_avx2,
};

/* Written once, before main(). */
static scan_slice_fn *scan_best = scan_plain;

bool gw_json_scan_has(enum gw_json_scan_set set)
{
#ifdef __x86_64__
    if (set == GW_JSON_SCAN_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul");
#endif
    return scan_sets[set] != NULL;
}

static __attribute__((constructor)) void choose_set(void)
{
#ifdef __x86_64__
    __builtin_cpu_init(); /* other constructors may not have run yet */
#endif
    for (int set = GW_JSON_SCAN_SETS - 1; set > GW_JSON_SCAN_PLAIN; set--) {
        if (gw_json_scan_has((enum gw_json_scan_set)set)) {
            scan_best = scan_sets[set];
            return;
        }
    }
}

static enum gw_status scan_feed(scan_slice_fn *scan_by, struct gw_json_scan *scan,
                                struct gw_str bytes, struct gw_err *err)
{
    if (!scan->failed && scan_by(scan, bytes))
        return GW_OK;
    return gw_json_scan_verdict(scan, false, err);
}

enum gw_status gw_json_scan_feed_with(enum gw_json_scan_set set, struct gw_json_scan *scan,
                                      struct gw_str bytes, struct gw_err *err)
{
    assert(gw_json_scan_has(set));
    return scan_feed(scan_sets[set], scan, bytes, err);
}

void gw_json_scan_init(struct gw_json_scan *scan)
{
    *scan = (struct gw_json_scan){0};
}

enum gw_status gw_json_scan_feed(struct gw_json_scan *scan, struct gw_str bytes, struct gw_err *err)
{
    return scan_feed(scan_best, scan, bytes, err);
}

enum gw_status gw_json_scan_end(struct gw_json_scan *scan, struct gw_err *err)
{
    return gw_json_scan_verdict(scan, true, err);
}
