/*
 * Messages for an upstream (translation.md §4.1, §2.6).
 */
#include "codec/openai_chat_private.h"

#include "model/arguments.h"
#include "model/names.h"

static const struct gw_text absent = {{NULL, 0}};

/* Where the conversation being written is. */
struct course {
    struct gw_chat_plan *plan;
    struct gw_json_writer *out;
    struct gw_str system_role;
    const struct gw_message *real_user; /* the last one that is not only results */
    bool past_user;                     /* it has been written */
    const struct gw_message *run;       /* the first of the results under way; NULL: none */
    bool run_images;                    /* any of them has an image */
    bool after_tool;                    /* the last message written was a result */
};

static struct gw_text id_of(const struct course *course, struct gw_text id)
{
    const struct gw_profile *profile = course->plan->profile;
    enum gw_id_rule rule = GW_ID_ANY;

    if (profile->nine_char_ids)
        rule = GW_ID_NINE;
    else if (profile->openai)
        rule = GW_ID_CHAT;
    return gw_call_id(id, rule, course->plan->request->arena);
}

static void begin(struct course *course, struct gw_str role)
{
    gw_json_write_begin_object(course->out);
    gw_chat_put_string(course->out, GW_STR("role"), role);
    course->after_tool = gw_str_eq(role, GW_STR("tool"));
}

/* ---- system ---- */

static void write_system(struct course *course)
{
    const struct gw_chat_plan *plan = course->plan;
    struct gw_json_writer *out = course->out;
    const struct gw_part *system = plan->request->system;
    bool told = gw_text_present(plan->schema_text), cached = false;
    size_t count = told;

    for (const struct gw_part *part = system; part; part = part->next) {
        count++;
        cached = cached || (part->cache != GW_CACHE_NONE && plan->profile->cache_control);
    }
    if (count == 0)
        return;
    begin(course, course->system_role);
    if (cached || (count > 1 && plan->profile->system_parts)) {
        struct gw_part last = {.kind = GW_PART_TEXT, .text = plan->schema_text};
        gw_chat_put_array(out, GW_STR("content"));
        for (const struct gw_part *part = system; part; part = part->next)
            gw_chat_write_part(plan, part, out);
        if (told)
            gw_chat_write_part(plan, &last, out);
        gw_json_write_end_array(out);
    } else {
        gw_chat_begin_text(out, GW_STR("content"));
        for (const struct gw_part *part = system; part; part = part->next) {
            gw_chat_add_text(out, part->text);
            if (part->next || told)
                gw_chat_add_text(out, GW_TEXT("\\n\\n"));
        }
        if (told)
            gw_chat_add_text(out, plan->schema_text);
        gw_chat_end_text(out);
    }
    gw_json_write_end_object(out);
}

/* ---- results ---- */

static bool starts_error(struct gw_text text)
{
    static const struct gw_str word = GW_STR_INIT("error");

    return text.raw.len >= word.len &&
           gw_str_eq_nocase((struct gw_str){text.raw.base, word.len}, word);
}

/* What of a result can be said as text: NULL: nothing. */
static const struct gw_part *next_text(const struct gw_part *part)
{
    while (part && part->kind != GW_PART_TEXT &&
           !(part->kind == GW_PART_DOCUMENT && part->source.kind == GW_SOURCE_TEXT))
        part = part->next;
    return part;
}

static struct gw_text text_of(const struct gw_part *part)
{
    return part->kind == GW_PART_TEXT ? part->text : part->source.data;
}

static void put_result_text(struct course *course, const struct gw_part *part,
                            struct gw_text otherwise)
{
    struct gw_json_writer *out = course->out;
    const struct gw_part *text = next_text(part->parts);
    struct gw_text first = text ? text_of(text) : otherwise;
    bool prefix = part->is_error && !starts_error(first);
    bool many = text && next_text(text->next) && !course->plan->profile->flat;

    if (many)
        gw_chat_put_array(out, GW_STR("content"));
    else
        gw_chat_begin_text(out, GW_STR("content"));
    if (!many && prefix)
        gw_chat_add_text(out, GW_TEXT("Error: "));
    if (!text)
        gw_chat_add_text(out, otherwise);
    for (; text; text = next_text(text->next)) {
        if (many) {
            gw_json_write_begin_object(out);
            gw_chat_put_string(out, GW_STR("type"), GW_STR("text"));
            gw_chat_begin_text(out, GW_STR("text"));
            if (prefix)
                gw_chat_add_text(out, GW_TEXT("Error: "));
            prefix = false;
            gw_chat_add_text(out, text_of(text));
            gw_chat_end_text(out);
            gw_json_write_end_object(out);
        } else {
            gw_chat_add_text(out, text_of(text));
            if (next_text(text->next))
                gw_chat_add_text(out, GW_TEXT("\\n\\n"));
        }
    }
    if (many)
        gw_json_write_end_array(out);
    else
        gw_chat_end_text(out);
}

