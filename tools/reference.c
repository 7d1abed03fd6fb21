/*
 * tools/reference: writes docs/reference/ from the tables that the gateway itself works with.
 *
 *   reference DIR           writes every page into DIR
 *   reference --check DIR   writes nothing; exit status 1 and a line for each page that is stale
 *
 * One function a page, one row of `pages` each. What a table does not say of its rows stands in
 * reference_words.h: a new constant without a word there is an error, not an empty cell. The pages of
 * translation are in files of their own (reference.h).
 */
#include "reference.h"
#include "config/keys.h"
#include "config/known_providers.h"
#include "gateway/endpoints.h"
#include "gateway/reply.h"
#include "record/access_line.h"
#include "record/metrics_private.h"
#include "reference_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE_BYTES_MAX ((size_t)4 << 20)

static unsigned missing; /* words that reference_words.h should have */

const char *reference_word(const char *text, const char *of)
{
    if (text)
        return text;
    fprintf(stderr, "tools/reference has no words for %s\n", of);
    missing++;
    return "";
}

/* The enum may have grown past the end of `words`. */
#define WORD_AT(words, at, of)                                                                     \
    reference_word((size_t)(at) < GW_COUNT(words) ? (words)[at] : NULL, of)

void reference_begin(FILE *out, const char *tables)
{
    fprintf(out,
            "<!-- Made by tools/reference.c from %s: do not edit; run scripts/reference. -->\n",
            tables);
}

/* ---- config.md ---- */

static void write_choices(FILE *out, const struct gw_config_key *key)
{
    const char *between = key->kind == GW_KEY_BOOL ? ", or " : ": ";

    for (size_t i = 0; key->choices && key->choices[i]; i++)
        if (key->choices[i][0]) {
            fprintf(out, "%s`%s`", between, key->choices[i]);
            between = ", ";
        }
}

static void write_type(FILE *out, const struct gw_config_key *key)
{
    fprintf(out, "%s", WORD_AT(kind_words, key->kind, key->name));
    write_choices(out, key);
    if (key->kind != GW_KEY_INTEGER && key->kind != GW_KEY_NUMBER)
        return;
    if (key->max < INT64_MAX)
        fprintf(out, ", %" PRId64 " to %" PRId64, key->min, key->max);
    else if (key->min > INT64_MIN)
        fprintf(out, ", from %" PRId64, key->min);
}

static void write_default(FILE *out, const struct gw_config_key *key)
{
    struct gw_str list, item;
    const char *between = "";

    if (key->flags & GW_KEY_REQUIRED) {
        fprintf(out, "**required**");
    } else if (!key->fallback) {
        fprintf(out, "none");
    } else if (key->kind == GW_KEY_STRINGS) {
        list = gw_str_of(key->fallback);
        fprintf(out, "`[");
        while (gw_str_next_item(&list, &item)) {
            fprintf(out, "%s\"%.*s\"", between, GW_STR_ARG(item));
            between = ", ";
        }
        fprintf(out, "]`");
    } else if (key->kind == GW_KEY_BOOL || key->kind == GW_KEY_INTEGER ||
               key->kind == GW_KEY_NUMBER) {
        fprintf(out, "`%s`", key->fallback);
    } else {
        fprintf(out, "`\"%s\"`", key->fallback);
    }
}

static void write_key(FILE *out, const struct gw_config_key *key)
{
    fprintf(out, "| `%s` | ", key->name);
    write_type(out, key);
    fprintf(out, " | ");
    write_default(out, key);
    fprintf(out, " | %s%s |\n", reference_word(key->doc, key->name),
            key->flags & GW_KEY_LATER ? " *Not in this release: leave it at its default.*" : "");
}

static bool has_plain_keys(const struct gw_config_table *table)
{
    for (size_t i = 0; i < table->keys_count; i++)
        if (table->keys[i].kind <= GW_KEY_STRING_MAP)
            return true;
    return false;
}

