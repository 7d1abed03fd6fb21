/*
 * gateway/stages: a request on its way in, one function a stage, in the order of its path.
 *
 *   begin        the head: ids, trace, endpoint
 *   take_model   the body's model, as soon as it has passed
 *   resolve      the provider it belongs to
 *   lease        a connection there
 *   send         the caller's bytes, as they come
 */
#include "gateway/exchange.h"

#include "base/clock.h"
#include "gateway/pages.h"
#include "io/socket.h"
#include "route/resolve.h"
#include "wire/inflate.h"
#include "wire/multipart.h"

#include <assert.h>

/* A model name that is all \u escapes. */
#define RAW_MODEL_BYTES_MAX ((size_t)GW_CONFIG_MODEL_BYTES_MAX * 2 * 6)

/* Bytes of the body that are in hand: what is held, and a piece behind it. */
struct in_hand {
    struct gw_str held, data;
};

static const struct gw_config *config_of(const struct gw_exchange *ex)
{
    return ex->site->snapshot->config;
}

/* ---- the head ---- */

static bool is_repeated(const struct gw_http1_head *head, enum gw_field_id id)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < head->fields_count; i++)
        count += head->fields[i].id == id;
    return count > 1;
}

static struct gw_str value_of(const struct gw_http1_head *head, struct gw_str bytes,
                              enum gw_field_id id)
{
    const struct gw_http1_field *field = gw_http1_field_by_id(head, id);
    return field ? gw_http1_value(field, bytes) : (struct gw_str){NULL, 0};
}

static bool begin_ids(struct gw_exchange *ex, const struct gw_http1_head *head, struct gw_str bytes)
{
    struct gw_gateway *gateway = gw_exchange_gateway(ex);
    struct gw_record *record = &ex->record;
    struct gw_str given = {NULL, 0}, parent = {NULL, 0};
    bool repeated = false;

    if (head) {
        given = value_of(head, bytes, GW_FIELD_X_REQUEST_ID);
        parent = value_of(head, bytes, GW_FIELD_TRACEPARENT);
        repeated = parent.base && is_repeated(head, GW_FIELD_TRACEPARENT);
    }
    gw_trace_begin(&record->trace, parent, repeated, &gateway->rng);
    if (gw_request_id_valid(given)) {
        record->request_id = gw_arena_str(&ex->arena, given);
        return record->request_id.base != NULL;
    }
    char *id = gw_arena_bytes(&ex->arena, GW_UUID_BYTES);
    if (!id)
        return false;
    gw_request_id_make(&gateway->rng, record->started_wall_ns, id);
    record->request_id = (struct gw_str){id, GW_UUID_BYTES};
    return true;
}

static bool begin_log_fields(struct gw_exchange *ex, const struct gw_http1_head *head,
                             struct gw_str bytes)
{
    struct gw_record *record = &ex->record;
    struct gw_addr peer;
    char text[GW_ADDR_TEXT_BYTES];

    if (!ex->site->log_enabled)
        return true;
    struct gw_str agent = value_of(head, bytes, GW_FIELD_USER_AGENT);
    record->user_agent = gw_arena_str(&ex->arena, agent);
    if (ex->site->log_remote_addr && gw_down_peer(ex->down, &peer))
        record->remote_addr = gw_arena_str(&ex->arena, gw_str_of(gw_addr_text(&peer, text)));
    return record->user_agent.base != NULL;
}

/* The target is copied: it is needed until the request has been sent, its path until the record is
 * closed. */
static bool begin_target(struct gw_exchange *ex, const struct gw_http1_head *head,
                         struct gw_str bytes, struct gw_route_match *match)
{
    struct gw_str target =
        gw_arena_str(&ex->arena, (struct gw_str){bytes.base + head->target, head->target_len});
    struct gw_str method = gw_http1_method_name(head->method);

    if (head->method == GW_METHOD_OTHER)
        method = gw_arena_str(&ex->arena,
                              (struct gw_str){bytes.base + head->method_at, head->method_len});
    if (!target.base || !method.base)
        return false;
    *match = gw_endpoint_match(head->method, target);
    ex->endpoint = match->endpoint;
    ex->caller = match->caller;
    ex->forward.method = method;
    ex->forward.below = match->below;
    ex->forward.query = match->query;
    ex->record.method = method;
    ex->record.path = (struct gw_str){target.base, target.len - match->query.len};
    if (ex->endpoint) {
        ex->record.operation = ex->endpoint->operation;
        ex->record.client_format = gw_str_of(ex->endpoint->format);
    }
    if (head->seen & ((uint64_t)1 << GW_FIELD_ANTHROPIC_VERSION) &&
        (!ex->endpoint || ex->endpoint->operation == GW_OP_MODELS))
        ex->caller = GW_CALLER_MESSAGES;
    return true;
}

