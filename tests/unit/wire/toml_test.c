/* What toml.cc makes of a text, and every vector of the TOML test suite where Debian's package of
 * it is installed. */
#include "unit/test.h"

#include "wire/toml.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define VECTORS "/usr/share/gocode/src/github.com/BurntSushi/toml/internal/toml-test/tests"
#define DUMP_BYTES 2048

/* The tree as one line: key@line:column=value@line:column in source order. */
struct dump {
    char text[DUMP_BYTES];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct dump *dump, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(dump->text + dump->len, DUMP_BYTES - dump->len, format, args);
    va_end(args);
    assert_true(len >= 0 && (size_t)len < DUMP_BYTES - dump->len);
    dump->len += (size_t)len;
}

/* The trees of these tests are small: they may be walked recursively. */
static void dump_node(struct dump *dump, const struct gw_toml_node *node)
{
    bool table = node->type == GW_TOML_TABLE;

    switch (node->type) {
    case GW_TOML_STRING:
        say(dump, "'%.*s'", GW_STR_ARG(node->u.string));
        break;
    case GW_TOML_INTEGER:
        say(dump, "%lld", (long long)node->u.integer);
        break;
    case GW_TOML_FLOAT:
        say(dump, "%g", node->u.number);
        break;
    case GW_TOML_BOOLEAN:
        say(dump, "%s", node->u.boolean ? "true" : "false");
        break;
    case GW_TOML_DATETIME:
        say(dump, "date");
        break;
    case GW_TOML_TABLE:
    case GW_TOML_ARRAY:
        say(dump, "%s", table ? "{" : "[");
        size_t count = 0;
        for (const struct gw_toml_node *item = node->first; item; item = item->next, count++) {
            say(dump, "%s", count ? " " : "");
            if (table)
                say(dump, "%.*s@%u:%u=", GW_STR_ARG(item->key), item->key_at.line,
                    item->key_at.column);
            dump_node(dump, item);
        }
        assert_int_equal(count, node->count);
        say(dump, "%s", table ? "}" : "]");
        break;
    }
    say(dump, "@%u:%u", node->at.line, node->at.column);
}

static const struct {
    const char *label, *text, *tree;
} trees[] = {
    {"empty", "", "{}@1:1"},
    {"values", "a = 'x'\nb=-1\n c = 1.5\nd = true\ne = 1979-05-27\nf = []",
     "{a@1:1='x'@1:5 b@2:1=-1@2:3 c@3:2=1.5@3:6 d@4:1=true@4:5 e@5:1=date@5:5 f@6:1=[]@6:5}@1:1"},
    {"order of the file, not of names", "b = 1\na = 2\nc = 3\n",
     "{b@1:1=1@1:5 a@2:1=2@2:5 c@3:1=3@3:5}@1:1"},
    {"tables", "[z.b]\nx = 1\n[z.a]\n[y]\n",
     "{z@1:2={b@1:4={x@2:1=1@2:5}@1:1 a@3:4={}@3:1}@1:1 y@4:2={}@4:1}@1:1"},
    {"lists of tables", "[[l]]\na = 1\n[[l]]\n", "{l@1:3=[{a@2:1=1@2:5}@1:1 {}@3:1]@1:1}@1:1"},
    {"inline", "t = {q.r = 1, p = [1, 'a']}\n",
     "{t@1:1={q@1:6={r@1:8=1@1:12}@1:6 p@1:15=[1@1:20 'a'@1:23]@1:19}@1:5}@1:1"},
    {"quoted keys", "\"a.b\" = 1\n'c d' = 2\n\"\" = 3\n",
     "{a.b@1:1=1@1:9 c d@2:1=2@2:9 @3:1=3@3:6}@1:1"},
    {"columns are code points", "\"\xC3\xA4\" = '\xE2\x82\xAC' # \xC3\xA4\nx = 1\n",
     "{\xC3\xA4@1:1='\xE2\x82\xAC'@1:7 x@2:1=1@2:5}@1:1"},
    {"strings of many lines", "a = \"\"\"\nx\n y\\\n  z\"\"\"\nb = 1\n",
     "{a@1:1='x\n yz'@1:5 b@5:1=1@5:5}@1:1"},
    {"escapes", "a = \"\\u00e4\\n\\\"\"\n", "{a@1:1='\xC3\xA4\n\"'@1:5}@1:1"},
    {"CRLF", "a = 1\r\nb = 2\r\n", "{a@1:1=1@1:5 b@2:1=2@2:5}@1:1"},
    {"byte order mark",
     "\xEF\xBB\xBF"
     "a = 1\n",
     "{a@1:1=1@1:5}@1:1"},
};

