#include "codec/translation.h"

#include "wire/json_read.h"
#include "wire/sse.h"

static const struct gw_str json_tool_name = GW_STR_INIT("json_output");

struct gw_translation {
    struct gw_arena *arena;
    struct gw_translation_setup setup;
    struct gw_request request;
    struct gw_ledger ledger;
    struct gw_answer_context context;

    /* The answer's way from reader to writer. */
    struct gw_grammar grammar;
    struct gw_err violation; /* of the grammar, by a reader */
    struct gw_usage usage;
    struct gw_turn_state turn;
    bool keeps_turn;
    bool called;     /* a call of the caller's tools has begun */
    bool json_block; /* the open block is the call that stands for structured output */
    bool begun;      /* something was written */
    bool failed;
    struct gw_failure_told failure;
    enum gw_status broken; /* of a writer: out of memory */

    /* Of a stream. */
    struct gw_sse sse;
    struct gw_arena scratch, keep;
    bool streaming, over;
    void *reader, *writer;
    struct gw_buf *out;
    struct gw_answer *answer; /* of a whole answer */
};

struct gw_translation *gw_translation_create(struct gw_arena *arena,
                                             const struct gw_translation_setup *setup)
{
    struct gw_translation *translation = gw_arena_zalloc(arena, sizeof *translation);

    if (!translation)
        return NULL;
    translation->arena = arena;
    translation->setup = *setup;
    gw_usage_init(&translation->usage);
    gw_arena_init(&translation->scratch, setup->cache);
    gw_arena_init(&translation->keep, setup->cache);
    gw_turn_state_init(&translation->turn, &translation->keep);
    gw_sse_init(&translation->sse);
    return translation;
}

void gw_translation_finish(struct gw_translation *translation)
{
    if (!translation)
        return;
    gw_turn_state_finish(&translation->turn);
    gw_sse_finish(&translation->sse);
    gw_arena_finish(&translation->scratch);
    gw_arena_finish(&translation->keep);
}

/* ---- the request ---- */

static void set(struct gw_str *member, struct gw_str value)
{
    if (value.base)
        *member = value;
}

static void override(struct gw_request *request, const struct gw_translation_overrides *with)
{
    set(&request->sampling[GW_TEMPERATURE], with->temperature);
    set(&request->sampling[GW_TOP_P], with->top_p);
    set(&request->sampling[GW_SEED], with->seed);
    set(&request->max_tokens, with->max_tokens);
    if (with->effort.len > 2) { /* with its quotes */
        request->reasoning.effort =
            gw_effort_of((struct gw_text){{with->effort.base + 1, with->effort.len - 2}});
        request->reasoning.mode =
            request->reasoning.effort == GW_EFFORT_NONE ? GW_REASONING_OFF : GW_REASONING_ON;
        request->reasoning.budget = (struct gw_str){NULL, 0};
    }
}

/* Where caching is automatic or absent, asking for it loses nothing; neither does what is so anyway. */
static bool is_missed(const struct gw_extra *extra)
{
    if (gw_text_equals(extra->name, GW_STR("truncation")))
        return !gw_str_eq(extra->value, GW_STR("\"disabled\""));
    return !gw_text_equals(extra->name, GW_STR("cache_control"));
}

/* A function_call of old shows no id. */
static enum gw_status restore_turns(struct gw_translation *translation)
{
    const struct gw_translation_setup *setup = &translation->setup;
    struct gw_request *request = &translation->request;

    if (!setup->keeper.carry)
        return GW_OK;
    translation->keeps_turn = request->tools && !request->legacy_functions;
    return gw_turn_state_restore(request, &setup->keeper, setup->upstream->family);
}

/* What no writer of another dialect looks at. */
static void tell_lost(const struct gw_translation *translation)
{
    const struct gw_request *request = &translation->request;

    for (const struct gw_extra *extra = request->extra; extra; extra = extra->next)
        if (request->family != translation->setup.upstream->family && is_missed(extra))
            gw_ledger_add(request->ledger, GW_LEDGER_DROP, extra->name.raw);
    for (const struct gw_message *message = request->messages; message; message = message->next)
        if (gw_text_present(message->name) && translation->setup.upstream->id != GW_CODEC_CHAT)
            gw_ledger_add(request->ledger, GW_LEDGER_DROP, GW_STR("name"));
}

static void set_context(struct gw_translation *translation, struct gw_str body)
{
    const struct gw_translation_setup *setup = &translation->setup;

    translation->context = (struct gw_answer_context){
        .request = &translation->request,
        .body = body,
        .model = translation->request.model,
        .now_s = setup->now_s,
        .seed = setup->seed,
        .request_id = setup->request_id,
    };
}

