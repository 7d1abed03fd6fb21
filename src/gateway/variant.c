#include "gateway/variant.h"

#include "gateway/attempt.h"
#include "gateway/patch.h"
#include "wire/json_edit.h"

#define TOKENS_MAX (1u << 22)
/* The model, five parameters of which one has two names, and some that a caller wrote twice: as many as are
 * sent in one go. */
#define SPLICES_MAX 16u

/* Where a parameter stands in the caller's API. */
struct place {
    struct gw_str outer; /* the object it is a member of; empty: the body itself */
    struct gw_str key;   /* empty: the API has none */
};

static const struct place places[][GW_PARAMS] = {
    [GW_CALLER_CHAT] = {[GW_PARAM_TEMPERATURE] = {.key = GW_STR_INIT("temperature")},
                        [GW_PARAM_TOP_P] = {.key = GW_STR_INIT("top_p")},
                        [GW_PARAM_MAX_TOKENS] = {.key = GW_STR_INIT("max_tokens")},
                        [GW_PARAM_SEED] = {.key = GW_STR_INIT("seed")},
                        [GW_PARAM_REASONING_EFFORT] = {.key = GW_STR_INIT("reasoning_effort")}},
    [GW_CALLER_RESPONSES] = {[GW_PARAM_TEMPERATURE] = {.key = GW_STR_INIT("temperature")},
                             [GW_PARAM_TOP_P] = {.key = GW_STR_INIT("top_p")},
                             [GW_PARAM_MAX_TOKENS] = {.key = GW_STR_INIT("max_output_tokens")},
                             [GW_PARAM_REASONING_EFFORT] = {GW_STR_INIT("reasoning"),
                                                            GW_STR_INIT("effort")}},
    [GW_CALLER_MESSAGES] = {[GW_PARAM_TEMPERATURE] = {.key = GW_STR_INIT("temperature")},
                            [GW_PARAM_TOP_P] = {.key = GW_STR_INIT("top_p")},
                            [GW_PARAM_MAX_TOKENS] = {.key = GW_STR_INIT("max_tokens")},
                            [GW_PARAM_REASONING_EFFORT] = {GW_STR_INIT("output_config"),
                                                           GW_STR_INIT("effort")}},
    [GW_CALLER_OPENAI] = {[GW_PARAM_TEMPERATURE] = {.key = GW_STR_INIT("")}},
};

/* Chat Completions has had two names for it; not every provider knows both. */
static const struct gw_str completion_tokens = GW_STR_INIT("max_completion_tokens");

/* `key` within the object `outer`, which may be missing, or something else than an object, or stand there
 * twice: then in both, since providers differ in which of them they read. */
static void set_inner(struct gw_json_edits *edits, const struct place *place, struct gw_str value)
{
    struct gw_str object =
        gw_arena_printf(edits->arena, "{\"%.*s\":%.*s}", GW_STR_ARG(place->key), GW_STR_ARG(value));
    struct gw_json_iter iter = gw_json_iter(edits->json, 0);
    uint32_t name, outer;
    bool found = false;

    if (!object.base) {
        edits->status = GW_NO_MEMORY;
        return;
    }
    while (gw_json_next_member(edits->json, &iter, &name, &outer)) {
        if (!gw_json_equals(edits->json, name, place->outer))
            continue;
        found = true;
        if (gw_json_type(edits->json, outer) != GW_JSON_IS_OBJECT)
            gw_json_edit_replace(edits, outer, object);
        else if (!gw_json_edit_members(edits, outer, place->key, value))
            gw_json_edit_append(edits, outer, place->key, value);
    }
    if (!found)
        gw_json_edit_append(edits, 0, place->outer, object);
}

static void set_max_tokens(const struct gw_exchange *ex, struct gw_json_edits *edits,
                           struct gw_str key, struct gw_str value)
{
    bool chat = ex->caller == GW_CALLER_CHAT;
    bool newer = chat && gw_json_edit_members(edits, 0, completion_tokens, value);
    bool older = gw_json_edit_members(edits, 0, key, value);

    if (!newer && !older)
        gw_json_edit_append(
            edits, 0, chat && ex->provider->completion_tokens ? completion_tokens : key, value);
}

static void set_param(struct gw_exchange *ex, struct gw_json_edits *edits,
                      const struct gw_target_config *target, enum gw_param param)
{
    const struct place *place = &places[ex->caller][param];
    struct gw_str value = target->params[param];

    if (!value.base)
        return;
    if (place->key.len == 0 && param == GW_PARAM_SEED)
        gw_ledger_add(&ex->edited->ledger, GW_LEDGER_DROP, GW_STR("seed"));
    else if (place->key.len == 0)
        return;
    else if (place->outer.len)
        set_inner(edits, place, value);
    else if (param == GW_PARAM_MAX_TOKENS)
        set_max_tokens(ex, edits, place->key, value);
    else if (!gw_json_edit_members(edits, 0, place->key, value))
        gw_json_edit_append(edits, 0, place->key, value);
}

enum gw_status gw_variant_splice(struct gw_exchange *ex, const struct gw_target_config *target,
                                 struct gw_err *err)
{
    struct gw_forward *forward = &ex->forward;
    struct gw_json_edits edits;
    struct gw_json json;

    enum gw_status status =
        gw_json_read(gw_buf_str(&forward->held), &ex->arena, TOKENS_MAX, &json, err);
    if (status != GW_OK)
        return status;
    gw_json_edits_init(&edits, &json, &ex->arena);
    if (forward->splices_count)
        gw_json_edit(&edits, forward->model.at, forward->model.len, forward->model.with);
    for (unsigned param = 0; param < GW_PARAMS; param++)
        set_param(ex, &edits, target, (enum gw_param)param);
    if (edits.count > SPLICES_MAX)
        return gw_err_set(err, GW_INVALID, "the same parameter stands in the body too often");
    forward->splices = edits.splices;
    forward->splices_count = edits.count;
    return edits.status;
}
