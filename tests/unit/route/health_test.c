#include "unit/test.h"

#include "route/health.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 8u
#define ROUNDS 200u
#define NAMES 500u
#define FAILURES 2000u
#define TURNS 20000u

/* What happens to a cell, at which millisecond, and what it says of itself then. The letters:
 *   f  a failure                      F  a failure of the probe
 *   s  a success                      d  the probe is dropped
 *   T  a probe is taken               t  a probe is asked for and not to be had
 *   ?  nothing happens */
#define THREE_IN_100                                                                               \
    {                                                                                              \
        true, 3, 100, 1000                                                                         \
    }
#define OPENED_AT_20 "f0=closed f10=closed f20=open "

static const struct {
    const char *label;
    struct gw_breaker_config breaker;
    const char *story;
} stories[] = {
    {"new", THREE_IN_100, "?0=closed t0=closed ?5000=closed"},
    {"three in a row", THREE_IN_100, "f0=closed f10=closed f20=open"},
    {"three at once", THREE_IN_100, "f7=closed f7=closed f7=open"},
    {"a success between", THREE_IN_100,
     "f0=closed f10=closed s11=closed f20=closed f30=closed f40=open"},
    {"each followed by a success", THREE_IN_100,
     "f0=closed s1=closed f2=closed s3=closed f4=closed s5=closed f6=closed"},
    {"the third on the window's last millisecond", THREE_IN_100, "f0=closed f50=closed f100=open"},
    {"the first is older than the window", THREE_IN_100, "f0=closed f50=closed f101=closed"},
    {"a new row after an old one", THREE_IN_100,
     "f0=closed f10=closed f150=closed f151=closed f152=open"},
    {"slow failures never open it", THREE_IN_100,
     "f0=closed f60=closed f120=closed f180=closed f240=closed f300=closed"},
    {"a window of nothing", {true, 2, 0, 1000}, "f5=closed f6=closed f6=open"},
    {"one is enough", {true, 1, 100, 1000}, "f0=open ?999=open ?1000=due"},
    {"one is enough, a window of nothing", {true, 1, 0, 1000}, "f0=open"},
    {"one is enough after a probe too",
     {true, 1, 100, 1000},
     "f0=open T1000=open s1=closed f2=open"},
    {"the most that can be asked for",
     {true, 3, UINT32_MAX, UINT32_MAX},
     "f1=closed f2=closed f3=open ?4294967297=open ?4294967298=due"},
    {"a clock that runs for long", THREE_IN_100,
     "f99999999999=closed f99999999999=closed f100000000000=open ?100000000999=open "
     "?100000001000=due T100000001000=open s100000001000=closed"},

    {"a probe is due after its time", THREE_IN_100, OPENED_AT_20 "?21=open ?1019=open ?1020=due"},
    {"it stays due", THREE_IN_100, OPENED_AT_20 "?1020=due ?900000=due"},
    {"no probe before", THREE_IN_100, OPENED_AT_20 "t20=open t1019=open T1020=open"},
    {"only one takes it", THREE_IN_100, OPENED_AT_20 "T1020=open t1020=open t1021=open"},
    {"the probe succeeds", THREE_IN_100, OPENED_AT_20 "T1020=open s1030=closed t1030=closed"},
    {"the row begins anew then", THREE_IN_100,
     OPENED_AT_20 "T1020=open s1030=closed f1031=closed f1032=closed f1033=open"},
    {"the probe fails", THREE_IN_100,
     OPENED_AT_20 "T1020=open F1100=open t1100=open ?2099=open ?2100=due"},
    {"probes fail for long", THREE_IN_100,
     OPENED_AT_20 "T1020=open F1100=open T2100=open F2150=open ?3149=open T3150=open "
                  "s3151=closed"},
    {"a failure while it is open", THREE_IN_100, OPENED_AT_20 "f900=open ?1019=open ?1020=due"},
    {"a failure while a probe is due", THREE_IN_100, OPENED_AT_20 "?1020=due f1500=due T1501=open"},
    {"a failure while a probe is under way", THREE_IN_100,
     OPENED_AT_20 "T1020=open f1030=open ?2019=open F1050=open ?2049=open ?2050=due"},
    {"a success of another while it is open", THREE_IN_100,
     OPENED_AT_20 "s500=closed f501=closed f502=closed f503=open"},
    {"a success of another while a probe is under way", THREE_IN_100,
     OPENED_AT_20 "T1020=open s1025=closed F1030=closed"},
    {"a probe that never comes back", THREE_IN_100,
     OPENED_AT_20 "T1020=open ?2019=open t2019=open ?2020=due T2020=open t2020=open s2030=closed"},
    {"a probe that comes back after the next one failed", THREE_IN_100,
     OPENED_AT_20 "T1020=open T2020=open F2100=open F2600=open ?3099=open ?3100=due"},
    {"a dropped probe", THREE_IN_100, OPENED_AT_20 "T1020=open d1050=due T1050=open s1051=closed"},
    {"dropped twice", THREE_IN_100, OPENED_AT_20 "T1020=open d1050=due T1060=open d1070=due"},
    {"dropped after another's success", THREE_IN_100,
     OPENED_AT_20 "T1020=open s1030=closed d1050=closed"},
    {"dropped after it was told to have failed", THREE_IN_100,
     OPENED_AT_20 "T1020=open F1030=open d1050=open ?2029=open ?2030=due"},
    {"dropped with nothing open", THREE_IN_100, "f0=closed d1=closed f2=closed f3=open"},

    {"off", {false, 1, 100, 1000}, "f0=closed f1=closed t2=closed f5000=closed t6000=closed"},
};

