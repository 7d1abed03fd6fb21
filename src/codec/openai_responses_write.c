/* A request to an upstream, but for its conversation and its tools (translation.md §4.3). */
#include "codec/openai_responses_private.h"

#include <openssl/sha.h>
#include <stdio.h>

#include "model/history.h"
#include "model/names.h"

#define NAME_BYTES_MAX 64u
#define IDENTIFIER_CHARACTERS_MAX 64u

void gw_responses_drop(struct gw_responses_writing *writing, const char *name)
{
    gw_ledger_add(writing->request->ledger, GW_LEDGER_DROP, gw_str_of(name));
}

void gw_responses_refuse(struct gw_responses_writing *writing, struct gw_text param,
                         const char *what)
{
    char where[sizeof(writing->complaint->param)];

    if (writing->status != GW_OK)
        return;
    (void)snprintf(where, sizeof(where), "%.*s", GW_STR_ARG(param.raw));
    writing->status = gw_complain(writing->complaint, GW_UNSUPPORTED, "unsupported_parameter",
                                  where, "%s by the model's provider.", what);
}

/* ---- what cannot be carried ---- */

static void refuse_named(struct gw_responses_writing *writing, struct gw_text name)
{
    char what[128];

    (void)snprintf(what, sizeof(what), "'%.*s' is not supported", GW_STR_ARG(name.raw));
    gw_responses_refuse(writing, name, what);
}

/* Whether an array of output kinds has more than text in it. */
static bool more_than_text(struct gw_responses_writing *writing, struct gw_str modalities)
{
    struct gw_json json;
    struct gw_json_iter iter;
    uint32_t each;

    if (gw_json_read(modalities, writing->request->arena, GW_RESPONSES_TOKENS_MAX, &json, NULL) !=
        GW_OK)
        return false;
    iter = gw_json_iter(&json, 0);
    while (gw_json_next(&json, &iter, &each))
        if (!gw_json_equals(&json, each, GW_STR("text")))
            return true;
    return false;
}

static void check_hard(struct gw_responses_writing *writing)
{
    const struct gw_request *request = writing->request;

    if (request->native_only)
        refuse_named(writing, request->native_only->name);
    if (request->n.base && !gw_str_eq(request->n, GW_STR("1")))
        refuse_named(writing, GW_TEXT("n"));
    if (request->modalities.base && more_than_text(writing, request->modalities))
        refuse_named(writing, GW_TEXT("modalities"));
}

static void drop_others(struct gw_responses_writing *writing)
{
    static const struct {
        enum gw_sampling sampling;
        const char *name;
        struct gw_str silent; /* what means the same as nothing */
    } rows[] = {
        {GW_TOP_K, "top_k", {NULL, 0}},
        {GW_MIN_P, "min_p", {NULL, 0}},
        {GW_FREQUENCY_PENALTY, "frequency_penalty", GW_STR_INIT("0")},
        {GW_PRESENCE_PENALTY, "presence_penalty", GW_STR_INIT("0")},
        {GW_REPETITION_PENALTY, "repetition_penalty", GW_STR_INIT("1")},
        {GW_SEED, "seed", {NULL, 0}},
        {GW_LOGIT_BIAS, "logit_bias", GW_STR_INIT("{}")},
    };
    const struct gw_request *request = writing->request;

    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_str value = request->sampling[rows[i].sampling];
        if (value.base && !(rows[i].silent.base && gw_str_eq(value, rows[i].silent)))
            gw_responses_drop(writing, rows[i].name);
    }
    if (request->stop)
        gw_responses_drop(writing,
                          request->family == GW_FAMILY_ANTHROPIC ? "stop_sequences" : "stop");
    if (request->prediction.base)
        gw_responses_drop(writing, "prediction");
}

/* ---- members ---- */

static void put_given(struct gw_responses_writing *writing, const char *key, struct gw_str json)
{
    if (json.base)
        put_raw(&writing->json, key, json);
}

/* The API refuses less than this; clients that only look whether it answers ask for one token. */
#define MAX_OUTPUT_TOKENS_MIN 16u

