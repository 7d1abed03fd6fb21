#include "unit/test.h"

#include "gateway/retry_after.h"
#include "route/strategy.h"

#include <stdio.h>
#include <time.h>

#define HEAD_BYTES_MAX 4096u
#define NONE GW_RETRY_AFTER_NONE
#define NS_PER_S 1000000000u
#define DAY_S 86400
#define DAYS (180 * 366) /* from 1970 on */

/* @param fields  of the head, each with its CRLF */
static uint64_t ask(const char *label, const char *fields, uint64_t wall_ns)
{
    static struct gw_http1_head head;
    char text[HEAD_BYTES_MAX];
    int len = snprintf(text, sizeof text, "HTTP/1.1 429 Slow Down\r\n%s\r\n", fields);
    /* A copy of exactly this size, so that reading past the end is seen. */
    char *copy = test_malloc((size_t)len);
    struct gw_str bytes = {copy, (size_t)len};

    assert_true(len > 0 && (size_t)len < sizeof text);
    memcpy(copy, text, (size_t)len);
    gw_http1_head_init(&head);
    if (gw_http1_response_feed(&head, bytes, HEAD_BYTES_MAX, false, NULL) != GW_OK)
        fail_msg("%s: no head", label);
    uint64_t ms = gw_retry_after_ms(&head, bytes, wall_ns);
    test_free(copy);
    return ms;
}

static const struct {
    const char *label, *fields;
    uint64_t ms;
} numbers[] = {
    {"none", "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", NONE},
    {"seconds", "retry-after: 7\r\n", 7000},
    {"nothing to wait for", "retry-after: 0\r\n", 0},
    {"leading zeros", "retry-after: 007\r\n", 7000},
    {"name in another case", "Retry-After: 7\r\n", 7000},
    {"blanks around", "retry-after: \t 7 \t\r\n", 7000},
    {"the first of two", "retry-after: 7\r\nretry-after: 9\r\n", 7000},
    {"another field's", "x-retry-after: 7\r\n", NONE},
    {"a fraction, rounded up", "retry-after: 7.9\r\n", 8000},
    {"a fraction of nothing", "retry-after: 7.0\r\n", 7000},
    {"a long fraction", "retry-after: 2.000000000001\r\n", 3000},
    {"a day", "retry-after: 86400\r\n", 86400000},

    {"the largest", "retry-after: 18446744073709551614\r\n", NONE - 1},
    {"one more is not the word for none", "retry-after: 18446744073709551615\r\n", NONE - 1},
    {"the last whose milliseconds can be counted", "retry-after: 18446744073709550\r\n",
     18446744073709550000u},
    {"the next one", "retry-after: 18446744073709551\r\n", NONE - 1},
    {"no number of 64 bits", "retry-after: 18446744073709551616\r\n", NONE},
    {"no number of any size", "retry-after: 99999999999999999999999999999999999999\r\n", NONE},

    {"empty", "retry-after:\r\n", NONE},
    {"negative", "retry-after: -1\r\n", NONE},
    {"negative zero", "retry-after: -0\r\n", NONE},
    {"plus", "retry-after: +1\r\n", NONE},
    {"a blank within", "retry-after: 1 0\r\n", NONE},
    {"a unit", "retry-after: 5s\r\n", NONE},
    {"a word", "retry-after: soon\r\n", NONE},
    {"a list", "retry-after: 5, 6\r\n", NONE},
    {"a comma for a point", "retry-after: 1,5\r\n", NONE},
    {"an exponent", "retry-after: 1e3\r\n", NONE},
    {"hexadecimal", "retry-after: 0x10\r\n", NONE},
    {"a point and nothing", "retry-after: 1.\r\n", NONE},
    {"nothing and a point", "retry-after: .5\r\n", NONE},
    {"only a point", "retry-after: .\r\n", NONE},
    {"two points", "retry-after: 1.2.3\r\n", NONE},
    {"a letter in the fraction", "retry-after: 1.5s\r\n", NONE},
    {"a negative fraction", "retry-after: 1.-5\r\n", NONE},
    {"quotes", "retry-after: \"5\"\r\n", NONE},
    {"high bytes", "retry-after: \xef\xbc\x95\r\n", NONE},

    {"milliseconds", "retry-after-ms: 1500\r\n", 1500},
    {"milliseconds with a fraction", "retry-after-ms: 1500.75\r\n", 1501},
    {"milliseconds in another case", "Retry-After-Ms: 20\r\n", 20},
    {"no milliseconds", "retry-after-ms: 0\r\n", 0},
    {"milliseconds come first", "retry-after-ms: 1500\r\nretry-after: 2\r\n", 1500},
    {"wherever they stand", "retry-after: 2\r\nretry-after-ms: 1500\r\n", 1500},
    {"no milliseconds come first too", "retry-after: 2\r\nretry-after-ms: 0\r\n", 0},
    {"before a date", "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after-ms: 30\r\n", 30},
    {"milliseconds that are none", "retry-after-ms: soon\r\nretry-after: 2\r\n", 2000},
    {"negative milliseconds", "retry-after-ms: -5\r\nretry-after: 2\r\n", 2000},
    {"empty milliseconds", "retry-after-ms:\r\nretry-after: 2\r\n", 2000},
    {"a date for milliseconds", "retry-after-ms: Sun, 06 Nov 1994 08:49:37 GMT\r\n", NONE},
    {"both are rubbish", "retry-after-ms: x\r\nretry-after: y\r\n", NONE},
    {"many milliseconds", "retry-after-ms: 18446744073709551614\r\n", NONE - 1},
    {"one more is not the word for none", "retry-after-ms: 18446744073709551615\r\n", NONE - 1},
};

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(numbers); i++) {
        uint64_t ms = ask(numbers[i].label, numbers[i].fields, 1767225600u * (uint64_t)NS_PER_S);
        if (ms != numbers[i].ms)
            fail_msg("%s: %llu", numbers[i].label, (unsigned long long)ms);
    }
}

