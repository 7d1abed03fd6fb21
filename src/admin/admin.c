#include "admin/admin.h"

#include "admin/endpoints.h"
#include "config/config.h"
#include "http/server.h"
#include "io/socket.h"
#include "record/sinks.h"

#include <stdlib.h>

/* Three times 100,000 series of 250 bytes, and the histograms. */
#define PAGE_BYTES_MAX ((size_t)96 << 20)
#define HEAD_BYTES_MAX ((size_t)1 << 10)

static const struct gw_server_limits limits = {
    .header_bytes_max = 16384,
    .body_bytes_max = 65536,
    .header_timeout_ms = 10000,
    .idle_timeout_ms = 75000,
    .connections_max = 64,
};

struct gw_admin {
    struct gw_http http;
    struct gw_server *server;
    struct gw_config *config;
    struct gw_recorder *recorder;
    struct gw_admin_callbacks callbacks;
    unsigned port;
    bool http_ready;
};

/* A request whose body has not ended: what it is to be answered. */
struct pending {
    struct gw_admin *admin;
    struct gw_admin_decision decision;
};

static const struct gw_str json_type = GW_STR_INIT("application/json");

/* `body` is written; the request is over. */
static void reply(struct gw_down *down, unsigned status, struct gw_str content_type,
                  struct gw_str extra, struct gw_str body, bool head)
{
    struct gw_buf out;
    bool keep = gw_down_may_keep(down);

    gw_buf_init(&out, PAGE_BYTES_MAX + HEAD_BYTES_MAX);
    if (gw_admin_write(&out, status, content_type, extra, body, head, keep) != GW_OK) {
        gw_buf_finish(&out);
        gw_down_abort(down, true);
        return;
    }
    struct iovec iov = {.iov_base = out.base + out.head, .iov_len = gw_buf_len(&out)};
    (void)gw_down_send(down, &iov, 1); /* a caller that is gone is ended like one that is not */
    gw_buf_finish(&out);
    gw_down_end(down, keep);
}

static void send_metrics(struct gw_admin *admin, struct gw_down *down,
                         const struct gw_admin_decision *decision)
{
    const struct gw_admin_callbacks *callbacks = &admin->callbacks;
    const struct gw_target_health *targets = NULL;
    size_t targets_count =
        callbacks->list_targets ? callbacks->list_targets(callbacks->arg, &targets) : 0;
    struct gw_buf page;

    gw_buf_init(&page, PAGE_BYTES_MAX);
    if (gw_recorder_expose(admin->recorder, targets, targets_count, decision->exposition, &page) ==
        GW_OK)
        reply(down, 200, gw_exposition_content_type(decision->exposition), GW_STR(""),
              gw_buf_str(&page), decision->head);
    else
        reply(down, 503, json_type, GW_STR(""), GW_STR("{\"error\":\"out of memory\"}"),
              decision->head);
    gw_buf_finish(&page);
}

static void send_reload(struct gw_admin *admin, struct gw_down *down)
{
    /* The file's faults are the operator's to mend (422); all else is ours. */
    enum gw_status status = admin->callbacks.reload(admin->callbacks.arg);

    if (status == GW_OK)
        reply(down, 200, json_type, GW_STR(""), GW_STR("{\"status\":\"ok\"}"), false);
    else
        reply(down, status == GW_INVALID ? 422 : 500, json_type, GW_STR(""),
              GW_STR("{\"error\":\"the configuration was not loaded and the old one stays; the log "
                     "says why\"}"),
              false);
}

static void send_not_allowed(struct gw_down *down, const struct gw_admin_decision *decision)
{
    char room[64] = "Allow: ";
    size_t len = strlen(room);

    memcpy(room + len, decision->allow.base, decision->allow.len);
    len += decision->allow.len;
    memcpy(room + len, "\r\n", 2);
    reply(down, 405, json_type, (struct gw_str){room, len + 2},
          GW_STR("{\"error\":\"another method is needed here\"}"), decision->head);
}

static void answer(struct gw_admin *admin, struct gw_down *down,
                   const struct gw_admin_decision *decision)
{
    const struct gw_str none = GW_STR("");
    bool draining;

    switch (decision->action) {
    case GW_ADMIN_INDEX:
        reply(down, 200, json_type, none,
              GW_STR("{\"name\":\"sluice\",\"version\":\"" GW_VERSION "\"}"), decision->head);
        return;
    case GW_ADMIN_HEALTH:
        draining = admin->callbacks.is_draining(admin->callbacks.arg);
        reply(down, draining ? 503 : 200, json_type, none,
              draining ? GW_STR("{\"status\":\"draining\"}") : GW_STR("{\"status\":\"ok\"}"),
              decision->head);
        return;
    case GW_ADMIN_METRICS:
        send_metrics(admin, down, decision);
        return;
    case GW_ADMIN_RELOAD:
        send_reload(admin, down);
        return;
    case GW_ADMIN_NOT_FOUND:
        reply(down, 404, json_type, none, GW_STR("{\"error\":\"nothing is here\"}"),
              decision->head);
        return;
    case GW_ADMIN_NOT_ALLOWED:
        send_not_allowed(down, decision);
        return;
    case GW_ADMIN_NO_TOKEN:
        reply(down, 401, json_type, GW_STR("WWW-Authenticate: Bearer realm=\"admin\"\r\n"),
              GW_STR("{\"error\":\"the admin token is needed\"}"), decision->head);
        return;
    case GW_ADMIN_FORBIDDEN:
        reply(
            down, 403, json_type, none,
            GW_STR("{\"error\":\"without a token only this machine's own programs may ask, and by "
                   "address\"}"),
            decision->head);
        return;
    }
}

