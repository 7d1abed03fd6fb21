/* The server's way with requests: order, framing, back-pressure, ends. Limits, deadlines and
 * draining are in server_limits_test.c. */
#include "unit/test.h"

#include "unit/http/server_play.h"

static void test_keep_alive(void **state)
{
    static const struct {
        const char *label, *request, *answer;
        bool kept;
    } cases[] = {
        {"1.1", GET("/echo"), OK(0, ""), true},
        {"1.1, to be closed", "GET /echo HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
         OK_CLOSE(0, ""), false},
        {"1.0", "GET /echo HTTP/1.0\r\n\r\n", OK_CLOSE(0, ""), false},
        {"1.0, to be kept", "GET /echo HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", OK(0, ""),
         true},
        {"with a body", POST("/echo", 3, "abc"), OK(3, "abc"), true},
        {"empty body", POST("/echo", 0, ""), OK(0, ""), true},
        {"early, no body", GET("/early"), OK(5, "early"), true},
        {"early, before the body", POST("/early", 3, ""), OK_CLOSE(5, "early"), false},
        {"early, with the body", POST("/early", 3, "abc"), OK_CLOSE(5, "early"), false},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct peer peer;
        peer_connect(&peer, scene.port);
        for (int round = 0; round < (cases[i].kept ? 3 : 1); round++) {
            peer_send(&peer, cases[i].request);
            peer_expect(&peer, cases[i].label, cases[i].answer);
        }
        if (cases[i].kept)
            peer_expect_open(&peer, cases[i].label);
        else
            peer_expect_end(&peer, cases[i].label);
        peer_close(&peer);
        play_until(gw_server_connections(scene.server) == 0);
    }
}

/* One at a time: the next is handed over when the answer before it has been ended. */
static void test_pipelined_answers_in_order(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, GET("/later") POST("/later", 1, "b") GET("/echo") GET("/later"));
    play_settle();
    expect_story("first", "GET /later\n  body \"\"\n");
    call_answer(call_now(), 200, GW_STR("one"));
    peer_expect(&peer, "first", OK(3, "one"));
    expect_story("second", "POST /later\n  body \"b\"\n");
    call_answer(call_now(), 200, GW_STR("two"));
    peer_expect(&peer, "second and third", OK(3, "two") OK(0, ""));
    expect_story("third and fourth", "GET /echo\n  body \"\"\nGET /later\n  body \"\"\n");
    call_answer(call_now(), 200, GW_STR("four"));
    peer_expect(&peer, "fourth", OK(4, "four"));
    peer_close(&peer);
}

static void test_what_is_behind_the_last_request_is_dropped(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, "GET /echo HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n" GET("/echo"));
    peer_expect(&peer, "closed", OK_CLOSE(0, ""));
    peer_expect_end(&peer, "closed");
    expect_story("one", "GET /echo\n  body \"\"\n");
    peer_close(&peer);
}

/* Answered from inside, each one: depth must not grow with their number.
 * @param reads  the caller reads on its way; else answers get stuck while requests are at hand */
static void check_many_pipelined(size_t many, bool reads)
{
    static const char request[] = GET("/early"), answer[] = OK(5, "early");
    struct gw_buf all;
    struct peer peer;
    size_t sent = 0;
    unsigned stuck = 0;

    gw_buf_init(&all, PLAY_BYTES_MAX);
    for (size_t i = 0; i < many; i++)
        assert_int_equal(gw_buf_add(&all, GW_STR(GET("/early"))), GW_OK);
    assert_int_equal(gw_buf_len(&all), many * (sizeof request - 1));
    peer_connect(&peer, scene.port);
    while (sent < gw_buf_len(&all)) {
        size_t now = peer_try_send(&peer, gw_str_from(gw_buf_str(&all), sent));
        sent += now;
        play_turn(0);
        stuck = now ? 0 : stuck + 1;
        if (reads || stuck > 100)
            peer_read_some(&peer, SIZE_MAX);
    }
    play_until(peer_has(&peer, many * (sizeof answer - 1)));
    assert_int_equal(gw_buf_len(&peer.got), many * (sizeof answer - 1));
    for (size_t i = 0; i < many; i++)
        assert_memory_equal(gw_buf_str(&peer.got).base + i * (sizeof answer - 1), answer,
                            sizeof answer - 1);
    gw_buf_finish(&all);
    peer_close(&peer);
}

static void test_many_pipelined(void **state)
{
    (void)state;
    check_many_pipelined(20000, true);
}

static void test_many_pipelined_by_a_caller_that_reads_late(void **state)
{
    (void)state;
    check_many_pipelined(300000, false);
}

