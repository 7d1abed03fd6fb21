/*
 * The secrets that a configuration needs at start: the admin token and what targets show.
 *
 * Each place is looked at once. Messages name the place and never what was found there.
 */
#include "config/check_private.h"
#include "config/credential.h"

#include <stdio.h>
#include <stdlib.h>

static const struct gw_str env_prefix = GW_STR_INIT("env::");

/* What a place had; one for all who name it. */
struct fetched {
    enum gw_status status;
    const struct gw_secret *secret; /* NULL unless GW_OK */
    struct gw_str message;          /* why not */
};

/* What cannot be shown in a header's value could never be used. */
static bool is_header_value(struct gw_str bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.base[i] <= 0x20 || bytes.base[i] >= 0x7F)
            return false;
    return true;
}

/* Room for one more; the list grows by doubling. */
static bool reserve(struct gw_config *config)
{
    uint32_t count = config->secrets_count;

    if (count != 0 && (count & (count - 1)) != 0)
        return true;
    size_t room = count ? (size_t)count * 2 : 1;
    struct gw_secret **secrets = realloc(config->secrets, room * sizeof *secrets);
    if (!secrets)
        return false;
    config->secrets = secrets;
    return true;
}

static const struct fetched *fetch_new(struct gw_loader *loader, struct gw_config *config,
                                       struct gw_str place, const struct gw_credential *credential)
{
    struct fetched *fetched = gw_arena_zalloc(loader->arena, sizeof *fetched);
    struct gw_secret *secret = NULL;
    struct gw_err err = {0};

    if (!fetched || !reserve(config) || !gw_map_add(&loader->fetched, place, fetched)) {
        loader->out_of_memory = true;
        return NULL;
    }
    fetched->status = gw_credential_fetch(credential, &secret, &err);
    if (fetched->status == GW_OK) {
        config->secrets[config->secrets_count++] = secret;
        if (is_header_value(gw_secret_bytes(secret)))
            fetched->secret = secret;
        else
            fetched->status = gw_err_set(
                &err, GW_UNSUPPORTED,
                "%s %.*s holds blanks or bytes that are not ASCII, which no header can carry",
                credential->kind == GW_CREDENTIAL_ENV ? "environment variable" : "file",
                GW_STR_ARG(credential->place));
    }
    fetched->message = gw_arena_str(loader->arena, gw_str_of(err.message));
    if (fetched->status == GW_NO_MEMORY || !fetched->message.base)
        loader->out_of_memory = true;
    return fetched;
}

/* @return NULL when out of memory */
static const struct fetched *fetch(struct gw_loader *loader, struct gw_config *config,
                                   struct gw_str place)
{
    const struct fetched *known = gw_map_get(&loader->fetched, place);
    struct gw_credential credential;

    if (known)
        return known;
    /* By convention a variable may be called as no place in the file may: a provider's name can
     * begin with a digit. */
    if (gw_credential_parse(place, &credential, NULL) != GW_OK)
        credential = (struct gw_credential){GW_CREDENTIAL_ENV, gw_str_from(place, env_prefix.len)};
    return fetch_new(loader, config, place, &credential);
}

/* What has to be there and is not: to explain a file it need not be. */
static enum gw_severity severity_of(const struct gw_loader *loader)
{
    return loader->use == GW_CONFIG_TO_EXPLAIN ? GW_PROBLEM_WARNING : GW_PROBLEM_ERROR;
}

static void fetch_admin_token(struct gw_loader *loader, const struct gw_raw_config *raw,
                              struct gw_config *config)
{
    /* A place whose form was wrong has been reported and was not stored. */
    if (!raw->admin.enabled || raw->admin.token.len == 0)
        return;
    const struct fetched *fetched = fetch(loader, config, raw->admin.token);
    if (!fetched)
        return;
    config->admin.token = fetched->secret;
    if (!fetched->secret)
        gw_problems_add(loader->problems, severity_of(loader),
                        gw_config_at(gw_toml_get(raw->root, GW_STR("admin")), "token"),
                        "admin.token: %.*s", GW_STR_ARG(fetched->message));
}

/* ---- what targets show ---- */

/* "env::AZURE_OPENAI_API_KEY" */
static struct gw_str conventional_place(struct gw_arena *arena, struct gw_str provider)
{
    static const char suffix[] = "_API_KEY";
    size_t len = env_prefix.len + provider.len + sizeof suffix - 1;
    char *place = gw_arena_bytes(arena, len);

    if (!place)
        return (struct gw_str){NULL, 0};
    memcpy(place, env_prefix.base, env_prefix.len);
    for (size_t i = 0; i < provider.len; i++) {
        char c = provider.base[i];
        place[env_prefix.len + i] = c == '-' || c == '.'   ? '_'
                                    : c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A')
                                                           : c;
    }
    memcpy(place + env_prefix.len + provider.len, suffix, sizeof suffix - 1);
    return (struct gw_str){place, len};
}

