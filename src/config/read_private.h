/*
 * config/read_private: what read.c and read_value.c share.
 */
#ifndef GW_CONFIG_READ_PRIVATE_H
#define GW_CONFIG_READ_PRIVATE_H

#include "config/config_private.h"

/* Where a table stands: "providers", then "openai". A chain on the stack: a path is written only
 * when there is a problem to report. */
struct gw_read_scope {
    const struct gw_read_scope *outer;
    struct gw_str name; /* empty: the root, or an item of a list */
    const struct gw_config_table *table;
    const struct gw_toml_node *node;
};

/* "providers.openai.": dotted, ready for a key behind it; empty for the root. */
#define GW_READ_PATH_BYTES 256
const char *gw_read_path(const struct gw_read_scope *scope, char out[GW_READ_PATH_BYTES]);

/* An error at `node`: the key's path and what is said of it. */
void gw_read_report(struct gw_loader *loader, const struct gw_read_scope *scope,
                    const struct gw_config_key *key, const struct gw_toml_node *node,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* One value as it was read. */
union gw_read_value {
    bool boolean;
    int64_t integer;
    double number;
    struct gw_str string;
    uint32_t choice;
    struct gw_key_strings strings;
};

/* @return false: not of the type the row wants, which has been reported */
bool gw_read_type_fits(struct gw_loader *loader, const struct gw_read_scope *scope,
                       const struct gw_config_key *key, const struct gw_toml_node *node);

/* For rows of plain kinds (up to STRINGS) whose type fits.
 * @return false: not a good value, which has been reported */
bool gw_read_value(struct gw_loader *loader, const struct gw_read_scope *scope,
                   const struct gw_config_key *key, const struct gw_toml_node *node,
                   union gw_read_value *value);

/* @return false, and `index_out` untouched, when `text` is none of the words */
bool gw_read_choice(const char *const *choices, struct gw_str text, uint32_t *index_out);

#endif
