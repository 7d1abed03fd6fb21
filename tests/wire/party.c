#include "wire/party.h"

#include "wire/stopwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES_MAX ((size_t)512 << 20)
#define HEARD_MAX ((size_t)64 << 10)
#define READ_BYTES ((size_t)256 << 10)
#define SOCKET_BUFFER 65536
#define SETTLE_MS 3 /* an ACK may be delayed much longer: it is not waited for at any price */
#define PARTIES_MAX 32

static int64_t now_ms(void)
{
    struct timespec now = stopwatch_real(CLOCK_MONOTONIC); /* the gateway's is stepped */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- connections ---- */

void party_init(struct party *party, struct gw_str name, int listener)
{
    *party = (struct party){.name = name, .upstream = listener != -1, .listener = listener};
    party->fd = -1;
    gw_buf_init(&party->out, BYTES_MAX);
    gw_buf_init(&party->in, BYTES_MAX);
    gw_buf_init(&party->body, BYTES_MAX);
    gw_buf_init(&party->heard, HEARD_MAX);
}

static void forget(struct party *party)
{
    gw_buf_take(&party->out, gw_buf_len(&party->out));
    gw_buf_take(&party->in, gw_buf_len(&party->in));
    gw_buf_take(&party->body, gw_buf_len(&party->body));
    party->state = PARTY_NO_BODY;
    party->ended = party->reset = party->asked_head = party->send_chunked = false;
}

void party_finish(struct party *party)
{
    party_close(party, false);
    gw_buf_finish(&party->out);
    gw_buf_finish(&party->in);
    gw_buf_finish(&party->body);
    gw_buf_finish(&party->heard);
}

static void take_socket(struct party *party, int fd)
{
    int one = 1, room = SOCKET_BUFFER;

    forget(party);
    party->fd = fd;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
}

bool party_connect(struct party *party, unsigned port, struct complaint *complaint)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), room = SOCKET_BUFFER;

    must(fd != -1, "socket");
    /* Before connecting: the window is agreed on then. */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == -1) {
        int why = errno;
        (void)close(fd);
        return complain(complaint, "could not connect: %s", strerror(why));
    }
    take_socket(party, fd);
    return true;
}

/* What was sent is with the peer's kernel. On loopback that is mostly so when send() returns, but
 * not when the machine is busy. What waits for the peer's window is not on its way. */
static bool has_arrived(int fd)
{
    int unacknowledged = 0, unsent = 0;

    return ioctl(fd, SIOCOUTQ, &unacknowledged) == -1 || ioctl(fd, SIOCOUTQNSD, &unsent) == -1 ||
           unacknowledged <= unsent;
}

static void settle(int fd)
{
    int64_t deadline = now_ms() + SETTLE_MS;

    while (!has_arrived(fd) && now_ms() < deadline)
        (void)sched_yield();
}

void party_close(struct party *party, bool reset)
{
    struct linger linger = {.l_onoff = 1};
    int unread = 0;

    if (party->fd == -1)
        return;
    settle(party->fd);
    if (reset) {
        (void)setsockopt(party->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    } else if (ioctl(party->fd, FIONREAD, &unread) == 0 && unread == 0) {
        /* Otherwise it is a reset too. */
        (void)shutdown(party->fd, SHUT_WR);
        settle(party->fd);
    }
    (void)close(party->fd);
    party->fd = -1;
    forget(party);
}

void party_half_close(struct party *party)
{
    (void)shutdown(party->fd, SHUT_WR);
}

/* ---- bytes ---- */

static void flush(struct party *party)
{
    while (party->fd != -1 && gw_buf_len(&party->out)) {
        struct gw_str bytes = gw_buf_str(&party->out);
        ssize_t sent = send(party->fd, bytes.base, bytes.len, MSG_NOSIGNAL);
        if (sent == -1 && errno == EAGAIN)
            return;
        if (sent == -1) { /* the peer is gone: what a script expects of that shows in reading */
            party->reset |= errno == ECONNRESET;
            gw_buf_take(&party->out, gw_buf_len(&party->out));
            return;
        }
        gw_buf_take(&party->out, (size_t)sent);
    }
}

static void crowd_flush(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++)
        flush(&crowd->all[i]);
}

