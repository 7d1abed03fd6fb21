/*
 * app/explain_health: what the gateway that runs says of its targets, on its page of metrics.
 *
 * A gateway need not run for its file to be explained: nothing here fails, and what could not be
 * learnt has a reason. Blocks for a moment; for the command line only.
 */
#ifndef GW_APP_EXPLAIN_HEALTH_H
#define GW_APP_EXPLAIN_HEALTH_H

#include "base/buf.h"

struct gw_config;

#define GW_EXPLAIN_HEALTH_TIMEOUT_MS 300u
#define GW_EXPLAIN_HEALTH_BYTES_MAX ((size_t)8 << 20)

/* Whom to ask, and how. */
struct gw_explain_health_source {
    struct gw_str host; /* an IP address or "localhost" */
    uint32_t port;
    struct gw_str token; /* empty: none is shown */
    struct gw_str path;  /* of the page */
    unsigned timeout_ms; /* to connect, and again for the whole answer */
};

enum gw_told_health { GW_TOLD_UNKNOWN, GW_TOLD_HEALTHY, GW_TOLD_OPEN };

struct gw_explain_health {
    char reason[160]; /* for all of whom nothing is known: why */

    /* Private. */
    struct gw_buf answer;
    struct gw_str page; /* within `answer`; empty: there is none */
};

/* Asks. Free with gw_explain_health_finish(). */
void gw_explain_health_ask(const struct gw_explain_health_source *source,
                           struct gw_explain_health *health_out);
/* The same of the gateway that this file would make, where that can be asked at all. */
void gw_explain_health_ask_for(const struct gw_config *config,
                               struct gw_explain_health *health_out);
void gw_explain_health_finish(struct gw_explain_health *health);

/* @param target  its name. GW_TOLD_UNKNOWN: see health->reason */
enum gw_told_health gw_explain_health_of(const struct gw_explain_health *health,
                                         struct gw_str target);

#endif
