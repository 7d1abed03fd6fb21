/*
 * Fuzzes codec/openai_chat's streams: a line of the input is an event. Whatever comes, events come in order and
 * the stream has an end; what is written of them is lines of JSON that say the same when they are read.
 */
#include "fuzz/chat_round.h"

static void *state_of(size_t bytes)
{
    void *state = calloc(1, bytes);

    CHECK(state);
    return state;
}

/* Each line as an event, up to the end that the stream tells. */
static void read_lines(struct round *round, struct gw_str lines)
{
    void *reader = state_of(gw_codec_openai_chat.reader_bytes);
    enum gw_status status = GW_OK;

    while (status == GW_OK && lines.len) {
        struct gw_str line = {lines.base, gw_str_find(lines, '\n')};
        lines = gw_str_from(lines, line.len + 1);
        if (gw_str_starts(line, GW_STR("data: ")))
            line = gw_str_from(line, 6);
        status = gw_codec_openai_chat.read_event(reader, GW_STR(""), line, &round->arena,
                                                 &round->arena, take, round, NULL);
        CHECK(status == GW_OK || status == GW_EOF);
    }
    if (status == GW_OK)
        CHECK(gw_codec_openai_chat.read_end(reader, &round->arena, &round->arena, take, round,
                                            NULL) == GW_OK);
    CHECK(round->grammar.ended || round->grammar.failed);
    free(reader);
}

static void check_lines(struct round *round)
{
    struct gw_str lines = gw_buf_str(&round->out);

    while (lines.len) {
        struct gw_str line = {lines.base, gw_str_find(lines, '\n')};
        lines = gw_str_from(lines, line.len + 1);
        CHECK(line.len == 0 || gw_str_starts(line, GW_STR("data: ")));
        if (line.len && !gw_str_eq(line, GW_STR("data: [DONE]")))
            CHECK(is_line(gw_str_from(line, 6), &round->arena));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *exact = malloc(size ? size : 1); /* so that a byte read too many is seen */
    struct round first, second;

    CHECK(exact);
    if (size)
        memcpy(exact, data, size);
    begin(&first);
    first.request.include_usage = size % 2;
    first.writer = state_of(gw_codec_openai_chat.writer_bytes);
    read_lines(&first, (struct gw_str){exact, size});
    check_lines(&first);
    begin(&second);
    read_lines(&second, gw_buf_str(&first.out));
    CHECK(first.answer.failed == second.answer.failed);
    if (!first.answer.failed)
        check_same(&first, &second);
    free(first.writer);
    finish(&first);
    finish(&second);
    free(exact);
    return 0;
}
