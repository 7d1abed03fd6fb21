/* Images that callers give by URL, for a provider that takes none: whole exchanges, and each way to fail. */
#include "unit/test.h"

#include "gateway/fetch.h"
#include "unit/gateway/fetch_play.h"

#define ON "fetch_media = true\n"
#define OK_HEAD "HTTP/1.1 200 OK\r\ncontent-length: 16\r\ncontent-type: "
#define MIB ((size_t)1 << 20)

_Static_assert(PNG_BYTES == 16, "as OK_HEAD says");

static const struct page pages[] = {
    {"/a.png", GW_STR_INIT(OK_HEAD "image/png\r\n\r\n"), GW_STR_INIT(PNG), 0, THEN_END},
    {"/b.png", GW_STR_INIT(OK_HEAD "image/png\r\n\r\n"), GW_STR_INIT(PNG), 0, THEN_END},
    {"/none", GW_STR_INIT("HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n"), GW_STR_INIT(PNG), 0,
     THEN_END},
    {"/lies", GW_STR_INIT(OK_HEAD "text/html\r\n\r\n"), GW_STR_INIT(PNG), 0, THEN_END},
    {"/chunked", GW_STR_INIT("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
     GW_STR_INIT("7\r\n\x89PNG\r\n\x1a\r\n9\r\n\n\0\0\0\rIHDR\r\n0\r\n\r\n"), 0, THEN_END},
    {"/to-close", GW_STR_INIT("HTTP/1.1 200 OK\r\n\r\n"), GW_STR_INIT(PNG), 0, THEN_END},
    {"/early", GW_STR_INIT("HTTP/1.1 103 Early\r\n\r\n" OK_HEAD "image/png\r\n\r\n"),
     GW_STR_INIT(PNG), 0, THEN_END},
    {"/identity", GW_STR_INIT(OK_HEAD "image/png\r\ncontent-encoding: identity\r\n\r\n"),
     GW_STR_INIT(PNG), 0, THEN_END},

    {"/moved", GW_STR_INIT("HTTP/1.1 302 Found\r\nlocation: /a.png\r\ncontent-length: 0\r\n\r\n"),
     GW_STR_INIT(""), 0, THEN_END},
    {"/unchanged", GW_STR_INIT("HTTP/1.1 304 No\r\n\r\n"), GW_STR_INIT(""), 0, THEN_END},
    {"/gone", GW_STR_INIT("HTTP/1.1 404 No\r\ncontent-length: 16\r\n\r\n"), GW_STR_INIT(PNG), 0,
     THEN_END},
    {"/part", GW_STR_INIT("HTTP/1.1 206 Part\r\ncontent-length: 16\r\n\r\n"), GW_STR_INIT(PNG), 0,
     THEN_END},
    {"/gzip", GW_STR_INIT(OK_HEAD "image/png\r\ncontent-encoding: gzip\r\n\r\n"), GW_STR_INIT(PNG),
     0, THEN_END},
    {"/page", GW_STR_INIT(OK_HEAD "image/png\r\n\r\n"), GW_STR_INIT("<!doctype html>\n"), 0,
     THEN_END},
    {"/endless-page", GW_STR_INIT("HTTP/1.1 200 OK\r\n\r\n"), GW_STR_INIT("<!doctype html>"), 0,
     THEN_WAIT},
    {"/svg", GW_STR_INIT("HTTP/1.1 200 OK\r\ncontent-type: image/svg+xml\r\n\r\n"),
     GW_STR_INIT("<svg/>"), 0, THEN_END},
    {"/empty", GW_STR_INIT("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), GW_STR_INIT(""), 0,
     THEN_END},
    {"/large", GW_STR_INIT("HTTP/1.1 200 OK\r\ncontent-length: 20971521\r\n\r\n"), GW_STR_INIT(PNG),
     0, THEN_WAIT},
    {"/large-in-pieces", GW_STR_INIT("HTTP/1.1 200 OK\r\n\r\n"), GW_STR_INIT(PNG), 20 * MIB - 15,
     THEN_END},
    {"/largest", GW_STR_INIT("HTTP/1.1 200 OK\r\n\r\n"), GW_STR_INIT(PNG), 20 * MIB - 16, THEN_END},
    {"/hangs-up", GW_STR_INIT(""), GW_STR_INIT(""), 0, THEN_END},
    {"/cut-head", GW_STR_INIT("HTTP/1.1 20"), GW_STR_INIT(""), 0, THEN_END},
    {"/cut-body", GW_STR_INIT("HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n"), GW_STR_INIT(PNG), 0,
     THEN_END},
    {"/cut-to-close", GW_STR_INIT("HTTP/1.1 200 OK\r\n\r\n"), GW_STR_INIT(PNG), 0, THEN_RESET},
    {"/no-http", GW_STR_INIT("220 mail.example\r\n"), GW_STR_INIT(""), 0, THEN_END},
    {"/silent", GW_STR_INIT(""), GW_STR_INIT(""), 0, THEN_WAIT},
    {"/slow", GW_STR_INIT("HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n"), GW_STR_INIT(PNG), 0,
     THEN_WAIT},
    {NULL, GW_STR_INIT(""), GW_STR_INIT(""), 0, THEN_END},
};

/* A call of Messages with these images, which are paths of the server of images, or whole URLs. */
static const char *request_with(const char *model, const char *const *images, size_t count)
{
    static char body[16384];
    int len = snprintf(body, sizeof body,
                       "{\"model\":\"%s\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
                       "\"content\":[{\"type\":\"text\",\"text\":\"?\"}",
                       model);

    for (size_t i = 0; i < count; i++) {
        char url[256];
        if (images[i][0] == '/')
            (void)snprintf(url, sizeof url, "https://127.0.0.1:%u%s", scene.images_port, images[i]);
        else
            (void)snprintf(url, sizeof url, "%s", images[i]);
        len += snprintf(body + len, sizeof body - (size_t)len,
                        ",{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"%s\"}}", url);
    }
    (void)snprintf(body + len, sizeof body - (size_t)len, "]}]}");
    return body;
}

static void expect(const char *label, struct gw_str got, const char *part)
{
    if (!has(got, part))
        fail_msg("%s:\n%.*s\nis without: %s", label, GW_STR_ARG(got), part);
}

/* 400 in the words of Messages, and no provider was asked. */
static void expect_refusal(const char *label, struct gw_str answer, const char *says)
{
    expect(label, answer, "HTTP/1.1 400 Bad Request\r\n");
    expect(label, answer, "\"type\":\"invalid_request_error\"");
    expect(label, answer, says);
    if (gw_buf_len(&scene.sent))
        fail_msg("%s: a provider got %.*s", label, GW_STR_ARG(gw_buf_str(&scene.sent)));
}

/* One call with one image, to its end. */
static void call(const char *label, const char *image, bool is_sent, const char *says)
{
    struct peer caller;

    forget();
    call_begin(&caller, "/v1/messages", request_with("llava", &image, 1));
    struct gw_str answer = call_end(&caller);
    if (is_sent) {
        expect(label, answer, "It is a cat.");
        expect(label, gw_buf_str(&scene.sent), says);
    } else {
        expect_refusal(label, answer, says);
    }
    peer_close(&caller);
}

/* ---- one image ---- */

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

static int set_up(void **state)
{
    (void)state;
    scene_open();
    scene.pages = pages;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    scene_close();
    return 0;
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
