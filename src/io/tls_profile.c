/* The files behind TLS, and the settings of its sessions. */
#include "io/tls_private.h"

#include <dirent.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* OpenSSL 3.0: 16 bytes of name, 32 for HMAC, 32 for AES. */
#define TICKET_KEY_BYTES 80
/* Certificates of a chain file; more is not a chain. */
#define CHAIN_MAX 16

struct gw_tls_trust {
    X509_STORE *store;
};

struct gw_tls_identity {
    X509 *leaf;
    STACK_OF(X509) * chain; /* without the leaf */
    EVP_PKEY *key;
    unsigned char ticket_keys[TICKET_KEY_BYTES];
};

/* Where distributions keep a bundle: Debian, Fedora, SUSE, Alpine. */
static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

static const unsigned char alpn_http1[] = "\x08http/1.1";
#define ALPN_HTTP1_BYTES (sizeof alpn_http1 - 1)

/* The reason of OpenSSL's last error, never its data: that could quote the file. Empties the queue.
 */
static const char *last_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);

    ERR_clear_error();
    return reason ? reason : "not in PEM form";
}

/* OpenSSL wants NUL-terminated paths. */
static enum gw_status path_of(struct gw_str path, char out[PATH_MAX], struct gw_err *err)
{
    if (path.len == 0 || path.len >= PATH_MAX || memchr(path.base, '\0', path.len))
        return gw_err_set(err, GW_INVALID, "could not open \"%.*s\": not a path",
                          (int)(path.len < 100 ? path.len : 100), path.base);
    memcpy(out, path.base, path.len);
    out[path.len] = '\0';
    return GW_OK;
}

static BIO *open_file(const char *path, const char *what, struct gw_err *err)
{
    FILE *file = fopen(path, "re");
    BIO *bio = file ? BIO_new_fp(file, BIO_CLOSE) : NULL;

    if (!bio) {
        gw_err_errno(err, "could not open %s %s", what, path);
        if (file)
            (void)fclose(file);
    }
    return bio;
}

/* ---- CA certificates ---- */

static enum gw_status load_bundle(X509_STORE *store, const char *path, struct gw_err *err)
{
    ERR_clear_error();
    if (X509_STORE_load_file(store, path) == 1)
        return GW_OK;
    /* Was it the file, or what is in it? */
    BIO *file = open_file(path, "CA certificates", err);
    if (!file)
        return GW_IO;
    BIO_free(file);
    ERR_clear_error();
    return gw_err_set(err, GW_INVALID,
                      "could not load CA certificates from %s: no PEM certificate inside", path);
}

/* "0a775a30.0": named by the hash of the subject. */
static bool is_hashed_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] == '0';
}

static bool is_hashed_dir(const char *path)
{
    DIR *dir = opendir(path);
    bool hashed = false;

    if (!dir)
        return false;
    for (struct dirent *entry; !hashed && (entry = readdir(dir));)
        hashed = is_hashed_name(entry->d_name);
    (void)closedir(dir);
    return hashed;
}

/* A hashed directory is preferred: it costs nothing until a certificate is needed, a bundle 40 ms
 * and 3 MB. */
static enum gw_status load_system(X509_STORE *store, struct gw_err *err)
{
    const char *file = getenv(X509_get_default_cert_file_env());
    const char *dir = getenv(X509_get_default_cert_dir_env());

    if (file && *file)
        return load_bundle(store, file, err);
    if (!dir || !*dir)
        dir = X509_get_default_cert_dir();
    if (is_hashed_dir(dir) && X509_STORE_load_path(store, dir) == 1)
        return GW_OK;
    for (size_t i = 0; i < GW_COUNT(bundles); i++)
        if (access(bundles[i], R_OK) == 0)
            return load_bundle(store, bundles[i], err);
    return gw_err_set(err, GW_NOT_FOUND,
                      "could not find the system's CA certificates: set SSL_CERT_FILE or ca_file");
}

enum gw_status gw_tls_trust_load(struct gw_str ca_file, struct gw_tls_trust **trust_out,
                                 struct gw_err *err)
{
    char path[PATH_MAX];
    struct gw_tls_trust *trust = calloc(1, sizeof *trust);
    enum gw_status status = GW_NO_MEMORY;

