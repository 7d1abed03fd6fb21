/*
 * wire/json_read: a whole JSON text (RFC 8259, UTF-8, both strictly) as a tape of tokens that point
 * into it.
 *
 * Nothing is converted or copied: every value keeps its source bytes, so numbers, escapes,
 * duplicates and order survive exactly. Without recursion; as deep as json_scan goes. What
 * json_scan lets pass untouched is not checked here, and what is translated or looked into is read
 * here.
 *
 * A token is named by its index. The root is token 0. Behind an object's token come its members: a
 * key's token, then the value's, then what is in that value; behind an array's token come its
 * elements. `next` skips a value whole. All lookups take any index, also one that is no token or of
 * another type, and then find nothing:
 *
 *     uint32_t messages = gw_json_get(&json, 0, GW_STR("messages")), message;
 *     struct gw_json_iter iter = gw_json_iter(&json, messages);
 *     while (gw_json_next(&json, &iter, &message))
 *         role = gw_json_get(&json, message, GW_STR("role"));
 */
#ifndef GW_WIRE_JSON_READ_H
#define GW_WIRE_JSON_READ_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define GW_JSON_READ_DEPTH_MAX 128u
#define GW_JSON_READ_TOKENS_MAX ((1u << 26) - 1) /* as many as fit in one arena allocation */
#define GW_JSON_ABSENT UINT32_MAX                /* an index that is no token */

enum gw_json_type {
    GW_JSON_IS_ABSENT, /* no such token */
    GW_JSON_IS_NULL,
    GW_JSON_IS_FALSE,
    GW_JSON_IS_TRUE,
    GW_JSON_IS_NUMBER,
    GW_JSON_IS_STRING,
    GW_JSON_IS_KEY,
    GW_JSON_IS_ARRAY,
    GW_JSON_IS_OBJECT
};

struct gw_json_token {
    uint32_t begin,
        end;           /* its bytes in the text: with quotes, brackets and all that is in between */
    uint32_t next;     /* index of the token behind it and all that is in it */
    uint32_t type : 4; /* enum gw_json_type */
    uint32_t escaped : 1; /* a string or key with a backslash in it */
    uint32_t count : 27;  /* of an array's elements or an object's members */
};

struct gw_json {
    struct gw_str text;
    const struct gw_json_token *tokens;
    uint32_t count; /* of tokens; at least 1 */
};

/* Reads `text`, which must stay as long as `json_out` is used; the tape lives as long as `arena`.
 * @param tokens_max  at most GW_JSON_READ_TOKENS_MAX; keys count, a token is 16 bytes and growing
 * the tape takes as much again
 * @return GW_OK; GW_INVALID with the reason and err->offset: where the grammar, the UTF-8 or the
 * depth is broken; GW_TOO_LARGE: more than `tokens_max` tokens or 4 GiB; GW_NO_MEMORY */
enum gw_status gw_json_read(struct gw_str text, struct gw_arena *arena, uint32_t tokens_max,
                            struct gw_json *json_out, struct gw_err *err);

static inline enum gw_json_type gw_json_type(const struct gw_json *json, uint32_t index)
{
    return index < json->count ? (enum gw_json_type)json->tokens[index].type : GW_JSON_IS_ABSENT;
}

/* The source bytes of a token, as they stand; {NULL, 0} when absent. */
struct gw_str gw_json_slice(const struct gw_json *json, uint32_t index);

/* The inside of a string or key, escapes and all; {NULL, 0} when it is neither. */
struct gw_str gw_json_raw(const struct gw_json *json, uint32_t index);

/* Elements of an array, members of an object; 0 for all else. */
uint32_t gw_json_count(const struct gw_json *json, uint32_t index);

/* The value of the last member whose key decodes to `key`, or GW_JSON_ABSENT. */
uint32_t gw_json_get(const struct gw_json *json, uint32_t object, struct gw_str key);

/* What is left to visit of a container. */
struct gw_json_iter {
    uint32_t next, end;
};

struct gw_json_iter gw_json_iter(const struct gw_json *json, uint32_t container);

/* Of an array alone: an object's values are no elements. */
static inline struct gw_json_iter gw_json_elements(const struct gw_json *json, uint32_t array)
{
    return gw_json_iter(json,
                        gw_json_type(json, array) == GW_JSON_IS_ARRAY ? array : GW_JSON_ABSENT);
}

/* The next element of an array, or value of an object. @return false at the end */
bool gw_json_next(const struct gw_json *json, struct gw_json_iter *iter, uint32_t *value_out);

/* The next member of an object (an iterator of an array ends at once), duplicates included. @return
 * false at the end */
bool gw_json_next_member(const struct gw_json *json, struct gw_json_iter *iter, uint32_t *key_out,
                         uint32_t *value_out);

/* Whether it is a string or key that decodes to `text`. */
bool gw_json_equals(const struct gw_json *json, uint32_t index, struct gw_str text);

/* Decodes a string or key; lone surrogates become U+FFFD. Without escapes it is a slice of the
 * text, not a copy, so it lives as long as text and arena both do.
 * @return GW_OK, GW_INVALID (neither) or GW_NO_MEMORY */
enum gw_status gw_json_string(const struct gw_json *json, uint32_t index, struct gw_arena *arena,
                              struct gw_str *string_out);

/* @return false when it is no number, has a fraction or exponent, or does not fit */
bool gw_json_int64(const struct gw_json *json, uint32_t index, int64_t *value_out);

/* @return false when it is neither true nor false */
bool gw_json_bool(const struct gw_json *json, uint32_t index, bool *value_out);

#endif
