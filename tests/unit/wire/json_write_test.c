#include "unit/test.h"

#include <stdlib.h>

#include <cjson/cJSON.h>

#include "wire/json_write.h"

static const struct {
    const char *label;
    struct gw_str text, json;
} strings[] = {
    {"empty", GW_STR_INIT(""), GW_STR_INIT("\"\"")},
    {"plain", GW_STR_INIT("a b"), GW_STR_INIT("\"a b\"")},
    {"quote and backslash", GW_STR_INIT("\"\\"), GW_STR_INIT("\"\\\"\\\\\"")},
    {"short forms", GW_STR_INIT("\b\f\n\r\t"), GW_STR_INIT("\"\\b\\f\\n\\r\\t\"")},
    {"other controls", GW_STR_INIT("\0\x01\x0b\x1f"),
     GW_STR_INIT("\"\\u0000\\u0001\\u000b\\u001f\"")},
    {"slash, DEL, others stay", GW_STR_INIT("/\x7f'<>&"), GW_STR_INIT("\"/\x7f'<>&\"")},
    {"UTF-8 stays", GW_STR_INIT("\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80"),
     GW_STR_INIT("\"\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80\"")},
    {"in the midst", GW_STR_INIT("0123456789abcdefgh\nij\xc3\xa9k\"l"),
     GW_STR_INIT("\"0123456789abcdefgh\\nij\xc3\xa9k\\\"l\"")},
    {"byte that is no UTF-8",
     GW_STR_INIT("a\xff"
                 "b"),
     GW_STR_INIT("\"a\xef\xbf\xbd"
                 "b\"")},
    {"overlong: each byte alone", GW_STR_INIT("\xc0\xaf"),
     GW_STR_INIT("\"\xef\xbf\xbd\xef\xbf\xbd\"")},
    {"surrogate: each byte alone", GW_STR_INIT("\xed\xa0\x80"),
     GW_STR_INIT("\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"")},
    {"cut: one for what is there",
     GW_STR_INIT("\xf0\x9f\x98\xe2\x82"
                 "a\xf0\x9f"),
     GW_STR_INIT("\"\xef\xbf\xbd\xef\xbf\xbd"
                 "a\xef\xbf\xbd\"")},
    {"the Unicode standard's example",
     GW_STR_INIT("\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64"),
     GW_STR_INIT("\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                 "b\xef\xbf\xbd"
                 "c\xef\xbf\xbd\xef\xbf\xbd"
                 "d\"")},
};

static void test_write_escapes_as_little_as_it_must(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(strings); i++) {
        struct gw_buf buf;
        struct gw_json_writer out;
        gw_buf_init(&buf, 1024);
        gw_json_write_init(&out, &buf);
        gw_json_write_string(&out, strings[i].text);
        if (gw_json_write_finish(&out) != GW_OK || !gw_str_eq(gw_buf_str(&buf), strings[i].json))
            fail_msg("%s: %.*s", strings[i].label, GW_STR_ARG(gw_buf_str(&buf)));
        gw_buf_finish(&buf);
    }
}

static void test_write_is_read_back_by_cjson(void **state)
{
    char text[130];
    size_t len = 0;

    (void)state;
    for (char c = 1; c < 127; c++)
        text[len++] = c;
    text[len] = '\0';
    struct gw_buf buf;
    struct gw_json_writer out;
    gw_buf_init(&buf, 4096);
    gw_json_write_init(&out, &buf);
    gw_json_write_string(&out, (struct gw_str){text, len});
    assert_int_equal(gw_json_write_finish(&out), GW_OK);
    cJSON *tree = cJSON_ParseWithLength(buf.base, gw_buf_len(&buf));
    assert_true(cJSON_IsString(tree));
    assert_string_equal(cJSON_GetStringValue(tree), text);
    cJSON_Delete(tree);
    gw_buf_finish(&buf);
}

/* One of everything, in every place where a comma may be due or not. */
static void write_all(struct gw_json_writer *out)
{
    gw_json_write_begin_object(out);
    gw_json_write_key(out, GW_STR("a"));
    gw_json_write_begin_array(out);
    gw_json_write_begin_array(out);
    gw_json_write_end_array(out);
    gw_json_write_begin_object(out);
    gw_json_write_end_object(out);
    gw_json_write_int64(out, INT64_MIN);
    gw_json_write_int64(out, INT64_MAX);
    gw_json_write_int64(out, 0);
    gw_json_write_uint64(out, UINT64_MAX);
    gw_json_write_bool(out, true);
    gw_json_write_bool(out, false);
    gw_json_write_null(out);
    gw_json_write_raw(out, GW_STR("1.50e+3"));
    gw_json_write_string(out, GW_STR("s"));
    gw_json_write_end_array(out);
    gw_json_write_key(out, GW_STR("\"k\n"));
    gw_json_write_begin_object(out);
    gw_json_write_key(out, GW_STR("x"));
    gw_json_write_null(out);
    gw_json_write_key(out, GW_STR("x"));
    gw_json_write_int64(out, -1);
    gw_json_write_end_object(out);
    gw_json_write_key(out, GW_STR(""));
    gw_json_write_raw(out, GW_STR("[1, 2]"));
    gw_json_write_end_object(out);
}

/* What is copied keeps its escapes; half a character is mended, only in what is copied now. */
static void test_write_copies_raw_text(void **state)
{
    struct gw_buf buf;
    struct gw_json_writer out;

    (void)state;
    gw_buf_init(&buf, 4096);
    assert_int_equal(gw_buf_add(&buf, GW_STR("\\ud83d")), GW_OK);
    gw_json_write_init(&out, &buf);
    gw_json_write_begin_object(&out);
    gw_json_write_raw_key(&out, GW_STR("\\u00e9\\udead"));
    gw_json_write_raw_string(&out, GW_STR("\\/\\n\\ud83d\\ude00\\ud83d"));
    gw_json_write_raw_key(&out, GW_STR(""));
    gw_json_write_raw(&out, GW_STR("{ \"\\ude00\":[1.0,\"\\\\ud83d\"] }"));
    gw_json_write_key(&out, GW_STR("k"));
    gw_json_write_raw_string(&out, GW_STR(""));
    gw_json_write_end_object(&out);
    assert_int_equal(gw_json_write_finish(&out), GW_OK);
    assert_true(gw_str_eq(gw_buf_str(&buf),
                          GW_STR("\\ud83d{\"\\u00e9\\ufffd\":\"\\/\\n\\ud83d\\ude00\\ufffd\","
                                 "\"\":{ \"\\ufffd\":[1.0,\"\\\\ud83d\"] },\"k\":\"\"}")));
    gw_buf_finish(&buf);
}

static const char all[] =
    "{\"a\":[[],{},-9223372036854775808,9223372036854775807,0,18446744073709551615,true,false,null,"
    "1.50e+3,\"s\"],\"\\\"k\\n\":{\"x\":null,\"x\":-1},\"\":[1, 2]}";

static void test_write_puts_commas_where_they_belong(void **state)
{
    struct gw_buf buf;
    struct gw_json_writer out;

    (void)state;
    gw_buf_init(&buf, 4096);
    assert_int_equal(gw_buf_add(&buf, GW_STR("data: ")), GW_OK);
    gw_buf_take(&buf, 2);
    gw_json_write_init(&out, &buf);
    write_all(&out);
    assert_int_equal(gw_json_write_finish(&out), GW_OK);
    gw_buf_take(&buf, 4);
    assert_true(gw_str_eq(gw_buf_str(&buf), gw_str_of(all)));
    gw_buf_finish(&buf);
}

/* Whatever call meets the buffer's maximum first: the failure sticks, and nothing is past the
 * maximum. */
static void test_write_failure_sticks(void **state)
{
    (void)state;
    for (size_t max = 0; max <= sizeof(all) - 1; max++) {
        struct gw_buf buf;
        struct gw_json_writer out;
        gw_buf_init(&buf, max);
        gw_json_write_init(&out, &buf);
        write_all(&out);
        enum gw_status status = gw_json_write_finish(&out);
        size_t len = gw_buf_len(&buf);
        if (status != (max < sizeof(all) - 1 ? GW_TOO_LARGE : GW_OK) || len > max ||
            (len && memcmp(gw_buf_str(&buf).base, all, len) != 0))
            fail_msg("maximum %zu: %s, %zu bytes", max, gw_status_name(status), len);
        gw_buf_finish(&buf);
    }
}

static enum gw_status write_nested(unsigned levels)
{
    struct gw_buf buf;
    struct gw_json_writer out;

    gw_buf_init(&buf, 4096);
    gw_json_write_init(&out, &buf);
    for (unsigned i = 0; i < levels; i++) {
        if (i % 3 == 0) {
            gw_json_write_begin_object(&out);
            gw_json_write_key(&out, GW_STR("k"));
        } else {
            gw_json_write_begin_array(&out);
        }
    }
    gw_json_write_null(&out);
    for (unsigned i = levels; i-- > 0;)
        i % 3 == 0 ? gw_json_write_end_object(&out) : gw_json_write_end_array(&out);
    enum gw_status status = gw_json_write_finish(&out);
    if (status == GW_OK) {
        cJSON *tree = cJSON_ParseWithLength(buf.base, gw_buf_len(&buf));
        assert_non_null(tree);
        cJSON_Delete(tree);
    }
    gw_buf_finish(&buf);
    return status;
}

static void test_write_keeps_the_depth(void **state)
{
    (void)state;
    for (unsigned levels = 0; levels <= GW_JSON_WRITE_DEPTH_MAX; levels++)
        assert_int_equal(write_nested(levels), GW_OK);
    assert_int_equal(write_nested(GW_JSON_WRITE_DEPTH_MAX + 1), GW_TOO_LARGE);
    assert_int_equal(write_nested(GW_JSON_WRITE_DEPTH_MAX + 9), GW_TOO_LARGE);
}

/* What is added in between is the caller's. */
static void test_write_strings_in_pieces(void **state)
{
    struct gw_buf buf;
    struct gw_json_writer out;

    (void)state;
    gw_buf_init(&buf, 1024);
    gw_json_write_init(&out, &buf);
    gw_json_write_begin_array(&out);
    gw_json_write_begin_string(&out);
    assert_int_equal(gw_buf_add(&buf, GW_STR("a\\n")), GW_OK);
    assert_int_equal(gw_buf_add(&buf, GW_STR("b")), GW_OK);
    gw_json_write_end_string(&out);
    gw_json_write_begin_string(&out);
    gw_json_write_end_string(&out);
    gw_json_write_end_array(&out);
    assert_int_equal(gw_json_write_finish(&out), GW_OK);
    assert_true(gw_str_eq(gw_buf_str(&buf), GW_STR("[\"a\\nb\",\"\"]")));
    gw_buf_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_strings_in_pieces),
        cmocka_unit_test(test_write_escapes_as_little_as_it_must),
        cmocka_unit_test(test_write_is_read_back_by_cjson),
        cmocka_unit_test(test_write_copies_raw_text),
        cmocka_unit_test(test_write_puts_commas_where_they_belong),
        cmocka_unit_test(test_write_failure_sticks),
        cmocka_unit_test(test_write_keeps_the_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
