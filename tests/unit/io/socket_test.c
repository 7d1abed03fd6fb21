/* Plain sockets on loopback: what a read or a write leaves behind, how ends look, and addresses. */
#include "unit/test.h"

#include "io/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LONG_MS 10000

struct link {
    struct gw_sock sock; /* ours */
    int peer;            /* blocking */
};

static struct gw_loop *loop; /* only closes sockets here: nothing runs on it */

static int open_loop(void **state)
{
    (void)state;
    return gw_loop_create(0, &loop, NULL) == GW_OK ? 0 : -1;
}

static int close_loop(void **state)
{
    (void)state;
    gw_loop_destroy(loop);
    return 0;
}

static void wait_for(int fd, short events)
{
    struct pollfd wait = {.fd = fd, .events = events};

    if (poll(&wait, 1, LONG_MS) != 1)
        fail_msg("nothing happens");
}

static void link_open(struct link *link)
{
    struct gw_addr addr;
    int listener, fd;

    assert_int_equal(gw_listen(GW_STR("127.0.0.1"), 0, &listener, NULL), GW_OK);
    assert_true(gw_addr_parse(GW_STR("127.0.0.1"), gw_sock_local_port(listener), &addr));
    assert_int_equal(gw_connect_start(&addr, &fd, NULL), GW_OK);
    wait_for(listener, POLLIN);
    link->peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(link->peer >= 0);
    wait_for(fd, POLLOUT);
    assert_int_equal(gw_connect_error(fd), 0);
    close(listener);
    gw_sock_init(&link->sock, fd);
}

static void link_close(struct link *link)
{
    gw_sock_close(loop, &link->sock, false);
    if (link->peer != -1)
        close(link->peer);
}