static void write_table(FILE *out, const struct gw_config_table *table)
{
    if (!has_plain_keys(table))
        return;
    fprintf(out, "\n## `[%s]`\n\n%s\n", table->path, reference_word(table->doc, table->path));
    if (table->state == GW_TABLE_PARTLY)
        fprintf(out, "\nWhat is marked below is refused: %s.\n", table->reason);
    fprintf(out, "\n| Key | Type | Default | Meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < table->keys_count; i++)
        if (table->keys[i].kind <= GW_KEY_STRING_MAP)
            write_key(out, &table->keys[i]);
}

/* Tables that stand in several places are written once. */
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

static void write_config(FILE *out)
{
    const struct gw_config_table *tables[TABLES_MAX];
    size_t count = list_tables(tables);

    if (count == 0)
        (void)reference_word(NULL, "more than 64 configuration tables");
    reference_begin(out, "the tables in src/config/keys*.c");
    fprintf(out,
            "# Configuration reference\n\n"
            "How the file is found, checked and loaded anew: [config.md](../config.md). Unknown "
            "keys are errors.\n\n"
            "Keys that are marked as not in this release are known and checked, so that files that "
            "leave them switched off\nload; a file that asks for them is refused.\n");
    for (size_t i = 1; i < count; i++)
        write_table(out, tables[i]);
}

/* ---- providers.md ---- */

static void write_providers(FILE *out)
{
    size_t count;
    const struct gw_known_provider *rows = gw_known_providers(&count);

    reference_begin(out, "the table in src/config/known_providers.c");
    fprintf(out,
            "# Known providers\n\n"
            "Looked up by the name behind `providers.`, then by the host of `base_url`; a `*` "
            "stands for anything.\nAny other provider is OpenAI-compatible with bearer "
            "authentication and without Responses. Where the path\nmakes the dialect openai, the "
            "key goes "
            "in `authorization`. What the columns do: "
            "[providers.md](../provider/providers.md).\n\n"
            "| Name | Hosts | `base_url` usually ends in | Dialect | Key goes in | Responses | "
            "Name in the log |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const struct gw_known_provider *row = &rows[i];
        fprintf(out, "| `%s` |", row->name);
        for (size_t j = 0; j < GW_KNOWN_HOSTS && row->hosts[j]; j++)
            fprintf(out, "%s `%s`", j ? "," : "", row->hosts[j]);
        fprintf(out, " | %s%s%s | %.*s", row->usual_path ? "`" : "",
                row->usual_path ? row->usual_path : "", row->usual_path ? "`" : "",
                GW_STR_ARG(gw_dialect_name(row->dialect)));
        if (row->compatible_path)
            fprintf(out, "; openai where the path has `%s`", row->compatible_path);
        fprintf(out, " | `%s` | %s%s | `%s` |\n", row->auth_name ? row->auth_name : "authorization",
                row->responses ? "yes" : "no",
                row->responses_under_v1_only ? ", where the path ends in `/v1`" : "",
                row->telemetry_name ? row->telemetry_name : row->name);
    }
}

/* ---- endpoints.md ---- */

static void write_dialects(FILE *out, unsigned dialects)
{
    const char *between = "";

    if (dialects == (1u << GW_DIALECTS) - 1u) {
        fprintf(out, "any");
        return;
    }
    for (unsigned i = 0; i < GW_DIALECTS; i++)
        if (dialects & 1u << i) {
            fprintf(out, "%s%.*s", between, GW_STR_ARG(gw_dialect_name((enum gw_dialect)i)));
            between = ", ";
        }
}

static void write_endpoints(FILE *out)
{
    size_t count;
    const struct gw_endpoint *rows = gw_endpoints(&count);

    reference_begin(out, "the table in src/gateway/endpoints.c");
    fprintf(out, "# Endpoints\n\n"
                 "The first row that fits counts. `*` is one segment of a path, `**` one or more. "
                 "`/v1/v1/` is read as `/v1/`.\nMore about them: "
                 "[endpoints.md](../gateway/endpoints.md).\n\n"
                 "| Path | Methods | Where it goes | Providers of dialect | Errors look like | "
                 "`operation` | `client_format` |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const struct gw_endpoint *row = &rows[i];
        struct gw_str operation = gw_operation_name(row->operation);
        fprintf(out, "| `%s` | %s | %s | ", row->path, row->methods ? row->methods : "any",
                WORD_AT(handling_words, row->handling, row->path));
        if (row->handling >= GW_HANDLE_JSON)
            write_dialects(out, row->dialects);
        fprintf(out, " | %s | %.*s | %s |\n", WORD_AT(caller_words, row->caller, row->path),
                GW_STR_ARG(operation), row->format ? row->format : "");
    }
}

/* ---- errors.md ---- */

static void write_errors(FILE *out)
{
    reference_begin(out, "the table in src/gateway/reply.c");
    fprintf(out,
            "# Errors\n\n"
            "What the gateway itself answers. A provider's own errors pass as they come, or are "
            "[translated](translation_errors.md).\nHow they look in each dialect: "
            "[errors.md](../gateway/errors.md).\n\n"
            "| Status | OpenAI `code` | OpenAI `type` | `param` | Anthropic `error.type` | "
            "`x-to11-error-code` | `error_type` in the log | When |\n"
            "|---|---|---|---|---|---|---|---|\n");
    for (unsigned i = 0; i < GW_FAULTS; i++) {
        const struct gw_fault_row *row = gw_fault_row((enum gw_fault)i);
        struct gw_str type = gw_error_type_name(row->error_type);
        fprintf(out, "| %u | `%s` | `%s` | %s%s%s | `%s` | `%s` | `%.*s` | %s |\n", row->status,
                row->openai_code, row->openai_type, row->param ? "`" : "",
                row->param ? row->param : "null", row->param ? "`" : "", row->anthropic_type,
                row->error_code, GW_STR_ARG(type), reference_word(row->doc, row->openai_code));
    }
    fprintf(out, "\nA request that is translated can also be refused with 400 and the codes "
                 "`unsupported_parameter`, `invalid_value` or\n`missing_required_parameter`; "
                 "`param` says where.\n");
    fprintf(out,
            "\nThe log is more exact than the table where the network failed: "
            "`upstream_unreachable` is logged as `dns_error`,\n`connection_error` or `tls_error`, "
            "and `upstream_broken` as `connection_error` when no byte of an answer came.\n");
}

/* ---- metrics.md ---- */

static void write_bounds(FILE *out, const char *name, const struct gw_bound *bounds, size_t count)
{
    fprintf(out, "- `%s`:", name);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s %s", i ? "," : "", bounds[i].le);
    fprintf(out, "\n");
}

static void write_metrics(FILE *out)
{
    reference_begin(out, "the table in src/record/expose.c");
    fprintf(out, "# Metrics\n\n"
                 "On the admin listener at `[metrics] path`. How to scrape and read them: "
                 "[metrics.md](../record/metrics.md).\n\n"
                 "| Name | Type | Labels | Meaning |\n|---|---|---|---|\n");
    const struct gw_metric_family *family;
    for (size_t i = 0; (family = gw_metrics_family(i)); i++)
        fprintf(out, "| `%s` | %s | %s | %s |\n", family->name, gw_metric_type_name(family->type),
                family->labels, family->help);
    fprintf(out, "\nUpper bounds of the histograms' buckets, in seconds:\n\n");
    write_bounds(out, "http_server_request_duration_seconds", gw_duration_bounds,
                 GW_DURATION_BOUNDS);
    write_bounds(out, "gateway_overhead_duration_seconds", gw_overhead_bounds, GW_OVERHEAD_BOUNDS);
}

/* ---- access_log.md ---- */

/* A record that has everything that exchanges fill; what is then absent from its line is absent
 * from all of them. GW_AT_FIRST_CONTENT stays 0 until an exchange sets it. */
static size_t write_full_line(char line[GW_ACCESS_LINE_MAX])
{
    struct gw_str text = GW_STR("x");
    struct gw_record record = {.request_id = text,
                               .method = text,
                               .path = text,
                               .user_agent = text,
                               .remote_addr = text,
                               .client_format = text,
                               .provider = text,
                               .model_requested = text,
                               .model_used = text,
                               .route = text,
                               .function = text,
                               .target = text,
                               .operation = GW_OP_CHAT,
                               .error_type = GW_ERROR_TIMEOUT,
                               .stream = true};

    for (unsigned i = 0; i < GW_MOMENTS; i++)
        record.at_ns[i] = i == GW_AT_FIRST_CONTENT ? 0 : i + 1;
    memset(&record.trace, 1, sizeof record.trace);
    return gw_access_line_write(&record, UINT64_MAX >> (64 - GW_ACCESS_FIELDS), line);
}

static bool is_written(struct gw_str line, struct gw_str name)
{
    char key[64];
    int len = snprintf(key, sizeof key, "\"%.*s\":", GW_STR_ARG(name));

    return gw_str_find_str(line, (struct gw_str){key, (size_t)len}) < line.len;
}

static void write_access_log(FILE *out)
{
    char line[GW_ACCESS_LINE_MAX];
    struct gw_str full = {line, write_full_line(line)};

    reference_begin(out, "the list in src/config/access_log_fields.h");
    fprintf(out,
            "# Fields of the access log\n\n"
            "In the order of a line. A field that is not known of an exchange is left out of its "
            "line. Times are milliseconds\nwith three decimals. How the log is set up: "
            "[access_log.md](../record/access_log.md).\n\n"
            "| Field | In this release | Meaning |\n|---|---|---|\n");
    for (unsigned i = 0; i < GW_ACCESS_FIELDS; i++) {
        struct gw_str name = gw_access_log_field_name((enum gw_access_field)i);
        fprintf(out, "| `%.*s` | %s | %s |\n", GW_STR_ARG(name),
                is_written(full, name) ? "yes" : "accepted, never written",
                reference_word(field_words[i], name.base));
    }
}

/* ---- pages ---- */

static const struct page {
    const char *name;
    void (*write)(FILE *out); /* NULL: the page of a pair of dialects */
    enum gw_codec_id from, to;
} pages[] = {
    {.name = "access_log.md", .write = write_access_log},
    {.name = "config.md", .write = write_config},
    {.name = "endpoints.md", .write = write_endpoints},
    {.name = "errors.md", .write = write_errors},
    {.name = "metrics.md", .write = write_metrics},
    {.name = "providers.md", .write = write_providers},
    {.name = "translation_errors.md", .write = reference_write_failures},
    {.name = "translation_models.md", .write = reference_write_models},
    {.name = "translation_providers.md", .write = reference_write_providers},
    {.name = "translation_chat_to_anth.md", .from = GW_CODEC_CHAT, .to = GW_CODEC_MESSAGES},
    {.name = "translation_chat_to_resp.md", .from = GW_CODEC_CHAT, .to = GW_CODEC_RESPONSES},
    {.name = "translation_resp_to_anth.md", .from = GW_CODEC_RESPONSES, .to = GW_CODEC_MESSAGES},
    {.name = "translation_resp_to_chat.md", .from = GW_CODEC_RESPONSES, .to = GW_CODEC_CHAT},
    {.name = "translation_anth_to_chat.md", .from = GW_CODEC_MESSAGES, .to = GW_CODEC_CHAT},
    {.name = "translation_anth_to_resp.md", .from = GW_CODEC_MESSAGES, .to = GW_CODEC_RESPONSES},
};

/* @return the whole page, to be freed; NULL when out of memory */
static char *make(const struct page *page, size_t *len_out)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len_out);

    if (!out)
        return NULL;
    if (page->write)
        page->write(out);
    else
        reference_write_pair(out, page->from, page->to);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static bool save(const char *path, const char *text, size_t len)
{
    FILE *file = fopen(path, "we");
    bool good = file && fwrite(text, 1, len, file) == len;

    if (file && fclose(file) != 0)
        good = false;
    if (!good)
        perror(path);
    return good;
}

