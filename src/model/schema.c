#include "model/schema.h"

#include "wire/json_read.h"
#include "wire/json_write.h"

#define TOKENS_MAX (1u << 20)

/* Takes what was written into the arena. */
static enum gw_status keep(struct gw_buf *buf, enum gw_status status, struct gw_arena *arena,
                           struct gw_str *kept_out)
{
    if (status == GW_OK) {
        struct gw_str kept = gw_arena_str(arena, gw_buf_str(buf));
        if (kept.base)
            *kept_out = kept;
        else
            status = GW_NO_MEMORY;
    }
    gw_buf_finish(buf);
    return status;
}

static bool is_one_of(const struct gw_json *json, uint32_t token, const struct gw_str *words,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (gw_json_equals(json, token, words[i]))
            return true;
    return false;
}

/* "name: value", behind what is noted already; strings without their quotes. */
static enum gw_status note(struct gw_buf *notes, struct gw_str between, const struct gw_json *json,
                           uint32_t key, uint32_t value, struct gw_arena *arena)
{
    struct gw_text text = {gw_json_raw(json, value)};
    enum gw_status status = GW_OK;

    if (!gw_text_present(text))
        text = gw_text_escape(gw_json_slice(json, value), arena);
    if (!gw_text_present(text))
        return GW_NO_MEMORY;
    if (gw_buf_len(notes))
        status = gw_buf_add(notes, between);
    if (status == GW_OK)
        status = gw_buf_add(notes, gw_json_raw(json, key));
    if (status == GW_OK)
        status = gw_buf_add(notes, GW_STR(": "));
    return status == GW_OK ? gw_buf_add(notes, text.raw) : status;
}

/* ---- tools ---- */

static bool is_combination(const struct gw_json *json, uint32_t key)
{
    static const struct gw_str words[] = {GW_STR_INIT("oneOf"), GW_STR_INIT("anyOf"),
                                          GW_STR_INIT("allOf")};

    return is_one_of(json, key, words, GW_COUNT(words));
}

static enum gw_status write_root(const struct gw_json *json, bool typed, struct gw_arena *arena,
                                 struct gw_str *schema_out)
{
    struct gw_json_iter iter = gw_json_iter(json, 0);
    struct gw_json_writer out;
    struct gw_buf buf;
    uint32_t key, value;

    gw_buf_init(&buf, GW_ARENA_ALLOC_MAX);
    gw_json_write_init(&out, &buf);
    gw_json_write_begin_object(&out);
    if (!typed) {
        gw_json_write_key(&out, GW_STR("type"));
        gw_json_write_string(&out, GW_STR("object"));
    }
    while (gw_json_next_member(json, &iter, &key, &value))
        if (!is_combination(json, key)) {
            gw_json_write_raw_key(&out, gw_json_raw(json, key));
            gw_json_write_raw(&out, gw_json_slice(json, value));
        }
    gw_json_write_end_object(&out);
    return keep(&buf, gw_json_write_finish(&out), arena, schema_out);
}

enum gw_status gw_schema_of_tool(struct gw_str schema, struct gw_arena *arena,
                                 struct gw_str *schema_out, struct gw_text *said_out)
{
    enum gw_status status = GW_OK;
    struct gw_json json;
    struct gw_buf said;
    uint32_t key, value;
    bool combined = false;

    *schema_out = GW_STR("{\"type\":\"object\",\"properties\":{}}");
    *said_out = (struct gw_text){{NULL, 0}};
    if (!schema.base)
        return GW_OK;
    status = gw_json_read(schema, arena, TOKENS_MAX, &json, NULL);
    if (status != GW_OK || gw_json_type(&json, 0) != GW_JSON_IS_OBJECT)
        return status;
    bool typed = gw_json_get(&json, 0, GW_STR("type")) != GW_JSON_ABSENT;
    struct gw_json_iter iter = gw_json_iter(&json, 0);
    gw_buf_init(&said, GW_ARENA_ALLOC_MAX);
    while (status == GW_OK && gw_json_next_member(&json, &iter, &key, &value))
        if (is_combination(&json, key)) {
            combined = true;
            status = note(&said, GW_STR("\\n"), &json, key, value, arena);
        }
    if (typed && !combined)
        *schema_out = schema;
    else if (status == GW_OK)
        status = write_root(&json, typed, arena, schema_out);
    if (combined)
        return keep(&said, status, arena, &said_out->raw);
    gw_buf_finish(&said);
    return status;
}

