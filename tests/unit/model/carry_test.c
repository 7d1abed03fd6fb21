#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/test.h"

#include "model/carry.h"

#define THREADS 4u
#define ROUNDS 400u
#define SHARED_IDS 8u
#define FILLER_BYTES 65536u /* all of them together are more than there is room for */

static const struct gw_carry_tenant alice = {{1}}, bob = {{2}}, nobody = {{0}};

static bool put(struct gw_carry *carry, const struct gw_carry_tenant *tenant, const char *id,
                const char *bytes, uint64_t now_ms)
{
    return gw_carry_put(carry, tenant, gw_str_of(id), gw_str_of(bytes), now_ms);
}

/* @param want  NULL: nothing */
static void expect(const char *label, struct gw_carry *carry, const struct gw_carry_tenant *tenant,
                   const char *id, uint64_t now_ms, const char *want)
{
    struct gw_arena arena;

    gw_arena_init(&arena, NULL);
    struct gw_str got = gw_carry_get(carry, tenant, gw_str_of(id), now_ms, &arena);
    if (want ? !got.base || !gw_str_eq(got, gw_str_of(want)) : got.base != NULL)
        fail_msg("%s: got \"%.*s\", wanted %s", label, GW_STR_ARG(got), want ? want : "nothing");
    gw_arena_finish(&arena);
}

static void test_bytes_come_back_to_their_tenant_only(void **state)
{
    struct gw_carry *carry = gw_carry_create();

    (void)state;
    assert_true(put(carry, &alice, "call_1", "thought of a", 5));
    assert_true(put(carry, &bob, "call_2", "thought of b", 5));
    assert_true(put(carry, &nobody, "call_3", "thought of none", 5));
    expect("own", carry, &alice, "call_1", 6, "thought of a");
    expect("again", carry, &alice, "call_1", 7, "thought of a");
    expect("of another tenant", carry, &bob, "call_1", 6, NULL);
    expect("of a tenant that shows nothing", carry, &nobody, "call_1", 6, NULL);
    expect("its own", carry, &nobody, "call_3", 6, "thought of none");
    expect("one that nobody has put", carry, &alice, "call_2", 6, NULL);
    expect("a beginning", carry, &alice, "call_", 6, NULL);
    expect("of no id", carry, &alice, "", 6, NULL);
    gw_carry_destroy(carry);
    gw_carry_destroy(NULL);
}

static void test_an_id_that_comes_twice_names_nothing(void **state)
{
    struct gw_carry *carry = gw_carry_create();

    (void)state;
    assert_true(put(carry, &alice, "call_0", "first", 0));
    assert_true(put(carry, &alice, "call_0", "first", 1));
    expect("the same again", carry, &alice, "call_0", 2, "first");
    assert_false(put(carry, &alice, "call_0", "other", 3));
    expect("two turns", carry, &alice, "call_0", 4, NULL);
    assert_false(put(carry, &alice, "call_0", "first", 5));
    assert_false(put(carry, &alice, "call_0", "other", 5));
    expect("two turns still", carry, &alice, "call_0", 6, NULL);
    assert_true(put(carry, &bob, "call_0", "other", 7));
    expect("another tenant's", carry, &bob, "call_0", 8, "other");
    /* Forgotten like all else. */
    assert_true(put(carry, &alice, "call_0", "other", 5 + GW_CARRY_KEPT_MS));
    expect("later", carry, &alice, "call_0", 5 + GW_CARRY_KEPT_MS, "other");
    gw_carry_destroy(carry);
}

static const struct {
    const char *label;
    uint64_t put_ms, asked_ms, again_ms; /* asked_ms 0: not asked in between */
    bool there;
} ages[] = {
    {"at once", 100, 0, 100, true},
    {"just before the hour is over", 100, 0, 100 + GW_CARRY_KEPT_MS - 1, true},
    {"when it is", 100, 0, 100 + GW_CARRY_KEPT_MS, false},
    {"long after", 100, 0, 100 + 10 * (uint64_t)GW_CARRY_KEPT_MS, false},
    {"asked for in between", 100, 2000000, 100 + GW_CARRY_KEPT_MS, true},
    {"not since", 100, 2000000, 2000000 + GW_CARRY_KEPT_MS, false},
    {"by a worker whose clock is a little behind", 100, 0, 99, true},
};

static void test_what_is_not_used_for_an_hour_is_gone(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(ages); i++) {
        struct gw_carry *carry = gw_carry_create();
        assert_true(put(carry, &alice, "call_1", "thought", ages[i].put_ms));
        if (ages[i].asked_ms)
            expect(ages[i].label, carry, &alice, "call_1", ages[i].asked_ms, "thought");
        expect(ages[i].label, carry, &alice, "call_1", ages[i].again_ms,
               ages[i].there ? "thought" : NULL);
        if (!ages[i].there && gw_carry_bytes(carry) != 0)
            fail_msg("%s: %zu bytes are still held", ages[i].label, gw_carry_bytes(carry));
        gw_carry_destroy(carry);
    }
}

