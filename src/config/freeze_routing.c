/*
 * From what was read to the snapshot: targets, routes and functions.
 *
 * All that names lead to has been found by the checks, so nothing can fail here but memory.
 */
#include "config/config_private.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/* The inside of a JSON string. There are no control characters in a model's name. */
static struct gw_str json_inside(struct gw_arena *arena, struct gw_str text)
{
    size_t extra = 0, used = 0;

    for (size_t i = 0; i < text.len; i++)
        extra += text.base[i] == '"' || text.base[i] == '\\';
    if (extra == 0)
        return text;
    char *copy = gw_arena_bytes(arena, text.len + extra);
    if (!copy)
        return (struct gw_str){NULL, 0};
    for (size_t i = 0; i < text.len; i++) {
        if (text.base[i] == '"' || text.base[i] == '\\')
            copy[used++] = '\\';
        copy[used++] = text.base[i];
    }
    return (struct gw_str){copy, used};
}

static struct gw_target_credential credential_of_provider(const struct gw_key_entry *provider)
{
    return ((const struct gw_raw_provider *)provider->value)->managed;
}

static const struct gw_model_config *
model_at(const struct gw_config *config, const struct gw_key_entry *provider, struct gw_str model)
{
    return gw_config_provider_model(gw_config_provider(config, provider->name), model);
}

/* Where new targets go; `at` is the number of those that are there. */
struct making {
    struct gw_arena *arena;
    struct gw_target_config *targets;
    uint32_t at;
};

/* @return NULL when out of memory */
static struct gw_target_config *add_target(struct making *making, struct gw_str name,
                                           const struct gw_model_config *model, uint32_t weight,
                                           const struct gw_target_credential *credential)
{
    struct gw_target_config *target = &making->targets[making->at];

    *target = (struct gw_target_config){
        .name = name,
        .index = making->at++,
        .model = model,
        .model_json = json_inside(making->arena, model->name),
        .timeouts = model->timeouts,
        .weight = weight,
        .credential = *credential,
    };
    return target->name.base && target->model_json.base ? target : NULL;
}

/* For a model that a function names: "PROVIDER::MODEL". */
static struct gw_target_config *make_target(struct making *making, const struct gw_config *config,
                                            const struct gw_key_entry *provider,
                                            struct gw_str model, uint32_t weight)
{
    struct gw_target_credential credential = credential_of_provider(provider);
    struct gw_str name =
        gw_arena_printf(making->arena, "%.*s::%.*s", GW_STR_ARG(provider->name), GW_STR_ARG(model));

    return add_target(making, name, model_at(config, provider, model), weight, &credential);
}

static bool freeze_targets(struct making *making, const struct gw_raw_config *raw,
                           const struct gw_config *config)
{
    for (const struct gw_key_entry *entry = raw->targets.first; entry; entry = entry->next) {
        struct gw_raw_target *from = entry->value;
        struct gw_target_credential credential = credential_of_provider(from->at);
        if (from->credential.len)
            credential = (struct gw_target_credential){from->credential, GW_CREDENTIAL_OF_TARGET,
                                                       from->secret};
        from->index = making->at;
        struct gw_target_config *target =
            add_target(making, entry->name, model_at(config, from->at, from->model), from->weight,
                       &credential);
        if (!target)
            return false;
        if (from->timeout_ms)
            target->timeouts.total_ms = from->timeout_ms;
    }
    return true;
}

/* ---- variants ---- */

/* The shortest text that reads back as the same number. In the locale "C", whatever the process
 * has: JSON knows no other point. */
static struct gw_str number_text(struct gw_arena *arena, double number)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    char text[40] = "";

    if (plain == (locale_t)0)
        return (struct gw_str){NULL, 0};
    locale_t before = uselocale(plain);
    for (int digits = 1; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, number);
        if (!(strtod(text, NULL) < number) && !(strtod(text, NULL) > number))
            break;
    }
    (void)uselocale(before);
    freelocale(plain);
    return gw_arena_str(arena, gw_str_of(text));
}

/* The value as JSON; words of `reasoning_effort` need no escapes. */
static struct gw_str param_text(struct gw_arena *arena, const struct gw_toml_node *node)
{
    if (node->type == GW_TOML_STRING)
        return gw_arena_printf(arena, "\"%.*s\"", GW_STR_ARG(node->u.string));
    if (node->type == GW_TOML_INTEGER)
        return gw_arena_printf(arena, "%lld", (long long)node->u.integer);
    return number_text(arena, node->u.number);
}

