/*
 * tests/wire/script: a .wire file as a list of steps. Knows the lines, not what they mean.
 */
#ifndef GW_TESTS_WIRE_SCRIPT_H
#define GW_TESTS_WIRE_SCRIPT_H

#include "wire/complaint.h"

#define SCRIPT_COLUMNS_MAX 8
#define SCRIPT_NAMES_MAX 12

/* A line at the margin, and the indented block under it. */
struct step {
    unsigned line;
    struct gw_str command;
    struct gw_str block; /* without its indent, lines with their LF but the last; empty: none */
};

/* The table of a script that is played once for each row. */
struct table {
    struct gw_str names[SCRIPT_COLUMNS_MAX]; /* of the columns; the first is the row's label */
    unsigned columns, rows;
    struct gw_str *cells; /* rows * columns */
};

struct script {
    char *text, *blocks;  /* the file, and its blocks without indent */
    struct gw_str title;  /* the first comment */
    struct gw_str config; /* TOML; empty: the standard one */
    unsigned config_line;
    struct step *steps;
    size_t count;
    struct table table; /* rows 0: none */
};

bool script_load(struct script *script, const char *path, struct complaint *complaint);
void script_finish(struct script *script);

/* The next word of `rest`; empty at its end. */
struct gw_str script_word(struct gw_str *rest);

/* `text` with {NAME} replaced by the row's value, for every column. Lives as long as `arena`. */
struct gw_arena;
struct gw_str script_fill(const struct table *table, unsigned row, struct gw_str text,
                          struct gw_arena *arena);

#endif
