#include "unit/test.h"

#include "gateway/translate_fields.h"

#include <stdio.h>

#define HEAD_BYTES_MAX 8192u
#define NOW_S 1795619077u /* 2026-11-25T15:04:37Z */

enum way { OPENAI_TO_OPENAI, OPENAI_TO_ANTHROPIC, ANTHROPIC_TO_OPENAI };

/* Of the provider, and what the caller gets. */
static const struct {
    const char *label;
    enum way way;
    const char *fields, *lines;
} cases[] = {
    {"nothing", ANTHROPIC_TO_OPENAI, "server: x\r\ncontent-type: y\r\nset-cookie: z\r\n", ""},
    {"when to try again", ANTHROPIC_TO_OPENAI,
     "Retry-After: 3\r\nretry-after-ms: 2500\r\nx-should-retry: true\r\n",
     "Retry-After: 3\r\nretry-after-ms: 2500\r\nx-should-retry: true\r\n"},
    {"Azure's word for it", OPENAI_TO_ANTHROPIC, "x-ms-retry-after-ms: 7\r\n",
     "retry-after-ms: 7\r\n"},
    {"their id, once", ANTHROPIC_TO_OPENAI, "request-id: a\r\nx-request-id: b\r\n",
     "x-upstream-request-id: a\r\n"},
    {"their id at AWS", ANTHROPIC_TO_OPENAI, "x-amzn-RequestId: a\r\n",
     "x-upstream-request-id: a\r\n"},
    {"their id at Azure", OPENAI_TO_OPENAI, "apim-request-id: a\r\n",
     "x-upstream-request-id: a\r\n"},

    {"limits of one family", OPENAI_TO_OPENAI,
     "X-RateLimit-Limit-Requests: 5\r\nx-ratelimit-reset-tokens: 6m0s\r\nx-ratelimit-other: q\r\n",
     "X-RateLimit-Limit-Requests: 5\r\nx-ratelimit-reset-tokens: 6m0s\r\nx-ratelimit-other: q\r\n"},
    {"limits of the other", ANTHROPIC_TO_OPENAI,
     "anthropic-ratelimit-requests-limit: 50\r\nanthropic-ratelimit-requests-remaining: 49\r\n"
     "anthropic-ratelimit-tokens-limit: 80000\r\nanthropic-ratelimit-tokens-remaining: 7\r\n"
     "anthropic-ratelimit-input-tokens-limit: 3\r\n",
     "x-ratelimit-limit-requests: 50\r\nx-ratelimit-remaining-requests: 49\r\n"
     "x-ratelimit-limit-tokens: 80000\r\nx-ratelimit-remaining-tokens: 7\r\n"},
    {"and back", OPENAI_TO_ANTHROPIC,
     "x-ratelimit-limit-requests: 50\r\nx-ratelimit-remaining-requests: 49\r\n"
     "x-ratelimit-limit-tokens: 80000\r\nx-ratelimit-remaining-tokens: 7\r\nx-ratelimit-q: 1\r\n",
     "anthropic-ratelimit-requests-limit: 50\r\nanthropic-ratelimit-requests-remaining: 49\r\n"
     "anthropic-ratelimit-tokens-limit: 80000\r\nanthropic-ratelimit-tokens-remaining: 7\r\n"},

    {"a moment is how long from now", ANTHROPIC_TO_OPENAI,
     "anthropic-ratelimit-requests-reset: 2026-11-25T15:04:38Z\r\n"
     "anthropic-ratelimit-tokens-reset: 2026-11-25T15:10:37Z\r\n",
     "x-ratelimit-reset-requests: 1s\r\nx-ratelimit-reset-tokens: 6m0s\r\n"},
    {"hours away", ANTHROPIC_TO_OPENAI,
     "anthropic-ratelimit-tokens-reset: 2026-11-26T17:05:37.5Z\r\n",
     "x-ratelimit-reset-tokens: 26h1m0s\r\n"},
    {"a moment that has passed", ANTHROPIC_TO_OPENAI,
     "anthropic-ratelimit-tokens-reset: 2026-11-25T15:04:36Z\r\n",
     "x-ratelimit-reset-tokens: 0s\r\n"},
    {"no moment: short", ANTHROPIC_TO_OPENAI,
     "anthropic-ratelimit-tokens-reset: 2026-11-25T15:04:3Z\r\n", ""},
    {"no moment: a zone", ANTHROPIC_TO_OPENAI,
     "anthropic-ratelimit-tokens-reset: 2026-11-25T15:04:36+01:00\r\n", ""},
    {"no moment: month 13", ANTHROPIC_TO_OPENAI,
     "anthropic-ratelimit-tokens-reset: 2026-13-25T15:04:36Z\r\n", ""},
    {"no moment: letters", ANTHROPIC_TO_OPENAI,
     "anthropic-ratelimit-tokens-reset: 2026-11-25T1x:04:36Z\r\n", ""},
    {"no moment: nothing", ANTHROPIC_TO_OPENAI, "anthropic-ratelimit-tokens-reset:\r\n", ""},

    {"how long is a moment", OPENAI_TO_ANTHROPIC,
     "x-ratelimit-reset-requests: 1s\r\nx-ratelimit-reset-tokens: 6m0s\r\n",
     "anthropic-ratelimit-requests-reset: 2026-11-25T15:04:38Z\r\n"
     "anthropic-ratelimit-tokens-reset: 2026-11-25T15:10:37Z\r\n"},
    {"part of a second is a second", OPENAI_TO_ANTHROPIC,
     "x-ratelimit-reset-requests: 120ms\r\nx-ratelimit-reset-tokens: 7.66s\r\n",
     "anthropic-ratelimit-requests-reset: 2026-11-25T15:04:38Z\r\n"
     "anthropic-ratelimit-tokens-reset: 2026-11-25T15:04:45Z\r\n"},
    {"all units", OPENAI_TO_ANTHROPIC, "x-ratelimit-reset-tokens: 1d1h1m1s1ms\r\n",
     "anthropic-ratelimit-tokens-reset: 2026-11-26T16:05:39Z\r\n"},
    {"nothing to wait for", OPENAI_TO_ANTHROPIC, "x-ratelimit-reset-tokens: 0s\r\n",
     "anthropic-ratelimit-tokens-reset: 2026-11-25T15:04:37Z\r\n"},
    {"no duration: nothing", OPENAI_TO_ANTHROPIC, "x-ratelimit-reset-tokens:\r\n", ""},
    {"no duration: no unit", OPENAI_TO_ANTHROPIC, "x-ratelimit-reset-tokens: 12\r\n", ""},
    {"no duration: no number", OPENAI_TO_ANTHROPIC, "x-ratelimit-reset-tokens: ms\r\n", ""},
    {"no duration: an unknown unit", OPENAI_TO_ANTHROPIC, "x-ratelimit-reset-tokens: 1y\r\n", ""},
    {"no duration: only a point", OPENAI_TO_ANTHROPIC, "x-ratelimit-reset-tokens: .s\r\n", ""},
    {"no duration: ages", OPENAI_TO_ANTHROPIC,
     "x-ratelimit-reset-tokens: 99999999999999999999999999s\r\n", ""},
    {"no duration: many long ones", OPENAI_TO_ANTHROPIC, "x-ratelimit-reset-tokens: 300d300d\r\n",
     ""},
};

