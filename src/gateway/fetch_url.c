#include "gateway/fetch_url.h"

static const struct gw_str scheme = GW_STR_INIT("https://");

static enum gw_status invalid(struct gw_err *err, const char *what)
{
    return gw_err_set(err, GW_INVALID, "its URL %s", what);
}

/* Where the authority ends. */
static size_t authority_end(struct gw_str text)
{
    size_t at = scheme.len;

    while (at < text.len && text.base[at] != '/' && text.base[at] != '?' && text.base[at] != '#')
        at++;
    return at;
}

enum gw_status gw_fetch_url_parse(struct gw_str text, struct gw_fetch_url *out, struct gw_err *err)
{
    struct gw_url url;

    if (text.len > GW_FETCH_URL_BYTES_MAX)
        return invalid(err, "is too long");
    if (text.len < scheme.len || !gw_str_eq_nocase((struct gw_str){text.base, scheme.len}, scheme))
        return invalid(err, "does not begin with https://");
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.base[i] <= ' ' || (unsigned char)text.base[i] >= 0x7f)
            return invalid(err, "has characters that must be percent-encoded");
    size_t end = authority_end(text);
    /* A part of it is a base URL, whose rules for hosts and ports are as strict as they are to be here. */
    enum gw_status status = gw_url_parse((struct gw_str){text.base, end}, &url, err);
    if (status != GW_OK)
        return status;
    struct gw_str target = gw_str_from(text, end);
    target.len = gw_str_find(target, '#');
    *out = (struct gw_fetch_url){url.host, url.authority, target, url.port};
    return GW_OK;
}
