#include "wire/player.h"

#include "wire/json_read.h"

#include <poll.h>

/* The words behind a verb, as a set. */
enum qualifier { RAW, HEAD, BODY, EVENT, CHUNK, END, NOTHING, SPLIT, PART, QUALIFIERS };
static const char *const qualifiers[QUALIFIERS] = {
    [RAW] = "raw", [HEAD] = "head",       [BODY] = "body",   [EVENT] = "event", [CHUNK] = "chunk",
    [END] = "end", [NOTHING] = "nothing", [SPLIT] = "split", [PART] = "part",
};
#define HAS(set, qualifier) ((set)&1u << (qualifier))

static bool take_qualifiers(struct player *player, struct gw_str rest, unsigned *set_out)
{
    *set_out = 0;
    for (struct gw_str word; word = script_word(&rest), word.len != 0;) {
        unsigned i = 0;
        while (i < QUALIFIERS && !gw_str_eq(word, gw_str_of(qualifiers[i])))
            i++;
        if (i == QUALIFIERS)
            return complain(player->complaint, "\"%.*s\" means nothing here", GW_STR_ARG(word));
        *set_out |= 1u << i;
    }
    return true;
}

bool player_expand(struct player *player, struct gw_str block, enum text_form form,
                   struct text *text)
{
    return text_expand(text, block, form, player->stage->names, player->stage->count + 1,
                       player->complaint);
}

static bool quiet(struct player *player)
{
    crowd_settle(&player->crowd);
    return gate_quiet(player->gate, player->complaint);
}

/* ---- parties ---- */

static int listener_of(const struct player *player, struct gw_str name)
{
    struct gw_str base = {name.base, gw_str_find(name, '.')};

    for (size_t i = 0; i < player->stage->count; i++)
        if (gw_str_eq(player->stage->names[i].name, base))
            return player->stage->listeners[i];
    return -1;
}

struct party *player_party(struct player *player, struct gw_str name)
{
    struct crowd *crowd = &player->crowd;
    int listener = listener_of(player, name);

    for (size_t i = 0; i < crowd->count; i++)
        if (gw_str_eq(crowd->all[i].name, name))
            return &crowd->all[i];
    if (listener == -1 && !gw_str_starts(name, GW_STR("client")) &&
        !gw_str_eq(name, GW_STR("admin")))
        return NULL;
    must(crowd->count < PARTIES_MAX, "too many parties");
    party_init(&crowd->all[crowd->count], name, listener);
    return &crowd->all[crowd->count++];
}

/* An upstream takes its next connection, a client opens one. */
static bool ensure_connected(struct player *player, struct party *party)
{
    if (party->fd != -1)
        return true;
    if (party->upstream)
        return party_accept(&player->crowd, party, player->complaint);
    return party_connect(party,
                         gw_str_eq(party->name, GW_STR("admin")) ? gate_admin_port(player->gate)
                                                                 : gate_port(player->gate),
                         player->complaint);
}

/* ---- sends ---- */

static bool send_pieces(struct player *player, struct party *party, const struct text *text,
                        const size_t *cuts, size_t count)
{
    struct gw_str bytes = gw_buf_str(&text->bytes);
    size_t at = 0;

    for (size_t i = 0; i <= count; i++) {
        size_t end = i < count ? cuts[i] : bytes.len;
        party_send(party, (struct gw_str){bytes.base + at, end - at});
        /* The next piece is read apart from it. */
        if (i < count && (!party_flush(&player->crowd, party, player->complaint) || !quiet(player)))
            return false;
        at = end;
    }
    return quiet(player);
}

/* What is sent, with the framing that the last head announced. */
static struct gw_str framed(struct player *player, const struct party *party, struct gw_str block,
                            unsigned set)
{
    bool event = HAS(set, EVENT), chunk = HAS(set, CHUNK) || (event && party->send_chunked);

    if (HAS(set, END))
        return party->send_chunked ? GW_STR("{last-chunk}") : GW_STR("");
    if (!event && !chunk)
        return block;
    return gw_arena_printf(&player->arena, "%s%.*s%s%s", chunk ? "{chunk}" : "", GW_STR_ARG(block),
                           event ? "{lf}{lf}" : "", chunk ? "{/chunk}" : "");
}

static void note_head(struct party *party, const struct text *text)
{
    struct gw_str head = {text->bytes.base, text->head_len};
    struct gw_str coding = match_field(head, GW_STR("transfer-encoding"));

    if (head.len == 0)
        return;
    party->asked_head = gw_str_starts(head, GW_STR("HEAD "));
    party->send_chunked = coding.base && gw_str_eq_nocase(coding, GW_STR("chunked"));
}

static bool do_sends(struct player *player, struct party *party, struct gw_str words,
                     struct gw_str block)
{
    struct text text;
    unsigned set;

