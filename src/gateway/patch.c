#include "gateway/patch.h"

#include "codec/own_state.h"
#include "gateway/fetch.h"
#include "gateway/stages.h"
#include "gateway/translate.h"

#define TOKENS_MAX (1u << 22)
#define GROWTH_BYTES 65536u
/* So much in hand is a body on its way at full speed, and what is left of it is not far. */
#define ARRIVING_BYTES_MIN (4u << 10)
#define CONVERSATION_BYTES_MIN (16u << 10)
#define CONVERSATION_BYTES_MAX (4u << 20)
#define WARNINGS_BYTES_MAX 2048u

/* ---- whether ---- */

static const struct gw_chat_watch *watch_of(const struct gw_exchange *ex,
                                            const struct gw_provider_config *provider)
{
    return &ex->site->snapshot->watches[provider->index];
}

static bool is_suspect(const struct gw_exchange *ex, const struct gw_provider_config *provider,
                       enum gw_codec_id dialect, struct gw_str model, struct gw_str body)
{
    if (dialect == GW_CODEC_CHAT)
        return gw_chat_patch_suspected(watch_of(ex, provider), model, ex->scan.keys, body);
    return gw_own_state_suspected(dialect, body);
}

/* Whether the rest of the body is waited for, so that it can be looked at whole. For providers that take nearly
 * all there is, bodies set out as they come but for those of the size of a conversation, which are what state
 * is found in. */
static bool is_awaited(const struct gw_exchange *ex, const struct gw_provider_config *provider,
                       enum gw_codec_id dialect, struct gw_str model)
{
    const struct gw_forward *forward = &ex->forward;
    bool chat = dialect == GW_CODEC_CHAT;

    if (chat && (!watch_of(ex, provider)->ids || gw_openai_is_reasoning(model)))
        return true;
    size_t here = gw_buf_len(&forward->held) + ex->in_hand.len;
    return !forward->chunked && here >= ARRIVING_BYTES_MIN &&
           forward->body_bytes >= CONVERSATION_BYTES_MIN &&
           forward->body_bytes <= CONVERSATION_BYTES_MAX;
}

bool gw_patch_suspects(struct gw_exchange *ex, const struct gw_provider_config *provider,
                       struct gw_str model)
{
    const struct gw_codec *caller = gw_translate_caller(ex);
    struct gw_str held = gw_buf_str(&ex->forward.held);

    ex->suspected = false;
    if (!caller || ex->form)
        return false;
    /* State of another family comes from this gateway's own translations, or another provider of chat. */
    if (caller->id == GW_CODEC_CHAT ? !watch_of(ex, provider)->any
                                    : !ex->site->snapshot->mixes_dialects)
        return false;
    ex->suspected = (ex->body_whole ? held.len && ex->in_hand.len /* joined first */
                                    : is_awaited(ex, provider, caller->id, model)) ||
                    is_suspect(ex, provider, caller->id, model, held) ||
                    is_suspect(ex, provider, caller->id, model, ex->in_hand);
    return ex->suspected;
}

bool gw_patch_begin(struct gw_exchange *ex)
{
    ex->edited = gw_arena_zalloc(&ex->arena, sizeof *ex->edited);
    if (!ex->edited)
        return false;
    ex->edited->line = GW_STR("");
    return true;
}

/* ---- the edits ---- */

static enum gw_status gather(const struct gw_exchange *ex,
                             const struct gw_provider_config *provider, struct gw_str model,
                             struct gw_request *request, struct gw_json_edits *edits,
                             struct gw_complaint *complaint)
{
    const struct gw_target_traits target = {
        .profile = ex->site->snapshot->profiles[provider->index], .model = model};
    enum gw_codec_id dialect = gw_translate_caller(ex)->id;

    request->arena = edits->arena;
    request->fetches = gw_exchange_config(ex)->translation.fetch_media;
    request->fetched = gw_fetch_found(ex);
    enum gw_status made = dialect == GW_CODEC_CHAT
                              ? gw_chat_patch(&target, request, edits, complaint)
                              : gw_own_state_cut(dialect, edits);
    enum gw_status status = made;
    if (made == GW_OK || made == GW_AGAIN)
        status = gw_translate_check_losses(ex, request->ledger, provider, complaint);
    if (status == GW_OK && made == GW_AGAIN)
        status = gw_fetch_check(ex, request->wanted, edits->arena, complaint);
    return status == GW_OK ? made : status;
}

/* In place of what is in forward->made, or of what came. */
static enum gw_status make(struct gw_exchange *ex, struct gw_str from,
                           const struct gw_splice *splices, unsigned count)
{
    struct gw_forward *forward = &ex->forward;
    size_t room = from.len + GROWTH_BYTES;
    struct gw_buf made;

    for (unsigned i = 0; i < count; i++)
        room += splices[i].with.len;
    gw_buf_init(&made, room);
    enum gw_status status = gw_splices_apply(from, splices, count, &made);
    gw_request_unmake(ex);
    forward->made = made;
    forward->is_made = true;
    return status;
}

