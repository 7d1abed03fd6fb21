#include "io/loop.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS_PER_TURN 256
/* One turn of the wheel: 4096 slots of 8 ms are 32 s; longer timers are put in again when their
 * slot comes. */
#define WHEEL_SLOTS 4096u
#define SLOT_WORDS (WHEEL_SLOTS / 64u)
_Static_assert(SLOT_WORDS == 64, "one word says which words are used");

struct dead {
    struct dead *next;
};

struct gw_loop {
    int epoll_fd;
    bool stopped;
    unsigned spin_us;
    uint64_t now_ns;
    struct dead *dead; /* memory to free when the turn is over */
    /* Events of this turn, so that a closed descriptor's can be dropped. */
    struct epoll_event events[EVENTS_PER_TURN];
    int event_count, event_at;
    /* Timers. */
    struct gw_timer *slots[WHEEL_SLOTS];
    uint64_t used[SLOT_WORDS]; /* a bit a slot that may hold timers */
    uint64_t used_words;       /* a bit a word of those that is not 0 */
    uint64_t tick;             /* the last tick whose slot has been looked at */
    unsigned timer_count;
    /* The kernel's timer is armed once and left alone, not at each sleep: a timeout given to
     * epoll_wait() costs a high-resolution timer set and cancelled every turn. It may wake the loop
     * for a timer that is gone. */
    struct gw_io alarm;
    uint64_t alarm_ms; /* when it will fire; UINT64_MAX: not set */
    /* Tasks from other threads. */
    struct gw_io wake;
    pthread_mutex_t lock;
    struct gw_task *first_task, **last_task;
};

static void on_wake(struct gw_io *io, unsigned events);
static void on_alarm(struct gw_io *io, unsigned events);

static uint64_t tick_of(uint64_t ms)
{
    return ms / GW_LOOP_TICK_MS;
}

enum gw_status gw_loop_create(unsigned spin_us, struct gw_loop **loop_out, struct gw_err *err)
{
    struct gw_loop *loop = calloc(1, sizeof *loop);

    if (!loop)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate an event loop");
    loop->spin_us = spin_us;
    loop->now_ns = gw_clock_ns();
    loop->tick = tick_of(loop->now_ns / GW_NS_PER_MS);
    loop->last_task = &loop->first_task;
    (void)pthread_mutex_init(&loop->lock, NULL); /* cannot fail with default attributes */
    loop->wake = (struct gw_io){.fd = -1, .on_io = on_wake};
    loop->alarm = (struct gw_io){.fd = -1, .on_io = on_alarm};
    loop->alarm_ms = UINT64_MAX;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd == -1) {
        gw_err_errno(err, "could not create an epoll instance");
        goto fail;
    }
    loop->wake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->wake.fd == -1) {
        gw_err_errno(err, "could not create an eventfd");
        goto fail;
    }
    loop->alarm.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (loop->alarm.fd == -1) {
        gw_err_errno(err, "could not create a timer");
        goto fail;
    }
    if (gw_loop_add_level(loop, &loop->wake, err) != GW_OK ||
        gw_loop_add_level(loop, &loop->alarm, err) != GW_OK)
        goto fail;
    *loop_out = loop;
    return GW_OK;

fail:
    gw_loop_destroy(loop);
    return GW_IO;
}

static void free_dead(struct gw_loop *loop)
{
    while (loop->dead) {
        struct dead *dead = loop->dead;
        loop->dead = dead->next;
        free(dead);
    }
}

void gw_loop_destroy(struct gw_loop *loop)
{
    if (!loop)
        return;
    free_dead(loop);
    if (loop->wake.fd != -1)
        close(loop->wake.fd);
    if (loop->alarm.fd != -1)
        close(loop->alarm.fd);
    if (loop->epoll_fd != -1)
        close(loop->epoll_fd);
    (void)pthread_mutex_destroy(&loop->lock);
    free(loop);
}

static enum gw_status control(struct gw_loop *loop, int op, struct gw_io *io, unsigned mask,
                              struct gw_err *err)
{
    struct epoll_event event = {.events = mask, .data.ptr = io};

    if (epoll_ctl(loop->epoll_fd, op, io->fd, &event) == -1)
        return gw_err_errno(err, "could not watch a descriptor");
    return GW_OK;
}

enum gw_status gw_loop_add(struct gw_loop *loop, struct gw_io *io, struct gw_err *err)
{
    return control(loop, EPOLL_CTL_ADD, io, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, err);
}

enum gw_status gw_loop_add_level(struct gw_loop *loop, struct gw_io *io, struct gw_err *err)
{
    return control(loop, EPOLL_CTL_ADD, io, EPOLLIN, err);
}

