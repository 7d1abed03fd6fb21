/* OpenAI's responses. Nothing is kept: "store" is answered with false, and a previous response is
 * not looked up. */
#include "demo/demo_answer.h"

struct response {
    struct gw_demo_exchange *ex;
    struct gw_demo_said said;
    struct gw_str id, reasoning_id, message_id;
    uint64_t sequence;  /* of the next event */
    unsigned output_at; /* index of the next output item */
    bool encrypts;      /* reasoning.encrypted_content is asked for */
};

/* ---- reading ---- */

static void read_item(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t item)
{
    uint32_t content = gw_demo_member(ex, item, "content");

    if (gw_demo_is(ex, item, "type", "function_call_output") ||
        gw_demo_is(ex, item, "type", "custom_tool_call_output"))
        gw_demo_ask_tool(ex, ask, gw_demo_member(ex, item, "output"));
    else if (gw_demo_is(ex, item, "role", "user"))
        gw_demo_ask_user(ex, ask, content);
    else
        gw_demo_ask_other(ex, ask, content);
}

static void read_input(struct gw_demo_exchange *ex, struct gw_demo_ask *ask)
{
    uint32_t input = gw_demo_member(ex, 0, "input"), item;
    uint32_t instructions = gw_demo_member(ex, 0, "instructions");
    struct gw_json_iter iter = gw_json_iter(&ex->json, input);

    if (gw_json_type(&ex->json, instructions) == GW_JSON_IS_STRING)
        gw_demo_ask_other(ex, ask, instructions);
    if (gw_json_type(&ex->json, input) == GW_JSON_IS_STRING)
        gw_demo_ask_user(ex, ask, input);
    else if (gw_json_type(&ex->json, input) == GW_JSON_IS_ARRAY)
        while (gw_json_next(&ex->json, &iter, &item))
            read_item(ex, ask, item);
}

static void read_tools(struct gw_demo_exchange *ex, struct gw_demo_ask *ask)
{
    uint32_t tools = gw_demo_member(ex, 0, "tools"), tool;
    struct gw_json_iter iter = gw_json_iter(&ex->json, tools);

    if (!gw_demo_ask_tools(ex, ask, tools))
        return;
    while (gw_json_next(&ex->json, &iter, &tool)) {
        bool custom = gw_demo_is(ex, tool, "type", "custom");
        if (custom || gw_demo_is(ex, tool, "type", "function"))
            gw_demo_ask_add_tool(ex, ask, gw_demo_member(ex, tool, "name"),
                                 gw_demo_member(ex, tool, "parameters"), custom);
    }
}

static void read_ask(struct gw_demo_exchange *ex, struct gw_demo_ask *ask)
{
    uint32_t reasoning = gw_demo_member(ex, 0, "reasoning");

    gw_demo_ask_init(ask);
    read_input(ex, ask);
    read_tools(ex, ask);
    gw_demo_ask_choice(ex, ask, gw_demo_member(ex, 0, "tool_choice"));
    gw_demo_ask_format(ex, ask, gw_demo_member(ex, gw_demo_member(ex, 0, "text"), "format"));
    ask->no_parallel =
        gw_json_type(&ex->json, gw_demo_member(ex, 0, "parallel_tool_calls")) == GW_JSON_IS_FALSE;
    ask->output_max = gw_demo_member_u(ex, 0, "max_output_tokens", UINT64_MAX);
    ask->reasons = gw_json_count(&ex->json, reasoning) > 0 &&
                   gw_json_type(&ex->json, reasoning) == GW_JSON_IS_OBJECT &&
                   !gw_demo_is(ex, reasoning, "effort", "none");
    ask->streams = gw_demo_is_true(ex, 0, "stream");
}

static bool wants_encrypted(struct gw_demo_exchange *ex)
{
    struct gw_json_iter iter = gw_json_iter(&ex->json, gw_demo_member(ex, 0, "include"));
    uint32_t each;

    while (gw_json_next(&ex->json, &iter, &each))
        if (gw_json_equals(&ex->json, each, GW_STR("reasoning.encrypted_content")))
            return true;
    return false;
}

/* ---- output items ---- */

static void write_part(struct gw_json_writer *out, struct gw_str text)
{
    gw_json_write_begin_object(out);
    gw_demo_put_c(out, "type", "output_text");
    gw_demo_put(out, "text", text);
    gw_demo_put_empty_array(out, "annotations");
    gw_demo_put_empty_array(out, "logprobs");
    gw_json_write_end_object(out);
}

static void write_summary_part(struct gw_json_writer *out, struct gw_str text)
{
    gw_json_write_begin_object(out);
    gw_demo_put_c(out, "type", "summary_text");
    gw_demo_put(out, "text", text);
    gw_json_write_end_object(out);
}

