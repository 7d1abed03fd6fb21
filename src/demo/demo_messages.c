/* Anthropic's messages. */
#include "demo/demo_answer.h"

struct turn {
    struct gw_demo_exchange *ex;
    struct gw_demo_said said;
    unsigned index; /* of the next content block */
};

/* ---- reading ---- */

/* A user message may hold tool results; then they are what is answered. */
static void read_user(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t content)
{
    struct gw_json_iter iter = gw_json_iter(&ex->json, content);
    bool has_result = false;
    uint32_t part;

    if (gw_json_type(&ex->json, content) == GW_JSON_IS_ARRAY) {
        while (gw_json_next(&ex->json, &iter, &part)) {
            if (!gw_demo_is(ex, part, "type", "tool_result"))
                continue;
            gw_demo_ask_tool(ex, ask, gw_demo_member(ex, part, "content"));
            has_result = true;
        }
    }
    if (!has_result)
        gw_demo_ask_user(ex, ask, content);
}

static void read_messages(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t messages)
{
    struct gw_json_iter iter = gw_json_iter(&ex->json, messages);
    uint32_t message, system = gw_demo_member(ex, 0, "system");

    if (system != GW_JSON_ABSENT)
        gw_demo_ask_other(ex, ask, system);
    while (gw_json_next(&ex->json, &iter, &message)) {
        uint32_t content = gw_demo_member(ex, message, "content");
        if (gw_demo_is(ex, message, "role", "user"))
            read_user(ex, ask, content);
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
        uint32_t type = gw_demo_member(ex, tool, "type");
        if (type == GW_JSON_ABSENT || gw_json_equals(&ex->json, type, GW_STR("custom")))
            gw_demo_ask_add_tool(ex, ask, gw_demo_member(ex, tool, "name"),
                                 gw_demo_member(ex, tool, "input_schema"), false);
    }
}

static void read_choice(struct gw_demo_exchange *ex, struct gw_demo_ask *ask)
{
    uint32_t choice = gw_demo_member(ex, 0, "tool_choice");

    ask->no_parallel = gw_demo_is_true(ex, choice, "disable_parallel_tool_use");
    if (gw_demo_is(ex, choice, "type", "none"))
        ask->choice = GW_DEMO_CHOICE_NONE;
    if (gw_demo_is(ex, choice, "type", "any") || gw_demo_is(ex, choice, "type", "tool"))
        ask->choice = GW_DEMO_CHOICE_REQUIRED;
    if (gw_demo_is(ex, choice, "type", "tool"))
        ask->choice_name = gw_demo_member_text(ex, choice, "name");
}

static void read_ask(struct gw_demo_exchange *ex, struct gw_demo_ask *ask)
{
    uint32_t thinking = gw_demo_member(ex, 0, "thinking");
    uint32_t config = gw_demo_member(ex, 0, "output_config");
    uint32_t format = gw_demo_member(ex, config, "format");

    gw_demo_ask_init(ask);
    read_messages(ex, ask, gw_demo_member(ex, 0, "messages"));
    read_tools(ex, ask);
    read_choice(ex, ask);
    gw_demo_ask_stops(ex, ask, gw_demo_member(ex, 0, "stop_sequences"));
    gw_demo_ask_format(ex, ask,
                       format != GW_JSON_ABSENT ? format : gw_demo_member(ex, 0, "output_format"));
    ask->output_max = gw_demo_member_u(ex, 0, "max_tokens", UINT64_MAX);
    ask->reasons =
        gw_demo_is(ex, thinking, "type", "enabled") || gw_demo_is(ex, thinking, "type", "adaptive");
    ask->streams = gw_demo_is_true(ex, 0, "stream");
}

/* ---- what whole answers and events share ---- */

