#include "model/names.h"

#include <openssl/sha.h>

#include "base/map.h"
#include "base/utf8.h"

#define HASH_HEX 8u /* of a SHA-256, behind what was cut or changed */
#define NINE 9u
#define MINTED 24u

/* ---- what both are made of ---- */

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (gw_lower(c) >= 'a' && gw_lower(c) <= 'z');
}

static bool is_safe(char c)
{
    return is_alphanumeric(c) || c == '_' || c == '-';
}

static bool all_are(struct gw_str s, bool (*is)(char c))
{
    for (size_t i = 0; i < s.len; i++)
        if (!is(s.base[i]))
            return false;
    return true;
}

/* @param digits  at most 64 */
static void put_hash(struct gw_str of, char *into, size_t digits)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)of.base, of.len, digest);
    for (size_t i = 0; i < digits; i++)
        into[i] = hex[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
}

/* Bytes of the first `characters` of it, or all there are. */
static size_t bytes_of(struct gw_str text, size_t characters)
{
    size_t at = 0;

    while (characters-- && at < text.len)
        at += gw_utf8_step(gw_str_from(text, at)).len;
    return at;
}

/* The first `characters` of it, each that is not safe as '_'. @return bytes written */
static size_t put_safe(struct gw_str text, size_t characters, char *into)
{
    size_t done = 0;

    for (size_t at = 0; at < text.len && done < characters; done++) {
        into[done] = is_safe(text.base[at]) ? text.base[at] : '_';
        at += gw_utf8_step(gw_str_from(text, at)).len;
    }
    return done;
}

/* ---- ids of calls ---- */

static bool id_fits(struct gw_str id, enum gw_id_rule rule)
{
    switch (rule) {
    case GW_ID_ANY:
        return true;
    case GW_ID_MESSAGES:
        return id.len >= 1 && id.len <= 64 && all_are(id, is_safe);
    case GW_ID_CHAT:
        return bytes_of(id, GW_CALL_ID_CHAT_MAX) == id.len;
    case GW_ID_RESPONSES:
        return bytes_of(id, 64) == id.len;
    case GW_ID_NINE:
        return id.len == NINE && all_are(id, is_alphanumeric);
    }
    return true;
}

struct gw_text gw_call_id(struct gw_text id, enum gw_id_rule rule, struct gw_arena *arena)
{
    static const struct gw_text absent = {{NULL, 0}};
    struct gw_str text = gw_text_present(id) ? gw_text_decode(id, arena) : GW_STR("");

    if (!text.base)
        return absent;
    if (id_fits(text, rule))
        return id;
    size_t kept = 0;
    if (rule == GW_ID_CHAT || rule == GW_ID_RESPONSES)
        kept = bytes_of(text, rule == GW_ID_CHAT ? 31 : 55);
    char *made = gw_arena_bytes(arena, kept + 64);
    if (!made)
        return absent;
    if (rule == GW_ID_NINE) {
        put_hash(text, made, NINE);
        return (struct gw_text){{made, NINE}};
    }
    if (rule == GW_ID_MESSAGES)
        kept = put_safe(text, 55, made);
    else if (kept)
        memcpy(made, text.base, kept);
    made[kept] = '_';
    put_hash(text, made + kept + 1, HASH_HEX);
    return gw_text_escape((struct gw_str){made, kept + 1 + HASH_HEX}, arena);
}

struct gw_text gw_call_id_mint(struct gw_str prefix, struct gw_str seed, unsigned number,
                               struct gw_arena *arena)
{
    static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    unsigned char input[16 + sizeof(number)] = {0}, digest[SHA256_DIGEST_LENGTH];
    char *made = gw_arena_bytes(arena, prefix.len + MINTED);

