#include "demo/demo_private.h"

#include "base/clock.h"
#include "wire/sse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SEND_BYTES_MAX ((size_t)256 << 10)
#define EVENT_BYTES_MAX GW_DEMO_ANSWER_BYTES_MAX
/* Where an answer breaks that has to break: behind that many steps, the one with the head included.
 */
#define BREAK_STEPS 4u

/* ---- the script ---- */

static void add(struct gw_demo_exchange *ex, struct gw_str bytes)
{
    struct gw_demo_script *script = &ex->script;

    if (!script->broken && gw_buf_add(&script->bytes, bytes) != GW_OK)
        script->broken = true;
}

static __attribute__((format(printf, 2, 3))) void addf(struct gw_demo_exchange *ex,
                                                       const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof text)
        ex->script.broken = true;
    else
        add(ex, (struct gw_str){text, (size_t)len});
}

void gw_demo_step(struct gw_demo_exchange *ex)
{
    struct gw_demo_script *script = &ex->script;
    size_t len = gw_buf_len(&script->bytes);

    if (script->broken || script->sealed ||
        len == (script->steps ? script->step_ends[script->steps - 1] : 0))
        return;
    if (script->steps == script->steps_room) {
        size_t room = script->steps_room ? 2 * script->steps_room : 64;
        size_t *ends = reallocarray(script->step_ends, room, sizeof *ends);
        if (!ends) {
            script->broken = true;
            return;
        }
        script->step_ends = ends;
        script->steps_room = room;
    }
    script->step_ends[script->steps++] = len;
    if (ex->trouble == GW_DEMO_STREAM_ERROR && script->streamed && script->steps == BREAK_STEPS)
        script->sealed = true;
}

static void drop_script(struct gw_demo_exchange *ex)
{
    struct gw_demo_script *script = &ex->script;

    gw_buf_finish(&script->bytes);
    free(script->step_ends);
    *script = (struct gw_demo_script){.first_ms = script->first_ms, .pace_ms = script->pace_ms};
    gw_buf_init(&script->bytes, GW_DEMO_ANSWER_BYTES_MAX);
}

/* ---- heads ---- */

static void add_date(struct gw_demo_exchange *ex)
{
    time_t now = (time_t)gw_demo_now_s();
    struct tm parts;
    char text[40];

    if (gmtime_r(&now, &parts) &&
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0)
        addf(ex, "date: %s\r\n", text);
}

static void add_openai_fields(struct gw_demo_exchange *ex)
{
    uint64_t spent_ms = (gw_clock_ns() - ex->began_ns) / GW_NS_PER_MS;

    addf(ex, "x-request-id: %.*s\r\n", GW_STR_ARG(ex->request_id));
    addf(ex,
         "openai-processing-ms: %llu\r\nopenai-version: 2020-10-01\r\n"
         "x-ratelimit-limit-requests: 10000\r\nx-ratelimit-remaining-requests: 9999\r\n"
         "x-ratelimit-reset-requests: 6ms\r\nx-ratelimit-limit-tokens: 2000000\r\n"
         "x-ratelimit-remaining-tokens: 1999000\r\nx-ratelimit-reset-tokens: 30ms\r\n",
         (unsigned long long)spent_ms + 1);
}

static void add_anthropic_fields(struct gw_demo_exchange *ex)
{
    char now[GW_CLOCK_RFC3339_BYTES];

    gw_clock_rfc3339(gw_clock_wall_ns(), now);
    addf(ex, "request-id: %.*s\r\n", GW_STR_ARG(ex->request_id));
    addf(
        ex,
        "anthropic-ratelimit-requests-limit: 4000\r\nanthropic-ratelimit-requests-remaining: "
        "3999\r\n"
        "anthropic-ratelimit-requests-reset: %.19sZ\r\nanthropic-ratelimit-tokens-limit: 400000\r\n"
        "anthropic-ratelimit-tokens-remaining: 399000\r\nanthropic-ratelimit-tokens-reset: "
        "%.19sZ\r\n",
        now, now);
}

