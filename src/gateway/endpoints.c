#include "gateway/endpoints.h"

#define OPENAI (1u << GW_DIALECT_OPENAI)
#define ANTHROPIC (1u << GW_DIALECT_ANTHROPIC)
#define COHERE (1u << GW_DIALECT_COHERE)
#define EVERY ((1u << GW_DIALECTS) - 1u)

/* The first row that fits counts: exact paths stand before patterns. */
static const struct gw_endpoint rows[] = {
    {"/v1/chat/completions", "POST", GW_HANDLE_JSON, GW_CALLER_CHAT, GW_OP_CHAT, OPENAI,
     "openai.chat"},
    {"/v1/messages", "POST", GW_HANDLE_JSON, GW_CALLER_MESSAGES, GW_OP_CHAT, ANTHROPIC,
     "anthropic.messages"},
    {"/v1/messages/count_tokens", "POST", GW_HANDLE_JSON, GW_CALLER_MESSAGES, GW_OP_COUNT_TOKENS,
     ANTHROPIC, "anthropic.messages"},
    {"/v1/responses", "POST", GW_HANDLE_JSON, GW_CALLER_RESPONSES, GW_OP_CHAT, OPENAI,
     "openai.responses"},
    {"/v1/embeddings", "POST", GW_HANDLE_JSON, GW_CALLER_OPENAI, GW_OP_EMBEDDINGS, OPENAI,
     "openai"},
    {"/v1/images/generations", "POST", GW_HANDLE_JSON, GW_CALLER_OPENAI, GW_OP_IMAGE_GENERATION,
     OPENAI, "openai"},
    {"/v1/audio/speech", "POST", GW_HANDLE_JSON, GW_CALLER_OPENAI, GW_OP_AUDIO_SPEECH, OPENAI,
     "openai"},
    {"/v1/audio/transcriptions", "POST", GW_HANDLE_FORM, GW_CALLER_OPENAI,
     GW_OP_AUDIO_TRANSCRIPTION, OPENAI, "openai"},
    {"/v1/rerank", "POST", GW_HANDLE_JSON, GW_CALLER_OPENAI, GW_OP_RERANK, OPENAI | COHERE,
     "openai"},
    {"/v1/files", "GET, POST", GW_HANDLE_FILES, GW_CALLER_OPENAI, GW_OP_FILES, OPENAI, "openai"},
    {"/v1/files/*", "GET, DELETE", GW_HANDLE_FILES, GW_CALLER_OPENAI, GW_OP_FILES, OPENAI,
     "openai"},
    {"/v1/files/*/content", "GET", GW_HANDLE_FILES, GW_CALLER_OPENAI, GW_OP_FILES, OPENAI,
     "openai"},
    {"/v1/models", "GET, HEAD", GW_HANDLE_MODELS, GW_CALLER_OPENAI, GW_OP_MODELS, EVERY, "openai"},
    {"/v1/models/**", "GET, HEAD", GW_HANDLE_MODEL, GW_CALLER_OPENAI, GW_OP_MODELS, EVERY,
     "openai"},
    {"/v1/completions", "POST", GW_HANDLE_JSON, GW_CALLER_OPENAI, GW_OP_TEXT_COMPLETION, OPENAI,
     "openai"},
    {"/v1/messages/**", "POST", GW_HANDLE_JSON, GW_CALLER_MESSAGES, GW_OP_FORWARD, ANTHROPIC,
     "anthropic.messages"},
    {"/v1/**", "POST", GW_HANDLE_JSON, GW_CALLER_OPENAI, GW_OP_FORWARD, OPENAI, "openai"},
    {"/providers/**", NULL, GW_HANDLE_NATIVE, GW_CALLER_OPENAI, GW_OP_NATIVE, EVERY, "native"},
    {"/health", "GET, HEAD", GW_HANDLE_HEALTH, GW_CALLER_OPENAI, GW_OP_NONE, EVERY, NULL},
    {"/", "GET, HEAD", GW_HANDLE_ROOT, GW_CALLER_OPENAI, GW_OP_NONE, EVERY, NULL},
};

const struct gw_endpoint *gw_endpoints(size_t *count_out)
{
    *count_out = GW_COUNT(rows);
    return rows;
}

/* Takes "/segment" off the front. */
static struct gw_str take_segment(struct gw_str *path)
{
    struct gw_str rest = gw_str_from(*path, 1);
    size_t len = gw_str_find(rest, '/');
    struct gw_str segment = {rest.base, len};
    *path = gw_str_from(rest, len);
    return segment;
}

static bool pattern_fits(struct gw_str pattern, struct gw_str path)
{
    while (pattern.len && path.len) {
        struct gw_str want = take_segment(&pattern), have = take_segment(&path);
        if (gw_str_eq(want, GW_STR("**")))
            return have.len != 0;
        if (gw_str_eq(want, GW_STR("*")) ? have.len == 0 : !gw_str_eq(want, have))
            return false;
    }
    return pattern.len == 0 && path.len == 0;
}

static bool path_fits(const struct gw_endpoint *row, struct gw_str path)
{
    /* Most calls are of the first rows, letter for letter. */
    if (strncmp(row->path, path.base, path.len) == 0 && row->path[path.len] == '\0')
        return true;
    return strchr(row->path, '*') && pattern_fits(gw_str_of(row->path), path);
}

static bool method_fits(const struct gw_endpoint *row, enum gw_http1_method method)
{
    struct gw_str list = gw_str_of(row->methods), item;

    if (!row->methods || (method == GW_METHOD_POST && strcmp(row->methods, "POST") == 0))
        return true;
    while (gw_str_next_item(&list, &item))
        if (gw_str_eq(item, gw_http1_method_name(method)))
            return true;
    return false;
}

struct gw_route_match gw_endpoint_match(enum gw_http1_method method, struct gw_str target)
{
    struct gw_route_match match = {.caller = GW_CALLER_OPENAI};
    size_t path_len = gw_str_find(target, '?');
    struct gw_str path = {target.base, path_len};
    struct gw_str v1 = GW_STR("/v1");

    match.query = gw_str_from(target, path_len);
    /* Both styles of base URL work: with and without /v1 at its end. */
    if (gw_str_starts(path, GW_STR("/v1/v1/")))
        path = gw_str_from(path, v1.len);
    for (size_t i = 0; i < GW_COUNT(rows) && !match.endpoint; i++) {
        const struct gw_endpoint *row = &rows[i];
        if (!path_fits(row, path))
            continue;
        bool allowed = method_fits(row, method);
        /* A path that only the catch-all rows know is known for what they forward alone. */
        if (allowed || row->operation != GW_OP_FORWARD) {
            match.endpoint = row;
            match.caller = row->caller;
            match.method_allowed = allowed;
        }
    }
    if (gw_str_eq(path, GW_STR("/v1/messages")) || gw_str_starts(path, GW_STR("/v1/messages/")))
        match.caller = GW_CALLER_MESSAGES;
    if (!match.endpoint)
        return match;
    if (match.endpoint->handling == GW_HANDLE_NATIVE) {
        struct gw_str rest = path;
        (void)take_segment(&rest);
        match.name = take_segment(&rest);
        match.below = rest;
        return match;
    }
    if (gw_str_starts(path, v1))
        match.below = gw_str_from(path, v1.len);
    if (match.endpoint->handling == GW_HANDLE_MODEL)
        match.name = gw_str_from(match.below, sizeof "/models/" - 1);
    return match;
}
