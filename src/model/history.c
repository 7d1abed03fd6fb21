#include "model/history_private.h"

struct gw_message *gw_history_message(struct gw_request *request, enum gw_role role,
                                      struct gw_part *parts)
{
    struct gw_message *message = gw_arena_zalloc(request->arena, sizeof(*message));

    if (message) {
        message->role = role;
        message->parts = parts;
    }
    return message;
}

struct gw_part *gw_history_text(struct gw_request *request, struct gw_text text)
{
    struct gw_part *part = gw_arena_zalloc(request->arena, sizeof(*part));

    if (part) {
        part->kind = GW_PART_TEXT;
        part->text = text;
    }
    return part;
}

/* ---- 10: system in the middle ---- */

/* Moves the parts of a message to the end of the list that `*end` is the end of. */
static void move_parts(struct gw_message *message, struct gw_part ***end)
{
    **end = message->parts;
    while (**end)
        *end = &(**end)->next;
    message->parts = NULL;
}

static bool is_misplaced(const struct gw_message *before, const struct gw_message *message)
{
    bool behind_user = before && before->role == GW_ROLE_USER;

    return !behind_user || (message->next && message->next->role != GW_ROLE_ASSISTANT);
}

static void hoist_system(struct gw_request *request, bool only_misplaced)
{
    struct gw_part **end = &request->system;
    struct gw_message **at = &request->messages, *before = NULL;

    while (*end)
        end = &(*end)->next;
    while (*at) {
        struct gw_message *message = *at;
        if (message->role == GW_ROLE_SYSTEM && (!only_misplaced || is_misplaced(before, message))) {
            move_parts(message, &end);
            *at = message->next;
        } else {
            before = message;
            at = &message->next;
        }
    }
}

/* ---- 1: parts with nothing in them ---- */

static bool is_nothing(const struct gw_part *part, bool blank_too)
{
    bool blank = blank_too ? gw_text_is_blank(part->text) : part->text.raw.len == 0;

    switch (part->kind) {
    case GW_PART_TEXT:
        return blank && (blank_too || !gw_text_present(part->gsig));
    case GW_PART_REFUSAL:
        return blank;
    case GW_PART_REASONING:
        return part->text.raw.len == 0 && part->signature.raw.len == 0;
    case GW_PART_REDACTED:
        return part->data.raw.len == 0;
    case GW_PART_IMAGE:
    case GW_PART_DOCUMENT:
    case GW_PART_AUDIO:
    case GW_PART_VIDEO:
    case GW_PART_TOOL_CALL:
    case GW_PART_TOOL_RESULT:
    case GW_PART_SERVER_TOOL:
        break;
    }
    return false;
}

/* The mark for the cache stays, on what is in front. */
static void drop_nothings(struct gw_part **at, bool blank_too)
{
    struct gw_part *before = NULL;

    while (*at) {
        struct gw_part *part = *at;
        if (!is_nothing(part, blank_too)) {
            before = part;
            at = &part->next;
            continue;
        }
        if (before && before->cache == GW_CACHE_NONE)
            before->cache = part->cache;
        *at = part->next;
    }
}

static enum gw_status drop_blank(struct gw_request *request, bool blank_too)
{
    struct gw_message **at = &request->messages;

    drop_nothings(&request->system, blank_too);
    while (*at) {
        struct gw_message *message = *at;
        drop_nothings(&message->parts, blank_too);
        for (struct gw_part *part = message->parts; part; part = part->next)
            if (part->kind == GW_PART_TOOL_RESULT)
                drop_nothings(&part->parts, blank_too);
        if (!message->parts && message->role == GW_ROLE_USER) {
            message->parts = gw_history_text(request, GW_TEXT("(empty)"));
            if (!message->parts)
                return GW_NO_MEMORY;
        }
        if (message->parts)
            at = &message->next;
        else
            *at = message->next;
    }
    return GW_OK;
}

/* ---- 2: neighbours of one role ---- */

/* A message that the writer makes a tool's of. */
static bool is_result(const struct gw_message *message, const struct gw_history_rules *rules)
{
    return !rules->results_in_user && message->role == GW_ROLE_USER &&
           message->parts->kind == GW_PART_TOOL_RESULT;
}

