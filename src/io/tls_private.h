/*
 * io/tls_private: what tls.c (sessions), tls_bio.c (their socket) and tls_profile.c (files and
 * settings) share.
 */
#ifndef GW_IO_TLS_PRIVATE_H
#define GW_IO_TLS_PRIVATE_H

#include "io/tls.h"

#include <openssl/ssl.h>

/* The largest payload of a record (RFC 8446 §5.1), and of one joined write. */
#define GW_TLS_RECORD_BYTES 16384u

struct gw_tls_profile {
    SSL_CTX *ctx;
    BIO_METHOD *bio_method; /* recv and send on a gw_sock */
    unsigned users;         /* the creator and each session; of one thread */
    X509_STORE *store; /* client: borrowed from ctx; sessions under another one are not resumed */
    bool server;
    char scratch[GW_TLS_RECORD_BYTES]; /* where small pieces are joined; holds nothing between calls
                                        */
};

struct gw_tls {
    SSL *ssl;
    struct gw_tls_profile *profile;
    struct gw_sock *sock;
    SSL_SESSION *ticket; /* newest, not taken yet */
    size_t committed;    /* bytes of the last write that may be encrypted but did not go */
    const char *fault;   /* static text; NULL: none */
    int io_errno;        /* of the BIO's last failed call */
    unsigned chatter;    /* records without data since the last with */
    bool handshaken;
    bool more;      /* the record being written is not the last of this call */
    bool starved;   /* what is buffered is no whole record */
    bool closed;    /* close_notify read */
    bool truncated; /* FIN without it */
    struct gw_tls_calls calls;
    char host[]; /* "" for a server */
};

void gw_tls_profile_retain(struct gw_tls_profile *profile);

/* @return NULL when out of memory */
BIO_METHOD *gw_tls_bio_method(void);

/* SSL_CTX_sess_set_new_cb: keeps the newest session in its struct gw_tls. */
int gw_tls_on_session(SSL *ssl, SSL_SESSION *session);

#endif
