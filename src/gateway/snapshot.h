/*
 * gateway/snapshot: a configuration with what was loaded for it: certificates and metric labels.
 *
 * Made by the main thread, off the loops, because files and certificate stores take their time;
 * immutable, shared by all workers and counted, so that a reload swaps a pointer.
 */
#ifndef GW_GATEWAY_SNAPSHOT_H
#define GW_GATEWAY_SNAPSHOT_H

#include "codec/openai_chat_patch.h"
#include "config/config.h"
#include "record/metrics.h"
#include "route/health.h"

struct gw_tls_trust;
struct gw_tls_identity;

struct gw_snapshot {
    struct gw_config *config;
    struct gw_tls_trust **trusts;       /* by provider index; NULL: no TLS */
    struct gw_tls_trust *media_trust;   /* the system's, to fetch media; NULL: none is fetched */
    struct gw_tls_identity *identity;   /* NULL: plain downstream */
    uint32_t *provider_labels;          /* by provider index */
    uint32_t *model_labels;             /* by model index */
    uint32_t *target_labels;            /* by target index */
    struct gw_health_cell **health;     /* by target index; the process's */
    const struct gw_profile **profiles; /* by provider index */
    struct gw_chat_watch *watches;      /* by provider index */
    bool mixes_dialects;                /* conversations can go from one dialect to another */
    struct gw_claude_limits *claude;    /* what the file says of models */
    size_t claude_count;
    const struct gw_claude_limits **limits; /* by model index */
    struct gw_target_health *told;          /* by target index; of gw_snapshot_target_health() */
    atomic_uint references;
};

/* Takes `config` over, also on failure. Blocks on files. */
enum gw_status gw_snapshot_create(struct gw_config *config, struct gw_metrics *metrics,
                                  struct gw_health *health, struct gw_snapshot **snapshot_out,
                                  struct gw_err *err);
/* How the targets are, for the page of metrics. From one thread only: the list is the snapshot's.
 * @return its length */
size_t gw_snapshot_target_health(struct gw_snapshot *snapshot,
                                 const struct gw_target_health **list_out);

struct gw_snapshot *gw_snapshot_retain(struct gw_snapshot *snapshot);
/* Accepts NULL. */
void gw_snapshot_release(struct gw_snapshot *snapshot);

#endif
