/*
 * Fuzzes codec/anthropic_messages: whole answers and errors. Events keep to the grammar; what is written of them is
 * JSON that reads back with as many calls and the same end; any body makes an error with a message.
 */
#include "anthropic_messages_fuzz.h"

struct seen {
    struct gw_answer answer;
    struct gw_grammar grammar;
    unsigned calls;
};

static enum gw_status see(void *arg, const struct gw_event *event)
{
    struct seen *seen = arg;

    CHECK(gw_grammar_take(&seen->grammar, event, NULL));
    if (event->kind == GW_EVENT_BLOCK_START && event->block_kind == GW_BLOCK_TOOL)
        seen->calls++;
    return gw_answer_take(&seen->answer, event);
}

static void check_written(const struct seen *seen)
{
    struct gw_arena arena;
    struct gw_buf out;
    struct seen again = {.calls = 0};

    gw_arena_init(&arena, NULL);
    gw_buf_init(&out, (size_t)1 << 24);
    CHECK(codec->write_answer(&seen->answer, &context, &out) == GW_OK);
    gw_answer_init(&again.answer, &arena);
    CHECK(codec->read_answer(gw_buf_str(&out), &arena, see, &again, NULL) == GW_OK);
    CHECK(again.grammar.ended && again.calls == seen->calls);
    CHECK(again.answer.finish == seen->answer.finish ||
          seen->answer.finish == GW_FINISH_STOP_SEQUENCE); /* one that is not known is a stop */
    gw_buf_finish(&out);
    gw_arena_finish(&arena);
}

static void check_error(const struct gw_failure_told *told)
{
    struct gw_buf out;
    unsigned status = 0;

    CHECK(told->message.raw.len && told->class < GW_CLASSES);
    gw_buf_init(&out, (size_t)1 << 24);
    CHECK(codec->write_error(told, &context, &out, &status) == GW_OK);
    CHECK(status >= 400 && status < 600);
    CHECK(!memchr(out.base, '\n', gw_buf_len(&out)));
    check_json(gw_buf_str(&out));
    gw_buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct gw_str body = {(const char *)bytes, len};
    struct gw_arena arena;
    struct seen seen = {.calls = 0};
    struct gw_failure_told told;

    if (len > 4096)
        return 0;
    gw_arena_init(&arena, NULL);
    gw_answer_init(&seen.answer, &arena);
    if (codec->read_answer(body, &arena, see, &seen, NULL) == GW_OK) {
        CHECK(seen.grammar.ended || seen.grammar.failed);
        if (seen.answer.failed)
            check_error(&seen.answer.failure);
        else
            check_written(&seen);
    }
    struct gw_error_answer error = {200 + (unsigned)len % 400, body};
    CHECK(codec->read_error(&error, &arena, &told) == GW_OK);
    check_error(&told);
    gw_arena_finish(&arena);
    return 0;
}
