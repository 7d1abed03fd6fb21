#include "unit/test.h"

#include "base/map.h"

#include <stdio.h>
#include <stdlib.h>

#define KEYS 3000

static void test_empty(void **state)
{
    struct gw_map map;

    (void)state;
    gw_map_init(&map);
    assert_null(gw_map_get(&map, GW_STR("a")));
    assert_null(gw_map_get(&map, (struct gw_str){NULL, 0}));
    assert_null(map.slots); /* nothing is allocated for it */
    gw_map_finish(&map);
    gw_map_finish(&map);
}

static void test_growth(void **state)
{
    static char names[KEYS][8];
    static int values[KEYS];
    struct gw_map map;

    (void)state;
    gw_map_init(&map);
    for (int i = 0; i < KEYS; i++) {
        struct gw_str key = {names[i], (size_t)snprintf(names[i], sizeof names[i], "k%d", i)};
        assert_null(gw_map_get(&map, key));
        assert_true(gw_map_add(&map, key, &values[i]));
        assert_int_equal(map.count, i + 1);
        assert_true(map.room > map.count); /* else a search would not end */
        assert_int_equal(map.room & (map.room - 1), 0);
    }
    for (int i = 0; i < KEYS; i++) {
        char copy[8]; /* by its bytes, not its address */
        memcpy(copy, names[i], sizeof copy);
        assert_ptr_equal(gw_map_get(&map, gw_str_of(copy)), &values[i]);
        assert_false(gw_map_add(&map, gw_str_of(copy), &values[0]));
        assert_ptr_equal(gw_map_get(&map, gw_str_of(copy)), &values[i]);
    }
    assert_int_equal(map.count, KEYS);
    gw_map_finish(&map);
}

static void test_any_bytes_are_a_key(void **state)
{
    static const struct gw_str keys[] = {
        GW_STR_INIT(""),         GW_STR_INIT("\0"),         GW_STR_INIT("\0\0"),
        GW_STR_INIT("a"),        GW_STR_INIT("A"),          GW_STR_INIT("a\0"),
        GW_STR_INIT("12345678"), GW_STR_INIT("12345678\0"), GW_STR_INIT("123456781"),
        GW_STR_INIT("\xff\xfe"),
    };
    static int values[GW_COUNT(keys)];
    struct gw_map map;

    (void)state;
    gw_map_init(&map);
    for (size_t i = 0; i < GW_COUNT(keys); i++)
        assert_true(gw_map_add(&map, keys[i], &values[i]));
    for (size_t i = 0; i < GW_COUNT(keys); i++)
        assert_ptr_equal(gw_map_get(&map, keys[i]), &values[i]);
    assert_false(gw_map_add(&map, (struct gw_str){NULL, 0}, &values[0]));
    gw_map_finish(&map);
}

/* Keys that all want the same slot, and one that would be next but is not there. */
static void test_collisions(void **state)
{
    enum { SAME = 6 };
    char names[SAME + 1][16];
    int values[SAME];
    size_t found = 0;
    struct gw_map map;

    (void)state;
    for (unsigned i = 0; found < GW_COUNT(names); i++) {
        (void)snprintf(names[found], sizeof names[0], "c%u", i);
        if ((gw_hash(gw_str_of(names[found])) & 15) == 15) /* the last slot: they wrap around */
            found++;
    }
    gw_map_init(&map);
    for (size_t i = 0; i < SAME; i++)
        assert_true(gw_map_add(&map, gw_str_of(names[i]), &values[i]));
    assert_int_equal(map.room, 16);
    for (size_t i = 0; i < SAME; i++)
        assert_ptr_equal(gw_map_get(&map, gw_str_of(names[i])), &values[i]);
    assert_null(gw_map_get(&map, gw_str_of(names[SAME])));
    gw_map_finish(&map);
}

static void test_hash(void **state)
{
    char bytes[41];
    uint64_t seen[41 * 9];
    size_t count = 0;

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    assert_true(gw_hash(GW_STR("abc")) == gw_hash((struct gw_str){"abcd", 3}));
    /* One bit anywhere, or one byte less, is another hash: none of these few may meet. */
    for (size_t len = 1; len <= sizeof bytes; len++) {
        seen[count++] = gw_hash((struct gw_str){bytes, len});
        for (int bit = 0; bit < 8; bit++) {
            bytes[len - 1] = (char)(bytes[len - 1] ^ 1 << bit);
            seen[count++] = gw_hash((struct gw_str){bytes, len});
            bytes[len - 1] = 'x';
        }
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (seen[i] == seen[j])
                fail_msg("%zu and %zu", i, j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_any_bytes_are_a_key),
        cmocka_unit_test(test_collisions),
        cmocka_unit_test(test_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
