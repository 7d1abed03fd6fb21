#include "wire/json_read.h"

#include <assert.h>

#include "base/utf8.h"
#include "wire/json_scan.h"
#include "wire/json_string.h"

#define FIRST_TOKENS 64u
#define BYTES_PER_TOKEN 64u /* of a chat request; more tokens make the tape grow */

struct reader {
    struct gw_str text;
    size_t at;
    struct gw_arena *arena;
    struct gw_json_token *tokens;
    uint32_t count, room, room_max;
    uint32_t
        open; /* innermost open container; its `next` is the one around it until it is closed */
    uint32_t depth;
    struct gw_err *err;
};

static enum gw_status fail(struct reader *reader, size_t at, const char *reason)
{
    gw_err_set(reader->err, GW_INVALID, "could not read JSON: %s",
               at >= reader->text.len ? "it ends too early" : reason);
    if (reader->err)
        reader->err->offset = at;
    return GW_INVALID;
}

static enum gw_status fail_large(struct reader *reader, const char *reason)
{
    gw_err_set(reader->err, GW_TOO_LARGE, "could not read JSON: %s", reason);
    if (reader->err)
        reader->err->offset = reader->at;
    return GW_TOO_LARGE;
}

static enum gw_status grow(struct reader *reader)
{
    if (reader->room == reader->room_max)
        return fail_large(reader, "it has too many values");
    uint32_t room = reader->room ? reader->room * 2 : FIRST_TOKENS;
    if (reader->room == 0 && room < reader->text.len / BYTES_PER_TOKEN)
        room = (uint32_t)(reader->text.len / BYTES_PER_TOKEN);
    if (room > reader->room_max)
        room = reader->room_max;
    struct gw_json_token *tokens = gw_arena_alloc(reader->arena, room * sizeof(*tokens));
    if (!tokens)
        return gw_err_set(reader->err, GW_NO_MEMORY, "could not read JSON: out of memory");
    if (reader->count)
        memcpy(tokens, reader->tokens, reader->count * sizeof(*tokens));
    reader->tokens = tokens;
    reader->room = room;
    return GW_OK;
}

/* Adds a token of text[begin, at), the whole of a value unless it is a container. */
static inline enum gw_status add_token(struct reader *reader, size_t begin, enum gw_json_type type,
                                       bool escaped)
{
    if (reader->count == reader->room) {
        enum gw_status status = grow(reader);
        if (status != GW_OK)
            return status;
    }
    uint32_t index = reader->count++;
    reader->tokens[index] = (struct gw_json_token){
        .begin = (uint32_t)begin,
        .end = (uint32_t)reader->at,
        .next = index + 1,
        .type = type & 15u,
        .escaped = escaped,
    };
    return GW_OK;
}

static inline void skip_blanks(struct reader *reader)
{
    const char *base = reader->text.base;

    while (reader->at < reader->text.len) {
        char c = base[reader->at];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            break;
        reader->at++;
    }
}

/* The next byte that is no blank; NUL at the end, which no caller takes for anything else. */
static inline char peek(struct reader *reader)
{
    skip_blanks(reader);
    return reader->at < reader->text.len ? reader->text.base[reader->at] : '\0';
}

/* Takes a string at its opening quote. */
static enum gw_status read_string(struct reader *reader, enum gw_json_type type)
{
    struct gw_str text = reader->text;
    size_t at = reader->at + 1;
    bool escaped = false;

    for (;;) {
        at += gw_json_plain_run(text, at);
        if (at == text.len)
            return fail(reader, at, "");
        unsigned char c = (unsigned char)text.base[at];
        if (c == '"')
            break;
        if (c == '\\') {
            struct gw_json_unit unit = gw_json_unit(gw_str_from(text, at));
            if (unit.raw_len == 0)
                return fail(reader, at, "an escape is broken");
            escaped = true;
            at += unit.raw_len;
        } else if (c < 0x20) {
            return fail(reader, at, "a string holds a bare control byte");
        } else {
            struct gw_utf8_step step = gw_utf8_step(gw_str_from(text, at));
            if (!step.valid)
                return fail(reader, at, "a string is not UTF-8");
            at += step.len;
        }
    }
    size_t begin = reader->at;
    reader->at = at + 1;
    return add_token(reader, begin, type, escaped);
}

static size_t skip_digits(struct gw_str text, size_t at)
{
    while (at < text.len && text.base[at] >= '0' && text.base[at] <= '9')
        at++;
    return at;
}

static bool is_at(struct gw_str text, size_t at, char c)
{
    return at < text.len && text.base[at] == c;
}

/* RFC 8259 §6 */
static enum gw_status read_number(struct reader *reader)
{
    struct gw_str text = reader->text;
    size_t at = reader->at, digits;

