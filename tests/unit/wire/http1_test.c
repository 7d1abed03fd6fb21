/*
 * What a head's outcome says, field names and ids, limits. What must be refused is in
 * smuggling_test.c.
 */
#include "unit/test.h"

#include "unit/wire/http1_message.h"
#include "wire/http1_bytes.h"

#include <stdio.h>

#define REQUEST_LINE "POST /v1/messages?a=b HTTP/1.1\r\n"
#define NAMES true /* has_connection_names */

static const struct {
    const char *label;
    enum message_kind kind;
    const char *bytes;
    enum gw_http1_framing framing;
    uint64_t body_bytes;
    bool http10, keep_alive, expect_continue, has_connection_names;
} outcomes[] = {
    {"plain", REQUEST, REQUEST_LINE "Host: a\r\n\r\n", GW_BODY_NONE, 0, false, true, false, false},
    {"close", REQUEST, REQUEST_LINE "Host: a\r\nConnection: Close\r\n\r\n", GW_BODY_NONE, 0, false,
     false, false, false},
    {"keep-alive on 1.1", REQUEST, REQUEST_LINE "Host: a\r\nConnection: keep-alive\r\n\r\n",
     GW_BODY_NONE, 0, false, true, false, false},
    {"names", REQUEST, REQUEST_LINE "Host: a\r\nConnection: x-a , ,TE\r\n\r\n", GW_BODY_NONE, 0,
     false, true, false, NAMES},
    {"close among names", REQUEST, REQUEST_LINE "Host: a\r\nConnection: x-a,close\r\n\r\n",
     GW_BODY_NONE, 0, false, false, false, NAMES},
    {"close in a second field", REQUEST,
     REQUEST_LINE "Host: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", GW_BODY_NONE, 0,
     false, false, false, false},
    {"closed is another word", REQUEST, REQUEST_LINE "Host: a\r\nConnection: closed\r\n\r\n",
     GW_BODY_NONE, 0, false, true, false, NAMES},
    {"1.0", REQUEST, "GET / HTTP/1.0\r\n\r\n", GW_BODY_NONE, 0, true, false, false, false},
    {"1.0 with keep-alive", REQUEST, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
     GW_BODY_NONE, 0, true, true, false, false},
    {"1.0 with both", REQUEST, "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
     GW_BODY_NONE, 0, true, false, false, false},
    {"length", REQUEST, REQUEST_LINE "Host: a\r\nContent-Length: 42\r\n\r\n", GW_BODY_LENGTH, 42,
     false, true, false, false},
    {"largest length", REQUEST,
     REQUEST_LINE "Host: a\r\nContent-Length: 18446744073709551615\r\n\r\n", GW_BODY_LENGTH,
     UINT64_MAX, false, true, false, false},
    {"chunked", REQUEST, REQUEST_LINE "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n",
     GW_BODY_CHUNKED, 0, false, true, false, false},
    {"expect", REQUEST, REQUEST_LINE "Host: a\r\nExpect: 100-Continue\r\n\r\n", GW_BODY_NONE, 0,
     false, true, true, false},
    {"expect something else", REQUEST, REQUEST_LINE "Host: a\r\nExpect: 200-ok\r\n\r\n",
     GW_BODY_NONE, 0, false, true, false, false},
    {"expect on 1.0", REQUEST, "GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", GW_BODY_NONE, 0,
     true, false, false, false},
    {"answer with a length", RESPONSE, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
     GW_BODY_LENGTH, 7, false, true, false, false},
    {"chunked answer", RESPONSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
     GW_BODY_CHUNKED, 0, false, true, false, false},
    {"answer to the close", RESPONSE, "HTTP/1.1 200 OK\r\n\r\n", GW_BODY_TO_CLOSE, 0, false, false,
     false, false},
    {"answer to the close says keep-alive", RESPONSE,
     "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", GW_BODY_TO_CLOSE, 0, true, false, false,
     false},
    {"1.0 answer kept alive", RESPONSE,
     "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n", GW_BODY_LENGTH, 1,
     true, true, false, false},
    {"answer that expects nothing", RESPONSE,
     "HTTP/1.1 200 OK\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", GW_BODY_LENGTH, 1,
     false, true, false, false},
    {"two Hosts in an answer do not matter", RESPONSE,
     "HTTP/1.1 200 OK\r\nHost: a b\r\nHost: b\r\nContent-Length: 1\r\n\r\n", GW_BODY_LENGTH, 1,
     false, true, false, false},
    {"204", RESPONSE, "HTTP/1.1 204 No Content\r\n\r\n", GW_BODY_NONE, 0, false, true, false,
     false},
    {"204 with a length of 0", RESPONSE, "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
     GW_BODY_NONE, 0, false, true, false, false},
    {"204 that announces a body", RESPONSE, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
     GW_BODY_NONE, 0, false, false, false, false},
    {"103 that announces a body", RESPONSE,
     "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n", GW_BODY_NONE, 0, false,
     false, false, false},
    {"304", RESPONSE, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", GW_BODY_NONE, 0,
     false, true, false, false},
    {"answer to HEAD", RESPONSE_TO_HEAD, "HTTP/1.1 200 OK\r\n\r\n", GW_BODY_NONE, 0, false, true,
     false, false},
    {"answer to HEAD with a length", RESPONSE_TO_HEAD,
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", GW_BODY_NONE, 0, false, true, false, false},
};

static void test_outcomes(void **state)
{
    static struct message m, cut_once;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(outcomes); i++) {
        const struct gw_http1_head *head = &m.head;
        size_t len = strlen(outcomes[i].bytes);
        message_read(&m, outcomes[i].kind, outcomes[i].bytes, len, NULL, 0);
        if (!m.head_done || head->bytes != len || head->framing != outcomes[i].framing ||
            head->body_bytes != outcomes[i].body_bytes || head->http10 != outcomes[i].http10 ||
            head->keep_alive != outcomes[i].keep_alive ||
            head->expect_continue != outcomes[i].expect_continue ||
            head->has_connection_names != outcomes[i].has_connection_names)
            fail_msg("%s: %s, framing %d, %llu bytes, keep-alive %d", outcomes[i].label,
                     gw_status_name(m.status), head->framing, (unsigned long long)head->body_bytes,
                     head->keep_alive);
        for (size_t cut = 0; cut <= len; cut++) {
            message_read(&cut_once, outcomes[i].kind, outcomes[i].bytes, len, &cut, 1);
            if (message_difference(&m, &cut_once))
                fail_msg("%s, cut at %zu: another %s", outcomes[i].label, cut,
                         message_difference(&m, &cut_once));
        }
    }
}

