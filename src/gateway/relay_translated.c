/*
 * gateway/relay_translated: the answer on its way back when it is in another dialect: declared in translate.h.
 *
 * Nothing of the provider's bytes goes to the caller. A stream is written event by event, flushed with each
 * read; before its first event a failure is still an error of HTTP, and another target may answer. Whatever is
 * no stream is read to its end first.
 */
#include "base/clock.h"
#include "gateway/attempt.h"
#include "gateway/classify.h"
#include "gateway/stages.h"
#include "gateway/translate.h"
#include "gateway/translate_fields.h"
#include "wire/inflate.h"

#include <stdio.h>

/* A whole answer, and what of an error is looked at. */
#define ANSWER_BYTES_MAX ((size_t)256 << 20)
#define ERROR_BYTES_MAX ((size_t)1 << 20)
/* What one read of the provider can become. */
#define OUT_BYTES_MAX ((size_t)512 << 20)
#define COMMIT_MS 10000u
#define QUIET_MS 15000u
#define FIELDS_BYTES_MAX 16384u

static struct gw_loop *loop_of(const struct gw_exchange *ex)
{
    return gw_exchange_gateway(ex)->http.loop;
}

static bool is_ok(const struct gw_translate *translate)
{
    return translate->status >= 200 && translate->status < 300;
}

static void keep_turn(struct gw_exchange *ex)
{
    gw_translation_keep(ex->translate->translation, gw_loop_now_ns(loop_of(ex)) / GW_NS_PER_MS);
}

/* ---- the head ---- */

static void take_fields(struct gw_exchange *ex, const struct gw_http1_head *head,
                        struct gw_str bytes)
{
    struct gw_buf lines;

    gw_buf_init(&lines, FIELDS_BYTES_MAX);
    gw_translate_fields(head, bytes, ex->caller == GW_CALLER_MESSAGES,
                        ex->translate->upstream->id == GW_CODEC_MESSAGES,
                        gw_clock_wall_ns() / 1000000000u, &lines);
    ex->translate->fields = gw_arena_str(&ex->arena, gw_buf_str(&lines));
    gw_buf_finish(&lines);
}

static bool starts_nocase(struct gw_str s, struct gw_str prefix)
{
    return s.len >= prefix.len && gw_str_eq_nocase((struct gw_str){s.base, prefix.len}, prefix);
}

/* It came, but is no answer, and nothing has been said yet. Another target may answer. */
static void broken(struct gw_exchange *ex, const char *what)
{
    if (ex->managed && gw_attempt_lost(ex, GW_OUTCOME_UPSTREAM_BROKEN))
        return;
    if (ex->up)
        gw_up_abandon(ex->up);
    ex->up = NULL;
    gw_exchange_fail(ex, GW_FAULT_BROKEN, "provider \"%.*s\": %s", GW_STR_ARG(ex->provider->name),
                     what);
}

/* @return false when the exchange is over */
static bool begin_unpacking(struct gw_exchange *ex, struct gw_str coding)
{
    struct gw_translate *translate = ex->translate;
    struct gw_err err = {.offset = 0};

    if (coding.len == 0 || gw_str_eq_nocase(coding, GW_STR("identity")))
        return true;
    enum gw_status status = gw_inflate_create(coding, ANSWER_BYTES_MAX, &translate->inflate, &err);
    if (status == GW_NO_MEMORY) {
        gw_stages_overloaded(ex);
        return false;
    }
    if (status == GW_OK)
        return true;
    translate->unreadable = true;
    if (!is_ok(translate))
        return true; /* its status says enough */
    broken(ex, err.message);
    return false;
}

static void on_quiet(struct gw_timer *timer);

