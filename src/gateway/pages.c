#include "gateway/pages.h"

#include "gateway/exchange.h"
#include "wire/json_write.h"
#include "wire/url.h"

#include <assert.h>

/* 10,000 models and their names. */
#define PAGE_BYTES_MAX ((size_t)16 << 20)

static void send_page(struct gw_exchange *ex, unsigned status, enum gw_status made,
                      struct gw_buf *page)
{
    if (made == GW_OK)
        gw_exchange_answer(ex, status, GW_STR("application/json"), GW_STR(""), gw_buf_str(page));
    else
        gw_exchange_fail(ex, GW_FAULT_OVERLOADED, "the gateway is out of memory");
    gw_buf_finish(page);
}

static void member(struct gw_json_writer *json, const char *key, struct gw_str value)
{
    gw_json_write_key(json, gw_str_of(key));
    gw_json_write_string(json, value);
}

static void answer_root(struct gw_exchange *ex)
{
    struct gw_json_writer json;
    struct gw_buf page;

    gw_buf_init(&page, 1024);
    gw_json_write_init(&json, &page);
    gw_json_write_begin_object(&json);
    member(&json, "name", GW_STR("sluice"));
    member(&json, "version", GW_STR(GW_VERSION));
    gw_json_write_end_object(&json);
    send_page(ex, 200, gw_json_write_finish(&json), &page);
}

static void answer_health(struct gw_exchange *ex)
{
    bool draining = gw_down_is_draining(ex->down);

    gw_exchange_answer(ex, draining ? 503 : 200, GW_STR("application/json"), GW_STR(""),
                       draining ? GW_STR("{\"status\":\"draining\"}")
                                : GW_STR("{\"status\":\"ok\"}"));
}

/* One line of the list. */
struct entry {
    struct gw_str prefix, name; /* together what can be asked for */
    struct gw_str owner;
};

static const struct gw_str function_prefix = GW_STR_INIT("function::");
/* Who answers for a name that is not a provider's. */
static const struct gw_str own_name = GW_STR_INIT("sluice");

static void write_id(struct gw_json_writer *json, const char *key, const struct entry *entry)
{
    char id[sizeof "function::" + GW_CONFIG_MODEL_BYTES_MAX];
    size_t len = entry->prefix.len + entry->name.len;

    assert(len < sizeof id);
    memcpy(id, entry->prefix.base, entry->prefix.len);
    memcpy(id + entry->prefix.len, entry->name.base, entry->name.len);
    member(json, key, (struct gw_str){id, len});
}

/* The file does not know when a model was made; a constant is honest enough and keeps typed clients
 * content. */
static void write_entry(struct gw_json_writer *json, enum gw_caller caller,
                        const struct entry *entry)
{
    gw_json_write_begin_object(json);
    if (caller == GW_CALLER_MESSAGES) {
        member(json, "type", GW_STR("model"));
        write_id(json, "id", entry);
        write_id(json, "display_name", entry);
        member(json, "created_at", GW_STR("1970-01-01T00:00:00Z"));
    } else {
        write_id(json, "id", entry);
        member(json, "object", GW_STR("model"));
        gw_json_write_key(json, GW_STR("created"));
        gw_json_write_int64(json, 0);
        member(json, "owned_by", entry->owner);
    }
    gw_json_write_end_object(json);
}

static struct entry entry_of_model(const struct gw_model_config *model)
{
    return (struct entry){{"", 0}, model->name, model->provider->name};
}

static struct entry entry_of_function(const struct gw_route_config *function)
{
    return (struct entry){function_prefix, function->name, own_name};
}

/* The first route, by kind, that answers to a name. */
static const struct gw_route_config *first_route_for(const struct gw_config *config,
                                                     struct gw_str name)
{
    const struct gw_route_config *route = NULL;

    for (unsigned kind = 0; kind < GW_ENDPOINTS && !route; kind++)
        route = gw_config_route_for(config, name, (enum gw_endpoint_kind)kind);
    return route;
}

/* A name stands in the list once: as asked for, it goes to the provider declared first. */
static bool is_listed(const struct gw_config *config, const struct gw_model_config *model)
{
    return gw_config_model(config, model->name) == model;
}

struct list {
    struct gw_json_writer json;
    enum gw_caller caller;
    struct entry first, last;
};

