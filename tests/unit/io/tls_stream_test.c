/* Streams under TLS: their ends, their speed in syscalls, and large transfers. */
#include "unit/test.h"

#include "unit/io/tls_link.h"

/* ---- the end ---- */

static void test_close_notify_is_an_end(void **state)
{
    struct link link;
    char text[64];
    (void)state;

    link_init(&link);
    write_text(&link.server.sock, "last");
    gw_sock_shutdown(&link.server.sock);
    write_text(&link.client.sock, "before");
    notice(&link.server.sock);
    struct gw_tls_calls calls = gw_tls_calls(link.server.sock.tls);
    gw_tls_shutdown(link.server.sock.tls); /* once is enough */
    assert_int_equal(gw_tls_calls(link.server.sock.tls).recv, calls.recv);
    assert_int_equal(gw_tls_calls(link.server.sock.tls).send, calls.send);
    assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_OK);
    assert_string_equal(text, "last");
    assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_EOF);
    assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_EOF);
    assert_false(gw_tls_truncated(link.client.sock.tls));
    /* Half-closed: the other way still works. */
    write_text(&link.client.sock, "after");
    assert_int_equal(read_text(&link.server.sock, text, sizeof text), GW_OK);
    assert_string_equal(text, "beforeafter");
    link_finish(&link);
}

static void test_a_bare_fin_is_a_truncation(void **state)
{
    struct link link;
    char text[64];
    (void)state;

    link_init(&link);
    write_text(&link.server.sock, "last");
    shutdown(link.server.sock.io.fd, SHUT_WR);
    assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_OK);
    assert_string_equal(text, "last");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_IO);
        assert_true(gw_tls_truncated(link.client.sock.tls));
        assert_non_null(strstr(gw_tls_fault(link.client.sock.tls), "without close_notify"));
    }
    write_text(&link.client.sock, "after");
    assert_int_equal(read_text(&link.server.sock, text, sizeof text), GW_OK);
    link_finish(&link);
}

/* Any record cut at any byte, then FIN: never an end, and no byte of it is given out. */
static void test_a_cut_record_gives_no_bytes(void **state)
{
    (void)state;

    for (size_t cut = 0;; cut++) {
        struct link link;
        char record[512], text[64];
        int fds[2];
        link_init(&link);
        make_pair(fds);
        int direct = link.client.sock.io.fd;
        write_text(&link.server.sock, "0123456789");
        /* Lay a pipe of our own under the client, and pour only part of what came into it. */
        ssize_t len = recv(direct, record, sizeof record, 0);
        assert_true(len > 10 && (size_t)len < sizeof record);
        link.client.sock.io.fd = fds[0];
        size_t whole = (size_t)len;
        bool last = cut == whole;
        assert_true(send(fds[1], record, cut, 0) == (ssize_t)cut);
        close(fds[1]);
        enum gw_status status = read_text(&link.client.sock, text, sizeof text);
        if (status != (last ? GW_OK : GW_IO) || (!last && !gw_tls_truncated(link.client.sock.tls)))
            fail_msg("cut at %zu of %zu: %d", cut, whole, status);
        close(direct);
        link_finish(&link);
        if (last)
            break;
    }
}

static void test_a_changed_byte_is_a_fault(void **state)
{
    struct link link;
    char record[512], text[64];
    int fds[2];
    (void)state;

    link_init(&link);
    make_pair(fds);
    write_text(&link.server.sock, "0123456789");
    ssize_t len = recv(link.client.sock.io.fd, record, sizeof record, 0);
    record[len - 1] ^= 1;
    assert_int_equal(send(fds[1], record, (size_t)len, 0), len);
    close(link.client.sock.io.fd);
    link.client.sock.io.fd = fds[0];
    enum gw_status status = GW_OK;
    while (status == GW_OK) {
        status = read_text(&link.client.sock, text, sizeof text);
        assert_string_equal(text, "");
    }
    assert_int_equal(status, GW_IO);
    assert_non_null(strstr(gw_tls_fault(link.client.sock.tls), "bad record mac"));
    close(fds[1]);
    link_finish(&link);
}

/* ---- transfer ---- */

#define TRANSFER_BYTES ((size_t)1 << 20)

