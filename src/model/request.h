/*
 * model/request: what a request means, whatever dialect it came in (translation.md §1).
 *
 * A reader fills it from one dialect, a writer makes another of it; neither knows the other. Everything
 * points into the caller's body or the arena. Values that only pass through are slices of JSON: no number is
 * ever converted. Lists are linked, in the order of the body. Zero means "not set" everywhere.
 */
#ifndef GW_MODEL_REQUEST_H
#define GW_MODEL_REQUEST_H

#include "model/ledger.h"
#include "model/text.h"

/* Whose opaque state it is: signatures and encrypted reasoning go back to their own kind only. */
enum gw_family {
    GW_FAMILY_NONE,
    GW_FAMILY_ANTHROPIC, /* a: Claude, wherever it runs */
    GW_FAMILY_OPENAI,    /* o: Responses */
    GW_FAMILY_GEMINI,    /* g */
    GW_FAMILY_PLAIN      /* d: visible text without any proof */
};
char gw_family_letter(enum gw_family family); /* 'a', 'o', 'g', 'd' */
/* GW_FAMILY_NONE: no such letter */
enum gw_family gw_family_of(char letter);

/* ---- content ---- */

enum gw_part_kind {
    GW_PART_TEXT,
    GW_PART_IMAGE,
    GW_PART_DOCUMENT,
    GW_PART_AUDIO,
    GW_PART_VIDEO,
    GW_PART_TOOL_CALL,
    GW_PART_TOOL_RESULT,
    GW_PART_REASONING,
    GW_PART_REDACTED,
    GW_PART_REFUSAL,
    GW_PART_SERVER_TOOL
};

enum gw_source_kind {
    GW_SOURCE_NONE,
    GW_SOURCE_URL,
    GW_SOURCE_BASE64,
    GW_SOURCE_TEXT,
    GW_SOURCE_FILE_ID
};

/* Where media are. */
struct gw_source {
    enum gw_source_kind kind;
    struct gw_text mime; /* BASE64, TEXT: lower case, "image/jpeg" */
    struct gw_text data; /* the URL, the base64 without blanks, the text, or the id */
};

enum gw_cache_ttl { GW_CACHE_NONE, GW_CACHE_UNSET, GW_CACHE_5M, GW_CACHE_1H };

enum gw_tool_kind { GW_TOOL_FUNCTION, GW_TOOL_CUSTOM, GW_TOOL_HOSTED };

/* Arguments of a call: in the form in which they came; the writer makes the other one where it needs it.
 * Exactly one of both is set. */
struct gw_arguments {
    struct gw_text
        string;         /* inside of a JSON string: of chat and resp; free text of a custom tool */
    struct gw_str json; /* a JSON value: of anth, gem, bed */
};

struct gw_part {
    enum gw_part_kind kind;
    enum gw_cache_ttl cache;
    struct gw_part *next;
    struct gw_text gsig;                     /* Gemini's thoughtSignature of this part */
    struct gw_str annotations;               /* TEXT: JSON array as it came */
    enum gw_family family;                   /* of annotations, REASONING, REDACTED, SERVER_TOOL */
    struct gw_text text;                     /* TEXT, REASONING, REFUSAL */
    struct gw_source source;                 /* IMAGE, DOCUMENT, AUDIO, VIDEO */
    struct gw_text detail;                   /* IMAGE */
    struct gw_text filename, title, context; /* DOCUMENT */
    bool citations;                          /* DOCUMENT: asked for */
    struct gw_text
        id; /* TOOL_CALL: as the caller has it; TOOL_RESULT: of the call; REASONING, REDACTED: item */
    struct gw_text name;           /* TOOL_CALL, TOOL_RESULT (maybe); SERVER_TOOL: its type */
    struct gw_text space;          /* TOOL_CALL: namespace of Responses */
    struct gw_arguments arguments; /* TOOL_CALL */
    enum gw_tool_kind tool;        /* TOOL_CALL, TOOL_RESULT: FUNCTION or CUSTOM */
    bool is_error;                 /* TOOL_RESULT */
    struct gw_part *parts;         /* TOOL_RESULT: text, image, document */
    struct gw_text signature;      /* REASONING */
    bool is_summary;               /* REASONING */
    struct gw_text data;           /* REDACTED: opaque */
    struct gw_str raw;   /* SERVER_TOOL: the block; else where the part stands, for messages */
    struct gw_text path; /* "messages[3].content[1]": for `param` of errors */
};

enum gw_role { GW_ROLE_USER, GW_ROLE_ASSISTANT, GW_ROLE_SYSTEM /* within the conversation */ };

struct gw_message {
    enum gw_role role;
    struct gw_message *next;
    struct gw_part *parts;
    struct gw_text phase;
    struct gw_text name;
};

/* ---- tools ---- */

struct gw_tool {
    enum gw_tool_kind kind;
    enum gw_cache_ttl cache;
    struct gw_tool *next;
    struct gw_text name, description;
    struct gw_text space;  /* namespace of Responses: the caller's name is `space` + "__" + name */
    struct gw_str schema;  /* FUNCTION: JSON, or base NULL; CUSTOM: its format, likewise */
    struct gw_str strict;  /* "true" or "false" as it came; base NULL: not set */
    struct gw_text type;   /* HOSTED: "web_search_20250305" */
    enum gw_family family; /* HOSTED: whose */
    struct gw_str raw;     /* the tool as it came */
};

