/*
 * app/explain_text: an explanation in lines for people.
 */
#include "app/explain_private.h"
#include "route/strategy.h"

#include <stdarg.h>
#include <stdio.h>

/* The first failure sticks. */
struct lines {
    struct gw_buf *into;
    enum gw_status status;
    const struct gw_explanation *about;
    const struct gw_explain_health *health;
    bool inner; /* within a target or a step */
};

static __attribute__((format(printf, 2, 3))) void say(struct lines *lines, const char *format, ...)
{
    struct gw_buf *into = lines->into;
    va_list args;

    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (lines->status == GW_OK)
        lines->status = len < 0 ? GW_INVALID : gw_buf_reserve(into, (size_t)len + 1);
    if (lines->status != GW_OK)
        return;
    va_start(args, format);
    (void)vsnprintf(into->base + into->tail, (size_t)len + 1, format, args);
    va_end(args);
    into->tail += (size_t)len;
}

static void begin(struct lines *lines, const char *name)
{
    if (lines->inner)
        say(lines, "    %-10s ", name);
    else
        say(lines, "  %-12s ", name);
}

static void end(struct lines *lines)
{
    say(lines, "\n");
}

static void line(struct lines *lines, const char *name, struct gw_str value)
{
    begin(lines, name);
    say(lines, "%.*s\n", GW_STR_ARG(value));
}

/* ---- who would answer ---- */

static void say_no_url(struct lines *lines, const struct gw_explained *one)
{
    struct gw_str dialect = gw_dialect_name(one->provider->dialect);
    struct gw_str endpoint = gw_endpoint_kind_name(lines->about->endpoint);

    say(lines, "none: no %.*s call goes to a provider that speaks %.*s in this release\n",
        GW_STR_ARG(endpoint), GW_STR_ARG(dialect));
}

static void say_url(struct lines *lines, const struct gw_explained *one,
                    const struct gw_endpoint *path)
{
    if (lines->status == GW_OK)
        lines->status = gw_explain_url(one, path, lines->into);
    end(lines);
}

static void say_paths(struct lines *lines, const struct gw_explained *one)
{
    size_t at = 0;
    const struct gw_endpoint *path = gw_explain_next_path(one, lines->about->endpoint, &at);

    begin(lines, "url");
    if (!path)
        say_no_url(lines, one);
    else if (one->provider->base_url.demo)
        say(lines, "demo: (the built-in provider)\n");
    else
        say_url(lines, one, path);
    begin(lines, "serves");
    if (!path)
        say(lines, one->target ? "nothing: the target is left out" : "nothing: calls are refused");
    for (const char *between = ""; path; between = ", ") {
        say(lines, "%s%s%s", between, path->path,
            gw_explain_translates(one, path) ? " (translated)" : "");
        path = gw_explain_next_path(one, lines->about->endpoint, &at);
    }
    end(lines);
}

static void say_timeouts(struct lines *lines, const struct gw_timeouts *timeouts)
{
    begin(lines, "timeouts");
    say(lines, "connect %u ms, answer or first byte %u ms, silence %u ms\n", timeouts->connect_ms,
        timeouts->total_ms, timeouts->idle_ms);
}

static void say_credential(struct lines *lines, const struct gw_target_credential *credential)
{
    const char *of = "", *lost = "NOT FOUND, the gateway would not start";

    switch (credential->level) {
    case GW_CREDENTIAL_OF_TARGET:
        of = "the target's";
        break;
    case GW_CREDENTIAL_OF_PROVIDER:
        of = "the provider's";
        break;
    case GW_CREDENTIAL_BY_CONVENTION:
        of = "by convention";
        lost = "NOT FOUND, calls go without one";
        break;
    }
    begin(lines, "credential");
    say(lines, "%.*s (%s): %s\n", GW_STR_ARG(credential->place), of,
        credential->secret ? "found" : lost);
}

static void say_auth(struct lines *lines, const struct gw_auth *auth)
{
    begin(lines, "shown as");
    switch (auth->kind) {
    case GW_AUTH_BEARER:
        say(lines, "%.*s: Bearer …\n", GW_STR_ARG(auth->name));
        break;
    case GW_AUTH_HEADER:
        say(lines, "%.*s: …\n", GW_STR_ARG(auth->name));
        break;
    case GW_AUTH_QUERY:
        say(lines, "?%.*s=…\n", GW_STR_ARG(auth->name));
        break;
    }
}

