/*
 * Calls of a stream, one after the other whatever order their pieces come in (translation.md §6.2).
 */
#include "codec/openai_chat_private.h"

#include "wire/json_string.h"

#define CALLS_MAX 1024u /* of one answer: they are looked for one by one */

static const struct gw_str nothing = {NULL, 0};

static enum gw_status trouble(struct gw_chat_calls *calls, const char *what)
{
    calls->trouble = what;
    return GW_INVALID;
}

/* ---- whether arguments are whole ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* One byte of the arguments. @return false: it stands behind their end */
static bool scan_byte(struct gw_chat_scan *scan, char c)
{
    if (scan->whole)
        return is_blank(c);
    if (scan->in_string) {
        if (scan->escaped)
            scan->escaped = false;
        else if (c == '\\')
            scan->escaped = true;
        else if (c == '"')
            scan->in_string = false;
        return true;
    }
    if (c == '"')
        scan->in_string = true;
    else if (c == '{' || c == '[')
        scan->depth++;
    else if ((c == '}' || c == ']') && scan->depth && --scan->depth == 0)
        scan->whole = true;
    return true;
}

/* @return false: something stands behind the end */
static bool scan_text(struct gw_chat_scan *scan, struct gw_text piece)
{
    struct gw_str raw = piece.raw;
    bool right = true;

    for (size_t at = 0; at < raw.len;) {
        if (raw.base[at] != '\\') {
            right = scan_byte(scan, raw.base[at++]) && right;
            continue;
        }
        struct gw_json_unit unit = gw_json_unit(gw_str_from(raw, at));
        for (size_t i = 0; i < unit.len; i++)
            right = scan_byte(scan, unit.text[i]) && right;
        at += unit.raw_len ? unit.raw_len : 1;
    }
    return right;
}

static bool is_whole(const struct gw_chat_call *call)
{
    return call->tool == GW_TOOL_CUSTOM ? call->any : call->scan.whole;
}

bool gw_chat_calls_whole(const struct gw_chat_calls *calls)
{
    for (const struct gw_chat_call *call = calls->first; call; call = call->next)
        if (call->any && !is_whole(call))
            return false;
    return true;
}

/* ---- which call it is ---- */

static struct gw_chat_call *by_id(const struct gw_chat_calls *calls, struct gw_text id)
{
    struct gw_chat_call *call = calls->first;

    while (call && !gw_str_eq(call->id.raw, id.raw))
        call = call->next;
    return call;
}

/* The latest one: some upstreams use an index again. */
static struct gw_chat_call *by_index(const struct gw_chat_calls *calls, int64_t index)
{
    struct gw_chat_call *found = NULL;

    for (struct gw_chat_call *call = calls->first; call; call = call->next)
        if (index >= 0 && call->index == index)
            found = call;
    return found;
}

static enum gw_status add_call(struct gw_chat_calls *calls, int64_t index, struct gw_arena *keep,
                               struct gw_chat_call **call_out)
{
    struct gw_chat_call *call;

    if (calls->count == CALLS_MAX)
        return trouble(calls, "the upstream makes more calls than one answer may have");
    call = gw_arena_zalloc(keep, sizeof(*call));
    if (!call)
        return GW_NO_MEMORY;
    call->index = index;
    call->last = &call->pieces;
    if (!calls->last)
        calls->last = &calls->first;
    *calls->last = call;
    calls->last = &call->next;
    calls->count++;
    *call_out = call;
    return GW_OK;
}

/* What one element of `tool_calls` says. */
struct fragment {
    struct gw_text id, name, text, gsig;
    struct gw_str json; /* arguments that are no string */
    int64_t index;      /* -1: not told */
    bool custom;
};

static void read_fragment(const struct gw_json *json, uint32_t element, struct fragment *into)
{
    uint32_t custom = gw_chat_member(json, element, GW_STR("custom"));
    uint32_t body = gw_chat_member(json, element, GW_STR("function"));
    struct fragment fragment = {
        .id = gw_chat_filled(json, element, GW_STR("id")),
        .index = -1,
        .custom = custom != GW_JSON_ABSENT,
        .gsig = gw_chat_call_signature(json, element),
    };

    if (fragment.custom)
        body = custom;
    else if (body == GW_JSON_ABSENT)
        body = element; /* a function_call */
    uint32_t arguments =
        gw_json_get(json, body, fragment.custom ? GW_STR("input") : GW_STR("arguments"));
    fragment.name = gw_chat_filled(json, body, GW_STR("name"));
    fragment.text.raw = gw_json_raw(json, arguments);
    if (gw_json_type(json, arguments) == GW_JSON_IS_OBJECT)
        fragment.json = gw_json_slice(json, arguments);
    if (!gw_json_int64(json, gw_json_get(json, element, GW_STR("index")), &fragment.index) ||
        fragment.index < 0)
        fragment.index = -1;
    *into = fragment;
}

