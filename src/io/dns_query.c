#include "io/dns_query.h"

#include <ares.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TTL_MIN_S 1u
#define TTL_MAX_S 300u
#define MS 1000u
#define HOSTS_FILE_HOLD_MS (30 * MS)
/* RFC 8305 §3: how long IPv4 addresses wait for IPv6 ones. */
#define RESOLUTION_DELAY_MS 50u
#define QUERY_MS 1000
#define QUERY_TRIES 2

enum { V6, V4, FAMILIES };

/* A socket of c-ares. */
struct dns_sock {
    struct gw_io io; /* must stay first */
    struct gw_dns_query *query;
    struct dns_sock *next;
};

/* One family's part of a question. Two questions instead of one for both, because a lost answer to
 * one of them (common behind NAT that drops the second of two packets at once) must not hold up the
 * other. */
struct half {
    struct question *question;
    bool done;
    int status; /* ARES_… */
    unsigned ttl_s;
    unsigned count;
    struct gw_addr addrs[GW_DNS_ADDRS_MAX];
};

struct question {
    struct gw_dns_query *query;
    void *asker;
    struct question *next_touched;
    bool touched;
    struct gw_timer delay; /* of IPv4 addresses */
    struct half halves[FAMILIES];
};

struct gw_dns_query {
    struct gw_loop *loop;
    struct gw_dns_options options;
    gw_dns_found_fn *fn;
    ares_channel servers; /* asks the network */
    ares_channel files;   /* the hosts file only, and at once */
    struct timespec resolv_conf_time;
    struct dns_sock *socks;
    struct gw_timer timer;    /* of c-ares */
    struct question *touched; /* c-ares has told something about them, not acted on yet */
    unsigned open;            /* questions */
};

#define OWNER(type, member, pointer) ((type *)((char *)(pointer)-offsetof(type, member)))

/* ---- c-ares on the loop ---- */

static void settle(struct gw_dns_query *query);

static void rearm(struct gw_dns_query *query)
{
    struct timeval wait;

    if (query->touched)
        gw_loop_timer_set(query->loop, &query->timer, 0);
    else if (ares_timeout(query->servers, NULL, &wait))
        gw_loop_timer_set(query->loop, &query->timer,
                          (uint64_t)wait.tv_sec * MS + (uint64_t)wait.tv_usec / 1000u + 1);
    else
        gw_loop_timer_clear(query->loop, &query->timer);
}

static void on_sock(struct gw_io *io, unsigned events)
{
    struct gw_dns_query *query = ((struct dns_sock *)io)->query;
    int fd = io->fd;

    ares_process_fd(query->servers, events & GW_IO_READ ? fd : ARES_SOCKET_BAD,
                    events & GW_IO_WRITE ? fd : ARES_SOCKET_BAD);
    settle(query);
    rearm(query);
}

static void on_ares_timer(struct gw_timer *timer)
{
    struct gw_dns_query *query = OWNER(struct gw_dns_query, timer, timer);

    ares_process_fd(query->servers, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    settle(query);
    rearm(query);
}

/* c-ares wants to hear of a socket, or (both 0) is about to close it. */
static void on_sock_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct gw_dns_query *query = arg;
    struct dns_sock **at = &query->socks;
    unsigned events = (readable ? GW_IO_READ : 0) | (writable ? GW_IO_WRITE : 0);

    while (*at && (*at)->io.fd != fd)
        at = &(*at)->next;
    struct dns_sock *sock = *at;
    if (!events) {
        if (sock) {
            *at = sock->next;
            gw_loop_forget(query->loop, &sock->io);
            gw_loop_free_later(query->loop, sock);
        }
        return;
    }
    bool added = sock != NULL;
    if (!added) {
        sock = calloc(1, sizeof *sock);
        if (!sock)
            return; /* the question times out */
        *sock = (struct dns_sock){{fd, on_sock}, query, query->socks};
        query->socks = sock;
    }
    (void)gw_loop_watch(query->loop, &sock->io, events, added, NULL);
}

static struct timespec resolv_conf_time(const struct gw_dns_query *query)
{
    struct stat file = {0};

    (void)stat(query->options.resolv_conf ? query->options.resolv_conf : "/etc/resolv.conf", &file);
    return file.st_mtim;
}

static enum gw_status open_servers(struct gw_dns_query *query, ares_channel *channel_out,
                                   struct gw_err *err)
{
    struct ares_options options = {
        .timeout = query->options.query_ms ? (int)query->options.query_ms : QUERY_MS,
        .tries = QUERY_TRIES,
        .lookups = (char *)(uintptr_t) "b", /* copied */
        .sock_state_cb = on_sock_state,
        .sock_state_cb_data = query,
        .udp_port = query->options.port,
        .tcp_port = query->options.port,
        .resolvconf_path = (char *)(uintptr_t)query->options.resolv_conf, /* copied */
    };
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;

