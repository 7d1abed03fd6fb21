#include "app/app.h"

#include "admin/admin.h"
#include "app/proxy_env.h"
#include "base/log.h"
#include "demo/demo.h"
#include "gateway/gateway.h"
#include "io/dns.h"
#include "io/socket.h"
#include "io/worker.h"
#include "model/carry.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct app_worker {
    struct gw_worker worker;
    struct gw_app *app;
    struct gw_gateway *gateway;
    struct gw_sinks *sinks;
    struct gw_task drain, ended, stop;
    bool has_ended;
};

struct gw_app {
    const char *path;
    struct gw_snapshot *snapshot;
    struct gw_recorder *recorder;
    struct gw_health *health; /* of targets, over all reloads */
    struct gw_carry *carry;   /* of turns, likewise */
    struct gw_demo *demo;
    struct gw_admin *admin;
    struct gw_gateway_options options;
    struct gw_proxy_env proxy;
    struct gw_loop *loop;
    struct gw_io signals;
    struct app_worker *workers;
    unsigned workers_count, workers_ended;
    unsigned port;
    bool draining, dns_ready;
    struct gw_task drain_task, reload_task;
};

#define APP_OF(member, pointer)                                                                    \
    ((struct gw_app *)(void *)((char *)(pointer)-offsetof(struct gw_app, member)))
#define WORKER_OF(member, pointer)                                                                 \
    ((struct app_worker *)(void *)((char *)(pointer)-offsetof(struct app_worker, member)))

/* ---- loading ---- */

static void print_problems(const struct gw_problems *problems)
{
    struct gw_buf text;

    gw_buf_init(&text, (size_t)4 << 20);
    if (gw_problems_print(problems, &text) == GW_OK && gw_buf_len(&text))
        (void)fwrite(text.base, 1, gw_buf_len(&text), stderr);
    gw_buf_finish(&text);
}

static enum gw_status load(struct gw_app *app, struct gw_config **config_out, struct gw_err *err)
{
    struct gw_problems problems;

    gw_problems_init(&problems);
    enum gw_status status = gw_config_load(app->path, GW_CONFIG_TO_SERVE, &problems, config_out);
    print_problems(&problems);
    if (status != GW_OK)
        gw_err_set(err, status, "%s: %u error%s", app->path, problems.errors,
                   problems.errors == 1 ? "" : "s");
    gw_problems_finish(&problems);
    return status;
}

static bool uses_demo(const struct gw_config *config)
{
    for (uint32_t i = 0; i < config->providers_count; i++)
        if (config->providers[i].base_url.demo)
            return true;
    return false;
}

static enum gw_status ensure_demo(struct gw_app *app, const struct gw_config *config,
                                  struct gw_err *err)
{
    if (app->demo || !uses_demo(config))
        return GW_OK;
    return gw_demo_start(&app->demo, &app->options.demo_port, err);
}

/* ---- reload ---- */

struct reload_task {
    struct gw_task task;
    struct app_worker *worker;
    struct gw_snapshot *snapshot;
    unsigned demo_port;
};

static void reload_worker(struct gw_task *task)
{
    struct reload_task *reload = (struct reload_task *)task;
    struct gw_err err;

    reload->worker->gateway->options.demo_port = reload->demo_port;
    if (gw_gateway_reload(reload->worker->gateway, reload->snapshot, &err) != GW_OK)
        gw_log(GW_LOG_ERROR, "a worker keeps its old configuration: %s", err.message);
    gw_snapshot_release(reload->snapshot);
    free(reload);
}

/* What a running process cannot change. */
static void warn_of_fixed(const struct gw_config *old, const struct gw_config *new)
{
    const struct gw_server_config *a = &old->server, *b = &new->server;

    if (!gw_str_eq(a->host, b->host) || a->port != b->port || a->workers != b->workers ||
        a->spin_us != b->spin_us ||
        old->metrics.max_series_per_metric != new->metrics.max_series_per_metric ||
        (a->tls_cert.len == 0) != (b->tls_cert.len == 0))
        gw_log(GW_LOG_WARN,
               "[server] host, port, workers, spin_us, and whether there is TLS, need a "
               "restart; the rest is in force");
    if (old->admin.enabled != new->admin.enabled || !gw_str_eq(old->admin.host, new->admin.host) ||
        old->admin.port != new->admin.port)
        gw_log(GW_LOG_WARN, "[admin] enabled, host and port need a restart");
}

