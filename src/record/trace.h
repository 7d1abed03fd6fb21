/*
 * record/trace: W3C Trace Context in and out (telemetry.md §6), and the ids of requests.
 *
 * No I/O and no lock: the generator is the worker's.
 */
#ifndef GW_RECORD_TRACE_H
#define GW_RECORD_TRACE_H

#include "base/rng.h"
#include "base/str.h"

#define GW_TRACE_ID_BYTES 16
#define GW_SPAN_ID_BYTES 8
#define GW_TRACEPARENT_BYTES 55 /* 00-<32 hex>-<16 hex>-<2 hex> */
#define GW_REQUEST_ID_MAX 128
#define GW_UUID_BYTES 36
#define GW_TRACESTATE_BYTES_MAX 512
#define GW_TRACESTATE_MEMBERS_MAX 32

struct gw_trace {
    uint8_t trace_id[GW_TRACE_ID_BYTES];
    uint8_t parent_span[GW_SPAN_ID_BYTES];  /* all zero: this is the root */
    uint8_t server_span[GW_SPAN_ID_BYTES];  /* told to the caller */
    uint8_t attempt_span[GW_SPAN_ID_BYTES]; /* told to the provider */
    uint8_t flags;                          /* 0x01 sampled, 0x02 random */
};

/* Begins an exchange's trace: goes on with `traceparent` when it is valid (empty: none was sent;
 * `repeated`: more than one was: not valid), else starts a new one. Ids are never zero. */
void gw_trace_begin(struct gw_trace *trace, struct gw_str traceparent, bool repeated,
                    struct gw_rng *rng);
/* Does the trace go on with a caller's? Only then does the caller's tracestate go on as well. */
bool gw_trace_has_parent(const struct gw_trace *trace);
/* A new span for the next upstream attempt. */
void gw_trace_attempt(struct gw_trace *trace, struct gw_rng *rng);
/* With `span` = trace->server_span or trace->attempt_span. */
void gw_trace_format(const struct gw_trace *trace, const uint8_t span[GW_SPAN_ID_BYTES],
                     char out[GW_TRACEPARENT_BYTES]);

/* `len` bytes, a multiple of 4, as 2 * len lower-case hex digits. */
void gw_trace_hex(const uint8_t *bytes, size_t len, char *out);

/* What is passed on of the caller's tracestate fields, `values` in their order. They are joined
 * with "," and otherwise unchanged when they keep the limits; past 512 bytes members of more than
 * 128 bytes go first, then whatever is at the right; past 32 members the right ones go.
 * @return length of `out`; 0 when there is nothing, or a member breaks the grammar: then nothing
 * may be passed on */
size_t gw_tracestate_clean(const struct gw_str *values, size_t count,
                           char out[GW_TRACESTATE_BYTES_MAX]);

/* May a caller's x-request-id be used: 1..128 of [A-Za-z0-9._-]. */
bool gw_request_id_valid(struct gw_str id);
/* UUIDv7 (RFC 9562 §5.7). */
void gw_request_id_make(struct gw_rng *rng, uint64_t wall_ns, char out[GW_UUID_BYTES]);

#endif
