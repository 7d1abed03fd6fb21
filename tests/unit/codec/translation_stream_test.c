/* A stream on its way from reader to writer: cut anywhere, wrong, late, long. */
#include "codec/translation_kit.h"

/* ---- cut anywhere ---- */

static const struct {
    const char *label;
    enum gw_codec_id caller, upstream;
    const char *request, *stream;
    const char *last; /* of what the caller gets */
} streams[] = {
    {"messages as chat", GW_CODEC_CHAT, GW_CODEC_MESSAGES, CHAT_REQUEST,
     "\xef\xbb\xbf" MESSAGES_START MESSAGES_TEXT MESSAGES_CALL MESSAGES_STOP("tool_use"),
     "data: [DONE]\n\n"},
    {"messages as responses", GW_CODEC_RESPONSES, GW_CODEC_MESSAGES, RESPONSES_REQUEST,
     MESSAGES_START MESSAGES_TEXT MESSAGES_CALL MESSAGES_STOP("tool_use"), "}\n\n"},
    {"chat as messages", GW_CODEC_MESSAGES, GW_CODEC_CHAT, MESSAGES_REQUEST,
     CHAT_DELTA("\"content\":\"\xc3\xa9\"") CHAT_CALL CHAT_FINISH("tool_calls") "data: [DONE]\n\n",
     "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"},
    {"chat without its last blank line", GW_CODEC_MESSAGES, GW_CODEC_CHAT, MESSAGES_REQUEST,
     CHAT_DELTA("\"content\":\"x\"") CHAT_FINISH("stop") "data: [DONE]",
     "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"},
    {"chat as responses", GW_CODEC_RESPONSES, GW_CODEC_CHAT, RESPONSES_REQUEST,
     CHAT_DELTA("\"content\":\"\xc3\xa9\"") CHAT_CALL CHAT_FINISH("tool_calls") "data: [DONE]\n\n",
     "}\n\n"},
    {"an error within", GW_CODEC_CHAT, GW_CODEC_MESSAGES, CHAT_REQUEST,
     MESSAGES_START "data: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
                    "\"message\":\"m\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
     "data: {\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"param\":null,"
     "\"code\":\"overloaded\"}}\n\n"},
    {"no JSON within", GW_CODEC_CHAT, GW_CODEC_MESSAGES, CHAT_REQUEST,
     MESSAGES_START "data: {\"type\":\n\ndata: {\"type\":\"message_stop\"}\n\n",
     "\"code\":\"upstream_protocol\"}}\n\n"},
    {"no end", GW_CODEC_CHAT, GW_CODEC_MESSAGES, CHAT_REQUEST, MESSAGES_START MESSAGES_TEXT,
     "\"message\":\"upstream stream ended before completion\",\"type\":\"server_error\","
     "\"param\":null,\"code\":\"stream_truncated\"}}\n\n"},
    {"no end, within an event", GW_CODEC_MESSAGES, GW_CODEC_CHAT, MESSAGES_REQUEST,
     CHAT_DELTA("\"content\":\"x\"") "data: {\"id\":",
     "\"message\":\"upstream stream ended before completion\"},\"request_id\":\"req_1\"}\n\n"},
};

static void test_t11_27_every_cut_gives_the_same_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(streams); i++) {
        struct gw_str stream = gw_str_of(streams[i].stream), last = gw_str_of(streams[i].last);
        struct run whole, run;
        begin(&whole, streams[i].caller, streams[i].upstream, streams[i].request);
        play_stream(&whole, stream, stream.len);
        struct gw_str wanted = gw_buf_str(&whole.out);
        if (wanted.len < last.len || !gw_str_eq(gw_str_from(wanted, wanted.len - last.len), last))
            fail_msg("%s: ends otherwise:\n%.*s", streams[i].label, GW_STR_ARG(wanted));
        for (size_t cut = 0; cut < stream.len; cut++) {
            begin(&run, streams[i].caller, streams[i].upstream, streams[i].request);
            play_stream(&run, stream, cut);
            if (!gw_str_eq(gw_buf_str(&run.out), wanted))
                fail_msg("%s, cut at %zu: got\n%.*s", streams[i].label, cut,
                         GW_STR_ARG(gw_buf_str(&run.out)));
            assert_int_equal(gw_translation_has_failed(run.translation),
                             gw_translation_has_failed(whole.translation));
            end(&run);
        }
        end(&whole);
    }
}

