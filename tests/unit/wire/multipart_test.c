/* The form scanner: every body is fed whole, cut at every byte, and byte by byte. */
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "wire/multipart.h"

struct outcome {
    enum gw_status status;
    uint64_t model_begin, model_end;
    bool has_model, has_stream, stream_true, done;
    char model[GW_MULTIPART_VALUE_MAX + 1];
};

/* Feeds `body` in pieces that end at `cut`, `second` and the end; or byte by byte when cut is
 * SIZE_MAX. */
static struct outcome scan(struct gw_str type, struct gw_str body, size_t cut, size_t second)
{
    struct outcome outcome = {.status = GW_OK};
    struct gw_multipart form;
    struct gw_err err;

    outcome.status = gw_multipart_init(&form, type, &err);
    if (outcome.status == GW_OK && cut == SIZE_MAX) {
        for (size_t i = 0; i < body.len && outcome.status == GW_OK; i++) {
            char byte = body.base[i];
            outcome.status = gw_multipart_feed(&form, (struct gw_str){&byte, 1}, &err);
        }
    } else if (outcome.status == GW_OK) {
        outcome.status = gw_multipart_feed(&form, (struct gw_str){body.base, cut}, &err);
        if (outcome.status == GW_OK)
            outcome.status =
                gw_multipart_feed(&form, (struct gw_str){body.base + cut, second - cut}, &err);
        if (outcome.status == GW_OK)
            outcome.status = gw_multipart_feed(&form, gw_str_from(body, second), &err);
    }
    if (outcome.status == GW_OK)
        outcome.status = gw_multipart_end(&form, &err);
    if (outcome.status != GW_OK && (err.status != outcome.status || err.message[0] == '\0'))
        fail_msg("a failure without its reason");
    outcome.has_model = form.model.seen;
    outcome.has_stream = form.stream.seen;
    outcome.stream_true = form.stream_true;
    outcome.done = form.done;
    if (form.model.seen) {
        outcome.model_begin = form.model.begin;
        outcome.model_end = form.model.end;
        memcpy(outcome.model, form.model.value, form.model.len);
    }
    gw_multipart_finish(&form);
    return outcome;
}

#define TYPE GW_STR_INIT("multipart/form-data; boundary=XX")
#define DISPOSITION "Content-Disposition: form-data; name="
#define PART(name, value) "--XX\r\n" DISPOSITION "\"" name "\"\r\n\r\n" value "\r\n"
#define MODEL PART("model", "m-1")
#define OPEN "--XX\r\n" DISPOSITION "a\r\n\r\n" /* a part whose content comes next */
#define END "--XX--\r\n"
#define HEADER(line) "--XX\r\n" line "\r\n\r\nm-1\r\n" END

/* Bodies as clients send them, with a file that has a false boundary and a CRLF in it. */
#define FILE_BYTES "RIFF\0\1\r\n--not\r\nend"
#define CURL_BOUNDARY "------------------------31efb7a4952f36c4"
#define UNDICI_BOUNDARY "----formdata-undici-035739445249"
#define REQUESTS_BOUNDARY "84bdbd30a2edf37059a2cfff92242df1"

