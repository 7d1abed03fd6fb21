/* Where upstream connections come from: idle ones, new ones, the line of those who wait, and what
 * the pool does with connections that nobody uses. */
#include "unit/test.h"

#include "unit/http/client_play.h"

#define ANSWER "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"

static void limit_to(unsigned connections_max)
{
    struct gw_origin_config config = origin_config();
    config.connections_max = connections_max;
    origin_open(&config);
}

static void answer(struct peer *peer, struct ask *ask)
{
    peer_expect(peer, ask_name(ask), REQUEST);
    peer_send(peer, ANSWER);
    play_until(!ask->up);
}

/* A request and its answer, on a new connection that is idle afterwards. */
static void make_idle(struct peer *peer)
{
    struct ask ask = {.fresh = true};

    ask_begin(&ask);
    peer_accept(peer, upstream.listener);
    answer(peer, &ask);
    ask_finish(&ask);
    forget_story();
}

static void test_connections_are_used_again(void **state)
{
    struct peer peer;

    (void)state;
    make_idle(&peer);
    for (int i = 0; i < 5; i++) {
        struct ask ask = {0};
        ask_begin(&ask);
        assert_true(ask.was_ready);
        answer(&peer, &ask);
        expect_story("again", "- 200\n- last\n- end\n"); /* on_ready is not called */
        ask_finish(&ask);
    }
    expect_no_caller("again");
    peer_close(&peer);
}

static void test_the_newest_idle_one_first(void **state)
{
    struct peer peers[3];
    struct ask ask = {0};

    (void)state;
    for (size_t i = 0; i < GW_COUNT(peers); i++)
        make_idle(&peers[i]);
    ask_begin(&ask);
    assert_true(ask.was_ready);
    answer(&peers[2], &ask);
    ask_finish(&ask);
    for (size_t i = 0; i < GW_COUNT(peers); i++)
        peer_close(&peers[i]);
}

static void test_a_fresh_one(void **state)
{
    struct peer old, peer;
    struct ask ask = {.fresh = true};

    (void)state;
    limit_to(1);
    make_idle(&old);
    ask_begin(&ask);
    assert_false(ask.was_ready);
    peer_expect_end(&old, "made room"); /* the limit holds all the same */
    peer_accept(&peer, upstream.listener);
    answer(&peer, &ask);
    ask_finish(&ask);
    peer_close(&old);
    peer_close(&peer);
}

/* ---- the line ---- */

static void test_first_come_first_served(void **state)
{
    struct ask asks[5] = {
        {.name = "a"}, {.name = "b"}, {.name = "c"}, {.name = "d"}, {.name = "e"}};
    struct peer peers[2];

    (void)state;
    limit_to(2);
    for (size_t i = 0; i < GW_COUNT(asks); i++)
        ask_begin(&asks[i]);
    peer_accept(&peers[0], upstream.listener);
    peer_accept(&peers[1], upstream.listener);
    expect_no_caller("two at most");
    expect_story("two", "a ready\nb ready\n");
    answer(&peers[1], &asks[1]);
    play_settle();
    expect_story("the third", "b 200\nb last\nb end\nc ready\n");
    ask_cancel(&asks[3]); /* leaves the line */
    answer(&peers[0], &asks[0]);
    play_settle();
    expect_story("the fifth", "a 200\na last\na end\ne ready\n");
    /* A connection that is lost makes room for a new one. */
    struct ask late = {.name = "late"};
    ask_begin(&late);
    peer_break(&peers[1]);
    play_until(!asks[2].up);
    struct peer third;
    peer_accept(&third, upstream.listener);
    play_settle();
    expect_story("lost", "c fail: reset, reused\nlate ready\n");
    answer(&third, &late);
    answer(&peers[0], &asks[4]);
    for (size_t i = 0; i < GW_COUNT(asks); i++)
        ask_finish(&asks[i]);
    ask_finish(&late);
    peer_close(&peers[0]);
    peer_close(&peers[1]);
    peer_close(&third);
}

static void test_cancelled_at_the_end_of_the_line(void **state)
{
    struct ask first = {.name = "first"}, last = {.name = "last"}, after = {.name = "after"};
    struct peer peer;

    (void)state;
    limit_to(1);
    ask_begin(&first);
    peer_accept(&peer, upstream.listener);
    ask_begin(&last);
    ask_cancel(&last);
    ask_begin(&after);
    answer(&peer, &first);
    answer(&peer, &after);
    expect_story("served", "first ready\nfirst 200\nfirst last\nfirst end\n"
                           "after ready\nafter 200\nafter last\nafter end\n");
    ask_finish(&first);
    ask_finish(&last);
    ask_finish(&after);
    peer_close(&peer);
}

static void test_the_line_does_not_wait_without_end(void **state)
{
    struct ask first = {.name = "first"}, second = {.name = "second"};
    struct peer peer;

    (void)state;
    limit_to(1);
    ask_begin(&first);
    peer_accept(&peer, upstream.listener);
    ask_begin(&second);
    play_wait(CONNECT_MS - 1000);
    assert_non_null(second.up);
    play_wait(1008);
    assert_null(second.up);
    expect_story("waited", "first ready\nsecond fail: overloaded\n");
    assert_string_equal(second.message, "all 1 connections to the provider are in use");
    answer(&peer, &first);
    ask_finish(&first);
    ask_finish(&second);
    peer_close(&peer);
}

/* ---- from inside callbacks ---- */

