/*
 * tests/fuzz/chat_round: an answer that is read, and compared with what is read of it again.
 */
#ifndef GW_TESTS_FUZZ_CHAT_ROUND_H
#define GW_TESTS_FUZZ_CHAT_ROUND_H

#include <stdlib.h>

#include "codec/codec.h"
#include "wire/json_read.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define TOKENS_MAX (1u << 20)
#define OUT_BYTES_MAX ((size_t)64 << 20)

struct round {
    struct gw_arena arena;
    struct gw_grammar grammar;
    struct gw_answer answer;
    struct gw_request request;
    struct gw_answer_context context;
    struct gw_buf out;
    void *writer; /* NULL: events are not written */
};

static inline void begin(struct round *round)
{
    *round = (struct round){0};
    gw_arena_init(&round->arena, NULL);
    gw_answer_init(&round->answer, &round->arena);
    gw_buf_init(&round->out, OUT_BYTES_MAX);
    round->context = (struct gw_answer_context){
        .request = &round->request,
        .model = GW_TEXT("model"),
        .now_s = 1,
        .seed = GW_STR("0123456789abcdef"),
    };
}

static inline void finish(struct round *round)
{
    gw_buf_finish(&round->out);
    gw_arena_finish(&round->arena);
}

/* A gw_event_fn: in order, into the answer, and to the caller. */
static inline enum gw_status take(void *arg, const struct gw_event *event)
{
    struct round *round = arg;

    CHECK(gw_grammar_take(&round->grammar, event, NULL));
    CHECK(gw_answer_take(&round->answer, event) == GW_OK);
    if (round->writer)
        CHECK(gw_codec_openai_chat.write_event(round->writer, event, &round->context, &round->arena,
                                               &round->arena, &round->out) == GW_OK);
    return GW_OK;
}

/* A slice may stand deeper than it stood, and then pass what is read here. */
static inline bool is_line(struct gw_str text, struct gw_arena *arena)
{
    struct gw_json json;
    struct gw_err err = {0};
    enum gw_status status = gw_json_read(text, arena, TOKENS_MAX, &json, &err);

    return status == GW_OK || strstr(err.message, "deep");
}

/* All text of one kind, decoded, as a caller has it in the end. */
static inline struct gw_str joined(const struct round *round, struct gw_arena *arena,
                                   enum gw_block_kind kind)
{
    struct gw_buf buf;

    gw_buf_init(&buf, OUT_BYTES_MAX);
    for (const struct gw_block *block = round->answer.blocks; block; block = block->next) {
        struct gw_text text = block->text;
        if (block->kind != kind)
            continue;
        if (kind == GW_BLOCK_TOOL && block->arguments.json.base)
            text = gw_text_escape(block->arguments.json, arena);
        else if (kind == GW_BLOCK_TOOL)
            text = block->arguments.string;
        if (kind == GW_BLOCK_TOOL && block->tool == GW_TOOL_FUNCTION && gw_text_is_blank(text))
            text = GW_TEXT("{}");
        struct gw_str decoded = gw_text_decode(text, arena);
        struct gw_str name = gw_text_decode(block->name, arena);
        CHECK(gw_buf_add(&buf, decoded) == GW_OK);
        if (kind == GW_BLOCK_TOOL)
            CHECK(gw_buf_printf(&buf, "|%.*s|", GW_STR_ARG(name)) == GW_OK);
    }
    struct gw_str text = gw_arena_str(arena, gw_buf_str(&buf));
    gw_buf_finish(&buf);
    CHECK(text.base);
    return text;
}

static inline void check_same(struct round *first, struct round *second)
{
    static const enum gw_block_kind kinds[] = {GW_BLOCK_TEXT, GW_BLOCK_REASONING, GW_BLOCK_REFUSAL,
                                               GW_BLOCK_TOOL};

    CHECK(!second->answer.failed);
    for (size_t i = 0; i < GW_COUNT(kinds); i++)
        CHECK(gw_str_eq(joined(first, &first->arena, kinds[i]),
                        joined(second, &second->arena, kinds[i])));
}

#endif
