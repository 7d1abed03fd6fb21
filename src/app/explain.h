/*
 * app/explain: how a model would be resolved, for people (`sluice explain`).
 */
#ifndef GW_EXPLAIN_H
#define GW_EXPLAIN_H

#include "base/buf.h"
#include "config/config.h"

/* @param endpoint  "chat", "embeddings", …; empty: chat
 * @return GW_OK; GW_NOT_FOUND or GW_INVALID with a message: what a caller would be told */
enum gw_status gw_explain(const struct gw_config *config, struct gw_str endpoint,
                          struct gw_str model, struct gw_buf *into, struct gw_err *err);

#endif
