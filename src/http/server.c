#include "http/server_private.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Over connections_max this many more may wait for their 503. */
#define OVERLOADED_CONNECTIONS_MAX 512u
#define ACCEPTS_PER_EVENT 64
/* Of an answer: what a handler sends although it was told to wait. */
#define OUT_BYTES_MAX ((size_t)64 << 20)

void gw_server_check_drained(struct gw_server *server)
{
    if (!server->draining || server->count != 0 || !server->on_drained)
        return;
    void (*on_drained)(void *) = server->on_drained;
    server->on_drained = NULL;
    gw_loop_timer_clear(server->http->loop, &server->drain_timer);
    on_drained(server->drained_arg);
}

static void down_open(struct gw_server *server, int fd)
{
    struct gw_loop *loop = server->http->loop;
    struct gw_down *down = calloc(1, sizeof *down);

    if (!down) {
        close(fd);
        return;
    }
    gw_sock_init(&down->sock, fd);
    down->sock.io.on_io = gw_down_on_io;
    down->server = server;
    down->deadline.timer.on_timer = gw_down_on_deadline;
    gw_buf_init(&down->in, server->limits.header_bytes_max + 2 * GW_HTTP_READ_BYTES);
    gw_buf_init(&down->out, OUT_BYTES_MAX);
    down->state = DOWN_HEAD;
    enum gw_status status = GW_OK;
    if (server->tls) {
        struct gw_tls *tls = NULL;
        down->state = DOWN_HANDSHAKE;
        status = gw_tls_server_create(server->tls, &tls, NULL);
        if (status == GW_OK)
            gw_tls_attach(tls, &down->sock);
    }
    if (status != GW_OK || gw_loop_add(loop, &down->sock.io, NULL) != GW_OK) {
        gw_tls_destroy(down->sock.tls);
        close(fd);
        free(down);
        return;
    }
    down->overloaded = server->count >= server->limits.connections_max;
    down->next = server->downs;
    down->link = &server->downs;
    if (down->next)
        down->next->link = &down->next;
    server->downs = down;
    server->count++;
    gw_deadline_set(loop, &down->deadline, server->limits.header_timeout_ms);
}

/* Descriptors have run out: the caller is told by a closed connection instead of a hanging one, and
 * the listener does not spin. */
static void refuse_one(struct gw_server *server)
{
    if (server->spare_fd != -1)
        close(server->spare_fd);
    int fd = accept4(server->io.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd != -1)
        close(fd);
    server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* @return false when the queue is empty */
static bool accept_one(struct gw_server *server)
{
    int fd = accept4(server->io.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd == -1) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            refuse_one(server);
        return errno == ECONNABORTED || errno == EINTR;
    }
    if (server->count >= server->limits.connections_max + OVERLOADED_CONNECTIONS_MAX)
        close(fd);
    else
        down_open(server, fd);
    return true;
}

static void on_accept(struct gw_io *io, unsigned events)
{
    struct gw_server *server = (struct gw_server *)io;
    (void)events;

    for (int i = 0; i < ACCEPTS_PER_EVENT && accept_one(server); i++)
        ;
}

/* ---- the server ---- */

enum gw_status gw_server_create(struct gw_http *http, int fd, struct gw_tls_profile *tls,
                                const struct gw_server_limits *limits,
                                const struct gw_server_handler *handler, void *arg,
                                struct gw_server **server_out, struct gw_err *err)
{
    struct gw_server *server = calloc(1, sizeof *server);

    if (!server) {
        close(fd);
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a server");
    }
    server->io = (struct gw_io){.fd = fd, .on_io = on_accept};
    server->http = http;
    server->tls = tls;
    server->limits = *limits;
    server->handler = handler;
    server->arg = arg;
    server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    enum gw_status status = gw_loop_add_level(http->loop, &server->io, err);
    if (status != GW_OK) {
        gw_server_destroy(server);
        return status;
    }
    *server_out = server;
    return GW_OK;
}

void gw_server_set_limits(struct gw_server *server, const struct gw_server_limits *limits)
{
    server->limits = *limits;
}

static void on_drain_timeout(struct gw_timer *timer)
{
    struct gw_server *server =
        (struct gw_server *)((char *)timer - offsetof(struct gw_server, drain_timer));

    if (server->count)
        gw_log(GW_LOG_WARN, "drain timeout: %u connections are cut off", server->count);
    /* The last close ends the draining, which may destroy the server: count it down here. */
    for (unsigned left = server->count; left > 0; left--)
        gw_down_close(server->downs, true);
}

void gw_server_set_tls(struct gw_server *server, struct gw_tls_profile *tls)
{
    assert(server->tls);
    server->tls = tls;
}

void gw_server_drain(struct gw_server *server, unsigned timeout_ms, void (*on_drained)(void *arg),
                     void *arg)
{
    if (server->draining)
        return;
    while (accept_one(server))
        ;
    gw_loop_close(server->http->loop, &server->io);
    server->draining = true;
    server->on_drained = on_drained;
    server->drained_arg = arg;
    server->drain_timer.on_timer = on_drain_timeout;
    gw_loop_timer_set(server->http->loop, &server->drain_timer, timeout_ms);
    for (struct gw_down *down = server->downs, *next; down; down = next) {
        next = down->next;
        /* A new connection may have its request in the kernel already: read before calling it idle.
         */
        if (down->state == DOWN_HEAD && !down->partial) {
            down->sock.readable = true;
            gw_down_read(down);
        }
    }
    for (struct gw_down *down = server->downs, *next; down; down = next) {
        next = down->next;
        if (down->state == DOWN_HEAD && !down->partial && gw_buf_len(&down->in) == 0 &&
            server->count > 0)
            gw_down_close(down, false);
    }
    gw_server_check_drained(server);
}

bool gw_server_is_draining(const struct gw_server *server)
{
    return server->draining;
}

unsigned gw_server_connections(const struct gw_server *server)
{
    return server->count;
}

void gw_server_destroy(struct gw_server *server)
{
    if (!server)
        return;
    server->on_drained = NULL;
    while (server->downs)
        gw_down_close(server->downs, true);
    gw_loop_timer_clear(server->http->loop, &server->drain_timer);
    if (server->io.fd != -1)
        gw_loop_close(server->http->loop, &server->io);
    if (server->spare_fd != -1)
        close(server->spare_fd);
    gw_loop_free_later(server->http->loop, server);
}
