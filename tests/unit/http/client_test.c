/* A request's way on an upstream connection: every kind of answer, cut anywhere, and every kind of
 * end. Where connections come from is in pool_test.c. */
#include "unit/test.h"

#include "unit/http/client_play.h"

#define LENGTH(bytes) "HTTP/1.1 200 OK\r\ncontent-length: " #bytes "\r\n\r\n"
#define CHUNKED "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define EIGHT_1XX CONTINUE CONTINUE CONTINUE CONTINUE CONTINUE CONTINUE CONTINUE CONTINUE

static const struct answer {
    const char *label, *bytes;
    enum { STAYS, CLOSES, RESETS } then;
    bool raw, no_body;
    const char *story, *body;
    const char *seen; /* in raw mode, by on_data */
    bool kept;        /* the connection serves the next request */
} answers[] = {
    {"length", LENGTH(5) "hello", STAYS, 0, 0, "- 200\n- last\n- end\n", "hello", "", true},
    {"length 0", LENGTH(0), STAYS, 0, 0, "- 200\n- last\n- end\n", "", "", true},
    {"204", "HTTP/1.1 204 No\r\n\r\n", STAYS, 0, 0, "- 204\n- last\n- end\n", "", "", true},
    {"304 with a length", "HTTP/1.1 304 No\r\ncontent-length: 9\r\n\r\n", STAYS, 0, 0,
     "- 304\n- last\n- end\n", "", "", true},
    {"to HEAD", LENGTH(5), STAYS, 0, true, "- 200\n- last\n- end\n", "", "", true},
    {"to HEAD, chunked", CHUNKED, STAYS, 0, true, "- 200\n- last\n- end\n", "", "", true},
    {"chunked", CHUNKED "5;x=y\r\nhello\r\n003\r\nabc\r\n0\r\nt: r\r\n\r\n", STAYS, 0, 0,
     "- 200\n- last\n- end\n", "helloabc", "", true},
    {"chunked, raw", CHUNKED "5;x=y\r\nhello\r\n003\r\nabc\r\n0\r\nt: r\r\n\r\n", STAYS, true, 0,
     "- 200\n- last\n- end\n", "5\r\nhello\r\n3\r\nabc\r\n", "helloabc", true},
    {"chunked, nothing in it", CHUNKED "0\r\n\r\n", STAYS, true, 0, "- 200\n- last\n- end\n", "",
     "", true},
    {"until the connection closes", "HTTP/1.1 200 OK\r\n\r\nhello", CLOSES, 0, 0,
     "- 200\n- last\n- end\n", "hello", "", false},
    {"until the connection closes, empty", "HTTP/1.1 200 OK\r\n\r\n", CLOSES, 0, 0,
     "- 200\n- last\n- end\n", "", "", false},
    {"1.0", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi", STAYS, 0, 0, "- 200\n- last\n- end\n",
     "hi", "", false},
    {"1.0, kept", "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nhi", STAYS,
     0, 0, "- 200\n- last\n- end\n", "hi", "", true},
    {"not to be kept", "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi", STAYS,
     0, 0, "- 200\n- last\n- end\n", "hi", "", false},
    {"whole, then closed", LENGTH(5) "hello", CLOSES, 0, 0, "- 200\n- last\n- end\n", "hello", "",
     false},
    {"bytes behind it", LENGTH(2) "hi" LENGTH(0), STAYS, 0, 0, "- 200\n- last\n- end\n", "hi", "",
     false},
    {"1xx before", CONTINUE "HTTP/1.1 103 Early\r\nlink: x\r\n\r\n" LENGTH(2) "hi", STAYS, 0, 0,
     "- 200\n- last\n- end\n", "hi", "", true},
    {"sixteen 1xx", EIGHT_1XX EIGHT_1XX LENGTH(0), STAYS, 0, 0, "- 200\n- last\n- end\n", "", "",
     true},
    {"seventeen 1xx", EIGHT_1XX EIGHT_1XX CONTINUE LENGTH(0), STAYS, 0, 0, "- fail: broken\n", "",
     "", false},
    {"101", "HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n", STAYS, 0, 0, "- fail: broken\n", "", "",
     false},
    {"no HTTP", "SSH-2.0-x\r\n", STAYS, 0, 0, "- fail: broken\n", "", "", false},
    {"length twice", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", STAYS, 0,
     0, "- fail: broken\n", "", "", false},
    {"no chunk", CHUNKED "x", STAYS, 0, 0, "- 200\n- fail: broken, chunked\n", "", "", false},
    {"closed at once", "", CLOSES, 0, 0, "- fail: reset\n", "", "", false},
    {"closed within the head", "HTTP/1.1 200", CLOSES, 0, 0, "- fail: broken\n", "", "", false},
    {"closed behind a 1xx", CONTINUE, CLOSES, 0, 0, "- fail: broken\n", "", "", false},
    {"closed within the body", LENGTH(9) "hello", CLOSES, 0, 0, "- 200\n- fail: truncated\n",
     "hello", "", false},
    {"closed before the body", LENGTH(9), CLOSES, 0, 0, "- 200\n- fail: truncated\n", "", "",
     false},
    {"closed within a chunk", CHUNKED "5\r\nhel", CLOSES, 0, 0,
     "- 200\n- fail: truncated, chunked\n", "hel", "", false},
    {"closed before the last chunk", CHUNKED "3\r\nhel\r\n", CLOSES, true, 0,
     "- 200\n- fail: truncated, chunked\n", "3\r\nhel\r\n", "hel", false},
    {"closed within the trailers", CHUNKED "0\r\nt: ", CLOSES, 0, 0,
     "- 200\n- fail: truncated, chunked\n", "", "", false},
};

