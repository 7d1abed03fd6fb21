/*
 * tests/fuzz/anthropic_messages_fuzz: what the targets of the Messages dialect share.
 */
#ifndef GW_TESTS_FUZZ_ANTHROPIC_MESSAGES_FUZZ_H
#define GW_TESTS_FUZZ_ANTHROPIC_MESSAGES_FUZZ_H

#include <stdlib.h>

#include "codec/codec.h"
#include "wire/json_read.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define TOKENS_MAX 65536u

static const struct gw_codec *const codec = &gw_codec_anthropic_messages;
static const struct gw_answer_context context = {.model = {GW_STR_INIT("m")},
                                                 .seed = GW_STR_INIT("0123456789abcdef"),
                                                 .request_id = GW_STR_INIT("r")};

static inline void check_json(struct gw_str text)
{
    struct gw_arena arena;
    struct gw_json json;

    gw_arena_init(&arena, NULL);
    CHECK(gw_json_read(text, &arena, TOKENS_MAX, &json, NULL) == GW_OK);
    gw_arena_finish(&arena);
}

#endif
