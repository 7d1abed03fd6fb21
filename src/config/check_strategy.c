/*
 * What one of a route's, a step's or a function's targets is chosen from, and how.
 */
#include "config/check_private.h"

#include <inttypes.h>

const struct gw_toml_node *gw_check_list(const struct gw_read_scope *scope, const char *key)
{
    const struct gw_toml_node *list = gw_toml_get(scope->node, gw_str_of(key));

    return list && list->type == GW_TOML_ARRAY && list->first ? list : NULL;
}

struct gw_choice gw_check_targets(struct gw_loader *loader, const struct gw_raw_config *raw,
                                  const struct gw_read_scope *scope)
{
    const struct gw_toml_node *list = gw_check_list(scope, "targets");
    struct gw_choice choice = {.list = "targets", .is_known = true};
    char shown[GW_QUOTE_BYTES];

    for (const struct gw_toml_node *item = list ? list->first : NULL; item; item = item->next) {
        choice.count++;
        if (item->type != GW_TOML_STRING || item->u.string.len == 0) {
            choice.is_known = false; /* reported when it was read */
            continue;
        }
        struct gw_key_entry *entry = gw_check_target(loader, raw, scope, item);
        if (!entry) {
            choice.is_known = false;
            continue;
        }
        struct gw_raw_target *target = entry->value;
        if (target->seen_in == list)
            gw_check_report(loader, GW_PROBLEM_ERROR, scope, "targets", &item->at,
                            " names \"%s\" twice", gw_quote(entry->name, shown));
        target->seen_in = list;
        target->is_named = true;
        choice.weights_sum += target->weight;
    }
    return choice;
}

void gw_check_strategy(struct gw_loader *loader, const struct gw_read_scope *scope,
                       enum gw_raw_strategy strategy, const struct gw_choice *choice)
{
    const struct gw_toml_at *at = gw_config_at(scope->node, "strategy");
    const struct gw_toml_at *list_at = gw_config_at(scope->node, choice->list);
    bool is_set = gw_toml_get(scope->node, GW_STR("strategy")) != NULL;

    if (choice->count == 0 || (is_set && strategy == GW_RAW_STRATEGY_NONE))
        return; /* nothing to choose from, or no word for it: reported */
    if (!is_set && choice->count > 1) {
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, NULL, list_at,
                        " has %zu %s and needs a strategy: \"weighted\" (drawn by weight) or "
                        "\"fallback\" (in their order)",
                        choice->count, choice->list);
        return;
    }
    if (strategy == GW_RAW_STRATEGY_FIRST + GW_STRATEGY_SINGLE && choice->count > 1)
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, "strategy", at,
                        ": \"single\" has one of %s, not %zu: leave the others out, or say "
                        "\"weighted\" or \"fallback\"",
                        choice->list, choice->count);
    if (strategy == GW_RAW_STRATEGY_FIRST + GW_STRATEGY_WEIGHTED && choice->is_known &&
        choice->weights_sum == 0)
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, choice->list, list_at,
                        ": all of them have the weight 0, so none could ever be drawn");
}

void gw_check_count(struct gw_loader *loader, const struct gw_read_scope *scope, const char *key,
                    size_t count)
{
    if (count > GW_ROUTE_TARGETS_MAX)
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, key, gw_config_at(scope->node, key),
                        ": there may be at most %u targets, not %zu", GW_ROUTE_TARGETS_MAX, count);
}

void gw_check_steps(struct gw_loader *loader, const struct gw_raw_config *raw,
                    const struct gw_read_scope *scope, const struct gw_raw_route *route)
{
    size_t count = 0;

    for (const struct gw_key_entry *entry = route->steps.first; entry; entry = entry->next) {
        const struct gw_raw_step *step = entry->value;
        const struct gw_read_scope steps = {scope, GW_STR("steps"), NULL, entry->node};
        struct gw_choice choice = gw_check_targets(loader, raw, &steps);
        gw_check_strategy(loader, &steps, step->strategy, &choice);
        count += choice.count;
    }
    gw_check_count(loader, scope, "steps", count);
    if (route->strategy != GW_RAW_STRATEGY_NONE &&
        route->strategy != GW_RAW_STRATEGY_FIRST + GW_STRATEGY_EXPERIMENT)
        gw_check_report(loader, GW_PROBLEM_WARNING, scope, "strategy",
                        gw_config_at(scope->node, "strategy"),
                        " has no effect beside steps: each of them has its own");
}