static void end_of(struct peer *peer, const struct answer *answer)
{
    if (answer->then == CLOSES)
        peer_fin(peer);
    else if (answer->then == RESETS)
        peer_break(peer);
}

/* @param piece  where the bytes are cut: at multiples of `step`, beginning with `first` */
static void play_answer(const struct answer *answer, size_t first, size_t step)
{
    const struct gw_str all = gw_str_of(answer->bytes);
    struct ask ask = {.raw = answer->raw, .no_body = answer->no_body}, next = {0};
    struct peer peer;
    char label[128];

    (void)snprintf(label, sizeof label, "%s, cut at %zu and every %zu", answer->label, first, step);
    ask_begin(&ask);
    peer_accept(&peer, upstream.listener);
    peer_expect(&peer, label, REQUEST);
    expect_story(label, "- ready\n");
    for (size_t at = 0; at < all.len;) {
        size_t len = at == 0 && first ? first : step;
        if (len > all.len - at)
            len = all.len - at;
        (void)peer_try_send(&peer,
                            (struct gw_str){all.base + at, len}); /* it may have had enough */
        at += len;
        play_settle();
    }
    end_of(&peer, answer);
    play_until(!ask.up);
    expect_story(label, answer->story);
    if (!gw_str_eq(gw_buf_str(&ask.body), gw_str_of(answer->body)) ||
        !gw_str_eq(gw_buf_str(&ask.seen), gw_str_of(answer->seen)))
        fail_msg("%s: body \"%.*s\", seen \"%.*s\"", label, GW_STR_ARG(gw_buf_str(&ask.body)),
                 GW_STR_ARG(gw_buf_str(&ask.seen)));
    play_settle();
    ask_begin(&next);
    if (next.was_ready != answer->kept)
        fail_msg("%s: the connection was %skept", label, next.was_ready ? "" : "not ");
    ask_finish(&next);
    ask_finish(&ask);
    peer_close(&peer);
    /* The connection of the second request, if it was another one. */
    play_settle();
    int fd = accept4(upstream.listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd != -1)
        close(fd);
    forget_story();
}

static void test_answers_at_any_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(answers); i++) {
        size_t len = strlen(answers[i].bytes);
        play_answer(&answers[i], 0, len + 1);
        play_answer(&answers[i], 0, 1);
        for (size_t cut = 1; cut < len && len < 300; cut++)
            play_answer(&answers[i], cut, len);
    }
}

static void test_an_answer_that_is_reset(void **state)
{
    static const struct answer resets[] = {
        {"at once", "", RESETS, 0, 0, "- fail: reset\n", "", "", false},
        {"within the head", "HTTP/1.1 2", RESETS, 0, 0, "- fail: broken\n", "", "", false},
        {"within a body that ends with the connection", "HTTP/1.1 200 OK\r\n\r\nhello", RESETS, 0,
         0, "- 200\n- fail: truncated\n", "hello", "", false},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(resets); i++)
        play_answer(&resets[i], 0, strlen(resets[i].bytes) + 1);
}

static void test_a_large_head(void **state)
{
    char bytes[2000];

    (void)state;
    int len = snprintf(bytes, sizeof bytes, "HTTP/1.1 200 OK\r\nx: %01100d\r\n\r\n", 0);
    const struct answer answer = {"too large",        bytes, STAYS, 0,    0,
                                  "- fail: broken\n", "",    "",    false};
    play_answer(&answer, 0, (size_t)len);
    play_answer(&answer, 0, 100);
}