static void test_byte_by_byte_gives_the_same_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(streams); i++) {
        struct gw_str stream = gw_str_of(streams[i].stream);
        struct run whole, run;
        enum gw_status status = GW_OK;
        begin(&whole, streams[i].caller, streams[i].upstream, streams[i].request);
        play_stream(&whole, stream, stream.len);
        begin(&run, streams[i].caller, streams[i].upstream, streams[i].request);
        for (size_t at = 0; at < stream.len && status == GW_OK; at++)
            status = feed(&run, (struct gw_str){stream.base + at, 1});
        if (status == GW_OK)
            status = gw_translation_end(run.translation, &run.out);
        assert_int_equal(status, GW_EOF);
        if (!gw_str_eq(gw_buf_str(&run.out), gw_buf_str(&whole.out)))
            fail_msg("%s: got\n%.*s", streams[i].label, GW_STR_ARG(gw_buf_str(&run.out)));
        end(&run);
        end(&whole);
    }
}

/* `text` with another line end, and with or without the blank behind a field's colon. */
static size_t reframe(const char *text, const char *line_end, bool blank, char *into, size_t size)
{
    size_t at = 0;

    for (const char *c = text; *c; c++) {
        bool line = strncmp(c, "data: ", 6) == 0;
        const char *piece = *c == '\n' ? line_end : line ? (blank ? "data: " : "data:") : NULL;
        size_t len = piece ? strlen(piece) : 1;
        assert_true(len <= size - at);
        memcpy(into + at, piece ? piece : c, len);
        at += len;
        c += line ? 5 : 0;
    }
    return at;
}

static void test_t11_28_lines_may_end_anyhow(void **state)
{
    static const char stream[] = CHAT_DELTA("\"content\":\"x\"") CHAT_CALL
        "data: {\"id\":\"c1\",\"created\":7,\"model\":\"m\",\ndata: "
        "\"choices\":[{\"index\":0,\ndata: "
        "\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n"
        "data: [DONE]\n\n";
    static const char *const line_ends[] = {"\n", "\r\n", "\r"};
    struct run whole;

    (void)state;
    begin(&whole, GW_CODEC_MESSAGES, GW_CODEC_CHAT, MESSAGES_REQUEST);
    play_stream(&whole, gw_str_of(stream), sizeof stream - 1);
    expect_part("as it is", gw_buf_str(&whole.out), "\"stop_reason\":\"tool_use\"");
    for (size_t i = 0; i < 2 * GW_COUNT(line_ends); i++) {
        char framed[4096];
        size_t len = reframe(stream, line_ends[i / 2], i % 2, framed, sizeof framed);
        struct run run;
        begin(&run, GW_CODEC_MESSAGES, GW_CODEC_CHAT, MESSAGES_REQUEST);
        play_stream(&run, (struct gw_str){framed, len}, len / 2);
        if (!gw_str_eq(gw_buf_str(&run.out), gw_buf_str(&whole.out)))
            fail_msg("framing %zu: got\n%.*s", i, GW_STR_ARG(gw_buf_str(&run.out)));
        end(&run);
    }
    end(&whole);
}

static void test_nothing_is_looked_at_behind_the_end(void **state)
{
    struct run run;

    (void)state;
    begin(&run, GW_CODEC_CHAT, GW_CODEC_MESSAGES, CHAT_REQUEST);
    assert_int_equal(
        feed(&run, GW_STR(MESSAGES_START MESSAGES_STOP("end_turn") "data: no JSON\n\n")), GW_EOF);
    size_t len = gw_buf_len(&run.out);
    assert_int_equal(feed(&run, GW_STR(MESSAGES_TEXT)), GW_EOF);
    assert_int_equal(gw_translation_end(run.translation, &run.out), GW_EOF);
    const struct gw_failure_told cut = {.class = GW_CLASS_BAD_GATEWAY, .message = GW_TEXT("m")};
    assert_int_equal(gw_translation_cut(run.translation, &cut, &run.out), GW_EOF);
    assert_int_equal(gw_buf_len(&run.out), len);
    assert_false(gw_translation_has_failed(run.translation));
    end(&run);
}

