#include "gateway/pages.h"

#include "gateway/exchange.h"
#include "wire/json_write.h"
#include "wire/url.h"

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

/* The file does not know when a model was made; a constant is honest enough and keeps typed clients
 * content. */
static void write_model(struct gw_json_writer *json, enum gw_caller caller,
                        const struct gw_model_config *model)
{
    gw_json_write_begin_object(json);
    if (caller == GW_CALLER_MESSAGES) {
        member(json, "type", GW_STR("model"));
        member(json, "id", model->name);
        member(json, "display_name", model->name);
        member(json, "created_at", GW_STR("1970-01-01T00:00:00Z"));
    } else {
        member(json, "id", model->name);
        member(json, "object", GW_STR("model"));
        gw_json_write_key(json, GW_STR("created"));
        gw_json_write_int64(json, 0);
        member(json, "owned_by", model->provider->name);
    }
    gw_json_write_end_object(json);
}

/* A name stands in the list once: as asked for, it goes to the provider declared first. */
static bool is_listed(const struct gw_config *config, const struct gw_model_config *model)
{
    return gw_config_model(config, model->name) == model;
}

static void answer_models(struct gw_exchange *ex)
{
    const struct gw_config *config = gw_exchange_config(ex);
    struct gw_str first = {NULL, 0}, last = {NULL, 0};
    struct gw_json_writer json;
    struct gw_buf page;

    gw_buf_init(&page, PAGE_BYTES_MAX);
    gw_json_write_init(&json, &page);
    gw_json_write_begin_object(&json);
    if (ex->caller != GW_CALLER_MESSAGES)
        member(&json, "object", GW_STR("list"));
    gw_json_write_key(&json, GW_STR("data"));
    gw_json_write_begin_array(&json);
    for (uint32_t i = 0; i < config->models_count; i++) {
        const struct gw_model_config *model = &config->models[i];
        if (!is_listed(config, model))
            continue;
        write_model(&json, ex->caller, model);
        last = model->name;
        if (!first.base)
            first = last;
    }
    gw_json_write_end_array(&json);
    if (ex->caller == GW_CALLER_MESSAGES) {
        gw_json_write_key(&json, GW_STR("has_more"));
        gw_json_write_bool(&json, false);
        gw_json_write_key(&json, GW_STR("first_id"));
        if (first.base)
            gw_json_write_string(&json, first);
        else
            gw_json_write_null(&json);
        gw_json_write_key(&json, GW_STR("last_id"));
        if (last.base)
            gw_json_write_string(&json, last);
        else
            gw_json_write_null(&json);
    }
    gw_json_write_end_object(&json);
    send_page(ex, 200, gw_json_write_finish(&json), &page);
}

static void answer_model(struct gw_exchange *ex, struct gw_str encoded)
{
    const struct gw_model_config *model = NULL;
    char name[GW_CONFIG_MODEL_BYTES_MAX];
    struct gw_json_writer json;
    struct gw_buf page;
    size_t len = 0;

    if (gw_url_decode(encoded, name, sizeof name, &len) == GW_OK)
        model = gw_config_model(gw_exchange_config(ex), (struct gw_str){name, len});
    if (!model) {
        gw_exchange_fail(ex, GW_FAULT_UNKNOWN_MODEL, "no model is named \"%.*s\"",
                         (int)(encoded.len < 200 ? encoded.len : 200), encoded.base);
        return;
    }
    gw_buf_init(&page, 4096);
    gw_json_write_init(&json, &page);
    write_model(&json, ex->caller, model);
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
