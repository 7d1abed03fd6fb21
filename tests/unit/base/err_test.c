#include "unit/test.h"

#include "base/err.h"
#include "base/str.h"

#include <errno.h>

static void test_set(void **state)
{
    struct gw_err err = {.offset = 7};

    (void)state;
    assert_int_equal(gw_err_set(&err, GW_NOT_FOUND, "could not find %s %u", "x", 4u), GW_NOT_FOUND);
    assert_int_equal(err.status, GW_NOT_FOUND);
    assert_string_equal(err.message, "could not find x 4");
    assert_int_equal(err.offset, 7); /* the caller's to set */
    assert_int_equal(gw_err_set(NULL, GW_TIMEOUT, "%s", "nobody listens"), GW_TIMEOUT);
}

static void test_errno_text(void **state)
{
    struct gw_err err;

    (void)state;
    errno = ENOENT;
    assert_int_equal(gw_err_errno(&err, "could not open %s", "/x"), GW_IO);
    assert_int_equal(err.status, GW_IO);
    assert_string_equal(err.message, "could not open /x: No such file or directory");
    errno = 99999;
    assert_int_equal(gw_err_errno(&err, "could not"), GW_IO);
    assert_string_equal(err.message, "could not: Unknown error 99999");
    errno = EACCES;
    assert_int_equal(gw_err_errno(NULL, "could not"), GW_IO);
}

/* Around the length where the text, or what errno says behind it, no longer fits. */
static void test_long_messages_are_cut(void **state)
{
    char text[400];

    (void)state;
    memset(text, 'm', sizeof text);
    for (int len = 150; len <= 300; len++) {
        struct {
            struct gw_err err;
            char guard;
        } box;
        memset(&box, '#', sizeof box);
        gw_err_set(&box.err, GW_INVALID, "%.*s", len, text);
        size_t want =
            (size_t)len < sizeof box.err.message ? (size_t)len : sizeof box.err.message - 1;
        assert_int_equal(strlen(box.err.message), want);
        memset(&box, '#', sizeof box);
        errno = ENOENT;
        gw_err_errno(&box.err, "%.*s", len, text);
        const char *end = memchr(box.err.message, '\0', sizeof box.err.message);
        assert_non_null(end);
        assert_true((size_t)(end - box.err.message) >= want);
        assert_memory_equal(box.err.message, text, want);
        assert_int_equal(box.guard, '#');
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(gw_status_name(GW_OK), "ok");
    assert_string_equal(gw_status_name(GW_NO_MEMORY), "no_memory");
    assert_string_equal(gw_status_name(GW_STATUSES), "unknown");
    assert_string_equal(gw_status_name((enum gw_status)9999), "unknown");
    for (unsigned i = 0; i < GW_STATUSES; i++) {
        const char *name = gw_status_name((enum gw_status)i);
        assert_non_null(name); /* a row for each */
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(name, gw_status_name((enum gw_status)j));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_errno_text),
        cmocka_unit_test(test_long_messages_are_cut),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
