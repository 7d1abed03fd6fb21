#include "unit/test.h"

#include "model/request.h"

static void test_efforts_have_names(void **state)
{
    static const char *const names[] = {"",       "none", "minimal", "low",
                                        "medium", "high", "xhigh",   "max"};

    (void)state;
    assert_int_equal(GW_COUNT(names), GW_EFFORTS);
    for (unsigned i = 0; i < GW_EFFORTS; i++) {
        struct gw_str name = gw_effort_name((enum gw_effort)i);
        assert_true(gw_str_eq(name, gw_str_of(names[i])));
        assert_int_equal(gw_effort_of((struct gw_text){name}), i);
    }
    assert_int_equal(gw_effort_of(GW_TEXT("h\\u0069gh")), GW_EFFORT_HIGH);
    assert_int_equal(gw_effort_of(GW_TEXT("High")), GW_EFFORT_UNSET);
    assert_int_equal(gw_effort_of(GW_TEXT("higher")), GW_EFFORT_UNSET);
    assert_int_equal(gw_effort_of((struct gw_text){{NULL, 0}}), GW_EFFORT_UNSET);
}

static void test_families_have_letters(void **state)
{
    (void)state;
    assert_int_equal(gw_family_letter(GW_FAMILY_ANTHROPIC), 'a');
    assert_int_equal(gw_family_letter(GW_FAMILY_OPENAI), 'o');
    assert_int_equal(gw_family_letter(GW_FAMILY_GEMINI), 'g');
    assert_int_equal(gw_family_letter(GW_FAMILY_PLAIN), 'd');
    assert_int_equal(gw_family_letter(GW_FAMILY_NONE), 'd');
}

static void test_complaints_are_cut_and_whole(void **state)
{
    struct gw_complaint complaint;
    char text[1000];

    (void)state;
    assert_int_equal(gw_complain(&complaint, GW_UNSUPPORTED, "unsupported_parameter", "n",
                                 "could not send n = %d", 2),
                     GW_UNSUPPORTED);
    assert_int_equal(complaint.status, GW_UNSUPPORTED);
    assert_string_equal(complaint.code, "unsupported_parameter");
    assert_string_equal(complaint.param, "n");
    assert_string_equal(complaint.message, "could not send n = 2");

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(gw_complain(&complaint, GW_INVALID, "invalid_value", NULL, "%s", text),
                     GW_INVALID);
    assert_string_equal(complaint.param, "");
    assert_int_equal(strlen(complaint.message), sizeof(complaint.message) - 1);
    (void)gw_complain(&complaint, GW_INVALID, "invalid_value", text, "no");
    assert_int_equal(strlen(complaint.param), sizeof(complaint.param) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_efforts_have_names),
        cmocka_unit_test(test_families_have_letters),
        cmocka_unit_test(test_complaints_are_cut_and_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
