/*
 * tools/reference: what is tried to find out what translations carry: data only.
 *
 * J() takes JSON as it is written, so that nothing has to be escaped; blanks in it become one.
 */
#include "reference.h"

#define J(...) #__VA_ARGS__

/* clang-format off */

#define FUNCTION J("tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}])

static const struct reference_probe chat_requests[] = {
    {"Limits and sampling", NULL, J("max_tokens":100)},
    {NULL, NULL, J("max_completion_tokens":100)},
    {NULL, NULL, J("max_completion_tokens":1000000)},
    {NULL, NULL, J("temperature":0.7)},
    {NULL, NULL, J("temperature":1.5)},
    {NULL, NULL, J("top_p":0.9)},
    {NULL, J("temperature":0.7), J("top_p":0.9)},
    {NULL, NULL, J("top_k":40)},
    {NULL, NULL, J("min_p":0.1)},
    {NULL, NULL, J("frequency_penalty":0.5)},
    {NULL, NULL, J("presence_penalty":0.5)},
    {NULL, NULL, J("repetition_penalty":1.1)},
    {NULL, NULL, J("seed":7)},
    {NULL, NULL, J("logit_bias":{"50256":-100})},
    {NULL, NULL, J("logprobs":true,"top_logprobs":3)},
    {NULL, NULL, J("n":1)},
    {NULL, NULL, J("n":2)},
    {NULL, NULL, J("stop":"END")},
    {NULL, NULL, J("stop":["a","b","c","d","e"])},
    {NULL, NULL, J("stop":["\n"])},

    {"Reasoning", NULL, J("reasoning_effort":"none")},
    {NULL, NULL, J("reasoning_effort":"minimal")},
    {NULL, NULL, J("reasoning_effort":"low")},
    {NULL, NULL, J("reasoning_effort":"medium")},
    {NULL, NULL, J("reasoning_effort":"high")},
    {NULL, NULL, J("reasoning_effort":"xhigh")},
    {NULL, J("max_completion_tokens":4000), J("reasoning_effort":"high")},
    {NULL, NULL, J("reasoning":{"max_tokens":5000})},
    {NULL, NULL, J("thinking":{"type":"enabled","budget_tokens":5000})},
    {NULL, NULL, J("reasoning_effort":"high","temperature":0.7)},

    {"Form of the answer", NULL, J("response_format":{"type":"json_object"})},
    {NULL, NULL, J("response_format":{"type":"json_schema","json_schema":{"name":"city","schema":{"type":"object","properties":{"name":{"type":"string","minLength":1}}},"strict":true}})},
    {NULL, FUNCTION, J("response_format":{"type":"json_schema","json_schema":{"name":"city","schema":{"type":"object","properties":{"name":{"type":"string"}}}}})},
    {NULL, NULL, J("modalities":["text","audio"],"audio":{"voice":"alloy","format":"mp3"})},
    {NULL, NULL, J("prediction":{"type":"content","content":"Hello"})},
    {NULL, NULL, J("verbosity":"low")},
    {NULL, NULL, J("stream":true)},
    {NULL, J("stream":true), J("stream_options":{"include_usage":true})},

    {"Tools", NULL, FUNCTION},
    {NULL, NULL, J("tools":[{"type":"function","function":{"name":"now","strict":true,"parameters":{"type":"object","properties":{"zone":{"type":"string","pattern":"^[A-Z]"}},"required":["zone"],"additionalProperties":false}}}])},
    {NULL, NULL, J("tools":[{"type":"function","function":{"name":"any.name","parameters":{"anyOf":[{"type":"object"}]}}}])},
    {NULL, NULL, J("tools":[{"type":"custom","custom":{"name":"sql","description":"Runs SQL."}}])},
    {NULL, NULL, J("functions":[{"name":"weather","parameters":{"type":"object","properties":{}}}])},
    {NULL, NULL, J("web_search_options":{})},
    {NULL, FUNCTION, J("tool_choice":"auto")},
    {NULL, FUNCTION, J("tool_choice":"none")},
    {NULL, FUNCTION, J("tool_choice":"required")},
    {NULL, FUNCTION, J("tool_choice":{"type":"function","function":{"name":"weather"}})},
    {NULL, FUNCTION, J("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"weather"}}]}})},
    {NULL, FUNCTION, J("tool_choice":"required","reasoning_effort":"high")},
    {NULL, FUNCTION, J("parallel_tool_calls":false)},

    {"The conversation", NULL, J("messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}])},
    {NULL, NULL, J("messages":[{"role":"developer","content":[{"type":"text","text":"Be brief."},{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral"}}]},{"role":"user","content":"Hi"}])},
    {NULL, NULL, J("messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be brief."}])},
    {NULL, NULL, J("messages":[{"role":"user","content":"Hi"},{"role":"user","content":"Who are you?"}])},
    {NULL, NULL, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello, "}])},
    {NULL, NULL, J("messages":[{"role":"user","name":"ann","content":"Hi"}])},
    {NULL, NULL, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","refusal":"No."},{"role":"user","content":"Why?"}])},
    {NULL, FUNCTION, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Paris\"}"}}]},{"role":"tool","tool_call_id":"call_1","content":"18 degrees"}])},
    {NULL, FUNCTION, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\": "}}]},{"role":"tool","tool_call_id":"call_1","content":"18 degrees"}])},
    {NULL, FUNCTION, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{}"}}]},{"role":"user","content":"Never mind."}])},
    {NULL, NULL, J("messages":[{"role":"user","content":"Hi"},{"role":"tool","tool_call_id":"call_9","content":"18 degrees"}])},
    {NULL, FUNCTION, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":null,"reasoning_details":[{"type":"reasoning.text","text":"Let me see.","signature":"c2ln","format":"anthropic-claude-v1","index":0}],"tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_1","content":"18 degrees"}])},
    {NULL, NULL, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello.","reasoning_content":"A greeting."},{"role":"user","content":"Why?"}])},

    {"Media", NULL, J("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/cat.png"}}]}])},
    {NULL, NULL, J("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo=","detail":"low"}}]}])},
    {NULL, NULL, J("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/bmp;base64,Qk0="}}]}])},
    {NULL, NULL, J("messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERg=="}}]}])},
    {NULL, NULL, J("messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.txt","file_data":"data:text/plain;base64,SGVsbG8="}}]}])},
    {NULL, NULL, J("messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}])},
    {NULL, NULL, J("messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}]}])},

    {"The rest", NULL, J("user":"ann")},
    {NULL, NULL, J("safety_identifier":"5f2a")},
    {NULL, NULL, J("metadata":{"job":"7"})},
    {NULL, NULL, J("store":true)},
    {NULL, NULL, J("store":false)},
    {NULL, NULL, J("service_tier":"auto")},
    {NULL, NULL, J("service_tier":"flex")},
    {NULL, NULL, J("prompt_cache_key":"k1")},
    {NULL, NULL, J("something_new":1)},
    {NULL, NULL, NULL},
};

#undef FUNCTION
#define FUNCTION J("tools":[{"type":"function","name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}])

static const struct reference_probe responses_requests[] = {
    {"Limits and sampling", NULL, J("max_output_tokens":100)},
    {NULL, NULL, J("max_output_tokens":1000000)},
    {NULL, NULL, J("temperature":0.7)},
    {NULL, NULL, J("temperature":1.5)},
    {NULL, NULL, J("top_p":0.9)},
    {NULL, J("temperature":0.7), J("top_p":0.9)},
    {NULL, NULL, J("top_logprobs":3)},
    {NULL, NULL, J("include":["message.output_text.logprobs"])},
    {NULL, NULL, J("truncation":"auto")},
    {NULL, NULL, J("max_tool_calls":3)},

    {"Reasoning", NULL, J("reasoning":{"effort":"none"})},
    {NULL, NULL, J("reasoning":{"effort":"minimal"})},
    {NULL, NULL, J("reasoning":{"effort":"low"})},
    {NULL, NULL, J("reasoning":{"effort":"medium"})},
    {NULL, NULL, J("reasoning":{"effort":"high","summary":"auto"})},
    {NULL, NULL, J("reasoning":{"effort":"xhigh"})},
    {NULL, NULL, J("include":["reasoning.encrypted_content"])},

    {"Form of the answer", NULL, J("text":{"format":{"type":"json_object"}})},
    {NULL, NULL, J("text":{"format":{"type":"json_schema","name":"city","schema":{"type":"object","properties":{"name":{"type":"string","minLength":1}}},"strict":true}})},
    {NULL, FUNCTION, J("text":{"format":{"type":"json_schema","name":"city","schema":{"type":"object","properties":{"name":{"type":"string"}}}}})},
    {NULL, NULL, J("text":{"verbosity":"low"})},
    {NULL, NULL, J("stream":true)},
    {NULL, NULL, J("background":true)},

    {"Tools", NULL, FUNCTION},
    {NULL, NULL, J("tools":[{"type":"function","name":"now","strict":true,"parameters":{"type":"object","properties":{"zone":{"type":"string","pattern":"^[A-Z]"}},"required":["zone"],"additionalProperties":false}}])},
    {NULL, NULL, J("tools":[{"type":"custom","name":"sql","description":"Runs SQL."}])},
    {NULL, NULL, J("tools":[{"type":"namespace","name":"files","tools":[{"type":"function","name":"read","parameters":{"type":"object","properties":{}}}]}])},
    {NULL, NULL, J("tools":[{"type":"web_search"}])},
    {NULL, NULL, J("tools":[{"type":"code_interpreter","container":{"type":"auto"}}])},
    {NULL, NULL, J("tools":[{"type":"mcp","server_label":"m","server_url":"https://example.com"}])},
    {NULL, FUNCTION, J("tool_choice":"auto")},
    {NULL, FUNCTION, J("tool_choice":"none")},
    {NULL, FUNCTION, J("tool_choice":"required")},
    {NULL, FUNCTION, J("tool_choice":{"type":"function","name":"weather"})},
    {NULL, FUNCTION, J("tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"weather"}]})},
    {NULL, FUNCTION, J("parallel_tool_calls":false)},

    {"The conversation", NULL, J("instructions":"Be brief.")},
    {NULL, NULL, J("input":[{"role":"developer","content":"Be brief."},{"role":"user","content":"Hi"}])},
    {NULL, NULL, J("input":[{"role":"user","content":"Hi"},{"role":"developer","content":"Be brief."}])},
    {NULL, NULL, J("input":[{"role":"user","content":"Hi"},{"role":"user","content":[{"type":"input_text","text":"Who are you?"}]}])},
    {NULL, NULL, J("input":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello, "}])},
    {NULL, FUNCTION, J("input":[{"role":"user","content":"Hi"},{"type":"function_call","call_id":"call_1","name":"weather","arguments":"{\"city\": \"Paris\"}"},{"type":"function_call_output","call_id":"call_1","output":"18 degrees"}])},
    {NULL, FUNCTION, J("input":[{"role":"user","content":"Hi"},{"type":"function_call","call_id":"call_1","name":"weather","arguments":"{}"},{"role":"user","content":"Never mind."}])},
    {NULL, FUNCTION, J("input":[{"role":"user","content":"Hi"},{"type":"function_call","call_id":"call_1","name":"weather","arguments":"{}"},{"type":"function_call_output","call_id":"call_1","output":[{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo="}]}])},
    {NULL, NULL, J("tools":[{"type":"custom","name":"sql"}],"input":[{"role":"user","content":"Hi"},{"type":"custom_tool_call","call_id":"call_1","name":"sql","input":"select 1"},{"type":"custom_tool_call_output","call_id":"call_1","output":"1"}])},
    {NULL, NULL, J("input":[{"role":"user","content":"Hi"},{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"A greeting."}],"encrypted_content":"b3BhcXVl"},{"role":"assistant","content":"Hello."},{"role":"user","content":"Why?"}])},
    {NULL, NULL, J("input":[{"role":"user","content":"Hi"},{"type":"web_search_call","id":"ws_1","status":"completed"},{"role":"assistant","content":"Hello."},{"role":"user","content":"Why?"}])},
    {NULL, NULL, J("input":[{"role":"user","content":"Hi"},{"type":"item_reference","id":"msg_1"}])},
    {NULL, NULL, J("previous_response_id":"resp_1")},
    {NULL, NULL, J("conversation":"conv_1")},
    {NULL, NULL, J("prompt":{"id":"pmpt_1"})},

    {"Media", NULL, J("input":[{"role":"user","content":[{"type":"input_image","image_url":"https://example.com/cat.png"}]}])},
    {NULL, NULL, J("input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo=","detail":"low"}]}])},
    {NULL, NULL, J("input":[{"role":"user","content":[{"type":"input_image","file_id":"file-1"}]}])},
    {NULL, NULL, J("input":[{"role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERg=="}]}])},
    {NULL, NULL, J("input":[{"role":"user","content":[{"type":"input_file","file_url":"https://example.com/a.pdf"}]}])},

    {"The rest", NULL, J("user":"ann")},
    {NULL, NULL, J("safety_identifier":"5f2a")},
    {NULL, NULL, J("metadata":{"job":"7"})},
    {NULL, NULL, J("store":true)},
    {NULL, NULL, J("store":false)},
    {NULL, NULL, J("service_tier":"auto")},
    {NULL, NULL, J("service_tier":"flex")},
    {NULL, NULL, J("prompt_cache_key":"k1")},
    {NULL, NULL, J("something_new":1)},
    {NULL, NULL, NULL},
};

#undef FUNCTION
#define FUNCTION J("tools":[{"name":"weather","input_schema":{"type":"object","properties":{"city":{"type":"string"}}}}])

static const struct reference_probe messages_requests[] = {
    {"Limits and sampling", NULL, J("max_tokens":100)},
    {NULL, NULL, J("temperature":0.7)},
    {NULL, NULL, J("top_p":0.9)},
    {NULL, NULL, J("top_k":40)},
    {NULL, NULL, J("stop_sequences":["END"])},
    {NULL, NULL, J("stop_sequences":["a","b","c","d","e"])},

    {"Reasoning", NULL, J("thinking":{"type":"disabled"})},
    {NULL, J("max_tokens":20000), J("thinking":{"type":"enabled","budget_tokens":1024})},
    {NULL, J("max_tokens":20000), J("thinking":{"type":"enabled","budget_tokens":10000})},
    {NULL, J("max_tokens":20000), J("thinking":{"type":"enabled","budget_tokens":16000})},
    {NULL, NULL, J("thinking":{"type":"adaptive"})},
    {NULL, NULL, J("thinking":{"type":"adaptive"},"output_config":{"effort":"low"})},
    {NULL, NULL, J("output_config":{"effort":"max"})},

    {"Form of the answer", NULL, J("output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"name":{"type":"string"}},"additionalProperties":false}}})},
    {NULL, NULL, J("stream":true)},

    {"Tools", NULL, FUNCTION},
    {NULL, NULL, J("tools":[{"name":"now","strict":true,"input_schema":{"type":"object","properties":{"zone":{"type":"string"}},"required":["zone"],"additionalProperties":false},"cache_control":{"type":"ephemeral"}}])},
    {NULL, NULL, J("tools":[{"type":"web_search_20250305","name":"web_search"}])},
    {NULL, NULL, J("tools":[{"type":"code_execution_20250522","name":"code_execution"}])},
    {NULL, NULL, J("tools":[{"type":"bash_20250124","name":"bash"}])},
    {NULL, FUNCTION, J("tool_choice":{"type":"auto"})},
    {NULL, FUNCTION, J("tool_choice":{"type":"none"})},
    {NULL, FUNCTION, J("tool_choice":{"type":"any"})},
    {NULL, FUNCTION, J("tool_choice":{"type":"tool","name":"weather"})},
    {NULL, FUNCTION, J("tool_choice":{"type":"auto","disable_parallel_tool_use":true})},

    {"The conversation", NULL, J("system":"Be brief.")},
    {NULL, NULL, J("system":[{"type":"text","text":"Be brief."},{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral","ttl":"1h"}}])},
    {NULL, NULL, J("messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be brief."}])},
    {NULL, NULL, J("messages":[{"role":"user","content":"Hi"},{"role":"user","content":[{"type":"text","text":"Who are you?","cache_control":{"type":"ephemeral"}}]}])},
    {NULL, NULL, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello, "}])},
    {NULL, FUNCTION, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"text","text":"I look."},{"type":"tool_use","id":"toolu_1","name":"weather","input":{"city": "Paris"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"18 degrees"},{"type":"text","text":"Well?"}]}])},
    {NULL, FUNCTION, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":"no such city"}]}])},
    {NULL, FUNCTION, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]}])},
    {NULL, FUNCTION, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}]},{"role":"user","content":"Never mind."}])},
    {NULL, NULL, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"A greeting.","signature":"c2ln"},{"type":"text","text":"Hello."}]},{"role":"user","content":"Why?"}])},
    {NULL, NULL, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"redacted_thinking","data":"b3BhcXVl"},{"type":"text","text":"Hello."}]},{"role":"user","content":"Why?"}])},
    {NULL, NULL, J("messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}},{"type":"text","text":"Hello."}]},{"role":"user","content":"Why?"}])},

    {"Media", NULL, J("messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://example.com/cat.png"}}]}])},
    {NULL, NULL, J("messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}])},
    {NULL, NULL, J("messages":[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"file_1"}}]}])},
    {NULL, NULL, J("messages":[{"role":"user","content":[{"type":"document","title":"A","source":{"type":"base64","media_type":"application/pdf","data":"JVBERg=="}}]}])},
    {NULL, NULL, J("messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"Hello"}}]}])},
    {NULL, NULL, J("messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"}}]}])},
    {NULL, NULL, J("messages":[{"role":"user","content":[{"type":"search_result","source":"https://example.com","title":"A","content":[{"type":"text","text":"Found."}]}]}])},

    {"The rest", NULL, J("metadata":{"user_id":"ann"})},
    {NULL, NULL, J("service_tier":"auto")},
    {NULL, NULL, J("service_tier":"standard_only")},
    {NULL, NULL, J("cache_control":{"type":"ephemeral"})},
    {NULL, NULL, J("container":"container_1")},
    {NULL, NULL, J("mcp_servers":[{"type":"url","name":"m","url":"https://example.com"}])},
    {NULL, NULL, J("context_management":{"edits":[]})},
    {NULL, NULL, J("thread":{"type":"create"})},
    {NULL, NULL, J("something_new":1)},
    {NULL, NULL, NULL},
};

