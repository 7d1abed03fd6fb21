#include "wire/sse_drop.h"

#include "wire/sse_line.h"

enum event {
    EVENT_NONE, /* between two of them: nothing but comments and blank lines so far */
    EVENT_OPEN, /* not decided */
    EVENT_STAYS /* its end is looked for, no more */
};

enum line {
    LINE_BEGIN,
    LINE_NAME, /* of a field, "data" so far */
    LINE_DATA, /* its value */
    LINE_REST  /* nothing more of it matters */
};

enum json {
    JSON_BEGIN, /* of the object */
    JSON_FIRST, /* key, or the object's end */
    JSON_KEY,   /* its quote */
    JSON_IN_KEY,
    JSON_COLON,
    JSON_VALUE,
    JSON_CHOICES, /* behind the bracket of the choices */
    JSON_NESTED,  /* in an object or array */
    JSON_STRING,  /* in one, nested or not */
    JSON_LITERAL,
    JSON_AFTER, /* a value */
    JSON_CLOSED /* the object, and it is one that goes */
};

enum { KEY_CHOICES = 1, KEY_USAGE = 2, KEYS_BOTH = 3 };

static const struct gw_str names[] = {GW_STR_INIT("choices"), GW_STR_INIT("usage")};
static const struct gw_str data_name = GW_STR_INIT("data");

#define DEPTH_MAX 64u                        /* of a usage; bits of the stack */
#define HELD_MAX (GW_SSE_DROP_EVENT_MAX + 1) /* and its blank line */

/* ---- the object ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

static bool open_bracket(struct gw_sse_drop *drop, bool is_object)
{
    if (drop->depth == DEPTH_MAX)
        return false;
    drop->stack = drop->stack << 1 | is_object;
    drop->depth++;
    drop->json = JSON_NESTED;
    return true;
}

static bool close_bracket(struct gw_sse_drop *drop, bool is_object)
{
    if ((drop->stack & 1) != is_object)
        return false;
    drop->stack >>= 1;
    if (--drop->depth == 0)
        drop->json = JSON_AFTER;
    return true;
}

static bool close_object(struct gw_sse_drop *drop)
{
    drop->json = JSON_CLOSED;
    return drop->found == KEYS_BOTH;
}

static bool expect(struct gw_sse_drop *drop, bool is_there, enum json next)
{
    drop->json = (uint8_t)next;
    return is_there;
}

/* What is written with escapes is not looked into: an object with such a key stays. */
static bool key_byte(struct gw_sse_drop *drop, char c)
{
    if (c == '\n' || c == '\\')
        return false;
    for (unsigned i = 0; i < GW_COUNT(names); i++) {
        bool fits = c == '"' ? drop->key_len == names[i].len
                             : drop->key_len < names[i].len && names[i].base[drop->key_len] == c;
        if (!fits)
            drop->keys &= (uint8_t) ~(1u << i);
    }
    if (c == '"') {
        drop->key = drop->keys;
        drop->json = JSON_COLON;
    } else if (drop->key_len < UINT8_MAX) {
        drop->key_len++;
    }
    return true;
}

static bool begin_key(struct gw_sse_drop *drop, bool is_there)
{
    drop->key_len = 0;
    drop->keys = KEYS_BOTH;
    return expect(drop, is_there, JSON_IN_KEY);
}

static bool begin_value(struct gw_sse_drop *drop, char c)
{
    drop->found |= drop->key;
    if (drop->key == KEY_CHOICES)
        return expect(drop, c == '[', JSON_CHOICES);
    if (drop->key == KEY_USAGE && c != '{')
        return false;
    if (c == '{' || c == '[')
        return open_bracket(drop, c == '{');
    return expect(drop, c != ',' && c != ':' && c != '}' && c != ']',
                  c == '"' ? JSON_STRING : JSON_LITERAL);
}

static bool nested_byte(struct gw_sse_drop *drop, char c)
{
    switch (c) {
    case '{':
    case '[':
        return open_bracket(drop, c == '{');
    case '}':
    case ']':
        return close_bracket(drop, c == '}');
    case '"':
        drop->json = JSON_STRING;
        return true;
    default:
        return true;
    }
}

static void string_byte(struct gw_sse_drop *drop, char c)
{
    if (c == '"' && !drop->escaped)
        drop->json = drop->depth ? JSON_NESTED : JSON_AFTER;
    drop->escaped = c == '\\' && !drop->escaped;
}

