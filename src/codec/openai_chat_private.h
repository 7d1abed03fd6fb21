/*
 * codec/openai_chat_private: what the files of this codec share.
 *
 * A caller's body is read by _request, _thinking, _messages, _content and _tools; one for an upstream is written
 * by _write and _write_*. An upstream's whole answer is read by _answer, its stream by _stream and _calls, what both
 * have in common by _blocks and _counts. What the caller gets: _give, _give_stream, _give_calls and _notes.
 * Failures both ways: _error.
 */
#ifndef GW_CODEC_OPENAI_CHAT_PRIVATE_H
#define GW_CODEC_OPENAI_CHAT_PRIVATE_H

#include "base/map.h"
#include "codec/codec.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

/* Of a body or an event: 64 MiB of tape, many times what a conversation of the largest window needs. */
#define GW_CHAT_TOKENS_MAX (1u << 22)
/* What a stream's reader or writer keeps of calls. */
#define GW_CHAT_KEPT_BYTES_MAX ((size_t)16 << 20)

/* ---- members ---- */

/* The member's value; absent when it is null. */
uint32_t gw_chat_member(const struct gw_json *json, uint32_t object, struct gw_str key);

/* The inside of a string member; absent when it is something else. */
struct gw_text gw_chat_text(const struct gw_json *json, uint32_t object, struct gw_str key);

/* The same; absent too when it is empty. */
struct gw_text gw_chat_filled(const struct gw_json *json, uint32_t object, struct gw_str key);

/* The signature that Gemini gives a call, wherever clients and gateways put it. */
struct gw_text gw_chat_call_signature(const struct gw_json *json, uint32_t call);

void gw_chat_put_text(struct gw_json_writer *out, struct gw_str key, struct gw_text text);
/* null when it is absent. */
void gw_chat_put_optional(struct gw_json_writer *out, struct gw_str key, struct gw_text text);
void gw_chat_put_string(struct gw_json_writer *out, struct gw_str key, struct gw_str string);
void gw_chat_put_raw(struct gw_json_writer *out, struct gw_str key, struct gw_str json);
void gw_chat_put_null(struct gw_json_writer *out, struct gw_str key);
void gw_chat_put_object(struct gw_json_writer *out, struct gw_str key);
void gw_chat_put_array(struct gw_json_writer *out, struct gw_str key);

/* A string member in pieces. */
void gw_chat_begin_text(struct gw_json_writer *out, struct gw_str key);
void gw_chat_add_text(struct gw_json_writer *out, struct gw_text text);
void gw_chat_end_text(struct gw_json_writer *out);

/* JSON that goes into a line of a stream: line ends between its tokens become blanks. */
void gw_chat_write_line(struct gw_json_writer *out, struct gw_str json);

/* ---- a caller's request ---- */

struct gw_chat_reading {
    const struct gw_json *json;
    struct gw_request *request;
    struct gw_complaint *complaint;

    /* Of the messages. */
    unsigned message; /* which one */
    bool begun;       /* a message that is not of the system has come */
    struct gw_message **last;
    struct gw_part **last_system;
    struct gw_message *results; /* the run of results under way; NULL: none */
    struct gw_part **last_result;
    struct gw_map legacy; /* name of a function -> its latest call without an id */
};

/* `param` must be … @return GW_INVALID */
enum gw_status gw_chat_wrong(struct gw_chat_reading *reading, const char *param, const char *must);

/* What is marked for the prompt cache, in any of the ways that clients have. */
enum gw_cache_ttl gw_chat_read_cache(const struct gw_json *json, uint32_t object);

enum gw_status gw_chat_read_messages(struct gw_chat_reading *reading, uint32_t messages);

/* What a message of some role may hold. */
enum gw_chat_content {
    GW_CHAT_TEXT = 1,
    GW_CHAT_REFUSAL = 2,
    GW_CHAT_IMAGE = 4,
    GW_CHAT_FILES = 8 /* documents, audio */
};
/* The parts of one message's content, behind *last. @param kinds  bits of the above */
enum gw_status gw_chat_read_content(struct gw_chat_reading *reading, uint32_t content,
                                    unsigned kinds, struct gw_part ***last);
