/*
 * An assistant's message for an upstream: text, calls, and reasoning where the provider takes it back
 * (translation.md §4.1, §4.2).
 */
#include "codec/openai_chat_private.h"

#include "model/arguments.h"

/* ---- text ---- */

static const struct gw_part *next_of(const struct gw_part *part, enum gw_part_kind kind)
{
    while (part && part->kind != kind)
        part = part->next;
    return part;
}

static bool is_said(const struct gw_chat_course *course, const struct gw_part *part)
{
    return (part->kind == GW_PART_TEXT ||
            (part->kind == GW_PART_REFUSAL && !course->plan->profile->openai)) &&
           part->text.raw.len;
}

/* @return false: there is no text */
static bool put_said(struct gw_chat_course *course, const struct gw_message *message)
{
    const struct gw_chat_plan *plan = course->plan;
    struct gw_json_writer *out = course->out;
    bool any = false, cached = false;

    for (const struct gw_part *part = message->parts; part; part = part->next)
        if (is_said(course, part)) {
            any = true;
            cached = cached || (part->cache != GW_CACHE_NONE && plan->profile->cache_control);
        }
    if (!any)
        return false;
    if (cached)
        gw_chat_put_array(out, GW_STR("content"));
    else
        gw_chat_begin_text(out, GW_STR("content"));
    for (const struct gw_part *part = message->parts; part; part = part->next) {
        if (!is_said(course, part))
            continue;
        if (cached)
            gw_chat_write_part(plan, part, out);
        else
            gw_chat_add_text(out, part->text);
    }
    if (cached)
        gw_json_write_end_array(out);
    else
        gw_chat_end_text(out);
    return true;
}

/* ---- calls ---- */

static enum gw_status put_arguments(struct gw_chat_course *course, const struct gw_part *call)
{
    struct gw_arena *arena = course->plan->request->arena;
    struct gw_str object;

    if (call->tool != GW_TOOL_CUSTOM) {
        struct gw_text text = gw_arguments_string(&call->arguments, arena);
        if (!gw_text_present(text))
            return GW_NO_MEMORY;
        gw_chat_put_text(course->out, GW_STR("arguments"),
                         gw_text_is_blank(text) ? GW_TEXT("{}") : text);
        return GW_OK;
    }
    object = gw_arguments_of_custom(call->arguments.string, arena);
    if (!object.base)
        return GW_NO_MEMORY;
    gw_chat_put_string(course->out, GW_STR("arguments"), object);
    return GW_OK;
}

static enum gw_status write_call(struct gw_chat_course *course, const struct gw_part *call)
{
    const struct gw_profile *profile = course->plan->profile;
    struct gw_json_writer *out = course->out;
    bool custom = call->tool == GW_TOOL_CUSTOM && profile->openai;
    struct gw_text id = gw_chat_course_id(course, call->id);
    enum gw_status status = GW_OK;

    if (!gw_text_present(id))
        return GW_NO_MEMORY;
    gw_json_write_begin_object(out);
    gw_chat_put_text(out, GW_STR("id"), id);
    gw_chat_put_string(out, GW_STR("type"), custom ? GW_STR("custom") : GW_STR("function"));
    gw_chat_put_object(out, custom ? GW_STR("custom") : GW_STR("function"));
    gw_chat_put_text(out, GW_STR("name"), call->name);
    if (custom)
        gw_chat_put_text(out, GW_STR("input"),
                         gw_text_present(call->arguments.string) ? call->arguments.string
                                                                 : GW_TEXT(""));
    else
        status = put_arguments(course, call);
    gw_json_write_end_object(out);
    if (gw_chat_is_provider(profile, "google-gemini") ||
        gw_chat_is_provider(profile, "gcp-vertex-ai"))
        gw_chat_write_signature(out, call->gsig);
    gw_json_write_end_object(out);
    return status;
}

static enum gw_status put_calls(struct gw_chat_course *course, const struct gw_message *message)
{
    const struct gw_part *call = next_of(message->parts, GW_PART_TOOL_CALL);
    enum gw_status status = GW_OK;

    if (!call)
        return GW_OK;
    gw_chat_put_array(course->out, GW_STR("tool_calls"));
    for (; status == GW_OK && call; call = next_of(call->next, GW_PART_TOOL_CALL))
        status = write_call(course, call);
    gw_json_write_end_array(course->out);
    return status;
}

/* ---- reasoning ---- */

static void put_all(struct gw_chat_course *course, const struct gw_message *message,
                    struct gw_str key, enum gw_part_kind kind)
{
    const struct gw_part *part = next_of(message->parts, kind);

    gw_chat_begin_text(course->out, key);
    for (; part; part = next_of(part->next, kind))
        gw_chat_add_text(course->out, part->text);
    gw_chat_end_text(course->out);
}

