#include "model/turn_state.h"

#include "model/carrier.h"

/* Of one turn: more are not kept, and not asked for. */
#define CALLS_MAX 32u
#define LOOKUPS_MAX 4u

struct gw_turn_call {
    struct gw_str id; /* decoded */
    struct gw_turn_call *next;
};

/* ---- taking ---- */

void gw_turn_state_init(struct gw_turn_state *state, struct gw_arena *arena)
{
    *state = (struct gw_turn_state){.arena = arena};
    gw_buf_init(&state->blocks, GW_CARRY_ENTRY_BYTES_MAX);
    gw_buf_init(&state->id, GW_CARRY_ENTRY_BYTES_MAX);
    gw_buf_init(&state->text, GW_CARRY_ENTRY_BYTES_MAX);
    gw_buf_init(&state->signature, GW_CARRY_ENTRY_BYTES_MAX);
}

void gw_turn_state_finish(struct gw_turn_state *state)
{
    gw_buf_finish(&state->blocks);
    gw_buf_finish(&state->id);
    gw_buf_finish(&state->text);
    gw_buf_finish(&state->signature);
}

static void check(struct gw_turn_state *state, enum gw_status status)
{
    if (status == GW_OK)
        return;
    state->lost = true;
    gw_turn_state_finish(state);
}

static void add_block(struct gw_turn_state *state, const struct gw_part *part)
{
    enum gw_status status = gw_buf_add_c(&state->blocks, gw_family_letter(part->family));

    if (status == GW_OK)
        status = gw_carrier_write_json(part, state->index, &state->blocks);
    if (status == GW_OK)
        status = gw_buf_add_c(&state->blocks, '\n'); /* stands in no JSON text */
    check(state, status);
}

static void add_call(struct gw_turn_state *state, const struct gw_event *event)
{
    struct gw_turn_call *call;

    if (gw_text_present(event->gsig) && event->gsig.raw.len) {
        const struct gw_part part = {.kind = GW_PART_TOOL_CALL,
                                     .family = GW_FAMILY_GEMINI,
                                     .id = event->id,
                                     .gsig = event->gsig};
        state->proved = true;
        add_block(state, &part);
    }
    if (state->calls_count == CALLS_MAX)
        return;
    call = gw_arena_alloc(state->arena, sizeof *call);
    struct gw_str id = gw_text_decode(event->id, state->arena);
    if (id.len)
        id = gw_arena_str(state->arena, id);
    if (!call || !id.base) {
        check(state, GW_NO_MEMORY);
        return;
    }
    *call = (struct gw_turn_call){id, state->calls};
    state->calls = call;
    state->calls_count++;
}

static void empty(struct gw_buf *buf)
{
    gw_buf_take(buf, gw_buf_len(buf));
}

static void begin_block(struct gw_turn_state *state, const struct gw_event *event)
{
    state->kind = event->block_kind;
    state->family = event->family;
    state->index = event->block;
    empty(&state->id);
    empty(&state->text);
    empty(&state->signature);
    if (event->block_kind == GW_BLOCK_TOOL)
        add_call(state, event);
    else if (event->block_kind == GW_BLOCK_REASONING || event->block_kind == GW_BLOCK_REDACTED)
        check(state, gw_buf_add(&state->id, event->id.raw));
}

static void take_delta(struct gw_turn_state *state, const struct gw_event *event)
{
    bool reasoning = state->kind == GW_BLOCK_REASONING && event->delta == GW_DELTA_REASONING;
    bool data = state->kind == GW_BLOCK_REDACTED && event->delta == GW_DELTA_DATA;

    if (reasoning || data)
        check(state, gw_buf_add(&state->text, event->text.raw));
    else if (state->kind == GW_BLOCK_REASONING && event->delta == GW_DELTA_SIGNATURE)
        check(state, gw_buf_add(&state->signature, event->text.raw));
}

static struct gw_text text_of(const struct gw_buf *buf)
{
    return gw_buf_len(buf) ? (struct gw_text){gw_buf_str(buf)} : (struct gw_text){{NULL, 0}};
}

/* What OpenAI lets read of its reasoning is told apart from what proves it, and belongs to it. */
static bool belongs(const struct gw_turn_state *state)
{
    bool plain = state->family == GW_FAMILY_PLAIN || state->family == GW_FAMILY_NONE;

    return gw_buf_len(&state->signature) || (!plain && gw_buf_len(&state->text));
}

static void end_block(struct gw_turn_state *state)
{
    struct gw_part part = {.family = state->family, .id = text_of(&state->id)};

    if (state->kind == GW_BLOCK_REASONING && belongs(state)) {
        state->proved = state->proved || gw_buf_len(&state->signature);
        part.kind = GW_PART_REASONING;
        part.text = text_of(&state->text);
        part.signature = text_of(&state->signature);
        add_block(state, &part);
    } else if (state->kind == GW_BLOCK_REDACTED && gw_buf_len(&state->text)) {
        state->proved = true;
        part.kind = GW_PART_REDACTED;
        part.data = text_of(&state->text);
        add_block(state, &part);
    }
}

void gw_turn_state_take(struct gw_turn_state *state, const struct gw_event *event)
{
    if (state->lost)
        return;
    switch (event->kind) {
    case GW_EVENT_BLOCK_START:
        begin_block(state, event);
        break;
    case GW_EVENT_DELTA:
        take_delta(state, event);
        break;
    case GW_EVENT_BLOCK_STOP:
        end_block(state);
        break;
    case GW_EVENT_START:
    case GW_EVENT_USAGE:
    case GW_EVENT_FINISH:
    case GW_EVENT_ERROR:
    case GW_EVENT_PING:
    case GW_EVENT_END:
        break;
    }
}

