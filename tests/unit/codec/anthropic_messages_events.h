/*
 * tests/unit/codec/anthropic_messages_events: an answer's events as one line of text, for tests of readers: checked
 * against the grammar as they come.
 */
#ifndef GW_TESTS_UNIT_CODEC_ANTHROPIC_MESSAGES_EVENTS_H
#define GW_TESTS_UNIT_CODEC_ANTHROPIC_MESSAGES_EVENTS_H

#include <stdio.h>

#include "codec/codec.h"

struct seen {
    struct gw_buf text;
    struct gw_grammar grammar;
    const char *label;
};

static void seen_init(struct seen *seen, const char *label)
{
    *seen = (struct seen){.label = label};
    gw_buf_init(&seen->text, 1 << 20);
}

static void seen_text(struct seen *seen, const char *name, struct gw_text text)
{
    if (gw_text_present(text))
        gw_buf_printf(&seen->text, " %s=%.*s", name, GW_STR_ARG(text.raw));
}

static void seen_usage(struct seen *seen, const struct gw_usage *usage)
{
    static const char *const names[GW_TOKENS_FIELDS] = {"in",        "read", "write", "5m",
                                                        "1h",        "out",  "think", "in_audio",
                                                        "out_audio", "acc",  "rej",   "web"};

    for (unsigned i = 0; i < GW_TOKENS_FIELDS; i++)
        if (usage->tokens[i] >= 0)
            gw_buf_printf(&seen->text, " %s=%lld", names[i], (long long)usage->tokens[i]);
}

static void seen_delta(struct seen *seen, const struct gw_event *event)
{
    static const char *const names[] = {"text", "args",   "think", "sig",
                                        "data", "refuse", "cite",  "logprobs"};

    gw_buf_printf(&seen->text, "%s:", names[event->delta]);
    if (event->json.base)
        gw_buf_printf(&seen->text, "%.*s", GW_STR_ARG(event->json));
    else
        gw_buf_printf(&seen->text, "'%.*s'", GW_STR_ARG(event->text.raw));
}

static void seen_failure(struct seen *seen, const struct gw_failure_told *told)
{
    gw_buf_printf(&seen->text, "error %d", (int)told->class);
    seen_text(seen, "code", told->code);
    seen_text(seen, "message", told->message);
}

/* A gw_event_fn. */
static enum gw_status see(void *arg, const struct gw_event *event)
{
    static const char *const blocks[] = {"text",    "thinking", "redacted", "tool",
                                         "refusal", "server",   "image"};
    static const char *const finishes[] = {"none",   "stop",    "stop_sequence",
                                           "length", "context", "tool_use",
                                           "filter", "refusal", "pause"};
    struct seen *seen = arg;
    struct gw_err err;

    if (!gw_grammar_take(&seen->grammar, event, &err))
        fail_msg("%s: %s", seen->label, err.message);
    if (gw_buf_len(&seen->text))
        gw_buf_add(&seen->text, GW_STR("; "));
    switch (event->kind) {
    case GW_EVENT_START:
        gw_buf_add(&seen->text, GW_STR("start"));
        seen_text(seen, "id", event->id);
        seen_text(seen, "model", event->model);
        seen_text(seen, "tier", event->service_tier);
        seen_usage(seen, &event->usage);
        break;
    case GW_EVENT_BLOCK_START:
        gw_buf_printf(&seen->text, "%u %s", event->block, blocks[event->block_kind]);
        seen_text(seen, "id", event->id);
        seen_text(seen, "name", event->name);
        break;
    case GW_EVENT_DELTA:
        seen_delta(seen, event);
        break;
    case GW_EVENT_BLOCK_STOP:
        gw_buf_add(&seen->text, GW_STR("stop"));
        break;
    case GW_EVENT_USAGE:
        gw_buf_add(&seen->text, GW_STR("usage"));
        seen_usage(seen, &event->usage);
        break;
    case GW_EVENT_FINISH:
        gw_buf_printf(&seen->text, "finish %s", finishes[event->finish]);
        seen_text(seen, "raw", event->finish_raw);
        seen_text(seen, "at", event->stop_sequence);
        seen_text(seen, "why", event->explanation);
        if (event->stop_details.base)
            gw_buf_printf(&seen->text, " details=%.*s", GW_STR_ARG(event->stop_details));
        break;
    case GW_EVENT_ERROR:
        seen_failure(seen, &event->failure);
        break;
    case GW_EVENT_PING:
        gw_buf_add(&seen->text, GW_STR("ping"));
        break;
    case GW_EVENT_END:
        gw_buf_add(&seen->text, GW_STR("end"));
        break;
    }
    return GW_OK;
}

static void seen_check(struct seen *seen, const char *expected)
{
    if (!gw_str_eq(gw_buf_str(&seen->text), gw_str_of(expected)))
        fail_msg("%s:\n  got  %.*s\n  want %s", seen->label, GW_STR_ARG(gw_buf_str(&seen->text)),
                 expected);
    gw_buf_finish(&seen->text);
}

#endif
