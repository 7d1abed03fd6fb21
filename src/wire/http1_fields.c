/*
 * Names: methods, field names and their ids, which fields are for one connection only, reason
 * phrases.
 */
#include "wire/http1.h"

#define PREFIXES_FROM GW_FIELD_PREFIX_X_FORWARDED
#define NAME_BYTES_MAX 19u

static const struct gw_str names[GW_FIELD_IDS] = {
    [GW_FIELD_ACCEPT_ENCODING] = GW_STR_INIT("accept-encoding"),
    [GW_FIELD_ANTHROPIC_VERSION] = GW_STR_INIT("anthropic-version"),
    [GW_FIELD_API_KEY] = GW_STR_INIT("api-key"),
    [GW_FIELD_AUTHORIZATION] = GW_STR_INIT("authorization"),
    [GW_FIELD_CONNECTION] = GW_STR_INIT("connection"),
    [GW_FIELD_CONTENT_ENCODING] = GW_STR_INIT("content-encoding"),
    [GW_FIELD_CONTENT_LENGTH] = GW_STR_INIT("content-length"),
    [GW_FIELD_CONTENT_TYPE] = GW_STR_INIT("content-type"),
    [GW_FIELD_COOKIE] = GW_STR_INIT("cookie"),
    [GW_FIELD_DATE] = GW_STR_INIT("date"),
    [GW_FIELD_EXPECT] = GW_STR_INIT("expect"),
    [GW_FIELD_FORWARDED] = GW_STR_INIT("forwarded"),
    [GW_FIELD_HOST] = GW_STR_INIT("host"),
    [GW_FIELD_KEEP_ALIVE] = GW_STR_INIT("keep-alive"),
    [GW_FIELD_PROXY_AUTHENTICATE] = GW_STR_INIT("proxy-authenticate"),
    [GW_FIELD_PROXY_AUTHORIZATION] = GW_STR_INIT("proxy-authorization"),
    [GW_FIELD_PROXY_CONNECTION] = GW_STR_INIT("proxy-connection"),
    [GW_FIELD_RETRY_AFTER] = GW_STR_INIT("retry-after"),
    [GW_FIELD_SET_COOKIE] = GW_STR_INIT("set-cookie"),
    [GW_FIELD_TE] = GW_STR_INIT("te"),
    [GW_FIELD_TRACEPARENT] = GW_STR_INIT("traceparent"),
    [GW_FIELD_TRACESTATE] = GW_STR_INIT("tracestate"),
    [GW_FIELD_TRAILER] = GW_STR_INIT("trailer"),
    [GW_FIELD_TRANSFER_ENCODING] = GW_STR_INIT("transfer-encoding"),
    [GW_FIELD_UPGRADE] = GW_STR_INIT("upgrade"),
    [GW_FIELD_USER_AGENT] = GW_STR_INIT("user-agent"),
    [GW_FIELD_VIA] = GW_STR_INIT("via"),
    [GW_FIELD_X_API_KEY] = GW_STR_INIT("x-api-key"),
    [GW_FIELD_X_GOOG_API_KEY] = GW_STR_INIT("x-goog-api-key"),
    [GW_FIELD_X_REQUEST_ID] = GW_STR_INIT("x-request-id"),
    [GW_FIELD_PREFIX_X_FORWARDED] = GW_STR_INIT("x-forwarded-"),
    [GW_FIELD_PREFIX_X_GATEWAY] = GW_STR_INIT("x-gateway-"),
    [GW_FIELD_PREFIX_X_TO11] = GW_STR_INIT("x-to11-"),
};

/* Length and first letter name at most one field above; two that share both would be a compiler
 * error (an initialiser overridden), and a row forgotten here fails its test. */
#define SLOT(len, first) ((len)*32u + ((first)&31u))
static const uint8_t ids_by_slot[SLOT(NAME_BYTES_MAX + 1, 0)] = {
    [SLOT(2, 't')] = GW_FIELD_TE,
    [SLOT(3, 'v')] = GW_FIELD_VIA,
    [SLOT(4, 'd')] = GW_FIELD_DATE,
    [SLOT(4, 'h')] = GW_FIELD_HOST,
    [SLOT(6, 'c')] = GW_FIELD_COOKIE,
    [SLOT(6, 'e')] = GW_FIELD_EXPECT,
    [SLOT(7, 'a')] = GW_FIELD_API_KEY,
    [SLOT(7, 't')] = GW_FIELD_TRAILER,
    [SLOT(7, 'u')] = GW_FIELD_UPGRADE,
    [SLOT(9, 'f')] = GW_FIELD_FORWARDED,
    [SLOT(9, 'x')] = GW_FIELD_X_API_KEY,
    [SLOT(10, 'c')] = GW_FIELD_CONNECTION,
    [SLOT(10, 'k')] = GW_FIELD_KEEP_ALIVE,
    [SLOT(10, 's')] = GW_FIELD_SET_COOKIE,
    [SLOT(10, 't')] = GW_FIELD_TRACESTATE,
    [SLOT(10, 'u')] = GW_FIELD_USER_AGENT,
    [SLOT(11, 'r')] = GW_FIELD_RETRY_AFTER,
    [SLOT(11, 't')] = GW_FIELD_TRACEPARENT,
    [SLOT(12, 'c')] = GW_FIELD_CONTENT_TYPE,
    [SLOT(12, 'x')] = GW_FIELD_X_REQUEST_ID,
    [SLOT(13, 'a')] = GW_FIELD_AUTHORIZATION,
    [SLOT(14, 'c')] = GW_FIELD_CONTENT_LENGTH,
    [SLOT(14, 'x')] = GW_FIELD_X_GOOG_API_KEY,
    [SLOT(15, 'a')] = GW_FIELD_ACCEPT_ENCODING,
    [SLOT(16, 'c')] = GW_FIELD_CONTENT_ENCODING,
    [SLOT(16, 'p')] = GW_FIELD_PROXY_CONNECTION,
    [SLOT(17, 'a')] = GW_FIELD_ANTHROPIC_VERSION,
    [SLOT(17, 't')] = GW_FIELD_TRANSFER_ENCODING,
    [SLOT(18, 'p')] = GW_FIELD_PROXY_AUTHENTICATE,
    [SLOT(19, 'p')] = GW_FIELD_PROXY_AUTHORIZATION,
};