static void begin_head(struct gw_demo_exchange *ex, unsigned status, struct gw_str type)
{
    drop_script(ex);
    addf(ex, "HTTP/1.1 %u %.*s\r\n", status, GW_STR_ARG(gw_http1_reason(status)));
    addf(ex, "content-type: %.*s\r\n", GW_STR_ARG(type));
    add_date(ex);
    switch (ex->dialect) {
    case GW_DEMO_OPENAI:
        add_openai_fields(ex);
        break;
    case GW_DEMO_ANTHROPIC:
        add_anthropic_fields(ex);
        break;
    case GW_DEMO_COHERE:
        addf(ex, "x-debug-trace-id: %.*s\r\n", GW_STR_ARG(gw_demo_new_id(ex, "")));
        break;
    case GW_DEMO_DIALECTS:
        break;
    }
    if (status == 429)
        add(ex, GW_STR("retry-after: 1\r\n"));
    if (status == 405)
        addf(ex, "allow: %.*s\r\n", GW_STR_ARG(ex->allow));
}

static void end_head(struct gw_demo_exchange *ex)
{
    bool keep = gw_down_may_keep(ex->down) && (ex->script.chunked || !ex->script.streamed);

    if (!keep)
        add(ex, GW_STR("connection: close\r\n"));
    else if (gw_down_is_http10(ex->down))
        add(ex, GW_STR("connection: keep-alive\r\n"));
    add(ex, GW_STR("\r\n"));
    /* A cut comes unannounced: behind "connection: close" some clients take any end for the right
     * one. */
    ex->script.ending = keep && ex->trouble != GW_DEMO_CUT ? GW_DEMO_END_KEEP : GW_DEMO_END_CLOSE;
}

/* ---- whole answers ---- */

struct gw_json_writer *gw_demo_json(struct gw_demo_exchange *ex)
{
    gw_buf_take(&ex->value, gw_buf_len(&ex->value));
    gw_json_write_init(&ex->writer, &ex->value);
    return &ex->writer;
}

struct gw_str gw_demo_json_bytes(struct gw_demo_exchange *ex)
{
    if (gw_json_write_finish(&ex->writer) != GW_OK)
        ex->script.broken = true;
    return gw_buf_str(&ex->value);
}

void gw_demo_answer_bytes(struct gw_demo_exchange *ex, unsigned status, struct gw_str type,
                          struct gw_str bytes)
{
    bool broken = ex->script.broken;

    begin_head(ex, status, type);
    addf(ex, "content-length: %zu\r\n", bytes.len);
    end_head(ex);
    if (ex->trouble == GW_DEMO_CUT)
        bytes.len /= 2; /* the length says more */
    if (ex->method != GW_METHOD_HEAD)
        add(ex, bytes);
    gw_demo_step(ex);
    ex->script.broken |= broken;
}

void gw_demo_answer(struct gw_demo_exchange *ex, unsigned status)
{
    struct gw_str bytes = gw_demo_json_bytes(ex);

    if (status == 200 && ex->trouble == GW_DEMO_STREAM_ERROR)
        gw_demo_error(ex, 500, NULL, NULL, GW_DEMO_FAILS_TEXT);
    else
        gw_demo_answer_bytes(ex, status, GW_STR("application/json"), bytes);
}

/* ---- streams ---- */

void gw_demo_stream(struct gw_demo_exchange *ex, struct gw_str content_type)
{
    begin_head(ex, 200, content_type);
    ex->script.streamed = true;
    ex->script.chunked = !gw_down_is_http10(ex->down);
    if (ex->script.chunked)
        add(ex, GW_STR("transfer-encoding: chunked\r\n"));
    if (gw_str_starts(content_type, GW_STR("text/event-stream")))
        add(ex, GW_STR("cache-control: no-cache\r\n"));
    end_head(ex);
}

void gw_demo_bytes(struct gw_demo_exchange *ex, struct gw_str bytes)
{
    if (ex->script.sealed || bytes.len == 0)
        return;
    if (ex->script.chunked)
        addf(ex, "%zx\r\n", bytes.len);
    add(ex, bytes);
    if (ex->script.chunked)
        add(ex, GW_STR("\r\n"));
}

static void add_event(struct gw_demo_exchange *ex, struct gw_str type, struct gw_str text)
{
    struct gw_buf event;

    gw_buf_init(&event, EVENT_BYTES_MAX);
    if (gw_sse_write(&event, type, text) == GW_OK)
        gw_demo_bytes(ex, gw_buf_str(&event));
    else
        ex->script.broken = true;
    gw_buf_finish(&event);
}

void gw_demo_event(struct gw_demo_exchange *ex, struct gw_str type)
{
    struct gw_str text = gw_demo_json_bytes(ex);

    if (!ex->script.sealed && !ex->script.broken)
        add_event(ex, type, text);
}

void gw_demo_data_line(struct gw_demo_exchange *ex, struct gw_str text)
{
    add_event(ex, (struct gw_str){NULL, 0}, text);
}

