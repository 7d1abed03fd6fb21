/*
 * Heads. One pass, byte order decides: a verdict depends on the bytes up to the offending one only,
 * so that it is the same however they are cut. Each state below says what the byte at `at` belongs
 * to; `mark` is where that began.
 */
#include "wire/http1.h"

#include "wire/http1_bytes.h"
#include "wire/url.h"

#include <assert.h>

#define EMPTY_LINES_MAX 4u

enum head_state {
    AT_START,  /* leaves in read_request_line() or read_status_line() */
    IN_METHOD, /* from here on in the order of the bytes */
    IN_TARGET,
    IN_VERSION,
    AT_REASON, /* behind the status code */
    IN_REASON,
    AT_REASON_LF,
    AT_LINE, /* a field's first byte or the blank line; a field comes back here in read_field() */
    IN_NAME,
    IN_BLANK, /* between colon and value */
    IN_VALUE,
    AT_VALUE_LF,
    AT_LAST_LF,
    AT_END
};

/* One call of feed. */
struct reading {
    struct gw_http1_head *head;
    const char *bytes;
    size_t limit; /* of the head */
    size_t len;   /* what may be looked at: never past the limit */
    size_t at;    /* head->at, written back when the bytes run out */
    bool response;
    struct gw_err *err;
};

static enum gw_status fail(const struct reading *r, enum gw_status status, size_t offset,
                           const char *what)
{
    if (r->err)
        r->err->offset = offset;
    return gw_err_set(r->err, status, "could not read the message head: %s", what);
}

static enum gw_status invalid(const struct reading *r, size_t offset, const char *what)
{
    return fail(r, GW_INVALID, offset, what);
}

/* The LF of a line that has had its CR. */
static enum gw_status read_lf(struct reading *r)
{
    if (r->at == r->len)
        return GW_AGAIN;
    if (r->bytes[r->at] != '\n')
        return invalid(r, r->at, "CR without LF");
    r->at++;
    return GW_OK;
}

static void begin(struct reading *r, enum head_state state)
{
    r->head->state = (uint8_t)state;
    r->head->mark = (uint32_t)r->at;
}

/* Start line. */

#define VERSION_BYTES 8u

/* `pattern` from `mark` on; 'd' is a digit, 'c' the first one of a status code. It begins with the
 * version. */
static enum gw_status read_pattern(struct reading *r, const char *pattern)
{
    struct gw_http1_head *head = r->head;

    for (size_t i = r->at - head->mark; pattern[i]; i++) {
        if (r->at == r->len)
            return GW_AGAIN;
        char c = r->bytes[r->at];
        if (pattern[i] == 'd'   ? c < '0' || c > '9'
            : pattern[i] == 'c' ? c < '1' || c > '5'
                                : c != pattern[i])
            return invalid(r, r->at, i < VERSION_BYTES ? "no HTTP version" : "broken start line");
        r->at++;
        if (i + 1 == VERSION_BYTES) {
            if (r->bytes[r->at - 3] != '1' || (c != '0' && c != '1'))
                return fail(r, GW_UNSUPPORTED, head->mark,
                            "an HTTP version other than 1.0 and 1.1");
            head->http10 = c == '0';
        }
    }
    return GW_OK;
}

/* Cuts "http://authority/path" down to its path (RFC 9112 §3.2.2). */
static enum gw_status cut_absolute_form(struct reading *r, struct gw_str target)
{
    struct gw_http1_head *head = r->head;
    size_t start = target.len > 4 && gw_lower(target.base[4]) == 's' ? 8 : 7;
    struct gw_str scheme = {target.base, start}, host, port;

    if (target.len < start || (!gw_str_eq_nocase(scheme, GW_STR("http://")) &&
                               !gw_str_eq_nocase(scheme, GW_STR("https://"))))
        return invalid(r, head->mark, "a target that is no path");
    size_t end = start;
    while (end < target.len && target.base[end] != '/' && target.base[end] != '?')
        end++;
    struct gw_str authority = {target.base + start, end - start};
    if (!gw_url_split_authority(authority, &host, &port) || host.len == 0)
        return invalid(r, head->mark + start, "a target with a broken host");
    if (end < target.len && target.base[end] == '?')
        return invalid(r, head->mark + end, "a target with a query but no path");
    head->has_authority = true;
    head->host = head->mark + (uint32_t)start;
    head->host_len = (uint32_t)authority.len;
    /* Without a path the target is "/": a byte of the scheme will do. */
    head->target = head->mark + (uint32_t)(end < target.len ? end : start - 1);
    head->target_len = end < target.len ? (uint32_t)(target.len - end) : 1;
    return GW_OK;
}

