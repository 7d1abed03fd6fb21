/*
 * tests/unit/http/play.h: a loop on a stepped clock, turned by hand, and plain sockets that play
 * the other end of a connection.
 *
 * Everything happens in one thread: play_until() turns the loop until something is so, and
 * play_settle() until nothing more can come of what was sent.
 */
#ifndef GW_TESTS_UNIT_HTTP_PLAY_H
#define GW_TESTS_UNIT_HTTP_PLAY_H

#include "base/buf.h"
#include "base/clock.h"
#include "http/http.h"
#include "io/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PLAY_BYTES_MAX ((size_t)64 << 20)
#define PLAY_PATIENCE_NS (5000ull * GW_NS_PER_MS)
/* Turns in which all that is under way on loopback has come to rest. */
#define PLAY_SETTLE_TURNS 4

static struct {
    struct gw_loop *loop;
    struct gw_http http;
    struct gw_buf story; /* what the handlers of the test have seen, a line each */
} play;

static inline void play_open(void)
{
    assert_int_equal(gw_loop_create(0, &play.loop, NULL), GW_OK);
    assert_int_equal(gw_http_init(&play.http, play.loop, NULL), GW_OK);
    gw_buf_init(&play.story, PLAY_BYTES_MAX);
}

static inline void play_stop(struct gw_task *task)
{
    (void)task;
    gw_loop_stop(play.loop);
}

/* Lets `ms` pass and the loop go round once. */
static inline void play_turn(uint64_t ms)
{
    struct gw_task task = {.run = play_stop};

    if (ms)
        gw_clock_step(ms * GW_NS_PER_MS);
    gw_loop_post(play.loop, &task);
    gw_loop_run(play.loop);
}

static inline void play_settle(void)
{
    for (int i = 0; i < PLAY_SETTLE_TURNS; i++)
        play_turn(0);
}

/* Lets `ms` pass, in one step, and what is due come to rest. */
static inline void play_wait(uint64_t ms)
{
    play_settle();
    play_turn(ms);
    play_settle();
}

static inline void play_close(void)
{
    play_turn(0); /* what is to be freed later */
    gw_http_finish(&play.http);
    gw_loop_destroy(play.loop);
    gw_buf_finish(&play.story);
}

#define play_until(condition)                                                                      \
    do {                                                                                           \
        uint64_t play_from = gw_clock_ns();                                                        \
        while (!(condition)) {                                                                     \
            play_turn(0);                                                                          \
            if (gw_clock_ns() - play_from > PLAY_PATIENCE_NS)                                      \
                fail_msg("never so: %s", #condition);                                              \
        }                                                                                          \
    } while (0)

#define tell(...)                                                                                  \
    do {                                                                                           \
        assert_int_equal(gw_buf_printf(&play.story, __VA_ARGS__), GW_OK);                          \
    } while (0)

/* Compares what was told since the last time. */
static inline void expect_story(const char *label, const char *want)
{
    struct gw_str have = gw_buf_str(&play.story);

    if (!gw_str_eq(have, gw_str_of(want)))
        fail_msg("%s: told:\n%.*sinstead of:\n%s", label, GW_STR_ARG(have), want);
    gw_buf_take(&play.story, gw_buf_len(&play.story));
}

/* ---- the other end ---- */

struct peer {
    int fd; /* non-blocking; -1: closed */
    struct gw_buf got;
    bool eof, reset;
};

static inline void peer_init(struct peer *peer, int fd)
{
    *peer = (struct peer){.fd = fd};
    gw_buf_init(&peer->got, PLAY_BYTES_MAX);
}

/* @param window  bytes that the peer's kernel takes in unread, roughly; 0: as it likes */
static inline void peer_connect_with(struct peer *peer, unsigned port, int window)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    if (window)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    peer_init(peer, fd);
}

static inline void peer_connect(struct peer *peer, unsigned port)
{
    peer_connect_with(peer, port, 0);
}

