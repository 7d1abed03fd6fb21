/*
 * tools/reference: what providers and models take when calls are translated, and how their failures are told.
 */
#include "codec/translation.h"
#include "reference.h"

#include <stdlib.h>

/* ---- providers ---- */

static const char *const style_words[] = {
    [GW_STYLE_NONE] = "not asked for",
    [GW_STYLE_EFFORT] = "`reasoning_effort`",
    [GW_STYLE_EFFORT_GROQ] = "`reasoning_effort`, with `reasoning_format`",
    [GW_STYLE_DEEPSEEK] = "`thinking` and `reasoning_effort`; `reasoning_content` in the history",
    [GW_STYLE_OPENROUTER] = "`reasoning`; `reasoning_details` in the history",
    [GW_STYLE_MISTRAL] = "not asked for; comes as parts of the content",
};

/* What stands in the table as a yes or no. */
static const struct {
    size_t at;
    const char *words;
} edits[] = {
#define EDIT(field, words)                                                                         \
    {                                                                                              \
        offsetof(struct gw_profile, field), words                                                  \
    }
    EDIT(openai,
         "`developer` for reasoning models, `allowed_tools`, `refusal`, `safety_identifier`"),
    EDIT(completion_tokens, "`max_completion_tokens` for `max_tokens`"),
    EDIT(completion_tokens_when_reasoning,
         "`max_completion_tokens` for `max_tokens`, for reasoning models"),
    EDIT(no_stream_options, "no `stream_options`"),
    EDIT(flat, "content that is text only as one string"),
    EDIT(base64_images, "images by URL are refused, or fetched (`fetch_media`)"),
    EDIT(empty_content, "`\"\"` for an absent `content`"),
    EDIT(system_parts, "several system texts as parts"),
    EDIT(merge_roles, "neighbours of one role become one message"),
    EDIT(hoist_system, "system messages go to the front"),
    EDIT(cache_control, "`cache_control` of parts is kept"),
    EDIT(strict, "reasoning in the history is cut out"),
    EDIT(no_names, "no `name` in other messages than a tool's"),
    EDIT(tool_names, "`name` in tool messages"),
    EDIT(assistant_after_tool, "an assistant's `OK.` between a tool's message and the user's"),
    EDIT(any_word, "`tool_choice` `any`; a named one filters the tools"),
    EDIT(nine_char_ids, "ids of calls have 9 characters"),
    EDIT(schema_as_object, "a schema goes as `json_object` and a system text"),
    EDIT(n_unsupported, "`n` above 1 is refused"),
    EDIT(no_tools, "tools are refused"),
    EDIT(canonical_answer, "answers are read and written anew"),
#undef EDIT
};

static void write_efforts(FILE *out, unsigned known)
{
    const char *between = "";

    for (unsigned i = 0; i < GW_EFFORTS; i++)
        if (known & 1u << i) {
            fprintf(out, "%s%.*s", between, GW_STR_ARG(gw_effort_name((enum gw_effort)i)));
            between = ", ";
        }
}

static void write_members(FILE *out, const struct gw_profile *row)
{
    const char *between = "";

    for (size_t i = 0; i < GW_PROFILE_MEMBERS_MAX && row->members[i].name; i++) {
        fprintf(out, "%s`%s`", between, row->members[i].name);
        if (row->members[i].renamed)
            fprintf(out, " as `%s`", row->members[i].renamed);
        between = ", ";
    }
}

static void write_edits(FILE *out, const struct gw_profile *row)
{
    const char *between = "";

    for (size_t i = 0; i < GW_COUNT(edits); i++)
        if (*(const bool *)((const char *)row + edits[i].at)) {
            fprintf(out, "%s%s", between, edits[i].words);
            between = "; ";
        }
}

void reference_write_providers(FILE *out)
{
    size_t count;
    const struct gw_profile *rows = gw_profiles(&count);

    reference_begin(out, "the table in src/codec/profile.c");
    fprintf(out,
            "# What providers take in Chat Completions\n\n"
            "When a call is translated to Chat Completions, or comes back from it. Of calls that "
            "come in Chat Completions too\nonly [what would be refused]"
            "(../codec/translation.md#the-same-dialect-another-provider) is changed. The name is "
            "that of the\n[known provider](providers.md); the first row is for everybody else.\n"
            "What becomes of each parameter: [from Messages](translation_anth_to_chat.md), [from "
            "Responses](translation_resp_to_chat.md).\n\n"
            "| Provider | Left out or renamed | Reasoning | Effort words | Edits |\n"
            "|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const struct gw_profile *row = &rows[i];
        fprintf(out, "| %s | ", row->name[0] ? row->name : "any other");
        write_members(out, row);
        fprintf(out, " | %s | ",
                reference_word((size_t)row->reasoning < GW_COUNT(style_words)
                                   ? style_words[row->reasoning]
                                   : NULL,
                               row->name));
        if (row->efforts)
            write_efforts(out, row->efforts);
        else if (row->reasoning != GW_STYLE_NONE && row->reasoning != GW_STYLE_MISTRAL)
            fprintf(out, "%s", row->openai ? "the model's" : "any");
        fprintf(out, " | ");
        write_edits(out, row);
        fprintf(out, " |\n");
    }
}

