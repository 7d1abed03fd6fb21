/* OpenAI's chat completions, and the completions before them. */
#include "demo/demo_answer.h"

#define CHOICES_MAX 8u

struct chat {
    struct gw_demo_exchange *ex;
    struct gw_demo_said said;
    struct gw_str id;
    unsigned choices;
    bool wants_usage, logprobs;
};

/* ---- reading ---- */

static void read_messages(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t messages)
{
    struct gw_json_iter iter = gw_json_iter(&ex->json, messages);
    uint32_t message;

    while (gw_json_next(&ex->json, &iter, &message)) {
        uint32_t content = gw_demo_member(ex, message, "content");
        if (gw_demo_is(ex, message, "role", "user"))
            gw_demo_ask_user(ex, ask, content);
        else if (gw_demo_is(ex, message, "role", "tool"))
            gw_demo_ask_tool(ex, ask, content);
        else
            gw_demo_ask_other(ex, ask, content);
    }
}

static void read_tools(struct gw_demo_exchange *ex, struct gw_demo_ask *ask)
{
    uint32_t tools = gw_demo_member(ex, 0, "tools"), tool;
    struct gw_json_iter iter = gw_json_iter(&ex->json, tools);

    if (!gw_demo_ask_tools(ex, ask, tools))
        return;
    while (gw_json_next(&ex->json, &iter, &tool)) {
        bool custom = gw_demo_is(ex, tool, "type", "custom");
        uint32_t holder = gw_demo_member(ex, tool, custom ? "custom" : "function");
        gw_demo_ask_add_tool(ex, ask, gw_demo_member(ex, holder, "name"),
                             gw_demo_member(ex, holder, "parameters"), custom);
    }
}

static void read_ask(struct gw_demo_exchange *ex, struct gw_demo_ask *ask)
{
    uint64_t before = gw_demo_member_u(ex, 0, "max_tokens", UINT64_MAX);
    struct gw_str effort = gw_demo_member_text(ex, 0, "reasoning_effort");

    gw_demo_ask_init(ask);
    read_messages(ex, ask, gw_demo_member(ex, 0, "messages"));
    read_tools(ex, ask);
    gw_demo_ask_choice(ex, ask, gw_demo_member(ex, 0, "tool_choice"));
    gw_demo_ask_stops(ex, ask, gw_demo_member(ex, 0, "stop"));
    gw_demo_ask_format(ex, ask, gw_demo_member(ex, 0, "response_format"));
    ask->no_parallel =
        gw_json_type(&ex->json, gw_demo_member(ex, 0, "parallel_tool_calls")) == GW_JSON_IS_FALSE;
    ask->output_max = gw_demo_member_u(ex, 0, "max_completion_tokens", before);
    ask->reasons = effort.len && !gw_str_eq(effort, GW_STR("none"));
    ask->streams = gw_demo_is_true(ex, 0, "stream");
}

/* ---- what whole answers and chunks share ---- */

static const char *finish_name(enum gw_demo_finish finish)
{
    switch (finish) {
    case GW_DEMO_FINISH_LENGTH:
        return "length";
    case GW_DEMO_FINISH_CALLS:
        return "tool_calls";
    case GW_DEMO_FINISH_STOP:
    case GW_DEMO_FINISH_STOP_SEQUENCE:
        break;
    }
    return "stop";
}

static void put_usage(struct gw_json_writer *out, const struct chat *chat)
{
    const struct gw_demo_said *said = &chat->said;
    uint64_t output = said->output_tokens * chat->choices;

    gw_demo_put_object(out, "usage");
    gw_demo_put_u(out, "prompt_tokens", said->input_tokens);
    gw_demo_put_u(out, "completion_tokens", output);
    gw_demo_put_u(out, "total_tokens", said->input_tokens + output);
    gw_demo_put_object(out, "prompt_tokens_details");
    gw_demo_put_u(out, "cached_tokens", 0);
    gw_demo_put_u(out, "audio_tokens", 0);
    gw_json_write_end_object(out);
    gw_demo_put_object(out, "completion_tokens_details");
    gw_demo_put_u(out, "reasoning_tokens", said->reasoning_tokens * chat->choices);
    gw_demo_put_u(out, "audio_tokens", 0);
    gw_demo_put_u(out, "accepted_prediction_tokens", 0);
    gw_demo_put_u(out, "rejected_prediction_tokens", 0);
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
}

static void write_logprob(struct gw_json_writer *out, struct gw_str token)
{
    gw_json_write_begin_object(out);
    gw_demo_put(out, "token", token);
    gw_json_write_key(out, GW_STR("logprob"));
    gw_json_write_raw(out, GW_STR("-0.25"));
    gw_demo_put_array(out, "bytes");
    for (size_t i = 0; i < token.len; i++)
        gw_json_write_uint64(out, (unsigned char)token.base[i]);
    gw_json_write_end_array(out);
    gw_demo_put_empty_array(out, "top_logprobs");
    gw_json_write_end_object(out);
}

