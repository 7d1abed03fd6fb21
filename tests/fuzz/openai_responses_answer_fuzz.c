/*
 * Fuzzes codec/openai_responses with answers: whole ones, and streams of an event a line. Their events follow the
 * grammar; what a caller gets of them is JSON, numbered without a gap, and says at the end of a stream the same
 * as a whole answer.
 */
#include <stdlib.h>

#include "codec/codec.h"
#include "wire/json_read.h"
#include "wire/sse.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define OUT_BYTES_MAX ((size_t)256 << 20)
#define REQUEST                                                                                    \
    "{\"model\":\"m\",\"input\":\"a\",\n\"tools\":[{\"type\":\"custom\",\"name\":\"p\"},{"         \
    "\"type\":"                                                                                    \
    "\"namespace\",\"name\":\"n\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}]}"

static const struct gw_codec *const codec = &gw_codec_openai_responses;

struct scene {
    struct gw_arena arena; /* lives as long as the answer */
    struct gw_ledger ledger;
    struct gw_request request;
    struct gw_answer_context context;
    struct gw_grammar grammar;
    struct gw_answer answer;
    bool folds; /* into `answer`: what events point into must stay then */
    bool noted; /* where a note ends depends on how much of its text was there when it came */
    void *writer;
    struct gw_arena scratch; /* of the event in hand */
    struct gw_buf out;
    uint64_t sequence;
    struct gw_str last; /* the last event's response */
};

static enum gw_status on_event(void *arg, const struct gw_event *event)
{
    struct scene *scene = arg;
    struct gw_arena scratch;

    CHECK(gw_grammar_take(&scene->grammar, event, NULL));
    scene->noted |= event->kind == GW_EVENT_DELTA && event->delta == GW_DELTA_ANNOTATION;
    if (scene->folds)
        CHECK(gw_answer_take(&scene->answer, event) == GW_OK);
    gw_arena_init(&scratch, NULL);
    CHECK(codec->write_event(scene->writer, event, &scene->context, &scratch, &scene->arena,
                             &scene->out) == GW_OK);
    gw_arena_finish(&scratch);
    return GW_OK;
}

static enum gw_status on_sse(void *arg, const struct gw_sse_event *event)
{
    struct scene *scene = arg;
    struct gw_json json;
    int64_t number;

    CHECK(gw_json_read(event->data, &scene->scratch, 1 << 24, &json, NULL) == GW_OK);
    CHECK(gw_json_equals(&json, gw_json_get(&json, 0, GW_STR("type")), event->type));
    CHECK(gw_json_int64(&json, gw_json_get(&json, 0, GW_STR("sequence_number")), &number));
    CHECK((uint64_t)number == scene->sequence++);
    scene->last = gw_json_slice(&json, gw_json_get(&json, 0, GW_STR("response")));
    if (scene->last.base)
        scene->last = gw_arena_str(&scene->arena, scene->last);
    return GW_OK;
}

static void open_scene(struct scene *scene, bool folds)
{
    struct gw_complaint complaint;

    *scene = (struct scene){.folds = folds};
    gw_arena_init(&scene->arena, NULL);
    gw_arena_init(&scene->scratch, NULL);
    gw_buf_init(&scene->out, OUT_BYTES_MAX);
    gw_answer_init(&scene->answer, &scene->arena);
    scene->request.arena = &scene->arena;
    scene->request.ledger = &scene->ledger;
    CHECK(codec->read_request(GW_STR(REQUEST), &scene->request, &complaint) == GW_OK);
    scene->context = (struct gw_answer_context){.request = &scene->request,
                                                .body = GW_STR(REQUEST),
                                                .model = GW_TEXT("sent"),
                                                .seed = GW_STR("0123456789abcdef")};
    scene->writer = calloc(1, codec->writer_bytes);
    CHECK(scene->writer);
}

/* What the caller got. */
static void check_out(struct scene *scene)
{
    struct gw_sse sse;
    struct gw_buf whole;

    gw_sse_init(&sse);
    CHECK(gw_sse_feed(&sse, gw_buf_str(&scene->out), on_sse, scene) == GW_OK);
    CHECK(gw_sse_end(&sse, on_sse, scene) == GW_OK);
    gw_sse_finish(&sse);
    if (!scene->folds || scene->noted || !scene->grammar.ended || scene->grammar.failed)
        return;
    gw_buf_init(&whole, OUT_BYTES_MAX);
    CHECK(codec->write_answer(&scene->answer, &scene->context, &whole) == GW_OK);
    CHECK(gw_str_eq(gw_buf_str(&whole), scene->last));
    gw_buf_finish(&whole);
}

static void close_scene(struct scene *scene)
{
    free(scene->writer);
    gw_buf_finish(&scene->out);
    gw_arena_finish(&scene->scratch);
    gw_arena_finish(&scene->arena);
}

static void play_answer(struct gw_str body)
{
    struct scene scene;
    struct gw_err err = {0};

    open_scene(&scene, true);
    enum gw_status status = codec->read_answer(body, &scene.arena, on_event, &scene, &err);
    CHECK(status == GW_OK || (status == GW_INVALID && err.message[0]));
    if (status == GW_OK)
        CHECK(scene.grammar.ended || scene.grammar.failed);
    check_out(&scene);
    close_scene(&scene);
}

static void play_stream(struct gw_str lines, bool folds)
{
    void *reader = calloc(1, codec->reader_bytes);
    struct gw_arena scratch;
    struct scene scene;
    enum gw_status status = GW_OK;

    CHECK(reader);
    open_scene(&scene, folds);
    while (lines.len && status == GW_OK) {
        size_t at = gw_str_find(lines, '\n');
        struct gw_str line = {lines.base, at};
        lines = gw_str_from(lines, at + 1);
        gw_arena_init(&scratch, NULL);
        if (line.len)
            line = gw_arena_str(folds ? &scene.arena : &scratch, line);
        status = codec->read_event(reader, GW_STR(""), line, folds ? &scene.arena : &scratch,
                                   &scene.arena, on_event, &scene, NULL);
        CHECK(status == GW_OK || status == GW_EOF || status == GW_INVALID);
        gw_arena_finish(&scratch);
    }
    if (status != GW_INVALID) {
        gw_arena_init(&scratch, NULL);
        CHECK(codec->read_end(reader, &scratch, &scene.arena, on_event, &scene, NULL) == GW_OK);
        CHECK(scene.grammar.ended || scene.grammar.failed);
        gw_arena_finish(&scratch);
    }
    check_out(&scene);
    close_scene(&scene);
    free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *exact = malloc(size ? size : 1); /* so that a byte read too many is seen */

    CHECK(exact);
    if (size)
        memcpy(exact, data, size);
    struct gw_str text = {exact, size};
    play_answer(text);
    play_stream(text, false);
    play_stream(text, true);
    free(exact);
    return 0;
}
