/*
 * gateway/stages: a request on its way to its provider, one function a stage, in the order of its
 * path.
 *
 *   check_body   what passes is looked at, as it passes
 *   take_model   the body's model, as soon as it has passed
 *   resolve      the provider it belongs to
 *   fetch        images, where the provider takes no URLs (fetch.c)
 *   lease        a connection there
 *   send_on      the caller's bytes, as they come
 *
 * What comes before (the head) is in begin.c, what comes after (the answer) in relay.c.
 */
#include "gateway/stages.h"

#include "gateway/attempt.h"
#include "gateway/count_tokens.h"
#include "gateway/exchange.h"
#include "gateway/fetch.h"
#include "gateway/meter.h"
#include "gateway/patch.h"
#include "gateway/translate.h"
#include "route/resolve.h"
#include "wire/inflate.h"
#include "wire/multipart.h"

/* A model name that is all \u escapes. */
#define RAW_MODEL_BYTES_MAX ((size_t)GW_CONFIG_MODEL_BYTES_MAX * 2 * 6)

/* Bytes of the body that are in hand: what is held, and a piece behind it. */
struct in_hand {
    struct gw_str held, data;
};

void gw_stages_overloaded(struct gw_exchange *ex)
{
    gw_exchange_fail(ex, GW_FAULT_OVERLOADED, "the gateway is out of memory");
}

/* ---- where it goes ---- */

static void connected(struct gw_exchange *ex)
{
    gw_exchange_move(ex, GW_EX_WAITING);
    if (gw_str_eq(ex->forward.method, GW_STR("HEAD")))
        gw_up_expect_no_body(ex->up);
}

/* @return false when the exchange has failed */
static bool lease(struct gw_exchange *ex, bool fresh)
{
    struct gw_gateway *gateway = gw_exchange_gateway(ex);
    bool ready;

    gw_exchange_move(ex, GW_EX_LEASING);
    gw_trace_attempt(&ex->record.trace, &gateway->rng);
    ex->record.attempts++;
    ex->up = gw_up_lease(ex->site->origins[ex->provider->index], fresh,
                         ex->translate ? &gw_translate_handler : &gw_relay_handler, ex, &ready);
    if (!ex->up) {
        gw_stages_overloaded(ex);
        return false;
    }
    if (ready)
        connected(ex);
    return true;
}

bool gw_stages_lease(struct gw_exchange *ex)
{
    return lease(ex, false);
}

/* @return false when the exchange has failed */
static void go_towards(struct gw_exchange *ex, const struct gw_provider_config *provider,
                       const struct gw_timeouts *timeouts)
{
    gw_exchange_move(ex, GW_EX_RESOLVING);
    ex->provider = provider;
    ex->timeouts = *timeouts;
    ex->record.provider = provider->telemetry_name;
    ex->record.provider_id = ex->site->snapshot->provider_labels[provider->index];
}

bool gw_stages_go_to(struct gw_exchange *ex, const struct gw_provider_config *provider,
                     const struct gw_timeouts *timeouts)
{
    go_towards(ex, provider, timeouts);
    return lease(ex, false);
}

enum gw_stages_service gw_stages_can_serve(const struct gw_exchange *ex,
                                           const struct gw_provider_config *provider,
                                           enum gw_model_api api)
{
    const struct gw_endpoint *endpoint = ex->endpoint;

    const struct gw_codec *caller = gw_translate_caller(ex);

    if (caller) {
        const struct gw_codec *upstream = gw_translate_upstream(caller, provider, api);
        if (!upstream)
            return GW_STAGES_OTHER_DIALECT;
        return upstream == caller ? GW_STAGES_SERVES : GW_STAGES_TRANSLATES;
    }
    if (endpoint->dialects & 1u << provider->dialect)
        return GW_STAGES_SERVES;
    return endpoint->operation == GW_OP_COUNT_TOKENS ? GW_STAGES_ESTIMATES
                                                     : GW_STAGES_OTHER_DIALECT;
}

bool gw_stages_serves(struct gw_exchange *ex, const struct gw_provider_config *provider,
                      enum gw_model_api api)
{
    struct gw_str dialect = gw_dialect_name(provider->dialect);

