#include "unit/test.h"

#include "model/event.h"

static void test_usage_keeps_the_last_known_counts(void **state)
{
    struct gw_usage usage, more;

    (void)state;
    gw_usage_init(&usage);
    gw_usage_init(&more);
    for (unsigned i = 0; i < GW_TOKENS_FIELDS; i++)
        assert_int_equal(usage.tokens[i], GW_TOKENS_UNKNOWN);
    more.tokens[GW_TOKENS_IN] = 10;
    more.tokens[GW_TOKENS_OUT] = 1;
    gw_usage_merge(&usage, &more);
    gw_usage_init(&more);
    more.tokens[GW_TOKENS_OUT] = 25; /* cumulative, never a sum (test_t11_11) */
    more.tokens[GW_TOKENS_REASONING] = 0;
    gw_usage_merge(&usage, &more);
    assert_int_equal(usage.tokens[GW_TOKENS_IN], 10);
    assert_int_equal(usage.tokens[GW_TOKENS_OUT], 25);
    assert_int_equal(usage.tokens[GW_TOKENS_REASONING], 0);
    assert_int_equal(usage.tokens[GW_TOKENS_CACHE_READ], GW_TOKENS_UNKNOWN);
}

#define START                                                                                      \
    {                                                                                              \
        .kind = GW_EVENT_START                                                                     \
    }
#define OPEN(n, what)                                                                              \
    {                                                                                              \
        .kind = GW_EVENT_BLOCK_START, .block = n, .block_kind = GW_BLOCK_##what                    \
    }
#define STOP(n, what)                                                                              \
    {                                                                                              \
        .kind = GW_EVENT_BLOCK_STOP, .block = n, .block_kind = GW_BLOCK_##what                     \
    }
#define SAY(n, what, which)                                                                        \
    {                                                                                              \
        .kind = GW_EVENT_DELTA, .block = n, .block_kind = GW_BLOCK_##what,                         \
        .delta = GW_DELTA_##which, .text = {                                                       \
            GW_STR_INIT("x")                                                                       \
        }                                                                                          \
    }
#define GIVE(n, what, which)                                                                       \
    {                                                                                              \
        .kind = GW_EVENT_DELTA, .block = n, .block_kind = GW_BLOCK_##what,                         \
        .delta = GW_DELTA_##which, .json = GW_STR_INIT("[]")                                       \
    }
#define MUTE(n, what, which)                                                                       \
    {                                                                                              \
        .kind = GW_EVENT_DELTA, .block = n, .block_kind = GW_BLOCK_##what,                         \
        .delta = GW_DELTA_##which                                                                  \
    }
#define USAGE                                                                                      \
    {                                                                                              \
        .kind = GW_EVENT_USAGE                                                                     \
    }
#define PING                                                                                       \
    {                                                                                              \
        .kind = GW_EVENT_PING                                                                      \
    }
#define FINISH                                                                                     \
    {                                                                                              \
        .kind = GW_EVENT_FINISH, .finish = GW_FINISH_STOP                                          \
    }
#define FAIL                                                                                       \
    {                                                                                              \
        .kind = GW_EVENT_ERROR                                                                     \
    }
#define END                                                                                        \
    {                                                                                              \
        .kind = GW_EVENT_END                                                                       \
    }
#define EVENTS_MAX 12