static void put_max_tokens(struct gw_responses_writing *writing)
{
    struct gw_request *request = writing->request;
    uint64_t tokens;

    if (gw_str_to_u64(request->max_tokens, &tokens) && tokens < MAX_OUTPUT_TOKENS_MIN) {
        gw_ledger_add(request->ledger, GW_LEDGER_CLAMP, gw_request_max_tokens_name(request));
        request->max_tokens = GW_STR("16");
    }
    put_given(writing, "max_output_tokens", request->max_tokens);
}

static void put_given_text(struct gw_responses_writing *writing, const char *key,
                           struct gw_text text)
{
    if (gw_text_present(text))
        put_text(&writing->json, key, text);
}

static void put_instructions(struct gw_responses_writing *writing)
{
    struct gw_json_writer *json = &writing->json;
    bool begun = false;

    for (const struct gw_part *part = writing->request->system; part; part = part->next) {
        if (!part->text.raw.len)
            continue;
        if (!begun) {
            put_key(json, "instructions");
            gw_json_write_begin_string(json);
        } else if (json->status == GW_OK) {
            json->status = gw_buf_add(json->buf, GW_STR("\\n\\n"));
        }
        begun = true;
        if (json->status == GW_OK)
            json->status = gw_text_add(json->buf, part->text);
    }
    if (begun)
        gw_json_write_end_string(json);
}

/* Reasoning models refuse them; 1 is what they have anyway. */
static void put_sampling(struct gw_responses_writing *writing, bool reasons)
{
    static const struct {
        enum gw_sampling sampling;
        const char *name;
    } rows[] = {{GW_TEMPERATURE, "temperature"}, {GW_TOP_P, "top_p"}};

    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_str value = writing->request->sampling[rows[i].sampling];
        if (!value.base)
            continue;
        if (!reasons)
            put_raw(&writing->json, rows[i].name, value);
        else if (!gw_str_eq(value, GW_STR("1")) && !gw_str_eq(value, GW_STR("1.0")))
            gw_responses_drop(writing, rows[i].name);
    }
}

static void put_format(struct gw_responses_writing *writing)
{
    const struct gw_response_format *format = &writing->request->format;
    struct gw_json_writer *json = &writing->json;

    put_object(json, "format");
    if (format->kind == GW_FORMAT_JSON_OBJECT) {
        put_c(json, "type", "json_object");
    } else {
        put_c(json, "type", "json_schema");
        put_text(json, "name", format->name.raw.len ? format->name : GW_TEXT("response"));
        put_given_text(writing, "description", format->description);
        put_given(writing, "schema", format->schema);
        put_given(writing, "strict", format->strict);
    }
    gw_json_write_end_object(json);
}

static void put_answer_text(struct gw_responses_writing *writing)
{
    enum gw_format kind = writing->request->format.kind;
    bool formatted = kind == GW_FORMAT_JSON_OBJECT || kind == GW_FORMAT_JSON_SCHEMA;

    if (!formatted && !gw_text_present(writing->request->verbosity))
        return;
    put_object(&writing->json, "text");
    if (formatted)
        put_format(writing);
    put_given_text(writing, "verbosity", writing->request->verbosity);
    gw_json_write_end_object(&writing->json);
}

static enum gw_effort effort_of(const struct gw_responses_writing *writing, unsigned known)
{
    const struct gw_request *request = writing->request;
    enum gw_effort effort = request->reasoning.effort;
    uint64_t budget;

    if (request->reasoning.mode == GW_REASONING_OFF)
        effort = GW_EFFORT_NONE;
    else if (effort == GW_EFFORT_UNSET && request->reasoning.budget.base &&
             gw_str_to_u64(request->reasoning.budget, &budget))
        effort = gw_effort_of_budget(budget > INT64_MAX ? INT64_MAX : (int64_t)budget);
    return gw_effort_nearest(effort, known);
}

/* Only for models that do. A summary only for who asks for reasoning: not every account may have one. */
static void put_reasoning(struct gw_responses_writing *writing)
{
    const struct gw_request *request = writing->request;
    enum gw_effort effort = effort_of(writing, gw_openai_efforts(writing->target->model));
    bool asked = request->reasoning.mode == GW_REASONING_ON ||
                 request->reasoning.mode == GW_REASONING_ADAPTIVE ||
                 gw_text_present(request->reasoning.summary);

    if (effort == GW_EFFORT_UNSET && !asked)
        return;
    put_object(&writing->json, "reasoning");
    if (effort != GW_EFFORT_UNSET)
        put_str(&writing->json, "effort", gw_effort_name(effort));
    if (asked && effort != GW_EFFORT_NONE)
        put_text(&writing->json, "summary",
                 gw_text_present(request->reasoning.summary) ? request->reasoning.summary
                                                             : GW_TEXT("auto"));
    gw_json_write_end_object(&writing->json);
}

