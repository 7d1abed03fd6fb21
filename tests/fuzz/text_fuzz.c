/*
 * Fuzzes model/text, model/arguments and model/media: text that is escaped and decoded comes back, what is cut
 * off is what it should be, and whatever is made is JSON.
 */
#include <stdlib.h>

#include "base/utf8.h"
#include "model/arguments.h"
#include "model/media.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define TOKENS_MAX 65536u

static bool is_utf8(struct gw_str bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        struct gw_utf8_step step = gw_utf8_step(gw_str_from(bytes, at));
        if (!step.valid)
            return false;
        at += step.len;
    }
    return true;
}

static bool is_json(struct gw_str json, struct gw_arena *arena)
{
    struct gw_json read;

    return gw_json_read(json, arena, TOKENS_MAX, &read, NULL) == GW_OK;
}

/* As a string of a document that we write. */
static void check_written(struct gw_text text, struct gw_arena *arena)
{
    struct gw_str decoded = gw_text_decode(text, arena), again;
    struct gw_json_writer out;
    struct gw_json json;
    struct gw_buf buf;

    gw_buf_init(&buf, 1 << 24);
    gw_json_write_init(&out, &buf);
    gw_json_write_raw_string(&out, text.raw);
    CHECK(gw_json_write_finish(&out) == GW_OK);
    CHECK(gw_json_read(gw_buf_str(&buf), arena, 1, &json, NULL) == GW_OK);
    CHECK(gw_json_string(&json, 0, arena, &again) == GW_OK && gw_str_eq(again, decoded));
    gw_buf_finish(&buf);
}

static void check_ends(struct gw_text text, struct gw_arena *arena)
{
    struct gw_text trimmed = gw_text_trim_end(text), rest = text;

    CHECK(trimmed.raw.len <= text.raw.len);
    CHECK(gw_text_is_blank((struct gw_text){gw_str_from(text.raw, trimmed.raw.len)}));
    CHECK(gw_text_trim_end(trimmed).raw.len == trimmed.raw.len);
    CHECK(gw_text_is_blank(text) == (trimmed.raw.len == 0));
    check_written(trimmed, arena);
    struct gw_text cut = gw_text_cut_surrogate(&rest);
    CHECK(rest.raw.len + cut.raw.len == text.raw.len);
    check_written(rest, arena);
    if (gw_text_present(cut))
        check_written(cut, arena);
}

static void check_arguments(struct gw_text text, struct gw_arena *arena)
{
    struct gw_arguments arguments = {.string = text};
    struct gw_ledger ledger = {0};
    struct gw_json json;
    struct gw_str object = gw_arguments_object(&arguments, arena, &ledger);

    CHECK(gw_json_read(object, arena, TOKENS_MAX, &json, NULL) == GW_OK);
    CHECK(gw_json_type(&json, 0) == GW_JSON_IS_OBJECT);
    struct gw_arguments value = {.json = object};
    CHECK(gw_str_eq(gw_arguments_object(&value, arena, &ledger), object));
    CHECK(gw_str_eq(gw_text_decode(gw_arguments_string(&value, arena), arena), object));
    check_written(gw_arguments_to_custom(&arguments, arena), arena);
    struct gw_arguments custom = {.json = gw_arguments_of_custom(text, arena)};
    CHECK(is_json(custom.json, arena));
    CHECK(gw_str_eq(gw_arguments_to_custom(&custom, arena).raw, text.raw));
}

static void check_media(struct gw_text text, struct gw_arena *arena)
{
    struct gw_source source = {0}, again = {0};
    struct gw_text inside = gw_media_text(text, arena);

    if (gw_text_present(inside))
        check_written(inside, arena);
    (void)gw_media_type_of_name(gw_text_decode(text, arena));
    if (gw_data_url_read(text, arena, &source) != GW_OK)
        return;
    struct gw_text back = gw_data_url_write(&source, arena);
    CHECK(gw_text_present(back));
    check_written(back, arena);
    /* A type can hold what looks like a parameter once it is written; the kind stays. */
    if (gw_data_url_read(back, arena, &again) == GW_OK)
        CHECK(again.kind == source.kind);
}

static void check(struct gw_text text, struct gw_arena *arena)
{
    check_written(text, arena);
    check_ends(text, arena);
    check_arguments(text, arena);
    check_media(text, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *exact = malloc(size + 2); /* with quotes, so that a byte read too many is seen */
    struct gw_arena arena;
    struct gw_json json;

    CHECK(exact);
    exact[0] = exact[size + 1] = '"';
    if (size)
        memcpy(exact + 1, data, size);
    struct gw_str bytes = {exact + 1, size};
    gw_arena_init(&arena, NULL);
    struct gw_text text = gw_text_escape(bytes, &arena);
    CHECK(gw_text_present(text));
    CHECK(gw_str_eq(gw_text_decode(text, &arena), bytes) == is_utf8(bytes));
    check(text, &arena);
    /* Read as a string that somebody else wrote. */
    if (gw_json_read((struct gw_str){exact, size + 2}, &arena, 1, &json, NULL) == GW_OK)
        check((struct gw_text){gw_json_raw(&json, 0)}, &arena);
    gw_arena_finish(&arena);
    free(exact);
    return 0;
}