/* NULL: out of memory */
struct gw_part *gw_chat_add_part(struct gw_chat_reading *reading, enum gw_part_kind kind,
                                 struct gw_part ***last);

/* Reasoning state of an assistant's message, into the places where it stood among `parts` (§2.7). */
enum gw_status gw_chat_read_state(struct gw_chat_reading *reading, uint32_t message,
                                  struct gw_part **parts);

enum gw_status gw_chat_read_tools(struct gw_chat_reading *reading, uint32_t tools,
                                  uint32_t functions, uint32_t web_search);
enum gw_status gw_chat_read_choice(struct gw_chat_reading *reading, uint32_t tool_choice,
                                   uint32_t function_call);

/* The members of these names: `thinking`, `reasoning`, `reasoning_effort`; the last one that speaks counts. */
enum gw_status gw_chat_read_thinking(struct gw_chat_reading *reading, uint32_t thinking,
                                     uint32_t reasoning, uint32_t effort);

enum gw_status gw_chat_read_request(struct gw_str body, struct gw_request *request,
                                    struct gw_complaint *complaint);

/* ---- entries of reasoning_details ---- */

enum gw_chat_detail_kind {
    GW_CHAT_DETAIL_TEXT,
    GW_CHAT_DETAIL_SUMMARY,
    GW_CHAT_DETAIL_ENCRYPTED,
    GW_CHAT_DETAIL_UNKNOWN
};
struct gw_chat_detail {
    enum gw_chat_detail_kind kind;
    enum gw_family family;
    struct gw_text text, signature, data, id; /* absent, never empty, when not told */
    int64_t index;                            /* -1: not told */
};
struct gw_str gw_chat_format(enum gw_family family);
void gw_chat_read_detail(const struct gw_json *json, uint32_t entry,
                         struct gw_chat_detail *detail_out);
/* An object. TEXT with its signature, null when absent; ids null when absent. */
void gw_chat_write_detail(struct gw_json_writer *out, const struct gw_chat_detail *detail);
/* The state of a block as one entry or two: `data` when it is opaque; else `text` (present) and `signature`.
 * The kind is found here. */
void gw_chat_write_state(struct gw_json_writer *out, const struct gw_chat_detail *state);

/* ---- a request for an upstream ---- */

/* What is decided about a request before a byte is written. */
struct gw_chat_plan {
    struct gw_request *request;
    const struct gw_profile *profile;
    struct gw_str model;
    struct gw_complaint *complaint;
    unsigned efforts;           /* of OpenAI's models */
    bool reasoning_model;       /* of OpenAI's or xAI's */
    enum gw_effort effort;      /* to be written; UNSET: none */
    bool filters;               /* only the tools of `use` are told of */
    struct gw_map use, customs; /* names; of custom tools only where they stay what they are */
    struct gw_text schema_text; /* told to the system instead of a schema; absent: none */
    bool tools;                 /* any are written */
};

bool gw_chat_is_provider(const struct gw_profile *profile, const char *name);
/* How the provider calls a member; NULL: it does not take it. */
const char *gw_chat_member_name(const struct gw_profile *profile, const char *name);
/* drop:NAME, as the caller calls it. */
void gw_chat_drop(const struct gw_chat_plan *plan, const char *name);
/* What an upstream does anyway: not to say it is no loss. */
bool gw_chat_is_default(const char *name, struct gw_str json);
/* Not taken by this model, whatever its provider takes. After gw_chat_plan_model(), and plan->effort. */
bool gw_chat_model_refuses(const struct gw_chat_plan *plan, const char *name);
bool gw_chat_takes_stop(const struct gw_chat_plan *plan);
/* Sets what depends on the model: efforts, reasoning_model. */
void gw_chat_plan_model(struct gw_chat_plan *plan);
#define GW_CHAT_OPENAI_STOPS_MAX 4u

/* A member under the name that the provider has for it, or its loss. base NULL: not set. */
void gw_chat_put_member(const struct gw_chat_plan *plan, struct gw_json_writer *out,
                        const char *name, struct gw_str json);

