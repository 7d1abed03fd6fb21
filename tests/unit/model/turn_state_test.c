/* Answers and conversations are lines as in conversation.h. Of an answer, reasoning is signed, unless its text
 * begins with '-'; the signature is its text behind "of ". */
#include <stdio.h>

#include "unit/test.h"

#include "model/turn_state.h"
#include "unit/model/conversation.h"

#define A GW_FAMILY_ANTHROPIC
#define O GW_FAMILY_OPENAI

struct scene {
    struct gw_arena arena;
    struct gw_turn_keeper keeper;
};

static void setup(struct scene *scene)
{
    gw_arena_init(&scene->arena, NULL);
    scene->keeper =
        (struct gw_turn_keeper){.carry = gw_carry_create(), .origin = 7, .now_ms = 1000};
    assert_non_null(scene->keeper.carry);
}

static void teardown(struct scene *scene)
{
    gw_carry_destroy(scene->keeper.carry);
    gw_arena_finish(&scene->arena);
}

/* Each event points into memory that is gone when it has been taken. */
static void take(struct gw_turn_state *state, const struct gw_event *event)
{
    struct gw_event copy = *event;
    struct gw_text *texts[] = {&copy.id, &copy.text, &copy.gsig};
    void *memory[GW_COUNT(texts)] = {NULL};

    for (size_t i = 0; i < GW_COUNT(texts); i++) {
        struct gw_str from = texts[i]->raw;
        if (!from.base)
            continue;
        memory[i] = test_malloc(from.len + 1);
        memcpy(memory[i], from.base, from.len);
        texts[i]->raw.base = memory[i];
    }
    gw_turn_state_take(state, &copy);
    for (size_t i = 0; i < GW_COUNT(texts); i++)
        test_free(memory[i]);
}

static void take_deltas(struct gw_turn_state *state, struct gw_event event,
                        const struct gw_part *part, struct gw_arena *arena)
{
    size_t half = part->text.raw.len / 2;

    event.kind = GW_EVENT_DELTA;
    event.id = event.gsig = (struct gw_text){{NULL, 0}};
    if (part->kind == GW_PART_REDACTED) {
        event.delta = GW_DELTA_DATA;
        event.text = part->data;
        take(state, &event);
        return;
    }
    event.delta = part->kind == GW_PART_REASONING ? GW_DELTA_REASONING : GW_DELTA_TEXT;
    event.text.raw = (struct gw_str){part->text.raw.base, half};
    take(state, &event);
    event.text.raw = gw_str_from(part->text.raw, half);
    take(state, &event);
    if (part->kind != GW_PART_REASONING || gw_str_starts(part->text.raw, GW_STR("-")))
        return;
    event.delta = GW_DELTA_SIGNATURE;
    event.text.raw = gw_arena_printf(arena, "of %.*s", GW_STR_ARG(part->text.raw));
    take(state, &event);
}

static void take_part(struct gw_turn_state *state, const struct gw_part *part, unsigned number,
                      enum gw_family family, struct gw_arena *arena)
{
    struct gw_event event = {.kind = GW_EVENT_BLOCK_START,
                             .block = number,
                             .block_kind = part->kind == GW_PART_REASONING   ? GW_BLOCK_REASONING
                                           : part->kind == GW_PART_REDACTED  ? GW_BLOCK_REDACTED
                                           : part->kind == GW_PART_TOOL_CALL ? GW_BLOCK_TOOL
                                                                             : GW_BLOCK_TEXT,
                             .family = family,
                             .id = part->id};

    /* Gemini's signature comes with the call. */
    if (part->kind == GW_PART_TOOL_CALL && family == GW_FAMILY_GEMINI)
        event.gsig.raw = gw_arena_printf(arena, "of %.*s", GW_STR_ARG(part->id.raw));
    take(state, &event);
    if (part->kind != GW_PART_TOOL_CALL)
        take_deltas(state, event, part, arena);
    event.kind = GW_EVENT_BLOCK_STOP;
    take(state, &event);
}

static void answer(struct scene *scene, const char *line, enum gw_family family)
{
    struct gw_request turn = {.arena = &scene->arena};
    struct gw_turn_state state;
    unsigned number = 0;

    conversation_read(line, &turn);
    gw_turn_state_init(&state, &scene->arena);
    for (const struct gw_part *part = turn.messages->parts; part; part = part->next)
        take_part(&state, part, number++, family, &scene->arena);
    gw_turn_state_keep(&state, &scene->keeper);
    gw_turn_state_finish(&state);
}

static void restore(struct scene *scene, const char *line, enum gw_family upstream,
                    struct gw_request *request)
{
    *request = (struct gw_request){.arena = &scene->arena};
    conversation_read(line, request);
    assert_int_equal(gw_turn_state_restore(request, &scene->keeper, upstream), GW_OK);
}

