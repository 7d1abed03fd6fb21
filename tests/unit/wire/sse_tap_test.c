/* The event-stream tap: every row is fed whole, cut at every two bytes, and byte by byte. */
#include "unit/test.h"

#include <stdio.h>

#include "wire/sse_tap.h"

/*
 * Expected outcome as letters: D done, F finished, E error, d data seen, b at an event boundary;
 * first when all bytes are in, then after gw_sse_tap_end().
 */
struct row {
    const char *label;
    struct gw_str bytes;
    const char *fed, *ended;
};

#define KEY "\"finish_reason\""
#define CHUNK(finish) "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{}," finish "}]}\n\n"

static const struct row chat_rows[] = {
    {"nothing", GW_STR_INIT(""), "b", "b"},
    {"done", GW_STR_INIT("data: [DONE]\n\n"), "Ddb", "Ddb"},
    {"done, no blank", GW_STR_INIT("data:[DONE]\n\n"), "Ddb", "Ddb"},
    {"done, CRLF", GW_STR_INIT("data: [DONE]\r\n\r\n"), "Ddb", "Ddb"},
    {"done, CR", GW_STR_INIT("data: [DONE]\r\r"), "Ddb", "Ddb"},
    {"done, a byte order mark",
     GW_STR_INIT("\xEF\xBB\xBF"
                 "data: [DONE]\n\n"),
     "Ddb", "Ddb"},
    {"half a byte order mark spoils the line",
     GW_STR_INIT("\xEF\xBB"
                 "data: [DONE]\n\n"),
     "b", "b"},
    {"done behind a comment", GW_STR_INIT(": ping\n\n: ping\ndata: [DONE]\n\n"), "Ddb", "Ddb"},
    {"done without its blank line", GW_STR_INIT("data: [DONE]\n"), "d", "Dd"},
    {"done without its line end", GW_STR_INIT("data: [DONE]"), "", "Dd"},
    {"done, cut", GW_STR_INIT("data: [DONE"), "", ""},
    {"two blanks are one too many", GW_STR_INIT("data:  [DONE]\n\n"), "db", "db"},
    {"more behind it", GW_STR_INIT("data: [DONE]x\n\n"), "db", "db"},
    {"it must be the data's first line", GW_STR_INIT("data: {}\ndata: [DONE]\n\n"), "db", "db"},
    {"not in another field", GW_STR_INIT("datax: [DONE]\n[DONE]\n: [DONE]\nevent: [DONE]\n\n"), "b",
     "b"},
    {"data without a value", GW_STR_INIT("data\n\n"), "db", "db"},
    {"comments are no data", GW_STR_INIT(": a\n\n:\n\n"), "b", "b"},
    {"a comment under way", GW_STR_INIT(": a"), "", ""},
    {"a line end opens nothing", GW_STR_INIT("\n\r\r\n\r\n"), "b", "b"},
    {"finish_reason null", GW_STR_INIT(CHUNK(KEY ":null")), "db", "db"},
    {"finish_reason", GW_STR_INIT(CHUNK(KEY ":\"stop\"")), "Fdb", "Fdb"},
    {"finish_reason, blanks", GW_STR_INIT(CHUNK(KEY " \t: \t \"stop\"")), "Fdb", "Fdb"},
    {"finish_reason at the start", GW_STR_INIT("data:{" KEY ":\"stop\"}\n\n"), "Fdb", "Fdb"},
    {"finish_reason with nothing behind", GW_STR_INIT("data:" KEY ":\"\n\n"), "Fdb", "Fdb"},
    {"finish_reason in the second choice", GW_STR_INIT(CHUNK(KEY ":null},{" KEY ":\"length\"")),
     "Fdb", "Fdb"},
    {"finish_reason in the second line", GW_STR_INIT("data: {\ndata: " KEY ":\"stop\"}\n\n"), "Fdb",
     "Fdb"},
    {"finish_reason in text",
     GW_STR_INIT(CHUNK("\"content\":\"\\\"finish_reason\\\":\\\"stop\\\"\"")), "db", "db"},
    {"finish_reason in a comment",
     GW_STR_INIT(":" KEY ":\"stop\"\n\nevent: " KEY ":\"x\"\ndata: 1\n\n"), "db", "db"},
    {"finish_reason over two lines", GW_STR_INIT("data: " KEY "\ndata: :\"stop\"\n\n"), "db", "db"},
    {"a value, not a key", GW_STR_INIT(CHUNK("\"a\":[" KEY ",\"b\"]")), "db", "db"},
    {"keys that begin alike",
     GW_STR_INIT(
         CHUNK("\"finish_reasons\":\"a\",\"finish_reaso\":\"b\",\"refinish_reason\":\"c\"")),
     "db", "db"},
    {"its closing quote opens another", GW_STR_INIT("data: " KEY "finish_reason\":\"stop\"\n\n"),
     "Fdb", "Fdb"},
    {"no second key behind blanks", GW_STR_INIT("data: " KEY " finish_reason\":\"stop\"\n\n"), "db",
     "db"},
    {"a quote behind the key", GW_STR_INIT("data: " KEY KEY ":\"stop\"\n\n"), "Fdb", "Fdb"},
    {"finish_reason in an event that was cut", GW_STR_INIT("data: {" KEY ":\"stop\""), "", ""},
    {"... in the line before the cut", GW_STR_INIT("data: {" KEY ":\"stop\"}\n"), "d", "Fd"},
    {"... with more lines to come", GW_STR_INIT("data: {" KEY ":\"stop\",\n"), "d", "d"},
    {"... and one come", GW_STR_INIT("data: {" KEY ":\"stop\"}\ndata: x}\n"), "d", "d"},
    {"... and one begun", GW_STR_INIT("data: {" KEY ":\"stop\"}\nid"), "d", "d"},
    {"an error", GW_STR_INIT("data: {\"error\":{\"message\":\"x\"}}\n\n"), "Edb", "Edb"},
    {"an error, blanks", GW_STR_INIT("data: { \"error\" : \"x\"}\n\n"), "Edb", "Edb"},
    {"no error", GW_STR_INIT("data: {\"error\":null,\"id\":1}\n\n"), "db", "db"},
    {"not the first key", GW_STR_INIT("data: {\"id\":1,\"error\":{}}\n\n"), "db", "db"},
    {"an error that was cut", GW_STR_INIT("data: {\"error\":{\"message\":\"x"), "", ""},
    {"other dialects' ends mean nothing",
     GW_STR_INIT("event: message_stop\ndata: {\"type\":\"response.completed\"}\n\n"), "db", "db"},
};

