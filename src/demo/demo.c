#include "demo/demo_private.h"

#include "base/clock.h"
#include "io/socket.h"

#include <signal.h>
#include <stdlib.h>

#define HEADER_BYTES_MAX 65536u
#define CONNECTIONS_MAX 4096u
#define HEADER_TIMEOUT_MS 10000u
/* Longer than the gateway keeps idle connections, so that it is never this end that closes one in
 * use. */
#define IDLE_TIMEOUT_MS 300000u
#define TOKENS_MAX (1u << 22)

#define PACE_MS 15u
#define SLOW_FIRST_MS 2000u
#define SLOW_PACE_MS 500u

static const struct gw_demo_endpoint endpoints[] = {
    {GW_STR_INIT("/v1/chat/completions"), GW_METHOD_POST, GW_DEMO_OPENAI, GW_DEMO_TAKES_JSON, true,
     gw_demo_chat},
    {GW_STR_INIT("/v1/messages"), GW_METHOD_POST, GW_DEMO_ANTHROPIC, GW_DEMO_TAKES_JSON, true,
     gw_demo_messages},
    {GW_STR_INIT("/v1/messages/count_tokens"), GW_METHOD_POST, GW_DEMO_ANTHROPIC,
     GW_DEMO_TAKES_JSON, true, gw_demo_count_tokens},
    {GW_STR_INIT("/v1/responses"), GW_METHOD_POST, GW_DEMO_OPENAI, GW_DEMO_TAKES_JSON, true,
     gw_demo_responses},
    {GW_STR_INIT("/v1/completions"), GW_METHOD_POST, GW_DEMO_OPENAI, GW_DEMO_TAKES_JSON, true,
     gw_demo_completions},
    {GW_STR_INIT("/v1/embeddings"), GW_METHOD_POST, GW_DEMO_OPENAI, GW_DEMO_TAKES_JSON, true,
     gw_demo_embeddings},
    {GW_STR_INIT("/v1/moderations"), GW_METHOD_POST, GW_DEMO_OPENAI, GW_DEMO_TAKES_JSON, false,
     gw_demo_moderations},
    {GW_STR_INIT("/v1/rerank"), GW_METHOD_POST, GW_DEMO_COHERE, GW_DEMO_TAKES_JSON, true,
     gw_demo_rerank},
    {GW_STR_INIT("/v1/images/generations"), GW_METHOD_POST, GW_DEMO_OPENAI, GW_DEMO_TAKES_JSON,
     true, gw_demo_image},
    {GW_STR_INIT("/v1/audio/speech"), GW_METHOD_POST, GW_DEMO_OPENAI, GW_DEMO_TAKES_JSON, true,
     gw_demo_speech},
    {GW_STR_INIT("/v1/audio/transcriptions"), GW_METHOD_POST, GW_DEMO_OPENAI, GW_DEMO_TAKES_FORM,
     true, gw_demo_transcription},
    {GW_STR_INIT("/v1/files"), GW_METHOD_POST, GW_DEMO_OPENAI, GW_DEMO_TAKES_FORM, false,
     gw_demo_file_add},
    {GW_STR_INIT("/v1/files"), GW_METHOD_GET, GW_DEMO_OPENAI, GW_DEMO_TAKES_NOTHING, false,
     gw_demo_file_list},
    {GW_STR_INIT("/v1/files/*"), GW_METHOD_GET, GW_DEMO_OPENAI, GW_DEMO_TAKES_NOTHING, false,
     gw_demo_file_get},
    {GW_STR_INIT("/v1/files/*"), GW_METHOD_DELETE, GW_DEMO_OPENAI, GW_DEMO_TAKES_NOTHING, false,
     gw_demo_file_delete},
    {GW_STR_INIT("/v1/files/*/content"), GW_METHOD_GET, GW_DEMO_OPENAI, GW_DEMO_TAKES_NOTHING,
     false, gw_demo_file_content},
    {GW_STR_INIT("/v1/models"), GW_METHOD_GET, GW_DEMO_OPENAI, GW_DEMO_TAKES_NOTHING, false,
     gw_demo_model_list},
    {GW_STR_INIT("/v1/models/*"), GW_METHOD_GET, GW_DEMO_OPENAI, GW_DEMO_TAKES_NOTHING, false,
     gw_demo_model_get},
};