enum gw_status gw_translation_request(struct gw_translation *translation, struct gw_str body,
                                      struct gw_buf *out, struct gw_complaint *complaint)
{
    const struct gw_translation_setup *setup = &translation->setup;
    struct gw_request *request = &translation->request;

    *request = (struct gw_request){.arena = translation->arena,
                                   .ledger = &translation->ledger,
                                   .fetches = setup->fetches,
                                   .fetched = setup->fetched};
    enum gw_status status = setup->caller->read_request(body, request, complaint);
    if (status == GW_OK)
        status = restore_turns(translation);
    if (status != GW_OK)
        return status;
    tell_lost(translation);
    override(request, &setup->overrides);
    request->model = gw_text_escape(setup->target.model, translation->arena);
    if (!gw_text_present(request->model))
        return GW_NO_MEMORY;
    set_context(translation, body);
    return setup->upstream->write_request(request, &setup->target, out, complaint);
}

enum gw_status gw_translation_pass(struct gw_translation *translation, struct gw_str body,
                                   const struct gw_ledger *lost)
{
    const struct gw_translation_setup *setup = &translation->setup;
    struct gw_request *request = &translation->request;
    struct gw_json json;

    enum gw_status status =
        gw_json_read(body, translation->arena, GW_JSON_READ_TOKENS_MAX, &json, NULL);
    if (status == GW_NO_MEMORY)
        return status;
    *request =
        (struct gw_request){.arena = translation->arena,
                            .ledger = &translation->ledger,
                            .family = setup->caller->family,
                            .model = gw_text_escape(setup->target.model, translation->arena)};
    translation->ledger = *lost;
    if (status == GW_OK) { /* else the provider answers with an error */
        uint32_t options = gw_json_get(&json, 0, GW_STR("stream_options"));
        (void)gw_json_bool(&json, gw_json_get(&json, 0, GW_STR("stream")), &request->stream);
        (void)gw_json_bool(&json, gw_json_get(&json, options, GW_STR("include_usage")),
                           &request->include_usage);
    }
    set_context(translation, body);
    return gw_text_present(request->model) ? GW_OK : GW_NO_MEMORY;
}

const struct gw_wanted *gw_translation_wanted(const struct gw_translation *translation)
{
    return translation->request.wanted;
}

const struct gw_ledger *gw_translation_ledger(const struct gw_translation *translation)
{
    return &translation->ledger;
}

bool gw_translation_streams(const struct gw_translation *translation)
{
    return translation->request.stream;
}

/* ---- between reader and writer ---- */

static enum gw_status write_on(struct gw_translation *translation, const struct gw_event *event)
{
    if (!translation->streaming)
        return gw_answer_take(translation->answer, event);
    return translation->setup.caller->write_event(translation->writer, event, &translation->context,
                                                  &translation->scratch, &translation->keep,
                                                  translation->out);
}

/* §5.1: a call came and the reason says "stop", or the other way round. */
static enum gw_finish right_finish(const struct gw_translation *translation, enum gw_finish finish)
{
    if (finish == GW_FINISH_STOP && translation->called)
        return GW_FINISH_TOOL_USE;
    if (finish == GW_FINISH_TOOL_USE && !translation->called)
        return GW_FINISH_STOP;
    return finish;
}

/* Structured output that was asked for as a call is text for the caller. */
static bool is_json_tool(const struct gw_translation *translation, const struct gw_event *event)
{
    return translation->request.json_tool && event->block_kind == GW_BLOCK_TOOL &&
           gw_text_equals(event->name, json_tool_name);
}

/* As the caller's writer shows it: it gives what fits as it is. */
static struct gw_text shown_id(const struct gw_translation *translation,
                               const struct gw_event *event, struct gw_arena *arena)
{
    const struct gw_codec *caller = translation->setup.caller;

    if (event->id.raw.len)
        return gw_call_id(event->id, caller->call_ids, arena);
    return gw_call_id_mint(caller->call_prefix, translation->setup.seed, event->block + 1, arena);
}

/* @return false when out of memory */
static bool begin_block(struct gw_translation *translation, struct gw_event *event)
{
    struct gw_arena *arena = translation->streaming ? &translation->scratch : translation->arena;

    translation->json_block = is_json_tool(translation, event);
    if (translation->json_block) {
        event->block_kind = GW_BLOCK_TEXT;
        event->id = event->name = (struct gw_text){{NULL, 0}};
    } else if (event->block_kind == GW_BLOCK_TOOL) {
        translation->called = true;
        event->name = gw_names_restore(translation->request.names, event->name);
        event->id = shown_id(translation, event, arena);
        return gw_text_present(event->id);
    }
    return true;
}

