/*
 * demo/demo_private: one exchange of the demo provider, and how its answer is written and sent.
 *
 * A request is read whole, then its answer is written whole, as a script of steps, and then the
 * script is played: step by step with a pause in between, or all at once. An answer is small, so
 * this is simpler than writing as the caller reads. Everything runs on the demo's own thread.
 */
#ifndef GW_DEMO_DEMO_PRIVATE_H
#define GW_DEMO_DEMO_PRIVATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "demo/demo.h"
#include "http/server.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

#include <pthread.h>

#define GW_DEMO_BODY_BYTES_MAX ((size_t)32 << 20)
#define GW_DEMO_ANSWER_BYTES_MAX ((size_t)64 << 20)
#define GW_DEMO_FILES_MAX 32u
#define GW_DEMO_FILE_BYTES_MAX ((size_t)8 << 20) /* of all files together */

/* Whose API a path belongs to: decides error bodies and headers. */
enum gw_demo_dialect { GW_DEMO_OPENAI, GW_DEMO_ANTHROPIC, GW_DEMO_COHERE, GW_DEMO_DIALECTS };

/* Trouble that a model name asks for. */
enum gw_demo_trouble {
    GW_DEMO_NO_TROUBLE,
    GW_DEMO_ERROR,        /* the HTTP status in `trouble_status` */
    GW_DEMO_CUT,          /* the connection ends in the middle of the answer */
    GW_DEMO_SLOW,         /* 2 s to the first byte, 500 ms between pieces */
    GW_DEMO_HANG,         /* no answer at all */
    GW_DEMO_RESET,        /* an RST before the first byte */
    GW_DEMO_GARBAGE,      /* bytes that are not HTTP */
    GW_DEMO_STREAM_ERROR, /* an error event in the stream */
    GW_DEMO_ECHO          /* the text is the last user message and nothing else */
};

struct gw_demo_exchange;

enum gw_demo_takes { GW_DEMO_TAKES_NOTHING, GW_DEMO_TAKES_JSON, GW_DEMO_TAKES_FORM };

/* One method of one path. */
struct gw_demo_endpoint {
    struct gw_str path; /* a segment "*" stands for any one, which becomes the exchange's `id` */
    enum gw_http1_method method;
    enum gw_demo_dialect dialect;
    enum gw_demo_takes takes;
    bool needs_model;
    /* Writes the answer: exactly one of gw_demo_answer(), gw_demo_answer_bytes(), gw_demo_error(),
     * or gw_demo_stream() to gw_demo_stream_end(). */
    void (*answer)(struct gw_demo_exchange *ex);
};

struct gw_demo_file {
    char id[32];
    struct gw_str name, purpose, bytes; /* in `memory` */
    uint64_t created_s;
    void *memory;
};

struct gw_demo {
    pthread_t thread;
    struct gw_loop *loop;
    struct gw_http http;
    struct gw_server *server;
    struct gw_task stop;
    uint64_t serial;                              /* of the last id made */
    struct gw_demo_file files[GW_DEMO_FILES_MAX]; /* the oldest first */
    unsigned files_count;
};

/* How the connection ends when the script is over. */
enum gw_demo_ending {
    GW_DEMO_END_KEEP, /* open for the next request, if that may be */
    GW_DEMO_END_CLOSE,
    GW_DEMO_END_RESET
};

struct gw_demo_script {
    struct gw_buf bytes;
    size_t *step_ends; /* offsets in `bytes` */
    size_t steps, steps_room;
    size_t step_at, sent; /* while it is played */
    enum gw_demo_ending ending;
    unsigned first_ms, pace_ms;
    bool chunked;  /* the body is sent in chunks */
    bool streamed; /* between gw_demo_stream() and gw_demo_stream_end() */
    bool sealed;   /* what is written now is dropped: an error event comes instead */
    bool waits;    /* for on_writable */
    bool broken;   /* too large, or out of memory */
};

struct gw_demo_exchange {
    struct gw_demo *demo;
    struct gw_down *down;
    const struct gw_demo_endpoint *endpoint;
    enum gw_demo_dialect dialect;
    struct gw_timer timer;
    struct gw_arena arena;
    struct gw_buf body;
    uint64_t began_ns;