static void on_head(struct gw_up *up, const struct gw_http1_head *head, struct gw_str bytes)
{
    struct gw_exchange *ex = gw_up_user(up);
    struct gw_translate *translate = ex->translate;
    const struct gw_http1_field *type = gw_http1_field_by_id(head, GW_FIELD_CONTENT_TYPE);
    const struct gw_http1_field *coding = gw_http1_field_by_id(head, GW_FIELD_CONTENT_ENCODING);
    struct gw_str media = type ? gw_http1_value(type, bytes) : GW_STR("");

    if (ex->managed && gw_attempt_passes_over(ex, head, bytes))
        return;
    ex->record.at_ns[GW_AT_UPSTREAM_HEAD] = gw_loop_now_ns(loop_of(ex));
    translate->status = head->code;
    translate->came_as_stream =
        is_ok(translate) && starts_nocase(media, GW_STR("text/event-stream"));
    gw_buf_init(&translate->in, is_ok(translate) ? ANSWER_BYTES_MAX : ERROR_BYTES_MAX);
    gw_buf_init(&translate->out, OUT_BYTES_MAX);
    take_fields(ex, head, bytes);
    if (!begin_unpacking(ex, coding ? gw_http1_value(coding, bytes) : GW_STR("")))
        return;
    /* For a caller that did not ask for a stream it is read to its end. */
    ex->is_stream = translate->came_as_stream && gw_translation_streams(translate->translation);
    if (!ex->is_stream)
        return;
    gw_exchange_stream_began(ex);
    gw_up_deadline(up, ex->timeouts.idle_ms);
    translate->flushed_ns = gw_loop_now_ns(loop_of(ex));
    translate->quiet.on_timer = on_quiet;
    gw_loop_timer_set(loop_of(ex), &translate->quiet, COMMIT_MS);
}

static void add_number(struct gw_buf *head, uint64_t number)
{
    char digits[GW_U64_DIGITS_MAX];

    (void)gw_buf_add(head, (struct gw_str){digits, gw_u64_to_text(number, digits)});
}

/* The caller's head, into gateway->head. @param length  of the body; SIZE_MAX: not known */
static struct gw_str compose_head(struct gw_exchange *ex, unsigned status, bool stream,
                                  size_t length)
{
    struct gw_gateway *gateway = gw_exchange_gateway(ex);
    const struct gw_translate *translate = ex->translate;
    bool http10 = gw_down_is_http10(ex->down);
    struct gw_str reason = gw_http1_reason(status);
    struct gw_buf head = {
        .base = gateway->head, .room = sizeof gateway->head, .max = sizeof gateway->head};
    char own[GW_OWN_FIELDS_BYTES_MAX];
    size_t own_len = gw_exchange_own_fields(ex, own);

    (void)gw_translate_note(ex); /* without memory for it the answer goes all the same */
    ex->out = length == SIZE_MAX && !http10 ? GW_OUT_CHUNKING : GW_OUT_AS_IS;
    ex->keep = gw_down_may_keep(ex->down) && (length != SIZE_MAX || !http10);
    (void)gw_buf_add(&head, GW_STR("HTTP/1.1 "));
    add_number(&head, status);
    const struct gw_str rest[] = {GW_STR(" "), reason, GW_STR("\r\n")};
    (void)gw_buf_add_all(&head, rest, GW_COUNT(rest));
    (void)gw_buf_add(&head, stream ? GW_STR("content-type: text/event-stream; charset=utf-8\r\n"
                                            "cache-control: no-cache\r\nx-accel-buffering: no\r\n")
                                   : GW_STR("content-type: application/json\r\n"));
    if (length != SIZE_MAX) {
        (void)gw_buf_add(&head, GW_STR("content-length: "));
        add_number(&head, length);
        (void)gw_buf_add(&head, GW_STR("\r\n"));
    } else if (!http10) {
        (void)gw_buf_add(&head, GW_STR("transfer-encoding: chunked\r\n"));
    }
    if (!ex->keep)
        (void)gw_buf_add(&head, GW_STR("connection: close\r\n"));
    else if (http10)
        (void)gw_buf_add(&head, GW_STR("connection: keep-alive\r\n"));
    (void)gw_buf_add(&head, translate->fields);
    (void)gw_buf_add(&head, (struct gw_str){own, own_len});
    (void)gw_buf_add(&head, translate->own);
    (void)gw_buf_add(&head, GW_STR("\r\n"));
    return gw_buf_str(&head);
}