static bool freeze_params(struct gw_arena *arena, const struct gw_toml_node *table,
                          struct gw_target_config *target)
{
    for (unsigned i = 0; i < GW_PARAMS; i++) {
        const struct gw_toml_node *node = gw_toml_get(table, gw_param_name((enum gw_param)i));
        if (!node)
            continue;
        target->params[i] = param_text(arena, node);
        target->has_params = true;
        if (!target->params[i].base)
            return false;
    }
    return true;
}

/* ---- steps ---- */

static enum gw_strategy strategy_of(enum gw_raw_strategy strategy)
{
    return strategy == GW_RAW_STRATEGY_NONE ? GW_STRATEGY_SINGLE
                                            : (enum gw_strategy)(strategy - GW_RAW_STRATEGY_FIRST);
}

/* Room for a step's targets: the caller writes them. */
static const struct gw_target_config **begin_step(struct gw_arena *arena,
                                                  struct gw_step_config *step,
                                                  enum gw_strategy strategy, size_t count)
{
    const struct gw_target_config **targets = gw_arena_alloc(arena, count * sizeof(void *));

    *step = (struct gw_step_config){.strategy = strategy, .targets = targets};
    return targets;
}

static void add_to_step(struct gw_step_config *step, const struct gw_target_config **targets,
                        const struct gw_target_config *target)
{
    targets[step->targets_count++] = target;
    step->weights_sum += target->weight;
}

/* Targets by their names. */
static bool freeze_step(struct gw_loader *loader, const struct gw_config *config,
                        enum gw_raw_strategy strategy, const struct gw_key_strings *names,
                        struct gw_step_config *step)
{
    const struct gw_target_config **targets =
        begin_step(loader->arena, step, strategy_of(strategy), names->count);

    if (!targets)
        return false;
    for (const struct gw_toml_node *item = names->nodes; item; item = item->next) {
        const struct gw_key_entry *entry = gw_map_get(&loader->targets, item->u.string);
        const struct gw_raw_target *target = entry->value;
        add_to_step(step, targets, &config->targets[target->index]);
    }
    return true;
}

static bool freeze_models(struct gw_loader *loader, struct making *making,
                          const struct gw_config *config, const struct gw_raw_route *from,
                          struct gw_step_config *step)
{
    const struct gw_target_config **targets =
        begin_step(loader->arena, step, strategy_of(from->strategy), from->models.count);

    if (!targets)
        return false;
    for (const struct gw_toml_node *item = from->models.nodes; item; item = item->next) {
        const struct gw_listing *listing = gw_map_get(&loader->listings, item->u.string);
        const struct gw_target_config *target =
            make_target(making, config, listing->provider, item->u.string, 1);
        if (!target)
            return false;
        add_to_step(step, targets, target);
    }
    return true;
}

static bool freeze_variants(struct gw_loader *loader, struct making *making,
                            const struct gw_config *config, const struct gw_raw_route *from,
                            struct gw_step_config *step)
{
    const struct gw_target_config **targets =
        begin_step(loader->arena, step, GW_STRATEGY_EXPERIMENT, from->variants.count);

    if (!targets)
        return false;
    for (const struct gw_key_entry *entry = from->variants.first; entry; entry = entry->next) {
        const struct gw_raw_variant *variant = entry->value;
        struct gw_target_config *target =
            make_target(making, config, variant->at, variant->model, variant->weight);
        if (!target || !freeze_params(loader->arena, entry->node, target))
            return false;
        target->variant = entry->name;
        add_to_step(step, targets, target);
    }
    return true;
}

static bool freeze_steps(struct gw_loader *loader, struct making *making,
                         const struct gw_config *config, const struct gw_raw_route *from,
                         struct gw_route_config *route)
{
    size_t count = from->steps.count ? from->steps.count : 1;
    struct gw_step_config *steps = gw_arena_zalloc(loader->arena, count * sizeof *steps);
    bool good = steps != NULL;

    route->steps = steps;
    route->has_steps = from->steps.count != 0;
    route->steps_count = good ? (uint32_t)count : 0;
    if (!good)
        return false;
    if (route->has_steps) {
        struct gw_step_config *step = steps;
        for (struct gw_key_entry *entry = from->steps.first; entry && good; entry = entry->next) {
            const struct gw_raw_step *one = entry->value;
            good = freeze_step(loader, config, one->strategy, &one->targets, step++);
        }
    } else if (from->targets.count) {
        good = freeze_step(loader, config, from->strategy, &from->targets, steps);
    } else if (from->variants.count) {
        good = freeze_variants(loader, making, config, from, steps);
    } else {
        good = freeze_models(loader, making, config, from, steps);
    }
    for (uint32_t i = 0; i < route->steps_count; i++) {
        steps[i].first = route->targets_count;
        route->targets_count += steps[i].targets_count;
    }
    return good;
}

/* ---- routes and functions ---- */

