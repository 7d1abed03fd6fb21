#include "model/carrier.h"

#include "wire/json_read.h"
#include "wire/json_scan.h"
#include "wire/json_string.h"
#include "wire/json_write.h"

#define HEAD_BYTES 6u /* "gw1:a:" */
#define TOKENS_MAX (GW_CARRIER_BLOCKS_MAX * 16)
#define FIRST_BLOCK 1u /* the token behind the array's */

static const struct gw_str mark = GW_STR_INIT("gw1:");
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool gw_carrier_is(struct gw_text data)
{
    size_t len = gw_text_present(data) ? gw_json_raw_prefix(data.raw, mark.len) : SIZE_MAX;

    return len != SIZE_MAX && gw_json_raw_equals((struct gw_str){data.raw.base, len}, mark);
}

/* ---- writing ---- */

static void put(struct gw_json_writer *out, struct gw_str key, struct gw_text text)
{
    gw_json_write_key(out, key);
    if (gw_text_present(text))
        gw_json_write_raw_string(out, text.raw);
    else
        gw_json_write_null(out);
}

enum gw_status gw_carrier_write_json(const struct gw_part *part, unsigned index, struct gw_buf *buf)
{
    struct gw_json_writer out;
    bool call = part->kind == GW_PART_TOOL_CALL, redacted = part->kind == GW_PART_REDACTED;
    bool anthropic = part->family == GW_FAMILY_ANTHROPIC;

    gw_json_write_init(&out, buf);
    gw_json_write_begin_array(&out);
    gw_json_write_begin_object(&out);
    gw_json_write_key(&out, GW_STR("k"));
    if (call) {
        gw_json_write_string(&out, GW_STR("gsig"));
        put(&out, GW_STR("c"), part->id);
        put(&out, GW_STR("d"), part->gsig);
    } else if (redacted) {
        gw_json_write_string(&out, anthropic ? GW_STR("red") : GW_STR("enc"));
        if (!anthropic || gw_text_present(part->id))
            put(&out, GW_STR("id"), part->id);
        put(&out, GW_STR("d"), part->data);
    } else {
        gw_json_write_string(&out, GW_STR("text"));
        if (gw_text_present(part->id))
            put(&out, GW_STR("id"), part->id);
        put(&out, GW_STR("x"), gw_text_present(part->text) ? part->text : GW_TEXT(""));
        if (gw_text_present(part->signature))
            put(&out, GW_STR("s"), part->signature);
    }
    gw_json_write_key(&out, GW_STR("i"));
    gw_json_write_uint64(&out, index);
    gw_json_write_end_object(&out);
    gw_json_write_end_array(&out);
    return gw_json_write_finish(&out);
}

/* Without padding. @return bytes written, (4 * len + 2) / 3 */
static size_t encode(struct gw_str bytes, char *into)
{
    size_t done = 0;

    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t left = bytes.len - at < 3 ? bytes.len - at : 3;
        uint32_t group = 0;
        for (size_t i = 0; i < 3; i++)
            group = group << 8 | (i < left ? (unsigned char)bytes.base[at + i] : 0u);
        for (size_t i = 0; i <= left; i++)
            into[done++] = digits[group >> (18 - 6 * i) & 63];
    }
    return done;
}

struct gw_text gw_carrier_write(const struct gw_part *part, unsigned index, struct gw_arena *arena)
{
    struct gw_text carrier = {{NULL, 0}};
    struct gw_buf json;

    gw_buf_init(&json, GW_ARENA_ALLOC_MAX / 2);
    if (gw_carrier_write_json(part, index, &json) == GW_OK) {
        struct gw_str bytes = gw_buf_str(&json);
        char *into = gw_arena_bytes(arena, HEAD_BYTES + (bytes.len / 3 + 1) * 4);
        if (into) {
            memcpy(into, mark.base, mark.len);
            into[mark.len] = gw_family_letter(part->family);
            into[mark.len + 1] = ':';
            carrier.raw = (struct gw_str){into, HEAD_BYTES + encode(bytes, into + HEAD_BYTES)};
        }
    }
    gw_buf_finish(&json);
    return carrier;
}

/* ---- reading ---- */

/* @param into  room for len / 4 * 3 + 2 bytes. @return SIZE_MAX: it is not base64url */
static size_t decode(struct gw_str text, char *into)
{
    size_t done = 0;
    uint32_t group = 0;
    unsigned bits = 0;

    if (text.len % 4 == 1)
        return SIZE_MAX;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = memchr(digits, text.base[i], sizeof(digits) - 1);
        if (!digit)
            return SIZE_MAX;
        group = group << 6 | (uint32_t)(digit - digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            into[done++] = (char)(group >> bits & 0xff);
        }
    }
    return done;
}

