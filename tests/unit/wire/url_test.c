/*
 * Base URLs, authorities, safe paths, percent-encoding.
 */
#include "unit/test.h"

#include "wire/url.h"

static const struct {
    const char *text;
    bool tls;
    unsigned port;
    const char *host, *authority, *path;
} urls[] = {
    {"https://api.openai.com/v1", true, 443, "api.openai.com", "api.openai.com", "/v1"},
    {"https://api.openai.com", true, 443, "api.openai.com", "api.openai.com", ""},
    {"https://api.openai.com/", true, 443, "api.openai.com", "api.openai.com", ""},
    {"https://a/v1/", true, 443, "a", "a", "/v1"},
    {"https://a/v1//", true, 443, "a", "a", "/v1"},
    {"http://localhost:11434/v1", false, 11434, "localhost", "localhost:11434", "/v1"},
    {"http://a", false, 80, "a", "a", ""},
    {"http://a:80/x", false, 80, "a", "a", "/x"},
    {"https://a:443", true, 443, "a", "a", ""},
    {"http://a:443", false, 443, "a", "a:443", ""},
    {"https://a:80", true, 80, "a", "a:80", ""},
    {"https://a:65535", true, 65535, "a", "a:65535", ""},
    {"HTTPS://A.Example/V1", true, 443, "A.Example", "A.Example", "/V1"},
    {"http://127.0.0.1:8080", false, 8080, "127.0.0.1", "127.0.0.1:8080", ""},
    {"http://[::1]:8080/v1", false, 8080, "::1", "[::1]:8080", "/v1"},
    {"https://[2001:db8::1]", true, 443, "2001:db8::1", "[2001:db8::1]", ""},
    {"https://[2001:db8::1]:443/", true, 443, "2001:db8::1", "[2001:db8::1]", ""},
    {"https://my_host-1.local/a%20b/c", true, 443, "my_host-1.local", "my_host-1.local",
     "/a%20b/c"},
    {"https://a/v1beta/models/x:y", true, 443, "a", "a", "/v1beta/models/x:y"},
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(urls); i++) {
        struct gw_url url;
        struct gw_err err;
        if (gw_url_parse(gw_str_of(urls[i].text), &url, &err) != GW_OK)
            fail_msg("%s: %s", urls[i].text, err.message);
        if (url.demo || url.tls != urls[i].tls || url.port != urls[i].port ||
            !gw_str_eq(url.host, gw_str_of(urls[i].host)) ||
            !gw_str_eq(url.authority, gw_str_of(urls[i].authority)) ||
            !gw_str_eq(url.path, gw_str_of(urls[i].path)))
            fail_msg("%s: host %.*s, port %u, authority %.*s, path %.*s", urls[i].text,
                     GW_STR_ARG(url.host), url.port, GW_STR_ARG(url.authority),
                     GW_STR_ARG(url.path));
    }
}

static void test_demo(void **state)
{
    struct gw_url url;

    (void)state;
    assert_int_equal(gw_url_parse(GW_STR("demo:"), &url, NULL), GW_OK);
    assert_true(url.demo);
    assert_false(url.tls);
    assert_int_equal(url.host.len + url.authority.len + url.path.len, 0);
}

static const struct {
    const char *label;
    struct gw_str text;
    size_t offset;
    const char *says; /* the message holds this */
} refused[] = {
    {"nothing", GW_STR_INIT(""), 0, "begin with"},
    {"no scheme", GW_STR_INIT("api.openai.com/v1"), 0, "begin with"},
    {"another scheme", GW_STR_INIT("ftp://a"), 0, "begin with"},
    {"a scheme only", GW_STR_INIT("https:"), 0, "begin with"},
    {"one slash", GW_STR_INIT("https:/a"), 0, "begin with"},
    {"demo with more", GW_STR_INIT("demo:x"), 0, "begin with"},
    {"no host", GW_STR_INIT("https://"), 8, "no host"},
    {"no host but a path", GW_STR_INIT("https:///v1"), 8, "no host"},
    {"no host but a port", GW_STR_INIT("https://:80"), 8, "no host"},
    {"user", GW_STR_INIT("https://me@a/v1"), 8, "user name"},
    {"user and password", GW_STR_INIT("https://me:secret@a/v1"), 8, "user name"},
    {"query", GW_STR_INIT("https://a/v1?x"), 12, "query"},
    {"query without a path", GW_STR_INIT("https://a?x"), 9, "query"},
    {"fragment", GW_STR_INIT("https://a/v1#x"), 12, "fragment"},
    {"empty port", GW_STR_INIT("https://a:/v1"), 9, "port"},
    {"port 0", GW_STR_INIT("https://a:0"), 9, "port"},
    {"large port", GW_STR_INIT("https://a:65536"), 8, "port"},
    {"no port", GW_STR_INIT("https://a:b"), 8, "port"},
    {"blank", GW_STR_INIT("https://a b"), 9, "visible"},
    {"blank behind", GW_STR_INIT("https://a "), 9, "visible"},
    {"control byte", GW_STR_INIT("https://a/\n"), 10, "visible"},
    {"NUL", GW_STR_INIT("https://a\0b"), 9, "visible"},
    {"obs-text", GW_STR_INIT("https://\xc3\xa9"), 8, "visible"},
    {"escape in the host", GW_STR_INIT("https://a%2eb"), 8, "host"},
    {"comma in the host", GW_STR_INIT("https://a,b"), 8, "host"},
    {"dot first", GW_STR_INIT("https://.a"), 8, "host"},
    {"unclosed bracket", GW_STR_INIT("https://[::1"), 8, "host"},
    {"no address in brackets", GW_STR_INIT("https://[a]"), 8, "host"},
    {"zone", GW_STR_INIT("https://[fe80::1%eth0]"), 8, "host"},
    {"behind the bracket", GW_STR_INIT("https://[::1]x"), 8, "host"},
    {"bare IPv6", GW_STR_INIT("https://::1/"), 8, "host"},
    {"dot segment", GW_STR_INIT("https://a/v1/../x"), 9, "path"},
    {"broken escape", GW_STR_INIT("https://a/%zz"), 9, "path"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(refused); i++) {
        struct gw_url url = {.port = 7};
        struct gw_err err;
        enum gw_status status = gw_url_parse(refused[i].text, &url, &err);
        if (status != GW_INVALID || err.offset != refused[i].offset || url.port != 7 ||
            !strstr(err.message, refused[i].says))
            fail_msg("%s: %s at %zu: %s", refused[i].label, gw_status_name(status), err.offset,
                     err.message);
        assert_null(strstr(err.message, "secret"));
    }
}

