#include "test.h"

#include "demo_client.h"

/* Whole answers of the endpoints that speak JSON. */

static const struct {
    const char *label, *line, *body;
    struct {
        const char *path, *text;
    } want[6];
} whole_cases[] = {
    {"chat says it back",
     CHAT,
     "{\"model\":\"m\"," USER("Gr\\u00fc\\u00dfe") "}",
     {{"object", "chat.completion"},
      {"model", "m"},
      {"choices.0.message.role", "assistant"},
      {"choices.0.message.content", "You said: \"Grüße\". *"},
      {"choices.0.finish_reason", "stop"}}},
    {"a query is allowed",
     CHAT "?beta=true",
     "{\"model\":\"m\"," USER("hi") "}",
     {{"object", "chat.completion"}}},
    {"chat echo",
     CHAT,
     "{\"model\":\"demo-echo\"," USER("just this\\n\\u0000.") "}",
     {{"choices.0.message.content", "just this\n*"}}},
    {"chat counts several parts and images",
     CHAT,
     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
     "\"a\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}},{\"type\":\"text\",\"text\":"
     "\"b\"}]}]}",
     {{"choices.0.message.content", "You said: \"a\nb\", with 1 attached. *"}}},
    {"chat cut by tokens",
     CHAT,
     "{\"model\":\"m\",\"max_completion_tokens\":2," USER("x") "}",
     {{"choices.0.message.content", "You said:"},
      {"choices.0.finish_reason", "length"},
      {"usage.completion_tokens", "2"}}},
    {"chat stop",
     CHAT,
     "{\"model\":\"m\",\"stop\":[\"is\",\"said\"]," USER("x") "}",
     {{"choices.0.message.content", "You "}, {"choices.0.finish_reason", "stop"}}},
    {"chat choices",
     CHAT,
     "{\"model\":\"demo-echo\",\"n\":3," USER("x") "}",
     {{"choices.2.index", "2"},
      {"choices.2.message.content", "x"},
      {"choices.3", ""},
      {"usage.completion_tokens", "3"}}},
    {"chat logprobs",
     CHAT,
     "{\"model\":\"demo-echo\",\"logprobs\":true," USER("ab cd") "}",
     {{"choices.0.logprobs.content.1.token", " cd"},
      {"choices.0.logprobs.content.1.bytes", "[32,99,100]"},
      {"choices.0.logprobs.content.2", ""}}},
    {"chat reasons",
     CHAT,
     "{\"model\":\"m\",\"reasoning_effort\":\"low\"," USER("x") "}",
     {{"choices.0.message.reasoning_content", "The message *"}}},
    {"chat calls a tool",
     CHAT,
     "{\"model\":\"m\"," CHAT_TOOLS "," USER("The weather in Paris?") "}",
     {{"choices.0.message.content", "null"},
      {"choices.0.finish_reason", "tool_calls"},
      {"choices.0.message.tool_calls.0.function.name", "get_weather"},
      {"choices.0.message.tool_calls.0.function.arguments",
       "{\"city\":\"Paris\",\"days\":1,\"unit\":\"c\"}"},
      {"choices.0.message.tool_calls.1", ""}}},
    {"chat calls the tool that is named",
     CHAT,
     "{\"model\":\"m\"," CHAT_TOOLS "," USER("please get_time") "}",
     {{"choices.0.message.tool_calls.0.function.name", "get_time"},
      {"choices.0.message.tool_calls.0.function.arguments", "{}"}}},
    {"chat calls both",
     CHAT,
     "{\"model\":\"m\"," CHAT_TOOLS "," USER("call both") "}",
     {{"choices.0.message.tool_calls.0.function.name", "get_weather"},
      {"choices.0.message.tool_calls.1.function.name", "get_time"}}},
    {"chat calls one at a time",
     CHAT,
     "{\"model\":\"m\",\"parallel_tool_calls\":false," CHAT_TOOLS "," USER("call both") "}",
     {{"choices.0.message.tool_calls.0.type", "function"}, {"choices.0.message.tool_calls.1", ""}}},
    {"chat must call",
     CHAT,
     "{\"model\":\"m\",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"get_time\"}}"
     "," CHAT_TOOLS "," USER("hi") "}",
     {{"choices.0.message.tool_calls.0.function.name", "get_time"}}},
    {"chat must not call",
     CHAT,
     "{\"model\":\"m\",\"tool_choice\":\"none\"," CHAT_TOOLS "," USER("call a tool") "}",
     {{"choices.0.message.tool_calls", ""}, {"choices.0.message.content", "You said: *"}}},
    {"chat need not call",
     CHAT,
     "{\"model\":\"m\"," CHAT_TOOLS "," USER("hi") "}",
     {{"choices.0.message.tool_calls", ""}}},
    {"chat quotes the tools",
     CHAT,
     "{\"model\":\"m\"," CHAT_TOOLS ",\"messages\":[{\"role\":\"user\",\"content\":\"weather\"},"
     "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[]},{\"role\":\"tool\",\"content\":"
     "\"sun\"},{\"role\":\"tool\",\"content\":\"noon\"}]}",
     {{"choices.0.message.content", "The tool answered: \"sun, noon\". *"}}},
    {"chat arguments cut",
     CHAT,
     "{\"model\":\"m\",\"max_tokens\":1," CHAT_TOOLS "," USER("weather in Paris") "}",
     {{"choices.0.message.tool_calls.0.function.arguments", "{\"city\":"},
      {"choices.0.finish_reason", "length"}}},
    {"chat JSON",
     CHAT,
     "{\"model\":\"m\",\"response_format\":{\"type\":\"json_object\"}," USER("x") "}",
     {{"choices.0.message.content", "{\"answer\":\"You said: *"}}},
    {"chat JSON by schema",
     CHAT,
     "{\"model\":\"m\",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":"
     "\"n\","
     "\"schema\":" SCHEMA "}}," USER("I like Paris") "}",
     {{"choices.0.message.content", FROM_SCHEMA}}},

    {"messages say it back",
     MESSAGES,
     "{\"model\":\"m\",\"max_tokens\":99," USER("hi") "}",
     {{"type", "message"},
      {"role", "assistant"},
      {"content.0.type", "text"},
      {"content.0.text", "You said: \"hi\". *"},
      {"stop_reason", "end_turn"},
      {"stop_sequence", "null"}}},
    {"messages think",
     MESSAGES,
     "{\"model\":\"m\",\"max_tokens\":99,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":9}"
     "," USER("hi") "}",
     {{"content.0.type", "thinking"},
      {"content.0.thinking", "The message *"},
      {"content.0.signature", "ZGVtby10aGlua2lu*"},
      {"content.1.type", "text"}}},
    {"messages stop",
     MESSAGES,
     "{\"model\":\"m\",\"max_tokens\":99,\"stop_sequences\":[\"demo\"]," USER("hi") "}",
     {{"stop_reason", "stop_sequence"},
      {"stop_sequence", "demo"},
      {"content.0.text", "You said: \"hi\". This is the "}}},
    {"messages cut",
     MESSAGES,
     "{\"model\":\"m\",\"max_tokens\":1," USER("hi") "}",
     {{"stop_reason", "max_tokens"}, {"content.0.text", "You"}, {"usage.output_tokens", "1"}}},
    {"messages call a tool",
     MESSAGES,
     "{\"model\":\"m\",\"max_tokens\":99," MESSAGES_TOOLS
     "," USER("weather in Paris, in parallel") "}",
     {{"stop_reason", "tool_use"},
      {"content.0.type", "tool_use"},
      {"content.0.name", "get_weather"},
      {"content.0.input.city", "Paris"},
      {"content.1.input.city", "Paris"},
      {"content.2", ""}}},
    {"messages must call",
     MESSAGES,
     "{\"model\":\"m\",\"max_tokens\":99,\"tool_choice\":{\"type\":\"any\",\"disable_parallel_tool_"
     "use\""
     ":true}," MESSAGES_TOOLS "," USER("both") "}",
     {{"content.0.type", "tool_use"}, {"content.1", ""}}},
    {"messages quote the tool",
     MESSAGES,
     "{\"model\":\"m\",\"max_tokens\":99," MESSAGES_TOOLS
     ",\"messages\":[{\"role\":\"user\",\"content\":"
     "[{\"type\":\"tool_result\",\"tool_use_id\":\"x\",\"content\":[{\"type\":\"text\",\"text\":"
     "\"sun\"}]},"
     "{\"type\":\"text\",\"text\":\"weather\"}]}]}",
     {{"content.0.text", "The tool answered: \"sun\". *"}}},
    {"messages JSON by schema",
     MESSAGES,
     "{\"model\":\"m\",\"max_tokens\":99,\"output_config\":{\"format\":{\"type\":\"json_schema\","
     "\"schema\":" SCHEMA "}}," USER("I like Paris") "}",
     {{"content.0.text", FROM_SCHEMA}}},
    {"tokens are counted",
     MESSAGES "/count_tokens",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"12345678\"}]}",
     {{"input_tokens", "6"}}},

    {"responses say it back",
     RESPONSES,
     "{\"model\":\"m\",\"input\":\"hi\",\"metadata\":{\"a\" : \"b c\"}}",
     {{"object", "response"},
      {"status", "completed"},
      {"output.0.type", "message"},
      {"output.0.content.0.text", "You said: \"hi\". *"},
      {"metadata", "{\"a\":\"b c\"}"},
      {"store", "false"}}},
    {"responses reason",
     RESPONSES,
     "{\"model\":\"m\",\"reasoning\":{\"effort\":\"low\"},\"include\":[\"reasoning.encrypted_"
     "content\"],"
     "\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"hi\"}]}]}",
     {{"output.0.type", "reasoning"},
      {"output.0.summary.0.text", "The message *"},
      {"output.0.encrypted_content", "VGhlIG1lc3NhZ2*"},
      {"output.1.type", "message"}}},
    {"responses call a tool",
     RESPONSES,
     "{\"model\":\"m\"," RESPONSES_TOOLS ",\"input\":\"both weathers in Paris by call\"}",
     {{"output.0.type", "function_call"},
      {"output.0.arguments", "{\"city\":\"Paris\"}"},
      {"output.1.type", "custom_tool_call"},
      {"output.1.input", "both weathers in Paris by call"}}},
    {"responses quote the tool",
     RESPONSES,
     "{\"model\":\"m\",\"input\":[{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":"
     "\"sun\"}]}",
     {{"output.0.content.0.text", "The tool answered: \"sun\". *"}}},
    {"responses cut",
     RESPONSES,
     "{\"model\":\"m\",\"max_output_tokens\":1,\"input\":\"hi\"}",
     {{"status", "incomplete"},
      {"incomplete_details.reason", "max_output_tokens"},
      {"usage.output_tokens", "1"}}},
    {"responses JSON by schema",
     RESPONSES,
     "{\"model\":\"m\",\"input\":\"I like "
     "Paris\",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":"
     "\"n\",\"schema\":" SCHEMA "}}}",
     {{"output.0.content.0.text", FROM_SCHEMA}}},

    {"completions",
     "POST /v1/completions",
     "{\"model\":\"m\",\"prompt\":[\"abc\"],\"max_tokens\":2}",
     {{"object", "text_completion"},
      {"choices.0.text", "You said:"},
      {"choices.0.finish_reason", "length"}}},
    {"moderations",
     "POST /v1/moderations",
     "{\"input\":[\"peace\",\"Violence!\"]}",
     {{"results.0.flagged", "false"},
      {"results.1.flagged", "true"},
      {"results.1.categories.violence", "true"}}},
    {"rerank",
     "POST /v1/rerank",
     "{\"model\":\"m\",\"query\":\"capital of France\",\"documents\":[\"a dog\",{\"text\":\"the "
     "capital of "
     "France\"},\"x\"],\"top_n\":1,\"return_documents\":true}",
     {{"results.0.index", "1"},
      {"results.0.document.text", "the capital of France"},
      {"results.1", ""},
      {"meta.billed_units.search_units", "1"}}},
    {"models", "GET /v1/models", "", {{"object", "list"}, {"data.0.id", "demo"}}},
    {"any model", "GET /v1/models/abc", "", {{"id", "abc"}, {"object", "model"}}},
};

static void test_whole_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(whole_cases); i++) {
        struct reply *reply = client_ask(shared.port, whole_cases[i].line, whole_cases[i].body);
        if (!reply->is_whole || reply->head.code != 200)
            fail_msg("%s: status %u", whole_cases[i].label, reply->head.code);
        for (size_t at = 0; at < 6 && whole_cases[i].want[at].path; at++)
            check_text(whole_cases[i].label, whole_cases[i].want[at].path,
                       client_text(reply, &reply->json, whole_cases[i].want[at].path),
                       whole_cases[i].want[at].text);
        client_free(reply);
    }
}

static void test_models_of_anthropic(void **state)
{
    (void)state;
    struct reply *reply = client_ask_with(shared.port, "GET /v1/models",
                                          "anthropic-version: 2023-06-01\r\n", GW_STR(""));
    check_text("models", "type", client_text(reply, &reply->json, "data.0.type"), "model");
    check_text("models", "more", client_text(reply, &reply->json, "has_more"), "false");
    assert_true(client_field(reply, "request-id").len > 0);
    client_free(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_answers),
        cmocka_unit_test(test_models_of_anthropic),
    };
    return cmocka_run_group_tests(tests, start_demo, stop_demo);
}
