#include "unit/test.h"

#include "model/ledger.h"
#include "record/metrics.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE_MAX ((size_t)8 << 20)

/* The metrics of managed routing, on the cells of two workers. */
struct bench {
    struct gw_metrics *metrics;
    struct gw_metric_cells *a, *b;
};

static struct bench create(unsigned series_max)
{
    struct gw_metrics_options options = {.version = GW_STR("1"), .series_max = series_max};
    struct bench bench = {.metrics = NULL};
    struct gw_err err = {0};

    if (gw_metrics_create(&options, &bench.metrics, &err) != GW_OK)
        fail_msg("%s", err.message);
    bench.a = gw_metric_cells_create(bench.metrics);
    bench.b = gw_metric_cells_create(bench.metrics);
    return bench;
}

static uint32_t id_of(const struct bench *bench, const char *name)
{
    uint32_t id = gw_label_intern(bench->metrics, gw_str_of(name));

    assert_int_not_equal(id, 0);
    return id;
}

/* What stands between the first line of the family `name` and the next family, as a C string; free
 * with free(). */
static char *family_of(const struct bench *bench, const struct gw_target_health *targets,
                       size_t targets_count, enum gw_exposition exposition, const char *name)
{
    const struct gw_metrics_outside outside = {.targets = targets, .targets_count = targets_count};
    char head[100];
    struct gw_buf out;

    (void)snprintf(head, sizeof head, "# HELP %s ", name);
    gw_buf_init(&out, PAGE_MAX);
    assert_int_equal(gw_metrics_expose(bench->metrics, &outside, exposition, &out), GW_OK);
    char *page = strndup(gw_buf_str(&out).base, gw_buf_len(&out));
    gw_buf_finish(&out);
    const char *from = strstr(page, head);
    if (!from)
        fail_msg("%s is missing", name);
    const char *type = strchr(from, '\n') + 1, *samples = strchr(type, '\n') + 1;
    const char *to = strstr(samples, "# HELP ");
    char *family = strndup(type, (size_t)(to - type));
    free(page);
    return family;
}

static void expect(const struct bench *bench, enum gw_exposition exposition, const char *name,
                   const char *expected)
{
    char *family = family_of(bench, NULL, 0, exposition, name);

    if (strcmp(family, expected) != 0)
        fail_msg("got %s, not %s", family, expected);
    free(family);
}

static void test_nothing_counted_is_a_family_without_samples(void **state)
{
    struct bench bench = create(100);

    (void)state;
    expect(&bench, GW_EXPOSE_TEXT, "gateway_fallbacks_total",
           "# TYPE gateway_fallbacks_total counter\n");
    expect(&bench, GW_EXPOSE_TEXT, "gateway_retries_total",
           "# TYPE gateway_retries_total counter\n");
    expect(&bench, GW_EXPOSE_TEXT, "gateway_target_healthy",
           "# TYPE gateway_target_healthy gauge\n");
    expect(&bench, GW_EXPOSE_TEXT, "gateway_upstream_attempts_total",
           "# TYPE gateway_upstream_attempts_total counter\n");
    gw_metrics_destroy(bench.metrics);
}

