/*
 * demo/demo_answer: what the demo says, the same in every dialect.
 *
 * A dialect's file reads its request into an `ask`, gets an `answer`, and writes that down in its
 * own shape, whole or as a stream. Tokens are pieces of words, so that text, usage and limits agree
 * with each other, streamed or not.
 */
#ifndef GW_DEMO_DEMO_ANSWER_H
#define GW_DEMO_DEMO_ANSWER_H

#include "demo/demo_private.h"

#define GW_DEMO_STOPS_MAX 16u
#define GW_DEMO_CALLS_MAX 2u

struct gw_demo_tool {
    struct gw_str name;
    uint32_t schema; /* token of its parameters' schema, or GW_JSON_ABSENT */
    bool custom;     /* takes any text instead of JSON */
};

enum gw_demo_choice { GW_DEMO_CHOICE_AUTO, GW_DEMO_CHOICE_NONE, GW_DEMO_CHOICE_REQUIRED };
enum gw_demo_format { GW_DEMO_FORMAT_TEXT, GW_DEMO_FORMAT_JSON };

struct gw_demo_ask {
    struct gw_str user_text;   /* of the last user message */
    struct gw_str tool_output; /* of the tool results at the end */
    bool ends_with_tool;       /* the last message is a tool's result */
    bool ends_with_user;
    unsigned tool_outputs;
    unsigned attachments; /* parts other than text in the last user message */
    uint64_t input_tokens;

    struct gw_demo_tool *tools;
    size_t tools_count;
    enum gw_demo_choice choice;
    struct gw_str choice_name; /* of the tool that must be called; empty: any */
    bool no_parallel;

    enum gw_demo_format format;
    uint32_t format_schema;
    bool reasons;
    uint64_t output_max; /* in tokens; UINT64_MAX: none */
    struct gw_str stops[GW_DEMO_STOPS_MAX];
    size_t stops_count;
    bool streams;
};

enum gw_demo_finish {
    GW_DEMO_FINISH_STOP,
    GW_DEMO_FINISH_STOP_SEQUENCE,
    GW_DEMO_FINISH_LENGTH,
    GW_DEMO_FINISH_CALLS
};

struct gw_demo_call {
    struct gw_str id; /* without the dialect's prefix */
    struct gw_str name, input;
    bool custom, cut; /* cut: `input` is not whole, for want of tokens */
};

struct gw_demo_said {
    struct gw_str reasoning, text;
    struct gw_demo_call calls[GW_DEMO_CALLS_MAX];
    size_t calls_count;
    enum gw_demo_finish finish;
    struct gw_str stop; /* the sequence that ended the text */
    uint64_t input_tokens, output_tokens, reasoning_tokens;
    uint64_t created_s;
    struct gw_str id; /* without the dialect's prefix */
};

/* ---- demo_text.c ---- */

void gw_demo_say(struct gw_demo_exchange *ex, const struct gw_demo_ask *ask,
                 struct gw_demo_said *said_out);

/* Bytes of the token that `text` begins with; 0 at its end. */
size_t gw_demo_token(struct gw_str text);
size_t gw_demo_count(struct gw_str text);

/* A text in the pieces that it is streamed in: a token each, or several when it is long. */
struct gw_demo_pieces {
    struct gw_str rest;
    size_t tokens_each;
};
struct gw_demo_pieces gw_demo_pieces(struct gw_str text);
bool gw_demo_next_piece(struct gw_demo_pieces *pieces, struct gw_str *piece_out);

/* ---- demo_schema.c ---- */

/* A JSON value that a schema of the request allows, with words of `text` for strings. Without a
 * schema: "{}". */
struct gw_str gw_demo_from_schema(struct gw_demo_exchange *ex, uint32_t schema, struct gw_str text);

/* ---- demo_ask.c: what the dialects' requests have in common ---- */

void gw_demo_ask_init(struct gw_demo_ask *ask);
/* Counts a message's content (a string, or an array of parts with a "text" each) and keeps what
 * matters. */
void gw_demo_ask_user(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t content);
void gw_demo_ask_tool(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t content);
void gw_demo_ask_other(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t content);
/* Room for as many tools as the array holds. @return false: none, or out of memory */
bool gw_demo_ask_tools(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t tools);
void gw_demo_ask_add_tool(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t name,
                          uint32_t schema, bool custom);
/* "stop": a string or an array of them. */
void gw_demo_ask_stops(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t stops);
/* OpenAI's {"type":"json_object"}, {"type":"json_schema","json_schema":{"schema"}} and its flat
 * form. */
void gw_demo_ask_format(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t format);
/* OpenAI's "auto", "none", "required", or an object that names a tool. */
void gw_demo_ask_choice(struct gw_demo_exchange *ex, struct gw_demo_ask *ask, uint32_t choice);

#endif
