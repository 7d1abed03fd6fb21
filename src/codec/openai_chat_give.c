/*
 * A whole answer for a caller (translation.md §5.2), and what its stream shares with it.
 */
#include "codec/openai_chat_private.h"

#include "model/arguments.h"
#include "model/names.h"

#define ANSWER_NUMBER UINT32_MAX /* calls are numbered from 0 on */

struct gw_text gw_chat_answer_id(struct gw_text id, const struct gw_answer_context *context,
                                 struct gw_arena *arena)
{
    static const struct gw_str prefix = GW_STR_INIT("chatcmpl-");

    if (id.raw.len == 0)
        return gw_call_id_mint(prefix, context->seed, ANSWER_NUMBER, arena);
    struct gw_str from = gw_text_decode(id, arena);
    char *made = from.base && from.len < GW_ARENA_ALLOC_MAX / 2
                     ? gw_arena_bytes(arena, prefix.len + from.len)
                     : NULL;
    if (!made)
        return (struct gw_text){{NULL, 0}};
    size_t len = gw_str_starts(from, prefix) ? 0 : prefix.len;
    memcpy(made, prefix.base, len);
    for (size_t i = 0; i < from.len; i++) {
        char c = from.base[i], lower = gw_lower(c);
        if ((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
            made[len++] = c;
    }
    return (struct gw_text){{made, len}};
}

struct gw_text gw_chat_given_call_id(struct gw_text id, unsigned number,
                                     const struct gw_answer_context *context,
                                     struct gw_arena *arena)
{
    if (id.raw.len)
        return gw_call_id(id, GW_ID_CHAT, arena);
    return gw_call_id_mint(GW_STR("call_"), context->seed, number, arena);
}

void gw_chat_write_head(struct gw_json_writer *out, const struct gw_chat_head *head,
                        const struct gw_answer_context *context)
{
    gw_chat_put_text(out, GW_STR("id"), head->id);
    gw_chat_put_string(out, GW_STR("object"), head->object);
    gw_json_write_key(out, GW_STR("created"));
    if (head->created.len)
        gw_json_write_raw(out, head->created);
    else
        gw_json_write_uint64(out, context->now_s);
    gw_chat_put_text(out, GW_STR("model"), head->model.raw.len ? head->model : context->model);
    if (head->service_tier.raw.len)
        gw_chat_put_text(out, GW_STR("service_tier"), head->service_tier);
    if (head->fingerprint.raw.len)
        gw_chat_put_text(out, GW_STR("system_fingerprint"), head->fingerprint);
}

bool gw_chat_is_custom(const struct gw_request *request, struct gw_text name,
                       struct gw_arena *arena)
{
    for (const struct gw_tool *tool = request->tools; tool; tool = tool->next) {
        if (tool->kind != GW_TOOL_CUSTOM)
            continue;
        struct gw_text own = gw_names_restore(request->names, tool->name);
        if (gw_str_eq(own.raw, name.raw) || gw_text_equals(name, gw_text_decode(own, arena)))
            return true;
    }
    return false;
}

void gw_chat_write_images(struct gw_json_writer *out, struct gw_text url)
{
    gw_json_write_begin_object(out);
    gw_chat_put_string(out, GW_STR("type"), GW_STR("image_url"));
    gw_chat_put_object(out, GW_STR("image_url"));
    gw_chat_put_text(out, GW_STR("url"), url);
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
}

void gw_chat_write_signature(struct gw_json_writer *out, struct gw_text signature)
{
    if (!signature.raw.len)
        return;
    gw_chat_put_object(out, GW_STR("extra_content"));
    gw_chat_put_object(out, GW_STR("google"));
    gw_chat_put_text(out, GW_STR("thought_signature"), signature);
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
}

/* ---- usage and ending ---- */

static void put_count(struct gw_json_writer *out, struct gw_str key, int64_t count)
{
    gw_json_write_key(out, key);
    gw_json_write_int64(out, count > 0 ? count : 0);
}

static const struct {
    struct gw_str name;
    struct {
        enum gw_tokens field;
        struct gw_str name;
    } counts[4];
} details[] = {
    {GW_STR_INIT("prompt_tokens_details"),
     {{GW_TOKENS_CACHE_READ, GW_STR_INIT("cached_tokens")},
      {GW_TOKENS_CACHE_WRITE, GW_STR_INIT("cache_write_tokens")},
      {GW_TOKENS_IN_AUDIO, GW_STR_INIT("audio_tokens")}}},
    {GW_STR_INIT("completion_tokens_details"),
     {{GW_TOKENS_REASONING, GW_STR_INIT("reasoning_tokens")},
      {GW_TOKENS_OUT_AUDIO, GW_STR_INIT("audio_tokens")},
      {GW_TOKENS_ACCEPTED_PREDICTION, GW_STR_INIT("accepted_prediction_tokens")},
      {GW_TOKENS_REJECTED_PREDICTION, GW_STR_INIT("rejected_prediction_tokens")}}},
};

void gw_chat_write_usage(struct gw_json_writer *out, const struct gw_usage *usage)
{
    int64_t in = usage->tokens[GW_TOKENS_IN], made = usage->tokens[GW_TOKENS_OUT], total;

    if (__builtin_add_overflow(in > 0 ? in : 0, made > 0 ? made : 0, &total))
        total = INT64_MAX;
    gw_json_write_begin_object(out);
    put_count(out, GW_STR("prompt_tokens"), in);
    put_count(out, GW_STR("completion_tokens"), made);
    put_count(out, GW_STR("total_tokens"), total);
    for (size_t i = 0; i < GW_COUNT(details); i++) {
        bool begun = false;
        for (size_t k = 0; k < GW_COUNT(details[i].counts) && details[i].counts[k].name.base; k++) {
            int64_t count = usage->tokens[details[i].counts[k].field];
            if (count == GW_TOKENS_UNKNOWN)
                continue;
            if (!begun)
                gw_chat_put_object(out, details[i].name);
            begun = true;
            put_count(out, details[i].counts[k].name, count);
        }
        if (begun)
            gw_json_write_end_object(out);
    }
    gw_json_write_end_object(out);
}

struct gw_str gw_chat_finish_name(enum gw_finish finish, bool refused, bool legacy)
{
    static const struct gw_str names[GW_FINISHES] = {
        [GW_FINISH_NONE] = GW_STR_INIT("stop"),
        [GW_FINISH_STOP] = GW_STR_INIT("stop"),
        [GW_FINISH_STOP_SEQUENCE] = GW_STR_INIT("stop"),
        [GW_FINISH_LENGTH] = GW_STR_INIT("length"),
        [GW_FINISH_CONTEXT_LENGTH] = GW_STR_INIT("length"),
        [GW_FINISH_TOOL_USE] = GW_STR_INIT("tool_calls"),
        [GW_FINISH_CONTENT_FILTER] = GW_STR_INIT("content_filter"),
        [GW_FINISH_REFUSAL] = GW_STR_INIT("content_filter"),
        [GW_FINISH_PAUSE] = GW_STR_INIT("stop"),
    };

    if (finish == GW_FINISH_REFUSAL && refused) /* said as text, as OpenAI's models do */
        return GW_STR("stop");
    if (finish == GW_FINISH_TOOL_USE && legacy)
        return GW_STR("function_call");
    return names[finish];
}

/* ---- the message ---- */

/* An answer being written. */
struct giving {
    const struct gw_answer *answer;
    const struct gw_answer_context *context;
    struct gw_json_writer *out;
};

static const struct gw_block *next_of(const struct gw_block *block, enum gw_block_kind kind)
{
    while (block && block->kind != kind)
        block = block->next;
    return block;
}

/* All text of one kind, without anything between. @return false: there is none */
static bool put_said(struct giving *giving, struct gw_str key, enum gw_block_kind kind)
{
    const struct gw_block *block = next_of(giving->answer->blocks, kind);
    bool any = false;

    for (; block; block = next_of(block->next, kind)) {
        if (!block->text.raw.len)
            continue;
        if (!any)
            gw_chat_begin_text(giving->out, key);
        any = true;
        gw_chat_add_text(giving->out, block->text);
    }
    if (any)
        gw_chat_end_text(giving->out);
    return any;
}

static struct gw_text arguments_of(struct giving *giving, const struct gw_block *block)
{
    struct gw_text text = gw_arguments_string(&block->arguments, giving->answer->arena);

    if (gw_text_present(text) && block->tool == GW_TOOL_FUNCTION && gw_text_is_blank(text))
        return GW_TEXT("{}");
    return text;
}

/* @return GW_OK or GW_NO_MEMORY */
static enum gw_status put_call(struct giving *giving, const struct gw_block *block, unsigned number)
{
    struct gw_json_writer *out = giving->out;
    struct gw_arena *arena = giving->answer->arena;
    bool unwrap = block->tool == GW_TOOL_FUNCTION &&
                  gw_chat_is_custom(giving->context->request, block->name, arena);
    bool custom = unwrap || block->tool == GW_TOOL_CUSTOM;
    struct gw_text id = gw_chat_given_call_id(block->id, number, giving->context, arena);
    struct gw_text text =
        unwrap ? gw_arguments_to_custom(&block->arguments, arena) : arguments_of(giving, block);

    if (block->tool == GW_TOOL_CUSTOM)
        text = gw_text_present(block->arguments.string) ? block->arguments.string : GW_TEXT("");
    if (!gw_text_present(id) || !gw_text_present(text))
        return GW_NO_MEMORY;
    gw_json_write_begin_object(out);
    gw_chat_put_text(out, GW_STR("id"), id);
    gw_chat_put_string(out, GW_STR("type"), custom ? GW_STR("custom") : GW_STR("function"));
    gw_chat_put_object(out, custom ? GW_STR("custom") : GW_STR("function"));
    gw_chat_put_text(out, GW_STR("name"), block->name);
    gw_chat_put_text(out, custom ? GW_STR("input") : GW_STR("arguments"), text);
    gw_json_write_end_object(out);
    gw_chat_write_signature(out, block->gsig);
    gw_json_write_end_object(out);
    return GW_OK;
}

static enum gw_status put_legacy_call(struct giving *giving, const struct gw_block *block)
{
    struct gw_text text = arguments_of(giving, block);

    if (!gw_text_present(text))
        return GW_NO_MEMORY;
    gw_chat_put_object(giving->out, GW_STR("function_call"));
    gw_chat_put_text(giving->out, GW_STR("name"), block->name);
    gw_chat_put_text(giving->out, GW_STR("arguments"), text);
    gw_json_write_end_object(giving->out);
    return GW_OK;
}

static enum gw_status put_calls(struct giving *giving)
{
    const struct gw_block *block = next_of(giving->answer->blocks, GW_BLOCK_TOOL);
    enum gw_status status = GW_OK;
    unsigned number = 0;

    if (!block)
        return GW_OK;
    if (giving->context->request->legacy_functions)
        return put_legacy_call(giving, block);
    gw_chat_put_array(giving->out, GW_STR("tool_calls"));
    for (; status == GW_OK && block; block = next_of(block->next, GW_BLOCK_TOOL))
        status = put_call(giving, block, number++);
    if (status == GW_OK)
        gw_json_write_end_array(giving->out);
    return status;
}

/* What is opaque goes with the place where it stood, so that it can go back there. */
static enum gw_status put_state(struct giving *giving)
{
    struct gw_json_writer *out = giving->out;
    unsigned index = 0, number = 0;
    bool any = false;

    for (const struct gw_block *block = giving->answer->blocks; block;
         block = block->next, index++) {
        struct gw_chat_detail detail = {.family = block->family,
                                        .id = block->id,
                                        .text = block->text,
                                        .signature = block->signature,
                                        .index = index};
        if (block->kind == GW_BLOCK_REDACTED)
            detail.data = block->text;
        if (block->kind == GW_BLOCK_TOOL) {
            detail.data = block->gsig;
            detail.family = GW_FAMILY_GEMINI;
            detail.id =
                gw_chat_given_call_id(block->id, number++, giving->context, giving->answer->arena);
        }
        if (block->kind != GW_BLOCK_REASONING && !detail.data.raw.len)
            continue;
        if (block->kind == GW_BLOCK_TOOL && !gw_text_present(detail.id))
            return GW_NO_MEMORY;
        if (!any)
            gw_chat_put_array(out, GW_STR("reasoning_details"));
        any = true;
        gw_chat_write_state(out, &detail);
    }
    if (any)
        gw_json_write_end_array(out);
    return GW_OK;
}

static void put_images(struct giving *giving)
{
    const struct gw_block *block = next_of(giving->answer->blocks, GW_BLOCK_IMAGE);

    if (!block)
        return;
    gw_chat_put_array(giving->out, GW_STR("images"));
    for (; block; block = next_of(block->next, GW_BLOCK_IMAGE))
        gw_chat_write_images(giving->out, block->text);
    gw_json_write_end_array(giving->out);
}

static enum gw_status put_message(struct giving *giving)
{
    const struct gw_answer *answer = giving->answer;
    struct gw_json_writer *out = giving->out;

    gw_chat_put_object(out, GW_STR("message"));
    gw_chat_put_string(out, GW_STR("role"), GW_STR("assistant"));
    if (!put_said(giving, GW_STR("content"), GW_BLOCK_TEXT))
        gw_chat_put_null(out, GW_STR("content"));
    if (!put_said(giving, GW_STR("refusal"), GW_BLOCK_REFUSAL))
        gw_chat_put_optional(out, GW_STR("refusal"),
                             answer->finish == GW_FINISH_REFUSAL ? answer->explanation
                                                                 : (struct gw_text){{NULL, 0}});
    enum gw_status status = put_calls(giving);
    if (status != GW_OK)
        return status;
    (void)put_said(giving, GW_STR("reasoning_content"), GW_BLOCK_REASONING);
    status = put_state(giving);
    if (status == GW_OK)
        status = gw_chat_put_notes(giving->answer, out);
    if (status != GW_OK)
        return status;
    put_images(giving);
    gw_json_write_end_object(out);
    return GW_OK;
}

static void put_logprobs(struct giving *giving)
{
    struct gw_json_writer *out = giving->out;
    bool any = false;

    for (const struct gw_block *block = giving->answer->blocks; block; block = block->next) {
        if (!block->logprobs.len)
            continue;
        if (!any) {
            gw_chat_put_object(out, GW_STR("logprobs"));
            gw_chat_put_array(out, GW_STR("content"));
        }
        any = true;
        gw_json_write_raw(out, block->logprobs); /* several elements are as good as one here */
    }
    if (!any) {
        gw_chat_put_null(out, GW_STR("logprobs"));
        return;
    }
    gw_json_write_end_array(out);
    gw_chat_put_null(out, GW_STR("refusal"));
    gw_json_write_end_object(out);
}

enum gw_status gw_chat_write_answer(const struct gw_answer *answer,
                                    const struct gw_answer_context *context, struct gw_buf *out)
{
    struct gw_json_writer json;
    struct giving giving = {answer, context, &json};
    bool refused = next_of(answer->blocks, GW_BLOCK_REFUSAL);
    struct gw_chat_head head = {
        .object = GW_STR("chat.completion"),
        .id = gw_chat_answer_id(answer->id, context, answer->arena),
        .model = answer->model,
        .created = answer->created,
        .service_tier = answer->service_tier,
        .fingerprint = answer->fingerprint,
    };

    if (!gw_text_present(head.id))
        return GW_NO_MEMORY;
    gw_json_write_init(&json, out);
    gw_json_write_begin_object(&json);
    gw_chat_write_head(&json, &head, context);
    gw_chat_put_array(&json, GW_STR("choices"));
    gw_json_write_begin_object(&json);
    gw_json_write_key(&json, GW_STR("index"));
    gw_json_write_int64(&json, 0);
    enum gw_status status = put_message(&giving);
    if (status != GW_OK)
        return status;
    put_logprobs(&giving);
    gw_chat_put_string(
        &json, GW_STR("finish_reason"),
        gw_chat_finish_name(answer->finish, refused, context->request->legacy_functions));
    gw_json_write_end_object(&json);
    gw_json_write_end_array(&json);
    gw_json_write_key(&json, GW_STR("usage"));
    gw_chat_write_usage(&json, &answer->usage);
    gw_json_write_end_object(&json);
    return gw_json_write_finish(&json);
}