static enum gw_status take_target(struct reading *r)
{
    struct gw_http1_head *head = r->head;
    struct gw_str target = {r->bytes + head->mark, r->at - head->mark};

    if (target.base[0] != '/' && target.base[0] != '*')
        return cut_absolute_form(r, target);
    if (target.base[0] == '*' && (target.len > 1 || head->method != GW_METHOD_OPTIONS))
        return invalid(r, head->mark, "a target that is no path");
    head->target = head->mark;
    head->target_len = (uint32_t)target.len;
    return GW_OK;
}

static enum gw_status take_method(struct reading *r)
{
    struct gw_http1_head *head = r->head;
    struct gw_str name = {r->bytes + head->mark, r->at - head->mark};

    if (name.len == 0 || r->bytes[r->at] != ' ')
        return invalid(r, r->at, "no method");
    if (gw_str_eq(name, GW_STR("PRI"))) /* RFC 9113 §3.4: no method, but how HTTP/2 begins */
        return fail(r, GW_UNSUPPORTED, head->mark, "HTTP/2");
    /* Its target is an authority (RFC 9112 §3.2.3), and nothing here tunnels. */
    if (gw_str_eq(name, GW_STR("CONNECT")))
        return invalid(r, head->mark, "CONNECT");
    head->method_at = head->mark;
    head->method_len = (uint32_t)name.len;
    head->method = gw_http1_method_of(name);
    return GW_OK;
}

static enum gw_status read_request_line(struct reading *r)
{
    enum gw_status status;

    switch (r->head->state) {
    case AT_START:
        /* Only CRLFs so far, so that `at` says which half of one comes next. */
        while (r->at < r->len && r->at < 2 * EMPTY_LINES_MAX &&
               r->bytes[r->at] == "\r\n"[r->at & 1])
            r->at++;
        if (r->at == r->len)
            return GW_AGAIN;
        if (r->at & 1)
            return invalid(r, r->at, "CR without LF");
        begin(r, IN_METHOD);
        __attribute__((fallthrough));
    case IN_METHOD:
        r->at = gw_bytes_token_end(r->bytes, r->at, r->len);
        if (r->at == r->len)
            return GW_AGAIN;
        status = take_method(r);
        if (status != GW_OK)
            return status;
        r->at++;
        begin(r, IN_TARGET);
        __attribute__((fallthrough));
    case IN_TARGET: {
        if (r->at == r->len)
            return GW_AGAIN;
        char first = gw_lower(r->bytes[r->head->mark]);
        if (first != '/' && first != '*' && first != 'h')
            return invalid(r, r->head->mark, "a target that is no path");
        r->at = gw_bytes_target_end(r->bytes, r->at, r->len);
        if (r->at == r->len)
            return GW_AGAIN;
        if (r->bytes[r->at] != ' ')
            return invalid(r, r->at, "a byte that no target may hold");
        status = take_target(r);
        if (status != GW_OK)
            return status;
        r->at++;
        begin(r, IN_VERSION);
        __attribute__((fallthrough));
    }
    case IN_VERSION:
        status = read_pattern(r, "HTTP/d.d\r\n");
        if (status == GW_OK)
            begin(r, AT_LINE);
        return status;
    }
    return GW_OK; /* has been read before */
}

static enum gw_status read_status_line(struct reading *r)
{
    struct gw_http1_head *head = r->head;
    enum gw_status status;

