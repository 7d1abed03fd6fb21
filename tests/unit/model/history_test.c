#include "unit/test.h"

#include "model/history.h"
#include "unit/model/conversation.h"

/* As the writers will ask for it. */
static const struct gw_history_rules chat = {0},
                                     anth = {.drop_blank = true,
                                             .merge = true,
                                             .results_in_user = true,
                                             .user_first = true,
                                             .strip_prefill = true,
                                             .hoist_system = true,
                                             .calls_last = true},
                                     anth_new = {.drop_blank = true,
                                                 .merge = true,
                                                 .results_in_user = true,
                                                 .user_first = true,
                                                 .strip_prefill = true,
                                                 .refuse_prefill = true,
                                                 .hoist_misplaced = true,
                                                 .calls_last = true},
                                     mistral = {.merge = true, .hoist_system = true},
                                     refusing = {.refuse_prefill = true};

#define REWRITTEN "rewrite:tool_history"

static const struct {
    const char *label, *in;
    const struct gw_history_rules *rules;
    const char *out, *ledger;
} rows[] = {
    {"nothing to do", "u Thi|a Tyes|u Tgo", &chat, "u Thi|a Tyes|u Tgo", ""},
    {"nothing to do", "u Thi|a Tyes|u Tgo", &anth, "u Thi|a Tyes|u Tgo", ""},

    /* 1 */
    {"1: empty parts go everywhere", "u T,Ta,F|a K,T,Tb,D", &chat, "u Ta|a Tb", ""},
    {"1: blank ones stay for most", "u T~,Ta", &chat, "u T~ Ta", ""},
    {"1: test_t11_43 blank ones go for some", "u T~,Ta,T\\n\\t", &anth, "u Ta", ""},
    {"1: empty user", "u T|a Tx", &chat, "u T(empty)|a Tx", ""},
    {"1: user without parts", "u|a Tx", &chat, "u T(empty)|a Tx", ""},
    {"1: blank user", "u T~|a Tx", &anth, "u T(empty)|a Tx", ""},
    {"1: empty assistant goes", "u Ta|a T|u Tb", &chat, "u Ta|u Tb", ""},
    {"1: empty assistant goes, neighbours merge", "u Ta|a T,T\\n|u Tb", &anth, "u Ta Tb", ""},
    {"1: empty system goes", "u Ta|s T|a Tb", &chat, "u Ta|a Tb", ""},
    {"1: in results", "u Ta|a C1|u B1", &anth, "u Ta|a C1|u B1", ""},
    {"1: signed reasoning without text", "u Ta|a Dx,Tb", &chat, "u Ta|a Dx Tb", ""},
    {"1: the mark moves to the part before", "u Ta,T*", &chat, "u T*a", ""},
    {"1: the mark of the first is lost", "u T*,Ta", &chat, "u Ta", ""},

    /* 2 */
    {"2: neighbours stay", "u Ta|u Tb|a Tc|a Td", &chat, "u Ta|u Tb|a Tc|a Td", ""},
    {"2: neighbours merge in order", "u Ta|u Tb,I|u Tc|a Td|a Te", &anth, "u Ta Tb I Tc|a Td Te",
     ""},
    {"2: results count as user", "u Ta|a C1|u R1|u Tb", &anth, "u Ta|a C1|u R1 Tb", ""},
    {"2: results are messages of their own", "u Ta|a C1,C2|u R1|u R2|u Tb|u Tc", &mistral,
     "u Ta|a C1 C2|u R1|u R2|u Tb Tc", ""},
    {"2: calls of one turn", "u Ta|a Tb|a C1|a C2|u R1|u R2", &anth, "u Ta|a Tb C1 C2|u R1 R2", ""},

    /* 3 */
    {"3: one message each, before other parts (test_t11_41)", "u Ta|a C1,C2|u Tb,R2,I,R1", &chat,
     "u Ta|a C1 C2|u R1|u R2|u Tb I", ""},
    {"3: text between call and result", "u Ta|a C1|u Tb|u R1|u Tc", &chat,
     "u Ta|a C1|u R1|u Tb|u Tc", ""},
    {"3: in one message, at the front", "u Ta|a C1,C2|u Tb,R2,I|u Tc,R1", &anth,
     "u Ta|a C1 C2|u R1 R2 Tb I Tc", ""},
    {"3: system in between", "u Ta|a C1|s Tx|u R1", &chat, "u Ta|a C1|u R1|s Tx", ""},
    {"3: two messages of calls", "u Ta|a C1|a C2|u R2|u R1", &chat, "u Ta|a C1|u R1|a C2|u R2", ""},
    {"3: images stay inside", "u Ta|a C1|u M1", &anth, "u Ta|a C1|u M1", ""},
    {"3: many turns", "u Ta|a C1|u R1|a C2|u R2|a Tb", &chat, "u Ta|a C1|u R1|a C2|u R2|a Tb", ""},

    /* 4 */
    {"4: no result before the next user", "u Ta|a C1,C2|u R1,Tb", &chat,
     "u Ta|a C1 C2|u R1|u N2|u Tb", REWRITTEN},
    {"4: no result before the next user", "u Ta|a C1|u Tb", &anth, "u Ta|a C1|u N1 Tb", REWRITTEN},
    {"4: no result before the next assistant", "u Ta|a C1|s Tx|a Tb", &chat,
     "u Ta|a C1|u N1|s Tx|a Tb", REWRITTEN},
    {"4: the last turn waits", "u Ta|a Tb,C1,C2", &chat, "u Ta|a Tb C1 C2", ""},
    {"4: the last turn waits", "u Ta|a Tb,C1,C2", &anth_new, "u Ta|a Tb C1 C2", ""},
    {"4: the last turn has one of two", "u Ta|a C1,C2|u R2", &anth, "u Ta|a C1 C2|u N1 R2",
     REWRITTEN},
    {"4: result before any call", "u R1,Ta|a Tb", &chat, "u T[tool~result~1]~ok Ta|a Tb",
     REWRITTEN},
    {"4: result of nothing", "u Ta|a C1|u R1,R9", &anth, "u Ta|a C1|u R1 T[tool~result~9]~ok",
     REWRITTEN},
    {"4: result of nothing, with an image", "u M9,Tb", &chat, "u T[tool~result~9]~ok I Tb",
     REWRITTEN},
    {"4: result of nothing, without text", "u B9", &anth, "u T[tool~result~9]", REWRITTEN},
    {"4: its mark for the cache", "u M*9", &chat, "u T[tool~result~9]~ok I*", REWRITTEN},
    {"4: result of an earlier turn", "u Ta|a C1|u Tb|a Tc|u R1", &chat,
     "u Ta|a C1|u N1|u Tb|a Tc|u T[tool~result~1]~ok", REWRITTEN},
    {"4: second result", "u Ta|a C1|u R1,R1,Tb", &anth, "u Ta|a C1|u R1 Tb", REWRITTEN},
    {"4: second result in a message of its own", "u Ta|a C1|u R1|u R1|a Tb", &chat,
     "u Ta|a C1|u R1|a Tb", REWRITTEN},
    {"4: an id in every turn", "u Ta|a C1|u R1|a C1|u R1", &chat, "u Ta|a C1|u R1|a C1|u R1", ""},
    {"4: an id twice in a turn", "u Ta|a C1,C1|u R1,R1", &anth, "u Ta|a C1 C1|u R1 R1", ""},
    {"4: ids are compared decoded", "u Ta|a Ca|u R\\u0061", &chat, "u Ta|a Ca|u R\\u0061", ""},

    /* 7 */
    {"7: assistant first", "a Ta|u Tb", &anth, "u T(empty)|a Ta|u Tb", ""},
    {"7: not for others", "a Ta|u Tb", &chat, "a Ta|u Tb", ""},
    {"7: nothing at all", "", &anth, "u T(empty)", ""},
    {"7: only a system", "s Ta", &anth, "S: Ta|u T(empty)", ""},

    /* 8 */
    {"8: test_t11_42 nothing behind calls", "u Ta|a C1,Tb,S,C2,Kx|u R1,R2", &anth,
     "u Ta|a Tb S Kx C1 C2|u R1 R2", ""},
    {"8: reasoning between calls stays", "u Ta|a Kx,Tb,C1,Ky,C2|u R1,R2", &anth,
     "u Ta|a Kx Tb C1 Ky C2|u R1 R2", ""},
    {"8: order without calls stays", "u Ta|a S,Tb,Kx,Tc|u Tb", &anth, "u Ta|a S Tb Kx Tc|u Tb", ""},
    {"8: not for others", "u Ta|a C1,Tb|u R1", &chat, "u Ta|a C1 Tb|u R1", ""},

    /* 9 */
    {"9: blanks at the end", "u Ta|a Tb~\\n", &anth, "u Ta|a Tb", ""},
    {"9: not for others", "u Ta|a Tb~", &chat, "u Ta|a Tb~", ""},
    {"9: only of the last message", "u Ta|a Tb~|u Tc~", &anth, "u Ta|a Tb~|u Tc~", ""},
    {"9: test_t11_51 refused", "u Ta|a Tb~", &anth_new, "u Ta|a Tb|u TContinue.",
     "rewrite:prefill"},
    {"9: not while it waits for results", "u Ta|a C1|a Tb", &refusing, "u Ta|a C1|a Tb", ""},
    {"9: not when it ends with a user", "u Ta", &anth_new, "u Ta", ""},

    /* 10 */
    {"10: stays", "u Ta|s Tx|u Tb", &chat, "u Ta|s Tx|u Tb", ""},
    {"10: to the front", "u Ta|s Tx|u Tb|s Ty,Tz", &anth, "S: Tx Ty Tz|u Ta Tb", ""},
    {"10: where it may stand", "u Ta|s Tx|a Tb|u Tc|s Ty", &anth_new, "u Ta|s Tx|a Tb|u Tc|s Ty",
     ""},
    {"10: not between users", "u Ta|s Tx|u Tb|a Tc|u Td", &anth_new, "S: Tx|u Ta Tb|a Tc|u Td", ""},
    {"10: not behind an assistant", "u Ta|a Tb|s Tx|u Tc", &anth_new, "S: Tx|u Ta|a Tb|u Tc", ""},
    {"10: not first", "s Tx|u Ta", &anth_new, "S: Tx|u Ta", ""},
    {"10: two are one", "u Ta|s Tx|s Ty|a Tb|u Tc", &anth_new, "u Ta|s Tx Ty|a Tb|u Tc", ""},
    {"10: behind a call", "u Ta|a C1|s Tx|u R1|a Tb|u Tc", &anth_new,
     "u Ta|a C1|u R1|s Tx|a Tb|u Tc", ""},
    {"10: it leaves neighbours", "u Ta|a Tb|s Tx|a Tc|u Td", &anth_new, "S: Tx|u Ta|a Tb Tc|u Td",
     ""},
};

