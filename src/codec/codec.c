#include "codec/codec.h"

static const struct gw_codec *const codecs[GW_CODECS] = {
    [GW_CODEC_CHAT] = &gw_codec_openai_chat,
    [GW_CODEC_RESPONSES] = &gw_codec_openai_responses,
    [GW_CODEC_MESSAGES] = &gw_codec_anthropic_messages,
};

const struct gw_codec *gw_codec(enum gw_codec_id id)
{
    return codecs[id];
}

const struct gw_codec *gw_codec_by_name(struct gw_str name)
{
    for (size_t i = 0; i < GW_CODECS; i++)
        if (gw_str_eq(name, gw_str_of(codecs[i]->name)))
            return codecs[i];
    return NULL;
}
