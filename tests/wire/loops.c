#include "wire/loops.h"

#include "wire/complaint.h"
#include "wire/stopwatch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOOPS_MAX 64u
/* The main loop and one worker; others count from when they first wait. */
#define LOOPS_MIN 2u
/* Where the state of a loop is asked for again though it has not said anything. */
#define SLICE_MS 5

enum loop_state { LOOP_BUSY, LOOP_WAITING, LOOP_HELD, LOOP_GONE };

struct loop {
    enum loop_state state;
    int epoll_fd;
    unsigned turns; /* how often it has begun to wait */
};

/* One gateway at a time, so one set of loops: the wrapper has no place for an argument. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_key_t key;   /* its destructor sees threads end */
    int nudge;           /* eventfd: readable while loops are to be held */
    unsigned generation; /* of gateways */
    unsigned count;
    struct loop all[LOOPS_MAX];
    bool hold;
} loops = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static _Thread_local unsigned my_generation, my_index;

static void lock(void)
{
    (void)pthread_mutex_lock(&loops.lock);
}

static void unlock(void)
{
    (void)pthread_mutex_unlock(&loops.lock);
}

static struct timespec after_ms(int ms)
{
    struct timespec at = stopwatch_real(CLOCK_REALTIME);

    at.tv_nsec += (long)(ms % 1000) * 1000000;
    at.tv_sec += ms / 1000 + at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    return at;
}

static bool is_past(const struct timespec *at)
{
    struct timespec now = after_ms(0);
    return now.tv_sec > at->tv_sec || (now.tv_sec == at->tv_sec && now.tv_nsec > at->tv_nsec);
}

/* ---- life ---- */

void loops_leave(void)
{
    lock();
    if (my_generation == loops.generation && my_index < loops.count)
        loops.all[my_index].state = LOOP_GONE;
    (void)pthread_cond_broadcast(&loops.changed);
    unlock();
}

static void on_thread_end(void *value)
{
    (void)value;
    loops_leave();
}

void loops_init(void)
{
    must(pthread_key_create(&loops.key, on_thread_end) == 0, "pthread_key_create");
    loops.nudge = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    must(loops.nudge != -1, "eventfd");
}

void loops_forget(void)
{
    lock();
    loops.generation++;
    loops.count = 0;
    unlock();
    loops_release();
}

/* ---- the runner's side ---- */

/* Under the lock: are all where they should be? */
static bool all_in(enum loop_state state)
{
    for (unsigned i = 0; i < loops.count; i++)
        if (loops.all[i].state != state && loops.all[i].state != LOOP_GONE)
            return false;
    return loops.count >= LOOPS_MIN;
}

/* Under the lock: is something ready for a loop that waits? It has not noticed yet, then. */
static bool any_ready(void)
{
    struct pollfd polled[LOOPS_MAX];
    nfds_t count = 0;

    for (unsigned i = 0; i < loops.count; i++)
        if (loops.all[i].state == LOOP_WAITING)
            polled[count++] = (struct pollfd){.fd = loops.all[i].epoll_fd, .events = POLLIN};
    return poll(polled, count, 0) > 0;
}

static unsigned turns(void)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < loops.count; i++)
        sum += loops.all[i].turns;
    return sum;
}

unsigned loops_turns(void)
{
    lock();
    unsigned sum = turns();
    unlock();
    return sum;
}

bool loops_wait_turn(unsigned since, int deadline_ms)
{
    struct timespec until = after_ms(deadline_ms);
    int late = 0;

    lock();
    while (turns() == since && late == 0)
        late = pthread_cond_timedwait(&loops.changed, &loops.lock, &until);
    bool ok = turns() != since;
    unlock();
    return ok;
}

bool loops_wait_idle(int deadline_ms)
{
    struct timespec until = after_ms(deadline_ms), slice;
    bool ok = false;

    lock();
    while (!ok && !is_past(&until)) {
        unsigned before = turns();
        if (all_in(LOOP_WAITING) && !any_ready()) {
            /* The lock is let go for a moment: a loop that was just waking gets on. */
            unlock();
            lock();
            ok = all_in(LOOP_WAITING) && turns() == before && !any_ready();
        }
        if (!ok) {
            slice = after_ms(SLICE_MS);
            (void)pthread_cond_timedwait(&loops.changed, &loops.lock, &slice);
        }
    }
    unlock();
    return ok;
}

bool loops_hold(int deadline_ms)
{
    struct timespec until = after_ms(deadline_ms);
    uint64_t one = 1;
    int late = 0;

    lock();
    loops.hold = true;
    must(write(loops.nudge, &one, sizeof one) == (ssize_t)sizeof one, "eventfd");
    while (!all_in(LOOP_HELD) && late == 0)
        late = pthread_cond_timedwait(&loops.changed, &loops.lock, &until);
    bool ok = all_in(LOOP_HELD);
    unlock();
    return ok;
}

void loops_release(void)
{
    uint64_t count;

    lock();
    loops.hold = false;
    ssize_t got = read(loops.nudge, &count, sizeof count);
    (void)got; /* nothing to take: they were not held */
    for (unsigned i = 0; i < loops.count; i++)
        if (loops.all[i].state == LOOP_HELD)
            loops.all[i].state = LOOP_BUSY; /* not idle: it has to look what has become ready */
    (void)pthread_cond_broadcast(&loops.changed);
    unlock();
}

/* ---- the loops' side ---- */

/* @return false when it was held meanwhile: what is ready must be asked for again */
static bool enter(enum loop_state state, int epoll_fd)
{
    bool held = false;

    (void)pthread_setspecific(loops.key, &loops);
    lock();
    if (my_generation != loops.generation && loops.count < LOOPS_MAX) {
        my_generation = loops.generation;
        my_index = loops.count++;
        loops.all[my_index] = (struct loop){.turns = 0};
    }
    struct loop *loop = &loops.all[my_index];
    loop->epoll_fd = epoll_fd;
    loop->turns++;
    loop->state = loops.hold && state == LOOP_WAITING ? LOOP_HELD : state;
    (void)pthread_cond_broadcast(&loops.changed);
    while (loop->state == LOOP_HELD) {
        held = true;
        (void)pthread_cond_wait(&loops.changed, &loops.lock);
    }
    unlock();
    return !held;
}

int __real_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms);

int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
    for (;;) {
        int count = __real_epoll_wait(fd, events, max, 0);
        if (count != 0 || timeout_ms == 0) {
            (void)enter(LOOP_BUSY, fd);
            return count;
        }
        if (!enter(LOOP_WAITING, fd))
            continue;
        struct pollfd polled[] = {{.fd = fd, .events = POLLIN},
                                  {.fd = loops.nudge, .events = POLLIN}};
        int ready = poll(polled, 2, timeout_ms);
        if (ready == 0 && timeout_ms > 0) {
            (void)enter(LOOP_BUSY, fd);
            return 0;
        }
    }
}
