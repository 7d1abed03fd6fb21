/* What a request becomes for one Claude model: its limits, thinking, sampling, structured output (translation.md
 * §2.10, §2.11, §4.4). */
#include <stdio.h>
#include <stdlib.h>

#include "codec/anthropic_messages_private.h"
#include "model/carrier.h"

static void tell(struct gw_request *request, enum gw_ledger_action action, const char *name)
{
    if (request->ledger)
        gw_ledger_add(request->ledger, action, gw_str_of(name));
}

/* Only to compare with: what goes out is the caller's lexeme. A longer one than this is no sane number. */
static double number_of(struct gw_str lexeme)
{
    char text[64];

    if (lexeme.len >= sizeof(text))
        return 0;
    memcpy(text, lexeme.base, lexeme.len);
    text[lexeme.len] = '\0';
    return strtod(text, NULL);
}

/* @return `otherwise` when it is not set, or no integer */
static int64_t integer_of(struct gw_str lexeme, int64_t otherwise)
{
    uint64_t value;
    bool negative = lexeme.len && lexeme.base[0] == '-';

    if (!lexeme.len || !gw_str_to_u64(gw_str_from(lexeme, negative), &value) || value > INT64_MAX)
        return otherwise;
    return negative ? -(int64_t)value : (int64_t)value;
}

/* ---- what cannot be carried ---- */

static enum gw_status refuse(struct gw_complaint *complaint, const char *param, const char *what)
{
    return gw_complain(complaint, GW_UNSUPPORTED, "unsupported_parameter", param,
                       "`%s` is not supported by this model's provider%s", param, what);
}

static enum gw_status check_native(const struct gw_request *request, struct gw_complaint *complaint)
{
    char param[sizeof(complaint->param)];

    if (!request->native_only || request->family == GW_FAMILY_ANTHROPIC)
        return GW_OK;
    (void)snprintf(param, sizeof(param), "%.*s", GW_STR_ARG(request->native_only->name.raw));
    return refuse(complaint, param, "");
}

static enum gw_status check_modalities(const struct gw_request *request,
                                       struct gw_complaint *complaint)
{
    struct gw_json json;
    struct gw_json_iter iter;
    uint32_t item;

    if (!request->modalities.len)
        return GW_OK;
    enum gw_status status =
        gw_json_read(request->modalities, request->arena, GW_MESSAGES_TOKENS_MAX, &json, NULL);
    if (status != GW_OK)
        return status;
    iter = gw_json_iter(&json, 0);
    while (gw_json_next(&json, &iter, &item))
        if (!gw_json_equals(&json, item, GW_STR("text")))
            return refuse(complaint, "modalities", " beyond text");
    return GW_OK;
}

static enum gw_status check_hard(const struct gw_request *request, struct gw_complaint *complaint)
{
    enum gw_status status = check_native(request, complaint);

    if (status == GW_OK && request->n.len && number_of(request->n) > 1)
        status = refuse(complaint, "n", " beyond 1");
    return status == GW_OK ? check_modalities(request, complaint) : status;
}

/* ---- what is dropped ---- */

/* No field for them here. */
static void tell_dropped(struct gw_request *request)
{
    /* Responses has one parameter for both. */
    bool logprobs = request->logprobs == GW_FLAG_TRUE &&
                    !(request->family == GW_FAMILY_OPENAI && request->top_logprobs.len);
    const struct {
        const char *name;
        bool there;
    } rows[] = {
        {"logprobs", logprobs},
        {"top_logprobs", request->top_logprobs.len && integer_of(request->top_logprobs, 1) != 0},
        {"metadata", request->metadata.len && request->family != GW_FAMILY_ANTHROPIC},
        {"store", request->store == GW_FLAG_TRUE},
        {"prediction", request->prediction.len > 0},
        {"audio", request->audio.len > 0},
        {"verbosity", gw_text_present(request->verbosity)},
        {"prompt_cache_key", gw_text_present(request->cache_key)},
        {"prompt_cache_retention", gw_text_present(request->cache_retention)},
    };

    for (size_t i = 0; i < GW_COUNT(rows); i++)
        if (rows[i].there)
            tell(request, GW_LEDGER_DROP, rows[i].name);
}

