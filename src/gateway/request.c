#include "gateway/request.h"

#include "gateway/attempt.h"
#include "gateway/translate.h"
#include "provider/provider.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Room in front of the fields for request line and Host; what does not fit is given larger memory.
 */
#define FRONT_BYTES 768u
/* A body over this is not copied behind its head. */
#define SMALL_BODY_BYTES (GW_REQUEST_BLOCK_BYTES - FRONT_BYTES)
/* Two pieces of a body, cut by splices: the model's, and one each of the parameters of a variant and its
 * alias; and head and framing around them. */
#define IOV_MAX_COUNT 48

static const char crlf[] = "\r\n";

#define BIT(field) ((uint64_t)1 << (field))
#define CREDENTIALS                                                                                \
    (BIT(GW_FIELD_AUTHORIZATION) | BIT(GW_FIELD_X_API_KEY) | BIT(GW_FIELD_API_KEY) |               \
     BIT(GW_FIELD_X_GOOG_API_KEY))

/* ---- memory ---- */

/* Makes room for `front` bytes before begin and `back` bytes behind end. */
static bool make_room(struct gw_exchange *ex, size_t front, size_t back)
{
    struct gw_forward *forward = &ex->forward;
    size_t len = forward->end - forward->begin;

    if (forward->begin >= front && forward->room - forward->end >= back)
        return true;
    size_t room = front + len + back, fields = forward->fields_at - forward->begin;
    char *memory = malloc(room);
    if (!memory)
        return false;
    memcpy(memory + front, forward->memory + forward->begin, len);
    gw_request_drop(ex);
    forward->memory = memory;
    forward->room = room;
    forward->begin = front;
    forward->end = front + len;
    forward->fields_at = front + fields;
    return true;
}

void gw_request_drop(struct gw_exchange *ex)
{
    struct gw_forward *forward = &ex->forward;

    if (forward->block)
        gw_request_block_give(gw_exchange_gateway(ex), forward->block);
    else
        free(forward->memory);
    forward->block = NULL;
    forward->memory = NULL;
    forward->room = forward->begin = forward->end = forward->fields_at = 0;
    forward->whole_in_memory = false;
}

void gw_request_answered(struct gw_exchange *ex)
{
    if (ex->forward.keep && !ex->translate)
        gw_buf_finish(&ex->forward.held);
    ex->forward.keep = false;
    gw_request_drop(ex);
}

static void add(struct gw_forward *forward, struct gw_str bytes)
{
    memcpy(forward->memory + forward->end, bytes.base, bytes.len);
    forward->end += bytes.len;
}

static void add_field(struct gw_forward *forward, struct gw_str name, struct gw_str value)
{
    if (!value.base)
        return;
    add(forward, name);
    add(forward, GW_STR(": "));
    add(forward, value);
    add(forward, GW_STR("\r\n"));
}

/* ---- the caller's head ---- */

/* Never goes upstream, whatever the provider (product.md §4). */
static bool is_dropped(const struct gw_http1_head *head, struct gw_str bytes,
                       const struct gw_http1_field *field, bool decoded)
{
    switch ((unsigned)field->id) {
    case GW_FIELD_OTHER:
        return head->has_connection_names && gw_http1_is_hop_by_hop(head, bytes, field);
    case GW_FIELD_HOST:
    case GW_FIELD_CONTENT_LENGTH:
    case GW_FIELD_EXPECT:
    case GW_FIELD_COOKIE:
    case GW_FIELD_FORWARDED:
    case GW_FIELD_TRACEPARENT:
    case GW_FIELD_PREFIX_X_FORWARDED:
    case GW_FIELD_PREFIX_X_GATEWAY:
    case GW_FIELD_PREFIX_X_TO11:
        return true;
    case GW_FIELD_CONTENT_ENCODING:
        return decoded;
    default:
        return gw_http1_is_hop_by_hop(head, bytes, field);
    }
}

