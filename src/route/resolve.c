#include "route/resolve.h"

static enum gw_status not_found(struct gw_err *err, const char *what, struct gw_str name)
{
    char shown[GW_QUOTE_BYTES];

    return gw_err_set(err, GW_NOT_FOUND, "could not find %s \"%s\"", what, gw_quote(name, shown));
}

static struct gw_resolution passthrough(const struct gw_model_config *model)
{
    return (struct gw_resolution){
        .layer = GW_LAYER_PASSTHROUGH,
        .provider = model->provider,
        .model = model,
        .upstream_model = model->name,
        .api = model->api,
        .timeouts = model->timeouts,
    };
}

/* The provider need not list the model; [models.MODEL] holds for it all the same. */
static struct gw_resolution unlisted(const struct gw_config *config,
                                     const struct gw_provider_config *provider, struct gw_str model)
{
    const struct gw_model_settings *settings = gw_config_model_settings(config, model);
    struct gw_resolution found = {
        .layer = GW_LAYER_PASSTHROUGH,
        .provider = provider,
        .upstream_model = model,
        .timeouts = provider->timeouts,
    };

    if (settings) {
        found.api = settings->api;
        if (settings->timeout_ms)
            found.timeouts.total_ms = settings->timeout_ms;
    }
    return found;
}

static enum gw_status resolve_prefixed(const struct gw_config *config, struct gw_str prefix,
                                       struct gw_str rest, struct gw_resolution *out,
                                       struct gw_err *err)
{
    bool is_function = gw_str_eq(prefix, GW_STR("function"));
    bool is_route = gw_str_eq(prefix, GW_STR("route"));

    if (rest.len == 0)
        return gw_err_set(err, GW_INVALID, "the model has nothing behind its prefix");
    if (is_function)
        return not_found(err, "the function", rest);
    if (is_route)
        return not_found(err, "the route", rest);
    const struct gw_provider_config *provider = gw_config_provider(config, prefix);
    if (!provider)
        return not_found(err, "the provider", prefix);
    const struct gw_model_config *model = gw_config_provider_model(provider, rest);
    *out = model ? passthrough(model) : unlisted(config, provider, rest);
    return GW_OK;
}

enum gw_status gw_resolve(const struct gw_config *config, struct gw_str model,
                          enum gw_endpoint_kind kind, struct gw_resolution *resolution_out,
                          struct gw_err *err)
{
    static const struct gw_str separator = GW_STR_INIT("::");
    size_t prefix_len = gw_str_find_str(model, separator);

    (void)kind; /* only routes ask, and there are none yet */
    if (model.len == 0)
        return gw_err_set(err, GW_INVALID, "the model is empty");
    if (prefix_len == model.len) {
        const struct gw_model_config *found = gw_config_model(config, model);
        if (!found)
            return not_found(err, "the model", model);
        *resolution_out = passthrough(found);
        resolution_out->upstream_model = model;
        return GW_OK;
    }
    size_t cut = prefix_len + separator.len;
    struct gw_str rest = gw_str_from(model, cut);
    struct gw_resolution found;
    enum gw_status status =
        resolve_prefixed(config, (struct gw_str){model.base, prefix_len}, rest, &found, err);
    if (status != GW_OK)
        return status;
    found.prefix_bytes = cut;
    found.upstream_model = rest;
    *resolution_out = found;
    return GW_OK;
}