/* ---- structured output ---- */

/* Can a tool take it, whose input is always an object? */
static enum gw_status is_object_schema(struct gw_request *request, bool *object_out)
{
    struct gw_json json;
    enum gw_status status =
        gw_json_read(request->format.schema, request->arena, GW_MESSAGES_TOKENS_MAX, &json, NULL);

    if (status == GW_OK)
        *object_out =
            gw_json_equals(&json, gw_json_get(&json, 0, GW_STR("type")), GW_STR("object"));
    return status == GW_NO_MEMORY ? status : GW_OK;
}

static enum gw_status plan_structure(struct gw_request *request, struct gw_messages_plan *plan)
{
    bool as_tool = false, tools = request->tools || plan->tool_history;
    enum gw_status status = GW_OK;

    switch (request->format.kind) {
    case GW_FORMAT_UNSET:
    case GW_FORMAT_TEXT:
        return GW_OK;
    case GW_FORMAT_JSON_OBJECT:
        break;
    case GW_FORMAT_JSON_SCHEMA:
        if (request->format.schema.len && plan->limits->json_schema) {
            plan->structure = GW_MESSAGES_STRUCTURE_NATIVE;
            return GW_OK;
        }
        if (request->format.schema.len && !tools)
            status = is_object_schema(request, &as_tool);
        break;
    }
    plan->structure = as_tool ? GW_MESSAGES_STRUCTURE_TOOL : GW_MESSAGES_STRUCTURE_ASKED;
    tell(request, GW_LEDGER_EMULATE, "response_format");
    return status;
}

/* ---- limits ---- */

/* None given: the most there is, for a small default cuts arguments of tools off (§11.52). What another vendor's
 * model takes at most is not known: there the caller's value stands. */
static void plan_max_tokens(struct gw_request *request, struct gw_messages_plan *plan)
{
    int64_t cap = plan->limits->max_output;

    plan->max_tokens = integer_of(request->max_tokens, cap);
    if (plan->max_tokens > cap && plan->limits->thinking != GW_CLAUDE_AS_ASKED) {
        plan->max_tokens = cap;
        gw_ledger_add(request->ledger, GW_LEDGER_CLAMP, gw_request_max_tokens_name(request));
    }
}

/* ---- thinking ---- */

#define BUDGET_MIN 1024

static bool is_signed(const struct gw_message *message)
{
    for (const struct gw_part *part = message->parts; part; part = part->next)
        if (part->family == GW_FAMILY_ANTHROPIC &&
            ((part->kind == GW_PART_REASONING && part->signature.raw.len &&
              !gw_carrier_is(part->signature)) ||
             (part->kind == GW_PART_REDACTED && !gw_carrier_is(part->data))))
            return true;
    return false;
}

static bool has_result(const struct gw_message *message)
{
    for (const struct gw_part *part = message->parts; part; part = part->next)
        if (part->kind == GW_PART_TOOL_RESULT)
            return true;
    return false;
}

/* The model is in the midst of calls, and its turn does not begin with its own thinking: then manual thinking
 * is refused (§2.7). Neighbouring messages of the user are one, as they will be. */
static bool lacks_state(const struct gw_request *request)
{
    const struct gw_message *turn = NULL; /* its first message */
    bool results = false;                 /* since the last message of the assistant */

    for (const struct gw_message *message = request->messages; message; message = message->next)
        switch (message->role) {
        case GW_ROLE_USER:
            results = results || has_result(message);
            break;
        case GW_ROLE_ASSISTANT:
            if (!turn || !results)
                turn = message;
            results = false;
            break;
        case GW_ROLE_SYSTEM:
            break;
        }
    return turn && results && !is_signed(turn);
}

enum wish { WISH_NONE, WISH_OFF, WISH_ON };

static enum wish wish_of(const struct gw_request *request)
{
    int64_t budget = integer_of(request->reasoning.budget, -1);

    if (request->reasoning.mode == GW_REASONING_OFF ||
        request->reasoning.effort == GW_EFFORT_NONE ||
        (budget == 0 && request->reasoning.effort == GW_EFFORT_UNSET))
        return WISH_OFF;
    return request->reasoning.mode != GW_REASONING_UNSET ||
                   request->reasoning.effort != GW_EFFORT_UNSET || budget > 0
               ? WISH_ON
               : WISH_NONE;
}

