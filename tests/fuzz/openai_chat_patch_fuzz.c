/*
 * Fuzzes codec/openai_chat_patch and codec/own_state: whatever is changed in a body for a provider that speaks its
 * dialect, it stays JSON, is the same each time, needs nothing more when it is looked at again, and was suspected.
 */
#include <stdlib.h>

#include "codec/openai_chat_patch.h"
#include "codec/own_state.h"
#include "wire/json_scan.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define TOKENS_MAX (1u << 20)
#define OUT_BYTES_MAX ((size_t)64 << 20)

/* @param dialect  GW_CODECS: chat, for this provider */
static enum gw_status edit(struct gw_str body, const struct gw_profile *profile,
                           enum gw_codec_id dialect, struct gw_buf *out, unsigned *count)
{
    struct gw_target_traits target = {.profile = profile, .model = GW_STR("o3")};
    struct gw_ledger ledger = {.count = 0};
    struct gw_complaint complaint;
    struct gw_json_edits edits;
    struct gw_arena arena;
    struct gw_json json;

    gw_arena_init(&arena, NULL);
    enum gw_status status = gw_json_read(body, &arena, TOKENS_MAX, &json, NULL);
    if (status == GW_OK) {
        struct gw_request request = {.arena = &arena, .ledger = &ledger};
        gw_json_edits_init(&edits, &json, &arena);
        status = profile ? gw_chat_patch(&target, &request, &edits, &complaint)
                         : gw_own_state_cut(dialect, &edits);
    }
    if (status == GW_OK) {
        CHECK(gw_splices_apply(body, edits.splices, edits.count, out) == GW_OK);
        CHECK(edits.count || gw_str_eq(gw_buf_str(out), body));
        *count = edits.count;
    }
    gw_arena_finish(&arena);
    return status;
}

static void check(struct gw_str body, const struct gw_profile *profile, enum gw_codec_id dialect,
                  uint64_t keys)
{
    struct gw_buf once, again, twice;
    unsigned count = 0, more = 0;

    gw_buf_init(&once, OUT_BYTES_MAX);
    gw_buf_init(&again, OUT_BYTES_MAX);
    gw_buf_init(&twice, OUT_BYTES_MAX);
    enum gw_status status = edit(body, profile, dialect, &once, &count);
    if (status == GW_OK || status == GW_UNSUPPORTED) {
        struct gw_chat_watch watch =
            profile ? gw_chat_watch_of(profile, true) : (struct gw_chat_watch){.any = false};
        /* Escapes hide words from a glance, and an id may stand in other places than are looked at. */
        bool plain = gw_str_find(body, '\\') == body.len;
        if ((count || status != GW_OK) && plain && profile && !watch.ids)
            CHECK(gw_chat_patch_suspected(&watch, GW_STR("o3"), keys, body));
        if (count && plain && !profile)
            CHECK(gw_own_state_suspected(dialect, body));
    }
    if (status == GW_OK) {
        CHECK(edit(body, profile, dialect, &again, &more) == GW_OK);
        CHECK(gw_str_eq(gw_buf_str(&once), gw_buf_str(&again)));
        CHECK(edit(gw_buf_str(&once), profile, dialect, &twice, &more) != GW_INVALID);
    }
    gw_buf_finish(&once);
    gw_buf_finish(&again);
    gw_buf_finish(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_str body = {(const char *)data, size};
    struct gw_json_scan scan;
    size_t count;
    const struct gw_profile *rows = gw_profiles(&count);

    gw_json_scan_init(&scan);
    if (size == 0 || gw_json_scan_feed(&scan, body, NULL) != GW_OK)
        return 0;
    for (size_t i = 0; i < count; i++)
        check(body, &rows[i], GW_CODECS, scan.keys);
    check(body, NULL, GW_CODEC_MESSAGES, scan.keys);
    check(body, NULL, GW_CODEC_RESPONSES, scan.keys);
    return 0;
}
