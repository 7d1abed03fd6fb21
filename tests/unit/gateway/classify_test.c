#include "unit/test.h"

#include "gateway/classify.h"

#define LOOKED_AT_BYTES 4096u

static const struct {
    const char *label;
    unsigned status;
    const char *body, *code;
} cases[] = {
    {"400", 400, "{\"error\":{\"code\":\"invalid_value\"}}", "bad_request"},
    {"400 without a body", 400, "", "bad_request"},
    {"400, content filter", 400, "{\"error\":{\"code\":\"content_filter\"}}", "content_policy"},
    {"400, policy", 400, "{\"error\":{\"code\":\"content_policy_violation\"}}", "content_policy"},
    {"400, no credit", 400,
     "{\"error\":{\"message\":\"Your credit balance is too low to access the API\"}}", "quota"},
    {"400, quota", 400, "{\"error\":{\"code\":\"insufficient_quota\"}}", "quota"},
    {"400, verification", 400, "Your organization must be verified to use the model",
     "org_verification_required"},
    {"401", 401, "", "auth"},
    {"401 says quota", 401, "insufficient_quota", "auth"},
    {"402", 402, "", "quota"},
    {"403", 403, "{}", "forbidden"},
    {"403, verification by code", 403, "{\"code\":\"org_verification_required\"}",
     "org_verification_required"},
    {"403, verification by text", 403, "Your organization must be verified",
     "org_verification_required"},
    {"404", 404, "{\"error\":{\"type\":\"not_found_error\"}}", "model_not_found"},
    {"404, verification", 404, "Your organization must be verified to stream this model.",
     "org_verification_required"},
    {"405", 405, "", "bad_request"},
    {"408", 408, "", "bad_request"},
    {"413", 413, "insufficient_quota", "bad_request"},
    {"422", 422, "content_policy", "bad_request"},
    {"429", 429, "{\"error\":{\"type\":\"rate_limit_error\"}}", "rate_limit"},
    {"429 without a body", 429, "", "rate_limit"},
    {"429, quota", 429, "{\"error\":{\"type\":\"insufficient_quota\"}}", "quota"},
    {"429, billing", 429, "check your plan and billing details", "quota"},
    {"429, case counts", 429, "INSUFFICIENT_QUOTA", "rate_limit"},
    {"499", 499, "", "bad_request"},
    {"500", 500, "", "upstream"},
    {"500 says overloaded", 500, "overloaded", "upstream"},
    {"502", 502, "<html>", "upstream"},
    {"503", 503, "", "upstream"},
    {"503, overloaded", 503, "{\"error\":{\"type\":\"overloaded_error\"}}", "overloaded"},
    {"529", 529, "", "overloaded"},
    {"599", 599, "", "upstream"},
    {"a text cut off at the body's end", 503, "overloade", "upstream"},
};

static void test_classes(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_str code = gw_classify_upstream(cases[i].status, gw_str_of(cases[i].body));
        if (!gw_str_eq(code, gw_str_of(cases[i].code)))
            fail_msg("%s: %.*s", cases[i].label, GW_STR_ARG(code));
    }
}

/* A body's first bytes say it; a megabyte of text costs nothing. */
static void test_long_body(void **state)
{
    static char body[3 * LOOKED_AT_BYTES];
    const struct gw_str text = GW_STR("insufficient_quota");

    (void)state;
    for (size_t at = LOOKED_AT_BYTES - 2 * text.len; at <= LOOKED_AT_BYTES; at++) {
        memset(body, 'x', sizeof body);
        memcpy(body + at, text.base, text.len);
        bool seen = at + text.len <= LOOKED_AT_BYTES;
        struct gw_str code = gw_classify_upstream(429, (struct gw_str){body, sizeof body});
        if (!gw_str_eq(code, seen ? GW_STR("quota") : GW_STR("rate_limit")))
            fail_msg("at %zu: %.*s", at, GW_STR_ARG(code));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_long_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
