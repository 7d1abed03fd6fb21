#include "wire/multipart.h"

#include <assert.h>

enum state {
    OPENING,    /* nothing yet: the first boundary must begin the body; leaves in take_opening() */
    AFTER,      /* behind a boundary: CRLF or "--"; leaves in take_byte() */
    AFTER_CR,   /* leaves in take_byte() */
    AFTER_DASH, /* leaves in take_byte() */
    HEADERS,    /* of a part; leaves in end_headers() */
    CONTENT,    /* of a part; leaves in end_content() */
    TAIL,       /* behind the closing boundary: nothing or CRLF; leaves in take_byte() */
    TAIL_CR,    /* leaves in take_byte() */
    CLOSED      /* nothing may follow */
};

enum target { TARGET_NONE, TARGET_MODEL, TARGET_STREAM };

/* name=value of a header field (RFC 9110 §5.6.6). */
struct param {
    struct gw_str name;
    struct gw_str value; /* raw: inside of the quotes, escapes as they came */
    bool quoted;
};

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

static bool is_token_char(char c)
{
    return is_alnum(c) || is_one_of(c, "!#$%&'*+-.^_`|~");
}

static size_t token_len(struct gw_str s)
{
    size_t len = 0;
    while (len < s.len && is_token_char(s.base[len]))
        len++;
    return len;
}

/* Takes what `s` begins with, a token or a quoted string, off it. */
static bool take_value(struct gw_str *s, struct param *param)
{
    size_t end = 1;

    param->quoted = s->len && s->base[0] == '"';
    if (!param->quoted) {
        end = token_len(*s);
        param->value = (struct gw_str){s->base, end};
        *s = gw_str_from(*s, end);
        return end > 0;
    }
    while (end < s->len && s->base[end] != '"')
        end += s->base[end] == '\\' ? 2 : 1;
    if (end >= s->len)
        return false; /* the closing quote is missing, or escaped */
    param->value = (struct gw_str){s->base + 1, end - 1};
    *s = gw_str_from(*s, end + 1);
    return true;
}

/* Takes the next `; name=value` off `rest`.
 * @return GW_OK, GW_EOF at the end, or GW_INVALID */
static enum gw_status next_param(struct gw_str *rest, struct param *param)
{
    do {
        *rest = gw_str_trim(*rest);
        if (rest->len == 0)
            return GW_EOF;
        if (rest->base[0] != ';')
            return GW_INVALID;
        *rest = gw_str_trim(gw_str_from(*rest, 1));
    } while (rest->len == 0 || rest->base[0] == ';');
    param->name = (struct gw_str){rest->base, token_len(*rest)};
    *rest = gw_str_from(*rest, param->name.len);
    if (param->name.len == 0 || rest->len == 0 || rest->base[0] != '=')
        return GW_INVALID;
    *rest = gw_str_from(*rest, 1);
    return take_value(rest, param) ? GW_OK : GW_INVALID;
}

