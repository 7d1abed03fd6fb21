/* The conversation of a request to an upstream: messages as items of the input (translation.md §4.3). */
#include "codec/openai_responses_private.h"

#include "model/arguments.h"
#include "model/names.h"

static bool failed(const struct gw_responses_writing *writing)
{
    return writing->status != GW_OK || writing->json.status != GW_OK;
}

static void add(struct gw_json_writer *json, struct gw_str bytes)
{
    if (json->status == GW_OK)
        json->status = gw_buf_add(json->buf, bytes);
}

static void add_text(struct gw_json_writer *json, struct gw_text text)
{
    if (json->status == GW_OK && text.raw.len)
        json->status = gw_text_add(json->buf, text);
}

static void put_data_url(struct gw_json_writer *json, const char *key, struct gw_text mime,
                         struct gw_text data)
{
    put_key(json, key);
    gw_json_write_begin_string(json);
    add(json, GW_STR("data:"));
    add_text(json, mime);
    add(json, GW_STR(";base64,"));
    add_text(json, data);
    gw_json_write_end_string(json);
}

/* ---- parts ---- */

/* An id of a file is known to who keeps the file. */
static void put_file_id(struct gw_responses_writing *writing, const struct gw_part *part)
{
    if (writing->request->family != GW_FAMILY_OPENAI && writing->request->family != GW_FAMILY_PLAIN)
        gw_responses_refuse(writing, part->path,
                            "Files that another provider keeps cannot be read");
    put_text(&writing->json, "file_id", part->source.data);
}

static void write_image(struct gw_responses_writing *writing, const struct gw_part *part)
{
    struct gw_json_writer *json = &writing->json;

    put_c(json, "type", "input_image");
    switch (part->source.kind) {
    case GW_SOURCE_URL:
        put_text(json, "image_url", part->source.data);
        break;
    case GW_SOURCE_BASE64:
        put_data_url(json, "image_url", part->source.mime, part->source.data);
        break;
    case GW_SOURCE_FILE_ID:
        put_file_id(writing, part);
        break;
    case GW_SOURCE_TEXT:
    case GW_SOURCE_NONE:
        gw_responses_refuse(writing, part->path, "This image is not supported");
        break;
    }
    put_text(json, "detail", part->detail.raw.len ? part->detail : GW_TEXT("auto"));
}

/* OpenAI wants to have a name beside the bytes. */
static void put_filename(struct gw_json_writer *json, const struct gw_part *part)
{
    bool pdf = gw_text_equals(part->source.mime, GW_STR("application/pdf"));

    if (part->filename.raw.len)
        put_text(json, "filename", part->filename);
    else if (part->title.raw.len)
        put_text(json, "filename", part->title);
    else
        put_c(json, "filename", pdf ? "document.pdf" : "document");
}

static void write_document(struct gw_responses_writing *writing, const struct gw_part *part)
{
    struct gw_json_writer *json = &writing->json;

    if (part->source.kind == GW_SOURCE_TEXT) {
        put_c(json, "type", "input_text");
        put_key(json, "text");
        gw_json_write_begin_string(json);
        if (part->title.raw.len) {
            add_text(json, part->title);
            add(json, GW_STR("\\n\\n"));
        }
        add_text(json, part->source.data);
        gw_json_write_end_string(json);
        return;
    }
    put_c(json, "type", "input_file");
    switch (part->source.kind) {
    case GW_SOURCE_URL:
        put_text(json, "file_url", part->source.data);
        break;
    case GW_SOURCE_BASE64:
        put_filename(json, part);
        put_data_url(json, "file_data", part->source.mime, part->source.data);
        break;
    case GW_SOURCE_FILE_ID:
        put_file_id(writing, part);
        break;
    case GW_SOURCE_TEXT:
    case GW_SOURCE_NONE:
        gw_responses_refuse(writing, part->path, "This document is not supported");
        break;
    }
}

