/* OpenAI's completions, from before there was chat. */
#include "demo/demo_answer.h"

struct completion {
    struct gw_demo_exchange *ex;
    struct gw_demo_said said;
    struct gw_str id;
    bool wants_usage;
};

static void put_usage(struct gw_json_writer *out, const struct completion *completion)
{
    const struct gw_demo_said *said = &completion->said;

    gw_demo_put_object(out, "usage");
    gw_demo_put_u(out, "prompt_tokens", said->input_tokens);
    gw_demo_put_u(out, "completion_tokens", said->output_tokens);
    gw_demo_put_u(out, "total_tokens", said->input_tokens + said->output_tokens);
    gw_json_write_end_object(out);
}

static void put_head(struct gw_json_writer *out, const struct completion *completion)
{
    gw_demo_put(out, "id", completion->id);
    gw_demo_put_c(out, "object", "text_completion");
    gw_demo_put_u(out, "created", completion->said.created_s);
    gw_demo_put(out, "model", completion->ex->model);
}

static void put_choice(struct gw_json_writer *out, struct gw_str text, const char *finish)
{
    gw_demo_put_array(out, "choices");
    gw_json_write_begin_object(out);
    gw_demo_put(out, "text", text);
    gw_demo_put_u(out, "index", 0);
    gw_demo_put_null(out, "logprobs");
    if (finish)
        gw_demo_put_c(out, "finish_reason", finish);
    else
        gw_demo_put_null(out, "finish_reason");
    gw_json_write_end_object(out);
    gw_json_write_end_array(out);
}

static const char *finish_name(const struct gw_demo_said *said)
{
    return said->finish == GW_DEMO_FINISH_LENGTH ? "length" : "stop";
}

static void answer_whole(struct completion *completion)
{
    struct gw_json_writer *out = gw_demo_json(completion->ex);

    gw_json_write_begin_object(out);
    put_head(out, completion);
    put_choice(out, completion->said.text, finish_name(&completion->said));
    put_usage(out, completion);
    gw_json_write_end_object(out);
    gw_demo_answer(completion->ex, 200);
}

static void stream_chunk(struct completion *completion, struct gw_str text, const char *finish)
{
    struct gw_json_writer *out = gw_demo_json(completion->ex);

    gw_json_write_begin_object(out);
    put_head(out, completion);
    put_choice(out, text, finish);
    if (completion->wants_usage)
        gw_demo_put_null(out, "usage");
    gw_json_write_end_object(out);
    gw_demo_event(completion->ex, GW_STR(""));
    gw_demo_step(completion->ex);
}

static void stream_last(struct completion *completion)
{
    struct gw_json_writer *out = gw_demo_json(completion->ex);

    gw_json_write_begin_object(out);
    put_head(out, completion);
    gw_demo_put_empty_array(out, "choices");
    put_usage(out, completion);
    gw_json_write_end_object(out);
    gw_demo_event(completion->ex, GW_STR(""));
}

static void answer_streamed(struct completion *completion)
{
    struct gw_demo_pieces pieces = gw_demo_pieces(completion->said.text);
    struct gw_str piece;

    gw_demo_stream(completion->ex, GW_DEMO_SSE);
    while (gw_demo_next_piece(&pieces, &piece))
        stream_chunk(completion, piece, NULL);
    if (gw_demo_fails_here(completion->ex)) {
        gw_demo_stream_error(completion->ex);
        return;
    }
    stream_chunk(completion, GW_STR(""), finish_name(&completion->said));
    if (completion->wants_usage)
        stream_last(completion);
    gw_demo_data_line(completion->ex, GW_STR("[DONE]"));
    gw_demo_stream_end(completion->ex);
}

void gw_demo_completions(struct gw_demo_exchange *ex)
{
    uint32_t prompt = gw_demo_member(ex, 0, "prompt"), first = prompt;
    struct gw_json_iter iter = gw_json_iter(&ex->json, prompt);
    struct gw_demo_ask ask;

    if (gw_json_type(&ex->json, prompt) == GW_JSON_IS_ARRAY)
        (void)gw_json_next(&ex->json, &iter, &first); /* of several prompts, the first */
    gw_demo_ask_init(&ask);
    gw_demo_ask_user(ex, &ask, first);
    gw_demo_ask_stops(ex, &ask, gw_demo_member(ex, 0, "stop"));
    ask.output_max = gw_demo_member_u(ex, 0, "max_tokens", UINT64_MAX);
    struct completion completion = {
        .ex = ex,
        .wants_usage =
            gw_demo_is_true(ex, gw_demo_member(ex, 0, "stream_options"), "include_usage"),
    };
    gw_demo_say(ex, &ask, &completion.said);
    completion.id = gw_arena_printf(&ex->arena, "cmpl-%.*s", GW_STR_ARG(completion.said.id));
    if (gw_demo_is_true(ex, 0, "stream"))
        answer_streamed(&completion);
    else
        answer_whole(&completion);
}