/* ---- structured output ---- */

/* What stands at a place of the document. */
enum place {
    PLACE_VALUE, /* anything: copied */
    PLACE_SCHEMA,
    PLACE_NAMES, /* an object of schemas by name */
    PLACE_LIST   /* an array of schemas */
};

/* Keywords that hold schemas. */
static const struct {
    struct gw_str key;
    enum place place;
} keywords[] = {
    {GW_STR_INIT("properties"), PLACE_NAMES},
    {GW_STR_INIT("patternProperties"), PLACE_NAMES},
    {GW_STR_INIT("$defs"), PLACE_NAMES},
    {GW_STR_INIT("definitions"), PLACE_NAMES},
    {GW_STR_INIT("dependentSchemas"), PLACE_NAMES},
    {GW_STR_INIT("anyOf"), PLACE_LIST},
    {GW_STR_INIT("oneOf"), PLACE_LIST},
    {GW_STR_INIT("allOf"), PLACE_LIST},
    {GW_STR_INIT("prefixItems"), PLACE_LIST},
    {GW_STR_INIT("items"), PLACE_SCHEMA}, /* once a list as well */
    {GW_STR_INIT("additionalItems"), PLACE_SCHEMA},
    {GW_STR_INIT("additionalProperties"), PLACE_SCHEMA},
    {GW_STR_INIT("unevaluatedItems"), PLACE_SCHEMA},
    {GW_STR_INIT("unevaluatedProperties"), PLACE_SCHEMA},
    {GW_STR_INIT("contains"), PLACE_SCHEMA},
    {GW_STR_INIT("propertyNames"), PLACE_SCHEMA},
    {GW_STR_INIT("if"), PLACE_SCHEMA},
    {GW_STR_INIT("then"), PLACE_SCHEMA},
    {GW_STR_INIT("else"), PLACE_SCHEMA},
};

static const struct gw_str refused[] = {
    GW_STR_INIT("minimum"),          GW_STR_INIT("maximum"),     GW_STR_INIT("exclusiveMinimum"),
    GW_STR_INIT("exclusiveMaximum"), GW_STR_INIT("multipleOf"),  GW_STR_INIT("minLength"),
    GW_STR_INIT("maxLength"),        GW_STR_INIT("pattern"),     GW_STR_INIT("minItems"),
    GW_STR_INIT("maxItems"),         GW_STR_INIT("uniqueItems"), GW_STR_INIT("minProperties"),
    GW_STR_INIT("maxProperties"),    GW_STR_INIT("not"),
};

static const struct gw_str formats[] = {
    GW_STR_INIT("date-time"), GW_STR_INIT("time"),     GW_STR_INIT("date"), GW_STR_INIT("duration"),
    GW_STR_INIT("email"),     GW_STR_INIT("hostname"), GW_STR_INIT("uri"),  GW_STR_INIT("ipv4"),
    GW_STR_INIT("ipv6"),      GW_STR_INIT("uuid"),
};

/* A container that is being written. */
struct level {
    enum place place;
    uint32_t token;
    struct gw_json_iter iter;
    /* Of a schema. */
    bool object;          /* of an object, which is closed */
    bool closed;          /* that was written */
    bool any_of;          /* it has one, so a oneOf cannot become one */
    bool noted;           /* something is refused */
    uint32_t description; /* the value that counts */
};

struct walk {
    const struct gw_json *json;
    struct gw_arena *arena;
    struct gw_json_writer out;
    bool changed;
    struct level levels[GW_JSON_READ_DEPTH_MAX];
    size_t depth;
};