static void committed(struct gw_exchange *ex, unsigned status)
{
    ex->record.status = status;
    gw_loop_timer_clear(loop_of(ex), &ex->translate->quiet);
    gw_exchange_move(ex, GW_EX_RELAYING);
    ex->head_sent = true;
    gw_buf_finish(&ex->forward.made);
    gw_request_answered(ex);
    if (ex->managed)
        gw_attempt_answered(ex);
}

/* ---- a stream ---- */

/* What has been written leaves, with the head in front the first time. @param end  with the last chunk */
static enum gw_status flush(struct gw_exchange *ex, bool end)
{
    struct gw_translate *translate = ex->translate;
    struct gw_str body = gw_buf_str(&translate->out), head = {"", 0};
    char line[24] = "";
    int line_len = 0;
    bool chunking;

    if (!ex->head_sent) {
        committed(ex, 200);
        head = compose_head(ex, 200, true, SIZE_MAX);
    }
    chunking = ex->out == GW_OUT_CHUNKING;
    if (chunking && body.len)
        line_len = snprintf(line, sizeof line, "%zx\r\n", body.len);
    const char *tail = !chunking         ? ""
                       : body.len && end ? "\r\n0\r\n\r\n"
                       : end             ? "0\r\n\r\n"
                       : body.len        ? "\r\n"
                                         : "";
    struct iovec iov[] = {
        {(char *)(uintptr_t)head.base, head.len},
        {line, (size_t)line_len},
        {(char *)(uintptr_t)body.base, body.len},
        {(char *)(uintptr_t)tail, strlen(tail)},
    };
    ex->record.bytes_out += body.len;
    enum gw_status status = gw_down_send(ex->down, iov, (int)GW_COUNT(iov));
    gw_buf_finish(&translate->out);
    translate->flushed_ns = gw_loop_now_ns(loop_of(ex));
    return status;
}

/* The caller's answer is over; the provider's may not be. */
static void finish(struct gw_exchange *ex, enum gw_status sent, bool keep)
{
    struct gw_down *down = ex->down;

    if (ex->up)
        gw_up_abandon(ex->up);
    ex->up = NULL;
    ex->record.at_ns[GW_AT_UPSTREAM_END] = gw_loop_now_ns(loop_of(ex));
    ex->down = NULL;
    gw_exchange_finish(ex);
    if (sent == GW_IO)
        gw_down_abort(down, true);
    else
        gw_down_end(down, keep);
}

static enum gw_outcome outcome_of(enum gw_failure_class class)
{
    switch (class) {
    case GW_CLASS_RATE_LIMIT:
        return GW_OUTCOME_RATE_LIMITED;
    case GW_CLASS_TIMEOUT:
        return GW_OUTCOME_REQUEST_TIMEOUT;
    case GW_CLASS_INTERNAL:
    case GW_CLASS_OVERLOADED:
    case GW_CLASS_GATEWAY_TIMEOUT:
        return GW_OUTCOME_SERVER_ERROR;
    case GW_CLASS_BAD_GATEWAY:
        return GW_OUTCOME_UPSTREAM_BROKEN;
    case GW_CLASS_BAD_REQUEST:
    case GW_CLASS_CONTEXT:
    case GW_CLASS_AUTH:
    case GW_CLASS_BILLING:
    case GW_CLASS_PERMISSION:
    case GW_CLASS_NOT_FOUND:
    case GW_CLASS_CONFLICT:
    case GW_CLASS_TOO_LARGE:
    case GW_CLASS_UNPROCESSABLE:
    case GW_CLASS_CANCELLED:
    case GW_CLASSES:
        break;
    }
    return GW_OUTCOME_CLIENT_ERROR;
}

static bool may_go_elsewhere(enum gw_outcome outcome)
{
    return outcome != GW_OUTCOME_CLIENT_ERROR;
}

/* An error with its own status, before anything else was answered. */
static void answer_error(struct gw_exchange *ex, unsigned status, struct gw_str body,
                         struct gw_str class)
{
    struct gw_translate *translate = ex->translate;
    struct gw_buf fields;

