/* What each Claude model takes (translation.md §2.10), and how it is told how much to think (§2.11). */
#include "codec/profile.h"

#include <assert.h>

/* As the documentation had it in November 2026. Ids carry a region, "anthropic.", a date; the first row that
 * fits counts, so longer versions stand before shorter ones, and all that are newer at the end. */
static const struct gw_claude_limits rows[] = {
    {.contains = GW_STR_INIT("opus-5"),
     .max_output = 128000,
     .thinking = GW_CLAUDE_ADAPTIVE_ON,
     .xhigh = true,
     .json_schema = true,
     .system_inside = true},
    {.contains = GW_STR_INIT("sonnet-5"),
     .max_output = 128000,
     .thinking = GW_CLAUDE_ADAPTIVE_ON,
     .xhigh = true,
     .json_schema = true,
     .system_inside = true},
    {.contains = GW_STR_INIT("haiku-5"),
     .max_output = 128000,
     .thinking = GW_CLAUDE_ADAPTIVE,
     .xhigh = true,
     .json_schema = true,
     .system_inside = true},
    {.contains = GW_STR_INIT("opus-4-8"),
     .max_output = 128000,
     .thinking = GW_CLAUDE_ADAPTIVE,
     .xhigh = true,
     .json_schema = true,
     .system_inside = true},
    {.contains = GW_STR_INIT("opus-4-7"),
     .max_output = 128000,
     .thinking = GW_CLAUDE_ADAPTIVE_ONLY,
     .xhigh = true,
     .json_schema = true},
    {.contains = GW_STR_INIT("fable-5"),
     .max_output = 128000,
     .thinking = GW_CLAUDE_ADAPTIVE_ONLY,
     .xhigh = true,
     .json_schema = true,
     .system_inside = true},
    {.contains = GW_STR_INIT("mythos"),
     .max_output = 128000,
     .thinking = GW_CLAUDE_ADAPTIVE_ONLY,
     .xhigh = true,
     .json_schema = true},
    {.contains = GW_STR_INIT("opus-4-6"),
     .max_output = 128000,
     .thinking = GW_CLAUDE_ADAPTIVE,
     .sampling = true,
     .top_p_or_temperature = true,
     .json_schema = true},
    {.contains = GW_STR_INIT("sonnet-4-6"),
     .max_output = 128000,
     .thinking = GW_CLAUDE_ADAPTIVE,
     .sampling = true,
     .top_p_or_temperature = true,
     .json_schema = true},
    {.contains = GW_STR_INIT("opus-4-5"),
     .max_output = 64000,
     .thinking = GW_CLAUDE_BUDGET,
     .sampling = true,
     .top_p_or_temperature = true,
     .json_schema = true,
     .prefill = true},
    {.contains = GW_STR_INIT("sonnet-4-5"),
     .max_output = 64000,
     .thinking = GW_CLAUDE_BUDGET,
     .sampling = true,
     .top_p_or_temperature = true,
     .json_schema = true,
     .prefill = true},
    {.contains = GW_STR_INIT("haiku-4-5"),
     .max_output = 64000,
     .thinking = GW_CLAUDE_BUDGET,
     .sampling = true,
     .top_p_or_temperature = true,
     .json_schema = true,
     .prefill = true},
    {.contains = GW_STR_INIT("opus-4-1"),
     .max_output = 32000,
     .thinking = GW_CLAUDE_BUDGET,
     .sampling = true,
     .top_p_or_temperature = true,
     .json_schema = true,
     .prefill = true},
    {.contains = GW_STR_INIT("opus-4"),
     .max_output = 32000,
     .thinking = GW_CLAUDE_BUDGET,
     .sampling = true,
     .top_p_or_temperature = true,
     .prefill = true},
    {.contains = GW_STR_INIT("sonnet-4"),
     .max_output = 64000,
     .thinking = GW_CLAUDE_BUDGET,
     .sampling = true,
     .top_p_or_temperature = true,
     .prefill = true},
    {.contains = GW_STR_INIT("3-7-sonnet"),
     .max_output = 64000,
     .thinking = GW_CLAUDE_BUDGET,
     .sampling = true,
     .prefill = true},
    {.contains = GW_STR_INIT("claude-3-5-"),
     .max_output = 8192,
     .thinking = GW_CLAUDE_NO_THINKING,
     .sampling = true,
     .prefill = true},
    {.contains = GW_STR_INIT("claude-3"),
     .max_output = 4096,
     .thinking = GW_CLAUDE_NO_THINKING,
     .sampling = true,
     .prefill = true},
    {.contains = GW_STR_INIT("claude-2"),
     .max_output = 4096,
     .thinking = GW_CLAUDE_NO_THINKING,
     .sampling = true,
     .prefill = true},
    {.contains = GW_STR_INIT("claude-v2"),
     .max_output = 4096,
     .thinking = GW_CLAUDE_NO_THINKING,
     .sampling = true,
     .prefill = true},
    {.contains = GW_STR_INIT("claude-instant"),
     .max_output = 4096,
     .thinking = GW_CLAUDE_NO_THINKING,
     .sampling = true,
     .prefill = true},
    {.contains = GW_STR_INIT("claude-"),
     .max_output = 128000,
     .thinking = GW_CLAUDE_ADAPTIVE,
     .xhigh = true,
     .json_schema = true},
    /* Not Claude, but behind an endpoint of that dialect. */
    {.contains = GW_STR_INIT(""),
     .max_output = 4096,
     .thinking = GW_CLAUDE_AS_ASKED,
     .xhigh = true,
     .sampling = true,
     .prefill = true},
};

