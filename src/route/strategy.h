/*
 * route/strategy: which target of a route is tried, and which one after it has failed (product.md §6).
 *
 * A walk is one exchange's way through a route. It decides and counts; it sends nothing and sets no
 * timer. Everything it depends on comes in with each call, so that a test can play any exchange.
 */
#ifndef GW_ROUTE_STRATEGY_H
#define GW_ROUTE_STRATEGY_H

#include "base/arena.h"
#include "base/rng.h"
#include "route/health.h"

/* A target that asks to be left alone for longer is not waited for. */
#define GW_RETRY_WAIT_MAX_MS 10000u

/* What a walk looks at; the same for all calls of an exchange but for the time. */
struct gw_walk_view {
    struct gw_arena *arena; /* of what is remembered once something has failed */
    struct gw_rng *rng;
    const struct gw_breaker_config *breaker;
    struct gw_health_cell *const *health; /* by the target's index */
    /* Can it answer this request at all? Where it cannot, the target is left out. */
    bool (*can_serve)(const void *arg, const struct gw_target_config *target);
    const void *arg;
    uint64_t now_ms;
};

struct gw_walk_mark; /* what is remembered of a target; opaque: see strategy.c */

struct gw_walk {
    const struct gw_route_config *route;
    const struct gw_target_config *target; /* the one in hand */
    bool probe;                            /* it is a probe of a target that was open */

    /* Private. */
    struct gw_walk_mark
        *marks;            /* by number among all targets of the route; NULL: none has failed */
    uint32_t step, number; /* of the target in hand */
    uint32_t waits;
    bool second_try; /* the last one of a fallback has been made */
};

/* @return the first target to try, which is walk->target too; NULL: none can serve */
const struct gw_target_config *gw_walk_begin(struct gw_walk *walk,
                                             const struct gw_route_config *route,
                                             const struct gw_walk_view *view);

enum gw_failure {
    GW_FAILURE_RETRYABLE, /* connection lost or not made, 408, 429, 5xx */
    GW_FAILURE_SLOW /* timeout before an answer, or no connection to be had: another target may be
                             tried, the same one is not */
};

struct gw_walk_next {
    uint64_t wait_ms; /* before the attempt */
    bool is_retry;    /* it counts as one, or is the second try of a fallback */
};

#define GW_RETRY_AFTER_NONE UINT64_MAX

/* The target in hand has failed. Moves walk->target on to the one that is next.
 * @param retry_after_ms  what it asked for, or GW_RETRY_AFTER_NONE
 * @return false: none is left, and the failure is the answer; walk->target stays */
bool gw_walk_next(struct gw_walk *walk, const struct gw_walk_view *view, enum gw_failure failure,
                  uint64_t retry_after_ms, struct gw_walk_next *next_out);

/* Is there any use in keeping the request: could gw_walk_next() ever say true? */
bool gw_walk_may_repeat(const struct gw_route_config *route);

/* Does the step choose by weight? */
bool gw_walk_draws(const struct gw_step_config *step);
/* Does it skip targets that keep failing, as long as another one is left? */
bool gw_walk_heeds_breaker(const struct gw_route_config *route, const struct gw_step_config *step);

/* Random between 0 and what the n-th wait may be at most: "full jitter". */
uint64_t gw_retry_backoff_ms(const struct gw_retry_config *retry, uint32_t n, struct gw_rng *rng);

#endif
