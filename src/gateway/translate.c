#include "gateway/translate.h"

#include "gateway/attempt.h"
#include "gateway/fetch.h"
#include "gateway/stages.h"
#include "wire/inflate.h"

#include <stdio.h>

/* A request grows when it is translated: ids, names, escapes. */
#define GROWTH 4u
#define GROWTH_BYTES 65536u
#define WARNINGS_BYTES_MAX 8192u

const struct gw_codec *gw_translate_codec_of(enum gw_caller caller)
{
    switch (caller) {
    case GW_CALLER_CHAT:
        return gw_codec(GW_CODEC_CHAT);
    case GW_CALLER_RESPONSES:
        return gw_codec(GW_CODEC_RESPONSES);
    case GW_CALLER_MESSAGES:
        return gw_codec(GW_CODEC_MESSAGES);
    case GW_CALLER_OPENAI:
        break;
    }
    return NULL;
}

const struct gw_codec *gw_translate_upstream(const struct gw_codec *caller,
                                             const struct gw_provider_config *provider,
                                             enum gw_model_api api)
{
    switch (provider->dialect) {
    case GW_DIALECT_ANTHROPIC:
        return gw_codec(GW_CODEC_MESSAGES);
    case GW_DIALECT_OPENAI:
        if (api == GW_MODEL_API_RESPONSES ||
            (provider->responses && caller->id == GW_CODEC_RESPONSES))
            return gw_codec(GW_CODEC_RESPONSES);
        return gw_codec(GW_CODEC_CHAT);
    case GW_DIALECT_GEMINI:
    case GW_DIALECT_COHERE:
    case GW_DIALECT_BEDROCK:
    case GW_DIALECTS:
        break;
    }
    return NULL;
}

const struct gw_codec *gw_translate_caller(const struct gw_exchange *ex)
{
    return ex->record.operation == GW_OP_CHAT ? gw_translate_codec_of(ex->caller) : NULL;
}

struct gw_str gw_translate_path(const struct gw_codec *upstream)
{
    switch (upstream->id) {
    case GW_CODEC_CHAT:
        return GW_STR("/chat/completions");
    case GW_CODEC_RESPONSES:
        return GW_STR("/responses");
    case GW_CODEC_MESSAGES:
        return GW_STR("/messages");
    case GW_CODECS:
        break;
    }
    return GW_STR("");
}

/* A model of the file has its limits ready; any other name is looked for. */
static const struct gw_claude_limits *limits_of(const struct gw_snapshot *snapshot,
                                                const struct gw_provider_config *provider,
                                                const struct gw_codec *upstream,
                                                struct gw_str model)
{
    const struct gw_model_config *known;

    if (upstream->id != GW_CODEC_MESSAGES)
        return NULL;
    known = gw_config_provider_model(provider, model);
    if (known)
        return snapshot->limits[known->index];
    return gw_claude_limits_of(model, snapshot->claude, snapshot->claude_count);
}

/* A caller knows the key of its own. */
static struct gw_str secret_of(const struct gw_exchange *ex)
{
    const struct gw_secret *secret =
        ex->managed ? ex->managed->walk.target->credential.secret : NULL;

    return secret ? gw_secret_bytes(secret) : GW_STR("");
}

static struct gw_translation_setup setup_of(const struct gw_exchange *ex,
                                            const struct gw_provider_config *provider,
                                            const struct gw_codec *upstream, struct gw_str model,
                                            const struct gw_str *params)
{
    const struct gw_snapshot *snapshot = ex->site->snapshot;
    struct gw_translation_setup setup = {
        .caller = gw_translate_caller(ex),
        .upstream = upstream,
        .target = {.profile = snapshot->profiles[provider->index],
                   .claude = limits_of(snapshot, provider, upstream, model),
                   .model = model},
        .now_s = ex->record.started_wall_ns / 1000000000u,
        .request_id = ex->record.request_id,
        .fetches = gw_exchange_config(ex)->translation.fetch_media,
        .fetched = gw_fetch_found(ex),
        .cache = &gw_exchange_gateway(ex)->arenas,
    };

    if (params)
        setup.overrides = (struct gw_translation_overrides){
            .temperature = params[GW_PARAM_TEMPERATURE],
            .top_p = params[GW_PARAM_TOP_P],
            .max_tokens = params[GW_PARAM_MAX_TOKENS],
            .seed = params[GW_PARAM_SEED],
            .effort = params[GW_PARAM_REASONING_EFFORT],
        };
    return setup;
}

