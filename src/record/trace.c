#include "record/trace.h"

#include "base/clock.h"

#include <endian.h>

#define FLAG_SAMPLED 0x01u
#define FLAG_RANDOM 0x02u
#define LONG_MEMBER_BYTES                                                                          \
    128u /* goes first when a tracestate is too long (W3C Trace Context §3.3.1.5) */
#define KEY_BYTES_MAX 256u
#define VALUE_BYTES_MAX 256u

/* Eight digits at a time: the nibbles are spread over eight bytes, then each gets '0', or 'a' - 10
 * when it is over 9. */
void gw_trace_hex(const uint8_t *bytes, size_t len, char *out)
{
    for (size_t i = 0; i + 4 <= len; i += 4) {
        uint32_t four;
        memcpy(&four, bytes + i, sizeof four);
        uint64_t x = le32toh(four);
        x = (x | x << 16) & 0x0000ffff0000ffffu;
        x = (x | x << 8) & 0x00ff00ff00ff00ffu;
        x = (x >> 4 & 0x000f000f000f000fu) | (x & 0x000f000f000f000fu) << 8;
        uint64_t over_nine = (x + 0x0606060606060606u) >> 4 & 0x0101010101010101u;
        x = htole64(x + 0x3030303030303030u + over_nine * ('a' - '0' - 10));
        memcpy(out + 2 * i, &x, sizeof x);
    }
}

/* Lower case only: §3.2.2 knows no upper case. @return 0..15, or a negative value */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* @return false when one of the 2 * len digits is none */
static bool read_hex(const char *digits, uint8_t *out, size_t len)
{
    int seen = 0; /* stays negative once one was */

    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);
        seen |= high | low;
        out[i] = (uint8_t)((unsigned)high << 4 | ((unsigned)low & 15u));
    }
    return seen >= 0;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t seen = 0;

    for (size_t i = 0; i < len; i++)
        seen |= bytes[i];
    return seen == 0;
}

static bool read_traceparent(struct gw_str s, struct gw_trace *trace)
{
    uint8_t version, flags;

    if (s.len < GW_TRACEPARENT_BYTES || s.base[2] != '-' || s.base[35] != '-' || s.base[52] != '-')
        return false;
    if (!read_hex(s.base, &version, 1) || version == 0xff)
        return false;
    /* A later version may have more behind; what is in front keeps its meaning. */
    if (s.len > GW_TRACEPARENT_BYTES && (version == 0 || s.base[GW_TRACEPARENT_BYTES] != '-'))
        return false;
    if (!read_hex(s.base + 3, trace->trace_id, GW_TRACE_ID_BYTES) ||
        !read_hex(s.base + 36, trace->parent_span, GW_SPAN_ID_BYTES) ||
        !read_hex(s.base + 53, &flags, 1))
        return false;
    trace->flags = flags & (FLAG_SAMPLED | FLAG_RANDOM); /* we write version 00: no other flags */
    return !is_zero(trace->trace_id, GW_TRACE_ID_BYTES) &&
           !is_zero(trace->parent_span, GW_SPAN_ID_BYTES);
}

static void make_span(uint8_t span[GW_SPAN_ID_BYTES], struct gw_rng *rng)
{
    uint64_t id;

    do
        id = gw_rng_next(rng);
    while (id == 0);
    memcpy(span, &id, sizeof id);
}

void gw_trace_begin(struct gw_trace *trace, struct gw_str traceparent, bool repeated,
                    struct gw_rng *rng)
{
    if (repeated || !read_traceparent(traceparent, trace)) {
        /* Each half is not zero, so neither is the whole. */
        make_span(trace->trace_id, rng);
        make_span(trace->trace_id + GW_SPAN_ID_BYTES, rng);
        memset(trace->parent_span, 0, sizeof trace->parent_span);
        trace->flags = FLAG_SAMPLED | FLAG_RANDOM;
    }
    make_span(trace->server_span, rng);
    memset(trace->attempt_span, 0, sizeof trace->attempt_span);
}

bool gw_trace_has_parent(const struct gw_trace *trace)
{
    return !is_zero(trace->parent_span, sizeof trace->parent_span);
}

void gw_trace_attempt(struct gw_trace *trace, struct gw_rng *rng)
{
    make_span(trace->attempt_span, rng);
}

