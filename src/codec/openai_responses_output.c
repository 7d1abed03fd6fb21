/* The response object and its items as JSON (translation.md §5.2). */
#include "codec/openai_responses_private.h"

#include "codec/openai_chat_private.h"
#include "model/names.h"

/* What is repeated from the request, and what it is when the request has none; NULL: left out then. */
static const struct {
    const char *key;
    struct gw_str otherwise;
} echoes[] = {
    {"instructions", GW_STR_INIT("null")},
    {"max_output_tokens", GW_STR_INIT("null")},
    {"parallel_tool_calls", GW_STR_INIT("true")},
    {"previous_response_id", GW_STR_INIT("null")},
    {"reasoning", GW_STR_INIT("{\"effort\":null,\"summary\":null}")},
    {"temperature", GW_STR_INIT("null")},
    {"text", GW_STR_INIT("{\"format\":{\"type\":\"text\"}}")},
    {"tool_choice", GW_STR_INIT("\"auto\"")},
    {"tools", GW_STR_INIT("[]")},
    {"top_p", GW_STR_INIT("null")},
    {"truncation", GW_STR_INIT("\"disabled\"")},
    {"user", GW_STR_INIT("null")},
    {"metadata", GW_STR_INIT("{}")},
    {"max_tool_calls", {NULL, 0}},
    {"prompt_cache_key", {NULL, 0}},
    {"prompt_cache_retention", {NULL, 0}},
    {"safety_identifier", {NULL, 0}},
    {"top_logprobs", {NULL, 0}},
};
/* Where the model and the output stand among them, and what stands behind. */
#define ECHOES_BEFORE_MODEL 2u
#define ECHOES_BEFORE_STORE 5u
#define ECHOES_BEFORE_USAGE 11u

_Static_assert(GW_COUNT(echoes) == GW_RESPONSES_ECHOES, "one place for each");

/* An id that no call has. */
#define RESPONSE_ID_NUMBER 0xffffffffu

/* ---- the start ---- */

static enum gw_status read_echoes(struct gw_responses_response *response, struct gw_str body,
                                  struct gw_arena *scratch, struct gw_arena *arena)
{
    struct gw_json json;
    enum gw_status status = GW_INVALID;

    if (body.len)
        status = gw_json_read(body, scratch, GW_RESPONSES_TOKENS_MAX, &json, NULL);
    for (size_t i = 0; i < GW_COUNT(echoes); i++) {
        struct gw_str echo = {NULL, 0};
        if (status == GW_OK)
            echo = gw_responses_slice_at(&json, 0, gw_str_of(echoes[i].key));
        if (echo.base) {
            echo = gw_responses_line(echo, arena);
            if (!echo.base)
                return GW_NO_MEMORY;
        }
        response->echoes[i] = echo.base ? echo : echoes[i].otherwise;
    }
    return status == GW_NO_MEMORY ? status : GW_OK;
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
}

/* "resp_" and what the upstream calls it, as far as that is made of letters and digits. */
static struct gw_text response_id(struct gw_text id, struct gw_str seed, struct gw_arena *arena)
{
    static const struct gw_str prefix = GW_STR_INIT("resp_");
    size_t len = 0;

    char *base = gw_arena_bytes(arena, prefix.len + id.raw.len);
    if (!base)
        return (struct gw_text){{NULL, 0}};
    if (!gw_str_starts(id.raw, prefix)) {
        memcpy(base, prefix.base, prefix.len);
        len = prefix.len;
    }
    for (size_t i = 0; i < id.raw.len; i++)
        if (is_word(id.raw.base[i]))
            base[len++] = id.raw.base[i];
    if (len <= prefix.len)
        return gw_call_id_mint(prefix, seed, RESPONSE_ID_NUMBER, arena);
    return (struct gw_text){{base, len}};
}

enum gw_status gw_responses_begin(struct gw_responses_response *response, struct gw_text id,
                                  struct gw_text model, struct gw_str created,
                                  struct gw_text service_tier,
                                  const struct gw_answer_context *context, struct gw_arena *scratch,
                                  struct gw_arena *arena)
{
    *response = (struct gw_responses_response){.status = GW_RESPONSES_IN_PROGRESS};
    gw_usage_init(&response->usage);
    response->id = response_id(id, context->seed, arena);
    if (!model.raw.len)
        model = context->model;
    response->model.raw = gw_arena_str(arena, model.raw);
    if (created.len)
        response->created = gw_arena_str(arena, created);
    else
        response->created = gw_arena_printf(arena, "%llu", (unsigned long long)context->now_s);
    if (service_tier.raw.len) {
        response->service_tier.raw = gw_arena_str(arena, service_tier.raw);
        if (!gw_text_present(response->service_tier))
            return GW_NO_MEMORY;
    }
    if (!gw_text_present(response->id) || !gw_text_present(response->model) ||
        !response->created.base)
        return GW_NO_MEMORY;
    return read_echoes(response, context->body, scratch, arena);
}