/* ---- models ---- */

static const char *const thinking_words[] = {
    [GW_CLAUDE_NO_THINKING] = "none",
    [GW_CLAUDE_BUDGET] = "a budget",
    [GW_CLAUDE_ADAPTIVE] = "adaptive",
    [GW_CLAUDE_ADAPTIVE_ONLY] = "adaptive, cannot be turned off",
    [GW_CLAUDE_ADAPTIVE_ON] = "adaptive, on unless it is turned off",
    [GW_CLAUDE_AS_ASKED] = "as asked",
};

static const char *yes(bool is)
{
    return is ? "yes" : "no";
}

static void write_claude(FILE *out)
{
    size_t count;
    const struct gw_claude_limits *rows = gw_claude_table(&count);

    fprintf(out,
            "## Models of the Messages dialect\n\n"
            "The first row whose words are in the model's name counts; `.` is read as `-`. "
            "`[translation.models]` can add rows in\nfront. Most output is also the `max_tokens` "
            "that is sent where the caller gave none.\n\n"
            "| Name has | Most output | Thinks | `xhigh` | Sampling | `temperature` with `top_p` | "
            "JSON schema, `strict` | Prefill | `system` inside "
            "|\n|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const struct gw_claude_limits *row = &rows[i];
        if (row->contains.len)
            fprintf(out, "| `%.*s`", GW_STR_ARG(row->contains));
        else
            fprintf(out, "| anything else");
        fprintf(out, " | %u | %s | %s | %s | %s | %s | %s | %s |\n", row->max_output,
                reference_word((size_t)row->thinking < GW_COUNT(thinking_words)
                                   ? thinking_words[row->thinking]
                                   : NULL,
                               row->contains.base),
                yes(row->xhigh), yes(row->sampling),
                row->sampling ? yes(!row->top_p_or_temperature) : "", yes(row->json_schema),
                yes(row->prefill), yes(row->system_inside));
    }
}

static void write_effort_words(FILE *out)
{
    fprintf(out, "\n## How much to think\n\n"
                 "| Effort | As a budget of tokens | For an adaptive model | Without `xhigh` |\n"
                 "|---|---|---|---|\n");
    for (unsigned i = 0; i < GW_EFFORTS; i++) {
        struct gw_str word = gw_effort_name((enum gw_effort)i);
        struct gw_str with = gw_effort_name(gw_claude_effort((enum gw_effort)i, true));
        struct gw_str without = gw_effort_name(gw_claude_effort((enum gw_effort)i, false));
        fprintf(out, "| %.*s | %u | %.*s | %.*s |\n",
                GW_STR_ARG(word.len ? word : GW_STR("not set")),
                gw_claude_budget((enum gw_effort)i), GW_STR_ARG(with), GW_STR_ARG(without));
    }
    fprintf(out, "\nWhere there are only words, a budget becomes one of them:\n\n"
                 "| Budget from | Effort |\n|---|---|\n");
    enum gw_effort last = GW_EFFORT_UNSET;
    for (int64_t budget = 1; budget <= 65536; budget++) {
        enum gw_effort effort = gw_effort_of_budget(budget);
        if (effort != last)
            fprintf(out, "| %lld | %.*s |\n", (long long)budget,
                    GW_STR_ARG(gw_effort_name(effort)));
        last = effort;
    }
}

static void write_openai(FILE *out)
{
    static const char *const models[] = {
        "gpt-4o", "gpt-4.1",           "o1",      "o3",      "o4-mini",
        "gpt-5",  "gpt-5-chat-latest", "gpt-5.1", "gpt-5.2", "gpt-5.6",
    };

    fprintf(out, "\n## OpenAI's models\n\nWhich words they know; another one becomes the nearest, "
                 "the lower of two. A model that knows none does not reason,\nand is not asked "
                 "to.\n\n| Model | Effort words |");
    for (unsigned i = 1; i < GW_EFFORTS; i++)
        fprintf(out, " %.*s |", GW_STR_ARG(gw_effort_name((enum gw_effort)i)));
    fprintf(out, "\n|---|---|");
    for (unsigned i = 1; i < GW_EFFORTS; i++)
        fprintf(out, "---|");
    fprintf(out, "\n");
    for (size_t i = 0; i < GW_COUNT(models); i++) {
        unsigned known = gw_openai_efforts(gw_str_of(models[i]));
        fprintf(out, "| `%s` | ", models[i]);
        write_efforts(out, known);
        if (!known)
            fprintf(out, "none");
        fprintf(out, " |");
        for (unsigned j = 1; j < GW_EFFORTS; j++) {
            struct gw_str nearest = gw_effort_name(gw_effort_nearest((enum gw_effort)j, known));
            fprintf(out, " %.*s |", GW_STR_ARG(nearest));
        }
        fprintf(out, "\n");
    }
}

