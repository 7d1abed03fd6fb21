/*
 * What no single key can tell about targets and routes, and what follows for targets that nothing
 * names.
 */
#include "config/check_private.h"

static void check_targets(struct gw_loader *loader, struct gw_raw_config *raw,
                          const struct gw_read_scope *outer)
{
    for (struct gw_key_entry *entry = raw->targets.first; entry; entry = entry->next) {
        const struct gw_read_scope scope = {outer, entry->name, NULL, entry->node};
        struct gw_raw_target *target = entry->value;
        gw_check_name(loader, &scope, "a target");
        target->at = gw_check_provider_of(loader, raw, &scope, target->model, target->provider);
        if (!gw_map_add(&loader->targets, entry->name, entry))
            loader->out_of_memory = true;
    }
}

/* The endpoint is the one that stands there, or none does. */
static bool endpoint_is_good(const struct gw_key_entry *entry)
{
    const struct gw_raw_route *route = entry->value;
    const struct gw_toml_node *node = gw_toml_get(entry->node, GW_STR("endpoint"));

    return !node || (node->type == GW_TOML_STRING &&
                     gw_str_eq(node->u.string, gw_endpoint_kind_name(route->endpoint)));
}

static void report_claimed(struct gw_loader *loader, const struct gw_read_scope *scope,
                           const struct gw_toml_node *item, const struct gw_key_entry *owner)
{
    const struct gw_raw_route *route = owner->value;
    struct gw_str kind = gw_endpoint_kind_name(route->endpoint);
    char shown[GW_QUOTE_BYTES], first[GW_QUOTE_BYTES], second[GW_QUOTE_BYTES];

    gw_check_report(loader, GW_PROBLEM_ERROR, scope, "models", &item->at,
                    ": \"%s\" is a name of routes.%s already, of the same endpoint (%.*s): leave "
                    "it out of one of them (route::%s and route::%s stay), or make one route of "
                    "both",
                    gw_quote(item->u.string, shown), gw_quote(owner->name, first), GW_STR_ARG(kind),
                    first, gw_quote(scope->name, second));
}

/* `names`: of the routes of this kind so far. */
static void check_route_models(struct gw_loader *loader, const struct gw_read_scope *scope,
                               struct gw_key_entry *entry, struct gw_map *names)
{
    const struct gw_toml_node *list = gw_check_list(scope, "models");
    char shown[GW_QUOTE_BYTES];

    for (const struct gw_toml_node *item = list ? list->first : NULL; item; item = item->next) {
        if (item->type != GW_TOML_STRING || item->u.string.len == 0 ||
            !gw_check_model_name(loader, scope, item))
            continue;
        if (gw_str_find_str(item->u.string, GW_STR("::")) != item->u.string.len)
            gw_check_report(loader, GW_PROBLEM_WARNING, scope, "models", &item->at,
                            ": \"%s\" has \"::\" in it, so it leads to a provider and never here",
                            gw_quote(item->u.string, shown));
        const struct gw_key_entry *owner = gw_map_get(names, item->u.string);
        if (owner == entry)
            gw_check_report(loader, GW_PROBLEM_ERROR, scope, "models", &item->at,
                            " names \"%s\" twice", gw_quote(item->u.string, shown));
        else if (owner)
            report_claimed(loader, scope, item, owner);
        else if (!gw_map_add(names, item->u.string, entry))
            loader->out_of_memory = true;
    }
}

static void check_route(struct gw_loader *loader, const struct gw_raw_config *raw,
                        const struct gw_read_scope *scope, struct gw_key_entry *entry,
                        struct gw_map names[GW_ENDPOINTS])
{
    const struct gw_raw_route *route = entry->value;
    const struct gw_toml_node *targets = gw_toml_get(entry->node, GW_STR("targets"));
    const struct gw_toml_node *steps = gw_toml_get(entry->node, GW_STR("steps"));

    gw_check_name(loader, scope, "a route");
    if (endpoint_is_good(entry))
        check_route_models(loader, scope, entry, &names[route->endpoint]);
    struct gw_choice choice = gw_check_targets(loader, raw, scope);
    gw_check_count(loader, scope, "targets", choice.count);
    if (gw_check_list(scope, "steps")) {
        gw_check_steps(loader, raw, scope, route);
        if (choice.count)
            gw_check_report(loader, GW_PROBLEM_WARNING, scope, "targets", &targets->at,
                            " has no effect beside steps: these win");
    } else if (choice.count) {
        gw_check_strategy(loader, scope, route->strategy, &choice);
    } else if (targets && targets->type == GW_TOML_ARRAY) {
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, "targets", &targets->at,
                        " must not be empty: without targets nothing answers");
    } else if (!targets && (!steps || steps->type == GW_TOML_ARRAY)) {
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, NULL, &entry->node->key_at,
                        " needs targets = [\"NAME\", …] or [[routes.NAME.steps]]: without them "
                        "nothing answers");
    }
}

