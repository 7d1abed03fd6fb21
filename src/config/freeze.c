/*
 * From what was read to the snapshot: defaults of defaults, what is derived, dense arrays and maps.
 */
#include "config/config_private.h"

static uint32_t first_of(uint32_t a, uint32_t b)
{
    return a ? a : b;
}

static struct gw_timeouts provider_timeouts(const struct gw_raw_timeouts *own,
                                            const struct gw_raw_timeouts *defaults)
{
    return (struct gw_timeouts){
        .total_ms = first_of(own->timeout_ms, defaults->timeout_ms),
        .connect_ms = first_of(own->connect_timeout_ms, defaults->connect_timeout_ms),
        .idle_ms = first_of(own->idle_timeout_ms, defaults->idle_timeout_ms),
    };
}

/* Header names in lower case, as the table of known providers has them. */
static struct gw_str lower_copy(struct gw_arena *arena, struct gw_str text)
{
    char *copy = gw_arena_bytes(arena, text.len + 1);

    if (!copy)
        return (struct gw_str){NULL, 0};
    for (size_t i = 0; i < text.len; i++)
        copy[i] = gw_lower(text.base[i]);
    copy[text.len] = '\0';
    return (struct gw_str){copy, text.len};
}

static bool set_auth(struct gw_arena *arena, const struct gw_raw_provider *raw,
                     struct gw_provider_config *provider)
{
    struct gw_auth derived = provider->auth;

    if (raw->auth_type != GW_RAW_AUTH_DERIVED) {
        provider->auth.kind = (enum gw_auth_kind)(raw->auth_type - GW_RAW_AUTH_FIRST);
        provider->auth.name = gw_auth_usual_name(provider->auth.kind, provider->dialect, &derived);
    }
    if (raw->auth_header_name.len == 0 || provider->auth.kind == GW_AUTH_BEARER)
        return true;
    /* Parameters of a query are told apart by case, names of headers are not. */
    provider->auth.name = provider->auth.kind == GW_AUTH_HEADER
                              ? lower_copy(arena, raw->auth_header_name)
                              : raw->auth_header_name;
    return provider->auth.name.base != NULL;
}

static void derive(const struct gw_key_entry *entry, const struct gw_raw_provider *raw,
                   struct gw_provider_config *provider)
{
    enum gw_dialect given = (enum gw_dialect)(raw->dialect - GW_RAW_DIALECT_FIRST);
    struct gw_provider_traits traits =
        gw_provider_derive(entry->name, raw->url.host, raw->url.path, raw->url.demo,
                           raw->dialect == GW_RAW_DIALECT_DERIVED ? NULL : &given);

    provider->dialect = traits.dialect;
    provider->auth = traits.auth;
    provider->telemetry_name = traits.telemetry_name;
    provider->completion_tokens = traits.completion_tokens;
    provider->known_name = traits.known_name;
    provider->responses = gw_toml_get(entry->node, GW_STR("responses"))
                              ? raw->responses && traits.dialect == GW_DIALECT_OPENAI
                              : traits.responses;
}

static bool freeze_headers(struct gw_arena *arena, const struct gw_raw_provider *raw,
                           struct gw_provider_config *provider)
{
    if (raw->headers.count == 0)
        return true;
    struct gw_header_config *headers = gw_arena_alloc(arena, raw->headers.count * sizeof *headers);
    if (!headers)
        return false;
    for (const struct gw_key_entry *entry = raw->headers.first; entry; entry = entry->next)
        headers[provider->headers_count++] =
            (struct gw_header_config){entry->name, entry->node->u.string};
    provider->headers = headers;
    return true;
}

static bool freeze_provider(struct gw_arena *arena, const struct gw_key_entry *entry,
                            const struct gw_raw_timeouts *defaults,
                            struct gw_provider_config *provider)
{
    const struct gw_raw_provider *raw = entry->value;

    provider->name = entry->name;
    provider->base_url_text = raw->base_url;
    provider->base_url = raw->url;
    provider->credential = raw->credential;
    provider->timeouts = provider_timeouts(&raw->timeouts, defaults);
    provider->ca_file = raw->ca_file;
    provider->max_connections = raw->max_connections;
    derive(entry, raw, provider);
    return set_auth(arena, raw, provider) && freeze_headers(arena, raw, provider);
}

static bool freeze_settings(struct gw_arena *arena, const struct gw_raw_config *raw,
                            struct gw_config *config)
{
    for (const struct gw_key_entry *entry = raw->models.first; entry; entry = entry->next) {
        const struct gw_raw_model *model = entry->value;
        struct gw_model_settings *settings = gw_arena_alloc(arena, sizeof *settings);
        if (!settings)
            return false;
        *settings = (struct gw_model_settings){entry->name, model->timeout_ms, model->api};
        if (!gw_map_add(&config->settings_by_name, entry->name, settings))
            return false;
    }
    return true;
}

