#include "wire/script.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>

#define INDENT 4u
#define FILE_BYTES_MAX ((size_t)1 << 20)

struct gw_str script_word(struct gw_str *rest)
{
    *rest = gw_str_trim(*rest);
    size_t len = gw_str_find(*rest, ' ');
    struct gw_str word = {rest->base, len};
    *rest = gw_str_trim(gw_str_from(*rest, len));
    return word;
}

/* ---- lines ---- */

struct lines {
    struct gw_str rest;
    unsigned number; /* of the line that next_line() gave last */
    char *block_at;  /* where the next block is put */
};

static bool next_line(struct lines *lines, struct gw_str *line)
{
    if (lines->rest.len == 0)
        return false;
    size_t len = gw_str_find(lines->rest, '\n');
    *line = (struct gw_str){lines->rest.base, len};
    lines->rest = gw_str_from(lines->rest, len + 1);
    lines->number++;
    return true;
}

static bool is_indented(struct gw_str line)
{
    return gw_str_starts(line, GW_STR("    "));
}

/* The indented lines that follow; blank ones between them belong to them, those behind do not. */
static struct gw_str take_block(struct lines *lines)
{
    struct gw_str block = {lines->block_at, 0};
    size_t blank = 0; /* line ends not put yet */

    for (;;) {
        struct lines before = *lines;
        struct gw_str line;
        if (!next_line(lines, &line))
            break;
        if (line.len != 0 && !is_indented(line)) {
            lines->rest = before.rest;
            lines->number = before.number;
            break;
        }
        if (line.len != 0) {
            memset(lines->block_at + block.len, '\n', blank);
            block.len += blank;
            blank = 0;
            struct gw_str text = gw_str_from(line, INDENT);
            memcpy(lines->block_at + block.len, text.base, text.len);
            block.len += text.len;
        }
        blank += block.len != 0;
    }
    lines->block_at += block.len;
    return block;
}

/* ---- the table ---- */

static unsigned split_cells(struct gw_str line, struct gw_str cells[SCRIPT_COLUMNS_MAX])
{
    unsigned count = 0;

    while (count < SCRIPT_COLUMNS_MAX) {
        size_t len = gw_str_find_str(line, GW_STR(" | "));
        cells[count++] = gw_str_trim((struct gw_str){line.base, len});
        if (len == line.len)
            break;
        line = gw_str_from(line, len + 3);
    }
    return count;
}

static bool take_table(struct table *table, const struct step *step, struct gw_str names,
                       struct complaint *complaint)
{
    struct gw_str rest = step->block, cells[SCRIPT_COLUMNS_MAX];

    if (table->rows)
        return complain(complaint, "line %u: there is a table already", step->line);
    table->columns = split_cells(names, table->names);
    while (rest.len) {
        size_t len = gw_str_find(rest, '\n');
        struct gw_str line = {rest.base, len};
        rest = gw_str_from(rest, len + 1);
        if (line.len == 0)
            continue;
        if (split_cells(line, cells) != table->columns)
            return complain(complaint, "line %u: a row without %u columns: %.*s", step->line,
                            table->columns, GW_STR_ARG(line));
        size_t size = sizeof cells[0] * table->columns;
        table->cells = realloc(table->cells, size * (table->rows + 1u));
        must(table->cells != NULL, "realloc");
        memcpy(table->cells + (size_t)table->columns * table->rows++, cells, size);
    }
    return table->rows != 0 || complain(complaint, "line %u: a table without rows", step->line);
}

struct gw_str script_fill(const struct table *table, unsigned row, struct gw_str text,
                          struct gw_arena *arena)
{
    for (unsigned i = 0; table->rows && i < table->columns; i++) {
        struct gw_str value = table->cells[(size_t)row * table->columns + i];
        struct gw_str name = gw_arena_printf(arena, "{%.*s}", GW_STR_ARG(table->names[i]));
        size_t done = 0, at; /* what stands in a value is not replaced again */
        while (at = done + gw_str_find_str(gw_str_from(text, done), name), at < text.len) {
            struct gw_str rest = gw_str_from(text, at + name.len);
            text = gw_arena_printf(arena, "%.*s%.*s%.*s", (int)at, text.base, GW_STR_ARG(value),
                                   GW_STR_ARG(rest));
            must(text.base != NULL, "arena");
            done = at + value.len;
        }
    }
    return text;
}

/* ---- the file ---- */

static char *read_file(const char *path, size_t *len_out, struct complaint *complaint)
{
    FILE *file = fopen(path, "rb");

    if (!file) {
        complain(complaint, "could not open %s", path);
        return NULL;
    }
    char *text = malloc(FILE_BYTES_MAX);
    must(text != NULL, "malloc");
    *len_out = fread(text, 1, FILE_BYTES_MAX, file);
    (void)fclose(file);
    if (*len_out < FILE_BYTES_MAX)
        return text;
    free(text);
    complain(complaint, "%s is too large", path);
    return NULL;
}

static bool take_step(struct script *script, const struct step *step, struct complaint *complaint)
{
    struct gw_str rest = step->command;
    struct gw_str first = script_word(&rest), second;

    if (gw_str_eq(first, GW_STR("config"))) {
        script->config = step->block;
        script->config_line = step->line;
        return true;
    }
    if (gw_str_eq(first, GW_STR("for"))) {
        second = script_word(&rest);
        if (!gw_str_eq(second, GW_STR("each")))
            return complain(complaint, "line %u: for each COLUMN | COLUMN ...", step->line);
        return take_table(&script->table, step, rest, complaint);
    }
    script->steps = realloc(script->steps, (script->count + 1) * sizeof *step);
    must(script->steps != NULL, "realloc");
    script->steps[script->count++] = *step;
    return true;
}

bool script_load(struct script *script, const char *path, struct complaint *complaint)
{
    struct gw_str line;
    size_t len;

    *script = (struct script){.text = NULL};
    script->text = read_file(path, &len, complaint);
    if (!script->text)
        return false;
    script->blocks = malloc(len + 1);
    must(script->blocks != NULL, "malloc");
    struct lines lines = {.rest = {script->text, len}, .block_at = script->blocks};
    while (next_line(&lines, &line)) {
        if (line.len == 0)
            continue;
        if (line.base[0] == '#') {
            if (!script->title.base)
                script->title = gw_str_trim(gw_str_from(line, 1));
            continue;
        }
        if (line.base[0] == ' ' || line.base[0] == '\t')
            return complain(complaint, "line %u: a block without a command", lines.number);
        struct step step = {.line = lines.number, .command = gw_str_trim(line)};
        step.block = take_block(&lines);
        if (!take_step(script, &step, complaint))
            return false;
    }
    return script->title.base ? true : complain(complaint, "the script has no title: # ...");
}

void script_finish(struct script *script)
{
    free(script->text);
    free(script->blocks);
    free(script->steps);
    free(script->table.cells);
}