static void merge(struct gw_request *request, const struct gw_history_rules *rules, bool not_users)
{
    for (struct gw_message *message = request->messages; message; message = message->next) {
        struct gw_part **end = NULL;
        if (is_result(message, rules) || (not_users && message->role == GW_ROLE_USER))
            continue;
        while (message->next && message->next->role == message->role &&
               !is_result(message->next, rules)) {
            if (!end)
                for (end = &message->parts; *end;)
                    end = &(*end)->next;
            move_parts(message->next, &end);
            message->next = message->next->next;
        }
    }
}

/* ---- 8: order of an assistant's parts ---- */

static bool is_reasoning(const struct gw_part *part)
{
    return part->kind == GW_PART_REASONING || part->kind == GW_PART_REDACTED;
}

/* Takes out what may not stand behind the first call, and hangs it in front of it. */
static void put_calls_last(struct gw_message *message)
{
    struct gw_part **front = &message->parts, *moved = NULL, **moved_end = &moved;
    struct gw_part **last_call = NULL;

    while (*front && (*front)->kind != GW_PART_TOOL_CALL)
        front = &(*front)->next;
    for (struct gw_part **at = front; *at;) {
        struct gw_part *part = *at;
        if (part->kind == GW_PART_TOOL_CALL)
            last_call = &part->next;
        if (part->kind == GW_PART_TOOL_CALL || is_reasoning(part)) {
            at = &part->next;
            continue;
        }
        *at = part->next;
        *moved_end = part;
        moved_end = &part->next;
    }
    if (last_call) {
        *moved_end = *last_call; /* reasoning behind all calls */
        *last_call = NULL;
        while (*moved_end)
            moved_end = &(*moved_end)->next;
    }
    *moved_end = *front;
    *front = moved;
}

/* ---- 7, 9: the two ends ---- */

static enum gw_status begin_with_user(struct gw_request *request)
{
    struct gw_message *first = request->messages;

    while (first && first->role == GW_ROLE_SYSTEM)
        first = first->next;
    if (first && first->role == GW_ROLE_USER)
        return GW_OK;
    struct gw_part *text = gw_history_text(request, GW_TEXT("(empty)"));
    struct gw_message *user = text ? gw_history_message(request, GW_ROLE_USER, text) : NULL;
    if (!user)
        return GW_NO_MEMORY;
    user->next = request->messages;
    request->messages = user;
    return GW_OK;
}

static enum gw_status end_prefill(struct gw_request *request, const struct gw_history_rules *rules)
{
    struct gw_message *last = NULL;
    bool open = false; /* it waits for results: those there are stand behind their calls */

    for (struct gw_message *message = request->messages; message; message = message->next) {
        if (message->role == GW_ROLE_USER)
            open = false;
        for (const struct gw_part *part = message->parts; part; part = part->next)
            open = open || part->kind == GW_PART_TOOL_CALL;
        last = message;
    }
    if (!last || last->role != GW_ROLE_ASSISTANT)
        return GW_OK;
    struct gw_part *part = last->parts;
    while (part->next)
        part = part->next;
    /* What is left is not empty: blank ones are gone where this is asked for. */
    if (rules->strip_prefill && part->kind == GW_PART_TEXT && !gw_text_is_blank(part->text))
        part->text = gw_text_trim_end(part->text);
    if (!rules->refuse_prefill || open)
        return GW_OK;
    struct gw_part *text = gw_history_text(request, GW_TEXT("Continue."));
    last->next = text ? gw_history_message(request, GW_ROLE_USER, text) : NULL;
    if (!last->next)
        return GW_NO_MEMORY;
    gw_ledger_add(request->ledger, GW_LEDGER_REWRITE, GW_STR("prefill"));
    return GW_OK;
}

enum gw_status gw_history_normalise(struct gw_request *request,
                                    const struct gw_history_rules *rules)
{
    if (rules->hoist_system)
        hoist_system(request, false);
    enum gw_status status = drop_blank(request, rules->drop_blank);
    if (status != GW_OK)
        return status;
    if (rules->merge) /* what is one turn has its results behind all of it */
        merge(request, rules, true);
    status = gw_history_place_results(request, rules);
    if (status != GW_OK)
        return status;
    if (rules->hoist_misplaced)
        hoist_system(request, true);
    if (rules->merge)
        merge(request, rules, false);
    for (struct gw_message *message = request->messages; message; message = message->next)
        if (rules->calls_last && message->role == GW_ROLE_ASSISTANT)
            put_calls_last(message);
    if (rules->user_first)
        status = begin_with_user(request);
    return status == GW_OK ? end_prefill(request, rules) : status;
}