    if (is_at(text, at, '-'))
        at++;
    digits = at;
    at = is_at(text, at, '0') ? at + 1 : skip_digits(text, at);
    if (at == digits)
        return fail(reader, at, "a number lacks digits");
    if (is_at(text, at, '.')) {
        digits = at + 1;
        at = skip_digits(text, digits);
        if (at == digits)
            return fail(reader, at, "a number lacks digits");
    }
    if (is_at(text, at, 'e') || is_at(text, at, 'E')) {
        at++;
        if (is_at(text, at, '+') || is_at(text, at, '-'))
            at++;
        digits = at;
        at = skip_digits(text, digits);
        if (at == digits)
            return fail(reader, at, "a number lacks digits");
    }
    size_t begin = reader->at;
    reader->at = at;
    return add_token(reader, begin, GW_JSON_IS_NUMBER, false);
}

static enum gw_status read_word(struct reader *reader, struct gw_str word, enum gw_json_type type)
{
    size_t begin = reader->at;

    if (!gw_str_starts(gw_str_from(reader->text, begin), word))
        return fail(reader, begin, "a word is none of true, false, null");
    reader->at += word.len;
    return add_token(reader, begin, type, false);
}

static enum gw_status open_container(struct reader *reader, enum gw_json_type type)
{
    if (reader->depth == GW_JSON_READ_DEPTH_MAX)
        return fail(reader, reader->at, "it is nested too deeply");
    reader->at++;
    enum gw_status status = add_token(reader, reader->at - 1, type, false);
    if (status != GW_OK)
        return status;
    uint32_t index = reader->count - 1;
    reader->tokens[index].next = reader->open;
    reader->open = index;
    reader->depth++;
    return GW_OK;
}

static void close_container(struct reader *reader)
{
    struct gw_json_token *token = &reader->tokens[reader->open];

    reader->open = token->next;
    reader->at++;
    token->end = (uint32_t)reader->at;
    token->next = reader->count;
    reader->depth--;
}

/* Takes a value; of a container its opening bracket only. */
static enum gw_status read_value(struct reader *reader)
{
    char c = peek(reader);

    switch (c) {
    case '"':
        return read_string(reader, GW_JSON_IS_STRING);
    case '{':
        return open_container(reader, GW_JSON_IS_OBJECT);
    case '[':
        return open_container(reader, GW_JSON_IS_ARRAY);
    case 't':
        return read_word(reader, GW_STR("true"), GW_JSON_IS_TRUE);
    case 'f':
        return read_word(reader, GW_STR("false"), GW_JSON_IS_FALSE);
    case 'n':
        return read_word(reader, GW_STR("null"), GW_JSON_IS_NULL);
    default:
        if (c != '-' && (c < '0' || c > '9'))
            return fail(reader, reader->at, "a value was expected");
        return read_number(reader);
    }
}

/* Takes a member's key and colon. */
static enum gw_status read_key(struct reader *reader)
{
    if (peek(reader) != '"')
        return fail(reader, reader->at, "a key in quotes was expected");
    enum gw_status status = read_string(reader, GW_JSON_IS_KEY);
    if (status != GW_OK)
        return status;
    if (peek(reader) != ':')
        return fail(reader, reader->at, "a colon was expected");
    reader->at++;
    return GW_OK;
}

/* Takes an element or member of the open container. */
static enum gw_status read_item(struct reader *reader)
{
    struct gw_json_token *token = &reader->tokens[reader->open];

    token->count = (token->count + 1) & ((1u << 27) - 1); /* cannot wrap: there are fewer tokens */
    if (token->type == GW_JSON_IS_OBJECT) {
        enum gw_status status = read_key(reader);
        if (status != GW_OK)
            return status;
    }
    return read_value(reader);
}

/* Takes what may follow in the open container: an item, with the comma in front of it unless it is
 * the first, or its end. */
static enum gw_status read_on(struct reader *reader)
{
    const struct gw_json_token *token = &reader->tokens[reader->open];
    bool is_object = token->type == GW_JSON_IS_OBJECT;
    char c = peek(reader);

    if (c == (is_object ? '}' : ']')) {
        close_container(reader);
        return GW_OK;
    }
    if (token->count == 0)
        return read_item(reader);
    if (c != ',')
        return fail(reader, reader->at, "a comma or the container's end was expected");
    reader->at++;
    return read_item(reader);
}

enum gw_status gw_json_read(struct gw_str text, struct gw_arena *arena, uint32_t tokens_max,
                            struct gw_json *json_out, struct gw_err *err)
{
    struct reader reader = {
        .text = text, .arena = arena, .room_max = tokens_max, .open = GW_JSON_ABSENT, .err = err};

