#include "unit/base/chi_square.h"
#include "unit/route/walk.h"

#include <pthread.h>

#define DRAWS 100000u
#define THREADS 4u
#define TURNS 20000u

/* ---- draws by weight ---- */

static const struct {
    const char *label;
    uint32_t weights[WALK_TARGETS];
    uint32_t count;
} vectors[] = {
    {"two alike", {1, 1}, 2},
    {"three alike, large", {1000000, 1000000, 1000000}, 3},
    {"one, two, three", {1, 2, 3}, 3},
    {"nine to one", {90, 10}, 2},
    {"one of a thousand", {999, 1}, 2},
    {"none in the middle", {1, 0, 1}, 3},
    {"none at both ends", {0, 3, 2, 0}, 4},
    {"only one has any", {0, 7, 0}, 3},
    {"as large as can be", {UINT32_MAX, UINT32_MAX, UINT32_MAX / 2}, 3},
    {"eight", {8, 7, 6, 5, 4, 3, 2, 1}, 8},
    {"only one", {5}, 1},
};

/* "weighted a:1 b:2" */
static void write_route(char into[256], const char *strategy, const uint32_t *weights,
                        uint32_t count)
{
    int len = snprintf(into, 256, "%s", strategy);

    for (uint32_t i = 0; i < count; i++)
        len += snprintf(into + len, 256 - (size_t)len, " %c:%u", 'a' + (int)i, weights[i]);
}

static void check_draws(const char *strategy, size_t vector)
{
    char text[256];
    uint64_t counts[WALK_TARGETS] = {0};
    const struct walk_story story = {.route = text};
    struct walk_rig rig;

    write_route(text, strategy, vectors[vector].weights, vectors[vector].count);
    walk_rig_init(&rig, &story, vector + 1);
    for (unsigned i = 0; i < DRAWS; i++) {
        struct gw_walk walk;
        counts[gw_walk_begin(&walk, &rig.route, &rig.view)->index]++;
    }
    walk_rig_finish(&rig);
    if (!chi_square_fits(counts, vectors[vector].weights, vectors[vector].count))
        fail_msg("%s: %s: %llu %llu %llu", strategy, vectors[vector].label,
                 (unsigned long long)counts[0], (unsigned long long)counts[1],
                 (unsigned long long)counts[2]);
}

static void test_draws_are_by_weight(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(vectors); i++) {
        check_draws("weighted", i);
        check_draws("experiment", i);
    }
}

/* Once one has failed, the others share what is left as before. */
static void test_draws_after_a_failure(void **state)
{
    static const uint32_t weights[] = {1, 2, 3, 4};
    const struct walk_story story = {.route = "weighted a:1 b:2 c:3 d:4", .max_retries = 1};
    uint64_t counts[4][4] = {{0}};
    struct walk_rig rig;

    (void)state;
    walk_rig_init(&rig, &story, 1);
    for (unsigned i = 0; i < DRAWS; i++) {
        struct gw_walk walk;
        struct gw_walk_next next;
        uint32_t first = gw_walk_begin(&walk, &rig.route, &rig.view)->index;
        assert_true(
            gw_walk_next(&walk, &rig.view, GW_FAILURE_RETRYABLE, GW_RETRY_AFTER_NONE, &next));
        counts[first][walk.target->index]++;
        gw_arena_finish(&rig.arena);
    }
    walk_rig_finish(&rig);
    for (size_t first = 0; first < 4; first++) {
        uint32_t left[4];
        memcpy(left, weights, sizeof left);
        left[first] = 0;
        if (!chi_square_fits(counts[first], left, 4))
            fail_msg("after %c", 'a' + (int)first);
    }
}

/* ---- stories ---- */

static void check_all(const struct walk_story *stories, size_t count)
{
    for (size_t i = 0; i < count; i++)
        walk_check(&stories[i]);
}

#define STORY(label_, route_, retries_, failures_, walk_)                                          \
    .label = label_, .route = route_, .max_retries = retries_, .failures = failures_, .walk = walk_

