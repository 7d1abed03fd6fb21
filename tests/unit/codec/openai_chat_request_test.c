#include "codec/chat_play.h"

/* ---- the model as lines ---- */

static void add(struct gw_buf *into, const char *word, struct gw_str text)
{
    assert_int_equal(gw_buf_printf(into, "%s%.*s", word, (int)text.len, text.base), GW_OK);
}

static void add_given(struct gw_buf *into, const char *word, struct gw_text text)
{
    if (gw_text_present(text))
        add(into, word, text.raw);
}

static void add_slice(struct gw_buf *into, const char *word, struct gw_str slice)
{
    if (slice.base)
        add(into, word, slice);
}

static void add_cache(struct gw_buf *into, enum gw_cache_ttl cache)
{
    static const char *const names[] = {"", " cache", " cache=5m", " cache=1h"};

    add(into, names[cache], GW_STR(""));
}

static void add_media(struct gw_buf *into, const struct gw_part *part)
{
    static const char *const sources[] = {" none", " url ", " base64 ", " text ", " file "};

    add_given(into, " type=", part->source.mime);
    add_given(into, sources[part->source.kind], part->source.data);
    add_given(into, " detail=", part->detail);
    add_given(into, " name=", part->filename);
    add_given(into, " at ", part->path);
}

static void add_parts(struct gw_buf *into, const struct gw_part *part, const char *indent)
{
    static const char *const kinds[] = {"text",   "image",   "document", "audio",   "video", "call",
                                        "result", "thought", "redacted", "refusal", "server"};

    for (; part; part = part->next) {
        add(into, indent, gw_str_of(kinds[part->kind]));
        if (part->family != GW_FAMILY_NONE) {
            char letter = gw_family_letter(part->family);
            add(into, " ", (struct gw_str){&letter, 1});
        }
        if (part->tool == GW_TOOL_CUSTOM)
            add(into, " custom", GW_STR(""));
        if (part->is_summary)
            add(into, " summary", GW_STR(""));
        add_given(into, " id=", part->id);
        add_given(into, " name=", part->name);
        add_given(into, " ", part->text);
        add_given(into, " args ", part->arguments.string);
        add_slice(into, " json ", part->arguments.json);
        add_given(into, " signature=", part->signature);
        add_given(into, " data=", part->data);
        add_given(into, " gsig=", part->gsig);
        add_slice(into, " notes=", part->annotations);
        if (part->source.kind != GW_SOURCE_NONE)
            add_media(into, part);
        add_cache(into, part->cache);
        add(into, "\n", GW_STR(""));
        for (const struct gw_part *inner = part->parts; inner; inner = inner->next) {
            struct gw_part alone = *inner;
            alone.next = NULL;
            add_parts(into, &alone, "    ");
        }
    }
}

static void add_tools(struct gw_buf *into, const struct gw_request *request)
{
    static const char *const kinds[] = {"function", "custom", "hosted"};
    static const char *const choices[] = {"", "auto", "none", "any", "tool"};

    for (const struct gw_tool *tool = request->tools; tool; tool = tool->next) {
        add(into, kinds[tool->kind], GW_STR(""));
        add_given(into, " ", tool->kind == GW_TOOL_HOSTED ? tool->type : tool->name);
        add_given(into, " says ", tool->description);
        add_slice(into, " schema ", tool->schema);
        add_slice(into, " strict=", tool->strict);
        if (tool->kind == GW_TOOL_HOSTED)
            add_slice(into, " raw ", tool->raw);
        add_cache(into, tool->cache);
        add(into, "\n", GW_STR(""));
    }
    if (request->tool_choice != GW_CHOICE_UNSET) {
        add(into, "choice ", gw_str_of(choices[request->tool_choice]));
        add_given(into, " ", request->tool_choice_name);
        for (const struct gw_name_list *name = request->allowed; name; name = name->next)
            add(into, " allowed=", name->name.raw);
        add(into, "\n", GW_STR(""));
    }
}

static void add_flag(struct gw_buf *into, const char *name, enum gw_flag flag)
{
    if (flag != GW_FLAG_UNSET)
        add(into, name, flag == GW_FLAG_TRUE ? GW_STR("true ") : GW_STR("false "));
}