enum gw_status gw_loop_watch(struct gw_loop *loop, struct gw_io *io, unsigned events, bool added,
                             struct gw_err *err)
{
    unsigned mask = (events & GW_IO_READ ? (unsigned)EPOLLIN : 0) |
                    (events & GW_IO_WRITE ? (unsigned)EPOLLOUT : 0);
    return control(loop, added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, io, mask, err);
}

static void drop_events(struct gw_loop *loop, const struct gw_io *io)
{
    for (int i = loop->event_at; i < loop->event_count; i++)
        if (loop->events[i].data.ptr == io)
            loop->events[i].data.ptr = NULL;
}

void gw_loop_close(struct gw_loop *loop, struct gw_io *io)
{
    if (io->fd == -1)
        return;
    close(io->fd); /* takes it off the epoll set too: nothing here is ever dup()ed */
    io->fd = -1;
    drop_events(loop, io);
}

void gw_loop_forget(struct gw_loop *loop, struct gw_io *io)
{
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, io->fd, NULL);
    drop_events(loop, io);
}

void gw_loop_free_later(struct gw_loop *loop, void *memory)
{
    struct dead *dead = memory;

    dead->next = loop->dead;
    loop->dead = dead;
}

/* ---- timers ---- */

static void link_timer(struct gw_loop *loop, struct gw_timer *timer)
{
    uint64_t tick = tick_of(timer->due_ms) + 1; /* never early */
    if (tick <= loop->tick)
        tick = loop->tick + 1;
    if (tick - loop->tick >= WHEEL_SLOTS)
        tick = loop->tick + WHEEL_SLOTS - 1; /* looked at again then */
    unsigned slot = (unsigned)(tick % WHEEL_SLOTS);
    timer->next = loop->slots[slot];
    timer->link = &loop->slots[slot];
    if (timer->next)
        timer->next->link = &timer->next;
    loop->slots[slot] = timer;
    loop->used[slot / 64u] |= (uint64_t)1 << slot % 64u;
    loop->used_words |= (uint64_t)1 << slot / 64u;
    loop->timer_count++;
}

void gw_loop_timer_clear(struct gw_loop *loop, struct gw_timer *timer)
{
    if (!timer->link)
        return;
    *timer->link = timer->next;
    if (timer->next)
        timer->next->link = timer->link;
    timer->link = NULL;
    loop->timer_count--;
}

void gw_loop_timer_set(struct gw_loop *loop, struct gw_timer *timer, uint64_t delay_ms)
{
    gw_loop_timer_clear(loop, timer);
    timer->due_ms = loop->now_ns / GW_NS_PER_MS + delay_ms;
    link_timer(loop, timer);
}

static void mark_empty(struct gw_loop *loop, unsigned slot)
{
    loop->used[slot / 64u] &= ~((uint64_t)1 << slot % 64u);
    if (loop->used[slot / 64u] == 0)
        loop->used_words &= ~((uint64_t)1 << slot / 64u);
}

/* Ticks from loop->tick to the next slot that may hold a timer. */
static uint64_t ticks_to_next(const struct gw_loop *loop)
{
    unsigned from = (unsigned)((loop->tick + 1) % WHEEL_SLOTS), word = from / 64u;
    uint64_t bits = loop->used[word] & ~(uint64_t)0 << from % 64u;

    if (!bits) {
        /* The words behind `word` first, then from the start, `word` itself last. */
        uint64_t behind = word == 63 ? 0 : loop->used_words & ~(uint64_t)0 << (word + 1);
        uint64_t words = behind ? behind : loop->used_words;
        if (!words)
            return WHEEL_SLOTS;
        word = (unsigned)__builtin_ctzll(words);
        bits = loop->used[word];
    }
    unsigned slot = word * 64u + (unsigned)__builtin_ctzll(bits);
    return (slot - from + WHEEL_SLOTS) % WHEEL_SLOTS + 1u;
}

/* Makes sure that the loop is woken when the next timer is due. */
static void set_alarm(struct gw_loop *loop)
{
    if (loop->timer_count == 0)
        return;
    uint64_t due = (loop->tick + ticks_to_next(loop)) * GW_LOOP_TICK_MS;
    if (due >= loop->alarm_ms)
        return;
    uint64_t now = loop->now_ns / GW_NS_PER_MS, delay = due > now ? due - now : 0;
    /* 0 would take it off. */
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(delay / 1000u),
                                           .tv_nsec = (long)(delay % 1000u * GW_NS_PER_MS + 1)}};
    (void)timerfd_settime(loop->alarm.fd, 0, &when, NULL); /* cannot fail: all is checked */
    loop->alarm_ms = due;
}