/* Hundredths of a percent are as exact as anybody reads them. */
static void say_weight(struct lines *lines, uint64_t weight, uint64_t sum)
{
    uint64_t share = (weight * 10000 + sum / 2) / sum;

    begin(lines, "weight");
    say(lines, "%llu of %llu", (unsigned long long)weight, (unsigned long long)sum);
    if (share % 100)
        say(lines, " (%llu.%02llu %%)\n", (unsigned long long)(share / 100),
            (unsigned long long)(share % 100));
    else
        say(lines, " (%llu %%)\n", (unsigned long long)(share / 100));
}

static void say_variant(struct lines *lines, const struct gw_target_config *target)
{
    const char *between = ": ";

    begin(lines, "variant");
    say(lines, "%.*s", GW_STR_ARG(target->variant));
    for (unsigned i = 0; i < GW_PARAMS; i++) {
        struct gw_str name = gw_param_name((enum gw_param)i);
        if (!target->params[i].base)
            continue;
        say(lines, "%s%.*s %.*s", between, GW_STR_ARG(name), GW_STR_ARG(target->params[i]));
        between = ", ";
    }
    end(lines);
}

static void say_health(struct lines *lines, const struct gw_step_config *step,
                       const struct gw_target_config *target)
{
    struct gw_str strategy = gw_strategy_name(step->strategy);

    begin(lines, "health");
    switch (gw_explain_health_of(lines->health, target->name)) {
    case GW_TOLD_UNKNOWN:
        say(lines, "not known: %s\n", lines->health->reason);
        break;
    case GW_TOLD_HEALTHY:
        say(lines, "healthy\n");
        break;
    case GW_TOLD_OPEN:
        if (gw_walk_heeds_breaker(lines->about->found.route, step))
            say(lines, "open: skipped while another target is left\n");
        else
            say(lines, "open: tried all the same, %.*s skips none\n", GW_STR_ARG(strategy));
        break;
    }
}

static void say_model(struct lines *lines, const struct gw_explained *one)
{
    begin(lines, "model");
    say(lines, "%.*s", GW_STR_ARG(one->model));
    if (one->target && !gw_str_eq(one->model, lines->about->model))
        say(lines, " (asked for as \"%.*s\")", GW_STR_ARG(lines->about->model));
    end(lines);
}

static void say_target(struct lines *lines, const struct gw_step_config *step, uint32_t i)
{
    const struct gw_target_config *target = step->targets[i];
    const struct gw_explained one = gw_explained_target(target);
    char name[sizeof "target 4294967295"];

    (void)snprintf(name, sizeof name, "target %u", step->first + i + 1);
    line(lines, name, target->name);
    lines->inner = true;
    line(lines, "provider", one.provider->name);
    say_model(lines, &one);
    line(lines, "dialect", gw_dialect_name(one.provider->dialect));
    say_paths(lines, &one);
    if (one.api == GW_MODEL_API_RESPONSES)
        line(lines, "api", GW_STR("responses only"));
    say_credential(lines, &target->credential);
    if (target->credential.secret)
        say_auth(lines, &one.provider->auth);
    else
        line(lines, "shown as", GW_STR("nothing"));
    say_timeouts(lines, &one.timeouts);
    if (gw_walk_draws(step))
        say_weight(lines, target->weight, step->weights_sum);
    if (target->variant.len)
        say_variant(lines, target);
    say_health(lines, step, target);
    lines->inner = false;
}

/* ---- the route ---- */

static void say_layer(struct lines *lines, const struct gw_route_config *route)
{
    const char *what = "", *more = "(keys are the gateway's)";

    switch (route->layer) {
    case GW_ROUTE_BY_TARGET:
        what = "target";
        more = "(named by no route)";
        break;
    case GW_ROUTE_BY_TABLE:
        what = "route";
        break;
    case GW_ROUTE_FUNCTION:
        what = "function";
        break;
    }
    begin(lines, "layer");
    say(lines, "managed: %s \"%.*s\" %s\n", what, GW_STR_ARG(route->name), more);
}

static void say_strategy(struct lines *lines, const struct gw_route_config *route, uint32_t number)
{
    const struct gw_step_config *step = &route->steps[number];
    struct gw_str strategy = gw_strategy_name(step->strategy);
    bool last = number + 1 == route->steps_count;
    const char *how = "one target", *then = "";

    if (step->strategy == GW_STRATEGY_EXPERIMENT) {
        how = "a variant drawn by weight";
    } else if (step->targets_count > 1 && step->strategy == GW_STRATEGY_WEIGHTED) {
        how = "drawn by weight";
    } else if (step->targets_count > 1 && step->strategy == GW_STRATEGY_FALLBACK) {
        how = "in order";
        then = last ? "; after the last, the first once more" : "";
    }
    if (gw_walk_draws(step) && gw_explain_retries(route, number).most)
        then = step->targets_count > 1 ? "; a retry draws another one" : "";
    say(lines, "%.*s: %s%s", GW_STR_ARG(strategy), how, then);
    if (!last)
        say(lines, "; at last step %u", number + 2);
    end(lines);
}

