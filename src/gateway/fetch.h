/*
 * gateway/fetch: images that a caller gave by URL, for a provider that takes none ([translation] fetch_media).
 *
 * One after the other, each by a GET over TLS on a connection of its own, to public addresses only. Nothing of
 * the caller's goes along, no redirect is followed, no proxy is asked. Meanwhile the exchange is FETCHING. Then,
 * whatever came of it, it is RESOLVING again, and the attempt begins anew: it finds here what was fetched, or why
 * it was not, and so do further attempts.
 */
#ifndef GW_GATEWAY_FETCH_H
#define GW_GATEWAY_FETCH_H

#include "gateway/exchange.h"
#include "model/request.h"

/* For one request, all attempts together. */
#define GW_FETCH_IMAGES_MAX 8u
/* Of one image. As base64 all of them count as if they had come in the request: together with it they are at
 * most max_body_bytes. */
#define GW_FETCH_BYTES_MAX ((size_t)20 << 20)
/* For one image: name, connection and answer together. */
#define GW_FETCH_MS 10000u

struct gw_fetch; /* of an exchange, in its arena; opaque: see fetch.c */

/* What was fetched so far, for the translation. */
const struct gw_fetched *gw_fetch_found(const struct gw_exchange *ex);

/* Is there any use in fetching these? Not when there are too many, an URL is none that is fetched, or one of them
 * could not be fetched before.
 * @param arena  for what has to be decoded
 * @return GW_OK, GW_NO_MEMORY, or GW_UNSUPPORTED: `complaint` says what is wrong with which part */
enum gw_status gw_fetch_check(const struct gw_exchange *ex, const struct gw_wanted *wanted,
                              struct gw_arena *arena, struct gw_complaint *complaint);

/* Begins with the first. The exchange goes on in gw_attempt_fetched() or gw_stages_fetched().
 * @param wanted  checked; must stay, and so must the request's body
 * @return false when the exchange has failed */
bool gw_fetch_begin(struct gw_exchange *ex, const struct gw_wanted *wanted);

/* For gw_exchange_finish(): what is under way is broken off. Harmless when there is nothing. */
void gw_fetch_drop(struct gw_exchange *ex);

#endif
