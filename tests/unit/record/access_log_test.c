#include "unit/test.h"

#include "record/access_log.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/access_log_test.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static char *path_of(char room[96], const char *name)
{
    (void)snprintf(room, 96, "%s/%s", folder, name);
    return room;
}

static struct gw_access_log *create(const char *path, unsigned workers)
{
    struct gw_access_log *log = NULL;
    struct gw_err err = {0};

    if (gw_access_log_create(gw_str_of(path), workers, &log, &err) != GW_OK)
        fail_msg("%s", err.message);
    return log;
}

/* Lines say who wrote them, which one it is, and end in filler of a length that depends on that. */
static size_t make_line(char room[400], unsigned worker, unsigned number)
{
    int len = snprintf(room, 400, "%u %06u %0*u\n", worker, number,
                       (int)(1 + (number * 37 + worker) % 300), 7u);
    return (size_t)len;
}

static bool push(struct gw_access_log *log, unsigned worker, unsigned number)
{
    char line[400];
    size_t len = make_line(line, worker, number);

    return gw_access_log_push(log, worker, (struct gw_str){line, len});
}

/* Checks that `text` is whole lines of ours, in order for each worker.
 * @return how many */
static unsigned check_lines(const char *text, size_t len, int last[2])
{
    unsigned count = 0;

    for (const char *line = text, *end; line < text + len; line = end + 1, count++) {
        char *after, expected[400];
        unsigned worker = (unsigned)strtoul(line, &after, 10);
        unsigned number = (unsigned)strtoul(after, NULL, 10);
        end = memchr(line, '\n', (size_t)(text + len - line));
        assert_non_null(end);
        assert_in_range(worker, 0, 1);
        size_t expected_len = make_line(expected, worker, number);
        assert_int_equal(expected_len, end + 1 - line);
        assert_memory_equal(line, expected, expected_len);
        assert_true((int)number > last[worker]);
        last[worker] = (int)number;
    }
    return count;
}

static char *read_all(int fd, size_t *len_out)
{
    size_t room = (size_t)32 << 20, len = 0;
    char *text = malloc(room);
    ssize_t got;

    assert_non_null(text);
    while ((got = read(fd, text + len, room - len)) > 0)
        len += (size_t)got;
    *len_out = len;
    return text;
}

static unsigned check_file(const char *path, int last[2])
{
    size_t len;
    int fd = open(path, O_RDONLY);

    assert_int_not_equal(fd, -1);
    char *text = read_all(fd, &len);
    close(fd);
    assert_int_equal(unlink(path), 0);
    unsigned count = check_lines(text, len, last);
    free(text);
    return count;
}

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void test_file_gets_every_line(void **state)
{
    char path[96];
    int last[2] = {-1, -1};
    struct gw_access_log *log = create(path_of(path, "log"), 2);

    (void)state;
    for (unsigned i = 0; i < 500; i++)
        assert_true(push(log, i % 2, i));
    assert_int_equal(gw_access_log_dropped(log), 0);
    gw_access_log_destroy(log);
    /* Appends to what is there. */
    log = create(path, 2);
    assert_true(push(log, 1, 500));
    gw_access_log_destroy(log);
    assert_int_equal(check_file(path, last), 501);
    assert_int_equal(last[1], 500);
}

static void test_a_single_line_comes_at_once(void **state)
{
    char path[96], text[500];

    (void)state;
    assert_int_equal(mkfifo(path_of(path, "fifo"), 0600), 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    struct gw_access_log *log = create(path, 1);
    for (unsigned i = 0; i < 20; i++) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        assert_true(push(log, 0, i));
        assert_int_equal(poll(&readable, 1, 5000), 1);
        assert_true(read(fd, text, sizeof text) > 0);
    }
    gw_access_log_destroy(log);
    close(fd);
    assert_int_equal(unlink(path), 0);
}

static void test_stuck_pipe_drops_and_counts(void **state)
{
    char path[96];
    unsigned pushed = 0, taken = 0;
    int last[2] = {-1, -1};
    size_t len;

    (void)state;
    assert_int_equal(mkfifo(path_of(path, "fifo"), 0600), 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    assert_int_not_equal(fd, -1);
    struct gw_access_log *log = create(path, 2);
    uint64_t before_ms = now_ms();
    /* About 6 MB of lines: the pipe, the writer's hands and the rings hold less than 2. */
    for (; pushed < 40000; pushed++)
        taken += push(log, pushed % 2, pushed);
    assert_true(now_ms() - before_ms < 5000);
    assert_true(taken > 5000 && taken < 20000);
    assert_int_equal(gw_access_log_dropped(log), pushed - taken);
    /* The reader comes back: what was taken arrives whole, in order, and new lines are taken again.
     */
    unsigned came = 0;
    while (came < taken) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        static char text[1 << 21];
        size_t have = 0;
        assert_int_equal(poll(&readable, 1, 5000), 1);
        do {
            ssize_t got = read(fd, text + have, sizeof text - have);
            if (got > 0)
                have += (size_t)got;
            else
                (void)poll(&readable, 1, 5000);
        } while (have == 0 || text[have - 1] != '\n');
        came += check_lines(text, have, last);
    }
    assert_int_equal(came, taken);
    assert_true(push(log, 0, pushed));
    gw_access_log_destroy(log);
    char *text = read_all(fd, &len);
    assert_int_equal(check_lines(text, len, last), 1);
    free(text);
    close(fd);
    assert_int_equal(unlink(path), 0);
}

