/* Sessions: what socket.c calls. */
#include "io/tls_private.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

/* A DNS name in text, RFC 1035 §3.1. */
#define HOST_BYTES_MAX 253
/* Reads in a row that bring nothing but records without data (tickets, key updates): past this, the
 * peer only keeps us busy. Each is at most a buffer full, some 600 key updates. */
#define CHATTER_MAX 8

struct gw_tls_session {
    SSL_SESSION *session;
    X509_STORE *store; /* retained, so that its address stays its name */
    char host[];
};

/* ---- create, destroy ---- */

static struct gw_tls *tls_create(struct gw_tls_profile *profile, struct gw_str host,
                                 struct gw_err *err)
{
    struct gw_tls *tls = calloc(1, sizeof *tls + host.len + 1);
    BIO *bio = BIO_new(profile->bio_method);

    if (tls)
        tls->ssl = SSL_new(profile->ctx);
    if (!tls || !tls->ssl || !bio) {
        BIO_free(bio);
        if (tls)
            SSL_free(tls->ssl);
        free(tls);
        ERR_clear_error();
        gw_err_set(err, GW_NO_MEMORY, "could not allocate a TLS session");
        return NULL;
    }
    if (host.len)
        memcpy(tls->host, host.base, host.len);
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, tls);
    tls->profile = profile;
    gw_tls_profile_retain(profile);
    return tls;
}

enum gw_status gw_tls_server_create(struct gw_tls_profile *profile, struct gw_tls **tls_out,
                                    struct gw_err *err)
{
    assert(profile->server);
    struct gw_tls *tls = tls_create(profile, (struct gw_str){NULL, 0}, err);

    if (!tls)
        return GW_NO_MEMORY;
    SSL_set_accept_state(tls->ssl);
    *tls_out = tls;
    return GW_OK;
}

/* Whom to expect, and whom to ask for. */
static bool set_peer(struct gw_tls *tls)
{
    struct gw_addr addr;

    /* RFC 6066 §3: no literal address in SNI. */
    if (gw_addr_parse(gw_str_of(tls->host), 0, &addr))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls->ssl), tls->host) == 1;
    SSL_set_hostflags(tls->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(tls->ssl, tls->host) == 1 &&
           SSL_set_tlsext_host_name(tls->ssl, tls->host) == 1;
}

/* A resumed handshake shows no certificate: what was checked then must be what would be checked
 * now. */
static bool session_fits(const struct gw_tls_session *session, const struct gw_tls *tls)
{
    return session && session->store == tls->profile->store &&
           gw_str_eq_nocase(gw_str_of(session->host), gw_str_of(tls->host)) &&
           SSL_SESSION_is_resumable(session->session);
}

/* A copy: OpenSSL marks a TLS 1.3 session as used up when its handshake is done (RFC 8446 §C.4,
 * against tracking by tickets, which is no concern between a gateway and its provider). */
static bool offer(struct gw_tls *tls, const struct gw_tls_session *session)
{
    SSL_SESSION *copy = SSL_SESSION_dup(session->session);
    bool ok = copy && SSL_set_session(tls->ssl, copy) == 1;

    SSL_SESSION_free(copy);
    return ok;
}

enum gw_status gw_tls_client_create(struct gw_tls_profile *profile, struct gw_str host,
                                    const struct gw_tls_session *session, struct gw_tls **tls_out,
                                    struct gw_err *err)
{
    assert(!profile->server);
    if (host.len > 1 && host.base[host.len - 1] == '.')
        host.len--; /* the root's dot is no part of names in certificates or SNI */
    if (host.len == 0 || host.len > HOST_BYTES_MAX || memchr(host.base, '\0', host.len))
        return gw_err_set(err, GW_INVALID, "could not start TLS: not a host name");
    struct gw_tls *tls = tls_create(profile, host, err);
    if (!tls)
        return GW_NO_MEMORY;
    if (!set_peer(tls) || (session_fits(session, tls) && !offer(tls, session))) {
        ERR_clear_error();
        gw_tls_destroy(tls);
        return gw_err_set(err, GW_INVALID, "could not start TLS with %.*s", GW_STR_ARG(host));
    }
    SSL_set_connect_state(tls->ssl);
    *tls_out = tls;
    return GW_OK;
}

void gw_tls_destroy(struct gw_tls *tls)
{
    if (!tls)
        return;
    if (tls->handshaken)
        /* Else OpenSSL holds the end against the session and does not resume it. */
        SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(tls->ssl);
    SSL_SESSION_free(tls->ticket);
    gw_tls_profile_destroy(tls->profile);
    free(tls);
}

void gw_tls_attach(struct gw_tls *tls, struct gw_sock *sock)
{
    tls->sock = sock;
    sock->tls = tls;
}

/* ---- failures ---- */

