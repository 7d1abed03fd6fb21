/* Leaving the usage event out: every row is fed whole, cut at every two bytes, and byte by byte, each piece in
 * memory of its own. */
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "wire/sse_drop.h"

/* What is to go stands between these. */
#define GOES(text) "\1" text "\2"

#define USAGE "\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":7,\"total_tokens\":12}"
#define OBJECT "{\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"choices\":[]," USAGE "}"
#define EXTRA "data: " OBJECT "\n\n"
#define CHUNK                                                                                      \
    "data: "                                                                                       \
    "{\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}],\"usage\":null}"      \
    "\n\n"
#define DONE "data: [DONE]\n\n"

static const struct {
    const char *label;
    struct gw_str stream;
} rows[] = {
    {"nothing", GW_STR_INIT("")},
    {"nothing else", GW_STR_INIT(GOES(EXTRA))},
    {"where it usually stands", GW_STR_INIT(CHUNK CHUNK GOES(EXTRA) DONE)},
    {"at the front", GW_STR_INIT(GOES(EXTRA) CHUNK DONE)},
    {"in the middle", GW_STR_INIT(CHUNK GOES(EXTRA) CHUNK DONE)},
    {"several", GW_STR_INIT(CHUNK GOES(EXTRA) GOES(EXTRA) CHUNK GOES(EXTRA) DONE)},
    {"none", GW_STR_INIT(CHUNK CHUNK DONE)},
    {"usage before the choices",
     GW_STR_INIT(CHUNK GOES("data: {" USAGE ",\"choices\":[],\"obfuscation\":\"aZ\"}\n\n") DONE)},
    {"blanks", GW_STR_INIT(CHUNK GOES(
                   "data:\t { \"choices\" : [ \t] , \"usage\" : { \"a\" : [ 1 ] } } \n\n") DONE)},
    {"no blank behind the colon",
     GW_STR_INIT(CHUNK GOES("data:{\"choices\":[]," USAGE "}\n\n") DONE)},
    {"values of all kinds beside",
     GW_STR_INIT(GOES("data: {\"a\":1.5e-3,\"b\":true,\"c\":null ,\"d\":\"}]\\\"{\\\\\",\"e\":[{},"
                      "[]],\"f\":{\"choices\":[1],\"usage\":null},\"choices\":[]," USAGE
                      ",\"z\":-0}\n\n") DONE)},
    {"text in the usage",
     GW_STR_INIT(GOES("data: {\"choices\":[],\"usage\":{\"a\":\"}\\\"\\\\\",\"b\":[{\"c\":\"]\"}]}}"
                      "\n\n") DONE)},
    {"CRLF", GW_STR_INIT("data: {\"choices\":[{}]}\r\n\r\n" GOES(
                 "data: " OBJECT "\r\n\r\n") "data: [DONE]\r\n\r\n")},
    {"CR",
     GW_STR_INIT("data: {\"choices\":[{}]}\r\r" GOES("data: " OBJECT "\r\r") "data: [DONE]\r\r")},
    {"mixed line ends",
     GW_STR_INIT("data: 1\r\n\n" GOES("data: " OBJECT "\n\r\n") "data: 2\r\r\n" GOES(
         "data: " OBJECT "\r\n\r") "data: 3\n\n")},
    {"more blank lines", GW_STR_INIT("\n\n" CHUNK "\r\n\r\n" GOES(EXTRA) "\n\r\n" DONE)},
    {"Azure's first event",
     GW_STR_INIT("data: {\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\","
                 "\"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":{}}]}"
                 "\n\n" CHUNK GOES(EXTRA) DONE)},
    {"usage null", GW_STR_INIT("data: {\"choices\":[],\"usage\":null}\n\n" CHUNK DONE)},
    {"usage of another kind",
     GW_STR_INIT("data: {\"choices\":[],\"usage\":[]}\n\ndata: {\"choices\":[],\"usage\":\"{}\"}"
                 "\n\ndata: {\"usage\":1,\"choices\":[]}\n\n")},
    {"an empty usage", GW_STR_INIT(GOES("data: {\"choices\":[],\"usage\":{}}\n\n") DONE)},
    {"usage within a chunk",
     GW_STR_INIT("data: {\"choices\":[{\"delta\":{}}]," USAGE "}\n\ndata: {" USAGE
                 ",\"choices\":[{\"delta\":{}}]}\n\n" DONE)},
    {"no choices", GW_STR_INIT("data: {" USAGE "}\n\n" DONE)},
    {"choices of another kind",
     GW_STR_INIT("data: {\"choices\":null," USAGE "}\n\ndata: {\"choices\":{}," USAGE
                 "}\n\ndata: {\"choices\":\"[]\"," USAGE "}\n\n")},
    {"they are further in",
     GW_STR_INIT("data: {\"a\":{\"choices\":[]," USAGE "}}\n\ndata: [" OBJECT "]\n\n")},
    {"names that begin alike",
     GW_STR_INIT("data: {\"choices_\":[]," USAGE "}\n\ndata: {\"choice\":[]," USAGE
                 "}\n\ndata: {\"choices\":[],\"usages\":{}}\n\ndata: {\"xchoices\":[]," USAGE
                 "}\n\ndata: {\"choices\\\"\":[]," USAGE "}\n\n")},
    {"keys with escapes",
     GW_STR_INIT("data: {\"c\\u0068oices\":[]," USAGE "}\n\ndata: {\"choices\":[]," USAGE
                 ",\"c\\u0068oices\":[{}]}\n\n")},
    {"choices twice", GW_STR_INIT("data: {\"choices\":[]," USAGE ",\"choices\":[{}]}\n\n" GOES(
                          "data: {\"choices\":[]," USAGE ",\"choices\":[]}\n\n"))},
    {"an error", GW_STR_INIT("data: {\"error\":{\"message\":\"x\"}}\n\n" DONE)},
    {"no object", GW_STR_INIT("data: []\n\ndata: 1\n\ndata:\n\ndata\n\ndata: {}\n\n" DONE)},
    {"no JSON",
     GW_STR_INIT("data: {\"choices\":[]," USAGE "\n\ndata: " OBJECT "}\n\ndata: " OBJECT
                 " x\n\ndata: {\"choices\":[],\"usage\":{]}\n\ndata: {\"choices\":[]," USAGE
                 ",}\n\ndata: {\"choices\":[] " USAGE "}\n\ndata: {,\"choices\":[]," USAGE
                 "}\n\ndata: {\"choices\":[],\"usage\":{\"a\":\"\n\n")},
    {"two literals in one", GW_STR_INIT("data: {\"a\":1 2,\"choices\":[]," USAGE "}\n\n")},
    {"behind one that was broken off within", GW_STR_INIT("data: {\"a\":{\"b\":[}\n\n" GOES(
                                                  EXTRA) "data: {\"a\":{\"b\":\"\n\n" GOES(EXTRA))},
    {"comments between", GW_STR_INIT(": a\n\n" CHUNK ": b\n\n:\n\n" GOES(EXTRA) ": c\n\n" DONE)},
    {"comments in front of it stay", GW_STR_INIT(CHUNK ": a\r\n: b\n" GOES(EXTRA) DONE)},
    {"comments within it go",
     GW_STR_INIT(CHUNK GOES("event: x\n: a\ndata: " OBJECT "\n: b\n\n") DONE)},
    {"other fields", GW_STR_INIT(CHUNK GOES("id: 1\nevent: chunk\ndata: " OBJECT
                                            "\nretry: 5\nfoo\n\n") "id: 2\n\n" DONE)},
    {"a field that begins alike",
     GW_STR_INIT("datax: " OBJECT "\n\ndat: " OBJECT "\n\n data: " OBJECT "\n\n: " EXTRA)},
    {"its data over several lines",
     GW_STR_INIT(GOES("data: {\"choices\":\ndata: [],\ndata\ndata: " USAGE "\ndata:}\n\n") DONE)},
    {"... with a string over two", GW_STR_INIT("data: {\"a\":\"\ndata: \"," OBJECT "\n\n" DONE)},
    {"... and something behind it", GW_STR_INIT("data: " OBJECT "\ndata: x\n\n" DONE)},
    {"a byte order mark in front", GW_STR_INIT("\xEF\xBB\xBF" GOES(EXTRA) DONE)},
    {"half of one", GW_STR_INIT("\xEF\xBB" EXTRA GOES(EXTRA) DONE)},
    {"one later", GW_STR_INIT(CHUNK "\xEF\xBB\xBF" EXTRA GOES(EXTRA) DONE)},
    {"the last blank line is missing", GW_STR_INIT(CHUNK GOES("data: " OBJECT "\n"))},
    {"the last line end is missing", GW_STR_INIT(CHUNK GOES("data: " OBJECT))},
    {"cut within", GW_STR_INIT(CHUNK "data: {\"choices\":[]," USAGE)},
    {"cut within the field's name", GW_STR_INIT(CHUNK "da")},
    {"cut within a comment", GW_STR_INIT(CHUNK ": a")},
    {"cut between CR and LF", GW_STR_INIT(GOES("data: " OBJECT "\r\n\r"))},
};