static void test_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        static struct gw_http1_head head;
        char text[HEAD_BYTES_MAX];
        int len = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\n", cases[i].fields);
        /* A copy of exactly this size, so that reading past the end is seen. */
        char *copy = test_malloc((size_t)len);
        struct gw_str bytes = {copy, (size_t)len};
        struct gw_buf lines;
        memcpy(copy, text, (size_t)len);
        gw_buf_init(&lines, 4096);
        gw_http1_head_init(&head);
        if (gw_http1_response_feed(&head, bytes, HEAD_BYTES_MAX, false, NULL) != GW_OK)
            fail_msg("%s: no head", cases[i].label);
        gw_translate_fields(&head, bytes, cases[i].way == OPENAI_TO_ANTHROPIC,
                            cases[i].way == ANTHROPIC_TO_OPENAI, NOW_S, &lines);
        struct gw_str got = gw_buf_str(&lines);
        if (!gw_str_eq(got, gw_str_of(cases[i].lines)))
            fail_msg("%s: got\n%.*s", cases[i].label, GW_STR_ARG(got));
        gw_buf_finish(&lines);
        test_free(copy);
    }
}

static void test_what_does_not_fit_is_left_out(void **state)
{
    static struct gw_http1_head head;
    struct gw_str bytes = GW_STR("HTTP/1.1 200 OK\r\nretry-after: 100000000000\r\n"
                                 "x-should-retry: 1\r\n\r\n");
    struct gw_buf lines;

    (void)state;
    gw_buf_init(&lines, 22);
    gw_http1_head_init(&head);
    assert_int_equal(gw_http1_response_feed(&head, bytes, HEAD_BYTES_MAX, false, NULL), GW_OK);
    gw_translate_fields(&head, bytes, false, true, NOW_S, &lines);
    assert_true(gw_str_eq(gw_buf_str(&lines), GW_STR("x-should-retry: 1\r\n")));
    gw_buf_finish(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_what_does_not_fit_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