static struct gw_str field(const struct gw_http1_head *head, struct gw_str bytes, const char *name)
{
    const struct gw_http1_field *found = gw_http1_field_by_name(head, bytes, gw_str_of(name));

    return found ? gw_http1_value(found, bytes) : GW_STR("");
}

static void on_request(void *arg, struct gw_down *down, const struct gw_http1_head *head,
                       struct gw_str bytes)
{
    struct gw_admin *admin = arg;
    const struct gw_admin_rules rules = {
        .token = admin->config->admin.token,
        .metrics_path = admin->config->metrics.enabled ? admin->config->metrics.path : GW_STR(""),
    };
    const struct gw_admin_request request = {
        .method = head->method,
        .target = {bytes.base + head->target, head->target_len},
        .host = {bytes.base + head->host, head->host_len},
        .accept = field(head, bytes, "accept"),
        .authorization = field(head, bytes, "authorization"),
        .origin = field(head, bytes, "origin"),
    };
    struct pending *pending = malloc(sizeof *pending);

    if (!pending) {
        gw_down_abort(down, true);
        return;
    }
    *pending = (struct pending){admin, gw_admin_decide(&request, &rules)};
    gw_down_set_user(down, pending);
}

static void on_body(struct gw_down *down, struct gw_str data, bool last)
{
    struct pending *pending = gw_down_user(down);
    (void)data; /* nothing here reads a body */

    if (!last)
        return;
    struct pending request = *pending;
    free(pending);
    gw_down_set_user(down, NULL);
    answer(request.admin, down, &request.decision);
}

static void on_writable(struct gw_down *down)
{
    (void)down; /* answers are handed over whole */
}

static void on_gone(struct gw_down *down)
{
    free(gw_down_user(down));
}

static void on_bad(void *arg, struct gw_down *down, unsigned status, const struct gw_err *err,
                   const struct gw_http1_head *head, struct gw_str bytes)
{
    (void)arg;
    (void)err;
    (void)bytes;
    free(gw_down_user(down));
    gw_down_set_user(down, NULL);
    reply(down, status, json_type, GW_STR(""), GW_STR("{\"error\":\"not a valid request\"}"),
          head && head->method == GW_METHOD_HEAD);
}

static const struct gw_server_handler handler = {
    .on_request = on_request,
    .on_body = on_body,
    .on_writable = on_writable,
    .on_gone = on_gone,
    .on_bad = on_bad,
};

enum gw_status gw_admin_create(struct gw_loop *loop, struct gw_config *config,
                               struct gw_recorder *recorder,
                               const struct gw_admin_callbacks *callbacks,
                               struct gw_admin **admin_out, struct gw_err *err)
{
    struct gw_admin *admin = calloc(1, sizeof *admin);
    int fd = -1;

    if (!admin)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate the admin listener");
    admin->config = gw_config_retain(config);
    admin->recorder = recorder;
    admin->callbacks = *callbacks;
    enum gw_status status = gw_http_init(&admin->http, loop, err);
    admin->http_ready = status == GW_OK;
    if (status == GW_OK)
        status = gw_listen(config->admin.host, config->admin.port, &fd, err);
    if (status == GW_OK) {
        admin->port = gw_sock_local_port(fd);
        status =
            gw_server_create(&admin->http, fd, NULL, &limits, &handler, admin, &admin->server, err);
    }
    if (status != GW_OK) {
        gw_admin_destroy(admin);
        return status;
    }
    *admin_out = admin;
    return GW_OK;
}

void gw_admin_set_config(struct gw_admin *admin, struct gw_config *config)
{
    struct gw_config *old = admin->config;

    admin->config = gw_config_retain(config);
    gw_config_release(old);
}

unsigned gw_admin_port(const struct gw_admin *admin)
{
    return admin->port;
}

void gw_admin_destroy(struct gw_admin *admin)
{
    if (!admin)
        return;
    gw_server_destroy(admin->server);
    if (admin->http_ready)
        gw_http_finish(&admin->http);
    gw_config_release(admin->config);
    free(admin);
}
