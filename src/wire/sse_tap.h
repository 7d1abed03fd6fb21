/*
 * wire/sse_tap: watches an event stream that is forwarded as it came, and notes how it ends.
 *
 * Builds no events, allocates nothing and cannot fail. Runs on every chunk of every passthrough
 * stream, so it looks at the first bytes of each line only, except for a chat chunk's
 * finish_reason. However the bytes are cut, the outcome is the same. It reads lines and events as
 * wire/sse does, without that parser's limits.
 */
#ifndef GW_WIRE_SSE_TAP_H
#define GW_WIRE_SSE_TAP_H

#include "base/str.h"

/* What tells a dialect's end. "Event type" is the event's type or, in its JSON, a leading "type"
 * member. */
enum gw_sse_dialect {
    GW_SSE_CHAT, /* data [DONE]; a finish_reason that is a string; error: a leading "error" member
                  */
    GW_SSE_MESSAGES,  /* event type message_stop; error: event type error */
    GW_SSE_RESPONSES, /* event type response.completed, response.incomplete; error: response.failed,
                         error */
    GW_SSE_OTHER      /* nothing known: any end will do */
};

#define GW_SSE_TAP_HEAD_BYTES                                                                      \
    48u /* of a line; blanks inside of a leading member have to fit in                             \
         */

struct gw_sse_tap {
    /* Outcome so far. Marks count once their event is complete: a stream cut inside of its last
     * event has not ended. */
    uint64_t open_bytes; /* since the last blank line; 0: the bytes so far end in a complete event,
                            or there are none */
    bool done;           /* the dialect's terminal event was met */
    bool finished;       /* GW_SSE_CHAT: some choice has its finish_reason */
    bool error;          /* the upstream reported an error inside of the stream */
    bool saw_data;       /* a data line was met: comments do not count */

    /* Private. */
    uint8_t dialect;                /* enum gw_sse_dialect */
    uint8_t bom;                    /* bytes of the byte order mark met; 3 once that is settled */
    uint8_t key_match;              /* how far into a finish_reason the line is */
    uint8_t event_mark, data_marks; /* of the event under way */
    uint8_t data_lines;             /* of it: 0, 1, or 2 for more */
    bool data_closed;               /* the last of them ended in } or ] */
    bool after_cr;
    char last; /* byte of a line whose end has not come */
    uint8_t head_len;
    char head[GW_SSE_TAP_HEAD_BYTES]; /* of that line */
};

void gw_sse_tap_init(struct gw_sse_tap *tap, enum gw_sse_dialect dialect);

/* The next bytes of the stream, as forwarded. */
void gw_sse_tap_feed(struct gw_sse_tap *tap, struct gw_str bytes);

/* The stream has ended. Servers forget the last blank line: an event without it counts when it has
 * one data line that is whole, by its line end and a closing bracket; and so does a last line
 * without its end when it is "[DONE]" or an object with nothing but a "type". Nothing may be fed
 * afterwards; open_bytes stays as it was. */
void gw_sse_tap_end(struct gw_sse_tap *tap);

/* May an event be added behind the bytes so far without a blank line before it? */
static inline bool gw_sse_tap_at_boundary(const struct gw_sse_tap *tap)
{
    return tap->open_bytes == 0;
}

/* Has the stream told its own end, good or bad? Otherwise it was cut. */
static inline bool gw_sse_tap_has_ended(const struct gw_sse_tap *tap)
{
    return tap->done || tap->finished || tap->error || tap->dialect == GW_SSE_OTHER;
}

#endif