enum gw_status gw_request_begin(struct gw_exchange *ex, const struct gw_http1_head *head,
                                struct gw_str bytes, bool decoded)
{
    struct gw_forward *forward = &ex->forward;
    struct gw_gateway *gateway = gw_exchange_gateway(ex);

    forward->block = gw_request_block_take(gateway);
    if (!forward->block)
        return GW_NO_MEMORY;
    forward->memory = forward->block->bytes;
    forward->room = sizeof forward->block->bytes;
    forward->begin = forward->end = forward->fields_at = FRONT_BYTES;
    forward->chunked = head->framing == GW_BODY_CHUNKED || decoded;
    forward->has_body = head->framing != GW_BODY_NONE;
    forward->body_bytes = head->framing == GW_BODY_LENGTH ? head->body_bytes : 0;
    gw_buf_init(&forward->held,
                ex->site->snapshot->config->server.max_body_bytes + GW_HTTP_READ_BYTES);
    if (!make_room(ex, FRONT_BYTES, head->bytes))
        return GW_NO_MEMORY;
    /* Lines that stay are copied as they came, neighbours together. */
    for (uint32_t i = 0; i < head->fields_count; i++) {
        uint32_t from = head->fields[i].name, to = from;
        for (; i < head->fields_count && !is_dropped(head, bytes, &head->fields[i], decoded); i++)
            to = gw_http1_line_end(head, i);
        add(forward, (struct gw_str){bytes.base + from, to - from});
    }
    forward->keys = head->seen & CREDENTIALS;
    forward->has_tracestate = head->seen & BIT(GW_FIELD_TRACESTATE);
    forward->has_accept_encoding = head->seen & BIT(GW_FIELD_ACCEPT_ENCODING);
    return GW_OK;
}

/* ---- what depends on the provider ---- */

/* One line of the composed fields. */
struct line {
    size_t at, len;
    struct gw_str name, value;
};

static bool next_line(const struct gw_forward *forward, size_t *at, struct line *line)
{
    if (*at >= forward->end)
        return false;
    struct gw_str rest = {forward->memory + *at, forward->end - *at};
    line->at = *at;
    line->len = gw_str_find(rest, '\n') + 1;
    size_t colon = gw_str_find(rest, ':');
    line->name = (struct gw_str){rest.base, colon};
    line->value = gw_str_trim((struct gw_str){rest.base + colon + 1, line->len - colon - 3});
    *at += line->len;
    return true;
}

static void remove_line(struct gw_forward *forward, const struct line *line)
{
    char *start = forward->memory + line->at;

    memmove(start, start + line->len, forward->end - line->at - line->len);
    forward->end -= line->len;
}

/* Something else stands for this field, or nothing may. */
static void remove_field(struct gw_forward *forward, struct gw_str name)
{
    struct line line;

    for (size_t at = forward->begin; next_line(forward, &at, &line);) {
        if (gw_str_eq_nocase(line.name, name)) {
            remove_line(forward, &line);
            at = line.at;
        }
    }
}

/* Where a credential field's value is kept; NULL: it is no credential. */
static struct gw_str *key_slot(struct gw_caller_keys *keys, struct gw_str name)
{
    switch ((unsigned)gw_http1_field_id(name)) {
    case GW_FIELD_AUTHORIZATION:
        return &keys->authorization;
    case GW_FIELD_X_API_KEY:
        return &keys->x_api_key;
    case GW_FIELD_API_KEY:
        return &keys->api_key;
    case GW_FIELD_X_GOOG_API_KEY:
        return &keys->x_goog_api_key;
    default:
        return NULL;
    }
}

struct gw_caller_keys gw_request_caller_keys(struct gw_exchange *ex)
{
    const struct gw_forward *forward = &ex->forward;
    struct gw_caller_keys keys = {.authorization = {NULL, 0}};
    struct line line;