/* @return false: there is no room for it */
static bool plan_budget(struct gw_request *request, struct gw_messages_plan *plan)
{
    int64_t given = integer_of(request->reasoning.budget, -1), most = plan->max_tokens * 4 / 5;

    if (plan->max_tokens <= BUDGET_MIN)
        return false;
    plan->thinking = GW_MESSAGES_THINKING_BUDGET;
    if (given > 0) {
        plan->budget = given;
        if (given >= plan->max_tokens) {
            plan->budget = plan->max_tokens - 1;
            tell(request, GW_LEDGER_CLAMP, "reasoning");
        }
        return true;
    }
    plan->budget = gw_claude_budget(request->reasoning.effort);
    if (plan->budget > most)
        plan->budget = most;
    if (plan->budget < BUDGET_MIN)
        plan->budget = BUDGET_MIN;
    return true;
}

static void plan_adaptive(struct gw_request *request, struct gw_messages_plan *plan)
{
    enum gw_effort effort = request->reasoning.effort;
    int64_t budget = integer_of(request->reasoning.budget, -1);

    plan->thinking = GW_MESSAGES_THINKING_ADAPTIVE;
    if (effort == GW_EFFORT_UNSET && budget > 0)
        effort = gw_effort_of_budget(budget);
    effort = gw_claude_effort(effort, plan->limits->xhigh);
    if (effort != GW_EFFORT_UNSET)
        plan->effort = gw_effort_name(effort);
}

static void plan_no_thinking(struct gw_messages_plan *plan, bool said)
{
    switch (plan->limits->thinking) {
    case GW_CLAUDE_ADAPTIVE_ON:
        plan->thinking = GW_MESSAGES_THINKING_DISABLED;
        break;
    case GW_CLAUDE_ADAPTIVE_ONLY: /* the least there is */
        if (said)
            plan->effort = GW_STR("low");
        break;
    case GW_CLAUDE_AS_ASKED:
        if (said)
            plan->thinking = GW_MESSAGES_THINKING_DISABLED;
        break;
    case GW_CLAUDE_NO_THINKING:
    case GW_CLAUDE_BUDGET:
    case GW_CLAUDE_ADAPTIVE:
        break;
    }
}

/* @return false: the model does not do it here */
static bool plan_wished(struct gw_request *request, struct gw_messages_plan *plan)
{
    switch (plan->limits->thinking) {
    case GW_CLAUDE_NO_THINKING:
        return false;
    case GW_CLAUDE_AS_ASKED:
        if (request->reasoning.mode == GW_REASONING_ADAPTIVE) {
            plan_adaptive(request, plan);
            return true;
        }
        return plan_budget(request, plan);
    case GW_CLAUDE_BUDGET:
        return !lacks_state(request) && plan_budget(request, plan);
    case GW_CLAUDE_ADAPTIVE:
    case GW_CLAUDE_ADAPTIVE_ONLY:
    case GW_CLAUDE_ADAPTIVE_ON:
        plan_adaptive(request, plan);
        return true;
    }
    return false;
}

static void plan_thinking(struct gw_request *request, struct gw_messages_plan *plan)
{
    bool forced = plan->choice == GW_CHOICE_ANY || plan->choice == GW_CHOICE_TOOL;

    switch (wish_of(request)) {
    case WISH_NONE:
        if (forced)
            plan_no_thinking(plan, false);
        break;
    case WISH_OFF:
        plan_no_thinking(plan, true);
        break;
    case WISH_ON:
        if (!forced && plan_wished(request, plan))
            break;
        tell(request, GW_LEDGER_DROP, "reasoning");
        plan_no_thinking(plan, false);
        break;
    }
    plan->thinks = plan->thinking == GW_MESSAGES_THINKING_BUDGET ||
                   plan->thinking == GW_MESSAGES_THINKING_ADAPTIVE ||
                   (plan->thinking == GW_MESSAGES_THINKING_UNSAID &&
                    plan->limits->thinking == GW_CLAUDE_ADAPTIVE_ON);
}

