#include "io/connect.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Below it no kernel picks a local port by itself. */
#define EPHEMERAL_PORT_MIN 1024u

struct attempt {
    struct gw_io io; /* must stay first; fd -1: not begun, or over */
    struct gw_connect *connect;
};

struct gw_connect {
    struct gw_loop *loop;
    gw_connect_permits_fn *permits; /* NULL: all */
    gw_connect_fn *fn;
    void *arg;
    struct gw_dns_lookup *lookup; /* under way, or NULL */
    uint64_t deadline_ms;
    unsigned timeout_ms;
    struct gw_timer deadline; /* of connecting; resolving has a timer of its own */
    struct gw_timer
        stagger;          /* the next attempt, or (nothing open, none left) the report of failure */
    unsigned begun, open; /* attempts */
    enum gw_connect_failure failure;
    bool unreachable; /* err is only about a network that is not there */
    struct gw_err err;
    struct gw_dns_answer answer;
    struct attempt attempts[GW_DNS_ADDRS_MAX];
};

#define OWNER(member, pointer)                                                                     \
    ((struct gw_connect *)((char *)(pointer)-offsetof(struct gw_connect, member)))

void gw_connect_cancel(struct gw_connect *connect)
{
    if (!connect)
        return;
    gw_dns_cancel(connect->lookup);
    gw_loop_timer_clear(connect->loop, &connect->deadline);
    gw_loop_timer_clear(connect->loop, &connect->stagger);
    for (unsigned i = 0; i < connect->begun; i++)
        gw_loop_close(connect->loop, &connect->attempts[i].io);
    gw_loop_free_later(connect->loop, connect);
}

static void end(struct gw_connect *connect, int fd)
{
    struct gw_err err = connect->err;
    enum gw_connect_failure failure = fd == -1 ? connect->failure : GW_CONNECT_NONE;
    gw_connect_fn *fn = connect->fn;
    void *arg = connect->arg;

    gw_connect_cancel(connect);
    fn(arg, fd, failure, &err);
}

/* Of several failures, the one that says most about the host: "refused" rather than "this machine
 * has no IPv6". */
static void note_failure(struct gw_connect *connect, const struct gw_err *err, int error)
{
    bool unreachable = error == ENETUNREACH || error == EHOSTUNREACH || error == EADDRNOTAVAIL ||
                       error == EAFNOSUPPORT;

    if (connect->failure != GW_CONNECT_NONE && (unreachable || !connect->unreachable))
        return;
    connect->failure = GW_CONNECT_REFUSED;
    connect->unreachable = unreachable;
    connect->err = *err;
}

/* A connect to a port of this machine that nobody listens on may meet itself, when the kernel picks
 * the same port for its own end. */
static bool is_self_connected(int fd, const struct gw_addr *peer)
{
    bool v6 = peer->u.sa.sa_family == AF_INET6;
    unsigned port = ntohs(v6 ? peer->u.v6.sin6_port : peer->u.v4.sin_port);
    struct gw_addr local = {.len = sizeof local.u};

    if (port < EPHEMERAL_PORT_MIN || port != gw_sock_local_port(fd) ||
        getsockname(fd, &local.u.sa, &local.len) == -1)
        return false;
    return v6 ? memcmp(&local.u.v6.sin6_addr, &peer->u.v6.sin6_addr, sizeof local.u.v6.sin6_addr) ==
                    0
              : local.u.v4.sin_addr.s_addr == peer->u.v4.sin_addr.s_addr;
}

static void on_attempt(struct gw_io *io, unsigned events);

/* Begins with the next address. @return true if that is under way */
static bool begin_one(struct gw_connect *connect)
{
    unsigned at = connect->begun++;
    struct attempt *attempt = &connect->attempts[at];
    struct gw_err err;

    *attempt = (struct attempt){{-1, on_attempt}, connect};
    if (gw_connect_start(&connect->answer.addrs[at], &attempt->io.fd, &err) != GW_OK) {
        attempt->io.fd = -1;
        note_failure(connect, &err, errno);
        return false;
    }
    if (gw_loop_add(connect->loop, &attempt->io, &err) != GW_OK) {
        note_failure(connect, &err, 0);
        gw_loop_close(connect->loop, &attempt->io);
        return false;
    }
    connect->open++;
    return true;
}

/* Begins with the next address that does not fail at once. When nothing is open after that, all
 * have failed. */
static void begin_next(struct gw_connect *connect)
{
    while (connect->begun < connect->answer.count && !begin_one(connect))
        ;
    if (connect->begun < connect->answer.count)
        gw_loop_timer_set(connect->loop, &connect->stagger, GW_CONNECT_STAGGER_MS);
    else
        gw_loop_timer_clear(connect->loop, &connect->stagger);
}