    if (forward->caller_keys)
        return *forward->caller_keys;
    if (!forward->keys || forward->keys_taken || forward->shown)
        return keys;
    for (size_t at = forward->begin; next_line(forward, &at, &line);) {
        struct gw_str *slot = key_slot(&keys, line.name);
        if (slot)
            *slot = line.value;
    }
    return keys;
}

/* Another attempt may want to know who the caller is when its keys are gone. @return false when out of memory */
static bool keep_caller_keys(struct gw_exchange *ex)
{
    struct gw_forward *forward = &ex->forward;
    struct gw_caller_keys keys = gw_request_caller_keys(ex);
    struct gw_str *const slots[] = {&keys.authorization, &keys.x_api_key, &keys.api_key,
                                    &keys.x_goog_api_key};

    for (size_t i = 0; i < GW_COUNT(slots); i++)
        if (slots[i]->len) {
            *slots[i] = gw_arena_str(&ex->arena, *slots[i]);
            if (!slots[i]->base)
                return false;
        }
    forward->caller_keys = gw_arena_alloc(&ex->arena, sizeof *forward->caller_keys);
    if (forward->caller_keys)
        *forward->caller_keys = keys;
    return forward->caller_keys != NULL;
}

/* Takes every credential of the caller off the fields, into the arena. */
static bool take_keys(struct gw_exchange *ex, struct gw_caller_keys *keys)
{
    struct gw_forward *forward = &ex->forward;
    struct line line;

    for (size_t at = forward->begin; next_line(forward, &at, &line);) {
        struct gw_str *slot = key_slot(keys, line.name);
        if (!slot)
            continue;
        *slot = gw_arena_str(&ex->arena, line.value);
        if (!slot->base)
            return false;
        remove_line(forward, &line);
        at = line.at;
    }
    return true;
}

static size_t put(char *at, struct gw_str bytes)
{
    memcpy(at, bytes.base, bytes.len);
    return bytes.len;
}

/* The request line and Host, in front of the fields. */
static bool compose_front(struct gw_exchange *ex, struct gw_str query_key)
{
    struct gw_forward *forward = &ex->forward;
    const struct gw_url *url = &ex->provider->base_url;
    struct gw_str base = url->demo ? GW_STR("/v1") : url->path;
    struct gw_str host = url->demo ? GW_STR("demo.localhost") : url->authority;
    struct gw_str below =
        ex->translate ? gw_translate_path(ex->translate->upstream) : forward->below;
    struct gw_str query = ex->translate ? GW_STR("") : forward->query;

    if (base.len + below.len == 0)
        below = GW_STR("/");
    size_t len = forward->method.len + base.len + below.len + query.len + query_key.len + host.len +
                 sizeof "  HTTP/1.1\r\nhost: \r\n";
    if (!make_room(ex, len, 0))
        return false;
    char *start = forward->memory + forward->begin - len, *at = start;
    at += put(at, forward->method);
    *at++ = ' ';
    at += put(at, base);
    at += put(at, below);
    at += put(at, query);
    if (query_key.len) {
        *at++ = query.len ? '&' : '?';
        at += put(at, query_key);
    }
    at += put(at, GW_STR(" HTTP/1.1\r\nhost: "));
    at += put(at, host);
    at += put(at, GW_STR("\r\n"));
    /* Composed from the left: move it up to the fields where an optional byte was not used. */
    size_t made = (size_t)(at - start);
    memmove(start + (len - made), start, made);
    forward->fields_at = forward->begin;
    forward->begin -= made;
    return true;
}

static void add_framing(struct gw_forward *forward, uint64_t body_bytes)
{
    if (forward->send_chunked) {
        add(forward, GW_STR("transfer-encoding: chunked\r\n\r\n"));
    } else if (forward->has_body) {
        add(forward, GW_STR("content-length: "));
        forward->end += gw_u64_to_text(body_bytes, forward->memory + forward->end);
        add(forward, GW_STR("\r\n\r\n"));
    } else {
        add(forward, GW_STR("\r\n"));
    }
}

