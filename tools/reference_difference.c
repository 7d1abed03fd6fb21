/*
 * tools/reference: the difference of two JSON texts, member by member, for the cells of tables.
 */
#include "reference.h"
#include "wire/json_read.h"

#include <stdlib.h>

#define PATH_BYTES 256u
#define TOKENS_MAX 65536u

struct sides {
    FILE *out;
    struct gw_json before, after;
    unsigned told;
};

void reference_code(FILE *out, struct gw_str text)
{
    fputc('`', out);
    for (size_t i = 0; i < text.len; i++) {
        if (text.base[i] == '|')
            fputc('\\', out);
        fputc(text.base[i], out);
    }
    fputc('`', out);
}

static void tell(struct sides *sides, const char *path, struct gw_str value)
{
    if (sides->told++)
        fprintf(sides->out, "<br>");
    if (!value.base)
        fprintf(sides->out, "no ");
    reference_code(sides->out, gw_str_of(path));
    if (!value.base)
        return;
    fprintf(sides->out, ": ");
    reference_code(sides->out, value);
}

static void join(char into[PATH_BYTES], const char *path, struct gw_str key)
{
    int len = snprintf(into, PATH_BYTES, "%s%s%.*s", path, path[0] ? "." : "", GW_STR_ARG(key));

    if (len < 0 || (unsigned)len >= PATH_BYTES)
        abort();
}

static void at(char into[PATH_BYTES], const char *path, uint32_t index)
{
    int len = snprintf(into, PATH_BYTES, "%s[%u]", path, index);

    if (len < 0 || (unsigned)len >= PATH_BYTES)
        abort();
}

/* The texts are our own, so how deep they are is known. */
static void compare(struct sides *sides, const char *path, uint32_t before, uint32_t after);

static void compare_objects(struct sides *sides, const char *path, uint32_t before, uint32_t after)
{
    struct gw_json_iter iter = gw_json_iter(&sides->after, after);
    char member[PATH_BYTES];
    uint32_t key, value;

    while (gw_json_next_member(&sides->after, &iter, &key, &value)) {
        struct gw_str name = gw_json_raw(&sides->after, key);
        join(member, path, name);
        compare(sides, member, gw_json_get(&sides->before, before, name), value);
    }
    iter = gw_json_iter(&sides->before, before);
    while (gw_json_next_member(&sides->before, &iter, &key, &value)) {
        struct gw_str name = gw_json_raw(&sides->before, key);
        if (gw_json_get(&sides->after, after, name) != GW_JSON_ABSENT)
            continue;
        join(member, path, name);
        tell(sides, member, (struct gw_str){NULL, 0});
    }
}

static uint32_t element(const struct gw_json *json, uint32_t array, uint32_t index)
{
    struct gw_json_iter iter = gw_json_iter(json, array);
    uint32_t value = GW_JSON_ABSENT;

    for (uint32_t i = 0; i <= index; i++)
        if (!gw_json_next(json, &iter, &value))
            return GW_JSON_ABSENT;
    return value;
}

static bool is_same(const struct sides *sides, uint32_t before, uint32_t after)
{
    return gw_str_eq(gw_json_slice(&sides->before, before), gw_json_slice(&sides->after, after));
}

/* What is the same at both ends is left out, so that an element that came in between is one. */
static void compare_arrays(struct sides *sides, const char *path, uint32_t before, uint32_t after)
{
    uint32_t old = gw_json_count(&sides->before, before), now = gw_json_count(&sides->after, after);
    uint32_t front = 0, back = 0;
    char place[PATH_BYTES];

    while (front < old && front < now &&
           is_same(sides, element(&sides->before, before, front),
                   element(&sides->after, after, front)))
        front++;
    while (front + back < old && front + back < now &&
           is_same(sides, element(&sides->before, before, old - 1 - back),
                   element(&sides->after, after, now - 1 - back)))
        back++;
    for (uint32_t i = front; i + back < now; i++) {
        at(place, path, i);
        compare(sides, place, i + back < old ? element(&sides->before, before, i) : GW_JSON_ABSENT,
                element(&sides->after, after, i));
    }
    for (uint32_t i = now > front + back ? now - back : front; i + back < old; i++) {
        at(place, path, i);
        tell(sides, place, (struct gw_str){NULL, 0});
    }
}

/* A part that has become one of another type is told whole. */
static bool is_same_type(const struct sides *sides, uint32_t before, uint32_t after)
{
    return is_same(sides, gw_json_get(&sides->before, before, GW_STR("type")),
                   gw_json_get(&sides->after, after, GW_STR("type")));
}

static void compare(struct sides *sides, const char *path, uint32_t before, uint32_t after)
{
    enum gw_json_type type = gw_json_type(&sides->after, after);

    if (before != GW_JSON_ABSENT && is_same(sides, before, after))
        return;
    if (type == GW_JSON_IS_OBJECT && gw_json_type(&sides->before, before) == type &&
        is_same_type(sides, before, after))
        compare_objects(sides, path, before, after);
    else if (type == GW_JSON_IS_ARRAY && gw_json_type(&sides->before, before) == type)
        compare_arrays(sides, path, before, after);
    else
        tell(sides, path, gw_json_slice(&sides->after, after));
}

void reference_difference(FILE *out, struct gw_str before, struct gw_str after)
{
    struct sides sides = {.out = out};
    struct gw_arena arena;
    struct gw_err err;

    gw_arena_init(&arena, NULL);
    if (gw_json_read(before, &arena, TOKENS_MAX, &sides.before, &err) != GW_OK ||
        gw_json_read(after, &arena, TOKENS_MAX, &sides.after, &err) != GW_OK) {
        fprintf(stderr, "tools/reference: no JSON: %s\n", err.message);
        abort();
    }
    compare(&sides, "", 0, 0);
    if (sides.told == 0)
        fprintf(out, "nothing");
    gw_arena_finish(&arena);
}
