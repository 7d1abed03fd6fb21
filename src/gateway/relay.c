/*
 * gateway/relay: the answer on its way back, in the caller's own dialect: the provider's bytes as
 * they were read.
 *
 * Head and body leave in one piece. Two things keep bytes back, neither with a timer: a JSON answer
 * that is not whole yet (so that a broken one can still be told as an error), and the last chunk of
 * a stream (so that one that was cut does not look whole).
 */
#include "gateway/exchange.h"

#include "base/clock.h"
#include "gateway/attempt.h"
#include "gateway/classify.h"
#include "gateway/meter.h"
#include "gateway/patch.h"
#include "gateway/stages.h"
#include "gateway/translate.h"

#include <stdio.h>

/* An answer that is held until it is whole may be this large; a larger one is passed on as it
 * comes. */
#define HELD_BYTES_MAX ((size_t)256 << 10)
#define CHUNK_LINE_BYTES 20u

static struct gw_loop *loop_of(const struct gw_exchange *ex)
{
    return gw_exchange_gateway(ex)->http.loop;
}

/* ---- the head ---- */

static bool starts_nocase(struct gw_str s, struct gw_str prefix)
{
    return s.len >= prefix.len && gw_str_eq_nocase((struct gw_str){s.base, prefix.len}, prefix);
}

static void add(struct gw_gateway *gateway, struct gw_str bytes)
{
    memcpy(gateway->head + gateway->head_len, bytes.base, bytes.len);
    gateway->head_len += bytes.len;
}

/* Fields of the provider's answer that the caller does not get (product.md §4). */
static bool is_dropped(const struct gw_exchange *ex, const struct gw_http1_head *head,
                       struct gw_str bytes, const struct gw_http1_field *field)
{
    switch ((unsigned)field->id) {
    case GW_FIELD_CONTENT_LENGTH:
        return ex->is_stream;
    case GW_FIELD_OTHER:
        return head->has_connection_names && gw_http1_is_hop_by_hop(head, bytes, field);
    case GW_FIELD_SET_COOKIE:
    case GW_FIELD_TRACEPARENT:
    case GW_FIELD_PREFIX_X_GATEWAY:
    case GW_FIELD_PREFIX_X_TO11:
        return true;
    default:
        return gw_http1_is_hop_by_hop(head, bytes, field);
    }
}

static void add_status_line(struct gw_gateway *gateway, const struct gw_http1_head *head,
                            struct gw_str bytes)
{
    struct gw_str reason = {bytes.base + head->reason, head->reason_len};
    char code[4] = {(char)('0' + head->code / 100), (char)('0' + head->code / 10 % 10),
                    (char)('0' + head->code % 10), ' '};

    add(gateway, GW_STR("HTTP/1.1 "));
    add(gateway, (struct gw_str){code, sizeof code});
    add(gateway, reason);
    add(gateway, GW_STR("\r\n"));
}

/* Into gateway->head, without the blank line: what is known late may follow. */
static void compose_head(struct gw_exchange *ex, const struct gw_http1_head *head,
                         struct gw_str bytes)
{
    struct gw_gateway *gateway = gw_exchange_gateway(ex);

    gateway->head_len = 0;
    add_status_line(gateway, head, bytes);
    /* Lines that stay are copied as they came, neighbours together. */
    for (uint32_t i = 0; i < head->fields_count; i++) {
        uint32_t from = head->fields[i].name, to = from;
        for (; i < head->fields_count && !is_dropped(ex, head, bytes, &head->fields[i]); i++)
            to = gw_http1_line_end(head, i);
        add(gateway, (struct gw_str){bytes.base + from, to - from});
    }
    if (ex->out != GW_OUT_AS_IS)
        add(gateway, GW_STR("transfer-encoding: chunked\r\n"));
    if (!ex->keep)
        add(gateway, GW_STR("connection: close\r\n"));
    else if (gw_down_is_http10(ex->down))
        add(gateway, GW_STR("connection: keep-alive\r\n"));
    gateway->head_len += gw_exchange_own_fields(ex, gateway->head + gateway->head_len);
    if (ex->edited)
        add(gateway, ex->edited->line);
}