    ex->provider = provider; /* named in the error too */
    if (gw_stages_can_serve(ex, provider, api) != GW_STAGES_OTHER_DIALECT)
        return true;
    gw_exchange_fail(ex, GW_FAULT_UNSUPPORTED,
                     "%s is not served by provider \"%.*s\", which speaks %.*s", ex->endpoint->path,
                     GW_STR_ARG(provider->name), GW_STR_ARG(dialect));
    return false;
}

static enum gw_endpoint_kind kind_of(enum gw_operation operation)
{
    static const enum gw_endpoint_kind kinds[GW_OPS] = {
        [GW_OP_NONE] = GW_ENDPOINT_OTHER,
        [GW_OP_CHAT] = GW_ENDPOINT_CHAT,
        [GW_OP_COUNT_TOKENS] = GW_ENDPOINT_CHAT,
        [GW_OP_TEXT_COMPLETION] = GW_ENDPOINT_OTHER,
        [GW_OP_EMBEDDINGS] = GW_ENDPOINT_EMBEDDINGS,
        [GW_OP_IMAGE_GENERATION] = GW_ENDPOINT_IMAGE_GENERATION,
        [GW_OP_AUDIO_SPEECH] = GW_ENDPOINT_AUDIO_SPEECH,
        [GW_OP_AUDIO_TRANSCRIPTION] = GW_ENDPOINT_AUDIO_TRANSCRIPTION,
        [GW_OP_RERANK] = GW_ENDPOINT_RERANK,
        [GW_OP_FILES] = GW_ENDPOINT_OTHER,
        [GW_OP_MODELS] = GW_ENDPOINT_OTHER,
        [GW_OP_NATIVE] = GW_ENDPOINT_OTHER,
        [GW_OP_FORWARD] = GW_ENDPOINT_OTHER,
    };
    return kinds[operation];
}

static enum gw_fault fault_of(enum gw_status status)
{
    if (status == GW_NOT_FOUND)
        return GW_FAULT_UNKNOWN_MODEL;
    return status == GW_UNSUPPORTED ? GW_FAULT_UNSUPPORTED : GW_FAULT_INVALID_MODEL;
}

/* The model's place in the body is in forward->model, its bytes there in forward->model_raw.
 * @return false when the exchange has failed */
static bool resolve(struct gw_exchange *ex, struct gw_str model)
{
    struct gw_forward *forward = &ex->forward;
    struct gw_resolution found;
    struct gw_err err = {.offset = 0};

    ex->record.model_requested = model;
    enum gw_status status =
        gw_resolve(gw_exchange_config(ex), model, kind_of(ex->endpoint->operation), &found, &err);
    if (status != GW_OK) {
        gw_exchange_fail(ex, fault_of(status), "%s", err.message);
        return false;
    }
    if (found.route)
        return gw_attempt_begin(ex, found.route, model);
    ex->record.model_used = found.upstream_model;
    if (found.model)
        ex->record.model_id = ex->site->snapshot->model_labels[found.model->index];
    if (!gw_stages_serves(ex, found.provider, found.api))
        return false;
    if (found.prefix_bytes) { /* only that is cut out: the rest stays as it came */
        size_t cut = ex->form ? found.prefix_bytes
                              : gw_json_raw_prefix(forward->model_raw, found.prefix_bytes);
        if (cut == SIZE_MAX) {
            gw_exchange_fail(ex, GW_FAULT_INVALID_MODEL, "\"model\" has a broken escape");
            return false;
        }
        forward->model.len = cut;
        forward->splices = &forward->model;
        forward->splices_count = 1;
    }
    ex->api = found.api;
    if (gw_stages_can_serve(ex, found.provider, found.api) != GW_STAGES_SERVES ||
        gw_patch_suspects(ex, found.provider, found.upstream_model) ||
        gw_meter_suspects(ex, found.provider, found.api)) {
        ex->wants_whole = true; /* send_whole() goes on with it */
        go_towards(ex, found.provider, &found.timeouts);
        return true;
    }
    return gw_stages_go_to(ex, found.provider, &found.timeouts);
}

/* ---- the model in the body ---- */

