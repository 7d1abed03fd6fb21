/*
 * wire/json_edit: a JSON text with a few places changed, and every other byte as it came.
 *
 * Edits are gathered as splices over the tokens of json_read, then applied in one go. They stand in the order
 * of their places and must not overlap.
 */
#ifndef GW_WIRE_JSON_EDIT_H
#define GW_WIRE_JSON_EDIT_H

#include "base/buf.h"
#include "wire/json_read.h"
#include "wire/splice.h"

struct gw_json_edits {
    const struct gw_json *json;
    struct gw_arena *arena; /* of the splices and of texts made for them */
    struct gw_splice *splices;
    unsigned count, room;
    enum gw_status status; /* GW_NO_MEMORY: some are missing */
};

/* Both must stay as long as the edits are used. */
void gw_json_edits_init(struct gw_json_edits *edits, const struct gw_json *json,
                        struct gw_arena *arena);

/* Puts `with`, which must stay, in place of `len` bytes. base NULL counts as out of memory. */
void gw_json_edit(struct gw_json_edits *edits, uint64_t at, uint64_t len, struct gw_str with);
/* In place of a value, or of a key with its quotes. */
void gw_json_edit_replace(struct gw_json_edits *edits, uint32_t token, struct gw_str with);
/* In place of the value of every member of that name, for readers differ in which of them they take.
 * @return whether there was any */
bool gw_json_edit_members(struct gw_json_edits *edits, uint32_t object, struct gw_str key,
                          struct gw_str with);
/* As the object's last member. */
void gw_json_edit_append(struct gw_json_edits *edits, uint32_t object, struct gw_str key,
                         struct gw_str value);

/* Leaves elements of one array, or members of one object, out: each takes one comma along. Zero-initialise it
 * but for `edits`, show it all of them in their order, then end it. */
struct gw_json_cut {
    struct gw_json_edits *edits;
    uint32_t end, from;   /* private: of the element before; where an open cut begins */
    bool kept, any, open; /* one stays; there was one; the last cut waits for the next element */
};
void gw_json_cut_element(struct gw_json_cut *cut, uint32_t begin, uint32_t end, bool goes);
void gw_json_cut_end(struct gw_json_cut *cut);

/* `text` with its splices, added to `out`. @return GW_OK, GW_NO_MEMORY or GW_TOO_LARGE */
enum gw_status gw_splices_apply(struct gw_str text, const struct gw_splice *splices, unsigned count,
                                struct gw_buf *out);

#endif
