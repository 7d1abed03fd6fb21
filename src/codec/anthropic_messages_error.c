/* Errors: of upstreams in whatever shape they come, and in the envelope of a Messages caller (translation.md
 * §7). */
#include <stdio.h>

#include "codec/anthropic_messages_private.h"

/* ---- writing ---- */

static const struct {
    unsigned status;
    struct gw_str type;
} envelopes[GW_CLASSES] = {
    [GW_CLASS_BAD_REQUEST] = {400, GW_STR_INIT("invalid_request_error")},
    [GW_CLASS_CONTEXT] = {400, GW_STR_INIT("invalid_request_error")},
    [GW_CLASS_AUTH] = {401, GW_STR_INIT("authentication_error")},
    [GW_CLASS_BILLING] = {402, GW_STR_INIT("billing_error")},
    [GW_CLASS_PERMISSION] = {403, GW_STR_INIT("permission_error")},
    [GW_CLASS_NOT_FOUND] = {404, GW_STR_INIT("not_found_error")},
    [GW_CLASS_TIMEOUT] = {408, GW_STR_INIT("timeout_error")},
    [GW_CLASS_CONFLICT] = {409, GW_STR_INIT("invalid_request_error")},
    [GW_CLASS_TOO_LARGE] = {413, GW_STR_INIT("request_too_large")},
    [GW_CLASS_UNPROCESSABLE] = {400, GW_STR_INIT("invalid_request_error")},
    [GW_CLASS_RATE_LIMIT] = {429, GW_STR_INIT("rate_limit_error")},
    [GW_CLASS_INTERNAL] = {500, GW_STR_INIT("api_error")},
    [GW_CLASS_BAD_GATEWAY] = {502, GW_STR_INIT("api_error")},
    [GW_CLASS_OVERLOADED] = {529, GW_STR_INIT("overloaded_error")},
    [GW_CLASS_GATEWAY_TIMEOUT] = {504, GW_STR_INIT("timeout_error")},
    [GW_CLASS_CANCELLED] = {499, GW_STR_INIT("api_error")},
};

#define TOO_LONG "prompt is too long"

/* Claude Code shortens a conversation when it reads these words. */
static void write_message(struct gw_json_writer *out, const struct gw_failure_told *told)
{
    struct gw_str raw = told->message.raw;
    bool prefix =
        told->class == GW_CLASS_CONTEXT && gw_str_find_str(raw, GW_STR(TOO_LONG)) == raw.len;

    gw_json_write_key(out, GW_STR("message"));
    gw_json_write_raw_string(out, prefix ? GW_STR(TOO_LONG ": ") : raw);
    if (!prefix || out->status != GW_OK)
        return;
    out->buf->tail--; /* its closing quote: the rest of the message follows */
    out->status = gw_text_add(out->buf, told->message);
    if (out->status == GW_OK)
        out->status = gw_buf_add_c(out->buf, '"');
}

/* The SDK's own fallback hangs on this code (§3.3). */
static struct gw_str details_of(const struct gw_failure_told *told)
{
    if (told->details.len)
        return told->details;
    if (told->class == GW_CLASS_BAD_REQUEST && gw_text_equals(told->param, GW_STR("thread")))
        return GW_STR("{\"error_code\":\"thread_unsupported_request\"}");
    return (struct gw_str){NULL, 0};
}

enum gw_status gw_messages_write_error(const struct gw_failure_told *told,
                                       const struct gw_answer_context *context, struct gw_buf *out,
                                       unsigned *status_out)
{
    struct gw_json_writer json;
    struct gw_str details = details_of(told);

    gw_json_write_init(&json, out);
    gw_json_write_begin_object(&json);
    gw_messages_put_string(&json, GW_STR("type"), GW_STR("error"));
    gw_json_write_key(&json, GW_STR("error"));
    gw_json_write_begin_object(&json);
    gw_messages_put_string(&json, GW_STR("type"), envelopes[told->class].type);
    write_message(&json, told);
    if (details.base) {
        gw_json_write_key(&json, GW_STR("details"));
        gw_messages_write_line(&json, details);
    }
    gw_json_write_end_object(&json);
    gw_messages_put_string(&json, GW_STR("request_id"), context->request_id);
    gw_json_write_end_object(&json);
    *status_out = envelopes[told->class].status;
    return gw_json_write_finish(&json);
}
