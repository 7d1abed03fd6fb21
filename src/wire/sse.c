#include "wire/sse.h"

#include "wire/sse_line.h"

static const struct gw_str event_name = GW_STR_INIT("event: ");
static const struct gw_str data_name = GW_STR_INIT("data: ");

static void forget(struct gw_sse_part *part)
{
    part->value = (struct gw_str){"", 0};
    gw_buf_take(&part->held, gw_buf_len(&part->held));
}

void gw_sse_init(struct gw_sse *sse)
{
    *sse = (struct gw_sse){.failed = GW_OK};
    gw_buf_init(&sse->line, GW_SSE_LINE_BYTES_MAX);
    gw_buf_init(&sse->type.held, GW_SSE_EVENT_BYTES_MAX);
    gw_buf_init(&sse->data.held, GW_SSE_EVENT_BYTES_MAX);
    gw_buf_init(&sse->id.held, GW_SSE_EVENT_BYTES_MAX);
    forget(&sse->type);
    forget(&sse->data);
    forget(&sse->id);
}

void gw_sse_finish(struct gw_sse *sse)
{
    gw_buf_finish(&sse->line);
    gw_buf_finish(&sse->type.held);
    gw_buf_finish(&sse->data.held);
    gw_buf_finish(&sse->id.held);
}

/* Moves a value that is still borrowed into the parser. */
static enum gw_status hold(struct gw_sse_part *part)
{
    if (part->value.len == 0) {
        /* An empty value needs no bytes, and must not keep a pointer into bytes that go away. */
        part->value = (struct gw_str){"", 0};
        return GW_OK;
    }
    if (part->held.base && part->value.base == part->held.base + part->held.head)
        return GW_OK;
    gw_buf_take(&part->held, gw_buf_len(&part->held));
    enum gw_status status = gw_buf_add(&part->held, part->value);
    if (status == GW_OK)
        part->value = gw_buf_str(&part->held);
    return status;
}

static enum gw_status hold_all(struct gw_sse *sse)
{
    enum gw_status status = hold(&sse->type);
    if (status == GW_OK)
        status = hold(&sse->data);
    if (status == GW_OK)
        status = hold(&sse->id);
    return status;
}

static void release_if_empty(struct gw_buf *buf)
{
    if (buf->base && gw_buf_len(buf) == 0)
        gw_buf_finish(buf);
}

static enum gw_status dispatch(struct gw_sse *sse, bool incomplete, gw_sse_fn *fn, void *arg)
{
    enum gw_status status = GW_OK;

    if (sse->has_data) {
        struct gw_sse_event event = {
            .type = sse->type.value,
            .data = sse->data.value,
            .id = sse->id.value,
            .incomplete = incomplete,
        };
        status = fn(arg, &event);
    }
    forget(&sse->type);
    forget(&sse->data);
    forget(&sse->id);
    sse->has_data = false;
    return status;
}

/* Room for one more value? Each length is bounded by a line or an event, so the sum cannot
 * overflow. */
static enum gw_status check_size(size_t a, size_t b, size_t c)
{
    return a + b + c <= GW_SSE_EVENT_BYTES_MAX ? GW_OK : GW_TOO_LARGE;
}

static enum gw_status add_data(struct gw_sse *sse, struct gw_str value)
{
    size_t len = sse->has_data ? sse->data.value.len + 1 + value.len : value.len;
    enum gw_status status = check_size(sse->type.value.len, len, sse->id.value.len);

    if (status != GW_OK)
        return status;
    if (!sse->has_data) {
        sse->has_data = true;
        sse->data.value = value;
        return GW_OK;
    }
    status = hold(&sse->data);
    if (status == GW_OK)
        status = gw_buf_reserve(&sse->data.held, 1 + value.len);
    if (status != GW_OK)
        return status;
    (void)gw_buf_add_c(&sse->data.held, '\n');
    (void)gw_buf_add(&sse->data.held, value);
    sse->data.value = gw_buf_str(&sse->data.held);
    return GW_OK;
}

/* One line, without its end. */
static enum gw_status take_line(struct gw_sse *sse, struct gw_str line, gw_sse_fn *fn, void *arg)
{
    if (line.len > GW_SSE_LINE_BYTES_MAX)
        return GW_TOO_LARGE;
    if (line.len == 0)
        return dispatch(sse, false, fn, arg);
    if (gw_sse_take_name(&line, GW_STR("data")))
        return add_data(sse, line);
    if (gw_sse_take_name(&line, GW_STR("event"))) {
        sse->type.value = line;
        return check_size(line.len, sse->data.value.len, sse->id.value.len);
    }
    if (gw_sse_take_name(&line, GW_STR("id")) && gw_str_find(line, '\0') == line.len) {
        sse->id.value = line;
        return check_size(sse->type.value.len, sse->data.value.len, line.len);
    }
    return GW_OK; /* a comment, "retry" (a gateway does not reconnect), or a field that means
                     nothing */
}

/* Steps over a byte order mark at the very start; what only began like one is the start of a line.
 */