/* ---- texts ---- */

static void add_text(struct gw_json_writer *out, struct gw_text text)
{
    if (out->status == GW_OK && text.raw.len)
        out->status = gw_text_add(out->buf, text);
}

static void add_bytes(struct gw_json_writer *out, struct gw_str bytes)
{
    if (out->status == GW_OK)
        out->status = gw_buf_add(out->buf, bytes);
}

void gw_responses_write_text(struct gw_json_writer *out, struct gw_text text)
{
    gw_json_write_begin_string(out);
    add_text(out, text);
    gw_json_write_end_string(out);
}

void gw_responses_write_pieces(struct gw_json_writer *out, const char *key,
                               const struct gw_responses_pieces *pieces)
{
    put_key(out, key);
    gw_json_write_begin_string(out);
    for (const struct gw_responses_chunk *chunk = pieces->first; chunk; chunk = chunk->next)
        add_text(out, (struct gw_text){{chunk->base, chunk->len}});
    gw_json_write_end_string(out);
}

/* An array whose inside is in pieces. */
static void put_entries(struct gw_json_writer *out, const char *key,
                        const struct gw_responses_pieces *pieces)
{
    put_array(out, key);
    for (const struct gw_responses_chunk *chunk = pieces->first; chunk; chunk = chunk->next)
        add_bytes(out, (struct gw_str){chunk->base, chunk->len});
    gw_json_write_end_array(out);
}

/* ---- items ---- */

static const struct gw_responses_pieces nothing;

void gw_responses_write_part(struct gw_json_writer *out, const struct gw_responses_part *part,
                             bool begun)
{
    gw_json_write_begin_object(out);
    put_c(out, "type", part->refusal ? "refusal" : "output_text");
    gw_responses_write_pieces(out, part->refusal ? "refusal" : "text",
                              begun ? &nothing : &part->text);
    if (!part->refusal) {
        put_entries(out, "annotations", begun ? &nothing : &part->annotations);
        put_entries(out, "logprobs", begun ? &nothing : &part->logprobs);
    }
    gw_json_write_end_object(out);
}

static const char *status_of(const struct gw_responses_item *item, bool begun)
{
    if (begun || !item->done)
        return "in_progress";
    return item->incomplete ? "incomplete" : "completed";
}

static void write_reasoning(struct gw_json_writer *out, const struct gw_responses_item *item,
                            bool begun)
{
    put_c(out, "type", "reasoning");
    put_str(out, "id", item->id);
    put_array(out, "summary");
    if (!begun && item->text.len) {
        gw_json_write_begin_object(out);
        put_c(out, "type", "summary_text");
        gw_responses_write_pieces(out, "text", &item->text);
        gw_json_write_end_object(out);
    }
    gw_json_write_end_array(out);
    if (!begun && gw_text_present(item->encrypted))
        put_text(out, "encrypted_content", item->encrypted);
}

static void write_message(struct gw_json_writer *out, const struct gw_responses_item *item,
                          bool begun)
{
    put_c(out, "type", "message");
    put_str(out, "id", item->id);
    put_c(out, "status", status_of(item, begun));
    put_c(out, "role", "assistant");
    put_array(out, "content");
    for (const struct gw_responses_part *part = item->parts; part && !begun; part = part->next)
        gw_responses_write_part(out, part, false);
    gw_json_write_end_array(out);
}

static void write_call(struct gw_json_writer *out, const struct gw_responses_item *item, bool begun)
{
    put_c(out, "type", item->custom ? "custom_tool_call" : "function_call");
    put_str(out, "id", item->id);
    put_text(out, "call_id", item->call_id);
    put_text(out, "name", item->name);
    if (gw_text_present(item->space))
        put_text(out, "namespace", item->space);
    gw_responses_write_pieces(out, item->custom ? "input" : "arguments",
                              begun ? &nothing : &item->text);
    put_c(out, "status", status_of(item, begun));
}

