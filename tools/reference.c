/*
 * tools/reference: prints docs/reference/config.md from the tables that read configurations.
 *
 * Built with config/keys.c, keys_later.c and known_providers.c, and base/str.c; the checked-in page
 * must be what this prints.
 */
#include "config/keys.h"
#include "config/known_providers.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const kinds[] = {
    [GW_KEY_BOOL] = "true or false",
    [GW_KEY_INTEGER] = "integer",
    [GW_KEY_NUMBER] = "number",
    [GW_KEY_STRING] = "string",
    [GW_KEY_CHOICE] = "word",
    [GW_KEY_URL] = "URL",
    [GW_KEY_CREDENTIAL] = "`env::NAME` or `file::PATH`",
    [GW_KEY_STRINGS] = "strings",
    [GW_KEY_STRING_MAP] = "table of strings",
    [GW_KEY_TABLE] = "table",
    [GW_KEY_TABLES] = "tables by name",
    [GW_KEY_TABLE_LIST] = "list of tables",
};

static void print_choices(const struct gw_config_key *key)
{
    const char *between = key->kind == GW_KEY_BOOL ? ", or " : ": ";

    for (size_t i = 0; key->choices && key->choices[i]; i++)
        if (key->choices[i][0]) {
            printf("%s`%s`", between, key->choices[i]);
            between = ", ";
        }
}

static void print_type(const struct gw_config_key *key)
{
    printf("%s", kinds[key->kind]);
    print_choices(key);
    if (key->kind == GW_KEY_INTEGER && (key->min > INT64_MIN || key->max < INT64_MAX))
        printf(", %" PRId64 " to %" PRId64, key->min, key->max);
    if (key->kind == GW_KEY_NUMBER)
        printf(", %" PRId64 " to %" PRId64, key->min, key->max);
}

static void print_default(const struct gw_config_key *key)
{
    struct gw_str list, item;
    const char *between = "";

    if (key->flags & GW_KEY_REQUIRED) {
        printf("**required**");
    } else if (!key->fallback) {
        printf("none");
    } else if (key->kind == GW_KEY_STRINGS) {
        list = gw_str_of(key->fallback);
        printf("`[");
        while (gw_str_next_item(&list, &item)) {
            printf("%s\"%.*s\"", between, GW_STR_ARG(item));
            between = ", ";
        }
        printf("]`");
    } else if (key->kind == GW_KEY_BOOL || key->kind == GW_KEY_INTEGER ||
               key->kind == GW_KEY_NUMBER) {
        printf("`%s`", key->fallback);
    } else {
        printf("`\"%s\"`", key->fallback);
    }
}

static void print_key(const struct gw_config_key *key)
{
    printf("| `%s` | ", key->name);
    print_type(key);
    printf(" | ");
    print_default(key);
    printf(" | %s%s |\n", key->doc ? key->doc : "",
           key->flags & GW_KEY_LATER ? " *Not in this release: leave it at its default.*" : "");
}

static void print_state(const struct gw_config_table *table)
{
    switch (table->state) {
    case GW_TABLE_IN_FORCE:
        break;
    case GW_TABLE_PARTLY:
        printf("\nWhat is marked below is refused: %s.\n", table->reason);
        break;
    case GW_TABLE_LATER:
        printf("\n**Refused**: %s.\n", table->reason);
        break;
    case GW_TABLE_NO_EFFECT:
        printf("\nLoads with a warning: it %s.\n", table->reason);
        break;
    }
}

static bool has_plain_keys(const struct gw_config_table *table)
{
    for (size_t i = 0; i < table->keys_count; i++)
        if (table->keys[i].kind <= GW_KEY_STRING_MAP)
            return true;
    return false;
}

static void print_table(const struct gw_config_table *table)
{
    if (!has_plain_keys(table))
        return;
    printf("\n## `[%s]`\n\n%s\n", table->path, table->doc ? table->doc : "");
    print_state(table);
    printf("\n| Key | Type | Default | Meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < table->keys_count; i++)
        if (table->keys[i].kind <= GW_KEY_STRING_MAP)
            print_key(&table->keys[i]);
}

static void print_known_providers(void)
{
    size_t count;
    const struct gw_known_provider *rows = gw_known_providers(&count);

    printf("\n## Known providers\n\nFound by the provider's name, then by the host of its "
           "`base_url`. Any other one is OpenAI-compatible with bearer\nauthentication, without "
           "Responses.\n\n"
           "| Name | Hosts | Dialect | Key | Responses |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const struct gw_known_provider *row = &rows[i];
        printf("| `%s` |", row->name);
        for (size_t j = 0; j < GW_KNOWN_HOSTS && row->hosts[j]; j++)
            printf("%s `%s`", j ? "," : "", row->hosts[j]);
        printf(" | %.*s%s%s%s | `%s` | %s%s |\n", GW_STR_ARG(gw_dialect_name(row->dialect)),
               row->compatible_path ? "; openai where the path has `" : "",
               row->compatible_path ? row->compatible_path : "", row->compatible_path ? "`" : "",
               row->auth_name ? row->auth_name : "authorization", row->responses ? "yes" : "no",
               row->responses_under_v1_only ? ", where the path ends in `/v1`" : "");
    }
}

/* Tables that stand in several places are printed once. */
#define TABLES_MAX 64

/* Every table, each before those within it. @return how many; 0: more than there is room for */
static size_t list_tables(const struct gw_config_table *tables[TABLES_MAX])
{
    size_t count = 1;

    tables[0] = &gw_config_root;
    for (size_t at = 0; at < count; at++) {
        size_t behind = at + 1;
        for (size_t i = 0; i < tables[at]->keys_count; i++) {
            const struct gw_config_table *child = tables[at]->keys[i].child;
            size_t known = 0;
            while (known < count && tables[known] != child)
                known++;
            if (!child || known < count)
                continue;
            if (count == TABLES_MAX)
                return 0;
            memmove(&tables[behind + 1], &tables[behind], (count - behind) * sizeof *tables);
            tables[behind++] = child;
            count++;
        }
    }
    return count;
}

int main(void)
{
    const struct gw_config_table *tables[TABLES_MAX];
    size_t count = list_tables(tables);

    if (count == 0) {
        fprintf(stderr, "could not print the reference: more than %d tables\n", TABLES_MAX);
        return 1;
    }
    printf(
        "<!-- Made by tools/reference.c from the tables in src/config: do not edit. -->\n"
        "# Configuration reference\n\n"
        "A configuration is a TOML file: `config/gateway.toml` under the working directory, or "
        "what `-c FILE` or\n`GATEWAY_CONFIG` name. Every problem of it is told with file, line "
        "and column; `sluice check` tells them without\nstarting. Unknown keys are errors. Files "
        "have at most 4 MiB.\n\n"
        "Tables and keys that are marked as not in this release are known and checked, so that "
        "files that leave them\nswitched off load; a file that asks for them is refused.\n");
    for (size_t i = 1; i < count; i++)
        print_table(tables[i]);
    print_known_providers();
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
