/*
 * codec/openai_responses_private: what the files of this codec share.
 *
 * _request, _input, _content: a caller's body is read. _write, _write_input, _write_tools: one for an upstream is
 * written. _read: an upstream's whole answer. _events: its stream, with its _entries. _build, _pieces, _output: the
 * response object that a caller gets; _answer: whole, _stream: event by event. Both come from the same structure, so
 * they say the same.
 */
#ifndef GW_CODEC_OPENAI_RESPONSES_PRIVATE_H
#define GW_CODEC_OPENAI_RESPONSES_PRIVATE_H

#include "codec/codec.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

/* Tokens of one body; a token is 16 bytes. */
#define GW_RESPONSES_TOKENS_MAX ((1u << 24) - 1)

/* ---- members ---- */

/* A text as a string value; lone surrogates become U+FFFD. */
void gw_responses_write_text(struct gw_json_writer *out, struct gw_text text);

static inline void put_key(struct gw_json_writer *out, const char *key)
{
    gw_json_write_key(out, gw_str_of(key));
}

static inline void put_str(struct gw_json_writer *out, const char *key, struct gw_str value)
{
    put_key(out, key);
    gw_json_write_string(out, value);
}

static inline void put_c(struct gw_json_writer *out, const char *key, const char *value)
{
    put_str(out, key, gw_str_of(value));
}

static inline void put_text(struct gw_json_writer *out, const char *key, struct gw_text value)
{
    put_key(out, key);
    gw_responses_write_text(out, value);
}

static inline void put_raw(struct gw_json_writer *out, const char *key, struct gw_str json)
{
    put_key(out, key);
    gw_json_write_raw(out, json);
}

static inline void put_u(struct gw_json_writer *out, const char *key, uint64_t value)
{
    put_key(out, key);
    gw_json_write_uint64(out, value);
}

static inline void put_bool(struct gw_json_writer *out, const char *key, bool value)
{
    put_key(out, key);
    gw_json_write_bool(out, value);
}

static inline void put_null(struct gw_json_writer *out, const char *key)
{
    put_key(out, key);
    gw_json_write_null(out);
}

static inline void put_object(struct gw_json_writer *out, const char *key)
{
    put_key(out, key);
    gw_json_write_begin_object(out);
}

static inline void put_array(struct gw_json_writer *out, const char *key)
{
    put_key(out, key);
    gw_json_write_begin_array(out);
}

/* A text of a JSON document: the inside of a string; absent when it is none. */
static inline struct gw_text text_of(const struct gw_json *json, uint32_t index)
{
    return (struct gw_text){gw_json_raw(json, index)};
}

static inline struct gw_text text_at(const struct gw_json *json, uint32_t object, struct gw_str key)
{
    return text_of(json, gw_json_get(json, object, key));
}

/* The value of a member as a slice; {NULL, 0} when it is absent or null. */
struct gw_str gw_responses_slice_at(const struct gw_json *json, uint32_t object, struct gw_str key);

/* `json` without line ends, which would end a data line of a stream; a slice where it has none. {NULL, 0} when
 * out of memory. */
struct gw_str gw_responses_line(struct gw_str json, struct gw_arena *arena);

/* ---- a caller's request ---- */

struct gw_responses_reading {
    struct gw_json json;
    struct gw_request *request;
    struct gw_complaint *complaint;
};

/* The member's value; GW_JSON_ABSENT when it is null. */
uint32_t gw_responses_member(const struct gw_json *json, uint32_t object, struct gw_str key);

/* Complains that the member at `param` is missing, or is not what it must be.
 * @return GW_INVALID */
enum gw_status gw_responses_missing(struct gw_responses_reading *reading, const char *param);
enum gw_status gw_responses_wrong(struct gw_responses_reading *reading, const char *param,
                                  const char *must);

/* @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_responses_only_native(struct gw_request *request, struct gw_text name);

/* The conversation: request->system and ->messages. @return GW_OK, GW_INVALID or GW_NO_MEMORY */
enum gw_status gw_responses_read_input(struct gw_responses_reading *reading);

#define GW_RESPONSES_WHERE_BYTES 64u /* "input[3].content[1]" */

/* A new part, behind *last, which moves on. NULL when out of memory. */
struct gw_part *gw_responses_add_part(struct gw_responses_reading *reading, enum gw_part_kind kind,
                                      struct gw_part ***last);

/* The parts of a content (a string, or an array of them), behind *last, which moves on.
 * @param where  of the content, for complaints: "input[3].content" */
enum gw_status gw_responses_read_content(struct gw_responses_reading *reading, uint32_t content,
                                         const char *where, struct gw_part ***last);

