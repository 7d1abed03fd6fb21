/*
 * Messages of a caller's request (translation.md §3.1).
 */
#include "codec/openai_chat_private.h"

#include <stdio.h>

static enum gw_status wrong(struct gw_chat_reading *reading, const char *member, const char *must)
{
    char param[96];

    snprintf(param, sizeof(param), "messages[%u]%s", reading->message, member);
    return gw_chat_wrong(reading, param, must);
}

static struct gw_message *add_message(struct gw_chat_reading *reading, enum gw_role role,
                                      uint32_t message)
{
    struct gw_message *added = gw_arena_zalloc(reading->request->arena, sizeof(*added));

    if (!added)
        return NULL;
    added->role = role;
    added->name = gw_chat_filled(reading->json, message, GW_STR("name"));
    *reading->last = added;
    reading->last = &added->next;
    return added;
}

/* Marked as a whole: its last part is. */
static void mark_last(struct gw_part *parts, enum gw_cache_ttl cache)
{
    if (cache == GW_CACHE_NONE)
        return;
    while (parts && parts->next)
        parts = parts->next;
    if (parts)
        parts->cache = cache;
}

static enum gw_status read_system(struct gw_chat_reading *reading, uint32_t message)
{
    uint32_t content = gw_chat_member(reading->json, message, GW_STR("content"));
    struct gw_part **first = reading->last_system, **last = first;

    if (reading->begun) {
        struct gw_message *added = add_message(reading, GW_ROLE_SYSTEM, message);
        if (!added)
            return GW_NO_MEMORY;
        first = last = &added->parts;
    } else if (gw_text_present(gw_chat_filled(reading->json, message, GW_STR("name")))) {
        gw_ledger_add(reading->request->ledger, GW_LEDGER_DROP, GW_STR("name"));
    }
    enum gw_status status = gw_chat_read_content(reading, content, GW_CHAT_TEXT, &last);
    if (status != GW_OK)
        return status;
    mark_last(*first, gw_chat_read_cache(reading->json, message));
    if (!reading->begun)
        reading->last_system = last;
    return GW_OK;
}

static enum gw_status read_user(struct gw_chat_reading *reading, uint32_t message)
{
    uint32_t content = gw_chat_member(reading->json, message, GW_STR("content"));
    struct gw_message *added = add_message(reading, GW_ROLE_USER, message);

    if (!added)
        return GW_NO_MEMORY;
    struct gw_part **last = &added->parts;
    enum gw_status status =
        gw_chat_read_content(reading, content, GW_CHAT_TEXT | GW_CHAT_IMAGE | GW_CHAT_FILES, &last);
    if (status == GW_OK)
        mark_last(added->parts, gw_chat_read_cache(reading->json, message));
    return status;
}

static enum gw_status read_call(struct gw_chat_reading *reading, uint32_t call, unsigned number,
                                struct gw_part ***last)
{
    const struct gw_json *json = reading->json;
    bool custom = gw_json_equals(json, gw_json_get(json, call, GW_STR("type")), GW_STR("custom"));
    uint32_t body = gw_chat_member(json, call, custom ? GW_STR("custom") : GW_STR("function"));
    uint32_t arguments = gw_chat_member(json, body, custom ? GW_STR("input") : GW_STR("arguments"));
    struct gw_part *part = gw_chat_add_part(reading, GW_PART_TOOL_CALL, last);
    char member[48];

    if (!part)
        return GW_NO_MEMORY;
    part->tool = custom ? GW_TOOL_CUSTOM : GW_TOOL_FUNCTION;
    part->id = gw_chat_filled(json, call, GW_STR("id"));
    part->name = gw_chat_filled(json, body, GW_STR("name"));
    part->arguments.string = (struct gw_text){gw_json_raw(json, arguments)};
    if (!part->arguments.string.raw.base && !custom &&
        gw_json_type(json, arguments) == GW_JSON_IS_OBJECT)
        part->arguments.json = gw_json_slice(json, arguments);
    else if (!part->arguments.string.raw.base)
        part->arguments.string = GW_TEXT("");
    part->gsig = gw_chat_call_signature(json, call);
    part->cache = gw_chat_read_cache(json, call);
    if (gw_text_present(part->id) && gw_text_present(part->name))
        return GW_OK;
    snprintf(member, sizeof(member), ".tool_calls[%u]", number);
    return wrong(reading, member, "have an id and a name");
}

/* The form of calls before there were tools: one a message, without an id. */
static enum gw_status read_legacy_call(struct gw_chat_reading *reading, uint32_t call,
                                       struct gw_part ***last)
{
    const struct gw_json *json = reading->json;
    struct gw_part *part = gw_chat_add_part(reading, GW_PART_TOOL_CALL, last);

    if (!part)
        return GW_NO_MEMORY;
    part->name = gw_chat_filled(json, call, GW_STR("name"));
    part->arguments.string = gw_chat_text(json, call, GW_STR("arguments"));
    if (!gw_text_present(part->arguments.string))
        part->arguments.string = GW_TEXT("");
    if (!gw_text_present(part->name))
        return wrong(reading, ".function_call.name", "be a string");
    part->id.raw = gw_arena_printf(reading->request->arena, "call_legacy_%u", reading->message);
    if (!part->id.raw.base)
        return GW_NO_MEMORY;
    struct gw_part **latest = gw_map_get(&reading->legacy, part->name.raw);
    if (latest) {
        *latest = part;
        return GW_OK;
    }
    latest = gw_arena_alloc(reading->request->arena, sizeof(struct gw_part *));
    if (!latest || !gw_map_add(&reading->legacy, part->name.raw, latest))
        return GW_NO_MEMORY;
    *latest = part;
    return GW_OK;
}