/* Behind a value, or within a literal, which has no end of its own. */
static bool behind_value(struct gw_sse_drop *drop, char c)
{
    if (c == ',')
        return expect(drop, true, JSON_KEY);
    if (c == '}')
        return close_object(drop);
    return drop->json == JSON_LITERAL && c != '"' && c != '{' && c != '[' && c != ']' && c != ':';
}

/* The next byte of the data. @return false when the event is none that goes */
static bool json_byte(struct gw_sse_drop *drop, char c)
{
    switch ((enum json)drop->json) {
    case JSON_IN_KEY:
        return key_byte(drop, c);
    case JSON_STRING:
        string_byte(drop, c);
        return c != '\n';
    case JSON_NESTED:
        return nested_byte(drop, c);
    default:
        break;
    }
    if (is_blank(c)) {
        if (drop->json == JSON_LITERAL)
            drop->json = JSON_AFTER;
        return true;
    }
    switch ((enum json)drop->json) {
    case JSON_BEGIN:
        return expect(drop, c == '{', JSON_FIRST);
    case JSON_FIRST:
        return c != '}' && begin_key(drop, c == '"');
    case JSON_KEY:
        return begin_key(drop, c == '"');
    case JSON_COLON:
        return expect(drop, c == ':', JSON_VALUE);
    case JSON_VALUE:
        drop->escaped = false;
        return begin_value(drop, c);
    case JSON_CHOICES:
        return expect(drop, c == ']', JSON_AFTER);
    case JSON_LITERAL:
    case JSON_AFTER:
        return behind_value(drop, c);
    default:
        return false; /* CLOSED: something stands behind it */
    }
}

/* ---- the bytes ---- */

/* What stays of the bytes of a call: [base, out) in its place, and [from, …) not moved yet. */
struct kept {
    char *base, *out, *from;
    char *event; /* where the event that is not decided begins, or the part of it that is in hand */
    struct gw_buf *before;
};

static void leave_out(struct kept *kept, char *begin, char *end)
{
    size_t len = (size_t)(begin - kept->from);

    if (len && kept->out != kept->from)
        memmove(kept->out, kept->from, len);
    kept->out += len;
    if (kept->out == kept->base) /* nothing stays in front of it: nothing has to be moved */
        kept->base = kept->out = end;
    kept->from = end;
}

static void stay(struct gw_sse_drop *drop, struct kept *kept)
{
    drop->event = EVENT_STAYS;
    if (drop->line != LINE_BEGIN)
        drop->line = LINE_REST;
    if (gw_buf_len(&drop->held)) {
        *kept->before = drop->held;
        gw_buf_init(&drop->held, HELD_MAX);
    }
}

/* Up to `end`. */
static void go(struct gw_sse_drop *drop, struct kept *kept, char *end)
{
    gw_buf_finish(&drop->dropped);
    if (gw_buf_add(&drop->held, (struct gw_str){kept->event, (size_t)(end - kept->event)}) != GW_OK)
        gw_buf_finish(&drop->held);
    drop->dropped = drop->held;
    gw_buf_init(&drop->held, HELD_MAX);
    leave_out(kept, kept->event, end);
    drop->event = EVENT_NONE;
}

/* @return how much of the event that is not decided has been seen, up to `at` */
static size_t seen(const struct gw_sse_drop *drop, const struct kept *kept, const char *at)
{
    return gw_buf_len(&drop->held) + (size_t)(at - kept->event);
}

/* A line's end stands at `at`. */
static void end_line(struct gw_sse_drop *drop, struct kept *kept, char *at)
{
    bool blank = drop->line == LINE_BEGIN;
    bool is_data =
        drop->line == LINE_DATA || (drop->line == LINE_NAME && drop->matched == data_name.len);

    drop->line = LINE_BEGIN;
    drop->after_cr = *at == '\r';
    drop->lf_goes = false;
    if (!blank) {
        if (is_data && !json_byte(drop, '\n'))
            stay(drop, kept);
        return;
    }
    if (drop->event == EVENT_OPEN && drop->json == JSON_CLOSED) {
        go(drop, kept, at + 1);
        drop->lf_goes = true;
    } else if (drop->event == EVENT_OPEN) {
        stay(drop, kept);
    }
    drop->event = EVENT_NONE;
}