struct feed {
    struct gw_sse_drop drop;
    char *out;
    size_t len;
};

static void take(struct feed *feed, struct gw_str bytes)
{
    if (bytes.len)
        memcpy(feed->out + feed->len, bytes.base, bytes.len);
    feed->len += bytes.len;
}

static void feed_piece(struct feed *feed, struct gw_str piece, bool last)
{
    struct gw_buf before = {.base = NULL};
    char *copy = malloc(piece.len + !piece.len);

    assert_non_null(copy);
    if (piece.len)
        memcpy(copy, piece.base, piece.len);
    struct gw_str kept = gw_sse_drop_feed(&feed->drop, copy, piece.len, last, &before);
    assert_true(kept.base >= copy && kept.base + kept.len <= copy + piece.len);
    take(feed, gw_buf_str(&before));
    take(feed, kept);
    gw_buf_finish(&before);
    free(copy);
}

static void feed_begin(struct feed *feed, size_t room)
{
    gw_sse_drop_init(&feed->drop);
    feed->out = malloc(room + 1);
    feed->len = 0;
    assert_non_null(feed->out);
}

static void feed_end(struct feed *feed)
{
    gw_sse_drop_finish(&feed->drop);
    free(feed->out);
}

/* What is to be fed, and what of it is to stay, and the last part that is to go. */
struct wanted {
    char *text, *stays, *gone;
    size_t text_len, stays_len, gone_len;
};