static const struct {
    const char *label;
    struct gw_str type, body;
    const char *model; /* NULL: none */
    bool stream_true;
} good[] = {
    {"curl -F", GW_STR_INIT("multipart/form-data; boundary=" CURL_BOUNDARY),
     GW_STR_INIT("--" CURL_BOUNDARY "\r\n" DISPOSITION "\"model\"\r\n\r\nwhisper-1\r\n"
                 "--" CURL_BOUNDARY "\r\n" DISPOSITION "\"stream\"\r\n\r\ntrue\r\n"
                 "--" CURL_BOUNDARY "\r\n" DISPOSITION "\"file\"; filename=\"a.wav\"\r\n"
                 "Content-Type: application/octet-stream\r\n\r\n" FILE_BYTES "\r\n"
                 "--" CURL_BOUNDARY "--\r\n"),
     "whisper-1", true},
    {"undici, as under openai-node", GW_STR_INIT("multipart/form-data; boundary=" UNDICI_BOUNDARY),
     GW_STR_INIT(
         "--" UNDICI_BOUNDARY "\r\n" DISPOSITION "\"file\"; filename=\"sp%22ee%0D%0Ach.wav\"\r\n"
         "Content-Type: audio/wav\r\n\r\n" FILE_BYTES "\r\n"
         "--" UNDICI_BOUNDARY "\r\n" DISPOSITION "\"model\"\r\n\r\ngpt-4o-transcribe\r\n"
         "--" UNDICI_BOUNDARY "\r\n" DISPOSITION "\"stream\"\r\n\r\ntrue\r\n"
         "--" UNDICI_BOUNDARY "\r\n" DISPOSITION "\"timestamp_granularities[]\"\r\n\r\nword\r\n"
         "--" UNDICI_BOUNDARY "--\r\n"),
     "gpt-4o-transcribe", true},
    {"undici of old: no last line end",
     GW_STR_INIT("multipart/form-data; boundary=" UNDICI_BOUNDARY),
     GW_STR_INIT("--" UNDICI_BOUNDARY "\r\n" DISPOSITION "\"model\"\r\n\r\nx\r\n"
                 "--" UNDICI_BOUNDARY "--"),
     "x", false},
    {"python requests", GW_STR_INIT("multipart/form-data; boundary=" REQUESTS_BOUNDARY),
     GW_STR_INIT("--" REQUESTS_BOUNDARY "\r\n" DISPOSITION "\"model\"\r\n\r\nwhisper-1\r\n"
                 "--" REQUESTS_BOUNDARY "\r\n" DISPOSITION "\"stream\"\r\n\r\nTrue\r\n"
                 "--" REQUESTS_BOUNDARY "\r\n" DISPOSITION "\"na%22me\"\r\n\r\nx\r\n"
                 "--" REQUESTS_BOUNDARY "\r\n" DISPOSITION "\"file\"; filename=\"spe\xC3\xA9"
                 "ch.wav\"\r\n\r\n" FILE_BYTES "\r\n"
                 "--" REQUESTS_BOUNDARY "--\r\n"),
     "whisper-1", true},
    {"no parts", TYPE, GW_STR_INIT("--XX--\r\n"), NULL, false},
    {"no model", TYPE, GW_STR_INIT(PART("a", "b") END), NULL, false},
    {"an empty model", TYPE, GW_STR_INIT(PART("model", "") END), "", false},
    {"stream false", TYPE, GW_STR_INIT(MODEL PART("stream", "false") END), "m-1", false},
    {"the model behind the file", TYPE, GW_STR_INIT(PART("file", "\r\n\r\n--X\r\n--Xx") MODEL END),
     "m-1", false},
    {"a model with line ends in it", TYPE, GW_STR_INIT(PART("model", "a\r\n\r\n-b\r") END),
     "a\r\n\r\n-b\r", false},
    {"almost a boundary, over and over", TYPE,
     GW_STR_INIT(PART("a", "\n\n\r\n\r\r\n-\r\n--\r\n--X\r\n--\r\n--X\n--X") MODEL END), "m-1",
     false},
    {"the boundary inside of a line", TYPE, GW_STR_INIT(PART("a", "x--XX\r\nx--XX--") MODEL END),
     "m-1", false},
    {"a quoted boundary", GW_STR_INIT("Multipart/Form-Data ; charset=utf-8;; Boundary=\"X X?=\" ;"),
     GW_STR_INIT("--X X?=\r\n" DISPOSITION "model\r\n\r\nm\r\n--X X?=--\r\n"), "m", false},
    {"another model", TYPE, GW_STR_INIT(PART("Model", "a") PART("model[]", "b") MODEL END), "m-1",
     false},
    {"browsers' escapes", TYPE, GW_STR_INIT(PART("mode%22l", "a") PART("%6Dodel", "b") MODEL END),
     "m-1", false},
    {"backslash escapes", TYPE, GW_STR_INIT(PART("\\\"model\\\\", "a") MODEL END), "m-1", false},
    {"an escaped quote hides no name", TYPE,
     GW_STR_INIT("--XX\r\n" DISPOSITION "\"a\\\"; name=\\\"model\"\r\n\r\nx\r\n" MODEL END), "m-1",
     false},
    {"a file name hides no name", TYPE,
     GW_STR_INIT("--XX\r\nContent-Disposition: form-data; filename=\"; name=\\\"model\\\"\"; "
                 "name=a\r\n\r\nx\r\n" MODEL END),
     "m-1", false},
    {"filename* is read over", TYPE,
     GW_STR_INIT("--XX\r\n" DISPOSITION "\"f\"; filename*=utf-8''a%20b\r\n\r\nx\r\n" MODEL END),
     "m-1", false},
    {"names of headers and parameters in any case", TYPE,
     GW_STR_INIT(HEADER("CONTENT-disposition:Form-Data;NAME=model\r\nX-Other: \t1")), "m-1", false},
    {"a plain encoding", TYPE,
     GW_STR_INIT(HEADER(DISPOSITION "model\r\nContent-Transfer-Encoding: 8BIT")), "m-1", false},
    {"another part's encoding", TYPE,
     GW_STR_INIT("--XX\r\nContent-Transfer-Encoding: base64\r\n" DISPOSITION
                 "a\r\n\r\nx\r\n" MODEL END),
     "m-1", false},
};

