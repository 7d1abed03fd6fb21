/*
 * http/client and its pool: whatever a provider answers, cut or not, is told as wire/http1 reads it
 * in one piece; a request ends exactly once; and a connection serves another request only after an
 * answer that was complete and left nothing behind: the next answer is never mixed with this one.
 *
 * Input: flags, ending, two cuts, the provider's bytes.
 */
#include "fuzz/turns.h"
#include "http/client_private.h"
#include "unit/wire/http1_message.h"

#define INPUT_BYTES_MAX 4096u
#define REQUEST "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\nhi"
#define NEXT_ANSWER "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnext"
#define SILENCE_MS 1000u
#define EXPIRY_MS 60000u
#define SLACK_MS (3 * GW_LOOP_TICK_MS)
#define INFORMATIONAL_MAX 16u

enum flags {
    RAW = 1,        /* chunk framing is kept */
    TO_HEAD = 2,    /* the request was HEAD */
    EVERY_BYTE = 4, /* cut between any two bytes, when they are few */
    PAUSING = 8,    /* the handler pauses in its head, and is resumed when all has come */
    UNFINISHED = 16 /* the request is not whole when the answer comes */
};

enum ending {
    END_OPEN,    /* the provider says nothing more: the deadline passes */
    END_FIN,     /* the connection ends behind the bytes */
    END_RESET,   /* it breaks */
    CANCEL_HEAD, /* the handler gives up in on_head */
    CANCEL_BODY,
    NEXT_AT_ONCE, /* the next request is made in on_end */
    ENDINGS
};

struct ask {
    struct gw_up *up; /* NULL: over, or not begun */
    struct story *story;
    unsigned ready, heads, ends, fails;
    bool was_ready, last, cancelled;
    struct gw_up_loss loss;
    struct gw_buf body, tapped;
};

static struct {
    struct gw_origin *origin;
    unsigned flags;
    enum ending ending;
    struct ask first, next;
    int provider[2]; /* its ends, in the order of the connections; -1: none */
    unsigned connections;
} scene;
static struct story whole, parts;

/* ---- connections: pairs of sockets instead of io/connect ---- */

struct gw_connect {
    struct gw_task task;
    gw_connect_fn *fn;
    void *arg;
    int fd;
    bool cancelled;
};

static void connected(struct gw_task *task)
{
    struct gw_connect *connect = (struct gw_connect *)task;
    struct gw_err err = {0};

    if (!connect->cancelled)
        connect->fn(connect->arg, connect->fd, GW_CONNECT_NONE, &err);
    else
        close(connect->fd);
    free(connect);
}

struct gw_connect *gw_connect(struct gw_loop *loop, struct gw_dns *dns, struct gw_str host,
                              unsigned port, unsigned timeout_ms, gw_connect_permits_fn *permits,
                              gw_connect_fn *fn, void *arg)
{
    struct gw_connect *connect = calloc(1, sizeof *connect);
    int pair[2];

    CHECK(connect && !dns && !permits && gw_str_eq(host, GW_STR("h")) && port == 1 && timeout_ms);
    CHECK(scene.connections < GW_COUNT(scene.provider));
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    scene.provider[scene.connections++] = pair[1];
    *connect = (struct gw_connect){.task.run = connected, .fn = fn, .arg = arg, .fd = pair[0]};
    gw_loop_post(loop, &connect->task);
    return connect;
}

void gw_connect_cancel(struct gw_connect *connect)
{
    connect->cancelled = true;
}

static void provider_closes(unsigned i)
{
    if (scene.provider[i] != -1)
        close(scene.provider[i]);
    scene.provider[i] = -1;
}

/* Takes in the requests, so that closing is a clean end. @return how many bytes */
static size_t provider_reads(unsigned i)
{
    char bytes[256];
    size_t got = 0;

    for (;;) {
        ssize_t len = recv(scene.provider[i], bytes, sizeof bytes, MSG_DONTWAIT);
        if (len <= 0)
            return got;
        got += (size_t)len;
    }
}