    switch (head->state) {
    case AT_START:
        status = read_pattern(r, "HTTP/d.d cdd");
        if (status != GW_OK)
            return status;
        for (const char *digit = r->bytes + r->at - 3; digit < r->bytes + r->at; digit++)
            head->code = head->code * 10 + (unsigned)(*digit - '0');
        head->state = AT_REASON;
        __attribute__((fallthrough));
    case AT_REASON:
        if (r->at == r->len)
            return GW_AGAIN;
        if (r->bytes[r->at] != ' ' && r->bytes[r->at] != '\r')
            return invalid(r, r->at, "a broken status code");
        r->at += r->bytes[r->at] == ' '; /* some send none when there is no reason */
        begin(r, IN_REASON);
        __attribute__((fallthrough));
    case IN_REASON:
        r->at = gw_bytes_value_end(r->bytes, r->at, r->len);
        if (r->at == r->len)
            return GW_AGAIN;
        if (r->bytes[r->at] != '\r')
            return invalid(r, r->at, "a byte that no reason may hold");
        head->reason = head->mark;
        head->reason_len = (uint32_t)(r->at - head->mark);
        r->at++;
        head->state = AT_REASON_LF;
        __attribute__((fallthrough));
    case AT_REASON_LF:
        status = read_lf(r);
        if (status == GW_OK)
            begin(r, AT_LINE);
        return status;
    }
    return GW_OK; /* has been read before */
}

/* Fields. */

static enum gw_status take_length(struct reading *r, const struct gw_http1_field *field,
                                  struct gw_str value)
{
    if (r->head->has_length)
        return invalid(r, field->name, "more than one Content-Length");
    if (r->head->has_coding)
        return invalid(r, field->name, "both Content-Length and Transfer-Encoding");
    if (!gw_str_to_u64(value, &r->head->body_bytes))
        return invalid(r, field->value, "a Content-Length that is no number");
    r->head->has_length = true;
    return GW_OK;
}

static enum gw_status take_coding(struct reading *r, const struct gw_http1_field *field,
                                  struct gw_str value)
{
    if (r->head->has_coding)
        return invalid(r, field->name, "more than one Transfer-Encoding");
    if (r->head->has_length)
        return invalid(r, field->name, "both Content-Length and Transfer-Encoding");
    if (r->head->http10) /* RFC 9112 §6.1: its framing is faulty */
        return invalid(r, field->name, "Transfer-Encoding on HTTP/1.0");
    if (!gw_str_eq_nocase(value, GW_STR("chunked")))
        return invalid(r, field->value, "a Transfer-Encoding other than chunked");
    r->head->has_coding = true;
    return GW_OK;
}

static enum gw_status take_host(struct reading *r, const struct gw_http1_field *field,
                                struct gw_str value)
{
    struct gw_str host, port;

    if (r->head->seen & (uint64_t)1 << GW_FIELD_HOST)
        return invalid(r, field->name, "more than one Host");
    if (value.len && !gw_url_split_authority(value, &host, &port))
        return invalid(r, field->value, "a broken Host");
    if (!r->head->has_authority) {
        r->head->host = field->value;
        r->head->host_len = field->value_len;
    }
    return GW_OK;
}

static enum gw_status take_connection(struct reading *r, const struct gw_http1_field *field,
                                      struct gw_str value)
{
    struct gw_http1_head *head = r->head;
    struct gw_str option;

    head->connection_bytes += field->value_len;
    if (head->connection_bytes > GW_HTTP1_CONNECTION_BYTES_MAX)
        return fail(r, GW_TOO_LARGE, field->name, "Connection is too long");
    while (gw_str_next_item(&value, &option)) {
        if (gw_str_eq_nocase(option, GW_STR("close")))
            head->says_close = true;
        else if (gw_str_eq_nocase(option, GW_STR("keep-alive")))
            head->says_keep_alive = true;
        else
            head->has_connection_names = true;
    }
    return GW_OK;
}

/* What the message's own handling depends on. */
#define READ_HERE                                                                                  \
    ((uint64_t)1 << GW_FIELD_CONTENT_LENGTH | (uint64_t)1 << GW_FIELD_TRANSFER_ENCODING |          \
     (uint64_t)1 << GW_FIELD_CONNECTION | (uint64_t)1 << GW_FIELD_HOST |                           \
     (uint64_t)1 << GW_FIELD_EXPECT)

