#include "app/explain_health.h"

#include "base/clock.h"
#include "config/config.h"
#include "io/socket.h"
#include "wire/http1.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define HEAD_BYTES_MAX ((size_t)64 << 10)
#define READ_BYTES ((size_t)64 << 10)

static __attribute__((format(printf, 2, 3))) bool fail(struct gw_explain_health *health,
                                                       const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(health->reason, sizeof health->reason, format, args);
    va_end(args);
    return false;
}

/* ---- a socket, for as long as there is time ---- */

static uint64_t deadline(const struct gw_explain_health_source *source)
{
    return gw_clock_ns() + (uint64_t)source->timeout_ms * GW_NS_PER_MS;
}

/* @return false: the time is up */
static bool wait_until(int fd, short events, uint64_t until_ns)
{
    for (;;) {
        struct pollfd one = {.fd = fd, .events = events};
        uint64_t now_ns = gw_clock_ns();
        if (now_ns >= until_ns)
            return false;
        int ready = poll(&one, 1, (int)((until_ns - now_ns) / GW_NS_PER_MS + 1));
        if (ready > 0)
            return true;
        if (ready == -1 && errno != EINTR)
            return false;
    }
}

static bool open_connection(const struct gw_explain_health_source *source,
                            const struct gw_addr *addr, const char *where, int *fd_out,
                            struct gw_explain_health *health)
{
    struct gw_err err = {.message = ""};
    int error;

    if (gw_connect_start(addr, fd_out, &err) != GW_OK)
        return fail(health, "%s", err.message);
    if (!wait_until(*fd_out, POLLOUT, deadline(source)))
        return fail(health, "no gateway answers at %s within %u ms", where, source->timeout_ms);
    error = gw_connect_error(*fd_out);
    if (error == ECONNREFUSED)
        return fail(health, "no gateway answers at %s", where);
    if (error)
        return fail(health, "could not connect to %s: %s", where, strerror(error));
    return true;
}

static bool send_request(int fd, const struct gw_explain_health_source *source, const char *where,
                         uint64_t until_ns, struct gw_explain_health *health)
{
    bool has_token = source->token.len != 0;
    struct gw_buf request;
    bool sent = false;

    gw_buf_init(&request, (size_t)256 << 10);
    enum gw_status status =
        gw_buf_printf(&request,
                      "GET %.*s HTTP/1.1\r\nHost: %s\r\nAccept: text/plain\r\n"
                      "Connection: close\r\n%s%.*s%s\r\n",
                      GW_STR_ARG(source->path), where, has_token ? "Authorization: Bearer " : "",
                      GW_STR_ARG(source->token), has_token ? "\r\n" : "");
    while (status == GW_OK && !sent && wait_until(fd, POLLOUT, until_ns)) {
        struct gw_str left = gw_buf_str(&request);
        ssize_t count = send(fd, left.base, left.len, MSG_NOSIGNAL);
        if (count >= 0)
            gw_buf_take(&request, (size_t)count);
        else if (errno != EAGAIN && errno != EINTR)
            break;
        sent = gw_buf_len(&request) == 0;
    }
    if (request.base)
        gw_secret_wipe(request.base, request.room);
    gw_buf_finish(&request);
    return sent || fail(health, "could not ask the gateway at %s", where);
}

/* ---- the answer ---- */

/* @return false: what came is no answer that a gateway gives; *whole_out: there is no more to read */
static bool look(struct gw_http1_head *head, const char *where, struct gw_explain_health *health,
                 bool *whole_out)
{
    struct gw_str bytes = gw_buf_str(&health->answer);

    if (head->bytes == 0) {
        enum gw_status status = gw_http1_response_feed(head, bytes, HEAD_BYTES_MAX, false, NULL);
        if (status == GW_AGAIN)
            return true;
        if (status != GW_OK || (head->code == 200 && head->framing != GW_BODY_LENGTH))
            return fail(health, "what answers at %s is no gateway", where);
    }
    if (head->code != 200) {
        *whole_out = true;
    } else if (head->body_bytes > GW_EXPLAIN_HEALTH_BYTES_MAX) {
        return fail(health, "the page of metrics at %s is larger than %zu bytes", where,
                    GW_EXPLAIN_HEALTH_BYTES_MAX);
    } else if (bytes.len - head->bytes >= head->body_bytes) {
        health->page = (struct gw_str){bytes.base + head->bytes, head->body_bytes};
        *whole_out = true;
    }
    return true;
}

/* @return false: no more comes */
static bool read_more(int fd, const char *where, uint64_t until_ns,
                      struct gw_explain_health *health)
{
    struct gw_buf *answer = &health->answer;

