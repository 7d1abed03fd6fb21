/*
 * base/map: hash map from bytes to a pointer, built once and then read.
 *
 * Keys are borrowed: they must outlive the map. Seeded per process, so that names chosen by others
 * cannot be made to collide. No deletion: configuration and registries do not need it.
 */
#ifndef GW_BASE_MAP_H
#define GW_BASE_MAP_H

#include "base/str.h"

struct gw_map_slot {
    struct gw_str key; /* base NULL: free */
    void *value;
    uint64_t hash;
};

struct gw_map {
    struct gw_map_slot *slots;
    size_t room, count; /* room is a power of two, or 0 */
};

void gw_map_init(struct gw_map *map);
void gw_map_finish(struct gw_map *map);

/* @return the value, or NULL */
void *gw_map_get(const struct gw_map *map, struct gw_str key);

/* Adds `key`, which must not be there yet.
 * @return false when it is, or when out of memory */
bool gw_map_add(struct gw_map *map, struct gw_str key, void *value);

/* The process-wide seeded hash, for other tables. */
uint64_t gw_hash(struct gw_str bytes);

#endif
