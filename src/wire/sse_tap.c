#include "wire/sse_tap.h"

#include <assert.h>

#include "wire/sse_line.h"

static_assert(sizeof(struct gw_sse_tap) <= 96, "one per stream: keep it small");

enum { MARK_DONE = 1, MARK_FINISHED = 2, MARK_ERROR = 4 };

/* How much of a data line's value is looked at: the same with and without the blank behind the
 * colon. */
#define VALUE_BYTES (GW_SSE_TAP_HEAD_BYTES - (sizeof("data: ") - 1))

static const struct terminal_type {
    struct gw_str type;
    uint8_t mark;
} terminal_types[][5] = {
    [GW_SSE_CHAT] = {{{NULL, 0}, 0}},
    [GW_SSE_MESSAGES] = {{GW_STR_INIT("message_stop"), MARK_DONE},
                         {GW_STR_INIT("error"), MARK_ERROR}},
    [GW_SSE_RESPONSES] = {{GW_STR_INIT("response.completed"), MARK_DONE},
                          {GW_STR_INIT("response.incomplete"), MARK_DONE},
                          {GW_STR_INIT("response.failed"), MARK_ERROR},
                          {GW_STR_INIT("error"), MARK_ERROR}},
    [GW_SSE_OTHER] = {{{NULL, 0}, 0}},
};

static uint8_t mark_of_type(unsigned dialect, struct gw_str type)
{
    const struct terminal_type *row = terminal_types[dialect];

    while (row->mark && !gw_str_eq(row->type, type))
        row++;
    return row->mark;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Is this, behind blanks, what comes next? Then steps over it. Inlined, the comparison is one of
 * constants. */
static inline __attribute__((always_inline)) bool take(const char **at, const char *end,
                                                       struct gw_str expected)
{
    const char *from = *at;

    while (from < end && is_blank(*from))
        from++;
    if ((size_t)(end - from) < expected.len || memcmp(from, expected.base, expected.len) != 0)
        return false;
    *at = from + expected.len;
    return true;
}

/* Steps over `{ "key" :`. */
static inline __attribute__((always_inline)) bool take_first_key(const char **at, const char *end,
                                                                 struct gw_str quoted_key)
{
    return take(at, end, GW_STR("{")) && take(at, end, quoted_key) && take(at, end, GW_STR(":"));
}

static uint8_t mark_of_chat(struct gw_str value, bool *whole_out)
{
    const char *at = value.base, *end = at + value.len;

    *whole_out = gw_str_eq(value, GW_STR("[DONE]"));
    if (*whole_out)
        return MARK_DONE;
    if (!take_first_key(&at, end, GW_STR("\"error\"")))
        return 0;
    while (at < end && is_blank(*at))
        at++;
    return at < end && *at != 'n' ? MARK_ERROR : 0; /* some servers have "error":null everywhere */
}

/* @param whole_out  set when `value` is a complete value for certain, whatever ended it */
static uint8_t mark_of_value(unsigned dialect, struct gw_str value, bool *whole_out)
{
    const char *at = value.base, *end = at + value.len;

    *whole_out = false;
    if (dialect == GW_SSE_CHAT)
        return mark_of_chat(value, whole_out);
    if (dialect == GW_SSE_OTHER || !take_first_key(&at, end, GW_STR("\"type\"")) ||
        !take(&at, end, GW_STR("\"")))
        return 0;
    struct gw_str type = {at, gw_str_find((struct gw_str){at, (size_t)(end - at)}, '"')};
    at += type.len;
    if (at == end)
        return 0;
    at++;
    *whole_out = take(&at, end, GW_STR("}")) && at == end;
    return mark_of_type(dialect, type);
}

/*
 * The finish_reason of a chat chunk: this key, blanks, a colon, blanks, a quote, anywhere in a data
 * line. The key's quotes tell it from text that speaks of it: inside of a JSON string they are
 * escaped.
 */
static const char finish_key[] = "\"finish_reason\"";
enum {
    KEY_LEN = sizeof(finish_key) - 1, /* below: so many bytes of the key; here: all of them */
    KEY_BLANKS,                       /* blanks behind the key */
    KEY_COLON,                        /* the colon, and maybe blanks */
    KEY_FOUND,
    KEY_RARE = 6 /* where in the key the pair "h_" stands: JSON and prose rarely have it */
};

/* One byte further. The key has quotes at its ends only, so a mismatch can at most begin a new one.
 */
static unsigned key_step(unsigned match, char c)
{
    if (match < KEY_LEN && c == finish_key[match])
        return match + 1;
    if (match == KEY_COLON && (is_blank(c) || c == '"'))
        return c == '"' ? KEY_FOUND : KEY_COLON;
    if ((match == KEY_LEN || match == KEY_BLANKS) && is_blank(c))
        return KEY_BLANKS;
    if ((match == KEY_LEN || match == KEY_BLANKS) && c == ':')
        return KEY_COLON;
    if (match == KEY_LEN && c == finish_key[1])
        return 2; /* the closing quote was an opening one */
    return c == '"';
}

/* Steps on from inside of the key or behind it until it is found, given up, or the bytes end. */
static unsigned key_run(unsigned match, unsigned give_up_below, const char **at, const char *end)
{
    while (*at < end && match >= give_up_below && match != KEY_FOUND)
        match = key_step(match, *(*at)++);
    return match;
}

#ifdef __SSE2__
static __m128i rare16(const char *at)
{
    return _mm_and_si128(
        _mm_cmpeq_epi8(gw_sse_load(at), _mm_set1_epi8(finish_key[KEY_RARE])),
        _mm_cmpeq_epi8(gw_sse_load(at + 1), _mm_set1_epi8(finish_key[KEY_RARE + 1])));
}

static uint64_t bits(__m128i v)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(v);
}

