#include "wire/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define BYTES_MAX ((size_t)256 << 20)
#define GROUPS_MAX 8u

struct expander;
typedef bool close_fn(struct expander *expander, size_t start, uint64_t argument);

/* {chunk} ... {/chunk}: what stands between is changed when it closes. */
struct group {
    struct gw_str name;
    close_fn *close;
    size_t start;
    uint64_t argument;
    unsigned wilds, cuts; /* marked before it */
    bool has_from, has_to;
};

struct expander {
    struct text *text;
    const struct text_name *names;
    size_t names_count;
    size_t body_len; /* {len} */
    struct group groups[GROUPS_MAX];
    unsigned depth;
    struct complaint *complaint;
};

static size_t length(const struct expander *e)
{
    return gw_buf_len(&e->text->bytes);
}

static void add(struct expander *e, struct gw_str bytes)
{
    must(gw_buf_add(&e->text->bytes, bytes) == GW_OK, "a text is too large");
}

/* ---- groups ---- */

/* Marks set since the group opened stand `by` bytes further. */
static void shift_marks(struct text *text, const struct group *group, size_t by)
{
    for (unsigned i = group->wilds; i < text->wilds_count; i++)
        text->wilds[i].at += by;
    for (unsigned i = group->cuts; i < text->cuts_count; i++)
        text->cuts[i] += by;
    if (text->has_from && !group->has_from)
        text->from += by;
    if (text->has_to && !group->has_to)
        text->to += by;
}

static bool close_chunk(struct expander *e, size_t start, uint64_t argument)
{
    char line[24];
    size_t size = length(e) - start;
    (void)argument;

    int len = snprintf(line, sizeof line, "%zx\r\n", size);
    add(e, (struct gw_str){line, (size_t)len}); /* for the room; its place is in front */
    char *at = e->text->bytes.base + start;
    memmove(at + len, at, size);
    memcpy(at, line, (size_t)len);
    shift_marks(e->text, &e->groups[e->depth], (size_t)len);
    add(e, GW_STR("\r\n"));
    return true;
}

static bool close_repeat(struct expander *e, size_t start, uint64_t argument)
{
    size_t size = length(e) - start;
    struct gw_buf *bytes = &e->text->bytes;

    if (argument == 0 || size > BYTES_MAX / argument)
        return complain(e->complaint, "{repeat} too often, or not at all");
    must(gw_buf_reserve(bytes, size * (argument - 1)) == GW_OK, "a text is too large");
    for (uint64_t i = 1; i < argument; i++) {
        memcpy(bytes->base + bytes->tail, bytes->base + start, size);
        bytes->tail += size;
    }
    return true;
}

static bool close_gzip(struct expander *e, size_t start, uint64_t argument)
{
    struct gw_buf *bytes = &e->text->bytes;
    size_t size = length(e) - start, room = size + 1024;
    z_stream z = {.next_in = (unsigned char *)bytes->base + start, .avail_in = (unsigned)size};
    unsigned char *packed = malloc(room);
    (void)argument;

    must(packed &&
             deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK,
         "deflateInit2");
    z.next_out = packed;
    z.avail_out = (unsigned)room;
    must(deflate(&z, Z_FINISH) == Z_STREAM_END, "deflate");
    bytes->tail -= size;
    add(e, (struct gw_str){(char *)packed, room - z.avail_out});
    (void)deflateEnd(&z);
    free(packed);
    return true;
}

static const struct {
    const char *name;
    close_fn *close;
} group_kinds[] = {
    {"chunk", close_chunk},
    {"gzip", close_gzip},
    {"repeat", close_repeat},
};

/* @return false when `name` opens no group */
static bool open_group(struct expander *e, struct gw_str name, struct gw_str argument)
{
    const struct text *text = e->text;
    struct group group = {.name = name,
                          .start = length(e),
                          .wilds = text->wilds_count,
                          .cuts = text->cuts_count,
                          .has_from = text->has_from,
                          .has_to = text->has_to};

    for (size_t i = 0; i < GW_COUNT(group_kinds); i++) {
        if (!gw_str_eq(name, gw_str_of(group_kinds[i].name)) || e->depth == GROUPS_MAX)
            continue;
        group.close = group_kinds[i].close;
        (void)gw_str_to_u64(argument, &group.argument);
        e->groups[e->depth++] = group;
        return true;
    }
    return false;
}

static bool close_group(struct expander *e, struct gw_str name)
{
    if (e->depth == 0 || !gw_str_eq(e->groups[e->depth - 1].name, name))
        return complain(e->complaint, "{/%.*s} without its beginning", GW_STR_ARG(name));
    const struct group *group = &e->groups[--e->depth];
    return group->close(e, group->start, group->argument);
}