static enum gw_status write_result(struct course *course, const struct gw_part *part)
{
    const struct gw_chat_plan *plan = course->plan;
    struct gw_text id = id_of(course, part->id), otherwise = GW_TEXT("");
    bool image = false, document = false;

    if (!gw_text_present(id))
        return GW_NO_MEMORY;
    for (const struct gw_part *inner = part->parts; inner; inner = inner->next) {
        image = image || inner->kind == GW_PART_IMAGE;
        document =
            document || (inner->kind == GW_PART_DOCUMENT && inner->source.kind != GW_SOURCE_TEXT);
    }
    if (image && plan->profile->assistant_after_tool) { /* no user message may follow */
        gw_chat_drop(plan, "image");
        otherwise = GW_TEXT("[image omitted]");
    } else if (image) {
        course->run_images = true;
        otherwise = GW_TEXT("[image]");
    }
    if (document) {
        gw_chat_drop(plan, "document");
        if (!image)
            otherwise = GW_TEXT("[document omitted]");
    }
    begin(course, GW_STR("tool"));
    gw_chat_put_text(course->out, GW_STR("tool_call_id"), id);
    if (plan->profile->tool_names && gw_text_present(part->name))
        gw_chat_put_text(course->out, GW_STR("name"), part->name);
    put_result_text(course, part, otherwise);
    gw_json_write_end_object(course->out);
    return GW_OK;
}

/* Images that calls returned, for a tool's message holds text only: one message behind the last of them. */
static enum gw_status end_run(struct course *course, const struct gw_message *end)
{
    struct gw_json_writer *out = course->out;
    const struct gw_message *message = course->run;

    course->run = NULL;
    if (!course->run_images)
        return GW_OK;
    course->run_images = false;
    begin(course, GW_STR("user"));
    gw_chat_put_array(out, GW_STR("content"));
    for (; message && message != end; message = message->next)
        for (const struct gw_part *part = message->parts; part; part = part->next) {
            struct gw_text id = absent;
            if (part->kind != GW_PART_TOOL_RESULT)
                continue;
            for (const struct gw_part *inner = part->parts; inner; inner = inner->next) {
                if (inner->kind != GW_PART_IMAGE)
                    continue;
                if (!gw_text_present(id))
                    id = id_of(course, part->id);
                if (!gw_text_present(id))
                    return GW_NO_MEMORY;
                gw_json_write_begin_object(out);
                gw_chat_put_string(out, GW_STR("type"), GW_STR("text"));
                gw_chat_begin_text(out, GW_STR("text"));
                gw_chat_add_text(out, GW_TEXT("[image returned by tool call "));
                gw_chat_add_text(out, id);
                gw_chat_add_text(out, GW_TEXT("]"));
                gw_chat_end_text(out);
                gw_json_write_end_object(out);
                gw_chat_write_part(course->plan, inner, out);
            }
        }
    gw_json_write_end_array(out);
    gw_json_write_end_object(out);
    return GW_OK;
}

/* ---- user ---- */

static void put_name(struct course *course, const struct gw_message *message)
{
    if (!gw_text_present(message->name))
        return;
    if (course->plan->profile->no_names)
        gw_chat_drop(course->plan, "name");
    else
        gw_chat_put_text(course->out, GW_STR("name"), message->name);
}

static bool has_own_content(const struct gw_message *message)
{
    for (const struct gw_part *part = message->parts; part; part = part->next)
        if (part->kind != GW_PART_TOOL_RESULT)
            return true;
    return !message->parts;
}

static enum gw_status write_user(struct course *course, const struct gw_message *message)
{
    const struct gw_part *part = message->parts;
    enum gw_status status = GW_OK;

    if (!course->run)
        course->run = message;
    for (; status == GW_OK && part; part = part->next)
        if (part->kind == GW_PART_TOOL_RESULT)
            status = write_result(course, part);
    if (status != GW_OK || !has_own_content(message))
        return status;
    status = end_run(course, message->next);
    if (status != GW_OK)
        return status;
    if (course->after_tool && course->plan->profile->assistant_after_tool) {
        begin(course, GW_STR("assistant"));
        gw_chat_put_string(course->out, GW_STR("content"), GW_STR("OK."));
        gw_json_write_end_object(course->out);
    }
    begin(course, GW_STR("user"));
    gw_chat_put_content(course->plan, message->parts, course->out);
    put_name(course, message);
    gw_json_write_end_object(course->out);
    course->past_user = course->past_user || message == course->real_user;
    return GW_OK;
}

/* ---- assistant ---- */

