/* TLS sessions over socket pairs in one thread: readiness comes from poll(2), and nothing waits. */
#include "unit/test.h"

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

static struct gw_str path_of(const char *name)
{
    static char paths[4][CERT_PATH_BYTES];
    static unsigned at;
    char *path = paths[at++ % 4];

    (void)snprintf(path, CERT_PATH_BYTES, "%s/%s", dir, name);
    return gw_str_of(path);
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name).base, "w");

    (void)fputs(text, file);
    (void)fclose(file);
}

static int make_files(void **state)
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

static int remove_files(void **state)
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

static struct gw_tls_profile *server_profile(const char *stem)
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

static struct gw_tls_profile *client_profile(const struct gw_tls_trust *from)
{
    struct gw_tls_profile *profile = NULL;

    assert_int_equal(gw_tls_client_profile(from, &profile, NULL), GW_OK);
    return profile;
}

static void end_init(struct end *end, int fd)
{
    *end = (struct end){.status = GW_AGAIN};
    gw_sock_init(&end->sock, fd);
}

static void end_close(struct end *end)
{
    gw_tls_destroy(end->sock.tls);
    end->sock.tls = NULL;
    if (end->sock.io.fd != -1)
        close(end->sock.io.fd);
    end->sock.io.fd = -1;
}

static void make_pair(int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

static void attach_client(struct end *end, struct gw_tls_profile *profile, const char *host,
                          const struct gw_tls_session *session)
{
    struct gw_tls *tls = NULL;

    if (gw_tls_client_create(profile, gw_str_of(host), session, &tls, &end->err) != GW_OK)
        fail_msg("%s", end->err.message);
    gw_tls_attach(tls, &end->sock);
}

static void attach_server(struct end *end, struct gw_tls_profile *profile)
{
    struct gw_tls *tls = NULL;

    assert_int_equal(gw_tls_server_create(profile, &tls, &end->err), GW_OK);
    gw_tls_attach(tls, &end->sock);
}

/* What a loop would say. */
static void notice(struct gw_sock *sock)
{
    struct pollfd wait = {.fd = sock->io.fd, .events = POLLIN | POLLOUT | POLLRDHUP};

    (void)poll(&wait, 1, 0);
    gw_sock_note(sock, (wait.revents & (POLLIN | POLLHUP | POLLERR) ? GW_IO_READ : 0) |
                           (wait.revents & (POLLOUT | POLLERR) ? GW_IO_WRITE : 0) |
                           (wait.revents & (POLLRDHUP | POLLHUP) ? GW_IO_HUP : 0));
}

/* As a worker does: who fails closes. */
static void step_handshake(struct end *end)
{
    if (end->sock.io.fd == -1)
        return;
    notice(&end->sock);
    if (end->status == GW_AGAIN)
        end->status = gw_tls_handshake(end->sock.tls, &end->err);
    if (end->status == GW_IO)
        end_close(end);
}

static void handshake(struct end *client, struct end *server)
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

static void link_open(struct link *link, const struct gw_tls_session *session)
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

static void link_init(struct link *link)
{
    link->client_profile = client_profile(trust);
    link->server_profile = server_profile("good");
    link_open(link, NULL);
}

static void link_close(struct link *link)
{
    end_close(&link->client);
    end_close(&link->server);
}

static void link_finish(struct link *link)
{
    link_close(link);
    gw_tls_profile_destroy(link->client_profile);
    gw_tls_profile_destroy(link->server_profile);
}

static size_t write_text(struct gw_sock *sock, const char *text)
{
    struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};
    size_t len = 0;

    assert_int_equal(gw_sock_write(sock, &iov, 1, false, &len), GW_OK);
    return len;
}

static enum gw_status read_text(struct gw_sock *sock, char *into, size_t room)
{
    size_t len = 0;

    notice(sock);
    enum gw_status status = gw_sock_read(sock, into, room - 1, &len);
    into[status == GW_OK ? len : 0] = '\0';
    return status;
}

/* ---- verification ---- */

