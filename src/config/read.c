/*
 * The tree against the tables of keys.c: unknown and missing keys, defaults, and where each value
 * goes.
 *
 * The walk goes down the tables, which are few and constant, never deeper than they are; the tree
 * only says which members are there.
 */
#include "config/read_private.h"

#include <stdlib.h>

/* Our own text of a default: always well-formed, keys_test reads them all. */
static union gw_read_value fallback_value(const struct gw_config_key *key)
{
    union gw_read_value value = {0};

    switch (key->kind) {
    case GW_KEY_BOOL:
        value.boolean = strcmp(key->fallback, "true") == 0;
        break;
    case GW_KEY_INTEGER:
        value.integer = strtoll(key->fallback, NULL, 10);
        break;
    case GW_KEY_CHOICE:
        (void)gw_read_choice(key->choices, gw_str_of(key->fallback), &value.choice);
        break;
    case GW_KEY_STRING:
    case GW_KEY_URL:
    case GW_KEY_CREDENTIAL:
        value.string = gw_str_of(key->fallback);
        break;
    case GW_KEY_NUMBER:  /* checked only */
    case GW_KEY_STRINGS: /* the ones that are stored are empty by default */
    case GW_KEY_STRING_MAP:
    case GW_KEY_TABLE:
    case GW_KEY_TABLES:
    case GW_KEY_TABLE_LIST:
        break;
    }
    return value;
}

/* Is it what the gateway does anyway? */
static bool is_fallback(const struct gw_config_key *key, const union gw_read_value *value)
{
    union gw_read_value usual = fallback_value(key);
    struct gw_str list = gw_str_of(key->fallback), item;
    const struct gw_toml_node *node;

    switch (key->kind) {
    case GW_KEY_BOOL:
        return value->boolean == usual.boolean;
    case GW_KEY_INTEGER:
        return value->integer == usual.integer;
    case GW_KEY_CHOICE:
        return value->choice == usual.choice;
    case GW_KEY_STRING:
    case GW_KEY_URL:
    case GW_KEY_CREDENTIAL:
        return gw_str_eq(value->string, usual.string);
    case GW_KEY_STRINGS:
        for (node = value->strings.nodes; node; node = node->next)
            if (!gw_str_next_item(&list, &item) || !gw_str_eq(item, node->u.string))
                return false;
        return !gw_str_next_item(&list, &item);
    case GW_KEY_NUMBER:
    case GW_KEY_STRING_MAP:
    case GW_KEY_TABLE:
    case GW_KEY_TABLES:
    case GW_KEY_TABLE_LIST:
        break;
    }
    return false;
}

/* Defaults are kept as text of ours, values as text of the arena: both outlive the reader's struct.
 */
static void store(const struct gw_config_key *key, void *into, const union gw_read_value *value)
{
    if (!into || (key->flags & GW_KEY_NO_OFFSET))
        return;
    char *field = (char *)into + key->offset;
    switch (key->kind) {
    case GW_KEY_BOOL:
        memcpy(field, &value->boolean, sizeof value->boolean);
        break;
    case GW_KEY_INTEGER:
        if (key->size == sizeof(uint32_t)) {
            uint32_t narrow = (uint32_t)value->integer;
            memcpy(field, &narrow, sizeof narrow);
        } else {
            memcpy(field, &value->integer, sizeof value->integer);
        }
        break;
    case GW_KEY_CHOICE:
        memcpy(field, &value->choice, sizeof value->choice);
        break;
    case GW_KEY_STRING:
    case GW_KEY_CREDENTIAL:
        memcpy(field, &value->string, sizeof value->string);
        break;
    case GW_KEY_STRINGS:
        memcpy(field, &value->strings, sizeof value->strings);
        break;
    case GW_KEY_URL:
    case GW_KEY_NUMBER:
    case GW_KEY_STRING_MAP:
    case GW_KEY_TABLE:
    case GW_KEY_TABLES:
    case GW_KEY_TABLE_LIST:
        break;
    }
}

static struct gw_key_entries *entries_of(const struct gw_config_key *key, void *into)
{
    return !into || (key->flags & GW_KEY_NO_OFFSET)
               ? NULL
               : (struct gw_key_entries *)((char *)into + key->offset);
}

