/* The resolver against a server of the test's own; time is stepped, not waited for, wherever it may
 * be. */
#include "unit/test.h"

#include "unit/io/dns_server.h"

#include "base/clock.h"
#include "io/dns_cache.h"

#define LONG_MS 5000

static const struct dns_zone zones[] = {
    {.name = "both.test",
     .ttl = 60,
     .v4 = {"192.0.2.1", "192.0.2.2", "192.0.2.3"},
     .v6 = {"2001:db8::1"}},
    {.name = "v4.test", .ttl = 60, .v4 = {"192.0.2.4"}},
    {.name = "v6.test", .ttl = 60, .v6 = {"2001:db8::6"}},
    {.name = "none.test", .ttl = 60},
    {.name = "broken.test", .ttl = 60, .rcode = DNS_SERVFAIL},
    {.name = "silent.test", .ttl = 60, .rcode = DNS_DROP},
    {.name = "lost-v6.test", .ttl = 60, .v4 = {"192.0.2.7"}, .drop_v6 = true},
    {.name = "lost-v4.test", .ttl = 60, .v6 = {"2001:db8::8"}, .drop_v4 = true},
    {.name = "late.test", .ttl = 60, .v4 = {"192.0.2.8"}, .v6 = {"2001:db8::9"}, .late_v6 = true},
    {.name = "zero.test", .ttl = 0, .v4 = {"192.0.2.9"}},
    {.name = "long.test", .ttl = 100000, .v4 = {"192.0.2.10"}},
    {.name = "many.test",
     .ttl = 60,
     .v4 = {"192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14", "192.0.2.15", "192.0.2.16",
            "192.0.2.17", "192.0.2.18", "192.0.2.19", "192.0.2.20", "192.0.2.21", "192.0.2.22",
            "192.0.2.23", "192.0.2.24", "192.0.2.25", "192.0.2.26", "192.0.2.27", "192.0.2.28"},
     .v6 = {"2001:db8::b", "2001:db8::c"}},
};

/* The resolver, its server, and what came back last. */
struct scene {
    struct gw_loop *loop;
    struct dns_server server;
    struct gw_dns *dns;
    struct gw_dns_options options;
    char resolv_conf[64];
    struct gw_timer guard;
    unsigned told, wanted; /* callbacks: the loop stops when all have run */
    enum gw_status status;
    char text[1024]; /* addresses, or the message */
};

static void on_guard(struct gw_timer *timer)
{
    (void)timer;
    fail_msg("no answer");
}

static void scene_init(struct scene *scene)
{
    *scene =
        (struct scene){.resolv_conf = "/tmp/sluice_dns_test_XXXXXX", .guard.on_timer = on_guard};
    assert_int_equal(gw_loop_create(0, &scene->loop, NULL), GW_OK);
    unsigned port =
        dns_server_start(&scene->server, scene->loop, "127.0.0.1", 0, zones, GW_COUNT(zones));
    assert_int_not_equal(port, 0);
    dns_write_resolv_conf(scene->resolv_conf, "127.0.0.1");
    scene->options = (struct gw_dns_options){scene->resolv_conf, (unsigned short)port, 40};
    assert_int_equal(gw_dns_create(scene->loop, &scene->options, &scene->dns, NULL), GW_OK);
}

static void scene_finish(struct scene *scene)
{
    gw_dns_destroy(scene->dns);
    dns_server_stop(&scene->server);
    gw_loop_destroy(scene->loop);
    (void)unlink(scene->resolv_conf);
}

static void describe(const struct gw_dns_answer *answer, char *out, size_t room)
{
    char text[GW_ADDR_TEXT_BYTES];
    size_t at = 0;

    for (unsigned i = 0; i < answer->count; i++)
        at += (size_t)snprintf(out + at, room - at, "%s%s", i ? " " : "",
                               gw_addr_text(&answer->addrs[i], text));
}