static void add_rest(struct gw_buf *into, const struct gw_request *request)
{
    static const char *const samplings[] = {
        "t=", "p=", "k=", "min_p=", "freq=", "pres=", "rep=", "seed=", "bias="};
    static const char *const modes[] = {"", "off", "on", "adaptive"};
    static const char *const formats[] = {"", "text", "json_object", "json_schema"};

    for (unsigned i = 0; i < GW_SAMPLINGS; i++)
        add_slice(into, samplings[i], request->sampling[i]);
    add_slice(into, "max=", request->max_tokens);
    add_slice(into, "n=", request->n);
    add_slice(into, "top_logprobs=", request->top_logprobs);
    add_slice(into, "metadata=", request->metadata);
    add_slice(into, "prediction=", request->prediction);
    add_slice(into, "modalities=", request->modalities);
    add_slice(into, "audio=", request->audio);
    add_flag(into, "logprobs=", request->logprobs);
    add_flag(into, "store=", request->store);
    add_flag(into, "parallel=", request->parallel_tools);
    add_given(into, "verbosity=", request->verbosity);
    add_given(into, "tier=", request->service_tier);
    add_given(into, "user=", request->user_id);
    add_given(into, "key=", request->cache_key);
    add_given(into, "retention=", request->cache_retention);
    for (const struct gw_name_list *stop = request->stop; stop; stop = stop->next)
        add(into, "stop=", stop->name.raw);
    if (request->reasoning.mode != GW_REASONING_UNSET) {
        add(into, "reasoning=", gw_str_of(modes[request->reasoning.mode]));
        if (request->reasoning.effort != GW_EFFORT_UNSET)
            add(into, " effort=", gw_effort_name(request->reasoning.effort));
        add_slice(into, " budget=", request->reasoning.budget);
        add_given(into, " summary=", request->reasoning.summary);
        add_given(into, " display=", request->reasoning.display);
    }
    if (request->format.kind != GW_FORMAT_UNSET) {
        add(into, "format=", gw_str_of(formats[request->format.kind]));
        add_given(into, " name=", request->format.name);
        add_given(into, " says ", request->format.description);
        add_slice(into, " schema=", request->format.schema);
        add_slice(into, " strict=", request->format.strict);
    }
    if (request->stream)
        add(into, "stream", request->include_usage ? GW_STR(" with usage") : GW_STR(""));
    if (request->legacy_functions)
        add(into, " legacy", GW_STR(""));
    for (const struct gw_name_list *name = request->native_only; name; name = name->next)
        add(into, " only:", name->name.raw);
    for (const struct gw_extra *extra = request->extra; extra; extra = extra->next) {
        add(into, "extra ", extra->name.raw);
        add(into, "=", extra->value);
    }
}

static void show(struct play *play)
{
    static const char *const roles[] = {"user", "assistant", "system"};
    const struct gw_request *request = &play->request;

    add_parts(&play->out, request->system, "system ");
    for (const struct gw_message *message = request->messages; message; message = message->next) {
        add(&play->out, roles[message->role], GW_STR(""));
        add_given(&play->out, " name=", message->name);
        add(&play->out, "\n", GW_STR(""));
        add_parts(&play->out, message->parts, "  ");
    }
    add_tools(&play->out, request);
    add_rest(&play->out, request);
}

static void check_read(const char *label, const char *body, const char *lines, const char *warnings)
{
    struct play play;

    play_init(&play);
    enum gw_status status =
        gw_codec_openai_chat.read_request(gw_str_of(body), &play.request, &play.complaint);
    if (status != GW_OK)
        fail_msg("%s: %s", label, play.complaint.message);
    show(&play);
    check_bytes(label, gw_buf_str(&play.out), lines);
    check_bytes(label, play_warnings(&play), warnings);
    play_finish(&play);
}

/* ---- messages ---- */