static const char *check_good(size_t row, size_t cut, size_t second)
{
    struct gw_str body = good[row].body;
    struct outcome outcome = scan(good[row].type, body, cut, second);

    if (outcome.status != GW_OK || !outcome.done)
        return gw_status_name(outcome.status);
    if (outcome.has_model != (good[row].model != NULL))
        return "model seen or not";
    if (outcome.stream_true != good[row].stream_true)
        return "stream";
    if (!good[row].model)
        return NULL;
    size_t len = strlen(good[row].model);
    if (strcmp(outcome.model, good[row].model) != 0)
        return "its value";
    if (outcome.model_end - outcome.model_begin != len || outcome.model_end > body.len ||
        memcmp(body.base + outcome.model_begin, good[row].model, len) != 0)
        return "the model's place";
    return NULL;
}

static void test_multipart_finds_the_model_at_any_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(good); i++) {
        size_t len = good[i].body.len;
        for (size_t cut = 0; cut <= len; cut++) {
            const char *wrong = check_good(i, cut, cut);
            if (!wrong && cut + 3 <= len)
                wrong = check_good(i, cut, cut + 3);
            if (wrong)
                fail_msg("%s, cut at %zu: %s", good[i].label, cut, wrong);
        }
        const char *wrong = check_good(i, SIZE_MAX, SIZE_MAX);
        if (wrong)
            fail_msg("%s, byte by byte: %s", good[i].label, wrong);
    }
}

static void test_multipart_refuses_a_body_cut_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(good); i++) {
        size_t whole = good[i].body.len;
        if (good[i].body.base[whole - 1] == '\n')
            whole -= 2; /* the last line end may be missing */
        for (size_t len = 0; len < whole; len++) {
            struct outcome outcome =
                scan(good[i].type, (struct gw_str){good[i].body.base, len}, 0, 0);
            if (outcome.status != GW_INVALID)
                fail_msg("%s, %zu bytes of it: %s", good[i].label, len,
                         gw_status_name(outcome.status));
        }
    }
}

