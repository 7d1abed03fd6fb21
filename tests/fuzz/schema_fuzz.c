/*
 * Fuzzes model/schema: what is made of any JSON is JSON of no greater depth, needs no change a second time, and
 * is the same slice when nothing was to be done.
 */
#include <stdlib.h>

#include "model/schema.h"
#include "wire/json_read.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define TOKENS_MAX (1u << 20)

static void check_strict(struct gw_str in, bool is_json, struct gw_arena *arena)
{
    struct gw_str schema = {NULL, 0}, again;
    struct gw_json json;
    enum gw_status status = gw_schema_strict(in, arena, &schema);

    CHECK((status == GW_OK) == is_json);
    if (!is_json)
        return;
    CHECK(gw_json_read(schema, arena, TOKENS_MAX, &json, NULL) == GW_OK);
    CHECK(gw_schema_strict(schema, arena, &again) == GW_OK && again.base == schema.base);
}

static void check_tool(struct gw_str in, bool is_json, struct gw_arena *arena)
{
    struct gw_str schema = {NULL, 0}, again;
    struct gw_text said, nothing;
    struct gw_json json;
    enum gw_status status = gw_schema_of_tool(in, arena, &schema, &said);

    CHECK((status == GW_OK) == is_json);
    if (!is_json)
        return;
    CHECK(gw_json_read(schema, arena, TOKENS_MAX, &json, NULL) == GW_OK);
    CHECK(gw_json_type(&json, 0) == GW_JSON_IS_OBJECT);
    CHECK(gw_json_get(&json, 0, GW_STR("type")) != GW_JSON_ABSENT);
    CHECK(gw_json_get(&json, 0, GW_STR("anyOf")) == GW_JSON_ABSENT);
    CHECK(gw_schema_of_tool(schema, arena, &again, &nothing) == GW_OK);
    CHECK(again.base == schema.base && !gw_text_present(nothing));
    if (gw_text_present(said))
        CHECK(gw_text_decode(said, arena).base != NULL);
    check_strict(schema, true, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *exact = malloc(size ? size : 1); /* so that a byte read too many is seen */
    struct gw_arena arena;
    struct gw_json json;

    CHECK(exact);
    if (size)
        memcpy(exact, data, size);
    struct gw_str in = {exact, size};
    gw_arena_init(&arena, NULL);
    bool is_json = gw_json_read(in, &arena, TOKENS_MAX, &json, NULL) == GW_OK;
    check_strict(in, is_json, &arena);
    check_tool(in, is_json, &arena);
    gw_arena_finish(&arena);
    free(exact);
    return 0;
}
