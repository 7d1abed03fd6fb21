/* Every row of the key tables is tried: with a value it takes, and with those it must refuse. */
#include "unit/test.h"

#include "config/keys.h"
#include "unit/config/load.h"

#include <inttypes.h>

#define TEXT_BYTES 2048

/* One place in a file where a table can stand. */
struct place {
    const struct gw_config_table *table;
    char header[96]; /* "providers.p" */
    bool list;       /* [[…]] */
};

/* All tables, found from the root; at most this many. */
#define PLACES_MAX 64
static struct place places[PLACES_MAX];
static unsigned places_count;

static void add_place(const struct gw_config_table *table, const char *outer, const char *name,
                      const char *below, bool list)
{
    struct place *place = &places[places_count++];

    assert_true(places_count < PLACES_MAX);
    place->table = table;
    place->list = list;
    (void)snprintf(place->header, sizeof place->header, "%s%s%s%s", outer, outer[0] ? "." : "",
                   name, below);
}

static void find_places(void)
{
    add_place(&gw_config_root, "", "", "", false);
    for (unsigned at = 0; at < places_count; at++) {
        const struct gw_config_table *table = places[at].table;
        for (size_t i = 0; i < table->keys_count; i++) {
            const struct gw_config_key *key = &table->keys[i];
            const char *below = strcmp(key->name, "models") == 0 ? ".m" : ".p";
            if (key->kind == GW_KEY_TABLE || key->kind == GW_KEY_TABLE_LIST)
                add_place(key->child, places[at].header, key->name, "",
                          key->kind == GW_KEY_TABLE_LIST);
            else if (key->kind == GW_KEY_TABLES)
                add_place(key->child, places[at].header, key->name, below, false);
        }
    }
}

static bool is_plain(const struct gw_config_key *key)
{
    return key->kind <= GW_KEY_STRING_MAP;
}

/* Values that the kind of a row alone does not tell. */
static const struct {
    const char *table, *key, *value;
} special[] = {
    {"providers.p", "base_url", "\"demo:\""},
    {"providers.p", "models", "[\"m\"]"},
    {"providers.p", "ca_file", "\"/proc/self/exe\""},
    {"providers.p", "auth_header_name", "\"x-key\""},
    {"server", "host", "\"127.0.0.1\""},
    {"server", "tls_cert", "\"/proc/self/exe\""},
    {"server", "tls_key", "\"/proc/self/exe\""},
    {"admin", "host", "\"127.0.0.1\""},
    {"metrics", "path", "\"/m\""},
    {"models.m", "timeout_ms", "1"},
    {"targets.p", "model", "\"m\""},
    {"targets.p", "provider", "\"p\""},
    {"routes.p", "targets", "[\"t\"]"},
    {"routes.p.steps", "targets", "[\"t\"]"},
    {"functions.p", "models", "[\"m\"]"},
    {"functions.p", "targets", "[\"t\"]"},
    {"functions.p.steps", "targets", "[\"t\"]"},
    {"functions.p.variants.p", "model", "\"m\""},
    {"functions.p.variants.p", "provider", "\"p\""},
};

static void default_text(const struct gw_config_key *key, char out[256])
{
    struct gw_str list = gw_str_of(key->fallback), item;
    const char *between = "";

    switch (key->kind) {
    case GW_KEY_STRINGS:
        (void)snprintf(out, 256, "[");
        while (gw_str_next_item(&list, &item)) {
            size_t used = strlen(out);
            (void)snprintf(out + used, 256 - used, "%s\"%.*s\"", between, GW_STR_ARG(item));
            between = ", ";
        }
        strncat(out, "]", 255 - strlen(out));
        return;
    case GW_KEY_STRING:
    case GW_KEY_CHOICE:
    case GW_KEY_URL:
    case GW_KEY_CREDENTIAL:
        (void)snprintf(out, 256, "\"%s\"", key->fallback);
        return;
    case GW_KEY_BOOL:
    case GW_KEY_INTEGER:
    case GW_KEY_NUMBER:
    case GW_KEY_STRING_MAP:
    case GW_KEY_TABLE:
    case GW_KEY_TABLES:
    case GW_KEY_TABLE_LIST:
        break;
    }
    (void)snprintf(out, 256, "%s", key->fallback);
}

