#include "record/access_log.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_LINE 64
#define STAGE_BYTES ((size_t)1 << 16)
#define THREAD_STACK_BYTES ((size_t)256 << 10)
/* Beyond the flush's own limit: for the thread to end. */
#define JOIN_GRACE_MS 200
#define LOG_MODE 0640

/* What the writing thread is doing, for those who may have to wake it. */
enum writer_state {
    WRITER_BUSY,    /* looks at the rings again before it sleeps */
    WRITER_NAPPING, /* lets lines gather; to be woken when a ring is half full */
    WRITER_IDLE     /* saw nothing; to be woken by the next line */
};

struct ring {
    /* The worker's side. */
    _Alignas(CACHE_LINE) _Atomic size_t tail; /* bytes ever put in; always at a line's end */
    size_t head_seen;                         /* what the worker last knew of head */
    _Atomic uint64_t dropped;
    char *bytes;
    /* The writer's side. */
    _Alignas(CACHE_LINE) _Atomic size_t head; /* bytes ever taken out */
};

struct gw_access_log {
    struct ring *rings;
    unsigned ring_count;
    size_t ring_bytes; /* a power of two */
    char *memory;      /* of all rings */
    int wake_fd;       /* eventfd: something is asked of the thread */
    int ended_fd;      /* eventfd: the thread is done */
    _Atomic bool stopping;
    _Atomic int next_fd; /* handed to the writer; -1: none */
    pthread_t thread;

    char *path; /* of who reopens */

    _Alignas(CACHE_LINE) _Atomic int state; /* enum writer_state; all read it, few write it */

    /* The writing thread's own. */
    _Alignas(CACHE_LINE) int fd; /* -1: nowhere to write */
    bool must_poll;              /* not a regular file: a write could block */
    size_t write_max;            /* bytes in one write */
    char *stage;                 /* whole lines, STAGE_BYTES */
    size_t at, end;              /* of the stage: what is to be written */
    unsigned first;              /* ring to look at first, so that none is favoured */
    bool torn;                   /* the file ends in a part of a line */
    uint64_t until_ns;           /* when stopping: write no longer than that; 0: not seen yet */
    _Atomic uint64_t lost;
};

static void signal_fd(int event_fd)
{
    uint64_t one = 1;
    ssize_t written = write(event_fd, &one, sizeof one);
    (void)written; /* fails only when it is signalled to the brim already */
}

bool gw_access_log_push(struct gw_access_log *log, unsigned worker, struct gw_str line)
{
    struct ring *ring = &log->rings[worker];
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    assert(line.len > 0 && line.len <= STAGE_BYTES && line.base[line.len - 1] == '\n');
    if (log->ring_bytes - (tail - ring->head_seen) < line.len) {
        ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
        if (log->ring_bytes - (tail - ring->head_seen) < line.len) {
            uint64_t dropped = atomic_load_explicit(&ring->dropped, memory_order_relaxed);
            atomic_store_explicit(&ring->dropped, dropped + 1, memory_order_relaxed);
            return false;
        }
    }
    size_t start = tail & (log->ring_bytes - 1), part = log->ring_bytes - start;
    if (part > line.len)
        part = line.len;
    memcpy(ring->bytes + start, line.base, part);
    memcpy(ring->bytes, line.base + part, line.len - part);
    tail += line.len;
    /* Sequentially consistent against the writer, which says IDLE first and then looks at the
     * tails: one of us sees the other. */
    atomic_store(&ring->tail, tail);
    int state = atomic_load(&log->state);
    if (state != WRITER_BUSY &&
        (state == WRITER_IDLE || tail - ring->head_seen > log->ring_bytes / 2) &&
        atomic_exchange(&log->state, WRITER_BUSY) != WRITER_BUSY)
        signal_fd(log->wake_fd);
    return true;
}

uint64_t gw_access_log_dropped(const struct gw_access_log *log)
{
    uint64_t dropped = atomic_load_explicit(&log->lost, memory_order_relaxed);

    for (unsigned i = 0; i < log->ring_count; i++)
        dropped += atomic_load_explicit(&log->rings[i].dropped, memory_order_relaxed);
    return dropped;
}

