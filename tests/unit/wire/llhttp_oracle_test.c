/*
 * Nothing that we accept may look otherwise to llhttp: over the smuggling table, at every cut, and
 * some more messages. tests/fuzz/http1_llhttp_fuzz.c looks for what is not in any table.
 */
#include "unit/test.h"

#include "unit/wire/llhttp_oracle.h"
#include "unit/wire/smuggling_cases.h"

static const struct {
    const char *label;
    enum message_kind kind;
    const char *bytes;
} more[] = {
    {"upgrade", REQUEST, POST "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"},
    {"upgrade with a body", REQUEST,
     POST "Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab"},
    {"to the close", RESPONSE, OK200 "\r\nall of\r\n\r\nthis"},
    {"switching protocols", RESPONSE,
     "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n\x01\x02"},
    {"kept alive on 1.0", REQUEST, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"},
    {"close and keep-alive on 1.0", REQUEST,
     "GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n"},
    {"absolute-form with all there is", REQUEST,
     "GET http://a.b-c:80/d?e=f HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"chunked answer", RESPONSE,
     OK200 "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Trailer: y\r\n\r\nHTTP/1.1"},
};

static void check(const char *label, enum message_kind kind, struct gw_str bytes, size_t there)
{
    static struct message m;
    struct gw_str part = {bytes.base, there};

    message_read(&m, kind, part.base, part.len, NULL, 0);
    const char *fault = llhttp_oracle_fault(kind, part, &m);
    if (fault)
        fail_msg("%s, %zu bytes: %s", label, there, fault);
}

static void test_smuggling_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(smuggling_cases); i++)
        for (size_t there = 0; there <= smuggling_cases[i].bytes.len; there++)
            check(smuggling_cases[i].label, smuggling_cases[i].kind, smuggling_cases[i].bytes,
                  there);
}

static void test_more_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(more); i++)
        for (size_t there = 0; there <= strlen(more[i].bytes); there++)
            check(more[i].label, more[i].kind, gw_str_of(more[i].bytes), there);
}

/* The oracle itself: it must see a message that was read otherwise. */
static void test_oracle_sees_differences(void **state)
{
    static struct message m;
    struct gw_str bytes = GW_STR(POST "X: y\r\nContent-Length: 2\r\n\r\nab");

    (void)state;
    message_read(&m, REQUEST, bytes.base, bytes.len, NULL, 0);
    assert_null(llhttp_oracle_fault(REQUEST, bytes, &m));
    m.head.fields[1].value_len++;
    assert_string_equal(llhttp_oracle_fault(REQUEST, bytes, &m), "field value");
    m.head.fields[1].value_len--;
    m.body.bytes[1] = 'c';
    assert_string_equal(llhttp_oracle_fault(REQUEST, bytes, &m), "body");
    m.body.len = 1;
    m.used--;
    m.body.bytes[1] = 'b';
    assert_string_equal(llhttp_oracle_fault(REQUEST, bytes, &m), "whether the message is whole");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smuggling_table),
        cmocka_unit_test(test_more_messages),
        cmocka_unit_test(test_oracle_sees_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
