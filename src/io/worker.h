/*
 * io/worker: a thread with a loop of its own. Others reach it by gw_loop_post() alone.
 */
#ifndef GW_IO_WORKER_H
#define GW_IO_WORKER_H

#include "io/loop.h"

#include <pthread.h>

struct gw_worker {
    struct gw_loop
        *loop; /* made by gw_worker_init(): things may be put on it before the thread starts */
    pthread_t thread;
    bool started;
};

enum gw_status gw_worker_init(struct gw_worker *worker, unsigned spin_us, struct gw_err *err);
/* Starts the thread, with all signals blocked: they belong to the main thread.
 * @param name  for ps and debuggers, at most 15 bytes */
enum gw_status gw_worker_start(struct gw_worker *worker, const char *name, struct gw_err *err);
/* Waits for the thread; the loop must have been stopped, or be stopped by a posted task. */
void gw_worker_join(struct gw_worker *worker);
/* After the join, when nothing is on the loop any more. */
void gw_worker_finish(struct gw_worker *worker);

#endif
