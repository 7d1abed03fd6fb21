/* Files in memory, a few: when there is no room for a new one, the oldest go. And the list of
 * models. */
#include "demo/demo_private.h"

#include <stdlib.h>

/* ---- the store ---- */

static void drop_file(struct gw_demo *demo, unsigned at)
{
    free(demo->files[at].memory);
    demo->files_count--;
    memmove(&demo->files[at], &demo->files[at + 1],
            (demo->files_count - at) * sizeof demo->files[0]);
}

void gw_demo_files_finish(struct gw_demo *demo)
{
    while (demo->files_count)
        drop_file(demo, demo->files_count - 1);
}

static size_t bytes_kept(const struct gw_demo *demo)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < demo->files_count; i++)
        bytes += demo->files[i].bytes.len;
    return bytes;
}

static struct gw_str copy_to(char **at, struct gw_str bytes)
{
    struct gw_str copy = {*at, bytes.len};

    if (bytes.len)
        memcpy(*at, bytes.base, bytes.len);
    *at += bytes.len;
    return copy;
}

/* @return NULL when out of memory */
static const struct gw_demo_file *keep_file(struct gw_demo_exchange *ex, struct gw_str name,
                                            struct gw_str purpose, struct gw_str bytes)
{
    struct gw_demo *demo = ex->demo;
    struct gw_str id = gw_demo_new_id(ex, "file-");
    char *at = malloc(name.len + purpose.len + bytes.len + 1);

    if (!at)
        return NULL;
    while (demo->files_count == GW_DEMO_FILES_MAX ||
           (demo->files_count && bytes_kept(demo) + bytes.len > GW_DEMO_FILE_BYTES_MAX))
        drop_file(demo, 0);
    struct gw_demo_file *file = &demo->files[demo->files_count++];
    *file = (struct gw_demo_file){.memory = at, .created_s = gw_demo_now_s()};
    memcpy(file->id, id.base, id.len < sizeof file->id ? id.len : sizeof file->id - 1);
    file->name = copy_to(&at, name);
    file->purpose = copy_to(&at, purpose);
    file->bytes = copy_to(&at, bytes);
    return file;
}

/* Answers 404 when there is none. @return its index, or GW_DEMO_FILES_MAX */
static unsigned find_file(struct gw_demo_exchange *ex)
{
    for (unsigned i = 0; i < ex->demo->files_count; i++)
        if (gw_str_eq(gw_str_of(ex->demo->files[i].id), ex->id))
            return i;
    gw_demo_error(ex, 404, "id", "", "No such File object: %.*s",
                  GW_STR_ARG(gw_demo_prefix(ex->id, 100)));
    return GW_DEMO_FILES_MAX;
}

static void write_file(struct gw_json_writer *out, const struct gw_demo_file *file)
{
    gw_json_write_begin_object(out);
    gw_demo_put_c(out, "id", file->id);
    gw_demo_put_c(out, "object", "file");
    gw_demo_put_u(out, "bytes", file->bytes.len);
    gw_demo_put_u(out, "created_at", file->created_s);
    gw_demo_put_null(out, "expires_at");
    gw_demo_put(out, "filename", file->name);
    gw_demo_put(out, "purpose", file->purpose);
    gw_demo_put_c(out, "status", "processed");
    gw_json_write_end_object(out);
}

/* ---- the endpoints ---- */

void gw_demo_file_add(struct gw_demo_exchange *ex)
{
    const struct gw_demo_part *part = gw_demo_form_part(ex->form, "file");
    struct gw_str purpose = gw_demo_form_value(ex->form, "purpose");
    const struct gw_demo_file *file;

    if (!part) {
        gw_demo_error(ex, 400, "file", "missing_required_parameter",
                      "Missing required parameter: 'file'.");
        return;
    }
    if (part->bytes.len > GW_DEMO_FILE_BYTES_MAX) {
        gw_demo_error(ex, 413, "file", NULL, "The demo provider keeps %zu bytes of files at most.",
                      GW_DEMO_FILE_BYTES_MAX);
        return;
    }
    file = keep_file(ex, gw_demo_prefix(part->filename, 255),
                     purpose.len ? gw_demo_prefix(purpose, 64) : GW_STR("user_data"), part->bytes);
    if (!file) {
        gw_demo_error(ex, 500, NULL, NULL, "The demo provider is out of memory.");
        return;
    }
    write_file(gw_demo_json(ex), file);
    gw_demo_answer(ex, 200);
}

