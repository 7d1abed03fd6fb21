#include "model/event.h"

void gw_usage_init(struct gw_usage *usage)
{
    for (unsigned i = 0; i < GW_TOKENS_FIELDS; i++)
        usage->tokens[i] = GW_TOKENS_UNKNOWN;
}

void gw_usage_merge(struct gw_usage *usage, const struct gw_usage *with)
{
    for (unsigned i = 0; i < GW_TOKENS_FIELDS; i++)
        if (with->tokens[i] >= 0)
            usage->tokens[i] = with->tokens[i];
}

/* Bits of what may come in a block, by its kind. */
#define BIT(delta) (1u << (delta))
static const unsigned deltas_of[] = {
    [GW_BLOCK_TEXT] = BIT(GW_DELTA_TEXT) | BIT(GW_DELTA_ANNOTATION) | BIT(GW_DELTA_LOGPROBS),
    [GW_BLOCK_REASONING] = BIT(GW_DELTA_REASONING) | BIT(GW_DELTA_SIGNATURE),
    [GW_BLOCK_REDACTED] = BIT(GW_DELTA_DATA),
    [GW_BLOCK_TOOL] = BIT(GW_DELTA_ARGUMENTS),
    [GW_BLOCK_REFUSAL] = BIT(GW_DELTA_REFUSAL) | BIT(GW_DELTA_LOGPROBS),
    [GW_BLOCK_SERVER_TOOL] = BIT(GW_DELTA_DATA),
    [GW_BLOCK_IMAGE] = BIT(GW_DELTA_DATA),
};

static bool refuse(struct gw_err *err, const char *what)
{
    gw_err_set(err, GW_INVALID, "could not take event: %s", what);
    return false;
}

/* What comes whole may come once; arguments whole or in fragments. */
static bool take_delta(struct gw_grammar *grammar, const struct gw_event *event, struct gw_err *err)
{
    if (!grammar->open || event->block + 1 != grammar->blocks)
        return refuse(err, "a delta of a block that is not open");
    if (event->block_kind != grammar->kind)
        return refuse(err, "a delta that says another kind of block");
    if (!(deltas_of[grammar->kind] & BIT(event->delta)))
        return refuse(err, "a delta of another kind of block");
    bool whole = event->delta == GW_DELTA_SIGNATURE || event->delta == GW_DELTA_DATA ||
                 (event->delta == GW_DELTA_ARGUMENTS && event->json.base);
    if (grammar->whole && (whole || event->delta == GW_DELTA_ARGUMENTS))
        return refuse(err, "a second delta of what comes whole");
    if (whole && event->delta == GW_DELTA_ARGUMENTS && grammar->fragments)
        return refuse(err, "whole arguments behind fragments");
    bool json = event->delta == GW_DELTA_ANNOTATION || event->delta == GW_DELTA_LOGPROBS ||
                grammar->kind == GW_BLOCK_SERVER_TOOL;
    if (!event->json.base && (json || !gw_text_present(event->text)))
        return refuse(err, "a delta without what it brings");
    grammar->whole = grammar->whole || whole;
    grammar->fragments = true;
    return true;
}

static bool take_block_start(struct gw_grammar *grammar, const struct gw_event *event,
                             struct gw_err *err)
{
    if (grammar->open)
        return refuse(err, "a block within a block");
    if (grammar->finished)
        return refuse(err, "a block behind the finish");
    if (event->block != grammar->blocks)
        return refuse(err, "a block with a wrong number");
    grammar->blocks++;
    grammar->kind = event->block_kind;
    grammar->open = true;
    grammar->whole = grammar->fragments = false;
    return true;
}

static bool take_block_stop(struct gw_grammar *grammar, const struct gw_event *event,
                            struct gw_err *err)
{
    if (!grammar->open || event->block + 1 != grammar->blocks)
        return refuse(err, "an end of a block that is not open");
    if (event->block_kind != grammar->kind)
        return refuse(err, "an end that says another kind of block");
    grammar->open = false;
    return true;
}

bool gw_grammar_take(struct gw_grammar *grammar, const struct gw_event *event, struct gw_err *err)
{
    if (grammar->ended)
        return refuse(err, "something behind the end");
    if (grammar->failed && event->kind != GW_EVENT_END)
        return refuse(err, "something behind an error");
    if (!grammar->started && event->kind != GW_EVENT_START && event->kind != GW_EVENT_ERROR &&
        !grammar->failed)
        return refuse(err, "something before the start");
    switch (event->kind) {
    case GW_EVENT_START:
        if (grammar->started)
            return refuse(err, "a second start");
        grammar->started = true;
        return true;
    case GW_EVENT_BLOCK_START:
        return take_block_start(grammar, event, err);
    case GW_EVENT_DELTA:
        return take_delta(grammar, event, err);
    case GW_EVENT_BLOCK_STOP:
        return take_block_stop(grammar, event, err);
    case GW_EVENT_FINISH:
        if (grammar->open || grammar->finished)
            return refuse(err, grammar->open ? "a finish within a block" : "a second finish");
        grammar->finished = true;
        return true;
    case GW_EVENT_ERROR:
        grammar->failed = true;
        return true;
    case GW_EVENT_END:
        if (!grammar->finished && !grammar->failed)
            return refuse(err, "an end without a finish");
        grammar->ended = true;
        return true;
    case GW_EVENT_USAGE:
    case GW_EVENT_PING:
        return true;
    }
    return refuse(err, "no such event");
}