/* Where the conversation being written is. */
struct gw_chat_course {
    struct gw_chat_plan *plan;
    struct gw_json_writer *out;
    struct gw_str system_role;
    const struct gw_message *real_user; /* the last one that is not only results */
    bool past_user;                     /* it has been written */
    const struct gw_message *run;       /* the first of the results under way; NULL: none */
    bool run_images;                    /* any of them has an image */
    bool after_tool;                    /* the last message written was a result */
};
/* As the provider takes it. Absent when out of memory. */
struct gw_text gw_chat_course_id(const struct gw_chat_course *course, struct gw_text id);
/* The message's object is open behind it. */
void gw_chat_begin_message(struct gw_chat_course *course, struct gw_str role);
void gw_chat_put_name(struct gw_chat_course *course, const struct gw_message *message);
enum gw_status gw_chat_write_assistant(struct gw_chat_course *course,
                                       const struct gw_message *message);

enum gw_status gw_chat_write_messages(struct gw_chat_plan *plan, struct gw_json_writer *out);
void gw_chat_write_reasoning(struct gw_chat_plan *plan, struct gw_json_writer *out);
void gw_chat_plan_effort(struct gw_chat_plan *plan);
enum gw_status gw_chat_plan_tools(struct gw_chat_plan *plan);
enum gw_status gw_chat_write_tools(struct gw_chat_plan *plan, struct gw_json_writer *out);

/* Whether all media can be said, some of them once they are fetched. Puts in what was.
 * @return GW_OK, GW_UNSUPPORTED or GW_NO_MEMORY */
enum gw_status gw_chat_check_media(const struct gw_chat_plan *plan);
/* One part of a content: text, image, document, audio. */
/* An image by URL where none are taken: becomes what was fetched, or is wanted. @return GW_OK, GW_UNSUPPORTED or
 * GW_NO_MEMORY */
enum gw_status gw_chat_resolve_image(const struct gw_chat_plan *plan, struct gw_part *part);
void gw_chat_write_part(const struct gw_chat_plan *plan, const struct gw_part *part,
                        struct gw_json_writer *out);
/* The member `content`: of text and media among `parts`, in the shortest form that says it. */
void gw_chat_put_content(const struct gw_chat_plan *plan, const struct gw_part *parts,
                         struct gw_json_writer *out);

enum gw_status gw_chat_write_request(struct gw_request *request,
                                     const struct gw_target_traits *target, struct gw_buf *out,
                                     struct gw_complaint *complaint);

/* ---- an upstream's answer ---- */

/* Counts as the upstream says them: the last known value of each counts (§5.3). */
enum gw_chat_count {
    GW_CHAT_PROMPT,
    GW_CHAT_COMPLETION,
    GW_CHAT_TOTAL,
    GW_CHAT_CACHED,
    GW_CHAT_CACHE_WRITE,
    GW_CHAT_REASONING,
    GW_CHAT_PROMPT_AUDIO,
    GW_CHAT_COMPLETION_AUDIO,
    GW_CHAT_ACCEPTED,
    GW_CHAT_REJECTED,
    GW_CHAT_COUNTS /* must stay last */
};
struct gw_chat_counts {
    bool known[GW_CHAT_COUNTS];
    int64_t value[GW_CHAT_COUNTS];
};
void gw_chat_read_counts(const struct gw_json *json, uint32_t usage, struct gw_chat_counts *counts);
/* @return false: nothing is known */
bool gw_chat_usage(const struct gw_chat_counts *counts, struct gw_usage *usage_out);

/* `finish_reason` and what stands beside it. */
struct gw_chat_ending {
    enum gw_finish finish; /* NONE: not told */
    bool failed;           /* the upstream's word for a failure; `raw` */
    struct gw_text raw, stop_sequence;
};
void gw_chat_read_ending(const struct gw_json *json, uint32_t choice,
                         struct gw_chat_ending *ending_out);

/* What stands as `code` in an error of the OpenAI dialects. */
struct gw_text gw_chat_failure_code(const struct gw_failure_told *told);

