/*
 * model/history_private: results of calls, shared by history.c with history_results.c.
 */
#ifndef GW_MODEL_HISTORY_PRIVATE_H
#define GW_MODEL_HISTORY_PRIVATE_H

#include "model/history.h"

/* In the arena; NULL when out of memory. */
struct gw_message *gw_history_message(struct gw_request *request, enum gw_role role,
                                      struct gw_part *parts);
struct gw_part *gw_history_text(struct gw_request *request, struct gw_text text);

/* Rules 3 and 4. Consecutive messages of the assistant are one turn. */
enum gw_status gw_history_place_results(struct gw_request *request,
                                        const struct gw_history_rules *rules);

#endif
