#include "unit/test.h"

#include "codec/profile.h"

#define BIT(word) (1u << GW_EFFORT_##word)
#define USUAL (BIT(LOW) | BIT(MEDIUM) | BIT(HIGH))

static const struct {
    const char *model;
    unsigned known;
} models[] = {
    {"o1", USUAL},
    {"o3-mini", USUAL},
    {"o4-mini-2025-04-16", USUAL},
    {"gpt-5", USUAL | BIT(MINIMAL)},
    {"gpt-5-mini-2025-08-07", USUAL | BIT(MINIMAL)},
    {"gpt-5-2025-08-07", USUAL | BIT(MINIMAL)},
    {"gpt-5-chat-latest", 0},
    {"gpt-5-chat", 0},
    {"gpt-5.1", USUAL | BIT(NONE)},
    {"gpt-5.1-codex", USUAL | BIT(NONE)},
    {"gpt-5.2", USUAL | BIT(NONE) | BIT(XHIGH)},
    {"gpt-5.5-pro", USUAL | BIT(NONE) | BIT(XHIGH)},
    {"gpt-5.6", USUAL | BIT(NONE) | BIT(XHIGH) | BIT(MAX)},
    {"gpt-5.10", USUAL | BIT(NONE) | BIT(XHIGH) | BIT(MAX)},
    {"gpt-6", USUAL | BIT(NONE) | BIT(XHIGH) | BIT(MAX)},
    {"GPT-5.1", USUAL | BIT(NONE)},
    {"openai/gpt-5.2", USUAL | BIT(NONE) | BIT(XHIGH)},
    {"ft:gpt-5-mini:org::id", USUAL | BIT(MINIMAL)},
    {"gpt-4o", 0},
    {"gpt-4.1", 0},
    {"gpt-4.9", 0},
    {"gpt-oss-120b", 0},
    {"openai/gpt-oss-120b", 0},
    {"gpt-", 0},
    {"gpt-5.", 0},
    {"gpt-99999999999999999999999", 0},
    {"omni-moderation", 0},
    {"o", 0},
    {"chatgpt-4o-latest", 0},
    {"grok-4", 0},
    {"", 0},
};

static void test_models(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(models); i++) {
        struct gw_str model = gw_str_of(models[i].model);
        if (gw_openai_efforts(model) != models[i].known ||
            gw_openai_is_reasoning(model) != (models[i].known != 0))
            fail_msg("%s: %x", models[i].model, gw_openai_efforts(model));
    }
}

static const struct {
    const char *label, *model;
    enum gw_effort asked, sent;
} nearest[] = {
    {"xhigh on gpt-5", "gpt-5", GW_EFFORT_XHIGH, GW_EFFORT_HIGH},
    {"max on gpt-5", "gpt-5", GW_EFFORT_MAX, GW_EFFORT_HIGH},
    {"max on 5.2", "gpt-5.2", GW_EFFORT_MAX, GW_EFFORT_XHIGH},
    {"max on 5.6", "gpt-5.6", GW_EFFORT_MAX, GW_EFFORT_MAX},
    {"minimal on 5.1", "gpt-5.1", GW_EFFORT_MINIMAL, GW_EFFORT_LOW},
    {"none on 5.1", "gpt-5.1", GW_EFFORT_NONE, GW_EFFORT_NONE},
    {"none on gpt-5", "gpt-5", GW_EFFORT_NONE, GW_EFFORT_MINIMAL},
    {"none on the o series", "o3", GW_EFFORT_NONE, GW_EFFORT_LOW},
    {"what is known stays", "o3", GW_EFFORT_MEDIUM, GW_EFFORT_MEDIUM},
    {"unset stays", "o3", GW_EFFORT_UNSET, GW_EFFORT_UNSET},
    {"nothing is known", "gpt-4o", GW_EFFORT_HIGH, GW_EFFORT_UNSET},
};

static void test_nearest(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(nearest); i++)
        if (gw_effort_nearest(nearest[i].asked, gw_openai_efforts(gw_str_of(nearest[i].model))) !=
            nearest[i].sent)
            fail_msg("%s", nearest[i].label);
    assert_int_equal(gw_effort_nearest(GW_EFFORT_XHIGH, BIT(HIGH) | BIT(MAX)), GW_EFFORT_HIGH);
    assert_int_equal(gw_effort_nearest(GW_EFFORT_MEDIUM, BIT(NONE)), GW_EFFORT_UNSET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
