/*
 * config/access_log_fields: the fields of an access log line, in their order: names for
 * [access_log] fields.
 *
 * One list, which both the configuration's check and the writer of lines (record/access_line) are
 * made of.
 */
#ifndef GW_CONFIG_ACCESS_LOG_FIELDS_H
#define GW_CONFIG_ACCESS_LOG_FIELDS_H

#include "base/str.h"

/* FIELD(constant's part, name). Those that nothing fills yet are accepted all the same, and absent
 * from lines. */
#define GW_ACCESS_LOG_FIELDS(FIELD)                                                                \
    FIELD(TS, "ts")                                                                                \
    FIELD(LEVEL, "level")                                                                          \
    FIELD(MSG, "msg")                                                                              \
    FIELD(REQUEST_ID, "request_id")                                                                \
    FIELD(TRACE_ID, "trace_id")                                                                    \
    FIELD(SPAN_ID, "span_id")                                                                      \
    FIELD(METHOD, "method")                                                                        \
    FIELD(PATH, "path")                                                                            \
    FIELD(ROUTE, "route")                                                                          \
    FIELD(FUNCTION, "function")                                                                    \
    FIELD(OPERATION, "operation")                                                                  \
    FIELD(STATUS, "status")                                                                        \
    FIELD(ERROR_TYPE, "error_type")                                                                \
    FIELD(CLIENT_FORMAT, "client_format")                                                          \
    FIELD(PROVIDER, "provider")                                                                    \
    FIELD(TARGET, "target")                                                                        \
    FIELD(MODEL_REQUESTED, "model_requested")                                                      \
    FIELD(MODEL_USED, "model_used")                                                                \
    FIELD(STREAM, "stream")                                                                        \
    FIELD(ATTEMPTS, "attempts")                                                                    \
    FIELD(KEY_ID, "key_id")                                                                        \
    FIELD(TEAM_ID, "team_id")                                                                      \
    FIELD(USER_AGENT, "user_agent")                                                                \
    FIELD(REMOTE_ADDR, "remote_addr")                                                              \
    FIELD(BYTES_IN, "bytes_in")                                                                    \
    FIELD(BYTES_OUT, "bytes_out")                                                                  \
    FIELD(DURATION_MS, "duration_ms")                                                              \
    FIELD(OVERHEAD_MS, "overhead_ms")                                                              \
    FIELD(UPSTREAM_MS, "upstream_ms")                                                              \
    FIELD(TTFT_MS, "ttft_ms")                                                                      \
    FIELD(TOKENS_IN, "tokens_in")                                                                  \
    FIELD(TOKENS_OUT, "tokens_out")                                                                \
    FIELD(TOKENS_CACHE_READ, "tokens_cache_read")                                                  \
    FIELD(TOKENS_CACHE_WRITE, "tokens_cache_write")                                                \
    FIELD(TOKENS_REASONING, "tokens_reasoning")                                                    \
    FIELD(COST_USD, "cost_usd")                                                                    \
    FIELD(FINISH_REASON, "finish_reason")                                                          \
    FIELD(CACHE, "cache")                                                                          \
    FIELD(SECURITY_ACTION, "security_action")                                                      \
    FIELD(SECURITY_RULES, "security_rules")

enum gw_access_field {
#define GW_ACCESS_FIELD_CONSTANT(constant, name) GW_ACCESS_##constant,
    GW_ACCESS_LOG_FIELDS(GW_ACCESS_FIELD_CONSTANT)
#undef GW_ACCESS_FIELD_CONSTANT
        GW_ACCESS_FIELDS /* must stay last */
};
_Static_assert(GW_ACCESS_FIELDS <= 64, "a set of fields is one integer");

#define GW_ACCESS_BIT(field) ((uint64_t)1 << (field))
/* For an empty list: all but remote_addr, which has to be asked for. */
#define GW_ACCESS_DEFAULT                                                                          \
    ((GW_ACCESS_BIT(GW_ACCESS_FIELDS) - 1) & ~GW_ACCESS_BIT(GW_ACCESS_REMOTE_ADDR))

/* The bit of the field called `name`.
 * @return false, and `bit_out` untouched, when there is none */
bool gw_access_log_field(struct gw_str name, uint64_t *bit_out);

/* For messages that list or suggest names. */
struct gw_str gw_access_log_field_name(enum gw_access_field field);

#endif