    if (!take_qualifiers(player, words, &set) || !ensure_connected(player, party))
        return false;
    bool plain = HAS(set, BODY) || HAS(set, EVENT) || HAS(set, CHUNK) || HAS(set, END);
    bool ok = player_expand(player, framed(player, party, block, set),
                            HAS(set, RAW) ? TEXT_RAW
                            : plain       ? TEXT_BODY
                                          : TEXT_MESSAGE,
                            &text);
    note_head(party, &text);
    if (ok && (HAS(set, SPLIT) || HAS(set, PART))) {
        player->positions = text.to - text.from + 1;
        size_t at = text.from + player->position;
        if (HAS(set, PART))
            text.bytes.tail = text.bytes.head + at;
        ok = send_pieces(player, party, &text, &at, HAS(set, SPLIT) ? 1 : 0);
    } else if (ok) {
        ok = send_pieces(player, party, &text, text.cuts, text.cuts_count);
    }
    text_finish(&text);
    return ok;
}

/* ---- receives ---- */

static bool receives_nothing(struct player *player, struct party *party)
{
    struct pollfd waiting = {.fd = party->listener, .events = POLLIN};

    if (!quiet(player))
        return false;
    if (party->fd == -1)
        return !party->upstream || poll(&waiting, 1, 0) == 0 ||
               complain(player->complaint, "a connection came");
    party_peek(party);
    if (gw_buf_len(&party->in) + gw_buf_len(&party->body) == 0 && !party->ended)
        return true;
    complain(player->complaint, "expected nothing, got%s:", party->ended ? " its end" : "");
    complain_bytes(player->complaint, "    | ", gw_buf_str(&party->in));
    return false;
}

static bool do_receives(struct player *player, struct party *party, struct gw_str words,
                        struct gw_str block)
{
    struct text text;
    unsigned set;

    if (!take_qualifiers(player, words, &set))
        return false;
    if (HAS(set, NOTHING))
        return receives_nothing(player, party);
    if (!ensure_connected(player, party))
        return false;
    if (HAS(set, END))
        return party_receive_end(&player->crowd, party, player->complaint);
    if (HAS(set, EVENT))
        block = gw_arena_printf(&player->arena, "%.*s{lf}{lf}", GW_STR_ARG(block));
    bool bytes = HAS(set, RAW) || HAS(set, BODY) || HAS(set, EVENT);
    bool ok = player_expand(player, block,
                            HAS(set, RAW) ? TEXT_RAW
                            : bytes       ? TEXT_BODY
                                          : TEXT_MESSAGE,
                            &text);
    if (ok)
        ok = bytes
                 ? party_receive_bytes(&player->crowd, party, &text, HAS(set, RAW),
                                       player->complaint)
                 : party_receive(&player->crowd, party, &text, !HAS(set, HEAD), player->complaint);
    text_finish(&text);
    return ok;
}

/* ---- the other verbs ---- */

static bool do_connects(struct player *player, struct party *party, struct gw_str words,
                        struct gw_str block)
{
    (void)words, (void)block;
    if (party->fd != -1)
        return complain(player->complaint, "there is a connection already");
    return ensure_connected(player, party) && quiet(player);
}

static bool do_closes(struct player *player, struct party *party, struct gw_str words,
                      struct gw_str block)
{
    (void)words, (void)block;
    party_close(party, false);
    return quiet(player);
}

static bool do_resets(struct player *player, struct party *party, struct gw_str words,
                      struct gw_str block)
{
    (void)words, (void)block;
    party_close(party, true);
    return quiet(player);
}

/* Who did not answer connections takes them from now on. */
static bool do_listens(struct player *player, struct party *party, struct gw_str words,
                       struct gw_str block)
{
    (void)words, (void)block;
    stage_listen(player->stage, party->name);
    return true;
}

static bool do_half_closes(struct player *player, struct party *party, struct gw_str words,
                           struct gw_str block)
{
    (void)words, (void)block;
    party_half_close(party);
    return quiet(player);
}

static bool do_sees(struct player *player, struct party *party, struct gw_str words,
                    struct gw_str block)
{
    static const char *const ends[] = {
        [PARTY_CLOSED] = "close", [PARTY_RESET] = "reset", [PARTY_CUT] = "cut"};
    (void)block;

    if (party->fd == -1)
        return complain(player->complaint, "there is no connection");
    for (size_t i = 0; i < GW_COUNT(ends); i++)
        if (gw_str_eq(words, gw_str_of(ends[i])))
            return party_sees(&player->crowd, party, (enum party_end)i, player->complaint);
    return complain(player->complaint, "a party sees close, reset or cut");
}

/* Not all of what it sends is taken: the gateway has stopped reading. */
static bool do_stalls(struct player *player, struct party *party, struct gw_str words,
                      struct gw_str block)
{
    int still = 0;
    (void)words, (void)block;

    while (still < 3) {
        size_t before = gw_buf_len(&party->out);
        if (!quiet(player))
            return false;
        size_t left = gw_buf_len(&party->out);
        if (left == 0)
            return complain(player->complaint, "everything was taken");
        still = left == before ? still + 1 : 0;
    }
    return true;
}

static const struct {
    const char *name;
    bool (*run)(struct player *player, struct party *party, struct gw_str words,
                struct gw_str block);
} verbs[] = {
    {"accepts", do_connects},        {"closes", do_closes},   {"connects", do_connects},
    {"half-closes", do_half_closes}, {"listens", do_listens}, {"receives", do_receives},
    {"resets", do_resets},           {"sees", do_sees},       {"sends", do_sends},
    {"stalls", do_stalls},
};

