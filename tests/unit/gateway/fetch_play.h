/*
 * tests/unit/gateway/fetch_play.h: a gateway with all that it talks to, on one loop turned by hand: callers,
 * providers, and a server of images under TLS that does what the path says.
 *
 * Both servers are our own http/server, whose handlers here write down what they are asked.
 */
#ifndef GW_TESTS_UNIT_GATEWAY_FETCH_PLAY_H
#define GW_TESTS_UNIT_GATEWAY_FETCH_PLAY_H

#include "config/problems.h"
#include "gateway/gateway.h"
#include "io/dns.h"
#include "io/tls.h"
#include "record/sinks.h"
#include "unit/http/play.h"
#include "unit/io/certs.h"

#define STATUSES_MAX 8
#define PNG "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
#define PNG_BASE64 "iVBORw0KGgoAAAANSUhEUg=="
#define PNG_BYTES (sizeof(PNG) - 1)

/* What the server of images does with a path. */
enum then {
    THEN_END,   /* it is whole; the connection is closed */
    THEN_WAIT,  /* nothing more comes */
    THEN_RESET, /* broken off */
};
struct page {
    const char *path;
    struct gw_str head, body;
    size_t padding; /* bytes behind the body */
    enum then then;
};

static struct {
    char folder[64], ca[CERT_PATH_BYTES];
    struct gw_recorder *recorder;
    struct gw_sinks *sinks;
    struct gw_health *health;
    struct gw_gateway *gateway;
    unsigned port;

    struct gw_tls_profile *profile;
    struct gw_server *images;
    unsigned images_port, images_open, images_most, images_gone;
    const struct page *pages;
    struct gw_buf fetched; /* the heads of what was asked for */

    struct gw_server *providers;
    unsigned providers_port, asked;
    struct gw_buf sent; /* "NAME BODY\n" of each request */
    unsigned statuses[STATUSES_MAX];
} scene;

static inline void on_bad(void *arg, struct gw_down *down, unsigned status,
                          const struct gw_err *err, const struct gw_http1_head *head,
                          struct gw_str bytes)
{
    (void)arg, (void)head, (void)bytes;
    (void)down;
    fail_msg("a mock got what is no request: %u %s", status, err->message);
}

static inline void on_room(struct gw_down *down)
{
    (void)down;
}

/* ---- images ---- */

static inline const struct page *page_of(struct gw_str target)
{
    target.len = gw_str_find(target, '?');
    for (const struct page *page = scene.pages; page && page->path; page++)
        if (gw_str_eq(target, gw_str_of(page->path)))
            return page;
    fail_msg("no such page: %.*s", GW_STR_ARG(target));
    return NULL;
}

static inline void image_asked(void *arg, struct gw_down *down, const struct gw_http1_head *head,
                               struct gw_str bytes)
{
    const struct page *page = page_of((struct gw_str){bytes.base + head->target, head->target_len});

    (void)arg;
    assert_int_equal(gw_buf_add(&scene.fetched, (struct gw_str){bytes.base, head->bytes}), GW_OK);
    if (++scene.images_open > scene.images_most)
        scene.images_most = scene.images_open;
    char *padding = calloc(1, page->padding + 1);
    assert_non_null(padding);
    struct iovec iov[] = {{(void *)(uintptr_t)page->head.base, page->head.len},
                          {(void *)(uintptr_t)page->body.base, page->body.len},
                          {padding, page->padding}};
    bool gone = gw_down_send(down, iov, (int)GW_COUNT(iov)) == GW_IO;
    free(padding);
    if (page->then == THEN_WAIT && !gone)
        return;
    scene.images_open--;
    if (page->then == THEN_RESET || gone)
        gw_down_abort(down, true);
    else
        gw_down_end(down, false);
}

static inline void image_body(struct gw_down *down, struct gw_str data, bool last)
{
    (void)down, (void)last;
    assert_int_equal(data.len, 0);
}

static inline void image_gone(struct gw_down *down)
{
    (void)down;
    scene.images_open--;
    scene.images_gone++;
}

static const struct gw_server_handler images_handler = {.on_request = image_asked,
                                                        .on_body = image_body,
                                                        .on_writable = on_room,
                                                        .on_gone = image_gone,
                                                        .on_bad = on_bad};

/* ---- providers ---- */

static inline void provider_asked(void *arg, struct gw_down *down, const struct gw_http1_head *head,
                                  struct gw_str bytes)
{
    struct gw_str target = {bytes.base + head->target + 1, head->target_len - 1};

    (void)arg, (void)down;
    target.len = gw_str_find(target, '/');
    assert_int_equal(gw_buf_printf(&scene.sent, "%.*s ", GW_STR_ARG(target)), GW_OK);
}

