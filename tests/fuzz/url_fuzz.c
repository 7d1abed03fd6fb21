/*
 * wire/url: what is parsed stays inside its text and can be put together again; encoding and
 * decoding are inverse; a path called safe has no dot segment once it is decoded. Input: which of
 * these, the bytes.
 */
#include "wire/url.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_BYTES_MAX 4096u

static void check(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "not so: %s\n", what);
    abort();
}

static bool inside(struct gw_str part, struct gw_str text)
{
    return part.len == 0 ||
           (part.base >= text.base && part.base + part.len <= text.base + text.len);
}

static void check_parse(struct gw_str text)
{
    struct gw_url url, again;
    struct gw_err err = {0};
    static char joined[2 * TEXT_BYTES_MAX];

    if (gw_url_parse(text, &url, &err) != GW_OK) {
        check(err.status == GW_INVALID && err.offset <= text.len, "a failure is told");
        return;
    }
    if (url.demo)
        return;
    check(inside(url.host, text) && inside(url.authority, text) && inside(url.path, text),
          "parts are borrowed from the text");
    check(url.host.len > 0 && url.port > 0, "there are a host and a port");
    check(url.path.len == 0 || (url.path.base[0] == '/' && url.path.base[url.path.len - 1] != '/'),
          "the path begins with a slash and does not end in one");
    int len = snprintf(joined, sizeof joined, "http%s://%.*s%.*s/", url.tls ? "s" : "",
                       GW_STR_ARG(url.authority), GW_STR_ARG(url.path));
    check(gw_url_parse((struct gw_str){joined, (size_t)len}, &again, NULL) == GW_OK &&
              again.tls == url.tls && again.port == url.port && gw_str_eq(again.host, url.host) &&
              gw_str_eq(again.authority, url.authority) && gw_str_eq(again.path, url.path),
          "parts put together are the same URL");
}

static void check_authority(struct gw_str text)
{
    struct gw_str host, port;

    if (!gw_url_split_authority(text, &host, &port))
        return;
    check(inside(host, text) && inside(port, text), "host and port are parts of the text");
    check(host.len + port.len == text.len || host.len + 1 + port.len == text.len,
          "nothing but a colon is between them");
    for (size_t i = 0; i < text.len; i++)
        check(text.base[i] > ' ' && text.base[i] < 0x7f && !strchr("/?#@\\\"<>^`{|}", text.base[i]),
              "an authority ends no earlier for anybody");
}

static void check_coding(struct gw_str text)
{
    struct gw_buf buf;
    static char decoded[TEXT_BYTES_MAX];
    size_t len = 0;

    gw_buf_init(&buf, 3 * TEXT_BYTES_MAX);
    check(gw_buf_reserve(&buf, 1) == GW_OK, "there is memory");
    check(gw_url_encode(&buf, text) == GW_OK, "anything can be encoded");
    check(gw_url_decode(gw_buf_str(&buf), decoded, sizeof decoded, &len) == GW_OK &&
              gw_str_eq((struct gw_str){decoded, len}, text),
          "decoding gives back what was encoded");
    check(text.len == 0 ||
              gw_url_decode(gw_buf_str(&buf), decoded, text.len - 1, &len) == GW_TOO_LARGE,
          "decoding keeps to its room");
    buf.tail = buf.head;
    if (gw_url_encode_segment(&buf, text) == GW_OK) {
        struct gw_str segment = gw_buf_str(&buf);
        check(gw_str_find(segment, '/') == segment.len, "a segment has no slash");
        check(gw_buf_add(&buf, GW_STR("/x")) == GW_OK, "there is room");
        /* Encoded control bytes and the like are refused in a path, so only plain ones can be asked
         * about. */
        bool plain = true;
        for (size_t i = 0; i < text.len; i++)
            plain &= text.base[i] > ' ' && text.base[i] < 0x7f && !strchr("/;\\", text.base[i]);
        check(!plain || gw_url_path_is_safe(gw_buf_str(&buf)), "a segment is no dot segment");
    }
    gw_buf_finish(&buf);
}

static void check_path(struct gw_str path)
{
    static char decoded[TEXT_BYTES_MAX];
    size_t len = 0, start = 0;

    if (!gw_url_path_is_safe(path))
        return;
    check(gw_url_decode(path, decoded, sizeof decoded, &len) == GW_OK, "a safe path is decodable");
    for (size_t i = 0; i <= len; i++) {
        check(i == len ||
                  ((unsigned char)decoded[i] >= ' ' && decoded[i] != 0x7f && decoded[i] != '\\'),
              "a safe path has no control bytes");
        if (i < len && decoded[i] != '/')
            continue;
        struct gw_str segment = {decoded + start, i - start};
        check(!gw_str_eq(segment, GW_STR(".")) && !gw_str_eq(segment, GW_STR("..")) &&
                  !gw_str_starts(segment, GW_STR("..;")) && !gw_str_starts(segment, GW_STR(".;")),
              "a safe path has no dot segments");
        start = i + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(struct gw_str) = {check_parse, check_authority, check_coding,
                                                    check_path};

    if (size < 1 || size > TEXT_BYTES_MAX)
        return 0;
    size_t len = size - 1;
    char *text = malloc(len ? len : 1); /* its own, so that a byte read past the end is seen */
    if (!text)
        return 0;
    memcpy(text, data + 1, len);
    checks[data[0] % GW_COUNT(checks)]((struct gw_str){text, len});
    free(text);
    return 0;
}