/* In the caller's own dialect the key goes on as it came. It is moved for a provider of that
 * dialect that reads it elsewhere (Azure's `api-key`, or as the file says); what a native call
 * shows is its own business. */
static bool keeps_keys(const struct gw_exchange *ex)
{
    const struct gw_auth *auth = &ex->provider->auth;

    if (ex->endpoint->handling == GW_HANDLE_NATIVE || !ex->forward.keys)
        return true;
    if (auth->kind == GW_AUTH_BEARER)
        return ex->forward.keys == BIT(GW_FIELD_AUTHORIZATION);
    return ex->caller == GW_CALLER_MESSAGES && auth->kind == GW_AUTH_HEADER &&
           gw_str_eq(auth->name, GW_STR("x-api-key"));
}

/* The provider's own headers take lines out that are the caller's again at another provider. */
static bool save_fields(struct gw_exchange *ex)
{
    struct gw_forward *forward = &ex->forward;

    forward->fields_saved =
        gw_arena_str(&ex->arena, (struct gw_str){forward->memory + forward->begin,
                                                 forward->end - forward->begin});
    return forward->fields_saved.base != NULL;
}

/* translation.md §8.2: what a caller says in its own dialect's headers means nothing in another. A key that
 * makes a call safe to repeat does within one family. The hops are counted across dialects too. */
static void filter_fields(struct gw_exchange *ex)
{
    struct gw_forward *forward = &ex->forward;
    bool one_family =
        (ex->caller == GW_CALLER_MESSAGES) == (ex->translate->upstream->id == GW_CODEC_MESSAGES);
    struct line line;

    for (size_t at = forward->begin; next_line(forward, &at, &line);) {
        if (gw_str_eq_nocase(line.name, GW_STR("tracestate")) ||
            gw_str_eq_nocase(line.name, GW_STR("via")) ||
            (one_family && gw_str_eq_nocase(line.name, GW_STR("idempotency-key"))))
            continue;
        remove_line(forward, &line);
        at = line.at;
    }
}

#define OWN_FIELDS_BYTES 256u
/* Unless the file says something else for this provider. */
static void add_own_field(struct gw_exchange *ex, struct gw_str name, struct gw_str value)
{
    for (uint32_t i = 0; i < ex->provider->headers_count; i++)
        if (gw_str_eq_nocase(ex->provider->headers[i].name, name))
            return;
    add_field(&ex->forward, name, value);
}

static void add_own_fields(struct gw_exchange *ex)
{
    bool stream = gw_translation_streams(ex->translate->translation);

    add_own_field(ex, GW_STR("content-type"), GW_STR("application/json"));
    add_own_field(ex, GW_STR("accept"),
                  stream ? GW_STR("text/event-stream") : GW_STR("application/json"));
    add_own_field(ex, GW_STR("accept-encoding"), GW_STR("identity"));
    add_own_field(ex, GW_STR("user-agent"), GW_STR("sluice/" GW_VERSION));
    if (ex->translate->upstream->id == GW_CODEC_MESSAGES)
        add_own_field(ex, GW_STR("anthropic-version"), GW_STR("2023-06-01"));
}

/* Everything behind the caller's fields, but the body. @param body_bytes  as it will be sent;
 * meaningless when chunked */
