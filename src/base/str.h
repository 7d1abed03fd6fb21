/*
 * base/str: borrowed bytes, the currency of every parser here.
 *
 * A gw_str never owns; its bytes live in an arena, a read buffer or the configuration. It is not
 * NUL-terminated and may hold any byte.
 */
#ifndef GW_BASE_STR_H
#define GW_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct gw_str {
    const char *base;
    size_t len;
};

#define GW_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define GW_STR(literal) ((struct gw_str){"" literal, sizeof(literal) - 1})
/* The same as a constant expression, for tables. */
#define GW_STR_INIT(literal)                                                                       \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
/* For printf("%.*s"). */
#define GW_STR_ARG(s) (int)(s).len, (s).base

static inline struct gw_str gw_str_of(const char *c_string)
{
    return (struct gw_str){c_string, c_string ? strlen(c_string) : 0};
}

static inline bool gw_str_eq(struct gw_str a, struct gw_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.base, b.base, a.len) == 0);
}

static inline bool gw_str_starts(struct gw_str s, struct gw_str prefix)
{
    return s.len >= prefix.len && memcmp(s.base, prefix.base, prefix.len) == 0;
}

/* The part of `s` from `from` on; empty when `from` is past the end. */
static inline struct gw_str gw_str_from(struct gw_str s, size_t from)
{
    if (from > s.len)
        from = s.len;
    return (struct gw_str){s.base + from, s.len - from};
}

/* ASCII only: what HTTP calls case-insensitive. */
static inline char gw_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool gw_str_eq_nocase(struct gw_str a, struct gw_str b);

/* Offset of the first `c`, or s.len when there is none. */
size_t gw_str_find(struct gw_str s, char c);

/* Offset of the first `needle`, or s.len when there is none. */
size_t gw_str_find_str(struct gw_str s, struct gw_str needle);

/* Without the spaces and tabs at both ends. */
struct gw_str gw_str_trim(struct gw_str s);

/* Decimal digits only (no sign, no blank, at least one), checked for overflow.
 * @return false, and `out` untouched, when it is anything else */
bool gw_str_to_u64(struct gw_str s, uint64_t *out);

/* Writes the decimal digits, without a NUL. @return how many */
#define GW_U64_DIGITS_MAX 20
size_t gw_u64_to_text(uint64_t value, char out[GW_U64_DIGITS_MAX]);

/* Takes the next item of a comma-separated list (RFC 9110 §5.6.1) off `list`, trimmed; empty items
 * are skipped.
 * @return false at the end of the list */
bool gw_str_next_item(struct gw_str *list, struct gw_str *item_out);

/* Order of bytes, the shorter first among equals: for qsort and bsearch. */
int gw_str_compare(struct gw_str a, struct gw_str b);

#endif
