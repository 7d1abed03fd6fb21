/* Memory from an arena: aligned, apart, reused by the cache, and poisoned where it is not handed
 * out. */
#include "unit/test.h"

#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif

#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#endif

static unsigned count_blocks(const struct gw_arena *arena)
{
    /* A block begins with the link to the one before it: all that is public of it. */
    unsigned count = 0;
    const void *block = arena->blocks;

    while (block) {
        count++;
        memcpy(&block, block, sizeof block);
    }
    return count;
}

static void test_any_size_is_aligned_and_apart(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 64, 100, 1000, 1535, 1536, 9000};
    struct gw_arena arena;
    unsigned char *got[2 * GW_COUNT(sizes)];

    (void)state;
    gw_arena_init(&arena, NULL);
    for (size_t i = 0; i < GW_COUNT(got); i++) {
        size_t size = sizes[i % GW_COUNT(sizes)];
        assert_non_null(gw_arena_bytes(&arena, 1)); /* the next one would be off by one */
        got[i] = gw_arena_alloc(&arena, size);
        assert_non_null(got[i]);
        if ((uintptr_t)got[i] % alignof(max_align_t) != 0)
            fail_msg("%zu bytes at %p", size, (void *)got[i]);
        memset(got[i], (int)i, size);
    }
    for (size_t i = 0; i < GW_COUNT(got); i++)
        for (size_t j = 0; j < sizes[i % GW_COUNT(sizes)]; j++)
            assert_int_equal(got[i][j], i);
    gw_arena_finish(&arena);
    assert_null(arena.blocks);
}

static void test_text_stands_without_gaps(void **state)
{
    struct gw_arena arena;

    (void)state;
    gw_arena_init(&arena, NULL);
    char *first = gw_arena_bytes(&arena, 3), *second = gw_arena_bytes(&arena, 5);
    assert_ptr_equal(second, first + 3);
    assert_int_equal(count_blocks(&arena), 1);
    gw_arena_finish(&arena);
}

static void test_an_ordinary_exchange_is_one_block(void **state)
{
    struct gw_arena arena;
    size_t header;

    (void)state;
    gw_arena_init(&arena, NULL);
    char *first = gw_arena_bytes(&arena, 1);
    header = (size_t)(first - (char *)arena.blocks);
    assert_true(header <= 2 * alignof(max_align_t) + sizeof(void *));
    assert_non_null(gw_arena_bytes(&arena, GW_ARENA_BLOCK_BYTES - header - 1));
    assert_int_equal(count_blocks(&arena), 1);
    assert_non_null(gw_arena_bytes(&arena, 1));
    assert_int_equal(count_blocks(&arena), 2);
    gw_arena_finish(&arena);
}

static void test_nothing_at_all(void **state)
{
    struct gw_arena arena;

    (void)state;
    gw_arena_init(&arena, NULL);
    gw_arena_finish(&arena); /* nothing was taken */
    assert_non_null(gw_arena_alloc(&arena, 0));
    assert_non_null(gw_arena_bytes(&arena, 0));
    struct gw_str empty = gw_arena_str(&arena, (struct gw_str){NULL, 0});
    assert_non_null(empty.base);
    assert_int_equal(empty.len, 0);
    gw_arena_finish(&arena);
    assert_non_null(gw_arena_alloc(&arena, 8)); /* may be used again */
    gw_arena_finish(&arena);
}

static void test_limits(void **state)
{
    static const size_t too_much[] = {GW_ARENA_ALLOC_MAX + 1, SIZE_MAX / 2, SIZE_MAX - 15,
                                      SIZE_MAX};
    struct gw_arena arena;

    (void)state;
    gw_arena_init(&arena, NULL);
    for (size_t i = 0; i < GW_COUNT(too_much); i++) {
        assert_null(gw_arena_alloc(&arena, too_much[i]));
        assert_null(gw_arena_zalloc(&arena, too_much[i]));
        assert_null(gw_arena_bytes(&arena, too_much[i]));
        assert_null(gw_arena_str(&arena, (struct gw_str){"", too_much[i]}).base);
    }
    assert_null(arena.blocks);
    gw_arena_finish(&arena);
}

