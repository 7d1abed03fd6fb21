/*
 * tests: routes written as text, and walks through them told as text.
 *
 * A route is its steps: "fallback a b | single c"; a weight stands behind its target: "weighted a:9 b".
 *
 * How attempts fail is a list, whose last item goes for all the rest: R may be retried, M only moves on; a
 * number behind it is what the target asks for as Retry-After, in milliseconds; one behind a plus is how
 * long the attempt took: "R3000 M+500".
 *
 * A walk is the list of its attempts and a full stop: "a b w+a .". In front of an attempt may stand
 *   w      a wait, as long as chance has it
 *   w3000  a wait of exactly that
 *   +      it counts as a retry
 *   p      it is a probe
 * and it names the target, or several of which chance takes one: "abc". "=" is the one tried just before,
 * "^" the first one. Unless it waits, no target is one that has failed.
 *
 * Each walk is played many times, with other chances: then all targets named must have been met, and waits
 * must have been nearly as long as they may be.
 */
#ifndef GW_TESTS_UNIT_ROUTE_WALK_H
#define GW_TESTS_UNIT_ROUTE_WALK_H

#include "unit/test.h"

#include "route/strategy.h"

#include <stdio.h>
#include <stdlib.h>

#define WALK_TARGETS 8u
#define WALK_STEPS 4u
#define WALK_ATTEMPTS 16u
#define WALK_TIMES 64u
#define WALK_START_MS 1000000u
#define WALK_BASE_MS 1000u /* so that the first waits are at most 1, 2 and 4 seconds */
#define WALK_MAX_MS 4000u

struct walk_story {
    const char *label, *route;
    uint32_t max_retries;
    const char *failures;
    const char *walk;
    const char *out, *open, *due; /* targets that cannot serve, that are open, that may be probed */
    bool breaker_off;
};

/* A route with all that a walk looks at. */
struct walk_rig {
    struct gw_target_config targets[WALK_TARGETS];
    const struct gw_target_config *lists[WALK_TARGETS];
    struct gw_step_config steps[WALK_STEPS];
    struct gw_route_config route;
    struct gw_breaker_config breaker;
    struct gw_health *health;
    struct gw_health_cell *cells[WALK_TARGETS];
    struct gw_arena arena;
    struct gw_rng rng;
    struct gw_walk_view view;
    const char *out;
};

struct walk_attempt {
    char target; /* 0: there was none any more */
    bool waits, is_retry, probe;
    uint64_t wait_ms;
};

/* What was met of an attempt, over all times it was played. */
struct walk_met {
    bool targets[WALK_TARGETS];
    uint64_t wait_ms_max;
};

static inline struct gw_rng walk_rng(uint64_t seed)
{
    struct gw_rng rng = {{seed, 2, 3, 4}};

    for (int i = 0; i < 32; i++) /* until states that are much alike are not any more */
        (void)gw_rng_next(&rng);
    return rng;
}

static inline bool walk_named(const char *names, char name)
{
    return names && strchr(names, name);
}

static inline bool walk_can_serve(const void *arg, const struct gw_target_config *target)
{
    const struct walk_rig *rig = arg;

    return !walk_named(rig->out, target->name.base[0]);
}

static inline enum gw_strategy walk_strategy(struct gw_str name)
{
    if (gw_str_eq(name, GW_STR("single")))
        return GW_STRATEGY_SINGLE;
    if (gw_str_eq(name, GW_STR("weighted")))
        return GW_STRATEGY_WEIGHTED;
    if (gw_str_eq(name, GW_STR("fallback")))
        return GW_STRATEGY_FALLBACK;
    if (gw_str_eq(name, GW_STR("experiment")))
        return GW_STRATEGY_EXPERIMENT;
    fail_msg("%.*s is no strategy", GW_STR_ARG(name));
    return GW_STRATEGIES;
}

static inline void walk_add_target(struct walk_rig *rig, struct gw_str word)
{
    uint32_t i = rig->route.targets_count++;
    struct gw_step_config *step = &rig->steps[rig->route.steps_count - 1];

    assert_true(i < WALK_TARGETS);
    assert_int_equal(word.base[0], 'a' + (int)i);
    rig->targets[i] = (struct gw_target_config){
        .name = {word.base, 1},
        .index = i,
        .weight = word.len > 1 ? (uint32_t)strtoul(word.base + 2, NULL, 10) : 1,
    };
    rig->lists[i] = &rig->targets[i];
    rig->cells[i] = gw_health_cell(rig->health, rig->targets[i].name);
    if (step->targets_count++ == 0) {
        step->targets = &rig->lists[i];
        step->first = i;
    }
    step->weights_sum += rig->targets[i].weight;
}