static void test_workers_are_summed_in_both_forms(void **state)
{
    struct bench bench = create(100);
    uint32_t fast = id_of(&bench, "fast"), odd = id_of(&bench, "a\"b\\c\nd");

    (void)state;
    gw_metric_attempt(bench.a, odd, GW_OUTCOME_SERVER_ERROR);
    gw_metric_attempt(bench.b, fast, GW_OUTCOME_SUCCESS);
    gw_metric_attempt(bench.b, odd, GW_OUTCOME_SERVER_ERROR);
    gw_metric_attempt(bench.a, odd, GW_OUTCOME_SERVER_ERROR);
    gw_metric_attempt(bench.a, fast, GW_OUTCOME_CANCELLED);
    gw_metric_retry(bench.a, GW_OUTCOME_SERVER_ERROR);
    gw_metric_retry(bench.b, GW_OUTCOME_SERVER_ERROR);
    gw_metric_retry(bench.b, GW_OUTCOME_REQUEST_TIMEOUT);
    gw_metric_fallback(bench.a, fast, odd);
    gw_metric_fallback(bench.b, fast, odd);
    gw_metric_fallback(bench.b, odd, fast);

    expect(&bench, GW_EXPOSE_TEXT, "gateway_upstream_attempts_total",
           "# TYPE gateway_upstream_attempts_total counter\n"
           "gateway_upstream_attempts_total{target=\"fast\",outcome=\"success\"} 1\n"
           "gateway_upstream_attempts_total{target=\"fast\",outcome=\"cancelled\"} 1\n"
           "gateway_upstream_attempts_total{target=\"a\\\"b\\\\c\\nd\",outcome=\"server_error\"} "
           "3\n");
    expect(&bench, GW_EXPOSE_TEXT, "gateway_retries_total",
           "# TYPE gateway_retries_total counter\n"
           "gateway_retries_total{reason=\"request_timeout\"} 1\n"
           "gateway_retries_total{reason=\"server_error\"} 2\n");
    expect(&bench, GW_EXPOSE_TEXT, "gateway_fallbacks_total",
           "# TYPE gateway_fallbacks_total counter\n"
           "gateway_fallbacks_total{from=\"fast\",to=\"a\\\"b\\\\c\\nd\"} 2\n"
           "gateway_fallbacks_total{from=\"a\\\"b\\\\c\\nd\",to=\"fast\"} 1\n");
    /* OpenMetrics: the family without _total, the samples with it. */
    expect(&bench, GW_EXPOSE_OPENMETRICS, "gateway_upstream_attempts",
           "# TYPE gateway_upstream_attempts counter\n"
           "gateway_upstream_attempts_total{target=\"fast\",outcome=\"success\"} 1\n"
           "gateway_upstream_attempts_total{target=\"fast\",outcome=\"cancelled\"} 1\n"
           "gateway_upstream_attempts_total{target=\"a\\\"b\\\\c\\nd\",outcome=\"server_error\"} "
           "3\n");
    expect(&bench, GW_EXPOSE_OPENMETRICS, "gateway_retries",
           "# TYPE gateway_retries counter\n"
           "gateway_retries_total{reason=\"request_timeout\"} 1\n"
           "gateway_retries_total{reason=\"server_error\"} 2\n");
    expect(&bench, GW_EXPOSE_OPENMETRICS, "gateway_fallbacks",
           "# TYPE gateway_fallbacks counter\n"
           "gateway_fallbacks_total{from=\"fast\",to=\"a\\\"b\\\\c\\nd\"} 2\n"
           "gateway_fallbacks_total{from=\"a\\\"b\\\\c\\nd\",to=\"fast\"} 1\n");
    /* None of it is a request. */
    expect(&bench, GW_EXPOSE_TEXT, "gateway_requests_total",
           "# TYPE gateway_requests_total counter\n");
    gw_metrics_destroy(bench.metrics);
}

/* Every outcome once at a target, then as the reason of a retry. */
static void test_every_outcome_has_its_series(void **state)
{
    struct bench bench = create(100);
    uint32_t target = id_of(&bench, "t");
    char attempts[2000] = "# TYPE gateway_upstream_attempts_total counter\n";
    char retries[2000] = "# TYPE gateway_retries_total counter\n";
    size_t attempts_len = strlen(attempts), retries_len = strlen(retries);

    (void)state;
    for (unsigned i = 0; i < GW_OUTCOMES; i++) {
        struct gw_str name = gw_outcome_name((enum gw_outcome)i);
        gw_metric_attempt(bench.a, target, (enum gw_outcome)i);
        gw_metric_retry(bench.b, (enum gw_outcome)i);
        attempts_len += (size_t)snprintf(
            attempts + attempts_len, sizeof attempts - attempts_len,
            "gateway_upstream_attempts_total{target=\"t\",outcome=\"%.*s\"} 1\n", GW_STR_ARG(name));
        retries_len +=
            (size_t)snprintf(retries + retries_len, sizeof retries - retries_len,
                             "gateway_retries_total{reason=\"%.*s\"} 1\n", GW_STR_ARG(name));
    }
    expect(&bench, GW_EXPOSE_TEXT, "gateway_upstream_attempts_total", attempts);
    expect(&bench, GW_EXPOSE_TEXT, "gateway_retries_total", retries);
    gw_metrics_destroy(bench.metrics);
}

