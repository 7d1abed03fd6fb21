/*
 * Failures: what an upstream says about one, in whatever form, and the envelope that the caller gets
 * (translation.md §7).
 */
#include "codec/openai_chat_private.h"

#include "base/utf8.h"

#define TEXT_BYTES_MAX 2000u
#define KEY_BYTES_MIN 8u /* what is shorter than that behind "sk-" is no key */

/* ---- classes ---- */

static const struct {
    unsigned status;
    const char *type, *code; /* code NULL: null */
} classes[GW_CLASSES] = {
    [GW_CLASS_BAD_REQUEST] = {400, "invalid_request_error", NULL},
    [GW_CLASS_CONTEXT] = {400, "invalid_request_error", "context_length_exceeded"},
    [GW_CLASS_AUTH] = {401, "invalid_request_error", "invalid_api_key"},
    [GW_CLASS_BILLING] = {402, "insufficient_quota", "insufficient_quota"},
    [GW_CLASS_PERMISSION] = {403, "permission_error", "permission_denied"},
    [GW_CLASS_NOT_FOUND] = {404, "invalid_request_error", "model_not_found"},
    [GW_CLASS_TIMEOUT] = {408, "timeout_error", "request_timeout"},
    [GW_CLASS_CONFLICT] = {409, "invalid_request_error", "conflict"},
    [GW_CLASS_TOO_LARGE] = {413, "invalid_request_error", "request_too_large"},
    [GW_CLASS_UNPROCESSABLE] = {422, "invalid_request_error", NULL},
    [GW_CLASS_RATE_LIMIT] = {429, "rate_limit_error", "rate_limit_exceeded"},
    [GW_CLASS_INTERNAL] = {500, "server_error", "internal_error"},
    [GW_CLASS_BAD_GATEWAY] = {502, "server_error", "upstream_error"},
    [GW_CLASS_OVERLOADED] = {503, "server_error", "overloaded"},
    [GW_CLASS_GATEWAY_TIMEOUT] = {504, "server_error", "timeout"},
    [GW_CLASS_CANCELLED] = {499, "invalid_request_error", "request_cancelled"},
};

static const struct {
    unsigned status;
    enum gw_failure_class class;
} statuses[] = {
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
    {499, GW_CLASS_CANCELLED},
    {502, GW_CLASS_BAD_GATEWAY},
    {503, GW_CLASS_OVERLOADED},
    {504, GW_CLASS_GATEWAY_TIMEOUT},
    {522, GW_CLASS_GATEWAY_TIMEOUT},
    {524, GW_CLASS_GATEWAY_TIMEOUT},
    {529, GW_CLASS_OVERLOADED},
};

static enum gw_failure_class class_of_status(unsigned status)
{
    for (size_t i = 0; i < GW_COUNT(statuses); i++)
        if (statuses[i].status == status)
            return statuses[i].class;
    if (status >= 400 && status < 500)
        return GW_CLASS_BAD_REQUEST;
    return status >= 500 && status < 600 ? GW_CLASS_INTERNAL : GW_CLASS_BAD_GATEWAY;
}

/* Words that mean one thing only: types of Anthropic, statuses of Google, exceptions of AWS, and what OpenAI's
 * own streams say, where there is no status. */
