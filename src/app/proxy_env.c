#include "app/proxy_env.h"

#include "wire/url.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define USER_BYTES_MAX 512u

static struct gw_str read_variable(const char *upper, const char *lower)
{
    const char *value = getenv(upper);
    return gw_str_of(value && *value ? value : getenv(lower));
}

/* "user:password", percent-encoded, to "Basic …". */
static bool make_authorization(struct gw_proxy_env *env, struct gw_str user)
{
    unsigned char plain[USER_BYTES_MAX], base64[USER_BYTES_MAX * 2];
    size_t len;

    if (gw_url_decode(user, (char *)plain, sizeof plain, &len) != GW_OK)
        return false;
    int encoded = EVP_EncodeBlock(base64, plain, (int)len);
    gw_secret_wipe(plain, sizeof plain);
    env->proxy.authorization =
        gw_arena_printf(&env->arena, "Basic %.*s", encoded, (const char *)base64);
    gw_secret_wipe(base64, sizeof base64);
    return env->proxy.authorization.base != NULL;
}

enum gw_status gw_proxy_env_read(struct gw_proxy_env *env, struct gw_err *err)
{
    struct gw_str text = read_variable("HTTPS_PROXY", "https_proxy"), host, port;
    uint64_t number = 80;

    *env = (struct gw_proxy_env){.no_proxy = read_variable("NO_PROXY", "no_proxy")};
    gw_arena_init(&env->arena, NULL);
    if (text.len == 0)
        return GW_OK;
    const struct gw_str scheme = GW_STR("http://");
    struct gw_str start = {text.base, text.len < scheme.len ? text.len : scheme.len};
    if (gw_str_eq_nocase(start, scheme))
        text = gw_str_from(text, start.len);
    else if (gw_str_find_str(text, GW_STR("://")) < text.len)
        return gw_err_set(err, GW_UNSUPPORTED, "HTTPS_PROXY: only http:// proxies are supported");
    text.len = gw_str_find(text, '/');
    size_t at = gw_str_find(text, '@');
    if (at < text.len) {
        if (!make_authorization(env, (struct gw_str){text.base, at}))
            return gw_err_set(err, GW_INVALID, "HTTPS_PROXY: user and password cannot be read");
        text = gw_str_from(text, at + 1);
    }
    if (!gw_url_split_authority(text, &host, &port) || host.len == 0 ||
        (port.len && (!gw_str_to_u64(port, &number) || number == 0)))
        return gw_err_set(err, GW_INVALID, "HTTPS_PROXY: not http://host:port");
    if (host.base[0] == '[')
        host = (struct gw_str){host.base + 1, host.len - 2};
    env->proxy.host = host;
    env->proxy.port = (unsigned)number;
    return GW_OK;
}

void gw_proxy_env_finish(struct gw_proxy_env *env)
{
    if (env->proxy.authorization.base)
        gw_secret_wipe((char *)(uintptr_t)env->proxy.authorization.base,
                       env->proxy.authorization.len);
    gw_arena_finish(&env->arena);
}