/* ---- the handler ---- */

static const struct gw_up_handler handler;

static void send_request(struct ask *ask)
{
    bool last = !(ask == &scene.first && (scene.flags & UNFINISHED));
    struct iovec iov = {(char *)(uintptr_t)REQUEST, sizeof REQUEST - 1};

    if (ask == &scene.first && (scene.flags & TO_HEAD))
        gw_up_expect_no_body(ask->up);
    CHECK(gw_up_send(ask->up, &iov, 1, last) == GW_OK);
}

static void ask_begin(struct ask *ask, struct story *story)
{
    *ask = (struct ask){.story = story};
    gw_buf_init(&ask->body, 2 * MESSAGE_BYTES_MAX);
    gw_buf_init(&ask->tapped, 2 * MESSAGE_BYTES_MAX);
    ask->up = gw_up_lease(scene.origin, false, &handler, ask, &ask->was_ready);
    CHECK(ask->up);
    if (ask->was_ready)
        send_request(ask);
}

static void ask_cancel(struct ask *ask)
{
    ask->cancelled = true;
    gw_up_cancel(ask->up);
    ask->up = NULL;
}

static void on_ready(struct gw_up *up, void *user)
{
    struct ask *ask = user;

    CHECK(ask->up && !ask->was_ready && ask->ready == 0 && gw_up_user(up) == ask);
    ask->ready++;
    ask->up = up;
    send_request(ask);
}

static void on_data(void *user, struct gw_str data)
{
    struct ask *ask = user;

    CHECK(ask->up && data.len);
    CHECK(gw_buf_add(&ask->tapped, data) == GW_OK);
}

static void on_head(struct gw_up *up, const struct gw_http1_head *head, struct gw_str bytes)
{
    struct ask *ask = gw_up_user(up);

    CHECK(ask->up == up && ask->heads == 0 && head->code >= 200 && head->bytes <= bytes.len);
    ask->heads++;
    tell(ask->story, "%u, head %llx, framing %d of %llu\n", head->code,
         (unsigned long long)digest_add(DIGEST_START, (struct gw_str){bytes.base, head->bytes}),
         (int)head->framing, (unsigned long long)head->body_bytes);
    if (ask != &scene.first)
        return;
    if ((scene.flags & RAW) && head->framing == GW_BODY_CHUNKED)
        gw_up_raw(up, on_data);
    if (scene.flags & PAUSING)
        gw_up_pause(up);
    if (scene.ending == CANCEL_HEAD)
        ask_cancel(ask);
}

static void on_body(struct gw_up *up, struct gw_str bytes, bool last)
{
    struct ask *ask = gw_up_user(up);
    char *at = (char *)(uintptr_t)bytes.base;

    CHECK(ask->up == up && ask->heads == 1 && !ask->last);
    CHECK(gw_buf_add(&ask->body, bytes) == GW_OK);
    ask->last = last;
    /* What is in front and behind is the handler's to write. */
    if (gw_http_has_headroom(&turns.http, bytes.base, GW_HTTP_HEADROOM)) {
        memset(at - GW_HTTP_HEADROOM, 'h', GW_HTTP_HEADROOM);
        memset(at + bytes.len, 't', GW_UP_TAILROOM);
    }
    if (ask == &scene.first && scene.ending == CANCEL_BODY)
        ask_cancel(ask);
}

static void on_end(void *user)
{
    struct ask *ask = user;

    CHECK(ask->up && ask->last && ask->ends == 0 && ask->fails == 0);
    ask->ends++;
    ask->up = NULL;
    tell(ask->story, "body of %zu: %llx\n", gw_buf_len(&ask->body),
         (unsigned long long)digest_add(DIGEST_START, gw_buf_str(&ask->body)));
    if (ask == &scene.first && scene.ending == NEXT_AT_ONCE)
        ask_begin(&scene.next, ask->story);
}

static void on_writable(struct gw_up *up)
{
    struct ask *ask = gw_up_user(up);

    CHECK(ask->up == up);
}