/* Bytes begin..end of the body, in one piece. */
static struct gw_str body_slice(struct gw_exchange *ex, const struct in_hand *body, uint64_t begin,
                                uint64_t end)
{
    size_t held = body->held.len, len = (size_t)(end - begin);

    if (end <= held)
        return (struct gw_str){body->held.base + begin, len};
    if (begin >= held)
        return (struct gw_str){body->data.base + (begin - held), len};
    char *joined = gw_arena_bytes(&ex->arena, len);
    if (!joined)
        return (struct gw_str){NULL, 0};
    size_t first = held - (size_t)begin;
    memcpy(joined, body->held.base + begin, first);
    memcpy(joined + first, body->data.base, len - first);
    return (struct gw_str){joined, len};
}

/* @return false when the exchange has failed */
static bool take_json_model(struct gw_exchange *ex, const struct in_hand *body)
{
    const struct gw_json_place *place = &ex->scan.model;
    uint64_t raw_len = place->end - place->begin;

    if (place->kind != GW_JSON_STRING || raw_len == 0 || raw_len > RAW_MODEL_BYTES_MAX) {
        gw_exchange_fail(ex, GW_FAULT_INVALID_MODEL,
                         place->kind == GW_JSON_NONE     ? "\"model\" is missing"
                         : place->kind != GW_JSON_STRING ? "\"model\" is no string"
                         : raw_len == 0                  ? "\"model\" is empty"
                                                         : "\"model\" is too long");
        return false;
    }
    struct gw_str raw = body_slice(ex, body, place->begin, place->end);
    char *text = gw_arena_bytes(&ex->arena, raw.len);
    if (!raw.base || !text) {
        gw_stages_overloaded(ex);
        return false;
    }
    size_t len = gw_json_unescape(raw, text, raw.len);
    if (len == SIZE_MAX) {
        gw_exchange_fail(ex, GW_FAULT_INVALID_JSON, "\"model\" has a broken escape");
        return false;
    }
    ex->forward.model = (struct gw_splice){place->begin, raw_len, {"", 0}};
    ex->forward.model_raw = raw;
    return resolve(ex, (struct gw_str){text, len});
}

static bool take_form_model(struct gw_exchange *ex)
{
    const struct gw_multipart_field *field = &ex->form->model;

    if (!field->seen || field->len == 0) {
        gw_exchange_fail(ex, GW_FAULT_INVALID_MODEL, "the form's field \"model\" is %s",
                         field->seen ? "empty" : "missing");
        return false;
    }
    struct gw_str model = gw_arena_str(&ex->arena, gw_multipart_value(field));
    if (!model.base) {
        gw_stages_overloaded(ex);
        return false;
    }
    ex->forward.model = (struct gw_splice){field->begin, field->len, {"", 0}};
    ex->forward.model_raw = model;
    return resolve(ex, model);
}

/* ---- the body ---- */

/* A fault in what the caller sends. When an answer has begun there is nothing left to say. */
void gw_stages_request_fault(struct gw_exchange *ex, enum gw_fault fault, const struct gw_err *err)
{
    if (!ex->head_sent) {
        if (err->offset)
            gw_exchange_fail(ex, fault, "%s (byte %zu)", err->message, err->offset);
        else
            gw_exchange_fail(ex, fault, "%s", err->message);
        return;
    }
    struct gw_down *down = ex->down;
    ex->record.error_type = gw_fault_row(fault)->error_type;
    ex->down = NULL;
    gw_exchange_finish(ex);
    gw_down_abort(down, true);
}

/* Checks the next bytes. @return false when the exchange has failed */
static bool check_body(struct gw_exchange *ex, struct gw_str data, bool last)
{
    struct gw_err err = {.offset = 0};
    enum gw_status status = GW_OK;

    if (ex->endpoint->handling == GW_HANDLE_JSON && !ex->form) {
        status = gw_json_scan_feed(&ex->scan, data, &err);
        if (status == GW_OK && last)
            status = gw_json_scan_end(&ex->scan, &err);
        if (status != GW_OK)
            gw_stages_request_fault(ex, GW_FAULT_INVALID_JSON, &err);
    } else if (ex->form) {
        status = gw_multipart_feed(ex->form, data, &err);
        if (status == GW_OK && last)
            status = gw_multipart_end(ex->form, &err);
        if (status != GW_OK)
            gw_stages_request_fault(ex, GW_FAULT_INVALID_FORM, &err);
    }
    return status == GW_OK;
}

