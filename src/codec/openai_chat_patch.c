#include "codec/openai_chat_patch.h"

#include "codec/openai_chat_private.h"
#include "codec/own_state.h"
#include "model/names.h"
#include "wire/json_scan.h"

/* ---- a glance ---- */

struct gw_chat_watch gw_chat_watch_of(const struct gw_profile *profile, bool others)
{
    static const char *const by_model[] = {
        "temperature",      "top_p",      "logprobs",   "top_logprobs",    "frequency_penalty",
        "presence_penalty", "logit_bias", "max_tokens", "reasoning_effort"};
    struct gw_chat_watch watch = {.any = *profile->name != '\0'};

    if (!watch.any)
        return watch;
    for (size_t i = 0; i < GW_PROFILE_MEMBERS_MAX && profile->members[i].name; i++)
        watch.keys |= gw_json_scan_key_bit(gw_str_of(profile->members[i].name));
    watch.keys |= gw_json_scan_key_bit(GW_STR("stop"));
    for (size_t i = 0; i < GW_COUNT(by_model); i++)
        watch.reasoning_keys |= gw_json_scan_key_bit(gw_str_of(by_model[i]));
    if (!profile->openai && !profile->completion_tokens)
        watch.keys |= gw_json_scan_key_bit(GW_STR("max_completion_tokens"));
    if (profile->efforts)
        watch.keys |= gw_json_scan_key_bit(GW_STR("reasoning_effort"));
    if (profile->n_unsupported)
        watch.keys |= gw_json_scan_key_bit(GW_STR("n"));
    if (profile->no_tools)
        watch.keys |= gw_json_scan_key_bit(GW_STR("tools"));
    watch.roles = !profile->openai;
    watch.names = profile->no_names;
    watch.calls = profile->empty_content;
    watch.ids = profile->openai;
    watch.state = profile->strict;
    watch.reasoning = profile->strict && others;
    /* What is looked for there is in most bodies. */
    watch.always = profile->flat || profile->nine_char_ids || profile->base64_images;
    return watch;
}

static bool has(struct gw_str body, struct gw_str word)
{
    return memmem(body.base, body.len, word.base, word.len) != NULL;
}

/* Names of models that reason differ between providers; to look in vain costs little. */
static bool may_reason(const struct gw_chat_watch *watch, struct gw_str model)
{
    return !watch->ids || gw_openai_is_reasoning(model) ||
           gw_str_starts(model, GW_STR("gpt-4o-search"));
}

bool gw_chat_patch_suspected(const struct gw_chat_watch *watch, struct gw_str model, uint64_t keys,
                             struct gw_str body)
{
    if (!watch->any || watch->always || body.len == 0)
        return watch->any && body.len;
    return keys & watch->keys || (keys & watch->reasoning_keys && may_reason(watch, model)) ||
           ((watch->state || watch->ids) && gw_own_state_glance(body, watch->state, watch->ids)) ||
           (watch->reasoning && has(body, GW_STR("\"reasoning\""))) ||
           (watch->roles && has(body, GW_STR("\"developer\""))) ||
           (watch->names && has(body, GW_STR("\"name\""))) ||
           (watch->calls && has(body, GW_STR("\"tool_calls\"")));
}

/* ---- the edits ---- */

struct patch {
    struct gw_chat_plan plan;
    struct gw_json_edits *edits;
    const struct gw_json *json;
    struct gw_text chosen; /* the one tool that is left; absent: all of them */
    struct gw_str schema;  /* to be told to the system; base NULL: none */
    unsigned message;      /* which one */
};

static enum gw_status refuse(const struct patch *patch, const char *param)
{
    return gw_complain(patch->plan.complaint, GW_UNSUPPORTED, "unsupported_parameter", param,
                       "the provider of this model does not take `%s`", param);
}

static void replace(struct patch *patch, uint32_t token, struct gw_str with)
{
    gw_json_edit_replace(patch->edits, token, with);
}

static bool is_null(const struct patch *patch, uint32_t value)
{
    return gw_json_type(patch->json, value) == GW_JSON_IS_NULL;
}

static bool is_key(const struct patch *patch, uint32_t key, const char *name)
{
    return gw_json_equals(patch->json, key, gw_str_of(name));
}

/* ---- members of the body ---- */

