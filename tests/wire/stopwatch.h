/*
 * tests/wire/stopwatch: the clock of this process, which can be stopped.
 *
 * The linker's --wrap leads every clock_gettime() of our code here. While the clock stands, only
 * gw_clock_step() moves the gateway's time: then it is exactly known when a timer must fire, and however
 * long a test waits for something, it does not come by time alone.
 */
#ifndef GW_TESTS_WIRE_STOPWATCH_H
#define GW_TESTS_WIRE_STOPWATCH_H

#include <time.h>

void stopwatch_stop(void);
/* Jumps to where it would have been. */
void stopwatch_go_on(void);

/* Never stands: for the deadlines of the tests themselves. */
struct timespec stopwatch_real(clockid_t id);

#endif
