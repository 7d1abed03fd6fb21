#include "model/request.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

char gw_family_letter(enum gw_family family)
{
    switch (family) {
    case GW_FAMILY_ANTHROPIC:
        return 'a';
    case GW_FAMILY_OPENAI:
        return 'o';
    case GW_FAMILY_GEMINI:
        return 'g';
    case GW_FAMILY_PLAIN:
    case GW_FAMILY_NONE: /* whose it is not known to be can be proved by nobody */
        break;
    }
    return 'd';
}

enum gw_family gw_family_of(char letter)
{
    static const enum gw_family families[] = {GW_FAMILY_ANTHROPIC, GW_FAMILY_OPENAI,
                                              GW_FAMILY_GEMINI, GW_FAMILY_PLAIN};

    for (size_t i = 0; i < GW_COUNT(families); i++)
        if (gw_family_letter(families[i]) == letter)
            return families[i];
    return GW_FAMILY_NONE;
}

static const struct gw_str effort_names[GW_EFFORTS] = {
    [GW_EFFORT_UNSET] = GW_STR_INIT(""),          [GW_EFFORT_NONE] = GW_STR_INIT("none"),
    [GW_EFFORT_MINIMAL] = GW_STR_INIT("minimal"), [GW_EFFORT_LOW] = GW_STR_INIT("low"),
    [GW_EFFORT_MEDIUM] = GW_STR_INIT("medium"),   [GW_EFFORT_HIGH] = GW_STR_INIT("high"),
    [GW_EFFORT_XHIGH] = GW_STR_INIT("xhigh"),     [GW_EFFORT_MAX] = GW_STR_INIT("max"),
};

struct gw_str gw_effort_name(enum gw_effort effort)
{
    assert(effort < GW_EFFORTS);
    return effort_names[effort];
}

enum gw_effort gw_effort_of(struct gw_text text)
{
    for (unsigned i = GW_EFFORT_UNSET + 1; i < GW_EFFORTS; i++)
        if (gw_text_equals(text, effort_names[i]))
            return (enum gw_effort)i;
    return GW_EFFORT_UNSET;
}

struct gw_str gw_request_max_tokens_name(const struct gw_request *request)
{
    return request->max_tokens_name ? gw_str_of(request->max_tokens_name) : GW_STR("max_tokens");
}

enum gw_status gw_complain(struct gw_complaint *complaint, enum gw_status status, const char *code,
                           const char *param, const char *format, ...)
{
    va_list args;

    *complaint = (struct gw_complaint){.status = status, .code = code};
    (void)snprintf(complaint->param, sizeof(complaint->param), "%s", param ? param : "");
    va_start(args, format);
    (void)vsnprintf(complaint->message, sizeof(complaint->message), format, args);
    va_end(args);
    return status;
}
