/*
 * What no single key can tell about functions and the variants of experiments.
 */
#include "config/check_private.h"

#include <stdio.h>

/* What a function can be made of; in the order in which the first is taken. */
enum source { MODELS, TARGETS, STEPS, VARIANTS, SOURCES };
static const char *const source_keys[SOURCES] = {"models", "targets", "steps", "variants"};

/* Not when it is empty: a list of nothing is no answer. */
static bool has(const struct gw_read_scope *scope, const char *key)
{
    const struct gw_toml_node *node = gw_toml_get(scope->node, gw_str_of(key));

    return node && ((node->type != GW_TOML_ARRAY && node->type != GW_TOML_TABLE) || node->first);
}

/* Exactly one. @return SOURCES: none, or several, which was reported */
static enum source find_source(struct gw_loader *loader, const struct gw_read_scope *scope)
{
    enum source found[SOURCES];
    char names[64] = "";
    size_t count = 0, used = 0;

    for (unsigned i = 0; i < SOURCES; i++) {
        if (!has(scope, source_keys[i]))
            continue;
        int len = snprintf(names + used, sizeof names - used, "%s%s", count ? " and " : "",
                           source_keys[i]);
        used += len > 0 ? (size_t)len : 0;
        found[count++] = (enum source)i;
    }
    if (count == 1)
        return found[0];
    if (count == 0)
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, NULL, &scope->node->key_at,
                        " needs one of models, targets, steps and variants, and not empty: without "
                        "it nothing answers");
    else
        gw_check_report(
            loader, GW_PROBLEM_ERROR, scope, NULL, gw_config_at(scope->node, source_keys[found[1]]),
            " has %s: only one of models, targets, steps and variants may be there", names);
    return SOURCES;
}

/* Models without targets of their own. */
static struct gw_choice check_models(struct gw_loader *loader, const struct gw_raw_config *raw,
                                     const struct gw_read_scope *scope)
{
    const struct gw_toml_node *list = gw_check_list(scope, "models");
    struct gw_choice choice = {.list = "models", .is_known = true};
    char shown[GW_QUOTE_BYTES];

    for (const struct gw_toml_node *item = list ? list->first : NULL; item; item = item->next) {
        choice.count++;
        choice.weights_sum++;
        if (item->type != GW_TOML_STRING || item->u.string.len == 0)
            continue; /* reported */
        struct gw_listing *listing = gw_check_listed_once(loader, raw, scope, item);
        if (!listing)
            continue;
        if (listing->seen_in == list)
            gw_check_report(loader, GW_PROBLEM_ERROR, scope, "models", &item->at,
                            " names \"%s\" twice", gw_quote(item->u.string, shown));
        listing->seen_in = list;
    }
    gw_check_count(loader, scope, "models", choice.count);
    return choice;
}

/* What a variant sets is known for calls of kind chat only. */
static void check_params(struct gw_loader *loader, const struct gw_read_scope *scope,
                         enum gw_endpoint_kind endpoint)
{
    struct gw_str kind = gw_endpoint_kind_name(endpoint);

    for (unsigned i = 0; i < GW_PARAMS && endpoint != GW_ENDPOINT_CHAT; i++) {
        struct gw_str name = gw_param_name((enum gw_param)i);
        const struct gw_toml_node *node = gw_toml_get(scope->node, name);
        if (node)
            gw_check_report(loader, GW_PROBLEM_ERROR, scope, name.base, &node->at,
                            " can be set for the endpoint \"chat\" only, not for \"%.*s\": leave "
                            "it out",
                            GW_STR_ARG(kind));
    }
}