static void test_zalloc_clears_reused_memory(void **state)
{
    struct gw_arena_cache cache = {.keep_max = 1};
    struct gw_arena arena;
    static const char zeros[512];

    (void)state;
    gw_arena_init(&arena, &cache);
    memset(gw_arena_alloc(&arena, 1024), 0xee, 1024);
    gw_arena_finish(&arena);
    char *again = gw_arena_zalloc(&arena, sizeof zeros);
    assert_memory_equal(again, zeros, sizeof zeros);
    gw_arena_finish(&arena);
    gw_arena_cache_finish(&cache);
}

static void test_the_cache_keeps_no_more_than_it_may(void **state)
{
    struct gw_arena_cache cache = {.keep_max = 2};
    struct gw_arena arenas[3];
    void *blocks[3];

    (void)state;
    for (size_t i = 0; i < GW_COUNT(arenas); i++) {
        gw_arena_init(&arenas[i], &cache);
        assert_non_null(gw_arena_alloc(&arenas[i], 1));
        blocks[i] = arenas[i].blocks;
    }
    for (size_t i = 0; i < GW_COUNT(arenas); i++)
        gw_arena_finish(&arenas[i]);
    assert_int_equal(cache.kept, 2);
    assert_non_null(gw_arena_alloc(&arenas[2], 1)); /* the last one given is the warmest */
    assert_ptr_equal(arenas[2].blocks, blocks[1]);
    assert_int_equal(cache.kept, 1);
    gw_arena_finish(&arenas[2]);
    /* Larger blocks go back to the heap. */
    assert_non_null(gw_arena_alloc(&arenas[0], GW_ARENA_BLOCK_BYTES));
    assert_int_equal(cache.kept, 2);
    gw_arena_finish(&arenas[0]);
    assert_int_equal(cache.kept, 2);
    gw_arena_cache_finish(&cache);
    assert_int_equal(cache.kept, 0);
    assert_null(cache.free);
}

static void test_printf(void **state)
{
    struct gw_arena arena;
    char want[4000];

    (void)state;
    gw_arena_init(&arena, NULL);
    struct gw_str text = gw_arena_printf(&arena, "%s-%u", "a", 7u);
    assert_string_equal(text.base, "a-7");
    assert_int_equal(text.len, 3);
    assert_int_equal(gw_arena_printf(&arena, "%s", "").len, 0);
    memset(want, 'x', sizeof want - 1);
    want[sizeof want - 1] = '\0';
    text = gw_arena_printf(&arena, "%s", want); /* longer than a block */
    assert_int_equal(text.len, sizeof want - 1);
    assert_string_equal(text.base, want);
    text = gw_arena_str(&arena, (struct gw_str){"a\0b", 3});
    assert_memory_equal(text.base, "a\0b", 3);
    gw_arena_finish(&arena);
}

#ifdef HAS_ASAN
static void test_what_is_not_handed_out_is_poisoned(void **state)
{
    struct gw_arena_cache cache = {.keep_max = 1};
    struct gw_arena arena;

    (void)state;
    gw_arena_init(&arena, &cache);
    char *at = gw_arena_alloc(&arena, 24);
    assert_int_equal(__asan_address_is_poisoned(at), 0);
    assert_int_equal(__asan_address_is_poisoned(at + 23), 0);
    assert_int_not_equal(__asan_address_is_poisoned(at + 24), 0);
    assert_int_not_equal(__asan_address_is_poisoned(arena.end - 1), 0);
    char *next = gw_arena_alloc(&arena, 16);
    assert_ptr_equal(next, at + 32);
    assert_int_not_equal(__asan_address_is_poisoned(at + 24), 0); /* the gap stays so */
    gw_arena_finish(&arena);
    assert_int_not_equal(__asan_address_is_poisoned(at), 0); /* in the cache */
    char *again = gw_arena_alloc(&arena, 8);
    assert_ptr_equal(again, at);
    assert_int_equal(__asan_address_is_poisoned(again), 0);
    assert_int_not_equal(__asan_address_is_poisoned(again + 8), 0);
    gw_arena_finish(&arena);
    gw_arena_cache_finish(&cache);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_size_is_aligned_and_apart),
        cmocka_unit_test(test_text_stands_without_gaps),
        cmocka_unit_test(test_an_ordinary_exchange_is_one_block),
        cmocka_unit_test(test_nothing_at_all),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_zalloc_clears_reused_memory),
        cmocka_unit_test(test_the_cache_keeps_no_more_than_it_may),
        cmocka_unit_test(test_printf),
#ifdef HAS_ASAN
        cmocka_unit_test(test_what_is_not_handed_out_is_poisoned),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
