/*
 * io/tls: TLS 1.2 and 1.3 over a struct gw_sock, as client and as server.
 *
 * Three lifetimes, from long to short:
 *   gw_tls_trust, gw_tls_identity   what files hold; loaded once per configuration, never on a
 * loop's thread, and shared by all workers (immutable, counted by OpenSSL) gw_tls_profile one per
 * worker and configuration: settings of many sessions; not locked gw_tls one per connection Keys
 * and session secrets stay inside OpenSSL; no message holds bytes of a file.
 *
 * Syscalls: one recv per readable event as long as it comes out short, one send per record. A retry
 * that cannot succeed makes none, because the session looks at sock->readable and sock->writable
 * first.
 *
 * Bounds: a session holds at most one record each way (17 KB) while it is in the middle of one, and
 * no buffer while it is idle. Early data, renegotiation and compression are off.
 */
#ifndef GW_IO_TLS_H
#define GW_IO_TLS_H

#include "io/socket.h"

struct gw_tls_trust;    /* CA certificates: see tls_profile.c */
struct gw_tls_identity; /* a certificate chain with its key, and the ticket keys */
struct gw_tls_profile;
struct gw_tls;
struct gw_tls_session; /* what a later handshake may resume */

/* Reads CA certificates (PEM). Blocks on files; a bundle of the usual 140 takes 25 ms.
 * @param ca_file  empty: the system's, by $SSL_CERT_FILE, $SSL_CERT_DIR, or where distributions
 * keep them. A hashed directory is read as certificates are needed: one small file for the first
 * session under each CA */
enum gw_status gw_tls_trust_load(struct gw_str ca_file, struct gw_tls_trust **trust_out,
                                 struct gw_err *err);
void gw_tls_trust_destroy(struct gw_tls_trust *trust);

/* Reads a PEM certificate chain, the leaf first, and its unencrypted key, and makes new ticket
 * keys. Blocks. */
enum gw_status gw_tls_identity_load(struct gw_str cert_file, struct gw_str key_file,
                                    struct gw_tls_identity **identity_out, struct gw_err *err);
void gw_tls_identity_destroy(struct gw_tls_identity *identity);

/* Verifies the peer's chain and its name, always. `trust` may be destroyed before the profile. */
enum gw_status gw_tls_client_profile(const struct gw_tls_trust *trust,
                                     struct gw_tls_profile **profile_out, struct gw_err *err);
/* Profiles of one identity accept each other's tickets. `identity` may be destroyed before the
 * profile. */
enum gw_status gw_tls_server_profile(const struct gw_tls_identity *identity,
                                     struct gw_tls_profile **profile_out, struct gw_err *err);
/* Sessions that still use it keep it alive. */
void gw_tls_profile_destroy(struct gw_tls_profile *profile);

/* @param host     name or IP literal (no brackets): sent as SNI if it is a name, and what the
 * certificate must be for
 * @param session  from gw_tls_session_take(), or NULL; ignored when it is of another host or
 * another trust */
enum gw_status gw_tls_client_create(struct gw_tls_profile *profile, struct gw_str host,
                                    const struct gw_tls_session *session, struct gw_tls **tls_out,
                                    struct gw_err *err);
enum gw_status gw_tls_server_create(struct gw_tls_profile *profile, struct gw_tls **tls_out,
                                    struct gw_err *err);
/* Frees the session, without a close_notify; the socket is untouched. */
void gw_tls_destroy(struct gw_tls *tls);

/* Binds both ways: sock->tls is set. `sock` must not move and must outlive the session. */
void gw_tls_attach(struct gw_tls *tls, struct gw_sock *sock);

/* Goes on with the handshake; call after each event until it is over.
 * @return GW_OK, GW_AGAIN, or GW_IO with a message that names the host and the reason; the peer was
 * sent an alert */
enum gw_status gw_tls_handshake(struct gw_tls *tls, struct gw_err *err);

/* Behind gw_sock_read(), with its contract. Fills `room` from as many records as are there.
 * @return GW_EOF only after the peer's close_notify. A bare FIN is GW_IO with gw_tls_truncated():
 * who knows from the framing that the message is whole may take it for an end. */
enum gw_status gw_tls_read(struct gw_tls *tls, char *into, size_t room, size_t *len_out);

/* Behind gw_sock_write(), with its contract; small pieces are joined into one record. After a short
 * write, the next call must begin with the bytes that did not go: some of them may be encrypted
 * already. */
enum gw_status gw_tls_write(struct gw_tls *tls, const struct iovec *iov, int count,
                            size_t *len_out);

/* Are there bytes to read that no event will announce? */
bool gw_tls_pending(const struct gw_tls *tls);
/* Did the stream end by a FIN without close_notify? */
bool gw_tls_truncated(const struct gw_tls *tls);
/* Why the last read or write said GW_IO, static text; "" when none did. */
const char *gw_tls_fault(const struct gw_tls *tls);
/* Was the handshake a resumption? */
bool gw_tls_resumed(const struct gw_tls *tls);

/* Sends close_notify, if it fits and the session is whole. */
void gw_tls_shutdown(struct gw_tls *tls);

/* The newest session that the server offered for resumption, or NULL; it is the caller's. TLS 1.3
 * servers offer it behind the handshake, so ask when the connection has been read from. May be used
 * for many connections, on any thread, but by one at a time. */
struct gw_tls_session *gw_tls_session_take(struct gw_tls *tls);
void gw_tls_session_destroy(struct gw_tls_session *session);

/* Calls of recv and send so far, the ones that would block included. */
struct gw_tls_calls {
    unsigned long recv, send;
};
struct gw_tls_calls gw_tls_calls(const struct gw_tls *tls);

#endif
