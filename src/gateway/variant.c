#include "gateway/variant.h"

#include "gateway/attempt.h"
#include "wire/json_read.h"

#include <assert.h>

#define TOKENS_MAX (1u << 22)
/* The model, five parameters of which one has two names, and some that a caller wrote twice. */
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

struct edits {
    struct gw_exchange *ex;
    const struct gw_json *json;
    struct gw_splice *splices;
    unsigned count;
    enum gw_status status; /* of the first failure; nothing is added behind it */
};

/* In the order of their places; behind those of the same place. */
static void add_splice(struct edits *edits, uint64_t at, uint64_t len, struct gw_str with)
{
    unsigned i = edits->count;

    if (edits->status != GW_OK)
        return;
    if (i == SPLICES_MAX || !with.base) {
        edits->status = with.base ? GW_INVALID : GW_NO_MEMORY;
        return;
    }
    for (; i > 0 && edits->splices[i - 1].at > at; i--)
        edits->splices[i] = edits->splices[i - 1];
    edits->splices[i] = (struct gw_splice){at, len, with};
    edits->count++;
}

static void replace(struct edits *edits, uint32_t token, struct gw_str with)
{
    const struct gw_json_token *old = &edits->json->tokens[token];

    add_splice(edits, old->begin, old->end - old->begin, with);
}

/* @return whether there was any; a member that stands there twice is replaced twice */
static bool replace_members(struct edits *edits, uint32_t object, struct gw_str key,
                            struct gw_str with)
{
    struct gw_json_iter iter = gw_json_iter(edits->json, object);
    uint32_t name, value;
    bool found = false;

    while (gw_json_next_member(edits->json, &iter, &name, &value))
        if (gw_json_equals(edits->json, name, key)) {
            replace(edits, value, with);
            found = true;
        }
    return found;
}

/* As its last member. */
static void add_member(struct edits *edits, uint32_t object, struct gw_str key, struct gw_str value)
{
    const char *comma = gw_json_count(edits->json, object) ? "," : "";
    struct gw_str text = gw_arena_printf(&edits->ex->arena, "%s\"%.*s\":%.*s", comma,
                                         GW_STR_ARG(key), GW_STR_ARG(value));

    add_splice(edits, edits->json->tokens[object].end - 1u, 0, text);
}

/* `key` within the object `outer`, which may be missing, or something else than an object, or stand there
 * twice: then in both, since providers differ in which of them they read. */
static void set_inner(struct edits *edits, const struct place *place, struct gw_str value)
{
    struct gw_str object = gw_arena_printf(&edits->ex->arena, "{\"%.*s\":%.*s}",
                                           GW_STR_ARG(place->key), GW_STR_ARG(value));
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
            replace(edits, outer, object);
        else if (!replace_members(edits, outer, place->key, value))
            add_member(edits, outer, place->key, value);
    }
    if (!found)
        add_member(edits, 0, place->outer, object);
}

static void set_max_tokens(struct edits *edits, struct gw_str key, struct gw_str value)
{
    bool chat = edits->ex->caller == GW_CALLER_CHAT;
    bool newer = chat && replace_members(edits, 0, completion_tokens, value);
    bool older = replace_members(edits, 0, key, value);

    if (!newer && !older)
        add_member(edits, 0,
                   chat && edits->ex->provider->completion_tokens ? completion_tokens : key, value);
}

static void set_param(struct edits *edits, const struct gw_target_config *target,
                      enum gw_param param)
{
    const struct place *place = &places[edits->ex->caller][param];
    struct gw_str value = target->params[param];

    if (!value.base)
        return;
    if (place->key.len == 0)
        edits->ex->managed->seed_dropped |= param == GW_PARAM_SEED;
    else if (place->outer.len)
        set_inner(edits, place, value);
    else if (param == GW_PARAM_MAX_TOKENS)
        set_max_tokens(edits, place->key, value);
    else if (!replace_members(edits, 0, place->key, value))
        add_member(edits, 0, place->key, value);
}

enum gw_status gw_variant_splice(struct gw_exchange *ex, const struct gw_target_config *target,
                                 struct gw_err *err)
{
    struct gw_forward *forward = &ex->forward;
    struct gw_json json;
    struct edits edits = {.ex = ex, .json = &json, .status = GW_OK};

    enum gw_status status =
        gw_json_read(gw_buf_str(&forward->held), &ex->arena, TOKENS_MAX, &json, err);
    if (status != GW_OK)
        return status;
    edits.splices = gw_arena_alloc(&ex->arena, SPLICES_MAX * sizeof *edits.splices);
    if (!edits.splices)
        return GW_NO_MEMORY;
    ex->managed->seed_dropped = false;
    if (forward->splices_count)
        add_splice(&edits, forward->model.at, forward->model.len, forward->model.with);
    for (unsigned param = 0; param < GW_PARAMS; param++)
        set_param(&edits, target, (enum gw_param)param);
    if (edits.status == GW_INVALID)
        return gw_err_set(err, GW_INVALID, "the same parameter stands in the body too often");
    forward->splices = edits.splices;
    forward->splices_count = edits.count;
    return edits.status;
}
