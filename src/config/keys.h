/*
 * config/keys: every table and key a configuration file may have.
 *
 * The rows drive reading, defaults, checks, suggestions for misspelt keys and
 * docs/reference/config.md. Values of tables that are in force are written at `offset` into the
 * struct their reader is given; the others are checked only.
 */
#ifndef GW_CONFIG_KEYS_H
#define GW_CONFIG_KEYS_H

#include "base/str.h"

enum gw_key_kind {
    GW_KEY_BOOL,       /* bool; with `choices` also one of these strings (checked only) */
    GW_KEY_INTEGER,    /* uint32_t or uint64_t by `size`; within `min` and `max` */
    GW_KEY_NUMBER,     /* checked only: a float or an integer, within `min` and `max` */
    GW_KEY_STRING,     /* struct gw_str */
    GW_KEY_CHOICE,     /* an enum of 4 bytes: the index in `choices` */
    GW_KEY_URL,        /* checked only: http:// or https:// */
    GW_KEY_CREDENTIAL, /* struct gw_str: the place, its form checked */
    GW_KEY_STRINGS,    /* struct gw_key_strings; with `choices` each must be one */
    GW_KEY_STRING_MAP, /* struct gw_key_entries of name = "text" */
    GW_KEY_TABLE,      /* `child`, at `offset` */
    GW_KEY_TABLES,     /* NAME = `child`: struct gw_key_entries */
    GW_KEY_TABLE_LIST  /* [[…]] of `child`: struct gw_key_entries without names */
};

/* Flags. */
#define GW_KEY_REQUIRED 1u
#define GW_KEY_FILLED 2u /* an empty string or list is an error */
#define GW_KEY_LATER                                                                               \
    4u /* another value than the default asks for a feature that this release has not */
#define GW_KEY_NO_OFFSET 8u /* checked only: there is no field for it */

struct gw_config_table;
struct gw_toml_node;

struct gw_config_key {
    const char *name;
    enum gw_key_kind kind;
    unsigned flags;
    size_t offset, size;
    const char
        *fallback;    /* the default, as it would be written (strings without quotes); NULL: none */
    int64_t min, max; /* INTEGER, NUMBER */
    const char *const *choices; /* NULL-terminated */
    const struct gw_config_table *child;
    const char *doc;
};

/* What using a table does. */
enum gw_table_state {
    GW_TABLE_IN_FORCE,
    GW_TABLE_PARTLY /* loads; the keys marked as such do not work yet: `reason` */
};

struct gw_config_table {
    const char *path; /* "server", "providers.NAME", …; empty: the root */
    const struct gw_config_key *keys;
    size_t keys_count;
    size_t size; /* of the struct a reader fills; 0: checked only */
    enum gw_table_state state;
    const char *reason; /* why its LATER keys are refused */
    const char *doc;
};

/* A list of strings as read; the nodes give the place of each. */
struct gw_key_strings {
    const struct gw_toml_node *nodes;
    size_t count;
};

/* The members of a table whose names are free, or the items of a list of tables; in source order. */
struct gw_key_entry {
    struct gw_str name;
    const struct gw_toml_node *node;
    void *value; /* TABLES, TABLE_LIST: a struct of child->size */
    struct gw_key_entry *next;
};
struct gw_key_entries {
    struct gw_key_entry *first, **last;
    size_t count;
};

/* The table that stands for the whole file. */
extern const struct gw_config_table gw_config_root;

/* Children of the root that keys_routing.c holds, and those of keys_later.c. */
extern const struct gw_config_table gw_table_targets, gw_table_routes, gw_table_functions,
    gw_table_routing;
extern const struct gw_config_table gw_table_translation, gw_table_security, gw_table_own_security,
    gw_table_telemetry, gw_table_genai_telemetry, gw_table_analytics, gw_table_prices,
    gw_table_tenant_routing;

/* The name in `keys` that `name` is most likely a misspelling of, or NULL. */
const char *gw_config_suggest(const struct gw_config_table *table, struct gw_str name);

/* The same among names that are offered one by one. */
struct gw_nearest {
    struct gw_str asked, name;
    unsigned distance;
};
void gw_nearest_init(struct gw_nearest *nearest, struct gw_str asked);
void gw_nearest_offer(struct gw_nearest *nearest, struct gw_str name);
/* @return false: none of them looks like it */
bool gw_nearest_found(const struct gw_nearest *nearest);

#endif
