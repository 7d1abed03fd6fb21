/*
 * bench/micro/translation: what it costs to read a request of one dialect and write it in another: a prompt of
 * 200 KB, and one of 1 KB.
 *
 * Prints one line a pair: MB/s of the caller's body and microseconds a request (best of several rounds).
 */
#include "codec/translation.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 25u
#define BYTES_A_ROUND ((size_t)8 << 20)
#define BODY_BYTES_MAX ((size_t)1 << 20)

/* Prose with the escapes that code in a prompt brings. */
static const char line[] =
    "The gateway said \\\"forward or translate\\\", and it did:\\n\\tone small, fast, exact "
    "binary between applications and their models \xe2\x80\x93 nothing else.\\n";

static const struct {
    const char *name, *head, *tail;
    enum gw_codec_id caller, upstream;
} pairs[] = {
    {"chat to anth", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"", "\"}]}",
     GW_CODEC_CHAT, GW_CODEC_MESSAGES},
    {"chat to resp", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"", "\"}]}",
     GW_CODEC_CHAT, GW_CODEC_RESPONSES},
    {"anth to chat",
     "{\"model\":\"m\",\"max_tokens\":100,\"messages\":[{\"role\":\"user\",\"content\":\"", "\"}]}",
     GW_CODEC_MESSAGES, GW_CODEC_CHAT},
    {"resp to anth", "{\"model\":\"m\",\"input\":\"", "\"}", GW_CODEC_RESPONSES, GW_CODEC_MESSAGES},
};

static void translate(const struct gw_translation_setup *setup, struct gw_str body)
{
    struct gw_complaint complaint;
    struct gw_arena arena;
    struct gw_buf out;

    gw_arena_init(&arena, setup->cache);
    gw_buf_init(&out, 4 * BODY_BYTES_MAX);
    struct gw_translation *translation = gw_translation_create(&arena, setup);
    if (!translation || gw_translation_request(translation, body, &out, &complaint) != GW_OK)
        abort();
    gw_translation_finish(translation);
    gw_buf_finish(&out);
    gw_arena_finish(&arena);
}

static void bench(size_t pair, size_t prompt_bytes)
{
    struct gw_translation_setup setup = {
        .caller = gw_codec(pairs[pair].caller),
        .upstream = gw_codec(pairs[pair].upstream),
        .target = {.profile = gw_profile_of(GW_STR("")),
                   .claude = gw_claude_limits_of(GW_STR("claude-sonnet-4-5"), NULL, 0),
                   .model = GW_STR("claude-sonnet-4-5")},
        .seed = GW_STR("0123456789abcdef"),
        .request_id = GW_STR("req_1"),
    };
    uint64_t best_ns = UINT64_MAX;
    struct gw_buf body;

    gw_buf_init(&body, BODY_BYTES_MAX);
    enum gw_status status = gw_buf_add(&body, gw_str_of(pairs[pair].head));
    while (status == GW_OK && gw_buf_len(&body) < prompt_bytes)
        status = gw_buf_add(&body, gw_str_of(line));
    if (status != GW_OK || gw_buf_add(&body, gw_str_of(pairs[pair].tail)) != GW_OK)
        abort();
    size_t len = gw_buf_len(&body), times = BYTES_A_ROUND / len;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t from = gw_clock_ns();
        for (size_t i = 0; i < times; i++)
            translate(&setup, gw_buf_str(&body));
        uint64_t took = gw_clock_ns() - from;
        best_ns = took < best_ns ? took : best_ns;
    }
    printf("%s %6zu bytes: %7.0f MB/s %7.1f us\n", pairs[pair].name, len,
           (double)(len * times) * 1e3 / (double)best_ns, (double)best_ns / 1e3 / (double)times);
    gw_buf_finish(&body);
}

int main(void)
{
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        bench(i, 1000);
        bench(i, 200000);
    }
    return 0;
}