static void list_entry(struct list *list, struct entry entry)
{
    write_entry(&list->json, list->caller, &entry);
    if (!list->first.name.base)
        list->first = entry;
    list->last = entry;
}

static void list_all(struct list *list, const struct gw_config *config)
{
    for (uint32_t i = 0; i < config->models_count; i++)
        if (is_listed(config, &config->models[i]))
            list_entry(list, entry_of_model(&config->models[i]));
    for (uint32_t i = 0; i < config->routes_count; i++) {
        const struct gw_route_config *route = &config->routes[i];
        for (uint32_t j = 0; j < route->models_count; j++) {
            struct gw_str name = route->models[j];
            if (!gw_config_model(config, name) && first_route_for(config, name) == route)
                list_entry(list, (struct entry){{"", 0}, name, own_name});
        }
    }
    for (uint32_t i = 0; i < config->functions_count; i++)
        list_entry(list, entry_of_function(&config->functions[i]));
}

static void write_end(struct gw_json_writer *json, const char *key, const struct entry *entry)
{
    if (entry->name.base) {
        write_id(json, key, entry);
    } else {
        gw_json_write_key(json, gw_str_of(key));
        gw_json_write_null(json);
    }
}

static void answer_models(struct gw_exchange *ex)
{
    struct list list = {.caller = ex->caller};
    struct gw_buf page;

    gw_buf_init(&page, PAGE_BYTES_MAX);
    gw_json_write_init(&list.json, &page);
    gw_json_write_begin_object(&list.json);
    if (ex->caller != GW_CALLER_MESSAGES)
        member(&list.json, "object", GW_STR("list"));
    gw_json_write_key(&list.json, GW_STR("data"));
    gw_json_write_begin_array(&list.json);
    list_all(&list, gw_exchange_config(ex));
    gw_json_write_end_array(&list.json);
    if (ex->caller == GW_CALLER_MESSAGES) {
        gw_json_write_key(&list.json, GW_STR("has_more"));
        gw_json_write_bool(&list.json, false);
        write_end(&list.json, "first_id", &list.first);
        write_end(&list.json, "last_id", &list.last);
    }
    gw_json_write_end_object(&list.json);
    send_page(ex, 200, gw_json_write_finish(&list.json), &page);
}

/* @return false when nobody has this name */
static bool find_entry(const struct gw_config *config, struct gw_str name, struct entry *entry_out)
{
    const struct gw_model_config *model = gw_config_model(config, name);
    const struct gw_route_config *function = NULL;

    if (gw_str_starts(name, function_prefix))
        function = gw_config_function(config, gw_str_from(name, function_prefix.len));
    if (function)
        *entry_out = entry_of_function(function);
    else if (model)
        *entry_out = entry_of_model(model);
    else if (first_route_for(config, name))
        *entry_out = (struct entry){{"", 0}, name, own_name};
    else
        return false;
    return true;
}

static void answer_model(struct gw_exchange *ex, struct gw_str encoded)
{
    char name[sizeof "function::" + GW_CONFIG_MODEL_BYTES_MAX];
    struct gw_json_writer json;
    struct entry entry;
    struct gw_buf page;
    size_t len = 0;

    if (gw_url_decode(encoded, name, sizeof name, &len) != GW_OK ||
        !find_entry(gw_exchange_config(ex), (struct gw_str){name, len}, &entry)) {
        gw_exchange_fail(ex, GW_FAULT_UNKNOWN_MODEL, "no model is named \"%.*s\"",
                         (int)(encoded.len < 200 ? encoded.len : 200), encoded.base);
        return;
    }
    gw_buf_init(&page, 4096);
    gw_json_write_init(&json, &page);
    write_entry(&json, ex->caller, &entry);
    send_page(ex, 200, gw_json_write_finish(&json), &page);
}

void gw_pages_answer(struct gw_exchange *ex, const struct gw_route_match *match)
{
    switch (match->endpoint->handling) {
    case GW_HANDLE_ROOT:
        answer_root(ex);
        return;
    case GW_HANDLE_HEALTH:
        answer_health(ex);
        return;
    case GW_HANDLE_MODELS:
        answer_models(ex);
        return;
    case GW_HANDLE_MODEL:
        answer_model(ex, match->name);
        return;
    case GW_HANDLE_JSON:
    case GW_HANDLE_FORM:
    case GW_HANDLE_FILES:
    case GW_HANDLE_NATIVE:
        return;
    }
}
