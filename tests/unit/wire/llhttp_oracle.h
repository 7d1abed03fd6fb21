/*
 * tests: llhttp (strict build) as a second opinion on a message that wire/http1 accepts.
 *
 * Whatever we accept, llhttp must accept as the same message: two parsers in a row that agree
 * cannot be played against each other. Where it is stricter than the RFC (or odd) there is a row in
 * exceptions[].
 */
#ifndef GW_TESTS_UNIT_WIRE_LLHTTP_ORACLE_H
#define GW_TESTS_UNIT_WIRE_LLHTTP_ORACLE_H

#include "unit/wire/http1_message.h"

#include <llhttp.h>
#include <stdio.h>

#if !LLHTTP_STRICT_MODE
#error "the oracle is worth something only when llhttp is built with LLHTTP_STRICT_MODE=1"
#endif

/* What llhttp told. */
struct seen {
    enum message_kind kind;
    struct text method, url, reason, names, values, body;
    size_t name_ends[GW_HTTP1_FIELDS_MAX + 1], value_ends[GW_HTTP1_FIELDS_MAX + 1];
    size_t fields_count;
    bool head_done, no_body, done, keep_alive;
};

static int on_method(llhttp_t *parser, const char *at, size_t len)
{
    text_add(&((struct seen *)parser->data)->method, at, len);
    return 0;
}

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
    text_add(&((struct seen *)parser->data)->url, at, len);
    return 0;
}

static int on_status(llhttp_t *parser, const char *at, size_t len)
{
    text_add(&((struct seen *)parser->data)->reason, at, len);
    return 0;
}

static int on_name(llhttp_t *parser, const char *at, size_t len)
{
    struct seen *seen = parser->data;
    if (!seen->head_done) /* not the trailers' */
        text_add(&seen->names, at, len);
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    struct seen *seen = parser->data;
    if (!seen->head_done)
        text_add(&seen->values, at, len);
    return 0;
}

static int on_value_complete(llhttp_t *parser)
{
    struct seen *seen = parser->data;
    if (!seen->head_done && seen->fields_count < GW_HTTP1_FIELDS_MAX) {
        seen->name_ends[seen->fields_count] = seen->names.len;
        seen->value_ends[seen->fields_count++] = seen->values.len;
    }
    return 0;
}

/* 1: no body, which the user of llhttp has to know (node does the same). */
static int on_headers_complete(llhttp_t *parser)
{
    struct seen *seen = parser->data;
    unsigned code = parser->status_code;

    seen->head_done = true;
    seen->keep_alive = llhttp_should_keep_alive(parser); /* later it counts the trailers in */
    seen->no_body = seen->kind != REQUEST &&
                    (seen->kind == RESPONSE_TO_HEAD || code < 200 || code == 204 || code == 304);
    return seen->no_body;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
    text_add(&((struct seen *)parser->data)->body, at, len);
    return 0;
}

static int on_message_complete(llhttp_t *parser)
{
    struct seen *seen = parser->data;
    seen->done = true;
    if (seen->no_body) /* earlier it did not know */
        seen->keep_alive = llhttp_should_keep_alive(parser);
    return HPE_PAUSED;
}

/* Where llhttp refuses what we take. */

struct refusal {
    struct gw_str bytes;
    const struct message *m;
    const llhttp_t *parser;
    llhttp_errno_t error;
    size_t at;
};

/* It knows a list of methods; some of them only for other protocols. */
static bool is_other_method(const struct refusal *refusal)
{
    return refusal->m->head.method == GW_METHOD_OTHER &&
           (refusal->error == HPE_INVALID_METHOD || refusal->error == HPE_INVALID_CONSTANT ||
            refusal->error == HPE_INVALID_VERSION);
}

/* Hosts in absolute-form: fewer bytes than RFC 3986 allows. */
static bool is_absolute_form(const struct refusal *refusal)
{
    const struct gw_http1_head *head = &refusal->m->head;
    return refusal->error == HPE_INVALID_URL &&
           head->target != head->method_at + head->method_len + 1;
}

/* We drop extensions without a look at their grammar, which nobody behind us sees. */
static bool is_extension(const struct refusal *refusal)
{
    if (refusal->m->head.framing != GW_BODY_CHUNKED ||
        (refusal->error != HPE_STRICT && refusal->error != HPE_INVALID_CHUNK_SIZE))
        return false;
    for (size_t i = refusal->at; i > refusal->m->head.bytes; i--)
        if (refusal->bytes.base[i - 1] == ';')
            return true;
        else if (refusal->bytes.base[i - 1] == '\n' && i != refusal->at)
            return false;
    return false;
}

/* It judges framing fields in trailers as if they were in the head; we drop trailers. */
static bool is_framing_in_trailer(const struct refusal *refusal)
{
    return (refusal->parser->flags & F_TRAILING) &&
           (refusal->error == HPE_INVALID_CONTENT_LENGTH ||
            refusal->error == HPE_UNEXPECTED_CONTENT_LENGTH ||
            refusal->error == HPE_INVALID_TRANSFER_ENCODING);
}

static const struct {
    const char *why;
    bool (*applies)(const struct refusal *refusal);
} exceptions[] = {
    {"a method it does not know", is_other_method},
    {"the host of an absolute-form", is_absolute_form},
    {"the grammar of a chunk extension", is_extension},
    {"a framing field among the trailers", is_framing_in_trailer},
};

/* Behind a length or "chunked" it takes the space for a blank, but not the tab that RFC 9110 §5.6.3
 * allows: then it refuses the length, and reads a response to its end. */
