/* What compares texts: embeddings, rerank, moderations. Texts that share words are near to each
 * other. */
#include "demo/demo_private.h"

#include <stdio.h>
#include <stdlib.h>

#define DIMENSIONS 1536u
#define DIMENSIONS_MAX 3072u
#define INPUTS_MAX 2048u
/* Numbers in one answer: what a whole batch of the usual size has. */
#define NUMBERS_MAX (INPUTS_MAX * DIMENSIONS)
#define WORDS_MAX 32u
#define DOCUMENTS_MAX 1000u

/* ---- vectors ---- */

static void add_word(float *vector, size_t dimensions, uint64_t seed)
{
    for (size_t i = 0; i < dimensions; i++) {
        seed = gw_demo_mix(seed);
        vector[i] += (float)((double)(seed >> 11) / (double)((uint64_t)1 << 52) - 1.0);
    }
}

/* By Newton's method: too little to link the mathematical library for. */
static double root_of(double square)
{
    double root = square > 1 ? square : 1;

    for (int i = 0; i < 40; i++)
        root = (root + square / root) / 2;
    return root;
}

/* A unit vector: the sum of one for each word. */
static void make_vector(struct gw_str text, float *vector, size_t dimensions)
{
    struct gw_str rest = text, word;
    double square = 0;

    memset(vector, 0, dimensions * sizeof *vector);
    add_word(vector, dimensions, gw_demo_hash(text)); /* so that no two texts have the same */
    for (unsigned i = 0; i < WORDS_MAX && gw_demo_next_word(&rest, &word); i++) {
        char lower[32];
        size_t len = word.len < sizeof lower ? word.len : sizeof lower;
        for (size_t at = 0; at < len; at++)
            lower[at] = gw_lower(word.base[at]);
        add_word(vector, dimensions, gw_demo_hash((struct gw_str){lower, len}));
    }
    for (size_t i = 0; i < dimensions; i++)
        square += (double)vector[i] * (double)vector[i];
    double length = root_of(square);
    for (size_t i = 0; i < dimensions && length > 0; i++)
        vector[i] = (float)((double)vector[i] / length);
}

static void write_float(struct gw_json_writer *out, double value)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%.8f", value);

    gw_json_write_raw(out, (struct gw_str){text, (size_t)len});
}

/* ---- embeddings ---- */

struct embedding {
    struct gw_demo_exchange *ex;
    float *vector;
    size_t dimensions;
    bool base64;
    uint64_t tokens;
};

static void write_vector(struct gw_json_writer *out, struct embedding *embedding)
{
    if (embedding->base64) {
        struct gw_arena scratch;
        struct gw_str bytes = {(const char *)embedding->vector,
                               embedding->dimensions * sizeof *embedding->vector};
        gw_arena_init(&scratch, NULL);
        gw_json_write_string(out, gw_demo_base64(&scratch, bytes));
        gw_arena_finish(&scratch);
        return;
    }
    gw_json_write_begin_array(out);
    for (size_t i = 0; i < embedding->dimensions; i++)
        write_float(out, (double)embedding->vector[i]);
    gw_json_write_end_array(out);
}

/* @param input  a string, or an array of token numbers, whose text is as good as any */
static void write_embedding(struct gw_json_writer *out, struct embedding *embedding, uint32_t input,
                            size_t index)
{
    struct gw_demo_exchange *ex = embedding->ex;
    struct gw_str text = gw_json_slice(&ex->json, input);

    if (gw_json_type(&ex->json, input) == GW_JSON_IS_STRING) {
        text = gw_demo_text(ex, input);
        embedding->tokens += text.len / 4 + 1;
    } else {
        embedding->tokens += gw_json_count(&ex->json, input);
    }
    make_vector(text, embedding->vector, embedding->dimensions);
    gw_json_write_begin_object(out);
    gw_demo_put_c(out, "object", "embedding");
    gw_demo_put_u(out, "index", index);
    gw_json_write_key(out, GW_STR("embedding"));
    write_vector(out, embedding);
    gw_json_write_end_object(out);
}

/* One text, or several: an array is several unless it holds token numbers. */
static bool is_batch(const struct gw_demo_exchange *ex, uint32_t input)
{
    struct gw_json_iter iter = gw_json_iter(&ex->json, input);
    uint32_t first;

    return gw_json_type(&ex->json, input) == GW_JSON_IS_ARRAY &&
           gw_json_next(&ex->json, &iter, &first) &&
           gw_json_type(&ex->json, first) != GW_JSON_IS_NUMBER;
}