bool gw_demo_fails_here(struct gw_demo_exchange *ex)
{
    ex->script.sealed = false;
    return ex->trouble == GW_DEMO_STREAM_ERROR;
}

/* Breaks the script off in the middle of a step, so that a chunk stays open. */
static void cut(struct gw_demo_exchange *ex)
{
    struct gw_demo_script *script = &ex->script;

    if (script->broken || script->steps < 2)
        return;
    size_t step = script->steps - 1 < BREAK_STEPS ? script->steps - 1 : BREAK_STEPS;
    size_t from = script->step_ends[step - 1], to = script->step_ends[step];
    script->bytes.tail = script->bytes.head + from + (to - from) / 2;
    script->step_ends[step] = gw_buf_len(&script->bytes);
    script->steps = step + 1;
    /* Without chunks a plain end would look like a whole answer. */
    script->ending = script->chunked ? GW_DEMO_END_CLOSE : GW_DEMO_END_RESET;
}

void gw_demo_stream_end(struct gw_demo_exchange *ex)
{
    struct gw_demo_script *script = &ex->script;

    if (script->sealed) { /* a format without error events, such as audio: it breaks off */
        script->ending = script->chunked ? GW_DEMO_END_CLOSE : GW_DEMO_END_RESET;
    } else {
        if (script->chunked)
            add(ex, GW_STR("0\r\n\r\n"));
        gw_demo_step(ex);
    }
    if (ex->trouble == GW_DEMO_CUT)
        cut(ex);
    script->streamed = false;
}

/* ---- errors ---- */

static const struct fault {
    unsigned status;
    const char *openai_type, *openai_code, *anthropic_type;
} faults[] = {
    {400, "invalid_request_error", NULL, "invalid_request_error"},
    {401, "invalid_request_error", "invalid_api_key", "authentication_error"},
    {402, "insufficient_quota", "insufficient_quota", "billing_error"},
    {403, "permission_error", "permission_denied", "permission_error"},
    {404, "invalid_request_error", "model_not_found", "not_found_error"},
    {408, "timeout_error", "request_timeout", "timeout_error"},
    {409, "invalid_request_error", "conflict", "invalid_request_error"},
    {413, "invalid_request_error", "request_too_large", "request_too_large"},
    {429, "rate_limit_error", "rate_limit_exceeded", "rate_limit_error"},
    {500, "server_error", "internal_error", "api_error"},
    {503, "server_error", "overloaded", "overloaded_error"},
    {504, "server_error", "timeout", "timeout_error"},
    {529, "server_error", "overloaded", "overloaded_error"},
};
static const struct fault other_4xx = {0, "invalid_request_error", NULL, "invalid_request_error"};
static const struct fault other_5xx = {0, "server_error", NULL, "api_error"};

static const struct fault *fault_of(unsigned status)
{
    for (size_t i = 0; i < GW_COUNT(faults); i++)
        if (faults[i].status == status)
            return &faults[i];
    return status < 500 ? &other_4xx : &other_5xx;
}

void gw_demo_write_error(struct gw_json_writer *out, enum gw_demo_dialect dialect, unsigned status,
                         const char *param, const char *code, struct gw_str message)
{
    const struct fault *fault = fault_of(status);

    gw_json_write_begin_object(out);
    if (dialect == GW_DEMO_ANTHROPIC) {
        gw_demo_put_c(out, "type", fault->anthropic_type);
        gw_demo_put(out, "message", message);
        gw_json_write_end_object(out);
        return;
    }
    if (!code)
        code = fault->openai_code;
    gw_demo_put(out, "message", message);
    gw_demo_put_c(out, "type", fault->openai_type);
    if (param)
        gw_demo_put_c(out, "param", param);
    else
        gw_demo_put_null(out, "param");
    if (code && *code)
        gw_demo_put_c(out, "code", code);
    else
        gw_demo_put_null(out, "code");
    gw_json_write_end_object(out);
}

static void error_body(struct gw_demo_exchange *ex, unsigned status, const char *param,
                       const char *code, struct gw_str message)
{
    struct gw_json_writer *out = gw_demo_json(ex);

    gw_json_write_begin_object(out);
    switch (ex->dialect) {
    case GW_DEMO_COHERE:
        gw_demo_put(out, "id", gw_demo_new_id(ex, ""));
        gw_demo_put(out, "message", message);
        break;
    case GW_DEMO_ANTHROPIC:
        gw_demo_put_c(out, "type", "error");
        gw_json_write_key(out, GW_STR("error"));
        gw_demo_write_error(out, ex->dialect, status, param, code, message);
        gw_demo_put(out, "request_id", ex->request_id);
        break;
    case GW_DEMO_OPENAI:
    case GW_DEMO_DIALECTS:
        gw_json_write_key(out, GW_STR("error"));
        gw_demo_write_error(out, ex->dialect, status, param, code, message);
        break;
    }
    gw_json_write_end_object(out);
}

