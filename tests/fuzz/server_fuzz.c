/*
 * http/server: whatever a caller sends, the handler is told the same requests when the bytes come
 * cut as when they come at once; each is answered, refused or lost exactly once; the caller gets
 * the answers whole and in order; and however the connection ends, it is counted out.
 *
 * Input: flags, ending, two cuts, the caller's bytes. The first letter of a path says how the
 * request is answered: see kinds[].
 */
#include "fuzz/turns.h"
#include "http/server_private.h"

#include <sys/un.h>

#define INPUT_BYTES_MAX 4096u
#define HEADER_MS 10000u
#define IDLE_MS 60000u
#define DRAIN_MS 1000u
/* Behind a last answer the server reads on this long. */
#define LINGER_MS 5000u
#define SLACK_MS (3 * GW_LOOP_TICK_MS)
#define STREAM_PIECES 4u
#define STREAM_PIECE_BYTES 3000u
/* Enough rounds of answering for as many requests as fit into an input. */
#define ROUNDS_MAX 1024

enum flags {
    SMALL_WINDOW = 1, /* answers leave in several goes */
    EVERY_BYTE = 2,   /* cut between any two bytes, when they are few */
    ANSWER_LATE = 4,  /* nothing is answered between two pieces */
    OVERLOADED = 8    /* no connection is allowed */
};

enum ending {
    END_CLOSE,   /* the caller leaves when all is answered */
    END_FIN,     /* it sends its FIN and waits for ours */
    END_SILENT,  /* it does nothing more: time passes */
    END_DRAIN,   /* the server is drained */
    END_DESTROY, /* the server goes away */
    /* These come while requests may be under way, so how many were seen is not certain. */
    END_CLOSE_AT_ONCE,
    END_FIN_AT_ONCE,
    ENDINGS
};

enum kind {
    KIND_ECHO,   /* answered when the body is whole */
    KIND_EARLY,  /* answered before the body */
    KIND_LATER,  /* answered some turns after the body */
    KIND_PAUSE,  /* the body is not taken for some turns */
    KIND_STREAM, /* answered in pieces, as fast as they are taken */
    KIND_ABORT,  /* broken off within the answer */
    KIND_RESET
};
static const char kinds[] = {
    [KIND_EARLY] = 'e',  [KIND_LATER] = 'l', [KIND_PAUSE] = 'p',
    [KIND_STREAM] = 's', [KIND_ABORT] = 'a', [KIND_RESET] = 'r',
};

/* The request in hand: there is one connection, so there is never another. */
struct exchange {
    struct gw_down *down; /* NULL: over */
    enum kind kind;
    bool whole; /* its body has been told to its end */
    bool paused, keep;
    enum gw_http1_framing framing;
    uint64_t body_bytes, seen, digest;
    unsigned pieces; /* of a stream's answer, sent */
};

static struct {
    struct gw_server *server;
    unsigned flags;
    int caller; /* -1: closed */
    struct exchange now;
    unsigned begun, ended, lost, expects, drained;
    struct gw_buf sent; /* all that the handler has sent */
    struct gw_buf got;  /* all that the caller has read */
} scene;
static struct story whole, parts, *story;

/* ---- the handler ---- */

static enum gw_status answer_part(struct gw_str bytes)
{
    struct iovec iov = {(char *)(uintptr_t)bytes.base, bytes.len};
    enum gw_status status = gw_down_send(scene.now.down, &iov, 1);

    CHECK(status == GW_OK || status == GW_AGAIN || status == GW_IO);
    CHECK(gw_buf_add(&scene.sent, bytes) == GW_OK);
    return status;
}

/* Nothing may be told of the request from here on; the next one may come from inside. */
static struct gw_down *over(void)
{
    struct gw_down *down = scene.now.down;

    scene.now.down = NULL;
    return down;
}

static void answer(unsigned code)
{
    char text[128];
    bool keep = gw_down_may_keep(scene.now.down);
    int len =
        snprintf(text, sizeof text, "HTTP/1.1 %u x\r\n%scontent-length: 16\r\n\r\n%016llx", code,
                 keep ? "" : "connection: close\r\n", (unsigned long long)scene.now.digest);

    (void)answer_part((struct gw_str){text, (size_t)len});
    scene.ended++;
    gw_down_end(over(), keep);
}

static void stream_on(void)
{
    static char piece[STREAM_PIECE_BYTES];
    struct exchange *now = &scene.now;

    while (now->pieces < STREAM_PIECES) {
        memset(piece, (int)('a' + now->pieces), sizeof piece);
        now->pieces++;
        enum gw_status status = answer_part((struct gw_str){piece, sizeof piece});
        if (status == GW_AGAIN)
            return;
    }
    scene.ended++;
    gw_down_end(over(), now->keep);
}

static void stream_begin(void)
{
    char head[96];

    scene.now.keep = gw_down_may_keep(scene.now.down);
    int len = snprintf(head, sizeof head, "HTTP/1.1 200 x\r\ncontent-length: %u\r\n\r\n",
                       STREAM_PIECES * STREAM_PIECE_BYTES);
    if (answer_part((struct gw_str){head, (size_t)len}) != GW_AGAIN)
        stream_on();
}