/* Each item is written twice: begun (empty) and done. */
static void write_reasoning(struct gw_json_writer *out, const struct response *response, bool done)
{
    gw_json_write_begin_object(out);
    gw_demo_put(out, "id", response->reasoning_id);
    gw_demo_put_c(out, "type", "reasoning");
    gw_demo_put_array(out, "summary");
    if (done)
        write_summary_part(out, response->said.reasoning);
    gw_json_write_end_array(out);
    if (response->encrypts)
        gw_demo_put(out, "encrypted_content",
                    gw_demo_base64(&response->ex->arena, done ? response->said.reasoning
                                                              : GW_STR("demo reasoning begun")));
    gw_json_write_end_object(out);
}

static const char *item_status(const struct response *response, bool done)
{
    if (!done)
        return "in_progress";
    return response->said.finish == GW_DEMO_FINISH_LENGTH ? "incomplete" : "completed";
}

static void write_message(struct gw_json_writer *out, const struct response *response, bool done)
{
    gw_json_write_begin_object(out);
    gw_demo_put(out, "id", response->message_id);
    gw_demo_put_c(out, "type", "message");
    gw_demo_put_c(out, "status", item_status(response, done));
    gw_demo_put_array(out, "content");
    if (done)
        write_part(out, response->said.text);
    gw_json_write_end_array(out);
    gw_demo_put_c(out, "role", "assistant");
    gw_json_write_end_object(out);
}

static struct gw_str call_item_id(const struct response *response, const struct gw_demo_call *call)
{
    return gw_arena_printf(&response->ex->arena, call->custom ? "ctc_%.*s" : "fc_%.*s",
                           GW_STR_ARG(call->id));
}

static void write_call(struct gw_json_writer *out, const struct response *response,
                       const struct gw_demo_call *call, bool done)
{
    struct gw_arena *arena = &response->ex->arena;

    gw_json_write_begin_object(out);
    gw_demo_put(out, "id", call_item_id(response, call));
    gw_demo_put_c(out, "type", call->custom ? "custom_tool_call" : "function_call");
    gw_demo_put_c(out, "status", !done ? "in_progress" : call->cut ? "incomplete" : "completed");
    gw_demo_put(out, call->custom ? "input" : "arguments", done ? call->input : GW_STR(""));
    gw_demo_put(out, "call_id", gw_arena_printf(arena, "call_%.*s", GW_STR_ARG(call->id)));
    gw_demo_put(out, "name", call->name);
    gw_json_write_end_object(out);
}

static void write_output(struct gw_json_writer *out, const struct response *response)
{
    const struct gw_demo_said *said = &response->said;

    if (said->reasoning.len)
        write_reasoning(out, response, true);
    if (said->text.len)
        write_message(out, response, true);
    for (size_t i = 0; i < said->calls_count; i++)
        write_call(out, response, &said->calls[i], true);
}

/* ---- the response object ---- */

/* What is repeated from the request, and what it is when the request has none. */
static const struct {
    const char *key;
    struct gw_str otherwise;
} echoes[] = {
    {"instructions", GW_STR_INIT("null")},
    {"max_output_tokens", GW_STR_INIT("null")},
    {"max_tool_calls", GW_STR_INIT("null")},
    {"metadata", GW_STR_INIT("{}")},
    {"parallel_tool_calls", GW_STR_INIT("true")},
    {"previous_response_id", GW_STR_INIT("null")},
    {"prompt_cache_key", GW_STR_INIT("null")},
    {"reasoning", GW_STR_INIT("{\"effort\":null,\"summary\":null}")},
    {"safety_identifier", GW_STR_INIT("null")},
    {"temperature", GW_STR_INIT("1.0")},
    {"text", GW_STR_INIT("{\"format\":{\"type\":\"text\"}}")},
    {"tool_choice", GW_STR_INIT("\"auto\"")},
    {"tools", GW_STR_INIT("[]")},
    {"top_logprobs", GW_STR_INIT("0")},
    {"top_p", GW_STR_INIT("1.0")},
    {"truncation", GW_STR_INIT("\"disabled\"")},
    {"user", GW_STR_INIT("null")},
};

static void put_usage(struct gw_json_writer *out, const struct gw_demo_said *said)
{
    gw_demo_put_object(out, "usage");
    gw_demo_put_u(out, "input_tokens", said->input_tokens);
    gw_demo_put_object(out, "input_tokens_details");
    gw_demo_put_u(out, "cached_tokens", 0);
    gw_json_write_end_object(out);
    gw_demo_put_u(out, "output_tokens", said->output_tokens);
    gw_demo_put_object(out, "output_tokens_details");
    gw_demo_put_u(out, "reasoning_tokens", said->reasoning_tokens);
    gw_json_write_end_object(out);
    gw_demo_put_u(out, "total_tokens", said->input_tokens + said->output_tokens);
    gw_json_write_end_object(out);
}