static const struct walk_story retry_after[] = {
    {STORY("it is waited for", "single a", 2, "R3000 R", "a w3000+a w+a .")},
    {STORY("each time", "single a", 2, "R3000 R20", "a w3000+a w20+a .")},
    {STORY("nothing", "single a", 2, "R0", "a w0+a w0+a .")},
    {STORY("longer than any backoff", "single a", 1, "R9999", "a w9999+a .")},
    {STORY("ten seconds", "single a", 1, "R10000", "a w10000+a .")},
    {STORY("more than ten seconds", "single a", 2, "R10001", "a .")},
    {STORY("for good", "single a", 2, "R18446744073709551614", "a .")},
    {STORY("too long the second time", "single a", 2, "R R60000", "a w+a .")},
    {STORY("no retries", "single a", 0, "R3000", "a .")},
    {STORY("after a wait as asked, the next one is the second", "single a", 3, "R1 R",
           "a w1+a w+a w+a .")},

    {STORY("no wait for another", "fallback a b", 2, "R3000 R", "a b w3000+a .")},
    {STORY("not even from too long", "fallback a b c", 2, "R60000 R", "a b c .")},
    {STORY("no wait for the next step", "single a | single b", 1, "R3000 R", "a b w+b .")},
    {STORY("nor for another by weight", "weighted a b", 1, "R3000", "ab +ab .")},

    {STORY("time passes meanwhile", "fallback a b", 2, "R3000 R+1000", "a b w2000+a .")},
    {STORY("the first has to fail for it", "fallback a b", 2, "R3000+9000 R", "a b w3000+a .")},
    {STORY("the moment is there", "fallback a b", 2, "R3000 R+3000", "a b w0+a .")},
    {STORY("the moment has passed", "fallback a b", 2, "R3000 R+9000", "a b w0+a .")},
    {STORY("too long at first, not in the end", "fallback a b", 2, "R12000 R+2000",
           "a b w10000+a .")},
    {STORY("still too long in the end", "fallback a b", 2, "R12000 R+1999", "a b .")},
    {STORY("and a timeout", "fallback a b", 2, "R3000 M+1000", "a b w2000+a .")},
    {STORY("the word of another", "fallback a b", 2, "R R7000", "a b w+a .")},
    {STORY("the long word of another", "fallback a b", 2, "R R70000", "a b w+a .")},
    {STORY("of a step before", "single a | single b", 1, "R70000 R", "a b w+b .")},
    {STORY("in the last step", "single a | single b", 2, "R R5000 R", "a b w5000+b w+b .")},
    {STORY("a fallback of one", "fallback a", 1, "R5000", "a w5000+a .")},
    {STORY("a fallback of one, too long", "fallback a", 1, "R50000", "a .")},

    {STORY("by weight, whoever it is", "weighted a b", 2, "R2000", "ab +ab w2000+ab .")},
    {STORY("by weight, the first too long", "weighted a b", 2, "R60000 R", "ab +ab w+= .")},
    {STORY("by weight, the second too long", "weighted a b", 2, "R R60000", "ab +ab w+^ .")},
    {STORY("by weight, both too long", "weighted a b", 2, "R60000", "ab +ab .")},
    {STORY("a variant too long", "experiment a b", 2, "R60000 R", "ab +ab w+= .")},
};

static void test_retry_after(void **state)
{
    (void)state;
    check_all(retry_after, GW_COUNT(retry_after));
}

