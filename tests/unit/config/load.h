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

static inline void load_text(const char *text, struct loaded *loaded)
{
    struct gw_problems problems;
    struct gw_buf printed;

    *loaded = (struct loaded){.config = NULL};
    gw_problems_init(&problems);
    gw_buf_init(&printed, sizeof loaded->said - 1);
    loaded->status = gw_config_parse(gw_str_of(text), GW_STR("t"), GW_CONFIG_TO_SERVE, &problems,
                                     &loaded->config);
    (void)gw_problems_print(&problems, &printed);
    if (gw_buf_len(&printed))
        memcpy(loaded->said, gw_buf_str(&printed).base, gw_buf_len(&printed));
    loaded->errors = problems.errors;
    loaded->warnings = problems.warnings;
    gw_buf_finish(&printed);
    gw_problems_finish(&problems);
}

static inline void load_finish(struct loaded *loaded)
{
    gw_config_release(loaded->config);
    loaded->config = NULL;
}

#endif
