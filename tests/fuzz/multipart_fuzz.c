/*
 * Forms: the scanner says the same at any cut, and where it accepts a form, a simple splitter of
 * the whole body agrees with what it found.
 *
 * Input: two bytes (cuts), the Content-Type up to the first LF, then the body.
 */
#include <stdlib.h>

#include "wire/multipart.h"

#define CHECK(truth)                                                                               \
    do {                                                                                           \
        if (!(truth))                                                                              \
            abort();                                                                               \
    } while (0)

struct outcome {
    enum gw_status status;
    size_t offset;
    struct gw_multipart form;
};

static void scan(struct gw_str type, const struct gw_str *piece, size_t pieces,
                 struct outcome *outcome)
{
    struct gw_err err = {.status = GW_OK};

    outcome->offset = 0;
    outcome->status = gw_multipart_init(&outcome->form, type, &err);
    if (outcome->status != GW_OK)
        return;
    for (size_t i = 0; i < pieces && outcome->status == GW_OK; i++) {
        char *copy = malloc(piece[i].len + !piece[i].len);
        CHECK(copy);
        memcpy(copy, piece[i].base, piece[i].len);
        outcome->status =
            gw_multipart_feed(&outcome->form, (struct gw_str){copy, piece[i].len}, &err);
        free(copy);
    }
    if (outcome->status == GW_OK)
        outcome->status = gw_multipart_end(&outcome->form, &err);
    outcome->offset = err.offset;
    CHECK(outcome->status == err.status);
    gw_multipart_finish(&outcome->form);
}

static void check_same_field(const struct gw_multipart_field *a, const struct gw_multipart_field *b)
{
    CHECK(a->seen == b->seen);
    if (a->seen)
        CHECK(a->begin == b->begin && a->end == b->end && a->len == b->len &&
              memcmp(a->value, b->value, a->len) == 0);
}

static void check_place(const struct gw_multipart_field *field, struct gw_str body)
{
    if (!field->seen)
        return;
    CHECK(field->begin <= field->end && field->end <= body.len);
    CHECK(field->len == field->end - field->begin);
    CHECK(memcmp(body.base + field->begin, field->value, field->len) == 0);
    CHECK(gw_str_starts(gw_str_from(body, (size_t)field->end), GW_STR("\r\n--")));
}

/* Of an accepted form: splits at CRLF "--" boundary, as the simplest reader would, and counts the
 * parts whose headers name "model" in the two spellings that all clients use. */
static void check_by_splitting(const struct gw_multipart *form, struct gw_str body)
{
    const struct gw_str delimiter = {form->delimiter, form->delimiter_len};
    char needle_bytes[80] = "\r";
    size_t at = delimiter.len - 1, models = 0, parts = 0;

    memcpy(needle_bytes + 1, delimiter.base, delimiter.len);
    const struct gw_str needle = {needle_bytes, delimiter.len + 1};
    CHECK(gw_str_starts(body, gw_str_from(delimiter, 1)));
    while (gw_str_starts(gw_str_from(body, at), GW_STR("\r\n"))) {
        struct gw_str rest = gw_str_from(body, at + 2);
        size_t head = gw_str_find_str(rest, GW_STR("\r\n\r\n"));
        CHECK(head < rest.len);
        struct gw_str content = gw_str_from(rest, head + 4);
        size_t end = gw_str_find_str(content, needle);
        CHECK(end < content.len);
        if (gw_str_eq((struct gw_str){rest.base, head},
                      GW_STR("Content-Disposition: form-data; name=\"model\""))) {
            CHECK(form->model.seen && end == form->model.len);
            CHECK((size_t)(content.base - body.base) == form->model.begin);
            models++;
        }
        parts++;
        at = (size_t)(content.base - body.base) + end + needle.len;
    }
    CHECK(gw_str_starts(gw_str_from(body, at), GW_STR("--")));
    CHECK(models <= 1);
    CHECK(parts == form->parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct outcome whole, cut;

    if (len < 3)
        return 0;
    struct gw_str all = {(const char *)bytes + 2, len - 2};
    struct gw_str type = {all.base, gw_str_find(all, '\n')}, body = gw_str_from(all, type.len + 1);
    size_t first = bytes[0] * body.len / 255, second = first + bytes[1] * (body.len - first) / 255;
    const struct gw_str pieces[3] = {{body.base, first},
                                     {body.base + first, second - first},
                                     {body.base + second, body.len - second}};

    scan(type, &body, 1, &whole);
    scan(type, pieces, 3, &cut);
    CHECK(whole.status == cut.status);
    if (whole.status == GW_UNSUPPORTED)
        return 0;
    CHECK(whole.status != GW_INVALID || whole.offset == cut.offset);
    check_same_field(&whole.form.model, &cut.form.model);
    check_same_field(&whole.form.stream, &cut.form.stream);
    check_place(&whole.form.model, body);
    check_place(&whole.form.stream, body);
    if (whole.status == GW_OK)
        check_by_splitting(&whole.form, body);
    return 0;
}
