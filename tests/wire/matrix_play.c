/*
 * One cell of the matrix, from the caller's request to the record.
 *
 * The clock stands but for our steps, so a moment is exact. Only when an attempt that nobody sees begins
 * after a random wait is not known: so moments are spans here, and "not before" counts from their begin,
 * "by then" from their end.
 */
#include "wire/matrix_plan.h"

#include "base/clock.h"
#include "io/loop.h"
#include "wire/loops.h"
#include "wire/player.h"
#include "wire/stopwatch.h"

#include <poll.h>
#include <stdio.h>

#define MS ((uint64_t)GW_NS_PER_MS)
/* A timer never fires early, and at most this late: a tick, and what is cut off a millisecond. */
#define SLACK_NS ((GW_LOOP_TICK_MS + 1) * MS)
#define ARRIVAL_SLICE_MS 10u
/* Nearly always a refusal is known when the gateway has asked; the kernel may also think it over. */
#define REFUSAL_MS 25
/* Nothing that is still planned then is planned for ever. */
#define AFTERWARDS_MS 65000u

/* A moment, by the gateway's clock. */
struct span {
    uint64_t from, to;
};

enum { UP, X, DATE, COLUMNS };

struct matrix {
    struct player player;
    const struct fault *fault;
    enum strategy strategy;
    bool all;
    struct plan plan;
    struct gw_str cells[COLUMNS];
    char ups[MATRIX_TARGETS][16], x[2], date[40]; /* parties are known by their names for good */
    uint64_t date_ns;                             /* the same */
    unsigned waited;                              /* times, at random */
    struct span begun, failed;                    /* the attempt in hand */
    struct span again[MATRIX_TARGETS];            /* when each target wants to be asked again */
};

static unsigned waits[MATRIX_WAITS][MATRIX_WAIT_PARTS];

const unsigned *matrix_waits(unsigned number)
{
    return waits[number];
}

/* ---- the cell ---- */

static bool is_faulty(const struct matrix *m, unsigned number)
{
    return m->all || number == 0;
}

/* Does its upstream get to see the attempt? */
static bool is_seen(const struct matrix *m, unsigned number)
{
    return !is_faulty(m, number) || (m->fault->upstream && !m->fault->upstream[0]);
}

/* ---- acts ---- */

/* One command of a script. */
static bool act(struct matrix *m, const char *command, const char *block)
{
    struct step step = {.command = gw_str_of(command), .block = gw_str_of(block ? block : "")};

    return player_step(&m->player, &step);
}

static bool quiet(struct matrix *m)
{
    crowd_settle(&m->player.crowd);
    return gate_quiet(m->player.gate, m->player.complaint);
}

/* One that the gateway hears of: it has dealt with it when this returns. */
static bool act_on_gate(struct matrix *m, const char *command, const char *block)
{
    unsigned turns = loops_turns();

    return act(m, command, block) &&
           (loops_wait_turn(turns, PARTY_DEADLINE_MS) ||
            complain(m->player.complaint, "the gateway heard nothing of: %s", command)) &&
           quiet(m);
}

static bool step_to(struct matrix *m, uint64_t moment)
{
    uint64_t now = gw_clock_ns();

    return quiet(m) &&
           (moment <= now || gate_step(m->player.gate, moment - now, m->player.complaint));
}

/* Who is in hand: what {up} and {x} stand for. */
static void take_in_hand(struct matrix *m, char target)
{
    bool faulty = m->all || target == 'a';
    const char *prefix = faulty && m->fault->upstream ? m->fault->upstream : "";
    char *up = m->ups[target - 'a'];

    (void)snprintf(up, sizeof m->ups[0], "%s%c", prefix, target);
    m->x[0] = target;
    m->cells[UP] = gw_str_of(up);
    m->cells[X] = gw_str_of(m->x);
}

static void set_date(struct matrix *m)
{
    time_t date = (time_t)((gw_clock_wall_ns() + m->fault->retry_after_ms * MS) / (1000 * MS));
    struct tm parts;

    m->date_ns = (uint64_t)date * 1000 * MS;
    must(gmtime_r(&date, &parts) != NULL, "gmtime_r");
    (void)strftime(m->date, sizeof m->date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    m->cells[DATE] = gw_str_of(m->date);
}

static struct party *upstream_in_hand(struct matrix *m)
{
    return player_party(&m->player, m->cells[UP]);
}

static bool has_connection_waiting(const struct party *party)
{
    struct pollfd waiting = {.fd = party->listener, .events = POLLIN};

    return poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLIN);
}

