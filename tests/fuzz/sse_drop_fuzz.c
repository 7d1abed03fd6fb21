/*
 * What is left out of an event stream: the same at any cut, and nothing but events that tell the usage alone, as the
 * reader of JSON sees them; all else stays, in its order.
 *
 * Input: two bytes (two cuts), then the stream.
 */
#include <stdlib.h>

#include "wire/json_read.h"
#include "wire/sse.h"
#include "wire/sse_drop.h"

#define CHECK(truth)                                                                               \
    do {                                                                                           \
        if (!(truth))                                                                              \
            abort();                                                                               \
    } while (0)

enum { ROOM = 4096 };

struct out {
    char stays[ROOM];
    size_t len;
};

static void take(struct out *out, struct gw_str bytes)
{
    CHECK(bytes.len <= sizeof out->stays - out->len);
    if (bytes.len)
        memcpy(out->stays + out->len, bytes.base, bytes.len);
    out->len += bytes.len;
}

/* Is this event one that may go? What is no JSON, a reader of events may judge as it likes. */
static enum gw_status judge(void *arg, const struct gw_sse_event *event)
{
    struct gw_arena arena;
    struct gw_json json;
    struct gw_err err;

    gw_arena_init(&arena, NULL);
    if (gw_json_read(event->data, &arena, 8192, &json, &err) == GW_OK) {
        uint32_t choices = gw_json_get(&json, 0, GW_STR("choices"));
        CHECK(gw_json_type(&json, choices) == GW_JSON_IS_ARRAY);
        CHECK(gw_json_count(&json, choices) == 0);
        CHECK(gw_json_type(&json, gw_json_get(&json, 0, GW_STR("usage"))) == GW_JSON_IS_OBJECT);
    }
    gw_arena_finish(&arena);
    ++*(unsigned *)arg;
    return GW_OK;
}

static void check_dropped(struct gw_str dropped)
{
    struct gw_sse sse;
    unsigned events = 0;

    if (dropped.len == 0)
        return;
    gw_sse_init(&sse);
    CHECK(gw_sse_feed(&sse, dropped, judge, &events) == GW_OK);
    CHECK(gw_sse_end(&sse, judge, &events) == GW_OK);
    CHECK(events == 1);
    gw_sse_finish(&sse);
}

/* In memory of its own, so that no byte is read or written past it. */
static void feed(struct gw_sse_drop *drop, struct gw_str piece, bool last, struct out *out)
{
    struct gw_buf before = {.base = NULL};
    char *copy = malloc(piece.len + !piece.len);

    CHECK(copy);
    if (piece.len)
        memcpy(copy, piece.base, piece.len);
    struct gw_str stays = gw_sse_drop_feed(drop, copy, piece.len, last, &before);
    take(out, gw_buf_str(&before));
    take(out, stays);
    gw_buf_finish(&before);
    free(copy);
}

static void check_order(struct gw_str stream, const struct out *out)
{
    size_t at = 0;

    for (size_t i = 0; i < stream.len && at < out->len; i++)
        at += stream.base[i] == out->stays[at];
    CHECK(at == out->len);
}

/* Byte by byte every event that goes is seen. */
static void check_bytes(struct gw_str stream, const struct out *expected)
{
    static struct out out;
    struct gw_sse_drop drop;
    size_t gone = 0;

    out.len = 0;
    gw_sse_drop_init(&drop);
    for (size_t i = 0; i < stream.len; i++) {
        bool after_cr = drop.after_cr && drop.lf_goes && stream.base[i] == '\n';
        gw_buf_finish(&drop.dropped);
        feed(&drop, (struct gw_str){stream.base + i, 1}, i + 1 == stream.len, &out);
        gone += gw_buf_len(&drop.dropped) + after_cr;
        check_dropped(gw_buf_str(&drop.dropped));
    }
    CHECK(gone + out.len == stream.len);
    CHECK(out.len == expected->len && memcmp(out.stays, expected->stays, out.len) == 0);
    gw_sse_drop_finish(&drop);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct out whole, cut;
    struct gw_sse_drop drop;

    if (len < 2 || len > 2000)
        return 0;
    struct gw_str stream = {(const char *)bytes + 2, len - 2};
    size_t first = bytes[0] * stream.len / 255,
           second = first + bytes[1] * (stream.len - first) / 255;

    whole.len = cut.len = 0;
    gw_sse_drop_init(&drop);
    feed(&drop, stream, true, &whole);
    gw_sse_drop_finish(&drop);
    check_order(stream, &whole);
    gw_sse_drop_init(&drop);
    feed(&drop, (struct gw_str){stream.base, first}, false, &cut);
    feed(&drop, (struct gw_str){stream.base + first, second - first}, false, &cut);
    feed(&drop, gw_str_from(stream, second), true, &cut);
    gw_sse_drop_finish(&drop);
    CHECK(whole.len == cut.len && memcmp(whole.stays, cut.stays, cut.len) == 0);
    check_bytes(stream, &whole);
    return 0;
}