static const struct {
    const char *label, *messages, *lines;
} conversations[] = {
    {"a string", "[{\"role\":\"user\",\"content\":\"Hi \\u00e9\"}]", "user\n  text Hi \\u00e9\n"},
    {"leading system and developer",
     "[{\"role\":\"system\",\"content\":\"A\"},{\"role\":\"developer\",\"content\":[{\"type\":"
     "\"text\",\"text\":\"B\"},{\"type\":\"text\",\"text\":\"C\",\"cache_control\":{\"type\":"
     "\"ephemeral\"}}]},{\"role\":\"user\",\"content\":\"x\"}]",
     "system text A\nsystem text B\nsystem text C cache\nuser\n  text x\n"},
    {"system within",
     "[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"system\",\"content\":\"S\",\"name\":\"n\"}"
     "]",
     "user\n  text x\nsystem name=n\n  text S\n"},
    {"parts of a user",
     "[{\"role\":\"user\",\"name\":\"bob\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
     "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/y.png\",\"detail\":\"low\"}},"
     "{\"type\":\"image_url\",\"image_url\":\"data:image/JPG;base64,AA BB\"},"
     "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"QQ==\",\"format\":\"wav\"}},"
     "{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\",\"file_data\":\"data:application/"
     "pdf;base64,UERG\"}},"
     "{\"type\":\"file\",\"file\":{\"filename\":\"a.txt\",\"file_data\":\"UERG\"}},"
     "{\"type\":\"file\",\"file\":{\"file_data\":\"https://x/a.pdf\"}},"
     "{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}}]}]",
     "user name=bob\n  text a\n"
     "  image url https://x/y.png detail=low at messages[0].content[1]\n"
     "  image type=image/jpeg base64 AABB at messages[0].content[2]\n"
     "  audio type=audio/wav base64 QQ== at messages[0].content[3]\n"
     "  document type=application/pdf base64 UERG name=a.pdf at messages[0].content[4]\n"
     "  document type=text/plain base64 UERG name=a.txt at messages[0].content[5]\n"
     "  document url https://x/a.pdf at messages[0].content[6]\n"
     "  document file file-1 at messages[0].content[7]\n"},
    {"marks for the cache",
     "[{\"role\":\"user\",\"content\":\"a\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":"
     "\"1h\"}},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"b\",\"cache_control\":"
     "{\"type\":\"ephemeral\",\"ttl\":\"5m\"}},{\"type\":\"text\",\"text\":\"c\","
     "\"prompt_cache_breakpoint\":true}]},{\"role\":\"user\",\"content\":\"d\",\"cache_control\":"
     "null}]",
     "user\n  text a cache=1h\nuser\n  text b cache=5m\n  text c cache\nuser\n  text d\n"},
    {"an assistant's content",
     "[{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":"
     "\"refusal\",\"refusal\":\"no\"}],\"refusal\":\"never\",\"annotations\":[{\"type\":\"url_"
     "citation\"}]},{\"role\":\"assistant\",\"content\":null,\"refusal\":null}]",
     "assistant\n  text d a notes=[{\"type\":\"url_citation\"}]\n  refusal no\n  refusal never\n"
     "assistant\n"},
    {"calls and results",
     "[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":"
     "{\"name\":\"f\",\"arguments\":\"{\\\"a\\\": 1.0}\"}},{\"id\":\"c2\",\"type\":\"custom\","
     "\"custom\":{\"name\":\"g\",\"input\":\"free\"}},{\"id\":\"c3\",\"function\":{\"name\":\"h\","
     "\"arguments\":{\"b\":2}}}]},"
     "{\"role\":\"tool\",\"tool_call_id\":\"c2\",\"content\":\"two\"},"
     "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":[{\"type\":\"text\",\"text\":\"one\"},"
     "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://i\"}}]},"
     "{\"role\":\"user\",\"content\":\"go on\"}]",
     "assistant\n  call id=c1 name=f args {\\\"a\\\": 1.0}\n  call custom id=c2 name=g args free\n"
     "  call id=c3 name=h json {\"b\":2}\n"
     "user\n  result id=c2\n    text two\n  result id=c1\n    text one\n"
     "    image url https://i at messages[2].content[1]\nuser\n  text go on\n"},
    {"the form before tools",
     "[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":null,\"function_"
     "call\":{\"name\":\"f\",\"arguments\":\"{}\"}},{\"role\":\"function\",\"name\":\"f\","
     "\"content\":\"1\"},{\"role\":\"assistant\",\"function_call\":{\"name\":\"f\",\"arguments\":"
     "\"\"}},{\"role\":\"function\",\"name\":\"f\",\"content\":\"2\"},{\"role\":\"function\","
     "\"name\":\"g\",\"content\":\"3\"}]",
     "user\n  text x\nassistant\n  call id=call_legacy_1 name=f args {}\n"
     "user\n  result id=call_legacy_1 name=f\n    text 1\n"
     "assistant\n  call id=call_legacy_3 name=f args \n"
     "user\n  result id=call_legacy_3 name=f\n    text 2\n  result id=call_legacy name=g\n    text "
     "3\n"},
    {"unsigned reasoning",
     "[{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_content\":\"r\"},{\"role\":"
     "\"assistant\",\"content\":\"b\",\"reasoning\":\"s\"}]",
     "assistant\n  thought d r\n  text a\nassistant\n  thought d s\n  text b\n"},
    {"thinking_blocks",
     "[{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_content\":\"r\",\"thinking_blocks\":[{"
     "\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"S\"},{\"type\":\"redacted_thinking\""
     ",\"data\":\"D\"}]}]",
     "assistant\n  thought a t signature=S\n  redacted a data=D\n  text a\n"},
    {"reasoning_details go before all others, each to its place",
     "[{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_content\":\"x\",\"thinking_blocks\":[]"
     ",\"reasoning_details\":["
     "{\"type\":\"reasoning.text\",\"text\":\"t0\",\"signature\":\"S0\",\"format\":\"anthropic-"
     "claude-v1\",\"index\":0},"
     "{\"type\":\"reasoning.encrypted\",\"data\":\"D2\",\"id\":null,\"format\":\"anthropic-claude-"
     "v1\",\"index\":2},"
     "{\"type\":\"reasoning.text\",\"text\":\"t9\",\"signature\":null,\"format\":\"unknown\","
     "\"index\":9}],"
     "\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}]",
     "assistant\n  thought a t0 signature=S0\n  text a\n  redacted a data=D2\n  thought d t9\n"
     "  call id=c name=f args {}\n"},
    {"state of Responses",
     "[{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":["
     "{\"type\":\"reasoning.summary\",\"summary\":\"s\",\"id\":\"rs_1\",\"format\":\"openai-"
     "responses-v1\",\"index\":0},{\"type\":\"reasoning.encrypted\",\"data\":\"E\",\"id\":\"rs_1\","
     "\"format\":\"openai-responses-v1\",\"index\":0},{\"type\":\"reasoning.encrypted\",\"data\":"
     "\"F\",\"id\":\"rs_2\",\"format\":\"openai-responses-v1\",\"index\":1},{\"type\":\"other\"}]}"
     "]",
     "assistant\n  thought o summary id=rs_1 s signature=E\n  redacted o id=rs_2 data=F\n  text "
     "a\n"},
    {"Gemini's signatures of calls, wherever they stand",
     "[{\"role\":\"assistant\",\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":"
     "\"G4\",\"id\":\"c4\",\"format\":\"google-gemini-v1\",\"index\":3}],\"tool_calls\":["
     "{\"id\":\"c1\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"},\"extra_content\":{"
     "\"google\":{\"thought_signature\":\"G1\"}}},"
     "{\"id\":\"c2\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\",\"thought_signature\":\"G2\""
     "}},"
     "{\"id\":\"c3\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"},\"provider_specific_"
     "fields\":{\"thought_signature\":\"G3\"}},"
     "{\"id\":\"c4\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}]",
     "assistant\n  call id=c1 name=f args {} gsig=G1\n  call id=c2 name=f args {} gsig=G2\n"
     "  call id=c3 name=f args {} gsig=G3\n  call id=c4 name=f args {} gsig=G4\n"},
};

static void test_reads_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(conversations); i++) {
        char body[4096];
        snprintf(body, sizeof(body), "{\"model\":\"m\",\"messages\":%s}",
                 conversations[i].messages);
        check_read(conversations[i].label, body, conversations[i].lines, "");
    }
}

