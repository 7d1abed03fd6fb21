#include "unit/test.h"

#include "admin/admin.h"
#include "config/config.h"
#include "io/loop.h"
#include "record/sinks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The admin listener on a loop of its own thread; the test is its client. */
struct site {
    struct gw_loop *loop;
    struct gw_config *config, *other;
    struct gw_recorder *recorder;
    struct gw_admin *admin;
    pthread_t thread;
    struct gw_task stop;
    enum gw_status reload_status;
    const struct gw_target_health *targets; /* NULL: no callback */
    size_t targets_count;
    bool draining;
    unsigned reloads, lists;
};

static struct gw_config *parse(const char *text)
{
    struct gw_problems problems;
    struct gw_config *config = NULL;

    gw_problems_init(&problems);
    assert_int_equal(gw_config_parse(gw_str_of(text), GW_STR("test.toml"), GW_CONFIG_TO_SERVE,
                                     &problems, &config),
                     GW_OK);
    gw_problems_finish(&problems);
    return config;
}

static enum gw_status reload(void *arg)
{
    struct site *site = arg;

    site->reloads++;
    if (site->reload_status == GW_OK && site->other)
        gw_admin_set_config(site->admin, site->other);
    return site->reload_status;
}

static bool is_draining(void *arg)
{
    return ((struct site *)arg)->draining;
}

static size_t list_targets(void *arg, const struct gw_target_health **list_out)
{
    struct site *site = arg;

    site->lists++;
    if (site->targets_count)
        *list_out = site->targets;
    return site->targets_count;
}

static void *run(void *arg)
{
    gw_loop_run(((struct site *)arg)->loop);
    return NULL;
}

static void stop(struct gw_task *task)
{
    struct site *site = (struct site *)(void *)((char *)task - offsetof(struct site, stop));
    gw_loop_stop(site->loop);
}

static void open_site(struct site *site)
{
    const struct gw_recorder_options options = {
        .metrics = {.version = GW_STR("1"), .series_max = 100}, .workers = 1};
    const struct gw_admin_callbacks callbacks = {
        .reload = reload,
        .is_draining = is_draining,
        .list_targets = site->targets ? list_targets : NULL,
        .arg = site,
    };
    struct gw_err err = {.message = ""};

    site->config = parse("[server]\n[admin]\nport = 0\n");
    assert_int_equal(gw_loop_create(0, &site->loop, &err), GW_OK);
    assert_int_equal(gw_recorder_create(&options, &site->recorder, &err), GW_OK);
    if (gw_admin_create(site->loop, site->config, site->recorder, &callbacks, &site->admin, &err) !=
        GW_OK)
        fail_msg("%s", err.message);
    assert_int_equal(pthread_create(&site->thread, NULL, run, site), 0);
}

static void close_site(struct site *site)
{
    site->stop.run = stop;
    gw_loop_post(site->loop, &site->stop);
    assert_int_equal(pthread_join(site->thread, NULL), 0);
    gw_admin_destroy(site->admin);
    gw_recorder_destroy(site->recorder);
    gw_loop_destroy(site->loop);
    gw_config_release(site->config);
    gw_config_release(site->other);
}

static int dial(const struct site *site)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)gw_admin_port(site->admin)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&to, sizeof to), 0);
    return fd;
}

