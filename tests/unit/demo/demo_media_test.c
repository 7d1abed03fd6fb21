#include "test.h"

#include "demo_client.h"

#include "demo/demo_private.h"

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = memchr(digits, c, 64);

    return at ? (int)(at - digits) : -1;
}

/* Whole groups of four only, '=' as zero bits. */
static size_t decode_base64(struct gw_str text, unsigned char *into, size_t room)
{
    size_t len = 0;

    for (size_t i = 0; i + 4 <= text.len; i += 4) {
        unsigned v = 0;
        for (size_t at = 0; at < 4; at++) {
            int digit = text.base[i + at] == '=' ? 0 : digit_of(text.base[i + at]);
            assert_int_not_equal(digit, -1);
            v = v << 6 | (unsigned)digit;
        }
        for (int at = 2; at >= 0 && len < room; at--)
            into[len++] = (unsigned char)(v >> (8 * at));
    }
    return len;
}

static void test_embeddings(void **state)
{
    float packed[16];
    double square = 0;
    (void)state;

    struct reply *plain = client_ask(shared.port, "POST /v1/embeddings",
                                     "{\"model\":\"m\",\"input\":\"a cat\",\"dimensions\":16}");
    struct reply *base64 = client_ask(shared.port, "POST /v1/embeddings",
                                      "{\"model\":\"m\",\"input\":[\"b\",\"a "
                                      "cat\"],\"dimensions\":16,\"encoding_format\":\"base64\"}");
    struct gw_str text = client_text(base64, &base64->json, "data.1.embedding");
    assert_int_equal(text.len, (16 * 4 + 2) / 3 * 4);
    assert_int_equal(decode_base64(text, (unsigned char *)packed, sizeof packed), sizeof packed);
    assert_int_equal(gw_json_count(&plain->json, client_at(&plain->json, "data.0.embedding")), 16);
    for (unsigned i = 0; i < 16; i++) {
        char path[64], number[32];
        (void)snprintf(path, sizeof path, "data.0.embedding.%u", i);
        (void)snprintf(number, sizeof number, "%.*s",
                       GW_STR_ARG(client_text(plain, &plain->json, path)));
        double value = strtod(number, NULL), difference = value - (double)packed[i];
        assert_true(difference < 1e-6 && difference > -1e-6);
        square += value * value;
    }
    assert_true(square > 0.9999 && square < 1.0001);
    check_text("usage", "total", client_text(base64, &base64->json, "usage.total_tokens"), "3");
    client_free(plain);
    client_free(base64);
    plain = client_ask(shared.port, "POST /v1/embeddings",
                       "{\"model\":\"m\",\"input\":[[1,2,3],[4]],\"dimensions\":2}");
    check_text("tokens", "total", client_text(plain, &plain->json, "usage.total_tokens"), "4");
    assert_int_equal(gw_json_count(&plain->json, client_at(&plain->json, "data")), 2);
    client_free(plain);
    plain = client_ask(shared.port, "POST /v1/embeddings", "{\"model\":\"m\",\"input\":[1,2,3]}");
    assert_int_equal(gw_json_count(&plain->json, client_at(&plain->json, "data")), 1);
    assert_int_equal(gw_json_count(&plain->json, client_at(&plain->json, "data.0.embedding")),
                     1536);
    client_free(plain);
}

static uint32_t big32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void test_image(void **state)
{
    unsigned char png[16384];
    (void)state;

    struct reply *reply = client_ask(shared.port, "POST /v1/images/generations",
                                     "{\"model\":\"m\",\"prompt\":\"a cat\",\"n\":2}");
    size_t len =
        decode_base64(client_text(reply, &reply->json, "data.1.b64_json"), png, sizeof png);
    assert_memory_equal(png, "\x89PNG\r\n\x1a\n", 8);
    static const char *const types[] = {"IHDR", "IDAT", "IEND"};
    size_t at = 8;
    for (size_t i = 0; i < 3; i++) {
        assert_true(at + 12 <= len);
        assert_memory_equal(png + at + 4, types[i], 4);
        at += 12 + big32(png + at);
    }
    assert_true(at <= len && len - at < 3); /* all but the padding */
    client_free(reply);
    reply = client_ask(shared.port, "POST /v1/images/generations",
                       "{\"model\":\"m\",\"prompt\":\"x\",\"response_format\":\"url\"}");
    check_text("image", "url", client_text(reply, &reply->json, "data.0.url"),
               "data:image/png;base64,iVBORw0KGgo*");
    client_free(reply);
}

static void test_speech(void **state)
{
    (void)state;
    struct reply *reply = client_ask(
        shared.port, "POST /v1/audio/speech",
        "{\"model\":\"demo-fast\",\"input\":\"one two three\",\"response_format\":\"wav\"}");
    struct gw_str wav = gw_buf_str(&reply->body);
    const unsigned char *bytes = (const unsigned char *)wav.base;
    assert_true(reply->is_whole && reply->chunks > 1);
    check_text("speech", "type", client_field(reply, "content-type"), "audio/wav");
    assert_true(wav.len > 44);
    assert_memory_equal(bytes, "RIFF", 4);
    assert_memory_equal(bytes + 36, "data", 4);
    assert_int_equal((size_t)bytes[40] | (size_t)bytes[41] << 8 | (size_t)bytes[42] << 16,
                     wav.len - 44);
    client_free(reply);
    reply = client_ask(shared.port, "POST /v1/audio/speech",
                       "{\"model\":\"demo-fast\",\"input\":\"one two three\"}");
    check_text("speech", "type", client_field(reply, "content-type"), "audio/mpeg");
    assert_int_equal(gw_buf_len(&reply->body) % 417, 0);
    client_free(reply);
}