static void on_attempt(struct gw_io *io, unsigned events)
{
    struct attempt *attempt = (struct attempt *)io;
    struct gw_connect *connect = attempt->connect;
    const struct gw_addr *addr = &connect->answer.addrs[attempt - connect->attempts];
    char text[GW_ADDR_TEXT_BYTES];
    struct gw_err err;

    if (!(events & (GW_IO_WRITE | GW_IO_HUP)))
        return;
    int error = gw_connect_error(io->fd);
    if (error == 0 && is_self_connected(io->fd, addr))
        error = ECONNREFUSED;
    if (error == 0) {
        int fd = io->fd;
        gw_loop_forget(connect->loop, io);
        io->fd = -1;
        end(connect, fd);
        return;
    }
    gw_loop_close(connect->loop, io);
    connect->open--;
    errno = error;
    (void)gw_err_errno(&err, "could not connect to %s", gw_addr_text(addr, text));
    note_failure(connect, &err, error);
    begin_next(connect);
    if (connect->open == 0)
        end(connect, -1);
}

static void on_stagger(struct gw_timer *timer)
{
    struct gw_connect *connect = OWNER(stagger, timer);

    begin_next(connect);
    if (connect->open == 0)
        end(connect, -1);
}

static void on_deadline(struct gw_timer *timer)
{
    struct gw_connect *connect = OWNER(deadline, timer);
    char text[GW_ADDR_TEXT_BYTES];

    connect->failure = GW_CONNECT_TIMEOUT;
    (void)gw_err_set(&connect->err, GW_TIMEOUT, "could not connect to %s within %u ms",
                     gw_addr_text(&connect->answer.addrs[0], text), connect->timeout_ms);
    end(connect, -1);
}

/* All or none: who answers with one address that is not permitted is not to be trusted with the others. What it
 * was is not told: the message may go to whoever named the host. */
static bool are_permitted(struct gw_connect *connect)
{
    for (unsigned i = 0; i < connect->answer.count && connect->permits; i++) {
        if (connect->permits(&connect->answer.addrs[i]))
            continue;
        connect->failure = GW_CONNECT_REFUSED;
        (void)gw_err_set(&connect->err, GW_UNSUPPORTED,
                         "could not connect: the host has an address that is not permitted");
        connect->answer.count = 0;
        return false;
    }
    return true;
}

/* The addresses are known. */
static void begin(struct gw_connect *connect)
{
    uint64_t now_ms = gw_loop_now_ms(connect->loop);

    if (!are_permitted(connect))
        return;
    gw_loop_timer_set(connect->loop, &connect->deadline,
                      connect->deadline_ms > now_ms ? connect->deadline_ms - now_ms : 0);
    begin_next(connect);
}

static void on_addresses(void *arg, const struct gw_dns_answer *answer, const struct gw_err *err)
{
    struct gw_connect *connect = arg;

    connect->lookup = NULL; /* over */
    if (!answer) {
        connect->failure = GW_CONNECT_DNS;
        connect->err = *err;
        end(connect, -1);
        return;
    }
    connect->answer = *answer;
    begin(connect);
    if (connect->open == 0)
        end(connect, -1);
}

static struct gw_connect *create(struct gw_loop *loop, unsigned timeout_ms, gw_connect_fn *fn,
                                 void *arg)
{
    struct gw_connect *connect = calloc(1, sizeof *connect);

    if (!connect)
        return NULL;
    connect->loop = loop;
    connect->fn = fn;
    connect->arg = arg;
    connect->timeout_ms = timeout_ms;
    connect->deadline_ms = gw_loop_now_ms(loop) + timeout_ms;
    connect->deadline.on_timer = on_deadline;
    connect->stagger.on_timer = on_stagger;
    return connect;
}

/* From inside the caller's call: what is over already is told by the next tick. */
static void begin_quietly(struct gw_connect *connect)
{
    begin(connect);
    if (connect->open == 0)
        gw_loop_timer_set(connect->loop, &connect->stagger, 0);
}

struct gw_connect *gw_connect_to(struct gw_loop *loop, const struct gw_dns_answer *answer,
                                 unsigned timeout_ms, gw_connect_fn *fn, void *arg)
{
    struct gw_connect *connect = create(loop, timeout_ms, fn, arg);

    if (!connect)
        return NULL;
    connect->answer = *answer;
    begin_quietly(connect);
    return connect;
}

struct gw_connect *gw_connect(struct gw_loop *loop, struct gw_dns *dns, struct gw_str host,
                              unsigned port, unsigned timeout_ms, gw_connect_permits_fn *permits,
                              gw_connect_fn *fn, void *arg)
{
    struct gw_connect *connect = create(loop, timeout_ms, fn, arg);

    if (!connect)
        return NULL;
    connect->permits = permits;
    if (gw_addr_parse(host, port, &connect->answer.addrs[0])) {
        connect->answer.count = 1;
        begin_quietly(connect);
        return connect;
    }
    enum gw_status status = gw_dns_cached(dns, host, port, &connect->answer, &connect->err);
    if (status == GW_OK) {
        begin_quietly(connect);
    } else if (status == GW_AGAIN) {
        connect->lookup = gw_dns_lookup(dns, host, port, timeout_ms, on_addresses, connect);
        if (!connect->lookup) {
            gw_connect_cancel(connect);
            return NULL;
        }
    } else {
        connect->failure = GW_CONNECT_DNS;
        gw_loop_timer_set(loop, &connect->stagger, 0); /* no address: it only reports */
    }
    return connect;
}