static const char *finish_name(enum gw_demo_finish finish)
{
    switch (finish) {
    case GW_DEMO_FINISH_STOP:
        break;
    case GW_DEMO_FINISH_STOP_SEQUENCE:
        return "stop_sequence";
    case GW_DEMO_FINISH_LENGTH:
        return "max_tokens";
    case GW_DEMO_FINISH_CALLS:
        return "tool_use";
    }
    return "end_turn";
}

/* Opaque to callers, who have to give it back as it is; the demo never looks at it again. */
static struct gw_str signature(struct gw_demo_exchange *ex, struct gw_str thinking)
{
    struct gw_str text = gw_arena_printf(&ex->arena, "demo-thinking-%016llx-%016llx",
                                         (unsigned long long)gw_demo_hash(thinking),
                                         (unsigned long long)gw_demo_mix(gw_demo_hash(thinking)));
    return gw_demo_base64(&ex->arena, text);
}

static void put_input_usage(struct gw_json_writer *out, const struct gw_demo_said *said)
{
    gw_demo_put_u(out, "input_tokens", said->input_tokens);
    gw_demo_put_u(out, "cache_creation_input_tokens", 0);
    gw_demo_put_u(out, "cache_read_input_tokens", 0);
}

static void put_stop(struct gw_json_writer *out, const struct gw_demo_said *said)
{
    gw_demo_put_c(out, "stop_reason", finish_name(said->finish));
    if (said->finish == GW_DEMO_FINISH_STOP_SEQUENCE)
        gw_demo_put(out, "stop_sequence", said->stop);
    else
        gw_demo_put_null(out, "stop_sequence");
}

static void put_head(struct gw_json_writer *out, const struct turn *turn)
{
    struct gw_arena *arena = &turn->ex->arena;

    gw_demo_put(out, "id", gw_arena_printf(arena, "msg_%.*s", GW_STR_ARG(turn->said.id)));
    gw_demo_put_c(out, "type", "message");
    gw_demo_put_c(out, "role", "assistant");
    gw_demo_put(out, "model", turn->ex->model);
}

static void put_call(struct gw_json_writer *out, const struct turn *turn,
                     const struct gw_demo_call *call, struct gw_str input)
{
    struct gw_arena *arena = &turn->ex->arena;

    gw_demo_put_c(out, "type", "tool_use");
    gw_demo_put(out, "id", gw_arena_printf(arena, "toolu_%.*s", GW_STR_ARG(call->id)));
    gw_demo_put(out, "name", call->name);
    gw_json_write_key(out, GW_STR("input"));
    gw_json_write_raw(out, input);
}

/* ---- whole ---- */

static void write_content(struct gw_json_writer *out, struct turn *turn)
{
    const struct gw_demo_said *said = &turn->said;

    if (said->reasoning.len) {
        gw_json_write_begin_object(out);
        gw_demo_put_c(out, "type", "thinking");
        gw_demo_put(out, "thinking", said->reasoning);
        gw_demo_put(out, "signature", signature(turn->ex, said->reasoning));
        gw_json_write_end_object(out);
    }
    if (said->text.len) {
        gw_json_write_begin_object(out);
        gw_demo_put_c(out, "type", "text");
        gw_demo_put(out, "text", said->text);
        gw_json_write_end_object(out);
    }
    for (size_t i = 0; i < said->calls_count; i++) {
        const struct gw_demo_call *call = &said->calls[i];
        gw_json_write_begin_object(out);
        put_call(out, turn, call, call->cut ? GW_STR("{}") : call->input);
        gw_json_write_end_object(out);
    }
}

static void put_output_details(struct gw_json_writer *out, const struct gw_demo_said *said)
{
    gw_demo_put_object(out, "output_tokens_details");
    gw_demo_put_u(out, "thinking_tokens", said->reasoning_tokens);
    gw_json_write_end_object(out);
}