static void test_only_the_right_peer_is_accepted(void **state)
{
    static const struct {
        const char *label, *identity, *host, *message;
        bool other_trust;
    } cases[] = {
        {"name", "good", "good.test", NULL, false},
        {"name in other case", "good", "GOOD.Test", NULL, false},
        {"name with the root's dot", "good", "good.test.", NULL, false},
        {"wildcard", "good", "a.wild.test", NULL, false},
        {"IPv4", "good", "127.0.0.1", NULL, false},
        {"IPv6", "good", "::1", NULL, false},
        {"self-signed, trusted", "ca", "nobody.test", "hostname mismatch", false},
        {"wildcard is one label", "good", "a.b.wild.test", "hostname mismatch", false},
        {"wrong name", "good", "evil.test", "hostname mismatch", false},
        {"wrong IPv4", "good", "127.0.0.2", "IP address mismatch", false},
        {"expired", "expired", "good.test", "certificate has expired", false},
        {"unknown CA", "stranger", "good.test", "unable to get local issuer certificate", false},
        {"ca_file of that CA", "stranger", "good.test", NULL, true},
        {"self-signed", "self", "good.test", "self-signed certificate", false},
    };
    (void)state;

    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_tls_profile *server = server_profile(cases[i].identity);
        struct gw_tls_profile *client = client_profile(cases[i].other_trust ? other_trust : trust);
        struct end ends[2];
        int fds[2];
        make_pair(fds);
        end_init(&ends[0], fds[0]);
        end_init(&ends[1], fds[1]);
        attach_client(&ends[0], client, cases[i].host, NULL);
        attach_server(&ends[1], server);
        gw_tls_profile_destroy(client); /* the sessions keep them */
        gw_tls_profile_destroy(server);
        handshake(&ends[0], &ends[1]);
        if (!cases[i].message && (ends[0].status != GW_OK || ends[1].status != GW_OK))
            fail_msg("%s: %s / %s", cases[i].label, ends[0].err.message, ends[1].err.message);
        /* TLS 1.3: the server may be done before the client has looked at the certificate. */
        if (cases[i].message &&
            (ends[0].status != GW_IO || !strstr(ends[0].err.message, cases[i].message) ||
             !strstr(ends[0].err.message, cases[i].host)))
            fail_msg("%s: %d, %s", cases[i].label, ends[0].status, ends[0].err.message);
        end_close(&ends[0]);
        end_close(&ends[1]);
    }
}

static void test_bad_host_names_are_refused(void **state)
{
    static const struct gw_str hosts[] = {GW_STR_INIT(""), GW_STR_INIT("good.test\0.evil.test")};
    char longest[300];
    struct gw_tls_profile *profile = client_profile(trust);
    struct gw_tls *tls = NULL;
    (void)state;

    for (size_t i = 0; i < GW_COUNT(hosts); i++)
        assert_int_equal(gw_tls_client_create(profile, hosts[i], NULL, &tls, NULL), GW_INVALID);
    memset(longest, 'a', sizeof longest);
    assert_int_equal(gw_tls_client_create(profile, (struct gw_str){longest, 254}, NULL, &tls, NULL),
                     GW_INVALID);
    gw_tls_profile_destroy(profile);
}

/* ---- files ---- */

static void test_file_errors_name_the_file_and_nothing_inside(void **state)
{
    static const struct {
        const char *label, *cert, *key, *named, *reason;
    } cases[] = {
        {"no certificate file", "gone", "good.key", "gone", "No such file or directory"},
        {"no key file", "good.crt", "gone", "gone", "No such file or directory"},
        {"empty certificate", "empty", "good.key", "empty", "no PEM certificate inside"},
        {"broken certificate", "broken", "good.key", "broken", ""},
        {"empty key", "good.crt", "empty", "empty", "no PEM private key inside"},
        {"certificate as key", "good.crt", "good.crt", "good.crt", "no PEM private key inside"},
        {"key as certificate", "good.key", "good.key", "good.key", "no PEM certificate inside"},
        {"encrypted key", "good.crt", "locked.key", "locked.key", "it is encrypted"},
        {"another's key", "good.crt", "self.key", "self.key", "it is not the key of"},
        {"a folder", "", "good.key", "sluice_tls_test", ""},
    };
    (void)state;

    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_tls_identity *identity = NULL;
        struct gw_err err = {0};
        if (gw_tls_identity_load(path_of(cases[i].cert), path_of(cases[i].key), &identity, &err) ==
                GW_OK ||
            !strstr(err.message, cases[i].named) || !strstr(err.message, cases[i].reason) ||
            strstr(err.message, "secret"))
            fail_msg("%s: %s", cases[i].label, err.message);
    }
}