static enum gw_sse_dialect tap_dialect(const struct gw_exchange *ex)
{
    bool known =
        ex->record.operation == GW_OP_CHAT || ex->record.operation == GW_OP_TEXT_COMPLETION;

    if (!known)
        return GW_SSE_OTHER;
    switch (ex->caller) {
    case GW_CALLER_MESSAGES:
        return GW_SSE_MESSAGES;
    case GW_CALLER_RESPONSES:
        return GW_SSE_RESPONSES;
    case GW_CALLER_CHAT:
    case GW_CALLER_OPENAI:
        break;
    }
    return GW_SSE_CHAT;
}

static void on_data(void *user, struct gw_str data)
{
    struct gw_exchange *ex = user;
    gw_sse_tap_feed(&ex->tap, data);
}

static void choose_framing(struct gw_exchange *ex, struct gw_up *up,
                           const struct gw_http1_head *head)
{
    bool http10 = gw_down_is_http10(ex->down);

    ex->out = GW_OUT_AS_IS;
    ex->keep = gw_down_may_keep(ex->down);
    ex->bodiless = head->framing == GW_BODY_NONE;
    if (head->framing == GW_BODY_CHUNKED && !http10 && !ex->metered) {
        ex->out = GW_OUT_RAW;
        gw_up_raw(up, ex->is_stream ? on_data : NULL);
    } else if (head->framing == GW_BODY_CHUNKED || head->framing == GW_BODY_TO_CLOSE ||
               (head->framing == GW_BODY_LENGTH && ex->is_stream)) {
        /* A stream leaves without a length, so that there is room to say that it was cut. */
        if (http10)
            ex->keep = false; /* HTTP/1.0 has nothing but the connection's end */
        else
            ex->out = GW_OUT_CHUNKING;
    }
}

static void on_head(struct gw_up *up, const struct gw_http1_head *head, struct gw_str bytes)
{
    struct gw_exchange *ex = gw_up_user(up);
    const struct gw_http1_field *type = gw_http1_field_by_id(head, GW_FIELD_CONTENT_TYPE);
    const struct gw_http1_field *coding = gw_http1_field_by_id(head, GW_FIELD_CONTENT_ENCODING);
    struct gw_str media = type ? gw_http1_value(type, bytes) : GW_STR("");
    bool ok = head->code >= 200 && head->code < 300;

    if (ex->managed && gw_attempt_passes_over(ex, head, bytes))
        return;
    ex->record.at_ns[GW_AT_UPSTREAM_HEAD] = gw_loop_now_ns(loop_of(ex));
    ex->record.status = head->code;
    if (head->code >= 400)
        ex->record.error_type = GW_ERROR_STATUS;
    ex->is_stream = ok && starts_nocase(media, GW_STR("text/event-stream"));
    if (ex->is_stream) {
        gw_exchange_stream_began(ex);
        /* A stream that came compressed cannot be read beside its way: then its framing alone tells
         * its end. */
        gw_sse_tap_init(&ex->tap, coding ? GW_SSE_OTHER : tap_dialect(ex));
        if (ex->meter && !coding)
            gw_meter_answer(ex);
        gw_up_deadline(up, ex->timeouts.idle_ms);
    }
    ex->holding = !ex->is_stream && head->framing != GW_BODY_NONE &&
                  starts_nocase(media, GW_STR("application/json")) &&
                  (head->framing != GW_BODY_LENGTH || head->body_bytes <= HELD_BYTES_MAX);
    if (!ex->holding || !ex->forward.keep)
        gw_request_answered(ex);
    choose_framing(ex, up, head);
    compose_head(ex, head, bytes);
}

/* ---- the body ---- */

