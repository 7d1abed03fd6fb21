/*
 * model/event: an answer as a row of events, streamed or whole, whatever dialect it came in (translation.md
 * §6.1).
 *
 * Readers of streams and of whole answers both make these; writers may rely on the grammar, which
 * gw_grammar_take() states and checks: one START first; at most one block open; blocks are numbered 0, 1, 2,
 * … ; a delta goes to the open block; no block after FINISH; END once, after FINISH or ERROR; nothing behind.
 */
#ifndef GW_MODEL_EVENT_H
#define GW_MODEL_EVENT_H

#include "model/request.h"

enum gw_event_kind {
    GW_EVENT_START, /* id, model, created, service_tier, fingerprint (each maybe absent); usage so far */
    GW_EVENT_BLOCK_START, /* block, what it is, its id and name */
    GW_EVENT_DELTA,       /* block, one piece of it */
    GW_EVENT_BLOCK_STOP,  /* block */
    GW_EVENT_USAGE,       /* known fields replace the ones before */
    GW_EVENT_FINISH,      /* reason; maybe service_tier */
    GW_EVENT_ERROR,       /* within the answer, after START or instead of it */
    GW_EVENT_PING,
    GW_EVENT_END
};

enum gw_block_kind {
    GW_BLOCK_TEXT,
    GW_BLOCK_REASONING,
    GW_BLOCK_REDACTED, /* opaque state: one DATA delta */
    GW_BLOCK_TOOL,     /* a call of the caller's tool */
    GW_BLOCK_REFUSAL,
    GW_BLOCK_SERVER_TOOL, /* a vendor's own block: one DATA delta with `json` */
    GW_BLOCK_IMAGE        /* one DATA delta: a data URL */
};

enum gw_delta_kind {
    GW_DELTA_TEXT,
    GW_DELTA_ARGUMENTS, /* a fragment (`text`), or all of them (`json`) */
    GW_DELTA_REASONING,
    GW_DELTA_SIGNATURE, /* whole, once a block */
    GW_DELTA_DATA,      /* whole, once a block */
    GW_DELTA_REFUSAL,
    GW_DELTA_ANNOTATION, /* `json`: one, as its family writes it */
    GW_DELTA_LOGPROBS    /* `json`: array of chat's `logprobs.content` entries */
};

enum gw_finish {
    GW_FINISH_NONE,
    GW_FINISH_STOP,
    GW_FINISH_STOP_SEQUENCE,
    GW_FINISH_LENGTH,
    GW_FINISH_CONTEXT_LENGTH,
    GW_FINISH_TOOL_USE,
    GW_FINISH_CONTENT_FILTER,
    GW_FINISH_REFUSAL,
    GW_FINISH_PAUSE,
    GW_FINISHES /* must stay last */
};

/* -1: unknown. `in_total` includes cache reads and writes, `out_total` includes reasoning. */
#define GW_TOKENS_UNKNOWN (-1)
enum gw_tokens {
    GW_TOKENS_IN,
    GW_TOKENS_CACHE_READ,
    GW_TOKENS_CACHE_WRITE,
    GW_TOKENS_CACHE_WRITE_5M,
    GW_TOKENS_CACHE_WRITE_1H,
    GW_TOKENS_OUT,
    GW_TOKENS_REASONING,
    GW_TOKENS_IN_AUDIO,
    GW_TOKENS_OUT_AUDIO,
    GW_TOKENS_ACCEPTED_PREDICTION,
    GW_TOKENS_REJECTED_PREDICTION,
    GW_TOKENS_WEB_SEARCHES,
    GW_TOKENS_FIELDS /* must stay last */
};
struct gw_usage {
    int64_t tokens[GW_TOKENS_FIELDS];
};
void gw_usage_init(struct gw_usage *usage); /* all unknown */
/* Known fields of `with` replace those of `usage`: counts in a stream are cumulative. */
void gw_usage_merge(struct gw_usage *usage, const struct gw_usage *with);