static void on_fail(void *user, const struct gw_up_loss *loss)
{
    struct ask *ask = user;

    CHECK(ask->up && ask->ends == 0 && ask->fails == 0 && !ask->last);
    CHECK(loss->err->message[0] && loss->reused == ask->was_ready);
    ask->fails++;
    ask->loss = *loss;
    ask->up = NULL;
    tell(ask->story, "lost: %d%s\n", (int)loss->fault, loss->chunked ? ", chunked" : "");
}

static const struct gw_up_handler handler = {on_ready, on_head,     on_body,
                                             on_end,   on_writable, on_fail};

/* ---- what must be so ---- */

/* What wire/http1 says of all the bytes at once. */
struct verdict {
    bool broken;   /* not only incomplete */
    bool complete; /* at its end, or where the connection ended cleanly */
    bool reusable;
    bool known; /* false: a rule of the client's own about 1xx decides */
    struct message *message;
};

static struct verdict judge(struct gw_str bytes)
{
    static struct message message;
    struct verdict verdict = {.known = true, .message = &message};
    bool eof = scene.ending == END_FIN, over = eof || scene.ending == END_RESET;
    enum message_kind kind = scene.flags & TO_HEAD ? RESPONSE_TO_HEAD : RESPONSE;

    for (unsigned informational = 0;; informational++) {
        message_read(&message, kind, bytes.base, bytes.len, NULL, 0);
        if (!message.head_done || message.head.code >= 200)
            break;
        if (message.head.code == 101 || informational == INFORMATIONAL_MAX) {
            verdict.known = false;
            return verdict;
        }
        bytes = gw_str_from(bytes, message.used);
    }
    bool to_close = message.head_done && message.head.framing == GW_BODY_TO_CLOSE;
    verdict.broken = message.status != GW_OK && message.status != GW_AGAIN;
    verdict.complete = message.status == GW_OK || (to_close && message.status == GW_AGAIN && eof);
    verdict.reusable = verdict.complete && !to_close && message.head.keep_alive && !over &&
                       message.used == bytes.len && !(scene.flags & UNFINISHED);
    return verdict;
}

static bool is_start_of(struct gw_str part, const struct text *all)
{
    return part.len <= all->len && memcmp(part.base, all->bytes, part.len) == 0;
}

static void check_first(const struct ask *ask, const struct verdict *verdict)
{
    const struct message *message = verdict->message;
    struct gw_str body = gw_buf_str(&ask->body), tapped = gw_buf_str(&ask->tapped);

    CHECK(!ask->up && ask->ends + ask->fails + ask->cancelled == 1);
    if (!verdict->known) {
        CHECK(ask->fails == 1 && ask->heads == 0 && ask->loss.fault == GW_UP_BROKEN);
        return;
    }
    CHECK(ask->heads == message->head_done);
    if (ask->heads) {
        bool raw = (scene.flags & RAW) && message->head.framing == GW_BODY_CHUNKED;
        const struct text *expected = raw ? &message->raw : &message->body;
        /* How much comes before a fault depends on the cut. */
        CHECK(verdict->broken || is_start_of(body, expected));
        if (raw && !verdict->broken)
            CHECK(is_start_of(tapped, &message->body));
        if (ask->ends)
            CHECK(body.len == expected->len && (!raw || tapped.len == message->body.len));
    }
    if (!ask->cancelled)
        CHECK(ask->ends == verdict->complete);
}

/* Whether the connection is in the pool now. */
static bool is_kept(void)
{
    CHECK(!scene.origin->active && !scene.origin->waiting);
    CHECK(scene.origin->connections == (scene.origin->idle != NULL));
    return scene.origin->idle != NULL;
}