    assert(tokens_max <= GW_JSON_READ_TOKENS_MAX);
    if (text.len >= UINT32_MAX)
        return fail_large(&reader, "it is larger than 4 GiB");
    enum gw_status status = read_value(&reader);
    while (status == GW_OK && reader.depth)
        status = read_on(&reader);
    if (status != GW_OK)
        return status;
    skip_blanks(&reader);
    if (reader.at < text.len)
        return fail(&reader, reader.at, "bytes follow its end");
    *json_out = (struct gw_json){text, reader.tokens, reader.count};
    return GW_OK;
}

struct gw_str gw_json_slice(const struct gw_json *json, uint32_t index)
{
    if (index >= json->count)
        return (struct gw_str){NULL, 0};
    const struct gw_json_token *token = &json->tokens[index];
    return (struct gw_str){json->text.base + token->begin, token->end - token->begin};
}

struct gw_str gw_json_raw(const struct gw_json *json, uint32_t index)
{
    enum gw_json_type type = gw_json_type(json, index);

    if (type != GW_JSON_IS_STRING && type != GW_JSON_IS_KEY)
        return (struct gw_str){NULL, 0};
    struct gw_str slice = gw_json_slice(json, index);
    return (struct gw_str){slice.base + 1, slice.len - 2};
}

uint32_t gw_json_count(const struct gw_json *json, uint32_t index)
{
    return index < json->count ? json->tokens[index].count : 0;
}

struct gw_json_iter gw_json_iter(const struct gw_json *json, uint32_t container)
{
    if (container >= json->count)
        return (struct gw_json_iter){0, 0};
    /* Of all other types the token behind is `next`, so nothing is left to visit. */
    return (struct gw_json_iter){container + 1, json->tokens[container].next};
}

bool gw_json_next(const struct gw_json *json, struct gw_json_iter *iter, uint32_t *value_out)
{
    if (iter->next >= iter->end)
        return false;
    if (json->tokens[iter->next].type == GW_JSON_IS_KEY)
        iter->next++;
    *value_out = iter->next;
    iter->next = json->tokens[iter->next].next;
    return true;
}

bool gw_json_next_member(const struct gw_json *json, struct gw_json_iter *iter, uint32_t *key_out,
                         uint32_t *value_out)
{
    if (iter->next >= iter->end || json->tokens[iter->next].type != GW_JSON_IS_KEY)
        return false;
    *key_out = iter->next;
    return gw_json_next(json, iter, value_out);
}

uint32_t gw_json_get(const struct gw_json *json, uint32_t object, struct gw_str key)
{
    struct gw_json_iter iter = gw_json_iter(json, object);
    uint32_t found = GW_JSON_ABSENT, member, value;

    while (gw_json_next_member(json, &iter, &member, &value))
        if (gw_json_equals(json, member, key))
            found = value;
    return found;
}

bool gw_json_equals(const struct gw_json *json, uint32_t index, struct gw_str text)
{
    struct gw_str raw = gw_json_raw(json, index);

    if (!raw.base)
        return false;
    return json->tokens[index].escaped ? gw_json_raw_equals(raw, text) : gw_str_eq(raw, text);
}

enum gw_status gw_json_string(const struct gw_json *json, uint32_t index, struct gw_arena *arena,
                              struct gw_str *string_out)
{
    struct gw_str raw = gw_json_raw(json, index);

    if (!raw.base)
        return GW_INVALID;
    if (json->tokens[index].escaped) {
        char *decoded = gw_arena_bytes(arena, raw.len);
        if (!decoded)
            return GW_NO_MEMORY;
        /* Decoding never makes it longer, and read_string() has checked the escapes. */
        raw = (struct gw_str){decoded, gw_json_unescape(raw, decoded, raw.len)};
    }
    *string_out = raw;
    return GW_OK;
}

bool gw_json_int64(const struct gw_json *json, uint32_t index, int64_t *value_out)
{
    if (gw_json_type(json, index) != GW_JSON_IS_NUMBER)
        return false;
    struct gw_str digits = gw_json_slice(json, index);
    bool negative = digits.base[0] == '-';
    uint64_t limit = (uint64_t)INT64_MAX + negative, value;
    if (!gw_str_to_u64(gw_str_from(digits, negative), &value) || value > limit)
        return false;
    /* Negated as unsigned: the magnitude of INT64_MIN has no int64. */
    *value_out = (int64_t)(negative ? -value : value);
    return true;
}

bool gw_json_bool(const struct gw_json *json, uint32_t index, bool *value_out)
{
    enum gw_json_type type = gw_json_type(json, index);

    if (type != GW_JSON_IS_TRUE && type != GW_JSON_IS_FALSE)
        return false;
    *value_out = type == GW_JSON_IS_TRUE;
    return true;
}
