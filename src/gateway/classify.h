/*
 * gateway/classify: what kind of failure a provider's answer is: x-to11-error-code (product.md §7).
 */
#ifndef GW_GATEWAY_CLASSIFY_H
#define GW_GATEWAY_CLASSIFY_H

#include "base/str.h"

/* @param status  400 or more
 * @param body    of the answer, or the part of it that is there */
struct gw_str gw_classify_upstream(unsigned status, struct gw_str body);

#endif
