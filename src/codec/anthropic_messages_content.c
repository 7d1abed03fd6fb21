/* Writes the messages of a request to Claude (translation.md §4.4, §2.5). */
#include <stdio.h>

#include "codec/anthropic_messages_private.h"
#include "model/arguments.h"
#include "model/media.h"
#include "model/names.h"

struct content {
    struct gw_request *request;
    struct gw_json_writer *out;
    struct gw_complaint *complaint;
};

void gw_messages_write_cache(struct gw_json_writer *out, enum gw_cache_ttl cache)
{
    static const char *const controls[] = {
        [GW_CACHE_UNSET] = "{\"type\":\"ephemeral\"}",
        [GW_CACHE_5M] = "{\"type\":\"ephemeral\",\"ttl\":\"5m\"}",
        [GW_CACHE_1H] = "{\"type\":\"ephemeral\",\"ttl\":\"1h\"}",
    };

    if (cache != GW_CACHE_NONE)
        gw_messages_put_raw(out, GW_STR("cache_control"), gw_str_of(controls[cache]));
}

static enum gw_status refuse(struct content *content, const struct gw_part *part, const char *what)
{
    char param[sizeof(content->complaint->param)];

    (void)snprintf(param, sizeof(param), "%.*s", GW_STR_ARG(part->path.raw));
    return gw_complain(content->complaint, GW_UNSUPPORTED, "unsupported_parameter", param,
                       "%s not supported by this model's provider", what);
}

static void begin_block(struct content *content, struct gw_str type)
{
    gw_json_write_begin_object(content->out);
    gw_messages_put_string(content->out, GW_STR("type"), type);
}

static void end_block(struct content *content, const struct gw_part *part)
{
    gw_messages_write_cache(content->out, part->cache);
    gw_json_write_end_object(content->out);
}

static void put_if_present(struct content *content, struct gw_str key, struct gw_text text)
{
    if (text.raw.len)
        gw_messages_put_text(content->out, key, text);
}

static void write_text(struct content *content, const struct gw_part *part)
{
    begin_block(content, GW_STR("text"));
    gw_messages_put_text(content->out, GW_STR("text"), part->text);
    end_block(content, part);
}

/* ---- media ---- */

static void write_source(struct content *content, struct gw_str type, struct gw_text mime,
                         struct gw_str key, struct gw_text data)
{
    gw_json_write_key(content->out, GW_STR("source"));
    begin_block(content, type);
    if (gw_text_present(mime))
        gw_messages_put_text(content->out, GW_STR("media_type"), mime);
    gw_messages_put_text(content->out, key, data);
    gw_json_write_end_object(content->out);
}

static const struct gw_text absent = {{NULL, 0}};

static enum gw_status write_image(struct content *content, const struct gw_part *part)
{
    const struct gw_source *source = &part->source;
    struct gw_request *request = content->request;

    if (part->detail.raw.len && !gw_text_equals(part->detail, GW_STR("auto")) && request->ledger)
        gw_ledger_add(request->ledger, GW_LEDGER_DROP, GW_STR("detail"));
    switch (source->kind) {
    case GW_SOURCE_URL:
        begin_block(content, GW_STR("image"));
        write_source(content, GW_STR("url"), absent, GW_STR("url"), source->data);
        break;
    case GW_SOURCE_BASE64:
        if (!gw_media_is_claude_image(source->mime))
            return refuse(content, part, "images other than jpeg, png, gif and webp are");
        begin_block(content, GW_STR("image"));
        write_source(content, GW_STR("base64"), source->mime, GW_STR("data"), source->data);
        break;
    case GW_SOURCE_FILE_ID:
        if (request->family != GW_FAMILY_ANTHROPIC)
            return refuse(content, part, "files of another provider are");
        begin_block(content, GW_STR("image"));
        write_source(content, GW_STR("file"), absent, GW_STR("file_id"), source->data);
        break;
    case GW_SOURCE_TEXT:
    case GW_SOURCE_NONE:
        return refuse(content, part, "images without data or URL are");
    }
    end_block(content, part);
    return GW_OK;
}

static enum gw_status write_base64_document(struct content *content, const struct gw_part *part)
{
    const struct gw_source *source = &part->source;

    if (gw_text_equals(source->mime, GW_STR("application/pdf"))) {
        write_source(content, GW_STR("base64"), source->mime, GW_STR("data"), source->data);
        return GW_OK;
    }
    if (!gw_str_starts(source->mime.raw, GW_STR("text/")))
        return refuse(content, part, "documents other than PDF and text are");
    struct gw_text text = gw_media_text(source->data, content->request->arena);
    if (!gw_text_present(text))
        return refuse(content, part, "documents that are no base64 are");
    write_source(content, GW_STR("text"), GW_TEXT("text/plain"), GW_STR("data"), text);
    return GW_OK;
}

static enum gw_status write_document_source(struct content *content, const struct gw_part *part)
{
    const struct gw_source *source = &part->source;

    switch (source->kind) {
    case GW_SOURCE_URL:
        write_source(content, GW_STR("url"), absent, GW_STR("url"), source->data);
        return GW_OK;
    case GW_SOURCE_BASE64:
        return write_base64_document(content, part);
    case GW_SOURCE_TEXT:
        write_source(content, GW_STR("text"), GW_TEXT("text/plain"), GW_STR("data"), source->data);
        return GW_OK;
    case GW_SOURCE_FILE_ID:
        if (content->request->family != GW_FAMILY_ANTHROPIC)
            return refuse(content, part, "files of another provider are");
        write_source(content, GW_STR("file"), absent, GW_STR("file_id"), source->data);
        return GW_OK;
    case GW_SOURCE_NONE:
        break;
    }
    return refuse(content, part, "documents without data or URL are");
}

