/*
 * config/problems: what is wrong with a configuration, all of it, in the order of the file.
 *
 * Errors refuse the file, warnings do not. Texts never hold a value that may be a secret, nor
 * control characters.
 */
#ifndef GW_CONFIG_PROBLEMS_H
#define GW_CONFIG_PROBLEMS_H

#include "base/arena.h"
#include "base/buf.h"
#include "wire/toml.h"

/* Further ones are counted, not kept. */
#define GW_PROBLEMS_MAX 1000u

enum gw_severity { GW_PROBLEM_ERROR, GW_PROBLEM_WARNING };

struct gw_problem {
    enum gw_severity severity;
    struct gw_toml_at at; /* line 0: the file as a whole */
    struct gw_str text;
    /* Whose it is: [targets.NAME] and the key in it. Empty: nobody's; key NULL: the table's. */
    struct gw_str table, name;
    const char *key;
};

struct gw_problems {
    struct gw_str path; /* of the file, as named by the caller */
    struct gw_problem *list;
    size_t count;
    unsigned errors, warnings; /* these count those that were not kept, too */
    struct gw_arena arena;     /* of the texts */
};

void gw_problems_init(struct gw_problems *problems);
void gw_problems_finish(struct gw_problems *problems);

/* @param at  NULL: the file as a whole
 * @return what was added, until the next one is; NULL: it was only counted */
struct gw_problem *gw_problems_add(struct gw_problems *problems, enum gw_severity severity,
                                   const struct gw_toml_at *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Says whose it is. @param problem  may be NULL. @param key  must stay; may be NULL */
void gw_problems_assign(struct gw_problems *problems, struct gw_problem *problem,
                        struct gw_str table, struct gw_str name, const char *key);

/* Takes out the warnings for which `keep` is false. */
void gw_problems_keep(struct gw_problems *problems,
                      bool (*keep)(const struct gw_problem *problem, const void *arg),
                      const void *arg);

/* By line and column; equal ones stay in the order in which they were found. */
void gw_problems_sort(struct gw_problems *problems);

/* One line each: "config/gateway.toml:3:8: error: …\n". */
enum gw_status gw_problems_print(const struct gw_problems *problems, struct gw_buf *into);

/* `text` as it may stand in a message: control characters and broken UTF-8 as '?', cut with "..."
 * where it is long.
 * @return `out` */
#define GW_QUOTE_BYTES 72
const char *gw_quote(struct gw_str text, char out[GW_QUOTE_BYTES]);

#endif