void gw_turn_state_keep(const struct gw_turn_state *state, const struct gw_turn_keeper *keeper)
{
    struct gw_buf kept;

    if (state->lost || !state->calls || !state->proved)
        return;
    gw_buf_init(&kept, GW_CARRY_ENTRY_BYTES_MAX);
    enum gw_status status =
        gw_buf_add(&kept, (struct gw_str){(const char *)&keeper->origin, sizeof keeper->origin});
    if (status == GW_OK)
        status = gw_buf_add(&kept, gw_buf_str(&state->blocks));
    for (const struct gw_turn_call *call = state->calls; status == GW_OK && call; call = call->next)
        (void)gw_carry_put(keeper->carry, &keeper->tenant, call->id, gw_buf_str(&kept),
                           keeper->now_ms);
    gw_buf_finish(&kept);
}

/* ---- putting back ---- */

struct restoring {
    struct gw_request *request;
    const struct gw_turn_keeper *keeper;
    enum gw_family upstream;
    struct gw_str last; /* that was put back */
};

static bool has_state(const struct gw_message *message)
{
    for (const struct gw_part *part = message->parts; part; part = part->next)
        if (part->gsig.raw.len || (part->kind == GW_PART_REASONING && part->signature.raw.len) ||
            (part->kind == GW_PART_REDACTED && part->data.raw.len))
            return true;
    return false;
}

/* A turn that its caller has divided up gets its state once, in front. */
static struct gw_str look_up(struct restoring *restoring, const struct gw_message *message)
{
    const struct gw_turn_keeper *keeper = restoring->keeper;
    struct gw_arena *arena = restoring->request->arena;
    struct gw_str kept = {NULL, 0};
    unsigned asked = 0;

    for (const struct gw_part *part = message->parts; part && !kept.base && asked < LOOKUPS_MAX;
         part = part->next) {
        if (part->kind != GW_PART_TOOL_CALL)
            continue;
        kept = gw_carry_get(keeper->carry, &keeper->tenant, gw_text_decode(part->id, arena),
                            keeper->now_ms, arena);
        asked++;
    }
    if (!kept.base || gw_str_eq(kept, restoring->last))
        return (struct gw_str){NULL, 0};
    restoring->last = kept;
    return kept;
}

static bool is_usable(const struct restoring *restoring, struct gw_str origin,
                      enum gw_family family)
{
    const uint64_t *own = &restoring->keeper->origin;

    return (family == GW_FAMILY_ANTHROPIC && restoring->upstream == GW_FAMILY_ANTHROPIC) ||
           memcmp(origin.base, own, sizeof *own) == 0;
}

static void sign_call(struct gw_message *message, const struct gw_part *block,
                      struct gw_arena *arena)
{
    struct gw_str id = gw_text_decode(block->id, arena);

    for (struct gw_part *part = message->parts; id.base && part; part = part->next)
        if (part->kind == GW_PART_TOOL_CALL && gw_text_equals(part->id, id)) {
            part->gsig = block->gsig;
            return;
        }
}

/* Where the next block goes. */
struct place {
    struct gw_part **at;
    unsigned index;
};

/* To where it stood in its turn, but never behind the last call: a turn does not end with a thought. */
static void insert(struct place *place, struct gw_part *part, unsigned index)
{
    while (place->index < index && *place->at) {
        if (!(*place->at)->next && (*place->at)->kind == GW_PART_TOOL_CALL)
            break;
        place->at = &(*place->at)->next;
        place->index++;
    }
    part->next = *place->at;
    *place->at = part;
    place->at = &part->next;
    place->index++;
}

/* What nothing proves says again what is put back. */
static void drop_unproved(struct gw_message *message)
{
    for (struct gw_part **at = &message->parts; *at;)
        if ((*at)->kind == GW_PART_REASONING || (*at)->kind == GW_PART_REDACTED)
            *at = (*at)->next;
        else
            at = &(*at)->next;
}

static enum gw_status put_back(struct restoring *restoring, struct gw_message *message,
                               struct gw_str kept)
{
    struct gw_arena *arena = restoring->request->arena;
    struct gw_str origin = {kept.base, sizeof restoring->keeper->origin};
    struct place place = {.at = NULL};

    for (struct gw_str rest = gw_str_from(kept, origin.len); rest.len;) {
        struct gw_str line = {rest.base, gw_str_find(rest, '\n')};
        enum gw_family family = gw_family_of(line.base[0]);
        struct gw_part *part;
        unsigned index;
        rest = gw_str_from(rest, line.len + 1);
        if (!is_usable(restoring, origin, family))
            continue;
        enum gw_status status =
            gw_carrier_read_json(gw_str_from(line, 1), family, arena, &part, &index);
        if (status != GW_OK)
            return status;
        if (part && part->kind == GW_PART_TOOL_CALL) {
            sign_call(message, part, arena);
        } else if (part) {
            if (!place.at) {
                drop_unproved(message);
                place.at = &message->parts;
            }
            insert(&place, part, index);
        }
    }
    return GW_OK;
}

enum gw_status gw_turn_state_restore(struct gw_request *request,
                                     const struct gw_turn_keeper *keeper, enum gw_family upstream)
{
    struct restoring restoring = {.request = request, .keeper = keeper, .upstream = upstream};
    enum gw_status status = GW_OK;

    for (struct gw_message *message = request->messages; status == GW_OK && message;
         message = message->next) {
        if (message->role != GW_ROLE_ASSISTANT || has_state(message))
            continue;
        struct gw_str kept = look_up(&restoring, message);
        if (kept.base)
            status = put_back(&restoring, message, kept);
    }
    return status;
}