static const struct row messages_rows[] = {
    {"stop", GW_STR_INIT("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"), "Ddb",
     "Ddb"},
    {"stop by the event line", GW_STR_INIT("event:message_stop\ndata: {}\n\n"), "Ddb", "Ddb"},
    {"stop by the event line behind", GW_STR_INIT("data: {}\nevent: message_stop\n\n"), "Ddb",
     "Ddb"},
    {"stop by the JSON type", GW_STR_INIT("data: { \"type\" : \"message_stop\" , \"a\":1}\n\n"),
     "Ddb", "Ddb"},
    {"the last event line counts", GW_STR_INIT("event: message_stop\nevent: ping\ndata: {}\n\n"),
     "db", "db"},
    {"an event line alone is no event", GW_STR_INIT("event: message_stop\n\ndata: {}\n\n"), "db",
     "db"},
    {"cut behind the event line", GW_STR_INIT("event: message_stop\n"), "", ""},
    {"cut inside of the data", GW_STR_INIT("event: message_stop\ndata: {\"type\":\"message_stop\""),
     "", ""},
    {"no last line end", GW_STR_INIT("event: message_stop\ndata: {\"type\":\"message_stop\"}"), "",
     "Dd"},
    {"no last blank line", GW_STR_INIT("event: message_stop\ndata: {\"type\":\"message_stop\"}\n"),
     "d", "Dd"},
    {"a longer type", GW_STR_INIT("event: message_stopped\ndata: {\"type\":\"message_sto\"}\n\n"),
     "db", "db"},
    {"an error", GW_STR_INIT("event: error\ndata: {\"type\":\"error\",\"error\":{}}\n\n"), "Edb",
     "Edb"},
    {"an error by its JSON type", GW_STR_INIT("data: {\"type\": \"error\",\"error\":{}}\n\n"),
     "Edb", "Edb"},
    {"delta",
     GW_STR_INIT("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
                 "\"delta\":{\"text\":\"message_stop\"}}\n\n"),
     "db", "db"},
    {"chat's end means nothing", GW_STR_INIT("data: [DONE]\n\ndata: {" KEY ":\"stop\"}\n\n"), "db",
     "db"},
};

