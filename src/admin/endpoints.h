/*
 * admin/endpoints: what a request to the admin listener asks for, and whether it may; no I/O.
 *
 * With a token every path but /health asks for it. Without one the listener is on loopback, where a
 * page in a browser could still reach it: requests that name another host (DNS rebinding) or come
 * from another origin are refused.
 */
#ifndef GW_ADMIN_ENDPOINTS_H
#define GW_ADMIN_ENDPOINTS_H

#include "base/buf.h"
#include "base/secret.h"
#include "record/metrics.h"
#include "wire/http1.h"

enum gw_admin_action {
    GW_ADMIN_INDEX,       /* GET / */
    GW_ADMIN_HEALTH,      /* GET /health */
    GW_ADMIN_METRICS,     /* GET [metrics] path */
    GW_ADMIN_RELOAD,      /* POST /reload */
    GW_ADMIN_NOT_FOUND,   /* 404 */
    GW_ADMIN_NOT_ALLOWED, /* 405, with Allow */
    GW_ADMIN_NO_TOKEN,    /* 401, with WWW-Authenticate */
    GW_ADMIN_FORBIDDEN    /* 403: not from this machine's own programs */
};

struct gw_admin_request {
    enum gw_http1_method method;
    struct gw_str target;                              /* with its query */
    struct gw_str host, accept, authorization, origin; /* fields; empty: not sent */
};

struct gw_admin_rules {
    const struct gw_secret *token; /* NULL: none is asked for */
    struct gw_str metrics_path;    /* empty: metrics are off */
};

struct gw_admin_decision {
    enum gw_admin_action action;
    bool head;                     /* HEAD: answer without a body */
    enum gw_exposition exposition; /* for METRICS */
    struct gw_str allow;           /* for NOT_ALLOWED */
};

struct gw_admin_decision gw_admin_decide(const struct gw_admin_request *request,
                                         const struct gw_admin_rules *rules);

/* A whole answer: head and body (without the body for HEAD).
 * @param content_type, extra  of the head; extra: whole field lines, maybe none
 * @return GW_OK, or as gw_buf_add() */
enum gw_status gw_admin_write(struct gw_buf *out, unsigned status, struct gw_str content_type,
                              struct gw_str extra, struct gw_str body, bool head, bool keep);

#endif
