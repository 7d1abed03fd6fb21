/*
 * gateway/patch: a request that goes out in the caller's own dialect, with a few bytes of it changed
 * (translation.md §0, PATCH): what the provider would refuse (codec/openai_chat_patch) and state of another
 * family (codec/own_state). The answer passes as it comes, with few exceptions.
 *
 * Only where that can happen at all is a body held until it is whole, and only one that a glance finds
 * something in is read.
 */
#ifndef GW_GATEWAY_PATCH_H
#define GW_GATEWAY_PATCH_H

#include "gateway/exchange.h"
#include "model/ledger.h"

struct gw_complaint;

/* What was changed for the attempt in hand; ex->edited. */
struct gw_edited {
    struct gw_ledger ledger;
    const struct gw_wanted *wanted; /* images to be fetched first: after GW_AGAIN */
    struct gw_str line;             /* x-gateway-warnings with its CRLF; empty: nothing to tell */
};

/* May there be something to change, as far as is known? Then the body is needed whole. Noted in
 * ex->suspected. @param model  as it goes upstream */
bool gw_patch_suspects(struct gw_exchange *ex, const struct gw_provider_config *provider,
                       struct gw_str model);

/* Begins with an attempt: nothing has been changed yet. What a variant loses goes into its ledger.
 * @return false when out of memory */
bool gw_patch_begin(struct gw_exchange *ex);

/* Suspected, whole, and held; splices of the model and of a variant are set. Makes the body that goes out, if
 * there is something to change.
 * @param sets  the splices set parameters that the caller's body does not have
 * @return GW_OK; GW_AGAIN: images have to be fetched first; GW_UNSUPPORTED: it cannot be carried, for the reason in
 * `complaint`; anything else: the exchange has failed, and was answered */
enum gw_status gw_patch_request(struct gw_exchange *ex, struct gw_str model, bool sets,
                                struct gw_complaint *complaint);
/* Would it be GW_UNSUPPORTED? Nothing of the exchange changes. */
bool gw_patch_can_carry(struct gw_exchange *ex, const struct gw_provider_config *provider,
                        struct gw_str model);

/* What was lost goes into the answer's head and the record. Where the provider's answers have to be read and written
 * anew though they are of the caller's dialect (profile.h: canonical_answer), ex->translate is made for that; but
 * not where several answers are asked for, which only pass.
 * @return false when out of memory */
bool gw_patch_end(struct gw_exchange *ex, struct gw_str model);

#endif