/* What people run into, and what to do about it. */
static const struct {
    int library, reason; /* library 0: an X509_V_ERR_… */
    const char *hint;
} hints[] = {
    {0, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, " (set ca_file to trust it)"},
    {0, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, " (set ca_file to trust it)"},
    {0, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     " (is its CA in ca_file, and does the server send the whole chain?)"},
    {0, X509_V_ERR_CERT_NOT_YET_VALID, " (is the clock right?)"},
    {0, X509_V_ERR_CERT_HAS_EXPIRED, " (renew it at the provider, or is the clock wrong?)"},
    {0, X509_V_ERR_HOSTNAME_MISMATCH, " (base_url must have a name that the certificate is for)"},
    {0, X509_V_ERR_IP_ADDRESS_MISMATCH,
     " (base_url must have an address that the certificate is for)"},
    {ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER, " (does that port speak TLS?)"},
    {ERR_LIB_SSL, SSL_R_HTTP_REQUEST, " (plain HTTP on a TLS port)"},
};

static const char *hint_of(int library, int reason)
{
    for (size_t i = 0; i < GW_COUNT(hints); i++)
        if (hints[i].library == library && hints[i].reason == reason)
            return hints[i].hint;
    return "";
}

/* Notes why a call failed for good. @return the hint that goes with it */
static const char *note_fault(struct gw_tls *tls, int error)
{
    unsigned long code = ERR_peek_error();
    const char *hint = "";

    tls->fault = "protocol error";
    if (error == SSL_ERROR_SYSCALL && tls->io_errno) {
        tls->fault = strerrordesc_np(tls->io_errno);
    } else if (error == SSL_ERROR_ZERO_RETURN || tls->sock->eof) {
        tls->fault = "the peer closed the connection without close_notify";
        tls->truncated = true;
    } else if (code) {
        const char *reason = ERR_reason_error_string(code);
        tls->fault = reason ? reason : tls->fault;
        hint = hint_of(ERR_GET_LIB(code), ERR_GET_REASON(code));
    }
    ERR_clear_error();
    return hint;
}

static enum gw_status handshake_failed(struct gw_tls *tls, int error, struct gw_err *err)
{
    long verified = SSL_get_verify_result(tls->ssl);
    const char *hint = note_fault(tls, error);

    if (verified != X509_V_OK && !tls->profile->server) {
        tls->fault = X509_verify_cert_error_string(verified);
        return gw_err_set(err, GW_IO, "could not verify the certificate of %.120s: %s%s", tls->host,
                          tls->fault, hint_of(0, (int)verified));
    }
    if (tls->truncated)
        tls->fault = "the peer closed the connection";
    return gw_err_set(err, GW_IO, "could not complete the TLS handshake with %.120s: %s%s",
                      tls->profile->server ? "the client" : tls->host, tls->fault, hint);
}

/* ---- handshake, read, write ---- */

enum gw_status gw_tls_handshake(struct gw_tls *tls, struct gw_err *err)
{
    if (tls->handshaken)
        return GW_OK;
    if (tls->fault)
        return gw_err_set(err, GW_IO, "could not complete the TLS handshake: %s", tls->fault);
    ERR_clear_error();
    int done = SSL_do_handshake(tls->ssl);
    if (done == 1) {
        tls->handshaken = true;
        (void)SSL_free_buffers(tls->ssl);
        return GW_OK;
    }
    int error = SSL_get_error(tls->ssl, done);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return GW_AGAIN;
    return handshake_failed(tls, error, err);
}

/* Of a read or write that moved nothing. */
static enum gw_status outcome(struct gw_tls *tls)
{
    int error = SSL_get_error(tls->ssl, 0);

    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return GW_AGAIN;
    if (error == SSL_ERROR_ZERO_RETURN && !tls->sock->eof) {
        /* Nothing is read from the socket behind a close_notify, so a FIN that was read stood
         * before it. */
        tls->closed = true;
        return GW_EOF;
    }
    (void)note_fault(tls, error);
    return GW_IO;
}

bool gw_tls_pending(const struct gw_tls *tls)
{
    return !tls->starved && SSL_has_pending(tls->ssl) == 1;
}

enum gw_status gw_tls_read(struct gw_tls *tls, char *into, size_t room, size_t *len_out)
{
    enum gw_status status = GW_AGAIN;
    size_t filled = 0;

