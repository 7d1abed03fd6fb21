#include "wire/matrix_plan.h"

#include "wire/script.h"

void matrix_plan(const char *want, struct plan *plan)
{
    struct gw_str all = gw_str_of(want);
    struct gw_str list = {all.base, gw_str_find(all, '|')};
    struct gw_str rest = gw_str_from(all, list.len + 1), item;
    struct attempt attempt = {.wait = 0};
    uint64_t number = 0;

    *plan = (struct plan){.count = 0};
    while (gw_str_next_item(&list, &item)) {
        attempt.target = item.base[0];
        if (item.base[0] == 'w' || item.base[0] == 'r') {
            attempt.wait = item.base[0];
            must(item.len == 1 || gw_str_to_u64(gw_str_from(item, 1), &number), want);
            attempt.wait_ms = (unsigned)number;
            continue;
        }
        must(item.len == 1 && plan->count < MATRIX_ATTEMPTS_MAX, want);
        plan->attempts[plan->count++] = attempt;
        attempt = (struct attempt){.wait = 0};
    }
    must(gw_str_to_u64(script_word(&rest), &number), want);
    plan->status = (unsigned)number;
    plan->target = script_word(&rest).base[0];
    plan->cut = gw_str_eq(rest, GW_STR("cut"));
}

static void add_providers(const struct fault *fault, bool all, struct gw_buf *config)
{
    for (char x = 'a'; x < (char)('a' + MATRIX_TARGETS); x++) {
        bool faulty = all || x == 'a';
        bool unknown = faulty && !fault->upstream;
        must(gw_buf_printf(config,
                           "[providers.%c]\nbase_url = \"http://%s%s%c/v1\"\n"
                           "models = [\"model-%c\"]\n"
                           "timeout_ms = %u\nconnect_timeout_ms = %u\nidle_timeout_ms = %u\n",
                           x, unknown ? "gone.onion/" : "$",
                           faulty && !unknown ? fault->upstream : "", x, x, MATRIX_TIMEOUT_MS,
                           MATRIX_CONNECT_TIMEOUT_MS, MATRIX_IDLE_TIMEOUT_MS) == GW_OK,
             "out of memory");
    }
}

void matrix_config(const struct fault *fault, enum strategy strategy, bool all,
                   struct gw_buf *config)
{
    static const char *const routes[STRATEGIES] = {
        [SINGLE] = "[routes.m]\nmodels = [\"m\"]\nstrategy = \"single\"\ntargets = [\"to-a\"]\n",
        [WEIGHTED] = "[routes.m]\nmodels = [\"m\"]\nstrategy = \"weighted\"\n"
                     "targets = [\"to-b\", \"to-a\"]\n",
        [FALLBACK] = "[routes.m]\nmodels = [\"m\"]\nstrategy = \"fallback\"\n"
                     "targets = [\"to-a\", \"to-b\"]\n",
        [STEPS] = "[routes.m]\nmodels = [\"m\"]\n"
                  "[[routes.m.steps]]\nstrategy = \"single\"\ntargets = [\"to-a\"]\n"
                  "[[routes.m.steps]]\nstrategy = \"fallback\"\ntargets = [\"to-b\", \"to-c\"]\n",
        [EXPERIMENT] = "[functions.m]\nstrategy = \"experiment\"\n"
                       "[functions.m.variants.with-b]\nmodel = \"model-b\"\nweight = 0\n"
                       "[functions.m.variants.with-a]\nmodel = \"model-a\"\nweight = 1\n",
    };

    add_providers(fault, all, config);
    for (char x = 'a'; strategy != EXPERIMENT && x < (char)('a' + MATRIX_TARGETS); x++)
        must(gw_buf_printf(config, "[targets.to-%c]\nmodel = \"model-%c\"\nweight = %d\n", x, x,
                           x == 'a') == GW_OK,
             "out of memory");
    must(gw_buf_add(config, gw_str_of(routes[strategy])) == GW_OK, "out of memory");
}