/* Has an attempt come to the upstream in hand: on the connection it has, or on another? */
static bool has_come(struct matrix *m)
{
    struct party *party = upstream_in_hand(m);

    if (has_connection_waiting(party)) {
        party_close(party, false); /* the one it had is not used any more */
        return true;
    }
    if (party->fd != -1)
        party_peek(party);
    return gw_buf_len(&party->in) > 0;
}

/* It was sent already, and must arrive: the kernel may need a while. */
static bool arrives(struct matrix *m)
{
    const struct party *party = upstream_in_hand(m);

    for (unsigned left_ms = PARTY_DEADLINE_MS; left_ms > 0; left_ms -= ARRIVAL_SLICE_MS) {
        struct pollfd polled[] = {{.fd = party->listener, .events = POLLIN},
                                  {.fd = party->fd, .events = POLLIN}};
        if (has_come(m))
            return true;
        (void)poll(polled, party->fd == -1 ? 1 : 2, ARRIVAL_SLICE_MS);
    }
    return has_come(m);
}

/* Has the caller got something, or anybody a request that was not there before? */
static bool has_moved(struct matrix *m)
{
    struct player *player = &m->player;

    for (size_t i = 0; i < player->crowd.count; i++) {
        struct party *party = &player->crowd.all[i];
        if (party->fd != -1)
            party_peek(party);
        if (gw_buf_len(&party->in) + gw_buf_len(&party->body))
            return true;
    }
    for (size_t i = 0; i < player->stage->count; i++) {
        const struct party waiting = {.listener = player->stage->listeners[i]};
        if (!player->stage->is_hole[i] && has_connection_waiting(&waiting))
            return true;
    }
    return false;
}

/* ---- an attempt comes ---- */

static bool complain_of_wait(struct matrix *m, unsigned number, const char *what)
{
    return complain(m->player.complaint, "attempt %u, at %s: %s", number + 1, m->cells[UP].base,
                    what);
}

/* In parts, so that it is known how long the wait was. */
static bool comes_within(struct matrix *m, unsigned number, unsigned wait_ms)
{
    if (!is_seen(m, number)) {
        m->begun.from = m->failed.from;
        return step_to(m, m->failed.to + wait_ms * MS + SLACK_NS);
    }
    for (unsigned part = 0; part < MATRIX_WAIT_PARTS; part++) {
        uint64_t passed = wait_ms * MS * (part + 1) / MATRIX_WAIT_PARTS;
        m->begun.from = gw_clock_ns();
        if (!step_to(m, m->failed.to + passed + SLACK_NS))
            return false;
        bool last = part + 1 == MATRIX_WAIT_PARTS;
        if (last ? arrives(m) : has_come(m)) {
            waits[m->waited][part]++;
            m->waited++;
            return true;
        }
    }
    return complain_of_wait(m, number, "it did not come in time");
}

static bool comes_when_asked_to(struct matrix *m, unsigned number, const struct span *again)
{
    if (!step_to(m, again->from - MS))
        return false;
    if (has_come(m))
        return complain_of_wait(m, number, "it came early");
    m->begun.from = again->from;
    return step_to(m, again->to + SLACK_NS) &&
           (arrives(m) || complain_of_wait(m, number, "it did not come in time"));
}

static bool comes_at_once(struct matrix *m, unsigned number)
{
    m->begun.from = m->failed.from;
    return !is_seen(m, number) || arrives(m) ||
           complain_of_wait(m, number, "it did not come at once");
}

static bool comes(struct matrix *m, unsigned number)
{
    const struct attempt *attempt = &m->plan.attempts[number];
    bool ok;

    take_in_hand(m, attempt->target);
    if (m->fault->upstream && m->fault->upstream[0] && !is_faulty(m, number) &&
        attempt->target == 'a' && !act(m, "{up} listens", NULL))
        return false;
    if (attempt->wait == 'w')
        ok = comes_within(m, number, attempt->wait_ms);
    else if (attempt->wait == 'r')
        ok = comes_when_asked_to(m, number, &m->again[attempt->target - 'a']);
    else
        ok = comes_at_once(m, number);
    m->begun.to = gw_clock_ns();
    return ok;
}