static const struct {
    const char *line; /* up to the version */
    const char *host_field;
    enum gw_http1_method method;
    const char *name, *target, *host;
} start_lines[] = {
    {"GET /", "a", GW_METHOD_GET, "GET", "/", "a"},
    {"HEAD /", "a:80", GW_METHOD_HEAD, "HEAD", "/", "a:80"},
    {"POST /v1/x?y=/%20", "a", GW_METHOD_POST, "POST", "/v1/x?y=/%20", "a"},
    {"PUT //", "[::1]:4000", GW_METHOD_PUT, "PUT", "//", "[::1]:4000"},
    {"DELETE /a:b@c[]|{}\"<>\\^`~", "a", GW_METHOD_DELETE, "DELETE", "/a:b@c[]|{}\"<>\\^`~", "a"},
    {"PATCH /", "", GW_METHOD_PATCH, "PATCH", "/", ""},
    {"OPTIONS *", "a", GW_METHOD_OPTIONS, "OPTIONS", "*", "a"},
    {"\r\nGET /", "a", GW_METHOD_GET, "GET", "/", "a"},
    {"\r\n\r\n\r\n\r\nQUERY /", "a", GW_METHOD_OTHER, "QUERY", "/", "a"},
    {"get /", "a", GW_METHOD_OTHER, "get", "/", "a"},
    {"GETS /", "a", GW_METHOD_OTHER, "GETS", "/", "a"},
    {"!#$%&'*+-.^_`|~ /", "a", GW_METHOD_OTHER, "!#$%&'*+-.^_`|~", "/", "a"},
    {"GET http://b/x?y", "a", GW_METHOD_GET, "GET", "/x?y", "b"},
    {"GET HTTPS://b.example:443/x", "a", GW_METHOD_GET, "GET", "/x", "b.example:443"},
    {"GET http://[::1]:80/", "a", GW_METHOD_GET, "GET", "/", "[::1]:80"},
    {"GET http://b", "a", GW_METHOD_GET, "GET", "/", "b"},
    {"GET https://b", "a", GW_METHOD_GET, "GET", "/", "b"},
    {"GET http://b//http://c/", "a", GW_METHOD_GET, "GET", "//http://c/", "b"},
};