/* A value that the row takes. */
static void good_value(const char *header, const struct gw_config_key *key, char out[256])
{
    for (size_t i = 0; i < GW_COUNT(special); i++)
        if (strcmp(special[i].table, header) == 0 && strcmp(special[i].key, key->name) == 0) {
            (void)snprintf(out, 256, "%s", special[i].value);
            return;
        }
    if (key->fallback) {
        default_text(key, out);
        return;
    }
    switch (key->kind) {
    case GW_KEY_BOOL:
        (void)snprintf(out, 256, "true");
        break;
    case GW_KEY_INTEGER:
    case GW_KEY_NUMBER:
        (void)snprintf(out, 256, "%" PRId64, key->max);
        break;
    case GW_KEY_CHOICE: /* the derived one has no name */
        (void)snprintf(out, 256, "\"%s\"", key->choices[key->choices[0][0] ? 0 : 1]);
        break;
    case GW_KEY_STRING:
        (void)snprintf(out, 256, "\"x\"");
        break;
    case GW_KEY_URL:
        (void)snprintf(out, 256, "\"http://h:1/p\"");
        break;
    case GW_KEY_CREDENTIAL:
        (void)snprintf(out, 256, "\"env::GW_KEYS_TEST\"");
        break;
    case GW_KEY_STRINGS:
        (void)snprintf(out, 256, "[\"%s\"]", key->choices ? key->choices[0] : "x");
        break;
    case GW_KEY_STRING_MAP:
        (void)snprintf(out, 256, "{ a = \"b\" }");
        break;
    case GW_KEY_TABLE:
    case GW_KEY_TABLES:
    case GW_KEY_TABLE_LIST:
        fail_msg("not a plain key: %s", key->name);
    }
}

/* A file in which `key = value` stands alone on the last line. @return that line's number */
static unsigned compose(const struct place *place, const struct gw_config_key *key,
                        const char *value, char out[TEXT_BYTES])
{
    char sibling[256];
    int len = 0;
    unsigned lines = 1;
    bool server = strcmp(place->header, "server") == 0;
    bool provider = strcmp(place->header, "providers.p") == 0;

    len += snprintf(out, TEXT_BYTES, "%s%s[targets.t]\nmodel = \"m\"\n%s%s%s\n",
                    server ? "" : "[server]\n",
                    provider ? "" : "[providers.p]\nbase_url = \"demo:\"\nmodels = [\"m\"]\n",
                    place->list ? "[[" : "[", place->header, place->list ? "]]" : "]");
    for (size_t i = 0; i < place->table->keys_count; i++) {
        const struct gw_config_key *other = &place->table->keys[i];
        bool pair =
            server && strncmp(key->name, "tls_", 4) == 0 && strncmp(other->name, "tls_", 4) == 0;
        if (other == key || (!(other->flags & GW_KEY_REQUIRED) && !pair) || !is_plain(other))
            continue;
        good_value(place->header, other, sibling);
        len += snprintf(out + len, TEXT_BYTES - (size_t)len, "%s = %s\n", other->name, sibling);
    }
    len += snprintf(out + len, TEXT_BYTES - (size_t)len, "%s = %s\n", key->name, value);
    assert_true(len < TEXT_BYTES);
    for (const char *at = out; at[1]; at++)
        lines += *at == '\n';
    return lines;
}

/* Is there an error at this line and column that speaks of the key? Column 0: any. */
static bool complains(const struct loaded *loaded, unsigned line, unsigned column, const char *name)
{
    char start[48];
    const char *at = loaded->said;

    if (column)
        (void)snprintf(start, sizeof start, "t:%u:%u: error: ", line, column);
    else
        (void)snprintf(start, sizeof start, "t:%u:", line);
    for (; (at = strstr(at, start)); at++) {
        const char *end = strchr(at, '\n');
        const char *named = strstr(at, name);
        const char *error = strstr(at, " error: ");
        if (end && error && error < end && named && named < end)
            return true;
    }
    return false;
}

static void expect_good(const struct place *place, const struct gw_config_key *key,
                        const char *value)
{
    char text[TEXT_BYTES];
    struct loaded loaded;
    unsigned line = compose(place, key, value, text);

    load_text(text, &loaded);
    if (complains(&loaded, line, 0, ""))
        fail_msg("%s.%s = %s should be taken:\n%s\n%s", place->header, key->name, value, text,
                 loaded.said);
    load_finish(&loaded);
}

