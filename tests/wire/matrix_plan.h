/*
 * tests/wire/matrix_plan: a cell of the matrix taken apart, and the configuration it is played with.
 */
#ifndef GW_TESTS_WIRE_MATRIX_PLAN_H
#define GW_TESTS_WIRE_MATRIX_PLAN_H

#include "wire/matrix.h"

#define MATRIX_ATTEMPTS_MAX 8u
#define MATRIX_TARGETS 3u /* a, b, c */

struct attempt {
    char target;
    char wait; /* before it: 0: none; 'w': at most wait_ms; 'r': until its Retry-After */
    unsigned wait_ms;
};

/* What a cell says. */
struct plan {
    struct attempt attempts[MATRIX_ATTEMPTS_MAX];
    unsigned count;
    unsigned status;
    char target;
    bool cut;
};

/* Ends the process where the table itself is wrong. */
void matrix_plan(const char *want, struct plan *plan_out);

/* Providers a, b, c with their models model-a, …; targets to-a, …, or, for an experiment, variants with-a, …
 * Adds to `config`. */
void matrix_config(const struct fault *fault, enum strategy strategy, bool all,
                   struct gw_buf *config);

#endif