static void apply_defaults(const struct gw_config_table *table, void *into)
{
    for (size_t i = 0; into && i < table->keys_count; i++) {
        const struct gw_config_key *key = &table->keys[i];
        struct gw_key_entries *entries = entries_of(key, into);
        if (!entries)
            continue;
        if (key->kind == GW_KEY_TABLE) {
            apply_defaults(key->child, entries);
        } else if (key->kind == GW_KEY_TABLES || key->kind == GW_KEY_TABLE_LIST ||
                   key->kind == GW_KEY_STRING_MAP) {
            *entries = (struct gw_key_entries){.last = &entries->first};
        } else if (key->fallback) {
            union gw_read_value value = fallback_value(key);
            store(key, into, &value);
        }
    }
}

static struct gw_key_entry *add_entry(struct gw_loader *loader, struct gw_key_entries *entries,
                                      const struct gw_toml_node *node, size_t size)
{
    struct gw_key_entry *entry = gw_arena_zalloc(loader->arena, sizeof *entry);
    void *value = entry && size ? gw_arena_zalloc(loader->arena, size) : NULL;

    if (!entry || (size && !value)) {
        loader->out_of_memory = true;
        return NULL;
    }
    entry->name = node->key;
    entry->node = node;
    entry->value = value;
    *entries->last = entry;
    entries->last = &entry->next;
    entries->count++;
    return entry;
}

static void read_string_map(struct gw_loader *loader, const struct gw_read_scope *scope,
                            const struct gw_config_key *key, const struct gw_toml_node *node,
                            struct gw_key_entries *entries)
{
    char name[GW_QUOTE_BYTES];

    for (const struct gw_toml_node *item = node->first; item; item = item->next) {
        if (item->type != GW_TOML_STRING)
            gw_read_report(loader, scope, key, item, "must be a table of strings: \"%s\" is %s",
                           gw_quote(item->key, name), gw_toml_type_name(item->type));
        else if (entries)
            (void)add_entry(loader, entries, item, 0);
    }
}

static void read_table(struct gw_loader *loader, const struct gw_read_scope *scope, void *into);

static void read_child(struct gw_loader *loader, const struct gw_read_scope *outer,
                       const struct gw_config_table *table, const struct gw_toml_node *node,
                       void *into)
{
    struct gw_read_scope scope = {outer, node->key, table, node};

    read_table(loader, &scope, into);
}

/* One of many: a table by name, or an item of a list. */
static void read_entry(struct gw_loader *loader, const struct gw_read_scope *outer,
                       const struct gw_config_table *table, const struct gw_toml_node *node,
                       struct gw_key_entries *entries)
{
    struct gw_key_entry *entry = NULL;

    if (entries) {
        entry = add_entry(loader, entries, node, table->size);
        if (!entry)
            return;
        apply_defaults(table, entry->value);
    }
    read_child(loader, outer, table, node, entry ? entry->value : NULL);
}

static void read_tables(struct gw_loader *loader, const struct gw_read_scope *scope,
                        const struct gw_config_key *key, const struct gw_toml_node *node,
                        struct gw_key_entries *entries)
{
    const struct gw_read_scope here = {scope, node->key, NULL, node};
    char name[GW_QUOTE_BYTES];

    for (const struct gw_toml_node *item = node->first; item; item = item->next) {
        if (item->type == GW_TOML_TABLE)
            read_entry(loader, &here, key->child, item, entries);
        else if (key->kind == GW_KEY_TABLES)
            gw_read_report(loader, scope, key, item, "must hold tables only: \"%s\" is %s",
                           gw_quote(item->key, name), gw_toml_type_name(item->type));
        else
            gw_read_report(loader, scope, key, item, "must hold tables only, not %s",
                           gw_toml_type_name(item->type));
    }
}

static void read_plain(struct gw_loader *loader, const struct gw_read_scope *scope,
                       const struct gw_config_key *key, const struct gw_toml_node *node, void *into)
{
    union gw_read_value value = {0};

    if (!gw_read_value(loader, scope, key, node, &value))
        return;
    if ((key->flags & GW_KEY_LATER) && !is_fallback(key, &value)) {
        gw_read_report(loader, scope, key, node, "must be left at its default (%s): %s",
                       key->fallback[0] ? key->fallback : "empty", scope->table->reason);
        return;
    }
    store(key, into, &value);
}

