#include "admin/endpoints.h"

#define M(method) (1u << GW_METHOD_##method)

/* The metrics' path is configured: it comes behind these. */
static const struct endpoint {
    struct gw_str path;
    enum gw_admin_action action;
    unsigned methods;
    struct gw_str allow;
    bool open; /* asks for no token: a load balancer has none */
} endpoints[] = {
    {GW_STR_INIT("/"), GW_ADMIN_INDEX, M(GET) | M(HEAD), GW_STR_INIT("GET, HEAD"), false},
    {GW_STR_INIT("/health"), GW_ADMIN_HEALTH, M(GET) | M(HEAD), GW_STR_INIT("GET, HEAD"), true},
    {GW_STR_INIT("/reload"), GW_ADMIN_RELOAD, M(POST), GW_STR_INIT("POST"), false},
};
static const struct endpoint metrics_endpoint = {
    {NULL, 0}, GW_ADMIN_METRICS, M(GET) | M(HEAD), GW_STR_INIT("GET, HEAD"), false};

/* NULL: none */
static const struct endpoint *find_endpoint(struct gw_str path, struct gw_str metrics_path)
{
    for (size_t i = 0; i < GW_COUNT(endpoints); i++)
        if (gw_str_eq(endpoints[i].path, path))
            return &endpoints[i];
    return metrics_path.len && gw_str_eq(metrics_path, path) ? &metrics_endpoint : NULL;
}

/* RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1). */
static bool has_token(struct gw_str authorization, const struct gw_secret *token)
{
    const struct gw_str scheme = GW_STR("bearer ");

    if (authorization.len < scheme.len ||
        !gw_str_eq_nocase((struct gw_str){authorization.base, scheme.len}, scheme))
        return false;
    return gw_secret_equals(token, gw_str_trim(gw_str_from(authorization, scheme.len)));
}

/* `host` without its port: an IPv6 address keeps its brackets. */
static struct gw_str host_name(struct gw_str host)
{
    size_t from = host.len && host.base[0] == '[' ? gw_str_find(host, ']') : 0;
    size_t colon = gw_str_find(gw_str_from(host, from), ':');

    host.len = from + colon;
    return host;
}

/* A name that is an address, or "localhost": it cannot have been made to point here by somebody's
 * DNS. */
static bool names_an_address(struct gw_str host)
{
    struct gw_str name = host_name(host);

    if (gw_str_eq_nocase(name, GW_STR("localhost")))
        return true;
    if (name.len > 2 && name.base[0] == '[' && name.base[name.len - 1] == ']')
        return true;
    for (size_t i = 0; i < name.len; i++)
        if (name.base[i] != '.' && (name.base[i] < '0' || name.base[i] > '9'))
            return false;
    return name.len > 0;
}

/* Browsers send Origin with every POST, and with what another site's page asks for. */
static bool from_own_page(const struct gw_admin_request *request)
{
    struct gw_str origin = request->origin, scheme = GW_STR("http://");

    if (!names_an_address(request->host))
        return false;
    return origin.len == 0 || (gw_str_starts(origin, scheme) &&
                               gw_str_eq_nocase(gw_str_from(origin, scheme.len), request->host));
}

struct gw_admin_decision gw_admin_decide(const struct gw_admin_request *request,
                                         const struct gw_admin_rules *rules)
{
    struct gw_str path = {request->target.base, gw_str_find(request->target, '?')};
    const struct endpoint *endpoint = find_endpoint(path, rules->metrics_path);
    struct gw_admin_decision decision = {
        .head = request->method == GW_METHOD_HEAD,
        .exposition = gw_exposition_for(request->accept),
    };

    /* Who may not come in is not told what there is. */
    if (endpoint && endpoint->open)
        decision.action = endpoint->action;
    else if (rules->token && !has_token(request->authorization, rules->token))
        decision.action = GW_ADMIN_NO_TOKEN;
    else if (!rules->token && !from_own_page(request))
        decision.action = GW_ADMIN_FORBIDDEN;
    else
        decision.action = endpoint ? endpoint->action : GW_ADMIN_NOT_FOUND;
    if (endpoint && decision.action == endpoint->action &&
        !(endpoint->methods & 1u << request->method)) {
        decision.action = GW_ADMIN_NOT_ALLOWED;
        decision.allow = endpoint->allow;
    }
    return decision;
}

enum gw_status gw_admin_write(struct gw_buf *out, unsigned status, struct gw_str content_type,
                              struct gw_str extra, struct gw_str body, bool head, bool keep)
{
    struct gw_str reason = gw_http1_reason(status);
    enum gw_status written =
        gw_buf_printf(out,
                      "HTTP/1.1 %u %.*s\r\nContent-Type: %.*s\r\nContent-Length: %zu\r\n"
                      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%.*s%s\r\n",
                      status, GW_STR_ARG(reason), GW_STR_ARG(content_type), body.len,
                      GW_STR_ARG(extra), keep ? "" : "Connection: close\r\n");

    if (written == GW_OK && !head)
        written = gw_buf_add(out, body);
    return written;
}