static void put_logprobs(struct gw_json_writer *out, const struct chat *chat, struct gw_str text)
{
    if (!chat->logprobs || text.len == 0) {
        gw_demo_put_null(out, "logprobs");
        return;
    }
    gw_demo_put_object(out, "logprobs");
    gw_demo_put_array(out, "content");
    while (text.len) {
        size_t len = gw_demo_token(text);
        write_logprob(out, (struct gw_str){text.base, len});
        text = gw_str_from(text, len);
    }
    gw_json_write_end_array(out);
    gw_demo_put_null(out, "refusal");
    gw_json_write_end_object(out);
}

/* @param index  for a delta; -1 in a message  @param with_name  false in later deltas of the same
 * call */
static void write_call(struct gw_json_writer *out, const struct gw_demo_call *call, int index,
                       bool with_name, struct gw_str input)
{
    gw_json_write_begin_object(out);
    if (index >= 0)
        gw_demo_put_u(out, "index", (uint64_t)index);
    if (with_name) {
        char id[40] = "call_";
        memcpy(id + 5, call->id.base, call->id.len < 32 ? call->id.len : 32);
        gw_demo_put_c(out, "id", id);
        gw_demo_put_c(out, "type", call->custom ? "custom" : "function");
    }
    gw_demo_put_object(out, call->custom ? "custom" : "function");
    if (with_name)
        gw_demo_put(out, "name", call->name);
    gw_demo_put(out, call->custom ? "input" : "arguments", input);
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
}

static void put_head(struct gw_json_writer *out, const struct chat *chat, const char *object)
{
    gw_demo_put(out, "id", chat->id);
    gw_demo_put_c(out, "object", object);
    gw_demo_put_u(out, "created", chat->said.created_s);
    gw_demo_put(out, "model", chat->ex->model);
    gw_demo_put_c(out, "service_tier", "default");
    gw_demo_put_c(out, "system_fingerprint", "fp_demo");
}

/* ---- whole ---- */

static void write_choice(struct gw_json_writer *out, const struct chat *chat, unsigned index)
{
    const struct gw_demo_said *said = &chat->said;

    gw_json_write_begin_object(out);
    gw_demo_put_u(out, "index", index);
    gw_demo_put_object(out, "message");
    gw_demo_put_c(out, "role", "assistant");
    if (said->calls_count && said->text.len == 0)
        gw_demo_put_null(out, "content");
    else
        gw_demo_put(out, "content", said->text);
    gw_demo_put_null(out, "refusal");
    if (said->reasoning.len)
        gw_demo_put(out, "reasoning_content", said->reasoning);
    if (said->calls_count) {
        gw_demo_put_array(out, "tool_calls");
        for (size_t i = 0; i < said->calls_count; i++)
            write_call(out, &said->calls[i], -1, true, said->calls[i].input);
        gw_json_write_end_array(out);
    }
    gw_demo_put_empty_array(out, "annotations");
    gw_json_write_end_object(out);
    put_logprobs(out, chat, said->text);
    gw_demo_put_c(out, "finish_reason", finish_name(said->finish));
    gw_json_write_end_object(out);
}

static void answer_whole(struct chat *chat)
{
    struct gw_json_writer *out = gw_demo_json(chat->ex);

    gw_json_write_begin_object(out);
    put_head(out, chat, "chat.completion");
    gw_demo_put_array(out, "choices");
    for (unsigned i = 0; i < chat->choices; i++)
        write_choice(out, chat, i);
    gw_json_write_end_array(out);
    put_usage(out, chat);
    gw_json_write_end_object(out);
    gw_demo_answer(chat->ex, 200);
}

/* ---- streamed ---- */

/* Up to the inside of choices[0].delta. */
static struct gw_json_writer *begin_chunk(struct chat *chat, unsigned choice)
{
    struct gw_json_writer *out = gw_demo_json(chat->ex);

    gw_json_write_begin_object(out);
    put_head(out, chat, "chat.completion.chunk");
    gw_demo_put_array(out, "choices");
    gw_json_write_begin_object(out);
    gw_demo_put_u(out, "index", choice);
    gw_demo_put_object(out, "delta");
    return out;
}

static void end_chunk(struct chat *chat, struct gw_str text, const char *finish)
{
    struct gw_json_writer *out = &chat->ex->writer;

    gw_json_write_end_object(out);
    put_logprobs(out, chat, text);
    if (finish)
        gw_demo_put_c(out, "finish_reason", finish);
    else
        gw_demo_put_null(out, "finish_reason");
    gw_json_write_end_object(out);
    gw_json_write_end_array(out);
    if (chat->wants_usage)
        gw_demo_put_null(out, "usage");
    gw_json_write_end_object(out);
    gw_demo_event(chat->ex, GW_STR(""));
}

