#include "app/explain_private.h"
#include "gateway/translate.h"
#include "route/strategy.h"

static const enum gw_operation operations[GW_ENDPOINTS] = {
    [GW_ENDPOINT_CHAT] = GW_OP_CHAT,
    [GW_ENDPOINT_EMBEDDINGS] = GW_OP_EMBEDDINGS,
    [GW_ENDPOINT_AUDIO_SPEECH] = GW_OP_AUDIO_SPEECH,
    [GW_ENDPOINT_AUDIO_TRANSCRIPTION] = GW_OP_AUDIO_TRANSCRIPTION,
    [GW_ENDPOINT_IMAGE_GENERATION] = GW_OP_IMAGE_GENERATION,
    [GW_ENDPOINT_RERANK] = GW_OP_RERANK,
};

enum gw_status gw_explain(const struct gw_config *config, struct gw_str endpoint,
                          struct gw_str model, struct gw_explanation *explanation_out,
                          struct gw_err *err)
{
    struct gw_explanation made = {.config = config, .model = model};
    unsigned kind = GW_ENDPOINT_CHAT;

    while (endpoint.len && kind < GW_ENDPOINTS &&
           !gw_str_eq(gw_endpoint_kind_name((enum gw_endpoint_kind)kind), endpoint))
        kind++;
    if (kind == GW_ENDPOINTS)
        return gw_err_set(err, GW_INVALID,
                          "unknown endpoint \"%.*s\": one of chat, embeddings, audio_speech, "
                          "audio_transcription, image_generation, rerank",
                          (int)(endpoint.len < 60 ? endpoint.len : 60), endpoint.base);
    made.endpoint = (enum gw_endpoint_kind)kind;
    enum gw_status status = gw_resolve(config, model, made.endpoint, &made.found, err);
    if (status == GW_OK)
        *explanation_out = made;
    return status;
}

/* ---- what of the file's problems concerns it ---- */

static bool has_target(const struct gw_route_config *route,
                       bool (*is)(const struct gw_target_config *target,
                                  const struct gw_problem *problem),
                       const struct gw_problem *problem)
{
    for (uint32_t i = 0; route && i < route->steps_count; i++)
        for (uint32_t k = 0; k < route->steps[i].targets_count; k++)
            if (is(route->steps[i].targets[k], problem))
                return true;
    return false;
}

static bool is_target(const struct gw_target_config *target, const struct gw_problem *problem)
{
    return gw_str_eq(target->name, problem->name);
}

static bool is_provider(const struct gw_target_config *target, const struct gw_problem *problem)
{
    return gw_str_eq(target->model->provider->name, problem->name);
}

static bool shows_credential(const struct gw_target_config *target,
                             const struct gw_problem *problem)
{
    return is_provider(target, problem) && target->credential.level == GW_CREDENTIAL_OF_PROVIDER;
}

static bool concerns(const struct gw_problem *problem, const void *arg)
{
    const struct gw_resolution *found = arg;
    const struct gw_route_config *route = found->route;
    bool named = route && gw_str_eq(route->name, problem->name);

    if (gw_str_eq(problem->table, GW_STR("targets")))
        return has_target(route, is_target, problem);
    if (gw_str_eq(problem->table, GW_STR("routes")))
        return named && route->layer == GW_ROUTE_BY_TABLE;
    if (gw_str_eq(problem->table, GW_STR("functions")))
        return named && route->layer == GW_ROUTE_FUNCTION;
    if (!gw_str_eq(problem->table, GW_STR("providers")))
        return true;
    if (problem->key && strcmp(problem->key, "credential") == 0)
        return has_target(route, shows_credential, problem);
    return has_target(route, is_provider, problem) ||
           (found->provider && gw_str_eq(found->provider->name, problem->name));
}

void gw_explain_problems(const struct gw_explanation *explanation, struct gw_problems *problems)
{
    gw_problems_keep(problems, concerns, &explanation->found);
}

/* ---- who would answer ---- */

struct gw_explained gw_explained_target(const struct gw_target_config *target)
{
    return (struct gw_explained){
        .target = target,
        .provider = target->model->provider,
        .model = target->model->name,
        .listed = true,
        .api = target->model->api,
        .timeouts = target->timeouts,
    };
}

struct gw_explained gw_explained_passthrough(const struct gw_resolution *found)
{
    return (struct gw_explained){
        .provider = found->provider,
        .model = found->upstream_model,
        .listed = found->model != NULL,
        .api = found->api,
        .timeouts = found->timeouts,
    };
}

/* What the provider is spoken to in; NULL: the call is not of kind chat, or not served. */
static const struct gw_codec *upstream_of(const struct gw_endpoint *path,
                                          const struct gw_explained *one)
{
    const struct gw_codec *caller = gw_translate_codec_of(path->caller);

    if (path->operation != GW_OP_CHAT || !caller)
        return NULL;
    return gw_translate_upstream(caller, one->provider, one->api);
}

static bool reaches(const struct gw_endpoint *path, const struct gw_explained *one)
{
    if (path->operation == GW_OP_CHAT)
        return upstream_of(path, one) != NULL;
    return path->dialects & 1u << one->provider->dialect;
}

bool gw_explain_translates(const struct gw_explained *one, const struct gw_endpoint *path)
{
    const struct gw_codec *upstream = upstream_of(path, one);

    return upstream && upstream != gw_translate_codec_of(path->caller);
}

const struct gw_endpoint *gw_explain_next_path(const struct gw_explained *one,
                                               enum gw_endpoint_kind kind, size_t *at)
{
    size_t count;
    const struct gw_endpoint *rows = gw_endpoints(&count);

    while (*at < count) {
        const struct gw_endpoint *row = &rows[(*at)++];
        if (row->operation == operations[kind] && reaches(row, one))
            return row;
    }
    return NULL;
}

enum gw_status gw_explain_url(const struct gw_explained *one, const struct gw_endpoint *path,
                              struct gw_buf *into)
{
    const struct gw_url *url = &one->provider->base_url;
    const struct gw_codec *upstream = upstream_of(path, one);
    struct gw_str below = upstream ? gw_translate_path(upstream)
                                   : gw_str_from(gw_str_of(path->path), sizeof "/v1" - 1);

    return gw_buf_printf(into, "%s://%.*s%.*s%.*s", url->tls ? "https" : "http",
                         GW_STR_ARG(url->authority), GW_STR_ARG(url->path), GW_STR_ARG(below));
}

/* The rules of route/strategy, for a whole step of which no target has failed yet. */
struct gw_explain_retries gw_explain_retries(const struct gw_route_config *route,
                                             uint32_t step_number)
{
    const struct gw_step_config *step = &route->steps[step_number];
    bool last = step_number + 1 == route->steps_count;
    bool several = step->targets_count > 1;
    struct gw_explain_retries retries = {.waits = last};

    if (last && several && step->strategy == GW_STRATEGY_FALLBACK)
        retries.first_once_more = true;
    else if (last || (several && gw_walk_draws(step)))
        retries.most = route->retry.max_retries;
    /* Without a wait each target of a step is drawn once. */
    if (!last && retries.most >= step->targets_count)
        retries.most = step->targets_count - 1;
    return retries;
}
