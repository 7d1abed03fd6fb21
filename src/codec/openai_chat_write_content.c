/*
 * Contents of messages for an upstream: text and media (translation.md §4.1, §2.5).
 */
#include "codec/openai_chat_private.h"

/* ---- what cannot be said ---- */

static enum gw_status refuse(const struct gw_chat_plan *plan, const struct gw_part *part,
                             const char *what)
{
    struct gw_str path = part->path.raw;
    char param[sizeof(plan->complaint->param)] = "messages";

    if (path.len && path.len < sizeof(param)) {
        memcpy(param, path.base, path.len);
        param[path.len] = '\0';
    }
    return gw_complain(plan->complaint, GW_UNSUPPORTED, "unsupported_parameter", param,
                       "the provider of this model does not take %s", what);
}

static enum gw_status check_document(const struct gw_chat_plan *plan, const struct gw_part *part)
{
    const struct gw_profile *profile = plan->profile;
    enum gw_family family = plan->request->family;
    bool own = family == GW_FAMILY_PLAIN || family == GW_FAMILY_OPENAI;

    switch (part->source.kind) {
    case GW_SOURCE_FILE_ID:
        return own && profile->openai ? GW_OK : refuse(plan, part, "files of another one");
    case GW_SOURCE_URL:
        if (gw_chat_is_provider(profile, "mistral") || gw_chat_is_provider(profile, "openrouter"))
            return GW_OK;
        return refuse(plan, part, "addresses of documents");
    case GW_SOURCE_NONE:
        return refuse(plan, part, "this document");
    case GW_SOURCE_BASE64:
    case GW_SOURCE_TEXT:
        return GW_OK;
    }
    return GW_OK;
}

/* What was fetched takes the URL's place; else it is wanted, and the rest is looked at all the same: nothing is
 * fetched for a request that cannot be carried anyway. */
enum gw_status gw_chat_resolve_image(const struct gw_chat_plan *plan, struct gw_part *part)
{
    struct gw_request *request = plan->request;
    struct gw_str url = part->source.data.raw;
    struct gw_wanted **end = &request->wanted;

    if (!request->fetches)
        return refuse(plan, part, "addresses of images");
    for (const struct gw_fetched *fetched = request->fetched; fetched; fetched = fetched->next)
        if (gw_str_eq(fetched->url.raw, url)) {
            part->source = fetched->source;
            return GW_OK;
        }
    for (; *end; end = &(*end)->next)
        if (gw_str_eq((*end)->url.raw, url))
            return GW_OK;
    *end = gw_arena_alloc(request->arena, sizeof **end);
    if (!*end)
        return GW_NO_MEMORY;
    **end = (struct gw_wanted){.url = part->source.data, .path = part->path};
    return GW_OK;
}

static enum gw_status check_part(const struct gw_chat_plan *plan, struct gw_part *part)
{
    enum gw_source_kind kind = part->source.kind;

    switch (part->kind) {
    case GW_PART_IMAGE:
        if (kind == GW_SOURCE_URL && plan->profile->base64_images)
            return gw_chat_resolve_image(plan, part);
        if (kind != GW_SOURCE_URL && kind != GW_SOURCE_BASE64)
            return refuse(plan, part, "images by their id");
        return GW_OK;
    case GW_PART_DOCUMENT:
        return check_document(plan, part);
    case GW_PART_AUDIO:
        return kind == GW_SOURCE_BASE64 ? GW_OK : refuse(plan, part, "addresses of audio");
    case GW_PART_VIDEO:
        return refuse(plan, part, "video");
    case GW_PART_TEXT:
    case GW_PART_TOOL_CALL:
    case GW_PART_TOOL_RESULT:
    case GW_PART_REASONING:
    case GW_PART_REDACTED:
    case GW_PART_REFUSAL:
    case GW_PART_SERVER_TOOL:
        return GW_OK;
    }
    return GW_OK;
}

enum gw_status gw_chat_check_media(const struct gw_chat_plan *plan)
{
    enum gw_status status = GW_OK;

    for (const struct gw_message *message = plan->request->messages; message;
         message = message->next)
        for (struct gw_part *part = message->parts; part; part = part->next) {
            status = check_part(plan, part);
            for (struct gw_part *inner = part->parts; status == GW_OK && inner; inner = inner->next)
                if (inner->kind == GW_PART_IMAGE) /* other media of a result are told of in words */
                    status = check_part(plan, inner);
            if (status != GW_OK)
                return status;
        }
    return GW_OK;
}

/* ---- parts ---- */

static void put_data_url(struct gw_json_writer *out, struct gw_str key,
                         const struct gw_source *source)
{
    if (source->kind != GW_SOURCE_BASE64) {
        gw_chat_put_text(out, key, source->data);
        return;
    }
    gw_chat_begin_text(out, key);
    gw_chat_add_text(out, GW_TEXT("data:"));
    gw_chat_add_text(out, source->mime);
    gw_chat_add_text(out, GW_TEXT(";base64,"));
    gw_chat_add_text(out, source->data);
    gw_chat_end_text(out);
}

static void put_image(const struct gw_part *part, struct gw_json_writer *out)
{
    gw_chat_put_string(out, GW_STR("type"), GW_STR("image_url"));
    gw_chat_put_object(out, GW_STR("image_url"));
    put_data_url(out, GW_STR("url"), &part->source);
    if (gw_text_present(part->detail))
        gw_chat_put_text(out, GW_STR("detail"), part->detail);
    gw_json_write_end_object(out);
}