/* What the plan knows of effort decides what else a model takes. */
static void plan_effort(struct patch *patch)
{
    uint32_t value = gw_json_get(patch->json, 0, GW_STR("reasoning_effort"));
    struct gw_text word = {gw_json_raw(patch->json, value)};

    gw_chat_plan_model(&patch->plan);
    patch->plan.effort = gw_effort_of(word);
}

static void fit_effort(struct patch *patch, uint32_t value)
{
    struct gw_chat_plan *plan = &patch->plan;
    enum gw_effort nearest = gw_effort_nearest(plan->effort, plan->efforts);

    /* A word or a model that is not known here is the provider's business. */
    if (!plan->efforts || plan->effort == GW_EFFORT_UNSET || nearest == plan->effort ||
        nearest == GW_EFFORT_UNSET)
        return;
    struct gw_str name = gw_effort_name(nearest);
    replace(patch, value, gw_arena_printf(patch->edits->arena, "\"%.*s\"", GW_STR_ARG(name)));
    gw_ledger_add(plan->request->ledger, GW_LEDGER_CLAMP, GW_STR("reasoning_effort"));
}

static void fit_stop(struct patch *patch, uint32_t value)
{
    struct gw_json_iter iter = gw_json_elements(patch->json, value);
    struct gw_json_cut cut = {.edits = patch->edits};
    uint32_t element;

    if (!patch->plan.profile->openai ||
        gw_json_count(patch->json, value) <= GW_CHAT_OPENAI_STOPS_MAX)
        return;
    for (unsigned i = 0; gw_json_next(patch->json, &iter, &element); i++)
        gw_json_cut_element(&cut, patch->json->tokens[element].begin,
                            patch->json->tokens[element].end, i >= GW_CHAT_OPENAI_STOPS_MAX);
    gw_json_cut_end(&cut);
    gw_ledger_add(patch->plan.request->ledger, GW_LEDGER_CLAMP, GW_STR("stop"));
}

/* "any" for "required"; a tool that is named becomes the only one. */
static void fit_choice(struct patch *patch, uint32_t value)
{
    if (!patch->plan.profile->any_word)
        return;
    if (gw_json_equals(patch->json, value, GW_STR("required"))) {
        replace(patch, value, GW_STR("\"any\""));
        return;
    }
    uint32_t function = gw_json_get(patch->json, value, GW_STR("function"));
    struct gw_text name = {
        gw_json_raw(patch->json, gw_json_get(patch->json, function, GW_STR("name")))};
    if (gw_text_present(name)) {
        patch->chosen = name;
        replace(patch, value, GW_STR("\"any\""));
    }
}

static enum gw_status fit_format(struct patch *patch, uint32_t value)
{
    const struct gw_json *json = patch->json;

    if (!patch->plan.profile->schema_as_object ||
        !gw_json_equals(json, gw_json_get(json, value, GW_STR("type")), GW_STR("json_schema")))
        return GW_OK;
    uint32_t schema =
        gw_json_get(json, gw_json_get(json, value, GW_STR("json_schema")), GW_STR("schema"));
    patch->schema = schema == GW_JSON_ABSENT ? GW_STR("{}") : gw_json_slice(json, schema);
    if (patch->schema.len > INT32_MAX)
        return GW_NO_MEMORY;
    replace(patch, value, GW_STR("{\"type\":\"json_object\"}"));
    gw_ledger_add(patch->plan.request->ledger, GW_LEDGER_EMULATE, GW_STR("response_format"));
    return GW_OK;
}

/* Limits of the answer have had two names. @return NULL: it is none of them, or as it should be */
static const char *right_limit(const struct patch *patch, uint32_t key)
{
    const struct gw_profile *profile = patch->plan.profile;

    if (is_key(patch, key, "max_tokens"))
        return profile->openai && patch->plan.reasoning_model ? "max_completion_tokens" : NULL;
    if (is_key(patch, key, "max_completion_tokens"))
        return !profile->openai && !profile->completion_tokens ? "max_tokens" : NULL;
    return NULL;
}

/* @return whether the member goes: there is one of the right name already */
static bool rename_key(struct patch *patch, uint32_t key, const char *name)
{
    if (gw_json_get(patch->json, 0, gw_str_of(name)) != GW_JSON_ABSENT)
        return true;
    replace(patch, key, gw_arena_printf(patch->edits->arena, "\"%s\"", name));
    return false;
}

