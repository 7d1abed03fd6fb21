/*
 * Event streams: the parser against a simple reference, at any cut; the tap against the parser's
 * events; and what the writer writes, read again.
 *
 * Input: three bytes (the dialect, two cuts), then the stream.
 */
#include <stdlib.h>

#include "wire/sse.h"
#include "wire/sse_tap.h"

#define CHECK(truth)                                                                               \
    do {                                                                                           \
        if (!(truth))                                                                              \
            abort();                                                                               \
    } while (0)

enum { EVENTS_MAX = 512 };

enum { DONE = 1, FINISHED = 2, ERROR = 4 };

struct list {
    struct gw_sse_event events[EVENTS_MAX];
    size_t count;
    struct gw_buf text; /* what the events point into: never moved */
};

static struct gw_str keep(struct gw_buf *text, struct gw_str s)
{
    char *at = text->base + text->tail;
    CHECK(s.base && gw_buf_add(text, s) == GW_OK);
    CHECK(text->base + text->tail == at + s.len);
    return (struct gw_str){at, s.len};
}

static void list_init(struct list *list, size_t bytes)
{
    list->count = 0;
    gw_buf_init(&list->text, 2 * bytes + 64);
    CHECK(gw_buf_reserve(&list->text, 2 * bytes + 64) == GW_OK);
}

static enum gw_status collect(void *arg, const struct gw_sse_event *event)
{
    struct list *list = arg;

    CHECK(list->count < EVENTS_MAX);
    list->events[list->count++] = (struct gw_sse_event){
        .type = keep(&list->text, event->type),
        .data = keep(&list->text, event->data),
        .id = keep(&list->text, event->id),
        .incomplete = event->incomplete,
    };
    return GW_OK;
}

static void check_same(const struct list *a, const struct list *b)
{
    CHECK(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        CHECK(gw_str_eq(a->events[i].type, b->events[i].type));
        CHECK(gw_str_eq(a->events[i].data, b->events[i].data));
        CHECK(gw_str_eq(a->events[i].id, b->events[i].id));
        CHECK(a->events[i].incomplete == b->events[i].incomplete);
    }
}

/* The reference: a byte at a time over the whole stream, the rules of WHATWG as they stand. */
struct reference {
    struct gw_sse_event event;
    char data[8192];
    bool has_data;
};

static void reference_line(struct reference *ref, struct gw_str line, struct list *list)
{
    if (line.len == 0) {
        if (ref->has_data)
            (void)collect(list, &ref->event);
        ref->event = (struct gw_sse_event){{"", 0}, {ref->data, 0}, {"", 0}, false};
        ref->has_data = false;
        return;
    }
    size_t colon = gw_str_find(line, ':');
    struct gw_str name = {line.base, colon}, value = gw_str_from(line, colon + 1);
    if (value.len && value.base[0] == ' ')
        value = gw_str_from(value, 1);
    if (gw_str_eq(name, GW_STR("event")))
        ref->event.type = value;
    if (gw_str_eq(name, GW_STR("id")) && gw_str_find(value, '\0') == value.len)
        ref->event.id = value;
    if (!gw_str_eq(name, GW_STR("data")))
        return;
    if (ref->has_data)
        ref->data[ref->event.data.len++] = '\n';
    for (size_t i = 0; i < value.len; i++)
        ref->data[ref->event.data.len++] = value.base[i];
    ref->has_data = true;
}

static void reference_parse(struct gw_str stream, struct list *list)
{
    static struct reference ref;
    size_t begin = gw_str_starts(stream, GW_STR("\xEF\xBB\xBF")) ? 3 : 0;

    ref.has_data = false;
    ref.event = (struct gw_sse_event){{"", 0}, {ref.data, 0}, {"", 0}, false};
    for (size_t i = begin; i < stream.len; i++) {
        if (stream.base[i] != '\n' && stream.base[i] != '\r')
            continue;
        reference_line(&ref, (struct gw_str){stream.base + begin, i - begin}, list);
        if (stream.base[i] == '\r' && i + 1 < stream.len && stream.base[i + 1] == '\n')
            i++;
        begin = i + 1;
    }
    if (begin < stream.len)
        reference_line(&ref, gw_str_from(stream, begin), list);
    ref.event.incomplete = true;
    reference_line(&ref, GW_STR(""), list);
}

/* What the tap should have noted of an event, the plain way. */
static bool take(struct gw_str *s, struct gw_str expected)
{
    while (s->len && (s->base[0] == ' ' || s->base[0] == '\t'))
        *s = gw_str_from(*s, 1);
    bool is = gw_str_starts(*s, expected);
    if (is)
        *s = gw_str_from(*s, expected.len);
    return is;
}

static bool has_finish_reason(struct gw_str data)
{
    for (size_t i = 0; i < data.len; i++) {
        struct gw_str rest = gw_str_from(data, i);
        if (gw_str_starts(rest, GW_STR("\"finish_reason\"")) &&
            take(&rest, GW_STR("\"finish_reason\"")) && take(&rest, GW_STR(":")) &&
            take(&rest, GW_STR("\"")))
            return true;
    }
    return false;
}

static unsigned marks_of_type(enum gw_sse_dialect dialect, struct gw_str type)
{
    if (dialect == GW_SSE_MESSAGES && gw_str_eq(type, GW_STR("message_stop")))
        return DONE;
    if (dialect == GW_SSE_RESPONSES && (gw_str_eq(type, GW_STR("response.completed")) ||
                                        gw_str_eq(type, GW_STR("response.incomplete"))))
        return DONE;
    if (dialect == GW_SSE_RESPONSES && gw_str_eq(type, GW_STR("response.failed")))
        return ERROR;
    return gw_str_eq(type, GW_STR("error")) ? ERROR : 0;
}

