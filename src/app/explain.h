/*
 * app/explain: how a model would be resolved and what would be tried for it (`sluice explain`).
 *
 * Nothing is sent to a provider, and no credential's value is ever written: its place, and whether
 * something was found there.
 */
#ifndef GW_APP_EXPLAIN_H
#define GW_APP_EXPLAIN_H

#include "app/explain_health.h"
#include "base/buf.h"
#include "route/resolve.h"

/* What is to be told; borrows all of it. */
struct gw_explanation {
    const struct gw_config *config;
    struct gw_str model; /* as it was asked for */
    enum gw_endpoint_kind endpoint;
    struct gw_resolution found; /* found.route: there are targets, whose health may be asked */
};

/* @param endpoint  "chat", "embeddings", …; empty: chat
 * @return GW_OK; GW_NOT_FOUND, GW_UNSUPPORTED or GW_INVALID with a message: what a caller would be
 * told */
enum gw_status gw_explain(const struct gw_config *config, struct gw_str endpoint,
                          struct gw_str model, struct gw_explanation *explanation_out,
                          struct gw_err *err);

/* Takes out the warnings of targets, providers, routes and functions that do not take part in it. */
void gw_explain_problems(const struct gw_explanation *explanation, struct gw_problems *problems);

/* Lines for people.
 * @param health  may be NULL where there are no targets
 * @return GW_OK; as gw_buf_add() where not all of it fits: `into` then holds a useless part */
enum gw_status gw_explain_text(const struct gw_explanation *explanation,
                               const struct gw_explain_health *health, struct gw_buf *into);

/* The same facts as one JSON object and a line feed; its keys stay. */
enum gw_status gw_explain_json(const struct gw_explanation *explanation,
                               const struct gw_explain_health *health, struct gw_buf *into);

#endif