static const struct gw_part *next_of(const struct gw_part *part, enum gw_part_kind kind)
{
    while (part && part->kind != kind)
        part = part->next;
    return part;
}

static bool is_said(const struct course *course, const struct gw_part *part)
{
    return (part->kind == GW_PART_TEXT ||
            (part->kind == GW_PART_REFUSAL && !course->plan->profile->openai)) &&
           part->text.raw.len;
}

/* @return false: there is no text */
static bool put_said(struct course *course, const struct gw_message *message)
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

static enum gw_status put_arguments(struct course *course, const struct gw_part *call)
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

static enum gw_status write_call(struct course *course, const struct gw_part *call)
{
    const struct gw_profile *profile = course->plan->profile;
    struct gw_json_writer *out = course->out;
    bool custom = call->tool == GW_TOOL_CUSTOM && profile->openai;
    struct gw_text id = id_of(course, call->id);
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

static enum gw_status put_calls(struct course *course, const struct gw_message *message)
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

static void put_all(struct course *course, const struct gw_message *message, struct gw_str key,
                    enum gw_part_kind kind)
{
    const struct gw_part *part = next_of(message->parts, kind);

    gw_chat_begin_text(course->out, key);
    for (; part; part = next_of(part->next, kind))
        gw_chat_add_text(course->out, part->text);
    gw_chat_end_text(course->out);
}

/* While it thinks, DeepSeek wants its thoughts back within a turn, and its fourth generation always. */
static void put_deepseek(struct course *course, const struct gw_message *message)
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

static enum gw_status put_details(struct course *course, const struct gw_message *message)
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
            state.id = id_of(course, part->id);
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

static enum gw_status put_reasoning(struct course *course, const struct gw_message *message)
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

/* Blocks of a vendor's own tools mean nothing elsewhere. */
static void drop_server_tools(const struct course *course, const struct gw_message *message)
{
    const struct gw_part *part = next_of(message->parts, GW_PART_SERVER_TOOL);
    struct gw_ledger *ledger = course->plan->request->ledger;

    for (; part; part = next_of(part->next, GW_PART_SERVER_TOOL))
        gw_ledger_add(ledger, GW_LEDGER_DROP,
                      part->name.raw.len ? part->name.raw : GW_STR("server_tool"));
}

static bool says_anything(const struct course *course, const struct gw_message *message)
{
    for (const struct gw_part *part = message->parts; part; part = part->next)
        if (part->kind == GW_PART_TOOL_CALL || is_said(course, part) ||
            (part->kind == GW_PART_REFUSAL && part->text.raw.len))
            return true;
    return false;
}

static enum gw_status write_assistant(struct course *course, const struct gw_message *message)
{
    const struct gw_profile *profile = course->plan->profile;
    struct gw_json_writer *out = course->out;
    const struct gw_part *calls = next_of(message->parts, GW_PART_TOOL_CALL);

    drop_server_tools(course, message);
    if (!says_anything(course, message))
        return GW_OK;
    begin(course, GW_STR("assistant"));
    if (!put_said(course, message)) {
        if (calls && profile->empty_content)
            gw_chat_put_string(out, GW_STR("content"), GW_STR(""));
        else
            gw_chat_put_null(out, GW_STR("content"));
    }
    if (profile->openai && next_of(message->parts, GW_PART_REFUSAL))
        put_all(course, message, GW_STR("refusal"), GW_PART_REFUSAL);
    put_name(course, message);
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

/* ---- all of them ---- */

static enum gw_status write_message(struct course *course, const struct gw_message *message)
{
    enum gw_status status;

    if (message->role == GW_ROLE_USER)
        return write_user(course, message);
    status = end_run(course, message);
    if (status != GW_OK || message->role == GW_ROLE_ASSISTANT)
        return status == GW_OK ? write_assistant(course, message) : status;
    begin(course, course->system_role);
    gw_chat_put_content(course->plan, message->parts, course->out);
    put_name(course, message);
    gw_json_write_end_object(course->out);
    return GW_OK;
}

enum gw_status gw_chat_write_messages(struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    bool developer = plan->profile->openai && plan->reasoning_model;
    struct course course = {
        .plan = plan,
        .out = out,
        .system_role = developer ? GW_STR("developer") : GW_STR("system"),
    };
    enum gw_status status = GW_OK;

    for (const struct gw_message *message = plan->request->messages; message;
         message = message->next)
        if (message->role == GW_ROLE_USER && has_own_content(message))
            course.real_user = message;
    gw_json_write_begin_array(out);
    write_system(&course);
    for (const struct gw_message *message = plan->request->messages; status == GW_OK && message;
         message = message->next)
        status = write_message(&course, message);
    if (status == GW_OK)
        status = end_run(&course, NULL);
    if (status == GW_OK)
        gw_json_write_end_array(out);
    return status;
}