struct flow {
    struct gw_sock *from, *to;
    size_t sent, got;
    size_t owed;     /* offered by the last write, and not taken */
    uint32_t random; /* of the sizes and cuts */
};

static char pattern(size_t at)
{
    return (char)(at * 31 + at / 251);
}

static size_t random_below(struct flow *flow, size_t below)
{
    flow->random = flow->random * 1664525u + 1013904223u;
    return (flow->random >> 8) % below;
}

/* Up to 8 pieces, empty ones among them, from where the flow stands. */
static void write_some(struct flow *flow, char *bytes)
{
    struct iovec iov[8];
    size_t at = 0, left = TRANSFER_BYTES - flow->sent, len = 0;
    const size_t most = random_below(flow, 2) ? 300 : 60000;
    size_t room = 1 + random_below(flow, most);

    if (room < flow->owed)
        room = flow->owed;
    if (room > left)
        room = left;
    for (size_t i = 0; i < room; i++)
        bytes[i] = pattern(flow->sent + i);
    for (size_t i = 0; i < GW_COUNT(iov); i++) {
        size_t part = random_below(flow, most);
        if (part > room - at)
            part = room - at;
        if (i == GW_COUNT(iov) - 1)
            part = room - at;
        iov[i] = (struct iovec){bytes + at, part};
        at += part;
    }
    assert_int_equal(gw_sock_write(flow->from, iov, GW_COUNT(iov), false, &len), GW_OK);
    assert_true(len <= room);
    flow->sent += len;
    flow->owed = room - len;
}

static void read_some(struct flow *flow, char *bytes)
{
    size_t room = 1 + random_below(flow, 40000), len = 0;
    enum gw_status status = gw_sock_read(flow->to, bytes, room, &len);

    if (status == GW_AGAIN)
        return;
    assert_int_equal(status, GW_OK);
    assert_true(len > 0 && len <= room);
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != pattern(flow->got + i))
            fail_msg("byte %zu is wrong", flow->got + i);
    flow->got += len;
}

static void test_large_transfers_both_ways_through_tiny_buffers(void **state)
{
    static char bytes[60000];
    const int tiny = 4096;
    struct link link;
    (void)state;

    link_init(&link);
    for (int i = 0; i < 2; i++) {
        int fd = i ? link.client.sock.io.fd : link.server.sock.io.fd;
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &tiny, sizeof tiny), 0);
    }
    struct flow flows[] = {{&link.client.sock, &link.server.sock, 0, 0, 0, 1},
                           {&link.server.sock, &link.client.sock, 0, 0, 0, 2}};
    bool done = false;
    for (int turn = 0; !done && turn < TURNS_MAX; turn++) {
        notice(&link.client.sock);
        notice(&link.server.sock);
        done = true;
        for (size_t i = 0; i < GW_COUNT(flows); i++) {
            if (flows[i].sent < TRANSFER_BYTES)
                write_some(&flows[i], bytes);
            read_some(&flows[i], bytes);
            done = done && flows[i].got == TRANSFER_BYTES;
        }
    }
    assert_true(done);
    link_finish(&link);
}

static void test_small_pieces_make_one_record_and_one_send(void **state)
{
    char piece[] = "0123456789", got[4096], wire[4096];
    struct iovec iov[100];
    struct link link;
    size_t len = 0;
    (void)state;

    for (size_t i = 0; i < GW_COUNT(iov); i++)
        iov[i] = (struct iovec){piece, i % 3 == 2 ? 0 : 10};
    link_init(&link);
    struct gw_tls_calls before = gw_tls_calls(link.server.sock.tls);
    assert_int_equal(gw_sock_write(&link.server.sock, iov, GW_COUNT(iov), false, &len), GW_OK);
    assert_int_equal(len, 670);
    assert_int_equal(gw_tls_calls(link.server.sock.tls).send - before.send, 1);
    /* One record: its length field reaches to the last byte. The ticket came with the handshake. */
    ssize_t on_wire = recv(link.client.sock.io.fd, wire, sizeof wire, MSG_PEEK);
    size_t at = 0, records = 0;
    while (at + 5 <= (size_t)on_wire) {
        records++;
        at += 5u + (size_t)((unsigned char)wire[at + 3] << 8 | (unsigned char)wire[at + 4]);
    }
    assert_int_equal(at, on_wire);
    assert_int_equal(records, 2); /* the ticket, and ours */
    assert_int_equal(read_text(&link.client.sock, got, sizeof got), GW_OK);
    assert_int_equal(strlen(got), 670);
    link_finish(&link);
}

