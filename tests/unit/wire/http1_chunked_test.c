/*
 * Chunked bodies: what raw mode keeps, to the byte and at every cut; limits. What must be refused
 * is in smuggling_test.c.
 */
#include "unit/test.h"

#include "unit/wire/http1_message.h"

#include <stdio.h>

static const struct {
    const char *label, *bytes;
    const char *raw;  /* what raw mode leaves */
    const char *data; /* what decoding leaves */
    const char *rest;
} cases[] = {
    {"empty body", "0\r\n\r\n", "", "", ""},
    {"nothing moves", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "5\r\nhello\r\n1\r\n!\r\n", "hello!",
     ""},
    {"the next message stays", "1\r\na\r\n0\r\n\r\nHTTP/1.1", "1\r\na\r\n", "a", "HTTP/1.1"},
    {"extensions go", "1;a=b\r\nx\r\n2;c\r\nyz\r\n0;d\r\n\r\n", "1\r\nx\r\n2\r\nyz\r\n", "xyz", ""},
    {"leading zeros go", "0001\r\nx\r\n02;e\r\nyz\r\n000\r\n\r\n", "1\r\nx\r\n2\r\nyz\r\n", "xyz",
     ""},
    {"trailers go", "1\r\na\r\n0\r\nX: y\r\nz:\t\r\n\r\n!", "1\r\na\r\n", "a", "!"},
    {"zeros inside a size stay", "10\r\n0123456789abcdef\r\n0\r\n\r\n",
     "10\r\n0123456789abcdef\r\n", "0123456789abcdef", ""},
    {"letter case stays", "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
     "A\r\n0123456789\r\na\r\n0123456789\r\n", "01234567890123456789", ""},
    {"data that looks like framing", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "5\r\n0\r\n\r\n\r\n",
     "0\r\n\r\n", ""},
};

struct outcome {
    bool done;
    size_t used, kept;
    char bytes[256];
    struct text tapped;
};

static void feed(struct gw_chunked *chunked, const char *bytes, size_t len, bool raw,
                 struct outcome *to, const char *label)
{
    size_t used, kept;
    char *piece = message_piece(bytes, len);
    enum gw_status status =
        gw_chunked_feed(chunked, piece, len, raw, &used, &kept, message_tap, &to->tapped, NULL);

    if (status != GW_OK)
        fail_msg("%s: %s", label, gw_status_name(status));
    memcpy(to->bytes + to->kept, piece, kept);
    to->kept += kept;
    to->used += used;
    to->done = chunked->done;
    free(piece);
}

static void test_kept_at_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_str bytes = gw_str_of(cases[i].bytes);
        for (unsigned raw = 0; raw < 2; raw++)
            for (size_t first = 0; first <= bytes.len; first++)
                for (size_t second = first; second <= bytes.len; second++) {
                    struct gw_chunked chunked;
                    static struct outcome out;
                    out.used = out.kept = out.tapped.len = 0;
                    gw_chunked_init(&chunked);
                    feed(&chunked, bytes.base, first, raw, &out, cases[i].label);
                    feed(&chunked, bytes.base + out.used, second - out.used, raw, &out,
                         cases[i].label);
                    feed(&chunked, bytes.base + out.used, bytes.len - out.used, raw, &out,
                         cases[i].label);
                    struct gw_str kept = {out.bytes, out.kept};
                    struct gw_str tapped = {out.tapped.bytes, out.tapped.len};
                    if (!out.done ||
                        !gw_str_eq(gw_str_from(bytes, out.used), gw_str_of(cases[i].rest)))
                        fail_msg("%s, cut at %zu, %zu: ends at %zu", cases[i].label, first, second,
                                 out.used);
                    if (!gw_str_eq(kept, gw_str_of(raw ? cases[i].raw : cases[i].data)))
                        fail_msg("%s, raw %u, cut at %zu, %zu: kept \"%.*s\"", cases[i].label, raw,
                                 first, second, GW_STR_ARG(kept));
                    if (!gw_str_eq(tapped, raw ? gw_str_of(cases[i].data) : GW_STR("")))
                        fail_msg("%s, raw %u, cut at %zu, %zu: told \"%.*s\"", cases[i].label, raw,
                                 first, second, GW_STR_ARG(tapped));
                }
    }
}

