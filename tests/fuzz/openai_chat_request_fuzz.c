/*
 * Fuzzes codec/openai_chat's requests: what is read and written again for any provider is JSON, the same bytes
 * each time, and for OpenAI a request that is read again.
 */
#include <stdlib.h>

#include "codec/codec.h"
#include "wire/json_read.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define TOKENS_MAX (1u << 20)
#define OUT_BYTES_MAX ((size_t)64 << 20)

/* Of everything that one round needs. */
struct round {
    struct gw_arena arena;
    struct gw_ledger ledger;
    struct gw_request request;
    struct gw_complaint complaint;
    struct gw_buf out;
};

static enum gw_status read_body(struct round *round, struct gw_str body)
{
    *round = (struct round){0};
    gw_arena_init(&round->arena, NULL);
    gw_buf_init(&round->out, OUT_BYTES_MAX);
    round->request.arena = &round->arena;
    round->request.ledger = &round->ledger;
    enum gw_status status =
        gw_codec_openai_chat.read_request(body, &round->request, &round->complaint);
    CHECK(status == GW_OK || (status == GW_INVALID && round->complaint.message[0]));
    return status;
}

static enum gw_status write_body(struct round *round, const struct gw_profile *profile)
{
    struct gw_target_traits target = {
        .profile = profile,
        .model = profile->openai ? GW_STR("gpt-5.1") : GW_STR("deepseek-v4"),
    };
    enum gw_status status = gw_codec_openai_chat.write_request(&round->request, &target,
                                                               &round->out, &round->complaint);

    CHECK(status == GW_OK || (status == GW_UNSUPPORTED && round->complaint.message[0]));
    return status;
}

static void finish(struct round *round)
{
    gw_buf_finish(&round->out);
    gw_arena_finish(&round->arena);
}

/* A slice may stand deeper than it stood, and then pass what is read here. */
static bool is_json(struct gw_str text, struct gw_arena *arena)
{
    struct gw_json json;
    struct gw_err err = {0};
    enum gw_status status = gw_json_read(text, arena, TOKENS_MAX, &json, &err);

    return status == GW_OK || strstr(err.message, "deep");
}

static void check_profile(struct gw_str body, const struct gw_profile *profile)
{
    struct round first, second, third;

    CHECK(read_body(&first, body) == GW_OK && read_body(&second, body) == GW_OK);
    enum gw_status status = write_body(&first, profile);
    CHECK(write_body(&second, profile) == status);
    if (status == GW_OK) {
        struct gw_str written = gw_buf_str(&first.out);
        CHECK(gw_str_eq(written, gw_buf_str(&second.out)));
        CHECK(is_json(written, &first.arena));
        /* Without a message nothing is asked: that is left to the upstream to say. */
        if (profile->openai && gw_str_find_str(written, GW_STR("\"messages\":[]")) == written.len) {
            status = read_body(&third, written);
            CHECK(status == GW_OK || strstr(third.complaint.message, "deep"));
            finish(&third);
        }
    }
    finish(&first);
    finish(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *exact = malloc(size ? size : 1); /* so that a byte read too many is seen */
    const struct gw_profile *profiles;
    struct round round;
    size_t count;

    CHECK(exact);
    if (size)
        memcpy(exact, data, size);
    struct gw_str body = {exact, size};
    enum gw_status status = read_body(&round, body);
    finish(&round);
    profiles = gw_profiles(&count);
    for (size_t i = 0; status == GW_OK && i < count; i++)
        check_profile(body, &profiles[i]);
    free(exact);
    return 0;
}
