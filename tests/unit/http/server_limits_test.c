/* The server's limits: sizes, deadlines on a stepped clock, too many connections, draining. */
#include "unit/test.h"

#include "unit/http/server_play.h"

#include <sys/resource.h>

/* ---- what is no request ---- */

static void test_what_is_refused(void **state)
{
    static char large[2048], many[2048];
    const struct {
        const char *label, *sent, *answer, *story;
    } cases[] = {
        {"no HTTP", "hello\r\n\r\n", NO(400), "bad 400\n"},
        {"TLS", "\x16\x03\x01\x02", NO(400), "bad 400\n"},
        {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NO(505), "bad 505\n"},
        {"HTTP/1.2 of another number", "GET / HTTP/3.0\r\nhost: h\r\n\r\n", NO(505), "bad 505\n"},
        {"no host", "GET / HTTP/1.1\r\n\r\n", NO(400), "bad 400\n"},
        {"length and coding",
         "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n",
         NO(400), "bad 400\n"},
        {"head too large", large, NO(431), "bad 431\n"},
        {"too many fields", many, NO(431), "bad 431\n"},
        {"a body that is too large by its length",
         "POST /x HTTP/1.1\r\nhost: h\r\ncontent-length: 33554433\r\n\r\n", NO(413),
         "bad 413 /x\n"},
        {"a body of the largest length",
         "POST /early HTTP/1.1\r\nhost: h\r\n"
         "content-length: 33554432\r\n\r\n",
         OK_CLOSE(5, "early"), "POST /early\n"},
        {"chunk without a size", CHUNKED("/later") "x\r\n", NO(400), "POST /later\n  bad 400\n"},
        {"chunk that is too large", CHUNKED("/later") "fffffffffffffffff\r\n", NO(413),
         "POST /later\n  bad 413\n"},
        {"chunk of a wrong end", CHUNKED("/later") "1\r\nabc", NO(400), "POST /later\n  bad 400\n"},
        {"a fault behind a good request", GET("/echo") "GET \r\n\r\n", OK(0, "") NO(400),
         "GET /echo\n  body \"\"\nbad 400\n"},
        {"nothing counts behind a fault", "x\r\n\r\n" GET("/echo"), NO(400), "bad 400\n"},
    };

    (void)state;
    (void)snprintf(large, sizeof large, "GET / HTTP/1.1\r\nhost: h\r\nx: %01100d\r\n\r\n", 0);
    int len = snprintf(many, sizeof many, "GET / HTTP/1.1\r\nhost: h\r\n");
    for (int i = 0; i < 128; i++)
        len += snprintf(many + len, sizeof many - (size_t)len, "x:\r\n");
    (void)snprintf(many + len, sizeof many - (size_t)len, "\r\n");
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct peer peer;
        peer_connect(&peer, scene.port);
        peer_send(&peer, cases[i].sent);
        peer_expect(&peer, cases[i].label, cases[i].answer);
        expect_story(cases[i].label, cases[i].story);
        peer_expect_end(&peer, cases[i].label);
        peer_close(&peer);
        play_until(gw_server_connections(scene.server) == 0);
    }
}

/* Chunks have no length before: they are counted as they come. */
static void test_a_chunked_body_over_the_limit(void **state)
{
    enum { PIECE = 1 << 20 };
    static char piece[PIECE + 16];
    struct gw_server_limits limits = {1024, 3 * PIECE, HEADER_MS, IDLE_MS, 10};
    struct peer peer;

    (void)state;
    gw_server_set_limits(scene.server, &limits);
    int head = snprintf(piece, sizeof piece, "%x\r\n", PIECE);
    memset(piece + head, 'p', PIECE);
    memcpy(piece + head + PIECE, "\r\n", 2);
    for (int over = 0; over < 2; over++) {
        peer_connect(&peer, scene.port);
        peer_send(&peer, CHUNKED("/later"));
        for (int i = 0; i < 3; i++) {
            struct gw_str rest = {piece, (size_t)head + PIECE + 2};
            while (rest.len) {
                rest = gw_str_from(rest, peer_try_send(&peer, rest));
                play_turn(0);
            }
        }
        peer_send(&peer, over ? "1\r\nx\r\n0\r\n\r\n" : "0\r\n\r\n");
        play_settle();
        if (over) {
            expect_story("over", "POST /later\n  bad 413\n");
            peer_expect(&peer, "over", NO(413));
        } else {
            expect_story("as much as it may be", "POST /later\n  body of 3145728\n");
            call_answer(call_now(), 200, GW_STR(""));
        }
        peer_close(&peer);
        play_settle();
    }
}

