/*
 * wire/http1: HTTP/1.1 messages as RFC 9112 has them, strictly; no I/O, no allocation.
 *
 * Heads are parsed in place: the caller keeps all bytes of a head in one piece of memory, which may
 * move between calls; the head holds offsets, not pointers. Bodies are parsed as they pass.
 * Whatever way the bytes are cut, the outcome is the same. Refused, because two parsers could read
 * it in two ways: bare LF and bare CR, obs-fold, a blank before a colon or a name that is no token,
 * control bytes, NUL, both Content-Length and Transfer-Encoding, repeated or signed or listed
 * lengths, codings other than exactly one "chunked", Transfer-Encoding on HTTP/1.0, CONNECT.
 *
 * http1.c reads heads, http1_fields.c knows the names, http1_chunked.c reads bodies.
 */
#ifndef GW_WIRE_HTTP1_H
#define GW_WIRE_HTTP1_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define GW_HTTP1_FIELDS_MAX 128u
/* All Connection fields of a head together: every other field is looked up in them. */
#define GW_HTTP1_CONNECTION_BYTES_MAX 512u
#define GW_HTTP1_CHUNK_BYTES_MAX ((uint64_t)1 << 40)
#define GW_HTTP1_CHUNK_LINE_MAX 256u /* size and extensions of one chunk */
#define GW_HTTP1_TRAILER_BYTES_MAX 8192u

enum gw_http1_method {
    GW_METHOD_GET,
    GW_METHOD_HEAD,
    GW_METHOD_POST,
    GW_METHOD_PUT,
    GW_METHOD_DELETE,
    GW_METHOD_PATCH,
    GW_METHOD_OPTIONS,
    GW_METHOD_OTHER /* any other token */
};

/* Fields that something here looks at. Sorted by name in http1.c's table. */
enum gw_field_id {
    GW_FIELD_OTHER,
    GW_FIELD_ACCEPT_ENCODING,
    GW_FIELD_ANTHROPIC_VERSION,
    GW_FIELD_API_KEY,
    GW_FIELD_AUTHORIZATION,
    GW_FIELD_CONNECTION,
    GW_FIELD_CONTENT_ENCODING,
    GW_FIELD_CONTENT_LENGTH,
    GW_FIELD_CONTENT_TYPE,
    GW_FIELD_COOKIE,
    GW_FIELD_DATE,
    GW_FIELD_EXPECT,
    GW_FIELD_FORWARDED,
    GW_FIELD_HOST,
    GW_FIELD_KEEP_ALIVE,
    GW_FIELD_PROXY_AUTHENTICATE,
    GW_FIELD_PROXY_AUTHORIZATION,
    GW_FIELD_PROXY_CONNECTION,
    GW_FIELD_RETRY_AFTER,
    GW_FIELD_SET_COOKIE,
    GW_FIELD_TE,
    GW_FIELD_TRACEPARENT,
    GW_FIELD_TRACESTATE,
    GW_FIELD_TRAILER,
    GW_FIELD_TRANSFER_ENCODING,
    GW_FIELD_UPGRADE,
    GW_FIELD_USER_AGENT,
    GW_FIELD_VIA,
    GW_FIELD_X_API_KEY,
    GW_FIELD_X_GOOG_API_KEY,
    GW_FIELD_X_REQUEST_ID,
    GW_FIELD_PREFIX_X_FORWARDED, /* any x-forwarded-… */
    GW_FIELD_PREFIX_X_GATEWAY,   /* any x-gateway-… */
    GW_FIELD_PREFIX_X_TO11,      /* any x-to11-… */
    GW_FIELD_IDS                 /* must stay last */
};

struct gw_http1_field {
    uint32_t name, name_len;   /* offsets from the start of the head */
    uint32_t value, value_len; /* trimmed */
    enum gw_field_id id;
};

enum gw_http1_framing {
    GW_BODY_NONE,   /* no body follows */
    GW_BODY_LENGTH, /* body_bytes follow; may be 0 */
    GW_BODY_CHUNKED,
    GW_BODY_TO_CLOSE /* responses only */
};

struct gw_http1_head {
    /* Outcome; valid once gw_http1_*_feed() said GW_OK. */
    uint32_t bytes; /* of the whole head, the blank line included */
    uint32_t fields_count;
    enum gw_http1_framing framing;
    uint64_t body_bytes;
    bool http10; /* HTTP/1.0; anything else accepted is 1.1 */
    /* May the connection be used again: by version, Connection and framing. Also false after a 1xx
     * or 204 that announces a body it cannot have: what follows is then anybody's guess. */
    bool keep_alive;
    bool expect_continue;
    bool has_connection_names; /* Connection names fields other than close and keep-alive: they are
                                  hop-by-hop too */
    /* Requests. */
    enum gw_http1_method method;
    uint32_t method_at, method_len; /* at 0 unless empty lines were skipped */
    /* Origin-form ("/…") always; absolute-form is cut down to it (no path: one slash of its "//"; a
     * query without a path is refused); "*" only with OPTIONS. Visible ASCII without '#'. */
    uint32_t target, target_len;
    /* The Host field's value (of absolute-form: its authority, RFC 9112 §3.2.2), checked:
     * host[:port]. Exactly one field; HTTP/1.0 may have none. May be empty. */
    uint32_t host, host_len;
    /* Responses. */
    unsigned code;
    uint32_t reason, reason_len;
    uint64_t seen; /* bit (1 << id) for each gw_field_id met */
    struct gw_http1_field fields[GW_HTTP1_FIELDS_MAX];

