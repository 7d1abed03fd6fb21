/* What is made of the answers of a gateway, played by a thread, and of none. */
#include "unit/test.h"

#include "app/explain_health.h"
#include "io/socket.h"
#include "unit/config/load.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#define LONG_MS 20000u /* what should not run out does not */

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
#define PAGE                                                                                       \
    "# HELP gateway_target_healthy 1, or 0 while the target's breaker is open.\n"                  \
    "# TYPE gateway_target_healthy gauge\n"                                                        \
    "gateway_target_healthy{target=\"ab\"} 0\n"                                                    \
    "gateway_target_healthy{target=\"a\"} 1\n"                                                     \
    "gateway_target_healthy{target=\"p::say \\\"\\\\\\n\"} 0\n"                                    \
    "gateway_target_healthy{target=\"odd\"} 2\n"                                                   \
    "gateway_target_healthy{target=\"cut\"}\n"                                                     \
    "gateway_target_healthy{target=\"more\",x=\"y\"} 1\n"                                          \
    "other{target=\"other\"} 1\n"                                                                  \
    "gateway_target_healthy{target=\"last\"} 1"

/* ---- the listener ---- */

struct listener {
    int fd;
    unsigned port;
    pthread_t thread;
    const char *reply; /* NULL: nothing, until the caller leaves */
    bool bit_by_bit;
    char request[4096]; /* the head that came */
};

static void write_all(int fd, const char *bytes, size_t len, bool bit_by_bit)
{
    while (len) {
        ssize_t count = send(fd, bytes, bit_by_bit ? 1 : len, MSG_NOSIGNAL);
        if (count <= 0)
            return; /* the caller has seen enough */
        bytes += count;
        len -= (size_t)count;
    }
}

static void *listen_once(void *arg)
{
    struct listener *listener = arg;
    struct pollfd ready = {.fd = listener->fd, .events = POLLIN};
    size_t len = 0;
    char end;

    if (poll(&ready, 1, LONG_MS) != 1)
        return NULL;
    int fd = accept(listener->fd, NULL, NULL);
    while (len < sizeof listener->request - 1 && !strstr(listener->request, "\r\n\r\n")) {
        ssize_t count = recv(fd, listener->request + len, sizeof listener->request - 1 - len, 0);
        if (count <= 0)
            break;
        len += (size_t)count;
    }
    if (listener->reply)
        write_all(fd, listener->reply, strlen(listener->reply), listener->bit_by_bit);
    else
        (void)recv(fd, &end, 1, 0);
    close(fd);
    return NULL;
}

static void start(struct listener *listener, const char *reply, bool bit_by_bit)
{
    struct gw_err err;

    *listener = (struct listener){.reply = reply, .bit_by_bit = bit_by_bit};
    assert_int_equal(gw_listen(GW_STR("127.0.0.1"), 0, &listener->fd, &err), GW_OK);
    listener->port = gw_sock_local_port(listener->fd);
    assert_int_equal(pthread_create(&listener->thread, NULL, listen_once, listener), 0);
}

static void stop(struct listener *listener)
{
    assert_int_equal(pthread_join(listener->thread, NULL), 0);
    close(listener->fd);
}

/* "127.0.0.1:PORT" becomes "HERE". */
static void hide_port(const char *reason, unsigned port, char *out, size_t room)
{
    char where[32];
    size_t len = (size_t)snprintf(where, sizeof where, "127.0.0.1:%u", port);
    const char *at = strstr(reason, where);

    if (at)
        (void)snprintf(out, room, "%.*sHERE%s", (int)(at - reason), reason, at + len);
    else
        (void)snprintf(out, room, "%s", reason);
}

/* ---- answers ---- */

