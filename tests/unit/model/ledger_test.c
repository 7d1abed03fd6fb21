#include "unit/test.h"

#include <stdio.h>

#include "model/ledger.h"

static void check(const struct gw_ledger *ledger, const char *want)
{
    struct gw_buf buf;

    gw_buf_init(&buf, 10000);
    assert_int_equal(gw_ledger_write(ledger, &buf), GW_OK);
    if (!gw_str_eq(gw_buf_str(&buf), gw_str_of(want)))
        fail_msg("%.*s instead of %s", GW_STR_ARG(gw_buf_str(&buf)), want);
    gw_buf_finish(&buf);
}

static void test_ledger_keeps_the_order_without_duplicates(void **state)
{
    struct gw_ledger ledger = {0};

    (void)state;
    check(&ledger, "");
    gw_ledger_add(&ledger, GW_LEDGER_REWRITE, GW_STR("tool_history"));
    gw_ledger_add(&ledger, GW_LEDGER_DROP, GW_STR("seed"));
    gw_ledger_add(&ledger, GW_LEDGER_CLAMP, GW_STR("seed"));
    gw_ledger_add(&ledger, GW_LEDGER_DROP, GW_STR("seed"));
    gw_ledger_add(&ledger, GW_LEDGER_EMULATE, GW_STR("custom_tool"));
    gw_ledger_add(&ledger, GW_LEDGER_REWRITE, GW_STR("tool_history"));
    assert_int_equal(ledger.count, 4);
    check(&ledger, "rewrite:tool_history, drop:seed, clamp:seed, emulate:custom_tool");
}

/* They may be what the caller wrote. */
static const struct {
    const char *label;
    struct gw_str name;
    const char *want;
} names[] = {
    {"usual", GW_STR_INIT("tools[0].strict"), "drop:tools[0].strict"},
    {"empty", GW_STR_INIT(""), "drop:"},
    {"end of the header", GW_STR_INIT("a\r\nset-cookie: x"), "drop:a__set-cookie:_x"},
    {"end of the token", GW_STR_INIT("a, drop:b"), "drop:a__drop:b"},
    {"NUL", GW_STR_INIT("a\0b"), "drop:a_b"},
    {"not ASCII", GW_STR_INIT("\xc3\xa9\x7f"), "drop:___"},
    {"too long",
     GW_STR_INIT("0123456789012345678901234567890123456789012345678901234567890123456789"),
     "drop:01234567890123456789012345678901234567890123456"},
};

static void test_ledger_names_cannot_break_the_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(names); i++) {
        struct gw_ledger ledger = {0};
        gw_ledger_add(&ledger, GW_LEDGER_DROP, names[i].name);
        gw_ledger_add(&ledger, GW_LEDGER_DROP, names[i].name);
        if (ledger.count != 1)
            fail_msg("%s: twice", names[i].label);
        check(&ledger, names[i].want);
    }
}

static void test_ledger_is_bounded(void **state)
{
    struct gw_ledger ledger = {0};
    char name[16], want[GW_LEDGER_ENTRIES_MAX * 16] = "";
    size_t len = 0;

    (void)state;
    for (unsigned i = 0; i < GW_LEDGER_ENTRIES_MAX + 5; i++) {
        (void)snprintf(name, sizeof(name), "p%u", i);
        gw_ledger_add(&ledger, GW_LEDGER_DROP, gw_str_of(name));
        if (i < GW_LEDGER_ENTRIES_MAX)
            len +=
                (size_t)snprintf(want + len, sizeof(want) - len, "%sdrop:%s", i ? ", " : "", name);
    }
    assert_int_equal(ledger.count, GW_LEDGER_ENTRIES_MAX + 5);
    check(&ledger, want);
    struct gw_buf small;
    gw_buf_init(&small, 3);
    assert_int_equal(gw_ledger_write(&ledger, &small), GW_TOO_LARGE);
    gw_buf_finish(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ledger_keeps_the_order_without_duplicates),
        cmocka_unit_test(test_ledger_names_cannot_break_the_header),
        cmocka_unit_test(test_ledger_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