/* --- the writing thread
 * -------------------------------------------------------------------------------------------- */

/* Moves whole lines of one ring to the stage, as many as fit. */
static void take_lines(struct gw_access_log *log, struct ring *ring)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    size_t waiting = atomic_load(&ring->tail) - head, len = STAGE_BYTES - log->end;
    char *to = log->stage + log->end;

    if (len > waiting)
        len = waiting;
    if (len == 0)
        return;
    size_t start = head & (log->ring_bytes - 1), part = log->ring_bytes - start;
    if (part > len)
        part = len;
    memcpy(to, ring->bytes + start, part);
    memcpy(to + part, ring->bytes, len - part);
    if (len < waiting) {
        const char *newline = memrchr(to, '\n', len);
        len = newline ? (size_t)(newline - to) + 1 : 0;
    }
    log->end += len;
    atomic_store_explicit(&ring->head, head + len, memory_order_release);
}

/* @return whether there is anything to write */
static bool gather(struct gw_access_log *log)
{
    log->at = log->end = 0;
    for (unsigned i = 0; i < log->ring_count; i++)
        take_lines(log, &log->rings[(log->first + i) % log->ring_count]);
    log->first = (log->first + 1) % log->ring_count;
    return log->end > 0;
}

/* Start of the line that the stage's byte `at` is in. */
static size_t line_start(const struct gw_access_log *log, size_t at)
{
    const char *newline = at ? memrchr(log->stage, '\n', at) : NULL;
    return newline ? (size_t)(newline - log->stage) + 1 : 0;
}

static void use_fd(struct gw_access_log *log, int fd)
{
    struct stat about;

    if (log->fd != -1)
        close(log->fd);
    log->fd = fd;
    log->torn = false;
    log->must_poll = fstat(fd, &about) == -1 || !S_ISREG(about.st_mode);
    /* What others write to the same pipe (standard error) must not land within a line: only up to
     * PIPE_BUF is a write to a pipe one piece, and never blocks where poll() said that there is
     * room. */
    log->write_max = log->must_poll ? PIPE_BUF : STAGE_BYTES;
}

/* Goes over to a descriptor that was handed over; a line begun on the old one is written whole on
 * the new one. */
static void take_next_fd(struct gw_access_log *log)
{
    int fd = atomic_exchange(&log->next_fd, -1);

    if (fd == -1)
        return;
    use_fd(log, fd);
    log->at = line_start(log, log->at);
}

/* Sleeps until something is asked of the writer, or `events` of its descriptor come (0: not looked
 * at).
 * @param timeout_ms  -1: none
 * @return whether the descriptor has events, be it an error, which the next write will tell */
static bool wait_for(struct gw_access_log *log, short events, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = log->wake_fd, .events = POLLIN},
                           {.fd = events ? log->fd : -1, .events = events}};

    if (poll(fds, GW_COUNT(fds), timeout_ms) <= 0)
        return false;
    if (fds[0].revents) {
        uint64_t count;
        ssize_t got = read(log->wake_fd, &count, sizeof count);
        (void)got;
    }
    return fds[1].revents != 0;
}

/* @return milliseconds that may still be spent on writing: -1: no limit, 0: none left */
static int time_left_ms(struct gw_access_log *log)
{
    if (!atomic_load(&log->stopping))
        return -1;
    uint64_t now_ns = gw_clock_ns();
    if (log->until_ns == 0)
        log->until_ns = now_ns + GW_ACCESS_LOG_FLUSH_MS * (uint64_t)GW_NS_PER_MS;
    return now_ns < log->until_ns ? (int)((log->until_ns - now_ns) / GW_NS_PER_MS) + 1 : 0;
}

/* Bytes for one write: whole lines where that is possible. */
static size_t next_piece(const struct gw_access_log *log)
{
    const char *from = log->stage + log->at;
    size_t left = log->end - log->at;

    if (left <= log->write_max)
        return left;
    const char *newline = memrchr(from, '\n', log->write_max);
    return newline ? (size_t)(newline - from) + 1 : log->write_max;
}