/* A target that nothing names makes a route for its model, unless a route answers to that name.
 * @param routes  those of chat
 * @param bare    by model, the targets of this kind so far */
static void check_bare(struct gw_loader *loader, const struct gw_read_scope *scope,
                       struct gw_key_entry *entry, const struct gw_map *routes, struct gw_map *bare)
{
    struct gw_raw_target *target = entry->value;
    const struct gw_key_entry *route = gw_map_get(routes, target->model);
    const struct gw_key_entry *first = gw_map_get(bare, target->model);
    char shown[GW_QUOTE_BYTES], one[GW_QUOTE_BYTES], other[GW_QUOTE_BYTES];

    (void)gw_quote(target->model, shown);
    if (route) {
        target->is_hidden = true;
        gw_check_report(loader, GW_PROBLEM_WARNING, scope, NULL, &entry->node->key_at,
                        ": nothing leads to it: no route and no function names it, and \"%s\" goes "
                        "to routes.%s",
                        shown, gw_quote(route->name, one));
    } else if (first) {
        gw_check_report(
            loader, GW_PROBLEM_ERROR, scope, NULL, &entry->node->key_at,
            ": \"%s\" goes to targets.%s already, which no route and no function names either: "
            "make a [routes.NAME] with models = [\"%s\"], targets = [\"%s\", \"%s\"] and a "
            "strategy",
            shown, gw_quote(first->name, one), shown, one, gw_quote(entry->name, other));
    } else if (!gw_map_add(bare, target->model, entry)) {
        loader->out_of_memory = true;
    }
}

static void check_bare_targets(struct gw_loader *loader, struct gw_raw_config *raw,
                               const struct gw_read_scope *outer, const struct gw_map *routes,
                               struct gw_map *bare)
{
    for (struct gw_key_entry *entry = raw->targets.first; entry; entry = entry->next) {
        const struct gw_read_scope scope = {outer, entry->name, NULL, entry->node};
        const struct gw_raw_target *target = entry->value;
        if (!target->is_named && target->at)
            check_bare(loader, &scope, entry, routes, bare);
    }
}

/* ---- models at several providers ---- */

static bool is_routed(struct gw_str model, const struct gw_map routes[GW_ENDPOINTS],
                      const struct gw_map *bare)
{
    bool routed = gw_map_get(bare, model) != NULL;

    for (unsigned kind = 0; kind < GW_ENDPOINTS; kind++)
        routed = routed || gw_map_get(&routes[kind], model);
    return routed;
}

/* A model at more than one provider goes to the first, unless a route says who it is that answers.
 */
static void check_listings(struct gw_loader *loader, const struct gw_key_entry *provider,
                           const struct gw_map routes[GW_ENDPOINTS], const struct gw_map *bare)
{
    const struct gw_toml_node *list = gw_toml_get(provider->node, GW_STR("models"));
    char shown[GW_QUOTE_BYTES], first[GW_QUOTE_BYTES], second[GW_QUOTE_BYTES];

    for (const struct gw_toml_node *item = list && list->type == GW_TOML_ARRAY ? list->first : NULL;
         item; item = item->next) {
        const struct gw_listing *listing =
            item->type == GW_TOML_STRING ? gw_map_get(&loader->listings, item->u.string) : NULL;
        if (!listing || listing->provider == provider || is_routed(item->u.string, routes, bare))
            continue;
        gw_problems_add(loader->problems, GW_PROBLEM_WARNING, &item->at,
                        "\"%s\" is listed by the providers %s and %s: without a prefix it goes "
                        "to %s, which was declared first",
                        gw_quote(item->u.string, shown), gw_quote(listing->provider->name, first),
                        gw_quote(provider->name, second), first);
    }
}

/* ---- retry ---- */