/* ---- deadlines ---- */

struct deadline_case {
    const char *label, *sent;
    unsigned ms;
    const char *answer; /* what has come when that is over; then the end, unless `open` */
    bool open;
    const char *story;
};

static void check_deadline(const struct deadline_case *row)
{
    struct peer peer;

    peer_connect(&peer, scene.port);
    peer_send(&peer, row->sent);
    play_wait(row->ms);
    peer_expect(&peer, row->label, row->answer);
    expect_story(row->label, row->story);
    if (row->open)
        peer_expect_open(&peer, row->label);
    else
        peer_expect_end(&peer, row->label);
    peer_close(&peer);
    play_until(gw_server_connections(scene.server) == 0);
    gw_buf_take(&play.story, gw_buf_len(&play.story)); /* those left open tell that they went */
}

static void test_deadlines(void **state)
{
    static const struct deadline_case cases[] = {
        {"nothing, in time", "", HEADER_MS - 1000, "", true, ""},
        {"nothing", "", HEADER_MS + 8, "", false, ""},
        {"a part of a head, in time", "GET /", HEADER_MS - 1000, "", true, ""},
        {"a part of a head", "GET /", HEADER_MS + 8, NO(408), false, "bad 408\n"},
        {"idle, in time", GET("/echo"), IDLE_MS - 1000, OK(0, ""), true,
         "GET /echo\n  body \"\"\n"},
        {"idle", GET("/echo"), IDLE_MS + 8, OK(0, ""), false, "GET /echo\n  body \"\"\n"},
        {"idle, then a part of a head", GET("/echo") "G", HEADER_MS + 8, OK(0, "") NO(408), false,
         "GET /echo\n  body \"\"\nbad 408\n"},
        {"a part of a body, in time", POST("/later", 5, "abc"), HEADER_MS - 1000, "", true,
         "POST /later\n"},
        {"a part of a body", POST("/later", 5, "abc"), HEADER_MS + 8, NO(408), false,
         "POST /later\n  bad 408\n"},
        {"a part of a chunked body", CHUNKED("/later") "5\r\nab", HEADER_MS + 8, NO(408), false,
         "POST /later\n  bad 408\n"},
        {"the answer may take as long as it takes", POST("/later", 3, "abc"), 100 * IDLE_MS, "",
         true, "POST /later\n  body \"abc\"\n"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++)
        check_deadline(&cases[i]);
}

/* A body's first piece is due like any other: who sends a head alone does not hold a connection. */
static void test_a_body_that_never_begins(void **state)
{
    static const struct deadline_case cases[] = {
        {"in time", POST("/later", 5, ""), HEADER_MS - 1000, "", true, "POST /later\n"},
        {"by length", POST("/later", 5, ""), HEADER_MS + 8, NO(408), false,
         "POST /later\n  bad 408\n"},
        {"chunked", CHUNKED("/later"), HEADER_MS + 8, NO(408), false, "POST /later\n  bad 408\n"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++)
        check_deadline(&cases[i]);
}

/* A head is due as a whole: who sends a byte now and then does not hold the connection. */
static void test_a_dribbled_head(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    for (unsigned ms = 0; ms < HEADER_MS; ms += 1000) {
        peer_send(&peer, ms ? "a" : "GET /");
        play_wait(1001);
    }
    peer_expect(&peer, "dribbled", NO(408));
    peer_close(&peer);
}

/* A body is due piece by piece: a slow caller is no dead one. */
static void test_a_slow_body(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, POST("/echo", 20, ""));
    for (int i = 0; i < 20; i++) {
        peer_send(&peer, "b");
        play_wait(HEADER_MS - 1000);
    }
    peer_expect(&peer, "slow", OK(20, "bbbbbbbbbbbbbbbbbbbb"));
    peer_close(&peer);
}

/* The caller had been paused for longer than a body's piece may take; now it has its time again. */
static void test_a_body_that_was_paused(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, POST("/later", 6, "ab"));
    play_settle();
    struct call *call = call_now();
    gw_down_pause(call->down);
    play_wait(3 * HEADER_MS);
    expect_story("paused", "POST /later\n");
    assert_non_null(call->down);
    gw_down_resume(call->down);
    play_wait(HEADER_MS - 1000);
    expect_story("resumed, in time", "");
    peer_send(&peer, "cd");
    play_wait(HEADER_MS - 1000);
    expect_story("goes on", "");
    play_wait(1008);
    expect_story("silent at last", "  bad 408\n");
    peer_close(&peer);
}

