/*
 * One value against its row of keys.c: type, range, form. Nothing is stored here.
 */
#include "config/credential.h"
#include "config/read_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SCOPES_MAX 8

const char *gw_read_path(const struct gw_read_scope *scope, char out[GW_READ_PATH_BYTES])
{
    const struct gw_read_scope *chain[SCOPES_MAX];
    unsigned depth = 0;
    size_t used = 0;

    for (; scope && depth < SCOPES_MAX; scope = scope->outer)
        if (scope->name.len)
            chain[depth++] = scope;
    out[0] = '\0';
    while (depth > 0) {
        char name[GW_QUOTE_BYTES];
        (void)gw_quote(chain[--depth]->name, name);
        int len = snprintf(out + used, GW_READ_PATH_BYTES - used, "%s.", name);
        if (len < 0 || (size_t)len >= GW_READ_PATH_BYTES - used)
            break; /* cut: the place is told by line and column all the same */
        used += (size_t)len;
    }
    return out;
}

void gw_read_report(struct gw_loader *loader, const struct gw_read_scope *scope,
                    const struct gw_config_key *key, const struct gw_toml_node *node,
                    const char *format, ...)
{
    char path[GW_READ_PATH_BYTES], text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    gw_problems_add(loader->problems, GW_PROBLEM_ERROR, &node->at, "%s%s %s",
                    gw_read_path(scope, path), key->name, text);
}

static const char *const kind_names[] = {
    [GW_KEY_BOOL] = "true or false",
    [GW_KEY_INTEGER] = "an integer",
    [GW_KEY_NUMBER] = "a number",
    [GW_KEY_STRING] = "a string",
    [GW_KEY_CHOICE] = "a string",
    [GW_KEY_URL] = "a string",
    [GW_KEY_CREDENTIAL] = "a string",
    [GW_KEY_STRINGS] = "an array of strings",
    [GW_KEY_STRING_MAP] = "a table of strings",
    [GW_KEY_TABLE] = "a table",
    [GW_KEY_TABLES] = "a table of tables",
    [GW_KEY_TABLE_LIST] = "an array of tables",
};

static const enum gw_toml_type kind_types[] = {
    [GW_KEY_BOOL] = GW_TOML_BOOLEAN,      [GW_KEY_INTEGER] = GW_TOML_INTEGER,
    [GW_KEY_NUMBER] = GW_TOML_FLOAT,      [GW_KEY_STRING] = GW_TOML_STRING,
    [GW_KEY_CHOICE] = GW_TOML_STRING,     [GW_KEY_URL] = GW_TOML_STRING,
    [GW_KEY_CREDENTIAL] = GW_TOML_STRING, [GW_KEY_STRINGS] = GW_TOML_ARRAY,
    [GW_KEY_STRING_MAP] = GW_TOML_TABLE,  [GW_KEY_TABLE] = GW_TOML_TABLE,
    [GW_KEY_TABLES] = GW_TOML_TABLE,      [GW_KEY_TABLE_LIST] = GW_TOML_ARRAY,
};

/* `"a", "b" or "c"` */
static const char *list_choices(const char *const *choices, char *out, size_t room)
{
    size_t used = 0;
    unsigned left = 0;

    out[0] = '\0';
    for (const char *const *choice = choices; *choice; choice++)
        left += **choice != '\0';
    for (const char *const *choice = choices; *choice; choice++) {
        if (!**choice)
            continue;
        const char *behind = left > 2 ? ", " : left == 2 ? " or " : "";
        int len = snprintf(out + used, room - used, "\"%s\"%s", *choice, behind);
        if (len < 0 || (size_t)len >= room - used)
            break;
        used += (size_t)len;
        left--;
    }
    return out;
}

bool gw_read_choice(const char *const *choices, struct gw_str text, uint32_t *index_out)
{
    for (uint32_t i = 0; choices[i]; i++)
        if (choices[i][0] && gw_str_eq(text, gw_str_of(choices[i]))) {
            *index_out = i;
            return true;
        }
    return false;
}

static bool has_control(struct gw_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.base[i] < 0x20 || text.base[i] == 0x7F)
            return true;
    return false;
}

static bool read_number(struct gw_loader *loader, const struct gw_read_scope *scope,
                        const struct gw_config_key *key, const struct gw_toml_node *node,
                        union gw_read_value *value)
{
    value->number = node->type == GW_TOML_INTEGER ? (double)node->u.integer : node->u.number;
    /* Written so that NaN fails, too. */
    if (value->number >= (double)key->min && value->number <= (double)key->max)
        return true;
    gw_read_report(loader, scope, key, node, "must be a number from %" PRId64 " to %" PRId64,
                   key->min, key->max);
    return false;
}

static bool read_integer(struct gw_loader *loader, const struct gw_read_scope *scope,
                         const struct gw_config_key *key, const struct gw_toml_node *node,
                         union gw_read_value *value)
{
    value->integer = node->u.integer;
    if (value->integer >= key->min && value->integer <= key->max)
        return true;
    gw_read_report(loader, scope, key, node,
                   "must be an integer from %" PRId64 " to %" PRId64 ", not %" PRId64, key->min,
                   key->max, value->integer);
    return false;
}