static const char *skip_bom(struct gw_sse *sse, const char *at, const char *end)
{
    while (at < end && sse->bom < sizeof(gw_sse_bom)) {
        if (*at == gw_sse_bom[sse->bom]) {
            sse->bom++;
            at++;
            continue;
        }
        sse->failed = gw_buf_add(&sse->line, (struct gw_str){gw_sse_bom, sse->bom});
        sse->bom = sizeof(gw_sse_bom);
    }
    return at;
}

static enum gw_status feed_lines(struct gw_sse *sse, const char *at, const char *end, gw_sse_fn *fn,
                                 void *arg)
{
    const char *base = at;

    while (at < end) {
        if (sse->after_cr) {
            sse->after_cr = false;
            if (*at == '\n') {
                at++;
                continue;
            }
        }
        const char *eol = gw_sse_eol(base, at, end);
        struct gw_str line = {at, (size_t)(eol - at)};
        bool begun_before = gw_buf_len(&sse->line) > 0;
        enum gw_status status = GW_OK;
        if (eol == end)
            return gw_buf_add(&sse->line, line);
        if (begun_before) {
            status = gw_buf_add(&sse->line, line);
            line = gw_buf_str(&sse->line);
        }
        if (status == GW_OK)
            status = take_line(sse, line, fn, arg);
        if (begun_before) {
            if (status == GW_OK)
                status = hold_all(sse); /* before the line they may point into goes */
            gw_buf_take(&sse->line, gw_buf_len(&sse->line));
        }
        if (status != GW_OK)
            return status;
        sse->after_cr = *eol == '\r';
        at = eol + 1;
    }
    return GW_OK;
}

enum gw_status gw_sse_feed(struct gw_sse *sse, struct gw_str bytes, gw_sse_fn *fn, void *arg)
{
    const char *at = bytes.base;
    const char *end = bytes.len ? at + bytes.len : at;

    if (sse->failed == GW_OK && sse->bom < sizeof(gw_sse_bom))
        at = skip_bom(sse, at, end);
    if (sse->failed == GW_OK)
        sse->failed = feed_lines(sse, at, end, fn, arg);
    if (sse->failed == GW_OK)
        sse->failed = hold_all(sse);
    if (sse->failed != GW_OK) {
        gw_sse_finish(sse);
        return sse->failed;
    }
    release_if_empty(&sse->line);
    release_if_empty(&sse->type.held);
    release_if_empty(&sse->data.held);
    release_if_empty(&sse->id.held);
    return GW_OK;
}

enum gw_status gw_sse_end(struct gw_sse *sse, gw_sse_fn *fn, void *arg)
{
    if (sse->failed == GW_OK && gw_buf_len(&sse->line) > 0)
        sse->failed = take_line(sse, gw_buf_str(&sse->line), fn, arg);
    if (sse->failed == GW_OK)
        sse->failed = dispatch(sse, true, fn, arg);
    gw_sse_finish(sse);
    return sse->failed;
}

/* Takes the first line off `rest`, and its end.
 * @return false when that was the last one */
static bool next_line(struct gw_str *rest, struct gw_str *line_out)
{
    const char *end = rest->base + rest->len;
    const char *eol = gw_sse_eol(rest->base, rest->base, end);

    *line_out = (struct gw_str){rest->base, (size_t)(eol - rest->base)};
    if (eol == end)
        return false;
    eol += eol + 1 < end && eol[0] == '\r' && eol[1] == '\n' ? 2 : 1;
    *rest = (struct gw_str){eol, (size_t)(end - eol)};
    return true;
}

/* What one event takes, written; false when that is no size_t. */
static bool written_bytes(struct gw_str type, struct gw_str data, size_t *bytes_out)
{
    size_t bytes = 1; /* the blank line */
    bool more;

    if (type.len && __builtin_add_overflow(bytes, type.len + event_name.len + 1, &bytes))
        return false;
    do {
        struct gw_str line;
        more = next_line(&data, &line);
        if (__builtin_add_overflow(bytes, line.len + data_name.len + 1, &bytes))
            return false;
    } while (more);
    *bytes_out = bytes;
    return true;
}

enum gw_status gw_sse_write(struct gw_buf *out, struct gw_str type, struct gw_str data)
{
    size_t bytes;
    bool more;

    if (!data.base)
        data = GW_STR("");
    if (gw_str_find(type, '\n') < type.len || gw_str_find(type, '\r') < type.len)
        return GW_INVALID;
    if (!written_bytes(type, data, &bytes))
        return GW_TOO_LARGE;
    enum gw_status status = gw_buf_reserve(out, bytes);
    if (status != GW_OK)
        return status;
    /* Nothing below can fail: the room is there. */
    if (type.len) {
        (void)gw_buf_add(out, event_name);
        (void)gw_buf_add(out, type);
        (void)gw_buf_add_c(out, '\n');
    }
    do {
        struct gw_str line;
        more = next_line(&data, &line);
        (void)gw_buf_add(out, data_name);
        (void)gw_buf_add(out, line);
        (void)gw_buf_add_c(out, '\n');
    } while (more);
    return gw_buf_add_c(out, '\n');
}