static enum gw_status write_document(struct content *content, const struct gw_part *part)
{
    begin_block(content, GW_STR("document"));
    enum gw_status status = write_document_source(content, part);
    if (status != GW_OK)
        return status;
    put_if_present(content, GW_STR("title"), part->title.raw.len ? part->title : part->filename);
    put_if_present(content, GW_STR("context"), part->context);
    if (part->citations)
        gw_messages_put_raw(content->out, GW_STR("citations"), GW_STR("{\"enabled\":true}"));
    end_block(content, part);
    return GW_OK;
}

/* ---- calls and results ---- */

static enum gw_status write_call(struct content *content, const struct gw_part *part)
{
    struct gw_request *request = content->request;
    struct gw_text id = gw_call_id(part->id, GW_ID_MESSAGES, request->arena);
    struct gw_str input =
        part->tool == GW_TOOL_CUSTOM
            ? gw_arguments_of_custom(part->arguments.string, request->arena)
            : gw_arguments_object(&part->arguments, request->arena, request->ledger);

    if (!gw_text_present(id) || !input.base)
        return GW_NO_MEMORY;
    begin_block(content, GW_STR("tool_use"));
    gw_messages_put_text(content->out, GW_STR("id"), id);
    gw_messages_put_text(content->out, GW_STR("name"), part->name);
    gw_messages_put_raw(content->out, GW_STR("input"), input);
    end_block(content, part);
    return GW_OK;
}

/* Blank text would be refused; a result without content is one. */
static enum gw_status write_result_part(struct content *content, const struct gw_part *part)
{
    switch (part->kind) {
    case GW_PART_TEXT:
        if (!gw_text_is_blank(part->text))
            write_text(content, part);
        return GW_OK;
    case GW_PART_IMAGE:
        return write_image(content, part);
    case GW_PART_DOCUMENT:
        return write_document(content, part);
    case GW_PART_AUDIO:
    case GW_PART_VIDEO:
        return refuse(content, part, "audio and video are");
    case GW_PART_TOOL_CALL:
    case GW_PART_TOOL_RESULT:
    case GW_PART_REASONING:
    case GW_PART_REDACTED:
    case GW_PART_REFUSAL:
    case GW_PART_SERVER_TOOL:
        break;
    }
    return GW_OK;
}

static enum gw_status write_result(struct content *content, const struct gw_part *part)
{
    struct gw_text id = gw_call_id(part->id, GW_ID_MESSAGES, content->request->arena);
    enum gw_status status = GW_OK;

    if (!gw_text_present(id))
        return GW_NO_MEMORY;
    begin_block(content, GW_STR("tool_result"));
    gw_messages_put_text(content->out, GW_STR("tool_use_id"), id);
    gw_json_write_key(content->out, GW_STR("content"));
    gw_json_write_begin_array(content->out);
    for (const struct gw_part *inner = part->parts; status == GW_OK && inner; inner = inner->next)
        status = write_result_part(content, inner);
    if (status != GW_OK)
        return status;
    gw_json_write_end_array(content->out);
    if (part->is_error)
        gw_messages_put_raw(content->out, GW_STR("is_error"), GW_STR("true"));
    end_block(content, part);
    return GW_OK;
}

/* ---- all of them ---- */

static void write_reasoning(struct content *content, const struct gw_part *part)
{
    begin_block(content, GW_STR("thinking"));
    gw_messages_put_text(content->out, GW_STR("thinking"), part->text);
    gw_messages_put_text(content->out, GW_STR("signature"), part->signature);
    gw_json_write_end_object(content->out);
}

static enum gw_status write_part(struct content *content, const struct gw_part *part)
{
    switch (part->kind) {
    case GW_PART_TEXT:
    case GW_PART_REFUSAL:
        write_text(content, part);
        return GW_OK;
    case GW_PART_IMAGE:
        return write_image(content, part);
    case GW_PART_DOCUMENT:
        return write_document(content, part);
    case GW_PART_AUDIO:
    case GW_PART_VIDEO:
        return refuse(content, part, "audio and video are");
    case GW_PART_TOOL_CALL:
        return write_call(content, part);
    case GW_PART_TOOL_RESULT:
        return write_result(content, part);
    case GW_PART_REASONING:
        write_reasoning(content, part);
        return GW_OK;
    case GW_PART_REDACTED:
        begin_block(content, GW_STR("redacted_thinking"));
        gw_messages_put_text(content->out, GW_STR("data"), part->data);
        gw_json_write_end_object(content->out);
        return GW_OK;
    case GW_PART_SERVER_TOOL:
        gw_json_write_raw(content->out, part->raw);
        return GW_OK;
    }
    return GW_OK;
}

enum gw_status gw_messages_write_messages(struct gw_request *request, struct gw_json_writer *out,
                                          struct gw_complaint *complaint)
{
    static const char *const roles[] = {
        [GW_ROLE_USER] = "user", [GW_ROLE_ASSISTANT] = "assistant", [GW_ROLE_SYSTEM] = "system"};
    struct content content = {request, out, complaint};
    enum gw_status status = GW_OK;

    gw_json_write_begin_array(out);
    for (const struct gw_message *message = request->messages; message; message = message->next) {
        gw_json_write_begin_object(out);
        gw_messages_put_string(out, GW_STR("role"), gw_str_of(roles[message->role]));
        gw_json_write_key(out, GW_STR("content"));
        gw_json_write_begin_array(out);
        for (const struct gw_part *part = message->parts; status == GW_OK && part;
             part = part->next)
            status = write_part(&content, part);
        if (status != GW_OK)
            return status;
        gw_json_write_end_array(out);
        gw_json_write_end_object(out);
    }
    gw_json_write_end_array(out);
    return GW_OK;
}
