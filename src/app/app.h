/*
 * app/app: the whole gateway as one object: workers, admin listener, demo provider, reload and
 * drain.
 *
 * main.c runs one; tests run it in their own process. Everything here is called from one thread,
 * the one that runs gw_app_run() and whose loop carries the admin listener.
 */
#ifndef GW_APP_H
#define GW_APP_H

#include "base/err.h"

struct gw_app; /* opaque: see app.c */

/* Loads the file and starts all that serves: when this returns GW_OK, connections are accepted.
 * Problems of the file are printed to stderr. @param path  borrowed: must outlive the app */
enum gw_status gw_app_create(const char *path, struct gw_app **app_out, struct gw_err *err);

/* Serves until drained or stopped. */
void gw_app_run(struct gw_app *app);

/* The ports in use; 0: not listening. */
unsigned gw_app_port(const struct gw_app *app);
unsigned gw_app_admin_port(const struct gw_app *app);

/* Loads the file anew and gives it to the workers; a bad file changes nothing and is reported. */
enum gw_status gw_app_reload(struct gw_app *app);

/* Stops accepting, finishes what is under way, then ends gw_app_run(). Called again: cuts off what
 * is left. */
void gw_app_drain(struct gw_app *app);

/* After gw_app_run(). Accepts NULL. */
void gw_app_destroy(struct gw_app *app);

/* For tests, from another thread: like the signal of the same effect; and makes all loops look at
 * the clock again. */
void gw_app_post_drain(struct gw_app *app);
void gw_app_post_reload(struct gw_app *app);
void gw_app_wake(struct gw_app *app);

#endif