static void on_told(void *arg, const struct gw_dns_answer *answer, const struct gw_err *err)
{
    struct scene *scene = arg;

    scene->status = answer ? GW_OK : err->status;
    if (answer)
        describe(answer, scene->text, sizeof scene->text);
    else
        (void)snprintf(scene->text, sizeof scene->text, "%s", err->message);
    if (++scene->told == scene->wanted)
        gw_loop_stop(scene->loop);
}

static void run_for(struct scene *scene, unsigned wanted, uint64_t guard_ms)
{
    scene->told = 0;
    scene->wanted = wanted;
    gw_loop_timer_set(scene->loop, &scene->guard, guard_ms);
    gw_loop_run(scene->loop);
    gw_loop_timer_clear(scene->loop, &scene->guard);
}

static void run_until_told(struct scene *scene, unsigned wanted)
{
    run_for(scene, wanted, 20000);
}

static void look_up(struct scene *scene, const char *host)
{
    assert_non_null(gw_dns_lookup(scene->dns, gw_str_of(host), 443, LONG_MS, on_told, scene));
    assert_int_equal(scene->told, 0);
    run_until_told(scene, 1);
    scene->told = 0;
}

/* Lets time pass: the loop takes note of it in its next turn. */
static void step_ms(struct scene *scene, uint64_t ms)
{
    gw_clock_step(ms * GW_NS_PER_MS);
    scene->told = 0;
    (void)gw_dns_lookup(scene->dns, GW_STR("localhost"), 1, LONG_MS, on_told, scene);
    run_for(scene, 1, 20000 + ms); /* timers count from the turn before */
    scene->told = 0;
}

static void test_names_become_addresses(void **state)
{
    static const struct {
        const char *label, *host;
        enum gw_status status;
        const char *text;
    } cases[] = {
        {"families take turns", "both.test", GW_OK,
         "[2001:db8::1]:443 192.0.2.1:443 192.0.2.2:443 192.0.2.3:443"},
        {"any case", "BOTH.Test", GW_OK,
         "[2001:db8::1]:443 192.0.2.1:443 192.0.2.2:443 192.0.2.3:443"},
        {"only IPv4", "v4.test", GW_OK, "192.0.2.4:443"},
        {"only IPv6", "v6.test", GW_OK, "[2001:db8::6]:443"},
        {"at most 16", "many.test", GW_OK,
         "[2001:db8::b]:443 192.0.2.11:443 [2001:db8::c]:443 192.0.2.12:443 192.0.2.13:443 "
         "192.0.2.14:443 192.0.2.15:443 192.0.2.16:443 192.0.2.17:443 192.0.2.18:443 "
         "192.0.2.19:443 192.0.2.20:443 192.0.2.21:443 192.0.2.22:443 192.0.2.23:443 "
         "192.0.2.24:443"},
        {"IPv6 answer a little later", "late.test", GW_OK, "[2001:db8::9]:443 192.0.2.8:443"},
        {"IPv6 answer lost", "lost-v6.test", GW_OK, "192.0.2.7:443"},
        {"IPv4 answer lost", "lost-v4.test", GW_OK, "[2001:db8::8]:443"},
        {"IPv4 literal", "192.0.2.99", GW_OK, "192.0.2.99:443"},
        {"IPv6 literal", "2001:db8::99", GW_OK, "[2001:db8::99]:443"},
        {"localhost", "localhost", GW_OK, "[::1]:443 127.0.0.1:443"},
        {"under localhost", "a.LocalHost.", GW_OK, "[::1]:443 127.0.0.1:443"},
        {"no such name", "gone.test", GW_NOT_FOUND,
         "could not resolve gone.test: Domain name not found"},
        {"no address", "none.test", GW_NOT_FOUND,
         "could not resolve none.test: the name has no address"},
        {"broken server", "broken.test", GW_IO,
         "could not resolve broken.test: no DNS server could answer"},
        {"silent server", "silent.test", GW_TIMEOUT,
         "could not resolve silent.test: the DNS servers do not answer"},
        {"empty", "", GW_INVALID, "could not resolve \"\": not a host name"},
        {"blank", "a b", GW_INVALID, "could not resolve \"a b\": not a host name"},
        {"empty label", "a..test", GW_INVALID, "could not resolve \"a..test\": not a host name"},
        {"leading dot", ".test", GW_INVALID, "could not resolve \".test\": not a host name"},
        {"not ASCII", "\xc3\xa4.test", GW_INVALID,
         "could not resolve \"\xc3\xa4.test\": not a host name"},
        {"address in short form", "127.1", GW_INVALID,
         "could not resolve \"127.1\": not a host name"},
        {"address as a number", "2130706433", GW_INVALID,
         "could not resolve \"2130706433\": not a host name"},
    };
    struct scene scene;
    (void)state;

    scene_init(&scene);
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        look_up(&scene, cases[i].host);
        if (scene.status != cases[i].status || strcmp(scene.text, cases[i].text) != 0)
            fail_msg("%s: %s", cases[i].label, scene.text);
    }
    scene_finish(&scene);
}