static void say_wait(struct lines *lines, const struct gw_retry_config *retry, bool several)
{
    uint32_t first = retry->backoff_base_ms, most = retry->backoff_max_ms;

    if (first == 0 || most == 0)
        say(lines, "; without a wait");
    else if (several && first < most)
        say(lines, "; waits up to %u ms, doubling to %u ms", first, most);
    else
        say(lines, "; waits up to %u ms", first < most ? first : most);
}

static void say_retry(struct lines *lines, const struct gw_route_config *route, uint32_t number)
{
    const struct gw_step_config *step = &route->steps[number];
    const struct gw_explain_retries retries = gw_explain_retries(route, number);

    begin(lines, "retry");
    if (retries.first_once_more) {
        say(lines, "the first target once more");
        say_wait(lines, &route->retry, false);
    } else if (retries.most) {
        say(lines, "at most %u more attempt%s", retries.most, retries.most == 1 ? "" : "s");
        if (retries.waits)
            say_wait(lines, &route->retry, retries.most > 1);
        if (retries.waits && step->targets_count > 1)
            say(lines, ", when no other is left");
    } else if (route->retry.max_retries == 0) {
        say(lines, "none: max_retries is 0");
    } else {
        say(lines, "none: the next step comes at once");
    }
    end(lines);
}

static void say_breaker(struct lines *lines, const struct gw_route_config *route)
{
    const struct gw_breaker_config *breaker = &lines->about->config->breaker;
    struct gw_str strategy = gw_strategy_name(route->steps[0].strategy);

    begin(lines, "breaker");
    if (!breaker->enabled) {
        say(lines, "off\n");
        return;
    }
    say(lines, "%u failure%s in a row within %u ms: ", breaker->failures,
        breaker->failures == 1 ? "" : "s", breaker->window_ms);
    if (gw_walk_heeds_breaker(route, &route->steps[0]))
        say(lines, "skipped for %u ms\n", breaker->open_ms);
    else
        say(lines, "open for %u ms, but %.*s skips no target\n", breaker->open_ms,
            GW_STR_ARG(strategy));
}

static void say_route(struct lines *lines, const struct gw_route_config *route)
{
    char name[sizeof "step 4294967295"];

    say_layer(lines, route);
    line(lines, "endpoint", gw_endpoint_kind_name(route->endpoint));
    begin(lines, "strategy");
    if (route->has_steps) {
        say(lines, "steps: each one as a whole, then the next\n");
    } else {
        say_strategy(lines, route, 0);
        say_retry(lines, route, 0);
    }
    say_breaker(lines, route);
    for (uint32_t i = 0; i < route->steps_count; i++) {
        if (route->has_steps) {
            (void)snprintf(name, sizeof name, "step %u", i + 1);
            begin(lines, name);
            say_strategy(lines, route, i);
            lines->inner = true;
            say_retry(lines, route, i);
            lines->inner = false;
        }
        for (uint32_t j = 0; j < route->steps[i].targets_count; j++)
            say_target(lines, &route->steps[i], j);
    }
}

static void say_passthrough(struct lines *lines)
{
    const struct gw_explained one = gw_explained_passthrough(&lines->about->found);

    line(lines, "layer", GW_STR("passthrough (no retry, no failover)"));
    line(lines, "provider", one.provider->name);
    say_model(lines, &one);
    line(lines, "listed", one.listed ? GW_STR("yes") : GW_STR("no: asked for by prefix"));
    line(lines, "dialect", gw_dialect_name(one.provider->dialect));
    say_paths(lines, &one);
    line(lines, "credential", GW_STR("the caller's own, forwarded"));
    if (one.api == GW_MODEL_API_RESPONSES)
        line(lines, "api", GW_STR("responses only"));
    say_timeouts(lines, &one.timeouts);
    line(lines, "retry", GW_STR("none: passthrough is never retried"));
}

enum gw_status gw_explain_text(const struct gw_explanation *explanation,
                               const struct gw_explain_health *health, struct gw_buf *into)
{
    struct lines lines = {.into = into, .about = explanation, .health = health};

    say(&lines, "%.*s\n", GW_STR_ARG(explanation->model));
    if (explanation->found.route)
        say_route(&lines, explanation->found.route);
    else
        say_passthrough(&lines);
    return lines.status;
}