static const struct walk_story breaker[] = {
    {STORY("the first is open", "fallback a b c", 2, "R", "b c a w+a ."), .open = "a"},
    {STORY("the second is open", "fallback a b c", 2, "R", "a c b w+a ."), .open = "b"},
    {STORY("two are open", "fallback a b c", 2, "R", "c a b w+a ."), .open = "ab"},
    {STORY("all are open", "fallback a b c", 2, "R", "a b c w+a ."), .open = "abc"},
    {STORY("open, and timeouts", "fallback a b", 2, "M", "b a w+a ."), .open = "a"},
    {STORY("open, and the only one", "fallback a", 1, "R", "a w+a ."), .open = "a"},
    {STORY("the first may be probed", "fallback a b", 2, "R", "pa b w+a ."), .due = "a"},
    {STORY("the second may be probed", "fallback a b", 2, "R", "a pb w+a ."), .due = "b"},
    {STORY("open for long enough meanwhile", "fallback a b c", 2, "R+15000 R", "b pa c w+a ."),
     .open = "a"},
    {STORY("open for long enough in the end", "fallback a b", 2, "R R+20000", "a b w+pa .")},
    {STORY("off", "fallback a b c", 2, "R", "a b c w+a ."), .open = "a", .due = "b",
     .breaker_off = true},

    {STORY("by weight", "weighted a b", 2, "R", "b +a w+ab ."), .open = "a"},
    {STORY("by weight, without retries", "weighted a b", 0, "R", "b ."), .open = "a"},
    {STORY("by weight, timeouts", "weighted a b", 2, "M", "b ."), .open = "a"},
    {STORY("by weight, all the weight is open", "weighted a:1 b:0", 1, "R", "b +a ."), .open = "a"},
    {STORY("by weight, may be probed", "weighted a:1 b:0", 0, "R", "pa ."), .due = "a"},
    {STORY("by weight, the other may be probed", "weighted a b", 1, "R", "pb +a ."), .open = "a",
     .due = "b"},
    {STORY("by weight, off", "weighted a b", 0, "R", "ab ."), .open = "a", .breaker_off = true},

    {STORY("by weight, open ones in their order", "weighted a b:99 c", 2, "R", "c +a +b ."),
     .open = "ab"},
    {STORY("by weight, all are open", "weighted a b:99", 2, "R", "a +b w+ab ."), .open = "ab"},
    {STORY("by weight, all steps are open", "single a | weighted b c:99", 1, "R", "a b +c ."),
     .open = "abc"},

    {STORY("single does not skip", "single a", 2, "R", "a w+a w+a ."), .open = "a"},
    {STORY("single is a probe", "single a", 2, "R", "pa w+a w+a ."), .due = "a"},
    {STORY("variants are not skipped", "experiment a b", 0, "R", "ab ."), .open = "a"},
    {STORY("variants are not skipped then", "experiment a b", 1, "R", "ab +ab ."), .open = "ab"},
    {STORY("a variant is a probe", "experiment a:1 b:0", 0, "R", "pa ."), .due = "a"},

    {STORY("a step is open", "single a | single b", 2, "R", "b a w+b w+b ."), .open = "a"},
    {STORY("a step is open, timeouts", "single a | single b", 2, "M", "b a ."), .open = "a"},
    {STORY("the last step is open", "single a | single b", 2, "R", "a b w+b w+b ."), .open = "b"},
    {STORY("all steps are open", "single a | single b", 2, "R", "a b w+b w+b ."), .open = "ab"},
    {STORY("a step may be probed", "single a | single b", 1, "R", "pa b w+b ."), .due = "a"},
    {STORY("a later step comes before what is open", "fallback a b | single c", 1, "R",
           "a c b w+c ."),
     .open = "b"},
    {STORY("then the open ones in their order", "fallback a b | fallback c d", 1, "R",
           "d a b c w+c ."),
     .open = "abc"},
    {STORY("back to a step, whose retries have been made", "single a | weighted b c", 1, "R",
           "bc +bc a ."),
     .open = "a"},
    {STORY("back to a step, with one retry left", "single a | weighted b c", 2, "R",
           "bc +bc a w+bc ."),
     .open = "a"},
    {STORY("retries of one step are not another's", "weighted a b | single c", 1, "R",
           "c a +b w+c ."),
     .open = "ab"},
    {STORY("a fallback is the last step", "single a | fallback b c", 1, "R", "b c a w+b ."),
     .open = "a"},
};

static void test_breaker(void **state)
{
    (void)state;
    check_all(breaker, GW_COUNT(breaker));
}

/* ---- several workers ---- */

struct walker {
    pthread_t thread;
    pthread_barrier_t *barrier;
    struct walk_rig rig;
    unsigned first, probes, others,
        none; /* how walks began: the first as a probe is none of `first` */
};

/* Begins again and again; a probe is dropped at once, and another may be sent. */
static void *begin_often(void *arg)
{
    struct walker *walker = arg;

    (void)pthread_barrier_wait(walker->barrier);
    for (unsigned i = 0; i < TURNS; i++) {
        struct gw_walk walk;
        const struct gw_target_config *target =
            gw_walk_begin(&walk, &walker->rig.route, &walker->rig.view);
        walker->none += !target;
        walker->others += target && target->index != 0;
        walker->probes += target && target->index == 0 && walk.probe;
        walker->first += target && target->index == 0 && !walk.probe;
        if (target && walk.probe)
            gw_health_probe_dropped(walker->rig.view.health[0], WALK_START_MS);
    }
    return NULL;
}