/* Another request has an answer of its own, wherever it goes. */
static void play_next(const struct verdict *verdict)
{
    bool kept = is_kept();

    CHECK(kept == (verdict->known && verdict->reusable && scene.first.ends == 1));
    ask_begin(&scene.next, scene.first.story);
    CHECK(scene.next.was_ready == kept);
    rest();
    CHECK(scene.connections == (kept ? 1 : 2));
    unsigned at = scene.connections - 1;
    CHECK(provider_reads(at) == sizeof REQUEST - 1);
    peer_put(scene.provider[at], GW_STR(NEXT_ANSWER));
    rest();
    CHECK(scene.next.ends == 1 && scene.next.fails == 0);
    CHECK(gw_str_eq(gw_buf_str(&scene.next.body), GW_STR("next")));
    CHECK(is_kept());
    pass_ms(EXPIRY_MS + SLACK_MS);
    CHECK(!is_kept());
}

/* ---- playing ---- */

static void end_answer(enum ending ending)
{
    if (ending == END_FIN || ending == END_RESET)
        provider_closes(0);
    rest();
    if (scene.first.up && (scene.flags & PAUSING))
        gw_up_resume(scene.first.up);
    if (scene.first.up || scene.next.up)
        pass_ms(SILENCE_MS + SLACK_MS);
    rest();
}

static void close_scene(void)
{
    gw_origin_destroy(scene.origin);
    CHECK(!scene.first.up && !scene.next.up);
    for (unsigned i = 0; i < scene.connections; i++)
        provider_closes(i);
    turn(); /* what is to be freed later */
    gw_buf_finish(&scene.first.body);
    gw_buf_finish(&scene.first.tapped);
    gw_buf_finish(&scene.next.body);
    gw_buf_finish(&scene.next.tapped);
}

/* @return whether all that was told must be the same however the bytes are cut */
static bool play(struct gw_str bytes, const size_t *cuts, size_t count, unsigned flags,
                 enum ending ending, struct story *story)
{
    const struct gw_origin_config config = {.host = GW_STR("h"),
                                            .port = 1,
                                            .connections_max = 2,
                                            .connect_timeout_ms = 5000,
                                            .idle_expiry_ms = EXPIRY_MS,
                                            .header_bytes_max = MESSAGE_HEAD_BYTES_MAX};
    size_t at = 0;

    memset(&scene, 0, sizeof scene);
    scene.flags = flags;
    scene.ending = ending;
    story->len = 0;
    CHECK(gw_origin_create(&turns.http, NULL, &config, &scene.origin, NULL) == GW_OK);
    ask_begin(&scene.first, story);
    CHECK(!scene.first.was_ready);
    rest();
    CHECK(scene.first.ready == 1);
    gw_up_deadline(scene.first.up, SILENCE_MS);
    if (ending != END_RESET) /* bytes left unread break it */
        CHECK(provider_reads(0) == sizeof REQUEST - 1);
    for (size_t i = 0; i <= count; i++) {
        size_t end = i < count ? cuts[i] : bytes.len;
        peer_put(scene.provider[0], (struct gw_str){bytes.base + at, end - at});
        at = end;
        if (i < count)
            rest();
    }
    end_answer(ending);
    const struct verdict verdict = judge(bytes);
    check_first(&scene.first, &verdict);
    if (ending != NEXT_AT_ONCE)
        play_next(&verdict);
    close_scene();
    /* A second request made at once may get what the cut left for it: HTTP/1.1 cannot tell. And
     * there may be a piece to give up at before the broken one, or not. */
    return ending != NEXT_AT_ONCE && !(ending == CANCEL_BODY && verdict.broken);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 4 || len > INPUT_BYTES_MAX)
        return 0;
    turns_open();
    struct gw_str sent = {(const char *)bytes + 4, len - 4};
    enum ending ending = (enum ending)(bytes[1] % ENDINGS);
    struct cuts cuts = cuts_of(sent.len, bytes[2], bytes[3], bytes[0] & EVERY_BYTE);
    bool same = play(sent, NULL, 0, bytes[0], ending, &whole);
    (void)play(sent, cuts.at, cuts.count, bytes[0], ending, &parts);
    if (same)
        check_same_story(&whole, &parts);
    return 0;
}