/* @return false when out of memory */
static bool change_delta(struct gw_translation *translation, struct gw_event *event)
{
    if (!translation->json_block)
        return true;
    event->block_kind = GW_BLOCK_TEXT;
    event->delta = GW_DELTA_TEXT;
    if (event->json.base)
        event->text = gw_text_escape(event->json, translation->streaming ? &translation->scratch
                                                                         : translation->arena);
    event->json = (struct gw_str){NULL, 0};
    return gw_text_present(event->text);
}

static bool keep_text(struct gw_arena *arena, struct gw_text *text)
{
    if (!gw_text_present(*text))
        return true;
    text->raw = gw_arena_str(arena, text->raw);
    return gw_text_present(*text);
}

/* Upstreams repeat the credential they were shown. @return false when out of memory */
static bool mask_secret(struct gw_translation *translation, struct gw_text *text)
{
    struct gw_str secret = translation->setup.secret, rest = text->raw;
    struct gw_buf masked;

    if (!gw_text_present(*text) || secret.len == 0 || gw_str_find_str(rest, secret) == rest.len)
        return true;
    gw_buf_init(&masked, rest.len + rest.len / secret.len * 3 + 3);
    enum gw_status status = GW_OK;
    for (size_t at; status == GW_OK && (at = gw_str_find_str(rest, secret)) < rest.len;) {
        status = gw_buf_add(&masked, (struct gw_str){rest.base, at});
        if (status == GW_OK)
            status = gw_buf_add(&masked, GW_STR("***"));
        rest = gw_str_from(rest, at + secret.len);
    }
    if (status == GW_OK)
        status = gw_buf_add(&masked, rest);
    if (status == GW_OK)
        text->raw = gw_arena_str(translation->arena, gw_buf_str(&masked));
    gw_buf_finish(&masked);
    return status == GW_OK && gw_text_present(*text);
}

/* It may be told when the event it came with is gone. @return false when out of memory */
static bool keep_failure(struct gw_translation *translation, const struct gw_failure_told *told)
{
    struct gw_arena *arena = translation->arena;
    struct gw_failure_told *kept = &translation->failure;

    *kept = *told;
    if (kept->details.base)
        kept->details = gw_arena_str(arena, kept->details);
    return keep_text(arena, &kept->message) && keep_text(arena, &kept->code) &&
           keep_text(arena, &kept->param) && (!told->details.base || kept->details.base);
}

static enum gw_status on_event(void *arg, const struct gw_event *given)
{
    struct gw_translation *translation = arg;
    struct gw_event event = *given;

    /* A mistake of ours, but one that an upstream may know how to provoke: it costs this answer only. */
    if (!gw_grammar_take(&translation->grammar, given, &translation->violation))
        return GW_INVALID;
    switch (event.kind) {
    case GW_EVENT_START:
    case GW_EVENT_USAGE:
        gw_usage_merge(&translation->usage, &event.usage);
        event.usage = translation->usage;
        break;
    case GW_EVENT_BLOCK_START:
        if (!begin_block(translation, &event))
            return GW_NO_MEMORY;
        break;
    case GW_EVENT_DELTA:
        if (!change_delta(translation, &event))
            return GW_NO_MEMORY;
        break;
    case GW_EVENT_BLOCK_STOP:
        if (translation->json_block)
            event.block_kind = GW_BLOCK_TEXT;
        translation->json_block = false;
        break;
    case GW_EVENT_FINISH:
        event.finish = right_finish(translation, event.finish);
        break;
    case GW_EVENT_ERROR:
        translation->failed = true;
        if (!mask_secret(translation, &event.failure.message) ||
            !keep_failure(translation, &event.failure))
            return GW_NO_MEMORY;
        if (!translation->begun || translation->answer)
            return GW_UNSUPPORTED; /* it can still be told as an error of HTTP */
        break;
    case GW_EVENT_PING:
        if (!translation->begun)
            return GW_OK;
        break;
    case GW_EVENT_END:
        break;
    }
    translation->begun = true;
    if (translation->keeps_turn)
        gw_turn_state_take(&translation->turn, &event);
    return write_on(translation, &event);
}

/* ---- a stream ---- */

/* @return false when out of memory */
static bool begin_stream(struct gw_translation *translation)
{
    if (translation->streaming)
        return true;
    translation->reader =
        gw_arena_zalloc(translation->arena, translation->setup.upstream->reader_bytes + 1);
    translation->writer =
        gw_arena_zalloc(translation->arena, translation->setup.caller->writer_bytes + 1);
    translation->streaming = true;
    return translation->reader && translation->writer;
}

