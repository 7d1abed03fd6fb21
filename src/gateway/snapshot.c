#include "gateway/snapshot.h"

#include "base/clock.h"
#include "io/tls.h"

#include <stdlib.h>

static enum gw_claude_thinking thinking_of(enum gw_translation_thinking thinking)
{
    switch (thinking) {
    case GW_TRANSLATION_THINKING_NONE:
        return GW_CLAUDE_NO_THINKING;
    case GW_TRANSLATION_THINKING_BUDGET:
        return GW_CLAUDE_BUDGET;
    case GW_TRANSLATION_THINKING_ADAPTIVE:
        return GW_CLAUDE_ADAPTIVE;
    case GW_TRANSLATION_THINKING_DERIVED:
        break;
    }
    return GW_CLAUDE_AS_ASKED;
}

static enum gw_status load_trusts(struct gw_snapshot *snapshot, struct gw_err *err)
{
    const struct gw_config *config = snapshot->config;

    for (uint32_t i = 0; i < config->providers_count; i++) {
        const struct gw_provider_config *provider = &config->providers[i];
        if (!provider->base_url.tls)
            continue;
        /* Loading a store takes tens of milliseconds: one for all who trust the same. */
        for (uint32_t j = 0; j < i && !snapshot->trusts[i]; j++)
            if (snapshot->trusts[j] && gw_str_eq(config->providers[j].ca_file, provider->ca_file))
                snapshot->trusts[i] = snapshot->trusts[j];
        if (snapshot->trusts[i])
            continue;
        enum gw_status status = gw_tls_trust_load(provider->ca_file, &snapshot->trusts[i], err);
        if (status != GW_OK)
            return status;
    }
    return GW_OK;
}

/* Is there a call that would be translated, whatever a caller does? */
static bool mixes_dialects(const struct gw_config *config)
{
    const struct gw_provider_config *first = config->providers;

    for (uint32_t i = 0; i < config->providers_count; i++) {
        const struct gw_provider_config *provider = &config->providers[i];
        if (provider->dialect != first->dialect || provider->responses != first->responses)
            return true;
        for (uint32_t j = 0; j < provider->models_count; j++)
            if (provider->models[j].api == GW_MODEL_API_RESPONSES && !provider->responses)
                return true;
    }
    return false;
}

static bool others_speak_chat(const struct gw_config *config, uint32_t but)
{
    for (uint32_t i = 0; i < config->providers_count; i++)
        if (i != but && config->providers[i].dialect == GW_DIALECT_OPENAI)
            return true;
    return false;
}

/* Maybe the one of a provider, too. */
static enum gw_status load_media_trust(struct gw_snapshot *snapshot, struct gw_err *err)
{
    const struct gw_config *config = snapshot->config;

    if (!config->translation.fetch_media)
        return GW_OK;
    for (uint32_t i = 0; i < config->providers_count && !snapshot->media_trust; i++)
        if (snapshot->trusts[i] && config->providers[i].ca_file.len == 0)
            snapshot->media_trust = snapshot->trusts[i];
    return snapshot->media_trust ? GW_OK
                                 : gw_tls_trust_load(GW_STR(""), &snapshot->media_trust, err);
}

/* What translation has to know of providers and models. */
static enum gw_status load_profiles(struct gw_snapshot *snapshot, struct gw_err *err)
{
    const struct gw_config *config = snapshot->config;
    const struct gw_translation_config *translation = &config->translation;

    snapshot->profiles = calloc(config->providers_count + 1u, sizeof *snapshot->profiles);
    snapshot->claude = calloc(translation->models_count + 1u, sizeof *snapshot->claude);
    snapshot->limits = calloc(config->models_count + 1u, sizeof *snapshot->limits);
    snapshot->watches = calloc(config->providers_count + 1u, sizeof *snapshot->watches);
    if (!snapshot->profiles || !snapshot->claude || !snapshot->limits || !snapshot->watches)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a snapshot");
    for (uint32_t i = 0; i < config->providers_count; i++) {
        snapshot->profiles[i] = gw_profile_of(config->providers[i].known_name);
        snapshot->watches[i] =
            gw_chat_watch_of(snapshot->profiles[i], others_speak_chat(config, i));
    }
    snapshot->mixes_dialects = mixes_dialects(config);
    for (uint32_t i = 0; i < translation->models_count; i++) {
        const struct gw_translation_model *model = &translation->models[i];
        struct gw_claude_limits limits = *gw_claude_limits_of(model->name, NULL, 0);
        limits.contains = model->name;
        if (model->max_output_tokens)
            limits.max_output = model->max_output_tokens;
        if (model->thinking != GW_TRANSLATION_THINKING_DERIVED)
            limits.thinking = thinking_of(model->thinking);
        if (model->sampling_set)
            limits.sampling = model->sampling;
        if (model->json_schema_set)
            limits.json_schema = model->json_schema;
        snapshot->claude[snapshot->claude_count++] = limits;
    }
    for (uint32_t i = 0; i < config->models_count; i++)
        snapshot->limits[i] =
            gw_claude_limits_of(config->models[i].name, snapshot->claude, snapshot->claude_count);
    return GW_OK;
}

