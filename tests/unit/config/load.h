/*
 * tests/unit/config/load.h: a configuration from text, with its problems as one text.
 */
#ifndef GW_TESTS_UNIT_CONFIG_LOAD_H
#define GW_TESTS_UNIT_CONFIG_LOAD_H

#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>

struct loaded {
    enum gw_status status;
    struct gw_config *config; /* NULL unless GW_OK */
    char said[16384];         /* the problems, printed; the file is called "t" */
    unsigned errors, warnings;
};

static inline void load_for(enum gw_config_use use, const char *text, struct loaded *loaded)
{
    struct gw_problems problems;
    struct gw_buf printed;

    *loaded = (struct loaded){.config = NULL};
    gw_problems_init(&problems);
    gw_buf_init(&printed, sizeof loaded->said - 1);
    loaded->status = gw_config_parse(gw_str_of(text), GW_STR("t"), use, &problems, &loaded->config);
    (void)gw_problems_print(&problems, &printed);
    if (gw_buf_len(&printed))
        memcpy(loaded->said, gw_buf_str(&printed).base, gw_buf_len(&printed));
    loaded->errors = problems.errors;
    loaded->warnings = problems.warnings;
    gw_buf_finish(&printed);
    gw_problems_finish(&problems);
}

static inline void load_text(const char *text, struct loaded *loaded)
{
    load_for(GW_CONFIG_TO_SERVE, text, loaded);
}

static inline void load_finish(struct loaded *loaded)
{
    gw_config_release(loaded->config);
    loaded->config = NULL;
}

/* A file and what must be said of it: one problem, which begins so; empty: nothing. A secret that
 * is planted in one begins with "sk-". */
struct said_case {
    const char *label, *text, *said;
    unsigned more; /* further problems that it makes */
};

static inline void expect_said(const struct said_case *cases, size_t count)
{
    static struct loaded loaded;
    unsigned failures = 0;

    for (size_t i = 0; i < count; i++) {
        const struct said_case *row = &cases[i];
        load_text(row->text, &loaded);
        bool refused = strstr(row->said, " error: ") != NULL;
        unsigned problems = (row->said[0] != '\0') + row->more;
        const char *line = strstr(loaded.said, row->said);
        bool good = line && (line == loaded.said || line[-1] == '\n') &&
                    (loaded.status != GW_OK) == refused &&
                    loaded.errors + loaded.warnings == problems && !strstr(loaded.said, "sk-");
        if (!good)
            print_error("%s: %s, and not %u problems, one of them\n  %s\nbut\n%s", row->label,
                        gw_status_name(loaded.status), problems, row->said, loaded.said);
        failures += !good;
        load_finish(&loaded);
    }
    assert_int_equal(failures, 0);
}

#endif