static void test_start_lines(void **state)
{
    static struct message m, cut_once;
    char bytes[256];

    (void)state;
    for (size_t i = 0; i < GW_COUNT(start_lines); i++) {
        int len = snprintf(bytes, sizeof bytes, "%s HTTP/1.1\r\nHost: %s\r\n\r\n",
                           start_lines[i].line, start_lines[i].host_field);
        const struct gw_http1_head *head = &m.head;
        message_read(&m, REQUEST, bytes, (size_t)len, NULL, 0);
        if (m.status != GW_OK || head->bytes != (size_t)len)
            fail_msg("%s: %s", start_lines[i].line, gw_status_name(m.status));
        struct gw_str method = {bytes + head->method_at, head->method_len};
        struct gw_str target = {bytes + head->target, head->target_len};
        struct gw_str host = {bytes + head->host, head->host_len};
        if (head->method != start_lines[i].method ||
            !gw_str_eq(method, gw_str_of(start_lines[i].name)) ||
            !gw_str_eq(target, gw_str_of(start_lines[i].target)) ||
            !gw_str_eq(host, gw_str_of(start_lines[i].host)))
            fail_msg("%s: method %d, target %.*s, host %.*s", start_lines[i].line, head->method,
                     GW_STR_ARG(target), GW_STR_ARG(host));
        for (size_t cut = 0; cut <= (size_t)len; cut++) {
            message_read(&cut_once, REQUEST, bytes, (size_t)len, &cut, 1);
            assert_null(message_difference(&m, &cut_once));
        }
    }
}

static const struct {
    const char *line; /* from the version to the reason */
    unsigned code;
    const char *reason;
} status_lines[] = {
    {"HTTP/1.1 200 OK", 200, "OK"},
    {"HTTP/1.1 100 Continue", 100, "Continue"},
    {"HTTP/1.0 599 a  b ", 599, "a  b "},
    {"HTTP/1.1 404 ", 404, ""},
    {"HTTP/1.1 404", 404, ""},
    {"HTTP/1.1 200 caf\xc3\xa9\tx", 200, "caf\xc3\xa9\tx"},
};

static void test_status_lines(void **state)
{
    static struct message m;
    char bytes[256];

    (void)state;
    for (size_t i = 0; i < GW_COUNT(status_lines); i++) {
        int len =
            snprintf(bytes, sizeof bytes, "%s\r\nContent-Length: 0\r\n\r\n", status_lines[i].line);
        for (size_t cut = 0; cut <= (size_t)len; cut++) {
            message_read(&m, RESPONSE, bytes, (size_t)len, &cut, 1);
            struct gw_str reason = {bytes + m.head.reason, m.head.reason_len};
            if (m.status != GW_OK || m.head.code != status_lines[i].code ||
                !gw_str_eq(reason, gw_str_of(status_lines[i].reason)))
                fail_msg("%s, cut at %zu: %s, %u", status_lines[i].line, cut,
                         gw_status_name(m.status), m.head.code);
        }
    }
}

static const struct {
    const char *label, *bytes;
    enum message_kind kind;
    const char *at;
} versions[] = {
    {"2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", REQUEST, "HTTP"},
    {"1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", REQUEST, "HTTP"},
    {"0.9", "GET / HTTP/0.9\r\n\r\n", REQUEST, "HTTP"},
    {"9.9", "GET / HTTP/9.9\r\n\r\n", REQUEST, "HTTP"},
    {"2.0 in a response", "HTTP/2.0 200 OK\r\n\r\n", RESPONSE, "HTTP"},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REQUEST, "PRI"},
    {"HTTP/2 behind an empty line", "\r\nPRI * HTTP/2.0\r\n\r\n", REQUEST, "PRI"},
};

static void test_other_versions(void **state)
{
    static struct message m;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(versions); i++) {
        size_t len = strlen(versions[i].bytes);
        for (size_t cut = 0; cut <= len; cut++) {
            message_read(&m, versions[i].kind, versions[i].bytes, len, &cut, 1);
            if (m.status != GW_UNSUPPORTED ||
                m.offset != (size_t)(strstr(versions[i].bytes, versions[i].at) - versions[i].bytes))
                fail_msg("%s: %s at %zu", versions[i].label, gw_status_name(m.status), m.offset);
        }
    }
}

