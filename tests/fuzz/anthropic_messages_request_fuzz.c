/*
 * Fuzzes codec/anthropic_messages: requests. What can be read can be written for each Claude model, or is refused
 * with a complaint; what is written is JSON, always the same, and can be read again.
 */
#include "anthropic_messages_fuzz.h"

#include "codec/anthropic_messages.h"

static enum gw_status write_for(struct gw_str body, const char *model, enum gw_family family,
                                struct gw_buf *out)
{
    struct gw_arena arena;
    struct gw_ledger ledger = {.count = 0};
    struct gw_complaint complaint = {GW_OK, NULL, "", ""};
    struct gw_target_traits target = {NULL, gw_claude_limits_of(gw_str_of(model), NULL, 0),
                                      gw_str_of(model)};

    gw_arena_init(&arena, NULL);
    struct gw_request request = {.arena = &arena, .ledger = &ledger};
    enum gw_status status = codec->read_request(body, &request, &complaint);
    if (status == GW_OK) {
        request.family = family;
        status = codec->write_request(&request, &target, out, &complaint);
    }
    CHECK(status == GW_OK || (complaint.status == status && complaint.message[0]));
    gw_arena_finish(&arena);
    return status;
}

static void check_model(struct gw_str body, const char *model, enum gw_family family)
{
    struct gw_buf out, again;

    gw_buf_init(&out, (size_t)1 << 24);
    gw_buf_init(&again, (size_t)1 << 24);
    if (write_for(body, model, family, &out) == GW_OK) {
        check_json(gw_buf_str(&out));
        CHECK(write_for(body, model, family, &again) == GW_OK);
        CHECK(gw_str_eq(gw_buf_str(&out), gw_buf_str(&again)));
        gw_buf_take(&again, gw_buf_len(&again));
        CHECK(write_for(gw_buf_str(&out), model, GW_FAMILY_ANTHROPIC, &again) == GW_OK);
        check_json(gw_buf_str(&again));
    }
    gw_buf_finish(&out);
    gw_buf_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char *const models[] = {"claude-opus-5", "claude-opus-4-5", "claude-3-5-haiku",
                                         "kimi"};
    struct gw_str body = {(const char *)bytes, len};
    struct gw_arena arena;
    uint64_t tokens;

    if (len > 4096)
        return 0;
    for (size_t i = 0; i < GW_COUNT(models); i++)
        check_model(body, models[i], i % 2 ? GW_FAMILY_ANTHROPIC : GW_FAMILY_OPENAI);
    gw_arena_init(&arena, NULL);
    if (gw_messages_count_estimate(body, &arena, &tokens, NULL) == GW_OK)
        CHECK(tokens <= 1600 * len);
    gw_arena_finish(&arena);
    return 0;
}
