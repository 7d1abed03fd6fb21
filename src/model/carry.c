#include "model/carry.h"

#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>

#define SHARDS 64u /* a power of two */
#define SHARD_BYTES_MAX (GW_CARRY_BYTES_MAX / SHARDS)
#define CHAINS 256u /* a power of two */
#define TRIES 4u
#define KEY_BYTES_MAX (GW_CARRY_TENANT_BYTES + GW_CARRY_ID_BYTES_MAX)

_Static_assert(GW_CARRY_ENTRY_BYTES_MAX * 2 <= SHARD_BYTES_MAX, "a shard has room for some");

struct entry {
    struct entry *next;          /* of the chain; of a list of those that go */
    struct entry *newer, *older; /* by when they were last used */
    uint64_t hash, used_ms;
    size_t key_len, len;
    bool unusable; /* the id is no name of one turn; its bytes are wiped */
    char bytes[];  /* the key, and what is kept */
};

struct shard {
    pthread_mutex_t lock;
    size_t bytes;
    struct entry *newest, *oldest;
    struct entry *chains[CHAINS];
};

struct gw_carry {
    struct shard shards[SHARDS];
};

struct key {
    uint64_t hash;
    size_t len;
    char bytes[KEY_BYTES_MAX];
};

struct gw_carry *gw_carry_create(void)
{
    struct gw_carry *carry = calloc(1, sizeof *carry);

    if (!carry)
        return NULL;
    for (unsigned i = 0; i < SHARDS; i++) /* cannot fail with default attributes */
        (void)pthread_mutex_init(&carry->shards[i].lock, NULL);
    return carry;
}

static size_t size_of(const struct entry *entry)
{
    return sizeof *entry + entry->key_len + entry->len;
}

/* Outside of the lock: it takes its time. */
static void release(struct entry *gone)
{
    while (gone) {
        struct entry *entry = gone;
        gone = entry->next;
        explicit_bzero(entry, size_of(entry));
        free(entry);
    }
}

void gw_carry_destroy(struct gw_carry *carry)
{
    if (!carry)
        return;
    for (unsigned i = 0; i < SHARDS; i++) {
        for (unsigned chain = 0; chain < CHAINS; chain++)
            release(carry->shards[i].chains[chain]);
        (void)pthread_mutex_destroy(&carry->shards[i].lock);
    }
    free(carry);
}

/* ---- a shard, whose lock is held ---- */

static void unlink_use(struct shard *shard, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &shard->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &shard->oldest) = entry->newer;
}

static void use(struct shard *shard, struct entry *entry, uint64_t now_ms)
{
    entry->used_ms = now_ms;
    entry->newer = NULL;
    entry->older = shard->newest;
    *(shard->newest ? &shard->newest->newer : &shard->oldest) = entry;
    shard->newest = entry;
}

static struct entry **chain_of(struct shard *shard, uint64_t hash)
{
    return &shard->chains[hash / SHARDS % CHAINS];
}

static struct entry *find(struct shard *shard, const struct key *key)
{
    struct entry *entry = *chain_of(shard, key->hash);

    while (entry && (entry->hash != key->hash || entry->key_len != key->len ||
                     memcmp(entry->bytes, key->bytes, key->len) != 0))
        entry = entry->next;
    return entry;
}

static void take_out(struct shard *shard, struct entry *entry, struct entry **gone)
{
    struct entry **at = chain_of(shard, entry->hash);

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    unlink_use(shard, entry);
    shard->bytes -= size_of(entry);
    entry->next = *gone;
    *gone = entry;
}

/* The clocks of two workers may differ by a turn of a loop. */
static bool is_old(const struct entry *entry, uint64_t now_ms)
{
    return now_ms > entry->used_ms && now_ms - entry->used_ms >= GW_CARRY_KEPT_MS;
}

/* The least used are the oldest, so nothing behind the first that stays is looked at. */
static void make_room(struct shard *shard, size_t more, uint64_t now_ms, struct entry **gone)
{
    while (shard->oldest &&
           (shard->bytes + more > SHARD_BYTES_MAX || is_old(shard->oldest, now_ms)))
        take_out(shard, shard->oldest, gone);
}