static enum gw_status compose_back(struct gw_exchange *ex, const struct gw_key_fields *keys,
                                   uint64_t body_bytes)
{
    struct gw_forward *forward = &ex->forward;
    const struct gw_provider_config *provider = ex->provider;
    size_t back = 512 + OWN_FIELDS_BYTES;
    char traceparent[GW_TRACEPARENT_BYTES];

    for (unsigned i = 0; i < keys->count; i++)
        back += keys->fields[i].name.len + keys->fields[i].value.len + 4;
    if ((provider->headers_count || ex->translate) && forward->keep && !save_fields(ex))
        return GW_NO_MEMORY;
    if (ex->translate)
        filter_fields(ex);
    for (uint32_t i = 0; i < provider->headers_count; i++) {
        remove_field(forward, provider->headers[i].name);
        back += provider->headers[i].name.len + provider->headers[i].value.len + 4;
    }
    /* A stream is read on its way, for its end and what it tells of its usage: so it must come plain. */
    bool plain = !ex->translate && ex->scan.stream.kind == GW_JSON_TRUE &&
                 (forward->has_accept_encoding || ex->meter);
    if (plain)
        remove_field(forward, GW_STR("accept-encoding"));
    if (forward->has_tracestate && !gw_trace_has_parent(&ex->record.trace))
        remove_field(forward, GW_STR("tracestate")); /* of a trace that does not go on */
    forward->fields_len = forward->end - forward->begin;
    if (!make_room(ex, 0, back))
        return GW_NO_MEMORY;
    for (unsigned i = 0; i < keys->count; i++)
        add_field(forward, keys->fields[i].name, keys->fields[i].value);
    for (uint32_t i = 0; i < provider->headers_count; i++)
        add_field(forward, provider->headers[i].name, provider->headers[i].value);
    if (plain)
        add_own_field(ex, GW_STR("accept-encoding"), GW_STR("identity"));
    if (ex->translate)
        add_own_fields(ex);
    add(forward, GW_STR("via: 1.1 " GW_REQUEST_VIA_NAME "\r\n"));
    gw_trace_format(&ex->record.trace, ex->record.trace.attempt_span, traceparent);
    add_field(forward, GW_STR("traceparent"), (struct gw_str){traceparent, sizeof traceparent});
    add_framing(forward, body_bytes);
    return GW_OK;
}

/* Takes every parameter of this name off the query. @return false when out of memory */
static bool drop_parameter(struct gw_exchange *ex, struct gw_str name)
{
    struct gw_str query = ex->forward.query;
    char *kept = gw_arena_bytes(&ex->arena, query.len + 1);
    size_t len = 0;

    if (!kept)
        return false;
    while (query.len) { /* "?a=b" or "&a=b" */
        struct gw_str rest = gw_str_from(query, 1);
        struct gw_str item = {rest.base, gw_str_find(rest, '&')};
        struct gw_str key = {item.base, gw_str_find(item, '=')};
        query = gw_str_from(rest, item.len);
        if (gw_str_eq(key, name))
            continue;
        kept[len] = len ? '&' : '?';
        len++;
        memcpy(kept + len, item.base, item.len);
        len += item.len;
    }
    ex->forward.query = (struct gw_str){kept, len};
    return true;
}

/* All names of such fields begin with one of two letters: most lines need no second look. */
static void drop_keys(struct gw_forward *forward)
{
    char *line = forward->memory + forward->begin, *end = forward->memory + forward->end;

    while (line < end) {
        char first = gw_lower(*line);
        char *next = (char *)memchr(line, '\n', (size_t)(end - line)) + 1;
        struct gw_str rest = {line, (size_t)(next - line)};
        struct gw_str name = {line, 0};
        if (first == 'a' || first == 'x')
            name.len = gw_str_find(rest, ':');
        if (name.len == 0 || !(CREDENTIALS & BIT(gw_http1_field_id(name)))) {
            line = next;
            continue;
        }
        memmove(line, next, (size_t)(end - next));
        end -= rest.len;
    }
    forward->end = (size_t)(end - forward->memory);
}

/* Whatever the caller showed goes nowhere; the target's own credential, if it has one, is shown. */
static enum gw_status replace_keys(struct gw_exchange *ex, const struct gw_target_config *target,
                                   struct gw_key_fields *fields)
{
    struct gw_forward *forward = &ex->forward;
    const struct gw_auth *auth = &ex->provider->auth;
    const struct gw_secret *secret = target->credential.secret;

