/*
 * config/check_private: what the checks of routing share.
 *
 * A scope says which table is looked at: its path stands in front of every message.
 */
#ifndef GW_CONFIG_CHECK_PRIVATE_H
#define GW_CONFIG_CHECK_PRIVATE_H

#include "config/read_private.h"

/* A problem of `key` in the scope's table: "routes.r.targets" and the text behind it.
 * @param key  NULL: of the table itself
 * @param at   where it stands */
void gw_check_report(struct gw_loader *loader, enum gw_severity severity,
                     const struct gw_read_scope *scope, const char *key,
                     const struct gw_toml_at *at, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* ---- check_names.c: names, and who is meant by them ---- */

/* 1 to 64 letters, digits, ".", "_" and "-". */
bool gw_check_is_name(struct gw_str name);
/* The scope's own name. @param what  "a target", … */
void gw_check_name(struct gw_loader *loader, const struct gw_read_scope *scope, const char *what);

/* A model's name as it stands in a list. @return false: reported */
bool gw_check_model_name(struct gw_loader *loader, const struct gw_read_scope *scope,
                         const struct gw_toml_node *item);

/* The provider of a table with `model` and maybe `provider`.
 * @return NULL: reported; or the model was, when it was read */
const struct gw_key_entry *gw_check_provider_of(struct gw_loader *loader,
                                                const struct gw_raw_config *raw,
                                                const struct gw_read_scope *scope,
                                                struct gw_str model, struct gw_str provider);

/* The listing of a model that a function names and that exactly one provider must list.
 * @return NULL: reported */
struct gw_listing *gw_check_listed_once(struct gw_loader *loader, const struct gw_raw_config *raw,
                                        const struct gw_read_scope *scope,
                                        const struct gw_toml_node *item);

/* The target that an item of the list `key` names. @return NULL: reported */
struct gw_key_entry *gw_check_target(struct gw_loader *loader, const struct gw_raw_config *raw,
                                     const struct gw_read_scope *scope,
                                     const struct gw_toml_node *item);

/* ---- check_strategy.c: what is chosen from, and how ---- */

/* What one strategy chooses from. */
struct gw_choice {
    const char *list; /* the key: "targets", "models" or "variants" */
    size_t count;
    uint64_t weights_sum;
    bool is_known; /* all that is named is there, so the sum means something */
};

/* The list of the scope, or NULL when it is not there, not a list or empty. */
const struct gw_toml_node *gw_check_list(const struct gw_read_scope *scope, const char *key);

/* The scope's `targets`: marks each as named. */
struct gw_choice gw_check_targets(struct gw_loader *loader, const struct gw_raw_config *raw,
                                  const struct gw_read_scope *scope);

/* The scope's `strategy` with what there is to choose from. */
void gw_check_strategy(struct gw_loader *loader, const struct gw_read_scope *scope,
                       enum gw_raw_strategy strategy, const struct gw_choice *choice);

/* Each of the scope's steps, and that nothing else is set beside them. */
void gw_check_steps(struct gw_loader *loader, const struct gw_raw_config *raw,
                    const struct gw_read_scope *scope, const struct gw_raw_route *route);

/* How many targets a route may have. */
void gw_check_count(struct gw_loader *loader, const struct gw_read_scope *scope, const char *key,
                    size_t count);

/* ---- check_functions.c ---- */

/* @param routes  by kind of endpoint, the routes by the names they answer to */
void gw_check_functions(struct gw_loader *loader, const struct gw_raw_config *raw,
                        const struct gw_map routes[GW_ENDPOINTS]);

#endif