void crowd_settle(struct crowd *crowd)
{
    crowd_flush(crowd);
    for (size_t i = 0; i < crowd->count; i++)
        if (crowd->all[i].fd != -1)
            settle(crowd->all[i].fd);
}

void party_send(struct party *party, struct gw_str bytes)
{
    must(gw_buf_add(&party->out, bytes) == GW_OK, "out of memory");
    flush(party);
}

/* @return false when there is nothing to read now */
static bool read_some(struct party *party)
{
    if (party->fd == -1 || party->ended)
        return false;
    must(gw_buf_reserve(&party->in, READ_BYTES) == GW_OK, "out of memory");
    char *at = party->in.base + party->in.tail;
    ssize_t got = recv(party->fd, at, READ_BYTES, 0);
    if (got == -1 && errno == EAGAIN)
        return false;
    if (got <= 0) {
        party->ended = true;
        party->reset |= got == -1;
        return true;
    }
    size_t keep = HEARD_MAX - gw_buf_len(&party->heard);
    (void)gw_buf_add(&party->heard, (struct gw_str){at, (size_t)got < keep ? (size_t)got : keep});
    party->in.tail += (size_t)got;
    return true;
}

void party_peek(struct party *party)
{
    while (read_some(party))
        ;
}

/* Lets everybody send until `fd` has what is waited for. @return false after the deadline */
static bool wait_for(struct crowd *crowd, int fd, short events, int64_t deadline)
{
    struct pollfd polled[PARTIES_MAX + 1];

    for (;;) {
        nfds_t count = 0;
        crowd_flush(crowd);
        polled[count++] = (struct pollfd){.fd = fd, .events = events};
        for (size_t i = 0; i < crowd->count; i++) {
            const struct party *party = &crowd->all[i];
            if (party->fd != -1 && gw_buf_len(&party->out) && count <= PARTIES_MAX)
                polled[count++] = (struct pollfd){.fd = party->fd, .events = POLLOUT};
        }
        int64_t left = deadline - now_ms();
        if (left <= 0)
            return false;
        (void)poll(polled, count, (int)left);
        if (polled[0].revents)
            return true;
    }
}

/* More bytes, or the end. @return false after the deadline */
static bool fill(struct crowd *crowd, struct party *party, int64_t deadline)
{
    while (!read_some(party)) {
        if (party->ended)
            return true;
        if (!wait_for(crowd, party->fd, POLLIN, deadline))
            return false;
    }
    return true;
}

bool party_flush(struct crowd *crowd, struct party *party, struct complaint *complaint)
{
    int64_t deadline = now_ms() + PARTY_DEADLINE_MS;

    flush(party);
    while (gw_buf_len(&party->out)) {
        if (!wait_for(crowd, party->fd, POLLOUT, deadline))
            return complain(complaint, "%zu bytes could not be sent", gw_buf_len(&party->out));
        flush(party);
    }
    return true;
}

bool party_accept(struct crowd *crowd, struct party *party, struct complaint *complaint)
{
    if (!wait_for(crowd, party->listener, POLLIN, now_ms() + PARTY_DEADLINE_MS))
        return complain(complaint, "no connection came");
    int fd = accept4(party->listener, NULL, NULL, SOCK_CLOEXEC);
    must(fd != -1, "accept");
    take_socket(party, fd);
    return true;
}

/* What came instead of what was waited for. */
static bool complain_of(struct party *party, const char *wanted, struct complaint *complaint)
{
    complain(complaint, "expected %s, got %s, after:", wanted,
             party->reset   ? "a reset"
             : party->ended ? "the connection's end"
                            : "nothing more");
    complain_bytes(complaint, "    | ", gw_buf_str(&party->body));
    if (gw_buf_len(&party->in)) {
        complain(complaint, "  and, not taken apart:");
        complain_bytes(complaint, "    | ", gw_buf_str(&party->in));
    }
    return false;
}

/* ---- messages ---- */

static bool is_chunked(struct gw_str head)
{
    struct gw_str coding = match_field(head, GW_STR("transfer-encoding"));
    return coding.base && gw_str_eq_nocase(coding, GW_STR("chunked"));
}

