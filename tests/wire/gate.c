#include "wire/gate.h"

#include "app/app.h"
#include "base/clock.h"
#include "wire/loops.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEADLINE_MS 5000
#define LOGS_MAX ((size_t)8 << 20)
#define TEXT_MAX ((size_t)1 << 20)

struct gate {
    char folder[64], config[96], fifo[96];
    struct gw_app *app;
    pthread_t thread;
    int started, ended, release; /* eventfds between the thread and us */
    int log_fd;                  /* the access log is a FIFO */
    int stderr_read, stderr_kept;
    bool started_ok, admin, running, held;
    struct gw_err err;
    struct gw_buf lines; /* of the access log, not asked for yet */
    struct gw_buf logs;
};

/* So that a report of the sanitizers is not lost with the gateway's standard error. */
extern void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

/* ---- the configuration ---- */

static void add_part(struct gw_buf *text, struct gw_str part)
{
    must(gw_buf_add(text, part) == GW_OK, "out of memory");
}

static void write_config(const struct gate *gate, struct gw_str config)
{
    static const char server[] = "[server]\n";
    size_t at = gw_str_find_str(config, gw_str_of(server));
    struct gw_buf text;

    gw_buf_init(&text, TEXT_MAX);
    if (at == config.len) {
        add_part(&text, gw_str_of(server));
    } else {
        at += sizeof server - 1;
        add_part(&text, (struct gw_str){config.base, at});
        config = gw_str_from(config, at);
    }
    add_part(&text, GW_STR("port = 0\nworkers = 1\n"));
    add_part(&text, config);
    must(gw_buf_printf(&text, "\n[admin]\n%s\n[access_log]\npath = \"%s\"\n",
                       gate->admin ? "port = 0" : "enabled = false", gate->fifo) == GW_OK,
         "out of memory");
    FILE *file = fopen(gate->config, "w");
    must(file && fwrite(text.base, 1, gw_buf_len(&text), file) == gw_buf_len(&text), gate->config);
    must(fclose(file) == 0, gate->config);
    gw_buf_finish(&text);
}

/* ---- the thread ---- */

static void tell(int fd)
{
    uint64_t one = 1;
    must(write(fd, &one, sizeof one) == (ssize_t)sizeof one, "eventfd");
}

static bool wait_for(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    return poll(&polled, 1, DEADLINE_MS) == 1;
}

static void *run(void *arg)
{
    struct gate *gate = arg;

    gate->started_ok = gw_app_create(gate->config, &gate->app, &gate->err) == GW_OK;
    tell(gate->started);
    if (!gate->started_ok)
        return NULL;
    gw_app_run(gate->app);
    loops_leave();
    tell(gate->ended);
    (void)poll(&(struct pollfd){.fd = gate->release, .events = POLLIN}, 1, -1);
    gw_app_destroy(gate->app);
    return NULL;
}

/* ---- logs ---- */

static void take_stderr(struct gate *gate)
{
    char bytes[4096];
    ssize_t got;

    while ((got = read(gate->stderr_read, bytes, sizeof bytes)) > 0)
        (void)gw_buf_add(&gate->logs, (struct gw_str){bytes, (size_t)got});
}

static void take_lines(struct gate *gate)
{
    char bytes[4096];
    ssize_t got;

    while ((got = read(gate->log_fd, bytes, sizeof bytes)) > 0) {
        (void)gw_buf_add(&gate->lines, (struct gw_str){bytes, (size_t)got});
        (void)gw_buf_add(&gate->logs, (struct gw_str){bytes, (size_t)got});
    }
}

bool gate_log_line(struct gate *gate, struct gw_str *line_out, struct complaint *complaint)
{
    for (;;) {
        take_lines(gate);
        struct gw_str lines = gw_buf_str(&gate->lines);
        size_t len = lines.len ? gw_str_find(lines, '\n') : 0;
        if (len < lines.len) {
            *line_out = (struct gw_str){lines.base, len};
            gw_buf_take(&gate->lines, len + 1); /* its bytes stay until the next are added */
            return true;
        }
        if (!wait_for(gate->log_fd))
            return complain(complaint, "no line came to the access log");
    }
}

struct gw_str gate_logs(struct gate *gate)
{
    take_lines(gate);
    take_stderr(gate);
    return gw_buf_len(&gate->logs) ? gw_buf_str(&gate->logs) : GW_STR("");
}

/* The gateway logs to descriptor 2; what it says is kept, and shown when a test fails. */
static void catch_stderr(struct gate *gate)
{
    int ends[2];

    gate->stderr_kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    must(gate->stderr_kept != -1 && pipe2(ends, O_CLOEXEC) == 0, "pipe");
    must(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0, "fcntl");
    must(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO, "dup2");
    (void)close(ends[1]);
    gate->stderr_read = ends[0];
    if (__sanitizer_set_report_fd)
        __sanitizer_set_report_fd((void *)(intptr_t)gate->stderr_kept);
}

static void give_stderr_back(struct gate *gate)
{
    take_stderr(gate);
    must(dup2(gate->stderr_kept, STDERR_FILENO) == STDERR_FILENO, "dup2");
    if (__sanitizer_set_report_fd)
        __sanitizer_set_report_fd((void *)(intptr_t)STDERR_FILENO);
    (void)close(gate->stderr_kept);
    (void)close(gate->stderr_read);
}