/* All or none: what can fail is done before the first worker hears of it. */
static enum gw_status hand_out(struct gw_app *app, struct gw_snapshot *snapshot, struct gw_err *err)
{
    struct reload_task *tasks = NULL;

    for (unsigned i = 0; i < app->workers_count; i++) {
        struct reload_task *reload = calloc(1, sizeof *reload);
        if (!reload) {
            while (tasks) {
                struct reload_task *next = (struct reload_task *)tasks->task.next;
                free(tasks);
                tasks = next;
            }
            return gw_err_set(err, GW_NO_MEMORY, "could not allocate a reload");
        }
        *reload =
            (struct reload_task){.task = {.next = (struct gw_task *)tasks, .run = reload_worker},
                                 .worker = &app->workers[i],
                                 .demo_port = app->options.demo_port};
        tasks = reload;
    }
    while (tasks) {
        struct reload_task *reload = tasks;
        tasks = (struct reload_task *)reload->task.next;
        reload->snapshot = gw_snapshot_retain(snapshot);
        gw_loop_post(reload->worker->worker.loop, &reload->task);
    }
    return GW_OK;
}

enum gw_status gw_app_reload(struct gw_app *app)
{
    struct gw_metrics *metrics = gw_recorder_metrics(app->recorder);
    struct gw_snapshot *snapshot = NULL;
    struct gw_config *config;
    struct gw_err err = {.message = ""};

    enum gw_status status = load(app, &config, &err);
    if (status == GW_OK)
        status = gw_snapshot_create(config, metrics, app->health, &snapshot, &err);
    if (status == GW_OK)
        status = ensure_demo(app, snapshot->config, &err);
    if (status == GW_OK && snapshot->config->access_log.enabled)
        status = gw_access_log_set_path(gw_recorder_access_log(app->recorder),
                                        snapshot->config->access_log.path, &err);
    if (status == GW_OK)
        status = hand_out(app, snapshot, &err);
    gw_metrics_count_reload(metrics, status == GW_OK);
    if (status != GW_OK) {
        gw_log(GW_LOG_ERROR, "could not reload, the old configuration stays: %s", err.message);
        gw_snapshot_release(snapshot);
        return status;
    }
    warn_of_fixed(app->snapshot->config, snapshot->config);
    if (app->admin)
        gw_admin_set_config(app->admin, snapshot->config);
    gw_snapshot_release(app->snapshot);
    app->snapshot = snapshot;
    gw_log(GW_LOG_INFO, "configuration reloaded from %s", app->path);
    return GW_OK;
}

/* ---- draining ---- */

static void worker_has_ended(struct gw_task *task)
{
    struct app_worker *worker = WORKER_OF(ended, task);
    struct gw_app *app = worker->app;

    worker->has_ended = true;
    if (++app->workers_ended == app->workers_count)
        gw_loop_stop(app->loop);
}

/* On the worker's loop, once. */
static void end_worker(struct app_worker *worker)
{
    if (worker->ended.run)
        return;
    worker->ended.run = worker_has_ended;
    gw_loop_stop(worker->worker.loop);
    gw_loop_post(worker->app->loop, &worker->ended);
}

static void on_drained(void *arg)
{
    end_worker(arg);
}

static void drain_worker(struct gw_task *task)
{
    struct app_worker *worker = WORKER_OF(drain, task);
    gw_gateway_drain(worker->gateway, on_drained, worker);
}

static void stop_worker(struct gw_task *task)
{
    end_worker(WORKER_OF(stop, task));
}

void gw_app_drain(struct gw_app *app)
{
    bool again = app->draining;

    app->draining = true;
    gw_log(GW_LOG_INFO, again ? "stopping at once" : "draining");
    for (unsigned i = 0; i < app->workers_count; i++) {
        struct app_worker *worker = &app->workers[i];
        struct gw_task *task = again ? &worker->stop : &worker->drain;
        if (task->run)
            continue; /* posted before */
        task->run = again ? stop_worker : drain_worker;
        if (!worker->has_ended)
            gw_loop_post(worker->worker.loop, task);
    }
}

/* ---- signals and tests ---- */

