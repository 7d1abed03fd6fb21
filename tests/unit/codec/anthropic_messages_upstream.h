/*
 * tests/unit/codec/anthropic_messages_upstream: a request to Claude from the body of a Messages caller, as if it
 * were of another dialect, with what only the others have put in by hand.
 */
#ifndef GW_TESTS_UNIT_CODEC_ANTHROPIC_MESSAGES_UPSTREAM_H
#define GW_TESTS_UNIT_CODEC_ANTHROPIC_MESSAGES_UPSTREAM_H

#include "codec/codec.h"

typedef void tweak_fn(struct gw_request *request);

struct upstream {
    struct gw_arena arena;
    struct gw_ledger ledger;
    struct gw_request request;
    struct gw_complaint complaint;
    struct gw_buf out, warnings;
    enum gw_status status;
};

static void upstream_write(struct upstream *up, const char *body, const char *model,
                           tweak_fn *tweak)
{
    const struct gw_codec *codec = &gw_codec_anthropic_messages;
    struct gw_target_traits target = {.profile = NULL,
                                      .claude = gw_claude_limits_of(gw_str_of(model), NULL, 0),
                                      .model = gw_str_of(model)};

    *up = (struct upstream){.status = GW_OK};
    gw_arena_init(&up->arena, NULL);
    gw_buf_init(&up->out, 1 << 20);
    gw_buf_init(&up->warnings, 1 << 12);
    up->request = (struct gw_request){.arena = &up->arena, .ledger = &up->ledger};
    up->status = codec->read_request(gw_str_of(body), &up->request, &up->complaint);
    if (up->status != GW_OK)
        fail_msg("%s: %s", up->complaint.param, up->complaint.message);
    up->request.family = GW_FAMILY_OPENAI;
    if (tweak)
        tweak(&up->request);
    up->status = codec->write_request(&up->request, &target, &up->out, &up->complaint);
    assert_int_equal(gw_ledger_write(&up->ledger, &up->warnings), GW_OK);
}

static void upstream_finish(struct upstream *up)
{
    gw_buf_finish(&up->out);
    gw_buf_finish(&up->warnings);
    gw_arena_finish(&up->arena);
}

/* Compares what was written without `head` in front. */
static void upstream_check(const struct upstream *up, const char *label, const char *head,
                           const char *want, const char *warnings)
{
    struct gw_str got = gw_buf_str(&up->out), begin = gw_str_of(head);

    if (up->status != GW_OK)
        fail_msg("%s: %s: %s", label, up->complaint.param, up->complaint.message);
    if (!gw_str_starts(got, begin) || !gw_str_eq(gw_str_from(got, begin.len), gw_str_of(want)))
        fail_msg("%s:\n  got  %.*s\n  want %s%s", label, GW_STR_ARG(got), head, want);
    if (!gw_str_eq(gw_buf_str(&up->warnings), gw_str_of(warnings)))
        fail_msg("%s: warnings %.*s, not %s", label, GW_STR_ARG(gw_buf_str(&up->warnings)),
                 warnings);
}

#endif
