/* The event-stream parser and writer: every row is fed whole, cut at every byte, and byte by byte.
 */
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "wire/sse.h"

/* Events as text: <type|id|data>, with a ? before the > of an incomplete one. */
struct seen {
    char text[512];
    size_t len;
    size_t events, stop_after; /* stop_after: answer GW_EOF at this event; 0 never */
};

static void put(struct seen *seen, struct gw_str s)
{
    if (s.len > sizeof(seen->text) - seen->len)
        fail_msg("an event of %zu bytes does not fit into the test", s.len);
    memcpy(seen->text + seen->len, s.base, s.len);
    seen->len += s.len;
}

static enum gw_status remember(void *arg, const struct gw_sse_event *event)
{
    struct seen *seen = arg;

    put(seen, GW_STR("<"));
    put(seen, event->type);
    put(seen, GW_STR("|"));
    put(seen, event->id);
    put(seen, GW_STR("|"));
    put(seen, event->data);
    put(seen, event->incomplete ? GW_STR("?>") : GW_STR(">"));
    seen->events++;
    return seen->events == seen->stop_after ? GW_EOF : GW_OK;
}

static bool holds_memory(const struct gw_sse *sse)
{
    return sse->line.base || sse->type.held.base || sse->data.held.base || sse->id.held.base;
}

#define BOM "\xEF\xBB\xBF"

static const struct {
    const char *label;
    struct gw_str bytes;
    struct gw_str events;
} cases[] = {
    {"nothing", GW_STR_INIT(""), GW_STR_INIT("")},
    {"one event", GW_STR_INIT("data: a\n\n"), GW_STR_INIT("<||a>")},
    {"two data lines join", GW_STR_INIT("data: a\ndata: b\n\n"), GW_STR_INIT("<||a\nb>")},
    {"three, the middle one empty", GW_STR_INIT("data: a\ndata:\ndata: c\n\n"),
     GW_STR_INIT("<||a\n\nc>")},
    {"three, the first one empty", GW_STR_INIT("data:\ndata: b\ndata: c\n\n"),
     GW_STR_INIT("<||\nb\nc>")},
    {"CRLF ends one line", GW_STR_INIT("data: a\r\ndata: b\r\n\r\n"), GW_STR_INIT("<||a\nb>")},
    {"CR ends a line", GW_STR_INIT("data: a\rdata: b\r\rdata: c\r\r"),
     GW_STR_INIT("<||a\nb><||c>")},
    {"all line ends in one stream", GW_STR_INIT("data: a\r\n\ndata: b\n\r\ndata: c\r\r\n"),
     GW_STR_INIT("<||a><||b><||c>")},
    {"LF CR are two line ends", GW_STR_INIT("data: a\n\rdata: b\n\r"), GW_STR_INIT("<||a><||b>")},
    {"no blank behind the colon", GW_STR_INIT("data:a\n\n"), GW_STR_INIT("<||a>")},
    {"one leading blank goes, not two", GW_STR_INIT("data:  a\n\n"), GW_STR_INIT("<|| a>")},
    {"a tab stays", GW_STR_INIT("data:\ta\n\n"), GW_STR_INIT("<||\ta>")},
    {"trailing blanks stay", GW_STR_INIT("data: a \n\n"), GW_STR_INIT("<||a >")},
    {"a colon in the value", GW_STR_INIT("data: a:b: c\n\n"), GW_STR_INIT("<||a:b: c>")},
    {"data without a colon", GW_STR_INIT("data\n\n"), GW_STR_INIT("<||>")},
    {"empty data is an event", GW_STR_INIT("data:\n\ndata: \n\n"), GW_STR_INIT("<||><||>")},
    {"two empty data lines", GW_STR_INIT("data\ndata\n\n"), GW_STR_INIT("<||\n>")},
    {"a type without data is none", GW_STR_INIT("event: x\n\ndata: a\n\n"), GW_STR_INIT("<||a>")},
    {"a type", GW_STR_INIT("event: x\ndata: a\n\n"), GW_STR_INIT("<x||a>")},
    {"the type may come last", GW_STR_INIT("data: a\nevent:x\n\n"), GW_STR_INIT("<x||a>")},
    {"the last type counts", GW_STR_INIT("event: x\nevent: y\ndata: a\n\n"), GW_STR_INIT("<y||a>")},
    {"a type can be taken back", GW_STR_INIT("event: x\nevent\ndata: a\n\n"), GW_STR_INIT("<||a>")},
    {"a type is for one event", GW_STR_INIT("event: x\ndata: a\n\ndata: b\n\n"),
     GW_STR_INIT("<x||a><||b>")},
    {"an id is for one event here", GW_STR_INIT("id: 7\ndata: a\n\ndata: b\n\n"),
     GW_STR_INIT("<|7|a><||b>")},
    {"an id with NUL is ignored", GW_STR_INIT("id: 7\nid: 8\0\ndata: a\n\n"),
     GW_STR_INIT("<|7|a>")},
    {"NUL in data stays", GW_STR_INIT("data: a\0b\n\n"), GW_STR_INIT("<||a\0b>")},
    {"retry is read over", GW_STR_INIT("retry: 10\ndata: a\nretry: x\n\n"), GW_STR_INIT("<||a>")},
    {"comments are read over", GW_STR_INIT(": ping\n\n:\ndata: a\n:data: b\n\n"),
     GW_STR_INIT("<||a>")},
    {"other fields are read over", GW_STR_INIT("datax: a\ndat: b\nData: c\n data: d\ndata : e\n\n"),
     GW_STR_INIT("")},
    {"blank lines in plenty", GW_STR_INIT("\n\n\r\n\rdata: a\n\n\n\n\r\r\n"), GW_STR_INIT("<||a>")},
    {"a byte order mark at the start", GW_STR_INIT(BOM "data: a\n\n"), GW_STR_INIT("<||a>")},
    {"two of them", GW_STR_INIT(BOM BOM "data: a\ndata: b\n\n"), GW_STR_INIT("<||b>")},
    {"half of one",
     GW_STR_INIT("\xEF\xBB"
                 "data: a\ndata: b\n\n"),
     GW_STR_INIT("<||b>")},
    {"one in the middle", GW_STR_INIT("data: a\n\n" BOM "data: b\n\n"), GW_STR_INIT("<||a>")},
    {"one in data", GW_STR_INIT("data: " BOM "\n\n"), GW_STR_INIT("<||" BOM ">")},
    {"unfinished: no blank line", GW_STR_INIT("data: a\n"), GW_STR_INIT("<||a?>")},
    {"unfinished: no line end", GW_STR_INIT("data: [DONE]"), GW_STR_INIT("<||[DONE]?>")},
    {"unfinished: CR", GW_STR_INIT("event: x\rid: 1\rdata: a\r"), GW_STR_INIT("<x|1|a?>")},
    {"unfinished: two lines", GW_STR_INIT("data: {\ndata: }"), GW_STR_INIT("<||{\n}?>")},
    {"unfinished: behind an event", GW_STR_INIT("data: a\n\ndata: b"), GW_STR_INIT("<||a><||b?>")},
    {"unfinished: no data", GW_STR_INIT("event: x\nid: 1\n: c\nda"), GW_STR_INIT("")},
    {"unfinished: half a byte order mark", GW_STR_INIT("\xEF\xBB"), GW_STR_INIT("")},
};

