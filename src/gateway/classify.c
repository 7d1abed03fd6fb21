#include "gateway/classify.h"

/* Bodies are looked at this far: providers put the code in front. */
#define LOOKED_AT_BYTES 4096u

/* The first row whose status and text fit. */
static const struct {
    unsigned status;
    const char *text; /* in the body; NULL: whatever it holds */
    const char *code;
} rows[] = {
    {401, NULL, "auth"},
    {403, "org_verification_required", "org_verification_required"},
    {403, "must be verified", "org_verification_required"},
    {403, NULL, "forbidden"},
    {402, NULL, "quota"},
    {429, "insufficient_quota", "quota"},
    {429, "billing", "quota"},
    {429, NULL, "rate_limit"},
    {529, NULL, "overloaded"},
    {503, "overloaded", "overloaded"},
    {404, "must be verified", "org_verification_required"},
    {404, NULL, "model_not_found"},
    {400, "content_policy", "content_policy"},
    {400, "content_filter", "content_policy"},
    {400, "insufficient_quota", "quota"},
    {400, "credit balance", "quota"},
    {400, "must be verified", "org_verification_required"},
};

struct gw_str gw_classify_upstream(unsigned status, struct gw_str body)
{
    if (body.len > LOOKED_AT_BYTES)
        body.len = LOOKED_AT_BYTES;
    for (size_t i = 0; i < GW_COUNT(rows); i++)
        if (rows[i].status == status &&
            (!rows[i].text || gw_str_find_str(body, gw_str_of(rows[i].text)) < body.len))
            return gw_str_of(rows[i].code);
    return status >= 500 ? GW_STR("upstream") : GW_STR("bad_request");
}
