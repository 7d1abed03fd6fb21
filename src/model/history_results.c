/* Results behind their calls, in the order of the calls; one for each (translation.md §2.6.3, §2.6.4). */
#include "model/history_private.h"

#include "base/map.h"

/* A call of the turn at hand. */
struct call {
    struct gw_part *part, *result;
    struct gw_message *message;
    struct call *next;      /* in order */
    struct call *same_next; /* of the same id */
};

/* The calls of one id, nearly always one. */
struct id {
    struct call *unanswered, **last;
};

/* Messages of an assistant, and what stands between them and the next one's. */
struct turn {
    struct gw_request *request;
    struct gw_message *
        *first; /* where the assistant's first message hangs; NULL: before any assistant */
    struct gw_message *last;    /* the assistant's last one */
    struct gw_message **behind; /* where what comes behind them hangs */
    struct call *calls, **calls_last;
    struct gw_map ids;
    bool open; /* nobody has said anything behind it */
};

static void tell_rewrite(struct gw_request *request)
{
    gw_ledger_add(request->ledger, GW_LEDGER_REWRITE, GW_STR("tool_history"));
}

static enum gw_status note_call(struct turn *turn, struct gw_message *message, struct gw_part *part)
{
    struct gw_arena *arena = turn->request->arena;
    struct gw_str key = gw_text_decode(part->id, arena);
    struct call *call = gw_arena_zalloc(arena, sizeof(*call));

    if (!call || (!key.base && gw_text_present(part->id)))
        return GW_NO_MEMORY;
    if (!key.base)
        key = GW_STR("");
    *call = (struct call){.part = part, .message = message};
    *turn->calls_last = call;
    turn->calls_last = &call->next;
    struct id *id = gw_map_get(&turn->ids, key);
    if (!id) {
        id = gw_arena_zalloc(arena, sizeof(*id));
        if (!id || !gw_map_add(&turn->ids, key, id))
            return GW_NO_MEMORY;
        id->last = &id->unanswered;
    }
    *id->last = call;
    id->last = &call->same_next;
    return GW_OK;
}

static enum gw_status note_calls(struct turn *turn)
{
    if (!turn->first)
        return GW_OK;
    for (struct gw_message *message = *turn->first;; message = message->next) {
        for (struct gw_part *part = message->parts; part; part = part->next)
            if (part->kind == GW_PART_TOOL_CALL) {
                enum gw_status status = note_call(turn, message, part);
                if (status != GW_OK)
                    return status;
            }
        if (message == turn->last)
            return GW_OK;
    }
}

static struct gw_text join(struct gw_arena *arena, struct gw_str head, struct gw_str middle,
                           struct gw_str tail)
{
    size_t len;

    if (__builtin_add_overflow(head.len + tail.len, middle.len, &len))
        return (struct gw_text){{NULL, 0}};
    char *into = gw_arena_bytes(arena, len);
    if (!into)
        return (struct gw_text){{NULL, 0}};
    memcpy(into, head.base, head.len);
    if (middle.len)
        memcpy(into + head.len, middle.base, middle.len);
    if (tail.len)
        memcpy(into + head.len + middle.len, tail.base, tail.len);
    return (struct gw_text){{into, len}};
}

/* A result that nobody asked for, as text of the user; what else is in it follows. Stands in the list instead
 * of it. @return where the part behind it hangs; NULL when out of memory */
static struct gw_part **tell_as_text(struct gw_request *request, struct gw_part **at)
{
    struct gw_part *result = *at, *inside = result->parts;
    struct gw_part *text = inside && inside->kind == GW_PART_TEXT ? inside : NULL;
    struct gw_text told = join(request->arena, GW_STR("[tool result "), result->id.raw,
                               text ? GW_STR("] ") : GW_STR("]"));

    if (text && gw_text_present(told))
        told = join(request->arena, told.raw, text->text.raw, GW_STR(""));
    struct gw_part *first = gw_text_present(told) ? gw_history_text(request, told) : NULL;
    if (!first)
        return NULL;
    first->cache = text ? text->cache : GW_CACHE_NONE;
    first->next = text ? text->next : inside;
    struct gw_part *last = first;
    while (last->next)
        last = last->next;
    if (last->cache == GW_CACHE_NONE)
        last->cache = result->cache;
    last->next = result->next;
    *at = first;
    tell_rewrite(request);
    return &last->next;
}

/* Takes the results out of a user's message. */
static enum gw_status take_results(struct turn *turn, struct gw_message *message)
{
    struct gw_part **at = &message->parts;

