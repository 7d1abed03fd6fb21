#include "gateway/reply.h"

#include "wire/json_write.h"

#define BAD "bad_request"
#define INVALID "invalid_request_error"
#define SERVER "server_error"

static const struct gw_fault_row rows[GW_FAULTS] = {
    [GW_FAULT_UNKNOWN_MODEL] = {404, "model_not_found", INVALID, "UnknownModel", "not_found_error",
                                "model", GW_ERROR_BAD_REQUEST, "No layer knows the model."},
    [GW_FAULT_UNKNOWN_PROVIDER] =
        {404, "model_not_found", INVALID, "UnknownProvider", "not_found_error", NULL,
         GW_ERROR_BAD_REQUEST, "No provider has the name in the path or in `x-gateway-provider`."},
    [GW_FAULT_UNKNOWN_PATH] = {404, BAD, INVALID, "not_found", "not_found_error", NULL,
                               GW_ERROR_BAD_REQUEST, "Nothing is served at this path."},
    [GW_FAULT_METHOD] = {405, BAD, INVALID, "method_not_allowed", INVALID, NULL,
                         GW_ERROR_BAD_REQUEST, "The path is served, but not with this method."},
    [GW_FAULT_BAD_REQUEST] =
        {400, BAD, INVALID, "bad_request", INVALID, NULL, GW_ERROR_BAD_REQUEST,
         "The request is no valid HTTP/1.1, or its path is not safe to pass on."},
    [GW_FAULT_HTTP_VERSION] = {505, BAD, INVALID, "http_version", INVALID, NULL,
                               GW_ERROR_BAD_REQUEST, "Another version than HTTP/1.0 or 1.1."},
    [GW_FAULT_INVALID_JSON] =
        {400, BAD, INVALID, "invalid_json", INVALID, NULL, GW_ERROR_BAD_REQUEST,
         "The body is no JSON object, unbalanced, too deep, or has two `model`s."},
    [GW_FAULT_INVALID_FORM] = {400, BAD, INVALID, "invalid_form", INVALID, NULL,
                               GW_ERROR_BAD_REQUEST, "The body is no complete multipart form."},
    [GW_FAULT_INVALID_MODEL] = {400, BAD, INVALID, "invalid_model", INVALID, "model",
                                GW_ERROR_BAD_REQUEST,
                                "`model` is missing, empty, too long or no string."},
    [GW_FAULT_UNSUPPORTED] = {400, BAD, INVALID, "unsupported_capability", INVALID, NULL,
                              GW_ERROR_BAD_REQUEST,
                              "The provider of this model does not serve this endpoint."},
    [GW_FAULT_ENCODING] = {415, BAD, INVALID, "unsupported_content_encoding", INVALID, NULL,
                           GW_ERROR_BAD_REQUEST,
                           "A content coding that cannot be read here, or a broken one."},
    [GW_FAULT_LOOP] = {400, BAD, INVALID, "proxy_loop", INVALID, NULL, GW_ERROR_BAD_REQUEST,
                       "The request has passed 8 gateways: a `base_url` leads back here."},
    [GW_FAULT_REQUEST_TIMEOUT] = {408, BAD, "timeout_error", "request_timeout", "timeout_error",
                                  NULL, GW_ERROR_TIMEOUT, "The request did not come in time."},
    [GW_FAULT_BODY_TOO_LARGE] = {413, BAD, INVALID, "body_too_large", "request_too_large", NULL,
                                 GW_ERROR_BAD_REQUEST, "The body is over `max_body_bytes`."},
    [GW_FAULT_HEADERS_TOO_LARGE] = {431, BAD, INVALID, "headers_too_large", INVALID, NULL,
                                    GW_ERROR_BAD_REQUEST,
                                    "The head is over `max_header_bytes` or has over 128 fields."},
    [GW_FAULT_UNREACHABLE] = {502, "upstream", SERVER, "upstream_unreachable", "api_error", NULL,
                              GW_ERROR_CONNECTION, "DNS, connect or TLS to the provider failed."},
    [GW_FAULT_BROKEN] = {502, "upstream", SERVER, "upstream_broken", "api_error", NULL,
                         GW_ERROR_UPSTREAM_BROKEN,
                         "The provider's answer is no HTTP, incomplete, or never came."},
    [GW_FAULT_TRUNCATED] = {502, "upstream", SERVER, "stream_truncated", "api_error", NULL,
                            GW_ERROR_UPSTREAM_BROKEN,
                            "Within a stream: it ended without its last event."},
    [GW_FAULT_TIMEOUT] = {504, "upstream", SERVER, "upstream_timeout", "timeout_error", NULL,
                          GW_ERROR_TIMEOUT,
                          "The provider did not connect, answer or go on in time."},
    [GW_FAULT_OVERLOADED] = {503, "overloaded", SERVER, "gateway_overloaded", "overloaded_error",
                             NULL, GW_ERROR_OVERLOADED,
                             "A limit of connections or memory was reached."},
};

