#include "test.h"

#include "demo_client.h"

/* What a chat chunk brings. */
static const char *chunk_name(struct reply *reply, const struct gw_json *event)
{
    static const char *const members[] = {"reasoning_content", "tool_calls", "role", "content"};
    char path[64];

    if (client_at(event, "error") != GW_JSON_ABSENT)
        return "error";
    if (client_at(event, "choices.0") == GW_JSON_ABSENT)
        return "usage";
    if (client_text(reply, event, "choices.0.text").len)
        return "text";
    if (!gw_str_eq(client_text(reply, event, "choices.0.finish_reason"), GW_STR("null")))
        return "finish";
    for (size_t i = 0; i < GW_COUNT(members); i++) {
        (void)snprintf(path, sizeof path, "choices.0.delta.%s", members[i]);
        if (client_at(event, path) != GW_JSON_ABSENT)
            return members[i];
    }
    return "?";
}

/* The names of the events, each run of equal ones once. */
static void order_of(struct reply *reply, char *into, size_t room)
{
    const char *before = "";
    size_t len = 0;

    into[0] = '\0';
    for (unsigned i = 0; i < reply->events_count; i++) {
        const struct gw_json *event = &reply->events[i];
        char name[64];
        struct gw_str type = client_text(reply, event, "type");
        if (client_at(event, "type") == GW_JSON_ABSENT)
            (void)snprintf(name, sizeof name, "%s", chunk_name(reply, event));
        else
            (void)snprintf(name, sizeof name, "%.*s", GW_STR_ARG(type));
        /* Events that have a type say it twice. */
        if (!gw_str_eq(reply->types[i], type))
            fail_msg("event line %.*s over %s", GW_STR_ARG(reply->types[i]), name);
        if (strcmp(name, before) != 0)
            len += (size_t)snprintf(into + len, room - len, "%s%s", len ? " " : "", name);
        assert_true(len < room);
        before = into + len - strlen(name);
    }
    if (reply->done)
        (void)snprintf(into + len, room - len, " [DONE]");
}

#define R "response."
#define R_BEGIN R "created " R "in_progress "
#define R_REASONING                                                                                \
    R "output_item.added " R "reasoning_summary_part.added " R "reasoning_summary_text.delta " R   \
      "reasoning_summary_text.done " R "reasoning_summary_part.done " R "output_item.done "
#define R_MESSAGE                                                                                  \
    R "output_item.added " R "content_part.added " R "output_text.delta " R "output_text.done " R  \
      "content_part.done " R "output_item.done "
#define BLOCK "content_block_start content_block_delta content_block_stop "

static const struct {
    const char *label, *line, *body, *order;
} stream_cases[] = {
    {"chat", CHAT, FAST USER("hi") "}", "role content finish [DONE]"},
    {"chat at a pace", CHAT, "{\"model\":\"m\",\"max_tokens\":3,\"stream\":true," USER("hi") "}",
     "role content finish [DONE]"},
    {"chat with usage", CHAT, FAST "\"stream_options\":{\"include_usage\":true}," USER("hi") "}",
     "role content finish usage [DONE]"},
    {"chat with reasoning", CHAT, FAST "\"reasoning_effort\":\"low\"," USER("hi") "}",
     "role reasoning_content content finish [DONE]"},
    {"chat with calls", CHAT, FAST CHAT_TOOLS "," USER("call both") "}",
     "role tool_calls finish [DONE]"},
    {"chat fails", CHAT, "{\"model\":\"demo-stream-error\",\"stream\":true," USER("hi") "}",
     "role content error"},
    {"messages", MESSAGES, FAST "\"max_tokens\":99," USER("hi") "}",
     "message_start ping " BLOCK "message_delta message_stop"},
    {"messages with thinking and calls", MESSAGES,
     FAST "\"max_tokens\":99,\"thinking\":{\"type\":\"adaptive\"}," MESSAGES_TOOLS
          "," USER("weather, in parallel") "}",
     "message_start ping " BLOCK BLOCK BLOCK "message_delta message_stop"},
    {"messages fail", MESSAGES,
     "{\"model\":\"demo-stream-error\",\"max_tokens\":99,\"stream\":true," USER("hi") "}",
     "message_start ping content_block_start content_block_delta error"},
    {"responses", RESPONSES, FAST "\"input\":\"hi\"}", R_BEGIN R_MESSAGE R "completed"},
    {"responses with reasoning", RESPONSES,
     FAST "\"input\":\"hi\",\"reasoning\":{\"effort\":\"low\"}}",
     R_BEGIN R_REASONING R_MESSAGE R "completed"},
    {"responses with calls", RESPONSES, FAST RESPONSES_TOOLS ",\"input\":\"call both\"}",
     R_BEGIN R "output_item.added " R "function_call_arguments.delta " R
               "function_call_arguments.done " R "output_item.done " R "output_item.added " R
               "custom_tool_call_input.delta " R "custom_tool_call_input.done " R
               "output_item.done " R "completed"},
    {"responses cut", RESPONSES, FAST "\"input\":\"hi\",\"max_output_tokens\":2}",
     R_BEGIN R_MESSAGE R "incomplete"},
    {"responses fail", RESPONSES,
     "{\"model\":\"demo-stream-error\",\"stream\":true,\"input\":\"hi\"}",
     R_BEGIN R "output_item.added " R "content_part.added " R "output_text.delta " R "failed"},
    {"completions", "POST /v1/completions", FAST "\"prompt\":\"hi\"}", "text finish [DONE]"},
};

