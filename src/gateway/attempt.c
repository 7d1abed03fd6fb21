#include "gateway/attempt.h"

#include "gateway/count_tokens.h"
#include "gateway/fetch.h"
#include "gateway/meter.h"
#include "gateway/patch.h"
#include "gateway/retry_after.h"
#include "gateway/stages.h"
#include "gateway/translate.h"
#include "gateway/variant.h"

static uint64_t now_ms(const struct gw_exchange *ex)
{
    /* gw_clock_ns() of the turn: the same clock for all workers, who share health. */
    return gw_loop_now_ns(gw_exchange_gateway(ex)->http.loop) / 1000000u;
}

/* ---- who can serve ---- */

/* Whether a target can carry this request: found out once, by translating or editing it. */
struct gw_verdict {
    const struct gw_target_config *target;
    bool carries;
    struct gw_verdict *next;
};

static const struct gw_codec *upstream_of(const struct gw_exchange *ex,
                                          const struct gw_target_config *target)
{
    return gw_translate_upstream(gw_translate_caller(ex), target->model->provider,
                                 target->model->api);
}

static bool judge(struct gw_managed *managed, const struct gw_target_config *target, bool carries)
{
    struct gw_verdict *verdict = gw_arena_alloc(&managed->ex->arena, sizeof *verdict);

    if (!verdict)
        return false;
    *verdict = (struct gw_verdict){target, carries, managed->verdicts};
    managed->verdicts = verdict;
    return true;
}

/* Without memory for the verdict the attempt tells. */
static bool can_carry(struct gw_managed *managed, const struct gw_target_config *target,
                      bool translates)
{
    struct gw_exchange *ex = managed->ex;

    for (const struct gw_verdict *verdict = managed->verdicts; verdict; verdict = verdict->next)
        if (verdict->target == target)
            return verdict->carries;
    bool carries = translates
                       ? gw_translate_can_carry(ex, target, upstream_of(ex, target))
                       : gw_patch_can_carry(ex, target->model->provider, target->model->name);
    return !judge(managed, target, carries) || carries;
}

static bool can_serve(const void *arg, const struct gw_target_config *target)
{
    const struct gw_exchange *ex = arg;
    enum gw_stages_service service =
        gw_stages_can_serve(ex, target->model->provider, target->model->api);

    if (ex->managed->judging && gw_translate_caller(ex) && service != GW_STAGES_OTHER_DIALECT)
        return can_carry(ex->managed, target, service == GW_STAGES_TRANSLATES);
    return service != GW_STAGES_OTHER_DIALECT;
}

static struct gw_walk_view view_of(struct gw_exchange *ex)
{
    return (struct gw_walk_view){
        .arena = &ex->arena,
        .rng = &gw_exchange_gateway(ex)->rng,
        .breaker = &gw_exchange_config(ex)->breaker,
        .health = ex->site->snapshot->health,
        .can_serve = can_serve,
        .arg = ex,
        .now_ms = now_ms(ex),
    };
}

static uint32_t label_of(const struct gw_exchange *ex, const struct gw_target_config *target)
{
    return ex->site->snapshot->target_labels[target->index];
}

static struct gw_health_cell *health_of(const struct gw_exchange *ex)
{
    return ex->site->snapshot->health[ex->managed->walk.target->index];
}

/* ---- counting ---- */

/* What the breaker calls a failure: of the target, not of the request. */
static bool is_failure(enum gw_outcome outcome)
{
    switch (outcome) {
    case GW_OUTCOME_REQUEST_TIMEOUT:
    case GW_OUTCOME_RATE_LIMITED:
    case GW_OUTCOME_SERVER_ERROR:
    case GW_OUTCOME_TIMEOUT:
    case GW_OUTCOME_CONNECTION_ERROR:
    case GW_OUTCOME_DNS_ERROR:
    case GW_OUTCOME_TLS_ERROR:
    case GW_OUTCOME_UPSTREAM_BROKEN:
    case GW_OUTCOME_OVERLOADED:
        return true;
    case GW_OUTCOME_SUCCESS:
    case GW_OUTCOME_CLIENT_ERROR:
    case GW_OUTCOME_CANCELLED:
    case GW_OUTCOMES:
        break;
    }
    return false;
}

