#include "unit/test.h"

#include "app/proxy_env.h"

#include <stdlib.h>

static const struct {
    const char *label, *upper, *lower;
    enum gw_status status;
    const char *host;
    unsigned port;
    const char *authorization;
} cases[] = {
    {"no variable", NULL, NULL, GW_OK, "", 0, ""},
    {"empty ones", "", "", GW_OK, "", 0, ""},
    {"host and port", "http://proxy.example:3128", NULL, GW_OK, "proxy.example", 3128, ""},
    {"a scheme in capitals", "HTTP://proxy.example:3128", NULL, GW_OK, "proxy.example", 3128, ""},
    {"lower case", NULL, "http://proxy.example:3128", GW_OK, "proxy.example", 3128, ""},
    {"upper case first", "http://a:1", "http://b:2", GW_OK, "a", 1, ""},
    {"... unless it is empty", "", "http://b:2", GW_OK, "b", 2, ""},
    {"without a scheme", "proxy:3128", NULL, GW_OK, "proxy", 3128, ""},
    {"without a port", "http://proxy", NULL, GW_OK, "proxy", 80, ""},
    {"with a slash", "http://proxy:8080/", NULL, GW_OK, "proxy", 8080, ""},
    {"with a path", "http://proxy:8080/a@b:c", NULL, GW_OK, "proxy", 8080, ""},
    {"IPv4", "http://10.0.0.1:8080", NULL, GW_OK, "10.0.0.1", 8080, ""},
    {"IPv6", "http://[fd00::1]:8080", NULL, GW_OK, "fd00::1", 8080, ""},
    {"IPv6 without a port", "http://[fd00::1]", NULL, GW_OK, "fd00::1", 80, ""},
    {"the largest port", "http://p:65535", NULL, GW_OK, "p", 65535, ""},
    {"user and password", "http://user:secret@proxy:8080", NULL, GW_OK, "proxy", 8080,
     "Basic dXNlcjpzZWNyZXQ="},
    {"... with escapes", "http://us%40er:se%3Acret%2F@proxy:8080", NULL, GW_OK, "proxy", 8080,
     "Basic dXNAZXI6c2U6Y3JldC8="},
    {"... without a scheme", "user:secret@proxy:8080", NULL, GW_OK, "proxy", 8080,
     "Basic dXNlcjpzZWNyZXQ="},
    {"a user without a password", "http://user@proxy", NULL, GW_OK, "proxy", 80, "Basic dXNlcg=="},
    {"https", "https://user:secret@proxy:8080", NULL, GW_UNSUPPORTED, "", 0, NULL},
    {"socks", "socks5://user:secret@proxy:8080", NULL, GW_UNSUPPORTED, "", 0, NULL},
    {"no host", "http://", NULL, GW_INVALID, "", 0, NULL},
    {"a port only", "http://:8080", NULL, GW_INVALID, "", 0, NULL},
    {"a user only", "http://user:secret@", NULL, GW_INVALID, "", 0, NULL},
    {"port 0", "http://secret:0", NULL, GW_INVALID, "", 0, NULL},
    {"a port too large", "http://secret:65536", NULL, GW_INVALID, "", 0, NULL},
    {"a port that is none", "http://secret:http", NULL, GW_INVALID, "", 0, NULL},
    {"a bad escape", "http://user:secret%zz@proxy", NULL, GW_INVALID, "", 0, NULL},
    {"half an escape", "http://user:secret%4@proxy", NULL, GW_INVALID, "", 0, NULL},
    {"an open bracket", "http://[secret:8080", NULL, GW_INVALID, "", 0, NULL},
    {"two at signs", "http://user:sec@ret@proxy", NULL, GW_INVALID, "", 0, NULL},
};

static void set(const char *name, const char *value)
{
    assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void check(size_t i)
{
    struct gw_proxy_env env;
    struct gw_err err = {.message = ""};
    enum gw_status status = gw_proxy_env_read(&env, &err);

    if (status != cases[i].status || (status == GW_OK) != (err.message[0] == '\0'))
        fail_msg("%s: %s, %s", cases[i].label, gw_status_name(status), err.message);
    if (strstr(err.message, "secret") || strstr(err.message, "proxy."))
        fail_msg("%s: the message tells the value: %s", cases[i].label, err.message);
    if (!gw_str_eq(env.proxy.host, gw_str_of(cases[i].host)) || env.proxy.port != cases[i].port)
        fail_msg("%s: %.*s, port %u", cases[i].label, GW_STR_ARG(env.proxy.host), env.proxy.port);
    if (status == GW_OK && !gw_str_eq(env.proxy.authorization, gw_str_of(cases[i].authorization)))
        fail_msg("%s: %.*s", cases[i].label, GW_STR_ARG(env.proxy.authorization));
    gw_proxy_env_finish(&env);
}

static void test_proxies(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        set("HTTPS_PROXY", cases[i].upper);
        set("https_proxy", cases[i].lower);
        check(i);
    }
}

/* User and password of any length are read whole or refused. */
static void test_long_users(void **state)
{
    static const struct {
        size_t bytes;
        enum gw_status status;
    } lengths[] = {{510, GW_OK}, {511, GW_OK}, {512, GW_OK}, {513, GW_INVALID}, {5000, GW_INVALID}};
    static char value[6000];

    (void)state;
    set("https_proxy", NULL);
    for (size_t i = 0; i < GW_COUNT(lengths); i++) {
        struct gw_proxy_env env;
        memset(value, 'u', lengths[i].bytes);
        memcpy(value + lengths[i].bytes, "@p:1", sizeof "@p:1");
        set("HTTPS_PROXY", value);
        enum gw_status status = gw_proxy_env_read(&env, NULL);
        if (status != lengths[i].status)
            fail_msg("%zu bytes: %s", lengths[i].bytes, gw_status_name(status));
        if (status == GW_OK)
            assert_int_equal(env.proxy.authorization.len,
                             strlen("Basic ") + (lengths[i].bytes + 2) / 3 * 4);
        gw_proxy_env_finish(&env);
    }
}

static void test_no_proxy(void **state)
{
    static const struct {
        const char *upper, *lower, *want;
    } lists[] = {
        {NULL, NULL, ""}, {"a,b", NULL, "a,b"}, {NULL, "c", "c"}, {"a", "c", "a"}, {"", "c", "c"},
    };

    (void)state;
    set("HTTPS_PROXY", NULL);
    set("https_proxy", NULL);
    for (size_t i = 0; i < GW_COUNT(lists); i++) {
        struct gw_proxy_env env;
        set("NO_PROXY", lists[i].upper);
        set("no_proxy", lists[i].lower);
        assert_int_equal(gw_proxy_env_read(&env, NULL), GW_OK);
        if (!gw_str_eq(env.no_proxy, gw_str_of(lists[i].want)))
            fail_msg("%s: %.*s", lists[i].want, GW_STR_ARG(env.no_proxy));
        gw_proxy_env_finish(&env);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proxies),
        cmocka_unit_test(test_long_users),
        cmocka_unit_test(test_no_proxy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
