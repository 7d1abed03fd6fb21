#include "unit/test.h"

#include "admin/endpoints.h"

#define OM "application/openmetrics-text"

static const struct {
    const char *label;
    enum gw_http1_method method;
    const char *target, *host, *authorization, *origin;
    bool with_token; /* the listener's is "s3cret" */
    enum gw_admin_action expected;
    const char *allow;
} cases[] = {
    {"index", GW_METHOD_GET, "/", "127.0.0.1:4001", "", "", false, GW_ADMIN_INDEX, ""},
    {"health", GW_METHOD_HEAD, "/health", "localhost", "", "", false, GW_ADMIN_HEALTH, ""},
    {"metrics, query", GW_METHOD_GET, "/metrics?x=1", "[::1]:4001", "", "", false, GW_ADMIN_METRICS,
     ""},
    {"reload", GW_METHOD_POST, "/reload", "LOCALHOST:4001", "", "", false, GW_ADMIN_RELOAD, ""},
    {"reload from its own page", GW_METHOD_POST, "/reload", "127.0.0.1:4001", "",
     "http://127.0.0.1:4001", false, GW_ADMIN_RELOAD, ""},
    {"unknown", GW_METHOD_GET, "/metrics/", "127.0.0.1", "", "", false, GW_ADMIN_NOT_FOUND, ""},
    {"case matters", GW_METHOD_GET, "/Health", "127.0.0.1", "", "", false, GW_ADMIN_NOT_FOUND, ""},
    {"asterisk", GW_METHOD_OPTIONS, "*", "127.0.0.1", "", "", false, GW_ADMIN_NOT_FOUND, ""},
    {"reload by GET", GW_METHOD_GET, "/reload", "127.0.0.1", "", "", false, GW_ADMIN_NOT_ALLOWED,
     "POST"},
    {"metrics by POST", GW_METHOD_POST, "/metrics", "127.0.0.1", "", "", false,
     GW_ADMIN_NOT_ALLOWED, "GET, HEAD"},
    {"other method", GW_METHOD_OTHER, "/health", "127.0.0.1", "", "", false, GW_ADMIN_NOT_ALLOWED,
     "GET, HEAD"},
    {"rebound name", GW_METHOD_GET, "/metrics", "evil.example:4001", "", "", false,
     GW_ADMIN_FORBIDDEN, ""},
    {"digits and then a name", GW_METHOD_GET, "/metrics", "127.0.0.1.evil.example", "", "", false,
     GW_ADMIN_FORBIDDEN, ""},
    {"localhost as a label", GW_METHOD_GET, "/metrics", "localhost.evil.example", "", "", false,
     GW_ADMIN_FORBIDDEN, ""},
    {"no host (HTTP/1.0)", GW_METHOD_GET, "/metrics", "", "", "", false, GW_ADMIN_FORBIDDEN, ""},
    {"another site's page", GW_METHOD_POST, "/reload", "127.0.0.1:4001", "", "http://evil.example",
     false, GW_ADMIN_FORBIDDEN, ""},
    {"a page without origin", GW_METHOD_POST, "/reload", "127.0.0.1:4001", "", "null", false,
     GW_ADMIN_FORBIDDEN, ""},
    {"another port's page", GW_METHOD_POST, "/reload", "127.0.0.1:4001", "", "http://127.0.0.1:80",
     false, GW_ADMIN_FORBIDDEN, ""},
    {"health is open", GW_METHOD_GET, "/health", "evil.example", "", "", true, GW_ADMIN_HEALTH, ""},
    {"token", GW_METHOD_GET, "/metrics", "gw.example", "Bearer s3cret", "", true, GW_ADMIN_METRICS,
     ""},
    {"token, scheme in small letters", GW_METHOD_POST, "/reload", "gw", "bearer  s3cret",
     "http://x", true, GW_ADMIN_RELOAD, ""},
    {"no token", GW_METHOD_GET, "/metrics", "127.0.0.1", "", "", true, GW_ADMIN_NO_TOKEN, ""},
    {"wrong token", GW_METHOD_GET, "/metrics", "127.0.0.1", "Bearer s3creT", "", true,
     GW_ADMIN_NO_TOKEN, ""},
    {"token cut", GW_METHOD_GET, "/", "127.0.0.1", "Bearer s3cre", "", true, GW_ADMIN_NO_TOKEN, ""},
    {"token twice over", GW_METHOD_GET, "/", "127.0.0.1", "Bearer s3crets3cret", "", true,
     GW_ADMIN_NO_TOKEN, ""},
    {"empty token", GW_METHOD_GET, "/", "127.0.0.1", "Bearer ", "", true, GW_ADMIN_NO_TOKEN, ""},
    {"scheme only", GW_METHOD_GET, "/", "127.0.0.1", "Bearer", "", true, GW_ADMIN_NO_TOKEN, ""},
    {"another scheme", GW_METHOD_GET, "/", "127.0.0.1", "Basic s3cret", "", true, GW_ADMIN_NO_TOKEN,
     ""},
    {"unknown paths are not told", GW_METHOD_GET, "/x", "127.0.0.1", "", "", true,
     GW_ADMIN_NO_TOKEN, ""},
    {"nor are methods", GW_METHOD_GET, "/reload", "127.0.0.1", "", "", true, GW_ADMIN_NO_TOKEN, ""},
};

