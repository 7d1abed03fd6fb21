/*
 * The state of a scan, moved over one block after the other; json_scan.c finds what matters in a
 * block.
 */
#include <assert.h>

#include "wire/json_scan_private.h"
#include "wire/json_string.h"

enum state {
    AT_START,     /* 0, as a new scan has it: before the top-level object */
    AT_FIRST_KEY, /* behind its bracket: a key or the end */
    AT_KEY,       /* behind a comma: a key */
    IN_KEY,
    AT_COLON,
    AT_VALUE,
    IN_STRING,  /* a value of the top level */
    IN_LITERAL, /* the same: a number, true, false or null */
    IN_DEPTH,   /* in a container that is a value of the top level */
    AT_COMMA,   /* behind a value: a comma or the end */
    AT_END      /* behind the object */
};

enum which { OTHER_KEY, MODEL_KEY, STREAM_KEY };

enum fault {
    NOT_AN_OBJECT,
    NOT_A_KEY,
    NOT_A_COLON,
    NOT_A_VALUE,
    NOT_A_COMMA,
    BAD_LITERAL,
    BAD_KEY,
    BAD_BYTE,
    BAD_BRACKET,
    TOO_DEEP,
    SECOND_MODEL,
    BEHIND_END
};

static const char *const fault_texts[] = {
    [NOT_AN_OBJECT] = "it is not an object",
    [NOT_A_KEY] = "a key in quotes was expected",
    [NOT_A_COLON] = "a colon was expected",
    [NOT_A_VALUE] = "a value was expected",
    [NOT_A_COMMA] = "a comma or the object's end was expected",
    [BAD_LITERAL] = "a number or word is malformed",
    [BAD_KEY] = "a key has a broken escape",
    [BAD_BYTE] = "a control byte or backslash stands outside of a string",
    [BAD_BRACKET] = "a bracket does not match",
    [TOO_DEEP] = "it is nested too deeply",
    [SECOND_MODEL] = "\"model\" is there twice",
    [BEHIND_END] = "bytes follow the object's end",
};

/* States of IN_LITERAL: a number by its grammar (RFC 8259 §6), a word by the byte of `words` that
 * comes next. */
enum literal {
    NUMBER_MINUS,
    NUMBER_ZERO,
    NUMBER_INTEGER,
    NUMBER_POINT,
    NUMBER_FRACTION,
    NUMBER_E,
    NUMBER_E_SIGN,
    NUMBER_EXPONENT,
    WORD,
    LITERAL_END = 254, /* the byte before was the last */
    LITERAL_WRONG = 255
};

static const char words[] = "true\0false\0null";
#define WORD_TRUE (WORD + 0)
#define WORD_FALSE (WORD + 5)
#define WORD_NULL (WORD + 11)
#define WORD_TRUE_END (WORD_TRUE + 4)
#define WORD_FALSE_END (WORD_FALSE + 5)

#define STOP UINT32_MAX /* instead of a position: the scan has failed */

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static uint32_t fail(struct gw_json_scan *scan, enum fault fault, uint64_t offset)
{
    scan->failed = true;
    scan->fault = (uint8_t)fault;
    scan->offset = offset;
    return STOP;
}

static uint64_t bits_from(uint32_t at)
{
    return at < 64 ? UINT64_MAX << at : 0;
}

/* The stack of open containers: in walk_depth() a local copy, for that is where the time goes. */
struct stack {
    uint64_t low, high;
    uint32_t depth;
};

static inline struct stack push(struct stack stack, bool is_object)
{
    return (struct stack){stack.low << 1 | is_object, stack.high << 1 | stack.low >> 63,
                          stack.depth + 1};
}

static inline struct stack pop(struct stack stack)
{
    return (struct stack){stack.low >> 1 | stack.high << 63, stack.high >> 1, stack.depth - 1};
}

static inline struct stack load_stack(const struct gw_json_scan *scan)
{
    return (struct stack){scan->stack[0], scan->stack[1], scan->depth};
}

static inline void store_stack(struct gw_json_scan *scan, struct stack stack)
{
    scan->stack[0] = stack.low;
    scan->stack[1] = stack.high;
    scan->depth = stack.depth;
}

static void end_value(struct gw_json_scan *scan, uint64_t end, enum gw_json_kind kind)
{
    struct gw_json_place place = {scan->token_begin, end, kind};

    if (scan->which == MODEL_KEY)
        scan->model = place;
    else if (scan->which == STREAM_KEY)
        scan->stream = place;
    scan->state = AT_COMMA;
}

static enum which which_key(struct gw_str key)
{
    if (gw_str_eq(key, GW_STR("model")))
        return MODEL_KEY;
    return gw_str_eq(key, GW_STR("stream")) ? STREAM_KEY : OTHER_KEY;
}

/* The part of the key at hand that is in this slice, up to `end` in the block. */
static struct gw_str key_part(const struct gw_json_scan *scan, const struct gw_json_block *block,
                              uint32_t end)
{
    uint64_t slice_offset = block->offset - (uint64_t)(block->base - block->slice);
    size_t from = scan->token_begin > slice_offset ? (size_t)(scan->token_begin - slice_offset) : 0;

    return (struct gw_str){block->slice + from, (size_t)(block->base - block->slice) + end - from};
}

