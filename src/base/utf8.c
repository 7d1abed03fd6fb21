#include "base/utf8.h"

struct gw_utf8_step gw_utf8_step(struct gw_str text)
{
    const unsigned char *p = (const unsigned char *)text.base;
    unsigned char low = 0x80, high = 0xbf; /* what the second byte may be */
    uint8_t len;

    if (p[0] < 0x80)
        return (struct gw_utf8_step){1, true};
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return (struct gw_utf8_step){1, false};
    if (p[0] < 0xe0) {
        len = 2;
    } else if (p[0] < 0xf0) {
        len = 3;
        low = p[0] == 0xe0 ? 0xa0 : low;   /* shorter forms exist */
        high = p[0] == 0xed ? 0x9f : high; /* surrogates */
    } else {
        len = 4;
        low = p[0] == 0xf0 ? 0x90 : low;   /* shorter forms exist */
        high = p[0] == 0xf4 ? 0x8f : high; /* past U+10FFFF */
    }
    if (text.len < 2 || p[1] < low || p[1] > high)
        return (struct gw_utf8_step){1, false};
    for (uint8_t i = 2; i < len; i++)
        if (i >= text.len || (p[i] & 0xc0) != 0x80)
            return (struct gw_utf8_step){i, false};
    return (struct gw_utf8_step){len, true};
}
