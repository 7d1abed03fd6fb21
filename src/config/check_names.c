/*
 * Names that one table uses of another: who is meant, and what to say where nobody is.
 */
#include "config/check_private.h"

#include <stdarg.h>
#include <stdio.h>

/* Each compares a name with all that could be meant; a file with more wrong ones than this is not
 * read for its suggestions. */
#define SUGGESTIONS_MAX 50u
/* Names of providers in one message. */
#define NAMED_MAX 4u

void gw_check_report(struct gw_loader *loader, enum gw_severity severity,
                     const struct gw_read_scope *scope, const char *key,
                     const struct gw_toml_at *at, const char *format, ...)
{
    char path[GW_READ_PATH_BYTES], text[640];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)gw_read_path(scope, path);
    if (!key && path[0])
        path[strlen(path) - 1] = '\0'; /* the dot at its end */
    struct gw_problem *problem =
        gw_problems_add(loader->problems, severity, at, "%s%s%s", path, key ? key : "", text);
    /* The table it stands in, or within: [targets.NAME]. */
    while (scope->outer && scope->outer->outer && scope->outer->outer->name.len)
        scope = scope->outer;
    if (scope->outer && scope->outer->name.len)
        gw_problems_assign(loader->problems, problem, scope->outer->name, scope->name, key);
}

bool gw_check_is_name(struct gw_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.base[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '_' || c == '-'))
            return false;
    }
    return name.len > 0 && name.len <= GW_CONFIG_NAME_BYTES_MAX;
}

void gw_check_name(struct gw_loader *loader, const struct gw_read_scope *scope, const char *what)
{
    if (!gw_check_is_name(scope->name))
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, NULL, &scope->node->key_at,
                        ": the name of %s must be 1 to 64 letters, digits, \".\", \"_\" and \"-\"",
                        what);
}

bool gw_check_model_name(struct gw_loader *loader, const struct gw_read_scope *scope,
                         const struct gw_toml_node *item)
{
    struct gw_str name = item->u.string;
    const char *wrong = name.len > GW_CONFIG_MODEL_BYTES_MAX ? "has more than 256 bytes" : NULL;

    for (size_t i = 0; i < name.len && !wrong; i++)
        if ((unsigned char)name.base[i] < 0x20 || name.base[i] == 0x7F)
            wrong = "must not hold control characters";
    if (wrong)
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, "models", &item->at, ": a name %s", wrong);
    return !wrong;
}

/* `: did you mean "x"?`, or `otherwise` */
#define HINT_BYTES (GW_QUOTE_BYTES + 96)
static const char *hint(const struct gw_nearest *nearest, const char *otherwise,
                        char out[HINT_BYTES])
{
    char name[GW_QUOTE_BYTES];

    if (gw_nearest_found(nearest))
        (void)snprintf(out, HINT_BYTES, ": did you mean \"%s\"?", gw_quote(nearest->name, name));
    else
        (void)snprintf(out, HINT_BYTES, "%s", otherwise);
    return out;
}

static void offer_entries(struct gw_loader *loader, struct gw_nearest *nearest,
                          const struct gw_key_entries *entries)
{
    if (loader->suggestions++ >= SUGGESTIONS_MAX)
        return;
    for (const struct gw_key_entry *entry = entries->first; entry; entry = entry->next)
        gw_nearest_offer(nearest, entry->name);
}

static void offer_models_of(struct gw_nearest *nearest, const struct gw_key_entry *provider)
{
    const struct gw_toml_node *list = gw_toml_get(provider->node, GW_STR("models"));

    for (const struct gw_toml_node *item = list && list->type == GW_TOML_ARRAY ? list->first : NULL;
         item; item = item->next)
        if (item->type == GW_TOML_STRING)
            gw_nearest_offer(nearest, item->u.string);
}

/* @param provider  NULL: those of all of them */
static void offer_models(struct gw_loader *loader, struct gw_nearest *nearest,
                         const struct gw_raw_config *raw, const struct gw_key_entry *provider)
{
    if (loader->suggestions++ >= SUGGESTIONS_MAX)
        return;
    if (provider)
        offer_models_of(nearest, provider);
    else
        for (provider = raw->providers.first; provider; provider = provider->next)
            offer_models_of(nearest, provider);
}

/* "a, b and c" */
#define LISTERS_BYTES (NAMED_MAX * (GW_QUOTE_BYTES + 8))
static const char *listers(const struct gw_listing *listing, char out[LISTERS_BYTES])
{
    char name[GW_QUOTE_BYTES];
    size_t used = 0;

    out[0] = '\0';
    for (unsigned named = 0; listing && named < NAMED_MAX; listing = listing->next, named++) {
        const char *between = named == 0 ? "" : listing->next ? ", " : " and ";
        int len = snprintf(out + used, LISTERS_BYTES - used, "%s%s", between,
                           gw_quote(listing->provider->name, name));
        if (len < 0 || (size_t)len >= LISTERS_BYTES - used)
            break;
        used += (size_t)len;
    }
    if (listing)
        (void)snprintf(out + used, LISTERS_BYTES - used, ", …");
    return out;
}

