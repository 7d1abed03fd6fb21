/*
 * record/metrics_private: the cells, as metrics.c counts in them and expose.c sums them.
 */
#ifndef GW_RECORD_METRICS_PRIVATE_H
#define GW_RECORD_METRICS_PRIVATE_H

#include "base/map.h"
#include "model/ledger.h"
#include "record/metrics.h"
#include "record/record.h"
#include "record/series.h"

#include <pthread.h>

/* Upper bounds of histograms (telemetry.md §5); the +Inf bucket has none. `le` is the bound as
 * shortest decimal. */
struct gw_bound {
    uint64_t ns;
    const char *le;
};
#define GW_DURATION_BOUNDS 14
#define GW_OVERHEAD_BOUNDS 11
extern const struct gw_bound gw_duration_bounds[GW_DURATION_BOUNDS];
extern const struct gw_bound gw_overhead_bounds[GW_OVERHEAD_BOUNDS];

/* 0: a code outside 100..599, else its first digit. */
#define GW_STATUS_CLASSES 6

struct gw_duration_cell {
    _Atomic uint64_t sum_ns, buckets[GW_DURATION_BOUNDS + 1];
};
struct gw_overhead_cell {
    _Atomic uint64_t sum_ns, buckets[GW_OVERHEAD_BOUNDS + 1];
};

/* Families that are counted by label sets; each has a set of its own, all of the same size. */
enum gw_series_family {
    GW_SERIES_REQUESTS,
    GW_SERIES_ATTEMPTS,
    GW_SERIES_FALLBACKS,
    GW_SERIES_FAMILIES /* must stay last */
};

struct gw_metric_cells {
    _Alignas(GW_CACHE_LINE) struct gw_metrics *metrics;
    struct gw_metric_cells *next;
    _Atomic uint64_t inflight, streams; /* opened minus closed */
    struct gw_duration_cell durations[GW_OPS][GW_STATUS_CLASSES];
    struct gw_overhead_cell overheads[GW_OPS];
    _Atomic uint64_t retries[GW_OUTCOMES];
    _Atomic uint64_t warnings[GW_LEDGER_ACTIONS][GW_LEDGER_NAMES + 1];
    _Atomic uint64_t series[]; /* by family and slot: gw_series_cells() each */
};

/* Keys of gateway_requests_total; never 0, because a code is not. */
#define GW_KEY_CODE_BITS 16
#define GW_KEY_OPERATION_BITS 8
#define GW_KEY_ID_BITS 20
_Static_assert(GW_LABELS_MAX == 1u << GW_KEY_ID_BITS, "an id fits its bits");
_Static_assert(GW_KEY_CODE_BITS + GW_KEY_OPERATION_BITS + 2 * GW_KEY_ID_BITS == 64,
               "a key fits an integer");

struct gw_request_labels {
    uint32_t provider_id, model_id;
    unsigned operation, code;
};
static inline uint64_t gw_request_key(struct gw_request_labels labels)
{
    return (uint64_t)labels.provider_id << 44 | (uint64_t)labels.model_id << 24 |
           (uint64_t)labels.operation << 16 | labels.code;
}
static inline struct gw_request_labels gw_request_labels_of(uint64_t key)
{
    return (struct gw_request_labels){
        .provider_id = (uint32_t)(key >> 44),
        .model_id = (uint32_t)(key >> 24) & (GW_LABELS_MAX - 1),
        .operation = (unsigned)(key >> 16) & 0xffu,
        .code = (unsigned)key & 0xffffu,
    };
}

/* Keys of gateway_upstream_attempts_total; never 0, because of the one that is added. */
struct gw_attempt_labels {
    uint32_t target_id;
    enum gw_outcome outcome;
};
static inline uint64_t gw_attempt_key(struct gw_attempt_labels labels)
{
    return (uint64_t)labels.target_id << 8 | ((uint64_t)labels.outcome + 1);
}
static inline struct gw_attempt_labels gw_attempt_labels_of(uint64_t key)
{
    return (struct gw_attempt_labels){
        .target_id = (uint32_t)(key >> 8),
        .outcome = (enum gw_outcome)((key & 0xffu) - 1),
    };
}
_Static_assert(GW_OUTCOMES < 256, "an outcome fits its bits");

/* Keys of gateway_fallbacks_total; never 0, because of the bit above both ids. */
struct gw_fallback_labels {
    uint32_t from_id, to_id;
};
static inline uint64_t gw_fallback_key(struct gw_fallback_labels labels)
{
    return (uint64_t)1 << 2 * GW_KEY_ID_BITS | (uint64_t)labels.from_id << GW_KEY_ID_BITS |
           labels.to_id;
}
static inline struct gw_fallback_labels gw_fallback_labels_of(uint64_t key)
{
    return (struct gw_fallback_labels){
        .from_id = (uint32_t)(key >> GW_KEY_ID_BITS) & (GW_LABELS_MAX - 1),
        .to_id = (uint32_t)key & (GW_LABELS_MAX - 1),
    };
}

struct gw_metrics {
    struct gw_series_set series[GW_SERIES_FAMILIES];
    _Atomic uint64_t reloads[2]; /* failed, done */

    pthread_mutex_t lock; /* of what follows */
    struct gw_metric_cells *cells;
    struct gw_map label_ids;
    struct gw_str *labels; /* by id; [0] is "other" */
    uint32_t label_count, label_room;

    char *version;
    uint64_t start_wall_ns; /* of the process; 0: unknown */
};

#endif