static void test_a_request_and_its_answer_take_four_syscalls(void **state)
{
    static char body[10000], got[20000];
    struct link link;
    (void)state;

    memset(body, 'b', sizeof body - 1);
    link_init(&link);
    for (int round = 0; round < 3; round++) {
        struct gw_tls_calls client = gw_tls_calls(link.client.sock.tls);
        struct gw_tls_calls server = gw_tls_calls(link.server.sock.tls);
        write_text(&link.client.sock, body);
        assert_int_equal(read_text(&link.server.sock, got, sizeof got), GW_OK);
        assert_string_equal(got, body);
        size_t len;
        assert_int_equal(gw_sock_read(&link.server.sock, got, sizeof got, &len), GW_AGAIN);
        write_text(&link.server.sock, body);
        assert_int_equal(read_text(&link.client.sock, got, sizeof got), GW_OK);
        assert_string_equal(got, body);
        assert_int_equal(gw_tls_calls(link.client.sock.tls).send - client.send, 1);
        assert_int_equal(gw_tls_calls(link.client.sock.tls).recv - client.recv, 1);
        assert_int_equal(gw_tls_calls(link.server.sock.tls).send - server.send, 1);
        assert_int_equal(gw_tls_calls(link.server.sock.tls).recv - server.recv, 1);
    }
    link_finish(&link);
}

static void test_a_blocked_session_makes_no_syscalls(void **state)
{
    static char bytes[300000];
    struct link link;
    struct iovec iov = {bytes, sizeof bytes};
    const int tiny = 30000;
    size_t len = 1;
    (void)state;

    link_init(&link);
    assert_int_equal(setsockopt(link.client.sock.io.fd, SOL_SOCKET, SO_SNDBUF, &tiny, sizeof tiny),
                     0);
    struct gw_tls_calls calls = gw_tls_calls(link.client.sock.tls);
    assert_int_equal(gw_sock_write(&link.client.sock, &iov, 1, false, &len), GW_OK);
    assert_false(link.client.sock.writable);
    /* One for each whole record, and one that came out short. */
    assert_int_equal(gw_tls_calls(link.client.sock.tls).send - calls.send,
                     len / GW_TLS_RECORD_BYTES + 1);
    calls = gw_tls_calls(link.client.sock.tls);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(gw_sock_write(&link.client.sock, &iov, 1, false, &len), GW_OK);
        assert_int_equal(len, 0);
        assert_int_equal(gw_sock_read(&link.client.sock, bytes, sizeof bytes, &len), GW_AGAIN);
    }
    assert_int_equal(gw_tls_calls(link.client.sock.tls).send, calls.send);
    assert_int_equal(gw_tls_calls(link.client.sock.tls).recv, calls.recv);
    link_finish(&link);
}

/* A reader with little room is told that more is there, since the socket will not. */
static void test_pending_bytes_are_announced(void **state)
{
    struct link link;
    char text[4];
    (void)state;

    link_init(&link);
    write_text(&link.server.sock, "abc");
    write_text(&link.server.sock, "def");
    assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_OK);
    assert_string_equal(text, "abc");
    assert_true(gw_tls_pending(link.client.sock.tls));
    assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_OK);
    assert_string_equal(text, "def");
    assert_false(gw_tls_pending(link.client.sock.tls));
    link_finish(&link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_notify_is_an_end),
        cmocka_unit_test(test_a_bare_fin_is_a_truncation),
        cmocka_unit_test(test_a_cut_record_gives_no_bytes),
        cmocka_unit_test(test_a_changed_byte_is_a_fault),
        cmocka_unit_test(test_large_transfers_both_ways_through_tiny_buffers),
        cmocka_unit_test(test_small_pieces_make_one_record_and_one_send),
        cmocka_unit_test(test_a_request_and_its_answer_take_four_syscalls),
        cmocka_unit_test(test_a_blocked_session_makes_no_syscalls),
        cmocka_unit_test(test_pending_bytes_are_announced),
    };
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL's own socket BIO writes without MSG_NOSIGNAL */
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
