/*
 * codec/anthropic_messages: what the Messages dialect has beyond struct gw_codec.
 */
#ifndef GW_CODEC_ANTHROPIC_MESSAGES_H
#define GW_CODEC_ANTHROPIC_MESSAGES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* The answer to /v1/messages/count_tokens where the upstream has no such endpoint: an estimate, made without
 * a tokeniser. One token for every four bytes of text, rounded up, over `system`, `messages` and `tools`:
 * strings count without quotes and escapes as they stand, schemas and inputs of calls with all their JSON;
 * an image counts 1600 tokens, as the largest does, a document in base64 a tenth of its bytes; names of
 * members, types, ids and signatures count nothing.
 * @param body  the caller's
 * @return GW_OK; GW_INVALID: no JSON object: err; GW_TOO_LARGE; GW_NO_MEMORY */
enum gw_status gw_messages_count_estimate(struct gw_str body, struct gw_arena *arena,
                                          uint64_t *tokens_out, struct gw_err *err);

#endif