static bool read_string(struct gw_loader *loader, const struct gw_read_scope *scope,
                        const struct gw_config_key *key, const struct gw_toml_node *node,
                        union gw_read_value *value)
{
    value->string = node->u.string;
    if (has_control(value->string)) {
        gw_read_report(loader, scope, key, node, "must not hold control characters");
        return false;
    }
    if ((key->flags & GW_KEY_FILLED) && value->string.len == 0) {
        gw_read_report(loader, scope, key, node, "must not be empty");
        return false;
    }
    return true;
}

static bool read_choice(struct gw_loader *loader, const struct gw_read_scope *scope,
                        const struct gw_config_key *key, const struct gw_toml_node *node,
                        union gw_read_value *value)
{
    char choices[400], found[GW_QUOTE_BYTES];

    if (gw_read_choice(key->choices, node->u.string, &value->choice))
        return true;
    gw_read_report(loader, scope, key, node, "must be %s%s, not \"%s\"",
                   key->kind == GW_KEY_BOOL ? "true, false or " : "",
                   list_choices(key->choices, choices, sizeof choices),
                   gw_quote(node->u.string, found));
    return false;
}

static bool read_url(struct gw_loader *loader, const struct gw_read_scope *scope,
                     const struct gw_config_key *key, const struct gw_toml_node *node,
                     union gw_read_value *value)
{
    struct gw_url url;

    value->string = node->u.string;
    if (value->string.len == 0 && !(key->flags & GW_KEY_FILLED))
        return true;
    /* What was found may hold a password: it is not shown. */
    if (gw_url_parse(value->string, &url, NULL) == GW_OK && !url.demo)
        return true;
    gw_read_report(loader, scope, key, node, "must be a URL like \"http://host:port/path\"");
    return false;
}

static bool read_credential(struct gw_loader *loader, const struct gw_read_scope *scope,
                            const struct gw_config_key *key, const struct gw_toml_node *node,
                            union gw_read_value *value)
{
    struct gw_credential credential;
    struct gw_err err;

    value->string = node->u.string;
    if (gw_credential_parse(value->string, &credential, &err) == GW_OK)
        return true;
    gw_read_report(loader, scope, key, node, "%s", err.message);
    return false;
}

static bool read_strings(struct gw_loader *loader, const struct gw_read_scope *scope,
                         const struct gw_config_key *key, const struct gw_toml_node *node,
                         union gw_read_value *value)
{
    char choices[400], found[GW_QUOTE_BYTES];
    uint32_t index;
    bool good = true;

    value->strings = (struct gw_key_strings){node->first, node->count};
    if ((key->flags & GW_KEY_FILLED) && node->count == 0) {
        gw_read_report(loader, scope, key, node, "must not be empty");
        return false;
    }
    for (const struct gw_toml_node *item = node->first; item; item = item->next) {
        if (item->type != GW_TOML_STRING) {
            gw_read_report(loader, scope, key, item, "must be an array of strings (found %s in it)",
                           gw_toml_type_name(item->type));
        } else if (item->u.string.len == 0) {
            gw_read_report(loader, scope, key, item, "must not hold an empty string");
        } else if (key->choices && !gw_read_choice(key->choices, item->u.string, &index)) {
            gw_read_report(loader, scope, key, item, "cannot hold \"%s\": only %s",
                           gw_quote(item->u.string, found),
                           list_choices(key->choices, choices, sizeof choices));
        } else {
            continue;
        }
        good = false;
    }
    return good;
}

bool gw_read_type_fits(struct gw_loader *loader, const struct gw_read_scope *scope,
                       const struct gw_config_key *key, const struct gw_toml_node *node)
{
    char choices[400];
    bool also_choice = key->kind == GW_KEY_BOOL && key->choices;

    if (node->type == kind_types[key->kind] ||
        (key->kind == GW_KEY_NUMBER && node->type == GW_TOML_INTEGER) ||
        (also_choice && node->type == GW_TOML_STRING))
        return true;
    gw_read_report(loader, scope, key, node, "must be %s%s%s, not %s",
                   also_choice ? "true, false" : kind_names[key->kind], also_choice ? " or " : "",
                   also_choice ? list_choices(key->choices, choices, sizeof choices) : "",
                   gw_toml_type_name(node->type));
    return false;
}

bool gw_read_value(struct gw_loader *loader, const struct gw_read_scope *scope,
                   const struct gw_config_key *key, const struct gw_toml_node *node,
                   union gw_read_value *value)
{
    union gw_read_value choice; /* of a bool that may also be a word: nothing stores which */

    switch (key->kind) {
    case GW_KEY_BOOL:
        value->boolean = node->type != GW_TOML_BOOLEAN || node->u.boolean;
        return node->type == GW_TOML_BOOLEAN || read_choice(loader, scope, key, node, &choice);
    case GW_KEY_INTEGER:
        return read_integer(loader, scope, key, node, value);
    case GW_KEY_NUMBER:
        return read_number(loader, scope, key, node, value);
    case GW_KEY_STRING:
        return read_string(loader, scope, key, node, value);
    case GW_KEY_CHOICE:
        return read_choice(loader, scope, key, node, value);
    case GW_KEY_URL:
        return read_url(loader, scope, key, node, value);
    case GW_KEY_CREDENTIAL:
        return read_credential(loader, scope, key, node, value);
    case GW_KEY_STRINGS:
        return read_strings(loader, scope, key, node, value);
    case GW_KEY_STRING_MAP:
    case GW_KEY_TABLE:
    case GW_KEY_TABLES:
    case GW_KEY_TABLE_LIST:
        break;
    }
    return false;
}
