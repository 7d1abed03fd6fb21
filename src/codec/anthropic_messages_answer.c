/* Answers to a Messages caller: what whole ones and streams share, and whole ones (translation.md §5). */
#include "codec/anthropic_messages_private.h"
#include "model/arguments.h"
#include "model/carrier.h"
#include "model/names.h"

/* ---- how it ended ---- */

static const struct {
    struct gw_str stop_reason;
    enum gw_finish finish;
} stops[] = {
    {GW_STR_INIT("end_turn"), GW_FINISH_STOP},
    {GW_STR_INIT("compaction"), GW_FINISH_STOP},
    {GW_STR_INIT("stop_sequence"), GW_FINISH_STOP_SEQUENCE},
    {GW_STR_INIT("max_tokens"), GW_FINISH_LENGTH},
    {GW_STR_INIT("model_context_window_exceeded"), GW_FINISH_CONTEXT_LENGTH},
    {GW_STR_INIT("tool_use"), GW_FINISH_TOOL_USE},
    {GW_STR_INIT("refusal"), GW_FINISH_REFUSAL},
    {GW_STR_INIT("pause_turn"), GW_FINISH_PAUSE},
};

/* A word that is not known is a stop: the raw one is in the log. */
enum gw_finish gw_messages_finish_of(struct gw_text stop_reason)
{
    for (size_t i = 0; i < GW_COUNT(stops); i++)
        if (gw_text_equals(stop_reason, stops[i].stop_reason))
            return stops[i].finish;
    return GW_FINISH_STOP;
}

struct gw_messages_stop gw_messages_stop_of(enum gw_finish finish, struct gw_text sequence,
                                            struct gw_text explanation, struct gw_str details,
                                            bool refused)
{
    struct gw_messages_stop stop = {.reason = GW_STR("end_turn")};

    if (finish == GW_FINISH_CONTENT_FILTER)
        finish = GW_FINISH_REFUSAL;
    else if (finish == GW_FINISH_STOP_SEQUENCE && !gw_text_present(sequence))
        finish = GW_FINISH_STOP;
    else if (finish == GW_FINISH_STOP && refused)
        finish = GW_FINISH_REFUSAL;
    for (size_t i = 0; i < GW_COUNT(stops); i++)
        if (stops[i].finish == finish) {
            stop.reason = stops[i].stop_reason;
            break;
        }
    if (finish == GW_FINISH_STOP_SEQUENCE)
        stop.sequence = sequence;
    if (finish == GW_FINISH_REFUSAL)
        stop.own = details;
    stop.explanation = explanation;
    stop.details = finish == GW_FINISH_REFUSAL && (refused || gw_text_present(explanation));
    return stop;
}

static void put_text_or_null(struct gw_json_writer *out, struct gw_str key, struct gw_text text)
{
    gw_json_write_key(out, key);
    if (gw_text_present(text))
        gw_json_write_raw_string(out, text.raw);
    else
        gw_json_write_null(out);
}

void gw_messages_write_stop(struct gw_json_writer *out, const struct gw_messages_stop *stop)
{
    put_text_or_null(out, GW_STR("stop_reason"), (struct gw_text){stop->reason});
    put_text_or_null(out, GW_STR("stop_sequence"), stop->sequence);
    gw_json_write_key(out, GW_STR("stop_details"));
    if (stop->own.base) {
        gw_messages_write_line(out, stop->own);
        return;
    }
    if (!stop->details) {
        gw_json_write_null(out);
        return;
    }
    gw_json_write_begin_object(out);
    gw_messages_put_string(out, GW_STR("type"), GW_STR("refusal"));
    gw_messages_put_raw(out, GW_STR("category"), GW_STR("null"));
    put_text_or_null(out, GW_STR("explanation"), stop->explanation);
    gw_json_write_end_object(out);
}

/* ---- what it took ---- */