static void wanted_begin(struct wanted *wanted, struct gw_str marked)
{
    bool goes = false;

    *wanted = (struct wanted){
        malloc(marked.len + 1), malloc(marked.len + 1), malloc(marked.len + 1), 0, 0, 0};
    assert_true(wanted->text && wanted->stays && wanted->gone);
    for (size_t i = 0; i < marked.len; i++) {
        char c = marked.base[i];
        if (c == '\1' || c == '\2') {
            goes = c == '\1';
            if (goes)
                wanted->gone_len = 0;
            continue;
        }
        wanted->text[wanted->text_len++] = c;
        if (goes)
            wanted->gone[wanted->gone_len++] = c;
        else
            wanted->stays[wanted->stays_len++] = c;
    }
}

static void wanted_end(struct wanted *wanted)
{
    free(wanted->text);
    free(wanted->stays);
    free(wanted->gone);
}

/* The LF of its last line may come when the rest has gone already. */
static bool is_gone(const struct wanted *wanted, struct gw_str dropped)
{
    size_t len = wanted->gone_len;

    if (len > 1 && wanted->gone[len - 2] == '\r' && wanted->gone[len - 1] == '\n')
        len--;
    return gw_str_eq(dropped, (struct gw_str){wanted->gone, len});
}

static void check(const char *label, const struct wanted *wanted, size_t first, size_t second)
{
    struct gw_str text = {wanted->text, wanted->text_len};
    struct feed feed;

    feed_begin(&feed, text.len);
    feed_piece(&feed, (struct gw_str){text.base, first}, false);
    feed_piece(&feed, (struct gw_str){text.base + first, second - first}, false);
    feed_piece(&feed, gw_str_from(text, second), true);
    if (!gw_str_eq((struct gw_str){feed.out, feed.len},
                   (struct gw_str){wanted->stays, wanted->stays_len}))
        fail_msg("%s, cut at %zu and %zu: \"%.*s\"", label, first, second, (int)feed.len, feed.out);
    if (!is_gone(wanted, gw_buf_str(&feed.drop.dropped)))
        fail_msg("%s, cut at %zu and %zu, dropped: \"%.*s\"", label, first, second,
                 GW_STR_ARG(gw_buf_str(&feed.drop.dropped)));
    feed_end(&feed);
}

