/* An image that a caller gives by URL, for a provider that takes none: whole exchanges, and each way to fail. */
#include "unit/test.h"

#include "unit/gateway/fetch_calls.h"

static void test_images(void **state)
{
    static const char sent[] = "\"image_url\":{\"url\":\"data:image/png;base64," PNG_BASE64 "\"}";
    static const char *const good[] = {"/a.png",    "/none",  "/lies",    "/chunked",
                                       "/to-close", "/early", "/identity"};

    (void)state;
    gateway_open("", ON, true);
    for (size_t i = 0; i < GW_COUNT(good); i++)
        call(good[i], good[i], true, sent);
    gateway_close();
}

/* Nothing of the caller goes along. */
static void test_what_is_sent(void **state)
{
    const char *image = "/a.png?b=c&d#e";
    char want[512];

    (void)state;
    gateway_open("", ON, true);
    call("a query and a fragment", image, true, PNG_BASE64);
    (void)snprintf(want, sizeof want,
                   "GET /a.png?b=c&d HTTP/1.1\r\nhost: 127.0.0.1:%u\r\naccept: image/*\r\n"
                   "accept-encoding: identity\r\nuser-agent: sluice/" GW_VERSION
                   "\r\nconnection: close\r\n\r\n",
                   scene.images_port);
    if (!gw_str_eq(gw_buf_str(&scene.fetched), gw_str_of(want)))
        fail_msg("%.*s", GW_STR_ARG(gw_buf_str(&scene.fetched)));
    gateway_close();
}

static void test_failures(void **state)
{
    static const struct {
        const char *label, *image, *says;
    } cases[] = {
        {"a redirect", "/moved", "its server redirects, which is not followed"},
        {"304", "/unchanged", "redirects"},
        {"404", "/gone", "its server answered with status 404; send it as base64"},
        {"206", "/part", "its server answered with status 206"},
        {"compressed", "/gzip", "sent it compressed"},
        {"a page that says it is an image", "/page", "it is no JPEG, PNG, GIF or WebP"},
        {"a page without end", "/endless-page", "it is no JPEG, PNG, GIF or WebP"},
        {"SVG", "/svg", "it is no JPEG, PNG, GIF or WebP"},
        {"nothing", "/empty", "it is no JPEG, PNG, GIF or WebP"},
        {"too large by its length", "/large", "it has more than 20 MiB"},
        {"too large in pieces", "/large-in-pieces", "it has more than 20 MiB"},
        {"hangs up", "/hangs-up", "its server closed the connection without an answer"},
        {"hangs up within the head", "/cut-head", "its server's answer is no HTTP"},
        {"hangs up within the body", "/cut-body", "closed the connection within its answer"},
        {"is reset where its end tells the length", "/cut-to-close", "within its answer"},
        {"no HTTP", "/no-http", "its server's answer is no HTTP"},
        {"http", "http://127.0.0.1/a.png", "its URL does not begin with https://"},
        {"a user", "https://u:p@127.0.0.1/a.png", "it must not have a user name or password"},
        {"no host name", "https://a..b/a.png", "could not resolve"},
        {"an address in another way of writing", "https://2130706433/a.png", "could not resolve"},
        {"nothing but a word", "cat.png", "its URL does not begin with https://"},
    };

    (void)state;
    gateway_open("", ON, true);
    for (size_t i = 0; i < GW_COUNT(cases); i++)
        call(cases[i].label, cases[i].image, false, cases[i].says);
    call("and then a good one", "/a.png", true, PNG_BASE64);
    gateway_close();
}

static void test_the_largest_image(void **state)
{
    (void)state;
    gateway_open("", ON, true);
    call("20 MiB", "/largest", true, "data:image/png;base64,iVBORw0KGgo");
    assert_true(gw_buf_len(&scene.sent) > 20 * MIB / 3 * 4);
    gateway_close();
}

static void test_connections_that_fail(void **state)
{
    char url[128];
    int fd;

    (void)state;
    gateway_open("", ON, true);
    (void)snprintf(url, sizeof url, "https://localhost:%u/a.png", scene.images_port);
    call("the certificate of another name", url, false, "hostname mismatch; send it as base64");
    assert_int_equal(gw_listen(GW_STR("127.0.0.1"), 0, &fd, NULL), GW_OK);
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/a.png", gw_sock_local_port(fd));
    close(fd);
    call("nobody there", url, false, "Connection refused");
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/a.png", scene.providers_port);
    (void)url;
    gateway_close();
}