static void expect(const char *label, const struct gw_request *request, const char *want)
{
    struct gw_buf got;

    gw_buf_init(&got, 65536);
    conversation_write(request, &got);
    if (!gw_str_eq(gw_buf_str(&got), gw_str_of(want)))
        fail_msg("%s:\ngot    %.*s\nwanted %s", label, GW_STR_ARG(gw_buf_str(&got)), want);
    gw_buf_finish(&got);
}

/* What was put back has its proof, byte by byte. */
static void expect_proofs(const char *label, const struct gw_request *request,
                          enum gw_family family)
{
    for (const struct gw_message *message = request->messages; message; message = message->next)
        for (const struct gw_part *part = message->parts; part; part = part->next) {
            char proof[64];
            int len = snprintf(proof, sizeof proof, "of %.*s", GW_STR_ARG(part->text.raw));
            if (part->kind == GW_PART_REASONING && part->text.raw.base[0] != '-' &&
                (part->family != family ||
                 !gw_str_eq(part->signature.raw, (struct gw_str){proof, (size_t)len})))
                fail_msg("%s: \"%.*s\" has the signature \"%.*s\"", label,
                         GW_STR_ARG(part->text.raw), GW_STR_ARG(part->signature.raw));
        }
}

static const struct {
    const char *label, *answer, *request, *wanted;
    enum gw_family family;
} turns[] = {
    {"in front of the call", "a Khm C1", "u Tx|a C1|u R1", "u Tx|a Khm C1|u R1", A},
    {"in front of the text", "a Khm Tso C1", "u Tx|a Tso C1|u R1", "u Tx|a Khm Tso C1|u R1", A},
    {"behind the text", "a Tso Khm C1", "a Tso C1", "a Tso Khm C1", A},
    {"between calls", "a Khm C1 Kand C2", "a C1 C2", "a Khm C1 Kand C2", A},
    {"never behind the last", "a C1 Klate", "a C1", "a Klate C1", A},
    {"the text was left out", "a Khm Tso C1", "a C1", "a Khm C1", A},
    {"the text stood between", "a Kone Tso Ktwo C1", "a C1", "a Kone Ktwo C1", A},
    {"opaque state", "a Khm Dopaque C1", "a C1", "a Khm Dopaque C1", A},
    {"only opaque state", "a Dopaque C1", "a C1", "a Dopaque C1", A},
    {"the second call is left", "a Khm C1 C2", "a C2", "a Khm C2", A},
    {"a turn divided up", "a Khm C1 C2", "a C1|u R1|a C2|u R2", "a Khm C1|u R1|a C2|u R2", A},
    {"the visible text is there", "a Khm C1", "a K-hm C1", "a Khm C1", A},
    {"text that belongs to opaque state", "a K-sum Dopaque C1", "a C1", "a K-sum Dopaque C1", O},
    {"an escape stays", "a Kh\\u00e9\\n C1", "a C1", "a Kh\\u00e9\\n C1", A},
    /* Nothing happens. */
    {"nothing to prove", "a K-plain C1", "a C1", "a C1", A},
    {"nothing that could be proved", "a K-plain C1", "a C1", "a C1", GW_FAMILY_PLAIN},
    {"no call in the answer", "a Khm Tso", "a Tso", "a Tso", A},
    {"no call in the turn", "a Khm Tso C1", "a Tso", "a Tso", A},
    {"another call", "a Khm C1", "a C2", "a C2", A},
    {"opaque state was brought", "a Khm C1", "a Downstate C1", "a Downstate C1", A},
    {"a call of the user's", "a Khm C1", "u C1", "u C1", A},
};

static void test_state_goes_back_to_where_it_stood(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(turns); i++) {
        enum gw_family family = turns[i].family;
        struct gw_request request;
        struct scene scene;
        setup(&scene);
        answer(&scene, turns[i].answer, family);
        restore(&scene, turns[i].request, family, &request);
        expect(turns[i].label, &request, turns[i].wanted);
        if (strstr(turns[i].wanted, " K"))
            expect_proofs(turns[i].label, &request, family);
        teardown(&scene);
    }
}

static void test_signed_reasoning_that_was_brought_stays(void **state)
{
    struct gw_request request = {.arena = NULL};
    struct scene scene;

    (void)state;
    setup(&scene);
    answer(&scene, "a Khm C1", A);
    request.arena = &scene.arena;
    conversation_read("a Kown C1", &request);
    request.messages->parts->signature = GW_TEXT("own");
    assert_int_equal(gw_turn_state_restore(&request, &scene.keeper, A), GW_OK);
    expect("signed", &request, "a Kown C1");
    teardown(&scene);
}

