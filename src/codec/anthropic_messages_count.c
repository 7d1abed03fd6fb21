/* An estimate of a request's tokens: see the header. */
#include "codec/anthropic_messages.h"

#include "codec/anthropic_messages_private.h"

#define BYTES_PER_TOKEN 4u
#define IMAGE_TOKENS 1600u
#define DOCUMENT_BYTES_PER_TOKEN 10u

struct count {
    const struct gw_json *json;
    uint64_t bytes, tokens;
};

/* Members that say nothing to the model. */
static bool is_silent(const struct gw_json *json, uint32_t key)
{
    static const struct gw_str silent[] = {
        GW_STR_INIT("type"),      GW_STR_INIT("role"),          GW_STR_INIT("id"),
        GW_STR_INIT("signature"), GW_STR_INIT("cache_control"), GW_STR_INIT("tool_use_id"),
    };

    for (size_t i = 0; i < GW_COUNT(silent); i++)
        if (gw_json_equals(json, key, silent[i]))
            return true;
    return false;
}

/* Members that are read with all their JSON. */
static bool is_whole(const struct gw_json *json, uint32_t key)
{
    return gw_json_equals(json, key, GW_STR("input")) ||
           gw_json_equals(json, key, GW_STR("input_schema"));
}

/* Media in base64. @return false: it is something else */
static bool count_media(struct count *count, uint32_t source)
{
    const struct gw_json *json = count->json;
    struct gw_text mime = gw_messages_text(json, source, GW_STR("media_type"));
    struct gw_str data = gw_json_raw(json, gw_json_get(json, source, GW_STR("data")));

    if (!gw_json_equals(json, gw_json_get(json, source, GW_STR("type")), GW_STR("base64")))
        return false;
    count->tokens += gw_str_starts(mime.raw, GW_STR("image/"))
                         ? IMAGE_TOKENS
                         : data.len / DOCUMENT_BYTES_PER_TOKEN;
    return true;
}

/* Tokens of the tape in a row: a value that was counted whole, or not at all, is skipped. */
static void count_value(struct count *count, uint32_t value)
{
    const struct gw_json *json = count->json;

    if (value >= json->count)
        return;
    for (uint32_t at = value, end = json->tokens[value].next; at < end;) {
        const struct gw_json_token *token = &json->tokens[at];
        bool key = token->type == GW_JSON_IS_KEY;
        at++;
        if (token->type == GW_JSON_IS_STRING)
            count->bytes += token->end - token->begin - 2;
        else if (key && is_silent(json, at - 1))
            at = json->tokens[at].next;
        else if (key && is_whole(json, at - 1)) {
            count->bytes += json->tokens[at].end - json->tokens[at].begin;
            at = json->tokens[at].next;
        } else if (key && gw_json_equals(json, at - 1, GW_STR("source")) && count_media(count, at))
            at = json->tokens[at].next;
    }
}

enum gw_status gw_messages_count_estimate(struct gw_str body, struct gw_arena *arena,
                                          uint64_t *tokens_out, struct gw_err *err)
{
    static const struct gw_str counted[] = {GW_STR_INIT("system"), GW_STR_INIT("messages"),
                                            GW_STR_INIT("tools")};
    struct gw_json json;
    struct count count = {.json = &json};
    enum gw_status status = gw_json_read(body, arena, GW_MESSAGES_TOKENS_MAX, &json, err);

    if (status != GW_OK)
        return status;
    if (gw_json_type(&json, 0) != GW_JSON_IS_OBJECT)
        return gw_err_set(err, GW_INVALID, "could not count tokens: the body is no JSON object");
    for (size_t i = 0; i < GW_COUNT(counted); i++)
        count_value(&count, gw_json_get(&json, 0, counted[i]));
    *tokens_out = count.tokens + (count.bytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN;
    return GW_OK;
}