/* The first byte of a line that is not blank. */
static void begin_line(struct gw_sse_drop *drop, struct kept *kept, char *at)
{
    drop->matched = 0;
    drop->line = *at == ':' || drop->event == EVENT_STAYS ? LINE_REST : LINE_NAME;
    if (drop->event != EVENT_NONE || *at == ':')
        return;
    drop->event = EVENT_OPEN;
    drop->json = JSON_BEGIN;
    drop->depth = drop->found = 0;
    kept->event = at;
}

/* Of a field's name. */
static void name_byte(struct gw_sse_drop *drop, char c)
{
    if (drop->matched < data_name.len && c == data_name.base[drop->matched])
        drop->matched++;
    else
        drop->line = drop->matched == data_name.len && c == ':' ? LINE_DATA : LINE_REST;
}

/* Up to the line's end, if nothing else.
 * @return behind what was looked at */
static char *data_bytes(struct gw_sse_drop *drop, struct kept *kept, char *at, const char *end)
{
    for (; at < end && *at != '\n' && *at != '\r'; at++)
        if (!json_byte(drop, *at)) {
            stay(drop, kept);
            break;
        }
    return at;
}

/* The next byte, or more of them where nothing matters but where the line ends.
 * @return behind them */
static char *step(struct gw_sse_drop *drop, struct kept *kept, const char *base, char *at,
                  char *end)
{
    if (drop->after_cr && *at == '\n') {
        if (drop->lf_goes)
            leave_out(kept, at, at + 1);
        drop->after_cr = false;
        return at + 1;
    }
    drop->after_cr = false;
    if (drop->line == LINE_REST) {
        at += gw_sse_eol(base, at, end) - at;
        if (at == end)
            return end;
    }
    if (*at == '\n' || *at == '\r') {
        end_line(drop, kept, at);
        return at + 1;
    }
    if (drop->line == LINE_BEGIN)
        begin_line(drop, kept, at);
    if (drop->line == LINE_DATA)
        return data_bytes(drop, kept, at, end);
    if (drop->line == LINE_NAME)
        name_byte(drop, *at);
    return at + 1;
}

/* @return behind what there is of a byte order mark */
static char *skip_bom(struct gw_sse_drop *drop, char *at, const char *end)
{
    while (at < end && drop->bom < sizeof gw_sse_bom) {
        if (*at == gw_sse_bom[drop->bom]) {
            drop->bom++;
            at++;
            continue;
        }
        if (drop->bom) { /* it was the start of a field that nobody knows */
            drop->event = EVENT_STAYS;
            drop->line = LINE_REST;
        }
        drop->bom = sizeof gw_sse_bom;
    }
    return at;
}

void gw_sse_drop_init(struct gw_sse_drop *drop)
{
    *drop = (struct gw_sse_drop){.event = EVENT_NONE, .line = LINE_BEGIN};
    gw_buf_init(&drop->held, HELD_MAX);
}

void gw_sse_drop_finish(struct gw_sse_drop *drop)
{
    gw_buf_finish(&drop->held);
    gw_buf_finish(&drop->dropped);
}

struct gw_str gw_sse_drop_feed(struct gw_sse_drop *drop, char *bytes, size_t len, bool last,
                               struct gw_buf *before_out)
{
    struct kept kept = {bytes, bytes, bytes, bytes, before_out};
    char *end = bytes + len, *at = skip_bom(drop, bytes, end);

    while (at < end) {
        at = step(drop, &kept, bytes, at, end);
        if (drop->event == EVENT_OPEN && seen(drop, &kept, at) > GW_SSE_DROP_EVENT_MAX)
            stay(drop, &kept);
    }
    if (drop->event == EVENT_OPEN && last) {
        if (drop->json == JSON_CLOSED)
            go(drop, &kept, end);
        else
            stay(drop, &kept);
    }
    if (drop->event == EVENT_OPEN) {
        struct gw_str rest = {kept.event, (size_t)(end - kept.event)};
        if (gw_buf_add(&drop->held, rest) == GW_OK)
            leave_out(&kept, kept.event, end);
        else
            stay(drop, &kept);
    }
    leave_out(&kept, end, end);
    return (struct gw_str){kept.base, (size_t)(kept.out - kept.base)};
}
