#include "unit/test.h"

#include "base/clock.h"
#include "config/access_log_fields.h"
#include "record/record.h"
#include "record/sinks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct gw_recorder *create(const char *log_path)
{
    struct gw_recorder *recorder = NULL;
    struct gw_err err = {0};
    struct gw_recorder_options options = {
        .metrics = {.version = GW_STR("1"), .series_max = 100},
        .access_log_path = gw_str_of(log_path),
        .workers = 2,
    };

    if (gw_recorder_create(&options, &recorder, &err) != GW_OK)
        fail_msg("%s", err.message);
    return recorder;
}

static const struct gw_target_health targets[] = {{GW_STR_INIT("t"), true},
                                                  {GW_STR_INIT("u"), false}};

static void expect_in_page(struct gw_recorder *recorder, const char *text, bool expected)
{
    struct gw_buf out;

    gw_buf_init(&out, 1 << 20);
    assert_int_equal(gw_recorder_expose(recorder, targets, GW_COUNT(targets), GW_EXPOSE_TEXT, &out),
                     GW_OK);
    if ((gw_str_find_str(gw_buf_str(&out), gw_str_of(text)) < gw_buf_len(&out)) != expected)
        fail_msg("%s %s", text, expected ? "is missing" : "is there");
    gw_buf_finish(&out);
}

static void test_a_record_is_counted_from_open_to_close(void **state)
{
    struct gw_recorder *recorder = create("");
    struct gw_sinks *sinks = gw_sinks_create(recorder, 0), *other = gw_sinks_create(recorder, 1);
    struct gw_record plain = {.at_ns = {[GW_AT_START] = gw_clock_ns()}, .status = 200};
    struct gw_record stream = plain, bad = {.status = 400};

    (void)state;
    gw_record_open(&plain, sinks);
    gw_record_open(&stream, other);
    gw_record_stream_opened(&stream, other);
    expect_in_page(recorder, "gateway_inflight_requests 2\n", true);
    expect_in_page(recorder, "gateway_open_streams 1\n", true);
    gw_record_close(&stream, other);
    assert_true(stream.closed);
    assert_true(stream.at_ns[GW_AT_END] >= stream.at_ns[GW_AT_START]);
    expect_in_page(recorder, "gateway_inflight_requests 1\n", true);
    expect_in_page(recorder, "gateway_open_streams 0\n", true);
    gw_record_close(&plain, sinks);
    /* Never opened: counted as a request, and takes nothing off the gauge. */
    gw_record_close(&bad, sinks);
    expect_in_page(recorder, "gateway_inflight_requests 0\n", true);
    expect_in_page(recorder,
                   "{code=\"200\",provider=\"other\",model=\"other\",operation=\"other\"} 2\n",
                   true);
    expect_in_page(recorder,
                   "{code=\"400\",provider=\"other\",model=\"other\",operation=\"other\"} 1\n",
                   true);
    /* What a worker counted stays when it ends. */
    gw_sinks_destroy(other);
    expect_in_page(recorder,
                   "{code=\"200\",provider=\"other\",model=\"other\",operation=\"other\"} 2\n",
                   true);
    /* The log is off: nothing was written, so nothing was lost. */
    expect_in_page(recorder, "gateway_access_log_dropped_total 0\n", true);
    gw_sinks_destroy(sinks);
    gw_recorder_destroy(recorder);
}

static void test_routing_shows_in_the_page(void **state)
{
    struct gw_recorder *recorder = create("");
    struct gw_sinks *sinks = gw_sinks_create(recorder, 0), *other = gw_sinks_create(recorder, 1);
    uint32_t t = gw_label_intern(gw_recorder_metrics(recorder), GW_STR("t"));
    uint32_t u = gw_label_intern(gw_recorder_metrics(recorder), GW_STR("u"));

    (void)state;
    gw_sinks_attempt(sinks, t, GW_OUTCOME_RATE_LIMITED);
    gw_sinks_attempt(other, t, GW_OUTCOME_RATE_LIMITED);
    gw_sinks_retry(sinks, GW_OUTCOME_RATE_LIMITED);
    gw_sinks_fallback(other, t, u);
    gw_sinks_destroy(sinks);
    gw_sinks_destroy(other);
    expect_in_page(recorder,
                   "gateway_upstream_attempts_total{target=\"t\",outcome=\"rate_limited\"} 2\n",
                   true);
    expect_in_page(recorder, "gateway_retries_total{reason=\"rate_limited\"} 1\n", true);
    expect_in_page(recorder, "gateway_fallbacks_total{from=\"t\",to=\"u\"} 1\n", true);
    expect_in_page(recorder, "gateway_target_healthy{target=\"t\"} 1\n", true);
    expect_in_page(recorder, "gateway_target_healthy{target=\"u\"} 0\n", true);
    gw_recorder_destroy(recorder);
}

static void test_the_end_that_was_told_stays(void **state)
{
    struct gw_recorder *recorder = create("");
    struct gw_sinks *sinks = gw_sinks_create(recorder, 0);
    struct gw_record record = {
        .at_ns = {[GW_AT_START] = 1, [GW_AT_END] = 50000001}, .status = 200, .own_ns = 1};

    (void)state;
    gw_record_close(&record, sinks);
    assert_int_equal(record.at_ns[GW_AT_END], 50000001);
    expect_in_page(recorder, "status_class=\"2xx\",le=\"0.05\"} 1\n", true);
    expect_in_page(recorder, "status_class=\"2xx\",le=\"0.025\"} 0\n", true);
    gw_sinks_destroy(sinks);
    gw_recorder_destroy(recorder);
}