static struct gw_choice check_variants(struct gw_loader *loader, const struct gw_raw_config *raw,
                                       const struct gw_read_scope *scope,
                                       const struct gw_raw_route *function)
{
    const struct gw_read_scope variants = {scope, GW_STR("variants"), NULL, scope->node};
    struct gw_choice choice = {.list = "variants", .is_known = true};

    for (struct gw_key_entry *entry = function->variants.first; entry; entry = entry->next) {
        const struct gw_read_scope one = {&variants, entry->name, NULL, entry->node};
        struct gw_raw_variant *variant = entry->value;
        gw_check_name(loader, &one, "a variant");
        variant->at = gw_check_provider_of(loader, raw, &one, variant->model, variant->provider);
        check_params(loader, &one, function->endpoint);
        choice.count++;
        choice.weights_sum += variant->weight;
    }
    gw_check_count(loader, scope, "variants", choice.count);
    if (choice.count && choice.weights_sum == 0)
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, "variants",
                        gw_config_at(scope->node, "variants"),
                        ": all of them have the weight 0, so none could ever be drawn");
    return choice;
}

/* "experiment" and variants belong to each other. */
static void check_experiment(struct gw_loader *loader, const struct gw_read_scope *scope,
                             enum gw_raw_strategy strategy, enum source source)
{
    bool is_experiment = strategy == GW_RAW_STRATEGY_FIRST + GW_STRATEGY_EXPERIMENT;
    const struct gw_toml_at *at = gw_config_at(scope->node, "strategy");

    if (source == VARIANTS && strategy != GW_RAW_STRATEGY_NONE && !is_experiment)
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, "strategy", at,
                        " must be \"experiment\" (or left out) where there are variants");
    else if (source != VARIANTS && source != SOURCES && is_experiment)
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, "strategy", at,
                        ": \"experiment\" needs variants ([functions.NAME.variants.V]), not %s",
                        source_keys[source]);
}

/* A function is looked for before routes and models. */
static void check_shadow(struct gw_loader *loader, const struct gw_read_scope *scope,
                         const struct gw_map routes[GW_ENDPOINTS])
{
    const struct gw_listing *listing = gw_map_get(&loader->listings, scope->name);
    const struct gw_key_entry *owner = listing ? listing->provider : NULL;
    const char *table = "providers";
    char shown[GW_QUOTE_BYTES];

    for (unsigned kind = 0; kind < GW_ENDPOINTS && !owner; kind++) {
        owner = gw_map_get(&routes[kind], scope->name);
        table = "routes";
    }
    if (owner)
        gw_check_report(loader, GW_PROBLEM_WARNING, scope, NULL, &scope->node->key_at,
                        ": a model of %s.%s has the same name: without a prefix it leads to the "
                        "function",
                        table, gw_quote(owner->name, shown));
}

static void check_function(struct gw_loader *loader, const struct gw_raw_config *raw,
                           const struct gw_read_scope *scope, const struct gw_raw_route *function)
{
    bool is_experiment = function->strategy == GW_RAW_STRATEGY_FIRST + GW_STRATEGY_EXPERIMENT;
    enum source source = find_source(loader, scope);

    gw_check_name(loader, scope, "a function");
    check_experiment(loader, scope, function->strategy, source);
    /* All that is there, so that each name is known as named. */
    struct gw_choice models = check_models(loader, raw, scope);
    struct gw_choice targets = gw_check_targets(loader, raw, scope);
    gw_check_count(loader, scope, "targets", targets.count);
    (void)check_variants(loader, raw, scope, function);
    if (has(scope, "steps"))
        gw_check_steps(loader, raw, scope, function);
    if (source == MODELS && !is_experiment)
        gw_check_strategy(loader, scope, function->strategy, &models);
    if (source == TARGETS && !is_experiment)
        gw_check_strategy(loader, scope, function->strategy, &targets);
}

void gw_check_functions(struct gw_loader *loader, const struct gw_raw_config *raw,
                        const struct gw_map routes[GW_ENDPOINTS])
{
    const struct gw_read_scope outer = {NULL, GW_STR("functions"), NULL, raw->root};

    for (const struct gw_key_entry *entry = raw->functions.first; entry; entry = entry->next) {
        const struct gw_read_scope scope = {&outer, entry->name, NULL, entry->node};
        check_function(loader, raw, &scope, entry->value);
        check_shadow(loader, &scope, routes);
    }
}
