/*
 * gateway/stages: the stages between a request's head (begin.c) and its answer (relay.c).
 */
#ifndef GW_GATEWAY_STAGES_H
#define GW_GATEWAY_STAGES_H

#include "gateway/exchange.h"

/* The provider is known: asks for a connection to it. @return false when the exchange has failed */
bool gw_stages_go_to(struct gw_exchange *ex, const struct gw_provider_config *provider,
                     const struct gw_timeouts *timeouts);

/* How does a provider serve this endpoint? */
enum gw_stages_service {
    GW_STAGES_SERVES,     /* as it is */
    GW_STAGES_TRANSLATES, /* in another dialect */
    GW_STAGES_ESTIMATES,  /* not at all: the answer is estimated here */
    GW_STAGES_OTHER_DIALECT
};
enum gw_stages_service gw_stages_can_serve(const struct gw_exchange *ex,
                                           const struct gw_provider_config *provider,
                                           enum gw_model_api api);
/* The same; otherwise the exchange fails. */
bool gw_stages_serves(struct gw_exchange *ex, const struct gw_provider_config *provider,
                      enum gw_model_api api);

/* For attempt.c: asks for a connection to ex->provider. @return false when the exchange has failed */
bool gw_stages_lease(struct gw_exchange *ex);

/* For attempt.c: the connection stands; sends what is held, and lets the caller go on. @return false when
 * the exchange has failed */
bool gw_stages_send_held(struct gw_exchange *ex);

/* For fetch.c: what was to be fetched for a passthrough request is there, or cannot be had. */
void gw_stages_fetched(struct gw_exchange *ex);

/* The next bytes of the request's body, for the handler in begin.c. */
void gw_stages_on_body(struct gw_down *down, struct gw_str data, bool last);

/* A fault in what the caller sends. When an answer has begun there is nothing left to say: the
 * connection is broken off. */
void gw_stages_request_fault(struct gw_exchange *ex, enum gw_fault fault, const struct gw_err *err);

/* Out of memory: 503. */
void gw_stages_overloaded(struct gw_exchange *ex);

/* For relay.c: the connection stands, or has room again; and once more, on a fresh one. */
void gw_stages_on_ready(struct gw_up *up, void *user);
void gw_stages_on_writable(struct gw_up *up);
void gw_stages_resend(struct gw_exchange *ex);

#endif