static void write_audio(struct gw_responses_writing *writing, const struct gw_part *part)
{
    static const struct gw_str prefix = GW_STR_INIT("audio/");
    struct gw_json_writer *json = &writing->json;
    struct gw_str mime = part->source.mime.raw;

    if (part->source.kind != GW_SOURCE_BASE64 || !gw_str_starts(mime, prefix)) {
        gw_responses_refuse(writing, part->path, "This audio is not supported");
        return;
    }
    put_c(json, "type", "input_audio");
    put_object(json, "input_audio");
    put_text(json, "data", part->source.data);
    put_text(json, "format", (struct gw_text){gw_str_from(mime, prefix.len)});
    gw_json_write_end_object(json);
}

/* A part of what the model is told. @return whether there is such a thing here; nothing is written else */
static bool is_input(const struct gw_part *part)
{
    switch (part->kind) {
    case GW_PART_TEXT:
        return part->text.raw.len > 0;
    case GW_PART_IMAGE:
    case GW_PART_DOCUMENT:
    case GW_PART_AUDIO:
    case GW_PART_VIDEO:
        return true;
    case GW_PART_TOOL_CALL:
    case GW_PART_TOOL_RESULT:
    case GW_PART_REASONING:
    case GW_PART_REDACTED:
    case GW_PART_REFUSAL:
    case GW_PART_SERVER_TOOL:
        break;
    }
    return false;
}

static void write_input_part(struct gw_responses_writing *writing, const struct gw_part *part)
{
    gw_json_write_begin_object(&writing->json);
    switch (part->kind) {
    case GW_PART_IMAGE:
        write_image(writing, part);
        break;
    case GW_PART_DOCUMENT:
        write_document(writing, part);
        break;
    case GW_PART_AUDIO:
        write_audio(writing, part);
        break;
    case GW_PART_VIDEO:
        gw_responses_refuse(writing, part->path, "Video is not supported");
        break;
    case GW_PART_TEXT:
    case GW_PART_TOOL_CALL:
    case GW_PART_TOOL_RESULT:
    case GW_PART_REASONING:
    case GW_PART_REDACTED:
    case GW_PART_REFUSAL:
    case GW_PART_SERVER_TOOL:
        put_c(&writing->json, "type", "input_text");
        put_text(&writing->json, "text", part->text);
        break;
    }
    gw_json_write_end_object(&writing->json);
}

/* ---- results of calls ---- */

/* Whether it says of itself that it is an error. */
static bool says_error(struct gw_text text)
{
    return text.raw.len >= 5 &&
           gw_str_eq_nocase((struct gw_str){text.raw.base, 5}, GW_STR("error"));
}

static bool is_text_only(const struct gw_part *part)
{
    for (; part; part = part->next)
        if (part->kind != GW_PART_TEXT)
            return false;
    return true;
}

static void write_text_output(struct gw_json_writer *json, const struct gw_part *result)
{
    bool begun = false;

    gw_json_write_begin_string(json);
    if (result->is_error && !(result->parts && says_error(result->parts->text)))
        add(json, GW_STR("Error: "));
    for (const struct gw_part *part = result->parts; part; part = part->next) {
        if (!part->text.raw.len)
            continue;
        if (begun)
            add(json, GW_STR("\\n\\n"));
        add_text(json, part->text);
        begun = true;
    }
    gw_json_write_end_string(json);
}

static void write_parts_output(struct gw_responses_writing *writing, const struct gw_part *result)
{
    const struct gw_part *first = result->parts;
    bool prefix = result->is_error && !(first->kind == GW_PART_TEXT && says_error(first->text));

    gw_json_write_begin_array(&writing->json);
    for (const struct gw_part *part = first; part && !failed(writing); part = part->next) {
        if (prefix && part->kind == GW_PART_TEXT) {
            gw_json_write_begin_object(&writing->json);
            put_c(&writing->json, "type", "input_text");
            put_key(&writing->json, "text");
            gw_json_write_begin_string(&writing->json);
            add(&writing->json, GW_STR("Error: "));
            add_text(&writing->json, part->text);
            gw_json_write_end_string(&writing->json);
            gw_json_write_end_object(&writing->json);
            prefix = false;
        } else if (is_input(part)) {
            write_input_part(writing, part);
        }
    }
    gw_json_write_end_array(&writing->json);
}