static const struct row responses_rows[] = {
    {"completed",
     GW_STR_INIT("event: response.completed\ndata: {\"type\":\"response.completed\","
                 "\"response\":{}}\n\n"),
     "Ddb", "Ddb"},
    {"completed by the JSON type",
     GW_STR_INIT("data: {\"type\":\"response.completed\",\"x\":1}\n\n"), "Ddb", "Ddb"},
    {"incomplete by the event line", GW_STR_INIT("event: response.incomplete\ndata: {}\n\n"), "Ddb",
     "Ddb"},
    {"incomplete by the JSON type", GW_STR_INIT("data: {\"type\":\"response.incomplete\"}\n\n"),
     "Ddb", "Ddb"},
    {"failed", GW_STR_INIT("event: response.failed\ndata: {}\n\n"), "Edb", "Edb"},
    {"error", GW_STR_INIT("data: {\"type\":\"error\",\"code\":null}\n\n"), "Edb", "Edb"},
    {"cut inside of the last event",
     GW_STR_INIT("event: response.completed\ndata: {\"type\":\"response.completed\",\"r\":{}"), "",
     ""},
    {"created", GW_STR_INIT("event: response.created\ndata: {\"type\":\"response.created\"}\n\n"),
     "db", "db"},
};

static const struct row other_rows[] = {
    {"anything", GW_STR_INIT("event: error\ndata: [DONE]\n\ndata: {\"error\":1}\n\n"), "db", "db"},
    {"cut", GW_STR_INIT("data: {\"a"), "", ""},
};

static void letters(const struct gw_sse_tap *tap, char out[8])
{
    (void)snprintf(out, 8, "%s%s%s%s%s", tap->done ? "D" : "", tap->finished ? "F" : "",
                   tap->error ? "E" : "", tap->saw_data ? "d" : "",
                   gw_sse_tap_at_boundary(tap) ? "b" : "");
}

static void check_outcome(const struct row *row, struct gw_sse_tap *tap, size_t cut, size_t second)
{
    char fed[8], ended[8];

    letters(tap, fed);
    gw_sse_tap_end(tap);
    letters(tap, ended);
    if (strcmp(fed, row->fed) != 0 || strcmp(ended, row->ended) != 0)
        fail_msg("%s, cut at %zu and %zu: \"%s\", then \"%s\"", row->label, cut, second, fed,
                 ended);
}

static void check_row(const struct row *row, enum gw_sse_dialect dialect)
{
    struct gw_str bytes = row->bytes;
    struct gw_sse_tap tap;

    for (size_t cut = 0; cut <= bytes.len; cut++) {
        for (size_t second = cut; second <= bytes.len; second++) {
            gw_sse_tap_init(&tap, dialect);
            gw_sse_tap_feed(&tap, (struct gw_str){bytes.base, cut});
            gw_sse_tap_feed(&tap, (struct gw_str){bytes.base + cut, second - cut});
            gw_sse_tap_feed(&tap, gw_str_from(bytes, second));
            check_outcome(row, &tap, cut, second);
        }
    }
    gw_sse_tap_init(&tap, dialect);
    for (size_t i = 0; i < bytes.len; i++)
        gw_sse_tap_feed(&tap, (struct gw_str){bytes.base + i, 1});
    check_outcome(row, &tap, SIZE_MAX, SIZE_MAX);
}

static void test_tap_notes_the_end_at_any_cut(void **state)
{
    static const struct {
        enum gw_sse_dialect dialect;
        const struct row *rows;
        size_t count;
    } tables[] = {
        {GW_SSE_CHAT, chat_rows, GW_COUNT(chat_rows)},
        {GW_SSE_MESSAGES, messages_rows, GW_COUNT(messages_rows)},
        {GW_SSE_RESPONSES, responses_rows, GW_COUNT(responses_rows)},
        {GW_SSE_OTHER, other_rows, GW_COUNT(other_rows)},
    };

    (void)state;
    for (size_t t = 0; t < GW_COUNT(tables); t++)
        for (size_t i = 0; i < tables[t].count; i++)
            check_row(&tables[t].rows[i], tables[t].dialect);
}

