/*
 * gateway/pages: what the gateway answers by itself: /, /health, and the list of models (product.md
 * §4).
 */
#ifndef GW_GATEWAY_PAGES_H
#define GW_GATEWAY_PAGES_H

#include "gateway/endpoints.h"

struct gw_exchange;

/* Answers and ends the exchange. Only for handlings up to GW_HANDLE_MODEL. */
void gw_pages_answer(struct gw_exchange *ex, const struct gw_route_match *match);

#endif
