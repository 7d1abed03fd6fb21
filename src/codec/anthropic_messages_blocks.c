/* Reads the content of a caller's messages: blocks become parts (translation.md §3.3). */
#include <stdio.h>

#include "codec/anthropic_messages_private.h"
#include "model/carrier.h"
#include "model/media.h"

/* Where a block may stand. */
#define IN_SYSTEM 1u
#define IN_USER 2u
#define IN_ASSISTANT 4u
#define IN_RESULT 8u

struct block {
    struct gw_messages_reader *reader;
    uint32_t value;
    struct gw_messages_place place;
    struct gw_part *part;
};

#define PLACE_BYTES 96

static const char *place_text(struct gw_messages_place place, const char *member,
                              char into[PLACE_BYTES])
{
    const char *dot = *member ? "." : "";

    if (place.message < 0 && place.block < 0)
        (void)snprintf(into, PLACE_BYTES, "system%s%s", dot, member);
    else if (place.message < 0)
        (void)snprintf(into, PLACE_BYTES, "system[%lld]%s%s", (long long)place.block, dot, member);
    else if (place.block < 0)
        (void)snprintf(into, PLACE_BYTES, "messages[%lld].content%s%s", (long long)place.message,
                       dot, member);
    else if (place.inner < 0)
        (void)snprintf(into, PLACE_BYTES, "messages[%lld].content[%lld]%s%s",
                       (long long)place.message, (long long)place.block, dot, member);
    else
        (void)snprintf(into, PLACE_BYTES, "messages[%lld].content[%lld].content[%lld]%s%s",
                       (long long)place.message, (long long)place.block, (long long)place.inner,
                       dot, member);
    return into;
}

static enum gw_status wrong(const struct block *block, const char *member, const char *must)
{
    char param[PLACE_BYTES];
    return gw_messages_wrong(block->reader, place_text(block->place, member, param), must);
}

static uint32_t member(const struct block *block, struct gw_str key)
{
    return gw_messages_member(block->reader->json, block->value, key);
}

static struct gw_text text_member(const struct block *block, struct gw_str key)
{
    return gw_messages_text(block->reader->json, block->value, key);
}

static enum gw_status need_text(const struct block *block, const char *name,
                                struct gw_text *text_out)
{
    *text_out = text_member(block, gw_str_of(name));
    return gw_text_present(*text_out) ? GW_OK : wrong(block, name, "a string");
}

static enum gw_status set_path(const struct block *block)
{
    char path[PLACE_BYTES];
    struct gw_str text = gw_str_of(place_text(block->place, "", path));

    block->part->path.raw = gw_arena_str(block->reader->request->arena, text);
    return block->part->path.raw.base ? GW_OK : GW_NO_MEMORY;
}

/* ---- text ---- */

static enum gw_status read_text(struct block *block)
{
    uint32_t citations = member(block, GW_STR("citations"));

    block->part->kind = GW_PART_TEXT;
    if (gw_json_count(block->reader->json, citations)) {
        block->part->annotations = gw_json_slice(block->reader->json, citations);
        block->part->family = GW_FAMILY_ANTHROPIC;
    }
    return need_text(block, "text", &block->part->text);
}

/* A tool that the model found by searching: its name says it. */
static enum gw_status read_tool_reference(struct block *block)
{
    block->part->kind = GW_PART_TEXT;
    return need_text(block, "tool_name", &block->part->text);
}

/* ---- media ---- */

static enum gw_status read_mime(struct gw_text given, struct gw_arena *arena,
                                struct gw_text *mime_out)
{
    struct gw_str decoded = gw_text_decode(given, arena);

    if (!gw_text_present(given))
        return GW_OK;
    if (decoded.base)
        *mime_out = gw_media_type(decoded, arena);
    return gw_text_present(*mime_out) ? GW_OK : GW_NO_MEMORY;
}

/* Base64 without the blanks that some put in. An escape is one of a line end, or `\/`. */
static enum gw_status read_base64(struct gw_text given, struct gw_arena *arena,
                                  struct gw_text *data_out)
{
    size_t len = 0;

    *data_out = given;
    if (!memchr(given.raw.base, ' ', given.raw.len) && !memchr(given.raw.base, '\\', given.raw.len))
        return GW_OK;
    struct gw_str decoded = gw_text_decode(given, arena);
    char *into = decoded.base ? gw_arena_bytes(arena, decoded.len) : NULL;
    if (!into)
        return GW_NO_MEMORY;
    for (size_t i = 0; i < decoded.len; i++)
        if (!memchr(" \t\r\n", decoded.base[i], 4))
            into[len++] = decoded.base[i];
    *data_out = gw_text_escape((struct gw_str){into, len}, arena);
    return gw_text_present(*data_out) ? GW_OK : GW_NO_MEMORY;
}