static unsigned marks_of(enum gw_sse_dialect dialect, const struct gw_sse_event *event)
{
    struct gw_str first = {event->data.base, gw_str_find(event->data, '\n')};
    unsigned marks = 0;

    if (dialect == GW_SSE_OTHER)
        return 0;
    if (first.len > 42)
        first.len = 42; /* the tap's promise: GW_SSE_TAP_HEAD_BYTES less "data: " */
    if (dialect == GW_SSE_CHAT) {
        marks |= gw_str_eq(first, GW_STR("[DONE]")) ? DONE : 0;
        marks |= has_finish_reason(event->data) ? FINISHED : 0;
        if (take(&first, GW_STR("{")) && take(&first, GW_STR("\"error\"")) &&
            take(&first, GW_STR(":")) && !take(&first, GW_STR("n")) && first.len)
            marks |= ERROR;
        return marks;
    }
    marks |= marks_of_type(dialect, event->type);
    if (take(&first, GW_STR("{")) && take(&first, GW_STR("\"type\"")) &&
        take(&first, GW_STR(":")) && take(&first, GW_STR("\""))) {
        size_t quote = gw_str_find(first, '"');
        if (quote < first.len)
            marks |= marks_of_type(dialect, (struct gw_str){first.base, quote});
    }
    return marks;
}

static unsigned marks_noted(const struct gw_sse_tap *tap)
{
    return (tap->done ? DONE : 0u) | (tap->finished ? FINISHED : 0u) | (tap->error ? ERROR : 0u);
}

static void check_tap(enum gw_sse_dialect dialect, const struct gw_str piece[3],
                      const struct list *list)
{
    unsigned complete = 0, all = 0;
    struct gw_sse_tap tap;

    for (size_t i = 0; i < list->count; i++) {
        unsigned marks = marks_of(dialect, &list->events[i]);
        all |= marks;
        complete |= list->events[i].incomplete ? 0 : marks;
    }
    gw_sse_tap_init(&tap, dialect);
    for (size_t i = 0; i < 3; i++)
        gw_sse_tap_feed(&tap, piece[i]);
    CHECK(marks_noted(&tap) == complete);
    CHECK(!gw_sse_tap_at_boundary(&tap) || list->count == 0 ||
          !list->events[list->count - 1].incomplete);
    gw_sse_tap_end(&tap);
    CHECK((marks_noted(&tap) & complete) == complete);
    CHECK((marks_noted(&tap) & ~all) == 0);
    CHECK(tap.saw_data || list->count == 0 || list->events[0].incomplete);
}

/* An event read and written is the same when it is read again. */
static void check_writer(const struct list *list, size_t bytes)
{
    static struct list again;
    struct gw_sse sse;
    struct gw_buf out;

    gw_buf_init(&out, (size_t)1 << 20);
    for (size_t i = 0; i < list->count; i++)
        CHECK(gw_sse_write(&out, list->events[i].type, list->events[i].data) == GW_OK);
    list_init(&again, bytes);
    gw_sse_init(&sse);
    if (list->count)
        CHECK(gw_sse_feed(&sse, gw_buf_str(&out), collect, &again) == GW_OK);
    CHECK(again.count == list->count);
    for (size_t i = 0; i < list->count; i++) {
        CHECK(gw_str_eq(again.events[i].type, list->events[i].type));
        CHECK(gw_str_eq(again.events[i].data, list->events[i].data));
    }
    gw_sse_finish(&sse);
    gw_buf_finish(&again.text);
    gw_buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct list expected, seen;
    struct gw_sse sse;

    if (len < 3 || len > 2000)
        return 0;
    struct gw_str stream = {(const char *)bytes + 3, len - 3};
    size_t cut = bytes[1] * stream.len / 255, second = cut + bytes[2] * (stream.len - cut) / 255;
    const struct gw_str ends[3] = {{stream.base, cut},
                                   {stream.base + cut, second - cut},
                                   {stream.base + second, stream.len - second}};
    struct gw_str piece[3];

    list_init(&expected, len);
    reference_parse(stream, &expected);
    list_init(&seen, len);
    gw_sse_init(&sse);
    for (size_t i = 0; i < 3;
         i++) { /* each in memory of its own, so that no byte is read past its read */
        char *copy = malloc(ends[i].len + !ends[i].len);
        CHECK(copy);
        memcpy(copy, ends[i].base, ends[i].len);
        piece[i] = (struct gw_str){copy, ends[i].len};
        CHECK(gw_sse_feed(&sse, piece[i], collect, &seen) == GW_OK);
        memset(copy, '!', ends[i].len); /* nothing may still point there */
    }
    CHECK(gw_sse_end(&sse, collect, &seen) == GW_OK);
    gw_sse_finish(&sse);
    check_same(&expected, &seen);
    for (size_t i = 0; i < 3; i++)
        memcpy((char *)(uintptr_t)piece[i].base, ends[i].base, ends[i].len);
    check_tap((enum gw_sse_dialect)(bytes[0] % 4), piece, &expected);
    check_writer(&expected, len);
    for (size_t i = 0; i < 3; i++)
        free((char *)(uintptr_t)piece[i].base);
    gw_buf_finish(&expected.text);
    gw_buf_finish(&seen.text);
    return 0;
}
