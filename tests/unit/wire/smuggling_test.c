/*
 * Every message that two parsers could read in two ways gets the one verdict it must get, however
 * its bytes are cut.
 */
#include "unit/test.h"

#include "unit/wire/smuggling_cases.h"

static void check_row(const struct smuggling_case *row, const struct message *m)
{
    const char *fault = message_fault(m, row->bytes.len);

    if (fault)
        fail_msg("%s: not so: %s", row->label, fault);
    if (m->status != row->status)
        fail_msg("%s: %s, not %s", row->label, gw_status_name(m->status),
                 gw_status_name(row->status));
    if (row->status != GW_OK) {
        size_t at = gw_str_find_str(row->bytes, row->at);
        if (m->offset != at)
            fail_msg("%s: refused at %zu, not %zu", row->label, m->offset, at);
        return;
    }
    if (m->head.framing != row->framing)
        fail_msg("%s: framing %d", row->label, m->head.framing);
    if (!gw_str_eq((struct gw_str){m->body.bytes, m->body.len}, gw_str_of(row->body)))
        fail_msg("%s: another body", row->label);
    if (!gw_str_eq(gw_str_from(row->bytes, m->used), gw_str_of(row->rest)))
        fail_msg("%s: ends at %zu", row->label, m->used);
    if (row->framing == GW_BODY_CHUNKED && (fault = message_raw_fault(m)) != NULL)
        fail_msg("%s: not so: %s", row->label, fault);
}

static void test_one_verdict(void **state)
{
    static struct message m;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(smuggling_cases); i++) {
        const struct smuggling_case *row = &smuggling_cases[i];
        message_read(&m, row->kind, row->bytes.base, row->bytes.len, NULL, 0);
        check_row(row, &m);
    }
}

/* Also what was said before the last byte came: a failure must be told at its byte, not later. */
static void test_same_at_every_cut(void **state)
{
    static struct message whole, cut_once;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(smuggling_cases); i++) {
        const struct smuggling_case *row = &smuggling_cases[i];
        message_read(&whole, row->kind, row->bytes.base, row->bytes.len, NULL, 0);
        for (size_t cut = 0; cut <= row->bytes.len; cut++) {
            message_read(&cut_once, row->kind, row->bytes.base, row->bytes.len, &cut, 1);
            const char *difference = message_difference(&whole, &cut_once);
            if (difference)
                fail_msg("%s, cut at %zu: another %s", row->label, cut, difference);
        }
    }
}

static void test_same_byte_by_byte(void **state)
{
    static struct message m;
    static size_t cuts[MESSAGE_BYTES_MAX];

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cuts); i++)
        cuts[i] = i;
    for (size_t i = 0; i < GW_COUNT(smuggling_cases); i++) {
        const struct smuggling_case *row = &smuggling_cases[i];
        message_read(&m, row->kind, row->bytes.base, row->bytes.len, cuts, row->bytes.len);
        check_row(row, &m);
    }
}

/* What can never become valid is refused with its first wrong byte, which is the last one here. */
static const struct {
    const char *label;
    enum message_kind kind;
    struct gw_str bytes;
} at_once[] = {
    {"TLS on a plain port", REQUEST, GW_STR_INIT("\x16")},
    {"LF first", REQUEST, GW_STR_INIT("\n")},
    {"control byte in a method", REQUEST, GW_STR_INIT("GE\x01")},
    {"CONNECT", REQUEST, GW_STR_INIT("CONNECT ")},
    {"target that is no path", REQUEST, GW_STR_INIT("GET v")},
    {"control byte in a target", REQUEST, GW_STR_INIT("GET /\x01")},
    {"another protocol", REQUEST, GW_STR_INIT("GET / I")},
    {"LF behind the start line", REQUEST, GW_STR_INIT("GET / HTTP/1.1\n")},
    {"blank before a colon", REQUEST, GW_STR_INIT(POST "X ")},
    {"NUL in a value", REQUEST, GW_STR_INIT(POST "X: a\0")},
    {"bare LF", REQUEST, GW_STR_INIT(POST "X: a\n")},
    {"bare CR", REQUEST, GW_STR_INIT(POST "X: a\rb")},
    {"folded", REQUEST, GW_STR_INIT(POST "X: a\r\n ")},
    {"second length", REQUEST, GW_STR_INIT(POST "Content-Length: 1\r\nContent-Length: 1\r\n")},
    {"no answer", RESPONSE, GW_STR_INIT("S")},
    {"status code 6xx", RESPONSE, GW_STR_INIT("HTTP/1.1 6")},
    {"chunk size", REQUEST, GW_STR_INIT(CHUNKED "x")},
    {"too much data in a chunk", REQUEST, GW_STR_INIT(CHUNKED "1\r\nAB")},
};

static void test_refused_at_once(void **state)
{
    static struct message m;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(at_once); i++)
        for (size_t less = 0; less < 2; less++) {
            size_t len = at_once[i].bytes.len;
            message_read(&m, at_once[i].kind, at_once[i].bytes.base, len - less, NULL, 0);
            if (m.status != (less ? GW_AGAIN : GW_INVALID))
                fail_msg("%s, %zu less: %s", at_once[i].label, less, gw_status_name(m.status));
        }
}

/* The same for all rows above, no later than with the line that the wrong byte is in. */
static void test_refused_early(void **state)
{
    static struct message m;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(smuggling_cases); i++) {
        const struct smuggling_case *row = &smuggling_cases[i];
        if (row->status == GW_OK)
            continue;
        size_t at = gw_str_find_str(row->bytes, row->at);
        struct gw_str end = gw_str_from(row->bytes, at);
        size_t enough = at + 1;
        message_read(&m, row->kind, row->bytes.base, enough, NULL, 0);
        if (m.status == GW_AGAIN)
            enough = at + gw_str_find(end, '\n') + 1;
        if (m.status == GW_AGAIN && enough <= row->bytes.len)
            message_read(&m, row->kind, row->bytes.base, enough, NULL, 0);
        if (m.status != row->status)
            fail_msg("%s: %s after its offending line", row->label, gw_status_name(m.status));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_verdict),       cmocka_unit_test(test_same_at_every_cut),
        cmocka_unit_test(test_same_byte_by_byte), cmocka_unit_test(test_refused_at_once),
        cmocka_unit_test(test_refused_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
