/*
 * gateway/retry_after: how long a provider wants to be left alone: Retry-After (RFC 9110 §10.2.3), in
 * seconds or as a date, and the `retry-after-ms` that OpenAI and Azure send beside it.
 */
#ifndef GW_GATEWAY_RETRY_AFTER_H
#define GW_GATEWAY_RETRY_AFTER_H

#include "wire/http1.h"

/* @param wall_ns  now, for dates
 * @return milliseconds from now on; GW_RETRY_AFTER_NONE (route/strategy.h) when it does not say, or nothing
 * that can be read */
uint64_t gw_retry_after_ms(const struct gw_http1_head *head, struct gw_str bytes, uint64_t wall_ns);

#endif
