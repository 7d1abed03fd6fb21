/*
 * gateway/snapshot: a configuration with what was loaded for it: certificates and metric labels.
 *
 * Made by the main thread, off the loops, because files and certificate stores take their time;
 * immutable, shared by all workers and counted, so that a reload swaps a pointer.
 */
#ifndef GW_GATEWAY_SNAPSHOT_H
#define GW_GATEWAY_SNAPSHOT_H

#include "config/config.h"
#include "record/metrics.h"

struct gw_tls_trust;
struct gw_tls_identity;

struct gw_snapshot {
    struct gw_config *config;
    struct gw_tls_trust **trusts;     /* by provider index; NULL: no TLS */
    struct gw_tls_identity *identity; /* NULL: plain downstream */
    uint32_t *provider_labels;        /* by provider index */
    uint32_t *model_labels;           /* by model index */
    atomic_uint references;
};

/* Takes `config` over, also on failure. Blocks on files. */
enum gw_status gw_snapshot_create(struct gw_config *config, struct gw_metrics *metrics,
                                  struct gw_snapshot **snapshot_out, struct gw_err *err);
struct gw_snapshot *gw_snapshot_retain(struct gw_snapshot *snapshot);
/* Accepts NULL. */
void gw_snapshot_release(struct gw_snapshot *snapshot);

#endif
