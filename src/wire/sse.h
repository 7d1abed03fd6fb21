/*
 * wire/sse: server-sent events, read at any cut and written (WHATWG HTML §9.2; no I/O).
 *
 * Works on bytes: nothing is decoded, so a UTF-8 sequence cut by a read stays whole. However the
 * bytes are cut, the events are the same. Where a stream only has to be watched, not read, use
 * wire/sse_tap.
 */
#ifndef GW_WIRE_SSE_H
#define GW_WIRE_SSE_H

#include "base/buf.h"

/* One line without its end; and the type, id and data of one event together. */
#define GW_SSE_LINE_BYTES_MAX ((size_t)16 << 20)
#define GW_SSE_EVENT_BYTES_MAX ((size_t)16 << 20)

/* Borrowed for the callback: points into the bytes fed, or into the parser. */
struct gw_sse_event {
    struct gw_str type; /* of the last "event" line; empty when there was none */
    struct gw_str data; /* the data lines, joined by LF; may be empty */
    struct gw_str
        id; /* of this event only: a gateway never reconnects, so none is kept for later events */
    bool incomplete; /* the stream ended before the blank line: see gw_sse_end() */
};

/* Runs once per event, inside of feed or end; must not touch the parser.
 * @return GW_OK to go on; anything else ends the parse, and feed or end returns it */
typedef enum gw_status gw_sse_fn(void *arg, const struct gw_sse_event *event);

/* Private: a value is borrowed from the bytes fed while they are there, and moved to `held` when it
 * outlives them. */
struct gw_sse_part {
    struct gw_str value;
    struct gw_buf held;
};

struct gw_sse {
    /* Private. */
    struct gw_buf line; /* the start of a line whose end has not come */
    struct gw_sse_part type, data, id;
    enum gw_status failed; /* GW_OK, or what every later call returns */
    uint8_t bom;           /* bytes of the byte order mark met; 3 once that is settled */
    bool after_cr;         /* the last byte was CR: a LF now belongs to it */
    bool has_data;
};

/* Allocates nothing. Memory is held only while a line or an event is unfinished. */
void gw_sse_init(struct gw_sse *sse);
void gw_sse_finish(struct gw_sse *sse);

/* Reads on. An event wholly inside `bytes` with one data line is given out without a copy.
 * @return GW_OK; GW_TOO_LARGE; GW_NO_MEMORY; or what `fn` returned. After a failure the rest of
 * `bytes` is not read and later calls return the same. */
enum gw_status gw_sse_feed(struct gw_sse *sse, struct gw_str bytes, gw_sse_fn *fn, void *arg);

/* The stream has ended. What was begun and lacks its blank line (or its line end) is given out with
 * `incomplete` set, if it has data: WHATWG drops it, but servers forget the blank line. The callee
 * must take it only when its data is whole by its own measure, a complete JSON value or "[DONE]";
 * otherwise the stream was cut.
 * @return GW_OK, or what `fn` returned or an earlier call failed with; only gw_sse_finish() may
 * follow */
enum gw_status gw_sse_end(struct gw_sse *sse, gw_sse_fn *fn, void *arg);

/* Writes one event, lines ended by LF. `data` is split at its LF, CR and CRLF into several data
 * lines: a reader gets it back with LF for each of them.
 * @param type  without line ends; empty for none
 * @return GW_OK; GW_INVALID (a line end in `type`); GW_TOO_LARGE or GW_NO_MEMORY; `out` unchanged
 * on failure */
enum gw_status gw_sse_write(struct gw_buf *out, struct gw_str type, struct gw_str data);

#endif