static void test_the_log_can_be_changed_between_records(void **state)
{
    char path[] = "/tmp/record_test.XXXXXX", text[200] = "";
    int fd = mkstemp(path);
    struct gw_recorder *recorder = create(path);
    struct gw_sinks *sinks = gw_sinks_create(recorder, 1);
    uint64_t status_bit = 0, path_bit = 0;

    (void)state;
    assert_true(gw_access_log_field(GW_STR("status"), &status_bit));
    assert_true(gw_access_log_field(GW_STR("path"), &path_bit));
    const uint64_t fields[] = {0, status_bit, path_bit | status_bit, 0, path_bit};
    for (size_t i = 0; i < GW_COUNT(fields); i++) {
        struct gw_record record = {.status = 200 + (unsigned)i, .path = GW_STR("/v1")};
        gw_sinks_set_access_log(sinks, fields[i]);
        gw_record_open(&record, sinks);
        gw_record_close(&record, sinks);
    }
    gw_sinks_destroy(sinks);
    gw_recorder_destroy(recorder); /* flushes */
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    assert_int_equal(unlink(path), 0);
    assert_true(len > 0);
    assert_string_equal(
        text, "{\"status\":201}\n{\"path\":\"/v1\",\"status\":202}\n{\"path\":\"/v1\"}\n");
}

static void test_lost_lines_show_in_the_page(void **state)
{
    struct gw_recorder *recorder = create("");
    struct gw_sinks *sinks = gw_sinks_create(recorder, 0);

    (void)state;
    gw_sinks_set_access_log(sinks, GW_ACCESS_DEFAULT);
    struct gw_record record = {.status = 200};
    gw_record_close(&record, sinks);
    while (gw_access_log_dropped(gw_recorder_access_log(recorder)) == 0)
        ;
    expect_in_page(recorder, "gateway_access_log_dropped_total 1\n", true);
    gw_sinks_destroy(sinks);
    gw_recorder_destroy(recorder);
}

static void test_creation_fails_whole(void **state)
{
    struct gw_recorder *recorder = NULL;
    struct gw_err err;
    struct gw_recorder_options options = {
        .metrics = {.series_max = 10}, .access_log_path = GW_STR("/no/such/file"), .workers = 1};

    (void)state;
    assert_int_equal(gw_recorder_create(&options, &recorder, &err), GW_IO);
    options.metrics.series_max = 0;
    assert_int_equal(gw_recorder_create(&options, &recorder, &err), GW_INVALID);
    assert_null(recorder);
    gw_recorder_destroy(NULL);
    gw_sinks_destroy(NULL);
}

static void test_every_name_is_there(void **state)
{
    (void)state;
    for (unsigned i = GW_OP_NONE + 1; i < GW_OPS; i++)
        for (unsigned k = GW_OP_NONE; k < i; k++)
            assert_false(gw_str_eq(gw_operation_name((enum gw_operation)i),
                                   gw_operation_name((enum gw_operation)k)));
    for (unsigned i = GW_ERROR_STATUS + 1; i < GW_ERROR_TYPES; i++)
        for (unsigned k = GW_ERROR_STATUS; k < i; k++)
            assert_false(gw_str_eq(gw_error_type_name((enum gw_error_type)i),
                                   gw_error_type_name((enum gw_error_type)k)));
    for (unsigned i = 0; i < GW_OUTCOMES; i++) {
        assert_true(gw_outcome_name((enum gw_outcome)i).len > 0);
        for (unsigned k = 0; k < i; k++)
            assert_false(gw_str_eq(gw_outcome_name((enum gw_outcome)i),
                                   gw_outcome_name((enum gw_outcome)k)));
    }
}

static const struct {
    unsigned status;
    const char *outcome;
} statuses[] = {
    {100, "success"},         {200, "success"},      {302, "success"},      {399, "success"},
    {400, "client_error"},    {401, "client_error"}, {407, "client_error"}, {409, "client_error"},
    {408, "request_timeout"}, {428, "client_error"}, {430, "client_error"}, {429, "rate_limited"},
    {499, "client_error"},    {500, "server_error"}, {503, "server_error"}, {529, "server_error"},
    {599, "server_error"},    {999, "server_error"},
};

static void test_outcome_of_a_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(statuses); i++) {
        struct gw_str name = gw_outcome_name(gw_outcome_of_status(statuses[i].status));
        if (!gw_str_eq(name, gw_str_of(statuses[i].outcome)))
            fail_msg("%u: %.*s", statuses[i].status, GW_STR_ARG(name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_is_counted_from_open_to_close),
        cmocka_unit_test(test_routing_shows_in_the_page),
        cmocka_unit_test(test_the_end_that_was_told_stays),
        cmocka_unit_test(test_the_log_can_be_changed_between_records),
        cmocka_unit_test(test_lost_lines_show_in_the_page),
        cmocka_unit_test(test_creation_fails_whole),
        cmocka_unit_test(test_every_name_is_there),
        cmocka_unit_test(test_outcome_of_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