static void check_bytes(const char *label, const struct wanted *wanted)
{
    struct feed feed;

    feed_begin(&feed, wanted->text_len);
    for (size_t i = 0; i < wanted->text_len; i++)
        feed_piece(&feed, (struct gw_str){wanted->text + i, 1}, i + 1 == wanted->text_len);
    if (!gw_str_eq((struct gw_str){feed.out, feed.len},
                   (struct gw_str){wanted->stays, wanted->stays_len}))
        fail_msg("%s, byte by byte: \"%.*s\"", label, (int)feed.len, feed.out);
    feed_end(&feed);
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct wanted wanted;
        wanted_begin(&wanted, rows[i].stream);
        for (size_t first = 0; first <= wanted.text_len; first++)
            for (size_t second = first; second <= wanted.text_len;
                 second += wanted.text_len > 400 ? 7 : 1)
                check(rows[i].label, &wanted, first, second);
        check_bytes(rows[i].label, &wanted);
        wanted_end(&wanted);
    }
}

/* An event of exactly the size that may be left out goes, one larger byte stays; wherever it is cut. */
static void check_size(size_t event_bytes, bool goes, const char *pad_in)
{
    const size_t room = event_bytes + sizeof CHUNK + sizeof DONE;
    char *marked = malloc(room + 3);
    size_t frame = strlen("data: {\"choices\":[],\"usage\":{},\"a\":\"\"}") + strlen(pad_in);
    struct wanted wanted;
    size_t len;

    assert_non_null(marked);
    char *pad = malloc(event_bytes);
    assert_non_null(pad);
    memset(pad, 'p', event_bytes);
    int pads = (int)(event_bytes - frame - 1);
    if (pad_in[0])
        len = (size_t)snprintf(marked, room + 3,
                               CHUNK "\1%s%.*s\ndata: {\"choices\":[],\"usage\":{},\"a\":\"\"}\n"
                                     "\2\n" DONE,
                               pad_in, pads - 1, pad);
    else
        len = (size_t)snprintf(marked, room + 3,
                               CHUNK "\1data: {\"choices\":[],\"usage\":{},\"a\":\"%.*s\"}\n"
                                     "\2\n" DONE,
                               pads, pad);
    /* The mark stands before the blank line so that the size is that without it. */
    char *mark = memchr(marked, '\2', len);
    assert_int_equal(mark - (char *)memchr(marked, '\1', len) - 1, event_bytes);
    mark[0] = '\n';
    mark[1] = '\2';
    if (!goes) {
        *(char *)memchr(marked, '\1', len) = '\2';
    }
    wanted_begin(&wanted, (struct gw_str){marked, len});
    size_t at = sizeof CHUNK - 1, end = at + event_bytes;
    const size_t cuts[] = {0,       at,      at + 1, at + 9,  at + 100,
                           end - 2, end - 1, end,    end + 1, end + 2};
    for (size_t i = 0; i < GW_COUNT(cuts); i++)
        for (size_t j = i; j < GW_COUNT(cuts); j++)
            check(pad_in[0] ? "large, other lines" : "large", &wanted, cuts[i], cuts[j]);
    check_bytes("large", &wanted);
    wanted_end(&wanted);
    free(pad);
    free(marked);
}

