/*
 * bench/micro/http1: what a request head costs, and a chunked body that passes.
 *
 * Prints one line a case: nanoseconds (best of several rounds, so that a busy machine disturbs
 * little).
 */
#include "wire/http1.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 25u
#define HEADS_A_ROUND 20000u
#define CHUNK_DATA_BYTES 330u
#define BODY_BYTES (1u << 20)

static const struct {
    const char *name, *bytes;
} heads[] = {
    {"openai-node",
     "POST /v1/chat/completions HTTP/1.1\r\n"
     "content-length: 412\r\n"
     "accept: application/json\r\n"
     "content-type: application/json\r\n"
     "user-agent: OpenAI/JS 4.104.0\r\n"
     "x-stainless-retry-count: 0\r\n"
     "x-stainless-lang: js\r\n"
     "x-stainless-package-version: 4.104.0\r\n"
     "x-stainless-os: Linux\r\n"
     "x-stainless-arch: x64\r\n"
     "x-stainless-runtime: node\r\n"
     "x-stainless-runtime-version: v20.11.1\r\n"
     "x-stainless-timeout: 600\r\n"
     "authorization: Bearer sk-proj-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
     "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr\r\n"
     "accept-encoding: gzip,deflate\r\n"
     "Host: 127.0.0.1:4000\r\n"
     "Connection: keep-alive\r\n"
     "\r\n"},
    {"anthropic-sdk",
     "POST /v1/messages HTTP/1.1\r\n"
     "host: 127.0.0.1:4000\r\n"
     "connection: keep-alive\r\n"
     "accept: application/json\r\n"
     "x-stainless-retry-count: 0\r\n"
     "x-stainless-timeout: 600\r\n"
     "x-stainless-lang: js\r\n"
     "x-stainless-package-version: 0.60.0\r\n"
     "x-stainless-os: Linux\r\n"
     "x-stainless-arch: x64\r\n"
     "x-stainless-runtime: node\r\n"
     "x-stainless-runtime-version: v20.11.1\r\n"
     "anthropic-version: 2023-06-01\r\n"
     "anthropic-beta: prompt-caching-2024-07-31\r\n"
     "x-api-key: "
     "sk-ant-api03-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
     "abcdefghij-AAAAAAAA\r\n"
     "content-type: application/json\r\n"
     "user-agent: Anthropic/JS 0.60.0\r\n"
     "accept-language: *\r\n"
     "sec-fetch-mode: cors\r\n"
     "accept-encoding: br, gzip, deflate\r\n"
     "content-length: 1834\r\n"
     "\r\n"},
    {"curl", "POST /v1/chat/completions HTTP/1.1\r\n"
             "Host: localhost:4000\r\n"
             "User-Agent: curl/7.88.1\r\n"
             "Accept: */*\r\n"
             "Content-Type: application/json\r\n"
             "Authorization: Bearer sk-proj-0123456789abcdefghijklmnopqrstuvwxyz\r\n"
             "Content-Length: 97\r\n"
             "\r\n"},
};

static void bench_head(const char *name, struct gw_str bytes)
{
    struct gw_http1_head head;
    uint64_t best_ns = UINT64_MAX;

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t start_ns = gw_clock_ns();
        for (unsigned i = 0; i < HEADS_A_ROUND; i++) {
            gw_http1_head_init(&head);
            if (gw_http1_request_feed(&head, bytes, 65536, NULL) != GW_OK)
                exit(1);
        }
        uint64_t took_ns = gw_clock_ns() - start_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
    }
    printf("head %-14s %4zu bytes %2u fields %7.1f ns\n", name, bytes.len, head.fields_count,
           (double)best_ns / HEADS_A_ROUND);
}

/* A run of whole chunks, as an event stream comes. @return its length */
static size_t fill_chunks(char *body, bool leading_zeros)
{
    size_t len = 0;

    while (BODY_BYTES - len > CHUNK_DATA_BYTES + 16) {
        len += (size_t)snprintf(body + len, 16, leading_zeros ? "%06x\r\n" : "%x\r\n",
                                CHUNK_DATA_BYTES);
        memset(body + len, 'd', CHUNK_DATA_BYTES);
        len += CHUNK_DATA_BYTES;
        memcpy(body + len, "\r\n", 2);
        len += 2;
    }
    return len;
}

static void bench_chunked(const char *name, bool raw, bool leading_zeros)
{
    char *body = malloc(BODY_BYTES), *copy = malloc(BODY_BYTES);
    uint64_t best_ns = UINT64_MAX;
    size_t used, kept;

    if (!body || !copy)
        exit(1);
    size_t len = fill_chunks(body, leading_zeros);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct gw_chunked chunked;
        gw_chunked_init(&chunked);
        memcpy(copy, body, len); /* it may be changed */
        uint64_t start_ns = gw_clock_ns();
        for (size_t at = 0; at < len; at += used)
            if (gw_chunked_feed(&chunked, copy + at, len - at < 16384 ? len - at : 16384, raw,
                                &used, &kept, NULL, NULL, NULL) != GW_OK)
                exit(1);
        uint64_t took_ns = gw_clock_ns() - start_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
    }
    printf("chunked %-18s %6.2f GB/s %6.1f ns a chunk of %u\n", name, (double)len / (double)best_ns,
           (double)best_ns * (CHUNK_DATA_BYTES + 7) / (double)len, CHUNK_DATA_BYTES);
    free(body);
    free(copy);
}

int main(void)
{
    for (size_t i = 0; i < GW_COUNT(heads); i++)
        bench_head(heads[i].name, gw_str_of(heads[i].bytes));
    bench_chunked("raw", true, false);
    bench_chunked("raw, zeros cut", true, true);
    bench_chunked("decoded", false, false);
    return 0;
}
