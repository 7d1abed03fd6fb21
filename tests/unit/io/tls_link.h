/*
 * tests/unit/io/tls_link: two TLS ends over a socket pair in one thread: readiness comes from
 * poll(2), nothing waits.
 */
#ifndef GW_TESTS_UNIT_IO_TLS_LINK_H
#define GW_TESTS_UNIT_IO_TLS_LINK_H

#include "unit/io/certs.h"

#include "io/tls_private.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>

#define TURNS_MAX 20000

static char dir[] = "/tmp/sluice_tls_test_XXXXXX";
static struct gw_tls_trust *trust, *other_trust;

static inline struct gw_str path_of(const char *name)
{
    static char paths[4][CERT_PATH_BYTES];
    static unsigned at;
    char *path = paths[at++ % 4];

    (void)snprintf(path, CERT_PATH_BYTES, "%s/%s", dir, name);
    return gw_str_of(path);
}

static inline void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name).base, "w");

    (void)fputs(text, file);
    (void)fclose(file);
}

static inline int make_files(void **state)
{
    (void)state;
    struct gw_err err;
    if (!mkdtemp(dir))
        return -1;
    struct cert ca = cert_make("Test CA", NULL, NULL, 30);
    struct cert other_ca = cert_make("Other CA", NULL, NULL, 30);
    struct {
        const char *stem;
        struct cert cert;
    } made[] = {
        {"ca", ca},
        {"other_ca", other_ca},
        {"good", cert_make("good", "DNS:good.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1", &ca, 30)},
        {"expired", cert_make("expired", "DNS:good.test", &ca, -1)},
        {"stranger", cert_make("stranger", "DNS:good.test", &other_ca, 30)},
        {"self", cert_make("self", "DNS:good.test", NULL, 30)},
    };
    for (size_t i = 0; i < GW_COUNT(made); i++) {
        cert_write(&made[i].cert, dir, made[i].stem, NULL);
        if (strcmp(made[i].stem, "good") == 0)
            cert_write(&made[i].cert, dir, "locked", "password");
    }
    for (size_t i = 0; i < GW_COUNT(made); i++)
        cert_free(&made[i].cert);
    write_file("empty", "");
    write_file("broken", "-----BEGIN CERTIFICATE-----\nc2VjcmV0LWluLWZpbGU=\n"
                         "-----END CERTIFICATE-----\n");
    return gw_tls_trust_load(path_of("ca.crt"), &trust, &err) == GW_OK &&
                   gw_tls_trust_load(path_of("other_ca.crt"), &other_trust, &err) == GW_OK
               ? 0
               : -1;
}

static inline int remove_files(void **state)
{
    static const char *const stems[] = {"ca",       "other_ca", "good",  "expired",
                                        "stranger", "self",     "locked"};
    (void)state;
    gw_tls_trust_destroy(trust);
    gw_tls_trust_destroy(other_trust);
    for (size_t i = 0; i < GW_COUNT(stems); i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s.crt", stems[i]);
        (void)unlink(path_of(name).base);
        (void)snprintf(name, sizeof name, "%s.key", stems[i]);
        (void)unlink(path_of(name).base);
    }
    (void)unlink(path_of("empty").base);
    (void)unlink(path_of("broken").base);
    return rmdir(dir);
}

/* ---- two ends ---- */

struct end {
    struct gw_sock sock;
    struct gw_err err;
    enum gw_status status; /* of the handshake */
};

static inline struct gw_tls_profile *server_profile(const char *stem)
{
    struct gw_tls_identity *identity = NULL;
    struct gw_tls_profile *profile = NULL;
    struct gw_err err;
    char cert[64], key[64];

    (void)snprintf(cert, sizeof cert, "%s.crt", stem);
    (void)snprintf(key, sizeof key, "%s.key", stem);
    if (gw_tls_identity_load(path_of(cert), path_of(key), &identity, &err) != GW_OK ||
        gw_tls_server_profile(identity, &profile, &err) != GW_OK)
        fail_msg("%s", err.message);
    gw_tls_identity_destroy(identity);
    return profile;
}

