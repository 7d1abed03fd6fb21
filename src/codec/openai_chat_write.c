/*
 * A request for an upstream that speaks chat completions, all but its messages and tools (translation.md §4.1,
 * §4.2).
 */
#include "codec/openai_chat_private.h"

#include <openssl/evp.h>

#include "model/history.h"
#include "model/names.h"

#define NAME_BYTES_MAX 64u       /* of tools */
#define IDENTIFIER_CHARS_MAX 64u /* OpenAI's limit of safety_identifier */
#define SHA256_BYTES 32u

/* ---- members ---- */

/* Members that only OpenAI has, and those who copy it. A caller of chat knows whom it asks. */
static bool provider_lacks(const struct gw_chat_plan *plan, const char *name)
{
    static const char *const names[] = {"verbosity",        "store",
                                        "metadata",         "prediction",
                                        "prompt_cache_key", "prompt_cache_retention",
                                        "service_tier"};
    const struct gw_profile *profile = plan->profile;
    bool tier = gw_str_eq(gw_str_of(name), GW_STR("service_tier"));

    if (profile->openai || !*profile->name || plan->request->family == GW_FAMILY_PLAIN ||
        gw_chat_is_provider(profile, "openrouter") ||
        (tier && gw_chat_is_provider(profile, "groq")))
        return false;
    for (size_t i = 0; i < GW_COUNT(names); i++)
        if (gw_str_eq(gw_str_of(name), gw_str_of(names[i])))
            return true;
    return false;
}

void gw_chat_put_member(const struct gw_chat_plan *plan, struct gw_json_writer *out,
                        const char *name, struct gw_str json)
{
    const char *shown = gw_chat_member_name(plan->profile, name);

    if (!json.base)
        return;
    if (shown && !gw_chat_model_refuses(plan, name) && !provider_lacks(plan, name))
        gw_chat_put_raw(out, gw_str_of(shown), json);
    else if (!gw_chat_is_default(name, json))
        gw_chat_drop(plan, name);
}

static void put_text(const struct gw_chat_plan *plan, struct gw_json_writer *out, const char *name,
                     struct gw_text text)
{
    const char *shown = gw_chat_member_name(plan->profile, name);

    if (!gw_text_present(text))
        return;
    if (shown && !provider_lacks(plan, name))
        gw_chat_put_text(out, gw_str_of(shown), text);
    else
        gw_chat_drop(plan, name);
}

static struct gw_str flag(enum gw_flag set)
{
    if (set == GW_FLAG_UNSET)
        return (struct gw_str){NULL, 0};
    return set == GW_FLAG_TRUE ? GW_STR("true") : GW_STR("false");
}

static void write_sampling(const struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    static const char *const names[GW_SAMPLINGS] = {
        [GW_TEMPERATURE] = "temperature",
        [GW_TOP_P] = "top_p",
        [GW_TOP_K] = "top_k",
        [GW_MIN_P] = "min_p",
        [GW_FREQUENCY_PENALTY] = "frequency_penalty",
        [GW_PRESENCE_PENALTY] = "presence_penalty",
        [GW_REPETITION_PENALTY] = "repetition_penalty",
        [GW_SEED] = "seed",
        [GW_LOGIT_BIAS] = "logit_bias",
    };
    const struct gw_request *request = plan->request;

    for (unsigned i = 0; i < GW_SAMPLINGS; i++)
        gw_chat_put_member(plan, out, names[i], request->sampling[i]);
    gw_chat_put_member(plan, out, "logprobs", flag(request->logprobs));
    gw_chat_put_member(plan, out, "top_logprobs", request->top_logprobs);
}

static void write_stop(const struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    unsigned count = 0;

    if (!plan->request->stop)
        return;
    if (!gw_chat_takes_stop(plan)) {
        gw_chat_drop(plan, "stop");
        return;
    }
    for (const struct gw_name_list *stop = plan->request->stop; stop; stop = stop->next) {
        if (!stop->name.raw.len) {
            gw_chat_drop(plan, "stop");
            continue;
        }
        if (plan->profile->openai && count == GW_CHAT_OPENAI_STOPS_MAX) {
            bool messages = plan->request->family == GW_FAMILY_ANTHROPIC;
            gw_ledger_add(plan->request->ledger, GW_LEDGER_CLAMP,
                          messages ? GW_STR("stop_sequences") : GW_STR("stop"));
            break;
        }
        if (count++ == 0)
            gw_chat_put_array(out, GW_STR("stop"));
        gw_json_write_raw_string(out, stop->name.raw);
    }
    if (count)
        gw_json_write_end_array(out);
}