static const struct {
    const char *text;
    bool fine;
    const char *host, *port;
} authorities[] = {
    {"a", true, "a", ""},
    {"", true, "", ""},
    {"a:", true, "a", ""},
    {"a:1", true, "a", "1"},
    {"a:65535", true, "a", "65535"},
    {"a:65536", false, NULL, NULL},
    {"a:000080", false, NULL, NULL},
    {"a:-1", false, NULL, NULL},
    {"a:1:2", false, NULL, NULL},
    {":1", true, "", "1"},
    {"1.2.3.4:5", true, "1.2.3.4", "5"},
    {"[::1]", true, "[::1]", ""},
    {"[::1]:5", true, "[::1]", "5"},
    {"[::ffff:1.2.3.4]", true, "[::ffff:1.2.3.4]", ""},
    {"[]", false, NULL, NULL},
    {"[::1", false, NULL, NULL},
    {"[::1]5", false, NULL, NULL},
    {"[v1.x]", false, NULL, NULL},
    {"[::1%25eth0]", false, NULL, NULL},
    {"a-b_c.d~e", true, "a-b_c.d~e", ""},
    {"a!$&'()*+,;=b", true, "a!$&'()*+,;=b", ""},
    {"a%41b", true, "a%41b", ""},
    {"a%4", false, NULL, NULL},
    {"a%", false, NULL, NULL},
    {"a%4g", false, NULL, NULL},
    {"a b", false, NULL, NULL},
    {"a/b", false, NULL, NULL},
    {"a@b", false, NULL, NULL},
    {"a?b", false, NULL, NULL},
    {"a\\b", false, NULL, NULL},
    {"a\"b", false, NULL, NULL},
    {"\xc3\xa9", false, NULL, NULL},
};

static void test_authorities(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(authorities); i++) {
        struct gw_str host, port;
        bool fine = gw_url_split_authority(gw_str_of(authorities[i].text), &host, &port);
        if (fine != authorities[i].fine)
            fail_msg("\"%s\": %d", authorities[i].text, fine);
        if (fine && (!gw_str_eq(host, gw_str_of(authorities[i].host)) ||
                     !gw_str_eq(port, gw_str_of(authorities[i].port))))
            fail_msg("\"%s\": %.*s and %.*s", authorities[i].text, GW_STR_ARG(host),
                     GW_STR_ARG(port));
    }
}