/* At every offset from every block boundary of the search, with a cut at every byte of the key. */
static void test_tap_finds_finish_reason_anywhere(void **state)
{
    static const char key[] = "," KEY ": \"stop\"";
    char bytes[512];

    (void)state;
    for (size_t before = 0; before < 200; before++) {
        for (size_t after = 0; after < 70; after += 23) {
            size_t len = (size_t)snprintf(bytes, sizeof bytes, "data: {%*s%s%*s}\n\n", (int)before,
                                          "", key, (int)after, "");
            for (size_t cut = 6 + before; cut <= 8 + before + strlen(key); cut++) {
                struct gw_sse_tap tap;
                memset(bytes + 7, 'h', before / 2);
                memset(bytes + 7 + before / 2, '_', before - before / 2);
                gw_sse_tap_init(&tap, GW_SSE_CHAT);
                gw_sse_tap_feed(&tap, (struct gw_str){bytes, cut});
                gw_sse_tap_feed(&tap, (struct gw_str){bytes + cut, len - cut});
                if (!tap.finished)
                    fail_msg("%zu bytes before, %zu behind, cut at %zu", before, after, cut);
            }
        }
    }
}

static void test_tap_counts_the_bytes_of_an_open_event(void **state)
{
    static const struct {
        const char *label;
        struct gw_str bytes;
        uint64_t open;
    } rows[] = {
        {"nothing", GW_STR_INIT(""), 0},
        {"a line", GW_STR_INIT("data: a\n"), 8},
        {"a line, CRLF", GW_STR_INIT("data: a\r\n"), 9},
        {"an event", GW_STR_INIT("data: a\n\n"), 0},
        {"an event, CR", GW_STR_INIT("data: a\r\r"), 0},
        {"an event, CRLF", GW_STR_INIT("data: a\r\n\r\n"), 0},
        {"an event and a byte", GW_STR_INIT("data: a\r\n\r\nd"), 1},
        {"an event and two lines", GW_STR_INIT("data: a\n\nevent: x\r\ndata: a\r\n"), 19},
        {"a byte order mark", GW_STR_INIT("\xEF\xBB\xBF"), 3},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        for (size_t cut = 0; cut <= rows[i].bytes.len; cut++) {
            struct gw_sse_tap tap;
            gw_sse_tap_init(&tap, GW_SSE_MESSAGES);
            gw_sse_tap_feed(&tap, (struct gw_str){rows[i].bytes.base, cut});
            gw_sse_tap_feed(&tap, gw_str_from(rows[i].bytes, cut));
            if (tap.open_bytes != rows[i].open)
                fail_msg("%s, cut at %zu: %llu", rows[i].label, cut,
                         (unsigned long long)tap.open_bytes);
        }
    }
}

static void test_tap_says_whether_a_stream_told_its_end(void **state)
{
    static const struct {
        const char *label;
        enum gw_sse_dialect dialect;
        struct gw_str bytes;
        bool ended;
    } rows[] = {
        {"chat, cut", GW_SSE_CHAT, GW_STR_INIT(CHUNK(KEY ":null")), false},
        {"chat, no [DONE]", GW_SSE_CHAT, GW_STR_INIT(CHUNK(KEY ":\"stop\"")), true},
        {"chat, an error", GW_SSE_CHAT, GW_STR_INIT("data: {\"error\":{}}\n\n"), true},
        {"messages, cut", GW_SSE_MESSAGES, GW_STR_INIT("event: ping\ndata: {}\n\n"), false},
        {"messages, nothing came", GW_SSE_MESSAGES, GW_STR_INIT(""), false},
        {"other, nothing came", GW_SSE_OTHER, GW_STR_INIT(""), true},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_sse_tap tap;
        gw_sse_tap_init(&tap, rows[i].dialect);
        gw_sse_tap_feed(&tap, rows[i].bytes);
        gw_sse_tap_end(&tap);
        if (gw_sse_tap_has_ended(&tap) != rows[i].ended)
            fail_msg("%s", rows[i].label);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tap_notes_the_end_at_any_cut),
        cmocka_unit_test(test_tap_finds_finish_reason_anywhere),
        cmocka_unit_test(test_tap_counts_the_bytes_of_an_open_event),
        cmocka_unit_test(test_tap_says_whether_a_stream_told_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