static enum gw_status parse(struct gw_str text, struct gw_arena *arena, struct gw_toml_node **root,
                            struct gw_toml_at *at, struct gw_err *err)
{
    gw_arena_init(arena, NULL);
    *root = NULL;
    *at = (struct gw_toml_at){0, 0};
    *err = (struct gw_err){0};
    return gw_toml_parse(arena, text, root, at, err);
}

static void test_trees(void **state)
{
    static struct dump dump;
    struct gw_toml_node *root;
    struct gw_toml_at at;
    struct gw_arena arena;
    struct gw_err err;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(trees); i++) {
        if (parse(gw_str_of(trees[i].text), &arena, &root, &at, &err) != GW_OK)
            fail_msg("%s: %u:%u %s", trees[i].label, at.line, at.column, err.message);
        dump.len = 0;
        dump_node(&dump, root);
        if (strcmp(dump.text, trees[i].tree) != 0)
            fail_msg("%s: %s", trees[i].label, dump.text);
        gw_arena_finish(&arena);
    }
}

static const struct {
    const char *label, *text;
    unsigned line, column;
    const char *said;
} faults[] = {
    {"no value", "a = 1\nb =\n", 2, 4, "key-value pair: expected value"},
    {"a key twice", "a = 1\na = 2\n", 2, 5, "cannot redefine existing integer 'a'"},
    {"open string", "a = 'x\n", 1, 7, "string"},
    {"not UTF-8", "a = '\xff'\n", 1, 5, "utf-8"},
    {"three brackets", "[[[", 1, 3, "key"},
    {"not ASCII outside of strings", "a = 1\n\xC3\xA4 = 1\n", 2, 1, "expected"},
    {"a secret without quotes", "a = s3cret\n", 1, 5, "value"},
    {"a secret that begins like a word", "a = trues3cret\n", 1, 9, "boolean"},
    {"a secret of digits", "a = 99999999999999999999999942\n", 1, 0, "number"},
    {"a secret behind a value", "a = 'x' s3cret\n", 1, 9, "expected a comment or whitespace"},
};

static void test_faults(void **state)
{
    struct gw_toml_node *root;
    struct gw_toml_at at;
    struct gw_arena arena;
    struct gw_err err;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(faults); i++) {
        enum gw_status status = parse(gw_str_of(faults[i].text), &arena, &root, &at, &err);
        if (status != GW_INVALID || root || at.line != faults[i].line ||
            (faults[i].column && at.column != faults[i].column) ||
            !strstr(err.message, faults[i].said))
            fail_msg("%s: %s %u:%u %s", faults[i].label, gw_status_name(status), at.line, at.column,
                     err.message);
        if (strstr(err.message, "s3cret") || strstr(err.message, "999") ||
            strstr(err.message, "42"))
            fail_msg("%s: shows a secret: %s", faults[i].label, err.message);
        gw_arena_finish(&arena);
    }
}

/* Texts that are larger or deeper than allowed. */
static struct gw_str repeated(const char *front, const char *part, size_t times, const char *back)
{
    size_t front_len = strlen(front), part_len = strlen(part), back_len = strlen(back);
    size_t len = front_len + part_len * times + back_len;
    char *text = malloc(len + 1);

    assert_non_null(text);
    memcpy(text, front, front_len);
    for (size_t i = 0; i < times; i++)
        memcpy(text + front_len + i * part_len, part, part_len);
    memcpy(text + len - back_len, back, back_len);
    return (struct gw_str){text, len};
}

