/*
 * What no single key can tell about providers and models.
 */
#include "config/check_private.h"

#include <stdio.h>

static void problem(struct gw_loader *loader, enum gw_severity severity,
                    const struct gw_toml_at *at, const struct gw_key_entry *provider,
                    const char *text)
{
    char name[GW_QUOTE_BYTES];

    struct gw_problem *problem = gw_problems_add(loader->problems, severity, at, "providers.%s%s",
                                                 gw_quote(provider->name, name), text);
    gw_problems_assign(loader->problems, problem, GW_STR("providers"), provider->name, NULL);
}

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct gw_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_token_char(text.base[i]))
            return false;
    return text.len > 0;
}

static void check_name(struct gw_loader *loader, const struct gw_read_scope *scope)
{
    gw_check_name(loader, scope, "a provider");
    if (gw_str_eq(scope->name, GW_STR("function")) || gw_str_eq(scope->name, GW_STR("route")))
        gw_check_report(loader, GW_PROBLEM_ERROR, scope, NULL, &scope->node->key_at,
                        ": this name is taken: it is a prefix of model names");
}

static void check_base_url(struct gw_loader *loader, const struct gw_key_entry *provider,
                           struct gw_raw_provider *raw)
{
    const struct gw_toml_at *at = gw_config_at(provider->node, "base_url");
    char text[160];

    if (raw->base_url.len == 0)
        return; /* absent or not usable: reported */
    /* The text may hold a password: it is not shown. */
    if (gw_url_parse(raw->base_url, &raw->url, NULL) != GW_OK) {
        problem(loader, GW_PROBLEM_ERROR, at, provider,
                ".base_url must be \"https://host/path\" (or http, with a port) without a user, "
                "query or fragment, or \"demo:\"");
        return;
    }
    raw->url_is_good = true;
    const struct gw_known_provider *known = gw_known_provider_by_host(raw->url.host);
    if (known && known->usual_path && raw->url.path.len == 0) {
        (void)snprintf(text, sizeof text,
                       ".base_url has no path: that of %s usually ends in \"%s\"", known->name,
                       known->usual_path);
        problem(loader, GW_PROBLEM_WARNING, at, provider, text);
    }
}

static void check_model_name(struct gw_loader *loader, const struct gw_read_scope *scope,
                             const struct gw_toml_node *item)
{
    struct gw_str name = item->u.string;
    char shown[GW_QUOTE_BYTES], owner[GW_QUOTE_BYTES];

    if (gw_check_model_name(loader, scope, item) && gw_str_find_str(name, GW_STR("::")) != name.len)
        gw_problems_add(loader->problems, GW_PROBLEM_WARNING, &item->at,
                        "\"%s\" has \"::\" in it, so it is reached as \"%s::%s\" only",
                        gw_quote(name, shown), gw_quote(scope->name, owner), shown);
}

/* Makes the provider one of those that list the model. @param first  the others; NULL: none */
static void add_listing(struct gw_loader *loader, const struct gw_key_entry *provider,
                        struct gw_str model, struct gw_listing *first)
{
    struct gw_listing *listing = gw_arena_zalloc(loader->arena, sizeof *listing);

    if (!listing || (!first && !gw_map_add(&loader->listings, model, listing))) {
        loader->out_of_memory = true;
        return;
    }
    listing->provider = provider;
    if (first)
        first->last->next = listing;
    else
        first = listing;
    first->last = listing;
}

static void check_models(struct gw_loader *loader, const struct gw_read_scope *scope,
                         const struct gw_key_entry *provider)
{
    /* Not what was read: one bad item there does not make the others unknown. */
    const struct gw_toml_node *list = gw_toml_get(provider->node, GW_STR("models"));
    char shown[GW_QUOTE_BYTES];

    if (!list || list->type != GW_TOML_ARRAY)
        return;
    for (const struct gw_toml_node *item = list->first; item; item = item->next) {
        if (item->type != GW_TOML_STRING || item->u.string.len == 0)
            continue; /* reported */
        check_model_name(loader, scope, item);
        struct gw_listing *listing = gw_map_get(&loader->listings, item->u.string);
        if (listing && listing->last->provider == provider) {
            gw_check_report(loader, GW_PROBLEM_ERROR, scope, "models", &item->at,
                            " lists \"%s\" twice", gw_quote(item->u.string, shown));
            continue;
        }
        add_listing(loader, provider, item->u.string, listing);
    }
}