static void normalise(const char *line, const struct gw_history_rules *rules,
                      struct gw_request *request, struct gw_buf *out)
{
    gw_buf_init(out, 1 << 20);
    conversation_read(line, request);
    assert_int_equal(gw_history_normalise(request, rules), GW_OK);
    conversation_write(request, out);
}

static void test_history(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct gw_arena arena;
        struct gw_ledger ledger = {0};
        struct gw_request request = {.arena = &arena, .ledger = &ledger}, again = request;
        struct gw_buf out, told, twice;
        gw_arena_init(&arena, NULL);
        gw_buf_init(&told, 1000);
        normalise(rows[i].in, rows[i].rules, &request, &out);
        if (!gw_str_eq(gw_buf_str(&out), gw_str_of(rows[i].out)))
            fail_msg("%s (%s): %.*s", rows[i].label, rows[i].in, GW_STR_ARG(gw_buf_str(&out)));
        assert_int_equal(gw_ledger_write(&ledger, &told), GW_OK);
        if (!gw_str_eq(gw_buf_str(&told), gw_str_of(rows[i].ledger)))
            fail_msg("%s: told %.*s", rows[i].label, GW_STR_ARG(gw_buf_str(&told)));

        /* What is in order stays as it is. */
        again.messages = request.messages;
        again.system = request.system;
        gw_buf_init(&twice, 1 << 20);
        assert_int_equal(gw_history_normalise(&again, rows[i].rules), GW_OK);
        conversation_write(&again, &twice);
        if (!gw_str_eq(gw_buf_str(&out), gw_buf_str(&twice)))
            fail_msg("%s: again %.*s", rows[i].label, GW_STR_ARG(gw_buf_str(&twice)));
        gw_buf_finish(&out);
        gw_buf_finish(&told);
        gw_buf_finish(&twice);
        gw_arena_finish(&arena);
    }
}

