#include "wire/json_write.h"

#include <assert.h>

#include "base/utf8.h"
#include "wire/json_string.h"

#define INT64_DIGITS 20 /* of -2^63, and of 2^64 - 1 */

void gw_json_write_init(struct gw_json_writer *out, struct gw_buf *buf)
{
    *out = (struct gw_json_writer){.buf = buf, .status = GW_OK};
}

static void add(struct gw_json_writer *out, struct gw_str bytes)
{
    if (out->status == GW_OK && bytes.len)
        out->status = gw_buf_add(out->buf, bytes);
}

static void add_c(struct gw_json_writer *out, char c)
{
    if (out->status == GW_OK)
        out->status = gw_buf_add_c(out->buf, c);
}

/* For assert() only, which may be compiled out. */
static __attribute__((unused)) bool in_object(const struct gw_json_writer *out)
{
    return out->depth && (out->stack[0] & 1);
}

/* Everything that is a value begins here, and nothing else does. */
static void start_value(struct gw_json_writer *out)
{
    assert(out->status != GW_OK || out->value_due == in_object(out));
    assert(out->status != GW_OK || out->depth || !out->comma_due);
    if (out->comma_due && !out->value_due)
        add_c(out, ',');
    out->comma_due = true;
    out->value_due = false;
}

static void begin(struct gw_json_writer *out, bool is_object)
{
    start_value(out);
    if (out->status == GW_OK && out->depth == GW_JSON_WRITE_DEPTH_MAX)
        out->status = GW_TOO_LARGE;
    if (out->status != GW_OK)
        return;
    out->stack[1] = out->stack[1] << 1 | out->stack[0] >> 63;
    out->stack[0] = out->stack[0] << 1 | is_object;
    out->depth++;
    out->comma_due = false;
    add_c(out, is_object ? '{' : '[');
}

static void end(struct gw_json_writer *out, bool is_object)
{
    if (out->status != GW_OK)
        return; /* the begin may not have counted */
    assert(out->depth && in_object(out) == is_object && !out->value_due);
    out->stack[0] = out->stack[0] >> 1 | out->stack[1] << 63;
    out->stack[1] >>= 1;
    out->depth--;
    out->comma_due = true;
    add_c(out, is_object ? '}' : ']');
}

void gw_json_write_begin_object(struct gw_json_writer *out)
{
    begin(out, true);
}

void gw_json_write_end_object(struct gw_json_writer *out)
{
    end(out, true);
}

void gw_json_write_begin_array(struct gw_json_writer *out)
{
    begin(out, false);
}

void gw_json_write_end_array(struct gw_json_writer *out)
{
    end(out, false);
}

static void add_escape(struct gw_json_writer *out, char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
    const char *found = memchr(from, c, sizeof(from) - 1);
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4 & 15], hex[c & 15]};

    if (found)
        text[1] = to[found - from];
    add(out, (struct gw_str){text, found ? 2 : 6});
}

static void add_string(struct gw_json_writer *out, struct gw_str text)
{
    size_t kept = 0, at = 0; /* what is between them goes out as it is */

    add_c(out, '"');
    while (out->status == GW_OK) {
        at += gw_json_plain_run(text, at);
        if (at == text.len)
            break;
        struct gw_utf8_step step = {1, false};
        bool ascii = (unsigned char)text.base[at] < 0x80;
        if (!ascii)
            step = gw_utf8_step(gw_str_from(text, at));
        if (!step.valid) {
            add(out, (struct gw_str){text.base + kept, at - kept});
            if (ascii)
                add_escape(out, text.base[at]);
            else
                add(out, GW_STR("\xef\xbf\xbd"));
            kept = at + step.len;
        }
        at += step.len;
    }
    if (kept < text.len)
        add(out, gw_str_from(text, kept));
    add_c(out, '"');
}

/* Vendors refuse a surrogate that stands alone, so what is copied is mended. */
static void add_mended(struct gw_json_writer *out, struct gw_str raw)
{
    add(out, raw);
    if (out->status == GW_OK && raw.len)
        gw_json_mend_surrogates(out->buf->base + out->buf->tail - raw.len, raw.len);
}

static void add_raw_string(struct gw_json_writer *out, struct gw_str raw)
{
    add_c(out, '"');
    add_mended(out, raw);
    add_c(out, '"');
}

static void start_key(struct gw_json_writer *out)
{
    assert(out->status != GW_OK || (in_object(out) && !out->value_due));
    if (out->comma_due)
        add_c(out, ',');
}

static void end_key(struct gw_json_writer *out)
{
    add_c(out, ':');
    out->value_due = true;
}

void gw_json_write_key(struct gw_json_writer *out, struct gw_str key)
{
    start_key(out);
    add_string(out, key);
    end_key(out);
}

void gw_json_write_raw_key(struct gw_json_writer *out, struct gw_str raw)
{
    start_key(out);
    add_raw_string(out, raw);
    end_key(out);
}

void gw_json_write_raw_string(struct gw_json_writer *out, struct gw_str raw)
{
    start_value(out);
    add_raw_string(out, raw);
}

void gw_json_write_string(struct gw_json_writer *out, struct gw_str text)
{
    start_value(out);
    add_string(out, text);
}

void gw_json_write_begin_string(struct gw_json_writer *out)
{
    start_value(out);
    add_c(out, '"');
}

void gw_json_write_end_string(struct gw_json_writer *out)
{
    add_c(out, '"');
}

void gw_json_write_raw(struct gw_json_writer *out, struct gw_str json)
{
    assert(json.len);
    start_value(out);
    add_mended(out, json);
}

static void write_digits(struct gw_json_writer *out, bool negative, uint64_t value)
{
    char digits[INT64_DIGITS];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    if (negative)
        digits[--at] = '-';
    gw_json_write_raw(out, (struct gw_str){digits + at, sizeof(digits) - at});
}

void gw_json_write_int64(struct gw_json_writer *out, int64_t value)
{
    /* Negated as unsigned: -INT64_MIN does not exist. */
    write_digits(out, value < 0, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void gw_json_write_uint64(struct gw_json_writer *out, uint64_t value)
{
    write_digits(out, false, value);
}

void gw_json_write_bool(struct gw_json_writer *out, bool value)
{
    gw_json_write_raw(out, value ? GW_STR("true") : GW_STR("false"));
}

void gw_json_write_null(struct gw_json_writer *out)
{
    gw_json_write_raw(out, GW_STR("null"));
}

enum gw_status gw_json_write_finish(struct gw_json_writer *out)
{
    assert(out->status != GW_OK || (out->depth == 0 && out->comma_due));
    return out->status;
}