static enum gw_status take_field(struct reading *r, struct gw_http1_field *field)
{
    struct gw_http1_head *head = r->head;
    struct gw_str value = {r->bytes + field->value, field->value_len};
    uint64_t bit;
    enum gw_status status = GW_OK;

    field->id = gw_http1_field_id((struct gw_str){r->bytes + field->name, field->name_len});
    bit = (uint64_t)1 << field->id;
    if (bit & READ_HERE) {
        if (field->id == GW_FIELD_CONTENT_LENGTH)
            status = take_length(r, field, value);
        else if (field->id == GW_FIELD_TRANSFER_ENCODING)
            status = take_coding(r, field, value);
        else if (field->id == GW_FIELD_CONNECTION)
            status = take_connection(r, field, value);
        else if (field->id == GW_FIELD_HOST && !r->response)
            status = take_host(r, field, value);
        else if (field->id == GW_FIELD_EXPECT && !r->response && !head->http10)
            head->expect_continue |= gw_str_eq_nocase(value, GW_STR("100-continue"));
    }
    head->seen |= bit;
    head->fields_count++;
    return status;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* One field line, or the blank line, which leaves the state AT_LAST_LF. */
static enum gw_status read_field(struct reading *r)
{
    struct gw_http1_head *head = r->head;
    struct gw_http1_field *field = &head->fields[head->fields_count];
    enum gw_status status;

    switch (head->state) {
    case AT_LINE:
        if (r->at == r->len)
            return GW_AGAIN;
        if (r->bytes[r->at] == '\r') {
            r->at++;
            head->state = AT_LAST_LF;
            return GW_OK;
        }
        if (head->fields_count == GW_HTTP1_FIELDS_MAX)
            return fail(r, GW_TOO_LARGE, r->at, "too many fields");
        begin(r, IN_NAME);
        __attribute__((fallthrough));
    case IN_NAME:
        r->at = gw_bytes_token_end(r->bytes, r->at, r->len);
        if (r->at == r->len)
            return GW_AGAIN;
        if (r->bytes[r->at] != ':' || r->at == head->mark)
            return invalid(r, r->at, "a byte that no field name may hold");
        field->name = head->mark;
        field->name_len = (uint32_t)(r->at - head->mark);
        r->at++;
        head->state = IN_BLANK;
        __attribute__((fallthrough));
    case IN_BLANK:
        while (r->at < r->len && is_blank(r->bytes[r->at]))
            r->at++;
        if (r->at == r->len)
            return GW_AGAIN;
        begin(r, IN_VALUE);
        __attribute__((fallthrough));
    case IN_VALUE:
        r->at = gw_bytes_value_end(r->bytes, r->at, r->len);
        if (r->at == r->len)
            return GW_AGAIN;
        if (r->bytes[r->at] != '\r')
            return invalid(r, r->at, "a byte that no field value may hold");
        field->value = head->mark;
        field->value_len = (uint32_t)(r->at - head->mark);
        while (field->value_len && is_blank(r->bytes[field->value + field->value_len - 1]))
            field->value_len--;
        r->at++;
        head->state = AT_VALUE_LF;
        __attribute__((fallthrough));
    case AT_VALUE_LF:
        status = read_lf(r);
        if (status != GW_OK)
            return status;
        head->state = AT_LINE;
        return take_field(r, field);
    }
    return GW_OK;
}

/* The usual case, at half the cost: whole lines "name: value", taken without a state between their
 * parts. Stops in front of any other line, which read_field() then judges byte by byte. */
static enum gw_status read_plain_lines(struct reading *r)
{
    struct gw_http1_head *head = r->head;
    const char *bytes = r->bytes;
    enum gw_status status = GW_OK;

    while (status == GW_OK && head->fields_count < GW_HTTP1_FIELDS_MAX) {
        size_t name = r->at, colon = gw_bytes_token_end(bytes, name, r->len);
        if (colon == name || r->len - colon < 4 || bytes[colon] != ':' || bytes[colon + 1] != ' ' ||
            is_blank(bytes[colon + 2]))
            break;
        size_t value = colon + 2, end = gw_bytes_value_end(bytes, value, r->len);
        if (r->len - end < 2 || bytes[end] != '\r' || bytes[end + 1] != '\n' ||
            is_blank(bytes[end - 1]))
            break;
        struct gw_http1_field *field = &head->fields[head->fields_count];
        field->name = (uint32_t)name;
        field->name_len = (uint32_t)(colon - name);
        field->value = (uint32_t)value;
        field->value_len = (uint32_t)(end - value);
        r->at = end + 2;
        status = take_field(r, field);
    }
    return status;
}

/* Start line (read by the caller) to blank line. */
static enum gw_status read_fields(struct reading *r)
{
    enum gw_status status = r->head->state == AT_LINE ? read_plain_lines(r) : GW_OK;