    while (*at) {
        struct gw_part *part = *at;
        if (part->kind != GW_PART_TOOL_RESULT) {
            at = &part->next;
            continue;
        }
        struct gw_str key = gw_text_decode(part->id, turn->request->arena);
        if (!key.base && gw_text_present(part->id))
            return GW_NO_MEMORY;
        struct id *id = gw_map_get(&turn->ids, key.base ? key : GW_STR(""));
        if (!id) {
            at = tell_as_text(turn->request, at);
            if (!at)
                return GW_NO_MEMORY;
            continue;
        }
        *at = part->next;
        part->next = NULL;
        if (id->unanswered) {
            id->unanswered->result = part;
            id->unanswered = id->unanswered->same_next;
        } else {
            tell_rewrite(turn->request); /* a second one */
        }
    }
    return GW_OK;
}

/* Takes all results of the turn; what holds nothing else goes. */
static enum gw_status take_all_results(struct turn *turn)
{
    struct gw_message **at = turn->behind;

    while (*at && (*at)->role != GW_ROLE_ASSISTANT) {
        struct gw_message *message = *at;
        if (message->role == GW_ROLE_USER) {
            turn->open = false;
            enum gw_status status = take_results(turn, message);
            if (status != GW_OK)
                return status;
        }
        if (message->parts)
            at = &message->next;
        else
            *at = message->next;
    }
    if (*at)
        turn->open = false;
    return GW_OK;
}

/* What the call is answered with when it was not. */
static struct gw_part *make_result(struct gw_request *request, const struct gw_part *call)
{
    struct gw_part *result = gw_arena_zalloc(request->arena, sizeof(*result));
    struct gw_part *text = gw_history_text(request, GW_TEXT("[no result provided]"));

    if (!result || !text)
        return NULL;
    *result = (struct gw_part){
        .kind = GW_PART_TOOL_RESULT, .id = call->id, .is_error = true, .parts = text};
    tell_rewrite(request);
    return result;
}

static enum gw_status complete(struct turn *turn)
{
    for (struct call *call = turn->calls; call; call = call->next) {
        if (!call->result && !turn->open)
            call->result = make_result(turn->request, call->part);
        if (!call->result && !turn->open)
            return GW_NO_MEMORY;
        if (!call->result)
            continue;
        if (!gw_text_present(call->result->name))
            call->result->name = call->part->name;
        call->result->tool = call->part->tool;
    }
    return GW_OK;
}

/* All of them in one message behind the turn. */
static enum gw_status place_in_user(struct turn *turn)
{
    struct gw_part *results = NULL, **end = &results;

    for (struct call *call = turn->calls; call; call = call->next)
        if (call->result) {
            *end = call->result;
            end = &call->result->next;
        }
    if (!results)
        return GW_OK;
    struct gw_message *user = gw_history_message(turn->request, GW_ROLE_USER, results);
    if (!user)
        return GW_NO_MEMORY;
    user->next = turn->last->next;
    turn->last->next = user;
    return GW_OK;
}

/* Each in a message of its own, behind the message that has the call. */
static enum gw_status place_behind_calls(struct turn *turn)
{
    struct gw_message *message = NULL, *behind = NULL;

    for (struct call *call = turn->calls; call; call = call->next) {
        if (!call->result)
            continue;
        if (call->message != message)
            message = behind = call->message;
        struct gw_message *own = gw_history_message(turn->request, GW_ROLE_USER, call->result);
        if (!own)
            return GW_NO_MEMORY;
        own->next = behind->next;
        behind->next = own;
        behind = own;
    }
    return GW_OK;
}

static enum gw_status place(struct turn *turn, const struct gw_history_rules *rules)
{
    gw_map_init(&turn->ids);
    turn->calls_last = &turn->calls;
    turn->open = true;
    enum gw_status status = note_calls(turn);
    if (status == GW_OK)
        status = take_all_results(turn);
    gw_map_finish(&turn->ids);
    if (status == GW_OK)
        status = complete(turn);
    if (status == GW_OK && turn->calls)
        status = rules->results_in_user ? place_in_user(turn) : place_behind_calls(turn);
    return status;
}

enum gw_status gw_history_place_results(struct gw_request *request,
                                        const struct gw_history_rules *rules)
{
    struct turn turn = {.request = request, .behind = &request->messages};
    enum gw_status status = place(&turn, rules);
    struct gw_message **at = &request->messages;

    while (status == GW_OK) {
        while (*at && (*at)->role != GW_ROLE_ASSISTANT)
            at = &(*at)->next;
        if (!*at)
            break;
        turn = (struct turn){.request = request, .first = at, .last = *at};
        while (turn.last->next && turn.last->next->role == GW_ROLE_ASSISTANT)
            turn.last = turn.last->next;
        turn.behind = &turn.last->next;
        status = place(&turn, rules);
        /* Behind the run, whatever stands between its messages now. */
        at = &turn.last->next;
    }
    return status;
}
