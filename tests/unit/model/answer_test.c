#include "unit/test.h"

#include "model/event.h"

struct fold {
    struct gw_arena arena;
    struct gw_answer answer;
};

static void begin(struct fold *fold)
{
    gw_arena_init(&fold->arena, NULL);
    gw_answer_init(&fold->answer, &fold->arena);
}

static void take(struct fold *fold, struct gw_event event)
{
    assert_int_equal(gw_answer_take(&fold->answer, &event), GW_OK);
}

static struct gw_event open_block(enum gw_block_kind kind)
{
    return (struct gw_event){.kind = GW_EVENT_BLOCK_START, .block_kind = kind};
}

static struct gw_event delta(enum gw_delta_kind kind, struct gw_str text)
{
    return (struct gw_event){.kind = GW_EVENT_DELTA, .delta = kind, .text = {text}};
}

static struct gw_event whole(enum gw_delta_kind kind, struct gw_str json)
{
    return (struct gw_event){.kind = GW_EVENT_DELTA, .delta = kind, .json = json};
}

static const struct gw_event stop_block = {.kind = GW_EVENT_BLOCK_STOP};

static void check(struct gw_str is, const char *want)
{
    if (!is.base || !gw_str_eq(is, gw_str_of(want)))
        fail_msg("%.*s instead of %s", GW_STR_ARG(is), want);
}

static void test_answer_takes_head_and_end(void **state)
{
    struct fold fold;
    struct gw_event start = {.kind = GW_EVENT_START,
                             .id = GW_TEXT("id"),
                             .model = GW_TEXT("m"),
                             .created = GW_STR("17"),
                             .service_tier = GW_TEXT("default"),
                             .fingerprint = GW_TEXT("fp")};
    struct gw_event usage = {.kind = GW_EVENT_USAGE};
    struct gw_event finish = {.kind = GW_EVENT_FINISH,
                              .finish = GW_FINISH_STOP_SEQUENCE,
                              .finish_raw = GW_TEXT("stop"),
                              .stop_sequence = GW_TEXT("\\n"),
                              .explanation = GW_TEXT("why")};

    (void)state;
    begin(&fold);
    gw_usage_init(&start.usage);
    gw_usage_init(&usage.usage);
    start.usage.tokens[GW_TOKENS_IN] = 5;
    usage.usage.tokens[GW_TOKENS_OUT] = 7;
    take(&fold, start);
    take(&fold, (struct gw_event){.kind = GW_EVENT_PING});
    take(&fold, usage);
    take(&fold, finish);
    take(&fold, (struct gw_event){.kind = GW_EVENT_END});
    check(fold.answer.id.raw, "id");
    check(fold.answer.model.raw, "m");
    check(fold.answer.created, "17");
    check(fold.answer.service_tier.raw, "default");
    check(fold.answer.fingerprint.raw, "fp");
    check(fold.answer.finish_raw.raw, "stop");
    check(fold.answer.stop_sequence.raw, "\\n");
    check(fold.answer.explanation.raw, "why");
    assert_int_equal(fold.answer.finish, GW_FINISH_STOP_SEQUENCE);
    assert_int_equal(fold.answer.usage.tokens[GW_TOKENS_IN], 5);
    assert_int_equal(fold.answer.usage.tokens[GW_TOKENS_OUT], 7);
    assert_int_equal(fold.answer.usage.tokens[GW_TOKENS_REASONING], GW_TOKENS_UNKNOWN);
    assert_null(fold.answer.blocks);
    assert_false(fold.answer.failed);
    gw_arena_finish(&fold.arena);
}

static void test_answer_keeps_a_failure(void **state)
{
    struct fold fold;

    (void)state;
    begin(&fold);
    take(&fold,
         (struct gw_event){.kind = GW_EVENT_ERROR,
                           .failure = {.class = GW_CLASS_OVERLOADED, .message = GW_TEXT("busy")}});
    assert_true(fold.answer.failed);
    assert_int_equal(fold.answer.failure.class, GW_CLASS_OVERLOADED);
    check(fold.answer.failure.message.raw, "busy");
    gw_arena_finish(&fold.arena);
}

/* One piece stays a slice; more are joined, and many are not copied each time. */
static void test_answer_joins_pieces(void **state)
{
    static const struct {
        enum gw_block_kind block;
        enum gw_delta_kind delta;
    } kinds[] = {{GW_BLOCK_TEXT, GW_DELTA_TEXT},
                 {GW_BLOCK_REASONING, GW_DELTA_REASONING},
                 {GW_BLOCK_REFUSAL, GW_DELTA_REFUSAL}};
    static const char piece[] = "piece";
    struct fold fold;

    (void)state;
    begin(&fold);
    for (unsigned i = 0; i < GW_COUNT(kinds); i++) {
        take(&fold, open_block(kinds[i].block));
        take(&fold, delta(kinds[i].delta, GW_STR("")));
        take(&fold, delta(kinds[i].delta, (struct gw_str){piece, 5}));
        assert_ptr_equal(fold.answer.open->text.raw.base, piece);
        take(&fold, delta(kinds[i].delta, GW_STR("")));
        assert_ptr_equal(fold.answer.open->text.raw.base, piece);
        take(&fold, delta(kinds[i].delta, GW_STR("\\ud83d")));
        take(&fold, delta(kinds[i].delta, GW_STR("\\ude00")));
        check(fold.answer.open->text.raw, "piece\\ud83d\\ude00");
        take(&fold, stop_block);
    }
    take(&fold, open_block(GW_BLOCK_TEXT));
    for (unsigned i = 0; i < 10000; i++)
        take(&fold, delta(GW_DELTA_TEXT, GW_STR("0123456789")));
    take(&fold, stop_block);
    const struct gw_block *last = fold.answer.blocks->next->next->next;
    assert_int_equal(last->text.raw.len, 100000);
    for (size_t i = 0; i < 100000; i++)
        if (last->text.raw.base[i] != (char)('0' + i % 10))
            fail_msg("at %zu", i);
    assert_null(last->next);
    assert_int_equal(fold.answer.blocks->kind, GW_BLOCK_TEXT);
    check(fold.answer.blocks->text.raw, "piece\\ud83d\\ude00");
    gw_arena_finish(&fold.arena);
}

