/*
 * bench/micro/json: time and speed of the JSON modules on chat prompts.
 *
 * Prints one line a case: the best of several rounds, so that other work on the machine disturbs
 * little. Scans feed the body in pieces of 16 KiB, as it comes off a socket.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "wire/json_read.h"
#include "wire/json_scan_private.h"
#include "wire/json_write.h"

#define ROUNDS 15
#define ROUND_NS 4000000u
#define PIECE_BYTES 16384u
#define TOKENS_MAX (1u << 22)

static const char *const set_names[] = {"plain", "sse2", "avx2"};

enum shape { MODEL_FIRST, MODEL_LAST, DENSE };

static const struct {
    const char *label;
    size_t bytes;
    enum shape shape;
} prompts[] = {
    {"chat 1 KB, model first", 1000, MODEL_FIRST},
    {"chat 1 KB, model last", 1000, MODEL_LAST},
    {"chat 20 KB, model first", 20000, MODEL_FIRST},
    {"chat 20 KB, model last", 20000, MODEL_LAST},
    {"chat 200 KB, model first", 200000, MODEL_FIRST},
    {"chat 200 KB, model last", 200000, MODEL_LAST},
    {"chat 4 MB, model first", 4000000, MODEL_FIRST},
    {"chat 4 MB, model last", 4000000, MODEL_LAST},
    {"dense 200 KB", 200000, DENSE},
};

/* About 450 bytes of text as people and programs write it, with the odd escape. */
static const char paragraph[] = "Here is the function that fails when the list is empty; the "
                                "traceback ends in the last line.\n\n"
                                "def mean(values):\n    total = sum(values)\n    return total / "
                                "len(values)\n\nI would expect it to say "
                                "\"no values\" there, or to give None back, but not to raise. "
                                "Please keep the style of the rest of the "
                                "module (see above), add a test for it, and explain in two or "
                                "three sentences why you chose that way "
                                "and what callers have to change. Ma\xc3\xb1"
                                "ana is early enough.\n";

static void add_messages(struct gw_json_writer *out, size_t bytes)
{
    gw_json_write_key(out, GW_STR("messages"));
    gw_json_write_begin_array(out);
    for (unsigned turn = 0; gw_buf_len(out->buf) + 200 < bytes; turn++) {
        char text[4 * sizeof(paragraph)];
        size_t len = 0, left = bytes - gw_buf_len(out->buf) - 150;
        for (unsigned i = 0; i < 1 + turn % 4 && len < left; i++) {
            memcpy(text + len, paragraph, sizeof(paragraph) - 1);
            len += sizeof(paragraph) - 1;
        }
        gw_json_write_begin_object(out);
        gw_json_write_key(out, GW_STR("role"));
        gw_json_write_string(out, turn % 2 ? GW_STR("assistant") : GW_STR("user"));
        gw_json_write_key(out, GW_STR("content"));
        gw_json_write_string(out, (struct gw_str){text, len < left ? len : left});
        gw_json_write_end_object(out);
    }
    gw_json_write_end_array(out);
}

static void add_dense(struct gw_json_writer *out, size_t bytes)
{
    gw_json_write_key(out, GW_STR("v"));
    gw_json_write_begin_array(out);
    for (unsigned i = 0; gw_buf_len(out->buf) + 40 < bytes; i++) {
        gw_json_write_begin_array(out);
        gw_json_write_int64(out, i * 7 % 10);
        gw_json_write_end_array(out);
        gw_json_write_begin_object(out);
        gw_json_write_key(out, GW_STR("a"));
        gw_json_write_string(out, i % 3 ? GW_STR("") : GW_STR("b\n"));
        gw_json_write_end_object(out);
    }
    gw_json_write_end_array(out);
}

static void build(struct gw_buf *buf, size_t bytes, enum shape shape)
{
    struct gw_json_writer out;

    gw_buf_init(buf, bytes * 2);
    gw_json_write_init(&out, buf);
    gw_json_write_begin_object(&out);
    if (shape == MODEL_FIRST) {
        gw_json_write_key(&out, GW_STR("model"));
        gw_json_write_string(&out, GW_STR("demo::gpt-4o-mini"));
    }
    gw_json_write_key(&out, GW_STR("stream"));
    gw_json_write_bool(&out, true);
    gw_json_write_key(&out, GW_STR("temperature"));
    gw_json_write_raw(&out, GW_STR("0.7"));
    if (shape == DENSE)
        add_dense(&out, bytes);
    else
        add_messages(&out, bytes);
    if (shape == MODEL_LAST) {
        gw_json_write_key(&out, GW_STR("model"));
        gw_json_write_string(&out, GW_STR("demo::gpt-4o-mini"));
    }
    gw_json_write_end_object(&out);
    if (gw_json_write_finish(&out) != GW_OK)
        abort();
}

static void scan(struct gw_str body, int set)
{
    struct gw_json_scan state;

    gw_json_scan_init(&state);
    for (size_t at = 0; at < body.len; at += PIECE_BYTES) {
        struct gw_str piece = gw_str_from(body, at);
        if (piece.len > PIECE_BYTES)
            piece.len = PIECE_BYTES;
        if (gw_json_scan_feed_with((enum gw_json_scan_set)set, &state, piece, NULL) != GW_OK)
            abort();
    }
    if (gw_json_scan_end(&state, NULL) != GW_OK)
        abort();
}

static void read_tape(struct gw_str body, int unused)
{
    struct gw_arena arena;
    struct gw_json json;

    (void)unused;
    gw_arena_init(&arena, NULL);
    if (gw_json_read(body, &arena, TOKENS_MAX, &json, NULL) != GW_OK)
        abort();
    gw_arena_finish(&arena);
}

static void rewrite(struct gw_str body, int unused)
{
    struct gw_buf buf;
    struct gw_json_writer out;

    (void)unused;
    gw_buf_init(&buf, body.len * 8);
    gw_json_write_init(&out, &buf);
    gw_json_write_string(&out, body);
    if (gw_json_write_finish(&out) != GW_OK)
        abort();
    gw_buf_finish(&buf);
}

static void measure(const char *label, const char *what, struct gw_str body,
                    void run(struct gw_str body, int set), int set)
{
    double best = 0;

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t begin = gw_clock_ns(), now = begin;
        unsigned runs = 0;
        while (now - begin < ROUND_NS) {
            for (int i = 0; i < 8; i++)
                run(body, set);
            runs += 8;
            now = gw_clock_ns();
        }
        double ns = (double)(now - begin) / runs;
        if (round == 0 || ns < best)
            best = ns;
    }
    printf("%-26s %-10s %9zu bytes %12.1f ns %8.2f GB/s\n", label, what, body.len, best,
           (double)body.len / best);
}

int main(void)
{
    for (size_t i = 0; i < GW_COUNT(prompts); i++) {
        struct gw_buf buf;
        build(&buf, prompts[i].bytes, prompts[i].shape);
        for (int set = GW_JSON_SCAN_SETS - 1; set >= 0; set--)
            if (gw_json_scan_has((enum gw_json_scan_set)set))
                measure(prompts[i].label, set_names[set], gw_buf_str(&buf), scan, set);
        measure(prompts[i].label, "read", gw_buf_str(&buf), read_tape, 0);
        measure(prompts[i].label, "escape", gw_buf_str(&buf), rewrite, 0);
        gw_buf_finish(&buf);
    }
    return 0;
}