static struct gw_text member(const struct gw_json *json, uint32_t block, struct gw_str key)
{
    uint32_t value = gw_json_get(json, block, key);

    if (gw_json_type(json, value) != GW_JSON_IS_STRING)
        return (struct gw_text){{NULL, 0}};
    return (struct gw_text){gw_json_raw(json, value)};
}

/* @return false: no block that we know, or not all of it */
static bool read_block(const struct gw_json *json, uint32_t block, struct gw_part *part)
{
    struct gw_text kind = member(json, block, GW_STR("k"));

    if (gw_text_equals(kind, GW_STR("text"))) {
        part->kind = GW_PART_REASONING;
        part->id = member(json, block, GW_STR("id"));
        part->text = member(json, block, GW_STR("x"));
        part->signature = member(json, block, GW_STR("s"));
        return gw_text_present(part->text);
    }
    if (gw_text_equals(kind, GW_STR("gsig"))) {
        part->kind = GW_PART_TOOL_CALL;
        part->id = member(json, block, GW_STR("c"));
        part->gsig = member(json, block, GW_STR("d"));
        return gw_text_present(part->gsig);
    }
    if (gw_text_equals(kind, GW_STR("red")) || gw_text_equals(kind, GW_STR("enc"))) {
        part->kind = GW_PART_REDACTED;
        part->id = member(json, block, GW_STR("id"));
        part->data = member(json, block, GW_STR("d"));
        return gw_text_present(part->data);
    }
    return false;
}

static enum gw_status read_blocks(const struct gw_json *json, enum gw_family family,
                                  struct gw_arena *arena, struct gw_part **parts_out)
{
    struct gw_json_iter iter = gw_json_iter(json, 0);
    uint32_t block;

    if (gw_json_type(json, 0) != GW_JSON_IS_ARRAY)
        return GW_OK;
    for (unsigned i = 0; i < GW_CARRIER_BLOCKS_MAX && gw_json_next(json, &iter, &block); i++) {
        struct gw_part read = {.family = family}, *part;
        if (!read_block(json, block, &read))
            continue;
        part = gw_arena_alloc(arena, sizeof(*part));
        if (!part)
            return GW_NO_MEMORY;
        *part = read;
        *parts_out = part;
        parts_out = &part->next;
    }
    return GW_OK;
}

enum gw_status gw_carrier_read(struct gw_text data, struct gw_arena *arena,
                               struct gw_part **parts_out)
{
    struct gw_part *parts = NULL;
    struct gw_json json;

    *parts_out = NULL;
    if (!gw_carrier_is(data))
        return GW_OK;
    struct gw_str text = gw_text_decode(data, arena);
    if (!text.base)
        return GW_NO_MEMORY;
    if (text.len < HEAD_BYTES || text.base[HEAD_BYTES - 1] != ':')
        return GW_OK;
    enum gw_family family = gw_family_of(text.base[mark.len]);
    text = gw_str_from(text, HEAD_BYTES);
    char *bytes = gw_arena_bytes(arena, text.len / 4 * 3 + 2);
    if (!bytes)
        return GW_NO_MEMORY;
    size_t len = decode(text, bytes);
    if (family == GW_FAMILY_NONE || len == SIZE_MAX)
        return GW_OK;
    enum gw_status status =
        gw_json_read((struct gw_str){bytes, len}, arena, TOKENS_MAX, &json, NULL);
    if (status == GW_OK)
        status = read_blocks(&json, family, arena, &parts);
    if (status == GW_OK)
        *parts_out = parts;
    return status == GW_NO_MEMORY ? status : GW_OK;
}

enum gw_status gw_carrier_read_json(struct gw_str text, enum gw_family family,
                                    struct gw_arena *arena, struct gw_part **part_out,
                                    unsigned *index_out)
{
    struct gw_json json;
    int64_t index = 0;

    *part_out = NULL;
    *index_out = 0;
    enum gw_status status = gw_json_read(text, arena, TOKENS_MAX, &json, NULL);
    if (status == GW_OK)
        status = read_blocks(&json, family, arena, part_out);
    if (status == GW_OK && *part_out &&
        gw_json_int64(&json, gw_json_get(&json, FIRST_BLOCK, GW_STR("i")), &index) && index > 0 &&
        index <= UINT32_MAX)
        *index_out = (unsigned)index;
    return status == GW_NO_MEMORY ? status : GW_OK;
}