static void test_fields(void **state)
{
    static struct message m;
    static const char bytes[] = "GET / HTTP/1.1\r\nHost: a\r\nX-Api-Key:\t k e y \t\r\nX-New:\r\n"
                                "x-api-key: 2\r\nX-Gateway-Strict: true\r\n\r\n";
    struct gw_str all = {bytes, sizeof bytes - 1};

    (void)state;
    message_read(&m, REQUEST, bytes, sizeof bytes - 1, NULL, 0);
    assert_int_equal(m.status, GW_OK);
    assert_int_equal(m.head.fields_count, 5);
    const struct gw_http1_field *key = gw_http1_field_by_id(&m.head, GW_FIELD_X_API_KEY);
    assert_ptr_equal(key, &m.head.fields[1]);
    assert_true(gw_str_eq(gw_http1_name(key, all), GW_STR("X-Api-Key")));
    assert_true(gw_str_eq(gw_http1_value(key, all), GW_STR("k e y")));
    assert_ptr_equal(gw_http1_field_by_name(&m.head, all, GW_STR("x-API-key")), key);
    const struct gw_http1_field *empty = gw_http1_field_by_name(&m.head, all, GW_STR("x-new"));
    assert_ptr_equal(empty, &m.head.fields[2]);
    assert_int_equal(empty->value_len, 0);
    assert_ptr_equal(gw_http1_field_by_id(&m.head, GW_FIELD_PREFIX_X_GATEWAY), &m.head.fields[4]);
    assert_null(gw_http1_field_by_id(&m.head, GW_FIELD_OTHER));
    assert_null(gw_http1_field_by_id(&m.head, GW_FIELD_COOKIE));
    assert_null(gw_http1_field_by_name(&m.head, all, GW_STR("x-ne")));
}

static const struct {
    const char *name;
    enum gw_field_id id;
} ids[] = {
    {"accept-encoding", GW_FIELD_ACCEPT_ENCODING},
    {"anthropic-version", GW_FIELD_ANTHROPIC_VERSION},
    {"api-key", GW_FIELD_API_KEY},
    {"authorization", GW_FIELD_AUTHORIZATION},
    {"connection", GW_FIELD_CONNECTION},
    {"content-encoding", GW_FIELD_CONTENT_ENCODING},
    {"content-length", GW_FIELD_CONTENT_LENGTH},
    {"content-type", GW_FIELD_CONTENT_TYPE},
    {"cookie", GW_FIELD_COOKIE},
    {"date", GW_FIELD_DATE},
    {"expect", GW_FIELD_EXPECT},
    {"forwarded", GW_FIELD_FORWARDED},
    {"host", GW_FIELD_HOST},
    {"keep-alive", GW_FIELD_KEEP_ALIVE},
    {"proxy-authenticate", GW_FIELD_PROXY_AUTHENTICATE},
    {"proxy-authorization", GW_FIELD_PROXY_AUTHORIZATION},
    {"proxy-connection", GW_FIELD_PROXY_CONNECTION},
    {"retry-after", GW_FIELD_RETRY_AFTER},
    {"set-cookie", GW_FIELD_SET_COOKIE},
    {"te", GW_FIELD_TE},
    {"traceparent", GW_FIELD_TRACEPARENT},
    {"tracestate", GW_FIELD_TRACESTATE},
    {"trailer", GW_FIELD_TRAILER},
    {"transfer-encoding", GW_FIELD_TRANSFER_ENCODING},
    {"upgrade", GW_FIELD_UPGRADE},
    {"user-agent", GW_FIELD_USER_AGENT},
    {"x-api-key", GW_FIELD_X_API_KEY},
    {"x-goog-api-key", GW_FIELD_X_GOOG_API_KEY},
    {"via", GW_FIELD_VIA},
    {"x-request-id", GW_FIELD_X_REQUEST_ID},
    {"x-forwarded-for", GW_FIELD_PREFIX_X_FORWARDED},
    {"x-gateway-provider", GW_FIELD_PREFIX_X_GATEWAY},
    {"x-to11-anything-at-all-however-long", GW_FIELD_PREFIX_X_TO11},
};