static bool is_fresh(const char *path, const char *text, size_t len)
{
    FILE *file = fopen(path, "re");
    char *kept = malloc(PAGE_BYTES_MAX);
    size_t kept_len = file && kept ? fread(kept, 1, PAGE_BYTES_MAX, file) : 0;
    bool fresh = file && kept && kept_len == len && memcmp(kept, text, len) == 0;

    if (!fresh)
        printf("%s is stale: run scripts/reference\n", path);
    free(kept);
    if (file)
        (void)fclose(file);
    return fresh;
}

int main(int argc, char **argv)
{
    bool check = argc == 3 && strcmp(argv[1], "--check") == 0, good = true;
    char path[4096];

    if (!check && (argc != 2 || argv[1][0] == '-')) {
        fprintf(stderr, "usage: reference [--check] DIR\n");
        return 2;
    }
    for (size_t i = 0; i < GW_COUNT(pages); i++) {
        size_t len;
        char *text = make(&pages[i], &len);
        int wanted = snprintf(path, sizeof path, "%s/%s", argv[argc - 1], pages[i].name);
        if (!text || wanted >= (int)sizeof path) {
            fprintf(stderr, "could not make %s\n", pages[i].name);
            free(text);
            return 1;
        }
        good = (check ? is_fresh(path, text, len) : save(path, text, len)) && good;
        free(text);
    }
    return good && missing == 0 ? 0 : 1;
}
