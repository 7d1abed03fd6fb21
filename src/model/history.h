/*
 * model/history: the conversation as an upstream takes it (translation.md §2.6): blank parts, neighbours of
 * one role, results of calls in their place, calls without results and results without calls.
 *
 * Works on the lists of struct gw_request, in place; what it rewrites goes into the ledger. Roles are taken at
 * their word: calls count in an assistant's messages, results in a user's.
 */
#ifndef GW_MODEL_HISTORY_H
#define GW_MODEL_HISTORY_H

#include "model/request.h"

/* What the upstream wants. */
struct gw_history_rules {
    /* 1: whitespace-only text parts go too, not only empty ones. */
    bool drop_blank;
    /* 2: neighbouring messages of one role become one. */
    bool merge;
    /* 3: results of a turn in one message of the user behind it, which `merge` joins with what the user says;
     * else one message each, directly behind the calls (the writer makes tool messages of them). */
    bool results_in_user;
    /* 7: the first message is the user's. */
    bool user_first;
    /* 8: nothing behind an assistant's first call but calls and the reasoning between them; the order is kept
     * otherwise. */
    bool calls_last;
    /* 9: no blanks at the end of a last text of the assistant. */
    bool strip_prefill;
    /* 9: "Continue." of the user behind a last message of the assistant, unless it waits for results. */
    bool refuse_prefill;
    /* 10: system messages go to the end of request->system; else they are left where they are. */
    bool hoist_system;
    /* 10: only those go that do not stand between a user and an assistant, or at the end behind a user. */
    bool hoist_misplaced;
};

/* A result gets the name and kind of its call. Afterwards no message is without parts.
 * @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_history_normalise(struct gw_request *request,
                                    const struct gw_history_rules *rules);

#endif