/* ---- what stands in braces ---- */

static const struct {
    const char *name;
    struct gw_str bytes;
} constants[] = {
    {"+", GW_STR_INIT("")},        {"cr", GW_STR_INIT("\r")},
    {"crlf", GW_STR_INIT("\r\n")}, {"last-chunk", GW_STR_INIT("0\r\n\r\n")},
    {"lf", GW_STR_INIT("\n")},     {"nul", GW_STR_INIT("\0")},
    {"space", GW_STR_INIT(" ")},   {"tab", GW_STR_INIT("\t")},
};

static bool set_mark(struct expander *e, struct gw_str name)
{
    struct text *text = e->text;
    bool any = gw_str_eq(name, GW_STR("..."));

    if (any || gw_str_eq(name, GW_STR("*"))) {
        if (text->wilds_count < TEXT_WILDS_MAX)
            text->wilds[text->wilds_count++] = (struct wild){length(e), any};
        return true;
    }
    if (gw_str_eq(name, GW_STR("cut"))) {
        if (text->cuts_count < TEXT_CUTS_MAX)
            text->cuts[text->cuts_count++] = length(e);
        return true;
    }
    if (gw_str_eq(name, GW_STR("from"))) {
        text->from = length(e);
        return text->has_from = true;
    }
    if (gw_str_eq(name, GW_STR("to"))) {
        text->to = length(e);
        return text->has_to = true;
    }
    return false;
}

static bool add_hex(struct expander *e, struct gw_str digits)
{
    for (size_t i = 0; i + 1 < digits.len; i += 2) {
        char pair[3] = {digits.base[i], digits.base[i + 1], 0}, *end;
        char byte = (char)strtoul(pair, &end, 16);
        if (end != pair + 2)
            break;
        add(e, (struct gw_str){&byte, 1});
    }
    return true;
}

static bool expand_brace(struct expander *e, struct gw_str inside)
{
    size_t blank = gw_str_find(inside, ' ');
    struct gw_str name = {inside.base, blank}, argument = gw_str_from(inside, blank + 1);
    char digits[24];

    if (name.base[0] == '/')
        return close_group(e, gw_str_from(name, 1));
    for (size_t i = 0; i < GW_COUNT(constants); i++) {
        if (gw_str_eq(name, gw_str_of(constants[i].name))) {
            add(e, constants[i].bytes);
            return true;
        }
    }
    if (gw_str_eq(name, GW_STR("len"))) {
        int len = snprintf(digits, sizeof digits, "%zu", e->body_len);
        add(e, (struct gw_str){digits, (size_t)len});
        return true;
    }
    if (gw_str_eq(name, GW_STR("hex")))
        return add_hex(e, argument);
    return set_mark(e, name) || open_group(e, name, argument) ||
           complain(e->complaint, "{%.*s} means nothing", GW_STR_ARG(inside));
}

/* Bytes of "{...}" at the start of `s` when that is meant for us: JSON has braces too. */
static size_t brace_length(struct gw_str s)
{
    size_t end = gw_str_find(s, '}');

    if (end == s.len || end < 2 ||
        !(islower((unsigned char)s.base[1]) || strchr("/+*.", s.base[1])))
        return 0;
    for (size_t i = 1; i < end; i++)
        if (strchr("\",:{[", s.base[i]))
            return 0;
    return end + 1;
}

static const struct text_name *name_at(const struct expander *e, struct gw_str s)
{
    const struct text_name *found = NULL;

    for (size_t i = 0; i < e->names_count; i++) {
        const struct text_name *name = &e->names[i];
        if (gw_str_starts(gw_str_from(s, 1), name->name) &&
            (!found || name->name.len > found->name.len))
            found = name;
    }
    return found;
}

static bool expand_line(struct expander *e, struct gw_str line)
{
    while (line.len) {
        size_t plain = 0, brace;
        while (plain < line.len && line.base[plain] != '{' && line.base[plain] != '$')
            plain++;
        add(e, (struct gw_str){line.base, plain});
        line = gw_str_from(line, plain);
        if (line.len == 0)
            return true;
        const struct text_name *name = line.base[0] == '$' ? name_at(e, line) : NULL;
        if (name) {
            add(e, gw_str_of(name->value));
            line = gw_str_from(line, 1 + name->name.len);
        } else if (line.base[0] == '{' && (brace = brace_length(line)) != 0) {
            if (!expand_brace(e, (struct gw_str){line.base + 1, brace - 2}))
                return false;
            line = gw_str_from(line, brace);
        } else {
            add(e, (struct gw_str){line.base, 1});
            line = gw_str_from(line, 1);
        }
    }
    return true;
}