/* A call that is whole and told on with a name and arguments, but without an id, is the next one: upstreams that
 * number all of them 0, or none, do that. */
static bool begins_another(const struct gw_chat_call *call, const struct fragment *fragment)
{
    bool brings = fragment->json.base || !gw_text_is_blank(fragment->text);

    return brings && gw_text_present(fragment->name) && gw_text_present(call->name) &&
           is_whole(call) && (!call->holds_empty || !gw_str_eq(call->name.raw, fragment->name.raw));
}

static enum gw_status find_call(struct gw_chat_calls *calls, const struct fragment *fragment,
                                struct gw_arena *keep, struct gw_chat_call **call_out)
{
    struct gw_chat_call *call = by_index(calls, fragment->index);

    if (gw_text_present(fragment->id)) {
        struct gw_chat_call *known = by_id(calls, fragment->id);
        if (known)
            call = known;
        else if (call && gw_text_present(call->id))
            call = NULL;
    } else {
        if (!call && fragment->index < 0)
            call = calls->latest;
        if (call && begins_another(call, fragment))
            call = NULL;
    }
    if (!call)
        return add_call(calls, fragment->index, keep, call_out);
    *call_out = call;
    return GW_OK;
}

static enum gw_status keep_text(struct gw_chat_calls *calls, struct gw_text text,
                                struct gw_arena *keep, struct gw_text *into)
{
    if (gw_text_present(*into) || !gw_text_present(text))
        return GW_OK;
    calls->kept += text.raw.len;
    if (calls->kept > GW_CHAT_KEPT_BYTES_MAX)
        return trouble(calls, "the upstream's calls are too long to be put into order");
    into->raw = gw_arena_str(keep, text.raw);
    return into->raw.base ? GW_OK : GW_NO_MEMORY;
}

/* ---- arguments ---- */

static enum gw_status emit(struct gw_chat_emitter *emitter, struct gw_text text)
{
    return text.raw.len ? gw_chat_delta(emitter, GW_DELTA_ARGUMENTS, text, nothing) : GW_OK;
}

/* For later: pieces are kept apart, so that no escape is cut. */
static enum gw_status hold(struct gw_chat_calls *calls, struct gw_chat_call *call,
                           struct gw_text text, struct gw_arena *keep)
{
    struct gw_chat_piece *piece;

    calls->kept += sizeof(*piece);
    piece = gw_arena_zalloc(keep, sizeof(*piece));
    if (!piece)
        return GW_NO_MEMORY;
    enum gw_status status = keep_text(calls, text, keep, &piece->text);
    *call->last = piece;
    call->last = &piece->next;
    return status;
}

/* `{}` alone at first may stand for arguments that are still to come. */
static enum gw_status let_go(struct gw_chat_call *call, struct gw_chat_emitter *emitter)
{
    bool held = call->holds_empty;

    call->holds_empty = false;
    return held ? emit(emitter, GW_TEXT("{}")) : GW_OK;
}

static enum gw_status take_arguments(struct gw_chat_calls *calls, struct gw_chat_call *call,
                                     struct gw_chat_emitter *emitter, struct gw_text text,
                                     struct gw_arena *keep)
{
    bool blank = gw_text_is_blank(text);

    if (!text.raw.len || (blank && is_whole(call) && call->tool == GW_TOOL_FUNCTION))
        return GW_OK;
    if (call->state == GW_CHAT_CALL_DONE)
        return trouble(calls, "the upstream goes on with a call that it had ended");
    if (!call->any && gw_str_eq(text.raw, GW_STR("{}")) && call->tool == GW_TOOL_FUNCTION) {
        call->any = call->holds_empty = true;
        call->scan.whole = true;
        return GW_OK;
    }
    if (call->holds_empty) {
        call->holds_empty = false;
        call->scan = (struct gw_chat_scan){0};
    }
    call->any = true;
    if (!scan_text(&call->scan, text) && call->tool == GW_TOOL_FUNCTION)
        return trouble(calls, "the upstream writes more than one value as arguments");
    if (call->state == GW_CHAT_CALL_OPEN)
        return emit(emitter, text);
    return hold(calls, call, text, keep);
}

