/* What server and client share: heads that come in pieces, and deadlines. */
#include "unit/test.h"

#include "unit/http/play.h"

static int setup(void **state)
{
    (void)state;
    play_open();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    play_close();
    return 0;
}

/* Feeds a piece as the server and the client do: from the shared buffer. */
static enum gw_status feed(struct gw_http_partial **partial, bool request, size_t bytes_max,
                           struct gw_str piece, const struct gw_http1_head **head_out,
                           struct gw_str *bytes_out, struct gw_err *err)
{
    char *at = gw_http_read_at(&play.http);

    memset(at, '#', 4096);
    if (piece.len)
        memcpy(at, piece.base, piece.len);
    return gw_http_head_feed(&play.http, partial, request, false, bytes_max,
                             (struct gw_str){at, piece.len}, head_out, bytes_out, err);
}

/* The body's first bytes stand behind the head, in the same piece. */
static void test_a_head_in_two_pieces(void **state)
{
    static const struct {
        bool request;
        struct gw_str head, behind;
    } cases[] = {
        {true, GW_STR_INIT("POST /path HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\n"),
         GW_STR_INIT("some body")},
        {false, GW_STR_INIT("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"),
         GW_STR_INIT("some body")},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        char all[256];
        size_t len = cases[i].head.len + cases[i].behind.len;
        memcpy(all, cases[i].head.base, cases[i].head.len);
        memcpy(all + cases[i].head.len, cases[i].behind.base, cases[i].behind.len);
        for (size_t cut = 0; cut <= len; cut++) {
            struct gw_http_partial *partial = NULL;
            const struct gw_http1_head *head;
            struct gw_str bytes;
            struct gw_err err;
            enum gw_status status = feed(&partial, cases[i].request, 1024,
                                         (struct gw_str){all, cut}, &head, &bytes, &err);
            assert_int_equal(status, cut < cases[i].head.len ? GW_AGAIN : GW_OK);
            assert_int_equal(gw_http_partial_len(partial), status == GW_AGAIN ? cut : 0);
            if (status == GW_AGAIN) {
                status = feed(&partial, cases[i].request, 1024,
                              (struct gw_str){all + cut, len - cut}, &head, &bytes, &err);
                assert_int_equal(bytes.len, len);
            }
            assert_int_equal(status, GW_OK);
            assert_int_equal(head->bytes, cases[i].head.len);
            assert_int_equal(head->body_bytes, 9);
            assert_memory_equal(bytes.base, all, bytes.len);
            gw_http_partial_free(partial);
        }
    }
}

static void test_a_head_byte_by_byte(void **state)
{
    static const struct gw_str all = GW_STR_INIT("GET /x HTTP/1.1\r\nhost: h\r\na: b\r\n\r\n");
    struct gw_http_partial *partial = NULL;
    const struct gw_http1_head *head;
    struct gw_str bytes;
    struct gw_err err;

    (void)state;
    for (size_t i = 0; i < all.len; i++)
        assert_int_equal(
            feed(&partial, true, 1024, (struct gw_str){all.base + i, 1}, &head, &bytes, &err),
            i + 1 < all.len ? GW_AGAIN : GW_OK);
    assert_true(gw_str_eq(bytes, all));
    assert_int_equal(head->fields_count, 2);
    gw_http_partial_free(partial);
    gw_http_partial_free(NULL);
    assert_int_equal(gw_http_partial_len(NULL), 0);
}

/* Two connections take turns: each has its own part. */
static void test_parts_do_not_mix(void **state)
{
    struct gw_http_partial *partials[2] = {NULL, NULL};
    const struct gw_http1_head *head;
    struct gw_str bytes;
    struct gw_err err;
    static const struct gw_str pieces[2][2] = {
        {GW_STR_INIT("GET /first HTTP/1.1\r\nho"), GW_STR_INIT("st: one\r\n\r\n")},
        {GW_STR_INIT("POST /second HTTP/1.1\r\nhost: tw"), GW_STR_INIT("o\r\n\r\n")},
    };

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(feed(&partials[i], true, 1024, pieces[i][0], &head, &bytes, &err),
                         GW_AGAIN);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(feed(&partials[i], true, 1024, pieces[i][1], &head, &bytes, &err), GW_OK);
        assert_true(gw_str_eq((struct gw_str){bytes.base + head->host, head->host_len},
                              i ? GW_STR("two") : GW_STR("one")));
    }
    for (int i = 0; i < 2; i++)
        gw_http_partial_free(partials[i]);
}

