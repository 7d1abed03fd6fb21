#include "config/config_private.h"
#include "config/credential.h"

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
    gw_secret_destroy(config->admin_token);
    gw_arena_finish(&config->arena);
    free(config);
}

/* A token is shown as a header's value: what could not stand in one can never match. */
static bool is_header_value(struct gw_str bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.base[i] <= 0x20 || bytes.base[i] >= 0x7F)
            return false;
    return true;
}

static void fetch_admin_token(struct gw_loader *loader, const struct gw_raw_config *raw,
                              struct gw_config *config)
{
    struct gw_credential place;
    struct gw_err err = {0};
    const struct gw_toml_at *at;

    /* A place whose form was wrong has been reported and was not stored. */
    if (!raw->admin.enabled || raw->admin.token.len == 0 ||
        gw_credential_parse(raw->admin.token, &place, NULL) != GW_OK)
        return;
    at = gw_config_at(gw_toml_get(raw->root, GW_STR("admin")), "token");
    if (gw_credential_fetch(&place, &config->admin_token, &err) != GW_OK)
        gw_problems_add(loader->problems, GW_PROBLEM_ERROR, at, "admin.token: %s", err.message);
    else if (!is_header_value(gw_secret_bytes(config->admin_token)))
        gw_problems_add(loader->problems, GW_PROBLEM_ERROR, at,
                        "admin.token: what was found holds blanks or bytes that are not ASCII");
}

static enum gw_status out_of_memory(struct gw_problems *problems)
{
    gw_problems_add(problems, GW_PROBLEM_ERROR, NULL, "out of memory");
    return GW_NO_MEMORY;
}

/* Fills `config`; problems tell the outcome. */
static enum gw_status fill(struct gw_config *config, struct gw_str text, enum gw_config_use use,
                           struct gw_problems *problems)
{
    struct gw_loader loader = {.arena = &config->arena, .problems = problems, .use = use};
    struct gw_raw_config raw = {0};
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
    gw_config_read(&loader, root, &raw);
    gw_config_check(&loader, &raw);
    fetch_admin_token(&loader, &raw, config);
    if (loader.out_of_memory)
        return out_of_memory(problems);
    if (problems->errors)
        return GW_INVALID;
    if (gw_config_freeze(&loader, &raw, config) != GW_OK)
        return out_of_memory(problems);
    config->admin.token = config->admin_token;
    return GW_OK;
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
