/*
 * What messages and deltas of an upstream have in common: reasoning, text, images, annotations, as events of
 * blocks (translation.md §5.2, §6.2).
 */
#include "codec/openai_chat_private.h"

static const struct gw_text absent = {{NULL, 0}};
static const struct gw_str nothing = {NULL, 0};

/* ---- events ---- */

enum gw_status gw_chat_open(struct gw_chat_emitter *emitter, const struct gw_event *start)
{
    struct gw_event event = *start;

    if (emitter->open && emitter->kind == start->block_kind && emitter->family == start->family &&
        start->block_kind != GW_BLOCK_TOOL)
        return GW_OK;
    enum gw_status status = gw_chat_close(emitter);
    if (status != GW_OK)
        return status;
    event.kind = GW_EVENT_BLOCK_START;
    event.block = emitter->blocks++;
    emitter->open = true;
    emitter->kind = start->block_kind;
    emitter->family = start->family;
    return emitter->on_event(emitter->arg, &event);
}

enum gw_status gw_chat_close(struct gw_chat_emitter *emitter)
{
    struct gw_event event = {
        .kind = GW_EVENT_BLOCK_STOP,
        .block = emitter->blocks - 1,
        .block_kind = emitter->kind,
        .family = emitter->family,
    };

    if (!emitter->open)
        return GW_OK;
    emitter->open = false;
    return emitter->on_event(emitter->arg, &event);
}

enum gw_status gw_chat_delta(struct gw_chat_emitter *emitter, enum gw_delta_kind kind,
                             struct gw_text text, struct gw_str json)
{
    struct gw_event event = {
        .kind = GW_EVENT_DELTA,
        .block = emitter->blocks - 1,
        .block_kind = emitter->kind,
        .family = emitter->family,
        .delta = kind,
        .text = text,
        .json = json,
    };

    return emitter->on_event(emitter->arg, &event);
}

enum gw_status gw_chat_say(struct gw_chat_emitter *emitter, enum gw_block_kind kind,
                           enum gw_family family, struct gw_text text)
{
    struct gw_event start = {.block_kind = kind, .family = family};
    enum gw_delta_kind delta = GW_DELTA_TEXT;

    if (!text.raw.len)
        return GW_OK;
    if (kind == GW_BLOCK_REASONING)
        delta = GW_DELTA_REASONING;
    else if (kind == GW_BLOCK_REFUSAL)
        delta = GW_DELTA_REFUSAL;
    enum gw_status status = gw_chat_open(emitter, &start);
    return status == GW_OK ? gw_chat_delta(emitter, delta, text, nothing) : status;
}

enum gw_status gw_chat_data(struct gw_chat_emitter *emitter, enum gw_block_kind kind,
                            enum gw_family family, struct gw_text id, struct gw_text data)
{
    struct gw_event start = {.block_kind = kind, .family = family, .id = id};
    enum gw_status status = gw_chat_close(emitter);

    if (status == GW_OK)
        status = gw_chat_open(emitter, &start);
    if (status == GW_OK)
        status = gw_chat_delta(emitter, GW_DELTA_DATA, data, nothing);
    return status == GW_OK ? gw_chat_close(emitter) : status;
}

/* ---- reasoning ---- */

static enum gw_status copy(struct gw_text text, struct gw_arena *arena, struct gw_text *into)
{
    into->raw = gw_arena_str(arena, text.raw);
    return into->raw.base ? GW_OK : GW_NO_MEMORY;
}

/* A call's signature comes before the call. */
static enum gw_status keep_signature(struct gw_chat_thought *thought,
                                     const struct gw_chat_detail *detail, struct gw_arena *keep)
{
    struct gw_chat_pending *pending = gw_arena_zalloc(keep, sizeof(*pending));

    thought->kept += sizeof(*pending) + detail->data.raw.len + detail->id.raw.len;
    if (thought->kept > GW_CHAT_KEPT_BYTES_MAX)
        return GW_OK; /* the call goes without */
    if (!pending)
        return GW_NO_MEMORY;
    enum gw_status status = copy(detail->data, keep, &pending->data);
    if (status == GW_OK)
        status = copy(detail->id, keep, &pending->id);
    pending->next = thought->pending;
    thought->pending = pending;
    return status;
}