    /* Private: where the parser goes on. */
    uint32_t at, mark; /* next byte; start of what is being read */
    uint32_t connection_bytes;
    uint8_t state;
    bool has_length, has_coding, has_authority, says_close, says_keep_alive;
};

/* Clears what has to be cleared (not the field table). */
void gw_http1_head_init(struct gw_http1_head *head);

/* Goes on where the last call stopped: no byte is looked at twice for long, however slowly they
 * come. What can never become a head is refused as soon as its first wrong byte is there.
 * @param bytes      all bytes of the message so far, from its first one; may hold more than the
 * head
 * @param bytes_max  limit of the head
 * @return GW_OK; GW_AGAIN: call again with more bytes behind the same ones; GW_INVALID;
 * GW_TOO_LARGE (bytes_max, GW_HTTP1_FIELDS_MAX or GW_HTTP1_CONNECTION_BYTES_MAX); GW_UNSUPPORTED
 * (an HTTP version other than 1.0 and 1.1, or the preface of HTTP/2). After a failure `err->offset`
 * is the offending byte and the connection cannot be used again. Empty lines (CRLF) before a
 * request line are skipped, at most 4 (RFC 9112 §2.2): head->bytes counts them. */
enum gw_status gw_http1_request_feed(struct gw_http1_head *head, struct gw_str bytes,
                                     size_t bytes_max, struct gw_err *err);

/* @param no_body  the request was HEAD: no body follows, whatever the fields say
 * 1xx heads are given out like any other (framing NONE); 204 and 304 have no body. */
enum gw_status gw_http1_response_feed(struct gw_http1_head *head, struct gw_str bytes,
                                      size_t bytes_max, bool no_body, struct gw_err *err);

/* Where the line of field `i` ends, its CRLF included; it begins at its name, and the next one
 * there. */
static inline uint32_t gw_http1_line_end(const struct gw_http1_head *head, uint32_t i)
{
    return i + 1 < head->fields_count ? head->fields[i + 1].name : head->bytes - 2;
}

/* The first field with this id (not for GW_FIELD_OTHER), or NULL. */
const struct gw_http1_field *gw_http1_field_by_id(const struct gw_http1_head *head,
                                                  enum gw_field_id id);
/* The first field of this name, case-insensitive, or NULL; `bytes` as given to feed. */
const struct gw_http1_field *gw_http1_field_by_name(const struct gw_http1_head *head,
                                                    struct gw_str bytes, struct gw_str name);
static inline struct gw_str gw_http1_name(const struct gw_http1_field *field, struct gw_str bytes)
{
    return (struct gw_str){bytes.base + field->name, field->name_len};
}
static inline struct gw_str gw_http1_value(const struct gw_http1_field *field, struct gw_str bytes)
{
    return (struct gw_str){bytes.base + field->value, field->value_len};
}
/* Is this field for one connection only (RFC 9110 §7.6.1): Connection, Keep-Alive, Proxy-*, TE,
 * Trailer, Transfer-Encoding, Upgrade, or named by Connection? */
bool gw_http1_is_hop_by_hop(const struct gw_http1_head *head, struct gw_str bytes,
                            const struct gw_http1_field *field);
/* The id of a field name. */
enum gw_field_id gw_http1_field_id(struct gw_str name);
/* "GET", …; "OTHER". */
struct gw_str gw_http1_method_name(enum gw_http1_method method);
enum gw_http1_method gw_http1_method_of(struct gw_str name);
/* "OK", "Not Found", …; "Status" for codes without a name here. */
struct gw_str gw_http1_reason(unsigned code);

/* A chunked body as it passes. */
struct gw_chunked {
    bool done; /* the last chunk and its trailers have been read */

    /* Private. */
    uint8_t state;
    uint32_t line_bytes, trailer_bytes;
    uint64_t left;   /* of the current chunk's data; while its size is read, that */
    uint64_t offset; /* bytes of the body read so far */
};

void gw_chunked_init(struct gw_chunked *chunked);

/* Reads on through `bytes` (which it may change) and stops after the body's end.
 * @param raw  true: keep the framing. What must not be passed on (chunk extensions, trailer fields)
 * and leading zeros of sizes are removed in place; nothing else moves. The last chunk ("0\r\n\r\n")
 * is *not* kept: the caller writes it when the end is to be told. false: only the data stays.
 * @param used_out  how many bytes of `bytes` belong to the body
 * @param kept_out  how many bytes, from bytes.base on, are left to pass on (<= used)
 * @return GW_OK (look at chunked->done) or GW_INVALID / GW_TOO_LARGE (a size, a line or the
 * trailers); nothing of that call may be passed on, and `chunked` is as before it. err->offset
 * counts from the start of the body. In raw mode `on_data` (may be NULL) is told each run of data
 * bytes, in order, before anything is moved. */
enum gw_status gw_chunked_feed(struct gw_chunked *chunked, char *bytes, size_t len, bool raw,
                               size_t *used_out, size_t *kept_out,
                               void (*on_data)(void *arg, struct gw_str data), void *arg,
                               struct gw_err *err);

/* Last words on a body that was passed on in raw mode and then lost at `chunked`: adds the bytes
 * that carry `words` to the reader in whatever chunk is open, or in one of their own. What is still
 * owed to an open chunk is paid in line feeds. The body stays without its last chunk, so it does
 * not look whole. Empty `words` add nothing. */
enum gw_status gw_chunked_last_words(const struct gw_chunked *chunked, struct gw_str words,
                                     struct gw_buf *into);

#endif
