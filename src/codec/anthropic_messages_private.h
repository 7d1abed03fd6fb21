/*
 * codec/anthropic_messages_private: what the files of the Messages dialect share.
 */
#ifndef GW_CODEC_ANTHROPIC_MESSAGES_PRIVATE_H
#define GW_CODEC_ANTHROPIC_MESSAGES_PRIVATE_H

#include "codec/codec.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

/* Of a body or an event: 64 MiB of tape, many times what a conversation of the largest window needs. */
#define GW_MESSAGES_TOKENS_MAX (1u << 22)
/* What is kept of one block of a stream. */
#define GW_MESSAGES_KEPT_BYTES_MAX ((size_t)16 << 20)

/* ---- JSON ---- */

/* The member's value; absent when it is null. */
static inline uint32_t gw_messages_member(const struct gw_json *json, uint32_t object,
                                          struct gw_str key)
{
    uint32_t value = gw_json_get(json, object, key);
    return gw_json_type(json, value) == GW_JSON_IS_NULL ? GW_JSON_ABSENT : value;
}

/* A string member's text; absent when it is something else. */
static inline struct gw_text gw_messages_text(const struct gw_json *json, uint32_t object,
                                              struct gw_str key)
{
    return (struct gw_text){gw_json_raw(json, gw_json_get(json, object, key))};
}

static inline void gw_messages_put_text(struct gw_json_writer *out, struct gw_str key,
                                        struct gw_text text)
{
    gw_json_write_key(out, key);
    gw_json_write_raw_string(out, text.raw);
}

static inline void gw_messages_put_string(struct gw_json_writer *out, struct gw_str key,
                                          struct gw_str string)
{
    gw_json_write_key(out, key);
    gw_json_write_string(out, string);
}

static inline void gw_messages_put_raw(struct gw_json_writer *out, struct gw_str key,
                                       struct gw_str json)
{
    gw_json_write_key(out, key);
    gw_json_write_raw(out, json);
}

/* A number of tokens; unknown: 0. */
static inline void gw_messages_put_count(struct gw_json_writer *out, struct gw_str key,
                                         int64_t count)
{
    gw_json_write_key(out, key);
    gw_json_write_int64(out, count > 0 ? count : 0);
}

/* JSON on one line: line ends between its tokens become blanks. What stands within strings has none. */
void gw_messages_write_line(struct gw_json_writer *out, struct gw_str json);

/* ---- requests ---- */

struct gw_messages_reader {
    const struct gw_json *json;
    struct gw_request *request;
    struct gw_complaint *complaint;
};

/* Where a block stands: messages[message].content[block].content[inner]; -1: not that deep, and with
 * `message` -1 in `system`. */
struct gw_messages_place {
    int64_t message, block, inner;
};

/* "`max_tokens` must be a number" */
enum gw_status gw_messages_wrong(struct gw_messages_reader *reader, const char *param,
                                 const char *must);
enum gw_status gw_messages_read_cache(struct gw_messages_reader *reader, uint32_t object,
                                      const char *param, enum gw_cache_ttl *cache_out);
/* A string or an array of blocks. Blocks within blocks, those of a result, are read with them. */
enum gw_status gw_messages_read_content(struct gw_messages_reader *reader, uint32_t content,
                                        struct gw_messages_place place, enum gw_role role,
                                        struct gw_part **parts_out);
enum gw_status gw_messages_read_request(struct gw_str body, struct gw_request *request,
                                        struct gw_complaint *complaint);

/* What a request becomes for one Claude model. */
enum gw_messages_thinking {
    GW_MESSAGES_THINKING_UNSAID,
    GW_MESSAGES_THINKING_DISABLED,
    GW_MESSAGES_THINKING_BUDGET,
    GW_MESSAGES_THINKING_ADAPTIVE
};
enum gw_messages_structure {
    GW_MESSAGES_STRUCTURE_NONE,
    GW_MESSAGES_STRUCTURE_NATIVE,
    GW_MESSAGES_STRUCTURE_TOOL, /* one forced call */
    GW_MESSAGES_STRUCTURE_ASKED /* said in `system` */
};
struct gw_messages_plan {
    const struct gw_claude_limits *limits;
    int64_t max_tokens;
    enum gw_messages_thinking thinking;
    int64_t budget;
    bool thinks;          /* said, or by itself */
    struct gw_str effort; /* base NULL: not sent */
    enum gw_messages_structure structure;
    enum gw_tool_choice choice;
    bool tool_history; /* the conversation has calls or results */
    struct gw_str sampling[GW_SAMPLINGS];
};
/* Decides, and tells the ledger what is lost. Before the history is normalised. */
enum gw_status gw_messages_plan(struct gw_request *request, const struct gw_target_traits *target,
                                struct gw_messages_plan *plan_out, struct gw_complaint *complaint);

/* Takes out what only another family understands, puts the history into order, keeps four cache markers. */
enum gw_status gw_messages_prepare(struct gw_request *request, const struct gw_messages_plan *plan);
/* The value of `messages`. */
enum gw_status gw_messages_write_messages(struct gw_request *request, struct gw_json_writer *out,
                                          struct gw_complaint *complaint);
void gw_messages_write_cache(struct gw_json_writer *out, enum gw_cache_ttl cache);
/* The value of `tools`, when there are any. */
enum gw_status gw_messages_write_tools(struct gw_request *request,
                                       const struct gw_messages_plan *plan,
                                       struct gw_json_writer *out, struct gw_complaint *complaint);
enum gw_status gw_messages_write_request(struct gw_request *request,
                                         const struct gw_target_traits *target, struct gw_buf *out,
                                         struct gw_complaint *complaint);

/* ---- answers ---- */

