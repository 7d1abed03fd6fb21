/* Errors of upstreams, in whatever shape they come (translation.md §7). */
#include <stdio.h>

#include "codec/anthropic_messages_private.h"

#define TEXT_BYTES_MAX 2000u

/* What a body says about what went wrong. */
struct said {
    struct gw_text message, type, code, param, status;
    int64_t number; /* `code` as a number; 0: none */
    struct gw_str details;
};

/* ---- class ---- */

static const struct {
    struct gw_str name;
    enum gw_failure_class class;
} names[] = {
    /* Anthropic */
    {GW_STR_INIT("invalid_request_error"), GW_CLASS_BAD_REQUEST},
    {GW_STR_INIT("authentication_error"), GW_CLASS_AUTH},
    {GW_STR_INIT("billing_error"), GW_CLASS_BILLING},
    {GW_STR_INIT("permission_error"), GW_CLASS_PERMISSION},
    {GW_STR_INIT("not_found_error"), GW_CLASS_NOT_FOUND},
    {GW_STR_INIT("request_too_large"), GW_CLASS_TOO_LARGE},
    {GW_STR_INIT("rate_limit_error"), GW_CLASS_RATE_LIMIT},
    {GW_STR_INIT("api_error"), GW_CLASS_INTERNAL},
    {GW_STR_INIT("overloaded_error"), GW_CLASS_OVERLOADED},
    {GW_STR_INIT("timeout_error"), GW_CLASS_GATEWAY_TIMEOUT},
    /* Google */
    {GW_STR_INIT("INVALID_ARGUMENT"), GW_CLASS_BAD_REQUEST},
    {GW_STR_INIT("FAILED_PRECONDITION"), GW_CLASS_BAD_REQUEST},
    {GW_STR_INIT("UNAUTHENTICATED"), GW_CLASS_AUTH},
    {GW_STR_INIT("PERMISSION_DENIED"), GW_CLASS_PERMISSION},
    {GW_STR_INIT("NOT_FOUND"), GW_CLASS_NOT_FOUND},
    {GW_STR_INIT("RESOURCE_EXHAUSTED"), GW_CLASS_RATE_LIMIT},
    {GW_STR_INIT("INTERNAL"), GW_CLASS_INTERNAL},
    {GW_STR_INIT("UNAVAILABLE"), GW_CLASS_OVERLOADED},
    {GW_STR_INIT("DEADLINE_EXCEEDED"), GW_CLASS_GATEWAY_TIMEOUT},
    {GW_STR_INIT("CANCELLED"), GW_CLASS_CANCELLED},
    /* AWS */
    {GW_STR_INIT("ValidationException"), GW_CLASS_BAD_REQUEST},
    {GW_STR_INIT("AccessDeniedException"), GW_CLASS_PERMISSION},
    {GW_STR_INIT("UnrecognizedClientException"), GW_CLASS_AUTH},
    {GW_STR_INIT("ResourceNotFoundException"), GW_CLASS_NOT_FOUND},
    {GW_STR_INIT("ThrottlingException"), GW_CLASS_RATE_LIMIT},
    {GW_STR_INIT("ServiceQuotaExceededException"), GW_CLASS_RATE_LIMIT},
    {GW_STR_INIT("ModelNotReadyException"), GW_CLASS_OVERLOADED},
    {GW_STR_INIT("ServiceUnavailableException"), GW_CLASS_OVERLOADED},
    {GW_STR_INIT("ModelTimeoutException"), GW_CLASS_GATEWAY_TIMEOUT},
    {GW_STR_INIT("ModelStreamErrorException"), GW_CLASS_BAD_GATEWAY},
    {GW_STR_INIT("ModelErrorException"), GW_CLASS_BAD_GATEWAY},
    {GW_STR_INIT("InternalServerException"), GW_CLASS_INTERNAL},
};

/* OpenAI says "invalid_request_error" of nearly everything: then the status knows better. */
static bool is_vague(enum gw_failure_class class, unsigned status)
{
    return class == GW_CLASS_BAD_REQUEST && status > 400;
}

