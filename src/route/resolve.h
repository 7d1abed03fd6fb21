/*
 * route/resolve: from the model a caller names to who answers (product.md §2): a function, a route, or
 * a provider. Which of a route's targets it will be is strategy's business.
 */
#ifndef GW_ROUTE_RESOLVE_H
#define GW_ROUTE_RESOLVE_H

#include "config/config.h"

enum gw_layer {
    GW_LAYER_PASSTHROUGH, /* the caller's key goes on */
    GW_LAYER_ROUTE,       /* a target's credential is shown; a bare target too */
    GW_LAYER_FUNCTION     /* the same, for a task */
};

struct gw_resolution {
    enum gw_layer layer;
    const struct gw_route_config *route; /* ROUTE, FUNCTION; then nothing of the following is set */
    const struct gw_provider_config *provider;
    const struct gw_model_config
        *model;                   /* NULL: asked for by prefix, and the provider does not list it */
    struct gw_str upstream_model; /* the end of the name that was asked for; borrowed from it */
    size_t prefix_bytes;          /* to be cut off the name's front; 0: it goes on as it is */
    enum gw_model_api api;
    struct gw_timeouts timeouts;
};

/* @param model  the decoded name; any bytes
 * @param kind   of the call: routes and functions answer to their own kind only
 * @return GW_OK; GW_NOT_FOUND: err->message names what was looked for; GW_UNSUPPORTED: it is there, for
 * calls of another kind; GW_INVALID: no name, or none behind a prefix */
enum gw_status gw_resolve(const struct gw_config *config, struct gw_str model,
                          enum gw_endpoint_kind kind, struct gw_resolution *resolution_out,
                          struct gw_err *err);

#endif
