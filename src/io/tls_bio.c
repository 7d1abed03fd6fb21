/* What OpenSSL reads from and writes to: a gw_sock, without a syscall that is known to be in vain.
 */
#include "io/tls_private.h"

#include <errno.h>

static int on_bio_read(BIO *bio, char *into, int room)
{
    struct gw_tls *tls = BIO_get_data(bio);
    struct gw_sock *sock = tls->sock;

    BIO_clear_retry_flags(bio);
    if (sock->eof)
        return 0;
    while (sock->readable) {
        ssize_t got = recv(sock->io.fd, into, (size_t)room, 0);
        tls->calls.recv++;
        if (got > 0) {
            /* As in gw_sock_read(): a FIN that was announced already makes no further edge. */
            sock->readable = got == room || sock->hup;
            tls->starved = false;
            return (int)got;
        }
        if (got == 0) {
            sock->eof = true;
            return 0;
        }
        if (errno == EAGAIN) {
            sock->readable = false;
        } else if (errno != EINTR) {
            tls->io_errno = errno;
            return -1;
        }
    }
    tls->starved = true;
    BIO_set_retry_read(bio);
    return -1;
}

static int on_bio_write(BIO *bio, const char *bytes, int len)
{
    struct gw_tls *tls = BIO_get_data(bio);
    struct gw_sock *sock = tls->sock;

    BIO_clear_retry_flags(bio);
    while (sock->writable) {
        ssize_t sent =
            send(sock->io.fd, bytes, (size_t)len, MSG_NOSIGNAL | (tls->more ? MSG_MORE : 0));
        tls->calls.send++;
        if (sent >= 0) {
            sock->writable = sent == len;
            sock->sent_bytes += (size_t)sent;
            return (int)sent;
        }
        if (errno == EAGAIN) {
            sock->writable = false;
        } else if (errno != EINTR) {
            tls->io_errno = errno;
            return -1;
        }
    }
    BIO_set_retry_write(bio);
    return -1;
}

static long on_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    const struct gw_tls *tls = BIO_get_data(bio);
    (void)number;
    (void)pointer;

    if (command == BIO_CTRL_EOF)
        return tls->sock->eof;
    return command == BIO_CTRL_FLUSH; /* nothing is held back here */
}

BIO_METHOD *gw_tls_bio_method(void)
{
    /* No type index of its own: there are only 127 for a process, and a profile is made at each
     * reload. */
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "gw_sock");

    if (method && (BIO_meth_set_read(method, on_bio_read) != 1 ||
                   BIO_meth_set_write(method, on_bio_write) != 1 ||
                   BIO_meth_set_ctrl(method, on_bio_ctrl) != 1)) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}
