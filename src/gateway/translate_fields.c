#include "gateway/translate_fields.h"

#include "base/clock.h"

#define MS_PER_S 1000u
#define S_PER_DAY 86400u
#define DURATION_MS_MAX ((uint64_t)366 * S_PER_DAY * MS_PER_S)

/* ---- until when ---- */

static bool read_digits(struct gw_str text, size_t at, size_t count, unsigned *out)
{
    uint64_t value;

    if (!gw_str_to_u64((struct gw_str){text.base + at, count}, &value))
        return false;
    *out = (unsigned)value;
    return true;
}

/* "2026-11-25T15:04:37Z", maybe with a fraction of the second; nobody sends another zone. */
static bool read_moment(struct gw_str text, uint64_t *seconds_out)
{
    static const char form[] = "0000-00-00T00:00:00";
    unsigned year, month, day, hour, minute, second;

    if (text.len < sizeof form || text.base[text.len - 1] != 'Z')
        return false;
    if (text.len > sizeof form && text.base[sizeof form - 1] != '.')
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] != '0' && form[i] != text.base[i])
            return false;
    if (!read_digits(text, 0, 4, &year) || !read_digits(text, 5, 2, &month) ||
        !read_digits(text, 8, 2, &day) || !read_digits(text, 11, 2, &hour) ||
        !read_digits(text, 14, 2, &minute) || !read_digits(text, 17, 2, &second))
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    *seconds_out = ((gw_clock_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}

/* As OpenAI writes how long: "6m0s". */
static enum gw_status write_duration(uint64_t seconds, struct gw_buf *out)
{
    unsigned long long hours = seconds / 3600;
    unsigned minutes = (unsigned)(seconds / 60 % 60), rest = (unsigned)(seconds % 60);

    if (hours)
        return gw_buf_printf(out, "%lluh%um%us", hours, minutes, rest);
    return minutes ? gw_buf_printf(out, "%um%us", minutes, rest) : gw_buf_printf(out, "%us", rest);
}

/* ---- how long ---- */

static const struct {
    const char *unit;
    uint64_t ms;
} units[] = {
    {"ms", 1},
    {"s", MS_PER_S},
    {"m", 60 * MS_PER_S},
    {"h", 3600 * MS_PER_S},
    {"d", (uint64_t)S_PER_DAY *MS_PER_S},
};

/* What `text` begins with; 0: no unit. */
static uint64_t take_unit(struct gw_str *text)
{
    size_t len = 0;

    while (len < text->len && text->base[len] >= 'a' && text->base[len] <= 'z')
        len++;
    struct gw_str word = {text->base, len};
    *text = gw_str_from(*text, len);
    for (size_t i = 0; i < GW_COUNT(units); i++)
        if (gw_str_eq(word, gw_str_of(units[i].unit)))
            return units[i].ms;
    return 0;
}

/* A number with an optional fraction, in thousandths. */
static bool take_number(struct gw_str *text, uint64_t *thousandths_out)
{
    uint64_t value = 0, weight = 1000;
    bool fraction = false, any = false;

    for (; text->len; *text = gw_str_from(*text, 1)) {
        char c = text->base[0];
        if (c == '.' && !fraction) {
            fraction = true;
        } else if (c >= '0' && c <= '9') {
            any = true;
            weight = fraction ? weight / 10 : weight;
            value = fraction ? value + (uint64_t)(c - '0') * weight
                             : value * 10 + (uint64_t)(c - '0') * 1000;
            if (value > DURATION_MS_MAX)
                return false;
        } else {
            break;
        }
    }
    *thousandths_out = value;
    return any;
}

/* "6m0s", "1.5s", "120ms": rounded up to seconds. */
static bool read_duration(struct gw_str text, uint64_t *seconds_out)
{
    uint64_t ms = 0, number;

    if (text.len == 0)
        return false;
    while (text.len) {
        if (!take_number(&text, &number))
            return false;
        uint64_t unit = take_unit(&text);
        if (unit == 0 || number / 1000 > DURATION_MS_MAX / unit)
            return false;
        ms += number * unit / 1000;
        if (ms > DURATION_MS_MAX)
            return false;
    }
    *seconds_out = (ms + MS_PER_S - 1) / MS_PER_S;
    return true;
}

static enum gw_status write_moment(uint64_t seconds, struct gw_buf *out)
{
    char text[GW_CLOCK_RFC3339_BYTES];

    gw_clock_rfc3339(seconds * 1000000000u, text);
    enum gw_status status = gw_buf_add(out, (struct gw_str){text, 19});
    return status == GW_OK ? gw_buf_add_c(out, 'Z') : status;
}

/* ---- names ---- */

static const struct gw_str carried[] = {
    GW_STR_INIT("retry-after"),
    GW_STR_INIT("retry-after-ms"),
    GW_STR_INIT("x-should-retry"),
};
static const struct gw_str their_ids[] = {
    GW_STR_INIT("x-request-id"),
    GW_STR_INIT("request-id"),
    GW_STR_INIT("x-amzn-requestid"),
    GW_STR_INIT("apim-request-id"),
};
static const struct {
    struct gw_str openai, anthropic;
    bool reset;
} limits[] = {
    {GW_STR_INIT("x-ratelimit-limit-requests"), GW_STR_INIT("anthropic-ratelimit-requests-limit"),
     false},
    {GW_STR_INIT("x-ratelimit-remaining-requests"),
     GW_STR_INIT("anthropic-ratelimit-requests-remaining"), false},
    {GW_STR_INIT("x-ratelimit-reset-requests"), GW_STR_INIT("anthropic-ratelimit-requests-reset"),
     true},
    {GW_STR_INIT("x-ratelimit-limit-tokens"), GW_STR_INIT("anthropic-ratelimit-tokens-limit"),
     false},
    {GW_STR_INIT("x-ratelimit-remaining-tokens"),
     GW_STR_INIT("anthropic-ratelimit-tokens-remaining"), false},
    {GW_STR_INIT("x-ratelimit-reset-tokens"), GW_STR_INIT("anthropic-ratelimit-tokens-reset"),
     true},
};

static void add_line(struct gw_buf *lines, struct gw_str name, struct gw_str value)
{
    const struct gw_str parts[] = {name, GW_STR(": "), value, GW_STR("\r\n")};

    (void)gw_buf_add_all(lines, parts, GW_COUNT(parts));
}

static bool is_one_of(const struct gw_str *names, size_t count, struct gw_str name)
{
    for (size_t i = 0; i < count; i++)
        if (gw_str_eq_nocase(name, names[i]))
            return true;
    return false;
}

static bool begins(struct gw_str name, struct gw_str prefix)
{
    return name.len > prefix.len &&
           gw_str_eq_nocase((struct gw_str){name.base, prefix.len}, prefix);
}

static void add_reset(struct gw_buf *lines, struct gw_str name, struct gw_str value,
                      bool to_anthropic, uint64_t now_s)
{
    struct gw_buf text;
    uint64_t seconds;
    enum gw_status status = GW_INVALID;

    gw_buf_init(&text, 64);
    if (to_anthropic && read_duration(value, &seconds))
        status = write_moment(now_s + seconds, &text);
    else if (!to_anthropic && read_moment(value, &seconds))
        status = write_duration(seconds > now_s ? seconds - now_s : 0, &text);
    if (status == GW_OK)
        add_line(lines, name, gw_buf_str(&text));
    gw_buf_finish(&text);
}

/* A rate limit of the other family, under the caller's name for it. */
static void add_limit(struct gw_buf *lines, struct gw_str name, struct gw_str value,
                      bool to_anthropic, uint64_t now_s)
{
    for (size_t i = 0; i < GW_COUNT(limits); i++) {
        struct gw_str theirs = to_anthropic ? limits[i].openai : limits[i].anthropic;
        struct gw_str ours = to_anthropic ? limits[i].anthropic : limits[i].openai;
        if (!gw_str_eq_nocase(name, theirs))
            continue;
        if (limits[i].reset)
            add_reset(lines, ours, value, to_anthropic, now_s);
        else
            add_line(lines, ours, value);
        return;
    }
}

void gw_translate_fields(const struct gw_http1_head *head, struct gw_str bytes,
                         bool anthropic_caller, bool anthropic_upstream, uint64_t now_s,
                         struct gw_buf *lines)
{
    bool one_family = anthropic_caller == anthropic_upstream, has_id = false;

    for (uint32_t i = 0; i < head->fields_count; i++) {
        struct gw_str name = gw_http1_name(&head->fields[i], bytes);
        struct gw_str value = gw_http1_value(&head->fields[i], bytes);
        if (is_one_of(carried, GW_COUNT(carried), name)) {
            add_line(lines, name, value);
        } else if (gw_str_eq_nocase(name, GW_STR("x-ms-retry-after-ms"))) {
            add_line(lines, GW_STR("retry-after-ms"), value);
        } else if (is_one_of(their_ids, GW_COUNT(their_ids), name)) {
            if (!has_id)
                add_line(lines, GW_STR("x-upstream-request-id"), value);
            has_id = true;
        } else if (!one_family) {
            add_limit(lines, name, value, anthropic_caller, now_s);
        } else if (begins(name, GW_STR("x-ratelimit-")) ||
                   begins(name, GW_STR("anthropic-ratelimit-"))) {
            add_line(lines, name, value);
        }
    }
}