/* RFC 2046 §5.1.1. */
static bool is_boundary(struct gw_str s)
{
    if (s.len == 0 || s.len > GW_MULTIPART_BOUNDARY_MAX || s.base[s.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is_alnum(s.base[i]) && !is_one_of(s.base[i], "'()+_,-./:=? "))
            return false;
    return true;
}

enum gw_status gw_multipart_init(struct gw_multipart *form, struct gw_str content_type,
                                 struct gw_err *err)
{
    struct gw_str rest = gw_str_trim(content_type), boundary = {NULL, 0};
    size_t type_len = gw_str_find(rest, ';');
    struct param param;
    enum gw_status status;

    *form = (struct gw_multipart){.state = OPENING, .matched = 1};
    gw_buf_init(&form->line, GW_MULTIPART_HEADER_BYTES_MAX);
    if (!gw_str_eq_nocase(gw_str_trim((struct gw_str){rest.base, type_len}),
                          GW_STR("multipart/form-data")))
        return gw_err_set(err, GW_UNSUPPORTED, "could not read the form: not multipart/form-data");
    rest = gw_str_from(rest, type_len);
    while ((status = next_param(&rest, &param)) == GW_OK) {
        if (param.name.len < 8 ||
            !gw_str_eq_nocase((struct gw_str){param.name.base, 8}, GW_STR("boundary")))
            continue;
        /* "boundary*" and its kin are other spellings of it, and some readers know them. */
        if (boundary.base || (param.name.len > 8 && param.name.base[8] == '*'))
            return gw_err_set(err, GW_INVALID, "could not read the form: more than one boundary");
        if (param.name.len == 8)
            boundary = param.value;
    }
    if (status != GW_EOF)
        return gw_err_set(err, GW_INVALID, "could not read the form: malformed Content-Type");
    if (!is_boundary(boundary))
        return gw_err_set(err, GW_INVALID, "could not read the form: no usable boundary");
    memcpy(form->delimiter, "\n--", 3);
    memcpy(form->delimiter + 3, boundary.base, boundary.len);
    form->delimiter_len = (uint8_t)(3 + boundary.len);
    return GW_OK;
}

void gw_multipart_finish(struct gw_multipart *form)
{
    gw_buf_finish(&form->line);
}

static enum gw_status fail(struct gw_multipart *form, struct gw_err *err, enum gw_status status,
                           const char *fact)
{
    form->failed = status;
    (void)gw_err_set(err, status, "could not read the form: %s", fact);
    if (err)
        err->offset = (size_t)form->offset;
    return status;
}

static struct gw_multipart_field *target_field(struct gw_multipart *form)
{
    switch ((enum target)form->target) {
    case TARGET_MODEL:
        return &form->model;
    case TARGET_STREAM:
        return &form->stream;
    case TARGET_NONE:
        break;
    }
    return NULL;
}

/* A backslash before other bytes than these two is read as an escape by some and as a backslash by
 * others. */
static bool has_odd_escape(const struct param *param)
{
    for (size_t i = 0; param->quoted && i < param->value.len; i++)
        if (param->value.base[i] == '\\' && param->value.base[++i] != '"' &&
            param->value.base[i] != '\\')
            return true;
    return false;
}

/* Names need no decoding to be compared: escapes stand for quotes and backslashes, and browsers'
 * %22, %0D and %0A for bytes, that are in no name looked for. */
static enum target target_of(struct gw_str name)
{
    if (gw_str_eq(name, GW_STR("model")))
        return TARGET_MODEL;
    return gw_str_eq(name, GW_STR("stream")) ? TARGET_STREAM : TARGET_NONE;
}

static enum gw_status take_disposition(struct gw_multipart *form, struct gw_str value,
                                       struct gw_err *err)
{
    size_t type_len = token_len(value);
    struct gw_str rest = gw_str_from(value, type_len);
    struct param param;
    enum gw_status status;
    bool named = false;

    if (form->has_disposition)
        return fail(form, err, GW_INVALID, "a part has more than one Content-Disposition");
    form->has_disposition = true;
    if (!gw_str_eq_nocase((struct gw_str){value.base, type_len}, GW_STR("form-data")))
        return fail(form, err, GW_INVALID, "a part is no form-data");
    while ((status = next_param(&rest, &param)) == GW_OK) {
        if (gw_str_eq_nocase(param.name, GW_STR("name"))) {
            if (named || has_odd_escape(&param))
                return fail(form, err, GW_INVALID, "a part's name can be read in two ways");
            named = true;
            form->target = (uint8_t)target_of(param.value);
        } else if (param.name.len > 4 && param.name.base[4] == '*' &&
                   gw_str_eq_nocase((struct gw_str){param.name.base, 4}, GW_STR("name"))) {
            return fail(form, err, GW_INVALID, "name* is not allowed in a form");
        } else if (param.name.len >= 8 &&
                   gw_str_eq_nocase((struct gw_str){param.name.base, 8}, GW_STR("filename"))) {
            form->is_file = true;
        }
    }
    if (status != GW_EOF)
        return fail(form, err, GW_INVALID, "malformed Content-Disposition");
    return named ? GW_OK : fail(form, err, GW_INVALID, "a part has no name");
}

static bool has_control_byte(struct gw_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (((unsigned char)s.base[i] < 0x20 && s.base[i] != '\t') || s.base[i] == 0x7F)
            return true;
    return false;
}

static enum gw_status take_header(struct gw_multipart *form, struct gw_str line, struct gw_err *err)
{
    size_t name_len = token_len(line);
    struct gw_str name = {line.base, name_len};

    /* Also refuses a folded line: it begins with a blank, which is no token. */
    if (name_len == 0 || name_len == line.len || line.base[name_len] != ':' ||
        has_control_byte(line))
        return fail(form, err, GW_INVALID, "malformed header line in a part");
    struct gw_str value = gw_str_trim(gw_str_from(line, name_len + 1));
    if (gw_str_eq_nocase(name, GW_STR("content-disposition")))
        return take_disposition(form, value, err);
    if (gw_str_eq_nocase(name, GW_STR("content-transfer-encoding")))
        form->is_encoded |= !gw_str_eq_nocase(value, GW_STR("7bit")) &&
                            !gw_str_eq_nocase(value, GW_STR("8bit")) &&
                            !gw_str_eq_nocase(value, GW_STR("binary"));
    return GW_OK;
}

static enum gw_status end_headers(struct gw_multipart *form, struct gw_err *err)
{
    struct gw_multipart_field *field = target_field(form);

    gw_buf_finish(&form->line);
    if (!form->has_disposition)
        return fail(form, err, GW_INVALID, "a part has no Content-Disposition");
    if (field && field->seen)
        return fail(form, err, GW_INVALID, "\"model\" or \"stream\" comes twice");
    if (field && (form->is_file || form->is_encoded))
        return fail(form, err, GW_INVALID, "\"model\" or \"stream\" is no plain field");
    form->content_begin = form->offset;
    /* The headers' last line end counts as the boundary's first byte, so that a boundary right here
     * is noticed. */
    form->matched = 1;
    form->cr_before = false;
    form->state = CONTENT;
    return GW_OK;
}

/* Takes at most one header line. */
static enum gw_status take_headers(struct gw_multipart *form, const char **at, const char *end,
                                   struct gw_err *err)
{
    const char *lf = memchr(*at, '\n', (size_t)(end - *at));
    struct gw_str piece = {*at, (size_t)((lf ? lf + 1 : end) - *at)};

    if (piece.len > GW_MULTIPART_HEADER_BYTES_MAX - form->header_bytes)
        return fail(form, err, GW_TOO_LARGE, "the headers of a part are too long");
    if (gw_buf_add(&form->line, piece) != GW_OK)
        return fail(form, err, GW_NO_MEMORY, "out of memory");
    form->header_bytes += (uint32_t)piece.len;
    form->offset += piece.len;
    *at += piece.len;
    if (!lf)
        return GW_OK;
    struct gw_str line = gw_buf_str(&form->line);
    if (line.len < 2 || line.base[line.len - 2] != '\r')
        return fail(form, err, GW_INVALID, "bare line feed in a part's headers");
    line.len -= 2;
    if (line.len == 0)
        return end_headers(form, err);
    enum gw_status status = take_header(form, line, err);
    gw_buf_take(&form->line, gw_buf_len(&form->line));
    return status;
}

/* Goes on with a boundary begun: steps over what fits.
 * @return how many bytes fitted */
static size_t match_more(struct gw_multipart *form, const char *at, const char *end)
{
    size_t want = (size_t)(form->delimiter_len - form->matched), len = 0;

    if (want > (size_t)(end - at))
        want = (size_t)(end - at);
    while (len < want && at[len] == form->delimiter[form->matched + len])
        len++;
    form->matched = (uint8_t)(form->matched + len);
    return len;
}

static enum gw_status take_opening(struct gw_multipart *form, const char **at, const char *end,
                                   struct gw_err *err)
{
    size_t len = match_more(form, *at, end);

    form->offset += len;
    *at += len;
    if (form->matched == form->delimiter_len)
        form->state = AFTER;
    else if (*at < end)
        return fail(form, err, GW_INVALID, "the body does not begin with its boundary");
    return GW_OK;
}

/* Searches content for LF "--" boundary. No boundary has a LF in it, so a mismatch can only begin
 * anew, never go on.
 * @return behind the boundary when form->matched says that it is complete, else `end` */
static const char *find_delimiter(struct gw_multipart *form, const char *base, const char *end)
{
    const char *at = base;

    while (at < end) {
        if (form->matched == 0) {
            const char *lf = *at == '\n' ? at : memchr(at, '\n', (size_t)(end - at));
            if (!lf) {
                form->cr_before = end[-1] == '\r';
                return end;
            }
            if (lf + 1 < end && lf[1] != form->delimiter[1]) {
                at = lf + 1; /* most of them, without a detour */
                continue;
            }
            if (lf > base)
                form->cr_before = lf[-1] == '\r';
            form->matched = 1;
            at = lf + 1;
            continue;
        }
        at += match_more(form, at, end);
        if (form->matched == form->delimiter_len)
            return at;
        if (at < end) {
            form->matched = 0;
            form->cr_before = false; /* what fitted so far has no CR */
        }
    }
    return end;
}

/* Behind a complete LF "--" boundary. */
static enum gw_status end_content(struct gw_multipart *form, struct gw_err *err)
{
    struct gw_multipart_field *field = target_field(form);
    uint64_t end = form->offset - form->delimiter_len - 1; /* the CR is not content either */

    if (field && end > form->content_begin && end - form->content_begin > GW_MULTIPART_VALUE_MAX)
        return fail(form, err, GW_TOO_LARGE, "\"model\" or \"stream\" is too long");
    if (!form->cr_before) /* also right behind the headers: their line end is theirs alone */
        return fail(form, err, GW_INVALID, "a boundary does not stand on a line of its own");
    assert(end >= form->content_begin);
    if (field) {
        field->begin = form->content_begin;
        field->end = end;
        field->len = (uint16_t)(end - form->content_begin);
        field->seen = true;
        if (field == &form->stream)
            form->stream_true = gw_str_eq_nocase(gw_multipart_value(field),
                                                 GW_STR("true")); /* Python says "True" */
    }
    form->state = AFTER;
    return GW_OK;
}

static enum gw_status take_content(struct gw_multipart *form, const char **at, const char *end,
                                   struct gw_err *err)
{
    struct gw_multipart_field *field = target_field(form);
    const char *stop = find_delimiter(form, *at, end);
    size_t len = (size_t)(stop - *at);
    uint64_t from = form->offset - form->content_begin;

    form->offset += len;
    if (field && from < GW_MULTIPART_VALUE_MAX) /* bytes of the boundary, too: end_content() cuts */
        memcpy(field->value + from, *at,
               len < GW_MULTIPART_VALUE_MAX - from ? len : GW_MULTIPART_VALUE_MAX - (size_t)from);
    *at = stop;
    if (form->matched == form->delimiter_len)
        return end_content(form, err);
    /* However this goes on, it is past the limit: do not wait for the end. */
    if (field && from + len > GW_MULTIPART_VALUE_MAX + 1u + form->delimiter_len)
        return fail(form, err, GW_TOO_LARGE, "\"model\" or \"stream\" is too long");
    return GW_OK;
}

static void begin_part(struct gw_multipart *form)
{
    form->parts++;
    form->header_bytes = 0;
    form->target = TARGET_NONE;
    form->has_disposition = form->is_file = form->is_encoded = false;
    form->state = HEADERS;
}

/* The states that look at a single byte. */
static enum gw_status take_byte(struct gw_multipart *form, char c, struct gw_err *err)
{
    static const struct {
        uint8_t state;
        char byte;
        uint8_t next;
    } moves[] = {
        {AFTER, '\r', AFTER_CR}, {AFTER, '-', AFTER_DASH}, {AFTER_CR, '\n', HEADERS},
        {AFTER_DASH, '-', TAIL}, {TAIL, '\r', TAIL_CR},    {TAIL_CR, '\n', CLOSED},
    };

    for (size_t i = 0; i < GW_COUNT(moves); i++) {
        if (moves[i].state != form->state || moves[i].byte != c)
            continue;
        form->state = moves[i].next;
        if (form->state == HEADERS && form->parts == GW_MULTIPART_PARTS_MAX)
            return fail(form, err, GW_TOO_LARGE, "too many parts");
        form->offset++;
        if (form->state == HEADERS)
            begin_part(form);
        form->done |= form->state == TAIL;
        return GW_OK;
    }
    return fail(form, err, GW_INVALID,
                form->done ? "bytes behind its end" : "a boundary is followed by other bytes");
}

enum gw_status gw_multipart_feed(struct gw_multipart *form, struct gw_str bytes, struct gw_err *err)
{
    const char *at = bytes.base, *end = bytes.len ? at + bytes.len : at;

    if (form->failed != GW_OK)
        return fail(form, err, form->failed, "it was refused before");
    while (at < end) {
        enum gw_status status = GW_OK;
        switch ((enum state)form->state) {
        case OPENING:
            status = take_opening(form, &at, end, err);
            break;
        case HEADERS:
            status = take_headers(form, &at, end, err);
            break;
        case CONTENT:
            status = take_content(form, &at, end, err);
            break;
        case AFTER:
        case AFTER_CR:
        case AFTER_DASH:
        case TAIL:
        case TAIL_CR:
        case CLOSED:
            status = take_byte(form, *at++, err);
            break;
        }
        if (status != GW_OK)
            return status;
    }
    return GW_OK;
}

enum gw_status gw_multipart_end(struct gw_multipart *form, struct gw_err *err)
{
    if (form->failed != GW_OK)
        return fail(form, err, form->failed, "it was refused before");
    if (form->state != TAIL && form->state != CLOSED)
        return fail(form, err, GW_INVALID, "it ends before its closing boundary");
    return GW_OK;
}