/* A bit for each "h_" that begins in the 64 bytes from `at`; reads 65. */
static uint64_t rare_mask64(const char *at)
{
    __m128i a = rare16(at), b = rare16(at + 16), c = rare16(at + 32), d = rare16(at + 48);

    if (bits(_mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d))) == 0)
        return 0;
    return bits(a) | bits(b) << 16 | bits(c) << 32 | bits(d) << 48;
}
#endif

/* The first "h_" in [at, end), or NULL. [base, end) is what may be read. */
static const char *find_rare(const char *base, const char *at, const char *end)
{
#ifdef __SSE2__
    for (; end - at >= 65; at += 64) {
        uint64_t mask = rare_mask64(at);
        if (mask)
            return at + __builtin_ctzll(mask);
    }
    if (end - base >= 65 && end - at >= 2) {
        uint64_t mask = rare_mask64(end - 65) >> (65 - (end - at)); /* not those before `at` */
        return mask ? at + __builtin_ctzll(mask) : NULL;
    }
#else
    (void)base;
#endif
    for (; end - at >= 2; at++)
        if (at[0] == finish_key[KEY_RARE] && at[1] == finish_key[KEY_RARE + 1])
            return at;
    return NULL;
}

/* In two halves, which share a byte: both become plain loads. */
static bool is_finish_key(const char *at)
{
    return memcmp(at, finish_key, 8) == 0 &&
           memcmp(at + KEY_LEN - 8, finish_key + KEY_LEN - 8, 8) == 0;
}

/* Looks for a finish_reason in the next part of a data line.
 * @param match  where the part before ended: 0, inside of the key, behind it, or KEY_FOUND
 * @param more   another part follows
 * @return the same for the end of this part */
static unsigned find_finish(unsigned match, const char *base, const char *at, const char *end,
                            bool more)
{
    if (match)
        match = key_run(match, 1, &at, end);
    if (match)
        return match;
    const char *from = at;
    for (const char *rare = at; (rare = find_rare(base, rare, end)); rare++) {
        if (rare - from < KEY_RARE || end - rare < KEY_LEN - KEY_RARE ||
            !is_finish_key(rare - KEY_RARE))
            continue;
        const char *after = rare - KEY_RARE + KEY_LEN;
        match = key_run(KEY_LEN, KEY_LEN, &after, end);
        if (match >= KEY_LEN)
            return match;
    }
    /* What is left is at most a key cut short: it begins at the last quote. */
    for (at = end; more && at > from && end - at < KEY_LEN - 1;)
        if (*--at == '"')
            return memcmp(at, finish_key, (size_t)(end - at)) == 0 ? (unsigned)(end - at) : 0;
    return 0;
}

/* The event under way is complete. */
static void commit(struct gw_sse_tap *tap)
{
    if (tap->data_lines) {
        unsigned marks = tap->event_mark | tap->data_marks;
        tap->done |= (marks & MARK_DONE) != 0;
        tap->finished |= (marks & MARK_FINISHED) != 0;
        tap->error |= (marks & MARK_ERROR) != 0;
    }
    tap->event_mark = tap->data_marks = tap->data_lines = 0;
}

static struct gw_str value_head(struct gw_str value)
{
    return (struct gw_str){value.base, value.len < VALUE_BYTES ? value.len : VALUE_BYTES};
}

