/*
 * record/metrics: counters and histograms, one set of cells per worker, summed when read; one table
 * of families.
 *
 * Only the thread that owns a set of cells writes it, so counting is a plain load and store; the
 * scraper reads while workers count. Shared by threads: the sets of series (record/series) and,
 * under a lock, the label names and the list of cells (loading and scraping only).
 */
#ifndef GW_RECORD_METRICS_H
#define GW_RECORD_METRICS_H

#include "base/buf.h"
#include "base/str.h"
#include "record/record.h"

struct gw_ledger;
struct gw_metrics;      /* the process's; opaque: see metrics_private.h */
struct gw_metric_cells; /* one worker's */

struct gw_metrics_options {
    struct gw_str version; /* for gateway_build_info; copied */
    /* [metrics] max_series_per_metric: a family's label sets beyond it share one series. 1 to
     * GW_METRICS_SERIES_MAX. */
    unsigned series_max;
};
#define GW_METRICS_SERIES_MAX 100000u

enum gw_status gw_metrics_create(const struct gw_metrics_options *options,
                                 struct gw_metrics **metrics_out, struct gw_err *err);
/* Frees the cells too. Accepts NULL. */
void gw_metrics_destroy(struct gw_metrics *metrics);

/* The id of a provider's, model's or target's configured name, for gw_record: the same one for the same name,
 * for good. Any thread, but meant for the loading of a configuration: takes a lock.
 * @return 0, whose name is "other", when the table is full or out of memory */
#define GW_LABELS_MAX (1u << 20)
uint32_t gw_label_intern(struct gw_metrics *metrics, struct gw_str name);

/* A worker's cells; NULL when out of memory. They stay when the worker ends, so that no counter
 * ever falls. */
struct gw_metric_cells *gw_metric_cells_create(struct gw_metrics *metrics);

/* From the thread that owns the cells. */
void gw_metric_opened(struct gw_metric_cells *cells);
void gw_metric_stream_opened(struct gw_metric_cells *cells);
/* Takes back what `record` says was opened, and counts it. */
void gw_metric_closed(struct gw_metric_cells *cells, const struct gw_record *record);
/* Of managed routing; ids of gw_label_intern(). An attempt ended; one was made again because the
 * one before ended as `outcome`; a request moved to another target. */
void gw_metric_attempt(struct gw_metric_cells *cells, uint32_t target_id, enum gw_outcome outcome);
/* What a translation lost. */
void gw_metric_warnings(struct gw_metric_cells *cells, const struct gw_ledger *ledger);
void gw_metric_retry(struct gw_metric_cells *cells, enum gw_outcome outcome);
void gw_metric_fallback(struct gw_metric_cells *cells, uint32_t from_id, uint32_t to_id);

/* A configuration was loaded anew, or could not be. Any thread. */
void gw_metrics_count_reload(struct gw_metrics *metrics, bool ok);

struct gw_target_health {
    struct gw_str target;
    bool healthy;
};

/* What others know and only the page needs. */
struct gw_metrics_outside {
    uint64_t access_log_dropped;
    /* In any order. A name may come more than once: it is written once, and healthy only if it is
     * so everywhere. */
    const struct gw_target_health *targets;
    size_t targets_count;
};

enum gw_exposition {
    GW_EXPOSE_TEXT,       /* Prometheus text 0.0.4 */
    GW_EXPOSE_OPENMETRICS /* OpenMetrics 1.0.0 */
};
/* What an Accept field (empty: none) asks for. */
enum gw_exposition gw_exposition_for(struct gw_str accept);
struct gw_str gw_exposition_content_type(enum gw_exposition exposition);

/* Writes the whole page behind what `out` holds. Any thread; workers go on meanwhile.
 * @return GW_OK, or GW_TOO_LARGE, GW_NO_MEMORY: then `out` holds a part of it */
enum gw_status gw_metrics_expose(struct gw_metrics *metrics,
                                 const struct gw_metrics_outside *outside,
                                 enum gw_exposition exposition, struct gw_buf *out);

/* The table of families, for the reference. */
enum gw_metric_type { GW_COUNTER, GW_GAUGE, GW_HISTOGRAM };
struct gw_metric_family {
    const char *name; /* as in Prometheus text: counters with _total */
    enum gw_metric_type type;
    const char *labels; /* "code, provider, …"; empty: none */
    const char *help;
};
/* In the order of the page; NULL past the last. */
const struct gw_metric_family *gw_metrics_family(size_t i);
const char *gw_metric_type_name(enum gw_metric_type type);

#endif