enum gw_status gw_patch_request(struct gw_exchange *ex, struct gw_str model, bool sets,
                                struct gw_complaint *complaint)
{
    struct gw_forward *forward = &ex->forward;
    struct gw_str body = gw_buf_str(&forward->held);
    const struct gw_codec *caller = gw_translate_caller(ex);
    struct gw_ledger lost = {.count = 0};
    struct gw_request request = {.ledger = &lost};
    struct gw_json_edits edits;
    struct gw_json json;
    struct gw_err err;

    *complaint = (struct gw_complaint){.status = GW_OK};
    gw_request_unmake(ex);
    /* It may only have been that the body was not whole. */
    if (!caller || (!sets && !is_suspect(ex, ex->provider, caller->id, model, body)))
        return GW_OK;
    enum gw_status status =
        forward->splices_count ? make(ex, body, forward->splices, forward->splices_count) : GW_OK;
    if (forward->is_made)
        body = gw_buf_str(&forward->made);
    if (status == GW_OK)
        status = gw_json_read(body, &ex->arena, TOKENS_MAX, &json, &err);
    if (status == GW_INVALID || status == GW_TOO_LARGE) { /* the provider's business */
        gw_request_unmake(ex);
        return GW_OK;
    }
    if (status == GW_OK) {
        gw_json_edits_init(&edits, &json, &ex->arena);
        status = gather(ex, ex->provider, model, &request, &edits, complaint);
    }
    if (status == GW_OK && edits.count)
        status = make(ex, body, edits.splices, edits.count);
    else if (status == GW_OK)
        gw_request_unmake(ex); /* the splices alone do */
    ex->edited->wanted = request.wanted;
    if (status != GW_OK && status != GW_UNSUPPORTED && status != GW_AGAIN)
        gw_stages_overloaded(ex);
    for (unsigned i = 0; i < lost.count && i < GW_LEDGER_ENTRIES_MAX; i++)
        gw_ledger_add(&ex->edited->ledger, lost.entries[i].action, gw_str_of(lost.entries[i].name));
    return status;
}

bool gw_patch_can_carry(struct gw_exchange *ex, const struct gw_provider_config *provider,
                        struct gw_str model)
{
    struct gw_str body = gw_buf_str(&ex->forward.held);
    enum gw_codec_id dialect = gw_translate_caller(ex)->id;
    struct gw_complaint complaint;
    struct gw_ledger ledger = {.count = 0};
    struct gw_request request = {.ledger = &ledger};
    struct gw_json_edits edits;
    struct gw_arena arena;
    struct gw_json json;

    if (dialect != GW_CODEC_CHAT || !is_suspect(ex, provider, dialect, model, body))
        return true;
    gw_arena_init(&arena, &gw_exchange_gateway(ex)->arenas);
    enum gw_status status = gw_json_read(body, &arena, TOKENS_MAX, &json, NULL);
    if (status == GW_OK) {
        gw_json_edits_init(&edits, &json, &arena);
        status = gather(ex, provider, model, &request, &edits, &complaint);
    }
    gw_arena_finish(&arena);
    return status != GW_UNSUPPORTED;
}

/* ---- afterwards ---- */

static bool asks_for_many(const struct gw_exchange *ex)
{
    struct gw_arena arena;
    struct gw_json json;
    bool many = false;

    if (!(ex->scan.keys & gw_json_scan_key_bit(GW_STR("n"))))
        return false;
    gw_arena_init(&arena, &gw_exchange_gateway(ex)->arenas);
    if (gw_json_read(gw_buf_str(&ex->forward.held), &arena, TOKENS_MAX, &json, NULL) == GW_OK) {
        struct gw_str n = gw_json_slice(&json, gw_json_get(&json, 0, GW_STR("n")));
        many = n.base && !gw_str_eq(n, GW_STR("1")) && !gw_str_eq(n, GW_STR("null"));
    }
    gw_arena_finish(&arena);
    return many;
}

static bool note(struct gw_exchange *ex)
{
    struct gw_edited *edited = ex->edited;
    struct gw_buf warnings;

    if (!edited || !edited->ledger.count)
        return true;
    gw_buf_init(&warnings, WARNINGS_BYTES_MAX);
    enum gw_status status = gw_ledger_write(&edited->ledger, &warnings);
    if (status == GW_OK) {
        struct gw_str text = gw_buf_str(&warnings);
        edited->line =
            gw_arena_printf(&ex->arena, "x-gateway-warnings: %.*s\r\n", GW_STR_ARG(text));
        ex->record.warnings = gw_arena_str(&ex->arena, text);
    }
    gw_buf_finish(&warnings);
    return status == GW_OK && edited->line.base && ex->record.warnings.base;
}

bool gw_patch_end(struct gw_exchange *ex, struct gw_str model)
{
    const struct gw_profile *profile = ex->site->snapshot->profiles[ex->provider->index];
    const struct gw_codec *caller = gw_translate_caller(ex);

    if (caller && caller->id == GW_CODEC_CHAT && profile->canonical_answer && !asks_for_many(ex))
        return gw_translate_answers(ex, model, &ex->edited->ledger);
    return note(ex);
}
