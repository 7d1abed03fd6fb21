/* Brings a request into the form that Claude takes, before it is written: what is others' is taken out, the
 * history is put into order, tools are chosen, four cache markers stay (translation.md §2.6, §2.7, §4.4). */
#include "codec/anthropic_messages_private.h"
#include "model/carrier.h"
#include "model/history.h"
#include "model/names.h"

#define NAME_BYTES_MAX 128u
#define MARKERS_MAX 4u

static void tell(struct gw_request *request, enum gw_ledger_action action, struct gw_str name)
{
    if (request->ledger)
        gw_ledger_add(request->ledger, action, name);
}

/* ---- what only others understand ---- */

/* The `type` of a vendor's own block or tool. */
static struct gw_str type_of(const struct gw_part *part, struct gw_arena *arena)
{
    struct gw_json json;

    if (gw_text_present(part->name))
        return part->name.raw;
    if (!part->raw.len ||
        gw_json_read(part->raw, arena, GW_MESSAGES_TOKENS_MAX, &json, NULL) != GW_OK)
        return GW_STR("server_tool");
    struct gw_str type = gw_messages_text(&json, 0, GW_STR("type")).raw;
    return type.len ? type : GW_STR("server_tool");
}

/* Foreign state and thinking without proof go without a word: nobody but their own model can use them. */
static bool is_foreign(struct gw_request *request, const struct gw_messages_plan *plan,
                       const struct gw_part *part)
{
    bool own =
        part->family == GW_FAMILY_ANTHROPIC && plan->limits->thinking != GW_CLAUDE_NO_THINKING;

    switch (part->kind) {
    case GW_PART_REASONING:
        return !own || !part->signature.raw.len || gw_carrier_is(part->signature);
    case GW_PART_REDACTED:
        return !own || gw_carrier_is(part->data);
    case GW_PART_SERVER_TOOL:
        if (part->family == GW_FAMILY_ANTHROPIC)
            return false;
        tell(request, GW_LEDGER_DROP, type_of(part, request->arena));
        return true;
    case GW_PART_TEXT:
    case GW_PART_IMAGE:
    case GW_PART_DOCUMENT:
    case GW_PART_AUDIO:
    case GW_PART_VIDEO:
    case GW_PART_TOOL_CALL:
    case GW_PART_TOOL_RESULT:
    case GW_PART_REFUSAL:
        break;
    }
    return false;
}

static void take_out_foreign(struct gw_request *request, const struct gw_messages_plan *plan)
{
    for (struct gw_message *message = request->messages; message; message = message->next)
        for (struct gw_part **at = &message->parts; *at;)
            if (is_foreign(request, plan, *at))
                *at = (*at)->next;
            else
                at = &(*at)->next;
}

/* ---- cache markers ---- */

static bool can_be_marked(const struct gw_part *part)
{
    if (part->kind == GW_PART_TEXT || part->kind == GW_PART_REFUSAL)
        return !gw_text_is_blank(part->text);
    return part->kind != GW_PART_REASONING && part->kind != GW_PART_REDACTED;
}

/* Moves a marker that its block cannot have to the one before. Those within a result go to the result. */
static void settle_markers(struct gw_part *part, struct gw_part **before)
{
    for (; part; part = part->next) {
        for (struct gw_part *inner = part->parts; inner; inner = inner->next) {
            if (inner->cache != GW_CACHE_NONE)
                part->cache = inner->cache;
            inner->cache = GW_CACHE_NONE;
        }
        if (can_be_marked(part)) {
            *before = part;
        } else if (part->cache != GW_CACHE_NONE) {
            if (*before)
                (*before)->cache = part->cache;
            part->cache = GW_CACHE_NONE;
        }
    }
}

/* Counts the markers from the first on, and takes away those before the last four. */
struct markers {
    unsigned count, surplus;
};

static void take_marker(struct markers *markers, enum gw_cache_ttl *cache)
{
    if (*cache == GW_CACHE_NONE)
        return;
    markers->count++;
    if (markers->surplus) {
        *cache = GW_CACHE_NONE;
        markers->surplus--;
    }
}

/* In the order in which Claude reads them. */
static unsigned visit_markers(struct gw_request *request, unsigned surplus)
{
    struct markers markers = {0, surplus};

    for (struct gw_tool *tool = request->tools; tool; tool = tool->next)
        take_marker(&markers, &tool->cache);
    for (struct gw_part *part = request->system; part; part = part->next)
        take_marker(&markers, &part->cache);
    for (struct gw_message *message = request->messages; message; message = message->next)
        for (struct gw_part *part = message->parts; part; part = part->next)
            take_marker(&markers, &part->cache);
    return markers.count;
}

static void limit_markers(struct gw_request *request)
{
    unsigned count = visit_markers(request, 0);

    if (count > MARKERS_MAX)
        (void)visit_markers(request, count - MARKERS_MAX);
}

/* ---- system ---- */

