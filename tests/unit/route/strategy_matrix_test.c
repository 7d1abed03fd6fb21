#include "unit/route/walk.h"

/* Every strategy, with one to three targets, that all fail in the same way: the walk with 0, 1 and 2
 * retries. The letters are those of walk.h. */
static const struct {
    const char *route, *failures;
    const char *walks[3]; /* by max_retries */
} matrix[] = {
    /* One target: the same again, after a wait, as long as there are retries. */
    {"single a", "R", {"a .", "a w+a .", "a w+a w+a ."}},
    {"single a", "M", {"a .", "a .", "a ."}},
    {"single a b", "R", {"a .", "a w+a .", "a w+a w+a ."}},
    {"single a b", "M", {"a .", "a .", "a ."}},
    {"single a b c", "R", {"a .", "a w+a .", "a w+a w+a ."}},
    {"single a b c", "M", {"a .", "a .", "a ."}},

    /* By weight: each other one is a retry, at once; then any, after a wait. */
    {"weighted a", "R", {"a .", "a w+a .", "a w+a w+a ."}},
    {"weighted a", "M", {"a .", "a .", "a ."}},
    {"weighted a b", "R", {"ab .", "ab +ab .", "ab +ab w+ab ."}},
    {"weighted a b", "M", {"ab .", "ab .", "ab ."}},
    {"weighted a b c", "R", {"abc .", "abc +abc .", "abc +abc +abc ."}},
    {"weighted a b c", "M", {"abc .", "abc .", "abc ."}},

    {"experiment a", "R", {"a .", "a w+a .", "a w+a w+a ."}},
    {"experiment a", "M", {"a .", "a .", "a ."}},
    {"experiment a b", "R", {"ab .", "ab +ab .", "ab +ab w+ab ."}},
    {"experiment a b", "M", {"ab .", "ab .", "ab ."}},
    {"experiment a b c", "R", {"abc .", "abc +abc .", "abc +abc +abc ."}},
    {"experiment a b c", "M", {"abc .", "abc .", "abc ."}},

    /* All in their order, and the first once more: whatever max_retries, and after a timeout too. */
    {"fallback a", "R", {"a .", "a w+a .", "a w+a w+a ."}},
    {"fallback a", "M", {"a .", "a .", "a ."}},
    {"fallback a b", "R", {"a b w+a .", "a b w+a .", "a b w+a ."}},
    {"fallback a b", "M", {"a b w+a .", "a b w+a .", "a b w+a ."}},
    {"fallback a b c", "R", {"a b c w+a .", "a b c w+a .", "a b c w+a ."}},
    {"fallback a b c", "M", {"a b c w+a .", "a b c w+a .", "a b c w+a ."}},

    /* Step by step; only the last one is tried again. */
    {"single a | single b", "R", {"a b .", "a b w+b .", "a b w+b w+b ."}},
    {"single a | single b", "M", {"a b .", "a b .", "a b ."}},
    {"single a | single b | single c", "R", {"a b c .", "a b c w+c .", "a b c w+c w+c ."}},
    {"single a | single b | single c", "M", {"a b c .", "a b c .", "a b c ."}},

    /* Steps of other strategies; retries are counted anew in each. */
    {"weighted a b | single c", "R", {"ab c .", "ab +ab c w+c .", "ab +ab c w+c w+c ."}},
    {"weighted a b | single c", "M", {"ab c .", "ab c .", "ab c ."}},
    {"weighted a b | weighted c d", "R", {"ab cd .", "ab +ab cd +cd .", "ab +ab cd +cd w+cd ."}},
    {"weighted a b | weighted c d", "M", {"ab cd .", "ab cd .", "ab cd ."}},
    {"weighted a b c | single d",
     "R",
     {"abc d .", "abc +abc d w+d .", "abc +abc +abc d w+d w+d ."}},
    {"fallback a b | single c", "R", {"a b c .", "a b c w+c .", "a b c w+c w+c ."}},
    {"fallback a b | single c", "M", {"a b c .", "a b c .", "a b c ."}},
    {"fallback a b | weighted c d", "R", {"a b cd .", "a b cd +cd .", "a b cd +cd w+cd ."}},
    {"fallback a b | weighted c d", "M", {"a b cd .", "a b cd .", "a b cd ."}},
    {"fallback a b | fallback c d", "R", {"a b c d w+c .", "a b c d w+c .", "a b c d w+c ."}},
    {"fallback a b | fallback c d", "M", {"a b c d w+c .", "a b c d w+c .", "a b c d w+c ."}},
    {"single a | fallback b c", "R", {"a b c w+b .", "a b c w+b .", "a b c w+b ."}},
    {"single a | fallback b c", "M", {"a b c w+b .", "a b c w+b .", "a b c w+b ."}},
    {"weighted a b | fallback c", "R", {"ab c .", "ab +ab c w+c .", "ab +ab c w+c w+c ."}},
    {"weighted a b | fallback c", "M", {"ab c .", "ab c .", "ab c ."}},
    {"single a | weighted b c | fallback d e",
     "R",
     {"a bc d e w+d .", "a bc +bc d e w+d .", "a bc +bc d e w+d ."}},
};