static enum gw_status read_calls(struct gw_chat_reading *reading, uint32_t message,
                                 struct gw_part ***last)
{
    const struct gw_json *json = reading->json;
    uint32_t calls = gw_chat_member(json, message, GW_STR("tool_calls")), call;
    uint32_t legacy = gw_chat_member(json, message, GW_STR("function_call"));
    struct gw_json_iter iter = gw_json_iter(json, calls);
    enum gw_status status = GW_OK;
    unsigned number = 0;

    if (calls != GW_JSON_ABSENT && gw_json_type(json, calls) != GW_JSON_IS_ARRAY)
        return wrong(reading, ".tool_calls", "be an array");
    while (status == GW_OK && gw_json_next(json, &iter, &call))
        status = read_call(reading, call, number++, last);
    if (status == GW_OK && number == 0 && legacy != GW_JSON_ABSENT)
        status = read_legacy_call(reading, legacy, last);
    return status;
}

static enum gw_status read_assistant(struct gw_chat_reading *reading, uint32_t message)
{
    const struct gw_json *json = reading->json;
    uint32_t content = gw_chat_member(json, message, GW_STR("content"));
    uint32_t annotations = gw_chat_member(json, message, GW_STR("annotations"));
    struct gw_text refusal = gw_chat_filled(json, message, GW_STR("refusal"));
    struct gw_message *added = add_message(reading, GW_ROLE_ASSISTANT, message);

    if (!added)
        return GW_NO_MEMORY;
    struct gw_part **last = &added->parts;
    enum gw_status status =
        gw_chat_read_content(reading, content, GW_CHAT_TEXT | GW_CHAT_REFUSAL, &last);
    if (status != GW_OK)
        return status;
    if (added->parts && added->parts->kind == GW_PART_TEXT && gw_json_count(json, annotations)) {
        added->parts->annotations = gw_json_slice(json, annotations);
        added->parts->family = GW_FAMILY_PLAIN;
    }
    if (gw_text_present(refusal)) {
        struct gw_part *part = gw_chat_add_part(reading, GW_PART_REFUSAL, &last);
        if (!part)
            return GW_NO_MEMORY;
        part->text = refusal;
    }
    status = read_calls(reading, message, &last);
    if (status != GW_OK)
        return status;
    mark_last(added->parts, gw_chat_read_cache(json, message));
    return gw_chat_read_state(reading, message, &added->parts);
}

/* Results that follow each other are parts of one message: they answer one turn. */
static struct gw_part *add_result(struct gw_chat_reading *reading)
{
    if (!reading->results) {
        reading->results = add_message(reading, GW_ROLE_USER, GW_JSON_ABSENT);
        if (!reading->results)
            return NULL;
        reading->last_result = &reading->results->parts;
    }
    return gw_chat_add_part(reading, GW_PART_TOOL_RESULT, &reading->last_result);
}

static enum gw_status read_result(struct gw_chat_reading *reading, uint32_t message, bool legacy)
{
    const struct gw_json *json = reading->json;
    uint32_t content = gw_chat_member(json, message, GW_STR("content"));
    struct gw_part *part = add_result(reading), **last;

    if (!part)
        return GW_NO_MEMORY;
    part->name = gw_chat_filled(json, message, GW_STR("name"));
    part->id = gw_chat_filled(json, message, GW_STR("tool_call_id"));
    if (legacy && gw_text_present(part->name)) {
        struct gw_part **latest = gw_map_get(&reading->legacy, part->name.raw);
        part->id = latest ? (*latest)->id : GW_TEXT("call_legacy");
    }
    if (!gw_text_present(part->id))
        return wrong(reading, legacy ? ".name" : ".tool_call_id", "be a string");
    last = &part->parts;
    enum gw_status status =
        gw_chat_read_content(reading, content, GW_CHAT_TEXT | GW_CHAT_IMAGE, &last);
    part->cache = gw_chat_read_cache(json, message);
    return status;
}

static enum gw_status read_message(struct gw_chat_reading *reading, uint32_t message)
{
    const struct gw_json *json = reading->json;
    uint32_t role = gw_json_get(json, message, GW_STR("role"));

    if (gw_json_equals(json, role, GW_STR("tool")) ||
        gw_json_equals(json, role, GW_STR("function"))) {
        reading->begun = true;
        return read_result(reading, message, gw_json_equals(json, role, GW_STR("function")));
    }
    reading->results = NULL;
    if (gw_json_equals(json, role, GW_STR("system")) ||
        gw_json_equals(json, role, GW_STR("developer")))
        return read_system(reading, message);
    reading->begun = true;
    if (gw_json_equals(json, role, GW_STR("user")))
        return read_user(reading, message);
    if (gw_json_equals(json, role, GW_STR("assistant")))
        return read_assistant(reading, message);
    return wrong(reading, ".role",
                 "be one of system, developer, user, assistant, tool and function");
}

enum gw_status gw_chat_read_messages(struct gw_chat_reading *reading, uint32_t messages)
{
    struct gw_json_iter iter = gw_json_iter(reading->json, messages);
    uint32_t message;
    enum gw_status status = GW_OK;

    if (gw_json_type(reading->json, messages) != GW_JSON_IS_ARRAY)
        return gw_chat_wrong(reading, "messages", "be an array");
    if (gw_json_count(reading->json, messages) == 0)
        return gw_chat_wrong(reading, "messages", "have at least one message");
    reading->last = &reading->request->messages;
    reading->last_system = &reading->request->system;
    gw_map_init(&reading->legacy);
    for (; status == GW_OK && gw_json_next(reading->json, &iter, &message); reading->message++)
        status = read_message(reading, message);
    gw_map_finish(&reading->legacy);
    return status;
}
