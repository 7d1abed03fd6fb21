#include "unit/test.h"

#include "record/metrics.h"
#include "record/record.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MS 1000000u
#define PAGE_MAX ((size_t)8 << 20)

static struct gw_metrics *create(unsigned series_max)
{
    struct gw_metrics *metrics = NULL;
    struct gw_err err = {0};

    if (gw_metrics_create(
            &(struct gw_metrics_options){.version = GW_STR("1.2\"3"), .series_max = series_max},
            &metrics, &err) != GW_OK)
        fail_msg("%s", err.message);
    return metrics;
}

/* The page as a C string; free with free(). */
static char *expose(struct gw_metrics *metrics, enum gw_exposition exposition)
{
    struct gw_buf out;
    struct gw_metrics_outside outside = {.access_log_dropped = 7};

    gw_buf_init(&out, PAGE_MAX);
    assert_int_equal(gw_metrics_expose(metrics, &outside, exposition, &out), GW_OK);
    char *text = strndup(gw_buf_str(&out).base, gw_buf_len(&out));
    gw_buf_finish(&out);
    return text;
}

static struct gw_record closed(enum gw_operation operation, unsigned status, uint64_t took_ns,
                               uint64_t own_ns)
{
    return (struct gw_record){
        .at_ns = {[GW_AT_START] = 1000, [GW_AT_END] = 1000 + took_ns},
        .own_ns = own_ns,
        .operation = operation,
        .status = status,
        .opened = true,
    };
}

/* The sum of all samples whose line starts with `prefix`, and how many there are. */
static uint64_t sum_of(const char *page, const char *prefix, unsigned *count_out)
{
    uint64_t sum = 0;
    unsigned count = 0;

    for (const char *line = page; line && *line; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\n');
        if (strncmp(line, prefix, strlen(prefix)) != 0)
            continue;
        const char *blank = memrchr(line, ' ', (size_t)(end - line));
        sum += strtoull(blank + 1, NULL, 10);
        count++;
    }
    if (count_out)
        *count_out = count;
    return sum;
}

/* All that does not depend on the process: up to the first process_* family. */
static const char golden[] =
    "# HELP gateway_access_log_dropped_total Access log lines lost because their reader was too "
    "slow or could not be written to.\n"
    "# TYPE gateway_access_log_dropped_total counter\n"
    "gateway_access_log_dropped_total 7\n"
    "# HELP gateway_build_info Always 1; the label says what runs.\n"
    "# TYPE gateway_build_info gauge\n"
    "gateway_build_info{version=\"1.2\\\"3\"} 1\n"
    "# HELP gateway_config_reload_total Reloads of the configuration: success, or error when the "
    "old one stayed.\n"
    "# TYPE gateway_config_reload_total counter\n"
    "gateway_config_reload_total{result=\"error\"} 1\n"
    "gateway_config_reload_total{result=\"success\"} 2\n"
    "# HELP gateway_fallbacks_total Moves of requests from one target to another. Label sets past "
    "the limit are one series with otel_metric_overflow.\n"
    "# TYPE gateway_fallbacks_total counter\n"
    "# HELP gateway_inflight_requests Requests read but not answered to the end.\n"
    "# TYPE gateway_inflight_requests gauge\n"
    "gateway_inflight_requests 2\n"
    "# HELP gateway_open_streams Answers under way that are event streams.\n"
    "# TYPE gateway_open_streams gauge\n"
    "gateway_open_streams 1\n"
    "# HELP gateway_overhead_duration_seconds Time a request took without waiting for the "
    "provider or for a caller that does not read.\n"
    "# TYPE gateway_overhead_duration_seconds histogram\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"other\",le=\"0.00001\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"other\",le=\"0.000025\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"other\",le=\"0.00005\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"other\",le=\"0.0001\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"other\",le=\"0.00025\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"other\",le=\"0.0005\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"other\",le=\"0.001\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"other\",le=\"0.0025\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"other\",le=\"0.005\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"other\",le=\"0.01\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"other\",le=\"0.05\"} 2\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"other\",le=\"+Inf\"} 2\n"
    "gateway_overhead_duration_seconds_sum{operation=\"other\"} 0.05001\n"
    "gateway_overhead_duration_seconds_count{operation=\"other\"} 2\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"chat\",le=\"0.00001\"} 0\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"chat\",le=\"0.000025\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"chat\",le=\"0.00005\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"chat\",le=\"0.0001\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"chat\",le=\"0.00025\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"chat\",le=\"0.0005\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"chat\",le=\"0.001\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"chat\",le=\"0.0025\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"chat\",le=\"0.005\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"chat\",le=\"0.01\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"chat\",le=\"0.05\"} 1\n"
    "gateway_overhead_duration_seconds_bucket{operation=\"chat\",le=\"+Inf\"} 1\n"
    "gateway_overhead_duration_seconds_sum{operation=\"chat\"} 0.000010001\n"
    "gateway_overhead_duration_seconds_count{operation=\"chat\"} 1\n"
    "# HELP gateway_requests_total Requests by the status sent, 499 when the caller left before, "
    "and by configured names, else other. Label sets past the limit are one series with "
    "otel_metric_overflow.\n"
    "# TYPE gateway_requests_total counter\n"
    "gateway_requests_total{code=\"404\",provider=\"other\",model=\"other\",operation=\"other\"} "
    "1\n"
    "gateway_requests_total{code=\"499\",provider=\"other\",model=\"other\",operation=\"other\"} "
    "1\n"
    "gateway_requests_total{code=\"200\",provider=\"openai\",model=\"a\\\\b\\\"c\\nd\","
    "operation=\"chat\"} 1\n"
    "# HELP gateway_retries_total Attempts that were made again, by how the one before had ended.\n"
    "# TYPE gateway_retries_total counter\n"
    "# HELP gateway_target_healthy 1, or 0 while the target's breaker is open.\n"
    "# TYPE gateway_target_healthy gauge\n"
    "# HELP gateway_translation_warnings_total Requests of which a translation dropped, clamped, "
    "rewrote or emulated something: x-gateway-warnings.\n"
    "# TYPE gateway_translation_warnings_total counter\n"
    "# HELP gateway_upstream_attempts_total Attempts at targets, by how they ended. Label sets "
    "past the limit are one series with otel_metric_overflow.\n"
    "# TYPE gateway_upstream_attempts_total counter\n"
    "# HELP http_server_request_duration_seconds Time from a request's head to the last byte of "
    "its answer, on all paths.\n"
    "# TYPE http_server_request_duration_seconds histogram\n";

