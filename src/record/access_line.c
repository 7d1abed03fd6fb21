#include "record/access_line.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "wire/json_string.h"

#define NS_PER_US 1000u
#define STATUS_CLIENT_GONE 499u

/* `,"name":` for each field, padded so that it is copied in one piece of fixed size. */
#define KEY_ROOM 32u
struct key {
    char text[KEY_ROOM];
    size_t len;
};
static const struct key keys[GW_ACCESS_FIELDS] = {
#define KEY(constant, name) [GW_ACCESS_##constant] = {",\"" name "\":", sizeof(name) + 3},
    GW_ACCESS_LOG_FIELDS(KEY)
#undef KEY
};

/* Limits of strings, in bytes as written. */
#define REQUEST_ID_MAX 256u
#define METHOD_MAX 64u
#define PATH_MAX_BYTES 4096u
#define NAME_MAX_BYTES 256u /* configured or built in: route, function, target, … */
#define MODEL_MAX 1024u
#define USER_AGENT_MAX 2048u
#define REMOTE_ADDR_MAX 128u
#define STRINGS_MAX                                                                                \
    (REQUEST_ID_MAX + METHOD_MAX + PATH_MAX_BYTES + 5 * NAME_MAX_BYTES + 2 * MODEL_MAX +           \
     USER_AGENT_MAX + REMOTE_ADDR_MAX)
/* Any other value: a number, a moment, a name of our own. */
#define VALUE_MAX 40u
#define ELLIPSIS "\xe2\x80\xa6"
#define ELLIPSIS_BYTES 3u
_Static_assert(STRINGS_MAX + GW_ACCESS_FIELDS * (KEY_ROOM + VALUE_MAX) + 3 <= GW_ACCESS_LINE_MAX,
               "the longest line fits");

static char *put(char *at, struct gw_str bytes)
{
    if (bytes.len)
        memcpy(at, bytes.base, bytes.len);
    return at + bytes.len;
}

static char *put_u64(char *at, uint64_t value)
{
    char digits[20];
    size_t from = sizeof digits;

    do
        digits[--from] = (char)('0' + value % 10);
    while (value /= 10);
    return put(at, (struct gw_str){digits + from, sizeof digits - from});
}

/* Milliseconds with three decimals. */
static char *put_ms(char *at, uint64_t ns)
{
    uint64_t us = ns / NS_PER_US;
    unsigned rest = (unsigned)(us % 1000);

    at = put_u64(at, us / 1000);
    *at++ = '.';
    *at++ = (char)('0' + rest / 100);
    *at++ = (char)('0' + rest / 10 % 10);
    *at++ = (char)('0' + rest % 10);
    return at;
}

#define UNIT_MAX 6u /* \u00XX */
#define UTF8_MAX 4u

static struct gw_str escape(unsigned char c, char room[UNIT_MAX])
{
    static const char hex[] = "0123456789abcdef";

    switch (c) {
    case '"':
        return GW_STR("\\\"");
    case '\\':
        return GW_STR("\\\\");
    case '\n':
        return GW_STR("\\n");
    case '\r':
        return GW_STR("\\r");
    case '\t':
        return GW_STR("\\t");
    default:
        memcpy(room, "\\u00", 4);
        room[4] = hex[c >> 4];
        room[5] = hex[c & 15];
        return (struct gw_str){room, UNIT_MAX};
    }
}

/* What one character of `rest` (not a plain one) becomes, and how many bytes of it that takes.
 * Control characters of the second block (U+0080 to U+009F) are escaped too: terminals obey them.
 */
static struct gw_str next_unit(struct gw_str rest, char room[UNIT_MAX], size_t *taken_out)
{
    unsigned char c = (unsigned char)rest.base[0];

    if (c < 0x80) {
        *taken_out = 1;
        return escape(c, room);
    }
    struct gw_utf8_step step = gw_utf8_step(rest);
    *taken_out = step.len;
    if (!step.valid)
        return GW_STR("\xef\xbf\xbd"); /* U+FFFD */
    if (c == 0xc2 && (unsigned char)rest.base[1] < 0xa0)
        return escape((unsigned char)rest.base[1], room);
    return (struct gw_str){rest.base, step.len};
}