static void test_streams(void **state)
{
    char order[2048];
    (void)state;

    for (size_t i = 0; i < GW_COUNT(stream_cases); i++) {
        struct reply *reply = client_ask(shared.port, stream_cases[i].line, stream_cases[i].body);
        order_of(reply, order, sizeof order);
        if (!reply->is_whole || reply->head.code != 200 ||
            strcmp(order, stream_cases[i].order) != 0)
            fail_msg("%s: status %u, %s", stream_cases[i].label, reply->head.code, order);
        for (unsigned at = 0; at < reply->events_count; at++) {
            uint32_t number = client_at(&reply->events[at], "sequence_number");
            int64_t value = -1;
            if (number != GW_JSON_ABSENT &&
                (!gw_json_int64(&reply->events[at], number, &value) || value != at))
                fail_msg("%s: event %u has number %lld", stream_cases[i].label, at,
                         (long long)value);
        }
        client_free(reply);
    }
}

/* All strings at `path` of all events (of one choice), joined. */
static struct gw_str joined(struct reply *reply, const char *path)
{
    struct gw_str text = GW_STR("");

    for (unsigned i = 0; i < reply->events_count; i++) {
        uint32_t at = client_at(&reply->events[i], path);
        if (gw_str_eq(client_text(reply, &reply->events[i], "choices.0.index"), GW_STR("1")))
            continue; /* the other choice says the same */
        if (gw_json_type(&reply->events[i], at) == GW_JSON_IS_STRING)
            text = gw_arena_printf(&reply->arena, "%.*s%.*s", GW_STR_ARG(text),
                                   GW_STR_ARG(client_text(reply, &reply->events[i], path)));
    }
    return text;
}

static const struct {
    const char *label, *line, *body;
    const char *delta, *whole;        /* the text */
    const char *stream_usage, *usage; /* in the last event, in the whole answer */
} equal_cases[] = {
    {"chat", CHAT,
     "\"stream_options\":{\"include_usage\":true},\"n\":2," USER("h\\u20ac \\ud83d\\ude00") "}",
     "choices.0.delta.content", "choices.0.message.content", "usage", "usage"},
    {"chat cut", CHAT,
     "\"stream_options\":{\"include_usage\":true},\"max_tokens\":5," USER("hi") "}",
     "choices.0.delta.content", "choices.0.message.content", "usage", "usage"},
    {"chat call", CHAT,
     "\"stream_options\":{\"include_usage\":true}," CHAT_TOOLS "," USER("weather in Paris") "}",
     "choices.0.delta.tool_calls.0.function.arguments",
     "choices.0.message.tool_calls.0.function.arguments", "usage", "usage"},
    {"messages", MESSAGES, "\"max_tokens\":99," USER("hi") "}", "delta.text", "content.0.text",
     "usage.output_tokens", "usage.output_tokens"},
    {"messages thinking", MESSAGES,
     "\"max_tokens\":99,\"thinking\":{\"type\":\"enabled\"}," USER("hi") "}", "delta.thinking",
     "content.0.thinking", "usage.output_tokens", "usage.output_tokens"},
    {"messages signature", MESSAGES,
     "\"max_tokens\":99,\"thinking\":{\"type\":\"enabled\"}," USER("hi") "}", "delta.signature",
     "content.0.signature", "usage.input_tokens", "usage.input_tokens"},
    {"responses", RESPONSES, "\"input\":\"hi\"}", "delta", "output.0.content.0.text",
     "response.usage", "usage"},
    {"responses call", RESPONSES, RESPONSES_TOOLS ",\"input\":\"weather in Paris\"}", "delta",
     "output.0.arguments", "response.usage", "usage"},
    {"completions", "POST /v1/completions",
     "\"prompt\":\"hi\",\"stream_options\":{\"include_usage\":true}}", "choices.0.text",
     "choices.0.text", "usage", "usage"},
};

static struct gw_str last_text(struct reply *reply, const char *path)
{
    struct gw_str text = GW_STR("");

    for (unsigned i = 0; i < reply->events_count; i++)
        if (client_text(reply, &reply->events[i], path).len)
            text = client_text(reply, &reply->events[i], path);
    return text;
}

static void test_streamed_equals_whole(void **state)
{
    char body[2048];
    (void)state;

    for (size_t i = 0; i < GW_COUNT(equal_cases); i++) {
        (void)snprintf(body, sizeof body, "{\"model\":\"demo-fast\",%s", equal_cases[i].body);
        struct reply *whole = client_ask(shared.port, equal_cases[i].line, body);
        (void)snprintf(body, sizeof body, "{\"model\":\"demo-fast\",\"stream\":true,%s",
                       equal_cases[i].body);
        struct reply *streamed = client_ask(shared.port, equal_cases[i].line, body);
        struct gw_str text = client_text(whole, &whole->json, equal_cases[i].whole);
        struct gw_str usage = client_text(whole, &whole->json, equal_cases[i].usage);
        if (text.len == 0 || !gw_str_eq(text, joined(streamed, equal_cases[i].delta)))
            fail_msg("%s: text", equal_cases[i].label);
        if (usage.len == 0 || !gw_str_eq(usage, last_text(streamed, equal_cases[i].stream_usage)))
            fail_msg("%s: usage", equal_cases[i].label);
        client_free(whole);
        client_free(streamed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_streamed_equals_whole),
    };
    return cmocka_run_group_tests(tests, start_demo, stop_demo);
}
