/*
 * Fuzzes codec/openai_responses with requests: whatever is read can be written or is refused with a reason, what
 * is written is JSON, and is read again as a request.
 */
#include <stdlib.h>

#include "codec/codec.h"
#include "wire/json_read.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define OUT_BYTES_MAX ((size_t)64 << 20)

static const struct gw_codec *const codec = &gw_codec_openai_responses;

/* @return whether it is a request */
static bool read(struct gw_str body, struct gw_arena *arena, struct gw_ledger *ledger,
                 struct gw_request *request)
{
    struct gw_complaint complaint = {0};

    *request = (struct gw_request){.arena = arena, .ledger = ledger};
    enum gw_status status = codec->read_request(body, request, &complaint);
    CHECK(status == GW_OK || (status == GW_INVALID && complaint.code && complaint.message[0]));
    return status == GW_OK;
}

static void check_written(struct gw_str written)
{
    struct gw_arena arena;
    struct gw_ledger ledger = {0};
    struct gw_request request;
    struct gw_json json;

    gw_arena_init(&arena, NULL);
    CHECK(gw_json_read(written, &arena, 1 << 24, &json, NULL) == GW_OK);
    CHECK(read(written, &arena, &ledger, &request));
    gw_arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct gw_str models[] = {GW_STR_INIT("gpt-4.1"), GW_STR_INIT("gpt-5.1")};
    char *exact = malloc(size ? size : 1); /* so that a byte read too many is seen */
    struct gw_ledger ledger = {0};
    struct gw_complaint complaint = {0};
    struct gw_request request;
    struct gw_arena arena;
    struct gw_buf out;

    CHECK(exact);
    if (size)
        memcpy(exact, data, size);
    gw_arena_init(&arena, NULL);
    gw_buf_init(&out, OUT_BYTES_MAX);
    if (read((struct gw_str){exact, size}, &arena, &ledger, &request)) {
        struct gw_target_traits target = {.profile = gw_profile_of(GW_STR("openai")),
                                          .model = models[size % GW_COUNT(models)]};
        enum gw_status status = codec->write_request(&request, &target, &out, &complaint);
        CHECK(status == GW_OK || (status == GW_UNSUPPORTED && complaint.message[0]));
        if (status == GW_OK)
            check_written(gw_buf_str(&out));
    }
    gw_buf_finish(&out);
    gw_arena_finish(&arena);
    free(exact);
    return 0;
}