static void test_a_reader_that_never_reads(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect_with(&peer, scene.port, 65536);
    peer_send(&peer, GET("/big"));
    play_wait(IDLE_MS - 1000);
    expect_story("in time", "GET /big\n  body \"\"\n");
    const struct call *call = call_now();
    for (size_t before = call->big_sent; call->big_sent == before;) { /* then it does, for once */
        peer_read_some(&peer, 65536);
        play_turn(0);
    }
    play_wait(IDLE_MS - 1000);
    expect_story("in time again", "");
    play_wait(1008);
    expect_story("too late", "  gone\n");
    play_until(peer_is_at_end(&peer));
    assert_true(peer.reset);
    peer_close(&peer);
}

/* The answer has been ended, but its bytes do not leave. */
static void test_a_reader_that_never_reads_the_end(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, GET("/later"));
    play_settle();
    char *bytes = calloc(1, 16 << 20);
    call_answer(call_now(), 200, (struct gw_str){bytes, 16 << 20});
    free(bytes);
    play_wait(IDLE_MS - 1000);
    assert_int_equal(gw_server_connections(scene.server), 1);
    play_wait(1008);
    assert_int_equal(gw_server_connections(scene.server), 0);
    peer_close(&peer);
}

/* Who has its answer but does not close is not waited for without end. */
static void test_lingering_ends(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, POST("/early", 5, ""));
    peer_expect(&peer, "early", OK_CLOSE(5, "early"));
    peer_expect_end(&peer, "early");
    play_wait(3000);
    assert_int_equal(gw_server_connections(scene.server), 1);
    peer_send(&peer, "12345"); /* gives no more time */
    play_wait(2008);
    assert_int_equal(gw_server_connections(scene.server), 0);
    peer_close(&peer);
}

/* ---- too many connections ---- */

static void test_too_many_connections(void **state)
{
    struct gw_server_limits limits = {1024, 1024, HEADER_MS, IDLE_MS, 2};
    struct peer peers[4];

    (void)state;
    gw_server_set_limits(scene.server, &limits);
    for (size_t i = 0; i < GW_COUNT(peers); i++) {
        peer_connect(&peers[i], scene.port);
        play_until(gw_server_connections(scene.server) == i + 1);
    }
    for (size_t i = 0; i < GW_COUNT(peers); i++) {
        peer_send(&peers[i], GET("/echo"));
        peer_expect(&peers[i], "asks", i < 2 ? OK(0, "") : NO(503));
    }
    expect_story("two", "GET /echo\n  body \"\"\nGET /echo\n  body \"\"\nbad 503 /echo\n"
                        "bad 503 /echo\n");
    peer_expect_end(&peers[2], "refused");
    for (size_t i = 1; i < GW_COUNT(peers); i++)
        peer_close(&peers[i]);
    play_until(gw_server_connections(scene.server) == 1);
    peer_connect(&peers[1], scene.port); /* there is room again */
    peer_send(&peers[1], GET("/echo"));
    peer_expect(&peers[1], "later", OK(0, ""));
    peer_close(&peers[0]);
    peer_close(&peers[1]);
}

static void test_far_too_many_connections(void **state)
{
    enum { MAX = 1, WAITING = 512 };
    struct gw_server_limits limits = {1024, 1024, HEADER_MS, IDLE_MS, MAX};
    static struct peer peers[MAX + WAITING + 3];
    struct rlimit files;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < 2 * GW_COUNT(peers) + 64)
        skip();
    gw_server_set_limits(scene.server, &limits);
    for (size_t i = 0; i < GW_COUNT(peers); i++)
        peer_connect(&peers[i], scene.port);
    for (size_t i = MAX + WAITING; i < GW_COUNT(peers); i++)
        play_until(peer_is_at_end(&peers[i]));
    assert_int_equal(gw_server_connections(scene.server), MAX + WAITING);
    for (size_t i = 0; i < GW_COUNT(peers); i++)
        peer_close(&peers[i]);
    play_until(gw_server_connections(scene.server) == 0);
}

