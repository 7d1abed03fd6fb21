#include "wire/json_string.h"

#include "base/utf8.h"

#include "wire/json_scan.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = gw_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of a \uXXXX at `at`, or -1. */
static int32_t hex_unit(struct gw_str raw, size_t at)
{
    int32_t unit = 0;

    if (at > raw.len || raw.len - at < 6 || raw.base[at] != '\\' || raw.base[at + 1] != 'u')
        return -1;
    for (size_t i = at + 2; i < at + 6; i++) {
        int digit = hex_digit(raw.base[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static void put_code_point(struct gw_json_unit *unit, int32_t code)
{
    char *to = unit->text;

    if (code < 0x80) {
        to[0] = (char)code;
        unit->len = 1;
    } else if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        unit->len = 2;
    } else if (code < 0x10000) {
        to[0] = (char)(0xe0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3f));
        to[2] = (char)(0x80 | (code & 0x3f));
        unit->len = 3;
    } else {
        to[0] = (char)(0xf0 | code >> 18);
        to[1] = (char)(0x80 | (code >> 12 & 0x3f));
        to[2] = (char)(0x80 | (code >> 6 & 0x3f));
        to[3] = (char)(0x80 | (code & 0x3f));
        unit->len = 4;
    }
}

static struct gw_json_unit hex_escape(struct gw_str raw)
{
    struct gw_json_unit unit = {0};
    int32_t code = hex_unit(raw, 0);

    if (code < 0)
        return unit;
    unit.raw_len = 6;
    if (code >= 0xd800 && code <= 0xdfff) {
        int32_t low = code < 0xdc00 ? hex_unit(raw, 6) : -1;
        if (low >= 0xdc00 && low <= 0xdfff) {
            code = 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00);
            unit.raw_len = 12;
        } else {
            code = 0xfffd; /* alone, it has no UTF-8 */
        }
    }
    put_code_point(&unit, code);
    return unit;
}

struct gw_json_unit gw_json_unit(struct gw_str raw)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

    if (raw.base[0] != '\\')
        return (struct gw_json_unit){1, 1, {raw.base[0]}};
    if (raw.len < 2)
        return (struct gw_json_unit){0};
    if (raw.base[1] == 'u')
        return hex_escape(raw);
    const char *found = memchr(from, raw.base[1], sizeof(from) - 1);
    if (!found)
        return (struct gw_json_unit){0};
    return (struct gw_json_unit){2, 1, {to[found - from]}};
}

bool gw_json_raw_equals(struct gw_str raw, struct gw_str text)
{
    size_t at = 0, done = 0;

    if (raw.len < text.len)
        return false; /* decoding never makes it longer */
    while (at < raw.len) {
        struct gw_json_unit unit = gw_json_unit(gw_str_from(raw, at));
        if (unit.raw_len == 0 || unit.len > text.len - done ||
            memcmp(unit.text, text.base + done, unit.len) != 0)
            return false;
        at += unit.raw_len;
        done += unit.len;
    }
    return done == text.len;
}

void gw_json_mend_surrogates(char *raw, size_t len)
{
    struct gw_str text = {raw, len};
    size_t at = 0;

    while (at < len) {
        const char *backslash = memchr(raw + at, '\\', len - at);
        if (!backslash)
            return;
        at = (size_t)(backslash - raw);
        int32_t unit = hex_unit(text, at), low;
        if (unit < 0xd800 || unit > 0xdfff) {
            at += 2; /* what was escaped is no backslash to look at */
            continue;
        }
        low = unit < 0xdc00 ? hex_unit(text, at + 6) : -1;
        if (low >= 0xdc00 && low <= 0xdfff) {
            at += 12;
            continue;
        }
        memcpy(raw + at + 2, "fffd", 4);
        at += 6;
    }
}

size_t gw_json_unescape(struct gw_str raw, char *into, size_t room)
{
    size_t at = 0, done = 0;

    while (at < raw.len) {
        const char *backslash = memchr(raw.base + at, '\\', raw.len - at);
        size_t run = backslash ? (size_t)(backslash - raw.base) - at : raw.len - at;
        if (run > room - done)
            return SIZE_MAX;
        if (run) {
            memcpy(into + done, raw.base + at, run);
            at += run;
            done += run;
        }
        if (!backslash)
            break;
        struct gw_json_unit unit = gw_json_unit(gw_str_from(raw, at));
        if (unit.raw_len == 0 || unit.len > room - done)
            return SIZE_MAX;
        memcpy(into + done, unit.text, unit.len);
        at += unit.raw_len;
        done += unit.len;
    }
    return done;
}

size_t gw_json_raw_prefix(struct gw_str raw, size_t decoded)
{
    size_t at = 0, done = 0;

    while (done < decoded) {
        if (at == raw.len)
            return SIZE_MAX;
        struct gw_json_unit unit = gw_json_unit(gw_str_from(raw, at));
        if (unit.raw_len == 0 || unit.len > decoded - done)
            return SIZE_MAX;
        at += unit.raw_len;
        done += unit.len;
    }
    return at;
}