/* What kind of failure it is (translation.md §7); the writers' tables give status, type and code. */
enum gw_failure_class {
    GW_CLASS_BAD_REQUEST,
    GW_CLASS_CONTEXT, /* the prompt is too long */
    GW_CLASS_AUTH,
    GW_CLASS_BILLING,
    GW_CLASS_PERMISSION,
    GW_CLASS_NOT_FOUND,
    GW_CLASS_TIMEOUT, /* 408 */
    GW_CLASS_CONFLICT,
    GW_CLASS_TOO_LARGE,
    GW_CLASS_UNPROCESSABLE,
    GW_CLASS_RATE_LIMIT,
    GW_CLASS_INTERNAL,
    GW_CLASS_BAD_GATEWAY,
    GW_CLASS_OVERLOADED,
    GW_CLASS_GATEWAY_TIMEOUT,
    GW_CLASS_CANCELLED,
    GW_CLASSES /* must stay last */
};

struct gw_failure_told {
    enum gw_failure_class class;
    struct gw_text message;
    struct gw_text code;  /* more specific than the class; absent: the class's own */
    struct gw_text param; /* absent: null */
    struct gw_str
        details;      /* JSON object of further members of an Anthropic error; base NULL: none */
    bool by_upstream; /* within an answer, it said so itself; else that is what came of it */
};

struct gw_event {
    enum gw_event_kind kind;
    unsigned block;                /* BLOCK_START, DELTA, BLOCK_STOP */
    enum gw_block_kind block_kind; /* BLOCK_START, DELTA, BLOCK_STOP */
    struct gw_text id;      /* START: of the answer; BLOCK_START: of the call, or of the item */
    struct gw_text name;    /* BLOCK_START: of the tool */
    struct gw_text gsig;    /* BLOCK_START of a call: Gemini's signature */
    enum gw_tool_kind tool; /* BLOCK_START: FUNCTION or CUSTOM */
    enum gw_family family;  /* of reasoning, signatures, data, annotations */
    struct gw_text model;   /* START: as the upstream reports it */
    struct gw_str created;  /* START: seconds, an integer as it came */
    struct gw_text service_tier; /* START, as far as it is known then; FINISH: which one it was */
    struct gw_text fingerprint;  /* START */
    enum gw_delta_kind delta;
    struct gw_text text;   /* DELTA */
    struct gw_str json;    /* DELTA: see enum gw_delta_kind */
    struct gw_usage usage; /* START, USAGE: gw_usage_init() first, for 0 is a count */
    enum gw_finish finish;
    struct gw_text finish_raw, stop_sequence, explanation; /* FINISH */
    struct gw_str
        stop_details; /* FINISH: why Claude refused, an object, whole; base NULL: not told */
    struct gw_failure_told failure; /* ERROR */
};

/* @return anything but GW_OK stops the reader, which gives it back */
typedef enum gw_status gw_event_fn(void *arg, const struct gw_event *event);

/* ---- the grammar ---- */

struct gw_grammar {
    bool started, open, finished, failed, ended;
    unsigned blocks; /* begun so far */
    enum gw_block_kind kind;
    bool whole, fragments; /* of the open block: what comes once has come; anything has come */
};

/* @return false: `event` may not come here; err says why */
bool gw_grammar_take(struct gw_grammar *grammar, const struct gw_event *event, struct gw_err *err);

/* ---- a whole answer ---- */

struct gw_block {
    enum gw_block_kind kind;
    struct gw_block *next;
    struct gw_text id, name, gsig;
    enum gw_tool_kind tool;
    enum gw_family family;
    struct gw_text text; /* TEXT, REASONING, REFUSAL: all pieces joined; DATA of REDACTED, IMAGE */
    struct gw_arguments arguments; /* TOOL */
    struct gw_text signature;      /* REASONING */
    struct gw_str raw;             /* SERVER_TOOL */
    struct gw_str annotations; /* inside of a JSON array: without the brackets; base NULL: none */
    struct gw_str logprobs;    /* likewise */
};

struct gw_answer {
    struct gw_arena *arena;
    struct gw_text id, model, service_tier, fingerprint;
    struct gw_str created;
    struct gw_block *blocks;
    struct gw_usage usage;
    enum gw_finish finish;
    struct gw_text finish_raw, stop_sequence, explanation;
    struct gw_str stop_details;
    bool failed;
    struct gw_failure_told failure;

    /* Private. */
    struct gw_block **last, *open;
    size_t room_text, room_annotations, room_logprobs; /* of what is joined in the open block */
};

void gw_answer_init(struct gw_answer *answer, struct gw_arena *arena);

/* A gw_event_fn: `arg` is the answer. Pieces are kept as slices as long as there is one of them, so what they
 * point into must stay. Text is never absent; a function call that came without arguments has `{}`.
 * @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_answer_take(void *arg, const struct gw_event *event);

#endif
