/*
 * Parts of a message's content, and the reasoning state of an assistant's (translation.md §3.1, §2.7).
 */
#include "codec/openai_chat_private.h"

#include "model/media.h"

static const struct gw_text absent = {{NULL, 0}};

struct gw_part *gw_chat_add_part(struct gw_chat_reading *reading, enum gw_part_kind kind,
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

enum gw_cache_ttl gw_chat_read_cache(const struct gw_json *json, uint32_t object)
{
    uint32_t mark = gw_chat_member(json, object, GW_STR("cache_control"));

    if (mark == GW_JSON_ABSENT)
        mark = gw_chat_member(json, object, GW_STR("prompt_cache_breakpoint"));
    if (mark == GW_JSON_ABSENT || gw_json_type(json, mark) == GW_JSON_IS_FALSE)
        return GW_CACHE_NONE;
    uint32_t ttl = gw_json_get(json, mark, GW_STR("ttl"));
    if (gw_json_equals(json, ttl, GW_STR("1h")))
        return GW_CACHE_1H;
    return gw_json_equals(json, ttl, GW_STR("5m")) ? GW_CACHE_5M : GW_CACHE_UNSET;
}

/* A part of a content under way. */
struct place {
    struct gw_chat_reading *reading;
    unsigned number;
};

static struct gw_text path_of(const struct place *place)
{
    return (struct gw_text){gw_arena_printf(place->reading->request->arena,
                                            "messages[%u].content[%u]", place->reading->message,
                                            place->number)};
}

static enum gw_status wrong(const struct place *place, const char *must)
{
    struct gw_text path = path_of(place);

    return path.raw.base ? gw_chat_wrong(place->reading, path.raw.base, must) : GW_NO_MEMORY;
}

static enum gw_status read_source(const struct place *place, struct gw_text url,
                                  struct gw_source *source_out)
{
    enum gw_status status = gw_data_url_read(url, place->reading->request->arena, source_out);

    return status == GW_INVALID ? wrong(place, "hold a URL or a data URL") : status;
}

static enum gw_status read_image(const struct place *place, uint32_t element, struct gw_part *part)
{
    const struct gw_json *json = place->reading->json;
    uint32_t image = gw_chat_member(json, element, GW_STR("image_url"));
    bool bare = gw_json_type(json, image) == GW_JSON_IS_STRING;
    struct gw_text url = bare ? (struct gw_text){gw_json_raw(json, image)}
                              : gw_chat_text(json, image, GW_STR("url"));

    if (!gw_text_present(url))
        return wrong(place, "have an image_url with a url");
    part->detail = bare ? absent : gw_chat_filled(json, image, GW_STR("detail"));
    return read_source(place, url, &part->source);
}

static enum gw_status read_audio(const struct place *place, uint32_t element, struct gw_part *part)
{
    const struct gw_json *json = place->reading->json;
    struct gw_arena *arena = place->reading->request->arena;
    uint32_t audio = gw_chat_member(json, element, GW_STR("input_audio"));
    struct gw_text data = gw_chat_text(json, audio, GW_STR("data"));
    struct gw_text format = gw_chat_filled(json, audio, GW_STR("format"));

    if (!gw_text_present(data) || !gw_text_present(format))
        return wrong(place, "have an input_audio with data and format");
    struct gw_str name = gw_arena_printf(arena, "audio/%.*s", GW_STR_ARG(format.raw));
    if (!name.base)
        return GW_NO_MEMORY;
    part->source = (struct gw_source){
        .kind = GW_SOURCE_BASE64, .mime = gw_media_type(name, arena), .data = data};
    return gw_text_present(part->source.mime) ? GW_OK : GW_NO_MEMORY;
}

/* `file_data` is a data URL, an address, or bare base64. */
static enum gw_status read_file_data(const struct place *place, struct gw_text data,
                                     struct gw_part *part)
{
    struct gw_arena *arena = place->reading->request->arena;
    enum gw_status status = read_source(place, data, &part->source);

    if (status != GW_OK || part->source.kind != GW_SOURCE_URL ||
        gw_str_starts(data.raw, GW_STR("http://")) || gw_str_starts(data.raw, GW_STR("https://")))
        return status;
    struct gw_str name = gw_text_decode(part->filename, arena);
    struct gw_str type = gw_media_type_of_name(name);
    part->source = (struct gw_source){
        .kind = GW_SOURCE_BASE64,
        .mime = {type.base ? type : GW_STR("application/pdf")},
        .data = data,
    };
    return GW_OK;
}

static enum gw_status read_file(const struct place *place, uint32_t element, struct gw_part *part)
{
    const struct gw_json *json = place->reading->json;
    uint32_t file = gw_chat_member(json, element, GW_STR("file"));
    struct gw_text data = gw_chat_filled(json, file, GW_STR("file_data"));
    struct gw_text id = gw_chat_filled(json, file, GW_STR("file_id"));

    part->filename = gw_chat_filled(json, file, GW_STR("filename"));
    if (gw_text_present(data))
        return read_file_data(place, data, part);
    if (!gw_text_present(id))
        return wrong(place, "have a file with file_data or file_id");
    part->source = (struct gw_source){.kind = GW_SOURCE_FILE_ID, .data = id};
    return GW_OK;
}

static enum gw_status read_said(const struct place *place, uint32_t element, struct gw_part *part)
{
    bool refusal = part->kind == GW_PART_REFUSAL;

    part->text =
        gw_chat_text(place->reading->json, element, refusal ? GW_STR("refusal") : GW_STR("text"));
    if (gw_text_present(part->text))
        return GW_OK;
    return wrong(place, refusal ? "have a refusal" : "have a text");
}

static const struct {
    struct gw_str type;
    unsigned kind; /* of enum gw_chat_content */
    enum gw_part_kind part;
    enum gw_status (*read)(const struct place *place, uint32_t element, struct gw_part *part);
} types[] = {
    {GW_STR_INIT("text"), GW_CHAT_TEXT, GW_PART_TEXT, read_said},
    {GW_STR_INIT("refusal"), GW_CHAT_REFUSAL, GW_PART_REFUSAL, read_said},
    {GW_STR_INIT("image_url"), GW_CHAT_IMAGE, GW_PART_IMAGE, read_image},
    {GW_STR_INIT("input_audio"), GW_CHAT_FILES, GW_PART_AUDIO, read_audio},
    {GW_STR_INIT("file"), GW_CHAT_FILES, GW_PART_DOCUMENT, read_file},
};

static enum gw_status read_element(const struct place *place, uint32_t element, unsigned kinds,
                                   struct gw_part ***last)
{
    const struct gw_json *json = place->reading->json;
    uint32_t type = gw_json_get(json, element, GW_STR("type"));

    for (size_t i = 0; i < GW_COUNT(types); i++) {
        if (!(types[i].kind & kinds) || !gw_json_equals(json, type, types[i].type))
            continue;
        struct gw_part *part = gw_chat_add_part(place->reading, types[i].part, last);
        if (!part)
            return GW_NO_MEMORY;
        part->cache = gw_chat_read_cache(json, element);
        if (types[i].kind & (GW_CHAT_IMAGE | GW_CHAT_FILES)) {
            part->path = path_of(place);
            if (!gw_text_present(part->path))
                return GW_NO_MEMORY;
        }
        return types[i].read(place, element, part);
    }
    return wrong(place, "have a type that messages of this role may have");
}

enum gw_status gw_chat_read_content(struct gw_chat_reading *reading, uint32_t content,
                                    unsigned kinds, struct gw_part ***last)
{
    struct gw_json_iter iter = gw_json_iter(reading->json, content);
    struct place place = {reading, 0};
    enum gw_status status = GW_OK;
    uint32_t element;

    switch ((int)gw_json_type(reading->json, content)) {
    case GW_JSON_IS_ABSENT:
        return GW_OK;
    case GW_JSON_IS_ARRAY:
        for (; status == GW_OK && gw_json_next(reading->json, &iter, &element); place.number++)
            status = read_element(&place, element, kinds, last);
        return status;
    case GW_JSON_IS_STRING: {
        struct gw_part *part = gw_chat_add_part(reading, GW_PART_TEXT, last);
        if (!part)
            return GW_NO_MEMORY;
        part->text.raw = gw_json_raw(reading->json, content);
        return GW_OK;
    }
    default: {
        struct gw_str path =
            gw_arena_printf(reading->request->arena, "messages[%u].content", reading->message);
        return path.base ? gw_chat_wrong(reading, path.base, "be a string or an array of parts")
                         : GW_NO_MEMORY;
    }
    }
}

/* ---- reasoning state ---- */

/* Entries of an assistant's reasoning_details, put among the other parts of its turn. */
struct state {
    struct gw_chat_reading *reading;
    struct gw_part **at;    /* where the next one may go: entries keep their order */
    int64_t position;       /* of `at` in the turn */
    struct gw_part *before; /* the entry in front */
    int64_t before_index;
    struct gw_map calls; /* id -> part, made when it is needed */
    bool has_calls;
};

static struct gw_part *new_part(struct gw_chat_reading *reading, enum gw_part_kind kind)
{
    struct gw_part *part = NULL, **last = &part;

    return gw_chat_add_part(reading, kind, &last);
}

/* To where it stood in its turn, but never behind the last call: a turn does not end with a thought. */
static void insert(struct state *state, struct gw_part *part, int64_t index)
{
    while (state->position < index && *state->at) {
        if (!(*state->at)->next && (*state->at)->kind == GW_PART_TOOL_CALL)
            break;
        state->at = &(*state->at)->next;
        state->position++;
    }
    part->next = *state->at;
    *state->at = part;
    state->at = &part->next;
    state->position++;
}

/* Gemini's signature of a call comes with the call's id. */
static bool sign_call(struct state *state, struct gw_part *parts,
                      const struct gw_chat_detail *detail)
{
    if (detail->family != GW_FAMILY_GEMINI || !gw_text_present(detail->id))
        return false;
    if (!state->has_calls)
        for (struct gw_part *part = parts; part; part = part->next)
            if (part->kind == GW_PART_TOOL_CALL)
                (void)gw_map_add(&state->calls, part->id.raw, part); /* of two the first counts */
    state->has_calls = true;
    struct gw_part *call = gw_map_get(&state->calls, detail->id.raw);
    if (call && !gw_text_present(call->gsig))
        call->gsig = detail->data;
    return call;
}

static enum gw_status add_detail(struct state *state, const struct gw_chat_detail *detail,
                                 struct gw_part *parts)
{
    bool encrypted = detail->kind == GW_CHAT_DETAIL_ENCRYPTED;

    if (detail->kind == GW_CHAT_DETAIL_UNKNOWN || (encrypted && sign_call(state, parts, detail)))
        return GW_OK;
    if (encrypted && state->before && state->before->is_summary && detail->index >= 0 &&
        detail->index == state->before_index) {
        state->before->signature = detail->data;
        return GW_OK;
    }
    struct gw_part *part =
        new_part(state->reading, encrypted ? GW_PART_REDACTED : GW_PART_REASONING);
    if (!part)
        return GW_NO_MEMORY;
    part->family = detail->family;
    part->id = detail->id;
    part->is_summary = detail->kind == GW_CHAT_DETAIL_SUMMARY;
    if (!encrypted)
        part->text = gw_text_present(detail->text) ? detail->text : GW_TEXT("");
    part->signature = detail->signature;
    part->data = detail->data;
    insert(state, part, detail->index);
    state->before = part;
    state->before_index = detail->index;
    return GW_OK;
}

static enum gw_status read_details(struct gw_chat_reading *reading, uint32_t details,
                                   struct gw_part **parts)
{
    struct gw_json_iter iter = gw_json_iter(reading->json, details);
    struct state state = {.reading = reading, .at = parts};
    enum gw_status status = GW_OK;
    uint32_t entry;

    gw_map_init(&state.calls);
    while (status == GW_OK && gw_json_next(reading->json, &iter, &entry)) {
        struct gw_chat_detail detail;
        gw_chat_read_detail(reading->json, entry, &detail);
        status = add_detail(&state, &detail, *parts);
    }
    gw_map_finish(&state.calls);
    return status;
}

/* LiteLLM's form: blocks of Claude, in front of all else. */
static enum gw_status read_thinking_blocks(struct gw_chat_reading *reading, uint32_t blocks,
                                           struct gw_part **parts)
{
    const struct gw_json *json = reading->json;
    struct gw_json_iter iter = gw_json_iter(json, blocks);
    uint32_t block;

    while (gw_json_next(json, &iter, &block)) {
        struct gw_text data = gw_chat_filled(json, block, GW_STR("data"));
        struct gw_text thinking = gw_chat_text(json, block, GW_STR("thinking"));
        if (!gw_text_present(data) && !gw_text_present(thinking))
            continue;
        struct gw_part *part =
            new_part(reading, gw_text_present(thinking) ? GW_PART_REASONING : GW_PART_REDACTED);
        if (!part)
            return GW_NO_MEMORY;
        part->family = GW_FAMILY_ANTHROPIC;
        part->text = thinking;
        part->signature = gw_chat_filled(json, block, GW_STR("signature"));
        part->data = data;
        part->next = *parts;
        *parts = part;
        parts = &part->next;
    }
    return GW_OK;
}

enum gw_status gw_chat_read_state(struct gw_chat_reading *reading, uint32_t message,
                                  struct gw_part **parts)
{
    const struct gw_json *json = reading->json;
    uint32_t details = gw_chat_member(json, message, GW_STR("reasoning_details"));
    uint32_t blocks = gw_chat_member(json, message, GW_STR("thinking_blocks"));
    struct gw_text plain = gw_chat_filled(json, message, GW_STR("reasoning_content"));

    if (gw_json_type(json, details) == GW_JSON_IS_ARRAY && gw_json_count(json, details))
        return read_details(reading, details, parts);
    if (gw_json_type(json, blocks) == GW_JSON_IS_ARRAY && gw_json_count(json, blocks))
        return read_thinking_blocks(reading, blocks, parts);
    if (!gw_text_present(plain))
        plain = gw_chat_filled(json, message, GW_STR("reasoning"));
    if (!gw_text_present(plain))
        return GW_OK;
    struct gw_part *part = new_part(reading, GW_PART_REASONING);
    if (!part)
        return GW_NO_MEMORY;
    part->family = GW_FAMILY_PLAIN;
    part->text = plain;
    part->next = *parts;
    *parts = part;
    return GW_OK;
}