static void put_call_id(struct gw_responses_writing *writing, struct gw_text id)
{
    id = gw_call_id(id, GW_ID_RESPONSES, writing->request->arena);
    if (!gw_text_present(id))
        writing->json.status = GW_NO_MEMORY;
    put_text(&writing->json, "call_id", id);
}

static void write_result(struct gw_responses_writing *writing, const struct gw_part *result)
{
    struct gw_json_writer *json = &writing->json;
    bool custom = result->tool == GW_TOOL_CUSTOM;

    gw_json_write_begin_object(json);
    put_c(json, "type", custom ? "custom_tool_call_output" : "function_call_output");
    put_call_id(writing, result->id);
    put_key(json, "output");
    if (is_text_only(result->parts))
        write_text_output(json, result);
    else
        write_parts_output(writing, result);
    gw_json_write_end_object(json);
}

/* ---- what the model said ---- */

static void write_call(struct gw_responses_writing *writing, const struct gw_part *call)
{
    struct gw_json_writer *json = &writing->json;
    struct gw_arena *arena = writing->request->arena;
    bool custom = call->tool == GW_TOOL_CUSTOM;
    struct gw_text given = call->arguments.string;

    if (!custom)
        given = gw_arguments_string(&call->arguments, arena);
    else if (call->arguments.json.base)
        given = gw_arguments_to_custom(&call->arguments, arena);
    if (!gw_text_present(given) && !custom)
        json->status = GW_NO_MEMORY;
    gw_json_write_begin_object(json);
    put_c(json, "type", custom ? "custom_tool_call" : "function_call");
    put_call_id(writing, call->id);
    put_text(json, "name", call->name);
    put_text(json, custom ? "input" : "arguments", given);
    gw_json_write_end_object(json);
}

/* Reasoning must lead to something: OpenAI refuses an item with nothing behind it. */
static bool leads_on(const struct gw_part *part)
{
    for (part = part->next; part; part = part->next)
        if ((part->kind == GW_PART_TEXT && part->text.raw.len) || part->kind == GW_PART_REFUSAL ||
            part->kind == GW_PART_TOOL_CALL)
            return true;
    return false;
}

static bool is_own_reasoning(const struct gw_part *part)
{
    return part->kind == GW_PART_REASONING && part->family == GW_FAMILY_OPENAI;
}

/* The encrypted content that a part has, absent: none of ours. */
static struct gw_text encrypted_of(const struct gw_part *part)
{
    if (part->family == GW_FAMILY_OPENAI && part->kind == GW_PART_REDACTED)
        return part->data;
    if (is_own_reasoning(part) && part->signature.raw.len)
        return part->signature;
    return (struct gw_text){{NULL, 0}};
}

/* What can be read of an item stands in front of what cannot. @param from  the first of the run */
static void write_reasoning(struct gw_responses_writing *writing, const struct gw_part *from,
                            const struct gw_part *last)
{
    struct gw_json_writer *json = &writing->json;

    gw_json_write_begin_object(json);
    put_c(json, "type", "reasoning");
    put_array(json, "summary");
    for (const struct gw_part *part = from;; part = part->next) {
        if (part->kind == GW_PART_REASONING && part->text.raw.len) {
            gw_json_write_begin_object(json);
            put_c(json, "type", "summary_text");
            put_text(json, "text", part->text);
            gw_json_write_end_object(json);
        }
        if (part == last)
            break;
    }
    gw_json_write_end_array(json);
    put_text(json, "encrypted_content", encrypted_of(last));
    gw_json_write_end_object(json);
}