static bool class_of_name(struct gw_text name, unsigned status, enum gw_failure_class *class_out)
{
    size_t hash = gw_str_find(name.raw, '#'); /* "com.amazon.coral#ValidationException" */
    struct gw_str word = hash < name.raw.len ? gw_str_from(name.raw, hash + 1) : name.raw;

    word.len = gw_str_find(word, ':');
    for (size_t i = 0; i < GW_COUNT(names); i++)
        if (gw_str_eq_nocase(word, names[i].name) && !is_vague(names[i].class, status)) {
            *class_out = names[i].class;
            return true;
        }
    return false;
}

static enum gw_failure_class class_of_status(unsigned status)
{
    static const struct {
        unsigned status;
        enum gw_failure_class class;
    } rows[] = {
        {401, GW_CLASS_AUTH},
        {402, GW_CLASS_BILLING},
        {403, GW_CLASS_PERMISSION},
        {404, GW_CLASS_NOT_FOUND},
        {408, GW_CLASS_TIMEOUT},
        {409, GW_CLASS_CONFLICT},
        {413, GW_CLASS_TOO_LARGE},
        {422, GW_CLASS_UNPROCESSABLE},
        {424, GW_CLASS_BAD_GATEWAY},
        {429, GW_CLASS_RATE_LIMIT},
        {498, GW_CLASS_UNPROCESSABLE},
        {499, GW_CLASS_CANCELLED},
        {502, GW_CLASS_BAD_GATEWAY},
        {503, GW_CLASS_OVERLOADED},
        {504, GW_CLASS_GATEWAY_TIMEOUT},
        {522, GW_CLASS_GATEWAY_TIMEOUT},
        {524, GW_CLASS_GATEWAY_TIMEOUT},
        {529, GW_CLASS_OVERLOADED},
    };

    for (size_t i = 0; i < GW_COUNT(rows); i++)
        if (rows[i].status == status)
            return rows[i].class;
    if (status >= 500)
        return GW_CLASS_INTERNAL;
    return status >= 400 ? GW_CLASS_BAD_REQUEST : GW_CLASS_BAD_GATEWAY;
}

static bool contains_nocase(struct gw_str text, struct gw_str needle)
{
    for (size_t i = 0; i + needle.len <= text.len; i++)
        if (gw_str_eq_nocase((struct gw_str){text.base + i, needle.len}, needle))
            return true;
    return false;
}

static bool is_too_long(const struct said *said)
{
    static const struct gw_str words[] = {
        GW_STR_INIT("context_length_exceeded"), GW_STR_INIT("prompt is too long"),
        GW_STR_INIT("maximum context length"),  GW_STR_INIT("exceeds the maximum number of tokens"),
        GW_STR_INIT("input is too long"),
    };

    if (gw_text_equals(said->code, words[0]))
        return true;
    for (size_t i = 0; i < GW_COUNT(words); i++)
        if (contains_nocase(said->message.raw, words[i]))
            return true;
    return false;
}

static enum gw_failure_class class_of(const struct said *said, unsigned status)
{
    enum gw_failure_class class;

    /* Within an answer of 200 or a stream there is no status but what the error says. */
    if (status < 400 && said->number >= 400 && said->number < 600)
        status = (unsigned)said->number;
    if (!class_of_name(said->type, status, &class) && !class_of_name(said->status, status, &class))
        class = class_of_status(status);
    if (gw_text_equals(said->code, GW_STR("insufficient_quota")) ||
        gw_text_equals(said->type, GW_STR("insufficient_quota")))
        return GW_CLASS_BILLING;
    if ((class == GW_CLASS_BAD_REQUEST || class == GW_CLASS_TOO_LARGE) && is_too_long(said))
        return GW_CLASS_CONTEXT;
    return class;
}

/* ---- what is said ---- */

