#include "base/str.h"

#include <stdlib.h>

bool gw_str_eq_nocase(struct gw_str a, struct gw_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (gw_lower(a.base[i]) != gw_lower(b.base[i]))
            return false;
    return true;
}

size_t gw_str_find(struct gw_str s, char c)
{
    const char *at = s.len ? memchr(s.base, c, s.len) : NULL;
    return at ? (size_t)(at - s.base) : s.len;
}

size_t gw_str_find_str(struct gw_str s, struct gw_str needle)
{
    const char *at = s.len ? memmem(s.base, s.len, needle.base, needle.len) : NULL;
    return at ? (size_t)(at - s.base) : s.len;
}

struct gw_str gw_str_trim(struct gw_str s)
{
    while (s.len && (s.base[0] == ' ' || s.base[0] == '\t')) {
        s.base++;
        s.len--;
    }
    while (s.len && (s.base[s.len - 1] == ' ' || s.base[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool gw_str_to_u64(struct gw_str s, uint64_t *out)
{
    uint64_t value = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.base[i] < '0' || s.base[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.base[i] - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

size_t gw_u64_to_text(uint64_t value, char out[GW_U64_DIGITS_MAX])
{
    char digits[GW_U64_DIGITS_MAX];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    memcpy(out, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

bool gw_str_next_item(struct gw_str *list, struct gw_str *item_out)
{
    while (list->len) {
        size_t comma = gw_str_find(*list, ',');
        struct gw_str item = gw_str_trim((struct gw_str){list->base, comma});
        *list = gw_str_from(*list, comma < list->len ? comma + 1 : comma);
        if (item.len) {
            *item_out = item;
            return true;
        }
    }
    return false;
}

int gw_str_compare(struct gw_str a, struct gw_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.base, b.base, common) : 0;

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}
