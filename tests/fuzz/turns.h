/*
 * tests/fuzz: one loop for all executions, turned by hand. No thread and no waiting: the harness
 * plays the other end of a socket and steps the clock.
 */
#ifndef GW_TESTS_FUZZ_TURNS_H
#define GW_TESTS_FUZZ_TURNS_H

#include "base/clock.h"
#include "http/http.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECK(truth)                                                                               \
    do {                                                                                           \
        if (!(truth)) {                                                                            \
            (void)fprintf(stderr, "not so, line %d: %s\n", __LINE__, #truth);                      \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Bytes sent over a socket of this machine are there at once; a second turn takes what the first
 * one's callbacks set off. */
#define TURNS_TO_REST 2

static struct {
    struct gw_loop *loop;
    struct gw_http http;
} turns;

static inline void turns_open(void)
{
    if (turns.loop)
        return;
    CHECK(gw_loop_create(0, &turns.loop, NULL) == GW_OK);
    CHECK(gw_http_init(&turns.http, turns.loop, NULL) == GW_OK);
}

static inline void turns_stop(struct gw_task *task)
{
    (void)task;
    gw_loop_stop(turns.loop);
}

static inline void turn(void)
{
    struct gw_task task = {.run = turns_stop};

    gw_loop_post(turns.loop, &task);
    gw_loop_run(turns.loop);
}

static inline void rest(void)
{
    for (int i = 0; i < TURNS_TO_REST; i++)
        turn();
}

static inline void pass_ms(uint64_t ms)
{
    gw_clock_step(ms * GW_NS_PER_MS);
    rest();
}

/* A digest of bytes that come in pieces: FNV-1a. */
#define DIGEST_START 0xcbf29ce484222325u

static inline uint64_t digest_add(uint64_t digest, struct gw_str bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        digest = (digest ^ (unsigned char)bytes.base[i]) * 0x100000001b3u;
    return digest;
}

/* What the handlers were told, a line each. */
struct story {
    size_t len;
    char text[16384];
};

__attribute__((format(printf, 2, 3))) static inline void tell(struct story *story,
                                                              const char *format, ...)
{
    size_t room = sizeof story->text - story->len;
    va_list values;

    va_start(values, format);
    int len = vsnprintf(story->text + story->len, room, format, values);
    va_end(values);
    CHECK(len >= 0 && (size_t)len < room);
    story->len += (size_t)len;
}

static inline void check_same_story(const struct story *a, const struct story *b)
{
    if (a->len == b->len && memcmp(a->text, b->text, a->len) == 0)
        return;
    (void)fprintf(stderr, "at once:\n%.*sin pieces:\n%.*s", (int)a->len, a->text, (int)b->len,
                  b->text);
    abort();
}

#define CUTS_BYTE_BY_BYTE_MAX 64u

/* Where the bytes of an input are cut. */
struct cuts {
    size_t at[CUTS_BYTE_BY_BYTE_MAX], count;
};

/* @param first, second  two places, as parts of 255 of what is left
 * @param every          before each byte instead, when they are few */
static inline struct cuts cuts_of(size_t len, uint8_t first, uint8_t second, bool every)
{
    struct cuts cuts = {.count = 2};

    cuts.at[0] = first * len / 255;
    cuts.at[1] = cuts.at[0] + second * (len - cuts.at[0]) / 255;
    if (every && len <= CUTS_BYTE_BY_BYTE_MAX)
        for (cuts.count = 0; cuts.count < len; cuts.count++)
            cuts.at[cuts.count] = cuts.count;
    return cuts;
}

/* The other end's side: sends all of it, unless the connection is over. Inputs are far smaller than
 * what a socket takes unread. */
static inline void peer_put(int fd, struct gw_str bytes)
{
    while (bytes.len) {
        ssize_t sent = send(fd, bytes.base, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            CHECK(errno == EPIPE || errno == ECONNRESET || errno == EINTR);
        if (sent < 0 && errno != EINTR)
            return;
        bytes = gw_str_from(bytes, sent < 0 ? 0 : (size_t)sent);
    }
}

#endif