static void put_audio(const struct gw_part *part, struct gw_json_writer *out)
{
    static const struct gw_str start = GW_STR_INIT("audio/");
    struct gw_text format = part->source.mime;

    if (gw_str_starts(format.raw, start))
        format.raw = gw_str_from(format.raw, start.len);
    if (gw_text_equals(format, GW_STR("mpeg")))
        format = GW_TEXT("mp3");
    else if (gw_text_equals(format, GW_STR("x-wav")))
        format = GW_TEXT("wav");
    gw_chat_put_string(out, GW_STR("type"), GW_STR("input_audio"));
    gw_chat_put_object(out, GW_STR("input_audio"));
    gw_chat_put_text(out, GW_STR("data"), part->source.data);
    gw_chat_put_text(out, GW_STR("format"), format);
    gw_json_write_end_object(out);
}

static void put_document(const struct gw_chat_plan *plan, const struct gw_part *part,
                         struct gw_json_writer *out)
{
    struct gw_text name = part->filename;

    if (part->source.kind == GW_SOURCE_TEXT) {
        gw_chat_put_string(out, GW_STR("type"), GW_STR("text"));
        gw_chat_begin_text(out, GW_STR("text"));
        if (part->title.raw.len) {
            gw_chat_add_text(out, part->title);
            gw_chat_add_text(out, GW_TEXT("\\n\\n"));
        }
        gw_chat_add_text(out, part->source.data);
        gw_chat_end_text(out);
        return;
    }
    if (gw_chat_is_provider(plan->profile, "mistral")) {
        gw_chat_put_string(out, GW_STR("type"), GW_STR("document_url"));
        put_data_url(out, GW_STR("document_url"), &part->source);
        return;
    }
    gw_chat_put_string(out, GW_STR("type"), GW_STR("file"));
    gw_chat_put_object(out, GW_STR("file"));
    if (part->source.kind == GW_SOURCE_FILE_ID) {
        gw_chat_put_text(out, GW_STR("file_id"), part->source.data);
    } else {
        /* Bytes without a name are refused. */
        if (!name.raw.len)
            name = part->title.raw.len ? part->title : GW_TEXT("document.pdf");
        gw_chat_put_text(out, GW_STR("filename"), name);
        put_data_url(out, GW_STR("file_data"), &part->source);
    }
    gw_json_write_end_object(out);
}

static void put_cache(const struct gw_chat_plan *plan, enum gw_cache_ttl cache,
                      struct gw_json_writer *out)
{
    if (cache == GW_CACHE_NONE || !plan->profile->cache_control)
        return;
    gw_chat_put_object(out, GW_STR("cache_control"));
    gw_chat_put_string(out, GW_STR("type"), GW_STR("ephemeral"));
    if (cache != GW_CACHE_UNSET)
        gw_chat_put_string(out, GW_STR("ttl"), cache == GW_CACHE_1H ? GW_STR("1h") : GW_STR("5m"));
    gw_json_write_end_object(out);
}

static bool is_content(const struct gw_part *part)
{
    switch (part->kind) {
    case GW_PART_TEXT:
    case GW_PART_IMAGE:
    case GW_PART_DOCUMENT:
    case GW_PART_AUDIO:
        return true;
    case GW_PART_VIDEO:
    case GW_PART_TOOL_CALL:
    case GW_PART_TOOL_RESULT:
    case GW_PART_REASONING:
    case GW_PART_REDACTED:
    case GW_PART_REFUSAL:
    case GW_PART_SERVER_TOOL:
        return false;
    }
    return false;
}

void gw_chat_write_part(const struct gw_chat_plan *plan, const struct gw_part *part,
                        struct gw_json_writer *out)
{
    gw_json_write_begin_object(out);
    if (part->kind == GW_PART_IMAGE) {
        put_image(part, out);
    } else if (part->kind == GW_PART_AUDIO) {
        put_audio(part, out);
    } else if (part->kind == GW_PART_DOCUMENT) {
        put_document(plan, part, out);
    } else {
        gw_chat_put_string(out, GW_STR("type"), GW_STR("text"));
        gw_chat_put_text(out, GW_STR("text"), part->text);
    }
    put_cache(plan, part->cache, out);
    gw_json_write_end_object(out);
}

void gw_chat_put_content(const struct gw_chat_plan *plan, const struct gw_part *parts,
                         struct gw_json_writer *out)
{
    const struct gw_part *only = NULL;
    bool media = false, cached = false;
    size_t count = 0;

    for (const struct gw_part *part = parts; part; part = part->next) {
        if (!is_content(part))
            continue;
        count++;
        only = part;
        media = media || part->kind != GW_PART_TEXT;
        cached = cached || (part->cache != GW_CACHE_NONE && plan->profile->cache_control);
    }
    if (count <= 1 && !media && !cached) {
        gw_chat_put_text(out, GW_STR("content"), only ? only->text : GW_TEXT(""));
        return;
    }
    if (!media && !cached && plan->profile->flat) {
        bool first = true;
        gw_chat_begin_text(out, GW_STR("content"));
        for (const struct gw_part *part = parts; part; part = part->next) {
            if (!is_content(part))
                continue;
            gw_chat_add_text(out, first ? GW_TEXT("") : GW_TEXT("\\n\\n"));
            gw_chat_add_text(out, part->text);
            first = false;
        }
        gw_chat_end_text(out);
        return;
    }
    gw_chat_put_array(out, GW_STR("content"));
    for (const struct gw_part *part = parts; part; part = part->next)
        if (is_content(part))
            gw_chat_write_part(plan, part, out);
    gw_json_write_end_array(out);
}
