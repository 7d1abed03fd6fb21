/* The Messages dialect: its functions are in the files beside, by direction. */
#include "codec/anthropic_messages_private.h"

const struct gw_codec gw_codec_anthropic_messages = {
    .name = "anth",
    .id = GW_CODEC_MESSAGES,
    .family = GW_FAMILY_ANTHROPIC,
    .call_ids = GW_ID_MESSAGES,
    .call_prefix = GW_STR_INIT("toolu_"),
    .read_request = gw_messages_read_request,
    .write_request = gw_messages_write_request,
    .read_answer = gw_messages_read_answer,
    .write_answer = gw_messages_write_answer,
    .reader_bytes = sizeof(struct gw_messages_stream_reader),
    .read_event = gw_messages_read_event,
    .read_end = gw_messages_read_end,
    .writer_bytes = sizeof(struct gw_messages_stream_writer),
    .write_event = gw_messages_write_event,
    .read_error = gw_messages_read_error,
    .write_error = gw_messages_write_error,
};