#define TWO_REQUESTS                                                                               \
    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello\r\n\r\nyo" CHUNKED(         \
        "/echo") "3;x=\"y\"\r\nabc\r\n00c\r\nsecond chunk\r\n0\r\ntrailer: t\r\n\r\n"
#define TWO_ANSWERS OK(11, "hello\r\n\r\nyo") OK(15, "abcsecond chunk")
#define TWO_CALLS "POST /echo\n  body \"hello\r\n\r\nyo\"\nPOST /echo\n  body \"abcsecond chunk\"\n"

static void test_any_cut(void **state)
{
    const struct gw_str all = GW_STR(TWO_REQUESTS);
    char label[32];

    (void)state;
    for (size_t cut = 0; cut <= all.len; cut++) {
        struct peer peer;
        (void)snprintf(label, sizeof label, "cut at %zu", cut);
        peer_connect(&peer, scene.port);
        peer_send_bytes(&peer, (struct gw_str){all.base, cut});
        play_settle();
        peer_send_bytes(&peer, gw_str_from(all, cut));
        peer_expect(&peer, label, TWO_ANSWERS);
        expect_story(label, TWO_CALLS);
        peer_close(&peer);
    }
}

static void test_byte_by_byte(void **state)
{
    const struct gw_str all = GW_STR(TWO_REQUESTS);
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    for (size_t i = 0; i < all.len; i++) {
        peer_send_bytes(&peer, (struct gw_str){all.base + i, 1});
        play_settle();
    }
    peer_expect(&peer, "byte by byte", TWO_ANSWERS);
    expect_story("byte by byte", TWO_CALLS);
    peer_close(&peer);
}

/* ---- bodies ---- */

static void test_expect_continue(void **state)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    static const struct {
        const char *label, *head, *first; /* what comes before the body */
        const char *body, *rest;          /* and behind it */
    } cases[] = {
        {"by length",
         "POST /echo HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\n"
         "content-length: 3\r\n\r\n",
         go_on, "abc", OK(3, "abc")},
        {"chunked",
         "POST /echo HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\n"
         "transfer-encoding: chunked\r\n\r\n",
         go_on, "3\r\nabc\r\n0\r\n\r\n", OK(3, "abc")},
        {"the body does not wait",
         "POST /echo HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\n"
         "content-length: 3\r\n\r\nabc",
         OK(3, "abc"), "", ""},
        {"a part of the body does not wait",
         "POST /echo HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\na", "",
         "bc", OK(3, "abc")},
        {"no body",
         "POST /echo HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\n"
         "content-length: 0\r\n\r\n",
         OK(0, ""), "", ""},
        {"answered at once",
         "POST /early HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\n"
         "content-length: 3\r\n\r\n",
         OK_CLOSE(5, "early"), "", ""},
        {"too large",
         "POST /echo HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\n"
         "content-length: 99999999\r\n\r\n",
         NO(413), "", ""},
        {"1.0 does not know it",
         "POST /echo HTTP/1.0\r\nexpect: 100-continue\r\n"
         "content-length: 3\r\n\r\n",
         "", "abc", OK_CLOSE(3, "abc")},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct peer peer;
        peer_connect(&peer, scene.port);
        peer_send(&peer, cases[i].head);
        peer_expect(&peer, cases[i].label, cases[i].first);
        if (cases[i].body[0]) {
            peer_send(&peer, cases[i].body);
            peer_expect(&peer, cases[i].label, cases[i].rest);
        }
        peer_close(&peer);
    }
}

/* Who is not ready to read does not ask for the body. */
static void test_continue_waits_for_resume(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, "POST /pause HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\n"
                     "content-length: 3\r\n\r\n");
    peer_expect_open(&peer, "paused");
    gw_down_resume(call_now()->down);
    peer_expect(&peer, "resumed", "HTTP/1.1 100 Continue\r\n\r\n");
    peer_send(&peer, "abc");
    peer_expect(&peer, "answered", OK(3, "abc"));
    peer_close(&peer);
}

static char *make_bytes(size_t len)
{
    char *bytes = malloc(len);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 7 % 253);
    return bytes;
}