static void on_signal(struct gw_io *io, unsigned events)
{
    struct gw_app *app = APP_OF(signals, io);
    struct signalfd_siginfo info;
    struct gw_err err;
    (void)events;

    if (read(io->fd, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    switch (info.ssi_signo) {
    case SIGHUP:
        (void)gw_app_reload(app); /* reported by itself */
        return;
    case SIGUSR1:
        if (gw_access_log_reopen(gw_recorder_access_log(app->recorder), &err) != GW_OK)
            gw_log(GW_LOG_ERROR, "could not reopen the access log: %s", err.message);
        return;
    case SIGTERM:
        if (!app->draining)
            gw_app_drain(app);
        return;
    case SIGINT:
        gw_app_drain(app);
        return;
    default:
        return;
    }
}

static enum gw_status watch_signals(struct gw_app *app, struct gw_err *err)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    app->signals = (struct gw_io){.on_io = on_signal};
    app->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (app->signals.fd == -1)
        return gw_err_errno(err, "could not watch signals");
    return gw_loop_add_level(app->loop, &app->signals, err);
}

static void drain_task(struct gw_task *task)
{
    gw_app_drain(APP_OF(drain_task, task));
}

static void reload_task(struct gw_task *task)
{
    (void)gw_app_reload(APP_OF(reload_task, task));
}

void gw_app_post_drain(struct gw_app *app)
{
    app->drain_task.run = drain_task;
    gw_loop_post(app->loop, &app->drain_task);
}

void gw_app_post_reload(struct gw_app *app)
{
    app->reload_task.run = reload_task;
    gw_loop_post(app->loop, &app->reload_task);
}

void gw_app_wake(struct gw_app *app)
{
    gw_loop_wake(app->loop);
    for (unsigned i = 0; i < app->workers_count; i++)
        gw_loop_wake(app->workers[i].worker.loop);
}

/* ---- starting ---- */

static enum gw_status start_recorder(struct gw_app *app, const struct gw_config *config,
                                     struct gw_err *err)
{
    const struct gw_recorder_options options = {
        .metrics = {.version = GW_STR(GW_VERSION),
                    .series_max = config->metrics.max_series_per_metric},
        .access_log_path = config->access_log.enabled ? config->access_log.path : GW_STR(""),
        .workers = config->server.workers,
    };
    return gw_recorder_create(&options, &app->recorder, err);
}

static enum gw_status init_worker(struct gw_app *app, unsigned i, struct gw_err *err)
{
    const struct gw_server_config *server = &app->snapshot->config->server;
    struct app_worker *worker = &app->workers[i];
    struct gw_gateway_options options = app->options;
    int fd;

    worker->app = app;
    enum gw_status status = gw_worker_init(&worker->worker, server->spin_us, err);
    if (status != GW_OK)
        return status;
    worker->sinks = gw_sinks_create(app->recorder, i);
    if (!worker->sinks)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a worker's sinks");
    options.sinks = worker->sinks;
    /* With port 0 the first worker's choice is everybody's. */
    status = gw_listen(server->host, app->port ? app->port : server->port, &fd, err);
    if (status != GW_OK)
        return status;
    if (app->port == 0)
        app->port = gw_sock_local_port(fd);
    return gw_gateway_create(worker->worker.loop, app->snapshot, fd, &options, &worker->gateway,
                             err);
}

static enum gw_status start_workers(struct gw_app *app, struct gw_err *err)
{
    unsigned count = app->snapshot->config->server.workers;
    enum gw_status status = GW_OK;
    char name[24];

    app->workers = calloc(count, sizeof *app->workers);
    if (!app->workers)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate workers");
    app->workers_count = count;
    for (unsigned i = 0; i < count && status == GW_OK; i++)
        status = init_worker(app, i, err);
    for (unsigned i = 0; i < count && status == GW_OK; i++) {
        (void)snprintf(name, sizeof name, "worker-%u", i);
        status = gw_worker_start(&app->workers[i].worker, name, err);
    }
    return status;
}

static enum gw_status reload_for_admin(void *arg)
{
    return gw_app_reload(arg);
}

static bool is_draining_for_admin(void *arg)
{
    const struct gw_app *app = arg;
    return app->draining;
}

static size_t list_targets_for_admin(void *arg, const struct gw_target_health **list_out)
{
    const struct gw_app *app = arg;
    return gw_snapshot_target_health(app->snapshot, list_out);
}

static enum gw_status start_admin(struct gw_app *app, struct gw_err *err)
{
    struct gw_config *config = app->snapshot->config;
    const struct gw_admin_callbacks callbacks = {
        .reload = reload_for_admin,
        .is_draining = is_draining_for_admin,
        .list_targets = list_targets_for_admin,
        .arg = app,
    };

    if (!config->admin.enabled)
        return GW_OK;
    return gw_admin_create(app->loop, config, app->recorder, &callbacks, &app->admin, err);
}

/* One descriptor each way and stream: take what the system allows. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static enum gw_status start(struct gw_app *app, struct gw_err *err)
{
    struct gw_config *config;

    enum gw_status status = load(app, &config, err);
    if (status != GW_OK)
        return status;
    raise_descriptor_limit();
    (void)signal(SIGPIPE, SIG_IGN);
    status = gw_loop_create(0, &app->loop, err);
    if (status == GW_OK)
        status = start_recorder(app, config, err);
    app->health = gw_health_create();
    if (status == GW_OK && !app->health)
        status = gw_err_set(err, GW_NO_MEMORY, "could not allocate the memory of targets' health");
    app->carry = app->options.carry = gw_carry_create();
    if (status == GW_OK && !app->carry)
        status = gw_err_set(err, GW_NO_MEMORY, "could not allocate the memory of turns");
    if (status != GW_OK) {
        gw_config_release(config);
        return status;
    }
    status = gw_snapshot_create(config, gw_recorder_metrics(app->recorder), app->health,
                                &app->snapshot, err);
    if (status == GW_OK)
        status = gw_proxy_env_read(&app->proxy, err);
    app->options.proxy = app->proxy.proxy;
    app->options.no_proxy = app->proxy.no_proxy;
    if (status == GW_OK)
        status = watch_signals(app, err);
    if (status == GW_OK)
        status = gw_dns_setup(err);
    app->dns_ready = status == GW_OK;
    if (status == GW_OK)
        status = ensure_demo(app, app->snapshot->config, err);
    if (status == GW_OK)
        status = start_admin(app, err);
    if (status == GW_OK)
        status = start_workers(app, err);
    return status;
}

enum gw_status gw_app_create(const char *path, struct gw_app **app_out, struct gw_err *err)
{
    struct gw_app *app = calloc(1, sizeof *app);

    if (!app)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate the gateway");
    app->path = path;
    app->signals.fd = -1;
    enum gw_status status = start(app, err);
    if (status != GW_OK) {
        gw_app_destroy(app);
        return status;
    }
    const struct gw_config *config = app->snapshot->config;
    gw_log(GW_LOG_INFO, "listening on %.*s:%u", GW_STR_ARG(config->server.host), app->port);
    if (app->admin)
        gw_log(GW_LOG_INFO, "admin listening on %.*s:%u", GW_STR_ARG(config->admin.host),
               gw_admin_port(app->admin));
    *app_out = app;
    return GW_OK;
}

void gw_app_run(struct gw_app *app)
{
    gw_loop_run(app->loop);
}

unsigned gw_app_port(const struct gw_app *app)
{
    return app->port;
}

unsigned gw_app_admin_port(const struct gw_app *app)
{
    return app->admin ? gw_admin_port(app->admin) : 0;
}

static void stop_all(struct gw_app *app)
{
    for (unsigned i = 0; i < app->workers_count; i++) {
        struct app_worker *worker = &app->workers[i];
        if (worker->worker.started && !worker->stop.run) {
            worker->stop.run = stop_worker;
            gw_loop_post(worker->worker.loop, &worker->stop);
        }
    }
    for (unsigned i = 0; i < app->workers_count; i++)
        gw_worker_join(&app->workers[i].worker);
    for (unsigned i = 0; i < app->workers_count; i++) {
        struct app_worker *worker = &app->workers[i];
        gw_gateway_destroy(worker->gateway);
        gw_sinks_destroy(worker->sinks);
        gw_worker_finish(&worker->worker);
    }
    free(app->workers);
}

void gw_app_destroy(struct gw_app *app)
{
    if (!app)
        return;
    stop_all(app);
    gw_admin_destroy(app->admin);
    gw_demo_stop(app->demo);
    gw_recorder_destroy(app->recorder);
    gw_snapshot_release(app->snapshot);
    gw_health_destroy(app->health);
    gw_carry_destroy(app->carry);
    gw_proxy_env_finish(&app->proxy);
    if (app->dns_ready)
        gw_dns_teardown();
    if (app->loop && app->signals.fd != -1)
        gw_loop_close(app->loop, &app->signals);
    gw_loop_destroy(app->loop);
    free(app);
}