static const struct {
    const char *label, *reply, *token, *reason; /* for those of whom nothing is known */
    unsigned timeout_ms;
} answers[] = {
    {"no page", HEAD "Content-Length: 0\r\n\r\n", "",
     "the gateway at HERE knows no target of this name", LONG_MS},
    {"a page without targets", HEAD "Content-Length: 4\r\n\r\nx 1\n", "",
     "the gateway at HERE knows no target of this name", LONG_MS},
    {"more than was announced", HEAD "Content-Length: 4\r\n\r\nx 1\ngateway_target_healthy", "",
     "the gateway at HERE knows no target of this name", LONG_MS},
    {"a token is asked for", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "",
     "the gateway at HERE asks for a token", LONG_MS},
    {"a token is refused", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "secret-t",
     "the gateway at HERE has another token", LONG_MS},
    {"another path", "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n", "",
     "HERE answers /metrics with 404", LONG_MS},
    {"a redirect", "HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n", "secret-t",
     "HERE answers /metrics with 302", LONG_MS},
    {"no HTTP", "220 mail.example ESMTP\r\n", "", "what answers at HERE is no gateway", LONG_MS},
    {"nothing at all", "", "", "the answer of HERE was cut", LONG_MS},
    {"a head that is cut", "HTTP/1.1 200 OK\r\nContent-", "", "the answer of HERE was cut",
     LONG_MS},
    {"a page that is cut",
     HEAD "Content-Length: 90\r\n\r\ngateway_target_healthy{target=\"a\"} 1\n", "",
     "the answer of HERE was cut", LONG_MS},
    {"chunks", HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "",
     "what answers at HERE is no gateway", LONG_MS},
    {"no length", HEAD "\r\ngateway_target_healthy{target=\"a\"} 1\n", "",
     "what answers at HERE is no gateway", LONG_MS},
    {"the largest page is read on", HEAD "Content-Length: 8388608\r\n\r\n", "",
     "the answer of HERE was cut", LONG_MS},
    {"a larger one", HEAD "Content-Length: 8388609\r\n\r\n", "",
     "the page of metrics at HERE is larger than 8388608 bytes", LONG_MS},
    {"a length without measure", HEAD "Content-Length: 18446744073709551615\r\n\r\n", "",
     "the page of metrics at HERE is larger than 8388608 bytes", LONG_MS},
    {"silence", NULL, "", "the gateway at HERE did not answer in time", 20},
};

static void ask(const struct listener *listener, const char *token, unsigned timeout_ms,
                struct gw_explain_health *health)
{
    const struct gw_explain_health_source source = {
        .host = GW_STR("127.0.0.1"),
        .port = listener->port,
        .token = gw_str_of(token),
        .path = GW_STR("/metrics"),
        .timeout_ms = timeout_ms,
    };

    gw_explain_health_ask(&source, health);
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(answers); i++) {
        struct gw_explain_health health;
        struct listener listener;
        char reason[256];
        start(&listener, answers[i].reply, false);
        ask(&listener, answers[i].token, answers[i].timeout_ms, &health);
        hide_port(health.reason, listener.port, reason, sizeof reason);
        if (strcmp(reason, answers[i].reason) != 0 ||
            gw_explain_health_of(&health, GW_STR("a")) != GW_TOLD_UNKNOWN)
            fail_msg("%s: \"%s\"", answers[i].label, reason);
        gw_explain_health_finish(&health);
        stop(&listener);
    }
}

/* ---- what a page says ---- */

static const struct {
    const char *target;
    enum gw_told_health told;
} targets[] = {
    {"a", GW_TOLD_HEALTHY},          {"ab", GW_TOLD_OPEN},
    {"abc", GW_TOLD_UNKNOWN},        {"", GW_TOLD_UNKNOWN},
    {"p::say \"\\\n", GW_TOLD_OPEN}, {"p::say \\\"\\\\\\n", GW_TOLD_UNKNOWN},
    {"odd", GW_TOLD_UNKNOWN},        {"cut", GW_TOLD_UNKNOWN},
    {"more", GW_TOLD_UNKNOWN},       {"other", GW_TOLD_UNKNOWN},
    {"last", GW_TOLD_HEALTHY},
};

static void test_targets(void **state)
{
    static const char page[] = PAGE;
    char reply[2048];

    (void)state;
    (void)snprintf(reply, sizeof reply, HEAD "Content-Length: %zu\r\n\r\n%s", sizeof page - 1,
                   page);
    for (unsigned bit_by_bit = 0; bit_by_bit < 2; bit_by_bit++) {
        struct gw_explain_health health;
        struct listener listener;
        start(&listener, reply, bit_by_bit);
        ask(&listener, "", LONG_MS, &health);
        stop(&listener);
        for (size_t i = 0; i < GW_COUNT(targets); i++)
            if (gw_explain_health_of(&health, gw_str_of(targets[i].target)) != targets[i].told)
                fail_msg("\"%s\" of:\n%s", targets[i].target, page);
        gw_explain_health_finish(&health);
    }
}

/* ---- what is asked ---- */

