#include "unit/test.h"

#include "base/clock.h"
#include "base/str.h"

#include <time.h>

#define SECOND 1000000000ull
#define DAY (86400ull * SECOND)

static const struct {
    const char *label;
    uint64_t wall_ns;
    const char *text;
} cases[] = {
    {"the epoch", 0, "1970-01-01T00:00:00.000000Z"},
    {"less than a microsecond", 999, "1970-01-01T00:00:00.000000Z"},
    {"a microsecond", 1000, "1970-01-01T00:00:00.000001Z"},
    {"the end of a second", SECOND - 1, "1970-01-01T00:00:00.999999Z"},
    {"the end of a day", DAY - 1, "1970-01-01T23:59:59.999999Z"},
    {"first leap year", 789 * DAY, "1972-02-29T00:00:00.000000Z"},
    {"the day behind it", 790 * DAY, "1972-03-01T00:00:00.000000Z"},
    {"2000 is a leap year", 951782400 * SECOND, "2000-02-29T00:00:00.000000Z"},
    {"its last day", 978220800 * SECOND, "2000-12-31T00:00:00.000000Z"},
    {"an ordinary year", 1741046399 * SECOND, "2025-03-03T23:59:59.000000Z"},
    {"end of February", 1772323199 * SECOND, "2026-02-28T23:59:59.000000Z"},
    {"beginning of March", 1772323200 * SECOND, "2026-03-01T00:00:00.000000Z"},
    {"with all digits", 1795660274123456789ull, "2026-11-26T02:31:14.123456Z"},
    {"2100 is none", 4107542399 * SECOND, "2100-02-28T23:59:59.000000Z"},
    {"the second behind it", 4107542400 * SECOND, "2100-03-01T00:00:00.000000Z"},
    {"the last moment there is", UINT64_MAX, "2554-07-21T23:34:33.709551Z"},
};

static void test_rfc3339(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct {
            char text[GW_CLOCK_RFC3339_BYTES];
            char guard;
        } out = {.guard = '#'};
        gw_clock_rfc3339(cases[i].wall_ns, out.text);
        if (memcmp(out.text, cases[i].text, sizeof out.text) != 0 || out.guard != '#')
            fail_msg("%s: %.*s", cases[i].label, (int)sizeof out.text, out.text);
    }
}

/* Each day that 64 bits reach, against the C library. */
static void test_every_day(void **state)
{
    (void)state;
    for (uint64_t day = 0; day <= UINT64_MAX / DAY; day++) {
        char have[GW_CLOCK_RFC3339_BYTES], want[GW_CLOCK_RFC3339_BYTES + 1];
        time_t seconds = (time_t)(day * 86400u);
        struct tm tm;
        gw_clock_rfc3339(day * DAY, have);
        assert_non_null(gmtime_r(&seconds, &tm));
        assert_int_equal(strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.000000Z", &tm),
                         sizeof have);
        if (memcmp(have, want, sizeof have) != 0)
            fail_msg("day %llu: %.*s", (unsigned long long)day, (int)sizeof have, have);
    }
}

static void test_step(void **state)
{
    uint64_t mono = gw_clock_ns(), wall = gw_clock_wall_ns();

    (void)state;
    assert_true(gw_clock_ns() >= mono);
    gw_clock_step(3600 * SECOND);
    uint64_t mono_after = gw_clock_ns(), wall_after = gw_clock_wall_ns();
    assert_true(mono_after - mono >= 3600 * SECOND);
    /* Far less than the step itself passes while a test runs. */
    assert_true(mono_after - mono < 7200 * SECOND);
    assert_true(wall_after - wall < 7200 * SECOND && wall_after > wall);
    gw_clock_step(1);
    gw_clock_step(3600 * SECOND);
    assert_true(gw_clock_ns() - mono >= 7200 * SECOND + 1); /* steps add up */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc3339),
        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
