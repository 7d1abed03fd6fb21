/*
 * What no single key can tell, outside of providers: pairs of keys, addresses, files.
 */
#include "config/config_private.h"
#include "config/credential.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* What gw_listen() takes, by our own means: config/ knows no io/. */
static bool parse_host(struct gw_str host, bool *loopback_out)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;

    if (gw_str_eq(host, GW_STR("localhost"))) {
        *loopback_out = true;
        return true;
    }
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.base, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1) {
        *loopback_out = (ntohl(v4.s_addr) >> 24) == 127;
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6) == 1) {
        *loopback_out = IN6_IS_ADDR_LOOPBACK(&v6);
        return true;
    }
    return false;
}

static bool check_host(struct gw_loader *loader, const struct gw_toml_node *table, const char *path,
                       struct gw_str host, bool *loopback_out)
{
    if (parse_host(host, loopback_out))
        return true;
    gw_problems_add(loader->problems, GW_PROBLEM_ERROR, gw_config_at(table, "host"),
                    "%s.host must be an IP address or \"localhost\"", path);
    return false;
}

void gw_config_check_file(struct gw_loader *loader, const struct gw_toml_at *at, const char *key,
                          struct gw_str path)
{
    char terminated[PATH_MAX], shown[GW_QUOTE_BYTES];
    struct stat what;
    struct gw_err err = {0};

    (void)gw_quote(path, shown);
    if (path.len >= sizeof terminated) {
        gw_problems_add(loader->problems, GW_PROBLEM_ERROR, at, "%s: the path is too long", key);
        return;
    }
    memcpy(terminated, path.base, path.len);
    terminated[path.len] = '\0';
    /* Opened, not asked for: access() does not see what a capability or a mount allows. */
    int fd = open(terminated, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd == -1) {
        (void)gw_err_errno(&err, "%s: could not open %s", key, shown);
        gw_problems_add(loader->problems, GW_PROBLEM_ERROR, at, "%s", err.message);
        return;
    }
    if (fstat(fd, &what) == -1 || !S_ISREG(what.st_mode))
        gw_problems_add(loader->problems, GW_PROBLEM_ERROR, at, "%s: %s is not a regular file", key,
                        shown);
    close(fd);
}

static unsigned online_cpus(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    if (count < 1)
        return 1;
    return count > (long)GW_CONFIG_WORKERS_MAX ? GW_CONFIG_WORKERS_MAX : (unsigned)count;
}

static void check_tls(struct gw_loader *loader, const struct gw_toml_node *table,
                      const struct gw_server_config *server)
{
    if ((server->tls_cert.len == 0) != (server->tls_key.len == 0)) {
        const char *there = server->tls_cert.len ? "tls_cert" : "tls_key";
        const char *absent = server->tls_cert.len ? "tls_key" : "tls_cert";
        gw_problems_add(loader->problems, GW_PROBLEM_ERROR, gw_config_at(table, there),
                        "server.%s needs server.%s beside it", there, absent);
    }
    if (server->tls_cert.len)
        gw_config_check_file(loader, gw_config_at(table, "tls_cert"), "server.tls_cert",
                             server->tls_cert);
    if (server->tls_key.len)
        gw_config_check_file(loader, gw_config_at(table, "tls_key"), "server.tls_key",
                             server->tls_key);
}

static bool is_any_address(struct gw_str host)
{
    return gw_str_eq(host, GW_STR("0.0.0.0")) || gw_str_eq(host, GW_STR("::"));
}

/* Two listeners cannot share a port; SO_REUSEPORT would let them, and callers would meet either. */
static void check_ports(struct gw_loader *loader, const struct gw_toml_node *at,
                        const struct gw_raw_config *raw)
{
    if (!raw->admin.enabled || raw->admin.port == 0 || raw->admin.port != raw->server.port)
        return;
    if (gw_str_eq(raw->admin.host, raw->server.host) || is_any_address(raw->admin.host) ||
        is_any_address(raw->server.host))
        gw_problems_add(loader->problems, GW_PROBLEM_ERROR, gw_config_at(at, "port"),
                        "admin.port must not be the same as server.port (%u)", raw->server.port);
}

static void check_admin(struct gw_loader *loader, const struct gw_toml_node *table,
                        const struct gw_raw_admin *admin)
{
    bool loopback = false;

    if (!check_host(loader, table, "admin", admin->host, &loopback))
        return;
    if (!loopback && admin->enabled && admin->token.len == 0 &&
        !gw_toml_get(table, GW_STR("token")))
        gw_problems_add(loader->problems, GW_PROBLEM_ERROR, gw_config_at(table, "host"),
                        "admin.token is required where admin.host is not a loopback address");
}

static void check_others(struct gw_loader *loader, const struct gw_raw_config *raw)
{
    if (raw->providers.count == 0)
        gw_problems_add(loader->problems, GW_PROBLEM_WARNING, NULL,
                        "there is no [providers.NAME]: no model will be known");
    if (raw->metrics.path.len && raw->metrics.path.base[0] != '/')
        gw_problems_add(loader->problems, GW_PROBLEM_ERROR,
                        gw_config_at(gw_toml_get(raw->root, GW_STR("metrics")), "path"),
                        "metrics.path must begin with \"/\"");
}

/* The table, when it is one: what else it may be has been reported. */
static const struct gw_toml_node *table_of(const struct gw_raw_config *raw, const char *name)
{
    const struct gw_toml_node *node = gw_toml_get(raw->root, gw_str_of(name));

    return node && node->type == GW_TOML_TABLE ? node : NULL;
}

void gw_config_check(struct gw_loader *loader, struct gw_raw_config *raw)
{
    const struct gw_toml_node *server = table_of(raw, "server"), *admin = table_of(raw, "admin");
    bool loopback;

    if (server) {
        (void)check_host(loader, server, "server", raw->server.host, &loopback);
        check_tls(loader, server, &raw->server);
        /* With the admin table absent its port is the default one: point to where it can be
         * changed. */
        check_ports(loader, admin ? admin : server, raw);
    }
    if (raw->server.workers == 0)
        raw->server.workers = online_cpus();
    if (admin)
        check_admin(loader, admin, &raw->admin);
    check_others(loader, raw);
    gw_config_check_providers(loader, raw);
    gw_config_check_routing(loader, raw);
}