static const struct reference_probe chat_answers[] = {
    {"Why it ended", NULL, J("choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"length"}])},
    {NULL, NULL, J("choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"content_filter"}])},
    {NULL, NULL, J("choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"something_new"}])},
    {NULL, NULL, J("choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"insufficient_system_resource"}])},
    {NULL, NULL, J("choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":"No."},"finish_reason":"stop"}])},
    {"Content", NULL, J("choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Paris\"}"}}]},"finish_reason":"tool_calls"}])},
    {NULL, NULL, J("choices":[{"index":0,"message":{"role":"assistant","content":"Hello","reasoning_content":"A greeting."},"finish_reason":"stop"}])},
    {NULL, NULL, J("choices":[{"index":0,"message":{"role":"assistant","content":"Hello","annotations":[{"type":"url_citation","url_citation":{"url":"https://example.com","title":"A","start_index":0,"end_index":5}}]},"finish_reason":"stop"}])},
    {NULL, NULL, J("choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"logprobs":{"content":[{"token":"Hello","logprob":-0.1,"bytes":[72,101,108,108,111],"top_logprobs":[]}]},"finish_reason":"stop"}])},
    {NULL, NULL, J("choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"},{"index":1,"message":{"role":"assistant","content":"Good day"},"finish_reason":"stop"}])},
    {"Counts and the rest", NULL, J("usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3}})},
    {NULL, NULL, J("service_tier":"default","system_fingerprint":"fp_1")},
    {NULL, NULL, J("error":{"message":"too busy","code":503})},
    {NULL, NULL, NULL},
};

static const struct reference_probe responses_answers[] = {
    {"Why it ended", NULL, J("status":"incomplete","incomplete_details":{"reason":"max_output_tokens"})},
    {NULL, NULL, J("status":"incomplete","incomplete_details":{"reason":"content_filter"})},
    {NULL, NULL, J("status":"failed","error":{"code":"server_error","message":"too busy"})},
    {NULL, NULL, J("output":[{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"refusal","refusal":"No."}]}])},
    {"Content", NULL, J("output":[{"type":"function_call","id":"fc_1","call_id":"call_1","name":"weather","arguments":"{\"city\": \"Paris\"}","status":"completed"}])},
    {NULL, NULL, J("output":[{"type":"custom_tool_call","id":"ctc_1","call_id":"call_1","name":"sql","input":"select 1"}])},
    {NULL, NULL, J("output":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"A greeting."}],"encrypted_content":"b3BhcXVl"},{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hello","annotations":[]}]}])},
    {NULL, NULL, J("output":[{"type":"web_search_call","id":"ws_1","status":"completed"},{"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hello","annotations":[{"type":"url_citation","url":"https://example.com","title":"A","start_index":0,"end_index":5}]}]}])},
    {"Counts and the rest", NULL, J("usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15,"input_tokens_details":{"cached_tokens":4},"output_tokens_details":{"reasoning_tokens":3}})},
    {NULL, NULL, J("service_tier":"default")},
    {NULL, NULL, NULL},
};

static const struct reference_probe messages_answers[] = {
    {"Why it ended", NULL, J("stop_reason":"stop_sequence","stop_sequence":"END")},
    {NULL, NULL, J("stop_reason":"max_tokens")},
    {NULL, NULL, J("stop_reason":"model_context_window_exceeded")},
    {NULL, NULL, J("stop_reason":"refusal")},
    {NULL, NULL, J("stop_reason":"pause_turn")},
    {NULL, NULL, J("stop_reason":"something_new")},
    {"Content", NULL, J("content":[{"type":"text","text":"I look."},{"type":"tool_use","id":"toolu_1","name":"weather","input":{"city": "Paris"}}],"stop_reason":"tool_use")},
    {NULL, NULL, J("content":[{"type":"thinking","thinking":"A greeting.","signature":"c2ln"},{"type":"text","text":"Hello"}])},
    {NULL, NULL, J("content":[{"type":"redacted_thinking","data":"b3BhcXVl"},{"type":"text","text":"Hello"}])},
    {NULL, NULL, J("content":[{"type":"text","text":"Hel"},{"type":"text","text":"lo"}])},
    {NULL, NULL, J("content":[{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{"query":"hello"}},{"type":"text","text":"Hello","citations":[{"type":"web_search_result_location","url":"https://example.com","title":"A","cited_text":"Hello","encrypted_index":"eA=="}]}])},
    {NULL, NULL, J("content":[])},
    {"Counts and the rest", NULL, J("usage":{"input_tokens":10,"cache_creation_input_tokens":3,"cache_read_input_tokens":4,"output_tokens":5})},
    {NULL, NULL, NULL},
};

/* clang-format on */

static const char chat_stream[] =
    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1763000000,"
    "\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","
    "\"content\":\"I lo\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ok.\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\","
    "\"type\":\"function\",\"function\":{\"name\":\"weather\",\"arguments\":\"{\\\"city\\\": "
    "\"}}]}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{"
    "\"arguments\":\"\\\"Paris\\\"}\"}}]}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,"
    "\"total_tokens\":15}}\n\n"
    "data: [DONE]\n\n";

static const char responses_stream[] =
    "event: response.created\n"
    "data: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\","
    "\"object\":\"response\",\"created_at\":1763000000,\"status\":\"in_progress\",\"model\":"
    "\"gpt-4o-mini\",\"output\":[]}}\n\n"
    "event: response.output_item.added\n"
    "data: {\"type\":\"response.output_item.added\",\"sequence_number\":1,\"output_index\":0,"
    "\"item\":{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"call_1\",\"name\":"
    "\"weather\",\"arguments\":\"\",\"status\":\"in_progress\"}}\n\n"
    "event: response.function_call_arguments.delta\n"
    "data: {\"type\":\"response.function_call_arguments.delta\",\"sequence_number\":2,\"item_id\":"
    "\"fc_1\",\"output_index\":0,\"delta\":\"{\\\"city\\\": \\\"Paris\\\"}\"}\n\n"
    "event: response.function_call_arguments.done\n"
    "data: {\"type\":\"response.function_call_arguments.done\",\"sequence_number\":3,\"item_id\":"
    "\"fc_1\",\"output_index\":0,\"arguments\":\"{\\\"city\\\": \\\"Paris\\\"}\"}\n\n"
    "event: response.output_item.done\n"
    "data: {\"type\":\"response.output_item.done\",\"sequence_number\":4,\"output_index\":0,"
    "\"item\":{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"call_1\",\"name\":"
    "\"weather\",\"arguments\":\"{\\\"city\\\": \\\"Paris\\\"}\",\"status\":\"completed\"}}\n\n"
    "event: response.completed\n"
    "data: {\"type\":\"response.completed\",\"sequence_number\":5,\"response\":{\"id\":\"resp_1\","
    "\"object\":\"response\",\"created_at\":1763000000,\"status\":\"completed\",\"model\":"
    "\"gpt-4o-mini\",\"output\":[{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":"
    "\"call_1\",\"name\":\"weather\",\"arguments\":\"{\\\"city\\\": \\\"Paris\\\"}\",\"status\":"
    "\"completed\"}],\"usage\":{\"input_tokens\":10,\"output_tokens\":5,\"total_tokens\":15}}}\n\n";

static const char messages_stream[] =
    "event: message_start\n"
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
    "\"assistant\",\"model\":\"claude-sonnet-4-5\",\"content\":[],\"stop_reason\":null,"
    "\"stop_sequence\":null,\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n"
    "event: content_block_start\n"
    "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\","
    "\"thinking\":\"\",\"signature\":\"\"}}\n\n"
    "event: content_block_delta\n"
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\","
    "\"thinking\":\"The weather.\"}}\n\n"
    "event: content_block_delta\n"
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\","
    "\"signature\":\"c2ln\"}}\n\n"
    "event: content_block_stop\n"
    "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    "event: content_block_start\n"
    "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\","
    "\"id\":\"toolu_1\",\"name\":\"weather\",\"input\":{}}}\n\n"
    "event: content_block_delta\n"
    "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\","
    "\"partial_json\":\"{\\\"city\\\": \\\"Paris\\\"}\"}}\n\n"
    "event: content_block_stop\n"
    "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
    "event: message_delta\n"
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":"
    "null},\"usage\":{\"output_tokens\":5}}\n\n"
    "event: message_stop\n"
    "data: {\"type\":\"message_stop\"}\n\n";

const struct reference_probes reference_probes[GW_CODECS] = {
    [GW_CODEC_CHAT] =
        {.title = "Chat Completions",
         .request = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]",
         .requests = chat_requests,
         .answer = "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1763000000,"
                   "\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
                   "\"assistant\",\"content\":\"Hello\"},\"finish_reason\":\"stop\"}],\"usage\":{"
                   "\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}",
         .answers = chat_answers,
         .stream = chat_stream},
    [GW_CODEC_RESPONSES] =
        {.title = "Responses",
         .request = "{\"model\":\"m\",\"input\":\"Hi\"",
         .requests = responses_requests,
         .answer = "{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1763000000,"
                   "\"status\":\"completed\",\"model\":\"gpt-4o-mini\",\"output\":[{\"type\":"
                   "\"message\",\"id\":\"msg_1\",\"status\":\"completed\",\"role\":\"assistant\","
                   "\"content\":[{\"type\":\"output_text\",\"text\":\"Hello\",\"annotations\":[]}]}"
                   "],\"usage\":{\"input_tokens\":10,\"output_tokens\":5,\"total_tokens\":15}",
         .answers = responses_answers,
         .stream = responses_stream},
    [GW_CODEC_MESSAGES] =
        {.title = "Messages",
         .request = "{\"model\":\"m\",\"max_tokens\":1024,\"messages\":[{\"role\":\"user\","
                    "\"content\":\"Hi\"}]",
         .requests = messages_requests,
         .answer = "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"
                   "\"claude-sonnet-4-5\",\"content\":[{\"type\":\"text\",\"text\":\"Hello\"}],"
                   "\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"usage\":{"
                   "\"input_tokens\":10,\"output_tokens\":5}",
         .answers = messages_answers,
         .stream = messages_stream},
};

