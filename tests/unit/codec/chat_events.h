/*
 * tests/unit/codec/chat_events: answers to be written, as rows of events.
 */
#ifndef GW_TESTS_UNIT_CODEC_CHAT_EVENTS_H
#define GW_TESTS_UNIT_CODEC_CHAT_EVENTS_H

#include "codec/chat_play.h"

#define EVENTS_MAX 16u
#define T(raw)                                                                                     \
    {                                                                                              \
        {                                                                                          \
            "" raw, sizeof(raw) - 1                                                                \
        }                                                                                          \
    }
#define S(raw)                                                                                     \
    {                                                                                              \
        "" raw, sizeof(raw) - 1                                                                    \
    }

/* What ends a row: a kind that is none. */
#define NO_EVENT ((enum gw_event_kind)99)
#define STOP                                                                                       \
    {                                                                                              \
        .kind = NO_EVENT                                                                           \
    }

#define BEGIN(...)                                                                                 \
    {                                                                                              \
        .kind = GW_EVENT_START, .usage = {{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}},       \
        __VA_ARGS__                                                                                \
    }
#define BEGUN BEGIN(.id = T("c1"), .model = T("m"), .created = S("17"))
#define OPEN(what, ...)                                                                            \
    {                                                                                              \
        .kind = GW_EVENT_BLOCK_START, .block_kind = GW_BLOCK_##what, __VA_ARGS__                   \
    }
#define PIECE(what, raw)                                                                           \
    {                                                                                              \
        .kind = GW_EVENT_DELTA, .delta = GW_DELTA_##what, .text = T(raw)                           \
    }
#define WHOLE(what, raw, ...)                                                                      \
    {                                                                                              \
        .kind = GW_EVENT_DELTA, .delta = GW_DELTA_##what, .json = S(raw), __VA_ARGS__              \
    }
#define CLOSE                                                                                      \
    {                                                                                              \
        .kind = GW_EVENT_BLOCK_STOP                                                                \
    }
#define USED(in, read, write, out, reasoning)                                                      \
    {                                                                                              \
        .kind = GW_EVENT_USAGE, .usage = {                                                         \
            {in, read, write, -1, -1, out, reasoning, -1, -1, -1, -1, -1}                          \
        }                                                                                          \
    }
#define ENDED(reason, ...)                                                                         \
    {                                                                                              \
        .kind = GW_EVENT_FINISH, .finish = GW_FINISH_##reason, __VA_ARGS__                         \
    }
#define OVER                                                                                       \
    {                                                                                              \
        .kind = GW_EVENT_END                                                                       \
    }

/* Hands the events on with their blocks numbered, and checks that they are in order. */
static inline void each_event(const char *label, const struct gw_event events[EVENTS_MAX],
                              gw_event_fn *fn, void *arg)
{
    struct gw_grammar grammar = {0};
    enum gw_block_kind kind = GW_BLOCK_TEXT;
    unsigned blocks = 0;
    struct gw_err err = {0};

    for (size_t i = 0; i < EVENTS_MAX && events[i].kind != NO_EVENT; i++) {
        struct gw_event event = events[i];
        if (event.kind == GW_EVENT_BLOCK_START) {
            kind = event.block_kind;
            blocks++;
        }
        event.block = blocks ? blocks - 1 : 0;
        event.block_kind = kind;
        if (!gw_grammar_take(&grammar, &event, &err))
            fail_msg("%s: event %zu: %s", label, i, err.message);
        if (fn(arg, &event) != GW_OK)
            fail_msg("%s: event %zu", label, i);
    }
}

#endif