    if (gw_buf_reserve(answer, READ_BYTES) != GW_OK)
        return fail(health, "the answer of %s is too large", where);
    for (;;) {
        if (!wait_until(fd, POLLIN, until_ns))
            return fail(health, "the gateway at %s did not answer in time", where);
        ssize_t count = recv(fd, answer->base + answer->tail, READ_BYTES, 0);
        if (count > 0) {
            answer->tail += (size_t)count;
            return true;
        }
        if (count == 0 || (errno != EAGAIN && errno != EINTR))
            return fail(health, "the answer of %s was cut", where);
    }
}

static bool read_answer(int fd, const struct gw_explain_health_source *source, const char *where,
                        uint64_t until_ns, struct gw_explain_health *health)
{
    struct gw_http1_head head;
    bool whole = false;

    gw_http1_head_init(&head);
    head.bytes = 0; /* not read yet */
    while (!whole)
        if (!read_more(fd, where, until_ns, health) || !look(&head, where, health, &whole))
            return false;
    if (head.code == 401)
        return fail(health, "the gateway at %s %s", where,
                    source->token.len ? "has another token" : "asks for a token");
    if (head.code != 200)
        return fail(health, "%s answers %.*s with %u", where, GW_STR_ARG(source->path), head.code);
    return true;
}

void gw_explain_health_ask(const struct gw_explain_health_source *source,
                           struct gw_explain_health *health_out)
{
    struct gw_str host =
        gw_str_eq(source->host, GW_STR("localhost")) ? GW_STR("127.0.0.1") : source->host;
    struct gw_addr addr;
    char where[GW_ADDR_TEXT_BYTES];
    int fd = -1;

    *health_out = (struct gw_explain_health){.page = {NULL, 0}};
    gw_buf_init(&health_out->answer, GW_EXPLAIN_HEALTH_BYTES_MAX + HEAD_BYTES_MAX + READ_BYTES);
    if (!gw_addr_parse(host, source->port, &addr)) {
        (void)fail(health_out, "the gateway's address is no IP address");
        return;
    }
    (void)gw_addr_text(&addr, where);
    if (open_connection(source, &addr, where, &fd, health_out)) {
        uint64_t until_ns = deadline(source);
        if (send_request(fd, source, where, until_ns, health_out) &&
            read_answer(fd, source, where, until_ns, health_out))
            (void)fail(health_out, "the gateway at %s knows no target of this name", where);
    }
    if (fd != -1)
        close(fd);
}

void gw_explain_health_ask_for(const struct gw_config *config, struct gw_explain_health *health_out)
{
    const struct gw_secret *token = config->admin.token;
    const struct gw_explain_health_source source = {
        .host = config->admin.host,
        .port = config->admin.port,
        .token = token ? gw_secret_bytes(token) : (struct gw_str){NULL, 0},
        .path = config->metrics.path,
        .timeout_ms = GW_EXPLAIN_HEALTH_TIMEOUT_MS,
    };

    *health_out = (struct gw_explain_health){.page = {NULL, 0}};
    gw_buf_init(&health_out->answer, 0);
    if (!config->breaker.enabled)
        (void)fail(health_out, "the breaker is off, so nothing is remembered");
    else if (!config->admin.enabled)
        (void)fail(health_out, "[admin] is off, so the gateway cannot be asked");
    else if (!config->metrics.enabled)
        (void)fail(health_out, "[metrics] is off, so the gateway cannot be asked");
    else if (config->admin.port == 0)
        (void)fail(health_out, "the port of [admin] is 0: the kernel picks one");
    else
        gw_explain_health_ask(&source, health_out);
}

void gw_explain_health_finish(struct gw_explain_health *health)
{
    gw_buf_finish(&health->answer);
    health->page = (struct gw_str){NULL, 0};
}

/* ---- the page ---- */

/* Takes `name` as a label's value, escaped as the page has it, off the front of `rest`. */
static bool take_label(struct gw_str *rest, struct gw_str name)
{
    size_t at = 0;

    for (size_t i = 0; i < name.len; i++) {
        char c = name.base[i];
        bool escaped = c == '\\' || c == '"' || c == '\n';
        if (escaped && (at == rest->len || rest->base[at++] != '\\'))
            return false;
        if (at == rest->len || rest->base[at++] != (c == '\n' ? 'n' : c))
            return false;
    }
    *rest = gw_str_from(*rest, at);
    return true;
}

enum gw_told_health gw_explain_health_of(const struct gw_explain_health *health,
                                         struct gw_str target)
{
    const struct gw_str family = GW_STR("gateway_target_healthy{target=\"");
    struct gw_str rest = health->page;

    while (rest.len) {
        struct gw_str line = {rest.base, gw_str_find(rest, '\n')};
        rest = gw_str_from(rest, line.len + 1);
        if (!gw_str_starts(line, family))
            continue;
        line = gw_str_from(line, family.len);
        if (!take_label(&line, target))
            continue;
        if (gw_str_eq(line, GW_STR("\"} 1")))
            return GW_TOLD_HEALTHY;
        if (gw_str_eq(line, GW_STR("\"} 0")))
            return GW_TOLD_OPEN;
    }
    return GW_TOLD_UNKNOWN;
}
