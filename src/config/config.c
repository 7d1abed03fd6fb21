#include "config/config_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct gw_config *create(void)
{
    struct gw_config *config = calloc(1, sizeof *config);

    if (!config)
        return NULL;
    gw_arena_init(&config->arena, NULL);
    gw_map_init(&config->provider_by_name);
    gw_map_init(&config->model_by_name);
    gw_map_init(&config->settings_by_name);
    gw_map_init(&config->route_by_name);
    gw_map_init(&config->function_by_name);
    for (unsigned kind = 0; kind < GW_ENDPOINTS; kind++)
        gw_map_init(&config->route_by_model[kind]);
    atomic_init(&config->references, 1);
    return config;
}

static void destroy(struct gw_config *config)
{
    for (uint32_t i = 0; i < config->providers_count; i++) {
        struct gw_map by_model = config->providers[i].by_model;
        gw_map_finish(&by_model);
    }
    gw_map_finish(&config->provider_by_name);
    gw_map_finish(&config->model_by_name);
    gw_map_finish(&config->settings_by_name);
    gw_map_finish(&config->route_by_name);
    gw_map_finish(&config->function_by_name);
    for (unsigned kind = 0; kind < GW_ENDPOINTS; kind++)
        gw_map_finish(&config->route_by_model[kind]);
    for (uint32_t i = 0; i < config->secrets_count; i++)
        gw_secret_destroy(config->secrets[i]);
    free(config->secrets);
    gw_arena_finish(&config->arena);
    free(config);
}

static enum gw_status out_of_memory(struct gw_problems *problems)
{
    gw_problems_add(problems, GW_PROBLEM_ERROR, NULL, "out of memory");
    return GW_NO_MEMORY;
}

static void loader_init(struct gw_loader *loader, struct gw_config *config, enum gw_config_use use,
                        struct gw_problems *problems)
{
    *loader = (struct gw_loader){.arena = &config->arena, .problems = problems, .use = use};
    gw_map_init(&loader->providers);
    gw_map_init(&loader->targets);
    gw_map_init(&loader->listings);
    gw_map_init(&loader->fetched);
}

static void loader_finish(struct gw_loader *loader)
{
    gw_map_finish(&loader->providers);
    gw_map_finish(&loader->targets);
    gw_map_finish(&loader->listings);
    gw_map_finish(&loader->fetched);
}

/* From the tree; problems tell the outcome. */
static enum gw_status build(struct gw_loader *loader, const struct gw_toml_node *root,
                            struct gw_config *config)
{
    struct gw_raw_config raw = {0};

    gw_config_read(loader, root, &raw);
    gw_config_check(loader, &raw);
    gw_config_fetch_secrets(loader, &raw, config);
    if (loader->out_of_memory)
        return out_of_memory(loader->problems);
    if (loader->problems->errors)
        return GW_INVALID;
    if (gw_config_freeze(loader, &raw, config) != GW_OK)
        return out_of_memory(loader->problems);
    return GW_OK;
}

/* Fills `config`; problems tell the outcome. */
static enum gw_status fill(struct gw_config *config, struct gw_str text, enum gw_config_use use,
                           struct gw_problems *problems)
{
    struct gw_loader loader;
    struct gw_toml_node *root;
    struct gw_toml_at at = {0, 0};
    struct gw_err err = {0};

    enum gw_status status = gw_toml_parse(&config->arena, text, &root, &at, &err);
    if (status == GW_NO_MEMORY)
        return out_of_memory(problems);
    if (status != GW_OK) {
        gw_problems_add(problems, GW_PROBLEM_ERROR, &at, "%s", err.message);
        return GW_INVALID;
    }
    loader_init(&loader, config, use, problems);
    status = build(&loader, root, config);
    loader_finish(&loader);
    return status;
}

enum gw_status gw_config_parse(struct gw_str text, struct gw_str name, enum gw_config_use use,
                               struct gw_problems *problems, struct gw_config **config_out)
{
    struct gw_config *config = create();

    problems->path = name;
    if (!config)
        return out_of_memory(problems);
    enum gw_status status = fill(config, text, use, problems);
    gw_problems_sort(problems);
    if (status != GW_OK) {
        destroy(config);
        return status;
    }
    *config_out = config;
    return GW_OK;
}