/* RFC 8305 §3: who has IPv4 addresses does not wait long for the others; the other way round is
 * worth it. */
static void test_a_lost_answer_holds_up_only_ipv6(void **state)
{
    static const struct {
        const char *host;
        unsigned least_ms, most_ms;
    } cases[] = {
        {"lost-v6.test", 50, 200},
        {"lost-v4.test", 300, 2000}, /* 100 ms, and 200 ms for the second try */
    };
    (void)state;

    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct scene scene;
        scene_init(&scene);
        gw_dns_destroy(scene.dns);
        scene.options.query_ms = 100;
        assert_int_equal(gw_dns_create(scene.loop, &scene.options, &scene.dns, NULL), GW_OK);
        uint64_t from = gw_clock_ns();
        look_up(&scene, cases[i].host);
        uint64_t took_ms = (gw_clock_ns() - from) / GW_NS_PER_MS;
        if (took_ms < cases[i].least_ms || took_ms > cases[i].most_ms)
            fail_msg("%s: %u ms", cases[i].host, (unsigned)took_ms);
        scene_finish(&scene);
    }
}

static void test_long_names_are_refused(void **state)
{
    char host[400];
    struct scene scene;
    struct gw_dns_answer answer;
    (void)state;

    scene_init(&scene);
    for (size_t i = 0; i < sizeof host; i++)
        host[i] = i % 50 == 49 ? '.' : 'a';
    assert_int_equal(gw_dns_cached(scene.dns, (struct gw_str){host, 253}, 1, &answer, NULL),
                     GW_AGAIN);
    for (size_t len = 254; len <= sizeof host; len++) {
        assert_int_equal(gw_dns_cached(scene.dns, (struct gw_str){host, len}, 1, &answer, NULL),
                         GW_INVALID);
    }
    assert_non_null(
        gw_dns_lookup(scene.dns, (struct gw_str){host, 400}, 1, LONG_MS, on_told, &scene));
    run_until_told(&scene, 1);
    assert_int_equal(scene.status, GW_INVALID);
    memset(host, 'b', 64); /* a label of 64 */
    host[64] = '.';
    assert_int_equal(gw_dns_cached(scene.dns, (struct gw_str){host, 100}, 1, &answer, NULL),
                     GW_INVALID);
    assert_int_equal(gw_dns_cached(scene.dns, GW_STR("localhost"), 65536, &answer, NULL),
                     GW_INVALID);
    scene_finish(&scene);
}