/* Of the provider, for the one who is the scope and asks for it first. */
static void fetch_of_provider(struct gw_loader *loader, struct gw_config *config,
                              const struct gw_key_entry *entry, const struct gw_read_scope *user)
{
    struct gw_raw_provider *provider = entry->value;
    const struct gw_read_scope outer = {NULL, GW_STR("providers"), NULL, entry->node};
    const struct gw_read_scope scope = {&outer, entry->name, NULL, entry->node};
    char path[GW_READ_PATH_BYTES];

    provider->managed.level = GW_CREDENTIAL_OF_PROVIDER;
    provider->managed.place = provider->credential;
    const struct fetched *fetched = fetch(loader, config, provider->credential);
    if (!fetched)
        return;
    provider->managed.secret = fetched->secret;
    if (fetched->secret)
        return;
    (void)gw_read_path(user, path);
    path[strlen(path) - 1] = '\0'; /* the dot at its end */
    gw_check_report(loader, severity_of(loader), &scope, "credential",
                    gw_config_at(entry->node, "credential"), ": %.*s (%s needs it)",
                    GW_STR_ARG(fetched->message), path);
}

/* By convention: nothing needs to be there, but all who miss it are told. */
static void fetch_by_convention(struct gw_loader *loader, struct gw_config *config,
                                const struct gw_key_entry *entry, const struct gw_read_scope *user,
                                const char *key, const struct gw_toml_at *at)
{
    struct gw_raw_provider *provider = entry->value;

    provider->managed.level = GW_CREDENTIAL_BY_CONVENTION;
    if (!provider->managed.place.base)
        provider->managed.place = conventional_place(loader->arena, entry->name);
    const struct fetched *fetched =
        provider->managed.place.base ? fetch(loader, config, provider->managed.place) : NULL;
    if (!fetched) {
        loader->out_of_memory = true;
        return;
    }
    provider->managed.secret = fetched->secret;
    bool is_absent = fetched->status == GW_NOT_FOUND || fetched->status == GW_INVALID;
    if (fetched->secret || (is_absent && provider->url.demo))
        return;
    gw_check_report(loader, is_absent ? GW_PROBLEM_WARNING : severity_of(loader), user, key, at,
                    is_absent ? ": %.*s, and there is no `credential` that would go before it: "
                                "requests go to providers.%.*s without one"
                              : ": %.*s; it was looked for as the credential of providers.%.*s",
                    GW_STR_ARG(fetched->message), GW_STR_ARG(entry->name));
}

/* What `user` shows to the provider, without a credential of its own. */
static void fetch_managed(struct gw_loader *loader, struct gw_config *config,
                          const struct gw_key_entry *entry, const struct gw_read_scope *user,
                          const char *key, const struct gw_toml_at *at)
{
    const struct gw_raw_provider *provider = entry->value;

    if (!gw_toml_get(entry->node, GW_STR("credential"))) {
        /* A name that is none has been reported; it may be longer than a variable's. */
        if (gw_check_is_name(entry->name))
            fetch_by_convention(loader, config, entry, user, key, at);
    } else if (provider->credential.len && !provider->managed.place.base) {
        fetch_of_provider(loader, config, entry, user);
    }
}

static void fetch_of_target(struct gw_loader *loader, struct gw_config *config,
                            const struct gw_key_entry *entry, const struct gw_read_scope *scope)
{
    struct gw_raw_target *target = entry->value;

    if (!gw_toml_get(entry->node, GW_STR("credential"))) {
        if (target->at)
            fetch_managed(loader, config, target->at, scope, NULL, &entry->node->key_at);
        return;
    }
    if (target->credential.len == 0)
        return; /* reported */
    const struct fetched *fetched = fetch(loader, config, target->credential);
    if (!fetched)
        return;
    target->secret = fetched->secret;
    if (!fetched->secret)
        gw_check_report(loader, severity_of(loader), scope, "credential",
                        gw_config_at(entry->node, "credential"), ": %.*s",
                        GW_STR_ARG(fetched->message));
}

/* Its models and variants have targets made for them. */
static void fetch_of_function(struct gw_loader *loader, struct gw_config *config,
                              const struct gw_read_scope *scope,
                              const struct gw_raw_route *function)
{
    const struct gw_read_scope variants = {scope, GW_STR("variants"), NULL, scope->node};
    const struct gw_toml_node *list = gw_check_list(scope, "models");

    for (const struct gw_toml_node *item = list ? list->first : NULL; item; item = item->next) {
        const struct gw_listing *listing =
            item->type == GW_TOML_STRING ? gw_map_get(&loader->listings, item->u.string) : NULL;
        if (listing && !listing->next)
            fetch_managed(loader, config, listing->provider, scope, "models", &item->at);
    }
    for (const struct gw_key_entry *entry = function->variants.first; entry; entry = entry->next) {
        const struct gw_raw_variant *variant = entry->value;
        const struct gw_read_scope one = {&variants, entry->name, NULL, entry->node};
        if (variant->at)
            fetch_managed(loader, config, variant->at, &one, NULL, &entry->node->key_at);
    }
}

void gw_config_fetch_secrets(struct gw_loader *loader, struct gw_raw_config *raw,
                             struct gw_config *config)
{
    const struct gw_read_scope targets = {NULL, GW_STR("targets"), NULL, raw->root};
    const struct gw_read_scope functions = {NULL, GW_STR("functions"), NULL, raw->root};

    fetch_admin_token(loader, raw, config);
    for (const struct gw_key_entry *entry = raw->targets.first; entry; entry = entry->next) {
        const struct gw_read_scope scope = {&targets, entry->name, NULL, entry->node};
        fetch_of_target(loader, config, entry, &scope);
    }
    for (const struct gw_key_entry *entry = raw->functions.first; entry; entry = entry->next) {
        const struct gw_read_scope scope = {&functions, entry->name, NULL, entry->node};
        fetch_of_function(loader, config, &scope, entry->value);
    }
}