/* Lines of the answer's head that say who answered, or failed. */
static struct gw_str told_of_target(struct matrix *m)
{
    return m->strategy == EXPERIMENT
               ? gw_arena_printf(&m->player.arena,
                                 "x-gateway-target: %c::model-%c\nx-gateway-variant: with-%c\n",
                                 m->x[0], m->x[0], m->x[0])
               : gw_arena_printf(&m->player.arena, "x-gateway-target: to-%c\n!x-gateway-variant\n",
                                 m->x[0]);
}

/* ---- it fails ---- */

static void note_retry_after(struct matrix *m, char target)
{
    struct span *again = &m->again[target - 'a'];
    uint64_t wait = m->fault->retry_after_ms * MS;

    *again = (struct span){m->failed.from + wait, m->failed.to + wait};
    if (m->fault->is_date) {
        uint64_t date = gw_clock_ns() + (m->date_ns - gw_clock_wall_ns());
        *again = (struct span){date, date};
    }
}

/* Nothing happens before the limit of time; what happens then is for what follows to see. */
static bool runs_out_of_time(struct matrix *m)
{
    struct span since = m->fault->limit_from_act ? m->failed : m->begun;
    uint64_t limit = m->fault->limit_ms * MS;

    if (!step_to(m, since.from + limit - MS))
        return false;
    if (has_moved(m))
        return complain(m->player.complaint, "a limit of %u ms ended early", m->fault->limit_ms);
    m->failed.from = since.from + limit;
    if (!step_to(m, since.to + limit + SLACK_NS))
        return false;
    m->failed.to = gw_clock_ns();
    return true;
}

static bool receives_first_event(struct matrix *m)
{
    struct gw_str told = told_of_target(m);
    struct gw_str head = gw_arena_printf(
        &m->player.arena, "HTTP/1.1 200 OK\n%.*s!x-to11-error-code\n...", GW_STR_ARG(told));

    return act(m, "client receives head", head.base) &&
           act(m, "client receives event", "data: {\"from\":\"{x}\"}");
}

/* What fails without the network is told by the next tick: a name, then that there is no address. */
static bool is_told(struct matrix *m)
{
    if (m->fault->acts[0].command)
        return true;
    (void)loops_wait_turn(loops_turns(), REFUSAL_MS);
    if (!step_to(m, m->begun.to + SLACK_NS) || !step_to(m, m->begun.to + 2 * SLACK_NS))
        return false;
    m->failed.to = gw_clock_ns();
    return true;
}

static bool fails(struct matrix *m, char target)
{
    const struct fault *fault = m->fault;

    m->failed = m->begun;
    if (fault->is_date)
        set_date(m);
    for (size_t i = 0; i < GW_COUNT(fault->acts) && fault->acts[i].command; i++) {
        const char *command = fault->acts[i].command;
        bool to_gate =
            gw_str_starts(gw_str_of(command), GW_STR("{up}")) && !strstr(command, "receives");
        if (!(to_gate ? act_on_gate : act)(m, command, fault->acts[i].block))
            return false;
        m->failed.from = m->failed.to = gw_clock_ns();
    }
    if (fault->stream && !receives_first_event(m))
        return false;
    if (fault->retry_after_ms)
        note_retry_after(m, target);
    return fault->limit_ms ? runs_out_of_time(m) : is_told(m);
}

static bool answers(struct matrix *m)
{
    return act(m, "{up} receives",
               "POST /v1/chat/completions HTTP/1.1\n...\n\n{\"model\":\"model-{x}\"}") &&
           act(m, "{up} sends",
               "HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-length: {len}\n\n"
               "{\"from\":\"{x}\"}");
}

/* ---- what the caller gets ---- */

static bool receives_answer(struct matrix *m)
{
    const struct fault *fault = m->fault;
    struct gw_arena *arena = &m->player.arena;
    bool good = m->plan.status == 200;
    struct gw_str own = good ? GW_STR("!x-to11-error-code\n!x-to11-upstream-provider\n")
                             : gw_arena_printf(arena,
                                               "x-to11-error-code: %s\n"
                                               "x-to11-upstream-provider: {x}\n",
                                               fault->error_code);
    struct gw_str body =
        good || !fault->code
            ? GW_STR("{\"from\":\"{x}\"}")
            : gw_arena_printf(arena,
                              "{\"error\":{\"message\":\"provider \\\"{x}\\\"{*}: %s\","
                              "\"type\":\"server_error\",\"param\":null,\"code\":\"%s\"}}",
                              fault->says, fault->code);
    const char *further = good || !fault->passed_on ? "!retry-after" : fault->passed_on;
    struct gw_str told = told_of_target(m);
    struct gw_str block =
        gw_arena_printf(arena, "HTTP/1.1 %u {*}\n%.*s%.*s%s\n...\n\n%.*s", m->plan.status,
                        GW_STR_ARG(told), GW_STR_ARG(own), further, GW_STR_ARG(body));

    return act(m, "client receives", block.base);
}