/* Whether an item's id is one that gw_responses_open() made. */
bool gw_responses_is_our_id(struct gw_text id);

/* ---- a request upstream ---- */

struct gw_responses_writing {
    struct gw_request *request;
    const struct gw_target_traits *target;
    struct gw_json_writer json;
    struct gw_complaint *complaint;
    enum gw_status status; /* the first refusal, or that memory is used up */
};

/* @param name  as the caller calls it */
void gw_responses_drop(struct gw_responses_writing *writing, const char *name);
/* @param param  where, maybe absent. @param what  "… cannot be …" */
void gw_responses_refuse(struct gw_responses_writing *writing, struct gw_text param,
                         const char *what);

/* The array `input`. */
void gw_responses_write_input(struct gw_responses_writing *writing);
/* `tools`, `tool_choice`, `parallel_tool_calls`, as far as there are tools. */
void gw_responses_write_tools(struct gw_responses_writing *writing);

/* ---- pieces ---- */

/* Bytes that grow by appending, in an arena. What is added together stays together, so no escape is ever
 * cut. */
struct gw_responses_chunk {
    struct gw_responses_chunk *next;
    const char *base;
    size_t len, room;
};

struct gw_responses_pieces {
    struct gw_responses_chunk *first, *last;
    size_t len;
};

/* Copies. @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_responses_add(struct gw_responses_pieces *pieces, struct gw_str bytes,
                                struct gw_arena *arena);
/* Keeps the slice. */
enum gw_status gw_responses_borrow(struct gw_responses_pieces *pieces, struct gw_str bytes,
                                   struct gw_arena *arena);
/* All of it in one; not a copy where it is one chunk. Absent when out of memory. */
struct gw_text gw_responses_join(const struct gw_responses_pieces *pieces, struct gw_arena *arena);

/* The texts of an array of parts, a blank line between them; empty: there is none. Absent when out of memory. */
struct gw_text gw_responses_texts(const struct gw_json *json, uint32_t array,
                                  struct gw_arena *arena);

/* ---- the response ---- */

enum gw_responses_item_kind {
    GW_RESPONSES_MESSAGE,
    GW_RESPONSES_REASONING,
    GW_RESPONSES_CALL,
    GW_RESPONSES_RAW /* of the vendor, as it came */
};

/* A part of a message. */
struct gw_responses_part {
    struct gw_responses_part *next;
    bool refusal;
    struct gw_responses_pieces text;
    struct gw_responses_pieces annotations, logprobs; /* inside of JSON arrays */
    unsigned annotations_count;
};

struct gw_responses_item {
    enum gw_responses_item_kind kind;
    struct gw_responses_item *next;
    unsigned index; /* in the output */
    struct gw_str id;
    bool done, incomplete;

    struct gw_responses_part *parts, *last_part; /* MESSAGE */
    unsigned parts_count;

    struct gw_responses_pieces text; /* REASONING: its summary; CALL: arguments, or the input */
    enum gw_family family;           /* REASONING */
    struct gw_text item_id, signature, data; /* REASONING: as they came */
    unsigned block;                          /* REASONING: place in the turn */
    struct gw_text encrypted;                /* REASONING, once it is done */

    struct gw_text call_id, name, space; /* CALL */
    bool custom;                         /* CALL */
    bool
        unwraps; /* CALL: a custom tool that went upstream as a function: `text` is its arguments until it is done */

    struct gw_str raw; /* RAW */
};

enum gw_responses_status {
    GW_RESPONSES_IN_PROGRESS,
    GW_RESPONSES_COMPLETED,
    GW_RESPONSES_INCOMPLETE,
    GW_RESPONSES_FAILED
};

#define GW_RESPONSES_ECHOES 18u

struct gw_responses_response {
    struct gw_text id, model, service_tier;
    struct gw_str created;
    struct gw_str echoes[GW_RESPONSES_ECHOES]; /* as openai_responses_output.c lists them */
    struct gw_responses_item *items, *last;
    struct gw_responses_item
        *state; /* state of the call that was opened last, in front of it; NULL: none */
    unsigned count, parts_refused;
    struct gw_usage usage;
    enum gw_responses_status status;
    const char *incomplete_reason;
    const struct gw_failure_told *failure; /* FAILED */
};

/* What a block begins. */
struct gw_responses_block {
    enum gw_block_kind kind;
    unsigned number;
    struct gw_text id, name, gsig;
    enum gw_tool_kind tool;
    enum gw_family family;
};

