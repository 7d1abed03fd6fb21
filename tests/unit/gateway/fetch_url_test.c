/* Which URLs of images are taken, and their parts. */
#include "unit/test.h"

#include "gateway/fetch_url.h"

static const struct {
    const char *label, *text;
    const char *host, *authority, *target; /* host NULL: refused */
    unsigned port;
    const char *says; /* of what is refused */
} cases[] = {
    {"usual", "https://a.example/b/c.png", "a.example", "a.example", "/b/c.png", 443, NULL},
    {"no path", "https://a.example", "a.example", "a.example", "", 443, NULL},
    {"a query", "https://a.example/?b=c/d&e=@:?", "a.example", "a.example", "/?b=c/d&e=@:?", 443,
     NULL},
    {"a query without a path", "https://a.example?b", "a.example", "a.example", "?b", 443, NULL},
    {"a fragment", "https://a.example/b#c?d/e", "a.example", "a.example", "/b", 443, NULL},
    {"a fragment only", "https://a.example#b@c", "a.example", "a.example", "", 443, NULL},
    {"a port", "https://a.example:8443/b", "a.example", "a.example:8443", "/b", 8443, NULL},
    {"the usual port", "https://a.example:443/b", "a.example", "a.example", "/b", 443, NULL},
    {"the scheme in upper case", "HTTPS://A.example/B", "A.example", "A.example", "/B", 443, NULL},
    {"IPv4", "https://192.0.2.1/b", "192.0.2.1", "192.0.2.1", "/b", 443, NULL},
    {"IPv6", "https://[2001:db8::1]:444/b", "2001:db8::1", "[2001:db8::1]:444", "/b", 444, NULL},
    {"an at sign behind the host", "https://a.example/@b:c", "a.example", "a.example", "/@b:c", 443,
     NULL},
    {"dots in the path", "https://a.example/../b/%2e%2e", "a.example", "a.example", "/../b/%2e%2e",
     443, NULL},

    {"nothing", "", NULL, NULL, NULL, 0, "https://"},
    {"http", "http://a.example/b", NULL, NULL, NULL, 0, "does not begin with https://"},
    {"another scheme", "ftp://a.example/b", NULL, NULL, NULL, 0, "does not begin with https://"},
    {"a file", "file:///etc/passwd", NULL, NULL, NULL, 0, "does not begin with https://"},
    {"the demo provider", "demo:", NULL, NULL, NULL, 0, "does not begin with https://"},
    {"a blank in front", " https://a.example/", NULL, NULL, NULL, 0, "https://"},
    {"no host", "https:///b", NULL, NULL, NULL, 0, "no host"},
    {"nothing but the scheme", "https://", NULL, NULL, NULL, 0, "no host"},
    {"a user", "https://u@a.example/", NULL, NULL, NULL, 0, "user name"},
    {"a user and a password", "https://u:secret@a.example/", NULL, NULL, NULL, 0, "user name"},
    {"a backslash before the real host", "https://a.example\\@b.example/", NULL, NULL, NULL, 0,
     "user name"},
    {"a backslash in the host", "https://a.example\\.b.example/", NULL, NULL, NULL, 0, "broken"},
    {"an escape in the host", "https://a%2eexample/", NULL, NULL, NULL, 0, "broken"},
    {"port 0", "https://a.example:0/", NULL, NULL, NULL, 0, "port"},
    {"a port that is none", "https://a.example:x/", NULL, NULL, NULL, 0, "port"},
    {"a port too large", "https://a.example:65536/", NULL, NULL, NULL, 0, "port"},
    {"an empty port", "https://a.example:/", NULL, NULL, NULL, 0, "port"},
    {"IPv6 with a zone", "https://[fe80::1%25eth0]/", NULL, NULL, NULL, 0, "broken"},
    {"IPv6 without brackets", "https://2001:db8::1/", NULL, NULL, NULL, 0, "broken"},
    {"a blank", "https://a.example/a b", NULL, NULL, NULL, 0, "percent-encoded"},
    {"a line end", "https://a.example/a\r\nx: y", NULL, NULL, NULL, 0, "percent-encoded"},
    {"a tab", "https://a.example/a\tb", NULL, NULL, NULL, 0, "percent-encoded"},
    {"UTF-8", "https://a.example/\xc3\xa9", NULL, NULL, NULL, 0, "percent-encoded"},
    {"DEL", "https://a.example/\x7f", NULL, NULL, NULL, 0, "percent-encoded"},
};

static void test_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_fetch_url url = {.port = 7};
        struct gw_err err = {.offset = 0};
        enum gw_status status = gw_fetch_url_parse(gw_str_of(cases[i].text), &url, &err);
        if (status != (cases[i].host ? GW_OK : GW_INVALID))
            fail_msg("%s: status %d, %s", cases[i].label, status, err.message);
        if (cases[i].host &&
            (!gw_str_eq(url.host, gw_str_of(cases[i].host)) ||
             !gw_str_eq(url.authority, gw_str_of(cases[i].authority)) ||
             !gw_str_eq(url.target, gw_str_of(cases[i].target)) || url.port != cases[i].port))
            fail_msg("%s: %.*s, %.*s, %.*s, %u", cases[i].label, GW_STR_ARG(url.host),
                     GW_STR_ARG(url.authority), GW_STR_ARG(url.target), url.port);
        if (!cases[i].host && (url.port != 7 || !strstr(err.message, cases[i].says)))
            fail_msg("%s: %s", cases[i].label, err.message);
        if (strstr(err.message, "secret") || strstr(err.message, "example"))
            fail_msg("%s: tells %s", cases[i].label, err.message);
    }
}

static void test_length(void **state)
{
    static char text[GW_FETCH_URL_BYTES_MAX + 1];
    struct gw_fetch_url url;
    struct gw_err err;

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://a.b/", 12);
    assert_int_equal(gw_fetch_url_parse((struct gw_str){text, GW_FETCH_URL_BYTES_MAX}, &url, &err),
                     GW_OK);
    assert_int_equal(gw_fetch_url_parse((struct gw_str){text, sizeof text}, &url, &err),
                     GW_INVALID);
}

static void test_nul_bytes(void **state)
{
    static const struct gw_str texts[] = {GW_STR_INIT("https://a.example\0.b/"),
                                          GW_STR_INIT("https://a.example/\0")};
    struct gw_fetch_url url;
    struct gw_err err;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(texts); i++)
        assert_int_equal(gw_fetch_url_parse(texts[i], &url, &err), GW_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_nul_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
