/* A buffer that grows, is taken off its front, and never passes its maximum. */
#include "unit/test.h"

#include "base/buf.h"

#include <stdlib.h>

static void expect(const struct gw_buf *buf, const char *want)
{
    struct gw_str have = gw_buf_str(buf);

    if (!gw_str_eq(have, gw_str_of(want)))
        fail_msg("\"%.*s\", not \"%s\"", GW_STR_ARG(have), want);
}

static void test_holds_nothing_until_the_first_byte(void **state)
{
    struct gw_buf buf;

    (void)state;
    gw_buf_init(&buf, 10);
    assert_non_null(gw_buf_str(&buf).base);
    assert_int_equal(gw_buf_len(&buf), 0);
    assert_int_equal(gw_buf_add(&buf, (struct gw_str){NULL, 0}), GW_OK);
    assert_int_equal(gw_buf_reserve(&buf, 0), GW_OK);
    assert_null(buf.base);
    gw_buf_take(&buf, 0);
    gw_buf_finish(&buf);
    assert_int_equal(gw_buf_add_c(&buf, 'x'), GW_OK); /* and may be used again */
    expect(&buf, "x");
    gw_buf_finish(&buf);
    assert_null(buf.base);
}

/* Against the simplest model of the same: every byte in order, whatever is added and taken. */
static void test_adding_and_taking(void **state)
{
    enum { MAX = 900, STEPS = 4000 };
    struct gw_buf buf;
    unsigned seed = 1;
    size_t put = 0, taken = 0, refused = 0, moved = 0;

    (void)state;
    gw_buf_init(&buf, MAX);
    for (int step = 0; step < STEPS; step++) {
        char piece[700];
        seed = seed * 1103515245u + 12345u;
        size_t len = seed / 65536u % sizeof piece;
        for (size_t i = 0; i < len; i++)
            piece[i] = (char)((put + i) % 251);
        size_t head = buf.head;
        enum gw_status status = gw_buf_add(&buf, (struct gw_str){piece, len});
        moved += head && !buf.head;
        if (status == GW_OK)
            put += len;
        else
            refused++;
        assert_int_equal(status,
                         put - taken + (status == GW_OK ? 0 : len) > MAX ? GW_TOO_LARGE : GW_OK);
        assert_int_equal(gw_buf_len(&buf), put - taken);
        struct gw_str have = gw_buf_str(&buf);
        for (size_t i = 0; i < have.len; i++)
            if ((unsigned char)have.base[i] != (taken + i) % 251)
                fail_msg("step %d, byte %zu", step, i);
        size_t off = seed / 256u % (have.len + 1);
        gw_buf_take(&buf, off);
        taken += off;
    }
    assert_true(refused > 0 && moved > 0);
    assert_true(buf.room <= 1024);
    gw_buf_finish(&buf);
}

static void test_emptied_keeps_its_allocation(void **state)
{
    struct gw_buf buf;

    (void)state;
    gw_buf_init(&buf, 1000);
    assert_int_equal(gw_buf_add(&buf, GW_STR("some bytes")), GW_OK);
    const char *base = buf.base;
    gw_buf_take(&buf, 4);
    expect(&buf, " bytes");
    gw_buf_take(&buf, 6);
    assert_int_equal(buf.head, 0);
    assert_int_equal(gw_buf_add(&buf, GW_STR("more")), GW_OK);
    assert_ptr_equal(buf.base, base);
    expect(&buf, "more");
    gw_buf_finish(&buf);
}

static void test_max(void **state)
{
    static const struct {
        const char *label;
        size_t more;
        enum gw_status status;
    } cases[] = {
        {"none", 0, GW_OK},
        {"what is left", 4, GW_OK},
        {"one more", 5, GW_TOO_LARGE},
        {"half of all", SIZE_MAX / 2, GW_TOO_LARGE},
        {"so much that the sum wraps", SIZE_MAX, GW_TOO_LARGE},
        {"so much that the sum is 0", SIZE_MAX - 5, GW_TOO_LARGE},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_buf buf;
        gw_buf_init(&buf, 10);
        assert_int_equal(gw_buf_add(&buf, GW_STR("123456")), GW_OK);
        struct gw_buf before = buf;
        if (gw_buf_reserve(&buf, cases[i].more) != cases[i].status)
            fail_msg("%s", cases[i].label);
        if (cases[i].status != GW_OK)
            assert_memory_equal(&buf, &before, sizeof buf);
        expect(&buf, "123456");
        gw_buf_finish(&buf);
    }
}

static void test_what_was_taken_makes_room(void **state)
{
    struct gw_buf buf;

    (void)state;
    gw_buf_init(&buf, 4);
    assert_int_equal(gw_buf_add(&buf, GW_STR("abcd")), GW_OK);
    assert_int_equal(gw_buf_add_c(&buf, 'e'), GW_TOO_LARGE);
    gw_buf_take(&buf, 1);
    assert_int_equal(gw_buf_add_c(&buf, 'e'), GW_OK);
    expect(&buf, "bcde");
    gw_buf_finish(&buf);
}

static void test_allocation_fails(void **state)
{
    struct gw_buf buf;

    (void)state;
    gw_buf_init(&buf, SIZE_MAX);
    assert_int_equal(gw_buf_add(&buf, GW_STR("abc")), GW_OK);
    struct gw_buf before = buf;
    assert_int_equal(gw_buf_reserve(&buf, SIZE_MAX - 3), GW_NO_MEMORY);
    assert_memory_equal(&buf, &before, sizeof buf);
    expect(&buf, "abc");
    gw_buf_finish(&buf);
}

static void test_printf(void **state)
{
    struct gw_buf buf;
    char long_text[600];

    (void)state;
    memset(long_text, 'y', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    gw_buf_init(&buf, 1000);
    assert_int_equal(gw_buf_printf(&buf, "%d|", 42), GW_OK);
    assert_int_equal(gw_buf_printf(&buf, "%s", ""), GW_OK);
    assert_int_equal(gw_buf_printf(&buf, "%s", long_text), GW_OK);
    assert_int_equal(gw_buf_len(&buf), 3 + sizeof long_text - 1);
    assert_int_equal(gw_buf_printf(&buf, "%s", long_text), GW_TOO_LARGE);
    assert_int_equal(gw_buf_len(&buf), 3 + sizeof long_text - 1); /* unchanged */
    assert_memory_equal(gw_buf_str(&buf).base, "42|yyy", 6);
    gw_buf_finish(&buf);
}

/* `max` is of what the buffer holds: the NUL of a formatted text is not held. */
static void test_printf_up_to_max(void **state)
{
    struct gw_buf buf;

    (void)state;
    gw_buf_init(&buf, 3);
    assert_int_equal(gw_buf_printf(&buf, "%s", "abc"), GW_OK);
    expect(&buf, "abc");
    gw_buf_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_nothing_until_the_first_byte),
        cmocka_unit_test(test_adding_and_taking),
        cmocka_unit_test(test_emptied_keeps_its_allocation),
        cmocka_unit_test(test_max),
        cmocka_unit_test(test_what_was_taken_makes_room),
        cmocka_unit_test(test_allocation_fails),
        cmocka_unit_test(test_printf),
        cmocka_unit_test(test_printf_up_to_max),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
