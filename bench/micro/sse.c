/*
 * bench/micro/sse: what the event-stream tap costs per chunk, and how fast the parser and the form
 * scanner read.
 *
 *   gcc -O2 -std=c11 -D_GNU_SOURCE -Isrc bench/micro/sse.c src/wire/{sse,sse_tap,multipart}.c
 * src/base/{buf,err,str,clock}.c
 *
 * Prints one line a case: the best of several rounds.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "wire/multipart.h"
#include "wire/sse.h"
#include "wire/sse_tap.h"

#define ROUNDS 40
#define CHUNKS 512u /* they stay in the cache, as a chunk just read is */

#define CHAT_HEAD                                                                                  \
    "data: "                                                                                       \
    "{\"id\":\"chatcmpl-9Zk3tQnS0bVhYw1mJx7RrD2uLcEaP\",\"object\":\"chat.completion.chunk\","     \
    "\"created\":1750000000,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\","    \
    "\"system_fingerprint\":\"fp_34a54ae93c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
#define CHAT_TAIL "\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n"
#define TEXT " and so the river bends once more to"
#define MESSAGES_CHUNK                                                                             \
    "event: content_block_delta\n"                                                                 \
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","      \
    "\"text\":\"" TEXT "\"}}\n\n"
#define RESPONSES_CHUNK                                                                            \
    "event: response.output_text.delta\n"                                                          \
    "data: {\"type\":\"response.output_text.delta\",\"sequence_number\":17,\"item_id\":"           \
    "\"msg_68543a1b9c7481a0b9b1f2c3d4e5f607\",\"output_index\":0,\"content_index\":0,\"delta\":"   \
    "\"" TEXT "\",\"logprobs\":[],\"obfuscation\":\"h2Jk9sPq\"}\n\n"

static const struct {
    const char *label;
    enum gw_sse_dialect dialect;
    struct gw_str chunk;
} chunks[] = {
    {"chat", GW_SSE_CHAT, GW_STR_INIT(CHAT_HEAD TEXT CHAT_TAIL)},
    {"messages", GW_SSE_MESSAGES, GW_STR_INIT(MESSAGES_CHUNK MESSAGES_CHUNK)},
    {"responses", GW_SSE_RESPONSES, GW_STR_INIT(RESPONSES_CHUNK)},
};

static struct gw_str repeat(struct gw_str chunk)
{
    char *all = malloc(chunk.len * CHUNKS);

    if (!all)
        exit(1);
    for (size_t i = 0; i < CHUNKS; i++)
        memcpy(all + i * chunk.len, chunk.base, chunk.len);
    return (struct gw_str){all, chunk.len * CHUNKS};
}

/* Feeds in pieces of `piece` bytes; returns the best nanoseconds for all. */
typedef uint64_t bench_fn(struct gw_str all, size_t piece, unsigned dialect);

static uint64_t best_of(bench_fn *fn, struct gw_str all, size_t piece, unsigned dialect)
{
    uint64_t best = UINT64_MAX;

    for (int round = 0; round < ROUNDS; round++) {
        uint64_t ns = fn(all, piece, dialect);
        best = ns < best ? ns : best;
    }
    return best;
}

static uint64_t run_tap(struct gw_str all, size_t piece, unsigned dialect)
{
    struct gw_sse_tap tap;
    uint64_t start = gw_clock_ns();

    gw_sse_tap_init(&tap, (enum gw_sse_dialect)dialect);
    for (size_t at = 0; at < all.len; at += piece)
        gw_sse_tap_feed(
            &tap, (struct gw_str){all.base + at, all.len - at < piece ? all.len - at : piece});
    uint64_t ns = gw_clock_ns() - start;
    if (tap.done || tap.finished || tap.error)
        exit(1);
    return ns;
}

static enum gw_status count(void *arg, const struct gw_sse_event *event)
{
    *(size_t *)arg += event->data.len;
    return GW_OK;
}

static uint64_t run_parser(struct gw_str all, size_t piece, unsigned dialect)
{
    struct gw_sse sse;
    size_t total = 0;
    uint64_t start = gw_clock_ns();

    (void)dialect;
    gw_sse_init(&sse);
    for (size_t at = 0; at < all.len; at += piece)
        if (gw_sse_feed(&sse,
                        (struct gw_str){all.base + at, all.len - at < piece ? all.len - at : piece},
                        count, &total) != GW_OK)
            exit(1);
    uint64_t ns = gw_clock_ns() - start;
    gw_sse_finish(&sse);
    if (total == 0)
        exit(1);
    return ns;
}

static uint64_t run_form(struct gw_str all, size_t piece, unsigned dialect)
{
    static const struct gw_str head =
        GW_STR_INIT("--XXXX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n");
    struct gw_multipart form;
    uint64_t start = gw_clock_ns();

    (void)dialect;
    if (gw_multipart_init(&form, GW_STR("multipart/form-data; boundary=XXXX"), NULL) != GW_OK ||
        gw_multipart_feed(&form, head, NULL) != GW_OK)
        exit(1);
    for (size_t at = 0; at < all.len; at += piece)
        if (gw_multipart_feed(
                &form, (struct gw_str){all.base + at, all.len - at < piece ? all.len - at : piece},
                NULL) != GW_OK)
            exit(1);
    gw_multipart_finish(&form);
    return gw_clock_ns() - start;
}

static void bench_streams(void)
{
    for (size_t i = 0; i < GW_COUNT(chunks); i++) {
        struct gw_str all = repeat(chunks[i].chunk);
        double bytes = (double)all.len;
        printf("tap %-9s one %zu-byte chunk a feed: %5.1f ns\n", chunks[i].label,
               chunks[i].chunk.len,
               (double)best_of(run_tap, all, chunks[i].chunk.len, chunks[i].dialect) / CHUNKS);
        printf("tap %-9s a %zu-byte chunk, cut in the middle: %5.1f ns\n", chunks[i].label,
               chunks[i].chunk.len,
               (double)best_of(run_tap, all, chunks[i].chunk.len / 2, chunks[i].dialect) / CHUNKS);
        printf("parser %-9s one chunk a feed: %5.1f ns, 16 KiB a feed: %5.2f GB/s\n",
               chunks[i].label, (double)best_of(run_parser, all, chunks[i].chunk.len, 0) / CHUNKS,
               bytes / (double)best_of(run_parser, all, 16384, 0));
        free((void *)(uintptr_t)all.base);
    }
}

static void bench_forms(void)
{
    char noise[65536];
    uint64_t random = 88172645463325252u;
    static const struct {
        const char *label;
        struct gw_str bytes;
    } files[] = {
        {"text of 40-byte lines", GW_STR_INIT("the quick brown fox, the lazy dog, etc\r\n")},
        {"only line feeds", GW_STR_INIT("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n")},
        {"false starts", GW_STR_INIT("\r\n--XXX\r\n--XX")},
    };

    for (size_t i = 0; i < sizeof(noise); i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        noise[i] = (char)(random >> 24);
    }
    struct gw_str all = {noise, sizeof(noise)};
    printf("form, noise, 16 KiB a feed: %5.2f GB/s\n",
           (double)all.len / (double)best_of(run_form, all, 16384, 0));
    for (size_t i = 0; i < GW_COUNT(files); i++) {
        all = repeat(files[i].bytes);
        printf("form, %s, 16 KiB a feed: %5.2f GB/s\n", files[i].label,
               (double)all.len / (double)best_of(run_form, all, 16384, 0));
        free((void *)(uintptr_t)all.base);
    }
}

int main(void)
{
    bench_streams();
    bench_forms();
    return 0;
}
