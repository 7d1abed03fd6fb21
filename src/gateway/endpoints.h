/*
 * gateway/endpoints: method and path to what is done about them (product.md §4).
 */
#ifndef GW_GATEWAY_ENDPOINTS_H
#define GW_GATEWAY_ENDPOINTS_H

#include "config/known_providers.h"
#include "record/record.h"
#include "wire/http1.h"

/* The format the caller speaks: errors are told in it. */
enum gw_caller {
    GW_CALLER_CHAT,      /* Chat Completions */
    GW_CALLER_RESPONSES, /* OpenAI Responses */
    GW_CALLER_MESSAGES,  /* Anthropic Messages */
    GW_CALLER_OPENAI     /* anything else in OpenAI's shape */
};

enum gw_handling {
    GW_HANDLE_ROOT, /* answered here */
    GW_HANDLE_HEALTH,
    GW_HANDLE_MODELS,
    GW_HANDLE_MODEL,
    GW_HANDLE_JSON,  /* to the provider of the JSON body's model */
    GW_HANDLE_FORM,  /* to the provider of the form's model */
    GW_HANDLE_FILES, /* to the provider a header names, or the first OpenAI-compatible one */
    GW_HANDLE_NATIVE /* to the provider the path names, untouched */
};

struct gw_endpoint {
    const char *path; /* "*" as a segment: any one; as the last segment "**": one or more of any */
    const char *methods; /* as in Allow */
    enum gw_handling handling;
    enum gw_caller caller;
    enum gw_operation operation;
    unsigned dialects;  /* that serve it natively: bits 1 << enum gw_dialect */
    const char *format; /* client_format of the log */
};

/* What a request's target is. */
struct gw_route_match {
    const struct gw_endpoint *endpoint; /* NULL: unknown path */
    bool method_allowed;
    enum gw_caller caller; /* also for unknown paths: by their family */
    struct gw_str below;   /* the path below /v1 ("/chat/completions"), or below /providers/NAME */
    struct gw_str
        name; /* provider of a native call, or model of /v1/models/…; as written, percent-encoded */
    struct gw_str query; /* "?…" or empty */
};

/* @param target  origin-form; the match's slices point into it */
struct gw_route_match gw_endpoint_match(enum gw_http1_method method, struct gw_str target);

/* All rows, for the generated reference and tests. */
const struct gw_endpoint *gw_endpoints(size_t *count_out);

#endif