static const struct {
    const char *label;
    struct gw_str body;
} bad[] = {
    {"a preamble", GW_STR_INIT("hello\r\n" MODEL END)},
    {"a line end before the first boundary", GW_STR_INIT("\r\n" MODEL END)},
    {"an epilogue", GW_STR_INIT(MODEL END "x")},
    {"a second line end behind the end", GW_STR_INIT(MODEL END "\r\n")},
    {"half a line end behind the end", GW_STR_INIT(MODEL "--XX--\r")},
    {"a blank behind the end", GW_STR_INIT(MODEL "--XX-- \r\n")},
    {"a blank behind a boundary", GW_STR_INIT("--XX \r\n" DISPOSITION "model\r\n\r\nx\r\n" END)},
    {"a longer boundary", GW_STR_INIT(PART("a", "x\r\n--XXY") MODEL END)},
    {"a boundary and one dash", GW_STR_INIT(MODEL "--XX-\r\n")},
    {"a boundary and a bare LF", GW_STR_INIT("--XX\n" DISPOSITION "model\r\n\r\nx\r\n" END)},
    {"a boundary behind a bare LF", GW_STR_INIT(OPEN "x\n" MODEL END)},
    {"a boundary behind a bare LF at the start", GW_STR_INIT(OPEN "\n" MODEL END)},
    {"a boundary behind a bare LF, after CRLF", GW_STR_INIT(OPEN "x\r\n\n" MODEL END)},
    {"a boundary behind a bare LF, after half a boundary", GW_STR_INIT(OPEN "x\r\n-\n" MODEL END)},
    {"a boundary straight behind the headers", GW_STR_INIT(OPEN MODEL END)},
    {"the end straight behind the headers", GW_STR_INIT(MODEL OPEN END)},
    {"two models", GW_STR_INIT(MODEL PART("a", "b") MODEL END)},
    {"two models, one a token", GW_STR_INIT(MODEL "--XX\r\n" DISPOSITION "model\r\n\r\nx\r\n" END)},
    {"two streams", GW_STR_INIT(PART("stream", "true") MODEL PART("stream", "false") END)},
    {"a model that is a file", GW_STR_INIT(HEADER(DISPOSITION "\"model\"; filename=\"a\""))},
    {"... by filename*", GW_STR_INIT(HEADER(DISPOSITION "\"model\"; filename*=utf-8''a"))},
    {"an encoded model",
     GW_STR_INIT(HEADER(DISPOSITION "\"model\"\r\ncontent-transfer-encoding: base64"))},
    {"no headers", GW_STR_INIT("--XX\r\n\r\nx\r\n" END)},
    {"no Content-Disposition", GW_STR_INIT(HEADER("Content-Type: text/plain"))},
    {"two of them", GW_STR_INIT(HEADER(DISPOSITION "a\r\n" DISPOSITION "model"))},
    {"an attachment", GW_STR_INIT(HEADER("Content-Disposition: attachment; name=\"model\""))},
    {"no name", GW_STR_INIT(HEADER("Content-Disposition: form-data"))},
    {"two names", GW_STR_INIT(HEADER(DISPOSITION "a; name=model"))},
    {"name*", GW_STR_INIT(HEADER(DISPOSITION "a; name*=utf-8''model"))},
    {"NAME*0", GW_STR_INIT(HEADER(DISPOSITION "a; NAME*0=model"))},
    {"an escaped letter in a name", GW_STR_INIT(HEADER(DISPOSITION "\"m\\odel\""))},
    {"an open quote", GW_STR_INIT(HEADER(DISPOSITION "\"model"))},
    {"an escaped closing quote", GW_STR_INIT(HEADER(DISPOSITION "\"model\\\""))},
    {"bytes behind the quote", GW_STR_INIT(HEADER(DISPOSITION "\"a\"model"))},
    {"an empty token", GW_STR_INIT(HEADER(DISPOSITION ";"))},
    {"blanks at the equals sign", GW_STR_INIT(HEADER(DISPOSITION " model"))},
    {"a parameter without a value", GW_STR_INIT(HEADER(DISPOSITION "model; x"))},
    {"a comma", GW_STR_INIT(HEADER(DISPOSITION "a, name=model"))},
    {"a folded line", GW_STR_INIT(HEADER("Content-Disposition: form-data;\r\n name=model"))},
    {"a bare LF in the headers", GW_STR_INIT(HEADER("X: y\n" DISPOSITION "model"))},
    {"a bare CR in the headers", GW_STR_INIT(HEADER("X: y\r" DISPOSITION "model"))},
    {"NUL in the headers", GW_STR_INIT(HEADER(DISPOSITION "\"mo\0del\""))},
    {"a blank before the colon",
     GW_STR_INIT(HEADER("Content-Disposition : form-data; name=model"))},
    {"a line without a colon", GW_STR_INIT(HEADER(DISPOSITION "model\r\nX"))},
    {"a line without a name", GW_STR_INIT(HEADER(DISPOSITION "model\r\n: x"))},
};