static const struct {
    const char *label;
    int good; /* events that may come; then one that may not, unless all may */
    int count;
    struct gw_event events[EVENTS_MAX];
} rows[] = {
    {"an answer of everything",
     12,
     12,
     {START, OPEN(0, REASONING), SAY(0, REASONING, REASONING), SAY(0, REASONING, SIGNATURE),
      STOP(0, REASONING), OPEN(1, TOOL), SAY(1, TOOL, ARGUMENTS), PING, STOP(1, TOOL), USAGE,
      FINISH, END}},
    {"text with what belongs to it",
     9,
     9,
     {START, OPEN(0, TEXT), SAY(0, TEXT, TEXT), SAY(0, TEXT, TEXT), GIVE(0, TEXT, ANNOTATION),
      GIVE(0, TEXT, ANNOTATION), GIVE(0, TEXT, LOGPROBS), STOP(0, TEXT), FINISH}},
    {"usage behind the finish", 4, 4, {START, FINISH, USAGE, END}},
    {"nothing at all", 3, 3, {START, FINISH, END}},
    {"error instead of a start", 2, 2, {FAIL, END}},
    {"error in a block", 4, 4, {START, OPEN(0, TEXT), FAIL, END}},
    {"error behind the finish", 4, 4, {START, FINISH, FAIL, END}},
    {"no start: end", 0, 1, {END}},
    {"no start: block", 0, 1, {OPEN(0, TEXT)}},
    {"no start: ping", 0, 1, {PING}},
    {"no start: usage", 0, 1, {USAGE}},
    {"two starts", 1, 2, {START, START}},
    {"start behind an error", 1, 2, {FAIL, START}},
    {"block in a block", 2, 3, {START, OPEN(0, TEXT), OPEN(1, TEXT)}},
    {"first block is 1", 1, 2, {START, OPEN(1, TEXT)}},
    {"number twice", 3, 4, {START, OPEN(0, TEXT), STOP(0, TEXT), OPEN(0, TEXT)}},
    {"delta without a block", 1, 2, {START, SAY(0, TEXT, TEXT)}},
    {"delta of a closed block", 3, 4, {START, OPEN(0, TEXT), STOP(0, TEXT), SAY(0, TEXT, TEXT)}},
    {"delta of another number", 2, 3, {START, OPEN(0, TEXT), SAY(1, TEXT, TEXT)}},
    {"delta of another kind", 2, 3, {START, OPEN(0, TEXT), SAY(0, REASONING, TEXT)}},
    {"reasoning in text", 2, 3, {START, OPEN(0, TEXT), SAY(0, TEXT, REASONING)}},
    {"arguments in text", 2, 3, {START, OPEN(0, TEXT), SAY(0, TEXT, ARGUMENTS)}},
    {"text in a call", 2, 3, {START, OPEN(0, TOOL), SAY(0, TOOL, TEXT)}},
    {"text in a refusal", 2, 3, {START, OPEN(0, REFUSAL), SAY(0, REFUSAL, TEXT)}},
    {"refusal in text", 2, 3, {START, OPEN(0, TEXT), SAY(0, TEXT, REFUSAL)}},
    {"signature in text", 2, 3, {START, OPEN(0, TEXT), SAY(0, TEXT, SIGNATURE)}},
    {"two signatures",
     3,
     4,
     {START, OPEN(0, REASONING), SAY(0, REASONING, SIGNATURE), SAY(0, REASONING, SIGNATURE)}},
    {"data twice",
     3,
     4,
     {START, OPEN(0, REDACTED), SAY(0, REDACTED, DATA), SAY(0, REDACTED, DATA)}},
    {"server tool as text", 2, 3, {START, OPEN(0, SERVER_TOOL), SAY(0, SERVER_TOOL, DATA)}},
    {"server tool",
     4,
     4,
     {START, OPEN(0, SERVER_TOOL), GIVE(0, SERVER_TOOL, DATA), STOP(0, SERVER_TOOL)}},
    {"image", 4, 4, {START, OPEN(0, IMAGE), SAY(0, IMAGE, DATA), STOP(0, IMAGE)}},
    {"arguments whole, then fragment",
     3,
     4,
     {START, OPEN(0, TOOL), GIVE(0, TOOL, ARGUMENTS), SAY(0, TOOL, ARGUMENTS)}},
    {"fragment, then arguments whole",
     3,
     4,
     {START, OPEN(0, TOOL), SAY(0, TOOL, ARGUMENTS), GIVE(0, TOOL, ARGUMENTS)}},
    {"whole in one call, fragments in the next",
     8,
     8,
     {START, OPEN(0, TOOL), GIVE(0, TOOL, ARGUMENTS), STOP(0, TOOL), OPEN(1, TOOL),
      SAY(1, TOOL, ARGUMENTS), SAY(1, TOOL, ARGUMENTS), STOP(1, TOOL)}},
    {"nothing in a delta", 2, 3, {START, OPEN(0, TEXT), MUTE(0, TEXT, TEXT)}},
    {"annotation as text", 2, 3, {START, OPEN(0, TEXT), SAY(0, TEXT, ANNOTATION)}},
    {"stop without a block", 1, 2, {START, STOP(0, TEXT)}},
    {"stop of another kind", 2, 3, {START, OPEN(0, TEXT), STOP(0, TOOL)}},
    {"finish in a block", 2, 3, {START, OPEN(0, TEXT), FINISH}},
    {"two finishes", 2, 3, {START, FINISH, FINISH}},
    {"block behind the finish", 2, 3, {START, FINISH, OPEN(0, TEXT)}},
    {"end without a finish", 1, 2, {START, END}},
    {"two ends", 3, 4, {START, FINISH, END, END}},
    {"ping behind the end", 3, 4, {START, FINISH, END, PING}},
    {"error behind the end", 3, 4, {START, FINISH, END, FAIL}},
    {"two errors", 2, 3, {START, FAIL, FAIL}},
    {"usage behind an error", 2, 3, {START, FAIL, USAGE}},
};

static void test_grammar(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_grammar grammar = {0};
        struct gw_err err = {0};
        int taken = 0;
        while (taken < rows[i].count && gw_grammar_take(&grammar, &rows[i].events[taken], &err))
            taken++;
        if (taken != rows[i].good)
            fail_msg("%s: %d taken", rows[i].label, taken);
        if ((taken == rows[i].count) != (err.status == GW_OK) ||
            (taken < rows[i].count && !err.message[0]))
            fail_msg("%s: %s", rows[i].label, err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usage_keeps_the_last_known_counts),
        cmocka_unit_test(test_grammar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