/* ---- sampling ---- */

static const struct {
    const char *name;
    double usual; /* what it is when nobody says anything */
} samplings[GW_SAMPLINGS] = {
    [GW_TEMPERATURE] = {"temperature", 1},
    [GW_TOP_P] = {"top_p", 1},
    [GW_TOP_K] = {"top_k", -1},
    [GW_MIN_P] = {"min_p", 0},
    [GW_FREQUENCY_PENALTY] = {"frequency_penalty", 0},
    [GW_PRESENCE_PENALTY] = {"presence_penalty", 0},
    [GW_REPETITION_PENALTY] = {"repetition_penalty", 1},
    [GW_SEED] = {"seed", -1},
    [GW_LOGIT_BIAS] = {"logit_bias", -1},
};

static bool may_sample(const struct gw_messages_plan *plan, enum gw_sampling which, double value)
{
    bool free = plan->limits->sampling && !plan->thinks;

    switch (which) {
    case GW_TEMPERATURE:
        return free || value == 1;
    case GW_TOP_P:
        if (!plan->limits->sampling)
            return value >= 0.99;
        return free || (value >= 0.95 && value <= 1);
    case GW_TOP_K:
        return free;
    case GW_MIN_P:
    case GW_FREQUENCY_PENALTY:
    case GW_PRESENCE_PENALTY:
    case GW_REPETITION_PENALTY:
    case GW_SEED:
    case GW_LOGIT_BIAS:
    case GW_SAMPLINGS:
        break;
    }
    return false;
}

static bool is_usual(enum gw_sampling which, struct gw_str lexeme)
{
    if (which == GW_LOGIT_BIAS)
        return gw_str_eq(lexeme, GW_STR("{}"));
    return which > GW_TOP_K && which != GW_SEED && number_of(lexeme) == samplings[which].usual;
}

static void plan_sampling(struct gw_request *request, struct gw_messages_plan *plan)
{
    for (unsigned i = 0; i < GW_SAMPLINGS; i++) {
        struct gw_str given = request->sampling[i];
        if (!given.len || is_usual(i, given))
            continue;
        if (may_sample(plan, i, number_of(given)))
            plan->sampling[i] = given;
        else
            tell(request, GW_LEDGER_DROP, samplings[i].name);
    }
    if (plan->sampling[GW_TEMPERATURE].len && number_of(plan->sampling[GW_TEMPERATURE]) > 1) {
        plan->sampling[GW_TEMPERATURE] = GW_STR("1");
        tell(request, GW_LEDGER_CLAMP, "temperature");
    }
    if (plan->limits->top_p_or_temperature && plan->sampling[GW_TEMPERATURE].len &&
        plan->sampling[GW_TOP_P].len) {
        plan->sampling[GW_TOP_P].len = 0;
        tell(request, GW_LEDGER_DROP, "top_p");
    }
}

/* ---- all of it ---- */

static bool has_tool_parts(const struct gw_request *request)
{
    for (const struct gw_message *message = request->messages; message; message = message->next)
        for (const struct gw_part *part = message->parts; part; part = part->next)
            if (part->kind == GW_PART_TOOL_CALL || part->kind == GW_PART_TOOL_RESULT)
                return true;
    return false;
}

enum gw_status gw_messages_plan(struct gw_request *request, const struct gw_target_traits *target,
                                struct gw_messages_plan *plan_out, struct gw_complaint *complaint)
{
    enum gw_status status = check_hard(request, complaint);

    *plan_out = (struct gw_messages_plan){.limits = target->claude, .choice = request->tool_choice};
    if (status != GW_OK)
        return status;
    plan_out->tool_history = has_tool_parts(request);
    status = plan_structure(request, plan_out);
    if (status != GW_OK)
        return status;
    if (!request->tools && !plan_out->tool_history)
        plan_out->choice = GW_CHOICE_UNSET;
    if (plan_out->structure == GW_MESSAGES_STRUCTURE_TOOL)
        plan_out->choice = GW_CHOICE_TOOL;
    plan_max_tokens(request, plan_out);
    plan_thinking(request, plan_out);
    plan_sampling(request, plan_out);
    tell_dropped(request);
    return GW_OK;
}