/* @return false: an error was answered */
static bool check_embeddings(struct gw_demo_exchange *ex, uint32_t input, uint64_t dimensions)
{
    enum gw_json_type type = gw_json_type(&ex->json, input);
    size_t count = is_batch(ex, input) ? gw_json_count(&ex->json, input) : 1;

    if ((type != GW_JSON_IS_STRING && type != GW_JSON_IS_ARRAY) ||
        (type == GW_JSON_IS_ARRAY && gw_json_count(&ex->json, input) == 0))
        gw_demo_error(ex, 400, "input", "",
                      "'input' must be a string or an array that is not empty.");
    else if (dimensions == 0 || dimensions > DIMENSIONS_MAX)
        gw_demo_error(ex, 400, "dimensions", "", "'dimensions' must be from 1 to %u.",
                      DIMENSIONS_MAX);
    else if (count > INPUTS_MAX || count * dimensions > NUMBERS_MAX)
        gw_demo_error(ex, 400, "input", "", "'input' has too many elements.");
    else
        return true;
    return false;
}

void gw_demo_embeddings(struct gw_demo_exchange *ex)
{
    uint32_t input = gw_demo_member(ex, 0, "input"), each;
    uint64_t dimensions = gw_demo_member_u(ex, 0, "dimensions", DIMENSIONS);
    struct gw_json_iter iter = gw_json_iter(&ex->json, input);
    float vector[DIMENSIONS_MAX];
    size_t index = 0;

    if (!check_embeddings(ex, input, dimensions))
        return;
    struct embedding embedding = {
        .ex = ex,
        .vector = vector,
        .dimensions = (size_t)dimensions,
        .base64 = gw_demo_is(ex, 0, "encoding_format", "base64"),
    };
    struct gw_json_writer *out = gw_demo_json(ex);
    gw_json_write_begin_object(out);
    gw_demo_put_c(out, "object", "list");
    gw_demo_put_array(out, "data");
    if (!is_batch(ex, input))
        write_embedding(out, &embedding, input, 0);
    else
        while (gw_json_next(&ex->json, &iter, &each))
            write_embedding(out, &embedding, each, index++);
    gw_json_write_end_array(out);
    gw_demo_put(out, "model", ex->model);
    gw_demo_put_object(out, "usage");
    gw_demo_put_u(out, "prompt_tokens", embedding.tokens);
    gw_demo_put_u(out, "total_tokens", embedding.tokens);
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
    gw_demo_answer(ex, 200);
}

/* ---- rerank (Cohere's shape) ---- */

#define RERANK_DIMENSIONS 64u

struct ranked {
    size_t index;
    double score;
    struct gw_str text;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->index < y->index ? -1 : 1;
}

static struct gw_str document_text(struct gw_demo_exchange *ex, uint32_t document)
{
    if (gw_json_type(&ex->json, document) == GW_JSON_IS_OBJECT)
        return gw_demo_member_text(ex, document, "text");
    return gw_demo_text(ex, document);
}

static struct ranked *rank(struct gw_demo_exchange *ex, struct gw_str query, uint32_t documents)
{
    struct gw_json_iter iter = gw_json_iter(&ex->json, documents);
    size_t count = gw_json_count(&ex->json, documents), index = 0;
    struct ranked *ranked = gw_arena_zalloc(&ex->arena, count * sizeof *ranked);
    float asked[RERANK_DIMENSIONS], had[RERANK_DIMENSIONS];
    uint32_t document;

    if (!ranked)
        return NULL;
    make_vector(query, asked, RERANK_DIMENSIONS);
    while (gw_json_next(&ex->json, &iter, &document)) {
        double cosine = 0;
        struct gw_str text = document_text(ex, document);
        make_vector(text, had, RERANK_DIMENSIONS);
        for (size_t i = 0; i < RERANK_DIMENSIONS; i++)
            cosine += (double)asked[i] * (double)had[i];
        cosine = cosine < 0 ? 0 : cosine > 1 ? 1 : cosine;
        ranked[index] = (struct ranked){index, cosine, text};
        index++;
    }
    qsort(ranked, count, sizeof *ranked, compare_ranked);
    return ranked;
}

