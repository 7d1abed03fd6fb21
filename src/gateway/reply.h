/*
 * gateway/reply: what the gateway itself answers: errors in the caller's own envelope, and small
 * pages.
 *
 * One table of cases (product.md §7) gives status, x-to11-error-code, and the type and code of each
 * dialect.
 */
#ifndef GW_GATEWAY_REPLY_H
#define GW_GATEWAY_REPLY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "gateway/endpoints.h"

enum gw_fault {
    GW_FAULT_UNKNOWN_MODEL,
    GW_FAULT_UNKNOWN_PROVIDER, /* named by a path or a header */
    GW_FAULT_UNKNOWN_PATH,
    GW_FAULT_METHOD,
    GW_FAULT_BAD_REQUEST, /* HTTP itself */
    GW_FAULT_HTTP_VERSION,
    GW_FAULT_INVALID_JSON,
    GW_FAULT_INVALID_FORM,
    GW_FAULT_INVALID_MODEL,
    GW_FAULT_UNSUPPORTED, /* unsupported_capability */
    GW_FAULT_ENCODING,    /* a content coding that cannot be read here */
    GW_FAULT_LOOP,        /* the request has been here too often */
    GW_FAULT_REQUEST_TIMEOUT,
    GW_FAULT_BODY_TOO_LARGE,
    GW_FAULT_HEADERS_TOO_LARGE,
    GW_FAULT_UNREACHABLE,
    GW_FAULT_BROKEN,
    GW_FAULT_TRUNCATED, /* within an event stream */
    GW_FAULT_TIMEOUT,
    GW_FAULT_OVERLOADED,
    GW_FAULTS /* must stay last */
};

struct gw_fault_row {
    unsigned status;
    const char *error_code; /* x-to11-error-code */
    const char *openai_type, *openai_code;
    const char *anthropic_type;
    const char *param;             /* of OpenAI's envelope; NULL: null */
    enum gw_error_type error_type; /* of the record */
    const char *doc;               /* when, for docs/reference/errors.md */
};

const struct gw_fault_row *gw_fault_row(enum gw_fault fault);

/* The error object in the caller's envelope, one line. @param request_id  shown to Messages callers
 */
enum gw_status gw_reply_error_body(struct gw_buf *into, enum gw_caller caller, enum gw_fault fault,
                                   struct gw_str message, struct gw_str request_id);

/* The same as an event of the caller's stream, blank line included. */
enum gw_status gw_reply_error_event(struct gw_buf *into, enum gw_caller caller, enum gw_fault fault,
                                    struct gw_str message, struct gw_str request_id);

#endif
