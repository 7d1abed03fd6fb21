/*
 * io/loop: epoll and a timer wheel; one per thread, so nothing here locks but gw_loop_post().
 *
 * Descriptors are registered once, edge-triggered, for everything (IN, OUT, RDHUP): the steady path
 * makes no epoll_ctl. Who is told "readable" reads until a short read or EAGAIN, or remembers that
 * it has not.
 */
#ifndef GW_IO_LOOP_H
#define GW_IO_LOOP_H

#include "base/err.h"
#include "base/str.h"

struct gw_loop; /* opaque: see loop.c */

/* What happened to a descriptor. */
#define GW_IO_READ 1u  /* bytes, or an end, to read */
#define GW_IO_WRITE 2u /* room to write, or the connect ended */
#define GW_IO_HUP                                                                                  \
    4u /* the peer has sent its FIN (bytes before it may still be unread), or the connection broke \
        */

/* Embedded in what owns the descriptor. */
struct gw_io {
    int fd; /* -1 when closed */
    /* Runs from gw_loop_run() only, never from inside another call of this API. */
    void (*on_io)(struct gw_io *io, unsigned events);
};

/* Embedded in what waits; zero-initialise it. */
struct gw_timer {
    struct gw_timer *next, **link; /* link NULL: not set */
    uint64_t due_ms;
    void (*on_timer)(struct gw_timer *timer);
};

/* Embedded; handed from any thread to a loop by gw_loop_post(). */
struct gw_task {
    struct gw_task *next;
    void (*run)(
        struct gw_task *task); /* on the loop's thread; the task is the callee's from here on */
};

/* @param spin_us  how long to poll before sleeping after the last event; 0: never */
enum gw_status gw_loop_create(unsigned spin_us, struct gw_loop **loop_out, struct gw_err *err);
/* Nothing may be registered any more. Accepts NULL. */
void gw_loop_destroy(struct gw_loop *loop);

/* Runs until gw_loop_stop(). */
void gw_loop_run(struct gw_loop *loop);
/* From the loop's own thread; others post a task that calls it. */
void gw_loop_stop(struct gw_loop *loop);

/* Registers a non-blocking descriptor, once. It starts with no event: the first edge comes by
 * itself. */
enum gw_status gw_loop_add(struct gw_loop *loop, struct gw_io *io, struct gw_err *err);
/* The same, level-triggered and for reading only: listeners, eventfds. */
enum gw_status gw_loop_add_level(struct gw_loop *loop, struct gw_io *io, struct gw_err *err);
/* Level-triggered with a changing interest (GW_IO_READ | GW_IO_WRITE): for libraries that own their
 * sockets. */
enum gw_status gw_loop_watch(struct gw_loop *loop, struct gw_io *io, unsigned events, bool added,
                             struct gw_err *err);

/* Closes io->fd and sets it to -1. Events of this turn that wait for it are dropped. The memory
 * around `io` must stay valid until the turn ends: free it with gw_loop_free_later(). */
void gw_loop_close(struct gw_loop *loop, struct gw_io *io);
/* Takes the descriptor off the loop without closing it. */
void gw_loop_forget(struct gw_loop *loop, struct gw_io *io);
/* Calls free(memory) when the current turn is over. `memory` must be ≥ 16 bytes; its content is
 * gone at once. */
void gw_loop_free_later(struct gw_loop *loop, void *memory);

/* Sets (or moves) a timer; on_timer must be set. It fires not before `delay_ms` and about
 * GW_LOOP_TICK_MS later at most. */
#define GW_LOOP_TICK_MS 8u
void gw_loop_timer_set(struct gw_loop *loop, struct gw_timer *timer, uint64_t delay_ms);
/* Harmless when it is not set. */
void gw_loop_timer_clear(struct gw_loop *loop, struct gw_timer *timer);
static inline bool gw_timer_is_set(const struct gw_timer *timer)
{
    return timer->link != NULL;
}

/* From any thread. `task` must stay valid until it runs. */
void gw_loop_post(struct gw_loop *loop, struct gw_task *task);

/* From any thread: makes the loop look at its clock again. */
void gw_loop_wake(struct gw_loop *loop);

/* gw_clock_ns() as it was when this turn's events came: cheap, and the same for a whole turn. */
uint64_t gw_loop_now_ns(const struct gw_loop *loop);
uint64_t gw_loop_now_ms(const struct gw_loop *loop);

#endif