/* Waits for a caller of `listener` while the loop turns. */
static inline void peer_accept(struct peer *peer, int listener)
{
    int fd = -1;

    play_until((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1);
    peer_init(peer, fd);
}

static inline void peer_close(struct peer *peer)
{
    if (peer->fd != -1)
        close(peer->fd);
    peer->fd = -1;
    gw_buf_finish(&peer->got);
}

/* With an RST. */
static inline void peer_break(struct peer *peer)
{
    struct linger linger = {.l_onoff = 1};

    (void)setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(peer->fd);
    peer->fd = -1;
}

static inline void peer_fin(struct peer *peer)
{
    assert_int_equal(shutdown(peer->fd, SHUT_WR), 0);
}

/* @return how much the kernel took */
static inline size_t peer_try_send(struct peer *peer, struct gw_str bytes)
{
    size_t sent = 0;

    while (sent < bytes.len) {
        ssize_t part = send(peer->fd, bytes.base + sent, bytes.len - sent, MSG_NOSIGNAL);
        if (part <= 0)
            break;
        sent += (size_t)part;
    }
    return sent;
}

static inline void peer_send_bytes(struct peer *peer, struct gw_str bytes)
{
    assert_int_equal(peer_try_send(peer, bytes), bytes.len);
}

static inline void peer_send(struct peer *peer, const char *text)
{
    peer_send_bytes(peer, gw_str_of(text));
}

/* Takes in what is there, at most `max` bytes. */
static inline void peer_read_some(struct peer *peer, size_t max)
{
    while (max && !peer->eof && !peer->reset) {
        size_t room = max < 65536 ? max : 65536;
        assert_int_equal(gw_buf_reserve(&peer->got, room), GW_OK);
        ssize_t part = recv(peer->fd, peer->got.base + peer->got.tail, room, 0);
        if (part > 0) {
            peer->got.tail += (size_t)part;
            max -= (size_t)part;
        } else if (part == 0) {
            peer->eof = true;
        } else if (errno == EAGAIN) {
            return;
        } else {
            peer->reset = true;
        }
    }
}

static inline bool peer_has(struct peer *peer, size_t len)
{
    peer_read_some(peer, SIZE_MAX);
    return gw_buf_len(&peer->got) >= len;
}

static inline bool peer_is_at_end(struct peer *peer)
{
    peer_read_some(peer, SIZE_MAX);
    return peer->eof || peer->reset;
}

/* These bytes come, and no more of them. */
static inline void peer_expect(struct peer *peer, const char *label, const char *want)
{
    uint64_t from = gw_clock_ns();

    while (!peer_has(peer, strlen(want)) && !peer->eof && !peer->reset &&
           gw_clock_ns() - from < PLAY_PATIENCE_NS)
        play_turn(0);
    play_settle();
    peer_read_some(peer, SIZE_MAX);
    if (!gw_str_eq(gw_buf_str(&peer->got), gw_str_of(want)))
        fail_msg("%s: got:\n%.*s\ninstead of:\n%s", label, GW_STR_ARG(gw_buf_str(&peer->got)),
                 want);
    gw_buf_take(&peer->got, gw_buf_len(&peer->got));
}

/* Then a clean end. */
static inline void peer_expect_end(struct peer *peer, const char *label)
{
    play_until(peer_is_at_end(peer));
    if (!peer->eof || gw_buf_len(&peer->got))
        fail_msg("%s: %s, %.*s", label, peer->reset ? "reset" : "end",
                 GW_STR_ARG(gw_buf_str(&peer->got)));
}

static inline void peer_expect_reset(struct peer *peer, const char *label)
{
    play_until(peer_is_at_end(peer));
    if (!peer->reset || gw_buf_len(&peer->got))
        fail_msg("%s: %s, %.*s", label, peer->reset ? "reset" : "end",
                 GW_STR_ARG(gw_buf_str(&peer->got)));
}

static inline void peer_expect_open(struct peer *peer, const char *label)
{
    play_settle();
    if (peer_is_at_end(peer) || gw_buf_len(&peer->got))
        fail_msg("%s: %s, %.*s", label, peer->eof ? "end" : "reset or bytes",
                 GW_STR_ARG(gw_buf_str(&peer->got)));
}

#endif