    if (trust)
        trust->store = X509_STORE_new();
    if (!trust || !trust->store)
        gw_err_set(err, status, "could not allocate a CA store");
    else if (ca_file.len == 0)
        status = load_system(trust->store, err);
    else if ((status = path_of(ca_file, path, err)) == GW_OK)
        status = load_bundle(trust->store, path, err);
    if (status == GW_OK)
        *trust_out = trust;
    else
        gw_tls_trust_destroy(trust);
    return status;
}

void gw_tls_trust_destroy(struct gw_tls_trust *trust)
{
    if (!trust)
        return;
    X509_STORE_free(trust->store);
    free(trust);
}

/* ---- the server's certificate ---- */

/* Without it OpenSSL would ask on the terminal. Notes that it was asked. */
static int no_password(char *into, int room, int writing, void *asked)
{
    (void)into;
    (void)room;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

static enum gw_status load_chain(struct gw_tls_identity *identity, const char *path,
                                 struct gw_err *err)
{
    BIO *file = open_file(path, "certificate", err);
    bool encrypted = false;
    X509 *next;

    if (!file)
        return GW_IO;
    identity->leaf = PEM_read_bio_X509(file, NULL, no_password, &encrypted);
    while (identity->leaf && sk_X509_num(identity->chain) < CHAIN_MAX &&
           (next = PEM_read_bio_X509(file, NULL, no_password, &encrypted)))
        if (sk_X509_push(identity->chain, next) == 0)
            X509_free(next);
    BIO_free(file);
    /* The end of the file shows as "no start line"; anything else is a broken certificate. */
    unsigned long code = ERR_peek_last_error();
    bool at_end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    if (identity->leaf && at_end) {
        ERR_clear_error();
        return GW_OK;
    }
    if (identity->leaf && code == 0)
        return gw_err_set(err, GW_TOO_LARGE,
                          "could not load certificate %s: more than %d certificates", path,
                          CHAIN_MAX);
    return gw_err_set(err, GW_INVALID, "could not load certificate %s: %s", path,
                      at_end ? "no PEM certificate inside" : last_reason());
}

static enum gw_status load_key(struct gw_tls_identity *identity, const char *path,
                               struct gw_err *err)
{
    BIO *file = open_file(path, "key", err);
    bool encrypted = false;

    if (!file)
        return GW_IO;
    identity->key = PEM_read_bio_PrivateKey(file, NULL, no_password, &encrypted);
    BIO_free(file);
    if (identity->key)
        return GW_OK;
    ERR_clear_error();
    return gw_err_set(err, GW_INVALID, "could not load key %s: %s", path,
                      encrypted ? "it is encrypted" : "no PEM private key inside");
}

enum gw_status gw_tls_identity_load(struct gw_str cert_file, struct gw_str key_file,
                                    struct gw_tls_identity **identity_out, struct gw_err *err)
{
    char cert_path[PATH_MAX], key_path[PATH_MAX];
    struct gw_tls_identity *identity = calloc(1, sizeof *identity);
    enum gw_status status = GW_NO_MEMORY;

    if (identity)
        identity->chain = sk_X509_new_null();
    if (!identity || !identity->chain) {
        gw_err_set(err, status, "could not allocate a TLS identity");
        goto fail;
    }
    ERR_clear_error();
    if ((status = path_of(cert_file, cert_path, err)) != GW_OK ||
        (status = path_of(key_file, key_path, err)) != GW_OK ||
        (status = load_chain(identity, cert_path, err)) != GW_OK ||
        (status = load_key(identity, key_path, err)) != GW_OK)
        goto fail;
    if (X509_check_private_key(identity->leaf, identity->key) != 1) {
        ERR_clear_error();
        status = gw_err_set(err, GW_INVALID, "could not use key %s: it is not the key of %s",
                            key_path, cert_path);
        goto fail;
    }
    if (RAND_priv_bytes(identity->ticket_keys, TICKET_KEY_BYTES) != 1) {
        status = gw_err_set(err, GW_IO, "could not make TLS ticket keys: %s", last_reason());
        goto fail;
    }
    *identity_out = identity;
    return GW_OK;

fail:
    gw_tls_identity_destroy(identity);
    return status;
}

void gw_tls_identity_destroy(struct gw_tls_identity *identity)
{
    if (!identity)
        return;
    X509_free(identity->leaf);
    sk_X509_pop_free(identity->chain, X509_free);
    EVP_PKEY_free(identity->key);
    OPENSSL_cleanse(identity->ticket_keys, sizeof identity->ticket_keys);
    free(identity);
}

/* ---- profiles ---- */

static struct gw_tls_profile *profile_create(const SSL_METHOD *method, struct gw_err *err)
{
    struct gw_tls_profile *profile = calloc(1, sizeof *profile);

    if (!profile)
        goto fail;
    profile->users = 1;
    profile->bio_method = gw_tls_bio_method();
    profile->ctx = SSL_CTX_new(method);
    if (!profile->ctx || !profile->bio_method)
        goto fail;
    SSL_CTX_set_min_proto_version(profile->ctx, TLS1_2_VERSION);
    /* A bare FIN would count as a fatal alert and spoil the session for resumption; tls.c tells it
     * apart itself. */
    SSL_CTX_set_options(profile->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                          SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(profile->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                       SSL_MODE_RELEASE_BUFFERS);
    /* So that a peer cannot keep one read busy with records that carry no data: see CHATTER_MAX. */
    SSL_CTX_clear_mode(profile->ctx, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(profile->ctx, 1);
    return profile;

fail:
    gw_err_set(err, GW_NO_MEMORY, "could not set TLS up: %s", last_reason());
    gw_tls_profile_destroy(profile);
    return NULL;
}

void gw_tls_profile_retain(struct gw_tls_profile *profile)
{
    profile->users++;
}

void gw_tls_profile_destroy(struct gw_tls_profile *profile)
{
    if (!profile || --profile->users > 0)
        return;
    SSL_CTX_free(profile->ctx);
    BIO_meth_free(profile->bio_method);
    free(profile);
}

enum gw_status gw_tls_client_profile(const struct gw_tls_trust *trust,
                                     struct gw_tls_profile **profile_out, struct gw_err *err)
{
    struct gw_tls_profile *profile = profile_create(TLS_client_method(), err);

    if (!profile)
        return GW_NO_MEMORY;
    SSL_CTX_set_verify(profile->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set1_cert_store(profile->ctx, trust->store);
    profile->store = trust->store;
    SSL_CTX_set_session_cache_mode(profile->ctx,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(profile->ctx, gw_tls_on_session);
    if (SSL_CTX_set_alpn_protos(profile->ctx, alpn_http1, ALPN_HTTP1_BYTES) != 0) {
        gw_tls_profile_destroy(profile);
        return gw_err_set(err, GW_NO_MEMORY, "could not set ALPN");
    }
    *profile_out = profile;
    return GW_OK;
}

/* RFC 7301 §3.2: who offers protocols, but not ours, is refused. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *offered, unsigned offered_len, void *arg)
{
    unsigned char *chosen;
    (void)ssl;
    (void)arg;

    if (SSL_select_next_proto(&chosen, out_len, alpn_http1, ALPN_HTTP1_BYTES, offered,
                              offered_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

enum gw_status gw_tls_server_profile(const struct gw_tls_identity *identity,
                                     struct gw_tls_profile **profile_out, struct gw_err *err)
{
    static const unsigned char session_area[] = "sluice";
    unsigned char ticket_keys[TICKET_KEY_BYTES];
    struct gw_tls_profile *profile = profile_create(TLS_server_method(), err);

    if (!profile)
        return GW_NO_MEMORY;
    profile->server = true;
    /* Tickets carry the session, so nothing is kept here; one is enough for a client that resumes.
     */
    SSL_CTX_set_session_cache_mode(profile->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(profile->ctx, 1);
    SSL_CTX_set_alpn_select_cb(profile->ctx, choose_alpn, NULL);
    SSL_CTX_set_options(profile->ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    memcpy(ticket_keys, identity->ticket_keys, sizeof ticket_keys); /* the call takes no const */
    bool ok =
        SSL_CTX_set_session_id_context(profile->ctx, session_area, sizeof session_area - 1) == 1 &&
        SSL_CTX_set_tlsext_ticket_keys(profile->ctx, ticket_keys, TICKET_KEY_BYTES) == 1 &&
        SSL_CTX_set_cipher_list(profile->ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
        SSL_CTX_use_cert_and_key(profile->ctx, identity->leaf, identity->key, identity->chain, 1) ==
            1;
    OPENSSL_cleanse(ticket_keys, sizeof ticket_keys);
    if (!ok) {
        gw_err_set(err, GW_INVALID, "could not use the TLS certificate: %s", last_reason());
        gw_tls_profile_destroy(profile);
        return GW_INVALID;
    }
    *profile_out = profile;
    return GW_OK;
}
