/*
 * tests/unit/codec/pairs_run: one exchange of pairs_test: a conversation, a caller's dialect and an upstream's.
 */
#ifndef GW_TESTS_PAIRS_RUN_H
#define GW_TESTS_PAIRS_RUN_H

#include "pairs_fixture.h"

#define OUT_BYTES_MAX ((size_t)1 << 26)
#define NOW_S 1760000000u

/* One test. */
struct cell {
    struct conversation *conversation;
    enum gw_codec_id caller, upstream;
    enum kind kind;
    char name[128];
    bool passed;
};

struct exchange {
    struct gw_arena arena;
    struct gw_translation *translation;
    struct gw_buf out;
    struct gw_complaint complaint;
    unsigned status; /* of an error */
};

static inline void exchange_begin(struct exchange *exchange, const struct cell *cell,
                                  enum gw_codec_id caller, enum gw_codec_id upstream)
{
    const struct conversation *conversation = cell->conversation;
    struct gw_str model = conversation->model[upstream];
    const struct gw_translation_setup setup = {
        .caller = gw_codec(caller),
        .upstream = gw_codec(upstream),
        .target = {.profile = conversation->profile[upstream],
                   .claude =
                       upstream == GW_CODEC_MESSAGES ? gw_claude_limits_of(model, NULL, 0) : NULL,
                   .model = model},
        .now_s = NOW_S,
        .seed = GW_STR("sluice-translate"),
        .request_id = GW_STR("req_fixture"),
    };

    *exchange = (struct exchange){.status = 0};
    gw_arena_init(&exchange->arena, NULL);
    gw_buf_init(&exchange->out, OUT_BYTES_MAX);
    exchange->translation = gw_translation_create(&exchange->arena, &setup);
    assert_non_null(exchange->translation);
}

static inline void exchange_end(struct exchange *exchange)
{
    gw_translation_finish(exchange->translation);
    gw_buf_finish(&exchange->out);
    gw_arena_finish(&exchange->arena);
}

/* What came out, kept in `arena`; the exchange is over. */
static inline struct gw_str exchange_take(struct exchange *exchange, struct gw_arena *arena)
{
    struct gw_str out = gw_arena_str(arena, gw_buf_str(&exchange->out));

    exchange_end(exchange);
    return out;
}

/* The same request, but asked for as a stream. */
static inline struct gw_str streaming(struct gw_arena *arena, enum gw_codec_id dialect,
                                      struct gw_str body)
{
    size_t brace = gw_str_find(body, '{');
    const char *usage =
        dialect == GW_CODEC_CHAT ? "\"stream_options\":{\"include_usage\":true}," : "";

    return gw_arena_printf(arena, "{\"stream\":true,%s%.*s", usage,
                           GW_STR_ARG(gw_str_from(body, brace + 1)));
}

/* Errors and answers need a request that they belong to. */
static inline struct gw_str least_request(enum gw_codec_id dialect)
{
    if (dialect == GW_CODEC_RESPONSES)
        return GW_STR("{\"model\":\"m\",\"input\":\"x\"}");
    return GW_STR("{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":"
                  "\"x\"}]}");
}

static inline struct gw_str request_of(const struct cell *cell, enum gw_codec_id dialect)
{
    struct gw_str request = cell->conversation->request[dialect];

    return request.base ? request : least_request(dialect);
}

/* Puts the exchange behind its request. */
static inline void exchange_ask(struct exchange *exchange, const struct cell *cell,
                                enum gw_codec_id caller, enum gw_codec_id upstream, bool stream)
{
    exchange_begin(exchange, cell, caller, upstream);
    struct gw_str request = request_of(cell, caller);
    if (stream)
        request = streaming(&exchange->arena, caller, request);
    enum gw_status status = gw_translation_request(exchange->translation, request, &exchange->out,
                                                   &exchange->complaint);
    if (status != GW_OK)
        fail_msg("the request was refused: %s: %s", exchange->complaint.param,
                 exchange->complaint.message);
    gw_buf_take(&exchange->out, gw_buf_len(&exchange->out));
}

static inline struct gw_str translate_answer(const struct cell *cell, enum gw_codec_id caller,
                                             enum gw_codec_id upstream, struct gw_str body,
                                             bool stream_in, bool stream_out,
                                             struct gw_arena *arena)
{
    struct exchange exchange;
    struct gw_err err = {.offset = 0};

    exchange_ask(&exchange, cell, caller, upstream, stream_out);
    enum gw_status status =
        gw_translation_answer(exchange.translation, body, stream_in, &exchange.out, &err);
    if (status != GW_OK)
        fail_msg("the answer was not taken: %s %s", gw_status_name(status), err.message);
    return exchange_take(&exchange, arena);
}

/* Feeds `bytes` in pieces: `first` bytes, then `piece` bytes each. */
static inline struct gw_str translate_stream(const struct cell *cell, struct gw_str bytes,
                                             size_t first, size_t piece, bool *failed_out,
                                             struct gw_arena *arena)
{
    struct exchange exchange;
    enum gw_status status = GW_OK;
    size_t at = 0, size = first;

    exchange_ask(&exchange, cell, cell->caller, cell->upstream, true);
    while (status == GW_OK && at < bytes.len) {
        if (size > bytes.len - at)
            size = bytes.len - at;
        status = gw_translation_feed(exchange.translation, (struct gw_str){bytes.base + at, size},
                                     &exchange.out);
        at += size;
        size = piece;
    }
    if (status == GW_OK)
        status = gw_translation_end(exchange.translation, &exchange.out);
    assert_true(status == GW_EOF || status == GW_UNSUPPORTED);
    *failed_out = gw_translation_has_failed(exchange.translation);
    return exchange_take(&exchange, arena);
}

#endif