/* Are the 8 bytes the same but for case? `name` is lower case: only its letters have bit 0x40, and
 * only they may differ, by bit 0x20. */
static bool same_word(const char *bytes, const char *name)
{
    uint64_t a, b;

    memcpy(&a, bytes, sizeof a);
    memcpy(&b, name, sizeof b);
    return ((a ^ b) & ~((b & 0x4040404040404040u) >> 1)) == 0;
}

/* Does `bytes`, at least as long as `name`, begin with it? */
static bool begins_with(const char *bytes, struct gw_str name)
{
    size_t i = 0;

    if (name.len < 8) {
        while (i < name.len && gw_lower(bytes[i]) == name.base[i])
            i++;
        return i == name.len;
    }
    for (; i + 8 <= name.len; i += 8)
        if (!same_word(bytes + i, name.base + i))
            return false;
    return same_word(bytes + name.len - 8, name.base + name.len - 8);
}

enum gw_field_id gw_http1_field_id(struct gw_str name)
{
    if (name.len == 0)
        return GW_FIELD_OTHER;
    if (name.len <= NAME_BYTES_MAX) {
        enum gw_field_id id = ids_by_slot[SLOT(name.len, (unsigned char)name.base[0])];
        if (id != GW_FIELD_OTHER && begins_with(name.base, names[id]))
            return id;
    }
    if (name.len > 2 && gw_lower(name.base[0]) == 'x' && name.base[1] == '-')
        for (enum gw_field_id id = PREFIXES_FROM; id < GW_FIELD_IDS; id++)
            if (gw_lower(name.base[2]) == names[id].base[2] && name.len >= names[id].len &&
                begins_with(name.base, names[id]))
                return id;
    return GW_FIELD_OTHER;
}

const struct gw_http1_field *gw_http1_field_by_id(const struct gw_http1_head *head,
                                                  enum gw_field_id id)
{
    if (id == GW_FIELD_OTHER || !(head->seen >> id & 1))
        return NULL;
    for (uint32_t i = 0; i < head->fields_count; i++)
        if (head->fields[i].id == id)
            return &head->fields[i];
    return NULL;
}

const struct gw_http1_field *gw_http1_field_by_name(const struct gw_http1_head *head,
                                                    struct gw_str bytes, struct gw_str name)
{
    for (uint32_t i = 0; i < head->fields_count; i++)
        if (gw_str_eq_nocase(gw_http1_name(&head->fields[i], bytes), name))
            return &head->fields[i];
    return NULL;
}

#define BIT(id) ((uint64_t)1 << (id))
#define HOP_BY_HOP                                                                                 \
    (BIT(GW_FIELD_CONNECTION) | BIT(GW_FIELD_KEEP_ALIVE) | BIT(GW_FIELD_PROXY_AUTHENTICATE) |      \
     BIT(GW_FIELD_PROXY_AUTHORIZATION) | BIT(GW_FIELD_PROXY_CONNECTION) | BIT(GW_FIELD_TE) |       \
     BIT(GW_FIELD_TRAILER) | BIT(GW_FIELD_TRANSFER_ENCODING) | BIT(GW_FIELD_UPGRADE))

bool gw_http1_is_hop_by_hop(const struct gw_http1_head *head, struct gw_str bytes,
                            const struct gw_http1_field *field)
{
    struct gw_str name = gw_http1_name(field, bytes), option;

    if (HOP_BY_HOP >> field->id & 1)
        return true;
    /* Not all of Proxy-*: Proxy-Status goes from end to end (RFC 9209). */
    if (name.len == sizeof "proxy-authentication-info" - 1 &&
        gw_str_eq_nocase(name, GW_STR("proxy-authentication-info")))
        return true;
    if (!head->has_connection_names)
        return false;
    for (uint32_t i = 0; i < head->fields_count; i++) {
        if (head->fields[i].id != GW_FIELD_CONNECTION)
            continue;
        struct gw_str list = gw_http1_value(&head->fields[i], bytes);
        while (gw_str_next_item(&list, &option))
            if (gw_str_eq_nocase(option, name))
                return true;
    }
    return false;
}