/* The caller has gone, or the exchange cannot go on after its answer has begun. */
static void break_off(struct gw_exchange *ex, enum gw_error_type type, bool reset)
{
    struct gw_down *down = ex->down;

    ex->record.error_type = type;
    ex->down = NULL;
    gw_exchange_finish(ex);
    gw_down_abort(down, reset);
}

/* A stream that ends before its time: says so in the caller's dialect, and ends the connection
 * without ending the body. */
static void cut_stream(struct gw_exchange *ex, enum gw_fault fault,
                       const struct gw_chunked *chunked, bool ended, const char *message)
{
    struct gw_down *down = ex->down;
    struct gw_buf words, framed;

    gw_buf_init(&words, 8192);
    gw_buf_init(&framed, 65536);
    enum gw_status status = GW_OK;
    /* Closes an event that is open. The tap may have seen bytes of a read whose framing was broken,
     * which never left: so only a stream that ended by itself is known to stand between two events.
     */
    if (!ended || !gw_sse_tap_at_boundary(&ex->tap))
        status = gw_buf_add(&words, GW_STR("\n\n"));
    if (status == GW_OK)
        status = gw_reply_error_event(&words, ex->caller, fault, gw_str_of(message),
                                      ex->record.request_id);
    if (status == GW_OK && ex->out == GW_OUT_RAW)
        status = gw_chunked_last_words(chunked, gw_buf_str(&words), &framed);
    else if (status == GW_OK && ex->out == GW_OUT_CHUNKING)
        status = gw_buf_printf(&framed, "%zx\r\n%.*s\r\n", gw_buf_len(&words),
                               GW_STR_ARG(gw_buf_str(&words)));
    else if (status == GW_OK)
        status = gw_buf_add(&framed, gw_buf_str(&words));
    struct gw_str bytes = gw_buf_str(&framed);
    struct iovec iov = {(char *)(uintptr_t)bytes.base, bytes.len};
    if (status == GW_OK && gw_down_send(down, &iov, 1) == GW_IO)
        status = GW_IO;
    gw_buf_finish(&words);
    gw_buf_finish(&framed);
    ex->record.error_type = gw_fault_row(fault)->error_type;
    gw_attempt_ended(ex, GW_OUTCOME_UPSTREAM_BROKEN); /* unless its loss was counted */
    ex->down = NULL;
    gw_exchange_finish(ex);
    if (status == GW_OK)
        gw_down_end(down, false);
    else
        gw_down_abort(down, true);
}

/* Waits for the rest of a JSON answer. @return false when it is not (or no longer) to be held */
static bool hold(struct gw_exchange *ex, struct gw_str bytes, bool last)
{
    struct gw_gateway *gateway = gw_exchange_gateway(ex);

    if (!ex->holding || last)
        return false;
    if (!ex->held_head.base) {
        gw_buf_init(&ex->held_body, HELD_BYTES_MAX + GW_HTTP_READ_BYTES);
        ex->held_head = gw_arena_str(&ex->arena, (struct gw_str){gateway->head, gateway->head_len});
        if (!ex->held_head.base) {
            ex->holding = false;
            return false;
        }
    }
    if (gw_buf_len(&ex->held_body) + bytes.len > HELD_BYTES_MAX ||
        gw_buf_add(&ex->held_body, bytes) != GW_OK) {
        ex->holding = false;
        return false;
    }
    return true;
}

