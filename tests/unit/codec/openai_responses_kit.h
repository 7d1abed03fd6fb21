/*
 * tests/unit/codec/openai_responses_kit: what the tests of this codec share: messages and events as text, so that
 * a table can say what comes out.
 */
#ifndef GW_TESTS_OPENAI_RESPONSES_KIT_H
#define GW_TESTS_OPENAI_RESPONSES_KIT_H

#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/codec.h"

#define KIT_BYTES_MAX ((size_t)1 << 24)
#define SEED "0123456789abcdef"

struct kit {
    struct gw_arena arena;
    struct gw_ledger ledger;
    struct gw_request request;
    struct gw_complaint complaint;
    struct gw_buf out;
    struct gw_target_traits target;
};

static inline void kit_begin(struct kit *kit)
{
    *kit = (struct kit){0};
    gw_arena_init(&kit->arena, NULL);
    gw_buf_init(&kit->out, KIT_BYTES_MAX);
    kit->request.arena = &kit->arena;
    kit->request.ledger = &kit->ledger;
    kit->target.profile = gw_profile_of(GW_STR("openai"));
    kit->target.model = GW_STR("gpt-4.1");
}

static inline void kit_end(struct kit *kit)
{
    gw_buf_finish(&kit->out);
    gw_arena_finish(&kit->arena);
}

static inline void kit_expect(const char *label, struct gw_str got, const char *expected)
{
    if (!gw_str_eq(got, gw_str_of(expected)))
        fail_msg("%s\n     got: %.*s\nexpected: %s", label, GW_STR_ARG(got), expected);
}

static inline enum gw_status kit_read(struct kit *kit, const char *body)
{
    return gw_codec_openai_responses.read_request(gw_str_of(body), &kit->request, &kit->complaint);
}

/* ---- requests as text ---- */

static inline void kit_text(struct gw_buf *out, const char *name, struct gw_text text)
{
    if (gw_text_present(text))
        assert_int_equal(gw_buf_printf(out, " %s=%.*s", name, GW_STR_ARG(text.raw)), GW_OK);
}

static inline void kit_json(struct gw_buf *out, const char *name, struct gw_str json)
{
    kit_text(out, name, (struct gw_text){json});
}

static inline void kit_parts(struct gw_buf *out, const struct gw_part *part)
{
    static const char *const kinds[] = {
        [GW_PART_TEXT] = "text",
        [GW_PART_IMAGE] = "image",
        [GW_PART_DOCUMENT] = "document",
        [GW_PART_AUDIO] = "audio",
        [GW_PART_VIDEO] = "video",
        [GW_PART_TOOL_CALL] = "call",
        [GW_PART_TOOL_RESULT] = "result",
        [GW_PART_REASONING] = "reasoning",
        [GW_PART_REDACTED] = "redacted",
        [GW_PART_REFUSAL] = "refusal",
        [GW_PART_SERVER_TOOL] = "server_tool",
    };
    static const char *const sources[] = {"", "url", "base64", "text", "file"};

    for (; part; part = part->next) {
        gw_buf_printf(out, " (%s", kinds[part->kind]);
        if (part->family)
            gw_buf_printf(out, " fam=%c", gw_family_letter(part->family));
        if (part->tool == GW_TOOL_CUSTOM)
            gw_buf_printf(out, " custom");
        kit_text(out, "id", part->id);
        kit_text(out, "space", part->space);
        kit_text(out, "name", part->name);
        kit_text(out, "args", part->arguments.string);
        kit_json(out, "json", part->arguments.json);
        kit_text(out, "gsig", part->gsig);
        kit_text(out, "text", part->text);
        if (part->source.kind) {
            kit_text(out, sources[part->source.kind], part->source.data);
            kit_text(out, "mime", part->source.mime);
        }
        kit_text(out, "detail", part->detail);
        kit_text(out, "filename", part->filename);
        kit_json(out, "annotations", part->annotations);
        kit_text(out, "sig", part->signature);
        kit_text(out, "data", part->data);
        kit_json(out, "raw", part->raw);
        kit_text(out, "at", part->path);
        kit_parts(out, part->parts);
        gw_buf_printf(out, ")");
    }
}

/* "system (text text=…) | user (text text=…) | assistant …" */
static inline void kit_messages(struct gw_buf *out, const struct gw_request *request)
{
    static const char *const roles[] = {"user", "assistant", "system"};

    if (request->system) {
        gw_buf_printf(out, "first");
        kit_parts(out, request->system);
    }
    for (const struct gw_message *message = request->messages; message; message = message->next) {
        gw_buf_printf(out, "%s%s", gw_buf_len(out) ? " | " : "", roles[message->role]);
        kit_text(out, "phase", message->phase);
        kit_parts(out, message->parts);
    }
}

/* ---- events as text ---- */

struct kit_events {
    struct gw_buf out;
    struct gw_grammar grammar;
    struct gw_answer *answer; /* NULL: none is wanted */
};

