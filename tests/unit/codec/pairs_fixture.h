/*
 * tests/unit/codec/pairs_fixture: the conversations of tests/fixtures and what their lists allow.
 *
 * A folder is one conversation, said in each dialect: chat.request.json, chat.answer.json, chat.stream.sse, … or,
 * under errors/, chat.error.json. allowed.txt in it, and the one beside all folders, say what may be different,
 * one line each:
 *
 *     CALLER>UPSTREAM KINDS OP PATH [VALUE] | [LOSS] why
 *
 * CALLER and UPSTREAM are dialects, KINDS of messages, each `*` or a list with commas. OP says how what came
 * out differs from the fixture: `lacks` PATH, `adds` it with VALUE, `has` VALUE there and not the fixture's (`*`:
 * whatever); or `warns` of VALUE, and `refused` with the code VALUE because of PATH. `[*]` in a path is any
 * index. LOSS is what the table in docs/codec/pairs.md names; without it the same is only said otherwise, or it
 * was the caller's dialect that could not say it. A line that nothing needed is an error.
 *
 * Settings: `profile DIALECT NAME`, `status DIALECT NUMBER` (of an error).
 */
#ifndef GW_TESTS_PAIRS_FIXTURE_H
#define GW_TESTS_PAIRS_FIXTURE_H

#include <dirent.h>
#include <stdlib.h>

#include "codec/translation.h"
#include "pairs_tree.h"

#define FIXTURES "tests/fixtures"
#define CONVERSATIONS_MAX 64u
#define RULES_MAX 512u

enum kind { K_FIXTURE, K_REQUEST, K_BACK, K_ANSWER, K_ROUND, K_STREAM, K_ERROR, KINDS };
static const char *const kind_names[KINDS] = {"fixture", "request", "back", "answer",
                                              "round",   "stream",  "error"};

enum op { OP_LACKS, OP_ADDS, OP_HAS, OP_WARNS, OP_REFUSED, OPS };
static const char *const op_names[OPS] = {"lacks", "adds", "has", "warns", "refused"};

struct rule {
    unsigned callers, upstreams, kinds; /* bits */
    enum op op;
    struct gw_str path, value;
    const struct tree *tree; /* of the value; NULL: whatever */
    struct gw_str loss, why;
    unsigned line;
    bool used;
    bool used_by[GW_CODECS][GW_CODECS];
};

struct rules {
    struct rule rules[RULES_MAX];
    unsigned count;
};

struct conversation {
    char name[64];
    struct gw_str request[GW_CODECS], answer[GW_CODECS], stream[GW_CODECS], error[GW_CODECS];
    const struct gw_profile *profile[GW_CODECS];
    struct gw_str model[GW_CODECS];
    unsigned status[GW_CODECS];
    struct rules rules;
};

struct fixtures {
    struct gw_arena arena;
    struct conversation conversations[CONVERSATIONS_MAX];
    unsigned count;
    struct rules rules; /* of all */
};

/* ---- files ---- */

/* {NULL, 0}: there is none. */
static inline struct gw_str load_file(struct gw_arena *arena, const char *path)
{
    FILE *file = fopen(path, "rb");
    char bytes[65536];
    struct gw_buf buf;
    size_t got;

    if (!file)
        return (struct gw_str){NULL, 0};
    gw_buf_init(&buf, (size_t)1 << 26);
    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
        assert_int_equal(gw_buf_add(&buf, (struct gw_str){bytes, got}), GW_OK);
    (void)fclose(file);
    struct gw_str text = gw_arena_str(arena, gw_buf_str(&buf));
    gw_buf_finish(&buf);
    return text;
}

static inline struct gw_str load(struct gw_arena *arena, const char *folder, const char *dialect,
                                 const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof path, FIXTURES "/%s%s%s%s", folder, folder[0] ? "/" : "", dialect,
                   name);
    return load_file(arena, path);
}

/* ---- lists ---- */

static inline struct gw_str next_word(struct gw_str *line)
{
    *line = gw_str_trim(*line);
    struct gw_str word = {line->base, gw_str_find(*line, ' ')};
    *line = gw_str_trim(gw_str_from(*line, word.len));
    return word;
}

static inline unsigned names_to_bits(struct gw_str names, const char *const *table, unsigned count)
{
    unsigned bits = 0;
    struct gw_str name;

    if (gw_str_eq(names, GW_STR("*")))
        return (1u << count) - 1;
    while (gw_str_next_item(&names, &name)) {
        unsigned i = 0;
        while (i < count && !gw_str_eq(name, gw_str_of(table[i])))
            i++;
        if (i == count)
            fail_msg("allowed.txt: no such name: %.*s", GW_STR_ARG(name));
        bits |= 1u << i;
    }
    return bits;
}

static const char *const dialect_names[GW_CODECS] = {"chat", "resp", "anth"};

static inline bool read_setting(struct conversation *conversation, struct gw_str line)
{
    struct gw_str word = next_word(&line), dialect = next_word(&line);
    uint64_t status;

    for (unsigned i = 0; i < GW_CODECS; i++) {
        if (!gw_str_eq(dialect, gw_str_of(dialect_names[i])))
            continue;
        if (gw_str_eq(word, GW_STR("profile"))) {
            conversation->profile[i] = gw_profile_of(line);
            return true;
        }
        if (gw_str_eq(word, GW_STR("status")) && gw_str_to_u64(line, &status)) {
            conversation->status[i] = (unsigned)status;
            return true;
        }
    }
    return false;
}

