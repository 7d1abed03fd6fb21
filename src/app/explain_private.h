/*
 * app/explain_private: the facts that both forms of an explanation tell.
 */
#ifndef GW_APP_EXPLAIN_PRIVATE_H
#define GW_APP_EXPLAIN_PRIVATE_H

#include "app/explain.h"
#include "gateway/endpoints.h"

/* One who would answer: a route's target, or in passthrough the provider alone. */
struct gw_explained {
    const struct gw_target_config *target; /* NULL: passthrough */
    const struct gw_provider_config *provider;
    struct gw_str model;
    bool listed; /* by the provider */
    enum gw_model_api api;
    struct gw_timeouts timeouts;
};
struct gw_explained gw_explained_target(const struct gw_target_config *target);
struct gw_explained gw_explained_passthrough(const struct gw_resolution *found);

/* The next path of this kind of call that reaches it, from *at on (0 at first); NULL: no further
 * one. The first is the one whose URL is shown. */
const struct gw_endpoint *gw_explain_next_path(const struct gw_explained *one,
                                               enum gw_endpoint_kind kind, size_t *at);

/* Does a call of this path reach it in another dialect? */
bool gw_explain_translates(const struct gw_explained *one, const struct gw_endpoint *path);

/* Where such a call goes: "https://host/path". */
enum gw_status gw_explain_url(const struct gw_explained *one, const struct gw_endpoint *path,
                              struct gw_buf *into);

/* What follows once every target of a step has failed, and how often that may be. */
struct gw_explain_retries {
    uint32_t most;        /* further attempts within the step that count as retries */
    bool first_once_more; /* a fallback's: its first target, after a wait */
    bool waits;           /* there may be a wait between them */
};
struct gw_explain_retries gw_explain_retries(const struct gw_route_config *route,
                                             uint32_t step_number);

#endif