/* The texts of an array of text blocks, with a blank line between them.
 * @param other_out  whether there was a block of another kind */
static enum gw_status join_texts(const struct block *block, uint32_t content,
                                 struct gw_text *text_out, bool *other_out)
{
    const struct gw_json *json = block->reader->json;
    struct gw_arena *arena = block->reader->request->arena;
    struct gw_json_iter iter = gw_json_iter(json, content);
    uint32_t item;
    size_t room = gw_json_slice(json, content).len, len = 0;
    /* A block takes more bytes than the four of a blank line. */
    char *into = gw_arena_bytes(arena, room);

    if (!into)
        return GW_NO_MEMORY;
    *other_out = false;
    while (gw_json_next(json, &iter, &item)) {
        struct gw_str text = gw_messages_text(json, item, GW_STR("text")).raw;
        if (!text.base ||
            !gw_json_equals(json, gw_json_get(json, item, GW_STR("type")), GW_STR("text"))) {
            *other_out = true;
            continue;
        }
        if (len) {
            memcpy(into + len, "\\n\\n", 4);
            len += 4;
        }
        if (text.len)
            memcpy(into + len, text.base, text.len);
        len += text.len;
    }
    text_out->raw = (struct gw_str){into, len};
    return GW_OK;
}

/* Text, and maybe images between, as a document. Images would be lost without a word: only Claude takes it then. */
static enum gw_status read_content_source(struct block *block, uint32_t source)
{
    const struct gw_json *json = block->reader->json;
    struct gw_request *request = block->reader->request;
    uint32_t content = gw_json_get(json, source, GW_STR("content"));
    struct gw_source *into = &block->part->source;
    struct gw_name_list *entry;
    bool other;

    into->kind = GW_SOURCE_TEXT;
    into->mime = GW_TEXT("text/plain");
    into->data.raw = gw_json_raw(json, content);
    if (gw_text_present(into->data))
        return GW_OK;
    if (gw_json_type(json, content) != GW_JSON_IS_ARRAY)
        return wrong(block, "source.content", "a string or an array of blocks");
    enum gw_status status = join_texts(block, content, &into->data, &other);
    if (status != GW_OK || !other)
        return status;
    entry = gw_arena_zalloc(request->arena, sizeof(*entry));
    if (!entry)
        return GW_NO_MEMORY;
    *entry = (struct gw_name_list){block->part->path, request->native_only};
    request->native_only = entry;
    return GW_OK;
}

static enum gw_status read_source(struct block *block)
{
    static const struct {
        struct gw_str type;
        enum gw_source_kind kind;
        const char *member;
    } kinds[] = {
        {GW_STR_INIT("base64"), GW_SOURCE_BASE64, "data"},
        {GW_STR_INIT("text"), GW_SOURCE_TEXT, "data"},
        {GW_STR_INIT("url"), GW_SOURCE_URL, "url"},
        {GW_STR_INIT("file"), GW_SOURCE_FILE_ID, "file_id"},
    };
    const struct gw_json *json = block->reader->json;
    struct gw_arena *arena = block->reader->request->arena;
    struct gw_source *into = &block->part->source;
    uint32_t source = member(block, GW_STR("source"));
    uint32_t type = gw_json_get(json, source, GW_STR("type"));
    enum gw_status status = set_path(block);

    if (status != GW_OK)
        return status;
    if (block->part->kind == GW_PART_DOCUMENT && gw_json_equals(json, type, GW_STR("content")))
        return read_content_source(block, source);
    for (size_t i = 0; i < GW_COUNT(kinds); i++) {
        if (!gw_json_equals(json, type, kinds[i].type))
            continue;
        into->kind = kinds[i].kind;
        into->data = gw_messages_text(json, source, gw_str_of(kinds[i].member));
        if (!gw_text_present(into->data))
            return wrong(block, "source", "complete");
        struct gw_text mime = gw_messages_text(json, source, GW_STR("media_type"));
        status = read_mime(mime, arena, &into->mime);
        if (status == GW_OK && into->kind == GW_SOURCE_BASE64)
            status = read_base64(into->data, arena, &into->data);
        return status;
    }
    return wrong(block, "source.type", "\"base64\", \"text\", \"url\" or \"file\"");
}

static enum gw_status read_image(struct block *block)
{
    block->part->kind = GW_PART_IMAGE;
    return read_source(block);
}

static bool wants_citations(const struct block *block)
{
    uint32_t citations = member(block, GW_STR("citations"));
    bool enabled = false;

    return gw_json_bool(block->reader->json,
                        gw_json_get(block->reader->json, citations, GW_STR("enabled")), &enabled) &&
           enabled;
}

static enum gw_status read_document(struct block *block)
{
    block->part->kind = GW_PART_DOCUMENT;
    block->part->title = text_member(block, GW_STR("title"));
    block->part->context = text_member(block, GW_STR("context"));
    block->part->citations = wants_citations(block);
    return read_source(block);
}

