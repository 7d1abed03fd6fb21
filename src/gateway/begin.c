/*
 * gateway/begin: a request's head: ids, trace, endpoint, and the first stages of requests that need
 * no model.
 *
 * Also the handler of the gateway's listener: what it hears is handed to the exchange's stages.
 */
#include "gateway/exchange.h"

#include "gateway/pages.h"
#include "gateway/stages.h"
#include "gateway/translate.h"
#include "io/socket.h"
#include "wire/inflate.h"
#include "wire/multipart.h"

#include <string.h>

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

/* A request that a base URL leads back here would go round until connections run out: gateways count
 * themselves in Via (RFC 9110 §7.6.3). Some in a row are no mistake. */
#define HOPS_MAX 8u

static unsigned hops_of(const struct gw_http1_head *head, struct gw_str bytes)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < head->fields_count; i++) {
        if (head->fields[i].id != GW_FIELD_VIA)
            continue;
        struct gw_str rest = gw_http1_value(&head->fields[i], bytes);
        while (rest.len) { /* "1.1 name (comment)", ... */
            size_t len = gw_str_find(rest, ',');
            struct gw_str hop = gw_str_trim((struct gw_str){rest.base, len});
            struct gw_str name = gw_str_trim(gw_str_from(hop, gw_str_find(hop, ' ')));
            name.len = gw_str_find(name, ' ');
            count += gw_str_eq_nocase(name, GW_STR(GW_REQUEST_VIA_NAME));
            rest = gw_str_from(rest, len + 1);
        }
    }
    return count;
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

/* ---- requests without a model ---- */

static void begin_native(struct gw_exchange *ex, const struct gw_route_match *match)
{
    const struct gw_provider_config *provider =
        gw_config_provider(gw_exchange_config(ex), match->name);

    if (!provider) {
        gw_exchange_fail(ex, GW_FAULT_UNKNOWN_PROVIDER, "no provider is named \"%.*s\"",
                         (int)(match->name.len < 100 ? match->name.len : 100), match->name.base);
        return;
    }
    (void)gw_stages_go_to(ex, provider,
                          &provider->timeouts); /* a failure has answered the caller */
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
        field ? gw_config_provider(gw_exchange_config(ex), name)
              : first_openai(gw_exchange_config(ex));

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
    if (gw_stages_serves(ex, provider, GW_MODEL_API_CHAT))
        (void)gw_stages_go_to(ex, provider, &provider->timeouts);
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
        gw_stages_overloaded(ex);
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
    struct gw_err err = {.offset = 0};

    if (coding.len && !gw_str_eq_nocase(coding, GW_STR("identity"))) {
        enum gw_status status = gw_inflate_create(
            coding, gw_exchange_config(ex)->server.max_body_bytes, &ex->inflate, &err);
        if (status == GW_UNSUPPORTED) {
            gw_exchange_fail(ex, GW_FAULT_ENCODING, "%s", err.message);
            return false;
        }
        if (status != GW_OK) {
            gw_stages_overloaded(ex);
            return false;
        }
    }
    if (ex->endpoint->handling == GW_HANDLE_FORM || (forward && is_form(type)))
        return begin_form(ex, type);
    gw_json_scan_init(&ex->scan);
    return true;
}

/* x-gateway-strict: true */
static bool wants_strict(const struct gw_http1_head *head, struct gw_str bytes)
{
    if (!(head->seen & (uint64_t)1 << GW_FIELD_PREFIX_X_GATEWAY))
        return false;
    const struct gw_http1_field *field =
        gw_http1_field_by_name(head, bytes, GW_STR("x-gateway-strict"));
    return field && gw_str_eq_nocase(gw_http1_value(field, bytes), GW_STR("true"));
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
        gw_stages_overloaded(ex);
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
    /* Below a provider's base URL it must stay there, whoever reads it next. Without a '*' the path
     * is the table's own. */
    if (strchr(ex->endpoint->path, '*') && !gw_url_path_is_safe(match.below)) {
        gw_exchange_fail(ex, GW_FAULT_BAD_REQUEST, "the path is not safe to pass on");
        return;
    }
    if ((head->seen & (uint64_t)1 << GW_FIELD_VIA) && hops_of(head, bytes) >= HOPS_MAX) {
        gw_exchange_fail(ex, GW_FAULT_LOOP,
                         "the request has passed %u gateways: the `base_url` of a provider leads "
                         "back to where it came from",
                         HOPS_MAX);
        return;
    }
    ex->strict = gw_exchange_config(ex)->translation.strict || wants_strict(head, bytes);
    bool body =
        ex->endpoint->handling == GW_HANDLE_JSON || ex->endpoint->handling == GW_HANDLE_FORM;
    if (body && !begin_body(ex, head, bytes))
        return;
    if (gw_request_begin(ex, head, bytes, ex->inflate != NULL) != GW_OK) {
        gw_stages_overloaded(ex);
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
        gw_stages_request_fault(ex, fault_of_status(status), err);
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
        ex->translate ? gw_translate_resume(ex) : gw_relay_resume(ex);
}

const struct gw_server_handler gw_gateway_handler = {
    .on_request = on_request,
    .on_body = gw_stages_on_body,
    .on_writable = on_writable,
    .on_gone = on_gone,
    .on_bad = on_bad,
};