static void tell_lost(const struct patch *patch, const char *name, uint32_t value)
{
    struct gw_str json = gw_json_slice(patch->json, value);

    if (!is_null(patch, value) && !gw_chat_is_default(name, json) &&
        !(gw_str_eq(gw_str_of(name), GW_STR("n")) && gw_str_eq(json, GW_STR("1"))))
        gw_chat_drop(&patch->plan, name);
}

/* By the provider's table. @return whether it goes */
static bool fit_by_table(struct patch *patch, uint32_t key, uint32_t value)
{
    const struct gw_profile_member *members = patch->plan.profile->members;

    for (size_t i = 0; i < GW_PROFILE_MEMBERS_MAX && members[i].name; i++) {
        if (!is_key(patch, key, members[i].name))
            continue;
        if (members[i].renamed)
            return rename_key(patch, key, members[i].renamed);
        if (!gw_str_eq(gw_str_of(members[i].name), GW_STR("user")))
            tell_lost(patch, members[i].name, value);
        return true;
    }
    return false;
}

/* By the model. @return whether it goes */
static bool fit_by_model(struct patch *patch, uint32_t key, uint32_t value)
{
    static const char *const names[] = {
        "temperature",      "top_p",     "logprobs", "top_logprobs", "frequency_penalty",
        "presence_penalty", "logit_bias"};

    for (size_t i = 0; i < GW_COUNT(names); i++)
        if (is_key(patch, key, names[i]) && gw_chat_model_refuses(&patch->plan, names[i]) &&
            !is_null(patch, value) &&
            !gw_chat_is_default(names[i], gw_json_slice(patch->json, value))) {
            gw_chat_drop(&patch->plan, names[i]);
            return true;
        }
    return false;
}

/* @return whether the member goes */
static bool fit_member(struct patch *patch, uint32_t key, uint32_t value, enum gw_status *status)
{
    const struct gw_profile *profile = patch->plan.profile;
    const char *limit = right_limit(patch, key);
    bool is_stop = is_key(patch, key, "stop");

    if (limit)
        return rename_key(patch, key, limit);
    if (is_key(patch, key, "n") && profile->n_unsupported && !is_null(patch, value) &&
        !gw_str_eq(gw_json_slice(patch->json, value), GW_STR("1")))
        *status = refuse(patch, "n");
    else if (is_key(patch, key, "tools") && profile->no_tools && gw_json_count(patch->json, value))
        *status = refuse(patch, "tools");
    else if (is_key(patch, key, "response_format"))
        *status = fit_format(patch, value);
    if (fit_by_table(patch, key, value) || fit_by_model(patch, key, value))
        return true;
    if (is_stop && patch->plan.reasoning_model && !gw_chat_takes_stop(&patch->plan)) {
        tell_lost(patch, "stop", value);
        return true;
    }
    if (is_stop)
        fit_stop(patch, value);
    else if (is_key(patch, key, "tool_choice"))
        fit_choice(patch, value);
    else if (is_key(patch, key, "reasoning_effort"))
        fit_effort(patch, value);
    return is_key(patch, key, "stream_options") && profile->no_stream_options;
}

static enum gw_status fit_members(struct patch *patch)
{
    struct gw_json_iter iter = gw_json_iter(patch->json, 0);
    struct gw_json_cut cut = {.edits = patch->edits};
    enum gw_status status = GW_OK;
    uint32_t key, value;

    while (status == GW_OK && gw_json_next_member(patch->json, &iter, &key, &value)) {
        bool goes = fit_member(patch, key, value, &status);
        gw_json_cut_element(&cut, patch->json->tokens[key].begin, patch->json->tokens[value].end,
                            goes);
    }
    gw_json_cut_end(&cut);
    return status;
}

static void fit_tools(struct patch *patch)
{
    const struct gw_json *json = patch->json;
    struct gw_json_iter iter = gw_json_elements(json, gw_json_get(json, 0, GW_STR("tools")));
    struct gw_json_cut cut = {.edits = patch->edits};
    uint32_t tool;

    while (gw_text_present(patch->chosen) && gw_json_next(json, &iter, &tool)) {
        uint32_t function = gw_json_get(json, tool, GW_STR("function"));
        struct gw_str name = gw_json_raw(json, gw_json_get(json, function, GW_STR("name")));
        gw_json_cut_element(&cut, json->tokens[tool].begin, json->tokens[tool].end,
                            !gw_str_eq(name, patch->chosen.raw));
    }
    gw_json_cut_end(&cut);
}

