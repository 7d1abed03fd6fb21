/*
 * wire/inflate: a compressed body as it streams past: gzip, deflate (zlib) and br, bounded.
 */
#ifndef GW_WIRE_INFLATE_H
#define GW_WIRE_INFLATE_H

#include "base/err.h"
#include "base/str.h"

struct gw_inflate; /* opaque: see inflate.c */

/* @param coding  the whole value of Content-Encoding: one coding. @return GW_UNSUPPORTED for any
 * other */
enum gw_status gw_inflate_create(struct gw_str coding, uint64_t bytes_max,
                                 struct gw_inflate **inflate_out, struct gw_err *err);
/* Accepts NULL. */
void gw_inflate_destroy(struct gw_inflate *inflate);

/* Decodes on; `on_data` gets the outcome in pieces, during the call; it returns false to stop.
 * @return GW_OK; GW_INVALID: broken, or bytes behind the end; GW_TOO_LARGE: over bytes_max; GW_EOF:
 * on_data said stop */
enum gw_status gw_inflate_feed(struct gw_inflate *inflate, struct gw_str bytes,
                               bool (*on_data)(void *arg, struct gw_str data), void *arg,
                               struct gw_err *err);
/* After the last byte. GW_INVALID when the compressed stream is not complete. */
enum gw_status gw_inflate_end(const struct gw_inflate *inflate, struct gw_err *err);

#endif