/* @param inside  how many bytes into the value the error is */
static void expect_bad_inside(const struct place *place, const struct gw_config_key *key,
                              const char *value, unsigned inside)
{
    char text[TEXT_BYTES], name[160];
    struct loaded loaded;
    unsigned line = compose(place, key, value, text);
    unsigned column = (unsigned)strlen(key->name) + 4 + inside; /* behind " = " */

    (void)snprintf(name, sizeof name, "%s.%s ", place->header, key->name);
    load_text(text, &loaded);
    if (loaded.status == GW_OK || !complains(&loaded, line, column, name))
        fail_msg("%s.%s = %s should be refused at %u:%u:\n%s\n%s", place->header, key->name, value,
                 line, column, text, loaded.said);
    load_finish(&loaded);
}

static void expect_bad(const struct place *place, const struct gw_config_key *key,
                       const char *value)
{
    expect_bad_inside(place, key, value, 0);
}

/* For each plain key of each table. */
static void each_key(void (*try)(const struct place *, const struct gw_config_key *))
{
    for (unsigned at = 1; at < places_count; at++)
        for (size_t i = 0; i < places[at].table->keys_count; i++)
            if (is_plain(&places[at].table->keys[i]))
                try(&places[at], &places[at].table->keys[i]);
}

static void try_good(const struct place *place, const struct gw_config_key *key)
{
    char value[256];

    good_value(place->header, key, value);
    expect_good(place, key, value);
    if (key->flags & GW_KEY_LATER)
        return;
    if (key->kind == GW_KEY_INTEGER) {
        (void)snprintf(value, sizeof value, "%" PRId64, key->min);
        expect_good(place, key, value);
        (void)snprintf(value, sizeof value, "%" PRId64, key->max);
        expect_good(place, key, value);
    }
    for (size_t i = 0; key->kind == GW_KEY_CHOICE && key->choices[i]; i++) {
        (void)snprintf(value, sizeof value, "\"%s\"", key->choices[i]);
        if (key->choices[i][0])
            expect_good(place, key, value);
    }
}

static void test_every_key_takes_what_it_should(void **state)
{
    (void)state;
    each_key(try_good);
}

static void try_wrong_type(const struct place *place, const struct gw_config_key *key)
{
    expect_bad(place, key, "1979-05-27"); /* no key is a date */
    expect_bad(place, key, key->kind == GW_KEY_BOOL ? "1" : "true");
    if (key->kind == GW_KEY_STRINGS)
        expect_bad_inside(place, key, "[1]", 1);
    if (key->kind == GW_KEY_STRINGS)
        expect_bad_inside(place, key, "[\"\"]", 1);
}

static void test_every_key_refuses_other_types(void **state)
{
    (void)state;
    each_key(try_wrong_type);
}

static void try_bad(const struct place *place, const struct gw_config_key *key)
{
    char value[64];
    bool integer = key->kind == GW_KEY_INTEGER;

    if ((integer || key->kind == GW_KEY_NUMBER) && key->min > INT64_MIN) {
        (void)snprintf(value, sizeof value, "%" PRId64, key->min - 1);
        expect_bad(place, key, value);
    }
    if ((integer || key->kind == GW_KEY_NUMBER) && key->max < INT64_MAX) {
        (void)snprintf(value, sizeof value, "%" PRId64, key->max + 1);
        expect_bad(place, key, value);
    }
    if (key->kind == GW_KEY_NUMBER)
        expect_bad(place, key, "nan");
    if (key->choices && key->kind != GW_KEY_STRINGS)
        expect_bad(place, key, "\"no-such-word\"");
    if (key->choices && key->kind == GW_KEY_CHOICE)
        expect_bad(place, key, "\"\"");
    if (key->choices && key->kind == GW_KEY_STRINGS)
        expect_bad_inside(place, key, "[\"no-such-word\"]", 1);
    if (key->kind == GW_KEY_STRING)
        expect_bad(place, key, "\"a\\nb\"");
    if ((key->flags & GW_KEY_FILLED) && key->kind == GW_KEY_STRING)
        expect_bad(place, key, "\"\"");
    if (key->kind == GW_KEY_URL)
        expect_bad(place, key, "\"ftp://h/\"");
    if (key->kind == GW_KEY_CREDENTIAL)
        expect_bad(place, key, "\"literal\"");
}

static void test_every_key_refuses_bad_values(void **state)
{
    (void)state;
    each_key(try_bad);
}

