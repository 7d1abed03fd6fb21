/*
 * bench/micro/record: nanoseconds that the record layer adds to one request, each part and the
 * whole.
 *
 * `close, all on` is what a request pays: metrics, a full access log line, handing it to the
 * writing thread (the log goes to a file that is gone). The best of several rounds is shown, for
 * the machine is shared.
 */
#include "config/access_log_fields.h"
#include "record/access_line.h"
#include "record/sinks.h"

#include "base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS 40
/* Fewer lines than a ring holds; then the writing thread gets time to empty it. */
#define REPEATS 800u
#define PAUSE_MS (2 * GW_ACCESS_LOG_NAP_MS)
#define MODELS 64u

struct bench {
    struct gw_recorder *recorder;
    struct gw_sinks *sinks;
    struct gw_metric_cells *cells;
    struct gw_rng rng;
    struct gw_trace trace;
    struct gw_record record;
    uint32_t models[MODELS];
    char out[GW_ACCESS_LINE_MAX];
};

static const struct gw_str parent =
    GW_STR_INIT("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

static void do_parse(struct bench *bench, unsigned i)
{
    (void)i;
    gw_trace_begin(&bench->trace, parent, false, &bench->rng);
}

static void do_format(struct bench *bench, unsigned i)
{
    (void)i;
    gw_trace_format(&bench->trace, bench->trace.server_span, bench->out);
    __asm__ volatile("" : : "r"(bench->out) : "memory"); /* every text is really written */
}

static void do_uuid(struct bench *bench, unsigned i)
{
    gw_request_id_make(&bench->rng, 1764037874123456789u + i * 1000000u, bench->out);
    __asm__ volatile("" : : "r"(bench->out) : "memory");
}

static void do_metrics(struct bench *bench, unsigned i)
{
    bench->record.model_id = bench->models[i % MODELS];
    gw_metric_closed(bench->cells, &bench->record);
}

static void do_line(struct bench *bench, unsigned i)
{
    (void)i;
    (void)gw_access_line_write(&bench->record, GW_ACCESS_DEFAULT, bench->out);
    __asm__ volatile("" : : "r"(bench->out) : "memory");
}

static void do_open_close(struct bench *bench, unsigned i)
{
    struct gw_record *record = &bench->record;

    record->opened = record->closed = record->stream_open = false;
    record->model_id = bench->models[i % MODELS];
    gw_record_open(record, bench->sinks);
    gw_record_close(record, bench->sinks);
}

static const struct {
    const char *label;
    void (*run)(struct bench *bench, unsigned i);
    uint64_t fields;
} parts[] = {
    {"traceparent read, span made", do_parse, 0},
    {"traceparent written", do_format, 0},
    {"request id (UUIDv7)", do_uuid, 0},
    {"metrics of a close", do_metrics, 0},
    {"access log line", do_line, 0},
    {"open + close, log off", do_open_close, 0},
    {"open + close, all on", do_open_close, GW_ACCESS_DEFAULT},
};

static void set_up(struct bench *bench)
{
    char path[] = "/tmp/bench_record.XXXXXX";
    int fd = mkstemp(path);
    struct gw_recorder_options options = {
        .metrics = {.version = GW_STR("bench"), .series_max = 2000},
        .access_log_path = gw_str_of(path),
        .workers = 2,
    };
    struct gw_err err;

    if (fd == -1 || gw_recorder_create(&options, &bench->recorder, &err) != GW_OK)
        exit(1);
    close(fd);
    (void)unlink(path);
    bench->sinks = gw_sinks_create(bench->recorder, 0);
    bench->cells = gw_metric_cells_create(gw_recorder_metrics(bench->recorder));
    if (!bench->sinks || !bench->cells)
        exit(1);
    gw_rng_seed(&bench->rng);
    for (unsigned i = 0; i < MODELS; i++) {
        char name[16];
        int len = snprintf(name, sizeof name, "model-%u", i);
        bench->models[i] = gw_label_intern(gw_recorder_metrics(bench->recorder),
                                           (struct gw_str){name, (size_t)len});
    }
    bench->record = (struct gw_record){
        .at_ns = {[GW_AT_START] = 5000000,
                  [GW_AT_ATTEMPT] = 5030000,
                  [GW_AT_FIRST_CONTENT] = 450000000,
                  [GW_AT_UPSTREAM_END] = 1900000000,
                  [GW_AT_END] = 1900100000},
        .started_wall_ns = 1764037874123456789u,
        .own_ns = 41999,
        .bytes_in = 2345,
        .bytes_out = 67890,
        .request_id = GW_STR("019ab8d1-7e2b-7c3d-9e4f-0123456789ab"),
        .method = GW_STR("POST"),
        .path = GW_STR("/v1/chat/completions"),
        .user_agent = GW_STR("OpenAI/Python 1.109.1"),
        .client_format = GW_STR("openai"),
        .provider = GW_STR("openai"),
        .model_requested = GW_STR("gpt-4o-mini"),
        .model_used = GW_STR("gpt-4o-mini-2024-07-18"),
        .operation = GW_OP_CHAT,
        .status = 200,
        .attempts = 1,
        .stream = true,
    };
    gw_trace_begin(&bench->record.trace, parent, false, &bench->rng);
}

int main(void)
{
    static struct bench bench;

    set_up(&bench);
    bench.trace = bench.record.trace;
    for (size_t p = 0; p < GW_COUNT(parts); p++) {
        uint64_t best = UINT64_MAX;
        gw_sinks_set_access_log(bench.sinks, parts[p].fields);
        for (unsigned round = 0; round < ROUNDS; round++) {
            uint64_t start = gw_clock_ns();
            for (unsigned i = 0; i < REPEATS; i++)
                parts[p].run(&bench, i);
            uint64_t took = gw_clock_ns() - start;
            best = took < best ? took : best;
            if (parts[p].fields)
                (void)poll(NULL, 0, PAUSE_MS);
        }
        printf("%-28s %6.1f ns\n", parts[p].label, (double)best / REPEATS);
    }
    printf("line %zu bytes, lines dropped %llu of %u\n",
           gw_access_line_write(&bench.record, GW_ACCESS_DEFAULT, bench.out),
           (unsigned long long)gw_access_log_dropped(gw_recorder_access_log(bench.recorder)),
           ROUNDS * REPEATS);
    gw_sinks_destroy(bench.sinks);
    gw_recorder_destroy(bench.recorder);
    return 0;
}
