/*
 * wire/inflate: what it gives out, and whether it takes a body at all, is what the library says of
 * the whole body in one go, however the bytes are cut; it never gives out more than the limit; what
 * zlib packs comes back.
 *
 * Input: coding and whether the rest is to be packed first, limit, two cuts, the bytes.
 */
#include "wire/inflate.h"

#include <brotli/decode.h>
#include <stdlib.h>
#include <zlib.h>

#define CHECK(truth)                                                                               \
    do {                                                                                           \
        if (!(truth))                                                                              \
            abort();                                                                               \
    } while (0)

#define INPUT_BYTES_MAX 4096u
#define BYTE_BY_BYTE_MAX 192u
#define LIMIT_MAX ((size_t)1 << 16)
/* zlib packs these few bytes into hardly more. */
#define PACKED_BYTES_MAX (INPUT_BYTES_MAX + 256u)

static const char *const codings[] = {"gzip", "deflate", "br", "x-gzip"};
static const size_t limits[] = {0, 1, 100, 4095, 16384, 16385, 40000, LIMIT_MAX};

struct decoded {
    enum gw_status status; /* of the first call that failed, or of the end */
    bool fed;              /* every byte was taken */
    bool stop_early;       /* on_data says stop as soon as it is called */
    size_t limit, len;
    char bytes[LIMIT_MAX];
};

static bool take(void *arg, struct gw_str data)
{
    struct decoded *out = arg;

    CHECK(out->status == GW_OK); /* not after a failure, nor after it was told to stop */
    CHECK(data.len > 0 && data.len <= out->limit - out->len);
    memcpy(out->bytes + out->len, data.base, data.len);
    out->len += data.len;
    if (out->stop_early)
        out->status = GW_EOF;
    return !out->stop_early;
}

static void feed(struct gw_inflate *inflate, struct gw_str part, struct decoded *out)
{
    char *copy = malloc(part.len + !part.len); /* so that a byte read too many is seen */
    struct gw_err err = {0};

    CHECK(copy);
    if (part.len)
        memcpy(copy, part.base, part.len);
    enum gw_status status =
        gw_inflate_feed(inflate, (struct gw_str){copy, part.len}, take, out, &err);
    CHECK((status == GW_EOF) == (out->status == GW_EOF));
    if (status != GW_OK && status != GW_EOF)
        CHECK((status == GW_INVALID || status == GW_TOO_LARGE) && err.status == status &&
              err.message[0]);
    out->status = status;
    free(copy);
}

/* Decodes `packed`, cut at each of `cuts` (ascending). */
static void decode(struct gw_str coding, struct gw_str packed, const size_t *cuts, size_t count,
                   struct decoded *out)
{
    struct gw_inflate *inflate = NULL;
    size_t at = 0;

    out->status = GW_OK;
    out->len = 0;
    CHECK(gw_inflate_create(coding, out->limit, &inflate, NULL) == GW_OK);
    for (size_t i = 0; i <= count && out->status == GW_OK; i++) {
        size_t end = i < count ? cuts[i] : packed.len;
        feed(inflate, (struct gw_str){packed.base + at, end - at}, out);
        at = end;
    }
    out->fed = out->status == GW_OK;
    if (out->fed)
        out->status = gw_inflate_end(inflate, NULL);
    CHECK(!out->fed || out->status == GW_OK || out->status == GW_INVALID);
    gw_inflate_destroy(inflate);
}

/* The library by itself, all at once, with room for one byte over the limit.
 * @return GW_OK; GW_AGAIN: not complete; GW_INVALID: broken, or too large */
