/*
 * Fuzzes codec/anthropic_messages: streams. Each line of the input is the data of an event. Events keep to the grammar
 * and to one end; what is written of them is SSE with JSON, and reads back with the same text and the same end. Memory
 * for one event is taken away behind it.
 */
#include "anthropic_messages_fuzz.h"

#include "wire/sse.h"

struct side {
    void *reader;
    struct gw_arena scratch, keep;
    struct gw_grammar grammar;
    struct gw_buf text; /* of all text blocks */
    size_t block_at;    /* where that of the open one begins */
    enum gw_finish finish;
    bool failed, done;
    struct side *next; /* reads what is written of the events; NULL: the last one */

    void *writer;
    struct gw_arena writer_scratch, writer_keep;
    struct gw_buf out;
};

static void side_init(struct side *side, struct side *next)
{
    *side = (struct side){.next = next,
                          .reader = calloc(1, codec->reader_bytes),
                          .writer = calloc(1, codec->writer_bytes)};
    CHECK(side->reader && side->writer);
    gw_buf_init(&side->text, (size_t)1 << 24);
    gw_buf_init(&side->out, (size_t)1 << 24);
}

static void side_finish(struct side *side)
{
    free(side->reader);
    free(side->writer);
    gw_arena_finish(&side->scratch);
    gw_arena_finish(&side->keep);
    gw_arena_finish(&side->writer_scratch);
    gw_arena_finish(&side->writer_keep);
    gw_buf_finish(&side->text);
    gw_buf_finish(&side->out);
}

/* A pair of surrogates may come in two pieces: they are mended when the block is whole. */
static void collect(struct side *side, const struct gw_event *event)
{
    if (event->kind == GW_EVENT_BLOCK_START)
        side->block_at = gw_buf_len(&side->text);
    if (event->kind == GW_EVENT_DELTA && event->delta == GW_DELTA_TEXT)
        CHECK(gw_buf_add(&side->text, event->text.raw) == GW_OK);
    if (event->kind == GW_EVENT_BLOCK_STOP && gw_buf_len(&side->text) > side->block_at) {
        char *copy = malloc(gw_buf_len(&side->text) - side->block_at);
        size_t len = gw_buf_len(&side->text) - side->block_at;
        CHECK(copy);
        memcpy(copy, side->text.base + side->text.head + side->block_at, len);
        side->text.tail -= len;
        CHECK(gw_text_add(&side->text, (struct gw_text){{copy, len}}) == GW_OK);
        free(copy);
    }
    if (event->kind == GW_EVENT_FINISH)
        side->finish = event->finish;
    side->failed = side->failed || event->kind == GW_EVENT_ERROR;
}

static enum gw_status see(void *arg, const struct gw_event *event)
{
    struct side *side = arg;

    CHECK(gw_grammar_take(&side->grammar, event, NULL));
    collect(side, event);
    if (!side->next)
        return GW_OK;
    CHECK(codec->write_event(side->writer, event, &context, &side->writer_scratch,
                             &side->writer_keep, &side->out) == GW_OK);
    gw_arena_finish(&side->writer_scratch);
    return GW_OK;
}

static void feed(struct side *side, struct gw_str type, struct gw_str data)
{
    char *copy = malloc(data.len + !data.len);

    CHECK(copy);
    if (data.len)
        memcpy(copy, data.base, data.len);
    enum gw_status status = codec->read_event(side->reader, type, (struct gw_str){copy, data.len},
                                              &side->scratch, &side->keep, see, side, NULL);
    CHECK(status == GW_OK || status == GW_EOF);
    side->done = side->done || status == GW_EOF;
    gw_arena_finish(&side->scratch);
    free(copy);
}

static enum gw_status take_sse(void *arg, const struct gw_sse_event *event)
{
    struct side *side = arg;

    CHECK(!event->incomplete && event->type.len && !side->done);
    check_json(event->data);
    feed(side, event->type, event->data);
    return GW_OK;
}

static void end(struct side *side)
{
    CHECK(codec->read_end(side->reader, &side->scratch, &side->keep, see, side, NULL) == GW_OK);
    CHECK(side->grammar.ended || side->grammar.failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct gw_str lines = {(const char *)bytes, len};
    static struct side first, second;
    struct gw_sse sse;

    if (len > 4096)
        return 0;
    side_init(&second, NULL);
    side_init(&first, &second);
    while (lines.len && !first.done) {
        struct gw_str line = {lines.base, gw_str_find(lines, '\n')};
        feed(&first, GW_STR(""), line);
        lines = gw_str_from(lines, line.len + 1);
    }
    end(&first);
    gw_sse_init(&sse);
    CHECK(gw_sse_feed(&sse, gw_buf_str(&first.out), take_sse, &second) == GW_OK);
    CHECK(gw_sse_end(&sse, take_sse, &second) == GW_OK);
    gw_sse_finish(&sse);
    CHECK(second.done); /* by its own word, not for the end of the bytes */
    end(&second);
    CHECK(first.failed == second.failed);
    if (!first.failed) {
        CHECK(gw_str_eq(gw_buf_str(&first.text), gw_buf_str(&second.text)));
        CHECK(first.finish == second.finish || first.finish == GW_FINISH_STOP_SEQUENCE);
    }
    side_finish(&first);
    side_finish(&second);
    return 0;
}