static void break_off(void)
{
    bool reset = scene.now.kind == KIND_RESET;

    (void)answer_part(GW_STR("HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\npart"));
    scene.lost++;
    gw_down_abort(over(), reset);
}

static void begin(struct gw_down *down)
{
    CHECK(!scene.now.down); /* one after the other */
    CHECK(!gw_down_user(down));
    scene.now = (struct exchange){.down = down, .digest = DIGEST_START};
    scene.begun++;
    gw_down_set_user(down, &scene.now);
}

static void on_request(void *arg, struct gw_down *down, const struct gw_http1_head *head,
                       struct gw_str bytes)
{
    const int window = 1;
    struct exchange *now = &scene.now;
    struct gw_str target = {bytes.base + head->target, head->target_len};

    CHECK(arg == &scene && head->bytes <= bytes.len);
    begin(down);
    now->framing = head->framing;
    now->body_bytes = head->body_bytes;
    scene.expects += head->expect_continue;
    for (size_t i = 1; i < GW_COUNT(kinds); i++)
        if (target.len > 1 && target.base[1] == kinds[i])
            now->kind = (enum kind)i;
    tell(story, "%.*s %.*s, head %llx, framing %d of %llu\n", (int)head->method_len,
         bytes.base + head->method_at, GW_STR_ARG(target),
         (unsigned long long)digest_add(DIGEST_START, (struct gw_str){bytes.base, head->bytes}),
         (int)head->framing, (unsigned long long)head->body_bytes);
    if (scene.flags & SMALL_WINDOW)
        (void)setsockopt(down->sock.io.fd, SOL_SOCKET, SO_SNDBUF, &window, sizeof window);
    if (now->kind == KIND_EARLY) {
        answer(200);
    } else if (now->kind == KIND_PAUSE) {
        now->paused = true;
        gw_down_pause(down);
    } else if (now->kind == KIND_ABORT || now->kind == KIND_RESET) {
        break_off();
    }
}

static void on_body(struct gw_down *down, struct gw_str data, bool last)
{
    struct exchange *now = gw_down_user(down);

    CHECK(now == &scene.now && now->down == down && !now->whole);
    CHECK(data.len || last);
    CHECK(!now->paused || (last && !data.len)); /* no body: nothing to keep back */
    now->digest = digest_add(now->digest, data);
    now->seen += data.len;
    now->whole = last;
    if (!last)
        return;
    CHECK(now->framing == GW_BODY_CHUNKED ||
          now->seen == (now->framing == GW_BODY_LENGTH ? now->body_bytes : 0));
    tell(story, "  body of %llu: %llx\n", (unsigned long long)now->seen,
         (unsigned long long)now->digest);
    if (now->kind == KIND_STREAM)
        stream_begin();
    else if (now->kind != KIND_LATER)
        answer(200);
}

static void on_writable(struct gw_down *down)
{
    struct exchange *now = gw_down_user(down);

    CHECK(now == &scene.now && now->down == down);
    CHECK(now->kind == KIND_STREAM && now->whole);
    stream_on();
}

static void on_gone(struct gw_down *down)
{
    CHECK(scene.now.down == down);
    scene.lost++;
    scene.now.down = NULL;
}

static void on_bad(void *arg, struct gw_down *down, unsigned status, const struct gw_err *err,
                   const struct gw_http1_head *head, struct gw_str bytes)
{
    bool in_body = gw_down_user(down) != NULL;

    CHECK(arg == &scene && err->message[0] && status >= 400 && status <= 505);
    CHECK(!head || head->bytes <= bytes.len);
    if (in_body) {
        CHECK(gw_down_user(down) == &scene.now && scene.now.down == down && !scene.now.whole);
        /* Of a body that is both broken and too long, the cut decides which is seen first; how much
         * of it has been told before is not certain either. */
        tell(story, "  refused\n");
        scene.now.digest = 0;
    } else {
        begin(down);
        tell(story, "refused %u\n", status);
    }
    CHECK(!gw_down_may_keep(down));
    answer(status);
}

static void on_drained(void *arg)
{
    CHECK(arg == &scene);
    scene.drained++;
}

/* ---- the caller ---- */

static int open_listener(struct sockaddr_un *addr, socklen_t *len)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    *addr = (struct sockaddr_un){.sun_family = AF_UNIX};
    CHECK(fd != -1);
    CHECK(bind(fd, (struct sockaddr *)addr, sizeof addr->sun_family) == 0); /* any free name */
    CHECK(listen(fd, 8) == 0);
    *len = sizeof *addr;
    CHECK(getsockname(fd, (struct sockaddr *)addr, len) == 0);
    return fd;
}