static void test_what_is_no_head(void **state)
{
    static const struct {
        const char *label;
        struct gw_str first, second;
        enum gw_status status;
    } cases[] = {
        {"at once", GW_STR_INIT("GET\r\n"), {NULL, 0}, GW_INVALID},
        {"in the second piece", GW_STR_INIT("GET / HTTP/1.1\r\nhost: h\r\n"),
         GW_STR_INIT("x y: z\r\n"), GW_INVALID},
        {"another version", GW_STR_INIT("GET / HTTP/"), GW_STR_INIT("2.0\r\n"), GW_UNSUPPORTED},
        {"too large, in two", GW_STR_INIT("GET /1234567890123456789012345678901234567890"),
         GW_STR_INIT("1234567890123456789012345678901234567890"), GW_TOO_LARGE},
        {"too large, in one",
         GW_STR_INIT("GET /12345678901234567890123456789012345678901234567890123456789012345"),
         {NULL, 0},
         GW_TOO_LARGE},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_http_partial *partial = NULL;
        const struct gw_http1_head *head;
        struct gw_str bytes;
        struct gw_err err = {0};
        enum gw_status status = feed(&partial, true, 64, cases[i].first, &head, &bytes, &err);
        if (cases[i].second.len) {
            if (status != GW_AGAIN)
                fail_msg("%s: %s", cases[i].label, gw_status_name(status));
            status = feed(&partial, true, 64, cases[i].second, &head, &bytes, &err);
        }
        if (status != cases[i].status || err.status != status || err.message[0] == '\0')
            fail_msg("%s: %s, \"%s\"", cases[i].label, gw_status_name(status), err.message);
        gw_http_partial_free(partial);
    }
}

static void test_headroom(void **state)
{
    char *at = gw_http_read_at(&play.http), elsewhere[8];

    (void)state;
    assert_true(gw_http_has_headroom(&play.http, at, GW_HTTP_HEADROOM));
    assert_false(gw_http_has_headroom(&play.http, at, GW_HTTP_HEADROOM + 1));
    assert_true(gw_http_has_headroom(&play.http, at + 1, GW_HTTP_HEADROOM + 1));
    assert_true(gw_http_has_headroom(&play.http, at + GW_HTTP_READ_BYTES - 1, 1));
    assert_false(gw_http_has_headroom(&play.http, elsewhere, 0));
    memset(at - GW_HTTP_HEADROOM, 'h', GW_HTTP_HEADROOM + GW_HTTP_READ_BYTES); /* it is all there */
}

/* ---- deadlines ---- */

static struct gw_deadline deadline;
static unsigned passed, looked;

static void on_timer(struct gw_timer *timer)
{
    assert_ptr_equal(timer, &deadline.timer);
    looked++;
    passed += gw_deadline_passed(play.loop, &deadline);
}

static void reset_deadline(void)
{
    gw_loop_timer_clear(play.loop, &deadline.timer);
    deadline = (struct gw_deadline){.timer.on_timer = on_timer};
    passed = looked = 0;
}

static void test_deadlines(void **state)
{
    (void)state;
    reset_deadline();
    play_turn(0);
    gw_deadline_set(play.loop, &deadline, 10000);
    play_turn(9000);
    assert_int_equal(passed, 0);
    play_turn(1008);
    assert_int_equal(passed, 1);
    play_turn(100000);
    assert_int_equal(passed, 1); /* once */
    assert_int_equal(deadline.at_ms, 0);
}

/* Put off again and again, as for each piece of a stream, it costs one look at a time. */
static void test_a_deadline_that_is_put_off(void **state)
{
    (void)state;
    reset_deadline();
    play_turn(0);
    for (int i = 0; i < 100; i++) {
        gw_deadline_set(play.loop, &deadline, 10000);
        play_turn(1000);
    }
    assert_int_equal(passed, 0);
    assert_in_range(looked, 5, 15);
    play_turn(9008);
    assert_int_equal(passed, 1);
}

static void test_a_deadline_that_comes_earlier(void **state)
{
    (void)state;
    reset_deadline();
    play_turn(0);
    gw_deadline_set(play.loop, &deadline, 60000);
    gw_deadline_set(play.loop, &deadline, 1000);
    play_turn(1008);
    assert_int_equal(passed, 1);
}

static void test_no_deadline(void **state)
{
    (void)state;
    reset_deadline();
    play_turn(0);
    gw_deadline_set(play.loop, &deadline, 1000);
    gw_deadline_none(&deadline);
    play_turn(2000);
    assert_int_equal(passed, 0);
    gw_deadline_set(play.loop, &deadline, 1000); /* again */
    play_turn(1008);
    assert_int_equal(passed, 1);
    /* Dropped, but its timer is still there when the next one is set. */
    reset_deadline();
    gw_deadline_set(play.loop, &deadline, 1000);
    gw_deadline_none(&deadline);
    gw_deadline_set(play.loop, &deadline, 60000);
    play_turn(30000);
    assert_int_equal(passed, 0);
    play_turn(30008);
    assert_int_equal(passed, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_head_in_two_pieces),
        TEST(test_a_head_byte_by_byte),
        TEST(test_parts_do_not_mix),
        TEST(test_what_is_no_head),
        TEST(test_headroom),
        TEST(test_deadlines),
        TEST(test_a_deadline_that_is_put_off),
        TEST(test_a_deadline_that_comes_earlier),
        TEST(test_no_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