/* The fast case: plain chunks are left where they are, so that a read buffer can be passed on as it
 * is. */
static void test_plain_chunks_do_not_move(void **state)
{
    static const char plain[] = "5\r\nhello\r\n1f\r\n0123456789abcdef0123456789abcde\r\n";
    char bytes[sizeof plain];
    struct gw_chunked chunked;
    size_t used, kept;

    (void)state;
    memcpy(bytes, plain, sizeof plain);
    gw_chunked_init(&chunked);
    assert_int_equal(
        gw_chunked_feed(&chunked, bytes, sizeof plain - 1, true, &used, &kept, NULL, NULL, NULL),
        GW_OK);
    assert_int_equal(used, sizeof plain - 1);
    assert_int_equal(kept, sizeof plain - 1);
    assert_memory_equal(bytes, plain, sizeof plain);
    assert_false(chunked.done);
}

/* Feeds all at once or one by one. */
static enum gw_status verdict(const char *bytes, size_t len, size_t step, size_t *offset_out)
{
    struct gw_chunked chunked;
    struct gw_err err = {0};
    enum gw_status status = GW_OK;
    size_t used, kept;

    gw_chunked_init(&chunked);
    for (size_t at = 0; at < len && status == GW_OK && !chunked.done; at += step) {
        size_t part = len - at < step ? len - at : step;
        char *piece = message_piece(bytes + at, part);
        status = gw_chunked_feed(&chunked, piece, part, true, &used, &kept, NULL, NULL, &err);
        free(piece);
    }
    *offset_out = err.offset;
    return status == GW_OK && !chunked.done ? GW_AGAIN : status;
}

static void expect(const char *label, const char *bytes, size_t len, enum gw_status status,
                   size_t offset)
{
    static const size_t steps[] = {SIZE_MAX / 2, 1, 7};

    for (size_t i = 0; i < GW_COUNT(steps); i++) {
        size_t at;
        enum gw_status got = verdict(bytes, len, steps[i], &at);
        if (got != status || at != offset)
            fail_msg("%s, %zu a step: %s at %zu", label, steps[i], gw_status_name(got), at);
    }
}

static void test_size_limit(void **state)
{
    (void)state;
    expect("largest chunk", "10000000000\r\n", 13, GW_AGAIN, 0);
    expect("one more", "10000000001\r\n", 13, GW_TOO_LARGE, 10);
    expect("2^44", "100000000000\r\n", 14, GW_TOO_LARGE, 11);
    expect("2^64 - 1", "ffffffffffffffff\r\n", 18, GW_TOO_LARGE, 10);
    expect("2^64", "10000000000000000\r\n", 19, GW_TOO_LARGE, 11);
}

static void test_line_limit(void **state)
{
    static char bytes[GW_HTTP1_CHUNK_LINE_MAX + 64];

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "1;", 2);
    memcpy(bytes + GW_HTTP1_CHUNK_LINE_MAX, "\r\na\r\n0\r\n\r\n", 10);
    expect("longest line", bytes, GW_HTTP1_CHUNK_LINE_MAX + 10, GW_OK, 0);
    memcpy(bytes + GW_HTTP1_CHUNK_LINE_MAX, "x\r\na\r\n", 6);
    expect("one more", bytes, GW_HTTP1_CHUNK_LINE_MAX + 6, GW_TOO_LARGE, GW_HTTP1_CHUNK_LINE_MAX);
}

static void test_trailer_limit(void **state)
{
    static char bytes[GW_HTTP1_TRAILER_BYTES_MAX + 64];

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "0\r\na:", 5);
    memcpy(bytes + 3 + GW_HTTP1_TRAILER_BYTES_MAX - 4, "\r\n\r\n", 4);
    expect("longest trailers", bytes, 3 + GW_HTTP1_TRAILER_BYTES_MAX, GW_OK, 0);
    memcpy(bytes + 3 + GW_HTTP1_TRAILER_BYTES_MAX - 4, "x\r\n\r\n", 5);
    expect("one more", bytes, 4 + GW_HTTP1_TRAILER_BYTES_MAX, GW_TOO_LARGE,
           3 + GW_HTTP1_TRAILER_BYTES_MAX);
}

