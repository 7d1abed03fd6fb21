#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic uint64_t stepped_ns;

static uint64_t read_clock(clockid_t id)
{
    struct timespec now;
    (void)clock_gettime(id, &now); /* cannot fail for the two clocks used here */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec +
           atomic_load_explicit(&stepped_ns, memory_order_relaxed);
}

uint64_t gw_clock_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t gw_clock_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

void gw_clock_step(uint64_t ns)
{
    atomic_fetch_add(&stepped_ns, ns);
}

static char *digits(char *at, unsigned value, unsigned count)
{
    for (unsigned i = count; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + count;
}

void gw_clock_rfc3339(uint64_t wall_ns, char out[GW_CLOCK_RFC3339_BYTES])
{
    uint64_t seconds = wall_ns / 1000000000u;
    unsigned in_day = (unsigned)(seconds % 86400u);
    /* Days to civil date, counted in 400-year eras from 1 March 0000. */
    uint64_t days = seconds / 86400u + 719468u;
    uint64_t era = days / 146097u;
    unsigned doe = (unsigned)(days - era * 146097u);
    unsigned yoe = (doe - doe / 1460u + doe / 36524u - doe / 146096u) / 365u;
    unsigned doy = doe - (365u * yoe + yoe / 4u - yoe / 100u);
    unsigned mp = (5u * doy + 2u) / 153u;
    unsigned day = doy - (153u * mp + 2u) / 5u + 1u;
    unsigned month = mp < 10u ? mp + 3u : mp - 9u;
    unsigned year = (unsigned)(yoe + era * 400u) + (month <= 2u);

    char *at = digits(out, year, 4);
    *at++ = '-';
    at = digits(at, month, 2);
    *at++ = '-';
    at = digits(at, day, 2);
    *at++ = 'T';
    at = digits(at, in_day / 3600u, 2);
    *at++ = ':';
    at = digits(at, in_day / 60u % 60u, 2);
    *at++ = ':';
    at = digits(at, in_day % 60u, 2);
    *at++ = '.';
    at = digits(at, (unsigned)(wall_ns / 1000u % 1000000u), 6);
    *at = 'Z';
}

/* Howard Hinnant's way: years begin in March. */
uint64_t gw_clock_days(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month <= 2 ? year - 1 : year;
    unsigned era = y / 400, year_of_era = y - era * 400;
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return (uint64_t)era * 146097 + day_of_era - 719468;
}