/* The models of one provider, written from `at` on. */
static bool freeze_models(struct gw_config *config, const struct gw_raw_provider *raw,
                          struct gw_provider_config *provider, struct gw_model_config *models,
                          uint32_t *at)
{
    provider->models = models + *at;
    for (const struct gw_toml_node *item = raw->models.nodes; item; item = item->next) {
        struct gw_model_config *model = &models[*at];
        const struct gw_model_settings *settings = gw_config_model_settings(config, item->u.string);
        *model = (struct gw_model_config){
            .name = item->u.string,
            .index = *at,
            .timeouts = provider->timeouts,
            .provider = provider,
        };
        if (settings) {
            model->api = settings->api;
            model->timeouts.total_ms = first_of(settings->timeout_ms, model->timeouts.total_ms);
        }
        if (!gw_map_add(&provider->by_model, model->name, model))
            return false;
        if (!gw_map_get(&config->model_by_name, model->name) &&
            !gw_map_add(&config->model_by_name, model->name, model))
            return false;
        provider->models_count++;
        (*at)++;
    }
    return true;
}

static bool freeze_providers(struct gw_loader *loader, const struct gw_raw_config *raw,
                             struct gw_config *config)
{
    size_t models_count = 0;
    uint32_t at = 0;

    for (const struct gw_key_entry *entry = raw->providers.first; entry; entry = entry->next)
        models_count += ((const struct gw_raw_provider *)entry->value)->models.count;
    struct gw_provider_config *providers =
        gw_arena_zalloc(loader->arena, (raw->providers.count + 1) * sizeof *providers);
    struct gw_model_config *models =
        gw_arena_zalloc(loader->arena, (models_count + 1) * sizeof *models);
    if (!providers || !models)
        return false;
    config->providers = providers;
    config->models = models;
    for (const struct gw_key_entry *entry = raw->providers.first; entry; entry = entry->next) {
        struct gw_provider_config *provider = &providers[config->providers_count];
        provider->index = config->providers_count++; /* counted first: release frees its map */
        if (!freeze_provider(loader->arena, entry, &raw->defaults.provider, provider) ||
            !freeze_models(config, entry->value, provider, models, &at) ||
            !gw_map_add(&config->provider_by_name, provider->name, provider))
            return false;
    }
    config->models_count = at;
    return true;
}

static bool freeze_translation(struct gw_arena *arena, const struct gw_raw_translation *raw,
                               struct gw_translation_config *translation)
{
    struct gw_translation_model *models =
        gw_arena_alloc(arena, (raw->models.count + 1) * sizeof *models);

    if (!models)
        return false;
    translation->strict = raw->on_unsupported == GW_RAW_UNSUPPORTED_ERROR;
    translation->fetch_media = raw->fetch_media;
    translation->meter_streams = raw->meter_streams;
    translation->models = models;
    for (const struct gw_key_entry *entry = raw->models.first; entry; entry = entry->next) {
        struct gw_translation_model *model = &models[translation->models_count++];
        *model = *(const struct gw_translation_model *)entry->value;
        model->name = entry->name;
        model->sampling_set = gw_toml_get(entry->node, GW_STR("sampling"));
        model->json_schema_set = gw_toml_get(entry->node, GW_STR("json_schema"));
    }
    return true;
}

static uint64_t access_log_fields(const struct gw_raw_access_log *raw)
{
    uint64_t fields = 0, bit = 0;

    for (const struct gw_toml_node *item = raw->fields.nodes; item; item = item->next)
        if (gw_access_log_field(item->u.string, &bit))
            fields |= bit;
    return fields ? fields : GW_ACCESS_DEFAULT;
}

enum gw_status gw_config_freeze(struct gw_loader *loader, const struct gw_raw_config *raw,
                                struct gw_config *config)
{
    config->server = raw->server;
    config->admin = (struct gw_admin_config){
        .enabled = raw->admin.enabled,
        .host = raw->admin.host,
        .port = raw->admin.port,
        .token = config->admin.token, /* fetched before */
    };
    config->access_log = (struct gw_access_log_config){
        .enabled = raw->access_log.enabled,
        .path = raw->access_log.path,
        .fields = access_log_fields(&raw->access_log),
    };
    config->metrics = raw->metrics;
    if (!freeze_translation(loader->arena, &raw->translation, &config->translation) ||
        !freeze_settings(loader->arena, raw, config) || !freeze_providers(loader, raw, config) ||
        !gw_config_freeze_routing(loader, raw, config))
        return GW_NO_MEMORY;
    return GW_OK;
}