static void answer_whole(struct turn *turn)
{
    struct gw_json_writer *out = gw_demo_json(turn->ex);

    gw_json_write_begin_object(out);
    put_head(out, turn);
    gw_demo_put_array(out, "content");
    write_content(out, turn);
    gw_json_write_end_array(out);
    put_stop(out, &turn->said);
    gw_demo_put_object(out, "usage");
    put_input_usage(out, &turn->said);
    gw_demo_put_u(out, "output_tokens", turn->said.output_tokens);
    put_output_details(out, &turn->said);
    gw_demo_put_c(out, "service_tier", "standard");
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
    gw_demo_answer(turn->ex, 200);
}

/* ---- streamed ---- */

static struct gw_json_writer *begin_event(struct turn *turn, const char *type)
{
    struct gw_json_writer *out = gw_demo_json(turn->ex);

    gw_json_write_begin_object(out);
    gw_demo_put_c(out, "type", type);
    return out;
}

static void end_event(struct turn *turn, const char *type)
{
    gw_json_write_end_object(&turn->ex->writer);
    gw_demo_event(turn->ex, gw_str_of(type));
}

static void stream_start(struct turn *turn)
{
    struct gw_json_writer *out = begin_event(turn, "message_start");

    gw_demo_put_object(out, "message");
    put_head(out, turn);
    gw_demo_put_empty_array(out, "content");
    gw_demo_put_null(out, "stop_reason");
    gw_demo_put_null(out, "stop_sequence");
    gw_demo_put_object(out, "usage");
    put_input_usage(out, &turn->said);
    gw_demo_put_u(out, "output_tokens", 1);
    gw_demo_put_c(out, "service_tier", "standard");
    gw_json_write_end_object(out);
    gw_json_write_end_object(out);
    end_event(turn, "message_start");
}

/* Up to the inside of the block. */
static struct gw_json_writer *begin_block(struct turn *turn)
{
    struct gw_json_writer *out = begin_event(turn, "content_block_start");

    gw_demo_put_u(out, "index", turn->index);
    gw_demo_put_object(out, "content_block");
    return out;
}

static void end_block(struct turn *turn)
{
    gw_json_write_end_object(&turn->ex->writer);
    end_event(turn, "content_block_start");
}

static void stream_delta(struct turn *turn, const char *type, const char *member,
                         struct gw_str text)
{
    struct gw_json_writer *out = begin_event(turn, "content_block_delta");

    gw_demo_put_u(out, "index", turn->index);
    gw_demo_put_object(out, "delta");
    gw_demo_put_c(out, "type", type);
    gw_demo_put(out, member, text);
    gw_json_write_end_object(out);
    end_event(turn, "content_block_delta");
}

static void stream_pieces(struct turn *turn, const char *type, const char *member,
                          struct gw_str text)
{
    struct gw_demo_pieces pieces = gw_demo_pieces(text);
    struct gw_str piece;

    while (gw_demo_next_piece(&pieces, &piece)) {
        stream_delta(turn, type, member, piece);
        gw_demo_step(turn->ex);
    }
}

static void stop_block(struct turn *turn)
{
    gw_demo_put_u(begin_event(turn, "content_block_stop"), "index", turn->index);
    end_event(turn, "content_block_stop");
    turn->index++;
}

static void stream_thinking(struct turn *turn)
{
    struct gw_json_writer *out = begin_block(turn);

    gw_demo_put_c(out, "type", "thinking");
    gw_demo_put_c(out, "thinking", "");
    gw_demo_put_c(out, "signature", "");
    end_block(turn);
    stream_pieces(turn, "thinking_delta", "thinking", turn->said.reasoning);
    stream_delta(turn, "signature_delta", "signature", signature(turn->ex, turn->said.reasoning));
    stop_block(turn);
}

static void stream_text(struct turn *turn)
{
    struct gw_json_writer *out = begin_block(turn);

    gw_demo_put_c(out, "type", "text");
    gw_demo_put_c(out, "text", "");
    end_block(turn);
    stream_pieces(turn, "text_delta", "text", turn->said.text);
    stop_block(turn);
}