static void drop_stage(struct gw_access_log *log)
{
    size_t lines = 0;

    log->torn |= log->at != line_start(log, log->at);
    for (size_t i = log->at; i < log->end; i++)
        lines += log->stage[i] == '\n';
    atomic_fetch_add_explicit(&log->lost, lines, memory_order_relaxed);
    log->at = log->end;
}

/* Writes the stage. What cannot be written (an error, or no time left) is dropped. */
static void flush(struct gw_access_log *log)
{
    while (log->at < log->end) {
        take_next_fd(log);
        int left_ms = time_left_ms(log);
        if (log->fd == -1 || left_ms == 0) {
            drop_stage(log);
            return;
        }
        if (log->must_poll && !wait_for(log, POLLOUT, left_ms))
            continue;
        /* The rest of a line that could not be written whole is gone: at least the next one starts
         * on its own. */
        bool only_newline = log->torn;
        ssize_t written = only_newline ? write(log->fd, "\n", 1)
                                       : write(log->fd, log->stage + log->at, next_piece(log));
        if (written > 0 && only_newline)
            log->torn = false;
        else if (written > 0)
            log->at += (size_t)written;
        else if (written == 0 || (errno != EINTR && errno != EAGAIN))
            drop_stage(log);
    }
}

static bool anything_waits(struct gw_access_log *log)
{
    bool waits = atomic_load(&log->stopping) || atomic_load(&log->next_fd) != -1;

    for (unsigned i = 0; i < log->ring_count && !waits; i++)
        waits = atomic_load(&log->rings[i].tail) !=
                atomic_load_explicit(&log->rings[i].head, memory_order_relaxed);
    return waits;
}

static void *write_lines(void *arg)
{
    struct gw_access_log *log = arg;

    for (;;) {
        bool stopping = atomic_load(&log->stopping);
        take_next_fd(log);
        if (gather(log)) {
            flush(log);
            /* A stage that was not filled took all there was: let the next lines gather. */
            if (!stopping && log->end < STAGE_BYTES / 2) {
                atomic_store(&log->state, WRITER_NAPPING);
                (void)wait_for(log, 0, GW_ACCESS_LOG_NAP_MS);
            }
        } else if (stopping) {
            break; /* `stopping` was seen before the rings were found empty */
        } else {
            atomic_store(&log->state, WRITER_IDLE);
            if (!anything_waits(log))
                (void)wait_for(log, 0, -1);
        }
        atomic_store(&log->state, WRITER_BUSY);
    }
    signal_fd(log->ended_fd);
    return NULL;
}

/* --- the owner's side
 * ---------------------------------------------------------------------------------------------- */

static enum gw_status open_path(const char *path, int *fd_out, struct gw_err *err)
{
    /* Non-blocking matters for a FIFO only: opening one that nobody reads fails instead of waiting.
     */
    int fd = strcmp(path, "-") == 0
                 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
                 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                        LOG_MODE);

    if (fd == -1)
        return gw_err_errno(err, "could not open the access log %s", path);
    *fd_out = fd;
    return GW_OK;
}

static enum gw_status start_thread(struct gw_access_log *log, struct gw_err *err)
{
    pthread_attr_t attributes;
    sigset_t all, before;