/* The head and an event were there before it broke off. */
static bool receives_rest(struct matrix *m)
{
    struct gw_str event = gw_arena_printf(
        &m->player.arena,
        "{...}data: {\"error\":{\"message\":\"%s\",\"type\":\"server_error\",\"param\":null,"
        "\"code\":\"%s\"}}{lf}{lf}",
        m->fault->says, m->fault->code);

    return act(m, "client receives body", event.base) && act(m, "client sees cut", NULL);
}

static bool is_recorded(struct matrix *m)
{
    bool good = m->plan.status == 200 && !m->plan.cut, experiment = m->strategy == EXPERIMENT;
    struct gw_str target =
        gw_arena_printf(&m->player.arena, experiment ? "%c::model-%c" : "to-%c", m->x[0], m->x[0]);
    struct gw_str record = gw_arena_printf(
        &m->player.arena,
        "record status=%u attempts=%u target=%.*s error_type=%s model_requested=m "
        "model_used=model-{x} stream=%s route=%s function=%s",
        m->plan.status, m->plan.count, GW_STR_ARG(target), good ? "-" : m->fault->error_type,
        m->plan.cut ? "true" : "false", experiment ? "-" : "m", experiment ? "m" : "-");

    return act(m, record.base, NULL);
}

/* Whatever might still be planned would have come by then. */
static bool nothing_follows(struct matrix *m)
{
    return gate_step(m->player.gate, AFTERWARDS_MS * MS, m->player.complaint) &&
           (!has_moved(m) ||
            complain(m->player.complaint, "something was sent after the answer had been"));
}

/* ---- all of it ---- */

static bool play_attempts(struct matrix *m)
{
    if (!act_on_gate(m, "client connects", NULL) ||
        !act_on_gate(
            m, "client sends",
            m->fault->stream
                ? "POST /v1/chat/completions HTTP/1.1\nhost: gateway\ncontent-length: {len}\n\n"
                  "{\"model\":\"m\",\"stream\":true}"
                : "POST /v1/chat/completions HTTP/1.1\nhost: gateway\ncontent-length: {len}\n\n"
                  "{\"model\":\"m\"}"))
        return false;
    m->failed.from = m->failed.to = gw_clock_ns();
    for (unsigned i = 0; i < m->plan.count; i++) {
        if (!comes(m, i) || !(is_faulty(m, i) ? fails(m, m->plan.attempts[i].target) : answers(m)))
            return false;
        bool waits_unseen = !is_seen(m, i) && !m->fault->limit_ms; /* it may be over by now */
        if (i + 1 < m->plan.count && !waits_unseen && !act(m, "client receives nothing", NULL))
            return false;
    }
    return true;
}

static bool play_cell(struct matrix *m)
{
    if (!play_attempts(m))
        return false;
    take_in_hand(m, m->plan.target);
    return (m->plan.cut ? receives_rest(m) : receives_answer(m)) && is_recorded(m) &&
           nothing_follows(m);
}

bool matrix_play(const struct fault *fault, enum strategy strategy, bool all, const char *want,
                 struct complaint *complaint)
{
    struct matrix m = {.fault = fault, .strategy = strategy, .all = all};
    struct script script = {
        .table = {.names = {[UP] = GW_STR("up"), [X] = GW_STR("x"), [DATE] = GW_STR("date")},
                  .columns = COLUMNS,
                  .rows = 1,
                  .cells = m.cells}};
    struct stage stage = {.count = 0};
    struct gw_buf config;

    matrix_plan(want, &m.plan);
    set_date(&m);
    take_in_hand(&m, 'a');
    gw_buf_init(&config, (size_t)1 << 16);
    matrix_config(fault, strategy, all, &config);
    m.player = (struct player){.script = &script,
                               .stage = &stage,
                               .config = gw_buf_str(&config),
                               .positions = 1,
                               .complaint = complaint};
    bool ok = stage_open(&stage, m.player.config, complaint) && play_begin(&m.player);
    if (ok) {
        stopwatch_stop();
        ok = play_cell(&m);
        stopwatch_go_on();
        ok = play_end(&m.player, ok);
    }
    stage_close(&stage);
    gw_buf_finish(&config);
    return ok;
}