/* Appends to what was kept of the key. A key that does not fit is none of those looked for, so it
 * may be cut. */
static void keep_key(struct gw_json_scan *scan, struct gw_str part)
{
    size_t room = GW_JSON_SCAN_KEY_MAX - scan->key_len;
    size_t len = part.len < room ? part.len : room;

    memcpy(scan->key + scan->key_len, part.base, len);
    scan->key_len = (uint8_t)(scan->key_len + len);
}

static uint32_t end_key(struct gw_json_scan *scan, const struct gw_json_block *block, uint32_t end)
{
    char decoded[GW_JSON_SCAN_KEY_MAX];
    struct gw_str key = key_part(scan, block, end);

    scan->which = OTHER_KEY;
    scan->state = AT_COLON;
    if (block->offset + end - scan->token_begin > GW_JSON_SCAN_KEY_MAX)
        return end + 1;
    if (scan->key_len) {
        keep_key(scan, key);
        key = (struct gw_str){scan->key, scan->key_len};
    }
    if (memchr(key.base, '\\', key.len)) {
        key.len = gw_json_unescape(key, decoded, sizeof(decoded));
        if (key.len == SIZE_MAX)
            return fail(scan, BAD_KEY, scan->token_begin);
        key.base = decoded;
    }
    scan->keys |= gw_json_scan_key_bit(key);
    scan->which = (uint8_t)which_key(key);
    if (scan->which == MODEL_KEY && scan->model.kind != GW_JSON_NONE)
        return fail(scan, SECOND_MODEL, scan->token_begin);
    if (scan->which == STREAM_KEY && scan->stream.kind != GW_JSON_NONE)
        scan->stream_twice = true;
    return end + 1;
}

static uint32_t walk_string(struct gw_json_scan *scan, const struct gw_json_block *block,
                            uint32_t at)
{
    uint64_t quotes = block->quotes & bits_from(at);

    if (!quotes)
        return block->len;
    uint32_t end = (uint32_t)__builtin_ctzll(quotes);
    if (scan->state == IN_KEY)
        return end_key(scan, block, end);
    end_value(scan, block->offset + end, GW_JSON_STRING);
    return end + 1;
}

static uint32_t walk_depth(struct gw_json_scan *scan, const struct gw_json_block *block,
                           uint32_t at)
{
    struct stack stack = load_stack(scan);

    for (uint64_t marks = block->marks & bits_from(at); marks; marks &= marks - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(marks);
        char c = block->base[i];
        bool is_object = c & 0x20; /* what tells { from [ and } from ] */
        if ((c | 0x20) == '{') {
            if (stack.depth == GW_JSON_SCAN_DEPTH_MAX)
                return fail(scan, TOO_DEEP, block->offset + i);
            stack = push(stack, is_object);
        } else if ((c | 0x20) == '}') {
            if ((stack.low & 1) != is_object)
                return fail(scan, BAD_BRACKET, block->offset + i);
            stack = pop(stack);
            if (stack.depth == 1) {
                store_stack(scan, stack);
                end_value(scan, block->offset + i + 1, GW_JSON_OTHER);
                return i + 1;
            }
        } else {
            return fail(scan, BAD_BYTE, block->offset + i);
        }
    }
    store_stack(scan, stack);
    return block->len;
}

static uint8_t number_step(uint8_t literal, char c)
{
    static const uint8_t behind_digit[] = {
        [NUMBER_MINUS] = NUMBER_INTEGER,     [NUMBER_ZERO] = LITERAL_WRONG,
        [NUMBER_INTEGER] = NUMBER_INTEGER,   [NUMBER_POINT] = NUMBER_FRACTION,
        [NUMBER_FRACTION] = NUMBER_FRACTION, [NUMBER_E] = NUMBER_EXPONENT,
        [NUMBER_E_SIGN] = NUMBER_EXPONENT,   [NUMBER_EXPONENT] = NUMBER_EXPONENT,
    };
    bool whole = literal == NUMBER_ZERO || literal == NUMBER_INTEGER;

    if (c >= '0' && c <= '9')
        return c == '0' && literal == NUMBER_MINUS ? NUMBER_ZERO : behind_digit[literal];
    if (c == '.')
        return whole ? NUMBER_POINT : LITERAL_WRONG;
    if (c == 'e' || c == 'E')
        return whole || literal == NUMBER_FRACTION ? NUMBER_E : LITERAL_WRONG;
    if (literal == NUMBER_E && (c == '+' || c == '-'))
        return NUMBER_E_SIGN;
    return whole || literal == NUMBER_FRACTION || literal == NUMBER_EXPONENT ? LITERAL_END
                                                                             : LITERAL_WRONG;
}

static uint8_t literal_step(uint8_t literal, char c)
{
    if (literal < WORD)
        return number_step(literal, c);
    char expected = words[literal - WORD];
    if (expected == '\0')
        return LITERAL_END;
    return c == expected ? (uint8_t)(literal + 1) : LITERAL_WRONG;
}