void gw_messages_write_usage(struct gw_json_writer *out, const struct gw_usage *usage, bool details)
{
    int64_t read = usage->tokens[GW_TOKENS_CACHE_READ];
    int64_t written = usage->tokens[GW_TOKENS_CACHE_WRITE];
    int64_t reasoning = usage->tokens[GW_TOKENS_REASONING];
    int64_t input = usage->tokens[GW_TOKENS_IN];

    if (input > 0 && read > 0)
        input -= read;
    if (input > 0 && written > 0)
        input -= written;
    gw_json_write_begin_object(out);
    gw_messages_put_count(out, GW_STR("input_tokens"), input);
    gw_messages_put_count(out, GW_STR("cache_creation_input_tokens"), written);
    gw_messages_put_count(out, GW_STR("cache_read_input_tokens"), read);
    gw_messages_put_count(out, GW_STR("output_tokens"), usage->tokens[GW_TOKENS_OUT]);
    if (details || reasoning >= 0) {
        gw_json_write_key(out, GW_STR("output_tokens_details"));
        if (reasoning < 0) {
            gw_json_write_null(out);
        } else {
            gw_json_write_begin_object(out);
            gw_messages_put_count(out, GW_STR("thinking_tokens"), reasoning);
            gw_json_write_end_object(out);
        }
    }
    gw_json_write_end_object(out);
}

/* ---- ids ---- */

static bool is_id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

struct gw_text gw_messages_answer_id(struct gw_text id, const struct gw_answer_context *context,
                                     struct gw_arena *arena)
{
    static const struct gw_str prefix = GW_STR_INIT("msg_");
    struct gw_str decoded = gw_text_decode(id, arena);
    size_t len = 0;

    if (!gw_text_present(id) || id.raw.len == 0)
        return gw_call_id_mint(prefix, context->seed, 0, arena);
    char *into = decoded.base ? gw_arena_bytes(arena, decoded.len + prefix.len) : NULL;
    if (!into)
        return (struct gw_text){{NULL, 0}};
    if (!gw_str_starts(decoded, prefix)) {
        memcpy(into, prefix.base, prefix.len);
        len = prefix.len;
    }
    for (size_t i = 0; i < decoded.len; i++)
        if (is_id_char(decoded.base[i]))
            into[len++] = decoded.base[i];
    return (struct gw_text){{into, len}};
}

struct gw_text gw_messages_call_id(struct gw_text id, unsigned number,
                                   const struct gw_answer_context *context, struct gw_arena *arena)
{
    if (!gw_text_present(id) || id.raw.len == 0)
        return gw_call_id_mint(GW_STR("toolu_"), context->seed, number + 1, arena);
    return gw_call_id(id, GW_ID_MESSAGES, arena);
}

/* ---- citations ---- */

/* Anthropic's own stand as they are; OpenAI's of an URL become those of a web search. */
void gw_messages_write_citation(struct gw_json_writer *out, const struct gw_json *json,
                                uint32_t citation)
{
    static const struct gw_str location = GW_STR_INIT("_location");
    struct gw_str type = gw_messages_text(json, citation, GW_STR("type")).raw;
    uint32_t inner = gw_json_get(json, citation, GW_STR("url_citation"));
    struct gw_text url, title;

    if (type.len > location.len &&
        gw_str_eq(gw_str_from(type, type.len - location.len), location)) {
        gw_messages_write_line(out, gw_json_slice(json, citation));
        return;
    }
    if (gw_json_type(json, inner) == GW_JSON_IS_OBJECT)
        citation = inner;
    url = gw_messages_text(json, citation, GW_STR("url"));
    title = gw_messages_text(json, citation, GW_STR("title"));
    gw_json_write_begin_object(out);
    gw_messages_put_string(out, GW_STR("type"), GW_STR("web_search_result_location"));
    gw_messages_put_text(out, GW_STR("url"), url);
    put_text_or_null(out, GW_STR("title"), title);
    gw_messages_put_string(out, GW_STR("cited_text"), GW_STR(""));
    gw_messages_put_string(out, GW_STR("encrypted_index"), GW_STR(""));
    gw_json_write_end_object(out);
}

bool gw_messages_is_citation(const struct gw_json *json, uint32_t citation)
{
    uint32_t inner = gw_json_get(json, citation, GW_STR("url_citation"));

    return gw_text_present(gw_messages_text(json, citation, GW_STR("type"))) &&
           (gw_text_present(gw_messages_text(json, citation, GW_STR("url"))) ||
            gw_text_present(gw_messages_text(json, inner, GW_STR("url"))) ||
            gw_text_present(gw_messages_text(json, citation, GW_STR("cited_text"))));
}

/* ---- lines ---- */

