/*
 * Fuzzes wire/json_read and wire/json_write: a tape that is well formed, values that are values by
 * themselves, read-write-read without loss, and output that is valid whatever strings go in.
 */
#include <stdlib.h>

#include "base/utf8.h"
#include "unit/wire/json_rewrite.h"
#include "wire/json_string.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define TOKENS_MAX 65536u
#define SLICES_MAX 64u

/* Children stand behind their container and inside of it, one after the other, as many as it says.
 */
static void check_container(const struct gw_json *json, uint32_t index)
{
    const struct gw_json_token *token = &json->tokens[index];
    bool object = token->type == GW_JSON_IS_OBJECT;
    struct gw_json_iter iter = gw_json_iter(json, index);
    uint32_t value, count = 0, end = token->begin + 1, next = index + 1;

    while (gw_json_next(json, &iter, &value)) {
        if (object) {
            CHECK(json->tokens[next].type == GW_JSON_IS_KEY && json->tokens[next].begin >= end);
            end = json->tokens[next].end;
        }
        CHECK(value == next + object);
        CHECK(json->tokens[value].type != GW_JSON_IS_KEY && json->tokens[value].begin >= end);
        end = json->tokens[value].end;
        next = json->tokens[value].next;
        count++;
    }
    CHECK(next == token->next && end < token->end && count == token->count);
}

static void check_tape(const struct gw_json *json, struct gw_arena *arena)
{
    CHECK(json->count && json->tokens[0].next == json->count);
    for (uint32_t i = 0; i < json->count; i++) {
        const struct gw_json_token *token = &json->tokens[i];
        struct gw_str text;
        int64_t number;
        CHECK(token->begin < token->end && token->end <= json->text.len);
        CHECK(token->next > i && token->next <= json->count);
        if (token->type == GW_JSON_IS_OBJECT || token->type == GW_JSON_IS_ARRAY)
            check_container(json, i);
        else
            CHECK(token->next == i + 1 && token->count == 0);
        if (gw_json_string(json, i, arena, &text) == GW_OK)
            CHECK(gw_json_equals(json, i, text));
        (void)gw_json_int64(json, i, &number);
    }
}

/* A value cut out is a document of as many tokens. */
static void check_slices(const struct gw_json *json)
{
    for (uint32_t i = 0; i < json->count && i < SLICES_MAX; i++) {
        struct gw_arena arena;
        struct gw_json part;
        gw_arena_init(&arena, NULL);
        CHECK(gw_json_read(gw_json_slice(json, i), &arena, TOKENS_MAX, &part, NULL) == GW_OK);
        CHECK(part.count == json->tokens[i].next - i);
        gw_arena_finish(&arena);
    }
}

static void check_round_trip(const struct gw_json *json, struct gw_arena *arena)
{
    struct gw_buf buf;
    struct gw_json_writer out;
    struct gw_json again;

    gw_buf_init(&buf, 64 + json->text.len * 6);
    gw_json_write_init(&out, &buf);
    json_rewrite(json, arena, &out);
    CHECK(gw_json_write_finish(&out) == GW_OK);
    CHECK(gw_json_read(gw_buf_str(&buf), arena, TOKENS_MAX, &again, NULL) == GW_OK);
    CHECK(json_same_tapes(json, &again, arena));
    gw_buf_finish(&buf);
}

/* The bytes as a string: valid JSON always, and the same bytes when they were UTF-8. */
static void check_write(struct gw_str text, struct gw_arena *arena)
{
    struct gw_buf buf;
    struct gw_json_writer out;
    struct gw_json json;
    bool utf8 = true;

    for (size_t at = 0; at < text.len;) {
        struct gw_utf8_step step = gw_utf8_step(gw_str_from(text, at));
        CHECK(step.len >= 1 && step.len <= text.len - at);
        utf8 = utf8 && step.valid;
        at += step.len;
    }
    gw_buf_init(&buf, 2 + text.len * 6);
    gw_json_write_init(&out, &buf);
    gw_json_write_string(&out, text);
    CHECK(gw_json_write_finish(&out) == GW_OK);
    CHECK(gw_json_read(gw_buf_str(&buf), arena, 1, &json, NULL) == GW_OK);
    CHECK(gw_json_equals(&json, 0, text) == utf8);
    gw_buf_finish(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *exact = malloc(size ? size : 1); /* so that a byte read too many is seen */
    struct gw_arena arena;
    struct gw_json json;
    struct gw_err err = {0};

    CHECK(exact);
    if (size)
        memcpy(exact, data, size);
    struct gw_str text = {exact, size};
    gw_arena_init(&arena, NULL);
    enum gw_status status = gw_json_read(text, &arena, TOKENS_MAX, &json, &err);
    if (status == GW_OK) {
        check_tape(&json, &arena);
        check_slices(&json);
        check_round_trip(&json, &arena);
        if (json.count > 1)
            CHECK(gw_json_read(text, &arena, json.count - 1, &json, NULL) == GW_TOO_LARGE);
    } else {
        CHECK(status == GW_INVALID || status == GW_TOO_LARGE);
        CHECK(err.status == status && err.offset <= size && err.message[0]);
    }
    check_write(text, &arena);
    gw_arena_finish(&arena);
    free(exact);
    return 0;
}
