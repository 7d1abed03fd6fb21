#include "codec/own_state.h"

#include "model/carrier.h"
#include "model/names.h"
#include "wire/json_read.h"

#include <string.h>

/* ---- a glance ---- */

/* Members of an assistant's message in chat that only some providers know; each has an underscore behind the
 * word here, but for the plain "reasoning". */
static const struct gw_str chat_members[] = {
    GW_STR_INIT("reasoning_content"), GW_STR_INIT("reasoning_details"),
    GW_STR_INIT("thinking_blocks"),   GW_STR_INIT("extra_content"),
    GW_STR_INIT("reasoning"),         GW_STR_INIT("provider_specific_fields"),
};
static const struct gw_str before_underscore[] = {
    GW_STR_INIT("\"reasoning"),
    GW_STR_INIT("\"thinking"),
    GW_STR_INIT("\"extra"),
    GW_STR_INIT("\"provider"),
};

/* Of the value behind "tool_call_id" or a call's "id": longer than OpenAI takes it? */
static bool is_long(struct gw_str rest)
{
    size_t at = 0;

    while (at < rest.len && (rest.base[at] == ' ' || rest.base[at] == ':'))
        at++;
    if (at == rest.len || rest.base[at] != '"')
        return false;
    return gw_str_find(gw_str_from(rest, at + 1), '"') > GW_CALL_ID_CHAT_MAX;
}

/* Underscores are rare, so that a body is gone through by memchr(). */
bool gw_own_state_glance(struct gw_str body, bool state, bool ids)
{
    static const struct gw_str tool = GW_STR_INIT("\"tool"), id = GW_STR_INIT("_call_id\"");
    const char *at = body.base, *end = body.base + body.len;

    while (at < end && (at = memchr(at, '_', (size_t)(end - at))) != NULL) {
        size_t before = (size_t)(at - body.base);
        char last = before ? at[-1] : '\0'; /* of one of the words? */
        struct gw_str rest = {at, (size_t)(end - at)};
        for (size_t i = 0; state && (last == 'g' || last == 'a' || last == 'r') &&
                           i < GW_COUNT(before_underscore);
             i++) {
            struct gw_str word = before_underscore[i];
            if (before >= word.len && memcmp(at - word.len, word.base, word.len) == 0)
                return true;
        }
        /* A call that has no result in the conversation is not looked for. */
        if (ids && last == 'l' && before >= tool.len &&
            memcmp(at - tool.len, tool.base, tool.len) == 0 && gw_str_starts(rest, id) &&
            is_long(gw_str_from(rest, id.len)))
            return true;
        at++;
    }
    return false;
}

bool gw_own_state_suspected(enum gw_codec_id dialect, struct gw_str body)
{
    if (dialect == GW_CODEC_CHAT || body.len == 0)
        return false;
    return memmem(body.base, body.len, "gw1:", 4) != NULL ||
           (dialect == GW_CODEC_MESSAGES &&
            memmem(body.base, body.len, "\"signature\"", 11) != NULL);
}

/* ---- the cuts ---- */

static struct gw_text string_of(const struct gw_json *json, uint32_t object, const char *key)
{
    return (struct gw_text){gw_json_raw(json, gw_json_get(json, object, gw_str_of(key)))};
}

static bool is_type(const struct gw_json *json, uint32_t object, const char *type)
{
    return gw_json_equals(json, gw_json_get(json, object, GW_STR("type")), gw_str_of(type));
}

/* Of an assistant's content in Messages. */
static bool block_goes(const struct gw_json *json, uint32_t block)
{
    struct gw_text signature = string_of(json, block, "signature");

    if (is_type(json, block, "thinking"))
        return gw_text_present(signature) && (signature.raw.len == 0 || gw_carrier_is(signature));
    return is_type(json, block, "redacted_thinking") &&
           gw_carrier_is(string_of(json, block, "data"));
}

/* Of the input of Responses. */
static bool item_goes(const struct gw_json *json, uint32_t item)
{
    return is_type(json, item, "reasoning") &&
           gw_carrier_is(string_of(json, item, "encrypted_content"));
}

bool gw_own_state_is_member(const struct gw_json *json, uint32_t key)
{
    for (size_t i = 0; i < GW_COUNT(chat_members); i++)
        if (gw_json_equals(json, key, chat_members[i]))
            return true;
    return false;
}

/* @return whether nothing of it would stay */
static bool goes_whole(const struct gw_json *json, uint32_t array,
                       bool (*goes)(const struct gw_json *json, uint32_t element))
{
    struct gw_json_iter iter = gw_json_elements(json, array);
    bool any = false;
    uint32_t value;

    for (; gw_json_next(json, &iter, &value); any = true)
        if (!goes(json, value))
            return false;
    return any;
}

static void cut_elements(struct gw_json_edits *edits, uint32_t array,
                         bool (*goes)(const struct gw_json *json, uint32_t element))
{
    const struct gw_json *json = edits->json;
    struct gw_json_iter iter = gw_json_elements(json, array);
    struct gw_json_cut cut = {.edits = edits};
    uint32_t value;

    while (gw_json_next(json, &iter, &value))
        gw_json_cut_element(&cut, json->tokens[value].begin, json->tokens[value].end,
                            goes(json, value));
    gw_json_cut_end(&cut);
}

/* A message of which nothing would stay goes whole. */
static void cut_messages(struct gw_json_edits *edits)
{
    const struct gw_json *json = edits->json;
    struct gw_json_iter iter = gw_json_elements(json, gw_json_get(json, 0, GW_STR("messages")));
    struct gw_json_cut cut = {.edits = edits};
    uint32_t message;

    while (gw_json_next(json, &iter, &message)) {
        uint32_t content = gw_json_get(json, message, GW_STR("content"));
        bool blocks =
            gw_json_equals(json, gw_json_get(json, message, GW_STR("role")), GW_STR("assistant")) &&
            gw_json_type(json, content) == GW_JSON_IS_ARRAY;
        bool goes = blocks && goes_whole(json, content, block_goes);
        gw_json_cut_element(&cut, json->tokens[message].begin, json->tokens[message].end, goes);
        if (blocks && !goes)
            cut_elements(edits, content, block_goes);
    }
    gw_json_cut_end(&cut);
}

enum gw_status gw_own_state_cut(enum gw_codec_id dialect, struct gw_json_edits *edits)
{
    if (dialect == GW_CODEC_RESPONSES)
        cut_elements(edits, gw_json_get(edits->json, 0, GW_STR("input")), item_goes);
    else if (dialect == GW_CODEC_MESSAGES)
        cut_messages(edits);
    return edits->status;
}
