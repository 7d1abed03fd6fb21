#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define GW_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GW_ASAN 1
#endif
#endif

#ifdef GW_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(at, len) ASAN_POISON_MEMORY_REGION(at, len)
#define UNPOISON(at, len) ASAN_UNPOISON_MEMORY_REGION(at, len)
#else
#define POISON(at, len) ((void)(at), (void)(len))
#define UNPOISON(at, len) ((void)(at), (void)(len))
#endif

struct gw_arena_block {
    struct gw_arena_block *next;
    size_t size; /* of the room behind this header */
};

#define ALIGNMENT alignof(max_align_t)
#define HEADER_BYTES ((sizeof(struct gw_arena_block) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)
#define ROOM_BYTES (GW_ARENA_BLOCK_BYTES - HEADER_BYTES)

static char *room(struct gw_arena_block *block)
{
    return (char *)block + HEADER_BYTES;
}

void gw_arena_init(struct gw_arena *arena, struct gw_arena_cache *cache)
{
    *arena = (struct gw_arena){.cache = cache};
}

static bool add_block(struct gw_arena *arena, size_t size)
{
    struct gw_arena_cache *cache = arena->cache;
    struct gw_arena_block *block;

    if (size <= ROOM_BYTES) {
        size = ROOM_BYTES;
        if (cache && cache->free) {
            block = cache->free;
            cache->free = block->next;
            cache->kept--;
            goto use;
        }
    }
    block = malloc(HEADER_BYTES + size);
    if (!block)
        return false;
    block->size = size;
    POISON(room(block), size);
use:
    block->next = arena->blocks;
    arena->blocks = block;
    arena->next = room(block);
    arena->end = room(block) + block->size;
    return true;
}

void gw_arena_finish(struct gw_arena *arena)
{
    struct gw_arena_cache *cache = arena->cache;

    while (arena->blocks) {
        struct gw_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        if (cache && block->size == ROOM_BYTES && cache->kept < cache->keep_max) {
            POISON(room(block), block->size);
            block->next = cache->free;
            cache->free = block;
            cache->kept++;
        } else {
            UNPOISON(room(block), block->size);
            free(block);
        }
    }
    arena->next = arena->end = NULL;
}

void gw_arena_cache_finish(struct gw_arena_cache *cache)
{
    while (cache->free) {
        struct gw_arena_block *block = cache->free;
        cache->free = block->next;
        UNPOISON(room(block), block->size);
        free(block);
    }
    cache->kept = 0;
}

static void *take(struct gw_arena *arena, size_t size, size_t alignment)
{
    if (size > GW_ARENA_ALLOC_MAX)
        return NULL;
    size_t gap = arena->next ? -(uintptr_t)arena->next & (alignment - 1) : 0;
    if (!arena->next || (size_t)(arena->end - arena->next) < gap + size) {
        if (!add_block(arena, size))
            return NULL;
        gap = 0;
    }
    char *at = arena->next + gap;
    UNPOISON(at, size);
    arena->next = at + size;
    return at;
}

void *gw_arena_alloc(struct gw_arena *arena, size_t size)
{
    return take(arena, size, ALIGNMENT);
}

void *gw_arena_zalloc(struct gw_arena *arena, size_t size)
{
    void *at = take(arena, size, ALIGNMENT);
    if (at)
        memset(at, 0, size);
    return at;
}

char *gw_arena_bytes(struct gw_arena *arena, size_t size)
{
    return take(arena, size, 1);
}

struct gw_str gw_arena_str(struct gw_arena *arena, struct gw_str s)
{
    char *copy = take(arena, s.len, 1);
    if (!copy)
        return (struct gw_str){NULL, 0};
    if (s.len)
        memcpy(copy, s.base, s.len);
    return (struct gw_str){copy, s.len};
}

struct gw_str gw_arena_printf(struct gw_arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : take(arena, (size_t)len + 1, 1);
    if (!text)
        return (struct gw_str){NULL, 0};
    va_start(args, format);
    (void)vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return (struct gw_str){text, (size_t)len};
}