static bool is_refused(const struct walk *walk, const struct level *level, uint32_t key,
                       uint32_t value)
{
    if (gw_json_equals(walk->json, key, GW_STR("oneOf")))
        return level->any_of;
    if (gw_json_equals(walk->json, key, GW_STR("format")))
        return !is_one_of(walk->json, value, formats, GW_COUNT(formats));
    return is_one_of(walk->json, key, refused, GW_COUNT(refused));
}

/* "object", or a list with it. */
static bool names_object(const struct gw_json *json, uint32_t type)
{
    struct gw_json_iter iter = gw_json_iter(json, type);
    uint32_t item;

    if (gw_json_equals(json, type, GW_STR("object")))
        return true;
    while (gw_json_next(json, &iter, &item))
        if (gw_json_equals(json, item, GW_STR("object")))
            return true;
    return false;
}

static void look_at_schema(const struct walk *walk, struct level *level)
{
    const struct gw_json *json = walk->json;
    struct gw_json_iter iter = level->iter;
    uint32_t key, value;

    while (gw_json_next_member(json, &iter, &key, &value)) {
        if (gw_json_equals(json, key, GW_STR("type")))
            level->object = level->object || names_object(json, value);
        else if (gw_json_equals(json, key, GW_STR("properties")))
            level->object = true;
        else if (gw_json_equals(json, key, GW_STR("anyOf")))
            level->any_of = true;
        else if (gw_json_equals(json, key, GW_STR("description")))
            level->description = value;
    }
    iter = level->iter;
    while (!level->noted && gw_json_next_member(json, &iter, &key, &value))
        level->noted = is_refused(walk, level, key, value);
}

static void enter(struct walk *walk, uint32_t token, enum place place)
{
    struct level *level = &walk->levels[walk->depth++]; /* the reader goes no deeper */

    *level = (struct level){.place = place,
                            .token = token,
                            .iter = gw_json_iter(walk->json, token),
                            .description = GW_JSON_ABSENT};
    if (place == PLACE_SCHEMA)
        look_at_schema(walk, level);
    if (place == PLACE_LIST)
        gw_json_write_begin_array(&walk->out);
    else
        gw_json_write_begin_object(&walk->out);
}

/* Enters what holds schemas; all else, and what does not look as it should, is copied. */
static void write_value(struct walk *walk, uint32_t value, enum place place)
{
    enum gw_json_type type = gw_json_type(walk->json, value);

    if (place == PLACE_SCHEMA && type == GW_JSON_IS_ARRAY)
        place = PLACE_LIST;
    if (place != PLACE_VALUE &&
        type == (place == PLACE_LIST ? GW_JSON_IS_ARRAY : GW_JSON_IS_OBJECT))
        enter(walk, value, place);
    else
        gw_json_write_raw(&walk->out, gw_json_slice(walk->json, value));
}

/* The description and what is refused, in one. */
static enum gw_status write_description(struct walk *walk, const struct level *level)
{
    const struct gw_json *json = walk->json;
    struct gw_json_iter iter = gw_json_iter(json, level->token);
    struct gw_str description = gw_json_raw(json, level->description);
    enum gw_status status = GW_OK;
    struct gw_buf text;
    uint32_t key, value;

    gw_buf_init(&text, GW_ARENA_ALLOC_MAX);
    while (status == GW_OK && gw_json_next_member(json, &iter, &key, &value))
        if (is_refused(walk, level, key, value))
            status = note(&text, GW_STR(", "), json, key, value, walk->arena);
    struct gw_str notes = gw_buf_str(&text);
    if (status == GW_OK && description.len) {
        struct gw_buf both;
        gw_buf_init(&both, GW_ARENA_ALLOC_MAX);
        status = gw_buf_add(&both, description);
        if (status == GW_OK)
            status = gw_buf_add(&both, GW_STR("\\n"));
        if (status == GW_OK)
            status = gw_buf_add(&both, notes);
        gw_buf_finish(&text);
        text = both;
    }
    gw_json_write_key(&walk->out, GW_STR("description"));
    gw_json_write_raw_string(&walk->out, gw_buf_str(&text));
    gw_buf_finish(&text);
    return status;
}