static void test_decisions(void **state)
{
    struct gw_secret *token = gw_secret_create(GW_STR("s3cret"));

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_admin_request request = {
            .method = cases[i].method,
            .target = gw_str_of(cases[i].target),
            .host = gw_str_of(cases[i].host),
            .authorization = gw_str_of(cases[i].authorization),
            .origin = gw_str_of(cases[i].origin),
        };
        struct gw_admin_rules rules = {cases[i].with_token ? token : NULL, GW_STR("/metrics")};
        struct gw_admin_decision decision = gw_admin_decide(&request, &rules);
        if (decision.action != cases[i].expected ||
            !gw_str_eq(decision.allow, gw_str_of(cases[i].allow)) ||
            decision.head != (cases[i].method == GW_METHOD_HEAD))
            fail_msg("%s: action %d, allow %.*s", cases[i].label, (int)decision.action,
                     GW_STR_ARG(decision.allow));
    }
    gw_secret_destroy(token);
}

static void test_metrics_path_and_form(void **state)
{
    struct gw_admin_rules rules = {NULL, GW_STR("/stats")};
    struct gw_admin_request request = {.method = GW_METHOD_GET,
                                       .target = GW_STR("/stats"),
                                       .host = GW_STR("127.0.0.1"),
                                       .accept = GW_STR(OM)};

    (void)state;
    assert_int_equal(gw_admin_decide(&request, &rules).action, GW_ADMIN_METRICS);
    assert_int_equal(gw_admin_decide(&request, &rules).exposition, GW_EXPOSE_OPENMETRICS);
    rules.metrics_path = GW_STR(""); /* off */
    assert_int_equal(gw_admin_decide(&request, &rules).action, GW_ADMIN_NOT_FOUND);
    request.target = GW_STR("");
    assert_int_equal(gw_admin_decide(&request, &rules).action, GW_ADMIN_NOT_FOUND);
    /* What is fixed wins over a path configured onto it. */
    rules.metrics_path = request.target = GW_STR("/health");
    assert_int_equal(gw_admin_decide(&request, &rules).action, GW_ADMIN_HEALTH);
}

static void test_whole_answers(void **state)
{
    struct gw_buf out;

    (void)state;
    gw_buf_init(&out, 4096);
    assert_int_equal(gw_admin_write(&out, 405, GW_STR("application/json"), GW_STR("Allow: GET\r\n"),
                                    GW_STR("{}"), false, true),
                     GW_OK);
    assert_true(gw_str_eq(gw_buf_str(&out),
                          GW_STR("HTTP/1.1 405 Method Not Allowed\r\n"
                                 "Content-Type: application/json\r\nContent-Length: 2\r\n"
                                 "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                                 "Allow: GET\r\n\r\n{}")));
    gw_buf_take(&out, gw_buf_len(&out));
    assert_int_equal(
        gw_admin_write(&out, 200, GW_STR("text/plain"), GW_STR(""), GW_STR("body"), true, false),
        GW_OK);
    assert_true(
        gw_str_eq(gw_buf_str(&out),
                  GW_STR("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
                         "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                         "Connection: close\r\n\r\n")));
    gw_buf_finish(&out);
    gw_buf_init(&out, 10);
    assert_int_equal(gw_admin_write(&out, 200, GW_STR("a/b"), GW_STR(""), GW_STR(""), false, true),
                     GW_TOO_LARGE);
    gw_buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_metrics_path_and_form),
        cmocka_unit_test(test_whole_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