static struct gw_translate *create(struct gw_exchange *ex, const struct gw_codec *upstream,
                                   struct gw_str model, const struct gw_str *params)
{
    struct gw_gateway *gateway = gw_exchange_gateway(ex);
    struct gw_translation_setup setup = setup_of(ex, ex->provider, upstream, model, params);
    struct gw_translate *translate = gw_arena_zalloc(&ex->arena, sizeof *translate);
    uint64_t random[2] = {gw_rng_next(&gateway->rng), gw_rng_next(&gateway->rng)};

    if (!translate)
        return NULL;
    translate->ex = ex;
    translate->upstream = upstream;
    _Static_assert(sizeof random == sizeof translate->seed, "the seed is two numbers");
    memcpy(translate->seed, random, sizeof random);
    setup.seed = (struct gw_str){translate->seed, sizeof translate->seed};
    setup.secret = secret_of(ex);
    translate->translation = gw_translation_create(&ex->arena, &setup);
    return translate->translation ? translate : NULL;
}

/* translation.md §8.3: the gateway's id stands where the caller's SDK looks for one. */
static struct gw_str own_fields(struct gw_exchange *ex, struct gw_str warnings)
{
    const struct gw_str id = ex->record.request_id, end = GW_STR("\r\n");
    const struct gw_str ids[] = {GW_STR("x-request-id: "), id, end,
                                 GW_STR("request-id: "),   id, end};
    const struct gw_str losses[] = {GW_STR("x-gateway-warnings: "), warnings, end};
    char text[GW_OWN_FIELDS_BYTES_MAX + WARNINGS_BYTES_MAX];
    struct gw_buf fields = {.base = text, .room = sizeof text, .max = sizeof text};

    (void)gw_buf_add_all(&fields, ids, ex->caller == GW_CALLER_MESSAGES ? 6 : 3);
    if (warnings.len)
        (void)gw_buf_add_all(&fields, losses, GW_COUNT(losses));
    return gw_arena_str(&ex->arena, gw_buf_str(&fields));
}

bool gw_translate_note(struct gw_exchange *ex)
{
    struct gw_translate *translate = ex->translate;
    const struct gw_ledger *ledger = gw_translation_ledger(translate->translation);
    struct gw_buf warnings;

    if (translate->own.base && ledger->count == translate->noted)
        return true;
    translate->noted = ledger->count;
    gw_buf_init(&warnings, WARNINGS_BYTES_MAX);
    enum gw_status status = gw_ledger_write(ledger, &warnings);
    if (status == GW_OK)
        ex->record.warnings = gw_arena_str(&ex->arena, gw_buf_str(&warnings));
    translate->own = own_fields(ex, gw_buf_str(&warnings));
    gw_buf_finish(&warnings);
    return status == GW_OK && translate->own.base && ex->record.warnings.base;
}

void gw_translate_drop(struct gw_exchange *ex)
{
    struct gw_translate *translate = ex->translate;

    if (!translate)
        return;
    gw_loop_timer_clear(gw_exchange_gateway(ex)->http.loop, &translate->quiet);
    gw_translation_finish(translate->translation);
    gw_inflate_destroy(translate->inflate);
    gw_buf_finish(&translate->in);
    gw_buf_finish(&translate->out);
    ex->translate = NULL;
}

/* The caller's own envelope, with the place of what is wrong. */
void gw_translate_refuse(struct gw_exchange *ex, const struct gw_complaint *complaint)
{
    struct gw_failure_told told = {
        .class = GW_CLASS_BAD_REQUEST,
        .message = gw_text_escape(gw_str_of(complaint->message), &ex->arena),
        .code = gw_text_escape(gw_str_of(complaint->code), &ex->arena),
    };
    struct gw_buf body, fields;
    unsigned status = 400;

    if (complaint->param[0])
        told.param = gw_text_escape(gw_str_of(complaint->param), &ex->arena);
    gw_buf_init(&body, 65536);
    gw_buf_init(&fields, 1024);
    ex->record.error_type = GW_ERROR_BAD_REQUEST;
    if (gw_translation_tell(ex->translate->translation, &told, &body, &status) == GW_OK &&
        gw_buf_printf(&fields,
                      "x-to11-error-code: bad_request\r\nx-to11-upstream-provider: %.*s\r\n",
                      GW_STR_ARG(ex->provider->name)) == GW_OK)
        gw_exchange_answer(ex, status, GW_STR("application/json"), gw_buf_str(&fields),
                           gw_buf_str(&body));
    else
        gw_stages_overloaded(ex);
    gw_buf_finish(&fields);
    gw_buf_finish(&body);
}

