/*
 * Chunked bodies (RFC 9112 §7.1) as they pass. Data is skipped over, not copied; the few bytes
 * between are read one by one.
 *
 * In raw mode a byte is kept or dropped at once and for good, because the call that saw it may be
 * over: so leading zeros of a size are always dropped, which makes the size of the last chunk
 * (zeros only) vanish by itself.
 */
#include "wire/http1.h"

#include "wire/http1_bytes.h"

enum chunked_state {
    AT_SIZE,          /* its first digit must come */
    IN_ZEROS,         /* zeros only so far: "0" itself, or in front of a size */
    IN_SIZE,          /* a digit that counts has been seen (and kept) */
    IN_EXTENSION,     /* `left` says whose: 0 is the last chunk's */
    AT_SIZE_LF,       /* to IN_DATA or AT_TRAILER */
    IN_DATA,          /* `left` > 0 bytes more */
    AT_DATA_CR,       /* the CRLF behind the data */
    AT_DATA_LF,       /* back to AT_SIZE */
    AT_TRAILER,       /* a field's first byte or the blank line */
    IN_TRAILER_NAME,  /* to the colon */
    IN_TRAILER_VALUE, /* to the CR */
    AT_TRAILER_LF,    /* back to AT_TRAILER */
    AT_LAST_LF,       /* the end */
    CHUNKED_DONE
};

#define SIZE_DIGITS_MAX 16u