static void check_auth(struct gw_loader *loader, const struct gw_key_entry *provider,
                       const struct gw_raw_provider *raw)
{
    const struct gw_toml_at *at = gw_config_at(provider->node, "auth_header_name");

    if (raw->auth_header_name.len == 0)
        return;
    if (!is_token(raw->auth_header_name))
        problem(loader, GW_PROBLEM_ERROR, at, provider,
                ".auth_header_name must be the name of a header or parameter: letters, digits and "
                "!#$%&'*+-.^_`|~");
    else if (raw->auth_type == GW_RAW_AUTH_FIRST + GW_AUTH_BEARER)
        problem(loader, GW_PROBLEM_WARNING, at, provider,
                ".auth_header_name has no effect where auth_type is \"bearer\"");
}

static bool is_one_of(struct gw_str name, const char *const *names)
{
    for (; *names; names++)
        if (gw_str_eq_nocase(name, gw_str_of(*names)))
            return true;
    return false;
}

/* They frame a message, name its host or hold for one connection only. */
static const char *const own_headers[] = {
    "connection",          "content-encoding",   "content-length",   "expect", "host",
    "keep-alive",          "proxy-authenticate", "proxy-connection", "te",     "trailer",
    "proxy-authorization", "transfer-encoding",  "upgrade",          NULL};
static const char *const credential_headers[] = {"authorization", "api-key", "x-api-key",
                                                 "x-goog-api-key", NULL};

static bool is_field_value(struct gw_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (((unsigned char)text.base[i] < 0x20 && text.base[i] != '\t') || text.base[i] == 0x7F)
            return false;
    return gw_str_trim(text).len == text.len;
}

static void check_headers(struct gw_loader *loader, const struct gw_key_entry *provider,
                          const struct gw_raw_provider *raw)
{
    char owner[GW_QUOTE_BYTES], name[GW_QUOTE_BYTES];

    for (const struct gw_key_entry *header = raw->headers.first; header; header = header->next) {
        const char *wrong = NULL;
        struct gw_str value = header->node->u.string;
        if (!is_token(header->name))
            wrong = "is no name of a header";
        else if (is_one_of(header->name, own_headers))
            wrong = "is set by the gateway itself";
        else if (is_one_of(header->name, credential_headers))
            wrong = "shows a credential: keys come from callers, or from credential";
        else if (!is_field_value(value))
            wrong = "must be a string without control characters and without blanks at its ends";
        else if (gw_str_starts(value, GW_STR("env::")) || gw_str_starts(value, GW_STR("file::")))
            wrong = "is sent as written: \"env::\" and \"file::\" are not looked up here";
        if (wrong)
            gw_problems_add(loader->problems, GW_PROBLEM_ERROR, &header->node->at,
                            "providers.%s.headers: \"%s\" %s", gw_quote(provider->name, owner),
                            gw_quote(header->name, name), wrong);
    }
}

static void check_provider(struct gw_loader *loader, const struct gw_read_scope *outer,
                           struct gw_key_entry *provider)
{
    const struct gw_read_scope scope = {outer, provider->name, NULL, provider->node};
    struct gw_raw_provider *raw = provider->value;
    char key[GW_QUOTE_BYTES + 24], name[GW_QUOTE_BYTES];

    check_name(loader, &scope);
    check_base_url(loader, provider, raw);
    check_models(loader, &scope, provider);
    check_auth(loader, provider, raw);
    check_headers(loader, provider, raw);
    if (raw->ca_file.len) {
        (void)snprintf(key, sizeof key, "providers.%s.ca_file", gw_quote(provider->name, name));
        gw_config_check_file(loader, gw_config_at(provider->node, "ca_file"), key, raw->ca_file);
    }
    if (raw->responses && raw->dialect > GW_RAW_DIALECT_FIRST + GW_DIALECT_OPENAI)
        problem(loader, GW_PROBLEM_WARNING, gw_config_at(provider->node, "responses"), provider,
                ".responses has no meaning for a dialect that is not openai");
    if (!gw_map_add(&loader->providers, provider->name, provider))
        loader->out_of_memory = true;
}

void gw_config_check_providers(struct gw_loader *loader, struct gw_raw_config *raw)
{
    const struct gw_read_scope scope = {NULL, GW_STR("providers"), NULL, raw->root};
    char name[GW_QUOTE_BYTES];

    for (struct gw_key_entry *entry = raw->providers.first; entry; entry = entry->next)
        check_provider(loader, &scope, entry);
    for (const struct gw_key_entry *entry = raw->models.first; entry; entry = entry->next)
        if (!gw_map_get(&loader->listings, entry->name))
            gw_problems_add(loader->problems, GW_PROBLEM_ERROR, &entry->node->key_at,
                            "models: \"%s\" is not listed by any provider",
                            gw_quote(entry->name, name));
}
