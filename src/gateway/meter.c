#include "gateway/meter.h"

#include "gateway/attempt.h"
#include "gateway/stages.h"
#include "gateway/translate.h"
#include "wire/json_edit.h"
#include "wire/sse_drop.h"

#define TOKENS_MAX (1u << 22)
/* A caller that says it more often is not metered. */
#define SPLICES_MAX 4u

#define ASK "{\"include_usage\":true}"
static const struct gw_str options_name = GW_STR_INIT("stream_options");
static const struct gw_str usage_name = GW_STR_INIT("include_usage");

bool gw_meter_suspects(const struct gw_exchange *ex, const struct gw_provider_config *provider,
                       enum gw_model_api api)
{
    enum gw_meter_streams whose = gw_exchange_config(ex)->translation.meter_streams;
    const struct gw_codec *caller = gw_translate_caller(ex);

    if (whose == GW_METER_OFF || (whose == GW_METER_MANAGED && !ex->managed))
        return false;
    if (!caller || caller->id != GW_CODEC_CHAT || ex->form ||
        gw_translate_upstream(caller, provider, api) != caller ||
        ex->site->snapshot->profiles[provider->index]->no_stream_options)
        return false;
    /* Too large to be kept, so too large to be held for this. */
    if (!ex->forward.chunked &&
        ex->forward.body_bytes > gw_exchange_config(ex)->server.retry_body_bytes)
        return false;
    return ex->scan.stream.kind == GW_JSON_TRUE ||
           (ex->scan.stream.kind == GW_JSON_NONE && !ex->body_whole);
}

/* ---- the request ---- */

/* Is usage asked for by these options? Null is as if they were not there; what is of another kind is the provider's
 * business, and so is who asks already. @return false when they are to be left alone */
static bool may_ask(const struct gw_json *json, uint32_t options)
{
    uint32_t usage = gw_json_get(json, options, usage_name);

    switch (gw_json_type(json, options)) {
    case GW_JSON_IS_ABSENT:
    case GW_JSON_IS_NULL:
        return true;
    case GW_JSON_IS_OBJECT:
        return gw_json_type(json, usage) <= GW_JSON_IS_FALSE; /* absent, null, false */
    default:
        return false;
    }
}

/* In one set of options, or in what stands in the place of them. */
static void ask_within(struct gw_json_edits *edits, uint32_t options)
{
    if (gw_json_type(edits->json, options) != GW_JSON_IS_OBJECT)
        gw_json_edit_replace(edits, options, GW_STR(ASK));
    else if (!gw_json_edit_members(edits, options, usage_name, GW_STR("true")))
        gw_json_edit_append(edits, options, usage_name, GW_STR("true"));
}

/* The last of those that stand there twice counts, but all are changed: providers differ in which they read. */
static void ask(struct gw_json_edits *edits)
{
    struct gw_json_iter iter = gw_json_iter(edits->json, 0);
    uint32_t name, value;
    bool found = false;

    while (gw_json_next_member(edits->json, &iter, &name, &value))
        if (gw_json_equals(edits->json, name, options_name)) {
            ask_within(edits, value);
            found = true;
        }
    if (!found)
        gw_json_edit_append(edits, 0, options_name, GW_STR(ASK));
}

bool gw_meter_request(struct gw_exchange *ex)
{
    struct gw_forward *forward = &ex->forward;
    struct gw_json_edits edits;
    struct gw_json json;

    enum gw_status status =
        gw_json_read(gw_buf_str(&forward->held), &ex->arena, TOKENS_MAX, &json, NULL);
    if (status == GW_INVALID || status == GW_TOO_LARGE)
        return true; /* what it is made of is the provider's business */
    if (status == GW_OK && !may_ask(&json, gw_json_get(&json, 0, options_name)))
        return true;
    gw_json_edits_init(&edits, &json, &ex->arena);
    for (unsigned i = 0; status == GW_OK && i < forward->splices_count; i++)
        gw_json_edit(&edits, forward->splices[i].at, forward->splices[i].len,
                     forward->splices[i].with);
    if (status == GW_OK)
        ask(&edits);
    if (edits.count > forward->splices_count + SPLICES_MAX)
        return true;
    struct gw_sse_drop *meter = gw_arena_alloc(&ex->arena, sizeof *meter);
    if (status != GW_OK || edits.status != GW_OK || !meter) {
        gw_stages_overloaded(ex);
        return false;
    }
    forward->splices = edits.splices;
    forward->splices_count = edits.count;
    gw_sse_drop_init(meter);
    ex->meter = meter;
    return true;
}

/* ---- the answer ---- */

void gw_meter_answer(struct gw_exchange *ex)
{
    gw_sse_drop_finish(ex->meter);
    gw_sse_drop_init(ex->meter);
    ex->metered = true;
}

struct gw_str gw_meter_filter(struct gw_exchange *ex, struct gw_str bytes, bool last)
{
    struct gw_str stays =
        gw_sse_drop_feed(ex->meter, (char *)(uintptr_t)bytes.base, bytes.len, last, &ex->held_body);

    gw_sse_tap_feed(&ex->tap, gw_buf_str(&ex->held_body));
    return stays;
}

void gw_meter_drop(struct gw_exchange *ex)
{
    if (ex->meter)
        gw_sse_drop_finish(ex->meter);
    ex->meter = NULL;
    ex->metered = false;
}