static inline const char *kit_class(enum gw_failure_class class)
{
    static const char *const names[GW_CLASSES] = {
        [GW_CLASS_BAD_REQUEST] = "bad_request",
        [GW_CLASS_CONTEXT] = "context",
        [GW_CLASS_AUTH] = "auth",
        [GW_CLASS_BILLING] = "billing",
        [GW_CLASS_RATE_LIMIT] = "rate_limit",
        [GW_CLASS_INTERNAL] = "internal",
        [GW_CLASS_BAD_GATEWAY] = "bad_gateway",
        [GW_CLASS_OVERLOADED] = "overloaded",
    };

    return names[class] ? names[class] : "other";
}

static inline void kit_usage(struct gw_buf *out, const struct gw_usage *usage)
{
    static const char *const names[GW_TOKENS_FIELDS] = {[GW_TOKENS_IN] = "in",
                                                        [GW_TOKENS_CACHE_READ] = "read",
                                                        [GW_TOKENS_CACHE_WRITE] = "write",
                                                        [GW_TOKENS_OUT] = "out",
                                                        [GW_TOKENS_REASONING] = "reasoning"};

    for (unsigned i = 0; i < GW_TOKENS_FIELDS; i++)
        if (usage->tokens[i] >= 0)
            gw_buf_printf(out, " %s=%lld", names[i] ? names[i] : "other",
                          (long long)usage->tokens[i]);
}

static inline void kit_event(struct gw_buf *out, const struct gw_event *event)
{
    static const char *const blocks[] = {
        [GW_BLOCK_TEXT] = "text",         [GW_BLOCK_REASONING] = "reasoning",
        [GW_BLOCK_REDACTED] = "redacted", [GW_BLOCK_TOOL] = "tool",
        [GW_BLOCK_REFUSAL] = "refusal",   [GW_BLOCK_SERVER_TOOL] = "server_tool",
        [GW_BLOCK_IMAGE] = "image"};
    static const char *const deltas[] = {[GW_DELTA_TEXT] = "",
                                         [GW_DELTA_ARGUMENTS] = "",
                                         [GW_DELTA_REASONING] = "",
                                         [GW_DELTA_SIGNATURE] = "signature ",
                                         [GW_DELTA_DATA] = "data ",
                                         [GW_DELTA_REFUSAL] = "",
                                         [GW_DELTA_ANNOTATION] = "note ",
                                         [GW_DELTA_LOGPROBS] = "logprobs "};
    static const char *const finishes[] = {"none",           "stop",           "stop_sequence",
                                           "length",         "context_length", "tool_use",
                                           "content_filter", "refusal",        "pause"};

    switch (event->kind) {
    case GW_EVENT_START:
        gw_buf_printf(out, "start");
        kit_text(out, "id", event->id);
        kit_text(out, "model", event->model);
        kit_json(out, "created", event->created);
        kit_text(out, "tier", event->service_tier);
        break;
    case GW_EVENT_BLOCK_START:
        gw_buf_printf(
            out, "+%u %s%s", event->block, blocks[event->block_kind],
            event->block_kind == GW_BLOCK_TOOL && event->tool == GW_TOOL_CUSTOM ? " custom" : "");
        kit_text(out, "id", event->id);
        kit_text(out, "name", event->name);
        break;
    case GW_EVENT_DELTA:
        gw_buf_printf(out, "%s\"%.*s\"%.*s", deltas[event->delta], GW_STR_ARG(event->text.raw),
                      GW_STR_ARG(event->json));
        break;
    case GW_EVENT_BLOCK_STOP:
        gw_buf_printf(out, "-%u", event->block);
        break;
    case GW_EVENT_USAGE:
        gw_buf_printf(out, "usage");
        kit_usage(out, &event->usage);
        break;
    case GW_EVENT_FINISH:
        gw_buf_printf(out, "finish %s", finishes[event->finish]);
        kit_text(out, "tier", event->service_tier);
        break;
    case GW_EVENT_ERROR:
        gw_buf_printf(out, "error %s", kit_class(event->failure.class));
        kit_text(out, "code", event->failure.code);
        kit_text(out, "message", event->failure.message);
        break;
    case GW_EVENT_PING:
        gw_buf_printf(out, "ping");
        break;
    case GW_EVENT_END:
        gw_buf_printf(out, "end");
        break;
    }
    gw_buf_printf(out, "\n");
}

static inline enum gw_status kit_on_event(void *arg, const struct gw_event *event)
{
    struct kit_events *events = arg;
    struct gw_err err = {0};

    if (!gw_grammar_take(&events->grammar, event, &err))
        fail_msg("%s after\n%.*s", err.message, GW_STR_ARG(gw_buf_str(&events->out)));
    kit_event(&events->out, event);
    return events->answer ? gw_answer_take(events->answer, event) : GW_OK;
}

static inline void kit_events_begin(struct kit_events *events)
{
    *events = (struct kit_events){0};
    gw_buf_init(&events->out, KIT_BYTES_MAX);
}

static inline void kit_events_end(struct kit_events *events)
{
    gw_buf_finish(&events->out);
}

/* ---- answers ---- */

static inline struct gw_answer_context kit_context(struct kit *kit, const char *body)
{
    return (struct gw_answer_context){
        .request = &kit->request,
        .body = gw_str_of(body),
        .model = GW_TEXT("sent"),
        .now_s = 1760000001,
        .seed = GW_STR(SEED),
        .request_id = GW_STR("req"),
    };
}

#endif