static void test_results_know_their_calls(void **state)
{
    struct gw_arena arena;
    struct gw_ledger ledger = {0};
    struct gw_request request = {.arena = &arena, .ledger = &ledger};
    struct gw_buf out;

    (void)state;
    gw_arena_init(&arena, NULL);
    gw_buf_init(&out, 1000);
    conversation_read("a C1,C2|u R1", &request);
    request.messages->parts->tool = GW_TOOL_CUSTOM;
    request.messages->parts->name = GW_TEXT("custom");
    assert_int_equal(gw_history_normalise(&request, &chat), GW_OK);
    const struct gw_part *first = request.messages->next->parts,
                         *second = request.messages->next->next->parts;
    assert_true(gw_text_equals(first->name, GW_STR("custom")));
    assert_int_equal(first->tool, GW_TOOL_CUSTOM);
    assert_true(gw_text_equals(second->name, GW_STR("f")));
    assert_int_equal(second->tool, GW_TOOL_FUNCTION);
    assert_true(second->is_error);
    assert_true(gw_text_equals(second->parts->text, GW_STR("[no result provided]")));
    gw_buf_finish(&out);
    gw_arena_finish(&arena);
}

/* A hostile conversation costs no more than an honest one of its size: in pairs compared, this would be some
 * billions. */
