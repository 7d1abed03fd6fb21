#include "base/map.h"

#include <stdlib.h>
#include <sys/random.h>

static uint64_t seed;

/* Before main, so that no thread can see it change. */
__attribute__((constructor)) static void choose_seed(void)
{
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = (uint64_t)(uintptr_t)&seed * 0x9E3779B97F4A7C15u;
}

uint64_t gw_hash(struct gw_str bytes)
{
    uint64_t h = seed ^ (bytes.len * 0x9E3779B97F4A7C15u);
    size_t i = 0;

    for (; i + 8 <= bytes.len; i += 8) {
        uint64_t word;
        memcpy(&word, bytes.base + i, sizeof word);
        h = (h ^ word) * 0xFF51AFD7ED558CCDu;
        h ^= h >> 32;
    }
    uint64_t rest = 0;
    if (i < bytes.len)
        memcpy(&rest, bytes.base + i, bytes.len - i);
    h = (h ^ rest) * 0xC4CEB9FE1A85EC53u;
    return h ^ (h >> 29);
}

void gw_map_init(struct gw_map *map)
{
    *map = (struct gw_map){0};
}

void gw_map_finish(struct gw_map *map)
{
    free(map->slots);
    *map = (struct gw_map){0};
}

static struct gw_map_slot *find(const struct gw_map *map, struct gw_str key, uint64_t hash)
{
    for (size_t i = hash & (map->room - 1);; i = (i + 1) & (map->room - 1)) {
        struct gw_map_slot *slot = &map->slots[i];
        if (!slot->key.base || (slot->hash == hash && gw_str_eq(slot->key, key)))
            return slot;
    }
}

void *gw_map_get(const struct gw_map *map, struct gw_str key)
{
    if (map->count == 0 || !key.base)
        return NULL;
    return find(map, key, gw_hash(key))->value;
}

static bool grow(struct gw_map *map)
{
    struct gw_map larger = {.room = map->room ? map->room * 2 : 16, .count = map->count};

    larger.slots = calloc(larger.room, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < map->room; i++)
        if (map->slots[i].key.base)
            *find(&larger, map->slots[i].key, map->slots[i].hash) = map->slots[i];
    free(map->slots);
    *map = larger;
    return true;
}

bool gw_map_add(struct gw_map *map, struct gw_str key, void *value)
{
    if (!key.base || (map->count * 2 >= map->room && !grow(map)))
        return false;
    uint64_t hash = gw_hash(key);
    struct gw_map_slot *slot = find(map, key, hash);
    if (slot->key.base)
        return false;
    *slot = (struct gw_map_slot){key, value, hash};
    map->count++;
    return true;
}
