/*
 * tests: one HTTP/1.1 message read the way a server or a client would, from bytes that come in
 * pieces, and what must hold of every one, however its bytes were cut. For the tests and the fuzz
 * harnesses of wire/http1.
 */
#ifndef GW_TESTS_UNIT_WIRE_HTTP1_MESSAGE_H
#define GW_TESTS_UNIT_WIRE_HTTP1_MESSAGE_H

#include "wire/http1.h"

#include <stdlib.h>

#define MESSAGE_BYTES_MAX 16384u
#define MESSAGE_HEAD_BYTES_MAX 4096u

enum message_kind { REQUEST, RESPONSE, RESPONSE_TO_HEAD };

struct text {
    size_t len;
    char bytes[MESSAGE_BYTES_MAX];
};

struct message {
    enum gw_status status; /* GW_AGAIN: not all of it is there */
    size_t offset;         /* of a failure, from the message's start */
    bool head_done;
    size_t used; /* bytes that belong to the message, as far as read */
    struct gw_http1_head head;
    struct text body;   /* decoded */
    struct text raw;    /* chunked only: what raw mode keeps */
    struct text tapped; /* chunked only: what on_data was told */
    struct gw_chunked decoder, passer;
    const char *broken; /* a property that did not hold */
};

static inline void text_add(struct text *text, const char *bytes, size_t len)
{
    if (len > sizeof text->bytes - text->len)
        abort();
    if (len)
        memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
}

static inline void message_tap(void *arg, struct gw_str data)
{
    text_add(arg, data.base, data.len);
}

/* A copy of its own, so that the address sanitizer sees a byte read past the end. */
static inline char *message_piece(const char *bytes, size_t len)
{
    char *copy = malloc(len ? len : 1);

    if (!copy)
        abort();
    if (len)
        memcpy(copy, bytes, len);
    return copy;
}

static inline void message_feed_head(struct message *m, enum message_kind kind, const char *bytes,
                                     size_t len)
{
    struct gw_err err = {0};
    char *copy = message_piece(bytes, len);
    struct gw_str all = {copy, len};

    m->status = kind == REQUEST ? gw_http1_request_feed(&m->head, all, MESSAGE_HEAD_BYTES_MAX, &err)
                                : gw_http1_response_feed(&m->head, all, MESSAGE_HEAD_BYTES_MAX,
                                                         kind == RESPONSE_TO_HEAD, &err);
    free(copy);
    if (m->status == GW_OK) {
        m->head_done = true;
        m->used = m->head.bytes;
        if (m->head.framing != GW_BODY_NONE &&
            (m->head.framing != GW_BODY_LENGTH || m->head.body_bytes))
            m->status = GW_AGAIN;
    } else if (m->status != GW_AGAIN) {
        m->offset = err.offset;
        if (err.status != m->status || err.offset > len)
            m->broken = "the failure is told as it was";
    }
}

static inline void message_feed_chunked(struct message *m, const char *bytes, size_t len)
{
    struct gw_err err = {0}, raw_err = {0};
    char *copy = message_piece(bytes, len), *raw = message_piece(bytes, len);
    size_t used = 0, kept = 0, raw_used = 0, raw_kept = 0;
    enum gw_status status =
        gw_chunked_feed(&m->decoder, copy, len, false, &used, &kept, NULL, NULL, &err);
    enum gw_status raw_status = gw_chunked_feed(&m->passer, raw, len, true, &raw_used, &raw_kept,
                                                message_tap, &m->tapped, &raw_err);

    if (status != raw_status || used != raw_used || err.offset != raw_err.offset)
        m->broken = "raw mode and decoding agree";
    if (kept > used || raw_kept > raw_used || used > len)
        m->broken = "kept <= used <= len";
    if (status == GW_OK) {
        text_add(&m->body, copy, kept);
        text_add(&m->raw, raw, raw_kept);
        m->used += used;
        m->status = m->decoder.done ? GW_OK : GW_AGAIN;
        if (!m->decoder.done && used != len)
            m->broken = "all bytes are used before the end";
    } else {
        m->status = status;
        m->offset = m->head.bytes + err.offset;
    }
    free(copy);
    free(raw);
}

/* `bytes` are those behind the ones used so far. */
static inline void message_feed_body(struct message *m, const char *bytes, size_t len)
{
    if (m->head.framing == GW_BODY_CHUNKED) {
        message_feed_chunked(m, bytes, len);
        return;
    }
    if (m->head.framing == GW_BODY_LENGTH && len > m->head.body_bytes - m->body.len)
        len = (size_t)(m->head.body_bytes - m->body.len);
    text_add(&m->body, bytes, len);
    m->used += len;
    if (m->head.framing == GW_BODY_LENGTH && m->body.len == m->head.body_bytes)
        m->status = GW_OK;
}

