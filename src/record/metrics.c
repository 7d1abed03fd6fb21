#include "record/metrics_private.h"

#include "record/process.h"

#include <assert.h>
#include <stdlib.h>

#define CODE_CLIENT_GONE 499u /* the caller left before a status was sent */
#define CODE_MAX 999u
#define LABELS_FIRST 64u

const struct gw_bound gw_duration_bounds[GW_DURATION_BOUNDS] = {
    {5000000, "0.005"},   {10000000, "0.01"},   {25000000, "0.025"},  {50000000, "0.05"},
    {75000000, "0.075"},  {100000000, "0.1"},   {250000000, "0.25"},  {500000000, "0.5"},
    {750000000, "0.75"},  {1000000000, "1"},    {2500000000u, "2.5"}, {5000000000u, "5"},
    {7500000000u, "7.5"}, {10000000000u, "10"},
};

const struct gw_bound gw_overhead_bounds[GW_OVERHEAD_BOUNDS] = {
    {10000, "0.00001"},  {25000, "0.000025"}, {50000, "0.00005"}, {100000, "0.0001"},
    {250000, "0.00025"}, {500000, "0.0005"},  {1000000, "0.001"}, {2500000, "0.0025"},
    {5000000, "0.005"},  {10000000, "0.01"},  {50000000, "0.05"},
};

enum gw_status gw_metrics_create(const struct gw_metrics_options *options,
                                 struct gw_metrics **metrics_out, struct gw_err *err)
{
    if (options->series_max == 0 || options->series_max > GW_METRICS_SERIES_MAX)
        return gw_err_set(err, GW_INVALID, "could not keep %u series: 1 to %u are possible",
                          options->series_max, GW_METRICS_SERIES_MAX);
    struct gw_metrics *metrics = aligned_alloc(GW_CACHE_LINE, sizeof *metrics);
    if (!metrics)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate the metrics");
    *metrics = (struct gw_metrics){.version = NULL};
    (void)pthread_mutex_init(&metrics->lock, NULL); /* cannot fail with default attributes */
    gw_map_init(&metrics->label_ids);
    bool have_series = true;
    for (unsigned i = 0; i < GW_SERIES_FAMILIES; i++)
        have_series = gw_series_init(&metrics->series[i], options->series_max) && have_series;
    metrics->version =
        strndup(options->version.len ? options->version.base : "", options->version.len);
    metrics->start_wall_ns = gw_process_start_wall_ns();
    if (!have_series || !metrics->version) {
        gw_metrics_destroy(metrics);
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate the metrics");
    }
    *metrics_out = metrics;
    return GW_OK;
}

void gw_metrics_destroy(struct gw_metrics *metrics)
{
    if (!metrics)
        return;
    while (metrics->cells) {
        struct gw_metric_cells *cells = metrics->cells;
        metrics->cells = cells->next;
        free(cells);
    }
    for (uint32_t id = 1; id < metrics->label_count; id++)
        free((char *)metrics->labels[id].base);
    free(metrics->labels);
    gw_map_finish(&metrics->label_ids);
    (void)pthread_mutex_destroy(&metrics->lock);
    for (unsigned i = 0; i < GW_SERIES_FAMILIES; i++)
        gw_series_finish(&metrics->series[i]);
    free(metrics->version);
    free(metrics);
}

static bool label_room(struct gw_metrics *metrics)
{
    if (metrics->label_count < metrics->label_room)
        return true;
    uint32_t room = metrics->label_room ? metrics->label_room * 2 : LABELS_FIRST;
    struct gw_str *labels = realloc(metrics->labels, room * sizeof *labels);
    if (!labels)
        return false;
    if (metrics->label_count == 0)
        labels[metrics->label_count++] = GW_STR("other");
    metrics->labels = labels;
    metrics->label_room = room;
    return true;
}

static uint32_t add_label(struct gw_metrics *metrics, struct gw_str name)
{
    if (metrics->label_count == GW_LABELS_MAX || !label_room(metrics))
        return 0;
    char *copy = malloc(name.len + 1);
    if (!copy)
        return 0;
    if (name.len)
        memcpy(copy, name.base, name.len);
    struct gw_str kept = {copy, name.len};
    uint32_t id = metrics->label_count;
    if (!gw_map_add(&metrics->label_ids, kept, (void *)(uintptr_t)id)) {
        free(copy);
        return 0;
    }
    metrics->labels[id] = kept;
    metrics->label_count++;
    return id;
}

uint32_t gw_label_intern(struct gw_metrics *metrics, struct gw_str name)
{
    (void)pthread_mutex_lock(&metrics->lock);
    uint32_t id = (uint32_t)(uintptr_t)gw_map_get(&metrics->label_ids, name);
    if (id == 0)
        id = add_label(metrics, name);
    (void)pthread_mutex_unlock(&metrics->lock);
    return id;
}

