#include "wire/match.h"

/* ---- bytes with wildcards ---- */

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static size_t wild_at(const struct text *want, unsigned i)
{
    return i < want->wilds_count ? want->wilds[i].at : gw_buf_len(&want->bytes);
}

/* Where `literal` begins in `bytes` from `at` on, with nothing in between that `wild` does not
 * cover. @return SIZE_MAX: nowhere; `*open` then says whether more bytes could help */
static size_t find_behind(struct gw_str literal, struct gw_str bytes, size_t at,
                          const struct wild *wild, bool *open)
{
    for (size_t i = at; i <= bytes.len; i++) {
        size_t left = bytes.len - i, len = left < literal.len ? left : literal.len;
        if (memcmp(bytes.base + i, literal.base, len) == 0) {
            *open = true; /* it may begin here */
            if (len == literal.len)
                return i;
        }
        if (i < bytes.len && !wild->any && is_line_end(bytes.base[i])) {
            *open = false;
            return SIZE_MAX;
        }
    }
    *open = true;
    return SIZE_MAX;
}

static size_t line_end(struct gw_str bytes, size_t at)
{
    while (at < bytes.len && !is_line_end(bytes.base[at]))
        at++;
    return at;
}

enum match match_start(const struct text *want, struct gw_str bytes, bool final, size_t *used_out)
{
    struct gw_str whole = gw_buf_str(&want->bytes);
    size_t first = wild_at(want, 0), len = first < bytes.len ? first : bytes.len;

    if (len && memcmp(whole.base, bytes.base, len) != 0)
        return MATCH_NO;
    if (len < first)
        return final ? MATCH_NO : MATCH_MORE;
    size_t at = first;
    for (unsigned i = 0; i < want->wilds_count; i++) {
        const struct wild *wild = &want->wilds[i];
        struct gw_str literal = {whole.base + wild->at, wild_at(want, i + 1) - wild->at};
        bool open;
        if (literal.len == 0 && i + 1 == want->wilds_count) { /* all that is left of the line */
            size_t end = wild->any ? bytes.len : line_end(bytes, at);
            if (end == bytes.len && !final)
                return MATCH_MORE;
            *used_out = end;
            return MATCH_YES;
        }
        size_t found = find_behind(literal, bytes, at, wild, &open);
        if (found == SIZE_MAX)
            return open && !final ? MATCH_MORE : MATCH_NO;
        at = found + literal.len;
    }
    *used_out = at;
    return MATCH_YES;
}

bool match_whole(const struct text *want, struct gw_str bytes)
{
    struct gw_str whole = gw_buf_str(&want->bytes);
    size_t used, end = want->wilds_count ? wild_at(want, want->wilds_count - 1) : 0;
    struct gw_str last = gw_str_from(whole, end);

    if (want->wilds_count == 0)
        return gw_str_eq(whole, bytes);
    if (last.len == 0)
        return match_start(want, bytes, true, &used) == MATCH_YES && used == bytes.len;
    /* What stands behind the last wildcard is at the end; the rest is found from the front. */
    if (bytes.len < last.len || !gw_str_eq(gw_str_from(bytes, bytes.len - last.len), last))
        return false;
    struct text front = text_slice(want, 0, end);
    bytes.len -= last.len;
    return match_start(&front, bytes, true, &used) == MATCH_YES && used == bytes.len;
}

void match_explain(const struct text *want, struct gw_str bytes, struct complaint *complaint)
{
    struct gw_str whole = gw_buf_str(&want->bytes);
    size_t at = 0;

    complain(complaint, "  expected%s:", want->wilds_count ? " (wildcards not shown)" : "");
    complain_bytes(complaint, "    | ", whole);
    complain(complaint, "  got:");
    complain_bytes(complaint, "    | ", bytes);
    while (at < whole.len && at < bytes.len && whole.base[at] == bytes.base[at])
        at++;
    if (want->wilds_count == 0 || at < want->wilds[0].at)
        complain(complaint, "  they differ from byte %zu on (expected %zu bytes, got %zu)", at,
                 whole.len, bytes.len);
}

/* ---- heads ---- */

#define FIELDS_MAX 256

struct head {
    struct gw_str lines[FIELDS_MAX]; /* without their CRLF; the first is the start line */
    size_t count;
};