static void test_ca_file_errors_name_the_file(void **state)
{
    static const struct {
        const char *name, *reason;
    } cases[] = {
        {"gone", "No such file or directory"},
        {"empty", "no PEM certificate inside"},
        {"good.key", "no PEM certificate inside"},
        {"broken", "no PEM certificate inside"},
    };
    (void)state;

    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct gw_tls_trust *loaded = NULL;
        struct gw_err err = {0};
        if (gw_tls_trust_load(path_of(cases[i].name), &loaded, &err) == GW_OK ||
            !strstr(err.message, cases[i].name) || !strstr(err.message, cases[i].reason))
            fail_msg("%s: %s", cases[i].name, err.message);
    }
    assert_int_equal(gw_tls_trust_load(GW_STR("a\0b"), &trust, NULL), GW_INVALID);
}

static void test_the_systems_ca_files_follow_the_environment(void **state)
{
    struct gw_tls_trust *loaded = NULL;
    struct gw_err err = {0};
    (void)state;

    assert_int_equal(setenv("SSL_CERT_FILE", path_of("ca.crt").base, 1), 0);
    if (gw_tls_trust_load((struct gw_str){NULL, 0}, &loaded, &err) != GW_OK)
        fail_msg("%s", err.message);
    struct gw_tls_profile *kept = client_profile(loaded);
    gw_tls_trust_destroy(loaded);
    struct link link = {.client_profile = kept, .server_profile = server_profile("good")};
    link_open(&link, NULL);
    link_finish(&link);
    assert_int_equal(setenv("SSL_CERT_FILE", path_of("gone").base, 1), 0);
    assert_int_not_equal(gw_tls_trust_load((struct gw_str){NULL, 0}, &loaded, &err), GW_OK);
    assert_non_null(strstr(err.message, "gone"));
    assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
}

/* ---- resumption ---- */

/* The ticket comes behind the handshake. */
static struct gw_tls_session *take_session(struct link *link)
{
    char text[64];

    write_text(&link->server.sock, "x");
    assert_int_equal(read_text(&link->client.sock, text, sizeof text), GW_OK);
    struct gw_tls_session *session = gw_tls_session_take(link->client.sock.tls);
    assert_non_null(session);
    assert_null(gw_tls_session_take(link->client.sock.tls));
    return session;
}

static void resume_under(int version)
{
    struct link link = {.client_profile = client_profile(trust),
                        .server_profile = server_profile("good")};
    char text[64];

    SSL_CTX_set_max_proto_version(link.server_profile->ctx, version);
    link_open(&link, NULL);
    assert_false(gw_tls_resumed(link.client.sock.tls));
    struct gw_tls_session *session = take_session(&link);
    /* However the first connection ends: here by a bare FIN. */
    shutdown(link.server.sock.io.fd, SHUT_WR);
    assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_IO);
    link_close(&link);
    for (int i = 0; i < 3; i++) { /* one ticket, many connections */
        link_open(&link, session);
        if (!gw_tls_resumed(link.client.sock.tls) || !gw_tls_resumed(link.server.sock.tls))
            fail_msg("version %x, round %d", version, i);
        link_close(&link);
    }
    gw_tls_session_destroy(session);
    link_finish(&link);
}

static void test_the_second_handshake_resumes(void **state)
{
    (void)state;
    resume_under(TLS1_2_VERSION);
    resume_under(TLS1_3_VERSION);
}

static void test_workers_of_one_identity_take_each_others_tickets(void **state)
{
    struct gw_tls_identity *identity = NULL;
    struct gw_tls_profile *second = NULL;
    struct link link = {.client_profile = client_profile(trust)};
    (void)state;

    assert_int_equal(
        gw_tls_identity_load(path_of("good.crt"), path_of("good.key"), &identity, NULL), GW_OK);
    assert_int_equal(gw_tls_server_profile(identity, &link.server_profile, NULL), GW_OK);
    assert_int_equal(gw_tls_server_profile(identity, &second, NULL), GW_OK);
    gw_tls_identity_destroy(identity);
    link_open(&link, NULL);
    struct gw_tls_session *session = take_session(&link);
    link_close(&link);
    gw_tls_profile_destroy(link.server_profile);
    link.server_profile = second;
    link_open(&link, session);
    assert_true(gw_tls_resumed(link.server.sock.tls));
    gw_tls_session_destroy(session);
    link_finish(&link);
}

