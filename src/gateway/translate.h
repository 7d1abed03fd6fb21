/*
 * gateway/translate: exchanges whose provider speaks another dialect than the caller.
 *
 * The request is held until it is whole, translated for each attempt from what the caller sent, and goes out
 * with a head of the gateway's own. The answer is read and written anew by codec/translation: an event
 * stream event by event as it comes, anything else once it is whole.
 */
#ifndef GW_GATEWAY_TRANSLATE_H
#define GW_GATEWAY_TRANSLATE_H

#include "codec/translation.h"
#include "gateway/exchange.h"

struct gw_translate {
    struct gw_translation *translation;
    const struct gw_codec *upstream;
    struct gw_buf in, out; /* of the answer: what is not read yet, what has not left yet */
    struct gw_str fields;  /* lines of the provider's head that go on */
    unsigned noted;        /* entries of the ledger that are in `own` */
    struct gw_str own;     /* lines of the gateway's: ids, x-gateway-warnings */
    struct gw_inflate *inflate;
    struct gw_timer quiet; /* nothing has left for a while (§6.5, §6.7.1) */
    uint64_t flushed_ns;   /* when something last did */
    bool paused;           /* the caller does not read */
    struct gw_exchange *ex;
    char seed[16];
    unsigned status; /* of the provider */
    bool came_as_stream;
    bool unreadable; /* too large, or packed in a way that is not known here */
};

/* The codec of a caller of kind chat; NULL: what it calls is never translated. */
const struct gw_codec *gw_translate_codec_of(enum gw_caller caller);
const struct gw_codec *gw_translate_caller(const struct gw_exchange *ex);

/* What the provider is to be spoken to in, for a call of kind chat; NULL: nothing that is known here. */
const struct gw_codec *gw_translate_upstream(const struct gw_codec *caller,
                                             const struct gw_provider_config *provider,
                                             enum gw_model_api api);

/* Translates the request, which is whole and held, for ex->provider, with the images that were fetched for it.
 * @param model   as it goes upstream
 * @param params  by enum gw_param: what a variant sets; NULL: nothing
 * @return GW_OK; GW_AGAIN: gw_translate_wanted() has to be fetched first; GW_UNSUPPORTED: it cannot be carried
 * there, for the reason in `complaint`, which gw_translate_refuse() tells the caller; anything else: the exchange has failed, and was answered */
enum gw_status gw_translate_request(struct gw_exchange *ex, const struct gw_codec *upstream,
                                    struct gw_str model, const struct gw_str *params,
                                    struct gw_complaint *complaint);
/* The request goes on as it is: only its answer is read and written anew. @return false when out of memory */
bool gw_translate_answers(struct gw_exchange *ex, struct gw_str model,
                          const struct gw_ledger *lost);

/* Also of a request that is not translated. */
const struct gw_wanted *gw_translate_wanted(const struct gw_exchange *ex);
void gw_translate_refuse(struct gw_exchange *ex, const struct gw_complaint *complaint);

/* The first thing that was lost, where nothing may be. @return GW_UNSUPPORTED: `complaint` says what */
enum gw_status gw_translate_check_losses(const struct gw_exchange *ex,
                                         const struct gw_ledger *ledger,
                                         const struct gw_provider_config *provider,
                                         struct gw_complaint *complaint);

/* Would it be GW_UNSUPPORTED? Nothing of the exchange changes. */
bool gw_translate_can_carry(struct gw_exchange *ex, const struct gw_target_config *target,
                            const struct gw_codec *upstream);

/* Path below the base URL that a call is sent to. */
struct gw_str gw_translate_path(const struct gw_codec *upstream);

/* Composes translate->own anew, with all that was lost so far, which goes into the record too.
 * @return false when out of memory */
bool gw_translate_note(struct gw_exchange *ex);

/* What belongs to the attempt in hand goes. Harmless when there is none. */
void gw_translate_drop(struct gw_exchange *ex);

/* The handler of upstream connections for such exchanges. */
extern const struct gw_up_handler gw_translate_handler;
/* The caller has read what was sent. */
void gw_translate_resume(struct gw_exchange *ex);

#endif
