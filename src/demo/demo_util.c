#include "demo/demo_private.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "wire/json_string.h"

/* ---- ids, time, bytes ---- */

uint64_t gw_demo_mix(uint64_t x)
{
    /* splitmix64's finaliser */
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

uint64_t gw_demo_hash(struct gw_str bytes)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ (unsigned char)bytes.base[i]) * 0x100000001b3u;
    return gw_demo_mix(hash);
}

struct gw_str gw_demo_new_id(struct gw_demo_exchange *ex, const char *prefix)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char text[25] = "";
    uint64_t seed = gw_demo_mix(ex->began_ns) ^ ++ex->demo->serial;

    for (size_t i = 0; i < sizeof text - 1; i++) {
        seed = gw_demo_mix(seed);
        text[i] = digits[seed % 62];
    }
    return gw_arena_printf(&ex->arena, "%s%s", prefix, text);
}

uint64_t gw_demo_now_s(void)
{
    return gw_clock_wall_ns() / 1000000000u;
}

struct gw_str gw_demo_base64(struct gw_arena *arena, struct gw_str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = bytes.len / 3 * 4 + (bytes.len % 3 ? 4 : 0);
    char *text = gw_arena_bytes(arena, len ? len : 1);
    char *at = text;

    if (!text)
        return (struct gw_str){NULL, 0};
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t v = (uint32_t)(unsigned char)bytes.base[i] << 16;
        if (left > 1)
            v |= (uint32_t)(unsigned char)bytes.base[i + 1] << 8;
        if (left > 2)
            v |= (uint32_t)(unsigned char)bytes.base[i + 2];
        *at++ = digits[v >> 18];
        *at++ = digits[v >> 12 & 63];
        *at++ = left > 1 ? digits[v >> 6 & 63] : '=';
        *at++ = left > 2 ? digits[v & 63] : '=';
    }
    return (struct gw_str){text, len};
}

/* ---- words ---- */

static bool in_word(char c)
{
    char lower = gw_lower(c);

    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

bool gw_demo_next_word(struct gw_str *text, struct gw_str *word_out)
{
    size_t from = 0, to;

    while (from < text->len && !in_word(text->base[from]))
        from++;
    for (to = from; to < text->len && in_word(text->base[to]); to++)
        ;
    if (to == from)
        return false;
    *word_out = (struct gw_str){text->base + from, to - from};
    *text = gw_str_from(*text, to);
    return true;
}

bool gw_demo_has_word(struct gw_str text, struct gw_str word)
{
    for (size_t i = 0; word.len && word.len <= text.len && i <= text.len - word.len; i++) {
        if (i > 0 && in_word(text.base[i - 1]))
            continue;
        if (i + word.len < text.len && in_word(text.base[i + word.len]))
            continue;
        if (gw_str_eq_nocase((struct gw_str){text.base + i, word.len}, word))
            return true;
    }
    return false;
}

struct gw_str gw_demo_prefix(struct gw_str text, size_t bytes_max)
{
    size_t at = 0;

    if (text.len <= bytes_max)
        return text;
    while (at < bytes_max) {
        size_t next = at + gw_utf8_step(gw_str_from(text, at)).len;
        if (next > bytes_max)
            break;
        at = next;
    }
    return (struct gw_str){text.base, at};
}

/* ---- writing ---- */

static void put_key(struct gw_json_writer *out, const char *key)
{
    gw_json_write_key(out, gw_str_of(key));
}

void gw_demo_put(struct gw_json_writer *out, const char *key, struct gw_str text)
{
    put_key(out, key);
    gw_json_write_string(out, text);
}

void gw_demo_put_c(struct gw_json_writer *out, const char *key, const char *text)
{
    gw_demo_put(out, key, gw_str_of(text));
}

void gw_demo_put_u(struct gw_json_writer *out, const char *key, uint64_t value)
{
    put_key(out, key);
    gw_json_write_uint64(out, value);
}

void gw_demo_put_bool(struct gw_json_writer *out, const char *key, bool value)
{
    put_key(out, key);
    gw_json_write_bool(out, value);
}

void gw_demo_put_null(struct gw_json_writer *out, const char *key)
{
    put_key(out, key);
    gw_json_write_null(out);
}

void gw_demo_put_object(struct gw_json_writer *out, const char *key)
{
    put_key(out, key);
    gw_json_write_begin_object(out);
}

void gw_demo_put_array(struct gw_json_writer *out, const char *key)
{
    put_key(out, key);
    gw_json_write_begin_array(out);
}

void gw_demo_put_empty_array(struct gw_json_writer *out, const char *key)
{
    gw_demo_put_array(out, key);
    gw_json_write_end_array(out);
}

/* Without the blanks between its tokens, so that an event stays on one line. */
static struct gw_str compact(struct gw_arena *arena, struct gw_str json)
{
    char *copy = gw_arena_bytes(arena, json.len);
    size_t len = 0;
    bool in_string = false, escaped = false;

    if (!copy)
        return (struct gw_str){NULL, 0};
    for (size_t i = 0; i < json.len; i++) {
        char c = json.base[i];
        if (!in_string && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
            continue;
        if (c == '"' && !escaped)
            in_string = !in_string;
        escaped = in_string && c == '\\' && !escaped;
        copy[len++] = c;
    }
    return (struct gw_str){copy, len};
}

void gw_demo_put_echo(struct gw_json_writer *out, const char *key, struct gw_demo_exchange *ex,
                      struct gw_str otherwise)
{
    struct gw_str slice = gw_json_slice(&ex->json, gw_demo_member(ex, 0, key));

    if (slice.len)
        slice = compact(&ex->arena, slice);
    put_key(out, key);
    gw_json_write_raw(out, slice.len ? slice : otherwise);
}

/* ---- reading ---- */

uint32_t gw_demo_member(const struct gw_demo_exchange *ex, uint32_t object, const char *key)
{
    return gw_json_get(&ex->json, object, gw_str_of(key));
}

struct gw_str gw_demo_text(struct gw_demo_exchange *ex, uint32_t index)
{
    struct gw_str text;

    if (gw_json_type(&ex->json, index) != GW_JSON_IS_STRING ||
        gw_json_string(&ex->json, index, &ex->arena, &text) != GW_OK)
        return (struct gw_str){NULL, 0};
    return text;
}

struct gw_str gw_demo_member_text(struct gw_demo_exchange *ex, uint32_t object, const char *key)
{
    return gw_demo_text(ex, gw_demo_member(ex, object, key));
}

bool gw_demo_is_true(const struct gw_demo_exchange *ex, uint32_t object, const char *key)
{
    return gw_json_type(&ex->json, gw_demo_member(ex, object, key)) == GW_JSON_IS_TRUE;
}

bool gw_demo_is(const struct gw_demo_exchange *ex, uint32_t object, const char *key,
                const char *text)
{
    return gw_json_equals(&ex->json, gw_demo_member(ex, object, key), gw_str_of(text));
}

uint64_t gw_demo_member_u(const struct gw_demo_exchange *ex, uint32_t object, const char *key,
                          uint64_t otherwise)
{
    int64_t value;

    if (!gw_json_int64(&ex->json, gw_demo_member(ex, object, key), &value) || value < 0)
        return otherwise;
    return (uint64_t)value;
}