/* A reader of what was kept, then the last words, gets the data so far, line feeds at most, the
 * words, and no end. */
static void check_last_words(const char *label, const struct gw_chunked *chunked,
                             const struct outcome *passed, struct gw_str words)
{
    struct gw_buf all;
    struct gw_chunked reader;
    size_t used = 0, kept = 0;

    gw_buf_init(&all, 4096);
    assert_int_equal(gw_buf_add(&all, (struct gw_str){passed->bytes, passed->kept}), GW_OK);
    assert_int_equal(gw_chunked_last_words(chunked, words, &all), GW_OK);
    gw_chunked_init(&reader);
    if (gw_chunked_feed(&reader, all.base, gw_buf_len(&all), false, &used, &kept, NULL, NULL, NULL))
        fail_msg("%s: cannot be read", label);
    if (reader.done)
        fail_msg("%s: looks whole", label);
    size_t data = passed->tapped.len, from = data;
    while (from < kept && all.base[from] == '\n')
        from++;
    if (kept < data || memcmp(all.base, passed->tapped.bytes, data) != 0 ||
        !gw_str_eq((struct gw_str){all.base + from, kept - from}, words))
        fail_msg("%s: gets \"%.*s\"", label, (int)kept, all.base);
    gw_buf_finish(&all);
}

static void test_last_words_at_every_cut(void **state)
{
    static const struct gw_str words[] = {GW_STR_INIT("!"), GW_STR_INIT("event: error\n\n")};
    static struct outcome out;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++)
        for (size_t cut = 0; cut < strlen(cases[i].bytes) - strlen(cases[i].rest); cut++)
            for (size_t w = 0; w < GW_COUNT(words); w++) {
                struct gw_chunked chunked;
                out.used = out.kept = out.tapped.len = 0;
                gw_chunked_init(&chunked);
                feed(&chunked, cases[i].bytes, cut, true, &out, cases[i].label);
                check_last_words(cases[i].label, &chunked, &out, words[w]);
            }
}

/* What broke it is not passed on, so that the words must fit what came before that call. */
static void test_last_words_after_a_failure(void **state)
{
    static struct outcome out;
    char broken[] = "lo\r\n3\r\nabcXX";
    struct gw_chunked chunked;
    size_t used, kept;

    (void)state;
    out.used = out.kept = out.tapped.len = 0;
    gw_chunked_init(&chunked);
    feed(&chunked, "5\r\nhel", 6, true, &out, "before");
    assert_int_equal(
        gw_chunked_feed(&chunked, broken, sizeof broken - 1, true, &used, &kept, NULL, NULL, NULL),
        GW_INVALID);
    check_last_words("after", &chunked, &out, GW_STR("event: error\n\n"));
}

static void test_no_last_words(void **state)
{
    struct gw_chunked chunked;
    struct gw_buf into;

    (void)state;
    gw_buf_init(&into, 64);
    gw_chunked_init(&chunked);
    assert_int_equal(gw_chunked_last_words(&chunked, GW_STR(""), &into), GW_OK);
    assert_int_equal(gw_buf_len(&into), 0);
    gw_buf_finish(&into);
}

/* Outputs stay as they were. */
static void test_failure_leaves_outputs(void **state)
{
    struct gw_chunked chunked;
    size_t used = 77, kept = 78;
    char bytes[] = "1\r\nab";

    (void)state;
    gw_chunked_init(&chunked);
    assert_int_equal(
        gw_chunked_feed(&chunked, bytes, sizeof bytes - 1, true, &used, &kept, NULL, NULL, NULL),
        GW_INVALID);
    assert_int_equal(used, 77);
    assert_int_equal(kept, 78);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_at_every_cut),
        cmocka_unit_test(test_plain_chunks_do_not_move),
        cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_line_limit),
        cmocka_unit_test(test_trailer_limit),
        cmocka_unit_test(test_last_words_at_every_cut),
        cmocka_unit_test(test_last_words_after_a_failure),
        cmocka_unit_test(test_no_last_words),
        cmocka_unit_test(test_failure_leaves_outputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
