#include "record/sinks.h"

#include "record/access_line.h"

#include <assert.h>
#include <stdlib.h>

struct gw_recorder {
    struct gw_metrics *metrics;
    struct gw_access_log *access_log;
    unsigned workers;
};

struct gw_sinks {
    struct gw_metric_cells *cells;
    struct gw_access_log *access_log;
    unsigned worker;
    uint64_t access_fields;
    char line[GW_ACCESS_LINE_MAX]; /* the line in hand */
};

enum gw_status gw_recorder_create(const struct gw_recorder_options *options,
                                  struct gw_recorder **recorder_out, struct gw_err *err)
{
    struct gw_recorder *recorder = calloc(1, sizeof *recorder);

    if (!recorder)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate the recorder");
    recorder->workers = options->workers;
    enum gw_status status = gw_metrics_create(&options->metrics, &recorder->metrics, err);
    if (status == GW_OK)
        status = gw_access_log_create(options->access_log_path, options->workers,
                                      &recorder->access_log, err);
    if (status != GW_OK) {
        gw_recorder_destroy(recorder);
        return status;
    }
    *recorder_out = recorder;
    return GW_OK;
}

void gw_recorder_destroy(struct gw_recorder *recorder)
{
    if (!recorder)
        return;
    gw_access_log_destroy(recorder->access_log);
    gw_metrics_destroy(recorder->metrics);
    free(recorder);
}

struct gw_metrics *gw_recorder_metrics(struct gw_recorder *recorder)
{
    return recorder->metrics;
}

struct gw_access_log *gw_recorder_access_log(struct gw_recorder *recorder)
{
    return recorder->access_log;
}

enum gw_status gw_recorder_expose(struct gw_recorder *recorder,
                                  const struct gw_target_health *targets, size_t targets_count,
                                  enum gw_exposition exposition, struct gw_buf *out)
{
    const struct gw_metrics_outside outside = {
        .access_log_dropped = gw_access_log_dropped(recorder->access_log),
        .targets = targets,
        .targets_count = targets_count,
    };

    return gw_metrics_expose(recorder->metrics, &outside, exposition, out);
}

struct gw_sinks *gw_sinks_create(struct gw_recorder *recorder, unsigned worker)
{
    struct gw_sinks *sinks = malloc(sizeof *sinks);

    assert(worker < recorder->workers);
    if (!sinks)
        return NULL;
    sinks->access_log = recorder->access_log;
    sinks->worker = worker;
    sinks->access_fields = 0;
    sinks->cells = gw_metric_cells_create(recorder->metrics);
    if (!sinks->cells) {
        free(sinks);
        return NULL;
    }
    return sinks;
}

/* The cells stay with the metrics, the ring with the log: what they hold is still to be told. */
void gw_sinks_destroy(struct gw_sinks *sinks)
{
    free(sinks);
}

void gw_sinks_set_access_log(struct gw_sinks *sinks, uint64_t fields)
{
    sinks->access_fields = fields;
}

void gw_sinks_attempt(struct gw_sinks *sinks, uint32_t target_id, enum gw_outcome outcome)
{
    gw_metric_attempt(sinks->cells, target_id, outcome);
}

void gw_sinks_warnings(struct gw_sinks *sinks, const struct gw_ledger *ledger)
{
    gw_metric_warnings(sinks->cells, ledger);
}

void gw_sinks_retry(struct gw_sinks *sinks, enum gw_outcome outcome)
{
    gw_metric_retry(sinks->cells, outcome);
}

void gw_sinks_fallback(struct gw_sinks *sinks, uint32_t from_id, uint32_t to_id)
{
    gw_metric_fallback(sinks->cells, from_id, to_id);
}

void gw_sinks_opened(struct gw_sinks *sinks)
{
    gw_metric_opened(sinks->cells);
}

void gw_sinks_stream_opened(struct gw_sinks *sinks)
{
    gw_metric_stream_opened(sinks->cells);
}

void gw_sinks_closed(struct gw_sinks *sinks, const struct gw_record *record)
{
    gw_metric_closed(sinks->cells, record);
    if (sinks->access_fields == 0)
        return;
    size_t len = gw_access_line_write(record, sinks->access_fields, sinks->line);
    (void)gw_access_log_push(sinks->access_log, sinks->worker, (struct gw_str){sinks->line, len});
}