static bool freeze_route(struct gw_loader *loader, struct making *making,
                         const struct gw_raw_config *raw, const struct gw_config *config,
                         const struct gw_key_entry *entry, struct gw_route_config *route)
{
    const struct gw_raw_route *from = entry->value;

    route->name = entry->name;
    route->endpoint = from->endpoint;
    route->retry = gw_config_retry(raw, entry->node, from);
    return freeze_steps(loader, making, config, from, route);
}

/* The names that a route answers to. A name that stands in the map already was refused. */
static bool freeze_names(struct gw_loader *loader, struct gw_config *config,
                         const struct gw_raw_route *from, struct gw_route_config *route)
{
    struct gw_str *models =
        gw_arena_alloc(loader->arena, (from->models.count + 1) * sizeof *models);

    if (!models)
        return false;
    route->models = models;
    for (const struct gw_toml_node *item = from->models.nodes; item; item = item->next) {
        models[route->models_count++] = item->u.string;
        if (!gw_map_add(&config->route_by_model[route->endpoint], item->u.string, route))
            return false;
    }
    return gw_map_add(&config->route_by_name, route->name, route);
}

/* The route of a target that nothing names. */
static bool freeze_bare(struct gw_loader *loader, const struct gw_raw_config *raw,
                        struct gw_config *config, const struct gw_target_config *target,
                        struct gw_route_config *route)
{
    struct gw_step_config *step = gw_arena_alloc(loader->arena, sizeof *step);
    const struct gw_target_config **targets =
        step ? begin_step(loader->arena, step, GW_STRATEGY_SINGLE, 1) : NULL;

    if (!targets)
        return false;
    add_to_step(step, targets, target);
    *route = (struct gw_route_config){
        .name = target->name,
        .layer = GW_ROUTE_BY_TARGET,
        .endpoint = GW_ENDPOINT_CHAT,
        .models = &target->model->name,
        .models_count = 1,
        .steps = step,
        .steps_count = 1,
        .targets_count = 1,
        .retry = raw->routing.retry,
    };
    return gw_map_add(&config->route_by_model[GW_ENDPOINT_CHAT], target->model->name, route);
}

static bool freeze_routes(struct gw_loader *loader, struct making *making,
                          const struct gw_raw_config *raw, struct gw_config *config)
{
    size_t room = raw->routes.count + raw->targets.count + 1;
    struct gw_route_config *routes = gw_arena_zalloc(loader->arena, room * sizeof *routes);

    if (!routes)
        return false;
    config->routes = routes;
    for (const struct gw_key_entry *entry = raw->routes.first; entry; entry = entry->next) {
        struct gw_route_config *route = &routes[config->routes_count++];
        route->layer = GW_ROUTE_BY_TABLE;
        if (!freeze_route(loader, making, raw, config, entry, route) ||
            !freeze_names(loader, config, entry->value, route))
            return false;
    }
    for (const struct gw_key_entry *entry = raw->targets.first; entry; entry = entry->next) {
        const struct gw_raw_target *target = entry->value;
        if (!target->is_named && !target->is_hidden &&
            !freeze_bare(loader, raw, config, &config->targets[target->index],
                         &routes[config->routes_count++]))
            return false;
    }
    return true;
}

static bool freeze_functions(struct gw_loader *loader, struct making *making,
                             const struct gw_raw_config *raw, struct gw_config *config)
{
    struct gw_route_config *functions =
        gw_arena_zalloc(loader->arena, (raw->functions.count + 1) * sizeof *functions);

    if (!functions)
        return false;
    config->functions = functions;
    for (const struct gw_key_entry *entry = raw->functions.first; entry; entry = entry->next) {
        struct gw_route_config *function = &functions[config->functions_count++];
        function->layer = GW_ROUTE_FUNCTION;
        if (!freeze_route(loader, making, raw, config, entry, function) ||
            !gw_map_add(&config->function_by_name, function->name, function))
            return false;
    }
    return true;
}

bool gw_config_freeze_routing(struct gw_loader *loader, const struct gw_raw_config *raw,
                              struct gw_config *config)
{
    size_t count = raw->targets.count;

    for (const struct gw_key_entry *entry = raw->functions.first; entry; entry = entry->next) {
        const struct gw_raw_route *function = entry->value;
        count += function->models.count + function->variants.count;
    }
    struct making making = {
        .arena = loader->arena,
        .targets = gw_arena_zalloc(loader->arena, (count + 1) * sizeof(struct gw_target_config)),
    };
    if (!making.targets)
        return false;
    config->targets = making.targets;
    config->breaker = raw->routing.breaker;
    if (!freeze_targets(&making, raw, config) || !freeze_routes(loader, &making, raw, config) ||
        !freeze_functions(loader, &making, raw, config))
        return false;
    config->targets_count = making.at;
    return true;
}
