#include "route/resolve.h"

static const struct gw_str separator = GW_STR_INIT("::");

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

static enum gw_status misfit(struct gw_err *err, const char *what,
                             const struct gw_route_config *route, enum gw_endpoint_kind kind)
{
    struct gw_str wanted = gw_endpoint_kind_name(route->endpoint),
                  asked = gw_endpoint_kind_name(kind);

    return gw_err_set(err, GW_UNSUPPORTED,
                      "the %s \"%.*s\" answers calls of the endpoint \"%.*s\", not \"%.*s\"", what,
                      GW_STR_ARG(route->name), GW_STR_ARG(wanted), GW_STR_ARG(asked));
}

static enum gw_status resolve_named(const struct gw_route_config *route, bool is_function,
                                    struct gw_str name, enum gw_endpoint_kind kind,
                                    struct gw_resolution *out, struct gw_err *err)
{
    const char *what = is_function ? "function" : "route";

    if (!route)
        return not_found(err, is_function ? "the function" : "the route", name);
    if (route->endpoint != kind)
        return misfit(err, what, route, kind);
    *out = (struct gw_resolution){.layer = is_function ? GW_LAYER_FUNCTION : GW_LAYER_ROUTE,
                                  .route = route};
    return GW_OK;
}

static enum gw_status resolve_prefixed(const struct gw_config *config, struct gw_str prefix,
                                       struct gw_str rest, enum gw_endpoint_kind kind,
                                       struct gw_resolution *out, struct gw_err *err)
{
    bool is_function = gw_str_eq(prefix, GW_STR("function"));
    bool is_route = gw_str_eq(prefix, GW_STR("route"));

    if (rest.len == 0)
        return gw_err_set(err, GW_INVALID, "the model has nothing behind its prefix");
    if (is_function)
        return resolve_named(gw_config_function(config, rest), true, rest, kind, out, err);
    if (is_route)
        return resolve_named(gw_config_route(config, rest), false, rest, kind, out, err);
    const struct gw_provider_config *provider = gw_config_provider(config, prefix);
    if (!provider)
        return not_found(err, "the provider", prefix);
    const struct gw_model_config *model = gw_config_provider_model(provider, rest);
    *out = model ? passthrough(model) : unlisted(config, provider, rest);
    out->prefix_bytes = prefix.len + separator.len;
    out->upstream_model = rest;
    return GW_OK;
}

/* Nobody answers; who would, for calls of another kind, is worth a word. */
static enum gw_status unknown(const struct gw_config *config, struct gw_str model,
                              const struct gw_route_config *function, enum gw_endpoint_kind kind,
                              struct gw_err *err)
{
    char shown[GW_QUOTE_BYTES];

    if (function)
        return misfit(err, "function", function, kind);
    for (unsigned other = 0; other < GW_ENDPOINTS; other++) {
        const struct gw_route_config *route =
            gw_config_route_for(config, model, (enum gw_endpoint_kind)other);
        struct gw_str wanted = gw_endpoint_kind_name((enum gw_endpoint_kind)other);
        if (route)
            return gw_err_set(err, GW_NOT_FOUND,
                              "could not find the model \"%s\" for this kind of call: the route "
                              "\"%.*s\" has it for \"%.*s\"",
                              gw_quote(model, shown), GW_STR_ARG(route->name), GW_STR_ARG(wanted));
    }
    return not_found(err, "the model", model);
}

static enum gw_status resolve_bare(const struct gw_config *config, struct gw_str model,
                                   enum gw_endpoint_kind kind, struct gw_resolution *out,
                                   struct gw_err *err)
{
    const struct gw_route_config *function = gw_config_function(config, model);

    if (function && function->endpoint == kind) {
        *out = (struct gw_resolution){.layer = GW_LAYER_FUNCTION, .route = function};
        return GW_OK;
    }
    const struct gw_route_config *route = gw_config_route_for(config, model, kind);
    if (route) {
        *out = (struct gw_resolution){.layer = GW_LAYER_ROUTE, .route = route};
        return GW_OK;
    }
    const struct gw_model_config *found = gw_config_model(config, model);
    if (!found)
        return unknown(config, model, function, kind, err);
    *out = passthrough(found);
    out->upstream_model = model;
    return GW_OK;
}

enum gw_status gw_resolve(const struct gw_config *config, struct gw_str model,
                          enum gw_endpoint_kind kind, struct gw_resolution *resolution_out,
                          struct gw_err *err)
{
    size_t prefix_len = gw_str_find_str(model, separator);

    if (model.len == 0)
        return gw_err_set(err, GW_INVALID, "the model is empty");
    if (prefix_len == model.len)
        return resolve_bare(config, model, kind, resolution_out, err);
    struct gw_resolution found;
    enum gw_status status =
        resolve_prefixed(config, (struct gw_str){model.base, prefix_len},
                         gw_str_from(model, prefix_len + separator.len), kind, &found, err);
    if (status == GW_OK)
        *resolution_out = found;
    return status;
}