void gw_demo_error(struct gw_demo_exchange *ex, unsigned status, const char *param,
                   const char *code, const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (len < 0)
        message[0] = '\0';
    drop_script(ex);
    error_body(ex, status, param, code, gw_str_of(message));
    gw_demo_answer(ex, status);
}

void gw_demo_stream_error(struct gw_demo_exchange *ex)
{
    struct gw_json_writer *out = gw_demo_json(ex);

    gw_json_write_begin_object(out);
    gw_json_write_key(out, GW_STR("error"));
    gw_demo_write_error(out, GW_DEMO_OPENAI, 500, NULL, NULL, GW_STR(GW_DEMO_FAILS_TEXT));
    gw_json_write_end_object(out);
    gw_demo_event(ex, GW_STR(""));
    gw_demo_stream_end(ex);
}

/* ---- playing ---- */

void gw_demo_exchange_destroy(struct gw_demo_exchange *ex)
{
    gw_loop_timer_clear(ex->demo->loop, &ex->timer);
    gw_buf_finish(&ex->body);
    gw_buf_finish(&ex->value);
    gw_buf_finish(&ex->script.bytes);
    free(ex->script.step_ends);
    gw_arena_finish(&ex->arena);
    free(ex);
}

static void finish(struct gw_demo_exchange *ex)
{
    struct gw_down *down = ex->down;
    enum gw_demo_ending ending = ex->script.ending;

    gw_demo_exchange_destroy(ex); /* first: ending may begin the connection's next exchange */
    if (ending == GW_DEMO_END_RESET)
        gw_down_abort(down, true);
    else
        gw_down_end(down, ending == GW_DEMO_END_KEEP);
}

/* How much may leave now: a step, or as many as fit when there is no pause between them. */
static size_t next_end(struct gw_demo_script *script)
{
    size_t end = script->step_ends[script->step_at++];

    while (script->pace_ms == 0 && script->step_at < script->steps &&
           script->step_ends[script->step_at] - script->sent <= SEND_BYTES_MAX)
        end = script->step_ends[script->step_at++];
    return end;
}

static void go_on(struct gw_demo_exchange *ex)
{
    struct gw_demo_script *script = &ex->script;

    while (script->step_at < script->steps) {
        size_t end = next_end(script);
        struct iovec iov = {script->bytes.base + script->bytes.head + script->sent,
                            end - script->sent};
        enum gw_status status = gw_down_send(ex->down, &iov, 1);
        if (status != GW_OK && status != GW_AGAIN) {
            struct gw_down *down = ex->down;
            gw_demo_exchange_destroy(ex);
            gw_down_abort(down, false);
            return;
        }
        script->sent = end;
        if (script->step_at == script->steps)
            break;
        script->waits = status == GW_AGAIN;
        if (!script->waits && script->pace_ms)
            gw_loop_timer_set(ex->demo->loop, &ex->timer, script->pace_ms);
        if (script->waits || script->pace_ms)
            return;
    }
    finish(ex);
}

void gw_demo_on_timer(struct gw_timer *timer)
{
    go_on((struct gw_demo_exchange *)((char *)timer - offsetof(struct gw_demo_exchange, timer)));
}

void gw_demo_on_writable(struct gw_down *down)
{
    struct gw_demo_exchange *ex = gw_down_user(down);

    if (ex && ex->script.waits) {
        ex->script.waits = false;
        go_on(ex);
    }
}

void gw_demo_play(struct gw_demo_exchange *ex)
{
    if (ex->script.broken)
        gw_demo_error(ex, 500, NULL, NULL, "The answer is too large for the demo provider.");
    if (ex->script.broken) { /* out of memory, even for that */
        ex->script.steps = ex->script.step_at = 0;
        ex->script.ending = GW_DEMO_END_RESET;
    }
    if (ex->script.first_ms) {
        ex->timer.on_timer = gw_demo_on_timer;
        gw_loop_timer_set(ex->demo->loop, &ex->timer, ex->script.first_ms);
        return;
    }
    go_on(ex);
}