static void put_outcome(struct gw_json_writer *out, bool failed, bool incomplete)
{
    if (failed) {
        gw_demo_put_object(out, "error");
        gw_demo_put_c(out, "code", "server_error");
        gw_demo_put_c(out, "message", GW_DEMO_FAILS_TEXT);
        gw_json_write_end_object(out);
    } else {
        gw_demo_put_null(out, "error");
    }
    if (incomplete) {
        gw_demo_put_object(out, "incomplete_details");
        gw_demo_put_c(out, "reason", "max_output_tokens");
        gw_json_write_end_object(out);
    } else {
        gw_demo_put_null(out, "incomplete_details");
    }
}

static void write_response(struct gw_json_writer *out, struct response *response,
                           const char *status)
{
    bool done = strcmp(status, "completed") == 0 || strcmp(status, "incomplete") == 0;

    gw_json_write_begin_object(out);
    gw_demo_put(out, "id", response->id);
    gw_demo_put_c(out, "object", "response");
    gw_demo_put_u(out, "created_at", response->said.created_s);
    gw_demo_put_c(out, "status", status);
    gw_demo_put_bool(out, "background", false);
    put_outcome(out, strcmp(status, "failed") == 0, strcmp(status, "incomplete") == 0);
    gw_demo_put(out, "model", response->ex->model);
    gw_demo_put_array(out, "output");
    if (done)
        write_output(out, response);
    gw_json_write_end_array(out);
    for (size_t i = 0; i < GW_COUNT(echoes); i++)
        gw_demo_put_echo(out, echoes[i].key, response->ex, echoes[i].otherwise);
    gw_demo_put_c(out, "service_tier", "default");
    gw_demo_put_bool(out, "store", false);
    if (done)
        put_usage(out, &response->said);
    else
        gw_demo_put_null(out, "usage");
    gw_json_write_end_object(out);
}

/* ---- streamed ---- */

static struct gw_json_writer *begin_event(struct response *response, const char *type)
{
    struct gw_json_writer *out = gw_demo_json(response->ex);

    gw_json_write_begin_object(out);
    gw_demo_put_c(out, "type", type);
    gw_demo_put_u(out, "sequence_number", response->sequence);
    return out;
}

static void end_event(struct response *response, const char *type)
{
    gw_json_write_end_object(&response->ex->writer);
    gw_demo_event(response->ex, gw_str_of(type));
    if (!response->ex->script.sealed)
        response->sequence++;
}

static void stream_response(struct response *response, const char *type, const char *status)
{
    struct gw_json_writer *out = begin_event(response, type);

    gw_json_write_key(out, GW_STR("response"));
    write_response(out, response, status);
    end_event(response, type);
}

/* An event about one item: up to where its own members begin. */
static struct gw_json_writer *begin_item_event(struct response *response, const char *type,
                                               struct gw_str item_id, const char *part_index)
{
    struct gw_json_writer *out = begin_event(response, type);

    gw_demo_put(out, "item_id", item_id);
    gw_demo_put_u(out, "output_index", response->output_at);
    if (part_index)
        gw_demo_put_u(out, part_index, 0);
    return out;
}

static struct gw_json_writer *begin_output_item(struct response *response, const char *type)
{
    struct gw_json_writer *out = begin_event(response, type);

    gw_demo_put_u(out, "output_index", response->output_at);
    gw_json_write_key(out, GW_STR("item"));
    return out;
}

static const char added[] = "response.output_item.added", item_done[] = "response.output_item.done";

static void stream_reasoning(struct response *response)
{
    static const char part_added[] = "response.reasoning_summary_part.added";
    static const char delta[] = "response.reasoning_summary_text.delta";
    static const char text_done[] = "response.reasoning_summary_text.done";
    static const char part_done[] = "response.reasoning_summary_part.done";
    static const char index[] = "summary_index";
    struct gw_demo_pieces pieces = gw_demo_pieces(response->said.reasoning);
    struct gw_str id = response->reasoning_id, piece;
    struct gw_json_writer *out;

    write_reasoning(begin_output_item(response, added), response, false);
    end_event(response, added);
    out = begin_item_event(response, part_added, id, index);
    gw_json_write_key(out, GW_STR("part"));
    write_summary_part(out, GW_STR(""));
    end_event(response, part_added);
    while (gw_demo_next_piece(&pieces, &piece)) {
        gw_demo_put(begin_item_event(response, delta, id, index), "delta", piece);
        end_event(response, delta);
        gw_demo_step(response->ex);
    }
    gw_demo_put(begin_item_event(response, text_done, id, index), "text", response->said.reasoning);
    end_event(response, text_done);
    out = begin_item_event(response, part_done, id, index);
    gw_json_write_key(out, GW_STR("part"));
    write_summary_part(out, response->said.reasoning);
    end_event(response, part_done);
    write_reasoning(begin_output_item(response, item_done), response, true);
    end_event(response, item_done);
    response->output_at++;
}

