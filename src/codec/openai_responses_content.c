/* What is within a message of a caller, or a result: its parts (translation.md §2.5, §3.2). */
#include "codec/openai_responses_private.h"

#include <stdio.h>

#include "model/media.h"

struct gw_part *gw_responses_add_part(struct gw_responses_reading *reading, enum gw_part_kind kind,
                                      struct gw_part ***last)
{
    struct gw_part *part = gw_arena_zalloc(reading->request->arena, sizeof(*part));

    if (!part)
        return NULL;
    part->kind = kind;
    **last = part;
    *last = &part->next;
    return part;
}

static enum gw_status read_url(struct gw_responses_reading *reading, struct gw_text url,
                               const char *where, struct gw_part *part)
{
    enum gw_status status = gw_data_url_read(url, reading->request->arena, &part->source);

    return status == GW_INVALID ? gw_responses_wrong(reading, where, "a URL") : status;
}

static enum gw_status read_image(struct gw_responses_reading *reading, uint32_t value,
                                 const char *where, struct gw_part *part)
{
    const struct gw_json *json = &reading->json;
    uint32_t url = gw_responses_member(json, value, GW_STR("image_url"));
    struct gw_text file = text_at(json, value, GW_STR("file_id"));

    part->detail = text_at(json, value, GW_STR("detail"));
    if (gw_json_type(json, url) == GW_JSON_IS_OBJECT)
        url = gw_json_get(json, url, GW_STR("url")); /* as chat has it */
    if (gw_json_type(json, url) == GW_JSON_IS_STRING)
        return read_url(reading, text_of(json, url), where, part);
    if (!gw_text_present(file))
        return gw_responses_wrong(reading, where, "an image with image_url or file_id");
    part->source = (struct gw_source){.kind = GW_SOURCE_FILE_ID, .data = file};
    return GW_OK;
}

/* Base64 without its type: the name tells it. */
static enum gw_status read_bare_file(struct gw_responses_reading *reading, struct gw_text data,
                                     struct gw_part *part)
{
    struct gw_arena *arena = reading->request->arena;
    struct gw_str name = gw_text_decode(part->filename, arena);
    struct gw_str type = gw_media_type_of_name(name);

    part->source.kind = GW_SOURCE_BASE64;
    part->source.data = data;
    part->source.mime = gw_text_escape(type.base ? type : GW_STR("application/pdf"), arena);
    return gw_text_present(part->source.mime) ? GW_OK : GW_NO_MEMORY;
}

static enum gw_status read_file(struct gw_responses_reading *reading, uint32_t value,
                                const char *where, struct gw_part *part)
{
    const struct gw_json *json = &reading->json;
    struct gw_text data = text_at(json, value, GW_STR("file_data"));
    struct gw_text url = text_at(json, value, GW_STR("file_url"));
    struct gw_text file = text_at(json, value, GW_STR("file_id"));
    enum gw_status status;

    part->filename = text_at(json, value, GW_STR("filename"));
    if (gw_text_present(data)) {
        status = read_url(reading, data, where, part);
        if (status == GW_OK && part->source.kind == GW_SOURCE_URL)
            status = read_bare_file(reading, data, part);
        return status;
    }
    if (gw_text_present(url))
        return read_url(reading, url, where, part);
    if (!gw_text_present(file))
        return gw_responses_wrong(reading, where, "a file with file_data, file_url or file_id");
    part->source = (struct gw_source){.kind = GW_SOURCE_FILE_ID, .data = file};
    return GW_OK;
}

static enum gw_status read_audio(struct gw_responses_reading *reading, uint32_t value,
                                 const char *where, struct gw_part *part)
{
    const struct gw_json *json = &reading->json;
    uint32_t audio = gw_json_get(json, value, GW_STR("input_audio"));
    struct gw_text format = text_at(json, audio, GW_STR("format"));

    part->source.kind = GW_SOURCE_BASE64;
    part->source.data = text_at(json, audio, GW_STR("data"));
    if (!gw_text_present(part->source.data) || !gw_text_present(format))
        return gw_responses_wrong(reading, where, "audio with data and format");
    part->source.mime.raw =
        gw_arena_printf(reading->request->arena, "audio/%.*s", GW_STR_ARG(format.raw));
    return gw_text_present(part->source.mime) ? GW_OK : GW_NO_MEMORY;
}

