#include "provider/provider.h"

#include "wire/url.h"

/* Longer keys than this are no keys. */
#define QUERY_KEY_BYTES_MAX 65536u

static const struct gw_str bearer = GW_STR_INIT("Bearer ");

/* Vendors that want keys in a header of their own take these as bearer tokens only: OAuth tokens of
 * Anthropic and Google, and the JSON web tokens of Entra ID for Azure. */
static const struct {
    struct gw_str header, token_start;
} bearer_tokens[] = {
    {GW_STR_INIT("x-api-key"), GW_STR_INIT("sk-ant-oat")},
    {GW_STR_INIT("x-goog-api-key"), GW_STR_INIT("ya29.")},
    {GW_STR_INIT("api-key"), GW_STR_INIT("eyJ")},
};

/* The scheme is case-insensitive (RFC 9110 §11.1). */
static struct gw_str bearer_token(struct gw_str authorization)
{
    const struct gw_str none = GW_STR("");

    if (authorization.len <= bearer.len ||
        !gw_str_eq_nocase((struct gw_str){authorization.base, bearer.len}, bearer))
        return none;
    return gw_str_trim(gw_str_from(authorization, bearer.len));
}

static bool stays_bearer(const struct gw_auth *auth, struct gw_str token)
{
    if (auth->kind != GW_AUTH_HEADER)
        return false;
    for (size_t i = 0; i < GW_COUNT(bearer_tokens); i++)
        if (gw_str_eq(auth->name, bearer_tokens[i].header) &&
            gw_str_starts(token, bearer_tokens[i].token_start))
            return true;
    return false;
}

/* The caller's field that the provider itself reads. */
static struct gw_str own_field(const struct gw_auth *auth, const struct gw_caller_keys *keys)
{
    if (auth->kind == GW_AUTH_BEARER)
        return keys->authorization;
    if (auth->kind == GW_AUTH_HEADER) {
        if (gw_str_eq(auth->name, GW_STR("x-api-key")))
            return keys->x_api_key;
        if (gw_str_eq(auth->name, GW_STR("api-key")))
            return keys->api_key;
        if (gw_str_eq(auth->name, GW_STR("x-goog-api-key")))
            return keys->x_goog_api_key;
    }
    return GW_STR("");
}

static void add_field(struct gw_key_fields *fields, struct gw_str name, struct gw_str value)
{
    fields->fields[fields->count++] = (struct gw_header_config){name, value};
}

static enum gw_status add_bearer(struct gw_key_fields *fields, struct gw_str key,
                                 struct gw_arena *arena)
{
    char *value = gw_arena_bytes(arena, bearer.len + key.len);

    if (!value)
        return GW_NO_MEMORY;
    memcpy(value, bearer.base, bearer.len);
    memcpy(value + bearer.len, key.base, key.len);
    add_field(fields, GW_STR("authorization"), (struct gw_str){value, bearer.len + key.len});
    return GW_OK;
}

static enum gw_status add_query(struct gw_key_fields *fields, struct gw_str name, struct gw_str key,
                                struct gw_arena *arena)
{
    struct gw_buf text;

    gw_buf_init(&text, QUERY_KEY_BYTES_MAX * 3 + 1024);
    enum gw_status status =
        key.len > QUERY_KEY_BYTES_MAX ? GW_NO_MEMORY : gw_url_encode(&text, name);
    if (status == GW_OK)
        status = gw_buf_add_c(&text, '=');
    if (status == GW_OK)
        status = gw_url_encode(&text, key);
    if (status == GW_OK) {
        fields->query = gw_arena_str(arena, gw_buf_str(&text));
        if (!fields->query.base)
            status = GW_NO_MEMORY;
    }
    if (text.base)
        gw_secret_wipe(text.base, text.room);
    gw_buf_finish(&text);
    return status;
}

static enum gw_status add_shown(const struct gw_auth *auth, struct gw_str key,
                                struct gw_arena *arena, struct gw_key_fields *fields)
{
    switch (auth->kind) {
    case GW_AUTH_BEARER:
        return add_bearer(fields, key, arena);
    case GW_AUTH_HEADER:
        add_field(fields, auth->name, key);
        return GW_OK;
    case GW_AUTH_QUERY:
        return add_query(fields, auth->name, key, arena);
    }
    return GW_OK;
}

enum gw_status gw_provider_show_key(const struct gw_provider_config *provider, struct gw_str key,
                                    struct gw_arena *arena, struct gw_key_fields *fields_out)
{
    *fields_out = (struct gw_key_fields){.count = 0};
    if (stays_bearer(&provider->auth, key))
        return add_bearer(fields_out, key, arena);
    return add_shown(&provider->auth, key, arena, fields_out);
}

enum gw_status gw_provider_move_keys(const struct gw_provider_config *provider,
                                     const struct gw_caller_keys *keys, struct gw_arena *arena,
                                     struct gw_key_fields *fields_out)
{
    const struct gw_auth *auth = &provider->auth;
    struct gw_str own = own_field(auth, keys);
    struct gw_str token = bearer_token(keys->authorization);
    const struct gw_str others[] = {token, keys->x_api_key, keys->x_goog_api_key, keys->api_key};

    *fields_out = (struct gw_key_fields){.count = 0};
    if (own.len) {
        add_field(fields_out, auth->name, own);
        return GW_OK;
    }
    if (token.len && stays_bearer(auth, token)) {
        add_field(fields_out, GW_STR("authorization"), keys->authorization);
        return GW_OK;
    }
    for (size_t i = 0; i < GW_COUNT(others); i++)
        if (others[i].len)
            return add_shown(auth, others[i], arena, fields_out);
    /* Another scheme (Basic, a signature) cannot be moved: the provider may know it. */
    if (keys->authorization.len)
        add_field(fields_out, GW_STR("authorization"), keys->authorization);
    return GW_OK;
}