    gw_buf_init(&fields, FIELDS_BYTES_MAX * 2);
    (void)gw_buf_add(&fields, translate->fields);
    (void)gw_buf_printf(&fields, "x-to11-error-code: %.*s\r\nx-to11-upstream-provider: %.*s\r\n",
                        GW_STR_ARG(class), GW_STR_ARG(ex->provider->name));
    ex->record.error_type = GW_ERROR_STATUS;
    gw_loop_timer_clear(loop_of(ex), &translate->quiet);
    if (ex->up)
        gw_up_abandon(ex->up);
    ex->up = NULL;
    gw_exchange_answer(ex, status, GW_STR("application/json"), gw_buf_str(&fields), body);
    gw_buf_finish(&fields);
}

/* The status that would have come with it, where the caller's own is not the one that tells most. */
static unsigned status_of(enum gw_failure_class class, unsigned status)
{
    if (class == GW_CLASS_OVERLOADED)
        return 529;
    return class == GW_CLASS_BILLING ? 402 : status;
}

/* An error that the provider told inside of an answer that began well. */
static void told_failure(struct gw_exchange *ex)
{
    struct gw_translate *translate = ex->translate;
    const struct gw_failure_told *told = gw_translation_failure(translate->translation);
    enum gw_outcome outcome = outcome_of(told->class);
    struct gw_buf body;
    unsigned status = 502;

    if (ex->managed && may_go_elsewhere(outcome) && gw_attempt_lost(ex, outcome))
        return;
    gw_attempt_ended(ex, outcome);
    gw_buf_init(&body, ERROR_BYTES_MAX);
    if (gw_translation_tell(translate->translation, told, &body, &status) == GW_OK)
        answer_error(ex, status, gw_buf_str(&body),
                     gw_classify_upstream(status_of(told->class, status), told->message.raw));
    else
        gw_stages_overloaded(ex);
    gw_buf_finish(&body);
}

/* What feeding or ending the stream has led to. @return false when the exchange is over */
static bool after_stream(struct gw_exchange *ex, enum gw_status status)
{
    struct gw_translate *translate = ex->translate;

    if (status == GW_NO_MEMORY) {
        if (!ex->head_sent) {
            gw_stages_overloaded(ex);
            return false;
        }
        struct gw_down *down = ex->down;
        ex->record.error_type = GW_ERROR_OVERLOADED;
        ex->down = NULL;
        gw_exchange_finish(ex);
        gw_down_abort(down, true);
        return false;
    }
    if (status == GW_UNSUPPORTED) {
        told_failure(ex);
        return false;
    }
    if (status == GW_EOF) {
        bool failed = gw_translation_has_failed(translate->translation);
        bool cut = failed && !gw_translation_failure(translate->translation)->by_upstream;
        if (failed && ex->record.error_type == GW_ERROR_NONE)
            ex->record.error_type = GW_ERROR_UPSTREAM_BROKEN;
        keep_turn(ex);
        /* A cut stream never looks whole: no last chunk, and the connection closes. One whose error the
         * provider told has come to its end, as it has where nothing is translated: clients that read on
         * behind the error, as they do in Responses, find that end. */
        enum gw_status sent = flush(ex, !cut);
        gw_attempt_ended(ex, failed ? GW_OUTCOME_UPSTREAM_BROKEN : GW_OUTCOME_SUCCESS);
        finish(ex, sent, ex->keep && !cut);
        return false;
    }
    if (gw_buf_len(&translate->out) == 0)
        return true;
    enum gw_status sent = flush(ex, false);
    if (sent == GW_IO) {
        struct gw_down *down = ex->down;
        ex->record.error_type = GW_ERROR_CLIENT_DISCONNECT;
        ex->down = NULL;
        gw_exchange_finish(ex);
        gw_down_abort(down, true);
        return false;
    }
    if (!gw_timer_is_set(&translate->quiet) && ex->caller == GW_CALLER_MESSAGES)
        gw_loop_timer_set(loop_of(ex), &translate->quiet, QUIET_MS);
    if (sent == GW_AGAIN) {
        translate->paused = true;
        gw_up_pause(ex->up);
        gw_up_deadline(ex->up, 0); /* the caller's slowness is not the provider's silence */
    }
    gw_exchange_charge(ex);
    return true;
}