static void test_authorities_are_the_systems(void **state)
{
    struct gw_tls_trust *trust;

    (void)state;
    /* What is left when the store is another one. */
    assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
    if (gw_tls_trust_load(GW_STR(""), &trust, NULL) == GW_OK) { /* else there is none here */
        gw_tls_trust_destroy(trust);
        gateway_open("", ON, true);
        call("an authority that is not known", "/a.png", false, "could not verify");
        gateway_close();
    }
    assert_int_equal(setenv("SSL_CERT_FILE", scene.ca, 1), 0);
}

/* What configurations make: nothing but public addresses, and no byte to others. */
static void test_addresses_that_are_not_public(void **state)
{
    static const char *const hosts[] = {"127.0.0.1",          "localhost",       "[::1]",
                                        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "10.0.0.1",
                                        "169.254.169.254",    "a.localhost",     "0.0.0.0",
                                        "[fd00:ec2::254]"};
    char url[128];

    (void)state;
    gateway_open("", ON, false);
    for (size_t i = 0; i < GW_COUNT(hosts); i++) {
        (void)snprintf(url, sizeof url, "https://%s:%u/a.png", hosts[i], scene.images_port);
        call(hosts[i], url, false, "its host has an address that is not public");
        assert_int_equal(gw_server_connections(scene.images), 0);
    }
    gateway_close();
}

static void test_time(void **state)
{
    static const char *const slow[] = {"/silent", "/slow"};

    (void)state;
    gateway_open("", ON, true);
    for (size_t i = 0; i < GW_COUNT(slow); i++) {
        struct peer caller;
        forget();
        call_begin(&caller, "/v1/messages", request_with("llava", &slow[i], 1));
        play_until(gw_buf_len(&scene.fetched));
        play_wait(GW_FETCH_MS - 100);
        peer_expect_open(&caller, slow[i]);
        play_wait(200);
        expect_refusal(slow[i], call_end(&caller), "it did not come within 10 s");
        play_until(scene.images_gone == 1);
        peer_close(&caller);
    }
    gateway_close();
}

static void test_switched_off(void **state)
{
    (void)state;
    gateway_open("", "", true);
    call("by default", "/a.png", false, "does not take addresses of images");
    assert_int_equal(gw_buf_len(&scene.fetched), 0);
    gateway_close();
}

static void test_dialects(void **state)
{
    static const char *const images[] = {"/gone"};
    char body[512];
    struct peer caller;

    (void)state;
    gateway_open("", ON, true);
    (void)snprintf(body, sizeof body,
                   "{\"model\":\"llava\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":"
                   "\"input_image\",\"image_url\":\"https://127.0.0.1:%u%s\"}]}]}",
                   scene.images_port, images[0]);
    forget();
    call_begin(&caller, "/v1/responses", body);
    struct gw_str answer = call_end(&caller);
    expect("Responses", answer, "HTTP/1.1 400 Bad Request\r\n");
    expect("Responses", answer, "x-to11-upstream-provider: ollama\r\n");
    expect("Responses", answer,
           "\"type\":\"invalid_request_error\",\"param\":\"input[0].content[0]\",\"code\":"
           "\"invalid_value\"");
    assert_int_equal(gw_buf_len(&scene.sent), 0);
    peer_close(&caller);
    gateway_close();
}

/* The provider speaks the caller's own dialect: the address alone is changed in the body. */
static void test_same_dialect(void **state)
{
    static const char format[] =
        "{\"messages\":[{\"content\":[{\"type\":\"text\",\"text\":\"?\"}, {\"type\":\"image_url\","
        "\"image_url\":{\"url\":\"%s\",\"detail\":\"low\"}}],\"role\":\"user\"}], "
        "\"model\":\"llava\"}";
    char url[64], sent[512], went[512];
    struct peer caller;

    (void)state;
    gateway_open("", ON, true);
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/a.png", scene.images_port);
    (void)snprintf(sent, sizeof sent, format, url);
    (void)snprintf(went, sizeof went, format, "data:image/png;base64," PNG_BASE64);
    forget();
    call_begin(&caller, "/v1/chat/completions", sent);
    struct gw_str answer = call_end(&caller);
    expect("chat", answer, "HTTP/1.1 200 OK\r\n");
    expect("chat", gw_buf_str(&scene.sent), went);
    peer_close(&caller);
    gateway_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_what_is_sent),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_the_largest_image),
        cmocka_unit_test(test_connections_that_fail),
        cmocka_unit_test(test_authorities_are_the_systems),
        cmocka_unit_test(test_addresses_that_are_not_public),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_switched_off),
        cmocka_unit_test(test_dialects),
        cmocka_unit_test(test_same_dialect),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