    if (forward->keys && !forward->keys_taken) {
        if (forward->keep && gw_translate_caller(ex) && !keep_caller_keys(ex))
            return GW_NO_MEMORY;
        drop_keys(forward);
    }
    forward->keys_taken = true;
    if (auth->kind == GW_AUTH_HEADER && gw_http1_field_id(auth->name) == GW_FIELD_OTHER)
        remove_field(forward, auth->name);
    if (auth->kind == GW_AUTH_QUERY && !drop_parameter(ex, auth->name))
        return GW_NO_MEMORY;
    return secret ? gw_provider_show_key(ex->provider, gw_secret_bytes(secret), &ex->arena, fields)
                  : GW_OK;
}

/* The fields are filtered, so they do not come again when the head is composed once more. */
static bool remember_keys(struct gw_exchange *ex, const struct gw_key_fields *fields)
{
    ex->forward.shown = gw_arena_alloc(&ex->arena, sizeof *ex->forward.shown);
    if (ex->forward.shown)
        *ex->forward.shown = *fields;
    return ex->forward.shown != NULL;
}

static enum gw_status compose_head(struct gw_exchange *ex, uint64_t body_bytes)
{
    struct gw_key_fields fields = {.count = 0};
    enum gw_status status = GW_OK;

    if (ex->managed) {
        status = replace_keys(ex, ex->managed->walk.target, &fields);
    } else if (ex->forward.shown) {
        fields = *ex->forward.shown;
    } else if (ex->translate || !keeps_keys(ex)) {
        struct gw_caller_keys keys = {.authorization = {NULL, 0}};
        if (!take_keys(ex, &keys))
            return GW_NO_MEMORY;
        status = gw_provider_move_keys(ex->provider, &keys, &ex->arena, &fields);
        if (ex->translate && status == GW_OK && !remember_keys(ex, &fields))
            status = GW_NO_MEMORY;
    }
    if (status == GW_OK)
        status = compose_back(ex, &fields, body_bytes);
    if (status == GW_OK && !compose_front(ex, fields.query))
        status = GW_NO_MEMORY;
    return status;
}

/* ---- sending ---- */

struct pieces {
    struct iovec iov[IOV_MAX_COUNT];
    int count;
    size_t bytes; /* of body data */
    unsigned next_splice;
};

/* Not cleared: that would cost more than filling it. */
static void pieces_init(struct pieces *pieces)
{
    pieces->count = 0;
    pieces->bytes = 0;
    pieces->next_splice = 0;
}

static void add_piece(struct pieces *pieces, const char *base, size_t len)
{
    if (len == 0)
        return;
    assert(pieces->count < IOV_MAX_COUNT);
    pieces->iov[pieces->count++] = (struct iovec){(char *)(uintptr_t)base, len};
    pieces->bytes += len;
}

/* `bytes`, which stand at `from` of the body, with what is spliced into them. A splice may begin in one
 * piece of the body and end in the next. */
static void add_spliced(struct pieces *pieces, const struct gw_forward *forward,
                        struct gw_str bytes, uint64_t from)
{
    uint64_t end = from + bytes.len, at = from;

    for (; pieces->next_splice < forward->splices_count; pieces->next_splice++) {
        const struct gw_splice *splice = &forward->splices[pieces->next_splice];
        uint64_t splice_end = splice->at + splice->len;
        if (splice->at > end || (splice->at == end && splice->len))
            break;
        if (splice->at >= from) { /* else it began in the piece before */
            add_piece(pieces, bytes.base + (at - from), (size_t)(splice->at - at));
            add_piece(pieces, splice->with.base, splice->with.len);
        }
        at = splice_end < end ? splice_end : end;
        if (splice_end > end)
            return; /* the rest of it lies in the next piece */
    }
    if (at < end)
        add_piece(pieces, bytes.base + (at - from), (size_t)(end - at));
}