static void test_sizes_have_limits(void **state)
{
    struct gw_carry *carry = gw_carry_create();
    char *large = malloc(GW_CARRY_ENTRY_BYTES_MAX + 1), id[GW_CARRY_ID_BYTES_MAX + 2];

    (void)state;
    assert_non_null(large);
    memset(large, 'x', GW_CARRY_ENTRY_BYTES_MAX + 1);
    struct gw_str most = {large, GW_CARRY_ENTRY_BYTES_MAX}, more = {large, most.len + 1};
    assert_true(gw_carry_put(carry, &alice, GW_STR("most"), most, 0));
    assert_false(gw_carry_put(carry, &alice, GW_STR("more"), more, 0));
    assert_false(gw_carry_put(carry, &alice, GW_STR("nothing"), GW_STR(""), 0));
    memset(id, 'i', sizeof id);
    id[GW_CARRY_ID_BYTES_MAX + 1] = '\0';
    assert_false(put(carry, &alice, id, "long", 0));
    expect("too long an id", carry, &alice, id, 0, NULL);
    id[GW_CARRY_ID_BYTES_MAX] = '\0';
    assert_true(put(carry, &alice, id, "long", 0));
    expect("the longest id", carry, &alice, id, 0, "long");
    free(large);
    gw_carry_destroy(carry);
}

/* Many times of what there is room for, in large and small pieces. */
static void test_the_whole_stays_within_its_limit(void **state)
{
    static const size_t sizes[] = {GW_CARRY_ENTRY_BYTES_MAX, 4096, 90000};
    struct gw_carry *carry = gw_carry_create();
    char *bytes = malloc(GW_CARRY_ENTRY_BYTES_MAX), id[24];
    size_t given = 0;

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'x', GW_CARRY_ENTRY_BYTES_MAX);
    for (unsigned i = 0; given < 3 * GW_CARRY_BYTES_MAX; i++) {
        size_t len = sizes[i % GW_COUNT(sizes)];
        (void)snprintf(id, sizeof id, "call_%u", i);
        assert_true(gw_carry_put(carry, &alice, gw_str_of(id), (struct gw_str){bytes, len}, i));
        given += len;
        if (i % 64 == 0)
            assert_in_range(gw_carry_bytes(carry), len, GW_CARRY_BYTES_MAX);
    }
    assert_in_range(gw_carry_bytes(carry), GW_CARRY_BYTES_MAX / 2, GW_CARRY_BYTES_MAX);
    free(bytes);
    gw_carry_destroy(carry);
}

/* What is asked for all the time outlives what comes and is never asked for. */
static void test_the_least_used_goes_first(void **state)
{
    struct gw_carry *carry = gw_carry_create();
    char *bytes = malloc(65536), id[24];

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'x', 65536);
    assert_true(put(carry, &alice, "used", "thought", 0));
    assert_true(put(carry, &alice, "left", "thought", 0));
    for (unsigned i = 0; i < 4 * GW_CARRY_BYTES_MAX / 65536; i++) {
        (void)snprintf(id, sizeof id, "call_%u", i);
        assert_true(gw_carry_put(carry, &alice, gw_str_of(id), (struct gw_str){bytes, 65536}, 1));
        expect("used", carry, &alice, "used", 1, "thought");
    }
    expect("left", carry, &alice, "left", 1, NULL);
    free(bytes);
    gw_carry_destroy(carry);
}

/* ---- from several threads ---- */

struct member {
    struct gw_carry *carry;
    pthread_barrier_t *barrier;
    pthread_t thread;
    unsigned number, found, wrong;
};

/* What is kept under an id says which id that is. */
static struct gw_str content_of(unsigned number, char into[4096])
{
    size_t len = 64 + number * 400;

    memset(into, 'a' + (int)number, len);
    return (struct gw_str){into, len};
}

static void *use(void *arg)
{
    static const char filler[FILLER_BYTES];
    struct member *member = arg;
    char id[24], bytes[4096];

    (void)pthread_barrier_wait(member->barrier);
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned number = (i + member->number) % SHARED_IDS;
        struct gw_str content = content_of(number, bytes);
        struct gw_arena arena;
        gw_arena_init(&arena, NULL);
        (void)snprintf(id, sizeof id, "call_%u", number);
        (void)gw_carry_put(member->carry, &alice, gw_str_of(id), content, i);
        struct gw_str got = gw_carry_get(member->carry, &alice, gw_str_of(id), i, &arena);
        member->found += got.base != NULL;
        member->wrong += got.base && !gw_str_eq(got, content);
        /* Fills the shards, so that what others ask for goes meanwhile. */
        (void)snprintf(id, sizeof id, "own_%u_%u", member->number, i);
        (void)gw_carry_put(member->carry, &bob, gw_str_of(id),
                           (struct gw_str){filler, sizeof filler}, i);
        gw_arena_finish(&arena);
    }
    return NULL;
}

static void test_threads_get_all_or_nothing(void **state)
{
    struct gw_carry *carry = gw_carry_create();
    struct member members[THREADS];
    pthread_barrier_t barrier;
    unsigned found = 0;

    (void)state;
    assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        members[i] = (struct member){.carry = carry, .barrier = &barrier, .number = i};
        assert_int_equal(pthread_create(&members[i].thread, NULL, use, &members[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        (void)pthread_join(members[i].thread, NULL);
        assert_int_equal(members[i].wrong, 0);
        found += members[i].found;
    }
    (void)pthread_barrier_destroy(&barrier);
    assert_true(found > 0);
    assert_in_range(gw_carry_bytes(carry), 1, GW_CARRY_BYTES_MAX);
    gw_carry_destroy(carry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_come_back_to_their_tenant_only),
        cmocka_unit_test(test_an_id_that_comes_twice_names_nothing),
        cmocka_unit_test(test_what_is_not_used_for_an_hour_is_gone),
        cmocka_unit_test(test_sizes_have_limits),
        cmocka_unit_test(test_the_whole_stays_within_its_limit),
        cmocka_unit_test(test_the_least_used_goes_first),
        cmocka_unit_test(test_threads_get_all_or_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