/* What is known at the start; what is kept is copied into `arena`. @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_responses_begin(struct gw_responses_response *response, struct gw_text id,
                                  struct gw_text model, struct gw_str created,
                                  struct gw_text service_tier,
                                  const struct gw_answer_context *context, struct gw_arena *scratch,
                                  struct gw_arena *arena);

/* Whether such a block belongs to the item (may be NULL) that the one before it made. */
bool gw_responses_joins(const struct gw_responses_item *item,
                        const struct gw_responses_block *block);

/* The block's item: the last one, with a part more, or a new one. *item_out NULL: nothing is shown of it.
 * @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_responses_open(struct gw_responses_response *response,
                                 const struct gw_responses_block *block,
                                 const struct gw_answer_context *context, struct gw_arena *arena,
                                 struct gw_responses_item **item_out);

/* A custom tool's input out of the arguments of the function that stood for it. Copied into `arena`. */
enum gw_status gw_responses_unwrap(struct gw_responses_item *item, struct gw_arena *arena);

/* Makes what is only known at the end of an item. @param incomplete  the answer was cut within it */
enum gw_status gw_responses_close(struct gw_responses_item *item, bool incomplete,
                                  struct gw_arena *arena);

/* Reason and status of a finished response. */
void gw_responses_finish(struct gw_responses_response *response, enum gw_finish finish);

/* An annotation of whatever family as Responses has it, without line ends; {NULL, 0}: it has no such thing, or no
 * memory. @param part  that it speaks of */
struct gw_str gw_responses_annotation(struct gw_str json, const struct gw_responses_part *part,
                                      struct gw_arena *arena);

/* ---- written ---- */

void gw_responses_write_pieces(struct gw_json_writer *out, const char *key,
                               const struct gw_responses_pieces *pieces);
void gw_responses_write_part(struct gw_json_writer *out, const struct gw_responses_part *part,
                             bool begun);
/* @param begun  as it stands in output_item.added */
void gw_responses_write_item(struct gw_json_writer *out, const struct gw_responses_item *item,
                             bool begun);
void gw_responses_write_response(struct gw_json_writer *out,
                                 const struct gw_responses_response *response);

/* State of a stream to a caller. */
struct gw_responses_stream {
    struct gw_responses_response response;
    uint64_t sequence;      /* of the next event */
    bool begun, open;       /* the response; a block */
    bool shown;             /* the block at hand is; its item is response.last */
    bool summary, streamed; /* of the block at hand: what of it was sent */
    char half[6];           /* a high surrogate whose other half has not come */
    size_t half_len;
};

/* ---- an upstream's answer ---- */

/* What events were told, and to whom. The first part lives as long as the stream. */
struct gw_responses_told {
    bool started, open, ended;
    unsigned blocks;
    enum gw_block_kind kind; /* of the open block, or the last one */
    bool called, refused;    /* there was a call; a refusal */
};

struct gw_responses_teller {
    struct gw_responses_told *told;
    struct gw_arena *arena; /* for what has to be made for an event */
    gw_event_fn *on_event;
    void *arg;
};

/* What was told of one item. Zeroed: nothing. */
struct gw_responses_seen {
    bool open;      /* the open block is this item's: see holds() */
    unsigned parts; /* MESSAGE: of its content, begun */
    uint64_t
        units; /* of the text at hand: UTF-16 units, which count the same however it is escaped */
    bool logprobs; /* of the part at hand, some */
    uint32_t annotations;
    bool summary, content;  /* REASONING: which of both is told */
    uint64_t summary_index; /* of the part at hand */
};

uint64_t gw_responses_units(struct gw_text text);

/* Whether the open block is this item's, and of this kind. */
static inline bool holds(const struct gw_responses_teller *teller,
                         const struct gw_responses_seen *seen, enum gw_block_kind kind)
{
    return seen->open && teller->told->kind == kind;
}
/* Closes the item's block, if one is open. */
enum gw_status gw_responses_tell_closed(struct gw_responses_teller *teller,
                                        struct gw_responses_seen *seen);

/* START, once, from a response object (GW_JSON_ABSENT: nothing is known). */
enum gw_status gw_responses_tell_start(struct gw_responses_teller *teller,
                                       const struct gw_json *json, uint32_t response);
enum gw_status gw_responses_tell_block(struct gw_responses_teller *teller, enum gw_block_kind kind,
                                       struct gw_text id, struct gw_text name, bool custom);
enum gw_status gw_responses_tell_delta(struct gw_responses_teller *teller, enum gw_delta_kind delta,
                                       struct gw_text text, struct gw_str json);
