/* An upstream's answer as events: what whole answers and streams have in common, and whole ones
 * (translation.md §5.1 to §5.3). */
#include "codec/openai_responses_private.h"

#include "codec/openai_chat_private.h"
#include "wire/json_string.h"

/* ---- how much of a text ---- */

/* UTF-16 units of what stands at the start of `raw`, and its bytes. One half of a pair of escapes by itself is
 * one unit, so a pair that was cut counts as when it was not. */
static unsigned unit_of(struct gw_str raw, bool half, size_t *len_out)
{
    unsigned char c = (unsigned char)raw.base[0];
    struct gw_json_unit unit;

    if (c != '\\') {
        *len_out = 1;
        return c < 0x80 || (c >= 0xc0 && c < 0xf0) ? 1 : c >= 0xf0 ? 2 : 0;
    }
    unit = gw_json_unit(raw);
    *len_out = unit.raw_len ? unit.raw_len : 1;
    if (unit.raw_len == 12 && half)
        *len_out = 6;
    return unit.raw_len == 12 && !half ? 2 : 1;
}

uint64_t gw_responses_units(struct gw_text text)
{
    uint64_t units = 0;
    size_t at = 0, len;

    while (at < text.raw.len) {
        size_t run = gw_json_plain_run(text.raw, at);
        units += run;
        at += run;
        if (at < text.raw.len) {
            units += unit_of(gw_str_from(text.raw, at), false, &len);
            at += len;
        }
    }
    return units;
}

/* What is behind the first `units` of it. */
static struct gw_text behind(struct gw_text text, uint64_t units)
{
    size_t at = 0, len;

    while (units && at < text.raw.len) {
        unsigned count = unit_of(gw_str_from(text.raw, at), units == 1, &len);
        units -= count > units ? units : count;
        at += len;
    }
    while (at < text.raw.len && ((unsigned char)text.raw.base[at] & 0xc0) == 0x80)
        at++; /* the rest of a character */
    return (struct gw_text){gw_str_from(text.raw, at)};
}

/* ---- events ---- */

static enum gw_status tell(struct gw_responses_teller *teller, const struct gw_event *event)
{
    return teller->on_event(teller->arg, event);
}

enum gw_status gw_responses_tell_start(struct gw_responses_teller *teller,
                                       const struct gw_json *json, uint32_t response)
{
    struct gw_event event = {.kind = GW_EVENT_START};

    if (teller->told->started)
        return GW_OK;
    teller->told->started = true;
    gw_usage_init(&event.usage);
    event.id = text_at(json, response, GW_STR("id"));
    event.model = text_at(json, response, GW_STR("model"));
    event.created = gw_responses_slice_at(json, response, GW_STR("created_at"));
    return tell(teller, &event);
}

enum gw_status gw_responses_tell_block(struct gw_responses_teller *teller, enum gw_block_kind kind,
                                       struct gw_text id, struct gw_text name, bool custom)
{
    struct gw_responses_told *told = teller->told;
    struct gw_event event = {
        .kind = GW_EVENT_BLOCK_START,
        .block = told->blocks++,
        .block_kind = kind,
        .id = id,
        .name = name,
        .tool = custom ? GW_TOOL_CUSTOM : GW_TOOL_FUNCTION,
        .family = GW_FAMILY_OPENAI,
    };

    told->open = true;
    told->kind = kind;
    told->called |= kind == GW_BLOCK_TOOL;
    told->refused |= kind == GW_BLOCK_REFUSAL;
    return tell(teller, &event);
}

enum gw_status gw_responses_tell_delta(struct gw_responses_teller *teller, enum gw_delta_kind delta,
                                       struct gw_text text, struct gw_str json)
{
    struct gw_event event = {
        .kind = GW_EVENT_DELTA,
        .block = teller->told->blocks - 1,
        .block_kind = teller->told->kind,
        .delta = delta,
        .text = text,
        .json = json,
        .family = GW_FAMILY_OPENAI,
    };

    return tell(teller, &event);
}

enum gw_status gw_responses_tell_stop(struct gw_responses_teller *teller)
{
    struct gw_event event = {
        .kind = GW_EVENT_BLOCK_STOP,
        .block = teller->told->blocks - 1,
        .block_kind = teller->told->kind,
    };