/* While the handler does not read, the caller cannot send: memory is the kernel's, and bounded. */
static void test_a_paused_body_stops_the_caller(void **state)
{
    enum { BYTES = 24 << 20 };
    static const char head[] =
        "POST /pause HTTP/1.1\r\nhost: h\r\ncontent-length: 25165824\r\n\r\n";
    char *bytes = make_bytes(BYTES);
    struct peer peer;
    size_t sent = 0, before;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, head);
    do {
        before = sent;
        sent += peer_try_send(&peer, (struct gw_str){bytes + sent, BYTES - sent});
        play_settle();
    } while (sent > before);
    assert_true(sent < BYTES);
    struct call *call = call_now();
    assert_int_equal(gw_buf_len(&call->body), 0);
    gw_down_resume(call->down);
    /* Paused again from time to time: nothing is lost, nothing comes while it is. */
    while (sent < BYTES) {
        sent += peer_try_send(&peer, (struct gw_str){bytes + sent, BYTES - sent});
        gw_down_pause(call->down);
        size_t had = gw_buf_len(&call->body);
        play_turn(0);
        assert_int_equal(gw_buf_len(&call->body), had);
        gw_down_resume(call->down);
    }
    play_until(peer_has(&peer, 45 + BYTES));
    assert_int_equal(gw_buf_len(&call->body), BYTES);
    assert_memory_equal(gw_buf_str(&call->body).base, bytes, BYTES);
    assert_memory_equal(gw_buf_str(&peer.got).base + gw_buf_len(&peer.got) - BYTES, bytes, BYTES);
    peer_close(&peer);
    free(bytes);
}

static void test_paused_with_all_of_it_read(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    /* The body and the next request come in the same read as the head. */
    peer_send(&peer, POST("/pause", 3, "abc") GET("/echo"));
    peer_expect_open(&peer, "paused");
    expect_story("paused", "POST /pause\n");
    gw_down_resume(call_now()->down);
    peer_expect(&peer, "resumed", OK(3, "abc") OK(0, ""));
    expect_story("resumed", "  body \"abc\"\nGET /echo\n  body \"\"\n");
    peer_close(&peer);
}

/* ---- answers ---- */

static void test_a_slow_reader_gets_it_all(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, GET("/big") GET("/echo"));
    play_settle();
    struct call *big = call_now();
    assert_true(big->big_sent < BIG_BYTES); /* it was told to wait */
    play_settle();
    size_t before = big->big_sent;
    play_settle();
    assert_int_equal(big->big_sent, before);
    for (int i = 0; i < 20000 && big->down; i++) {
        peer_read_some(&peer, 3001);
        play_turn(0);
    }
    play_until(peer_has(&peer, 43 + BIG_BYTES + sizeof OK(0, "") - 1));
    struct gw_str got = gw_buf_str(&peer.got);
    size_t head = gw_str_find_str(got, GW_STR("\r\n\r\n")) + 4;
    for (size_t i = 0; i < BIG_BYTES; i++)
        if (got.base[head + i] != big_byte(i))
            fail_msg("byte %zu", i);
    assert_true(gw_str_eq(gw_str_from(got, head + BIG_BYTES), GW_STR(OK(0, ""))));
    peer_close(&peer);
}

static void test_on_writable_comes_once(void **state)
{
    struct gw_str bytes = {make_bytes(BIG_BYTES), BIG_BYTES};
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, GET("/later"));
    play_settle();
    expect_story("begun", "GET /later\n  body \"\"\n");
    struct call *call = call_now();
    assert_int_equal(call_send(call, GW_STR("HTTP/1.1 200 OK\r\ncontent-length: 8388608\r\n\r\n")),
                     GW_OK);
    assert_int_equal(call_send(call, bytes), GW_AGAIN);
    play_settle();
    expect_story("waiting", "");
    play_until(peer_has(&peer, BIG_BYTES + 44));
    play_settle();
    expect_story("has left", "  writable\n");
    call_end(call, gw_down_may_keep(call->down));
    gw_buf_take(&peer.got, gw_buf_len(&peer.got));
    peer_expect_open(&peer, "kept");
    peer_close(&peer);
    free((char *)(uintptr_t)bytes.base);
}

/* The answer is there before the request is whole. The caller goes on sending what it began, and
 * must not lose the answer to a reset. */
static void test_an_early_answer_survives(void **state)
{
    enum { BYTES = 16 << 20 };
    char *bytes = make_bytes(BYTES);
    struct peer peer;
    size_t sent = 0;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, "POST /early HTTP/1.1\r\nhost: h\r\ncontent-length: 16777216\r\n\r\n");
    play_settle();
    while (sent < BYTES) { /* reads nothing before it has sent everything */
        sent += peer_try_send(&peer, (struct gw_str){bytes + sent, BYTES - sent});
        play_turn(0);
    }
    peer_expect(&peer, "early", OK_CLOSE(5, "early"));
    peer_expect_end(&peer, "early");
    assert_int_equal(gw_server_connections(scene.server), 1); /* until our end comes */
    peer_close(&peer);
    play_until(gw_server_connections(scene.server) == 0);
    free(bytes);
}