static const struct {
    struct gw_str name;
    enum gw_demo_trouble trouble;
} troubles[] = {
    {GW_STR_INIT("demo-cut"), GW_DEMO_CUT},
    {GW_STR_INIT("demo-echo"), GW_DEMO_ECHO},
    {GW_STR_INIT("demo-garbage"), GW_DEMO_GARBAGE},
    {GW_STR_INIT("demo-hang"), GW_DEMO_HANG},
    {GW_STR_INIT("demo-reset"), GW_DEMO_RESET},
    {GW_STR_INIT("demo-slow"), GW_DEMO_SLOW},
    {GW_STR_INIT("demo-stream-error"), GW_DEMO_STREAM_ERROR},
};

/* ---- which endpoint ---- */

static struct gw_str segment(struct gw_str *path)
{
    *path = gw_str_from(*path, 1); /* its slash */
    size_t len = gw_str_find(*path, '/');
    struct gw_str first = {path->base, len};
    *path = gw_str_from(*path, len);
    return first;
}

static bool path_matches(struct gw_str pattern, struct gw_str path, struct gw_str *id_out)
{
    while (pattern.len && path.len) {
        struct gw_str want = segment(&pattern), have = segment(&path);
        if (gw_str_eq(want, GW_STR("*")) && have.len)
            *id_out = have;
        else if (!gw_str_eq(want, have))
            return false;
    }
    return pattern.len == 0 && path.len == 0;
}

/* @return NULL when there is none; ex->allow then says what methods the path has, as "GET, DELETE"
 */
static const struct gw_demo_endpoint *find_endpoint(struct gw_demo_exchange *ex)
{
    enum gw_http1_method method = ex->method == GW_METHOD_HEAD ? GW_METHOD_GET : ex->method;

    for (size_t i = 0; i < GW_COUNT(endpoints); i++) {
        if (!path_matches(endpoints[i].path, ex->path, &ex->id))
            continue;
        ex->dialect = endpoints[i].dialect;
        if (endpoints[i].method == method)
            return &endpoints[i];
        struct gw_str name = gw_http1_method_name(endpoints[i].method);
        ex->allow = gw_arena_printf(&ex->arena, "%.*s%s%.*s", GW_STR_ARG(ex->allow),
                                    ex->allow.len ? ", " : "", GW_STR_ARG(name));
    }
    return NULL;
}

/* ---- what the model name asks for ---- */

/* "demo-cut", or with anything behind a further '-', so that one configuration can have several
 * such models. */
static bool is_named(struct gw_str model, struct gw_str name)
{
    return gw_str_starts(model, name) && (model.len == name.len || model.base[name.len] == '-');
}

/* "demo-fast", and any other one that ends so: "demo-echo-fast". */
static bool is_fast(struct gw_str model)
{
    struct gw_str end = GW_STR("-fast");

    return gw_str_starts(model, GW_STR("demo-")) && model.len > end.len &&
           gw_str_eq(gw_str_from(model, model.len - end.len), end);
}

static void find_trouble(struct gw_demo_exchange *ex)
{
    struct gw_str prefix = GW_STR("demo-error-");
    uint64_t status;

    for (size_t i = 0; i < GW_COUNT(troubles); i++)
        if (is_named(ex->model, troubles[i].name))
            ex->trouble = troubles[i].trouble;
    if (gw_str_starts(ex->model, prefix) && ex->model.len >= prefix.len + 3) {
        struct gw_str digits = {ex->model.base + prefix.len, 3};
        struct gw_str whole = {ex->model.base, prefix.len + 3};
        if (is_named(ex->model, whole) && gw_str_to_u64(digits, &status) && status >= 400 &&
            status < 600) {
            ex->trouble = GW_DEMO_ERROR;
            ex->trouble_status = (unsigned)status;
        }
    }
    ex->script.pace_ms = PACE_MS;
    if (is_fast(ex->model))
        ex->script.pace_ms = 0;
    if (ex->trouble == GW_DEMO_SLOW) {
        ex->script.pace_ms = SLOW_PACE_MS;
        ex->script.first_ms = SLOW_FIRST_MS;
    }
}