static const struct {
    struct gw_str word;
    enum gw_failure_class class;
} words[] = {
    {GW_STR_INIT("authentication_error"), GW_CLASS_AUTH},
    {GW_STR_INIT("billing_error"), GW_CLASS_BILLING},
    {GW_STR_INIT("permission_error"), GW_CLASS_PERMISSION},
    {GW_STR_INIT("not_found_error"), GW_CLASS_NOT_FOUND},
    {GW_STR_INIT("request_too_large"), GW_CLASS_TOO_LARGE},
    {GW_STR_INIT("rate_limit_error"), GW_CLASS_RATE_LIMIT},
    {GW_STR_INIT("overloaded_error"), GW_CLASS_OVERLOADED},
    {GW_STR_INIT("overloaded"), GW_CLASS_OVERLOADED}, /* what a gateway says */
    {GW_STR_INIT("INVALID_ARGUMENT"), GW_CLASS_BAD_REQUEST},
    {GW_STR_INIT("FAILED_PRECONDITION"), GW_CLASS_BAD_REQUEST},
    {GW_STR_INIT("UNAUTHENTICATED"), GW_CLASS_AUTH},
    {GW_STR_INIT("PERMISSION_DENIED"), GW_CLASS_PERMISSION},
    {GW_STR_INIT("NOT_FOUND"), GW_CLASS_NOT_FOUND},
    {GW_STR_INIT("ABORTED"), GW_CLASS_CONFLICT},
    {GW_STR_INIT("RESOURCE_EXHAUSTED"), GW_CLASS_RATE_LIMIT},
    {GW_STR_INIT("INTERNAL"), GW_CLASS_INTERNAL},
    {GW_STR_INIT("UNAVAILABLE"), GW_CLASS_OVERLOADED},
    {GW_STR_INIT("DEADLINE_EXCEEDED"), GW_CLASS_GATEWAY_TIMEOUT},
    {GW_STR_INIT("CANCELLED"), GW_CLASS_CANCELLED},
    {GW_STR_INIT("ValidationException"), GW_CLASS_BAD_REQUEST},
    {GW_STR_INIT("AccessDeniedException"), GW_CLASS_PERMISSION},
    {GW_STR_INIT("ResourceNotFoundException"), GW_CLASS_NOT_FOUND},
    {GW_STR_INIT("ThrottlingException"), GW_CLASS_RATE_LIMIT},
    {GW_STR_INIT("ModelErrorException"), GW_CLASS_BAD_GATEWAY},
    {GW_STR_INIT("ModelNotReadyException"), GW_CLASS_OVERLOADED},
    {GW_STR_INIT("ModelTimeoutException"), GW_CLASS_GATEWAY_TIMEOUT},
    {GW_STR_INIT("ServiceUnavailableException"), GW_CLASS_OVERLOADED},
    {GW_STR_INIT("InternalServerException"), GW_CLASS_INTERNAL},
    {GW_STR_INIT("context_length_exceeded"), GW_CLASS_CONTEXT},
    {GW_STR_INIT("insufficient_quota"), GW_CLASS_BILLING},
};
/* Words that say little beside a status: OpenAI writes the first for a wrong key and an unknown model too. */
static const struct {
    struct gw_str word;
    enum gw_failure_class class;
} vague_words[] = {
    {GW_STR_INIT("invalid_request_error"), GW_CLASS_BAD_REQUEST},
    {GW_STR_INIT("invalid_api_key"), GW_CLASS_AUTH},
    {GW_STR_INIT("model_not_found"), GW_CLASS_NOT_FOUND},
    {GW_STR_INIT("rate_limit_exceeded"), GW_CLASS_RATE_LIMIT},
    {GW_STR_INIT("server_error"), GW_CLASS_INTERNAL},
    {GW_STR_INIT("api_error"), GW_CLASS_INTERNAL},
    {GW_STR_INIT("timeout_error"), GW_CLASS_GATEWAY_TIMEOUT},
};

static const struct gw_str too_long[] = {
    GW_STR_INIT("context_length_exceeded"), GW_STR_INIT("prompt is too long"),
    GW_STR_INIT("maximum context length"),  GW_STR_INIT("exceeds the maximum number of tokens"),
    GW_STR_INIT("Input is too long"),
};

/* ---- what an upstream says ---- */

/* Found in a body. */
struct found {
    struct gw_text message, type, code, status, param;
    unsigned number; /* a code that is an HTTP status; 0: none */
};

static struct gw_str join_loc(const struct gw_json *json, uint32_t loc, struct gw_arena *arena)
{
    struct gw_json_iter iter = gw_json_iter(json, loc);
    struct gw_str joined = GW_STR("");
    uint32_t part;

