#include "wire/play.h"

#include <ctype.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKET_BUFFER 65536
#define BACKLOG 64

/* Upstreams whose names begin so do not answer. */
static const struct gw_str nobody = GW_STR_INIT("nobody"), hole = GW_STR_INIT("blackhole");

static int open_port(bool listening, int backlog, unsigned *port_out)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), room = SOCKET_BUFFER;

    must(fd != -1, "socket");
    /* Small ones, so that a party that does not read is felt soon. */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    must(bind(fd, (struct sockaddr *)&address, len) == 0, "bind");
    must(!listening || listen(fd, backlog) == 0, "listen");
    must(getsockname(fd, (struct sockaddr *)&address, &len) == 0, "getsockname");
    *port_out = ntohs(address.sin_port);
    return fd;
}

/* Fills the queue of a listener, so that the kernel answers nobody any more. */
static void fill_queue(struct stage *stage, unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    for (size_t i = 0; i < STAGE_SILENT; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        must(fd != -1, "socket");
        (void)connect(fd, (struct sockaddr *)&address, sizeof address);
        stage->silent[stage->count][i] = fd;
    }
}

static void add_upstream(struct stage *stage, struct gw_str name)
{
    bool refuses = gw_str_starts(name, nobody), is_hole = gw_str_starts(name, hole);
    struct text_name *entry = &stage->names[stage->count];
    unsigned port;

    entry->name = name;
    stage->is_hole[stage->count] = is_hole;
    stage->listeners[stage->count] = open_port(!refuses, is_hole ? 0 : BACKLOG, &port);
    (void)snprintf(entry->value, sizeof entry->value, "127.0.0.1:%u", port);
    if (is_hole)
        fill_queue(stage, port);
    stage->count++;
}

void stage_listen(struct stage *stage, struct gw_str name)
{
    int fd;

    for (size_t i = 0; i < stage->count; i++) {
        if (!gw_str_eq(stage->names[i].name, name))
            continue;
        /* They go on trying; their descriptors stay, which a playing counts. */
        for (size_t j = 0; stage->is_hole[i] && j < STAGE_SILENT; j++)
            (void)shutdown(stage->silent[i][j], SHUT_RDWR);
        stage->is_hole[i] = false;
        must(listen(stage->listeners[i], BACKLOG) == 0, "listen");
        while ((fd = accept4(stage->listeners[i], NULL, NULL, SOCK_CLOEXEC)) != -1)
            (void)close(fd);
    }
}

bool stage_open(struct stage *stage, struct gw_str config, struct complaint *complaint)
{
    *stage = (struct stage){.count = 0};
    for (;;) {
        config = gw_str_from(config, gw_str_find(config, '$') + 1);
        size_t len = 0;
        while (len < config.len && (isalnum((unsigned char)config.base[len])))
            len++;
        struct gw_str name = {config.base, len};
        bool known = false;
        for (size_t i = 0; i < stage->count; i++)
            known = known || gw_str_eq(stage->names[i].name, name);
        if (len && !known && stage->count == PLAY_UPSTREAMS_MAX)
            return complain(complaint, "more than %d upstreams", PLAY_UPSTREAMS_MAX);
        if (len && !known)
            add_upstream(stage, name);
        if (config.len == 0)
            return true;
    }
}

void stage_close(struct stage *stage)
{
    for (size_t i = 0; i < stage->count; i++) {
        for (size_t j = 0; gw_str_starts(stage->names[i].name, hole) && j < STAGE_SILENT; j++)
            (void)close(stage->silent[i][j]);
        (void)close(stage->listeners[i]);
    }
}
