/*
 * base/secret: credential bytes that cannot be printed by accident.
 *
 * There is no function that formats one. gw_secret_bytes() is the single way to the bytes, so that
 * every use can be found by name. Wiped when freed.
 */
#ifndef GW_BASE_SECRET_H
#define GW_BASE_SECRET_H

#include "base/str.h"

struct gw_secret; /* opaque: see secret.c */

/* Copies `bytes`. @return NULL when out of memory */
struct gw_secret *gw_secret_create(struct gw_str bytes);
void gw_secret_destroy(struct gw_secret *secret);

/* For signing a request only: never for a message, a log or a metric. */
struct gw_str gw_secret_bytes(const struct gw_secret *secret);

/* In time that depends on the length of `candidate` only. */
bool gw_secret_equals(const struct gw_secret *secret, struct gw_str candidate);

/* Overwrites memory that held a secret; the compiler cannot drop it. */
void gw_secret_wipe(void *bytes, size_t len);

#endif