    if (query->options.port)
        mask |= ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT;
    if (query->options.resolv_conf)
        mask |= ARES_OPT_RESOLVCONF;
    query->resolv_conf_time = resolv_conf_time(query);
    int status = ares_init_options(channel_out, &options, mask);
    if (status != ARES_SUCCESS)
        return gw_err_set(err, status == ARES_ENOMEM ? GW_NO_MEMORY : GW_IO,
                          "could not start the resolver: %s", ares_strerror(status));
    return GW_OK;
}

/* A laptop moves, a container's network comes up late: c-ares reads resolv.conf only when it
 * starts. */
static void follow_resolv_conf(struct gw_dns_query *query)
{
    struct timespec now = resolv_conf_time(query), then = query->resolv_conf_time;
    ares_channel fresh;

    if (query->open > 0 || (now.tv_sec == then.tv_sec && now.tv_nsec == then.tv_nsec) ||
        open_servers(query, &fresh, NULL) != GW_OK)
        return;
    ares_destroy(query->servers);
    query->servers = fresh;
}

/* ---- what comes back ---- */

/* RFC 8305 §4: the families take turns. */
static void interleave(const struct half halves[FAMILIES], struct gw_dns_answer *answer)
{
    answer->count = 0;
    for (unsigned i = 0; i < GW_DNS_ADDRS_MAX; i++)
        for (unsigned family = 0; family < FAMILIES; family++)
            if (i < halves[family].count && answer->count < GW_DNS_ADDRS_MAX)
                answer->addrs[answer->count++] = halves[family].addrs[i];
}

static void collect(struct half *half, const struct ares_addrinfo *found, int family)
{
    half->ttl_s = TTL_MAX_S;
    for (const struct ares_addrinfo_node *node = found->nodes; node; node = node->ai_next) {
        struct gw_addr *addr = &half->addrs[half->count];
        if (node->ai_family != family || half->count == GW_DNS_ADDRS_MAX ||
            node->ai_addrlen > sizeof addr->u)
            continue;
        *addr = (struct gw_addr){.len = node->ai_addrlen};
        memcpy(&addr->u, node->ai_addr, node->ai_addrlen);
        half->count++;
        /* A TTL with its highest bit set counts as 0: RFC 2181 §8. */
        if (node->ai_ttl < 0 || (unsigned)node->ai_ttl < half->ttl_s)
            half->ttl_s = node->ai_ttl < 0 ? 0 : (unsigned)node->ai_ttl;
    }
    if (half->ttl_s < TTL_MIN_S)
        half->ttl_s = TTL_MIN_S;
}

static void found_addresses(const struct half halves[FAMILIES], struct gw_dns_found *found)
{
    unsigned ttl_s = TTL_MAX_S;

    for (unsigned family = 0; family < FAMILIES; family++)
        if (halves[family].count && halves[family].ttl_s < ttl_s)
            ttl_s = halves[family].ttl_s;
    *found = (struct gw_dns_found){.status = GW_OK, .hold_ms = ttl_s * MS};
    interleave(halves, &found->answer);
}

/* What a failure means, and for how long it is believed. */
static const struct {
    int status;
    enum gw_status means;
    unsigned hold_ms;
    bool final;         /* the name is to blame, so an older answer is wrong */
    const char *reason; /* NULL: c-ares's own words */
} failures[] = {
    {ARES_ENOTFOUND, GW_NOT_FOUND, 5 * MS, true, NULL},
    {ARES_ENODATA, GW_NOT_FOUND, 5 * MS, true, "the name has no address"},
    {ARES_EBADNAME, GW_INVALID, 5 * MS, true, NULL},
    {ARES_ETIMEOUT, GW_TIMEOUT, MS, false, "the DNS servers do not answer"},
    {ARES_ECONNREFUSED, GW_IO, MS, false, "no DNS server could answer"}, /* also for SERVFAIL */
    {ARES_ENOMEM, GW_NO_MEMORY, MS, false, NULL},
    {ARES_SUCCESS, GW_IO, MS, false, NULL}, /* any other; must stay last */
};

static size_t failure_row(int status)
{
    size_t row = 0;

    while (row + 1 < GW_COUNT(failures) && failures[row].status != status)
        row++;
    return row;
}

/* ---- questions ---- */

static void touch(struct question *question)
{
    if (question->touched)
        return;
    question->touched = true;
    question->next_touched = question->query->touched;
    question->query->touched = question;
}

/* From inside c-ares, where nothing of ours may be called: noted, and acted on by settle(). */
static void on_half(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
    struct half *half = arg;
    struct question *question = half->question;
    (void)timeouts;

    half->done = true;
    half->status = status;
    if (status == ARES_SUCCESS)
        collect(half, found, half == &question->halves[V6] ? AF_INET6 : AF_INET);
    if (status == ARES_SUCCESS && half->count == 0)
        half->status = ARES_ENODATA;
    ares_freeaddrinfo(found);
    touch(question);
}

static void free_question(struct question *question)
{
    gw_loop_timer_clear(question->query->loop, &question->delay);
    question->query->open--;
    free(question);
}