void gw_demo_file_list(struct gw_demo_exchange *ex)
{
    struct gw_demo *demo = ex->demo;
    struct gw_json_writer *out = gw_demo_json(ex);

    gw_json_write_begin_object(out);
    gw_demo_put_c(out, "object", "list");
    gw_demo_put_array(out, "data");
    for (unsigned i = demo->files_count; i > 0; i--) /* the newest first */
        write_file(out, &demo->files[i - 1]);
    gw_json_write_end_array(out);
    gw_demo_put_bool(out, "has_more", false);
    gw_json_write_end_object(out);
    gw_demo_answer(ex, 200);
}

void gw_demo_file_get(struct gw_demo_exchange *ex)
{
    unsigned at = find_file(ex);

    if (at == GW_DEMO_FILES_MAX)
        return;
    write_file(gw_demo_json(ex), &ex->demo->files[at]);
    gw_demo_answer(ex, 200);
}

void gw_demo_file_content(struct gw_demo_exchange *ex)
{
    unsigned at = find_file(ex);

    if (at != GW_DEMO_FILES_MAX)
        gw_demo_answer_bytes(ex, 200, GW_STR("application/octet-stream"),
                             ex->demo->files[at].bytes);
}

void gw_demo_file_delete(struct gw_demo_exchange *ex)
{
    unsigned at = find_file(ex);

    if (at == GW_DEMO_FILES_MAX)
        return;
    struct gw_json_writer *out = gw_demo_json(ex);
    gw_json_write_begin_object(out);
    gw_demo_put_c(out, "id", ex->demo->files[at].id);
    gw_demo_put_c(out, "object", "file");
    gw_demo_put_bool(out, "deleted", true);
    gw_json_write_end_object(out);
    drop_file(ex->demo, at);
    gw_demo_answer(ex, 200);
}

/* ---- models: these have a meaning here; every other name is answered too ---- */

static const char *const models[] = {
    "demo",         "demo-cut",  "demo-echo",  "demo-error-429", "demo-error-500",    "demo-fast",
    "demo-garbage", "demo-hang", "demo-reset", "demo-slow",      "demo-stream-error",
};
#define CREATED_S 1767225600u /* 2026-01-01 */

static void write_model(struct gw_json_writer *out, const struct gw_demo_exchange *ex,
                        struct gw_str id)
{
    gw_json_write_begin_object(out);
    if (ex->has_anthropic_version) {
        gw_demo_put_c(out, "type", "model");
        gw_demo_put(out, "id", id);
        gw_demo_put(out, "display_name", id);
        gw_demo_put_c(out, "created_at", "2026-01-01T00:00:00Z");
    } else {
        gw_demo_put(out, "id", id);
        gw_demo_put_c(out, "object", "model");
        gw_demo_put_u(out, "created", CREATED_S);
        gw_demo_put_c(out, "owned_by", "demo");
    }
    gw_json_write_end_object(out);
}

void gw_demo_model_list(struct gw_demo_exchange *ex)
{
    struct gw_json_writer *out = gw_demo_json(ex);

    if (ex->has_anthropic_version)
        ex->dialect = GW_DEMO_ANTHROPIC;
    gw_json_write_begin_object(out);
    if (!ex->has_anthropic_version)
        gw_demo_put_c(out, "object", "list");
    gw_demo_put_array(out, "data");
    for (size_t i = 0; i < GW_COUNT(models); i++)
        write_model(out, ex, gw_str_of(models[i]));
    gw_json_write_end_array(out);
    if (ex->has_anthropic_version) {
        gw_demo_put_bool(out, "has_more", false);
        gw_demo_put_c(out, "first_id", models[0]);
        gw_demo_put_c(out, "last_id", models[GW_COUNT(models) - 1]);
    }
    gw_json_write_end_object(out);
    gw_demo_answer(ex, 200);
}

void gw_demo_model_get(struct gw_demo_exchange *ex)
{
    if (ex->has_anthropic_version)
        ex->dialect = GW_DEMO_ANTHROPIC;
    write_model(gw_demo_json(ex), ex, ex->id);
    gw_demo_answer(ex, 200);
}