/* 1 + value of a hexadecimal digit; 0: no digit. */
static const uint8_t hex_digits[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* What becomes of the byte just read. */
enum verdict {
    DROP,
    KEEP,     /* framing that raw mode passes on */
    REFUSED,  /* no such byte may stand here */
    TOO_LARGE /* a size, a line or the trailers */
};

/* A byte of a chunk's first line, up to its CR. */
static enum verdict read_size_byte(struct gw_chunked *chunked, char c)
{
    unsigned digit = hex_digits[(unsigned char)c];

    if (c == '\r' && chunked->state != AT_SIZE) {
        chunked->state = AT_SIZE_LF;
        return chunked->left ? KEEP : DROP;
    }
    if (chunked->line_bytes == GW_HTTP1_CHUNK_LINE_MAX)
        return TOO_LARGE;
    chunked->line_bytes++;
    if (chunked->state == IN_EXTENSION)
        return gw_byte_is(c, GW_BYTE_VALUE) ? DROP : REFUSED;
    if (c == ';' && chunked->state != AT_SIZE) {
        chunked->state = IN_EXTENSION;
        return DROP;
    }
    if (digit == 0 || chunked->line_bytes > SIZE_DIGITS_MAX)
        return REFUSED;
    chunked->left = chunked->left << 4 | (digit - 1);
    if (chunked->left > GW_HTTP1_CHUNK_BYTES_MAX)
        return TOO_LARGE;
    chunked->state = chunked->left ? IN_SIZE : IN_ZEROS;
    return chunked->left ? KEEP : DROP;
}

/* Trailer fields are checked like any, and dropped: nobody behind us asked for them (RFC 9110
 * §6.5.1). */
static enum verdict read_trailer_byte(struct gw_chunked *chunked, char c)
{
    uint8_t next = chunked->state;
    bool fits = false;

    if (chunked->trailer_bytes == GW_HTTP1_TRAILER_BYTES_MAX)
        return TOO_LARGE;
    chunked->trailer_bytes++;
    switch (chunked->state) {
    case AT_TRAILER:
        fits = c == '\r' || gw_byte_is(c, GW_BYTE_TOKEN);
        next = c == '\r' ? AT_LAST_LF : IN_TRAILER_NAME;
        break;
    case IN_TRAILER_NAME:
        fits = c == ':' || gw_byte_is(c, GW_BYTE_TOKEN);
        next = c == ':' ? IN_TRAILER_VALUE : IN_TRAILER_NAME;
        break;
    case IN_TRAILER_VALUE:
        fits = c == '\r' || gw_byte_is(c, GW_BYTE_VALUE);
        next = c == '\r' ? AT_TRAILER_LF : IN_TRAILER_VALUE;
        break;
    case AT_TRAILER_LF:
        fits = c == '\n';
        next = AT_TRAILER;
        break;
    case AT_LAST_LF:
        fits = c == '\n';
        next = CHUNKED_DONE;
        break;
    }
    chunked->state = next;
    return fits ? DROP : REFUSED;
}

/* Any byte that is no data. */
static enum verdict read_framing_byte(struct gw_chunked *chunked, char c)
{
    switch (chunked->state) {
    case AT_SIZE:
    case IN_ZEROS:
    case IN_SIZE:
    case IN_EXTENSION:
        return read_size_byte(chunked, c);
    case AT_SIZE_LF:
        chunked->state = chunked->left ? IN_DATA : AT_TRAILER;
        chunked->line_bytes = 0;
        return c != '\n' ? REFUSED : chunked->left ? KEEP : DROP;
    case AT_DATA_CR:
        chunked->state = AT_DATA_LF;
        return c == '\r' ? KEEP : REFUSED;
    case AT_DATA_LF:
        chunked->state = AT_SIZE;
        return c == '\n' ? KEEP : REFUSED;
    default:
        return read_trailer_byte(chunked, c);
    }
}

static enum gw_status fail(struct gw_chunked *chunked, const struct gw_chunked *before, size_t at,
                           enum verdict verdict, struct gw_err *err)
{
    *chunked = *before; /* nothing of this call is passed on: last words must fit what was */
    if (err)
        err->offset = (size_t)chunked->offset + at;
    if (verdict == TOO_LARGE)
        return gw_err_set(err, GW_TOO_LARGE,
                          "could not read the chunked body: a chunk or its framing is too long");
    return gw_err_set(err, GW_INVALID, "could not read the chunked body: broken framing");
}

void gw_chunked_init(struct gw_chunked *chunked)
{
    *chunked = (struct gw_chunked){.state = AT_SIZE};
}

enum gw_status gw_chunked_feed(struct gw_chunked *chunked, char *bytes, size_t len, bool raw,
                               size_t *used_out, size_t *kept_out,
                               void (*on_data)(void *arg, struct gw_str data), void *arg,
                               struct gw_err *err)
{
    const struct gw_chunked before = *chunked;
    size_t at = 0, kept = 0; /* kept <= at: what is moved never covers what is still to be read */

    while (at < len && chunked->state != CHUNKED_DONE) {
        if (chunked->state != IN_DATA) {
            char c = bytes[at];
            enum verdict verdict = read_framing_byte(chunked, c);
            if (verdict == REFUSED || verdict == TOO_LARGE)
                return fail(chunked, &before, at, verdict, err);
            at++;
            if (verdict == KEEP && raw)
                bytes[kept++] = c;
            continue;
        }
        size_t run = len - at < chunked->left ? len - at : (size_t)chunked->left;
        if (raw && on_data)
            on_data(arg, (struct gw_str){bytes + at, run});
        if (kept != at)
            memmove(bytes + kept, bytes + at, run);
        at += run;
        kept += run;
        chunked->left -= run;
        if (chunked->left == 0)
            chunked->state = AT_DATA_CR;
    }
    chunked->offset += at;
    chunked->done = chunked->state == CHUNKED_DONE;
    *used_out = at;
    *kept_out = kept;
    return GW_OK;
}

/* What brings the kept bytes to the start of the open chunk's data, or of the next size line. */
static struct gw_str missing_framing(const struct gw_chunked *chunked)
{
    switch (chunked->state) {
    case IN_SIZE:
    case AT_DATA_CR:
        return GW_STR("\r\n");
    case IN_EXTENSION:
        return chunked->left ? GW_STR("\r\n") : GW_STR("");
    case AT_SIZE_LF:
        return chunked->left ? GW_STR("\n") : GW_STR("");
    case AT_DATA_LF:
        return GW_STR("\n");
    default:
        return GW_STR("");
    }
}

enum gw_status gw_chunked_last_words(const struct gw_chunked *chunked, struct gw_str words,
                                     struct gw_buf *into)
{
    if (words.len == 0) /* its chunk would be the last one */
        return GW_OK;
    bool open = chunked->left !=
                0; /* data is owed: otherwise the last chunk has been read or a size is due */
    enum gw_status status = gw_buf_add(into, missing_framing(chunked));

    if (open && chunked->left >= words.len)
        return status == GW_OK ? gw_buf_add(into, words) : status;
    for (uint64_t i = 0; open && i < chunked->left && status == GW_OK; i++)
        status = gw_buf_add_c(into, '\n');
    if (open && status == GW_OK)
        status = gw_buf_add(into, GW_STR("\r\n"));
    if (status == GW_OK)
        status = gw_buf_printf(into, "%zx\r\n%.*s\r\n", words.len, GW_STR_ARG(words));
    return status;
}
