#include "gateway/fetch.h"

#include "gateway/attempt.h"
#include "gateway/fetch_url.h"
#include "gateway/stages.h"
#include "io/public.h"
#include "model/media.h"

#include <stdio.h>

#define HEADER_BYTES_MAX 16384u
/* Its own clock says when it is too late, not the connection's. */
#define CONNECT_MS (2 * GW_FETCH_MS)
#define REASON_BYTES_MAX 150

struct failure {
    struct gw_text url;
    struct gw_str reason;
    const struct failure *next;
};

struct gw_fetch {
    struct gw_exchange *ex;
    const struct gw_fetched *found;
    unsigned found_count;
    size_t found_bytes; /* as base64 */
    const struct failure *failures;

    /* Under way. */
    const struct gw_wanted *wanted; /* the one in hand, and those behind it; NULL: none */
    struct gw_fetch_url url;
    struct gw_origin *origin;
    struct gw_up *up; /* NULL: the origin's connection has ended */
    struct gw_timer timer;
    struct gw_buf body;
    size_t room; /* that it may have */
};

static struct gw_loop *loop_of(const struct gw_fetch *fetch)
{
    return gw_exchange_gateway(fetch->ex)->http.loop;
}

const struct gw_fetched *gw_fetch_found(const struct gw_exchange *ex)
{
    return ex->fetch ? ex->fetch->found : NULL;
}

/* ---- what may be fetched ---- */

static enum gw_status complain(struct gw_complaint *complaint, const struct gw_wanted *wanted,
                               const char *reason)
{
    char param[sizeof(complaint->param)] = "messages";

    if (wanted->path.raw.len && wanted->path.raw.len < sizeof param)
        (void)snprintf(param, sizeof param, "%.*s", GW_STR_ARG(wanted->path.raw));
    return gw_complain(complaint, GW_UNSUPPORTED, "invalid_value", param,
                       "could not fetch this image for a provider that takes no URLs: %.*s; send "
                       "it as base64",
                       REASON_BYTES_MAX, reason);
}

static const struct failure *failure_of(const struct gw_exchange *ex, struct gw_text url)
{
    const struct failure *failure = ex->fetch ? ex->fetch->failures : NULL;

    while (failure && !gw_str_eq(failure->url.raw, url.raw))
        failure = failure->next;
    return failure;
}

enum gw_status gw_fetch_check(const struct gw_exchange *ex, const struct gw_wanted *wanted,
                              struct gw_arena *arena, struct gw_complaint *complaint)
{
    unsigned count = ex->fetch ? ex->fetch->found_count : 0;

    for (; wanted; wanted = wanted->next) {
        const struct failure *failure = failure_of(ex, wanted->url);
        struct gw_str text = gw_text_decode(wanted->url, arena);
        struct gw_fetch_url url;
        struct gw_err err;
        char reason[64];
        if (!text.base)
            return GW_NO_MEMORY;
        if (failure)
            return complain(complaint, wanted, failure->reason.base);
        if (gw_fetch_url_parse(text, &url, &err) != GW_OK)
            return complain(complaint, wanted, err.message);
        if (++count <= GW_FETCH_IMAGES_MAX)
            continue;
        (void)snprintf(reason, sizeof reason, "a request may have %u of them at most",
                       GW_FETCH_IMAGES_MAX);
        return complain(complaint, wanted, reason);
    }
    return GW_OK;
}

/* ---- how it ends ---- */

/* The connection and what came of it go. Harmless when repeated. */
static void let_go(struct gw_fetch *fetch)
{
    gw_loop_timer_clear(loop_of(fetch), &fetch->timer);
    if (fetch->up)
        gw_up_cancel(fetch->up);
    fetch->up = NULL;
    gw_origin_destroy(fetch->origin);
    fetch->origin = NULL;
    gw_buf_finish(&fetch->body);
}

void gw_fetch_drop(struct gw_exchange *ex)
{
    if (ex->fetch)
        let_go(ex->fetch);
}

/* The attempt begins anew. */
static void go_on(struct gw_exchange *ex)
{
    ex->fetch->wanted = NULL;
    gw_exchange_charge(ex);
    gw_exchange_move(ex, GW_EX_RESOLVING);
    if (ex->managed)
        gw_attempt_fetched(ex);
    else
        gw_stages_fetched(ex);
}

/* Without this image the others are of no use. */
static void fail(struct gw_fetch *fetch, const char *reason)
{
    struct gw_exchange *ex = fetch->ex;
    struct failure *failure = gw_arena_alloc(&ex->arena, sizeof *failure);
    struct gw_text url = {gw_arena_str(&ex->arena, fetch->wanted->url.raw)};
    struct gw_str kept = gw_arena_printf(&ex->arena, "%s", reason);

    let_go(fetch);
    if (!failure || !gw_text_present(url) || !kept.base) {
        gw_stages_overloaded(ex);
        return;
    }
    *failure = (struct failure){url, kept, fetch->failures};
    fetch->failures = failure;
    go_on(ex);
}

