/*
 * How an upstream is asked to think (translation.md §2.11, §4.2).
 */
#include "codec/openai_chat_private.h"

/* Of xAI's models only these let one say how much. */
static bool xai_takes_effort(struct gw_str model)
{
    return gw_str_starts(model, GW_STR("grok-3-mini")) ||
           gw_str_find_str(model, GW_STR("multi-agent")) < model.len;
}

static enum gw_effort asked_effort(const struct gw_request *request)
{
    uint64_t budget;

    if (request->reasoning.effort != GW_EFFORT_UNSET)
        return request->reasoning.effort;
    if (request->reasoning.mode == GW_REASONING_OFF)
        return GW_EFFORT_NONE;
    if (request->reasoning.mode == GW_REASONING_ON &&
        gw_str_to_u64(request->reasoning.budget, &budget))
        return gw_effort_of_budget(budget < INT64_MAX ? (int64_t)budget : INT64_MAX);
    return GW_EFFORT_UNSET;
}

void gw_chat_plan_effort(struct gw_chat_plan *plan)
{
    const struct gw_profile *profile = plan->profile;
    const struct gw_request *request = plan->request;
    enum gw_effort effort = asked_effort(request);

    /* "Off" is no word that others than OpenAI all know: left unsaid unless the caller said it. */
    if (!profile->openai && request->reasoning.effort == GW_EFFORT_UNSET &&
        effort == GW_EFFORT_NONE)
        effort = GW_EFFORT_UNSET;
    if (gw_chat_is_provider(profile, "xai") && !xai_takes_effort(plan->model))
        effort = GW_EFFORT_UNSET;
    if (profile->openai || plan->efforts)
        effort = gw_effort_nearest(effort, plan->efforts);
    plan->effort = effort;
}

static void put_effort(const struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    if (plan->effort != GW_EFFORT_UNSET)
        gw_chat_put_string(out, GW_STR("reasoning_effort"), gw_effort_name(plan->effort));
}

static bool is_on(const struct gw_request *request)
{
    return request->reasoning.mode == GW_REASONING_ON ||
           request->reasoning.mode == GW_REASONING_ADAPTIVE;
}

static void write_deepseek(const struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    const struct gw_request *request = plan->request;

    if (request->reasoning.mode == GW_REASONING_UNSET)
        return;
    gw_chat_put_object(out, GW_STR("thinking"));
    gw_chat_put_string(out, GW_STR("type"),
                       is_on(request) ? GW_STR("enabled") : GW_STR("disabled"));
    gw_json_write_end_object(out);
    if (is_on(request) && plan->effort != GW_EFFORT_NONE)
        put_effort(plan, out);
}

static void write_openrouter(const struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    const struct gw_request *request = plan->request;

    if (request->reasoning.mode == GW_REASONING_UNSET)
        return;
    gw_chat_put_object(out, GW_STR("reasoning"));
    if (is_on(request) && request->reasoning.budget.base)
        gw_chat_put_raw(out, GW_STR("max_tokens"), request->reasoning.budget);
    else if (request->reasoning.effort != GW_EFFORT_UNSET)
        gw_chat_put_string(out, GW_STR("effort"), gw_effort_name(request->reasoning.effort));
    else
        gw_chat_put_raw(out, GW_STR("enabled"), is_on(request) ? GW_STR("true") : GW_STR("false"));
    if (gw_text_equals(request->reasoning.display, GW_STR("omitted")))
        gw_chat_put_raw(out, GW_STR("exclude"), GW_STR("true"));
    gw_json_write_end_object(out);
}

void gw_chat_write_reasoning(struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    switch (plan->profile->reasoning) {
    case GW_STYLE_NONE:
    case GW_STYLE_MISTRAL:
        if (is_on(plan->request))
            gw_chat_drop(plan, "reasoning_effort");
        return;
    case GW_STYLE_EFFORT:
        put_effort(plan, out);
        return;
    case GW_STYLE_EFFORT_GROQ:
        put_effort(plan, out);
        if (is_on(plan->request))
            gw_chat_put_string(out, GW_STR("reasoning_format"), GW_STR("parsed"));
        return;
    case GW_STYLE_DEEPSEEK:
        write_deepseek(plan, out);
        return;
    case GW_STYLE_OPENROUTER:
        write_openrouter(plan, out);
        return;
    }
}
