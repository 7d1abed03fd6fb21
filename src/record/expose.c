/*
 * record/expose: the page of metrics, in Prometheus' text form or OpenMetrics; declared in
 * metrics.h.
 */
#include "record/metrics_private.h"
#include "record/page.h"
#include "record/process.h"

#include <stdio.h>
#include <stdlib.h>

/* A row of the table: what is told of a family, and what writes its samples. */
struct family {
    struct gw_metric_family told;
    void (*write)(struct gw_page *page, const char *name);
    bool (*known)(const struct gw_page *page); /* NULL: always */
};

static uint64_t read_cell(const _Atomic uint64_t *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

/* The sum over all workers of the cell at `offset`. */
static uint64_t sum_cells(const struct gw_page *page, size_t offset)
{
    uint64_t sum = 0;

    for (const struct gw_metric_cells *cells = page->metrics->cells; cells; cells = cells->next)
        sum += read_cell((const _Atomic uint64_t *)(const void *)((const char *)cells + offset));
    return sum;
}

/* A gauge is opened minus closed: read while a worker counts, its cells may be a moment apart, but
 * never below 0. */
static void write_inflight(struct gw_page *page, const char *name)
{
    gw_page_sample(page, name, sum_cells(page, offsetof(struct gw_metric_cells, inflight)));
}

static void write_streams(struct gw_page *page, const char *name)
{
    gw_page_sample(page, name, sum_cells(page, offsetof(struct gw_metric_cells, streams)));
}

static struct gw_str operation_label(unsigned operation)
{
    return operation == GW_OP_NONE ? GW_STR("other")
                                   : gw_operation_name((enum gw_operation)operation);
}

static struct gw_str label_name(const struct gw_metrics *metrics, uint32_t id)
{
    return id > 0 && id < metrics->label_count ? metrics->labels[id] : GW_STR("other");
}

/* Writes the labels of a series, the last one's closing brace left out. */
typedef void write_labels_fn(struct gw_page *page, uint64_t key);

static uint64_t sum_slot(const struct gw_page *page, enum gw_series_family family, size_t slot)
{
    size_t at = family * gw_series_cells(&page->metrics->series[family]) + slot;

    return sum_cells(page, offsetof(struct gw_metric_cells, series) + at * sizeof(uint64_t));
}

/* All series of a family, and behind them that of the label sets that found no room. */
static void write_series(struct gw_page *page, const char *name, enum gw_series_family family,
                         write_labels_fn *write_labels)
{
    struct gw_series_set *set = &page->metrics->series[family];
    struct gw_series_at *found = malloc(set->max * sizeof *found);

    if (!found) {
        page->status = GW_NO_MEMORY;
        return;
    }
    size_t count = gw_series_list(set, found);
    for (size_t i = 0; i < count; i++) {
        gw_page_text(page, name);
        write_labels(page, found[i].key);
        gw_page_value(page, sum_slot(page, family, found[i].slot));
    }
    free(found);
    uint64_t overflow = sum_slot(page, family, gw_series_overflow(set));
    if (overflow) {
        gw_page_text(page, name);
        gw_page_label(page, "{otel_metric_overflow", GW_STR("true"));
        gw_page_value(page, overflow);
    }
}

static void write_request_labels(struct gw_page *page, uint64_t key)
{
    struct gw_request_labels labels = gw_request_labels_of(key);
    const char code[] = {(char)('0' + labels.code / 100 % 10), (char)('0' + labels.code / 10 % 10),
                         (char)('0' + labels.code % 10)};

    gw_page_label(page, "{code", (struct gw_str){code, sizeof code});
    gw_page_label(page, ",provider", label_name(page->metrics, labels.provider_id));
    gw_page_label(page, ",model", label_name(page->metrics, labels.model_id));
    gw_page_label(page, ",operation", operation_label(labels.operation));
}

static void write_requests(struct gw_page *page, const char *name)
{
    write_series(page, name, GW_SERIES_REQUESTS, write_request_labels);
}

static void write_attempt_labels(struct gw_page *page, uint64_t key)
{
    struct gw_attempt_labels labels = gw_attempt_labels_of(key);

    gw_page_label(page, "{target", label_name(page->metrics, labels.target_id));
    gw_page_label(page, ",outcome", gw_outcome_name(labels.outcome));
}

static void write_attempts(struct gw_page *page, const char *name)
{
    write_series(page, name, GW_SERIES_ATTEMPTS, write_attempt_labels);
}

static void write_fallback_labels(struct gw_page *page, uint64_t key)
{
    struct gw_fallback_labels labels = gw_fallback_labels_of(key);

    gw_page_label(page, "{from", label_name(page->metrics, labels.from_id));
    gw_page_label(page, ",to", label_name(page->metrics, labels.to_id));
}

static void write_fallbacks(struct gw_page *page, const char *name)
{
    write_series(page, name, GW_SERIES_FALLBACKS, write_fallback_labels);
}

static void write_warnings(struct gw_page *page, const char *name)
{
    for (unsigned i = 0; i < GW_LEDGER_ACTIONS * (GW_LEDGER_NAMES + 1); i++) {
        unsigned action = i / (GW_LEDGER_NAMES + 1), index = i % (GW_LEDGER_NAMES + 1);
        uint64_t count =
            sum_cells(page, offsetof(struct gw_metric_cells, warnings) + i * sizeof(uint64_t));
        char token[GW_LEDGER_NAME_BYTES + 16];
        if (count == 0)
            continue;
        (void)snprintf(token, sizeof token, "%s:%s",
                       gw_ledger_action_name((enum gw_ledger_action)action), gw_ledger_name(index));
        gw_page_text(page, name);
        gw_page_label(page, "{token", gw_str_of(token));
        gw_page_value(page, count);
    }
}

static void write_retries(struct gw_page *page, const char *name)
{
    for (unsigned i = 0; i < GW_OUTCOMES; i++) {
        uint64_t count =
            sum_cells(page, offsetof(struct gw_metric_cells, retries) + i * sizeof(uint64_t));
        if (count == 0)
            continue;
        gw_page_text(page, name);
        gw_page_label(page, "{reason", gw_outcome_name((enum gw_outcome)i));
        gw_page_value(page, count);
    }
}

/* By name, the healthy ones of a name last. */
static int compare_targets(const void *a, const void *b)
{
    const struct gw_target_health *x = a, *y = b;
    int order = gw_str_compare(x->target, y->target);

    return order ? order : x->healthy - y->healthy;
}

static void write_healthy(struct gw_page *page, const char *name)
{
    size_t count = page->outside->targets_count;

    if (count == 0)
        return;
    struct gw_target_health *targets = calloc(count, sizeof *targets);
    if (!targets) {
        page->status = GW_NO_MEMORY;
        return;
    }
    memcpy(targets, page->outside->targets, count * sizeof *targets);
    qsort(targets, count, sizeof *targets, compare_targets);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && gw_str_eq(targets[i].target, targets[i - 1].target))
            continue;
        gw_page_text(page, name);
        gw_page_label(page, "{target", targets[i].target);
        gw_page_value(page, targets[i].healthy);
    }
    free(targets);
}

