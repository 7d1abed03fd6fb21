/* Configuration files of any kind: refused with reasons that can be printed, or a snapshot in which
 * all hangs together. */
#include "route/resolve.h"

#include <stdlib.h>

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_problems(const struct gw_problems *problems, enum gw_status status,
                           uint32_t lines)
{
    struct gw_buf printed;
    unsigned errors = 0;

    for (size_t i = 0; i < problems->count; i++) {
        const struct gw_problem *problem = &problems->list[i];
        errors += problem->severity == GW_PROBLEM_ERROR;
        check(problem->at.line <= lines && problem->text.len > 0);
        check(i == 0 || problems->list[i - 1].at.line <= problem->at.line);
        for (size_t j = 0; j < problem->text.len; j++)
            check((unsigned char)problem->text.base[j] >= 0x20);
    }
    check(errors <= problems->errors && (status == GW_OK) == (problems->errors == 0));
    gw_buf_init(&printed, 4 << 20);
    check(gw_problems_print(problems, &printed) == GW_OK);
    gw_buf_finish(&printed);
}

static void check_model(const struct gw_config *config, const struct gw_model_config *model)
{
    char name[GW_CONFIG_NAME_BYTES_MAX + 2 + GW_CONFIG_MODEL_BYTES_MAX];
    const struct gw_provider_config *provider = model->provider;
    struct gw_resolution found;
    size_t cut = provider->name.len + 2;

    check(model->name.len > 0 && model->name.len <= GW_CONFIG_MODEL_BYTES_MAX);
    check(model->timeouts.total_ms > 0 && model->timeouts.connect_ms > 0);
    check(provider >= config->providers && provider < config->providers + config->providers_count);
    /* Every listed model is reached by its prefix, whatever else there is. */
    memcpy(name, provider->name.base, provider->name.len);
    memcpy(name + provider->name.len, "::", 2);
    memcpy(name + cut, model->name.base, model->name.len);
    check(gw_resolve(config, (struct gw_str){name, cut + model->name.len}, GW_ENDPOINT_CHAT, &found,
                     NULL) == GW_OK);
    check(found.model == model && found.provider == provider && found.prefix_bytes == cut);
    check(gw_str_eq(found.upstream_model, model->name));
    /* And without one, by the first that lists it. */
    const struct gw_model_config *first = gw_config_model(config, model->name);
    check(first && first->index <= model->index && gw_str_eq(first->name, model->name));
}

static void check_config(const struct gw_config *config)
{
    check(config->server.workers >= 1 && config->server.port <= 65535);
    check(config->access_log.fields != 0 && config->metrics.path.base[0] == '/');
    for (uint32_t i = 0; i < config->providers_count; i++) {
        const struct gw_provider_config *provider = &config->providers[i];
        check(provider->index == i && gw_config_provider(config, provider->name) == provider);
        check(provider->auth.name.len > 0 && provider->max_connections > 0);
        check(provider->base_url.demo || provider->base_url.host.len > 0);
        check(!provider->responses || provider->dialect == GW_DIALECT_OPENAI);
    }
    for (uint32_t i = 0; i < config->models_count; i++) {
        check(config->models[i].index == i);
        check_model(config, &config->models[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_problems problems;
    struct gw_config *config = NULL;
    uint32_t lines = 1;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    gw_problems_init(&problems);
    enum gw_status status = gw_config_parse((struct gw_str){(const char *)data, size}, GW_STR("f"),
                                            GW_CONFIG_TO_SERVE, &problems, &config);
    check((status == GW_OK) == (config != NULL));
    check_problems(&problems, status, lines);
    if (config)
        check_config(config);
    gw_config_release(config);
    gw_problems_finish(&problems);
    return 0;
}