static void test_golden_page(void **state)
{
    struct gw_metrics *metrics = create(2000);
    struct gw_metric_cells *a = gw_metric_cells_create(metrics);
    struct gw_metric_cells *b = gw_metric_cells_create(metrics);
    struct gw_record chat = closed(GW_OP_CHAT, 200, 5 * MS, 10001);
    struct gw_record unknown = closed(GW_OP_NONE, 404, 5 * MS + 1, 10000);
    /* On the last bound, so still within it. */
    struct gw_record gone = closed(GW_OP_NONE, 0, 11000u * (uint64_t)MS, 50 * MS);

    (void)state;
    chat.provider_id = gw_label_intern(metrics, GW_STR("openai"));
    chat.model_id = gw_label_intern(metrics, GW_STR("a\\b\"c\nd"));
    assert_int_not_equal(chat.provider_id, chat.model_id);
    assert_int_equal(gw_label_intern(metrics, GW_STR("openai")), chat.provider_id);
    /* Opened on each worker; two stay open. */
    for (int i = 0; i < 5; i++)
        gw_metric_opened(i % 2 ? a : b);
    gw_metric_stream_opened(a);
    gw_metric_stream_opened(b);
    chat.stream_open = true;
    gw_metric_closed(a, &chat);
    gw_metric_closed(b, &unknown);
    gw_metric_closed(b, &gone);
    gw_metrics_count_reload(metrics, true);
    gw_metrics_count_reload(metrics, true);
    gw_metrics_count_reload(metrics, false);

    char *page = expose(metrics, GW_EXPOSE_TEXT);
    if (strncmp(page, golden, sizeof golden - 1) != 0) {
        size_t at = 0;
        while (page[at] == golden[at])
            at++;
        fail_msg("differs at %zu: got %.80s, not %.80s", at, page + at, golden + at);
    }
    assert_non_null(strstr(page, "operation=\"chat\",status_class=\"2xx\",le=\"0.005\"} 1\n"));
    assert_non_null(strstr(page, "operation=\"other\",status_class=\"4xx\",le=\"0.005\"} 0\n"));
    assert_non_null(strstr(page, "operation=\"other\",status_class=\"4xx\",le=\"0.01\"} 1\n"));
    assert_non_null(strstr(page, "operation=\"other\",status_class=\"4xx\",le=\"10\"} 1\n"));
    assert_non_null(strstr(page, "operation=\"other\",status_class=\"4xx\",le=\"+Inf\"} 2\n"));
    assert_non_null(strstr(page, "_sum{operation=\"other\",status_class=\"4xx\"} 11.005000001\n"));
    assert_null(strstr(page, "# EOF"));
    free(page);
    gw_metrics_destroy(metrics);
}

