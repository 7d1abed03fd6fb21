/*
 * The faults of the matrix: what a target does instead of answering, and what is said of it when
 * nobody else answers either.
 */
#include "wire/matrix.h"

#define ASKED "POST /v1/chat/completions HTTP/1.1\n...\n\n{\"model\":\"model-{x}\"}"
#define ASKED_FOR_STREAM                                                                           \
    "POST /v1/chat/completions HTTP/1.1\n...\n\n{\"model\":\"model-{x}\",\"stream\":true,"         \
    "\"stream_options\":{\"include_usage\":true}}"
#define RECEIVES                                                                                   \
    {                                                                                              \
        "{up} receives", ASKED                                                                     \
    }
#define RECEIVES_STREAM                                                                            \
    {                                                                                              \
        "{up} receives", ASKED_FOR_STREAM                                                          \
    }
#define JSON_HEAD "HTTP/1.1 200 OK\ncontent-type: application/json\n"
#define STREAM_HEAD                                                                                \
    "HTTP/1.1 200 OK\ncontent-type: text/event-stream\ntransfer-encoding: chunked\n\n"             \
    "{chunk}data: {\"from\":\"{x}\"}{lf}{lf}{/chunk}"

/* An answer with a status, whole and well. */
#define ANSWERS(status_line, fields)                                                               \
    .upstream = "",                                                                                \
    .acts = {                                                                                      \
        RECEIVES,                                                                                  \
        {"{up} sends", "HTTP/1.1 " status_line "\ncontent-type: application/json\n" fields         \
                       "content-length: {len}\n\n{\"from\":\"{x}\"}"},                             \
    }
#define UNREACHABLE .error_code = "upstream", .code = "upstream_unreachable"
#define BROKEN .error_code = "upstream", .code = "upstream_broken"
#define TOO_LATE .error_code = "upstream", .code = "upstream_timeout", .error_type = "timeout"