    if (!teller->told->open)
        return GW_OK;
    teller->told->open = false;
    return tell(teller, &event);
}

/* A block that is one delta. */
static enum gw_status tell_whole(struct gw_responses_teller *teller, enum gw_block_kind kind,
                                 struct gw_text id, struct gw_text text, struct gw_str json)
{
    struct gw_text none = {{NULL, 0}};
    enum gw_status status = gw_responses_tell_block(teller, kind, id, none, false);

    if (status == GW_OK)
        status = gw_responses_tell_delta(teller, GW_DELTA_DATA, text, json);
    return status == GW_OK ? gw_responses_tell_stop(teller) : status;
}

enum gw_status gw_responses_tell_error(struct gw_responses_teller *teller,
                                       const struct gw_json *json, uint32_t holder)
{
    teller->told->ended = true;
    return gw_chat_tell_error(json, holder, teller->arena, teller->on_event, teller->arg);
}

enum gw_status gw_responses_tell_failure(struct gw_responses_teller *teller, const char *code,
                                         const char *message)
{
    teller->told->ended = true;
    return gw_chat_tell_failure((struct gw_text){gw_str_of(code)},
                                (struct gw_text){gw_str_of(message)}, false, teller->on_event,
                                teller->arg);
}

enum gw_status gw_responses_tell_text_rest(struct gw_responses_teller *teller,
                                           struct gw_responses_seen *seen, enum gw_delta_kind delta,
                                           struct gw_text final)
{
    struct gw_text rest = seen->units && final.raw.len ? behind(final, seen->units) : final;

    if (!rest.raw.len)
        return GW_OK;
    seen->units += gw_responses_units(rest);
    return gw_responses_tell_delta(teller, delta, rest, (struct gw_str){NULL, 0});
}

enum gw_status gw_responses_tell_closed(struct gw_responses_teller *teller,
                                        struct gw_responses_seen *seen)
{
    bool open = seen->open;

    seen->open = seen->logprobs = false;
    seen->units = 0;
    seen->annotations = 0;
    return open ? gw_responses_tell_stop(teller) : GW_OK;
}

/* ---- messages ---- */

static enum gw_status tell_marks(struct gw_responses_teller *teller, struct gw_responses_seen *seen,
                                 const struct gw_json *json, uint32_t part)
{
    uint32_t logprobs = gw_json_get(json, part, GW_STR("logprobs")), each;
    struct gw_json_iter iter = gw_json_iter(json, gw_json_get(json, part, GW_STR("annotations")));
    struct gw_text none = {{NULL, 0}};
    enum gw_status status = GW_OK;
    uint32_t index = 0;

    if (!seen->logprobs && gw_json_type(json, logprobs) == GW_JSON_IS_ARRAY &&
        gw_json_count(json, logprobs))
        status =
            gw_responses_tell_delta(teller, GW_DELTA_LOGPROBS, none, gw_json_slice(json, logprobs));
    while (status == GW_OK && gw_json_next(json, &iter, &each))
        if (index++ >= seen->annotations)
            status = gw_responses_tell_delta(teller, GW_DELTA_ANNOTATION, none,
                                             gw_json_slice(json, each));
    return status;
}

/* The part at hand, or a new one. */
static enum gw_status tell_part(struct gw_responses_teller *teller, struct gw_responses_seen *seen,
                                const struct gw_json *json, uint32_t part)
{
    bool refusal = gw_text_equals(text_at(json, part, GW_STR("type")), GW_STR("refusal"));
    struct gw_text text = text_at(json, part, refusal ? GW_STR("refusal") : GW_STR("text"));
    struct gw_text none = {{NULL, 0}};
    enum gw_status status = GW_OK;

    if (!seen->open) {
        if (!text.raw.len)
            return GW_OK;
        status = gw_responses_tell_block(teller, refusal ? GW_BLOCK_REFUSAL : GW_BLOCK_TEXT, none,
                                         none, false);
        seen->open = true;
    }
    refusal = teller->told->kind == GW_BLOCK_REFUSAL;
    if (status == GW_OK)
        status = gw_responses_tell_text_rest(teller, seen,
                                             refusal ? GW_DELTA_REFUSAL : GW_DELTA_TEXT, text);
    if (status == GW_OK && !refusal)
        status = tell_marks(teller, seen, json, part);
    return status == GW_OK ? gw_responses_tell_closed(teller, seen) : status;
}