static void test_many_calls_in_a_turn(void **state)
{
    enum { COUNT = 60000 };
    struct gw_arena arena;
    struct gw_ledger ledger = {0};
    struct gw_request request = {.arena = &arena, .ledger = &ledger};
    struct gw_buf line;

    (void)state;
    gw_arena_init(&arena, NULL);
    gw_buf_init(&line, 1 << 22);
    assert_int_equal(gw_buf_add(&line, GW_STR("a")), GW_OK);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(gw_buf_printf(&line, " C%d", i), GW_OK);
    for (int i = COUNT; i-- > 0;)
        assert_int_equal(gw_buf_printf(&line, "|u R%d", i), GW_OK);
    assert_int_equal(gw_buf_add_c(&line, '\0'), GW_OK);
    conversation_read(line.base, &request);
    assert_int_equal(gw_history_normalise(&request, &anth), GW_OK);
    int seen = 0;
    for (const struct gw_part *part = request.messages->next->next->parts; part;
         part = part->next) {
        uint64_t id;
        assert_int_equal(part->kind, GW_PART_TOOL_RESULT);
        assert_true(gw_str_to_u64(part->id.raw, &id) && id == (uint64_t)seen);
        seen++;
    }
    assert_int_equal(seen, COUNT);
    assert_int_equal(ledger.count, 0);
    gw_buf_finish(&line);
    gw_arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_results_know_their_calls),
        cmocka_unit_test(test_many_calls_in_a_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
