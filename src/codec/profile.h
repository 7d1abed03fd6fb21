/*
 * codec/profile: what each provider takes and how it answers, beyond its dialect (translation.md §4.2), and
 * what each Claude model takes (§2.10): tables of data.
 *
 * Found by name or host as config/known_providers finds them; the gateway asks once, at load. A user can say
 * what a new model takes ([translation.models]), so that it needs no release.
 */
#ifndef GW_CODEC_PROFILE_H
#define GW_CODEC_PROFILE_H

#include "base/str.h"
#include "model/request.h"

/* How reasoning is asked for, and shown in the history, in the chat dialect. */
enum gw_reasoning_style {
    GW_STYLE_NONE,        /* not at all */
    GW_STYLE_EFFORT,      /* reasoning_effort */
    GW_STYLE_EFFORT_GROQ, /* and reasoning_format "parsed" */
    GW_STYLE_DEEPSEEK,   /* thinking{type} and reasoning_effort; reasoning_content in the history */
    GW_STYLE_OPENROUTER, /* reasoning{effort|max_tokens}; reasoning_details in the history */
    GW_STYLE_MISTRAL     /* parts of the content */
};

/* Members of a chat body that a provider does not take, or takes under another name. */
struct gw_profile_member {
    const char *name;
    const char *renamed; /* NULL: removed */
};
#define GW_PROFILE_MEMBERS_MAX 16 /* the last one is the end */

struct gw_profile {
    const char *name; /* of the row in config/known_providers, or "" for any other */
    bool
        openai; /* OpenAI itself or Azure: developer role, allowed_tools, refusal, safety_identifier */
    bool strict;                           /* what a message may not have is an error */
    bool completion_tokens;                /* max_completion_tokens */
    bool completion_tokens_when_reasoning; /* only for reasoning models (Azure) */
    bool no_stream_options;
    bool flat;                 /* text-only content as one string, joined by "\n\n" */
    bool base64_images;        /* no http(s) URLs */
    bool empty_content;        /* assistant with calls and no text: "" and not null */
    bool system_parts;         /* several system texts as an array of parts */
    bool merge_roles;          /* neighbours of one role become one message */
    bool hoist_system;         /* system within the conversation goes to the front */
    bool cache_control;        /* of parts is kept */
    bool canonical_answer;     /* even the same dialect's answers are rewritten */
    bool tool_names;           /* tool messages carry the name */
    bool no_names;             /* other messages do not */
    bool assistant_after_tool; /* user after tool wants an assistant between (Mistral) */
    bool any_word; /* tool_choice "any" for "required"; a named one filters the tools (Mistral) */
    bool nine_char_ids;    /* tool call ids (Mistral) */
    bool schema_as_object; /* json_schema goes as json_object and a system text (DeepSeek) */
    bool n_unsupported;    /* n other than 1 is 400 */
    bool no_tools;         /* tools are 400 (Perplexity) */
    enum gw_reasoning_style reasoning;
    unsigned efforts; /* words it knows: bits 1 << enum gw_effort; 0: all, or the model says */
    const char
        *reasoning_in; /* member of its messages: "reasoning_content", "reasoning"; NULL: either */
    struct gw_profile_member members[GW_PROFILE_MEMBERS_MAX]; /* name NULL: end */
};

/* Never NULL: any other provider is OpenAI-compatible. */
const struct gw_profile *gw_profile_of(struct gw_str known_name);
const struct gw_profile *gw_profiles(size_t *count_out); /* for the reference */

/* ---- Claude ---- */

enum gw_claude_thinking {
    GW_CLAUDE_NO_THINKING,
    GW_CLAUDE_BUDGET,        /* `enabled` and a budget */
    GW_CLAUDE_ADAPTIVE,      /* off by default; `enabled` is refused or deprecated */
    GW_CLAUDE_ADAPTIVE_ONLY, /* `enabled` and `disabled` are refused */
    GW_CLAUDE_ADAPTIVE_ON,   /* on by default; takes `disabled` */
    GW_CLAUDE_AS_ASKED       /* not Claude: whatever the caller says */
};

struct gw_claude_limits {
    struct gw_str contains; /* substring of the model's name */
    uint32_t max_output;    /* also what is sent when the caller gave none */
    enum gw_claude_thinking thinking;
    bool xhigh;                /* knows the effort xhigh */
    bool sampling;             /* takes temperature, top_p, top_k */
    bool top_p_or_temperature; /* not both */
    bool json_schema;          /* output_config.format, strict tools */
    bool prefill;              /* takes a trailing assistant message */
    bool system_inside;        /* takes role "system" among the messages */
};

/* The first row that fits: of `own` (may be NULL), then of the table. Never NULL. Case does not matter, and
 * "4.6" is "4-6". */
const struct gw_claude_limits *
gw_claude_limits_of(struct gw_str model, const struct gw_claude_limits *own, size_t own_count);
const struct gw_claude_limits *gw_claude_table(size_t *count_out); /* for the reference */

/* How many tokens to think with (§2.11): 0 for none, a middle one when unset. Not fitted to max_tokens. */
uint32_t gw_claude_budget(enum gw_effort effort);
/* The word for models that think as they see fit; UNSET for none and unset. @param xhigh  the model knows it */
enum gw_effort gw_claude_effort(enum gw_effort effort, bool xhigh);
/* And back, where there are only words: low, medium or high. */
enum gw_effort gw_effort_of_budget(int64_t budget);

/* ---- OpenAI's models ---- */

/* What effort words a model knows: bits 1 << enum gw_effort; 0: it is no reasoning model (§2.11). */
unsigned gw_openai_efforts(struct gw_str model);
bool gw_openai_is_reasoning(struct gw_str model);
/* The nearest one that is known, the lower on a tie; `none` only when that was asked for. UNSET stays UNSET,
 * and is all there is when none is known. */
enum gw_effort gw_effort_nearest(enum gw_effort effort, unsigned known);

/* ---- what a request is written for ---- */

struct gw_target_traits {
    const struct gw_profile *profile;
    const struct gw_claude_limits *claude; /* for the Anthropic dialect; else NULL */
    struct gw_str model;                   /* as it goes upstream, decoded */
};

#endif
