/*
 * base/clock: monotonic time for durations, wall time for log lines; both replaceable in tests.
 *
 * gw_clock_step() is the only thing here that is shared by threads; tests call it before they start
 * any.
 */
#ifndef GW_BASE_CLOCK_H
#define GW_BASE_CLOCK_H

#include <stdint.h>

#define GW_NS_PER_MS 1000000u

/* Nanoseconds since some start; never goes back. */
uint64_t gw_clock_ns(void);

/* Nanoseconds since 1970, UTC. */
uint64_t gw_clock_wall_ns(void);

/* "2026-11-25T02:31:14.123456Z": 27 bytes, no NUL. */
#define GW_CLOCK_RFC3339_BYTES 27
void gw_clock_rfc3339(uint64_t wall_ns, char out[GW_CLOCK_RFC3339_BYTES]);

/* Days from 1970-01-01 to a date of the Gregorian calendar, from then on. */
uint64_t gw_clock_days(unsigned year, unsigned month, unsigned day);

/* For tests: adds `ns` to what gw_clock_ns() and gw_clock_wall_ns() say from now on. */
void gw_clock_step(uint64_t ns);

#endif