/* ---- all other members ---- */

static const struct {
    const char *label, *members, *lines, *warnings;
} members[] = {
    {"numbers stay as they are",
     "\"temperature\":1.0,\"top_p\":1e-1,\"top_k\":40,\"min_p\":0.05,\"frequency_penalty\":-0,"
     "\"presence_penalty\":0.50,\"repetition_penalty\":1.1,\"seed\":9007199254740993,"
     "\"logit_bias\":{\"50256\": -100}",
     "t=1.0p=1e-1k=40min_p=0.05freq=-0pres=0.50rep=1.1seed=9007199254740993bias={\"50256\": -100}",
     ""},
    {"null is as absent",
     "\"temperature\":null,\"stop\":null,\"tools\":null,\"tool_choice\":null,\"user\":null,"
     "\"response_format\":null,\"reasoning_effort\":null,\"store\":null,\"other\":null,"
     "\"max_tokens\":null,\"stream_options\":null",
     "", ""},
    {"the last of two counts", "\"seed\":1,\"seed\":2,\"temperature\":1,\"temperature\":null",
     "seed=2", ""},
    {"max_tokens", "\"max_tokens\":7", "max=7", ""},
    {"max_completion_tokens goes before", "\"max_completion_tokens\":8,\"max_tokens\":7", "max=8",
     ""},
    {"the rest by its name",
     "\"n\":2,\"logprobs\":true,\"top_logprobs\":3,\"store\":false,\"parallel_tool_calls\":false,"
     "\"verbosity\":\"low\",\"service_tier\":\"flex\",\"metadata\":{\"a\":\"b\"},\"prediction\":{"
     "\"type\":\"content\"},\"prompt_cache_key\":\"k\",\"prompt_cache_retention\":\"24h\"",
     "n=2top_logprobs=3metadata={\"a\":\"b\"}prediction={\"type\":\"content\"}logprobs=true "
     "store=false parallel=false verbosity=lowtier=flexkey=kretention=24h",
     ""},
    {"user", "\"user\":\"u\"", "user=u", ""},
    {"safety_identifier goes before", "\"safety_identifier\":\"s\",\"user\":\"u\"", "user=s", ""},
    {"stop, a string", "\"stop\":\"\\\\n\"", "stop=\\\\n", ""},
    {"stop, several", "\"stop\":[\"a\",\" \"]", "stop=astop= ", ""},
    {"modalities of text", "\"modalities\":[\"text\"]", "modalities=[\"text\"]", ""},
    {"modalities beyond text", "\"modalities\":[\"text\",\"audio\"],\"audio\":{\"voice\":\"v\"}",
     "modalities=[\"text\",\"audio\"]audio={\"voice\":\"v\"} only:modalities", ""},
    {"stream", "\"stream\":true", "stream", ""},
    {"stream with usage", "\"stream\":true,\"stream_options\":{\"include_usage\":true}",
     "stream with usage", ""},
    {"unknown members", "\"zeta\":{\"b\" : 1},\"alpha\":[1]",
     "extra zeta={\"b\" : 1}extra alpha=[1]", ""},
    {"format text", "\"response_format\":{\"type\":\"text\"}", "format=text", ""},
    {"format json_object", "\"response_format\":{\"type\":\"json_object\"}", "format=json_object",
     ""},
    {"format json_schema",
     "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"description\""
     ":\"d\",\"schema\":{\"type\" : \"object\"},\"strict\":true}}",
     "format=json_schema name=n says d schema={\"type\" : \"object\"} strict=true", ""},
    {"effort", "\"reasoning_effort\":\"high\"", "reasoning=on effort=high", ""},
    {"effort none", "\"reasoning_effort\":\"none\"", "reasoning=off effort=none", ""},
    {"an effort that nobody knows", "\"reasoning_effort\":\"ultra\"", "", "drop:reasoning_effort"},
    {"OpenRouter's effort", "\"reasoning\":{\"effort\":\"low\",\"exclude\":true}",
     "reasoning=on effort=low display=omitted", ""},
    {"OpenRouter's budget", "\"reasoning\":{\"max_tokens\":2000}", "reasoning=on budget=2000", ""},
    {"OpenRouter's switch", "\"reasoning\":{\"enabled\":false}", "reasoning=off", ""},
    {"Claude's budget", "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}",
     "reasoning=on budget=1024", ""},
    {"Claude's own choice", "\"thinking\":{\"type\":\"adaptive\"},\"reasoning_effort\":\"max\"",
     "reasoning=adaptive effort=max", ""},
    {"Claude's off", "\"thinking\":{\"type\":\"disabled\"}", "reasoning=off", ""},
};