static void fail_too_large(struct gw_fetch *fetch)
{
    fail(fetch, fetch->room == GW_FETCH_BYTES_MAX
                    ? "it has more than 20 MiB"
                    : "with it the request is larger than max_body_bytes allows");
}

static bool begin_one(struct gw_fetch *fetch);

/* It is whole, and an image. */
static void take(struct gw_fetch *fetch)
{
    struct gw_exchange *ex = fetch->ex;
    struct gw_str bytes = gw_buf_str(&fetch->body);
    struct gw_fetched *found = gw_arena_alloc(&ex->arena, sizeof *found);
    struct gw_text url = {gw_arena_str(&ex->arena, fetch->wanted->url.raw)};
    struct gw_text data = gw_media_base64(bytes, &ex->arena);
    struct gw_text mime = {gw_media_type_of_bytes(bytes)};

    let_go(fetch);
    if (!found || !gw_text_present(url) || !gw_text_present(data)) {
        gw_stages_overloaded(ex);
        return;
    }
    *found = (struct gw_fetched){url, {GW_SOURCE_BASE64, mime, data}, fetch->found};
    fetch->found = found;
    fetch->found_count++;
    fetch->found_bytes += data.raw.len;
    fetch->wanted = fetch->wanted->next;
    if (fetch->wanted)
        (void)begin_one(fetch); /* a failure has answered the caller */
    else
        go_on(ex);
}

/* ---- a request ---- */

static void on_ready(struct gw_up *up, void *user)
{
    struct gw_fetch *fetch = user;
    const struct gw_fetch_url *url = &fetch->url;
    bool rooted = url->target.len && url->target.base[0] == '/';
    const struct gw_str pieces[] = {
        GW_STR("GET "),
        rooted ? GW_STR("") : GW_STR("/"),
        url->target,
        GW_STR(" HTTP/1.1\r\nhost: "),
        url->authority,
        GW_STR("\r\naccept: image/*\r\naccept-encoding: identity\r\nuser-agent: sluice/" GW_VERSION
               "\r\nconnection: close\r\n\r\n"),
    };
    struct iovec iov[GW_COUNT(pieces)];

    fetch->up = up;
    for (size_t i = 0; i < GW_COUNT(pieces); i++)
        iov[i] = (struct iovec){(char *)(uintptr_t)pieces[i].base, pieces[i].len};
    (void)gw_up_send(up, iov, (int)GW_COUNT(iov), true); /* what breaks is told by on_fail */
}

static void on_head(struct gw_up *up, const struct gw_http1_head *head, struct gw_str bytes)
{
    struct gw_fetch *fetch = gw_up_user(up);
    const struct gw_http1_field *coding = gw_http1_field_by_id(head, GW_FIELD_CONTENT_ENCODING);
    char reason[64];

    if (head->code >= 300 && head->code < 400) {
        fail(fetch, "its server redirects, which is not followed: give the URL that it leads to");
    } else if (head->code != 200) {
        (void)snprintf(reason, sizeof reason, "its server answered with status %u", head->code);
        fail(fetch, reason);
    } else if (coding && !gw_str_eq_nocase(gw_http1_value(coding, bytes), GW_STR("identity"))) {
        fail(fetch, "its server sent it compressed, which was not asked for");
    } else if (head->framing == GW_BODY_LENGTH && head->body_bytes > fetch->room) {
        fail_too_large(fetch);
    }
}

/* What the server says that it is does not matter. */
static bool is_image(const struct gw_fetch *fetch)
{
    return gw_media_type_of_bytes(gw_buf_str(&fetch->body)).base != NULL;
}

static void on_body(struct gw_up *up, struct gw_str bytes, bool last)
{
    struct gw_fetch *fetch = gw_up_user(up);
    size_t had = gw_buf_len(&fetch->body);

    if (bytes.len > fetch->room - had) {
        fail_too_large(fetch);
        return;
    }
    if (bytes.len && gw_buf_add(&fetch->body, bytes) != GW_OK) {
        let_go(fetch);
        gw_stages_overloaded(fetch->ex);
        return;
    }
    /* No more of it is read than shows that it is none. */
    bool tells = last || (had < GW_MEDIA_MAGIC_BYTES && had + bytes.len >= GW_MEDIA_MAGIC_BYTES);
    if (tells && !is_image(fetch))
        fail(fetch, "it is no JPEG, PNG, GIF or WebP");
}

static void on_end(void *user)
{
    struct gw_fetch *fetch = user;

    fetch->up = NULL;
    take(fetch);
}

static void on_writable(struct gw_up *up)
{
    (void)up;
}