static void test_asking_again_from_inside(void **state)
{
    struct ask second = {.name = "second"};
    struct ask first = {.name = "first", .trick = ASK_AGAIN, .next = &second};
    struct peer peer;

    (void)state;
    ask_begin(&first);
    peer_accept(&peer, upstream.listener);
    peer_expect(&peer, "first", REQUEST);
    peer_send(&peer, ANSWER);
    play_until(second.up);
    assert_true(second.was_ready); /* the connection is free before the end is told */
    answer(&peer, &second);
    expect_story("end", "first ready\nfirst 200\nfirst last\nfirst end\n"
                        "second 200\nsecond last\nsecond end\n");
    ask_finish(&first);
    ask_finish(&second);
    peer_close(&peer);
    play_settle();

    first = (struct ask){.name = "first", .trick = ASK_AGAIN, .next = &second};
    second = (struct ask){.name = "second"};
    ask_begin(&first);
    peer_accept(&peer, upstream.listener);
    peer_expect(&peer, "first", REQUEST);
    peer_break(&peer);
    play_until(second.up);
    assert_false(second.was_ready);
    peer_close(&peer);
    peer_accept(&peer, upstream.listener);
    answer(&peer, &second);
    expect_story("fail", "first ready\nfirst fail: reset\n"
                         "second ready\nsecond 200\nsecond last\nsecond end\n");
    ask_finish(&first);
    ask_finish(&second);
    peer_close(&peer);
}

/* ---- idle connections ---- */

static void test_idle_connections_that_go(void **state)
{
    static const struct {
        const char *label, *unasked;
        bool fin;
        unsigned ms;
        bool goes;
    } cases[] = {
        {"closed by the upstream", "", true, 0, true},
        {"unasked bytes", "x", false, 0, true},
        {"an unasked answer", ANSWER, false, 0, true},
        {"idle, but not for long", "", false, EXPIRY_MS - 1000, false},
        {"idle for too long", "", false, EXPIRY_MS + 8, true},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct peer peer, other;
        struct ask ask = {0};
        make_idle(&peer);
        peer_send(&peer, cases[i].unasked);
        if (cases[i].fin)
            peer_fin(&peer);
        play_wait(cases[i].ms);
        ask_begin(&ask);
        if (ask.was_ready == cases[i].goes)
            fail_msg("%s: %s", cases[i].label, ask.was_ready ? "used again" : "has gone");
        if (cases[i].goes) {
            play_until(peer_is_at_end(&peer));
            peer_accept(&other, upstream.listener);
            answer(&other, &ask);
            peer_close(&other);
        } else {
            answer(&peer, &ask);
        }
        ask_finish(&ask);
        peer_close(&peer);
        play_settle();
        forget_story();
    }
}

/* ---- failures and ends ---- */

static void test_nobody_listens(void **state)
{
    struct gw_origin_config config = origin_config();
    struct ask ask = {0};
    int listener;

    (void)state;
    assert_int_equal(gw_listen(GW_STR("127.0.0.1"), 0, &listener, NULL), GW_OK);
    config.port = gw_sock_local_port(listener);
    close(listener);
    origin_open(&config);
    ask_begin(&ask);
    assert_non_null(ask.up); /* never from inside */
    play_until(!ask.up);
    expect_story("refused", "- fail: connect\n");
    assert_non_null(strstr(ask.message, "could not connect to 127.0.0.1:"));
    ask_finish(&ask);
}

static void test_destroy(void **state)
{
    struct ask active = {.name = "active"}, begun = {.name = "begun"},
               waiting = {.name = "waiting"};
    struct peer idle, peer;

    (void)state;
    limit_to(3);
    make_idle(&idle);
    active.fresh = true;
    ask_begin(&active);
    peer_accept(&peer, upstream.listener);
    play_settle();
    begun.fresh = waiting.fresh = true;
    ask_begin(&begun);   /* its connection does not stand yet */
    ask_begin(&waiting); /* drops the idle one */
    struct ask in_line = {.name = "in line", .fresh = true};
    ask_begin(&in_line);
    expect_story("before", "active ready\n");
    gw_origin_destroy(upstream.origin);
    upstream.origin = NULL;
    assert_null(active.up);
    assert_null(begun.up);
    assert_null(waiting.up);
    assert_null(in_line.up);
    struct gw_str story = gw_buf_str(&play.story);
    assert_true(gw_str_find_str(story, GW_STR("active fail: reset")) < story.len);
    assert_true(gw_str_find_str(story, GW_STR("in line fail: overloaded")) < story.len);
    forget_story();
    play_settle();
    play_until(peer_is_at_end(&peer));
    peer_expect_end(&idle, "idle");
    peer_close(&peer);
    peer_close(&idle);
    ask_finish(&active);
    ask_finish(&begun);
    ask_finish(&waiting);
    ask_finish(&in_line);
    gw_origin_destroy(NULL);
}

/* The line was about to be served when the origin went. */
static void test_destroy_before_the_line_is_served(void **state)
{
    struct ask first = {.name = "first"}, second = {.name = "second"};
    struct peer peer;

    (void)state;
    limit_to(1);
    ask_begin(&first);
    peer_accept(&peer, upstream.listener);
    ask_begin(&second);
    play_settle();
    ask_cancel(&first);
    gw_origin_destroy(upstream.origin);
    upstream.origin = NULL;
    play_settle();
    expect_story("gone", "first ready\nsecond fail: overloaded\n");
    ask_finish(&first);
    ask_finish(&second);
    peer_close(&peer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, upstream_setup, upstream_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_connections_are_used_again),
        TEST(test_the_newest_idle_one_first),
        TEST(test_a_fresh_one),
        TEST(test_first_come_first_served),
        TEST(test_cancelled_at_the_end_of_the_line),
        TEST(test_the_line_does_not_wait_without_end),
        TEST(test_asking_again_from_inside),
        TEST(test_idle_connections_that_go),
        TEST(test_nobody_listens),
        TEST(test_destroy),
        TEST(test_destroy_before_the_line_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