static enum gw_status tell_message(struct gw_responses_teller *teller,
                                   struct gw_responses_seen *seen, const struct gw_json *json,
                                   uint32_t item)
{
    struct gw_json_iter iter = gw_json_iter(json, gw_json_get(json, item, GW_STR("content")));
    enum gw_status status = GW_OK;
    unsigned index = 0;
    uint32_t part;

    for (; status == GW_OK && gw_json_next(json, &iter, &part); index++) {
        bool at_hand = seen->open && index + 1 == seen->parts;
        if (index >= seen->parts) {
            status = gw_responses_tell_closed(teller, seen);
            at_hand = true;
        }
        if (status == GW_OK && at_hand)
            status = tell_part(teller, seen, json, part);
    }
    return status;
}

/* ---- calls ---- */

static enum gw_status tell_call(struct gw_responses_teller *teller, struct gw_responses_seen *seen,
                                const struct gw_json *json, uint32_t item, bool custom)
{
    struct gw_text given = text_at(json, item, custom ? GW_STR("input") : GW_STR("arguments"));
    enum gw_status status = GW_OK;

    if (!seen->open)
        status =
            gw_responses_tell_block(teller, GW_BLOCK_TOOL, text_at(json, item, GW_STR("call_id")),
                                    text_at(json, item, GW_STR("name")), custom);
    seen->open = true;
    if (!given.raw.len && !seen->units && !custom)
        given = GW_TEXT("{}");
    return status == GW_OK ? gw_responses_tell_text_rest(teller, seen, GW_DELTA_ARGUMENTS, given)
                           : status;
}

static enum gw_status tell_function(struct gw_responses_teller *teller,
                                    struct gw_responses_seen *seen, const struct gw_json *json,
                                    uint32_t item)
{
    return tell_call(teller, seen, json, item, false);
}

static enum gw_status tell_custom(struct gw_responses_teller *teller,
                                  struct gw_responses_seen *seen, const struct gw_json *json,
                                  uint32_t item)
{
    return tell_call(teller, seen, json, item, true);
}

/* ---- reasoning ---- */

static enum gw_status tell_reasoning(struct gw_responses_teller *teller,
                                     struct gw_responses_seen *seen, const struct gw_json *json,
                                     uint32_t item)
{
    struct gw_text none = {{NULL, 0}}, id = text_at(json, item, GW_STR("id"));
    struct gw_text encrypted = text_at(json, item, GW_STR("encrypted_content"));
    struct gw_text text =
        gw_responses_texts(json, gw_json_get(json, item, GW_STR("summary")), teller->arena);
    enum gw_status status = GW_OK;

    if (seen->content || (!seen->summary && gw_text_present(text) && !text.raw.len))
        text = gw_responses_texts(json, gw_json_get(json, item, GW_STR("content")), teller->arena);
    if (!gw_text_present(text))
        return GW_NO_MEMORY;
    if (text.raw.len && !seen->open) {
        status = gw_responses_tell_block(teller, GW_BLOCK_REASONING, id, none, false);
        seen->open = true;
    }
    if (status == GW_OK && seen->open)
        status = gw_responses_tell_text_rest(teller, seen, GW_DELTA_REASONING, text);
    if (status == GW_OK)
        status = gw_responses_tell_closed(teller, seen);
    if (status == GW_OK && encrypted.raw.len)
        status = tell_whole(teller, GW_BLOCK_REDACTED, id, encrypted, (struct gw_str){NULL, 0});
    return status;
}

/* ---- items ---- */

static enum gw_status tell_image(struct gw_responses_teller *teller, struct gw_responses_seen *seen,
                                 const struct gw_json *json, uint32_t item)
{
    struct gw_text result = text_at(json, item, GW_STR("result"));
    struct gw_text format = text_at(json, item, GW_STR("output_format")), url;

    (void)seen;
    if (!result.raw.len)
        return GW_OK;
    if (!format.raw.len)
        format = GW_TEXT("png");
    url.raw = gw_arena_printf(teller->arena, "data:image/%.*s;base64,%.*s", GW_STR_ARG(format.raw),
                              GW_STR_ARG(result.raw));
    if (!gw_text_present(url))
        return GW_NO_MEMORY;
    return tell_whole(teller, GW_BLOCK_IMAGE, text_at(json, item, GW_STR("id")), url,
                      (struct gw_str){NULL, 0});
}