/* Reads `len` bytes that come cut at each of `cuts` (ascending, each <= len). */
static inline void message_read(struct message *m, enum message_kind kind, const char *bytes,
                                size_t len, const size_t *cuts, size_t cuts_count)
{
    memset(m, 0, offsetof(struct message, body));
    m->body.len = m->raw.len = m->tapped.len = 0;
    m->broken = NULL;
    m->status = GW_AGAIN;
    gw_http1_head_init(&m->head);
    gw_chunked_init(&m->decoder);
    gw_chunked_init(&m->passer);
    for (size_t i = 0; i <= cuts_count && m->status == GW_AGAIN; i++) {
        size_t there = i < cuts_count ? cuts[i] : len;
        if (!m->head_done)
            message_feed_head(m, kind, bytes, there);
        if (m->head_done && m->status == GW_AGAIN)
            message_feed_body(m, bytes + m->used, there - m->used);
    }
}

static inline bool text_same(const struct text *a, const struct text *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static inline bool heads_same(const struct gw_http1_head *a, const struct gw_http1_head *b)
{
    for (uint32_t i = 0; i < a->fields_count && i < b->fields_count; i++)
        if (memcmp(&a->fields[i], &b->fields[i], sizeof a->fields[i]) != 0)
            return false;
    return a->bytes == b->bytes && a->fields_count == b->fields_count && a->framing == b->framing &&
           a->body_bytes == b->body_bytes && a->http10 == b->http10 &&
           a->keep_alive == b->keep_alive && a->expect_continue == b->expect_continue &&
           a->has_connection_names == b->has_connection_names && a->method == b->method &&
           a->method_at == b->method_at && a->method_len == b->method_len &&
           a->target == b->target && a->target_len == b->target_len && a->host == b->host &&
           a->host_len == b->host_len && a->code == b->code && a->reason == b->reason &&
           a->reason_len == b->reason_len && a->seen == b->seen;
}

/* What differs between two readings of the same bytes; NULL when nothing does. */
static inline const char *message_difference(const struct message *a, const struct message *b)
{
    if (a->status != b->status)
        return "status";
    if (a->offset != b->offset)
        return "offset of the failure";
    if (a->head_done != b->head_done || (a->head_done && !heads_same(&a->head, &b->head)))
        return "head";
    if (a->status != GW_OK && a->status != GW_AGAIN)
        return NULL; /* how much of a body came before its failure depends on the cut */
    if (a->used != b->used)
        return "bytes used";
    if (!text_same(&a->body, &b->body))
        return "body";
    return text_same(&a->raw, &b->raw) ? NULL : "raw body";
}

static inline bool message_span_fits(uint32_t at, uint32_t span_len, uint32_t len)
{
    return at <= len && span_len <= len - at;
}

/* What must hold of any message that was read; NULL, or the property that does not. */
static inline const char *message_fault(const struct message *m, size_t len)
{
    const struct gw_http1_head *head = &m->head;

    if (m->broken)
        return m->broken;
    if (m->offset > len || m->used > len)
        return "offsets are in range";
    if (!m->head_done)
        return NULL;
    if (!message_span_fits(head->target, head->target_len, head->bytes) ||
        !message_span_fits(head->host, head->host_len, head->bytes) ||
        !message_span_fits(head->method_at, head->method_len, head->bytes) ||
        !message_span_fits(head->reason, head->reason_len, head->bytes))
        return "the start line's spans are in the head";
    for (uint32_t i = 0; i < head->fields_count; i++) {
        const struct gw_http1_field *field = &head->fields[i];
        if (!message_span_fits(field->name, field->name_len, head->bytes) ||
            !message_span_fits(field->value, field->value_len, head->bytes) ||
            field->name + field->name_len >= field->value + 1u || field->name_len == 0)
            return "fields are in the head, the name before the value";
        if (!(head->seen >> field->id & 1))
            return "seen has every field's id";
    }
    if (head->framing == GW_BODY_CHUNKED && !text_same(&m->body, &m->tapped) &&
        (m->status == GW_OK || m->status == GW_AGAIN))
        return "on_data is told the body";
    return NULL;
}

/* What raw mode keeps of a whole body must be a plain chunked body of the same data: reading it
 * changes nothing more. */
static inline const char *message_raw_fault(const struct message *m)
{
    struct gw_chunked again;
    size_t used = 0, kept = 0;
    struct text *copy = malloc(sizeof *copy), *data = malloc(sizeof *data);
    const char *fault = NULL;

    if (!copy || !data)
        abort();
    copy->len = data->len = 0;
    text_add(copy, m->raw.bytes, m->raw.len);
    gw_chunked_init(&again);
    if (gw_chunked_feed(&again, copy->bytes, copy->len, true, &used, &kept, message_tap, data,
                        NULL))
        fault = "what raw mode keeps can be read again";
    else if (used != m->raw.len || kept != used || again.done || !text_same(copy, &m->raw))
        fault = "what raw mode keeps has nothing left to remove";
    else if (!text_same(data, &m->body))
        fault = "what raw mode keeps is the same body";
    text_add(copy, "0\r\n\r\n", copy->len + 5 <= sizeof copy->bytes ? 5 : 0);
    if (!fault && copy->len > m->raw.len &&
        (gw_chunked_feed(&again, copy->bytes + used, 5, true, &used, &kept, NULL, NULL, NULL) ||
         !again.done || used != 5 || kept != 0))
        fault = "the last chunk can follow what raw mode keeps";
    free(copy);
    free(data);
    return fault;
}

#endif
