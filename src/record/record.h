/*
 * record/record: what is known about one exchange; filled on the way, closed exactly once.
 *
 * Lives inside the exchange, its strings in the exchange's arena or the configuration snapshot:
 * sinks copy what they keep. gw_record_close() hands it to every sink of its worker: metric cells
 * and the access log; none of them blocks.
 */
#ifndef GW_RECORD_RECORD_H
#define GW_RECORD_RECORD_H

#include "base/str.h"
#include "record/trace.h"

/* What the caller asked for: `operation` in the log, gen_ai.operation.name later. */
enum gw_operation {
    GW_OP_NONE, /* not a model call: health, unknown paths, bad requests */
    GW_OP_CHAT,
    GW_OP_COUNT_TOKENS,
    GW_OP_TEXT_COMPLETION,
    GW_OP_EMBEDDINGS,
    GW_OP_IMAGE_GENERATION,
    GW_OP_AUDIO_SPEECH,
    GW_OP_AUDIO_TRANSCRIPTION,
    GW_OP_RERANK,
    GW_OP_FILES,
    GW_OP_MODELS,
    GW_OP_NATIVE,  /* /providers/{name}/… */
    GW_OP_FORWARD, /* another /v1/… call */
    GW_OPS         /* must stay last */
};
struct gw_str gw_operation_name(enum gw_operation operation); /* "chat", …; empty for NONE */

/* Why an exchange did not end well: `error_type` in the log (telemetry.md §3, error.type). */
enum gw_error_type {
    GW_ERROR_NONE,
    GW_ERROR_STATUS, /* the answer's status says it: logged as its number */
    GW_ERROR_BAD_REQUEST,
    GW_ERROR_TIMEOUT,
    GW_ERROR_CONNECTION,
    GW_ERROR_DNS,
    GW_ERROR_TLS,
    GW_ERROR_UPSTREAM_BROKEN, /* broken or truncated answer */
    GW_ERROR_CLIENT_DISCONNECT,
    GW_ERROR_OVERLOADED,
    GW_ERROR_OTHER,
    GW_ERROR_TYPES /* must stay last */
};
/* "timeout", "connection_error", …, "_OTHER"; empty for NONE and STATUS */
struct gw_str gw_error_type_name(enum gw_error_type type);

/* Which clock ended an exchange. */
enum gw_timeout_clock {
    GW_TIMEOUT_NONE,
    GW_TIMEOUT_CONNECT,    /* connect_timeout_ms */
    GW_TIMEOUT_FIRST_BYTE, /* timeout_ms, before anything of an answer came */
    GW_TIMEOUT_WHOLE,      /* timeout_ms, of an answer that is passed on whole */
    GW_TIMEOUT_IDLE        /* idle_timeout_ms, within a stream */
};

/* How one attempt at a target ended: labels of the metrics of routing. */
enum gw_outcome {
    GW_OUTCOME_SUCCESS,         /* an answer with a status below 400 */
    GW_OUTCOME_CLIENT_ERROR,    /* 4xx but 408 and 429 */
    GW_OUTCOME_REQUEST_TIMEOUT, /* 408 */
    GW_OUTCOME_RATE_LIMITED,    /* 429 */
    GW_OUTCOME_SERVER_ERROR,    /* 5xx */
    GW_OUTCOME_TIMEOUT,         /* a clock of ours */
    GW_OUTCOME_CONNECTION_ERROR,
    GW_OUTCOME_DNS_ERROR,
    GW_OUTCOME_TLS_ERROR,
    GW_OUTCOME_UPSTREAM_BROKEN, /* broken or truncated answer */
    GW_OUTCOME_OVERLOADED,      /* no connection to be had here */
    GW_OUTCOME_CANCELLED,       /* the caller left */
    GW_OUTCOMES                 /* must stay last */
};
struct gw_str gw_outcome_name(enum gw_outcome outcome); /* "success", "client_error", … */
/* Of an answer's status; one past 599 is taken for a 5xx (RFC 9110 §15). */
enum gw_outcome gw_outcome_of_status(unsigned status);

/* Moments, in gw_clock_ns(); 0: did not happen. */
enum gw_moment {
    GW_AT_START,         /* t0: request head read */
    GW_AT_BODY_END,      /* last byte of the request read */
    GW_AT_ATTEMPT,       /* t1: last upstream attempt begun, before connect */
    GW_AT_SENT,          /* request handed to the kernel whole */
    GW_AT_UPSTREAM_HEAD, /* first byte of the answer read */
    GW_AT_FIRST_CONTENT, /* t2/t3: first body byte passed to the caller */
    GW_AT_UPSTREAM_END,  /* t4: last byte of the answer read */
    GW_AT_END,           /* t5: last byte to the caller */
    GW_MOMENTS           /* must stay last */
};

struct gw_record {
    uint64_t at_ns[GW_MOMENTS];
    uint64_t started_wall_ns;
    uint64_t own_ns;              /* spent in this process on the exchange: the overhead */
    uint64_t bytes_in, bytes_out; /* bodies, as read from and written to the caller */
    struct gw_trace trace;
    struct gw_str request_id, method, path, user_agent, remote_addr;
    struct gw_str client_format, provider, model_requested, model_used; /* empty: unknown */
    /* Labels of metrics: only configured names, so that callers cannot make series. 0: none or not
     * configured. */
    uint32_t provider_id, model_id;
    enum gw_operation operation;
    enum gw_error_type error_type;
    enum gw_timeout_clock timed_out;
    unsigned status; /* sent to the caller; 0 when the caller left before (counted as 499) */
    unsigned attempts;
    bool stream;
    bool opened, closed; /* opened: counted as in flight */
    bool stream_open;    /* counted in gateway_open_streams */

    /* Of managed routing; empty or 0: none. The route's name is that of [routes.NAME] or of the
     * bare target, the function's that of [functions.NAME]. */
    struct gw_str warnings; /* of a translation, as x-gateway-warnings */
    struct gw_str route, function, target, variant;
    uint32_t target_id; /* a label of metrics, as provider_id */
    unsigned retries;   /* attempts that were made again */
    unsigned fallbacks; /* times it moved to another target */
    bool sent_once; /* the request's body was too large to be kept, so it could not be sent again */
};

struct gw_sinks; /* one worker's sinks: record/sinks.h */

/* Counts the exchange as in flight. */
void gw_record_open(struct gw_record *record, struct gw_sinks *sinks);
/* Counts an answer that turned out to be an event stream, until the record closes. */
void gw_record_stream_opened(struct gw_record *record, struct gw_sinks *sinks);
/* Exactly once; asserts it. */
void gw_record_close(struct gw_record *record, struct gw_sinks *sinks);

#endif