static void stream_message(struct response *response)
{
    static const char part_added[] = "response.content_part.added";
    static const char delta[] = "response.output_text.delta";
    static const char text_done[] = "response.output_text.done";
    static const char part_done[] = "response.content_part.done";
    static const char index[] = "content_index";
    struct gw_demo_pieces pieces = gw_demo_pieces(response->said.text);
    struct gw_str id = response->message_id, piece;
    struct gw_json_writer *out;

    write_message(begin_output_item(response, added), response, false);
    end_event(response, added);
    out = begin_item_event(response, part_added, id, index);
    gw_json_write_key(out, GW_STR("part"));
    write_part(out, GW_STR(""));
    end_event(response, part_added);
    while (gw_demo_next_piece(&pieces, &piece)) {
        out = begin_item_event(response, delta, id, index);
        gw_demo_put(out, "delta", piece);
        gw_demo_put_empty_array(out, "logprobs");
        end_event(response, delta);
        gw_demo_step(response->ex);
    }
    out = begin_item_event(response, text_done, id, index);
    gw_demo_put(out, "text", response->said.text);
    gw_demo_put_empty_array(out, "logprobs");
    end_event(response, text_done);
    out = begin_item_event(response, part_done, id, index);
    gw_json_write_key(out, GW_STR("part"));
    write_part(out, response->said.text);
    end_event(response, part_done);
    write_message(begin_output_item(response, item_done), response, true);
    end_event(response, item_done);
    response->output_at++;
}

static void stream_call(struct response *response, const struct gw_demo_call *call)
{
    const char *delta = call->custom ? "response.custom_tool_call_input.delta"
                                     : "response.function_call_arguments.delta";
    const char *input_done = call->custom ? "response.custom_tool_call_input.done"
                                          : "response.function_call_arguments.done";
    struct gw_demo_pieces pieces = gw_demo_pieces(call->input);
    struct gw_str id = call_item_id(response, call), piece;
    struct gw_json_writer *out;

    write_call(begin_output_item(response, added), response, call, false);
    end_event(response, added);
    while (gw_demo_next_piece(&pieces, &piece)) {
        gw_demo_put(begin_item_event(response, delta, id, NULL), "delta", piece);
        end_event(response, delta);
        gw_demo_step(response->ex);
    }
    out = begin_item_event(response, input_done, id, NULL);
    if (!call->custom)
        gw_demo_put(out, "name", call->name);
    gw_demo_put(out, call->custom ? "input" : "arguments", call->input);
    end_event(response, input_done);
    write_call(begin_output_item(response, item_done), response, call, true);
    end_event(response, item_done);
    response->output_at++;
}

static const char *final_status(const struct response *response)
{
    return response->said.finish == GW_DEMO_FINISH_LENGTH ? "incomplete" : "completed";
}

static void answer_streamed(struct response *response)
{
    const char *status = final_status(response);

    gw_demo_stream(response->ex, GW_DEMO_SSE);
    stream_response(response, "response.created", "in_progress");
    stream_response(response, "response.in_progress", "in_progress");
    gw_demo_step(response->ex);
    if (response->said.reasoning.len)
        stream_reasoning(response);
    if (response->said.text.len)
        stream_message(response);
    for (size_t i = 0; i < response->said.calls_count; i++)
        stream_call(response, &response->said.calls[i]);
    if (gw_demo_fails_here(response->ex))
        stream_response(response, "response.failed", "failed");
    else if (strcmp(status, "completed") == 0)
        stream_response(response, "response.completed", status);
    else
        stream_response(response, "response.incomplete", status);
    gw_demo_stream_end(response->ex);
}

void gw_demo_responses(struct gw_demo_exchange *ex)
{
    struct response response = {.ex = ex, .encrypts = wants_encrypted(ex)};
    struct gw_demo_ask ask;

    if (gw_json_slice(&ex->json, gw_demo_member(ex, 0, "input")).len == 0) {
        gw_demo_error(ex, 400, "input", "missing_required_parameter",
                      "Missing required parameter: 'input'.");
        return;
    }
    read_ask(ex, &ask);
    gw_demo_say(ex, &ask, &response.said);
    response.id = gw_arena_printf(&ex->arena, "resp_%.*s", GW_STR_ARG(response.said.id));
    response.reasoning_id = gw_demo_new_id(ex, "rs_");
    response.message_id = gw_demo_new_id(ex, "msg_");
    if (ask.streams) {
        answer_streamed(&response);
        return;
    }
    struct gw_json_writer *out = gw_demo_json(ex);
    write_response(out, &response, final_status(&response));
    gw_demo_answer(ex, 200);
}
