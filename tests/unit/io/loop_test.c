/* The event loop: timers on a stepped clock, events of sockets, tasks from other threads. */
#include "unit/test.h"

#include "base/clock.h"
#include "io/loop.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS 4
#define TASKS 500

static struct gw_loop *loop; /* of the test in hand */

static int open_loop(void **state)
{
    (void)state;
    return gw_loop_create(0, &loop, NULL) == GW_OK ? 0 : -1;
}

static int close_loop(void **state)
{
    (void)state;
    gw_loop_destroy(loop);
    loop = NULL;
    return 0;
}

static void stop(struct gw_task *task)
{
    (void)task;
    gw_loop_stop(loop);
}

/* Lets `ms` pass and the loop go round once. */
static void turn(uint64_t ms)
{
    struct gw_task task = {.run = stop};

    gw_clock_step(ms * GW_NS_PER_MS);
    gw_loop_post(loop, &task);
    gw_loop_run(loop);
}

static unsigned random_below(unsigned limit)
{
    static unsigned seed = 1;
    seed = seed * 1103515245u + 12345u;
    return seed / 65536u % limit;
}

/* ---- timers ---- */

#define TIMERS 200

struct alarm {
    struct gw_timer timer; /* must stay first */
    bool set;
    uint64_t due_ms;
    unsigned fired;
};
static struct alarm alarms[TIMERS];

static void alarm_set(struct alarm *alarm, uint64_t delay_ms)
{
    alarm->set = true;
    alarm->due_ms = gw_loop_now_ms(loop) + delay_ms;
    gw_loop_timer_set(loop, &alarm->timer, delay_ms);
}

static void alarm_clear(struct alarm *alarm)
{
    alarm->set = false;
    gw_loop_timer_clear(loop, &alarm->timer);
}

static void on_alarm(struct gw_timer *timer)
{
    struct alarm *alarm = (struct alarm *)timer;

    if (!alarm->set || gw_timer_is_set(timer) || gw_loop_now_ms(loop) < alarm->due_ms)
        fail_msg("timer %td fired at %llu: due at %llu, set: %d", alarm - alarms,
                 (unsigned long long)gw_loop_now_ms(loop), (unsigned long long)alarm->due_ms,
                 alarm->set);
    alarm->set = false;
    alarm->fired++;
    /* Callbacks do to others, and to themselves, whatever they like. */
    struct alarm *other = &alarms[random_below(TIMERS)];
    switch (random_below(4)) {
    case 0:
        alarm_set(alarm, random_below(3000));
        break;
    case 1:
        alarm_clear(other);
        break;
    case 2:
        alarm_set(other, random_below(20));
        break;
    }
}

/* Whatever is set, moved and cleared, from outside and within callbacks: none fires early, none is
 * missing once a tick has passed. Time passes in steps from nothing to longer than the wheel. */
static void test_timers_against_a_model(void **state)
{
    static const unsigned delays[] = {1, 20, 500, 33000, 100000};
    static const unsigned steps[] = {1, 9, 100, 3000, 40000};

    (void)state;
    memset(alarms, 0, sizeof alarms);
    for (unsigned i = 0; i < TIMERS; i++)
        alarms[i].timer.on_timer = on_alarm;
    for (int round = 0; round < 3000; round++) {
        struct alarm *alarm = &alarms[random_below(TIMERS)];
        if (random_below(5) == 0)
            alarm_clear(alarm);
        else
            alarm_set(alarm, random_below(delays[random_below(GW_COUNT(delays))]));
        turn(random_below(steps[random_below(GW_COUNT(steps))]));
        for (unsigned i = 0; i < TIMERS; i++) {
            if (alarms[i].set != gw_timer_is_set(&alarms[i].timer))
                fail_msg("round %d: timer %u", round, i);
            if (alarms[i].set && alarms[i].due_ms + GW_LOOP_TICK_MS <= gw_loop_now_ms(loop))
                fail_msg("round %d: timer %u is late", round, i);
        }
    }
    unsigned fired = 0;
    for (unsigned i = 0; i < TIMERS; i++) {
        fired += alarms[i].fired;
        alarm_clear(&alarms[i]);
    }
    assert_true(fired > 1000);
}

static struct {
    struct gw_timer *timers[16];
    unsigned count;
} fired;

static void note(struct gw_timer *timer)
{
    assert_true(fired.count < GW_COUNT(fired.timers));
    fired.timers[fired.count++] = timer;
}