_Static_assert(sizeof(struct gw_duration_cell) == (GW_DURATION_BOUNDS + 2) * sizeof(uint64_t) &&
                   sizeof(struct gw_overhead_cell) == (GW_OVERHEAD_BOUNDS + 2) * sizeof(uint64_t),
               "a histogram's cell is its sum and its buckets, nothing between");

/* @param labels  `operation="…"`, for each sample
 * @param offset  of the cell: sum_ns, then the buckets */
static void write_histogram(struct gw_page *page, const char *name, struct gw_str labels,
                            size_t offset, const struct gw_bound *bounds, unsigned bound_count)
{
    uint64_t buckets[GW_DURATION_BOUNDS + 1], count = 0;

    /* The count is that of the buckets as read here, so that it equals the last one whatever
     * workers do meanwhile. */
    for (unsigned i = 0; i <= bound_count; i++) {
        buckets[i] = sum_cells(page, offset + (1 + i) * sizeof(uint64_t));
        count += buckets[i];
    }
    if (count == 0)
        return;
    uint64_t below = 0;
    for (unsigned i = 0; i <= bound_count; i++) {
        below += buckets[i];
        gw_page_text(page, name);
        gw_page_put(page, GW_STR("_bucket{"));
        gw_page_put(page, labels);
        gw_page_label(page, ",le", i < bound_count ? gw_str_of(bounds[i].le) : GW_STR("+Inf"));
        gw_page_value(page, below);
    }
    for (int is_count = 0; is_count <= 1; is_count++) {
        gw_page_text(page, name);
        gw_page_put(page, is_count ? GW_STR("_count{") : GW_STR("_sum{"));
        gw_page_put(page, labels);
        gw_page_put(page, GW_STR("} "));
        if (is_count)
            gw_page_u64(page, count);
        else
            gw_page_seconds(page, sum_cells(page, offset));
        gw_page_put(page, GW_STR("\n"));
    }
}