static void test_reads_members(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(members); i++) {
        char body[4096], lines[1024];
        snprintf(body, sizeof(body),
                 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],%s}",
                 members[i].members);
        snprintf(lines, sizeof(lines), "user\n  text x\n%s", members[i].lines);
        check_read(members[i].label, body, lines, members[i].warnings);
    }
}

/* ---- tools ---- */

static const struct {
    const char *label, *members, *lines;
} tools[] = {
    {"functions",
     "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"d\","
     "\"parameters\":{\"type\" : \"object\"},\"strict\":true}},{\"type\":\"function\",\"function\":"
     "{\"name\":\"g\",\"strict\":null},\"cache_control\":{\"type\":\"ephemeral\"}}]",
     "function f says d schema {\"type\" : \"object\"} strict=true\nfunction g cache\n"},
    {"custom and hosted",
     "\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"c\",\"description\":\"d\",\"format\":{"
     "\"type\":\"text\"}}},{\"type\":\"web_search\",\"x\":1}]",
     "custom c says d schema {\"type\":\"text\"}\n"
     "hosted web_search raw {\"type\":\"web_search\",\"x\":1}\n"},
    {"web_search_options", "\"web_search_options\":{\"a\":1}",
     "hosted web_search_options raw {\"a\":1}\n"},
    {"the form before tools",
     "\"functions\":[{\"name\":\"f\",\"parameters\":{}}],\"function_call\":{\"name\":\"f\"}",
     "function f schema {}\nchoice tool f\nparallel=false  legacy"},
    {"the form before tools, a word", "\"functions\":[{\"name\":\"f\"}],\"function_call\":\"none\"",
     "function f\nchoice none\nparallel=false  legacy"},
    {"none", "\"tool_choice\":\"none\"", "choice none\n"},
    {"auto", "\"tool_choice\":\"auto\"", "choice auto\n"},
    {"required", "\"tool_choice\":\"required\"", "choice any\n"},
    {"one function", "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}",
     "choice tool f\n"},
    {"one custom tool", "\"tool_choice\":{\"type\":\"custom\",\"custom\":{\"name\":\"c\"}}",
     "choice tool c\n"},
    {"some, one of them must be",
     "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\","
     "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}},{\"type\":\"custom\","
     "\"custom\":{\"name\":\"c\"}}]}}",
     "choice any allowed=f allowed=c\n"},
    {"some, if any",
     "\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"auto\",\"tools\":[{"
     "\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}}",
     "choice auto allowed=f\n"},
};