/* ---- what a reader may not do ---- */

/* A reader whose events are letters: s(tart), t(ext block), d(elta), e(nd of block), u(sage), f(inish), E(rror),
 * p(ing), . (end). */
static enum gw_status read_letters(struct gw_str letters, gw_event_fn *on_event, void *arg)
{
    static unsigned block;
    enum gw_status status = GW_OK;

    for (size_t i = 0; i < letters.len && status == GW_OK; i++) {
        struct gw_event event = {.block = block, .block_kind = GW_BLOCK_TEXT};
        gw_usage_init(&event.usage);
        switch (letters.base[i]) {
        case 's':
            event.kind = GW_EVENT_START;
            event.id = GW_TEXT("1");
            block = event.block = 0;
            break;
        case 't':
            event.kind = GW_EVENT_BLOCK_START;
            break;
        case 'd':
            event.kind = GW_EVENT_DELTA;
            event.delta = GW_DELTA_TEXT;
            event.text = GW_TEXT("x");
            break;
        case 'e':
            event.kind = GW_EVENT_BLOCK_STOP;
            block++;
            break;
        case 'u':
            event.kind = GW_EVENT_USAGE;
            break;
        case 'f':
            event.kind = GW_EVENT_FINISH;
            event.finish = GW_FINISH_STOP;
            break;
        case 'E':
            event.kind = GW_EVENT_ERROR;
            event.failure =
                (struct gw_failure_told){.class = GW_CLASS_OVERLOADED, .message = GW_TEXT("m")};
            break;
        case 'p':
            event.kind = GW_EVENT_PING;
            break;
        default:
            event.kind = GW_EVENT_END;
            break;
        }
        status = on_event(arg, &event);
    }
    return status;
}

static enum gw_status letters_event(void *reader, struct gw_str type, struct gw_str data,
                                    struct gw_arena *scratch, struct gw_arena *keep,
                                    gw_event_fn *on_event, void *arg, struct gw_err *err)
{
    (void)reader, (void)type, (void)scratch, (void)keep, (void)err;
    return read_letters(data, on_event, arg);
}

static enum gw_status letters_end(void *reader, struct gw_arena *scratch, struct gw_arena *keep,
                                  gw_event_fn *on_event, void *arg, struct gw_err *err)
{
    (void)reader, (void)scratch, (void)keep, (void)on_event, (void)arg, (void)err;
    return GW_OK;
}

static enum gw_status letters_answer(struct gw_str body, struct gw_arena *arena,
                                     gw_event_fn *on_event, void *arg, struct gw_err *err)
{
    (void)arena, (void)err;
    return read_letters(body, on_event, arg);
}

static struct gw_codec letters_codec(void)
{
    struct gw_codec codec = gw_codec_openai_chat;

    codec.reader_bytes = 0;
    codec.read_event = letters_event;
    codec.read_end = letters_end;
    codec.read_answer = letters_answer;
    return codec;
}

static const struct {
    const char *label, *letters;
} violations[] = {
    {"a second start", "ss"},          {"a block within a block", "stt"},
    {"a delta without a block", "sd"}, {"a delta of a block that is over", "sted"},
    {"an end of no block", "se"},      {"a finish within a block", "stf"},
    {"a second finish", "sff"},        {"a block behind the finish", "sft"},
    {"an end without a finish", "s."},
};