static void test_timers_fire_in_order(void **state)
{
    static const unsigned delays[] = {30000, 40, 1000, 20, 16000, 8000};
    static const unsigned order[] = {3, 1, 2, 5, 4, 0};
    struct gw_timer timers[GW_COUNT(delays)] = {0};

    (void)state;
    fired.count = 0;
    for (size_t i = 0; i < GW_COUNT(delays); i++) {
        timers[i].on_timer = note;
        gw_loop_timer_set(loop, &timers[i], delays[i]);
    }
    turn(30000 + GW_LOOP_TICK_MS); /* all in one turn, as after a long callback */
    assert_int_equal(fired.count, GW_COUNT(delays));
    for (size_t i = 0; i < GW_COUNT(delays); i++)
        assert_ptr_equal(fired.timers[i], &timers[order[i]]);
}

static void test_a_moved_timer_fires_once(void **state)
{
    struct gw_timer timer = {.on_timer = note};

    (void)state;
    fired.count = 0;
    gw_loop_timer_set(loop, &timer, 1000);
    gw_loop_timer_set(loop, &timer, 3600000);
    turn(2000);
    assert_int_equal(fired.count, 0);
    gw_loop_timer_set(loop, &timer, 10);
    turn(20);
    assert_int_equal(fired.count, 1);
    assert_false(gw_timer_is_set(&timer));
    turn(3600000 * 2ull);
    assert_int_equal(fired.count, 1);
    gw_loop_timer_clear(loop, &timer); /* harmless */
}

static void set_again_at_once(struct gw_timer *timer)
{
    note(timer);
    gw_loop_timer_set(loop, timer, 0);
}

/* A timer that is always due must not keep the loop from its events. */
static void test_set_again_within_its_callback(void **state)
{
    struct gw_timer timer = {.on_timer = set_again_at_once};

    (void)state;
    fired.count = 0;
    gw_loop_timer_set(loop, &timer, 0);
    for (unsigned i = 1; i <= 5; i++) {
        turn(100000); /* more than once around the wheel */
        assert_int_equal(fired.count, i);
    }
    gw_loop_timer_clear(loop, &timer);
}

static struct gw_timer slot_mates[5];

static void clear_the_others(struct gw_timer *timer)
{
    note(timer);
    for (size_t i = 0; i < GW_COUNT(slot_mates); i++)
        gw_loop_timer_clear(loop, &slot_mates[i]);
}

static void test_cleared_by_one_of_the_same_slot(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(slot_mates); i++) {
        slot_mates[i] = (struct gw_timer){.on_timer = clear_the_others};
        gw_loop_timer_set(loop, &slot_mates[i], 50);
    }
    fired.count = 0;
    turn(100);
    assert_int_equal(fired.count, 1);
    turn(100000);
    assert_int_equal(fired.count, 1);
}

static void move_the_others(struct gw_timer *timer)
{
    note(timer);
    for (size_t i = 0; i < GW_COUNT(slot_mates); i++)
        if (&slot_mates[i] != timer && gw_timer_is_set(&slot_mates[i]))
            gw_loop_timer_set(loop, &slot_mates[i], 50);
}

static void test_moved_by_one_of_the_same_slot(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(slot_mates); i++) {
        slot_mates[i] = (struct gw_timer){.on_timer = move_the_others};
        gw_loop_timer_set(loop, &slot_mates[i], 50);
    }
    fired.count = 0;
    for (unsigned i = 1; i <= GW_COUNT(slot_mates); i++) {
        turn(100);
        assert_int_equal(fired.count, i);
    }
}

static void test_longer_than_the_wheel(void **state)
{
    struct gw_timer hour = {.on_timer = note}, week = {.on_timer = note};

    (void)state;
    fired.count = 0;
    gw_loop_timer_set(loop, &hour, 3600000);
    gw_loop_timer_set(loop, &week, 7 * 24 * 3600000ull);
    for (unsigned i = 0; i < 100; i++)
        turn(35000);
    assert_int_equal(fired.count, 0);
    turn(200000);
    assert_int_equal(fired.count, 1);
    assert_ptr_equal(fired.timers[0], &hour);
    turn(7 * 24 * 3600000ull);
    assert_int_equal(fired.count, 2);
}

static void stop_by_timer(struct gw_timer *timer)
{
    note(timer);
    gw_loop_stop(loop);
}