static void test_large_events_stay(void **state)
{
    static const char *const pads[] = {"", "id: "};

    (void)state;
    for (size_t i = 0; i < GW_COUNT(pads); i++) {
        check_size(GW_SSE_DROP_EVENT_MAX - 1, true, pads[i]);
        check_size(GW_SSE_DROP_EVENT_MAX, true, pads[i]);
        check_size(GW_SSE_DROP_EVENT_MAX + 1, false, pads[i]);
        check_size(2 * GW_SSE_DROP_EVENT_MAX, false, pads[i]);
    }
}

/* Nested as deep as a usage may be, and deeper. */
static void test_deep_usage_stays(void **state)
{
    char marked[512];

    (void)state;
    for (int depth = 62; depth <= 65; depth++) {
        struct wanted wanted;
        bool goes = depth < 64; /* and the usage's own bracket */
        char nest[80], end[80];
        memset(nest, '[', sizeof nest);
        memset(end, ']', sizeof end);
        int len = snprintf(marked, sizeof marked,
                           "%sdata: {\"choices\":[],\"usage\":{\"a\":%.*s%.*s}}\n\n%s" DONE,
                           goes ? "\1" : "", depth, nest, depth, end, goes ? "\2" : "");
        wanted_begin(&wanted, (struct gw_str){marked, (size_t)len});
        for (size_t cut = 0; cut <= wanted.text_len; cut++)
            check("deep", &wanted, cut, cut);
        wanted_end(&wanted);
    }
}

/* What has come, and what of it is kept back for now. */
static const struct {
    const char *label, *fed;
    size_t held;
} waits[] = {
    {"nothing", "", 0},
    {"a chunk", CHUNK, 0},
    {"a field begun", CHUNK "dat", 3},
    {"an object begun", CHUNK "data: {\"id\":\"x\",", 16},
    {"choices begun", CHUNK "data: {\"choices\":[", 18},
    {"a choice begun", CHUNK "data: {\"choices\":[{", 0},
    {"... its text", CHUNK "data: {\"choices\":[{\"delta\":{\"content\":\"a", 0},
    {"usage null", CHUNK "data: {\"usage\":null,", 0},
    {"an object with neither", CHUNK "data: {\"error\":{}}", 0},
    {"an object with choices only", CHUNK "data: {\"choices\":[]}", 0},
    {"the end's mark", CHUNK "data: [", 0},
    {"the event, without its blank line", CHUNK "data: " OBJECT "\n",
     sizeof("data: " OBJECT "\n") - 1},
    {"the event", CHUNK EXTRA, 0},
    {"a comment begun", CHUNK ": pi", 0},
    {"a comment", CHUNK ": ping\n", 0},
    {"another field", CHUNK "id: 1\n", 6},
    {"no JSON", CHUNK "data: x", 0},
};

static void test_nothing_else_waits(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(waits); i++) {
        struct feed feed;
        size_t len = strlen(waits[i].fed);
        feed_begin(&feed, len);
        feed_piece(&feed, gw_str_of(waits[i].fed), false);
        if (gw_buf_len(&feed.drop.held) != waits[i].held ||
            feed.len + waits[i].held + gw_buf_len(&feed.drop.dropped) != len)
            fail_msg("%s: %zu wait, %zu left", waits[i].label, gw_buf_len(&feed.drop.held),
                     feed.len);
        if (waits[i].held == 0)
            assert_null(feed.drop.held.base);
        feed_end(&feed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_large_events_stay),
        cmocka_unit_test(test_deep_usage_stays),
        cmocka_unit_test(test_nothing_else_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