/* A failure that is not the upstream's word: written as one, or given back while it can still be told as an
 * error of HTTP. */
static enum gw_status fail(struct gw_translation *translation, const struct gw_failure_told *told)
{
    const struct gw_event event = {.kind = GW_EVENT_ERROR, .failure = *told};

    translation->over = true;
    if (translation->failed || translation->grammar.ended)
        return GW_EOF;
    enum gw_status status = on_event(translation, &event);
    return status == GW_OK ? GW_EOF : status;
}

static enum gw_status fail_protocol(struct gw_translation *translation, const struct gw_err *err)
{
    if (translation->violation.status != GW_OK)
        err = &translation->violation;
    struct gw_failure_told told = {
        .class = GW_CLASS_BAD_GATEWAY,
        .message = gw_text_escape(gw_str_of(err->message), &translation->scratch),
        .code = GW_TEXT("upstream_protocol"),
    };
    if (!gw_text_present(told.message))
        return GW_NO_MEMORY;
    return fail(translation, &told);
}

/* The last event of a stream that was cut: it counts only when its data is whole (§9.1). */
static bool is_cut(const struct gw_sse_event *event, struct gw_arena *arena)
{
    struct gw_json json;
    struct gw_err err = {.offset = 0};

    return event->incomplete && !gw_str_eq(event->data, GW_STR("[DONE]")) &&
           gw_json_read(event->data, arena, GW_JSON_READ_TOKENS_MAX, &json, &err) != GW_OK;
}

static enum gw_status on_sse(void *arg, const struct gw_sse_event *event)
{
    struct gw_translation *translation = arg;
    struct gw_err err = {.offset = 0};

    if (event->data.len == 0 || translation->over || is_cut(event, &translation->scratch))
        return GW_OK;
    enum gw_status status = translation->setup.upstream->read_event(
        translation->reader, event->type, event->data, &translation->scratch, &translation->keep,
        on_event, translation, &err);
    if (status == GW_INVALID)
        status = fail_protocol(translation, &err);
    if (status == GW_EOF || translation->failed)
        translation->over = true;
    gw_arena_finish(&translation->scratch);
    if (status == GW_OK && translation->over)
        status = GW_EOF;
    return status;
}

enum gw_status gw_translation_feed(struct gw_translation *translation, struct gw_str bytes,
                                   struct gw_buf *out)
{
    if (!begin_stream(translation))
        return GW_NO_MEMORY;
    if (translation->over)
        return GW_EOF;
    translation->out = out;
    enum gw_status status = gw_sse_feed(&translation->sse, bytes, on_sse, translation);
    if (status == GW_TOO_LARGE) {
        struct gw_err err = {.offset = 0};
        gw_err_set(&err, GW_TOO_LARGE, "an event of the upstream's stream is too large");
        status = fail_protocol(translation, &err);
        gw_arena_finish(&translation->scratch);
    }
    return status;
}

enum gw_status gw_translation_ping(struct gw_translation *translation, struct gw_buf *out)
{
    const struct gw_event ping = {.kind = GW_EVENT_PING};

    if (!begin_stream(translation))
        return GW_NO_MEMORY;
    translation->out = out;
    translation->begun = true;
    enum gw_status status = write_on(translation, &ping);
    gw_arena_finish(&translation->scratch);
    return status;
}

enum gw_status gw_translation_end(struct gw_translation *translation, struct gw_buf *out)
{
    struct gw_err err = {.offset = 0};

    if (!begin_stream(translation))
        return GW_NO_MEMORY;
    translation->out = out;
    enum gw_status status =
        translation->over ? GW_EOF : gw_sse_end(&translation->sse, on_sse, translation);
    if (status == GW_OK && !translation->over)
        status =
            translation->setup.upstream->read_end(translation->reader, &translation->scratch,
                                                  &translation->keep, on_event, translation, &err);
    if (status == GW_INVALID)
        status = fail_protocol(translation, &err);
    gw_arena_finish(&translation->scratch);
    translation->over = true;
    return status == GW_OK ? GW_EOF : status;
}

enum gw_status gw_translation_cut(struct gw_translation *translation,
                                  const struct gw_failure_told *told, struct gw_buf *out)
{
    if (!begin_stream(translation))
        return GW_NO_MEMORY;
    translation->out = out;
    enum gw_status status = fail(translation, told);
    gw_arena_finish(&translation->scratch);
    return status;
}

bool gw_translation_has_failed(const struct gw_translation *translation)
{
    return translation->failed;
}

bool gw_translation_has_begun(const struct gw_translation *translation)
{
    return translation->begun;
}