static bool is_said(const struct gw_part *part)
{
    return (part->kind == GW_PART_TEXT && part->text.raw.len) || part->kind == GW_PART_REFUSAL;
}

/* Neighbouring texts in one item. @return the last of them */
static const struct gw_part *write_said(struct gw_responses_writing *writing,
                                        const struct gw_message *message,
                                        const struct gw_part *part)
{
    struct gw_json_writer *json = &writing->json;

    gw_json_write_begin_object(json);
    put_c(json, "role", "assistant");
    put_array(json, "content");
    for (;; part = part->next) {
        bool refusal = part->kind == GW_PART_REFUSAL;
        gw_json_write_begin_object(json);
        put_c(json, "type", refusal ? "refusal" : "output_text");
        put_text(json, refusal ? "refusal" : "text", part->text);
        gw_json_write_end_object(json);
        if (!part->next || !is_said(part->next))
            break;
    }
    gw_json_write_end_array(json);
    if (gw_text_present(message->phase))
        put_text(json, "phase", message->phase);
    gw_json_write_end_object(json);
    return part;
}

static void drop_foreign(struct gw_responses_writing *writing, const struct gw_part *part)
{
    struct gw_text name = part->name;

    if (part->kind == GW_PART_SERVER_TOOL)
        gw_ledger_add(writing->request->ledger, GW_LEDGER_DROP,
                      name.raw.len ? name.raw : GW_STR("server_tool"));
    else if (part->kind == GW_PART_IMAGE)
        gw_responses_drop(writing, "image");
}

static void write_assistant(struct gw_responses_writing *writing, const struct gw_message *message)
{
    const struct gw_part *run = NULL; /* reasoning whose encrypted content has not come */

    for (const struct gw_part *part = message->parts; part && !failed(writing); part = part->next) {
        if (gw_text_present(encrypted_of(part))) {
            if (leads_on(part))
                write_reasoning(writing, run ? run : part, part);
            run = NULL;
            continue;
        }
        if (is_own_reasoning(part)) {
            run = run ? run : part;
            continue;
        }
        run = NULL;
        if (is_said(part))
            part = write_said(writing, message, part);
        else if (part->kind == GW_PART_TOOL_CALL)
            write_call(writing, part);
        else
            drop_foreign(writing, part);
    }
}

/* ---- messages ---- */

/* Neighbouring parts in one item. @return the last of them */
static const struct gw_part *write_told(struct gw_responses_writing *writing, const char *role,
                                        const struct gw_part *part)
{
    gw_json_write_begin_object(&writing->json);
    put_c(&writing->json, "role", role);
    put_array(&writing->json, "content");
    for (;; part = part->next) {
        if (is_input(part))
            write_input_part(writing, part);
        if (!part->next || part->next->kind == GW_PART_TOOL_RESULT || failed(writing))
            break;
    }
    gw_json_write_end_array(&writing->json);
    gw_json_write_end_object(&writing->json);
    return part;
}

static void write_told_all(struct gw_responses_writing *writing, const struct gw_message *message)
{
    const char *role = message->role == GW_ROLE_SYSTEM ? "developer" : "user";

    for (const struct gw_part *part = message->parts; part && !failed(writing); part = part->next) {
        if (part->kind == GW_PART_TOOL_RESULT)
            write_result(writing, part);
        else if (is_input(part))
            part = write_told(writing, role, part);
    }
}

void gw_responses_write_input(struct gw_responses_writing *writing)
{
    const struct gw_message *message = writing->request->messages;

    put_array(&writing->json, "input");
    for (; message && !failed(writing); message = message->next) {
        if (message->role == GW_ROLE_ASSISTANT)
            write_assistant(writing, message);
        else
            write_told_all(writing, message);
    }
    gw_json_write_end_array(&writing->json);
}