static uint8_t literal_start(char c)
{
    switch (c) {
    case 't':
        return WORD_TRUE + 1;
    case 'f':
        return WORD_FALSE + 1;
    case 'n':
        return WORD_NULL + 1;
    case '-':
        return NUMBER_MINUS;
    case '0':
        return NUMBER_ZERO;
    default:
        return c >= '1' && c <= '9' ? NUMBER_INTEGER : LITERAL_WRONG;
    }
}

static uint32_t walk_literal(struct gw_json_scan *scan, const struct gw_json_block *block,
                             uint32_t at)
{
    for (; at < block->len; at++) {
        uint8_t next = literal_step(scan->literal, block->base[at]);
        if (next == LITERAL_WRONG)
            return fail(scan, BAD_LITERAL, block->offset + at);
        if (next == LITERAL_END) {
            enum gw_json_kind kind = scan->literal == WORD_TRUE_END    ? GW_JSON_TRUE
                                     : scan->literal == WORD_FALSE_END ? GW_JSON_FALSE
                                                                       : GW_JSON_OTHER;
            end_value(scan, block->offset + at, kind);
            break;
        }
        scan->literal = next;
    }
    return at;
}

static uint32_t start_value(struct gw_json_scan *scan, const struct gw_json_block *block,
                            uint32_t at)
{
    char c = block->base[at];

    scan->token_begin = block->offset + at;
    if (c == '"') {
        scan->token_begin++;
        scan->state = IN_STRING;
    } else if ((c | 0x20) == '{') {
        store_stack(scan, push(load_stack(scan), c & 0x20));
        scan->state = IN_DEPTH;
    } else {
        scan->literal = literal_start(c);
        if (scan->literal == LITERAL_WRONG)
            return fail(scan, NOT_A_VALUE, block->offset + at);
        scan->state = IN_LITERAL;
    }
    return at + 1;
}

static uint32_t start_key(struct gw_json_scan *scan, const struct gw_json_block *block, uint32_t at)
{
    if (block->base[at] != '"')
        return fail(scan, NOT_A_KEY, block->offset + at);
    scan->token_begin = block->offset + at + 1;
    scan->key_len = 0;
    scan->state = IN_KEY;
    return at + 1;
}

static void end_object(struct gw_json_scan *scan)
{
    scan->depth = 0;
    scan->done = true;
    scan->state = AT_END;
}

/* Takes the bytes of the top level that are in no key or value, up to the first byte of one. */
static uint32_t walk_top(struct gw_json_scan *scan, const struct gw_json_block *block, uint32_t at)
{
    for (; at < block->len; at++) {
        char c = block->base[at];
        if (is_blank(c))
            continue;
        switch ((enum state)scan->state) {
        case AT_START:
            if (c != '{')
                return fail(scan, NOT_AN_OBJECT, block->offset + at);
            store_stack(scan, push(load_stack(scan), true));
            scan->state = AT_FIRST_KEY;
            break;
        case AT_FIRST_KEY:
            if (c != '}')
                return start_key(scan, block, at);
            end_object(scan);
            break;
        case AT_KEY:
            return start_key(scan, block, at);
        case AT_COLON:
            if (c != ':')
                return fail(scan, NOT_A_COLON, block->offset + at);
            scan->state = AT_VALUE;
            break;
        case AT_VALUE:
            return start_value(scan, block, at);
        case AT_COMMA:
            if (c == '}')
                end_object(scan);
            else if (c == ',')
                scan->state = AT_KEY;
            else
                return fail(scan, NOT_A_COMMA, block->offset + at);
            break;
        case AT_END:
            return fail(scan, BEHIND_END, block->offset + at);
        case IN_KEY:
        case IN_STRING:
        case IN_LITERAL:
        case IN_DEPTH:
            assert(false && "no state of the top level");
            return STOP;
        }
    }
    return at;
}

bool gw_json_scan_walk(struct gw_json_scan *scan, const struct gw_json_block *block)
{
    for (uint32_t at = 0; at < block->len;) {
        if (scan->state == IN_DEPTH)
            at = walk_depth(scan, block, at);
        else if (scan->state == IN_KEY || scan->state == IN_STRING)
            at = walk_string(scan, block, at);
        else if (scan->state == IN_LITERAL)
            at = walk_literal(scan, block, at);
        else
            at = walk_top(scan, block, at);
        if (at == STOP)
            return false;
    }
    return true;
}

void gw_json_scan_pause(struct gw_json_scan *scan, const struct gw_json_block *block)
{
    if (scan->state == IN_KEY)
        keep_key(scan, key_part(scan, block, block->len));
}

enum gw_status gw_json_scan_verdict(const struct gw_json_scan *scan, bool at_end,
                                    struct gw_err *err)
{
    const char *text = "it ends too early";

    if (scan->failed)
        text = fault_texts[scan->fault];
    else if (!at_end || scan->done)
        return GW_OK;
    gw_err_set(err, GW_INVALID, "could not read the JSON body: %s", text);
    if (err)
        err->offset = (size_t)scan->offset;
    return GW_INVALID;
}