/* A document of text, whose `source` says where it was found. */
static enum gw_status read_search_result(struct block *block)
{
    uint32_t content = member(block, GW_STR("content"));
    bool other;

    block->part->kind = GW_PART_DOCUMENT;
    block->part->title = text_member(block, GW_STR("title"));
    block->part->context = text_member(block, GW_STR("source"));
    block->part->citations = wants_citations(block);
    block->part->source.kind = GW_SOURCE_TEXT;
    block->part->source.mime = GW_TEXT("text/plain");
    if (gw_json_type(block->reader->json, content) != GW_JSON_IS_ARRAY)
        return wrong(block, "content", "an array of text blocks");
    enum gw_status status = set_path(block);
    if (status != GW_OK)
        return status;
    return join_texts(block, content, &block->part->source.data, &other);
}

/* ---- reasoning ---- */

static enum gw_status read_thinking(struct block *block)
{
    struct gw_text signature = text_member(block, GW_STR("signature"));
    bool signed_here = gw_text_present(signature) && signature.raw.len && !gw_carrier_is(signature);

    block->part->kind = GW_PART_REASONING;
    block->part->family = signed_here ? GW_FAMILY_ANTHROPIC : GW_FAMILY_PLAIN;
    if (signed_here)
        block->part->signature = signature;
    return need_text(block, "thinking", &block->part->text);
}

static enum gw_status read_redacted(struct block *block)
{
    block->part->kind = GW_PART_REDACTED;
    block->part->family = GW_FAMILY_ANTHROPIC;
    return need_text(block, "data", &block->part->data);
}

/* ---- tools ---- */

static enum gw_status read_tool_use(struct block *block)
{
    uint32_t input = member(block, GW_STR("input"));
    enum gw_status status = need_text(block, "id", &block->part->id);

    block->part->kind = GW_PART_TOOL_CALL;
    block->part->arguments.json =
        input == GW_JSON_ABSENT ? GW_STR("{}") : gw_json_slice(block->reader->json, input);
    return status == GW_OK ? need_text(block, "name", &block->part->name) : status;
}

static enum gw_status read_blocks(struct gw_messages_reader *reader, uint32_t content,
                                  struct gw_messages_place place, unsigned where,
                                  struct gw_part **parts_out);

static enum gw_status read_tool_result(struct block *block)
{
    uint32_t content = member(block, GW_STR("content"));
    enum gw_status status = need_text(block, "tool_use_id", &block->part->id);

    block->part->kind = GW_PART_TOOL_RESULT;
    (void)gw_json_bool(block->reader->json, member(block, GW_STR("is_error")),
                       &block->part->is_error);
    if (status != GW_OK || content == GW_JSON_ABSENT)
        return status;
    return read_blocks(block->reader, content, block->place, IN_RESULT, &block->part->parts);
}

/* What only its vendor understands. */
static enum gw_status read_server_tool(struct block *block, struct gw_text type)
{
    block->part->kind = GW_PART_SERVER_TOOL;
    block->part->family = GW_FAMILY_ANTHROPIC;
    block->part->name = type;
    return GW_OK;
}

/* ---- all of them ---- */

static const struct {
    struct gw_str type;
    unsigned where;
    enum gw_status (*read)(struct block *block);
} rows[] = {
    {GW_STR_INIT("text"), IN_SYSTEM | IN_USER | IN_ASSISTANT | IN_RESULT, read_text},
    {GW_STR_INIT("image"), IN_USER | IN_RESULT, read_image},
    {GW_STR_INIT("document"), IN_USER | IN_RESULT, read_document},
    {GW_STR_INIT("search_result"), IN_USER | IN_RESULT, read_search_result},
    {GW_STR_INIT("tool_result"), IN_USER, read_tool_result},
    {GW_STR_INIT("tool_reference"), IN_RESULT, read_tool_reference},
    {GW_STR_INIT("thinking"), IN_ASSISTANT, read_thinking},
    {GW_STR_INIT("redacted_thinking"), IN_ASSISTANT, read_redacted},
    {GW_STR_INIT("tool_use"), IN_ASSISTANT, read_tool_use},
};

/* What the server did stands in an assistant's turn, whatever it is called; of a user's turn only what is
 * known to be such, for a caller's own content must not vanish. */
static bool is_server_tool(struct gw_text type, unsigned where)
{
    static const struct gw_str ending = GW_STR_INIT("_tool_result");
    struct gw_str raw = type.raw;

    if (where == IN_ASSISTANT)
        return true;
    return where == IN_USER &&
           (gw_text_equals(type, GW_STR("container_upload")) ||
            gw_str_starts(raw, GW_STR("mcp_")) ||
            (raw.len > ending.len && gw_str_eq(gw_str_from(raw, raw.len - ending.len), ending)));
}