static void test_a_session_is_not_used_where_it_was_not_verified(void **state)
{
    struct link link;
    int fds[2];
    (void)state;

    link_init(&link);
    struct gw_tls_session *session = take_session(&link);
    link_close(&link);

    /* Another name: the resumed handshake would show no certificate to check it against. */
    make_pair(fds);
    end_init(&link.client, fds[0]);
    end_init(&link.server, fds[1]);
    attach_client(&link.client, link.client_profile, "evil.test", session);
    attach_server(&link.server, link.server_profile);
    handshake(&link.client, &link.server);
    assert_int_equal(link.client.status, GW_IO);
    assert_non_null(strstr(link.client.err.message, "hostname mismatch"));
    link_close(&link);

    /* Another set of CAs. */
    gw_tls_profile_destroy(link.client_profile);
    link.client_profile = client_profile(other_trust);
    make_pair(fds);
    end_init(&link.client, fds[0]);
    end_init(&link.server, fds[1]);
    attach_client(&link.client, link.client_profile, "good.test", session);
    attach_server(&link.server, link.server_profile);
    handshake(&link.client, &link.server);
    assert_int_equal(link.client.status, GW_IO);
    gw_tls_session_destroy(session);
    link_finish(&link);
}

/* ---- pieces ---- */

/* Hands on at most `max` bytes. @return how many; -1 at the end */
static long relay(int from, int to, size_t max)
{
    char bytes[4096];
    ssize_t got = recv(from, bytes, max < sizeof bytes ? max : sizeof bytes, 0);

    if (got < 0)
        return errno == EAGAIN ? 0 : -1;
    if (got == 0)
        return -1;
    return send(to, bytes, (size_t)got, MSG_NOSIGNAL) == got ? got : -1;
}

/* A handshake through a relay that hands on `at_once` bytes a turn and breaks off after `cut` of
 * them.
 * @return the bytes relayed */
static size_t handshake_through(struct link *link, size_t at_once, size_t cut)
{
    int near[2], far[2];
    size_t passed = 0;
    bool open = true;

    make_pair(near);
    make_pair(far);
    end_init(&link->client, near[0]);
    end_init(&link->server, far[1]);
    attach_client(&link->client, link->client_profile, "good.test", NULL);
    attach_server(&link->server, link->server_profile);
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        step_handshake(&link->client);
        step_handshake(&link->server);
        if (link->client.status != GW_AGAIN && link->server.status != GW_AGAIN)
            break;
        for (int way = 0; open && way < 2; way++) {
            size_t max = cut - passed < at_once ? cut - passed : at_once;
            long moved = max == 0 ? -1 : relay(way ? far[0] : near[1], way ? near[1] : far[0], max);
            if (moved < 0) {
                close(near[1]);
                close(far[0]);
                open = false;
            } else {
                passed += (size_t)moved;
            }
        }
    }
    if (open) {
        close(near[1]);
        close(far[0]);
    }
    return passed;
}

static void test_handshake_in_pieces(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 5, 7, 64, 1000};
    struct link link;
    (void)state;

    link_init(&link);
    for (size_t i = 0; i < GW_COUNT(sizes); i++) {
        link_close(&link);
        handshake_through(&link, sizes[i], SIZE_MAX);
        if (link.client.status != GW_OK || link.server.status != GW_OK)
            fail_msg("%zu at once: %s / %s", sizes[i], link.client.err.message,
                     link.server.err.message);
    }
    link_finish(&link);
}

static void test_handshake_cut_anywhere(void **state)
{
    struct link link;
    (void)state;

    link_init(&link);
    link_close(&link);
    size_t whole = handshake_through(&link, SIZE_MAX, SIZE_MAX);
    link_close(&link);
    assert_true(whole > 1000);
    /* The last bytes, the server's ticket and the client's Finished, may be missed by one side
     * only. */
    for (size_t cut = 0; cut < whole; cut += cut < 20 ? 1 : 19) {
        handshake_through(&link, SIZE_MAX, cut);
        bool client_ended = link.client.status == GW_OK || link.client.status == GW_IO;
        bool server_ended = link.server.status == GW_OK || link.server.status == GW_IO;
        if (!client_ended || !server_ended ||
            (cut < whole / 2 && (link.client.status == GW_OK || link.server.status == GW_OK)))
            fail_msg("cut at %zu of %zu: %d, %d", cut, whole, link.client.status,
                     link.server.status);
        if (link.client.status == GW_IO)
            assert_non_null(strstr(link.client.err.message, "good.test"));
        link_close(&link);
    }
    link_finish(&link);
}

/* ---- the end ---- */

