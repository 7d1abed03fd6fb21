#include "wire/url.h"

#include <arpa/inet.h>

#define HOST_BYTES_MAX 253u /* of a DNS name in text */
#define PORT_DIGITS_MAX 5u

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    char lower = gw_lower(c);
    return is_digit(c) || (lower >= 'a' && lower <= 'z');
}

/* RFC 3986 §2.3 */
static bool is_unreserved(char c)
{
    return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* RFC 3986 §2.2 */
static bool is_sub_delim(char c)
{
    return c != '\0' && strchr("!$&'()*+,;=", c) != NULL;
}

static int hex_value(char c)
{
    char lower = gw_lower(c);

    if (is_digit(c))
        return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte that the "%XX" at `at` stands for, or -1. */
static int escaped_byte(struct gw_str text, size_t at)
{
    if (text.len - at < 3)
        return -1;
    int high = hex_value(text.base[at + 1]), low = hex_value(text.base[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool is_reg_name(struct gw_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (is_unreserved(name.base[i]) || is_sub_delim(name.base[i]))
            continue;
        if (name.base[i] != '%' || escaped_byte(name, i) < 0)
            return false;
        i += 2;
    }
    return true;
}

/* Without brackets. No zone: it means nothing to anybody else (RFC 6874). */
static bool is_ipv6(struct gw_str address)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr binary;

    if (address.len >= sizeof text || memchr(address.base, '\0', address.len))
        return false;
    memcpy(text, address.base, address.len);
    text[address.len] = '\0';
    return inet_pton(AF_INET6, text, &binary) == 1;
}

static bool is_port(struct gw_str digits)
{
    uint64_t port = 0;

    if (digits.len == 0)
        return true;
    return digits.len <= PORT_DIGITS_MAX && gw_str_to_u64(digits, &port) && port <= UINT16_MAX;
}

bool gw_url_split_authority(struct gw_str authority, struct gw_str *host_out,
                            struct gw_str *port_out)
{
    struct gw_str host = authority, port = {authority.base, 0};

    if (authority.len && authority.base[0] == '[') {
        host.len = gw_str_find(authority, ']');
        if (host.len == authority.len || !is_ipv6((struct gw_str){host.base + 1, host.len - 1}))
            return false;
        host.len++;
    } else {
        host.len = gw_str_find(authority, ':');
        if (!is_reg_name(host))
            return false;
    }
    if (host.len < authority.len) {
        port = gw_str_from(authority, host.len + 1);
        if (authority.base[host.len] != ':' || !is_port(port))
            return false;
    }
    *host_out = host;
    *port_out = port;
    return true;
}

static enum gw_status invalid(struct gw_err *err, size_t offset, const char *what)
{
    if (err)
        err->offset = offset;
    return gw_err_set(err, GW_INVALID, "could not read the URL: %s", what);
}

static bool is_host_name(struct gw_str host)
{
    if (host.len == 0 || host.len > HOST_BYTES_MAX || host.base[0] == '.')
        return false;
    for (size_t i = 0; i < host.len; i++)
        if (!is_unreserved(host.base[i]) || host.base[i] == '~')
            return false;
    return true;
}

/* Fills in host, port and authority. */
static enum gw_status parse_authority(struct gw_str text, size_t offset, struct gw_url *url,
                                      struct gw_err *err)
{
    struct gw_str host, port;
    uint64_t number = url->tls ? 443 : 80;

    if (gw_str_find(text, '@') < text.len)
        return invalid(err, offset, "it must not have a user name or password in it");
    if (!gw_url_split_authority(text, &host, &port))
        return invalid(err, offset, "its host or port is broken");
    bool bracketed = host.len && host.base[0] == '[';
    if (!bracketed && !is_host_name(host))
        return invalid(err, offset, host.len ? "its host is broken" : "it has no host");
    if (host.len < text.len && (!gw_str_to_u64(port, &number) || number == 0))
        return invalid(err, offset + host.len, "its port must be 1 to 65535");
    url->port = (uint16_t)number;
    url->authority = number == (url->tls ? 443 : 80) ? host : text;
    url->host = bracketed ? (struct gw_str){host.base + 1, host.len - 2} : host;
    return GW_OK;
}

enum gw_status gw_url_parse(struct gw_str text, struct gw_url *out, struct gw_err *err)
{
    struct gw_url url = {0};
    size_t start;

    if (gw_str_eq(text, GW_STR("demo:"))) {
        url.demo = true;
        *out = url;
        return GW_OK;
    }
    url.tls = text.len >= 8 && gw_str_eq_nocase((struct gw_str){text.base, 8}, GW_STR("https://"));
    start = url.tls ? 8 : 7;
    if (!url.tls &&
        !(text.len >= 7 && gw_str_eq_nocase((struct gw_str){text.base, 7}, GW_STR("http://"))))
        return invalid(err, 0, "it must begin with https:// or http://");
    for (size_t i = start; i < text.len; i++) {
        if (text.base[i] == '?' || text.base[i] == '#')
            return invalid(err, i, "it must not have a query or fragment");
        if ((unsigned char)text.base[i] <= ' ' || (unsigned char)text.base[i] >= 0x7f)
            return invalid(err, i, "only visible ASCII may stand in it");
    }
    struct gw_str rest = gw_str_from(text, start);
    size_t slash = gw_str_find(rest, '/');
    enum gw_status status = parse_authority((struct gw_str){rest.base, slash}, start, &url, err);
    if (status != GW_OK)
        return status;
    url.path = gw_str_from(rest, slash);
    if (!gw_url_path_is_safe(url.path))
        return invalid(err, start + slash,
                       "its path has dot segments, backslashes or broken escapes");
    while (url.path.len && url.path.base[url.path.len - 1] == '/')
        url.path.len--;
    *out = url;
    return GW_OK;
}

bool gw_url_path_is_safe(struct gw_str path)
{
    size_t dots = 0;       /* at the segment's start */
    bool only_dots = true; /* nothing else in the segment so far */

    for (size_t i = 0; i < path.len; i++) {
        int c = (unsigned char)path.base[i];
        bool escaped = c == '%';
        if (escaped) {
            c = escaped_byte(path, i);
            i += 2;
        }
        if (c < 0x20 || c == 0x7f || c == '\\')
            return false;
        if (!escaped && (c == ' ' || c >= 0x80 || c == '?' || c == '#'))
            return false;
        if (c == '.' && only_dots) {
            dots++;
        } else if (c == '/' || c == ';') { /* some cut parameters off before they look at dots */
            if (only_dots && (dots == 1 || dots == 2))
                return false;
            dots = 0;
            only_dots = c == '/';
        } else {
            only_dots = false;
        }
    }
    return !(only_dots && (dots == 1 || dots == 2));
}

enum gw_status gw_url_decode(struct gw_str text, char *into, size_t room, size_t *len_out)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        int c = (unsigned char)text.base[i];
        if (c == '%') {
            c = escaped_byte(text, i);
            if (c < 0)
                return GW_INVALID;
            i += 2;
        }
        if (len == room)
            return GW_TOO_LARGE;
        into[len++] = (char)c;
    }
    *len_out = len;
    return GW_OK;
}

enum gw_status gw_url_encode(struct gw_buf *buf, struct gw_str text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t plain = 0;

    for (size_t i = 0; i < text.len; i++)
        plain += is_unreserved(text.base[i]);
    if (text.len > (SIZE_MAX - plain) / 3)
        return GW_TOO_LARGE;
    enum gw_status status = gw_buf_reserve(buf, text.len + 2 * (text.len - plain));
    if (status != GW_OK)
        return status;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.base[i];
        if (is_unreserved(text.base[i])) {
            buf->base[buf->tail++] = text.base[i];
            continue;
        }
        buf->base[buf->tail++] = '%';
        buf->base[buf->tail++] = digits[c >> 4];
        buf->base[buf->tail++] = digits[c & 15];
    }
    return GW_OK;
}

enum gw_status gw_url_encode_segment(struct gw_buf *buf, struct gw_str text)
{
    if (text.len == 0 || gw_str_eq(text, GW_STR(".")) || gw_str_eq(text, GW_STR("..")))
        return GW_INVALID;
    return gw_url_encode(buf, text);
}