/* No descriptor is left: callers are let go, the others live on, and the loop does not spin. */
static void test_out_of_descriptors(void **state)
{
    struct rlimit files, few;
    struct peer first, second;

    (void)state;
    peer_connect(&first, scene.port);
    peer_send(&first, GET("/echo"));
    peer_expect(&first, "before", OK(0, ""));
    peer_connect(&second, scene.port);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    int lowest = dup(0); /* the descriptor that accept would get */
    close(lowest);
    few = files;
    few.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    play_settle();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    play_until(peer_is_at_end(&second));
    peer_close(&second);
    peer_send(&first, GET("/echo"));
    peer_expect(&first, "lives on", OK(0, ""));
    peer_connect(&second, scene.port);
    peer_send(&second, GET("/echo"));
    peer_expect(&second, "afterwards", OK(0, ""));
    peer_close(&first);
    peer_close(&second);
}

/* ---- draining ---- */

static void on_drained(void *arg)
{
    assert_ptr_equal(arg, &scene);
    scene.drained++;
    if (scene.destroy_when_drained) {
        gw_server_destroy(scene.server);
        scene.server = NULL;
    }
}

static void drain(void)
{
    gw_server_drain(scene.server, 30000, on_drained, &scene);
}

static void test_drain_of_nothing(void **state)
{
    int fd;

    (void)state;
    assert_false(gw_server_is_draining(scene.server));
    drain();
    assert_int_equal(scene.drained, 1);
    assert_true(gw_server_is_draining(scene.server));
    gw_server_drain(scene.server, 1, on_drained, &scene); /* once is enough */
    play_wait(60000);
    assert_int_equal(scene.drained, 1);
    struct gw_addr addr;
    assert_true(gw_addr_parse(GW_STR("127.0.0.1"), scene.port, &addr));
    if (gw_connect_start(&addr, &fd, NULL) == GW_OK) {
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        assert_int_equal(poll(&wait, 1, 10000), 1);
        assert_int_equal(gw_connect_error(fd), ECONNREFUSED);
        close(fd);
    }
}

static void test_drain(void **state)
{
    static const struct {
        const char *label, *before; /* sent, and taken in, before the draining */
        const char *queued;         /* sent, but not read yet */
        const char *at_once;        /* what the caller has then */
        bool ends;                  /* and its connection has ended */
        const char *after, *answer; /* sent then, and what comes of it and ends the connection */
    } cases[] = {
        {"new", "", "", "", true, "", ""},
        {"idle", GET("/echo"), "", OK(0, ""), true, "", ""},
        {"a request that has not been read", "", GET("/echo"), OK_CLOSE(0, ""), true, "", ""},
        {"idle, with such a request", GET("/echo"), GET("/echo"), OK(0, "") OK_CLOSE(0, ""), true,
         "", ""},
        {"within a head", "GET /echo HTTP/1.1\r\n", "", "", false, "host: h\r\n\r\n",
         OK_CLOSE(0, "")},
        {"within a body", POST("/echo", 3, "a"), "", "", false, "bc", OK_CLOSE(3, "abc")},
        {"a part of a head that has not been read", "", "GET /ec", "", false,
         "ho HTTP/1.1\r\nhost: h\r\n\r\n", OK_CLOSE(0, "")},
    };

    (void)state;
    server_close();
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct peer peer;
        server_open(10);
        scene.destroy_when_drained = true;
        peer_connect(&peer, scene.port);
        peer_send(&peer, cases[i].before);
        play_settle();
        peer_send(&peer, cases[i].queued);
        drain();
        peer_expect(&peer, cases[i].label, cases[i].at_once);
        if (cases[i].ends) {
            peer_expect_end(&peer, cases[i].label);
        } else {
            peer_expect_open(&peer, cases[i].label);
            assert_int_equal(scene.drained, 0);
            peer_send(&peer, cases[i].after);
            peer_expect(&peer, cases[i].label, cases[i].answer);
            peer_expect_end(&peer, cases[i].label);
        }
        peer_close(&peer);
        play_until(scene.drained == 1);
        assert_null(scene.server);
        server_close();
    }
    server_open(10);
}