void gw_trace_format(const struct gw_trace *trace, const uint8_t span[GW_SPAN_ID_BYTES],
                     char out[GW_TRACEPARENT_BYTES])
{
    static const char digits[] = "0123456789abcdef";

    memcpy(out, "00-", 3);
    gw_trace_hex(trace->trace_id, GW_TRACE_ID_BYTES, out + 3);
    out[35] = '-';
    gw_trace_hex(span, GW_SPAN_ID_BYTES, out + 36);
    out[52] = '-';
    out[53] = digits[trace->flags >> 4];
    out[54] = digits[trace->flags & 15u];
}

/* §3.3.1.3.1, in the wider form of the second edition of the specification. */
static bool is_key_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*' ||
           c == '/' || c == '@';
}

static bool member_valid(struct gw_str member)
{
    size_t key_bytes = gw_str_find(member, '=');

    if (key_bytes == 0 || key_bytes > KEY_BYTES_MAX || key_bytes == member.len)
        return false;
    char first = member.base[0];
    if (!((first >= 'a' && first <= 'z') || (first >= '0' && first <= '9')))
        return false;
    for (size_t i = 1; i < key_bytes; i++)
        if (!is_key_byte(member.base[i]))
            return false;
    struct gw_str value = gw_str_from(member, key_bytes + 1);
    if (value.len == 0 || value.len > VALUE_BYTES_MAX)
        return false;
    for (size_t i = 0; i < value.len; i++)
        if (value.base[i] < 0x20 || value.base[i] > 0x7e || value.base[i] == '=')
            return false;
    return true;
}

struct tracestate_sum {
    size_t members;
    size_t raw_bytes;  /* of the fields as they came, joined */
    size_t kept_bytes; /* of the members alone, joined */
    bool valid;
};

static struct tracestate_sum sum_tracestate(const struct gw_str *values, size_t count)
{
    struct tracestate_sum sum = {.valid = true};

    for (size_t i = 0; i < count; i++) {
        struct gw_str rest = values[i], member;
        while (gw_str_next_item(&rest, &member)) {
            sum.valid &= member_valid(member);
            sum.kept_bytes += member.len + (sum.members > 0);
            sum.members++;
        }
        sum.raw_bytes += values[i].len + (i > 0);
    }
    return sum;
}

size_t gw_tracestate_clean(const struct gw_str *values, size_t count,
                           char out[GW_TRACESTATE_BYTES_MAX])
{
    struct tracestate_sum sum = sum_tracestate(values, count);
    bool unchanged =
        sum.raw_bytes <= GW_TRACESTATE_BYTES_MAX && sum.members <= GW_TRACESTATE_MEMBERS_MAX;
    bool drop_long = sum.kept_bytes > GW_TRACESTATE_BYTES_MAX;
    size_t len = 0, members = 0;

    if (!sum.valid || sum.members == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        struct gw_str rest = values[i], member;
        if (unchanged) {
            if (i > 0)
                out[len++] = ',';
            if (rest.len)
                memcpy(out + len, rest.base, rest.len);
            len += rest.len;
            continue;
        }
        while (gw_str_next_item(&rest, &member)) {
            if (drop_long && member.len > LONG_MEMBER_BYTES)
                continue;
            if (members == GW_TRACESTATE_MEMBERS_MAX ||
                len + (len > 0) + member.len > GW_TRACESTATE_BYTES_MAX)
                return len;
            if (len > 0)
                out[len++] = ',';
            memcpy(out + len, member.base, member.len);
            len += member.len;
            members++;
        }
    }
    return len;
}

bool gw_request_id_valid(struct gw_str id)
{
    if (id.len == 0 || id.len > GW_REQUEST_ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.base[i], lower = gw_lower(c);
        if (!((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
              c == '-'))
            return false;
    }
    return true;
}

void gw_request_id_make(struct gw_rng *rng, uint64_t wall_ns, char out[GW_UUID_BYTES])
{
    uint64_t ms = wall_ns / GW_NS_PER_MS;
    /* 48 bits of time, version 7, 12 random bits; variant 10, 62 random bits. */
    uint64_t high = htobe64(ms << 16 | 0x7000u | (gw_rng_next(rng) >> 52));
    uint64_t low = htobe64((uint64_t)2 << 62 | gw_rng_next(rng) >> 2);
    uint8_t bytes[16];
    char digits[32];

    memcpy(bytes, &high, sizeof high);
    memcpy(bytes + 8, &low, sizeof low);
    gw_trace_hex(bytes, sizeof bytes, digits);
    memcpy(out, digits, 8);
    out[8] = '-';
    memcpy(out + 9, digits + 8, 4);
    out[13] = '-';
    memcpy(out + 14, digits + 12, 4);
    out[18] = '-';
    memcpy(out + 19, digits + 16, 4);
    out[23] = '-';
    memcpy(out + 24, digits + 20, 12);
}