/* Without any step: the loop wakes by itself, and by the real clock not too early. */
static void test_the_loop_sleeps_until_a_timer_is_due(void **state)
{
    struct gw_timer timer = {.on_timer = stop_by_timer};

    (void)state;
    for (uint64_t delay_ms = 0; delay_ms < 20; delay_ms += 7) {
        turn(0);
        uint64_t from = gw_loop_now_ns(loop);
        fired.count = 0;
        gw_loop_timer_set(loop, &timer, delay_ms);
        gw_loop_run(loop);
        assert_int_equal(fired.count, 1);
        assert_true(gw_clock_ns() - from >= delay_ms * GW_NS_PER_MS);
    }
}

/* The same from each place within a word of the wheel, with others that are due later. A sleep that
 * is too long would be one until the next of those. */
static void test_the_loop_does_not_oversleep(void **state)
{
    struct gw_timer near = {.on_timer = stop_by_timer}, others[2] = {{0}};

    (void)state;
    for (unsigned i = 0; i < 65; i++) {
        turn(63 * GW_LOOP_TICK_MS);
        uint64_t from = gw_loop_now_ns(loop);
        fired.count = 0;
        for (size_t j = 0; j < GW_COUNT(others); j++) {
            others[j].on_timer = stop_by_timer;
            gw_loop_timer_set(loop, &others[j], j ? 32000 : 10000);
        }
        gw_loop_timer_set(loop, &near, 2 + i % 3 * 4);
        gw_loop_run(loop);
        assert_int_equal(fired.count, 1);
        assert_ptr_equal(fired.timers[0], &near);
        assert_true(gw_clock_ns() - from < 9000ull * GW_NS_PER_MS);
    }
    for (size_t j = 0; j < GW_COUNT(others); j++)
        gw_loop_timer_clear(loop, &others[j]);
}

/* ---- descriptors ---- */

struct end {
    struct gw_io io; /* must stay first */
    unsigned calls, events;
    struct end *closes; /* closed by the callback of this one */
    bool forgets;
};

static void on_end(struct gw_io *io, unsigned events)
{
    struct end *end = (struct end *)io;

    end->calls++;
    end->events = events;
    if (end->closes && end->forgets)
        gw_loop_forget(loop, &end->closes->io);
    else if (end->closes)
        gw_loop_close(loop, &end->closes->io);
}

static void open_pair(struct end *end, int *peer_out)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    *end = (struct end){.io = {.fd = fds[0], .on_io = on_end}};
    *peer_out = fds[1];
}

static void test_edges(void **state)
{
    struct end end;
    char bytes[8];
    int peer;

    (void)state;
    open_pair(&end, &peer);
    assert_int_equal(gw_loop_add(loop, &end.io, NULL), GW_OK);
    turn(0);
    assert_int_equal(end.calls, 1); /* the first edge: there is room to write */
    assert_int_equal(end.events, GW_IO_WRITE);
    turn(0);
    assert_int_equal(end.calls, 1);
    assert_int_equal(write(peer, "ab", 2), 2);
    turn(0);
    assert_int_equal(end.calls, 2);
    assert_true(end.events & GW_IO_READ);
    assert_false(end.events & GW_IO_HUP);
    turn(0); /* not read, and yet no second event */
    assert_int_equal(end.calls, 2);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    turn(0);
    assert_int_equal(end.calls, 3);
    assert_int_equal(end.events & (GW_IO_READ | GW_IO_HUP), GW_IO_READ | GW_IO_HUP);
    assert_int_equal(read(end.io.fd, bytes, sizeof bytes), 2); /* the bytes before are there */
    close(peer);
    turn(0);
    assert_int_equal(end.events, GW_IO_READ | GW_IO_WRITE | GW_IO_HUP);
    gw_loop_close(loop, &end.io);
    assert_int_equal(end.io.fd, -1);
    gw_loop_close(loop, &end.io); /* harmless */
}

static void test_level(void **state)
{
    struct end end;
    int peer;

    (void)state;
    open_pair(&end, &peer);
    assert_int_equal(gw_loop_add_level(loop, &end.io, NULL), GW_OK);
    turn(0);
    assert_int_equal(end.calls, 0); /* room to write is of no interest */
    assert_int_equal(write(peer, "a", 1), 1);
    for (unsigned i = 1; i <= 3; i++) {
        turn(0);
        assert_int_equal(end.calls, i);
        assert_int_equal(end.events, GW_IO_READ);
    }
    gw_loop_close(loop, &end.io);
    close(peer);
}