void gw_messages_write_line(struct gw_json_writer *out, struct gw_str json)
{
    size_t before = gw_buf_len(out->buf);

    gw_json_write_raw(out, json);
    if (out->status != GW_OK)
        return;
    for (char *at = out->buf->base + out->buf->head + before,
              *end = out->buf->base + out->buf->tail;
         at < end; at++)
        if (*at == '\n' || *at == '\r')
            *at = ' ';
}

/* ---- whole answers ---- */

struct answer_writer {
    const struct gw_answer *answer;
    const struct gw_answer_context *context;
    struct gw_json_writer *out;
    unsigned blocks; /* written */
    struct gw_text refusal;
};

static void begin_block(struct answer_writer *writer, struct gw_str type)
{
    gw_json_write_begin_object(writer->out);
    gw_messages_put_string(writer->out, GW_STR("type"), type);
    writer->blocks++;
}

static enum gw_status write_citations(struct answer_writer *writer, struct gw_str annotations)
{
    struct gw_arena *arena = writer->answer->arena;
    struct gw_json json;
    struct gw_json_iter iter;
    uint32_t item;
    char *array = gw_arena_bytes(arena, annotations.len + 2);

    if (!array)
        return GW_NO_MEMORY;
    array[0] = '[';
    memcpy(array + 1, annotations.base, annotations.len);
    array[annotations.len + 1] = ']';
    enum gw_status status = gw_json_read((struct gw_str){array, annotations.len + 2}, arena,
                                         GW_MESSAGES_TOKENS_MAX, &json, NULL);
    if (status == GW_NO_MEMORY)
        return status;
    gw_json_write_key(writer->out, GW_STR("citations"));
    gw_json_write_begin_array(writer->out);
    iter = gw_json_iter(&json, 0);
    while (status == GW_OK && gw_json_next(&json, &iter, &item))
        if (gw_messages_is_citation(&json, item))
            gw_messages_write_citation(writer->out, &json, item);
    gw_json_write_end_array(writer->out);
    return GW_OK;
}

/* No empty block: sent back in the history it would be refused. */
static enum gw_status write_text(struct answer_writer *writer, const struct gw_block *block)
{
    enum gw_status status = GW_OK;

    if (block->kind == GW_BLOCK_REFUSAL)
        writer->refusal = block->text;
    if (block->text.raw.len == 0 && block->annotations.len == 0)
        return GW_OK;
    begin_block(writer, GW_STR("text"));
    gw_messages_put_text(writer->out, GW_STR("text"), block->text);
    if (block->annotations.len)
        status = write_citations(writer, block->annotations);
    gw_json_write_end_object(writer->out);
    return status;
}

static void write_redacted(struct answer_writer *writer, struct gw_text data)
{
    begin_block(writer, GW_STR("redacted_thinking"));
    gw_messages_put_text(writer->out, GW_STR("data"), data);
    gw_json_write_end_object(writer->out);
}

/* State that is not Claude's, in a block that callers give back untouched (§2.7). */
static enum gw_status write_carrier(struct answer_writer *writer, const struct gw_part *part)
{
    struct gw_text data = gw_carrier_write(part, writer->blocks, writer->answer->arena);

    if (!gw_text_present(data))
        return GW_NO_MEMORY;
    write_redacted(writer, data);
    return GW_OK;
}

static enum gw_status write_reasoning(struct answer_writer *writer, const struct gw_block *block)
{
    bool own = block->family == GW_FAMILY_ANTHROPIC;
    bool has_signature = gw_text_present(block->signature) && block->signature.raw.len;
    struct gw_part state = {.kind = GW_PART_REASONING,
                            .family = block->family,
                            .id = block->id,
                            .text = GW_TEXT(""),
                            .signature = block->signature};

    if (block->text.raw.len || (own && has_signature)) {
        begin_block(writer, GW_STR("thinking"));
        gw_messages_put_text(writer->out, GW_STR("thinking"), block->text);
        gw_messages_put_text(writer->out, GW_STR("signature"),
                             own && has_signature ? block->signature : GW_TEXT(""));
        gw_json_write_end_object(writer->out);
    }
    return has_signature && !own ? write_carrier(writer, &state) : GW_OK;
}

static enum gw_status write_opaque(struct answer_writer *writer, const struct gw_block *block)
{
    struct gw_part state = {
        .kind = GW_PART_REDACTED, .family = block->family, .id = block->id, .data = block->text};

    if (block->family != GW_FAMILY_ANTHROPIC)
        return write_carrier(writer, &state);
    write_redacted(writer, block->text);
    return GW_OK;
}

