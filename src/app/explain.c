#include "app/explain.h"

#include "route/resolve.h"

static const struct {
    struct gw_str name;
    enum gw_endpoint_kind kind;
    struct gw_str path; /* below the base URL */
} kinds[] = {
    {GW_STR_INIT("chat"), GW_ENDPOINT_CHAT, GW_STR_INIT("/chat/completions")},
    {GW_STR_INIT("embeddings"), GW_ENDPOINT_EMBEDDINGS, GW_STR_INIT("/embeddings")},
    {GW_STR_INIT("audio_speech"), GW_ENDPOINT_AUDIO_SPEECH, GW_STR_INIT("/audio/speech")},
    {GW_STR_INIT("audio_transcription"), GW_ENDPOINT_AUDIO_TRANSCRIPTION,
     GW_STR_INIT("/audio/transcriptions")},
    {GW_STR_INIT("image_generation"), GW_ENDPOINT_IMAGE_GENERATION,
     GW_STR_INIT("/images/generations")},
    {GW_STR_INIT("rerank"), GW_ENDPOINT_RERANK, GW_STR_INIT("/rerank")},
};

static struct gw_str path_of(size_t kind, const struct gw_provider_config *provider)
{
    if (kinds[kind].kind == GW_ENDPOINT_CHAT && provider->dialect == GW_DIALECT_ANTHROPIC)
        return GW_STR("/messages");
    return kinds[kind].path;
}

static void line(struct gw_buf *into, const char *name, struct gw_str value)
{
    (void)gw_buf_printf(into, "  %-12s %.*s\n", name, GW_STR_ARG(value));
}

static void explain_target(struct gw_buf *into, size_t kind, const struct gw_resolution *found)
{
    const struct gw_provider_config *provider = found->provider;
    struct gw_str path = path_of(kind, provider);

    line(into, "layer", GW_STR("passthrough (no retry, no failover)"));
    line(into, "provider", provider->name);
    line(into, "model", found->upstream_model);
    line(into, "listed", found->model ? GW_STR("yes") : GW_STR("no: asked for by prefix"));
    line(into, "dialect", gw_dialect_name(provider->dialect));
    if (provider->base_url.demo)
        line(into, "url", GW_STR("demo: (the built-in provider)"));
    else
        (void)gw_buf_printf(into, "  %-12s %s://%.*s%.*s%.*s\n", "url",
                            provider->base_url.tls ? "https" : "http",
                            GW_STR_ARG(provider->base_url.authority),
                            GW_STR_ARG(provider->base_url.path), GW_STR_ARG(path));
    line(into, "credential", GW_STR("the caller's own, forwarded"));
    if (found->api == GW_MODEL_API_RESPONSES)
        line(into, "api", GW_STR("responses only"));
    (void)gw_buf_printf(into, "  %-12s connect %u ms, answer or first byte %u ms, silence %u ms\n",
                        "timeouts", found->timeouts.connect_ms, found->timeouts.total_ms,
                        found->timeouts.idle_ms);
}

enum gw_status gw_explain(const struct gw_config *config, struct gw_str endpoint,
                          struct gw_str model, struct gw_buf *into, struct gw_err *err)
{
    struct gw_resolution found;
    size_t kind = 0;

    while (endpoint.len && kind < GW_COUNT(kinds) && !gw_str_eq(kinds[kind].name, endpoint))
        kind++;
    if (kind == GW_COUNT(kinds))
        return gw_err_set(err, GW_INVALID,
                          "unknown endpoint \"%.*s\": one of chat, embeddings, audio_speech, "
                          "audio_transcription, image_generation, rerank",
                          (int)(endpoint.len < 60 ? endpoint.len : 60), endpoint.base);
    enum gw_status status = gw_resolve(config, model, kinds[kind].kind, &found, err);
    if (status != GW_OK)
        return status;
    (void)gw_buf_printf(into, "%.*s\n", GW_STR_ARG(model));
    explain_target(into, kind, &found);
    return GW_OK;
}
