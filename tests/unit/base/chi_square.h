/*
 * tests: do counted draws fit the shares that they were drawn by? Pearson's test; the generator is to be
 * in a state that is always the same, so that the answer is too.
 */
#ifndef GW_TESTS_UNIT_BASE_CHI_SQUARE_H
#define GW_TESTS_UNIT_BASE_CHI_SQUARE_H

#include "base/str.h"

#include <stdlib.h>

#define CHI_SQUARE_SHARES_MAX 16u

/* @param shares  relative; what has none must not have been drawn
 * @return whether chance alone differs as much in one of a thousand tests or more */
static inline bool chi_square_fits(const uint64_t *counts, const uint32_t *shares,
                                   size_t shares_count)
{
    /* By degrees of freedom: what one of a thousand exceeds. */
    static const double most[CHI_SQUARE_SHARES_MAX] = {
        0,      10.828, 13.816, 16.266, 18.467, 20.515, 22.458, 24.322,
        26.124, 27.877, 29.588, 31.264, 32.909, 34.528, 36.123, 37.697,
    };
    double drawn = 0, sum = 0, distance = 0;
    size_t with_share = 0;

    if (shares_count > CHI_SQUARE_SHARES_MAX)
        abort();
    for (size_t i = 0; i < shares_count; i++) {
        drawn += (double)counts[i];
        sum += shares[i];
    }
    for (size_t i = 0; i < shares_count; i++) {
        double expected = drawn * shares[i] / sum, off = (double)counts[i] - expected;
        if (shares[i] == 0 && counts[i] != 0)
            return false;
        if (shares[i] == 0)
            continue;
        if (expected < 5)
            abort(); /* too few draws to say anything */
        distance += off * off / expected;
        with_share++;
    }
    return distance <= most[with_share - 1];
}

#endif