/* `operation="…",status_class="…"`; without a class when it is NULL. */
static struct gw_str histogram_labels(char room[96], unsigned operation, const char *status_class)
{
    struct gw_str name = operation_label(operation);
    int len = snprintf(room, 96, "operation=\"%.*s\"%s%s%s", GW_STR_ARG(name),
                       status_class ? ",status_class=\"" : "", status_class ? status_class : "",
                       status_class ? "\"" : "");
    return (struct gw_str){room, (size_t)len};
}

static void write_durations(struct gw_page *page, const char *name)
{
    static const char *const classes[GW_STATUS_CLASSES] = {"other", "1xx", "2xx",
                                                           "3xx",   "4xx", "5xx"};
    char room[96];

    for (unsigned operation = 0; operation < GW_OPS; operation++)
        for (unsigned i = 0; i < GW_STATUS_CLASSES; i++)
            write_histogram(page, name, histogram_labels(room, operation, classes[i]),
                            offsetof(struct gw_metric_cells, durations) +
                                (operation * GW_STATUS_CLASSES + i) *
                                    sizeof(struct gw_duration_cell),
                            gw_duration_bounds, GW_DURATION_BOUNDS);
}

static void write_overheads(struct gw_page *page, const char *name)
{
    char room[96];

    for (unsigned operation = 0; operation < GW_OPS; operation++)
        write_histogram(page, name, histogram_labels(room, operation, NULL),
                        offsetof(struct gw_metric_cells, overheads) +
                            operation * sizeof(struct gw_overhead_cell),
                        gw_overhead_bounds, GW_OVERHEAD_BOUNDS);
}

static void write_reloads(struct gw_page *page, const char *name)
{
    static const char *const results[] = {"error", "success"};

    for (size_t i = 0; i < GW_COUNT(results); i++) {
        gw_page_text(page, name);
        gw_page_label(page, "{result", gw_str_of(results[i]));
        gw_page_value(page, read_cell(&page->metrics->reloads[i]));
    }
}

static void write_build_info(struct gw_page *page, const char *name)
{
    gw_page_text(page, name);
    gw_page_label(page, "{version", gw_str_of(page->metrics->version));
    gw_page_put(page, GW_STR("} 1\n"));
}

static void write_log_dropped(struct gw_page *page, const char *name)
{
    gw_page_sample(page, name, page->outside->access_log_dropped);
}

static bool cpu_known(const struct gw_page *page)
{
    return page->process->has_cpu;
}
static void write_cpu(struct gw_page *page, const char *name)
{
    gw_page_seconds_sample(page, name, page->process->cpu_ns);
}

static bool max_fds_known(const struct gw_page *page)
{
    return page->process->has_max_fds;
}
static void write_max_fds(struct gw_page *page, const char *name)
{
    gw_page_sample(page, name, page->process->max_fds);
}

static bool open_fds_known(const struct gw_page *page)
{
    return page->process->has_open_fds;
}
static void write_open_fds(struct gw_page *page, const char *name)
{
    gw_page_sample(page, name, page->process->open_fds);
}

static bool memory_known(const struct gw_page *page)
{
    return page->process->has_memory;
}
static void write_resident(struct gw_page *page, const char *name)
{
    gw_page_sample(page, name, page->process->resident_bytes);
}
static void write_virtual(struct gw_page *page, const char *name)
{
    gw_page_sample(page, name, page->process->virtual_bytes);
}

static bool start_known(const struct gw_page *page)
{
    return page->metrics->start_wall_ns != 0;
}
static void write_start(struct gw_page *page, const char *name)
{
    gw_page_seconds_sample(page, name, page->metrics->start_wall_ns);
}

static bool threads_known(const struct gw_page *page)
{
    return page->process->has_threads;
}
static void write_threads(struct gw_page *page, const char *name)
{
    gw_page_sample(page, name, page->process->threads);
}

