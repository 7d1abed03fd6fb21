#include "unit/test.h"

#include "base/rng.h"
#include "unit/base/chi_square.h"

#define DRAWS 100000u
#define TOP_BIT ((uint64_t)1 << 63)
#define THREE_QUARTERS ((uint64_t)3 << 62)

static void test_known_values(void **state)
{
    /* The published vector of xoshiro256**: the state is 1, 2, 3, 4. */
    static const uint64_t expected[] = {11520, 0, 1509978240, 1215971899390074240u};
    struct gw_rng rng = {{1, 2, 3, 4}};

    (void)state;
    for (size_t i = 0; i < GW_COUNT(expected); i++)
        assert_int_equal(gw_rng_next(&rng), expected[i]);
}

static void test_seeds_differ(void **state)
{
    struct gw_rng a = {{0}}, b = {{0}};

    (void)state;
    gw_rng_seed(&a);
    gw_rng_seed(&b);
    assert_memory_not_equal(&a, &b, sizeof a);
    assert_true(a.state[0] | a.state[1] | a.state[2] | a.state[3]);
}

static const struct {
    const char *label;
    uint64_t bound;
} bounds[] = {
    {"one", 1},
    {"two", 2},
    {"three", 3},
    {"a power of two", 1024},
    {"one more than a power of two", 1025},
    {"2^32", (uint64_t)1 << 32},
    {"2^32 - 1", UINT32_MAX},
    {"2^63", TOP_BIT},
    {"2^63 + 1: nearly every other number is left over", TOP_BIT + 1},
    {"3/4 of 2^64", THREE_QUARTERS},
    {"2^64 - 2", UINT64_MAX - 1},
    {"2^64 - 1", UINT64_MAX},
};

/* Below the bound, always; and near both ends of the range after a while. */
static void test_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(bounds); i++) {
        struct gw_rng rng = {{1, 2, 3, 4}};
        uint64_t bound = bounds[i].bound, least = UINT64_MAX, most = 0;
        for (unsigned n = 0; n < DRAWS; n++) {
            uint64_t drawn = gw_rng_below(&rng, bound);
            least = drawn < least ? drawn : least;
            most = drawn > most ? drawn : most;
        }
        if (most >= bound || least > bound / 1000 || most < bound - 1 - bound / 1000)
            fail_msg("%s: from %llu to %llu", bounds[i].label, (unsigned long long)least,
                     (unsigned long long)most);
    }
}

static void test_small_bounds_are_even(void **state)
{
    (void)state;
    for (uint32_t bound = 2; bound <= CHI_SQUARE_SHARES_MAX; bound++) {
        struct gw_rng rng = {{bound, 2, 3, 4}};
        uint64_t counts[CHI_SQUARE_SHARES_MAX] = {0};
        uint32_t shares[CHI_SQUARE_SHARES_MAX];
        for (uint32_t i = 0; i < bound; i++)
            shares[i] = 1;
        for (unsigned n = 0; n < DRAWS; n++)
            counts[gw_rng_below(&rng, bound)]++;
        if (!chi_square_fits(counts, shares, bound))
            fail_msg("below %u", bound);
    }
}

/* Where a bound does not divide 2^64, the quick ways favour some: a remainder the low third of these,
 * a product without what is left over every third of them. */
static void test_large_bounds_are_even(void **state)
{
    static const uint32_t thirds[] = {1, 1, 1};
    struct gw_rng rng = {{1, 2, 3, 4}};
    uint64_t by_size[3] = {0}, by_remainder[3] = {0};

    (void)state;
    for (unsigned n = 0; n < DRAWS; n++) {
        uint64_t drawn = gw_rng_below(&rng, THREE_QUARTERS);
        by_size[drawn >> 62]++;
        by_remainder[drawn % 3]++;
    }
    assert_true(chi_square_fits(by_size, thirds, 3));
    assert_true(chi_square_fits(by_remainder, thirds, 3));
}

/* Each bit of a bound that is a power of two is set as often as not. */
static void test_bits_are_even(void **state)
{
    static const uint32_t halves[] = {1, 1};
    struct gw_rng rng = {{1, 2, 3, 5}};
    uint64_t counts[63][2] = {{0}};

    (void)state;
    for (unsigned n = 0; n < DRAWS; n++) {
        uint64_t drawn = gw_rng_below(&rng, TOP_BIT);
        for (unsigned bit = 0; bit < 63; bit++)
            counts[bit][drawn >> bit & 1]++;
    }
    for (unsigned bit = 0; bit < 63; bit++)
        if (!chi_square_fits(counts[bit], halves, 2))
            fail_msg("bit %u", bit);
}

/* A state whose next number is `number`: that is made of one word only, by steps that can be undone. */
static struct gw_rng about_to_say(uint64_t number)
{
    uint64_t x = number * 0x8e38e38e38e38e39u; /* by 9 */

    x = x >> 7 | x << 57;
    return (struct gw_rng){{1, x * 0xcccccccccccccccdu /* by 5 */, 3, 4}};
}

/* Which numbers are left over of 2^64, at both edges. */
static void test_left_over(void **state)
{
    static const struct {
        const char *label;
        uint64_t number, bound;
        bool again;
        uint64_t below; /* unless drawn again */
    } rows[] = {
        {"0 of 3 is one too many", 0, 3, true, 0},
        {"1 of 3", 1, 3, false, 0},
        {"the last of the first third", UINT64_MAX / 3, 3, false, 0},
        {"the first of the second third", UINT64_MAX / 3 + 1, 3, false, 1},
        {"the last", UINT64_MAX, 3, false, 2},
        {"0 of 4: none is left over", 0, 4, false, 0},
        {"the last of 4", UINT64_MAX, 4, false, 3},
        {"0 of 3/4", 0, THREE_QUARTERS, true, 0},
        {"1 of 3/4", 1, THREE_QUARTERS, false, 0},
        {"2 of 3/4", 2, THREE_QUARTERS, false, 1},
        {"3 of 3/4", 3, THREE_QUARTERS, false, 2},
        {"4 of 3/4", 4, THREE_QUARTERS, true, 0},
        {"the last of 3/4", UINT64_MAX, THREE_QUARTERS, false, THREE_QUARTERS - 1},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_rng drawing = about_to_say(rows[i].number), once = drawing;
        assert_int_equal(gw_rng_next(&once), rows[i].number);
        uint64_t below = gw_rng_below(&drawing, rows[i].bound);
        bool again = memcmp(&drawing, &once, sizeof once) != 0;
        if (again != rows[i].again || (!again && below != rows[i].below))
            fail_msg("%s: %llu, drawn %s", rows[i].label, (unsigned long long)below,
                     again ? "again" : "once");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_values),
        cmocka_unit_test(test_seeds_differ),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_small_bounds_are_even),
        cmocka_unit_test(test_large_bounds_are_even),
        cmocka_unit_test(test_bits_are_even),
        cmocka_unit_test(test_left_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