/* Some vendors write versions with dots: claude-opus-4.6 */
static char fold(char c)
{
    return c == '.' ? '-' : gw_lower(c);
}

static bool contains(struct gw_str model, struct gw_str part)
{
    for (size_t at = 0; at + part.len <= model.len; at++) {
        size_t same = 0;
        while (same < part.len && fold(model.base[at + same]) == fold(part.base[same]))
            same++;
        if (same == part.len)
            return true;
    }
    return false;
}

const struct gw_claude_limits *
gw_claude_limits_of(struct gw_str model, const struct gw_claude_limits *own, size_t own_count)
{
    size_t i = 0;

    for (size_t j = 0; j < own_count; j++)
        if (contains(model, own[j].contains))
            return &own[j];
    while (!contains(model, rows[i].contains)) /* the last one fits all */
        i++;
    return &rows[i];
}

const struct gw_claude_limits *gw_claude_table(size_t *count_out)
{
    *count_out = GW_COUNT(rows);
    return rows;
}

/* ---- how much to think ---- */

static const struct {
    uint32_t budget;       /* where it is a number of tokens */
    enum gw_effort effort; /* where it is a word; xhigh is not known to all */
} efforts[GW_EFFORTS] = {
    [GW_EFFORT_UNSET] = {8192, GW_EFFORT_UNSET},   [GW_EFFORT_NONE] = {0, GW_EFFORT_UNSET},
    [GW_EFFORT_MINIMAL] = {1024, GW_EFFORT_LOW},   [GW_EFFORT_LOW] = {2048, GW_EFFORT_LOW},
    [GW_EFFORT_MEDIUM] = {8192, GW_EFFORT_MEDIUM}, [GW_EFFORT_HIGH] = {16384, GW_EFFORT_HIGH},
    [GW_EFFORT_XHIGH] = {24576, GW_EFFORT_XHIGH},  [GW_EFFORT_MAX] = {32000, GW_EFFORT_MAX},
};

uint32_t gw_claude_budget(enum gw_effort effort)
{
    assert(effort < GW_EFFORTS);
    return efforts[effort].budget;
}

enum gw_effort gw_claude_effort(enum gw_effort effort, bool xhigh)
{
    assert(effort < GW_EFFORTS);
    effort = efforts[effort].effort;
    return effort == GW_EFFORT_XHIGH && !xhigh ? GW_EFFORT_MAX : effort;
}

enum gw_effort gw_effort_of_budget(int64_t budget)
{
    if (budget < 2048)
        return GW_EFFORT_LOW;
    return budget < 12288 ? GW_EFFORT_MEDIUM : GW_EFFORT_HIGH;
}
