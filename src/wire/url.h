/*
 * wire/url: base URLs from the configuration, hosts with ports, percent-encoding; no I/O, no
 * allocation.
 *
 * Messages never hold any of the text: it may have a password in it.
 */
#ifndef GW_WIRE_URL_H
#define GW_WIRE_URL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* All parts are borrowed from the text that was parsed. */
struct gw_url {
    bool demo; /* "demo:", the built-in provider; all else is empty */
    bool tls;
    uint16_t port;           /* by scheme when the text has none */
    struct gw_str host;      /* a name or an address, without brackets; letter case as written */
    struct gw_str authority; /* for the Host field: host, in brackets for IPv6, and the port unless
                                it is the default */
    struct gw_str path;      /* empty, or "/…" without a slash at its end */
};

/* "https://host[:port][/path]", "http://…" or "demo:". Refused: any other scheme, user information,
 * query, fragment, host names other than letters, digits, '-', '_' and '.', a path that
 * gw_url_path_is_safe() refuses.
 * @return GW_OK or GW_INVALID with err->offset, `out` untouched */
enum gw_status gw_url_parse(struct gw_str text, struct gw_url *out, struct gw_err *err);

/* Checks and splits "host[:port]" as the Host field has it (RFC 9110 §7.2): a reg-name, an IPv4
 * address or an IPv6 address in brackets; the port is empty or digits up to 65535.
 * @param host_out  with its brackets, if any; may be empty
 * @param port_out  the digits; empty when there are none
 * @return false, and both untouched, when it is anything else */
bool gw_url_split_authority(struct gw_str authority, struct gw_str *host_out,
                            struct gw_str *port_out);

/* May a caller's path be passed on below a path of ours? Not when somebody behind us could read it
 * as another one: a segment
 * "." or ".." (also written %2e, also before ';'), a backslash, control bytes, bytes from 0x80 on,
 * blanks (each also percent-encoded, but for %20 and from %80 on), a '%' without two hexadecimal
 * digits, '?' or '#' (that is no path any more). %2f counts as a slash here. Looks through one
 * layer of encoding. */
bool gw_url_path_is_safe(struct gw_str path);

/* Decodes %XX ('+' stays). The outcome may hold any byte, NUL too. `into` may be `text.base`.
 * @return GW_OK; GW_INVALID: a '%' without two hexadecimal digits; GW_TOO_LARGE: more than `room`
 */
enum gw_status gw_url_decode(struct gw_str text, char *into, size_t room, size_t *len_out);

/* Adds `text` as one value of a query, or of anything else where only unreserved bytes (RFC 3986
 * §2.3) are plain.
 * @return as gw_buf_add(); a failure may leave a part */
enum gw_status gw_url_encode(struct gw_buf *buf, struct gw_str text);

/* Adds `text` as one segment of a path.
 * @return also GW_INVALID, for what no encoding can make a plain segment: "", "." and ".." */
enum gw_status gw_url_encode_segment(struct gw_buf *buf, struct gw_str text);

#endif