static void test_multipart_refuses_what_can_be_read_in_two_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(bad); i++) {
        for (size_t cut = 0; cut <= bad[i].body.len + 1; cut++) {
            size_t at = cut <= bad[i].body.len ? cut : SIZE_MAX;
            struct outcome outcome = scan((struct gw_str)TYPE, bad[i].body, at, at);
            if (outcome.status != GW_INVALID)
                fail_msg("%s, cut at %zu: %s", bad[i].label, at, gw_status_name(outcome.status));
        }
    }
}

#define TEN "0123456789"
#define SEVENTY TEN TEN TEN TEN TEN TEN TEN

static const struct {
    const char *label;
    struct gw_str type;
    enum gw_status status;
} types[] = {
    {"a token", GW_STR_INIT("multipart/form-data;boundary=a-b_c.1'+"), GW_OK},
    {"70 characters", GW_STR_INIT("multipart/form-data; boundary=" SEVENTY), GW_OK},
    {"71", GW_STR_INIT("multipart/form-data; boundary=" SEVENTY "x"), GW_INVALID},
    {"all that may be quoted", GW_STR_INIT("multipart/form-data; boundary=\"'()+_,-./:=? x\""),
     GW_OK},
    {"a blank at its end", GW_STR_INIT("multipart/form-data; boundary=\"x \""), GW_INVALID},
    {"none", GW_STR_INIT("multipart/form-data"), GW_INVALID},
    {"an empty one", GW_STR_INIT("multipart/form-data; boundary="), GW_INVALID},
    {"an empty quoted one", GW_STR_INIT("multipart/form-data; boundary=\"\""), GW_INVALID},
    {"a token's byte that is none of a boundary's",
     GW_STR_INIT("multipart/form-data; boundary=a&b"), GW_INVALID},
    {"a boundary's byte that is none of a token's",
     GW_STR_INIT("multipart/form-data; boundary=a/b"), GW_INVALID},
    {"an escape", GW_STR_INIT("multipart/form-data; boundary=\"a\\b\""), GW_INVALID},
    {"a line end", GW_STR_INIT("multipart/form-data; boundary=\"a\r\nb\""), GW_INVALID},
    {"two", GW_STR_INIT("multipart/form-data; boundary=a; boundary=a"), GW_INVALID},
    {"boundary*", GW_STR_INIT("multipart/form-data; boundary=a; boundary*=utf-8''b"), GW_INVALID},
    {"boundary*0 alone", GW_STR_INIT("multipart/form-data; boundary*0=a"), GW_INVALID},
    {"a name that begins alike", GW_STR_INIT("multipart/form-data; boundaryx=b; boundary=a"),
     GW_OK},
    {"bytes behind it", GW_STR_INIT("multipart/form-data; boundary=a b"), GW_INVALID},
    {"bytes behind the quote", GW_STR_INIT("multipart/form-data; boundary=\"a\"b"), GW_INVALID},
    {"another type", GW_STR_INIT("multipart/mixed; boundary=a"), GW_UNSUPPORTED},
    {"a longer type", GW_STR_INIT("multipart/form-datax; boundary=a"), GW_UNSUPPORTED},
    {"JSON", GW_STR_INIT("application/json"), GW_UNSUPPORTED},
    {"nothing", GW_STR_INIT(""), GW_UNSUPPORTED},
};

static void test_multipart_reads_the_boundary_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(types); i++) {
        struct gw_multipart form;
        enum gw_status status = gw_multipart_init(&form, types[i].type, NULL);
        if (status != types[i].status)
            fail_msg("%s: %s", types[i].label, gw_status_name(status));
        if (status == GW_OK)
            gw_multipart_finish(&form);
    }
}

/* Builds bodies that are just within a limit, and one past it. */
static size_t add(char *body, size_t len, const char *text)
{
    memcpy(body + len, text, strlen(text));
    return len + strlen(text);
}

static size_t add_fill(char *body, size_t len, size_t count)
{
    memset(body + len, 'v', count);
    return len + count;
}

static size_t body_with_value(char *body, size_t value_bytes)
{
    size_t len = add(body, 0, "--XX\r\n" DISPOSITION "model\r\n\r\n");
    return add(body, add_fill(body, len, value_bytes), "\r\n" END);
}