static inline void walk_read_route(struct walk_rig *rig, const char *text)
{
    bool begins = true;

    while (*text) {
        struct gw_str word = {text, strcspn(text, " ")};
        if (begins) {
            assert_true(rig->route.steps_count < WALK_STEPS);
            rig->steps[rig->route.steps_count++].strategy = walk_strategy(word);
        } else if (word.base[0] != '|') {
            walk_add_target(rig, word);
        }
        begins = word.base[0] == '|';
        text += word.len + (text[word.len] == ' ');
    }
}

static inline void walk_open_targets(struct walk_rig *rig, const struct walk_story *story)
{
    const struct gw_breaker_config on = {true, 1, 1000, 15000};

    for (uint32_t i = 0; i < rig->route.targets_count; i++) {
        char name = rig->targets[i].name.base[0];
        if (walk_named(story->open, name))
            gw_health_failed(rig->cells[i], &on, WALK_START_MS, false);
        if (walk_named(story->due, name))
            gw_health_failed(rig->cells[i], &on, WALK_START_MS - on.open_ms, false);
    }
    rig->breaker = on;
    rig->breaker.enabled = !story->breaker_off;
}

static inline void walk_rig_init(struct walk_rig *rig, const struct walk_story *story,
                                 uint64_t seed)
{
    *rig = (struct walk_rig){
        .health = gw_health_create(),
        .rng = walk_rng(seed),
        .out = story->out,
        .route = {.name = GW_STR("route"),
                  .retry = {story->max_retries, WALK_BASE_MS, WALK_MAX_MS}},
    };
    gw_arena_init(&rig->arena, NULL);
    walk_read_route(rig, story->route);
    rig->route.steps = rig->steps;
    rig->route.has_steps = rig->route.steps_count > 1;
    walk_open_targets(rig, story);
    rig->view = (struct gw_walk_view){
        .arena = &rig->arena,
        .rng = &rig->rng,
        .breaker = &rig->breaker,
        .health = rig->cells,
        .can_serve = walk_can_serve,
        .arg = rig,
        .now_ms = WALK_START_MS,
    };
}

static inline void walk_rig_finish(struct walk_rig *rig)
{
    gw_arena_finish(&rig->arena);
    gw_health_destroy(rig->health);
}

struct walk_failure {
    enum gw_failure failure;
    uint64_t retry_after_ms, took_ms;
};

/* The last one is read again and again. */
static inline struct walk_failure walk_read_failure(const char **text)
{
    struct walk_failure failure = {GW_FAILURE_RETRYABLE, GW_RETRY_AFTER_NONE, 0};
    const char *at = *text;
    char *end;

    assert_true(*at == 'R' || *at == 'M');
    if (*at++ == 'M')
        failure.failure = GW_FAILURE_SLOW;
    if (*at >= '0' && *at <= '9') {
        failure.retry_after_ms = strtoull(at, &end, 10);
        at = end;
    }
    if (*at == '+') {
        failure.took_ms = strtoull(at + 1, &end, 10);
        at = end;
    }
    if (*at == ' ')
        *text = at + 1;
    return failure;
}

/* Plays what the gateway does: it tells health of each failure, asks what is next, and waits. */
static inline size_t walk_play(struct walk_rig *rig, const char *failures,
                               struct walk_attempt attempts[WALK_ATTEMPTS])
{
    struct gw_walk walk;
    size_t count = 0;
    const struct gw_target_config *first = gw_walk_begin(&walk, &rig->route, &rig->view);

    assert_ptr_equal(walk.target, first);
    if (!first)
        return 0;
    attempts[count++] = (struct walk_attempt){.target = first->name.base[0], .probe = walk.probe};
    for (;;) {
        const struct gw_target_config *failed = walk.target;
        struct gw_walk_next next = {.wait_ms = 77, .is_retry = true};
        struct walk_failure how = walk_read_failure(&failures);
        rig->view.now_ms += how.took_ms;
        gw_health_failed(rig->cells[failed->index], &rig->breaker, rig->view.now_ms, walk.probe);
        if (!gw_walk_next(&walk, &rig->view, how.failure, how.retry_after_ms, &next)) {
            assert_ptr_equal(walk.target, failed);
            assert_int_equal(next.wait_ms, 77);
            return count;
        }
        assert_true(gw_walk_may_repeat(&rig->route));
        if (count == WALK_ATTEMPTS)
            return count;
        attempts[count++] = (struct walk_attempt){
            .target = walk.target->name.base[0],
            .waits = next.wait_ms > 0,
            .is_retry = next.is_retry,
            .probe = walk.probe,
            .wait_ms = next.wait_ms,
        };
        rig->view.now_ms += next.wait_ms;
    }
}

/* ---- against what is told ---- */

struct walk_told {
    bool waits, exactly, is_retry, probe;
    uint64_t wait_ms, wait_ms_max;
    const char *targets;
    size_t targets_count;
};