/* The first target may be probed, and all workers look at the same cells. */
static struct walker begin_together(const char *route)
{
    static struct walker walkers[THREADS];
    const struct walk_story story = {.route = route, .due = "a"};
    pthread_barrier_t barrier;
    struct walker sum = {.barrier = NULL};

    assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        walkers[i] = (struct walker){.barrier = &barrier};
        walk_rig_init(&walkers[i].rig, &story, i + 1);
        walkers[i].rig.view.health = walkers[0].rig.cells;
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&walkers[i].thread, NULL, begin_often, &walkers[i]), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(walkers[i].thread, NULL);
        sum.first += walkers[i].first;
        sum.probes += walkers[i].probes;
        sum.others += walkers[i].others;
        sum.none += walkers[i].none;
    }
    for (unsigned i = 0; i < THREADS; i++)
        walk_rig_finish(&walkers[i].rig);
    (void)pthread_barrier_destroy(&barrier);
    assert_int_equal(sum.first + sum.probes + sum.others + sum.none, THREADS * TURNS);
    assert_true(sum.probes > 0);
    return sum;
}

/* Whoever sees the probe taken by another, at any moment, goes elsewhere. */
static void test_one_worker_probes(void **state)
{
    static const char *const routes[] = {"fallback a b", "weighted a b", "single a | single b"};

    (void)state;
    for (size_t i = 0; i < GW_COUNT(routes); i++) {
        struct walker sum = begin_together(routes[i]);
        if (sum.first || sum.none)
            fail_msg("%s: %u beside the probe, %u nowhere", routes[i], sum.first, sum.none);
    }
}

/* Where there is no elsewhere, it is tried after all, whatever others do to it meanwhile. */
static void test_workers_of_one_target(void **state)
{
    (void)state;
    assert_int_equal(begin_together("fallback a").none, 0);
}

static const struct walk_story left_out[] = {
    {STORY("the first", "fallback a b c", 2, "R", "b c w+b ."), .out = "a"},
    {STORY("the second", "fallback a b c", 2, "R", "a c w+a ."), .out = "b"},
    {STORY("the last", "fallback a b c", 2, "R", "a b w+a ."), .out = "c"},
    {STORY("the first, timeouts", "fallback a b c", 2, "M", "b c w+b ."), .out = "a"},
    {STORY("all", "fallback a b", 2, "R", "."), .out = "ab"},
    {STORY("the only one", "single a", 2, "R", "."), .out = "a"},
    {STORY("by weight", "weighted a b c", 3, "R", "ac +ac w+ac w+ac ."), .out = "b"},
    {STORY("by weight, but for one", "weighted a b c", 2, "R", "b w+b w+b ."), .out = "ac"},
    {STORY("by weight, all the weight", "weighted a:5 b:0", 1, "R", "b w+b ."), .out = "a"},
    {STORY("variants", "experiment a b c", 2, "R", "bc +bc w+bc ."), .out = "a"},
    {STORY("a step", "single a | single b", 2, "R", "b w+b w+b ."), .out = "a"},
    {STORY("a step between", "single a | single b | single c", 1, "R", "a c w+c ."), .out = "b"},
    {STORY("all but one of a fallback", "fallback a b c", 2, "R", "b w+b w+b ."), .out = "ac"},
    {STORY("all but one of a fallback, timeouts", "fallback a b c", 2, "M", "b ."), .out = "ac"},
    {STORY("all but one of a fallback, no retries", "fallback a b", 0, "R", "a ."), .out = "b"},
    {STORY("the last step", "single a | single b", 2, "R", "a w+a w+a ."), .out = "b"},
    {STORY("the last steps", "fallback a b | single c | single d", 0, "M", "a b w+a ."),
     .out = "cd"},
    {STORY("all steps", "single a | fallback b c", 2, "R", "."), .out = "abc"},
    {STORY("one, and another is open", "fallback a b c", 2, "R", "c b w+b ."), .out = "a",
     .open = "b"},
};

static void test_left_out(void **state)
{
    (void)state;
    check_all(left_out, GW_COUNT(left_out));
}

/* A weight of 0 is never drawn while others have any, and still better than an error. */
static const struct walk_story no_weight[] = {
    {STORY("never drawn", "weighted a:0 b:1", 0, "R", "b .")},
    {STORY("but when it alone is left", "weighted a:1 b:0", 2, "R", "a +b w+a .")},
    {STORY("not again", "weighted a:1 b:0", 4, "R", "a +b w+a w+a w+a .")},
    {STORY("two of them, in their order", "weighted a:0 b:0 c:1", 3, "R", "c +a +b w+c .")},
    {STORY("variants too", "experiment a:0 b:1", 1, "R", "b +a .")},
    {STORY("nothing to a fallback", "fallback a:0 b:0", 0, "R", "a b w+a .")},
    {STORY("nothing to a single one", "single a:0", 1, "R", "a w+a .")},
};

