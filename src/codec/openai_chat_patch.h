/*
 * codec/openai_chat_patch: a chat body for an upstream that speaks chat too, but does not take all of it
 * (translation.md §0, PATCH; §4.2).
 *
 * Members are renamed or left out, roles renamed, ids of calls made to fit; the rest keeps its bytes and its
 * order. What a provider takes as it is, though it prefers another name, is left alone.
 */
#ifndef GW_CODEC_OPENAI_CHAT_PATCH_H
#define GW_CODEC_OPENAI_CHAT_PATCH_H

#include "codec/profile.h"
#include "model/ledger.h"
#include "wire/json_edit.h"

/* What to look for in bodies, so that few of them have to be read. */
struct gw_chat_watch {
    uint64_t keys;           /* gw_json_scan_key_bit() of top-level members */
    uint64_t reasoning_keys; /* and of those that only some models take */
    bool any;                /* false: bodies for this provider are never changed */
    bool always;             /* each has to be read */
    bool roles, names, calls, ids, state, reasoning; /* what messages may hold that matters */
};
/* @param others  other providers of chat are asked in the same conversations, some of which say `reasoning` */
struct gw_chat_watch gw_chat_watch_of(const struct gw_profile *profile, bool others);

/* A glance at a whole body, at the speed of memory. @param keys  of its scan */
bool gw_chat_patch_suspected(const struct gw_chat_watch *watch, struct gw_str model, uint64_t keys,
                             struct gw_str body);

/* The edits. Texts that are made live in edits->arena.
 * @param request  of which only these are used: arena; ledger: what is lost; fetches, fetched; wanted, which is set
 * @return GW_OK; GW_AGAIN: images are wanted first; GW_UNSUPPORTED: it cannot be carried: `complaint`; GW_NO_MEMORY */
enum gw_status gw_chat_patch(const struct gw_target_traits *target, struct gw_request *request,
                             struct gw_json_edits *edits, struct gw_complaint *complaint);

#endif
