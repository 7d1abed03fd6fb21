/*
 * admin/admin: the admin listener: health, metrics, reload.
 *
 * Runs on one loop (the main thread's); nothing here locks. GET / and /health, GET on the metrics'
 * path, POST /reload.
 */
#ifndef GW_ADMIN_ADMIN_H
#define GW_ADMIN_ADMIN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct gw_admin; /* opaque: see admin.c */
struct gw_config;
struct gw_loop;
struct gw_recorder;
struct gw_target_health; /* record/metrics.h */

/* Run on the loop's thread, from within a request. */
struct gw_admin_callbacks {
    /* Loads the configuration anew and reports by itself; may call gw_admin_set_config(). */
    enum gw_status (*reload)(void *arg);
    bool (*is_draining)(void *arg);
    /* Whose health the page of metrics tells. May be NULL: of none.
     * @return length of `list_out`, whose bytes must stay until the loop goes on */
    size_t (*list_targets)(void *arg, const struct gw_target_health **list_out);
    void *arg;
};

/* Listens as [admin] says. `loop` and `recorder` must outlive it; `config` is retained. */
enum gw_status gw_admin_create(struct gw_loop *loop, struct gw_config *config,
                               struct gw_recorder *recorder,
                               const struct gw_admin_callbacks *callbacks,
                               struct gw_admin **admin_out, struct gw_err *err);
/* Token and metrics as another configuration has them; host and port stay. `config` is retained. */
void gw_admin_set_config(struct gw_admin *admin, struct gw_config *config);
/* The port in use. */
unsigned gw_admin_port(const struct gw_admin *admin);
/* Accepts NULL. */
void gw_admin_destroy(struct gw_admin *admin);

#endif