static void write_ranked(struct gw_json_writer *out, const struct ranked *ranked, bool with_text)
{
    gw_json_write_begin_object(out);
    gw_demo_put_u(out, "index", ranked->index);
    gw_json_write_key(out, GW_STR("relevance_score"));
    write_float(out, ranked->score);
    if (with_text) {
        gw_demo_put_object(out, "document");
        gw_demo_put(out, "text", ranked->text);
        gw_json_write_end_object(out);
    }
    gw_json_write_end_object(out);
}

void gw_demo_rerank(struct gw_demo_exchange *ex)
{
    uint32_t documents = gw_demo_member(ex, 0, "documents");
    struct gw_str query = gw_demo_member_text(ex, 0, "query");
    size_t count = gw_json_count(&ex->json, documents);
    uint64_t top = gw_demo_member_u(ex, 0, "top_n", count);

    if (query.len == 0 || gw_json_type(&ex->json, documents) != GW_JSON_IS_ARRAY || count == 0 ||
        count > DOCUMENTS_MAX) {
        gw_demo_error(ex, 400, NULL, NULL,
                      "invalid request: query and 1 to %u documents are needed", DOCUMENTS_MAX);
        return;
    }
    struct ranked *ranked = rank(ex, query, documents);
    struct gw_json_writer *out = gw_demo_json(ex);
    gw_json_write_begin_object(out);
    gw_demo_put(out, "id", gw_demo_new_id(ex, ""));
    gw_demo_put_array(out, "results");
    for (size_t i = 0; ranked && i < count && i < top; i++)
        write_ranked(out, &ranked[i], gw_demo_is_true(ex, 0, "return_documents"));
    gw_json_write_end_array(out);
    gw_demo_put_object(out, "meta");
    gw_demo_put_object(out, "api_version");
    gw_demo_put_c(out, "version", "1");
    gw_json_write_end_object(out);
    gw_demo_put_object(out, "billed_units");
    gw_demo_put_u(out, "search_units", 1);
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
    gw_demo_answer(ex, 200);
}

/* ---- moderations ---- */

static const char *const categories[] = {
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
};

/* Flagged by one word, so that both outcomes can be had. */
static void write_moderation(struct gw_json_writer *out, struct gw_str text)
{
    bool flagged = gw_demo_has_word(gw_demo_prefix(text, 65536), GW_STR("violence"));

    gw_json_write_begin_object(out);
    gw_demo_put_bool(out, "flagged", flagged);
    gw_demo_put_object(out, "categories");
    for (size_t i = 0; i < GW_COUNT(categories); i++)
        gw_demo_put_bool(out, categories[i], flagged && strcmp(categories[i], "violence") == 0);
    gw_json_write_end_object(out);
    gw_demo_put_object(out, "category_scores");
    for (size_t i = 0; i < GW_COUNT(categories); i++) {
        gw_json_write_key(out, gw_str_of(categories[i]));
        write_float(out, flagged && strcmp(categories[i], "violence") == 0 ? 0.9 : 0.0001);
    }
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
}

void gw_demo_moderations(struct gw_demo_exchange *ex)
{
    uint32_t input = gw_demo_member(ex, 0, "input"), each;
    struct gw_json_iter iter = gw_json_iter(&ex->json, input);
    struct gw_str model = ex->model.len ? ex->model : GW_STR("omni-moderation-latest");

    if (gw_json_type(&ex->json, input) != GW_JSON_IS_STRING &&
        gw_json_type(&ex->json, input) != GW_JSON_IS_ARRAY) {
        gw_demo_error(ex, 400, "input", "", "'input' must be a string or an array.");
        return;
    }
    struct gw_json_writer *out = gw_demo_json(ex);
    gw_json_write_begin_object(out);
    gw_demo_put(out, "id", gw_demo_new_id(ex, "modr-"));
    gw_demo_put(out, "model", model);
    gw_demo_put_array(out, "results");
    if (gw_json_type(&ex->json, input) == GW_JSON_IS_STRING)
        write_moderation(out, gw_demo_text(ex, input));
    else
        while (gw_json_next(&ex->json, &iter, &each))
            write_moderation(out, document_text(ex, each));
    gw_json_write_end_array(out);
    gw_json_write_end_object(out);
    gw_demo_answer(ex, 200);
}
