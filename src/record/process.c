#include "record/process.h"

#include "base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000u
#define STAT_BYTES_MAX 1024u
/* Fields of /proc/self/stat (proc(5)), counted from the one behind the command's closing
 * parenthesis, which is 3. */
enum stat_field {
    STAT_THREADS = 20 - 3,
    STAT_START_TICKS = 22 - 3,
    STAT_VIRTUAL = 23 - 3,
    STAT_RESIDENT_PAGES = 24 - 3
};

/* @return length; 0 when it could not be read */
static size_t read_stat(char *text, size_t room)
{
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

    if (fd == -1)
        return 0;
    ssize_t got = read(fd, text, room);
    close(fd);
    return got > 0 ? (size_t)got : 0;
}

static bool stat_number(struct gw_str stat, enum stat_field field, uint64_t *out)
{
    /* The command may hold blanks and parentheses: what counts starts behind the last one. */
    const char *command_end = stat.len ? memrchr(stat.base, ')', stat.len) : NULL;

    if (!command_end)
        return false;
    struct gw_str rest = gw_str_from(stat, (size_t)(command_end - stat.base) + 2);
    for (int i = 0; i < (int)field; i++)
        rest = gw_str_from(rest, gw_str_find(rest, ' ') + 1);
    rest.len = gw_str_find(rest, ' ');
    return gw_str_to_u64(rest, out);
}

static uint64_t clock_of(clockid_t id)
{
    struct timespec now = {0};

    return clock_gettime(id, &now) == 0
               ? (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec
               : 0;
}

static bool count_open_fds(uint64_t *out)
{
    DIR *dir = opendir("/proc/self/fd");
    uint64_t count = 0;

    if (!dir)
        return false;
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    *out = count - 1; /* the one we read it by */
    return true;
}

void gw_process_read(struct gw_process *process)
{
    char text[STAT_BYTES_MAX];
    struct gw_str stat = {text, read_stat(text, sizeof text)};
    uint64_t pages = 0;
    struct rlimit files;
    long page_bytes = sysconf(_SC_PAGESIZE);

    *process = (struct gw_process){0};
    process->cpu_ns = clock_of(CLOCK_PROCESS_CPUTIME_ID);
    process->has_cpu = process->cpu_ns != 0;
    process->has_threads = stat_number(stat, STAT_THREADS, &process->threads);
    process->has_memory = stat_number(stat, STAT_VIRTUAL, &process->virtual_bytes) &&
                          stat_number(stat, STAT_RESIDENT_PAGES, &pages) && page_bytes > 0;
    if (process->has_memory)
        process->resident_bytes = pages * (uint64_t)page_bytes;
    process->has_open_fds = count_open_fds(&process->open_fds);
    process->has_max_fds = getrlimit(RLIMIT_NOFILE, &files) == 0;
    if (process->has_max_fds)
        process->max_fds = files.rlim_cur;
}

uint64_t gw_process_start_wall_ns(void)
{
    char text[STAT_BYTES_MAX];
    struct gw_str stat = {text, read_stat(text, sizeof text)};
    uint64_t ticks, booted_ns = clock_of(CLOCK_BOOTTIME), wall_ns = clock_of(CLOCK_REALTIME);
    long per_second = sysconf(_SC_CLK_TCK);

    if (!stat_number(stat, STAT_START_TICKS, &ticks) || per_second <= 0)
        return 0;
    uint64_t started_ns = ticks * (NS_PER_SECOND / (uint64_t)per_second);
    return started_ns <= booted_ns ? wall_ns - (booted_ns - started_ns) : wall_ns;
}
