/*
 * base/arena: memory that is taken bit by bit and given back whole.
 *
 * One per exchange, freed when the exchange is recorded. Blocks come from a cache that the caller
 * owns (one per worker, so nothing here locks). Under ASan what is not handed out is poisoned.
 */
#ifndef GW_BASE_ARENA_H
#define GW_BASE_ARENA_H

#include "base/str.h"

/* The size of a cached block: what an ordinary exchange needs, in one. */
#define GW_ARENA_BLOCK_BYTES 1536u
/* No single allocation may be larger. */
#define GW_ARENA_ALLOC_MAX ((size_t)1 << 30)

struct gw_arena_block;

/* Empty blocks kept for reuse. Zero-initialise it; at most `keep_max` are kept. */
struct gw_arena_cache {
    struct gw_arena_block *free;
    unsigned kept, keep_max;
};

struct gw_arena {
    char *next, *end;
    struct gw_arena_block *blocks;
    struct gw_arena_cache *cache; /* may be NULL: blocks go back to the heap */
};

void gw_arena_init(struct gw_arena *arena, struct gw_arena_cache *cache);

/* Gives everything back; the arena may be used again. */
void gw_arena_finish(struct gw_arena *arena);

/* Gives the kept blocks back to the heap. */
void gw_arena_cache_finish(struct gw_arena_cache *cache);

/* @return `size` bytes aligned for any type, not cleared; NULL when out of memory or size >
 * GW_ARENA_ALLOC_MAX */
void *gw_arena_alloc(struct gw_arena *arena, size_t size);

/* The same, cleared. */
void *gw_arena_zalloc(struct gw_arena *arena, size_t size);

/* For text: no alignment, so no gaps. */
char *gw_arena_bytes(struct gw_arena *arena, size_t size);

/* A copy that lives as long as the arena; {NULL, 0} when out of memory. */
struct gw_str gw_arena_str(struct gw_arena *arena, struct gw_str s);

/* A formatted, NUL-terminated text; the len does not count the NUL. {NULL, 0} when out of memory.
 */
struct gw_str gw_arena_printf(struct gw_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