/* Sends `request` and reads one answer (by its length) as a C string. */
static const char *ask(int fd, const char *request)
{
    static char text[1 << 16];
    size_t len = 0, want = SIZE_MAX;

    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    while (len < want) {
        ssize_t got = read(fd, text + len, sizeof text - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
        text[len] = '\0';
        const char *end = strstr(text, "\r\n\r\n"), *field = strstr(text, "Content-Length: ");
        if (end && field)
            want = (size_t)(end + 4 - text) +
                   (strncmp(request, "HEAD", 4) == 0 ? 0 : strtoul(field + 16, NULL, 10));
    }
    return text;
}

#define HOST "Host: 127.0.0.1\r\n"

static void expect(const char *answer, const char *start, const char *part)
{
    if (strncmp(answer, start, strlen(start)) != 0 || !strstr(answer, part))
        fail_msg("not \"%s\" with \"%s\": %s", start, part, answer);
}

static void test_one_connection_asks_for_everything(void **state)
{
    struct site site = {.reload_status = GW_OK};

    (void)state;
    open_site(&site);
    int fd = dial(&site);
    expect(ask(fd, "GET / HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 200 ", "\"name\":\"sluice\"");
    expect(ask(fd, "GET /health HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 200 ", "{\"status\":\"ok\"}");
    expect(ask(fd, "HEAD /health HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 200 ", "Length: 15\r\n");
    expect(ask(fd, "GET /metrics HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 200 ",
           "\ngateway_build_info{version=\"1\"} 1\n");
    expect(ask(fd, "GET /metrics HTTP/1.1\r\n" HOST "Accept: application/openmetrics-text\r\n\r\n"),
           "HTTP/1.1 200 ", "\n# EOF\n");
    expect(ask(fd, "POST /reload HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody"),
           "HTTP/1.1 200 ", "{\"status\":\"ok\"}");
    assert_int_equal(site.reloads, 1);
    expect(ask(fd, "GET /reload HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 405 ", "\r\nAllow: POST\r\n");
    expect(ask(fd, "GET /x HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 404 ", "");
    expect(ask(fd, "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "HTTP/1.1 403 ", "");
    assert_int_equal(site.reloads, 1);
    close(fd);
    close_site(&site);
}

static void test_metrics_tell_the_health_of_targets(void **state)
{
    const struct gw_target_health two[] = {{GW_STR("slow"), false}, {GW_STR("fast"), true}};
    const struct gw_target_health other[] = {{GW_STR("fast"), false}};
    struct site site = {.targets = two, .targets_count = GW_COUNT(two)};
    const char *metrics = "GET /metrics HTTP/1.1\r\n" HOST "\r\n";

    (void)state;
    open_site(&site);
    int fd = dial(&site);
    expect(ask(fd, metrics), "HTTP/1.1 200 ",
           "gateway_target_healthy{target=\"fast\"} 1\n"
           "gateway_target_healthy{target=\"slow\"} 0\n");
    /* Asked anew for each page, and only for that. The answer came: the loop's thread sleeps. */
    site.targets = other;
    site.targets_count = GW_COUNT(other);
    expect(ask(fd, "GET /health HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 200 ", "");
    assert_int_equal(site.lists, 1);
    const char *page = ask(fd, metrics);
    expect(page, "HTTP/1.1 200 ", "gateway_target_healthy{target=\"fast\"} 0\n");
    assert_null(strstr(page, "{target=\"slow\"}"));
    site.targets_count = 0;
    page = ask(fd, metrics);
    expect(page, "HTTP/1.1 200 ", "# TYPE gateway_target_healthy gauge\n");
    assert_null(strstr(page, "gateway_target_healthy{"));
    assert_int_equal(site.lists, 3);
    close(fd);
    close_site(&site);
}

static void test_bad_news(void **state)
{
    struct site site = {.reload_status = GW_INVALID, .draining = true};

    (void)state;
    open_site(&site);
    int fd = dial(&site);
    expect(ask(fd, "GET /health HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 503 ", "draining");
    expect(ask(fd, "POST /reload HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 422 ", "old one stays");
    expect(ask(fd, "nonsense\r\n\r\n"), "HTTP/1.1 400 ", "Connection: close");
    close(fd);
    fd = dial(&site);
    expect(ask(fd, "POST /reload HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
           "HTTP/1.1 400 ", "Connection: close");
    close(fd);
    /* A caller that leaves within a body did not ask for a reload. */
    fd = dial(&site);
    const char *half = "POST /reload HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nhalf";
    assert_int_equal(write(fd, half, strlen(half)), strlen(half));
    close(fd);
    close_site(&site);
    assert_int_equal(site.reloads, 1);
}

static void test_a_reload_can_bring_a_token(void **state)
{
    struct site site = {.reload_status = GW_OK};

    (void)state;
    assert_int_equal(setenv("ADMIN_TEST_TOKEN", "s3cret", 1), 0);
    site.other = parse("[server]\n[admin]\nport = 0\ntoken = \"env::ADMIN_TEST_TOKEN\"\n"
                       "[metrics]\npath = \"/m\"\n");
    open_site(&site);
    int fd = dial(&site);
    expect(ask(fd, "POST /reload HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 200 ", "");
    expect(ask(fd, "GET /m HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 401 ",
           "\r\nWWW-Authenticate: Bearer");
    expect(ask(fd, "GET /m HTTP/1.1\r\n" HOST "Authorization: Bearer s3cret\r\n\r\n"),
           "HTTP/1.1 200 ", "gateway_build_info");
    expect(ask(fd, "GET /health HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 200 ", "");
    close(fd);
    close_site(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_connection_asks_for_everything),
        cmocka_unit_test(test_metrics_tell_the_health_of_targets),
        cmocka_unit_test(test_bad_news),
        cmocka_unit_test(test_a_reload_can_bring_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
