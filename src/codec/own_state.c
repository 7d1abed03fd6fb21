#include "codec/own_state.h"

#include "model/carrier.h"
#include "wire/json_read.h"

#include <string.h>

#define TOKENS_MAX (1u << 22)
#define SPLICES_FIRST 16u

/* ---- a glance ---- */

/* Their bodies are strict: a member they do not know is an error. */
static bool is_strict(const struct gw_profile *profile)
{
    static const char *const strict[] = {"openai", "azure-openai", "groq", "cerebras", "mistral"};

    for (size_t i = 0; i < GW_COUNT(strict); i++)
        if (strcmp(profile->name, strict[i]) == 0)
            return true;
    return false;
}

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

/* Underscores are rare, so that a body is gone through by memchr(). */
static bool chat_is_suspected(struct gw_str bytes)
{
    const char *at = bytes.base, *end = bytes.base + bytes.len;

    while ((at = memchr(at, '_', (size_t)(end - at))) != NULL) {
        size_t before = (size_t)(at - bytes.base);
        char last = before ? at[-1] : '\0'; /* of one of the words? */
        for (size_t i = 0;
             (last == 'g' || last == 'a' || last == 'r') && i < GW_COUNT(before_underscore); i++) {
            struct gw_str word = before_underscore[i];
            if (before >= word.len && memcmp(at - word.len, word.base, word.len) == 0)
                return true;
        }
        at++;
    }
    return false;
}

bool gw_own_state_suspected(enum gw_codec_id dialect, const struct gw_profile *profile,
                            struct gw_str bytes)
{
    if (bytes.len == 0)
        return false;
    switch (dialect) {
    case GW_CODEC_CHAT:
        return is_strict(profile) && chat_is_suspected(bytes);
    case GW_CODEC_RESPONSES:
        return memmem(bytes.base, bytes.len, "gw1:", 4) != NULL;
    case GW_CODEC_MESSAGES:
        return memmem(bytes.base, bytes.len, "gw1:", 4) != NULL ||
               memmem(bytes.base, bytes.len, "\"signature\"", 11) != NULL;
    case GW_CODECS:
        break;
    }
    return false;
}

/* ---- the cuts ---- */

struct cuts {
    const struct gw_json *json;
    struct gw_arena *arena;
    struct gw_splice *splices;
    unsigned count, room;
    enum gw_status status;
};

static void cut(struct cuts *cuts, uint32_t from, uint32_t to)
{
    if (cuts->status != GW_OK)
        return;
    if (cuts->count == cuts->room) {
        unsigned room = cuts->room ? cuts->room * 2 : SPLICES_FIRST;
        struct gw_splice *more = gw_arena_alloc(cuts->arena, room * sizeof *more);
        if (!more) {
            cuts->status = GW_NO_MEMORY;
            return;
        }
        if (cuts->count)
            memcpy(more, cuts->splices, cuts->count * sizeof *more);
        cuts->splices = more;
        cuts->room = room;
    }
    cuts->splices[cuts->count++] = (struct gw_splice){from, to - from, {"", 0}};
}

/* One walk over the elements of an array or the members of an object: those that go take one comma along. */
struct row {
    struct cuts *cuts;
    uint32_t end;   /* of the element before */
    bool any, kept; /* there was one; one stays */
    bool open;      /* the last one goes, and its comma depends on the next */
    uint32_t from;  /* where that cut begins */
};

static void element(struct row *row, uint32_t begin, uint32_t end, bool goes)
{
    if (row->open) /* nothing before it stays: the comma behind it goes */
        cut(row->cuts, row->from, begin);
    row->open = false;
    if (goes && row->kept)
        cut(row->cuts, row->end, end);
    else if (goes) {
        row->open = true;
        row->from = begin;
    }
    row->kept = row->kept || !goes;
    row->any = true;
    row->end = end;
}

static void end_row(struct row *row)
{
    if (row->open)
        cut(row->cuts, row->from, row->end);
}

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

static bool member_goes(const struct gw_json *json, uint32_t key)
{
    for (size_t i = 0; i < GW_COUNT(chat_members); i++)
        if (gw_json_equals(json, key, chat_members[i]))
            return true;
    return false;
}

/* @return whether nothing of it would stay */
static bool cut_elements(struct cuts *cuts, uint32_t array,
                         bool (*goes)(const struct gw_json *json, uint32_t element), bool dry)
{
    const struct gw_json *json = cuts->json;
    struct gw_json_iter iter = gw_json_iter(json, array);
    struct row row = {.cuts = cuts};
    uint32_t value;

    while (gw_json_next(json, &iter, &value)) {
        bool gone = goes(json, value);
        if (dry) {
            row.any = true;
            row.kept = row.kept || !gone;
        } else {
            element(&row, json->tokens[value].begin, json->tokens[value].end, gone);
        }
    }
    end_row(&row);
    return row.any && !row.kept;
}

static void cut_members(struct cuts *cuts, uint32_t object)
{
    const struct gw_json *json = cuts->json;
    struct gw_json_iter iter = gw_json_iter(json, object);
    struct row row = {.cuts = cuts};
    uint32_t key, value;

    while (gw_json_next_member(json, &iter, &key, &value))
        element(&row, json->tokens[key].begin, json->tokens[value].end, member_goes(json, key));
    end_row(&row);
}

static bool is_assistant(const struct gw_json *json, uint32_t message)
{
    return gw_json_equals(json, gw_json_get(json, message, GW_STR("role")), GW_STR("assistant"));
}

/* A message of which nothing would stay goes whole. */
static void cut_messages(struct cuts *cuts, uint32_t messages, enum gw_codec_id dialect)
{
    const struct gw_json *json = cuts->json;
    struct gw_json_iter iter = gw_json_iter(json, messages);
    struct row row = {.cuts = cuts};
    uint32_t message;

    while (gw_json_next(json, &iter, &message)) {
        uint32_t content = gw_json_get(json, message, GW_STR("content"));
        bool ours = is_assistant(json, message);
        bool blocks =
            dialect == GW_CODEC_MESSAGES && ours && gw_json_type(json, content) == GW_JSON_IS_ARRAY;
        bool goes = blocks && cut_elements(cuts, content, block_goes, true);
        element(&row, json->tokens[message].begin, json->tokens[message].end, goes);
        if (blocks && !goes)
            (void)cut_elements(cuts, content, block_goes, false);
        else if (ours && dialect == GW_CODEC_CHAT)
            cut_members(cuts, message);
    }
    end_row(&row);
}

enum gw_status gw_own_state_cut(enum gw_codec_id dialect, struct gw_str body,
                                struct gw_arena *arena, const struct gw_splice **splices_out,
                                unsigned *count_out)
{
    struct gw_json json;
    struct cuts cuts = {.json = &json, .arena = arena, .status = GW_OK};
    struct gw_err err;

    enum gw_status status = gw_json_read(body, arena, TOKENS_MAX, &json, &err);
    if (status != GW_OK)
        return status;
    if (dialect == GW_CODEC_RESPONSES)
        (void)cut_elements(&cuts, gw_json_get(&json, 0, GW_STR("input")), item_goes, false);
    else
        cut_messages(&cuts, gw_json_get(&json, 0, GW_STR("messages")), dialect);
    *splices_out = cuts.splices;
    *count_out = cuts.count;
    return cuts.status;
}