static void read_object(const struct gw_json *json, uint32_t object, struct said *said)
{
    uint32_t code = gw_json_get(json, object, GW_STR("code"));
    uint32_t details = gw_json_get(json, object, GW_STR("details"));

    said->type = gw_messages_text(json, object, GW_STR("type"));
    if (!gw_text_present(said->type))
        said->type = gw_messages_text(json, object, GW_STR("__type"));
    said->code.raw = gw_json_raw(json, code);
    (void)gw_json_int64(json, code, &said->number);
    said->param = gw_messages_text(json, object, GW_STR("param"));
    said->status = gw_messages_text(json, object, GW_STR("status"));
    if (gw_json_type(json, details) == GW_JSON_IS_OBJECT)
        said->details = gw_json_slice(json, details);
}

/* FastAPI: "body.messages.0: field required; …" */
static enum gw_status join_details(const struct gw_json *json, uint32_t array,
                                   struct gw_arena *arena, struct gw_text *message_out)
{
    struct gw_json_iter items = gw_json_iter(json, array), parts;
    enum gw_status status = GW_OK;
    struct gw_buf buf;
    uint32_t item, part;

    gw_buf_init(&buf, TEXT_BYTES_MAX);
    while (status == GW_OK && gw_json_next(json, &items, &item)) {
        const char *between = gw_buf_len(&buf) ? "; " : "";
        parts = gw_json_iter(json, gw_json_get(json, item, GW_STR("loc")));
        while (status == GW_OK && gw_json_next(json, &parts, &part)) {
            struct gw_str word = gw_json_raw(json, part);
            if (!word.base)
                word = gw_json_slice(json, part);
            status = gw_buf_printf(&buf, "%s%.*s", between, GW_STR_ARG(word));
            between = ".";
        }
        struct gw_text text = gw_messages_text(json, item, GW_STR("msg"));
        if (status == GW_OK && gw_text_present(text))
            status = gw_buf_printf(&buf, "%s%.*s", *between == '.' ? ": " : between,
                                   GW_STR_ARG(text.raw));
    }
    if (gw_buf_len(&buf))
        message_out->raw = gw_arena_str(arena, gw_buf_str(&buf));
    bool lost = gw_buf_len(&buf) && !message_out->raw.base;
    gw_buf_finish(&buf);
    return lost || status == GW_NO_MEMORY ? GW_NO_MEMORY : GW_OK;
}

/* The shapes that are met, the first that fits. */
static enum gw_status read_shapes(const struct gw_json *json, struct gw_arena *arena,
                                  struct said *said)
{
    uint32_t root = 0, error, detail, first;
    struct gw_json_iter iter;

    if (gw_json_count(json, 0) == 1 && gw_json_type(json, 0) == GW_JSON_IS_ARRAY)
        root = 1; /* Gemini, when it was asked for a stream */
    error = gw_json_get(json, root, GW_STR("error"));
    if (gw_text_present(gw_messages_text(json, error, GW_STR("message")))) {
        read_object(json, error, said);
        said->message = gw_messages_text(json, error, GW_STR("message"));
        return GW_OK;
    }
    read_object(json, root, said);
    if (gw_json_type(json, error) == GW_JSON_IS_STRING) {
        said->message.raw = gw_json_raw(json, error);
        return GW_OK;
    }
    said->message = gw_messages_text(json, root, GW_STR("message"));
    if (gw_text_present(said->message))
        return GW_OK;
    detail = gw_json_get(json, root, GW_STR("detail"));
    said->message.raw = gw_json_raw(json, detail);
    if (gw_json_type(json, detail) == GW_JSON_IS_ARRAY)
        return join_details(json, detail, arena, &said->message);
    iter = gw_json_iter(json, gw_json_get(json, root, GW_STR("errors")));
    if (!gw_text_present(said->message) && gw_json_next(json, &iter, &first))
        said->message = gw_messages_text(json, first, GW_STR("message"));
    return GW_OK;
}