static void stream_call(struct turn *turn, const struct gw_demo_call *call)
{
    put_call(begin_block(turn), turn, call, GW_STR("{}"));
    end_block(turn);
    stream_delta(turn, "input_json_delta", "partial_json", GW_STR("")); /* as the API begins each */
    stream_pieces(turn, "input_json_delta", "partial_json", call->input);
    stop_block(turn);
}

static void stream_error(struct turn *turn)
{
    struct gw_json_writer *out = begin_event(turn, "error");

    gw_json_write_key(out, GW_STR("error"));
    gw_demo_write_error(out, GW_DEMO_ANTHROPIC, 529, NULL, NULL, GW_STR(GW_DEMO_FAILS_TEXT));
    end_event(turn, "error");
    gw_demo_stream_end(turn->ex);
}

static void stream_finish(struct turn *turn)
{
    struct gw_json_writer *out = begin_event(turn, "message_delta");

    gw_demo_put_object(out, "delta");
    put_stop(out, &turn->said);
    gw_json_write_end_object(out);
    gw_demo_put_object(out, "usage");
    put_input_usage(out, &turn->said);
    gw_demo_put_u(out, "output_tokens", turn->said.output_tokens);
    put_output_details(out, &turn->said);
    gw_json_write_end_object(out);
    end_event(turn, "message_delta");
    (void)begin_event(turn, "message_stop");
    end_event(turn, "message_stop");
    gw_demo_stream_end(turn->ex);
}

static void answer_streamed(struct turn *turn)
{
    gw_demo_stream(turn->ex, GW_DEMO_SSE);
    stream_start(turn);
    (void)begin_event(turn, "ping");
    end_event(turn, "ping");
    gw_demo_step(turn->ex);
    if (turn->said.reasoning.len)
        stream_thinking(turn);
    if (turn->said.text.len)
        stream_text(turn);
    for (size_t i = 0; i < turn->said.calls_count; i++)
        stream_call(turn, &turn->said.calls[i]);
    if (gw_demo_fails_here(turn->ex))
        stream_error(turn);
    else
        stream_finish(turn);
}

/* ---- the endpoints ---- */

/* @return false: an error was answered */
static bool check_request(struct gw_demo_exchange *ex, bool needs_max)
{
    uint32_t messages = gw_demo_member(ex, 0, "messages");
    uint64_t output_max = gw_demo_member_u(ex, 0, "max_tokens", 0);

    if (gw_json_type(&ex->json, messages) != GW_JSON_IS_ARRAY)
        gw_demo_error(ex, 400, NULL, NULL, "messages: Field required");
    else if (gw_json_count(&ex->json, messages) == 0)
        gw_demo_error(ex, 400, NULL, NULL, "messages: at least one message is required");
    else if (needs_max && gw_demo_member(ex, 0, "max_tokens") == GW_JSON_ABSENT)
        gw_demo_error(ex, 400, NULL, NULL, "max_tokens: Field required");
    else if (needs_max && output_max == 0)
        gw_demo_error(ex, 400, NULL, NULL, "max_tokens: must be a whole number from 1 on");
    else
        return true;
    return false;
}

void gw_demo_messages(struct gw_demo_exchange *ex)
{
    struct turn turn = {.ex = ex};
    struct gw_demo_ask ask;

    if (!check_request(ex, true))
        return;
    read_ask(ex, &ask);
    gw_demo_say(ex, &ask, &turn.said);
    if (ask.streams)
        answer_streamed(&turn);
    else
        answer_whole(&turn);
}

void gw_demo_count_tokens(struct gw_demo_exchange *ex)
{
    struct gw_demo_ask ask;

    if (!check_request(ex, false))
        return;
    read_ask(ex, &ask);
    struct gw_json_writer *out = gw_demo_json(ex);
    gw_json_write_begin_object(out);
    gw_demo_put_u(out, "input_tokens", ask.input_tokens);
    gw_json_write_end_object(out);
    gw_demo_answer(ex, 200);
}
