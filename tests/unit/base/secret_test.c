#include "unit/test.h"

#include "base/secret.h"

#include <stdlib.h>

static void test_keeps_a_copy(void **state)
{
    char bytes[] = "sk-1\0tail";

    (void)state;
    struct gw_secret *secret = gw_secret_create((struct gw_str){bytes, sizeof bytes - 1});
    memset(bytes, 'x', sizeof bytes);
    assert_true(gw_str_eq(gw_secret_bytes(secret), GW_STR("sk-1\0tail")));
    gw_secret_destroy(secret);
    gw_secret_destroy(NULL);
}

static const struct {
    const char *label;
    struct gw_str secret, candidate;
    bool same;
} cases[] = {
    {"same", GW_STR_INIT("token"), GW_STR_INIT("token"), true},
    {"one byte", GW_STR_INIT("t"), GW_STR_INIT("t"), true},
    {"first byte differs", GW_STR_INIT("token"), GW_STR_INIT("Token"), false},
    {"last byte differs", GW_STR_INIT("token"), GW_STR_INIT("tokem"), false},
    {"a prefix", GW_STR_INIT("token"), GW_STR_INIT("toke"), false},
    {"longer", GW_STR_INIT("token"), GW_STR_INIT("token1"), false},
    {"the secret twice", GW_STR_INIT("token"), GW_STR_INIT("tokentoken"), false},
    {"nothing", GW_STR_INIT("token"), GW_STR_INIT(""), false},
    {"no memory", GW_STR_INIT("token"), {NULL, 0}, false},
    {"behind a NUL", GW_STR_INIT("a\0b"), GW_STR_INIT("a\0c"), false},
    {"differences that cancel out", GW_STR_INIT("ab"), GW_STR_INIT("ba"), false},
    {"bytes over 127", GW_STR_INIT("\xff\x80"), GW_STR_INIT("\xff\x80"), true},
    {"empty secret, empty candidate", {NULL, 0}, GW_STR_INIT(""), true},
    {"empty secret, NUL", GW_STR_INIT(""), GW_STR_INIT("\0"), false},
};

static void test_equals(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_secret *secret = gw_secret_create(cases[i].secret);
        if (gw_secret_equals(secret, cases[i].candidate) != cases[i].same)
            fail_msg("%s", cases[i].label);
        gw_secret_destroy(secret);
    }
}

static void test_wipe(void **state)
{
    static const char zeros[6];
    char bytes[] = "[secret]";

    (void)state;
    gw_secret_wipe(bytes + 1, 6);
    assert_memory_equal(bytes + 1, zeros, 6);
    assert_int_equal(bytes[0], '[');
    assert_int_equal(bytes[7], ']');
    gw_secret_wipe(bytes, 0);
    assert_int_equal(bytes[0], '[');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_a_copy),
        cmocka_unit_test(test_equals),
        cmocka_unit_test(test_wipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