enum gw_tool_choice {
    GW_CHOICE_UNSET,
    GW_CHOICE_AUTO,
    GW_CHOICE_NONE,
    GW_CHOICE_ANY,
    GW_CHOICE_TOOL
};

struct gw_name_list {
    struct gw_text name;
    struct gw_name_list *next;
};

/* ---- the rest ---- */

enum gw_flag { GW_FLAG_UNSET, GW_FLAG_FALSE, GW_FLAG_TRUE };

enum gw_reasoning_mode {
    GW_REASONING_UNSET,
    GW_REASONING_OFF,
    GW_REASONING_ON,
    GW_REASONING_ADAPTIVE
};

/* In rising order. */
enum gw_effort {
    GW_EFFORT_UNSET,
    GW_EFFORT_NONE,
    GW_EFFORT_MINIMAL,
    GW_EFFORT_LOW,
    GW_EFFORT_MEDIUM,
    GW_EFFORT_HIGH,
    GW_EFFORT_XHIGH,
    GW_EFFORT_MAX,
    GW_EFFORTS /* must stay last */
};
struct gw_str gw_effort_name(enum gw_effort effort);
/* GW_EFFORT_UNSET: no such word */
enum gw_effort gw_effort_of(struct gw_text text);

enum gw_format { GW_FORMAT_UNSET, GW_FORMAT_TEXT, GW_FORMAT_JSON_OBJECT, GW_FORMAT_JSON_SCHEMA };

struct gw_response_format {
    enum gw_format kind;
    struct gw_text name, description;
    struct gw_str schema; /* JSON */
    struct gw_str strict; /* as of gw_tool */
};

/* Members that mean the same everywhere and are copied as they stand: JSON, base NULL: not set. */
enum gw_sampling {
    GW_TEMPERATURE,
    GW_TOP_P,
    GW_TOP_K,
    GW_MIN_P,
    GW_FREQUENCY_PENALTY,
    GW_PRESENCE_PENALTY,
    GW_REPETITION_PENALTY,
    GW_SEED,
    GW_LOGIT_BIAS,
    GW_SAMPLINGS /* must stay last */
};

/* A member that is not understood here: for an egress of the same family. */
struct gw_extra {
    struct gw_text name;
    struct gw_str value; /* JSON */
    struct gw_extra *next;
};

/* An image given by its URL, for a target that takes none. */
struct gw_wanted {
    struct gw_text url;  /* as the caller wrote it */
    struct gw_text path; /* of the first part that has it; maybe absent */
    struct gw_wanted *next;
};
/* And what was found there. */
struct gw_fetched {
    struct gw_text url;      /* the same bytes */
    struct gw_source source; /* BASE64 */
    const struct gw_fetched *next;
};

struct gw_name_map;

struct gw_request {
    struct gw_arena *arena; /* of everything here */
    struct gw_ledger *ledger;

    struct gw_text model;
    bool stream, include_usage;
    struct gw_part *system; /* text parts: leading ones only */
    struct gw_message *messages;
    struct gw_tool *tools;
    enum gw_tool_choice tool_choice;
    struct gw_text tool_choice_name;
    struct gw_name_list *allowed; /* tools that may be called; NULL: all */
    enum gw_flag parallel_tools;
    struct gw_str max_tokens;    /* an integer as it came */
    const char *max_tokens_name; /* what the caller calls it, for warnings; NULL: "max_tokens" */
    struct gw_str sampling[GW_SAMPLINGS];
    struct gw_str n;
    struct gw_name_list *stop;
    enum gw_flag logprobs;
    struct gw_str top_logprobs;
    struct gw_response_format format;
    struct {
        enum gw_reasoning_mode mode;
        enum gw_effort effort;
        struct gw_str budget; /* an integer as it came */
        struct gw_text summary, display;
    } reasoning;
    struct gw_text verbosity, service_tier, user_id;
    enum gw_flag store;
    struct gw_str metadata, prediction, modalities, audio; /* JSON */
    struct gw_text cache_key, cache_retention;
    bool legacy_functions; /* answer with function_call */
    struct gw_extra *extra;
    enum gw_family family; /* whose `extra` it is */
    /* Asked for by a member that has no meaning elsewhere and must not be ignored: its name, and what is said
     * about it. The caller's dialect can have it; another one answers 400. */
    struct gw_name_list *native_only;

    bool fetches;                     /* somebody fetches images for a target that takes no URLs */
    const struct gw_fetched *fetched; /* those that were, in any order */

    /* Left by the writer of the request for whoever sends it: what has to be fetched first, each URL once. */
    struct gw_wanted *wanted;
    /* Left by the writer of the request for whoever reads and writes its answer. */
    struct gw_name_map *names; /* names.h; NULL: no name was changed */
    bool json_tool; /* structured output was asked for as a call of the tool "json_output" */
};

/* What is wrong with a request, for the caller's envelope. */
struct gw_complaint {
    enum gw_status status;
    const char *code;  /* "unsupported_parameter", "invalid_value", …: OpenAI's `code` */
    char param[128];   /* where: "messages[3].content[1]"; empty: nowhere in particular */
    char message[256]; /* always terminated */
};

/* For warnings. */
struct gw_str gw_request_max_tokens_name(const struct gw_request *request);

/* Sets it and gives `status` back. `param` may be NULL. */
enum gw_status gw_complain(struct gw_complaint *complaint, enum gw_status status, const char *code,
                           const char *param, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