/* Feeds a copy that is gone afterwards. */
static void feed(struct gw_sse *sse, const char *label, struct gw_str bytes, struct seen *seen)
{
    char *copy = malloc(bytes.len + !bytes.len); /* no byte to spare: ASan sees a read past it */

    assert_non_null(copy);
    memcpy(copy, bytes.base, bytes.len);
    enum gw_status status = gw_sse_feed(sse, (struct gw_str){copy, bytes.len}, remember, seen);
    memset(copy, '!', bytes.len);
    free(copy);
    if (status != GW_OK)
        fail_msg("%s: feed said %s", label, gw_status_name(status));
}

static void check(const char *label, struct gw_str bytes, size_t cut, size_t second,
                  struct gw_str expected)
{
    struct seen seen = {.len = 0};
    struct gw_sse sse;

    gw_sse_init(&sse);
    feed(&sse, label, (struct gw_str){bytes.base, cut}, &seen);
    feed(&sse, label, (struct gw_str){bytes.base + cut, second - cut}, &seen);
    feed(&sse, label, gw_str_from(bytes, second), &seen);
    if (gw_sse_end(&sse, remember, &seen) != GW_OK)
        fail_msg("%s: end failed", label);
    if (holds_memory(&sse))
        fail_msg("%s: memory held at the end", label);
    if (!gw_str_eq((struct gw_str){seen.text, seen.len}, expected))
        fail_msg("%s, cut at %zu and %zu: %.*s", label, cut, second, (int)seen.len, seen.text);
    gw_sse_finish(&sse);
}

