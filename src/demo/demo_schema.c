/* A value for a JSON schema. Schemas come from the caller and may refer to themselves: the walk has
 * a stack of its own, a depth, and a number of schemas that it looks at at most. */
#include "demo/demo_answer.h"

#define DEPTH_MAX 16u
/* From this depth on, members that the schema does not require are left out. */
#define OPTIONAL_DEPTH 3u
#define VISITS_MAX 2000u
#define ITEMS_MAX 5u
#define HOPS_MAX 8u /* $ref, anyOf and the like, one behind the other */
#define VALUE_BYTES_MAX ((size_t)256 << 10)
#define WORDS_MAX 8u

struct level {
    uint32_t schema;
    bool is_array;
    struct gw_json_iter properties;
    unsigned items_left;
};

struct walk {
    struct gw_demo_exchange *ex;
    uint32_t root;
    struct gw_json_writer out;
    struct level levels[DEPTH_MAX];
    unsigned depth, visits;
    struct gw_str words[WORDS_MAX];
    unsigned words_count, word_at;
};

/* ---- words for strings ---- */

static bool has_capital(struct gw_str word)
{
    return word.base[0] >= 'A' && word.base[0] <= 'Z';
}

/* The telling words of a text: names first (capitals, but not at the start), then long ones. */
static void find_words(struct walk *walk, struct gw_str text)
{
    for (int pass = 0; pass < 2; pass++) {
        struct gw_str rest = gw_demo_prefix(text, 4096), word;
        bool first = true;
        while (walk->words_count < WORDS_MAX && gw_demo_next_word(&rest, &word)) {
            bool is_name = has_capital(word) && !first && word.len > 1;
            if (pass == 0 ? is_name : !is_name && word.len > 3)
                walk->words[walk->words_count++] = gw_demo_prefix(word, 64);
            first = false;
        }
    }
    if (walk->words_count == 0)
        walk->words[walk->words_count++] = GW_STR("demo");
}

static struct gw_str string_for(struct walk *walk, uint32_t schema)
{
    static const struct {
        const char *format, *value;
    } formats[] = {
        {"date", "2026-01-31"},          {"date-time", "2026-01-31T12:00:00Z"},
        {"email", "demo@example.com"},   {"time", "12:00:00Z"},
        {"uri", "https://example.com/"}, {"uuid", "00000000-0000-4000-8000-000000000001"},
    };

    for (size_t i = 0; i < GW_COUNT(formats); i++)
        if (gw_demo_is(walk->ex, schema, "format", formats[i].format))
            return gw_str_of(formats[i].value);
    return walk->words[walk->word_at++ % walk->words_count];
}

/* ---- what a schema says ---- */

/* "#/$defs/name" and "#/definitions/name", as generators of schemas write it. */
static uint32_t referred(const struct walk *walk, struct gw_str pointer)
{
    static const char *const places[] = {"$defs", "definitions"};

    if (gw_str_eq(pointer, GW_STR("#")))
        return walk->root;
    for (size_t i = 0; i < GW_COUNT(places); i++) {
        struct gw_str place = gw_str_of(places[i]);
        size_t len = place.len + 3;
        if (pointer.len <= len || pointer.base[0] != '#' || pointer.base[1] != '/' ||
            !gw_str_starts(gw_str_from(pointer, 2), place) || pointer.base[len - 1] != '/')
            continue;
        uint32_t holder = gw_json_get(&walk->ex->json, walk->root, place);
        return gw_json_get(&walk->ex->json, holder, gw_str_from(pointer, len));
    }
    return GW_JSON_ABSENT;
}

static uint32_t first_of(const struct walk *walk, uint32_t list)
{
    struct gw_json_iter iter = gw_json_iter(&walk->ex->json, list);
    uint32_t each;

    while (gw_json_next(&walk->ex->json, &iter, &each))
        if (!gw_demo_is(walk->ex, each, "type", "null"))
            return each;
    return GW_JSON_ABSENT;
}

/* Follows references and takes the first of alternatives. */
static uint32_t resolve(const struct walk *walk, uint32_t schema)
{
    static const char *const lists[] = {"anyOf", "oneOf", "allOf"};

    for (unsigned hops = 0; hops < HOPS_MAX; hops++) {
        uint32_t next = GW_JSON_ABSENT;
        struct gw_str pointer = gw_demo_member_text(walk->ex, schema, "$ref");
        if (pointer.len)
            next = referred(walk, pointer);
        for (size_t i = 0; i < GW_COUNT(lists) && next == GW_JSON_ABSENT; i++)
            next = first_of(walk, gw_demo_member(walk->ex, schema, lists[i]));
        if (next == GW_JSON_ABSENT)
            break;
        schema = next;
    }
    return schema;
}

/* Its "type", or the first in a list that is not null. */
static bool is_type(const struct walk *walk, uint32_t schema, const char *name)
{
    const struct gw_json *json = &walk->ex->json;
    uint32_t type = gw_demo_member(walk->ex, schema, "type"), each;
    struct gw_json_iter iter = gw_json_iter(json, type);

    if (gw_json_type(json, type) == GW_JSON_IS_STRING)
        return gw_json_equals(json, type, gw_str_of(name));
    if (gw_json_type(json, type) != GW_JSON_IS_ARRAY)
        return false;
    while (gw_json_next(json, &iter, &each))
        if (!gw_json_equals(json, each, GW_STR("null")))
            return gw_json_equals(json, each, gw_str_of(name));
    return false;
}