const struct reference_target reference_targets[] = {
    {GW_CODEC_CHAT, "openai", "gpt-4o-mini", NULL, "`gpt-4o-mini` at openai"},
    {GW_CODEC_CHAT, "openai", "gpt-5.2", "gpt-4o-mini", "`gpt-5.2` at openai"},
    {GW_CODEC_CHAT, "azure-openai", "gpt-4o", "gpt-4o-mini", "azure-openai"},
    {GW_CODEC_CHAT, "", "llama-3.3-70b", "gpt-4o-mini", "any other provider"},
    {GW_CODEC_CHAT, "google-gemini", "gemini-2.5-flash", "llama-3.3-70b", "google-gemini"},
    {GW_CODEC_CHAT, "gcp-vertex-ai", "google/gemini-2.5-flash", "llama-3.3-70b", "gcp-vertex-ai"},
    {GW_CODEC_CHAT, "xai", "grok-4", "llama-3.3-70b", "xai"},
    {GW_CODEC_CHAT, "mistral", "mistral-large-latest", "llama-3.3-70b", "mistral"},
    {GW_CODEC_CHAT, "groq", "llama-3.3-70b-versatile", "llama-3.3-70b", "groq"},
    {GW_CODEC_CHAT, "together", "meta-llama/Llama-3.3-70B", "llama-3.3-70b", "together"},
    {GW_CODEC_CHAT, "fireworks", "llama-v3p3-70b", "llama-3.3-70b", "fireworks"},
    {GW_CODEC_CHAT, "nvidia", "meta/llama-3.3-70b", "llama-3.3-70b", "nvidia"},
    {GW_CODEC_CHAT, "deepseek", "deepseek-chat", "llama-3.3-70b", "deepseek"},
    {GW_CODEC_CHAT, "perplexity", "sonar", "llama-3.3-70b", "perplexity"},
    {GW_CODEC_CHAT, "openrouter", "qwen/qwen3", "llama-3.3-70b", "openrouter"},
    {GW_CODEC_CHAT, "cerebras", "llama-3.3-70b", "llama-3.3-70b", "cerebras"},
    {GW_CODEC_CHAT, "ollama", "llama3.3", "llama-3.3-70b", "ollama"},
    {GW_CODEC_CHAT, "vllm", "llama-3.3", "llama-3.3-70b", "vllm"},
    {GW_CODEC_RESPONSES, "openai", "gpt-4o-mini", NULL, "`gpt-4o-mini` at openai"},
    {GW_CODEC_RESPONSES, "openai", "gpt-5.2", "gpt-4o-mini", "`gpt-5.2` at openai"},
    {GW_CODEC_MESSAGES, "anthropic", "claude-sonnet-4-5", NULL, "`claude-sonnet-4-5`"},
    {GW_CODEC_MESSAGES, "anthropic", "claude-opus-5", "claude-sonnet-4-5", "`claude-opus-5`"},
    {GW_CODEC_MESSAGES, "anthropic", "claude-opus-4-8", "claude-opus-5", "`claude-opus-4-8`"},
    {GW_CODEC_MESSAGES, "anthropic", "claude-opus-4-7", "claude-opus-5", "`claude-opus-4-7`"},
    {GW_CODEC_MESSAGES, "anthropic", "claude-sonnet-4-6", "claude-sonnet-4-5",
     "`claude-sonnet-4-6`"},
    {GW_CODEC_MESSAGES, "anthropic", "claude-3-5-haiku", "claude-sonnet-4-5", "`claude-3-5-haiku`"},
    {GW_CODEC_MESSAGES, "", "glm-5", "claude-sonnet-4-5", "a model that is not Claude"},
};
const size_t reference_targets_count = GW_COUNT(reference_targets);
