/*
 * model/carrier: reasoning state of one family inside a field of another (translation.md §2.7): "gw1:" + family
 * + ":" + base64url of a JSON array of blocks.
 *
 * What comes back has been in the caller's hands: it proves nothing, and may be anything.
 */
#ifndef GW_MODEL_CARRIER_H
#define GW_MODEL_CARRIER_H

#include "model/request.h"

/* No more blocks are read out of one. */
#define GW_CARRIER_BLOCKS_MAX 256u

/* Is it one of ours? Says nothing of what is behind the first bytes. */
bool gw_carrier_is(struct gw_text data);

/* One block as a carrier: REASONING with its signature and id, REDACTED with its id, or of a TOOL_CALL the id
 * and Gemini's signature. @param index  place in the turn
 * Absent when out of memory. */
struct gw_text gw_carrier_write(const struct gw_part *part, unsigned index, struct gw_arena *arena);

/* The blocks in it, linked, with the same fields set; NULL and GW_OK: what cannot be read is opaque foreign
 * state, and is dropped.
 * @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_carrier_read(struct gw_text data, struct gw_arena *arena,
                               struct gw_part **parts_out);

/* One block without what is around it: a JSON array of it alone, added to `out`.
 * @return GW_OK, GW_TOO_LARGE or GW_NO_MEMORY */
enum gw_status gw_carrier_write_json(const struct gw_part *part, unsigned index,
                                     struct gw_buf *out);
/* Reads that; `json` must stay. NULL and GW_OK: it cannot be read.
 * @return GW_OK or GW_NO_MEMORY */
enum gw_status gw_carrier_read_json(struct gw_str json, enum gw_family family,
                                    struct gw_arena *arena, struct gw_part **part_out,
                                    unsigned *index_out);

#endif