static void test_breaking_off(void **state)
{
    static const char part[] = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart";
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, GET("/abort"));
    peer_expect(&peer, "abort", part);
    peer_expect_end(&peer, "abort");
    peer_close(&peer);
    peer_connect(&peer, scene.port);
    peer_send(&peer, GET("/reset"));
    play_until(peer_is_at_end(&peer));
    assert_true(peer.reset);
    peer_close(&peer);
    play_settle();
    assert_int_equal(gw_server_connections(scene.server), 0);
    expect_story("no more of them", "GET /abort\nGET /reset\n");
}

/* ---- callers that leave ---- */

static void test_callers_that_leave(void **state)
{
    static const struct {
        const char *label, *sent;
        bool reset; /* else a FIN */
        const char *story;
    } cases[] = {
        {"within its answer", GET("/later"), false, "GET /later\n  body \"\"\n  gone\n"},
        {"within its answer, by reset", GET("/later"), true, "GET /later\n  body \"\"\n  gone\n"},
        {"within its body", POST("/later", 5, "abc"), false, "POST /later\n  gone\n"},
        {"within its body, by reset", POST("/later", 5, "abc"), true, "POST /later\n  gone\n"},
        {"within a paused body", POST("/pause", 5, "abc"), false, "POST /pause\n  gone\n"},
        {"within its head", "POST /later HTT", false, ""},
        {"within its head, by reset", "POST /later HTT", true, ""},
        {"before anything", "", false, ""},
        {"before anything, by reset", "", true, ""},
        {"between requests", GET("/echo"), false, "GET /echo\n  body \"\"\n"},
        {"with more requests waiting", GET("/later") GET("/later"), false,
         "GET /later\n  body \"\"\n  gone\n"},
        {"while it does not read", GET("/big"), true, "GET /big\n  body \"\"\n  gone\n"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct peer peer;
        peer_connect(&peer, scene.port);
        peer_send(&peer, cases[i].sent);
        play_settle();
        if (cases[i].reset)
            peer_break(&peer);
        else
            peer_fin(&peer);
        play_until(gw_server_connections(scene.server) == 0);
        expect_story(cases[i].label, cases[i].story);
        peer_close(&peer);
    }
}

/* A FIN in the same packet as the request: what can be answered at once still is. */
static void test_a_fin_with_the_request(void **state)
{
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, POST("/echo", 3, "abc"));
    peer_fin(&peer);
    peer_expect(&peer, "at once", OK(3, "abc"));
    peer_expect_end(&peer, "at once");
    peer_close(&peer);
    expect_story("at once", "POST /echo\n  body \"abc\"\n");
    peer_connect(&peer, scene.port);
    peer_send(&peer, GET("/later"));
    peer_fin(&peer);
    play_until(gw_server_connections(scene.server) == 1);
    play_until(gw_server_connections(scene.server) == 0);
    expect_story("later", "GET /later\n  body \"\"\n  gone\n");
    peer_close(&peer);
}

static void test_what_a_handler_may_ask(void **state)
{
    struct gw_addr addr;
    struct peer peer;

    (void)state;
    peer_connect(&peer, scene.port);
    peer_send(&peer, "GET /later HTTP/1.0\r\n\r\n");
    play_settle();
    struct gw_down *down = call_now()->down;
    assert_true(gw_down_is_http10(down));
    assert_false(gw_down_may_keep(down));
    assert_false(gw_down_is_draining(down));
    assert_true(gw_down_peer(down, &addr));
    assert_int_equal(ntohs(addr.u.v4.sin_port), gw_sock_local_port(peer.fd));
    peer_close(&peer);
    play_settle();
    peer_connect(&peer, scene.port);
    peer_send(&peer, POST("/later", 1, ""));
    play_settle();
    down = call_now()->down;
    assert_false(gw_down_is_http10(down));
    assert_false(gw_down_may_keep(down)); /* the body is not read */
    peer_send(&peer, "x");
    play_settle();
    assert_true(gw_down_may_keep(down));
    peer_close(&peer);
    play_settle();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_setup, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_keep_alive),
        TEST(test_pipelined_answers_in_order),
        TEST(test_what_is_behind_the_last_request_is_dropped),
        TEST(test_many_pipelined),
        TEST(test_many_pipelined_by_a_caller_that_reads_late),
        TEST(test_any_cut),
        TEST(test_byte_by_byte),
        TEST(test_expect_continue),
        TEST(test_continue_waits_for_resume),
        TEST(test_a_paused_body_stops_the_caller),
        TEST(test_paused_with_all_of_it_read),
        TEST(test_a_slow_reader_gets_it_all),
        TEST(test_on_writable_comes_once),
        TEST(test_an_early_answer_survives),
        TEST(test_breaking_off),
        TEST(test_callers_that_leave),
        TEST(test_a_fin_with_the_request),
        TEST(test_what_a_handler_may_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