/* RFC 9112 section 6.3, for messages that are not meant to deceive. */
static void begin_body(struct party *party, struct gw_str head)
{
    struct gw_str length = match_field(head, GW_STR("content-length"));
    unsigned status = party->upstream ? 0 : (unsigned)strtoul(head.base + 9, NULL, 10);

    party->state = PARTY_NO_BODY;
    party->left = 0;
    if (status / 100 == 1 || status == 204 || status == 304 || (status && party->asked_head))
        return;
    if (is_chunked(head))
        party->state = PARTY_CHUNK_SIZE;
    else if (gw_str_to_u64(length, &party->left))
        party->state = party->left ? PARTY_LENGTH : PARTY_NO_BODY;
    else if (status)
        party->state = PARTY_TO_CLOSE;
}

static void take_data(struct party *party, uint64_t most)
{
    struct gw_str bytes = gw_buf_str(&party->in);

    if (bytes.len > most)
        bytes.len = (size_t)most;
    must(gw_buf_add(&party->body, bytes) == GW_OK, "out of memory");
    gw_buf_take(&party->in, bytes.len);
    party->left -= party->state == PARTY_TO_CLOSE ? 0 : bytes.len;
}

/* The line that begins a chunk, or the end behind the last one: no trailers, no extensions.
 * @return false when it is not there yet */
static bool take_chunk_line(struct party *party, struct complaint *complaint)
{
    struct gw_str bytes = gw_buf_str(&party->in);
    size_t len = gw_str_find_str(bytes, GW_STR("\r\n"));
    char digits[20], *end = digits;
    bool last = gw_str_starts(bytes, GW_STR("0\r\n"));

    if (len == bytes.len || (last && bytes.len < 5))
        return false;
    if (len && len < sizeof digits) {
        memcpy(digits, bytes.base, len);
        digits[len] = 0;
        party->left = strtoull(digits, &end, 16);
    }
    if (len == 0 || end != digits + len || (last && memcmp(bytes.base, "0\r\n\r\n", 5) != 0)) {
        complain(complaint, "a broken chunk:");
        complain_bytes(complaint, "    | ", bytes);
        return false;
    }
    gw_buf_take(&party->in, last ? 5 : len + 2);
    party->state = last ? PARTY_NO_BODY : PARTY_CHUNK_DATA;
    return true;
}

/* Moves what is there of the body to party->body. @return false when it is broken */
static bool take_body(struct party *party, struct complaint *complaint)
{
    while (gw_buf_len(&party->in)) {
        switch (party->state) {
        case PARTY_NO_BODY:
            return true;
        case PARTY_LENGTH:
            take_data(party, party->left);
            if (party->left == 0)
                party->state = PARTY_NO_BODY;
            break;
        case PARTY_CHUNK_SIZE:
            if (!take_chunk_line(party, complaint))
                return gw_buf_len(&complaint->text) == 0;
            break;
        case PARTY_CHUNK_DATA:
            take_data(party, party->left);
            if (party->left == 0)
                party->state = PARTY_CHUNK_END;
            break;
        case PARTY_CHUNK_END:
            if (gw_buf_len(&party->in) < 2)
                return true;
            if (memcmp(gw_buf_str(&party->in).base, "\r\n", 2) != 0)
                return complain(complaint, "a chunk without its end");
            gw_buf_take(&party->in, 2);
            party->state = PARTY_CHUNK_SIZE;
            break;
        case PARTY_TO_CLOSE:
            take_data(party, UINT64_MAX);
            break;
        }
    }
    return true;
}

static bool receive_head(struct crowd *crowd, struct party *party, const struct text *want,
                         int64_t deadline, struct complaint *complaint)
{
    struct gw_str end = GW_STR("\r\n\r\n"), bytes;
    struct text head = text_slice(want, 0, want->head_len);
    size_t at;

    if (party->state != PARTY_NO_BODY || gw_buf_len(&party->body))
        return complain_of(party, "a new message", complaint);
    while (bytes = gw_buf_str(&party->in), at = bytes.len ? gw_str_find_str(bytes, end) : 0,
           at == bytes.len)
        if (party->ended || !fill(crowd, party, deadline))
            return complain_of(party, "a head", complaint);
    struct gw_str got = {bytes.base, at + end.len};
    if (!match_head(&head, got, complaint)) {
        complain(complaint, "  and behind it:");
        complain_bytes(complaint, "    | ", gw_str_from(bytes, got.len));
        return false;
    }
    begin_body(party, got);
    gw_buf_take(&party->in, got.len);
    return true;
}