static void check_bytewise(const char *label, struct gw_str bytes, struct gw_str expected)
{
    struct seen seen = {.len = 0};
    struct gw_sse sse;

    gw_sse_init(&sse);
    for (size_t i = 0; i < bytes.len; i++)
        feed(&sse, label, (struct gw_str){bytes.base + i, 1}, &seen);
    (void)gw_sse_end(&sse, remember, &seen);
    if (!gw_str_eq((struct gw_str){seen.text, seen.len}, expected))
        fail_msg("%s, byte by byte: %.*s", label, (int)seen.len, seen.text);
    gw_sse_finish(&sse);
}

static void check_all_cuts(const char *label, struct gw_str bytes, struct gw_str expected)
{
    for (size_t cut = 0; cut <= bytes.len; cut++)
        for (size_t second = cut; second <= bytes.len; second++)
            check(label, bytes, cut, second, expected);
    check_bytewise(label, bytes, expected);
}

static void test_sse_resumes_at_any_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++)
        check_all_cuts(cases[i].label, cases[i].bytes, cases[i].events);
}

/* Long enough for every step of the line end search: lines of 0 to 200 bytes at 0 to 70 bytes from
 * the start. */
static void check_line_ends(char fill, const char *line_end)
{
    char bytes[512], expected[512] = "<||";

    for (size_t before = 0; before < 70; before++) {
        for (size_t len = 0; len < 200; len++) {
            size_t at =
                (size_t)snprintf(bytes, sizeof bytes, ":%0*d%sdata:", (int)before, 0, line_end);
            memset(bytes + at, fill, len);
            size_t end = at + len;
            end += (size_t)snprintf(bytes + end, sizeof bytes - end, "%s%s", line_end, line_end);
            memset(expected + 3, fill, len);
            expected[3 + len] = '>';
            check("in three", (struct gw_str){bytes, end}, at, at + len / 2,
                  (struct gw_str){expected, len + 4});
            check("whole", (struct gw_str){bytes, end}, 0, 0, (struct gw_str){expected, len + 4});
        }
    }
}

static void test_sse_finds_line_ends_anywhere(void **state)
{
    (void)state;
    check_line_ends('\t', "\r\n"); /* the fast step stops at tabs */
    check_line_ends('x', "\n");
    check_line_ends('x', "\r");
}