static void test_close_notify_is_an_end(void **state)
{
    struct link link;
    char text[64];
    (void)state;

    link_init(&link);
    write_text(&link.server.sock, "last");
    gw_sock_shutdown(&link.server.sock);
    write_text(&link.client.sock, "before");
    notice(&link.server.sock);
    struct gw_tls_calls calls = gw_tls_calls(link.server.sock.tls);
    gw_tls_shutdown(link.server.sock.tls); /* once is enough */
    assert_int_equal(gw_tls_calls(link.server.sock.tls).recv, calls.recv);
    assert_int_equal(gw_tls_calls(link.server.sock.tls).send, calls.send);
    assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_OK);
    assert_string_equal(text, "last");
    assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_EOF);
    assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_EOF);
    assert_false(gw_tls_truncated(link.client.sock.tls));
    /* Half-closed: the other way still works. */
    write_text(&link.client.sock, "after");
    assert_int_equal(read_text(&link.server.sock, text, sizeof text), GW_OK);
    assert_string_equal(text, "beforeafter");
    link_finish(&link);
}

static void test_a_bare_fin_is_a_truncation(void **state)
{
    struct link link;
    char text[64];
    (void)state;

    link_init(&link);
    write_text(&link.server.sock, "last");
    shutdown(link.server.sock.io.fd, SHUT_WR);
    assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_OK);
    assert_string_equal(text, "last");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_IO);
        assert_true(gw_tls_truncated(link.client.sock.tls));
        assert_non_null(strstr(gw_tls_fault(link.client.sock.tls), "without close_notify"));
    }
    write_text(&link.client.sock, "after");
    assert_int_equal(read_text(&link.server.sock, text, sizeof text), GW_OK);
    link_finish(&link);
}

/* Any record cut at any byte, then FIN: never an end, and no byte of it is given out. */
static void test_a_cut_record_gives_no_bytes(void **state)
{
    (void)state;

    for (size_t cut = 0;; cut++) {
        struct link link;
        char record[512], text[64];
        int fds[2];
        link_init(&link);
        make_pair(fds);
        int direct = link.client.sock.io.fd;
        write_text(&link.server.sock, "0123456789");
        /* Lay a pipe of our own under the client, and pour only part of what came into it. */
        ssize_t len = recv(direct, record, sizeof record, 0);
        assert_true(len > 10 && (size_t)len < sizeof record);
        link.client.sock.io.fd = fds[0];
        size_t whole = (size_t)len;
        bool last = cut == whole;
        assert_true(send(fds[1], record, cut, 0) == (ssize_t)cut);
        close(fds[1]);
        enum gw_status status = read_text(&link.client.sock, text, sizeof text);
        if (status != (last ? GW_OK : GW_IO) || (!last && !gw_tls_truncated(link.client.sock.tls)))
            fail_msg("cut at %zu of %zu: %d", cut, whole, status);
        close(direct);
        link_finish(&link);
        if (last)
            break;
    }
}

static void test_a_changed_byte_is_a_fault(void **state)
{
    struct link link;
    char record[512], text[64];
    int fds[2];
    (void)state;

    link_init(&link);
    make_pair(fds);
    write_text(&link.server.sock, "0123456789");
    ssize_t len = recv(link.client.sock.io.fd, record, sizeof record, 0);
    record[len - 1] ^= 1;
    assert_int_equal(send(fds[1], record, (size_t)len, 0), len);
    close(link.client.sock.io.fd);
    link.client.sock.io.fd = fds[0];
    enum gw_status status = GW_OK;
    while (status == GW_OK) {
        status = read_text(&link.client.sock, text, sizeof text);
        assert_string_equal(text, "");
    }
    assert_int_equal(status, GW_IO);
    assert_non_null(strstr(gw_tls_fault(link.client.sock.tls), "bad record mac"));
    close(fds[1]);
    link_finish(&link);
}

/* ---- transfer ---- */

#define TRANSFER_BYTES ((size_t)1 << 20)

struct flow {
    struct gw_sock *from, *to;
    size_t sent, got;
    size_t owed;     /* offered by the last write, and not taken */
    uint32_t random; /* of the sizes and cuts */
};

static char pattern(size_t at)
{
    return (char)(at * 31 + at / 251);
}

static size_t random_below(struct flow *flow, size_t below)
{
    flow->random = flow->random * 1664525u + 1013904223u;
    return (flow->random >> 8) % below;
}

/* Up to 8 pieces, empty ones among them, from where the flow stands. */
static void write_some(struct flow *flow, char *bytes)
{
    struct iovec iov[8];
    size_t at = 0, left = TRANSFER_BYTES - flow->sent, len = 0;
    const size_t most = random_below(flow, 2) ? 300 : 60000;
    size_t room = 1 + random_below(flow, most);

    if (room < flow->owed)
        room = flow->owed;
    if (room > left)
        room = left;
    for (size_t i = 0; i < room; i++)
        bytes[i] = pattern(flow->sent + i);
    for (size_t i = 0; i < GW_COUNT(iov); i++) {
        size_t part = random_below(flow, most);
        if (part > room - at)
            part = room - at;
        if (i == GW_COUNT(iov) - 1)
            part = room - at;
        iov[i] = (struct iovec){bytes + at, part};
        at += part;
    }
    assert_int_equal(gw_sock_write(flow->from, iov, GW_COUNT(iov), false, &len), GW_OK);
    assert_true(len <= room);
    flow->sent += len;
    flow->owed = room - len;
}

