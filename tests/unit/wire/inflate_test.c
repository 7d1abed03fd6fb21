#include "unit/test.h"

#include "wire/inflate.h"

#include <stdlib.h>
#include <zlib.h>

#define ROOM 65536u

struct bytes {
    size_t len;
    char at[ROOM];
};

/* What brotli packs into few bytes. */
static const char br_hello[] = "\x1b\x16\x00\xf8\x8d\x94\x6e\xde\x44\x55\x86\x96\x6c\x20\x6f\x21"
                               "\x4f\x1c\xe0\x38"; /* "hello hello hello hello" */
static const char br_long[] = "\x1b\x3f\x9c\xf8\x25\xc2\xe2\xb1\x40\x20\x7f\x12\x00"; /* 40000 a */
static const char br_empty[] = "\x3b";
/* Incomplete: its last input byte leaves more output waiting than one piece holds. */
static const char br_waiting[] = "\x5b\xdf\x93\x84\x7f\x02\x20\x1e\x0b\x04\x30\x17\x09\x00";

#define BYTES(array) ((struct gw_str){array, sizeof(array) - 1})
#define HELLO "hello hello hello hello"
#define LONG_BYTES 40000u

static size_t pack(struct gw_str plain, int window_bits, char *out)
{
    z_stream zlib = {.next_in = (Bytef *)(uintptr_t)plain.base, .avail_in = (uInt)plain.len};

    assert_int_equal(deflateInit2(&zlib, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    zlib.next_out = (Bytef *)out;
    zlib.avail_out = ROOM;
    assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
    assert_int_equal(deflateEnd(&zlib), Z_OK);
    return ROOM - zlib.avail_out;
}

enum packed { GZIP, ZLIB, RAW, BROTLI };

/* One body of each kind. @param kind  how it is packed */
static struct gw_str packed_body(enum packed kind, size_t plain_bytes)
{
    static char plain[LONG_BYTES], out[ROOM];
    struct gw_str text = GW_STR(HELLO);

    if (kind == BROTLI && plain_bytes == LONG_BYTES)
        return BYTES(br_long);
    if (kind == BROTLI)
        return plain_bytes ? BYTES(br_hello) : BYTES(br_empty);
    memset(plain, 'a', sizeof plain);
    if (plain_bytes == LONG_BYTES)
        text = (struct gw_str){plain, sizeof plain};
    text.len = plain_bytes;
    return (struct gw_str){out, pack(text, kind == GZIP ? 15 + 16 : kind == ZLIB ? 15 : -15, out)};
}

static bool take(void *arg, struct gw_str data)
{
    struct bytes *out = arg;

    assert_true(data.len > 0 && data.len <= sizeof out->at - out->len);
    memcpy(out->at + out->len, data.base, data.len);
    out->len += data.len;
    return true;
}

/* Feeds `body` in pieces of `step` bytes. @return the first status that is not GW_OK, else that of
 * the end */
static enum gw_status decode(struct gw_str coding, struct gw_str body, uint64_t limit, size_t step,
                             struct bytes *out, struct gw_err *err)
{
    struct gw_inflate *inflate = NULL;
    enum gw_status status = GW_OK;

    out->len = 0;
    assert_int_equal(gw_inflate_create(coding, limit, &inflate, err), GW_OK);
    for (size_t at = 0; at < body.len && status == GW_OK; at += step) {
        size_t len = body.len - at < step ? body.len - at : step;
        char *copy = malloc(len);
        assert_non_null(copy);
        memcpy(copy, body.base + at, len);
        status = gw_inflate_feed(inflate, (struct gw_str){copy, len}, take, out, err);
        free(copy);
    }
    if (status == GW_OK)
        status = gw_inflate_end(inflate, err);
    gw_inflate_destroy(inflate);
    return status;
}

static const struct {
    const char *label, *coding;
    enum packed kind;
    size_t plain_bytes;
    uint64_t limit;
    size_t cut;  /* so many bytes are missing at the end */
    bool behind; /* a byte follows the end */
    size_t flip; /* this byte is wrong, from the end; 0: none */
    enum gw_status status;
    const char *message;
} cases[] = {
    {"gzip", "gzip", GZIP, 23, 23, 0, false, 0, GW_OK, ""},
    {"gzip, another name", "x-gzip", GZIP, 23, 23, 0, false, 0, GW_OK, ""},
    {"case does not count", "GZip", GZIP, 23, 23, 0, false, 0, GW_OK, ""},
    {"deflate is zlib's format", "deflate", ZLIB, 23, 23, 0, false, 0, GW_OK, ""},
    {"br", "br", BROTLI, 23, 23, 0, false, 0, GW_OK, ""},
    {"gzip, empty", "gzip", GZIP, 0, 0, 0, false, 0, GW_OK, ""},
    {"deflate, empty", "deflate", ZLIB, 0, 0, 0, false, 0, GW_OK, ""},
    {"br, empty", "br", BROTLI, 0, 0, 0, false, 0, GW_OK, ""},
    {"gzip, several pieces", "gzip", GZIP, LONG_BYTES, LONG_BYTES, 0, false, 0, GW_OK, ""},
    {"br, several pieces", "br", BROTLI, LONG_BYTES, LONG_BYTES, 0, false, 0, GW_OK, ""},
    {"gzip, one byte over", "gzip", GZIP, 23, 22, 0, false, 0, GW_TOO_LARGE,
     "the body is larger than 22 bytes once decoded"},
    {"br, one byte over", "br", BROTLI, 23, 22, 0, false, 0, GW_TOO_LARGE,
     "the body is larger than 22 bytes once decoded"},
    {"gzip, over in a later piece", "gzip", GZIP, LONG_BYTES, LONG_BYTES - 1, 0, false, 0,
     GW_TOO_LARGE, "the body is larger than 39999 bytes once decoded"},
    {"br, over in a later piece", "br", BROTLI, LONG_BYTES, LONG_BYTES - 1, 0, false, 0,
     GW_TOO_LARGE, "the body is larger than 39999 bytes once decoded"},
    {"gzip, no byte allowed", "gzip", GZIP, 23, 0, 0, false, 0, GW_TOO_LARGE,
     "the body is larger than 0 bytes once decoded"},
    {"gzip, its checksum missing", "gzip", GZIP, 23, 99, 8, false, 0, GW_INVALID,
     "the compressed body is not complete"},
    {"gzip, cut within", "gzip", GZIP, 23, 99, 12, false, 0, GW_INVALID,
     "the compressed body is not complete"},
    {"deflate, cut", "deflate", ZLIB, 23, 99, 1, false, 0, GW_INVALID,
     "the compressed body is not complete"},
    {"br, cut", "br", BROTLI, 23, 99, 1, false, 0, GW_INVALID,
     "the compressed body is not complete"},
    {"gzip, a byte behind", "gzip", GZIP, 23, 99, 0, true, 0, GW_INVALID,
     "the compressed body is broken"},
    {"br, a byte behind", "br", BROTLI, 23, 99, 0, true, 0, GW_INVALID,
     "the compressed body is broken"},
    {"gzip, wrong checksum", "gzip", GZIP, 23, 99, 0, false, 6, GW_INVALID,
     "the compressed body is broken"},
    {"gzip, wrong length", "gzip", GZIP, 23, 99, 0, false, 2, GW_INVALID,
     "the compressed body is broken"},
    {"deflate, wrong checksum", "deflate", ZLIB, 23, 99, 0, false, 1, GW_INVALID,
     "the compressed body is broken"},
    {"deflate without zlib's frame", "deflate", RAW, 23, 99, 0, false, 0, GW_INVALID,
     "the compressed body is broken"},
    {"br announced, gzip sent", "br", GZIP, 23, 99, 0, false, 0, GW_INVALID,
     "the compressed body is broken"},
    {"gzip announced, br sent", "gzip", BROTLI, 23, 99, 0, false, 0, GW_INVALID,
     "the compressed body is broken"},
};

static void check(size_t i, struct gw_str body, size_t step)
{
    static struct bytes out;
    struct gw_err err = {.message = ""};
    enum gw_status status =
        decode(gw_str_of(cases[i].coding), body, cases[i].limit, step, &out, &err);

    if (status != cases[i].status || strcmp(err.message, cases[i].message) != 0)
        fail_msg("%s, steps of %zu: %s, %s", cases[i].label, step, gw_status_name(status),
                 err.message);
    if (out.len > cases[i].limit || (status == GW_OK && out.len != cases[i].plain_bytes))
        fail_msg("%s, steps of %zu: %zu bytes", cases[i].label, step, out.len);
    for (size_t at = 0; at < out.len && !err.message[0]; at++)
        if (out.at[at] != (cases[i].plain_bytes == LONG_BYTES ? 'a' : HELLO[at]))
            fail_msg("%s, steps of %zu: byte %zu differs", cases[i].label, step, at);
}

/* All at once, and cut at every byte. */
static void test_bodies(void **state)
{
    static char body[ROOM];

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_str packed = packed_body(cases[i].kind, cases[i].plain_bytes);
        size_t len = packed.len - cases[i].cut;
        memcpy(body, packed.base, len);
        if (cases[i].behind)
            body[len++] = 'x';
        if (cases[i].flip)
            body[len - cases[i].flip] = (char)(body[len - cases[i].flip] ^ 1);
        check(i, (struct gw_str){body, len}, len);
        check(i, (struct gw_str){body, len}, 7);
        check(i, (struct gw_str){body, len}, 1);
    }
}

/* What zlib can say of the first bytes of a body. */
static size_t plain_of(struct gw_str packed)
{
    static char out[ROOM];
    z_stream zlib = {.next_in = (Bytef *)(uintptr_t)packed.base,
                     .avail_in = (uInt)packed.len,
                     .next_out = (Bytef *)out,
                     .avail_out = ROOM};

    assert_int_equal(inflateInit2(&zlib, 15 + 32), Z_OK);
    (void)inflate(&zlib, Z_NO_FLUSH);
    assert_int_equal(inflateEnd(&zlib), Z_OK);
    return ROOM - zlib.avail_out;
}

/* What is decoded is told in the call that brought it, although it fills several pieces: a stream
 * does not hang, and a limit is met then, not with the next byte. */
static void test_nothing_waits(void **state)
{
    static struct bytes out;
    struct gw_err err;
    struct gw_str body = BYTES(br_waiting), packed = packed_body(GZIP, LONG_BYTES);

    (void)state;
    assert_int_equal(decode(GW_STR("br"), body, ROOM, body.len, &out, &err), GW_TOO_LARGE);
    assert_int_equal(decode(GW_STR("br"), body, ROOM, 1, &out, &err), GW_TOO_LARGE);
    for (size_t len = 1; len < packed.len; len++) {
        struct gw_str part = {packed.base, len};
        assert_int_equal(decode(GW_STR("gzip"), part, ROOM, len, &out, &err), GW_INVALID);
        if (out.len != plain_of(part))
            fail_msg("%zu bytes: %zu of %zu told", len, out.len, plain_of(part));
    }
}

static bool refuse(void *arg, struct gw_str data)
{
    size_t *told = arg;

    *told += data.len;
    return false;
}

static void test_stop(void **state)
{
    static const struct {
        const char *coding;
        enum packed kind;
    } kinds[] = {{"gzip", GZIP}, {"br", BROTLI}};

    (void)state;
    for (size_t i = 0; i < GW_COUNT(kinds); i++) {
        struct gw_inflate *inflate = NULL;
        size_t told = 0;
        assert_int_equal(gw_inflate_create(gw_str_of(kinds[i].coding), LONG_BYTES, &inflate, NULL),
                         GW_OK);
        assert_int_equal(
            gw_inflate_feed(inflate, packed_body(kinds[i].kind, LONG_BYTES), refuse, &told, NULL),
            GW_EOF);
        assert_true(told > 0 && told < LONG_BYTES); /* once */
        gw_inflate_destroy(inflate);
    }
}

static void test_codings(void **state)
{
    static const char *const unsupported[] = {"",      "identity", "zstd",  "compress", "gzip, br",
                                              " gzip", "gzi",      "gzipp", "b",        "brr"};

    (void)state;
    for (size_t i = 0; i < GW_COUNT(unsupported); i++) {
        struct gw_inflate *inflate = NULL;
        struct gw_err err = {.message = ""};
        if (gw_inflate_create(gw_str_of(unsupported[i]), 99, &inflate, &err) != GW_UNSUPPORTED ||
            inflate || !strstr(err.message, "as gzip, deflate, br or identity"))
            fail_msg("\"%s\" is taken: %s", unsupported[i], err.message);
    }
    gw_inflate_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_nothing_waits),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_codings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
