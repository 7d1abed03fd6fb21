/*
 * codec/codec: one dialect's messages, both directions: request, answer whole and streamed, error.
 *
 * Bytes in, structures out, and back; no I/O, no configuration. Each is a const struct at the end of its file;
 * codec.c lists them. A reader of requests is used for callers, a writer of requests for upstreams, and the
 * other way round for answers. Adding a dialect is one more struct.
 */
#ifndef GW_CODEC_CODEC_H
#define GW_CODEC_CODEC_H

#include "codec/profile.h"
#include "model/event.h"
#include "model/names.h"

enum gw_codec_id {
    GW_CODEC_CHAT, /* Chat Completions */
    GW_CODEC_RESPONSES,
    GW_CODEC_MESSAGES, /* Anthropic */
    GW_CODECS          /* must stay last */
};

/* What a writer of answers knows of the request that it answers. */
struct gw_answer_context {
    const struct gw_request *request; /* the caller's */
    struct gw_str body;               /* the caller's, for what Responses echoes */
    struct gw_text model;             /* sent upstream: where the answer names none */
    uint64_t now_s;                   /* wall time: where the answer names no moment */
    struct gw_str seed;               /* 16 bytes or more of random, for ids that have to be made */
    struct gw_str request_id;         /* the gateway's, for errors */
};

/* An upstream's answer as an error (translation.md §7). */
struct gw_error_answer {
    unsigned status;    /* of the upstream */
    struct gw_str body; /* maybe not JSON, maybe cut */
};

struct gw_codec {
    const char *name; /* "chat", "resp", "anth" */
    enum gw_codec_id id;
    enum gw_family family;
    /* Ids of calls as a caller is shown them, and how those begin that have to be made. */
    enum gw_id_rule call_ids;
    struct gw_str call_prefix;

    /* The caller's body, checked whole (RFC 8259, UTF-8).
     * @return GW_OK; GW_INVALID: no JSON, or not a request of this dialect: `complaint` says where;
     * GW_NO_MEMORY */
    enum gw_status (*read_request)(struct gw_str body, struct gw_request *request,
                                   struct gw_complaint *complaint);

    /* What goes upstream; the same request gives the same bytes. May change `request` (history, names), which
     * is not used again but by the writer of its answer. Losses go into request->ledger.
     * @return GW_OK; GW_AGAIN: request->wanted has to be fetched first, nothing else is in the way, and `out` is of
     * no use; GW_UNSUPPORTED: it cannot be carried: `complaint`; GW_TOO_LARGE; GW_NO_MEMORY */
    enum gw_status (*write_request)(struct gw_request *request,
                                    const struct gw_target_traits *target, struct gw_buf *out,
                                    struct gw_complaint *complaint);

    /* A whole answer (2xx) as events.
     * @return GW_OK; GW_INVALID: not one: err; what `on_event` returned */
    enum gw_status (*read_answer)(struct gw_str body, struct gw_arena *arena, gw_event_fn *on_event,
                                  void *arg, struct gw_err *err);
    enum gw_status (*write_answer)(const struct gw_answer *answer,
                                   const struct gw_answer_context *context, struct gw_buf *out);

    /* Streams: state of `reader_bytes`, zeroed, aligned for anything. Two arenas come with each call: `scratch`
     * (tokens of the event, text made for the callback) is emptied after the call, so nothing may be kept in it;
     * `keep` lives as long as the stream, and takes only what the protocol makes a reader remember. */
    size_t reader_bytes;
    /* One event. @param type  of its `event:` line, maybe empty. @param data  joined data lines
     * @return as read_answer; GW_EOF: the stream has told its end, nothing behind it is looked at */
    enum gw_status (*read_event)(void *reader, struct gw_str type, struct gw_str data,
                                 struct gw_arena *scratch, struct gw_arena *keep,
                                 gw_event_fn *on_event, void *arg, struct gw_err *err);
    /* The upstream has closed: emits FINISH, END or ERROR as the dialect's rules say (§6.2, §6.3). */
    enum gw_status (*read_end)(void *reader, struct gw_arena *scratch, struct gw_arena *keep,
                               gw_event_fn *on_event, void *arg, struct gw_err *err);

    size_t writer_bytes;
    /* Writes what the event is to the caller, whole SSE events, maybe nothing. */
    enum gw_status (*write_event)(void *writer, const struct gw_event *event,
                                  const struct gw_answer_context *context, struct gw_arena *scratch,
                                  struct gw_arena *keep, struct gw_buf *out);

    /* Whatever came. @return GW_OK or GW_NO_MEMORY */
    enum gw_status (*read_error)(const struct gw_error_answer *answer, struct gw_arena *arena,
                                 struct gw_failure_told *told_out);
    /* The caller's envelope, one line. @param status_out  the caller's status for it */
    enum gw_status (*write_error)(const struct gw_failure_told *told,
                                  const struct gw_answer_context *context, struct gw_buf *out,
                                  unsigned *status_out);
};

extern const struct gw_codec gw_codec_openai_chat, gw_codec_openai_responses,
    gw_codec_anthropic_messages;

const struct gw_codec *gw_codec(enum gw_codec_id id);
/* By its name; NULL: none. */
const struct gw_codec *gw_codec_by_name(struct gw_str name);

#endif