static enum gw_status read_block(struct block *block, unsigned where)
{
    struct gw_text type = text_member(block, GW_STR("type"));
    char param[PLACE_BYTES];

    if (!gw_text_present(type))
        return wrong(block, "type", "a string");
    enum gw_status status = gw_messages_read_cache(block->reader, block->value,
                                                   place_text(block->place, "cache_control", param),
                                                   &block->part->cache);
    if (status != GW_OK)
        return status;
    block->part->raw = gw_json_slice(block->reader->json, block->value);
    for (size_t i = 0; i < GW_COUNT(rows); i++)
        if ((rows[i].where & where) && gw_text_equals(type, rows[i].type))
            return rows[i].read(block);
    if (is_server_tool(type, where))
        return read_server_tool(block, type);
    return wrong(block, "type", "that of a block which may stand here");
}

static void give_to_call(struct gw_part *parts, const struct gw_part *carried)
{
    for (; parts; parts = parts->next)
        if (parts->kind == GW_PART_TOOL_CALL && gw_str_eq(parts->id.raw, carried->id.raw))
            parts->gsig = carried->gsig;
}

/* State of another family that this gateway put into redacted_thinking. A signature without text belongs to
 * the visible thinking before it, and a call's to the call, which comes later. */
static enum gw_status unpack(struct gw_messages_reader *reader, struct gw_part **parts)
{
    struct gw_part *before = NULL, *next;
    enum gw_status status = GW_OK;

    for (struct gw_part **at = parts, *part; status == GW_OK && (part = *at);) {
        if (part->kind != GW_PART_REDACTED || !gw_carrier_is(part->data)) {
            before = part;
            at = &part->next;
            continue;
        }
        struct gw_part *carried = NULL;
        status = gw_carrier_read(part->data, reader->request->arena, &carried);
        *at = part->next;
        for (; status == GW_OK && carried; carried = next) {
            next = carried->next;
            if (carried->kind == GW_PART_TOOL_CALL) {
                give_to_call(*at, carried);
            } else if (carried->kind == GW_PART_REASONING && carried->text.raw.len == 0 && before &&
                       before->kind == GW_PART_REASONING && before->family == GW_FAMILY_PLAIN) {
                before->family = carried->family;
                before->signature = carried->signature;
                before->id = carried->id;
            } else {
                carried->next = *at;
                *at = carried;
                before = carried;
                at = &carried->next;
            }
        }
    }
    return status;
}

static enum gw_status read_string(struct gw_messages_reader *reader, uint32_t content,
                                  struct gw_part **parts_out)
{
    struct gw_part *part = gw_arena_zalloc(reader->request->arena, sizeof(*part));

    if (!part)
        return GW_NO_MEMORY;
    part->kind = GW_PART_TEXT;
    part->text.raw = gw_json_raw(reader->json, content);
    *parts_out = part;
    return GW_OK;
}

/* Blocks hold blocks one level deep: a result's. */
static enum gw_status read_blocks(struct gw_messages_reader *reader, uint32_t content,
                                  struct gw_messages_place place, unsigned where,
                                  struct gw_part **parts_out)
{
    struct gw_json_iter iter = gw_json_iter(reader->json, content);
    struct block block = {.reader = reader, .place = place};
    int64_t *number = where == IN_RESULT ? &block.place.inner : &block.place.block;
    enum gw_status status = GW_OK;

    if (gw_json_type(reader->json, content) == GW_JSON_IS_STRING)
        return read_string(reader, content, parts_out);
    if (gw_json_type(reader->json, content) != GW_JSON_IS_ARRAY)
        return wrong(&block, where == IN_RESULT ? "content" : "", "a string or an array of blocks");
    for (*number = 0; status == GW_OK && gw_json_next(reader->json, &iter, &block.value);
         ++*number) {
        block.part = gw_arena_zalloc(reader->request->arena, sizeof(*block.part));
        if (!block.part)
            return GW_NO_MEMORY;
        *parts_out = block.part;
        parts_out = &block.part->next;
        status = read_block(&block, where);
    }
    return status;
}

enum gw_status gw_messages_read_content(struct gw_messages_reader *reader, uint32_t content,
                                        struct gw_messages_place place, enum gw_role role,
                                        struct gw_part **parts_out)
{
    static const unsigned where[] = {
        [GW_ROLE_USER] = IN_USER, [GW_ROLE_ASSISTANT] = IN_ASSISTANT, [GW_ROLE_SYSTEM] = IN_SYSTEM};
    enum gw_status status = read_blocks(reader, content, place, where[role], parts_out);

    return status == GW_OK && role == GW_ROLE_ASSISTANT ? unpack(reader, parts_out) : status;
}