/* What the gateway remembers by a target's name. */
static enum gw_status load_targets(struct gw_snapshot *snapshot, struct gw_metrics *metrics,
                                   struct gw_health *health, struct gw_err *err)
{
    const struct gw_config *config = snapshot->config;

    snapshot->target_labels = calloc(config->targets_count + 1u, sizeof(uint32_t));
    snapshot->health = calloc(config->targets_count + 1u, sizeof *snapshot->health);
    snapshot->told = calloc(config->targets_count + 1u, sizeof *snapshot->told);
    if (!snapshot->target_labels || !snapshot->health || !snapshot->told)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a snapshot");
    for (uint32_t i = 0; i < config->targets_count; i++) {
        snapshot->target_labels[i] = gw_label_intern(metrics, config->targets[i].name);
        snapshot->health[i] = gw_health_cell(health, config->targets[i].name);
        if (!snapshot->health[i])
            return gw_err_set(err, GW_NO_MEMORY, "could not allocate a snapshot");
    }
    return GW_OK;
}

enum gw_status gw_snapshot_create(struct gw_config *config, struct gw_metrics *metrics,
                                  struct gw_health *health, struct gw_snapshot **snapshot_out,
                                  struct gw_err *err)
{
    struct gw_snapshot *snapshot = calloc(1, sizeof *snapshot);
    enum gw_status status = GW_NO_MEMORY;

    if (!snapshot) {
        gw_config_release(config);
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a snapshot");
    }
    snapshot->config = config;
    atomic_init(&snapshot->references, 1);
    /* One more than needed: calloc(0) may say NULL. */
    snapshot->trusts = calloc(config->providers_count + 1u, sizeof *snapshot->trusts);
    snapshot->provider_labels = calloc(config->providers_count + 1u, sizeof(uint32_t));
    snapshot->model_labels = calloc(config->models_count + 1u, sizeof(uint32_t));
    if (!snapshot->trusts || !snapshot->provider_labels || !snapshot->model_labels) {
        gw_err_set(err, GW_NO_MEMORY, "could not allocate a snapshot");
        goto fail;
    }
    for (uint32_t i = 0; i < config->providers_count; i++)
        snapshot->provider_labels[i] = gw_label_intern(metrics, config->providers[i].name);
    for (uint32_t i = 0; i < config->models_count; i++)
        snapshot->model_labels[i] = gw_label_intern(metrics, config->models[i].name);
    status = load_profiles(snapshot, err);
    if (status == GW_OK)
        status = load_targets(snapshot, metrics, health, err);
    if (status == GW_OK)
        status = load_trusts(snapshot, err);
    if (status == GW_OK)
        status = load_media_trust(snapshot, err);
    if (status == GW_OK && config->server.tls_cert.len)
        status = gw_tls_identity_load(config->server.tls_cert, config->server.tls_key,
                                      &snapshot->identity, err);
    if (status != GW_OK)
        goto fail;
    *snapshot_out = snapshot;
    return GW_OK;

fail:
    gw_snapshot_release(snapshot);
    return status;
}

size_t gw_snapshot_target_health(struct gw_snapshot *snapshot,
                                 const struct gw_target_health **list_out)
{
    const struct gw_config *config = snapshot->config;
    uint64_t now_ms = gw_clock_ns() / GW_NS_PER_MS;

    for (uint32_t i = 0; i < config->targets_count; i++)
        snapshot->told[i] = (struct gw_target_health){
            .target = config->targets[i].name,
            .healthy =
                gw_health_ask(snapshot->health[i], &config->breaker, now_ms) == GW_HEALTH_CLOSED,
        };
    *list_out = snapshot->told;
    return config->targets_count;
}

struct gw_snapshot *gw_snapshot_retain(struct gw_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    return snapshot;
}

static void destroy_trusts(struct gw_snapshot *snapshot)
{
    bool own = true;

    for (uint32_t i = 0; snapshot->trusts && i < snapshot->config->providers_count; i++)
        own = own && snapshot->trusts[i] != snapshot->media_trust;
    if (own)
        gw_tls_trust_destroy(snapshot->media_trust);
    for (uint32_t i = 0; snapshot->trusts && i < snapshot->config->providers_count; i++) {
        bool shared = false;
        for (uint32_t j = 0; j < i; j++)
            shared = shared || snapshot->trusts[j] == snapshot->trusts[i];
        if (!shared)
            gw_tls_trust_destroy(snapshot->trusts[i]);
    }
    free(snapshot->trusts);
}

void gw_snapshot_release(struct gw_snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) != 1)
        return;
    destroy_trusts(snapshot);
    gw_tls_identity_destroy(snapshot->identity);
    free(snapshot->provider_labels);
    free(snapshot->model_labels);
    free(snapshot->target_labels);
    free(snapshot->health);
    free(snapshot->told);
    free(snapshot->profiles);
    free(snapshot->watches);
    free(snapshot->claude);
    free(snapshot->limits);
    gw_config_release(snapshot->config);
    free(snapshot);
}
