/*
 * gateway/fetch_url: the URL of something that a caller wants fetched: checked and taken apart; no I/O.
 */
#ifndef GW_GATEWAY_FETCH_URL_H
#define GW_GATEWAY_FETCH_URL_H

#include "wire/url.h"

#define GW_FETCH_URL_BYTES_MAX 8192u

/* All parts are borrowed from the text. */
struct gw_fetch_url {
    struct gw_str host;      /* without brackets */
    struct gw_str authority; /* for the Host field */
    struct gw_str target;    /* path and query; a "/" is to be put in front when it has none */
    unsigned port;           /* 443, or as it says */
};

/* "https://host[:port][/path][?query][#fragment]" of visible ASCII, without user information; the fragment is
 * left out. Where the host leads is not looked at.
 * @return GW_OK or GW_INVALID: err, which holds nothing of the text; `out` untouched */
enum gw_status gw_fetch_url_parse(struct gw_str text, struct gw_fetch_url *out, struct gw_err *err);

#endif