const struct gw_fault_row *gw_fault_row(enum gw_fault fault)
{
    return &rows[fault];
}

static void write_openai(struct gw_json_writer *json, const struct gw_fault_row *row,
                         struct gw_str message)
{
    gw_json_write_key(json, GW_STR("error"));
    gw_json_write_begin_object(json);
    gw_json_write_key(json, GW_STR("message"));
    gw_json_write_string(json, message);
    gw_json_write_key(json, GW_STR("type"));
    gw_json_write_string(json, gw_str_of(row->openai_type));
    gw_json_write_key(json, GW_STR("param"));
    if (row->param)
        gw_json_write_string(json, gw_str_of(row->param));
    else
        gw_json_write_null(json);
    gw_json_write_key(json, GW_STR("code"));
    gw_json_write_string(json, gw_str_of(row->openai_code));
    gw_json_write_end_object(json);
}

static void write_anthropic(struct gw_json_writer *json, const struct gw_fault_row *row,
                            struct gw_str message, struct gw_str request_id)
{
    gw_json_write_key(json, GW_STR("type"));
    gw_json_write_string(json, GW_STR("error"));
    gw_json_write_key(json, GW_STR("error"));
    gw_json_write_begin_object(json);
    gw_json_write_key(json, GW_STR("type"));
    gw_json_write_string(json, gw_str_of(row->anthropic_type));
    gw_json_write_key(json, GW_STR("message"));
    gw_json_write_string(json, message);
    gw_json_write_end_object(json);
    gw_json_write_key(json, GW_STR("request_id"));
    gw_json_write_string(json, request_id);
}

/* The Responses stream has an event of its own shape; its SDK throws on the `error` member, others
 * read `code`. */
static void write_responses_event(struct gw_json_writer *json, const struct gw_fault_row *row,
                                  struct gw_str message)
{
    gw_json_write_key(json, GW_STR("type"));
    gw_json_write_string(json, GW_STR("error"));
    gw_json_write_key(json, GW_STR("code"));
    gw_json_write_string(json, gw_str_of(row->openai_code));
    gw_json_write_key(json, GW_STR("message"));
    gw_json_write_string(json, message);
    gw_json_write_key(json, GW_STR("param"));
    gw_json_write_null(json);
    write_openai(json, row, message);
}

enum gw_status gw_reply_error_body(struct gw_buf *into, enum gw_caller caller, enum gw_fault fault,
                                   struct gw_str message, struct gw_str request_id)
{
    struct gw_json_writer json;

    gw_json_write_init(&json, into);
    gw_json_write_begin_object(&json);
    if (caller == GW_CALLER_MESSAGES)
        write_anthropic(&json, &rows[fault], message, request_id);
    else
        write_openai(&json, &rows[fault], message);
    gw_json_write_end_object(&json);
    return gw_json_write_finish(&json);
}

enum gw_status gw_reply_error_event(struct gw_buf *into, enum gw_caller caller, enum gw_fault fault,
                                    struct gw_str message, struct gw_str request_id)
{
    struct gw_json_writer json;
    bool named = caller == GW_CALLER_MESSAGES || caller == GW_CALLER_RESPONSES;

    enum gw_status status =
        gw_buf_add(into, named ? GW_STR("event: error\ndata: ") : GW_STR("data: "));
    if (status != GW_OK)
        return status;
    gw_json_write_init(&json, into);
    gw_json_write_begin_object(&json);
    if (caller == GW_CALLER_MESSAGES)
        write_anthropic(&json, &rows[fault], message, request_id);
    else if (caller == GW_CALLER_RESPONSES)
        write_responses_event(&json, &rows[fault], message);
    else
        write_openai(&json, &rows[fault], message);
    gw_json_write_end_object(&json);
    status = gw_json_write_finish(&json);
    return status == GW_OK ? gw_buf_add(into, GW_STR("\n\n")) : status;
}