static void put_include(struct gw_responses_writing *writing, bool reasons)
{
    const struct gw_request *request = writing->request;
    bool logprobs = request->logprobs == GW_FLAG_TRUE;

    if (logprobs && reasons) { /* they give none */
        gw_responses_drop(writing, "logprobs");
        if (request->top_logprobs.base)
            gw_responses_drop(writing, "top_logprobs");
        logprobs = false;
    }
    if (!logprobs && !reasons)
        return;
    put_array(&writing->json, "include");
    if (reasons)
        gw_json_write_string(&writing->json, GW_STR("reasoning.encrypted_content"));
    if (logprobs)
        gw_json_write_string(&writing->json, GW_STR("message.output_text.logprobs"));
    gw_json_write_end_array(&writing->json);
    if (logprobs)
        put_given(writing, "top_logprobs", request->top_logprobs);
}

/* Whose request it is, in at most 64 characters. */
static void put_user(struct gw_responses_writing *writing)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char hex[2 * sizeof(digest)];
    struct gw_text user = writing->request->user_id;
    size_t characters = 0;

    if (!user.raw.len)
        return;
    struct gw_str decoded = gw_text_decode(user, writing->request->arena);
    if (!decoded.base) {
        writing->json.status = GW_NO_MEMORY;
        return;
    }
    for (size_t i = 0; i < decoded.len; i++)
        characters += ((unsigned char)decoded.base[i] & 0xc0) != 0x80;
    if (characters <= IDENTIFIER_CHARACTERS_MAX) {
        put_text(&writing->json, "safety_identifier", user);
        return;
    }
    SHA256((const unsigned char *)decoded.base, decoded.len, digest);
    for (size_t i = 0; i < sizeof(digest); i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    put_str(&writing->json, "safety_identifier", (struct gw_str){hex, sizeof(hex)});
}

static void put_service_tier(struct gw_responses_writing *writing)
{
    struct gw_text tier = writing->request->service_tier;

    if (gw_text_equals(tier, GW_STR("standard_only"))) /* Anthropic's word */
        tier = GW_TEXT("default");
    put_given_text(writing, "service_tier", tier);
}

static void put_body(struct gw_responses_writing *writing)
{
    const struct gw_request *request = writing->request;
    struct gw_json_writer *json = &writing->json;
    bool reasons = gw_openai_is_reasoning(writing->target->model);

    gw_json_write_begin_object(json);
    put_str(json, "model", writing->target->model);
    put_instructions(writing);
    gw_responses_write_input(writing);
    gw_responses_write_tools(writing);
    put_max_tokens(writing);
    put_sampling(writing, reasons);
    put_answer_text(writing);
    if (reasons)
        put_reasoning(writing);
    put_include(writing, reasons);
    put_bool(json, "store", request->store == GW_FLAG_TRUE);
    if (request->stream)
        put_bool(json, "stream", true);
    put_given(writing, "metadata", request->metadata);
    put_service_tier(writing);
    put_given_text(writing, "prompt_cache_key", request->cache_key);
    put_given_text(writing, "prompt_cache_retention", request->cache_retention);
    put_user(writing);
    gw_json_write_end_object(json);
}

enum gw_status gw_responses_write_request(struct gw_request *request,
                                          const struct gw_target_traits *target, struct gw_buf *out,
                                          struct gw_complaint *complaint)
{
    static const struct gw_history_rules rules = {0};
    struct gw_responses_writing writing = {
        .request = request, .target = target, .complaint = complaint};
    enum gw_status status;

    check_hard(&writing);
    if (writing.status != GW_OK)
        return writing.status;
    status = gw_history_normalise(request, &rules);
    if (status == GW_OK)
        status = gw_names_apply(request, NAME_BYTES_MAX, &request->names);
    if (status != GW_OK)
        return status;
    drop_others(&writing);
    gw_json_write_init(&writing.json, out);
    put_body(&writing);
    status = gw_json_write_finish(&writing.json);
    return writing.status != GW_OK ? writing.status : status;
}
