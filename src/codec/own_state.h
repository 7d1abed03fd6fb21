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
#include "wire/json_edit.h"

/* A glance at a whole body of Responses or Messages, at the speed of memory: may there be such state? False
 * for most. */
bool gw_own_state_suspected(enum gw_codec_id dialect, struct gw_str body);
/* The same for chat, where openai_chat_patch goes on. @param state  whether reasoning members matter
 * @param ids  whether ids of calls longer than OpenAI takes them do */
bool gw_own_state_glance(struct gw_str body, bool state, bool ids);

/* What is to be cut out of a body of Responses or Messages. @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_own_state_cut(enum gw_codec_id dialect, struct gw_json_edits *edits);
/* Is it such a member of an assistant's message in chat? */
bool gw_own_state_is_member(const struct gw_json *json, uint32_t key);

#endif
