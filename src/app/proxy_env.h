/*
 * app/proxy_env: HTTPS_PROXY and NO_PROXY from the environment, as curl and others read them.
 */
#ifndef GW_PROXY_ENV_H
#define GW_PROXY_ENV_H

#include "gateway/gateway.h"

struct gw_proxy_env {
    struct gw_proxy proxy;
    struct gw_str no_proxy;
    struct gw_arena arena;
};

/* HTTPS_PROXY (or https_proxy): "http://[user:password@]host[:port]"; no variable: no proxy. No
 * message holds its value. Other kinds of proxies are refused. */
enum gw_status gw_proxy_env_read(struct gw_proxy_env *env, struct gw_err *err);
void gw_proxy_env_finish(struct gw_proxy_env *env);

#endif