static void write_format(const struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    const struct gw_response_format *format = &plan->request->format;
    enum gw_format kind = format->kind;

    if (kind == GW_FORMAT_JSON_SCHEMA && gw_text_present(plan->schema_text))
        kind = GW_FORMAT_JSON_OBJECT;
    if (kind == GW_FORMAT_UNSET || (kind == GW_FORMAT_TEXT && !plan->profile->openai))
        return;
    gw_chat_put_object(out, GW_STR("response_format"));
    if (kind != GW_FORMAT_JSON_SCHEMA) {
        gw_chat_put_string(out, GW_STR("type"),
                           kind == GW_FORMAT_TEXT ? GW_STR("text") : GW_STR("json_object"));
    } else {
        gw_chat_put_string(out, GW_STR("type"), GW_STR("json_schema"));
        gw_chat_put_object(out, GW_STR("json_schema"));
        gw_chat_put_text(out, GW_STR("name"),
                         gw_text_present(format->name) ? format->name : GW_TEXT("response"));
        if (gw_text_present(format->description))
            gw_chat_put_text(out, GW_STR("description"), format->description);
        if (format->schema.base)
            gw_chat_put_raw(out, GW_STR("schema"), format->schema);
        if (format->strict.base)
            gw_chat_put_raw(out, GW_STR("strict"), format->strict);
        gw_json_write_end_object(out);
    }
    gw_json_write_end_object(out);
}

static size_t chars_of(struct gw_str text)
{
    size_t chars = 0;

    for (size_t i = 0; i < text.len; i++)
        chars += ((unsigned char)text.base[i] & 0xc0) != 0x80;
    return chars;
}

/* @return GW_OK or GW_NO_MEMORY */
static enum gw_status write_user(const struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    static const char digits[] = "0123456789abcdef";
    struct gw_text user = plan->request->user_id;
    unsigned char hash[SHA256_BYTES];
    char hex[2 * SHA256_BYTES];

    if (!user.raw.len)
        return GW_OK;
    if (!plan->profile->openai) {
        if (gw_chat_member_name(plan->profile, "user"))
            gw_chat_put_text(out, GW_STR("user"), user);
        return GW_OK;
    }
    struct gw_str decoded = gw_text_decode(user, plan->request->arena);
    if (!decoded.base)
        return GW_NO_MEMORY;
    if (chars_of(decoded) <= IDENTIFIER_CHARS_MAX) {
        gw_chat_put_text(out, GW_STR("safety_identifier"), user);
        return GW_OK;
    }
    if (EVP_Digest(decoded.base, decoded.len, hash, NULL, EVP_sha256(), NULL) != 1)
        return GW_NO_MEMORY;
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    gw_chat_put_string(out, GW_STR("safety_identifier"), (struct gw_str){hex, sizeof(hex)});
    return GW_OK;
}

static void write_tier(const struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    struct gw_text tier = plan->request->service_tier;
    bool usual = gw_text_equals(tier, GW_STR("auto")) || gw_text_equals(tier, GW_STR("default"));

    if (plan->request->family == GW_FAMILY_ANTHROPIC &&
        gw_text_equals(tier, GW_STR("standard_only")))
        tier = GW_TEXT("default");
    if (usual && provider_lacks(plan, "service_tier"))
        return;
    put_text(plan, out, "service_tier", tier);
}

static void write_stream(const struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    if (!plan->request->stream)
        return;
    gw_chat_put_raw(out, GW_STR("stream"), GW_STR("true"));
    if (!plan->profile->no_stream_options)
        gw_chat_put_raw(out, GW_STR("stream_options"), GW_STR("{\"include_usage\":true}"));
}

static void write_extra(const struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    if (plan->request->family != GW_FAMILY_PLAIN)
        return;
    for (const struct gw_extra *extra = plan->request->extra; extra; extra = extra->next) {
        gw_json_write_raw_key(out, extra->name.raw);
        gw_json_write_raw(out, extra->value);
    }
}

static enum gw_status write_members(struct gw_chat_plan *plan, struct gw_json_writer *out)
{
    const struct gw_request *request = plan->request;
    bool completion = plan->profile->completion_tokens ||
                      (plan->profile->completion_tokens_when_reasoning && plan->reasoning_model);