enum gw_status gw_responses_tell_stop(struct gw_responses_teller *teller);

/* The parts of `final` that are not told yet. */
enum gw_status gw_responses_tell_text_rest(struct gw_responses_teller *teller,
                                           struct gw_responses_seen *seen, enum gw_delta_kind delta,
                                           struct gw_text final);
/* All of an item that is not told yet; its block is closed behind it. */
enum gw_status gw_responses_tell_rest(struct gw_responses_teller *teller,
                                      struct gw_responses_seen *seen, const struct gw_json *json,
                                      uint32_t item);
/* USAGE, FINISH and END, or ERROR, as the response's status says. */
enum gw_status gw_responses_tell_end(struct gw_responses_teller *teller, const struct gw_json *json,
                                     uint32_t response);
/* @param holder  of `error`, or of a code and a message */
enum gw_status gw_responses_tell_error(struct gw_responses_teller *teller,
                                       const struct gw_json *json, uint32_t holder);
/* The upstream does not do what it should. */
enum gw_status gw_responses_tell_failure(struct gw_responses_teller *teller, const char *code,
                                         const char *message);

/* State of a stream from an upstream. */
struct gw_responses_entry;
struct gw_responses_reader {
    struct gw_responses_told told;
    struct gw_responses_entry *entries, *last; /* items, as they came up */
    struct gw_responses_entry *current; /* the first one that is not closed; its events go out */
    size_t kept;                        /* bytes of items that wait for their turn */
};

/* An item of the stream. */
struct gw_responses_entry {
    struct gw_responses_entry *next;
    int64_t output_index; /* -1: not told */
    struct gw_str id;
    bool call, custom;
    struct gw_text call_id, name; /* of a call */
    struct gw_responses_seen seen;
    bool missed; /* something was passed over, so its end is waited for */
    bool closed;
    struct gw_str done;  /* the whole item, when it came before its turn; base NULL: not yet */
    uint32_t final_item; /* its place in the terminal event; 0: none */
};

/* One event of it. */
struct gw_responses_step {
    struct gw_responses_reader *reader;
    struct gw_responses_teller teller;
    struct gw_arena *keep;
    struct gw_json json;
};

/* By its place in the output, or its id; with neither (-1, empty): the latest. NULL: there is none. */
struct gw_responses_entry *gw_responses_find_entry(struct gw_responses_reader *reader,
                                                   int64_t index, struct gw_str id);
/* NULL when out of memory. */
struct gw_responses_entry *gw_responses_add_entry(struct gw_responses_step *in, int64_t index,
                                                  struct gw_str id);
/* Its block, once it is known which tool is called. */
enum gw_status gw_responses_begin_call(struct gw_responses_step *in,
                                       struct gw_responses_entry *entry);
/* Tells what of the whole item has not been told, and closes it. */
enum gw_status gw_responses_end_entry(struct gw_responses_step *in,
                                      struct gw_responses_entry *entry, const struct gw_json *json,
                                      uint32_t item);
enum gw_status gw_responses_move_on(struct gw_responses_step *in);
enum gw_status gw_responses_match_output(struct gw_responses_step *in, uint32_t output);
/* At the end: of every item what has not been told. */
enum gw_status gw_responses_tell_remaining(struct gw_responses_step *in);

/* ---- the codec's functions ---- */

enum gw_status gw_responses_read_request(struct gw_str body, struct gw_request *request,
                                         struct gw_complaint *complaint);
enum gw_status gw_responses_write_request(struct gw_request *request,
                                          const struct gw_target_traits *target, struct gw_buf *out,
                                          struct gw_complaint *complaint);
enum gw_status gw_responses_read_answer(struct gw_str body, struct gw_arena *arena,
                                        gw_event_fn *on_event, void *arg, struct gw_err *err);
enum gw_status gw_responses_write_answer(const struct gw_answer *answer,
                                         const struct gw_answer_context *context,
                                         struct gw_buf *out);
enum gw_status gw_responses_write_event(void *writer, const struct gw_event *event,
                                        const struct gw_answer_context *context,
                                        struct gw_arena *scratch, struct gw_arena *keep,
                                        struct gw_buf *out);
enum gw_status gw_responses_read_event(void *reader, struct gw_str type, struct gw_str data,
                                       struct gw_arena *scratch, struct gw_arena *keep,
                                       gw_event_fn *on_event, void *arg, struct gw_err *err);
enum gw_status gw_responses_read_end(void *reader, struct gw_arena *scratch, struct gw_arena *keep,
                                     gw_event_fn *on_event, void *arg, struct gw_err *err);

#endif