    while (gw_json_next(json, &iter, &part)) {
        struct gw_str name = gw_json_slice(json, part);
        if (gw_json_type(json, part) == GW_JSON_IS_STRING)
            name = gw_json_raw(json, part);
        joined = gw_arena_printf(arena, "%.*s%s%.*s", GW_STR_ARG(joined), joined.len ? "." : "",
                                 GW_STR_ARG(name));
        if (!joined.base || joined.len > TEXT_BYTES_MAX)
            break;
    }
    return joined;
}

/* FastAPI's list of what is wrong with a body. */
static struct gw_text join_detail(const struct gw_json *json, uint32_t detail,
                                  struct gw_arena *arena)
{
    struct gw_json_iter iter = gw_json_iter(json, detail);
    struct gw_str joined = {NULL, 0};
    uint32_t entry;

    if (gw_json_type(json, detail) == GW_JSON_IS_STRING)
        return (struct gw_text){gw_json_raw(json, detail)};
    if (gw_json_type(json, detail) != GW_JSON_IS_ARRAY)
        return (struct gw_text){{NULL, 0}};
    while (gw_json_next(json, &iter, &entry)) {
        struct gw_text told = gw_chat_text(json, entry, GW_STR("msg"));
        struct gw_str loc = join_loc(json, gw_json_get(json, entry, GW_STR("loc")), arena);
        if (!gw_text_present(told) || !loc.base)
            continue;
        joined = gw_arena_printf(arena, "%.*s%s%.*s%s%.*s", joined.base ? (int)joined.len : 0,
                                 joined.base ? joined.base : "", joined.base ? "; " : "",
                                 GW_STR_ARG(loc), loc.len ? ": " : "", GW_STR_ARG(told.raw));
        if (!joined.base || joined.len > TEXT_BYTES_MAX)
            break;
    }
    return (struct gw_text){joined};
}

static void take_members(const struct gw_json *json, uint32_t object, struct found *found)
{
    uint32_t code = gw_chat_member(json, object, GW_STR("code"));
    struct gw_text param = gw_chat_filled(json, object, GW_STR("param"));
    struct gw_text type = gw_chat_filled(json, object, GW_STR("type"));
    struct gw_text text = gw_chat_filled(json, object, GW_STR("code"));
    int64_t number;
    uint64_t digits;

    if (gw_text_present(type))
        found->type = type;
    if (gw_text_present(param))
        found->param = param;
    found->status = gw_chat_filled(json, object, GW_STR("status"));
    if (gw_text_present(text) && gw_str_to_u64(text.raw, &digits)) {
        if (digits >= 100 && digits < 600)
            found->number = (unsigned)digits;
    } else if (gw_text_present(text)) {
        found->code = text;
    } else if (gw_json_int64(json, code, &number) && number >= 100 && number < 600) {
        found->number = (unsigned)number;
    }
}

static struct gw_text message_of(const struct gw_json *json, uint32_t object,
                                 struct gw_arena *arena)
{
    uint32_t message = gw_chat_member(json, object, GW_STR("message"));

    if (gw_json_type(json, message) == GW_JSON_IS_OBJECT) /* Mistral */
        return join_detail(json, gw_json_get(json, message, GW_STR("detail")), arena);
    return gw_chat_filled(json, object, GW_STR("message"));
}

static void find(const struct gw_json *json, uint32_t root, struct gw_arena *arena,
                 struct found *found)
{
    uint32_t error = gw_chat_member(json, root, GW_STR("error"));
    struct gw_text amazon = gw_chat_filled(json, root, GW_STR("__type"));
    struct gw_json_iter iter = gw_json_iter(json, gw_chat_member(json, root, GW_STR("errors")));
    uint32_t first;

    take_members(json, root, found);
    if (gw_text_present(amazon))
        found->type = amazon;
    if (gw_json_type(json, error) == GW_JSON_IS_OBJECT) {
        take_members(json, error, found);
        found->message = message_of(json, error, arena);
    } else {
        found->message = gw_chat_filled(json, root, GW_STR("error"));
    }
    if (!gw_text_present(found->message))
        found->message = message_of(json, root, arena);
    if (!gw_text_present(found->message))
        found->message = join_detail(json, gw_chat_member(json, root, GW_STR("detail")), arena);
    if (!gw_text_present(found->message) && gw_json_next(json, &iter, &first))
        found->message = message_of(json, first, arena);
}