static void test_destroy_does_not_wait_for_a_stuck_pipe(void **state)
{
    char path[96];

    (void)state;
    assert_int_equal(mkfifo(path_of(path, "fifo"), 0600), 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    struct gw_access_log *log = create(path, 1);
    for (unsigned i = 0; i < 2000; i++)
        (void)push(log, 0, i);
    uint64_t before_ms = now_ms();
    gw_access_log_destroy(log);
    assert_in_range(now_ms() - before_ms, GW_ACCESS_LOG_FLUSH_MS - 50,
                    GW_ACCESS_LOG_FLUSH_MS + 900);
    close(fd);
    assert_int_equal(unlink(path), 0);
}

static void test_a_reader_that_left_is_counted(void **state)
{
    char path[96];

    (void)state;
    assert_int_equal(mkfifo(path_of(path, "fifo"), 0600), 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    struct gw_access_log *log = create(path, 1);
    close(fd); /* SIGPIPE must not end the process */
    for (unsigned i = 0; i < 10; i++)
        assert_true(push(log, 0, i));
    uint64_t until_ms = now_ms() + 5000;
    while (gw_access_log_dropped(log) < 10 && now_ms() < until_ms)
        (void)sched_yield();
    assert_int_equal(gw_access_log_dropped(log), 10);
    gw_access_log_destroy(log);
    assert_int_equal(unlink(path), 0);
}

#define REOPENINGS 8
#define LINES_PER_THREAD 20000u

struct pushing {
    struct gw_access_log *log;
    unsigned worker;
};

static void *push_all(void *arg)
{
    struct pushing *pushing = arg;

    for (unsigned i = 0; i < LINES_PER_THREAD; i++)
        while (!push(pushing->log, pushing->worker, i))
            (void)sched_yield();
    return NULL;
}

static void test_reopening_after_a_rename_loses_none(void **state)
{
    char path[96], moved[REOPENINGS][96];
    struct gw_access_log *log = create(path_of(path, "log"), 2);
    struct pushing pushing[2] = {{log, 0}, {log, 1}};
    pthread_t threads[2];
    struct gw_err err = {0};
    int last[2] = {-1, -1};
    unsigned count = 0;

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, push_all, &pushing[i]), 0);
    for (unsigned i = 0; i < REOPENINGS; i++) {
        struct stat about = {0};
        char name[16];
        (void)snprintf(name, sizeof name, "log.%u", i);
        /* Rotate once something is in it (or all has been written already). */
        for (unsigned tries = 0; about.st_size == 0 && tries < 200; tries++) {
            (void)poll(NULL, 0, 1);
            assert_int_equal(stat(path, &about), 0);
        }
        assert_int_equal(rename(path, path_of(moved[i], name)), 0);
        assert_int_equal(gw_access_log_reopen(log, &err), GW_OK);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    gw_access_log_destroy(log);
    for (unsigned i = 0; i < REOPENINGS; i++)
        count += check_file(moved[i], last);
    count += check_file(path, last);
    assert_int_equal(count, 2 * LINES_PER_THREAD);
    assert_int_equal(last[0], LINES_PER_THREAD - 1);
    assert_int_equal(last[1], LINES_PER_THREAD - 1);
}

static void test_reopening_frees_a_stuck_log(void **state)
{
    char path[96], file[96];
    struct gw_err err = {0};
    int last[2] = {-1, -1};
    size_t len;

    (void)state;
    assert_int_equal(mkfifo(path_of(path, "fifo"), 0600), 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    struct gw_access_log *log = create(path, 1);
    for (unsigned i = 0; i < 2000; i++)
        assert_true(push(log, 0, i));
    assert_int_equal(gw_access_log_set_path(log, gw_str_of(path_of(file, "log")), &err), GW_OK);
    gw_access_log_destroy(log);
    /* The pipe got the first lines, the last of them maybe in part; the file goes on with that one,
     * whole. */
    char *text = read_all(fd, &len);
    const char *newline = memrchr(text, '\n', len);
    unsigned count = newline ? check_lines(text, (size_t)(newline - text) + 1, last) : 0;
    free(text);
    count += check_file(file, last);
    assert_int_equal(count, 2000);
    close(fd);
    assert_int_equal(unlink(path), 0);
}

static void test_a_line_half_in_a_stuck_pipe_goes_whole_to_the_next(void **state)
{
    char path[96], file[96];
    static char line[10000];
    struct gw_err err = {0};
    uint64_t until_ms = now_ms() + 5000;
    size_t len;
    int waiting = 0;

    (void)state;
    assert_int_equal(mkfifo(path_of(path, "fifo"), 0600), 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    struct gw_access_log *log = create(path, 1);
    for (int i = 0; i < 10; i++) {
        memset(line, 'a' + i, sizeof line);
        line[sizeof line - 1] = '\n';
        assert_true(gw_access_log_push(log, 0, (struct gw_str){line, sizeof line}));
    }
    /* Three pages a line: the 16 of a pipe end within the sixth. */
    while (waiting < 5 * 10000 + 4096 && now_ms() < until_ms)
        assert_int_equal(ioctl(fd, FIONREAD, &waiting), 0);
    assert_int_equal(waiting, 5 * 10000 + 4096);
    assert_int_equal(gw_access_log_set_path(log, gw_str_of(path_of(file, "log")), &err), GW_OK);
    gw_access_log_destroy(log);
    close(fd);
    assert_int_equal(unlink(path), 0);
    fd = open(file, O_RDONLY);
    char *text = read_all(fd, &len);
    close(fd);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(len, 5 * sizeof line);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(text[i],
                         i % sizeof line == sizeof line - 1 ? '\n' : (int)('f' + i / sizeof line));
    free(text);
}

static void test_paths_that_cannot_be_opened(void **state)
{
    char path[96];
    struct gw_access_log *log = NULL;
    struct gw_err err = {0};

    (void)state;
    assert_int_equal(gw_access_log_create(gw_str_of(path_of(path, "no/such")), 1, &log, &err),
                     GW_IO);
    assert_null(log);
    assert_non_null(strstr(err.message, "no/such: No such file"));
    /* Nobody reads the FIFO: says so instead of hanging. */
    assert_int_equal(mkfifo(path_of(path, "fifo"), 0600), 0);
    assert_int_equal(gw_access_log_create(gw_str_of(path), 1, &log, &err), GW_IO);
    assert_int_equal(unlink(path), 0);
    /* A log that works stays as it was. */
    int last[2] = {-1, -1};
    log = create(path_of(path, "log"), 1);
    assert_int_equal(gw_access_log_set_path(log, GW_STR("/no/such"), &err), GW_IO);
    assert_true(push(log, 0, 1));
    assert_int_equal(gw_access_log_reopen(log, &err), GW_OK); /* still the old path */
    gw_access_log_destroy(log);
    assert_int_equal(check_file(path, last), 1);
}

static void test_nowhere_to_write(void **state)
{
    struct gw_access_log *log = create("", 1);
    struct gw_err err;

    (void)state;
    assert_int_equal(gw_access_log_reopen(log, &err), GW_OK);
    assert_true(push(log, 0, 1));
    uint64_t until_ms = now_ms() + 5000;
    while (gw_access_log_dropped(log) < 1 && now_ms() < until_ms)
        (void)sched_yield();
    assert_int_equal(gw_access_log_dropped(log), 1);
    gw_access_log_destroy(log);
    gw_access_log_destroy(NULL);
}

static void test_standard_error_and_long_lines(void **state)
{
    int pipe_fds[2], saved = dup(STDERR_FILENO);
    static char line[16000];
    size_t len;

    (void)state;
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_int_not_equal(dup2(pipe_fds[1], STDERR_FILENO), -1);
    close(pipe_fds[1]);
    struct gw_access_log *log = create("-", 1);
    /* Lines longer than PIPE_BUF arrive whole too. */
    for (unsigned i = 0; i < 3; i++) {
        memset(line, 'a' + (int)i, sizeof line);
        line[sizeof line - 1] = '\n';
        assert_true(gw_access_log_push(log, 0, (struct gw_str){line, sizeof line}));
    }
    gw_access_log_destroy(log);
    assert_int_not_equal(dup2(saved, STDERR_FILENO), -1);
    close(saved);
    char *text = read_all(pipe_fds[0], &len);
    close(pipe_fds[0]);
    assert_int_equal(len, 3 * sizeof line);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(text[i],
                         i % sizeof line == sizeof line - 1 ? '\n' : (int)('a' + i / sizeof line));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_gets_every_line),
        cmocka_unit_test(test_a_single_line_comes_at_once),
        cmocka_unit_test(test_stuck_pipe_drops_and_counts),
        cmocka_unit_test(test_destroy_does_not_wait_for_a_stuck_pipe),
        cmocka_unit_test(test_a_reader_that_left_is_counted),
        cmocka_unit_test(test_reopening_after_a_rename_loses_none),
        cmocka_unit_test(test_reopening_frees_a_stuck_log),
        cmocka_unit_test(test_a_line_half_in_a_stuck_pipe_goes_whole_to_the_next),
        cmocka_unit_test(test_paths_that_cannot_be_opened),
        cmocka_unit_test(test_nowhere_to_write),
        cmocka_unit_test(test_standard_error_and_long_lines),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
