#include "model/text.h"

#include "base/utf8.h"
#include "wire/json_scan.h"
#include "wire/json_string.h"

#define ESCAPE_BYTES 6u /* \uXXXX */

/* How a byte that cannot stand for itself is written; {NULL, 0}: it can. */
static struct gw_str escape_of(char c, char into[ESCAPE_BYTES])
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
    const char *found = memchr(from, c, sizeof(from) - 1);

    if (!found && (unsigned char)c >= 0x20)
        return (struct gw_str){NULL, 0};
    memcpy(into, "\\u00", 4);
    into[4] = hex[c >> 4 & 15];
    into[5] = hex[c & 15];
    if (found)
        into[1] = to[found - from];
    return (struct gw_str){into, found ? 2 : ESCAPE_BYTES};
}

/* Writes into `into`, or only measures when it is NULL. @return bytes of the escaped text */
static size_t escape(struct gw_str decoded, char *into)
{
    size_t done = 0, at = 0;

    while (at < decoded.len) {
        size_t run = gw_json_plain_run(decoded, at), used = 1;
        char made[ESCAPE_BYTES];
        struct gw_str text = {decoded.base + at, run};
        if (run == 0) {
            struct gw_utf8_step step = gw_utf8_step(gw_str_from(decoded, at));
            used = step.len;
            text = escape_of(decoded.base[at], made);
            if (!step.valid)
                text = GW_STR("\xef\xbf\xbd");
            else if (!text.base)
                text = (struct gw_str){decoded.base + at, step.len};
        } else {
            used = run;
        }
        if (into)
            memcpy(into + done, text.base, text.len);
        done += text.len; /* at most six times a size that fits in memory */
        at += used;
    }
    return done;
}

static bool stands_for_itself(struct gw_str decoded)
{
    size_t at = 0;

    while ((at += gw_json_plain_run(decoded, at)) < decoded.len) {
        struct gw_utf8_step step = gw_utf8_step(gw_str_from(decoded, at));
        if ((unsigned char)decoded.base[at] < 0x80 || !step.valid)
            return false;
        at += step.len;
    }
    return true;
}

struct gw_text gw_text_escape(struct gw_str decoded, struct gw_arena *arena)
{
    if (!decoded.base || stands_for_itself(decoded))
        return (struct gw_text){decoded};
    if (decoded.len > GW_ARENA_ALLOC_MAX)
        return (struct gw_text){{NULL, 0}};
    size_t len = escape(decoded, NULL);
    char *into = gw_arena_bytes(arena, len);
    if (!into)
        return (struct gw_text){{NULL, 0}};
    escape(decoded, into);
    return (struct gw_text){{into, len}};
}

static bool has_escapes(struct gw_str raw)
{
    return raw.len && memchr(raw.base, '\\', raw.len);
}

struct gw_str gw_text_decode(struct gw_text text, struct gw_arena *arena)
{
    if (!has_escapes(text.raw))
        return text.raw;
    char *into = gw_arena_bytes(arena, text.raw.len);
    size_t len = into ? gw_json_unescape(text.raw, into, text.raw.len) : SIZE_MAX;
    if (len == SIZE_MAX)
        return (struct gw_str){NULL, 0};
    return (struct gw_str){into, len};
}

bool gw_text_equals(struct gw_text text, struct gw_str decoded)
{
    return text.raw.base && gw_json_raw_equals(text.raw, decoded);
}

static uint32_t code_point(const char *bytes, size_t len)
{
    const unsigned char *p = (const unsigned char *)bytes;

    switch (len) {
    case 1:
        return p[0];
    case 2:
        return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    case 3:
        return (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    default:
        return UINT32_MAX; /* there is no white space that far out */
    }
}

/* Unicode's property White_Space. */
static bool is_white(uint32_t code)
{
    return (code >= 0x9 && code <= 0xd) || code == 0x20 || code == 0x85 || code == 0xa0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
           code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

/* Bytes of the white space at the start of `raw`; 0: it is something else. */
static size_t white_len(struct gw_str raw)
{
    if (raw.base[0] == '\\') {
        struct gw_json_unit unit = gw_json_unit(raw);
        return unit.raw_len && is_white(code_point(unit.text, unit.len)) ? unit.raw_len : 0;
    }
    struct gw_utf8_step step = gw_utf8_step(raw);
    return step.valid && is_white(code_point(raw.base, step.len)) ? step.len : 0;
}

bool gw_text_is_blank(struct gw_text text)
{
    size_t at = 0, len;

    while (at < text.raw.len) {
        len = white_len(gw_str_from(text.raw, at));
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

/* Whether a backslash at `at` begins an escape: those before it escape each other in pairs. */
static bool begins_escape(struct gw_str raw, size_t at)
{
    size_t before = 0;

    if (raw.base[at] != '\\')
        return false;
    while (before < at && raw.base[at - 1 - before] == '\\')
        before++;
    return before % 2 == 0;
}

/* Bytes of the white space at the end of `raw`, which is not empty; 0: it is something else. */
static size_t white_len_at_end(struct gw_str raw)
{
    static const size_t escapes[] = {2, ESCAPE_BYTES};

    if ((unsigned char)raw.base[raw.len - 1] < 0x80) {
        for (size_t i = 0; i < GW_COUNT(escapes) && escapes[i] <= raw.len; i++) {
            size_t at = raw.len - escapes[i];
            if (begins_escape(raw, at) && white_len(gw_str_from(raw, at)) == escapes[i])
                return escapes[i];
        }
        return white_len(gw_str_from(raw, raw.len - 1));
    }
    for (size_t len = 2; len <= 3 && len <= raw.len; len++)
        if (white_len(gw_str_from(raw, raw.len - len)) == len)
            return len;
    return 0;
}

struct gw_text gw_text_trim_end(struct gw_text text)
{
    size_t len;

    while (text.raw.len && (len = white_len_at_end(text.raw)))
        text.raw.len -= len;
    return text;
}

uint64_t gw_text_code_points(struct gw_text text)
{
    struct gw_str raw = text.raw;
    uint64_t count = 0;

    for (size_t at = 0; at < raw.len;) {
        if (raw.base[at] != '\\') {
            count += ((unsigned char)raw.base[at++] & 0xc0) != 0x80;
            continue;
        }
        struct gw_json_unit unit = gw_json_unit(gw_str_from(raw, at));
        count++;
        at += unit.raw_len ? unit.raw_len : 1;
    }
    return count;
}

enum gw_status gw_text_add(struct gw_buf *out, struct gw_text text)
{
    enum gw_status status = gw_buf_add(out, text.raw);

    if (status == GW_OK && text.raw.len)
        gw_json_mend_surrogates(out->base + out->tail - text.raw.len, text.raw.len);
    return status;
}

struct gw_text gw_text_cut_surrogate(struct gw_text *text)
{
    struct gw_str raw = text->raw;

    if (raw.len < ESCAPE_BYTES)
        return (struct gw_text){{NULL, 0}};
    size_t at = raw.len - ESCAPE_BYTES;
    const char *end = raw.base + at;
    bool high = end[1] == 'u' && gw_lower(end[2]) == 'd' && memchr("89abAB", end[3], 6);
    if (!high || !begins_escape(raw, at))
        return (struct gw_text){{NULL, 0}};
    text->raw.len = at;
    return (struct gw_text){{end, ESCAPE_BYTES}};
}
