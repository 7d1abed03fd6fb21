/*
 * gateway/attempt: managed requests: one attempt after another, until a byte of an answer goes to the
 * caller.
 *
 * Which target is tried, and whether another one is, route/strategy says; here is what that takes: the
 * credential's owner in hand, the request wound back, the wait, and the counting. An attempt is counted
 * once, by how it ended.
 */
#ifndef GW_GATEWAY_ATTEMPT_H
#define GW_GATEWAY_ATTEMPT_H

#include "gateway/exchange.h"
#include "route/strategy.h"

struct gw_verdict; /* opaque: see attempt.c */

struct gw_managed {
    struct gw_walk walk;
    struct gw_exchange *ex;
    struct gw_timer timer;       /* set while the next attempt waits */
    struct gw_str model;         /* as asked for; decides whether it has to be spliced */
    bool under_way;              /* an attempt has begun and is not counted yet */
    bool answered;               /* its target's health has been told of the answer */
    struct gw_verdict *verdicts; /* of targets that were asked whether they can carry the request */
    bool judging;                /* one that cannot is left out: something has failed */
    enum gw_outcome outcome;     /* of the last attempt that failed */
};

/* A route has been found: begins with its first target. @param model  as asked for
 * @return false when the exchange is over */
bool gw_attempt_begin(struct gw_exchange *ex, const struct gw_route_config *route,
                      struct gw_str model);

/* The body has become whole, which ex->wants_whole waited for. @return false when the exchange is over */
bool gw_attempt_body_whole(struct gw_exchange *ex);

/* For fetch.c: what was to be fetched for the attempt in hand is there, or cannot be had. */
void gw_attempt_fetched(struct gw_exchange *ex);

/* The head of an answer has come. @return true: it was a failure, and the exchange goes on without it (or
 * has ended); `ex->up` is not the caller's any more */
bool gw_attempt_passes_over(struct gw_exchange *ex, const struct gw_http1_head *head,
                            struct gw_str bytes);

/* The attempt came to nothing. @return true: the exchange goes on with another (or has ended) */
bool gw_attempt_lost(struct gw_exchange *ex, enum gw_outcome outcome);

/* An answer goes to the caller. */
void gw_attempt_answered(struct gw_exchange *ex);

/* The answer has ended, one way or another. Harmless where nothing is under way. */
void gw_attempt_ended(struct gw_exchange *ex, enum gw_outcome outcome);

/* For gw_exchange_finish(): what is still under way was broken off. */
void gw_attempt_finish(struct gw_exchange *ex);

#endif
