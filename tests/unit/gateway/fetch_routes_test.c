/* Several images, several targets, and what may happen while an image is fetched. */
#include "unit/test.h"

#include "unit/gateway/fetch_calls.h"

/* ---- many images ---- */

static void test_many_images(void **state)
{
    static const char *const nine[] = {"/a.png",   "/b.png",   "/a.png?3", "/a.png?4", "/a.png?5",
                                       "/a.png?6", "/a.png?7", "/a.png?8", "/a.png?9"};
    static const char *const thrice[] = {"/a.png", "/b.png", "/a.png"};
    static const char *const broken[] = {"/a.png", "/gone", "/b.png"};
    struct peer caller;
    struct gw_str sent;

    (void)state;
    gateway_open("", ON, true);
    forget();
    call_begin(&caller, "/v1/messages", request_with("llava", nine, GW_FETCH_IMAGES_MAX));
    expect("eight", call_end(&caller), "It is a cat.");
    assert_int_equal(scene.images_most, 1);
    peer_close(&caller);

    forget();
    call_begin(&caller, "/v1/messages", request_with("llava", nine, GW_COUNT(nine)));
    expect_refusal("nine", call_end(&caller), "a request may have 8 of them at most");
    assert_int_equal(gw_buf_len(&scene.fetched), 0);
    peer_close(&caller);

    forget();
    call_begin(&caller, "/v1/messages", request_with("llava", thrice, GW_COUNT(thrice)));
    expect("one twice", call_end(&caller), "It is a cat.");
    sent = gw_buf_str(&scene.fetched);
    expect("one twice", sent, "GET /a.png HTTP/1.1\r\n");
    sent = gw_str_from(sent, 1);
    expect("one twice", sent, "GET /b.png HTTP/1.1\r\n");
    assert_false(has(sent, "GET /a.png"));
    peer_close(&caller);

    forget();
    call_begin(&caller, "/v1/messages", request_with("llava", broken, GW_COUNT(broken)));
    expect_refusal("the second is not there", call_end(&caller), "status 404");
    assert_false(has(gw_buf_str(&scene.fetched), "/b.png"));
    peer_close(&caller);
    gateway_close();
}

static void test_images_count_as_if_they_were_sent(void **state)
{
    static const char *const two[] = {"/a.png", "/b.png"};
    struct peer caller;
    char server[64];

    (void)state;
    /* Room for one image, of 24 bytes as base64, but not for two. */
    size_t length = strlen(request_with("llava", two, 2));
    (void)snprintf(server, sizeof server, "max_body_bytes = %zu\n", length + 47);
    gateway_open(server, ON, true);
    forget();
    call_begin(&caller, "/v1/messages", request_with("llava", two, 2));
    expect_refusal("two", call_end(&caller), "with it the request is larger than max_body_bytes");
    expect("two", gw_buf_str(&scene.fetched), "/b.png");
    peer_close(&caller);
    gateway_close();

    (void)snprintf(server, sizeof server, "max_body_bytes = %zu\n", length + 48);
    gateway_open(server, ON, true);
    forget();
    call_begin(&caller, "/v1/messages", request_with("llava", two, 2));
    expect("just enough", call_end(&caller), "It is a cat.");
    peer_close(&caller);
    gateway_close();
}

/* ---- routes ---- */

static void test_routes(void **state)
{
    static const struct {
        const char *label, *model, *image;
        unsigned statuses[3];
        const char *asked[4]; /* who, in turn, with a part of what it gets */
        const char *answer;
        unsigned fetched;
    } cases[] = {
        {"the first target takes no URLs",
         "first",
         "/a.png",
         {0},
         {"ollama", PNG_BASE64},
         "x-gateway-target: llava\r\n",
         1},
        {"the first target is left out",
         "first",
         "/gone",
         {0},
         {"other", "/gone"},
         "x-gateway-target: gpt\r\n",
         1},
        {"an URL that is never fetched",
         "first",
         "http://127.0.0.1/a",
         {0},
         {"other", "http://127.0.0.1/a"},
         "x-gateway-target: gpt\r\n",
         0},
        {"not fetched where it is not needed",
         "last",
         "/a.png",
         {0},
         {"other", "/a.png"},
         "x-gateway-target: gpt\r\n",
         0},
        {"fetched when it is needed",
         "last",
         "/a.png",
         {503},
         {"other", "/a.png", "ollama", PNG_BASE64},
         "x-gateway-target: llava\r\n",
         1},
        {"the last target cannot have it",
         "last",
         "/gone",
         {503},
         {"other", "/gone"},
         "HTTP/1.1 400 Bad Request\r\n",
         1},
        {"what is known before leaves the failure",
         "last",
         "http://127.0.0.1/a",
         {503},
         {"other", "http"},
         "HTTP/1.1 529 ",
         0},
        {"one in the middle cannot",
         "middle",
         "/gone",
         {503},
         {"other", "\"gpt\"", "other", "\"gpt2\""},
         "x-gateway-target: gpt2\r\n",
         1},
        {"back to the first, after a wait",
         "back",
         "/gone",
         {503},
         {"other", "\"gpt\"", "other", "\"gpt\""},
         "x-gateway-target: gpt\r\n",
         1},
        {"kept for the next target",
         "twice",
         "/a.png",
         {503},
         {"ollama", PNG_BASE64, "ollama", PNG_BASE64},
         "x-gateway-target: bakllava\r\n",
         1},
        {"known to fail for the next target",
         "twice",
         "/gone",
         {0},
         {0},
         "HTTP/1.1 400 Bad Request\r\n",
         1},
        {"kept for the same target",
         "again",
         "/a.png",
         {503},
         {"ollama", PNG_BASE64, "ollama", PNG_BASE64},
         "HTTP/1.1 200 OK\r\n",
         1},
    };

    (void)state;
    gateway_open("", ON, true);
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct peer caller;
        unsigned fetched = 0;
        forget();
        memcpy(scene.statuses, cases[i].statuses, sizeof cases[i].statuses);
        call_begin(&caller, "/v1/messages", request_with(cases[i].model, &cases[i].image, 1));
        while (!peer_is_at_end(&caller)) /* waits of retries pass */
            play_wait(50);
        expect(cases[i].label, call_end(&caller), cases[i].answer);
        struct gw_str sent = gw_buf_str(&scene.sent);
        for (size_t j = 0; j < GW_COUNT(cases[i].asked) && cases[i].asked[j]; j += 2) {
            struct gw_str line = {sent.base, gw_str_find(sent, '\n')};
            if (!gw_str_starts(line, gw_str_of(cases[i].asked[j])))
                fail_msg("%s: %.*s", cases[i].label, GW_STR_ARG(gw_buf_str(&scene.sent)));
            expect(cases[i].label, line, cases[i].asked[j + 1]);
            sent = gw_str_from(sent, line.len + 1);
        }
        if (sent.len)
            fail_msg("%s: one more was asked: %.*s", cases[i].label, GW_STR_ARG(sent));
        for (struct gw_str rest = gw_buf_str(&scene.fetched); has(rest, "GET "); fetched++)
            rest = gw_str_from(rest, gw_str_find_str(rest, GW_STR("GET ")) + 1);
        if (fetched != cases[i].fetched)
            fail_msg("%s: fetched %u times", cases[i].label, fetched);
        peer_close(&caller);
    }
    gateway_close();
}