static bool says(struct gw_text text, struct gw_str word)
{
    /* AWS puts a namespace in front: "com.amazon.coral.service#ThrottlingException". */
    return gw_text_equals(text, word) ||
           (text.raw.len > word.len && text.raw.base[text.raw.len - word.len - 1] == '#' &&
            gw_str_eq(gw_str_from(text.raw, text.raw.len - word.len), word));
}

static enum gw_failure_class class_of(const struct found *found, unsigned status)
{
    const struct gw_text told[] = {found->type, found->status, found->code};
    bool by_status = status >= 300;

    for (size_t i = 0; i < GW_COUNT(told); i++)
        for (size_t k = 0; k < GW_COUNT(words); k++)
            if (says(told[i], words[k].word))
                return words[k].class;
    if (!by_status && found->number)
        return class_of_status(found->number);
    for (size_t i = 0; !by_status && i < GW_COUNT(told); i++)
        for (size_t k = 0; k < GW_COUNT(vague_words); k++)
            if (says(told[i], vague_words[k].word))
                return vague_words[k].class;
    return class_of_status(status);
}

/* ---- the message ---- */

static bool is_key_byte(char c)
{
    char lower = gw_lower(c);

    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '*';
}

/* Bytes of a key at `at`; 0: there is none. */
static size_t key_len(struct gw_str text, size_t at)
{
    static const struct gw_str starts[] = {GW_STR_INIT("sk-"), GW_STR_INIT("AIza")};
    struct gw_str rest = gw_str_from(text, at);
    size_t len = 0;

    if (at && is_key_byte(text.base[at - 1]))
        return 0;
    for (size_t i = 0; i < GW_COUNT(starts); i++)
        if (gw_str_starts(rest, starts[i])) {
            len = starts[i].len;
            while (len < rest.len && is_key_byte(rest.base[len]))
                len++;
            return len - starts[i].len >= KEY_BYTES_MIN ? len : 0;
        }
    return 0;
}

/* Without keys; with `plain`, without markup and control characters and at most TEXT_BYTES_MAX. */
static struct gw_text clean(struct gw_str text, bool plain, struct gw_arena *arena)
{
    char *into = gw_arena_bytes(arena, text.len + 4);
    size_t len = 0, max = plain ? TEXT_BYTES_MAX : SIZE_MAX;
    bool tag = false, blank = true;

    if (!into)
        return (struct gw_text){{NULL, 0}};
    for (size_t at = 0; at < text.len && len < max;) {
        size_t key = key_len(text, at);
        unsigned char c = (unsigned char)text.base[at];
        if (key) {
            memcpy(into + len, "***", 3);
            len += 3;
            at += key;
            blank = false;
            continue;
        }
        at++;
        if (plain && (c == '<' || c == '>')) {
            tag = c == '<';
            c = ' ';
        }
        if (plain && c <= 0x20)
            c = ' ';
        if (tag || (plain && c == ' ' && blank))
            continue;
        blank = c == ' ';
        into[len++] = (char)c;
    }
    while (plain && len && into[len - 1] == ' ')
        len--;
    /* A character that the limit cuts becomes U+FFFD in the next step. */
    return gw_text_escape((struct gw_str){into, len}, arena);
}

static enum gw_status tell(const struct found *found, unsigned status, struct gw_arena *arena,
                           struct gw_failure_told *told_out)
{
    struct gw_failure_told told = {
        .class = class_of(found, status), .code = found->code, .param = found->param};
    struct gw_str decoded = gw_text_decode(found->message, arena);

