#include "gateway/patch.h"

#include "codec/own_state.h"
#include "gateway/stages.h"
#include "gateway/translate.h"

bool gw_patch_suspects(struct gw_exchange *ex, const struct gw_provider_config *provider)
{
    const struct gw_codec *caller = gw_translate_caller(ex);
    const struct gw_profile *profile = ex->site->snapshot->profiles[provider->index];
    struct gw_str held = gw_buf_str(&ex->forward.held);

    ex->suspected = caller && !ex->form &&
                    (gw_own_state_suspected(caller->id, profile, held) ||
                     gw_own_state_suspected(caller->id, profile, ex->in_hand));
    return ex->suspected;
}

/* Splices of both lists, in their order; they do not overlap: a model is no message. */
static enum gw_status apply(struct gw_exchange *ex, const struct gw_splice *cuts, unsigned count)
{
    struct gw_forward *forward = &ex->forward;
    struct gw_str body = gw_buf_str(&forward->held);
    enum gw_status status = GW_OK;
    size_t at = 0;

    for (unsigned i = 0, j = 0; (i < count || j < forward->splices_count) && status == GW_OK;) {
        bool ours =
            i < count && (j == forward->splices_count || cuts[i].at < forward->splices[j].at);
        const struct gw_splice *splice = ours ? &cuts[i++] : &forward->splices[j++];
        status =
            gw_buf_add(&forward->made, (struct gw_str){body.base + at, (size_t)splice->at - at});
        if (status == GW_OK)
            status = gw_buf_add(&forward->made, splice->with);
        at = (size_t)(splice->at + splice->len);
    }
    return status == GW_OK ? gw_buf_add(&forward->made, gw_str_from(body, at)) : status;
}

bool gw_patch_request(struct gw_exchange *ex)
{
    struct gw_forward *forward = &ex->forward;
    struct gw_str body = gw_buf_str(&forward->held);
    const struct gw_splice *cuts = NULL;
    unsigned count = 0;

    gw_request_unmake(ex);
    enum gw_status status =
        gw_own_state_cut(gw_translate_caller(ex)->id, body, &ex->arena, &cuts, &count);
    if (status != GW_OK && status != GW_NO_MEMORY)
        return true; /* what it is made of is the provider's business */
    if (status == GW_OK && count == 0)
        return true;
    gw_buf_init(&forward->made, body.len + GW_CONFIG_MODEL_BYTES_MAX * 2);
    forward->is_made = true;
    if (status == GW_OK)
        status = apply(ex, cuts, count);
    if (status == GW_OK)
        return true;
    gw_stages_overloaded(ex);
    return false;
}