void reference_write_models(FILE *out)
{
    reference_begin(out, "the tables in src/codec/claude.c and openai_models.c");
    fprintf(out, "# What models take\n\nHow translation uses these: "
                 "[translation.md](../codec/translation.md).\n\n");
    write_claude(out);
    write_effort_words(out);
    write_openai(out);
}

/* ---- failures ---- */

/* What a provider answered. */
static const struct {
    enum gw_codec_id codec;
    unsigned status;
    const char *body; /* NULL: no JSON */
} failures[] = {
    {GW_CODEC_CHAT, 400, "{\"error\":{\"message\":\"no\"}}"},
    {GW_CODEC_CHAT, 400, "{\"error\":{\"message\":\"no\",\"code\":\"context_length_exceeded\"}}"},
    {GW_CODEC_CHAT, 401, "{\"error\":{\"message\":\"no\"}}"},
    {GW_CODEC_CHAT, 402, "{\"error\":{\"message\":\"no\"}}"},
    {GW_CODEC_CHAT, 403, "{\"error\":{\"message\":\"no\"}}"},
    {GW_CODEC_CHAT, 404, "{\"error\":{\"message\":\"no\"}}"},
    {GW_CODEC_CHAT, 408, "{\"error\":{\"message\":\"no\"}}"},
    {GW_CODEC_CHAT, 409, "{\"error\":{\"message\":\"no\"}}"},
    {GW_CODEC_CHAT, 413, "{\"error\":{\"message\":\"no\"}}"},
    {GW_CODEC_CHAT, 422, "{\"error\":{\"message\":\"no\"}}"},
    {GW_CODEC_CHAT, 429, "{\"error\":{\"message\":\"no\"}}"},
    {GW_CODEC_CHAT, 429, "{\"error\":{\"message\":\"no\",\"code\":\"insufficient_quota\"}}"},
    {GW_CODEC_CHAT, 500, "{\"error\":{\"message\":\"no\"}}"},
    {GW_CODEC_CHAT, 502, NULL},
    {GW_CODEC_CHAT, 503, "{\"error\":{\"message\":\"no\"}}"},
    {GW_CODEC_CHAT, 504, "{\"error\":{\"message\":\"no\"}}"},
    {GW_CODEC_CHAT, 302, NULL},
    {GW_CODEC_CHAT, 400, "{\"detail\":[{\"loc\":[\"body\",\"messages\"],\"msg\":\"is missing\"}]}"},
    {GW_CODEC_MESSAGES, 400,
     "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is "
     "too "
     "long: 200001 tokens\"}}"},
    {GW_CODEC_MESSAGES, 401,
     "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"no\"}}"},
    {GW_CODEC_MESSAGES, 413,
     "{\"type\":\"error\",\"error\":{\"type\":\"request_too_large\",\"message\":\"no\"}}"},
    {GW_CODEC_MESSAGES, 429,
     "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"no\"}}"},
    {GW_CODEC_MESSAGES, 500,
     "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"no\"}}"},
    {GW_CODEC_MESSAGES, 529,
     "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"no\"}}"},
};

static void write_told(FILE *out, enum gw_codec_id caller, const struct gw_failure_told *told)
{
    const struct gw_answer_context context = {.request_id = GW_STR("req_1")};
    const struct gw_codec *codec = gw_codec(caller);
    struct gw_buf body;
    unsigned status;

    gw_buf_init(&body, 65536);
    if (codec->write_error(told, &context, &body, &status) != GW_OK)
        abort();
    fprintf(out, " | %u ", status);
    reference_code(out, gw_buf_str(&body));
    gw_buf_finish(&body);
}

void reference_write_failures(FILE *out)
{
    reference_begin(out, "what src/codec/ makes of each of these");
    fprintf(out,
            "# Errors of providers, translated\n\n"
            "What a caller gets for an error of a provider that speaks another dialect: a status "
            "that its SDK knows, and its\ndialect's own body. Chat Completions and Responses have "
            "the same errors. An error of a provider that speaks the caller's\ndialect is not "
            "touched.\n\n"
            "| Provider answers | Chat Completions and Responses | Messages |\n|---|---|---|\n");
    for (size_t i = 0; i < GW_COUNT(failures); i++) {
        struct gw_str body = failures[i].body ? gw_str_of(failures[i].body)
                                              : GW_STR("<html><b>Bad gateway</b></html>");
        const struct gw_error_answer answer = {failures[i].status, body};
        struct gw_failure_told told;
        struct gw_arena arena;
        gw_arena_init(&arena, NULL);
        if (gw_codec(failures[i].codec)->read_error(&answer, &arena, &told) != GW_OK)
            abort();
        fprintf(out, "| %u ", answer.status);
        reference_code(out, body);
        write_told(out, GW_CODEC_CHAT, &told);
        write_told(out, GW_CODEC_MESSAGES, &told);
        fprintf(out, " |\n");
        gw_arena_finish(&arena);
    }
}