struct gw_text gw_chat_take_signature(struct gw_chat_thought *thought, struct gw_text id)
{
    for (struct gw_chat_pending **at = &thought->pending; *at; at = &(*at)->next)
        if (gw_str_eq((*at)->id.raw, id.raw)) {
            struct gw_text data = (*at)->data;
            *at = (*at)->next;
            return data;
        }
    return absent;
}

/* Opens a block for an entry, unless it goes on with the one that is open. */
static enum gw_status open_thought(struct gw_chat_emitter *emitter, struct gw_chat_thought *thought,
                                   const struct gw_chat_detail *detail)
{
    struct gw_event start = {
        .block_kind = GW_BLOCK_REASONING, .family = detail->family, .id = detail->id};
    bool other = emitter->open && emitter->kind == GW_BLOCK_REASONING &&
                 (thought->is_signed || thought->index != detail->index);
    enum gw_status status = other ? gw_chat_close(emitter) : GW_OK;

    if (status != GW_OK)
        return status;
    if (!emitter->open || emitter->kind != GW_BLOCK_REASONING ||
        emitter->family != detail->family) {
        thought->is_signed = false;
        thought->index = detail->index;
    }
    return gw_chat_open(emitter, &start);
}

static enum gw_status read_said(struct gw_chat_emitter *emitter, struct gw_chat_thought *thought,
                                const struct gw_chat_detail *detail)
{
    enum gw_status status;

    if (!detail->text.raw.len && !gw_text_present(detail->signature))
        return GW_OK;
    /* A signature alone belongs to the block that is open, whatever its entry is called. */
    bool closes = !detail->text.raw.len && emitter->open && emitter->kind == GW_BLOCK_REASONING &&
                  !thought->is_signed && emitter->family == detail->family;
    status = closes ? GW_OK : open_thought(emitter, thought, detail);
    if (status == GW_OK && detail->text.raw.len)
        status = gw_chat_delta(emitter, GW_DELTA_REASONING, detail->text, nothing);
    if (status != GW_OK || !gw_text_present(detail->signature))
        return status;
    thought->is_signed = true;
    return gw_chat_delta(emitter, GW_DELTA_SIGNATURE, detail->signature, nothing);
}

static enum gw_status read_encrypted(struct gw_chat_emitter *emitter,
                                     struct gw_chat_thought *thought,
                                     const struct gw_chat_detail *detail, struct gw_arena *keep)
{
    bool open = emitter->open && emitter->kind == GW_BLOCK_REASONING && !thought->is_signed;

    if (detail->family == GW_FAMILY_GEMINI && gw_text_present(detail->id))
        return keep_signature(thought, detail, keep);
    if (open && detail->family == GW_FAMILY_OPENAI && emitter->family == GW_FAMILY_OPENAI &&
        thought->index == detail->index) {
        thought->is_signed = true;
        return gw_chat_delta(emitter, GW_DELTA_SIGNATURE, detail->data, nothing);
    }
    return gw_chat_data(emitter, GW_BLOCK_REDACTED, detail->family, detail->id, detail->data);
}

static enum gw_status read_details(struct gw_chat_emitter *emitter, struct gw_chat_thought *thought,
                                   const struct gw_json *json, uint32_t details,
                                   struct gw_arena *keep)
{
    struct gw_json_iter iter = gw_json_iter(json, details);
    enum gw_status status = GW_OK;
    uint32_t entry;

    while (status == GW_OK && gw_json_next(json, &iter, &entry)) {
        struct gw_chat_detail detail;
        gw_chat_read_detail(json, entry, &detail);
        switch (detail.kind) {
        case GW_CHAT_DETAIL_TEXT:
        case GW_CHAT_DETAIL_SUMMARY:
            status = read_said(emitter, thought, &detail);
            break;
        case GW_CHAT_DETAIL_ENCRYPTED:
            status = read_encrypted(emitter, thought, &detail, keep);
            break;
        case GW_CHAT_DETAIL_UNKNOWN:
            break;
        }
    }
    return status;
}