static void found_failure(const struct half halves[FAMILIES], struct gw_dns_found *found)
{
    int status = halves[V4].status;

    /* "No such address" holds only if it does for both families. */
    if (failures[failure_row(status)].final && !failures[failure_row(halves[V6].status)].final)
        status = halves[V6].status;
    size_t row = failure_row(status);
    found->status = failures[row].means;
    found->hold_ms = failures[row].hold_ms;
    found->final = failures[row].final;
    found->reason = failures[row].reason ? failures[row].reason : ares_strerror(status);
}

/* Tells what there is so far. */
static void publish(struct question *question, bool over)
{
    const struct half *halves = question->halves;
    struct gw_dns_found found = {.status = GW_OK};

    if (halves[V6].count || halves[V4].count)
        found_addresses(halves, &found);
    else
        found_failure(halves, &found);
    question->query->fn(question->asker, &found, over);
}

static void on_delay(struct gw_timer *timer)
{
    publish(OWNER(struct question, delay, timer), false);
}

static void settle_one(struct question *question)
{
    const struct half *v6 = &question->halves[V6], *v4 = &question->halves[V4];

    if (v6->done && v4->done) {
        publish(question, true);
        free_question(question);
    } else if (v4->count) {
        /* Not the other way round: an answer of IPv6 addresses only would leave IPv4-only networks
         * stranded. */
        gw_loop_timer_set(question->query->loop, &question->delay, RESOLUTION_DELAY_MS);
    }
}

static void settle(struct gw_dns_query *query)
{
    while (query->touched) {
        struct question *question = query->touched;
        query->touched = question->next_touched;
        question->touched = false;
        settle_one(question);
    }
}

bool gw_dns_query_ask(struct gw_dns_query *query, const char *host, void *asker)
{
    static const int families[FAMILIES] = {[V6] = AF_INET6, [V4] = AF_INET};
    struct question *question = calloc(1, sizeof *question);

    if (!question)
        return false;
    follow_resolv_conf(query);
    question->query = query;
    question->asker = asker;
    question->delay.on_timer = on_delay;
    query->open++;
    for (unsigned family = 0; family < FAMILIES; family++) {
        const struct ares_addrinfo_hints hints = {
            .ai_flags = ARES_AI_NOSORT, .ai_family = families[family], .ai_socktype = SOCK_STREAM};
        question->halves[family].question = question;
        ares_getaddrinfo(query->servers, host, NULL, &hints, on_half, &question->halves[family]);
    }
    rearm(query);
    return true;
}

/* ---- the hosts file ---- */

static void on_hosts(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
    struct half *halves = arg;
    (void)timeouts;

    if (status == ARES_SUCCESS) {
        collect(&halves[V6], found, AF_INET6);
        collect(&halves[V4], found, AF_INET);
    }
    ares_freeaddrinfo(found);
}

bool gw_dns_query_hosts(struct gw_dns_query *query, const char *host,
                        struct gw_dns_found *found_out)
{
    const struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT | ARES_AI_ENVHOSTS,
                                              .ai_family = AF_UNSPEC,
                                              .ai_socktype = SOCK_STREAM};
    struct half halves[FAMILIES] = {0};

    ares_getaddrinfo(query->files, host, NULL, &hints, on_hosts, halves);
    if (!halves[V6].count && !halves[V4].count)
        return false;
    found_addresses(halves, found_out);
    found_out->hold_ms = HOSTS_FILE_HOLD_MS;
    return true;
}

/* ---- create, destroy ---- */

enum gw_status gw_dns_setup(struct gw_err *err)
{
    int status = ares_library_init(ARES_LIB_INIT_ALL);

    if (status != ARES_SUCCESS)
        return gw_err_set(err, GW_IO, "could not start c-ares: %s", ares_strerror(status));
    return GW_OK;
}

void gw_dns_teardown(void)
{
    ares_library_cleanup();
}

enum gw_status gw_dns_query_create(struct gw_loop *loop, const struct gw_dns_options *options,
                                   gw_dns_found_fn *fn, struct gw_dns_query **query_out,
                                   struct gw_err *err)
{
    struct ares_options files = {.lookups = (char *)(uintptr_t) "f"}; /* copied */
    struct gw_dns_query *query = calloc(1, sizeof *query);

    if (!query)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a resolver");
    query->loop = loop;
    query->fn = fn;
    query->timer.on_timer = on_ares_timer;
    if (options)
        query->options = *options;
    enum gw_status status = open_servers(query, &query->servers, err);
    if (status == GW_OK &&
        ares_init_options(&query->files, &files, ARES_OPT_LOOKUPS) != ARES_SUCCESS)
        status = gw_err_set(err, GW_NO_MEMORY, "could not prepare to read the hosts file");
    if (status == GW_OK)
        *query_out = query;
    else
        gw_dns_query_destroy(query);
    return status;
}

void gw_dns_query_destroy(struct gw_dns_query *query)
{
    if (!query)
        return;
    /* Ends every question: on_half() runs for what is open of each. */
    if (query->servers)
        ares_destroy(query->servers);
    if (query->files)
        ares_destroy(query->files);
    settle(query);
    gw_loop_timer_clear(query->loop, &query->timer);
    free(query);
}