#define BIT(kind) (1u << (kind))
static const struct {
    struct gw_str type;
    unsigned kinds; /* of blocks that it may have open */
    enum gw_status (*tell)(struct gw_responses_teller *teller, struct gw_responses_seen *seen,
                           const struct gw_json *json, uint32_t item);
} item_types[] = {
    {GW_STR_INIT("message"), BIT(GW_BLOCK_TEXT) | BIT(GW_BLOCK_REFUSAL), tell_message},
    {GW_STR_INIT("function_call"), BIT(GW_BLOCK_TOOL), tell_function},
    {GW_STR_INIT("custom_tool_call"), BIT(GW_BLOCK_TOOL), tell_custom},
    {GW_STR_INIT("reasoning"), BIT(GW_BLOCK_REASONING), tell_reasoning},
    {GW_STR_INIT("image_generation_call"), 0, tell_image},
};

enum gw_status gw_responses_tell_rest(struct gw_responses_teller *teller,
                                      struct gw_responses_seen *seen, const struct gw_json *json,
                                      uint32_t item)
{
    struct gw_text type = text_at(json, item, GW_STR("type")), none = {{NULL, 0}};
    enum gw_status status;

    for (size_t i = 0; i < GW_COUNT(item_types); i++)
        if (gw_text_equals(type, item_types[i].type)) {
            if (seen->open && !(item_types[i].kinds & BIT(teller->told->kind))) {
                status = gw_responses_tell_closed(teller, seen); /* it was announced as another */
                if (status != GW_OK)
                    return status;
            }
            status = item_types[i].tell(teller, seen, json, item);
            return status == GW_OK ? gw_responses_tell_closed(teller, seen) : status;
        }
    status = gw_responses_tell_closed(teller, seen);
    if (status != GW_OK || gw_json_type(json, item) != GW_JSON_IS_OBJECT)
        return status;
    return tell_whole(teller, GW_BLOCK_SERVER_TOOL, text_at(json, item, GW_STR("id")), none,
                      gw_json_slice(json, item));
}

/* ---- the end ---- */

static void read_usage(const struct gw_json *json, uint32_t usage, struct gw_usage *into)
{
    static const struct {
        struct gw_str within, key;
        enum gw_tokens tokens;
    } rows[] = {
        {{NULL, 0}, GW_STR_INIT("input_tokens"), GW_TOKENS_IN},
        {{NULL, 0}, GW_STR_INIT("output_tokens"), GW_TOKENS_OUT},
        {GW_STR_INIT("input_tokens_details"), GW_STR_INIT("cached_tokens"), GW_TOKENS_CACHE_READ},
        {GW_STR_INIT("input_tokens_details"), GW_STR_INIT("cache_write_tokens"),
         GW_TOKENS_CACHE_WRITE},
        {GW_STR_INIT("input_tokens_details"), GW_STR_INIT("audio_tokens"), GW_TOKENS_IN_AUDIO},
        {GW_STR_INIT("output_tokens_details"), GW_STR_INIT("reasoning_tokens"),
         GW_TOKENS_REASONING},
        {GW_STR_INIT("output_tokens_details"), GW_STR_INIT("audio_tokens"), GW_TOKENS_OUT_AUDIO},
    };
    int64_t *tokens = into->tokens, count;

    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        uint32_t object = rows[i].within.base ? gw_json_get(json, usage, rows[i].within) : usage;
        if (gw_json_int64(json, gw_json_get(json, object, rows[i].key), &count) && count >= 0)
            tokens[rows[i].tokens] = count;
    }
    /* Fewer than were cached: those were not counted in. */
    if (tokens[GW_TOKENS_IN] >= 0 && tokens[GW_TOKENS_IN] < tokens[GW_TOKENS_CACHE_READ] &&
        __builtin_add_overflow(tokens[GW_TOKENS_IN], tokens[GW_TOKENS_CACHE_READ],
                               &tokens[GW_TOKENS_IN]))
        tokens[GW_TOKENS_IN] = tokens[GW_TOKENS_CACHE_READ];
}