    if (gw_text_present(found->message) && !decoded.base)
        return GW_NO_MEMORY;
    if (told.class == GW_CLASS_BAD_REQUEST || told.class == GW_CLASS_TOO_LARGE)
        for (size_t i = 0; i < GW_COUNT(too_long); i++)
            if (decoded.base && gw_str_find_str(decoded, too_long[i]) < decoded.len)
                told.class = GW_CLASS_CONTEXT;
    /* This code tells a 429 from a 402: see write_error(). */
    if (told.class == GW_CLASS_BILLING && status == 429)
        told.code = GW_TEXT("insufficient_quota");
    else if (told.class == GW_CLASS_BILLING &&
             gw_text_equals(told.code, GW_STR("insufficient_quota")))
        told.code = (struct gw_text){{NULL, 0}};
    if (decoded.len)
        told.message = clean(decoded, false, arena);
    else
        told.message.raw = status >= 300
                               ? gw_arena_printf(arena, "upstream returned HTTP %u", status)
                               : GW_STR("the upstream failed");
    *told_out = told;
    return gw_text_present(told.message) ? GW_OK : GW_NO_MEMORY;
}

enum gw_status gw_chat_read_error(const struct gw_error_answer *answer, struct gw_arena *arena,
                                  struct gw_failure_told *told_out)
{
    struct gw_json json;
    struct found found = {0};
    enum gw_status status = gw_json_read(answer->body, arena, GW_CHAT_TOKENS_MAX, &json, NULL);

    if (status == GW_NO_MEMORY)
        return status;
    if (status == GW_OK) {
        bool list = gw_json_type(&json, 0) == GW_JSON_IS_ARRAY && gw_json_count(&json, 0) == 1;
        find(&json, list ? 1 : 0, arena, &found);
    } else {
        found.message = clean(answer->body, true, arena);
        if (!gw_text_present(found.message))
            return GW_NO_MEMORY;
    }
    return tell(&found, answer->status, arena, told_out);
}

enum gw_status gw_chat_tell_error(const struct gw_json *json, uint32_t root, struct gw_arena *arena,
                                  gw_event_fn *on_event, void *arg)
{
    struct gw_event event = {.kind = GW_EVENT_ERROR};
    struct found found = {0};

    find(json, root, arena, &found);
    enum gw_status status = tell(&found, 0, arena, &event.failure);
    event.failure.by_upstream = true;
    return status == GW_OK ? on_event(arg, &event) : status;
}

enum gw_status gw_chat_tell_failure(struct gw_text code, struct gw_text message, bool by_upstream,
                                    gw_event_fn *on_event, void *arg)
{
    struct gw_event event = {
        .kind = GW_EVENT_ERROR,
        .failure = {.class = GW_CLASS_BAD_GATEWAY,
                    .code = code,
                    .message = message,
                    .by_upstream = by_upstream},
    };

    return on_event(arg, &event);
}

/* ---- for the caller ---- */

struct gw_text gw_chat_failure_code(const struct gw_failure_told *told)
{
    const char *code = classes[told->class].code;

    if (gw_text_present(told->code))
        return told->code;
    return (struct gw_text){gw_str_of(code ? code : classes[told->class].type)};
}

enum gw_status gw_chat_write_error(const struct gw_failure_told *told,
                                   const struct gw_answer_context *context, struct gw_buf *out,
                                   unsigned *status_out)
{
    const char *code = classes[told->class].code;
    struct gw_json_writer json;

    (void)context;
    *status_out = classes[told->class].status;
    /* OpenAI's own quota error is a 429. */
    if (told->class == GW_CLASS_BILLING && gw_text_equals(told->code, GW_STR("insufficient_quota")))
        *status_out = 429;
    gw_json_write_init(&json, out);
    gw_json_write_begin_object(&json);
    gw_chat_put_object(&json, GW_STR("error"));
    gw_chat_put_text(&json, GW_STR("message"),
                     gw_text_present(told->message) ? told->message : GW_TEXT(""));
    gw_chat_put_string(&json, GW_STR("type"), gw_str_of(classes[told->class].type));
    gw_chat_put_optional(&json, GW_STR("param"), told->param);
    if (gw_text_present(told->code))
        gw_chat_put_text(&json, GW_STR("code"), told->code);
    else if (code)
        gw_chat_put_string(&json, GW_STR("code"), gw_str_of(code));
    else
        gw_chat_put_null(&json, GW_STR("code"));
    gw_json_write_end_object(&json);
    gw_json_write_end_object(&json);
    return gw_json_write_finish(&json);
}
