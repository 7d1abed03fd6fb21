/*
 * tests/unit/codec/chat_play: what the tests of the chat codec share: events as lines of text, requests read
 * and written.
 */
#ifndef GW_TESTS_UNIT_CODEC_CHAT_PLAY_H
#define GW_TESTS_UNIT_CODEC_CHAT_PLAY_H

#include <stdio.h>

#include "unit/test.h"

#include "codec/codec.h"

#define PLAY_BYTES_MAX ((size_t)1 << 20)

static const struct gw_text no_text = {{NULL, 0}};

static inline struct gw_text text_of(const char *raw)
{
    return raw ? (struct gw_text){gw_str_of(raw)} : no_text;
}

/* ---- events as lines ---- */

struct seen {
    struct gw_buf lines;
    struct gw_grammar grammar;
    enum gw_status answer; /* what the callback gives back */
};

static inline void seen_init(struct seen *seen)
{
    *seen = (struct seen){0};
    gw_buf_init(&seen->lines, PLAY_BYTES_MAX);
}

static inline void say(struct seen *seen, const char *word, struct gw_str text)
{
    assert_int_equal(gw_buf_printf(&seen->lines, "%s%.*s", word, text.base ? (int)text.len : 1,
                                   text.base ? text.base : "-"),
                     GW_OK);
}

static inline void say_given(struct seen *seen, const char *word, struct gw_text text)
{
    if (gw_text_present(text))
        say(seen, word, text.raw);
}

static inline void say_open(struct seen *seen, const struct gw_event *event)
{
    static const char *const kinds[] = {
        [GW_BLOCK_TEXT] = "text",         [GW_BLOCK_REASONING] = "reasoning",
        [GW_BLOCK_REDACTED] = "redacted", [GW_BLOCK_TOOL] = "tool",
        [GW_BLOCK_REFUSAL] = "refusal",   [GW_BLOCK_SERVER_TOOL] = "server",
        [GW_BLOCK_IMAGE] = "image",
    };
    char letter = event->family == GW_FAMILY_NONE ? '-' : gw_family_letter(event->family);

    say(seen, kinds[event->block_kind], GW_STR(""));
    if (event->block_kind == GW_BLOCK_REASONING || event->block_kind == GW_BLOCK_REDACTED)
        say(seen, " ", (struct gw_str){&letter, 1});
    if (event->block_kind == GW_BLOCK_TOOL && event->tool == GW_TOOL_CUSTOM)
        say(seen, " custom", GW_STR(""));
    say_given(seen, " id=", event->id);
    say_given(seen, " name=", event->name);
    say_given(seen, " gsig=", event->gsig);
}

static inline void say_usage(struct seen *seen, const struct gw_usage *usage)
{
    static const char *const names[GW_TOKENS_FIELDS] = {
        "in",       "read",     "write",     "write_5m", "write_1h", "out",
        "thinking", "in_audio", "out_audio", "accepted", "rejected", "searches",
    };

    say(seen, "usage", GW_STR(""));
    for (unsigned i = 0; i < GW_TOKENS_FIELDS; i++)
        if (usage->tokens[i] != GW_TOKENS_UNKNOWN)
            assert_int_equal(
                gw_buf_printf(&seen->lines, " %s=%lld", names[i], (long long)usage->tokens[i]),
                GW_OK);
}

static inline void say_delta(struct seen *seen, const struct gw_event *event)
{
    static const char *const kinds[] = {
        [GW_DELTA_TEXT] = "  ",
        [GW_DELTA_ARGUMENTS] = "  args ",
        [GW_DELTA_REASONING] = "  ",
        [GW_DELTA_SIGNATURE] = "  signature ",
        [GW_DELTA_DATA] = "  data ",
        [GW_DELTA_REFUSAL] = "  ",
        [GW_DELTA_ANNOTATION] = "  note ",
        [GW_DELTA_LOGPROBS] = "  logprobs ",
    };

    say(seen, kinds[event->delta], event->json.base ? event->json : event->text.raw);
}

static inline void say_finish(struct seen *seen, const struct gw_event *event)
{
    static const char *const reasons[GW_FINISHES] = {
        "none",     "stop",           "stop_sequence", "length", "context_length",
        "tool_use", "content_filter", "refusal",       "pause"};

    say(seen, "finish ", gw_str_of(reasons[event->finish]));
    say_given(seen, " raw=", event->finish_raw);
    say_given(seen, " sequence=", event->stop_sequence);
    say_given(seen, " explanation=", event->explanation);
}