static inline void read_rule(struct gw_arena *arena, struct rules *rules, struct gw_str line,
                             unsigned number)
{
    size_t bar = line.len;
    struct rule *rule = &rules->rules[rules->count++];

    assert_true(rules->count < RULES_MAX);
    while (bar > 2 && memcmp(line.base + bar - 3, " | ", 3) != 0)
        bar--;
    if (bar <= 2)
        fail_msg("allowed.txt, line %u: why is not said: %.*s", number, GW_STR_ARG(line));
    rule->line = number;
    rule->why = gw_str_trim(gw_str_from(line, bar));
    if (rule->why.len && rule->why.base[0] == '[') {
        rule->loss = (struct gw_str){rule->why.base + 1, gw_str_find(rule->why, ']') - 1};
        rule->why = gw_str_trim(gw_str_from(rule->why, rule->loss.len + 2));
    }
    line.len = bar - 3;
    struct gw_str pair = next_word(&line);
    size_t arrow = gw_str_find(pair, '>');
    rule->callers = names_to_bits((struct gw_str){pair.base, arrow}, dialect_names, GW_CODECS);
    rule->upstreams = names_to_bits(gw_str_from(pair, arrow + 1), dialect_names, GW_CODECS);
    rule->kinds = names_to_bits(next_word(&line), kind_names, KINDS);
    unsigned op = names_to_bits(next_word(&line), op_names, OPS);
    while (rule->op < OPS - 1 && !(op & 1u << rule->op))
        rule->op++;
    rule->path = next_word(&line);
    rule->value = line;
    if (rule->op == OP_ADDS || rule->op == OP_HAS)
        rule->tree = gw_str_eq(line, GW_STR("*")) ? NULL : tree_read(arena, line);
    if ((rule->op == OP_ADDS || rule->op == OP_HAS) && !rule->tree && !gw_str_eq(line, GW_STR("*")))
        fail_msg("allowed.txt, line %u: no JSON: %.*s", number, GW_STR_ARG(line));
}

static inline void read_rules(struct gw_arena *arena, struct conversation *conversation,
                              struct rules *rules, struct gw_str text)
{
    unsigned number = 0;

    while (text.len) {
        struct gw_str line = {text.base, gw_str_find(text, '\n')};
        text = gw_str_from(text, line.len + 1);
        line = gw_str_trim(line);
        number++;
        if (line.len && line.base[0] != '#' && !(conversation && read_setting(conversation, line)))
            read_rule(arena, rules, line, number);
    }
}

/* ---- conversations ---- */

/* Calls them what the fixture of the request does: what it wants is what the upstream of the pair is. */
static inline struct gw_str model_of(struct gw_arena *arena, struct gw_str request)
{
    const struct tree *body = request.base ? tree_read(arena, request) : NULL;

    if (request.base && !tree_get(body, "model"))
        fail_msg("a request without a model: %.*s", GW_STR_ARG(request));
    return body ? tree_get(body, "model")->raw : GW_STR("model");
}

static inline void load_conversation(struct fixtures *fixtures, const char *name)
{
    struct conversation *it = &fixtures->conversations[fixtures->count++];
    struct gw_arena *arena = &fixtures->arena;

    assert_true(fixtures->count < CONVERSATIONS_MAX);
    (void)snprintf(it->name, sizeof it->name, "%s", name);
    for (unsigned i = 0; i < GW_CODECS; i++) {
        it->request[i] = load(arena, name, dialect_names[i], ".request.json");
        it->answer[i] = load(arena, name, dialect_names[i], ".answer.json");
        it->stream[i] = load(arena, name, dialect_names[i], ".stream.sse");
        it->error[i] = load(arena, name, dialect_names[i], ".error.json");
        it->profile[i] = gw_profile_of(i == GW_CODEC_MESSAGES ? GW_STR("") : GW_STR("openai"));
        it->model[i] = model_of(arena, it->request[i]);
    }
    read_rules(arena, it, &it->rules, load(arena, name, "", "allowed.txt"));
}

static inline int by_name(const void *a, const void *b)
{
    return strcmp(((const struct conversation *)a)->name, ((const struct conversation *)b)->name);
}

static inline void load_folder(struct fixtures *fixtures, const char *under)
{
    char path[128], name[128];
    const struct dirent *entry;

    (void)snprintf(path, sizeof path, FIXTURES "/%s", under);
    DIR *dir = opendir(path);
    if (!dir)
        fail_msg("no %s", path);
    while ((entry = readdir(dir))) {
        if (strchr(entry->d_name, '.'))
            continue;
        (void)snprintf(name, sizeof name, "%.40s%.60s", under, entry->d_name);
        if (strcmp(name, "errors") == 0)
            load_folder(fixtures, "errors/");
        else
            load_conversation(fixtures, name);
    }
    (void)closedir(dir);
}

static inline void load_fixtures(struct fixtures *fixtures)
{
    gw_arena_init(&fixtures->arena, NULL);
    load_folder(fixtures, "");
    qsort(fixtures->conversations, fixtures->count, sizeof fixtures->conversations[0], by_name);
    read_rules(&fixtures->arena, NULL, &fixtures->rules,
               load(&fixtures->arena, "", "", "allowed.txt"));
}

#endif