/* While it thinks, DeepSeek wants its thoughts back within a turn, and its fourth generation always. */
static void put_deepseek(struct gw_chat_course *course, const struct gw_message *message)
{
    const struct gw_request *request = course->plan->request;
    struct gw_str model = course->plan->model;
    bool fourth = gw_str_starts(model, GW_STR("deepseek-v4"));
    bool thinks = request->reasoning.mode == GW_REASONING_ON ||
                  request->reasoning.mode == GW_REASONING_ADAPTIVE ||
                  gw_str_find_str(model, GW_STR("reasoner")) < model.len ||
                  (fourth && request->reasoning.mode != GW_REASONING_OFF);

    if ((course->past_user || fourth || !course->real_user) &&
        (thinks || next_of(message->parts, GW_PART_REASONING)))
        put_all(course, message, GW_STR("reasoning_content"), GW_PART_REASONING);
}

static enum gw_status put_details(struct gw_chat_course *course, const struct gw_message *message)
{
    struct gw_json_writer *out = course->out;
    unsigned index = 0;
    bool any = false;

    for (const struct gw_part *part = message->parts; part; part = part->next, index++) {
        struct gw_chat_detail state = {
            .family = part->family, .id = part->id, .signature = part->signature, .index = index};
        bool call = part->kind == GW_PART_TOOL_CALL && gw_text_present(part->gsig);
        if (call) {
            state.family = GW_FAMILY_GEMINI;
            state.id = gw_chat_course_id(course, part->id);
            state.data = part->gsig;
            if (!gw_text_present(state.id))
                return GW_NO_MEMORY;
        } else if (part->kind == GW_PART_REDACTED) {
            state.data = part->data;
        } else if (part->kind == GW_PART_REASONING) {
            state.text = part->text;
        } else {
            continue;
        }
        if (!any)
            gw_chat_put_array(out, GW_STR("reasoning_details"));
        any = true;
        gw_chat_write_state(out, &state);
    }
    if (any)
        gw_json_write_end_array(out);
    return GW_OK;
}

static enum gw_status put_reasoning(struct gw_chat_course *course, const struct gw_message *message)
{
    switch (course->plan->profile->reasoning) {
    case GW_STYLE_DEEPSEEK:
        put_deepseek(course, message);
        return GW_OK;
    case GW_STYLE_OPENROUTER:
        return put_details(course, message);
    case GW_STYLE_NONE:
    case GW_STYLE_EFFORT:
    case GW_STYLE_EFFORT_GROQ:
    case GW_STYLE_MISTRAL:
        return GW_OK;
    }
    return GW_OK;
}

/* ---- the message ---- */

/* Blocks of a vendor's own tools mean nothing elsewhere. */
static void drop_server_tools(const struct gw_chat_course *course, const struct gw_message *message)
{
    const struct gw_part *part = next_of(message->parts, GW_PART_SERVER_TOOL);
    struct gw_ledger *ledger = course->plan->request->ledger;

    for (; part; part = next_of(part->next, GW_PART_SERVER_TOOL))
        gw_ledger_add(ledger, GW_LEDGER_DROP,
                      part->name.raw.len ? part->name.raw : GW_STR("server_tool"));
}

static bool says_anything(const struct gw_chat_course *course, const struct gw_message *message)
{
    for (const struct gw_part *part = message->parts; part; part = part->next)
        if (part->kind == GW_PART_TOOL_CALL || is_said(course, part) ||
            (part->kind == GW_PART_REFUSAL && part->text.raw.len))
            return true;
    return false;
}

enum gw_status gw_chat_write_assistant(struct gw_chat_course *course,
                                       const struct gw_message *message)
{
    const struct gw_profile *profile = course->plan->profile;
    struct gw_json_writer *out = course->out;
    const struct gw_part *calls = next_of(message->parts, GW_PART_TOOL_CALL);

    drop_server_tools(course, message);
    if (!says_anything(course, message))
        return GW_OK;
    gw_chat_begin_message(course, GW_STR("assistant"));
    if (!put_said(course, message)) {
        if (calls && profile->empty_content)
            gw_chat_put_string(out, GW_STR("content"), GW_STR(""));
        else
            gw_chat_put_null(out, GW_STR("content"));
    }
    if (profile->openai && next_of(message->parts, GW_PART_REFUSAL))
        put_all(course, message, GW_STR("refusal"), GW_PART_REFUSAL);
    gw_chat_put_name(course, message);
    enum gw_status status = put_calls(course, message);
    if (status == GW_OK)
        status = put_reasoning(course, message);
    if (status != GW_OK)
        return status;
    if (!message->next && !calls && gw_chat_is_provider(profile, "mistral"))
        gw_chat_put_raw(out, GW_STR("prefix"), GW_STR("true"));
    gw_json_write_end_object(out);
    return GW_OK;
}
