/*
 * app/explain_json: an explanation as one JSON object. Scripts read it: a key that is there stays.
 *
 * Every key is always there; what does not apply is null. Passthrough has the same shape as a
 * route: one step with one target, of which the gateway knows less.
 */
#include "app/explain_private.h"
#include "route/strategy.h"
#include "wire/json_write.h"

struct facts {
    struct gw_json_writer out;
    const struct gw_explanation *about;
    const struct gw_explain_health *health;
};

static void key(struct facts *facts, const char *name)
{
    gw_json_write_key(&facts->out, gw_str_of(name));
}

/* base NULL: null */
static void text(struct facts *facts, const char *name, struct gw_str value)
{
    key(facts, name);
    if (value.base)
        gw_json_write_string(&facts->out, value);
    else
        gw_json_write_null(&facts->out);
}

static void number(struct facts *facts, const char *name, uint64_t value)
{
    key(facts, name);
    gw_json_write_uint64(&facts->out, value);
}

static void truth(struct facts *facts, const char *name, bool value)
{
    key(facts, name);
    gw_json_write_bool(&facts->out, value);
}

static void nothing(struct facts *facts, const char *name)
{
    key(facts, name);
    gw_json_write_null(&facts->out);
}

static void begin(struct facts *facts, const char *name)
{
    key(facts, name);
    gw_json_write_begin_object(&facts->out);
}

static void end(struct facts *facts)
{
    gw_json_write_end_object(&facts->out);
}

/* ---- who would answer ---- */

static void write_url(struct facts *facts, const struct gw_explained *one,
                      const struct gw_endpoint *path)
{
    struct gw_buf url;

    gw_buf_init(&url, (size_t)1 << 20);
    enum gw_status status = gw_explain_url(one, path, &url);
    if (status != GW_OK)
        facts->out.status = status;
    else
        gw_json_write_string(&facts->out, gw_buf_str(&url));
    gw_buf_finish(&url);
}

static void write_paths(struct facts *facts, const struct gw_explained *one)
{
    size_t at = 0;
    const struct gw_endpoint *path = gw_explain_next_path(one, facts->about->endpoint, &at);

    key(facts, "url");
    if (path && one->provider->base_url.demo)
        gw_json_write_string(&facts->out, GW_STR("demo:"));
    else if (path)
        write_url(facts, one, path);
    else
        gw_json_write_null(&facts->out);
    key(facts, "serves");
    gw_json_write_begin_array(&facts->out);
    for (; path; path = gw_explain_next_path(one, facts->about->endpoint, &at))
        gw_json_write_string(&facts->out, gw_str_of(path->path));
    gw_json_write_end_array(&facts->out);
    key(facts, "translates");
    gw_json_write_begin_array(&facts->out);
    for (at = 0; (path = gw_explain_next_path(one, facts->about->endpoint, &at));)
        if (gw_explain_translates(one, path))
            gw_json_write_string(&facts->out, gw_str_of(path->path));
    gw_json_write_end_array(&facts->out);
}

static const char *level_name(enum gw_credential_level level)
{
    switch (level) {
    case GW_CREDENTIAL_OF_TARGET:
        return "target";
    case GW_CREDENTIAL_OF_PROVIDER:
        return "provider";
    case GW_CREDENTIAL_BY_CONVENTION:
        return "convention";
    }
    return NULL;
}

static void write_credential(struct facts *facts, const struct gw_target_config *target)
{
    begin(facts, "credential");
    if (target) {
        text(facts, "place", target->credential.place);
        text(facts, "level", gw_str_of(level_name(target->credential.level)));
        truth(facts, "found", target->credential.secret != NULL);
    } else {
        nothing(facts, "place");
        text(facts, "level", GW_STR("caller"));
        nothing(facts, "found");
    }
    end(facts);
}

static void write_auth(struct facts *facts, const struct gw_auth *auth)
{
    const char *kind = NULL;

    switch (auth->kind) { /* as `auth_type` has them */
    case GW_AUTH_BEARER:
        kind = "bearer";
        break;
    case GW_AUTH_HEADER:
        kind = "api_key_header";
        break;
    case GW_AUTH_QUERY:
        kind = "query_param";
        break;
    }
    begin(facts, "auth");
    text(facts, "kind", gw_str_of(kind));
    text(facts, "name", auth->name);
    end(facts);
}

static void write_timeouts(struct facts *facts, const struct gw_timeouts *timeouts)
{
    begin(facts, "timeouts");
    number(facts, "connect_ms", timeouts->connect_ms);
    number(facts, "total_ms", timeouts->total_ms);
    number(facts, "idle_ms", timeouts->idle_ms);
    end(facts);
}

static void write_params(struct facts *facts, const struct gw_target_config *target)
{
    begin(facts, "params");
    for (unsigned i = 0; target && i < GW_PARAMS; i++) {
        if (!target->params[i].base)
            continue;
        gw_json_write_key(&facts->out, gw_param_name((enum gw_param)i));
        gw_json_write_raw(&facts->out, target->params[i]);
    }
    end(facts);
}