static enum gw_status read_text(struct gw_responses_reading *reading, uint32_t value,
                                const char *where, struct gw_part *part)
{
    const struct gw_json *json = &reading->json;
    uint32_t annotations = gw_json_get(json, value, GW_STR("annotations"));

    part->text =
        text_at(json, value, part->kind == GW_PART_REFUSAL ? GW_STR("refusal") : GW_STR("text"));
    if (!gw_text_present(part->text))
        return gw_responses_wrong(reading, where, "a part with its text");
    if (part->kind == GW_PART_TEXT && gw_json_count(json, annotations)) {
        part->annotations = gw_json_slice(json, annotations);
        part->family = GW_FAMILY_OPENAI;
    }
    return GW_OK;
}

typedef enum gw_status read_part_fn(struct gw_responses_reading *reading, uint32_t value,
                                    const char *where, struct gw_part *part);

static const struct {
    struct gw_str type;
    enum gw_part_kind kind;
    read_part_fn *read;
} part_types[] = {
    {GW_STR_INIT("input_text"), GW_PART_TEXT, read_text},
    {GW_STR_INIT("output_text"), GW_PART_TEXT, read_text},
    {GW_STR_INIT("text"), GW_PART_TEXT, read_text},
    {GW_STR_INIT("refusal"), GW_PART_REFUSAL, read_text},
    {GW_STR_INIT("input_image"), GW_PART_IMAGE, read_image},
    {GW_STR_INIT("input_file"), GW_PART_DOCUMENT, read_file},
    {GW_STR_INIT("input_audio"), GW_PART_AUDIO, read_audio},
};

static enum gw_status read_part(struct gw_responses_reading *reading, uint32_t value,
                                const char *where, struct gw_part ***last)
{
    struct gw_text type = text_at(&reading->json, value, GW_STR("type"));
    struct gw_arena *arena = reading->request->arena;

    for (size_t i = 0; i < GW_COUNT(part_types); i++) {
        if (!gw_text_equals(type, part_types[i].type))
            continue;
        struct gw_part *part = gw_responses_add_part(reading, part_types[i].kind, last);
        if (!part)
            return GW_NO_MEMORY;
        if (part->kind != GW_PART_TEXT && part->kind != GW_PART_REFUSAL) {
            part->path.raw = gw_arena_str(arena, gw_str_of(where));
            if (!gw_text_present(part->path))
                return GW_NO_MEMORY;
        }
        return part_types[i].read(reading, value, where, part);
    }
    return gw_responses_wrong(reading, where, "a part of a known type");
}

enum gw_status gw_responses_read_content(struct gw_responses_reading *reading, uint32_t content,
                                         const char *where, struct gw_part ***last)
{
    const struct gw_json *json = &reading->json;
    struct gw_json_iter iter = gw_json_iter(json, content);
    enum gw_status status = GW_OK;
    struct gw_part *part;
    char inner[GW_RESPONSES_WHERE_BYTES];
    unsigned index = 0;
    uint32_t each;

    switch (gw_json_type(json, content)) {
    case GW_JSON_IS_STRING:
        part = gw_responses_add_part(reading, GW_PART_TEXT, last);
        if (!part)
            return GW_NO_MEMORY;
        part->text = text_of(json, content);
        return GW_OK;
    case GW_JSON_IS_ARRAY:
        while (status == GW_OK && gw_json_next(json, &iter, &each)) {
            (void)snprintf(inner, sizeof(inner), "%s[%u]", where, index++);
            status = read_part(reading, each, inner, last);
        }
        return status;
    case GW_JSON_IS_ABSENT:
    case GW_JSON_IS_NULL:
        return GW_OK;
    case GW_JSON_IS_FALSE:
    case GW_JSON_IS_TRUE:
    case GW_JSON_IS_NUMBER:
    case GW_JSON_IS_KEY:
    case GW_JSON_IS_OBJECT:
        break;
    }
    return gw_responses_wrong(reading, where, "a string or an array of parts");
}