static void test_process_families(void **state)
{
    struct gw_metrics *metrics = create(10);
    char *page = expose(metrics, GW_EXPOSE_TEXT);

    (void)state;
    assert_true(sum_of(page, "process_open_fds ", NULL) >= 1);
    assert_true(sum_of(page, "process_max_fds ", NULL) > sum_of(page, "process_open_fds ", NULL));
    assert_int_equal(sum_of(page, "process_threads ", NULL), 1);
    assert_true(sum_of(page, "process_resident_memory_bytes ", NULL) > 500000);
    assert_true(sum_of(page, "process_virtual_memory_bytes ", NULL) >
                sum_of(page, "process_resident_memory_bytes ", NULL));
    uint64_t started = sum_of(page, "process_start_time_seconds ", NULL);
    assert_true(started > (uint64_t)time(NULL) - 600 && started <= (uint64_t)time(NULL) + 1);
    assert_non_null(strstr(page, "\nprocess_cpu_seconds_total 0."));
    free(page);
    gw_metrics_destroy(metrics);
}

static void test_openmetrics_form(void **state)
{
    struct gw_metrics *metrics = create(10);
    char *page = expose(metrics, GW_EXPOSE_OPENMETRICS);
    size_t len = strlen(page);

    (void)state;
    assert_non_null(strstr(page, "# TYPE gateway_config_reload counter\n"
                                 "gateway_config_reload_total{result=\"error\"} 0\n"));
    assert_string_equal(page + len - 6, "# EOF\n");
    free(page);
    gw_metrics_destroy(metrics);
}

static const struct {
    const char *label, *accept;
    enum gw_exposition expected;
} accepts[] = {
    {"none", "", GW_EXPOSE_TEXT},
    {"anything", "*/*", GW_EXPOSE_TEXT},
    {"a server of Prometheus",
     "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     GW_EXPOSE_OPENMETRICS},
    {"case and blanks", "Application/OpenMetrics-Text ; Q=0.5 ", GW_EXPOSE_OPENMETRICS},
    {"text preferred", "application/openmetrics-text;q=0.4,text/plain;q=0.5", GW_EXPOSE_TEXT},
    {"refused", "application/openmetrics-text;q=0", GW_EXPOSE_TEXT},
    {"refused at length", "application/openmetrics-text;q=0.000", GW_EXPOSE_TEXT},
    {"another version", "application/openmetrics-text;version=2.0.0", GW_EXPOSE_TEXT},
    {"a longer name", "application/openmetrics-textual", GW_EXPOSE_TEXT},
};

static void test_accept(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(accepts); i++)
        if (gw_exposition_for(gw_str_of(accepts[i].accept)) != accepts[i].expected)
            fail_msg("%s", accepts[i].label);
}

static void test_label_sets_past_the_limit_are_one_series(void **state)
{
    struct gw_metrics *metrics = create(100);
    struct gw_metric_cells *a = gw_metric_cells_create(metrics);
    struct gw_metric_cells *b = gw_metric_cells_create(metrics);
    unsigned count;

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        char name[16];
        int len = snprintf(name, sizeof name, "model-%u", i);
        struct gw_record record = closed(GW_OP_CHAT, 200, MS, 0);
        record.model_id = gw_label_intern(metrics, (struct gw_str){name, (size_t)len});
        assert_int_not_equal(record.model_id, 0);
        gw_metric_closed(i % 3 ? a : b, &record);
        /* A known series goes on counting on both workers, full or not. */
        record.model_id = gw_label_intern(metrics, GW_STR("model-0"));
        gw_metric_closed(i % 2 ? a : b, &record);
    }
    char *page = expose(metrics, GW_EXPOSE_TEXT);
    assert_int_equal(sum_of(page, "gateway_requests_total{", &count), 20000);
    assert_int_equal(count, 101);
    assert_int_equal(sum_of(page, "gateway_requests_total{otel_metric_overflow=\"true\"}", NULL),
                     9900);
    assert_non_null(strstr(page, "model=\"model-0\",operation=\"chat\"} 10001\n"));
    assert_non_null(strstr(page, "model=\"model-99\",operation=\"chat\"} 1\n"));
    assert_null(strstr(page, "model=\"model-100\""));
    free(page);
    gw_metrics_destroy(metrics);
}

