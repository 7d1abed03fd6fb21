/*
 * The fault matrix of managed routing: each fault that an attempt can meet, under each strategy, once at
 * the first attempt only and once at every attempt.
 *
 * A cell is a line of attempts, by the letters of their targets, then what the caller gets:
 *
 *   a,b        b is tried at once after a
 *   a,w500,a   a is tried once more after a random wait of at most 500 ms
 *   a,r,a      a is tried once more when its Retry-After says: not before, and by the next tick of the clock
 *   |503 b     b's answer, or the gateway's own of what b did
 *   |200 a     a's answer
 *   |200 a cut a's answer up to where it broke off, and an error event
 *   -          not played
 *
 * Every cell also holds: the caller gets nothing before that, each request carries its target's model, the
 * answer's headers and the record name that target, and nothing is sent to anybody afterwards.
 *
 * One cell: wire_matrix '503 at every attempt, fallback'; '*' stands for anything.
 */
#include "wire/matrix.h"
#include "wire/loops.h"

#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>

struct row {
    const char *fault;
    const char *cells[STRATEGIES];
};

static const char *const strategies[STRATEGIES] = {"single", "weighted", "fallback", "steps",
                                                   "experiment"};

/* clang-format off */

/* A name that is not known is remembered for longer than a wait: single cannot recover from that. */
static const struct row at_first[] = {
    /*                               single            weighted       fallback       steps          experiment */
    {"connect refused",              {"a,w500,a|200 a", "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"name unknown",                 {"-",              "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"connect timeout",              {"a,w500,a|200 a", "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"reset before the head",        {"a,w500,a|200 a", "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"closed within the head",       {"a,w500,a|200 a", "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"no HTTP",                      {"a,w500,a|200 a", "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"JSON cut by a reset",          {"a,w500,a|200 a", "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"JSON shorter than its length", {"a,w500,a|200 a", "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"no first byte in time",        {"a|504 a",        "a|504 a",     "a,b|200 b",   "a,b|200 b",   "a|504 a"}},
    {"half a JSON in time",          {"a|504 a",        "a|504 a",     "a,b|200 b",   "a,b|200 b",   "a|504 a"}},
    {"stream falls silent",          {"a|200 a cut",    "a|200 a cut", "a|200 a cut", "a|200 a cut", "a|200 a cut"}},
    {"stream is cut",                {"a|200 a cut",    "a|200 a cut", "a|200 a cut", "a|200 a cut", "a|200 a cut"}},
    {"408",                          {"a,w500,a|200 a", "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"429",                          {"a,w500,a|200 a", "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"429, after 2 s",               {"a,r,a|200 a",    "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"429, after 60 s",              {"a|429 a",        "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"429, after a date",            {"a,r,a|200 a",    "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"500",                          {"a,w500,a|200 a", "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"503",                          {"a,w500,a|200 a", "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"529",                          {"a,w500,a|200 a", "a,b|200 b",   "a,b|200 b",   "a,b|200 b",   "a,b|200 b"}},
    {"400",                          {"a|400 a",        "a|400 a",     "a|400 a",     "a|400 a",     "a|400 a"}},
    {"401",                          {"a|401 a",        "a|401 a",     "a|401 a",     "a|401 a",     "a|401 a"}},
    {"403",                          {"a|403 a",        "a|403 a",     "a|403 a",     "a|403 a",     "a|403 a"}},
    {"404",                          {"a|404 a",        "a|404 a",     "a|404 a",     "a|404 a",     "a|404 a"}},
    {"413",                          {"a|413 a",        "a|413 a",     "a|413 a",     "a|413 a",     "a|413 a"}},
    {"422",                          {"a|422 a",        "a|422 a",     "a|422 a",     "a|422 a",     "a|422 a"}},
};

static const struct row at_every[] = {
    /*                               single                    weighted            fallback            steps                 experiment */
    {"connect refused",              {"a,w500,a,w1000,a|502 a", "a,b,w500,a|502 a", "a,b,w500,a|502 a", "a,b,c,w500,b|502 b", "a,b,w500,a|502 a"}},
    {"name unknown",                 {"a,w500,a,w1000,a|502 a", "a,b,w500,a|502 a", "a,b,w500,a|502 a", "a,b,c,w500,b|502 b", "a,b,w500,a|502 a"}},
    {"connect timeout",              {"a,w500,a,w1000,a|504 a", "a,b,w500,a|504 a", "a,b,w500,a|504 a", "a,b,c,w500,b|504 b", "a,b,w500,a|504 a"}},
    {"reset before the head",        {"a,w500,a,w1000,a|502 a", "a,b,w500,a|502 a", "a,b,w500,a|502 a", "a,b,c,w500,b|502 b", "a,b,w500,a|502 a"}},
    {"closed within the head",       {"a,w500,a,w1000,a|502 a", "a,b,w500,a|502 a", "a,b,w500,a|502 a", "a,b,c,w500,b|502 b", "a,b,w500,a|502 a"}},
    {"no HTTP",                      {"a,w500,a,w1000,a|502 a", "a,b,w500,a|502 a", "a,b,w500,a|502 a", "a,b,c,w500,b|502 b", "a,b,w500,a|502 a"}},
    {"JSON cut by a reset",          {"a,w500,a,w1000,a|502 a", "a,b,w500,a|502 a", "a,b,w500,a|502 a", "a,b,c,w500,b|502 b", "a,b,w500,a|502 a"}},
    {"JSON shorter than its length", {"a,w500,a,w1000,a|502 a", "a,b,w500,a|502 a", "a,b,w500,a|502 a", "a,b,c,w500,b|502 b", "a,b,w500,a|502 a"}},
    {"no first byte in time",        {"a|504 a",                "a|504 a",          "a,b,w500,a|504 a", "a,b,c,w500,b|504 b", "a|504 a"}},
    {"half a JSON in time",          {"a|504 a",                "a|504 a",          "a,b,w500,a|504 a", "a,b,c,w500,b|504 b", "a|504 a"}},
    {"stream falls silent",          {"a|200 a cut",            "a|200 a cut",      "a|200 a cut",      "a|200 a cut",        "a|200 a cut"}},
    {"stream is cut",                {"a|200 a cut",            "a|200 a cut",      "a|200 a cut",      "a|200 a cut",        "a|200 a cut"}},
    {"408",                          {"a,w500,a,w1000,a|408 a", "a,b,w500,a|408 a", "a,b,w500,a|408 a", "a,b,c,w500,b|408 b", "a,b,w500,a|408 a"}},
    {"429",                          {"a,w500,a,w1000,a|429 a", "a,b,w500,a|429 a", "a,b,w500,a|429 a", "a,b,c,w500,b|429 b", "a,b,w500,a|429 a"}},
    {"429, after 2 s",               {"a,r,a,r,a|429 a",        "a,b,r,a|429 a",    "a,b,r,a|429 a",    "a,b,c,r,b|429 b",    "a,b,r,a|429 a"}},
    {"429, after 60 s",              {"a|429 a",                "a,b|429 b",        "a,b|429 b",        "a,b,c|429 c",        "a,b|429 b"}},
    {"429, after a date",            {"a,r,a,r,a|429 a",        "a,b,r,a|429 a",    "a,b,r,a|429 a",    "a,b,c,r,b|429 b",    "a,b,r,a|429 a"}},
    {"500",                          {"a,w500,a,w1000,a|500 a", "a,b,w500,a|500 a", "a,b,w500,a|500 a", "a,b,c,w500,b|500 b", "a,b,w500,a|500 a"}},
    {"503",                          {"a,w500,a,w1000,a|503 a", "a,b,w500,a|503 a", "a,b,w500,a|503 a", "a,b,c,w500,b|503 b", "a,b,w500,a|503 a"}},
    {"529",                          {"a,w500,a,w1000,a|529 a", "a,b,w500,a|529 a", "a,b,w500,a|529 a", "a,b,c,w500,b|529 b", "a,b,w500,a|529 a"}},
    {"400",                          {"a|400 a",                "a|400 a",          "a|400 a",          "a|400 a",            "a|400 a"}},
    {"401",                          {"a|401 a",                "a|401 a",          "a|401 a",          "a|401 a",            "a|401 a"}},
    {"403",                          {"a|403 a",                "a|403 a",          "a|403 a",          "a|403 a",            "a|403 a"}},
    {"404",                          {"a|404 a",                "a|404 a",          "a|404 a",          "a|404 a",            "a|404 a"}},
    {"413",                          {"a|413 a",                "a|413 a",          "a|413 a",          "a|413 a",            "a|413 a"}},
    {"422",                          {"a|422 a",                "a|422 a",          "a|422 a",          "a|422 a",            "a|422 a"}},
};

/* clang-format on */

#define CELLS_MAX ((GW_COUNT(at_first) + GW_COUNT(at_every)) * STRATEGIES)

struct cell {
    char name[96];
    const struct fault *fault;
    enum strategy strategy;
    bool all;
    const char *want;
};

static void test_cell(void **state)
{
    const struct cell *cell = *state;
    struct complaint complaint;

    complaint_init(&complaint);
    bool ok = matrix_play(cell->fault, cell->strategy, cell->all, cell->want, &complaint);
    if (!ok)
        printf("FAIL %s: %s\n%.*s", cell->name, cell->want,
               GW_STR_ARG(gw_buf_str(&complaint.text)));
    (void)fflush(stdout);
    complaint_finish(&complaint);
    assert_true(ok);
}

/* One wait may have any length; many are spread over all of what is allowed ("full jitter"), which is twice
 * as much for the second one. */
static void test_waits_are_spread(void **state)
{
    const struct fault *fault = fault_named("503");
    struct complaint complaint;
    (void)state;

    complaint_init(&complaint);
    for (unsigned i = 0; i < 100; i++)
        assert_true(matrix_play(fault, SINGLE, true, "a,w500,a,w1000,a|503 a", &complaint));
    complaint_finish(&complaint);
    for (unsigned number = 0; number < MATRIX_WAITS; number++)
        for (unsigned part = 0; part < MATRIX_WAIT_PARTS; part++)
            assert_true(matrix_waits(number)[part] > 0);
}

static size_t add_rows(struct cell *cells, size_t count, const struct row *rows, size_t rows_count,
                       bool all)
{
    for (size_t i = 0; i < rows_count; i++) {
        for (unsigned strategy = 0; strategy < STRATEGIES; strategy++) {
            struct cell *cell = &cells[count];
            if (strcmp(rows[i].cells[strategy], "-") == 0)
                continue;
            *cell = (struct cell){.fault = fault_named(rows[i].fault),
                                  .strategy = (enum strategy)strategy,
                                  .all = all,
                                  .want = rows[i].cells[strategy]};
            must(cell->fault != NULL, rows[i].fault);
            (void)snprintf(cell->name, sizeof cell->name, "%s at %s attempt, %s", rows[i].fault,
                           all ? "every" : "the first", strategies[strategy]);
            count++;
        }
    }
    return count;
}

int main(int argc, char **argv)
{
    static struct cell cells[CELLS_MAX];
    static struct CMUnitTest tests[CELLS_MAX + 1];
    size_t count = add_rows(cells, 0, at_first, GW_COUNT(at_first), false);

    count = add_rows(cells, count, at_every, GW_COUNT(at_every), true);
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){
            .name = cells[i].name, .test_func = test_cell, .initial_state = &cells[i]};
    tests[count] = (struct CMUnitTest)cmocka_unit_test(test_waits_are_spread);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    loops_init();
    return _cmocka_run_group_tests("the fault matrix", tests, count + 1, NULL, NULL);
}