static void read_some(struct flow *flow, char *bytes)
{
    size_t room = 1 + random_below(flow, 40000), len = 0;
    enum gw_status status = gw_sock_read(flow->to, bytes, room, &len);

    if (status == GW_AGAIN)
        return;
    assert_int_equal(status, GW_OK);
    assert_true(len > 0 && len <= room);
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != pattern(flow->got + i))
            fail_msg("byte %zu is wrong", flow->got + i);
    flow->got += len;
}

static void test_large_transfers_both_ways_through_tiny_buffers(void **state)
{
    static char bytes[60000];
    const int tiny = 4096;
    struct link link;
    (void)state;

    link_init(&link);
    for (int i = 0; i < 2; i++) {
        int fd = i ? link.client.sock.io.fd : link.server.sock.io.fd;
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &tiny, sizeof tiny), 0);
    }
    struct flow flows[] = {{&link.client.sock, &link.server.sock, 0, 0, 0, 1},
                           {&link.server.sock, &link.client.sock, 0, 0, 0, 2}};
    bool done = false;
    for (int turn = 0; !done && turn < TURNS_MAX; turn++) {
        notice(&link.client.sock);
        notice(&link.server.sock);
        done = true;
        for (size_t i = 0; i < GW_COUNT(flows); i++) {
            if (flows[i].sent < TRANSFER_BYTES)
                write_some(&flows[i], bytes);
            read_some(&flows[i], bytes);
            done = done && flows[i].got == TRANSFER_BYTES;
        }
    }
    assert_true(done);
    link_finish(&link);
}

static void test_small_pieces_make_one_record_and_one_send(void **state)
{
    char piece[] = "0123456789", got[4096], wire[4096];
    struct iovec iov[100];
    struct link link;
    size_t len = 0;
    (void)state;

    for (size_t i = 0; i < GW_COUNT(iov); i++)
        iov[i] = (struct iovec){piece, i % 3 == 2 ? 0 : 10};
    link_init(&link);
    struct gw_tls_calls before = gw_tls_calls(link.server.sock.tls);
    assert_int_equal(gw_sock_write(&link.server.sock, iov, GW_COUNT(iov), false, &len), GW_OK);
    assert_int_equal(len, 670);
    assert_int_equal(gw_tls_calls(link.server.sock.tls).send - before.send, 1);
    /* One record: its length field reaches to the last byte. The ticket came with the handshake. */
    ssize_t on_wire = recv(link.client.sock.io.fd, wire, sizeof wire, MSG_PEEK);
    size_t at = 0, records = 0;
    while (at + 5 <= (size_t)on_wire) {
        records++;
        at += 5u + (size_t)((unsigned char)wire[at + 3] << 8 | (unsigned char)wire[at + 4]);
    }
    assert_int_equal(at, on_wire);
    assert_int_equal(records, 2); /* the ticket, and ours */
    assert_int_equal(read_text(&link.client.sock, got, sizeof got), GW_OK);
    assert_int_equal(strlen(got), 670);
    link_finish(&link);
}

static void test_a_request_and_its_answer_take_four_syscalls(void **state)
{
    static char body[10000], got[20000];
    struct link link;
    (void)state;

    memset(body, 'b', sizeof body - 1);
    link_init(&link);
    for (int round = 0; round < 3; round++) {
        struct gw_tls_calls client = gw_tls_calls(link.client.sock.tls);
        struct gw_tls_calls server = gw_tls_calls(link.server.sock.tls);
        write_text(&link.client.sock, body);
        assert_int_equal(read_text(&link.server.sock, got, sizeof got), GW_OK);
        assert_string_equal(got, body);
        size_t len;
        assert_int_equal(gw_sock_read(&link.server.sock, got, sizeof got, &len), GW_AGAIN);
        write_text(&link.server.sock, body);
        assert_int_equal(read_text(&link.client.sock, got, sizeof got), GW_OK);
        assert_string_equal(got, body);
        assert_int_equal(gw_tls_calls(link.client.sock.tls).send - client.send, 1);
        assert_int_equal(gw_tls_calls(link.client.sock.tls).recv - client.recv, 1);
        assert_int_equal(gw_tls_calls(link.server.sock.tls).send - server.send, 1);
        assert_int_equal(gw_tls_calls(link.server.sock.tls).recv - server.recv, 1);
    }
    link_finish(&link);
}