static void test_answers_live_for_their_ttl(void **state)
{
    static const struct {
        const char *host;
        unsigned fresh_ms, expired_ms;
    } cases[] = {
        {"v4.test", 58000, 61000},     /* as it says */
        {"zero.test", 900, 1100},      /* at least 1 s */
        {"long.test", 298000, 301000}, /* at most 300 s */
        {"gone.test", 4800, 5100},     /* failures too */
        {"broken.test", 900, 1100},
    };
    struct scene scene;
    struct gw_dns_answer answer;
    (void)state;

    scene_init(&scene);
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_str host = gw_str_of(cases[i].host);
        unsigned long before = gw_dns_questions(scene.dns);
        look_up(&scene, cases[i].host);
        enum gw_status status = scene.status;
        assert_int_equal(gw_dns_questions(scene.dns), before + 1);
        step_ms(&scene, cases[i].fresh_ms);
        if (gw_dns_cached(scene.dns, host, 80, &answer, NULL) != status)
            fail_msg("%s is gone too early", cases[i].host);
        step_ms(&scene, cases[i].expired_ms - cases[i].fresh_ms);
        if (gw_dns_cached(scene.dns, host, 80, &answer, NULL) != GW_AGAIN)
            fail_msg("%s stays too long", cases[i].host);
    }
    scene_finish(&scene);
}

static void test_an_expired_answer_outlives_dead_servers(void **state)
{
    struct scene scene;
    (void)state;

    scene_init(&scene);
    look_up(&scene, "v4.test");
    dns_server_stop(&scene.server);
    step_ms(&scene, 61000);
    look_up(&scene, "v4.test");
    assert_string_equal(scene.text, "192.0.2.4:443");
    /* The failed refresh is not repeated at once … */
    unsigned long before = gw_dns_questions(scene.dns);
    look_up(&scene, "v4.test");
    assert_int_equal(gw_dns_questions(scene.dns), before);
    /* … and after a minute the answer is no longer given. */
    step_ms(&scene, 61000);
    look_up(&scene, "v4.test");
    assert_int_not_equal(scene.status, GW_OK);
    scene_finish(&scene);
}

static void test_a_name_that_is_gone_is_believed(void **state)
{
    struct scene scene;
    (void)state;

    scene_init(&scene);
    look_up(&scene, "v4.test");
    scene.server.zone_count = 0;
    step_ms(&scene, 61000);
    look_up(&scene, "v4.test");
    assert_int_equal(scene.status, GW_NOT_FOUND);
    scene_finish(&scene);
}

static void test_lookups_of_one_name_are_joined(void **state)
{
    struct scene scene;
    (void)state;

    scene_init(&scene);
    for (int i = 0; i < 10; i++)
        assert_non_null(gw_dns_lookup(scene.dns, i % 2 ? GW_STR("both.test") : GW_STR("BOTH.test"),
                                      443, LONG_MS, on_told, &scene));
    run_until_told(&scene, 10);
    assert_int_equal(gw_dns_questions(scene.dns), 1);
    assert_int_equal(scene.server.asked_v4, 1);
    assert_int_equal(scene.server.asked_v6, 1);
    scene_finish(&scene);
}

static void test_a_lookup_ends_in_time(void **state)
{
    struct scene scene;
    (void)state;

    scene_init(&scene);
    assert_non_null(gw_dns_lookup(scene.dns, GW_STR("silent.test"), 443, 20, on_told, &scene));
    run_until_told(&scene, 1);
    assert_int_equal(scene.status, GW_TIMEOUT);
    assert_string_equal(scene.text, "could not resolve silent.test within 20 ms");
    scene_finish(&scene);
}

static void on_never(void *arg, const struct gw_dns_answer *answer, const struct gw_err *err)
{
    (void)arg;
    (void)answer;
    (void)err;
    fail_msg("a cancelled lookup was answered");
}

