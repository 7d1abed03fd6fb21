/*
 * codec/translation: one exchange between two dialects: the caller's request to the upstream's, the answer
 * back, whole, streamed or failed. Bytes in, bytes out; no I/O.
 *
 * What stands between reader and writer, whatever the two dialects are, is here: names of tools are given back
 * as the caller knows them, finish reasons are set right (translation.md §5.1), structured output that was
 * asked for as a call becomes text again (§4.4), the grammar of events is checked, and state that the caller did
 * not bring back is put where it was (§2.7). The gateway, `sluice
 * translate` and the tests all use this one.
 */
#ifndef GW_CODEC_TRANSLATION_H
#define GW_CODEC_TRANSLATION_H

#include "codec/codec.h"
#include "model/turn_state.h"

struct gw_translation; /* opaque: see translation.c */

/* What is set whatever the caller said: JSON as it is written; base NULL: not set. */
struct gw_translation_overrides {
    struct gw_str temperature, top_p, max_tokens, seed;
    struct gw_str effort; /* a JSON string */
};

struct gw_translation_setup {
    const struct gw_codec *caller, *upstream;
    struct gw_target_traits target;
    uint64_t now_s;           /* wall time */
    struct gw_str seed;       /* 16 bytes of random, for ids that have to be made; must stay */
    struct gw_str request_id; /* for errors; must stay */
    struct gw_str secret;     /* the credential in use, never told; may be empty; must stay */
    struct gw_translation_overrides overrides;
    struct gw_turn_keeper keeper;     /* where state is kept that callers do not bring back */
    bool fetches;                     /* as of struct gw_request */
    const struct gw_fetched *fetched; /* likewise; must stay */
    struct gw_arena_cache *cache;     /* of blocks for what is read; NULL: the heap */
};

/* Lives in `arena`; NULL when out of memory. */
struct gw_translation *gw_translation_create(struct gw_arena *arena,
                                             const struct gw_translation_setup *setup);
/* Gives back what is not the arena's. Accepts NULL. */
void gw_translation_finish(struct gw_translation *translation);

/* The caller's body, which must stay, as the upstream's.
 * @return GW_OK; GW_AGAIN: only where setup->fetches: gw_translation_wanted() has to be fetched, and a translation
 * created with it; nothing else is in the way; GW_INVALID: it is no request of the caller's dialect; GW_UNSUPPORTED: it cannot be carried;
 * both with `complaint`; GW_TOO_LARGE; GW_NO_MEMORY */
enum gw_status gw_translation_request(struct gw_translation *translation, struct gw_str body,
                                      struct gw_buf *out, struct gw_complaint *complaint);
/* Or: the request goes on in the caller's own dialect, and only the answer is to be read and written anew.
 * @param lost  what was changed in it. @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_translation_pass(struct gw_translation *translation, struct gw_str body,
                                   const struct gw_ledger *lost);
/* Images to be fetched: not empty after GW_AGAIN only. They point into the body or the arena. */
const struct gw_wanted *gw_translation_wanted(const struct gw_translation *translation);
/* What of it was lost, so far; answers may add to it. */
const struct gw_ledger *gw_translation_ledger(const struct gw_translation *translation);
/* What the caller asked for. After gw_translation_request(). */
bool gw_translation_streams(const struct gw_translation *translation);

/* A whole answer (2xx): `stream` says that it is an event stream all the same. For a caller that asked for a
 * stream it becomes one, else one object.
 * @return GW_OK; GW_INVALID: it is none: err; an error inside of it is GW_UNSUPPORTED, and
 * gw_translation_failure() tells it; GW_NO_MEMORY */
enum gw_status gw_translation_answer(struct gw_translation *translation, struct gw_str body,
                                     bool stream, struct gw_buf *out, struct gw_err *err);

/* The next bytes of a stream, cut anywhere; what they become is added to `out`. Nothing is added before the
 * first event that is more than a ping: until then a failure can be told as an error of HTTP (§6.7.1).
 * @return GW_OK; GW_EOF: the stream has told its end, and so has what was written; GW_UNSUPPORTED: an error came
 * before anything was written: gw_translation_failure(); GW_NO_MEMORY. A fault of the upstream after the first
 * byte is written as the caller's error event, and GW_EOF returned with gw_translation_has_failed(). */
enum gw_status gw_translation_feed(struct gw_translation *translation, struct gw_str bytes,
                                   struct gw_buf *out);
/* Nothing has come yet, and the caller is to be told that something will: what its dialect has for that. */
enum gw_status gw_translation_ping(struct gw_translation *translation, struct gw_buf *out);
/* The upstream has closed. The same results, but never GW_OK. */
enum gw_status gw_translation_end(struct gw_translation *translation, struct gw_buf *out);
/* The stream was cut by something else than its end: silence, a reset. As above. */
enum gw_status gw_translation_cut(struct gw_translation *translation,
                                  const struct gw_failure_told *told, struct gw_buf *out);
/* Did the stream end with an error? */
bool gw_translation_has_failed(const struct gw_translation *translation);
/* Has anything been written of the answer? */
bool gw_translation_has_begun(const struct gw_translation *translation);
const struct gw_failure_told *gw_translation_failure(const struct gw_translation *translation);
/* As far as the upstream has told. */
const struct gw_usage *gw_translation_usage(const struct gw_translation *translation);

/* The answer has been read, and has ended well: what the model thought is kept for the next turn, when the caller
 * was shown calls. Before the caller can know them, for it may be quick. */
void gw_translation_keep(struct gw_translation *translation, uint64_t now_ms);

/* An upstream's error (not 2xx) in the caller's envelope. */
enum gw_status gw_translation_error(struct gw_translation *translation, unsigned status,
                                    struct gw_str body, struct gw_buf *out, unsigned *status_out);
/* A failure that was told in an answer, likewise. */
enum gw_status gw_translation_tell(struct gw_translation *translation,
                                   const struct gw_failure_told *told, struct gw_buf *out,
                                   unsigned *status_out);

#endif
