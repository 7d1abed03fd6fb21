#include "model/arguments.h"

#include "wire/json_read.h"
#include "wire/json_string.h"

#define TOKENS_MAX (1u << 20) /* arguments of more are not looked into */

static const struct gw_str nothing = {NULL, 0};

/* `head`, `middle` and `tail` in one. */
static struct gw_str join(struct gw_arena *arena, struct gw_str head, struct gw_str middle,
                          struct gw_str tail)
{
    if (middle.len > GW_ARENA_ALLOC_MAX / 2)
        return nothing;
    char *into = gw_arena_bytes(arena, head.len + middle.len + tail.len);
    if (!into)
        return nothing;
    memcpy(into, head.base, head.len);
    if (middle.len)
        memcpy(into + head.len, middle.base, middle.len);
    memcpy(into + head.len + middle.len, tail.base, tail.len);
    return (struct gw_str){into, head.len + middle.len + tail.len};
}

static struct gw_str trim(struct gw_str json)
{
    while (json.len && memchr(" \t\r\n", json.base[0], 4))
        json = gw_str_from(json, 1);
    while (json.len && memchr(" \t\r\n", json.base[json.len - 1], 4))
        json.len--;
    return json;
}

/* The arguments as JSON text, maybe broken. */
static struct gw_str json_text(const struct gw_arguments *arguments, struct gw_arena *arena)
{
    if (arguments->json.base)
        return arguments->json;
    return gw_text_decode(arguments->string, arena);
}

struct gw_str gw_arguments_object(const struct gw_arguments *arguments, struct gw_arena *arena,
                                  struct gw_ledger *ledger)
{
    struct gw_str text = json_text(arguments, arena), bare = trim(text);
    struct gw_json json;

    if (!text.base && gw_text_present(arguments->string))
        return nothing;
    if (bare.len == 0 || gw_str_eq(bare, GW_STR("null")))
        return GW_STR("{}");
    if (bare.base[0] == '{') {
        if (arguments->json.base)
            return text;
        enum gw_status status = gw_json_read(text, arena, TOKENS_MAX, &json, NULL);
        if (status == GW_OK)
            return text;
        if (status == GW_NO_MEMORY)
            return nothing;
    }
    if (ledger)
        gw_ledger_add(ledger, GW_LEDGER_REWRITE, GW_STR("tool_arguments"));
    struct gw_text raw = arguments->json.base ? gw_text_escape(text, arena) : arguments->string;
    if (!gw_text_present(raw))
        return nothing;
    return join(arena, GW_STR("{\"__raw_arguments\":\""), raw.raw, GW_STR("\"}"));
}

struct gw_text gw_arguments_string(const struct gw_arguments *arguments, struct gw_arena *arena)
{
    if (arguments->json.base)
        return gw_text_escape(arguments->json, arena);
    if (arguments->string.raw.len == 0)
        return GW_TEXT("{}");
    return arguments->string;
}

struct gw_str gw_arguments_of_custom(struct gw_text input, struct gw_arena *arena)
{
    return join(arena, GW_STR("{\"input\":\""), input.raw, GW_STR("\"}"));
}

struct gw_text gw_arguments_to_custom(const struct gw_arguments *arguments, struct gw_arena *arena)
{
    struct gw_str text = json_text(arguments, arena);
    struct gw_json json;

    if (!text.base && gw_text_present(arguments->string))
        return (struct gw_text){nothing};
    enum gw_status status = gw_json_read(text, arena, TOKENS_MAX, &json, NULL);
    if (status == GW_NO_MEMORY)
        return (struct gw_text){nothing};
    if (status == GW_OK) {
        uint32_t input = gw_json_get(&json, 0, GW_STR("input"));
        if (gw_json_type(&json, input) == GW_JSON_IS_STRING)
            return (struct gw_text){gw_json_raw(&json, input)};
    }
    if (arguments->json.base)
        return gw_text_escape(arguments->json, arena);
    return gw_text_present(arguments->string) ? arguments->string : GW_TEXT("");
}