#define FORM "content-type: multipart/form-data; boundary=\"cut here\"\r\n"
#define PART(name) "--cut here\r\nContent-Disposition: form-data; name=\"" name "\""
#define FORM_END "--cut here--\r\n"
/* Things that look like the boundary, and are not. */
#define TRICKY "a\r\n--cut her\r\n\r\n--\r\n--cut\n --cut here"

static void test_transcription(void **state)
{
    static const struct {
        const char *label, *body, *path, *text;
    } cases[] = {
        {"json",
         PART("model") "\r\n\r\nm\r\n" PART(
             "file") "; filename=\"a.wav\"\r\nContent-Type: audio/wav"
                     "\r\n\r\n" TRICKY "\r\n" FORM_END,
         "text", "This is the demo transcription of a.wav, which has 37 bytes."},
        {"verbose",
         PART("response_format") "\r\n\r\nverbose_json\r\n" PART(
             "file") "; filename=\"\"\r\n\r\n\r\n" PART("model") "\r\n\r\nm\r\n" FORM_END,
         "segments.0.text", "This is the demo transcription of a file, which has 0 bytes."},
        {"no file", PART("model") "\r\n\r\nm\r\n" FORM_END, "error.param", "file"},
        {"no model", PART("file") "; filename=\"x\"\r\n\r\nm\r\n" FORM_END, "error.param", "model"},
        {"trouble", PART("model") "\r\n\r\ndemo-error-500\r\n" FORM_END, "error.code",
         "internal_error"},
        {"unclosed", PART("model") "\r\n\r\nm\r\n", "error.type", "invalid_request_error"},
    };
    (void)state;

    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct reply *reply = client_ask_with(shared.port, "POST /v1/audio/transcriptions", FORM,
                                              gw_str_of(cases[i].body));
        check_text(cases[i].label, cases[i].path, client_text(reply, &reply->json, cases[i].path),
                   cases[i].text);
        client_free(reply);
    }
}

static struct reply *upload(unsigned port, const char *name, struct gw_str content)
{
    struct gw_buf body;

    gw_buf_init(&body, REPLY_BYTES_MAX);
    assert_int_equal(
        gw_buf_printf(&body,
                      PART("purpose") "\r\n\r\nbatch\r\n" PART("file") "; filename=\"%s\"\r\n\r\n",
                      name),
        GW_OK);
    assert_int_equal(gw_buf_add(&body, content), GW_OK);
    assert_int_equal(gw_buf_printf(&body, "\r\n" FORM_END), GW_OK);
    struct reply *reply = client_ask_with(port, "POST /v1/files", FORM, gw_buf_str(&body));
    gw_buf_finish(&body);
    return reply;
}

static void test_files(void **state)
{
    struct gw_str content = GW_STR(TRICKY "\0\xff");
    char line[96];
    (void)state;

    struct reply *file = upload(shared.port, "x.jsonl", content);
    struct gw_str id = client_text(file, &file->json, "id");
    assert_int_equal(file->head.code, 200);
    check_text("file", "filename", client_text(file, &file->json, "filename"), "x.jsonl");
    check_text("file", "purpose", client_text(file, &file->json, "purpose"), "batch");
    (void)snprintf(line, sizeof line, "GET /v1/files/%.*s/content", GW_STR_ARG(id));
    struct reply *reply = client_ask(shared.port, line, "");
    assert_true(gw_str_eq(gw_buf_str(&reply->body), content));
    client_free(reply);
    reply = client_ask(shared.port, "GET /v1/files?limit=3", "");
    assert_true(gw_str_eq(client_text(reply, &reply->json, "data.0.id"), id));
    client_free(reply);
    (void)snprintf(line, sizeof line, "DELETE /v1/files/%.*s", GW_STR_ARG(id));
    reply = client_ask(shared.port, line, "");
    check_text("file", "deleted", client_text(reply, &reply->json, "deleted"), "true");
    client_free(reply);
    reply = client_ask(shared.port, line, "");
    assert_int_equal(reply->head.code, 404);
    client_free(reply);
    client_free(file);
}

static void test_files_are_bounded(void **state)
{
    char name[16];
    (void)state;

    for (unsigned i = 0; i < GW_DEMO_FILES_MAX + 2; i++) {
        (void)snprintf(name, sizeof name, "f%u", i);
        client_free(upload(shared.port, name, GW_STR("x")));
    }
    struct reply *list = client_ask(shared.port, "GET /v1/files", "");
    uint32_t files = client_at(&list->json, "data");
    assert_int_equal(gw_json_count(&list->json, files), GW_DEMO_FILES_MAX);
    check_text("files", "newest", client_text(list, &list->json, "data.0.filename"), "f33");
    check_text("files", "oldest", client_text(list, &list->json, "data.31.filename"), "f2");
    client_free(list);

    struct gw_str large = {calloc(1, GW_DEMO_FILE_BYTES_MAX + 1), GW_DEMO_FILE_BYTES_MAX + 1};
    assert_non_null(large.base);
    struct reply *reply = upload(shared.port, "large", large);
    assert_int_equal(reply->head.code, 413);
    client_free(reply);
    large.len--;
    reply = upload(shared.port, "large", large);
    assert_int_equal(reply->head.code, 200);
    client_free(reply);
    list = client_ask(shared.port, "GET /v1/files", "");
    assert_int_equal(gw_json_count(&list->json, client_at(&list->json, "data")), 1);
    client_free(list);
    free((char *)(uintptr_t)large.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_embeddings), cmocka_unit_test(test_image),
        cmocka_unit_test(test_speech),     cmocka_unit_test(test_transcription),
        cmocka_unit_test(test_files),      cmocka_unit_test(test_files_are_bounded),
    };
    return cmocka_run_group_tests(tests, start_demo, stop_demo);
}