/* Quoted and escaped; at most `max` bytes between the quotes, the last of them an ellipsis when it
 * was cut. */
static char *put_string(char *at, struct gw_str s, size_t max)
{
    char unit_room[UNIT_MAX];
    char *end,
        *cut = NULL; /* cut: where an ellipsis would go, once there is no room for more than that */
    size_t i = 0;

    /* Nothing gets shorter by escaping: what is further back cannot be written, so do not look at
     * it. */
    if (s.len > max + UTF8_MAX)
        s.len = max + UTF8_MAX;
    *at++ = '"';
    end = at + max;
    while (i < s.len) {
        size_t plain = gw_json_plain_run(s, i);
        size_t room = (size_t)(end - at) - (cut ? 0 : ELLIPSIS_BYTES);
        struct gw_str unit = {s.base + i, plain};
        size_t taken = plain;
        if (plain == 0)
            unit = next_unit(gw_str_from(s, i), unit_room, &taken);
        else if (plain > room)
            unit.len = taken = cut || room == 0 ? 1 : room;
        if (unit.len > room && !cut) {
            cut = at;
            room += ELLIPSIS_BYTES;
        }
        if (unit.len > room) {
            at = put(cut, GW_STR(ELLIPSIS));
            break;
        }
        at = put(at, unit);
        i += taken;
    }
    *at++ = '"';
    return at;
}

/* An optional string: nothing when it is empty. @return NULL: absent */
static char *put_known(char *at, struct gw_str s, size_t max)
{
    return s.len ? put_string(at, s, max) : NULL;
}

static char *put_name(char *at, struct gw_str name)
{
    if (name.len == 0)
        return NULL;
    *at++ = '"';
    at = put(at, name);
    *at++ = '"';
    return at;
}

static char *put_id(char *at, const uint8_t *bytes, size_t len)
{
    uint8_t seen = 0;

    for (size_t i = 0; i < len; i++)
        seen |= bytes[i];
    if (!seen)
        return NULL; /* no trace was begun */
    *at++ = '"';
    gw_trace_hex(bytes, len, at);
    at += 2 * len;
    *at++ = '"';
    return at;
}

/* From one moment to another; NULL when one of them did not happen. */
static char *put_span_ms(char *at, const struct gw_record *record, enum gw_moment from,
                         enum gw_moment to)
{
    uint64_t start = record->at_ns[from], end = record->at_ns[to];

    return start && end >= start ? put_ms(at, end - start) : NULL;
}

static char *put_ts(char *at, const struct gw_record *record)
{
    uint64_t start = record->at_ns[GW_AT_START], end = record->at_ns[GW_AT_END];

    *at++ = '"';
    gw_clock_rfc3339(record->started_wall_ns + (end > start ? end - start : 0), at);
    at += GW_CLOCK_RFC3339_BYTES;
    *at++ = '"';
    return at;
}

static struct gw_str level_of(const struct gw_record *record)
{
    bool broke_off = record->status > 0 && record->status < 400 &&
                     record->error_type != GW_ERROR_NONE &&
                     record->error_type != GW_ERROR_CLIENT_DISCONNECT;

    return record->status >= 500 || broke_off ? GW_STR("error") : GW_STR("info");
}

static unsigned status_of(const struct gw_record *record)
{
    return record->status ? record->status : STATUS_CLIENT_GONE;
}

static char *put_error_type(char *at, const struct gw_record *record)
{
    if (record->error_type != GW_ERROR_STATUS)
        return put_name(at, gw_error_type_name(record->error_type));
    *at++ = '"'; /* a string as all the others: a status among names */
    at = put_u64(at, status_of(record));
    *at++ = '"';
    return at;
}

static struct gw_str without_query(struct gw_str path)
{
    return (struct gw_str){path.base, gw_str_find(path, '?')};
}