struct gw_metric_cells *gw_metric_cells_create(struct gw_metrics *metrics)
{
    size_t cells_of_series = GW_SERIES_FAMILIES * gw_series_cells(&metrics->series[0]);
    size_t bytes = sizeof(struct gw_metric_cells) + cells_of_series * sizeof(uint64_t);

    bytes = (bytes + GW_CACHE_LINE - 1) / GW_CACHE_LINE * GW_CACHE_LINE;
    struct gw_metric_cells *cells = aligned_alloc(GW_CACHE_LINE, bytes);
    if (!cells)
        return NULL;
    memset(cells, 0, bytes); /* lock-free atomics: all zero bytes are 0 */
    cells->metrics = metrics;
    (void)pthread_mutex_lock(&metrics->lock);
    cells->next = metrics->cells;
    metrics->cells = cells;
    (void)pthread_mutex_unlock(&metrics->lock);
    return cells;
}

/* By the owning thread only: no other writes, so no locked instruction. */
static void add(_Atomic uint64_t *cell, uint64_t n)
{
    atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

void gw_metric_opened(struct gw_metric_cells *cells)
{
    add(&cells->inflight, 1);
}

void gw_metric_stream_opened(struct gw_metric_cells *cells)
{
    add(&cells->streams, 1);
}

/* A bucket holds what is at most its bound (`le`). Counting all bounds has no branch to mispredict.
 */
static unsigned bucket_of(const struct gw_bound *bounds, unsigned count, uint64_t ns)
{
    unsigned bucket = 0;

    for (unsigned i = 0; i < count; i++)
        bucket += ns > bounds[i].ns;
    return bucket;
}

/* What is no id gets the name "other". */
static uint32_t label_id(uint32_t id)
{
    return id < GW_LABELS_MAX ? id : 0;
}

/* Inlined, so that each caller's `family` is a constant: closing a request is on the hot path. */
static inline __attribute__((always_inline)) void
count_series(struct gw_metric_cells *cells, enum gw_series_family family, uint64_t key)
{
    struct gw_series_set *set = &cells->metrics->series[family];

    add(&cells->series[family * gw_series_cells(set) + gw_series_slot(set, key)], 1);
}

void gw_metric_closed(struct gw_metric_cells *cells, const struct gw_record *record)
{
    unsigned code = record->status ? record->status : CODE_CLIENT_GONE;
    unsigned status_class = code / 100 < GW_STATUS_CLASSES ? code / 100 : 0;
    uint64_t start = record->at_ns[GW_AT_START], end = record->at_ns[GW_AT_END];
    uint64_t duration_ns = end > start ? end - start : 0;
    struct gw_duration_cell *duration = &cells->durations[record->operation][status_class];
    struct gw_overhead_cell *overhead = &cells->overheads[record->operation];
    const struct gw_request_labels labels = {
        .provider_id = label_id(record->provider_id),
        .model_id = label_id(record->model_id),
        .operation = record->operation,
        .code = code < CODE_MAX ? code : CODE_MAX,
    };

    if (record->opened)
        add(&cells->inflight, (uint64_t)-1);
    if (record->stream_open)
        add(&cells->streams, (uint64_t)-1);
    count_series(cells, GW_SERIES_REQUESTS, gw_request_key(labels));
    add(&duration->buckets[bucket_of(gw_duration_bounds, GW_DURATION_BOUNDS, duration_ns)], 1);
    add(&duration->sum_ns, duration_ns);
    add(&overhead->buckets[bucket_of(gw_overhead_bounds, GW_OVERHEAD_BOUNDS, record->own_ns)], 1);
    add(&overhead->sum_ns, record->own_ns);
}

void gw_metric_attempt(struct gw_metric_cells *cells, uint32_t target_id, enum gw_outcome outcome)
{
    assert(outcome < GW_OUTCOMES);
    count_series(cells, GW_SERIES_ATTEMPTS,
                 gw_attempt_key((struct gw_attempt_labels){label_id(target_id), outcome}));
}

void gw_metric_warnings(struct gw_metric_cells *cells, const struct gw_ledger *ledger)
{
    for (unsigned i = 0; i < ledger->count && i < GW_LEDGER_ENTRIES_MAX; i++)
        add(&cells->warnings[ledger->entries[i].action]
                            [gw_ledger_name_index(ledger->entries[i].name)],
            1);
}

void gw_metric_retry(struct gw_metric_cells *cells, enum gw_outcome outcome)
{
    assert(outcome < GW_OUTCOMES);
    add(&cells->retries[outcome], 1);
}

void gw_metric_fallback(struct gw_metric_cells *cells, uint32_t from_id, uint32_t to_id)
{
    count_series(cells, GW_SERIES_FALLBACKS,
                 gw_fallback_key((struct gw_fallback_labels){label_id(from_id), label_id(to_id)}));
}

void gw_metrics_count_reload(struct gw_metrics *metrics, bool ok)
{
    (void)atomic_fetch_add_explicit(&metrics->reloads[ok], 1, memory_order_relaxed);
}