/* What a body or an event says of a failure although the status was 200, as an ERROR event.
 * @param root  what holds `error`, or is the error itself
 * @return what `on_event` returned, or GW_NO_MEMORY */
enum gw_status gw_chat_tell_error(const struct gw_json *json, uint32_t root, struct gw_arena *arena,
                                  gw_event_fn *on_event, void *arg);
enum gw_status gw_chat_tell_failure(struct gw_text code, struct gw_text message, bool by_upstream,
                                    gw_event_fn *on_event, void *arg);

/* The same for a `finish_reason` that is a failure. */
enum gw_status gw_chat_tell_bad_ending(struct gw_text raw, struct gw_arena *arena,
                                       gw_event_fn *on_event, void *arg);

/* Emits events with the grammar kept: blocks numbered, one open at a time. */
struct gw_chat_emitter {
    gw_event_fn *on_event;
    void *arg;
    unsigned blocks;
    bool open;
    enum gw_block_kind kind;
    enum gw_family family;
};
/* Opens a block of this kind unless one is open already. */
enum gw_status gw_chat_open(struct gw_chat_emitter *emitter, const struct gw_event *start);
enum gw_status gw_chat_close(struct gw_chat_emitter *emitter);
/* A delta for the open block. */
enum gw_status gw_chat_delta(struct gw_chat_emitter *emitter, enum gw_delta_kind kind,
                             struct gw_text text, struct gw_str json);
/* Text of one kind (TEXT, REASONING, REFUSAL), into a block of its own. */
enum gw_status gw_chat_say(struct gw_chat_emitter *emitter, enum gw_block_kind kind,
                           enum gw_family family, struct gw_text text);
/* A block with a single DATA delta. */
enum gw_status gw_chat_data(struct gw_chat_emitter *emitter, enum gw_block_kind kind,
                            enum gw_family family, struct gw_text id, struct gw_text data);

/* A signature of Gemini for a call that comes later in the answer. */
struct gw_chat_pending {
    struct gw_text id, data;
    struct gw_chat_pending *next;
};
/* State of the reasoning under way. */
struct gw_chat_thought {
    int64_t index;  /* of the entries in the open block; -1: not told */
    bool is_signed; /* the open block has its signature */
    struct gw_chat_pending *pending;
    size_t kept;
};
/* The reasoning of a message or a delta, in whatever members it stands. */
enum gw_status gw_chat_read_reasoning(struct gw_chat_emitter *emitter,
                                      struct gw_chat_thought *thought, const struct gw_json *json,
                                      uint32_t message, struct gw_arena *keep);
/* The signature that came for the call of this id; absent: none. */
struct gw_text gw_chat_take_signature(struct gw_chat_thought *thought, struct gw_text id);
/* `content`, a string or an array of parts. */
enum gw_status gw_chat_read_text(struct gw_chat_emitter *emitter, const struct gw_json *json,
                                 uint32_t content);
/* `images` of a message or a delta. */
enum gw_status gw_chat_read_images(struct gw_chat_emitter *emitter, const struct gw_json *json,
                                   uint32_t message);
/* Entries of `annotations`, into the text block. */
enum gw_status gw_chat_read_annotations(struct gw_chat_emitter *emitter, const struct gw_json *json,
                                        uint32_t annotations);
/* Perplexity's sources, as annotations. */
enum gw_status gw_chat_read_sources(struct gw_chat_emitter *emitter, const struct gw_json *json,
                                    uint32_t sources, struct gw_arena *arena);

/* What a body or a chunk says of the answer as a whole. */
struct gw_event gw_chat_start(const struct gw_json *json);
/* USAGE, FINISH, END. */
enum gw_status gw_chat_tell_end(struct gw_chat_emitter *emitter,
                                const struct gw_chat_counts *counts,
                                const struct gw_chat_ending *ending);

enum gw_status gw_chat_read_answer(struct gw_str body, struct gw_arena *arena,
                                   gw_event_fn *on_event, void *arg, struct gw_err *err);

/* ---- its stream ---- */