static const struct family families[] = {
    {{"gateway_access_log_dropped_total", GW_COUNTER, "",
      "Access log lines lost because their reader was too slow or could not be written to."},
     write_log_dropped,
     NULL},
    {{"gateway_build_info", GW_GAUGE, "version", "Always 1; the label says what runs."},
     write_build_info,
     NULL},
    {{"gateway_config_reload_total", GW_COUNTER, "result",
      "Reloads of the configuration: success, or error when the old one stayed."},
     write_reloads,
     NULL},
    {{"gateway_fallbacks_total", GW_COUNTER, "from, to",
      "Moves of requests from one target to another. Label sets past the limit are one series with "
      "otel_metric_overflow."},
     write_fallbacks,
     NULL},
    {{"gateway_inflight_requests", GW_GAUGE, "", "Requests read but not answered to the end."},
     write_inflight,
     NULL},
    {{"gateway_open_streams", GW_GAUGE, "", "Answers under way that are event streams."},
     write_streams,
     NULL},
    {{"gateway_overhead_duration_seconds", GW_HISTOGRAM, "operation",
      "Time a request took without waiting for the provider or for a caller that does not read."},
     write_overheads,
     NULL},
    {{"gateway_requests_total", GW_COUNTER, "code, provider, model, operation",
      "Requests by the status sent, 499 when the caller left before, and by configured names, "
      "else other. Label sets past the limit are one series with otel_metric_overflow."},
     write_requests,
     NULL},
    {{"gateway_retries_total", GW_COUNTER, "reason",
      "Attempts that were made again, by how the one before had ended."},
     write_retries,
     NULL},
    {{"gateway_target_healthy", GW_GAUGE, "target", "1, or 0 while the target's breaker is open."},
     write_healthy,
     NULL},
    {{"gateway_translation_warnings_total", GW_COUNTER, "token",
      "Requests of which a translation dropped, clamped, rewrote or emulated something: "
      "x-gateway-warnings."},
     write_warnings,
     NULL},
    {{"gateway_upstream_attempts_total", GW_COUNTER, "target, outcome",
      "Attempts at targets, by how they ended. Label sets past the limit are one series with "
      "otel_metric_overflow."},
     write_attempts,
     NULL},
    {{"http_server_request_duration_seconds", GW_HISTOGRAM, "operation, status_class",
      "Time from a request's head to the last byte of its answer, on all paths."},
     write_durations,
     NULL},
    {{"process_cpu_seconds_total", GW_COUNTER, "", "User and system time used."},
     write_cpu,
     cpu_known},
    {{"process_max_fds", GW_GAUGE, "", "Limit of open file descriptors."},
     write_max_fds,
     max_fds_known},
    {{"process_open_fds", GW_GAUGE, "", "Open file descriptors."}, write_open_fds, open_fds_known},
    {{"process_resident_memory_bytes", GW_GAUGE, "", "Memory in use."},
     write_resident,
     memory_known},
    {{"process_start_time_seconds", GW_GAUGE, "", "When the process was started, since 1970."},
     write_start,
     start_known},
    {{"process_threads", GW_GAUGE, "", "Threads of the process."}, write_threads, threads_known},
    {{"process_virtual_memory_bytes", GW_GAUGE, "", "Address space reserved."},
     write_virtual,
     memory_known},
};

const struct gw_metric_family *gw_metrics_family(size_t i)
{
    return i < GW_COUNT(families) ? &families[i].told : NULL;
}

const char *gw_metric_type_name(enum gw_metric_type type)
{
    static const char *const names[] = {
        [GW_COUNTER] = "counter", [GW_GAUGE] = "gauge", [GW_HISTOGRAM] = "histogram"};
    return names[type];
}

/* OpenMetrics names the family of a counter without its samples' _total. */
static void write_family(struct gw_page *page, const struct family *family)
{
    struct gw_str name = gw_str_of(family->told.name);

    if (page->openmetrics && family->told.type == GW_COUNTER)
        name.len -= strlen("_total");
    gw_page_put(page, GW_STR("# HELP "));
    gw_page_put(page, name);
    gw_page_put(page, GW_STR(" "));
    gw_page_text(page, family->told.help);
    gw_page_put(page, GW_STR("\n# TYPE "));
    gw_page_put(page, name);
    gw_page_put(page, GW_STR(" "));
    gw_page_text(page, gw_metric_type_name(family->told.type));
    gw_page_put(page, GW_STR("\n"));
    family->write(page, family->told.name);
}

enum gw_status gw_metrics_expose(struct gw_metrics *metrics,
                                 const struct gw_metrics_outside *outside,
                                 enum gw_exposition exposition, struct gw_buf *out)
{
    struct gw_process process;
    struct gw_page page = {
        .metrics = metrics,
        .outside = outside,
        .process = &process,
        .out = out,
        .status = GW_OK,
        .openmetrics = exposition == GW_EXPOSE_OPENMETRICS,
    };

    gw_process_read(&process);
    (void)pthread_mutex_lock(&metrics->lock);
    for (size_t i = 0; i < GW_COUNT(families) && page.status == GW_OK; i++)
        if (!families[i].known || families[i].known(&page))
            write_family(&page, &families[i]);
    (void)pthread_mutex_unlock(&metrics->lock);
    if (page.openmetrics)
        gw_page_put(&page, GW_STR("# EOF\n"));
    return page.status;
}