static void test_each_family_has_a_limit_of_its_own(void **state)
{
    struct bench bench = create(2);
    const uint32_t ids[] = {id_of(&bench, "t1"), id_of(&bench, "t2"), id_of(&bench, "t3")};
    struct gw_record record = {.status = 200};

    (void)state;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < GW_COUNT(ids); i++) {
            gw_metric_attempt(round ? bench.b : bench.a, ids[i], GW_OUTCOME_SUCCESS);
            gw_metric_fallback(round ? bench.b : bench.a, ids[i], ids[0]);
        }
    gw_metric_closed(bench.a, &record);
    expect(&bench, GW_EXPOSE_TEXT, "gateway_upstream_attempts_total",
           "# TYPE gateway_upstream_attempts_total counter\n"
           "gateway_upstream_attempts_total{target=\"t1\",outcome=\"success\"} 2\n"
           "gateway_upstream_attempts_total{target=\"t2\",outcome=\"success\"} 2\n"
           "gateway_upstream_attempts_total{otel_metric_overflow=\"true\"} 2\n");
    expect(&bench, GW_EXPOSE_TEXT, "gateway_fallbacks_total",
           "# TYPE gateway_fallbacks_total counter\n"
           "gateway_fallbacks_total{from=\"t1\",to=\"t1\"} 2\n"
           "gateway_fallbacks_total{from=\"t2\",to=\"t1\"} 2\n"
           "gateway_fallbacks_total{otel_metric_overflow=\"true\"} 2\n");
    expect(&bench, GW_EXPOSE_TEXT, "gateway_requests_total",
           "# TYPE gateway_requests_total counter\n"
           "gateway_requests_total{code=\"200\",provider=\"other\",model=\"other\","
           "operation=\"other\"} 1\n");
    gw_metrics_destroy(bench.metrics);
}

static void test_what_is_no_id_is_other(void **state)
{
    static const uint32_t odd[] = {0, 77, GW_LABELS_MAX - 1, GW_LABELS_MAX, UINT32_MAX};
    struct bench bench = create(100);
    uint32_t target = id_of(&bench, "t");

    (void)state;
    for (size_t i = 0; i < GW_COUNT(odd); i++) {
        gw_metric_attempt(bench.a, odd[i], GW_OUTCOME_TIMEOUT);
        gw_metric_fallback(bench.a, odd[i], target);
        gw_metric_fallback(bench.a, target, odd[i]);
    }
    gw_metric_fallback(bench.a, 0, 0);
    char *attempts = family_of(&bench, NULL, 0, GW_EXPOSE_TEXT, "gateway_upstream_attempts_total");
    assert_non_null(strstr(attempts, "{target=\"other\",outcome=\"timeout\"} 3\n"));
    assert_null(strstr(attempts, "target=\"t\""));
    free(attempts);
    char *fallbacks = family_of(&bench, NULL, 0, GW_EXPOSE_TEXT, "gateway_fallbacks_total");
    assert_non_null(strstr(fallbacks, "{from=\"other\",to=\"other\"} 1\n"));
    assert_non_null(strstr(fallbacks, "{from=\"other\",to=\"t\"} 3\n"));
    assert_non_null(strstr(fallbacks, "{from=\"t\",to=\"other\"} 3\n"));
    free(fallbacks);
    gw_metrics_destroy(bench.metrics);
}

