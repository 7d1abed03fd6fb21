/*
 * wire/sse_drop: leaves one kind of event out of a chat stream that is forwarded as it came: the one that only
 * tells the usage, which nobody but the gateway asked for.
 *
 * It is an event whose data is a JSON object with `choices`, an empty array, and `usage`, an object, as members of
 * its own, none of whose names is written with escapes. It goes whole, with its blank line; all other bytes stay, in
 * their order. However the bytes are cut, the outcome is the same.
 *
 * Nothing waits but the beginning of an event that may be such a one: an ordinary chunk is known by its first
 * choice. Comments before an event are no part of it.
 */
#ifndef GW_WIRE_SSE_DROP_H
#define GW_WIRE_SSE_DROP_H

#include "base/buf.h"

/* A larger event stays, whatever it is. */
#define GW_SSE_DROP_EVENT_MAX ((size_t)16384)

struct gw_sse_drop {
    struct gw_buf dropped; /* the last event that was left out, as it came; empty: none was */

    /* Private. */
    struct gw_buf held; /* of an event that is not decided yet: what earlier calls saw */
    uint64_t
        stack; /* of brackets that are open in a value: a bit each, the innermost lowest: is it an object */
    uint8_t depth;         /* of that stack */
    uint8_t event;         /* where the event under way stands */
    uint8_t line;          /* what of its line is next */
    uint8_t json;          /* what of its object is next */
    uint8_t key_len, keys; /* of the key at hand; a bit for each key that it may become */
    uint8_t key;           /* whose value is at hand: the same bit; 0: of another */
    uint8_t found;         /* of the object: the same bits */
    uint8_t matched;       /* bytes of the field's name */
    uint8_t bom;           /* bytes of the byte order mark met; 3 once that is settled */
    bool escaped;          /* the byte before was a backslash */
    bool after_cr;         /* a LF now belongs to the line before */
    bool lf_goes;          /* and was left out with it */
};

/* Allocates nothing. Memory is held while an event is not decided, and for `dropped`. */
void gw_sse_drop_init(struct gw_sse_drop *drop);
void gw_sse_drop_finish(struct gw_sse_drop *drop);

/* The next bytes of the stream.
 * @param bytes       what stays is moved together within them
 * @param last        the stream ends with them. An event that lacks its blank line goes too, if its object is whole
 * @param before_out  empty and without memory. What earlier calls kept back and what stays after all: it goes in
 *                    front of what is returned, and is the caller's to finish
 * @return what stays of `bytes`. Without memory to keep something back, it stays */
struct gw_str gw_sse_drop_feed(struct gw_sse_drop *drop, char *bytes, size_t len, bool last,
                               struct gw_buf *before_out);

#endif