static uint64_t ask_date(const char *date, uint64_t wall_ns)
{
    char field[256];

    (void)snprintf(field, sizeof field, "retry-after: %s\r\n", date);
    return ask(date, field, wall_ns);
}

static const struct {
    const char *date;
    uint64_t seconds; /* since 1970 */
} dates[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},  {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"Tue, 29 Feb 2000 12:00:00 GMT", 951825600},  {"Wed, 01 Mar 2000 00:00:00 GMT", 951868800},
    {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800}, {"Fri, 01 Mar 2024 00:00:00 GMT", 1709251200},
    {"Thu, 31 Dec 2026 23:59:59 GMT", 1798761599}, {"Sun, 28 Feb 2100 23:59:59 GMT", 4107542399},
    {"Mon, 01 Mar 2100 00:00:00 GMT", 4107542400}, {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
    {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800}, /* a leap second is the next one's first */
    {"Mon, 30 Jun 2025 23:59:59 GMT", 1751327999},
};

static void test_dates(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(dates); i++) {
        uint64_t ms = ask_date(dates[i].date, 0);
        if (ms != dates[i].seconds * 1000)
            fail_msg("%s: %llu", dates[i].date, (unsigned long long)ms);
    }
}

/* The same moment, seen from before it and from after it. */
static void test_dates_and_now(void **state)
{
    static const char date[] = "Thu, 31 Dec 2026 23:59:59 GMT";
    static const uint64_t at_ns = 1798761599u * (uint64_t)NS_PER_S;

    (void)state;
    assert_int_equal(ask_date(date, at_ns - 5 * (uint64_t)NS_PER_S), 5000);
    assert_int_equal(ask_date(date, at_ns - 1500000000u), 1500);
    assert_int_equal(ask_date(date, at_ns - 1000000u), 1);
    assert_in_range(ask_date(date, at_ns - 1), 0, 1);
    assert_int_equal(ask_date(date, at_ns), 0);
    assert_int_equal(ask_date(date, at_ns + 1), 0);
    assert_int_equal(ask_date(date, at_ns + 86400 * (uint64_t)NS_PER_S), 0);
    assert_int_equal(ask_date(date, UINT64_MAX), 0);
}

/* Every day of nearly two centuries, as the C library has it. */
static void test_every_day(void **state)
{
    (void)state;
    for (time_t day = 0; day < DAYS; day++) {
        char date[64];
        struct tm tm;
        time_t at = day * DAY_S + (day * 7919) % DAY_S;
        (void)gmtime_r(&at, &tm);
        (void)strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        uint64_t ms = ask_date(date, 0);
        if (ms != (uint64_t)at * 1000)
            fail_msg("%s: %llu", date, (unsigned long long)ms);
    }
}

static const char *const no_dates[] = {
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 gmt",
    "Sun, 06 Nov 1994 08:49:37 GMT+1",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun 06 Nov 1994 08:49:37 GMT!",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun,  6 Nov 1994 08:49:37 GMT",
    "Sun, 06-Nov-1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT", /* RFC 850 and asctime(): nobody has sent them for long */
    "Sun Nov  6 08:49:37 1994",
    "06 Nov 1994 08:49:37 GMT",
    "1994-11-06T08:49:37Z",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 32 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nob 1994 08:49:37 GMT",
    "Sun, 06 nov 1994 08:49:37 GMT",
    "Sun, 06 ovD 1994 08:49:37 GMT",
    "Sun, 06 Nov 1969 08:49:37 GMT",
    "Sun, 06 Nov 0000 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:00 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 06 Nov 1994 08:49:-1 GMT",
    "Sun, 06 Nov 1994 +8:49:37 GMT",
    "Sun, 06 Nov 19x4 08:49:37 GMT",
    "Sun, x6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08.49.37 GMT",
    "Sun, 06 Nov 1994 08:49:37\tGMT",
};

static void test_wrong_dates(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(no_dates); i++) {
        uint64_t ms = ask_date(no_dates[i], 0);
        if (ms != NONE)
            fail_msg("%s: %llu", no_dates[i], (unsigned long long)ms);
    }
}

/* A date that is cut anywhere is none. */
static void test_cut_dates(void **state)
{
    static const char whole[] = "Sun, 06 Nov 1994 08:49:37 GMT";
    char date[sizeof whole];

    (void)state;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        (void)snprintf(date, sizeof date, "%.*s", (int)len, whole);
        if (ask_date(date, 0) != NONE)
            fail_msg("%s", date);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),       cmocka_unit_test(test_dates),
        cmocka_unit_test(test_dates_and_now), cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_wrong_dates),   cmocka_unit_test(test_cut_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
