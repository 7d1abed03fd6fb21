#include "unit/test.h"

#include <stdio.h>

#include "codec/profile.h"

static const char *const kinds[] = {"none", "budget", "adaptive", "only", "on", "asked"};

static const struct {
    const char *model, *want;
} rows[] = {
    {"claude-opus-5", "128000 on xhigh schema inside"},
    {"claude-sonnet-5-20260801", "128000 on xhigh schema inside"},
    {"claude-haiku-5", "128000 adaptive xhigh schema inside"},
    {"claude-opus-4-8", "128000 adaptive xhigh schema inside"},
    {"us.anthropic.claude-opus-4-8-v1:0", "128000 adaptive xhigh schema inside"},
    {"claude-opus-4-7", "128000 only xhigh schema"},
    {"claude-fable-5", "128000 only xhigh schema inside"},
    {"claude-mythos-preview", "128000 only xhigh schema"},
    {"claude-opus-4-6", "128000 adaptive sampling either schema"},
    {"claude-sonnet-4-6@20260101", "128000 adaptive sampling either schema"},
    {"claude-opus-4-5-20251101", "64000 budget sampling either schema prefill"},
    {"claude-sonnet-4-5", "64000 budget sampling either schema prefill"},
    {"claude-haiku-4-5", "64000 budget sampling either schema prefill"},
    {"claude-opus-4-1", "32000 budget sampling either schema prefill"},
    {"claude-opus-4-20250514", "32000 budget sampling either prefill"},
    {"claude-opus-4@20250514", "32000 budget sampling either prefill"},
    {"claude-sonnet-4-20250514", "64000 budget sampling either prefill"},
    {"claude-3-7-sonnet-latest", "64000 budget sampling prefill"},
    {"claude-3-5-haiku-20241022", "8192 none sampling prefill"},
    {"anthropic.claude-3-5-sonnet-20240620-v1:0", "8192 none sampling prefill"},
    {"claude-3-opus-20240229", "4096 none sampling prefill"},
    {"claude-2.1", "4096 none sampling prefill"},
    {"anthropic.claude-v2:1", "4096 none sampling prefill"},
    {"claude-instant-1.2", "4096 none sampling prefill"},
    {"claude-novel-6-20270101", "128000 adaptive xhigh schema"},
    {"anthropic/claude-opus-4.6", "128000 adaptive sampling either schema"},
    {"Claude-3.7-Sonnet", "64000 budget sampling prefill"},
    {"glm-4.6", "4096 asked xhigh sampling prefill"},
    {"", "4096 asked xhigh sampling prefill"},
};

static void test_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        const struct gw_claude_limits *row = gw_claude_limits_of(gw_str_of(rows[i].model), NULL, 0);
        char is[200];
        (void)snprintf(is, sizeof(is), "%u %s%s%s%s%s%s%s", row->max_output, kinds[row->thinking],
                       row->xhigh ? " xhigh" : "", row->sampling ? " sampling" : "",
                       row->top_p_or_temperature ? " either" : "",
                       row->json_schema ? " schema" : "", row->prefill ? " prefill" : "",
                       row->system_inside ? " inside" : "");
        if (strcmp(is, rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].model, is);
    }
}

/* Each row is the first for the model that it names, or it could never be found. */
static void test_no_row_hides_another(void **state)
{
    size_t count;
    const struct gw_claude_limits *table = gw_claude_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(gw_claude_limits_of(table[i].contains, NULL, 0), &table[i]);
}

static void test_own_rows_come_first(void **state)
{
    static const struct gw_claude_limits own[] = {
        {.contains = GW_STR_INIT("opus-5.5"), .max_output = 1},
        {.contains = GW_STR_INIT("opus"), .max_output = 2},
    };

    (void)state;
    assert_ptr_equal(gw_claude_limits_of(GW_STR("claude-opus-5-5"), own, 2), &own[0]);
    assert_ptr_equal(gw_claude_limits_of(GW_STR("claude-opus-4-8"), own, 2), &own[1]);
    assert_int_equal(gw_claude_limits_of(GW_STR("claude-sonnet-5"), own, 2)->max_output, 128000);
}

static const struct {
    enum gw_effort effort;
    uint32_t budget;
    enum gw_effort word, word_without_xhigh;
} efforts[] = {
    {GW_EFFORT_UNSET, 8192, GW_EFFORT_UNSET, GW_EFFORT_UNSET},
    {GW_EFFORT_NONE, 0, GW_EFFORT_UNSET, GW_EFFORT_UNSET},
    {GW_EFFORT_MINIMAL, 1024, GW_EFFORT_LOW, GW_EFFORT_LOW},
    {GW_EFFORT_LOW, 2048, GW_EFFORT_LOW, GW_EFFORT_LOW},
    {GW_EFFORT_MEDIUM, 8192, GW_EFFORT_MEDIUM, GW_EFFORT_MEDIUM},
    {GW_EFFORT_HIGH, 16384, GW_EFFORT_HIGH, GW_EFFORT_HIGH},
    {GW_EFFORT_XHIGH, 24576, GW_EFFORT_XHIGH, GW_EFFORT_MAX},
    {GW_EFFORT_MAX, 32000, GW_EFFORT_MAX, GW_EFFORT_MAX},
};

static void test_efforts(void **state)
{
    (void)state;
    assert_int_equal(GW_COUNT(efforts), GW_EFFORTS);
    for (size_t i = 0; i < GW_COUNT(efforts); i++) {
        assert_int_equal(gw_claude_budget(efforts[i].effort), efforts[i].budget);
        assert_int_equal(gw_claude_effort(efforts[i].effort, true), efforts[i].word);
        assert_int_equal(gw_claude_effort(efforts[i].effort, false), efforts[i].word_without_xhigh);
    }
}

static void test_efforts_of_budgets(void **state)
{
    static const struct {
        int64_t budget;
        enum gw_effort effort;
    } budgets[] = {
        {INT64_MIN, GW_EFFORT_LOW},  {0, GW_EFFORT_LOW},        {2047, GW_EFFORT_LOW},
        {2048, GW_EFFORT_MEDIUM},    {12287, GW_EFFORT_MEDIUM}, {12288, GW_EFFORT_HIGH},
        {INT64_MAX, GW_EFFORT_HIGH},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(budgets); i++)
        assert_int_equal(gw_effort_of_budget(budgets[i].budget), budgets[i].effort);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_no_row_hides_another),
        cmocka_unit_test(test_own_rows_come_first),
        cmocka_unit_test(test_efforts),
        cmocka_unit_test(test_efforts_of_budgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
