/*
 * model/turn_state: what proves an answer's reasoning, taken from its events, kept under the ids of its calls,
 * and put back into the turn when a caller brings it without (translation.md §2.7).
 *
 * Blocks are kept as the carrier has them, each with its family and its place in the turn.
 */
#ifndef GW_MODEL_TURN_STATE_H
#define GW_MODEL_TURN_STATE_H

#include "model/carry.h"
#include "model/event.h"

/* Where the turns of a caller are kept, and who answers them. */
struct gw_turn_keeper {
    struct gw_carry *carry; /* NULL: nothing is kept */
    struct gw_carry_tenant tenant;
    /* The same for the same provider and credential: state goes back to where it came from. Claude's is good
     * wherever Claude runs. */
    uint64_t origin;
    uint64_t now_ms;
};

struct gw_turn_call;

/* Of an answer on its way. */
struct gw_turn_state {
    struct gw_arena *arena; /* of the calls */
    struct gw_buf blocks;   /* those that are whole */
    struct gw_turn_call *calls;
    unsigned calls_count;
    bool proved; /* one of them is a proof */
    bool lost;   /* too large, or out of memory: nothing is kept of this turn */
    /* The open block. */
    enum gw_block_kind kind;
    enum gw_family family;
    unsigned index;
    struct gw_buf id, text, signature;
};

/* @param arena  that lives as long as the answer */
void gw_turn_state_init(struct gw_turn_state *state, struct gw_arena *arena);
void gw_turn_state_finish(struct gw_turn_state *state);

/* An event of the answer, with the call's id as the caller is shown it. What it points into need not stay. */
void gw_turn_state_take(struct gw_turn_state *state, const struct gw_event *event);

/* The answer has ended well. Nothing happens where it had no calls, or nothing to prove. */
void gw_turn_state_keep(const struct gw_turn_state *state, const struct gw_turn_keeper *keeper);

/* For each message of the assistant that has calls and no state: what was kept under one of their ids and can
 * be used by an upstream of this family. It takes the place of reasoning that nothing proves.
 * @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_turn_state_restore(struct gw_request *request,
                                     const struct gw_turn_keeper *keeper, enum gw_family upstream);

#endif