static uint64_t spliced_length(const struct gw_forward *forward)
{
    uint64_t length = forward->body_bytes;

    for (unsigned i = 0; i < forward->splices_count; i++)
        length = length - forward->splices[i].len + forward->splices[i].with.len;
    return length;
}

static enum gw_status send_first(struct gw_exchange *ex, struct pieces *body, bool last)
{
    struct gw_forward *forward = &ex->forward;
    uint64_t total = last ? body->bytes : spliced_length(forward);

    forward->send_chunked = forward->has_body && forward->chunked && !last;
    enum gw_status status = compose_head(ex, total);
    if (status != GW_OK)
        return status;
    forward->head_sent = true;
    if (!last || body->bytes > SMALL_BODY_BYTES)
        return GW_AGAIN; /* the head goes as a piece of its own */
    if (!make_room(ex, 0, body->bytes))
        return GW_NO_MEMORY;
    forward->body_at = forward->end - forward->begin;
    for (int i = 0; i < body->count; i++)
        add(forward, (struct gw_str){body->iov[i].iov_base, body->iov[i].iov_len});
    forward->whole_in_memory = true;
    return gw_request_resend(ex);
}

enum gw_status gw_request_resend(struct gw_exchange *ex)
{
    struct gw_forward *forward = &ex->forward;
    struct iovec iov = {forward->memory + forward->begin, forward->end - forward->begin};

    return gw_up_send(ex->up, &iov, 1, true);
}

/* `bytes` of the body have been sent. @return true: it has become too large to be kept */
static bool outgrow_keeping(struct gw_exchange *ex, size_t bytes)
{
    struct gw_forward *forward = &ex->forward;

    if (!forward->keep || bytes <= gw_exchange_config(ex)->server.retry_body_bytes)
        return false;
    forward->keep = false;
    return forward->sent_once = true;
}

/* After the first bytes have been handed over: what of them is not needed any more goes. */
static void release_sent(struct gw_exchange *ex, bool first)
{
    struct gw_forward *forward = &ex->forward;

    if (outgrow_keeping(ex, gw_buf_len(&forward->held)))
        first = true;
    if (forward->keep)
        return;
    gw_buf_finish(&forward->held);
    if (first)
        gw_request_drop(ex); /* too large to be kept for a second try */
}

/* Kept bodies are kept as they came. Once whole in memory, one can be made again from there, unless more
 * than the model was spliced. */
static enum gw_status keep_body(struct gw_exchange *ex, struct gw_str data, bool whole_in_memory)
{
    struct gw_forward *forward = &ex->forward;
    bool simple = forward->splices_count == 0 || forward->splices == &forward->model;

    if (!forward->keep || (whole_in_memory && simple && gw_buf_len(&forward->held) == 0))
        return GW_OK;
    return gw_buf_add(&forward->held, data);
}

static enum gw_status send_pieces(struct gw_exchange *ex, const struct pieces *body, bool first,
                                  bool last)
{
    struct gw_forward *forward = &ex->forward;
    struct pieces all;
    char size_line[24];

    pieces_init(&all);
    if (first)
        add_piece(&all, forward->memory + forward->begin, forward->end - forward->begin);
    if (forward->send_chunked && body->bytes) {
        int len = snprintf(size_line, sizeof size_line, "%zx\r\n", body->bytes);
        add_piece(&all, size_line, (size_t)len);
    }
    for (int i = 0; i < body->count; i++)
        all.iov[all.count++] = body->iov[i];
    if (forward->send_chunked && body->bytes)
        add_piece(&all, crlf, 2);
    if (forward->send_chunked && last)
        add_piece(&all, "0\r\n\r\n", 5);
    return gw_up_send(ex->up, all.iov, all.count, last);
}

