/* How a caller asks for reasoning, in any of the forms that there are (translation.md §3.1). */
#include "codec/openai_chat_private.h"

/* Effort as one of the words known here; others are dropped, for nothing can be made of them. */
static void take_effort(struct gw_chat_reading *reading, uint32_t effort, struct gw_str name)
{
    struct gw_request *request = reading->request;
    struct gw_text word = {gw_json_raw(reading->json, effort)};
    enum gw_effort known = gw_text_present(word) ? gw_effort_of(word) : GW_EFFORT_UNSET;

    if (known == GW_EFFORT_UNSET) {
        gw_ledger_add(request->ledger, GW_LEDGER_DROP, name);
        return;
    }
    request->reasoning.effort = known;
    if (request->reasoning.mode == GW_REASONING_UNSET)
        request->reasoning.mode = known == GW_EFFORT_NONE ? GW_REASONING_OFF : GW_REASONING_ON;
}

static void take_budget(struct gw_chat_reading *reading, uint32_t budget)
{
    int64_t tokens;

    if (gw_json_int64(reading->json, budget, &tokens) && tokens > 0)
        reading->request->reasoning.budget = gw_json_slice(reading->json, budget);
}

/* Claude's and DeepSeek's form. */
static enum gw_status read_thinking(struct gw_chat_reading *reading, uint32_t thinking)
{
    const struct gw_json *json = reading->json;
    struct gw_request *request = reading->request;
    uint32_t type = gw_json_get(json, thinking, GW_STR("type"));

    if (thinking == GW_JSON_ABSENT)
        return GW_OK;
    if (gw_json_equals(json, type, GW_STR("enabled")))
        request->reasoning.mode = GW_REASONING_ON;
    else if (gw_json_equals(json, type, GW_STR("adaptive")))
        request->reasoning.mode = GW_REASONING_ADAPTIVE;
    else if (gw_json_equals(json, type, GW_STR("disabled")))
        request->reasoning.mode = GW_REASONING_OFF;
    else
        return gw_chat_wrong(reading, "thinking", "have the type enabled, adaptive or disabled");
    take_budget(reading, gw_json_get(json, thinking, GW_STR("budget_tokens")));
    request->reasoning.display = gw_chat_filled(json, thinking, GW_STR("display"));
    return GW_OK;
}

/* OpenRouter's form. */
static void read_object(struct gw_chat_reading *reading, uint32_t object)
{
    const struct gw_json *json = reading->json;
    struct gw_request *request = reading->request;
    uint32_t effort = gw_chat_member(json, object, GW_STR("effort"));
    bool set;

    if (gw_json_bool(json, gw_json_get(json, object, GW_STR("enabled")), &set))
        request->reasoning.mode = set ? GW_REASONING_ON : GW_REASONING_OFF;
    take_budget(reading, gw_json_get(json, object, GW_STR("max_tokens")));
    if (request->reasoning.budget.base && request->reasoning.mode == GW_REASONING_UNSET)
        request->reasoning.mode = GW_REASONING_ON;
    if (effort != GW_JSON_ABSENT)
        take_effort(reading, effort, GW_STR("reasoning"));
    if (gw_text_present(gw_chat_filled(json, object, GW_STR("summary"))))
        request->reasoning.summary = gw_chat_filled(json, object, GW_STR("summary"));
    if (gw_json_bool(json, gw_json_get(json, object, GW_STR("exclude")), &set) && set)
        request->reasoning.display = GW_TEXT("omitted");
}

enum gw_status gw_chat_read_thinking(struct gw_chat_reading *reading, uint32_t thinking,
                                     uint32_t reasoning, uint32_t effort)
{
    enum gw_status status = read_thinking(reading, thinking);

    if (status != GW_OK)
        return status;
    if (reasoning != GW_JSON_ABSENT)
        read_object(reading, reasoning);
    if (effort != GW_JSON_ABSENT)
        take_effort(reading, effort, GW_STR("reasoning_effort"));
    return GW_OK;
}
