/* Every conversation of tests/fixtures through every ordered pair of dialects: the request, the answer whole,
 * streamed and cut anywhere, there and back, and errors. What may be different is listed beside the
 * conversation: pairs_fixture.h. With `--page FILE` it writes the table of docs/codec/pairs.md, which is checked
 * otherwise. */
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "pairs_fold.h"
#include "pairs_judge.h"

#define PAGE "docs/codec/pairs.md"
/* How many bytes may pass through one test that cuts a stream in two, and that ends it too early. Short streams are
 * cut at every byte; longer ones in steps, but in small pieces as well. */
#define CUT_BYTES_MAX ((size_t)1 << 20)

/* ---- requests ---- */

static void judge_warnings(struct judge *judge, const struct exchange *exchange)
{
    struct gw_buf warnings;

    gw_buf_init(&warnings, OUT_BYTES_MAX);
    assert_int_equal(gw_ledger_write(gw_translation_ledger(exchange->translation), &warnings),
                     GW_OK);
    const struct rule *rule = find_rule(judge, OP_WARNS, NULL, NULL);
    struct gw_str expected = rule ? rule->value : GW_STR(""), got = gw_buf_str(&warnings);
    if (!gw_str_eq(expected, got))
        gw_buf_printf(&judge->complaints, "%s>%s request warns - %.*s | instead of %.*s\n",
                      dialect_names[judge->caller], dialect_names[judge->upstream], GW_STR_ARG(got),
                      GW_STR_ARG(expected));
    gw_buf_finish(&warnings);
}

/* @return false: it was refused, as it may be. */
static bool translate_request(struct judge *judge, enum gw_codec_id caller,
                              enum gw_codec_id upstream, struct gw_str body, struct gw_arena *arena,
                              struct gw_str *out)
{
    struct exchange exchange;

    exchange_begin(&exchange, judge->cell, caller, upstream);
    enum gw_status status =
        gw_translation_request(exchange.translation, body, &exchange.out, &exchange.complaint);
    const struct gw_complaint said = exchange.complaint;
    if (status == GW_OK && judge->kind == K_REQUEST && caller == judge->caller)
        judge_warnings(judge, &exchange);
    *out = exchange_take(&exchange, arena);
    if (status == GW_OK)
        return true;
    const struct rule *rule = find_rule(judge, OP_REFUSED, said.param[0] ? said.param : "-", NULL);
    if (!rule || !said.code || !gw_str_eq(rule->value, gw_str_of(said.code)))
        fail_msg("not allowed:\n%s>%s request refused %s %s | %s\n", dialect_names[caller],
                 dialect_names[upstream], said.param[0] ? said.param : "-",
                 said.code ? said.code : "-", said.message);
    return false;
}

static bool is_refused(const struct cell *cell)
{
    const struct judge judge = {
        .cell = cell, .caller = cell->caller, .upstream = cell->upstream, .kind = K_REQUEST};

    return seek_rule(&judge, OP_REFUSED, NULL, NULL) != NULL;
}

static void test_request(const struct cell *cell, struct gw_arena *arena)
{
    const struct conversation *conversation = cell->conversation;
    struct gw_str first, second, again;
    struct judge judge;

    judge_begin(&judge, cell);
    if (!translate_request(&judge, cell->caller, cell->upstream,
                           conversation->request[cell->caller], arena, &first)) {
        judge_end(&judge);
        return;
    }
    judge_json(&judge, arena, conversation->request[cell->upstream], first);
    judge_end(&judge);

    judge.kind = K_BACK; /* of the following nothing is listed */
    assert_true(translate_request(&judge, cell->caller, cell->upstream,
                                  conversation->request[cell->caller], arena, &again));
    if (!gw_str_eq(first, again))
        fail_msg("the same request gave other bytes:\n%.*s\n%.*s", GW_STR_ARG(first),
                 GW_STR_ARG(again));
    assert_true(translate_request(&judge, cell->upstream, cell->upstream, first, arena, &second));
    if (!gw_str_eq(first, second))
        fail_msg("read and written again it is another one:\n%.*s\n%.*s", GW_STR_ARG(first),
                 GW_STR_ARG(second));
}