/* The body was made here, and is whole. What the caller sent stays: an answer may be written with it. */
static enum gw_status send_made(struct gw_exchange *ex)
{
    struct gw_forward *forward = &ex->forward;
    struct gw_str body = gw_buf_str(&forward->made);

    forward->send_chunked = false;
    enum gw_status status = compose_head(ex, body.len);
    if (status != GW_OK)
        return status;
    forward->head_sent = true;
    struct iovec iov[] = {
        {forward->memory + forward->begin, forward->end - forward->begin},
        {(char *)(uintptr_t)body.base, body.len},
    };
    return gw_up_send(ex->up, iov, (int)GW_COUNT(iov), true);
}

enum gw_status gw_request_send(struct gw_exchange *ex, struct gw_str data, bool last)
{
    struct gw_forward *forward = &ex->forward;
    struct gw_str held = gw_buf_str(&forward->held);
    struct pieces body;
    bool first = !forward->head_sent;
    enum gw_status status;

    if (forward->is_made)
        return send_made(ex);
    pieces_init(&body);
    /* Splices lie in what is sent first: the model was found in it. */
    if (first) {
        add_spliced(&body, forward, held, 0);
        add_spliced(&body, forward, data, held.len);
        status = send_first(ex, &body, last);
        if (forward->whole_in_memory || (status != GW_OK && status != GW_AGAIN)) {
            (void)outgrow_keeping(ex, held.len + data.len);
            if (!forward->keep)
                gw_buf_finish(&forward->held);
            else if (status != GW_NO_MEMORY && keep_body(ex, data, true) != GW_OK)
                status = GW_NO_MEMORY;
            return status;
        }
    } else {
        if (!forward->keep)
            add_piece(&body, held.base, held.len);
        add_piece(&body, data.base, data.len);
    }
    status = send_pieces(ex, &body, first, last);
    if (keep_body(ex, data, false) != GW_OK)
        return GW_NO_MEMORY;
    release_sent(ex, first);
    return status;
}

/* ---- another attempt ---- */

void gw_request_unmake(struct gw_exchange *ex)
{
    if (ex->forward.is_made)
        gw_buf_finish(&ex->forward.made);
    ex->forward.is_made = false;
}

/* The body as it came, from the one that was sent: the model is put back. */
static bool restore_body(struct gw_forward *forward)
{
    struct gw_str sent = {forward->memory + forward->begin + forward->body_at,
                          forward->end - forward->begin - forward->body_at};
    size_t at = sent.len, replaced = 0;

    if (forward->splices_count) {
        at = (size_t)forward->model.at;
        replaced = forward->model.with.len;
    }
    if (gw_buf_add(&forward->held, (struct gw_str){sent.base, at}) != GW_OK)
        return false;
    if (forward->splices_count && gw_buf_add(&forward->held, forward->model_raw) != GW_OK)
        return false;
    return gw_buf_add(&forward->held, gw_str_from(sent, at + replaced)) == GW_OK;
}

bool gw_request_restore(struct gw_exchange *ex)
{
    struct gw_forward *forward = &ex->forward;

    return !forward->head_sent || !forward->whole_in_memory || gw_buf_len(&forward->held) ||
           !forward->has_body || restore_body(forward);
}

bool gw_request_rewind(struct gw_exchange *ex)
{
    struct gw_forward *forward = &ex->forward;

    if (!forward->head_sent)
        return true;
    if (!gw_request_restore(ex))
        return false;
    forward->whole_in_memory = false;
    forward->head_sent = false;
    forward->send_chunked = false;
    forward->begin = forward->fields_at;
    forward->end = forward->begin + forward->fields_len;
    if (forward->fields_saved.base) {
        struct gw_str saved = forward->fields_saved;
        forward->fields_saved = (struct gw_str){NULL, 0};
        forward->end = forward->begin;
        if (!make_room(ex, FRONT_BYTES, saved.len))
            return false;
        add(forward, saved);
    }
    return true;
}
