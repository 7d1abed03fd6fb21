/*
 * codec/own_state: reasoning state of another family in a body that goes out as it came (translation.md §2.7).
 *
 * A caller that was answered by a translation brings back what it was shown: thinking without a signature,
 * carriers, reasoning members of chat. When its next call goes to a provider of its own dialect, these are
 * cut out, and nothing else is touched: that provider would refuse them.
 */
#ifndef GW_CODEC_OWN_STATE_H
#define GW_CODEC_OWN_STATE_H

#include "codec/codec.h"
#include "wire/splice.h"

/* A glance at bytes of a body, at the speed of memory: may there be such state? False for most. */
bool gw_own_state_suspected(enum gw_codec_id dialect, const struct gw_profile *profile,
                            struct gw_str bytes);

/* What is to be cut out of a whole body; *count_out 0: nothing, after all. In `arena`, in their order.
 * @return GW_OK; GW_INVALID: it is no JSON, which is the provider's business; GW_TOO_LARGE; GW_NO_MEMORY */
enum gw_status gw_own_state_cut(enum gw_codec_id dialect, struct gw_str body,
                                struct gw_arena *arena, const struct gw_splice **splices_out,
                                unsigned *count_out);

#endif
