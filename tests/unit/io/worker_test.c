#include "unit/test.h"

#include "io/worker.h"

#include <signal.h>

/* What the worker's thread saw; read behind its join. */
static struct {
    struct gw_task task; /* must stay first */
    struct gw_worker *worker;
    bool ran_early, ran, signals_blocked;
    pthread_t thread;
    char name[16];
} seen;

static void note_early(struct gw_task *task)
{
    (void)task;
    seen.ran_early = true;
}

static void look_around(struct gw_task *task)
{
    sigset_t blocked;

    (void)task;
    seen.ran = true;
    seen.thread = pthread_self();
    (void)pthread_getname_np(pthread_self(), seen.name, sizeof seen.name);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    seen.signals_blocked = sigismember(&blocked, SIGTERM) == 1 &&
                           sigismember(&blocked, SIGINT) == 1 && sigismember(&blocked, SIGHUP) == 1;
}

static void stop(struct gw_task *task)
{
    (void)task;
    gw_loop_stop(seen.worker->loop);
}

static void test_runs_what_is_posted(void **state)
{
    struct gw_worker worker;
    struct gw_task early = {.run = note_early}, last = {.run = stop};
    sigset_t blocked;

    (void)state;
    seen.worker = &worker;
    seen.task.run = look_around;
    assert_int_equal(gw_worker_init(&worker, 0, NULL), GW_OK);
    gw_loop_post(worker.loop, &early); /* before the thread is there */
    assert_int_equal(gw_worker_start(&worker, "worker-7", NULL), GW_OK);
    assert_true(worker.started);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    assert_int_equal(sigismember(&blocked, SIGTERM), 0); /* this thread gets signals still */
    gw_loop_post(worker.loop, &seen.task);
    gw_loop_post(worker.loop, &last);
    gw_worker_join(&worker);
    assert_false(worker.started);
    assert_true(seen.ran_early && seen.ran && seen.signals_blocked);
    assert_false(pthread_equal(seen.thread, pthread_self()));
    assert_string_equal(seen.name, "worker-7");
    gw_worker_join(&worker); /* harmless */
    gw_worker_finish(&worker);
    assert_null(worker.loop);
}

static void test_never_started(void **state)
{
    struct gw_worker worker;

    (void)state;
    assert_int_equal(gw_worker_init(&worker, 0, NULL), GW_OK);
    gw_worker_join(&worker);
    gw_worker_finish(&worker);
    gw_worker_finish(&worker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_what_is_posted),
        cmocka_unit_test(test_never_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