static void test_back(const struct cell *cell, struct gw_arena *arena)
{
    struct gw_str there, back, request = cell->conversation->request[cell->caller];
    struct judge judge;

    if (is_refused(cell))
        return;
    judge_begin(&judge, cell);
    if (translate_request(&judge, cell->caller, cell->upstream, request, arena, &there) &&
        translate_request(&judge, cell->upstream, cell->caller, there, arena, &back))
        judge_json(&judge, arena, request, back);
    judge_end(&judge);
}

/* ---- whole answers ---- */

static void test_answer(const struct cell *cell, struct gw_arena *arena)
{
    const struct conversation *conversation = cell->conversation;
    struct judge judge;

    if (is_refused(cell))
        return;
    struct gw_str body = conversation->answer[cell->upstream];
    struct gw_str got =
        translate_answer(cell, cell->caller, cell->upstream, body, false, false, arena);
    judge_begin(&judge, cell);
    judge_json(&judge, arena, conversation->answer[cell->caller], got);
    judge_end(&judge);
}

static void test_round(const struct cell *cell, struct gw_arena *arena)
{
    struct gw_str answer = cell->conversation->answer[cell->caller];
    const struct cell other = {
        .conversation = cell->conversation, .caller = cell->upstream, .upstream = cell->caller};
    struct judge judge;

    if (is_refused(cell) || is_refused(&other))
        return;
    struct gw_str there =
        translate_answer(cell, cell->upstream, cell->caller, answer, false, false, arena);
    struct gw_str back =
        translate_answer(cell, cell->caller, cell->upstream, there, false, false, arena);
    judge_begin(&judge, cell);
    judge_json(&judge, arena, answer, back);
    judge_end(&judge);
}

/* ---- streams ---- */

static void expect_same(const char *what, size_t where, struct gw_str expected, struct gw_str got)
{
    if (!gw_str_eq(expected, got))
        fail_msg("%s %zu it is another stream:\n%.*s\nand not\n%.*s", what, where, GW_STR_ARG(got),
                 GW_STR_ARG(expected));
}

static void test_cuts(const struct cell *cell, struct gw_str stream, struct gw_str whole)
{
    size_t step = 1 + stream.len * stream.len / CUT_BYTES_MAX;
    struct gw_arena arena;
    bool failed;

    gw_arena_init(&arena, NULL);
    for (size_t piece = 1; piece <= 5; piece++) {
        expect_same("in pieces of", piece, whole,
                    translate_stream(cell, stream, piece, piece, &failed, &arena));
        gw_arena_finish(&arena);
    }
    for (size_t cut = 1; cut < stream.len; cut += step) {
        expect_same("cut at", cut, whole,
                    translate_stream(cell, stream, cut, stream.len, &failed, &arena));
        gw_arena_finish(&arena);
    }
}

/* Has the upstream said how it ends? Then what is missing is only counts. */
static bool is_complete(const struct fold *fold)
{
    const struct tree *choice = tree_at(tree_get(fold->answer, "choices"), 0);

    return fold->over || fold->finished || !tree_is_null(tree_get(choice, "finish_reason"));
}

/* A stream that ends too early never looks like one that is complete. */
static void test_truncations(const struct cell *cell, struct gw_str stream)
{
    size_t room = CUT_BYTES_MAX;
    struct gw_arena arena;
    struct fold upstream, caller;
    bool failed;

    gw_arena_init(&arena, NULL);
    /* From its end on: there it is nearest to what is complete. */
    for (size_t end = stream.len; end-- > 0 && room > end;) {
        struct gw_str cut = {stream.base, end};
        if (end && !(end > 1 && stream.base[end - 1] == '\n' && stream.base[end - 2] == '\n'))
            continue;
        room -= end;
        fold_stream(&upstream, &arena, cell->upstream, cut);
        struct gw_str out = translate_stream(cell, cut, SIZE_MAX, 1, &failed, &arena);
        if (failed == is_complete(&upstream))
            fail_msg("cut behind byte %zu it %s:\n%.*s", end, failed ? "failed" : "did not fail",
                     GW_STR_ARG(out));
        fold_stream(&caller, &arena, cell->caller, out);
        if (failed && out.len && (!caller.error || caller.wrong))
            fail_msg("cut behind byte %zu, the caller is not told: %s\n%.*s", end,
                     caller.wrong ? caller.wrong : "", GW_STR_ARG(out));
        gw_arena_finish(&arena);
    }
}