/* The head is about to leave: what is known late is added, and the blank line. */
static void commit(struct gw_exchange *ex, struct gw_str bytes)
{
    struct gw_gateway *gateway = gw_exchange_gateway(ex);

    if (ex->held_head.base) {
        gateway->head_len = 0;
        add(gateway, ex->held_head);
    }
    if (ex->record.status >= 400) {
        struct gw_str body = gw_buf_len(&ex->held_body) ? gw_buf_str(&ex->held_body) : bytes;
        add(gateway, GW_STR("x-to11-error-code: "));
        add(gateway, gw_classify_upstream(ex->record.status, body));
        add(gateway, GW_STR("\r\nx-to11-upstream-provider: "));
        add(gateway, ex->provider->name);
        add(gateway, GW_STR("\r\n"));
    }
    add(gateway, GW_STR("\r\n"));
    gw_exchange_move(ex, GW_EX_RELAYING);
    ex->head_sent = true;
    gw_request_answered(ex);
    if (ex->managed)
        gw_attempt_answered(ex);
}

/* Sends head (may be empty), held bytes and `bytes` with their framing, in one piece where they
 * stand in one. */
static enum gw_status send_bytes(struct gw_exchange *ex, struct gw_str head, struct gw_str bytes,
                                 bool end)
{
    struct gw_gateway *gateway = gw_exchange_gateway(ex);
    struct gw_str held = gw_buf_str(&ex->held_body), line = {"", 0};
    size_t in_chunk = held.len + bytes.len;
    char size_line[CHUNK_LINE_BYTES];
    char *start = (char *)(uintptr_t)bytes.base, *tail = start + bytes.len;

    if (ex->out == GW_OUT_CHUNKING && in_chunk) {
        int len = snprintf(size_line, sizeof size_line, "%zx\r\n", in_chunk);
        line = (struct gw_str){size_line, (size_t)len};
        memcpy(tail, "\r\n", 2); /* GW_UP_TAILROOM is for this */
        tail += 2;
    }
    if (end && ex->out != GW_OUT_AS_IS) {
        memcpy(tail, "0\r\n\r\n", 5);
        tail += 5;
    }
    if (held.len == 0 && gw_http_has_headroom(&gateway->http, start, head.len + line.len)) {
        start -= line.len;
        memcpy(start, line.base, line.len);
        start -= head.len;
        memcpy(start, head.base, head.len);
        struct iovec iov = {start, (size_t)(tail - start)};
        return iov.iov_len ? gw_down_send(ex->down, &iov, 1) : GW_OK;
    }
    struct iovec iov[] = {
        {(char *)(uintptr_t)head.base, head.len},
        {(char *)(uintptr_t)line.base, line.len},
        {(char *)(uintptr_t)held.base, held.len},
        {start, (size_t)(tail - start)},
    };
    return gw_down_send(ex->down, iov, (int)GW_COUNT(iov));
}

static void on_body(struct gw_up *up, struct gw_str bytes, bool last)
{
    struct gw_exchange *ex = gw_up_user(up);
    struct gw_gateway *gateway = gw_exchange_gateway(ex);
    struct gw_str head = {"", 0};
    bool cut = false;

    if (ex->metered)
        bytes = gw_meter_filter(ex, bytes, last);
    if (!ex->head_sent) {
        if (hold(ex, bytes, last))
            return;
        commit(ex, bytes);
        head = (struct gw_str){gateway->head, gateway->head_len};
    }
    ex->record.bytes_out += gw_buf_len(&ex->held_body) + bytes.len;
    if (ex->is_stream && ex->out != GW_OUT_RAW)
        gw_sse_tap_feed(&ex->tap, bytes);
    if (ex->is_stream && last) {
        gw_sse_tap_end(&ex->tap);
        cut = !gw_sse_tap_has_ended(&ex->tap);
    }
    enum gw_status status = send_bytes(ex, head, bytes, last && !cut);
    if (gw_buf_len(&ex->held_body))
        gw_buf_finish(&ex->held_body);
    if (status == GW_IO) {
        break_off(ex, GW_ERROR_CLIENT_DISCONNECT, true);
    } else if (cut) {
        struct gw_chunked whole;
        gw_chunked_init(&whole);
        cut_stream(ex, GW_FAULT_TRUNCATED, &whole, true, "upstream stream ended before completion");
    } else if (!last) {
        if (status == GW_AGAIN) {
            gw_up_pause(up);
            gw_up_deadline(up, 0); /* the caller's slowness is not the provider's silence */
        } else if (ex->is_stream) {
            gw_up_deadline(up, ex->timeouts.idle_ms);
        }
        gw_exchange_charge(ex);
    }
}