/* @return GW_OK and the file's bytes, to be freed */
static enum gw_status read_file(const char *path, char **bytes_out, size_t *len_out,
                                struct gw_err *err)
{
    char *bytes = NULL;
    size_t len = 0;
    struct stat what;
    enum gw_status status = GW_OK;

    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd == -1)
        return gw_err_errno(err, "could not open it");
    if (fstat(fd, &what) == -1 || !S_ISREG(what.st_mode)) {
        status = gw_err_set(err, GW_IO, "it is not a regular file");
        goto done;
    }
    if (what.st_size < 0 || (uintmax_t)what.st_size > GW_TOML_BYTES_MAX) {
        status = gw_err_set(err, GW_TOO_LARGE, "it has more than %zu bytes", GW_TOML_BYTES_MAX);
        goto done;
    }
    /* One byte more than it said, to see that it grew meanwhile. */
    size_t room = (size_t)what.st_size + 1;
    bytes = malloc(room);
    if (!bytes) {
        status = gw_err_set(err, GW_NO_MEMORY, "out of memory");
        goto done;
    }
    while (len < room) {
        ssize_t got = read(fd, bytes + len, room - len);
        if (got == -1 && errno == EINTR)
            continue;
        if (got == -1)
            status = gw_err_errno(err, "could not read it");
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    if (status == GW_OK && len == room)
        status = gw_err_set(err, GW_IO, "it changed while it was read");

done:
    close(fd);
    if (status != GW_OK) {
        free(bytes);
        return status;
    }
    *bytes_out = bytes;
    *len_out = len;
    return GW_OK;
}

enum gw_status gw_config_load(const char *path, enum gw_config_use use,
                              struct gw_problems *problems, struct gw_config **config_out)
{
    struct gw_err err = {0};
    char *bytes = NULL;
    size_t len = 0;

    problems->path = gw_str_of(path);
    enum gw_status status = read_file(path, &bytes, &len, &err);
    if (status != GW_OK) {
        gw_problems_add(problems, GW_PROBLEM_ERROR, NULL, "%s", err.message);
        return status == GW_NO_MEMORY ? status : GW_INVALID;
    }
    status =
        gw_config_parse((struct gw_str){bytes, len}, problems->path, use, problems, config_out);
    free(bytes);
    return status;
}

struct gw_config *gw_config_retain(struct gw_config *config)
{
    atomic_fetch_add_explicit(&config->references, 1, memory_order_relaxed);
    return config;
}

void gw_config_release(struct gw_config *config)
{
    if (!config)
        return;
    /* Release: what this thread did with the snapshot happens before it goes; acquire: it sees all
     * of that. */
    if (atomic_fetch_sub_explicit(&config->references, 1, memory_order_acq_rel) == 1)
        destroy(config);
}

const struct gw_provider_config *gw_config_provider(const struct gw_config *config,
                                                    struct gw_str name)
{
    return gw_map_get(&config->provider_by_name, name);
}

const struct gw_model_config *gw_config_model(const struct gw_config *config, struct gw_str name)
{
    return gw_map_get(&config->model_by_name, name);
}

const struct gw_model_config *gw_config_provider_model(const struct gw_provider_config *provider,
                                                       struct gw_str name)
{
    return gw_map_get(&provider->by_model, name);
}

const struct gw_model_settings *gw_config_model_settings(const struct gw_config *config,
                                                         struct gw_str name)
{
    return gw_map_get(&config->settings_by_name, name);
}

const struct gw_route_config *gw_config_route(const struct gw_config *config, struct gw_str name)
{
    return gw_map_get(&config->route_by_name, name);
}

const struct gw_route_config *gw_config_route_for(const struct gw_config *config,
                                                  struct gw_str model, enum gw_endpoint_kind kind)
{
    return (unsigned)kind < GW_ENDPOINTS ? gw_map_get(&config->route_by_model[kind], model) : NULL;
}

const struct gw_route_config *gw_config_function(const struct gw_config *config, struct gw_str name)
{
    return gw_map_get(&config->function_by_name, name);
}
