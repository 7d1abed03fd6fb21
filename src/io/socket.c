#include "io/socket.h"

#include "io/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <unistd.h>

#define LISTEN_BACKLOG 4096
/* Data bytes acknowledged are counted with the SYN. */
#define SYN_BYTES 1u

void gw_sock_init(struct gw_sock *sock, int fd)
{
    *sock = (struct gw_sock){.io.fd = fd, .writable = true};
}

void gw_sock_note(struct gw_sock *sock, unsigned events)
{
    if (events & GW_IO_READ)
        sock->readable = true;
    if (events & GW_IO_WRITE)
        sock->writable = true;
    if (events & GW_IO_HUP)
        sock->hup = true;
}

enum gw_status gw_sock_read(struct gw_sock *sock, char *into, size_t room, size_t *len_out)
{
    if (sock->tls)
        return gw_tls_read(sock->tls, into, room, len_out);
    if (!sock->readable)
        return GW_AGAIN;
    ssize_t got = recv(sock->io.fd, into, room, 0);
    if (got > 0) {
        /* A short read has emptied the queue: what comes later makes an edge of its own. But a FIN
         * that was already announced makes none. */
        sock->readable = (size_t)got == room || sock->hup;
        *len_out = (size_t)got;
        return GW_OK;
    }
    if (got == 0) {
        sock->eof = true;
        return GW_EOF;
    }
    if (errno == EAGAIN || errno == EINTR) {
        sock->readable = errno == EINTR;
        return GW_AGAIN;
    }
    return GW_IO;
}

enum gw_status gw_sock_write(struct gw_sock *sock, const struct iovec *iov, int count, bool more,
                             size_t *len_out)
{
    size_t wanted = 0;

    if (sock->tls)
        return gw_tls_write(sock->tls, iov, count, len_out);
    for (int i = 0; i < count; i++)
        wanted += iov[i].iov_len;
    ssize_t sent;
    if (count == 1) {
        sent = send(sock->io.fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    } else {
        struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)iov,
                                 .msg_iovlen = (size_t)count};
        sent = sendmsg(sock->io.fd, &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    }
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR)
            return GW_IO;
        sent = 0;
    }
    sock->writable = (size_t)sent == wanted;
    sock->sent_bytes += (size_t)sent;
    *len_out = (size_t)sent;
    return GW_OK;
}

bool gw_sock_none_taken(const struct gw_sock *sock, uint64_t sent_before)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;

    if (sock->sent_bytes == sent_before)
        return true;
    if (!sock->eof || getsockopt(sock->io.fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1 ||
        len < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked)
        return false;
    return info.tcpi_bytes_acked <= sent_before + SYN_BYTES;
}

void gw_sock_shutdown(struct gw_sock *sock)
{
    if (sock->tls)
        gw_tls_shutdown(sock->tls);
    (void)shutdown(sock->io.fd, SHUT_WR);
}

void gw_sock_close(struct gw_loop *loop, struct gw_sock *sock, bool reset)
{
    if (sock->io.fd != -1 && reset) {
        struct linger linger = {.l_onoff = 1};
        (void)setsockopt(sock->io.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    if (sock->tls && !reset)
        gw_tls_shutdown(sock->tls);
    gw_tls_destroy(sock->tls);
    sock->tls = NULL;
    gw_loop_close(loop, &sock->io);
}

bool gw_addr_parse(struct gw_str host, unsigned port, struct gw_addr *addr_out)
{
    char text[INET6_ADDRSTRLEN];
    struct gw_addr addr = {0};

    if (host.len == 0 || host.len >= sizeof text || port > 65535 ||
        memchr(host.base, '\0', host.len))
        return false;
    memcpy(text, host.base, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, &addr.u.v4.sin_addr) == 1) {
        addr.u.v4.sin_family = AF_INET;
        addr.u.v4.sin_port = htons((uint16_t)port);
        addr.len = sizeof addr.u.v4;
    } else if (inet_pton(AF_INET6, text, &addr.u.v6.sin6_addr) == 1) {
        addr.u.v6.sin6_family = AF_INET6;
        addr.u.v6.sin6_port = htons((uint16_t)port);
        addr.len = sizeof addr.u.v6;
    } else {
        return false;
    }
    *addr_out = addr;
    return true;
}

const char *gw_addr_text(const struct gw_addr *addr, char out[GW_ADDR_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "?";
    bool v6 = addr->u.sa.sa_family == AF_INET6;
    const void *raw = v6 ? (const void *)&addr->u.v6.sin6_addr : (const void *)&addr->u.v4.sin_addr;
    unsigned port = ntohs(v6 ? addr->u.v6.sin6_port : addr->u.v4.sin_port);

    (void)inet_ntop(addr->u.sa.sa_family, raw, host, sizeof host);
    (void)snprintf(out, GW_ADDR_TEXT_BYTES, v6 ? "[%s]:%u" : "%s:%u", host, port);
    return out;
}

enum gw_status gw_listen(struct gw_str host, unsigned port, int *fd_out, struct gw_err *err)
{
    const int one = 1;
    struct gw_addr addr;
    char text[GW_ADDR_TEXT_BYTES];

    if (gw_str_eq(host, GW_STR("localhost")))
        host = GW_STR("127.0.0.1");
    if (!gw_addr_parse(host, port, &addr))
        return gw_err_set(err, GW_INVALID, "could not listen on \"%.*s\": not an IP address",
                          GW_STR_ARG(host));
    int fd = socket(addr.u.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return gw_err_errno(err, "could not create a socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == -1 ||
        bind(fd, &addr.u.sa, addr.len) == -1 || listen(fd, LISTEN_BACKLOG) == -1) {
        gw_err_errno(err, "could not listen on %s", gw_addr_text(&addr, text));
        close(fd);
        return GW_IO;
    }
    /* Accepted sockets inherit it: one syscall less for each connection. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *fd_out = fd;
    return GW_OK;
}

static bool read_name(int fd, struct gw_addr *addr,
                      int (*get_name)(int, struct sockaddr *, socklen_t *))
{
    addr->len = sizeof addr->u;
    return get_name(fd, &addr->u.sa, &addr->len) == 0;
}

unsigned gw_sock_local_port(int fd)
{
    struct gw_addr addr;

    if (!read_name(fd, &addr, getsockname))
        return 0;
    return ntohs(addr.u.sa.sa_family == AF_INET6 ? addr.u.v6.sin6_port : addr.u.v4.sin_port);
}

bool gw_sock_peer(int fd, struct gw_addr *addr_out)
{
    return read_name(fd, addr_out, getpeername);
}

enum gw_status gw_connect_start(const struct gw_addr *addr, int *fd_out, struct gw_err *err)
{
    const int one = 1;
    char text[GW_ADDR_TEXT_BYTES];
    int fd = socket(addr->u.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd == -1)
        return gw_err_errno(err, "could not create a socket");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, &addr->u.sa, addr->len) == -1 && errno != EINPROGRESS) {
        gw_err_errno(err, "could not connect to %s", gw_addr_text(addr, text));
        close(fd);
        return GW_IO;
    }
    *fd_out = fd;
    return GW_OK;
}

int gw_connect_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
        return errno;
    return error;
}
