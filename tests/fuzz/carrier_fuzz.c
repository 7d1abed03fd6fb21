/*
 * Fuzzes model/carrier: whatever stands where one should is read or dropped, and what was read comes back the
 * same when it is written and read again.
 */
#include <stdlib.h>

#include "model/carrier.h"
#include "wire/json_read.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

/* Lone surrogates are mended on the way, so what they say is compared. */
static bool same(struct gw_text a, struct gw_text b, struct gw_arena *arena)
{
    return gw_text_present(a) == gw_text_present(b) &&
           gw_str_eq(gw_text_decode(a, arena), gw_text_decode(b, arena));
}

static void check_again(const struct gw_part *part, struct gw_arena *arena)
{
    struct gw_text carrier = gw_carrier_write(part, 7, arena);
    struct gw_part *again;

    CHECK(gw_carrier_is(carrier));
    CHECK(gw_carrier_read(carrier, arena, &again) == GW_OK);
    CHECK(again && !again->next && again->kind == part->kind && again->family == part->family);
    CHECK(same(again->text, part->text, arena) && same(again->id, part->id, arena) &&
          same(again->signature, part->signature, arena) && same(again->data, part->data, arena) &&
          same(again->gsig, part->gsig, arena));
}

static void check(struct gw_text data, struct gw_arena *arena)
{
    struct gw_part *parts = NULL;
    unsigned count = 0;

    CHECK(gw_carrier_read(data, arena, &parts) == GW_OK);
    CHECK(!parts || gw_carrier_is(data));
    for (const struct gw_part *part = parts; part; part = part->next) {
        CHECK(++count <= GW_CARRIER_BLOCKS_MAX);
        check_again(part, arena);
    }
}

/* The bytes as what is packed in one. */
static struct gw_text pack(struct gw_str bytes, struct gw_arena *arena)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *into = gw_arena_bytes(arena, bytes.len * 2 + 16);
    size_t len = 6;

    CHECK(into);
    memcpy(into, "gw1:o:", 6);
    if (bytes.len)
        into[4] = "aogdx"[(unsigned char)bytes.base[0] % 5];
    uint32_t group = 0;
    unsigned bits = 0;
    for (size_t at = 1; at < bytes.len; at++) {
        group = group << 8 | (unsigned char)bytes.base[at];
        for (bits += 8; bits >= 6; bits -= 6)
            into[len++] = digits[group >> (bits - 6) & 63];
    }
    if (bits)
        into[len++] = digits[group << (6 - bits) & 63];
    return (struct gw_text){{into, len}};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum gw_part_kind kinds[] = {GW_PART_REASONING, GW_PART_REDACTED,
                                              GW_PART_TOOL_CALL};
    char *exact = malloc(size ? size : 1); /* so that a byte read too many is seen */
    struct gw_arena arena;

    CHECK(exact);
    if (size)
        memcpy(exact, data, size);
    struct gw_str bytes = {exact, size};
    gw_arena_init(&arena, NULL);
    struct gw_text text = gw_text_escape(bytes, &arena);
    check(text, &arena);
    check(pack(bytes, &arena), &arena);
    for (size_t i = 0; i < GW_COUNT(kinds); i++) {
        struct gw_part part = {.kind = kinds[i], .family = GW_FAMILY_OPENAI, .id = text};
        *(i == 0 ? &part.text : i == 1 ? &part.data : &part.gsig) = text;
        check_again(&part, &arena);
    }
    gw_arena_finish(&arena);
    free(exact);
    return 0;
}
