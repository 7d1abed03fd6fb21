/*
 * demo: the built-in demo provider, behind `base_url = "demo:"`.
 *
 * A small HTTP server on loopback, on a thread and a loop of its own. It speaks the API of every
 * dialect and answers plausibly, the same every time, so that all can be tried and tested without a
 * key or a network. Some model names ask for trouble: errors, cuts, silence. docs/demo.md tells
 * users what it answers.
 */
#ifndef GW_DEMO_DEMO_H
#define GW_DEMO_DEMO_H

#include "base/err.h"

struct gw_demo; /* opaque */

/* Listens on 127.0.0.1 and starts the thread. The API's root is "http://127.0.0.1:<port>/v1". No
 * signal is ever delivered to the thread.
 * @param port_out  chosen by the kernel
 * @return GW_OK, then gw_demo_stop() in the end; GW_IO or GW_NO_MEMORY */
enum gw_status gw_demo_start(struct gw_demo **demo_out, unsigned *port_out, struct gw_err *err);

/* Breaks off what is under way, ends the thread and waits for it. Not from the demo's own thread.
 * Accepts NULL. */
void gw_demo_stop(struct gw_demo *demo);

#endif
