#include "unit/test.h"

#include "model/media.h"

static const struct {
    const char *label, *url;
    enum gw_source_kind kind; /* NONE: invalid */
    const char *mime, *data;
} urls[] = {
    {"address", "https://example.com/a.png?x=1", GW_SOURCE_URL, NULL,
     "https://example.com/a.png?x=1"},
    {"address with an escape", "https:\\/\\/example.com", GW_SOURCE_URL, NULL,
     "https:\\/\\/example.com"},
    {"usual", "data:image/png;base64,iVBORw0KGgo=", GW_SOURCE_BASE64, "image/png", "iVBORw0KGgo="},
    {"upper case", "DATA:Image/PNG;BASE64,iVBO", GW_SOURCE_BASE64, "image/png", "iVBO"},
    {"image/jpg", "data:image/jpg;base64,aa==", GW_SOURCE_BASE64, "image/jpeg", "aa=="},
    {"parameters", "data:text/plain;charset=utf-8;base64,aa==", GW_SOURCE_BASE64, "text/plain",
     "aa=="},
    {"blanks and line ends", "data:image/gif;base64,aa aa\\r\\naa\\t==", GW_SOURCE_BASE64,
     "image/gif", "aaaaaa=="},
    {"percent signs", "data:image/gif;base64,aa%2Baa%3d%3D", GW_SOURCE_BASE64, "image/gif",
     "aa+aa=="},
    {"percent signs that are broken", "data:,%4%zz%", GW_SOURCE_BASE64, "text/plain", "JTQlenol"},
    {"not base64", "data:text/csv,a%2Cb%0A", GW_SOURCE_BASE64, "text/csv", "YSxiCg=="},
    {"not base64, one and two bytes over", "data:,ab", GW_SOURCE_BASE64, "text/plain", "YWI="},
    {"not base64, whole groups", "data:,abc", GW_SOURCE_BASE64, "text/plain", "YWJj"},
    {"nothing", "data:,", GW_SOURCE_BASE64, "text/plain", ""},
    {"no data", "data:image/png;base64,", GW_SOURCE_BASE64, "image/png", ""},
    {"a quote in the type", "data:a\\\"b;base64,aa==", GW_SOURCE_BASE64, "a\\\"b", "aa=="},
    {"escapes", "data:image\\/png;base64,aa\\/\\/", GW_SOURCE_BASE64, "image/png", "aa//"},
    {"no comma", "data:image/png;base64", GW_SOURCE_NONE, NULL, NULL},
    {"only the scheme", "data:", GW_SOURCE_NONE, NULL, NULL},
    {"empty", "", GW_SOURCE_URL, NULL, ""},
};

static void test_data_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(urls); i++) {
        struct gw_source source = {0};
        struct gw_arena arena;
        gw_arena_init(&arena, NULL);
        struct gw_text url = {gw_str_of(urls[i].url)};
        enum gw_status status = gw_data_url_read(url, &arena, &source);
        if (status != (urls[i].kind ? GW_OK : GW_INVALID) || source.kind != urls[i].kind)
            fail_msg("%s: status", urls[i].label);
        if (urls[i].data && !gw_str_eq(source.data.raw, gw_str_of(urls[i].data)))
            fail_msg("%s: %.*s", urls[i].label, GW_STR_ARG(source.data.raw));
        if (urls[i].mime && !gw_str_eq(source.mime.raw, gw_str_of(urls[i].mime)))
            fail_msg("%s: %.*s", urls[i].label, GW_STR_ARG(source.mime.raw));
        if (status == GW_OK) {
            struct gw_source again = {0};
            struct gw_text back = gw_data_url_write(&source, &arena);
            assert_true(gw_text_present(back));
            assert_int_equal(gw_data_url_read(back, &arena, &again), GW_OK);
            if (again.kind != source.kind || !gw_str_eq(again.data.raw, source.data.raw) ||
                !gw_str_eq(again.mime.raw, source.mime.raw))
                fail_msg("%s: back as %.*s", urls[i].label, GW_STR_ARG(back.raw));
        }
        gw_arena_finish(&arena);
    }
}

static void test_large_data_are_not_copied(void **state)
{
    struct gw_text url = GW_TEXT("data:image/png;base64,iVBORw0KGgo=");
    struct gw_source source;
    struct gw_arena arena;

    (void)state;
    gw_arena_init(&arena, NULL);
    assert_int_equal(gw_data_url_read(url, &arena, &source), GW_OK);
    assert_ptr_equal(source.data.raw.base, url.raw.base + 22);
    assert_true(gw_text_equals(gw_data_url_write(&source, &arena),
                               GW_STR("data:image/png;base64,iVBORw0KGgo=")));
    source.kind = GW_SOURCE_FILE_ID;
    assert_false(gw_text_present(gw_data_url_write(&source, &arena)));
    gw_arena_finish(&arena);
}

