/*
 * tests/wire/complaint: why a script failed, in words for the one who reads the test's output.
 */
#ifndef GW_TESTS_WIRE_COMPLAINT_H
#define GW_TESTS_WIRE_COMPLAINT_H

#include "base/buf.h"

struct complaint {
    struct gw_buf text; /* empty: nothing to complain of */
};

void complaint_init(struct complaint *complaint);
void complaint_finish(struct complaint *complaint);

/* Adds a line. @return false, so that failing is one line */
bool complain(struct complaint *complaint, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds bytes as text that shows everything: control characters escaped, every LF a new line behind
 * `margin`, the middle left out where they are many. */
void complain_bytes(struct complaint *complaint, const char *margin, struct gw_str bytes);

/* Ends the process: the runner itself is out of memory or of descriptors. */
void must(bool ok, const char *what);

#endif