static void test_watch(void **state)
{
    struct end end;
    int peer;

    (void)state;
    open_pair(&end, &peer);
    assert_int_equal(write(peer, "a", 1), 1);
    assert_int_equal(gw_loop_watch(loop, &end.io, GW_IO_WRITE, false, NULL), GW_OK);
    turn(0);
    assert_int_equal(end.events, GW_IO_WRITE);
    assert_int_equal(gw_loop_watch(loop, &end.io, GW_IO_READ, true, NULL), GW_OK);
    turn(0);
    assert_int_equal(end.events, GW_IO_READ);
    assert_int_equal(gw_loop_watch(loop, &end.io, 0, true, NULL), GW_OK);
    turn(0);
    assert_int_equal(end.calls, 2);
    gw_loop_close(loop, &end.io);
    close(peer);
}

static void test_what_cannot_be_watched(void **state)
{
    struct gw_io io = {.fd = -1, .on_io = on_end};
    struct gw_err err = {0};

    (void)state;
    assert_int_equal(gw_loop_add(loop, &io, &err), GW_IO);
    assert_string_equal(err.message, "could not watch a descriptor: Bad file descriptor");
    assert_int_equal(gw_loop_add_level(loop, &io, &err), GW_IO);
    assert_int_equal(gw_loop_watch(loop, &io, GW_IO_READ, false, NULL), GW_IO);
}

/* Two are ready in one turn; whichever comes first closes the other and gives its memory back. */
static void test_close_drops_events_of_the_turn(void **state)
{
    (void)state;
    for (int forgets = 0; forgets < 2; forgets++) {
        struct end *ends[2];
        int peers[2];
        for (int i = 0; i < 2; i++) {
            ends[i] = calloc(1, sizeof *ends[i]);
            assert_non_null(ends[i]);
            open_pair(ends[i], &peers[i]);
            assert_int_equal(gw_loop_add_level(loop, &ends[i]->io, NULL), GW_OK);
            assert_int_equal(write(peers[i], "a", 1), 1);
        }
        for (int i = 0; i < 2; i++) {
            ends[i]->closes = ends[!i];
            ends[i]->forgets = forgets;
        }
        turn(0);
        assert_int_equal(ends[0]->calls + ends[1]->calls, 1);
        int other = ends[0]->calls ? 1 : 0;
        assert_int_equal(ends[other]->io.fd == -1, !forgets);
        turn(0);
        assert_int_equal(ends[other]->calls, 0);
        for (int i = 0; i < 2; i++) {
            gw_loop_close(loop, &ends[i]->io);
            gw_loop_free_later(loop, ends[i]);
            close(peers[i]);
        }
        turn(0);
    }
}

static void close_and_free(struct gw_io *io, unsigned events)
{
    (void)events;
    gw_loop_close(loop, io);
    gw_loop_free_later(loop, io);
    fired.count++;
}

/* More than one epoll_wait gives; each goes in its own callback. */
static void test_many_at_once(void **state)
{
    enum { MANY = 600 };

    (void)state;
    fired.count = 0;
    for (int i = 0; i < MANY; i++) {
        struct gw_io *io = malloc(sizeof *io);
        assert_non_null(io);
        *io = (struct gw_io){.fd = eventfd(1, EFD_CLOEXEC), .on_io = close_and_free};
        assert_int_equal(gw_loop_add(loop, io, NULL), GW_OK);
    }
    for (int i = 0; i < 10 && fired.count < MANY; i++)
        turn(0);
    assert_int_equal(fired.count, MANY);
}

/* ---- tasks ---- */

struct numbered {
    struct gw_task task; /* must stay first */
    int thread, number;
};
static struct numbered tasks[THREADS][TASKS];
static int last_of[THREADS], done;
static pthread_t loop_thread;

static void run_numbered(struct gw_task *task)
{
    struct numbered *numbered = (struct numbered *)task;

    assert_true(pthread_equal(pthread_self(), loop_thread));
    assert_int_equal(numbered->number, last_of[numbered->thread]); /* in the order of posting */
    last_of[numbered->thread]++;
    numbered->task.next = (struct gw_task *)(uintptr_t)1; /* the task is the callee's */
    if (++done == THREADS * TASKS)
        gw_loop_stop(loop);
}

static void *post_all(void *arg)
{
    struct numbered *own = arg;

    for (int i = 0; i < TASKS; i++)
        gw_loop_post(loop, &own[i].task);
    return NULL;
}