static void test_ids(void **state)
{
    char name[64];

    (void)state;
    assert_int_equal(GW_COUNT(ids), GW_FIELD_IDS - 1); /* every id has its row */
    for (size_t i = 0; i < GW_COUNT(ids); i++) {
        size_t len = strlen(ids[i].name);
        if (gw_http1_field_id(gw_str_of(ids[i].name)) != ids[i].id)
            fail_msg("%s", ids[i].name);
        for (size_t c = 0; c < len; c++)
            name[c] = ids[i].name[c] >= 'a' && ids[i].name[c] <= 'z' ? (char)(ids[i].name[c] - 32)
                                                                     : ids[i].name[c];
        if (gw_http1_field_id((struct gw_str){name, len}) != ids[i].id)
            fail_msg("%s in capitals", ids[i].name);
        /* Any other byte in any place makes another name: bit 0x20 is case in letters only. */
        size_t fixed = ids[i].id < GW_FIELD_PREFIX_X_FORWARDED
                           ? len
                           : (size_t)(strchr(ids[i].name + 2, '-') - ids[i].name) + 1;
        for (size_t c = 0; c < fixed; c++)
            for (unsigned byte = 0; byte < 256; byte++) {
                memcpy(name, ids[i].name, len);
                name[c] = (char)byte;
                bool same = gw_lower(name[c]) == ids[i].name[c];
                enum gw_field_id id = gw_http1_field_id((struct gw_str){name, len});
                if ((id == ids[i].id) != same)
                    fail_msg("%s with %02x at %zu", ids[i].name, byte, c);
            }
    }
    assert_int_equal(gw_http1_field_id(GW_STR("")), GW_FIELD_OTHER);
    assert_int_equal(gw_http1_field_id(GW_STR("x-to11")), GW_FIELD_OTHER);
    assert_int_equal(gw_http1_field_id(GW_STR("x-stainless-os")), GW_FIELD_OTHER);
    assert_int_equal(gw_http1_field_id(GW_STR("x-")), GW_FIELD_OTHER);
}

static void test_hop_by_hop(void **state)
{
    static struct message m;
    static const char bytes[] =
        "GET / HTTP/1.1\r\nConnection: close, X-Mine\r\nKeep-Alive: 5\r\nProxy-Authorization: a\r\n"
        "TE: trailers\r\nTrailer: x\r\nUpgrade: h2c\r\nProxy-Connection: close\r\n"
        "Proxy-Authenticate: b\r\nx-mine: 1\r\nX-ALSO: 2\r\nConnection: x-also\r\n"
        "proxy-authentication-info: c\r\n" /* up to here */
        "Host: a\r\nX-Mine-Not: 1\r\nProxy-Status: d\r\nAuthorization: k\r\n\r\n";
    struct gw_str all = {bytes, sizeof bytes - 1};

    (void)state;
    message_read(&m, REQUEST, bytes, sizeof bytes - 1, NULL, 0);
    assert_int_equal(m.status, GW_OK);
    for (uint32_t i = 0; i < m.head.fields_count; i++)
        if (gw_http1_is_hop_by_hop(&m.head, all, &m.head.fields[i]) != (i < 12))
            fail_msg("%.*s", GW_STR_ARG(gw_http1_name(&m.head.fields[i], all)));
}

static void test_head_limit(void **state)
{
    static const char bytes[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const size_t len = sizeof bytes - 1;
    struct gw_http1_head head;
    struct gw_err err;

    (void)state;
    for (size_t limit = 0; limit <= len + 2; limit++)
        for (size_t cut = 0; cut <= len; cut++) {
            gw_http1_head_init(&head);
            enum gw_status status =
                gw_http1_request_feed(&head, (struct gw_str){bytes, cut}, limit, &err);
            if (status == GW_AGAIN)
                status = gw_http1_request_feed(&head, (struct gw_str){bytes, len}, limit, &err);
            if (status != (limit < len ? GW_TOO_LARGE : GW_OK))
                fail_msg("limit %zu, cut at %zu: %s", limit, cut, gw_status_name(status));
            if (status == GW_TOO_LARGE && err.offset != limit)
                fail_msg("limit %zu, cut at %zu: told at %zu", limit, cut, err.offset);
        }
}

static void test_fields_limit(void **state)
{
    static struct message m;
    static char bytes[2048];

    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        size_t len = (size_t)snprintf(bytes, sizeof bytes, "GET / HTTP/1.1\r\nHost: a\r\n");
        for (unsigned i = 1; i < GW_HTTP1_FIELDS_MAX + more; i++)
            len += (size_t)snprintf(bytes + len, sizeof bytes - len, "a:%u\r\n", i);
        len += (size_t)snprintf(bytes + len, sizeof bytes - len, "\r\n");
        for (size_t cut = 0; cut <= len; cut++) {
            message_read(&m, REQUEST, bytes, len, &cut, 1);
            assert_int_equal(m.status, more ? GW_TOO_LARGE : GW_OK);
            assert_int_equal(m.offset, more ? len - sizeof "a:128\r\n\r\n" + 1 : 0);
        }
    }
}