/* Whether pieces of a JSON object, escaped as in a string, make up a whole one. */
struct gw_chat_scan {
    unsigned depth;
    bool in_string, escaped, whole;
};

struct gw_chat_piece {
    struct gw_text text;
    struct gw_chat_piece *next;
};

struct gw_chat_call {
    struct gw_chat_call *next;
    struct gw_text id, name, gsig;
    int64_t index; /* -1: none */
    enum gw_tool_kind tool;
    enum { GW_CHAT_CALL_WAITS, GW_CHAT_CALL_OPEN, GW_CHAT_CALL_DONE } state;
    bool holds_empty;         /* `{}` came first, and may be a placeholder */
    bool any;                 /* arguments have come */
    struct gw_chat_scan scan; /* of what came */
    struct gw_chat_piece *pieces, **last;
};

/* Calls of a stream, told one after the other whatever order their pieces come in (§6.2). */
struct gw_chat_calls {
    struct gw_chat_call *first, **last, *latest, *open;
    unsigned count;
    size_t kept;
    const char *trouble; /* what the upstream did wrong */
};

/* One element of `tool_calls`, or a `function_call`. @return GW_INVALID: calls->trouble */
enum gw_status gw_chat_take_call(struct gw_chat_calls *calls, struct gw_chat_emitter *emitter,
                                 struct gw_chat_thought *thought, const struct gw_json *json,
                                 uint32_t call, struct gw_arena *keep);
/* Text comes after the open call. */
enum gw_status gw_chat_leave_calls(struct gw_chat_calls *calls, struct gw_chat_emitter *emitter);
/* Tells all that wait. @return GW_INVALID: one has no name */
enum gw_status gw_chat_end_calls(struct gw_chat_calls *calls, struct gw_chat_emitter *emitter);
/* Whether the arguments of all are whole. */
bool gw_chat_calls_whole(const struct gw_chat_calls *calls);

/* A stream from an upstream. */
struct gw_chat_reader {
    bool started, over;
    struct gw_event start; /* what of it is known */
    struct gw_chat_emitter emitter;
    struct gw_chat_thought thought;
    struct gw_chat_calls calls;
    struct gw_chat_counts counts;
    struct gw_chat_ending ending; /* once it is told */
    bool refused;
    struct gw_str sources; /* Perplexity's; base NULL: none */
};
enum gw_status gw_chat_read_event(void *reader, struct gw_str type, struct gw_str data,
                                  struct gw_arena *scratch, struct gw_arena *keep,
                                  gw_event_fn *on_event, void *arg, struct gw_err *err);
enum gw_status gw_chat_read_end(void *reader, struct gw_arena *scratch, struct gw_arena *keep,
                                gw_event_fn *on_event, void *arg, struct gw_err *err);

/* ---- what the caller gets ---- */

/* "chatcmpl-" and the upstream's id, or a new one. Absent when out of memory. */
struct gw_text gw_chat_answer_id(struct gw_text id, const struct gw_answer_context *context,
                                 struct gw_arena *arena);
struct gw_text gw_chat_given_call_id(struct gw_text id, unsigned number,
                                     const struct gw_answer_context *context,
                                     struct gw_arena *arena);

/* What is the same in every chunk. */
struct gw_chat_head {
    struct gw_str object;
    struct gw_text id;
    struct gw_text model, service_tier, fingerprint; /* maybe absent */
    struct gw_str created;
};
/* Its members, without the braces. */
void gw_chat_write_head(struct gw_json_writer *out, const struct gw_chat_head *head,
                        const struct gw_answer_context *context);

/* The caller asked for a custom tool of this name. */
bool gw_chat_is_custom(const struct gw_request *request, struct gw_text name,
                       struct gw_arena *arena);