static void tell_health(struct gw_exchange *ex, enum gw_outcome outcome)
{
    const struct gw_breaker_config *breaker = &gw_exchange_config(ex)->breaker;
    struct gw_managed *managed = ex->managed;

    if (is_failure(outcome))
        gw_health_failed(health_of(ex), breaker, now_ms(ex), managed->walk.probe);
    else if (outcome != GW_OUTCOME_CANCELLED && !managed->answered)
        gw_health_succeeded(health_of(ex));
    else if (managed->walk.probe && !managed->answered)
        gw_health_probe_dropped(health_of(ex), now_ms(ex));
    managed->answered = true;
}

/* Others wait for what a probe says, and a stream may be long. All else is told at the answer's end, so
 * that one that breaks off is not a success first. */
void gw_attempt_answered(struct gw_exchange *ex)
{
    enum gw_outcome outcome = gw_outcome_of_status(ex->record.status);

    if (ex->managed->under_way && ex->managed->walk.probe && !is_failure(outcome))
        tell_health(ex, outcome);
}

void gw_attempt_ended(struct gw_exchange *ex, enum gw_outcome outcome)
{
    struct gw_managed *managed = ex->managed;

    if (!managed || !managed->under_way)
        return;
    managed->under_way = false;
    tell_health(ex, outcome);
    managed->walk.probe = false;
    gw_sinks_attempt(gw_exchange_gateway(ex)->options.sinks, label_of(ex, managed->walk.target),
                     outcome);
}

void gw_attempt_finish(struct gw_exchange *ex)
{
    struct gw_managed *managed = ex->managed;

    gw_loop_timer_clear(gw_exchange_gateway(ex)->http.loop, &managed->timer);
    if (managed->walk.probe && !managed->under_way) /* it waited still */
        gw_health_probe_dropped(health_of(ex), now_ms(ex));
    gw_attempt_ended(ex, GW_OUTCOME_CANCELLED);
}

/* ---- an attempt ---- */

/* The model goes upstream under the target's name; where that is the one asked for, not a byte changes. */
static void splice_model(struct gw_exchange *ex, const struct gw_target_config *target)
{
    struct gw_forward *forward = &ex->forward;

    forward->splices_count = 0;
    if (gw_str_eq(ex->managed->model, target->model->name))
        return;
    forward->model.with = ex->form ? target->model->name : target->model_json;
    forward->splices = &forward->model;
    forward->splices_count = 1;
}

/* Once the body is whole. @return false when the exchange is over */
static bool splice_variant(struct gw_exchange *ex, const struct gw_target_config *target)
{
    struct gw_err err = {.offset = 0};

    if (!target->has_params)
        return true;
    enum gw_status status = gw_variant_splice(ex, target, &err);
    if (status == GW_OK)
        return true;
    if (status == GW_NO_MEMORY)
        gw_stages_overloaded(ex);
    else
        gw_stages_request_fault(ex, GW_FAULT_INVALID_JSON, &err);
    return false;
}

static bool has_params(const struct gw_exchange *ex, const struct gw_target_config *target)
{
    return target->has_params && ex->record.operation == GW_OP_CHAT;
}

/* As begin(). */
static enum gw_status edit(struct gw_exchange *ex, const struct gw_target_config *target,
                           struct gw_complaint *complaint)
{
    bool sets = has_params(ex, target), edits = ex->suspected || sets;