static void test_a_reader_that_breaks_the_grammar_costs_its_answer(void **state)
{
    struct gw_codec codec = letters_codec();

    (void)state;
    for (size_t i = 0; i < GW_COUNT(violations); i++) {
        struct gw_translation_setup setup = {.caller = gw_codec(GW_CODEC_MESSAGES),
                                             .upstream = &codec};
        struct run run;
        char event[64];
        int len = snprintf(event, sizeof event, "data: %s\n\n", violations[i].letters);
        begin_with(&run, &setup, MESSAGES_REQUEST);
        assert_int_equal(feed(&run, (struct gw_str){event, (size_t)len}), GW_EOF);
        assert_true(gw_translation_has_failed(run.translation));
        expect_part(violations[i].label, gw_buf_str(&run.out), "event: error\n");
        expect_part(violations[i].label, gw_buf_str(&run.out), "could not take event: ");
        end(&run);

        struct gw_translation_setup again = {.caller = gw_codec(GW_CODEC_CHAT), .upstream = &codec};
        struct gw_err err = {.offset = 0};
        begin_with(&run, &again, CHAT_WHOLE_REQUEST);
        assert_int_equal(gw_translation_answer(run.translation, gw_str_of(violations[i].letters),
                                               false, &run.out, &err),
                         GW_INVALID);
        expect_part(violations[i].label, gw_str_of(err.message), "could not take event: ");
        end(&run);
    }
}

static void test_something_before_the_start_is_no_stream(void **state)
{
    struct gw_codec codec = letters_codec();
    struct gw_translation_setup setup = {.caller = gw_codec(GW_CODEC_MESSAGES), .upstream = &codec};
    struct run run;

    (void)state;
    begin_with(&run, &setup, MESSAGES_REQUEST);
    assert_int_equal(feed(&run, GW_STR("data: t\n\n")), GW_UNSUPPORTED);
    assert_int_equal(gw_buf_len(&run.out), 0);
    assert_int_equal(gw_translation_failure(run.translation)->class, GW_CLASS_BAD_GATEWAY);
    end(&run);
}

static void test_an_answer_without_its_end_is_none(void **state)
{
    struct gw_codec codec = letters_codec();
    struct gw_translation_setup setup = {.caller = gw_codec(GW_CODEC_CHAT), .upstream = &codec};
    struct gw_err err = {.offset = 0};
    struct run run;

    (void)state;
    begin_with(&run, &setup, CHAT_WHOLE_REQUEST);
    assert_int_equal(gw_translation_answer(run.translation, GW_STR("stdef"), false, &run.out, &err),
                     GW_INVALID);
    expect("no end", gw_str_of(err.message), "the answer is not complete");
    end(&run);
}

/* ---- before the first event ---- */

static void test_nothing_is_written_before_the_first_event(void **state)
{
    struct run run;

    (void)state;
    begin(&run, GW_CODEC_MESSAGES, GW_CODEC_CHAT, MESSAGES_REQUEST);
    assert_int_equal(feed(&run, GW_STR(": waiting\n\n: waiting\n\n")), GW_OK);
    assert_int_equal(gw_buf_len(&run.out), 0);
    assert_false(gw_translation_has_begun(run.translation));
    assert_int_equal(feed(&run, GW_STR(CHAT_DELTA("\"role\":\"assistant\""))), GW_OK);
    assert_true(gw_translation_has_begun(run.translation));
    expect_part("begun", gw_buf_str(&run.out), "event: message_start\n");
    end(&run);
}

static void test_failure_stays_when_its_event_is_gone(void **state)
{
    struct gw_buf body;
    unsigned status = 0;
    struct run run;

    (void)state;
    begin(&run, GW_CODEC_CHAT, GW_CODEC_MESSAGES, CHAT_REQUEST);
    /* feed() gives the bytes back. */
    assert_int_equal(feed(&run, GW_STR("data: {\"type\":\"error\",\"error\":{\"type\":"
                                       "\"rate_limit_error\",\"message\":\"slow \\\"down\\\"\"}}"
                                       "\n\n")),
                     GW_UNSUPPORTED);
    assert_int_equal(gw_buf_len(&run.out), 0);
    assert_true(gw_translation_has_failed(run.translation));
    gw_buf_init(&body, 4096);
    assert_int_equal(gw_translation_tell(run.translation, gw_translation_failure(run.translation),
                                         &body, &status),
                     GW_OK);
    assert_int_equal(status, 429);
    expect("told", gw_buf_str(&body),
           "{\"error\":{\"message\":\"slow \\\"down\\\"\",\"type\":\"rate_limit_error\","
           "\"param\":null,\"code\":\"rate_limit_exceeded\"}}");
    gw_buf_finish(&body);
    end(&run);
}