static bool split(struct gw_str bytes, struct head *head)
{
    head->count = 0;
    while (bytes.len) {
        size_t len = gw_str_find_str(bytes, GW_STR("\r\n"));
        if (len == 0)
            return head->count != 0;
        if (len == bytes.len || head->count == FIELDS_MAX)
            return false;
        head->lines[head->count++] = (struct gw_str){bytes.base, len};
        bytes = gw_str_from(bytes, len + 2);
    }
    return head->count != 0;
}

static struct gw_str name_of(struct gw_str line)
{
    return (struct gw_str){line.base, gw_str_find(line, ':')};
}

static struct gw_str value_of(struct gw_str line)
{
    return gw_str_trim(gw_str_from(line, gw_str_find(line, ':') + 1));
}

struct gw_str match_field(struct gw_str bytes, struct gw_str name)
{
    struct head head;

    (void)split(bytes, &head);
    for (size_t i = 1; i < head.count; i++)
        if (gw_str_eq_nocase(name_of(head.lines[i]), name))
            return value_of(head.lines[i]);
    return (struct gw_str){NULL, 0};
}

static size_t count_name(const struct head *head, struct gw_str name, size_t *last_out)
{
    size_t count = 0;

    for (size_t i = 1; i < head->count; i++) {
        if (gw_str_eq_nocase(name_of(head->lines[i]), name)) {
            count++;
            *last_out = i;
        }
    }
    return count;
}

/* `part` stands in the bytes of `want`. */
static bool fits(const struct text *want, struct gw_str part, struct gw_str bytes)
{
    size_t from = (size_t)(part.base - gw_buf_str(&want->bytes).base);
    struct text slice = text_slice(want, from, from + part.len);

    return match_whole(&slice, bytes);
}

static bool match_line(const struct text *want, struct gw_str line, const struct head *got,
                       bool used[FIELDS_MAX], struct complaint *complaint)
{
    struct gw_str name = name_of(line);
    bool absent = line.base[0] == '!', found = false;
    size_t at = 0;

    if (absent)
        return count_name(got, gw_str_from(line, 1), &at) == 0 ||
               complain(complaint, "  unwanted field: %.*s", GW_STR_ARG(got->lines[at]));
    /* A name that is wanted twice may come twice: each line takes the next one. */
    for (size_t i = 1; i < got->count && !found; i++) {
        if (used[i] || !gw_str_eq_nocase(name_of(got->lines[i]), name))
            continue;
        used[i] = found = true;
        at = i;
    }
    if (!found)
        return complain(complaint, "  missing field: %.*s", GW_STR_ARG(line));
    return fits(want, value_of(line), value_of(got->lines[at])) ||
           complain(complaint, "  expected: %.*s\n  got:      %.*s", GW_STR_ARG(line),
                    GW_STR_ARG(got->lines[at]));
}

bool match_head(const struct text *want, struct gw_str bytes, struct complaint *complaint)
{
    bool used[FIELDS_MAX] = {false}, more = false;
    struct head wanted, got;

    if (!split(gw_buf_str(&want->bytes), &wanted) || !split(bytes, &got)) {
        complain(complaint, "  no head:");
        complain_bytes(complaint, "    | ", bytes);
        return false;
    }
    bool ok = fits(want, wanted.lines[0], got.lines[0]) ||
              complain(complaint, "  expected: %.*s\n  got:      %.*s", GW_STR_ARG(wanted.lines[0]),
                       GW_STR_ARG(got.lines[0]));
    for (size_t i = 1; i < wanted.count; i++) {
        if (gw_str_eq(wanted.lines[i], GW_STR("...")))
            more = true;
        else if (!match_line(want, wanted.lines[i], &got, used, complaint))
            ok = false;
    }
    for (size_t i = 1; i < got.count; i++) {
        size_t at;
        bool wanted_too = count_name(&wanted, name_of(got.lines[i]), &at) != 0;
        if (!used[i] && (!more || wanted_too))
            ok = complain(complaint, "  unexpected field: %.*s", GW_STR_ARG(got.lines[i]));
    }
    if (!ok) {
        complain(complaint, "  the whole head:");
        complain_bytes(complaint, "    | ", bytes);
    }
    return ok;
}
