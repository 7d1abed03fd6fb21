/*
 * record/sinks: where closed records go: one gw_recorder for the process, one gw_sinks for each
 * worker.
 *
 * Sinks belong to their worker's thread. The recorder owns what workers share (metrics, access log)
 * and outlives all sinks; its functions may be called from any thread, creating and destroying it
 * from one.
 */
#ifndef GW_RECORD_SINKS_H
#define GW_RECORD_SINKS_H

#include "record/access_log.h"
#include "record/metrics.h"

struct gw_recorder; /* opaque: see sinks.c */
struct gw_ledger;
struct gw_sinks;

struct gw_recorder_options {
    struct gw_metrics_options metrics;
    struct gw_str access_log_path; /* as for gw_access_log_create(); empty while the log is off */
    unsigned workers;
};

enum gw_status gw_recorder_create(const struct gw_recorder_options *options,
                                  struct gw_recorder **recorder_out, struct gw_err *err);
/* After all sinks. Writes what the access log still holds, for a second at most. Accepts NULL. */
void gw_recorder_destroy(struct gw_recorder *recorder);

struct gw_metrics *gw_recorder_metrics(struct gw_recorder *recorder);
struct gw_access_log *gw_recorder_access_log(struct gw_recorder *recorder);

/* The page of metrics, as gw_metrics_expose().
 * @param targets  whose health it tells, as in struct gw_metrics_outside; borrowed for the call */
enum gw_status gw_recorder_expose(struct gw_recorder *recorder,
                                  const struct gw_target_health *targets, size_t targets_count,
                                  enum gw_exposition exposition, struct gw_buf *out);

/* @param worker  its number, below options.workers, used once
 * @return NULL when out of memory; no line is written before gw_sinks_set_access_log() */
struct gw_sinks *gw_sinks_create(struct gw_recorder *recorder, unsigned worker);
void gw_sinks_destroy(struct gw_sinks *sinks);

/* On the worker's own thread, at the start and after a reload.
 * @param fields  GW_ACCESS_BIT()s of config/access_log_fields.h; 0: no line is written */
void gw_sinks_set_access_log(struct gw_sinks *sinks, uint64_t fields);

/* Counts for the metrics of managed routing, as gw_metric_attempt() and so on. */
void gw_sinks_attempt(struct gw_sinks *sinks, uint32_t target_id, enum gw_outcome outcome);
void gw_sinks_warnings(struct gw_sinks *sinks, const struct gw_ledger *ledger);
void gw_sinks_retry(struct gw_sinks *sinks, enum gw_outcome outcome);
void gw_sinks_fallback(struct gw_sinks *sinks, uint32_t from_id, uint32_t to_id);

/* For record.c, which keeps the record's own state. */
void gw_sinks_opened(struct gw_sinks *sinks);
void gw_sinks_stream_opened(struct gw_sinks *sinks);
void gw_sinks_closed(struct gw_sinks *sinks, const struct gw_record *record);

#endif