static void test_connection_limit(void **state)
{
    static struct message m;
    static char bytes[1024];

    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        int len =
            snprintf(bytes, sizeof bytes,
                     "GET / HTTP/1.1\r\nHost: a\r\nConnection: %0*u\r\nConnection: close\r\n\r\n",
                     (int)(GW_HTTP1_CONNECTION_BYTES_MAX - 5 + more), 1u);
        message_read(&m, REQUEST, bytes, (size_t)len, NULL, 0);
        assert_int_equal(m.status, more ? GW_TOO_LARGE : GW_OK);
        assert_int_equal(m.offset, more ? len - (int)sizeof "Connection: close\r\n\r\n" + 1 : 0);
    }
}

/* A head that is done stays so, and only its own bytes count. */
static void test_fed_again(void **state)
{
    static const char bytes[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n\x01garbage";
    struct gw_http1_head head;

    (void)state;
    gw_http1_head_init(&head);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(gw_http1_request_feed(&head, gw_str_of(bytes), 4096, NULL), GW_OK);
        assert_int_equal(head.bytes, 27);
        assert_int_equal(head.fields_count, 1);
    }
}

/* The fast scans against the table: each byte at each place of a run, with every distance to the
 * end. */
static void test_scans(void **state)
{
    static const struct {
        size_t (*end)(const char *, size_t, size_t);
        unsigned class;
    } scans[] = {{gw_bytes_value_end, GW_BYTE_VALUE},
                 {gw_bytes_target_end, GW_BYTE_TARGET},
                 {gw_bytes_token_end, GW_BYTE_TOKEN}};
    char bytes[40];

    (void)state;
    for (size_t i = 0; i < GW_COUNT(scans); i++)
        for (size_t len = 0; len <= sizeof bytes; len++)
            for (size_t place = 0; place < len; place++)
                for (unsigned byte = 0; byte < 256; byte++) {
                    memset(bytes, 'a', sizeof bytes);
                    bytes[place] = (char)byte;
                    size_t end = gw_byte_is((char)byte, scans[i].class) ? len : place;
                    if (scans[i].end(bytes, 0, len) != end)
                        fail_msg("scan %zu, %02x at %zu of %zu", i, byte, place, len);
                }
}

/* The table against the grammar's own words. */
static void test_byte_classes(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        bool alnum = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= 'a' && byte <= 'z');
        bool token = alnum || (byte && strchr("!#$%&'*+-.^_`|~", (int)byte));
        bool target = byte > ' ' && byte < 0x7f && byte != '#';
        bool value = byte == '\t' || (byte >= ' ' && byte != 0x7f);
        if (gw_byte_is((char)byte, GW_BYTE_TOKEN) != token ||
            gw_byte_is((char)byte, GW_BYTE_TARGET) != target ||
            gw_byte_is((char)byte, GW_BYTE_VALUE) != value)
            fail_msg("%02x", byte);
    }
}

static void test_texts(void **state)
{
    (void)state;
    assert_true(gw_str_eq(gw_http1_reason(200), GW_STR("OK")));
    assert_true(gw_str_eq(gw_http1_reason(429), GW_STR("Too Many Requests")));
    assert_true(gw_str_eq(gw_http1_reason(418), GW_STR("Status")));
    for (enum gw_http1_method method = GW_METHOD_GET; method <= GW_METHOD_OTHER; method++)
        assert_int_equal(gw_http1_method_of(gw_http1_method_name(method)), method);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),     cmocka_unit_test(test_start_lines),
        cmocka_unit_test(test_status_lines), cmocka_unit_test(test_other_versions),
        cmocka_unit_test(test_fields),       cmocka_unit_test(test_ids),
        cmocka_unit_test(test_hop_by_hop),   cmocka_unit_test(test_head_limit),
        cmocka_unit_test(test_fields_limit), cmocka_unit_test(test_connection_limit),
        cmocka_unit_test(test_fed_again),    cmocka_unit_test(test_scans),
        cmocka_unit_test(test_byte_classes), cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
