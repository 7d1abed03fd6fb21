/*
 * Messages for an upstream (translation.md §4.1, §2.6).
 */
#include "codec/openai_chat_private.h"

#include "model/names.h"

static const struct gw_text absent = {{NULL, 0}};

struct gw_text gw_chat_course_id(const struct gw_chat_course *course, struct gw_text id)
{
    const struct gw_profile *profile = course->plan->profile;
    enum gw_id_rule rule = GW_ID_ANY;

    if (profile->nine_char_ids)
        rule = GW_ID_NINE;
    else if (profile->openai)
        rule = GW_ID_CHAT;
    return gw_call_id(id, rule, course->plan->request->arena);
}

void gw_chat_begin_message(struct gw_chat_course *course, struct gw_str role)
{
    gw_json_write_begin_object(course->out);
    gw_chat_put_string(course->out, GW_STR("role"), role);
    course->after_tool = gw_str_eq(role, GW_STR("tool"));
}

void gw_chat_put_name(struct gw_chat_course *course, const struct gw_message *message)
{
    if (!gw_text_present(message->name))
        return;
    if (course->plan->profile->no_names)
        gw_chat_drop(course->plan, "name");
    else
        gw_chat_put_text(course->out, GW_STR("name"), message->name);
}

/* ---- system ---- */

static void write_system(struct gw_chat_course *course)
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
    gw_chat_begin_message(course, course->system_role);
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

static void put_result_text(struct gw_chat_course *course, const struct gw_part *part,
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

static enum gw_status write_result(struct gw_chat_course *course, const struct gw_part *part)
{
    const struct gw_chat_plan *plan = course->plan;
    struct gw_text id = gw_chat_course_id(course, part->id), otherwise = GW_TEXT("");
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
    gw_chat_begin_message(course, GW_STR("tool"));
    gw_chat_put_text(course->out, GW_STR("tool_call_id"), id);
    if (plan->profile->tool_names && gw_text_present(part->name))
        gw_chat_put_text(course->out, GW_STR("name"), part->name);
    put_result_text(course, part, otherwise);
    gw_json_write_end_object(course->out);
    return GW_OK;
}

/* Images that calls returned, for a tool's message holds text only: one message behind the last of them. */
static enum gw_status end_run(struct gw_chat_course *course, const struct gw_message *end)
{
    struct gw_json_writer *out = course->out;
    const struct gw_message *message = course->run;

    course->run = NULL;
    if (!course->run_images)
        return GW_OK;
    course->run_images = false;
    gw_chat_begin_message(course, GW_STR("user"));
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
                    id = gw_chat_course_id(course, part->id);
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

static bool has_own_content(const struct gw_message *message)
{
    for (const struct gw_part *part = message->parts; part; part = part->next)
        if (part->kind != GW_PART_TOOL_RESULT)
            return true;
    return !message->parts;
}

static enum gw_status write_user(struct gw_chat_course *course, const struct gw_message *message)
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
        gw_chat_begin_message(course, GW_STR("assistant"));
        gw_chat_put_string(course->out, GW_STR("content"), GW_STR("OK."));
        gw_json_write_end_object(course->out);
    }
    gw_chat_begin_message(course, GW_STR("user"));
    gw_chat_put_content(course->plan, message->parts, course->out);
    gw_chat_put_name(course, message);
    gw_json_write_end_object(course->out);
    course->past_user = course->past_user || message == course->real_user;
    return GW_OK;
}

/* ---- all of them ---- */

static enum gw_status write_message(struct gw_chat_course *course, const struct gw_message *message)
{
    enum gw_status status;

    if (message->role == GW_ROLE_USER)
        return write_user(course, message);
    status = end_run(course, message);
    if (status != GW_OK || message->role == GW_ROLE_ASSISTANT)
        return status == GW_OK ? gw_chat_write_assistant(course, message) : status;
    gw_chat_begin_message(course, course->system_role);
    gw_chat_put_content(course->plan, message->parts, course->out);
    gw_chat_put_name(course, message);
    gw_json_write_end_object(course->out);
    return GW_OK;
}

enum gw_status gw_chat_write_messages(struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    bool developer = plan->profile->openai && plan->reasoning_model;
    struct gw_chat_course course = {
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
