#include "codec/openai_chat_private.h"

/* ---- members ---- */

uint32_t gw_chat_member(const struct gw_json *json, uint32_t object, struct gw_str key)
{
    uint32_t value = gw_json_get(json, object, key);

    return gw_json_type(json, value) == GW_JSON_IS_NULL ? GW_JSON_ABSENT : value;
}

struct gw_text gw_chat_text(const struct gw_json *json, uint32_t object, struct gw_str key)
{
    uint32_t value = gw_json_get(json, object, key);

    return (struct gw_text){gw_json_raw(json, value)};
}

struct gw_text gw_chat_filled(const struct gw_json *json, uint32_t object, struct gw_str key)
{
    struct gw_text text = gw_chat_text(json, object, key);

    return text.raw.len ? text : (struct gw_text){{NULL, 0}};
}

struct gw_text gw_chat_call_signature(const struct gw_json *json, uint32_t call)
{
    static const struct gw_str name = GW_STR_INIT("thought_signature");
    uint32_t extra = gw_chat_member(json, call, GW_STR("extra_content"));
    struct gw_text found =
        gw_chat_filled(json, gw_chat_member(json, extra, GW_STR("google")), name);

    if (!gw_text_present(found))
        found = gw_chat_filled(json, gw_chat_member(json, call, GW_STR("function")), name);
    if (!gw_text_present(found))
        found = gw_chat_filled(json, gw_chat_member(json, call, GW_STR("provider_specific_fields")),
                               name);
    return found;
}

void gw_chat_put_text(struct gw_json_writer *out, struct gw_str key, struct gw_text text)
{
    gw_json_write_key(out, key);
    gw_json_write_raw_string(out, text.raw);
}

void gw_chat_put_optional(struct gw_json_writer *out, struct gw_str key, struct gw_text text)
{
    if (gw_text_present(text))
        gw_chat_put_text(out, key, text);
    else
        gw_chat_put_null(out, key);
}

void gw_chat_put_string(struct gw_json_writer *out, struct gw_str key, struct gw_str string)
{
    gw_json_write_key(out, key);
    gw_json_write_string(out, string);
}

void gw_chat_put_raw(struct gw_json_writer *out, struct gw_str key, struct gw_str json)
{
    gw_json_write_key(out, key);
    gw_json_write_raw(out, json);
}

void gw_chat_put_null(struct gw_json_writer *out, struct gw_str key)
{
    gw_json_write_key(out, key);
    gw_json_write_null(out);
}

void gw_chat_put_object(struct gw_json_writer *out, struct gw_str key)
{
    gw_json_write_key(out, key);
    gw_json_write_begin_object(out);
}

void gw_chat_put_array(struct gw_json_writer *out, struct gw_str key)
{
    gw_json_write_key(out, key);
    gw_json_write_begin_array(out);
}

void gw_chat_begin_text(struct gw_json_writer *out, struct gw_str key)
{
    gw_chat_put_raw(out, key, GW_STR("\""));
}

void gw_chat_add_text(struct gw_json_writer *out, struct gw_text text)
{
    if (out->status == GW_OK)
        out->status = gw_text_add(out->buf, text);
}

void gw_chat_end_text(struct gw_json_writer *out)
{
    if (out->status == GW_OK)
        out->status = gw_buf_add_c(out->buf, '"');
}

void gw_chat_write_line(struct gw_json_writer *out, struct gw_str json)
{
    size_t begin = gw_buf_len(out->buf);

    gw_json_write_raw(out, json);
    if (out->status != GW_OK)
        return;
    char *at = out->buf->base + out->buf->head + begin, *end = out->buf->base + out->buf->tail;
    for (; at < end; at++)
        if (*at == '\n' || *at == '\r')
            *at = ' ';
}

/* ---- entries of reasoning_details ---- */

static const struct gw_str detail_types[] = {
    [GW_CHAT_DETAIL_TEXT] = GW_STR_INIT("reasoning.text"),
    [GW_CHAT_DETAIL_SUMMARY] = GW_STR_INIT("reasoning.summary"),
    [GW_CHAT_DETAIL_ENCRYPTED] = GW_STR_INIT("reasoning.encrypted"),
};

static const struct gw_str formats[] = {
    [GW_FAMILY_NONE] = GW_STR_INIT("unknown"),
    [GW_FAMILY_ANTHROPIC] = GW_STR_INIT("anthropic-claude-v1"),
    [GW_FAMILY_OPENAI] = GW_STR_INIT("openai-responses-v1"),
    [GW_FAMILY_GEMINI] = GW_STR_INIT("google-gemini-v1"),
    [GW_FAMILY_PLAIN] = GW_STR_INIT("unknown"),
};

