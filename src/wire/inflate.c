#include "wire/inflate.h"

#include <brotli/decode.h>
#include <stdlib.h>
#include <zlib.h>

#define OUT_BYTES 16384u
/* zlib: find out by itself whether it is gzip or zlib, with the largest window. */
#define WINDOW_BITS_ANY (15 + 32)

enum coding { CODING_ZLIB, CODING_BROTLI };

struct gw_inflate {
    enum coding coding;
    bool done;
    uint64_t bytes_max, bytes;
    z_stream zlib;
    BrotliDecoderState *brotli;
};

enum gw_status gw_inflate_create(struct gw_str coding, uint64_t bytes_max,
                                 struct gw_inflate **inflate_out, struct gw_err *err)
{
    bool is_zlib = gw_str_eq_nocase(coding, GW_STR("gzip")) ||
                   gw_str_eq_nocase(coding, GW_STR("x-gzip")) ||
                   gw_str_eq_nocase(coding, GW_STR("deflate"));

    if (!is_zlib && !gw_str_eq_nocase(coding, GW_STR("br")))
        return gw_err_set(err, GW_UNSUPPORTED,
                          "bodies can be read as gzip, deflate, br or identity, not as \"%.*s\"",
                          (int)(coding.len < 60 ? coding.len : 60), coding.base);
    struct gw_inflate *inflate = calloc(1, sizeof *inflate);
    if (!inflate)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a decoder");
    inflate->coding = is_zlib ? CODING_ZLIB : CODING_BROTLI;
    inflate->bytes_max = bytes_max;
    if (is_zlib ? inflateInit2(&inflate->zlib, WINDOW_BITS_ANY) != Z_OK
                : !(inflate->brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL))) {
        free(inflate);
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a decoder");
    }
    *inflate_out = inflate;
    return GW_OK;
}

void gw_inflate_destroy(struct gw_inflate *inflate)
{
    if (!inflate)
        return;
    if (inflate->coding == CODING_ZLIB)
        (void)inflateEnd(&inflate->zlib);
    else
        BrotliDecoderDestroyInstance(inflate->brotli);
    free(inflate);
}

static enum gw_status broken(struct gw_err *err)
{
    return gw_err_set(err, GW_INVALID, "the compressed body is broken");
}

/* Decodes what fits into `out`. @param more_out  there may be more without further input */
static enum gw_status step_zlib(struct gw_inflate *decoder, struct gw_str *in, unsigned char *out,
                                size_t *len_out, bool *more_out, struct gw_err *err)
{
    z_stream *zlib = &decoder->zlib;
    uInt given = in->len < 1u << 30 ? (uInt)in->len : 1u << 30;

    zlib->next_in = (Bytef *)(uintptr_t)in->base;
    zlib->avail_in = given;
    zlib->next_out = out;
    zlib->avail_out = OUT_BYTES;
    int code = inflate(zlib, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return broken(err);
    *in = gw_str_from(*in, given - zlib->avail_in);
    *len_out = OUT_BYTES - zlib->avail_out;
    *more_out = code != Z_STREAM_END && zlib->avail_out == 0;
    decoder->done = code == Z_STREAM_END;
    return GW_OK;
}

static enum gw_status step_brotli(struct gw_inflate *inflate, struct gw_str *in, unsigned char *out,
                                  size_t *len_out, bool *more_out, struct gw_err *err)
{
    const uint8_t *next = (const uint8_t *)in->base;
    uint8_t *next_out = out;
    size_t left = in->len, room = OUT_BYTES;
    BrotliDecoderResult result =
        BrotliDecoderDecompressStream(inflate->brotli, &left, &next, &room, &next_out, NULL);

    if (result == BROTLI_DECODER_RESULT_ERROR)
        return broken(err);
    *in = gw_str_from(*in, in->len - left);
    *len_out = OUT_BYTES - room;
    /* Not whether it says that it needs more input: with the last of it used up it says so even
     * while output waits. */
    *more_out = BrotliDecoderHasMoreOutput(inflate->brotli);
    inflate->done = result == BROTLI_DECODER_RESULT_SUCCESS;
    return GW_OK;
}

enum gw_status gw_inflate_feed(struct gw_inflate *inflate, struct gw_str bytes,
                               bool (*on_data)(void *arg, struct gw_str data), void *arg,
                               struct gw_err *err)
{
    unsigned char out[OUT_BYTES];
    bool more = false;

    while (bytes.len || more) {
        size_t len = 0;
        if (inflate->done)
            return bytes.len ? broken(err) : GW_OK; /* bytes behind the end */
        enum gw_status status = inflate->coding == CODING_ZLIB
                                    ? step_zlib(inflate, &bytes, out, &len, &more, err)
                                    : step_brotli(inflate, &bytes, out, &len, &more, err);
        if (status != GW_OK)
            return status;
        inflate->bytes += len;
        if (inflate->bytes > inflate->bytes_max)
            return gw_err_set(err, GW_TOO_LARGE, "the body is larger than %llu bytes once decoded",
                              (unsigned long long)inflate->bytes_max);
        if (len && !on_data(arg, (struct gw_str){(const char *)out, len}))
            return GW_EOF;
    }
    return GW_OK;
}

enum gw_status gw_inflate_end(const struct gw_inflate *inflate, struct gw_err *err)
{
    if (!inflate->done)
        return gw_err_set(err, GW_INVALID, "the compressed body is not complete");
    return GW_OK;
}
