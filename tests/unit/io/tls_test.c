/* Whom a session trusts, what the files must hold, and what a handshake survives. */
#include "unit/test.h"

#include "unit/io/tls_link.h"

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
        cmocka_unit_test(test_what_a_client_may_offer),
        cmocka_unit_test(test_key_updates_without_end_are_a_fault),
        cmocka_unit_test(test_plain_text_peers_are_recognised),
    };
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL's own socket BIO writes without MSG_NOSIGNAL */
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