struct play {
    struct gw_health_cell *cell;
    const struct gw_breaker_config *breaker;
};

/* @return what was wrong, or NULL */
static const char *act(const struct play *play, char what, uint64_t now_ms)
{
    switch (what) {
    case 'f':
    case 'F':
        gw_health_failed(play->cell, play->breaker, now_ms, what == 'F');
        return NULL;
    case 's':
        gw_health_succeeded(play->cell);
        return NULL;
    case 'd':
        gw_health_probe_dropped(play->cell, now_ms);
        return NULL;
    case 'T':
        return gw_health_take_probe(play->cell, play->breaker, now_ms) ? NULL : "no probe";
    case 't':
        return gw_health_take_probe(play->cell, play->breaker, now_ms) ? "a probe" : NULL;
    case '?':
        return NULL;
    default:
        return "no such letter";
    }
}

static const char *state_name(const struct play *play, uint64_t now_ms)
{
    switch (gw_health_ask(play->cell, play->breaker, now_ms)) {
    case GW_HEALTH_CLOSED:
        return "closed";
    case GW_HEALTH_DUE:
        return "due";
    case GW_HEALTH_OPEN:
        return "open";
    }
    return "no state";
}

static void tell(const char *label, const struct play *play, const char *story)
{
    for (const char *at = story; *at;) {
        char *end;
        char what = *at++;
        uint64_t now_ms = strtoull(at, &end, 10);
        const char *wrong = act(play, what, now_ms);
        const char *after = state_name(play, now_ms);
        size_t len = strlen(after);
        if (wrong || *end != '=' || strncmp(end + 1, after, len) != 0)
            fail_msg("%s: %c%llu: %s, %s", label, what, (unsigned long long)now_ms, after,
                     wrong ? wrong : "which is not as told");
        at = end + 1 + len;
        if (*at == ' ')
            at++;
    }
}

static void test_stories(void **state)
{
    struct gw_health *health = gw_health_create();

    (void)state;
    for (size_t i = 0; i < GW_COUNT(stories); i++) {
        struct play play = {gw_health_cell(health, gw_str_of(stories[i].label)),
                            &stories[i].breaker};
        tell(stories[i].label, &play, stories[i].story);
    }
    gw_health_destroy(health);
}