static void overloaded(struct gw_exchange *ex)
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
    ex->up =
        gw_up_lease(ex->site->origins[ex->provider->index], fresh, &gw_relay_handler, ex, &ready);
    if (!ex->up) {
        overloaded(ex);
        return false;
    }
    if (ready)
        connected(ex);
    return true;
}

/* @return false when the exchange has failed */
static bool go_to(struct gw_exchange *ex, const struct gw_provider_config *provider,
                  const struct gw_timeouts *timeouts)
{
    gw_exchange_move(ex, GW_EX_RESOLVING);
    ex->provider = provider;
    ex->timeouts = *timeouts;
    ex->record.provider = provider->telemetry_name;
    ex->record.provider_id = ex->site->snapshot->provider_labels[provider->index];
    return lease(ex, false);
}

/* Does the provider serve this endpoint in the caller's own dialect? Otherwise the exchange fails.
 */
static bool serves(struct gw_exchange *ex, const struct gw_provider_config *provider,
                   enum gw_model_api api)
{
    const struct gw_endpoint *endpoint = ex->endpoint;
    struct gw_str dialect = gw_dialect_name(provider->dialect);
    bool responses = ex->caller == GW_CALLER_RESPONSES && endpoint->operation == GW_OP_CHAT;

    ex->provider = provider; /* named in the error too */
    if (!(endpoint->dialects & 1u << provider->dialect)) {
        gw_exchange_fail(ex, GW_FAULT_UNSUPPORTED,
                         "%s is not served by provider \"%.*s\", which speaks %.*s; "
                         "translation between dialects is not in this release",
                         endpoint->path, GW_STR_ARG(provider->name), GW_STR_ARG(dialect));
        return false;
    }
    if (responses && !provider->responses) {
        gw_exchange_fail(ex, GW_FAULT_UNSUPPORTED,
                         "provider \"%.*s\" does not speak Responses (set `responses = true` if it "
                         "does); translation to chat completions is not in this release",
                         GW_STR_ARG(provider->name));
        return false;
    }
    if (ex->caller == GW_CALLER_CHAT && api == GW_MODEL_API_RESPONSES) {
        gw_exchange_fail(
            ex, GW_FAULT_UNSUPPORTED,
            "this model speaks Responses only (`api = \"responses\"`); translation from "
            "chat completions is not in this release");
        return false;
    }
    return true;
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

/* @param prefix_out  bytes of `model` that name the provider and are cut out */
static bool resolve(struct gw_exchange *ex, struct gw_str model, size_t *prefix_out)
{
    struct gw_resolution found;
    struct gw_err err;

    ex->record.model_requested = model;
    enum gw_status status =
        gw_resolve(config_of(ex), model, kind_of(ex->endpoint->operation), &found, &err);
    if (status != GW_OK) {
        gw_exchange_fail(ex,
                         status == GW_NOT_FOUND ? GW_FAULT_UNKNOWN_MODEL : GW_FAULT_INVALID_MODEL,
                         "%s", err.message);
        return false;
    }
    ex->record.model_used = found.upstream_model;
    if (found.model)
        ex->record.model_id = ex->site->snapshot->model_labels[found.model->index];
    if (!serves(ex, found.provider, found.api))
        return false;
    *prefix_out = found.prefix_bytes;
    return go_to(ex, found.provider, &found.timeouts);
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
        overloaded(ex);
        return false;
    }
    size_t len = gw_json_unescape(raw, text, raw.len), prefix;
    if (len == SIZE_MAX) {
        gw_exchange_fail(ex, GW_FAULT_INVALID_JSON, "\"model\" has a broken escape");
        return false;
    }
    if (!resolve(ex, (struct gw_str){text, len}, &prefix))
        return false;
    if (prefix) {
        size_t cut = gw_json_raw_prefix(raw, prefix);
        if (cut == SIZE_MAX) {
            gw_exchange_fail(ex, GW_FAULT_INVALID_MODEL, "\"model\" has a broken escape");
            return false;
        }
        ex->forward.cut_at = place->begin;
        ex->forward.cut_len = cut;
    }
    return true;
}

