/*
 * tests/wire/play: one playing of a script: its parties around a gateway of their own.
 */
#ifndef GW_TESTS_WIRE_PLAY_H
#define GW_TESTS_WIRE_PLAY_H

#include "wire/script.h"
#include "wire/text.h"

#define PLAY_UPSTREAMS_MAX 8
#define STAGE_SILENT 4

struct player; /* player.h */

/* The upstreams of a script: what listens stays for all its playings. names[] has room for
 * $gateway too. */
struct stage {
    struct text_name names[PLAY_UPSTREAMS_MAX + 1];
    int listeners[PLAY_UPSTREAMS_MAX];
    size_t count;
    bool is_hole[PLAY_UPSTREAMS_MAX];
    int silent[PLAY_UPSTREAMS_MAX][STAGE_SILENT]; /* what keeps a hole full */
};

/* Listens for each $NAME of the configuration. $nobody…: refuses; $blackhole…: never answers; until
 * stage_listen(). */
bool stage_open(struct stage *stage, struct gw_str config, struct complaint *complaint);
void stage_listen(struct stage *stage, struct gw_str name);
void stage_close(struct stage *stage);

/* Plays it once.
 * @param row       of its table
 * @param position  which of the marked positions a step cuts at, from 0
 * @param positions_out  how many there are; 1: nothing is marked
 * @param line_out  of the script: where it failed */
bool play(const struct script *script, struct stage *stage, struct gw_str config, unsigned row,
          size_t position, size_t *positions_out, unsigned *line_out, struct complaint *complaint);

/* The two ends of a playing, for one that has no file. Of the player are set: script (may have no steps),
 * stage, config, row, complaint.
 * @return false: the gateway does not start, and there is nothing to end */
bool play_begin(struct player *player);
/* Callers leave, the gateway ends, and what must hold then is judged. @param ok  all went well so far */
bool play_end(struct player *player, bool ok);

#endif
