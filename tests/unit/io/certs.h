/*
 * tests/unit/io/certs: keys and certificates made on the spot, as PEM files in a temporary folder.
 */
#ifndef GW_TESTS_UNIT_IO_CERTS_H
#define GW_TESTS_UNIT_IO_CERTS_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CERT_PATH_BYTES 128
#define DAY_SECONDS (24L * 60 * 60)

/* An authority, or what one has signed. */
struct cert {
    X509 *x509;
    EVP_PKEY *key;
};

static inline void cert_extend(X509 *x509, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
}

/* @param names   subjectAltName, "DNS:a,IP:b"; NULL: an authority
 * @param issuer  NULL: signed by itself
 * @param days    valid from a day ago (or, when negative, ten more) for so long from now */
static inline struct cert cert_make(const char *common_name, const char *names,
                                    const struct cert *issuer, long days)
{
    static long serial = 1;
    struct cert made = {X509_new(), EVP_EC_gen("P-256")};
    const struct cert *by = issuer ? issuer : &made;
    X509_NAME *name = X509_get_subject_name(made.x509);

    X509_set_version(made.x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x509), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made.x509), days < 0 ? -10 * DAY_SECONDS : -DAY_SECONDS);
    X509_gmtime_adj(X509_getm_notAfter(made.x509), days * DAY_SECONDS);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1,
                               0);
    X509_set_issuer_name(made.x509, X509_get_subject_name(by->x509));
    X509_set_pubkey(made.x509, made.key);
    cert_extend(made.x509, by->x509, NID_basic_constraints,
                names ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (names)
        cert_extend(made.x509, by->x509, NID_subject_alt_name, names);
    X509_sign(made.x509, by->key, EVP_sha256());
    return made;
}

static inline void cert_free(struct cert *cert)
{
    X509_free(cert->x509);
    EVP_PKEY_free(cert->key);
}

/* Writes `dir`/`stem`.crt and .key; both at once if `password` is NULL, else the key encrypted. */
static inline void cert_write(const struct cert *cert, const char *dir, const char *stem,
                              const char *password)
{
    char path[CERT_PATH_BYTES];

    (void)snprintf(path, sizeof path, "%s/%s.crt", dir, stem);
    FILE *file = fopen(path, "w");
    PEM_write_X509(file, cert->x509);
    (void)fclose(file);
    (void)snprintf(path, sizeof path, "%s/%s.key", dir, stem);
    file = fopen(path, "w");
    (void)fchmod(fileno(file), 0600);
    PEM_write_PrivateKey(file, cert->key, password ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
                         (void *)(size_t)password);
    (void)fclose(file);
}

#endif