/* Text without markup and control characters: a proxy's page, say. */
static enum gw_status read_page(struct gw_str body, struct gw_arena *arena,
                                struct gw_text *message_out)
{
    char text[TEXT_BYTES_MAX];
    size_t len = 0;
    bool markup = false;

    for (size_t i = 0; i < body.len && len < sizeof(text); i++) {
        char c = body.base[i];
        bool blank = (unsigned char)c <= ' ' || c == 0x7f;
        if (c == '<' || c == '>') {
            markup = c == '<';
            blank = true;
        }
        if (blank ? len && text[len - 1] != ' ' : !markup)
            text[len++] = blank ? ' ' : c;
    }
    while (len && text[len - 1] == ' ')
        len--;
    if (len == 0)
        return GW_OK;
    struct gw_str copy = gw_arena_str(arena, (struct gw_str){text, len});
    if (copy.base)
        *message_out = gw_text_escape(copy, arena);
    return gw_text_present(*message_out) ? GW_OK : GW_NO_MEMORY;
}

/* ---- keys ---- */

static bool is_key_char(char c)
{
    return (c >= '0' && c <= '9') || (gw_lower(c) >= 'a' && gw_lower(c) <= 'z') || c == '-' ||
           c == '_' || c == '*' || c == '.';
}

/* Bytes of what looks like a key at the start of `text`; 0: it does not. */
static size_t key_len(struct gw_str text)
{
    size_t len = gw_str_starts(text, GW_STR("sk-"))    ? 3
                 : gw_str_starts(text, GW_STR("AIza")) ? 4
                                                       : 0;
    size_t head = len;

    while (len && len < text.len && is_key_char(text.base[len]))
        len++;
    return len >= head + 6 ? len : 0;
}

static enum gw_status hide_keys(struct gw_text *message, struct gw_arena *arena)
{
    struct gw_str raw = message->raw;
    size_t len = 0, at = 0, found;
    bool first = gw_str_find_str(raw, GW_STR("sk-")) == raw.len &&
                 gw_str_find_str(raw, GW_STR("AIza")) == raw.len;

    if (first)
        return GW_OK;
    char *into = gw_arena_bytes(arena, raw.len);
    if (!into)
        return GW_NO_MEMORY;
    while (at < raw.len) {
        bool inside = at && is_key_char(raw.base[at - 1]); /* "task-force" holds no key */
        found = inside ? 0 : key_len(gw_str_from(raw, at));
        if (found) {
            memcpy(into + len, "***", 3);
            len += 3;
            at += found;
        } else {
            into[len++] = raw.base[at++];
        }
    }
    message->raw = (struct gw_str){into, len};
    return GW_OK;
}

/* ---- all of it ---- */

enum gw_status gw_messages_read_failure(struct gw_str body, unsigned status, struct gw_arena *arena,
                                        struct gw_failure_told *told_out)
{
    struct said said = {.number = 0};
    struct gw_json json;
    enum gw_status read = gw_json_read(body, arena, GW_MESSAGES_TOKENS_MAX, &json, NULL);

    if (read == GW_OK)
        read = read_shapes(&json, arena, &said);
    else if (read != GW_NO_MEMORY)
        read = read_page(body, arena, &said.message);
    if (read == GW_OK && !said.message.raw.len) {
        said.message.raw = gw_arena_printf(arena, "upstream returned HTTP %u", status);
        read = said.message.raw.base ? GW_OK : GW_NO_MEMORY;
    }
    if (read == GW_OK)
        read = hide_keys(&said.message, arena);
    if (read != GW_OK)
        return read;
    *told_out = (struct gw_failure_told){
        .class = class_of(&said, status),
        .message = said.message,
        .code = said.code,
        .param = said.param,
        .details = said.details,
    };
    return GW_OK;
}

enum gw_status gw_messages_read_error(const struct gw_error_answer *answer, struct gw_arena *arena,
                                      struct gw_failure_told *told_out)
{
    return gw_messages_read_failure(answer->body, answer->status, arena, told_out);
}