    if (request->max_tokens.base)
        gw_chat_put_raw(out, completion ? GW_STR("max_completion_tokens") : GW_STR("max_tokens"),
                        request->max_tokens);
    write_sampling(plan, out);
    write_stop(plan, out);
    write_format(plan, out);
    gw_chat_write_reasoning(plan, out);
    put_text(plan, out, "verbosity", request->verbosity);
    write_tier(plan, out);
    enum gw_status status = write_user(plan, out);
    if (status != GW_OK)
        return status;
    gw_chat_put_member(plan, out, "store", flag(request->store));
    gw_chat_put_member(plan, out, "metadata", request->metadata);
    gw_chat_put_member(plan, out, "prediction", request->prediction);
    put_text(plan, out, "prompt_cache_key", request->cache_key);
    put_text(plan, out, "prompt_cache_retention", request->cache_retention);
    write_stream(plan, out);
    write_extra(plan, out);
    return GW_OK;
}

/* ---- the whole ---- */

static enum gw_status refuse(struct gw_complaint *complaint, const char *param)
{
    return gw_complain(complaint, GW_UNSUPPORTED, "unsupported_parameter", param,
                       "the provider of this model does not take `%s`", param);
}

static enum gw_status check(const struct gw_chat_plan *plan)
{
    const struct gw_request *request = plan->request;

    if (request->native_only) {
        struct gw_str name = gw_text_decode(request->native_only->name, request->arena);
        struct gw_str param = gw_arena_printf(request->arena, "%.*s", name.base ? (int)name.len : 0,
                                              name.base ? name.base : "");
        return param.base ? refuse(plan->complaint, param.base) : GW_NO_MEMORY;
    }
    /* One answer is all that can be read back. */
    if (request->n.base && !gw_str_eq(request->n, GW_STR("1")))
        return refuse(plan->complaint, "n");
    if (plan->profile->no_tools && request->tools)
        return refuse(plan->complaint, "tools");
    return gw_chat_check_media(plan);
}

static enum gw_status plan_schema(struct gw_chat_plan *plan)
{
    struct gw_request *request = plan->request;
    struct gw_str schema = request->format.schema;

    if (!plan->profile->schema_as_object || request->format.kind != GW_FORMAT_JSON_SCHEMA)
        return GW_OK;
    gw_ledger_add(request->ledger, GW_LEDGER_EMULATE, GW_STR("response_format"));
    if (schema.len > INT32_MAX)
        return GW_TOO_LARGE;
    struct gw_str told =
        gw_arena_printf(request->arena, "Return JSON that conforms to the following schema: %.*s",
                        schema.base ? (int)schema.len : 2, schema.base ? schema.base : "{}");
    if (told.base)
        plan->schema_text = gw_text_escape(told, request->arena);
    return gw_text_present(plan->schema_text) ? GW_OK : GW_NO_MEMORY;
}

static enum gw_status prepare(struct gw_chat_plan *plan)
{
    const struct gw_history_rules rules = {
        .merge = plan->profile->merge_roles,
        .hoist_system = plan->profile->hoist_system,
    };
    struct gw_request *request = plan->request;
    enum gw_status status = check(plan);

    if (status == GW_OK)
        status = gw_names_apply(request, NAME_BYTES_MAX, &request->names);
    if (status == GW_OK)
        status = gw_history_normalise(request, &rules);
    if (status == GW_OK)
        status = plan_schema(plan);
    if (status == GW_OK)
        status = gw_chat_plan_tools(plan);
    if (status != GW_OK)
        return status;
    gw_chat_plan_model(plan);
    gw_chat_plan_effort(plan);
    return GW_OK;
}

static enum gw_status write(struct gw_chat_plan *plan, struct gw_buf *out)
{
    struct gw_json_writer json;

    enum gw_status status = prepare(plan);
    if (status != GW_OK)
        return status;
    gw_json_write_init(&json, out);
    gw_json_write_begin_object(&json);
    gw_chat_put_string(&json, GW_STR("model"), plan->model);
    gw_json_write_key(&json, GW_STR("messages"));
    status = gw_chat_write_messages(plan, &json);
    if (status == GW_OK)
        status = gw_chat_write_tools(plan, &json);
    if (status == GW_OK)
        status = write_members(plan, &json);
    if (status != GW_OK)
        return status;
    gw_json_write_end_object(&json);
    return gw_json_write_finish(&json);
}

enum gw_status gw_chat_write_request(struct gw_request *request,
                                     const struct gw_target_traits *target, struct gw_buf *out,
                                     struct gw_complaint *complaint)
{
    struct gw_chat_plan plan = {
        .request = request,
        .profile = target->profile,
        .model = target->model,
        .complaint = complaint,
    };

    gw_map_init(&plan.use);
    gw_map_init(&plan.customs);
    enum gw_status status = write(&plan, out);
    if (status == GW_OK && request->wanted)
        status = GW_AGAIN;
    gw_map_finish(&plan.use);
    gw_map_finish(&plan.customs);
    return status;
}
