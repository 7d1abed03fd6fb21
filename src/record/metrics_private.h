/*
 * record/metrics_private: the cells, as metrics.c counts in them and expose.c sums them.
 */
#ifndef GW_RECORD_METRICS_PRIVATE_H
#define GW_RECORD_METRICS_PRIVATE_H

#include "base/map.h"
#include "record/metrics.h"
#include "record/record.h"

#include <pthread.h>
#include <stdatomic.h>

#define GW_CACHE_LINE 64

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

struct gw_metric_cells {
    _Alignas(GW_CACHE_LINE) struct gw_metrics *metrics;
    struct gw_metric_cells *next;
    _Atomic uint64_t inflight, streams; /* opened minus closed */
    struct gw_duration_cell durations[GW_OPS][GW_STATUS_CLASSES];
    struct gw_overhead_cell overheads[GW_OPS];
    _Atomic uint64_t overflow;   /* requests whose labels found no room */
    _Atomic uint64_t requests[]; /* by slot of the series set */
};

/* Labels of one series of gateway_requests_total in one integer; never 0, because a code is not. */
#define GW_SERIES_CODE_BITS 16
#define GW_SERIES_OPERATION_BITS 8
#define GW_SERIES_ID_BITS 20
_Static_assert(GW_LABELS_MAX == 1u << GW_SERIES_ID_BITS, "an id fits its bits");
_Static_assert(GW_SERIES_CODE_BITS + GW_SERIES_OPERATION_BITS + 2 * GW_SERIES_ID_BITS == 64,
               "a series fits an integer");

struct gw_series {
    uint32_t provider_id, model_id;
    unsigned operation, code;
};
static inline struct gw_series gw_series_unpack(uint64_t key)
{
    return (struct gw_series){
        .provider_id = (uint32_t)(key >> 44),
        .model_id = (uint32_t)(key >> 24) & (GW_LABELS_MAX - 1),
        .operation = (unsigned)(key >> 16) & 0xffu,
        .code = (unsigned)key & 0xffffu,
    };
}

struct gw_metrics {
    /* The series set: open addressing, a power of two of slots, at most half of them used, each
     * written once. */
    _Atomic uint64_t *series;
    size_t slots;
    unsigned slot_shift; /* 64 - log2(slots) */
    unsigned series_max;
    _Alignas(GW_CACHE_LINE) _Atomic unsigned series_count;
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
