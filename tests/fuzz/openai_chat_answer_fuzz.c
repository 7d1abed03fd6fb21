/*
 * Fuzzes codec/openai_chat's answers and errors: events come in order, what is written of them is one line of
 * JSON, whole and streamed, and says the same when it is read again.
 */
#include "fuzz/chat_round.h"

static void check_error(struct gw_str body)
{
    struct gw_error_answer answer = {.status = body.len % 2 ? 400 : 0, .body = body};
    struct gw_failure_told told;
    struct round round;
    unsigned status = 0;

    begin(&round);
    CHECK(gw_codec_openai_chat.read_error(&answer, &round.arena, &told) == GW_OK);
    CHECK(gw_text_present(told.message));
    CHECK(gw_codec_openai_chat.write_error(&told, &round.context, &round.out, &status) == GW_OK);
    CHECK(status >= 400 && status < 600);
    CHECK(is_line(gw_buf_str(&round.out), &round.arena));
    finish(&round);
}

/* The answer that we write says what we read. */
static void check_again(struct round *first)
{
    struct round second;

    CHECK(gw_codec_openai_chat.write_answer(&first->answer, &first->context, &first->out) == GW_OK);
    begin(&second);
    CHECK(gw_codec_openai_chat.read_answer(gw_buf_str(&first->out), &second.arena, take, &second,
                                           NULL) == GW_OK);
    check_same(first, &second);
    finish(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *exact = malloc(size ? size : 1); /* so that a byte read too many is seen */
    struct round round;
    struct gw_err err = {0};

    CHECK(exact);
    if (size)
        memcpy(exact, data, size);
    struct gw_str body = {exact, size};
    check_error(body);
    begin(&round);
    enum gw_status status =
        gw_codec_openai_chat.read_answer(body, &round.arena, take, &round, &err);
    CHECK(status == GW_OK || (status == GW_INVALID && err.message[0]));
    if (status == GW_OK && !round.answer.failed) {
        CHECK(round.grammar.ended);
        check_again(&round);
    }
    finish(&round);
    free(exact);
    return 0;
}
