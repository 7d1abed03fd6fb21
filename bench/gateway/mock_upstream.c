/*
 * bench_mock_upstream: an upstream that costs next to nothing, to measure what stands before it.
 *
 *   bench_mock_upstream PORT EVENTS
 *
 * Answers any POST as OpenAI chat completions would: 1 KB of JSON, or, when the body asks for
 * "stream":true, EVENTS server-sent events, one write each, all streams in turn. One thread.
 * Request bodies need a Content-Length; what is unexpected ends the process, because it spoils a
 * measurement.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CONNECTIONS_MAX 16384
#define REQUEST_BYTES_MAX (64u * 1024)
#define EVENTS_MAX 100000
#define CONTENT "%0*zu"
#define ID "\"id\":\"chatcmpl-bench\",\"created\":1700000000,\"model\":\"bench\""
#define EVENT                                                                                      \
    "data: {" ID ",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{"     \
    "\"content\":\"" CONTENT "\"},\"finish_reason\":null}]}\n\n"
#define JSON                                                                                       \
    "{" ID ",\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"message\":{\"role\":"      \
    "\"assistant\",\"content\":\"" CONTENT "\"},\"finish_reason\":\"stop\"}],\"usage\":{"          \
    "\"prompt_tokens\":200,\"completion_tokens\":200,\"total_tokens\":400}}"

struct piece { /* what goes out in one write */
    char *bytes;
    size_t len;
};

struct connection {
    char request[REQUEST_BYTES_MAX + 1];
    size_t len;
    const struct piece *next, *end; /* of the answer under way; equal when there is none */
    size_t sent;                    /* bytes of *next that are out */
};

static struct piece json, *stream;
static size_t stream_pieces;
static struct connection *connections[CONNECTIONS_MAX]; /* by descriptor */
static int fd_max;

static struct piece make_piece(const char *head, const char *body, const char *tail)
{
    struct piece piece;
    int len = asprintf(&piece.bytes, "%s%s%s", head, body, tail);
    if (len < 0)
        err(1, "could not make the answers");
    piece.len = (size_t)len;
    return piece;
}

static void make_answers(size_t events)
{
    char head[200], body[2048];
    int len = snprintf(body, sizeof body, JSON, 800, (size_t)0);
    snprintf(head, sizeof head,
             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
             len);
    json = make_piece(head, body, "");

    stream = calloc(events + 1, sizeof *stream);
    if (stream == NULL)
        err(1, "could not make the answers");
    for (size_t i = 0; i <= events; i++) {
        len = i < events ? snprintf(body, sizeof body, EVENT, 100, i)
                         : snprintf(body, sizeof body, "data: [DONE]\n\n");
        snprintf(head, sizeof head, "%s%x\r\n",
                 i > 0 ? ""
                       : "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n",
                 (unsigned)len);
        stream[i] = make_piece(head, body, i < events ? "\r\n" : "\r\n0\r\n\r\n");
    }
    stream_pieces = events + 1;
}

static void hang_up(int fd)
{
    free(connections[fd]);
    connections[fd] = NULL;
    close(fd);
}

static void write_piece(int fd)
{
    struct connection *c = connections[fd];
    ssize_t n = send(fd, c->next->bytes + c->sent, c->next->len - c->sent, MSG_NOSIGNAL);
    if (n < 0) {
        if (errno != EAGAIN)
            hang_up(fd);
        return;
    }
    c->sent += (size_t)n;
    if (c->sent == c->next->len) {
        c->next++;
        c->sent = 0;
    }
}

static void read_request(int fd)
{
    struct connection *c = connections[fd];
    ssize_t n = recv(fd, c->request + c->len, REQUEST_BYTES_MAX - c->len, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        hang_up(fd);
        return;
    }
    c->len += (size_t)n;
    c->request[c->len] = '\0';

    char *end = strstr(c->request, "\r\n\r\n");
    if (end == NULL && c->len < REQUEST_BYTES_MAX)
        return;
    char *length = strcasestr(c->request, "\r\ncontent-length:");
    if (end == NULL || length == NULL || length > end)
        errx(1, "a request came without a Content-Length");
    size_t head = (size_t)(end + 4 - c->request), body = strtoul(length + 17, NULL, 10);
    if (body > REQUEST_BYTES_MAX - head || c->len > head + body || c->next != c->end)
        errx(1, "a request is too long, or came before the answer to the last one");
    if (c->len < head + body)
        return;
    c->len = 0;
    bool streams = strstr(end, "\"stream\":true") != NULL;
    c->next = streams ? stream : &json;
    c->end = c->next + (streams ? stream_pieces : 1);
}

static void accept_all(int listener, int epoll)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        if (fd >= CONNECTIONS_MAX || (connections[fd] = calloc(1, sizeof **connections)) == NULL ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
            errx(1, "could not take another connection");
        fd_max = fd > fd_max ? fd : fd_max;
    }
}

int main(int argc, char **argv)
{
    if (argc != 3 || atol(argv[2]) < 1 || atol(argv[2]) > EVENTS_MAX)
        errx(2, "usage: bench_mock_upstream PORT EVENTS");
    make_answers((size_t)atol(argv[2]));

    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(argv[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 4096) != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0)
        err(1, "could not listen on port %s", argv[1]);

    for (bool busy = false;;) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, busy ? 0 : -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == listener)
                accept_all(listener, epoll);
            else if (connections[events[i].data.fd] != NULL)
                read_request(events[i].data.fd);
        }
        busy = false;
        for (int fd = 0; fd <= fd_max; fd++) {
            if (connections[fd] != NULL && connections[fd]->next != connections[fd]->end)
                write_piece(fd);
            busy |= connections[fd] != NULL && connections[fd]->next != connections[fd]->end;
        }
    }
}