static void test_cancelled_lookups_are_silent(void **state)
{
    struct scene scene;
    struct gw_dns_answer answer;
    (void)state;

    scene_init(&scene);
    gw_dns_cancel(gw_dns_lookup(scene.dns, GW_STR("localhost"), 1, LONG_MS, on_never, NULL));
    struct gw_dns_lookup *doomed[3];
    for (size_t i = 0; i < GW_COUNT(doomed); i++)
        doomed[i] = gw_dns_lookup(scene.dns, GW_STR("v4.test"), 1, LONG_MS, on_never, NULL);
    gw_dns_cancel(doomed[1]);
    gw_dns_cancel(doomed[0]);
    gw_dns_cancel(doomed[2]);
    look_up(&scene, "both.test");
    /* The question went on. */
    step_ms(&scene, 1);
    assert_int_equal(gw_dns_cached(scene.dns, GW_STR("v4.test"), 1, &answer, NULL), GW_OK);
    scene_finish(&scene);
}

/* Cancels its neighbours from inside a callback, and asks again. */
struct meddler {
    struct scene *scene;
    struct gw_dns_lookup *others[2];
};

static void on_meddle(void *arg, const struct gw_dns_answer *answer, const struct gw_err *err)
{
    struct meddler *meddler = arg;

    for (size_t i = 0; i < GW_COUNT(meddler->others); i++)
        gw_dns_cancel(meddler->others[i]);
    (void)gw_dns_lookup(meddler->scene->dns, GW_STR("gone.test"), 1, LONG_MS, on_told,
                        meddler->scene);
    on_told(meddler->scene, answer, err);
}

static void test_callbacks_may_cancel_and_ask(void **state)
{
    (void)state;

    for (size_t place = 0; place < 3; place++) {
        struct scene scene;
        scene_init(&scene);
        struct meddler meddler = {.scene = &scene};
        size_t other = 0;
        for (size_t i = 0; i < 3; i++) {
            bool mine = i == place;
            /* Lookups are told in an order of their own: those told before the meddler are none of
             * its prey. */
            struct gw_dns_lookup *lookup =
                gw_dns_lookup(scene.dns, GW_STR("gone.test"), 1, LONG_MS,
                              mine ? on_meddle : on_told, mine ? (void *)&meddler : &scene);
            if (!mine && i < place)
                meddler.others[other++] = lookup;
        }
        run_until_told(&scene, (unsigned)(4 - other));
        assert_int_equal(gw_dns_questions(scene.dns), 1);
        scene_finish(&scene);
    }
}

static void test_destroy_drops_what_waits(void **state)
{
    struct scene scene;
    (void)state;

    scene_init(&scene);
    (void)gw_dns_lookup(scene.dns, GW_STR("v4.test"), 1, LONG_MS, on_never, NULL);
    (void)gw_dns_lookup(scene.dns, GW_STR("silent.test"), 1, LONG_MS, on_never, NULL);
    (void)gw_dns_lookup(scene.dns, GW_STR("localhost"), 1, LONG_MS, on_never, NULL);
    scene_finish(&scene);
}

static void test_the_hosts_file_comes_first(void **state)
{
    char path[] = "/tmp/sluice_hosts_test_XXXXXX";
    struct scene scene;
    struct gw_dns_answer answer;
    (void)state;

    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    (void)fputs("192.0.2.50 both.test other.test\n192.0.2.51 both.test\n", file);
    (void)fclose(file);
    assert_int_equal(setenv("CARES_HOSTS", path, 1), 0);
    scene_init(&scene);
    look_up(&scene, "both.test");
    assert_string_equal(scene.text, "192.0.2.50:443 192.0.2.51:443");
    assert_int_equal(gw_dns_questions(scene.dns), 0);
    assert_int_equal(gw_dns_cached(scene.dns, GW_STR("both.test"), 1, &answer, NULL), GW_OK);
    look_up(&scene, "v4.test");
    assert_string_equal(scene.text, "192.0.2.4:443");
    scene_finish(&scene);
    assert_int_equal(unsetenv("CARES_HOSTS"), 0);
    (void)unlink(path);
}