static const struct {
    const char *label;
    enum gw_family family, upstream;
    uint64_t origin; /* of the next request; the state's is 7 */
    bool there;
} origins[] = {
    {"Claude, the same provider", A, A, 7, true},
    {"Claude, at another provider", A, A, 8, true},
    {"Claude's state for OpenAI", A, O, 8, false},
    {"OpenAI, the same provider", O, O, 7, true},
    {"OpenAI, at another provider or with another key", O, O, 8, false},
    {"OpenAI's state for Claude", O, A, 8, false},
    {"Claude's, by a provider of Chat Completions", A, GW_FAMILY_PLAIN, 7, true},
    {"Claude's, for another provider of Chat Completions", A, GW_FAMILY_PLAIN, 8, false},
};

static void test_state_goes_to_its_own_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(origins); i++) {
        struct gw_request request;
        struct scene scene;
        setup(&scene);
        answer(&scene, "a Khm C1", origins[i].family);
        scene.keeper.origin = origins[i].origin;
        restore(&scene, "a K-hm C1", origins[i].upstream, &request);
        expect(origins[i].label, &request, origins[i].there ? "a Khm C1" : "a K-hm C1");
        if (origins[i].there)
            expect_proofs(origins[i].label, &request, origins[i].family);
        teardown(&scene);
    }
}

static void test_signatures_of_calls_go_back_to_their_calls(void **state)
{
    struct gw_request request;
    struct scene scene;

    (void)state;
    setup(&scene);
    answer(&scene, "a C1 C2", GW_FAMILY_GEMINI);
    restore(&scene, "a C2 C1 C3", GW_FAMILY_GEMINI, &request);
    expect("calls", &request, "a C2 C1 C3");
    const struct gw_part *part = request.messages->parts;
    assert_true(gw_text_equals(part->gsig, GW_STR("of 2")));
    assert_true(gw_text_equals(part->next->gsig, GW_STR("of 1")));
    assert_false(gw_text_present(part->next->next->gsig));
    /* One that was brought is state. */
    request = (struct gw_request){.arena = &scene.arena};
    conversation_read("a C2 C1", &request);
    request.messages->parts->gsig = GW_TEXT("own");
    assert_int_equal(gw_turn_state_restore(&request, &scene.keeper, GW_FAMILY_GEMINI), GW_OK);
    assert_true(gw_text_equals(request.messages->parts->gsig, GW_STR("own")));
    assert_false(gw_text_present(request.messages->parts->next->gsig));
    teardown(&scene);
}

static void test_ids_are_the_same_however_they_are_escaped(void **state)
{
    struct gw_request request;
    struct scene scene;

    (void)state;
    setup(&scene);
    answer(&scene, "a Khm Cab", A);
    restore(&scene, "a C\\u0061b", A, &request);
    expect("escaped", &request, "a Khm C\\u0061b");
    teardown(&scene);
}

/* More than is kept of one turn: then nothing of it is. */
static void test_a_turn_that_is_too_large_is_left_out(void **state)
{
    struct gw_event open = {.kind = GW_EVENT_BLOCK_START, .block_kind = GW_BLOCK_REASONING};
    struct gw_event close = {.kind = GW_EVENT_BLOCK_STOP, .block_kind = GW_BLOCK_REASONING};
    struct gw_event call = {
        .kind = GW_EVENT_BLOCK_START, .block_kind = GW_BLOCK_TOOL, .id = GW_TEXT("1")};
    struct gw_event piece = {.kind = GW_EVENT_DELTA, .block_kind = GW_BLOCK_REASONING};
    struct gw_turn_state turn;
    struct scene scene;
    char text[1024];

    (void)state;
    setup(&scene);
    memset(text, 'x', sizeof text);
    gw_turn_state_init(&turn, &scene.arena);
    for (unsigned i = 0; i < 2; i++) {
        gw_turn_state_take(&turn, &open);
        piece.delta = GW_DELTA_REASONING;
        piece.text.raw = (struct gw_str){text, sizeof text};
        for (size_t len = 0; len <= GW_CARRY_ENTRY_BYTES_MAX / 2; len += sizeof text)
            gw_turn_state_take(&turn, &piece);
        piece.delta = GW_DELTA_SIGNATURE;
        gw_turn_state_take(&turn, &piece);
        gw_turn_state_take(&turn, &close);
    }
    assert_int_equal(gw_buf_len(&turn.blocks), 0);
    gw_turn_state_take(&turn, &call);
    gw_turn_state_keep(&turn, &scene.keeper);
    assert_int_equal(gw_carry_bytes(scene.keeper.carry), 0);
    gw_turn_state_finish(&turn);
    teardown(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state_goes_back_to_where_it_stood),
        cmocka_unit_test(test_signed_reasoning_that_was_brought_stays),
        cmocka_unit_test(test_state_goes_to_its_own_only),
        cmocka_unit_test(test_signatures_of_calls_go_back_to_their_calls),
        cmocka_unit_test(test_ids_are_the_same_however_they_are_escaped),
        cmocka_unit_test(test_a_turn_that_is_too_large_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