void gw_relay_resume(struct gw_exchange *ex)
{
    gw_up_deadline(ex->up, ex->is_stream ? ex->timeouts.idle_ms : ex->timeouts.total_ms);
    gw_up_resume(ex->up);
}

static void on_end(void *user)
{
    struct gw_exchange *ex = user;
    struct gw_down *down = ex->down;
    bool keep = ex->keep;

    ex->up = NULL;
    ex->record.at_ns[GW_AT_UPSTREAM_END] = gw_loop_now_ns(loop_of(ex));
    gw_attempt_ended(ex, gw_outcome_of_status(ex->record.status));
    ex->down = NULL;
    gw_exchange_finish(ex);
    gw_down_end(down, keep);
}

/* ---- faults ---- */

static const struct gw_loss_told faults[] = {
    [GW_UP_OVERLOADED] = {GW_FAULT_OVERLOADED, GW_ERROR_OVERLOADED, GW_OUTCOME_OVERLOADED},
    [GW_UP_DNS] = {GW_FAULT_UNREACHABLE, GW_ERROR_DNS, GW_OUTCOME_DNS_ERROR},
    [GW_UP_CONNECT] = {GW_FAULT_UNREACHABLE, GW_ERROR_CONNECTION, GW_OUTCOME_CONNECTION_ERROR},
    /* Nothing was sent: for what follows it is a connection that was not made, not a slow answer. */
    [GW_UP_CONNECT_TIMEOUT] = {GW_FAULT_TIMEOUT, GW_ERROR_TIMEOUT, GW_OUTCOME_CONNECTION_ERROR},
    [GW_UP_TLS] = {GW_FAULT_UNREACHABLE, GW_ERROR_TLS, GW_OUTCOME_TLS_ERROR},
    [GW_UP_RESET] = {GW_FAULT_BROKEN, GW_ERROR_CONNECTION, GW_OUTCOME_CONNECTION_ERROR},
    [GW_UP_BROKEN] = {GW_FAULT_BROKEN, GW_ERROR_UPSTREAM_BROKEN, GW_OUTCOME_UPSTREAM_BROKEN},
    [GW_UP_TRUNCATED] = {GW_FAULT_BROKEN, GW_ERROR_UPSTREAM_BROKEN, GW_OUTCOME_UPSTREAM_BROKEN},
    [GW_UP_TIMEOUT] = {GW_FAULT_TIMEOUT, GW_ERROR_TIMEOUT, GW_OUTCOME_TIMEOUT},
};

const struct gw_loss_told *gw_relay_told(enum gw_up_fault fault)
{
    return &faults[fault];
}

/* Which of the four clocks it was. */
static enum gw_timeout_clock clock_of(const struct gw_exchange *ex, enum gw_up_fault fault)
{
    if (fault == GW_UP_CONNECT_TIMEOUT)
        return GW_TIMEOUT_CONNECT;
    if (fault != GW_UP_TIMEOUT)
        return GW_TIMEOUT_NONE;
    if (ex->is_stream)
        return GW_TIMEOUT_IDLE;
    bool begun = ex->head_sent || ex->holding || (ex->translate && ex->translate->status);
    return begun ? GW_TIMEOUT_WHOLE : GW_TIMEOUT_FIRST_BYTE;
}

