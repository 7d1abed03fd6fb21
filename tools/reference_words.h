/*
 * tools/reference_words: what the tables in src/ do not say of their rows, by the same enums.
 * reference.c is its only reader.
 */
#ifndef GW_TOOLS_REFERENCE_WORDS_H
#define GW_TOOLS_REFERENCE_WORDS_H

#include "config/access_log_fields.h"
#include "config/keys.h"
#include "gateway/endpoints.h"

static const char *const kind_words[] = {
    [GW_KEY_BOOL] = "true or false",
    [GW_KEY_INTEGER] = "integer",
    [GW_KEY_NUMBER] = "number",
    [GW_KEY_STRING] = "string",
    [GW_KEY_CHOICE] = "word",
    [GW_KEY_URL] = "URL",
    [GW_KEY_CREDENTIAL] = "`env::NAME` or `file::PATH`",
    [GW_KEY_STRINGS] = "strings",
    [GW_KEY_STRING_MAP] = "table of strings",
    [GW_KEY_TABLE] = "table",
    [GW_KEY_TABLES] = "tables by name",
    [GW_KEY_TABLE_LIST] = "list of tables",
};

static const char *const handling_words[] = {
    [GW_HANDLE_ROOT] = "answered by the gateway: its name and version",
    [GW_HANDLE_HEALTH] = "answered by the gateway: 200, or 503 while it drains",
    [GW_HANDLE_MODELS] = "answered by the gateway: the models of the configuration",
    [GW_HANDLE_MODEL] = "answered by the gateway: one of them",
    [GW_HANDLE_JSON] = "to the provider of `model` in the JSON body",
    [GW_HANDLE_FORM] = "to the provider of `model` in the form",
    [GW_HANDLE_FILES] =
        "to the provider that `x-gateway-provider` names, else the first OpenAI-compatible one",
    [GW_HANDLE_NATIVE] = "to the provider that the path names",
};

static const char *const caller_words[] = {
    [GW_CALLER_CHAT] = "OpenAI",
    [GW_CALLER_RESPONSES] = "OpenAI (Responses)",
    [GW_CALLER_MESSAGES] = "Anthropic",
    [GW_CALLER_OPENAI] = "OpenAI",
};

static const char *const field_words[GW_ACCESS_FIELDS] = {
    [GW_ACCESS_TS] = "When the exchange ended: UTC, microseconds.",
    [GW_ACCESS_LEVEL] =
        "`error` for a status from 500 on and for an answer that broke off, else `info`.",
    [GW_ACCESS_MSG] = "Always `request`: tells these lines from the others on standard error.",
    [GW_ACCESS_REQUEST_ID] = "What the answer carried as `x-gateway-request-id`.",
    [GW_ACCESS_TRACE_ID] = "Of the trace, 32 hexadecimal digits.",
    [GW_ACCESS_SPAN_ID] = "The gateway's own span, which the answer's `traceparent` names.",
    [GW_ACCESS_METHOD] = "The request's method.",
    [GW_ACCESS_PATH] = "The request's path, without its query.",
    [GW_ACCESS_ROUTE] = "Name of the route, or of the target that was called by its own name.",
    [GW_ACCESS_FUNCTION] = "Name of the function.",
    [GW_ACCESS_OPERATION] = "`chat`, `embeddings`, …: see [endpoints.md](endpoints.md).",
    [GW_ACCESS_STATUS] = "Sent to the caller; 499 when it left before one was.",
    [GW_ACCESS_ERROR_TYPE] =
        "Why the exchange did not end well; the status when a provider said it.",
    [GW_ACCESS_CLIENT_FORMAT] = "The format the caller spoke.",
    [GW_ACCESS_PROVIDER] = "Who was asked.",
    [GW_ACCESS_TARGET] = "Name of the target.",
    [GW_ACCESS_MODEL_REQUESTED] = "`model` as the caller wrote it.",
    [GW_ACCESS_MODEL_USED] = "`model` as the provider got it.",
    [GW_ACCESS_STREAM] = "Whether the answer was an event stream.",
    [GW_ACCESS_ATTEMPTS] =
        "Times that a connection to a provider was asked for, retries and fallbacks included.",
    [GW_ACCESS_KEY_ID] = "Which of the gateway's keys the caller used.",
    [GW_ACCESS_TEAM_ID] = "Whose it is.",
    [GW_ACCESS_USER_AGENT] = "The caller's `user-agent`.",
    [GW_ACCESS_REMOTE_ADDR] = "The caller's address and port. Only when it is asked for by name.",
    [GW_ACCESS_BYTES_IN] = "Bytes of the request's body.",
    [GW_ACCESS_BYTES_OUT] = "Bytes of the answer's body.",
    [GW_ACCESS_DURATION_MS] = "From the request's head to the answer's last byte.",
    [GW_ACCESS_OVERHEAD_MS] = "Of it, spent in the gateway itself.",
    [GW_ACCESS_UPSTREAM_MS] = "From the last attempt's begin to the last byte of the answer.",
    [GW_ACCESS_TTFT_MS] = "From the request's head to a stream's first byte.",
    [GW_ACCESS_TOKENS_IN] = "Tokens of the request.",
    [GW_ACCESS_TOKENS_OUT] = "Tokens of the answer.",
    [GW_ACCESS_TOKENS_CACHE_READ] = "Of the request's, read from the provider's cache.",
    [GW_ACCESS_TOKENS_CACHE_WRITE] = "Of the request's, written to it.",
    [GW_ACCESS_TOKENS_REASONING] = "Of the answer's, spent on reasoning.",
    [GW_ACCESS_COST_USD] = "What it cost.",
    [GW_ACCESS_FINISH_REASON] = "Why the model stopped.",
    [GW_ACCESS_CACHE] = "Whether the gateway's cache answered.",
    [GW_ACCESS_SECURITY_ACTION] = "What scanning did.",
    [GW_ACCESS_SECURITY_RULES] = "Which rules matched.",
};

#endif