static bool has_text(const struct gw_json *json, uint32_t details)
{
    struct gw_json_iter iter = gw_json_iter(json, details);
    uint32_t entry;

    while (gw_json_next(json, &iter, &entry)) {
        struct gw_chat_detail detail;
        gw_chat_read_detail(json, entry, &detail);
        if (detail.text.raw.len)
            return true;
    }
    return false;
}

enum gw_status gw_chat_read_reasoning(struct gw_chat_emitter *emitter,
                                      struct gw_chat_thought *thought, const struct gw_json *json,
                                      uint32_t message, struct gw_arena *keep)
{
    uint32_t details = gw_chat_member(json, message, GW_STR("reasoning_details"));
    struct gw_chat_detail plain = {
        .family = GW_FAMILY_PLAIN,
        .text = gw_chat_filled(json, message, GW_STR("reasoning_content")),
        .index = -1,
    };
    enum gw_status status = GW_OK;

    if (!gw_text_present(plain.text))
        plain.text = gw_chat_filled(json, message, GW_STR("reasoning"));
    if (gw_json_type(json, details) != GW_JSON_IS_ARRAY)
        details = GW_JSON_ABSENT;
    if (gw_text_present(plain.text) && !has_text(json, details))
        status = read_said(emitter, thought, &plain);
    return status == GW_OK ? read_details(emitter, thought, json, details, keep) : status;
}

/* ---- content ---- */

/* Mistral's {"type":"thinking","thinking":[{"type":"text","text":…}]}. */
static enum gw_status read_thinking(struct gw_chat_emitter *emitter, const struct gw_json *json,
                                    uint32_t part)
{
    uint32_t thinking = gw_json_get(json, part, GW_STR("thinking")), piece;
    struct gw_json_iter iter = gw_json_iter(json, thinking);
    enum gw_status status = GW_OK;

    if (gw_json_type(json, thinking) == GW_JSON_IS_STRING)
        return gw_chat_say(emitter, GW_BLOCK_REASONING, GW_FAMILY_PLAIN,
                           (struct gw_text){gw_json_raw(json, thinking)});
    while (status == GW_OK && gw_json_next(json, &iter, &piece))
        status = gw_chat_say(emitter, GW_BLOCK_REASONING, GW_FAMILY_PLAIN,
                             gw_chat_text(json, piece, GW_STR("text")));
    return status;
}

enum gw_status gw_chat_read_text(struct gw_chat_emitter *emitter, const struct gw_json *json,
                                 uint32_t content)
{
    struct gw_json_iter iter = gw_json_iter(json, content);
    enum gw_status status = GW_OK;
    uint32_t part;

    if (gw_json_type(json, content) == GW_JSON_IS_STRING)
        return gw_chat_say(emitter, GW_BLOCK_TEXT, GW_FAMILY_NONE,
                           (struct gw_text){gw_json_raw(json, content)});
    if (gw_json_type(json, content) != GW_JSON_IS_ARRAY)
        return GW_OK;
    while (status == GW_OK && gw_json_next(json, &iter, &part)) {
        uint32_t type = gw_json_get(json, part, GW_STR("type"));
        if (gw_json_equals(json, type, GW_STR("text")))
            status = gw_chat_say(emitter, GW_BLOCK_TEXT, GW_FAMILY_NONE,
                                 gw_chat_text(json, part, GW_STR("text")));
        else if (gw_json_equals(json, type, GW_STR("refusal")))
            status = gw_chat_say(emitter, GW_BLOCK_REFUSAL, GW_FAMILY_NONE,
                                 gw_chat_text(json, part, GW_STR("refusal")));
        else if (gw_json_equals(json, type, GW_STR("thinking")))
            status = read_thinking(emitter, json, part);
    }
    return status;
}