static bool hold(struct gw_exchange *ex, struct gw_str data)
{
    enum gw_status status = gw_buf_add(&ex->forward.held, data);

    if (status == GW_OK)
        return true;
    if (status == GW_TOO_LARGE)
        gw_exchange_fail(ex, GW_FAULT_BODY_TOO_LARGE, "the request's body is too large");
    else
        gw_stages_overloaded(ex);
    return false;
}

enum model_search {
    MODEL_FOUND,  /* and on its way to its provider */
    MODEL_WAITED, /* the bytes are held: it may come with the next ones */
    MODEL_FAILED  /* the exchange is over */
};

static enum model_search take_model(struct gw_exchange *ex, struct gw_str data, bool last)
{
    struct in_hand body = {gw_buf_str(&ex->forward.held), data};
    bool known = ex->form ? ex->form->model.seen : ex->scan.model.kind != GW_JSON_NONE;

    if (!known && !last)
        return hold(ex, data) ? MODEL_WAITED : MODEL_FAILED;
    ex->in_hand = data;
    bool found = ex->form ? take_form_model(ex) : take_json_model(ex, &body);
    if (found)
        ex->in_hand = (struct gw_str){"", 0};
    return found ? MODEL_FOUND : MODEL_FAILED;
}

/* @return false when the exchange has failed */
static bool send_on(struct gw_exchange *ex, struct gw_str data, bool last)
{
    enum gw_status status = gw_request_send(ex, data, last);

    if (status == GW_NO_MEMORY) {
        gw_stages_overloaded(ex);
        return false;
    }
    /* GW_IO: the connection broke; the relay hears of it. */
    if (status == GW_AGAIN && !last)
        gw_down_pause(ex->down);
    gw_up_deadline(ex->up, ex->timeouts.total_ms);
    gw_exchange_charge(ex);
    return true;
}

/* @return GW_OK; GW_AGAIN: images are being fetched; anything else: the exchange is over */
static enum gw_status translate(struct gw_exchange *ex)
{
    const struct gw_codec *upstream =
        gw_translate_upstream(gw_translate_caller(ex), ex->provider, ex->api);
    struct gw_complaint complaint;
    enum gw_status status =
        gw_translate_request(ex, upstream, ex->record.model_used, NULL, &complaint);

    if (status == GW_UNSUPPORTED)
        gw_translate_refuse(ex, &complaint);
    if (status == GW_AGAIN && !gw_fetch_begin(ex, gw_translate_wanted(ex)))
        return GW_EOF;
    return status;
}

/* As translate(). */
static enum gw_status edit(struct gw_exchange *ex)
{
    struct gw_complaint complaint;

    if (gw_meter_suspects(ex, ex->provider, ex->api) && !gw_meter_request(ex))
        return GW_EOF;
    if (!ex->suspected)
        return GW_OK;
    if (!gw_patch_begin(ex)) {
        gw_stages_overloaded(ex);
        return GW_NO_MEMORY;
    }
    enum gw_status status = gw_patch_request(ex, ex->record.model_used, false, &complaint);
    if (status == GW_UNSUPPORTED)
        gw_translate_refuse(ex, &complaint);
    if (status == GW_AGAIN && !gw_fetch_begin(ex, ex->edited->wanted))
        return GW_EOF;
    if (status != GW_OK || gw_patch_end(ex, ex->record.model_used))
        return status;
    gw_stages_overloaded(ex);
    return GW_NO_MEMORY;
}

/* Passthrough of a body that is changed, or answered here. @return false when the exchange is over */
static bool send_whole(struct gw_exchange *ex)
{
    enum gw_stages_service service = gw_stages_can_serve(ex, ex->provider, ex->api);
    enum gw_status status;

    if (service == GW_STAGES_ESTIMATES) {
        gw_count_tokens_answer(ex);
        return false;
    }
    status = service == GW_STAGES_SERVES ? edit(ex) : translate(ex);
    if (status != GW_OK)
        return status == GW_AGAIN;
    if (!lease(ex, false))
        return false;
    return ex->state != GW_EX_WAITING || gw_stages_send_held(ex);
}