/* Fields that are there replace those of `usage`.
 * @param input  this dialect's own count, without what was cached: kept from one message to the next; -1: unknown */
void gw_messages_read_usage(const struct gw_json *json, uint32_t object, int64_t *input,
                            struct gw_usage *usage);
enum gw_block_kind gw_messages_block_kind(const struct gw_json *json, uint32_t block);
struct gw_event gw_messages_start_event(const struct gw_json *json, uint32_t message,
                                        const struct gw_usage *usage);
/* @param object  has `stop_reason`; absent: a stop */
struct gw_event gw_messages_finish_event(const struct gw_json *json, uint32_t object);
/* @param details  with `output_tokens_details`, null when unknown; else only when known */
void gw_messages_write_usage(struct gw_json_writer *out, const struct gw_usage *usage,
                             bool details);

enum gw_finish gw_messages_finish_of(struct gw_text stop_reason);

/* Why an answer ended, as the caller is told. */
struct gw_messages_stop {
    struct gw_str reason;    /* base NULL: null, for it has not ended */
    struct gw_text sequence; /* absent: null */
    bool details;            /* `stop_details`, with the explanation */
    struct gw_text explanation;
    struct gw_str own; /* `stop_details` as Claude told it; base NULL: made here */
};
/* @param refused  the answer has a refusal of its own (OpenAI's). @param details  Claude's; base NULL: none */
struct gw_messages_stop gw_messages_stop_of(enum gw_finish finish, struct gw_text sequence,
                                            struct gw_text explanation, struct gw_str details,
                                            bool refused);
/* `stop_reason`, `stop_sequence`, `stop_details` */
void gw_messages_write_stop(struct gw_json_writer *out, const struct gw_messages_stop *stop);

/* A message's members, up to the open array of `content`, and from its end on. */
void gw_messages_write_head(struct gw_json_writer *out, struct gw_text id, struct gw_text model);
void gw_messages_write_tail(struct gw_json_writer *out, const struct gw_messages_stop *stop,
                            const struct gw_usage *usage);

/* The caller's ids, of the answer and of a call. @param number  of the block. Absent when out of memory. */
struct gw_text gw_messages_answer_id(struct gw_text id, const struct gw_answer_context *context,
                                     struct gw_arena *arena);
struct gw_text gw_messages_call_id(struct gw_text id, unsigned number,
                                   const struct gw_answer_context *context, struct gw_arena *arena);

/* One citation, whoever wrote it. */
bool gw_messages_is_citation(const struct gw_json *json, uint32_t citation);
void gw_messages_write_citation(struct gw_json_writer *out, const struct gw_json *json,
                                uint32_t citation);

enum gw_status gw_messages_read_answer(struct gw_str body, struct gw_arena *arena,
                                       gw_event_fn *on_event, void *arg, struct gw_err *err);
enum gw_status gw_messages_write_answer(const struct gw_answer *answer,
                                        const struct gw_answer_context *context,
                                        struct gw_buf *out);

/* ---- streams ---- */

/* Bytes that grow, in an arena that outlives them. */
struct gw_messages_kept {
    char *base;
    size_t len, room;
};
/* @return GW_OK, GW_TOO_LARGE (past GW_MESSAGES_KEPT_BYTES_MAX) or GW_NO_MEMORY */
enum gw_status gw_messages_keep(struct gw_messages_kept *kept, struct gw_str bytes,
                                struct gw_arena *keep);

/* Both zeroed at the start. */
struct gw_messages_stream_writer {
    bool started, failed;
    unsigned blocks; /* shown so far: not all of the events' blocks are */

    /* The open block. */
    enum gw_block_kind kind;
    enum gw_family family;
    bool shown;     /* its start was written */
    bool arguments; /* some of them were */
    struct gw_text id;
    struct gw_messages_kept signature;
    char held[6]; /* a high surrogate's escape, whose other half may come */
    size_t held_len;

    struct gw_usage usage;
    bool refused;
    struct gw_messages_kept refusal;
    enum gw_finish finish;
    struct gw_text sequence, explanation;
    struct gw_str stop_details;
};
struct gw_messages_stream_reader {
    bool started, open, finished, ended;
    unsigned blocks; /* begun so far */
    int64_t index;   /* of the open block, as the upstream counts */
    enum gw_block_kind kind;
    bool arguments; /* some of the call's came */
    struct gw_messages_kept
        start; /* a call's input, or a server's block, as it stood at the start */
    struct gw_messages_kept
        pieces;    /* of a signature, the input of a server's block, the citations of a text */
    int64_t input; /* see gw_messages_read_usage() */
    struct gw_usage usage;
};
enum gw_status gw_messages_read_event(void *state, struct gw_str type, struct gw_str data,
                                      struct gw_arena *scratch, struct gw_arena *keep,
                                      gw_event_fn *on_event, void *arg, struct gw_err *err);
enum gw_status gw_messages_read_end(void *state, struct gw_arena *scratch, struct gw_arena *keep,
                                    gw_event_fn *on_event, void *arg, struct gw_err *err);
enum gw_status gw_messages_write_event(void *state, const struct gw_event *event,
                                       const struct gw_answer_context *context,
                                       struct gw_arena *scratch, struct gw_arena *keep,
                                       struct gw_buf *out);

/* ---- errors ---- */

/* @param status  0: not known, as within a stream */
enum gw_status gw_messages_read_failure(struct gw_str body, unsigned status, struct gw_arena *arena,
                                        struct gw_failure_told *told_out);
enum gw_status gw_messages_read_error(const struct gw_error_answer *answer, struct gw_arena *arena,
                                      struct gw_failure_told *told_out);
enum gw_status gw_messages_write_error(const struct gw_failure_told *told,
                                       const struct gw_answer_context *context, struct gw_buf *out,
                                       unsigned *status_out);

#endif
