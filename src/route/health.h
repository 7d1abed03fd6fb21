/*
 * route/health: which targets keep failing: the breaker of product.md §6.
 *
 * A cell a target, by its name, so that a reload forgets nothing. Shared by all workers: a cell is one
 * atomic word; the table of names has a lock, which only the loading of a configuration takes.
 *
 * Closed, a cell counts failures in a row; enough of them within the window open it. Open, it says
 * "skip me" until a probe is due; then one request at a time may try. A success closes it.
 */
#ifndef GW_ROUTE_HEALTH_H
#define GW_ROUTE_HEALTH_H

#include "config/config.h"

struct gw_health;      /* the process's; opaque: see health.c */
struct gw_health_cell; /* one target's */

/* NULL when out of memory. */
struct gw_health *gw_health_create(void);
/* Frees the cells. Accepts NULL. */
void gw_health_destroy(struct gw_health *health);

/* The cell of this name, for good; NULL when out of memory. */
struct gw_health_cell *gw_health_cell(struct gw_health *health, struct gw_str name);

enum gw_health_state {
    GW_HEALTH_CLOSED, /* use it */
    GW_HEALTH_DUE,    /* open, and a probe may be sent */
    GW_HEALTH_OPEN    /* open, or a probe is under way */
};
/* Changes nothing. Always CLOSED where the breaker is off. */
enum gw_health_state gw_health_ask(const struct gw_health_cell *cell,
                                   const struct gw_breaker_config *breaker, uint64_t now_ms);

/* Takes the probe of a cell that is DUE. @return false: another request has it. Who has it must say how
 * it ended, by one of the following, with `probe` true. */
bool gw_health_take_probe(struct gw_health_cell *cell, const struct gw_breaker_config *breaker,
                          uint64_t now_ms);

/* How an attempt ended. */
void gw_health_succeeded(struct gw_health_cell *cell);
void gw_health_failed(struct gw_health_cell *cell, const struct gw_breaker_config *breaker,
                      uint64_t now_ms, bool probe);
/* The probe was broken off by its caller and tells nothing: the next request may probe. */
void gw_health_probe_dropped(struct gw_health_cell *cell, uint64_t now_ms);

#endif
