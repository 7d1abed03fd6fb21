#include "model/ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const action_names[GW_LEDGER_ACTIONS] = {
    [GW_LEDGER_DROP] = "drop",
    [GW_LEDGER_CLAMP] = "clamp",
    [GW_LEDGER_REWRITE] = "rewrite",
    [GW_LEDGER_EMULATE] = "emulate",
};

/* What can be counted by name; sorted. Anything else a caller may have made up. */
static const char *const known_names[GW_LEDGER_NAMES] = {
    "audio",
    "cache_control",
    "citations",
    "container",
    "conversation",
    "custom_tool",
    "detail",
    "document",
    "extra",
    "file_id",
    "frequency_penalty",
    "functions",
    "image",
    "instructions",
    "item_reference",
    "logit_bias",
    "logprobs",
    "max_tokens",
    "mcp_servers",
    "metadata",
    "min_p",
    "modalities",
    "n",
    "name",
    "parallel_tool_calls",
    "phase",
    "prediction",
    "prefill",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "reasoning_effort",
    "repetition_penalty",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "strict",
    "system",
    "temperature",
    "thinking",
    "tool_arguments",
    "tool_choice",
    "tool_history",
    "tool_schema",
    "tools",
    "top_k",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
    "verbosity",
    "web_search",
};

static int compare_name(const void *key, const void *row)
{
    return strcmp(key, *(const char *const *)row);
}

unsigned gw_ledger_name_index(const char *name)
{
    const char *const *row =
        bsearch(name, known_names, GW_LEDGER_NAMES, sizeof known_names[0], compare_name);

    return row ? (unsigned)(row - known_names) : GW_LEDGER_NAMES;
}

const char *gw_ledger_name(unsigned index)
{
    return index < GW_LEDGER_NAMES ? known_names[index] : "other";
}

const char *gw_ledger_action_name(enum gw_ledger_action action)
{
    assert(action < GW_LEDGER_ACTIONS);
    return action_names[action];
}

/* Names may come from the caller and go into a header: nothing that could end it, or the token. */
static void copy_name(char into[GW_LEDGER_NAME_BYTES], struct gw_str name)
{
    size_t len = name.len < GW_LEDGER_NAME_BYTES ? name.len : GW_LEDGER_NAME_BYTES - 1;

    for (size_t i = 0; i < len; i++) {
        char c = name.base[i];
        into[i] = c > ' ' && c <= '~' && c != ',' ? c : '_';
    }
    into[len] = '\0';
}

void gw_ledger_add(struct gw_ledger *ledger, enum gw_ledger_action action, struct gw_str name)
{
    char copy[GW_LEDGER_NAME_BYTES];
    unsigned kept = ledger->count < GW_LEDGER_ENTRIES_MAX ? ledger->count : GW_LEDGER_ENTRIES_MAX;

    copy_name(copy, name);
    for (unsigned i = 0; i < kept; i++)
        if (ledger->entries[i].action == action && strcmp(ledger->entries[i].name, copy) == 0)
            return;
    if (kept < GW_LEDGER_ENTRIES_MAX) {
        ledger->entries[kept].action = action;
        memcpy(ledger->entries[kept].name, copy, sizeof(copy));
    }
    if (ledger->count < UINT32_MAX)
        ledger->count++;
}

enum gw_status gw_ledger_write(const struct gw_ledger *ledger, struct gw_buf *into)
{
    enum gw_status status = GW_OK;

    for (unsigned i = 0; i < ledger->count && i < GW_LEDGER_ENTRIES_MAX && status == GW_OK; i++)
        status = gw_buf_printf(into, "%s%s:%s", i ? ", " : "",
                               gw_ledger_action_name(ledger->entries[i].action),
                               ledger->entries[i].name);
    return status;
}