/* The provider thinks for long: the caller is told that something is coming, and those whose dialect has an
 * event for it that it still is. Nothing of this is a word of the provider. */
static void on_quiet(struct gw_timer *timer)
{
    struct gw_translate *translate =
        (struct gw_translate *)((char *)timer - offsetof(struct gw_translate, quiet));
    struct gw_exchange *ex = translate->ex;
    uint64_t wait_ms = ex->head_sent ? QUIET_MS : COMMIT_MS;
    uint64_t quiet_ms = (gw_loop_now_ns(loop_of(ex)) - translate->flushed_ns) / GW_NS_PER_MS;

    if (!ex->up)
        return;
    if (quiet_ms < wait_ms || translate->paused) {
        gw_loop_timer_set(loop_of(ex), &translate->quiet,
                          quiet_ms < wait_ms ? wait_ms - quiet_ms : QUIET_MS);
        return;
    }
    enum gw_status status = gw_translation_ping(translate->translation, &translate->out);
    (void)after_stream(ex, status);
}

/* ---- a whole answer ---- */

static void whole_error(struct gw_exchange *ex)
{
    struct gw_translate *translate = ex->translate;
    struct gw_str told = translate->unreadable ? GW_STR("") : gw_buf_str(&translate->in);
    struct gw_buf body;
    unsigned status = 502;

    gw_attempt_ended(ex, gw_outcome_of_status(translate->status));
    gw_buf_init(&body, ERROR_BYTES_MAX * 2);
    if (gw_translation_error(translate->translation, translate->status, told, &body, &status) ==
        GW_OK)
        /* A redirection is told as a broken answer. */
        answer_error(ex, status, gw_buf_str(&body),
                     gw_classify_upstream(translate->status < 400 ? 502 : translate->status, told));
    else
        gw_stages_overloaded(ex);
    gw_buf_finish(&body);
}

static void whole_answer(struct gw_exchange *ex)
{
    struct gw_translate *translate = ex->translate;
    struct gw_err err = {.offset = 0};

    enum gw_status status =
        gw_translation_answer(translate->translation, gw_buf_str(&translate->in),
                              translate->came_as_stream, &translate->out, &err);
    if (status == GW_UNSUPPORTED) {
        told_failure(ex);
        return;
    }
    if (status == GW_NO_MEMORY || status == GW_TOO_LARGE) {
        gw_stages_overloaded(ex);
        return;
    }
    if (status != GW_OK) {
        broken(ex, err.message);
        return;
    }
    keep_turn(ex);
    struct gw_str body = gw_buf_str(&translate->out);
    bool stream = gw_translation_streams(translate->translation);
    if (!gw_translate_note(ex)) { /* the answer may have lost something too */
        gw_stages_overloaded(ex);
        return;
    }
    committed(ex, 200);
    struct gw_str head = compose_head(ex, 200, stream, body.len);
    struct iovec iov[] = {{(char *)(uintptr_t)head.base, head.len},
                          {(char *)(uintptr_t)body.base, body.len}};
    ex->record.bytes_out += body.len;
    enum gw_status sent = gw_down_send(ex->down, iov, (int)GW_COUNT(iov));
    gw_attempt_ended(ex, GW_OUTCOME_SUCCESS);
    finish(ex, sent, ex->keep);
}

/* ---- the body ---- */