static bool take_form_model(struct gw_exchange *ex)
{
    const struct gw_multipart_field *field = &ex->form->model;
    size_t prefix;

    if (!field->seen || field->len == 0) {
        gw_exchange_fail(ex, GW_FAULT_INVALID_MODEL, "the form's field \"model\" is %s",
                         field->seen ? "empty" : "missing");
        return false;
    }
    struct gw_str model = gw_arena_str(&ex->arena, gw_multipart_value(field));
    if (!model.base) {
        overloaded(ex);
        return false;
    }
    if (!resolve(ex, model, &prefix))
        return false;
    ex->forward.cut_at = field->begin;
    ex->forward.cut_len = prefix;
    return true;
}

/* ---- the body ---- */

/* A fault in what the caller sends. When an answer has begun there is nothing left to say. */
static void request_fault(struct gw_exchange *ex, enum gw_fault fault, const struct gw_err *err)
{
    if (!ex->head_sent) {
        gw_exchange_fail(ex, fault, "%s (byte %zu)", err->message, err->offset);
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
            request_fault(ex, GW_FAULT_INVALID_JSON, &err);
    } else if (ex->form) {
        status = gw_multipart_feed(ex->form, data, &err);
        if (status == GW_OK && last)
            status = gw_multipart_end(ex->form, &err);
        if (status != GW_OK)
            request_fault(ex, GW_FAULT_INVALID_FORM, &err);
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
        overloaded(ex);
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
    bool found = ex->form ? take_form_model(ex) : take_json_model(ex, &body);
    return found ? MODEL_FOUND : MODEL_FAILED;
}

/* @return false when the exchange has failed */
static bool send_on(struct gw_exchange *ex, struct gw_str data, bool last)
{
    enum gw_status status = gw_request_send(ex, data, last);

    if (status == GW_NO_MEMORY) {
        overloaded(ex);
        return false;
    }
    if (status == GW_INVALID) {
        gw_exchange_fail(ex, GW_FAULT_BAD_REQUEST,
                         "the credential cannot be shown to provider \"%.*s\"",
                         GW_STR_ARG(ex->provider->name));
        return false;
    }
    /* GW_IO: the connection broke; the relay hears of it. */
    if (status == GW_AGAIN && !last)
        gw_down_pause(ex->down);
    gw_up_deadline(ex->up, ex->timeouts.total_ms);
    gw_exchange_charge(ex);
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
    if (ex->state == GW_EX_LEASING) {
        if (!last)
            gw_down_pause(ex->down);
        return hold(ex, data);
    }
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
        request_fault(ex, status == GW_TOO_LARGE ? GW_FAULT_BODY_TOO_LARGE : GW_FAULT_ENCODING,
                      &err);
    else if (last)
        (void)body_piece(ex, (struct gw_str){"", 0}, true);
}

static void on_body(struct gw_down *down, struct gw_str data, bool last)
{
    struct gw_exchange *ex = gw_down_user(down);

    if (last)
        ex->record.at_ns[GW_AT_BODY_END] = gw_loop_now_ns(gw_exchange_gateway(ex)->http.loop);
    if (ex->inflate)
        inflated_piece(ex, data, last);
    else
        (void)body_piece(ex, data, last);
}

void gw_stages_on_ready(struct gw_up *up, void *user)
{
    struct gw_exchange *ex = user;
    bool whole = ex->body_whole;

    ex->up = up;
    connected(ex);
    if (ex->resent) {
        (void)gw_request_resend(ex); /* what breaks is told by on_fail */
        gw_up_deadline(up, ex->timeouts.total_ms);
        return;
    }
    /* Nothing to say yet: the head leaves with the first bytes of the body. */
    struct gw_down *down = ex->down;
    bool alive = true;
    if (whole || gw_buf_len(&ex->forward.held))
        alive = send_on(ex, (struct gw_str){"", 0}, whole);
    if (alive && !whole)
        gw_down_resume(down);
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
    if (ex->state == GW_EX_WAITING)
        gw_exchange_move(ex, GW_EX_RESOLVING);
    (void)lease(ex, true); /* a failure has answered the caller */
}

/* ---- requests without a model ---- */

static void begin_native(struct gw_exchange *ex, const struct gw_route_match *match)
{
    const struct gw_provider_config *provider = gw_config_provider(config_of(ex), match->name);

    if (!provider) {
        gw_exchange_fail(ex, GW_FAULT_UNKNOWN_PROVIDER, "no provider is named \"%.*s\"",
                         (int)(match->name.len < 100 ? match->name.len : 100), match->name.base);
        return;
    }
    if (!gw_url_path_is_safe(match->below)) {
        gw_exchange_fail(ex, GW_FAULT_BAD_REQUEST, "the path is not safe to pass on");
        return;
    }
    (void)go_to(ex, provider, &provider->timeouts); /* a failure has answered the caller */
}

static const struct gw_provider_config *first_openai(const struct gw_config *config)
{
    for (uint32_t i = 0; i < config->providers_count; i++)
        if (config->providers[i].dialect == GW_DIALECT_OPENAI)
            return &config->providers[i];
    return NULL;
}

static void begin_files(struct gw_exchange *ex, const struct gw_http1_head *head,
                        struct gw_str bytes)
{
    const struct gw_http1_field *field =
        gw_http1_field_by_name(head, bytes, GW_STR("x-gateway-provider"));
    struct gw_str name = field ? gw_http1_value(field, bytes) : GW_STR("");
    const struct gw_provider_config *provider =
        field ? gw_config_provider(config_of(ex), name) : first_openai(config_of(ex));

    if (!provider) {
        if (field)
            gw_exchange_fail(ex, GW_FAULT_UNKNOWN_PROVIDER,
                             "x-gateway-provider: no provider is named \"%.*s\"",
                             (int)(name.len < 100 ? name.len : 100), name.base);
        else
            gw_exchange_fail(ex, GW_FAULT_UNKNOWN_PROVIDER,
                             "no OpenAI-compatible provider is configured for files");
        return;
    }
    if (!gw_url_path_is_safe(ex->forward.below)) {
        gw_exchange_fail(ex, GW_FAULT_BAD_REQUEST, "the path is not safe to pass on");
        return;
    }
    if (serves(ex, provider, GW_MODEL_API_CHAT))
        (void)go_to(ex, provider, &provider->timeouts);
}

/* ---- the handler ---- */

static bool begin_form(struct gw_exchange *ex, struct gw_str content_type)
{
    struct gw_err err = {.offset = 0};

    ex->form = gw_arena_alloc(&ex->arena, sizeof *ex->form);
    enum gw_status status =
        ex->form ? gw_multipart_init(ex->form, content_type, &err) : GW_NO_MEMORY;
    if (status == GW_OK)
        return true;
    ex->form = NULL;
    if (status == GW_NO_MEMORY)
        overloaded(ex);
    else
        gw_exchange_fail(ex, GW_FAULT_INVALID_FORM, "%s", err.message);
    return false;
}

static bool is_form(struct gw_str content_type)
{
    struct gw_str form = GW_STR("multipart/form-data");

    return content_type.len >= form.len &&
           gw_str_eq_nocase((struct gw_str){content_type.base, form.len}, form);
}

/* What is needed to find the model in the body. @return false when the exchange has failed */
static bool begin_body(struct gw_exchange *ex, const struct gw_http1_head *head,
                       struct gw_str bytes)
{
    struct gw_str type = value_of(head, bytes, GW_FIELD_CONTENT_TYPE);
    struct gw_str coding = value_of(head, bytes, GW_FIELD_CONTENT_ENCODING);
    bool forward = ex->endpoint->operation == GW_OP_FORWARD;
    struct gw_err err;

    if (coding.len && !gw_str_eq_nocase(coding, GW_STR("identity"))) {
        enum gw_status status =
            gw_inflate_create(coding, config_of(ex)->server.max_body_bytes, &ex->inflate, &err);
        if (status == GW_UNSUPPORTED) {
            gw_exchange_fail(ex, GW_FAULT_ENCODING, "%s", err.message);
            return false;
        }
        if (status != GW_OK) {
            overloaded(ex);
            return false;
        }
    }
    if (ex->endpoint->handling == GW_HANDLE_FORM || (forward && is_form(type)))
        return begin_form(ex, type);
    gw_json_scan_init(&ex->scan);
    return true;
}

static void on_request(void *arg, struct gw_down *down, const struct gw_http1_head *head,
                       struct gw_str bytes)
{
    struct gw_gateway *gateway = arg;
    struct gw_exchange *ex = gw_exchange_create(gateway, down);
    struct gw_route_match match;

    if (!ex) {
        gw_down_abort(down, true);
        return;
    }
    gw_down_set_user(down, ex);
    if (!begin_ids(ex, head, bytes) || !begin_target(ex, head, bytes, &match) ||
        !begin_log_fields(ex, head, bytes)) {
        overloaded(ex);
        return;
    }
    if (!ex->endpoint) {
        gw_exchange_fail(ex, GW_FAULT_UNKNOWN_PATH, "nothing is served at %.*s",
                         (int)(ex->record.path.len < 200 ? ex->record.path.len : 200),
                         ex->record.path.base);
        return;
    }
    if (!match.method_allowed) {
        gw_exchange_fail(ex, GW_FAULT_METHOD, "%s is served with %s only", ex->endpoint->path,
                         ex->endpoint->methods);
        return;
    }
    if (ex->endpoint->handling < GW_HANDLE_JSON) {
        gw_pages_answer(ex, &match);
        return;
    }
    bool body =
        ex->endpoint->handling == GW_HANDLE_JSON || ex->endpoint->handling == GW_HANDLE_FORM;
    if (body && !begin_body(ex, head, bytes))
        return;
    if (gw_request_begin(ex, head, bytes, ex->inflate != NULL) != GW_OK) {
        overloaded(ex);
        return;
    }
    if (ex->endpoint->handling == GW_HANDLE_FILES)
        begin_files(ex, head, bytes);
    else if (ex->endpoint->handling == GW_HANDLE_NATIVE)
        begin_native(ex, &match);
}

static void on_gone(struct gw_down *down)
{
    struct gw_exchange *ex = gw_down_user(down);

    if (!ex)
        return;
    ex->down = NULL;
    ex->record.error_type = GW_ERROR_CLIENT_DISCONNECT;
    gw_exchange_finish(ex);
}

static enum gw_fault fault_of_status(unsigned status)
{
    switch (status) {
    case 408:
        return GW_FAULT_REQUEST_TIMEOUT;
    case 413:
        return GW_FAULT_BODY_TOO_LARGE;
    case 431:
        return GW_FAULT_HEADERS_TOO_LARGE;
    case 503:
        return GW_FAULT_OVERLOADED;
    case 505:
        return GW_FAULT_HTTP_VERSION;
    default:
        return GW_FAULT_BAD_REQUEST;
    }
}

/* The dialect of a request that could not be parsed: its first line often still shows it. */
static enum gw_caller guess_caller(struct gw_str bytes)
{
    struct gw_str line = {bytes.base, bytes.len ? gw_str_find(bytes, '\n') : 0};
    struct gw_str messages = GW_STR("/v1/messages");

    return gw_str_find_str(line, messages) < line.len ? GW_CALLER_MESSAGES : GW_CALLER_OPENAI;
}

static void on_bad(void *arg, struct gw_down *down, unsigned status, const struct gw_err *err,
                   const struct gw_http1_head *head, struct gw_str bytes)
{
    struct gw_exchange *ex = gw_down_user(down);
    struct gw_route_match match;

    if (ex) {
        request_fault(ex, fault_of_status(status), err);
        return;
    }
    ex = gw_exchange_create(arg, down);
    if (!ex) {
        gw_down_abort(down, true);
        return;
    }
    gw_down_set_user(down, ex);
    ex->caller = guess_caller(bytes);
    if (!begin_ids(ex, head, bytes) || (head && !begin_target(ex, head, bytes, &match))) {
        gw_down_set_user(down, NULL);
        ex->down = NULL;
        gw_exchange_finish(ex);
        gw_down_abort(down, true);
        return;
    }
    gw_exchange_fail(ex, fault_of_status(status), "%s", err->message);
}

static void on_writable(struct gw_down *down)
{
    struct gw_exchange *ex = gw_down_user(down);

    if (ex && ex->up)
        gw_relay_resume(ex);
}

const struct gw_server_handler gw_gateway_handler = {
    .on_request = on_request,
    .on_body = on_body,
    .on_writable = on_writable,
    .on_gone = on_gone,
    .on_bad = on_bad,
};
