/*
 * tests/unit/io/dns_server: a DNS server on loopback, on the loop under test, that answers from a
 * table.
 */
#ifndef GW_TESTS_UNIT_IO_DNS_SERVER_H
#define GW_TESTS_UNIT_IO_DNS_SERVER_H

#include "io/dns.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DNS_NXDOMAIN 3
#define DNS_SERVFAIL 2
#define DNS_LATE_MS 10
#define DNS_DROP 100 /* no answer at all */

/* What is said of one name; names that are not in the table do not exist. */
struct dns_zone {
    const char *name;
    unsigned ttl;
    int rcode;          /* or DNS_DROP */
    const char *v4[20]; /* NULL-terminated */
    const char *v6[20];
    bool drop_v4, drop_v6; /* no answer to that family */
    bool late_v6;          /* its answer comes behind the other, by DNS_LATE_MS */
};

struct dns_server {
    struct gw_io io; /* must stay first */
    struct gw_loop *loop;
    const struct dns_zone *zones;
    size_t zone_count;
    unsigned asked_v4, asked_v6;
    /* The answer that is late. */
    struct gw_timer late;
    struct sockaddr_in late_to;
    unsigned char late_reply[1500];
    size_t late_len;
};

static inline size_t dns_put(unsigned char *out, size_t at, const void *bytes, size_t len)
{
    memcpy(out + at, bytes, len);
    return at + len;
}

static inline size_t dns_put_address(unsigned char *out, size_t at, const char *text, bool v6,
                                     unsigned ttl)
{
    const unsigned char head[] = {0xc0,
                                  12,
                                  0,
                                  v6 ? 28 : 1,
                                  0,
                                  1,
                                  (unsigned char)(ttl >> 24),
                                  (unsigned char)(ttl >> 16),
                                  (unsigned char)(ttl >> 8),
                                  (unsigned char)ttl,
                                  0,
                                  v6 ? 16 : 4};
    unsigned char raw[16];

    (void)inet_pton(v6 ? AF_INET6 : AF_INET, text, raw);
    at = dns_put(out, at, head, sizeof head);
    return dns_put(out, at, raw, v6 ? 16 : 4);
}

/* "\1a\4test\0" to "a.test". @return bytes of the question behind the header, with type and class
 */
static inline size_t dns_read_name(const unsigned char *bytes, char *out)
{
    size_t at = 0;

    while (bytes[at]) {
        memcpy(out, bytes + at + 1, bytes[at]);
        out += bytes[at];
        *out++ = '.';
        at += bytes[at] + 1u;
    }
    out[-1] = '\0';
    return at + 5;
}

static inline void dns_on_late(struct gw_timer *timer)
{
    struct dns_server *server =
        (struct dns_server *)((char *)timer - offsetof(struct dns_server, late));

    (void)sendto(server->io.fd, server->late_reply, server->late_len, 0,
                 (struct sockaddr *)&server->late_to, sizeof server->late_to);
}

static inline void dns_on_query(struct gw_io *io, unsigned events)
{
    struct dns_server *server = (struct dns_server *)io;
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    unsigned char query[512], reply[1500];
    char name[256] = "";
    (void)events;

    ssize_t got = recvfrom(io->fd, query, sizeof query, 0, (struct sockaddr *)&from, &from_len);
    if (got < 17)
        return;
    size_t len = 12 + dns_read_name(query + 12, name);
    bool v6 = query[len - 3] == 28;
    *(v6 ? &server->asked_v6 : &server->asked_v4) += 1;
    const struct dns_zone *zone = NULL;
    for (size_t i = 0; i < server->zone_count; i++)
        if (strcmp(server->zones[i].name, name) == 0)
            zone = &server->zones[i];
    if (zone && (zone->rcode == DNS_DROP || (v6 ? zone->drop_v6 : zone->drop_v4)))
        return;
    memcpy(reply, query, len);
    memset(reply + 4, 0, 8);
    reply[2] = 0x81;
    reply[3] = (unsigned char)(0x80 | (zone ? zone->rcode : DNS_NXDOMAIN));
    reply[5] = 1;
    const char *const *texts = zone ? (v6 ? zone->v6 : zone->v4) : NULL;
    for (; texts && *texts && zone->rcode == 0; texts++) {
        len = dns_put_address(reply, len, *texts, v6, zone->ttl);
        reply[7]++;
    }
    if (zone && zone->late_v6 && v6) {
        memcpy(server->late_reply, reply, len);
        server->late_len = len;
        server->late_to = from;
        gw_loop_timer_set(server->loop, &server->late, DNS_LATE_MS);
        return;
    }
    (void)sendto(io->fd, reply, len, 0, (struct sockaddr *)&from, from_len);
}

/* @param port  0: any */
static inline unsigned dns_server_start(struct dns_server *server, struct gw_loop *loop,
                                        const char *host, unsigned port,
                                        const struct dns_zone *zones, size_t zone_count)
{
    struct gw_addr addr;

    *server = (struct dns_server){.io = {-1, dns_on_query},
                                  .loop = loop,
                                  .zones = zones,
                                  .zone_count = zone_count,
                                  .late.on_timer = dns_on_late};
    server->io.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)gw_addr_parse(gw_str_of(host), port, &addr);
    if (bind(server->io.fd, &addr.u.sa, addr.len) == -1 ||
        gw_loop_add_level(loop, &server->io, NULL) != GW_OK)
        return 0;
    return gw_sock_local_port(server->io.fd);
}

static inline void dns_server_stop(struct dns_server *server)
{
    gw_loop_timer_clear(server->loop, &server->late);
    gw_loop_close(server->loop, &server->io);
}

/* Writes a resolv.conf that names `host`, into a file made from the template `path` the first time.
 */
static inline void dns_write_resolv_conf(char *path, const char *host)
{
    int fd = strstr(path, "XXXXXX") ? mkstemp(path) : open(path, O_WRONLY | O_TRUNC);
    FILE *file = fdopen(fd, "w");

    (void)fprintf(file, "nameserver %s\n", host);
    (void)fclose(file);
}

#endif