static enum gw_finish finish_of(const struct gw_responses_told *told, struct gw_text status,
                                struct gw_text reason)
{
    if (gw_text_equals(status, GW_STR("incomplete"))) {
        if (gw_text_equals(reason, GW_STR("max_output_tokens")))
            return GW_FINISH_LENGTH;
        if (gw_text_equals(reason, GW_STR("content_filter")))
            return GW_FINISH_CONTENT_FILTER;
        return GW_FINISH_STOP;
    }
    if (told->called)
        return GW_FINISH_TOOL_USE;
    return told->refused ? GW_FINISH_REFUSAL : GW_FINISH_STOP;
}

enum gw_status gw_responses_tell_end(struct gw_responses_teller *teller, const struct gw_json *json,
                                     uint32_t response)
{
    uint32_t usage = gw_json_get(json, response, GW_STR("usage"));
    uint32_t details = gw_json_get(json, response, GW_STR("incomplete_details"));
    struct gw_text state = text_at(json, response, GW_STR("status"));
    struct gw_text reason = text_at(json, details, GW_STR("reason"));
    struct gw_event event = {.kind = GW_EVENT_USAGE};
    enum gw_status status = GW_OK;

    if (gw_text_equals(state, GW_STR("failed")))
        return gw_responses_tell_error(teller, json, response);
    if (gw_text_equals(state, GW_STR("cancelled"))) {
        teller->told->ended = true;
        return gw_chat_tell_failure(GW_TEXT("cancelled"),
                                    GW_TEXT("upstream cancelled its response"), true,
                                    teller->on_event, teller->arg);
    }
    gw_usage_init(&event.usage);
    if (gw_json_type(json, usage) == GW_JSON_IS_OBJECT) {
        read_usage(json, usage, &event.usage);
        status = tell(teller, &event);
    }
    event = (struct gw_event){.kind = GW_EVENT_FINISH,
                              .finish = finish_of(teller->told, state, reason),
                              .finish_raw = gw_text_present(reason) ? reason : state,
                              /* Before the end it is what was asked for. */
                              .service_tier = text_at(json, response, GW_STR("service_tier"))};
    if (status == GW_OK)
        status = tell(teller, &event);
    event = (struct gw_event){.kind = GW_EVENT_END};
    teller->told->ended = true;
    return status == GW_OK ? tell(teller, &event) : status;
}

/* ---- whole answers ---- */

enum gw_status gw_responses_read_answer(struct gw_str body, struct gw_arena *arena,
                                        gw_event_fn *on_event, void *arg, struct gw_err *err)
{
    struct gw_responses_told told = {0};
    struct gw_responses_teller teller = {&told, arena, on_event, arg};
    struct gw_json json;
    enum gw_status status = gw_json_read(body, arena, GW_RESPONSES_TOKENS_MAX, &json, err);
    uint32_t output, error, item;

    if (status != GW_OK)
        return status == GW_NO_MEMORY ? status : GW_INVALID;
    output = gw_json_get(&json, 0, GW_STR("output"));
    error = gw_responses_member(&json, 0, GW_STR("error"));
    if (gw_json_type(&json, output) != GW_JSON_IS_ARRAY) {
        if (error != GW_JSON_ABSENT)
            return gw_responses_tell_error(&teller, &json, 0);
        return gw_err_set(err, GW_INVALID, "could not read answer: it has no output");
    }
    struct gw_text state = text_at(&json, 0, GW_STR("status"));
    if (gw_text_equals(state, GW_STR("in_progress")) || gw_text_equals(state, GW_STR("queued")))
        return gw_err_set(err, GW_INVALID, "could not read answer: it is not finished");
    if (gw_text_equals(state, GW_STR("failed")) || gw_text_equals(state, GW_STR("cancelled")))
        return gw_responses_tell_end(&teller, &json, 0); /* half an answer is none */
    status = gw_responses_tell_start(&teller, &json, 0);
    for (struct gw_json_iter iter = gw_json_iter(&json, output);
         status == GW_OK && gw_json_next(&json, &iter, &item);) {
        struct gw_responses_seen seen = {0};
        status = gw_responses_tell_rest(&teller, &seen, &json, item);
    }
    return status == GW_OK ? gw_responses_tell_end(&teller, &json, 0) : status;
}