static void test_late_commit(void **state)
{
    static const struct {
        const char *label;
        enum gw_codec_id caller;
        const char *request, *ping;
    } callers[] = {
        {"chat", GW_CODEC_CHAT, CHAT_REQUEST, ": ping\n\n"},
        {"messages", GW_CODEC_MESSAGES, MESSAGES_REQUEST,
         "event: ping\ndata: {\"type\":\"ping\"}\n\n"},
        {"responses", GW_CODEC_RESPONSES, RESPONSES_REQUEST, ": ping\n\n"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(callers); i++) {
        struct gw_codec codec = letters_codec();
        struct gw_translation_setup setup = {.caller = gw_codec(callers[i].caller),
                                             .upstream = &codec};
        struct run run;
        begin_with(&run, &setup, callers[i].request);
        assert_int_equal(gw_translation_ping(run.translation, &run.out), GW_OK);
        expect(callers[i].label, gw_buf_str(&run.out), callers[i].ping);
        /* From now on an error can only be an event. */
        assert_int_equal(feed(&run, GW_STR("data: E\n\n")), GW_EOF);
        assert_true(gw_translation_has_failed(run.translation));
        expect_part(callers[i].label, gw_buf_str(&run.out), "\"m\"");
        end(&run);

        begin_with(&run, &setup, callers[i].request);
        assert_int_equal(gw_translation_ping(run.translation, &run.out), GW_OK);
        assert_int_equal(feed(&run, GW_STR("data: stdef.\n\n")), GW_OK);
        assert_int_equal(gw_translation_end(run.translation, &run.out), GW_EOF);
        assert_false(gw_translation_has_failed(run.translation));
        end(&run);
    }
}

static void test_silence_is_told(void **state)
{
    const struct gw_failure_told silent = {.class = GW_CLASS_GATEWAY_TIMEOUT,
                                           .code = GW_TEXT("upstream_timeout"),
                                           .message = GW_TEXT("nothing came")};
    struct run run;

    (void)state;
    begin(&run, GW_CODEC_CHAT, GW_CODEC_MESSAGES, CHAT_REQUEST);
    assert_int_equal(gw_translation_cut(run.translation, &silent, &run.out), GW_UNSUPPORTED);
    assert_int_equal(gw_buf_len(&run.out), 0);
    end(&run);

    begin(&run, GW_CODEC_CHAT, GW_CODEC_MESSAGES, CHAT_REQUEST);
    assert_int_equal(feed(&run, GW_STR(MESSAGES_START)), GW_OK);
    gw_buf_take(&run.out, gw_buf_len(&run.out));
    assert_int_equal(gw_translation_cut(run.translation, &silent, &run.out), GW_EOF);
    expect(
        "silent", gw_buf_str(&run.out),
        "data: {\"error\":{\"message\":\"nothing came\",\"type\":\"server_error\",\"param\":null,"
        "\"code\":\"upstream_timeout\"}}\n\n");
    assert_int_equal(gw_translation_usage(run.translation)->tokens[GW_TOKENS_IN], 3);
    end(&run);
}

/* ---- a long stream ---- */

#define EVENTS 100000u
#define BLOCKS_MAX 16u

/* Blocks that an arena of the translation holds on to come from the cache and do not come back. */
static void test_a_long_stream_keeps_nothing(void **state)
{
    static const struct {
        const char *label;
        enum gw_codec_id caller, upstream;
        const char *request, *first, *event;
    } pairs[] = {
        {"messages as chat", GW_CODEC_CHAT, GW_CODEC_MESSAGES, CHAT_REQUEST,
         MESSAGES_START
         "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
         "\"text\":\"\"}}\n\n",
         "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
         "\"text\":\"word \"}}\n\n"},
        {"messages' pings as chat", GW_CODEC_CHAT, GW_CODEC_MESSAGES, CHAT_REQUEST, MESSAGES_START,
         "event: ping\ndata: {\"type\":\"ping\"}\n\n"},
        {"arguments as chat", GW_CODEC_CHAT, GW_CODEC_MESSAGES, CHAT_REQUEST,
         MESSAGES_START
         "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
         "\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n",
         "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
         "\"input_json_delta\",\"partial_json\":\" \"}}\n\n"},
        {"chat as messages", GW_CODEC_MESSAGES, GW_CODEC_CHAT, MESSAGES_REQUEST, "",
         CHAT_DELTA("\"content\":\"word \"")},
        {"chat's reasoning as messages", GW_CODEC_MESSAGES, GW_CODEC_CHAT, MESSAGES_REQUEST, "",
         CHAT_DELTA("\"reasoning_content\":\"word \"")},
        /* What was said is repeated at the end, but it is one text. */
        {"messages as responses", GW_CODEC_RESPONSES, GW_CODEC_MESSAGES, RESPONSES_REQUEST,
         MESSAGES_START
         "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
         "\"text\":\"\"}}\n\n",
         "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
         "\"text\":\"word \"}}\n\n"},
        {"chat as responses", GW_CODEC_RESPONSES, GW_CODEC_CHAT, RESPONSES_REQUEST, "",
         CHAT_DELTA("\"content\":\"word \"")},
        {"chat's usage as messages", GW_CODEC_MESSAGES, GW_CODEC_CHAT, MESSAGES_REQUEST, "",
         CHAT_CHUNK("\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}")},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(pairs); i++) {
        struct gw_arena_cache cache = {.keep_max = 1000};
        struct gw_translation_setup setup = {.caller = gw_codec(pairs[i].caller),
                                             .upstream = gw_codec(pairs[i].upstream),
                                             .cache = &cache};
        struct gw_arena filler;
        struct run run;
        gw_arena_init(&filler, &cache);
        for (unsigned n = 0; n < 500; n++)
            assert_non_null(gw_arena_alloc(&filler, GW_ARENA_BLOCK_BYTES / 2 + 1));
        gw_arena_finish(&filler);
        unsigned before = cache.kept;
        begin_with(&run, &setup, pairs[i].request);
        assert_int_equal(feed(&run, gw_str_of(pairs[i].first)), GW_OK);
        for (unsigned n = 0; n < EVENTS; n++) {
            assert_int_equal(
                gw_translation_feed(run.translation, gw_str_of(pairs[i].event), &run.out), GW_OK);
            gw_buf_take(&run.out, gw_buf_len(&run.out));
        }
        if (before - cache.kept > BLOCKS_MAX)
            fail_msg("%s: %u blocks are held", pairs[i].label, before - cache.kept);
        end(&run);
        assert_int_equal(cache.kept, before);
        gw_arena_cache_finish(&cache);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_t11_27_every_cut_gives_the_same_bytes),
        cmocka_unit_test(test_byte_by_byte_gives_the_same_bytes),
        cmocka_unit_test(test_t11_28_lines_may_end_anyhow),
        cmocka_unit_test(test_nothing_is_looked_at_behind_the_end),
        cmocka_unit_test(test_a_reader_that_breaks_the_grammar_costs_its_answer),
        cmocka_unit_test(test_something_before_the_start_is_no_stream),
        cmocka_unit_test(test_an_answer_without_its_end_is_none),
        cmocka_unit_test(test_nothing_is_written_before_the_first_event),
        cmocka_unit_test(test_failure_stays_when_its_event_is_gone),
        cmocka_unit_test(test_late_commit),
        cmocka_unit_test(test_silence_is_told),
        cmocka_unit_test(test_a_long_stream_keeps_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
