/*
 * config/credential: where a secret is to be found, and fetching it from there.
 *
 * The TOML text never holds a secret, only a place: "env::NAME" or "file::PATH". No message made
 * here quotes what stood in the place of one, nor what was found.
 */
#ifndef GW_CONFIG_CREDENTIAL_H
#define GW_CONFIG_CREDENTIAL_H

#include "base/err.h"
#include "base/secret.h"
#include "base/str.h"

#define GW_CREDENTIAL_BYTES_MAX ((size_t)64 << 10)

enum gw_credential_kind { GW_CREDENTIAL_ENV, GW_CREDENTIAL_FILE };

struct gw_credential {
    enum gw_credential_kind kind;
    struct gw_str place; /* the variable's name or the file's path; borrowed from the text */
};

/* @return GW_OK; GW_INVALID: a literal, or a place that cannot be one */
enum gw_status gw_credential_parse(struct gw_str text, struct gw_credential *credential_out,
                                   struct gw_err *err);

/* Reads the environment or the file, without one trailing newline. A file must be a regular one:
 * reading never waits.
 * @return GW_OK; GW_NOT_FOUND (no such variable or file); GW_INVALID (empty); GW_TOO_LARGE; GW_IO;
 * GW_NO_MEMORY */
enum gw_status gw_credential_fetch(const struct gw_credential *credential,
                                   struct gw_secret **secret_out, struct gw_err *err);

#endif