/* ---- bodies of any size ---- */

static void test_pausing(void **state)
{
    enum { BYTES = 16 << 20 };
    char *bytes = malloc(BYTES);
    struct ask ask = {.trick = PAUSE_IN_HEAD};
    struct peer peer;
    size_t sent = 0, before;

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (char)(i * 11 % 249);
    ask_begin(&ask);
    peer_accept(&peer, upstream.listener);
    peer_send(&peer, LENGTH(16777216));
    play_until(ask.code);
    do {
        before = sent;
        sent += peer_try_send(&peer, (struct gw_str){bytes + sent, BYTES - sent});
        play_settle();
    } while (sent > before);
    assert_true(sent < BYTES); /* nobody reads: the upstream has to wait */
    size_t had = gw_buf_len(&ask.body);
    assert_true(had < 1 << 20);
    while (sent < BYTES) {
        gw_up_resume(ask.up);
        gw_up_pause(ask.up);
        had = gw_buf_len(&ask.body);
        play_turn(0);
        assert_int_equal(gw_buf_len(&ask.body), had);
        sent += peer_try_send(&peer, (struct gw_str){bytes + sent, BYTES - sent});
    }
    gw_up_resume(ask.up);
    play_until(!ask.up);
    assert_int_equal(gw_buf_len(&ask.body), BYTES);
    assert_memory_equal(gw_buf_str(&ask.body).base, bytes, BYTES);
    expect_story("whole", "- ready\n- 200\n- last\n- end\n");
    ask_finish(&ask);
    peer_close(&peer);
    free(bytes);
}

/* The end comes while the handler does not read, and is found when it does. */
static void test_an_end_while_paused(void **state)
{
    static const struct {
        const char *label, *bytes, *story;
    } cases[] = {
        {"whole", LENGTH(5) "hello", "- last\n- end\n"},
        {"truncated", LENGTH(9) "hello", "- fail: truncated\n"},
        {"until the connection closes", "HTTP/1.1 200 OK\r\n\r\nhello", "- last\n- end\n"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct ask ask = {.trick = PAUSE_IN_HEAD};
        struct peer peer;
        size_t head = gw_str_find_str(gw_str_of(cases[i].bytes), GW_STR("\r\n\r\n")) + 4;
        ask_begin(&ask);
        peer_accept(&peer, upstream.listener);
        peer_send_bytes(&peer, (struct gw_str){cases[i].bytes, head});
        play_until(ask.code);
        peer_send(&peer, cases[i].bytes + head);
        peer_fin(&peer);
        play_settle();
        expect_story(cases[i].label, "- ready\n- 200\n");
        gw_up_resume(ask.up); /* everything may happen in here */
        assert_null(ask.up);
        expect_story(cases[i].label, cases[i].story);
        assert_true(gw_str_eq(gw_buf_str(&ask.body), GW_STR("hello")));
        ask_finish(&ask);
        peer_close(&peer);
    }
}

static void test_a_request_that_is_not_taken(void **state)
{
    enum { BYTES = 16 << 20 };
    char *bytes = malloc(BYTES);
    struct ask ask = {.request = ""};
    struct peer peer;

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'r', BYTES);
    ask_begin(&ask);
    peer_accept(&peer, upstream.listener);
    play_settle();
    expect_story("ready", "- ready\n");
    static const char head[] = "POST / HTTP/1.1\r\ncontent-length: 16777216\r\n\r\n";
    assert_int_equal(ask_send(&ask, head, false), GW_OK);
    struct iovec iov[2] = {{bytes, BYTES / 2}, {bytes + BYTES / 2, BYTES / 2}};
    assert_int_equal(gw_up_send(ask.up, iov, 2, true), GW_AGAIN);
    play_settle();
    expect_story("waits", "");
    play_until(peer_has(&peer, sizeof head - 1 + BYTES));
    play_settle();
    expect_story("all has left", "- writable\n");
    assert_memory_equal(gw_buf_str(&peer.got).base + gw_buf_len(&peer.got) - BYTES, bytes, BYTES);
    peer_send(&peer, LENGTH(0));
    play_until(!ask.up);
    expect_story("answered", "- 200\n- last\n- end\n");
    ask_finish(&ask);
    peer_close(&peer);
    free(bytes);
}