#define HEALTHY "gateway_target_healthy"
static const struct {
    const char *label;
    struct gw_target_health targets[5];
    size_t count;
    const char *samples;
} healths[] = {
    {"none", {{GW_STR_INIT(""), false}}, 0, ""},
    {"one", {{GW_STR_INIT("a"), true}}, 1, HEALTHY "{target=\"a\"} 1\n"},
    {"open", {{GW_STR_INIT("a"), false}}, 1, HEALTHY "{target=\"a\"} 0\n"},
    {"sorted, a beginning first",
     {{GW_STR_INIT("b"), true}, {GW_STR_INIT("ab"), false}, {GW_STR_INIT("a"), true}},
     3,
     HEALTHY "{target=\"a\"} 1\n" HEALTHY "{target=\"ab\"} 0\n" HEALTHY "{target=\"b\"} 1\n"},
    {"repeated",
     {{GW_STR_INIT("a"), true},
      {GW_STR_INIT("b"), false},
      {GW_STR_INIT("a"), true},
      {GW_STR_INIT("b"), false},
      {GW_STR_INIT("a"), true}},
     5,
     HEALTHY "{target=\"a\"} 1\n" HEALTHY "{target=\"b\"} 0\n"},
    {"repeated, not healthy everywhere",
     {{GW_STR_INIT("a"), true},
      {GW_STR_INIT("a"), false},
      {GW_STR_INIT("a"), true},
      {GW_STR_INIT("b"), false},
      {GW_STR_INIT("b"), true}},
     5,
     HEALTHY "{target=\"a\"} 0\n" HEALTHY "{target=\"b\"} 0\n"},
    {"escaped", {{GW_STR_INIT("x\"\\\n"), true}}, 1, HEALTHY "{target=\"x\\\"\\\\\\n\"} 1\n"},
    {"no label's id", {{GW_STR_INIT("demo::a b"), true}}, 1, HEALTHY "{target=\"demo::a b\"} 1\n"},
};

static void test_health_of_targets(void **state)
{
    struct bench bench = create(1);

    (void)state;
    for (size_t i = 0; i < GW_COUNT(healths); i++)
        for (int form = GW_EXPOSE_TEXT; form <= GW_EXPOSE_OPENMETRICS; form++) {
            char expected[500];
            char *family = family_of(&bench, healths[i].targets, healths[i].count,
                                     (enum gw_exposition)form, HEALTHY);
            (void)snprintf(expected, sizeof expected, "# TYPE " HEALTHY " gauge\n%s",
                           healths[i].samples);
            if (strcmp(family, expected) != 0)
                fail_msg("%s: got %s", healths[i].label, family);
            free(family);
        }
    gw_metrics_destroy(bench.metrics);
}

static void test_warnings(void **state)
{
    (void)state;
    struct bench bench = create(10);
    struct gw_ledger ledger = {.count = 0};

    gw_ledger_add(&ledger, GW_LEDGER_DROP, GW_STR("seed"));
    gw_ledger_add(&ledger, GW_LEDGER_REWRITE, GW_STR("tool_history"));
    gw_ledger_add(&ledger, GW_LEDGER_DROP, GW_STR("made_up_by_a_caller"));
    gw_metric_warnings(bench.a, &ledger);
    gw_metric_warnings(bench.b, &ledger);
    expect(&bench, GW_EXPOSE_TEXT, "gateway_translation_warnings_total",
           "# TYPE gateway_translation_warnings_total counter\n"
           "gateway_translation_warnings_total{token=\"drop:seed\"} 2\n"
           "gateway_translation_warnings_total{token=\"drop:other\"} 2\n"
           "gateway_translation_warnings_total{token=\"rewrite:tool_history\"} 2\n");
    gw_metrics_destroy(bench.metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_nothing_counted_is_a_family_without_samples),
        cmocka_unit_test(test_workers_are_summed_in_both_forms),
        cmocka_unit_test(test_every_outcome_has_its_series),
        cmocka_unit_test(test_each_family_has_a_limit_of_its_own),
        cmocka_unit_test(test_what_is_no_id_is_other),
        cmocka_unit_test(test_health_of_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