static const struct {
    struct gw_str path;
    bool safe;
} paths[] = {
    {GW_STR_INIT(""), true},
    {GW_STR_INIT("/"), true},
    {GW_STR_INIT("/v1/files/a.b"), true},
    {GW_STR_INIT("/v1//x"), true},
    {GW_STR_INIT("/..."), true},
    {GW_STR_INIT("/..a"), true},
    {GW_STR_INIT("/a.."), true},
    {GW_STR_INIT("/.well-known/x"), true},
    {GW_STR_INIT("/a%20b%C3%A9"), true},
    {GW_STR_INIT("/a;..;b"), true},
    {GW_STR_INIT("/models/a:b@c"), true},
    {GW_STR_INIT("/%3f%23"), true},
    {GW_STR_INIT("."), false},
    {GW_STR_INIT(".."), false},
    {GW_STR_INIT("/."), false},
    {GW_STR_INIT("/.."), false},
    {GW_STR_INIT("/../x"), false},
    {GW_STR_INIT("../x"), false},
    {GW_STR_INIT("/a/../x"), false},
    {GW_STR_INIT("/a/./x"), false},
    {GW_STR_INIT("/a/.."), false},
    {GW_STR_INIT("/%2e%2e/x"), false},
    {GW_STR_INIT("/%2E./x"), false},
    {GW_STR_INIT("/.%2e"), false},
    {GW_STR_INIT("/%2e"), false},
    {GW_STR_INIT("/a%2f..%2fx"), false},
    {GW_STR_INIT("/a%2F..%2Fx"), false},
    {GW_STR_INIT("/..;a/x"), false},
    {GW_STR_INIT("/..%3ba/x"), false},
    {GW_STR_INIT("/.;/x"), false},
    {GW_STR_INIT("/a\\b"), false},
    {GW_STR_INIT("/a%5cb"), false},
    {GW_STR_INIT("/a%5C..%5Cb"), false},
    {GW_STR_INIT("/a%00"), false},
    {GW_STR_INIT("/a%0d%0aX:"), false},
    {GW_STR_INIT("/a%7f"), false},
    {GW_STR_INIT("/a\0b"), false},
    {GW_STR_INIT("/a\tb"), false},
    {GW_STR_INIT("/a b"), false},
    {GW_STR_INIT("/\xc3\xa9"), false},
    {GW_STR_INIT("/a?b"), false},
    {GW_STR_INIT("/a#b"), false},
    {GW_STR_INIT("/%"), false},
    {GW_STR_INIT("/%2"), false},
    {GW_STR_INIT("/%g0"), false},
    {GW_STR_INIT("/%-1"), false},
};

static void test_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(paths); i++)
        if (gw_url_path_is_safe(paths[i].path) != paths[i].safe)
            fail_msg("%.*s is%s safe", GW_STR_ARG(paths[i].path), paths[i].safe ? " not" : "");
}

static const struct {
    const char *label;
    const char *text;
    size_t room;
    enum gw_status status;
    struct gw_str decoded;
} decodings[] = {
    {"plain", "a+b", 9, GW_OK, GW_STR_INIT("a+b")},
    {"escapes", "%41%2f%c3%A9%00", 9, GW_OK, GW_STR_INIT("A/\xc3\xa9\0")},
    {"fits just", "%41b", 2, GW_OK, GW_STR_INIT("Ab")},
    {"does not fit", "%41bc", 2, GW_TOO_LARGE, GW_STR_INIT("")},
    {"no room", "a", 0, GW_TOO_LARGE, GW_STR_INIT("")},
    {"empty", "", 0, GW_OK, GW_STR_INIT("")},
    {"cut off", "a%4", 9, GW_INVALID, GW_STR_INIT("")},
    {"alone", "%", 9, GW_INVALID, GW_STR_INIT("")},
    {"no digits", "%xy", 9, GW_INVALID, GW_STR_INIT("")},
    {"a sign", "%+1", 9, GW_INVALID, GW_STR_INIT("")},
};

static void test_decode(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(decodings); i++) {
        char into[16];
        size_t len = 99;
        enum gw_status status =
            gw_url_decode(gw_str_of(decodings[i].text), into, decodings[i].room, &len);
        if (status != decodings[i].status)
            fail_msg("%s: %s", decodings[i].label, gw_status_name(status));
        if (status == GW_OK ? !gw_str_eq((struct gw_str){into, len}, decodings[i].decoded)
                            : len != 99)
            fail_msg("%s: another text", decodings[i].label);
    }
}

static void test_encode(void **state)
{
    struct gw_buf buf;

    (void)state;
    gw_buf_init(&buf, 64);
    assert_int_equal(gw_url_encode(&buf, GW_STR("aZ09-._~")), GW_OK);
    assert_int_equal(gw_url_encode(&buf, GW_STR("/ ?%&=+\0\xff")), GW_OK);
    assert_true(gw_str_eq(gw_buf_str(&buf), GW_STR("aZ09-._~%2F%20%3F%25%26%3D%2B%00%FF")));
    buf.tail = buf.head;
    assert_int_equal(gw_url_encode_segment(&buf, GW_STR("a/..:b")), GW_OK);
    assert_true(gw_str_eq(gw_buf_str(&buf), GW_STR("a%2F..%3Ab")));
    assert_int_equal(gw_url_encode_segment(&buf, GW_STR("")), GW_INVALID);
    assert_int_equal(gw_url_encode_segment(&buf, GW_STR(".")), GW_INVALID);
    assert_int_equal(gw_url_encode_segment(&buf, GW_STR("..")), GW_INVALID);
    assert_int_equal(gw_url_encode_segment(&buf, GW_STR("...")), GW_OK);
    buf.tail = buf.head;
    /* 22 blanks need 66 bytes. */
    assert_int_equal(gw_url_encode(&buf, GW_STR("                      ")), GW_TOO_LARGE);
    assert_int_equal(gw_buf_len(&buf), 0);
    assert_int_equal(gw_url_encode(&buf, GW_STR("                     ")), GW_OK);
    gw_buf_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),   cmocka_unit_test(test_demo),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_authorities),
        cmocka_unit_test(test_paths),   cmocka_unit_test(test_decode),
        cmocka_unit_test(test_encode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
