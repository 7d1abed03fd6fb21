/* Configuration files of any kind: refused with reasons that can be printed, or a snapshot in which
 * all hangs together. */
#include "route/resolve.h"

#include <stdlib.h>

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_problems(const struct gw_problems *problems, enum gw_status status,
                           uint32_t lines)
{
    struct gw_buf printed;
    unsigned errors = 0;

    for (size_t i = 0; i < problems->count; i++) {
        const struct gw_problem *problem = &problems->list[i];
        errors += problem->severity == GW_PROBLEM_ERROR;
        check(problem->at.line <= lines && problem->text.len > 0);
        check(i == 0 || problems->list[i - 1].at.line <= problem->at.line);
        for (size_t j = 0; j < problem->text.len; j++)
            check((unsigned char)problem->text.base[j] >= 0x20);
    }
    check(errors <= problems->errors && (status == GW_OK) == (problems->errors == 0));
    gw_buf_init(&printed, 4 << 20);
    check(gw_problems_print(problems, &printed) == GW_OK);
    gw_buf_finish(&printed);
}

static void check_model(const struct gw_config *config, const struct gw_model_config *model)
{
    char name[GW_CONFIG_NAME_BYTES_MAX + 2 + GW_CONFIG_MODEL_BYTES_MAX];
    const struct gw_provider_config *provider = model->provider;
    struct gw_resolution found;
    size_t cut = provider->name.len + 2;

    check(model->name.len > 0 && model->name.len <= GW_CONFIG_MODEL_BYTES_MAX);
    check(model->timeouts.total_ms > 0 && model->timeouts.connect_ms > 0);
    check(provider >= config->providers && provider < config->providers + config->providers_count);
    /* Every listed model is reached by its prefix, whatever else there is. */
    memcpy(name, provider->name.base, provider->name.len);
    memcpy(name + provider->name.len, "::", 2);
    memcpy(name + cut, model->name.base, model->name.len);
    check(gw_resolve(config, (struct gw_str){name, cut + model->name.len}, GW_ENDPOINT_CHAT, &found,
                     NULL) == GW_OK);
    check(found.model == model && found.provider == provider && found.prefix_bytes == cut);
    check(gw_str_eq(found.upstream_model, model->name));
    /* And without one, by the first that lists it. */
    const struct gw_model_config *first = gw_config_model(config, model->name);
    check(first && first->index <= model->index && gw_str_eq(first->name, model->name));
}

static bool is_name(struct gw_str name)
{
    return name.len > 0 && name.len <= GW_CONFIG_NAME_BYTES_MAX;
}

static void check_target(const struct gw_config *config, const struct gw_target_config *target)
{
    check(target >= config->targets && target < config->targets + config->targets_count);
    check(target->index == (uint32_t)(target - config->targets) && target->name.len > 0);
    check(target->model >= config->models && target->model < config->models + config->models_count);
    check(target->model_json.len >= target->model->name.len);
    check(target->timeouts.total_ms > 0 && target->timeouts.idle_ms > 0);
    check(target->credential.place.len > 0);
    for (unsigned i = 0; i < GW_PARAMS; i++)
        check(target->params[i].base == NULL ||
              (target->has_params && target->variant.len > 0 && target->params[i].len > 0));
}

static void check_step(const struct gw_config *config, const struct gw_step_config *step)
{
    uint64_t sum = 0;

    check(step->targets_count > 0);
    check(step->strategy != GW_STRATEGY_SINGLE || step->targets_count == 1);
    for (uint32_t i = 0; i < step->targets_count; i++) {
        check_target(config, step->targets[i]);
        check((step->strategy == GW_STRATEGY_EXPERIMENT) == (step->targets[i]->variant.len > 0));
        sum += step->targets[i]->weight;
    }
    check(step->weights_sum == sum);
    check(sum > 0 || step->strategy == GW_STRATEGY_SINGLE ||
          step->strategy == GW_STRATEGY_FALLBACK);
}

static void check_route(const struct gw_config *config, const struct gw_route_config *route)
{
    uint32_t count = 0;

    check(is_name(route->name) && (unsigned)route->endpoint < GW_ENDPOINTS);
    check(route->steps_count > 0 && (route->has_steps || route->steps_count == 1));
    for (uint32_t i = 0; i < route->steps_count; i++) {
        check(route->steps[i].first == count);
        check_step(config, &route->steps[i]);
        count += route->steps[i].targets_count;
    }
    check(route->targets_count == count && count <= GW_ROUTE_TARGETS_MAX);
    for (uint32_t i = 0; i < route->models_count; i++)
        check(gw_config_route_for(config, route->models[i], route->endpoint) == route);
    switch (route->layer) {
    case GW_ROUTE_BY_TARGET:
        check(route->models_count == 1 && count == 1 && route->endpoint == GW_ENDPOINT_CHAT);
        break;
    case GW_ROUTE_BY_TABLE:
        check(gw_config_route(config, route->name) == route);
        break;
    case GW_ROUTE_FUNCTION:
        check(gw_config_function(config, route->name) == route && route->models_count == 0);
        break;
    }
}

static void check_routing(const struct gw_config *config)
{
    for (uint32_t i = 0; i < config->targets_count; i++)
        check_target(config, &config->targets[i]);
    for (uint32_t i = 0; i < config->routes_count; i++) {
        check(config->routes[i].layer != GW_ROUTE_FUNCTION);
        check_route(config, &config->routes[i]);
    }
    for (uint32_t i = 0; i < config->functions_count; i++) {
        check(config->functions[i].layer == GW_ROUTE_FUNCTION);
        check_route(config, &config->functions[i]);
    }
    check(config->breaker.failures > 0 && config->breaker.open_ms > 0);
}

static void check_config(const struct gw_config *config)
{
    check(config->server.workers >= 1 && config->server.port <= 65535);
    check(config->access_log.fields != 0 && config->metrics.path.base[0] == '/');
    for (uint32_t i = 0; i < config->providers_count; i++) {
        const struct gw_provider_config *provider = &config->providers[i];
        check(provider->index == i && gw_config_provider(config, provider->name) == provider);
        check(provider->auth.name.len > 0 && provider->max_connections > 0);
        check(provider->base_url.demo || provider->base_url.host.len > 0);
        check(!provider->responses || provider->dialect == GW_DIALECT_OPENAI);
    }
    for (uint32_t i = 0; i < config->models_count; i++) {
        check(config->models[i].index == i);
        check_model(config, &config->models[i]);
    }
    check_routing(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_problems problems;
    struct gw_config *config = NULL;
    uint32_t lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    gw_problems_init(&problems);
    enum gw_status status = gw_config_parse((struct gw_str){(const char *)data, size}, GW_STR("f"),
                                            GW_CONFIG_TO_SERVE, &problems, &config);
    check((status == GW_OK) == (config != NULL));
    check_problems(&problems, status, lines);
    if (config)
        check_config(config);
    gw_config_release(config);
    gw_problems_finish(&problems);
    return 0;
}
