/*
 * Fuzzes wire/json_scan: the same outcome for every instruction set and however cut, places that
 * are what they say, and agreement with wire/json_read on which value is the model.
 */
#include <stdlib.h>

#include "wire/json_read.h"
#include "wire/json_scan_private.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define TOKENS_MAX 65536u
#define BYTEWISE_MAX 256u

struct outcome {
    enum gw_status status;
    uint64_t fault_at;
    struct gw_json_place model, stream;
    bool done, stream_twice;
};

static bool same_place(struct gw_json_place a, struct gw_json_place b)
{
    return a.kind == b.kind && a.begin == b.begin && a.end == b.end;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    return a->status == b->status && a->fault_at == b->fault_at && same_place(a->model, b->model) &&
           same_place(a->stream, b->stream) && a->done == b->done &&
           a->stream_twice == b->stream_twice;
}

/* @param step  bytes of a piece but the first, which ends at `first` */
static struct outcome scan(enum gw_json_scan_set set, struct gw_str text, size_t first, size_t step)
{
    struct gw_json_scan state;
    struct gw_err err = {0};
    enum gw_status status = GW_OK;

    gw_json_scan_init(&state);
    for (size_t at = 0, len = first; at <= text.len && status == GW_OK; at += len, len = step) {
        if (len > text.len - at)
            len = text.len - at;
        /* In memory of just this size, so that a byte read too many is seen. */
        char *exact = malloc(len ? len : 1);
        CHECK(exact);
        if (len)
            memcpy(exact, text.base + at, len);
        status = gw_json_scan_feed_with(set, &state, (struct gw_str){exact, len}, &err);
        free(exact);
        if (at == text.len)
            break;
    }
    CHECK(status != GW_OK || state.offset == text.len);
    if (status == GW_OK)
        status = gw_json_scan_end(&state, &err);
    CHECK(status == GW_OK || (status == GW_INVALID && err.offset <= text.len));
    CHECK(status != GW_OK || state.done);
    return (struct outcome){.status = status,
                            .fault_at = status == GW_OK ? UINT64_MAX : err.offset,
                            .model = state.model,
                            .stream = state.stream,
                            .done = state.done,
                            .stream_twice = state.stream_twice};
}

static struct gw_str at_place(struct gw_str text, struct gw_json_place place)
{
    return (struct gw_str){text.base + place.begin, (size_t)(place.end - place.begin)};
}

static void check_place(struct gw_str text, struct gw_json_place place)
{
    if (place.kind == GW_JSON_NONE)
        return;
    CHECK(place.begin <= place.end && place.end <= text.len);
    struct gw_str value = at_place(text, place);
    switch (place.kind) {
    case GW_JSON_STRING:
        CHECK(text.base[place.begin - 1] == '"' && text.base[place.end] == '"');
        break;
    case GW_JSON_TRUE:
        CHECK(gw_str_eq(value, GW_STR("true")));
        break;
    case GW_JSON_FALSE:
        CHECK(gw_str_eq(value, GW_STR("false")));
        break;
    case GW_JSON_OTHER:
        CHECK(value.len > 0);
        break;
    case GW_JSON_NONE:
        break;
    }
}

static void check_unescape(struct gw_str raw)
{
    char *decoded = malloc(raw.len ? raw.len : 1);

    CHECK(decoded);
    size_t len = gw_json_unescape(raw, decoded, raw.len);
    if (len != SIZE_MAX) {
        CHECK(len <= raw.len && gw_json_raw_prefix(raw, len) == raw.len);
        for (size_t cut = 0; cut <= len && len < BYTEWISE_MAX; cut++) {
            size_t at = gw_json_raw_prefix(raw, cut);
            char into[BYTEWISE_MAX];
            if (at == SIZE_MAX)
                continue;
            CHECK(gw_json_unescape((struct gw_str){raw.base, at}, into, cut) == cut);
            CHECK(memcmp(into, decoded, cut) == 0);
        }
    }
    free(decoded);
}

static unsigned count_key(const struct gw_json *json, struct gw_str wanted)
{
    struct gw_json_iter iter = gw_json_iter(json, 0);
    unsigned count = 0;
    uint32_t key, value;

    while (gw_json_next_member(json, &iter, &key, &value))
        count += gw_json_equals(json, key, wanted);
    return count;
}

static void check_member(const struct gw_json *json, struct gw_str name, struct gw_json_place place)
{
    uint32_t index = gw_json_get(json, 0, name);
    struct gw_str value = at_place(json->text, place);

    switch (gw_json_type(json, index)) {
    case GW_JSON_IS_ABSENT:
        CHECK(place.kind == GW_JSON_NONE);
        return;
    case GW_JSON_IS_STRING:
        CHECK(place.kind == GW_JSON_STRING);
        CHECK(value.base == gw_json_raw(json, index).base);
        CHECK(value.len == gw_json_raw(json, index).len);
        return;
    case GW_JSON_IS_TRUE:
        CHECK(place.kind == GW_JSON_TRUE);
        break;
    case GW_JSON_IS_FALSE:
        CHECK(place.kind == GW_JSON_FALSE);
        break;
    case GW_JSON_IS_NULL:
    case GW_JSON_IS_NUMBER:
    case GW_JSON_IS_ARRAY:
    case GW_JSON_IS_OBJECT:
        CHECK(place.kind == GW_JSON_OTHER);
        break;
    case GW_JSON_IS_KEY:
        abort();
    }
    CHECK(value.base == gw_json_slice(json, index).base);
    CHECK(value.len == gw_json_slice(json, index).len);
}

/* What the strict reader takes for an object, the scanner must let pass, and name the same model.
 */
static void check_against_reader(struct gw_str text, const struct outcome *outcome)
{
    struct gw_arena arena;
    struct gw_json json;

    gw_arena_init(&arena, NULL);
    if (gw_json_read(text, &arena, TOKENS_MAX, &json, NULL) == GW_OK) {
        bool object = gw_json_type(&json, 0) == GW_JSON_IS_OBJECT;
        bool valid = object && count_key(&json, GW_STR("model")) < 2;
        CHECK((outcome->status == GW_OK) == valid);
        if (valid) {
            check_member(&json, GW_STR("model"), outcome->model);
            check_member(&json, GW_STR("stream"), outcome->stream);
            CHECK(outcome->stream_twice == (count_key(&json, GW_STR("stream")) > 1));
        }
    }
    gw_arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct gw_str text = {(const char *)data + 2, size - 2};
    size_t first = data[0] % (text.len + 1), step = (size_t)data[1] + 1;
    struct outcome whole = scan(GW_JSON_SCAN_PLAIN, text, text.len, 1);

    for (int i = 0; i < GW_JSON_SCAN_SETS; i++) {
        enum gw_json_scan_set set = (enum gw_json_scan_set)i;
        if (!gw_json_scan_has(set))
            continue;
        struct outcome other = scan(set, text, text.len, 1);
        CHECK(same(&whole, &other));
        other = scan(set, text, first, step);
        CHECK(same(&whole, &other));
        if (text.len <= BYTEWISE_MAX) {
            other = scan(set, text, 0, 1);
            CHECK(same(&whole, &other));
        }
    }
    check_place(text, whole.model);
    check_place(text, whole.stream);
    if (whole.model.kind == GW_JSON_STRING)
        check_unescape(at_place(text, whole.model));
    check_against_reader(text, &whole);
    return 0;
}