    if (pthread_attr_init(&attributes) != 0)
        return gw_err_set(err, GW_NO_MEMORY, "could not start the access log's thread");
    (void)pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
    /* Signals are for the main thread; a reader that left shows as EPIPE. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&log->thread, &attributes, write_lines, log);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    if (failed) {
        errno = failed;
        return gw_err_errno(err, "could not start the access log's thread");
    }
    (void)pthread_setname_np(log->thread, "access-log");
    return GW_OK;
}

static bool allocate(struct gw_access_log *log, unsigned workers)
{
    size_t share = GW_ACCESS_LOG_BYTES / workers;

    log->ring_bytes = GW_ACCESS_LOG_BYTES;
    while (log->ring_bytes > share && log->ring_bytes > GW_ACCESS_RING_BYTES_MIN)
        log->ring_bytes /= 2;
    log->rings = aligned_alloc(CACHE_LINE, workers * sizeof *log->rings);
    log->memory = malloc(workers * log->ring_bytes);
    log->stage = malloc(STAGE_BYTES);
    if (!log->rings || !log->memory || !log->stage)
        return false;
    for (unsigned i = 0; i < workers; i++)
        log->rings[i] = (struct ring){.bytes = log->memory + i * log->ring_bytes};
    log->ring_count = workers;
    return true;
}

static void free_log(struct gw_access_log *log)
{
    int next_fd = atomic_load(&log->next_fd);

    if (next_fd != -1)
        close(next_fd);
    if (log->fd != -1)
        close(log->fd);
    if (log->wake_fd != -1)
        close(log->wake_fd);
    if (log->ended_fd != -1)
        close(log->ended_fd);
    free(log->rings);
    free(log->memory);
    free(log->stage);
    free(log->path);
    free(log);
}

enum gw_status gw_access_log_create(struct gw_str path, unsigned workers,
                                    struct gw_access_log **log_out, struct gw_err *err)
{
    enum gw_status status = GW_NO_MEMORY;
    struct gw_access_log *log = aligned_alloc(CACHE_LINE, sizeof *log);

    assert(workers > 0);
    if (!log)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate the access log");
    *log = (struct gw_access_log){.fd = -1, .wake_fd = -1, .ended_fd = -1, .next_fd = -1};
    if (!allocate(log, workers)) {
        (void)gw_err_set(err, GW_NO_MEMORY, "could not allocate the access log");
        goto fail;
    }
    log->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    log->ended_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (log->wake_fd == -1 || log->ended_fd == -1) {
        status = gw_err_errno(err, "could not create an eventfd");
        goto fail;
    }
    if (path.len)
        status = gw_access_log_set_path(log, path, err);
    if (path.len && status != GW_OK)
        goto fail;
    status = start_thread(log, err);
    if (status != GW_OK)
        goto fail;
    *log_out = log;
    return GW_OK;

fail:
    free_log(log);
    return status;
}

void gw_access_log_destroy(struct gw_access_log *log)
{
    struct pollfd ended = {.events = POLLIN};

    if (!log)
        return;
    atomic_store(&log->stopping, true);
    signal_fd(log->wake_fd);
    ended.fd = log->ended_fd;
    if (poll(&ended, 1, GW_ACCESS_LOG_FLUSH_MS + JOIN_GRACE_MS) != 1) {
        /* It hangs in a write that poll() had promised would not block (another process took the
         * room). The process ends; what the thread still uses must stay. */
        (void)pthread_detach(log->thread);
        return;
    }
    (void)pthread_join(log->thread, NULL);
    free_log(log);
}

static void hand_over(struct gw_access_log *log, int fd)
{
    int unused = atomic_exchange(&log->next_fd, fd);

    if (unused != -1)
        close(unused);
    signal_fd(log->wake_fd);
}

enum gw_status gw_access_log_reopen(struct gw_access_log *log, struct gw_err *err)
{
    int fd = -1;

    if (!log->path)
        return GW_OK;
    enum gw_status status = open_path(log->path, &fd, err);
    if (status == GW_OK)
        hand_over(log, fd);
    return status;
}

enum gw_status gw_access_log_set_path(struct gw_access_log *log, struct gw_str path,
                                      struct gw_err *err)
{
    char *copy = strndup(path.base, path.len);
    int fd = -1;

    if (!copy)
        return gw_err_set(err, GW_NO_MEMORY, "could not keep the access log's path");
    enum gw_status status = open_path(copy, &fd, err);
    if (status != GW_OK) {
        free(copy);
        return status;
    }
    free(log->path);
    log->path = copy;
    hand_over(log, fd);
    return GW_OK;
}
