/*
 * model/carry: what the models thought before they called tools, for callers that do not bring it back
 * (translation.md §2.7): a bounded memory of bytes by (tenant, id of the call as the caller was shown it).
 *
 * One a process, shared by all workers, for a caller's next turn may come to another one. It is divided into
 * shards with a lock each, which is only ever tried: whoever finds it held goes on without. It is a repair and
 * promises nothing: what was put may be gone at once. What it holds is content: wiped when it goes.
 */
#ifndef GW_MODEL_CARRY_H
#define GW_MODEL_CARRY_H

#include "base/arena.h"

/* Of all entries, with what it takes to keep them. */
#define GW_CARRY_BYTES_MAX ((size_t)64 << 20)
#define GW_CARRY_ENTRY_BYTES_MAX ((size_t)256 << 10)
#define GW_CARRY_ID_BYTES_MAX 256u
/* Since it was put, or last asked for. */
#define GW_CARRY_KEPT_MS 3600000u

/* Whose it is: nobody gets what another tenant has put. */
#define GW_CARRY_TENANT_BYTES 16u
struct gw_carry_tenant {
    unsigned char bytes[GW_CARRY_TENANT_BYTES];
};

struct gw_carry; /* opaque: see carry.c */

/* NULL when out of memory. */
struct gw_carry *gw_carry_create(void);
/* When no other thread uses it any more. Accepts NULL. */
void gw_carry_destroy(struct gw_carry *carry);

/* Copies `bytes`. An id that comes again with other bytes tells nobody's turns apart (some providers count
 * calls from 0 in every answer): from then on it has none, until that is forgotten as well.
 * @param now_ms  of a clock that all threads have in common
 * @return false: left out: empty, too large, the shard was busy, or out of memory */
bool gw_carry_put(struct gw_carry *carry, const struct gw_carry_tenant *tenant, struct gw_str id,
                  struct gw_str bytes, uint64_t now_ms);

/* A copy in `arena`; {NULL, 0}: there is none, or it cannot be had now. */
struct gw_str gw_carry_get(struct gw_carry *carry, const struct gw_carry_tenant *tenant,
                           struct gw_str id, uint64_t now_ms, struct gw_arena *arena);

/* What it holds, by the measure of GW_CARRY_BYTES_MAX. Waits for the locks: for tests. */
size_t gw_carry_bytes(struct gw_carry *carry);

#endif
