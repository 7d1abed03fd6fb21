#include "record/series.h"

#include <stdlib.h>

bool gw_series_init(struct gw_series_set *set, unsigned max)
{
    size_t slots = 2;
    unsigned slot_shift = 63;

    while (slots < 2 * (size_t)max) {
        slots *= 2;
        slot_shift--;
    }
    _Atomic uint64_t *keys = calloc(slots, sizeof *keys); /* lock-free: all zero bytes are 0 */
    if (!keys)
        return false;
    *set =
        (struct gw_series_set){.keys = keys, .slots = slots, .slot_shift = slot_shift, .max = max};
    return true;
}

void gw_series_finish(struct gw_series_set *set)
{
    free(set->keys);
    set->keys = NULL;
}

/* Puts `key` into the free slot, unless the set is full or another thread was faster.
 * @return what the slot holds now; 0: the set is full */
static uint64_t claim_slot(struct gw_series_set *set, size_t slot, uint64_t key)
{
    uint64_t found = 0;

    /* Reserve first: two threads that add at the limit may both be refused, but never pass it. */
    if (atomic_load_explicit(&set->count, memory_order_relaxed) >= set->max)
        return 0;
    if (atomic_fetch_add_explicit(&set->count, 1, memory_order_relaxed) >= set->max) {
        (void)atomic_fetch_sub_explicit(&set->count, 1, memory_order_relaxed);
        return 0;
    }
    if (atomic_compare_exchange_strong_explicit(&set->keys[slot], &found, key, memory_order_release,
                                                memory_order_acquire))
        return key;
    (void)atomic_fetch_sub_explicit(&set->count, 1, memory_order_relaxed);
    return found;
}

/* The set is at most half full, so the search ends soon, found or not. */
size_t gw_series_search(struct gw_series_set *set, uint64_t key, size_t slot)
{
    for (;; slot = (slot + 1) & (set->slots - 1)) {
        uint64_t found = atomic_load_explicit(&set->keys[slot], memory_order_acquire);
        if (found == 0) {
            found = claim_slot(set, slot, key);
            if (found == 0)
                return gw_series_overflow(set);
        }
        if (found == key)
            return slot;
    }
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = ((const struct gw_series_at *)a)->key, y = ((const struct gw_series_at *)b)->key;

    return x < y ? -1 : x > y;
}

size_t gw_series_list(const struct gw_series_set *set, struct gw_series_at *list)
{
    size_t count = 0;

    for (size_t slot = 0; slot < set->slots && count < set->max; slot++) {
        uint64_t key = atomic_load_explicit(&set->keys[slot], memory_order_acquire);
        if (key)
            list[count++] = (struct gw_series_at){key, slot};
    }
    qsort(list, count, sizeof *list, compare_keys);
    return count;
}