static void open_scene(unsigned flags)
{
    static const struct gw_server_handler handler = {on_request, on_body, on_writable, on_gone,
                                                     on_bad};
    const struct gw_server_limits limits = {.header_bytes_max = 512,
                                            .body_bytes_max = 1000,
                                            .header_timeout_ms = HEADER_MS,
                                            .idle_timeout_ms = IDLE_MS,
                                            .connections_max = flags & OVERLOADED ? 0 : 4};
    struct sockaddr_un addr;
    socklen_t len;
    int listener = open_listener(&addr, &len);

    memset(&scene, 0, sizeof scene);
    scene.flags = flags;
    gw_buf_init(&scene.sent, (size_t)16 << 20);
    gw_buf_init(&scene.got, (size_t)16 << 20);
    CHECK(gw_server_create(&turns.http, listener, NULL, &limits, &handler, &scene, &scene.server,
                           NULL) == GW_OK);
    scene.caller = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(scene.caller != -1);
    CHECK(connect(scene.caller, (struct sockaddr *)&addr, len) == 0);
}

/* @return something came */
static bool caller_reads(void)
{
    char bytes[8192];
    bool came = false;

    while (scene.caller != -1) {
        ssize_t len = recv(scene.caller, bytes, sizeof bytes, MSG_DONTWAIT);
        if (len <= 0)
            break;
        came = true;
        CHECK(gw_buf_add(&scene.got, (struct gw_str){bytes, (size_t)len}) == GW_OK);
    }
    return came;
}

static void caller_closes(void)
{
    if (scene.caller != -1)
        close(scene.caller);
    scene.caller = -1;
}

/* Goes on with what a handler has put off. @return false: nothing */
static bool go_on(void)
{
    struct exchange *now = &scene.now;

    if (!now->down)
        return false;
    if (now->paused) {
        now->paused = false;
        gw_down_resume(now->down);
        return true;
    }
    if (now->kind != KIND_LATER || !now->whole)
        return false;
    answer(200);
    return true;
}

/* Until nothing more comes of what was sent. */
static void come_to_rest(bool answering)
{
    bool more = true;

    for (int i = 0; more; i++) {
        CHECK(i < ROUNDS_MAX);
        rest();
        more = caller_reads();
        more = (answering && go_on()) || more;
    }
}

/* ---- what must be so ---- */

static void check_received(bool all)
{
    const struct gw_str text = GW_STR("HTTP/1.1 100 Continue\r\n\r\n");
    struct gw_str got = gw_buf_str(&scene.got), sent = gw_buf_str(&scene.sent);
    unsigned continues = 0;

    while (got.len) {
        struct gw_str piece = {got.base, gw_str_find_str(got, text)};
        CHECK(gw_str_starts(sent, piece));
        sent = gw_str_from(sent, piece.len);
        continues += piece.len < got.len;
        got = gw_str_from(got, piece.len + text.len);
    }
    CHECK(continues <= scene.expects);
    if (all)
        CHECK(sent.len == 0);
}

static void end_connection(enum ending ending)
{
    switch (ending) {
    case END_CLOSE:
    case END_CLOSE_AT_ONCE:
        caller_closes();
        break;
    case END_FIN:
    case END_FIN_AT_ONCE:
        (void)shutdown(scene.caller, SHUT_WR);
        break;
    case END_SILENT:
        pass_ms(HEADER_MS + SLACK_MS);
        come_to_rest(true);
        pass_ms(IDLE_MS + SLACK_MS);
        pass_ms(LINGER_MS + SLACK_MS);
        break;
    case END_DRAIN:
        gw_server_drain(scene.server, DRAIN_MS, on_drained, &scene);
        come_to_rest(true);
        pass_ms(DRAIN_MS + SLACK_MS);
        CHECK(scene.drained == 1);
        break;
    case END_DESTROY:
    case ENDINGS:
        return;
    }
    come_to_rest(true);
    CHECK(gw_server_connections(scene.server) == 0);
    CHECK(!scene.now.down);
}

static void close_scene(void)
{
    gw_server_destroy(scene.server);
    CHECK(!scene.now.down);
    CHECK(scene.begun == scene.ended + scene.lost);
    (void)caller_reads();
    caller_closes();
    turn(); /* what is to be freed later */
    gw_buf_finish(&scene.sent);
    gw_buf_finish(&scene.got);
}

static void play(struct gw_str bytes, const size_t *cuts, size_t count, unsigned flags,
                 enum ending ending, struct story *told)
{
    size_t at = 0;

    story = told;
    story->len = 0;
    open_scene(flags);
    for (size_t i = 0; i <= count; i++) {
        size_t end = i < count ? cuts[i] : bytes.len;
        peer_put(scene.caller, (struct gw_str){bytes.base + at, end - at});
        at = end;
        if (i < count)
            come_to_rest(!(flags & ANSWER_LATE));
    }
    if (ending < END_CLOSE_AT_ONCE) {
        come_to_rest(true);
        check_received(scene.lost == 0);
    }
    end_connection(ending);
    check_received(scene.lost == 0 && ending < END_CLOSE_AT_ONCE);
    close_scene();
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
    play(sent, cuts.at, cuts.count, bytes[0], ending, &parts);
    if (ending >= END_CLOSE_AT_ONCE)
        return 0;
    play(sent, NULL, 0, bytes[0], ending, &whole);
    check_same_story(&whole, &parts);
    return 0;
}