/* ---- life ---- */

static void make_folder(struct gate *gate)
{
    const char *base = getenv("TMPDIR");

    (void)snprintf(gate->folder, sizeof gate->folder, "%.40s/sluice-wire-XXXXXX",
                   base && strlen(base) <= 40 ? base : "/tmp");
    must(mkdtemp(gate->folder) != NULL, "mkdtemp");
    (void)snprintf(gate->config, sizeof gate->config, "%s/gateway.toml", gate->folder);
    (void)snprintf(gate->fifo, sizeof gate->fifo, "%s/access", gate->folder);
    must(mkfifo(gate->fifo, 0600) == 0, "mkfifo");
    gate->log_fd = open(gate->fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    must(gate->log_fd != -1, "open");
}

static void free_gate(struct gate *gate)
{
    give_stderr_back(gate);
    (void)close(gate->log_fd);
    (void)close(gate->started);
    (void)close(gate->ended);
    (void)close(gate->release);
    (void)unlink(gate->config);
    (void)unlink(gate->fifo);
    (void)rmdir(gate->folder);
    gw_buf_finish(&gate->lines);
    gw_buf_finish(&gate->logs);
    free(gate);
}

struct gate *gate_start(struct gw_str config, bool admin, struct complaint *complaint)
{
    struct gate *gate = calloc(1, sizeof *gate);

    must(gate != NULL, "calloc");
    gate->admin = admin;
    gw_buf_init(&gate->lines, LOGS_MAX);
    gw_buf_init(&gate->logs, LOGS_MAX);
    make_folder(gate);
    write_config(gate, config);
    gate->started = eventfd(0, EFD_CLOEXEC);
    gate->ended = eventfd(0, EFD_CLOEXEC);
    gate->release = eventfd(0, EFD_CLOEXEC);
    must(gate->started != -1 && gate->ended != -1 && gate->release != -1, "eventfd");
    catch_stderr(gate);
    loops_forget();
    must(pthread_create(&gate->thread, NULL, run, gate) == 0, "pthread_create");
    if (!wait_for(gate->started) || !gate->started_ok) {
        complain(complaint, "the gateway did not start: %s", gate->err.message);
        complain_bytes(complaint, "    | ", gate_logs(gate));
        (void)pthread_join(gate->thread, NULL);
        free_gate(gate);
        return NULL;
    }
    gate->running = true;
    return gate;
}

bool gate_destroy(struct gate *gate, struct complaint *complaint)
{
    bool ok = true;

    if (!gate)
        return true;
    gate_thaw(gate);
    if (gate->running) {
        gw_app_post_drain(gate->app);
        ok = gate_wait_drained(gate, complaint);
    }
    if (gate->running) { /* once more: cuts off what is left */
        gw_app_post_drain(gate->app);
        must(wait_for(gate->ended), "the gateway does not stop");
    }
    tell(gate->release);
    (void)pthread_join(gate->thread, NULL);
    free_gate(gate);
    return ok;
}

unsigned gate_port(const struct gate *gate)
{
    return gw_app_port(gate->app);
}

unsigned gate_admin_port(const struct gate *gate)
{
    return gw_app_admin_port(gate->app);
}

/* ---- in our hand ---- */

bool gate_quiet(struct gate *gate, struct complaint *complaint)
{
    if (gate->running && !gate->held && !loops_wait_idle(DEADLINE_MS))
        return complain(complaint, "the gateway is busy without end");
    take_stderr(gate);
    return true;
}

bool gate_step(struct gate *gate, uint64_t ns, struct complaint *complaint)
{
    if (!gate_quiet(gate, complaint))
        return false;
    gw_clock_step(ns);
    gw_app_wake(gate->app);
    return gate_quiet(gate, complaint);
}

bool gate_freeze(struct gate *gate, struct complaint *complaint)
{
    if (!gate_quiet(gate, complaint))
        return false;
    gate->held = true;
    return loops_hold(DEADLINE_MS) || complain(complaint, "the gateway could not be held");
}

void gate_thaw(struct gate *gate)
{
    gate->held = false;
    loops_release();
}

bool gate_reload(struct gate *gate, struct gw_str config, bool good, struct complaint *complaint)
{
    struct gw_str done = GW_STR("configuration reloaded"), kept = GW_STR("could not reload");
    size_t before = gate_logs(gate).len;

    write_config(gate, config);
    gw_app_post_reload(gate->app);
    if (!gate_quiet(gate, complaint))
        return false;
    struct gw_str said = gw_str_from(gate_logs(gate), before);
    if (gw_str_find_str(said, good ? done : kept) < said.len)
        return true;
    complain(complaint, "the new configuration was not %s:", good ? "accepted" : "refused");
    complain_bytes(complaint, "    | ", said);
    return false;
}

bool gate_drain(struct gate *gate, struct complaint *complaint)
{
    gw_app_post_drain(gate->app);
    return gate_quiet(gate, complaint);
}

bool gate_wait_drained(struct gate *gate, struct complaint *complaint)
{
    if (!wait_for(gate->ended))
        return complain(complaint, "the gateway does not end");
    gate->running = false;
    return true;
}

int gate_ended_fd(const struct gate *gate)
{
    return gate->ended;
}
