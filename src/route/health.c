#include "route/health.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The word of a cell: mode, failures in a row, and a moment in milliseconds. All zero: closed, without
 * a failure. */
#define MODE_BITS 2
#define FAILURE_BITS 14
#define FAILURES_MAX ((1u << FAILURE_BITS) - 1)

enum mode {
    CLOSED,  /* the moment: of the first failure in the row */
    OPEN,    /* the moment: from when on a probe may be sent */
    PROBING, /* the moment: when the probe was sent */
};

struct word {
    enum mode mode;
    unsigned failures;
    uint64_t at_ms;
};

struct gw_health_cell {
    struct gw_health_cell *next;
    _Atomic uint64_t word;
    size_t name_len;
    char name[];
};

struct gw_health {
    pthread_mutex_t lock;
    struct gw_map by_name;
    struct gw_health_cell *cells;
};

static uint64_t pack(struct word word)
{
    return word.at_ms << (MODE_BITS + FAILURE_BITS) | (uint64_t)word.failures << MODE_BITS |
           (uint64_t)word.mode;
}

static struct word unpack(uint64_t bits)
{
    return (struct word){
        .mode = (enum mode)(bits & ((1u << MODE_BITS) - 1)),
        .failures = (unsigned)(bits >> MODE_BITS) & FAILURES_MAX,
        .at_ms = bits >> (MODE_BITS + FAILURE_BITS),
    };
}

/* ---- the table ---- */

struct gw_health *gw_health_create(void)
{
    struct gw_health *health = calloc(1, sizeof *health);

    if (!health)
        return NULL;
    (void)pthread_mutex_init(&health->lock, NULL); /* cannot fail with default attributes */
    gw_map_init(&health->by_name);
    return health;
}

void gw_health_destroy(struct gw_health *health)
{
    if (!health)
        return;
    while (health->cells) {
        struct gw_health_cell *cell = health->cells;
        health->cells = cell->next;
        free(cell);
    }
    gw_map_finish(&health->by_name);
    (void)pthread_mutex_destroy(&health->lock);
    free(health);
}

static struct gw_health_cell *add_cell(struct gw_health *health, struct gw_str name)
{
    struct gw_health_cell *cell = calloc(1, sizeof *cell + name.len + 1);

    if (!cell)
        return NULL;
    cell->name_len = name.len;
    memcpy(cell->name, name.base, name.len);
    if (!gw_map_add(&health->by_name, (struct gw_str){cell->name, name.len}, cell)) {
        free(cell);
        return NULL;
    }
    cell->next = health->cells;
    health->cells = cell;
    return cell;
}

struct gw_health_cell *gw_health_cell(struct gw_health *health, struct gw_str name)
{
    (void)pthread_mutex_lock(&health->lock);
    struct gw_health_cell *cell = gw_map_get(&health->by_name, name);
    if (!cell)
        cell = add_cell(health, name);
    (void)pthread_mutex_unlock(&health->lock);
    return cell;
}

/* ---- a cell ---- */

/* One word says all there is, so no other memory is ordered by it. */
static uint64_t load(const struct gw_health_cell *cell)
{
    return atomic_load_explicit(&cell->word, memory_order_relaxed);
}

/* @return false: another thread was faster; `bits` is what it wrote */
static bool swap(struct gw_health_cell *cell, uint64_t *bits, struct word word)
{
    return atomic_compare_exchange_weak_explicit(&cell->word, bits, pack(word),
                                                 memory_order_relaxed, memory_order_relaxed);
}

static enum gw_health_state state_of(struct word word, const struct gw_breaker_config *breaker,
                                     uint64_t now_ms)
{
    if (!breaker->enabled)
        return GW_HEALTH_CLOSED;
    switch (word.mode) {
    case CLOSED:
        return GW_HEALTH_CLOSED;
    case OPEN:
        return now_ms >= word.at_ms ? GW_HEALTH_DUE : GW_HEALTH_OPEN;
    case PROBING: /* a probe that takes this long says nothing any more */
        return now_ms >= word.at_ms + breaker->open_ms ? GW_HEALTH_DUE : GW_HEALTH_OPEN;
    }
    return GW_HEALTH_CLOSED;
}

enum gw_health_state gw_health_ask(const struct gw_health_cell *cell,
                                   const struct gw_breaker_config *breaker, uint64_t now_ms)
{
    return state_of(unpack(load(cell)), breaker, now_ms);
}

bool gw_health_take_probe(struct gw_health_cell *cell, const struct gw_breaker_config *breaker,
                          uint64_t now_ms)
{
    uint64_t bits = load(cell);

    /* Judged by the very bits that are swapped: others may change them and back in between. */
    while (state_of(unpack(bits), breaker, now_ms) == GW_HEALTH_DUE)
        if (swap(cell, &bits, (struct word){.mode = PROBING, .at_ms = now_ms}))
            return true;
    return false;
}

void gw_health_succeeded(struct gw_health_cell *cell)
{
    /* Nearly always it is so already: then nothing is written that other workers have to fetch. */
    if (load(cell) != 0)
        atomic_store_explicit(&cell->word, 0, memory_order_relaxed);
}

static struct word after_failure(struct word word, const struct gw_breaker_config *breaker,
                                 uint64_t now_ms, bool probe)
{
    const struct word open = {.mode = OPEN, .at_ms = now_ms + breaker->open_ms};

    if (word.mode != CLOSED)
        return word.mode == PROBING && probe ? open : word;
    if (word.failures == 0 || now_ms > word.at_ms + breaker->window_ms)
        word = (struct word){.mode = CLOSED, .at_ms = now_ms};
    if (word.failures < FAILURES_MAX)
        word.failures++;
    return word.failures >= breaker->failures ? open : word;
}

void gw_health_failed(struct gw_health_cell *cell, const struct gw_breaker_config *breaker,
                      uint64_t now_ms, bool probe)
{
    uint64_t bits = load(cell);

    if (!breaker->enabled)
        return;
    while (!swap(cell, &bits, after_failure(unpack(bits), breaker, now_ms, probe)))
        continue;
}

void gw_health_probe_dropped(struct gw_health_cell *cell, uint64_t now_ms)
{
    uint64_t bits = load(cell);

    while (unpack(bits).mode == PROBING)
        if (swap(cell, &bits, (struct word){.mode = OPEN, .at_ms = now_ms}))
            return;
}