static void test_a_blocked_session_makes_no_syscalls(void **state)
{
    static char bytes[300000];
    struct link link;
    struct iovec iov = {bytes, sizeof bytes};
    const int tiny = 30000;
    size_t len = 1;
    (void)state;

    link_init(&link);
    assert_int_equal(setsockopt(link.client.sock.io.fd, SOL_SOCKET, SO_SNDBUF, &tiny, sizeof tiny),
                     0);
    struct gw_tls_calls calls = gw_tls_calls(link.client.sock.tls);
    assert_int_equal(gw_sock_write(&link.client.sock, &iov, 1, false, &len), GW_OK);
    assert_false(link.client.sock.writable);
    /* One for each whole record, and one that came out short. */
    assert_int_equal(gw_tls_calls(link.client.sock.tls).send - calls.send,
                     len / GW_TLS_RECORD_BYTES + 1);
    calls = gw_tls_calls(link.client.sock.tls);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(gw_sock_write(&link.client.sock, &iov, 1, false, &len), GW_OK);
        assert_int_equal(len, 0);
        assert_int_equal(gw_sock_read(&link.client.sock, bytes, sizeof bytes, &len), GW_AGAIN);
    }
    assert_int_equal(gw_tls_calls(link.client.sock.tls).send, calls.send);
    assert_int_equal(gw_tls_calls(link.client.sock.tls).recv, calls.recv);
    link_finish(&link);
}

/* A reader with little room is told that more is there, since the socket will not. */
static void test_pending_bytes_are_announced(void **state)
{
    struct link link;
    char text[4];
    (void)state;

    link_init(&link);
    write_text(&link.server.sock, "abc");
    write_text(&link.server.sock, "def");
    assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_OK);
    assert_string_equal(text, "abc");
    assert_true(gw_tls_pending(link.client.sock.tls));
    assert_int_equal(read_text(&link.client.sock, text, sizeof text), GW_OK);
    assert_string_equal(text, "def");
    assert_false(gw_tls_pending(link.client.sock.tls));
    link_finish(&link);
}

/* ---- other peers: OpenSSL by itself ---- */

static void raw_open(SSL **ssl, struct end *server, struct gw_tls_profile *profile,
                     void (*set)(SSL_CTX *ctx))
{
    int fds[2];
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    make_pair(fds);
    end_init(server, fds[1]);
    attach_server(server, profile);
    if (set)
        set(ctx);
    *ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    SSL_set_fd(*ssl, fds[0]);
    SSL_set_connect_state(*ssl);
}

static void raw_close(SSL *ssl, struct end *server)
{
    close(SSL_get_fd(ssl));
    SSL_free(ssl);
    ERR_clear_error();
    end_close(server);
}

static bool raw_handshake(SSL *ssl, struct end *server)
{
    int done = 0;

    for (int turn = 0; turn < 50 && !(done == 1 && server->status != GW_AGAIN); turn++) {
        done = SSL_do_handshake(ssl);
        ERR_clear_error();
        step_handshake(server);
        if (server->status == GW_IO)
            return false;
    }
    return done == 1;
}

static void only_h2(SSL_CTX *ctx)
{
    SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\x02h2", 3);
}

static void h2_or_http1(SSL_CTX *ctx)
{
    SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\x02h2\x08http/1.1", 12);
}

static void only_tls11(SSL_CTX *ctx)
{
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
}

static void only_tls12(SSL_CTX *ctx)
{
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
}

static void only_cbc(SSL_CTX *ctx)
{
    SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(ctx, "ECDHE-ECDSA-AES128-SHA");
}

static void test_what_a_client_may_offer(void **state)
{
    static const struct {
        const char *label;
        void (*set)(SSL_CTX *ctx);
        const char *reason; /* NULL: accepted */
    } cases[] = {
        {"no ALPN", NULL, NULL},
        {"h2 and http/1.1", h2_or_http1, NULL},
        {"h2 only", only_h2, "no application protocol"},
        {"TLS 1.2", only_tls12, NULL},
        {"TLS 1.1", only_tls11, "unsupported protocol"},
        {"CBC", only_cbc, "no shared cipher"},
    };
    struct gw_tls_profile *profile = server_profile("good");
    (void)state;

    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct end server;
        SSL *ssl;
        raw_open(&ssl, &server, profile, cases[i].set);
        bool accepted = raw_handshake(ssl, &server);
        if (accepted != !cases[i].reason ||
            (cases[i].reason && !strstr(server.err.message, cases[i].reason)))
            fail_msg("%s: %s", cases[i].label, server.err.message);
        raw_close(ssl, &server);
    }
    gw_tls_profile_destroy(profile);
}

