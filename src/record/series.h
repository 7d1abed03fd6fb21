/*
 * record/series: a set of label sets of one family, shared by the workers without a lock; each
 * worker counts by slot in an array of its own.
 *
 * A label set is one integer, its key, which is never 0; what its bits mean is the family's
 * business. Keys are added and never leave, and at most a stated number of them finds room: the
 * rest share one slot, whose series is the overflow.
 */
#ifndef GW_RECORD_SERIES_H
#define GW_RECORD_SERIES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GW_CACHE_LINE 64

/* Open addressing: a power of two of slots, at most half of them used, each written once. */
struct gw_series_set {
    _Atomic uint64_t *keys; /* 0: free */
    size_t slots;
    unsigned slot_shift; /* 64 - log2(slots) */
    unsigned max;
    _Alignas(GW_CACHE_LINE) _Atomic unsigned count; /* apart: not every key that comes is new */
};

/* @param max  keys it takes, at least 1 and at most 2^30
 * @return false when out of memory; then there is nothing to finish */
bool gw_series_init(struct gw_series_set *set, unsigned max);
/* Accepts what is all zero. */
void gw_series_finish(struct gw_series_set *set);

/* Slot of the keys that found no room; a worker's array has gw_series_cells() cells. */
static inline size_t gw_series_overflow(const struct gw_series_set *set)
{
    return set->slots;
}
static inline size_t gw_series_cells(const struct gw_series_set *set)
{
    return set->slots + 1;
}

/* For gw_series_slot(): goes on from `slot`, which does not hold `key`. */
size_t gw_series_search(struct gw_series_set *set, uint64_t key, size_t slot);

/* The slot of `key`, which is added when it is new. Any thread.
 * @return gw_series_overflow() when it is new and there is no room */
static inline size_t gw_series_slot(struct gw_series_set *set, uint64_t key)
{
    size_t slot = (size_t)(key * 0x9e3779b97f4a7c15u >> set->slot_shift);

    if (atomic_load_explicit(&set->keys[slot], memory_order_acquire) == key)
        return slot;
    return gw_series_search(set, key, slot);
}

struct gw_series_at {
    uint64_t key;
    size_t slot;
};
/* What is in the set now, by key. Any thread.
 * @param list  has room for set->max
 * @return how many */
size_t gw_series_list(const struct gw_series_set *set, struct gw_series_at *list);

#endif