enum gw_status gw_chat_read_images(struct gw_chat_emitter *emitter, const struct gw_json *json,
                                   uint32_t message)
{
    struct gw_json_iter iter = gw_json_iter(json, gw_chat_member(json, message, GW_STR("images")));
    enum gw_status status = GW_OK;
    uint32_t image;

    while (status == GW_OK && gw_json_next(json, &iter, &image)) {
        struct gw_text url =
            gw_chat_filled(json, gw_json_get(json, image, GW_STR("image_url")), GW_STR("url"));
        if (gw_text_present(url))
            status = gw_chat_data(emitter, GW_BLOCK_IMAGE, GW_FAMILY_NONE, absent, url);
    }
    return status;
}

/* ---- annotations ---- */

/* They stand in a text block: the open one, or one of their own when nothing is open. */
static enum gw_status annotate(struct gw_chat_emitter *emitter, struct gw_str annotation)
{
    struct gw_event start = {.block_kind = GW_BLOCK_TEXT};

    if (emitter->open && emitter->kind != GW_BLOCK_TEXT)
        return GW_OK;
    enum gw_status status = gw_chat_open(emitter, &start);
    if (status != GW_OK)
        return status;
    emitter->family = GW_FAMILY_PLAIN; /* of this delta: in chat's own form */
    status = gw_chat_delta(emitter, GW_DELTA_ANNOTATION, absent, annotation);
    emitter->family = GW_FAMILY_NONE;
    return status;
}

enum gw_status gw_chat_read_annotations(struct gw_chat_emitter *emitter, const struct gw_json *json,
                                        uint32_t annotations)
{
    struct gw_json_iter iter = gw_json_iter(json, annotations);
    enum gw_status status = GW_OK;
    uint32_t annotation;

    if (gw_json_type(json, annotations) != GW_JSON_IS_ARRAY)
        return GW_OK;
    while (status == GW_OK && gw_json_next(json, &iter, &annotation))
        if (gw_json_type(json, annotation) == GW_JSON_IS_OBJECT)
            status = annotate(emitter, gw_json_slice(json, annotation));
    return status;
}

/* One source of Perplexity, an object or only its address, as an annotation. */
static enum gw_status read_source(struct gw_chat_emitter *emitter, const struct gw_json *json,
                                  uint32_t source, struct gw_arena *arena)
{
    bool bare = gw_json_type(json, source) == GW_JSON_IS_STRING;
    struct gw_chat_note note = {
        .url = bare ? (struct gw_text){gw_json_raw(json, source)}
                    : gw_chat_filled(json, source, GW_STR("url")),
        .title = bare ? absent : gw_chat_text(json, source, GW_STR("title")),
    };
    struct gw_json_writer out;
    struct gw_buf buf;

    if (!note.url.raw.len)
        return GW_OK;
    gw_buf_init(&buf, GW_CHAT_KEPT_BYTES_MAX);
    gw_json_write_init(&out, &buf);
    gw_chat_write_note(&out, &note);
    enum gw_status status = gw_json_write_finish(&out);
    struct gw_str annotation = nothing;
    if (status == GW_OK) {
        annotation = gw_arena_str(arena, gw_buf_str(&buf));
        status = annotation.base ? GW_OK : GW_NO_MEMORY;
    }
    gw_buf_finish(&buf);
    return status == GW_OK ? annotate(emitter, annotation) : status;
}

enum gw_status gw_chat_read_sources(struct gw_chat_emitter *emitter, const struct gw_json *json,
                                    uint32_t sources, struct gw_arena *arena)
{
    struct gw_json_iter iter = gw_json_iter(json, sources);
    enum gw_status status = GW_OK;
    uint32_t source;

    if (gw_json_type(json, sources) != GW_JSON_IS_ARRAY)
        return GW_OK;
    while (status == GW_OK && gw_json_next(json, &iter, &source))
        status = read_source(emitter, json, source, arena);
    return status;
}
