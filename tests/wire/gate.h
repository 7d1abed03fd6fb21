/*
 * tests/wire/gate: the gateway under test: on a thread of this process, its clock and its loops in
 * our hand.
 *
 * The loops' epoll_wait() is wrapped (ld --wrap): so we know when all of them have nothing more to
 * do, and can hold them still. That is why no test sleeps, and why what is sent before a step of
 * the clock has been read before it.
 */
#ifndef GW_TESTS_WIRE_GATE_H
#define GW_TESTS_WIRE_GATE_H

#include "wire/complaint.h"

struct gate; /* opaque: see gate.c; one at a time */

/* Starts it with this configuration, to which a listener on port 0, one worker and the access log
 * are added.
 * @param admin  whether there is an admin listener
 * @return NULL when it does not start */
struct gate *gate_start(struct gw_str config, bool admin, struct complaint *complaint);
/* Cuts off what is left. Accepts NULL. */
bool gate_destroy(struct gate *gate, struct complaint *complaint);

unsigned gate_port(const struct gate *gate);
unsigned gate_admin_port(const struct gate *gate);

/* Waits until the gateway has done all there is to do. */
bool gate_quiet(struct gate *gate, struct complaint *complaint);

/* Lets `ns` pass. */
bool gate_step(struct gate *gate, uint64_t ns, struct complaint *complaint);

/* Between the two, nothing happens in the gateway: what comes meanwhile meets it at once. */
bool gate_freeze(struct gate *gate, struct complaint *complaint);
void gate_thaw(struct gate *gate);

/* Another configuration, given to the running gateway. @param good  whether it is to be accepted */
bool gate_reload(struct gate *gate, struct gw_str config, bool good, struct complaint *complaint);

/* As SIGTERM does. */
bool gate_drain(struct gate *gate, struct complaint *complaint);
/* Waits for its end. */
bool gate_wait_drained(struct gate *gate, struct complaint *complaint);
/* Readable when it has drained. */
int gate_ended_fd(const struct gate *gate);

/* The next line of the access log. */
bool gate_log_line(struct gate *gate, struct gw_str *line_out, struct complaint *complaint);
/* All of the access log and of standard error so far. */
struct gw_str gate_logs(struct gate *gate);

#endif