static void on_alarm(struct gw_io *io, unsigned events)
{
    struct gw_loop *loop = (struct gw_loop *)((char *)io - offsetof(struct gw_loop, alarm));
    uint64_t count;
    (void)events;

    ssize_t got = read(io->fd, &count, sizeof count);
    (void)got; /* level-triggered: what is left comes again */
    loop->alarm_ms = UINT64_MAX;
}

static void fire_slot(struct gw_loop *loop, unsigned slot)
{
    struct gw_timer *timers = loop->slots[slot];

    loop->slots[slot] = NULL;
    mark_empty(loop, slot);
    /* The list is ours now, but a callback may clear any timer on it: its links must stay true. */
    if (timers)
        timers->link = &timers;
    while (timers) {
        struct gw_timer *timer = timers;
        gw_loop_timer_clear(loop, timer);
        if (timer->due_ms > loop->now_ns / GW_NS_PER_MS)
            link_timer(loop, timer);
        else
            timer->on_timer(timer);
    }
}

static void fire_timers(struct gw_loop *loop)
{
    uint64_t now = tick_of(loop->now_ns / GW_NS_PER_MS);

    if (now <= loop->tick)
        return;
    if (now - loop->tick > WHEEL_SLOTS)
        loop->tick = now - WHEEL_SLOTS; /* a long sleep: each slot once is enough */
    while (loop->tick < now) {
        loop->tick++;
        unsigned slot = (unsigned)(loop->tick % WHEEL_SLOTS);
        if (loop->used[slot / 64u] == 0) {
            /* A whole word of empty slots at once. */
            uint64_t last = loop->tick | 63u;
            loop->tick = last < now ? last : now;
        } else if (loop->slots[slot]) {
            fire_slot(loop, slot);
        } else {
            mark_empty(loop, slot);
        }
    }
}

/* ---- tasks ---- */

void gw_loop_wake(struct gw_loop *loop)
{
    const uint64_t one = 1;
    /* Only fails when the counter is full: then the loop is being woken anyway. */
    ssize_t written = write(loop->wake.fd, &one, sizeof one);
    (void)written;
}

void gw_loop_post(struct gw_loop *loop, struct gw_task *task)
{
    task->next = NULL;
    (void)pthread_mutex_lock(&loop->lock);
    *loop->last_task = task;
    loop->last_task = &task->next;
    (void)pthread_mutex_unlock(&loop->lock);
    gw_loop_wake(loop);
}

static void on_wake(struct gw_io *io, unsigned events)
{
    struct gw_loop *loop = (struct gw_loop *)((char *)io - offsetof(struct gw_loop, wake));
    uint64_t count;
    (void)events;

    ssize_t got = read(io->fd, &count, sizeof count);
    (void)got; /* level-triggered: what is left comes again */
    (void)pthread_mutex_lock(&loop->lock);
    struct gw_task *task = loop->first_task;
    loop->first_task = NULL;
    loop->last_task = &loop->first_task;
    (void)pthread_mutex_unlock(&loop->lock);
    while (task) {
        struct gw_task *next = task->next;
        task->run(task);
        task = next;
    }
}

/* ---- the loop ---- */

static unsigned events_of(uint32_t mask)
{
    unsigned events = 0;

    if (mask & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        events |= GW_IO_READ;
    if (mask & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        events |= GW_IO_WRITE;
    if (mask & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        events |= GW_IO_HUP;
    return events;
}

static int wait_for_events(struct gw_loop *loop)
{
    set_alarm(loop);
    if (loop->spin_us) {
        uint64_t until = gw_clock_ns() + (uint64_t)loop->spin_us * 1000u;
        do {
            int count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_TURN, 0);
            if (count != 0)
                return count;
        } while (gw_clock_ns() < until);
    }
    return epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_TURN, -1);
}

void gw_loop_run(struct gw_loop *loop)
{
    loop->stopped = false;
    while (!loop->stopped) {
        int count = wait_for_events(loop);
        loop->now_ns = gw_clock_ns();
        loop->event_count = count > 0 ? count : 0; /* EINTR: as no event */
        for (loop->event_at = 0; loop->event_at < loop->event_count;) {
            struct epoll_event *event = &loop->events[loop->event_at++];
            struct gw_io *io = event->data.ptr;
            if (io)
                io->on_io(io, events_of(event->events));
        }
        loop->event_count = loop->event_at = 0;
        fire_timers(loop);
        free_dead(loop);
    }
}

void gw_loop_stop(struct gw_loop *loop)
{
    loop->stopped = true;
}

uint64_t gw_loop_now_ns(const struct gw_loop *loop)
{
    return loop->now_ns;
}

uint64_t gw_loop_now_ms(const struct gw_loop *loop)
{
    return loop->now_ns / GW_NS_PER_MS;
}
