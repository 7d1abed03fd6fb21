/*
 * What an upstream counts, and why it stopped (translation.md §5.1, §5.3).
 */
#include "codec/openai_chat_private.h"

/* Members, innermost last; providers have several places for one thing, and the first that is there counts. */
static const struct {
    enum gw_chat_count count;
    struct gw_str inside, name; /* inside.base NULL: of `usage` itself */
} places[] = {
    {GW_CHAT_PROMPT, {NULL, 0}, GW_STR_INIT("prompt_tokens")},
    {GW_CHAT_COMPLETION, {NULL, 0}, GW_STR_INIT("completion_tokens")},
    {GW_CHAT_TOTAL, {NULL, 0}, GW_STR_INIT("total_tokens")},
    {GW_CHAT_CACHED, GW_STR_INIT("prompt_tokens_details"), GW_STR_INIT("cached_tokens")},
    {GW_CHAT_CACHED, {NULL, 0}, GW_STR_INIT("prompt_cache_hit_tokens")},
    {GW_CHAT_CACHED, {NULL, 0}, GW_STR_INIT("num_cached_tokens")},
    {GW_CHAT_CACHED, {NULL, 0}, GW_STR_INIT("cached_tokens")},
    {GW_CHAT_CACHE_WRITE, GW_STR_INIT("prompt_tokens_details"), GW_STR_INIT("cache_write_tokens")},
    {GW_CHAT_REASONING, GW_STR_INIT("completion_tokens_details"), GW_STR_INIT("reasoning_tokens")},
    {GW_CHAT_REASONING, {NULL, 0}, GW_STR_INIT("reasoning_tokens")},
    {GW_CHAT_PROMPT_AUDIO, GW_STR_INIT("prompt_tokens_details"), GW_STR_INIT("audio_tokens")},
    {GW_CHAT_COMPLETION_AUDIO, GW_STR_INIT("completion_tokens_details"),
     GW_STR_INIT("audio_tokens")},
    {GW_CHAT_ACCEPTED, GW_STR_INIT("completion_tokens_details"),
     GW_STR_INIT("accepted_prediction_tokens")},
    {GW_CHAT_REJECTED, GW_STR_INIT("completion_tokens_details"),
     GW_STR_INIT("rejected_prediction_tokens")},
};

void gw_chat_read_counts(const struct gw_json *json, uint32_t usage, struct gw_chat_counts *counts)
{
    bool seen[GW_CHAT_COUNTS] = {false};

    for (size_t i = 0; i < GW_COUNT(places); i++) {
        uint32_t object =
            places[i].inside.base ? gw_json_get(json, usage, places[i].inside) : usage;
        int64_t value;
        if (seen[places[i].count] ||
            !gw_json_int64(json, gw_json_get(json, object, places[i].name), &value) || value < 0)
            continue;
        seen[places[i].count] = true;
        counts->known[places[i].count] = true;
        counts->value[places[i].count] = value;
    }
}

/* Counts come from outside: sums stop at the largest number. */
static int64_t add(int64_t a, int64_t b)
{
    int64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

bool gw_chat_usage(const struct gw_chat_counts *counts, struct gw_usage *usage_out)
{
    static const enum gw_tokens fields[GW_CHAT_COUNTS] = {
        [GW_CHAT_PROMPT] = GW_TOKENS_IN,
        [GW_CHAT_COMPLETION] = GW_TOKENS_OUT,
        [GW_CHAT_TOTAL] = GW_TOKENS_FIELDS, /* it is the sum of others */
        [GW_CHAT_CACHED] = GW_TOKENS_CACHE_READ,
        [GW_CHAT_CACHE_WRITE] = GW_TOKENS_CACHE_WRITE,
        [GW_CHAT_REASONING] = GW_TOKENS_REASONING,
        [GW_CHAT_PROMPT_AUDIO] = GW_TOKENS_IN_AUDIO,
        [GW_CHAT_COMPLETION_AUDIO] = GW_TOKENS_OUT_AUDIO,
        [GW_CHAT_ACCEPTED] = GW_TOKENS_ACCEPTED_PREDICTION,
        [GW_CHAT_REJECTED] = GW_TOKENS_REJECTED_PREDICTION,
    };
    const int64_t *value = counts->value;
    int64_t *tokens = usage_out->tokens;
    bool any = false;

    gw_usage_init(usage_out);
    for (unsigned i = 0; i < GW_CHAT_COUNTS; i++) {
        if (!counts->known[i])
            continue;
        any = true;
        if (fields[i] != GW_TOKENS_FIELDS)
            tokens[fields[i]] = value[i];
    }
    if (counts->known[GW_CHAT_PROMPT] && counts->known[GW_CHAT_CACHED] &&
        value[GW_CHAT_PROMPT] < value[GW_CHAT_CACHED])
        tokens[GW_TOKENS_IN] = add(value[GW_CHAT_PROMPT], value[GW_CHAT_CACHED]);
    /* xAI counts what was thought beside what was said. */
    if (counts->known[GW_CHAT_TOTAL] && value[GW_CHAT_REASONING] > 0 &&
        value[GW_CHAT_TOTAL] ==
            add(add(value[GW_CHAT_PROMPT], value[GW_CHAT_COMPLETION]), value[GW_CHAT_REASONING]))
        tokens[GW_TOKENS_OUT] = add(value[GW_CHAT_COMPLETION], value[GW_CHAT_REASONING]);
    return any;
}

static const struct {
    struct gw_str word;
    enum gw_finish finish; /* NONE: a failure */
} endings[] = {
    {GW_STR_INIT("stop"), GW_FINISH_STOP},
    {GW_STR_INIT("eos"), GW_FINISH_STOP},
    {GW_STR_INIT("end_turn"), GW_FINISH_STOP},
    {GW_STR_INIT("length"), GW_FINISH_LENGTH},
    {GW_STR_INIT("model_length"), GW_FINISH_LENGTH},
    {GW_STR_INIT("tool_calls"), GW_FINISH_TOOL_USE},
    {GW_STR_INIT("function_call"), GW_FINISH_TOOL_USE},
    {GW_STR_INIT("content_filter"), GW_FINISH_CONTENT_FILTER},
    {GW_STR_INIT("error"), GW_FINISH_NONE},
    {GW_STR_INIT("insufficient_system_resource"), GW_FINISH_NONE},
};

void gw_chat_read_ending(const struct gw_json *json, uint32_t choice,
                         struct gw_chat_ending *ending_out)
{
    uint32_t reason = gw_json_get(json, choice, GW_STR("finish_reason"));
    struct gw_chat_ending ending = {.raw = gw_chat_filled(json, choice, GW_STR("finish_reason"))};

    *ending_out = ending;
    if (!gw_text_present(ending.raw))
        return;
    ending.finish = GW_FINISH_STOP;
    for (size_t i = 0; i < GW_COUNT(endings); i++)
        if (gw_json_equals(json, reason, endings[i].word)) {
            ending.finish = endings[i].finish;
            ending.failed = endings[i].finish == GW_FINISH_NONE;
        }
    /* vLLM: the string that was met; a number is the id of a token. */
    ending.stop_sequence = gw_chat_text(json, choice, GW_STR("stop_reason"));
    if (ending.finish == GW_FINISH_STOP && gw_text_present(ending.stop_sequence))
        ending.finish = GW_FINISH_STOP_SEQUENCE;
    *ending_out = ending;
}
