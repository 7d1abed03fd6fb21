/*
 * tests/wire/matrix: what a managed request meets, and how a cell of the matrix is played.
 *
 * matrix.c is the table, matrix_faults.c the faults, matrix_play.c the acts. They are played with the
 * modules of the scripts (README.md), in the scripts' own words where it has them.
 */
#ifndef GW_TESTS_WIRE_MATRIX_H
#define GW_TESTS_WIRE_MATRIX_H

#include "wire/complaint.h"

/* Of the route "m", or, for experiments, the function "m". Weights are 1 and 0, so that it is certain what
 * is drawn: who weighs nothing is only drawn when nobody else is left. */
enum strategy {
    SINGLE,     /* a */
    WEIGHTED,   /* a, b */
    FALLBACK,   /* a, b */
    STEPS,      /* single a, then fallback b, c */
    EXPERIMENT, /* variants a, b */
    STRATEGIES
};

/* What the targets' timeouts are. */
#define MATRIX_TIMEOUT_MS 3000u
#define MATRIX_CONNECT_TIMEOUT_MS 2000u
#define MATRIX_IDLE_TIMEOUT_MS 4000u

/* In the words of a script, {up} is the upstream in hand, {x} its letter, {date} five seconds from now. */
struct fault {
    const char *name;
    const char
        *upstream; /* what its upstream's name begins with; NULL: it has a name nobody knows */
    struct {
        const char *command, *block; /* block NULL: none */
    } acts[4];                       /* once its connection stands; command NULL: no more */
    unsigned limit_ms;               /* 0: it shows at once */
    bool limit_from_act;             /* counted from the last act, not from the attempt's begin */
    unsigned retry_after_ms;         /* what it asks for; 0: nothing */
    bool is_date;                    /* as a date, which leaves parts of a second open */
    bool stream;                     /* the request asks for one, and its first event has passed */
    const char *error_type;          /* in the record */
    const char *error_code;          /* x-to11-error-code */
    const char *passed_on;           /* a further line of the answer's head; NULL: none */
    const char *code; /* of the gateway's own error; NULL: the target's answer passes */
    const char *says; /* in its message, behind who it was */
};

/* @return NULL: there is no such fault */
const struct fault *fault_named(const char *name);

/* Plays one cell.
 * @param all   every attempt has the fault; else the first one, and those that follow answer 200
 * @param want  the attempts, and what the caller gets: matrix.c
 * @return false: not so, and `complaint` says what else */
bool matrix_play(const struct fault *fault, enum strategy strategy, bool all, const char *want,
                 struct complaint *complaint);

/* How waits of random length ("w…") fell out in all cells so far, counted by the quarter of their bound: the
 * first of a request (0), and the second (1). */
#define MATRIX_WAITS 2u
#define MATRIX_WAIT_PARTS 4u
const unsigned *matrix_waits(unsigned number);

#endif