    if (edits && !gw_patch_begin(ex)) {
        gw_stages_overloaded(ex);
        return GW_EOF;
    }
    if (sets && !splice_variant(ex, target))
        return GW_EOF;
    if (gw_meter_suspects(ex, target->model->provider, target->model->api) && !gw_meter_request(ex))
        return GW_EOF;
    if (!edits)
        return GW_OK;
    enum gw_status status = gw_patch_request(ex, target->model->name, sets, complaint);
    if (status == GW_AGAIN) {
        ex->managed->under_way = false; /* nobody has been asked yet */
        return gw_fetch_begin(ex, ex->edited->wanted) ? GW_AGAIN : GW_EOF;
    }
    if (status != GW_OK)
        return status == GW_UNSUPPORTED ? status : GW_EOF;
    if (gw_patch_end(ex, target->model->name))
        return GW_OK;
    gw_stages_overloaded(ex);
    return GW_EOF;
}

/* Parameters are written into the body, or all of it is written anew. */
static bool needs_whole(struct gw_exchange *ex)
{
    const struct gw_target_config *target = ex->managed->walk.target;

    return gw_patch_suspects(ex, target->model->provider, target->model->name) ||
           has_params(ex, target) ||
           gw_meter_suspects(ex, target->model->provider, target->model->api) ||
           gw_stages_can_serve(ex, target->model->provider, target->model->api) != GW_STAGES_SERVES;
}

/* The target in hand is asked.
 * @return GW_OK; GW_AGAIN: images are being fetched for it; GW_UNSUPPORTED: it cannot carry the request; anything
 * else: the exchange is over */
static enum gw_status begin(struct gw_exchange *ex, struct gw_complaint *complaint)
{
    struct gw_managed *managed = ex->managed;
    const struct gw_target_config *target = managed->walk.target;
    const struct gw_provider_config *provider = target->model->provider;
    const struct gw_snapshot *snapshot = ex->site->snapshot;
    struct gw_record *record = &ex->record;

    ex->provider = provider;
    ex->timeouts = target->timeouts;
    ex->resent = false;
    enum gw_stages_service service = gw_stages_can_serve(ex, provider, target->model->api);
    if (service == GW_STAGES_ESTIMATES) {
        gw_count_tokens_answer(ex);
        return GW_EOF;
    }
    managed->under_way = true;
    managed->answered = false;
    record->provider = provider->telemetry_name;
    record->provider_id = snapshot->provider_labels[provider->index];
    record->model_used = target->model->name;
    record->model_id = snapshot->model_labels[target->model->index];
    record->target = target->name;
    record->target_id = label_of(ex, target);
    record->variant = target->variant;
    record->warnings = (struct gw_str){NULL, 0};
    ex->edited = NULL;
    gw_translate_drop(ex);
    gw_meter_drop(ex);
    if (service == GW_STAGES_TRANSLATES) {
        enum gw_status status = gw_translate_request(
            ex, upstream_of(ex, target), target->model->name, target->params, complaint);
        if (status == GW_AGAIN) {
            managed->under_way = false; /* nobody has been asked yet */
            return gw_fetch_begin(ex, gw_translate_wanted(ex)) ? GW_AGAIN : GW_EOF;
        }
        if (status != GW_OK)
            return status;
        return gw_stages_lease(ex) ? GW_OK : GW_EOF;
    }
    gw_request_unmake(ex);
    splice_model(ex, target);
    enum gw_status status = edit(ex, target, complaint);
    if (status != GW_OK)
        return status;
    return gw_stages_lease(ex) ? GW_OK : GW_EOF;
}

static void count_move(struct gw_exchange *ex, const struct gw_target_config *from,
                       enum gw_outcome outcome, bool is_retry)
{
    struct gw_sinks *sinks = gw_exchange_gateway(ex)->options.sinks;
    const struct gw_target_config *to = ex->managed->walk.target;

    if (is_retry) {
        ex->record.retries++;
        gw_sinks_retry(sinks, outcome);
    }
    if (from != to) {
        ex->record.fallbacks++;
        gw_sinks_fallback(sinks, label_of(ex, from), label_of(ex, to));
    }
}