static void test_answer_keeps_what_a_block_is(void **state)
{
    struct fold fold;
    struct gw_event call = open_block(GW_BLOCK_TOOL), thought = open_block(GW_BLOCK_REASONING);

    (void)state;
    begin(&fold);
    call.id = GW_TEXT("call_1");
    call.name = GW_TEXT("f");
    call.gsig = GW_TEXT("g");
    thought.family = GW_FAMILY_ANTHROPIC;
    take(&fold, thought);
    take(&fold, delta(GW_DELTA_SIGNATURE, GW_STR("sig")));
    take(&fold, stop_block);
    take(&fold, call);
    take(&fold, delta(GW_DELTA_ARGUMENTS, GW_STR("{\\\"a")));
    take(&fold, delta(GW_DELTA_ARGUMENTS, GW_STR("\\\":1}")));
    take(&fold, stop_block);
    take(&fold, open_block(GW_BLOCK_TOOL));
    take(&fold, whole(GW_DELTA_ARGUMENTS, GW_STR("{\"a\":1.0}")));
    take(&fold, stop_block);
    take(&fold, open_block(GW_BLOCK_SERVER_TOOL));
    take(&fold, whole(GW_DELTA_DATA, GW_STR("{\"type\":\"x\"}")));
    take(&fold, stop_block);
    take(&fold, open_block(GW_BLOCK_REDACTED));
    take(&fold, delta(GW_DELTA_DATA, GW_STR("opaque")));
    take(&fold, stop_block);
    const struct gw_block *block = fold.answer.blocks;
    check(block->signature.raw, "sig");
    check(block->text.raw, "");
    assert_int_equal(block->family, GW_FAMILY_ANTHROPIC);
    block = block->next;
    check(block->id.raw, "call_1");
    check(block->name.raw, "f");
    check(block->gsig.raw, "g");
    check(block->arguments.string.raw, "{\\\"a\\\":1}");
    assert_null(block->arguments.json.base);
    block = block->next;
    check(block->arguments.json, "{\"a\":1.0}");
    assert_false(gw_text_present(block->arguments.string));
    block = block->next;
    check(block->raw, "{\"type\":\"x\"}");
    block = block->next;
    check(block->text.raw, "opaque");
    assert_null(block->next);
    gw_arena_finish(&fold.arena);
}

static void test_t11_22_no_arguments_is_empty_object(void **state)
{
    struct fold fold;
    struct gw_event custom = open_block(GW_BLOCK_TOOL);

    (void)state;
    begin(&fold);
    take(&fold, open_block(GW_BLOCK_TOOL));
    take(&fold, delta(GW_DELTA_ARGUMENTS, GW_STR("")));
    take(&fold, stop_block);
    custom.tool = GW_TOOL_CUSTOM;
    take(&fold, custom);
    take(&fold, stop_block);
    check(fold.answer.blocks->arguments.json, "{}");
    check(fold.answer.blocks->next->arguments.string.raw, "");
    assert_null(fold.answer.blocks->next->arguments.json.base);
    gw_arena_finish(&fold.arena);
}

static void test_answer_joins_annotations_and_logprobs(void **state)
{
    struct fold fold;

    (void)state;
    begin(&fold);
    take(&fold, open_block(GW_BLOCK_TEXT));
    take(&fold, whole(GW_DELTA_LOGPROBS, GW_STR("null")));
    take(&fold, whole(GW_DELTA_LOGPROBS, GW_STR("[ ]")));
    assert_null(fold.answer.open->logprobs.base);
    take(&fold, whole(GW_DELTA_LOGPROBS, GW_STR(" [ {\"a\":1}\n] ")));
    take(&fold, whole(GW_DELTA_LOGPROBS, GW_STR("[]")));
    take(&fold, whole(GW_DELTA_LOGPROBS, GW_STR("[{\"b\":1},{}]")));
    take(&fold, whole(GW_DELTA_ANNOTATION, GW_STR("{\"x\":1}")));
    take(&fold, delta(GW_DELTA_TEXT, GW_STR("t")));
    take(&fold, whole(GW_DELTA_ANNOTATION, GW_STR("{\"y\":1}")));
    take(&fold, stop_block);
    check(fold.answer.blocks->logprobs, "{\"a\":1},{\"b\":1},{}");
    check(fold.answer.blocks->annotations, "{\"x\":1},{\"y\":1}");
    check(fold.answer.blocks->text.raw, "t");
    gw_arena_finish(&fold.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer_takes_head_and_end),
        cmocka_unit_test(test_answer_keeps_a_failure),
        cmocka_unit_test(test_answer_joins_pieces),
        cmocka_unit_test(test_answer_keeps_what_a_block_is),
        cmocka_unit_test(test_t11_22_no_arguments_is_empty_object),
        cmocka_unit_test(test_answer_joins_annotations_and_logprobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
