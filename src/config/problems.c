#include "config/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What one text may take; longer ones are cut. */
#define TEXT_BYTES 1024

void gw_problems_init(struct gw_problems *problems)
{
    *problems = (struct gw_problems){.path = GW_STR("")};
    gw_arena_init(&problems->arena, NULL);
}

void gw_problems_finish(struct gw_problems *problems)
{
    free(problems->list);
    gw_arena_finish(&problems->arena);
    gw_problems_init(problems);
}

/* Room for one more; the list grows by doubling. */
static bool reserve(struct gw_problems *problems)
{
    size_t count = problems->count;

    if (count >= GW_PROBLEMS_MAX)
        return false;
    if (count != 0 && (count & (count - 1)) != 0)
        return true;
    size_t room = count ? count * 2 : 1;
    struct gw_problem *list = realloc(problems->list, room * sizeof *list);
    if (!list)
        return false;
    problems->list = list;
    return true;
}

struct gw_problem *gw_problems_add(struct gw_problems *problems, enum gw_severity severity,
                                   const struct gw_toml_at *at, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list args;

    if (severity == GW_PROBLEM_ERROR)
        problems->errors++;
    else
        problems->warnings++;
    if (!reserve(problems))
        return NULL; /* counted above: the outcome does not change */
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct gw_str kept = gw_arena_str(&problems->arena, gw_str_of(text));
    struct gw_problem *added = &problems->list[problems->count++];
    *added = (struct gw_problem){
        .severity = severity,
        .at = at ? *at : (struct gw_toml_at){0, 0},
        .text = kept.base ? kept : GW_STR("out of memory"),
        .table = GW_STR(""),
        .name = GW_STR(""),
    };
    return added;
}

void gw_problems_assign(struct gw_problems *problems, struct gw_problem *problem,
                        struct gw_str table, struct gw_str name, const char *key)
{
    if (!problem)
        return;
    table = gw_arena_str(&problems->arena, table);
    name = gw_arena_str(&problems->arena, name);
    if (!table.base || !name.base)
        return; /* it is told all the same */
    problem->table = table;
    problem->name = name;
    problem->key = key;
}

void gw_problems_keep(struct gw_problems *problems,
                      bool (*keep)(const struct gw_problem *problem, const void *arg),
                      const void *arg)
{
    size_t kept = 0;

    for (size_t i = 0; i < problems->count; i++) {
        const struct gw_problem *problem = &problems->list[i];
        if (problem->severity == GW_PROBLEM_WARNING && !keep(problem, arg))
            problems->warnings--;
        else
            problems->list[kept++] = *problem;
    }
    problems->count = kept;
}

static int by_place(const void *a, const void *b)
{
    const struct gw_problem *left = a, *right = b;

    if (left->at.line != right->at.line)
        return left->at.line < right->at.line ? -1 : 1;
    if (left->at.column != right->at.column)
        return left->at.column < right->at.column ? -1 : 1;
    return 0;
}

/* Insertion sort: stable, and the list is nearly sorted as it comes. */
void gw_problems_sort(struct gw_problems *problems)
{
    for (size_t i = 1; i < problems->count; i++) {
        struct gw_problem moved = problems->list[i];
        size_t at = i;
        while (at > 0 && by_place(&problems->list[at - 1], &moved) > 0) {
            problems->list[at] = problems->list[at - 1];
            at--;
        }
        problems->list[at] = moved;
    }
}

static enum gw_status print_one(const struct gw_problems *problems,
                                const struct gw_problem *problem, struct gw_buf *into)
{
    const char *severity = problem->severity == GW_PROBLEM_ERROR ? "error" : "warning";

    if (problem->at.line == 0)
        return gw_buf_printf(into, "%.*s: %s: %.*s\n", GW_STR_ARG(problems->path), severity,
                             GW_STR_ARG(problem->text));
    return gw_buf_printf(into, "%.*s:%u:%u: %s: %.*s\n", GW_STR_ARG(problems->path),
                         problem->at.line, problem->at.column, severity, GW_STR_ARG(problem->text));
}

enum gw_status gw_problems_print(const struct gw_problems *problems, struct gw_buf *into)
{
    enum gw_status status = GW_OK;
    size_t all = (size_t)problems->errors + problems->warnings;

    for (size_t i = 0; i < problems->count && status == GW_OK; i++)
        status = print_one(problems, &problems->list[i], into);
    if (status == GW_OK && all > problems->count)
        status = gw_buf_printf(into, "%.*s: and %zu more\n", GW_STR_ARG(problems->path),
                               all - problems->count);
    return status;
}

/* Bytes of the UTF-8 sequence at the start of `text`, 0 when it is not a whole and valid one (RFC
 * 3629). */
static size_t sequence_bytes(struct gw_str text)
{
    const unsigned char *at = (const unsigned char *)text.base;
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;

    if (len == 0 || len > text.len || at[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] >= 0xA0) ||
        (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] >= 0x90))
        return 0;
    if (len == 2 && at[0] == 0xC2 && at[1] < 0xA0)
        return 0; /* C1 control characters: some terminals obey them */
    return len;
}

const char *gw_quote(struct gw_str text, char out[GW_QUOTE_BYTES])
{
    size_t used = 0;
    const size_t room = GW_QUOTE_BYTES - sizeof "...";

    while (text.len) {
        size_t len = sequence_bytes(text);
        bool plain = len > 1 || (len == 1 && text.base[0] >= 0x20 && text.base[0] != 0x7F);
        size_t taken = len ? len : 1;
        if (used + (plain ? taken : 1) > room) {
            memcpy(out + used, "...", sizeof "...");
            return out;
        }
        if (plain) {
            memcpy(out + used, text.base, taken);
            used += taken;
        } else {
            out[used++] = '?';
        }
        text = gw_str_from(text, taken);
    }
    out[used] = '\0';
    return out;
}