static void test_odd_values_stay_in_bounds(void **state)
{
    struct gw_metrics *metrics = create(100);
    struct gw_metric_cells *cells = gw_metric_cells_create(metrics);
    struct gw_record record = closed(GW_OP_FORWARD, 4000000000u, MS, UINT64_MAX);

    (void)state;
    record.provider_id = record.model_id = UINT32_MAX; /* not an id: other */
    record.at_ns[GW_AT_END] = 1;                       /* before the start */
    gw_metric_closed(cells, &record);
    char *page = expose(metrics, GW_EXPOSE_TEXT);
    assert_non_null(strstr(page, "{code=\"999\",provider=\"other\",model=\"other\","
                                 "operation=\"forward\"} 1\n"));
    assert_non_null(strstr(page, "status_class=\"other\",le=\"0.005\"} 1\n"));
    free(page);
    gw_metrics_destroy(metrics);
}

#define COUNTED_PER_THREAD 50000u

struct counting {
    struct gw_metrics *metrics;
    struct gw_metric_cells *cells;
    _Atomic bool *go;
};

static void *count_along(void *arg)
{
    struct counting *counting = arg;

    while (!atomic_load(counting->go))
        ;
    for (unsigned i = 0; i < COUNTED_PER_THREAD; i++) {
        struct gw_record record = closed(GW_OP_CHAT, 200 + i % 64, MS, 5);
        gw_metric_opened(counting->cells);
        gw_metric_closed(counting->cells, &record);
    }
    return NULL;
}

static void test_scrapes_while_workers_count(void **state)
{
    struct gw_metrics *metrics =
        create(40); /* fewer than the 64 codes: both threads race for the last ones */
    _Atomic bool go = false;
    struct counting counting[2];
    pthread_t threads[2];
    uint64_t before = 0;
    unsigned count = 0;

    (void)state;
    for (int i = 0; i < 2; i++) {
        counting[i] = (struct counting){metrics, gw_metric_cells_create(metrics), &go};
        assert_int_equal(pthread_create(&threads[i], NULL, count_along, &counting[i]), 0);
    }
    atomic_store(&go, true);
    while (before < 2 * COUNTED_PER_THREAD) {
        char *page = expose(metrics, GW_EXPOSE_TEXT);
        uint64_t sum = sum_of(page, "gateway_requests_total{", &count);
        assert_true(sum >= before && sum <= 2 * COUNTED_PER_THREAD);
        assert_true(count <= 41);
        before = sum;
        free(page);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    char *page = expose(metrics, GW_EXPOSE_TEXT);
    assert_int_equal(sum_of(page, "gateway_inflight_requests ", NULL), 0);
    assert_int_equal(sum_of(page, "gateway_overhead_duration_seconds_count", NULL),
                     2 * COUNTED_PER_THREAD);
    assert_non_null(
        strstr(page, "gateway_overhead_duration_seconds_sum{operation=\"chat\"} 0.0005\n"));
    free(page);
    gw_metrics_destroy(metrics);
}

static void test_table_of_families(void **state)
{
    const char *before = "";
    size_t i = 0;

    (void)state;
    for (const struct gw_metric_family *family; (family = gw_metrics_family(i)); i++) {
        size_t len = strlen(family->name);
        assert_true(strcmp(before, family->name) < 0); /* sorted, each once */
        before = family->name;
        assert_true(*family->help && !strpbrk(family->help, "\\\n\""));
        bool total = len > 6 && strcmp(family->name + len - 6, "_total") == 0;
        assert_int_equal(total, family->type == GW_COUNTER);
    }
    assert_true(i >= 15);
}

static void test_limits(void **state)
{
    struct gw_metrics *metrics = NULL;
    struct gw_buf small;
    struct gw_metrics_outside outside = {0};
    struct gw_err err;

    (void)state;
    assert_int_equal(
        gw_metrics_create(&(struct gw_metrics_options){.series_max = 0}, &metrics, &err),
        GW_INVALID);
    assert_int_equal(
        gw_metrics_create(&(struct gw_metrics_options){.series_max = GW_METRICS_SERIES_MAX + 1},
                          &metrics, &err),
        GW_INVALID);
    assert_null(metrics);
    metrics = create(1);
    gw_buf_init(&small, 100);
    assert_int_equal(gw_metrics_expose(metrics, &outside, GW_EXPOSE_TEXT, &small), GW_TOO_LARGE);
    gw_buf_finish(&small);
    gw_metrics_destroy(metrics);
    gw_metrics_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_page),
        cmocka_unit_test(test_process_families),
        cmocka_unit_test(test_openmetrics_form),
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_label_sets_past_the_limit_are_one_series),
        cmocka_unit_test(test_odd_values_stay_in_bounds),
        cmocka_unit_test(test_scrapes_while_workers_count),
        cmocka_unit_test(test_table_of_families),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