/* An answer may come before the request is whole: it counts, but the connection does not go on. */
static void test_an_early_answer(void **state)
{
    static const struct {
        const char *label;
        bool large, closes; /* the request is stuck on its way; the upstream closes behind it */
    } cases[] = {
        {"request not whole", false, false},
        {"request not whole, closed", false, true},
        {"request stuck", true, false},
        {"request stuck, closed", true, true},
    };
    enum { BYTES = 16 << 20 };
    char *bytes = calloc(1, BYTES);

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct ask ask = {.request = ""}, next = {.name = "next", .request = ""};
        struct peer peer;
        ask_begin(&ask);
        peer_accept(&peer, upstream.listener);
        play_settle();
        struct iovec iov = {bytes, cases[i].large ? BYTES : 100};
        (void)ask_send(&ask, "POST / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n", false);
        assert_int_equal(gw_up_send(ask.up, &iov, 1, false), cases[i].large ? GW_AGAIN : GW_OK);
        play_settle();
        peer_send(&peer, "HTTP/1.1 413 No\r\ncontent-length: 2\r\n\r\nno");
        if (cases[i].closes)
            peer_fin(&peer);
        play_until(!ask.up);
        expect_story(cases[i].label, "- ready\n- 413\n- last\n- end\n");
        ask_begin(&next);
        assert_false(next.was_ready);
        ask_finish(&next);
        ask_finish(&ask);
        peer_close(&peer);
        play_settle();
        int fd = accept4(upstream.listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd != -1)
            close(fd);
        forget_story();
    }
    free(bytes);
}

/* The upstream has answered and closed, and the rest of the request cannot be written any more: the
 * answer counts. */
static void test_an_answer_before_a_broken_write(void **state)
{
    struct ask ask = {.request = ""};
    struct peer peer;

    (void)state;
    ask_begin(&ask);
    peer_accept(&peer, upstream.listener);
    play_settle();
    static const char head[] = "POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\n";
    (void)ask_send(&ask, head, false);
    play_until(peer_has(&peer, sizeof head - 1));
    peer_send(&peer, "HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\nno");
    close(peer.fd);
    peer.fd = -1;
    (void)ask_send(&ask, "some", false); /* answered by an RST */
    (void)ask_send(&ask, " more", true); /* this one fails */
    play_until(!ask.up);
    expect_story("answered", "- ready\n- 401\n- last\n- end\n");
    ask_finish(&ask);
    peer_close(&peer);
}

/* ---- deadlines ---- */