static inline void provider_body(struct gw_down *down, struct gw_str data, bool last)
{
    static const char answer[] =
        "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":["
        "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"It is a cat.\"},"
        "\"finish_reason\":\"stop\"}]}";
    unsigned status = scene.asked < STATUSES_MAX ? scene.statuses[scene.asked] : 0;
    char head[128];

    assert_int_equal(gw_buf_add(&scene.sent, data), GW_OK);
    if (!last)
        return;
    assert_int_equal(gw_buf_add(&scene.sent, GW_STR("\n")), GW_OK);
    scene.asked++;
    int len = snprintf(head, sizeof head,
                       "HTTP/1.1 %u X\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n"
                       "\r\n",
                       status ? status : 200, sizeof answer - 1);
    struct iovec iov[] = {{head, (size_t)len}, {(void *)(uintptr_t)answer, sizeof answer - 1}};
    if (gw_down_send(down, iov, (int)GW_COUNT(iov)) == GW_IO)
        gw_down_abort(down, true);
    else
        gw_down_end(down, true);
}

static inline void provider_gone(struct gw_down *down)
{
    (void)down;
}

static const struct gw_server_handler providers_handler = {.on_request = provider_asked,
                                                           .on_body = provider_body,
                                                           .on_writable = on_room,
                                                           .on_gone = provider_gone,
                                                           .on_bad = on_bad};

static inline struct gw_server *serve(struct gw_tls_profile *profile,
                                      const struct gw_server_handler *handler, unsigned *port_out)
{
    const struct gw_server_limits limits = {.header_bytes_max = 65536,
                                            .body_bytes_max = (uint64_t)1 << 30,
                                            .header_timeout_ms = 3600000,
                                            .idle_timeout_ms = 3600000,
                                            .connections_max = 100};
    struct gw_server *server;
    int fd;

    assert_int_equal(gw_listen(GW_STR("127.0.0.1"), 0, &fd, NULL), GW_OK);
    *port_out = gw_sock_local_port(fd);
    assert_int_equal(
        gw_server_create(&play.http, fd, profile, &limits, handler, NULL, &server, NULL), GW_OK);
    return server;
}

/* ---- the scene ---- */

static inline void write_certificates(void)
{
    struct cert ca = cert_make("fetch test", NULL, NULL, 2 * DAY_SECONDS);
    struct cert good = cert_make("images", "IP:127.0.0.1", &ca, 2 * DAY_SECONDS);

    (void)snprintf(scene.folder, sizeof scene.folder, "/tmp/sluice_fetch_test_XXXXXX");
    assert_non_null(mkdtemp(scene.folder));
    (void)snprintf(scene.ca, sizeof scene.ca, "%s/ca.crt", scene.folder);
    cert_write(&ca, scene.folder, "ca", NULL);
    cert_write(&good, scene.folder, "good", NULL);
    cert_free(&good);
    cert_free(&ca);
}

static inline void remove_certificates(void)
{
    static const char *const names[] = {"ca.crt", "ca.key", "good.crt", "good.key"};
    char path[CERT_PATH_BYTES];

    for (size_t i = 0; i < GW_COUNT(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", scene.folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(scene.folder);
}

static inline void scene_open(void)
{
    const struct gw_recorder_options options = {.metrics = {.series_max = 2000}, .workers = 1};
    struct gw_tls_identity *identity;
    char cert[CERT_PATH_BYTES], key[CERT_PATH_BYTES];

    assert_int_equal(gw_dns_setup(NULL), GW_OK);
    play_open();
    write_certificates();
    (void)snprintf(cert, sizeof cert, "%s/good.crt", scene.folder);
    (void)snprintf(key, sizeof key, "%s/good.key", scene.folder);
    assert_int_equal(gw_tls_identity_load(gw_str_of(cert), gw_str_of(key), &identity, NULL), GW_OK);
    assert_int_equal(gw_tls_server_profile(identity, &scene.profile, NULL), GW_OK);
    gw_tls_identity_destroy(identity);
    /* The gateway's store of authorities is the system's. */
    assert_int_equal(setenv("SSL_CERT_FILE", scene.ca, 1), 0);
    assert_int_equal(gw_recorder_create(&options, &scene.recorder, NULL), GW_OK);
    scene.sinks = gw_sinks_create(scene.recorder, 0);
    assert_non_null(scene.sinks);
    scene.health = gw_health_create();
    gw_buf_init(&scene.fetched, PLAY_BYTES_MAX);
    gw_buf_init(&scene.sent, PLAY_BYTES_MAX);
    scene.images = serve(scene.profile, &images_handler, &scene.images_port);
    scene.providers = serve(NULL, &providers_handler, &scene.providers_port);
}

static inline void scene_close(void)
{
    play_settle();
    gw_server_destroy(scene.images);
    gw_server_destroy(scene.providers);
    gw_tls_profile_destroy(scene.profile);
    gw_buf_finish(&scene.fetched);
    gw_buf_finish(&scene.sent);
    gw_sinks_destroy(scene.sinks);
    gw_recorder_destroy(scene.recorder);
    gw_health_destroy(scene.health);
    play_close();
    remove_certificates();
    gw_dns_teardown();
}

static inline void forget(void)
{
    gw_buf_take(&scene.fetched, gw_buf_len(&scene.fetched));
    gw_buf_take(&scene.sent, gw_buf_len(&scene.sent));
    scene.images_most = scene.images_gone = scene.asked = 0;
    memset(scene.statuses, 0, sizeof scene.statuses);
}

/* @param more  of [translation] and [server]: "" or lines */
static inline struct gw_snapshot *snapshot_of(const char *server, const char *translation)
{
    static const char routes[] =
        "[targets.llava]\nmodel = \"llava\"\n[targets.bakllava]\nmodel = \"bakllava\"\n"
        "[targets.gpt]\nmodel = \"gpt\"\n[targets.gpt2]\nmodel = \"gpt2\"\n"
        "[routes.first]\nmodels = [\"first\"]\nstrategy = \"fallback\"\n"
        "targets = [\"llava\", \"gpt\"]\nretry = { max_retries = 0 }\n"
        "[routes.last]\nmodels = [\"last\"]\nstrategy = \"fallback\"\n"
        "targets = [\"gpt\", \"llava\"]\nretry = { max_retries = 0 }\n"
        "[routes.middle]\nmodels = [\"middle\"]\nstrategy = \"fallback\"\n"
        "targets = [\"gpt\", \"llava\", \"gpt2\"]\nretry = { max_retries = 0 }\n"
        "[routes.back]\nmodels = [\"back\"]\nstrategy = \"fallback\"\n"
        "targets = [\"gpt\", \"llava\"]\nretry = { max_retries = 1 }\n"
        "[routes.twice]\nmodels = [\"twice\"]\nstrategy = \"fallback\"\n"
        "targets = [\"llava\", \"bakllava\"]\nretry = { max_retries = 0 }\n"
        "[routes.again]\nmodels = [\"again\"]\ntargets = [\"llava\"]\n"
        "retry = { max_retries = 1 }\n";
    struct gw_problems problems;
    struct gw_config *config;
    struct gw_snapshot *snapshot;
    struct gw_err err;
    struct gw_buf text;

    gw_buf_init(&text, 65536);
    gw_problems_init(&problems);
    assert_int_equal(
        gw_buf_printf(&text,
                      "[server]\nport = 0\nworkers = 1\n%s[admin]\nenabled = false\n"
                      "[access_log]\nenabled = false\n[translation]\n%s"
                      "[providers.ollama]\nbase_url = \"http://127.0.0.1:%u/ollama/v1\"\n"
                      "models = [\"llava\", \"bakllava\"]\n[providers.other]\n"
                      "base_url = \"http://127.0.0.1:%u/other/v1\"\nmodels = [\"gpt\", \"gpt2\"]\n"
                      "dialect = \"openai\"\n%s",
                      server, translation, scene.providers_port, scene.providers_port, routes),
        GW_OK);
    enum gw_status status =
        gw_config_parse(gw_buf_str(&text), GW_STR("test"), GW_CONFIG_TO_SERVE, &problems, &config);
    if (status != GW_OK) {
        struct gw_buf said;
        gw_buf_init(&said, 65536);
        (void)gw_problems_print(&problems, &said);
        fail_msg("%.*s", GW_STR_ARG(gw_buf_str(&said)));
    }
    gw_problems_finish(&problems);
    gw_buf_finish(&text);
    if (gw_snapshot_create(config, gw_recorder_metrics(scene.recorder), scene.health, &snapshot,
                           &err) != GW_OK)
        fail_msg("%s", err.message);
    return snapshot;
}

static inline void gateway_open(const char *server, const char *translation, bool anywhere)
{
    const struct gw_gateway_options options = {.sinks = scene.sinks,
                                               .fetch_from_anywhere = anywhere};
    struct gw_snapshot *snapshot = snapshot_of(server, translation);
    struct gw_err err;
    int fd;

    assert_int_equal(gw_listen(GW_STR("127.0.0.1"), 0, &fd, NULL), GW_OK);
    scene.port = gw_sock_local_port(fd);
    if (gw_gateway_create(play.loop, snapshot, fd, &options, &scene.gateway, &err) != GW_OK)
        fail_msg("%s", err.message);
    gw_snapshot_release(snapshot);
}

static inline void gateway_close(void)
{
    gw_gateway_destroy(scene.gateway);
    scene.gateway = NULL;
    play_settle();
}

/* ---- callers ---- */

#define HELD_UNTIL_NS (60000ull * GW_NS_PER_MS)

static inline void call_begin(struct peer *caller, const char *path, const char *body)
{
    char head[512];

    peer_connect(caller, scene.port);
    (void)snprintf(
        head, sizeof head,
        "POST %s HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\nx-api-key: callers\r\n"
        "authorization: Bearer callers\r\ncookie: c=1\r\nreferer: https://r.example/\r\n"
        "content-length: %zu\r\n\r\n",
        path, strlen(body));
    peer_send(caller, head);
    peer_send(caller, body);
}

/* Large ones take their time under sanitizers. */
static inline struct gw_str call_end(struct peer *caller)
{
    for (uint64_t from = gw_clock_ns(); !peer_is_at_end(caller); play_turn(0))
        if (gw_clock_ns() - from > HELD_UNTIL_NS)
            fail_msg("no end of the answer");
    play_settle();
    return gw_buf_str(&caller->got);
}

static inline bool has(struct gw_str text, const char *part)
{
    return gw_str_find_str(text, gw_str_of(part)) < text.len;
}

#endif
