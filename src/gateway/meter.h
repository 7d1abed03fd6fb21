/*
 * gateway/meter: the usage of chat streams that pass in the caller's own dialect (`meter_streams`).
 *
 * Chat Completions tells a stream's usage only where it is asked to, in one event more. Where the caller did not ask,
 * the gateway does, and leaves that event out of the answer. All else stays byte for byte.
 *
 * What the provider said is kept, as it came: ex->meter->dropped.
 */
#ifndef GW_GATEWAY_METER_H
#define GW_GATEWAY_METER_H

#include "gateway/exchange.h"

/* May usage be asked for here, by what of the request is known? Then the body is needed whole. */
bool gw_meter_suspects(const struct gw_exchange *ex, const struct gw_provider_config *provider,
                       enum gw_model_api api);

/* Suspected, for ex->provider; the body is whole and held, and the other splices are set. Adds one where the caller
 * did not ask: then ex->meter is set. @return false when the exchange has failed */
bool gw_meter_request(struct gw_exchange *ex);

/* The head of a stream's answer has come, and usage was asked for: says so in ex->metered. */
void gw_meter_answer(struct gw_exchange *ex);

/* The next bytes of a metered stream. What comes in front of them goes into ex->held_body, which is empty.
 * @return what of them goes to the caller */
struct gw_str gw_meter_filter(struct gw_exchange *ex, struct gw_str bytes, bool last);

/* What belongs to the attempt in hand goes. Harmless when there is none. */
void gw_meter_drop(struct gw_exchange *ex);

#endif