/* ---- lines ---- */

static bool ends_with(struct gw_str s, struct gw_str end)
{
    return s.len >= end.len && gw_str_eq(gw_str_from(s, s.len - end.len), end);
}

/* A line that says itself how it ends. */
static bool ends_itself(struct gw_str line)
{
    return ends_with(line, GW_STR("{crlf}")) || ends_with(line, GW_STR("{lf}")) ||
           ends_with(line, GW_STR("{+}"));
}

/* @param between  put behind every line but the last; `behind_all`: behind that too */
static bool expand_lines(struct expander *e, struct gw_str lines, struct gw_str between,
                         bool behind_all)
{
    while (lines.len) {
        size_t len = gw_str_find(lines, '\n');
        struct gw_str line = {lines.base, len};
        bool last = len == lines.len;
        lines = gw_str_from(lines, len + 1);
        if (!expand_line(e, line))
            return false;
        if ((!last || behind_all) && !ends_itself(line))
            add(e, between);
    }
    if (e->depth)
        return complain(e->complaint, "{%.*s} without its end",
                        GW_STR_ARG(e->groups[e->depth - 1].name));
    return true;
}

static bool looks_like_head(struct gw_str block)
{
    struct gw_str line = {block.base, gw_str_find(block, '\n')};

    return gw_str_starts(line, GW_STR("HTTP/")) ||
           gw_str_find_str(line, GW_STR(" HTTP/")) < line.len;
}

static bool expand_message(struct expander *e, struct gw_str block)
{
    size_t head_len = gw_str_find_str(block, GW_STR("\n\n"));
    struct gw_str head = {block.base, head_len}, body = gw_str_from(block, head_len + 2);
    struct text *text = e->text, body_text = {.bytes = {.max = BYTES_MAX}};

    /* The body first: its length may stand in the head. */
    e->text = &body_text;
    bool ok = expand_lines(e, body, GW_STR("\n"), false);
    e->text = text;
    e->body_len = gw_buf_len(&body_text.bytes);
    ok = ok && expand_lines(e, head, GW_STR("\r\n"), true);
    add(e, GW_STR("\r\n"));
    text->head_len = length(e);
    for (unsigned i = 0; ok && i < body_text.wilds_count && text->wilds_count < TEXT_WILDS_MAX; i++)
        text->wilds[text->wilds_count++] =
            (struct wild){body_text.wilds[i].at + text->head_len, body_text.wilds[i].any};
    for (unsigned i = 0; ok && i < body_text.cuts_count && text->cuts_count < TEXT_CUTS_MAX; i++)
        text->cuts[text->cuts_count++] = body_text.cuts[i] + text->head_len;
    if (body_text.has_from)
        text->from = body_text.from + text->head_len;
    if (body_text.has_to)
        text->to = body_text.to + text->head_len;
    text->has_from |= body_text.has_from;
    text->has_to |= body_text.has_to;
    if (gw_buf_len(&body_text.bytes))
        add(e, gw_buf_str(&body_text.bytes));
    gw_buf_finish(&body_text.bytes);
    return ok;
}

bool text_expand(struct text *text, struct gw_str block, enum text_form form,
                 const struct text_name *names, size_t names_count, struct complaint *complaint)
{
    struct expander e = {
        .text = text, .names = names, .names_count = names_count, .complaint = complaint};
    bool ok;

    *text = (struct text){.head_len = 0};
    gw_buf_init(&text->bytes, BYTES_MAX);
    if (form == TEXT_MESSAGE && looks_like_head(block))
        ok = expand_message(&e, block);
    else
        ok = expand_lines(&e, block, form == TEXT_RAW ? GW_STR("") : GW_STR("\n"), false);
    if (!text->has_to)
        text->to = gw_buf_len(&text->bytes);
    return ok;
}

void text_finish(struct text *text)
{
    gw_buf_finish(&text->bytes);
}

struct text text_slice(const struct text *text, size_t from, size_t to)
{
    struct text slice = {.bytes = text->bytes};

    slice.bytes.head = text->bytes.head + from;
    slice.bytes.tail = text->bytes.head + to;
    for (unsigned i = 0; i < text->wilds_count; i++) {
        const struct wild *wild = &text->wilds[i];
        if (wild->at >= from && wild->at <= to)
            slice.wilds[slice.wilds_count++] = (struct wild){wild->at - from, wild->any};
    }
    return slice;
}
