/*
 * gateway/translate_fields: what of a provider's head means something to a caller of another dialect
 * (translation.md §8.3): when to try again, the provider's own id, and rate limits under the names that the
 * caller's SDK knows.
 */
#ifndef GW_GATEWAY_TRANSLATE_FIELDS_H
#define GW_GATEWAY_TRANSLATE_FIELDS_H

#include "base/buf.h"
#include "wire/http1.h"

/* Adds the lines, each with its CRLF; one that does not fit is left out.
 * @param anthropic_caller, anthropic_upstream  else OpenAI's names
 * @param now_s  wall time: one family says how long, the other until when */
void gw_translate_fields(const struct gw_http1_head *head, struct gw_str bytes,
                         bool anthropic_caller, bool anthropic_upstream, uint64_t now_s,
                         struct gw_buf *lines);

#endif