/* What came cannot be read on. @return false: the exchange is over, or goes on elsewhere */
static bool unreadable(struct gw_exchange *ex, const char *what)
{
    struct gw_translate *translate = ex->translate;

    translate->unreadable = true;
    if (!is_ok(translate))
        return true; /* an error without words */
    if (!ex->is_stream) {
        broken(ex, what);
        return false;
    }
    const struct gw_failure_told cut = {
        .class = GW_CLASS_BAD_GATEWAY,
        .code = GW_TEXT("upstream_protocol"),
        .message = gw_text_escape(gw_str_of(what), &ex->arena),
    };
    (void)after_stream(ex, gw_translation_cut(translate->translation, &cut, &translate->out));
    return false;
}

/* @return false when the exchange is over, or nothing more is wanted */
static bool take_plain(void *arg, struct gw_str data)
{
    struct gw_exchange *ex = arg;
    struct gw_translate *translate = ex->translate;

    if (ex->is_stream)
        return after_stream(ex, gw_translation_feed(translate->translation, data, &translate->out));
    if (translate->unreadable || gw_buf_add(&translate->in, data) == GW_OK)
        return true;
    return unreadable(ex, "the answer is too large");
}

/* @return false when the exchange is over */
static bool take(struct gw_exchange *ex, struct gw_str data, bool last)
{
    struct gw_translate *translate = ex->translate;
    struct gw_err err = {.offset = 0};

    if (!translate->inflate || translate->unreadable)
        return data.len == 0 || take_plain(ex, data);
    enum gw_status status = gw_inflate_feed(translate->inflate, data, take_plain, ex, &err);
    if (status == GW_EOF)
        return false;
    if (status == GW_OK && last)
        status = gw_inflate_end(translate->inflate, &err);
    return status == GW_OK || unreadable(ex, err.message);
}

static void on_body(struct gw_up *up, struct gw_str bytes, bool last)
{
    struct gw_exchange *ex = gw_up_user(up);
    struct gw_translate *translate = ex->translate;

    /* Whatever came was no silence, also where it makes nothing for the caller. */
    if (ex->is_stream)
        gw_up_deadline(up, ex->timeouts.idle_ms);
    if (!take(ex, bytes, last) || !last)
        return;
    if (ex->is_stream)
        (void)after_stream(ex, gw_translation_end(translate->translation, &translate->out));
    else if (is_ok(translate))
        whole_answer(ex);
    else
        whole_error(ex);
}

/* Every end has been dealt with in on_body, which abandons the connection to the pool. */
static void on_end(void *user)
{
    (void)user;
}

static void on_fail(void *user, const struct gw_up_loss *loss)
{
    struct gw_exchange *ex = user;
    struct gw_translate *translate = ex->translate;
    const struct gw_loss_told *told = gw_relay_told(loss->fault);
    char what[GW_LOSS_BYTES];

    ex->up = NULL;
    if (gw_relay_may_resend(ex, loss)) {
        gw_stages_resend(ex);
        return;
    }
    if (!ex->head_sent && ex->managed && gw_attempt_lost(ex, told->outcome))
        return;
    gw_relay_describe_loss(ex, loss, what, sizeof what);
    if (!ex->head_sent) {
        gw_relay_fail_lost(ex, told->fault, what);
        return;
    }
    gw_attempt_ended(ex, told->outcome);
    bool silent = loss->fault == GW_UP_TIMEOUT;
    const struct gw_failure_told cut = {
        .class = silent ? GW_CLASS_GATEWAY_TIMEOUT : GW_CLASS_BAD_GATEWAY,
        .code = silent ? GW_TEXT("upstream_timeout") : GW_TEXT("stream_truncated"),
        .message = silent ? gw_text_escape(gw_str_of(what), &ex->arena)
                          : GW_TEXT("upstream stream ended before completion"),
    };
    (void)after_stream(ex, gw_translation_cut(translate->translation, &cut, &translate->out));
}

const struct gw_up_handler gw_translate_handler = {
    .on_ready = gw_stages_on_ready,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .on_writable = gw_stages_on_writable,
    .on_fail = on_fail,
};

void gw_translate_resume(struct gw_exchange *ex)
{
    ex->translate->paused = false;
    gw_up_deadline(ex->up, ex->is_stream ? ex->timeouts.idle_ms : ex->timeouts.total_ms);
    gw_up_resume(ex->up);
}