/* pitfalls.md §1 item 1: a character cut between reads must not become U+FFFD. */
static void test_pitfall_1_1_characters_cut_between_reads_stay_whole(void **state)
{
    (void)state;
    check_all_cuts("2, 3 and 4 byte characters",
                   GW_STR("data: {\"t\":\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"}\n\n"),
                   GW_STR("<||{\"t\":\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"}>"));
    check_all_cuts("bytes that are no UTF-8 stay as they are", GW_STR("data: \xF0\x9F\xFF\xC0\n\n"),
                   GW_STR("<||\xF0\x9F\xFF\xC0>"));
}

/* pitfalls.md §1 item 2: events cut by TCP, "data:" without a blank. */
static void test_pitfall_1_2_any_chunking_gives_the_same_events(void **state)
{
    static const struct gw_str stream =
        GW_STR_INIT(BOM ": hi\r\n\r\nevent: a\r\ndata:{\"x\":\r\ndata: 1}\r\n\r\n"
                        "data:{}\n\nid: 3\rdata: [DONE]\r\r");
    static const struct gw_str expected = GW_STR_INIT("<a||{\"x\":\n1}><||{}><|3|[DONE]>");

    (void)state;
    check_all_cuts("mixed", stream, expected);
    for (size_t size = 1; size <= stream.len; size++) {
        struct seen seen = {.len = 0};
        struct gw_sse sse;
        gw_sse_init(&sse);
        for (size_t at = 0; at < stream.len; at += size)
            feed(&sse, "mixed",
                 (struct gw_str){stream.base + at, stream.len - at < size ? stream.len - at : size},
                 &seen);
        if (!gw_str_eq((struct gw_str){seen.text, seen.len}, expected))
            fail_msg("reads of %zu: %.*s", size, (int)seen.len, seen.text);
        gw_sse_finish(&sse);
    }
}

static enum gw_status note_place(void *arg, const struct gw_sse_event *event)
{
    *(struct gw_str *)arg = event->data;
    return GW_OK;
}

static void test_sse_copies_only_what_outlives_a_read(void **state)
{
    const struct gw_str bytes = GW_STR("event: x\ndata: abc\n\nda");
    struct gw_str data = {NULL, 0};
    struct gw_sse sse;

    (void)state;
    gw_sse_init(&sse);
    assert_int_equal(gw_sse_feed(&sse, (struct gw_str){bytes.base, 20}, note_place, &data), GW_OK);
    assert_ptr_equal(data.base, bytes.base + 15);
    assert_int_equal(data.len, 3);
    assert_false(holds_memory(&sse)); /* between events nothing is held */
    assert_int_equal(gw_sse_feed(&sse, gw_str_from(bytes, 20), note_place, &data), GW_OK);
    assert_true(holds_memory(&sse));
    assert_int_equal(gw_sse_feed(&sse, GW_STR("ta: d\n\n"), note_place, &data), GW_OK);
    assert_int_equal(data.len, 1);
    assert_false(holds_memory(&sse));
    gw_sse_finish(&sse);
}

static enum gw_status count_bytes(void *arg, const struct gw_sse_event *event)
{
    *(size_t *)arg += event->data.len;
    return GW_OK;
}

/* Feeds `stream` in pieces of `size`; the status of the first failure, or of the last call. */
static enum gw_status feed_in_pieces(struct gw_str stream, size_t size, size_t *bytes_out)
{
    enum gw_status status = GW_OK;
    struct gw_sse sse;

    *bytes_out = 0;
    gw_sse_init(&sse);
    for (size_t at = 0; at < stream.len && status == GW_OK; at += size)
        status = gw_sse_feed(
            &sse,
            (struct gw_str){stream.base + at, stream.len - at < size ? stream.len - at : size},
            count_bytes, bytes_out);
    if (status != GW_OK) { /* it stays that way, and nothing is held */
        assert_int_equal(gw_sse_feed(&sse, GW_STR("data: a\n\n"), count_bytes, bytes_out), status);
        assert_int_equal(gw_sse_end(&sse, count_bytes, bytes_out), status);
        assert_false(holds_memory(&sse));
    }
    gw_sse_finish(&sse);
    return status;
}

static void test_sse_limits_do_not_depend_on_cuts(void **state)
{
    static const size_t sizes[] = {SIZE_MAX / 2, 65536, 1000003};
    const size_t line_max = GW_SSE_LINE_BYTES_MAX, half = GW_SSE_EVENT_BYTES_MAX / 2;
    const struct {
        const char *label;
        struct {
            const char *name; /* NULL: no line */
            size_t bytes;
        } lines[3];
        enum gw_status status;
    } rows[] = {
        {"the longest line", {{"data:", line_max}}, GW_OK},
        {"a longer line", {{"data:", line_max + 1}}, GW_TOO_LARGE},
        {"the longest comment", {{":", line_max}}, GW_OK},
        {"a longer comment", {{":", line_max + 1}}, GW_TOO_LARGE},
        {"the largest event", {{"data:", half + 5}, {"data:", half + 4}}, GW_OK},
        {"a larger event", {{"data:", half + 5}, {"data:", half + 5}}, GW_TOO_LARGE},
        {"with type and id", {{"event:", half + 6}, {"data:", half + 2}, {"id:", 6}}, GW_OK},
        {"a larger id", {{"event:", half + 6}, {"data:", half + 2}, {"id:", 7}}, GW_TOO_LARGE},
        {"a larger type", {{"id:", half + 3}, {"data:", 6}, {"event:", half + 6}}, GW_TOO_LARGE},
        {"a second line", {{"event:", half + 6}, {"data:", half + 4}, {"data:", 5}}, GW_OK},
        {"a larger line", {{"event:", half + 6}, {"data:", half + 4}, {"data:", 6}}, GW_TOO_LARGE},
    };
    char *stream = malloc(2 * line_max);

    (void)state;
    assert_non_null(stream);
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        size_t len = 0;
        memset(stream, 'x', 2 * line_max);
        for (size_t k = 0; k < GW_COUNT(rows[i].lines) && rows[i].lines[k].name; k++) {
            memcpy(stream + len, rows[i].lines[k].name, strlen(rows[i].lines[k].name));
            len += rows[i].lines[k].bytes;
            stream[len++] = '\n';
        }
        stream[len++] = '\n';
        for (size_t k = 0; k < GW_COUNT(sizes); k++) {
            size_t bytes;
            enum gw_status status = feed_in_pieces((struct gw_str){stream, len}, sizes[k], &bytes);
            if (status != rows[i].status)
                fail_msg("%s, reads of %zu: %s", rows[i].label, sizes[k], gw_status_name(status));
        }
    }
    free(stream);
}