static void close_object(struct walk *walk, struct level *level)
{
    if (level->closed)
        return;
    gw_json_write_key(&walk->out, GW_STR("additionalProperties"));
    gw_json_write_bool(&walk->out, false);
    level->closed = true;
}

static enum place place_of(const struct gw_json *json, uint32_t key)
{
    for (size_t i = 0; i < GW_COUNT(keywords); i++)
        if (gw_json_equals(json, key, keywords[i].key))
            return keywords[i].place;
    return PLACE_VALUE;
}

static enum gw_status write_keyword(struct walk *walk, struct level *level, uint32_t key,
                                    uint32_t value)
{
    const struct gw_json *json = walk->json;

    if (is_refused(walk, level, key, value))
        return GW_OK; /* said in the description */
    if (level->noted && gw_json_equals(json, key, GW_STR("description")))
        return value == level->description ? write_description(walk, level) : GW_OK;
    if (level->object && gw_json_equals(json, key, GW_STR("additionalProperties"))) {
        walk->changed = walk->changed || gw_json_type(json, value) != GW_JSON_IS_FALSE;
        close_object(walk, level);
        return GW_OK;
    }
    if (gw_json_equals(json, key, GW_STR("oneOf"))) {
        walk->changed = true;
        gw_json_write_key(&walk->out, GW_STR("anyOf"));
    } else {
        gw_json_write_raw_key(&walk->out, gw_json_raw(json, key));
    }
    write_value(walk, value, place_of(json, key));
    return GW_OK;
}

static enum gw_status leave(struct walk *walk, struct level *level)
{
    enum gw_status status = GW_OK;

    walk->depth--;
    if (level->place == PLACE_LIST) {
        gw_json_write_end_array(&walk->out);
        return GW_OK;
    }
    walk->changed = walk->changed || level->noted || (level->object && !level->closed);
    if (level->noted && level->description == GW_JSON_ABSENT)
        status = write_description(walk, level);
    if (level->object)
        close_object(walk, level);
    gw_json_write_end_object(&walk->out);
    return status;
}

static enum gw_status step(struct walk *walk)
{
    struct level *level = &walk->levels[walk->depth - 1];
    uint32_t key, value;

    if (level->place == PLACE_LIST) {
        if (!gw_json_next(walk->json, &level->iter, &value))
            return leave(walk, level);
        write_value(walk, value, PLACE_SCHEMA);
        return GW_OK;
    }
    if (!gw_json_next_member(walk->json, &level->iter, &key, &value))
        return leave(walk, level);
    if (level->place == PLACE_SCHEMA)
        return write_keyword(walk, level, key, value);
    gw_json_write_raw_key(&walk->out, gw_json_raw(walk->json, key));
    write_value(walk, value, PLACE_SCHEMA);
    return GW_OK;
}

enum gw_status gw_schema_strict(struct gw_str schema, struct gw_arena *arena,
                                struct gw_str *schema_out)
{
    struct gw_json json;
    struct walk walk = {.json = &json, .arena = arena};
    struct gw_buf buf;
    enum gw_status status = gw_json_read(schema, arena, TOKENS_MAX, &json, NULL);

    if (status != GW_OK)
        return status;
    gw_buf_init(&buf, GW_ARENA_ALLOC_MAX);
    gw_json_write_init(&walk.out, &buf);
    write_value(&walk, 0, PLACE_SCHEMA);
    while (status == GW_OK && walk.depth)
        status = step(&walk);
    if (status == GW_OK)
        status = gw_json_write_finish(&walk.out);
    if (status == GW_OK && !walk.changed) {
        gw_buf_finish(&buf);
        *schema_out = schema;
        return GW_OK;
    }
    return keep(&buf, status, arena, schema_out);
}
