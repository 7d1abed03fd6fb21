/*
 * base/rng: numbers that nobody can foresee who is not told to: ids, jitter, draws by weight. Not for
 * secrets.
 *
 * Each worker owns a generator, so nothing here locks.
 */
#ifndef GW_BASE_RNG_H
#define GW_BASE_RNG_H

#include <stdint.h>

/* xoshiro256** */
struct gw_rng {
    uint64_t state[4];
};
void gw_rng_seed(struct gw_rng *rng); /* from getrandom() */
uint64_t gw_rng_next(struct gw_rng *rng);

/* 0 to bound - 1, each as likely. @param bound  not 0 */
uint64_t gw_rng_below(struct gw_rng *rng, uint64_t bound);

#endif