/* ---- one after the other ---- */

static enum gw_status begin(struct gw_chat_calls *calls, struct gw_chat_call *call,
                            struct gw_chat_emitter *emitter)
{
    struct gw_event start = {
        .block_kind = GW_BLOCK_TOOL,
        .tool = call->tool,
        .id = call->id,
        .name = call->name,
        .gsig = call->gsig,
    };
    enum gw_status status = gw_chat_open(emitter, &start);

    call->state = GW_CHAT_CALL_OPEN;
    calls->open = call;
    for (; status == GW_OK && call->pieces; call->pieces = call->pieces->next)
        status = emit(emitter, call->pieces->text);
    return status;
}

static enum gw_status finish(struct gw_chat_calls *calls, struct gw_chat_emitter *emitter)
{
    struct gw_chat_call *call = calls->open;
    enum gw_status status = let_go(call, emitter);

    call->state = GW_CHAT_CALL_DONE;
    calls->open = NULL;
    return status == GW_OK ? gw_chat_close(emitter) : status;
}

static struct gw_chat_call *next_waiting(const struct gw_chat_calls *calls)
{
    struct gw_chat_call *call = calls->first;

    while (call && call->state != GW_CHAT_CALL_WAITS)
        call = call->next;
    return call;
}

/* Opens what can be opened. The open call ends when it is whole and another one has begun. */
static enum gw_status advance(struct gw_chat_calls *calls, struct gw_chat_emitter *emitter)
{
    struct gw_chat_call *next;
    enum gw_status status = GW_OK;

    while (status == GW_OK && (next = next_waiting(calls)) && gw_text_present(next->name)) {
        if (calls->open && !is_whole(calls->open))
            return GW_OK;
        if (calls->open)
            status = finish(calls, emitter);
        if (status == GW_OK)
            status = begin(calls, next, emitter);
    }
    return status;
}

enum gw_status gw_chat_take_call(struct gw_chat_calls *calls, struct gw_chat_emitter *emitter,
                                 struct gw_chat_thought *thought, const struct gw_json *json,
                                 uint32_t element, struct gw_arena *keep)
{
    struct fragment fragment;
    struct gw_chat_call *call = NULL;

    read_fragment(json, element, &fragment);
    enum gw_status status = find_call(calls, &fragment, keep, &call);
    if (status != GW_OK)
        return status;
    calls->latest = call;
    if (fragment.custom)
        call->tool = GW_TOOL_CUSTOM;
    if (call->state == GW_CHAT_CALL_WAITS) {
        status = keep_text(calls, fragment.id, keep, &call->id);
        if (status == GW_OK)
            status = keep_text(calls, fragment.name, keep, &call->name);
        if (status == GW_OK && !gw_text_present(fragment.gsig))
            fragment.gsig = gw_chat_take_signature(thought, call->id);
        if (status == GW_OK)
            status = keep_text(calls, fragment.gsig, keep, &call->gsig);
        if (status != GW_OK)
            return status;
    }
    status = advance(calls, emitter);
    if (status == GW_OK && fragment.json.base) {
        fragment.text = gw_text_escape(fragment.json, keep);
        if (!gw_text_present(fragment.text))
            return GW_NO_MEMORY;
    }
    if (status == GW_OK)
        status = take_arguments(calls, call, emitter, fragment.text, keep);
    return status == GW_OK ? advance(calls, emitter) : status;
}

enum gw_status gw_chat_leave_calls(struct gw_chat_calls *calls, struct gw_chat_emitter *emitter)
{
    return calls->open ? finish(calls, emitter) : GW_OK;
}

enum gw_status gw_chat_end_calls(struct gw_chat_calls *calls, struct gw_chat_emitter *emitter)
{
    struct gw_chat_call *next;
    enum gw_status status = gw_chat_leave_calls(calls, emitter);

    while (status == GW_OK && (next = next_waiting(calls))) {
        if (!gw_text_present(next->name))
            return trouble(calls, "the upstream makes a call without a name");
        status = begin(calls, next, emitter);
        if (status == GW_OK)
            status = finish(calls, emitter);
    }
    return status;
}
