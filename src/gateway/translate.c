#include "gateway/translate.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/secret.h"
#include "gateway/attempt.h"
#include "gateway/fetch.h"
#include "gateway/stages.h"
#include "wire/inflate.h"

#include <openssl/sha.h>
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

/* Who is asked for what. */
struct wish {
    const struct gw_provider_config *provider;
    const struct gw_codec *upstream;
    struct gw_str model;
    const struct gw_str *params;
    const struct gw_target_config *target; /* NULL: passthrough */
};

/* A caller knows the key of its own. */
static struct gw_str secret_of(const struct gw_target_config *target)
{
    const struct gw_secret *secret = target ? target->credential.secret : NULL;

    return secret ? gw_secret_bytes(secret) : GW_STR("");
}

/* Callers are told apart by what they show; those that show nothing are one. Each key goes in with its place, and
 * values of fields have no line ends. @return false when out of memory */
static bool find_tenant(struct gw_exchange *ex, struct gw_carry_tenant *tenant)
{
    const struct gw_caller_keys keys = gw_request_caller_keys(ex);
    const struct gw_str parts[] = {keys.authorization, GW_STR("\n"), keys.x_api_key,
                                   GW_STR("\n"),       keys.api_key, GW_STR("\n"),
                                   keys.x_goog_api_key};
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct gw_buf all;

    *tenant = (struct gw_carry_tenant){{0}};
    gw_buf_init(&all, SIZE_MAX);
    enum gw_status status = gw_buf_add_all(&all, parts, GW_COUNT(parts));
    if (status == GW_OK && gw_buf_len(&all) > GW_COUNT(parts) / 2) {
        SHA256((const unsigned char *)all.base, gw_buf_len(&all), digest);
        memcpy(tenant->bytes, digest, sizeof tenant->bytes);
    }
    if (all.base)
        gw_secret_wipe(all.base, all.room);
    gw_buf_finish(&all);
    return status == GW_OK;
}

/* Without memory for it nothing is kept. */
static struct gw_turn_keeper keeper_of(struct gw_exchange *ex, const struct wish *wish)
{
    const struct gw_gateway *gateway = gw_exchange_gateway(ex);
    struct gw_turn_keeper keeper = {.carry = gateway->options.carry};

    if (!(ex->scan.keys &
          gw_json_scan_key_bit(GW_STR("tools")))) /* there is no call to keep it by */
        return (struct gw_turn_keeper){.carry = NULL};
    if (!keeper.carry || !find_tenant(ex, &keeper.tenant))
        return (struct gw_turn_keeper){.carry = NULL};
    keeper.origin = gw_hash(wish->provider->name) * 31 + gw_hash(secret_of(wish->target));
    keeper.now_ms = gw_loop_now_ns(gateway->http.loop) / GW_NS_PER_MS;
    return keeper;
}

static struct gw_translation_setup setup_of(struct gw_exchange *ex, const struct wish *wish)
{
    const struct gw_snapshot *snapshot = ex->site->snapshot;
    struct gw_translation_setup setup = {
        .caller = gw_translate_caller(ex),
        .upstream = wish->upstream,
        .target = {.profile = snapshot->profiles[wish->provider->index],
                   .claude = limits_of(snapshot, wish->provider, wish->upstream, wish->model),
                   .model = wish->model},
        .now_s = ex->record.started_wall_ns / 1000000000u,
        .request_id = ex->record.request_id,
        .keeper = keeper_of(ex, wish),
        .secret = secret_of(wish->target),
        .fetches = gw_exchange_config(ex)->translation.fetch_media,
        .fetched = gw_fetch_found(ex),
        .cache = &gw_exchange_gateway(ex)->arenas,
    };

    const struct gw_str *params = wish->params;
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
    const struct wish wish = {ex->provider, upstream, model, params,
                              ex->managed ? ex->managed->walk.target : NULL};
    struct gw_translation_setup setup = setup_of(ex, &wish);
    struct gw_translate *translate = gw_arena_zalloc(&ex->arena, sizeof *translate);
    uint64_t random[2] = {gw_rng_next(&gateway->rng), gw_rng_next(&gateway->rng)};

    if (!translate)
        return NULL;
    translate->ex = ex;
    translate->upstream = upstream;
    _Static_assert(sizeof random == sizeof translate->seed, "the seed is two numbers");
    memcpy(translate->seed, random, sizeof random);
    setup.seed = (struct gw_str){translate->seed, sizeof translate->seed};
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

bool gw_translate_answers(struct gw_exchange *ex, struct gw_str model, const struct gw_ledger *lost)
{
    gw_translate_drop(ex);
    ex->translate = create(ex, gw_translate_caller(ex), model, NULL);
    return ex->translate &&
           gw_translation_pass(ex->translate->translation, gw_buf_str(&ex->forward.held), lost) ==
               GW_OK &&
           gw_translate_note(ex);
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

    if (!ex->translate)
        ex->translate = create(ex, gw_translate_caller(ex), ex->record.model_used, NULL);
    if (!ex->translate) {
        gw_stages_overloaded(ex);
        return;
    }
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

enum gw_status gw_translate_check_losses(const struct gw_exchange *ex,
                                         const struct gw_ledger *ledger,
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
        status =
            gw_translate_check_losses(ex, gw_translation_ledger(translation), provider, complaint);
    if (status == GW_OK && made == GW_AGAIN)
        status = gw_fetch_check(ex, gw_translation_wanted(translation), arena, complaint);
    return status == GW_OK ? made : status;
}

bool gw_translate_can_carry(struct gw_exchange *ex, const struct gw_target_config *target,
                            const struct gw_codec *upstream)
{
    const struct gw_provider_config *provider = target->model->provider;
    const struct wish wish = {provider, upstream, target->model->name, target->params, target};
    struct gw_translation_setup setup = setup_of(ex, &wish);
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