static bool has_tab_in_framing(struct gw_str bytes, const struct gw_http1_head *head)
{
    for (uint32_t i = 0; i < head->fields_count; i++) {
        const struct gw_http1_field *field = &head->fields[i];
        struct gw_str rest = gw_str_from(bytes, field->value + field->value_len);
        if ((field->id == GW_FIELD_CONTENT_LENGTH || field->id == GW_FIELD_TRANSFER_ENCODING) &&
            gw_str_find(rest, '\t') < gw_str_find(rest, '\r'))
            return true;
    }
    return false;
}

/* It also takes Proxy-Connection for Connection, and no tab behind an option. */
static bool knows_connection(struct gw_str bytes, const struct gw_http1_head *head)
{
    if (head->seen & (uint64_t)1 << GW_FIELD_PROXY_CONNECTION)
        return false;
    for (uint32_t i = 0; i < head->fields_count; i++) {
        const struct gw_http1_field *field = &head->fields[i];
        struct gw_str rest = gw_str_from(bytes, field->value);
        if (field->id == GW_FIELD_CONNECTION && gw_str_find(rest, '\t') < gw_str_find(rest, '\r'))
            return false;
    }
    return true;
}

static struct gw_str str_of(const struct text *text)
{
    return (struct gw_str){text->bytes, text->len};
}

static const char *compare_fields(const struct seen *seen, struct gw_str bytes,
                                  const struct gw_http1_head *head)
{
    size_t name = 0, value = 0;

    if (seen->fields_count != head->fields_count)
        return "count of fields";
    for (uint32_t i = 0; i < head->fields_count; i++) {
        struct gw_str their_name = {seen->names.bytes + name, seen->name_ends[i] - name};
        struct gw_str their_value = {seen->values.bytes + value, seen->value_ends[i] - value};
        if (!gw_str_eq(their_name, gw_http1_name(&head->fields[i], bytes)))
            return "field name";
        if (!gw_str_eq(gw_str_trim(their_value), gw_http1_value(&head->fields[i], bytes)))
            return "field value";
        name = seen->name_ends[i];
        value = seen->value_ends[i];
    }
    return NULL;
}

static const char *compare_request(const struct seen *seen, struct gw_str bytes,
                                   const struct gw_http1_head *head)
{
    struct gw_str target = gw_str_from(bytes, head->method_at + head->method_len + 1);

    target.len = gw_str_find(target, ' ');
    if (!gw_str_eq(str_of(&seen->method),
                   (struct gw_str){bytes.base + head->method_at, head->method_len}))
        return "method";
    /* llhttp gives an absolute-form as it came; ours is a part of it. */
    return gw_str_eq(str_of(&seen->url), target) ? NULL : "target";
}

static const char *compare(const struct seen *seen, const llhttp_t *parser, struct gw_str bytes,
                           const struct message *m)
{
    const struct gw_http1_head *head = &m->head;
    const char *fault = compare_fields(seen, bytes, head);

    if (!fault && seen->kind == REQUEST)
        fault = compare_request(seen, bytes, head);
    if (fault)
        return fault;
    if (seen->kind != REQUEST &&
        (parser->status_code != head->code ||
         !gw_str_eq(str_of(&seen->reason),
                    (struct gw_str){bytes.base + head->reason, head->reason_len})))
        return "code or reason";
    if (parser->http_major != 1 || parser->http_minor != (head->http10 ? 0 : 1))
        return "version";
    if (!text_same(&seen->body, &m->body))
        return "body";
    if (seen->done != (m->status == GW_OK || head->framing == GW_BODY_TO_CLOSE))
        return "whether the message is whole";
    if (seen->done && head->keep_alive && !seen->keep_alive && knows_connection(bytes, head))
        return "keep-alive";
    return NULL;
}

static const struct llhttp_settings_s settings = {
    .on_method = on_method,
    .on_url = on_url,
    .on_status = on_status,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* @param m  read from `bytes`; one whose head or body was refused is not looked at
 * @return NULL when llhttp takes it too, and as the same message: method, target, version, fields,
 * code, reason, body, end; or when a documented exception applies; else what differs, valid until
 * the next call */
static const char *llhttp_oracle_fault(enum message_kind kind, struct gw_str bytes,
                                       const struct message *m)
{
    static struct seen seen; /* large; one thread */
    static char text[128];
    llhttp_t parser;

    if (!m->head_done || (m->status != GW_OK && m->status != GW_AGAIN) ||
        has_tab_in_framing(bytes, &m->head))
        return NULL;
    seen.kind = kind;
    seen.method.len = seen.url.len = seen.reason.len = 0;
    seen.names.len = seen.values.len = seen.body.len = 0;
    seen.fields_count = 0;
    seen.head_done = seen.done = seen.keep_alive = false;
    llhttp_init(&parser, kind == REQUEST ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    parser.data = &seen;

    struct refusal refusal = {.bytes = bytes, .m = m, .parser = &parser};
    refusal.error = llhttp_execute(&parser, bytes.base, m->used);
    if (refusal.error == HPE_OK && m->head.framing == GW_BODY_TO_CLOSE)
        refusal.error = llhttp_finish(&parser);
    if (refusal.error == HPE_OK || seen.done) {
        if (refusal.error == HPE_PAUSED && m->head.framing != GW_BODY_TO_CLOSE &&
            llhttp_get_error_pos(&parser) != bytes.base + m->used)
            return "end of the message";
        return compare(&seen, &parser, bytes, m);
    }
    refusal.at = (size_t)(llhttp_get_error_pos(&parser) - bytes.base);
    for (size_t i = 0; i < GW_COUNT(exceptions); i++)
        if (exceptions[i].applies(&refusal))
            return NULL;
    (void)snprintf(text, sizeof text, "llhttp refuses it at %zu: %s", refusal.at,
                   llhttp_get_error_reason(&parser));
    return text;
}

#endif