static const struct fault faults[] = {
    /* ---- no connection ---- */
    {.name = "connect refused",
     .upstream = "nobody",
     UNREACHABLE,
     .error_type = "connection_error",
     .says = "could not connect to ${up}: {*}"},
    {.name = "name unknown",
     UNREACHABLE,
     .error_type = "dns_error",
     .says = "could not resolve gone.onion: {*}"},
    {.name = "connect timeout",
     .upstream = "blackhole",
     TOO_LATE,
     .limit_ms = MATRIX_CONNECT_TIMEOUT_MS,
     .says = "could not connect to ${up} within 2000 ms (connect_timeout_ms)"},

    /* ---- no answer, or not a whole one ---- */
    {.name = "reset before the head",
     .upstream = "",
     .acts = {RECEIVES, {"{up} resets", NULL}},
     BROKEN,
     .error_type = "connection_error",
     .says = "the provider closed the connection without an answer"},
    {.name = "closed within the head",
     .upstream = "",
     .acts = {RECEIVES,
              {"{up} sends raw", "HTTP/1.1 200 OK{crlf}content-ty"},
              {"{up} closes", NULL}},
     BROKEN,
     .error_type = "upstream_broken",
     .says = "the provider closed the connection within the head of its answer"},
    {.name = "no HTTP",
     .upstream = "",
     .acts = {RECEIVES, {"{up} sends raw", "SSH-2.0-x{crlf}"}},
     BROKEN,
     .error_type = "upstream_broken",
     .says = "{*}"},
    {.name = "JSON cut by a reset",
     .upstream = "",
     .acts = {RECEIVES,
              {"{up} sends", JSON_HEAD "transfer-encoding: chunked\n\n{chunk}{\"from\":{/chunk}"},
              {"{up} resets", NULL}},
     BROKEN,
     .error_type = "upstream_broken",
     .says = "the provider closed the connection within its answer"},
    {.name = "JSON shorter than its length",
     .upstream = "",
     .acts = {RECEIVES,
              {"{up} sends", JSON_HEAD "content-length: 100\n\n{\"from\":"},
              {"{up} closes", NULL}},
     BROKEN,
     .error_type = "upstream_broken",
     .says = "the provider closed the connection within its answer"},
    {.name = "no first byte in time",
     .upstream = "",
     .acts = {RECEIVES},
     TOO_LATE,
     .limit_ms = MATRIX_TIMEOUT_MS,
     .says = "no answer came within 3000 ms (timeout_ms)"},
    {.name = "half a JSON in time",
     .upstream = "",
     .acts = {RECEIVES,
              {"step 2s", NULL},
              {"{up} sends", JSON_HEAD "content-length: 100\n\n{\"from\":"}},
     TOO_LATE,
     .limit_ms = MATRIX_TIMEOUT_MS,
     .says = "the answer was not whole within 3000 ms (timeout_ms)"},

    /* ---- streams: a byte has gone to the caller ---- */
    {.name = "stream falls silent",
     .upstream = "",
     .acts = {RECEIVES_STREAM, {"step 2s", NULL}, {"{up} sends", STREAM_HEAD}},
     .stream = true,
     TOO_LATE,
     .limit_ms = MATRIX_IDLE_TIMEOUT_MS,
     .limit_from_act = true,
     .says = "{*}within the stream: nothing came for 4000 ms (idle_timeout_ms)"},
    {.name = "stream is cut",
     .upstream = "",
     .acts = {RECEIVES_STREAM, {"{up} sends", STREAM_HEAD}, {"{up} closes", NULL}},
     .stream = true,
     .error_type = "upstream_broken",
     .code = "stream_truncated",
     .says = "upstream stream ended before completion"},

    /* ---- a status ---- */
    {.name = "408",
     ANSWERS("408 Request Timeout", ""),
     .error_type = "408",
     .error_code = "bad_request"},
    {.name = "429",
     ANSWERS("429 Too Many Requests", ""),
     .error_type = "429",
     .error_code = "rate_limit"},
    {.name = "429, after 2 s",
     ANSWERS("429 Too Many Requests", "retry-after: 2\n"),
     .retry_after_ms = 2000,
     .error_type = "429",
     .error_code = "rate_limit",
     .passed_on = "retry-after: 2"},
    {.name = "429, after 60 s",
     ANSWERS("429 Too Many Requests", "retry-after: 60\n"),
     .retry_after_ms = 60000,
     .error_type = "429",
     .error_code = "rate_limit",
     .passed_on = "retry-after: 60"},
    {.name = "429, after a date",
     ANSWERS("429 Too Many Requests", "retry-after: {date}\n"),
     .retry_after_ms = 5000,
     .is_date = true,
     .error_type = "429",
     .error_code = "rate_limit",
     .passed_on = "retry-after: {date}"},
    {.name = "500",
     ANSWERS("500 Internal Server Error", "x-own: kept\n"),
     .error_type = "500",
     .error_code = "upstream",
     .passed_on = "x-own: kept"},
    {.name = "503",
     ANSWERS("503 Service Unavailable", ""),
     .error_type = "503",
     .error_code = "upstream"},
    {.name = "529", ANSWERS("529 Overloaded", ""), .error_type = "529", .error_code = "overloaded"},
    {.name = "400",
     ANSWERS("400 Bad Request", ""),
     .error_type = "400",
     .error_code = "bad_request"},
    {.name = "401", ANSWERS("401 Unauthorized", ""), .error_type = "401", .error_code = "auth"},
    {.name = "403", ANSWERS("403 Forbidden", ""), .error_type = "403", .error_code = "forbidden"},
    {.name = "404",
     ANSWERS("404 Not Found", ""),
     .error_type = "404",
     .error_code = "model_not_found"},
    {.name = "413",
     ANSWERS("413 Content Too Large", ""),
     .error_type = "413",
     .error_code = "bad_request"},
    {.name = "422",
     ANSWERS("422 Unprocessable Content", ""),
     .error_type = "422",
     .error_code = "bad_request"},
};

const struct fault *fault_named(const char *name)
{
    for (size_t i = 0; i < GW_COUNT(faults); i++)
        if (strcmp(faults[i].name, name) == 0)
            return &faults[i];
    return NULL;
}