static void write_health(struct facts *facts, const struct gw_target_config *target)
{
    if (!target) {
        nothing(facts, "health");
        return;
    }
    begin(facts, "health");
    switch (gw_explain_health_of(facts->health, target->name)) {
    case GW_TOLD_HEALTHY:
        text(facts, "state", GW_STR("healthy"));
        nothing(facts, "reason");
        break;
    case GW_TOLD_OPEN:
        text(facts, "state", GW_STR("open"));
        nothing(facts, "reason");
        break;
    case GW_TOLD_UNKNOWN:
        text(facts, "state", GW_STR("not_known"));
        text(facts, "reason", gw_str_of(facts->health->reason));
        break;
    }
    end(facts);
}

static void write_one(struct facts *facts, const struct gw_explained *one, bool drawn)
{
    const struct gw_target_config *target = one->target;
    struct gw_str none = {NULL, 0};

    gw_json_write_begin_object(&facts->out);
    text(facts, "name", target ? target->name : none);
    text(facts, "provider", one->provider->name);
    text(facts, "model", one->model);
    truth(facts, "listed", one->listed);
    text(facts, "api", one->api == GW_MODEL_API_RESPONSES ? GW_STR("responses") : GW_STR("chat"));
    text(facts, "dialect", gw_dialect_name(one->provider->dialect));
    write_paths(facts, one);
    write_credential(facts, target);
    write_auth(facts, &one->provider->auth);
    write_timeouts(facts, &one->timeouts);
    if (drawn)
        number(facts, "weight", target->weight);
    else
        nothing(facts, "weight");
    text(facts, "variant", target && target->variant.len ? target->variant : none);
    write_params(facts, target);
    write_health(facts, target);
    end(facts);
}

/* ---- the route ---- */

static void write_step(struct facts *facts, const struct gw_route_config *route, uint32_t index)
{
    const struct gw_step_config *step = &route->steps[index];
    const struct gw_explain_retries retries = gw_explain_retries(route, index);

    gw_json_write_begin_object(&facts->out);
    text(facts, "strategy", gw_strategy_name(step->strategy));
    number(facts, "retries", retries.most);
    truth(facts, "first_once_more", retries.first_once_more);
    truth(facts, "skips_open", gw_walk_heeds_breaker(route, step));
    key(facts, "targets");
    gw_json_write_begin_array(&facts->out);
    for (uint32_t i = 0; i < step->targets_count; i++) {
        const struct gw_explained one = gw_explained_target(step->targets[i]);
        write_one(facts, &one, gw_walk_draws(step));
    }
    gw_json_write_end_array(&facts->out);
    end(facts);
}

static void write_rules(struct facts *facts, const struct gw_retry_config *retry)
{
    const struct gw_breaker_config *breaker = &facts->about->config->breaker;

    begin(facts, "retry");
    number(facts, "max_retries", retry->max_retries);
    number(facts, "backoff_base_ms", retry->backoff_base_ms);
    number(facts, "backoff_max_ms", retry->backoff_max_ms);
    end(facts);
    begin(facts, "breaker");
    truth(facts, "enabled", breaker->enabled);
    number(facts, "failures", breaker->failures);
    number(facts, "window_ms", breaker->window_ms);
    number(facts, "open_ms", breaker->open_ms);
    end(facts);
}

static const char *layer_name(enum gw_route_layer layer)
{
    switch (layer) {
    case GW_ROUTE_BY_TARGET:
        return "target";
    case GW_ROUTE_BY_TABLE:
        return "route";
    case GW_ROUTE_FUNCTION:
        return "function";
    }
    return NULL;
}

static void write_route(struct facts *facts, const struct gw_route_config *route)
{
    text(facts, "layer", gw_str_of(layer_name(route->layer)));
    text(facts, "name", route->name);
    text(facts, "strategy",
         route->has_steps ? GW_STR("steps") : gw_strategy_name(route->steps[0].strategy));
    write_rules(facts, &route->retry);
    key(facts, "steps");
    gw_json_write_begin_array(&facts->out);
    for (uint32_t i = 0; i < route->steps_count; i++)
        write_step(facts, route, i);
    gw_json_write_end_array(&facts->out);
}

static void write_passthrough(struct facts *facts)
{
    const struct gw_explained one = gw_explained_passthrough(&facts->about->found);

    text(facts, "layer", GW_STR("passthrough"));
    nothing(facts, "name");
    nothing(facts, "strategy");
    nothing(facts, "retry");
    nothing(facts, "breaker");
    key(facts, "steps");
    gw_json_write_begin_array(&facts->out);
    gw_json_write_begin_object(&facts->out);
    nothing(facts, "strategy");
    number(facts, "retries", 0);
    truth(facts, "first_once_more", false);
    truth(facts, "skips_open", false);
    key(facts, "targets");
    gw_json_write_begin_array(&facts->out);
    write_one(facts, &one, false);
    gw_json_write_end_array(&facts->out);
    end(facts);
    gw_json_write_end_array(&facts->out);
}

enum gw_status gw_explain_json(const struct gw_explanation *explanation,
                               const struct gw_explain_health *health, struct gw_buf *into)
{
    struct facts facts = {.about = explanation, .health = health};

    gw_json_write_init(&facts.out, into);
    gw_json_write_begin_object(&facts.out);
    text(&facts, "model", explanation->model);
    text(&facts, "endpoint", gw_endpoint_kind_name(explanation->endpoint));
    if (explanation->found.route)
        write_route(&facts, explanation->found.route);
    else
        write_passthrough(&facts);
    end(&facts);
    enum gw_status status = gw_json_write_finish(&facts.out);
    return status == GW_OK ? gw_buf_add_c(into, '\n') : status;
}