/* What a failed stream and one that was expected to fail have in common: how far it came, and why. */
static const struct tree *failed_tree(struct gw_arena *arena, const struct fold *fold)
{
    struct tree *tree = tree_read(arena, GW_STR("{}"));

    if (fold->error)
        tree_set(arena, tree, GW_STR("error"), fold->error);
    if (fold->answer)
        tree_set(arena, tree, GW_STR("partial"), fold->answer);
    return tree;
}

static void test_stream(const struct cell *cell, struct gw_arena *arena)
{
    const struct conversation *conversation = cell->conversation;
    struct gw_str stream = conversation->stream[cell->upstream];
    const struct tree *expected;
    struct fold fold, split, own;
    struct judge judge;
    bool failed;

    if (is_refused(cell))
        return;
    struct gw_str out = translate_stream(cell, stream, SIZE_MAX, 1, &failed, arena);
    fold_stream(&fold, arena, cell->caller, out);
    if (fold.wrong)
        fail_msg("%s:\n%.*s", fold.wrong, GW_STR_ARG(out));
    judge_begin(&judge, cell);
    if (conversation->answer[cell->upstream].base) {
        struct gw_str body = conversation->answer[cell->upstream];
        expected = tree_read(
            arena, translate_answer(cell, cell->caller, cell->upstream, body, false, false, arena));
        judge_trees(&judge, expected, fold.answer);
        /* Asked for as a stream and not given as one, and the other way round. */
        fold_stream(&split, arena, cell->caller,
                    translate_answer(cell, cell->caller, cell->upstream, body, false, true, arena));
        if (split.wrong)
            fail_msg("a whole answer as a stream: %s", split.wrong);
        judge_trees(&judge, expected, split.answer);
        judge_json(
            &judge, arena,
            translate_answer(cell, cell->caller, cell->upstream, body, false, false, arena),
            translate_answer(cell, cell->caller, cell->upstream, stream, true, false, arena));
    } else {
        fold_stream(&own, arena, cell->caller, conversation->stream[cell->caller]);
        judge_trees(&judge, failed_tree(arena, &own), failed_tree(arena, &fold));
    }
    judge_end(&judge);
    test_cuts(cell, stream, out);
    test_truncations(cell, stream);
}

/* The fixtures themselves: the stream and the answer say the same. */
static void test_fixture(const struct cell *cell, struct gw_arena *arena)
{
    const struct conversation *conversation = cell->conversation;
    struct fold fold;
    struct judge judge;

    fold_stream(&fold, arena, cell->upstream, conversation->stream[cell->upstream]);
    if (fold.wrong)
        fail_msg("%s", fold.wrong);
    if (!conversation->answer[cell->upstream].base)
        return;
    judge_begin(&judge, cell);
    judge_trees(&judge, tree_read(arena, conversation->answer[cell->upstream]), fold.answer);
    judge_end(&judge);
}

/* ---- errors ---- */

static void test_error(const struct cell *cell, struct gw_arena *arena)
{
    const struct conversation *conversation = cell->conversation;
    struct exchange exchange;
    struct judge judge;

    exchange_ask(&exchange, cell, cell->caller, cell->upstream, false);
    assert_int_equal(
        gw_translation_error(exchange.translation, conversation->status[cell->upstream],
                             conversation->error[cell->upstream], &exchange.out, &exchange.status),
        GW_OK);
    unsigned status = exchange.status;
    struct gw_str got = exchange_take(&exchange, arena);
    judge_begin(&judge, cell);
    judge_json(&judge, arena,
               gw_arena_printf(arena, "{\"status\":%u,\"body\":%.*s}",
                               conversation->status[cell->caller],
                               GW_STR_ARG(conversation->error[cell->caller])),
               gw_arena_printf(arena, "{\"status\":%u,\"body\":%.*s}", status, GW_STR_ARG(got)));
    judge_end(&judge);
}

