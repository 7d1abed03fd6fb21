#include "gateway/retry_after.h"

#include "base/clock.h"
#include "route/strategy.h"

#define NS_PER_MS 1000000u
#define SECONDS_MAX (UINT64_MAX / 1000)
#define LONGEST_MS (GW_RETRY_AFTER_NONE - 1)

/* A number with an optional fraction, rounded up: both vendors send such. */
static bool read_number(struct gw_str text, uint64_t *out)
{
    size_t len = gw_str_find(text, '.');
    struct gw_str fraction = gw_str_from(text, len + 1);
    uint64_t part = 0, whole;

    if (len < text.len && (fraction.len == 0 || !gw_str_to_u64(fraction, &part)))
        return false;
    if (!gw_str_to_u64((struct gw_str){text.base, len}, &whole))
        return false;
    *out = part && whole < UINT64_MAX ? whole + 1 : whole;
    return true;
}

static bool read_digits(const char *at, unsigned count, unsigned *out)
{
    uint64_t value;

    if (!gw_str_to_u64((struct gw_str){at, count}, &value))
        return false;
    *out = (unsigned)value;
    return true;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT": the one form that is sent (RFC 9110 §5.6.7). */
static bool read_date(struct gw_str text, uint64_t *seconds_out)
{
    static const char form[] = "???, 00 ??? 0000 00:00:00 GMT";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    unsigned day, year, hour, minute, second, month = 0;

    if (text.len != sizeof form - 1)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (form[i] != '?' && form[i] != '0' && form[i] != text.base[i])
            return false;
    if (!read_digits(text.base + 5, 2, &day) || !read_digits(text.base + 12, 4, &year) ||
        !read_digits(text.base + 17, 2, &hour) || !read_digits(text.base + 20, 2, &minute) ||
        !read_digits(text.base + 23, 2, &second))
        return false;
    while (month < 12 && memcmp(months + (size_t)month * 3, text.base + 8, 3) != 0)
        month++;
    if (month == 12 || day < 1 || day > 31 || year < 1970 || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    *seconds_out = ((gw_clock_days(year, month + 1, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

uint64_t gw_retry_after_ms(const struct gw_http1_head *head, struct gw_str bytes, uint64_t wall_ns)
{
    const struct gw_http1_field *exact =
        gw_http1_field_by_name(head, bytes, GW_STR("retry-after-ms"));
    const struct gw_http1_field *usual = gw_http1_field_by_name(head, bytes, GW_STR("retry-after"));
    uint64_t value, wall_ms = wall_ns / NS_PER_MS;

    if (exact && read_number(gw_http1_value(exact, bytes), &value))
        return value < LONGEST_MS ? value : LONGEST_MS;
    if (!usual)
        return GW_RETRY_AFTER_NONE;
    if (read_number(gw_http1_value(usual, bytes), &value))
        return value < SECONDS_MAX ? value * 1000 : LONGEST_MS;
    if (read_date(gw_http1_value(usual, bytes), &value))
        return value * 1000 > wall_ms ? value * 1000 - wall_ms : 0;
    return GW_RETRY_AFTER_NONE;
}