static const struct {
    const char *label, *token, *authorization;
} requests[] = {
    {"without a token", "", ""},
    {"with a token", "secret-t", "Authorization: Bearer secret-t\r\n"},
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(requests); i++) {
        struct gw_explain_health health;
        struct listener listener;
        char wanted[512];
        start(&listener, HEAD "Content-Length: 0\r\n\r\n", false);
        ask(&listener, requests[i].token, LONG_MS, &health);
        stop(&listener);
        (void)snprintf(wanted, sizeof wanted,
                       "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: text/plain\r\n"
                       "Connection: close\r\n%s\r\n",
                       listener.port, requests[i].authorization);
        if (strcmp(listener.request, wanted) != 0)
            fail_msg("%s: %s", requests[i].label, listener.request);
        gw_explain_health_finish(&health);
    }
}

/* ---- nobody to ask ---- */

static void test_no_gateway(void **state)
{
    struct gw_explain_health health;
    struct listener listener = {.fd = -1};
    char reason[256];

    (void)state;
    /* A port that nobody listens on, because it is bound and not given to anybody else. */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fd, (const struct sockaddr *)&here, sizeof here), 0);
    listener.port = gw_sock_local_port(fd);
    ask(&listener, "", LONG_MS, &health);
    hide_port(health.reason, listener.port, reason, sizeof reason);
    assert_string_equal(reason, "no gateway answers at HERE");
    assert_int_equal(gw_explain_health_of(&health, GW_STR("a")), GW_TOLD_UNKNOWN);
    gw_explain_health_finish(&health);
    close(fd);

    const struct gw_explain_health_source nowhere = {
        .host = GW_STR("gateway.example"), .port = 1, .timeout_ms = LONG_MS};
    gw_explain_health_ask(&nowhere, &health);
    assert_string_equal(health.reason, "the gateway's address is no IP address");
    gw_explain_health_finish(&health);
}

/* ---- as a file has it ---- */

static const struct {
    const char *label, *text, *reason;
} files[] = {
    {"the admin listener is off", "[server]\n[admin]\nenabled = false\n",
     "[admin] is off, so the gateway cannot be asked"},
    {"metrics are off", "[server]\n[metrics]\nenabled = false\n",
     "[metrics] is off, so the gateway cannot be asked"},
    {"the kernel picks the port", "[server]\n[admin]\nport = 0\n",
     "the port of [admin] is 0: the kernel picks one"},
    {"the breaker is off", "[server]\n[routing.breaker]\nenabled = false\n",
     "the breaker is off, so nothing is remembered"},
};

static void test_files(void **state)
{
    static struct loaded loaded;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(files); i++) {
        struct gw_explain_health health;
        load_for(GW_CONFIG_TO_EXPLAIN, files[i].text, &loaded);
        if (loaded.status != GW_OK)
            fail_msg("%s: %s", files[i].label, loaded.said);
        gw_explain_health_ask_for(loaded.config, &health);
        if (strcmp(health.reason, files[i].reason) != 0)
            fail_msg("%s: \"%s\"", files[i].label, health.reason);
        gw_explain_health_finish(&health);
        load_finish(&loaded);
    }
}

/* Host, port, path and token are those of the file. */
static void test_file_is_asked(void **state)
{
    static struct loaded loaded;
    struct gw_explain_health health;
    struct listener listener;
    char text[256], wanted[512];

    (void)state;
    assert_int_equal(setenv("EXPLAIN_TEST_TOKEN", "secret-t", 1), 0);
    start(&listener, HEAD "Content-Length: 38\r\n\r\ngateway_target_healthy{target=\"a\"} 1\n",
          false);
    (void)snprintf(text, sizeof text,
                   "[server]\n[admin]\nhost = \"localhost\"\nport = %u\n"
                   "token = \"env::EXPLAIN_TEST_TOKEN\"\n[metrics]\npath = \"/told\"\n",
                   listener.port);
    load_for(GW_CONFIG_TO_EXPLAIN, text, &loaded);
    if (loaded.status != GW_OK)
        fail_msg("%s", loaded.said);
    gw_explain_health_ask_for(loaded.config, &health);
    stop(&listener);
    (void)snprintf(wanted, sizeof wanted,
                   "GET /told HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: text/plain\r\n"
                   "Connection: close\r\nAuthorization: Bearer secret-t\r\n\r\n",
                   listener.port);
    assert_string_equal(listener.request, wanted);
    gw_explain_health_finish(&health);
    load_finish(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),  cmocka_unit_test(test_targets),
        cmocka_unit_test(test_requests), cmocka_unit_test(test_no_gateway),
        cmocka_unit_test(test_files),    cmocka_unit_test(test_file_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