struct gw_retry_config gw_config_retry(const struct gw_raw_config *raw,
                                       const struct gw_toml_node *node,
                                       const struct gw_raw_route *route)
{
    const struct gw_toml_node *own = gw_toml_get(node, GW_STR("retry"));
    struct gw_retry_config retry = raw->routing.retry;

    if (!own)
        return retry;
    if (gw_toml_get(own, GW_STR("max_retries")))
        retry.max_retries = route->retry.max_retries;
    if (gw_toml_get(own, GW_STR("backoff_base_ms")))
        retry.backoff_base_ms = route->retry.backoff_base_ms;
    if (gw_toml_get(own, GW_STR("backoff_max_ms")))
        retry.backoff_max_ms = route->retry.backoff_max_ms;
    return retry;
}

/* Not there, or the value that was read: a bad one is not. */
static bool is_read(const struct gw_toml_node *table, const char *key, uint32_t value)
{
    const struct gw_toml_node *node = gw_toml_get(table, gw_str_of(key));

    return !node || (node->type == GW_TOML_INTEGER && node->u.integer == (int64_t)value);
}

/* @param node  the `retry` table, if there is one */
static void check_retry(struct gw_loader *loader, const struct gw_read_scope *outer,
                        const struct gw_toml_node *node, const struct gw_retry_config *retry)
{
    const struct gw_read_scope scope = {outer, GW_STR("retry"), NULL, node};
    const char *key = "backoff_base_ms";

    if (!node || retry->backoff_base_ms <= retry->backoff_max_ms ||
        !is_read(node, "backoff_base_ms", retry->backoff_base_ms) ||
        !is_read(node, "backoff_max_ms", retry->backoff_max_ms))
        return;
    if (!gw_toml_get(node, gw_str_of(key)))
        key = "backoff_max_ms";
    if (!gw_toml_get(node, gw_str_of(key)))
        return; /* both are those of [routing.retry], where it is said */
    gw_check_report(loader, GW_PROBLEM_WARNING, &scope, key, gw_config_at(node, key),
                    ": the first wait of %u ms is cut to backoff_max_ms, which is %u",
                    retry->backoff_base_ms, retry->backoff_max_ms);
}

static void check_retries(struct gw_loader *loader, const struct gw_raw_config *raw,
                          const struct gw_read_scope *outer, const struct gw_key_entries *entries)
{
    for (const struct gw_key_entry *entry = entries->first; entry; entry = entry->next) {
        const struct gw_toml_node *node = gw_toml_get(entry->node, GW_STR("retry"));
        const struct gw_read_scope scope = {outer, entry->name, NULL, entry->node};
        struct gw_retry_config retry;
        if (!node)
            continue;
        retry = gw_config_retry(raw, entry->node, entry->value);
        check_retry(loader, &scope, node, &retry);
    }
}

void gw_config_check_routing(struct gw_loader *loader, struct gw_raw_config *raw)
{
    const struct gw_read_scope targets = {NULL, GW_STR("targets"), NULL, raw->root};
    const struct gw_read_scope routes = {NULL, GW_STR("routes"), NULL, raw->root};
    const struct gw_read_scope functions = {NULL, GW_STR("functions"), NULL, raw->root};
    const struct gw_read_scope routing = {NULL, GW_STR("routing"), NULL, raw->root};
    const struct gw_toml_node *node = gw_toml_get(raw->root, GW_STR("routing"));
    struct gw_map names[GW_ENDPOINTS], bare;

    gw_map_init(&bare);
    for (unsigned kind = 0; kind < GW_ENDPOINTS; kind++)
        gw_map_init(&names[kind]);
    check_targets(loader, raw, &targets);
    for (struct gw_key_entry *entry = raw->routes.first; entry; entry = entry->next) {
        const struct gw_read_scope scope = {&routes, entry->name, NULL, entry->node};
        check_route(loader, raw, &scope, entry, names);
    }
    gw_check_functions(loader, raw, names);
    check_bare_targets(loader, raw, &targets, &names[GW_ENDPOINT_CHAT], &bare);
    for (const struct gw_key_entry *entry = raw->providers.first; entry; entry = entry->next)
        check_listings(loader, entry, names, &bare);
    if (node)
        check_retry(loader, &routing, gw_toml_get(node, GW_STR("retry")), &raw->routing.retry);
    check_retries(loader, raw, &routes, &raw->routes);
    check_retries(loader, raw, &functions, &raw->functions);
    gw_map_finish(&bare);
    for (unsigned kind = 0; kind < GW_ENDPOINTS; kind++)
        gw_map_finish(&names[kind]);
}