/* A line with its end, of which `head` is the beginning and `last` the last byte. */
static void take_line(struct gw_sse_tap *tap, struct gw_str head, char last)
{
    if (gw_sse_take_name(&head, GW_STR("data"))) {
        bool whole;
        if (tap->data_lines == 0) /* JSON that goes over several lines begins in the first */
            tap->data_marks = mark_of_value(tap->dialect, value_head(head), &whole);
        if (tap->key_match == KEY_FOUND)
            tap->data_marks |= MARK_FINISHED;
        tap->data_lines = tap->data_lines ? 2 : 1;
        tap->data_closed = last == '}' || last == ']';
        tap->saw_data = true;
    } else if (gw_sse_take_name(&head, GW_STR("event"))) {
        tap->event_mark = mark_of_type(tap->dialect, head); /* no type is as long as a head */
    }
}

/* Keeps the first bytes of a line that does not come in one piece, and its last one. */
static struct gw_str grow_head(struct gw_sse_tap *tap, const char *at, size_t len)
{
    size_t room = GW_SSE_TAP_HEAD_BYTES - tap->head_len;

    if (len) {
        tap->last = at[len - 1];
        memcpy(tap->head + tap->head_len, at, len < room ? len : room);
        tap->head_len = (uint8_t)(tap->head_len + (len < room ? len : room));
    }
    return (struct gw_str){tap->head, tap->head_len};
}

static const char *skip_bom(struct gw_sse_tap *tap, const char *at, const char *end)
{
    while (at < end && tap->bom < sizeof(gw_sse_bom)) {
        if (*at == gw_sse_bom[tap->bom]) {
            tap->bom++;
            at++;
            continue;
        }
        (void)grow_head(tap, gw_sse_bom, tap->bom); /* it was the start of a line */
        tap->bom = sizeof(gw_sse_bom);
    }
    return at;
}

/* The line, or part of one, from `at` on.
 * @return behind it and its end */
static const char *feed_line(struct gw_sse_tap *tap, const char *base, const char *at,
                             const char *end)
{
    const char *eol = gw_sse_eol(base, at, end);
    struct gw_str head = {at, (size_t)(eol - at)};
    char last;

    tap->open_bytes += head.len;
    if (tap->head_len || eol == end) {
        head = grow_head(tap, at, head.len);
        last = tap->last;
    } else {
        last = head.len ? eol[-1] : '\0';
        if (head.len > GW_SSE_TAP_HEAD_BYTES)
            head.len = GW_SSE_TAP_HEAD_BYTES;
    }
    if (tap->dialect == GW_SSE_CHAT && !tap->finished && gw_str_starts(head, GW_STR("data:")))
        tap->key_match = (uint8_t)find_finish(tap->key_match, base, at, eol, eol == end);
    if (eol == end)
        return end;
    if (head.len) {
        tap->open_bytes++;
        take_line(tap, head, last);
    } else {
        commit(tap);
        tap->open_bytes = 0;
    }
    tap->after_cr = *eol == '\r';
    tap->key_match = 0;
    tap->head_len = 0;
    return eol + 1;
}

void gw_sse_tap_init(struct gw_sse_tap *tap, enum gw_sse_dialect dialect)
{
    *tap = (struct gw_sse_tap){.dialect = (uint8_t)dialect};
}

void gw_sse_tap_feed(struct gw_sse_tap *tap, struct gw_str bytes)
{
    const char *at = bytes.base, *end = bytes.len ? at + bytes.len : at;

    if (tap->bom < sizeof(gw_sse_bom)) {
        at = skip_bom(tap, at, end);
        tap->open_bytes += (uint64_t)(at - bytes.base);
    }
    while (at < end) {
        if (tap->after_cr && *at == '\n') {
            tap->open_bytes += tap->open_bytes != 0; /* the LF of a blank line opens nothing */
            at++;
        }
        tap->after_cr = false;
        if (at < end)
            at = feed_line(tap, bytes.base, at, end);
    }
}

/* A last line without its end: it counts when no more can be missing of it. */
static void take_cut_line(struct gw_sse_tap *tap, struct gw_str line)
{
    bool whole = false;

    if (line.len < GW_SSE_TAP_HEAD_BYTES && tap->data_lines == 0 &&
        gw_sse_take_name(&line, GW_STR("data")))
        tap->data_marks = mark_of_value(tap->dialect, value_head(line), &whole);
    tap->data_closed = whole;
    if (whole) {
        tap->data_lines = 1;
        tap->saw_data = true;
    }
}

void gw_sse_tap_end(struct gw_sse_tap *tap)
{
    if (tap->head_len)
        take_cut_line(tap, (struct gw_str){tap->head, tap->head_len});
    if (tap->data_lines != 1 || !tap->data_closed)
        tap->data_lines = 0; /* cut inside of an event */
    commit(tap);
    tap->head_len = 0;
}