static const struct {
    const char *label, *front, *part;
    size_t times;
    const char *back;
    enum gw_status status;
} limits[] = {
    {"arrays, as deep as allowed", "a = ", "[", 31, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", GW_OK},
    {"arrays, deeper", "a = ", "[", 100000, "", GW_INVALID},
    {"inline tables, deeper", "a = ", "{a=", 100000, "", GW_INVALID},
    {"parts of a key, as many as allowed", "a", ".a", 31, " = 1", GW_OK},
    {"parts of a key, one more", "a", ".a", 32, " = 1", GW_INVALID},
    {"parts of a header", "[a", ".a", 300000, "]", GW_INVALID},
    {"quoted parts", "\"a\"", ".'a'", 300000, " = 1", GW_INVALID},
    {"parts with blanks", "a", " . a", 300000, " = 1", GW_INVALID},
    {"parts in an inline table", "a = {a", ".a", 300000, " = 1}", GW_INVALID},
    {"dots in a string", "a = \"", ".", 100000, "\"", GW_OK},
    {"dots in a literal string", "a = '", ".", 100000, "'", GW_OK},
    {"dots in a long string", "a = \"\"\"\n", ".\"\n", 100000, "\"\"\"\"\"", GW_OK},
    {"dots in a long literal string", "a = '''\n", ".'\n", 100000, "'''", GW_OK},
    {"dots in a comment", "a = 1 # '", ".", 100000, "\n", GW_OK},
    {"dots behind an escaped quote", "a = \"\\\"", ".", 100000, "\"", GW_OK},
    {"many lists of tables", "", "[[a]]\n", 20000, "", GW_OK},
    {"too many bytes", "#", "x", GW_TOML_BYTES_MAX, "", GW_TOO_LARGE},
};

static void test_limits(void **state)
{
    struct gw_toml_node *root;
    struct gw_toml_at at;
    struct gw_arena arena;
    struct gw_err err;

    (void)state;
    for (size_t i = 0; i < GW_COUNT(limits); i++) {
        struct gw_str text =
            repeated(limits[i].front, limits[i].part, limits[i].times, limits[i].back);
        enum gw_status status = parse(text, &arena, &root, &at, &err);
        if (status != limits[i].status)
            fail_msg("%s: %s %u:%u %s", limits[i].label, gw_status_name(status), at.line, at.column,
                     err.message);
        gw_arena_finish(&arena);
        free((char *)(uintptr_t)text.base);
    }
}

static void test_cut_at_every_byte(void **state)
{
    static const char text[] =
        "[a.\"b c\"]\nx = [1, {y = '\xC3\xA4'}] # z\ns = \"\"\"\na\\\n \"\"\"\"\n"
        "[[l]]\nd = 1979-05-27T07:32:00Z\nf = -1.5e+3\n";
    struct gw_toml_node *root;
    struct gw_toml_at at;
    struct gw_arena arena;
    struct gw_err err;

    (void)state;
    for (size_t cut = 0; cut < sizeof text; cut++) {
        /* A copy of its own, so that a read behind the end is seen. */
        char *part = malloc(cut ? cut : 1);
        assert_non_null(part);
        memcpy(part, text, cut);
        enum gw_status status = parse((struct gw_str){part, cut}, &arena, &root, &at, &err);
        free(part);
        assert_true(status == GW_OK ? root != NULL : at.line > 0 && err.message[0]);
        gw_arena_finish(&arena);
    }
}

/* Vectors for which toml++ is wrong, or is right about TOML 1.0 while the vector wants a later one.
 */
static const char *const exceptions[] = {
    "/valid/string/escape-esc.toml", /* \e came after TOML 1.0 */
};

static unsigned seen_valid, seen_invalid;

static bool is_exception(const char *path)
{
    for (size_t i = 0; i < GW_COUNT(exceptions); i++)
        if (strstr(path, exceptions[i]))
            return true;
    return false;
}

static int try_vector(const char *path, const struct stat *what, int kind, struct FTW *where)
{
    static char bytes[1 << 16];
    size_t path_len = strlen(path);
    struct gw_toml_node *root;
    struct gw_toml_at at;
    struct gw_arena arena;
    struct gw_err err;

    (void)what, (void)where;
    if (kind != FTW_F || path_len < 5 || strcmp(path + path_len - 5, ".toml") != 0)
        return 0;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    bool valid = strstr(path, "/valid/") != NULL;
    enum gw_status wanted = valid != is_exception(path) ? GW_OK : GW_INVALID;
    enum gw_status status = parse((struct gw_str){bytes, len}, &arena, &root, &at, &err);
    if (status != wanted)
        fail_msg("%s: %s %u:%u %s", path, gw_status_name(status), at.line, at.column, err.message);
    seen_valid += valid;
    seen_invalid += !valid;
    gw_arena_finish(&arena);
    return 0;
}

static void test_vectors(void **state)
{
    (void)state;
    if (access(VECTORS, R_OK) != 0)
        skip();
    assert_int_equal(nftw(VECTORS, try_vector, 16, FTW_PHYS), 0);
    print_message("%u valid, %u invalid vectors\n", seen_valid, seen_invalid);
    assert_true(seen_valid >= 100 && seen_invalid >= 200);
}

static void test_get(void **state)
{
    struct gw_toml_node *root;
    struct gw_toml_at at;
    struct gw_arena arena;
    struct gw_err err;

    (void)state;
    assert_int_equal(parse(GW_STR("a = 1\nab = 2\n"), &arena, &root, &at, &err), GW_OK);
    assert_int_equal(gw_toml_get(root, GW_STR("ab"))->u.integer, 2);
    assert_null(gw_toml_get(root, GW_STR("b")));
    gw_arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees),  cmocka_unit_test(test_faults),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_get),    cmocka_unit_test(test_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
