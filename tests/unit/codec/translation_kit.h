/*
 * tests/unit/codec/translation_kit: a translation set up, fed and looked at; streams to feed it with.
 */
#ifndef GW_TESTS_UNIT_CODEC_TRANSLATION_KIT_H
#define GW_TESTS_UNIT_CODEC_TRANSLATION_KIT_H

#include <stdio.h>
#include <string.h>

#include "unit/test.h"

#include "codec/translation.h"

#define CHAT_REQUEST                                                                               \
    "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"                \
    "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
#define CHAT_WHOLE_REQUEST "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
#define MESSAGES_REQUEST                                                                           \
    "{\"model\":\"m\",\"max_tokens\":9,\"stream\":true,"                                           \
    "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
#define RESPONSES_REQUEST "{\"model\":\"m\",\"stream\":true,\"input\":\"Hi\"}"

#define OUT_BYTES_MAX ((size_t)64 << 20)

struct run {
    struct gw_arena arena;
    struct gw_translation *translation;
    struct gw_buf sent,
        out; /* the request as it went upstream, the answer as it came to the caller */
    struct gw_complaint complaint;
    enum gw_status status; /* of the request */
};

static inline void begin_with(struct run *run, struct gw_translation_setup *setup,
                              const char *request)
{
    *run = (struct run){.complaint = {.status = GW_OK}};
    gw_arena_init(&run->arena, setup->cache);
    gw_buf_init(&run->sent, OUT_BYTES_MAX);
    gw_buf_init(&run->out, OUT_BYTES_MAX);
    if (!setup->target.profile)
        setup->target.profile = gw_profile_of(GW_STR(""));
    if (!setup->target.model.base)
        setup->target.model = GW_STR("claude-2");
    setup->target.claude = gw_claude_limits_of(setup->target.model, NULL, 0);
    setup->now_s = 7;
    setup->seed = GW_STR("0123456789abcdef");
    setup->request_id = GW_STR("req_1");
    run->translation = gw_translation_create(&run->arena, setup);
    assert_non_null(run->translation);
    run->status =
        gw_translation_request(run->translation, gw_str_of(request), &run->sent, &run->complaint);
}

static inline void begin(struct run *run, enum gw_codec_id caller, enum gw_codec_id upstream,
                         const char *request)
{
    struct gw_translation_setup setup = {.caller = gw_codec(caller),
                                         .upstream = gw_codec(upstream)};

    begin_with(run, &setup, request);
    if (run->status != GW_OK)
        fail_msg("the request is refused: %s", run->complaint.message);
}

static inline void end(struct run *run)
{
    gw_translation_finish(run->translation);
    gw_buf_finish(&run->sent);
    gw_buf_finish(&run->out);
    gw_arena_finish(&run->arena);
}

static inline void expect(const char *label, struct gw_str got, const char *wanted)
{
    if (!gw_str_eq(got, gw_str_of(wanted)))
        fail_msg("%s:\ngot    %.*s\nwanted %s", label, GW_STR_ARG(got), wanted);
}

static inline bool holds(struct gw_str text, const char *part)
{
    return gw_str_find_str(text, gw_str_of(part)) < text.len;
}

static inline void expect_part(const char *label, struct gw_str got, const char *part)
{
    if (!holds(got, part))
        fail_msg("%s:\ngot          %.*s\nwithout      %s", label, GW_STR_ARG(got), part);
}

#define MESSAGES_START                                                                             \
    "event: message_start\r\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","     \
    "\"role\":\"assistant\",\"content\":[],\"model\":\"m\",\"usage\":{\"input_tokens\":3,"         \
    "\"output_tokens\":1}}}\r\n\r\n"
#define MESSAGES_TEXT                                                                              \
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"             \
    "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"                                     \
    "data: {\"type\":\"content_block_delta\",\"index\":0,\ndata: "                                 \
    "\"delta\":{\"type\":\"text_delta\",\"text\":\"\xc3\xa9\xf0\x9f\x98\x80\"}}\n\n: a "           \
    "comment\n\n"                                                                                  \
    "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
#define MESSAGES_CALL                                                                              \
    "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":"             \
    "\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{}}}\n\n"                            \
    "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":"                     \
    "\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":\"}}\n\n"                                  \
    "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":"                     \
    "\"input_json_delta\",\"partial_json\":\"1.0}\"}}\n\n"                                         \
    "data: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
#define MESSAGES_STOP(reason)                                                                      \
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" reason                       \
    "\"},\"usage\":{\"output_tokens\":5}}\n\nevent: message_stop\ndata: "                          \
    "{\"type\":\"message_stop\"}\n\n"
#define CHAT_CHUNK(rest) "data: {\"id\":\"c1\",\"created\":7,\"model\":\"m\"," rest "}\n\n"
#define CHAT_DELTA(delta)                                                                          \
    CHAT_CHUNK("\"choices\":[{\"index\":0,\"delta\":{" delta "},\"finish_reason\":null}]")
#define CHAT_FINISH(reason)                                                                        \
    CHAT_CHUNK("\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]")
#define CHAT_CALL                                                                                  \
    CHAT_DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\"type\":\"function\","             \
               "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]")

/* Each piece stands in memory of its own, which is gone after the call. */
static inline enum gw_status feed(struct run *run, struct gw_str bytes)
{
    char *copy = test_malloc(bytes.len + 1);

    memcpy(copy, bytes.base, bytes.len);
    enum gw_status status =
        gw_translation_feed(run->translation, (struct gw_str){copy, bytes.len}, &run->out);
    test_free(copy);
    return status;
}

static inline void play_stream(struct run *run, struct gw_str stream, size_t cut)
{
    enum gw_status status = feed(run, (struct gw_str){stream.base, cut});

    if (status == GW_OK)
        status = feed(run, gw_str_from(stream, cut));
    if (status == GW_OK)
        status = gw_translation_end(run->translation, &run->out);
    if (status != GW_EOF)
        fail_msg("cut at %zu: ends with %d", cut, status);
}

#endif