static enum gw_status write_call(struct answer_writer *writer, const struct gw_block *block)
{
    struct gw_arena *arena = writer->answer->arena;
    const struct gw_request *request = writer->context->request;
    struct gw_text id = gw_messages_call_id(block->id, writer->blocks, writer->context, arena);
    struct gw_part state = {
        .kind = GW_PART_TOOL_CALL, .family = GW_FAMILY_GEMINI, .id = id, .gsig = block->gsig};
    struct gw_str input =
        gw_arguments_object(&block->arguments, arena, request ? request->ledger : NULL);
    enum gw_status status = GW_OK;

    if (!gw_text_present(id) || !input.base)
        return GW_NO_MEMORY;
    if (gw_text_present(block->gsig))
        status = write_carrier(writer, &state);
    if (status != GW_OK)
        return status;
    begin_block(writer, GW_STR("tool_use"));
    gw_messages_put_text(writer->out, GW_STR("id"), id);
    gw_messages_put_text(writer->out, GW_STR("name"), block->name);
    gw_messages_put_raw(writer->out, GW_STR("input"), input);
    gw_json_write_end_object(writer->out);
    return GW_OK;
}

static enum gw_status write_block(struct answer_writer *writer, const struct gw_block *block)
{
    const struct gw_request *request = writer->context->request;

    switch (block->kind) {
    case GW_BLOCK_TEXT:
    case GW_BLOCK_REFUSAL:
        return write_text(writer, block);
    case GW_BLOCK_REASONING:
        return write_reasoning(writer, block);
    case GW_BLOCK_REDACTED:
        return write_opaque(writer, block);
    case GW_BLOCK_TOOL:
        return write_call(writer, block);
    case GW_BLOCK_SERVER_TOOL:
        if (block->family == GW_FAMILY_ANTHROPIC && block->raw.len) {
            gw_messages_write_line(writer->out, block->raw);
            writer->blocks++;
        }
        return GW_OK;
    case GW_BLOCK_IMAGE:
        if (request && request->ledger)
            gw_ledger_add(request->ledger, GW_LEDGER_DROP, GW_STR("image"));
        return GW_OK;
    }
    return GW_OK;
}

void gw_messages_write_head(struct gw_json_writer *out, struct gw_text id, struct gw_text model)
{
    gw_messages_put_text(out, GW_STR("id"), id);
    gw_messages_put_string(out, GW_STR("type"), GW_STR("message"));
    gw_messages_put_string(out, GW_STR("role"), GW_STR("assistant"));
    gw_messages_put_text(out, GW_STR("model"), model);
    gw_json_write_key(out, GW_STR("content"));
    gw_json_write_begin_array(out);
}

void gw_messages_write_tail(struct gw_json_writer *out, const struct gw_messages_stop *stop,
                            const struct gw_usage *usage)
{
    gw_json_write_end_array(out);
    gw_messages_write_stop(out, stop);
    gw_messages_put_raw(out, GW_STR("container"), GW_STR("null"));
    gw_json_write_key(out, GW_STR("usage"));
    gw_messages_write_usage(out, usage, true);
}

enum gw_status gw_messages_write_answer(const struct gw_answer *answer,
                                        const struct gw_answer_context *context, struct gw_buf *out)
{
    struct gw_json_writer json;
    struct answer_writer writer = {.answer = answer, .context = context, .out = &json};
    struct gw_text id = gw_messages_answer_id(answer->id, context, answer->arena);
    enum gw_status status = gw_text_present(id) ? GW_OK : GW_NO_MEMORY;

    gw_json_write_init(&json, out);
    gw_json_write_begin_object(&json);
    gw_messages_write_head(&json, id,
                           gw_text_present(answer->model) ? answer->model : context->model);
    for (const struct gw_block *block = answer->blocks; status == GW_OK && block;
         block = block->next)
        status = write_block(&writer, block);
    if (status != GW_OK)
        return status;
    struct gw_messages_stop stop = gw_messages_stop_of(
        answer->finish, answer->stop_sequence,
        gw_text_present(answer->explanation) ? answer->explanation : writer.refusal,
        answer->stop_details, gw_text_present(writer.refusal));
    gw_messages_write_tail(&json, &stop, &answer->usage);
    gw_json_write_end_object(&json);
    return gw_json_write_finish(&json);
}