static void test_post_from_threads(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    loop_thread = pthread_self();
    done = 0;
    for (int t = 0; t < THREADS; t++) {
        last_of[t] = 0;
        for (int i = 0; i < TASKS; i++)
            tasks[t][i] = (struct numbered){{.run = run_numbered}, t, i};
        assert_int_equal(pthread_create(&threads[t], NULL, post_all, tasks[t]), 0);
    }
    gw_loop_run(loop);
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(pthread_join(threads[t], NULL), 0);
    assert_int_equal(done, THREADS * TASKS);
}

static void post_itself(struct gw_task *task)
{
    fired.count++;
    gw_loop_post(loop, task);
}

/* A task that posts tasks does not keep the loop from everything else. */
static void test_post_from_a_task(void **state)
{
    struct gw_task task = {.run = post_itself};

    (void)state;
    fired.count = 0;
    gw_loop_post(loop, &task);
    turn(0);
    assert_int_equal(fired.count, 1);
    turn(0);
    assert_int_equal(fired.count, 2);
}

static void *wake(void *arg)
{
    gw_loop_wake(arg);
    return NULL;
}

/* The loop would sleep for an hour; time has been stepped, and another thread says so. */
static void test_wake(void **state)
{
    struct gw_timer timer = {.on_timer = stop_by_timer};
    pthread_t thread;

    (void)state;
    fired.count = 0;
    gw_loop_timer_set(loop, &timer, 3600000);
    gw_clock_step(2 * 3600000ull * GW_NS_PER_MS);
    assert_int_equal(pthread_create(&thread, NULL, wake, loop), 0);
    gw_loop_run(loop);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(fired.count, 1);
}

/* ---- the rest ---- */

static uint64_t seen_now_ns[2];

static void see_now(struct gw_task *task)
{
    (void)task;
    seen_now_ns[fired.count++] = gw_loop_now_ns(loop);
    gw_clock_step(GW_NS_PER_MS);
}

static void test_now_is_the_same_for_a_turn(void **state)
{
    struct gw_task first = {.run = see_now}, second = {.run = see_now};

    (void)state;
    fired.count = 0;
    gw_loop_post(loop, &first);
    gw_loop_post(loop, &second);
    turn(0);
    assert_int_equal(fired.count, 2);
    assert_true(seen_now_ns[0] == seen_now_ns[1] && seen_now_ns[0] == gw_loop_now_ns(loop));
    assert_int_equal(gw_loop_now_ms(loop), gw_loop_now_ns(loop) / GW_NS_PER_MS);
    turn(0);
    assert_true(gw_loop_now_ns(loop) >= seen_now_ns[0] + 2 * GW_NS_PER_MS);
}

static void test_spinning(void **state)
{
    struct gw_timer timer = {.on_timer = stop_by_timer};
    struct end end;
    int peer;

    (void)state;
    gw_loop_destroy(loop);
    assert_int_equal(gw_loop_create(500, &loop, NULL), GW_OK);
    open_pair(&end, &peer);
    assert_int_equal(gw_loop_add_level(loop, &end.io, NULL), GW_OK);
    assert_int_equal(write(peer, "a", 1), 1);
    fired.count = 0;
    gw_loop_timer_set(loop, &timer, 10);
    gw_loop_run(loop); /* sleeps at last: a timer fires though nothing else happens */
    assert_int_equal(fired.count, 1);
    assert_true(end.calls > 0);
    gw_loop_close(loop, &end.io);
    close(peer);
}

static void test_what_is_left_is_freed(void **state)
{
    (void)state;
    gw_loop_free_later(loop, malloc(16)); /* the leak checker sees to it */
    gw_loop_destroy(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_loop, close_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_timers_against_a_model),
        TEST(test_timers_fire_in_order),
        TEST(test_a_moved_timer_fires_once),
        TEST(test_set_again_within_its_callback),
        TEST(test_cleared_by_one_of_the_same_slot),
        TEST(test_moved_by_one_of_the_same_slot),
        TEST(test_longer_than_the_wheel),
        TEST(test_the_loop_sleeps_until_a_timer_is_due),
        TEST(test_the_loop_does_not_oversleep),
        TEST(test_edges),
        TEST(test_level),
        TEST(test_watch),
        TEST(test_what_cannot_be_watched),
        TEST(test_close_drops_events_of_the_turn),
        TEST(test_many_at_once),
        TEST(test_post_from_threads),
        TEST(test_post_from_a_task),
        TEST(test_wake),
        TEST(test_now_is_the_same_for_a_turn),
        TEST(test_spinning),
        TEST(test_what_is_left_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
