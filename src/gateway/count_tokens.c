#include "gateway/count_tokens.h"

#include "codec/anthropic_messages.h"
#include "gateway/exchange.h"
#include "gateway/stages.h"

#include <inttypes.h>
#include <stdio.h>

void gw_count_tokens_answer(struct gw_exchange *ex)
{
    struct gw_err err = {.offset = 0};
    uint64_t tokens = 0;
    char body[64];

    enum gw_status status =
        gw_messages_count_estimate(gw_buf_str(&ex->forward.held), &ex->arena, &tokens, &err);
    if (status == GW_NO_MEMORY) {
        gw_stages_overloaded(ex);
        return;
    }
    if (status != GW_OK) {
        gw_stages_request_fault(ex, GW_FAULT_INVALID_JSON, &err);
        return;
    }
    int len = snprintf(body, sizeof body, "{\"input_tokens\":%" PRIu64 "}", tokens);
    gw_exchange_answer(ex, 200, GW_STR("application/json"),
                       GW_STR("x-gateway-warnings: emulate:count_tokens\r\n"),
                       (struct gw_str){body, (size_t)len});
}
