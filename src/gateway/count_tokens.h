/*
 * gateway/count_tokens: POST /v1/messages/count_tokens for a provider that has no such endpoint: an estimate,
 * which says that it is one (translation.md §0).
 */
#ifndef GW_GATEWAY_COUNT_TOKENS_H
#define GW_GATEWAY_COUNT_TOKENS_H

struct gw_exchange;

/* The body is whole, and held. Answers and ends the exchange. */
void gw_count_tokens_answer(struct gw_exchange *ex);

#endif