static void test_deadlines(void **state)
{
    static const struct {
        const char *label, *bytes, *story;
    } cases[] = {
        {"no answer", "", "- fail: timeout\n"},
        {"a part of a head", "HTTP/1.1 2", "- fail: timeout\n"},
        {"a part of a body", LENGTH(9) "hello", "- 200\n- fail: timeout\n"},
        {"a part of a chunk", CHUNKED "9\r\nhello", "- 200\n- fail: timeout, chunked\n"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct ask ask = {0};
        struct peer peer;
        ask_begin(&ask);
        peer_accept(&peer, upstream.listener);
        play_settle();
        gw_up_deadline(ask.up, 1000);
        play_wait(900);
        gw_up_deadline(ask.up, 10000); /* another one instead */
        peer_send(&peer, cases[i].bytes);
        play_wait(9000);
        assert_non_null(ask.up);
        forget_story();
        play_wait(1008);
        assert_null(ask.up);
        const char *fail = strstr(cases[i].story, "- fail");
        expect_story(cases[i].label, fail);
        assert_int_equal(ask.code, fail == cases[i].story ? 0 : 200);
        peer_read_some(&peer, SIZE_MAX);
        gw_buf_take(&peer.got, gw_buf_len(&peer.got));
        peer_expect_reset(&peer, cases[i].label);
        ask_finish(&ask);
        peer_close(&peer);
    }
}

static void test_without_a_deadline(void **state)
{
    struct ask ask = {0};
    struct peer peer;

    (void)state;
    ask_begin(&ask);
    peer_accept(&peer, upstream.listener);
    play_settle();
    gw_up_deadline(ask.up, 1000);
    gw_up_deadline(ask.up, 0);
    play_wait(100 * CONNECT_MS);
    assert_non_null(ask.up);
    peer_send(&peer, LENGTH(0));
    play_until(!ask.up);
    expect_story("late", "- ready\n- 200\n- last\n- end\n");
    ask_finish(&ask);
    peer_close(&peer);
}

/* ---- giving up, from anywhere ---- */

static void test_cancel(void **state)
{
    static const struct cancel_case {
        const char *label;
        const char *bytes; /* of the answer, before; NULL: before the connection stands */
        enum ask_trick trick;
        const char *story;
    } cases[] = {
        {"connecting", NULL, NO_TRICK, ""},
        {"no answer", "", NO_TRICK, "- ready\n"},
        {"within the head", "HTTP/1.1 200", NO_TRICK, "- ready\n"},
        {"within the body", LENGTH(9) "hello", NO_TRICK, "- ready\n- 200\n"},
        {"paused", LENGTH(9) "hello", PAUSE_IN_HEAD, "- ready\n- 200\n"},
        {"in on_head", LENGTH(5) "hello", CANCEL_IN_HEAD, "- ready\n- 200\n"},
        {"in on_head, no body", LENGTH(0), CANCEL_IN_HEAD, "- ready\n- 200\n"},
        {"in on_body", LENGTH(9) "hello", CANCEL_IN_BODY, "- ready\n- 200\n"},
        {"in the last on_body", LENGTH(5) "hello", CANCEL_IN_BODY, "- ready\n- 200\n- last\n"},
        {"in on_body, chunked", CHUNKED "1\r\na\r\n", CANCEL_IN_BODY, "- ready\n- 200\n"},
    };

    (void)state;
    for (size_t i = 0; i < 2 * GW_COUNT(cases); i++) {
        const struct cancel_case *row = &cases[i / 2];
        struct ask ask = {.trick = row->trick}, next = {.name = "next"};
        struct peer peer;
        ask_begin(&ask);
        if (!row->bytes) {
            ask_cancel(&ask);
            peer_accept(&peer, upstream.listener);
        } else {
            peer_accept(&peer, upstream.listener);
            peer_expect(&peer, row->label, REQUEST);
            size_t first = i % 2 && strlen(row->bytes) > 20 ? 20 : 0; /* its head in two pieces */
            peer_send_bytes(&peer, (struct gw_str){row->bytes, first});
            play_settle();
            peer_send(&peer, row->bytes + first);
            play_settle();
            if (ask.up)
                ask_cancel(&ask);
        }
        expect_story(row->label, row->story);
        play_until(peer_is_at_end(&peer));
        /* Its connection is not used again. */
        ask_begin(&next);
        assert_false(next.was_ready);
        peer_close(&peer);
        peer_accept(&peer, upstream.listener);
        play_until(peer_has(&peer, strlen(REQUEST)));
        peer_send(&peer, LENGTH(0));
        play_until(!next.up);
        expect_story(row->label, "next ready\nnext 200\nnext last\nnext end\n");
        ask_finish(&next);
        ask_finish(&ask);
        peer_close(&peer);
        play_settle();
    }
}

/* ---- what is sure when a connection is lost ---- */

static void test_whether_the_request_was_taken(void **state)
{
    struct ask first = {0}, stale = {0}, taken = {0};
    struct peer peer;

    (void)state;
    ask_begin(&first);
    peer_accept(&peer, upstream.listener);
    peer_expect(&peer, "first", REQUEST);
    peer_send(&peer, LENGTH(0));
    play_until(!first.up);
    forget_story();
    /* The upstream closes, and before that is seen the connection is used again. */
    close(peer.fd);
    peer.fd = -1;
    ask_begin(&stale);
    assert_true(stale.was_ready);
    play_until(!stale.up);
    expect_story("stale", "- fail: reset, reused, none taken\n");
    peer_close(&peer);
    /* On the next connection it reads the second request, and then breaks down. */
    ask_finish(&first);
    first = (struct ask){0};
    ask_begin(&first);
    peer_accept(&peer, upstream.listener);
    peer_expect(&peer, "first", REQUEST);
    peer_send(&peer, LENGTH(0));
    play_until(!first.up);
    ask_begin(&taken);
    assert_true(taken.was_ready);
    peer_expect(&peer, "second", REQUEST);
    forget_story();
    peer_break(&peer);
    play_until(!taken.up);
    expect_story("taken", "- fail: reset, reused\n");
    peer_close(&peer);
    ask_finish(&first);
    ask_finish(&stale);
    ask_finish(&taken);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_answers_at_any_cut),
        TEST(test_an_answer_that_is_reset),
        TEST(test_a_large_head),
        TEST(test_pausing),
        TEST(test_an_end_while_paused),
        TEST(test_a_request_that_is_not_taken),
        TEST(test_an_early_answer),
        TEST(test_an_answer_before_a_broken_write),
        TEST(test_deadlines),
        TEST(test_without_a_deadline),
        TEST(test_cancel),
        TEST(test_whether_the_request_was_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
