#include "route/strategy.h"

#include <assert.h>

struct gw_walk_mark {
    bool failed;
    uint32_t retries;     /* of a step's first target: those made in the step */
    uint64_t again_at_ms; /* when it may be asked again, by its own word; 0: it did not say */
};

/* Which targets of a step come into question. */
enum among {
    AMONG_GOOD, /* those that have not failed here, and that the breaker does not skip */
    AMONG_OPEN, /* those that the breaker skips */
    AMONG_ALL   /* failed or not; but for those that want to be left alone for too long */
};

/* ---- one step ---- */

/* A route of one target has nothing to skip to, and an experiment would be biased. */
bool gw_walk_heeds_breaker(const struct gw_route_config *route, const struct gw_step_config *step)
{
    switch (step->strategy) {
    case GW_STRATEGY_WEIGHTED:
    case GW_STRATEGY_FALLBACK:
        return true;
    case GW_STRATEGY_SINGLE:
    case GW_STRATEGY_EXPERIMENT:
    case GW_STRATEGIES:
        break;
    }
    return route->steps_count > 1;
}

static bool is_candidate(const struct gw_walk *walk, const struct gw_walk_view *view,
                         const struct gw_step_config *step, uint32_t i, enum among among)
{
    const struct gw_target_config *target = step->targets[i];
    const struct gw_walk_mark *mark = walk->marks ? &walk->marks[step->first + i] : NULL;

    if (!view->can_serve(view->arg, target))
        return false;
    if (among == AMONG_ALL)
        return !mark || mark->again_at_ms <= view->now_ms + GW_RETRY_WAIT_MAX_MS;
    if (mark && mark->failed)
        return false;
    /* None was good a moment ago, so it was open, even where it is not any more. A step that has been
     * left may have other ones. */
    if (among == AMONG_OPEN && step >= &walk->route->steps[walk->step])
        return true;
    bool open =
        gw_walk_heeds_breaker(walk->route, step) &&
        gw_health_ask(view->health[target->index], view->breaker, view->now_ms) == GW_HEALTH_OPEN;
    return open == (among == AMONG_OPEN);
}

bool gw_walk_draws(const struct gw_step_config *step)
{
    return step->strategy == GW_STRATEGY_WEIGHTED || step->strategy == GW_STRATEGY_EXPERIMENT;
}

/* @return its number in the step; targets_count: none */
static uint32_t first_candidate(const struct gw_walk *walk, const struct gw_walk_view *view,
                                const struct gw_step_config *step, enum among among)
{
    uint32_t i = 0;

    while (i < step->targets_count && !is_candidate(walk, view, step, i, among))
        i++;
    return i;
}

/* The same, by weight. Where those that are left all weigh nothing, the first of them. */
static uint32_t draw_candidate(const struct gw_walk *walk, const struct gw_walk_view *view,
                               const struct gw_step_config *step, enum among among)
{
    uint64_t sum = 0;
    uint32_t last = step->targets_count;

    for (uint32_t i = 0; i < step->targets_count; i++)
        if (is_candidate(walk, view, step, i, among))
            sum += step->targets[i]->weight;
    if (sum == 0)
        return first_candidate(walk, view, step, among);
    uint64_t drawn = gw_rng_below(view->rng, sum);
    for (uint32_t i = 0; i < step->targets_count; i++) {
        uint32_t weight = step->targets[i]->weight;
        if (!is_candidate(walk, view, step, i, among))
            continue;
        if (drawn < weight)
            return i;
        drawn -= weight;
        last = i;
    }
    return last; /* another worker has opened one since they were summed up */
}

/* Takes a target of this step in hand. @return false: there is none */
static bool take_from(struct gw_walk *walk, const struct gw_walk_view *view, uint32_t step_number,
                      enum among among)
{
    const struct gw_step_config *step = &walk->route->steps[step_number];

    for (;;) {
        /* Those that are open are a last resort, whatever they weigh: in their order. */
        uint32_t i = gw_walk_draws(step) && among != AMONG_OPEN
                         ? draw_candidate(walk, view, step, among)
                         : first_candidate(walk, view, step, among);
        if (i == step->targets_count)
            return false;
        const struct gw_target_config *target = step->targets[i];
        struct gw_health_cell *cell = view->health[target->index];
        bool probe = gw_health_take_probe(cell, view->breaker, view->now_ms);
        /* Since it was looked at, another worker may have opened it or been faster with the probe. */
        if (!probe && among == AMONG_GOOD && gw_walk_heeds_breaker(walk->route, step) &&
            gw_health_ask(cell, view->breaker, view->now_ms) != GW_HEALTH_CLOSED)
            continue;
        walk->step = step_number;
        walk->number = step->first + i;
        walk->target = target;
        walk->probe = probe;
        return true;
    }
}

/* ---- the route ---- */

static bool take_from_steps(struct gw_walk *walk, const struct gw_walk_view *view, uint32_t from,
                            enum among among)
{
    for (uint32_t step = from; step < walk->route->steps_count; step++)
        if (take_from(walk, view, step, among))
            return true;
    return false;
}

const struct gw_target_config *gw_walk_begin(struct gw_walk *walk,
                                             const struct gw_route_config *route,
                                             const struct gw_walk_view *view)
{
    *walk = (struct gw_walk){.route = route};
    if (take_from_steps(walk, view, 0, AMONG_GOOD) || take_from_steps(walk, view, 0, AMONG_OPEN))
        return walk->target;
    return NULL;
}