static void test_types(void **state)
{
    static const char *const types[][2] = {
        {"image/JPG", "image/jpeg"},
        {"image/png", "image/png"},
        {"audio/mp3", "audio/mpeg"},
        {"x\"y", "x\\\"y"},
        {"", ""},
    };
    static const char *const names[][2] = {
        {"a.pdf", "application/pdf"},
        {"A.PDF", "application/pdf"},
        {"a.b.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {"https://example.com/a.jpeg?w=1#x", "image/jpeg"},
        {"a#b.png", "image/png"},
        {"a.png#b", "image/png"},
        {"gs://bucket/a.mp4", "video/mp4"},
        {".txt", "text/plain"},
        {"txt", NULL},
        {"a.pdf.exe", NULL},
        {"", NULL},
    };
    struct gw_arena arena;

    (void)state;
    gw_arena_init(&arena, NULL);
    for (size_t i = 0; i < GW_COUNT(types); i++) {
        struct gw_text type = gw_media_type(gw_str_of(types[i][0]), &arena);
        if (!gw_text_present(type) || !gw_str_eq(type.raw, gw_str_of(types[i][1])))
            fail_msg("%s: %.*s", types[i][0], GW_STR_ARG(type.raw));
    }
    for (size_t i = 0; i < GW_COUNT(names); i++) {
        struct gw_str type = gw_media_type_of_name(gw_str_of(names[i][0]));
        if ((type.base != NULL) != (names[i][1] != NULL) ||
            !gw_str_eq(type, gw_str_of(names[i][1])))
            fail_msg("%s: %.*s", names[i][0], GW_STR_ARG(type));
    }
    gw_arena_finish(&arena);
}

static void test_images_of_claude(void **state)
{
    (void)state;
    assert_true(gw_media_is_claude_image(GW_TEXT("image/jpeg")));
    assert_true(gw_media_is_claude_image(GW_TEXT("image\\/png")));
    assert_true(gw_media_is_claude_image(GW_TEXT("image/gif")));
    assert_true(gw_media_is_claude_image(GW_TEXT("image/webp")));
    assert_false(gw_media_is_claude_image(GW_TEXT("image/bmp")));
    assert_false(gw_media_is_claude_image(GW_TEXT("image/svg+xml")));
    assert_false(gw_media_is_claude_image(GW_TEXT("")));
    assert_false(gw_media_is_claude_image((struct gw_text){{NULL, 0}}));
}

static const struct {
    const char *label, *base64, *text; /* NULL: it is none */
} texts[] = {
    {"empty", "", ""},
    {"one byte", "YQ==", "a"},
    {"without padding", "YQ", "a"},
    {"two bytes", "YWI=", "ab"},
    {"three bytes", "YWJj", "abc"},
    {"with blanks", "YW\\nJ j", "abc"},
    {"base64url", "_-8", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"what needs escapes", "ImEiXAo=", "\\\"a\\\"\\\\\\n"},
    {"UTF-8", "w6k=", "\xc3\xa9"},
    {"no UTF-8", "/2E=",
     "\xef\xbf\xbd"
     "a"},
    {"one digit", "Y", NULL},
    {"one digit over", "YWJjY", NULL},
    {"no digit", "YW*j", NULL},
    {"padding inside", "YQ==YQ==", NULL},
    {"too much padding", "YQ===", NULL},
};

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(texts); i++) {
        struct gw_arena arena;
        gw_arena_init(&arena, NULL);
        struct gw_text text = gw_media_text((struct gw_text){gw_str_of(texts[i].base64)}, &arena);
        if (gw_text_present(text) != (texts[i].text != NULL) ||
            !gw_str_eq(text.raw, gw_str_of(texts[i].text)))
            fail_msg("%s: %.*s", texts[i].label, GW_STR_ARG(text.raw));
        gw_arena_finish(&arena);
    }
}

static void test_types_of_bytes(void **state)
{
    static const struct {
        const char *label;
        struct gw_str bytes;
        const char *type; /* NULL: none */
    } cases[] = {
        {"JPEG", GW_STR_INIT("\xff\xd8\xff\xe0\0\x10JFIF\0"), "image/jpeg"},
        {"PNG", GW_STR_INIT("\x89PNG\r\n\x1a\n\0\0\0\x0d"), "image/png"},
        {"GIF of 1987", GW_STR_INIT("GIF87a"), "image/gif"},
        {"GIF of 1989", GW_STR_INIT("GIF89a\1\0"), "image/gif"},
        {"WebP", GW_STR_INIT("RIFF\0\0\0\0WEBPVP8 "), "image/webp"},
        {"WAV", GW_STR_INIT("RIFF\0\0\0\0WAVEfmt "), NULL},
        {"WebP, too short", GW_STR_INIT("RIFF\0\0\0\0WEB"), NULL},
        {"PNG with its line end changed", GW_STR_INIT("\x89PNG\n\x1a\n\0"), NULL},
        {"a page", GW_STR_INIT("<!doctype html><svg>"), NULL},
        {"SVG", GW_STR_INIT("<svg xmlns="), NULL},
        {"BMP", GW_STR_INIT("BM\x36\0\0\0\0\0\0\0\0\0"), NULL},
        {"nothing", GW_STR_INIT(""), NULL},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_str type = gw_media_type_of_bytes(cases[i].bytes);
        if (cases[i].type ? !gw_str_eq(type, gw_str_of(cases[i].type)) : type.base != NULL)
            fail_msg("%s: %.*s", cases[i].label, GW_STR_ARG(type));
    }
}

static void test_base64(void **state)
{
    static const struct {
        struct gw_str bytes;
        const char *base64;
    } cases[] = {
        {GW_STR_INIT(""), ""},
        {GW_STR_INIT("\0"), "AA=="},
        {GW_STR_INIT("\xff\xfe"), "//4="},
        {GW_STR_INIT("\xfb\xff\xbf"), "+/+/"},
        {GW_STR_INIT("hello"), "aGVsbG8="},
    };
    struct gw_arena arena;

    (void)state;
    gw_arena_init(&arena, NULL);
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_text text = gw_media_base64(cases[i].bytes, &arena);
        if (!gw_text_present(text) || !gw_str_eq(text.raw, gw_str_of(cases[i].base64)))
            fail_msg("%s: %.*s", cases[i].base64, GW_STR_ARG(text.raw));
    }
    gw_arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_urls), cmocka_unit_test(test_large_data_are_not_copied),
        cmocka_unit_test(test_types),     cmocka_unit_test(test_images_of_claude),
        cmocka_unit_test(test_texts),     cmocka_unit_test(test_types_of_bytes),
        cmocka_unit_test(test_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
