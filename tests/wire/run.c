/*
 * tests/wire/run: plays .wire scripts (README.md) and says which of them the gateway does not
 * follow.
 */
#include "wire/loops.h"
#include "wire/play.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define STANDARD_CONFIG "standard.toml"
#define CONFIG_BYTES_MAX 16384

/* The configuration of scripts that have none: beside them. */
static struct gw_str read_standard(const char *script_path, char into[CONFIG_BYTES_MAX])
{
    char folder[PATH_MAX], path[PATH_MAX + sizeof STANDARD_CONFIG + 1];

    (void)snprintf(folder, sizeof folder, "%s", script_path);
    (void)snprintf(path, sizeof path, "%s/" STANDARD_CONFIG, dirname(folder));
    FILE *file = fopen(path, "r");
    must(file != NULL, path);
    size_t len = fread(into, 1, CONFIG_BYTES_MAX, file);
    (void)fclose(file);
    return (struct gw_str){into, len};
}

static void print_failure(const char *path, const struct script *script, unsigned row,
                          size_t position, size_t positions, unsigned line,
                          const struct complaint *complaint)
{
    const struct table *table = &script->table;

    printf("FAIL %s:%u", path, line);
    if (table->rows)
        printf(" [%.*s]", GW_STR_ARG(table->cells[(size_t)row * table->columns]));
    if (positions > 1)
        printf(" [position %zu of %zu]", position, positions);
    printf(": %.*s\n", GW_STR_ARG(script->title));
    if (gw_buf_len(&complaint->text))
        printf("%.*s", GW_STR_ARG(gw_buf_str(&complaint->text)));
}

/* All positions of one row. @return false at the first that fails */
static bool play_row(const char *path, const struct script *script, struct stage *stage,
                     struct gw_str config, unsigned row, size_t *plays)
{
    size_t positions = 1;
    unsigned line = 0;
    bool ok = true;

    for (size_t position = 0; ok && position < positions; position++) {
        struct complaint complaint;
        complaint_init(&complaint);
        ok = play(script, stage, config, row, position, &positions, &line, &complaint);
        if (!ok)
            print_failure(path, script, row, position, positions, line, &complaint);
        complaint_finish(&complaint);
        ++*plays;
    }
    return ok;
}

static bool play_script(const char *path)
{
    char standard[CONFIG_BYTES_MAX];
    struct complaint complaint;
    struct script script;
    struct stage stage = {.count = 0};
    size_t plays = 0;

    complaint_init(&complaint);
    bool ok = script_load(&script, path, &complaint);
    struct gw_str config =
        ok && script.config.len == 0 ? read_standard(path, standard) : script.config;
    ok = ok && stage_open(&stage, config, &complaint);
    if (!ok)
        printf("FAIL %s: %.*s", path, GW_STR_ARG(gw_buf_str(&complaint.text)));
    for (unsigned row = 0, rows = script.table.rows ? script.table.rows : 1;
         row < rows && gw_buf_len(&complaint.text) == 0; row++)
        ok = play_row(path, &script, &stage, config, row, &plays) && ok;
    if (ok)
        printf("ok %s (%zu)\n", path, plays);
    (void)fflush(stdout);
    stage_close(&stage);
    script_finish(&script);
    complaint_finish(&complaint);
    return ok;
}

/* What the configurations of scripts name as "env::KEY_A", … */
static void set_keys(void)
{
    (void)setenv("KEY_A", "key-of-a", 1);
    (void)setenv("KEY_B", "key-of-b", 1);
    (void)setenv("KEY_C", "key-of-c", 1);
}

int main(int argc, char **argv)
{
    int failed = 0;

    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE.wire ...\n", argv[0]);
        return 2;
    }
    set_keys();
    loops_init();
    for (int i = 1; i < argc; i++)
        failed += !play_script(argv[i]);
    return failed != 0;
}
