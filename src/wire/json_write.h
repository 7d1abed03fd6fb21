/*
 * wire/json_write: JSON text into a buffer, with its commas and its depth kept.
 *
 * What comes out is valid UTF-8 whatever strings go in. The first failure sticks and makes all
 * later calls do nothing, so a caller checks once, at gw_json_write_finish(); the buffer then holds
 * a useless part. A call in a wrong place (a value without its key, an end without its begin) is
 * our bug and asserts.
 */
#ifndef GW_WIRE_JSON_WRITE_H
#define GW_WIRE_JSON_WRITE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define GW_JSON_WRITE_DEPTH_MAX 128u

struct gw_json_writer {
    struct gw_buf *buf;
    enum gw_status status; /* GW_OK, or the first failure: GW_TOO_LARGE (buffer's maximum, depth) or
                              GW_NO_MEMORY */

    /* Private. */
    uint32_t depth;
    bool comma_due; /* a value was written and its container is open */
    bool value_due; /* a key was written */
    uint64_t stack[GW_JSON_WRITE_DEPTH_MAX /
                   64]; /* a bit a level, the innermost lowest: is it an object */
};

/* Writes behind what `buf` holds already; `buf` is borrowed and stays the caller's. */
void gw_json_write_init(struct gw_json_writer *out, struct gw_buf *buf);

/* @return out->status; asserts that a whole value was written and all is closed, unless something
 * failed */
enum gw_status gw_json_write_finish(struct gw_json_writer *out);

void gw_json_write_begin_object(struct gw_json_writer *out);
void gw_json_write_end_object(struct gw_json_writer *out);
void gw_json_write_begin_array(struct gw_json_writer *out);
void gw_json_write_end_array(struct gw_json_writer *out);

/* Escapes as gw_json_write_string() does; a value must follow. */
void gw_json_write_key(struct gw_json_writer *out, struct gw_str key);

/* Escapes `"`, `\` and bytes < 0x20, nothing else. Bytes that are no UTF-8 become U+FFFD, one for
 * each maximal subpart. */
void gw_json_write_string(struct gw_json_writer *out, struct gw_str text);

/* The inside of a JSON string, escapes and all, as gw_json_raw() gives it: copied, not checked. Surrogate
 * escapes that stand alone become \ufffd. */
void gw_json_write_raw_string(struct gw_json_writer *out, struct gw_str raw);
void gw_json_write_raw_key(struct gw_json_writer *out, struct gw_str raw);

/* A string in pieces: in between the caller adds to `buf` what stands inside of it, escapes and all, valid UTF-8;
 * and no call of this module comes in between. A failure to add goes into `status` by the caller. */
void gw_json_write_begin_string(struct gw_json_writer *out);
void gw_json_write_end_string(struct gw_json_writer *out);

/* A value that is JSON already, as it is: a number's lexeme, a slice of another document. Not
 * empty, and not checked; surrogate escapes that stand alone become \ufffd. */
void gw_json_write_raw(struct gw_json_writer *out, struct gw_str json);

void gw_json_write_int64(struct gw_json_writer *out, int64_t value);
void gw_json_write_uint64(struct gw_json_writer *out, uint64_t value);
void gw_json_write_bool(struct gw_json_writer *out, bool value);
void gw_json_write_null(struct gw_json_writer *out);

#endif