    /* The request. */
    enum gw_http1_method method;
    struct gw_str path, id, content_type;
    struct gw_str allow; /* methods of the path, when it has others than the request's */
    bool has_anthropic_version;
    struct gw_json json;       /* of endpoints that take JSON: an object */
    struct gw_demo_form *form; /* of endpoints that take a form */
    struct gw_str model;
    enum gw_demo_trouble trouble;
    unsigned trouble_status;

    /* The answer. */
    struct gw_str request_id; /* in its head, and in some bodies */
    struct gw_buf value;      /* the JSON value in hand */
    struct gw_json_writer writer;
    struct gw_demo_script script;
};

/* ---- demo_send.c ---- */

/* Starts a JSON value: write it, then call one of the next three. What was begun before is dropped.
 */
struct gw_json_writer *gw_demo_json(struct gw_demo_exchange *ex);
/* The JSON value is the whole answer. */
void gw_demo_answer(struct gw_demo_exchange *ex, unsigned status);
/* The JSON value is one event. @param type  of the event line; empty: none */
void gw_demo_event(struct gw_demo_exchange *ex, struct gw_str type);
/* The JSON value as bytes; they are gone at the next gw_demo_json(). */
struct gw_str gw_demo_json_bytes(struct gw_demo_exchange *ex);

void gw_demo_answer_bytes(struct gw_demo_exchange *ex, unsigned status, struct gw_str type,
                          struct gw_str bytes);
/* In the dialect's own words; `code` NULL: what goes with the status; "": null. Drops all that was
 * written before. */