/* Who fetches is the gateway, so what to do about it at a provider is not said. */
static void fail_without_hint(struct gw_fetch *fetch, const char *message)
{
    struct gw_str text = gw_str_of(message);
    char reason[GW_ERR_MESSAGE_BYTES];

    text.len = gw_str_find_str(text, GW_STR(" ("));
    (void)snprintf(reason, sizeof reason, "%.*s", GW_STR_ARG(text));
    fail(fetch, reason);
}

static void on_fail(void *user, const struct gw_up_loss *loss)
{
    static const char *const reasons[] = {
        [GW_UP_OVERLOADED] = "the gateway makes too many connections",
        [GW_UP_CONNECT_TIMEOUT] = "its server could not be reached in time",
        [GW_UP_RESET] = "its server closed the connection without an answer",
        [GW_UP_BROKEN] = "its server's answer is no HTTP",
        [GW_UP_TRUNCATED] = "its server closed the connection within its answer",
        [GW_UP_TIMEOUT] = "its server did not answer in time",
    };
    struct gw_fetch *fetch = user;
    const struct gw_err *err = loss->err;

    fetch->up = NULL;
    switch (loss->fault) {
    case GW_UP_CONNECT:
        fail(fetch, err->status == GW_UNSUPPORTED ? "its host has an address that is not public"
                                                  : err->message);
        return;
    case GW_UP_DNS:
        fail(fetch, err->message);
        return;
    case GW_UP_TLS:
        fail_without_hint(fetch, err->message);
        return;
    case GW_UP_OVERLOADED:
    case GW_UP_CONNECT_TIMEOUT:
    case GW_UP_RESET:
    case GW_UP_BROKEN:
    case GW_UP_TRUNCATED:
    case GW_UP_TIMEOUT:
        break;
    }
    fail(fetch, reasons[loss->fault]);
}

static const struct gw_up_handler handler = {
    .on_ready = on_ready,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .on_writable = on_writable,
    .on_fail = on_fail,
};

static void on_timer(struct gw_timer *timer)
{
    struct gw_fetch *fetch = (struct gw_fetch *)((char *)timer - offsetof(struct gw_fetch, timer));

    fail(fetch, "it did not come within 10 s");
}

/* What an image may have where this much of the request is left for its base64. */
static size_t room_of(const struct gw_fetch *fetch)
{
    const struct gw_exchange *ex = fetch->ex;
    uint64_t most = gw_exchange_config(ex)->server.max_body_bytes;
    uint64_t used = gw_buf_len(&ex->forward.held) + fetch->found_bytes;
    uint64_t left = used < most ? (most - used) / 4 * 3 : 0;

    return left < GW_FETCH_BYTES_MAX ? (size_t)left : GW_FETCH_BYTES_MAX;
}

/* The one in hand. @return false when the exchange has failed */
static bool begin_one(struct gw_fetch *fetch)
{
    struct gw_exchange *ex = fetch->ex;
    struct gw_gateway *gateway = gw_exchange_gateway(ex);
    struct gw_str text = gw_text_decode(fetch->wanted->url, &ex->arena);
    struct gw_err err;
    bool ready;

    fetch->room = room_of(fetch);
    gw_buf_init(&fetch->body, fetch->room);
    enum gw_status status = text.base ? gw_fetch_url_parse(text, &fetch->url, &err) : GW_NO_MEMORY;
    const struct gw_origin_config config = {
        .host = fetch->url.host,
        .port = fetch->url.port,
        .tls = ex->site->media_profile,
        .connections_max = 1,
        .connect_timeout_ms = CONNECT_MS,
        .idle_expiry_ms = 1,
        .header_bytes_max = HEADER_BYTES_MAX,
        .permits = gateway->options.fetch_from_anywhere ? NULL : gw_addr_is_public,
    };
    if (status == GW_OK)
        status = gw_origin_create(&gateway->http, gateway->dns, &config, &fetch->origin, &err);
    if (status == GW_OK)
        fetch->up = gw_up_lease(fetch->origin, true, &handler, fetch, &ready);
    if (!fetch->up) {
        let_go(fetch);
        gw_stages_overloaded(ex);
        return false;
    }
    gw_loop_timer_set(gateway->http.loop, &fetch->timer, GW_FETCH_MS);
    return true;
}

bool gw_fetch_begin(struct gw_exchange *ex, const struct gw_wanted *wanted)
{
    gw_request_unmake(ex); /* it was made without them */
    if (!ex->fetch)
        ex->fetch = gw_arena_zalloc(&ex->arena, sizeof *ex->fetch);
    if (!ex->fetch) {
        gw_stages_overloaded(ex);
        return false;
    }
    gw_exchange_move(ex, GW_EX_FETCHING);
    ex->fetch->ex = ex;
    ex->fetch->wanted = wanted;
    ex->fetch->timer.on_timer = on_timer;
    return begin_one(ex->fetch);
}