static bool is_required(const struct walk *walk, uint32_t schema, uint32_t key)
{
    const struct gw_json *json = &walk->ex->json;
    struct gw_json_iter iter = gw_json_iter(json, gw_demo_member(walk->ex, schema, "required"));
    uint32_t each;

    while (gw_json_next(json, &iter, &each))
        if (gw_str_eq(gw_json_raw(json, each), gw_json_raw(json, key)))
            return true;
    return false;
}

/* ---- writing ---- */

static void begin_object(struct walk *walk, uint32_t schema)
{
    uint32_t properties = gw_demo_member(walk->ex, schema, "properties");

    gw_json_write_begin_object(&walk->out);
    walk->levels[walk->depth++] =
        (struct level){.schema = schema, .properties = gw_json_iter(&walk->ex->json, properties)};
}

static void begin_array(struct walk *walk, uint32_t schema)
{
    uint64_t items = gw_demo_member_u(walk->ex, schema, "minItems", 1);

    if (gw_demo_member(walk->ex, schema, "items") == GW_JSON_ABSENT)
        items = 0;
    else if (items == 0 || items > ITEMS_MAX)
        items = items ? ITEMS_MAX : 1;
    gw_json_write_begin_array(&walk->out);
    walk->levels[walk->depth++] =
        (struct level){.schema = schema, .is_array = true, .items_left = (unsigned)items};
}

static void write_number(struct walk *walk, uint32_t schema)
{
    uint32_t least = gw_demo_member(walk->ex, schema, "minimum");

    if (gw_json_type(&walk->ex->json, least) == GW_JSON_IS_NUMBER)
        gw_json_write_raw(&walk->out, gw_json_slice(&walk->ex->json, least));
    else
        gw_json_write_int64(&walk->out, 1);
}

/* @return false when it is none of the fixed values */
static bool write_fixed(struct walk *walk, uint32_t schema)
{
    const struct gw_json *json = &walk->ex->json;
    uint32_t value = gw_demo_member(walk->ex, schema, "const");
    struct gw_json_iter iter = gw_json_iter(json, gw_demo_member(walk->ex, schema, "enum"));

    if (value == GW_JSON_ABSENT && !gw_json_next(json, &iter, &value))
        return false;
    gw_json_write_raw(&walk->out, gw_json_slice(json, value));
    return true;
}

static void write_value(struct walk *walk, uint32_t schema)
{
    schema = resolve(walk, schema);
    if (walk->depth == DEPTH_MAX || walk->visits >= VISITS_MAX)
        gw_json_write_null(&walk->out);
    else if (write_fixed(walk, schema))
        return;
    else if (is_type(walk, schema, "object") ||
             gw_demo_member(walk->ex, schema, "properties") != GW_JSON_ABSENT)
        begin_object(walk, schema);
    else if (is_type(walk, schema, "array"))
        begin_array(walk, schema);
    else if (is_type(walk, schema, "number") || is_type(walk, schema, "integer"))
        write_number(walk, schema);
    else if (is_type(walk, schema, "boolean"))
        gw_json_write_bool(&walk->out, true);
    else if (is_type(walk, schema, "null") || gw_demo_is(walk->ex, schema, "type", "null"))
        gw_json_write_null(&walk->out);
    else
        gw_json_write_string(&walk->out, string_for(walk, schema));
}

static void go_on_array(struct walk *walk, struct level *level)
{
    if (level->items_left == 0 || walk->visits >= VISITS_MAX) {
        gw_json_write_end_array(&walk->out);
        walk->depth--;
        return;
    }
    level->items_left--;
    write_value(walk, gw_demo_member(walk->ex, level->schema, "items"));
}

static void go_on_object(struct walk *walk, struct level *level)
{
    uint32_t key, value;

    if (walk->visits >= VISITS_MAX ||
        !gw_json_next_member(&walk->ex->json, &level->properties, &key, &value)) {
        gw_json_write_end_object(&walk->out);
        walk->depth--;
        return;
    }
    if (walk->depth > OPTIONAL_DEPTH && !is_required(walk, level->schema, key))
        return;
    struct gw_str name;
    if (gw_json_string(&walk->ex->json, key, &walk->ex->arena, &name) != GW_OK)
        return;
    gw_json_write_key(&walk->out, name);
    write_value(walk, value);
}

struct gw_str gw_demo_from_schema(struct gw_demo_exchange *ex, uint32_t schema, struct gw_str text)
{
    struct walk walk = {.ex = ex, .root = schema};
    struct gw_str json = {NULL, 0};
    struct gw_buf buf;

    if (gw_json_type(&ex->json, schema) != GW_JSON_IS_OBJECT)
        return GW_STR("{}");
    gw_buf_init(&buf, VALUE_BYTES_MAX);
    gw_json_write_init(&walk.out, &buf);
    find_words(&walk, text);
    write_value(&walk, schema);
    while (walk.depth > 0) {
        struct level *level = &walk.levels[walk.depth - 1];
        walk.visits++;
        if (level->is_array)
            go_on_array(&walk, level);
        else
            go_on_object(&walk, level);
    }
    if (gw_json_write_finish(&walk.out) == GW_OK)
        json = gw_arena_str(&ex->arena, gw_buf_str(&buf));
    gw_buf_finish(&buf);
    return json.len ? json : GW_STR("{}");
}