static void test_sse_stops_when_the_callee_says_so(void **state)
{
    struct seen seen = {.stop_after = 1};
    struct gw_sse sse;

    (void)state;
    gw_sse_init(&sse);
    assert_int_equal(gw_sse_feed(&sse, GW_STR("data: a\n\ndata: b\n\n"), remember, &seen), GW_EOF);
    assert_int_equal(gw_sse_feed(&sse, GW_STR("data: c\n\n"), remember, &seen), GW_EOF);
    assert_int_equal(gw_sse_end(&sse, remember, &seen), GW_EOF);
    assert_int_equal(seen.events, 1);
    gw_sse_finish(&sse);
}

static const struct {
    const char *label;
    struct gw_str type, data, written;
} writes[] = {
    {"no type", GW_STR_INIT(""), GW_STR_INIT("{}"), GW_STR_INIT("data: {}\n\n")},
    {"a type", GW_STR_INIT("ping"), GW_STR_INIT("{}"), GW_STR_INIT("event: ping\ndata: {}\n\n")},
    {"no data", GW_STR_INIT(""), GW_STR_INIT(""), GW_STR_INIT("data: \n\n")},
    {"a leading blank is kept", GW_STR_INIT(""), GW_STR_INIT(" a"), GW_STR_INIT("data:  a\n\n")},
    {"LF splits", GW_STR_INIT(""), GW_STR_INIT("a\nb"), GW_STR_INIT("data: a\ndata: b\n\n")},
    {"CR and CRLF split too", GW_STR_INIT(""), GW_STR_INIT("a\rb\r\nc"),
     GW_STR_INIT("data: a\ndata: b\ndata: c\n\n")},
    {"a LF at the end", GW_STR_INIT(""), GW_STR_INIT("a\n"), GW_STR_INIT("data: a\ndata: \n\n")},
    {"a CR at the end", GW_STR_INIT(""), GW_STR_INIT("a\r"), GW_STR_INIT("data: a\ndata: \n\n")},
    {"no event in data", GW_STR_INIT(""), GW_STR_INIT("a\n\nevent: b"),
     GW_STR_INIT("data: a\ndata: \ndata: event: b\n\n")},
};

static void test_sse_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(writes); i++) {
        struct gw_buf exact, less;
        gw_buf_init(&exact, writes[i].written.len);
        gw_buf_init(&less, writes[i].written.len - 1);
        if (gw_sse_write(&exact, writes[i].type, writes[i].data) != GW_OK ||
            !gw_str_eq(gw_buf_str(&exact), writes[i].written))
            fail_msg("%s: %.*s", writes[i].label, GW_STR_ARG(gw_buf_str(&exact)));
        if (gw_sse_write(&less, writes[i].type, writes[i].data) != GW_TOO_LARGE ||
            gw_buf_len(&less) != 0)
            fail_msg("%s: written past the limit", writes[i].label);
        gw_buf_finish(&exact);
        gw_buf_finish(&less);
    }
}

static void test_sse_writes_no_line_end_in_a_type(void **state)
{
    struct gw_buf out;

    (void)state;
    gw_buf_init(&out, 100);
    assert_int_equal(gw_sse_write(&out, GW_STR("a\ndata: x"), GW_STR("{}")), GW_INVALID);
    assert_int_equal(gw_sse_write(&out, GW_STR("a\r"), GW_STR("{}")), GW_INVALID);
    assert_int_equal(gw_buf_len(&out), 0);
    gw_buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sse_resumes_at_any_byte),
        cmocka_unit_test(test_sse_finds_line_ends_anywhere),
        cmocka_unit_test(test_pitfall_1_1_characters_cut_between_reads_stay_whole),
        cmocka_unit_test(test_pitfall_1_2_any_chunking_gives_the_same_events),
        cmocka_unit_test(test_sse_copies_only_what_outlives_a_read),
        cmocka_unit_test(test_sse_limits_do_not_depend_on_cuts),
        cmocka_unit_test(test_sse_stops_when_the_callee_says_so),
        cmocka_unit_test(test_sse_writes),
        cmocka_unit_test(test_sse_writes_no_line_end_in_a_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
