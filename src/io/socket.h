/*
 * io/socket: one connected stream socket, plain or under TLS, non-blocking.
 *
 * The only place that knows whether bytes are encrypted: gw_sock_read() and gw_sock_write() branch
 * on `tls`, and another backend (io_uring) would be put behind these same two.
 */
#ifndef GW_IO_SOCKET_H
#define GW_IO_SOCKET_H

#include "io/loop.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

struct gw_tls; /* io/tls */

struct gw_addr {
    union {
        struct sockaddr sa;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } u;
    socklen_t len;
};

struct gw_sock {
    struct gw_io io; /* must stay first */
    struct gw_tls *tls;
    bool readable; /* the kernel may hold bytes: the last read was not short */
    bool writable; /* the last write was not short */
    bool eof;      /* FIN read */
    bool hup;      /* the loop said GW_IO_HUP: an end will come behind the bytes in the queue */
    uint64_t sent_bytes; /* written to the kernel since connect */
};

/* Wraps a descriptor; not registered yet. */
void gw_sock_init(struct gw_sock *sock, int fd);

/* Records what the loop said; call first in on_io. */
void gw_sock_note(struct gw_sock *sock, unsigned events);

/* @return GW_OK and 0 < *len_out <= room; GW_AGAIN; GW_EOF (clean end); GW_IO (reset, TLS failure)
 * Without TLS a read shorter than `room` clears `readable`, so the next call says GW_AGAIN without
 * a syscall. */
enum gw_status gw_sock_read(struct gw_sock *sock, char *into, size_t room, size_t *len_out);

/* Writes what fits. GW_OK: *len_out of the bytes went (maybe not all: then `writable` is false and
 * GW_IO_WRITE will come). GW_IO: broken. `more`: further bytes follow at once. */
enum gw_status gw_sock_write(struct gw_sock *sock, const struct iovec *iov, int count, bool more,
                             size_t *len_out);

/* Is it certain that the peer has taken none of the bytes written after `sent_before`, so that it cannot have acted on
 * them? Yes when none left, and when the peer's FIN came without acknowledging any: it had closed before they arrived. A
 * reset alone tells nothing: what it acknowledges is not counted by the kernel. */
bool gw_sock_none_taken(const struct gw_sock *sock, uint64_t sent_before);

/* Half-closes for writing (TLS: close_notify first). */
void gw_sock_shutdown(struct gw_sock *sock);

/* Closes, drops the TLS session. Memory: see gw_loop_close(). `reset`: the peer sees an RST, not a
 * clean end. */
void gw_sock_close(struct gw_loop *loop, struct gw_sock *sock, bool reset);

/* A listening TCP socket with SO_REUSEPORT. `host` is an IPv4 or IPv6 address, or "localhost". */
enum gw_status gw_listen(struct gw_str host, unsigned port, int *fd_out, struct gw_err *err);
/* The port a socket is bound to; 0 on failure. */
unsigned gw_sock_local_port(int fd);
/* Starts a connect; GW_OK also when it is under way. Sets TCP_NODELAY. */
enum gw_status gw_connect_start(const struct gw_addr *addr, int *fd_out, struct gw_err *err);
/* The connect's outcome, once writable: 0 or an errno. */
int gw_connect_error(int fd);
/* Parses an IP address literal ("127.0.0.1", "::1", without brackets). */
bool gw_addr_parse(struct gw_str host, unsigned port, struct gw_addr *addr_out);
/* "127.0.0.1:8080", NUL-terminated, for messages. */
#define GW_ADDR_TEXT_BYTES 64
const char *gw_addr_text(const struct gw_addr *addr, char out[GW_ADDR_TEXT_BYTES]);
/* Of a connected socket. */
bool gw_sock_peer(int fd, struct gw_addr *addr_out);

#endif