static void test_no_weight(void **state)
{
    (void)state;
    check_all(no_weight, GW_COUNT(no_weight));
}

/* ---- waits ---- */

static const struct {
    const char *label;
    uint32_t base_ms, max_ms, n;
    uint64_t most_ms;
} waits[] = {
    {"the first", 3, 100, 0, 3},
    {"the second", 3, 100, 1, 6},
    {"the third", 3, 100, 2, 12},
    {"the last below the limit", 3, 100, 5, 96},
    {"the limit", 3, 100, 6, 100},
    {"exactly the limit", 4, 16, 2, 16},
    {"the hundredth", 3, 100, 100, 100},
    {"every bit of a word is passed", 1, 5, 31, 5},
    {"and of the next", 1, 5, 32, 5},
    {"and so on", 1, 5, 63, 5},
    {"and on", 1, 5, 64, 5},
    {"no base", 0, 100, 0, 0},
    {"no base, later", 0, 100, 31, 0},
    {"no base, much later", 0, 100, 32, 0},
    {"no base, for ever", 0, 100, 100, 0},
    {"no limit to wait for", 100, 0, 0, 0},
    {"neither", 0, 0, 7, 0},
    {"a base above the limit", 500, 7, 0, 7},
    {"a base above the limit, later", 500, 7, 50, 7},
};

static void test_backoff(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(waits); i++) {
        const struct gw_retry_config retry = {2, waits[i].base_ms, waits[i].max_ms};
        struct gw_rng rng = walk_rng(i + 1);
        uint64_t least = UINT64_MAX, most = 0;
        for (unsigned draw = 0; draw < 10000; draw++) {
            uint64_t wait_ms = gw_retry_backoff_ms(&retry, waits[i].n, &rng);
            least = wait_ms < least ? wait_ms : least;
            most = wait_ms > most ? wait_ms : most;
        }
        if (least != 0 || most != waits[i].most_ms)
            fail_msg("%s: from %llu to %llu", waits[i].label, (unsigned long long)least,
                     (unsigned long long)most);
    }
}

/* All between the ends are as likely. */
static void test_backoff_is_even(void **state)
{
    const struct gw_retry_config retry = {2, 5, 100};
    uint32_t shares[11];
    uint64_t counts[11] = {0};
    struct gw_rng rng = walk_rng(1);

    (void)state;
    for (unsigned i = 0; i < DRAWS; i++)
        counts[gw_retry_backoff_ms(&retry, 1, &rng)]++;
    for (size_t i = 0; i < GW_COUNT(shares); i++)
        shares[i] = 1;
    assert_true(chi_square_fits(counts, shares, GW_COUNT(shares)));
}

static void test_backoff_of_the_largest_numbers(void **state)
{
    static const uint32_t numbers[] = {0, 1, 2, 500, 10000, 1u << 31, UINT32_MAX - 1, UINT32_MAX};
    struct gw_rng rng = walk_rng(1);

    (void)state;
    for (size_t base = 0; base < GW_COUNT(numbers); base++)
        for (size_t max = 0; max < GW_COUNT(numbers); max++)
            for (uint32_t n = 0; n <= 100; n++) {
                const struct gw_retry_config retry = {2, numbers[base], numbers[max]};
                double most = numbers[base];
                for (uint32_t i = 0; i < n; i++)
                    most *= 2;
                most = most < numbers[max] ? most : numbers[max];
                uint64_t wait_ms = gw_retry_backoff_ms(&retry, n, &rng);
                if ((double)wait_ms > most)
                    fail_msg("%u, %u, %u: %llu", numbers[base], numbers[max], n,
                             (unsigned long long)wait_ms);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draws_are_by_weight),
        cmocka_unit_test(test_draws_after_a_failure),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_breaker),
        cmocka_unit_test(test_one_worker_probes),
        cmocka_unit_test(test_workers_of_one_target),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_no_weight),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_backoff_is_even),
        cmocka_unit_test(test_backoff_of_the_largest_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