static bool receive_rest(struct crowd *crowd, struct party *party, int64_t deadline,
                         struct complaint *complaint)
{
    for (;;) {
        if (!take_body(party, complaint))
            return false;
        if (party->state == PARTY_NO_BODY)
            return true;
        if (party->ended && party->state == PARTY_TO_CLOSE && !party->reset) {
            party->state = PARTY_NO_BODY;
            return true;
        }
        if (party->ended || !fill(crowd, party, deadline))
            return complain_of(party, "the rest of the body", complaint);
    }
}

bool party_receive(struct crowd *crowd, struct party *party, const struct text *want, bool whole,
                   struct complaint *complaint)
{
    int64_t deadline = now_ms() + PARTY_DEADLINE_MS;
    struct text body = text_slice(want, want->head_len, gw_buf_len(&want->bytes));

    if (want->head_len == 0)
        return complain(complaint, "a message begins with a head; or write: receives body");
    if (!receive_head(crowd, party, want, deadline, complaint))
        return false;
    if (!whole)
        return true;
    if (!receive_rest(crowd, party, deadline, complaint))
        return false;
    bool ok = match_whole(&body, gw_buf_str(&party->body));
    if (!ok)
        match_explain(&body, gw_buf_str(&party->body), complaint);
    gw_buf_take(&party->body, gw_buf_len(&party->body));
    return ok;
}

bool party_receive_bytes(struct crowd *crowd, struct party *party, const struct text *want,
                         bool raw, struct complaint *complaint)
{
    int64_t deadline = now_ms() + PARTY_DEADLINE_MS;
    struct gw_buf *from = raw ? &party->in : &party->body;
    bool late = false;

    for (;;) {
        size_t used = 0;
        if (!raw && !take_body(party, complaint))
            return false;
        bool final = late || party->ended || (!raw && party->state == PARTY_NO_BODY);
        enum match match = match_start(want, gw_buf_str(from), final, &used);
        if (match == MATCH_YES) {
            gw_buf_take(from, used);
            if (raw) /* a script that reads framing itself knows where the message ends */
                party->state = PARTY_NO_BODY;
            return true;
        }
        if (match == MATCH_NO || final) {
            match_explain(want, gw_buf_str(from), complaint);
            return final ? complain_of(party, "more", complaint) : false;
        }
        late = !fill(crowd, party, deadline);
    }
}

bool party_receive_end(struct crowd *crowd, struct party *party, struct complaint *complaint)
{
    if (!receive_rest(crowd, party, now_ms() + PARTY_DEADLINE_MS, complaint))
        return false;
    return gw_buf_len(&party->body) == 0 || complain_of(party, "the end", complaint);
}

bool party_sees(struct crowd *crowd, struct party *party, enum party_end end,
                struct complaint *complaint)
{
    int64_t deadline = now_ms() + PARTY_DEADLINE_MS;
    const char *wanted = end == PARTY_CLOSED ? "an orderly end"
                         : end == PARTY_CUT  ? "an end within the body"
                                             : "a reset";

    while (!party->ended)
        if (!fill(crowd, party, deadline))
            return complain_of(party, wanted, complaint);
    if (!take_body(party, complaint))
        return false;
    bool within = party->state != PARTY_NO_BODY && party->state != PARTY_TO_CLOSE;
    bool clean = !party->reset && (party->state == PARTY_NO_BODY || party->state == PARTY_TO_CLOSE);
    bool left = gw_buf_len(&party->body) || (gw_buf_len(&party->in) && !within);
    bool ok = end == PARTY_CLOSED ? clean
              : end == PARTY_CUT  ? within || (party->reset && party->state == PARTY_TO_CLOSE)
                                  : party->reset;
    if (!ok || left)
        return complain_of(party, wanted, complaint);
    party_close(party, false);
    return true;
}