    if (!tls->handshaken)
        return tls->fault ? GW_IO : GW_AGAIN;
    if (tls->closed)
        return GW_EOF;
    if (tls->fault)
        return GW_IO;
    ERR_clear_error();
    while (filled < room && (tls->sock->readable || gw_tls_pending(tls))) {
        size_t got = 0;
        if (SSL_read_ex(tls->ssl, into + filled, room - filled, &got) == 1) {
            filled += got;
            tls->chatter = 0;
            continue;
        }
        status = outcome(tls);
        if (status != GW_AGAIN || tls->starved || SSL_want_write(tls->ssl))
            break;
        if (++tls->chatter > CHATTER_MAX) { /* a record without data was read */
            tls->fault = "too many records without data";
            status = GW_IO;
            break;
        }
    }
    /* SSL_MODE_RELEASE_BUFFERS forgets the write buffer that a ticket or key update makes. Refused
     * if either is in use. */
    (void)SSL_free_buffers(tls->ssl);
    if (filled == 0)
        return status;
    *len_out = filled; /* an end or a failure is told by the next call */
    return GW_OK;
}

/* Where a write stands in the caller's pieces. */
struct place {
    const struct iovec *iov;
    size_t at; /* in *iov */
};

static void advance(struct place *place, size_t len)
{
    place->at += len;
    while (place->at > 0 && place->at >= place->iov->iov_len) {
        place->at -= place->iov->iov_len;
        place->iov++;
    }
}

/* The next `len` bytes in one run: where they lie if they do, else joined in `scratch`. `len` are
 * there. */
static const char *run_of(struct place place, size_t len, char *scratch)
{
    size_t filled = 0;

    while (place.iov->iov_len == 0)
        place.iov++;
    if (place.iov->iov_len - place.at >= len)
        return (const char *)place.iov->iov_base + place.at;
    while (filled < len) {
        size_t part = place.iov->iov_len - place.at;
        if (part > len - filled)
            part = len - filled;
        if (part)
            memcpy(scratch + filled, (const char *)place.iov->iov_base + place.at, part);
        filled += part;
        place = (struct place){place.iov + 1, 0};
    }
    return scratch;
}

enum gw_status gw_tls_write(struct gw_tls *tls, const struct iovec *iov, int count, size_t *len_out)
{
    struct place place = {iov, 0};
    size_t total = 0, gone = 0;

    if (tls->fault && !tls->truncated)
        return GW_IO; /* a peer that only stopped sending may still read */
    for (int i = 0; i < count; i++)
        total += iov[i].iov_len;
    assert(tls->committed <= total);
    ERR_clear_error();
    while (tls->handshaken && gone < total && tls->sock->writable) {
        size_t len = total - gone, sent = 0;
        /* A record that is under way must be asked for again as it was. */
        if (tls->committed)
            len = tls->committed;
        else if (len > GW_TLS_RECORD_BYTES)
            len = GW_TLS_RECORD_BYTES;
        tls->more = gone + len < total;
        if (SSL_write_ex(tls->ssl, run_of(place, len, tls->profile->scratch), len, &sent) != 1) {
            tls->committed = len;
            if (outcome(tls) != GW_AGAIN)
                return GW_IO;
            break;
        }
        tls->committed = 0;
        gone += sent;
        advance(&place, sent);
    }
    tls->more = false;
    *len_out = gone;
    return GW_OK;
}

void gw_tls_shutdown(struct gw_tls *tls)
{
    /* In the middle of a record there is no room for an alert, and asked twice OpenSSL would begin
     * to read. */
    if (!tls->handshaken || (tls->fault && !tls->truncated) || tls->committed ||
        (SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN))
        return;
    ERR_clear_error();
    (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

bool gw_tls_truncated(const struct gw_tls *tls)
{
    return tls->truncated;
}

const char *gw_tls_fault(const struct gw_tls *tls)
{
    return tls->fault ? tls->fault : "";
}

bool gw_tls_resumed(const struct gw_tls *tls)
{
    return SSL_session_reused(tls->ssl) == 1;
}

struct gw_tls_calls gw_tls_calls(const struct gw_tls *tls)
{
    return tls->calls;
}

/* ---- sessions to resume ---- */

int gw_tls_on_session(SSL *ssl, SSL_SESSION *session)
{
    struct gw_tls *tls = SSL_get_app_data(ssl);

    SSL_SESSION_free(tls->ticket);
    tls->ticket = session;
    return 1; /* the reference is ours now */
}

struct gw_tls_session *gw_tls_session_take(struct gw_tls *tls)
{
    size_t host_len = strlen(tls->host);

    if (!tls->ticket || !SSL_SESSION_is_resumable(tls->ticket))
        return NULL;
    struct gw_tls_session *taken = malloc(sizeof *taken + host_len + 1);
    if (!taken)
        return NULL;
    taken->session = tls->ticket;
    taken->store = tls->profile->store;
    (void)X509_STORE_up_ref(taken->store); /* fails for NULL only */
    memcpy(taken->host, tls->host, host_len + 1);
    tls->ticket = NULL;
    return taken;
}

void gw_tls_session_destroy(struct gw_tls_session *session)
{
    if (!session)
        return;
    SSL_SESSION_free(session->session);
    X509_STORE_free(session->store);
    free(session);
}