void gw_responses_write_item(struct gw_json_writer *out, const struct gw_responses_item *item,
                             bool begun)
{
    if (item->kind == GW_RESPONSES_RAW) {
        gw_json_write_raw(out, item->raw);
        return;
    }
    gw_json_write_begin_object(out);
    switch (item->kind) {
    case GW_RESPONSES_MESSAGE:
        write_message(out, item, begun);
        break;
    case GW_RESPONSES_REASONING:
        write_reasoning(out, item, begun);
        break;
    case GW_RESPONSES_CALL:
        write_call(out, item, begun);
        break;
    case GW_RESPONSES_RAW:
        break;
    }
    gw_json_write_end_object(out);
}

/* ---- the response ---- */

/* What is not known is 0 where a client counts on it, and left out elsewhere. */
static void put_tokens(struct gw_json_writer *out, const char *key, int64_t tokens, bool wanted)
{
    if (tokens >= 0)
        put_u(out, key, (uint64_t)tokens);
    else if (wanted)
        put_u(out, key, 0);
}

static void put_usage(struct gw_json_writer *out, const struct gw_responses_response *response)
{
    const int64_t *tokens = response->usage.tokens;
    int64_t in = tokens[GW_TOKENS_IN], out_total = tokens[GW_TOKENS_OUT];

    /* Clients cannot do without it in what is finished. */
    bool wanted =
        response->status == GW_RESPONSES_COMPLETED || response->status == GW_RESPONSES_INCOMPLETE;
    bool known = response->status == GW_RESPONSES_FAILED && (in >= 0 || out_total >= 0);

    if (!wanted && !known) {
        put_null(out, "usage");
        return;
    }
    put_object(out, "usage");
    put_tokens(out, "input_tokens", in, true);
    put_object(out, "input_tokens_details");
    put_tokens(out, "cached_tokens", tokens[GW_TOKENS_CACHE_READ], true);
    put_tokens(out, "cache_write_tokens", tokens[GW_TOKENS_CACHE_WRITE], false);
    gw_json_write_end_object(out);
    put_tokens(out, "output_tokens", out_total, true);
    put_object(out, "output_tokens_details");
    put_tokens(out, "reasoning_tokens", tokens[GW_TOKENS_REASONING], true);
    gw_json_write_end_object(out);
    put_u(out, "total_tokens",
          (in > 0 ? (uint64_t)in : 0) + (out_total > 0 ? (uint64_t)out_total : 0));
    gw_json_write_end_object(out);
}

static void put_outcome(struct gw_json_writer *out, const struct gw_responses_response *response)
{
    static const char *const names[] = {
        [GW_RESPONSES_IN_PROGRESS] = "in_progress",
        [GW_RESPONSES_COMPLETED] = "completed",
        [GW_RESPONSES_INCOMPLETE] = "incomplete",
        [GW_RESPONSES_FAILED] = "failed",
    };

    put_c(out, "status", names[response->status]);
    put_bool(out, "background", false);
    if (response->failure) {
        put_object(out, "error");
        put_text(out, "code", gw_chat_failure_code(response->failure));
        put_text(out, "message", response->failure->message);
        gw_json_write_end_object(out);
    } else {
        put_null(out, "error");
    }
    if (response->incomplete_reason) {
        put_object(out, "incomplete_details");
        put_c(out, "reason", response->incomplete_reason);
        gw_json_write_end_object(out);
    } else {
        put_null(out, "incomplete_details");
    }
}

static void put_echoes(struct gw_json_writer *out, const struct gw_responses_response *response,
                       unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        if (response->echoes[i].base)
            put_raw(out, echoes[i].key, response->echoes[i]);
}

static void put_output(struct gw_json_writer *out, const struct gw_responses_response *response)
{
    put_array(out, "output");
    for (const struct gw_responses_item *item = response->items; item; item = item->next)
        gw_responses_write_item(out, item, false);
    gw_json_write_end_array(out);
}

void gw_responses_write_response(struct gw_json_writer *out,
                                 const struct gw_responses_response *response)
{
    gw_json_write_begin_object(out);
    put_text(out, "id", response->id);
    put_c(out, "object", "response");
    put_raw(out, "created_at", response->created);
    put_outcome(out, response);
    put_echoes(out, response, 0, ECHOES_BEFORE_MODEL);
    put_text(out, "model", response->model);
    put_output(out, response);
    put_echoes(out, response, ECHOES_BEFORE_MODEL, ECHOES_BEFORE_STORE);
    if (gw_text_present(response->service_tier))
        put_text(out, "service_tier", response->service_tier);
    put_bool(out, "store", false); /* nothing can be asked for later */
    put_echoes(out, response, ECHOES_BEFORE_STORE, ECHOES_BEFORE_USAGE);
    put_usage(out, response);
    put_echoes(out, response, ECHOES_BEFORE_USAGE, GW_RESPONSES_ECHOES);
    gw_json_write_end_object(out);
}