static void answer_in_trouble(struct gw_demo_exchange *ex)
{
    static const char garbage[] = "\x15\x03 this is not HTTP\n\n{]";
    struct iovec iov = {(char *)(uintptr_t)garbage, sizeof garbage - 1};
    struct gw_down *down = ex->down;

    switch (ex->trouble) {
    case GW_DEMO_ERROR:
        gw_demo_error(ex, ex->trouble_status, NULL, NULL, "The demo model asks for status %u.",
                      ex->trouble_status);
        gw_demo_play(ex);
        return;
    case GW_DEMO_HANG:
        return; /* until the caller has gone */
    case GW_DEMO_RESET:
        gw_demo_exchange_destroy(ex);
        gw_down_abort(down, true);
        return;
    case GW_DEMO_GARBAGE:
        gw_demo_exchange_destroy(ex);
        (void)gw_down_send(down, &iov, 1); /* closed next, whatever came of it */
        gw_down_end(down, false);
        return;
    case GW_DEMO_NO_TROUBLE:
    case GW_DEMO_CUT:
    case GW_DEMO_SLOW:
    case GW_DEMO_STREAM_ERROR:
    case GW_DEMO_ECHO:
        ex->endpoint->answer(ex);
        gw_demo_play(ex);
        return;
    }
}

/* ---- a whole request ---- */

/* @return false: an error was answered */
static bool read_request(struct gw_demo_exchange *ex)
{
    struct gw_err err = {.status = GW_OK};

    switch (ex->endpoint->takes) {
    case GW_DEMO_TAKES_NOTHING:
        return true;
    case GW_DEMO_TAKES_JSON:
        if (gw_json_read(gw_buf_str(&ex->body), &ex->arena, TOKENS_MAX, &ex->json, &err) != GW_OK) {
            gw_demo_error(ex, 400, NULL, "", "The body is not valid JSON: %s (at byte %zu).",
                          err.message, err.offset);
            return false;
        }
        if (gw_json_type(&ex->json, 0) != GW_JSON_IS_OBJECT) {
            gw_demo_error(ex, 400, NULL, "", "The body must be a JSON object.");
            return false;
        }
        ex->model = gw_demo_member_text(ex, 0, "model");
        break;
    case GW_DEMO_TAKES_FORM:
        if (gw_demo_form_read(ex, &err) != GW_OK) {
            gw_demo_error(ex, 400, NULL, "", "The body is not a valid form: %s.", err.message);
            return false;
        }
        ex->model = gw_demo_form_value(ex->form, "model");
        break;
    }
    if (ex->endpoint->needs_model && ex->model.len == 0) {
        gw_demo_error(ex, 400, "model", "missing_required_parameter",
                      ex->dialect == GW_DEMO_ANTHROPIC ? "model: Field required"
                                                       : "Missing required parameter: 'model'.");
        return false;
    }
    return true;
}

static void answer_unknown(struct gw_demo_exchange *ex)
{
    struct gw_str method = gw_http1_method_name(ex->method);

    if (ex->allow.len)
        gw_demo_error(ex, 405, NULL, "", "Method %.*s is not allowed here, but %.*s is.",
                      GW_STR_ARG(method), GW_STR_ARG(ex->allow));
    else
        gw_demo_error(ex, 404, NULL, "", "Invalid URL (%.*s %.*s)", GW_STR_ARG(method),
                      GW_STR_ARG(gw_demo_prefix(ex->path, 200)));
    gw_demo_play(ex);
}

static void answer_whole(struct gw_demo_exchange *ex)
{
    ex->endpoint = find_endpoint(ex);
    if (!ex->endpoint) {
        answer_unknown(ex);
        return;
    }
    if (!read_request(ex)) {
        gw_demo_play(ex);
        return;
    }
    find_trouble(ex);
    answer_in_trouble(ex);
}

/* ---- the server's callbacks ---- */

static struct gw_demo_exchange *create_exchange(struct gw_demo *demo, struct gw_down *down,
                                                const struct gw_http1_head *head,
                                                struct gw_str bytes)
{
    struct gw_demo_exchange *ex = calloc(1, sizeof *ex);

    if (!ex)
        return NULL;
    ex->demo = demo;
    ex->down = down;
    ex->began_ns = gw_clock_ns();
    ex->timer.on_timer = gw_demo_on_timer;
    ex->allow = GW_STR("");
    gw_arena_init(&ex->arena, NULL);
    gw_buf_init(&ex->body, GW_DEMO_BODY_BYTES_MAX);
    gw_buf_init(&ex->value, GW_DEMO_ANSWER_BYTES_MAX);
    gw_buf_init(&ex->script.bytes, GW_DEMO_ANSWER_BYTES_MAX);
    ex->request_id = gw_demo_new_id(ex, "req_");
    if (!head)
        return ex;
    ex->method = head->method;
    struct gw_str target = {bytes.base + head->target, head->target_len};
    ex->path = gw_arena_str(&ex->arena, (struct gw_str){target.base, gw_str_find(target, '?')});
    ex->has_anthropic_version = gw_http1_field_by_id(head, GW_FIELD_ANTHROPIC_VERSION) != NULL;
    const struct gw_http1_field *type = gw_http1_field_by_id(head, GW_FIELD_CONTENT_TYPE);
    if (type)
        ex->content_type = gw_arena_str(&ex->arena, gw_http1_value(type, bytes));
    return ex;
}