/* A reload brings other settings to a cell that remembers. */
static void test_settings_change(void **state)
{
    static const struct gw_breaker_config five = {true, 5, 100, 1000}, two = {true, 2, 100, 1000},
                                          off = {false, 2, 100, 1000};
    struct gw_health *health = gw_health_create();
    struct gw_health_cell *cell = gw_health_cell(health, GW_STR("a"));
    const struct play with_five = {cell, &five}, with_two = {cell, &two}, without = {cell, &off};

    (void)state;
    tell("five", &with_five, "f0=closed f1=closed f2=closed f3=closed");
    tell("two: the next failure is one too many", &with_two, "?4=closed f5=open");
    tell("off: used whatever it was", &without, "?6=closed t2000=closed f2001=closed");
    tell("on again: nothing was forgotten", &with_two, "?7=open ?1004=open ?1005=due");
    gw_health_destroy(health);
}

static void test_cells_go_by_name(void **state)
{
    struct gw_health *health = gw_health_create();
    char name[] = "first";
    struct gw_health_cell *first = gw_health_cell(health, gw_str_of(name));

    (void)state;
    assert_non_null(first);
    name[0] = 'F'; /* the name was copied */
    assert_ptr_not_equal(gw_health_cell(health, gw_str_of(name)), first);
    assert_ptr_equal(gw_health_cell(health, GW_STR("first")), first);
    assert_ptr_not_equal(gw_health_cell(health, GW_STR("firs")), first);
    assert_ptr_not_equal(gw_health_cell(health, GW_STR("first\0")), first);
    assert_ptr_not_equal(gw_health_cell(health, GW_STR("")), first);
    assert_ptr_equal(gw_health_cell(health, GW_STR("")), gw_health_cell(health, GW_STR("")));
    gw_health_destroy(health);
    gw_health_destroy(NULL);
}

/* ---- from several threads ---- */

struct team {
    pthread_barrier_t barrier;
    struct gw_health *health;
    struct gw_health_cell *cell;
    struct gw_breaker_config breaker;
    atomic_uint holders;  /* of the probe */
    atomic_uint meetings; /* of two holders */
};

struct member {
    struct team *team;
    pthread_t thread;
    unsigned number;
    bool has_probe;
    struct gw_health_cell *cells[NAMES];
};

static void run_team(struct team *team, struct member members[THREADS], void *(*run)(void *))
{
    assert_int_equal(pthread_barrier_init(&team->barrier, NULL, THREADS + 1), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        members[i] = (struct member){.team = team, .number = i};
        assert_int_equal(pthread_create(&members[i].thread, NULL, run, &members[i]), 0);
    }
}

static void join_team(struct team *team, struct member members[THREADS])
{
    for (unsigned i = 0; i < THREADS; i++)
        (void)pthread_join(members[i].thread, NULL);
    (void)pthread_barrier_destroy(&team->barrier);
}

static void meet(struct team *team)
{
    (void)pthread_barrier_wait(&team->barrier);
}

static struct gw_health_cell *numbered_cell(struct gw_health *health, unsigned number)
{
    char name[16];

    (void)snprintf(name, sizeof name, "target-%u", number);
    return gw_health_cell(health, gw_str_of(name));
}

static void *ask_for_cells(void *arg)
{
    struct member *member = arg;

    meet(member->team);
    for (unsigned i = 0; i < NAMES; i++)
        member->cells[i] = numbered_cell(member->team->health, i);
    return NULL;
}

static void test_threads_get_the_same_cells(void **state)
{
    static struct member members[THREADS];
    struct team team = {.health = gw_health_create()};

    (void)state;
    run_team(&team, members, ask_for_cells);
    meet(&team);
    join_team(&team, members);
    for (unsigned n = 0; n < NAMES; n++)
        for (unsigned i = 0; i < THREADS; i++)
            assert_ptr_equal(members[i].cells[n], numbered_cell(team.health, n));
    assert_ptr_not_equal(members[0].cells[0], members[0].cells[1]);
    gw_health_destroy(team.health);
}

static void *fail_often(void *arg)
{
    struct member *member = arg;
    struct team *team = member->team;

    for (unsigned round = 0; round < ROUNDS; round++) {
        meet(team);
        for (unsigned i = 0; i < FAILURES; i++)
            gw_health_failed(team->cell, &team->breaker, 1, false);
        meet(team);
    }
    return NULL;
}