    if (!made)
        return (struct gw_text){{NULL, 0}};
    if (seed.len)
        memcpy(input, seed.base, seed.len < 16 ? seed.len : 16);
    memcpy(input + 16, &number, sizeof(number));
    SHA256(input, sizeof(input), digest);
    if (prefix.len)
        memcpy(made, prefix.base, prefix.len);
    for (size_t i = 0; i < MINTED; i += 8) {
        uint64_t word;
        memcpy(&word, digest + i, sizeof(word));
        for (size_t j = 0; j < 8; j++, word /= 62)
            made[prefix.len + i + j] = base62[word % 62];
    }
    return (struct gw_text){{made, prefix.len + MINTED}};
}

/* ---- names of tools ---- */

/* One name that was changed. */
struct name {
    struct gw_str from; /* the caller's, decoded */
    struct gw_text caller;
    struct gw_str to;
    struct name *next;
};

struct gw_name_map {
    struct name *names;
};

struct renaming {
    struct gw_arena *arena;
    size_t bytes_max;
    struct gw_map taken;   /* names that go upstream */
    struct gw_map changed; /* by the caller's name: struct name */
    struct name *first, **last;
};

static bool name_fits(struct gw_str name, size_t bytes_max)
{
    return name.len >= 1 && name.len <= bytes_max && all_are(name, is_safe);
}

/* A name where it stands in the request. */
struct place {
    struct gw_text *name;
    struct gw_text space; /* of Responses; absent: none */
};

/* All places of names, one after the other: tools, what may be called, the choice, the history. */
struct places {
    struct gw_tool *tool;
    struct gw_name_list *allowed;
    bool choice;
    struct gw_message *message;
    struct gw_part *part;
    struct gw_request *request;
};

static struct places all_places(struct gw_request *request)
{
    return (struct places){.tool = request->tools,
                           .allowed = request->allowed,
                           .choice = request->tool_choice == GW_CHOICE_TOOL,
                           .message = request->messages,
                           .part = request->messages ? request->messages->parts : NULL,
                           .request = request};
}

/* The next name of a call or result. */
static struct gw_part *next_part(struct places *places)
{
    while (places->message) {
        struct gw_part *part = places->part;
        if (!part) {
            places->message = places->message->next;
            places->part = places->message ? places->message->parts : NULL;
            continue;
        }
        places->part = part->next;
        if (part->kind == GW_PART_TOOL_CALL || part->kind == GW_PART_TOOL_RESULT)
            return part;
    }
    return NULL;
}

static bool next_place(struct places *places, struct place *place_out)
{
    struct gw_part *part;

    *place_out = (struct place){NULL, {{NULL, 0}}};
    if (places->tool) {
        *place_out = (struct place){&places->tool->name, places->tool->space};
        if (places->tool->kind == GW_TOOL_HOSTED)
            place_out->name = NULL; /* its vendor's */
        places->tool = places->tool->next;
    } else if (places->allowed) {
        place_out->name = &places->allowed->name;
        places->allowed = places->allowed->next;
    } else if (places->choice) {
        place_out->name = &places->request->tool_choice_name;
        places->choice = false;
    } else if ((part = next_part(places))) {
        *place_out = (struct place){&part->name, part->space};
    } else {
        return false;
    }
    if (place_out->name && !gw_text_present(*place_out->name))
        place_out->name = NULL;
    return true;
}

/* Puts the namespace in front, as the caller knows the tool where there are none. */
static bool flatten(struct place *place, struct gw_arena *arena)
{
    struct gw_str space = place->space.raw, name = place->name->raw;

    if (space.len == 0)
        return true;
    if (space.len > GW_ARENA_ALLOC_MAX / 2 || name.len > GW_ARENA_ALLOC_MAX / 4)
        return false;
    char *both = gw_arena_bytes(arena, space.len + 2 + name.len);
    if (!both)
        return false;
    memcpy(both, space.base, space.len);
    memcpy(both + space.len, "__", 2);
    if (name.len)
        memcpy(both + space.len + 2, name.base, name.len);
    place->name->raw = (struct gw_str){both, space.len + 2 + name.len};
    return true;
}

/* The cleaned name; where it was cut, or is taken, with a hash behind it. */
static struct gw_str make_name(struct renaming *renaming, struct gw_str from)
{
    size_t max = renaming->bytes_max, len;
    char *made = gw_arena_bytes(renaming->arena, max);

