/* Writes a request to Claude: all but messages and tools (translation.md §4.4). */
#include "codec/anthropic_messages_private.h"
#include "model/schema.h"

#define USER_ID_BYTES_MAX 256u /* of metadata.user_id, in characters; bytes are no more */

static void tell(struct gw_request *request, enum gw_ledger_action action, struct gw_str name)
{
    if (request->ledger)
        gw_ledger_add(request->ledger, action, name);
}

/* A plain string when it is all there is, for that is what most callers send. */
static void write_system(struct gw_request *request, struct gw_json_writer *out)
{
    const struct gw_part *part = request->system;

    if (!part)
        return;
    gw_json_write_key(out, GW_STR("system"));
    if (!part->next && part->cache == GW_CACHE_NONE) {
        gw_json_write_raw_string(out, part->text.raw);
        return;
    }
    gw_json_write_begin_array(out);
    for (; part; part = part->next) {
        gw_json_write_begin_object(out);
        gw_messages_put_string(out, GW_STR("type"), GW_STR("text"));
        gw_messages_put_text(out, GW_STR("text"), part->text);
        gw_messages_write_cache(out, part->cache);
        gw_json_write_end_object(out);
    }
    gw_json_write_end_array(out);
}

static void write_tool_choice(struct gw_request *request, const struct gw_messages_plan *plan,
                              struct gw_json_writer *out)
{
    static const char *const words[] = {
        [GW_CHOICE_UNSET] = "auto", [GW_CHOICE_AUTO] = "auto", [GW_CHOICE_NONE] = "none",
        [GW_CHOICE_ANY] = "any",    [GW_CHOICE_TOOL] = "tool",
    };
    bool alone = request->parallel_tools == GW_FLAG_FALSE && plan->choice != GW_CHOICE_NONE;

    if (plan->choice == GW_CHOICE_UNSET && !alone)
        return;
    gw_json_write_key(out, GW_STR("tool_choice"));
    gw_json_write_begin_object(out);
    gw_messages_put_string(out, GW_STR("type"), gw_str_of(words[plan->choice]));
    if (plan->choice == GW_CHOICE_TOOL)
        gw_messages_put_text(out, GW_STR("name"), request->tool_choice_name);
    if (alone)
        gw_messages_put_raw(out, GW_STR("disable_parallel_tool_use"), GW_STR("true"));
    gw_json_write_end_object(out);
}

static void write_thinking(const struct gw_request *request, const struct gw_messages_plan *plan,
                           struct gw_json_writer *out)
{
    struct gw_text display = request->reasoning.display;

    if (plan->thinking == GW_MESSAGES_THINKING_UNSAID)
        return;
    gw_json_write_key(out, GW_STR("thinking"));
    gw_json_write_begin_object(out);
    switch (plan->thinking) {
    case GW_MESSAGES_THINKING_UNSAID:
        break;
    case GW_MESSAGES_THINKING_DISABLED:
        gw_messages_put_string(out, GW_STR("type"), GW_STR("disabled"));
        break;
    case GW_MESSAGES_THINKING_BUDGET:
        gw_messages_put_string(out, GW_STR("type"), GW_STR("enabled"));
        gw_json_write_key(out, GW_STR("budget_tokens"));
        gw_json_write_int64(out, plan->budget);
        break;
    case GW_MESSAGES_THINKING_ADAPTIVE: /* newer models leave the text out unless it is asked for */
        gw_messages_put_string(out, GW_STR("type"), GW_STR("adaptive"));
        gw_messages_put_text(out, GW_STR("display"),
                             display.raw.len ? display : GW_TEXT("summarized"));
        break;
    }
    gw_json_write_end_object(out);
}

static enum gw_status write_output_config(struct gw_request *request,
                                          const struct gw_messages_plan *plan,
                                          struct gw_json_writer *out)
{
    bool native = plan->structure == GW_MESSAGES_STRUCTURE_NATIVE;
    struct gw_str schema = {NULL, 0};

    if (!native && !plan->effort.len)
        return GW_OK;
    if (native) {
        enum gw_status status = gw_schema_strict(request->format.schema, request->arena, &schema);
        if (status != GW_OK)
            return status;
    }
    gw_json_write_key(out, GW_STR("output_config"));
    gw_json_write_begin_object(out);
    if (plan->effort.len)
        gw_messages_put_string(out, GW_STR("effort"), plan->effort);
    if (native) {
        gw_json_write_key(out, GW_STR("format"));
        gw_json_write_begin_object(out);
        gw_messages_put_string(out, GW_STR("type"), GW_STR("json_schema"));
        gw_messages_put_raw(out, GW_STR("schema"), schema);
        gw_json_write_end_object(out);
    }
    gw_json_write_end_object(out);
    return GW_OK;
}

