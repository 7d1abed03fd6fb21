/* multipart/form-data in memory (RFC 7578). wire/multipart has checked it first, strictly, so
 * splitting can be simple. */
#include "demo/demo_private.h"

#include "wire/multipart.h"

/* A parameter of a field value: token or quoted string; without its quotes, escapes stay. */
static struct gw_str parameter(struct gw_str value, struct gw_str name)
{
    struct gw_str rest = gw_str_from(value, gw_str_find(value, ';'));

    while (rest.len) {
        rest = gw_str_trim(gw_str_from(rest, 1)); /* its ';' */
        size_t equals = gw_str_find(rest, '=');
        bool found = gw_str_eq_nocase((struct gw_str){rest.base, equals}, name);
        rest = gw_str_from(rest, equals + 1);
        size_t len = gw_str_find(rest, ';');
        if (rest.len && rest.base[0] == '"') {
            rest = gw_str_from(rest, 1);
            for (len = 0; len < rest.len && rest.base[len] != '"'; len++)
                if (rest.base[len] == '\\' && len + 1 < rest.len)
                    len++;
        }
        if (found)
            return gw_str_trim((struct gw_str){rest.base, len});
        rest = gw_str_from(rest, len);
        rest = gw_str_from(rest, gw_str_find(rest, ';'));
    }
    return (struct gw_str){NULL, 0};
}

static void read_field(struct gw_demo_part *part, struct gw_str line)
{
    size_t colon = gw_str_find(line, ':');
    struct gw_str name = gw_str_trim((struct gw_str){line.base, colon});
    struct gw_str value = gw_str_trim(gw_str_from(line, colon + 1));

    if (gw_str_eq_nocase(name, GW_STR("content-disposition"))) {
        part->name = parameter(value, GW_STR("name"));
        part->filename = parameter(value, GW_STR("filename"));
    } else if (gw_str_eq_nocase(name, GW_STR("content-type"))) {
        part->content_type = value;
    }
}

/* @param rest  behind the boundary line's CRLF @param delimiter  CRLF "--" boundary */
static struct gw_demo_part read_part(struct gw_str *rest, struct gw_str delimiter)
{
    struct gw_demo_part part = {.bytes = {NULL, 0}};

    for (;;) {
        size_t len = gw_str_find_str(*rest, GW_STR("\r\n"));
        struct gw_str line = {rest->base, len};
        *rest = gw_str_from(*rest, len + 2);
        if (len == 0 || rest->len == 0)
            break;
        read_field(&part, line);
    }
    part.bytes = (struct gw_str){rest->base, gw_str_find_str(*rest, delimiter)};
    *rest = gw_str_from(*rest, part.bytes.len + delimiter.len);
    return part;
}

static enum gw_status check(const struct gw_demo_exchange *ex, struct gw_err *err)
{
    struct gw_multipart form;

    enum gw_status status = gw_multipart_init(&form, ex->content_type, err);
    if (status != GW_OK)
        return status;
    status = gw_multipart_feed(&form, gw_buf_str(&ex->body), err);
    if (status == GW_OK)
        status = gw_multipart_end(&form, err);
    gw_multipart_finish(&form);
    return status;
}

enum gw_status gw_demo_form_read(struct gw_demo_exchange *ex, struct gw_err *err)
{
    enum gw_status status = check(ex, err);

    if (status != GW_OK)
        return status;
    struct gw_str boundary = parameter(ex->content_type, GW_STR("boundary"));
    struct gw_str delimiter = gw_arena_printf(&ex->arena, "\r\n--%.*s", GW_STR_ARG(boundary));
    ex->form = gw_arena_zalloc(&ex->arena, sizeof *ex->form);
    if (!ex->form || !delimiter.base)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a form");
    ex->form->parts = gw_arena_zalloc(&ex->arena, GW_MULTIPART_PARTS_MAX * sizeof *ex->form->parts);
    if (!ex->form->parts)
        return gw_err_set(err, GW_NO_MEMORY, "could not allocate a form");
    /* The first delimiter has no CRLF before it. */
    struct gw_str rest = gw_str_from(gw_buf_str(&ex->body), delimiter.len - 2);
    while (gw_str_starts(rest, GW_STR("\r\n")) && ex->form->count < GW_MULTIPART_PARTS_MAX) {
        rest = gw_str_from(rest, 2);
        ex->form->parts[ex->form->count++] = read_part(&rest, delimiter);
    }
    return GW_OK;
}

const struct gw_demo_part *gw_demo_form_part(const struct gw_demo_form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (gw_str_eq(form->parts[i].name, gw_str_of(name)))
            return &form->parts[i];
    return NULL;
}

struct gw_str gw_demo_form_value(const struct gw_demo_form *form, const char *name)
{
    const struct gw_demo_part *part = gw_demo_form_part(form, name);

    return part ? part->bytes : (struct gw_str){NULL, 0};
}