/* Not one failure is lost: one less than enough does not open it, the next does. */
static void test_threads_count_every_failure(void **state)
{
    static struct member members[THREADS];
    struct team team = {.health = gw_health_create(),
                        .breaker = {true, THREADS * FAILURES + 1, 100, 1000}};

    (void)state;
    team.cell = gw_health_cell(team.health, GW_STR("a"));
    const struct play play = {team.cell, &team.breaker};
    run_team(&team, members, fail_often);
    for (unsigned round = 0; round < ROUNDS; round++) {
        meet(&team);
        meet(&team);
        tell("after all", &play, "?1=closed f1=open s1=closed");
    }
    join_team(&team, members);
    gw_health_destroy(team.health);
}

/* When a probe is due for the n-th time: the one before failed at that time too. */
static uint64_t due_ms(const struct team *team, unsigned round)
{
    return (uint64_t)(round + 1) * team->breaker.open_ms;
}

/* All ask for the probe at once; then all fail at once, of whom one was the probe. */
static void *fail_and_probe(void *arg)
{
    struct member *member = arg;
    struct team *team = member->team;

    gw_health_failed(team->cell, &team->breaker, 0, false);
    for (unsigned round = 0; round < ROUNDS; round++) {
        meet(team);
        member->has_probe = gw_health_take_probe(team->cell, &team->breaker, due_ms(team, round));
        meet(team); /* they are counted */
        meet(team);
        gw_health_failed(team->cell, &team->breaker, due_ms(team, round), member->has_probe);
    }
    meet(team);
    return NULL;
}

static void test_threads_share_one_probe(void **state)
{
    static struct member members[THREADS];
    struct team team = {.health = gw_health_create(), .breaker = {true, THREADS, 100, 1000}};

    (void)state;
    team.cell = gw_health_cell(team.health, GW_STR("a"));
    run_team(&team, members, fail_and_probe);
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned probes = 0;
        meet(&team);
        meet(&team);
        for (unsigned i = 0; i < THREADS; i++)
            probes += members[i].has_probe;
        if (probes != 1)
            fail_msg("round %u: %u probes", round, probes);
        meet(&team);
    }
    meet(&team);
    join_team(&team, members);
    const struct play play = {team.cell, &team.breaker};
    char story[64];
    (void)snprintf(story, sizeof story, "?%llu=open ?%llu=due",
                   (unsigned long long)due_ms(&team, ROUNDS) - 1,
                   (unsigned long long)due_ms(&team, ROUNDS));
    tell("after the last round", &play, story);
    gw_health_destroy(team.health);
}

/* Who has the probe gives it back at once; then it is due again. */
static void *take_and_drop(void *arg)
{
    struct member *member = arg;
    struct team *team = member->team;

    meet(team);
    for (unsigned i = 0; i < TURNS; i++)
        if (gw_health_take_probe(team->cell, &team->breaker, 1000)) {
            if (atomic_fetch_add(&team->holders, 1) != 0)
                (void)atomic_fetch_add(&team->meetings, 1);
            (void)atomic_fetch_sub(&team->holders, 1);
            gw_health_probe_dropped(team->cell, 1000);
        }
    return NULL;
}

static void test_threads_never_probe_together(void **state)
{
    static struct member members[THREADS];
    struct team team = {.health = gw_health_create(), .breaker = {true, 1, 100, 1000}};

    (void)state;
    team.cell = gw_health_cell(team.health, GW_STR("a"));
    gw_health_failed(team.cell, &team.breaker, 0, false);
    run_team(&team, members, take_and_drop);
    meet(&team);
    join_team(&team, members);
    assert_int_equal(atomic_load(&team.meetings), 0);
    const struct play play = {team.cell, &team.breaker};
    tell("after all", &play, "?1000=due");
    gw_health_destroy(team.health);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_settings_change),
        cmocka_unit_test(test_cells_go_by_name),
        cmocka_unit_test(test_threads_get_the_same_cells),
        cmocka_unit_test(test_threads_count_every_failure),
        cmocka_unit_test(test_threads_share_one_probe),
        cmocka_unit_test(test_threads_never_probe_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
