/*
 * tests/wire/player: what a script does while it is played, and its steps.
 */
#ifndef GW_TESTS_WIRE_PLAYER_H
#define GW_TESTS_WIRE_PLAYER_H

#include "base/arena.h"
#include "wire/gate.h"
#include "wire/party.h"
#include "wire/play.h"

#define PARTIES_MAX 16
#define SECRETS_MAX 8

struct player {
    const struct script *script;
    struct stage *stage;
    struct gw_str config;
    unsigned row;
    size_t position, positions;
    struct gate *gate;
    struct party parties[PARTIES_MAX];
    struct crowd crowd;
    struct gw_str secrets[SECRETS_MAX];
    size_t secrets_count;
    size_t descriptors; /* open before it began */
    struct gw_arena arena;
    struct complaint *complaint;
};

/* One step of the script. */
bool player_step(struct player *player, const struct step *step);

/* The client or upstream of this name, NULL: nobody is called so. */
struct party *player_party(struct player *player, struct gw_str name);

/* A block of the script as bytes, with the ports of this playing. */
bool player_expand(struct player *player, struct gw_str block, enum text_form form,
                   struct text *text);

#endif
