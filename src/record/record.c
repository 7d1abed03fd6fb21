#include "record/record.h"

#include "base/clock.h"
#include "record/sinks.h"

#include <assert.h>

struct gw_str gw_operation_name(enum gw_operation operation)
{
    static const struct gw_str names[GW_OPS] = {
        [GW_OP_NONE] = GW_STR_INIT(""),
        [GW_OP_CHAT] = GW_STR_INIT("chat"),
        [GW_OP_COUNT_TOKENS] = GW_STR_INIT("count_tokens"),
        [GW_OP_TEXT_COMPLETION] = GW_STR_INIT("text_completion"),
        [GW_OP_EMBEDDINGS] = GW_STR_INIT("embeddings"),
        [GW_OP_IMAGE_GENERATION] = GW_STR_INIT("image_generation"),
        [GW_OP_AUDIO_SPEECH] = GW_STR_INIT("audio_speech"),
        [GW_OP_AUDIO_TRANSCRIPTION] = GW_STR_INIT("audio_transcription"),
        [GW_OP_RERANK] = GW_STR_INIT("rerank"),
        [GW_OP_FILES] = GW_STR_INIT("files"),
        [GW_OP_MODELS] = GW_STR_INIT("models"),
        [GW_OP_NATIVE] = GW_STR_INIT("native"),
        [GW_OP_FORWARD] = GW_STR_INIT("forward"),
    };
    return names[operation];
}

struct gw_str gw_error_type_name(enum gw_error_type type)
{
    static const struct gw_str names[GW_ERROR_TYPES] = {
        [GW_ERROR_NONE] = GW_STR_INIT(""),
        [GW_ERROR_STATUS] = GW_STR_INIT(""), /* the number is its name */
        [GW_ERROR_BAD_REQUEST] = GW_STR_INIT("bad_request"),
        [GW_ERROR_TIMEOUT] = GW_STR_INIT("timeout"),
        [GW_ERROR_CONNECTION] = GW_STR_INIT("connection_error"),
        [GW_ERROR_DNS] = GW_STR_INIT("dns_error"),
        [GW_ERROR_TLS] = GW_STR_INIT("tls_error"),
        [GW_ERROR_UPSTREAM_BROKEN] = GW_STR_INIT("upstream_broken"),
        [GW_ERROR_CLIENT_DISCONNECT] = GW_STR_INIT("client_disconnect"),
        [GW_ERROR_OVERLOADED] = GW_STR_INIT("overloaded"),
        [GW_ERROR_OTHER] = GW_STR_INIT("_OTHER"),
    };
    return names[type];
}

struct gw_str gw_outcome_name(enum gw_outcome outcome)
{
    static const struct gw_str names[GW_OUTCOMES] = {
        [GW_OUTCOME_SUCCESS] = GW_STR_INIT("success"),
        [GW_OUTCOME_CLIENT_ERROR] = GW_STR_INIT("client_error"),
        [GW_OUTCOME_REQUEST_TIMEOUT] = GW_STR_INIT("request_timeout"),
        [GW_OUTCOME_RATE_LIMITED] = GW_STR_INIT("rate_limited"),
        [GW_OUTCOME_SERVER_ERROR] = GW_STR_INIT("server_error"),
        [GW_OUTCOME_TIMEOUT] = GW_STR_INIT("timeout"),
        [GW_OUTCOME_CONNECTION_ERROR] = GW_STR_INIT("connection_error"),
        [GW_OUTCOME_DNS_ERROR] = GW_STR_INIT("dns_error"),
        [GW_OUTCOME_TLS_ERROR] = GW_STR_INIT("tls_error"),
        [GW_OUTCOME_UPSTREAM_BROKEN] = GW_STR_INIT("upstream_broken"),
        [GW_OUTCOME_OVERLOADED] = GW_STR_INIT("overloaded"),
        [GW_OUTCOME_CANCELLED] = GW_STR_INIT("cancelled"),
    };
    return names[outcome];
}

enum gw_outcome gw_outcome_of_status(unsigned status)
{
    if (status < 400)
        return GW_OUTCOME_SUCCESS;
    if (status == 408)
        return GW_OUTCOME_REQUEST_TIMEOUT;
    if (status == 429)
        return GW_OUTCOME_RATE_LIMITED;
    return status < 500 ? GW_OUTCOME_CLIENT_ERROR : GW_OUTCOME_SERVER_ERROR;
}

void gw_record_open(struct gw_record *record, struct gw_sinks *sinks)
{
    assert(!record->opened && !record->closed);
    record->opened = true;
    gw_sinks_opened(sinks);
}

void gw_record_stream_opened(struct gw_record *record, struct gw_sinks *sinks)
{
    assert(!record->stream_open && !record->closed);
    record->stream_open = true;
    gw_sinks_stream_opened(sinks);
}

void gw_record_close(struct gw_record *record, struct gw_sinks *sinks)
{
    assert(!record->closed);
    record->closed = true;
    if (record->at_ns[GW_AT_END] == 0)
        record->at_ns[GW_AT_END] = gw_clock_ns();
    gw_sinks_closed(sinks, record);
}