static void test_matrix(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(matrix); i++)
        for (uint32_t retries = 0; retries < GW_COUNT(matrix[i].walks); retries++)
            walk_check(&(struct walk_story){
                .label = matrix[i].route,
                .route = matrix[i].route,
                .max_retries = retries,
                .failures = matrix[i].failures,
                .walk = matrix[i].walks[retries],
            });
}

/* Each failure says for itself what may follow. */
static const struct {
    const char *label, *route;
    uint32_t max_retries;
    const char *failures, *walk;
} mixed[] = {
    {"a timeout of the second try", "single a", 2, "R M", "a w+a ."},
    {"a timeout at first", "single a", 2, "M R", "a ."},
    {"a timeout of the second", "weighted a b", 2, "R M", "ab +ab ."},
    {"a timeout of the first", "weighted a b", 2, "M R", "ab ."},
    {"a timeout after a wait", "experiment a b", 5, "R R M", "ab +ab w+ab ."},
    {"a timeout between", "fallback a b c", 0, "R M R", "a b c w+a ."},
    {"a timeout of the last", "fallback a b c", 0, "R R M", "a b c w+a ."},
    {"a timeout of the last one of a step", "weighted a b | single c", 2, "R M R",
     "ab +ab c w+c w+c ."},
    {"a timeout leaves a step early", "weighted a b | single c", 2, "M R", "ab c w+c w+c ."},
    {"a timeout in the last step", "single a | single b", 2, "R R M", "a b w+b ."},
    {"many retries", "single a", 5, "R", "a w+a w+a w+a w+a w+a ."},
    {"many retries by weight", "weighted a b", 4, "R", "ab +ab w+ab w+ab w+ab ."},
    {"many retries are nothing to a fallback", "fallback a b", 9, "R", "a b w+a ."},
};

static void test_mixed_failures(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(mixed); i++)
        walk_check(&(struct walk_story){
            .label = mixed[i].label,
            .route = mixed[i].route,
            .max_retries = mixed[i].max_retries,
            .failures = mixed[i].failures,
            .walk = mixed[i].walk,
        });
}

/* Walks that can only end need not keep the request. */
static void test_what_may_repeat(void **state)
{
    static const struct {
        const char *route;
        uint32_t max_retries;
        bool may;
    } rows[] = {
        {"single a", 0, false},   {"single a", 1, true},     {"weighted a", 0, false},
        {"fallback a", 0, false}, {"fallback a b", 0, true}, {"single a | single b", 0, true},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct walk_rig rig;
        walk_rig_init(
            &rig, &(struct walk_story){.route = rows[i].route, .max_retries = rows[i].max_retries},
            1);
        if (gw_walk_may_repeat(&rig.route) != rows[i].may)
            fail_msg("%s, retries %u", rows[i].route, rows[i].max_retries);
        walk_rig_finish(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_mixed_failures),
        cmocka_unit_test(test_what_may_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