    while (r->head->state < AT_LAST_LF && status == GW_OK)
        status = read_field(r);
    if (r->head->state == AT_LAST_LF && status == GW_OK)
        status = read_lf(r);
    return status;
}

/* The bytes are used up: wait for more, unless no more may come. */
static enum gw_status run_dry(struct reading *r)
{
    r->head->at = (uint32_t)r->at;
    return r->len < r->limit ? GW_AGAIN : fail(r, GW_TOO_LARGE, r->limit, "it is too long");
}

static struct reading reading_of(struct gw_http1_head *head, struct gw_str bytes, size_t bytes_max,
                                 bool response, struct gw_err *err)
{
    size_t limit = bytes_max < UINT32_MAX ? bytes_max : UINT32_MAX; /* offsets have 32 bits */

    assert(bytes.len >= head->at);
    return (struct reading){.head = head,
                            .bytes = bytes.base,
                            .limit = limit,
                            .len = bytes.len < limit ? bytes.len : limit,
                            .at = head->at,
                            .response = response,
                            .err = err};
}

static void finish(struct reading *r)
{
    struct gw_http1_head *head = r->head;

    head->bytes = head->at = (uint32_t)r->at;
    head->state = AT_END;
    head->keep_alive = !head->says_close && (!head->http10 || head->says_keep_alive);
    head->framing = head->has_coding   ? GW_BODY_CHUNKED
                    : head->has_length ? GW_BODY_LENGTH
                                       : GW_BODY_NONE;
}

void gw_http1_head_init(struct gw_http1_head *head)
{
    memset(head, 0, offsetof(struct gw_http1_head, fields));
    memset(&head->at, 0, sizeof *head - offsetof(struct gw_http1_head, at));
}

enum gw_status gw_http1_request_feed(struct gw_http1_head *head, struct gw_str bytes,
                                     size_t bytes_max, struct gw_err *err)
{
    struct reading r = reading_of(head, bytes, bytes_max, false, err);
    enum gw_status status;

    if (head->state == AT_END)
        return GW_OK;
    status = read_request_line(&r);
    if (status == GW_OK)
        status = read_fields(&r);
    if (status == GW_AGAIN)
        return run_dry(&r);
    if (status != GW_OK)
        return status;
    if (!head->http10 && !(head->seen & (uint64_t)1 << GW_FIELD_HOST))
        return invalid(&r, r.at - 1, "no Host");
    finish(&r);
    return GW_OK;
}

enum gw_status gw_http1_response_feed(struct gw_http1_head *head, struct gw_str bytes,
                                      size_t bytes_max, bool no_body, struct gw_err *err)
{
    struct reading r = reading_of(head, bytes, bytes_max, true, err);
    enum gw_status status;

    if (head->state == AT_END)
        return GW_OK;
    status = read_status_line(&r);
    if (status == GW_OK)
        status = read_fields(&r);
    if (status == GW_AGAIN)
        return run_dry(&r);
    if (status != GW_OK)
        return status;
    finish(&r);
    /* RFC 9112 §6.3, first to last rule. */
    if (head->code < 200 || head->code == 204) {
        if (head->has_coding || head->body_bytes > 0)
            head->keep_alive = false;
        head->framing = GW_BODY_NONE;
    } else if (no_body || head->code == 304) {
        head->framing = GW_BODY_NONE;
    } else if (head->framing == GW_BODY_NONE) {
        head->framing = GW_BODY_TO_CLOSE;
        head->keep_alive = false;
    }
    if (head->framing != GW_BODY_LENGTH)
        head->body_bytes = 0;
    return GW_OK;
}