static enum gw_status judge(struct gw_str coding, struct gw_str packed, size_t limit, char *out,
                            size_t *len_out)
{
    bool done, hungry;
    size_t left = packed.len, room = limit + 1;

    if (gw_str_eq(coding, GW_STR("br"))) {
        BrotliDecoderState *brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL);
        const uint8_t *next = (const uint8_t *)packed.base;
        uint8_t *next_out = (uint8_t *)out;
        CHECK(brotli);
        BrotliDecoderResult result =
            BrotliDecoderDecompressStream(brotli, &left, &next, &room, &next_out, NULL);
        done = result == BROTLI_DECODER_RESULT_SUCCESS;
        hungry = result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT;
        BrotliDecoderDestroyInstance(brotli);
    } else {
        z_stream zlib = {.next_in = (Bytef *)(uintptr_t)packed.base,
                         .avail_in = (uInt)packed.len,
                         .next_out = (Bytef *)out,
                         .avail_out = (uInt)room};
        CHECK(inflateInit2(&zlib, 15 + 32) == Z_OK);
        int code = inflate(&zlib, Z_NO_FLUSH);
        left = zlib.avail_in;
        room = zlib.avail_out;
        done = code == Z_STREAM_END;
        hungry = code == Z_OK || code == Z_BUF_ERROR;
        (void)inflateEnd(&zlib);
    }
    *len_out = limit + 1 - room;
    if (room == 0 || (done && left))
        return GW_INVALID;
    return done ? GW_OK : hungry ? GW_AGAIN : GW_INVALID;
}

static void check_against(const struct decoded *got, enum gw_status verdict, const char *bytes,
                          size_t len)
{
    CHECK(got->len <= got->limit);
    /* How much is told before a fault depends on the cut, for the judge as well; the bytes do not.
     */
    CHECK(memcmp(got->bytes, bytes, got->len < len ? got->len : len) == 0);
    CHECK(got->fed == (verdict != GW_INVALID));
    if (verdict == GW_INVALID)
        return;
    CHECK(got->len == len);
    CHECK(got->status == (verdict == GW_OK ? GW_OK : GW_INVALID));
}

static void check_body(struct gw_str coding, struct gw_str packed, size_t limit,
                       const size_t cuts[2])
{
    static char expected[LIMIT_MAX + 1];
    static struct decoded got;
    static size_t every[BYTE_BY_BYTE_MAX];
    size_t len;
    enum gw_status verdict = judge(coding, packed, limit, expected, &len);

    got.limit = limit;
    got.stop_early = false;
    decode(coding, packed, NULL, 0, &got);
    check_against(&got, verdict, expected, len);
    decode(coding, packed, cuts, 2, &got);
    check_against(&got, verdict, expected, len);
    if (packed.len <= BYTE_BY_BYTE_MAX) {
        for (size_t i = 0; i < packed.len; i++)
            every[i] = i;
        decode(coding, packed, every, packed.len, &got);
        check_against(&got, verdict, expected, len);
    }
    got.stop_early = true;
    decode(coding, packed, cuts, 2, &got);
    CHECK(memcmp(got.bytes, expected, got.len < len ? got.len : len) == 0);
}

/* @param gzip  else zlib. @return bytes in `out` */
static size_t pack(struct gw_str plain, bool gzip, char out[PACKED_BYTES_MAX])
{
    z_stream zlib = {.next_in = (Bytef *)(uintptr_t)plain.base, .avail_in = (uInt)plain.len};

    CHECK(deflateInit2(&zlib, 1, Z_DEFLATED, 15 + (gzip ? 16 : 0), 1, Z_DEFAULT_STRATEGY) == Z_OK);
    zlib.next_out = (Bytef *)out;
    zlib.avail_out = PACKED_BYTES_MAX;
    CHECK(deflate(&zlib, Z_FINISH) == Z_STREAM_END);
    (void)deflateEnd(&zlib);
    return PACKED_BYTES_MAX - zlib.avail_out;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static char packed[PACKED_BYTES_MAX];
    static struct decoded back;

    if (len < 4 || len > INPUT_BYTES_MAX)
        return 0;
    struct gw_str coding = gw_str_of(codings[bytes[0] % GW_COUNT(codings)]);
    struct gw_str body = {(const char *)bytes + 4, len - 4}, plain = body;
    bool pack_first = (bytes[0] & 0x80) && !gw_str_eq(coding, GW_STR("br"));
    if (pack_first)
        body = (struct gw_str){packed, pack(plain, !gw_str_eq(coding, GW_STR("deflate")), packed)};
    size_t first = bytes[2] * body.len / 255;
    const size_t cuts[2] = {first, first + bytes[3] * (body.len - first) / 255};
    check_body(coding, body, limits[bytes[1] % GW_COUNT(limits)], cuts);
    if (pack_first) {
        back.limit = plain.len; /* exactly enough */
        decode(coding, body, cuts, 2, &back);
        CHECK(back.status == GW_OK && gw_str_eq((struct gw_str){back.bytes, back.len}, plain));
    }
    return 0;
}
