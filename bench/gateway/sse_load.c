/*
 * bench_sse_load: streams through a gateway, and compares every byte of them.
 *
 *   bench_sse_load PORT UPSTREAM_PORT CONNECTIONS STREAMS
 *
 * Takes one stream from the upstream itself, then STREAMS from PORT, as many at once as
 * CONNECTIONS. Each body, its chunked coding removed, must be the upstream's; anything else ends
 * the process. Prints "seconds first_p50_us first_p99_us", "first" being the time to the first body
 * byte.
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define STREAMS_MAX 10000000
#define LINE_BYTES_MAX 8192u
#define BODY_BYTES_MAX (64u * 1024 * 1024)
#define BODY                                                                                       \
    "{\"model\":\"bench\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Go\"}]}"

enum part { PART_HEAD, PART_SIZE, PART_DATA, PART_DONE };

struct stream {
    int fd;
    enum part part;
    char line[LINE_BYTES_MAX + 1]; /* the head, or a chunk's size, so far */
    size_t line_len;
    size_t left;     /* of the chunk, with the CRLF after it */
    bool last;       /* the chunk is the empty one */
    size_t body_len; /* so far */
    uint64_t asked_us;
};

static char *expected;
static size_t expected_len;
static bool learning;
static uint64_t *first_us;
static size_t first_count;

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static int dial(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(port)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        err(1, "could not connect to port %s", port);
    return fd;
}

static void ask(struct stream *stream)
{
    int fd = stream->fd;
    *stream = (struct stream){.fd = fd, .asked_us = now_us()};
    if (dprintf(fd,
                "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                "bench\r\n"
                "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                sizeof BODY - 1, BODY) < 0)
        err(1, "could not send a request");
}

static void take_body(struct stream *stream, const char *bytes, size_t len)
{
    if (learning && stream->body_len + len <= BODY_BYTES_MAX) {
        memcpy(expected + stream->body_len, bytes, len);
        expected_len += len;
    }
    if (!learning && stream->body_len == 0)
        first_us[first_count++] = now_us() - stream->asked_us;
    if (stream->body_len + len > expected_len ||
        memcmp(expected + stream->body_len, bytes, len) != 0)
        errx(1, "a stream differs from the upstream's after %zu bytes", stream->body_len);
    stream->body_len += len;
}

static void take_line(struct stream *stream)
{
    stream->line[stream->line_len] = '\0';
    stream->line_len = 0;
    if (stream->part == PART_HEAD) {
        if (strncmp(stream->line, "HTTP/1.1 200", 12) != 0 ||
            strcasestr(stream->line, "\r\ntransfer-encoding: chunked") == NULL)
            errx(1, "not a stream:\n%s", stream->line);
        stream->part = PART_SIZE;
    } else {
        size_t size = strtoul(stream->line, NULL, 16);
        stream->last = size == 0;
        stream->left = size + 2;
        stream->part = PART_DATA;
    }
}

/* Returns whether the stream ended. */
static bool read_stream(struct stream *stream)
{
    char bytes[65536];
    ssize_t got = recv(stream->fd, bytes, sizeof bytes, 0);
    if (got <= 0)
        errx(1, "a connection broke in mid-stream, after %zu body bytes", stream->body_len);
    for (size_t i = 0, len = (size_t)got; i < len;) {
        if (stream->part == PART_DATA) {
            size_t n = len - i < stream->left ? len - i : stream->left;
            size_t body = stream->left > 2 ? stream->left - 2 : 0;
            if (body > 0)
                take_body(stream, bytes + i, n < body ? n : body);
            i += n;
            stream->left -= n;
            if (stream->left == 0)
                stream->part = stream->last ? PART_DONE : PART_SIZE;
            continue;
        }
        if (stream->part == PART_DONE || stream->line_len == LINE_BYTES_MAX)
            errx(1, "a stream does not end where it should");
        const char *end = stream->part == PART_HEAD ? "\r\n\r\n" : "\r\n";
        stream->line[stream->line_len++] = bytes[i++];
        if (stream->line_len >= strlen(end) &&
            memcmp(stream->line + stream->line_len - strlen(end), end, strlen(end)) == 0)
            take_line(stream);
    }
    if (stream->part == PART_DONE && stream->body_len != expected_len)
        errx(1, "a stream ended after %zu of %zu bytes", stream->body_len, expected_len);
    return stream->part == PART_DONE;
}

static void learn(const char *port)
{
    struct stream stream = {.fd = dial(port)};
    if ((expected = malloc(BODY_BYTES_MAX)) == NULL)
        err(1, "could not allocate");
    learning = true;
    ask(&stream);
    while (!read_stream(&stream))
        ;
    learning = false;
    close(stream.fd);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static struct stream streams[CONNECTIONS_MAX];
    size_t width = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
    size_t total = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
    if (width < 1 || width > CONNECTIONS_MAX || total < width || total > STREAMS_MAX)
        errx(2, "usage: bench_sse_load PORT UPSTREAM_PORT CONNECTIONS STREAMS");
    learn(argv[2]);

    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if ((first_us = calloc(total, sizeof *first_us)) == NULL)
        err(1, "could not allocate");
    uint64_t start_us = now_us();
    for (size_t i = 0; i < width; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &streams[i]};
        streams[i].fd = dial(argv[1]);
        epoll_ctl(epoll, EPOLL_CTL_ADD, streams[i].fd, &event);
        ask(&streams[i]);
    }
    for (size_t asked = width, ended = 0; ended < total;) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, 10000);
        if (n == 0)
            errx(1, "nothing came for 10 s; %zu of %zu streams had ended", ended, total);
        for (int i = 0; i < n; i++) {
            if (!read_stream(events[i].data.ptr))
                continue;
            ended++;
            if (asked++ < total)
                ask(events[i].data.ptr);
        }
    }
    double seconds = (double)(now_us() - start_us) / 1e6;
    qsort(first_us, first_count, sizeof *first_us, compare);
    printf("%.3f %lu %lu\n", seconds, first_us[first_count / 2], first_us[first_count * 99 / 100]);
}