/* @return the end of the value; NULL: absent */
static char *put_value(char *at, const struct gw_record *record, enum gw_access_field field)
{
    switch (field) {
    case GW_ACCESS_TS:
        return put_ts(at, record);
    case GW_ACCESS_LEVEL:
        return put_name(at, level_of(record));
    case GW_ACCESS_MSG:
        return put_name(at, GW_STR("request"));
    case GW_ACCESS_REQUEST_ID:
        return put_known(at, record->request_id, REQUEST_ID_MAX);
    case GW_ACCESS_TRACE_ID:
        return put_id(at, record->trace.trace_id, GW_TRACE_ID_BYTES);
    case GW_ACCESS_SPAN_ID:
        return put_id(at, record->trace.server_span, GW_SPAN_ID_BYTES);
    case GW_ACCESS_METHOD:
        return put_known(at, record->method, METHOD_MAX);
    case GW_ACCESS_PATH:
        return put_known(at, without_query(record->path), PATH_MAX_BYTES);
    case GW_ACCESS_ROUTE:
        return put_known(at, record->route, NAME_MAX_BYTES);
    case GW_ACCESS_FUNCTION:
        return put_known(at, record->function, NAME_MAX_BYTES);
    case GW_ACCESS_OPERATION:
        return put_name(at, gw_operation_name(record->operation));
    case GW_ACCESS_STATUS:
        return put_u64(at, status_of(record));
    case GW_ACCESS_ERROR_TYPE:
        return put_error_type(at, record);
    case GW_ACCESS_CLIENT_FORMAT:
        return put_known(at, record->client_format, NAME_MAX_BYTES);
    case GW_ACCESS_PROVIDER:
        return put_known(at, record->provider, NAME_MAX_BYTES);
    case GW_ACCESS_TARGET:
        return put_known(at, record->target, NAME_MAX_BYTES);
    case GW_ACCESS_MODEL_REQUESTED:
        return put_known(at, record->model_requested, MODEL_MAX);
    case GW_ACCESS_MODEL_USED:
        return put_known(at, record->model_used, MODEL_MAX);
    case GW_ACCESS_STREAM:
        return put(at, record->stream ? GW_STR("true") : GW_STR("false"));
    case GW_ACCESS_ATTEMPTS:
        return put_u64(at, record->attempts);
    case GW_ACCESS_USER_AGENT:
        return put_known(at, record->user_agent, USER_AGENT_MAX);
    case GW_ACCESS_REMOTE_ADDR:
        return put_known(at, record->remote_addr, REMOTE_ADDR_MAX);
    case GW_ACCESS_BYTES_IN:
        return put_u64(at, record->bytes_in);
    case GW_ACCESS_BYTES_OUT:
        return put_u64(at, record->bytes_out);
    case GW_ACCESS_DURATION_MS:
        return put_span_ms(at, record, GW_AT_START, GW_AT_END);
    case GW_ACCESS_OVERHEAD_MS:
        return put_ms(at, record->own_ns);
    case GW_ACCESS_UPSTREAM_MS:
        return put_span_ms(at, record, GW_AT_ATTEMPT, GW_AT_UPSTREAM_END);
    case GW_ACCESS_TTFT_MS:
        return record->stream ? put_span_ms(at, record, GW_AT_START, GW_AT_FIRST_CONTENT) : NULL;
    case GW_ACCESS_KEY_ID:
    case GW_ACCESS_TEAM_ID:
    case GW_ACCESS_TOKENS_IN:
    case GW_ACCESS_TOKENS_OUT:
    case GW_ACCESS_TOKENS_CACHE_READ:
    case GW_ACCESS_TOKENS_CACHE_WRITE:
    case GW_ACCESS_TOKENS_REASONING:
    case GW_ACCESS_COST_USD:
    case GW_ACCESS_FINISH_REASON:
    case GW_ACCESS_CACHE:
    case GW_ACCESS_SECURITY_ACTION:
    case GW_ACCESS_SECURITY_RULES:
    case GW_ACCESS_FIELDS:
        break; /* not in a record yet */
    }
    return NULL;
}

size_t gw_access_line_write(const struct gw_record *record, uint64_t fields,
                            char out[GW_ACCESS_LINE_MAX])
{
    char *at = out;

    for (uint64_t left = fields; left; left &= left - 1) {
        enum gw_access_field field = (enum gw_access_field)__builtin_ctzll(left);
        memcpy(at, keys[field].text, KEY_ROOM);
        char *end = put_value(at + keys[field].len, record, field);
        if (end)
            at = end;
    }
    if (at == out)
        *at++ = '{';
    out[0] = '{'; /* where the first key's comma was */
    *at++ = '}';
    *at++ = '\n';
    return (size_t)(at - out);
}