static void test_reads_tools(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(tools); i++) {
        char body[4096], lines[1024];
        snprintf(body, sizeof(body),
                 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],%s}",
                 tools[i].members);
        snprintf(lines, sizeof(lines), "user\n  text x\n%s", tools[i].lines);
        check_read(tools[i].label, body, lines, "");
    }
}

/* ---- what is no request ---- */

#define USER "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]"

static const struct {
    const char *label, *body, *param;
} refused[] = {
    {"no JSON", "{\"model\":", ""},
    {"no object", "[1]", ""},
    {"no model", "{" USER "}", "model"},
    {"an empty model", "{\"model\":\"\"," USER "}", "model"},
    {"a model that is a number", "{\"model\":1," USER "}", "model"},
    {"no messages", "{\"model\":\"m\"}", "messages"},
    {"messages that are none", "{\"model\":\"m\",\"messages\":{}}", "messages"},
    {"empty messages", "{\"model\":\"m\",\"messages\":[]}", "messages"},
    {"a message that is none", "{\"model\":\"m\",\"messages\":[1]}", "messages[0].role"},
    {"an unknown role", "{\"model\":\"m\",\"messages\":[{\"role\":\"bot\"}]}", "messages[0].role"},
    {"a content that is none", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":1}]}",
     "messages[0].content"},
    {"an unknown part",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
     "\"\"},{\"type\":\"video_url\"}]}]}",
     "messages[0].content[1]"},
    {"a part of another role",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"image_url\"}]}]"
     "}",
     "messages[0].content[0]"},
    {"a text without one",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}",
     "messages[0].content[0]"},
    {"an image without an address",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
     "\"image_url\":{}}]}]}",
     "messages[0].content[0]"},
    {"a broken data URL",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
     "\"image_url\":\"data:image/png\"}]}]}",
     "messages[0].content[0]"},
    {"audio without its format",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\","
     "\"input_audio\":{\"data\":\"\"}}]}]}",
     "messages[0].content[0]"},
    {"a file of nothing",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{}"
     "}]}]}",
     "messages[0].content[0]"},
    {"a call without an id",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{"
     "\"name\":\"f\"}}]}]}",
     "messages[0].tool_calls[0]"},
    {"calls that are no array",
     "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":{}}]}",
     "messages[0].tool_calls"},
    {"a result without its call", "{\"model\":\"m\",\"messages\":[{\"role\":\"tool\"}]}",
     "messages[0].tool_call_id"},
    {"max_tokens 0", "{\"model\":\"m\"," USER ",\"max_tokens\":0}", "max_tokens"},
    {"max_tokens below", "{\"model\":\"m\"," USER ",\"max_tokens\":-1}", "max_tokens"},
    {"max_tokens with a fraction", "{\"model\":\"m\"," USER ",\"max_completion_tokens\":1.5}",
     "max_completion_tokens"},
    {"a temperature in quotes", "{\"model\":\"m\"," USER ",\"temperature\":\"1\"}", "temperature"},
    {"a flag that is none", "{\"model\":\"m\"," USER ",\"stream\":\"true\"}", "stream"},
    {"a stop that is none", "{\"model\":\"m\"," USER ",\"stop\":[1]}", "stop"},
    {"a bias that is none", "{\"model\":\"m\"," USER ",\"logit_bias\":[]}", "logit_bias"},
    {"an unknown format", "{\"model\":\"m\"," USER ",\"response_format\":{\"type\":\"xml\"}}",
     "response_format"},
    {"a schema that is none",
     "{\"model\":\"m\"," USER ",\"response_format\":{\"type\":\"json_schema\"}}",
     "response_format"},
    {"an unknown thinking", "{\"model\":\"m\"," USER ",\"thinking\":{\"type\":\"x\"}}", "thinking"},
    {"tools that are none", "{\"model\":\"m\"," USER ",\"tools\":{}}", "tools"},
    {"a tool without a name",
     "{\"model\":\"m\"," USER ",\"tools\":[{\"type\":\"function\",\"function\":{}}]}", "tools[0]"},
    {"an unknown choice", "{\"model\":\"m\"," USER ",\"tool_choice\":\"maybe\"}", "tool_choice"},
    {"a choice of nothing", "{\"model\":\"m\"," USER ",\"tool_choice\":{\"type\":\"function\"}}",
     "tool_choice"},
    {"a choice of none allowed",
     "{\"model\":\"m\"," USER ",\"tool_choice\":{\"allowed_tools\":{\"tools\":[]}}}",
     "tool_choice"},
};

static void test_says_what_is_wrong_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(refused); i++) {
        struct play play;
        play_init(&play);
        enum gw_status status = gw_codec_openai_chat.read_request(gw_str_of(refused[i].body),
                                                                  &play.request, &play.complaint);
        if (status != GW_INVALID || play.complaint.status != GW_INVALID || !play.complaint.code ||
            !play.complaint.message[0] || strcmp(play.complaint.param, refused[i].param) != 0)
            fail_msg("%s: %s: %s", refused[i].label, play.complaint.param, play.complaint.message);
        play_finish(&play);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_messages),
        cmocka_unit_test(test_reads_members),
        cmocka_unit_test(test_reads_tools),
        cmocka_unit_test(test_says_what_is_wrong_and_where),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