void gw_stages_fetched(struct gw_exchange *ex)
{
    (void)send_whole(ex); /* a failure has answered the caller */
}

/* There is no connection to send on, or not everything that is needed. @return false when the exchange is
 * over */
static bool hold_until_sent(struct gw_exchange *ex, struct gw_str data, bool last)
{
    if (!hold(ex, data))
        return false;
    if (ex->wants_whole) {
        if (!last)
            return true;
        ex->wants_whole = false;
        return ex->managed ? gw_attempt_body_whole(ex) : send_whole(ex);
    }
    if (!last)
        gw_down_pause(ex->down);
    return true;
}

/* The next bytes of the (decoded) body. @return false when the exchange is over */
static bool body_piece(struct gw_exchange *ex, struct gw_str data, bool last)
{
    ex->body_whole = last;
    ex->record.bytes_in += data.len;
    if (!check_body(ex, data, last))
        return false;
    if (ex->state == GW_EX_READING) {
        enum model_search search = take_model(ex, data, last);
        if (search != MODEL_FOUND)
            return search == MODEL_WAITED;
    }
    if (ex->state == GW_EX_LEASING || ex->state == GW_EX_RESOLVING)
        return hold_until_sent(ex, data, last);
    return send_on(ex, data, last);
}

static bool on_inflated(void *arg, struct gw_str data)
{
    return body_piece(arg, data, false);
}

static void inflated_piece(struct gw_exchange *ex, struct gw_str data, bool last)
{
    struct gw_err err = {.offset = 0};
    enum gw_status status = gw_inflate_feed(ex->inflate, data, on_inflated, ex, &err);

    if (status == GW_EOF)
        return; /* failed within: `ex` is gone */
    if (status == GW_OK && last)
        status = gw_inflate_end(ex->inflate, &err);
    if (status != GW_OK)
        gw_stages_request_fault(
            ex, status == GW_TOO_LARGE ? GW_FAULT_BODY_TOO_LARGE : GW_FAULT_ENCODING, &err);
    else if (last)
        (void)body_piece(ex, (struct gw_str){"", 0}, true);
}

void gw_stages_on_body(struct gw_down *down, struct gw_str data, bool last)
{
    struct gw_exchange *ex = gw_down_user(down);

    if (last)
        ex->record.at_ns[GW_AT_BODY_END] = gw_loop_now_ns(gw_exchange_gateway(ex)->http.loop);
    if (ex->inflate)
        inflated_piece(ex, data, last);
    else
        (void)body_piece(ex, data, last);
}

bool gw_stages_send_held(struct gw_exchange *ex)
{
    struct gw_down *down = ex->down;
    bool whole = ex->body_whole, alive = true;

    /* Nothing to say yet: the head leaves with the first bytes of the body. */
    if (whole || gw_buf_len(&ex->forward.held))
        alive = send_on(ex, (struct gw_str){"", 0}, whole);
    if (alive && !whole)
        gw_down_resume(down);
    return alive;
}

void gw_stages_on_ready(struct gw_up *up, void *user)
{
    struct gw_exchange *ex = user;

    ex->up = up;
    connected(ex);
    if (ex->forward.whole_in_memory) { /* once more, after a stale connection */
        (void)gw_request_resend(ex);   /* what breaks is told by on_fail */
        gw_up_deadline(up, ex->timeouts.total_ms);
        return;
    }
    (void)gw_stages_send_held(ex); /* a failure has answered the caller */
}

void gw_stages_on_writable(struct gw_up *up)
{
    struct gw_exchange *ex = gw_up_user(up);

    if (ex->down)
        gw_down_resume(ex->down);
}

void gw_stages_resend(struct gw_exchange *ex)
{
    ex->resent = true;
    gw_exchange_move(ex, GW_EX_RESOLVING);
    if (!ex->forward.whole_in_memory && !gw_request_rewind(ex))
        gw_stages_overloaded(ex);
    else
        (void)lease(ex, true); /* a failure has answered the caller */
}
