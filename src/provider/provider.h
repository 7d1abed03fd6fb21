/*
 * provider/provider: how a credential gets to an upstream.
 *
 * In passthrough the caller's key goes to the resolved provider and nowhere else: as it came where
 * the provider reads it there, else moved to where the provider does (product.md §2). What is known
 * of each provider is in config/known_providers.
 */
#ifndef GW_PROVIDER_PROVIDER_H
#define GW_PROVIDER_PROVIDER_H

#include "base/arena.h"
#include "config/config.h"

/* Values of the caller's credential fields as they came; empty: not there. Never for a message, a
 * log or a metric. */
struct gw_caller_keys {
    struct gw_str authorization, x_api_key, api_key, x_goog_api_key;
};

/* What goes upstream in the place of all of those. */
#define GW_KEY_FIELDS_MAX 1
struct gw_key_fields {
    struct gw_header_config fields[GW_KEY_FIELDS_MAX];
    unsigned count;
    struct gw_str query; /* "name=value", encoded, to be added to the query; empty: nothing */
};

/* One key goes, at most: the one in the field that the provider reads, as it came; else the first
 * of the others, moved. Without a key nothing goes, and the provider says what it thinks of that.
 * @param arena  of what has to be written; the rest is borrowed from `keys` and `provider`
 * @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_provider_move_keys(const struct gw_provider_config *provider,
                                     const struct gw_caller_keys *keys, struct gw_arena *arena,
                                     struct gw_key_fields *fields_out);

/* The one credential of a managed request, where the provider reads it. @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_provider_show_key(const struct gw_provider_config *provider, struct gw_str key,
                                    struct gw_arena *arena, struct gw_key_fields *fields_out);

#endif