/* ---- the run ---- */

static void test_cell(void **state)
{
    static void (*const tests[KINDS])(const struct cell *, struct gw_arena *) = {
        [K_FIXTURE] = test_fixture, [K_REQUEST] = test_request, [K_BACK] = test_back,
        [K_ANSWER] = test_answer,   [K_ROUND] = test_round,     [K_STREAM] = test_stream,
        [K_ERROR] = test_error,
    };
    struct cell *cell = *state;
    struct gw_arena arena;

    gw_arena_init(&arena, NULL);
    tests[cell->kind](cell, &arena);
    gw_arena_finish(&arena);
    cell->passed = true;
}

/* A list that allows more than it has to hides what goes wrong later. */
static void expect_used(const char *where, const struct rules *rules)
{
    unsigned unused = 0;

    for (unsigned i = 0; i < rules->count; i++)
        if (!rules->rules[i].used) {
            print_error("%s/allowed.txt, line %u: nothing needs it\n", where, rules->rules[i].line);
            unused++;
        }
    assert_int_equal(unused, 0);
}

static void test_lists_allow_what_is_needed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < fixtures.count; i++)
        expect_used(fixtures.conversations[i].name, &fixtures.conversations[i].rules);
    expect_used("all", &fixtures.rules);
}

#define CELLS_MAX (CONVERSATIONS_MAX * GW_CODECS * GW_CODECS * KINDS)
static struct cell cells[CELLS_MAX];
static struct CMUnitTest tests[CELLS_MAX + 2];
static size_t cell_count, test_count;

static void add_cell(struct conversation *conversation, enum gw_codec_id caller,
                     enum gw_codec_id upstream, enum kind kind)
{
    struct cell *cell = &cells[cell_count++];

    assert_true(cell_count < CELLS_MAX);
    *cell = (struct cell){
        .conversation = conversation, .caller = caller, .upstream = upstream, .kind = kind};
    (void)snprintf(cell->name, sizeof cell->name, "%s %s>%s %s", conversation->name,
                   dialect_names[caller], dialect_names[upstream], kind_names[kind]);
    tests[test_count++] = (struct CMUnitTest){cell->name, test_cell, NULL, NULL, cell};
}

static void add_pair(struct conversation *it, enum gw_codec_id caller, enum gw_codec_id upstream)
{
    const struct cell pair = {.conversation = it, .caller = caller, .upstream = upstream};
    const bool has[KINDS] = {
        [K_FIXTURE] = it->stream[upstream].base && caller == upstream,
        [K_REQUEST] = it->request[caller].base && (it->request[upstream].base || is_refused(&pair)),
        [K_BACK] = it->request[caller].base && it->request[upstream].base,
        [K_ANSWER] = it->answer[caller].base && it->answer[upstream].base,
        [K_ROUND] = it->answer[caller].base && it->answer[upstream].base,
        [K_STREAM] = it->stream[caller].base && it->stream[upstream].base,
        [K_ERROR] = it->error[caller].base && it->error[upstream].base,
    };

    for (unsigned kind = 0; kind < KINDS; kind++)
        if (has[kind])
            add_cell(it, caller, upstream, kind);
}

#include "pairs_page.h"

int main(int argc, char **argv)
{
    load_fixtures(&fixtures);
    for (unsigned i = 0; i < fixtures.count; i++)
        for (unsigned caller = 0; caller < GW_CODECS; caller++)
            for (unsigned upstream = 0; upstream < GW_CODECS; upstream++)
                add_pair(&fixtures.conversations[i], caller, upstream);
    tests[test_count++] = (struct CMUnitTest)cmocka_unit_test(test_lists_allow_what_is_needed);
    if (argc == 3 && strcmp(argv[1], "--page") == 0)
        page_file = argv[2];
    tests[test_count++] = (struct CMUnitTest)cmocka_unit_test(test_page_is_current);
    int failed = _cmocka_run_group_tests("pairs", tests, test_count, NULL, NULL);
    gw_arena_finish(&fixtures.arena);
    return failed;
}
