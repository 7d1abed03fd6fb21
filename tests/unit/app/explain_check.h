/*
 * tests/unit/app/explain_check.h: lines that an explanation is to have.
 */
#ifndef GW_TESTS_UNIT_APP_EXPLAIN_CHECK_H
#define GW_TESTS_UNIT_APP_EXPLAIN_CHECK_H

#include "app/explain.h"
#include "unit/config/load.h"

struct explain_case {
    const char *label, *endpoint, *model;
    enum gw_status status;
    /* Lines of the text in their order, or the message. A blank stands for any number of them.
     * "!x": no x anywhere. */
    const char *lines[20];
};

/* Runs of blanks become one, and those in front of a line go. */
static inline void squeeze(struct gw_str text, char *out, size_t room)
{
    size_t len = 0;

    assert_true(text.len < room);
    for (size_t i = 0; i < text.len; i++) {
        bool front = len == 0 || out[len - 1] == '\n' || out[len - 1] == ' ';
        if (text.base[i] != ' ' || !front)
            out[len++] = text.base[i];
    }
    out[len] = '\0';
}

/* NULL: there is no such line. */
static inline const char *find_line(const char *text, const char *line)
{
    size_t len = strlen(line);

    for (const char *at = text; (at = strstr(at, line)); at++)
        if ((at == text || at[-1] == '\n') && (at[len] == '\n' || at[len] == '\0'))
            return at;
    return NULL;
}

static inline void check_lines(const struct explain_case *row, const char *text)
{
    const char *rest = text;

    for (size_t i = 0; i < GW_COUNT(row->lines) && row->lines[i]; i++) {
        const char *line = row->lines[i];
        const char *found = line[0] == '!' ? NULL : find_line(rest, line);
        if (line[0] == '!' && strstr(text, line + 1))
            fail_msg("%s: %s, in:\n%s", row->label, line, text);
        if (line[0] != '!' && !found)
            fail_msg("%s: no \"%s\", or not where it belongs, in:\n%s", row->label, line, text);
        if (found)
            rest = found + strlen(line);
    }
}

static inline void check_case(const struct explain_case *row, const struct gw_config *config,
                              const struct gw_explain_health *health)
{
    struct gw_explanation explanation;
    struct gw_err err = {.message = ""};
    struct gw_buf buf;
    char text[16384];

    gw_buf_init(&buf, sizeof text - 1);
    enum gw_status status =
        gw_explain(config, gw_str_of(row->endpoint), gw_str_of(row->model), &explanation, &err);
    if (status == GW_OK)
        assert_int_equal(gw_explain_text(&explanation, health, &buf), GW_OK);
    squeeze(status == GW_OK ? gw_buf_str(&buf) : gw_str_of(err.message), text, sizeof text);
    if (status != row->status)
        fail_msg("%s: %s\n%s", row->label, gw_status_name(status), text);
    check_lines(row, text);
    if (strstr(text, "sk-"))
        fail_msg("%s: a secret in:\n%s", row->label, text);
    gw_buf_finish(&buf);
}

static inline void check_all(const struct explain_case *rows, size_t count, const char *text,
                             const struct gw_explain_health *health)
{
    static struct loaded loaded;

    load_for(GW_CONFIG_TO_EXPLAIN, text, &loaded);
    if (loaded.status != GW_OK)
        fail_msg("%s", loaded.said);
    for (size_t i = 0; i < count; i++)
        check_case(&rows[i], loaded.config, health);
    load_finish(&loaded);
}

#endif
