/* OpenAI's Responses: the codec. */
#include "codec/openai_chat_private.h"
#include "codec/openai_responses_private.h"

const struct gw_codec gw_codec_openai_responses = {
    .name = "resp",
    .id = GW_CODEC_RESPONSES,
    .family = GW_FAMILY_OPENAI,
    .call_ids = GW_ID_RESPONSES,
    .call_prefix = GW_STR_INIT("call_"),
    .read_request = gw_responses_read_request,
    .write_request = gw_responses_write_request,
    .read_answer = gw_responses_read_answer,
    .write_answer = gw_responses_write_answer,
    .reader_bytes = sizeof(struct gw_responses_reader),
    .read_event = gw_responses_read_event,
    .read_end = gw_responses_read_end,
    .writer_bytes = sizeof(struct gw_responses_stream),
    .write_event = gw_responses_write_event,
    /* Both of OpenAI's dialects have the same envelope. */
    .read_error = gw_chat_read_error,
    .write_error = gw_chat_write_error,
};
