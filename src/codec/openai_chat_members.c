/*
 * Which members of a body each provider and model of the chat dialect takes (translation.md §4.1, §4.2): for
 * bodies that are written anew, and for those that go on with a few changes.
 */
#include "codec/openai_chat_private.h"

bool gw_chat_is_provider(const struct gw_profile *profile, const char *name)
{
    return gw_str_eq(gw_str_of(profile->name), gw_str_of(name));
}

const char *gw_chat_member_name(const struct gw_profile *profile, const char *name)
{
    for (size_t i = 0; i < GW_PROFILE_MEMBERS_MAX && profile->members[i].name; i++)
        if (gw_str_eq(gw_str_of(profile->members[i].name), gw_str_of(name)))
            return profile->members[i].renamed;
    return name;
}

void gw_chat_drop(const struct gw_chat_plan *plan, const char *name)
{
    static const struct {
        const char *name, *messages, *responses;
    } others[] = {
        {"stop", "stop_sequences", "stop"},
        {"reasoning_effort", "thinking", "reasoning"},
    };
    const char *shown = name;

    for (size_t i = 0; i < GW_COUNT(others); i++)
        if (gw_str_eq(gw_str_of(name), gw_str_of(others[i].name))) {
            if (plan->request->family == GW_FAMILY_ANTHROPIC)
                shown = others[i].messages;
            else if (plan->request->family == GW_FAMILY_OPENAI)
                shown = others[i].responses;
        }
    gw_ledger_add(plan->request->ledger, GW_LEDGER_DROP, gw_str_of(shown));
}

/* What an upstream does anyway: not to say it is no loss. */
bool gw_chat_is_default(const char *name, struct gw_str json)
{
    static const struct {
        const char *name;
        struct gw_str values[2];
    } defaults[] = {
        {"temperature", {GW_STR_INIT("1"), GW_STR_INIT("1.0")}},
        {"top_p", {GW_STR_INIT("1"), GW_STR_INIT("1.0")}},
        {"frequency_penalty", {GW_STR_INIT("0"), GW_STR_INIT("0.0")}},
        {"presence_penalty", {GW_STR_INIT("0"), GW_STR_INIT("0.0")}},
        {"logprobs", {GW_STR_INIT("false"), GW_STR_INIT("false")}},
        {"store", {GW_STR_INIT("false"), GW_STR_INIT("false")}},
        {"parallel_tool_calls", {GW_STR_INIT("true"), GW_STR_INIT("true")}},
        {"service_tier", {GW_STR_INIT("\"auto\""), GW_STR_INIT("\"default\"")}},
    };

    for (size_t i = 0; i < GW_COUNT(defaults); i++)
        if (gw_str_eq(gw_str_of(name), gw_str_of(defaults[i].name)))
            return gw_str_eq(json, defaults[i].values[0]) || gw_str_eq(json, defaults[i].values[1]);
    return false;
}

/* OpenAI's reasoning models take no sampling parameters; the later ones do while they do not think. xAI's take
 * some. */
bool gw_chat_model_refuses(const struct gw_chat_plan *plan, const char *name)
{
    static const struct {
        const char *name;
        bool thinking_only; /* taken with the effort `none` */
        bool xai;
    } refused[] = {
        {"temperature", true, false},       {"top_p", true, false},
        {"logprobs", true, false},          {"top_logprobs", true, false},
        {"frequency_penalty", false, true}, {"presence_penalty", false, true},
        {"logit_bias", false, false},
    };
    bool idle = plan->efforts & 1u << GW_EFFORT_NONE && plan->effort == GW_EFFORT_NONE;

    if (plan->profile->openai && gw_str_starts(plan->model, GW_STR("gpt-4o-search")))
        return gw_str_eq(gw_str_of(name), GW_STR("temperature"));
    if (!plan->reasoning_model)
        return false;
    for (size_t i = 0; i < GW_COUNT(refused); i++)
        if (gw_str_eq(gw_str_of(name), gw_str_of(refused[i].name)))
            return plan->profile->openai ? !(refused[i].thinking_only && idle) : refused[i].xai;
    return false;
}

bool gw_chat_takes_stop(const struct gw_chat_plan *plan)
{
    if (!gw_chat_member_name(plan->profile, "stop"))
        return false;
    /* o1 is the one that does. */
    return !plan->reasoning_model ||
           (plan->profile->openai && gw_str_starts(plan->model, GW_STR("o1")));
}

/* xAI's models that think, whose names say so or not. */
static bool xai_reasons(struct gw_str model)
{
    if (gw_str_find_str(model, GW_STR("non-reasoning")) < model.len)
        return false;
    return gw_str_starts(model, GW_STR("grok-4")) || gw_str_starts(model, GW_STR("grok-3-mini")) ||
           gw_str_find_str(model, GW_STR("reasoning")) < model.len;
}

void gw_chat_plan_model(struct gw_chat_plan *plan)
{
    plan->efforts = plan->profile->openai ? gw_openai_efforts(plan->model) : plan->profile->efforts;
    plan->reasoning_model = plan->profile->openai ? plan->efforts != 0
                                                  : gw_chat_is_provider(plan->profile, "xai") &&
                                                        xai_reasons(plan->model);
}