/* ---- commands ---- */

static bool do_step(struct player *player, struct gw_str words, struct gw_str block)
{
    size_t digits = 0;
    uint64_t amount = 0;
    (void)block;

    while (digits < words.len && words.base[digits] >= '0' && words.base[digits] <= '9')
        digits++;
    struct gw_str unit = gw_str_from(words, digits);
    bool ms = gw_str_eq(unit, GW_STR("ms"));
    if (!gw_str_to_u64((struct gw_str){words.base, digits}, &amount) ||
        (!ms && !gw_str_eq(unit, GW_STR("s"))))
        return complain(player->complaint, "step 500ms, or step 61s");
    return gate_step(player->gate, amount * (ms ? 1000000u : 1000000000u), player->complaint);
}

static bool field_fits(struct player *player, const struct gw_json *json, struct gw_str name,
                       struct gw_str wanted)
{
    uint32_t value = gw_json_get(json, 0, name);
    struct gw_str got = gw_json_raw(json, value);
    struct text text;

    if (gw_json_type(json, value) != GW_JSON_IS_STRING)
        got = gw_json_slice(json, value);
    if (gw_str_eq(wanted, GW_STR("-")))
        return got.base == NULL;
    bool ok = player_expand(player, wanted, TEXT_RAW, &text) && got.base && match_whole(&text, got);
    text_finish(&text);
    return ok;
}

static bool do_record(struct player *player, struct gw_str words, struct gw_str block)
{
    struct gw_str line;
    struct gw_json json;
    struct gw_err err;
    bool ok = true;
    (void)block;

    if (!gate_log_line(player->gate, &line, player->complaint))
        return false;
    if (gw_json_read(line, &player->arena, 1000, &json, &err) != GW_OK)
        return complain(player->complaint, "not JSON: %.*s", GW_STR_ARG(line));
    for (struct gw_str word; word = script_word(&words), word.len != 0;) {
        size_t len = gw_str_find(word, '=');
        struct gw_str name = {word.base, len}, wanted = gw_str_from(word, len + 1);
        if (!field_fits(player, &json, name, wanted))
            ok = complain(player->complaint, "  expected: %.*s", GW_STR_ARG(word));
    }
    return ok || complain(player->complaint, "  got:      %.*s", GW_STR_ARG(line));
}

static bool do_reload(struct player *player, struct gw_str words, struct gw_str block)
{
    struct text text;
    bool bad = gw_str_eq(words, GW_STR("refused"));

    bool ok = player_expand(player, block, TEXT_BODY, &text) &&
              gate_reload(player->gate, gw_buf_str(&text.bytes), !bad, player->complaint);
    text_finish(&text);
    return ok;
}

static bool do_secret(struct player *player, struct gw_str words, struct gw_str block)
{
    (void)block;
    must(player->secrets_count < SECRETS_MAX, "too many secrets");
    player->secrets[player->secrets_count++] = words;
    return true;
}

static bool do_drain(struct player *player, struct gw_str words, struct gw_str block)
{
    (void)words, (void)block;
    return gate_drain(player->gate, player->complaint);
}

static bool do_drained(struct player *player, struct gw_str words, struct gw_str block)
{
    (void)words, (void)block;
    return gate_wait_drained(player->gate, player->complaint);
}

static bool do_freeze(struct player *player, struct gw_str words, struct gw_str block)
{
    (void)words, (void)block;
    return gate_freeze(player->gate, player->complaint);
}

static bool do_thaw(struct player *player, struct gw_str words, struct gw_str block)
{
    (void)words, (void)block;
    gate_thaw(player->gate);
    return quiet(player);
}

static const struct {
    const char *name;
    bool (*run)(struct player *player, struct gw_str words, struct gw_str block);
} commands[] = {
    {"drain", do_drain},   {"drained", do_drained}, {"freeze", do_freeze}, {"record", do_record},
    {"reload", do_reload}, {"secret", do_secret},   {"step", do_step},     {"thaw", do_thaw},
};

bool player_step(struct player *player, const struct step *step)
{
    const struct table *table = &player->script->table;
    struct gw_str words = script_fill(table, player->row, step->command, &player->arena);
    struct gw_str block = script_fill(table, player->row, step->block, &player->arena);
    struct gw_str first = script_word(&words);

    for (size_t i = 0; i < GW_COUNT(commands); i++)
        if (gw_str_eq(first, gw_str_of(commands[i].name)))
            return commands[i].run(player, words, block);
    struct party *party = player_party(player, first);
    if (!party)
        return complain(player->complaint,
                        "\"%.*s\" is no command, no client and no upstream of the configuration",
                        GW_STR_ARG(first));
    struct gw_str verb = script_word(&words);
    for (size_t i = 0; i < GW_COUNT(verbs); i++)
        if (gw_str_eq(verb, gw_str_of(verbs[i].name)))
            return verbs[i].run(player, party, words, block);
    return complain(player->complaint, "nobody does \"%.*s\"", GW_STR_ARG(verb));
}