const struct gw_failure_told *gw_translation_failure(const struct gw_translation *translation)
{
    return &translation->failure;
}

const struct gw_usage *gw_translation_usage(const struct gw_translation *translation)
{
    return &translation->usage;
}

/* ---- a whole answer ---- */

struct whole {
    struct gw_translation *translation;
    struct gw_err *err;
};

/* What the events of a stream point into has to stay until the answer is written. */
static enum gw_status on_whole_sse(void *arg, const struct gw_sse_event *event)
{
    const struct whole *whole = arg;
    struct gw_translation *translation = whole->translation;
    struct gw_str data = gw_arena_str(translation->arena, event->data);

    if (!data.base)
        return GW_NO_MEMORY;
    if (data.len == 0 || translation->over || is_cut(event, translation->arena))
        return GW_OK;
    enum gw_status status = translation->setup.upstream->read_event(
        translation->reader, event->type, data, translation->arena, translation->arena, on_event,
        translation, whole->err);
    translation->over = status == GW_EOF;
    return status == GW_EOF ? GW_OK : status;
}

static enum gw_status read_whole_stream(struct gw_translation *translation, struct gw_str body,
                                        struct gw_err *err)
{
    struct whole whole = {translation, err};
    enum gw_status status = gw_sse_feed(&translation->sse, body, on_whole_sse, &whole);

    if (status == GW_OK)
        status = gw_sse_end(&translation->sse, on_whole_sse, &whole);
    if (status == GW_TOO_LARGE)
        return gw_err_set(err, GW_INVALID, "an event of the upstream's stream is too large");
    if (status == GW_OK && !translation->over)
        status =
            translation->setup.upstream->read_end(translation->reader, translation->arena,
                                                  translation->arena, on_event, translation, err);
    return status;
}

enum gw_status gw_translation_answer(struct gw_translation *translation, struct gw_str body,
                                     bool stream, struct gw_buf *out, struct gw_err *err)
{
    struct gw_answer answer;

    if (!begin_stream(translation))
        return GW_NO_MEMORY;
    translation->streaming = translation->request.stream;
    translation->out = out;
    gw_answer_init(&answer, translation->arena);
    translation->answer = &answer;
    enum gw_status status = stream ? read_whole_stream(translation, body, err)
                                   : translation->setup.upstream->read_answer(
                                         body, translation->arena, on_event, translation, err);
    translation->answer = NULL;
    gw_arena_finish(&translation->scratch);
    if (translation->failed)
        return GW_UNSUPPORTED;
    if (status == GW_INVALID && translation->violation.status != GW_OK)
        *err = translation->violation;
    if (status != GW_OK)
        return status;
    if (!translation->grammar.ended)
        return gw_err_set(err, GW_INVALID, "the answer is not complete");
    return translation->streaming
               ? GW_OK
               : translation->setup.caller->write_answer(&answer, &translation->context, out);
}

void gw_translation_keep(struct gw_translation *translation, uint64_t now_ms)
{
    struct gw_turn_keeper keeper = translation->setup.keeper;

    keeper.now_ms = now_ms;
    if (translation->keeps_turn && translation->grammar.ended && !translation->failed)
        gw_turn_state_keep(&translation->turn, &keeper);
}

/* ---- errors ---- */

enum gw_status gw_translation_tell(struct gw_translation *translation,
                                   const struct gw_failure_told *told, struct gw_buf *out,
                                   unsigned *status_out)
{
    return translation->setup.caller->write_error(told, &translation->context, out, status_out);
}

/* What stands in the way of a failing provider, a proxy's page say, is told by its status alone. */
static bool is_page(struct gw_translation *translation, unsigned status, struct gw_str body)
{
    struct gw_json json;
    struct gw_err err = {.offset = 0};

    return status >= 500 &&
           gw_json_read(body, translation->arena, GW_JSON_READ_TOKENS_MAX, &json, &err) != GW_OK;
}

enum gw_status gw_translation_error(struct gw_translation *translation, unsigned status,
                                    struct gw_str body, struct gw_buf *out, unsigned *status_out)
{
    bool page = is_page(translation, status, body);
    const struct gw_error_answer answer = {status, page ? GW_STR("") : body};
    struct gw_failure_told told;

    enum gw_status read =
        translation->setup.upstream->read_error(&answer, translation->arena, &told);
    if (read != GW_OK)
        return read;
    if (page)
        told.message.raw =
            gw_arena_printf(translation->arena, "provider returned status %u", status);
    if (!gw_text_present(told.message) || !mask_secret(translation, &told.message))
        return GW_NO_MEMORY;
    return gw_translation_tell(translation, &told, out, status_out);
}