/* Whose connection has been made, but never been accepted. */
static void test_drain_takes_the_accept_queue(void **state)
{
    struct peer peers[3];

    (void)state;
    for (size_t i = 0; i < GW_COUNT(peers); i++) {
        peer_connect(&peers[i], scene.port);
        peer_send(&peers[i], GET("/echo"));
    }
    drain();
    for (size_t i = 0; i < GW_COUNT(peers); i++) {
        peer_expect(&peers[i], "in the queue", OK_CLOSE(0, ""));
        peer_expect_end(&peers[i], "in the queue");
        assert_int_equal(scene.drained, 0);
        peer_close(&peers[i]);
    }
    play_until(scene.drained == 1);
}

static void test_drain_waits_for_answers(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, GET("/later") GET("/later"));
    play_settle();
    struct call *call = call_now();
    assert_true(gw_down_may_keep(call->down));
    drain();
    assert_true(gw_down_is_draining(call->down));
    assert_false(gw_down_may_keep(call->down));
    play_wait(20000);
    assert_int_equal(scene.drained, 0);
    call_answer(call, 200, GW_STR("late"));
    peer_expect(&peer, "answered", OK_CLOSE(4, "late"));
    peer_expect_end(&peer, "answered");
    peer_close(&peer);
    play_until(scene.drained == 1);
    expect_story("one only", "GET /later\n  body \"\"\n");
    assert_int_equal(gw_server_connections(scene.server), 0);
}

/* The head of the answer had said that the connection stays. */
static void test_drain_within_an_answer(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, GET("/later"));
    play_settle();
    struct call *call = call_now();
    bool keep = gw_down_may_keep(call->down);
    assert_int_equal(call_send(call, GW_STR("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na")),
                     GW_OK);
    drain();
    assert_int_equal(call_send(call, GW_STR("b")), GW_OK);
    call_end(call, keep);
    peer_expect(&peer, "whole", OK(2, "ab"));
    peer_expect_end(&peer, "whole");
    assert_int_equal(scene.drained, 1);
    peer_close(&peer);
}

static void test_drain_cuts_off(void **state)
{
    struct peer peers[3];

    (void)state;
    for (size_t i = 0; i < GW_COUNT(peers); i++) {
        peer_connect(&peers[i], scene.port);
        peer_send(&peers[i], i == 2 ? "GET /" : GET("/later"));
    }
    play_settle();
    expect_story("begun", "GET /later\n  body \"\"\nGET /later\n  body \"\"\n");
    scene.destroy_when_drained = true;
    gw_server_drain(scene.server, 5000, on_drained, &scene);
    play_wait(4000);
    assert_int_equal(scene.drained, 0);
    play_wait(1008);
    assert_int_equal(scene.drained, 1);
    expect_story("cut off", "  gone\n  gone\n");
    for (size_t i = 0; i < GW_COUNT(peers); i++) {
        peer_expect_reset(&peers[i], "cut off");
        peer_close(&peers[i]);
    }
}

static void test_destroy_cuts_off(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, GET("/later"));
    play_settle();
    expect_story("begun", "GET /later\n  body \"\"\n");
    gw_server_destroy(scene.server);
    scene.server = NULL;
    expect_story("destroyed", "  gone\n");
    peer_expect_reset(&peer, "destroyed");
    peer_close(&peer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_setup, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_refused),
        TEST(test_a_chunked_body_over_the_limit),
        TEST(test_deadlines),
        TEST(test_a_body_that_never_begins),
        TEST(test_a_dribbled_head),
        TEST(test_a_slow_body),
        TEST(test_a_body_that_was_paused),
        TEST(test_a_reader_that_never_reads),
        TEST(test_a_reader_that_never_reads_the_end),
        TEST(test_lingering_ends),
        TEST(test_too_many_connections),
        TEST(test_far_too_many_connections),
        TEST(test_out_of_descriptors),
        TEST(test_drain_of_nothing),
        TEST(test_drain),
        TEST(test_drain_takes_the_accept_queue),
        TEST(test_drain_waits_for_answers),
        TEST(test_drain_within_an_answer),
        TEST(test_drain_cuts_off),
        TEST(test_destroy_cuts_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
