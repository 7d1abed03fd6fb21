/*
 * tests/unit/codec/pairs_judge: whether what came out is the fixture, or differs as its list allows.
 */
#ifndef GW_TESTS_PAIRS_JUDGE_H
#define GW_TESTS_PAIRS_JUDGE_H

#include "pairs_run.h"

static struct fixtures fixtures;

struct judge {
    const struct cell *cell;
    enum gw_codec_id caller, upstream;
    enum kind kind;
    struct gw_buf complaints;
};

static inline bool path_fits(struct gw_str pattern, const char *path)
{
    size_t i = 0;

    while (i < pattern.len && *path) {
        if (i + 3 <= pattern.len && memcmp(pattern.base + i, "[*]", 3) == 0 && *path == '[') {
            path += strcspn(path, "]") + 1;
            i += 3;
        } else if (pattern.base[i] == *path) {
            path++, i++;
        } else {
            return false;
        }
    }
    return i == pattern.len && !*path;
}

static inline struct rule *find_in(struct rules *rules, const struct judge *judge, enum op op,
                                   const char *path, const struct tree *got)
{
    for (unsigned i = 0; i < rules->count; i++) {
        struct rule *rule = &rules->rules[i];
        if (rule->op == op && rule->callers & 1u << judge->caller &&
            rule->upstreams & 1u << judge->upstream && rule->kinds & 1u << judge->kind &&
            (!path || path_fits(rule->path, path)) &&
            (!rule->tree || (got && tree_same(rule->tree, got))))
            return rule;
    }
    return NULL;
}

/* The conversation's own list first. NULL: not allowed */
static inline struct rule *seek_rule(const struct judge *judge, enum op op, const char *path,
                                     const struct tree *got)
{
    struct rule *rule = find_in(&judge->cell->conversation->rules, judge, op, path, got);

    return rule ? rule : find_in(&fixtures.rules, judge, op, path, got);
}

/* And notes that it was needed. */
static inline struct rule *find_rule(const struct judge *judge, enum op op, const char *path,
                                     const struct tree *got)
{
    struct rule *rule = seek_rule(judge, op, path, got);

    if (rule) {
        rule->used = true;
        rule->used_by[judge->caller][judge->upstream] = true;
    }
    return rule;
}

static inline bool on_place(void *arg, const char *path, const struct tree *expected,
                            const struct tree *got)
{
    return expected && got && !tree_same(expected, got) && find_rule(arg, OP_HAS, path, got);
}

/* As a line of allowed.txt, so that it can be taken over when it is right. */
static inline void complain(struct judge *judge, const char *op, const char *path,
                            const struct tree *got, const struct tree *expected)
{
    struct gw_buf *out = &judge->complaints;

    gw_buf_printf(out, "%s>%s %s %s %s ", dialect_names[judge->caller],
                  dialect_names[judge->upstream], kind_names[judge->kind], op, path);
    if (got)
        tree_write(got, out);
    gw_buf_printf(out, " |");
    if (expected) {
        gw_buf_printf(out, " instead of ");
        tree_write(expected, out);
    }
    gw_buf_add_c(out, '\n');
}

static inline void on_difference(void *arg, char op, const char *path, const struct tree *expected,
                                 const struct tree *got)
{
    struct judge *judge = arg;

    if (op == '-' && !find_rule(judge, OP_LACKS, path, NULL))
        complain(judge, "lacks", path, NULL, expected);
    else if (op == '+' && !find_rule(judge, OP_ADDS, path, got))
        complain(judge, "adds", path, got, NULL);
    else if (op == '~')
        complain(judge, "has", path, got, expected);
}

static inline void judge_begin(struct judge *judge, const struct cell *cell)
{
    *judge = (struct judge){
        .cell = cell, .caller = cell->caller, .upstream = cell->upstream, .kind = cell->kind};
    gw_buf_init(&judge->complaints, OUT_BYTES_MAX);
}

static inline void judge_trees(struct judge *judge, const struct tree *expected,
                               const struct tree *got)
{
    struct tree_compare compare = {
        .on_place = on_place, .on_difference = on_difference, .arg = judge, .path = "$", .len = 1};

    tree_differ(&compare, expected, got);
}

static inline void judge_end(struct judge *judge)
{
    struct gw_str complaints = gw_buf_str(&judge->complaints);
    char text[30000];

    (void)snprintf(text, sizeof text, "%.*s", GW_STR_ARG(complaints));
    gw_buf_finish(&judge->complaints);
    if (complaints.len)
        fail_msg("not allowed:\n%s", text);
}

static inline void judge_json(struct judge *judge, struct gw_arena *arena, struct gw_str expected,
                              struct gw_str got)
{
    const struct tree *right = tree_read(arena, expected), *tree = tree_read(arena, got);

    if (!right || !tree)
        fail_msg("no JSON: %.*s", GW_STR_ARG(right ? got : expected));
    judge_trees(judge, right, tree);
}

#endif