static const struct gw_str methods[] = {
    [GW_METHOD_GET] = GW_STR_INIT("GET"),         [GW_METHOD_HEAD] = GW_STR_INIT("HEAD"),
    [GW_METHOD_POST] = GW_STR_INIT("POST"),       [GW_METHOD_PUT] = GW_STR_INIT("PUT"),
    [GW_METHOD_DELETE] = GW_STR_INIT("DELETE"),   [GW_METHOD_PATCH] = GW_STR_INIT("PATCH"),
    [GW_METHOD_OPTIONS] = GW_STR_INIT("OPTIONS"), [GW_METHOD_OTHER] = GW_STR_INIT("OTHER"),
};

struct gw_str gw_http1_method_name(enum gw_http1_method method)
{
    return methods[method < GW_METHOD_OTHER ? method : GW_METHOD_OTHER];
}

enum gw_http1_method gw_http1_method_of(struct gw_str name)
{
    enum gw_http1_method method = GW_METHOD_GET;

    while (method < GW_METHOD_OTHER && !gw_str_eq(name, methods[method]))
        method++;
    return method;
}

static const struct {
    unsigned code;
    struct gw_str reason;
} reasons[] = {
    {100, GW_STR_INIT("Continue")},
    {101, GW_STR_INIT("Switching Protocols")},
    {102, GW_STR_INIT("Processing")},
    {103, GW_STR_INIT("Early Hints")},
    {200, GW_STR_INIT("OK")},
    {201, GW_STR_INIT("Created")},
    {202, GW_STR_INIT("Accepted")},
    {203, GW_STR_INIT("Non-Authoritative Information")},
    {204, GW_STR_INIT("No Content")},
    {205, GW_STR_INIT("Reset Content")},
    {206, GW_STR_INIT("Partial Content")},
    {300, GW_STR_INIT("Multiple Choices")},
    {301, GW_STR_INIT("Moved Permanently")},
    {302, GW_STR_INIT("Found")},
    {303, GW_STR_INIT("See Other")},
    {304, GW_STR_INIT("Not Modified")},
    {307, GW_STR_INIT("Temporary Redirect")},
    {308, GW_STR_INIT("Permanent Redirect")},
    {400, GW_STR_INIT("Bad Request")},
    {401, GW_STR_INIT("Unauthorized")},
    {402, GW_STR_INIT("Payment Required")},
    {403, GW_STR_INIT("Forbidden")},
    {404, GW_STR_INIT("Not Found")},
    {405, GW_STR_INIT("Method Not Allowed")},
    {406, GW_STR_INIT("Not Acceptable")},
    {407, GW_STR_INIT("Proxy Authentication Required")},
    {408, GW_STR_INIT("Request Timeout")},
    {409, GW_STR_INIT("Conflict")},
    {410, GW_STR_INIT("Gone")},
    {411, GW_STR_INIT("Length Required")},
    {412, GW_STR_INIT("Precondition Failed")},
    {413, GW_STR_INIT("Content Too Large")},
    {414, GW_STR_INIT("URI Too Long")},
    {415, GW_STR_INIT("Unsupported Media Type")},
    {416, GW_STR_INIT("Range Not Satisfiable")},
    {417, GW_STR_INIT("Expectation Failed")},
    {421, GW_STR_INIT("Misdirected Request")},
    {422, GW_STR_INIT("Unprocessable Content")},
    {424, GW_STR_INIT("Failed Dependency")},
    {425, GW_STR_INIT("Too Early")},
    {426, GW_STR_INIT("Upgrade Required")},
    {428, GW_STR_INIT("Precondition Required")},
    {429, GW_STR_INIT("Too Many Requests")},
    {431, GW_STR_INIT("Request Header Fields Too Large")},
    {451, GW_STR_INIT("Unavailable For Legal Reasons")},
    {499, GW_STR_INIT("Client Closed Request")},
    {500, GW_STR_INIT("Internal Server Error")},
    {501, GW_STR_INIT("Not Implemented")},
    {502, GW_STR_INIT("Bad Gateway")},
    {503, GW_STR_INIT("Service Unavailable")},
    {504, GW_STR_INIT("Gateway Timeout")},
    {505, GW_STR_INIT("HTTP Version Not Supported")},
    {507, GW_STR_INIT("Insufficient Storage")},
    {508, GW_STR_INIT("Loop Detected")},
    {529, GW_STR_INIT("Overloaded")}, /* not registered; Anthropic's */
};

struct gw_str gw_http1_reason(unsigned code)
{
    if (code == 200) /* nearly always */
        return GW_STR("OK");
    for (size_t i = 0; i < GW_COUNT(reasons); i++)
        if (reasons[i].code == code)
            return reasons[i].reason;
    return GW_STR("Status");
}
