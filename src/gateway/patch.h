/*
 * gateway/patch: a request that goes out in the caller's own dialect, but for state of another family that is
 * cut out of it (codec/own_state). The answer passes as it comes.
 */
#ifndef GW_GATEWAY_PATCH_H
#define GW_GATEWAY_PATCH_H

#include "gateway/exchange.h"

/* May there be something to cut, by what of the body is in hand? Then the body is needed whole. Noted in
 * ex->suspected. */
bool gw_patch_suspects(struct gw_exchange *ex, const struct gw_provider_config *provider);

/* Suspected, whole, and held; the model's splice is set. Makes the body that goes out, if there is something to
 * cut. @return false when the exchange has failed */
bool gw_patch_request(struct gw_exchange *ex);

#endif