void gw_demo_error(struct gw_demo_exchange *ex, unsigned status, const char *param,
                   const char *code, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The error object of a status, for streams: OpenAI's {"message",…} or Anthropic's
 * {"type","message"}. */
void gw_demo_write_error(struct gw_json_writer *out, enum gw_demo_dialect dialect, unsigned status,
                         const char *param, const char *code, struct gw_str message);

/* Begins a body that is sent step by step. */
void gw_demo_stream(struct gw_demo_exchange *ex, struct gw_str content_type);
#define GW_DEMO_SSE GW_STR("text/event-stream; charset=utf-8")
void gw_demo_bytes(struct gw_demo_exchange *ex, struct gw_str bytes);
/* "data: …" with text that is no JSON, as in "[DONE]". */
void gw_demo_data_line(struct gw_demo_exchange *ex, struct gw_str text);
/* What was written since the last step leaves together; a pause follows. */
void gw_demo_step(struct gw_demo_exchange *ex);
/* Call before the final events: whether an error event has to come instead of them, and of anything
 * else. Events written since the moment of the error have been dropped. */
bool gw_demo_fails_here(struct gw_demo_exchange *ex);
#define GW_DEMO_FAILS_TEXT "The demo model fails in the middle of its answer."
void gw_demo_stream_end(struct gw_demo_exchange *ex);
/* Ends it with OpenAI's error event and without a "[DONE]". */
void gw_demo_stream_error(struct gw_demo_exchange *ex);

/* Plays the script; the exchange is gone sometime from here on. */
void gw_demo_play(struct gw_demo_exchange *ex);
/* For the loop's and the server's callbacks. */
void gw_demo_on_timer(struct gw_timer *timer);
void gw_demo_on_writable(struct gw_down *down);
void gw_demo_exchange_destroy(struct gw_demo_exchange *ex);

/* ---- demo_util.c ---- */

/* `prefix` and 24 letters or digits, another one each time. */
struct gw_str gw_demo_new_id(struct gw_demo_exchange *ex, const char *prefix);
uint64_t gw_demo_now_s(void);
/* {NULL, 0} when out of memory. */
struct gw_str gw_demo_base64(struct gw_arena *arena, struct gw_str bytes);
/* The same in every run, other than gw_hash(). */
uint64_t gw_demo_hash(struct gw_str bytes);
uint64_t gw_demo_mix(uint64_t x);
/* Letters, digits and all bytes from 0x80 on. */
bool gw_demo_next_word(struct gw_str *text, struct gw_str *word_out);
/* Whether `text` holds `word`, in any case, as a word. */
bool gw_demo_has_word(struct gw_str text, struct gw_str word);
/* At most `bytes_max` of it, not cut inside of a character. */
struct gw_str gw_demo_prefix(struct gw_str text, size_t bytes_max);

/* Members of the object being written. */
void gw_demo_put(struct gw_json_writer *out, const char *key, struct gw_str text);
void gw_demo_put_c(struct gw_json_writer *out, const char *key, const char *text);
void gw_demo_put_u(struct gw_json_writer *out, const char *key, uint64_t value);
void gw_demo_put_bool(struct gw_json_writer *out, const char *key, bool value);
void gw_demo_put_null(struct gw_json_writer *out, const char *key);
void gw_demo_put_object(struct gw_json_writer *out, const char *key);
void gw_demo_put_array(struct gw_json_writer *out, const char *key);
void gw_demo_put_empty_array(struct gw_json_writer *out, const char *key);
/* A member of the request, as it stands there but for blanks, or `otherwise`. */
void gw_demo_put_echo(struct gw_json_writer *out, const char *key, struct gw_demo_exchange *ex,
                      struct gw_str otherwise);

/* Members of the request; `object` 0 is its root. */
uint32_t gw_demo_member(const struct gw_demo_exchange *ex, uint32_t object, const char *key);
/* Decoded; {NULL, 0} when it is no string. */
struct gw_str gw_demo_text(struct gw_demo_exchange *ex, uint32_t index);
struct gw_str gw_demo_member_text(struct gw_demo_exchange *ex, uint32_t object, const char *key);
bool gw_demo_is_true(const struct gw_demo_exchange *ex, uint32_t object, const char *key);
bool gw_demo_is(const struct gw_demo_exchange *ex, uint32_t object, const char *key,
                const char *text);
/* @return `otherwise` when it is absent or no whole number from 0 on */
uint64_t gw_demo_member_u(const struct gw_demo_exchange *ex, uint32_t object, const char *key,
                          uint64_t otherwise);

/* ---- demo_form.c ---- */

struct gw_demo_part {
    struct gw_str name, filename, content_type, bytes; /* slices of the body */
};

struct gw_demo_form {
    struct gw_demo_part *parts;
    size_t count;
};

/* Splits the body, which stays where it is. @return GW_OK, GW_INVALID or GW_NO_MEMORY with a
 * message */
enum gw_status gw_demo_form_read(struct gw_demo_exchange *ex, struct gw_err *err);
/* The first part of this name, or NULL. */
const struct gw_demo_part *gw_demo_form_part(const struct gw_demo_form *form, const char *name);
/* Its bytes; {NULL, 0} when there is none. */
struct gw_str gw_demo_form_value(const struct gw_demo_form *form, const char *name);

/* ---- the endpoints ---- */

void gw_demo_chat(struct gw_demo_exchange *ex);
void gw_demo_completions(struct gw_demo_exchange *ex);
void gw_demo_messages(struct gw_demo_exchange *ex);
void gw_demo_count_tokens(struct gw_demo_exchange *ex);
void gw_demo_responses(struct gw_demo_exchange *ex);
void gw_demo_embeddings(struct gw_demo_exchange *ex);
void gw_demo_rerank(struct gw_demo_exchange *ex);
void gw_demo_moderations(struct gw_demo_exchange *ex);
void gw_demo_image(struct gw_demo_exchange *ex);
void gw_demo_speech(struct gw_demo_exchange *ex);
void gw_demo_transcription(struct gw_demo_exchange *ex);
void gw_demo_file_add(struct gw_demo_exchange *ex);
void gw_demo_file_list(struct gw_demo_exchange *ex);
void gw_demo_file_get(struct gw_demo_exchange *ex);
void gw_demo_file_content(struct gw_demo_exchange *ex);
void gw_demo_file_delete(struct gw_demo_exchange *ex);
void gw_demo_files_finish(struct gw_demo *demo);
void gw_demo_model_list(struct gw_demo_exchange *ex);
void gw_demo_model_get(struct gw_demo_exchange *ex);

#endif