/* The target in hand cannot carry the request, and nothing was sent to it. Another one is taken as if it were not
 * there; or, where others have failed before (then it is an image that could not be fetched, all else is known
 * when a target is chosen), as if it had failed too.
 * @return false: none is left; the one in hand stays */
static bool leave_out(struct gw_exchange *ex, struct gw_walk_next *next_out)
{
    struct gw_managed *managed = ex->managed;
    const struct gw_target_config *left = managed->walk.target;
    struct gw_walk_view view = view_of(ex);
    struct gw_walk walk = managed->walk;
    bool later = walk.marks != NULL;

    *next_out = (struct gw_walk_next){.wait_ms = 0};
    managed->judging = true;
    if (!judge(managed, left, false) ||
        !(later ? gw_walk_next(&walk, &view, GW_FAILURE_RETRYABLE, GW_RETRY_AFTER_NONE, next_out)
                : gw_walk_begin(&walk, walk.route, &view) != NULL))
        return false;
    if (managed->walk.probe)
        gw_health_probe_dropped(health_of(ex), now_ms(ex));
    managed->under_way = false;
    managed->walk = walk;
    if (later)
        count_move(ex, left, managed->outcome, next_out->is_retry);
    return true;
}

/* The walk has a target in hand. @return false when the exchange is over */
static bool start(struct gw_exchange *ex)
{
    struct gw_complaint complaint;
    struct gw_walk_next next;
    enum gw_status status;

    while ((status = begin(ex, &complaint)) == GW_UNSUPPORTED && leave_out(ex, &next)) {
        if (next.wait_ms == 0)
            continue;
        gw_loop_timer_set(gw_exchange_gateway(ex)->http.loop, &ex->managed->timer, next.wait_ms);
        return true;
    }
    if (status == GW_UNSUPPORTED)
        gw_translate_refuse(ex, &complaint);
    return status == GW_OK || status == GW_AGAIN;
}

static void on_timer(struct gw_timer *timer);

static bool nobody_serves(struct gw_exchange *ex, const struct gw_route_config *route)
{
    ex->managed = NULL; /* no target was chosen, so none is named */
    gw_exchange_fail(ex, GW_FAULT_UNSUPPORTED,
                     "no target of the %s \"%.*s\" serves %s in the format of this call",
                     route->layer == GW_ROUTE_FUNCTION ? "function" : "route",
                     GW_STR_ARG(route->name), ex->endpoint->path);
    return false;
}

/* A body that is known to be too large is not kept at all. */
static void decide_to_keep(struct gw_exchange *ex, const struct gw_route_config *route)
{
    struct gw_forward *forward = &ex->forward;
    uint64_t most = gw_exchange_config(ex)->server.retry_body_bytes;

    forward->keep = gw_walk_may_repeat(route);
    if (forward->keep && !forward->chunked && forward->body_bytes > most) {
        forward->keep = false;
        forward->sent_once = true;
    }
}

bool gw_attempt_begin(struct gw_exchange *ex, const struct gw_route_config *route,
                      struct gw_str model)
{
    struct gw_managed *managed = gw_arena_zalloc(&ex->arena, sizeof *managed);
    bool function = route->layer == GW_ROUTE_FUNCTION;

    *(function ? &ex->record.function : &ex->record.route) = route->name;
    if (managed)
        ex->forward.model_raw = gw_arena_str(&ex->arena, ex->forward.model_raw);
    if (!managed || !ex->forward.model_raw.base) {
        gw_stages_overloaded(ex);
        return false;
    }
    managed->ex = ex;
    managed->model = model;
    managed->timer.on_timer = on_timer;
    ex->managed = managed;
    struct gw_walk_view view = view_of(ex);
    if (!gw_walk_begin(&managed->walk, route, &view))
        return nobody_serves(ex, route);
    decide_to_keep(ex, route);
    gw_exchange_move(ex, GW_EX_RESOLVING);
    ex->wants_whole = needs_whole(ex);
    return ex->wants_whole || start(ex);
}

