/*
 * gateway/variant: the parameters of an experiment's variant, written into the request's bytes
 * (product.md §6): what the caller sent is replaced, what is missing is added, all else stays.
 */
#ifndef GW_GATEWAY_VARIANT_H
#define GW_GATEWAY_VARIANT_H

#include "base/err.h"

struct gw_exchange;
struct gw_target_config;

/* Sets the splices of the request, the model's among them, whose own splice has been set. The body is
 * whole, and held.
 * @return GW_OK; GW_INVALID: it is no JSON, with err->offset; GW_TOO_LARGE; GW_NO_MEMORY */
enum gw_status gw_variant_splice(struct gw_exchange *ex, const struct gw_target_config *target,
                                 struct gw_err *err);

#endif
