/*
 * wire/multipart: finds the field "model" of a multipart/form-data body as it streams past (RFC
 * 7578, RFC 2046 §5.1).
 *
 * Keeps header lines and the two small fields looked at; files are only searched for their end. The
 * outcome does not depend on how the bytes are cut. Strict where two readers could see two forms: a
 * preamble or epilogue, bare LF line ends in headers, blanks behind a boundary, a boundary line
 * begun by a bare LF or straight behind the headers, folded header lines, a part without exactly
 * one Content-Disposition, a field looked at that comes twice, as a file or encoded.
 */
#ifndef GW_WIRE_MULTIPART_H
#define GW_WIRE_MULTIPART_H

#include "base/buf.h"

#define GW_MULTIPART_BOUNDARY_MAX 70u
#define GW_MULTIPART_HEADER_BYTES_MAX                                                              \
    8192u /* of one part, line ends and the blank line included                                    \
           */
#define GW_MULTIPART_PARTS_MAX 1024u
#define GW_MULTIPART_VALUE_MAX 256u /* of "model" and of "stream" */

/* A field's raw value: where it stands in the body, in bytes from its start, and a copy. */
struct gw_multipart_field {
    uint64_t begin, end;
    bool seen;    /* complete */
    uint16_t len; /* end - begin */
    char value[GW_MULTIPART_VALUE_MAX];
};

struct gw_multipart {
    /* Outcome so far. */
    struct gw_multipart_field model;
    struct gw_multipart_field stream;
    bool stream_true; /* "stream" was "true", in any case of letters */
    bool done;        /* the closing boundary was met */
    uint64_t offset;  /* bytes scanned */

    /* Private. */
    enum gw_status failed;
    uint32_t parts, header_bytes;
    uint8_t state;
    uint8_t matched; /* bytes of `delimiter` met */
    uint8_t delimiter_len;
    uint8_t target; /* which field this part is */
    bool has_disposition, is_file, is_encoded;
    bool cr_before; /* the byte before the delimiter begun, or before the next byte, is CR */
    uint64_t content_begin;
    struct gw_buf line;                            /* a header line under way */
    char delimiter[3 + GW_MULTIPART_BOUNDARY_MAX]; /* LF "--" boundary; the CR before it is checked
                                                      apart */
};

/* @param content_type  the request's field value; borrowed for the call. The boundary is a token or
 * a quoted string of 1 to 70 characters that RFC 2046 allows
 * @return GW_OK, then gw_multipart_finish() in the end; GW_UNSUPPORTED: another media type;
 * GW_INVALID: no boundary, a bad one or several */
enum gw_status gw_multipart_init(struct gw_multipart *form, struct gw_str content_type,
                                 struct gw_err *err);
void gw_multipart_finish(struct gw_multipart *form);

/* Scans on.
 * @return GW_OK; GW_INVALID or GW_TOO_LARGE (a limit above), `err->offset` from the body's start;
 * GW_NO_MEMORY. Later calls return the same. Look at the outcome after any call: a second "model"
 * may still come until `done`. */
enum gw_status gw_multipart_feed(struct gw_multipart *form, struct gw_str bytes,
                                 struct gw_err *err);

/* After the last byte: GW_INVALID when the closing boundary never came. */
enum gw_status gw_multipart_end(struct gw_multipart *form, struct gw_err *err);

static inline struct gw_str gw_multipart_value(const struct gw_multipart_field *field)
{
    return (struct gw_str){field->value, field->len};
}

#endif
