/* Connecting to listeners on loopback: ones that answer, refuse, or (their backlog is full) keep
 * silent. */
#include "unit/test.h"

#include "unit/io/dns_server.h"

#include "base/clock.h"
#include "io/connect.h"

#include <netinet/tcp.h>

#define LONG_MS 5000
#define FILLERS 4

static const struct dns_zone zones[] = {
    {.name = "here.test", .ttl = 60, .v4 = {"127.0.0.1"}},
    {.name = "second.test", .ttl = 60, .v4 = {"127.0.0.2", "127.0.0.1"}},
    {.name = "silent.test", .ttl = 60, .rcode = DNS_DROP},
};

/* A port of 127.0.0.1 that answers, and the same port of other loopback addresses. */
struct scene {
    struct gw_loop *loop;
    struct dns_server server;
    struct gw_dns *dns;
    char resolv_conf[64];
    struct gw_timer guard;
    int listener;
    unsigned port;
    int silent, fillers[FILLERS]; /* 127.0.0.3: a full backlog */
    /* What came back. */
    bool told;
    int fd;
    enum gw_connect_failure failure;
    struct gw_err err;
    uint64_t took_ms;
};

static void on_guard(struct gw_timer *timer)
{
    (void)timer;
    fail_msg("no end");
}

static int listen_on(const char *host, unsigned port, int backlog)
{
    struct gw_addr addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_true(gw_addr_parse(gw_str_of(host), port, &addr));
    assert_int_equal(bind(fd, &addr.u.sa, addr.len), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

static void scene_init(struct scene *scene)
{
    struct gw_err err;

    *scene = (struct scene){
        .resolv_conf = "/tmp/sluice_connect_test_XXXXXX", .guard.on_timer = on_guard, .fd = -1};
    assert_int_equal(gw_loop_create(0, &scene->loop, NULL), GW_OK);
    unsigned port =
        dns_server_start(&scene->server, scene->loop, "127.0.0.1", 0, zones, GW_COUNT(zones));
    dns_write_resolv_conf(scene->resolv_conf, "127.0.0.1");
    const struct gw_dns_options options = {scene->resolv_conf, (unsigned short)port, 2000};
    assert_int_equal(gw_dns_create(scene->loop, &options, &scene->dns, NULL), GW_OK);
    scene->listener = listen_on("127.0.0.1", 0, 16);
    scene->port = gw_sock_local_port(scene->listener);
    /* One connection fits into a backlog of 0; what comes after it gets no answer. */
    scene->silent = listen_on("127.0.0.3", scene->port, 0);
    struct gw_addr addr;
    assert_true(gw_addr_parse(GW_STR("127.0.0.3"), scene->port, &addr));
    for (int i = 0; i < FILLERS; i++)
        assert_int_equal(gw_connect_start(&addr, &scene->fillers[i], &err), GW_OK);
}

static void scene_finish(struct scene *scene)
{
    if (scene->fd != -1)
        close(scene->fd);
    for (int i = 0; i < FILLERS; i++)
        close(scene->fillers[i]);
    close(scene->silent);
    close(scene->listener);
    gw_dns_destroy(scene->dns);
    dns_server_stop(&scene->server);
    gw_loop_destroy(scene->loop);
    (void)unlink(scene->resolv_conf);
}

static void on_connected(void *arg, int fd, enum gw_connect_failure failure,
                         const struct gw_err *err)
{
    struct scene *scene = arg;

    assert_false(scene->told);
    scene->told = true;
    scene->fd = fd;
    scene->failure = failure;
    scene->err = *err;
    gw_loop_stop(scene->loop);
}

static void run(struct scene *scene)
{
    uint64_t from = gw_clock_ns();

    assert_false(scene->told);
    gw_loop_timer_set(scene->loop, &scene->guard, 20000);
    gw_loop_run(scene->loop);
    gw_loop_timer_clear(scene->loop, &scene->guard);
    scene->took_ms = (gw_clock_ns() - from) / GW_NS_PER_MS;
}

static void test_whoever_answers_first_wins(void **state)
{
    static const struct {
        const char *label;
        const char *hosts[4]; /* 127.0.0.1 answers, .2 refuses, .3 keeps silent */
        enum gw_connect_failure failure;
        const char *message;
        unsigned timeout_ms, least_ms, most_ms;
    } cases[] = {
        {"one that answers", {"127.0.0.1"}, GW_CONNECT_NONE, NULL, LONG_MS, 0, 240},
        {"one that refuses", {"127.0.0.2"}, GW_CONNECT_REFUSED, "127.0.0.2", LONG_MS, 0, 240},
        {"one that is silent", {"127.0.0.3"}, GW_CONNECT_TIMEOUT, "within 60 ms", 60, 60, 2000},
        {"refused, then the next at once",
         {"127.0.0.2", "::1", "127.0.0.1"},
         GW_CONNECT_NONE,
         NULL,
         LONG_MS,
         0,
         240},
        {"silent, then the next after 250 ms",
         {"127.0.0.3", "127.0.0.1"},
         GW_CONNECT_NONE,
         NULL,
         LONG_MS,
         240,
         1500},
        {"silent, then refused, then the next at once",
         {"127.0.0.3", "127.0.0.2", "127.0.0.1"},
         GW_CONNECT_NONE,
         NULL,
         LONG_MS,
         240,
         490},
        {"all refuse", {"127.0.0.2", "::1"}, GW_CONNECT_REFUSED, "127.0.0.2", LONG_MS, 0, 240},
        {"refused and silent",
         {"127.0.0.2", "127.0.0.3"},
         GW_CONNECT_TIMEOUT,
         "within 60 ms",
         60,
         60,
         2000},
        {"a network that is not there",
         {"255.255.255.255", "127.0.0.2"},
         GW_CONNECT_REFUSED,
         "127.0.0.2",
         LONG_MS,
         0,
         240},
    };
    (void)state;

    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct scene scene;
        struct gw_dns_answer answer = {0};
        scene_init(&scene);
        for (; answer.count < 4 && cases[i].hosts[answer.count]; answer.count++)
            assert_true(gw_addr_parse(gw_str_of(cases[i].hosts[answer.count]), scene.port,
                                      &answer.addrs[answer.count]));
        assert_non_null(
            gw_connect_to(scene.loop, &answer, cases[i].timeout_ms, on_connected, &scene));
        run(&scene);
        if (scene.failure != cases[i].failure || (scene.fd == -1) != (cases[i].message != NULL) ||
            (cases[i].message && !strstr(scene.err.message, cases[i].message)))
            fail_msg("%s: %d, %s", cases[i].label, scene.failure, scene.err.message);
        if (scene.took_ms < cases[i].least_ms || scene.took_ms > cases[i].most_ms)
            fail_msg("%s: took %u ms", cases[i].label, (unsigned)scene.took_ms);
        scene_finish(&scene);
    }
}

static void test_the_descriptor_is_ready_to_use(void **state)
{
    struct scene scene;
    struct gw_addr peer;
    int no_delay = 0;
    socklen_t len = sizeof no_delay;
    (void)state;

    scene_init(&scene);
    assert_non_null(gw_connect(scene.loop, NULL, GW_STR("127.0.0.1"), scene.port, LONG_MS, NULL,
                               on_connected, &scene));
    run(&scene);
    assert_int_not_equal(scene.fd, -1);
    assert_true(gw_sock_peer(scene.fd, &peer));
    assert_true(fcntl(scene.fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(scene.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(getsockopt(scene.fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &len), 0);
    assert_int_not_equal(no_delay, 0);
    /* Not registered: so it can be. */
    struct gw_io io = {.fd = scene.fd};
    assert_int_equal(gw_loop_add(scene.loop, &io, NULL), GW_OK);
    scene_finish(&scene);
}

static void test_hosts_are_resolved(void **state)
{
    static const struct {
        const char *label, *host;
        enum gw_connect_failure failure;
        enum gw_status status;
        const char *message;
        unsigned timeout_ms;
    } cases[] = {
        {"a name", "here.test", GW_CONNECT_NONE, GW_OK, NULL, LONG_MS},
        {"the second address", "second.test", GW_CONNECT_NONE, GW_OK, NULL, LONG_MS},
        {"localhost, on IPv4 only", "localhost", GW_CONNECT_NONE, GW_OK, NULL, LONG_MS},
        {"no such name", "gone.test", GW_CONNECT_DNS, GW_NOT_FOUND,
         "could not resolve gone.test: Domain name not found", LONG_MS},
        {"no name at all", "a b", GW_CONNECT_DNS, GW_INVALID, "not a host name", LONG_MS},
        {"no answer in time", "silent.test", GW_CONNECT_DNS, GW_TIMEOUT,
         "could not resolve silent.test within 50 ms", 50},
    };
    struct scene scene;
    (void)state;

    scene_init(&scene);
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        for (int again = 0; again < 2; again++) { /* asked, then cached */
            scene.told = false;
            assert_non_null(gw_connect(scene.loop, scene.dns, gw_str_of(cases[i].host), scene.port,
                                       cases[i].timeout_ms, NULL, on_connected, &scene));
            run(&scene);
            if (scene.failure != cases[i].failure ||
                (scene.failure && scene.err.status != cases[i].status) ||
                (cases[i].message && !strstr(scene.err.message, cases[i].message)))
                fail_msg("%s: %d, %s", cases[i].label, scene.failure, scene.err.message);
            if (scene.fd != -1)
                close(scene.fd);
            scene.fd = -1;
        }
    }
    scene_finish(&scene);
}

static unsigned asked_about;

static bool permits_first_only(const struct gw_addr *addr)
{
    char text[GW_ADDR_TEXT_BYTES];

    asked_about++;
    return strncmp(gw_addr_text(addr, text), "127.0.0.1:", 10) == 0;
}

static void test_addresses_may_be_forbidden(void **state)
{
    static const struct {
        const char *label, *host;
        bool connects;
        unsigned asked;
    } cases[] = {
        {"a literal", "127.0.0.1", true, 1},
        {"a literal that is not", "127.0.0.2", false, 1},
        {"a name", "here.test", true, 1},
        {"a name, one of two is not", "second.test", false, 1},
        {"localhost", "localhost", false, 1},
    };
    struct scene scene;
    (void)state;

    scene_init(&scene);
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        for (int again = 0; again < 2; again++) { /* asked, then cached */
            scene.told = false;
            asked_about = 0;
            assert_non_null(gw_connect(scene.loop, scene.dns, gw_str_of(cases[i].host), scene.port,
                                       LONG_MS, permits_first_only, on_connected, &scene));
            run(&scene);
            if ((scene.fd != -1) != cases[i].connects || asked_about != cases[i].asked)
                fail_msg("%s: %s, asked %u times", cases[i].label, scene.err.message, asked_about);
            if (!cases[i].connects &&
                (scene.failure != GW_CONNECT_REFUSED || scene.err.status != GW_UNSUPPORTED ||
                 strstr(scene.err.message, "127.")))
                fail_msg("%s: %d, %s", cases[i].label, scene.failure, scene.err.message);
            if (scene.fd != -1)
                close(scene.fd);
            scene.fd = -1;
        }
    }
    scene_finish(&scene);
}

static void test_cancelled_connects_are_silent(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "127.0.0.2",   "127.0.0.3", "here.test",
                                        "gone.test", "silent.test", "a b",       "localhost"};
    struct scene scene;
    struct gw_connect *connects[GW_COUNT(hosts)];
    (void)state;

    scene_init(&scene);
    scene.told = true; /* a call would be a fault */
    for (size_t i = 0; i < GW_COUNT(hosts); i++) {
        connects[i] = gw_connect(scene.loop, scene.dns, gw_str_of(hosts[i]), scene.port, LONG_MS,
                                 NULL, on_connected, &scene);
        assert_non_null(connects[i]);
    }
    for (size_t i = 0; i < GW_COUNT(hosts); i++)
        gw_connect_cancel(connects[i]);
    scene.told = false;
    assert_non_null(gw_connect(scene.loop, NULL, GW_STR("127.0.0.3"), scene.port, 300, NULL,
                               on_connected, &scene));
    run(&scene);
    assert_int_equal(scene.failure, GW_CONNECT_TIMEOUT);
    scene_finish(&scene);
}

static int set_up(void **state)
{
    (void)state;
    return gw_dns_setup(NULL) == GW_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    gw_dns_teardown();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whoever_answers_first_wins),
        cmocka_unit_test(test_the_descriptor_is_ready_to_use),
        cmocka_unit_test(test_hosts_are_resolved),
        cmocka_unit_test(test_addresses_may_be_forbidden),
        cmocka_unit_test(test_cancelled_connects_are_silent),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
