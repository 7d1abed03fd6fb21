#include "io/worker.h"

#include <errno.h>
#include <signal.h>

enum gw_status gw_worker_init(struct gw_worker *worker, unsigned spin_us, struct gw_err *err)
{
    *worker = (struct gw_worker){.loop = NULL};
    return gw_loop_create(spin_us, &worker->loop, err);
}

static void *run(void *arg)
{
    struct gw_worker *worker = arg;
    gw_loop_run(worker->loop);
    return NULL;
}

enum gw_status gw_worker_start(struct gw_worker *worker, const char *name, struct gw_err *err)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    errno = pthread_create(&worker->thread, NULL, run, worker);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (errno != 0)
        return gw_err_errno(err, "could not start a thread");
    (void)pthread_setname_np(worker->thread, name);
    worker->started = true;
    return GW_OK;
}

void gw_worker_join(struct gw_worker *worker)
{
    if (!worker->started)
        return;
    (void)pthread_join(worker->thread, NULL);
    worker->started = false;
}

void gw_worker_finish(struct gw_worker *worker)
{
    gw_loop_destroy(worker->loop);
    worker->loop = NULL;
}