static void test_a_new_resolv_conf_is_followed(void **state)
{
    static const struct dns_zone moved[] = {
        {.name = "v4.test", .ttl = 60, .v4 = {"192.0.2.77"}},
    };
    struct scene scene;
    struct dns_server second;
    (void)state;

    scene_init(&scene);
    look_up(&scene, "both.test");
    assert_int_not_equal(dns_server_start(&second, scene.loop, "127.0.0.2", scene.options.port,
                                          moved, GW_COUNT(moved)),
                         0);
    dns_write_resolv_conf(scene.resolv_conf, "127.0.0.2");
    look_up(&scene, "v4.test");
    assert_string_equal(scene.text, "192.0.2.77:443");
    dns_server_stop(&second);
    scene_finish(&scene);
}

static void test_the_cache_drops_the_least_recently_asked(void **state)
{
    static struct gw_dns_cache cache;
    char host[32];
    (void)state;

    for (int i = 0; i < GW_DNS_NAMES_MAX; i++) {
        (void)snprintf(host, sizeof host, "n%d.test", i);
        assert_non_null(gw_dns_cache_get(&cache, gw_str_of(host)));
    }
    struct gw_dns_name *busy = gw_dns_cache_find(&cache, GW_STR("n0.test"));
    assert_non_null(gw_dns_cache_find(&cache, GW_STR("N1.test"))); /* used again */
    busy->asked = true;
    for (int i = 0; i < GW_DNS_NAMES_MAX - 2; i++) {
        (void)snprintf(host, sizeof host, "m%d.test", i);
        assert_non_null(gw_dns_cache_get(&cache, gw_str_of(host)));
    }
    assert_int_equal(cache.count, GW_DNS_NAMES_MAX);
    assert_non_null(gw_dns_cache_find(&cache, GW_STR("n1.test")));
    assert_null(gw_dns_cache_find(&cache, GW_STR("n2.test")));
    assert_null(gw_dns_cache_find(&cache, GW_STR("n1023.test")));
    for (int i = 0; i < GW_DNS_NAMES_MAX; i++) {
        (void)snprintf(host, sizeof host, "k%d.test", i);
        assert_non_null(gw_dns_cache_get(&cache, gw_str_of(host)));
    }
    assert_ptr_equal(gw_dns_cache_find(&cache, GW_STR("n0.test")), busy); /* nobody takes it away */
    for (struct gw_dns_name *name = cache.newest; name; name = name->older)
        name->asked = true;
    assert_null(gw_dns_cache_get(&cache, GW_STR("more.test")));
    gw_dns_cache_finish(&cache);
}

static void test_waiting_lookups_are_bounded(void **state)
{
    struct scene scene;
    unsigned count = 0;
    (void)state;

    scene_init(&scene);
    while (count < 10000 &&
           gw_dns_lookup(scene.dns, GW_STR("silent.test"), 1, LONG_MS, on_never, NULL))
        count++;
    assert_int_equal(count, 4096);
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
        cmocka_unit_test(test_names_become_addresses),
        cmocka_unit_test(test_a_lost_answer_holds_up_only_ipv6),
        cmocka_unit_test(test_long_names_are_refused),
        cmocka_unit_test(test_answers_live_for_their_ttl),
        cmocka_unit_test(test_an_expired_answer_outlives_dead_servers),
        cmocka_unit_test(test_a_name_that_is_gone_is_believed),
        cmocka_unit_test(test_lookups_of_one_name_are_joined),
        cmocka_unit_test(test_a_lookup_ends_in_time),
        cmocka_unit_test(test_cancelled_lookups_are_silent),
        cmocka_unit_test(test_callbacks_may_cancel_and_ask),
        cmocka_unit_test(test_destroy_drops_what_waits),
        cmocka_unit_test(test_the_hosts_file_comes_first),
        cmocka_unit_test(test_a_new_resolv_conf_is_followed),
        cmocka_unit_test(test_the_cache_drops_the_least_recently_asked),
        cmocka_unit_test(test_waiting_lookups_are_bounded),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
