#include "unit/test.h"

#include "base/str.h"
#include "record/series.h"

#include <pthread.h>
#include <stdlib.h>

static struct gw_series_set create(unsigned max)
{
    struct gw_series_set set = {.keys = NULL};

    assert_true(gw_series_init(&set, max));
    return set;
}

/* Keys as families make them: far apart, or one behind the other. */
static uint64_t key_at(unsigned i, unsigned shift)
{
    return ((uint64_t)i << shift) + 1;
}

static const struct {
    const char *label;
    unsigned max, shift;
} fills[] = {
    {"one", 1, 0},
    {"two", 2, 0},
    {"no power of two", 3, 0},
    {"a power of two", 64, 0},
    {"high bits", 64, 44},
    {"the default", 2000, 24},
};

static void test_keys_up_to_the_limit_have_slots_of_their_own(void **state)
{
    (void)state;
    for (size_t row = 0; row < GW_COUNT(fills); row++) {
        unsigned max = fills[row].max;
        struct gw_series_set set = create(max);
        bool *used = calloc(gw_series_cells(&set), sizeof *used);
        size_t *slots = calloc(max, sizeof *slots);
        for (unsigned i = 0; i < max; i++) {
            slots[i] = gw_series_slot(&set, key_at(i, fills[row].shift));
            if (slots[i] >= gw_series_overflow(&set) || used[slots[i]])
                fail_msg("%s: key %u got slot %zu", fills[row].label, i, slots[i]);
            used[slots[i]] = true;
        }
        /* Full: the new ones share a slot, the known ones keep theirs. */
        for (unsigned i = 0; i < 2 * max; i++) {
            size_t slot = gw_series_slot(&set, key_at(i, fills[row].shift));
            if (slot != (i < max ? slots[i] : gw_series_overflow(&set)))
                fail_msg("%s: full, key %u got slot %zu", fills[row].label, i, slot);
        }
        assert_true(gw_series_overflow(&set) < gw_series_cells(&set));
        free(used);
        free(slots);
        gw_series_finish(&set);
    }
}

/* The slot that a key has when it is the first one. */
static size_t home_of(uint64_t key)
{
    struct gw_series_set set = create(4);
    size_t slot = gw_series_slot(&set, key);

    gw_series_finish(&set);
    return slot;
}

static void test_search_goes_on_at_the_first_slot(void **state)
{
    struct gw_series_set set = create(4);
    uint64_t key = 0, keys[3];

    (void)state;
    for (size_t i = 0; i < GW_COUNT(keys); i++) {
        do
            key++;
        while (home_of(key) != set.slots - 1);
        keys[i] = key;
    }
    for (int again = 0; again <= 1; again++) {
        assert_int_equal(gw_series_slot(&set, keys[0]), set.slots - 1);
        assert_int_equal(gw_series_slot(&set, keys[1]), 0);
        assert_int_equal(gw_series_slot(&set, keys[2]), 1);
    }
    gw_series_finish(&set);
}

static void test_list_is_sorted_by_key(void **state)
{
    static const uint64_t keys[] = {UINT64_MAX, 5, (uint64_t)1 << 63, 1, 0x100000000u};
    static const uint64_t sorted[] = {1, 5, 0x100000000u, (uint64_t)1 << 63, UINT64_MAX};
    struct gw_series_set set = create(GW_COUNT(keys));
    struct gw_series_at list[GW_COUNT(keys)];

    (void)state;
    assert_int_equal(gw_series_list(&set, list), 0);
    for (size_t i = 0; i < GW_COUNT(keys); i++)
        assert_true(gw_series_slot(&set, keys[i]) < gw_series_overflow(&set));
    assert_int_equal(gw_series_slot(&set, 6), gw_series_overflow(&set));
    assert_int_equal(gw_series_list(&set, list), GW_COUNT(keys));
    for (size_t i = 0; i < GW_COUNT(sorted); i++) {
        assert_true(list[i].key == sorted[i]);
        assert_int_equal(list[i].slot, gw_series_slot(&set, sorted[i]));
    }
    gw_series_finish(&set);
    gw_series_finish(&set); /* all zero, as one that could not be made */
}

#define RACE_KEYS 4000u
#define RACE_MAX 3000u

struct racer {
    struct gw_series_set *set;
    _Atomic bool *go;
    bool backwards;
    size_t slots[RACE_KEYS];
};

static void *race(void *arg)
{
    struct racer *racer = arg;

    while (!atomic_load(racer->go))
        ;
    for (unsigned i = 0; i < RACE_KEYS; i++) {
        unsigned at = racer->backwards ? RACE_KEYS - 1 - i : i;
        racer->slots[at] = gw_series_slot(racer->set, key_at(at, 0));
    }
    return NULL;
}

static void test_threads_agree_on_slots(void **state)
{
    static struct racer racers[3];
    struct gw_series_set set = create(RACE_MAX);
    struct gw_series_at *list = calloc(RACE_MAX, sizeof *list);
    pthread_t threads[GW_COUNT(racers)];
    _Atomic bool go = false;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(racers); i++) {
        racers[i] = (struct racer){.set = &set, .go = &go, .backwards = i == 1};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    atomic_store(&go, true);
    for (size_t i = 0; i < GW_COUNT(racers); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    size_t count = gw_series_list(&set, list), taken = 0;
    for (size_t slot = 0; slot < set.slots; slot++)
        taken += set.keys[slot] != 0;
    assert_true(taken > RACE_MAX / 2 && taken <= RACE_MAX);
    assert_int_equal(count, taken);
    for (size_t i = 1; i < count; i++)
        assert_true(list[i].key > list[i - 1].key); /* none was added twice */
    for (unsigned at = 0; at < RACE_KEYS; at++) {
        size_t slot = gw_series_slot(&set, key_at(at, 0));
        /* Who came before it had a slot may have been refused; nobody got another one. */
        for (size_t i = 0; i < GW_COUNT(racers); i++)
            if (racers[i].slots[at] != slot && racers[i].slots[at] != gw_series_overflow(&set))
                fail_msg("key %u: slot %zu and %zu", at, racers[i].slots[at], slot);
    }
    free(list);
    gw_series_finish(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_up_to_the_limit_have_slots_of_their_own),
        cmocka_unit_test(test_search_goes_on_at_the_first_slot),
        cmocka_unit_test(test_list_is_sorted_by_key),
        cmocka_unit_test(test_threads_agree_on_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