/* The first thing that was lost, where nothing may be. @return GW_UNSUPPORTED: complaint says what */
static enum gw_status check_losses(const struct gw_exchange *ex, const struct gw_ledger *ledger,
                                   const struct gw_provider_config *provider,
                                   struct gw_complaint *complaint)
{
    for (unsigned i = 0; i < ledger->count && i < GW_LEDGER_ENTRIES_MAX && ex->strict; i++)
        if (ledger->entries[i].action == GW_LEDGER_DROP)
            return gw_complain(complaint, GW_UNSUPPORTED, "unsupported_parameter",
                               ledger->entries[i].name,
                               "\"%s\" cannot be carried to provider \"%.*s\", and dropping it is "
                               "not allowed here",
                               ledger->entries[i].name, GW_STR_ARG(provider->name));
    return GW_OK;
}

const struct gw_wanted *gw_translate_wanted(const struct gw_exchange *ex)
{
    return gw_translation_wanted(ex->translate->translation);
}

/* The request as it goes upstream, or what is in the way of that. */
static enum gw_status make(const struct gw_exchange *ex, const struct gw_provider_config *provider,
                           struct gw_translation *translation, struct gw_arena *arena,
                           struct gw_buf *out, struct gw_complaint *complaint)
{
    struct gw_str body = gw_buf_str(&ex->forward.held);
    uint64_t fetched =
        gw_fetch_found(ex) ? gw_exchange_config(ex)->server.max_body_bytes : 0; /* as if sent */

    gw_buf_init(out, body.len * GROWTH + GROWTH_BYTES + fetched);
    enum gw_status made = gw_translation_request(translation, body, out, complaint);
    enum gw_status status = made;
    if (made == GW_OK || made == GW_AGAIN)
        status = check_losses(ex, gw_translation_ledger(translation), provider, complaint);
    if (status == GW_OK && made == GW_AGAIN)
        status = gw_fetch_check(ex, gw_translation_wanted(translation), arena, complaint);
    return status == GW_OK ? made : status;
}

bool gw_translate_can_carry(const struct gw_exchange *ex, const struct gw_provider_config *provider,
                            const struct gw_codec *upstream, struct gw_str model,
                            const struct gw_str *params)
{
    struct gw_translation_setup setup = setup_of(ex, provider, upstream, model, params);
    struct gw_complaint complaint = {.status = GW_OK};
    enum gw_status status = GW_NO_MEMORY;
    struct gw_arena arena;
    struct gw_buf out;

    setup.seed = GW_STR("nothing is made of it");
    gw_arena_init(&arena, setup.cache);
    gw_buf_init(&out, 0);
    struct gw_translation *translation = gw_translation_create(&arena, &setup);
    if (translation)
        status = make(ex, provider, translation, &arena, &out, &complaint);
    gw_translation_finish(translation);
    gw_buf_finish(&out);
    gw_arena_finish(&arena);
    return status != GW_UNSUPPORTED;
}

enum gw_status gw_translate_request(struct gw_exchange *ex, const struct gw_codec *upstream,
                                    struct gw_str model, const struct gw_str *params,
                                    struct gw_complaint *complaint)
{
    *complaint = (struct gw_complaint){.status = GW_OK};
    gw_translate_drop(ex);
    gw_request_unmake(ex);
    struct gw_translate *translate = create(ex, upstream, model, params);
    if (!translate) {
        gw_stages_overloaded(ex);
        return GW_NO_MEMORY;
    }
    ex->translate = translate;
    ex->forward.is_made = true;
    enum gw_status status =
        make(ex, ex->provider, translate->translation, &ex->arena, &ex->forward.made, complaint);
    if ((status == GW_OK || status == GW_INVALID || status == GW_UNSUPPORTED) &&
        !gw_translate_note(ex))
        status = GW_NO_MEMORY;
    if (status == GW_OK || status == GW_AGAIN || status == GW_UNSUPPORTED)
        return status;
    if (status == GW_INVALID)
        gw_translate_refuse(ex, complaint);
    else if (status == GW_TOO_LARGE)
        gw_exchange_fail(ex, GW_FAULT_BODY_TOO_LARGE, "the request is too large when translated");
    else
        gw_stages_overloaded(ex);
    return status;
}