/* ---- messages ---- */

static void fit_id(struct patch *patch, uint32_t token)
{
    const struct gw_profile *profile = patch->plan.profile;
    enum gw_id_rule rule = profile->nine_char_ids ? GW_ID_NINE
                           : profile->openai      ? GW_ID_CHAT
                                                  : GW_ID_ANY;
    struct gw_text id = {gw_json_raw(patch->json, token)};

    if (!gw_text_present(id) || rule == GW_ID_ANY)
        return;
    struct gw_text right = gw_call_id(id, rule, patch->edits->arena);
    if (!gw_text_present(right))
        patch->edits->status = GW_NO_MEMORY;
    else if (!gw_str_eq(right.raw, id.raw))
        replace(patch, token,
                gw_arena_printf(patch->edits->arena, "\"%.*s\"", GW_STR_ARG(right.raw)));
}

static void fit_calls(struct patch *patch, uint32_t calls)
{
    struct gw_json_iter iter = gw_json_elements(patch->json, calls);
    uint32_t call;

    while (gw_json_next(patch->json, &iter, &call))
        fit_id(patch, gw_json_get(patch->json, call, GW_STR("id")));
}

static bool is_text_part(const struct gw_json *json, uint32_t part)
{
    return gw_json_equals(json, gw_json_get(json, part, GW_STR("type")), GW_STR("text")) &&
           gw_json_type(json, gw_json_get(json, part, GW_STR("text"))) == GW_JSON_IS_STRING;
}

/* Texts alone become one. */
static void flatten(struct patch *patch, uint32_t content)
{
    const struct gw_json *json = patch->json;
    struct gw_json_iter iter = gw_json_elements(json, content);
    bool texts = gw_json_count(json, content) > 0;
    uint32_t part;

    for (struct gw_json_iter look = iter; texts && gw_json_next(json, &look, &part);)
        texts = is_text_part(json, part);
    if (!texts || gw_json_type(json, content) != GW_JSON_IS_ARRAY)
        return;
    const struct gw_json_token *whole = &json->tokens[content];
    uint32_t end = whole->begin;
    while (gw_json_next(json, &iter, &part)) { /* what is between the texts' insides goes */
        const struct gw_json_token *text = &json->tokens[gw_json_get(json, part, GW_STR("text"))];
        gw_json_edit(patch->edits, end, text->begin + 1 - end,
                     end == whole->begin ? GW_STR("\"") : GW_STR("\\n\\n"));
        end = text->end - 1;
    }
    gw_json_edit(patch->edits, end, whole->end - end, GW_STR("\""));
}

/* An image by its URL, where the provider takes none: what was fetched stands in its place. */
static enum gw_status fit_image(struct patch *patch, uint32_t url, unsigned number)
{
    struct gw_arena *arena = patch->edits->arena;
    struct gw_part image = {
        .kind = GW_PART_IMAGE,
        .source = {.kind = GW_SOURCE_URL,
                   .data = {gw_arena_str(arena, gw_json_raw(patch->json, url))}},
        .path = {gw_arena_printf(arena, "messages[%u].content[%u]", patch->message, number)},
    };

    if (!gw_text_present(image.source.data) || !gw_text_present(image.path))
        return GW_NO_MEMORY;
    enum gw_status status = gw_chat_resolve_image(&patch->plan, &image);
    if (status != GW_OK || image.source.kind != GW_SOURCE_BASE64)
        return status;
    struct gw_str mime = image.source.mime.raw, data = image.source.data.raw;
    replace(patch, url,
            data.len < INT32_MAX ? gw_arena_printf(arena, "\"data:%.*s;base64,%.*s\"",
                                                   GW_STR_ARG(mime), GW_STR_ARG(data))
                                 : (struct gw_str){NULL, 0});
    return GW_OK;
}

static enum gw_status fit_images(struct patch *patch, uint32_t content)
{
    const struct gw_json *json = patch->json;
    struct gw_json_iter iter = gw_json_elements(json, content);
    enum gw_status status = GW_OK;
    uint32_t part;

    for (unsigned i = 0; status == GW_OK && gw_json_next(json, &iter, &part); i++) {
        uint32_t image = gw_json_get(json, part, GW_STR("image_url"));
        uint32_t url = gw_json_get(json, image, GW_STR("url"));
        url = url == GW_JSON_ABSENT ? image : url;
        if (gw_str_starts(gw_json_raw(json, url), GW_STR("http")))
            status = fit_image(patch, url, i);
    }
    return status;
}