static void test_key_updates_without_end_are_a_fault(void **state)
{
    struct gw_tls_profile *profile = server_profile("good");
    struct end server;
    char text[64];
    SSL *ssl;
    (void)state;

    raw_open(&ssl, &server, profile, NULL);
    assert_true(raw_handshake(ssl, &server));
    /* A few are fine, and the data behind them comes at once. */
    for (int i = 0; i < 10; i++) {
        assert_int_equal(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(ssl), 1);
    }
    assert_int_equal(SSL_write(ssl, "data", 4), 4);
    assert_int_equal(read_text(&server.sock, text, sizeof text), GW_OK);
    assert_string_equal(text, "data");
    write_text(&server.sock, "answer"); /* our own key update goes with it */
    while (SSL_read(ssl, text, sizeof text) <= 0)
        ERR_clear_error();
    enum gw_status status = GW_AGAIN;
    for (int i = 0; status == GW_AGAIN && i < 20; i++) {
        assert_int_equal(SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(ssl), 1);
        status = read_text(&server.sock, text, sizeof text);
    }
    assert_int_equal(status, GW_IO);
    assert_string_equal(gw_tls_fault(server.sock.tls), "too many records without data");
    raw_close(ssl, &server);
    gw_tls_profile_destroy(profile);
}

static void test_plain_text_peers_are_recognised(void **state)
{
    static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n", get[] = "GET / HTTP/1.1\r\n\r\n";
    struct gw_tls_profile *client = client_profile(trust), *server = server_profile("good");
    struct end end;
    int fds[2];
    (void)state;

    make_pair(fds);
    end_init(&end, fds[0]);
    attach_client(&end, client, "good.test", NULL);
    step_handshake(&end);
    assert_true(send(fds[1], http, sizeof http - 1, 0) > 0);
    step_handshake(&end);
    assert_int_equal(end.status, GW_IO);
    assert_non_null(strstr(end.err.message, "does that port speak TLS?"));
    close(fds[1]);

    make_pair(fds);
    end_init(&end, fds[0]);
    attach_server(&end, server);
    assert_true(send(fds[1], get, sizeof get - 1, 0) > 0);
    step_handshake(&end);
    assert_int_equal(end.status, GW_IO);
    assert_non_null(strstr(end.err.message, "plain HTTP on a TLS port"));
    close(fds[1]);
    gw_tls_profile_destroy(client);
    gw_tls_profile_destroy(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_right_peer_is_accepted),
        cmocka_unit_test(test_bad_host_names_are_refused),
        cmocka_unit_test(test_file_errors_name_the_file_and_nothing_inside),
        cmocka_unit_test(test_ca_file_errors_name_the_file),
        cmocka_unit_test(test_the_systems_ca_files_follow_the_environment),
        cmocka_unit_test(test_the_second_handshake_resumes),
        cmocka_unit_test(test_workers_of_one_identity_take_each_others_tickets),
        cmocka_unit_test(test_a_session_is_not_used_where_it_was_not_verified),
        cmocka_unit_test(test_handshake_in_pieces),
        cmocka_unit_test(test_handshake_cut_anywhere),
        cmocka_unit_test(test_close_notify_is_an_end),
        cmocka_unit_test(test_a_bare_fin_is_a_truncation),
        cmocka_unit_test(test_a_cut_record_gives_no_bytes),
        cmocka_unit_test(test_a_changed_byte_is_a_fault),
        cmocka_unit_test(test_large_transfers_both_ways_through_tiny_buffers),
        cmocka_unit_test(test_small_pieces_make_one_record_and_one_send),
        cmocka_unit_test(test_a_request_and_its_answer_take_four_syscalls),
        cmocka_unit_test(test_a_blocked_session_makes_no_syscalls),
        cmocka_unit_test(test_pending_bytes_are_announced),
        cmocka_unit_test(test_what_a_client_may_offer),
        cmocka_unit_test(test_key_updates_without_end_are_a_fault),
        cmocka_unit_test(test_plain_text_peers_are_recognised),
    };
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL's own socket BIO writes without MSG_NOSIGNAL */
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