static inline struct gw_tls_profile *client_profile(const struct gw_tls_trust *from)
{
    struct gw_tls_profile *profile = NULL;

    assert_int_equal(gw_tls_client_profile(from, &profile, NULL), GW_OK);
    return profile;
}

static inline void end_init(struct end *end, int fd)
{
    *end = (struct end){.status = GW_AGAIN};
    gw_sock_init(&end->sock, fd);
}

static inline void end_close(struct end *end)
{
    gw_tls_destroy(end->sock.tls);
    end->sock.tls = NULL;
    if (end->sock.io.fd != -1)
        close(end->sock.io.fd);
    end->sock.io.fd = -1;
}

static inline void make_pair(int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

static inline void attach_client(struct end *end, struct gw_tls_profile *profile, const char *host,
                                 const struct gw_tls_session *session)
{
    struct gw_tls *tls = NULL;

    if (gw_tls_client_create(profile, gw_str_of(host), session, &tls, &end->err) != GW_OK)
        fail_msg("%s", end->err.message);
    gw_tls_attach(tls, &end->sock);
}

static inline void attach_server(struct end *end, struct gw_tls_profile *profile)
{
    struct gw_tls *tls = NULL;

    assert_int_equal(gw_tls_server_create(profile, &tls, &end->err), GW_OK);
    gw_tls_attach(tls, &end->sock);
}

/* What a loop would say. */
static inline void notice(struct gw_sock *sock)
{
    struct pollfd wait = {.fd = sock->io.fd, .events = POLLIN | POLLOUT | POLLRDHUP};

    (void)poll(&wait, 1, 0);
    gw_sock_note(sock, (wait.revents & (POLLIN | POLLHUP | POLLERR) ? GW_IO_READ : 0) |
                           (wait.revents & (POLLOUT | POLLERR) ? GW_IO_WRITE : 0) |
                           (wait.revents & (POLLRDHUP | POLLHUP) ? GW_IO_HUP : 0));
}

/* As a worker does: who fails closes. */
static inline void step_handshake(struct end *end)
{
    if (end->sock.io.fd == -1)
        return;
    notice(&end->sock);
    if (end->status == GW_AGAIN)
        end->status = gw_tls_handshake(end->sock.tls, &end->err);
    if (end->status == GW_IO)
        end_close(end);
}

static inline void handshake(struct end *client, struct end *server)
{
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        if (client->status != GW_AGAIN && server->status != GW_AGAIN)
            return;
        step_handshake(client);
        step_handshake(server);
    }
    fail_msg("the handshake does not end");
}

/* Both ends, ready to speak. */
struct link {
    struct gw_tls_profile *client_profile, *server_profile;
    struct end client, server;
};

static inline void link_open(struct link *link, const struct gw_tls_session *session)
{
    int fds[2];

    make_pair(fds);
    end_init(&link->client, fds[0]);
    end_init(&link->server, fds[1]);
    attach_client(&link->client, link->client_profile, "good.test", session);
    attach_server(&link->server, link->server_profile);
    handshake(&link->client, &link->server);
    if (link->client.status != GW_OK || link->server.status != GW_OK)
        fail_msg("%s / %s", link->client.err.message, link->server.err.message);
}

static inline void link_init(struct link *link)
{
    link->client_profile = client_profile(trust);
    link->server_profile = server_profile("good");
    link_open(link, NULL);
}

static inline void link_close(struct link *link)
{
    end_close(&link->client);
    end_close(&link->server);
}

static inline void link_finish(struct link *link)
{
    link_close(link);
    gw_tls_profile_destroy(link->client_profile);
    gw_tls_profile_destroy(link->server_profile);
}

static inline size_t write_text(struct gw_sock *sock, const char *text)
{
    struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};
    size_t len = 0;

    assert_int_equal(gw_sock_write(sock, &iov, 1, false, &len), GW_OK);
    return len;
}

static inline enum gw_status read_text(struct gw_sock *sock, char *into, size_t room)
{
    size_t len = 0;

    notice(sock);
    enum gw_status status = gw_sock_read(sock, into, room - 1, &len);
    into[status == GW_OK ? len : 0] = '\0';
    return status;
}

#endif