void gw_relay_describe_loss(struct gw_exchange *ex, const struct gw_up_loss *loss, char *into,
                            size_t room)
{
    const struct gw_timeouts *timeouts = &ex->timeouts;

    ex->record.error_type = faults[loss->fault].type;
    ex->record.timed_out = clock_of(ex, loss->fault);
    switch (ex->record.timed_out) {
    case GW_TIMEOUT_FIRST_BYTE:
        (void)snprintf(into, room, "no answer came within %u ms (timeout_ms)", timeouts->total_ms);
        return;
    case GW_TIMEOUT_WHOLE:
        (void)snprintf(into, room, "the answer was not whole within %u ms (timeout_ms)",
                       timeouts->total_ms);
        return;
    case GW_TIMEOUT_IDLE:
        (void)snprintf(into, room, "within the stream: nothing came for %u ms (idle_timeout_ms)",
                       timeouts->idle_ms);
        return;
    case GW_TIMEOUT_CONNECT: /* io/ says it, with the address */
    case GW_TIMEOUT_NONE:
        break;
    }
    (void)snprintf(into, room, "%s", loss->err->message);
}

/* The caller has seen nothing yet. */
void gw_relay_fail_lost(struct gw_exchange *ex, enum gw_fault fault, const char *what)
{
    const struct gw_target_config *target = ex->managed ? ex->managed->walk.target : NULL;
    char of_target[512] = "", once[128] = "";

    if (target)
        (void)snprintf(of_target, sizeof of_target, ", target \"%.*s\" (attempt %u)",
                       GW_STR_ARG(target->name), ex->record.attempts);
    if (target && ex->record.sent_once)
        (void)snprintf(once, sizeof once,
                       "; the request's body is over retry_body_bytes (%llu), so it was sent once",
                       (unsigned long long)gw_exchange_config(ex)->server.retry_body_bytes);
    gw_exchange_fail(ex, fault, "provider \"%.*s\"%s: %s%s", GW_STR_ARG(ex->provider->name),
                     of_target, what, once);
}

/* May the request go out once more? Only when it certainly does nothing twice: the connection was
 * stale, and either the peer has taken nothing or the method allows it (RFC 9110 §9.2.2). */
bool gw_relay_may_resend(const struct gw_exchange *ex, const struct gw_up_loss *loss)
{
    struct gw_str method = ex->forward.method;
    bool idempotent = gw_str_eq(method, GW_STR("GET")) || gw_str_eq(method, GW_STR("HEAD")) ||
                      gw_str_eq(method, GW_STR("DELETE")) || gw_str_eq(method, GW_STR("PUT")) ||
                      gw_str_eq(method, GW_STR("OPTIONS"));

    return loss->fault == GW_UP_RESET && loss->reused && !ex->resent &&
           (ex->forward.whole_in_memory || ex->forward.keep || ex->forward.is_made) &&
           (loss->none_taken || idempotent);
}

static void on_fail(void *user, const struct gw_up_loss *loss)
{
    struct gw_exchange *ex = user;
    const struct gw_loss_told *fault = &faults[loss->fault];
    char what[GW_LOSS_BYTES];

    ex->up = NULL;
    if (gw_relay_may_resend(ex, loss)) {
        gw_stages_resend(ex);
        return;
    }
    if (ex->managed && ex->head_sent)
        gw_attempt_ended(ex, fault->outcome);
    else if (ex->managed && gw_attempt_lost(ex, fault->outcome))
        return;
    gw_relay_describe_loss(ex, loss, what, sizeof what);
    if (!ex->head_sent)
        gw_relay_fail_lost(ex, fault->fault, what);
    else if (ex->is_stream)
        cut_stream(ex, loss->fault == GW_UP_TIMEOUT ? GW_FAULT_TIMEOUT : GW_FAULT_TRUNCATED,
                   loss->chunked, false,
                   loss->fault == GW_UP_TIMEOUT ? what : "upstream stream ended before completion");
    else
        /* Its length, or its missing last chunk, tells the caller; where only the end would, a
         * reset does. */
        break_off(ex, fault->type, true);
}

const struct gw_up_handler gw_relay_handler = {
    .on_ready = gw_stages_on_ready,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .on_writable = gw_stages_on_writable,
    .on_fail = on_fail,
};