static inline void say_failure(struct seen *seen, const struct gw_failure_told *told)
{
    static const char *const classes[GW_CLASSES] = {
        [GW_CLASS_BAD_REQUEST] = "bad_request",
        [GW_CLASS_CONTEXT] = "context",
        [GW_CLASS_AUTH] = "auth",
        [GW_CLASS_BILLING] = "billing",
        [GW_CLASS_PERMISSION] = "permission",
        [GW_CLASS_NOT_FOUND] = "not_found",
        [GW_CLASS_TIMEOUT] = "timeout",
        [GW_CLASS_CONFLICT] = "conflict",
        [GW_CLASS_TOO_LARGE] = "too_large",
        [GW_CLASS_UNPROCESSABLE] = "unprocessable",
        [GW_CLASS_RATE_LIMIT] = "rate_limit",
        [GW_CLASS_INTERNAL] = "internal",
        [GW_CLASS_BAD_GATEWAY] = "bad_gateway",
        [GW_CLASS_OVERLOADED] = "overloaded",
        [GW_CLASS_GATEWAY_TIMEOUT] = "gateway_timeout",
        [GW_CLASS_CANCELLED] = "cancelled",
    };

    say(seen, "error ", gw_str_of(classes[told->class]));
    say(seen, " ", told->code.raw);
    say_given(seen, " param=", told->param);
    say(seen, ": ", told->message.raw);
}

/* A gw_event_fn that writes a line for each event, and checks their order. */
static inline enum gw_status see(void *arg, const struct gw_event *event)
{
    struct seen *seen = arg;
    struct gw_err err = {0};

    if (!gw_grammar_take(&seen->grammar, event, &err))
        fail_msg("%s, behind:\n%.*s", err.message, GW_STR_ARG(gw_buf_str(&seen->lines)));
    switch (event->kind) {
    case GW_EVENT_START:
        say(seen, "start ", event->id.raw);
        say(seen, " ", event->model.raw);
        say(seen, " ", event->created);
        say_given(seen, " tier=", event->service_tier);
        say_given(seen, " print=", event->fingerprint);
        break;
    case GW_EVENT_BLOCK_START:
        say_open(seen, event);
        break;
    case GW_EVENT_DELTA:
        say_delta(seen, event);
        break;
    case GW_EVENT_BLOCK_STOP:
        say(seen, ".", GW_STR(""));
        break;
    case GW_EVENT_USAGE:
        say_usage(seen, &event->usage);
        break;
    case GW_EVENT_FINISH:
        say_finish(seen, event);
        break;
    case GW_EVENT_ERROR:
        say_failure(seen, &event->failure);
        break;
    case GW_EVENT_PING:
        say(seen, "ping", GW_STR(""));
        break;
    case GW_EVENT_END:
        say(seen, "end", GW_STR(""));
        break;
    }
    say(seen, "\n", GW_STR(""));
    return seen->answer;
}

static inline void check_bytes(const char *label, struct gw_str got, const char *expected)
{
    if (!gw_str_eq(got, gw_str_of(expected)))
        fail_msg("%s:\ngot      %.*s\nexpected %s", label, GW_STR_ARG(got), expected);
}

/* ---- events to be written ---- */

/* What a caller said, and what is known when it is answered. */
struct play {
    struct gw_arena arena, scratch;
    struct gw_ledger ledger;
    struct gw_request request;
    struct gw_complaint complaint;
    struct gw_answer_context context;
    struct gw_buf out;
};

static inline void play_init(struct play *play)
{
    *play = (struct play){0};
    gw_arena_init(&play->arena, NULL);
    gw_arena_init(&play->scratch, NULL);
    gw_buf_init(&play->out, PLAY_BYTES_MAX);
    play->request.arena = &play->arena;
    play->request.ledger = &play->ledger;
    play->context = (struct gw_answer_context){
        .request = &play->request,
        .model = GW_TEXT("sent-model"),
        .now_s = 1760000000,
        .seed = GW_STR("0123456789abcdef"),
        .request_id = GW_STR("req-1"),
    };
}

static inline void play_finish(struct play *play)
{
    gw_buf_finish(&play->out);
    gw_arena_finish(&play->scratch);
    gw_arena_finish(&play->arena);
}

/* The warnings, one after the other. */
static inline struct gw_str play_warnings(struct play *play)
{
    struct gw_buf buf;

    gw_buf_init(&buf, PLAY_BYTES_MAX);
    assert_int_equal(gw_ledger_write(&play->ledger, &buf), GW_OK);
    struct gw_str warnings = gw_arena_str(&play->arena, gw_buf_str(&buf));
    gw_buf_finish(&buf);
    return warnings;
}

#endif