static void on_request(void *arg, struct gw_down *down, const struct gw_http1_head *head,
                       struct gw_str bytes)
{
    struct gw_demo_exchange *ex = create_exchange(arg, down, head, bytes);

    if (!ex)
        gw_down_abort(down, true);
    else
        gw_down_set_user(down, ex);
}

static void on_body(struct gw_down *down, struct gw_str data, bool last)
{
    struct gw_demo_exchange *ex = gw_down_user(down);

    if (gw_buf_add(&ex->body, data) != GW_OK) {
        gw_demo_error(ex, 413, NULL, NULL, "The body is too large for the demo provider.");
        gw_demo_play(ex);
        return;
    }
    if (last)
        answer_whole(ex);
}

static void on_gone(struct gw_down *down)
{
    struct gw_demo_exchange *ex = gw_down_user(down);

    if (ex)
        gw_demo_exchange_destroy(ex);
}

static void on_bad(void *arg, struct gw_down *down, unsigned status, const struct gw_err *err,
                   const struct gw_http1_head *head, struct gw_str bytes)
{
    struct gw_demo_exchange *ex = gw_down_user(down);

    if (!ex)
        ex = create_exchange(arg, down, head, bytes);
    if (!ex) {
        gw_down_abort(down, true);
        return;
    }
    gw_down_set_user(down, ex);
    (void)find_endpoint(ex); /* for the dialect only */
    gw_demo_error(ex, status, NULL, "", "%s", err->message);
    gw_demo_play(ex);
}

static const struct gw_server_handler handler = {
    .on_request = on_request,
    .on_body = on_body,
    .on_writable = gw_demo_on_writable,
    .on_gone = on_gone,
    .on_bad = on_bad,
};

/* ---- the thread ---- */

static void *run(void *arg)
{
    struct gw_demo *demo = arg;

    gw_loop_run(demo->loop);
    return NULL;
}

static void on_stop(struct gw_task *task)
{
    struct gw_demo *demo = (struct gw_demo *)((char *)task - offsetof(struct gw_demo, stop));

    gw_server_destroy(demo->server);
    gw_loop_stop(demo->loop);
}

static enum gw_status start_thread(struct gw_demo *demo, struct gw_err *err)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&demo->thread, NULL, run, demo);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return gw_err_set(err, GW_IO, "could not start the demo provider's thread");
    return GW_OK;
}

static void destroy(struct gw_demo *demo)
{
    gw_demo_files_finish(demo);
    gw_loop_destroy(demo->loop);
    gw_http_finish(&demo->http);
    free(demo);
}

enum gw_status gw_demo_start(struct gw_demo **demo_out, unsigned *port_out, struct gw_err *err)
{
    static const struct gw_server_limits limits = {
        .header_bytes_max = HEADER_BYTES_MAX,
        .body_bytes_max = GW_DEMO_BODY_BYTES_MAX,
        .header_timeout_ms = HEADER_TIMEOUT_MS,
        .idle_timeout_ms = IDLE_TIMEOUT_MS,
        .connections_max = CONNECTIONS_MAX,
    };
    struct gw_demo *demo = calloc(1, sizeof *demo);
    unsigned port = 0;
    int fd;

    if (!demo)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate the demo provider");
    enum gw_status status = gw_loop_create(0, &demo->loop, err);
    if (status == GW_OK)
        status = gw_http_init(&demo->http, demo->loop, err);
    if (status == GW_OK)
        status = gw_listen(GW_STR("127.0.0.1"), 0, &fd, err);
    if (status == GW_OK) {
        port = gw_sock_local_port(fd);
        status =
            gw_server_create(&demo->http, fd, NULL, &limits, &handler, demo, &demo->server, err);
    }
    if (status == GW_OK) {
        status = start_thread(demo, err);
        if (status != GW_OK)
            gw_server_destroy(demo->server);
    }
    if (status != GW_OK) {
        destroy(demo);
        return status;
    }
    *demo_out = demo;
    *port_out = port;
    return GW_OK;
}

void gw_demo_stop(struct gw_demo *demo)
{
    if (!demo)
        return;
    demo->stop.run = on_stop;
    gw_loop_post(demo->loop, &demo->stop);
    (void)pthread_join(demo->thread, NULL);
    destroy(demo);
}