static bool is_role(const struct patch *patch, uint32_t message, const char *role)
{
    return gw_json_equals(patch->json, gw_json_get(patch->json, message, GW_STR("role")),
                          gw_str_of(role));
}

static void cut_members(struct patch *patch, uint32_t message)
{
    const struct gw_profile *profile = patch->plan.profile;
    struct gw_json_iter iter = gw_json_iter(patch->json, message);
    struct gw_json_cut cut = {.edits = patch->edits};
    bool state = profile->strict && is_role(patch, message, "assistant");
    bool name = profile->no_names && !is_role(patch, message, "tool");
    uint32_t key, value;

    while ((state || name) && gw_json_next_member(patch->json, &iter, &key, &value)) {
        bool named = name && is_key(patch, key, "name");
        if (named)
            gw_chat_drop(&patch->plan, "name");
        gw_json_cut_element(&cut, patch->json->tokens[key].begin, patch->json->tokens[value].end,
                            named || (state && gw_own_state_is_member(patch->json, key)));
    }
    gw_json_cut_end(&cut);
}

static enum gw_status fit_message(struct patch *patch, uint32_t message)
{
    const struct gw_profile *profile = patch->plan.profile;
    const struct gw_json *json = patch->json;
    uint32_t content = gw_json_get(json, message, GW_STR("content"));
    uint32_t calls = gw_json_get(json, message, GW_STR("tool_calls"));

    if (!profile->openai && is_role(patch, message, "developer"))
        replace(patch, gw_json_get(json, message, GW_STR("role")), GW_STR("\"system\""));
    fit_calls(patch, calls);
    fit_id(patch, gw_json_get(json, message, GW_STR("tool_call_id")));
    cut_members(patch, message);
    if (profile->empty_content && is_null(patch, content) && gw_json_count(json, calls))
        replace(patch, content, GW_STR("\"\""));
    if (profile->flat)
        flatten(patch, content);
    return profile->base64_images ? fit_images(patch, content) : GW_OK;
}

static void tell_schema(struct patch *patch, uint32_t message)
{
    struct gw_arena *arena = patch->edits->arena;
    struct gw_text told = gw_text_escape(
        gw_arena_printf(arena, "Return JSON that conforms to the following schema: %.*s",
                        GW_STR_ARG(patch->schema)),
        arena);

    gw_json_edit(patch->edits, patch->json->tokens[message].begin, 0,
                 gw_text_present(told)
                     ? gw_arena_printf(arena, "{\"role\":\"system\",\"content\":\"%.*s\"},",
                                       GW_STR_ARG(told.raw))
                     : told.raw);
}

static enum gw_status fit_messages(struct patch *patch)
{
    const struct gw_json *json = patch->json;
    struct gw_json_iter iter = gw_json_elements(json, gw_json_get(json, 0, GW_STR("messages")));
    enum gw_status status = GW_OK;
    bool after_tool = false;
    uint32_t message;

    for (; status == GW_OK && gw_json_next(json, &iter, &message); patch->message++) {
        if (patch->message == 0 && patch->schema.base)
            tell_schema(patch, message);
        if (after_tool && patch->plan.profile->assistant_after_tool &&
            is_role(patch, message, "user"))
            gw_json_edit(patch->edits, json->tokens[message].begin, 0,
                         GW_STR("{\"role\":\"assistant\",\"content\":\"OK.\"},"));
        status = fit_message(patch, message);
        after_tool = is_role(patch, message, "tool");
    }
    return status;
}

enum gw_status gw_chat_patch(const struct gw_target_traits *target, struct gw_request *request,
                             struct gw_json_edits *edits, struct gw_complaint *complaint)
{
    struct patch patch = {
        .plan = {.request = request,
                 .profile = target->profile,
                 .model = target->model,
                 .complaint = complaint},
        .edits = edits,
        .json = edits->json,
    };

    request->family = GW_FAMILY_PLAIN;
    if (*target->profile->name == '\0')
        return GW_OK;
    plan_effort(&patch);
    enum gw_status status = fit_members(&patch);
    if (status == GW_OK)
        status = fit_messages(&patch);
    if (status == GW_OK)
        fit_tools(&patch);
    if (status == GW_OK)
        status = edits->status;
    return status == GW_OK && request->wanted ? GW_AGAIN : status;
}