static void try_later(const struct place *place, const struct gw_config_key *key)
{
    char value[256];

    if (!(key->flags & GW_KEY_LATER))
        return;
    assert_non_null(place->table->reason);
    if (key->kind == GW_KEY_BOOL)
        (void)snprintf(value, sizeof value, "%s",
                       strcmp(key->fallback, "true") == 0 ? "false" : "true");
    else if (key->kind == GW_KEY_CHOICE)
        (void)snprintf(value, sizeof value, "\"%s\"", key->choices[1]);
    else if (key->kind == GW_KEY_STRINGS)
        (void)snprintf(value, sizeof value, "[\"%s\"]", key->choices[1]);
    else
        (void)snprintf(value, sizeof value, "\"http://h:1\"");
    expect_bad(place, key, value);
}

static void test_features_of_later_releases_are_refused(void **state)
{
    (void)state;
    each_key(try_later);
}

static void try_row(const struct place *place, const struct gw_config_key *key)
{
    bool stored = !(key->flags & GW_KEY_NO_OFFSET);

    assert_non_null(key->doc);
    if (key->kind == GW_KEY_CHOICE)
        assert_non_null(key->choices);
    if (key->flags & GW_KEY_LATER)
        assert_non_null(key->fallback);
    if (key->kind == GW_KEY_INTEGER || key->kind == GW_KEY_NUMBER)
        assert_true(key->min < key->max);
    if (!stored)
        return;
    assert_true(key->offset + key->size <= place->table->size);
    assert_true(key->kind != GW_KEY_NUMBER && key->kind != GW_KEY_URL);
    if (key->kind == GW_KEY_INTEGER) {
        assert_true(key->min >= 0);
        assert_true(key->size == 8 || (key->size == 4 && key->max <= UINT32_MAX));
    }
    if (key->kind == GW_KEY_CHOICE)
        assert_int_equal(key->size, 4);
    if (key->kind == GW_KEY_BOOL)
        assert_int_equal(key->size, sizeof(bool));
    if (key->kind == GW_KEY_STRING || key->kind == GW_KEY_CREDENTIAL)
        assert_int_equal(key->size, sizeof(struct gw_str));
    if (key->kind == GW_KEY_STRINGS)
        assert_true(!key->fallback || !key->fallback[0]); /* fallback_value() makes no lists */
}

static void test_rows_are_consistent(void **state)
{
    (void)state;
    each_key(try_row);
    assert_true(places_count > 30);
}

static void try_unknown(const struct place *place)
{
    static const struct gw_config_key misspelt = {.name = "zzzzzzzzzz", .kind = GW_KEY_BOOL};
    char text[TEXT_BYTES];
    struct loaded loaded;
    unsigned line = compose(place, &misspelt, "1", text);

    load_text(text, &loaded);
    if (!complains(&loaded, line, 1, "zzzzzzzzzz is not a known key"))
        fail_msg("%s takes an unknown key:\n%s", place->header, loaded.said);
    load_finish(&loaded);
}

static void test_every_table_refuses_unknown_keys(void **state)
{
    (void)state;
    for (unsigned at = 1; at < places_count; at++)
        try_unknown(&places[at]);
}

static const struct {
    const char *label, *asked, *meant;
} suggestions[] = {
    {"swap", "prot", "port"},
    {"one letter missing", "max_conections", "max_connections"},
    {"one letter more", "hostt", "host"},
    {"another case", "Port", "port"},
    {"dash for underscore", "idle-timeout-ms", "idle_timeout_ms"},
    {"nothing like it", "banana", NULL},
    {"empty", "", NULL},
    {"far too long", "port_port_port_port_port_port_port_port_port_port", NULL},
};

static void test_suggestions(void **state)
{
    const struct gw_config_table *server = gw_config_root.keys[0].child;

    (void)state;
    assert_string_equal(server->path, "server");
    for (size_t i = 0; i < GW_COUNT(suggestions); i++) {
        const char *meant = gw_config_suggest(server, gw_str_of(suggestions[i].asked));
        const char *expected = suggestions[i].meant;
        if ((meant == NULL) != (expected == NULL) || (meant && strcmp(meant, expected) != 0))
            fail_msg("%s: %s", suggestions[i].label, meant ? meant : "nothing");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_consistent),
        cmocka_unit_test(test_every_key_takes_what_it_should),
        cmocka_unit_test(test_every_key_refuses_other_types),
        cmocka_unit_test(test_every_key_refuses_bad_values),
        cmocka_unit_test(test_features_of_later_releases_are_refused),
        cmocka_unit_test(test_every_table_refuses_unknown_keys),
        cmocka_unit_test(test_suggestions),
    };

    find_places();
    (void)setenv("GW_KEYS_TEST", "token", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