struct gw_str gw_chat_format(enum gw_family family)
{
    return formats[family];
}

void gw_chat_read_detail(const struct gw_json *json, uint32_t entry,
                         struct gw_chat_detail *detail_out)
{
    uint32_t type = gw_json_get(json, entry, GW_STR("type"));
    uint32_t format = gw_json_get(json, entry, GW_STR("format"));
    struct gw_chat_detail detail = {
        .family = GW_FAMILY_PLAIN,
        .text = gw_chat_text(json, entry, GW_STR("text")),
        .signature = gw_chat_filled(json, entry, GW_STR("signature")),
        .data = gw_chat_filled(json, entry, GW_STR("data")),
        .id = gw_chat_filled(json, entry, GW_STR("id")),
        .index = -1,
    };
    unsigned kind = 0;

    while (kind < GW_COUNT(detail_types) && !gw_json_equals(json, type, detail_types[kind]))
        kind++;
    detail.kind = kind < GW_COUNT(detail_types) ? kind : GW_CHAT_DETAIL_UNKNOWN;
    for (unsigned family = GW_FAMILY_ANTHROPIC; family <= GW_FAMILY_GEMINI; family++)
        if (gw_json_equals(json, format, formats[family]))
            detail.family = family;
    if (detail.kind == GW_CHAT_DETAIL_SUMMARY)
        detail.text = gw_chat_text(json, entry, GW_STR("summary"));
    if (detail.kind == GW_CHAT_DETAIL_ENCRYPTED && !gw_text_present(detail.data))
        detail.kind = GW_CHAT_DETAIL_UNKNOWN;
    (void)gw_json_int64(json, gw_json_get(json, entry, GW_STR("index")), &detail.index);
    *detail_out = detail;
}

void gw_chat_write_detail(struct gw_json_writer *out, const struct gw_chat_detail *detail)
{
    gw_json_write_begin_object(out);
    gw_chat_put_string(out, GW_STR("type"), detail_types[detail->kind]);
    switch (detail->kind) {
    case GW_CHAT_DETAIL_TEXT:
        gw_chat_put_text(out, GW_STR("text"), detail->text);
        gw_chat_put_optional(out, GW_STR("signature"), detail->signature);
        break;
    case GW_CHAT_DETAIL_SUMMARY:
        gw_chat_put_text(out, GW_STR("summary"), detail->text);
        gw_chat_put_optional(out, GW_STR("id"), detail->id);
        break;
    case GW_CHAT_DETAIL_ENCRYPTED:
        gw_chat_put_text(out, GW_STR("data"), detail->data);
        gw_chat_put_optional(out, GW_STR("id"), detail->id);
        break;
    case GW_CHAT_DETAIL_UNKNOWN:
        break;
    }
    gw_chat_put_string(out, GW_STR("format"), formats[detail->family]);
    gw_json_write_key(out, GW_STR("index"));
    gw_json_write_int64(out, detail->index);
    gw_json_write_end_object(out);
}

void gw_chat_write_state(struct gw_json_writer *out, const struct gw_chat_detail *state)
{
    struct gw_chat_detail detail = *state;

    if (state->family != GW_FAMILY_OPENAI || gw_text_present(state->data)) {
        detail.kind = gw_text_present(state->data) ? GW_CHAT_DETAIL_ENCRYPTED : GW_CHAT_DETAIL_TEXT;
        gw_chat_write_detail(out, &detail);
        return;
    }
    /* Of Responses: a summary, and what proves it apart. */
    detail.kind = GW_CHAT_DETAIL_SUMMARY;
    if (state->text.raw.len)
        gw_chat_write_detail(out, &detail);
    detail.kind = GW_CHAT_DETAIL_ENCRYPTED;
    detail.data = state->signature;
    if (gw_text_present(detail.data))
        gw_chat_write_detail(out, &detail);
}

const struct gw_codec gw_codec_openai_chat = {
    .name = "chat",
    .id = GW_CODEC_CHAT,
    .family =
        GW_FAMILY_PLAIN, /* whose extra members and hosted tools; that of Responses is another */
    .call_ids = GW_ID_CHAT,
    .call_prefix = GW_STR_INIT("call_"),
    .read_request = gw_chat_read_request,
    .write_request = gw_chat_write_request,
    .read_answer = gw_chat_read_answer,
    .write_answer = gw_chat_write_answer,
    .reader_bytes = sizeof(struct gw_chat_reader),
    .read_event = gw_chat_read_event,
    .read_end = gw_chat_read_end,
    .writer_bytes = sizeof(struct gw_chat_writer),
    .write_event = gw_chat_write_event,
    .read_error = gw_chat_read_error,
    .write_error = gw_chat_write_error,
};