static void add(struct shard *shard, struct entry *entry, uint64_t now_ms)
{
    struct entry **chain = chain_of(shard, entry->hash);

    entry->next = *chain;
    *chain = entry;
    shard->bytes += size_of(entry);
    use(shard, entry, now_ms);
}

/* ---- from any thread ---- */

/* @return false: nothing is kept for such an id */
static bool make_key(const struct gw_carry_tenant *tenant, struct gw_str id, struct key *key)
{
    if (id.len == 0 || id.len > GW_CARRY_ID_BYTES_MAX)
        return false;
    memcpy(key->bytes, tenant->bytes, GW_CARRY_TENANT_BYTES);
    memcpy(key->bytes + GW_CARRY_TENANT_BYTES, id.base, id.len);
    key->len = GW_CARRY_TENANT_BYTES + id.len;
    key->hash = gw_hash((struct gw_str){key->bytes, key->len});
    return true;
}

static struct shard *try_shard(struct gw_carry *carry, const struct key *key)
{
    struct shard *shard = &carry->shards[key->hash % SHARDS];

    for (unsigned i = 0; i < TRIES; i++)
        if (pthread_mutex_trylock(&shard->lock) == 0)
            return shard;
    return NULL;
}

static struct entry *make_entry(const struct key *key, struct gw_str bytes)
{
    struct entry *entry = malloc(sizeof *entry + key->len + bytes.len);

    if (!entry)
        return NULL;
    *entry = (struct entry){.hash = key->hash, .key_len = key->len, .len = bytes.len};
    memcpy(entry->bytes, key->bytes, key->len);
    if (bytes.len)
        memcpy(entry->bytes + key->len, bytes.base, bytes.len);
    return entry;
}

static bool is_same(const struct entry *entry, struct gw_str bytes)
{
    return !entry->unusable && entry->len == bytes.len &&
           memcmp(entry->bytes + entry->key_len, bytes.base, bytes.len) == 0;
}

/* It keeps its size, so that the sums stay right. */
static void mark_unusable(struct entry *entry)
{
    entry->unusable = true;
    explicit_bzero(entry->bytes + entry->key_len, entry->len);
}

bool gw_carry_put(struct gw_carry *carry, const struct gw_carry_tenant *tenant, struct gw_str id,
                  struct gw_str bytes, uint64_t now_ms)
{
    struct entry *made, *gone = NULL;
    struct key key;

    if (bytes.len == 0 || bytes.len > GW_CARRY_ENTRY_BYTES_MAX || !make_key(tenant, id, &key))
        return false;
    made = make_entry(&key, bytes);
    if (!made)
        return false;
    struct shard *shard = try_shard(carry, &key);
    if (!shard) {
        release(made);
        return false;
    }
    make_room(shard, size_of(made), now_ms, &gone);
    struct entry *entry = find(shard, &key);
    bool kept = !entry || is_same(entry, bytes);
    if (!kept)
        mark_unusable(entry);
    if (entry) {
        unlink_use(shard, entry);
        use(shard, entry, now_ms);
        made->next = gone;
        gone = made;
    } else {
        add(shard, made, now_ms);
    }
    (void)pthread_mutex_unlock(&shard->lock);
    release(gone);
    return kept;
}

struct gw_str gw_carry_get(struct gw_carry *carry, const struct gw_carry_tenant *tenant,
                           struct gw_str id, uint64_t now_ms, struct gw_arena *arena)
{
    struct gw_str bytes = {NULL, 0};
    struct entry *gone = NULL;
    struct key key;

    struct shard *shard = make_key(tenant, id, &key) ? try_shard(carry, &key) : NULL;
    if (!shard)
        return bytes;
    make_room(shard, 0, now_ms, &gone);
    struct entry *entry = find(shard, &key);
    if (entry && !entry->unusable) {
        bytes = gw_arena_str(arena, (struct gw_str){entry->bytes + entry->key_len, entry->len});
        unlink_use(shard, entry);
        use(shard, entry, now_ms);
    }
    (void)pthread_mutex_unlock(&shard->lock);
    release(gone);
    return bytes;
}

size_t gw_carry_bytes(struct gw_carry *carry)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_lock(&carry->shards[i].lock);
        bytes += carry->shards[i].bytes;
        (void)pthread_mutex_unlock(&carry->shards[i].lock);
    }
    return bytes;
}
