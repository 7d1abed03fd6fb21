/*
 * gateway/request: the request as it goes to the provider: the caller's bytes, with as few changes
 * as there must be.
 *
 * The caller's fields are copied once, into a block with room in front for what depends on the
 * provider, and behind for the rest and a small body: then all leaves in one piece, and can be sent
 * again from there when the connection turned out to be stale.
 *
 * A managed request may go to another target yet: then the fields stay in the block, and the body as
 * it came is kept, or can be made from what was sent. gw_request_rewind() goes back to that.
 */
#ifndef GW_GATEWAY_REQUEST_H
#define GW_GATEWAY_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "gateway/gateway.h"
#include "provider/provider.h"
#include "wire/splice.h"

/* How requests that have been here say so, in Via. */
#define GW_REQUEST_VIA_NAME "sluice"

struct gw_exchange;
struct gw_request_block;

struct gw_forward {
    struct gw_request_block *block; /* NULL: `memory` is the heap's */
    char *memory;
    size_t room, begin, end;            /* of memory: what has been composed */
    struct gw_str method, below, query; /* of the target */
    /* Body bytes as they came: those that have not been handed over, or, where `keep` is set, all of
     * them but for a body that stands in `memory`. */
    struct gw_buf held;
    /* The body of the attempt in hand where it was made here: translated, or with more cut out of it than splices
     * are for. Nothing of it: what came goes on. */
    struct gw_buf made;
    bool is_made;
    uint64_t body_bytes; /* declared length as it came; meaningless when chunked */
    /* By place; they do not overlap and lie within what is sent first. */
    const struct gw_splice *splices;
    unsigned splices_count;
    struct gw_splice model;  /* the usual one of them */
    struct gw_str model_raw; /* what it replaces, where the body may have to be made again */
    size_t fields_at, fields_len, body_at; /* of memory, once the head is composed */
    struct gw_str fields_saved; /* as they came, where the provider's own headers took some out */
    uint64_t keys;              /* which credential fields were sent: bits 1 << enum gw_field_id */
    bool has_tracestate, has_accept_encoding;
    bool chunked; /* length not known when the head was read */
    bool has_body;
    bool head_sent;
    bool send_chunked;    /* how it goes out */
    bool whole_in_memory; /* head and body stand in `memory`: may be sent again */
    bool keep;            /* for another attempt; false again when the body has become too large */
    bool sent_once;       /* it has */
    bool keys_taken;      /* the caller's credentials are off the fields */
    struct gw_key_fields *shown; /* of a translated passthrough request: what they became */
    struct gw_caller_keys
        *caller_keys; /* where they are off and may be asked for; NULL: not kept */
};

/* Copies what will be forwarded of the caller's head. @param decoded  the body is decoded here: its
 * length and coding change */
enum gw_status gw_request_begin(struct gw_exchange *ex, const struct gw_http1_head *head,
                                struct gw_str bytes, bool decoded);

/* The caller's credentials as they came; empty ones are not there. Valid until the head is composed. */
struct gw_caller_keys gw_request_caller_keys(struct gw_exchange *ex);

/* Sends what is held and then `data` (`last`: the body ends with them), with the head in front the
 * first time; cuts what is to be cut. Only while ex->up stands.
 * @return as gw_up_send(); GW_NO_MEMORY */
enum gw_status gw_request_send(struct gw_exchange *ex, struct gw_str data, bool last);

/* The body as it came, whole, is in forward->held again. Only while forward->keep.
 * @return false when out of memory */
bool gw_request_restore(struct gw_exchange *ex);

/* Back to the start, for another target. Only while forward->keep, or before anything was sent. Splices
 * are to be set anew. @return false when out of memory */
bool gw_request_rewind(struct gw_exchange *ex);

/* What was made for an attempt goes. Harmless when there is nothing. */
void gw_request_unmake(struct gw_exchange *ex);

/* Once more from memory, on a new connection. Only if forward->whole_in_memory. */
enum gw_status gw_request_resend(struct gw_exchange *ex);

/* An answer has begun, and nothing is sent again: what was kept for that goes. Harmless when repeated. */
void gw_request_answered(struct gw_exchange *ex);

/* The memory of the head goes. Harmless when repeated. */
void gw_request_drop(struct gw_exchange *ex);

#endif