static size_t body_with_headers(char *body, size_t header_bytes)
{
    size_t len = add(body, 0, "--XX\r\n" DISPOSITION "model\r\nX: ");
    size_t rest = header_bytes - (len - strlen("--XX\r\n")) - strlen("\r\n\r\n");
    return add(body, add_fill(body, len, rest), "\r\n\r\nm\r\n" END);
}

static size_t body_with_parts(char *body, size_t parts)
{
    size_t len = 0;
    for (size_t i = 0; i < parts; i++)
        len = add(body, len, PART("a", "b"));
    return add(body, len, END);
}

static void test_multipart_limits_do_not_depend_on_cuts(void **state)
{
    static const struct {
        const char *label;
        size_t (*build)(char *body, size_t count);
        size_t most, step;
    } rows[] = {
        {"a model's bytes", body_with_value, GW_MULTIPART_VALUE_MAX, 1},
        {"header bytes", body_with_headers, GW_MULTIPART_HEADER_BYTES_MAX, 13},
        {"parts", body_with_parts, GW_MULTIPART_PARTS_MAX, 997},
    };
    char *body = malloc(100000);

    (void)state;
    assert_non_null(body);
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        for (size_t more = 0; more < 100; more = 2 * more + 1) {
            size_t len = rows[i].build(body, rows[i].most + more);
            for (size_t cut = 0; cut <= len; cut += rows[i].step) {
                struct outcome outcome =
                    scan((struct gw_str)TYPE, (struct gw_str){body, len}, cut, cut);
                if (outcome.status != (more ? GW_TOO_LARGE : GW_OK))
                    fail_msg("%zu %s, cut at %zu: %s", rows[i].most + more, rows[i].label, cut,
                             gw_status_name(outcome.status));
            }
        }
    }
    free(body);
}

static void test_multipart_does_not_wait_for_the_end_of_a_long_model(void **state)
{
    static const char head[] = "--XX\r\n" DISPOSITION "model\r\n\r\n";
    struct gw_multipart form;
    struct gw_err err = {.status = GW_OK};
    enum gw_status status;
    size_t fed = 0;

    (void)state;
    assert_int_equal(gw_multipart_init(&form, (struct gw_str)TYPE, &err), GW_OK);
    assert_int_equal(gw_multipart_feed(&form, gw_str_of(head), &err), GW_OK);
    do
        status = gw_multipart_feed(&form, GW_STR("v"), &err);
    while (status == GW_OK && ++fed < 1000);
    assert_int_equal(status, GW_TOO_LARGE);
    assert_true(fed >= GW_MULTIPART_VALUE_MAX && fed < 400);
    assert_int_equal(gw_multipart_feed(&form, GW_STR("v"), &err), GW_TOO_LARGE);
    assert_int_equal(gw_multipart_end(&form, &err), GW_TOO_LARGE);
    gw_multipart_finish(&form);
}

static void test_multipart_says_where_a_body_is_wrong(void **state)
{
    static const struct gw_str body = GW_STR_INIT(MODEL "--XXY\r\n");

    (void)state;
    for (size_t cut = 0; cut <= body.len; cut++) {
        struct gw_multipart form;
        struct gw_err err = {.status = GW_OK};
        (void)gw_multipart_init(&form, (struct gw_str)TYPE, &err);
        if (gw_multipart_feed(&form, (struct gw_str){body.base, cut}, &err) == GW_OK)
            (void)gw_multipart_feed(&form, gw_str_from(body, cut), &err);
        if (err.status != GW_INVALID || err.offset != body.len - 3)
            fail_msg("cut at %zu: %s at %zu", cut, err.message, err.offset);
        gw_multipart_finish(&form);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_multipart_finds_the_model_at_any_cut),
        cmocka_unit_test(test_multipart_refuses_a_body_cut_short),
        cmocka_unit_test(test_multipart_refuses_what_can_be_read_in_two_ways),
        cmocka_unit_test(test_multipart_reads_the_boundary_strictly),
        cmocka_unit_test(test_multipart_limits_do_not_depend_on_cuts),
        cmocka_unit_test(test_multipart_does_not_wait_for_the_end_of_a_long_model),
        cmocka_unit_test(test_multipart_says_where_a_body_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