static void report_unlisted(struct gw_loader *loader, const struct gw_raw_config *raw,
                            const struct gw_read_scope *scope, const char *key,
                            const struct gw_toml_at *at, struct gw_str model,
                            const struct gw_key_entry *provider)
{
    char shown[GW_QUOTE_BYTES], owner[GW_QUOTE_BYTES], text[HINT_BYTES];
    struct gw_nearest nearest;

    gw_nearest_init(&nearest, model);
    offer_models(loader, &nearest, raw, provider);
    (void)gw_quote(model, shown);
    if (provider)
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, key, at,
                        ": \"%s\" is not listed by providers.%s%s", shown,
                        gw_quote(provider->name, owner),
                        hint(&nearest, ": add it to the models there", text));
    else
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, key, at,
                        ": \"%s\" is not listed by any provider%s", shown,
                        hint(&nearest, ": add it to the models of the one that serves it", text));
}

static const struct gw_key_entry *named_provider(struct gw_loader *loader,
                                                 const struct gw_raw_config *raw,
                                                 const struct gw_read_scope *scope,
                                                 struct gw_str model, struct gw_str name)
{
    const struct gw_key_entry *provider = gw_map_get(&loader->providers, name);
    const struct gw_listing *listing = gw_map_get(&loader->listings, model);
    char shown[GW_QUOTE_BYTES], text[HINT_BYTES];
    struct gw_nearest nearest;

    if (!provider) {
        gw_nearest_init(&nearest, name);
        offer_entries(loader, &nearest, &raw->providers);
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, "provider",
                        gw_config_at(scope->node, "provider"), ": there is no [providers.%s]%s",
                        gw_quote(name, shown), hint(&nearest, "", text));
        return NULL;
    }
    while (listing && listing->provider != provider)
        listing = listing->next;
    if (!listing && model.len)
        report_unlisted(loader, raw, scope, "model", gw_config_at(scope->node, "model"), model,
                        provider);
    return listing ? provider : NULL;
}

const struct gw_key_entry *gw_check_provider_of(struct gw_loader *loader,
                                                const struct gw_raw_config *raw,
                                                const struct gw_read_scope *scope,
                                                struct gw_str model, struct gw_str provider)
{
    const struct gw_listing *listing = gw_map_get(&loader->listings, model);
    const struct gw_toml_at *at = gw_config_at(scope->node, "model");
    char shown[GW_QUOTE_BYTES], names[LISTERS_BYTES];

    if (provider.len)
        return named_provider(loader, raw, scope, model, provider);
    if (model.len == 0 || gw_toml_get(scope->node, GW_STR("provider")))
        return NULL; /* absent or not usable: reported */
    if (!listing) {
        report_unlisted(loader, raw, scope, "model", at, model, NULL);
        return NULL;
    }
    if (listing->next) {
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, "model", at,
                        ": \"%s\" is listed by the providers %s: say which one is meant with "
                        "`provider`",
                        gw_quote(model, shown), listers(listing, names));
        return NULL;
    }
    return listing->provider;
}

struct gw_listing *gw_check_listed_once(struct gw_loader *loader, const struct gw_raw_config *raw,
                                        const struct gw_read_scope *scope,
                                        const struct gw_toml_node *item)
{
    struct gw_listing *listing = gw_map_get(&loader->listings, item->u.string);
    char shown[GW_QUOTE_BYTES], names[LISTERS_BYTES];

    if (!listing) {
        report_unlisted(loader, raw, scope, "models", &item->at, item->u.string, NULL);
        return NULL;
    }
    if (listing->next) {
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, "models", &item->at,
                        ": \"%s\" is listed by the providers %s: make a [targets.NAME] with that "
                        "model and the `provider` that is meant, and name it in `targets`",
                        gw_quote(item->u.string, shown), listers(listing, names));
        return NULL;
    }
    return listing;
}

struct gw_key_entry *gw_check_target(struct gw_loader *loader, const struct gw_raw_config *raw,
                                     const struct gw_read_scope *scope,
                                     const struct gw_toml_node *item)
{
    struct gw_key_entry *target = gw_map_get(&loader->targets, item->u.string);
    char shown[GW_QUOTE_BYTES], text[HINT_BYTES];
    struct gw_nearest nearest;

    if (target)
        return target;
    gw_nearest_init(&nearest, item->u.string);
    offer_entries(loader, &nearest, &raw->targets);
    gw_check_report(loader, GW_PROBLEM_ERROR, scope, "targets", &item->at,
                    ": there is no [targets.%s]%s", gw_quote(item->u.string, shown),
                    hint(&nearest, "", text));
    return NULL;
}
