#include "base/rng.h"

#include "base/clock.h"
#include "base/str.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

static uint64_t rotate_left(uint64_t x, unsigned by)
{
    return (x << by) | (x >> (64 - by));
}

/* Only for a system that gives no random bytes: what differs between processes and moments, spread
 * by splitmix64. */
static void seed_from_circumstances(struct gw_rng *rng)
{
    uint64_t x = gw_clock_wall_ns() ^ (uint64_t)(uintptr_t)rng ^ ((uint64_t)getpid() << 32);

    for (size_t i = 0; i < GW_COUNT(rng->state); i++) {
        x += 0x9e3779b97f4a7c15u;
        uint64_t z = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        rng->state[i] = z ^ (z >> 31);
    }
}

void gw_rng_seed(struct gw_rng *rng)
{
    ssize_t got;

    do
        got = getrandom(rng->state, sizeof rng->state, 0);
    while (got == -1 && errno == EINTR);
    if (got != (ssize_t)sizeof rng->state)
        seed_from_circumstances(rng);
    if (!(rng->state[0] | rng->state[1] | rng->state[2] | rng->state[3]))
        rng->state[0] = 1; /* the one state that never leaves itself */
}

uint64_t gw_rng_next(struct gw_rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t gw_rng_below(struct gw_rng *rng, uint64_t bound)
{
    assert(bound > 0);
    /* What is left over of 2^64 would favour the small numbers (Lemire's method). */
    __extension__ unsigned __int128 product = (unsigned __int128)gw_rng_next(rng) * bound;
    if ((uint64_t)product < bound) {
        uint64_t least = (0 - bound) % bound;
        while ((uint64_t)product < least)
            product = (unsigned __int128)gw_rng_next(rng) * bound;
    }
    return (uint64_t)(product >> 64);
}