/* Not the first attempt: nobody else is about to send. @return false when the exchange is over */
static bool start_and_send(struct gw_exchange *ex)
{
    return start(ex) && (ex->state != GW_EX_WAITING || gw_stages_send_held(ex));
}

bool gw_attempt_body_whole(struct gw_exchange *ex)
{
    return start_and_send(ex);
}

void gw_attempt_fetched(struct gw_exchange *ex)
{
    (void)start_and_send(ex); /* a failure has answered the caller */
}

static void on_timer(struct gw_timer *timer)
{
    struct gw_managed *managed =
        (struct gw_managed *)((char *)timer - offsetof(struct gw_managed, timer));

    (void)start_and_send(managed->ex); /* a failure has answered the caller */
}

/* ---- after a failure ---- */

/* Nothing of the answer that came, or began to come, is left. */
static void forget_answer(struct gw_exchange *ex)
{
    struct gw_record *record = &ex->record;

    gw_buf_finish(&ex->held_body);
    ex->held_head = (struct gw_str){NULL, 0};
    ex->holding = false;
    ex->is_stream = false;
    record->stream = false;
    record->status = 0;
    record->error_type = GW_ERROR_NONE;
    record->timed_out = GW_TIMEOUT_NONE;
    record->at_ns[GW_AT_UPSTREAM_HEAD] = 0;
}

/* @return true: the exchange goes on with another attempt, or has ended */
static bool go_on(struct gw_exchange *ex, enum gw_outcome outcome, uint64_t retry_after_ms)
{
    struct gw_managed *managed = ex->managed;
    const struct gw_target_config *failed = managed->walk.target;
    bool slow = outcome == GW_OUTCOME_TIMEOUT || outcome == GW_OUTCOME_OVERLOADED;
    struct gw_walk_view view = view_of(ex);
    struct gw_walk_next next;

    gw_attempt_ended(ex, outcome);
    managed->outcome = outcome;
    ex->record.sent_once = ex->forward.sent_once && ex->forward.head_sent;
    if (ex->forward.head_sent && !ex->forward.keep)
        return false;
    /* The failure in hand is the answer where nobody else can carry the request. */
    managed->judging = ex->body_whole && gw_request_restore(ex);
    if (!gw_walk_next(&managed->walk, &view, slow ? GW_FAILURE_SLOW : GW_FAILURE_RETRYABLE,
                      retry_after_ms, &next))
        return false;
    if (ex->up)
        gw_up_abandon(ex->up);
    ex->up = NULL;
    count_move(ex, failed, outcome, next.is_retry);
    forget_answer(ex);
    gw_exchange_move(ex, GW_EX_RESOLVING);
    if (!gw_request_rewind(ex)) {
        gw_stages_overloaded(ex);
        return true;
    }
    ex->wants_whole = needs_whole(ex) && !ex->body_whole;
    if (ex->wants_whole)
        gw_down_resume(ex->down); /* the rest of the body starts it */
    else if (next.wait_ms)
        gw_loop_timer_set(gw_exchange_gateway(ex)->http.loop, &managed->timer, next.wait_ms);
    else
        (void)start_and_send(ex); /* a failure has answered the caller */
    return true;
}

bool gw_attempt_passes_over(struct gw_exchange *ex, const struct gw_http1_head *head,
                            struct gw_str bytes)
{
    enum gw_outcome outcome = gw_outcome_of_status(head->code);

    return is_failure(outcome) &&
           go_on(ex, outcome,
                 gw_retry_after_ms(head, bytes,
                                   ex->record.started_wall_ns +
                                       (gw_loop_now_ns(gw_exchange_gateway(ex)->http.loop) -
                                        ex->record.at_ns[GW_AT_START])));
}

bool gw_attempt_lost(struct gw_exchange *ex, enum gw_outcome outcome)
{
    /* Else its head was a failure after which nothing was left: how that answer ends changes nothing. */
    return ex->managed->under_way && go_on(ex, outcome, GW_RETRY_AFTER_NONE);
}