/* Blank ones are refused (§11.49). */
static void write_stop(struct gw_request *request, struct gw_json_writer *out)
{
    bool any = false;

    for (const struct gw_name_list *stop = request->stop; stop; stop = stop->next) {
        if (gw_text_is_blank(stop->name)) {
            tell(request, GW_LEDGER_DROP, GW_STR("stop"));
            continue;
        }
        if (!any) {
            gw_json_write_key(out, GW_STR("stop_sequences"));
            gw_json_write_begin_array(out);
        }
        any = true;
        gw_json_write_raw_string(out, stop->name.raw);
    }
    if (any)
        gw_json_write_end_array(out);
}

static void write_sampling(const struct gw_messages_plan *plan, struct gw_json_writer *out)
{
    static const struct gw_str names[] = {[GW_TEMPERATURE] = GW_STR_INIT("temperature"),
                                          [GW_TOP_P] = GW_STR_INIT("top_p"),
                                          [GW_TOP_K] = GW_STR_INIT("top_k")};

    for (unsigned i = 0; i < GW_COUNT(names); i++)
        if (plan->sampling[i].len)
            gw_messages_put_raw(out, names[i], plan->sampling[i]);
}

static enum gw_status write_user(struct gw_request *request, struct gw_json_writer *out)
{
    struct gw_text id = request->user_id;

    if (!id.raw.len)
        return GW_OK;
    if (id.raw.len > USER_ID_BYTES_MAX) {
        struct gw_str decoded = gw_text_decode(id, request->arena);
        if (!decoded.base)
            return GW_NO_MEMORY;
        if (decoded.len > USER_ID_BYTES_MAX) {
            decoded.len = USER_ID_BYTES_MAX;
            while (decoded.len && ((unsigned char)decoded.base[decoded.len] & 0xc0) == 0x80)
                decoded.len--;
            tell(request, GW_LEDGER_CLAMP, GW_STR("user"));
        }
        id = gw_text_escape(decoded, request->arena);
        if (!gw_text_present(id))
            return GW_NO_MEMORY;
    }
    gw_json_write_key(out, GW_STR("metadata"));
    gw_json_write_begin_object(out);
    gw_messages_put_text(out, GW_STR("user_id"), id);
    gw_json_write_end_object(out);
    return GW_OK;
}

static void write_service_tier(struct gw_request *request, struct gw_json_writer *out)
{
    struct gw_text tier = request->service_tier;

    if (!gw_text_present(tier))
        return;
    if (gw_text_equals(tier, GW_STR("auto")) || gw_text_equals(tier, GW_STR("priority")))
        gw_messages_put_string(out, GW_STR("service_tier"), GW_STR("auto"));
    else if (gw_text_equals(tier, GW_STR("default")))
        gw_messages_put_string(out, GW_STR("service_tier"), GW_STR("standard_only"));
    else
        tell(request, GW_LEDGER_DROP, GW_STR("service_tier"));
}

static void write_extra(const struct gw_request *request, struct gw_json_writer *out)
{
    if (request->family != GW_FAMILY_ANTHROPIC)
        return;
    for (const struct gw_extra *extra = request->extra; extra; extra = extra->next) {
        gw_json_write_raw_key(out, extra->name.raw);
        gw_json_write_raw(out, extra->value);
    }
}

static enum gw_status write_settings(struct gw_request *request,
                                     const struct gw_messages_plan *plan,
                                     struct gw_json_writer *out)
{
    write_thinking(request, plan, out);
    enum gw_status status = write_output_config(request, plan, out);
    write_stop(request, out);
    write_sampling(plan, out);
    if (status == GW_OK)
        status = write_user(request, out);
    write_service_tier(request, out);
    if (request->stream)
        gw_messages_put_raw(out, GW_STR("stream"), GW_STR("true"));
    write_extra(request, out);
    return status;
}

enum gw_status gw_messages_write_request(struct gw_request *request,
                                         const struct gw_target_traits *target, struct gw_buf *out,
                                         struct gw_complaint *complaint)
{
    struct gw_messages_plan plan;
    struct gw_json_writer json;
    enum gw_status status = gw_messages_plan(request, target, &plan, complaint);

    if (status == GW_OK)
        status = gw_messages_prepare(request, &plan);
    if (status != GW_OK)
        return status;
    gw_json_write_init(&json, out);
    gw_json_write_begin_object(&json);
    gw_messages_put_string(&json, GW_STR("model"), target->model);
    gw_json_write_key(&json, GW_STR("max_tokens"));
    gw_json_write_int64(&json, plan.max_tokens);
    write_system(request, &json);
    gw_json_write_key(&json, GW_STR("messages"));
    status = gw_messages_write_messages(request, &json, complaint);
    if (status == GW_OK && request->tools) {
        gw_json_write_key(&json, GW_STR("tools"));
        status = gw_messages_write_tools(request, &plan, &json, complaint);
        if (status == GW_OK)
            write_tool_choice(request, &plan, &json);
    }
    if (status == GW_OK)
        status = write_settings(request, &plan, &json);
    if (status != GW_OK)
        return status;
    gw_json_write_end_object(&json);
    return gw_json_write_finish(&json);
}
