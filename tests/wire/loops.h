/*
 * tests/wire/loops: what the gateway's event loops are doing, seen from their epoll_wait().
 *
 * The linker's --wrap leads every epoll_wait() of the process here. A loop is idle when it waits
 * there and its epoll instance has nothing ready. All but the wrapper is called from the runner's
 * thread.
 */
#ifndef GW_TESTS_WIRE_LOOPS_H
#define GW_TESTS_WIRE_LOOPS_H

#include <stdbool.h>

/* Once, before any loop. */
void loops_init(void);

/* A new gateway begins: forgets the loops of the last one. */
void loops_forget(void);

/* The calling thread's loop has ended. Threads that end need not say so. */
void loops_leave(void);

/* Waits until all loops are idle. @return false when they were not in time */
bool loops_wait_idle(int deadline_ms);

/* Something was caused from outside after `since` was read, and a loop has woken for it: on a busy machine
 * the kernel may pass it on late, and until then all loops are idle.
 * @return false when none woke in time */
unsigned loops_turns(void);
bool loops_wait_turn(unsigned since, int deadline_ms);

/* Holds all loops where they wait. @return false when one did not get there in time */
bool loops_hold(int deadline_ms);
/* Lets them go on: with all that has become ready meanwhile. */
void loops_release(void);

#endif