static void peer_sends(struct link *link, const char *text)
{
    assert_int_equal(send(link->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void peer_reads(struct link *link, const char *want)
{
    char bytes[64];
    size_t len = strlen(want);

    assert_int_equal(recv(link->peer, bytes, len, MSG_WAITALL), len);
    assert_memory_equal(bytes, want, len);
}

/* With an RST: what is not read or sent is dropped. */
static void peer_resets(struct link *link)
{
    struct linger linger = {.l_onoff = 1};

    assert_int_equal(setsockopt(link->peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    close(link->peer);
    link->peer = -1;
}

static void expect_read(struct link *link, size_t room, enum gw_status status, const char *want)
{
    char bytes[64];
    size_t len = 99;

    assert_true(room <= sizeof bytes);
    enum gw_status have = gw_sock_read(&link->sock, bytes, room, &len);
    if (have != status)
        fail_msg("%s, not %s", gw_status_name(have), gw_status_name(status));
    assert_int_equal(len, status == GW_OK ? strlen(want) : 99);
    if (status == GW_OK)
        assert_memory_equal(bytes, want, len);
}

static enum gw_status write_text(struct link *link, const char *text)
{
    struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};
    size_t len = 0;
    enum gw_status status = gw_sock_write(&link->sock, &iov, 1, false, &len);

    if (status == GW_OK)
        assert_int_equal(len, iov.iov_len);
    return status;
}

/* ---- reading ---- */

static void test_nothing_is_read_before_it_is_announced(void **state)
{
    struct link link;

    (void)state;
    link_open(&link);
    peer_sends(&link, "abc");
    wait_for(link.sock.io.fd, POLLIN);
    expect_read(&link, 8, GW_AGAIN, NULL);
    gw_sock_note(&link.sock, GW_IO_READ | GW_IO_WRITE);
    expect_read(&link, 8, GW_OK, "abc");
    link_close(&link);
}

static void test_a_short_read_ends_the_reading(void **state)
{
    struct link link;

    (void)state;
    link_open(&link);
    peer_sends(&link, "abc");
    wait_for(link.sock.io.fd, POLLIN);
    gw_sock_note(&link.sock, GW_IO_READ);
    expect_read(&link, 4, GW_OK, "abc");
    assert_false(link.sock.readable);
    peer_sends(&link, "def"); /* makes an edge of its own */
    wait_for(link.sock.io.fd, POLLIN);
    expect_read(&link, 4, GW_AGAIN, NULL);
    gw_sock_note(&link.sock, GW_IO_READ);
    /* What fills the room may not be all. */
    expect_read(&link, 2, GW_OK, "de");
    assert_true(link.sock.readable);
    expect_read(&link, 1, GW_OK, "f");
    assert_true(link.sock.readable);
    expect_read(&link, 1, GW_AGAIN, NULL);
    assert_false(link.sock.readable);
    link_close(&link);
}

/* The edge of a FIN that came with the bytes is gone: it must be found by reading on. */
static void test_an_end_behind_bytes_is_seen(void **state)
{
    struct link link;

    (void)state;
    link_open(&link);
    peer_sends(&link, "abc");
    assert_int_equal(shutdown(link.peer, SHUT_WR), 0);
    wait_for(link.sock.io.fd, POLLRDHUP);
    gw_sock_note(&link.sock, GW_IO_READ | GW_IO_HUP);
    expect_read(&link, 8, GW_OK, "abc");
    assert_false(link.sock.eof);
    expect_read(&link, 8, GW_EOF, NULL);
    assert_true(link.sock.eof);
    assert_int_equal(write_text(&link, "still"), GW_OK); /* a half-close only */
    peer_reads(&link, "still");
    link_close(&link);
}

static void test_an_end_of_its_own_event_is_seen(void **state)
{
    struct link link;

    (void)state;
    link_open(&link);
    peer_sends(&link, "abc");
    wait_for(link.sock.io.fd, POLLIN);
    gw_sock_note(&link.sock, GW_IO_READ);
    expect_read(&link, 8, GW_OK, "abc");
    close(link.peer);
    link.peer = -1;
    wait_for(link.sock.io.fd, POLLRDHUP);
    gw_sock_note(&link.sock, GW_IO_READ | GW_IO_HUP);
    expect_read(&link, 8, GW_EOF, NULL);
    link_close(&link);
}

static void test_a_reset_is_no_end(void **state)
{
    struct link link;

    (void)state;
    link_open(&link);
    peer_resets(&link);
    wait_for(link.sock.io.fd, POLLRDHUP);
    gw_sock_note(&link.sock, GW_IO_READ | GW_IO_WRITE | GW_IO_HUP);
    expect_read(&link, 8, GW_IO, NULL);
    assert_false(link.sock.eof);
    link_close(&link);
}

/* ---- writing ---- */

static void test_pieces_are_written_in_order(void **state)
{
    struct link link;
    char text[] = "onetwothree";
    struct iovec iov[] = {{text, 3}, {text + 3, 0}, {text + 3, 3}, {text + 6, 5}};
    size_t len = 0;

    (void)state;
    link_open(&link);
    assert_int_equal(gw_sock_write(&link.sock, iov, 4, false, &len), GW_OK);
    assert_int_equal(len, 11);
    assert_int_equal(link.sock.sent_bytes, 11);
    peer_reads(&link, "onetwothree");
    assert_int_equal(gw_sock_write(&link.sock, iov, 1, true, &len), GW_OK);
    assert_int_equal(gw_sock_write(&link.sock, iov + 2, 1, false, &len), GW_OK);
    peer_reads(&link, "onetwo");
    assert_int_equal(link.sock.sent_bytes, 17);
    assert_true(link.sock.writable);
    link_close(&link);
}

static void test_a_full_queue_takes_a_part(void **state)
{
    enum { BYTES = 1 << 20 };
    char *bytes = malloc(BYTES), *back = malloc(BYTES);
    struct link link;
    size_t sent = 0, got = 0;

    (void)state;
    assert_non_null(bytes);
    assert_non_null(back);
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (char)(i % 251);
    link_open(&link);
    int small = 4096;
    (void)setsockopt(link.sock.io.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    bool was_full = false;
    while (sent < BYTES) {
        struct iovec iov[2] = {
            {bytes + sent, (BYTES - sent) / 2},
            {bytes + sent + (BYTES - sent) / 2, BYTES - sent - (BYTES - sent) / 2}};
        size_t len = 0;
        assert_int_equal(gw_sock_write(&link.sock, iov, 2, false, &len), GW_OK);
        assert_int_equal(link.sock.writable, len == BYTES - sent);
        was_full |= !link.sock.writable;
        sent += len;
        assert_int_equal(link.sock.sent_bytes, sent);
        while (got < sent) {
            ssize_t part = recv(link.peer, back + got, sent - got, 0);
            assert_true(part > 0);
            got += (size_t)part;
        }
        wait_for(link.sock.io.fd, POLLOUT);
    }
    assert_true(was_full);
    assert_memory_equal(bytes, back, BYTES);
    link_close(&link);
    free(bytes);
    free(back);
}

/* No signal either. */
static void test_writing_to_nobody(void **state)
{
    struct link link;

    (void)state;
    link_open(&link);
    peer_resets(&link);
    wait_for(link.sock.io.fd, POLLRDHUP);
    (void)write_text(&link, "a"); /* may only fetch the reset */
    assert_int_equal(write_text(&link, "b"), GW_IO);
    link_close(&link);
}

static void test_ends_as_the_peer_sees_them(void **state)
{
    struct link link;
    char byte;

    (void)state;
    link_open(&link);
    gw_sock_shutdown(&link.sock);
    assert_int_equal(recv(link.peer, &byte, 1, 0), 0);
    peer_sends(&link, "a"); /* our end still reads */
    wait_for(link.sock.io.fd, POLLIN);
    gw_sock_note(&link.sock, GW_IO_READ);
    expect_read(&link, 8, GW_OK, "a");
    gw_sock_close(loop, &link.sock, false);
    assert_int_equal(link.sock.io.fd, -1);
    gw_sock_close(loop, &link.sock, true); /* harmless */
    close(link.peer);

    link_open(&link);
    gw_sock_close(loop, &link.sock, true);
    assert_int_equal(recv(link.peer, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    close(link.peer);
}

/* ---- has the peer taken what was written? ---- */

/* Reads to the end, whatever it is, as the client does before it asks. */
static void read_end(struct link *link, enum gw_status status)
{
    char bytes[64];
    size_t len;
    enum gw_status have;

    wait_for(link->sock.io.fd, POLLRDHUP);
    gw_sock_note(&link->sock, GW_IO_READ | GW_IO_HUP);
    do
        have = gw_sock_read(&link->sock, bytes, sizeof bytes, &len);
    while (have == GW_OK);
    assert_int_equal(have, status);
}

static void close_peer(struct link *link)
{
    close(link->peer);
    link->peer = -1;
    wait_for(link->sock.io.fd, POLLRDHUP);
}

static void test_closed_before_anything_was_written(void **state)
{
    struct link link;

    (void)state;
    link_open(&link);
    close_peer(&link);
    assert_true(gw_sock_none_taken(&link.sock, 0)); /* there was nothing to take */
    assert_int_equal(write_text(&link, "request"), GW_OK);
    wait_for(link.sock.io.fd, POLLERR | POLLHUP); /* the RST that answers it */
    read_end(&link, GW_EOF);
    assert_true(gw_sock_none_taken(&link.sock, 0));
    link_close(&link);
}

/* A connection that was kept alive, and closed by the peer just before it was used again. */
static void test_closed_between_two_requests(void **state)
{
    struct link link;

    (void)state;
    link_open(&link);
    assert_int_equal(write_text(&link, "first"), GW_OK);
    peer_reads(&link, "first");
    peer_sends(&link, "answer");
    close_peer(&link);
    uint64_t before = link.sock.sent_bytes;
    assert_int_equal(write_text(&link, "second"), GW_OK);
    wait_for(link.sock.io.fd, POLLERR | POLLHUP);
    read_end(&link, GW_EOF);
    assert_true(gw_sock_none_taken(&link.sock, before));
    assert_false(gw_sock_none_taken(&link.sock, 0)); /* the first was taken */
    link_close(&link);
}

static void test_closed_behind_the_request(void **state)
{
    struct link link;

    (void)state;
    link_open(&link);
    assert_int_equal(write_text(&link, "request"), GW_OK);
    peer_reads(&link, "request");
    close_peer(&link);
    read_end(&link, GW_EOF);
    assert_false(gw_sock_none_taken(&link.sock, 0));
    link_close(&link);
}

/* In the peer's queue, but never read: it closes with an RST. */
static void test_closed_with_the_request_unread(void **state)
{
    struct link link;

    (void)state;
    link_open(&link);
    assert_int_equal(write_text(&link, "request"), GW_OK);
    wait_for(link.peer, POLLIN);
    close_peer(&link);
    read_end(&link, GW_IO);
    assert_false(gw_sock_none_taken(&link.sock, 0)); /* unknown is not certain */
    link_close(&link);
}

/* On a connection that has been used for a while the kernel delays its ACKs: a peer that reads a
 * request, acts on it and breaks down may have acknowledged nothing. */
static void test_reset_behind_a_later_request(void **state)
{
    struct link link;

    (void)state;
    link_open(&link);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(write_text(&link, "request"), GW_OK);
        peer_reads(&link, "request");
        peer_sends(&link, "answer");
        wait_for(link.sock.io.fd, POLLIN);
        gw_sock_note(&link.sock, GW_IO_READ);
        expect_read(&link, 8, GW_OK, "answer");
    }
    uint64_t before = link.sock.sent_bytes;
    assert_int_equal(write_text(&link, "charge"), GW_OK);
    peer_reads(&link, "charge");
    peer_resets(&link);
    read_end(&link, GW_IO);
    bool none_taken = gw_sock_none_taken(&link.sock, before);
    link_close(&link);
    assert_false(none_taken);
}

static void test_unknown_when_there_is_no_tcp(void **state)
{
    struct link link;
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    gw_sock_init(&link.sock, fds[0]);
    link.peer = fds[1];
    assert_int_equal(write_text(&link, "request"), GW_OK);
    peer_reads(&link, "request");
    close_peer(&link);
    read_end(&link, GW_EOF);
    assert_false(gw_sock_none_taken(&link.sock, 0));
    link_close(&link);
}

/* ---- listening, connecting, addresses ---- */

static void test_listening(void **state)
{
    int first, second, fd, one = 0;
    struct gw_addr addr, peer;
    socklen_t len = sizeof one;
    char text[GW_ADDR_TEXT_BYTES];

    (void)state;
    assert_int_equal(gw_listen(GW_STR("localhost"), 0, &first, NULL), GW_OK);
    unsigned port = gw_sock_local_port(first);
    assert_true(port > 0);
    assert_true(fcntl(first, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(first, F_GETFL) & O_NONBLOCK);
    /* Each worker has a listener of its own. */
    assert_int_equal(gw_listen(GW_STR("127.0.0.1"), port, &second, NULL), GW_OK);
    close(second);
    assert_true(gw_addr_parse(GW_STR("127.0.0.1"), port, &addr));
    assert_int_equal(gw_connect_start(&addr, &fd, NULL), GW_OK);
    wait_for(first, POLLIN);
    int accepted = accept4(first, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &one, &len), 0);
    assert_true(one);
    assert_true(gw_sock_peer(accepted, &peer));
    assert_int_equal(ntohs(peer.u.v4.sin_port), gw_sock_local_port(fd));
    assert_true(gw_sock_peer(fd, &peer));
    assert_true(gw_str_starts(gw_str_of(gw_addr_text(&peer, text)), GW_STR("127.0.0.1:")));
    close(accepted);
    close(fd);
    close(first);
}

static void test_what_cannot_be_listened_on(void **state)
{
    struct sockaddr_in taken = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof taken;
    char text[128];
    struct gw_err err;
    int fd = -7, other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(gw_listen(GW_STR("example.com"), 0, &fd, &err), GW_INVALID);
    assert_string_equal(err.message, "could not listen on \"example.com\": not an IP address");
    assert_int_equal(gw_listen(GW_STR(""), 0, &fd, &err), GW_INVALID);
    assert_int_equal(gw_listen(GW_STR("127.0.0.1"), 65536, &fd, &err), GW_INVALID);
    assert_int_equal(gw_listen(GW_STR("192.0.2.1"), 1, &fd, &err), GW_IO);
    assert_string_equal(err.message,
                        "could not listen on 192.0.2.1:1: Cannot assign requested address");
    assert_int_equal(bind(other, (struct sockaddr *)&taken, len), 0);
    assert_int_equal(listen(other, 1), 0);
    unsigned port = gw_sock_local_port(other);
    assert_int_equal(gw_listen(GW_STR("127.0.0.1"), port, &fd, &err), GW_IO);
    (void)snprintf(text, sizeof text, "could not listen on 127.0.0.1:%u: Address already in use",
                   port);
    assert_string_equal(err.message, text);
    assert_int_equal(fd, -7); /* untouched */
    close(other);
}

static void test_connecting_to_nobody(void **state)
{
    struct gw_addr addr;
    struct gw_err err;
    int fd = -7, listener;

    (void)state;
    assert_int_equal(gw_listen(GW_STR("127.0.0.1"), 0, &listener, NULL), GW_OK);
    unsigned port = gw_sock_local_port(listener);
    close(listener);
    assert_true(gw_addr_parse(GW_STR("127.0.0.1"), port, &addr));
    if (gw_connect_start(&addr, &fd, &err) == GW_OK) { /* else it was refused at once */
        wait_for(fd, POLLOUT);
        assert_int_equal(gw_connect_error(fd), ECONNREFUSED);
        assert_int_equal(gw_connect_error(fd), 0); /* told once, as the kernel does */
        close(fd);
    } else {
        assert_non_null(strstr(err.message, "Connection refused"));
        assert_int_equal(fd, -7);
    }
    assert_int_equal(gw_sock_local_port(-1), 0);
    assert_false(gw_sock_peer(-1, &addr));
    assert_int_equal(gw_connect_error(-1), EBADF);
}

static void test_addresses(void **state)
{
    static const struct {
        struct gw_str host;
        unsigned port;
        const char *text; /* NULL: refused */
    } cases[] = {
        {GW_STR_INIT("127.0.0.1"), 8080, "127.0.0.1:8080"},
        {GW_STR_INIT("0.0.0.0"), 0, "0.0.0.0:0"},
        {GW_STR_INIT("255.255.255.255"), 65535, "255.255.255.255:65535"},
        {GW_STR_INIT("::1"), 443, "[::1]:443"},
        {GW_STR_INIT("::"), 1, "[::]:1"},
        {GW_STR_INIT("2001:0DB8::0001"), 1, "[2001:db8::1]:1"},
        {GW_STR_INIT("::ffff:10.0.0.1"), 80, "[::ffff:10.0.0.1]:80"},
        {GW_STR_INIT("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"), 65535,
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
        {GW_STR_INIT("127.0.0.1"), 65536, NULL},
        {GW_STR_INIT(""), 1, NULL},
        {GW_STR_INIT("localhost"), 1, NULL},
        {GW_STR_INIT("[::1]"), 1, NULL},
        {GW_STR_INIT("127.1"), 1, NULL}, /* the C library's old forms are none */
        {GW_STR_INIT("127.0.0.01"), 1, NULL},
        {GW_STR_INIT("2130706433"), 1, NULL},
        {GW_STR_INIT("0x7f.0.0.1"), 1, NULL},
        {GW_STR_INIT("256.0.0.1"), 1, NULL},
        {GW_STR_INIT("127.0.0.1 "), 1, NULL},
        {GW_STR_INIT("127.0.0.1\0"), 1, NULL},
        {GW_STR_INIT("127.0.0.1\0.example.com"), 1, NULL},
        {GW_STR_INIT("fe80::1%eth0"), 1, NULL},
        {GW_STR_INIT("1:2:3:4:5:6:7:8:9"), 1, NULL},
        {GW_STR_INIT("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555555555"), 1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_addr addr = {.len = 4711};
        char text[GW_ADDR_TEXT_BYTES];
        bool parsed = gw_addr_parse(cases[i].host, cases[i].port, &addr);
        if (parsed != (cases[i].text != NULL))
            fail_msg("%.*s, port %u: %s", GW_STR_ARG(cases[i].host), cases[i].port,
                     parsed ? "taken" : "refused");
        if (!parsed)
            assert_int_equal(addr.len, 4711);
        else if (strcmp(gw_addr_text(&addr, text), cases[i].text) != 0)
            fail_msg("%s, not %s", text, cases[i].text);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_loop, close_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_read_before_it_is_announced),
        TEST(test_a_short_read_ends_the_reading),
        TEST(test_an_end_behind_bytes_is_seen),
        TEST(test_an_end_of_its_own_event_is_seen),
        TEST(test_a_reset_is_no_end),
        TEST(test_pieces_are_written_in_order),
        TEST(test_a_full_queue_takes_a_part),
        TEST(test_writing_to_nobody),
        TEST(test_ends_as_the_peer_sees_them),
        TEST(test_closed_before_anything_was_written),
        TEST(test_closed_between_two_requests),
        TEST(test_closed_behind_the_request),
        TEST(test_closed_with_the_request_unread),
        TEST(test_reset_behind_a_later_request),
        TEST(test_unknown_when_there_is_no_tcp),
        TEST(test_listening),
        TEST(test_what_cannot_be_listened_on),
        TEST(test_connecting_to_nobody),
        TEST(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