    if (!made)
        return (struct gw_str){NULL, 0};
    len = put_safe(from, max, made);
    if (len && bytes_of(from, max) == from.len &&
        !gw_map_get(&renaming->taken, (struct gw_str){made, len}))
        return (struct gw_str){made, len};
    len = put_safe(from, max - 1 - HASH_HEX, made);
    made[len] = '_';
    struct gw_str hashed = from, whole = {made, len + 1 + HASH_HEX};
    do {
        /* Once, unless a caller has named a tool just so: then the hash of what was taken is next. */
        put_hash(hashed, made + len + 1, HASH_HEX);
        hashed = gw_arena_str(renaming->arena, whole);
        if (!hashed.base)
            return hashed;
    } while (gw_map_get(&renaming->taken, whole));
    return whole;
}

static enum gw_status change(struct renaming *renaming, struct gw_text *name, struct gw_str from)
{
    struct name *known = gw_map_get(&renaming->changed, from);

    if (!known) {
        known = gw_arena_zalloc(renaming->arena, sizeof(*known));
        if (!known)
            return GW_NO_MEMORY;
        *known = (struct name){.from = from, .caller = *name, .to = make_name(renaming, from)};
        if (!known->to.base || !gw_map_add(&renaming->taken, known->to, known) ||
            !gw_map_add(&renaming->changed, from, known))
            return GW_NO_MEMORY;
        *renaming->last = known;
        renaming->last = &known->next;
    }
    name->raw = known->to;
    return GW_OK;
}

/* @param fitting  first pass: names that fit are theirs; second pass: all others get one */
static enum gw_status pass(struct renaming *renaming, struct gw_request *request, bool fitting)
{
    struct places places = all_places(request);
    struct place place;
    enum gw_status status = GW_OK;

    while (status == GW_OK && next_place(&places, &place)) {
        if (!place.name)
            continue;
        if (fitting && !flatten(&place, renaming->arena))
            return GW_NO_MEMORY;
        struct gw_str name = gw_text_decode(*place.name, renaming->arena);
        if (!name.base)
            return GW_NO_MEMORY;
        bool fits = name_fits(name, renaming->bytes_max);
        if (fits && fitting && !gw_map_get(&renaming->taken, name) &&
            !gw_map_add(&renaming->taken, name, renaming))
            return GW_NO_MEMORY;
        if (!fits && !fitting)
            status = change(renaming, place.name, name);
    }
    return status;
}

/* Nearly always, so that nothing is built then. */
static bool all_fit(struct gw_request *request, size_t bytes_max)
{
    struct places places = all_places(request);
    struct place place;

    while (next_place(&places, &place))
        if (place.name && (place.space.raw.len || !name_fits(place.name->raw, bytes_max)))
            return false;
    return true;
}

enum gw_status gw_names_apply(struct gw_request *request, size_t bytes_max,
                              struct gw_name_map **map_out)
{
    struct renaming renaming = {.arena = request->arena, .bytes_max = bytes_max};

    *map_out = NULL;
    if (all_fit(request, bytes_max))
        return GW_OK;
    renaming.last = &renaming.first;
    gw_map_init(&renaming.taken);
    gw_map_init(&renaming.changed);
    enum gw_status status = pass(&renaming, request, true);
    if (status == GW_OK)
        status = pass(&renaming, request, false);
    gw_map_finish(&renaming.taken);
    gw_map_finish(&renaming.changed);
    if (status != GW_OK || !renaming.first)
        return status;
    struct gw_name_map *map = gw_arena_zalloc(request->arena, sizeof(*map));
    if (!map)
        return GW_NO_MEMORY;
    map->names = renaming.first;
    *map_out = map;
    return GW_OK;
}

struct gw_text gw_names_restore(const struct gw_name_map *map, struct gw_text name)
{
    for (const struct name *at = map ? map->names : NULL; at; at = at->next)
        if (gw_text_equals(name, at->to))
            return at->caller;
    return name;
}