static void stream_role(struct chat *chat, unsigned choice)
{
    struct gw_json_writer *out = begin_chunk(chat, choice);

    gw_demo_put_c(out, "role", "assistant");
    if (chat->said.calls_count)
        gw_demo_put_null(out, "content");
    else
        gw_demo_put(out, "content", GW_STR(""));
    gw_demo_put_null(out, "refusal");
    end_chunk(chat, GW_STR(""), NULL);
}

static void stream_text(struct chat *chat, const char *member, struct gw_str text)
{
    struct gw_demo_pieces pieces = gw_demo_pieces(text);
    bool is_content = strcmp(member, "content") == 0;
    struct gw_str piece;

    while (gw_demo_next_piece(&pieces, &piece)) {
        for (unsigned i = 0; i < chat->choices; i++) {
            gw_demo_put(begin_chunk(chat, i), member, piece);
            end_chunk(chat, is_content ? piece : GW_STR(""), NULL);
        }
        gw_demo_step(chat->ex);
    }
}

static void stream_call_delta(struct chat *chat, size_t index, bool with_name, struct gw_str input)
{
    for (unsigned i = 0; i < chat->choices; i++) {
        struct gw_json_writer *out = begin_chunk(chat, i);
        gw_demo_put_array(out, "tool_calls");
        write_call(out, &chat->said.calls[index], (int)index, with_name, input);
        gw_json_write_end_array(out);
        end_chunk(chat, GW_STR(""), NULL);
    }
    gw_demo_step(chat->ex);
}

static void stream_calls(struct chat *chat)
{
    struct gw_str piece;

    for (size_t i = 0; i < chat->said.calls_count; i++) {
        struct gw_demo_pieces pieces = gw_demo_pieces(chat->said.calls[i].input);
        stream_call_delta(chat, i, true, GW_STR(""));
        while (gw_demo_next_piece(&pieces, &piece))
            stream_call_delta(chat, i, false, piece);
    }
}

static void stream_usage(struct chat *chat)
{
    struct gw_json_writer *out = gw_demo_json(chat->ex);

    gw_json_write_begin_object(out);
    put_head(out, chat, "chat.completion.chunk");
    gw_demo_put_empty_array(out, "choices");
    put_usage(out, chat);
    gw_json_write_end_object(out);
    gw_demo_event(chat->ex, GW_STR(""));
}

static void answer_streamed(struct chat *chat)
{
    gw_demo_stream(chat->ex, GW_DEMO_SSE);
    for (unsigned i = 0; i < chat->choices; i++)
        stream_role(chat, i);
    gw_demo_step(chat->ex);
    stream_text(chat, "reasoning_content", chat->said.reasoning);
    stream_text(chat, "content", chat->said.text);
    stream_calls(chat);
    if (gw_demo_fails_here(chat->ex)) {
        gw_demo_stream_error(chat->ex);
        return;
    }
    for (unsigned i = 0; i < chat->choices; i++) {
        (void)begin_chunk(chat, i);
        end_chunk(chat, GW_STR(""), finish_name(chat->said.finish));
    }
    if (chat->wants_usage)
        stream_usage(chat);
    gw_demo_data_line(chat->ex, GW_STR("[DONE]"));
    gw_demo_stream_end(chat->ex);
}

void gw_demo_chat(struct gw_demo_exchange *ex)
{
    uint32_t messages = gw_demo_member(ex, 0, "messages");
    uint64_t choices = gw_demo_member_u(ex, 0, "n", 1);
    struct gw_demo_ask ask;

    if (gw_json_count(&ex->json, messages) == 0 ||
        gw_json_type(&ex->json, messages) != GW_JSON_IS_ARRAY) {
        gw_demo_error(ex, 400, "messages", "missing_required_parameter",
                      "Missing required parameter: 'messages'.");
        return;
    }
    if (choices == 0 || choices > CHOICES_MAX) {
        gw_demo_error(ex, 400, "n", "invalid_value",
                      "'n' must be from 1 to %u at the demo provider.", CHOICES_MAX);
        return;
    }
    read_ask(ex, &ask);
    struct chat chat = {
        .ex = ex,
        .choices = (unsigned)choices,
        .logprobs = gw_demo_is_true(ex, 0, "logprobs"),
        .wants_usage =
            gw_demo_is_true(ex, gw_demo_member(ex, 0, "stream_options"), "include_usage"),
    };
    gw_demo_say(ex, &ask, &chat.said);
    chat.id = gw_arena_printf(&ex->arena, "chatcmpl-%.*s", GW_STR_ARG(chat.said.id));
    if (ask.streams)
        answer_streamed(&chat);
    else
        answer_whole(&chat);
}