static void read_member(struct gw_loader *loader, const struct gw_read_scope *scope,
                        const struct gw_config_key *key, const struct gw_toml_node *node,
                        void *into)
{
    struct gw_key_entries *entries = entries_of(key, into);

    if (!gw_read_type_fits(loader, scope, key, node))
        return;
    switch (key->kind) {
    case GW_KEY_BOOL:
    case GW_KEY_INTEGER:
    case GW_KEY_NUMBER:
    case GW_KEY_STRING:
    case GW_KEY_CHOICE:
    case GW_KEY_URL:
    case GW_KEY_CREDENTIAL:
    case GW_KEY_STRINGS:
        read_plain(loader, scope, key, node, into);
        break;
    case GW_KEY_STRING_MAP:
        read_string_map(loader, scope, key, node, entries);
        break;
    case GW_KEY_TABLE:
        read_child(loader, scope, key->child, node, entries);
        break;
    case GW_KEY_TABLES:
    case GW_KEY_TABLE_LIST:
        read_tables(loader, scope, key, node, entries);
        break;
    }
}

static const struct gw_config_key *find_key(const struct gw_config_table *table, struct gw_str name)
{
    for (size_t i = 0; i < table->keys_count; i++)
        if (gw_str_eq(name, gw_str_of(table->keys[i].name)))
            return &table->keys[i];
    return NULL;
}

static void report_unknown(struct gw_loader *loader, const struct gw_read_scope *scope,
                           const struct gw_toml_node *node)
{
    const char *meant = gw_config_suggest(scope->table, node->key);
    char path[GW_READ_PATH_BYTES], name[GW_QUOTE_BYTES];
    bool named = scope->outer && !scope->outer->table; /* one of [providers.*], [models.*], … */

    (void)gw_read_path(scope, path);
    (void)gw_quote(node->key, name);
    if (meant)
        gw_problems_add(loader->problems, GW_PROBLEM_ERROR, &node->key_at,
                        "%s%s is not a known key: did you mean \"%s\"?", path, name, meant);
    else if (named && node->type == GW_TOML_TABLE)
        gw_problems_add(loader->problems, GW_PROBLEM_ERROR, &node->key_at,
                        "%s%s is not a known key: a name with dots is written in quotes, as "
                        "[models.\"gpt-4.1\"]",
                        path, name);
    else
        gw_problems_add(loader->problems, GW_PROBLEM_ERROR, &node->key_at,
                        "%s%s is not a known key", path, name);
}

static void report_missing(struct gw_loader *loader, const struct gw_read_scope *scope,
                           const struct gw_config_key *key)
{
    char path[GW_READ_PATH_BYTES];

    if (!scope->outer) { /* of the file itself: there is no place to point to */
        gw_problems_add(loader->problems, GW_PROBLEM_ERROR, NULL,
                        "there must be a table [%s], if only an empty one", key->name);
        return;
    }
    gw_problems_add(loader->problems, GW_PROBLEM_ERROR,
                    scope->node->key.len ? &scope->node->key_at : &scope->node->at,
                    "%s%s is required", gw_read_path(scope, path), key->name);
}

static void read_table(struct gw_loader *loader, const struct gw_read_scope *scope, void *into)
{
    const struct gw_config_table *table = scope->table;

    for (const struct gw_toml_node *node = scope->node->first; node; node = node->next) {
        const struct gw_config_key *key = find_key(table, node->key);
        if (key)
            read_member(loader, scope, key, node, into);
        else
            report_unknown(loader, scope, node);
    }
    for (size_t i = 0; i < table->keys_count; i++)
        if ((table->keys[i].flags & GW_KEY_REQUIRED) &&
            !gw_toml_get(scope->node, gw_str_of(table->keys[i].name)))
            report_missing(loader, scope, &table->keys[i]);
}

void gw_config_read(struct gw_loader *loader, const struct gw_toml_node *root,
                    struct gw_raw_config *raw)
{
    const struct gw_read_scope scope = {NULL, GW_STR(""), &gw_config_root, root};

    raw->root = root;
    apply_defaults(&gw_config_root, raw);
    read_table(loader, &scope, raw);
}

const struct gw_toml_at *gw_config_at(const struct gw_toml_node *table, const char *key)
{
    const struct gw_toml_node *node = gw_toml_get(table, gw_str_of(key));

    return node ? &node->at : &table->key_at;
}
