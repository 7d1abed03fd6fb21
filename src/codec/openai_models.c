/* Which words for effort OpenAI's models know (translation.md §2.11), and which of them reason (§4.1). */
#include "codec/profile.h"

#define BIT(word) (1u << GW_EFFORT_##word)
#define USUAL (BIT(LOW) | BIT(MEDIUM) | BIT(HIGH))

/* By the version of gpt-MAJOR.MINOR, the newest first. */
static const struct {
    uint64_t major, minor;
    unsigned known;
} versions[] = {
    {5, 6, USUAL | BIT(NONE) | BIT(XHIGH) | BIT(MAX)},
    {5, 2, USUAL | BIT(NONE) | BIT(XHIGH)},
    {5, 1, USUAL | BIT(NONE)},
    {5, 0, USUAL | BIT(MINIMAL)},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes a number off the front. @return false: there is none, or none that fits */
static bool take_number(struct gw_str *text, uint64_t *value_out)
{
    size_t len = 0;

    while (len < text->len && is_digit(text->base[len]))
        len++;
    if (!gw_str_to_u64((struct gw_str){text->base, len}, value_out))
        return false;
    *text = gw_str_from(*text, len);
    return true;
}

static bool starts_nocase(struct gw_str text, struct gw_str prefix)
{
    return text.len >= prefix.len &&
           gw_str_eq_nocase((struct gw_str){text.base, prefix.len}, prefix);
}

/* Without "openai/" or "ft:". */
static struct gw_str bare(struct gw_str model)
{
    for (size_t slash; (slash = gw_str_find(model, '/')) < model.len;)
        model = gw_str_from(model, slash + 1);
    return starts_nocase(model, GW_STR("ft:")) ? gw_str_from(model, 3) : model;
}

static unsigned efforts_of_gpt(struct gw_str rest)
{
    uint64_t major, minor = 0;

    if (!take_number(&rest, &major))
        return 0;
    if (starts_nocase(rest, GW_STR("-chat")))
        return 0; /* the one of ChatGPT, which does not reason */
    if (rest.len && rest.base[0] == '.') {
        rest = gw_str_from(rest, 1);
        if (!take_number(&rest, &minor))
            return 0;
    }
    for (size_t i = 0; i < GW_COUNT(versions); i++)
        if (major > versions[i].major || (major == versions[i].major && minor >= versions[i].minor))
            return versions[i].known;
    return 0;
}

unsigned gw_openai_efforts(struct gw_str model)
{
    static const struct gw_str gpt = GW_STR_INIT("gpt-");

    model = bare(model);
    if (starts_nocase(model, gpt))
        return efforts_of_gpt(gw_str_from(model, gpt.len));
    if (model.len >= 2 && gw_lower(model.base[0]) == 'o' && is_digit(model.base[1]))
        return USUAL;
    return 0;
}

bool gw_openai_is_reasoning(struct gw_str model)
{
    return gw_openai_efforts(model) != 0;
}

enum gw_effort gw_effort_nearest(enum gw_effort effort, unsigned known)
{
    if (effort == GW_EFFORT_UNSET || known & 1u << effort)
        return effort;
    known &= ~BIT(NONE); /* less thinking is not none at all */
    for (unsigned away = 1; away < GW_EFFORTS; away++) {
        if (effort > away && known & 1u << (effort - away))
            return (enum gw_effort)(effort - away);
        if (effort + away < GW_EFFORTS && known & 1u << (effort + away))
            return (enum gw_effort)(effort + away);
    }
    return GW_EFFORT_UNSET;
}