static inline struct walk_told walk_read_told(const char **text, unsigned *waits)
{
    struct walk_told told = {.waits = false};
    const char *at = *text;
    char *end;

    if (*at == 'w') {
        told.waits = true;
        at++;
        told.wait_ms = strtoull(at, &end, 10);
        told.exactly = end != at;
        at = end;
        told.wait_ms_max = (uint64_t)WALK_BASE_MS << *waits;
        if (told.wait_ms_max > WALK_MAX_MS)
            told.wait_ms_max = WALK_MAX_MS;
        ++*waits;
    }
    if (*at == '+') {
        told.is_retry = true;
        at++;
    }
    if (*at == 'p') {
        told.probe = true;
        at++;
    }
    told.targets = at;
    told.targets_count = strcspn(at, " ");
    assert_true(at[told.targets_count] == ' '); /* a full stop follows */
    *text = at + told.targets_count + 1;
    return told;
}

static inline bool walk_target_fits(const struct walk_told *told,
                                    const struct walk_attempt *attempts, size_t i)
{
    if (!told->waits)
        for (size_t before = 0; before < i; before++)
            if (attempts[before].target == attempts[i].target)
                return false;
    if (told->targets[0] == '=')
        return i > 0 && attempts[i].target == attempts[i - 1].target;
    if (told->targets[0] == '^')
        return attempts[i].target == attempts[0].target;
    return memchr(told->targets, attempts[i].target, told->targets_count);
}

static inline bool walk_wait_fits(const struct walk_told *told, const struct walk_attempt *attempt)
{
    if (!told->waits)
        return attempt->wait_ms == 0;
    return told->exactly ? attempt->wait_ms == told->wait_ms
                         : attempt->wait_ms <= told->wait_ms_max;
}

static inline bool walk_fits(const char *text, const struct walk_attempt *attempts, size_t count,
                             struct walk_met met[WALK_ATTEMPTS])
{
    unsigned waits = 0;
    size_t i = 0;

    for (; *text != '.'; i++) {
        struct walk_told told = walk_read_told(&text, &waits);
        if (i >= count || told.is_retry != attempts[i].is_retry ||
            told.probe != attempts[i].probe || !walk_target_fits(&told, attempts, i) ||
            !walk_wait_fits(&told, &attempts[i]))
            return false;
        met[i].targets[attempts[i].target - 'a'] = true;
        if (met[i].wait_ms_max < attempts[i].wait_ms)
            met[i].wait_ms_max = attempts[i].wait_ms;
    }
    return i == count;
}

static inline void walk_fail(const struct walk_story *story, const struct walk_attempt *attempts,
                             size_t count)
{
    char walked[512] = "";
    size_t len = 0;

    for (size_t i = 0; i < count && len < sizeof walked - 32; i++) {
        if (attempts[i].waits)
            len += (size_t)snprintf(walked + len, sizeof walked - len, "w%llu",
                                    (unsigned long long)attempts[i].wait_ms);
        len += (size_t)snprintf(walked + len, sizeof walked - len, "%s%s%c ",
                                attempts[i].is_retry ? "+" : "", attempts[i].probe ? "p" : "",
                                attempts[i].target);
    }
    fail_msg("%s: %s, retries %u, %s: %s. and not %s", story->label, story->route,
             story->max_retries, story->failures, walked, story->walk);
}

/* Chance must have had its way: every target named was met, and waits nearly as long as may be. */
static inline void walk_check_met(const struct walk_story *story,
                                  const struct walk_met met[WALK_ATTEMPTS])
{
    const char *text = story->walk;
    unsigned waits = 0;

    for (size_t i = 0; *text != '.'; i++) {
        struct walk_told told = walk_read_told(&text, &waits);
        for (size_t k = 0; k < told.targets_count; k++)
            if (told.targets[k] != '=' && told.targets[k] != '^' &&
                !met[i].targets[told.targets[k] - 'a'])
                fail_msg("%s: attempt %zu is never of %c", story->label, i, told.targets[k]);
        if (told.waits && !told.exactly && met[i].wait_ms_max < told.wait_ms_max / 4 * 3)
            fail_msg("%s: attempt %zu never waits longer than %llu", story->label, i,
                     (unsigned long long)met[i].wait_ms_max);
    }
}

static inline void walk_check(const struct walk_story *story)
{
    struct walk_met met[WALK_ATTEMPTS] = {{{false}, 0}};

    for (uint64_t seed = 1; seed <= WALK_TIMES; seed++) {
        struct walk_rig rig;
        struct walk_attempt attempts[WALK_ATTEMPTS];
        walk_rig_init(&rig, story, seed);
        size_t count = walk_play(&rig, story->failures, attempts);
        bool fits = walk_fits(story->walk, attempts, count, met);
        walk_rig_finish(&rig);
        if (!fits)
            walk_fail(story, attempts, count);
    }
    walk_check_met(story, met);
}

#endif
