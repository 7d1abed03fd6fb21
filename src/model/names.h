/*
 * model/names: ids of calls and names of tools as the other side takes them (translation.md §2.3, §2.4): pure
 * functions, so that the same conversation gives the same bytes at every turn.
 */
#ifndef GW_MODEL_NAMES_H
#define GW_MODEL_NAMES_H

#include "model/request.h"

enum gw_id_rule {
    GW_ID_ANY,
    GW_ID_MESSAGES,  /* ^[A-Za-z0-9_-]{1,64}$ */
    GW_ID_CHAT,      /* at most 40 characters */
    GW_ID_RESPONSES, /* at most 64 characters */
    GW_ID_NINE       /* ^[A-Za-z0-9]{9}$ (Mistral) */
};

#define GW_CALL_ID_CHAT_MAX 40u /* characters */

/* The id as this side takes it; what fits is given back as it is, absent counts as empty. Absent when out of
 * memory. */
struct gw_text gw_call_id(struct gw_text id, enum gw_id_rule rule, struct gw_arena *arena);

/* A new id, for a call that came without: `prefix` and 24 of base62, from 16 bytes of `seed` and `number`: the
 * same for the same ones. */
struct gw_text gw_call_id_mint(struct gw_str prefix, struct gw_str seed, unsigned number,
                               struct gw_arena *arena);

/* Gives each tool but hosted ones, each call and result of the history, and the tool choice a name of at most
 * `bytes_max` characters of [A-Za-z0-9_-], without collisions; the caller's own names stay known. Names that
 * fit are never changed. A namespace goes in front of the name ("space__name") and stays where it is besides,
 * so once is enough.
 * @param bytes_max  64 or more
 * @return GW_OK or GW_NO_MEMORY */
struct gw_name_map; /* opaque: see names.c; NULL: nothing has to be restored */
enum gw_status gw_names_apply(struct gw_request *request, size_t bytes_max,
                              struct gw_name_map **map_out);
/* The caller's name for one that the upstream says, namespace included; `name` itself when it is not in the
 * map (may be NULL). */
struct gw_text gw_names_restore(const struct gw_name_map *map, struct gw_text name);

#endif