/* @return false when out of memory */
static bool mark_failed(struct gw_walk *walk, const struct gw_walk_view *view,
                        uint64_t retry_after_ms)
{
    if (!walk->marks)
        walk->marks =
            gw_arena_zalloc(view->arena, walk->route->targets_count * sizeof *walk->marks);
    if (!walk->marks)
        return false;
    struct gw_walk_mark *mark = &walk->marks[walk->number];
    mark->failed = true;
    mark->again_at_ms = 0;
    if (retry_after_ms != GW_RETRY_AFTER_NONE)
        mark->again_at_ms =
            retry_after_ms < UINT64_MAX - view->now_ms ? view->now_ms + retry_after_ms : UINT64_MAX;
    return true;
}

/* Counted by step, since the walk may come back to one. Once something has failed. */
static uint32_t *retries_in(const struct gw_walk *walk, uint32_t step)
{
    return &walk->marks[walk->route->steps[step].first].retries;
}

static bool may_retry(const struct gw_walk *walk, uint32_t step, enum gw_failure failure)
{
    return failure == GW_FAILURE_RETRYABLE &&
           *retries_in(walk, step) < walk->route->retry.max_retries;
}

/* Does its step go on to another target of its own after this failure? */
static bool step_goes_on(const struct gw_walk *walk, enum gw_failure failure)
{
    const struct gw_step_config *step = &walk->route->steps[walk->step];

    switch (step->strategy) {
    case GW_STRATEGY_FALLBACK:
        return true;
    case GW_STRATEGY_WEIGHTED:
    case GW_STRATEGY_EXPERIMENT:
        return may_retry(walk, walk->step, failure);
    case GW_STRATEGY_SINGLE:
    case GW_STRATEGIES:
        break;
    }
    return false;
}

/* All that is left are targets that the breaker skips; of the step in hand only where it goes on. */
static bool take_skipped(struct gw_walk *walk, const struct gw_walk_view *view, bool goes_on)
{
    uint32_t in_hand = walk->step;

    for (uint32_t step = 0; step < walk->route->steps_count; step++)
        if ((step != in_hand || goes_on) && take_from(walk, view, step, AMONG_OPEN))
            return true;
    return false;
}

uint64_t gw_retry_backoff_ms(const struct gw_retry_config *retry, uint32_t n, struct gw_rng *rng)
{
    uint64_t most = retry->backoff_max_ms;
    /* After 32 steps it is past any maximum, or 0 for ever. */
    uint64_t grown = (uint64_t)retry->backoff_base_ms << (n < 32 ? n : 32);

    if (grown < most)
        most = grown;
    return gw_rng_below(rng, most + 1);
}

/* Targets that cannot serve are as if they were not there. @return how many of the step are left */
static uint32_t count_serving(const struct gw_walk_view *view, const struct gw_step_config *step,
                              uint32_t *first_out)
{
    uint32_t count = 0;

    for (uint32_t i = step->targets_count; i-- > 0;)
        if (view->can_serve(view->arg, step->targets[i])) {
            *first_out = i;
            count++;
        }
    return count;
}

/* Once every target has failed: the last step has one more way to try. */
static bool take_again(struct gw_walk *walk, const struct gw_walk_view *view,
                       enum gw_failure failure, struct gw_walk_next *next_out)
{
    const struct gw_route_config *route = walk->route;
    uint32_t last = route->steps_count - 1, first = 0, count;

    while ((count = count_serving(view, &route->steps[last], &first)) == 0 && last > 0)
        last--;
    const struct gw_step_config *step = &route->steps[last];
    bool second_try = step->strategy == GW_STRATEGY_FALLBACK && count > 1;
    /* A second try is of the first target, or of none. */
    if (second_try ? walk->second_try || !is_candidate(walk, view, step, first, AMONG_ALL)
                   : !may_retry(walk, last, failure))
        return false;
    if (!take_from(walk, view, last, AMONG_ALL))
        return false;
    if (second_try)
        walk->second_try = true;
    else
        ++*retries_in(walk, last);
    uint64_t again_at_ms = walk->marks[walk->number].again_at_ms;
    if (again_at_ms == 0)
        next_out->wait_ms = gw_retry_backoff_ms(&route->retry, walk->waits, view->rng);
    else
        next_out->wait_ms = again_at_ms > view->now_ms ? again_at_ms - view->now_ms : 0;
    walk->waits++;
    next_out->is_retry = true;
    return true;
}

bool gw_walk_next(struct gw_walk *walk, const struct gw_walk_view *view, enum gw_failure failure,
                  uint64_t retry_after_ms, struct gw_walk_next *next_out)
{
    struct gw_walk_next next = {.wait_ms = 0};
    uint32_t step = walk->step;

    if (!mark_failed(walk, view, retry_after_ms))
        return false;
    bool goes_on = step_goes_on(walk, failure);
    bool counts = goes_on && gw_walk_draws(&walk->route->steps[step]);
    bool found = (goes_on && take_from(walk, view, step, AMONG_GOOD)) ||
                 take_from_steps(walk, view, step + 1, AMONG_GOOD) ||
                 take_skipped(walk, view, goes_on);
    if (found && walk->step == step && counts) {
        ++*retries_in(walk, step);
        next.is_retry = true;
    }
    if (!found && !take_again(walk, view, failure, &next))
        return false;
    *next_out = next;
    return true;
}

bool gw_walk_may_repeat(const struct gw_route_config *route)
{
    return route->targets_count > 1 || route->retry.max_retries > 0;
}