/* Nothing is fetched for a request that cannot be carried anyway. */
static void test_nothing_is_fetched_in_vain(void **state)
{
    char body[1024];
    struct peer caller;

    (void)state;
    gateway_open("", ON "on_unsupported = \"error\"\n", true);
    (void)snprintf(body, sizeof body,
                   "{\"model\":\"llava\",\"max_tokens\":9,\"top_k\":3,\"mcp_servers\":[],"
                   "\"messages\":[{\"role\":"
                   "\"user\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":"
                   "\"https://127.0.0.1:%u/a.png\"}}]}]}",
                   scene.images_port);
    forget();
    call_begin(&caller, "/v1/messages", body);
    expect_refusal("a loss", call_end(&caller), "cannot be carried to provider");
    assert_int_equal(gw_buf_len(&scene.fetched), 0);
    peer_close(&caller);
    gateway_close();
}

/* ---- what happens meanwhile ---- */

static void test_the_caller_leaves(void **state)
{
    static const char *const images[] = {"/silent", "/slow"};

    (void)state;
    gateway_open("", ON, true);
    for (size_t i = 0; i < GW_COUNT(images); i++)
        for (int reset = 0; reset < 2; reset++)
            for (int managed = 0; managed < 2; managed++) {
                struct peer caller;
                forget();
                call_begin(&caller, "/v1/messages",
                           request_with(managed ? "first" : "llava", &images[i], 1));
                play_until(gw_buf_len(&scene.fetched));
                if (reset)
                    peer_break(&caller);
                peer_close(&caller);
                play_until(scene.images_gone == 1);
                assert_int_equal(scene.gateway->site->exchanges, 0);
                assert_int_equal(gw_buf_len(&scene.sent), 0);
            }
    gateway_close();
}

/* At any moment of it: as many turns after the call as it takes. */
static void test_the_caller_leaves_at_any_turn(void **state)
{
    static const char *const images[] = {"/a.png", "/b.png"};

    (void)state;
    gateway_open("", ON, true);
    for (unsigned turns = 0;; turns++) {
        struct peer caller;
        forget();
        call_begin(&caller, "/v1/messages", request_with("first", images, 2));
        for (unsigned i = 0; i < turns; i++)
            play_turn(0);
        bool over = peer_is_at_end(&caller);
        peer_break(&caller);
        peer_close(&caller);
        play_until(scene.gateway->site->exchanges == 0);
        play_settle();
        if (over)
            break;
        assert_true(turns < 1000);
    }
    gateway_close();
}

static void test_the_gateway_ends(void **state)
{
    static const char *const images[] = {"/slow"};
    struct peer caller;

    (void)state;
    gateway_open("", ON, true);
    forget();
    call_begin(&caller, "/v1/messages", request_with("first", images, 1));
    play_until(gw_buf_len(&scene.fetched));
    gateway_close();
    play_until(scene.images_gone == 1);
    peer_close(&caller);
}

static void test_a_reload_leaves_what_is_under_way(void **state)
{
    static const char *const images[] = {"/slow"};
    struct peer caller;

    (void)state;
    gateway_open("", ON, true);
    forget();
    call_begin(&caller, "/v1/messages", request_with("first", images, 1));
    play_until(gw_buf_len(&scene.fetched));
    struct gw_snapshot *off = snapshot_of("", "");
    assert_int_equal(gw_gateway_reload(scene.gateway, off, NULL), GW_OK);
    gw_snapshot_release(off);
    play_wait(GW_FETCH_MS + 100);
    expect("it goes on", call_end(&caller), "x-gateway-target: gpt\r\n");
    peer_close(&caller);
    call("a new call", "/a.png", false, "does not take addresses of images");
    gateway_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_images),
        cmocka_unit_test(test_images_count_as_if_they_were_sent),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_nothing_is_fetched_in_vain),
        cmocka_unit_test(test_the_caller_leaves),
        cmocka_unit_test(test_the_caller_leaves_at_any_turn),
        cmocka_unit_test(test_the_gateway_ends),
        cmocka_unit_test(test_a_reload_leaves_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