/* An annotation, whoever made it. */
struct gw_chat_note {
    struct gw_text url, title;
    bool placed;         /* else nobody knows what it is about */
    uint64_t start, end; /* of that in the message's text, in code points */
    struct gw_str raw;   /* it is in chat's form already */
};
void gw_chat_write_note(struct gw_json_writer *out, const struct gw_chat_note *note);
/* The member `annotations`, when there are any. @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_chat_put_notes(const struct gw_answer *answer, struct gw_json_writer *out);

/* An element of `images`. */
void gw_chat_write_images(struct gw_json_writer *out, struct gw_text url);
/* Gemini's signature of a call, if there is one. */
void gw_chat_write_signature(struct gw_json_writer *out, struct gw_text signature);
/* The value of `usage`. */
void gw_chat_write_usage(struct gw_json_writer *out, const struct gw_usage *usage);
/* @param refused  the refusal was said as text */
struct gw_str gw_chat_finish_name(enum gw_finish finish, bool refused, bool legacy);

enum gw_status gw_chat_write_answer(const struct gw_answer *answer,
                                    const struct gw_answer_context *context, struct gw_buf *out);

#define GW_CHAT_SURROGATE_BYTES 6u

/* A stream to a caller. */
struct gw_chat_writer {
    bool failed;
    struct gw_str
        head; /* of a chunk: "data: {" and what is the same in all of them, with a comma */
    struct gw_text tier; /* behind it, as far as it is known; absent: not yet */
    struct gw_usage usage;
    bool refused;
    unsigned calls; /* begun so far */
    uint64_t said;  /* code points of the text so far */

    /* The open block. */
    enum gw_block_kind kind;
    enum gw_family family;
    unsigned block;
    uint64_t said_before; /* code points of the text in front of it */
    struct gw_text id;    /* of an item of Responses */
    bool custom;          /* a call of a custom tool */
    bool unwraps;         /* it went upstream as a function: `kept` is its arguments */
    bool silent;          /* a call for which the legacy form has no room */
    bool any;             /* arguments were written */
    char *kept;           /* arguments that were not written yet */
    size_t kept_len, kept_room;
    bool held; /* `surrogate` ended the last delta, and waits for its other half */
    char surrogate[GW_CHAT_SURROGATE_BYTES];
};

/* One event on its way out. */
struct gw_chat_step {
    struct gw_chat_writer *writer;
    const struct gw_event *event;
    const struct gw_answer_context *context;
    struct gw_arena *scratch, *keep;
    struct gw_buf *out;
    struct gw_json_writer json; /* of the delta */
};
/* A chunk, whose delta's members follow. */
struct gw_json_writer *gw_chat_begin_chunk(struct gw_chat_step *step);
enum gw_status gw_chat_end_chunk(struct gw_chat_step *step);

/* A delta's text as it can be written: `first` completes what was held back. */
struct gw_chat_pieces {
    char pair[2 * GW_CHAT_SURROGATE_BYTES];
    struct gw_text first, rest;
};
/* @return false: there is nothing to write yet */
bool gw_chat_take_text(struct gw_chat_writer *writer, struct gw_text text,
                       struct gw_chat_pieces *pieces);
/* The member reasoning_details, of one state. */
void gw_chat_put_state(struct gw_json_writer *out, const struct gw_chat_detail *state);

/* An annotation of the open block. */
enum gw_status gw_chat_give_note(struct gw_chat_step *step);

/* The open call, from its start to its end. */
enum gw_status gw_chat_begin_call(struct gw_chat_step *step);
enum gw_status gw_chat_take_arguments(struct gw_chat_step *step);
/* What was kept, and `pieces` behind it. */
enum gw_status gw_chat_write_arguments(struct gw_chat_step *step,
                                       const struct gw_chat_pieces *pieces);
enum gw_status gw_chat_end_call(struct gw_chat_step *step);

enum gw_status gw_chat_write_event(void *writer, const struct gw_event *event,
                                   const struct gw_answer_context *context,
                                   struct gw_arena *scratch, struct gw_arena *keep,
                                   struct gw_buf *out);

/* ---- failures ---- */

enum gw_status gw_chat_read_error(const struct gw_error_answer *answer, struct gw_arena *arena,
                                  struct gw_failure_told *told_out);
enum gw_status gw_chat_write_error(const struct gw_failure_told *told,
                                   const struct gw_answer_context *context, struct gw_buf *out,
                                   unsigned *status_out);

#endif