static void append(struct gw_part **list, struct gw_part *parts)
{
    while (*list)
        list = &(*list)->next;
    *list = parts;
}

static enum gw_status normalise(struct gw_request *request, const struct gw_messages_plan *plan)
{
    const struct gw_history_rules rules = {
        .drop_blank = true,
        .merge = true,
        .results_in_user = true,
        .user_first = true,
        .strip_prefill = true,
        .refuse_prefill = !plan->limits->prefill || plan->thinks,
        .hoist_system = !plan->limits->system_inside,
        .hoist_misplaced = plan->limits->system_inside,
        .calls_last = true,
    };

    return gw_history_normalise(request, &rules);
}

static enum gw_status ask_for_json(struct gw_request *request, const struct gw_messages_plan *plan)
{
    static const struct gw_str sentence =
        GW_STR_INIT("Respond only with a JSON object that matches this schema: ");
    struct gw_part *part;
    struct gw_str schema = request->format.schema;

    if (plan->structure != GW_MESSAGES_STRUCTURE_ASKED)
        return GW_OK;
    part = gw_arena_zalloc(request->arena, sizeof(*part));
    if (!part)
        return GW_NO_MEMORY;
    part->kind = GW_PART_TEXT;
    part->text = GW_TEXT("Respond only with one JSON object.");
    if (request->format.kind == GW_FORMAT_JSON_SCHEMA && schema.len) {
        struct gw_str text = gw_text_escape(schema, request->arena).raw;
        char *into = text.base && text.len < GW_ARENA_ALLOC_MAX - sentence.len
                         ? gw_arena_bytes(request->arena, sentence.len + text.len)
                         : NULL;
        if (!into)
            return GW_NO_MEMORY;
        memcpy(into, sentence.base, sentence.len);
        memcpy(into + sentence.len, text.base, text.len);
        part->text.raw = (struct gw_str){into, sentence.len + text.len};
    }
    append(&request->system, part);
    return GW_OK;
}

static void drop_blank_system(struct gw_request *request)
{
    for (struct gw_part **at = &request->system; *at;)
        if (gw_text_is_blank((*at)->text))
            *at = (*at)->next;
        else
            at = &(*at)->next;
}

/* ---- tools ---- */

static bool is_allowed(const struct gw_request *request, const struct gw_tool *tool)
{
    for (const struct gw_name_list *entry = request->allowed; entry; entry = entry->next)
        if (gw_str_eq(entry->name.raw, tool->name.raw))
            return true;
    return false;
}

static void filter_tools(struct gw_request *request)
{
    if (!request->allowed)
        return;
    for (struct gw_tool **at = &request->tools; *at;)
        if (is_allowed(request, *at))
            at = &(*at)->next;
        else
            *at = (*at)->next;
}

static struct gw_tool *add_tool(struct gw_request *request, struct gw_text name)
{
    struct gw_tool **at = &request->tools;

    for (; *at; at = &(*at)->next)
        if (gw_str_eq((*at)->name.raw, name.raw))
            return *at;
    *at = gw_arena_zalloc(request->arena, sizeof(**at));
    if (*at)
        (*at)->name = name;
    return *at;
}

/* Calls in the history want tools, even when the caller has none any more. */
static enum gw_status make_up_tools(struct gw_request *request)
{
    if (request->tools)
        return GW_OK;
    for (const struct gw_message *message = request->messages; message; message = message->next)
        for (const struct gw_part *part = message->parts; part; part = part->next)
            if (part->kind == GW_PART_TOOL_CALL && !add_tool(request, part->name))
                return GW_NO_MEMORY;
    return GW_OK;
}

static enum gw_status prepare_tools(struct gw_request *request, const struct gw_messages_plan *plan)
{
    struct gw_tool *tool;

    filter_tools(request);
    if (plan->structure != GW_MESSAGES_STRUCTURE_TOOL)
        return make_up_tools(request);
    request->tool_choice_name = GW_TEXT("json_output");
    request->json_tool = true;
    tool = add_tool(request, request->tool_choice_name);
    if (!tool)
        return GW_NO_MEMORY;
    tool->description = request->format.description;
    tool->schema = request->format.schema;
    return GW_OK;
}

enum gw_status gw_messages_prepare(struct gw_request *request, const struct gw_messages_plan *plan)
{
    struct gw_part *before = NULL;

    settle_markers(request->system, &before);
    before = NULL;
    for (struct gw_message *message = request->messages; message; message = message->next)
        settle_markers(message->parts, &before);
    take_out_foreign(request, plan);
    enum gw_status status = normalise(request, plan);
    if (status == GW_OK)
        status = ask_for_json(request, plan);
    drop_blank_system(request);
    if (status == GW_OK)
        status = prepare_tools(request, plan);
    if (status == GW_OK)
        status = gw_names_apply(request, NAME_BYTES_MAX, &request->names);
    limit_markers(request);
    return status;
}
